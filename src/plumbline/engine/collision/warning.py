"""An early warning as the engine keeps it: what was found, by which model, resting on which rows."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from plumbline.engine.fact.types import Field
from plumbline.engine.line.model import Level

State = Literal["open", "withdrawn"]

#: Columns of the tables `warnings`, `trials` and `questions`, in order.
FIELDS = (
    Field("key", "VARCHAR"),  # of model, subject and the rest of one_warning_per; never changes
    Field("model", "VARCHAR"),
    Field("version", "INTEGER"),
    Field("fingerprint", "VARCHAR"),  # of the model's text
    Field("level", "VARCHAR"),
    Field("tier", "VARCHAR"),
    Field("subject", "VARCHAR"),
    Field("per", "VARCHAR"),  # JSON list: the values of one_warning_per
    Field("figures", "VARCHAR"),  # JSON object: what was calculated
    Field("evidence", "VARCHAR"),  # JSON list of {fact, row, digest}, leading rows first
    Field("state", "VARCHAR"),
    Field("raised_in", "INTEGER"),  # run
    Field("changed_in", "INTEGER"),  # run in which evidence or level last changed
    Field("seen_in", "INTEGER"),  # last run that found it: what it can be reproduced from
    Field("change", "VARCHAR"),  # JSON: what changed then: {added, gone, level}
)


@dataclass(frozen=True)
class Evidence:
    """A pointer to one row, and the digest of the columns of it that were used."""

    fact: str
    row: int
    digest: str


@dataclass(frozen=True)
class EarlyWarning:
    """A warning (预警), or a question to the departments where identity is of tier B.

    It is not a verdict on a person.
    """

    key: str
    model: str
    version: int
    fingerprint: str
    level: Level | None
    tier: str
    subject: str
    per: tuple[str, ...]
    figures: Mapping[str, str | None]
    evidence: tuple[Evidence, ...]
    state: State
    raised_in: int
    changed_in: int
    seen_in: int
    change: Mapping[str, Any]

    @classmethod
    def from_row(cls, row: tuple[Any, ...]) -> EarlyWarning:
        named = dict(zip((field.suffix for field in FIELDS), row, strict=True))
        named["per"] = tuple(json.loads(named["per"]))
        named["figures"] = json.loads(named["figures"])
        named["evidence"] = tuple(Evidence(**each) for each in json.loads(named["evidence"]))
        named["change"] = json.loads(named["change"])
        return cls(**named)

    def leading(self) -> dict[str, int]:
        """Fact -> the row that the sentence tells."""
        found: dict[str, int] = {}
        for evidence in self.evidence:
            found.setdefault(evidence.fact, evidence.row)
        return found
