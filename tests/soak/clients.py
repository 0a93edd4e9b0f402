"""People at their browsers while the server is killed: each works disposals from signing for to closing.

Whoever gets no answer does what a person does: waits until the page comes again, looks whether what they did
is there, and does it again only if it is not. What was done after all while they looked is refused the second
time; then they look once more.
"""

from __future__ import annotations

import queue
import re
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from html import unescape
from typing import Any

import requests

from tests.soak.acting import PASSWORD

#: So long nobody answers at most, in seconds: some kills long, on a machine that has other work.
_PATIENCE = 600
#: Of the cast; each client has a browser for every one of them.
WHO = ("head", "li", "zhou", "standing")
_NO_ANSWER = (requests.ConnectionError, requests.Timeout, requests.exceptions.ChunkedEncodingError)


class Browser:
    """Signed in once; the session outlives the server."""

    def __init__(self, address: str, who: str, counts: Counter[str]) -> None:
        self._address, self._who, self._counts = address, who, counts
        self._session = requests.Session()
        self._session.trust_env = False
        self.sign_in()

    def sign_in(self) -> None:
        self.look("/account/login/")
        answer = self._once("post", "/account/login/", {"login": self._who, "password": PASSWORD})
        assert answer is not None
        assert answer.status_code == 302, (self._who, answer.status_code, answer.text[:2000])
        self._counts["sessions"] += 1

    def look(self, path: str) -> str:
        """A page, however long it takes until there is one."""
        until = time.monotonic() + _PATIENCE
        while time.monotonic() < until:
            answer = self._once("get", path)
            if answer is not None and answer.status_code == 200:
                return answer.text
            if answer is not None:
                raise AssertionError(
                    f"{self._who} {path}: {answer.status_code} {answer.text[:2000]}"
                )
            time.sleep(0.1)
        raise AssertionError(f"{path}: nobody answers")

    def send(self, path: str, said: dict[str, Any]) -> int:
        """What became of it: a status, or 0 where no answer came."""
        answer = self._once("post", path, said)
        return 0 if answer is None else answer.status_code

    def _once(
        self, verb: str, path: str, said: dict[str, Any] | None = None
    ) -> requests.Response | None:
        if said is not None:
            said = {**said, "csrfmiddlewaretoken": self._session.cookies.get("csrftoken", "")}
        try:
            return self._session.request(
                verb, self._address + path, data=said, timeout=30, allow_redirects=False
            )
        except _NO_ANSWER:
            self._counts["unanswered"] += 1
            self._session.close()  # connections to the dead are let go
            return None


@dataclass(frozen=True)
class Act:
    """One thing somebody does with a disposal, and by what they see that it is done.

    Attributes:
        seen: in words of the page, as whoever did it reads it.
        reads: fields of the form whose values the page gives.
    """

    who: str
    name: str
    said: dict[str, Any]
    seen: Callable[[str], bool]
    reads: tuple[str, ...] = ()


def course(case: int, notes: int, people: dict[str, str]) -> list[Act]:
    """What is done with a disposal, in its order.

    Args:
        people: by login name, their number in lists of choice.
    """

    def gone(name: str) -> Callable[[str], bool]:
        return lambda page: f"/disposals/{case}/{name}/" not in page

    def written(text: str) -> Callable[[str], bool]:
        return lambda page: text in page

    acts = [
        Act("head", "sign_for", {}, gone("sign_for")),
        Act(
            "head", "assign", {"first": people["li"], "second": people["zhou"]},
            lambda page: "核查员李" in _seats(page) and "核查员周" in _seats(page),
        ),
    ]  # fmt: skip
    for number in range(notes):
        text = f"记录{case}-{number}-完"
        acts.append(Act("zhou" if number % 3 else "li", "note", {"text": text}, written(text)))
    for step in (1, 2):
        text = f"步骤{case}-{step}-完"
        acts.append(Act("li", "do_step", {"step": step, "finding": text}, written(text)))
    for finding in ("right_person", "untrue"):
        text = f"认定{case}-{finding}-完"
        acts.append(Act("li", "find", {"finding": finding, "note": text}, written(text)))
    return [
        *acts,
        Act("li", "sign_findings", {}, gone("sign_findings"), ("seen",)),
        Act("zhou", "sign_findings", {}, gone("sign_findings"), ("seen",)),
        Act("li", "report", {"summary": f"报告{case}-完"}, written(f"报告{case}-完")),
        Act("head", "approve", {}, gone("approve"), ("report",)),
        Act("standing", "approve", {}, gone("approve"), ("report",)),
    ]


def _seats(page: str) -> str:
    """Who verifies, as the page's facts say."""
    found = re.search(r"<dt>核查人</dt><dd>(.*?)</dd>", page, re.DOTALL)
    return found.group(1) if found else ""


def _value(page: str, form: str, field_name: str) -> str:
    found = re.search(rf'<input[^>]*name="{field_name}"[^>]*id="{form}-{field_name}"[^>]*>', page)
    assert found, (form, field_name)
    value = re.search(r'value="([^"]*)"', found.group(0))
    return unescape(value.group(1)) if value else ""


@dataclass
class Crowd:
    """Several who work at once, each at disposals of their own.

    Attributes:
        acknowledged: by disposal, the acts of which somebody knows that they are done.
        finished: disposals of which every act is.
        faults: what went wrong otherwise than by silence.
    """

    address: str
    cases: list[int]
    people: dict[str, str]
    notes: int = 12
    acknowledged: dict[int, list[str]] = field(default_factory=dict)
    finished: set[int] = field(default_factory=set)
    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    enough: threading.Event = field(default_factory=threading.Event)

    def start(self, size: int) -> None:
        """Everybody signs in, and then begins."""
        waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
        for case in self.cases:
            waiting.put(case)
        self._threads = [
            threading.Thread(
                target=self._work,
                args=({who: Browser(self.address, who, self.counts) for who in WHO}, waiting),
            )
            for _ in range(size)
        ]
        for thread in self._threads:
            thread.start()

    def acts_again(self, since: int) -> None:
        """Wait until more is done than so many acts: what is killed is then at work."""
        until = time.monotonic() + _PATIENCE
        while self.counts["acts"] <= since and not self.faults and time.monotonic() < until:
            time.sleep(0.05)

    def stop(self) -> None:
        """Everybody finishes the disposal in hand."""
        self.enough.set()
        for thread in self._threads:
            thread.join()

    def _work(self, browsers: dict[str, Browser], waiting: queue.SimpleQueue[int]) -> None:
        try:
            while not self.enough.is_set():
                case = waiting.get_nowait()
                for act in course(case, self.notes, self.people):
                    self._do(browsers[act.who], case, act)
                self.finished.add(case)
        except queue.Empty:
            self.faults.append("there was nothing left to do before the last kill")
        except Exception as error:  # noqa: BLE001 -- told by the test
            self.faults.append(f"{type(error).__name__}: {error}")

    def _do(self, browser: Browser, case: int, act: Act) -> None:
        page, path = f"/disposals/{case}/", f"/disposals/{case}/{act.name}/"
        for attempt in range(50):
            said = dict(act.said)
            if act.reads:
                shown = browser.look(page)
                if attempt and act.seen(shown):
                    break
                said |= {name: _value(shown, act.name, name) for name in act.reads}
            status = browser.send(path, said)
            if status == 302:
                break
            # A server that is dead may have left its last act to the database, which does it after we looked.
            if status and not attempt:
                raise AssertionError(f"{path} as {act.who}: {status}")
            if act.seen(browser.look(page)):
                self.counts["done without an answer"] += 1
                break
            if status:
                raise AssertionError(f"{path} as {act.who}, again: {status}")
            self.counts["done again"] += 1
        else:
            raise AssertionError(f"{path}: never done")
        self.counts["acts"] += 1
        self.acknowledged.setdefault(case, []).append(act.name)
