"""An explanation on the page: verdict, slots with values, source cells, the line, and what to check."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cached_property

from plumbline.cli.office import Office
from plumbline.cli.words import HELD, LEVEL_STYLES, LEVELS, VERDICT_STYLES, VERDICTS
from plumbline.engine import (
    NOT_A_VERDICT,
    TIERS,
    Condition,
    EarlyWarning,
    Explanation,
    FactRow,
    Judged,
    Judgement,
    Register,
    SupervisionModel,
    tie_in_words,
)
from plumbline.errors import Text

_COMBINATIONS_SHOWN = 3
_ROWS_SHOWN = 5

_REGISTERS: dict[Register, Text] = {
    "warnings": Text("预警", "warning"),
    "trials": Text("试运行结果（不告知任何人）", "trial result (told to nobody)"),
    "questions": Text("数据疑问（请报送部门核对）", "question to the departments about their data"),
    "candidates": Text(
        "身份不足以认定的候选（不指向任何人）", "candidate, too little to tell by (accuses nobody)"
    ),
}


def tell_warning(office: Office, warning: EarlyWarning, register: Register) -> None:
    """What was raised: key, level, register, sentence."""
    level = (
        (LEVELS[warning.level].in_(office.lang), LEVEL_STYLES[warning.level])
        if warning.level
        else ""
    )
    office.line(
        (_REGISTERS[register].in_(office.lang), "bold"), "  ", level, "  ", (warning.key, "cyan"),
        office.words(f"  第 {warning.raised_in} 次运行提出", f"  raised in run {warning.raised_in}"),
    )  # fmt: skip
    if warning.state == "withdrawn":
        office.say(
            f"第 {warning.changed_in} 次运行时证据已不在，已撤回；以下是撤回之前的情形",
            f"withdrawn in run {warning.changed_in}: its evidence is gone; below is what it rested on",
            "yellow",
        )
    office.line((office.workspace.sentence(warning, office.lang, masked=office.masked), "bold"))
    if warning.change.get("who"):
        from plumbline.cli.warning import Told

        for said in Told(office, [warning]).ripples(warning):
            office.line((said, "italic"))
    office.blank()


def tell_explanation(office: Office, explanation: Explanation, *, whole: bool) -> None:
    """The verdict slot by slot, with values and the cells they were read from."""
    page = _Page(office, explanation, whole=whole)
    page.head()
    page.line_of_the_model()
    if explanation.judged:
        groups = list(_groups(explanation.judged))
        shown = groups if whole else groups[:_COMBINATIONS_SHOWN]
        for group in shown:
            page.group(group)
        if len(shown) < len(groups):
            more = len(groups) - len(shown)
            office.say(
                f"另有 {more} 种组合；--all 全部列出",
                f"{more} more combinations; --all shows them",
                "dim",
            )
            office.blank()
    else:
        page.nothing_met()
    if any(each.verdict in ("flag", "cannot_tell") for each in explanation.judged):
        page.what_to_check()
    office.line((NOT_A_VERDICT[office.lang], "italic"))


@dataclass(frozen=True)
class _Group:
    """Combinations of rows that were judged alike."""

    judged: Judged
    rows: tuple[FactRow, ...]


def _groups(judged: Sequence[Judged]) -> Iterator[_Group]:
    alike: dict[tuple[object, ...], list[Judged]] = {}
    for each in judged:
        verdict = (each.verdict, each.level, each.tier, each.decided_by)
        sides = (*verdict, each.per, each.conditions, each.exceptions)
        alike.setdefault((*sides, tuple(each.figures.items())), []).append(each)
    for group in alike.values():
        rows = {(fact, row.row): row for each in group for fact, row in each.rows.items()}
        facts = list(dict.fromkeys(fact for fact, _ in rows))
        places = sorted(rows, key=lambda place: (facts.index(place[0]), place[1]))
        yield _Group(group[0], tuple(rows[place] for place in places))


class _Page:
    def __init__(self, office: Office, explanation: Explanation, *, whole: bool) -> None:
        self.office, self.explanation, self.whole = office, explanation, whole
        self.model: SupervisionModel = explanation.model
        self.lang = office.lang

    def label(self, zh: str, en: str) -> tuple[str, str]:
        """The left margin of a line."""
        return (f"{zh}  " if self.lang == "zh" else f"{en + ':':<10} ", "bold")

    def head(self) -> None:
        model, explanation = self.model, self.explanation
        subject = explanation.about(self.lang, masked=self.office.masked)
        self.office.line(
            self.label("模型", "model"), model.declared.title.text.in_(self.lang),
            (f"  {model.name} v{model.declared.version}", "dim"),
        )  # fmt: skip
        self.office.line(self.label("对象", "subject"), subject)
        self.office.line(self.label("截止日", "as of"), str(explanation.as_of))
        if explanation.read:
            self.office.line((explanation.read.in_(self.office.lang), "dim"))

    def line_of_the_model(self) -> None:
        line = self.model.declared.line
        self.office.line(self.label("准绳", "line"), line.says.text.in_(self.lang))
        for basis in line.basis:
            period = (
                f"{basis.starts or ''}..{basis.ends or ''}" if basis.starts or basis.ends else ""
            )
            law = (
                f"《{basis.law}》{basis.clause}"
                if self.lang == "zh"
                else f"{basis.law} {basis.clause}"
            )
            self.office.line(f"{law}  {period}", indent=6)
        self.office.blank()

    def group(self, group: _Group) -> None:
        office, judged = self.office, group.judged
        # The level is the whole warning's; what is not of tier A does not make it red.
        level = (
            ("  " + LEVELS[judged.level].in_(self.lang), LEVEL_STYLES[judged.level])
            if judged.level and (judged.level != "red" or judged.tier == "A")
            else ""
        )
        office.line(
            self.label("判定", "verdict"),
            (VERDICTS[judged.verdict].in_(self.lang), VERDICT_STYLES[judged.verdict]), level,
            f"  {self._decided_by(judged)}",
        )  # fmt: skip
        tier = TIERS.get(judged.tier)
        if tier and len(group.rows) > 1:
            office.line(self.label("身份", "identity"), f"{judged.tier}  {tier.in_(self.lang)}")
        self._ties(group.rows)
        if judged.settings:
            said = ", ".join(f"{name} = {value}" for name, value in judged.settings.items())
            office.line(self.label("设定", "settings"), said)
        for name, value in self.explanation.figures(judged, self.lang).items():
            office.line(self.label("计算", "figure"), f"{name} = {value}")
        self._conditions(judged)
        self._exceptions(judged)
        self._rows(group.rows)
        office.blank()

    def _ties(self, rows: Sequence[FactRow]) -> None:
        """What makes rows without a full number be about the subject, said once for rows alike."""
        said: dict[str, list[str]] = {}
        for row in rows:
            for tie in self.explanation.ties.get((row.fact, row.row), ()):
                words = tie_in_words(tie.tier, tie.via, tie.why, self.judged).in_(self.lang)
                said.setdefault(words, []).append(str(tie.name))
        for words, names in said.items():
            more = f" +{len(names) - _ROWS_SHOWN}" if len(names) > _ROWS_SHOWN else ""
            named = ", ".join(names[:_ROWS_SHOWN])
            self.office.line((f"{named}{more}  ", "cyan"), words, indent=6)

    @cached_property
    def judged(self) -> dict[int, Judgement]:
        """Judgements by number."""
        return {each.number: each for each in self.office.workspace.judgements()}

    def _decided_by(self, judged: Judged) -> str:
        if judged.decided_by == "identity":
            return self.office.words("身份不能确定", "the identity is not certain")
        if judged.decided_by == "flag_when":
            return {
                "flag": self.office.words("条件全部成立", "every condition holds"),
                "clear": self.office.words("条件不成立", "a condition does not hold"),
            }.get(judged.verdict, self.office.words("条件中有未知的值", "a value is unknown"))
        return judged.decided_by

    def _conditions(self, judged: Judged) -> None:
        if not judged.conditions:
            return
        self.office.line((self.office.words("预警条件", "flag when"), "bold"))
        for each in judged.conditions:
            condition = self._in_words(each.masked() if self.office.masked else each, judged)
            text = _unquoted(condition.text, judged.settings)
            self.office.line(HELD[each.held], f" {text}", (_sides(condition), "dim"), indent=2)
            if each.held is not True:
                self.office.line((self._would(condition, judged.settings), "italic"), indent=6)

    def _would(self, condition: Condition, settings: Mapping[str, str]) -> str:
        """What would make it hold, with the settings in force in it."""
        would = condition.would_hold.in_(self.lang)
        would = _unquoted(would, settings)
        for name, value in settings.items():
            would = re.sub(rf"\b{name}\b", value, would)
        return self.office.words(f"{would}，则成立", f"{would}, it would hold")

    def _in_words(self, condition: Condition, judged: Judged) -> Condition:
        """The condition with amounts as money."""
        if not self._compares_money(condition.text, judged):
            return condition
        left, right = (value and self._money(value) for value in (condition.left, condition.right))
        return replace(condition, left=left, right=right)

    def _compares_money(self, text: str, judged: Judged) -> bool:
        """Are both sides amounts in minor units, nothing multiplied in by a number?"""
        if re.search(r"\* *\d|\d *\*", text):
            return False
        figures = self.explanation.figures(judged, "en")
        named = re.findall(r"\b(\w+)\.(\w+)\b", text)
        return any(
            figures.get(f"{fact}.{column}", "").startswith("CNY ")
            or (fact in self.model.facts and self._is_money(fact, column))
            for fact, column in named
        )

    def _is_money(self, fact: str, column: str) -> bool:
        types = self.model.facts[fact].types
        return column in types and types[column].name == "money"

    def _money(self, value: str) -> str:
        if not re.fullmatch(r"-?\d+(\.\d+)?", value):
            return value
        yuan = Decimal(value) / 100
        return self.office.words(f"{yuan:,.2f}元", f"CNY {yuan:,.2f}")

    def _exceptions(self, judged: Judged) -> None:
        why = {each.name: each.why.text for each in self.model.declared.leave_out}
        why |= self.explanation.why
        kinds = (
            ("leave_out", "合法例外", "leave out"),
            ("exception", "对这一对象的例外", "exception for this subject"),
            ("cannot_tell_when", "无法判断的情形", "cannot tell when"),
        )
        for kind, zh, en in kinds:
            slots = [(name, holds) for of, name, holds in judged.exceptions if of == kind]
            if slots:
                self.office.line((self.office.words(zh, en), "bold"))
            for name, holds in slots:
                reason = why[name].in_(self.lang) if name in why else ""
                mark = HELD[holds] if holds is not False else ("✗", "dim")
                self.office.line(
                    mark, f" {name}", (f"  {reason}" if reason else "", "dim"), indent=2
                )

    def _rows(self, rows: Sequence[FactRow]) -> None:
        counted: dict[str, int] = {}
        for row in rows:
            counted[row.fact] = counted.get(row.fact, 0) + 1
            if self.whole or counted[row.fact] <= _ROWS_SHOWN:
                self._row(row)
        for fact, number in counted.items():
            if not self.whole and number > _ROWS_SHOWN:
                more = number - _ROWS_SHOWN
                self.office.say(
                    f"{fact}：另有 {more} 行；--all 全部列出",
                    f"{fact}: {more} more rows; --all shows them",
                    "dim",
                )

    def _row(self, row: FactRow) -> None:
        office, source = self.office, row.source
        sheet = f" [{source.sheet}]" if source.sheet else ""
        office.line(
            (f"{row.fact}  ", "bold"), row.dataset.declared.title.text.in_(self.lang),
            (office.words(
                f"  {source.file}{sheet} 第 {source.line} 行", f"  {source.file}{sheet} line {source.line}"
            ), "cyan"),
            (f"  {self._name(row)}", "dim"),
        )  # fmt: skip
        office.table(
            [
                Text("单元格", "cell"), Text("表头", "header"),
                Text("列", "column"), Text("值", "value"),
            ],
            [
                (f"{letter}{source.line}", header, name, row.show(name, self.lang, masked=office.masked))
                for name, (header, letter) in row.cells.items()
            ],
        )  # fmt: skip

    def _name(self, row: FactRow) -> str:
        """What `who` takes; with the column that the model asks about, where it may be another."""
        bearers = [c for c in row.dataset.bearers if row.dataset.names_of(c)]
        references = [r for listed in self.model.declared.same.values() for r in listed]
        asked = [r.partition(".")[2] for r in references if r.partition(".")[0] == row.fact]
        column = next((c for c in asked if c in bearers), "")
        short = f"{row.dataset.name}:{row.row >> 32}-{row.row & 0xFFFFFFFF}"
        return f"{short}:{column}" if column and len(bearers) > 1 else short

    def nothing_met(self) -> None:
        office = self.office
        office.line(
            self.label("判定", "verdict"), (VERDICTS["clear"].in_(self.lang), VERDICT_STYLES["clear"]),
            office.words("  没有碰到一起的记录", "  no rows met"),
        )  # fmt: skip
        for fact, count in self.explanation.present.items():
            title = self.model.facts[fact].declared.title.text.in_(self.lang)
            if count is None:
                said = office.words("不按这个对象查找", "is not looked up by this subject")
            elif count:
                said = office.words(f"有 {count} 行", f"{count} rows")
            else:
                said = office.words("没有这个对象的记录", "no rows about this subject")
            office.line(f"{fact}  {title}  ", said, indent=2)
        office.blank()

    def what_to_check(self) -> None:
        declared = self.model.declared
        for zh, en, lists in (
            ("核查步骤", "how to check", declared.check),
            ("常见的正当解释", "usual innocent explanations", declared.innocent),
        ):
            listed = lists.en if self.lang == "en" and lists.en else lists.zh
            self.office.line((self.office.words(zh, en), "bold"))
            for i, step in enumerate(listed, 1):
                self.office.line(f"{i}. {step}", indent=2)
        self.office.line(
            self.label("送", "send to"), self._sent_to(),
            self.office.words(
                "；当事人或单位的说明应一并听取、附卷",
                "; the person or unit concerned is to be heard, and the reply kept with it",
            ),
        )  # fmt: skip
        self.office.blank()

    def _sent_to(self) -> str:
        """Who is asked: the value in the rows, or the column that names it."""
        by = self.model.declared.send_to.by
        fact, _, column = by.partition(".")
        row = next((j.rows[fact] for j in self.explanation.judged if fact in j.rows), None)
        return row.show(column, self.lang, masked=self.office.masked) if row else by


def _unquoted(text: str, settings: Mapping[str, str]) -> str:
    """A setting's name that is a word of SQL stands in quotes there, and not here."""
    for name in settings:
        text = text.replace(f'"{name}"', name)
    return text


def _sides(condition: Condition) -> str:
    """The values of both sides of a comparison."""
    if condition.left is None and condition.right is None:
        return ""
    return f"   {condition.left or '?'} | {condition.right or '?'}"
