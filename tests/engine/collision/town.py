"""A small town: honours and offences, delivered as files, judged by one model, in a real workspace."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from plumbline.engine import Batch, Run, Workspace
from plumbline.engine.fact.load import load_delivery
from tests.engine.line.small import Row, declaration, number, written

AT = datetime(2025, 7, 1, 9, tzinfo=UTC)
REGIONS = "regions:\n  '380100': 甲市\n"

WANG, HE, LIN = number(1), number(2), number(3)

HONOURS: dict[str, Any] = {
    "no": {"type": "text", "required": True},
    "person": {"type": "person.id", "required": True},
    "name": {"type": "person.name", "of": "person"},
    "title": "text",
    "granted_on": "date",
    "by": "text",
}
OFFENCES: dict[str, Any] = {
    "no": {"type": "text", "required": True},
    "person": {"type": "person.id", "required": True},
    "name": {"type": "person.name", "of": "person"},
    "kind": {"type": "category", "values": {"刑事": "criminal", "行政": "minor"}},
    "on": "date",
    "revoked_on": "date",
}
MODEL: dict[str, Any] = {
    "facts": {"honour": {"dataset": "honours"}, "offence": {"dataset": "offences"}},
    "same": {"person": ["honour.person", "offence.person"]},
    "supervises": "honour.by",
    "send_to": {"by": "honour.by"},
    "in_force_on": "honour.granted_on",
    "settings": {"years": {"..2019": 5, "2020..": 10}},
    "flag_when": "before(offence.on, honour.granted_on)"
    " and within_years(offence.on, honour.granted_on, years)",
    "leave_out": [
        {"name": "revoked", "when": "offence.revoked_on is not null", "why": {"zh": "已撤销"}}
    ],
    "one_warning_per": ["person", "honour.title"],
    "grade": {"red": "offence.kind = 'criminal'", "yellow": "otherwise"},
    "say": {
        "zh": "{honour.name}于{offence.on}受{offence.kind}处罚{rows(offence)}次，{honour.granted_on}获{honour.title}（追溯{years}年）。",
        "en": "{honour.name}: {rows(offence)} offence(s), the first {earliest(offence.on)}; {honour.title} on {honour.granted_on}.",
    },
    "expect": {"flag_rate": "0%..100%", "per": "honour"},
}


def honour(no: str, person: str = WANG, name: str | None = "王五", **more: str | None) -> Row:
    return {
        "no": no,
        "person": person,
        "name": name,
        "title": "工匠",
        "granted_on": "2015-06-01",
        "by": "经信局",
        **more,
    }


def offence(no: str, person: str = WANG, name: str | None = "王五", **more: str | None) -> Row:
    return {"no": no, "person": person, "name": name, "kind": "刑事", "on": "2012-03-01", **more}


class Town:
    """A workspace folder; `now` opens it as it is, with every file read anew."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        Workspace.create(folder)
        (folder / "regions.yml").write_text(REGIONS, encoding="utf-8")
        (folder / "plumbline.toml").write_text(
            '[workspace]\nname = "town"\ncountry = "regions.yml"\n[limits]\nthreads = 1\nmemory = "500MB"\n'
        )
        changes = {"kind": "changes", "change": {"from": "change", "withdrawn": ["删除"]}}
        self.declare("honours", HONOURS, key=["no"], delivery={"kind": "full"})
        self.declare("offences", OFFENCES, key=["no"], delivery=changes)
        self.model()

    @classmethod
    def found(cls, folder: Path) -> Town:
        """One that is there already."""
        town = object.__new__(cls)
        town.folder = folder
        return town

    def declare(self, name: str, columns: dict[str, Any], **more: Any) -> None:
        path = self.folder / "catalog" / "datasets" / f"{name}.yml"
        path.write_text(declaration(name, columns, **more), encoding="utf-8")

    def model(self, name: str = "honour-despite-offence", **slots: Any) -> None:
        path = self.folder / "catalog" / "models" / "small" / name / "model.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(name, **{**MODEL, **slots}), encoding="utf-8")

    @property
    def now(self) -> Workspace:
        return Workspace(self.folder)

    def deliver(self, dataset: str, rows: Sequence[Row], as_of: str = "2025-06-30") -> Batch:
        """The rows as a file of the department's, loaded."""
        columns = {"honours": HONOURS, "offences": {**OFFENCES, "change": ""}}.get(dataset)
        headers = list(columns) if columns else list(rows[0])
        path = self.folder / "inbox" / dataset / f"{dataset}-{as_of}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            sheet = csv.DictWriter(file, headers)
            sheet.writeheader()
            sheet.writerows(rows)
        workspace = self.now
        batch = load_delivery(
            workspace.store, workspace.dataset(dataset), path,
            received_at=AT, as_of=date.fromisoformat(as_of), accept="test", by="test",
        )  # fmt: skip
        assert isinstance(batch, Batch), batch
        assert batch.quarantined == 0, batch.reasons
        return batch

    def collide(self, *names: str, **more: Any) -> Run:
        return self.now.collide(names, at=AT, **more)

    def open_keys(self, **more: Any) -> set[str]:
        return {warning.key for warning in self.now.warnings(**more)}

    def register(self, name: str = "warnings") -> str:
        """Everything a register says, withdrawn warnings too."""
        found = self.now.warnings(register=name, withdrawn=True)  # type: ignore[arg-type]
        return json.dumps([repr(warning) for warning in found], ensure_ascii=False, indent=0)


def settled(town: Town) -> Town:
    """With one red warning (王), one yellow (何), one question (林 or 李), and one without an offence."""
    town.deliver(
        "honours",
        [
            honour("1"),
            honour("2", HE, "何六"),
            honour("3", LIN, "林七"),
            honour("4", number(4), "赵八"),
        ],
    )
    town.deliver(
        "offences", [offence("a"), offence("b", HE, "何六", kind="行政"), offence("c", LIN, "李九")]
    )
    return town
