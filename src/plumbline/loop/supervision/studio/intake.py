"""What the studio asks the engine: is this a model, how do its cases come out, what would it find; and the files."""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from plumbline.bilingual import language
from plumbline.engine import FactRow, Workspace, packaged_catalog
from plumbline.errors import PlumblineError, Text
from plumbline.loop.supervision.intake import bearers, catalog, workspace
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.supervision.studio.actions import write_model
from plumbline.loop.supervision.studio.slots import from_form, plain, unformed, written
from plumbline.org.models import User

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")
_THEME = re.compile(r"[a-z][a-z0-9_-]{0,39}")
_ROWS = 5


@dataclass(frozen=True)
class Opened:
    """A model as the catalog has it.

    Attributes:
        unformed: slots that the form cannot hold.
    """

    name: str
    text: str
    cases: str
    data: dict[str, Any]
    unformed: tuple[str, ...]


@dataclass(frozen=True)
class Wrong:
    """What the engine says is wrong, and where.

    Attributes:
        slot: the top-level slot; `path` the whole one, as the text has it; both empty for the whole file.
    """

    slot: str
    path: str
    words: str


@dataclass(frozen=True)
class CaseTold:
    """One case, and what came of it."""

    name: str
    kind: str
    as_of: str
    given: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    wanted: str
    wanted_level: str
    by: str
    found: str
    found_level: str
    passed: bool


def open_model(of: Workspace, name: str) -> Opened:
    """Raises DeclarationError where there is no such model."""
    model = of.model(name)
    cases = model.folder / "cases.yml"
    data = of.draft(name, model.text).data
    return Opened(
        name, model.text, cases.read_text(encoding="utf-8") if cases.is_file() else "", data,
        tuple(unformed(data)),
    )  # fmt: skip


def text_of(of: Workspace, fields: Mapping[str, str]) -> str:
    """The YAML of what was typed; where nothing was changed, the catalog's own text with its comments."""
    if fields.get("mode") == "yaml":
        return fields.get("yaml", "").replace("\r\n", "\n")
    data = from_form(fields)
    name = fields.get("of", "")
    if name in of.models:
        before = open_model(of, name)
        if plain(before.data) == plain(data):
            return before.text
    return written(data)


def name_in(text: str) -> str:
    """The model's name, where the text says one that can be a folder's."""
    found = re.search(r"^model:\s*[\"']?([A-Za-z0-9-]+)", text, re.MULTILINE)
    return found[1] if found and _NAME.fullmatch(found[1]) else "draft"


def lint(of: Workspace, text: str) -> tuple[Any, Wrong | None]:
    """What the YAML says, and what is wrong with it."""
    drafted = of.draft(name_in(text), text)
    problem = drafted.checked.problem
    return drafted.data, wrong(problem) if problem else None


def wrong(problem: PlumblineError) -> Wrong:
    """An error of the engine at its slot, in the words of the engine."""
    found = re.search(r"(model|cases)\.yml(?::(\d+))?(?:: (\S+))?$", problem.where)
    path = (found[3] or "") if found else ""
    head = path.split(".")[0]
    words = problem.problem.in_(language())
    if found and found[2] and not path:
        words = Text(f"第{found[2]}行：{words}", f"line {found[2]}: {words}").in_(language())
    if problem.hint:
        words += (
            f"。{problem.hint.in_(language())}" if language() == "zh" else f"; {problem.hint.en}"
        )
    slot = "cases" if found and found[1] == "cases" else head
    return Wrong(slot, path, words)


def try_cases(
    of: Workspace, text: str, cases: str
) -> tuple[list[CaseTold], list[str], Wrong | None]:
    """Each case with what came of it; the obligatory kinds that are missing; what is wrong."""
    drafted = of.draft(name_in(text), text, cases)
    checked = drafted.checked
    told = [_case(each) for each in checked.outcomes]
    return told, [str(kind) for kind in checked.missing_kinds], (
        wrong(checked.problem) if checked.problem else None
    )  # fmt: skip


def _case(outcome: Any) -> CaseTold:
    case, found = outcome.case, outcome.found
    given = tuple(
        (alias, tuple((n, "" if v is None else str(v)) for n, v in row.items()))
        for alias, rows in case.given.items() for row in rows
    )  # fmt: skip
    return CaseTold(
        case.case, case.kind, case.on.isoformat(), given, case.expect.verdict, case.expect.level or "",
        case.expect.by or "", found.verdict, found.level or "", outcome.passed,
    )  # fmt: skip


def case_list(of: Workspace, name: str) -> list[CaseTold]:
    """The cases of a model of the catalog, as they come out today."""
    opened = open_model(of, name)
    return try_cases(of, opened.text, opened.cases)[0]


def columns(of: Workspace, data: Any) -> list[tuple[str, str]]:
    """`fact.column` and its title, of the facts that are named; for the fields that offer them."""
    facts = data.get("facts") if isinstance(data, dict) else None
    found = []
    for alias, use in (facts or {}).items() if isinstance(facts, dict) else ():
        dataset = of.datasets.get(use.get("dataset", "")) if isinstance(use, dict) else None
        for name, column in dataset.columns.items() if dataset else ():
            title = column.title.text.in_(language()) if column.title else ""
            found.append((f"{alias}.{name}", f"{title} · {column.type}" if title else column.type))
    return found


def dataset_choices(of: Workspace) -> list[tuple[str, str]]:
    return [
        (name, d.declared.title.text.in_(language())) for name, d in sorted(of.datasets.items())
    ]


@dataclass(frozen=True)
class Sampled:
    """Some rows of a fact, masked."""

    alias: str
    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def preview(of: Workspace, text: str) -> tuple[list[Sampled], dict[str, int], str]:
    """Masked rows of each fact, how many of each verdict there would be, and what hindered that."""
    data, problem = lint(of, text)
    samples = []
    facts = data.get("facts") if isinstance(data, dict) else {}
    for alias, use in facts.items() if isinstance(facts, dict) else ():
        dataset = of.datasets.get(use.get("dataset", "")) if isinstance(use, dict) else None
        if dataset is not None:
            rows = of.sample(dataset.name, _ROWS)
            samples.append(
                Sampled(
                    alias, dataset.declared.title.text.in_(language()), tuple(dataset.columns),
                    tuple(_masked(row) for row in rows),
                )
            )  # fmt: skip
    if problem:
        return samples, {}, problem.words
    try:
        return samples, of.try_draft(name_in(text), text), ""
    except PlumblineError as error:
        return samples, {}, error.in_(language())


def _masked(row: FactRow) -> tuple[str, ...]:
    return tuple(row.show(column, language(), masked=True) for column in row.dataset.columns)


# -- one subject -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Slot:
    """One condition: whether it held, and the nearest change of value that would make it hold."""

    text: str
    held: bool | None
    otherwise: str


@dataclass(frozen=True)
class Combination:
    """One combination of rows about the subject, and its verdict slot by slot."""

    verdict: str
    level: str
    tier: str
    conditions: tuple[Slot, ...]
    exceptions: tuple[tuple[str, str, bool | None], ...]
    settings: Mapping[str, str]
    figures: Mapping[str, str]


@dataclass(frozen=True)
class TriedOn:
    """What a model says of one subject, masked.

    Attributes:
        present: title of each fact, and how many rows speak of the subject; none where it is not tied to it.
        people: digests of the subject, and of everybody in the rows that were judged.
    """

    about: str
    as_of: str
    combinations: tuple[Combination, ...]
    present: tuple[tuple[str, int | None], ...]
    people: frozenset[str]


def judge_subject(of: Workspace, name: str, subject: str) -> TriedOn:
    """Why a model flags a subject today, or why not, and which value would have flagged.

    Raises:
        RunError: it is no such number, or a dataset has no rows yet.
    """
    lang = language()
    explanation = of.explain_subject(name, subject.strip())
    found = []
    for judged in explanation.judged[:20]:
        conditions = [each.masked() for each in judged.conditions]
        found.append(
            Combination(
                judged.verdict, judged.level or "", judged.tier,
                tuple(Slot(c.text, c.held, "" if c.held else c.would_hold.in_(lang)) for c in conditions),
                judged.exceptions, judged.settings, explanation.figures(judged, lang),
            )
        )  # fmt: skip
    titles = {a: d.declared.title.text.in_(lang) for a, d in explanation.model.facts.items()}
    present = tuple((titles.get(fact, fact), n) for fact, n in explanation.present.items())
    rows = [row for judged in explanation.judged for row in judged.rows.values()]
    tied = [tie.who for ties in explanation.ties.values() for tie in ties]
    return TriedOn(
        explanation.about(lang), explanation.as_of.isoformat(), tuple(found), present,
        frozenset(bearers(rows, [explanation.subject, *tied])),
    )  # fmt: skip


# -- the files ---------------------------------------------------------------------------------------


class CannotBeSavedError(PlumblineError):
    """What was typed is no model yet."""


def save(text: str, cases: str, *, by: User, at: datetime, reason: str) -> ModelVersion:
    """Write a model into the workspace's own catalog and record it as a draft.

    The files are put in their place whole, and taken back where the record cannot be made.

    Raises:
        CannotBeSavedError: the linter refuses it. NotYoursError, NotReadyError.
    """
    of = workspace()
    data, problem = lint(of, text)
    if problem:
        raise CannotBeSavedError(Text(problem.words, problem.words), where=problem.path)
    name, theme = str(data["model"]), str(data["theme"])
    if not _NAME.fullmatch(name) or not _THEME.fullmatch(theme):
        raise CannotBeSavedError(
            Text("模型名和主题须用英文小写字母、数字和连字符", "name and theme are small letters, digits and hyphens"),
            where="model",
        )  # fmt: skip
    files = {
        "model.yml": text.rstrip("\n") + "\n",
        "cases.yml": cases.replace("\r\n", "\n").rstrip("\n") + "\n",
    }
    known = of.models.get(name)
    if known is not None and known.text == text:
        files["model.yml"] = text
    folder = _folder(of, name, theme)
    before = {n: (folder / n).read_bytes() if (folder / n).is_file() else None for n in files}
    folder.mkdir(parents=True, exist_ok=True)
    try:
        for each, content in files.items():
            _replace(folder / each, content.encode())
        return write_model(name, catalog(workspace()), by=by, at=at, reason=reason)
    except BaseException:
        for each, earlier in before.items():
            if earlier is None:
                (folder / each).unlink(missing_ok=True)
            else:
                _replace(folder / each, earlier)
        with suppress(OSError):
            folder.rmdir()
        raise


def _folder(of: Workspace, name: str, theme: str) -> Path:
    """Where the workspace keeps it; one that came with Plumbline is laid over, never written to."""
    known = of.models.get(name)
    packaged = packaged_catalog()
    if known is not None and not known.folder.is_relative_to(packaged):
        return known.folder
    return of.directory / "catalog" / "models" / theme / name


def _replace(path: Path, content: bytes) -> None:
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    with os.fdopen(handle, "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    Path(draft).chmod(0o644)
    Path(draft).replace(path)
