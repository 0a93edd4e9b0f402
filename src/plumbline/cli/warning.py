"""The list of warnings: to read, to process, to hand on."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from plumbline.cli.office import Office, pass_office
from plumbline.cli.words import LEVEL_STYLES, LEVELS
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import EarlyWarning, FactRow, Register, Tie

_ON_A_SCREEN = 20


def unmask_option(function: Any) -> Any:
    """`--unmask REASON`, for whatever shows people."""
    return click.option(
        "--unmask",
        metavar="REASON",
        help="不脱敏；理由记入 access.log · name people; the reason goes into access.log",
    )(function)


@click.command()
@click.option("--level", type=click.Choice(list(LEVELS)), help="只看这一级 · only this level")
@click.option("--model", help="只看这个模型 · only this model")
@click.option(
    "--register",
    type=click.Choice(["warnings", "trials", "questions", "candidates"]),
    default="warnings",
    show_default=True,
    help="哪一册：预警、试运行、数据疑问、仅姓名相同 · which register",
)
@click.option("--withdrawn", is_flag=True, help="连同已撤回的 · withdrawn ones as well")
@click.option(
    "--limit", type=click.IntRange(min=0), help="最多几条，0 为全部 · at most so many, 0 for all"
)
@click.option("--json", "as_json", is_flag=True, help="每条一行 JSON · a line of JSON for each")
@click.option(
    "--xlsx",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写入 XLSX 工作簿 · write a workbook",
)
@click.option(
    "--ftm",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写入 FollowTheMoney 实体和联系 · write entities and links of FollowTheMoney",
)
@click.option(
    "--numbers",
    is_flag=True,
    help="--ftm 连同证号和电话，须有 --unmask · with numbers and phones in --ftm; needs --unmask",
)
@unmask_option
@pass_office
def warnings(  # noqa: PLR0913 -- a list can be narrowed in that many ways
    office: Office,
    *,
    level: Literal["red", "yellow", "blue"] | None,
    model: str | None,
    register: Register,
    withdrawn: bool,
    limit: int | None,
    as_json: bool,
    xlsx: Path | None,
    ftm: Path | None,
    numbers: bool,
    unmask: str | None,
) -> None:
    """列出预警，最严重的在前 · List the warnings, most serious first.

    对人员信息默认脱敏。

    People are masked unless --unmask gives a reason.
    """
    one_form(as_json=as_json, xlsx=xlsx, ftm=ftm)
    _for_other_tools(ftm, register, withdrawn=withdrawn, numbers=numbers, unmask=unmask)
    office.unmask(unmask, _what(level, model, register))
    found = office.workspace.warnings(
        level=level, model=model, register=register, withdrawn=withdrawn
    )
    if limit is None:
        limit = _ON_A_SCREEN if office.out.is_terminal and not (as_json or xlsx or ftm) else 0
    shown = found[:limit] if limit else found
    if ftm:
        from plumbline.cli.entities import write_entities

        write_entities(office, ftm, shown, numbered=numbers, reason=(unmask or "").strip())
        return
    told = Told(office, shown)
    if as_json:
        for each in told.as_json():
            click.echo(json.dumps(each, ensure_ascii=False))
    elif xlsx:
        from plumbline.cli.workbook import write_workbook

        write_workbook(office, xlsx, told)
        office.say(f"已写出 {xlsx}：{len(shown)} 条", f"wrote {xlsx}: {len(shown)}", "green")
    else:
        tell_warnings(office, told)
        _tell_how_many(office, len(shown), len(found))


def one_form(*, as_json: bool, xlsx: Path | None, ftm: Path | None = None) -> None:
    """Refuse a list that is wanted in two forms at once."""
    forms = {"--json": as_json, "--xlsx": xlsx, "--ftm": ftm}
    wanted = [name for name, chosen in forms.items() if chosen]
    if len(wanted) > 1:
        zh, en = " 和 ".join(wanted), " and ".join(wanted)
        raise PlumblineError(
            Text(f"{zh} 只能选一个", f"{en} do not go together"),
            hint=Text("分几次执行", "run it for each"),
        )
    for path in filter(None, (xlsx, ftm)):
        if not path.parent.is_dir():
            raise PlumblineError(
                Text(f"没有文件夹 {path.parent}", f"there is no folder {path.parent}"),
                hint=Text("先建文件夹，或写到别处", "make the folder first, or write elsewhere"),
            )


def _for_other_tools(
    ftm: Path | None, register: Register, *, withdrawn: bool, numbers: bool, unmask: str | None
) -> None:
    """Refuse what no other tool should take for a finding, and numbers without a reason."""
    if ftm and (register != "warnings" or withdrawn):
        raise PlumblineError(
            Text("--ftm 只写出现行的预警", "--ftm writes standing warnings only"),
            hint=Text(
                "试运行、数据疑问和仅姓名相同的不说明任何人，不应进入别的系统",
                "trials, questions and candidates say nothing of anybody and belong into no other system",
            ),
        )
    if numbers and not (ftm and unmask):
        raise PlumblineError(
            Text("--numbers 须同时有 --ftm 和 --unmask 理由", "--numbers goes with --ftm and --unmask REASON"),
            hint=Text("不写证号时，标识同样前后一致", "identifiers stay the same without numbers, too"),
        )  # fmt: skip


def _what(level: str | None, model: str | None, register: str) -> str:
    return " ".join(filter(None, ("warnings", register, level, model)))


class Told:
    """Warnings with all that is said of them, looked up together."""

    def __init__(self, office: Office, warnings: Sequence[EarlyWarning]) -> None:
        self.office, self.warnings = office, warnings
        workspace, lang, masked = office.workspace, office.lang, office.masked
        gone = workspace.purged(warnings)
        there = [w for w in warnings if w.key not in gone]
        self._rows = workspace.evidence(there)
        self.sentences = workspace.sentences(there, lang, masked=masked, rows=self._rows)
        self.sentences |= {key: error.problem.in_(lang) for key, error in gone.items()}
        self.about = {w.key: workspace.about(w, lang, masked=masked) for w in warnings}
        self._ties = {**{key: [] for key in gone}, **workspace.ties(there)}
        # Judgements are read where something rests on one.
        named = {str(t.via) for ties in self._ties.values() for t in ties}
        asked = "judgement" in named or any("who" in w.change for w in warnings)
        self._judged = {j.number: j for j in workspace.judgements()} if asked else {}

    def evidence(self, warning: EarlyWarning) -> Iterator[tuple[FactRow, str]]:
        """The rows that a warning rests on, each with its digest; none where they were purged."""
        rows: Mapping[str, Mapping[int, FactRow]] = self._rows.get(warning.key, {})
        for each in warning.evidence if rows else ():
            yield rows[each.fact][each.row], each.digest

    def ties(self, warning: EarlyWarning) -> list[tuple[Tie, str]]:
        """What the identity rests on beside full numbers, each with its words."""
        from plumbline.engine import tie_in_words

        lang = self.office.lang
        return [
            (tie, tie_in_words(tie.tier, tie.via, tie.why, self._judged).in_(lang))
            for tie in self._ties[warning.key]
        ]

    def identity(self, warning: EarlyWarning) -> list[str]:
        """Tier and reasons in words; several lines where rows are tied by different things."""
        from plumbline.engine import TIERS

        said: dict[str, list[str]] = {}
        for tie, words in self.ties(warning):
            said.setdefault(words, []).append(str(tie.name))
        found = []
        if all(tie.tier != warning.tier for tie in self._ties[warning.key]):
            found = [f"{warning.tier}  {TIERS[warning.tier].in_(self.office.lang)}"]
        return found + [
            self.office.words(f"{words}（{'，'.join(names)}）", f"{words} ({', '.join(names)})")
            for words, names in said.items()
        ]

    def ripples(self, warning: EarlyWarning) -> list[str]:
        """Rows that were tied otherwise when the warning last changed, and because of what."""
        from plumbline.engine import RowName, change_in_words

        datasets = self.office.workspace.datasets
        titles = {name: dataset.declared.title.text for name, dataset in datasets.items()}
        said = []
        for each in warning.change.get("who", ()):
            dataset, row = each["dataset"], each["row"]
            slot = self._slot(warning, dataset, row)
            words = change_in_words(each, self._judged, titles, masked=self.office.masked)
            said.append(f"{RowName(dataset, row, slot)}  {words.in_(self.office.lang)}")
        return said

    def _slot(self, warning: EarlyWarning, dataset: str, row: int) -> str:
        """The column that a tie of the row is about; the first that says who, where it is tied no more."""
        for tie in self._ties[warning.key]:
            if (tie.name.dataset, tie.name.row) == (dataset, row):
                return tie.name.column
        declared = self.office.workspace.dataset(dataset)
        return next((c for c in declared.bearers if declared.names_of(c)), declared.bearers[0])

    def change(self, warning: EarlyWarning) -> dict[str, Any]:
        """What changed, without the numbers of people unless they are to be named."""
        from plumbline.engine import somebody

        masked = self.office.masked

        def shown(state: Mapping[str, Any]) -> dict[str, Any]:
            return {**state, "who": somebody(state["who"], masked=masked) or None}

        change = dict(warning.change)
        if "who" in change:
            change["who"] = [
                {**each, "before": shown(each["before"]), "after": shown(each["after"])}
                for each in change["who"]
            ]
            change["words"] = [self.office.clean(said) for said in self.ripples(warning)]
        return change

    def places(self, warning: EarlyWarning) -> list[str]:
        return list(dict.fromkeys(str(row.source) for row, _ in self.evidence(warning)))

    def as_json(self) -> Iterator[dict[str, Any]]:
        """As `--json` prints it: one object for each warning."""
        from plumbline.engine import NOT_A_VERDICT

        clean = self.office.clean
        for warning in self.warnings:
            yield {
                "key": warning.key,
                "model": warning.model,
                "version": warning.version,
                "level": warning.level,
                "tier": warning.tier,
                "identity": [
                    {
                        "row": str(tie.name),
                        "tier": tie.tier,
                        "via": tie.via,
                        "why": dict(tie.why),
                        "words": clean(said),
                    }
                    for tie, said in self.ties(warning)
                ],
                "state": warning.state,
                "about": [clean(part) for part in self.about[warning.key]],
                "sentence": clean(self.sentences[warning.key]),
                "figures": {n: v and clean(v) for n, v in warning.figures.items()},
                "evidence": [
                    {
                        "fact": row.fact,
                        "dataset": row.dataset.name,
                        "batch": row.source.batch,
                        "file": row.source.file,
                        "sheet": row.source.sheet,
                        "line": row.source.line,
                        "row": row.row,
                        "digest": digest,
                    }
                    for row, digest in self.evidence(warning)
                ],
                "raised_in": warning.raised_in,
                "changed_in": warning.changed_in,
                "seen_in": warning.seen_in,
                "change": self.change(warning),
                "masked": self.office.masked,
                "notice": NOT_A_VERDICT[self.office.lang],
            }


def tell_warnings(office: Office, told: Told) -> None:
    """The list for people; in a pipe, a line each, parts apart by tabs."""
    if not office.out.is_terminal and told.warnings:
        office.table(
            [
                Text("级别", "level"), Text("编号", "key"), Text("模型", "model"),
                Text("对象", "subject"), Text("说明", "sentence"), Text("身份", "identity"),
                Text("证据", "evidence"),
            ],
            [
                (
                    _level(office, each), each.key, each.model, told.about[each.key][0],
                    told.sentences[each.key], "; ".join(told.identity(each)),
                    "; ".join(told.places(each)),
                )
                for each in told.warnings
            ],
        )  # fmt: skip
    elif told.warnings:
        for each in told.warnings:
            _tell(office, told, each)
    if told.warnings:
        from plumbline.engine import NOT_A_VERDICT

        office.line((NOT_A_VERDICT[office.lang], "italic"))


def _tell(office: Office, told: Told, each: EarlyWarning) -> None:
    office.line(
        (_level(office, each), LEVEL_STYLES.get(each.level or "", "bold")),
        "  ", (each.key, "cyan"), "  ", each.model, "  ",
        (" · ".join(filter(None, told.about[each.key])), "bold"),
    )  # fmt: skip
    if each.state == "withdrawn":
        office.line(
            (office.words("已撤回：证据已不在", "withdrawn: its evidence is gone"), "yellow"),
            indent=4,
        )
    office.line(told.sentences[each.key], indent=4)
    if each.tier != "A" or told.ties(each):
        for said in told.identity(each):
            office.line((office.words("身份：", "identity: "), "bold"), (said, "yellow"), indent=4)
    for said in told.ripples(each):
        office.line((said, "italic"), indent=4)
    for place in told.places(each)[:_PLACES_SHOWN]:
        office.line((place, "dim"), indent=4)
    if (more := len(told.places(each)) - _PLACES_SHOWN) > 0:
        office.line((office.words(f"另有 {more} 处", f"and {more} more places"), "dim"), indent=4)
    office.blank()


_PLACES_SHOWN = 4


def _level(office: Office, warning: EarlyWarning) -> str:
    if warning.level is None:
        return office.words("疑问", "question")
    return LEVELS[warning.level].in_(office.lang)


def _tell_how_many(office: Office, shown: int, found: int) -> None:
    if not found:
        office.say("没有符合条件的预警", "no warnings of this kind")
    elif shown < found:
        office.remark(
            f"显示 {shown} 条，共 {found} 条；--limit 0 显示全部",
            f"{shown} of {found}; --limit 0 shows all",
        )
