"""sum and duplicate: rows are gathered into groups (perhaps sliding windows), then judged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from plumbline.engine.line.expression import Compiler, Refusal, Scope, parse
from plumbline.engine.line.inforce import numbers
from plumbline.engine.line.model import Sum, SupervisionModel
from plumbline.engine.line.shapes.base import (
    Base,
    date_in_force,
    day_at,
    digest,
    plain_scope,
)
from plumbline.engine.line.shapes.ties import joined, worst
from plumbline.engine.line.time import Day
from plumbline.errors import DeclarationError, Text


def base_of_sum(model: SupervisionModel) -> Base:
    assert model.declared.sum is not None  # the model was checked when it was loaded
    return _Gathering(model, model.declared.sum, "sum").base()


def base_of_duplicate(model: SupervisionModel) -> Base:
    assert model.declared.duplicate is not None
    duplicate = model.declared.duplicate
    as_sum = Sum(
        over=[duplicate.of],
        per=duplicate.on,
        rows_when=duplicate.rows_when,
        what={"rows": f"rows({duplicate.of})", **duplicate.what},
    )
    return _Gathering(model, as_sum, "duplicate").base()


@dataclass
class _Input:
    """One aggregate: its name, and the column of `gathering` it is taken over."""

    name: str
    column: str | None
    aggregate: str
    nullable: bool


class _Gathering:
    """Builds `gathering` (the rows, with what is aggregated) and `gathered` (the groups)."""

    def __init__(self, model: SupervisionModel, what: Sum, slot: str) -> None:
        self.model, self.what, self.slot = model, what, slot
        self.scope = plain_scope(model)
        self.inputs: list[_Input] = []
        self.columns: dict[str, str] = {}  # name in `gathering` -> SQL over the facts
        self.dates: set[str] = set()  # figures that are dates
        self.per = [model.resolve(ref.rstrip("?"), (slot, "per", i)) for i, ref in enumerate(what.per)]
        #: Columns written with a question mark may be absent; absent equals absent.
        self.optional = {model.resolve(ref[:-1], (slot, "per")) for ref in what.per if ref.endswith("?")}
        self.by = model.resolve(what.by, (slot, "by")) if what.by else None
        if (what.within is None) != (what.by is None):
            raise model.error(
                (slot,), "within 和 by 须一起写", "within and by belong together"
            )

    def base(self) -> Base:
        model, what = self.model, self.what
        source, tiers = joined(model, what.over, self.scope.locate)
        keys = self._keys()
        figures = self._figures()
        counts = self._counts()
        rows = {f"row_{fact}": f"{fact}._row" for fact in what.over}
        force = self._row_date()
        if force is not None:
            day = day_at(model, force, self.scope)
            self.columns |= {"force_from": day.first, "force_to": day.last}
        columns = {**rows, **keys, **self.columns, "counts": counts, "tier": worst(tiers)}
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        known = " AND ".join(f"{sql} IS NOT NULL" for sql in self._group_keys().values())
        gathering = f"SELECT {listed} FROM {source} WHERE ({counts}) IS DISTINCT FROM FALSE AND {known}"
        gathered = self._windowed(figures) if self.by else self._grouped(figures)

        outside = [alias for alias in model.facts if alias not in what.over]
        located = replace(self.scope, locate=self._locate)
        end, more = joined(
            model, outside, self._locate, already=list(what.over), source="gathered"
        )
        in_force = self._in_force(outside, located)
        row_columns = {alias: f"{alias}._row" for alias in outside}
        group = list(self._group_keys())
        return Base(
            facts=list(model.facts),
            scope=located,
            in_force=in_force,
            source=end,
            rows=row_columns,
            tier=worst([*more, "gathered.tier"]) if tiers or more else "'A'",
            lead="gathered.lead",
            evidence=[*what.over, *outside],
            ctes=[("gathering", gathering), ("gathered", gathered)],
            figures={f"{self.slot}.{name}": self._named(name) for name in figures},
            carried={
                **{f"at_{name}": f"gathered.{name}" for name in group},
                **({"at_by": "gathered.by__from"} if self.by else {}),
            },
            expansion=self._expansion(group),
            expanded={fact: f"gathering.row_{fact}" for fact in what.over},
            digests={fact: digest([f"gathering.{name}" for name in self._own(fact)])
                     for fact in what.over},
        )

    def _error(self, *slot: str | int) -> Refusal:
        def error(problem: Text, hint: Text | None = None) -> DeclarationError:
            return self.model.document.error((self.slot, *slot), problem, hint)

        return error

    def _physical(self, fact: str, column: str) -> list[str]:
        return [field.suffix for field in self.model.facts[fact].types[column].fields]

    def _own(self, fact: str) -> list[str]:
        """Columns of `gathering` that come from one fact."""
        own = [f"{fact}_{column}{suffix}" for f, column in self.per if f == fact
               for suffix in self._physical(fact, column)]  # fmt: skip
        if self.by and self.by[0] == fact:
            own += ["by__from", "by__to"]
        inputs = [i.column for i in self.inputs if i.column and i.column in self.columns]
        own += [column for column in inputs if re.search(rf"\b{fact}\.", self.columns[column])]
        return own or [f"row_{fact}"]

    def _keys(self) -> dict[str, str]:
        """Columns of `gathering` that are constant in a group, and the names that go with them."""
        found = {}
        for fact, column in self.per:
            for suffix in self._physical(fact, column):
                found[f"{fact}_{column}{suffix}"] = self._grouped_by(fact, column, suffix)
            for name in self.model.facts[fact].names_of(column):
                found[f"{fact}_{name}__key"] = f"{fact}.{name}__key"
        if self.by:
            fact, column = self.by
            found["by__from"], found["by__to"] = f"{fact}.{column}__from", f"{fact}.{column}__to"
        return found

    def _group_keys(self) -> dict[str, str]:
        """What two rows must share to be in one group: name in `gathering` -> SQL over the facts."""
        return {
            f"{fact}_{column}{suffix}": self._grouped_by(fact, column, suffix)
            for fact, column in self.per
            for suffix in self._physical(fact, column)
        }

    def _grouped_by(self, fact: str, column: str, suffix: str) -> str:
        at = f"{fact}.{column}{suffix}"
        return f"COALESCE({at}, '')" if (fact, column) in self.optional else at

    def _named(self, name: str) -> str | Day:
        at = f"gathered.{name}"
        return Day(at, at) if name in self.dates else at

    def _figures(self) -> list[str]:
        for name, text in self.what.what.items():
            self._figure(name, text)
        return list(self.what.what)

    def _figure(self, name: str, text: str) -> None:
        error = self._error("what", name)
        in_rows = day_at(self.model, self._row_date(), self.scope)

        def note(aggregate: str, fact: str, inner: str | None) -> str:
            if fact not in self.what.over:
                raise self.model.error(
                    (self.slot, "what", name),
                    f"“{fact}”不在汇总的事实里",
                    f"'{fact}' is not among the facts that are gathered",
                )
            column = None
            if aggregate in ("earliest", "latest", "least", "most") and self._is_date(text):
                self.dates.add(name)
            if inner is not None:
                column = f"of_{name}"
                self.columns[column] = inner
            elif len(self.what.over) > 1:
                column = f"row_{fact}"
                aggregate = "distinct"
            self.inputs.append(_Input(name, column, aggregate, self._nullable(inner)))
            return name

        scope = replace(
            self.scope, error=error, aggregate=note, numbers=numbers(self.model, in_rows)
        )
        written = Compiler(scope).value(parse(text, error))
        if written != name:
            raise self.model.error(
                (self.slot, "what", name),
                "这里只能写一个汇总，如 total(事实.列)",
                "write one aggregate here, such as total(fact.column)",
            )

    def _is_date(self, text: str) -> bool:
        """Is the aggregate over a date column?"""
        found = re.search(r"\(\s*(\w+)\.(\w+)\s*\)", text)
        dataset = self.model.facts.get(found[1]) if found else None
        declared = dataset.columns.get(found[2]) if dataset and found else None
        return declared is not None and declared.type == "date"

    def _nullable(self, inner: str | None) -> bool:
        """May the aggregated value be unknown? Not if every column in it is required."""
        if inner is None:
            return False
        found = re.findall(r"\b([a-z_][a-z0-9_]*)\.([a-z_][a-z0-9_]*)", inner)
        for fact, physical in found:
            column = physical.split("__")[0]
            dataset = self.model.facts.get(fact)
            if dataset and not dataset.columns[column].required:
                return True
        return False

    def _counts(self) -> str:
        if self.what.rows_when is None:
            return "TRUE"
        error = self._error("rows_when")
        in_rows = day_at(self.model, self._row_date(), self.scope)
        scope = replace(self.scope, error=error, numbers=numbers(self.model, in_rows))
        return Compiler(scope).boolean(parse(self.what.rows_when, error))

    def _row_date(self) -> str | None:
        """The date that decides, for one row, which settings were in force."""
        named = date_in_force(self.model)
        if named and named.partition(".")[0] in self.what.over:
            return named
        return ".".join(self.by) if self.by else None

    def _in_force(self, outside: Sequence[str], located: Scope) -> Day:
        """The date in force for a group: its own, or the latest of its rows."""
        named = date_in_force(self.model)
        has = {f"{fact}.{column}" for fact, column in self.per}
        if self.by:
            has.add(".".join(self.by))
        if named and (named in has or named.partition(".")[0] in outside):
            return day_at(self.model, named, located)
        if self.by:
            return day_at(self.model, ".".join(self.by), located)
        if self._row_date() is not None:
            return Day("gathered.force_from", "gathered.force_to")
        dates = [
            f"{fact}.{column}" for fact, column in self.per
            if self.model.facts[fact].columns[column].type in ("date", "moment")
        ]  # fmt: skip
        return day_at(self.model, dates[0] if dates else None, located)

    def _locate(self, fact: str, column: str) -> str:
        if fact not in self.what.over:
            return f"{fact}.{column}"
        if self.by == (fact, column):
            return "gathered.by"
        names = [n for f, c in self.per for n in self.model.facts[f].names_of(c) if f == fact]
        if (fact, column) in self.per or column in names:
            return f"gathered.{fact}_{column}"
        raise self.model.error(
            (self.slot, "per"),
            f"汇总之后不再有 {fact}.{column}；把它写进 per，或在 what 里汇总",
            f"{fact}.{column} is gone after gathering; put it in per, or aggregate it in what",
        )

    def _grouped(self, figures: Sequence[str]) -> str:
        group = list(self._group_keys())
        others = [name for name in self._keys() if name not in group]
        unknown = self.what.rows_when is not None
        columns = [*group, *(f"MIN({name}) AS {name}" for name in others)]
        columns += [f"{self._aggregated(i, '', unknown)} AS {i.name}" for i in self.inputs]
        columns += ["MAX(tier) AS tier", f"MIN(row_{self.what.over[0]}) AS lead"]
        if "force_from" in self.columns:
            columns += ["MAX(force_from) AS force_from", "MAX(force_to) AS force_to"]
        source = "gathering"
        if len(self.what.over) > 1:
            source = self._once(group, others)
        return f"SELECT {', '.join(columns)} FROM {source} GROUP BY {', '.join(group)}"

    def _once(self, group: Sequence[str], others: Sequence[str]) -> str:
        """Each row of the fact that is added up counts once, however often others tie to it."""
        named = dict.fromkeys(
            [*group, *others, *(f"row_{fact}" for fact in self.what.over[-1:]),
             *(i.column for i in self.inputs if i.column), "counts", "tier",
             *(name for name in ("force_from", "force_to") if name in self.columns),
             f"row_{self.what.over[0]}"]
        )  # fmt: skip
        return f"(SELECT DISTINCT {', '.join(named)} FROM gathering) AS once"

    def _windowed(self, figures: Sequence[str]) -> str:
        group = list(self._group_keys())
        unknown = self.what.rows_when is not None
        amount, unit = self._within()
        over = (
            f" OVER (PARTITION BY {', '.join(group)} ORDER BY by__from "
            f"RANGE BETWEEN INTERVAL '{amount}' {unit} PRECEDING AND CURRENT ROW)"
        )
        exact = self._exact()
        columns = [*self._keys()]
        columns += [
            f"CASE WHEN {exact} THEN {self._aggregated(i, over, unknown)} END AS {i.name}"
            for i in self.inputs
        ]
        columns += ["tier", f"row_{self.what.over[0]} AS lead"]
        return f"SELECT {', '.join(columns)} FROM gathering"

    def _aggregated(self, wanted: _Input, over: str, unknown: bool) -> str:
        """An aggregate that is unknown where a row's part in it is."""
        column = wanted.column
        if unknown:
            column = f"CASE WHEN counts THEN {column or '1'} END"
        checks = []
        if unknown:
            checks.append(f"COUNT(*){over} = COUNT(counts){over}")
        if wanted.nullable:
            checks.append(f"COUNT(*){over} = COUNT({wanted.column}){over}")
        if wanted.aggregate == "rows":
            sql = f"COUNT({column or '*'}){over}"
        elif wanted.aggregate == "distinct":
            if over:
                raise self.model.error(
                    (self.slot, "what", wanted.name),
                    "滑动窗口里不能用 distinct；用 least(x) = most(x) 判断是否只有一个",
                    "distinct cannot be used with within; compare least(x) with most(x)",
                )
            sql = f"COUNT(DISTINCT {column})"
        else:
            function = {"total": "SUM", "least": "MIN", "earliest": "MIN"}.get(wanted.aggregate, "MAX")
            sql = f"{function}({column}){over}"
        return f"CASE WHEN {' AND '.join(checks)} THEN {sql} END" if checks else sql

    def _within(self) -> tuple[int, str]:
        found = re.fullmatch(r"(\d+)\s*(minute|hour|day|month)s?", self.what.within or "")
        if not found:
            raise self.model.error(
                (self.slot, "within"),
                f"“{self.what.within}”须写成 4 hours、30 days 之类",
                f"'{self.what.within}' must be written like 4 hours or 30 days",
            )
        return int(found[1]), found[2].upper()

    def _exact(self) -> str:
        """A time known to the day (dates) or to the minute (moments) has a place in a window."""
        assert self.by is not None  # only windows ask
        fact, column = self.by
        if self.model.facts[fact].columns[column].type == "moment":
            return "by__to < by__from + INTERVAL '1' MINUTE"
        return "by__from = by__to"

    def _expansion(self, group: Sequence[str]) -> str:
        conditions = [f"gathering.{name} = judged.at_{name}" for name in group]
        if self.by:
            amount, unit = self._within()
            # A row without an exact time is its own evidence of what cannot be told.
            window = (
                f"gathering.by__from BETWEEN judged.at_by - INTERVAL '{amount}' {unit} AND judged.at_by"
            )
            conditions.append(f"({window})")
        return f" JOIN gathering ON {' AND '.join(conditions)}"




