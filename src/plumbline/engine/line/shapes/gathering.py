"""What sum and duplicate share: the rows that are gathered, with all that is used of them.

`gathering` holds the rows, `gathered` the groups or windows with their figures. Once those are judged,
`kept` names the ones whose evidence is wanted, and `evidence` holds their rows.
"""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import sqlglot
from sqlglot import exp

from plumbline.engine.line.expression import Compiler, Refusal, parse
from plumbline.engine.line.inforce import numbers
from plumbline.engine.line.model import Sum, SupervisionModel, is_plain
from plumbline.engine.line.shapes.base import (
    Base,
    Spread,
    date_in_force,
    day_at,
    digest,
    filtered,
    plain_scope,
)
from plumbline.engine.line.shapes.ties import (
    agreed,
    identifier_key,
    joined,
    row_tiers,
    worst,
    worst_of,
)
from plumbline.engine.line.time import Day
from plumbline.errors import DeclarationError, Text

FUNCTIONS = {
    "rows": "COUNT", "total": "SUM", "least": "MIN", "earliest": "MIN", "most": "MAX", "latest": "MAX",
}  # fmt: skip


@dataclass(frozen=True)
class Input:
    """One aggregate: its name, and the column of `gathering` it is taken over."""

    name: str
    column: str | None
    aggregate: str
    nullable: bool
    facts: tuple[str, ...]  # whose rows it is over


class Gathering(ABC):
    """Builds `gathering` (the rows, with what is aggregated) and `gathered` (the groups)."""

    def __init__(
        self, model: SupervisionModel, what: Sum, slot: str, *, detail: bool = False
    ) -> None:
        self.model, self.what, self.slot, self.detail = model, what, slot, detail
        self.outside = [alias for alias in model.facts if alias not in what.over]
        self.scope = plain_scope(model)
        self.rows = "gathering"  # the query that holds the rows of all groups that may be flagged
        self.inputs: list[Input] = []
        self.columns: dict[str, str] = {}  # name in `gathering` -> SQL over the facts
        self.force: Day | None = None  # the columns that tell what was in force for a row
        self.unknown = what.rows_when is not None  # may it be unknown whether a row counts?
        self.tied = False  # do the facts that are gathered have identity tiers?
        self.derived: dict[str, str] = {}  # further columns of `gathered` -> SQL
        self.equal: dict[str, str] = {}  # SQL over a fact -> column of another that is equal to it
        self.dates: dict[str, str] = {}  # figures that are dates -> date or moment
        self.per = [
            model.resolve(ref.rstrip("?"), (slot, "per", i)) for i, ref in enumerate(what.per)
        ]
        #: Columns written with a question mark may be absent; absent equals absent.
        self.optional = {
            model.resolve(ref[:-1], (slot, "per")) for ref in what.per if ref.endswith("?")
        }
        self.by = model.resolve(what.by, (slot, "by")) if what.by else None
        for i, (fact, column) in enumerate(self.per):
            fields = model.facts[fact].types[column].fields
            if (fact, column) in self.optional and [field.sql for field in fields] != ["VARCHAR"]:
                raise model.error(
                    (slot, "per", i),
                    f"{fact}.{column} 不是文本列，不能写问号",
                    f"{fact}.{column} is no plain text; a question mark cannot stand here",
                )

    @abstractmethod
    def ctes(self) -> list[tuple[str, str]]:
        """The queries from `gathering` to `gathered`."""

    @abstractmethod
    def keys_of_kept(self) -> Mapping[str, str]:
        """What a candidate carries to find its rows again: name -> SQL."""

    @abstractmethod
    def in_kept(self) -> str:
        """Which rows belong to a group that is kept, besides sharing its keys; may be empty."""

    def base(self) -> Base:
        model, what = self.model, self.what
        over = joined(model, what.over, self.scope.locate)
        tiers = list(dict.fromkeys([*over.tiers, *row_tiers(model, self.per, self.scope.locate)]))
        self.tied = bool(tiers)
        self.columns = {**{f"row_{fact}": f"{fact}._row" for fact in what.over}, **self.keys()}
        self._take_figures()
        counts = self._counts()
        self._hold_the_rest([counts, *tiers])
        ctes = [("gathering", self._gathering(over.source, counts, tiers)), *self.ctes()]
        outside = joined(
            model, self.outside, self.locate, already=what.over, source="gathered", reach=self._kept
        )
        return Base(
            facts=list(model.facts),
            scope=replace(self.scope, locate=self.locate, derived=self._derive),
            in_force=self.in_force(),
            source=outside.source,
            rows={alias: f"{alias}._row" for alias in self.outside},
            tier=worst([*outside.tiers, "gathered.tier"]),
            lead="gathered.lead",
            evidence=[*what.over, *self.outside],
            ctes=ctes,
            figures=self.figures(),
            spread=self._spread(),
            derived=self.derived,
            doubts={**over.doubts, **outside.doubts},
        )

    def _gathering(self, source: str, counts: str, tiers: Sequence[str]) -> str:
        columns = dict(self.columns)
        if self.unknown:
            columns["counts"] = counts
        if tiers:
            columns["tier"] = worst(tiers)
        listed = ", ".join(f"{sql} AS {name}" for name, sql in columns.items())
        conditions = [f"{sql} IS NOT NULL" for sql in self.group_keys().values()]
        if self.unknown:
            conditions.append(f"({counts}) IS DISTINCT FROM FALSE")
        return f"SELECT {listed} FROM {source} WHERE {' AND '.join(conditions)}"

    def _spread(self) -> Spread:
        """How the rows of the groups that are kept are found again."""
        keys = self.keys_of_kept()
        same = [f"gathering.{name} = kept.at_{name}" for name in self.group_keys()]
        conditions = " AND ".join([*same, *filter(None, [self.in_kept()])])
        rows = ", ".join(
            f"gathering.row_{fact}, {digest([f'gathering.{name}' for name in self._own(fact)])} AS digest_{fact}"
            for fact in self.what.over
        )
        found = ", ".join(f"kept.{key}" for key in keys)
        source = "gathering" if self.rows == "gathering" else f"{self.rows} AS gathering"
        return Spread(
            keys, self.what.over, f"SELECT {found}, {rows} FROM kept JOIN {source} ON {conditions}"
        )

    def error(self, *slot: str | int) -> Refusal:
        def error(problem: Text, hint: Text | None = None) -> DeclarationError:
            return self.model.document.error((self.slot, *slot), problem, hint)

        return error

    def _physical(self, fact: str, column: str) -> list[str]:
        dataset = self.model.facts[fact]
        who = ["__who"] if column in dataset.bearers else []
        return [*(field.suffix for field in dataset.types[column].fields), *who]

    def _hold(self, name: str, sql: str) -> str:
        """Have a value in `gathering`; what is there already under another name is not added."""
        known = {other: held for held, other in self.columns.items()} | self.equal
        if sql not in known:
            self.columns[name] = sql
        return known.get(sql, name)

    def _hold_the_rest(self, read: Sequence[str]) -> None:
        """What no figure is taken over, but a verdict rests on: so it belongs into the digest."""
        model = self.model
        if (force := self._row_date()) is not None and not self.by:
            day = day_at(model, force, self.scope)
            self.force = Day(self._hold("force_from", day.first), self._hold("force_to", day.last))
        self._hold_ties()
        for fact in self.what.over:
            where = model.declared.facts[fact].where
            conditions = [
                *read,
                *([filtered(model, fact, self.scope)] if where is not None else []),
            ]
            for name in (c.name for sql in conditions for c in columns_of(sql) if c.table == fact):
                self._hold(f"read_{fact}_{name}", f"{fact}.{name}")

    def _own(self, fact: str) -> list[str]:
        """Columns of `gathering` that come from one fact, or are equal to what is in it."""
        shown = {
            f"{f}_{column}{suffix}"
            for f, column in self.per
            for suffix in self._physical(f, column)
        } - {*self.group_keys()}  # the text of an identifier that has a key
        own = [
            name for name, sql in self.columns.items()
            if name not in shown and not name.startswith("row_") and _mentions(sql, fact)
        ]  # fmt: skip
        equal = (name for sql, name in self.equal.items() if _mentions(sql, fact))
        own += [name for name in dict.fromkeys(equal) if name not in own]
        return own or [f"row_{fact}"]

    def _hold_ties(self) -> None:
        """The columns that tie the gathered facts to each other; what is tied is equal, and held once."""
        model = self.model
        for references in model.declared.same.values() if len(self.what.over) > 1 else ():
            split = [reference.split(".", 1) for reference in references]
            tied: dict[str, list[str]] = {}  # fact -> the columns that hold what ties it
            for fact, column in (each for each in split if each[0] in self.what.over):
                suffixes = identifier_key(model.facts[fact], column)
                first = next(iter(tied), fact)
                if first != fact and fact not in tied:
                    tied[fact] = tied[first]
                    own = [f"{fact}.{column}{suffix}" for suffix in suffixes]
                    self.equal.update(zip(own, tied[first], strict=True))
                else:
                    tied[fact] = [
                        self._hold(f"tie_{fact}_{column}{suffix}", f"{fact}.{column}{suffix}")
                        for suffix in suffixes
                    ]

    def keys(self) -> dict[str, str]:
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

    def group_keys(self) -> dict[str, str]:
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

    def tier(self, rows: str, window: str = "") -> str:
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

    def figures(self) -> dict[str, str | Day]:
        return {f"{self.slot}.{name}": self._named(name) for name in self.what.what}

    def _derive(self, day: Day) -> Day:
        """What depends on the group alone is worked out once for it, not for each row it is tied to."""
        ends = (day.first, day.last)
        of_group = all(column.table == "gathered" for end in ends for column in columns_of(end))
        if not of_group or all(re.fullmatch(r"[\w.]+", end) for end in ends):
            return day
        first, last = (self._derived(end) for end in ends)
        return replace(day, first=first, last=last)

    def _derived(self, sql: str) -> str:
        name = next((name for name, other in self.derived.items() if other == sql), None)
        name = name or f"derived__{len(self.derived) + 1}"
        self.derived[name] = sql
        return f"gathered.{name}"

    def _take_figures(self) -> None:
        taken = {*self.keys(), "tier", "lead", "counts", "unknown", "row", "force_from", "force_to"}
        for name, text in self.what.what.items():
            if not is_plain(name) or name in taken:
                raise self.model.error(
                    (self.slot, "what", name),
                    f"“{name}”不能作名称", f"'{name}' cannot be a name here",
                    Text("用一个英文单词，如 amount", "use a plain word, such as amount"),
                )  # fmt: skip
            self._figure(name, text)

    def _figure(self, name: str, text: str) -> None:
        error = self.error("what", name)
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
                    held = self._hold(f"of_{name}{suffix}", end)
                    self.inputs.append(
                        Input(f"{name}{suffix}", held, aggregate, _nullable(end), ())
                    )
                return self._named(name)
            column: str | None = None
            facts: tuple[str, ...] = (fact,)
            if inner is not None:
                column, facts = self._hold(f"of_{name}", inner), self._facts_in(inner)
            elif len(self.what.over) > 1:
                column, aggregate = f"row_{fact}", "distinct"
            nullable = inner is not None and _nullable(inner)
            self.inputs.append(Input(name, column, aggregate, nullable, facts))
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

    def _facts_in(self, inner: str) -> tuple[str, ...]:
        """The gathered facts whose columns are in an expression."""
        return tuple(fact for fact in self.what.over if _mentions(inner, fact))

    def _counts(self) -> str:
        if self.what.rows_when is None:
            return "TRUE"
        error = self.error("rows_when")
        in_rows = day_at(self.model, self._row_date(), self.scope)
        scope = replace(self.scope, error=error, numbers=numbers(self.model, in_rows))
        return Compiler(scope).boolean(parse(self.what.rows_when, error))

    def _row_date(self) -> str | None:
        """The date that decides, for one row, which settings were in force."""
        named = date_in_force(self.model)
        if named and named.partition(".")[0] in self.what.over:
            return named
        return ".".join(self.by) if self.by else None

    def in_force(self) -> Day:
        """The date in force for a group: its own, or the latest of its rows."""
        named, located = date_in_force(self.model), replace(self.scope, locate=self.locate)
        has = {f"{fact}.{column}" for fact, column in self.per}
        if self.by:
            has.add(".".join(self.by))
        if named and (named in has or named.partition(".")[0] in self.outside):
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

    def locate(self, fact: str, column: str) -> str:
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

    def rests_on(self, wanted: Input) -> list[str]:
        """The columns of `gathering` that must be known in all rows, or the figure is unknown."""
        counts = ["counts"] if self.unknown else []
        if not wanted.nullable or wanted.column is None:
            return counts
        # Both ends of a date are there or neither, so one is asked for both.
        first = wanted.column.removesuffix("__to") + "__from"
        return [
            *counts,
            first if wanted.column.endswith("__to") and first in self.columns else wanted.column,
        ]

    def unknowns(self) -> list[str]:
        """All columns of `gathering` that some figure rests on."""
        return list(dict.fromkeys(column for i in self.inputs for column in self.rests_on(i)))


def columns_of(sql: str) -> list[exp.Column]:
    """The columns that SQL mentions."""
    return list(sqlglot.parse_one(sql, dialect="duckdb").find_all(exp.Column))


def _mentions(sql: str, fact: str) -> bool:
    return any(column.table == fact for column in columns_of(sql))


def _nullable(sql: str) -> bool:
    """May the value be unknown? Any column may: a row may be older than the column's declaration."""
    return _may_be_null(sqlglot.parse_one(sql, dialect="duckdb"))


def _may_be_null(tree: exp.Expr) -> bool:
    tree = tree.unnest()
    if isinstance(tree, exp.Case):
        branches = [branch.args["true"] for branch in tree.args["ifs"]]
        default = tree.args.get("default")
        return default is None or any(_may_be_null(each) for each in [*branches, default])
    return not isinstance(tree, exp.Literal | exp.Boolean | exp.Is)
