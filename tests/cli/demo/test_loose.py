"""Rows without a full number: what they say, and how surely anybody could know whom they mean."""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pytest

from plumbline.cli.demo import loose, score
from plumbline.cli.demo.days import DAY, bounds, day
from plumbline.cli.demo.loose import (
    BARE,
    BIRTH,
    HIDDEN,
    MASKED,
    MISSPELT,
    PHONE,
    SEX,
    USUAL,
    VEILED,
    WRONG_BIRTH,
)
from plumbline.cli.demo.names import misspelt, name_masked
from plumbline.cli.demo.people import draw_people
from plumbline.cli.demo.rows import Rows

from .conftest import Built

PEOPLE = draw_people(20_000, 1)
NUMBER = "380381198001010123"


def row(person: int = 0, **columns: int) -> Rows:
    return Rows(**{"person": [person], **USUAL, "spoilt": 0, **columns})


@pytest.mark.parametrize("turn", range(5))
def test_a_mask_shows_both_ends_alone(turn: int) -> None:
    masked = loose.masked(NUMBER, turn)
    before, after = re.split(r"\*+|X{2,}", masked)
    assert NUMBER.startswith(before)
    assert NUMBER.endswith(after)
    assert 6 <= len(before + after) <= 10


def test_names_are_hidden_in_many_styles() -> None:
    assert [name_masked("王小明", n) for n in range(5)] == [
        "王某某",
        "王**",
        "王某",
        "王*明",
        "王××",
    ]
    assert [name_masked("王伟", n) for n in range(5)] == ["王某", "王*", "王某", "王*", "王×"]


def test_a_misspelt_name_keeps_its_surname() -> None:
    for turn in range(4):
        wrong = misspelt("张建伟", turn)
        assert wrong != "张建伟"
        assert wrong[0] == "张"
    assert misspelt("李䶮", 1) == "李丕"


def test_a_wrong_birth_date_is_another_day_that_exists() -> None:
    born = np.arange(day(1952), day(1957))
    wrong = loose.wrong_birth(born)
    assert (wrong != born).all()
    assert loose.wrong_birth(np.array([day(1980, 3, 5)])).tolist() == [day(1980, 5, 3)]
    assert loose.wrong_birth(np.array([day(1980, 2, 29)])).tolist() == [day(1981, 2, 28)]
    assert bounds(wrong, DAY)[0].tolist() == wrong.tolist()


def test_telephones_are_nobodys_and_everybody_has_two() -> None:
    person = np.arange(5_000)
    now, before = (loose.phones(person, which).to_pylist() for which in (0, 1))
    assert len({*now, *before}) == 10_000
    assert {phone[:3] for phone in now} <= {"160"}
    assert all(len(phone) == 11 for phone in now)


@pytest.mark.parametrize(
    ("stated", "tier"),
    [
        ({"stated": MASKED, "tells": BIRTH}, "C"),
        ({"stated": MASKED, "tells": PHONE}, "C"),
        ({"stated": MASKED, "tells": SEX}, "E"),
        ({"stated": MASKED, "tells": BIRTH, "slip": WRONG_BIRTH}, "E"),
        ({"stated": MASKED, "slip": MISSPELT}, "E"),
        ({"stated": HIDDEN}, "E"),
        ({"stated": BARE, "tells": SEX | BIRTH}, "D"),
        ({"stated": BARE, "tells": BIRTH | PHONE}, "E"),
        ({"stated": BARE, "slip": WRONG_BIRTH}, "E"),
        ({"stated": VEILED}, "A"),
        ({}, "A"),
    ],
)
def test_the_tier_that_a_row_allows(stated: dict[str, int], tier: str) -> None:
    alone = int(np.flatnonzero(np.bincount(PEOPLE.life_of)[PEOPLE.life_of] == 1)[0])
    assert loose.tiers(PEOPLE, row(alone, **stated)).tolist() == [tier]


def test_a_telephone_helps_only_where_it_is_known_by_number() -> None:
    masked = row(5, stated=MASKED, tells=PHONE)
    for other, tier in ((row(5), "C"), (row(5, tells=SEX | BIRTH), "E")):
        (known,) = loose.known_by(PEOPLE, offences=masked, honours=other)
        assert known["tier"] == tier


def test_whoever_is_like_a_stranger_cannot_be_known_without_a_number() -> None:
    at = np.arange(len(PEOPLE))
    double = int(np.flatnonzero(PEOPLE.double_of != at)[0])
    other = int(PEOPLE.double_of[double])
    assert PEOPLE.names[double] == PEOPLE.names[other]
    assert PEOPLE.born[double] == PEOPLE.born[other]
    assert PEOPLE.numbers[double] != PEOPLE.numbers[other]
    assert loose.tiers(PEOPLE, row(double, stated=BARE)).tolist() == ["E"]
    assert loose.tiers(PEOPLE, row(double, stated=MASKED)).tolist() == ["C"]


def test_the_weaker_row_decides() -> None:
    (known,) = loose.known_by(
        PEOPLE, honours=row(stated=BARE, tells=SEX | BIRTH), offences=row(stated=MASKED)
    )
    assert known["tier"] in {"D", "E"}
    assert known["rests_on"] == {"honours": "no number", "offences": "masked number"}
    assert known["says"] == ["sex", "birth date"]


# -- the city ----------------------------------------------------------------------------------


def test_what_rests_on_loose_rows_is_told_apart(city: Built) -> None:
    found = city.truth["through_masked"]
    tiers = Counter((entry["model"], entry["tier"]) for entry in found)
    for model in ("honour-despite-offence", "own-company-wins-contract"):
        assert min(tiers[model, tier] for tier in "CDE") >= 5
    assert all(entry["level"] == "yellow" for entry in found if entry["tier"] != "A")
    assert all("also" in entry for entry in found if entry["tier"] == "A")
    warned = {(w["model"], w["subject"], *w["group"]) for w in city.truth["warnings"]}
    assert not warned & {(e["model"], e["subject"], *e["group"]) for e in found}
    trapped = {(t["model"], t["subject"]) for t in city.truth["traps"]}
    assert not trapped & {(e["model"], e["subject"]) for e in found}


def test_no_loose_row_that_can_be_known_fits_two_people(city: Built) -> None:
    """Everybody of the city is held against every masked number of a finding, in plain Python."""
    bearers = defaultdict(list)
    for name, number in zip(PEOPLE.names, PEOPLE.numbers, strict=True):
        bearers[name].append(number)
    numbers = dict(zip(PEOPLE.numbers, PEOPLE.names, strict=True))
    known = {e["subject"] for e in city.truth["through_masked"] if e["tier"] == "C"}
    assert known
    seen = set()
    for number, name in masked_rows(city.folder / "inbox"):
        before, after = re.split(r"\*+|X{2,}", number)
        fits = [n for n in bearers[name] if n.startswith(before) and n.endswith(after)]
        seen |= known & set(fits)
        if known & set(fits):
            assert len(fits) == 1, (number, name)
    named = {number for number in known if "·" not in numbers[number]}
    assert len(seen) > 0.8 * len(named)  # the others are spelt otherwise than in the register


def masked_rows(inbox: Path) -> Iterator[tuple[str, str]]:
    for header, *rows in tables(inbox):
        at, name = header.index("身份证号"), header.index("姓名")
        for cells in rows:
            if len(cells) > at and re.search(r"\*\*|XX", str(cells[at])):
                yield str(cells[at]), str(cells[name])


def tables(inbox: Path) -> Iterator[list[list[str]]]:
    for path in sorted([*inbox.glob("offences/*"), *inbox.glob("company_roles/*")]):
        if path.suffix in {".csv", ".txt"}:
            raw = path.read_bytes()
            bom = {b"\xff\xfe": "utf-16", b"\xef\xbb": "utf-8-sig"}
            text = raw.decode(bom.get(raw[:2], "gb18030"))
            delimiter = "\t" if path.suffix == ".txt" else ","
            yield list(csv.reader(text.splitlines(), delimiter=delimiter))
    for path in inbox.glob("honours/*.xlsx"):
        for page in openpyxl.load_workbook(path):
            lines = [[cell or "" for cell in line] for line in page.values]
            start = next(n for n, line in enumerate(lines) if "身份证号" in line)
            yield lines[start:]


def test_what_needs_who_is_who_is_scored_apart() -> None:
    entry = {"model": "m", "level": "yellow", "group": []}
    truth = {
        "warnings": [{"model": "m", "subject": "a", "level": "red", "group": []}],
        "questions": [],
        "traps": [],
        "through_masked": [
            {**entry, "subject": "c", "tier": "C"},
            {**entry, "subject": "d", "tier": "D"},
            {**entry, "subject": "e", "tier": "E"},
            {**entry, "subject": "f", "tier": "A", "level": "red", "also": "g"},
        ],
    }
    raised = [
        {"model": "m", "subject": subject, "level": level, "group": []}
        for subject, level in (("a", "red"), ("c", "red"), ("e", "yellow"), ("g", "red"))
    ]
    (found,) = score(truth, raised, []).values()
    assert (found.precision, found.recall) == (1.0, 1.0)
    assert found.who_is_who.found == 2
    assert found.who_is_who.missed == [("d", ())]
    assert found.who_is_who.too_sure == [("e", ())]
    assert found.who_is_who.wrong_level == [("c", ())]
