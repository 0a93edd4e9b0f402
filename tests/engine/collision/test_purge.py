"""Purging: what falls due, who may remove it, what goes, and what is said of it afterwards."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine import Purge
from plumbline.engine.backend import open_duckdb
from plumbline.engine.collision.purge import approve, carry_out_facts, carry_out_linkage
from plumbline.engine.collision.purge import propose as propose_in
from plumbline.engine.fact import purging
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.due import due
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.purged import Act
from plumbline.engine.fact.store import Store
from plumbline.errors import DeliveryError, PurgedError, RunError, StoreError
from tests.engine.collision.town import AT, WANG, Town, honour, offence
from tests.engine.line.small import number
from tests.examples import at_most

LATER = datetime(2026, 7, 15, 9, tzinfo=UTC)
ON = date(2026, 7, 15)
OLD, OLDER = number(7), number(8)


@pytest.fixture(scope="module")
def delivered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One year of retention: an offence list of 2025 has fallen due by July 2026, one of 2026 has not."""
    town = Town(tmp_path_factory.mktemp("due") / "town")
    town.deliver("honours", [honour("1"), honour("9", OLD, "钱一")], "2025-06-30")
    town.deliver("honours", [honour("1"), honour("2", number(4), "赵八")], "2026-06-30")
    town.deliver("offences", [offence("x", OLDER, "孙二"), offence("y", OLD, "钱一")], "2025-06-30")
    town.deliver("offences", [offence("a")], "2026-06-30")
    return town.folder


@pytest.fixture
def town(delivered: Path, tmp_path: Path) -> Town:
    shutil.copytree(delivered, tmp_path / "town")
    return Town.found(tmp_path / "town")


def propose(town: Town, *only: str, **more: object) -> Purge:
    terms = {"on": ON, "at": LATER, "by": "李某", "reason": "保存期满", **more}
    return town.now.propose_purge(only, **terms)  # type: ignore[arg-type]


def carried_out(town: Town, number: int) -> Purge:
    town.now.approve_purge(number, at=LATER, by="王某")
    return town.now.carry_out_purge(number, at=LATER)


def rows(town: Town, dataset: str) -> list[tuple[str, str]]:
    now = town.now
    relation = now.store.snapshot(dataset).relation(now.dataset(dataset).fields)
    with open_duckdb() as duck:
        return [
            (str(no), str(p))
            for no, p in duck.run(f"SELECT no, person FROM {relation} ORDER BY no")
        ]


def files_with(town: Town, words: str) -> list[str]:
    """Files of the store in which these words stand: as bytes, or in a cell."""
    found = []
    for path in sorted(p for p in (town.folder / "store").rglob("*") if p.is_file()):
        text = path.read_bytes()
        if path.suffix == ".parquet":
            with open_duckdb() as duck:
                cells = duck.run(f"SELECT CAST(t AS VARCHAR) FROM read_parquet('{path}') AS t")
            text += "\n".join(str(cell) for (cell,) in cells).encode()
        if words.encode() in text:
            found.append(path.relative_to(town.folder / "store").as_posix())
    return found


def test_what_is_due_is_told_by_batch(town: Town) -> None:
    found = town.now.due(on=ON)
    assert [(d.due.batch.dataset, d.due.until, d.due.rows) for d in found] == [
        ("honours", date(2026, 6, 30), 0),
        ("offences", date(2026, 6, 30), 2),
    ]
    assert town.now.due(on=date(2026, 6, 30)) == []
    assert [d.due.batch.dataset for d in town.now.due(["offences"], on=ON)] == ["offences"]


def test_a_proposal_changes_nothing(town: Town) -> None:
    before = {p: p.read_bytes() for p in (town.folder / "store").rglob("*") if p.is_file()}
    purge = propose(town)
    assert (purge.number, purge.state, purge.rows) == (1, "proposed", 2)
    assert [rule.retention for rule in purge.rules] == ["1 year", "1 year"]
    assert {f.path.partition("/")[0] for f in purge.files} == {"facts", "received"}
    after = {p: p.read_bytes() for p in (town.folder / "store").rglob("*") if p.is_file()}
    assert {p.name for p in after.keys() - before.keys()} == {"000001.json"}
    assert all(after[path] == content for path, content in before.items() if path.name != "lock")


def test_no_file_of_the_store_holds_what_was_purged(town: Town) -> None:
    town.collide()
    kept = files_with(town, WANG)
    assert len(files_with(town, OLD)) >= 3
    purge = carried_out(town, propose(town).number)
    assert purge.state == "done"
    for person in (OLD, OLDER):
        assert files_with(town, person) == []
        assert files_with(town, person[:17]) == []  # the key, which logs keep as a bound
    assert files_with(town, "孙二") == []
    assert rows(town, "offences") == [("a", WANG)]
    assert rows(town, "honours") == [("1", WANG), ("2", number(4))]
    assert set(files_with(town, WANG)) & set(kept)
    assert not {OLD, OLDER, "孙二"} & set(purge.model_dump_json().split('"'))
    assert town.now.due(on=ON) == []
    # It goes on from there.
    town.deliver("offences", [offence("b", number(4), "赵八")], "2026-07-31")
    assert [no for no, _ in rows(town, "offences")] == ["a", "b"]
    assert town.now.store.snapshot("offences").batches[0].startswith("offences-2026-06-30")


def test_a_second_person_approves(town: Town) -> None:
    purge = propose(town)
    for by in ("李某", " 李 某", ""):
        with pytest.raises(RunError, match="somebody other than 李某"):
            town.now.approve_purge(purge.number, at=LATER, by=by)
    with pytest.raises(RunError, match="not waiting"):
        town.now.carry_out_purge(purge.number, at=LATER)
    with pytest.raises(RunError, match="no purge 7"):
        town.now.approve_purge(7, at=LATER, by="王某")
    town.now.withdraw_purge(purge.number, at=LATER, by="李某")
    with pytest.raises(RunError, match="was withdrawn"):
        town.now.approve_purge(purge.number, at=LATER, by="王某")
    assert len(rows(town, "offences")) == 3
    assert propose(town).number == 2
    carried_out(town, 2)
    for again in (town.now.withdraw_purge, town.now.approve_purge):
        with pytest.raises(RunError, match="was carried out"):
            again(2, at=LATER, by="王某")


@pytest.mark.parametrize("change", ["bytes", "rows", "rule"])
def test_what_is_no_longer_as_proposed_is_not_purged(town: Town, change: str) -> None:
    purge = propose(town)
    if change == "bytes":
        path = town.folder / "store" / purge.files[-1].path
        path.write_bytes(path.read_bytes() + b" ")
    elif change == "rows":
        town.deliver("offences", [{**offence("x", OLDER), "change": "删除"}], "2026-07-01")
    else:
        path = town.folder / "catalog/datasets/honours.yml"
        path.write_text(path.read_text().replace("1 year", "20 years"))
    with pytest.raises(StoreError, match="nothing was purged"):
        town.now.approve_purge(purge.number, at=LATER, by="王某")
    assert town.now.purge(purge.number).state == "proposed"
    assert ("y", OLD) in rows(town, "offences")


def test_what_a_standing_warning_rests_on_is_kept_unless_it_is_said(town: Town) -> None:
    town.deliver("offences", [offence("w", number(4), "赵八")], "2025-05-31")
    town.collide()
    (key,) = [w.key for w in town.now.warnings() if w.subject == number(4)]
    purge = propose(town)
    assert [k.warnings for k in purge.kept_back] == [[key]]
    assert (purge.unproven, purge.stale) == ([], 2)
    carried_out(town, purge.number)
    assert ("w", number(4)) in rows(town, "offences")
    with pytest.raises(RunError, match="standing warnings rest on all"):
        propose(town)
    second = propose(town, also_pinned=True)
    assert second.unproven == [key]
    carried_out(town, second.number)
    town.collide()
    assert key not in town.open_keys()


def test_a_warning_raised_since_the_proposal_stops_it(town: Town) -> None:
    town.deliver("offences", [offence("w", number(4), "赵八")], "2025-05-31")
    purge = propose(town)
    town.collide()
    with pytest.raises(RunError, match="1 more warnings rest on these rows"):
        town.now.approve_purge(purge.number, at=LATER, by="王某")


def test_what_no_run_will_find_again_keeps_all_that_it_needs(town: Town) -> None:
    town.collide()
    assert town.open_keys()
    (town.folder / "catalog/models/small/honour-despite-offence/model.yml").unlink()
    with pytest.raises(RunError, match="nothing can be purged"):
        propose(town, "offences")


def test_a_purged_warning_answers_what_was_purged_when_and_why(town: Town) -> None:
    town.collide()
    (key,) = town.open_keys()
    purge = carried_out(town, propose(town).number)
    warning, _ = town.now.find(key)
    for ask in (
        lambda: town.now.reproduce(key),
        lambda: town.now.explain(warning),
        lambda: town.now.evidence([warning]),
    ):
        with pytest.raises(PurgedError) as said:
            ask()
        assert (
            f"purged on 2026-07-15 at the end of its retention (purge {purge.number}"
            in said.value.in_("en")
        )
        assert "1 year" in said.value.in_("en")
        assert "提出 李某，批准 王某；理由：保存期满" in said.value.in_("zh")
    assert town.now.purged([warning]).keys() == {key}
    assert town.now.about(warning)
    town.collide()
    assert town.open_keys() == {key}
    assert town.now.reproduce(key).same
    assert town.now.purged([town.now.find(key)[0]]) == {}


def test_what_was_purged_does_not_come_back_from_the_inbox(town: Town) -> None:
    purge = carried_out(town, propose(town).number)
    left = town.now.left_in_inbox(purge)
    assert [p.name for p in left] == ["honours-2025-06-30.csv", "offences-2025-06-30.csv"]
    now = town.now
    with pytest.raises(DeliveryError, match="was purged at the end of its retention"):
        load_delivery(
            now.store,
            now.dataset("offences"),
            left[1],
            received_at=AT,
            again=True,
            accept="x",
            by="x",
        )
    now.load(at=AT)
    assert files_with(town, OLDER) == []


def test_who_is_who_forgets_whom_nothing_that_remains_names(town: Town) -> None:
    """A row without a number may be about a man whom only a purged row knew by his."""
    columns = {
        "no": {"type": "text", "required": True},
        "person": {"type": "person.id", "masked": True},
        "name": {"type": "person.name", "of": "person"},
    }
    town.declare("notes", columns, key=["no"], retention="permanent")
    town.deliver("notes", [{"no": "1", "person": "", "name": "孙二"}], "2026-06-30")
    town.collide()
    assert any(name.startswith("identity/") for name in files_with(town, OLDER))
    purge = carried_out(town, propose(town).number)
    assert any(file.path.startswith("identity/") for file in purge.more)
    assert files_with(town, OLDER) == []
    assert [d.due for d in town.now.due(["notes"], on=date(2400, 1, 1))] == []
    town.now.link(at=LATER, full=True)
    assert files_with(town, OLDER) == []
    assert len(rows(town, "notes")) == 1


DELIVERIES = st.lists(
    st.dictionaries(st.sampled_from("abcd"), st.sampled_from(["刑事", "行政", "删除"]), min_size=1),
    min_size=1, max_size=4,
)  # fmt: skip


def loaded(
    store: Store, dataset: Dataset, folder: Path, deliveries: dict[int, dict[str, str]]
) -> None:
    for year, said in deliveries.items():
        # No two files are alike, or the second would not be taken in.
        lines = [
            f"{no},{WANG},王五,{'刑事' if kind == '删除' else kind},{2000 + year}-01-01,,{kind}"
            for no, kind in said.items()
        ]
        path = folder / f"offences-{2000 + year}-06-30.csv"
        path.write_text("no,person,name,kind,on,revoked_on,change\n" + "\n".join(lines) + "\n")
        load_delivery(store, dataset, path, received_at=AT, accept="test", by="test")


def content(store: Store, dataset: Dataset) -> list[tuple[object, ...]]:
    if store.version(dataset.name) is None:
        return []
    relation = store.snapshot(dataset.name).relation(dataset.fields)
    with open_duckdb() as duck:
        return duck.run(f"SELECT no, kind FROM {relation} ORDER BY no")


@at_most(4)
@given(deliveries=DELIVERIES, kept=st.integers(0, 4))
def test_what_remains_is_what_the_batches_that_are_not_due_say(
    deliveries: list[dict[str, str]], kept: int
) -> None:
    by_year = dict(enumerate(deliveries, 1))
    on = date(2001 + max(len(deliveries) - kept, 0), 7, 1)
    with TemporaryDirectory() as place:
        folder = Path(place)
        dataset = Town(folder / "town").now.dataset("offences")
        purged, anew = Store(folder / "purged"), Store(folder / "anew")
        loaded(purged, dataset, folder, by_year)
        loaded(
            anew, dataset, folder, {y: d for y, d in by_year.items() if date(2001 + y, 6, 30) >= on}
        )
        found = due(purged, dataset, on)
        assert {d.batch.as_of.year - 2000 for d in found} == {
            y for y in by_year if date(2001 + y, 6, 30) < on
        }
        if found:
            act = Act(at=LATER, by="李某")
            purge = propose_in(purged, [dataset], {}, on=on, reason="期满", proposed=act)
            approve(purged, {"offences": dataset}, {}, purge.number, Act(at=LATER, by="王某"))
            carry_out_facts(purged, {"offences": dataset}, purge)
            assert carry_out_linkage(purged, purge, at=LATER).state == "done"
        assert content(purged, dataset) == content(anew, dataset)
        assert due(purged, dataset, on) == []
        left = [purged.batch("offences", b) for b in purged.snapshot("offences").batches]
        assert all(date(b.as_of.year + 1, 6, 30) >= on for b in left)


def test_nothing_is_proposed_for_a_day_that_is_yet_to_come(town: Town) -> None:
    town.collide()
    with pytest.raises(RunError, match="yet to come"):
        propose(town, on=LATER.date() + timedelta(days=1))
    assert town.now.purges() == []


STEPS = ("_commit", "delete", "_clean_log", "rows_in_files")


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("moment", ["before", "after"])
def test_whoever_dies_on_the_way_is_followed(
    town: Town, monkeypatch: pytest.MonkeyPatch, step: str, moment: str
) -> None:
    town.collide()
    purge = propose(town)
    does = getattr(purging, step)

    def dies(*given: object) -> object:
        if moment == "after":
            does(*given)
        raise KeyboardInterrupt

    town.now.approve_purge(purge.number, at=LATER, by="王某")
    with monkeypatch.context() as patched:
        patched.setattr(purging, step, dies)
        with pytest.raises(KeyboardInterrupt):
            town.now.carry_out_purge(purge.number, at=LATER)
    assert town.now.purge(purge.number).state == "begun"
    town.deliver("offences", [offence("z", number(5), "周九")], "2026-07-31")  # meanwhile
    assert town.now.approve_purge(purge.number, at=LATER, by="王某").state == "begun"
    town.now.carry_out_purge(purge.number, at=LATER)
    assert [no for no, _ in rows(town, "offences")] == ["a", "z"]
    assert files_with(town, OLD) == files_with(town, OLDER[:17]) == []
    assert not list((town.folder / "store/purges").glob("*.parquet"))


KILLED = """
import os, pathlib, signal, sys
from plumbline.engine import Workspace
from tests.engine.collision.test_purge import LATER
unlink, left = pathlib.Path.unlink, [int(sys.argv[2])]
def dying(path, **more):
    if path.suffix in {".parquet", ".csv"} and "scratch" not in path.parts:
        if not left[0]:
            os.kill(os.getpid(), signal.SIGKILL)
        left[0] -= 1
    unlink(path, **more)
pathlib.Path.unlink = dying
Workspace(sys.argv[1]).carry_out_purge(1, at=LATER)
"""


@pytest.mark.parametrize("files", [0, 2, 4])
def test_a_killed_process_is_followed(town: Town, files: int) -> None:
    """Killed with so many files deleted: nothing of the old rows is in the present state, and it goes on."""
    town.collide()
    propose(town)
    town.now.approve_purge(1, at=LATER, by="王某")
    root = Path(__file__).parents[3]
    done = subprocess.run(
        [sys.executable, "-c", KILLED, town.folder, str(files)], cwd=root, check=False,
        env={"PYTHONPATH": f"{root}:{root / 'src'}", "PATH": "/usr/bin:/bin"},
    )  # fmt: skip
    assert done.returncode == -signal.SIGKILL
    assert town.now.purge(1).state == "begun"
    assert [no for no, _ in rows(town, "offences")] == ["a"]
    assert town.now.carry_out_purge(1, at=LATER).state == "done"
    assert files_with(town, OLD) == files_with(town, OLDER) == []


def test_the_record_holds_digests_and_counts(town: Town) -> None:
    purge = carried_out(town, propose(town).number)
    said = json.loads((town.folder / "store/purges/000001.json").read_text())
    assert said["approved"]["by"] == "王某"
    assert said["reason"] == "保存期满"
    assert {b["id"]: b["rows"] for b in said["batches"]} == {b.id: b.rows for b in purge.batches}
    assert all(len(f["sha256"]) == 64 for f in said["files"])
    assert purge.digest == town.now.purge(1).digest
    assert len(purge.digest) == 64
