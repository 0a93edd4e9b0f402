"""A supervision model: one folder that an auditor can read aloud and an engineer can test.

The slots are explained in docs/reference/model-language.md; this module loads and checks them.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import date
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

from pydantic import Field as Slot
from pydantic import field_validator
from sqlglot import exp

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.document import Document, Strict, Words, did_you_mean
from plumbline.errors import DeclarationError, Text

Level = Literal["red", "yellow", "blue"]
Status = Literal["draft", "trial", "live", "retired"]
ShapeName = Literal["meet", "lack", "sum", "overlap", "path", "duplicate", "outlier", "sql"]


#: Names that the compiled statement gives to its own parts.
_OWN_NAMES = frozenset(
    "candidate judged graded tally gathering promising gathered inexact kept evidence found listed quartiles as_of "
    "sum duplicate outlier sql".split()
)


def is_plain(name: str) -> bool:
    """Can it stand in SQL as it is: a small word of ASCII that is not SQL's own?"""
    return (
        re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", name) is not None
        and exp.to_identifier(name).sql(dialect="duckdb") == name
    )


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class Lists(Strict):
    """Several sentences in Chinese and English."""

    zh: list[str]
    en: list[str] = []


class Basis(Strict):
    """A clause of a law, and when it was in force; outside that time nothing is flagged."""

    law: str
    clause: str = ""
    starts: str | None = Slot(default=None, alias="from")
    ends: str | None = Slot(default=None, alias="to")

    @field_validator("starts", "ends", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return None if value is None else str(value)


class Line(Strict):
    """What should hold."""

    says: Words
    basis: list[Basis] = Slot(min_length=1)


class FactUse(Strict):
    dataset: str
    where: str | None = None


class LeaveOut(Strict):
    """A lawful exception, named, with the reason."""

    name: str
    when: str
    why: Words


class CannotTell(Strict):
    name: str
    when: str
    why: Words | None = None


class Lack(Strict):
    fact: str
    when: str = "true"


class Sum(Strict):
    over: list[str] = Slot(min_length=1)
    per: list[str] = Slot(min_length=1)
    within: str | None = None
    by: str | None = None
    rows_when: str | None = None
    what: dict[str, str] = Slot(min_length=1)

    _list = field_validator("over", "per", mode="before")(_as_list)


class Duplicate(Strict):
    of: str
    on: list[str] = Slot(min_length=1)
    rows_when: str | None = None
    what: dict[str, str] = {}

    _list = field_validator("on", mode="before")(_as_list)


class Outlier(Strict):
    of: str
    among: list[str] = Slot(min_length=1)
    at_least: int = 8
    fence: float = 1.5

    _list = field_validator("among", mode="before")(_as_list)


class SendTo(Strict):
    by: str
    sign_within: str = "2 working days"
    report_within: dict[Level, str] = {}


class Expect(Strict):
    flag_rate: str
    per: str


class ModelFile(Strict):
    """The YAML of a model, as it stands."""

    model: str
    title: Words
    theme: str
    status: Status
    version: int = 1
    expires_on: str | None = None
    question: Words
    line: Line
    supervises: str
    facts: dict[str, FactUse]
    shape: ShapeName = "meet"
    same: dict[str, list[str]] = {}
    settings: dict[str, int | float | dict[str, int | float]] = {}
    in_force_on: str | None = None
    lack: Lack | None = None
    sum: Sum | None = None
    path: list[str] | None = None
    duplicate: Duplicate | None = None
    outlier: Outlier | None = None
    sql: str | None = None
    flag_when: str | None = None
    leave_out: list[LeaveOut] = []
    cannot_tell_when: list[CannotTell] = []
    one_warning_per: list[str] = Slot(min_length=1)
    grade: dict[Level, str]
    say: Words
    check: Lists
    innocent: Lists
    send_to: SendTo
    expect: Expect

    _list = field_validator("one_warning_per", mode="before")(_as_list)

    @field_validator("expires_on", mode="before")
    @classmethod
    def _date(cls, value: Any) -> Any:
        return None if value is None else date.fromisoformat(str(value)).isoformat()


class SupervisionModel:
    """A loaded model whose names all resolve.

    Attributes:
        name: the folder's name.
        facts: alias -> dataset.
        fingerprint: SHA-256 of the file's bytes; a warning keeps the one that raised it.
    """

    def __init__(self, folder: Path, datasets: Mapping[str, Dataset]) -> None:
        self.folder = folder
        self.path = folder / "model.yml"
        self.document = Document(self.path)
        self.declared = self.document.read(ModelFile)
        self.name = self.declared.model
        self.text = self.path.read_text(encoding="utf-8")
        self.fingerprint = hashlib.sha256(self.text.encode()).hexdigest()
        self._check_name()
        self.facts = dict(self._resolve_facts(datasets))
        self._check_mentions()
        self._check_shape()

    @property
    def subject(self) -> str:
        """The first of `one_warning_per`: an entity, or a `fact.column`."""
        return self.declared.one_warning_per[0]

    def column_of(self, named: str) -> tuple[str, str]:
        """The fact and column that an entity or `fact.column` of `one_warning_per` stands for."""
        references = self.declared.same.get(named, [named])
        present = [each for each in references if each.partition(".")[0] in self.evidence]
        fact, _, column = (present or references)[0].rstrip("?").partition(".")
        return fact, column

    @property
    def gathered(self) -> tuple[str, ...]:
        """Facts whose rows are gathered into groups before they are judged."""
        if self.declared.sum:
            return tuple(self.declared.sum.over)
        return (self.declared.duplicate.of,) if self.declared.duplicate else ()

    @property
    def evidence(self) -> tuple[str, ...]:
        """Facts whose rows a warning of this model rests on."""
        lacking = {self.declared.lack.fact} if self.declared.lack else set()
        return tuple(alias for alias in self.facts if alias not in lacking)

    @property
    def flag_rate(self) -> tuple[Fraction, Fraction]:
        """The band, in percent, that the share of flagged rows is expected in."""
        band = self.declared.expect.flag_rate
        number = r"\s*(\d+(?:\.\d+)?)%?\s*"
        found = re.fullmatch(rf"{number}\.\.{number}", band)
        if not found or Fraction(found[1]) > Fraction(found[2]):
            raise self.error(
                ("expect", "flag_rate"),
                f"“{band}”须写成 0%..5% 之类",
                f"'{band}' must be written like 0%..5%",
            )
        return Fraction(found[1]), Fraction(found[2])

    def has_expired(self, as_of: date) -> bool:
        ends = self.declared.expires_on
        return ends is not None and date.fromisoformat(ends) < as_of

    def error(
        self, slot: tuple[str | int, ...], zh: str, en: str, hint: Text | None = None
    ) -> DeclarationError:
        return self.document.error(slot, Text(zh, en), hint)

    def _check_name(self) -> None:
        if self.folder.name != self.name:
            raise self.error(
                ("model",),
                f"模型名“{self.name}”应与文件夹名“{self.folder.name}”相同",
                f"model '{self.name}' should be named like its folder, '{self.folder.name}'",
            )

    def _resolve_facts(self, datasets: Mapping[str, Dataset]) -> Iterator[tuple[str, Dataset]]:
        for alias, use in self.declared.facts.items():
            if not is_plain(alias) or alias in _OWN_NAMES:
                raise self.error(
                    ("facts", alias),
                    f"事实不能叫“{alias}”",
                    f"a fact cannot be called '{alias}'",
                    Text("用一个英文单词，如 payment", "use a plain word, such as payment"),
                )
            if use.dataset not in datasets:
                raise self.error(
                    ("facts", alias, "dataset"),
                    f"没有数据集“{use.dataset}”",
                    f"no dataset '{use.dataset}'",
                    did_you_mean(use.dataset, list(datasets)),
                )
            yield alias, datasets[use.dataset]

    def resolve(self, reference: str, slot: tuple[str | int, ...]) -> tuple[str, str]:
        """Fact and column of `fact.column`; raises with the nearest valid word."""
        fact, _, column = reference.partition(".")
        if fact not in self.facts:
            raise self.error(
                slot,
                f"没有事实“{fact}”（在 {reference} 中）",
                f"no fact '{fact}' (in {reference})",
                did_you_mean(fact, list(self.facts)),
            )
        if column not in self.facts[fact].columns:
            raise self.error(
                slot,
                f"数据集 {self.facts[fact].name} 没有列“{column}”（在 {reference} 中）",
                f"dataset {self.facts[fact].name} has no column '{column}' (in {reference})",
                did_you_mean(column, list(self.facts[fact].columns)),
            )
        return fact, column

    def _check_mentions(self) -> None:
        declared = self.declared
        self.resolve(declared.supervises, ("supervises",))
        self.resolve(declared.send_to.by, ("send_to", "by"))
        for entity, references in declared.same.items():
            for i, reference in enumerate(references):
                self.resolve(reference, ("same", entity, i))
        for i, named in enumerate(declared.one_warning_per):
            if named not in declared.same and not named.startswith("sql."):
                if "." not in named:
                    raise self.error(
                        ("one_warning_per", i),
                        f"“{named}”既不是 same 里的主体，也不是 事实.列",
                        f"'{named}' is neither an entity under same nor a fact.column",
                        did_you_mean(named, list(declared.same)),
                    )
                self.resolve(named, ("one_warning_per", i))
        _ = self.flag_rate
        levels = list(declared.grade)
        for level in levels[:-1]:
            if declared.grade[level].strip() == "otherwise":
                raise self.error(
                    ("grade", level),
                    "otherwise 之后的级别不会用到，须写在最后",
                    "no level after otherwise is used; it comes last",
                )
        if declared.in_force_on and declared.in_force_on != "as_of":
            self.resolve(declared.in_force_on, ("in_force_on",))
        if declared.expect.per not in self.facts:
            raise self.error(
                ("expect", "per"),
                f"没有事实“{declared.expect.per}”",
                f"no fact '{declared.expect.per}'",
                did_you_mean(declared.expect.per, list(self.facts)),
            )

    def _check_shape(self) -> None:
        declared = self.declared
        own = {"lack", "sum", "path", "duplicate", "outlier", "sql"}
        for slot in sorted(own):
            given, wanted = getattr(declared, slot) is not None, declared.shape == slot
            if given and not wanted:
                raise self.error(
                    (slot,),
                    f"shape 是 {declared.shape}，不用“{slot}”",
                    f"shape is {declared.shape}, which does not take '{slot}'",
                    Text(
                        f"写 shape: {slot}，或删去这一项",
                        f"write shape: {slot}, or remove this slot",
                    ),
                )
            if wanted and not given:
                raise self.error(
                    ("shape",), f"缺少“{slot}”一项", f"shape {slot} needs the slot '{slot}'"
                )
        if declared.flag_when is None and declared.shape in {"meet", "overlap", "path", "sum"}:
            raise self.error(
                ("shape",), "缺少 flag_when", f"shape {declared.shape} needs flag_when"
            )
        if declared.shape == "overlap" and "overlaps(" not in (declared.flag_when or ""):
            raise self.error(
                ("flag_when",),
                "overlap 形的 flag_when 须用 overlaps(...)",
                "shape overlap needs overlaps(...) in flag_when",
            )
        for i, alias in enumerate(declared.path or []):
            if alias not in self.facts:
                raise self.error(
                    ("path", i),
                    f"没有事实“{alias}”",
                    f"no fact '{alias}'",
                    did_you_mean(alias, list(self.facts)),
                )
        for shape, alias in [
            *(
                (("sum", "over", i), a)
                for i, a in enumerate(declared.sum.over if declared.sum else [])
            ),
            *([(("lack", "fact"), declared.lack.fact)] if declared.lack else []),
            *([(("duplicate", "of"), declared.duplicate.of)] if declared.duplicate else []),
        ]:
            if alias not in self.facts:
                raise self.error(
                    shape,
                    f"没有事实“{alias}”",
                    f"no fact '{alias}'",
                    did_you_mean(alias, list(self.facts)),
                )
