"""Somebody at a browser of their own, and what no page may do to them.

At every page of every journey it is watched that nothing is fetched from beyond this machine, that the content
security policy is never broken, that neither browser nor server fails, and that axe finds nothing: the page is
open to whoever cannot see or point.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias
from urllib.parse import urlsplit

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import (
    Browser,
    BrowserContext,
    ConsoleMessage,
    Locator,
    Page,
    Request,
    Response,
    expect,
)

from tests.journeys import pictures

PASSWORD = "一所老办公楼-2026"  # noqa: S105 -- as the office was opened
#: Whatever a page tries: no name is looked up, so nothing goes out even before it is noticed.
FLAGS = (
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1", "--disable-background-networking",
)  # fmt: skip
_PATIENCE = 30  # seconds, on a shared machine
_RULES = {
    "runOnly": {
        "type": "tag",
        "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22a", "wcag22aa", "best-practice"],
    },
    "resultTypes": ["violations"],
    "preload": False,
}  # fmt: skip
#: What a page is made of: which kind of part within which, at this width, in this language and light.
_PARTS = """() => {
  const kind = (each) => each.tagName + "." + each.className + "." + [...each.attributes].map((a) => a.name +
    (/^(role|type|scope|aria-current)$/.test(a.name) ? "=" + a.value : "")).sort();
  const parts = new Set([...document.querySelectorAll("*")].map((each) =>
    kind(each.parentElement || each) + " > " + kind(each) + (each.textContent.trim() ? "" : " empty")));
  const page = document.documentElement;
  return [innerWidth, page.lang, page.dataset.theme, ...[...parts].sort()].join(" | ");
}"""
_TWICE = """() => [...document.querySelectorAll("[id]")].map(each => each.id)
  .filter((id, at, all) => all.indexOf(id) !== at)"""
#: A browser tells of a broken policy by an event; a console message would do, were it not for its wording.
_TELL_OF_CSP = """
document.addEventListener("securitypolicyviolation", (event) => console.error(
  "CSP: " + event.violatedDirective + " " + event.blockedURI + " " + event.sourceFile + ":" + event.lineNumber
));
"""


def _only(words: str) -> re.Pattern[str]:
    """These words and no others; forms put a colon behind them."""
    return re.compile(rf"^\s*{re.escape(words)}\s*[:：]?\s*$")


def _label(words: str) -> re.Pattern[str]:
    """A label of these words; one that stands around its field has the field's words behind them."""
    return re.compile(rf"^\s*{re.escape(words)}(\s|[:：]|$)")


_judged: set[str] = set()


class Desk:
    """Somebody at a browser of their own, who reads and does what the pages offer."""

    def __init__(self, address: str, context: BrowserContext, name: str, password: str) -> None:
        self._address, self._context, self.name = address, context, name
        self._password = password
        self._faults: list[str] = []
        self._expects = 200
        context.set_default_timeout(_PATIENCE * 1000)
        context.add_init_script(_TELL_OF_CSP)
        context.on("request", self._asked)
        context.on("response", self._answered)
        context.on("console", self._told)
        context.on("weberror", lambda error: self._fault(f"script: {error.error}"))
        self.page: Page = context.new_page()

    @classmethod
    def at(cls, browser: Browser, address: str, name: str, password: str = PASSWORD) -> Desk:
        """A browser of one's own, wide and light, that keeps still."""
        context = browser.new_context(
            locale="zh-CN", timezone_id="Asia/Shanghai", viewport={"width": 1440, "height": 900},
            reduced_motion="reduce", color_scheme="light", accept_downloads=True,
        )  # fmt: skip
        return cls(address, context, name, password)

    # -- what no page may do

    def _fault(self, what: str) -> None:
        self._faults.append(f"{self.name} at {self.page.url}: {what}")

    def _asked(self, request: Request) -> None:
        told = urlsplit(request.url)
        if told.scheme not in {"data", "blob"} and told.netloc != urlsplit(self._address).netloc:
            self._fault(f"a request beyond this machine: {request.url}")

    def _answered(self, response: Response) -> None:
        wanted = self._expects if response.request.is_navigation_request() else 200
        if response.status >= 400 and response.status != wanted:
            self._fault(f"{response.status} for {response.request.method} {response.url}")

    def _told(self, message: ConsoleMessage) -> None:
        # Chromium repeats there that a page was answered by an error, of which `_answered` judges.
        if message.type in {"error", "warning"} and "Failed to load resource" not in message.text:
            self._fault(f"console: {message.text}")

    def look(self) -> None:
        """Read the page that came: it is whole, and open to everybody."""
        self.page.wait_for_load_state("load")
        # What is folded away is judged as well.
        opened = self.page.evaluate(
            "() => { const shut = [...document.querySelectorAll('details:not([open])')];"
            "shut.forEach(each => { each.open = true; each.dataset.wasShut = ''; }); return shut.length }"
        )
        found = self._axe()
        if opened:
            self.page.evaluate(
                "() => document.querySelectorAll('[data-was-shut]').forEach("
                "each => { each.open = false; delete each.dataset.wasShut })"
            )
        for name in self.page.evaluate(_TWICE):
            self._fault(
                f"two elements have the id {name}, so that a label may lead into the wrong one"
            )
        for each in found:
            where = "; ".join(node["html"][:160] for node in each["nodes"][:3])
            self._fault(f"axe {each['id']} ({each['impact']}): {each['help']}: {where}")
        self.check()

    def _axe(self) -> list[dict[str, Any]]:
        """What axe finds; a page that is made of the same kinds of parts was judged before."""
        parts = self.page.evaluate(_PARTS)
        if parts in _judged:
            return []
        _judged.add(parts)
        found: list[dict[str, Any]] = Axe().run(self.page, options=_RULES).response["violations"]
        return found

    def look_otherwise(self) -> None:
        """Read the page in English, in the dark, on a telephone; nothing stands out at its side."""
        with pictures.shown(self.page, self._context, self._address, "en", "dark", 390):
            self.look()
            wide = self.page.evaluate("document.documentElement.scrollWidth - innerWidth")
            assert wide <= 0, (
                f"{self.name} at {self.page.url}: {wide} pixels too wide for a telephone"
            )

    def check(self) -> None:
        faults, self._faults = self._faults, []
        assert not faults, "\n".join(faults)

    # -- what officers do

    def sign_in(self) -> Desk:
        self.go("/")
        form = self.form("登录")
        self.fill(form, {"登录名": self.name, "口令": self._password})
        self.page.get_by_role("button", name="登录", exact=True).click()
        self.page.wait_for_url(f"{self._address}/")
        self.look()
        return self

    def go(self, path: str, expects: int = 200) -> Desk:
        """Type an address."""
        self._expects = expects
        answer = self.page.goto(f"{self._address}{path}")
        assert answer is not None
        assert answer.status == expects, f"{answer.status} for {path}"
        self.look()
        self._expects = 200
        return self

    @property
    def path(self) -> str:
        return urlsplit(self.page.url).path

    def follow(self, words: str) -> Desk:
        """Click on the link with these words, wherever it is on the page."""
        self.page.get_by_role("link", name=words).first.click()
        self.look()
        return self

    def open(self, number: str) -> Desk:
        """Open what a list has about whoever bears this number, of which it shows the end."""
        row = self.page.get_by_role("row").filter(has_text=number[-4:])
        row.get_by_role("link").first.click()
        self.look()
        return self

    def turn_to(self, *places: str) -> Desk:
        """By the main navigation, one link after the other."""
        for words in places:
            rail = self.page.get_by_role("navigation", name="主导航")
            # Behind a place stands how much waits there.
            rail.get_by_role("link", name=re.compile(rf"^{re.escape(words)}\s*\d*$")).click()
            self.look()
        return self

    def links(self, part: Literal["main", "navigation"]) -> list[str]:
        """Where the links of a part of the page lead."""
        found = self.page.get_by_role(part).first.get_by_role("link")
        return [each.get_attribute("href") or "" for each in found.all()]

    def form(self, button: str, which: int = -1) -> Locator:
        """The form that is sent by this button, unfolded; of several with such a button, that one."""
        named = self.page.locator("button, input[type=submit]").filter(has_text=_only(button))
        form = self.page.locator("form").filter(has=named).nth(which)
        for folded in form.locator("xpath=ancestor::details[not(@open)]").all():
            folded.locator("> summary").click()
        expect(form).to_be_visible()
        return form

    def fill(self, form: Locator, said: Mapping[str, Any]) -> None:
        for label, value in said.items():
            field = form.get_by_label(_label(label)).first
            kind = field.evaluate("each => each.tagName + ' ' + (each.type || '')").lower()
            if kind.startswith("select"):
                options = [value] if isinstance(value, str) else value
                field.select_option(label=options)
            elif "file" in kind:
                field.set_input_files(value)
            elif "checkbox" in kind or "radio" in kind:
                field.set_checked(value)
            else:
                field.fill(value)

    def act(self, button: str, said: Mapping[str, Any] | None = None, *, which: int = -1) -> Desk:
        """Fill in what an act asks for, and do it."""
        form = self.form(button, which)
        self.fill(form, said or {})
        before = self.page.evaluate("performance.timeOrigin")
        form.locator("button, input[type=submit]").filter(has_text=_only(button)).last.click()
        self.page.wait_for_function(
            "before => performance.timeOrigin !== before && document.readyState === 'complete'", arg=before
        )  # fmt: skip
        self.look()
        return self

    def refused(self, button: str, said: Mapping[str, Any] | None = None) -> str:
        """Try what the rules do not allow; gives what is said about it."""
        self._expects = 422
        self.act(button, said)
        self._expects = 200
        return self.page.locator(".errorlist").first.inner_text()

    def take_away(self, link: str) -> Path:
        """Save what a link or button hands out."""
        with self.page.expect_download() as handed:
            self.page.get_by_role("link", name=link).first.click()
        return Path(handed.value.path())

    def reads(self, *words: str) -> Desk:
        """These words stand on the page."""
        for each in words:
            expect(self.page.locator("body")).to_contain_text(each)
        return self

    def waits_for(self, words: str) -> Desk:
        """Reload the page until the worker has done its part and these words stand there."""
        for _ in range(_PATIENCE):
            if words in self.page.locator("main").inner_text():
                break
            self.page.wait_for_timeout(1000)
            self.page.reload()
        self.look()
        return self.reads(words)

    def misses(self, *words: str) -> Desk:
        """These words stand nowhere on the page."""
        for each in words:
            expect(self.page.locator("body")).not_to_contain_text(each)
        return self

    def offered(self, button: str) -> int:
        """How many such acts the page has, folded or not."""
        return (
            self.page.locator("button, input[type=submit]").filter(has_text=_only(button)).count()
        )

    def picture(self, name: str, into: Path | None = None) -> Desk:
        """Keep this page as pictures, where they are wanted; see `make pictures`."""
        if into := into or pictures.folder():
            pictures.take(self.page, self._context, self._address, name, into)
        return self


#: Whose desk by sign-in name.
Desks: TypeAlias = Callable[[str], Desk]
