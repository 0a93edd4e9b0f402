"""Quarantine: rows that wait, out to the department and back again."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumbline.cli.load import tell_loaded
from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.warning import unmask_option
from plumbline.errors import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from plumbline.engine import Dataset, Quarantined

_ON_A_SCREEN = 20


@click.group()
def quarantine() -> None:
    """隔离区：等待更正的行 · Rows that wait to be corrected."""


_batch_option = click.option("--batch", metavar="ID", help="只看这一批 · only this batch")


@quarantine.command("list")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@_batch_option
@click.option("--reason", metavar="WORDS", help="原因里有这些字的 · whose reason has these words")
@click.option("--count", is_flag=True, help="只按原因计数 · only count them by reason")
@click.option(
    "--limit", type=click.IntRange(min=0), help="最多几行，0 为全部 · at most so many, 0 for all"
)
@unmask_option
@pass_office
def list_(  # noqa: PLR0913 -- rows can be narrowed in that many ways
    office: Office,
    *,
    datasets: tuple[str, ...],
    batch: str | None,
    reason: str | None,
    count: bool,
    limit: int | None,
    unmask: str | None,
) -> None:
    """列出隔离区里的行及原因 · List the rows that wait, and why.

    原值默认脱敏。

    Values are masked unless --unmask gives a reason.
    """
    if count:
        _tell_counts(office, datasets, batch)
        return
    office.unmask(unmask, " ".join(filter(None, ("quarantine list", *datasets, batch, reason))))
    found = office.workspace.waiting(datasets, batch, reason=reason)
    if limit is None:
        limit = _ON_A_SCREEN if office.out.is_terminal else 0
    shown = list(islice(found, limit)) if limit else list(found)
    if not shown:
        office.say("隔离区里没有这样的行", "no such rows in quarantine")
        return
    office.table(
        [
            Text("数据集", "dataset"), Text("位置", "where"), Text("单元格", "cell"),
            Text("表头", "header"), Text("原值", "value"), Text("原因", "reason"),
        ],
        [cells for dataset, row in shown for cells in _faults(office, dataset, row)],
    )  # fmt: skip
    if limit and next(found, None):
        office.remark(
            f"只显示前 {limit} 行；--limit 0 显示全部，--count 按原因计数",
            f"the first {limit} rows; --limit 0 shows all, --count counts them by reason",
        )


def _faults(office: Office, dataset: Dataset, row: Quarantined) -> Iterator[list[Cell]]:
    shown = row.masked(dataset) if office.masked else row
    for fault in shown.faults:
        cell = f"{fault.letter}{row.place.line}" if fault.letter else ""
        reason: Cell = (fault.reason.in_(office.lang), "yellow")
        yield [dataset.name, row.where, cell, fault.header, fault.value, reason]


def _tell_counts(office: Office, datasets: tuple[str, ...], batch: str | None) -> None:
    counts = office.workspace.waiting_counts(datasets, batch)
    if not counts:
        office.say("隔离区是空的", "nothing is in quarantine")
        return
    office.table(
        [
            Text("数据集", "dataset"), Text("批次", "batch"), Text("列", "column"),
            Text("原因", "reason"), Text("行", "rows"),
        ],
        [
            (each.dataset, each.batch, each.column, each.reason.in_(office.lang), str(each.rows))
            for each in counts
        ],
        right=(4,),
    )  # fmt: skip


@quarantine.command()
@click.argument("dataset")
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写到哪里，默认 <数据集>-待更正.xlsx · where to, default <dataset>-待更正.xlsx",
)
@_batch_option
@pass_office
def export(office: Office, dataset: str, out: Path | None, batch: str | None) -> None:
    """导出工作簿交部门更正 · Write a workbook for the department to correct.

    工作簿里是未脱敏的原始行，只应交回报送部门；导出会记入 access.log。

    It holds the rows as delivered, unmasked, for the department that sent them; this is noted
    in access.log.
    """
    out = out or Path(f"{dataset}-待更正.xlsx")
    office.workspace.dataset(dataset)
    office.workspace.note_access(
        at=office.now, by=office.user, what=" ".join(filter(None, ("quarantine export", dataset, batch))),
        reason="交报送部门更正",
    )  # fmt: skip
    done = office.workspace.export_waiting(dataset, out, batch)
    office.say(f"已写出 {out}：{done.rows} 行", f"wrote {out}: {done.rows} rows", "green")
    if done.left_out:
        office.say(
            f"{done.left_out} 行文字太长，表格放不下，未写出",
            f"{done.left_out} rows are too long for a spreadsheet and were left out",
            "yellow",
        )
    office.say(
        f"更正后装回：plumbline quarantine take-back {out}",
        f"once corrected: plumbline quarantine take-back {out}",
    )


@quarantine.command("take-back")
@click.argument("file", type=click.Path(dir_okay=False, exists=True, path_type=Path))
@click.option(
    "--accept",
    metavar="REASON",
    help="放行不合预期的更正并记下理由 · let in what is held, and say why",
)
@pass_office
def take_back(office: Office, file: Path, accept: str | None) -> None:
    """装回更正过的行 · Take corrected rows back.

    没有改好的行继续留在隔离区。有暂扣时退出码为 1。

    Rows that are still wrong go on waiting. Exit code 1 if the corrections are held.
    """
    result = office.workspace.take_back(file, at=office.now, accept=accept, by=office.user)
    if not tell_loaded(office, [result]):
        raise click.exceptions.Exit(1)
