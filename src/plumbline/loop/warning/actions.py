"""Warnings are taken in, and told as far as there is room for them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from django.db import connection, transaction

from plumbline.errors import Text
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.queries import budgets, outcomes
from plumbline.loop.warning.models import (
    EarlyWarning,
    Happening,
    Intake,
    NamedParty,
    Party,
    Standing,
    Unmasking,
)
from plumbline.loop.warning.policy import are_own_people, digests_of, must_name_fields
from plumbline.loop.warning.queries import score, week_of
from plumbline.org.models import User
from plumbline.trail.actions import record, record_once_a_day, record_reading
from plumbline.trail.numbers import without_numbers

#: Rows written by one statement; SQLite takes a limited number of values.
_BATCH = 500


@dataclass(frozen=True)
class Change:
    """What a run changed about a warning, in words."""

    kind: Happening.Kind
    run: int
    at: datetime
    said: tuple[Text, ...] = ()


@dataclass(frozen=True)
class WarningFound:
    """A warning as the register has it.

    Attributes:
        run: the last that found it.
        fields: columns of the workbench's row; empty where the evidence is gone and the words stay.
        people: digests of everybody the evidence is about; `names` of what they are called there.
    """

    key: str
    is_open: bool
    run: int
    changes: tuple[Change, ...]
    raised_at: datetime | None = None
    fields: Mapping[str, Any] = field(default_factory=dict)
    people: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()


@dataclass(frozen=True)
class RunFound:
    """A run, and how many warnings it raised, changed and withdrew."""

    number: int
    at: datetime
    as_of: date
    raised: int
    changed: int
    withdrawn: int


def take_in_runs(
    last: int, runs: Sequence[RunFound], found: Sequence[WarningFound], *, at: datetime
) -> bool:
    """Write down what runs changed, all in one transaction.

    Args:
        last: the newest run that was taken in when this was read.

    Returns:
        False where somebody else took runs in meanwhile; then nothing was changed.
    """
    with transaction.atomic():
        _one_at_a_time()
        if max(Intake.objects.values_list("run", flat=True), default=0) != last:
            return False
        Intake.objects.bulk_create(
            Intake(
                run=run.number, at=at, as_of=run.as_of, raised=run.raised, changed=run.changed,
                withdrawn=run.withdrawn,
            )
            for run in runs
        )  # fmt: skip
        _write(found, week_of(day_of(at)))
        told = _tell(week_of(day_of(at)), only={w.fields["unit_id"] for w in found if w.fields})
        for run in runs:
            record(
                "warnings.taken_in", subject=f"run:{run.number}", by=None, at=at,
                as_of=str(run.as_of), raised=run.raised, changed=run.changed,
                withdrawn=run.withdrawn, told_from_budget=told,
            )  # fmt: skip
    return True


def _one_at_a_time() -> None:
    """Whoever comes second waits. On SQLite a transaction has the only lock already."""
    if connection.vendor == "postgresql":
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_xact_lock(hashtext('plumbline.warning.intake'))")


def _write(found: Sequence[WarningFound], week: date) -> None:
    limited = budgets()
    ids = dict(EarlyWarning.objects.values_list("key", "pk"))
    new = [w for w in found if w.key not in ids]
    made = EarlyWarning.objects.bulk_create(
        (
            EarlyWarning(
                key=w.key, run=w.run, raised_at=w.raised_at or w.changes[0].at, changed_at=w.changes[-1].at,
                standing=Standing.OPEN if w.is_open else Standing.WITHDRAWN,
                budgeted_on=None if w.fields["unit_id"] in limited else week, **w.fields,
            )
            for w in new
        ),
        batch_size=_BATCH,
    )  # fmt: skip
    ids |= {each.key: each.pk for each in made}
    kept = {w.key for w in new}
    old = EarlyWarning.objects.in_bulk([ids[w.key] for w in found if w.key not in kept])
    changed = []
    for w in found:
        if w.key in kept:
            continue
        row = old[ids[w.key]]
        row.run, row.standing = w.run, Standing.OPEN if w.is_open else Standing.WITHDRAWN
        row.changed_at = w.changes[-1].at if w.changes else row.changed_at
        for name, value in w.fields.items():
            setattr(row, name, value)
        changed.append(row)
    columns = [
        "run", "standing", "changed_at", "version", "title", "title_en", "level", "tier", "about", "sentence",
        "sentence_en", "supervised", "unit", "region", "amount_fen", "as_of", "change", "rank",
    ]  # fmt: skip
    EarlyWarning.objects.bulk_update(changed, columns, batch_size=_BATCH // 10)
    Party.objects.bulk_create(
        (Party(warning_id=ids[w.key], person=p) for w in found for p in sorted(w.people)),
        ignore_conflicts=True, batch_size=_BATCH,
    )  # fmt: skip
    NamedParty.objects.bulk_create(
        (NamedParty(warning_id=ids[w.key], name=n) for w in found for n in sorted(w.names)),
        ignore_conflicts=True, batch_size=_BATCH,
    )  # fmt: skip
    Happening.objects.bulk_create(
        (
            Happening(
                warning_id=ids[w.key], kind=change.kind, run=change.run, at=change.at,
                detail={"zh": [t.zh for t in change.said], "en": [t.en for t in change.said]},
            )
            for w in found
            for change in w.changes
        ),
        ignore_conflicts=True, batch_size=_BATCH,
    )  # fmt: skip


def tell_waiting(*, at: datetime) -> int:
    """Tell the warnings for which there is room this week, the highest rank first; harmless twice.

    Returns:
        How many were told.
    """
    with transaction.atomic():
        _one_at_a_time()
        told = _tell(week_of(day_of(at)))
        if told:
            record(
                "warnings.told", subject=f"week:{week_of(day_of(at))}", by=None, at=at, told=told
            )
    return told


def _tell(week: date, only: Collection[int | None] | None = None) -> int:
    """Fill each unit's week from those that wait, by what is known of their models today."""
    waiting = EarlyWarning.objects.filter(budgeted_on=None, standing=Standing.OPEN)
    if only is not None:
        waiting = waiting.filter(unit__in=[unit for unit in only if unit is not None])
    right, limited, told = outcomes(), budgets(), 0
    for unit in list(waiting.order_by().values_list("unit", flat=True).distinct()):
        room = limited.get(unit)
        if room is not None:
            room -= EarlyWarning.objects.filter(unit=unit, budgeted_on=week).count()
        if room is not None and room <= 0:
            continue
        rows = waiting.filter(unit=unit).values_list(
            "pk", "model", "level", "tier", "amount_fen", "raised_at"
        )
        ranked = sorted(
            (
                (-score(level, tier, right.get(model, (0, 0)), amount), raised_at, pk)
                for pk, model, level, tier, amount, raised_at in rows
            ),
        )[:room]
        for first in range(0, len(ranked), _BATCH):
            chosen = [pk for _, _, pk in ranked[first : first + _BATCH]]
            told += EarlyWarning.objects.filter(pk__in=chosen).update(budgeted_on=week)
    return told


# -- looking ---------------------------------------------------------------------------------------


@transaction.atomic
def read(warning: EarlyWarning, *, by: User, at: datetime) -> bool:
    """Note that somebody looks at a warning: once a day for each reader; False where that was noted before."""
    return record_once_a_day("warning.read", subject=f"warning:{warning.pk}", by=by, at=at)


#: So long is something seen in clear for which a purpose was given.
SEEN_FOR = timedelta(minutes=30)
_SEARCH = "search:person"


@transaction.atomic
def unmask(  # noqa: PLR0913 -- what, about whom, why, by which file, by whom, when
    warning: EarlyWarning,
    fields: Collection[str],
    *,
    whom: Collection[str],
    purpose: str,
    case: str,
    by: User,
    at: datetime,
    where: str = "",
) -> Unmasking:
    """Let somebody see some columns of a warning's evidence in clear for half an hour; the trail says so first.

    Args:
        fields: columns, as `fact.column`.
        whom: digests of all persons whose values they hold.
        where: the page, as the trail names it; the warning's own without it.

    Raises:
        NothingAskedError: no column was named.
        PurposeMissingError: purpose or case is empty.
    """
    must_name_fields(fields, where=where or f"warning:{warning.pk}")
    made = Unmasking.objects.create(
        warning=warning, user=by, fields=sorted(set(fields)), purpose=without_numbers(purpose.strip()), case=case.strip(),
        at=at, expires_at=at + SEEN_FOR,
    )  # fmt: skip
    record_reading(
        whom=sorted(whom), where=where or f"warning:{warning.pk}", fields=made.fields,
        purpose=purpose, case=case, by=by, at=at,
    )  # fmt: skip
    return made


@dataclass(frozen=True)
class LookedUp:
    """By what a person is looked up.

    Attributes:
        numbers, names: digests; one of the two is empty.
        refused: it is themself or their kin.
    """

    numbers: frozenset[str]
    names: frozenset[str]
    refused: bool


@transaction.atomic
def look_up(person: str, *, purpose: str, case: str, by: User, at: datetime) -> LookedUp:
    """Look for a person by number or name, for a purpose; the trail keeps their digest, and what for.

    Nobody looks up themself or their kin; that somebody tried is on the trail too.

    Args:
        person: a full citizen number or credit code, or a name.

    Raises:
        WrongNumberError: it is neither a number nor a name.
        PurposeMissingError: purpose or case is empty.
    """
    numbers, names = digests_of(person)
    if are_own_people(numbers, by=by, on=day_of(at)):
        record("person.look_up_refused", subject=_SEARCH, by=by, at=at, reason=purpose)
        return LookedUp(frozenset(), frozenset(), refused=True)
    record_reading(
        whom=sorted(numbers | names), where=_SEARCH, fields=["name" if names else "number"],
        purpose=purpose, case=case, by=by, at=at,
    )  # fmt: skip
    return LookedUp(numbers, names, refused=False)
