"""Which column of a sheet is which column of its dataset: every one is used, ignored or reported."""

from __future__ import annotations

from dataclasses import dataclass, field

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.document import nearest
from plumbline.engine.fact.layout import Layout, column_letter, header_key
from plumbline.engine.fact.readers.base import Sheet
from plumbline.errors import DeliveryError, Text

_SHOWN = 8  # columns in a message


@dataclass(frozen=True)
class Mapping:
    """Positions, from 0, of a sheet's columns."""

    header: tuple[str, ...]
    used: dict[str, int]  # declared column -> position
    change: int | None = None  # the column that marks withdrawn rows
    nameless: tuple[int, ...] = ()  # without a header; must stay empty
    ignored: tuple[str, ...] = ()
    missing: tuple[str, ...] = field(default=())  # declared, not required, not there

    @property
    def positions(self) -> tuple[int, ...]:
        """The columns that have to be read, in order."""
        change = () if self.change is None else (self.change,)
        return tuple(sorted({*self.used.values(), *change, *self.nameless}))


def wanted_headers(dataset: Dataset) -> list[list[str]]:
    """The headers to look for, alternatives together."""
    change = dataset.declared.delivery.change
    wanted = [list(column.headers) for column in dataset.columns.values()]
    return [*wanted, [change.header]] if change else wanted


def needed_headers(dataset: Dataset) -> list[list[str]]:
    """The headers of the columns that no delivery can do without, alternatives together."""
    return [
        list(column.headers)
        for name, column in dataset.columns.items()
        if _is_needed(dataset, name) or name in dataset.declared.key
    ]


def map_columns(dataset: Dataset, sheet: Sheet, layout: Layout) -> Mapping:
    """Lay the declaration over the header of a sheet.

    Raises:
        DeliveryError: a column that is neither declared nor ignored, a required column that is not
            there, one declared column under two headers, or data without a header.
    """
    where = f"{sheet.file} [{sheet.name}]" if sheet.name else sheet.file
    declared = {
        header_key(header): name
        for name, column in dataset.columns.items()
        for header in column.headers
    }
    ignore = {header_key(header) for header in dataset.declared.ignore}
    marks = dataset.declared.delivery.change
    used: dict[str, int] = {}
    change, ignored, unknown, nameless = None, list[str](), list[int](), list[int]()
    for position, header in enumerate(layout.header):
        key = header_key(header)
        if not key:
            nameless.append(position)
        elif key in declared:
            name = declared[key]
            if name in used:
                raise _twice(where, name, layout.header, used[name], position)
            used[name] = position
        elif marks and key == header_key(marks.header):
            change = position
        elif key in ignore:
            ignored.append(header)
        else:
            unknown.append(position)
    missing = [name for name in dataset.columns if name not in used]
    absent = [name for name in missing if _is_needed(dataset, name)]
    if absent:
        raise _absent(where, dataset, absent, [layout.header[i] for i in unknown])
    if unknown:
        free = [header for name in missing for header in dataset.columns[name].headers]
        raise _unknown(where, layout.header, unknown, free, dataset)
    if marks and change is None:
        missing.append(marks.header)
    return Mapping(layout.header, used, change, tuple(nameless), tuple(ignored), tuple(missing))


def _is_needed(dataset: Dataset, name: str) -> bool:
    """Required columns, and those that say whether a row may be held at all."""
    sealing = {refuse.column for refuse in dataset.declared.refuse}
    return dataset.columns[name].required or name in sealing


def _twice(
    where: str, name: str, header: tuple[str, ...], first: int, second: int
) -> DeliveryError:
    one, other = header[first], header[second]
    at, then = column_letter(first), column_letter(second)
    return DeliveryError(
        Text(
            f"第 {at} 列“{one}”和第 {then} 列“{other}”都是列 {name}，不知道该用哪一列",
            f"column {at} '{one}' and column {then} '{other}' are both {name}; which one to use?",
        ),
        where=where,
        hint=Text(
            "在数据集声明里只留其中一个表头，把另一个写进 ignore",
            "keep one of the two headers in the dataset's declaration and list the other in ignore",
        ),
    )


def _absent(where: str, dataset: Dataset, absent: list[str], unknown: list[str]) -> DeliveryError:
    shown = [" / ".join(dataset.columns[name].headers) for name in absent]
    near = [
        found for name in absent if (found := nearest(dataset.columns[name].headers[0], unknown))
    ]
    hint = Text(
        "请报送单位补上；若只是换了表头，把新表头加进该列的 from",
        "ask the department for it; if only the header is new, add it to the column's from",
    )
    if near:
        hint = Text(f"是不是“{near[0]}”？{hint.zh}", f"is it '{near[0]}'? {hint.en}")
    return DeliveryError(
        Text(
            f"缺少必需的列：{'；'.join(shown)}", f"required columns are missing: {'; '.join(shown)}"
        ),
        where=where,
        hint=hint,
    )


def _unknown(
    where: str, header: tuple[str, ...], unknown: list[int], free: list[str], dataset: Dataset
) -> DeliveryError:
    named = [f"{column_letter(i)} “{header[i]}”" for i in unknown[:_SHOWN]]
    more = len(unknown) - len(named)
    every = [*free, *(h for column in dataset.columns.values() for h in column.headers)]
    near = [(header[i], found) for i in unknown if (found := nearest(header[i], free or every))]
    hint = Text(
        "在数据集声明里写明：要用的加进 columns，不用的加进 ignore",
        "say so in the dataset's declaration: list it under columns, or under ignore",
    )
    if near:
        hint = Text(
            f"“{near[0][0]}”与声明的“{near[0][1]}”相近；{hint.zh}",
            f"'{near[0][0]}' is close to the declared '{near[0][1]}'; {hint.en}",
        )
    return DeliveryError(
        Text(
            f"有既未声明也未列为忽略的列：第 {'、'.join(named)} 列"
            + (f"，另有 {more} 列" if more else ""),
            f"columns that are neither declared nor ignored: {', '.join(named)}"
            + (f" and {more} more" if more else ""),
        ),
        where=where,
        hint=hint,
    )
