"""Taking deliveries in, and what became of each file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, TypeVar

import click

from plumbline.cli.office import Cell, Office, pass_office
from plumbline.errors import Text

if TYPE_CHECKING:
    from plumbline.engine import AlreadyLoaded, Batch, Refused, Stray

_REASONS_SHOWN = 5

Command = TypeVar("Command", bound=Callable[..., Any])


def as_of_option(function: Command) -> Command:
    """`--as-of DATE`, handed over as a datetime or None."""
    return click.option(
        "--as-of",
        type=click.DateTime(["%Y-%m-%d"]),
        metavar="DATE",
        help="截止日，如 2024-06-30 · the day it speaks of",
    )(function)


@click.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@as_of_option
@click.option(
    "--accept",
    metavar="REASON",
    help="放行不合预期的批次并记下理由 · let in what is held, and say why",
)
@click.option("--again", is_flag=True, help="已装入的也重新装入 · load anew what was loaded before")
@pass_office
def load(
    office: Office,
    datasets: tuple[str, ...],
    as_of: datetime | None,
    accept: str | None,
    again: bool,
) -> None:
    """接收 inbox 里的新文件 · Take in what is new in the inbox.

    不合声明的行进隔离区，其余装入；不合预期的批次整批暂扣。有暂扣或失败时退出码为 1。

    Rows that break their declaration wait in quarantine, the rest loads; a delivery
    outside its expectations is held whole. Exit code 1 if any was held or failed.
    """
    with office.busy("接收文件", "taking in files"):
        results = office.workspace.load(
            at=office.now, only=datasets, as_of=as_of.date() if as_of else None,
            accept=accept, by=office.user, again=again,
        )  # fmt: skip
    if not tell_loaded(office, results):
        raise click.exceptions.Exit(1)


def tell_loaded(office: Office, results: Sequence[Batch | AlreadyLoaded | Refused | Stray]) -> bool:
    """Say what became of every file; True if nothing needs a person."""
    from plumbline.engine import AlreadyLoaded, Batch, Refused

    files = [r for r in results if isinstance(r, Batch | AlreadyLoaded | Refused)]
    if not files:
        office.say(
            f"没有新文件。把文件放进 {office.workspace.inbox} 下以数据集命名的文件夹",
            f"nothing new. Put files into a dataset's folder under {office.workspace.inbox}",
        )
    else:
        office.table(
            [
                Text("数据集", "dataset"), Text("文件", "file"), Text("截止日", "as of"),
                Text("行", "rows"), Text("装入", "loaded"), Text("隔离", "quarantined"),
                Text("结果", "result"),
            ],
            [_row(office, result) for result in files],
            right=(3, 4, 5),
        )  # fmt: skip
    for result in results:
        if isinstance(result, Batch):
            _tell_batch(office, result)
    _tell_missing(office, [result for result in results if isinstance(result, Batch)])
    tell_trouble(office, results)
    return not any(isinstance(r, Refused) or (isinstance(r, Batch) and r.is_held) for r in results)


def _row(office: Office, result: Batch | AlreadyLoaded | Refused) -> list[Cell]:
    from plumbline.engine import AlreadyLoaded, Batch

    if isinstance(result, Batch):
        held = result.is_held
        status = office.words("暂扣", "held") if held else office.words("已装入", "loaded")
        return [
            result.dataset, result.source, str(result.as_of), str(result.rows), str(result.loaded),
            (str(result.quarantined), "yellow" if result.quarantined else ""),
            (status, "bold yellow" if held else "green"),
        ]  # fmt: skip
    if isinstance(result, AlreadyLoaded):
        batch, status = result.batch, office.words("此前已装入", "loaded before")
        return [batch.dataset, batch.source, str(batch.as_of), "", "", "", (status, "dim")]
    status = office.words("失败", "failed")
    return [result.dataset, result.file, "", "", "", "", (status, "bold red")]


def _tell_batch(office: Office, batch: Batch) -> None:
    notes = [remark.in_(office.lang) for remark in batch.remarks]
    for count, zh, en in (
        (batch.repeated, "行重复，只留一份", "rows say the same twice; one was kept"),
        (batch.withdrawn, "行撤回了以前的行", "rows withdraw earlier ones"),
        (batch.refused, "行依法封存，未接收", "rows are sealed by law and were refused"),
    ):
        if count:
            notes.append(office.words(f"{count} {zh}", f"{count} {en}"))
    if batch.unmatched:
        listed = ", ".join(batch.unmatched)
        notes.append(
            office.words(f"没有表头的工作表：{listed}", f"sheets without the header: {listed}")
        )
    if batch.accepted:
        said = office.words("不合预期，已放行：", "unexpected, and let in: ")
        notes += [said + broken.in_(office.lang) for broken in batch.held]
    if not (batch.reasons or notes):
        return
    office.line((batch.source, "bold"))
    for reason in batch.reasons[:_REASONS_SHOWN]:
        column = f"{reason.column}: " if reason.column else ""
        office.line(
            (office.words(f"隔离 {reason.rows} 行  ", f"{reason.rows} quarantined  "), "yellow"),
            column + reason.reason.in_(office.lang), indent=2,
        )  # fmt: skip
    if (more := len(batch.reasons) - _REASONS_SHOWN) > 0:
        office.line(office.words(f"另有 {more} 种原因", f"{more} more reasons"), indent=2)
    for note in notes:
        office.line(note, indent=2)


def _tell_missing(office: Office, batches: Sequence[Batch]) -> None:
    """Optional columns that were not delivered, once for all files that lack them."""
    lacking: dict[tuple[str, str], int] = {}
    for batch in batches:
        if batch.missing:
            place = (batch.dataset, ", ".join(batch.missing))
            lacking[place] = lacking.get(place, 0) + 1
    for (dataset, columns), files in lacking.items():
        office.line(
            (
                office.words(
                    f"{dataset}：{files} 个文件没有这些列：{columns}",
                    f"{dataset}: columns not delivered in {files} files: {columns}",
                ),
                "dim",
            )
        )


def tell_trouble(office: Office, results: Sequence[object]) -> None:
    """What a person must see to: held deliveries, files that failed, files that belong nowhere."""
    from plumbline.engine import AlreadyLoaded, Batch, Refused, Stray

    for result in results:
        if isinstance(result, Batch) and result.is_held:
            _tell_held(office, result)
        elif isinstance(result, AlreadyLoaded):
            _tell_already(office, result)
        elif isinstance(result, Refused):
            first, *more = result.error.in_(office.lang).splitlines()
            office.line((office.words("未能装入 ", "not loaded "), "red"), first)
            for line in more:
                office.line(line.strip(), indent=2)
        elif isinstance(result, Stray):
            office.line(
                (office.words("不属于任何数据集 ", "belongs to no dataset "), "yellow"),
                str(result.path),
            )


def _tell_held(office: Office, batch: Batch) -> None:
    office.line(
        (office.words("整批暂扣 ", "held whole "), "bold yellow"), batch.source,
        office.words("，未装入任何行", ", no row was loaded"),
    )  # fmt: skip
    for broken in batch.held:
        office.line(broken.in_(office.lang), indent=2)
    reason = office.words("理由", "reason")
    office.line(
        office.words("查明后可放行：", "once it is explained, let it in: "),
        (f'plumbline load {batch.dataset} --accept "{reason}"', "cyan"), indent=2,
    )  # fmt: skip


def _tell_already(office: Office, result: AlreadyLoaded) -> None:
    if result.redeclared:
        office.say(
            f"{result.batch.source}：装入之后声明已改；要按新声明重新装入，加 --again",
            f"{result.batch.source}: declared otherwise since it was loaded; --again loads it anew",
            "yellow",
        )
