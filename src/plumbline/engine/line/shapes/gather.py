"""sum and duplicate: rows are gathered into groups (perhaps sliding windows), then judged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp

from plumbline.engine.line.expression import Compiler, Refusal, Scope, parse
from plumbline.engine.line.inforce import numbers
from plumbline.engine.line.model import Sum, SupervisionModel, is_plain
from plumbline.engine.line.shapes.base import (
    KEPT,
    Base,
    date_in_force,
    day_at,
    digest,
    plain_scope,
)
from plumbline.engine.line.shapes.ties import (
    agreed,
    identifier_key,
    in_full,
    joined,
    row_tiers,
    worst,
    worst_of,
)
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
    base = _Gathering(model, as_sum, "duplicate").base()
    return base if model.declared.flag_when else replace(base, conditions=["gathered.rows >= 2"])


@dataclass
class _Input:
    """One aggregate: its name, and the column of `gathering` it is taken over."""

    name: str
    column: str | None
    aggregate: str
    nullable: bool
    facts: tuple[str, ...]  # whose rows it is over


class _Gathering:
    """Builds `gathering` (the rows, with what is aggregated) and `gathered` (the groups)."""

    def __init__(self, model: SupervisionModel, what: Sum, slot: str) -> None:
        self.model, self.what, self.slot = model, what, slot
        self.scope = plain_scope(model)
        self.inputs: list[_Input] = []
        self.columns: dict[str, str] = {}  # name in `gathering` -> SQL over the facts
        self.unknown = what.rows_when is not None  # may it be unknown whether a row counts?
        self.tied = False  # do the facts that are gathered have identity tiers?
        self.dates: dict[str, str] = {}  # figures that are dates -> date or moment
        self.per = [
            model.resolve(ref.rstrip("?"), (slot, "per", i)) for i, ref in enumerate(what.per)
        ]
        #: Columns written with a question mark may be absent; absent equals absent.
        self.optional = {
            model.resolve(ref[:-1], (slot, "per")) for ref in what.per if ref.endswith("?")
        }
        self.by = model.resolve(what.by, (slot, "by")) if what.by else None
        if (what.within is None) != (what.by is None):
            raise model.error((slot,), "within 和 by 须一起写", "within and by belong together")
        if what.by and len(what.over) > 1:
            raise model.error(
                (slot, "within"),
                "滑动窗口只能汇总一个事实",
                "a window slides over the rows of one fact only",
            )
        for i, (fact, column) in enumerate(self.per):
            fields = model.facts[fact].types[column].fields
            if (fact, column) in self.optional and [field.sql for field in fields] != ["VARCHAR"]:
                raise model.error(
                    (slot, "per", i),
                    f"{fact}.{column} 不是文本列，不能写问号",
                    f"{fact}.{column} is no plain text; a question mark cannot stand here",
                )

    def base(self) -> Base:
        model, what = self.model, self.what
        source, tiers = joined(model, what.over, self.scope.locate)
        tiers += [t for t in row_tiers(model, self.per, self.scope.locate) if t not in tiers]
        keys = self._keys()
        figures = self._figures()
        counts = self._counts()
        rows = {f"row_{fact}": f"{fact}._row" for fact in what.over}
        force = self._row_date()
        if force is not None:
            day = day_at(model, force, self.scope)
            self.columns |= {"force_from": day.first, "force_to": day.last}
        columns = {**rows, **keys, **self.columns, **self._ties()}
        if self.unknown:
            columns["counts"] = counts
        self.tied = bool(tiers)
        if self.tied:
            columns["tier"] = worst(tiers)
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        known = " AND ".join(f"{sql} IS NOT NULL" for sql in self._group_keys().values())
        gathering = f"SELECT {listed} FROM {source} WHERE {known}" + (
            f" AND ({counts}) IS DISTINCT FROM FALSE" if self.unknown else ""
        )
        gathered = self._windowed() if self.by else self._grouped()

        outside = [alias for alias in model.facts if alias not in what.over]
        located = replace(self.scope, locate=self._locate)
        end, more = joined(
            model,
            outside,
            self._locate,
            already=list(what.over),
            source="gathered",
            reach=self._kept,
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
            tier=worst([*more, "gathered.tier"]),
            lead="gathered.lead",
            evidence=[*what.over, *outside],
            ctes=[
                ("gathering", gathering),
                *([("inexact", self._inexact())] if self.by else []),
                ("gathered", gathered),
            ],
            figures={f"{self.slot}.{name}": self._named(name) for name in figures},
            carried={
                **{f"at_{name}": f"gathered.{name}" for name in group},
                **({"at_by": "gathered.by__from"} if self.by else {}),
            },
            expansion=self._expansion(group),
            expansion_of_kept=self._expansion_of_kept(group),
            expanded={fact: f"gathering.row_{fact}" for fact in what.over},
            digests={
                fact: digest([f"gathering.{name}" for name in self._own(fact)])
                for fact in what.over
            },
        )

    def _error(self, *slot: str | int) -> Refusal:
        def error(problem: Text, hint: Text | None = None) -> DeclarationError:
            return self.model.document.error((self.slot, *slot), problem, hint)

        return error

    def _physical(self, fact: str, column: str) -> list[str]:
        dataset = self.model.facts[fact]
        who = ["__who"] if column in dataset.bearers else []
        return [*(field.suffix for field in dataset.types[column].fields), *who]

    def _own(self, fact: str) -> list[str]:
        """Columns of `gathering` that come from one fact."""
        own = [f"{fact}_{column}{suffix}" for f, column in self.per if f == fact
               for suffix in self._physical(fact, column)]  # fmt: skip
        if self.by and self.by[0] == fact:
            own += ["by__from", "by__to"]
        inputs = [i.column for i in self.inputs if i.column and i.column in self.columns]
        own += [column for column in inputs if re.search(rf"\b{fact}\.", self.columns[column])]
        own += [name for name, sql in self._ties().items() if sql.startswith(f"{fact}.")]
        return own or [f"row_{fact}"]

    def _ties(self) -> dict[str, str]:
        """The columns that tie the gathered facts to each other."""
        if len(self.what.over) == 1:
            return {}
        return {
            f"tie_{fact}_{column}{suffix}": f"{fact}.{column}{suffix}"
            for references in self.model.declared.same.values()
            for fact, column in (reference.split(".", 1) for reference in references)
            if fact in self.what.over
            for suffix in identifier_key(self.model.facts[fact], column)
        }

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
        """What two rows must share to be in one group: name in `gathering` -> SQL over the facts.

        The same that ties two facts; two spellings of an organisation's name are one.
        """
        return {
            f"{fact}_{column}{suffix}": self._grouped_by(fact, column, suffix)
            for fact, column in self.per
            for suffix in identifier_key(self.model.facts[fact], column)
        }

    def _agreed(self, window: str = "") -> list[str]:
        """Conditions that the names under one citizen number go together."""
        return [
            agreed(f"{fact}_{name}__key", window)
            for fact, column in self.per
            if self.model.facts[fact].columns[column].type == "person.id"
            for name in self.model.facts[fact].names_of(column)[:1]
        ]

    def _tier(self, rows: str, window: str = "") -> str:
        """Identity tier of a group: of its rows, and B where they are not of one name."""
        rows = rows if self.tied else "'A'"
        if any(self.model.facts[fact].is_loose(column) for fact, column in self.per):
            rows = worst_of("tier", window)
        if not (agreements := " AND ".join(f"({each})" for each in self._agreed(window))):
            return rows
        alike = f"NOT ({agreements})" if rows == "'A'" else f"{rows} = 'A' AND NOT ({agreements})"
        return f"CASE WHEN {alike} THEN 'B' ELSE {rows} END"

    def _kept(self, fact: str, column: str) -> bool:
        """Is the column still there after gathering?"""
        return fact not in self.what.over or (fact, column) in (*self.per, self.by)

    def _grouped_by(self, fact: str, column: str, suffix: str) -> str:
        at = f"{fact}.{column}{suffix}"
        return f"COALESCE({at}, '')" if (fact, column) in self.optional else at

    def _named(self, name: str) -> str | Day:
        at = f"gathered.{name}"
        if name in self.dates:
            return Day(f"{at}__from", f"{at}__to", moment=self.dates[name] == "moment")
        return at

    def _figures(self) -> list[str]:
        taken = {*self._keys(), "tier", "lead", "counts", "row", "force_from", "force_to"}
        for name, text in self.what.what.items():
            if not is_plain(name) or name in taken:
                raise self.model.error(
                    (self.slot, "what", name),
                    f"“{name}”不能作名称", f"'{name}' cannot be a name here",
                    Text("用一个英文单词，如 amount", "use a plain word, such as amount"),
                )  # fmt: skip
            self._figure(name, text)
        return list(self.what.what)

    def _figure(self, name: str, text: str) -> None:
        error = self._error("what", name)
        in_rows = day_at(self.model, self._row_date(), self.scope)

        def note(aggregate: str, fact: str, inner: str | Day | None) -> str | Day:
            if fact not in self.what.over:
                raise self.model.error(
                    (self.slot, "what", name),
                    f"“{fact}”不在汇总的事实里",
                    f"'{fact}' is not among the facts that are gathered",
                )
            if isinstance(inner, Day):
                # The first or last of several uncertain days lies between those of their two ends.
                self.dates[name] = "moment" if inner.moment else "date"
                for suffix, end in (("__from", inner.first), ("__to", inner.last)):
                    self.columns[f"of_{name}{suffix}"] = end
                    self.inputs.append(
                        _Input(
                            f"{name}{suffix}",
                            f"of_{name}{suffix}",
                            aggregate,
                            self._nullable(end),
                            (),
                        )
                    )
                return self._named(name)
            column = None
            facts: tuple[str, ...] = (fact,)
            if inner is not None:
                column = f"of_{name}"
                self.columns[column] = inner
                facts = self._facts_in(inner)
            elif len(self.what.over) > 1:
                column = f"row_{fact}"
                aggregate = "distinct"
            self.inputs.append(_Input(name, column, aggregate, self._nullable(inner), facts))
            return self._named(name)

        scope = replace(
            self.scope, error=error, aggregate=note, numbers=numbers(self.model, in_rows)
        )
        before = len(self.inputs)
        written = Compiler(scope).value(parse(text, error))
        if len(self.inputs) == before or written != self._named(name):
            raise self.model.error(
                (self.slot, "what", name),
                "这里只能写一个汇总，如 total(事实.列)",
                "write one aggregate here, such as total(fact.column)",
            )

    def _nullable(self, inner: str | None) -> bool:
        """May the aggregated value be unknown? Not if every column in it is required."""
        if inner is None:
            return False
        return any(
            not self.model.facts[column.table].columns[column.name.split("__")[0]].required
            for column in sqlglot.parse_one(inner, dialect="duckdb").find_all(exp.Column)
            if column.table in self.model.facts
        )

    def _facts_in(self, inner: str) -> tuple[str, ...]:
        """The gathered facts whose columns are in an expression."""
        found = {c.table for c in sqlglot.parse_one(inner, dialect="duckdb").find_all(exp.Column)}
        return tuple(fact for fact in self.what.over if fact in found)

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

    def _grouped(self) -> str:
        group = list(self._group_keys())
        others = [name for name in self._keys() if name not in group]
        added = [i for i in self.inputs if self._is_added(i)]
        columns = [*group, *(f"{self._one_of(name)} AS {name}" for name in others)]
        columns += [f"{self._aggregated(i, '')} AS {i.name}" for i in self.inputs if i not in added]
        columns += [f"{self._tier('MAX(tier)')} AS tier", f"MIN(row_{self.what.over[0]}) AS lead"]
        if "force_from" in self.columns:
            columns += ["MAX(force_from) AS force_from", "MAX(force_to) AS force_to"]
        whole = f"SELECT {', '.join(columns)} FROM gathering GROUP BY {', '.join(group)}"
        if not added:
            return whole
        joins = "".join(
            f" JOIN ({self._once(i, group)}) AS {i.column} ON "
            + " AND ".join(f"{i.column}.{name} = whole.{name}" for name in group)
            for i in added
        )
        totals = ", ".join(f"{i.column}.{i.name}" for i in added)
        return f"SELECT whole.*, {totals} FROM ({whole}) AS whole{joins}"

    def _is_added(self, wanted: _Input) -> bool:
        """Is it a total of rows that stand in `gathering` once for every row they are tied to?"""
        return wanted.aggregate == "total" and set(wanted.facts) < set(self.what.over)

    @staticmethod
    def _one_of(name: str) -> str:
        """One value for the group. A full name goes before a masked one, which says less."""
        if name.endswith("__key"):
            return f"COALESCE(MIN({in_full(name)}), MIN({name}))"
        return f"MIN({name})"

    def _once(self, wanted: _Input, group: Sequence[str]) -> str:
        """A total in which each row counts once, however often others tie to it."""
        row = [*group, *(f"row_{fact}" for fact in wanted.facts)]
        columns = [*row, f"MIN({wanted.column}) AS {wanted.column}"]
        columns += ["MAX(CASE WHEN counts THEN 1 END) = 1 AS counts"] if self.unknown else []
        rows = f"SELECT {', '.join(columns)} FROM gathering GROUP BY {', '.join(row)}"
        total = self._aggregated(wanted, "")
        return (
            f"SELECT {', '.join(group)}, {total} AS {wanted.name} FROM ({rows}) AS once "
            f"GROUP BY {', '.join(group)}"
        )

    def _inexact(self) -> str:
        """Rows in whose window another may or may not lie, since its time is not known exactly."""
        fact = self.what.over[0]
        amount, unit = self._within()
        same = " AND ".join(f"other.{name} = gathering.{name}" for name in self._group_keys())
        return (
            f"SELECT DISTINCT gathering.row_{fact} AS row FROM gathering JOIN gathering AS other "
            f"ON {same} AND NOT ({self._exact('other.')}) AND other.row_{fact} <> gathering.row_{fact} "
            f"AND other.by__from <= gathering.by__to "
            f"AND other.by__to >= gathering.by__from - INTERVAL '{amount}' {unit}"
        )

    def _windowed(self) -> str:
        group = list(self._group_keys())
        amount, unit = self._within()
        over = (
            f" OVER (PARTITION BY {', '.join(group)} ORDER BY by__from "
            f"RANGE BETWEEN INTERVAL '{amount}' {unit} PRECEDING AND CURRENT ROW)"
        )
        exact = f"inexact.row IS NULL AND {self._exact()}"
        columns = [*self._keys()]
        columns += [
            f"CASE WHEN {exact} THEN {self._aggregated(i, over)} END AS {i.name}"
            for i in self.inputs
        ]
        row = f"row_{self.what.over[0]}"
        columns += [f"{self._tier('tier', over)} AS tier", f"{row} AS lead"]
        return (
            f"SELECT {', '.join(columns)} FROM gathering LEFT JOIN inexact ON inexact.row = {row}"
        )

    def _aggregated(self, wanted: _Input, over: str) -> str:
        """An aggregate that is unknown where a row's part in it is."""
        column = wanted.column
        checks = []
        if self.unknown:
            checks.append(f"COUNT(*){over} = COUNT(counts){over}")
        if wanted.nullable:
            # Both ends of a date are there or neither, so one is counted for both.
            counted = wanted.column.removesuffix("__to") if wanted.column else ""
            counted = f"{counted}__from" if wanted.column != counted else counted
            checks.append(f"COUNT(*){over} = COUNT({counted}){over}")
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
            function = {"total": "SUM", "least": "MIN", "earliest": "MIN"}.get(
                wanted.aggregate, "MAX"
            )
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

    def _exact(self, of: str = "") -> str:
        """A time known to the day (dates) or to the minute (moments) has a place in a window."""
        assert self.by is not None  # only windows ask
        fact, column = self.by
        if self.model.facts[fact].columns[column].type == "moment":
            return f"{of}by__to < {of}by__from + INTERVAL '1' MINUTE"
        return f"{of}by__from = {of}by__to"

    def _expansion_of_kept(self, group: Sequence[str]) -> str:
        """Left joined, so that an excused group is not spread out; a window is, or it would cost more."""
        if self.by:
            return self._expansion(group)
        first, *others = group
        key = f"CASE WHEN {KEPT} THEN judged.at_{first} END"
        rest = [f"gathering.{name} = judged.at_{name}" for name in others]
        return f" LEFT JOIN gathering ON {' AND '.join([f'gathering.{first} = {key}', *rest])}"

    def _expansion(self, group: Sequence[str]) -> str:
        conditions = [f"gathering.{name} = judged.at_{name}" for name in group]
        if self.by:
            amount, unit = self._within()
            window = f"gathering.by__from BETWEEN judged.at_by - INTERVAL '{amount}' {unit} AND judged.at_by"
            # A row without a time is its own evidence of what cannot be told.
            conditions.append(f"({window} OR gathering.row_{self.what.over[0]} = judged.lead)")
        return f" JOIN gathering ON {' AND '.join(conditions)}"
