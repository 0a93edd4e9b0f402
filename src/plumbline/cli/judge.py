"""What people decide about who is who: the pairs to ask about, and their word."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Literal

import click

from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.warning import unmask_option
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import (
        Change,
        Consequences,
        EarlyWarning,
        FactRow,
        Judgement,
        Pair,
        Register,
        Said,
        Side,
    )

_PAIRS = 10


@click.command()
@click.option(
    "--unsure",
    is_flag=True,
    help="连同已判为无法判断的 · also those somebody was unsure about",
)
@click.option(
    "--limit", type=click.IntRange(min=1), default=_PAIRS, show_default=True,
    help="最多几对 · at most so many",
)  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="每对一行 JSON · a line of JSON for each")
@unmask_option
@pass_office
def pairs(office: Office, unsure: bool, limit: int, as_json: bool, unmask: str | None) -> None:
    """列出最值得先判断的“是不是同一人” · The pairs that are of most use to judge first.

    先列牵涉到预警的，再列一句话就能定的。

    Those that something rests on come first, then those that a word would settle.
    """
    office.unmask(unmask, "pairs")
    found = office.workspace.pairs(limit, unsure=unsure)
    told = _Pairs(office, found)
    if as_json:
        for each in told.as_json():
            click.echo(json.dumps(each, ensure_ascii=False))
    elif found:
        told.tell()
    else:
        office.say("没有待判断的", "nothing to judge")


class _Pairs:
    """Pairs with what both sides say."""

    def __init__(self, office: Office, pairs: list[Pair]) -> None:
        from plumbline.cli.sides import said_by, sides

        self.office, self.pairs = office, pairs
        self.rows: Mapping[Any, FactRow] = office.workspace.rows(p.name for p in pairs)
        self.left: dict[Any, list[Said]] = {
            name: list(said_by(office, name, row)) for name, row in self.rows.items()
        }
        self.right: dict[str, Side] = sides(office, [p.who for p in pairs])

    def why(self, pair: Pair) -> Text:
        from plumbline.engine import why_in_words

        return why_in_words("weight", {**pair.why, "several": pair.several})

    def rests(self, pair: Pair) -> Text:
        if not pair.rests:
            return Text("", "")
        return Text(
            f"牵涉 {pair.rests} 条候选预警", f"{pair.rests} candidates for a warning rest on it"
        )

    def command(self, pair: Pair) -> str:
        return f'plumbline judge {pair.name} same {self.right[pair.who].to_judge()} --why "…"'

    def tell(self) -> None:
        from plumbline.cli.sides import as_table, in_one_line

        office, lang = self.office, self.office.lang
        if not office.out.is_terminal:
            heads = [
                Text("行", "row"), Text("与谁", "with"), Text("这一行", "this row"),
                Text("名册", "registers"), Text("为何可能相同", "why"), Text("牵涉", "rests"),
                Text("判断", "to judge"),
            ]  # fmt: skip
            rows: list[list[Cell]] = [
                [
                    str(p.name), self.right[p.who].to_judge(), in_one_line(office, self.left[p.name]),
                    in_one_line(office, [one for said in self.right[p.who].said.values() for one in said]),
                    self.why(p).in_(lang), str(p.rests), self.command(p),
                ]
                for p in self.pairs
            ]  # fmt: skip
            office.table(heads, rows)
            return
        for number, pair in enumerate(self.pairs, 1):
            source = self.rows[pair.name].source
            office.line(
                (f"{number}. ", "bold"), (str(pair.name), "bold cyan"), f"  {source}  ?  ",
                (self.right[pair.who].to_judge(), "bold cyan"),
            )  # fmt: skip
            as_table(office, self.left[pair.name], self.right[pair.who])
            office.line(self.why(pair).in_(lang), indent=2)
            if pair.rests:
                office.line((self.rests(pair).in_(lang), "yellow"), indent=2)
            office.line((self.command(pair), "cyan"), indent=2)
            office.line(
                (office.words("（不是同一人写 different，说不准写 unsure）", "(or different, or unsure)"), "dim"),
                indent=2,
            )  # fmt: skip
            office.blank()

    def as_json(self) -> Iterator[dict[str, Any]]:
        from plumbline.engine import beside, somebody

        lang = self.office.lang
        for pair in self.pairs:
            right = self.right[pair.who]
            source = self.rows[pair.name].source
            yield {
                "row": str(pair.name),
                "dataset": pair.name.dataset,
                "file": source.file,
                "sheet": source.sheet,
                "line": source.line,
                "who": somebody(pair.who, masked=self.office.masked),
                "who_row": right.to_judge(),
                "sides": [
                    {
                        "title": title.in_(lang),
                        "row": here,
                        "registers": there,
                        "same": agree == "same",
                    }
                    for title, here, there, agree in beside(self.left[pair.name], right)
                ],
                "why": dict(pair.why),
                "words": self.why(pair).in_(lang),
                "rests": pair.rests,
                "several": pair.several,
                "command": self.command(pair),
                "masked": self.office.masked,
            }


def _who_says(office: Office, by: str | None) -> str:
    return by.strip() if by and by.strip() else office.user


_why_option = click.option("--why", metavar="TEXT", help="依据什么 · what it is based on")
_by_option = click.option(
    "--by", metavar="NAME", help="谁判断的，默认本机用户 · whose word it is; default, the user here"
)


@click.command()
@click.argument("row", metavar="ROW|NUMBER")
@click.argument("verdict", type=click.Choice(["same", "different", "unsure"]))
@click.argument("who", metavar="ROW|NUMBER")
@_why_option
@_by_option
@pass_office
def judge(
    office: Office,
    *,
    row: str,
    verdict: Literal["same", "different", "unsure"],
    who: str,
    why: str | None,
    by: str | None,
) -> None:
    """记下人的判断：是不是同一人 · Enter a person's word on who is who.

    \b
    plumbline judge offences:3-17 same honours:1-4 --why "看过户籍档案"
    plumbline judge offences:3-17 different 380101197005090136 --why "..."
    plumbline judge 380101197005090136 same 380101197005090152 --why "..."
    plumbline judge offences:3-17 same offences:2-5 --why "两行都没有号码；卷宗是同一人的"

    人的判断高于规则和权重，直到撤回；牵涉的预警随即重新核算。

    It outranks rules and weights until it is withdrawn; what rests on it is revisited at once.
    """  # noqa: D301 -- click keeps the lines after a real backspace
    with office.busy("重新辨认和碰撞", "linking and colliding again"):
        done = office.workspace.judge(
            row, verdict, who, at=office.now, by=_who_says(office, by), why=why or ""
        )
    _tell_judged(office, done)


@click.command()
@click.option("--all", "whole", is_flag=True, help="连同已撤回的 · withdrawn ones as well")
@click.option("--withdraw", type=int, metavar="N", help="撤回第 N 号判断 · take judgement N back")
@_why_option
@_by_option
@click.option("--json", "as_json", is_flag=True, help="每条一行 JSON · a line of JSON for each")
@unmask_option
@pass_office
def judgements(  # noqa: PLR0913 -- to list, or to withdraw one
    office: Office,
    *,
    whole: bool,
    withdraw: int | None,
    why: str | None,
    by: str | None,
    as_json: bool,
    unmask: str | None,
) -> None:
    """列出判断，或撤回一条 · List the judgements, or withdraw one.

    \b
    plumbline judgements --withdraw 3 --why "看错了卷宗"
    """  # noqa: D301 -- click keeps the lines after a real backspace
    office.unmask(unmask, "judgements")
    if withdraw is not None:
        with office.busy("重新辨认和碰撞", "linking and colliding again"):
            done = office.workspace.withdraw(
                withdraw, at=office.now, by=_who_says(office, by), why=why or ""
            )
        _tell_judged(office, done)
        return
    if why is not None or by is not None:
        raise PlumblineError(
            Text("--why 和 --by 只用于撤回", "--why and --by go with --withdraw alone"),
            hint=Text("作判断用 plumbline judge", "to judge, use plumbline judge"),
        )
    found = [each for each in office.workspace.judgements() if whole or each.in_force]
    if as_json:
        today = _Today(office, found)
        for each in found:
            click.echo(json.dumps(_as_json(office, each, today), ensure_ascii=False))
    elif found:
        _tell_list(office, found)
    else:
        office.say("还没有判断", "no judgements")


class _Today:
    """The rows that were judged, as they stand today: they may have been delivered anew since."""

    def __init__(self, office: Office, judgements: list[Judgement]) -> None:
        self.office = office
        nodes = [node for j in judgements for node in (j.node, j.other) if node and node[0]]
        self.names = office.workspace.judged_rows(nodes)
        self.rows = office.workspace.rows(self.names.values())

    def name(self, each: Judgement) -> str | None:
        found = self.names.get(each.node)
        return str(found) if found else None

    def other(self, each: Judgement) -> str:
        """Whom or which row it is held against, as it is called today."""
        if each.other and (found := self.names.get(each.other)):
            return str(found)
        return _about(self.office, each)[1]

    def says(self, each: Judgement) -> str:
        """What the row says of its bearer; that it is gone, where it is."""
        from plumbline.cli.sides import in_one_line, said_by

        if each.row is None:
            return ""
        found = self.names.get(each.node)
        if found is None or found not in self.rows:
            return self.office.words("已不在最新数据里", "not in the newest data any more")
        return in_one_line(self.office, list(said_by(self.office, found, self.rows[found])))


def _about(office: Office, each: Judgement) -> tuple[str, str]:
    """What is judged, and whom it is held against."""
    from plumbline.engine import RowName, somebody

    masked = office.masked
    if each.row is not None:
        what = str(RowName(each.dataset, each.row, each.slot))
    else:
        what = somebody(each.number_a, masked=masked)
    if each.other_row is not None:
        return what, str(RowName(each.other_dataset, each.other_row, each.other_slot))
    return what, somebody(each.who, masked=masked)


def _tell_list(office: Office, found: list[Judgement]) -> None:
    from plumbline.engine import verdict_in_words

    rows: list[list[Cell]] = []
    today = _Today(office, found)
    for each in found:
        what, _ = _about(office, each)
        state: Cell = ""
        if each.withdrawn:
            at, by, why = each.withdrawn
            state = (
                office.words(
                    f"{by} 于 {at[:10]} 撤回：{why}", f"withdrawn by {by}, {at[:10]}: {why}"
                ),
                "yellow",
            )
        rows.append([
            str(each.number), each.at[:10], each.by, (today.name(each) or what, "cyan"),
            today.says(each), verdict_in_words(each.verdict).in_(office.lang), today.other(each), each.why, state,
        ])  # fmt: skip
    office.table(
        [
            Text("号", "no."), Text("日期", "on"), Text("谁", "by"), Text("行", "row"),
            Text("如今写着", "says today"), Text("判断", "judgement"), Text("与谁", "with"), Text("理由", "why"), Text("撤回", "withdrawn"),
        ],
        rows, right=(0,),
    )  # fmt: skip


def _as_json(office: Office, each: Judgement, today: _Today) -> dict[str, Any]:
    what, _ = _about(office, each)
    at, by, why = each.withdrawn or (None, None, None)
    return {
        "number": each.number,
        "at": each.at,
        "by": each.by,
        "row" if each.row is not None else "number_judged": what,
        "row_today": today.name(each),
        "says_today": office.clean(today.says(each)) or None,
        "verdict": each.verdict,
        "who": today.other(each),
        "why": office.clean(each.why),
        "withdrawn": {"at": at, "by": by, "why": office.clean(why or "")} if at else None,
        "masked": office.masked,
    }


# What a judgement brings about


def _tell_judged(office: Office, done: Consequences) -> None:
    """Which rows are tied otherwise, and what became of the warnings that rest on them."""
    from plumbline.engine import judgement_in_words

    [judged] = [each for each in office.workspace.judgements() if each.number == done.number]
    what, whom = _about(office, judged)
    office.line(
        (office.words("已记下  ", "entered  "), "bold green"), what, " ? ", whom, "  ",
        judgement_in_words(judged).in_(office.lang),
    )  # fmt: skip
    if judged.in_force and judged.who and not office.workspace.appearances(judged.who):
        office.say(
            "注意：名册里没有这个号码，请核对",
            "note: no register has this number; check it",
            "yellow",
        )
    _tell_changes(office, done)
    _tell_warnings(office, done)


def _tell_changes(office: Office, done: Consequences) -> None:
    from plumbline.cli.standing import titles
    from plumbline.engine import RowName, change_in_words

    number = done.linked.identity.number
    changed: list[Change] = []
    if not done.linked.unchanged:
        changed = [each for each in office.workspace.history() if each.number == number]
    if not changed:
        office.say("没有哪一行改归他人", "no row is tied otherwise")
    known = {each.number: each for each in office.workspace.judgements()}
    for each in changed[:_SHOWN]:
        change = {"before": each.before, "after": each.after, "because": each.because}
        words = change_in_words(change, known, titles(office), masked=office.masked)
        name = RowName(each.dataset, each.row, each.slot)
        office.line((str(name), "cyan"), "  ", words.in_(office.lang))
    if (more := len(changed) - _SHOWN) > 0:
        office.say(f"另有 {more} 行", f"and {more} more rows", "dim")


_SHOWN = 20
_REGISTERS: tuple[Register, ...] = ("warnings", "trials", "questions", "candidates")
_BECAME = {
    "raised": (Text("新增", "raised"), "bold red"),
    "changed": (Text("有变", "changed"), "yellow"),
    "withdrawn": (Text("撤回", "withdrawn"), "green"),
}


def _tell_warnings(office: Office, done: Consequences) -> None:
    from plumbline.cli.collide import REGISTERS
    from plumbline.cli.warning import Told
    from plumbline.engine import TIERS

    run = done.run
    touched: list[tuple[Register, EarlyWarning]] = []
    if run is not None:
        touched = [
            (register, each)
            for register in _REGISTERS
            for each in office.workspace.warnings(register=register, withdrawn=True)
            if each.changed_in == run.number
        ]
    if not touched:
        office.say("没有预警受影响", "no warning is affected")
        return
    told = Told(office, [each for _, each in touched])
    for register, each in touched[:_SHOWN]:
        word, style = _BECAME[_became(each)]
        office.line(
            (word.in_(office.lang), style), "  ", REGISTERS[register].in_(office.lang), "  ",
            (each.key, "cyan"), "  ", each.model,
            f"  {each.tier}  {TIERS[each.tier].in_(office.lang)}",
        )  # fmt: skip
        office.line(told.sentences[each.key], indent=4)
        for said in told.ripples(each):
            office.line(said, indent=4)
    if (more := len(touched) - _SHOWN) > 0:
        office.say(
            f"另有 {more} 条；见 plumbline warnings",
            f"and {more} more; see plumbline warnings",
            "dim",
        )


def _became(each: EarlyWarning) -> str:
    if each.state == "withdrawn":
        return "withdrawn"
    return "raised" if each.raised_in == each.changed_in else "changed"
