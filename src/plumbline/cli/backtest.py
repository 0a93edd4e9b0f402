"""A model over past months: what it would have flagged, what became of it, and what another setting would change."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.office import Cell, Office, neutral, pass_office
from plumbline.cli.words import LEVELS
from plumbline.cli.workbench import is_there, with_database
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import Backtest, Flagged, JudgedMonth, Month

_MONTH = click.DateTime(["%Y-%m"])
_KEY, _SUBJECT, _OUTCOME = ("key", "编号"), ("subject", "对象"), ("outcome", "结果")
_RIGHT = {"confirmed", "true", "yes", "属实", "部分属实", "是"}
_WRONG = {"refuted", "false", "no", "不属实", "否"}
_OPEN = {"", "unverifiable", "unknown", "无法查实", "未知"}


@click.command()
@click.argument("model")
@click.option(
    "--from", "first", required=True, type=_MONTH, metavar="YYYY-MM", help="起月 · the first month"
)
@click.option(
    "--to", "last", required=True, type=_MONTH, metavar="YYYY-MM", help="止月 · the last month"
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="另一种设定，并列比较；可多次 · another setting, side by side; may be repeated",
)
@click.option(
    "--outcomes",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    metavar="FILE",
    help="已知结果的 CSV：编号或对象、结果 · CSV of known outcomes: key or subject, outcome",
)
@click.option(
    "--csv",
    "sheet",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="各月写入 CSV · write the months as CSV",
)
@click.option("--json", "as_json", is_flag=True, help="输出一行 JSON · print one line of JSON")
@pass_office
def backtest(  # noqa: PLR0913 -- which months of which model, against what
    office: Office, *, model: str, first: datetime, last: datetime, settings: tuple[str, ...],
    outcomes: Path | None, sheet: Path | None, as_json: bool,
) -> None:  # fmt: skip
    """用过去各月回测一个模型 · Try a model on every past month.

    \b
    plumbline backtest MODEL --from 2024-01 --to 2025-12 --set look_back_years=5

    每月按月末判断：当月有运行记录的，用那次运行所见的数据；没有的，用今天的数据中自身日期不晚于月末
    的行，并注明。已知结果来自 --outcomes，或工作台里已办结的处置。不写入任何预警。

    Each month is judged as of its last day: over what a run of that month saw where one is
    recorded, else over today's rows whose own date is not later, and the table says which. Known
    outcomes come from --outcomes, or from the closed disposals of the workbench. No warning is
    entered.
    """  # noqa: D301 -- click keeps the lines after a real backspace
    changed = _settings(settings)
    known = _Known()
    if outcomes:
        known.read(outcomes)
    elif is_there(office):
        with_database(office)
        from plumbline.loop.disposal.queries.precision import found_of

        known.keys |= found_of(model)
    with office.busy("回测", "back-testing"):
        done = office.workspace.backtest(model, first.date(), last.date(), changed)
    page = _Page(office, done, known)
    if as_json:
        click.echo(json.dumps(page.as_json(), ensure_ascii=False))
        return
    if sheet:
        page.write(sheet)
    page.tell()


@dataclass
class _Known:
    """What is known of warnings, by key or by subject: was there something?"""

    keys: dict[str, bool] = field(default_factory=dict)
    subjects: dict[str, bool] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.keys or self.subjects)

    def read(self, path: Path) -> None:
        with path.open(encoding="utf-8-sig", newline="") as file:
            rows = csv.DictReader(file)
            heads = {name.strip().lower(): name for name in rows.fieldnames or ()}
            key, subject, outcome = (
                next((heads[name] for name in names if name in heads), None)
                for names in (_KEY, _SUBJECT, _OUTCOME)
            )
            if outcome is None or (key is None and subject is None):
                raise PlumblineError(
                    Text("表头须有 outcome，以及 key 或 subject", "the header needs outcome, and key or subject"),
                    where=str(path),
                    hint=Text("中文表头为 结果、编号、对象", "such as: key,outcome"),
                )  # fmt: skip
            for line, row in enumerate(rows, 2):
                said = (row[outcome] or "").strip().lower()
                if said in _OPEN:
                    continue
                if said not in _RIGHT | _WRONG:
                    raise PlumblineError(
                        Text(f"不认识的结果“{said}”", f"'{said}' is no outcome"),
                        where=f"{path}:{line}",
                        hint=Text("写 属实 或 不属实", "write confirmed or refuted"),
                    )
                if key and (of := (row[key] or "").strip()):
                    self.keys[of] = said in _RIGHT
                elif subject and (of := (row[subject] or "").strip()):
                    self.subjects[of] = said in _RIGHT

    def of(self, key: str, flagged: Flagged) -> bool | None:
        return self.keys.get(key, self.subjects.get(flagged.subject))

    def missed(self, found: Mapping[str, Flagged]) -> int:
        """Confirmed ones that are not among those that were found."""
        subjects = {each.subject for each in found.values()}
        keys = sum(right and key not in found for key, right in self.keys.items())
        return keys + sum(right and of not in subjects for of, right in self.subjects.items())


@dataclass(frozen=True)
class _Measured:
    """How many warnings there would have been, and what is known of them."""

    flagged: int
    confirmed: int
    refuted: int
    missed: int

    @property
    def known(self) -> int:
        return self.confirmed + self.refuted

    def interval(self) -> tuple[float, float]:
        from plumbline.kit.interval import wilson

        return wilson(self.confirmed, self.known)


class _Page:
    def __init__(self, office: Office, done: Backtest, known: _Known) -> None:
        self.office, self.done, self.known = office, done, known

    def measured(self, found: Mapping[str, Flagged]) -> _Measured:
        said = [self.known.of(key, each) for key, each in found.items()]
        return _Measured(len(found), said.count(True), said.count(False), self.known.missed(found))

    # -- as a table

    def heads(self) -> list[Text]:
        heads = [
            Text("月份", "month"), Text("数据", "data"), Text("预警", "flagged"), *LEVELS.values(),
            Text("新出现", "new"), Text("无法判断", "cannot tell"), Text("例外", "left out"),
        ]  # fmt: skip
        if self.known:
            heads += [Text("新出现中属实", "new, confirmed"), Text("不属实", "refuted")]
        if self.done.settings:
            heads += [
                Text("改后预警", "flagged, changed"), Text("改后新出现", "new, changed"),
                Text("改后多出", "only changed"), Text("改后少了", "only as it is"),
            ]  # fmt: skip
        return heads

    def rows(self) -> Iterator[list[Cell]]:
        for month in self.done.months:
            judged = month.judged
            levels = dict(judged.tally.by_level)
            row: list[Cell] = [f"{month.on:%Y-%m}", self._data(month), str(len(judged.flagged))]
            row += [str(levels.get(level, 0)) for level in LEVELS]
            row += [str(len(judged.new)), str(judged.tally.cannot_tell), str(judged.tally.left_out)]
            if self.known:
                of_new = self.measured({key: judged.flagged[key] for key in judged.new})
                row += [str(of_new.confirmed), str(of_new.refuted)]
            if month.changed:
                here, there = judged.flagged.keys(), month.changed.flagged.keys()
                row += [str(len(there)), str(len(month.changed.new))]
                row += [str(len(there - here)), str(len(here - there))]
            yield row

    def _data(self, month: Month) -> str:
        if month.run is not None:
            return self.office.words(f"第 {month.run} 次运行所见", f"as run {month.run} saw it")
        if month.purged:
            return self.office.words("今天的（当时的已销毁）", "today's (what was seen is purged)")
        return self.office.words("今天的", "today's")

    def tell(self) -> None:
        office, done = self.office, self.done
        office.line(
            (done.model.declared.title.text.in_(office.lang), "bold"),
            (f"  {done.model.name} v{done.model.declared.version}", "dim"),
        )
        heads = self.heads()
        office.table(heads, list(self.rows()), right=range(2, len(heads)))
        self._tell_measure(office.words("按现在的设定", "as it is"), done.ever())
        if done.settings:
            said = ", ".join(f"{name}={value}" for name, value in done.settings.items())
            self._tell_measure(said, changed := done.ever(changed=True))
            self._tell_measure(
                office.words(f"  {said} 多出的", f"  only with {said}"),
                {k: v for k, v in changed.items() if k not in done.ever()}, part=True,
            )  # fmt: skip
            self._tell_measure(
                office.words(f"  {said} 少掉的", f"  no longer with {said}"),
                {k: v for k, v in done.ever().items() if k not in changed}, part=True,
            )  # fmt: skip
        self._remarks()

    def _tell_measure(
        self, which: str, found: Mapping[str, Flagged], *, part: bool = False
    ) -> None:
        """One line; of a part of the warnings nothing is said about what is missing."""
        office, measured = self.office, self.measured(found)
        line = office.words(
            f"{which}：{measured.flagged} 条预警", f"{which}: {measured.flagged} warnings"
        )
        if measured.known:
            low, high = (f"{100 * share:.1f}%" for share in measured.interval())
            share = f"{100 * measured.confirmed / measured.known:.1f}%"
            line += office.words(
                f"；已知结果 {measured.known} 条，属实 {measured.confirmed}，精确率 {share}（95% 区间 {low} 至 {high}）",
                f"; outcomes known of {measured.known}, {measured.confirmed} confirmed: precision {share} "
                f"(95% interval {low} to {high})",
            )  # fmt: skip
        elif self.known:
            line += office.words("；其中没有已知结果的", "; no outcome is known of any")
        if self.known and not part:
            line += office.words(
                f"；已知属实而未预警 {measured.missed} 条",
                f"; confirmed elsewhere and not flagged: {measured.missed}",
            )
        office.line(line)

    def _remarks(self) -> None:
        office, done = self.office, self.done
        if any(month.run is None for month in done.months):
            office.remark(
                "“今天的”：当月没有运行记录，用的是今天的数据中自身日期不晚于月末的行；迟报和后来更正的也算在内",
                "today's: no run of that month is recorded, so it is today's rows whose own date is not later; "
                "what came late or was corrected since is among them",
            )
            if done.undated:
                named = ", ".join(done.undated)
                office.remark(
                    f"没有自身日期、整份使用的事实：{named}",
                    f"facts without a date of their own, read whole: {named}",
                )
        if not self.known:
            office.remark(
                "没有已知结果，算不出精确率；用 --outcomes 给出",
                "no outcomes are known, so there is no precision; --outcomes gives them",
            )

    # -- for other programs

    def write(self, path: Path) -> None:
        """The months as CSV that no spreadsheet takes for formulas."""
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            sheet = csv.writer(file)
            sheet.writerow(head.in_(self.office.lang) for head in self.heads())
            for row in self.rows():
                sheet.writerow(neutral(cell if isinstance(cell, str) else cell[0]) for cell in row)

    def as_json(self) -> dict[str, Any]:
        done = self.done
        found: dict[str, Any] = {
            "model": done.model.name,
            "version": done.model.declared.version,
            "undated": list(done.undated),
            "months": [self._month(month) for month in done.months],
            "all": self._measure(done.ever()),
        }
        if done.settings:
            ever, changed = done.ever(), done.ever(changed=True)
            found["set"] = dict(done.settings)
            found["changed"] = self._measure(changed)
            found["only_changed"] = self._measure(
                {k: v for k, v in changed.items() if k not in ever}
            )
            found["only_as_it_is"] = self._measure(
                {k: v for k, v in ever.items() if k not in changed}
            )
        return found

    def _month(self, month: Month) -> dict[str, Any]:
        found: dict[str, Any] = {
            "month": f"{month.on:%Y-%m}",
            "as_of": month.on.isoformat(),
            "run": month.run,
            "purged": month.purged,
            **self._judged(month.judged),
        }
        if month.changed:
            found["changed"] = self._judged(month.changed)
        return found

    def _judged(self, judged: JudgedMonth) -> dict[str, Any]:
        levels = dict(judged.tally.by_level)
        return {
            "flagged": len(judged.flagged),
            "levels": {level: levels.get(level, 0) for level in LEVELS},
            "cannot_tell": judged.tally.cannot_tell,
            "left_out": judged.tally.left_out,
            "new": self._measure({key: judged.flagged[key] for key in judged.new}),
            "keys": sorted(judged.flagged),
        }

    def _measure(self, found: Mapping[str, Flagged]) -> dict[str, Any]:
        measured = self.measured(found)
        said: dict[str, Any] = {
            "flagged": measured.flagged, "confirmed": measured.confirmed, "refuted": measured.refuted,
        }  # fmt: skip
        if measured.known:
            said["precision"] = measured.confirmed / measured.known
            said["interval"] = list(measured.interval())
        return said


def _settings(given: Sequence[str]) -> dict[str, int | float]:
    found: dict[str, int | float] = {}
    for each in given:
        name, equals, value = (part.strip() for part in each.partition("="))
        if not equals or not re.fullmatch(r"-?\d+(\.\d+)?", value):
            raise PlumblineError(
                Text(
                    f"--set 须写成 名称=数，不是“{each}”", f"--set takes NAME=NUMBER, not '{each}'"
                )
            )
        found[name] = float(value) if "." in value else int(value)
    return found
