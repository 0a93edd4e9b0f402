"""No template holds words of one language alone, a style of its own, or a script: templates are read as Django reads them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from django.template.base import Lexer, Token, TokenType

SRC = Path(__file__).parents[2] / "src" / "plumbline"
TEMPLATES = sorted(SRC.rglob("templates/**/*.html"))
#: What stands between tags and is the same in every language: our own name, kinds of files, keys to press.
SAME = frozenset(
    {"准绳", "Plumbline", "SHA-256", "PDF", "DOCX", "YAML", "model.yml", "cases.yml", "Enter"}
)
#: The switch names the other language in that language.
SWITCH = frozenset({'say "en" "zh-hans"', 'say "en" "zh-Hans"', 'say "EN" "中文"'})
#: Attributes that people read or hear; the others speak to the browser.
READ = frozenset({"alt", "aria-description", "aria-label", "data-name", "placeholder", "title"})
#: An example of an entry, in no language.
_ROW_NAME = re.compile(r"[a-z_]+:\d+-\d+")
_WORD = re.compile(r"[A-Za-z㐀-鿿]")
_CHINESE = re.compile(r"[㐀-鿿]")
_LITERAL = re.compile(r'"([^"]*)"')
_HOLE = "\N{REPLACEMENT CHARACTER}"  # where a tag or a variable stood


def _tokens(path: Path) -> list[Token]:
    return Lexer(path.read_text("utf-8")).tokenize()


class _Words(HTMLParser):
    """Collects what people read outside tags, and what strict pages may not have."""

    def __init__(self) -> None:
        super().__init__()
        self.words: list[str] = []
        self.forbidden: list[str] = []
        self._inside: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        said = dict(attrs)
        if tag == "style" or (tag == "script" and "src" not in said):
            self.forbidden.append(f"<{tag}>")
        self.forbidden += [name for name in said if name == "style" or name.startswith("on")]
        self._inside.append(tag)
        self.words += [
            words for name, value in attrs if name in READ for words in self._said(value)
        ]

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass

    def handle_data(self, data: str) -> None:
        self.words += [
            words for words in self._said(data)
            if not ("kbd" in self._inside and len(words) == 1)
        ]  # fmt: skip

    @staticmethod
    def _said(text: str | None) -> Iterator[str]:
        for part in (text or "").split(_HOLE):
            words = part.strip()
            if _WORD.search(words) and words not in SAME and not _ROW_NAME.fullmatch(words):
                yield words


def _read(path: Path) -> _Words:
    page = _Words()
    page.feed(
        "".join(
            token.contents if token.token_type == TokenType.TEXT else _HOLE
            for token in _tokens(path)
            if token.token_type != TokenType.COMMENT
        )
    )
    page.close()
    return page


def _name(path: Path) -> str:
    return path.relative_to(SRC).as_posix()


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_all_words_are_said_in_both_languages(path: Path) -> None:
    assert _read(path).words == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_no_template_has_a_style_or_a_script_of_its_own(path: Path) -> None:
    assert _read(path).forbidden == []


@pytest.mark.parametrize("path", TEMPLATES, ids=_name)
def test_what_is_said_is_chinese_first_and_english_second(path: Path) -> None:
    for token in _tokens(path):
        if token.token_type not in {TokenType.BLOCK, TokenType.VAR} or token.contents in SWITCH:
            continue
        literals = _LITERAL.findall(token.contents)
        if token.contents.startswith("say ") and len(literals) > 1:
            chinese, english = literals[:2]
            assert not _CHINESE.search(english) or english in SAME, token.contents
            if re.search(r"[a-z]{3}", re.sub(r"\{\w+\}", "", english)):
                assert _CHINESE.search(chinese) or chinese == english, token.contents
        else:
            assert not any(map(_CHINESE.search, literals)), token.contents


class TestTheReaderItself:
    @pytest.mark.parametrize(
        "text",
        [
            "<p>没有</p>",
            "<p>None</p>",
            "<p>{{ n }} left</p>",
            '<input placeholder="Search">',
            '<p>{% say "没有" "None" %} yet</p>',
        ],
    )
    def test_finds_words_that_nobody_translates(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "page.html"
        path.write_text(text, "utf-8")
        assert _read(path).words

    @pytest.mark.parametrize(
        "text",
        [
            '<p style="color: red">',
            '<p onclick="go()">',
            "<style>p {}</style>",
            "<script>go()</script>",
        ],
    )
    def test_finds_styles_and_scripts(self, tmp_path: Path, text: str) -> None:
        path = tmp_path / "page.html"
        path.write_text(text, "utf-8")
        assert _read(path).forbidden
