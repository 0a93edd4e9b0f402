"""What a run would do now, and why."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING

import click

from plumbline.cli.collide import way_as_json
from plumbline.cli.load import as_of_option
from plumbline.cli.office import Cell, Office, pass_office
from plumbline.errors import Text

if TYPE_CHECKING:
    from plumbline.engine import Way

_HOW = {
    "full": Text("全算", "in full"),
    "rows": Text("只算变动的行", "rows that changed"),
    "subjects": Text("只算有变动的对象", "subjects that changed"),
    "kept": Text("不用再算", "nothing to do"),
}


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@as_of_option
@click.option("--json", "as_json", is_flag=True, help="输出一行 JSON · print one line of JSON")
@pass_office
def plan(office: Office, names: tuple[str, ...], as_of: datetime | None, as_json: bool) -> None:
    """碰撞前先看：各模型将怎样运行、为什么 · Show how each model would run, and why.

    什么也不运行。上次之后新到、更正、撤回的行，和换了对应的人的行，都算变动。

    Runs nothing. Rows that came, were corrected or withdrawn since a model's last run have changed, and
    so have those that are tied to somebody else by now.
    """
    ways = office.workspace.plan(names, as_of=as_of.date() if as_of else None)
    if as_json:
        told = {
            name: {"how": None, "why": way.in_(office.lang)} if isinstance(way, Text) else way_as_json(office, way)
            for name, way in ways.items()
        }  # fmt: skip
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    office.table(
        [Text("模型", "model"), Text("怎样运行", "how"), Text("变动", "changed"), Text("为什么", "why")],
        [_row(office, name, way) for name, way in ways.items()],
    )  # fmt: skip


def _row(office: Office, name: str, way: Way | Text) -> list[Cell]:
    if isinstance(way, Text):
        return [name, (office.words("不运行", "not at all"), "dim"), "", way.in_(office.lang)]
    changed = [
        f"{dataset} +{came} −{went}" + (f" ⇄{tied}" if tied else "")
        for dataset, (came, went, tied) in way.changed.items()
    ]
    return [name, _HOW[way.how].in_(office.lang), ", ".join(changed), way.why.in_(office.lang)]
