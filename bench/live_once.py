"""Open pages of `bench.live` in a process of their own: each asks at its moment, all by one loop."""

from __future__ import annotations

import asyncio
import json
import os
import sys
import threading
import time
from datetime import UTC, datetime
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

_OK, _NOTHING = 200, 204


class Page:
    """A page that stays open: one connection, and what it was told last."""

    def __init__(self, address: str, session: str, seen: str) -> None:
        place = urlsplit(address)
        self._host, self._port, self._session = place.hostname, place.port, session
        self._reader: asyncio.StreamReader | None = None
        self._writer: asyncio.StreamWriter | None = None
        self.seen = seen

    async def ask(self) -> bool:
        """Ask what waits; was there anything new?"""
        if self._writer is None or self._writer.is_closing():
            self._reader, self._writer = await asyncio.open_connection(self._host, self._port)
        assert self._reader
        self._writer.write(
            f"GET /live/?seen={self.seen} HTTP/1.1\r\nHost: {self._host}\r\nCookie: sessionid={self._session}\r\n"
            "Plumbline-By-Itself: yes\r\nAccept-Language: zh-hans\r\n\r\n".encode()
        )
        head = await self._reader.readuntil(b"\r\n\r\n")
        status = int(head.split(b" ", 2)[1])
        if status == _NOTHING:
            return False
        if status != _OK:
            raise RuntimeError(head.decode())
        lines = (line.partition(b":") for line in head.lower().split(b"\r\n"))
        length = next(int(value) for name, _, value in lines if name == b"content-length")
        self.seen = json.loads(await self._reader.readexactly(length))["seen"]
        return True


async def ask(request: dict[str, Any]) -> dict[str, Any]:
    """Every page asks at its own moment of each `every` seconds; with no `seconds` to do so, each once in a row."""
    seen = request["seen"] or [""] * len(request["cookies"])
    pages = [
        Page(request["address"], each["session"], told)
        for each, told in zip(request["cookies"], seen, strict=True)
    ]
    took, anew = list[float](), 0
    if not request["seconds"]:
        for page in pages:
            await page.ask()
    begun, spent = time.perf_counter(), time.process_time()

    async def stay_open(number: int, page: Page) -> None:
        nonlocal anew
        # In an office where so much is done each asks every other time.
        at = begun + request["every"] * number / len(pages) * (2 if request["acts"] else 1)
        while at < begun + request["seconds"]:
            await asyncio.sleep(at - time.perf_counter())
            start = time.perf_counter()
            told = await page.ask()
            took.append(time.perf_counter() - start)
            anew += told
            at += request["every"] * (1 + told)

    await asyncio.gather(*(stay_open(*each) for each in enumerate(pages)))
    whole = max(time.perf_counter() - begun, request["seconds"], 1)
    await asyncio.sleep(max(begun + request["seconds"] - time.perf_counter(), 0))
    return {
        "rate": len(took) / whole,
        "anew": anew / max(len(took), 1),
        "clients": (time.process_time() - spent) / whole,
        "median": median(took or [0]) * 1000,
        "p95": quantiles(took or [0, 0], n=20)[-1] * 1000,
        "seen": [page.seen for page in pages],
    }


def act(every: float, over: threading.Event) -> None:
    """The system does something, again and again; it is on the trail."""
    from django.db import transaction  # noqa: PLC0415 -- after Django is set up

    from plumbline.trail.actions import record  # noqa: PLC0415 -- as above

    while not over.wait(every):
        with transaction.atomic():
            record("bench.acted", subject="disposal:1", by=None, at=datetime.now(UTC))


def main() -> None:
    request = json.load(sys.stdin)
    over = threading.Event()
    if request["acts"]:
        os.environ["DJANGO_SETTINGS_MODULE"] = "plumbline.web.settings"
        os.environ["PLUMBLINE_WORKSPACE"] = request["folder"]
        os.environ["PLUMBLINE_DATABASE"] = request["database"]
        import django  # noqa: PLC0415 -- after its settings are named

        django.setup()
        threading.Thread(target=act, args=[request["acts"], over], daemon=True).start()
    told = asyncio.run(ask(request))
    over.set()
    print(json.dumps(told))


if __name__ == "__main__":
    main()
