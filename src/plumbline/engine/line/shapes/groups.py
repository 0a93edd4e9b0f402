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
        if not added:
            return [("gathered", self._whole())]
        promising = f"SELECT * FROM ({self._whole()}) AS gathered"
        if (may_be := self._may_be(added)) is not None:
            promising += f" WHERE ({may_be}) IS DISTINCT FROM FALSE"
        joins = "".join(
            f" JOIN ({self._once(i)}) AS {i.column} ON {self._same(str(i.column), 'promising')}"
            for i in added
        )
        totals = ", ".join(f"{i.column}.{i.name}" for i in added)
        return [
            ("promising", promising),
            ("gathered", f"SELECT promising.*, {totals} FROM promising{joins}"),
        ]

    def keys_of_kept(self) -> Mapping[str, str]:
        return {f"at_{name}": f"gathered.{name}" for name in self.group_keys()}

    def in_kept(self) -> str:
        return ""

    def _same(self, one: str, other: str) -> str:
        return " AND ".join(f"{one}.{name} = {other}.{name}" for name in self.group_keys())

    def _whole(self) -> str:
        """The groups with all figures, but for totals of rows that may stand in `gathering` repeatedly."""
        group = list(self.group_keys())
        columns = [
            *group,
            *(f"{_one_of(name)} AS {name}" for name in self.keys() if name not in group),
            *(self._at_most(i) if self._is_added(i) else f"{self._aggregated(i)} AS {i.name}"
              for i in self.inputs),
            f"{self.tier('MAX(tier)')} AS tier",
            f"MIN(row_{self.what.over[0]}) AS lead",
        ]  # fmt: skip
        if self.force is not None and self.force.first not in self.keys():
            columns += [
                f"MAX({self.force.first}) AS force_from",
                f"MAX({self.force.last}) AS force_to",
            ]
        return f"SELECT {', '.join(columns)} FROM gathering GROUP BY {', '.join(group)}"

    def _is_added(self, wanted: Input) -> bool:
        """Is it a total of rows that stand in `gathering` once for every row they are tied to?"""
        return wanted.aggregate == "total" and set(wanted.facts) < set(self.what.over)

    def _at_most(self, wanted: Input) -> str:
        """What such a total cannot exceed: what is above nothing, as often as it stands there."""
        most = f"CASE WHEN {wanted.column} > 0 THEN {wanted.column} ELSE 0 END"
        return f"{self._aggregated(wanted, most)} AS {wanted.name}_at_most"

    def _may_be(self, added: Sequence[Input]) -> str | None:
        """The parts of `flag_when` that say "more than", with what the totals cannot exceed.

        Counting each row once is dear, and a group of which these are false is clear without it.
        """
        if self.detail or self.model.declared.flag_when is None:
            return None
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
        return " AND ".join(f"({part})" for part in parts) or None

    def _once(self, wanted: Input) -> str:
        """A total in which each row counts once, however often others tie to it."""
        group = [f"gathering.{name}" for name in self.group_keys()]
        rows = [f"gathering.row_{fact}" for fact in wanted.facts]
        columns = [*group, f"MIN(gathering.{wanted.column}) AS {wanted.column}"]
        columns += ["MAX(CASE WHEN counts THEN 1 END) = 1 AS counts"] if self.unknown else []
        each = (
            f"SELECT {', '.join(columns)} FROM promising JOIN gathering ON "
            f"{self._same('gathering', 'promising')} GROUP BY {', '.join([*group, *rows])}"
        )
        keys = ", ".join(self.group_keys())
        total = self._aggregated(wanted)
        return f"SELECT {keys}, {total} AS {wanted.name} FROM ({each}) AS each GROUP BY {keys}"

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
