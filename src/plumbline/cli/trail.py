"""The trail: sealing, heads for outside, proofs, and whether it is as it was sealed."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.workbench import with_database
from plumbline.errors import Text

if TYPE_CHECKING:
    from plumbline.trail.heads import Head
    from plumbline.trail.verifying import Fault, Report

_ON_A_SCREEN = 20

_KINDS = {
    "altered": Text("改动", "altered"),
    "deleted": Text("删除", "deleted"),
    "inserted": Text("插入", "inserted"),
    "reordered": Text("调换次序", "reordered"),
    "forged": Text("伪造树头", "head forged"),
    "signature": Text("签名不对", "signature wrong"),
    "fork": Text("分叉", "fork"),
}


@click.group()
def trail() -> None:
    """留痕：封存、外存树头、证明、核验 · Seal the trail, keep its heads outside, prove, verify."""


@trail.command()
@click.option(
    "--lost",
    is_flag=True,
    help="先把漏出队列的重新排队 · first put back what fell out of the queue",
)
@pass_office
def seal(office: Office, lost: bool) -> None:
    """封存等待的记录，并把树头送到外面 · Seal what waits, and send the heads outside.

    后台工作进程会自动做这件事。有地方送不到时退出码为 1，下次封存时补送。

    The worker does this of itself. Exit code 1 if some place has not got all heads;
    it catches up at the next sealing.
    """
    with_database(office)
    from plumbline.trail.anchor import anchor
    from plumbline.trail.sealing import requeue
    from plumbline.trail.sealing import seal as seal_all

    if lost:
        back = requeue()
        office.say(f"重新排队 {back} 条", f"put back: {back}")
    with office.busy("封存", "sealing"):
        done = seal_all(at=office.now)
    if done.busy:
        office.say("另一个封存进程正在工作", "another sealer is at work", "yellow")
    office.say(f"封存 {done.rows} 条", f"sealed: {done.rows}", "green" if done.rows else "")
    behind = False
    for each in anchor(at=office.now):
        if each.fault:
            behind = True
            problem = each.fault.problem.in_(office.lang)
            office.line((f"{each.place}: {problem}", "yellow"))
        else:
            office.line(
                f"{each.place}: ", office.words(f"已有 {each.size} 条的树头", f"{each.size} rows")
            )
    if behind:
        raise click.exceptions.Exit(1)


@trail.command()
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="一行 JSON，可存到别处 · a line of JSON to keep elsewhere",
)
@pass_office
def head(office: Office, as_json: bool) -> None:
    """最后一个树头，可抄在纸上 · The last head, fit to be copied to paper.

    抄下条数和树根，以后用 plumbline trail verify --head 核对。

    Copy the number of rows and the root; plumbline trail verify --head compares with it.
    """
    with_database(office)
    from plumbline.trail.stored import last_head

    last = last_head()
    if last is None:
        office.say("还没有封存过", "nothing is sealed yet")
        return
    if as_json:
        click.echo(json.dumps(last.as_json()))
        return
    for name, value in _on_paper(last):
        office.line((f"{name.in_(office.lang)}  ", "dim"), value)


def _on_paper(last: Head) -> Iterator[tuple[Text, str]]:
    yield Text("条数", "rows"), str(last.size)
    yield Text("树根", "root"), last.root.hex(" ", 4)
    yield Text("时间", "at  "), _local(last.at)
    yield Text("算法", "by  "), last.algorithm
    yield Text("公钥", "key "), last.key.hex(" ", 4)


def _local(at: str) -> str:
    try:
        return f"{datetime.fromisoformat(at).astimezone():%Y-%m-%d %H:%M:%S%z}"
    except ValueError:
        return at


@trail.command()
@click.argument("entry", type=click.IntRange(min=1))
@click.option(
    "--size",
    type=click.IntRange(min=1),
    help="在多少条的树头下，默认最后一个 · under the head of so many rows, by default the last",
)
@pass_office
def proof(office: Office, entry: int, size: int | None) -> None:
    """证明一条记录已经封存 · Prove that an entry is sealed.

    输出 JSON：记录的规范形式、位置、路径和签名的树头。

    Prints JSON: the entry in canonical form, its position, the path and the signed head.
    """
    with_database(office)
    from plumbline.trail.proving import proof_of

    click.echo(json.dumps(proof_of(entry, size=size), ensure_ascii=False, indent=2))


@trail.command()
@click.argument("peer")
@pass_office
def held(office: Office, peer: str) -> None:
    """写出替别的单位保存的树头 · Write out the heads kept here for another office.

    存成文件交给对方或审计人员，用 plumbline trail verify --head 核对。

    Save them to a file for that office or its auditors, who give it to
    plumbline trail verify --head.
    """
    with_database(office)
    from plumbline.trail.receiving import lines_of

    out = sys.stdout.buffer
    count = 0
    for count, line in enumerate(lines_of(peer), 1):  # noqa: B007 -- how many there were
        out.write(line)
    out.flush()
    if not count:
        office.remark(f"没有替 {peer} 保存树头", f"no heads are kept here for {peer}")


@trail.command()
@click.option(
    "--head", "heads", multiple=True, metavar="FILE", type=click.Path(dir_okay=False, allow_dash=True, path_type=Path),
    help="外面保存的树头，- 为标准输入；可多次 · heads kept outside, - for standard input; may be repeated",
)  # fmt: skip
@click.option(
    "--from",
    "begin",
    type=click.IntRange(min=0),
    default=0,
    metavar="POSITION",
    help="从这个位置起重算 · compute again from this position on",
)
@click.option("--json", "as_json", is_flag=True, help="一个 JSON 对象 · one JSON object")
@pass_office
def verify(office: Office, heads: tuple[Path, ...], begin: int, as_json: bool) -> None:
    """核验留痕是否与封存时相同 · Whether the trail is as it was sealed.

    逐条重算，并与设置的锚定文件和 --head 给出的树头核对。有任何不符，退出码为 1。

    Computes every row again and compares with the files it is anchored in and the
    heads of --head. Exit code 1 if anything differs.
    """
    with_database(office)
    from plumbline.trail.anchor import files
    from plumbline.trail.outside import outside
    from plumbline.trail.verifying import verify as compute

    anchored = [path for path in files() if path.is_file() and path.stat().st_size]
    with _readable(heads) as given, office.busy("核验", "verifying"):
        report = compute([outside(path) for path in (*anchored, *given)], begin=begin)
    report.notes += [
        Text(f"锚定文件 {path} 不见了", f"the anchor {path} is not there")
        for path in files()
        if report.anchored and path not in anchored
    ]
    if as_json:
        click.echo(json.dumps(_as_json(report), ensure_ascii=False))
    else:
        _tell(office, report)
    if report.faults:
        raise click.exceptions.Exit(1)


@contextmanager
def _readable(heads: tuple[Path, ...]) -> Iterator[list[Path]]:
    """Files that can be read twice; what comes from a pipe is written down first."""
    with NamedTemporaryFile(prefix="heads-") as copy:
        if Path("-") in heads:
            for line in sys.stdin.buffer:
                copy.write(line)
            copy.flush()
        yield [Path(copy.name) if path == Path("-") else path for path in heads]


def _tell(office: Office, report: Report) -> None:
    _tell_faults(office, report)
    for note in report.notes:
        office.line((note.in_(office.lang), "yellow"))
    office.say(
        f"已封存 {report.sealed} 条，重算 {report.checked} 条",
        f"sealed: {report.sealed}, computed again: {report.checked}",
    )
    office.say(
        f"外面的树头证实到第 {report.confirmed} 条；其后 {report.sealed - report.confirmed} 条只有数据库自己作证",
        f"confirmed by heads outside: {report.confirmed}; for the {report.sealed - report.confirmed} after them "
        "the database alone speaks",
        "" if report.sealed == report.confirmed else "yellow",
    )
    office.say(
        f"所有地方都已收到到第 {report.anchored} 条的树头",
        f"all places outside have the head of {report.anchored}",
    )
    office.say(
        f"未封存 {report.unsealed} 条：是否改动过无从得知",
        f"not sealed: {report.unsealed}; whether these were altered nothing can tell",
        "yellow" if report.unsealed else "",
    )
    if report.faults:
        office.say("与封存时不符", "the trail is not as it was sealed", "bold red")
    else:
        office.say("与封存时相同", "the trail is as it was sealed", "bold green")


def _tell_faults(office: Office, report: Report) -> None:
    if not report.faults:
        return
    limit = _ON_A_SCREEN if office.out.is_terminal else len(report.faults)
    office.table(
        [
            Text("什么", "what"), Text("编号", "number"), Text("位置", "position"), Text("动作", "action"),
            Text("对象", "subject"), Text("时间", "time"), Text("说明", "in words"),
        ],
        [_cells(office, fault) for fault in report.faults[:limit]],
        right=(1, 2),
    )  # fmt: skip
    if more := len(report.faults) - limit + report.more:
        office.remark(f"还有 {more} 处；--json 列出", f"and {more} more; --json lists them")


def _cells(office: Office, fault: Fault) -> list[Cell]:
    return [
        (_KINDS[fault.kind].in_(office.lang), "red"),
        "" if fault.number is None else str(fault.number),
        "" if fault.position is None else str(fault.position),
        fault.action,
        fault.subject,
        _local(fault.at) if fault.at else "",
        fault.says.in_(office.lang),
    ]


def _as_json(report: Report) -> dict[str, Any]:
    return {
        "sealed": report.sealed,
        "checked": report.checked,
        "confirmed": report.confirmed,
        "anchored": report.anchored,
        "unsealed": report.unsealed,
        "lost": report.lost,
        "head": report.last.as_json() if report.last else None,
        "faults": [
            {
                "kind": fault.kind.value,
                "number": fault.number,
                "position": fault.position,
                "action": fault.action,
                "subject": fault.subject,
                "at": fault.at,
                "says": fault.says._asdict(),
            }
            for fault in report.faults
        ],
        "more": report.more,
        "notes": [note._asdict() for note in report.notes],
    }
