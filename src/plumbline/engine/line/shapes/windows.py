"""Sliding windows: for each row, what lies up to some hours or days before it."""

from __future__ import annotations

import re
from collections.abc import Mapping

from plumbline.engine.line.model import Sum, SupervisionModel
from plumbline.engine.line.shapes.gathering import FUNCTIONS, Gathering, Input


class Windows(Gathering):
    """Each row of the one fact that is gathered ends a window.

    A window has its figures only where it is certain which rows lie in it.
    """

    def __init__(
        self, model: SupervisionModel, what: Sum, slot: str, *, detail: bool = False
    ) -> None:
        super().__init__(model, what, slot, detail=detail)
        if len(what.over) > 1:
            raise model.error(
                (slot, "within"),
                "滑动窗口只能汇总一个事实",
                "a window slides over the rows of one fact only",
            )
        self.row = f"row_{what.over[0]}"
        found = re.fullmatch(r"(\d+)\s*(minute|hour|day|month)s?", what.within or "")
        if not found:
            raise model.error(
                (slot, "within"),
                f"“{what.within}”须写成 4 hours、30 days 之类",
                f"'{what.within}' must be written like 4 hours or 30 days",
            )
        self.within = f"INTERVAL '{found[1]}' {found[2].upper()}"

    def ctes(self) -> list[tuple[str, str]]:
        return [("inexact", self._inexact()), ("gathered", self._gathered())]

    def keys_of_kept(self) -> Mapping[str, str]:
        group = {f"at_{name}": f"gathered.{name}" for name in self.group_keys()}
        return {**group, "at_by": "gathered.by__from", "at_row": "gathered.lead"}

    def in_kept(self) -> str:
        # A row without a time is its own evidence of what cannot be told.
        return (
            f"(gathering.by__from BETWEEN kept.at_by - {self.within} AND kept.at_by "
            f"OR gathering.{self.row} = kept.at_row)"
        )

    def _exact(self, of: str = "") -> str:
        """A time known to the day (dates) or to the minute (moments) has a place in a window."""
        assert self.by is not None  # within and by belong together
        fact, column = self.by
        if self.model.facts[fact].columns[column].type == "moment":
            return f"{of}by__to < {of}by__from + INTERVAL '1' MINUTE"
        return f"{of}by__from = {of}by__to"

    def _inexact(self) -> str:
        """Rows in whose window another may or may not lie, since its time is not known exactly."""
        same = " AND ".join(f"other.{name} = gathering.{name}" for name in self.group_keys())
        # A semi-join, since DuckDB expects few rows of it and makes the hash table of what is joined to it.
        return (
            f"SELECT {self.row} AS row FROM gathering SEMI JOIN gathering AS other "
            f"ON {same} AND NOT ({self._exact('other.')}) AND other.{self.row} <> gathering.{self.row} "
            f"AND other.by__from <= gathering.by__to AND other.by__to >= gathering.by__from - {self.within}"
        )

    def _gathered(self) -> str:
        keys = ", ".join(self.keys())
        unknown = {column: 2**i for i, column in enumerate(self.unknowns())}
        inside = [f"{self._over(i)} AS {i.name}" for i in self.inputs]
        if unknown:
            # One number for all that is unknown in a window: every aggregate over windows is dear.
            bits = " + ".join(
                f"CASE WHEN {column} IS NULL THEN {bit} ELSE 0 END"
                for column, bit in unknown.items()
            )
            kind = "TINYINT" if len(unknown) < 8 else "BIGINT"
            inside.append(f"BIT_OR(CAST({bits} AS {kind})) OVER within AS unknown")
        windows = (
            f"SELECT {keys}, {', '.join(inside)}, {self.tier('tier', ' OVER within')} AS tier, "
            f"{self.row} AS lead FROM gathering WINDOW within AS (PARTITION BY {', '.join(self.group_keys())} "
            f"ORDER BY by__from RANGE BETWEEN {self.within} PRECEDING AND CURRENT ROW)"
        )
        certain = f"inexact.row IS NULL AND {self._exact()}"
        figures = []
        for i in self.inputs:
            bits = sum(unknown[column] for column in self.rests_on(i))
            known = f"{certain} AND (unknown & {bits}) = 0" if bits else certain
            figures.append(f"CASE WHEN {known} THEN {i.name} END AS {i.name}")
        return (
            f"SELECT {keys}, {', '.join(figures)}, tier, lead FROM ({windows}) AS windows "
            "LEFT JOIN inexact ON inexact.row = windows.lead"
        )

    def _over(self, wanted: Input) -> str:
        if wanted.aggregate == "distinct":
            raise self.model.error(
                (self.slot, "what", wanted.name),
                "滑动窗口里不能用 distinct；用 least(x) = most(x) 判断是否只有一个",
                "distinct cannot be used with within; compare least(x) with most(x)",
            )
        return f"{FUNCTIONS[wanted.aggregate]}({wanted.column or '*'}) OVER within"
