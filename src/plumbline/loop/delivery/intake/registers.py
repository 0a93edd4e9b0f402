"""Datasets as people read them: what is received on which ground, what normal looks like, what waits and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from plumbline.engine import Dataset, Workspace
from plumbline.errors import Lang, Text

_RHYTHM = {
    "day": Text("每天", "daily"), "week": Text("每周", "weekly"), "month": Text("每月", "monthly"),
    "quarter": Text("每季度", "quarterly"), "year": Text("每年", "yearly"), "once": Text("只报一次", "once"),
}  # fmt: skip
_KIND = {
    "full": Text("每次报全部名单", "the whole list each time"),
    "changes": Text("每次报变动", "changes only"),
}
_EMPTY = Text("空着表示仍在继续", "empty means it still goes on")
_MASKED = Text("可带星号", "may hide some characters")


@dataclass(frozen=True)
class ColumnTold:
    """One column in words.

    Attributes:
        headers: under which it is delivered.
        of: the column of the number whose bearer it describes, by its header.
    """

    headers: str
    name: str
    meaning: str
    required: bool
    personal: bool
    key: bool
    of: str
    more: str


@dataclass(frozen=True)
class DatasetTold:
    """One declaration in words."""

    name: str
    title: str
    department: str
    legal_basis: str
    purpose: str
    retention: str
    rhythm: str
    every: str
    kind: str
    columns: tuple[ColumnTold, ...]
    ignored: tuple[str, ...]
    refused: tuple[str, ...]
    expected: tuple[str, ...]
    models: tuple[tuple[str, str], ...]  # name and title of those that read it


def rhythm(office: Workspace, name: str, lang: Lang) -> tuple[str, str, str]:
    """A dataset's rhythm, the same in words, and who delivers it."""
    declared = office.dataset(name).declared
    every = declared.delivery.every
    return every, _RHYTHM[every].in_(lang), declared.department.text.in_(lang)


def dataset_told(office: Workspace, name: str, lang: Lang) -> DatasetTold:
    """A dataset's declaration in words."""
    dataset = office.dataset(name)
    declared = dataset.declared
    every = declared.delivery.every
    models = [
        (model.name, model.declared.title.text.in_(lang))
        for model in office.models.values()
        if name in {d.name for d in model.facts.values()}
    ]
    return DatasetTold(
        name=name, title=declared.title.text.in_(lang), department=declared.department.text.in_(lang),
        legal_basis=declared.legal_basis.text.in_(lang), purpose=declared.purpose.text.in_(lang),
        retention=_retention(declared.retention).in_(lang), rhythm=_RHYTHM[every].in_(lang), every=every,
        kind=_KIND[declared.delivery.kind].in_(lang),
        columns=tuple(_column(dataset, column, lang) for column in dataset.columns),
        ignored=tuple(declared.ignore),
        refused=tuple(
            Text(
                f"“{dataset.columns[r.column].headers[0]}”为 {'、'.join(r.values)} 的行：{r.why.zh}",
                f"rows whose '{dataset.columns[r.column].headers[0]}' is {', '.join(r.values)}: {r.why.text.en}",
            ).in_(lang)
            for r in declared.refuse
        ),
        expected=tuple(said.in_(lang) for said in _expected(dataset)),
        models=tuple(sorted(models, key=lambda each: each[1])),
    )  # fmt: skip


def _retention(said: str) -> Text:
    number, _, unit = said.partition(" ")
    words = {"year": "年", "month": "个月", "day": "天"}.get(unit.rstrip("s"))
    return Text(f"{number}{words}", said) if words else Text("永久", said)


def _column(dataset: Dataset, name: str, lang: Lang) -> ColumnTold:
    column, type_ = dataset.columns[name], dataset.types[name]
    more = []
    if column.unit:
        more.append(Text(f"单位 {column.unit}", f"in {column.unit}"))
    if column.masked:
        more.append(_MASKED)
    if column.empty == "open":
        more.append(_EMPTY)
    if column.values:
        listed = list(dict.fromkeys(column.values))[:_SHOWN]
        more.append(Text("、".join(listed), ", ".join(listed)))
    return ColumnTold(
        " / ".join(column.headers), name, type_.title.in_(lang), column.required,
        dataset.is_personal(name), name in dataset.declared.key,
        dataset.columns[column.of].headers[0] if column.of else "",
        Text("；".join(t.zh for t in more), "; ".join(t.en for t in more)).in_(lang),
    )  # fmt: skip


_SHOWN = 8


def _expected(dataset: Dataset) -> Iterable[Text]:
    expect = dataset.declared.expect
    if expect.rows:
        yield Text(f"行数 {expect.rows}", f"rows {expect.rows}")
    for name, share in expect.filled.items():
        header = dataset.columns[name].headers[0]
        yield Text(f"“{header}”至少 {share} 有值", f"'{header}' filled in at least {share}")
    for name, band in expect.range.items():
        header = dataset.columns[name].headers[0]
        yield Text(f"“{header}”在 {band} 之间", f"'{header}' within {band}")
    if expect.quarantined:
        yield Text(
            f"隔离的行占 {expect.quarantined}", f"{expect.quarantined} of the rows in quarantine"
        )


def rows_now(office: Workspace, names: Iterable[str]) -> dict[str, int]:
    """Dataset -> how many rows it has now; none of those that were never loaded."""
    return {
        name: sum(file.rows for file in snapshot.files)
        for name, snapshot in office.snapshots(names).items()
    }


@dataclass(frozen=True)
class WaitingTold:
    """Rows that wait in quarantine for one reason."""

    dataset: str
    batch: str
    column: str
    header: str
    reason: str
    key: str  # the reason as it is looked for, whatever language is served
    rows: int


def waiting(office: Workspace, names: Iterable[str], lang: Lang) -> list[WaitingTold]:
    """How many rows of datasets wait, by batch and reason, most frequent first."""
    found = []
    for each in office.waiting_counts(list(names)):
        column = office.dataset(each.dataset).columns.get(each.column)
        found.append(
            WaitingTold(
                each.dataset, each.batch, each.column, column.headers[0] if column else "",
                each.reason.in_(lang), each.reason.zh, each.rows,
            )
        )  # fmt: skip
    return sorted(found, key=lambda each: -each.rows)


@dataclass(frozen=True)
class RowTold:
    """One cell of a row in quarantine: where it stands, what it says, masked, and what is wrong with it."""

    where: str
    cell: str
    header: str
    value: str
    reason: str


def waiting_rows(
    office: Workspace, name: str, lang: Lang, *, batch: str = "", reason: str = "", most: int = 100
) -> list[RowTold]:
    """The first rows of a dataset that wait, as delivered, with values masked."""
    found = []
    listed = office.waiting([name], batch or None, reason=reason or None)
    for dataset, row in islice(listed, most):
        shown = row.masked(dataset)
        found += [
            RowTold(
                row.where, f"{fault.letter}{row.place.line}" if fault.letter else "", fault.header,
                fault.value, fault.reason.in_(lang),
            )
            for fault in shown.faults
        ]  # fmt: skip
    return found
