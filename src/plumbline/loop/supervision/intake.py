"""What supervision takes in from the engine: models of the catalog, their cases and trials, evidence to look at."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from secrets import token_hex
from typing import Any, Literal, cast

from django.conf import settings

from plumbline.bilingual import language
from plumbline.engine import (
    NOT_A_VERDICT,
    NOT_CERTAIN,
    EarlyWarning,
    FactRow,
    Judged,
    SubjectException,
    SupervisionModel,
    Workspace,
    somebody,
    tie_in_words,
)
from plumbline.errors import PlumblineError, Text
from plumbline.loop.supervision.actions import Drawing, Found, Tried, record_versions
from plumbline.loop.supervision.models import ModelVersion, SampleDraw
from plumbline.loop.supervision.queries import exceptions, ordered, statuses
from plumbline.org.policy import name_digest, person_digest

#: Semantic types that identify somebody: whoever bears one is a party to what rests on it.
_BEARERS = frozenset({"person.id", "org.code"})
_NAMES = frozenset({"person.name", "org.name"})


def workspace() -> Workspace:
    """The office's own."""
    return Workspace(Path(settings.WORKSPACE))


# -- models --------------------------------------------------------------------------------------


def catalog(of: Workspace) -> list[Found]:
    """Every model of the workspace's catalog."""
    return [_found(model) for model in of.models.values()]


def take_in_catalog(of: Workspace, *, at: datetime) -> list[ModelVersion]:
    """Record the texts that the catalog has; gives those that are new."""
    return record_versions(catalog(of), at=at)


def _found(model: SupervisionModel) -> Found:
    declared = model.declared
    ends = declared.expires_on
    return Found(
        model.name, declared.version, model.fingerprint, declared.title.text, declared.status,
        date.fromisoformat(ends) if ends else None, shown(model),
    )  # fmt: skip


def shown(model: SupervisionModel) -> dict[str, Any]:
    """What pages tell of a model: its question, its line, its exceptions, how to check it."""
    declared = model.declared

    def both(text: Text) -> dict[str, str]:
        return {"zh": text.zh, "en": text.en}

    return {
        "theme": declared.theme,
        "question": both(declared.question.text),
        "line": both(declared.line.says.text),
        "basis": [
            {"law": b.law, "clause": b.clause, "from": b.starts or "", "to": b.ends or ""}
            for b in declared.line.basis
        ],
        "leave_out": [
            {"name": each.name, "when": each.when, **both(each.why.text)} for each in declared.leave_out
        ],
        "cannot_tell": [
            {"name": each.name, "when": each.when, **(both(each.why.text) if each.why else {})}
            for each in declared.cannot_tell_when
        ],
        "flag_when": declared.flag_when or "",
        "settings": {
            name: value if isinstance(value, dict) else str(value)
            for name, value in ((n, _plain(v)) for n, v in declared.settings.items())
        },
        "check": {"zh": declared.check.zh, "en": declared.check.en or declared.check.zh},
        "innocent": {"zh": declared.innocent.zh, "en": declared.innocent.en or declared.innocent.zh},
        "facts": [both(d.declared.title.text) for d in model.facts.values()],
        "flag_rate": declared.expect.flag_rate,
        "sign_within": declared.send_to.sign_within,
        "report_within": {str(level): said for level, said in declared.send_to.report_within.items()},
    }  # fmt: skip


def _plain(value: float | Mapping[str, float]) -> str | dict[str, str]:
    if isinstance(value, Mapping):
        return {period: str(number) for period, number in value.items()}
    return str(value)


def check(of: Workspace, name: str) -> Tried:
    """Run a model's cases as the catalog has them."""
    (checked,) = of.check([name])
    failed = [outcome.case.case for outcome in checked.outcomes if not outcome.passed]
    failed += [f"({kind})" for kind in checked.missing_kinds]
    if checked.problem is not None:
        failed.append(checked.problem.in_(language()))
    fingerprint = "" if checked.problem is not None else of.model(name).fingerprint
    return Tried(fingerprint, len(checked.outcomes), tuple(failed))


# -- what a run is told --------------------------------------------------------------------------

_Status = Literal["draft", "trial", "live", "retired"]


def decided(of: Workspace, day: date) -> tuple[dict[str, _Status], list[SubjectException]]:
    """Statuses in force and approved exceptions, as `Workspace.collide` takes them."""
    known: dict[str, _Status] = {
        name: cast("_Status", str(status))
        for name, status in statuses(day).items()
        if name in of.models
    }
    told = [
        SubjectException(
            f"exception:{each.pk}", each.warning, each.model, each.starts_on, each.ends_on,
            Text(
                f"{each.reason}（{each.by}，{each.approved_by}批准，至{each.ends_on}）",
                f"{each.reason} ({each.by}, approved by {each.approved_by}, until {each.ends_on})",
            ),
        )
        for each in exceptions().select_related("by", "approved_by")
    ]  # fmt: skip
    return known, told


# -- samples -------------------------------------------------------------------------------------


def draw_trial(of: Workspace, version: ModelVersion, n: int, *, seed: str = "") -> Drawing:
    """Draw results of a trial, by the lowest HMAC of their keys."""
    seed = seed or token_hex(32)
    found = {
        w.key: w
        for w in of.warnings(model=version.model, register="trials")
        if w.fingerprint == version.fingerprint
    }
    chosen = ordered(seed, found)[:n]
    about = {key: " · ".join(filter(None, of.about(found[key]))) for key in chosen}
    run = max((w.seen_in for w in found.values()), default=version.tried_in or 0)
    return Drawing(
        SampleDraw.Kind.TRIAL, run, seed, len(found), len({w.subject for w in found.values()}),
        [(key, about[key][:300]) for key in chosen],
        _people_of(of, [found[key] for key in chosen]),
    )  # fmt: skip


def _people_of(of: Workspace, results: Sequence[EarlyWarning]) -> dict[str, frozenset[str]]:
    """Digests of everybody whom results are about, by key; of what was purged meanwhile, of the subject alone."""
    gone = of.purged(results)
    there = [each for each in results if each.key not in gone]
    rows, ties = of.evidence(there), of.ties(there)
    about = {
        each.key: people(of.model_behind(each), each, rows[each.key], [t.who for t in ties[each.key]])
        for each in there
    }  # fmt: skip
    return about | {
        each.key: frozenset({subject(of.model_behind(each), each)} - {""})
        for each in results if each.key in gone
    }  # fmt: skip


def draw_passed_over(of: Workspace, version: ModelVersion, n: int, *, seed: str = "") -> Drawing:
    """Draw subjects that the model looked at in its last run and did not flag."""
    seed = seed or token_hex(32)
    drawn = of.draw_unflagged(version.model, seed=seed, n=n)
    return Drawing(
        SampleDraw.Kind.UNFLAGGED, drawn.run, seed, drawn.of, drawn.flagged,
        [(str(row), "") for row in drawn.rows],
        {str(name): frozenset(bearers([row], ())) for name, row in of.rows(drawn.rows).items()},
    )  # fmt: skip


# -- evidence, for people to look at -------------------------------------------------------------


@dataclass(frozen=True)
class Cell:
    """One value of a row.

    Attributes:
        place: cell of the delivered file, such as C12; header as delivered.
        mark: `agrees` or `differs` where the model holds the column against another fact's.
        personal: it identifies somebody, and is masked unless a purpose was given.
        clear: it is not masked though it is personal.
        type: its semantic type; `bearer` the column of the number whose bearer it describes.
        who: digest of the number or name it holds, where it holds a whole one.
        decides: the model's condition asks for it, or its sentence quotes it.
        empty: nothing was delivered in it.
    """

    column: str
    title: str
    value: str
    place: str
    header: str
    mark: str
    personal: bool
    clear: bool = False
    type: str = ""
    bearer: str = ""
    who: str = ""
    decides: bool = False
    empty: bool = False


@dataclass(frozen=True)
class Row:
    """A row of evidence, and where it was read."""

    name: str
    file: str
    sheet: str
    line: int
    batch: str
    cells: tuple[Cell, ...]


@dataclass(frozen=True)
class FactShown:
    """The rows of one fact; all have the same columns."""

    alias: str
    title: str
    dataset: str
    columns: tuple[str, ...]
    rows: tuple[Row, ...]
    more: int  # rows that are not shown


@dataclass(frozen=True)
class Told:
    """A warning, or a result on trial, with everything that a page says of it.

    Attributes:
        people: digests of all persons and organisations of the evidence; `subject` the one it is about.
        ties: what the identity rests on, where no full number makes it.
    """

    key: str
    sentence: str
    about: str
    facts: tuple[FactShown, ...]
    shown: Mapping[str, Any]
    ties: tuple[str, ...]
    people: frozenset[str]
    subject: str
    not_a_verdict: str
    not_certain: str
    unmasked: bool


#: Rows of one fact that a page shows; a sum may rest on thousands.
_ROWS = 30


def told(of: Workspace, warning: EarlyWarning, *, clear: frozenset[str] = frozenset()) -> Told:
    """A warning or trial result in words and rows, from exactly what its run saw.

    Args:
        clear: personal columns that are shown in clear, as `fact.column`; the sentence is, once all are.
    """
    lang = language()
    model = of.model_behind(warning)
    masked = not clear or bool(_personal(model, warning) - clear)
    evidence = of.evidence([warning])
    ties = of.ties([warning])[warning.key]
    judged = (
        {j.number: j for j in of.judgements()} if any(t.via == "judgement" for t in ties) else {}
    )
    said = [tie_in_words(tie.tier, tie.via, tie.why, judged) for tie in ties]
    rows = evidence[warning.key]
    return Told(
        key=warning.key,
        sentence=of.sentences([warning], lang, masked=masked, rows=evidence)[warning.key],
        about=" · ".join(filter(None, of.about(warning, lang, masked=masked))),
        facts=tuple(_facts(model, warning, rows, clear=clear)),
        shown=shown(model),
        ties=tuple(each.in_(lang) for each in dict.fromkeys(said)),
        people=people(model, warning, rows, [tie.who for tie in ties]),
        subject=subject(model, warning),
        not_a_verdict=NOT_A_VERDICT[lang],
        not_certain=NOT_CERTAIN.in_(lang) if ties else "",
        unmasked=bool(clear),
    )  # fmt: skip


def _personal(model: SupervisionModel, warning: EarlyWarning) -> set[str]:
    """The personal columns of a warning's evidence, as `fact.column`."""
    return {
        f"{fact}.{column}"
        for fact in {each.fact for each in warning.evidence}
        for column in model.facts[fact].columns
        if model.facts[fact].is_personal(column)
    }


def find(of: Workspace, key: str, register: Literal["warnings", "trials"]) -> EarlyWarning | None:
    """By its whole key."""
    return next(iter(of.warnings(register=register, withdrawn=True, keys=[key])), None)


def row_told(
    of: Workspace, name: str, *, unmasked: bool = False
) -> tuple[FactShown, frozenset[str]]:
    """The row that stands for somebody who was not flagged, and whom it is about."""
    standing = of.who(name)
    row = of.rows([standing.name])[standing.name]
    every = frozenset(f".{column}" for column in row.dataset.columns)
    shown_row = _row(row, {}, clear=every if unmasked else frozenset())
    title = row.dataset.declared.title.text.in_(language())
    columns = tuple(cell.title for cell in shown_row.cells)
    found = FactShown("", title, row.dataset.name, columns, (shown_row,), 0)
    return found, frozenset(bearers([row], [standing.who] if standing.who else []))


def _facts(
    model: SupervisionModel,
    warning: EarlyWarning,
    rows: Mapping[str, Mapping[int, FactRow]],
    *,
    clear: frozenset[str],
) -> Iterable[FactShown]:
    asked = f"{model.declared.flag_when or ''} {model.declared.say.text.zh}"
    decides = frozenset(_REFERENCE.findall(asked))
    marks = _marks(model, {fact: rows[fact][row] for fact, row in warning.leading().items()})
    for fact in dict.fromkeys(each.fact for each in warning.evidence):
        numbers = [each.row for each in warning.evidence if each.fact == fact]
        made = [
            _row(rows[fact][n], marks, fact=fact, clear=clear, decides=decides)
            for n in numbers[:_ROWS]
        ]
        made = _delivered(made)
        dataset = model.facts[fact]
        yield FactShown(
            fact, dataset.declared.title.text.in_(language()), dataset.name,
            tuple(cell.title for cell in made[0].cells), tuple(made), len(numbers) - len(made),
        )  # fmt: skip


def _delivered(rows: list[Row]) -> list[Row]:
    """Without the columns that no file had."""
    kept = [n for n, _ in enumerate(rows[0].cells) if any(row.cells[n].place for row in rows)]
    return [replace(row, cells=tuple(row.cells[n] for n in kept)) for row in rows] if kept else rows


#: A column in a model's condition or sentence: its fact and its name.
_REFERENCE = re.compile(r"\b([a-z]\w*)\.([a-z]\w*)\b")


def _row(
    row: FactRow,
    marks: Mapping[tuple[str, str], str],
    *,
    fact: str = "",
    clear: frozenset[str] = frozenset(),
    decides: frozenset[tuple[str, str]] = frozenset(),
) -> Row:
    cells = []
    for column, declared in row.dataset.columns.items():
        header, letter = row.cells.get(column, ("", ""))
        title = declared.title.text.in_(language()) if declared.title else header or column
        personal = row.dataset.is_personal(column)
        in_clear = personal and f"{fact}.{column}" in clear
        cells.append(
            Cell(
                column, title, row.show(column, language(), masked=not in_clear),
                f"{letter}{row.source.line}" if letter else "", header,
                marks.get((fact, column), ""), personal, in_clear, declared.type, declared.of or "",
                _who(row, column), (fact, column) in decides,
                all(part is None for part in row.values[column]),
            )
        )  # fmt: skip
    source = row.source
    name = f"{row.dataset.name}:{row.row >> 32}-{row.row & 0xFFFFFFFF}"
    return Row(name, source.file, source.sheet, source.line, source.batch, tuple(cells))


def _who(row: FactRow, column: str) -> str:
    """Digest of the whole number or name that a column holds; empty of anything else."""
    type_, value = row.dataset.columns[column].type, row.values[column]
    if type_ in _BEARERS:
        whole = value[0] is not None and (len(value) == 1 or value[1] is not None)
        return person_digest(str(value[0])) if whole else ""
    if type_ in _NAMES and value[0] is not None:
        return name_digest(row.show(column, "zh", masked=False))
    return ""


def _marks(model: SupervisionModel, lead: Mapping[str, FactRow]) -> dict[tuple[str, str], str]:
    """Which columns of the leading rows agree with another fact's, and which differ, as `same` holds them.

    With a number, the names of its bearers are compared. What is not known or is masked tells nothing.
    """
    marks: dict[tuple[str, str], str] = {}
    for references in model.declared.same.values():
        split = [reference.rstrip("?").partition(".") for reference in references]
        places = [(fact, column) for fact, _, column in split if fact in lead]
        names = [
            (fact, name)
            for fact, column in places
            for name in model.facts[fact].names_of(column)[:1]
        ]
        for compared in (places, names):
            values = {place: _comparable(lead[place[0]], place[1]) for place in compared}
            known = [value for value in values.values() if value is not None]
            if len(known) < 2:
                continue
            mark = "agrees" if len(set(known)) == 1 else "differs"
            marks |= {place: mark for place, value in values.items() if value is not None}
    return marks


def _comparable(row: FactRow, column: str) -> str | None:
    """A value as it is held against another; None where it is unknown or partly hidden."""
    value = row.values[column]
    text = next((part for part in reversed(value) if isinstance(part, str)), None)
    if value[0] is None or text is None or "%" in text or "*" in str(value[0]) or "_" in text:
        return None
    return text if row.dataset.columns[column].type != "person.id" else str(value[0])


# -- people of the evidence ----------------------------------------------------------------------


def people(
    model: SupervisionModel,
    warning: EarlyWarning,
    rows: Mapping[str, Mapping[int, FactRow]],
    tied: Sequence[str] = (),
) -> frozenset[str]:
    """Digests of everybody whom a warning's evidence is about: of its subject, of every number in its rows."""
    found = [rows[each.fact][each.row] for each in warning.evidence]
    return frozenset({*bearers(found, tied), subject(model, warning)} - {""})


def subject(model: SupervisionModel, warning: EarlyWarning) -> str:
    """Digest of whom a warning is about; empty where that is neither a person nor an organisation."""
    fact, column = model.column_of(model.subject)
    types = model.facts[fact].types if fact in model.facts else {}
    known = warning.subject and not warning.subject.startswith("~")
    named = column in types and types[column].name in _BEARERS
    return person_digest(warning.subject) if known and named else ""


def bearers(rows: Iterable[FactRow], numbers: Iterable[str]) -> set[str]:
    """Digests of everybody whose full number rows hold, and of these numbers; somebody without a known number (~) has none."""
    found = {number for number in numbers if number and not number.startswith("~")}
    for row in rows:
        for column, type_ in row.dataset.types.items():
            value = row.values[column]
            whole = value[0] is not None and (len(value) == 1 or value[1] is not None)
            if type_.name in _BEARERS and whole:
                found.add(str(value[0]))
    return {person_digest(number) for number in found}


def names(warning: EarlyWarning, rows: Mapping[str, Mapping[int, FactRow]]) -> frozenset[str]:
    """Digests of every whole name in a warning's rows, so that it is found by one without keeping any."""
    found = (rows[each.fact][each.row] for each in warning.evidence)
    every = {
        _who(row, column)
        for row in found
        for column, declared in row.dataset.columns.items()
        if declared.type in _NAMES
    }
    return frozenset(every - {""})


# -- why -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Reason:
    """One condition of a verdict: whether it held, with its values."""

    text: str
    held: bool | None
    left: str
    right: str


@dataclass(frozen=True)
class Why:
    """A verdict slot by slot, as it is worked out again from what the run saw."""

    verdict: str
    conditions: tuple[Reason, ...]
    exceptions: tuple[tuple[str, str, bool | None], ...]
    settings: Mapping[str, str]
    figures: Mapping[str, str]


def why(of: Workspace, warning: EarlyWarning) -> Why | None:
    """Why a warning was raised: the leading combination, values that identify somebody masked."""
    explanation = of.explain(warning)
    if not explanation.judged:
        return None
    first: Judged = explanation.judged[0]
    conditions = [condition.masked() for condition in first.conditions]
    return Why(
        first.verdict,
        tuple(
            Reason(c.text, c.held, somebody(c.left) or "", somebody(c.right) or "") for c in conditions
        ),
        first.exceptions, first.settings, explanation.figures(first, language()),
    )  # fmt: skip


def problem(error: PlumblineError) -> str:
    """What a page says when the store cannot be read."""
    return error.in_(language())
