"""Every warning can be computed anew from the recorded rows and words, or it is said what differs."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from plumbline.engine.collision.reproduce import reproduce
from plumbline.errors import RunError, StoreError
from tests.engine.collision.town import WANG, Town, honour, offence

SHAPES: dict[str, dict[str, Any]] = {
    "meet": {},
    "lack": {
        "shape": "lack", "lack": {"fact": "offence", "when": "offence.kind = 'minor'"}, "flag_when": None,
        "leave_out": [], "grade": {"yellow": "otherwise"}, "say": {"zh": "{honour.title}"},
    },
    "sum": {
        "shape": "sum", "flag_when": "sum.n >= 1", "leave_out": [], "one_warning_per": ["person"],
        "sum": {"over": "offence", "per": "offence.person", "what": {"n": "rows(offence)", "first": "earliest(offence.on)"}},
        "grade": {"red": "sum.n >= 2", "yellow": "otherwise"}, "say": {"zh": "{sum.n}次，自{sum.first}"},
    },
    "window": {
        "shape": "sum", "flag_when": "sum.n >= 1", "leave_out": [], "one_warning_per": ["offence.person", "offence.on"],
        "sum": {"over": "offence", "per": "offence.person", "within": "400 days", "by": "offence.on", "what": {"n": "rows(offence)"}},
        "grade": {"yellow": "otherwise"}, "say": {"zh": "{sum.n}次"},
    },
    "duplicate": {
        "facts": {"offence": {"dataset": "offences"}}, "same": {}, "supervises": "offence.kind", "send_to": {"by": "offence.kind"},
        "in_force_on": "offence.on", "settings": {}, "leave_out": [], "flag_when": None,
        "shape": "duplicate", "duplicate": {"of": "offence", "on": ["offence.kind"]},
        "one_warning_per": ["offence.kind"], "grade": {"yellow": "otherwise"},
        "say": {"zh": "{offence.kind}{duplicate.rows}"}, "expect": {"flag_rate": "0..100", "per": "offence"},
    },
    "sql": {
        "shape": "sql", "leave_out": [], "flag_when": "sql.gap > 0",
        "sql": "SELECT honour._row AS honour, offence._row AS offence, length(honour.no) AS gap"
        " FROM honour JOIN offence ON offence.person__key = honour.person__key",
        "say": {"zh": "{sql.gap}"},
    },
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES)
def test_the_same_from_every_shape_and_after_a_later_delivery(town: Town, shape: str) -> None:
    town.deliver("offences", [offence("d", on="2012-12-01")], "2025-07-31")
    town.model(**SHAPES[shape])
    town.collide()
    warnings = town.now.warnings()
    assert warnings
    town.deliver("honours", [honour("9", title="劳模")], "2025-08-31")
    town.deliver(
        "offences", [{**offence("a"), "change": "删除"}, offence("b", kind="刑事")], "2025-08-31"
    )
    now = town.now
    assert [now.reproduce(w.key).differences for w in warnings] == [()] * len(warnings)
    assert all("{" not in now.sentence(w) for w in warnings)
    assert all(now.explain(w).judged for w in warnings)


def test_questions_and_trials_too(town: Town) -> None:
    town.model("second", status="trial")
    town.collide()
    now = town.now
    for register in ("questions", "trials"):
        assert all(now.reproduce(w.key).same for w in now.warnings(register=register))  # type: ignore[arg-type]


def test_a_withdrawn_warning_is_repeated_from_the_run_that_last_saw_it(town: Town) -> None:
    town.collide()
    (warning,) = [w for w in town.now.warnings() if w.subject == WANG]
    town.deliver("offences", [{**offence("a"), "change": "删除"}], "2025-07-31")
    town.collide()
    found = town.now.reproduce(warning.key)
    assert found.warning.state == "withdrawn"
    assert found.same


def test_words_changed_in_the_catalogue_change_no_recorded_result(town: Town) -> None:
    town.collide()
    keys = town.open_keys()
    town.model(flag_when="false", version=2, say={"zh": "别的"})
    assert all(town.now.reproduce(key).same for key in keys)
    (town.folder / "catalog/models/small/honour-despite-offence/model.yml").unlink()
    assert all(town.now.reproduce(key).same for key in keys)


def files(town: Town, pattern: str) -> list[Path]:
    return sorted((town.folder / "store").glob(pattern))


def test_an_altered_data_file_is_found_out(town: Town) -> None:
    town.collide()
    (key, *_) = sorted(town.open_keys())
    (file,) = files(town, "facts/offences/*.parquet")
    content = bytearray(file.read_bytes())
    content[len(content) // 2] ^= 1
    file.write_bytes(content)
    with pytest.raises(StoreError, match="the file's content has changed"):
        town.now.reproduce(key)
    file.unlink()
    with pytest.raises(StoreError, match="the file is gone from the store"):
        town.now.reproduce(key)


def test_a_register_that_was_altered_differs(town: Town) -> None:
    """Whoever rewrites the register cannot make the rows say so too."""
    town.collide()
    (key,) = [w.key for w in town.now.warnings() if w.subject == WANG]
    now = town.now
    warning, _ = now.find(key)
    for change, what in [
        ({"level": "yellow"}, "level"),
        ({"tier": "C"}, "identity tier"),
        ({"evidence": warning.evidence[:1]}, "evidence"),
        ({"figures": {"sum": "1"}}, "figures"),
    ]:
        forged = dataclasses.replace(warning, **change)  # type: ignore[arg-type]
        found = reproduce(now.store, forged, now.country)
        assert [each.what.en for each in found.differences] == [what]
        assert not found.same
    stranger = dataclasses.replace(warning, key="0" * 16)
    assert [d.what.en for d in reproduce(now.store, stranger, now.country).differences] == [
        "warning"
    ]


def test_lost_words_are_said(town: Town) -> None:
    town.collide()
    (key, *_) = sorted(town.open_keys())
    for text in files(town, "texts/*.yml"):
        text.unlink()
    with pytest.raises(RunError, match="text of the model or declaration is not in the store"):
        town.now.reproduce(key)


def test_the_engine_then_and_now_is_told(town: Town) -> None:
    town.collide()
    found = town.now.reproduce(next(iter(town.open_keys())))
    assert found.engine_then == found.engine_now
    assert re.fullmatch(r"\d+\.\d+\.\d+", found.engine_now["duckdb"])
