"""The truth set for who-is-who: deterministic, of the rates it declares, and of nobody who lives."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from bench import chinese_names as names
from bench import chinese_people as made
from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.types import Country, UnreadableCellError, country_pack, make
from plumbline.engine.fact.types.cn.person_id import check_character, mask_agrees

PERSONS = 20_000


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("set")


@pytest.fixture(scope="module")
def tables(folder: Path) -> dict[str, pa.Table]:
    return made.write(folder, PERSONS, seed=3)


@pytest.fixture(scope="module")
def everybody() -> made.People:
    return made.people(PERSONS, 3)


@pytest.fixture(scope="module")
def country(folder: Path, tables: dict[str, pa.Table]) -> Country:
    assert tables
    return country_pack(folder / "country.yml")


def test_the_layout(tables: dict[str, pa.Table]) -> None:
    said = ["number", "name", "birth", "sex", "phone", "region", "address"]
    assert tables["population"].column_names == ["register", *said, "person"]
    assert tables["loose"].column_names == ["claim", *said, "register", "person"]
    assert tables["noise"].column_names == [
        *("claim", "known", "number", "name", "birth", "phone", "address"),
    ]
    claims = tables["loose"]["claim"].to_pylist()
    assert claims == tables["noise"]["claim"].to_pylist() == list(range(PERSONS // 2))
    assert tables["loose"].schema.field("claim").type == pa.int64()


def test_the_same_seed_writes_the_same_files(tables: dict[str, pa.Table], tmp_path: Path) -> None:
    made.write(tmp_path, PERSONS, seed=3)
    for name, table in tables.items():
        assert pq.read_table(tmp_path / f"{name}.parquet").equals(table)
    other = made.write(tmp_path / "other", PERSONS, seed=4)
    assert not other["loose"].equals(tables["loose"])


def test_eight_registers_none_of_which_has_everybody(
    tables: dict[str, pa.Table], everybody: made.People
) -> None:
    rows = Counter(tables["population"]["register"].to_pylist())
    assert set(rows) == set(made.REGISTERS)
    assert len(rows) == 8
    assert max(rows.values()) < 0.75 * PERSONS
    known = np.unique(tables["population"]["person"].to_numpy())
    assert 0.75 < len(known) / PERSONS < 0.88
    assert everybody.resident[known].all()


def test_the_rates_are_those_declared(tables: dict[str, pa.Table]) -> None:
    found = made.rates(tables)
    assert found["known"]["True"] == pytest.approx(0.8, abs=0.04)
    assert found["number"]["masked"] == pytest.approx(0.52, abs=0.04)
    assert found["number"]["none"] == pytest.approx(0.20, abs=0.03)
    plain = found["name"]["right"] + found["name"].get("dotted", 0) + found["name"].get("lost", 0)
    assert 1 - plain == pytest.approx(sum(made.NAMES.values()), abs=0.02)
    assert found["name"]["masked"] == pytest.approx(0.15, abs=0.015)
    told = 1 - found["birth"]["missing"]
    wrong = told - found["birth"]["right"]
    assert wrong / told == pytest.approx(0.12, abs=0.015)
    assert found["phone"]["missing"] == pytest.approx(0.5, abs=0.04)
    for field, shares in (("birth", made.BIRTHS), ("phone", made.PHONES)):
        for way, share in shares.items():
            told = 1 - found[field]["missing"]
            assert found[field][way] / told == pytest.approx(share, abs=0.01), way


def test_every_number_is_valid_and_of_a_province_that_never_was(everybody: made.People) -> None:
    numbers = everybody.number.to_pylist()
    former = [number for number in everybody.former.to_pylist() if number]
    shared = len(numbers) - len(set(numbers))
    assert shared == max(2, round(PERSONS * made.SAME_NUMBER))  # two people, one number
    assert len(former) == len(set(former))
    assert not set(former) & set(numbers)
    for number in (*numbers, *former):
        assert number[:2] == "38"
        assert number[17] == check_character(number[:17])


def test_strangers_are_alike_and_some_of_them_are_in_no_register(
    tables: dict[str, pa.Table], everybody: made.People
) -> None:
    lives = list(zip(everybody.name, everybody.born, everybody.male, strict=True))
    often = Counter(lives)
    doubled = [n for n, life in enumerate(lives) if often[life] > 1]
    assert len(doubled) / PERSONS == pytest.approx(made.DOUBLES, rel=0.1)
    known = set(tables["population"]["person"].to_pylist())
    alone = Counter(lives[n] for n in doubled if n in known)
    assert sum(count == 1 for count in alone.values()) > 0.002 * PERSONS


def test_a_mask_is_of_the_persons_own_number(
    tables: dict[str, pa.Table], everybody: made.People, country: Country
) -> None:
    kind = make(Column.model_validate({"from": "x", "type": "person.id", "masked": True}), country)
    numbers = everybody.number.to_pylist()
    rows = zip(
        *(tables["loose"][c].to_pylist() for c in ("number", "person")),
        tables["noise"]["number"].to_pylist(),
        strict=True,
    )
    for number, person, how in rows:
        if how == "masked":
            mask, key = kind.parse(number)
            assert key is None
            assert mask_agrees(mask, numbers[person]) in (True, None)
        elif how == "none":
            assert number == ""
        elif how == "fifteen":
            assert kind.parse(number)[0] == numbers[person]


@pytest.mark.parametrize(
    ("field", "type_", "least", "most"),
    [
        ("name", "person.name", 0.97, 1.0),
        ("birth", "person.birth", 0.97, 0.999),
        ("sex", "person.sex", 1.0, 1.0),
        ("phone", "phone", 1.0, 1.0),
        ("address", "address", 1.0, 1.0),
        ("region", "region", 1.0, 1.0),
    ],
)
def test_the_types_read_nearly_all_of_it(
    tables: dict[str, pa.Table],
    country: Country,
    field: str,
    type_: str,
    least: float,
    most: float,
) -> None:
    options = {"masked": True} if type_ == "phone" else {}
    kind = make(Column.model_validate({"from": "x", "type": type_, **options}), country)
    cells = [cell for cell in tables["loose"][field].to_pylist() if cell]
    read = 0
    for cell in cells:
        try:
            kind.parse(cell)
        except UnreadableCellError:
            continue
        read += 1
    assert least <= read / len(cells) <= most


def test_what_the_population_gives_is_a_full_number(
    tables: dict[str, pa.Table], country: Country
) -> None:
    kind = make(Column.model_validate({"from": "x", "type": "person.id"}), country)
    assert all(kind.parse(cell)[1] for cell in tables["population"]["number"].to_pylist())


def test_names_are_spoilt_as_they_say() -> None:
    assert names.homophone("张建国", 1) != "张建国"
    assert names.homophone("陈佳莹", 3)[0] == "陈"
    assert names.look_alike("张丽芳", 0) == "张丽劳"
    assert names.look_alike("司徒卓", 0) == ""
    assert (names.shortened("张建国", 0), names.shortened("李芳", 0)) == ("张建", "")
    assert (names.swapped("张建国", 0), names.swapped("李芳", 0)) == ("张国建", "")
    assert (names.traditional("张建国", 0), names.traditional("王玉", 0)) == ("張建國", "")
    assert (names.spaced("李芳", 0), names.spaced("欧阳浩宇", 0)) == ("李　芳", "")
    assert names.latin("王小明", 0) == "WANG XIAOMING"
    assert names.latin("古丽·艾山", 0) == "GULI AISHAN"
    assert [names.masked("欧阳小明", n) for n in range(4)] == [
        "欧阳某某",
        "欧阳**",
        "欧阳某",
        "欧阳*明",
    ]
    assert names.dotted("古丽·艾山", 0) == "古丽•艾山"
    assert names.lost("张䶮", 0) == "张\ue863"
    assert names.former("张丽", 1, woman=True, old=True).endswith("张氏")


def test_a_birthday_of_the_old_calendar() -> None:
    """Days of known new years: 28 January 1998 and 19 February 1996 began their years."""
    for first, year in ((np.datetime64("1998-01-28"), 1998), (np.datetime64("1996-02-19"), 1996)):
        written = made.lunar(int(first.astype(int)) + 4, 1)
        assert written in {f"{year}-01-{date:02}" for date in (4, 5, 6)}
    assert "农历" in made.lunar(0, 5)


def test_the_command_tells_what_it_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    made.main([str(tmp_path), "--persons", "5000"])
    said = capsys.readouterr().out
    assert said.startswith("5,000 people; ")
    assert "masked" in said
    assert (tmp_path / "noise.parquet").is_file()
