"""Why, why not, and whether it still comes out the same."""

from __future__ import annotations

from datetime import datetime

import click

from plumbline.cli.load import as_of_option
from plumbline.cli.office import Office, pass_office
from plumbline.cli.warning import unmask_option


@click.command()
@click.argument("key", required=False)
@click.option("--model", help="模型，连同 --subject · the model, with --subject")
@click.option("--subject", metavar="ID", help="对象的号码或代码 · the subject's identifier")
@as_of_option
@click.option("--all", "whole", is_flag=True, help="列出全部组合和行 · every combination and row")
@unmask_option
@pass_office
def explain(  # noqa: PLR0913 -- a warning, or a model and a subject on a date
    office: Office,
    *,
    key: str | None,
    model: str | None,
    subject: str | None,
    as_of: datetime | None,
    whole: bool,
    unmask: str | None,
) -> None:
    """说明一条预警，或某对象为何未预警 · Explain a warning, or why there is none.

    \b
    plumbline explain KEY
    plumbline explain --model MODEL --subject ID
    """  # noqa: D301 -- click keeps the lines after a real backspace
    from plumbline.cli.explaining import tell_explanation, tell_warning

    if key and not (model or subject):
        warning, register = office.workspace.find(key)
        office.unmask(unmask, f"explain {warning.key}")
        tell_warning(office, warning, register)
        tell_explanation(office, office.workspace.explain(warning), whole=whole)
    elif model and subject and not key:
        office.unmask(unmask, f"explain {model} {subject}")
        day = as_of.date() if as_of else None
        tell_explanation(office, office.workspace.explain_subject(model, subject, day), whole=whole)
    else:
        raise click.UsageError("explain KEY, or explain --model MODEL --subject ID")


@click.command()
@click.argument("key")
@pass_office
def reproduce(office: Office, key: str) -> None:
    """按当时的数据和模型重算 · Recompute a warning from what its run saw.

    结果不同则退出码为 1；当时的数据已按保存期限销毁则为 3，并说明何时、依何规定销毁了什么。

    Exit code 1 if it comes out otherwise; 3 if what its run saw was purged at the end of its
    retention: what, when and under which rule is said.
    """
    done = office.workspace.reproduce(key)
    warning = done.warning
    rows = len(warning.evidence)
    if done.same:
        office.line(
            (office.words("相同", "same"), "bold green"),
            office.words(
                f"  {warning.key}：按第 {warning.seen_in} 次运行所见的数据和模型第 {warning.version} 版重算，"
                f"级别、对象、计算结果和 {rows} 行证据都一致",
                f"  {warning.key}: computed again from what run {warning.seen_in} saw, with version "
                f"{warning.version} of the model; level, subject, figures and {rows} rows of evidence agree",
            ),
        )
    else:
        office.line(
            (office.words("不同", "different"), "bold red"),
            office.words(
                f"  {warning.key}，第 {warning.seen_in} 次运行",
                f"  {warning.key}, run {warning.seen_in}",
            ),
        )
        for each in done.differences:
            office.line((each.what.in_(office.lang), "bold"), indent=2)
            office.line(office.words("当时 ", "recorded   "), each.recorded, indent=4)
            office.line(office.words("现在 ", "recomputed "), each.recomputed, indent=4)
    if dict(done.engine_then) != dict(done.engine_now):
        then, now = (
            ", ".join(f"{name} {version}" for name, version in engine.items())
            for engine in (done.engine_then, done.engine_now)
        )
        office.say(f"引擎版本：当时 {then}，现在 {now}", f"engine: then {then}, now {now}", "dim")
    if not done.same:
        raise click.exceptions.Exit(1)
