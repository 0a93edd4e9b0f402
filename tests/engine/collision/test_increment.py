"""After deliveries a model judges again only what may have changed, and finds what a full run finds."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from plumbline.engine import Workspace
from plumbline.engine.collision import increment
from plumbline.engine.collision.increment import Increment, Seen, Way
from plumbline.engine.collision.run import opened
from plumbline.engine.fact import sql
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.line.compile import compile_model
from plumbline.engine.linkage.identity import identity
from plumbline.errors import Text
from tests.engine.collision.town import AT
from tests.engine.line.small import declaration, number, written
from tests.examples import at_most

#: People and organisations are few, so that rows often meet.
PEOPLE = [number(serial) for serial in range(1, 5)]
NAMES = ["王五", "何六", "林七", "赵八"]
PERSON: dict[str, Any] = {
    "no": {"type": "text", "required": True},
    "person": {"type": "person.id", "masked": True},
    "name": {"type": "person.name", "of": "person"},
}
DATASETS: dict[str, dict[str, Any]] = {
    "pays": {**PERSON, "unit": "text", "on": "date", "amount": "integer", "kind": "text"},
    "bans": {**PERSON, "unit": "text", "on": "date", "amount": "integer", "kind": "text"},
    "units": {"no": {"type": "text", "required": True}, "unit": "text", "amount": "integer"},
}
PAY, BAN = {"pay": {"dataset": "pays"}}, {"ban": {"dataset": "bans"}}
SAME = {"person": ["pay.person", "ban.person"]}
#: A model of every shape; levels found from one candidate and from all rows of a warning.
MODELS: dict[str, dict[str, Any]] = {
    "meets": {
        "facts": PAY | BAN, "same": SAME, "flag_when": "before(ban.on, pay.on)",
        "leave_out": [{"name": "small", "when": "pay.amount < 2", "why": {"zh": "小"}}],
        "grade": {"red": "ban.kind = 'x'", "yellow": "otherwise"}, "one_warning_per": ["person"],
    },
    "meets-all-rows": {
        "facts": PAY | BAN, "same": SAME, "flag_when": "pay.amount > 1",
        "grade": {"red": "distinct(pay.unit) >= 2 or total(pay.amount) > 5", "yellow": "otherwise"},
        "one_warning_per": ["person"],
    },
    "meets-itself": {
        "facts": {"pay": {"dataset": "pays"}, "other": {"dataset": "pays", "where": "kind = 'x'"}},
        "same": {"person": ["pay.person", "other.person"]}, "one_warning_per": ["pay.no"],
        "flag_when": "pay.unit <> other.unit",
    },
    "walks": {
        "facts": PAY | BAN | {"unit": {"dataset": "units"}}, "shape": "path",
        "same": SAME | {"unit": ["ban.unit", "unit.unit"]}, "path": ["pay", "ban", "unit"],
        "flag_when": "unit.amount > 1", "one_warning_per": ["person", "unit"],
    },
    "lacks": {
        "facts": PAY | BAN, "same": SAME, "shape": "lack", "one_warning_per": ["pay.no"],
        "lack": {"fact": "ban", "when": "on_or_before(ban.on, pay.on)"},
    },
    "sums": {
        "facts": PAY, "shape": "sum", "one_warning_per": ["pay.person"],
        "sum": {"over": ["pay"], "per": ["pay.person"], "what": {"amount": "total(pay.amount)"}},
        "flag_when": "sum.amount > 3",
        "leave_out": [{"name": "large", "when": "sum.amount > 7", "why": {"zh": "大"}}],
    },
    "sums-and-meets": {
        "facts": PAY | BAN, "same": SAME, "shape": "sum", "one_warning_per": ["person"],
        "sum": {"over": ["ban"], "per": ["ban.person"], "what": {"first": "earliest(ban.on)"}},
        "flag_when": "after(pay.on, sum.first)",
        "grade": {"red": "rows(pay) >= 2", "yellow": "otherwise"},
    },
    "sums-through-another": {  # a unit's payments are those of who is banned in it
        "facts": {"unit": {"dataset": "units"}} | BAN | PAY, "shape": "sum",
        "same": SAME | {"unit": ["unit.unit", "ban.unit"]}, "one_warning_per": ["unit"],
        "sum": {"over": ["unit", "ban", "pay"], "per": ["unit.unit"],
                "what": {"amount": "total(pay.amount)"}},
        "flag_when": "sum.amount > 2",
    },
    "sums-in-windows": {
        "facts": PAY, "shape": "sum", "one_warning_per": ["pay.unit"],
        "sum": {"over": ["pay"], "per": ["pay.unit"], "within": "30 days", "by": "pay.on",
                "what": {"amount": "total(pay.amount)", "n": "rows(pay)"}},
        "flag_when": "sum.n >= 2", "grade": {"red": "sum.amount > 4", "yellow": "otherwise"},
    },
    "doubles": {
        "facts": PAY, "shape": "duplicate", "one_warning_per": ["pay.unit"],
        "duplicate": {"of": "pay", "on": ["pay.unit", "pay.kind?"]},
    },
    "stands-out": {
        "facts": PAY, "shape": "outlier", "one_warning_per": ["pay.no"],
        "outlier": {"of": "pay.amount", "among": ["pay.unit"], "at_least": 3, "fence": 0.5},
    },
    "asks": {
        "facts": PAY | BAN, "same": SAME, "shape": "sql", "one_warning_per": ["person"],
        "sql": "SELECT pay._row AS pay, ban._row AS ban FROM pay JOIN ban ON ban.person__key = pay.person__key",
    },
}  # fmt: skip


class Place:
    """A workspace with registers of every kind of change, and a model of every shape."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.day = folder, 0
        Workspace.create(folder)
        (folder / "regions.yml").write_text("regions:\n  '380100': 甲市\n", encoding="utf-8")
        (folder / "plumbline.toml").write_text(
            '[workspace]\nname = "place"\ncountry = "regions.yml"\n[limits]\nthreads = 1\nmemory = "500MB"\n'
        )
        changes = {"kind": "changes", "change": {"from": "change", "withdrawn": ["删除"]}}
        for name, columns in DATASETS.items():
            path = folder / "catalog" / "datasets" / f"{name}.yml"
            path.write_text(declaration(name, columns, key=["no"], delivery=changes), "utf-8")
        for name, slots in MODELS.items():
            self.model(name, **slots)

    def model(self, name: str, **slots: Any) -> None:
        path = self.folder / "catalog" / "models" / "small" / name / "model.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(name, supervises="pay.unit", send_to={"by": "pay.unit"}, **slots), "utf-8")  # fmt: skip

    def deliver(self, dataset: str, rows: list[dict[str, Any]]) -> None:
        self.day += 1
        path = self.folder / "inbox" / dataset / f"{self.day}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            sheet = csv.DictWriter(file, [*DATASETS[dataset], "change"])
            sheet.writeheader()
            sheet.writerows(rows)
        now = Workspace(self.folder)
        load_delivery(
            now.store, now.dataset(dataset), path,
            received_at=AT, as_of=date(2025, 6, 30), accept="test", by="test",
        )  # fmt: skip


def differing(place: Place, *, always: bool = False) -> Iterator[tuple[str, str, int]]:
    """Model, the way it would run, and by how many candidates its result differs from a full run's.

    Args:
        always: by increment wherever one can be made, even if it does not gain.
    """
    now = Workspace(place.folder)
    loaded = {name: now.store.snapshot(name) for name in DATASETS}
    who = identity(now.store)
    with opened(now.store, now.datasets, loaded, who.ties()) as duck:
        for name, model in now.models.items():
            one = Increment(duck, Seen(now.store, loaded, who, date(2025, 6, 30)), model, {})
            way = one.way
            if always and way.how == "full" and one.hindrance is None:
                way = Way(one.by, Text("", ""))
            one.run("part", way)
            duck.run(f"CREATE OR REPLACE TEMP TABLE whole AS {compile_model(model).on(date(2025, 6, 30))}")  # fmt: skip
            columns = ", ".join(sql.name(c) for c, _ in duck.columns("SELECT * FROM whole"))
            both = [f"(SELECT {columns} FROM {table})" for table in ("part", "whole")]
            ((n,),) = duck.run(
                f"SELECT COUNT(*) FROM (({both[0]} EXCEPT ALL {both[1]}) UNION ALL "
                f"({both[1]} EXCEPT ALL {both[0]}))"
            )
            yield name, way.how, n


people = st.sampled_from([*zip(PEOPLE, NAMES, strict=True), (PEOPLE[0], "李九"), ("", "王五"),
                          ("380101********0011", "王五"), ("", "欧阳震华"), ("", "")])  # fmt: skip
cells = st.fixed_dictionaries({
    "who": people, "unit": st.sampled_from(["甲", "乙", ""]),
    "on": st.sampled_from(["2025-01-01", "2025-01-20", "2025-03", "2025", ""]),
    "amount": st.sampled_from(["1", "2", "3", "9", ""]), "kind": st.sampled_from(["x", "y", ""]),
    "withdrawn": st.sampled_from([False, False, False, True]),
})  # fmt: skip
deliveries = st.lists(
    st.tuples(st.sampled_from([*DATASETS]), st.dictionaries(st.integers(1, 9), cells, min_size=1, max_size=6)),
    min_size=1, max_size=4,
)  # fmt: skip


def as_rows(dataset: str, step: dict[int, dict[str, Any]], there: set[str]) -> list[dict[str, Any]]:
    """What a delivery says; nothing is withdrawn that is not there."""
    rows = []
    for no, cell in step.items():
        if cell["withdrawn"] and str(no) not in there:
            continue
        person, name = cell["who"]
        known = {"no": str(no), "person": person, "name": name, **cell}
        row = {column: known[column] for column in DATASETS[dataset]}
        rows.append({**row, "change": "删除" if cell["withdrawn"] else ""})
    return rows


@at_most(3)
@given(deliveries, deliveries)
def test_the_result_is_that_of_a_full_run(
    tmp_path_factory: pytest.TempPathFactory, before: Any, after: Any
) -> None:
    """Late and corrected rows, withdrawn ones, masked numbers that find their bearer, names at odds."""
    place = Place(tmp_path_factory.mktemp("place") / "place")
    there: dict[str, set[str]] = {name: set() for name in DATASETS}
    ways: set[str] = set()
    first = {"who": (PEOPLE[1], "何六"), "unit": "甲", "on": "2025-01-01", "amount": "2", "kind": "x",
             "withdrawn": False}  # fmt: skip
    for name in DATASETS:
        place.deliver(name, as_rows(name, {0: first}, set()))
    for part in (before, after):
        for name, step in part:
            if rows := as_rows(name, step, there[name]):
                place.deliver(name, rows)
                there[name] |= {r["no"] for r in rows if not r["change"]}
                there[name] -= {r["no"] for r in rows if r["change"]}
        now = Workspace(place.folder)
        now.link(at=AT)
        found = list(differing(place, always=True))
        assert [each for each in found if each[2]] == []
        now.collide(at=AT)
        ways |= {how for _, how, _ in found}
    event(", ".join(sorted(ways)))
    assert {(how, n) for _, how, n in differing(place)} == {("kept", 0)}


def filled(folder: Path) -> Place:
    """So many rows that changing one of them is little."""
    place = Place(folder)
    for name, columns in DATASETS.items():
        rows = [
            {"no": str(n), "person": number(n), "name": f"人{n}", "unit": f"甲{n % 7}",
             "on": "2025-01-01", "amount": str(n % 5), "kind": "x"}
            for n in range(1, 120)
        ]  # fmt: skip
        few = rows[:3] if name == "units" else rows
        place.deliver(name, [{k: v for k, v in row.items() if k in columns} for row in few])
    Workspace(place.folder).collide(at=AT)
    return place


@pytest.fixture
def bulk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    monkeypatch.setattr(increment, "_SMALL", 0)
    return filled(tmp_path / "place")


#: A payment of somebody else, later and larger than the one it corrects.
CORRECTED = {"no": "1", "person": number(5), "name": "人5", "unit": "甲2", "on": "2025-02-01",
             "amount": "9", "kind": "x"}  # fmt: skip


def test_each_shape_takes_the_way_that_gains(bulk: Place) -> None:
    bulk.deliver("pays", [CORRECTED])
    found = list(differing(bulk))
    assert [each for each in found if each[2]] == []
    assert {name: how for name, how, _ in found} == {
        "asks": "full", "doubles": "subjects", "lacks": "subjects", "meets": "rows",
        "meets-all-rows": "rows", "meets-itself": "full", "stands-out": "subjects",
        "sums": "subjects", "sums-and-meets": "subjects", "sums-in-windows": "subjects",
        "sums-through-another": "subjects",
        "walks": "rows",
    }  # fmt: skip


def test_a_model_whose_registers_did_not_change_is_not_run_again(bulk: Place) -> None:
    bulk.deliver("units", [{"no": "9", "unit": "甲1", "amount": "3"}])
    ways = {name: how for name, how, _ in differing(bulk)}
    assert ways.pop("walks") in {"rows", "full"}
    assert ways.pop("sums-through-another") == "subjects"
    assert set(ways.values()) == {"kept"}


def test_other_words_of_a_model_or_of_a_register_have_it_run_in_full(bulk: Place) -> None:
    bulk.model("meets", **{**MODELS["meets"], "flag_when": "before(pay.on, ban.on)"})
    path = bulk.folder / "catalog" / "datasets" / "units.yml"
    path.write_text(path.read_text("utf-8").replace('"1 year"', '"2 years"'), encoding="utf-8")
    ways = {name: (how, n) for name, how, n in differing(bulk)}
    assert ways["meets"] == ways["walks"] == ("full", 0)
    assert ways["lacks"] == ("kept", 0)


def test_what_is_kept_and_damaged_is_of_no_use(bulk: Place) -> None:
    for path in bulk.folder.glob("store/found/meets/*.parquet"):
        path.write_bytes(path.read_bytes()[:-1] + b"?")
    (bulk.folder / "store" / "found" / "lacks" / "kept.json").write_text("{")
    ways = {name: (how, n) for name, how, n in differing(bulk)}
    assert ways["meets"] == ways["lacks"] == ("full", 0)
    assert ways["sums"] == ("kept", 0)


def test_a_small_register_is_judged_in_full_at_once(tmp_path: Path) -> None:
    place = filled(tmp_path / "place")
    place.deliver("pays", [CORRECTED])
    assert {how for _, how, _ in differing(place)} == {"full"}


def test_a_run_by_increment_enters_what_a_full_one_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(increment, "_SMALL", 0)
    entered = []
    for full in (False, True):
        place = filled(tmp_path / str(full))
        place.deliver("pays", [CORRECTED])
        run = Workspace(place.folder).collide(at=AT, full=full)
        ways = {result.way.how for result in run.results if result.way}
        assert ways == ({"full"} if full else {"full", "rows", "subjects"})
        now = Workspace(place.folder)
        entered.append(
            [
                repr(warning)
                for register in ("warnings", "questions", "candidates")
                for warning in now.warnings(register=register, withdrawn=True)
            ]
        )
    assert entered[0] == entered[1]
    assert any("changed_in=2" in warning for warning in entered[0])


def test_a_run_that_is_broken_off_goes_on_from_there(bulk: Place) -> None:
    shutil.rmtree(bulk.folder / "store" / "found")

    def stop(*told: object) -> None:
        if told[1] == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        Workspace(bulk.folder).collide(at=AT, progress=stop)
    assert len(Workspace(bulk.folder).runs()) == 1
    ways = [r.way.how for r in Workspace(bulk.folder).collide(at=AT).results if r.way]
    assert ways == ["kept"] * 3 + ["full"] * (len(MODELS) - 3)
