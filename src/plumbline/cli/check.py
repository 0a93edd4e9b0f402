"""Writing models: a skeleton, the checks, and the SQL they become."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Literal

import click

from plumbline.cli.engines import engine_of, engine_options
from plumbline.cli.office import Office, pass_office
from plumbline.cli.words import LEVELS, VERDICTS

if TYPE_CHECKING:
    from plumbline.engine import Checked, Outcome


@click.command()
@click.argument("names", nargs=-1, metavar="[MODEL]...")
@engine_options
@pass_office
def check(office: Office, names: tuple[str, ...], engine: str | None, spark: str | None) -> None:
    """检查模型并运行用例 · Lint models and run their cases.

    有模型未通过时退出码为 1。

    Exit code 1 if a model does not pass.
    """
    chosen = replace(office.workspace.engine, name="duckdb")  # unless Spark is asked for
    checked = office.workspace.check(names, engine=engine_of(chosen, engine, spark))
    for each in checked:
        if each.passed:
            _tell(office, each)
    if not tell_checked(office, checked):
        raise click.exceptions.Exit(1)


def tell_checked(office: Office, checked: list[Checked]) -> bool:
    """What fails, and the sum of it in one line; True if all passed."""
    for each in checked:
        if not each.passed:
            _tell(office, each)
    passed, cases = (
        sum(each.passed for each in checked),
        sum(len(each.outcomes) for each in checked),
    )
    whole = passed == len(checked)
    office.say(
        f"{len(checked)} 个模型，{passed} 个通过；共 {cases} 个用例",
        f"{passed} of {len(checked)} models pass; {cases} cases",
        "bold green" if whole else "bold red",
    )
    return whole


def _tell(office: Office, each: Checked) -> None:
    mark = ("✓ ", "green") if each.passed else ("✗ ", "bold red")
    count = len(each.outcomes)
    office.line(mark, each.model, (office.words(f"  {count} 个用例", f"  {count} cases"), "dim"))
    if each.problem:
        for line in each.problem.in_(office.lang).splitlines():
            office.line(line.strip(), indent=4)
    if each.missing_kinds:
        kinds = ", ".join(each.missing_kinds)
        office.line(
            office.words(f"缺少必须有的用例：{kinds}", f"obligatory cases missing: {kinds}"),
            indent=4,
        )
    for outcome in each.outcomes:
        if not outcome.passed:
            office.line((outcome.case.case, "bold"), f" ({outcome.case.kind})", indent=4)
            office.line(*_difference(office, outcome), indent=6)


def _difference(office: Office, outcome: Outcome) -> tuple[str, ...]:
    """What the case wanted, and what was found; only where they may differ."""

    def said(of: Literal["expect", "found"]) -> str:
        wanted = outcome.case.expect
        shown = wanted if of == "expect" else outcome.found
        parts = [VERDICTS[shown.verdict].in_(office.lang)]
        if wanted.level:
            parts.append(LEVELS[shown.level].in_(office.lang) if shown.level else "—")
        if wanted.by:
            parts.append(shown.by or "—")
        if wanted.warnings is not None:
            parts.append(
                office.words(f"{shown.warnings or 0} 条预警", f"{shown.warnings or 0} warnings")
            )
        return ", ".join(parts)

    wanted, found = said("expect"), said("found")
    return (office.words(f"应为 {wanted}；实为 {found}", f"wanted {wanted}; found {found}"),)


@click.group()
def new() -> None:
    """新建 · Write something new to start from."""


@new.command("model")
@click.argument("name")
@click.option("--dataset", help="用哪个数据集 · the dataset it is about")
@pass_office
def new_model(office: Office, name: str, dataset: str | None) -> None:
    """写出一个已能通过检查的模型 · Write a model that passes the checks already."""
    from plumbline.engine import write_model_skeleton

    folder = write_model_skeleton(office.workspace, name, dataset)
    office.say(f"已写出 {folder}", f"wrote {folder}", "green")
    office.line(
        "model.yml  ",
        office.words(
            "写明应当怎样、何时预警、哪些例外", "what should hold, when to flag, what to leave out"
        ),
        indent=2,
    )
    office.line(
        "cases.yml  ",
        office.words("写明给出什么、应得什么", "given rows, expected verdicts"),
        indent=2,
    )
    office.say(f"改完执行：plumbline check {name}", f"then: plumbline check {name}")


@click.command()
@click.argument("model")
@click.option(
    "--engine",
    type=click.Choice(["duckdb", "spark"]),
    default="duckdb",
    show_default=True,
    help="哪种引擎的写法 · in whose dialect",
)
@pass_office
def sql(office: Office, model: str, engine: Literal["duckdb", "spark"]) -> None:
    """显示模型编译成的 SQL · Show the SQL that a model becomes."""
    click.echo(office.workspace.sql(model, engine), nl=False)
