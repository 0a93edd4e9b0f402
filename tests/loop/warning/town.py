"""The engine's small town with a workbench over it: real registers, real runs, real rows."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any

from plumbline.engine import Run
from plumbline.loop.supervision.actions import promote, propose, try_out
from plumbline.loop.supervision.intake import check, take_in_catalog
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.intake import collide_and_take_in
from plumbline.loop.warning.models import EarlyWarning
from tests.engine.collision.town import MODEL, Town, settled
from tests.people import NOW

NAME = "honour-despite-offence"
BY = "澜州市经济和信息化局"

#: One of each kind that is obligatory; the model's own text decides.
CASES: dict[str, Any] = {
    "cases": [
        {"case": kind, "kind": kind, "given": given, "expect": {"verdict": verdict}}
        for kind, verdict, given in [
            ("flagged", "flag", {"honour": [{"granted_on": "2015-06-01"}], "offence": [{"on": "2012-03-01"}]}),
            ("boundary", "clear", {"honour": [{"granted_on": "2015-06-01"}], "offence": [{"on": "2010-05-31"}]}),
            ("left_out", "left_out", {"honour": [{"granted_on": "2015-06-01"}], "offence": [{"on": "2012-03-01", "revoked_on": "2013-01-01"}]}),
            ("missing_data", "cannot_tell", {"honour": [{"granted_on": "2015-06-01"}], "offence": [{"on": None}]}),
            ("old_rule", "clear", {"honour": [{"granted_on": "2019-06-01"}], "offence": [{"on": "2012-03-01"}]}),
        ]
    ]
}  # fmt: skip


def town(folder: Path) -> Town:
    """Two warnings (王 red, 何 yellow) and one question; departments are called as the cast's units."""
    made = settled(Town(folder))
    write_cases(made)
    return made


def write_cases(made: Town, name: str = NAME, person: str = "380101199001010015") -> None:
    import json  # noqa: PLC0415 -- this is the only place

    text = json.loads(json.dumps(CASES))
    for case in text["cases"]:
        for rows in case["given"].values():
            for row in rows:
                row |= {"person": person, "name": "王五", "no": "1"}
                row.setdefault("title", "工匠") if "granted_on" in row else row.setdefault(
                    "kind", "刑事"
                )
    path = made.folder / "catalog" / "models" / "small" / name / "cases.yml"
    path.write_text(json.dumps(text, ensure_ascii=False), encoding="utf-8")


def go_live(made: Town, cast: Any, *, at: datetime = NOW) -> ModelVersion:
    """Let the town's model go live as an office would that had it in force before."""
    of = made.now
    take_in_catalog(of, at=at)
    version = ModelVersion.objects.get(model=NAME, current=True)
    try_out(version, check(of, NAME), by=cast.author, at=at)
    propose(version, by=cast.author, at=at, reason="沿用", without_samples=True)
    return promote(version, by=cast.approver, at=at)


def run(made: Town, *, at: datetime = NOW) -> Run:
    return collide_and_take_in(made.folder, at=at)[0]


def warnings() -> dict[str, EarlyWarning]:
    """By what they are about."""
    return {w.about.split(" · ")[0]: w for w in EarlyWarning.objects.order_by("pk")}


__all__ = ["BY", "MODEL", "NAME", "go_live", "run", "town", "warnings"]
