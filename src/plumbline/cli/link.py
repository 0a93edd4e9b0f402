"""Tying rows to those they are about, and asking about one of them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.warning import unmask_option
from plumbline.errors import Text

if TYPE_CHECKING:
    from plumbline.engine import Linked


@click.command()
@click.option(
    "--full", is_flag=True, help="每一行都重新辨认 · look at every row again, not only at new ones"
)
@click.option(
    "--retrain",
    is_flag=True,
    help="重新统计姓名、重新学习权重 · count names and learn the weights anew",
)
@click.option("--json", "as_json", is_flag=True, help="输出一行 JSON · print one line of JSON")
@pass_office
def link(office: Office, full: bool, retrain: bool, as_json: bool) -> None:
    """辨认没有完整号码的行说的是谁 · Tie rows without a full number to those they are about.

    collide 会自动先做这一步。

    collide does this by itself.
    """
    with office.busy("辨认身份", "finding out who is who"):
        linked = office.workspace.link(at=office.now, full=full, retrain=retrain)
    if as_json:
        click.echo(json.dumps(linked_as_json(office, linked), ensure_ascii=False))
    else:
        tell_linked(office, linked)


def tell_linked(office: Office, linked: Linked) -> None:
    """How many rows are tied by which tier, and what that means."""
    from plumbline.engine import TIERS

    rows: list[list[Cell]] = [
        [(tier, "bold"), f"{linked.tiers[tier]:,}", meaning.in_(office.lang)]
        for tier, meaning in TIERS.items() if tier in linked.tiers
    ]  # fmt: skip
    nobody = Text(
        "名册里没有人相符，或相符的人太多", "nobody in the registers fits, or too many do"
    )
    rows.append(["—", f"{linked.open:,}", nobody.in_(office.lang)])
    office.table(
        [Text("等级", "tier"), Text("行", "rows"), Text("含义", "meaning")], rows, right=(1,)
    )
    office.say(
        "按自己的完整号码归属的行（A 级）不在其中",
        "rows that go by a full number of their own (tier A) are not counted here",
        "dim",
    )
    if linked.unchanged:
        office.say(
            "数据和判断都没有变，未重新辨认",
            "no data and no judgement changed; nothing to do",
            "dim",
        )
    else:
        how = Text("全部", "all") if linked.in_full else Text("可能有变的", "those that may change")
        office.say(
            f"辨认了 {linked.looked_at:,} 种写法（{how.zh}）；{linked.changes:,} 行的归属有变",
            f"{linked.looked_at:,} statements were looked at ({how.en}); {linked.changes:,} rows are tied otherwise",
        )
    for note in linked.notes:
        office.line((note.in_(office.lang), "dim"))


def linked_as_json(office: Office, linked: Linked) -> dict[str, Any]:
    """A linking as `--json` prints it."""
    return {
        "linking": linked.identity.number,
        "in_full": linked.in_full,
        "looked_at": linked.looked_at,
        "tiers": dict(linked.tiers),
        "open": linked.open,
        "changes": linked.changes,
        "unchanged": linked.unchanged,
        "notes": [note.in_(office.lang) for note in linked.notes],
    }


@click.command()
@click.argument("named", metavar="ROW|NUMBER")
@click.option("--json", "as_json", is_flag=True, help="输出一行 JSON · print one line of JSON")
@unmask_option
@pass_office
def who(office: Office, named: str, as_json: bool, unmask: str | None) -> None:
    """一行说的是谁，或某人出现在哪里 · Of whom a row speaks, or where somebody appears.

    \b
    plumbline who offences:3-17
    plumbline who 380101197005090136

    行的编号见 explain、pairs 和 tickets：数据集:批次-序号[:列]。

    The name of a row stands in what explain, pairs and tickets print: dataset:batch-position[:column].
    """  # noqa: D301 -- click keeps the lines after a real backspace
    from plumbline.cli import standing

    office.unmask(unmask, f"who {named}")
    told: standing.Row | standing.Bearer
    told = standing.Row(office, named) if ":" in named else standing.Bearer(office, named)
    if as_json:
        click.echo(json.dumps(told.as_json(), ensure_ascii=False))
    else:
        told.tell()
