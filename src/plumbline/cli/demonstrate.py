"""The whole job on an invented city, from departments' files to warnings held against the truth."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from collections.abc import Container, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from datetime import timedelta
from multiprocessing import get_context
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.check import tell_checked
from plumbline.cli.collide import progress_bar
from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.words import LEVEL_STYLES, LEVELS
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.cli.demo import Score, WhoIsWho
    from plumbline.cli.demo.opening import Opened
    from plumbline.engine import Checked, EarlyWarning, Run

_USUAL = 100_000
#: The city's deliveries came, and collided, this long ago; since then its officers have been at work.
_AGO = timedelta(days=33)
_REASONS_SHOWN = 12
_EXAMPLES = 3
_DIFFERENCES_SHOWN = 5

#: What becomes of the rows of a delivery.
_BECAME = {
    "loaded": Text("装入", "loaded"),
    "quarantined": Text("隔离", "quarantined"),
    "repeated": Text("重复", "repeated"),
    "withdrawn": Text("撤回以前的行", "withdrawing earlier rows"),
    "refused": Text("依法封存、未接收", "sealed by law and refused"),
}


@click.command()
@click.option(
    "--people", type=int, default=_USUAL, show_default=True, help="居民人数 · inhabitants"
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    help="换一个数，换一座城 · another number, another city",
)
@click.option(
    "--dir",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("demo-city"),
    show_default=True,
    help="放在哪里 · where to put it",
)
@pass_office
def demo(office: Office, people: int, seed: int, folder: Path) -> None:
    """虚构一座城市并走完全过程 · Invent a city and do the whole job on it.

    十二个县、二十个部门的文件，带着真实文件的毛病；接收、检查、碰撞，再与事先写下的真相核对。
    其中人物全部是虚构的。

    The files of twelve counties and twenty departments with the faults of real ones are
    taken in, checked and collided; the warnings are held against the truth written down
    before. Everyone in it is invented.
    """
    _prepare(folder, people)
    office.folder = folder
    clock = _Clock(office)
    with clock("虚构城市", "invent the city"), _tables_made(folder):
        _build(office, folder, people, seed)
    with clock("接收", "load"), office.busy("接收各部门的文件", "taking in the departments' files"):
        results = office.workspace.load(at=office.now - _AGO, by=office.user)
    _tell_rows(office, results)
    with clock("检查", "check"), office.busy("检查模型", "checking the models"):
        checked = office.workspace.check()
    passed = tell_checked(office, checked)
    with clock("碰撞", "collide"), progress_bar(office) as progress:
        run = office.workspace.collide(
            at=office.now - _AGO, accept=_accepted(office, people), progress=progress
        )
    with clock("核对", "compare"):
        same = _tell_found(office, run, json.loads((folder / "truth.json").read_text("utf-8")))
    with clock("工作台", "workbench"), office.busy("工作台", "filling the workbench"):
        opened = _open_workbench(office, folder, checked)
    clock.tell()
    _tell_workbench(office, opened)
    _tell_next(office, folder)
    if not (passed and same) or any(result.held for result in run.results):
        raise click.exceptions.Exit(1)


def _prepare(folder: Path, people: int) -> None:
    """Start anew where a demo stood; touch nothing else."""
    from plumbline.cli.demo.build import SMALLEST

    if people < SMALLEST:
        raise PlumblineError(
            Text(
                f"城市太小，至少要 {SMALLEST:,} 人",
                f"the city is too small; {SMALLEST:,} are needed",
            ),
            where=f"--people {people}",
        )
    if not folder.exists() or not any(folder.iterdir()):
        return
    if not (folder / "truth.json").is_file():
        raise PlumblineError(
            Text(
                "这个文件夹里有别的东西，未改动",
                "this folder holds something else and was left alone",
            ),
            where=str(folder),
            hint=Text("用 --dir 指明一个空文件夹", "name an empty folder with --dir"),
        )
    shutil.rmtree(folder / "store", ignore_errors=True)
    shutil.rmtree(folder / "private", ignore_errors=True)
    for left in folder.glob("workbench.db*"):
        left.unlink()


def _build(office: Office, folder: Path, people: int, seed: int) -> None:
    from plumbline.cli.demo import build_city

    with office.busy("虚构城市", "inventing the city"):
        report = build_city(folder, people, seed)
    office.line(
        (office.words("澜州市（虚构）", "the invented city of Lan (澜州)"), "bold"),
        office.words(
            f"  {report.people:,} 人，{len(report.rows)} 种数据，{report.files} 个文件，"
            f"{report.bytes / 1e6:.1f} MB  {folder / 'inbox'}",
            f"  {report.people:,} people, {len(report.rows)} datasets, {report.files} files, "
            f"{report.bytes / 1e6:.1f} MB  {folder / 'inbox'}",
        ),
    )


@contextmanager
def _tables_made(folder: Path) -> Iterator[None]:
    """Meanwhile another process makes the workbench's tables, which takes as long and needs no city."""
    from plumbline.cli.demo.foundation import lay_foundation

    folder.mkdir(parents=True, exist_ok=True)
    lay_foundation(folder)
    with ProcessPoolExecutor(1, get_context("spawn")) as aside:
        made = aside.submit(_make_tables, folder)
        yield
        made.result()


def _make_tables(folder: Path) -> None:
    from plumbline.cli.workbench import set_up

    set_up(Office(folder))
    from plumbline.web import serving

    serving.migrate()


def _open_workbench(office: Office, folder: Path, checked: Sequence[Checked]) -> Opened:
    from plumbline.cli.workbench import set_up

    set_up(office)
    from plumbline.cli.demo.opening import open_workbench
    from plumbline.web import serving

    serving.migrate()
    return open_workbench(folder, checked, office.now - _AGO, office.now)


def _tell_workbench(office: Office, opened: Opened) -> None:
    """What stands in the workbench, and who may look at it."""
    from plumbline.cli.demo.opening import ACCOUNTS, PASSWORD

    office.line(
        (office.words("工作台", "the workbench"), "bold"),
        office.words(
            f"  {opened.warnings} 条预警，其中 {opened.worked} 条已着手处置；留痕 {opened.sealed:,} 行已封存",
            f"  {opened.warnings} warnings, {opened.worked} of them worked on; "
            f"{opened.sealed:,} rows of the trail sealed",
        ),
    )
    office.line(
        office.words(
            f"  make serve 打开；登录名任选，口令都是 {PASSWORD}（仅演示用）：",
            f"  make serve opens it; sign in as any of these with the password {PASSWORD} (demo only):",
        )
    )
    said = [f"{username} {name}（{role.label}）" for username, name, role in ACCOUNTS]
    for first in range(0, len(said), 5):
        office.line(f"    {'  '.join(said[first : first + 5])}")


def _accepted(office: Office, people: int) -> dict[str, str]:
    """Every city has the same number of stories, so in a small one they are too many a head."""
    if people >= _USUAL:
        return {}
    return dict.fromkeys(office.workspace.models, "演示城市人少，命中率偏高")


def _tell_rows(office: Office, results: Sequence[object]) -> None:
    """Rows in, and rows quarantined by reason."""
    from plumbline.cli.load import tell_trouble
    from plumbline.engine import Batch

    batches = [result for result in results if isinstance(result, Batch)]
    rows, *parts = (sum(getattr(batch, what) for batch in batches) for what in ("rows", *_BECAME))
    became = ((count, words) for count, words in zip(parts, _BECAME.values(), strict=True) if count)
    office.line(
        (office.words(f"收到 {rows:,} 行：", f"{rows:,} rows in: "), "bold"),
        office.words("，", ", ").join(
            f"{words.in_(office.lang)} {count:,}" for count, words in became
        ),
    )
    reasons: Counter[Text] = Counter()
    for batch in batches:
        for reason in batch.reasons:
            reasons[reason.reason] += reason.rows
    shown = reasons.most_common(_REASONS_SHOWN)
    office.table(
        [Text("隔离原因", "why quarantined"), Text("行", "rows")],
        [(reason.in_(office.lang), f"{rows:,}") for reason, rows in shown],
        right=(1,),
    )
    tell_trouble(office, results)


def _tell_found(office: Office, run: Run, truth: Mapping[str, Any]) -> bool:
    """Warnings by model and level beside the truth, and three of them in words."""
    from plumbline.cli.demo import score
    from plumbline.cli.warning import Told
    from plumbline.engine import NOT_A_VERDICT

    city = office.workspace
    warnings, trials = city.warnings(), city.warnings(register="trials")
    questions = city.warnings(register="questions")
    found = [*warnings, *trials]
    scores = score(truth, [*map(_as_found, found)], [*map(_as_found, questions)])
    levels = Counter((warning.model, warning.level) for warning in found)
    office.line(
        (office.words(f"截止日 {run.as_of}", f"as of {run.as_of}"), "bold"),
        office.words(
            f"  {len(warnings)} 条预警，另有试运行模型的 {len(trials)} 条；{len(questions)} 个数据疑问",
            f"  {len(warnings)} warnings, and {len(trials)} of models on trial; "
            f"{len(questions)} questions to departments",
        ),
    )
    office.table(
        [
            Text("模型", "model"), *LEVELS.values(), Text("查准率", "precision"),
            Text("查全率", "recall"), Text("疑问查准率", "questions' precision"),
            Text("疑问查全率", "questions' recall"),
        ],
        [_row(model, each, levels) for model, each in scores.items()],
        right=range(1, 8),
    )  # fmt: skip
    for result in run.results:
        for what in filter(None, (result.held, result.skipped)):
            office.line((f"{result.model}: {what.in_(office.lang)}", "yellow"))
    guessed = {
        (told["model"], told["subject"], *told["group"])
        for told in map(_as_found, found)
        if told["tier"] != "A"
    }
    as_told = [_tell_differences(office, model, each, guessed) for model, each in scores.items()]
    _tell_loose(office, [each.who_is_who for each in scores.values()])
    examples = _examples(warnings)
    told = Told(office, examples)
    for each in examples:
        level = each.level or ""
        office.line((LEVELS[level].in_(office.lang), LEVEL_STYLES[level]), "  ", (each.key, "cyan"))
        office.line(told.sentences[each.key], indent=4)
        for words in told.identity(each):
            office.line((words, "dim"), indent=4)
    office.line((NOT_A_VERDICT[office.lang], "italic"))
    office.blank()
    return all(as_told)


def _as_found(warning: EarlyWarning) -> dict[str, Any]:
    return {
        "model": warning.model,
        "subject": warning.subject,
        "level": warning.level,
        "tier": warning.tier,
        "group": [_period(value) for value in warning.per[1:]],
    }


def _period(value: str) -> str:
    """A whole month or year as the truth writes it: 2021-03, 2021."""
    if month := re.fullmatch(r"(\d{4}-\d\d)-01\.\.\1-(28|29|30|31)", value):
        return month[1]
    year = re.fullmatch(r"(\d{4})-01-01\.\.\1-12-31", value)
    return year[1] if year else value


def _row(model: str, found: Score, levels: Mapping[tuple[str, Any], int]) -> list[Cell]:
    counts: list[Cell] = []
    for level, style in LEVEL_STYLES.items():
        number = levels.get((model, level), 0)
        counts.append((f"{number}", style if number else "dim"))
    shares = (found.precision, found.recall, *found.questions)
    return [
        model,
        *counts,
        *((f"{share:.3f}", "green" if share == 1 else "bold red") for share in shares),
    ]


def _tell_loose(office: Office, found: Sequence[WhoIsWho]) -> None:
    """What rows without a full number tell, which takes knowing whom they mean."""
    raised = sum(each.found for each in found)
    known = raised + sum(len(each.missed) for each in found)
    office.say(
        f"另有 {known} 起只见于号码遮盖或没有号码的行，需要“谁是谁”：已找到 {raised} 起",
        f"{known} more are told only by rows with a masked number or none and need who-is-who: "
        f"{raised} found",
    )


def _tell_differences(
    office: Office, model: str, found: Score, guessed: Container[tuple[str, ...]]
) -> bool:
    """What was missed, invented or graded otherwise; True if nothing was of which one is sure.

    Args:
        guessed: model, subject and group of warnings that rest on a tie of tier C or D. Of these a few in a thousand
            are about somebody else, which is why such a warning says that the identity is not certain.
    """
    as_told = found.questions == (1, 1)
    unlike = found.who_is_who
    for what, zh, en in (
        (found.missed, "漏掉", "missed"),
        (found.invented, "多出", "invented"),
        (found.wrong_level, "级别不同", "graded otherwise"),
        (unlike.too_sure, "身份不明而预警", "warned without knowing whom"),
        (unlike.wrong_level, "级别不同", "graded otherwise"),
    ):
        for number, (subject, group) in enumerate(what):
            is_guess = (model, subject, *group) in guessed
            as_told = as_told and is_guess
            if number < _DIFFERENCES_SHOWN:
                why = (
                    office.words("（身份为C、D级推定）", " (identity of tier C or D)")
                    if is_guess
                    else ""
                )
                line = f"{office.words(zh, en)} {model}: {subject} {' '.join(group)}{why}"
                office.line((line, "yellow" if is_guess else "red"))
    for trap, subject in found.sprung[:_DIFFERENCES_SHOWN]:
        office.line((f"{office.words('落入陷阱', 'trap')} {model}: {trap} {subject}", "red"))
    return as_told


def _examples(warnings: Sequence[EarlyWarning]) -> list[EarlyWarning]:
    """The first of each model, most serious models first; and one of each tier that is not A."""
    firsts = {warning.model: warning for warning in reversed(warnings)}
    order = list(LEVELS)
    ranked = sorted(firsts.values(), key=lambda w: (order.index(w.level or "blue"), w.model))
    tiers = {warning.tier: warning for warning in reversed(warnings) if warning.tier != "A"}
    shown = ranked[:_EXAMPLES]
    return shown + [tiers[tier] for tier in sorted(tiers) if tiers[tier] not in shown]


def _tell_next(office: Office, folder: Path) -> None:
    office.say("接下来可以试：", "what to try next:", "bold")
    here = f"plumbline --workspace {folder}"
    for command, zh, en in (
        ("warnings --level red", "看红色预警，每条有编号", "the red warnings, each with its key"),
        (
            "explain KEY",
            "为什么预警，依据哪个文件的哪一格",
            "why, and from which cell of which file",
        ),
        ("reproduce KEY", "按当时的数据重算", "compute it again from what the run saw"),
        ("quarantine list", "哪些行没有装入，为什么", "which rows did not load, and why"),
    ):
        office.line((f"{here} {command}", "cyan"), f"   {office.words(zh, en)}", indent=2)


class _Clock:
    """How long each step took."""

    def __init__(self, office: Office) -> None:
        self._office, self._steps = office, list[tuple[str, float]]()

    @contextmanager
    def __call__(self, zh: str, en: str) -> Iterator[None]:
        began = perf_counter()
        yield
        self._steps.append((self._office.words(zh, en), perf_counter() - began))

    def tell(self) -> None:
        steps = ", ".join(f"{name} {seconds:.1f}" for name, seconds in self._steps)
        whole = sum(seconds for _, seconds in self._steps)
        self._office.say(f"用时 {whole:.1f} 秒：{steps}", f"{whole:.1f} seconds: {steps}", "dim")
