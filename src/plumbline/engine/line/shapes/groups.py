"""Groups: rows that share what stands under `per`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlglot import exp

from plumbline.engine.line.expression import Compiler, conjuncts, parse, references
from plumbline.engine.line.inforce import numbers
from plumbline.engine.line.shapes.gathering import FUNCTIONS, Gathering, Input, columns_of
from plumbline.engine.line.shapes.ties import in_full


class Groups(Gathering):
    """One group for each value of `per`."""

    def ctes(self) -> list[tuple[str, str]]:
        added = [i for i in self.inputs if self._is_added(i)]
        promising = self._promising(added)
        if promising is not None:
            self.rows = "promising"
        gathered = f"SELECT {_listed(self._columns())} FROM {self.rows} GROUP BY {self._group()}"
        if added:
            joins = "".join(
                f" JOIN ({self._once(i)}) AS {i.column} ON {self._same(str(i.column), 'whole')}"
                for i in added
            )
            totals = ", ".join(f"{i.column}.{i.name}" for i in added)
            gathered = f"SELECT whole.*, {totals} FROM ({gathered}) AS whole{joins}"
        first = [("promising", promising)] if promising is not None else []
        return [*first, ("gathered", gathered)]

    def keys_of_kept(self) -> Mapping[str, str]:
        return {f"at_{name}": f"gathered.{name}" for name in self.group_keys()}

    def in_kept(self) -> str:
        return ""

    def _same(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in self.group_keys())

    def _group(self) -> str:
        return ", ".join(self.group_keys())

    def _columns(self) -> dict[str, str]:
        """All of a group, but for totals of rows that may stand in `gathering` repeatedly."""
        group = self.group_keys()
        columns = {
            name: name if name in group else _one_of(name) for name in [*group, *self.keys()]
        }
        columns |= {i.name: self._aggregated(i) for i in self.inputs if not self._is_added(i)}
        columns |= {"tier": self.tier("MAX(tier)"), "lead": f"MIN(row_{self.what.over[0]})"}
        if self.force is not None and self.force.first not in self.keys():
            columns |= {
                "force_from": f"MAX({self.force.first})",
                "force_to": f"MAX({self.force.last})",
            }
        return columns

    def _is_added(self, wanted: Input) -> bool:
        """Is it a total of rows that stand in `gathering` once for every row they are tied to?"""
        return wanted.aggregate == "total" and set(wanted.facts) < set(self.what.over)

    def _at_most(self, wanted: Input) -> str:
        """What such a total cannot exceed: what is above nothing, as often as it stands there."""
        most = f"CASE WHEN {wanted.column} > 0 THEN {wanted.column} ELSE 0 END"
        return self._aggregated(wanted, most)

    def _promising(self, added: Sequence[Input]) -> str | None:
        """The rows of groups that may be flagged, as far as totals tell that cannot be exceeded.

        Counting each row once is dear, and so are all figures of a group that is clear without them.
        """
        may_be = " AND ".join(f"({part})" for part in self._may_be(added))
        if not may_be:
            return None
        columns = self._columns() | {f"{i.name}_at_most": self._at_most(i) for i in added}
        wanted = {*self.group_keys(), *(column.name for column in columns_of(may_be))}
        needed = {name: sql for name, sql in columns.items() if name in wanted}
        groups = f"SELECT {_listed(needed)} FROM gathering GROUP BY {self._group()}"
        found = f"SELECT {self._group()} FROM ({groups}) AS gathered WHERE ({may_be}) IS DISTINCT FROM FALSE"
        return (
            f"SELECT gathering.* FROM gathering SEMI JOIN ({found}) AS found "
            f"ON {self._same('gathering', 'found')}"
        )

    def _may_be(self, added: Sequence[Input]) -> list[str]:
        """The parts of `flag_when` that say "more than", with what the totals cannot exceed."""
        if not added or self.detail or self.model.declared.flag_when is None:
            return []
        error = self.error("flag_when")
        dear = {f"{self.slot}.{i.name}": f"gathered.{i.name}_at_most" for i in added}
        scope = replace(
            self.scope, error=error, locate=self.locate, figures={**self.figures(), **dear},
            numbers=numbers(self.model, self.in_force()),
        )  # fmt: skip
        parts = []
        for tree in conjuncts(parse(self.model.declared.flag_when, error)):
            if not isinstance(tree, exp.GT | exp.GTE) or tree.left.sql() not in dear:
                continue
            if any(f"{fact}.{name}" in dear for fact, name in references(tree.right)):
                continue
            part = Compiler(scope).boolean(tree)
            if all(column.table in ("gathered", "") for column in columns_of(part)):
                parts.append(part)
        return parts

    def _once(self, wanted: Input) -> str:
        """A total in which each row counts once, however often others tie to it."""
        rows = [f"row_{fact}" for fact in wanted.facts]
        columns = [*self.group_keys(), f"MIN({wanted.column}) AS {wanted.column}"]
        columns += ["MAX(CASE WHEN counts THEN 1 END) = 1 AS counts"] if self.unknown else []
        each = f"SELECT {', '.join(columns)} FROM {self.rows} GROUP BY {', '.join([self._group(), *rows])}"
        total = self._aggregated(wanted)
        return f"SELECT {self._group()}, {total} AS {wanted.name} FROM ({each}) AS each GROUP BY {self._group()}"

    def _aggregated(self, wanted: Input, value: str | None = None) -> str:
        """An aggregate that is unknown where a row's part in it is."""
        value = value or wanted.column or "*"
        distinct = wanted.aggregate == "distinct"
        sql = f"COUNT(DISTINCT {value})" if distinct else f"{FUNCTIONS[wanted.aggregate]}({value})"
        checks = [f"COUNT(*) = COUNT({column})" for column in self.rests_on(wanted)]
        return f"CASE WHEN {' AND '.join(checks)} THEN {sql} END" if checks else sql


def _one_of(name: str) -> str:
    """One value for the group. A full name goes before a masked one, which says less."""
    if name.endswith("__key"):
        return f"COALESCE(MIN({in_full(name)}), MIN({name}))"
    return f"MIN({name})"


def _listed(columns: Mapping[str, str]) -> str:
    return ", ".join(name if name == sql else f"{sql} AS {name}" for name, sql in columns.items())
