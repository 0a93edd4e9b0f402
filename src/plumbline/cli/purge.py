"""What has been kept as long as it may be: listed, proposed by one person, removed by another's word."""

from __future__ import annotations

from datetime import date, datetime
from importlib.util import find_spec
from typing import TYPE_CHECKING

import click

from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.workbench import is_there, set_up
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import DueBatch, Purge

STATES = {
    "proposed": Text("待批准", "proposed"),
    "withdrawn": Text("已撤回", "withdrawn"),
    "begun": Text("已批准，未做完", "approved, not finished"),
    "done": Text("已销毁", "purged"),
}
_KEYS_SHOWN = 5

_on_option = click.option(
    "--on", type=click.DateTime(["%Y-%m-%d"]), metavar="DATE",
    help="按哪一天判断到期，默认今天 · the day by which retention is judged, default today",
)  # fmt: skip
_by_option = click.option("--by", required=True, metavar="NAME", help="谁 · whose act it is")
_number = click.argument("number", type=int, metavar="N")


@click.group(invoke_without_command=True)
@click.pass_context
def purge(ctx: click.Context) -> None:
    """按保存期限销毁数据，须两人 · Remove data at the end of its retention; it takes two.

    \b
    plumbline purge
    plumbline purge propose --by 李某 --reason "保存期满" payments
    plumbline purge approve 1 --by 王某

    不带子命令时列出到期的和已有的提议。销毁的是收到的原件、隔离区的行、各版本数据里的行，
    以及只靠它们知道的人名和号码；留下摘要、行数、两个人和所依规定。

    Without a subcommand it lists what is due and what was proposed. Received files, rows in
    quarantine, rows of every version, and names and numbers known by them alone are removed;
    digests, counts, the two people and the rule remain.
    """  # noqa: D301 -- click keeps the lines after a real backspace
    if ctx.invoked_subcommand is None:
        ctx.invoke(list_)


@purge.command("list")
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@_on_option
@pass_office
def list_(office: Office, *, datasets: tuple[str, ...] = (), on: datetime | None = None) -> None:
    """列出到期的批次和销毁提议 · List batches that have fallen due, and proposals."""
    day = _day(office, on)
    found = office.workspace.due(datasets, on=day)
    if found:
        office.table(
            [
                Text("数据集", "dataset"), Text("批次", "batch"), Text("保存期限", "retention"),
                Text("保存到", "kept until"), Text("现有行", "rows"), Text("文件", "files"),
                Text("依据它的预警", "warnings resting on it"),
            ],
            [_due_row(office, each) for each in found], right=(4, 5, 6),
        )  # fmt: skip
    else:
        office.say(f"截至 {day} 没有到期的数据", f"nothing has fallen due by {day}")
    if proposals := office.workspace.purges():
        office.table(
            [
                Text("号", "no."), Text("状态", "state"), Text("提出", "proposed"),
                Text("批准", "approved"), Text("批次", "batches"), Text("行", "rows"), Text("理由", "reason"),
            ],
            [_proposal_row(office, each) for each in proposals], right=(0, 4, 5),
        )  # fmt: skip


def _due_row(office: Office, each: DueBatch) -> list[Cell]:
    batch = each.due.batch
    resting: Cell = (str(len(each.warnings)), "yellow" if each.warnings else "dim")
    return [
        batch.dataset, batch.id, office.workspace.dataset(batch.dataset).declared.retention,
        str(each.due.until), str(each.due.rows), str(len(each.due.files)), resting,
    ]  # fmt: skip


def _proposal_row(office: Office, each: Purge) -> list[Cell]:
    approved = f"{each.approved.by} {each.approved.at:%Y-%m-%d}" if each.approved else ""
    return [
        str(each.number), STATES[each.state].in_(office.lang),
        f"{each.proposed.by} {each.proposed.at:%Y-%m-%d}", approved,
        str(len(each.batches)), str(each.rows), each.reason,
    ]  # fmt: skip


@purge.command()
@_number
@click.option("--json", "as_json", is_flag=True, help="整份记录 · the whole record as JSON")
@pass_office
def show(office: Office, number: int, as_json: bool) -> None:
    """显示一份销毁提议或记录 · Show a proposal, or the record of what was purged."""
    found = office.workspace.purge(number)
    if as_json:
        click.echo(found.model_dump_json())
        return
    _tell(office, found)


@purge.command()
@click.argument("datasets", nargs=-1, metavar="[DATASET]...")
@_by_option
@click.option("--reason", required=True, metavar="TEXT", help="理由 · why")
@_on_option
@click.option(
    "--also-pinned", is_flag=True,
    help="连同现有预警所依据的；这些预警此后不能重算"
         " · also what standing warnings rest on, which then cannot be computed again",
)  # fmt: skip
@pass_office
def propose(
    office: Office,
    *,
    datasets: tuple[str, ...],
    by: str,
    reason: str,
    on: datetime | None,
    also_pinned: bool,
) -> None:
    """提出销毁，不改动任何数据 · Propose a purge; nothing changes yet."""
    with office.busy("清点", "counting"):
        found = office.workspace.propose_purge(
            datasets, on=_day(office, on), at=office.now, by=by, reason=reason,
            account=office.user, also_pinned=also_pinned,
        )  # fmt: skip
    _on_trail(office, "purge.proposed", found)
    _tell(office, found)
    office.say(
        f"另一人核对后批准：plumbline purge approve {found.number} --by 姓名",
        f"somebody else looks at it and approves: plumbline purge approve {found.number} --by NAME",
    )


@purge.command()
@_number
@_by_option
@pass_office
def approve(office: Office, number: int, by: str) -> None:
    """第二人批准，随即销毁 · A second person approves, and it is removed.

    先核对摘要；有出入则什么也不动。中途断电或被终止，再执行一次即可做完。
    inbox 里还留有同样的文件时退出码为 1。

    Digests are compared first; nothing is touched where one differs. After a power cut the
    same command completes it. Exit code 1 if the inbox still holds one of the files.
    """
    workspace = office.workspace
    with office.busy("核对", "comparing"):
        approved = workspace.approve_purge(number, at=office.now, by=by, account=office.user)
    _on_trail(office, "purge.approved", approved)
    with office.busy("销毁", "purging"):
        done = workspace.carry_out_purge(number, at=office.now)
    _on_trail(office, "purge.carried_out", done)
    office.say(
        f"已销毁：{len(done.batches)} 批，{done.rows} 行，{len(done.files) + len(done.more)} 个文件；"
        f"记录见 plumbline purge show {number}",
        f"purged: {len(done.batches)} batches, {done.rows} rows, {len(done.files) + len(done.more)} files; "
        f"the record: plumbline purge show {number}",
        "green",
    )
    if workspace.runs():
        office.say(
            "请再碰撞一次，使现有预警以留下的数据为据：plumbline collide",
            "run the models once more, so that standing warnings rest on what remains: plumbline collide",
        )
    if left := workspace.left_in_inbox(done):
        office.say("inbox 里还有同样的文件，请删除：", "the inbox still holds these; delete them:", "yellow")  # fmt: skip
        for path in left:
            office.line(str(path), indent=2)
        raise click.exceptions.Exit(1)


@purge.command()
@_number
@_by_option
@pass_office
def withdraw(office: Office, number: int, by: str) -> None:
    """撤回还没有批准的提议 · Take back a proposal that nobody has approved."""
    found = office.workspace.withdraw_purge(number, at=office.now, by=by, account=office.user)
    _on_trail(office, "purge.withdrawn", found)
    office.say(f"第 {number} 号提议已撤回", f"proposal {number} is withdrawn", "green")


def _day(office: Office, on: datetime | None) -> date:
    return on.date() if on else office.now.date()


def _tell(office: Office, found: Purge) -> None:
    """What goes, under which rule, and what it means for warnings."""
    office.line(
        (office.words(f"第 {found.number} 号  ", f"purge {found.number}  "), "bold"),
        (STATES[found.state].in_(office.lang), "bold cyan"),
        office.words(f"  按 {found.on} 判断到期", f"  retention judged by {found.on}"),
    )
    acts = (
        (Text("提出", "proposed by"), found.proposed), (Text("批准", "approved by"), found.approved),
        (Text("撤回", "withdrawn by"), found.withdrawn),
    )  # fmt: skip
    for said, act in acts:
        if act:
            office.line(
                f"{said.in_(office.lang)} {act.by}  {act.at:%Y-%m-%d %H:%M}  ({act.account})",
                indent=2,
            )
    office.line(office.words("理由 ", "reason: "), found.reason, indent=2)
    office.line(office.words("摘要 ", "digest "), found.digest, indent=2)
    office.table(
        [
            Text("批次", "batch"), Text("保存期限", "retention"), Text("保存到", "kept until"),
            Text("现有行", "rows"), Text("隔离", "quarantined"), Text("原件 SHA-256", "SHA-256 as received"),
        ],
        [
            (
                b.id, rule.retention if (rule := found.rule(b.dataset)) else "", str(b.until),
                str(b.rows), str(b.quarantined), b.sha256,
            )
            for b in found.batches
        ],
        right=(3, 4),
    )  # fmt: skip
    office.table(
        [Text("文件", "file"), Text("字节", "bytes"), Text("SHA-256", "SHA-256")],
        [(f.path, str(f.bytes), f.sha256) for f in (*found.files, *found.more)], right=(1,),
    )  # fmt: skip
    for each in found.kept_back:
        office.say(
            f"留下 {each.batch}：{len(each.warnings)} 条预警依据着它（{_some(each.warnings)}）",
            f"kept back {each.batch}: {len(each.warnings)} standing warnings rest on it ({_some(each.warnings)})",
            "yellow",
        )
    if found.unproven:
        office.say(
            f"{len(found.unproven)} 条现有预警此后不能重算：{_some(found.unproven)}",
            f"{len(found.unproven)} standing warnings can no longer be computed again: {_some(found.unproven)}",
            "red",
        )
    if found.stale:
        office.say(
            f"另有 {found.stale} 条现有预警，再碰撞一次后才又能重算",
            f"{found.stale} more standing warnings can be computed again only after the next run",
        )
    for model in found.lacking:
        office.say(
            f"模型 {model} 查的是“没有”：销毁的行在它看来就是没有，核对两个数据集的保存期限",
            f"the model {model} looks for what is missing and would miss what goes: compare the retention of its datasets",
            "yellow",
        )  # fmt: skip


def _some(keys: list[str]) -> str:
    return ", ".join(keys[:_KEYS_SHOWN]) + (" …" if len(keys) > _KEYS_SHOWN else "")


def _on_trail(office: Office, action: str, found: Purge) -> None:
    """The act and its digest are on the trail, once; not where there is no workbench yet."""
    if not is_there(office):
        return
    if find_spec("django") is None:
        raise PlumblineError(
            Text("没有安装工作台，写不了留痕", "the workbench is not installed, so the trail cannot be written"),
            hint=Text("安装 plumbline[web] 后再执行一次", "install plumbline[web] and run it again"),
        )  # fmt: skip
    set_up(office)
    from django.db import connection, transaction

    from plumbline.trail.actions import record
    from plumbline.trail.models import Entry

    if "trail_entry" not in connection.introspection.table_names():
        return
    subject = f"purge:{found.number}"
    with transaction.atomic():
        if Entry.objects.filter(action=action, subject=subject).exists():
            return
        approved = found.approved.by if found.approved else ""
        record(
            action, subject=subject, by=None, at=office.now, reason=found.reason, sha256=found.digest,
            account=office.user, proposed_by=found.proposed.by, approved_by=approved,
            batches=[batch.id for batch in found.batches], rows=found.rows,
        )  # fmt: skip
