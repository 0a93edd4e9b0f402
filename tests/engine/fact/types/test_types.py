"""What holds for every type."""

from __future__ import annotations

import contextlib
import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.engine.fact.types import TYPES, SemanticType, UnreadableCellError

OPTIONS = {"category": {"values": {"是": "yes"}}, "money": {"unit": "元"}}
every = pytest.mark.parametrize("name", list(TYPES))
cells = st.text(max_size=20) | st.text("0123456789-/.年月日:万元*王Xx()（） 　", max_size=20)


def test_the_list_of_types():
    assert " ".join(TYPES) == (
        "text integer decimal category boolean date moment money person.id person.name "
        "person.birth person.sex org.code org.name region address plate phone account invoice"
    )


@every
def test_a_type_keeps_the_contract(typed, name):
    kind = typed(name, **OPTIONS.get(name, {}))
    assert isinstance(kind, SemanticType)
    assert kind.name == name
    assert kind.title.zh
    assert kind.title.en
    assert kind.show((None,) * len(kind.fields), "zh") == ""
    assert kind.mask((None,) * len(kind.fields), "en") == ""


def test_what_tells_of_a_person_is_personal():
    personal = {name for name, kind in TYPES.items() if kind.personal}
    assert personal == {
        *("person.id", "person.name", "person.birth", "person.sex"),
        *("phone", "account", "address"),
    }


@every
@given(cell=cells)
def test_any_cell_is_read_or_refused_in_words(typed, name, cell):
    kind = typed(name, **OPTIONS.get(name, {}))
    try:
        value = kind.parse(cell)
    except UnreadableCellError as unreadable:
        words = list(unreadable.reason)
    else:
        assert len(value) == len(kind.fields)
        words = [shown(value, lang) for shown in (kind.show, kind.mask) for lang in ("zh", "en")]
    assert all(isinstance(word, str) for word in words)


@every
@pytest.mark.parametrize("part", ["1", "1,", "*", "X", "某", "一", "万", " ", "·", "年", "A1", "("])
def test_nonsense_takes_no_time(typed, name, part):
    kind = typed(name, **OPTIONS.get(name, {}))
    for cell in (part * 20_000, part * 20_000 + "!", "1" + part * 20_000):
        begun = time.monotonic()
        with contextlib.suppress(UnreadableCellError):
            kind.parse(cell)
        assert time.monotonic() - begun < 2


@every
@given(cell=cells)
def test_white_space_around_a_cell_changes_nothing(typed, name, cell):
    kind = typed(name, **OPTIONS.get(name, {}))

    def read(raw):
        try:
            return kind.parse(raw)
        except UnreadableCellError as error:
            return str(error)

    assert read(f" {cell}\t") == read(cell)


@every
@settings(max_examples=20)  # every type has its own test with likelier cells
@given(st.lists(cells, max_size=100))
def test_sql_agrees_on_anything(typed, agreed, name, cells):
    kind = typed(name, **OPTIONS.get(name, {}))
    if kind.plain("raw"):
        agreed(kind, [cell for cell in cells if "\0" not in cell])
