"""Running the models, and what each of them found."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.engines import engine_of, engine_options
from plumbline.cli.load import as_of_option
from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.words import LEVEL_STYLES, LEVELS
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import ModelResult, Run, Tally, Way

REGISTERS = {
    "warnings": Text("预警", "warnings"),
    "trials": Text("试运行结果", "trial results"),
    "questions": Text("数据疑问", "questions to departments"),
    "candidates": Text("身份不足以认定的候选", "candidates, too little to tell by"),
}


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@as_of_option
@click.option(
    "--accept",
    multiple=True,
    metavar="MODEL=REASON",
    help="放行命中率不合预期的模型 · let in a result outside its expected flag rate",
)
@click.option(
    "--full",
    is_flag=True,
    help="全部重算，不只算变动的 · judge everything again, not only what may have changed",
)
@engine_options
@click.option("--json", "as_json", is_flag=True, help="输出一行 JSON · print one line of JSON")
@pass_office
def collide(  # noqa: PLR0913, PLR0917 -- all that a run is told
    office: Office,
    names: tuple[str, ...],
    as_of: datetime | None,
    accept: tuple[str, ...],
    full: bool,
    engine: str | None,
    spark: str | None,
    as_json: bool,
) -> None:
    """碰撞：运行在用和试运行的模型 · Run the live and trial models.

    再运行一次不会重复预警；只算上次之后可能变动的，结果与全部重算相同。有模型的结果被暂扣时退出码为 1。

    A second run raises nothing twice, and judges only what may have changed since: the result is that of
    a run in full. Exit code 1 if a model's result is held back.
    """
    chosen_engine = engine_of(office.workspace.engine, engine, spark)
    with progress_bar(office) as progress:
        run = office.workspace.collide(
            names, at=office.now, as_of=as_of.date() if as_of else None,
            accept=_accepted(accept), progress=progress, full=full, engine=chosen_engine,
        )  # fmt: skip
    if as_json:
        click.echo(json.dumps(run_as_json(office, run), ensure_ascii=False))
    else:
        chosen = office.words("指定的", "as asked")
        latest = office.words("各批次中最晚的", "the latest of the deliveries")
        office.line(
            (office.words(f"截止日 {run.as_of}", f"as of {run.as_of}"), "bold"),
            f"  ({chosen if as_of else latest})",
            ""
            if run.backdated
            else office.words(f"  第 {run.number} 次运行", f"  run {run.number}"),
        )
        tell_run(office, run)
    if any(result.held for result in run.results):
        raise click.exceptions.Exit(1)


def tell_run(office: Office, run: Run) -> None:
    """Tables of the models, live ones and trials apart, and how the registers changed."""
    for zh, en in (("", ""), ("试运行", "on trial")):
        ran = [(r, r.tally) for r in run.results if r.tally and (r.status != "live") == bool(zh)]
        if ran and zh:
            office.say(
                f"{zh}（结果单独存放，不告知任何人）", f"{en} (kept apart, told to nobody)", "bold"
            )
        if ran:
            rows = [_row(office, result, tally, entered=not run.backdated) for result, tally in ran]
            office.table(_HEADS, rows, right=(1, 2, 3, 4, 5))
    tell_ways(office, [result.way for result in run.results if result.way])
    for result in run.results:
        if result.held:
            office.line(
                (office.words("暂扣 ", "held "), "bold yellow"), f"{result.model}: ",
                result.held.in_(office.lang),
            )  # fmt: skip
    for result in run.results:
        if result.spilled:
            size = f"{result.spilled / 2**20:,.0f} MiB"
            said = office.words(
                f"内存不够用，{result.model} 借用了磁盘 {size}；在 plumbline.toml 的 [limits] 里调大 memory 会快些",
                f"{result.model} did not fit the memory and used {size} of disk; it is faster with more "
                "memory under [limits] in plumbline.toml",
            )
            office.line((said, "dim"))
    for result in run.results:
        if result.skipped:
            said = office.words("未运行 ", "skipped ")
            office.line((f"{said}{result.model}: {result.skipped.in_(office.lang)}", "dim"))
    if run.backdated:
        office.line(
            (office.words("只看不入库 ", "not entered "), "bold yellow"),
            office.words(
                f"此前已有截止日为 {run.backdated} 的运行；按更早的日期重算，不改动预警",
                f"a run as of {run.backdated} went before; looking back changes no warning",
            ),
        )
    if run.read:
        office.line((run.read.in_(office.lang), "dim"))
    for register, changed in run.changes.items():
        if any(changed.values()):
            office.line(
                (REGISTERS[register].in_(office.lang), "bold"), ": ", _changes(office, changed)
            )


def tell_ways(office: Office, ways: Sequence[Way]) -> None:
    """In one line, how many models ran in full, and how many did not have to."""
    if not (partly := sum(way.how != "full" for way in ways)):
        return
    unchanged = sum(way.how == "kept" for way in ways)
    office.line(
        (
            office.words(
                f"{len(ways) - partly} 个模型全算，{partly - unchanged} 个只算变动的，{unchanged} 个没有变化",
                f"{len(ways) - partly} models ran in full, {partly - unchanged} on what changed, "
                f"{unchanged} had nothing new",
            ),
            "dim",
        )
    )


_HEADS = [
    Text("模型", "model"), LEVELS["red"], LEVELS["yellow"], LEVELS["blue"],
    Text("无法判断", "cannot tell"), Text("例外", "left out"), Text("结果", "result"),
]  # fmt: skip


def _row(office: Office, result: ModelResult, tally: Tally, *, entered: bool) -> list[Cell]:
    levels = dict(tally.by_level)
    counts: list[Cell] = []
    for level, style in LEVEL_STYLES.items():
        number = levels.get(level, 0)
        counts.append((str(number), style if number else "dim"))
    if result.held:
        said: Cell = (office.words("暂扣", "held"), "bold yellow")
    elif entered:
        said = (office.words("已入库", "entered"), "green")
    else:
        said = (office.words("只看", "seen only"), "dim")
    return [result.model, *counts, str(tally.cannot_tell), str(tally.left_out), said]


def _changes(office: Office, changed: Mapping[str, int]) -> str:
    """How a register changed, in one line."""
    words = {
        "raised": Text("新增", "new"),
        "changed": Text("有变", "changed"),
        "withdrawn": Text("撤回", "withdrawn"),
        "unchanged": Text("未变", "unchanged"),
    }
    return office.words("，", ", ").join(
        f"{word.in_(office.lang)} {changed.get(what, 0)}" for what, word in words.items()
    )


def run_as_json(office: Office, run: Run) -> dict[str, Any]:
    """A run as `--json` prints it."""
    return {
        "run": run.number,
        "as_of": run.as_of.isoformat(),
        "backdated": run.backdated.isoformat() if run.backdated else None,
        "saw": run.saw,
        "models": [_result_as_json(office, result) for result in run.results],
        "registers": {name: dict(changed) for name, changed in run.changes.items()},
    }


def _result_as_json(office: Office, result: ModelResult) -> dict[str, Any]:
    found: dict[str, Any] = {
        "model": result.model,
        "status": result.status,
        "rows": result.rows,
        "flagged_rows": result.flagged_rows,
        "held": result.held.in_(office.lang) if result.held else None,
        "skipped": result.skipped.in_(office.lang) if result.skipped else None,
        "way": way_as_json(office, result.way) if result.way else None,
        "spilled_bytes": result.spilled,
    }
    if tally := result.tally:
        found["flag"] = {level: dict(tally.by_level).get(level, 0) for level in LEVELS}
        found["cannot_tell"] = tally.cannot_tell
        found["left_out"] = tally.left_out
        found["reasons"] = [
            {"verdict": verdict, "decided_by": by, "groups": n}
            for verdict, by, n in tally.by_reason
        ]
    return found


def way_as_json(office: Office, way: Way) -> dict[str, Any]:
    """How a model ran, or would run."""
    moved = ("came", "went", "tied_otherwise")
    return {
        "how": way.how,
        "why": way.why.in_(office.lang),
        "changed": {n: dict(zip(moved, each, strict=True)) for n, each in way.changed.items()},
    }


def _accepted(given: Sequence[str]) -> dict[str, str]:
    accepted = {}
    for each in given:
        model, equals, reason = each.partition("=")
        if not equals or not reason.strip():
            raise PlumblineError(
                Text(
                    f"--accept 须写成 模型=理由，不是“{each}”",
                    f"--accept takes MODEL=REASON, not '{each}'",
                )
            )
        accepted[model] = reason.strip()
    return accepted


@contextmanager
def progress_bar(office: Office) -> Iterator[Any]:
    """A bar on a terminal; None in a pipe."""
    if not office.err.is_terminal:
        yield None
        return
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = BarColumn(), MofNCompleteColumn(), TextColumn("{task.description}", markup=False)
    with Progress(*columns, console=office.err, transient=True) as bar:
        task = bar.add_task("")

        def progress(model: str, done: int, of: int) -> None:
            bar.update(task, description=model, completed=done, total=of)

        yield progress


@click.command()
@pass_office
def runs(office: Office) -> None:
    """列出历次运行 · List the runs."""
    office.table(
        [
            Text("运行", "run"), Text("时间", "at"), Text("截止日", "as of"),
            Text("模型", "models"), Text("暂扣", "held"), Text("引擎", "engine"),
        ],
        [_run(number, run) for number, run in office.workspace.runs().items()],
        right=(0, 3, 4),
    )  # fmt: skip


def _run(number: int, run: Mapping[str, Any]) -> list[Cell]:
    engine = ", ".join(f"{name} {version}" for name, version in run["engine"].items())
    held = sum(bool(result["held"]) for result in run["results"])
    at = datetime.fromisoformat(run["at"])
    return [
        str(number),
        f"{at:%Y-%m-%d %H:%M}",
        run["as_of"],
        str(len(run["models"])),
        str(held),
        engine,
    ]
