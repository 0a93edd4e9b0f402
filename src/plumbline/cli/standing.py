"""Of whom a row speaks, and where somebody appears, on the page and as JSON."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from plumbline.cli.office import Cell, Office
from plumbline.cli.sides import said_by, sides
from plumbline.engine import (
    NOT_CERTAIN,
    TIERS,
    Appearance,
    Candidate,
    FactRow,
    Said,
    bearer_in_words,
    change_in_words,
    judgement_in_words,
    tie_in_words,
)
from plumbline.errors import Text

#: So many rows of one person are listed; `--json` lists all.
_ROWS_SHOWN = 50


def titles(office: Office) -> dict[str, Text]:
    """What each dataset is called."""
    return {name: d.declared.title.text for name, d in office.workspace.datasets.items()}


class Row:
    """A row, whom it is about, and how that came."""

    def __init__(self, office: Office, named: str) -> None:
        workspace = office.workspace
        self.office = office
        self.standing = workspace.who(named)
        self.judged = {each.number: each for each in workspace.judgements()}
        name = self.standing.name
        self.row: FactRow = workspace.rows([name])[name]
        self.said: list[Said] = list(said_by(office, name, self.row))
        self.sides = sides(office, [c.who for c in self.standing.candidates])
        own, names = self.standing.own, self.standing.said["names"]
        self.at_odds = [
            ticket for ticket in (workspace.tickets(number=own) if own else ())
            if (ticket.dataset, ticket.slot) == (name.dataset, name.column) and ticket.name in names[:1]
        ]  # fmt: skip

    def tell(self) -> None:
        office, lang = self.office, self.office.lang
        source = self.row.source
        sheet = f" [{source.sheet}]" if source.sheet else ""
        office.line(
            (str(self.standing.name), "bold cyan"), "  ", self.row.dataset.declared.title.text.in_(lang),
            office.words(
                f"  {source.file}{sheet} 第 {source.line} 行", f"  {source.file}{sheet} line {source.line}"
            ),
        )  # fmt: skip
        rows: list[list[Cell]] = [[one.title.in_(lang), one.shown] for one in self.said]
        office.table([Text("这一行写着", "the row says"), Text("", "")], rows)
        self._tell_whom()
        for words in self._judged_in_words():
            office.line((office.words("判断  ", "judged  "), "bold"), words.in_(lang))
        for words in self._history_in_words():
            office.line((office.words("变化  ", "change  "), "bold"), words.in_(lang))
        self._tell_elsewhere()

    def _tell_whom(self) -> None:
        office, lang = self.office, self.office.lang
        candidates = self.standing.candidates
        if not candidates and self.standing.own:
            tier = "B" if self.at_odds else "A"
            office.line(
                (office.words("说的是  ", "about  "), "bold"), self._shown(self.standing.own),
                f"  {tier}  ", TIERS[tier].in_(lang),
            )  # fmt: skip
            for ticket in self.at_odds:
                others = office.words("、", ", ").join(
                    f"{self._name(other)}（{', '.join(by)}）" if lang == "zh"
                    else f"{self._name(other)} ({', '.join(by)})"
                    for other, by in ticket.others.items()
                )  # fmt: skip
                office.say(
                    f"同一号码在别处的姓名：{others}",
                    f"elsewhere under this number: {others}",
                    "yellow",
                )
        elif not candidates:
            office.say(
                "名册里没有人相符，或相符的人太多",
                "nobody in the registers fits, or too many do",
                "yellow",
            )
        for each in candidates:
            self._tell_candidate(each)

    def _tell_candidate(self, each: Candidate) -> None:
        office, lang = self.office, self.office.lang
        label = (
            office.words("可能是  ", "maybe  ")
            if each.tier == "E" else office.words("说的是  ", "about  ")
        )  # fmt: skip
        to_judge = self.sides[each.who].to_judge() if each.who in self.sides else ""
        office.line((label, "bold"), self._shown(each.who), (f"  {to_judge}", "cyan"))
        words = tie_in_words(each.tier, each.by, each.why, self.judged)
        office.line(words.in_(lang), indent=2)
        if each.tier not in ("A", "E") and each.by != "judgement":
            office.line((NOT_CERTAIN.in_(lang), "italic"), indent=2)
        if each.reasons:
            rows: list[list[Cell]] = [
                [r.feature.in_(lang), r.level.in_(lang), f"{r.weight:.1f}"] for r in each.reasons
            ]
            total = sum(r.weight for r in each.reasons)
            rows.append([("合计", "bold") if lang == "zh" else ("sum", "bold"), "", f"{total:.1f}"])
            office.table(
                [Text("比什么", "feature"), Text("结果", "level"), Text("权重（比特）", "weight (bits)")],
                rows, right=(2,),
            )  # fmt: skip

    def _tell_elsewhere(self) -> None:
        office = self.office
        if self.standing.elsewhere:
            named = titles(office)
            comma = office.words("，", ", ")
            said = comma.join(
                f"{name} {named[name].in_(office.lang)} {n}"
                for name, n in self.standing.elsewhere.items()
            )
            office.line((office.words("同一人（单位）的行  ", "rows of the same  "), "bold"), said)

    def _judged_in_words(self) -> Iterator[Text]:
        for each in self.standing.judgements:
            about = bearer_in_words(each.who, masked=self.office.masked)
            words = judgement_in_words(each)
            yield Text(f"{about.zh}  {words.zh}", f"{about.en}  {words.en}")

    def _history_in_words(self) -> Iterator[Text]:
        named = titles(self.office)
        for each in self.standing.history:
            change = {"before": each.before, "after": each.after, "because": each.because}
            yield change_in_words(change, self.judged, named, masked=self.office.masked)

    def _shown(self, who: str) -> str:
        return bearer_in_words(who, masked=self.office.masked).in_(self.office.lang)

    def _name(self, name: str) -> str:
        return masked_name(self.office, self.row, self.standing.name.column, name)

    def as_json(self) -> dict[str, Any]:
        office, lang, standing = self.office, self.office.lang, self.standing
        source = self.row.source
        who = standing.who
        return {
            "row": str(standing.name),
            "dataset": standing.name.dataset,
            "file": source.file,
            "sheet": source.sheet,
            "line": source.line,
            "says": [[one.title.in_(lang), one.shown] for one in self.said],
            "who": self._shown(who) if who else None,
            "at_odds": [
                {"name": self._name(other), "datasets": list(by)}
                for ticket in self.at_odds for other, by in ticket.others.items()
            ],
            "candidates": [
                {
                    "who": self._shown(each.who),
                    "row": self.sides[each.who].to_judge() if each.who in self.sides else None,
                    "tier": each.tier,
                    "via": each.by,
                    "why": dict(each.why),
                    "words": office.clean(tie_in_words(each.tier, each.by, each.why, self.judged).in_(lang)),
                    "reasons": [
                        {"feature": r.feature.in_(lang), "level": r.level.in_(lang), "bits": r.weight}
                        for r in each.reasons
                    ],
                }
                for each in standing.candidates
            ],
            "judgements": [office.clean(words.in_(lang)) for words in self._judged_in_words()],
            "history": [office.clean(words.in_(lang)) for words in self._history_in_words()],
            "elsewhere": dict(standing.elsewhere),
            "masked": office.masked,
        }  # fmt: skip


def masked_name(office: Office, row: FactRow, column: str, name: str) -> str:
    """A name in its form for comparison, as it may be shown."""
    plain = name.replace("%", "某").replace("_", "某")
    columns = row.dataset.names_of(column)
    if not office.masked or not columns or not row.dataset.is_personal(columns[0]):
        return plain
    type_ = row.dataset.types[columns[0]]
    return type_.mask((plain, name), office.lang)


class Bearer:
    """Somebody, by number, and the rows about them."""

    def __init__(self, office: Office, number: str) -> None:
        self.office = office
        self.found: list[Appearance] = office.workspace.appearances(number)
        self.rows = office.workspace.rows(each.name for each in self.found)
        self.number = number

    def tell(self) -> None:
        office, lang = self.office, self.office.lang
        if not self.found:
            office.say("没有哪一行说的是这个号码", "no row is about this number")
            return
        rows: list[list[Cell]] = []
        for each in self.found[:_ROWS_SHOWN]:
            row = self.rows[each.name]
            said = " · ".join(one.shown for one in said_by(office, each.name, row))
            tier = f"{each.tier}?" if each.tier == "E" else each.tier
            rows.append([
                (str(each.name), "cyan"), row.dataset.declared.title.text.in_(lang), tier,
                said, (str(row.source), "dim"),
            ])  # fmt: skip
        office.table(
            [
                Text("行", "row"), Text("数据集", "dataset"), Text("等级", "tier"),
                Text("写着", "says"), Text("位置", "where"),
            ],
            rows,
        )  # fmt: skip
        if len(self.found) > _ROWS_SHOWN:
            office.remark(
                f"显示 {_ROWS_SHOWN} 行，共 {len(self.found)} 行；--json 列出全部",
                f"{_ROWS_SHOWN} of {len(self.found)} rows; --json lists all",
            )
        if any(each.tier == "E" for each in self.found):
            office.say(
                "E? 的行只是可能说的是此人（单位）",
                "rows marked E? may be about them, no more",
                "dim",
            )

    def as_json(self) -> dict[str, Any]:
        office = self.office
        who = self.found[0].who if self.found else self.number
        return {
            "who": bearer_in_words(who, masked=office.masked).in_(office.lang),
            "rows": [
                {
                    "row": str(each.name),
                    "dataset": each.name.dataset,
                    "tier": each.tier,
                    "via": each.via,
                    "says": [
                        [one.title.in_(office.lang), one.shown]
                        for one in said_by(office, each.name, self.rows[each.name])
                    ],
                    "file": self.rows[each.name].source.file,
                    "sheet": self.rows[each.name].source.sheet,
                    "line": self.rows[each.name].source.line,
                }
                for each in self.found
            ],
            "masked": office.masked,
        }
