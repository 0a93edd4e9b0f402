"""What normal looks like: bands that a delivery must lie in, or a person has to let it in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.types.date import OPEN
from plumbline.engine.fact.types.money import Money
from plumbline.errors import DeclarationError, Text

_NUMBER = re.compile(r"-?\d[\d_,]*(?:\.\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True)
class Band:
    """A lower and an upper bound, both included; None is no bound."""

    low: Decimal | date | None
    high: Decimal | date | None
    written: str

    @classmethod
    def parse(cls, text: str) -> Band | None:
        """Reads "900..1200", "95%", "0%..2%", "1990-01-01.."; None if it is none of these.

        A share alone is a lower bound. Percentages become fractions.
        """
        low, dots, high = (part.strip() for part in text.partition(".."))
        if not dots:
            return cls(_bound(low), None, text) if low.endswith("%") and _bound(low) else None
        bounds = [None if part == "" else _bound(part) for part in (low, high)]
        if any(part and bound is None for part, bound in zip((low, high), bounds, strict=True)):
            return None
        if len({type(bound) for bound in bounds if bound is not None}) != 1:
            return None
        return cls(bounds[0], bounds[1], text)

    def holds(self, value: Decimal | int) -> bool:
        low, high = self.low, self.high
        above = low is None or (isinstance(low, Decimal) and value >= low)
        below = high is None or (isinstance(high, Decimal) and value <= high)
        return above and below


def _bound(text: str) -> Decimal | date | None:
    if _DAY.fullmatch(text):
        try:
            return date.fromisoformat(text)
        except ValueError:
            return None
    share = text.endswith("%")
    if not _NUMBER.fullmatch(text.rstrip("%").strip()):
        return None
    number = Decimal(re.sub("[_,]", "", text.rstrip("%").strip()))
    return number / 100 if share else number


@dataclass(frozen=True)
class Measured:
    """Counts of a delivery's rows, refused ones apart."""

    rows: int
    loaded: int
    quarantined: int
    unreadable: Mapping[str, int]  # column -> cells that say something unreadable


def broken(duck: Duck, dataset: Dataset, read: str, good: str, measured: Measured) -> list[Text]:
    """Each expectation that the delivery breaks, with the value measured.

    Args:
        read: relation of all rows read: the dataset's physical columns and `_withdrawn`.
        good: relation of the rows that would load.
    """
    found = []
    if measured.rows and not measured.loaded:
        found.append(Text("没有一行能够装入", "not one row can be loaded"))
    if not measured.rows:
        found.append(Text("只有表头，没有数据", "there is a header but no data"))
    expect = dataset.declared.expect
    if expect.rows is not None:
        band = _band(dataset, ("expect", "rows"), expect.rows)
        if not band.holds(measured.rows):
            found.append(
                Text(
                    f"行数 {measured.rows}，应为 {band.written}",
                    f"{measured.rows} rows; expected {band.written}",
                )
            )
    if expect.quarantined is not None and measured.rows:
        band = _band(dataset, ("expect", "quarantined"), expect.quarantined)
        share = Decimal(measured.quarantined) / measured.rows
        if not band.holds(share):
            found.append(
                Text(
                    f"{_percent(share)} 的行有错，应为 {band.written}",
                    f"{_percent(share)} of the rows are faulty; expected {band.written}",
                )
            )
    if measured.rows:
        found += _filled(duck, dataset, read, measured)
        for column, text in expect.range.items():
            found += _range(duck, dataset, good, column, text)
    return found


def _filled(duck: Duck, dataset: Dataset, read: str, measured: Measured) -> list[Text]:
    wanted = dataset.declared.expect.filled
    if not wanted:
        return []
    said = [f"count({sql.name(dataset.physical(column)[0])})" for column in wanted]
    [(count, *counts)] = duck.run(
        f"SELECT count(*), {', '.join(said)} FROM {read} WHERE NOT _withdrawn"
    )
    found = []
    for (column, text), readable in zip(wanted.items(), counts, strict=True):
        band = _band(dataset, ("expect", "filled", column), text)
        filled = readable + measured.unreadable.get(column, 0)
        share = Decimal(filled) / count if count else Decimal(0)
        if not band.holds(share):
            found.append(
                Text(
                    f"列 {column} 有值的占 {_percent(share)}，应为 {_at_least(text)[0]}",
                    f"column {column} is filled in {_percent(share)}; expected {_at_least(text)[1]}",
                )
            )
    return found


def _range(duck: Duck, dataset: Dataset, good: str, column: str, text: str) -> list[Text]:
    slot = ("expect", "range", column)
    band = _band(dataset, slot, text)
    type_, fields = dataset.types[column], dataset.physical(column)
    first, last = sql.name(fields[0]), sql.name(fields[1] if len(fields) > 1 else fields[0])
    scale = 10**type_.decimals if isinstance(type_, Money) else 1  # amounts in 元, stored in 分
    kind = type_.fields[0].sql
    dated = kind in {"DATE", "TIMESTAMP"}
    numeric = kind in {"BIGINT", "INTEGER"} or kind.startswith("DECIMAL")
    bounds = [bound for bound in (band.low, band.high) if bound is not None]
    if not (dated or numeric) or any(isinstance(bound, date) != dated for bound in bounds):
        raise dataset.document.error(
            slot,
            Text(
                f"范围 {text} 与列的类型 {type_.name} 不符",
                f"the range {text} does not fit a column of type {type_.name}",
            ),
        )

    def literal(bound: Decimal | date) -> str:
        if isinstance(bound, date):
            return f"DATE '{bound}'"
        return f"{bound * scale:f}"

    tests = []
    if band.low is not None:
        tests.append(f"{first} < {literal(band.low)}")
    if band.high is not None:
        high = f"CAST({last} AS DATE)" if dated else last
        open_end = f" AND {high} <> DATE '{OPEN}'" if dated else ""
        tests.append(f"({high} > {literal(band.high)}{open_end})")
    outside = " OR ".join(tests)
    [(count, low, high)] = duck.run(
        f"SELECT count(*), min({first}), max({last}) FROM {good} WHERE {outside}"
    )
    if not count:
        return []
    shown = [f"{Decimal(end) / scale:,f}" if scale > 1 else str(end) for end in (low, high)]
    return [
        Text(
            f"列 {column} 有 {count} 行在范围 {text} 之外（{shown[0]} 至 {shown[1]}）",
            f"column {column} is outside {text} in {count} rows ({shown[0]} to {shown[1]})",
        )
    ]


def _band(dataset: Dataset, slot: tuple[str, ...], text: str) -> Band:
    band = Band.parse(text)
    if band is None:
        raise _unreadable(dataset, slot, text)
    return band


def _unreadable(dataset: Dataset, slot: tuple[str, ...], text: str) -> DeclarationError:
    return dataset.document.error(
        slot,
        Text(f"读不懂的范围“{text}”", f"'{text}' is not a band"),
        Text(
            "写成 900..1200、95%、0%..2% 或 1990-01-01..2030-12-31",
            "write 900..1200, 95%, 0%..2% or 1990-01-01..2030-12-31",
        ),
    )


def _percent(share: Decimal) -> str:
    return f"{(share * 100).quantize(Decimal('0.01'))}%"


def _at_least(text: str) -> Text:
    return Text(text, text) if ".." in text else Text(f"至少 {text}", f"at least {text}")
