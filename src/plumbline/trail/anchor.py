"""Heads go outside: to files on other disks and machines, and to peers in other offices.

A place is not remembered here; it is asked what it holds and is given whatever came after. So one that could
not be reached catches up at the next sealing, and a place that holds something else than this trail is told.
"""

from __future__ import annotations

import base64
import fcntl
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import SplitResult, unquote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from django.conf import settings

from plumbline.errors import PlumblineError, Text
from plumbline.trail.heads import Kept, NotAHeadError, line, read
from plumbline.trail.models import TreeHead
from plumbline.trail.stored import heads_after, last_head, leaves

_WAIT = 20  # seconds for a peer to answer
_BLOCK = 1 << 16


class PlaceError(PlumblineError):
    """A place outside could not be reached, or holds something else."""


@dataclass(frozen=True)
class Anchored:
    """How far a place is.

    Attributes:
        place: as it may be shown, without a password.
        size: rows that it holds a head of.
        fault: why it has not got all.
    """

    place: str
    size: int
    fault: PlumblineError | None


class Outside:
    """A place: it says what head it holds last, and takes the next."""

    def __init__(self, name: str, held: Kept | None, put: Callable[[bytes], None]) -> None:
        self.name, self.held, self.put = name, held, put


def anchor(*, at: datetime) -> list[Anchored]:
    """Send every place the heads that it has not got; mark those that all places have."""
    done = [_bring_up(place) for place in settings.TRAIL_ANCHORS]
    reached = min((each.size for each in done), default=0)
    TreeHead.objects.filter(size__lte=reached, anchored_at=None).update(anchored_at=at)
    return done


def files() -> list[Path]:
    """The places that are files, whether they are there or not."""
    return [Path(place) for place in settings.TRAIL_ANCHORS if "://" not in place]


def _bring_up(place: str) -> Anchored:
    size, shown = 0, _shown(place)
    opened = _peer(place) if "://" in place else _file(Path(place))
    try:
        with opened as outside:
            size = _agreed(outside)
            for head in heads_after(size):
                outside.put(line(head, leaves(size, head.size)))
                size = head.size
    except PlumblineError as error:
        return Anchored(shown, size, error)
    except OSError as error:
        said = error.strerror or str(error)
        fault = PlaceError(Text(f"够不着：{said}", f"cannot be reached: {said}"), where=shown)
        return Anchored(shown, size, fault)
    return Anchored(shown, size, None)


def _agreed(outside: Outside) -> int:
    """So many rows of which the place and the database say the same.

    Raises:
        PlaceError: they do not.
    """
    if outside.held is None:
        return 0
    theirs = outside.held.head
    ours = TreeHead.objects.filter(size=theirs.size).values_list("root", flat=True).first()
    if ours is not None and bytes(ours) == theirs.root:
        return theirs.size
    last = last_head()
    if ours is None and theirs.size > (last.size if last else 0):
        said = Text(
            f"那里已有 {theirs.size} 条，数据库里只有 {last.size if last else 0} 条",
            f"it holds {theirs.size} rows, the database has only {last.size if last else 0}",
        )
    else:
        said = Text(
            "那里保存的树头与数据库不符", "the head that it holds is not that of the database"
        )
    raise PlaceError(
        said,
        where=outside.name,
        hint=Text("用 plumbline trail verify 查明", "plumbline trail verify finds out"),
    )


# -- files ----------------------------------------------------------------------------------------


@contextmanager
def _file(path: Path) -> Iterator[Outside]:
    """A file to which lines are added: each is on the disk before the next."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle = os.open(path, os.O_RDWR | os.O_APPEND | os.O_CREAT, 0o640)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)  # two sealers may come at once
        last, torn = _last(handle, path)

        def put(text: bytes) -> None:
            nonlocal torn
            rest = memoryview(
                b"\n" + text if torn else text
            )  # what was cut off stays, on its own line
            torn = False
            while rest:
                rest = rest[os.write(handle, rest) :]
            os.fsync(handle)

        yield Outside(str(path), last, put)
    finally:
        os.close(handle)


def _last(handle: int, path: Path) -> tuple[Kept | None, bool]:
    """The last head in a file, and whether a line was cut off behind it."""
    end = os.fstat(handle).st_size
    torn = end > 0 and os.pread(handle, 1, end - 1) != b"\n"
    for text in _lines_backwards(handle, end):
        try:
            return read(text.decode()), torn
        except (NotAHeadError, UnicodeDecodeError):
            continue
    if end and not torn:
        raise PlaceError(
            Text("文件里没有树头", "there is no head in this file"),
            where=str(path),
            hint=Text("换一个空文件", "name an empty file"),
        )
    return None, torn


def _lines_backwards(handle: int, end: int) -> Iterator[bytes]:
    rest = b""
    while end:
        begin = max(0, end - _BLOCK)
        lines = (os.pread(handle, end - begin, begin) + rest).split(b"\n")
        rest, end = lines[0], begin
        yield from (each for each in reversed(lines[1:]) if each.strip())
    if rest.strip():
        yield rest


# -- peers ----------------------------------------------------------------------------------------


@contextmanager
def _peer(address: str) -> Iterator[Outside]:
    """Another office's workbench: its address, with the name and token that it knows us by."""
    parts = urlsplit(address)
    shown = _shown(address)
    here = parts.hostname in {"localhost", "127.0.0.1", "::1"}
    if parts.scheme != "https" and not (parts.scheme == "http" and here):
        raise PlaceError(
            Text("只发往 https 地址", "heads go to https addresses alone"),
            where=shown,
            hint=Text("写成 https://", "write https://"),
        )

    def ask(body: bytes | None = None) -> Any:
        try:
            with _OPENER.open(_request(parts, body), timeout=_WAIT) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                said = error.read(1000).decode(errors="replace").strip() or str(error.code)
            raise PlaceError(
                Text(f"对方不收（{error.code}）：{said}", f"refused ({error.code}): {said}"),
                where=shown,
            ) from error
        except (URLError, ValueError) as error:
            said = str(getattr(error, "reason", error))
            raise PlaceError(
                Text(f"够不着：{said}", f"cannot be reached: {said}"), where=shown
            ) from error

    held = ask()["held"]
    yield Outside(shown, read(json.dumps(held)) if held else None, ask)


class _NoRedirect(HTTPRedirectHandler):
    """A token is for the address it was written beside, and for no other."""

    def redirect_request(self, *_: Any) -> None:
        return None


_OPENER = build_opener(_NoRedirect)


def _request(parts: SplitResult, body: bytes | None) -> Request:
    host = f"[{parts.hostname}]" if ":" in (parts.hostname or "") else parts.hostname
    port = f":{parts.port}" if parts.port else ""
    who = f"{unquote(parts.username or '')}:{unquote(parts.password or '')}"
    headers = {"Authorization": f"Basic {base64.b64encode(who.encode()).decode()}"}
    if body is not None:
        headers["Content-Type"] = "application/json"
    return Request(f"{parts.scheme}://{host}{port}{parts.path}", data=body, headers=headers)  # noqa: S310 -- https, see _peer


def _shown(place: str) -> str:
    """A place without the token that opens it."""
    parts = urlsplit(place)
    return place.replace(f"{parts.username}:{parts.password}@", "") if parts.password else place
