"""A model's cases: given rows, expected verdicts. They stand beside the model, in `cases.yml`."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

from pydantic import field_validator

from plumbline.engine.fact.document import Document, Strict, did_you_mean
from plumbline.engine.fact.types import Country
from plumbline.engine.line.model import Level, SupervisionModel
from plumbline.errors import DeclarationError, Text

Verdict = Literal["flag", "left_out", "cannot_tell", "clear"]
Kind = Literal["flagged", "boundary", "left_out", "missing_data", "old_rule", "trap"]

#: Every model needs at least one case of each of these kinds.
OBLIGATORY: tuple[Kind, ...] = ("flagged", "boundary", "left_out", "missing_data", "old_rule")

#: The date of run for cases that do not name one.
AS_OF = date(2025, 12, 31)

Given = dict[str, list[dict[str, str | None]]]


class Expected(Strict):
    verdict: Verdict
    level: Level | None = None
    by: str | None = None
    warnings: int | None = None


class Case(Strict):
    """One example: what the departments delivered, and what must come of it."""

    case: str
    kind: Kind
    as_of: str | None = None
    given: Given
    expect: Expected

    @field_validator("given", mode="before")
    @classmethod
    def _as_delivered(cls, value: Any) -> Any:
        return _texts(value)

    @field_validator("as_of", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        return None if value is None else date.fromisoformat(str(value)).isoformat()

    @property
    def on(self) -> date:
        return date.fromisoformat(self.as_of) if self.as_of else AS_OF


class CasesFile(Strict):
    defaults: dict[str, dict[str, str | None]] = {}
    cases: list[Case]

    @field_validator("defaults", mode="before")
    @classmethod
    def _as_delivered(cls, value: Any) -> Any:
        return {alias: _texts(row) for alias, row in (value or {}).items()}


class Cases:
    """The loaded cases of one model; rows are complete, defaults filled in."""

    def __init__(self, model: SupervisionModel) -> None:
        self.path: Path = model.folder / "cases.yml"
        if not self.path.is_file():
            raise DeclarationError(
                Text("模型还没有示例", "the model has no cases yet"),
                where=str(self.path),
                hint=Text(
                    f"五类示例都要有：{', '.join(OBLIGATORY)}",
                    f"five kinds are needed: {', '.join(OBLIGATORY)}",
                ),
            )
        self.document = Document(self.path)
        self.file = self.document.read(CasesFile)
        self._check(model)

    def __iter__(self) -> Any:
        return iter(self.file.cases)

    def __len__(self) -> int:
        return len(self.file.cases)

    def rows(self, case: Case) -> Given:
        """The rows of each fact, as delivered."""
        return {
            alias: [{**self.file.defaults.get(alias, {}), **row} for row in rows]
            for alias, rows in case.given.items()
        }

    def missing_kinds(self) -> list[Kind]:
        present = {case.kind for case in self.file.cases}
        return [kind for kind in OBLIGATORY if kind not in present]

    def _check(self, model: SupervisionModel) -> None:
        places = [
            *((("defaults", alias), alias, [row]) for alias, row in self.file.defaults.items()),
            *(
                (("cases", i, "given", alias), alias, rows)
                for i, case in enumerate(self.file.cases)
                for alias, rows in case.given.items()
            ),
        ]
        for slot, alias, rows in places:
            if alias not in model.facts:
                raise self.document.error(
                    slot,
                    Text(f"模型没有事实“{alias}”", f"the model has no fact '{alias}'"),
                    did_you_mean(alias, list(model.facts)),
                )
            columns = model.facts[alias].columns
            for name in (name for row in rows for name in row if name not in columns):
                raise self.document.error(
                    slot,
                    Text(f"{alias} 没有列“{name}”", f"{alias} has no column '{name}'"),
                    did_you_mean(name, list(columns)),
                )


def _texts(value: Any) -> Any:
    """Values as a department would deliver them: text."""
    if isinstance(value, dict):
        return {key: _texts(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [_texts(inner) for inner in value]
    if value is None:
        return None
    return {True: "是", False: "否"}[value] if isinstance(value, bool) else str(value)


def with_invented(country: Country) -> Country:
    """A country that also knows the province of invented people (38, never assigned): for cases alone."""
    invented = {f"3801{n:02d}": (("示例县", "", ""),) for n in range(13)}
    invented["380000"] = (("示例省", "", ""),)
    return Country({**country.regions, **invented}, country.provinces | {"38"}, country.home)
