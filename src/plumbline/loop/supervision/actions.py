"""What is done about models: recorded, tried out, sampled, promoted, judged, retired; exceptions and budgets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from django.db import transaction
from django.db.models import Q

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import OutOfStepError, ReasonMissingError, advance
from plumbline.loop.supervision.models import (
    MODEL_FLOW,
    ModelVersion,
    Sample,
    SampleDraw,
    State,
    SubjectException,
    WarningBudget,
)
from plumbline.loop.supervision.policy import may_decide, must
from plumbline.loop.supervision.queries import OUTCOMES_NEEDED, Share, lacking
from plumbline.org.models import Unit, User
from plumbline.org.policy import NotYoursError, own_people
from plumbline.trail.actions import record
from plumbline.trail.numbers import without_numbers


class NotReadyError(PlumblineError):
    """A model may not go live yet; what it lacks is said."""


@dataclass(frozen=True)
class Found:
    """A model as the workspace's catalog has it.

    Attributes:
        proposal: the status that its text proposes.
        shown: what pages tell of it, each {zh, en}.
    """

    model: str
    version: int
    fingerprint: str
    title: Text
    proposal: str
    expires_on: date | None
    shown: Mapping[str, Any]


@dataclass(frozen=True)
class Tried:
    """How a model's cases came out.

    Attributes:
        failed: names of the cases that came out otherwise, or what is wrong with its text.
    """

    fingerprint: str
    cases: int
    failed: tuple[str, ...]


# -- the catalog ---------------------------------------------------------------------------------


@transaction.atomic
def record_versions(found: Sequence[Found], *, at: datetime) -> list[ModelVersion]:
    """Write down which texts the catalog has; one that is new is a draft, whatever it says of itself.

    Returns:
        The new ones.
    """
    known = {
        (v.model, v.fingerprint): v for v in ModelVersion.objects.select_for_update().order_by("pk")
    }
    current = {(each.model, each.fingerprint) for each in found}
    gone = [v.pk for place, v in known.items() if v.current and place not in current]
    back = [known[place].pk for place in current if place in known and not known[place].current]
    ModelVersion.objects.filter(pk__in=gone).update(current=False)
    ModelVersion.objects.filter(pk__in=back).update(current=True)
    new = ModelVersion.objects.bulk_create(
        ModelVersion(
            model=each.model, version=each.version, fingerprint=each.fingerprint,
            title=each.title.zh, title_en=each.title.en, proposal=each.proposal,
            expires_on=each.expires_on, shown=dict(each.shown), recorded_at=at,
        )
        for each in sorted(found, key=lambda each: each.model)
        if (each.model, each.fingerprint) not in known
    )  # fmt: skip
    if new or gone or back:
        record(
            "model.versions_recorded", subject="catalog", by=None, at=at,
            new=[f"{v.model} {v.version} {v.fingerprint[:16]}" for v in new],
            gone=sorted(gone), back=sorted(back),
        )  # fmt: skip
    return new


@transaction.atomic
def record_trial(run: int, results: Mapping[str, int], *, at: datetime) -> None:
    """Write down what models on trial found in a run: nobody is told of it.

    Args:
        results: fingerprint -> how many results.
    """
    told = []
    for version in ModelVersion.objects.filter(fingerprint__in=results, state=State.TRIAL):
        if version.tried_in is None or version.tried_in < run:
            version.tried_in, version.tried_found = run, results[version.fingerprint]
            version.save(update_fields=["tried_in", "tried_found"])
            told.append(f"{version.model} {version.version}: {version.tried_found}")
    if told:
        record("model.trial_recorded", subject=f"run:{run}", by=None, at=at, found=sorted(told))


# -- the life of a version -----------------------------------------------------------------------


def try_out(version: ModelVersion, tried: Tried, *, by: User, at: datetime) -> ModelVersion:
    """Put a draft on trial; its cases must pass. Whoever does so stands for its author.

    Raises:
        NotYoursError, OutOfStepError, NotReadyError.
    """
    right = must("try_out", by, day_of(at))
    if tried.failed:
        said = "、".join(tried.failed)
        raise NotReadyError(
            Text(f"示例未通过：{said}", f"cases fail: {', '.join(tried.failed)}"),
            where=version.model,
            hint=Text("改好模型或示例后再试", "mend the model or its cases first"),
        )
    if tried.fingerprint != version.fingerprint:
        raise NotReadyError(
            Text("目录里的文本已经变了，请先重新登记", "the catalog's text has changed; record it first"),
            where=version.model,
        )  # fmt: skip
    return advance(
        MODEL_FLOW, version, "try_out", by=by, at=at, on_behalf=right.on_behalf,
        provided=Q(current=True), detail={"cases": tried.cases, "fingerprint": tried.fingerprint},
        author=by, cases=tried.cases, cases_passed_at=at,
    )  # fmt: skip


def propose(
    version: ModelVersion,
    *,
    by: User,
    at: datetime,
    reason: str = "",
    without_samples: bool = False,
) -> ModelVersion:
    """Ask for a version to go live; somebody else approves.

    Args:
        without_samples: it was in force before, here or in another office, and its samples were verified
            there; the reason says where. The second person answers for that.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError, NotReadyError.
    """
    right = must("propose", by, day_of(at))
    if without_samples and not reason.strip():
        raise ReasonMissingError(
            Text("请写明在哪里、何时用过", "say where and when it was in force"),
            where=version.model,
        )
    version.without_samples = without_samples
    _must_be_ready(version)
    with transaction.atomic():
        changed = ModelVersion.objects.filter(
            pk=version.pk, state=State.TRIAL, proposed_by=None, current=True
        ).update(proposed_by=by, proposed_at=at, without_samples=without_samples)
        if changed != 1:
            raise _out_of_step(version)
        record(
            "model.proposed", subject=f"model:{version.pk}", by=by, at=at, reason=reason,
            on_behalf=right.on_behalf, fingerprint=version.fingerprint,
            without_samples=without_samples,
        )  # fmt: skip
    version.refresh_from_db()
    return version


def promote(version: ModelVersion, *, by: User, at: datetime, reason: str = "") -> ModelVersion:
    """Let a version go live, as a second person; the version that was live until now is retired.

    Raises:
        NotYoursError: they proposed it, or stand in for whoever did. OutOfStepError, NotReadyError.
    """
    right = must("promote", by, day_of(at))
    if version.proposed_by_id in {by.pk, right.on_behalf and right.on_behalf.pk}:
        raise NotYoursError(Text("须由另一人批准", "somebody else approves"), where=version.model)
    _must_be_ready(version)
    with transaction.atomic():
        ModelVersion.objects.filter(model=version.model, state=State.LIVE).exclude(
            pk=version.pk
        ).update(state=State.RETIRED)
        return advance(
            MODEL_FLOW, version, "promote", by=by, at=at, reason=reason, on_behalf=right.on_behalf,
            provided=Q(proposed_by__isnull=False, current=True) & ~Q(proposed_by=by),
            detail={"fingerprint": version.fingerprint, "version": version.version},
            approved_by=by, approved_at=at, confirmed=0, closed=0, judged_at=None,
        )  # fmt: skip


def rework(version: ModelVersion, *, by: User, at: datetime, reason: str) -> ModelVersion:
    """Take a version on trial back to its author."""
    right = must("rework", by, day_of(at))
    return advance(
        MODEL_FLOW, version, "rework", by=by, at=at, reason=reason, on_behalf=right.on_behalf,
        **_NOT_PROPOSED,
    )  # fmt: skip


def retire(version: ModelVersion, *, by: User, at: datetime, reason: str) -> ModelVersion:
    """Let a version be no more; its warnings stay."""
    right = must("retire", by, day_of(at))
    return advance(
        MODEL_FLOW, version, "retire", by=by, at=at, reason=reason, on_behalf=right.on_behalf
    )


def demote(version: ModelVersion, *, by: User, at: datetime, reason: str) -> ModelVersion:
    """Put a live version back on trial."""
    right = must("demote", by, day_of(at))
    return advance(
        MODEL_FLOW, version, "demote", by=by, at=at, reason=reason, on_behalf=right.on_behalf,
        **_NOT_PROPOSED,
    )  # fmt: skip


_NOT_PROPOSED: dict[str, Any] = {
    "proposed_by": None, "proposed_at": None, "approved_by": None, "approved_at": None,
    "without_samples": False,
}  # fmt: skip


def judge_precision(counts: Mapping[str, tuple[int, int]], *, at: datetime) -> list[ModelVersion]:
    """Take in what became of live models' warnings; one that is below its bar demotes itself.

    It is below only if the whole interval is, and enough warnings were closed to tell.

    Args:
        counts: model -> (confirmed, closed) of the warnings of the version that is live.

    Returns:
        Those that were demoted.
    """
    demoted = []
    for version in ModelVersion.objects.filter(state=State.LIVE, model__in=counts).order_by("pk"):
        confirmed, closed = counts[version.model]
        if (confirmed, closed) != (version.confirmed, version.closed):
            ModelVersion.objects.filter(pk=version.pk).update(
                confirmed=confirmed, closed=closed, judged_at=at
            )
        share = Share(confirmed, closed)
        if closed < OUTCOMES_NEEDED or not share.is_below(version.bar):
            continue
        reason = f"查准率 {share.in_words} 低于 {version.bar}% · precision is below {version.bar}%"
        try:
            demoted.append(
                advance(
                    MODEL_FLOW, version, "demote", by=None, at=at, reason=reason,
                    detail={"confirmed": confirmed, "closed": closed}, **_NOT_PROPOSED,
                )
            )  # fmt: skip
        except OutOfStepError:  # somebody demoted or retired it at this moment
            continue
    return demoted


def _must_be_ready(version: ModelVersion) -> None:
    if missing := lacking(version):
        raise NotReadyError(
            Text("；".join(each.zh for each in missing), "; ".join(each.en for each in missing)),
            where=version.model,
        )


def _out_of_step(version: ModelVersion) -> OutOfStepError:
    version.refresh_from_db()
    now = State(version.state).label
    return OutOfStepError(
        Text(f"现在是“{now}”，或已有人办过", f"it is now '{now}', or somebody acted before"),
        where=f"model:{version.pk}",
        hint=Text("刷新页面再看", "reload the page"),
    )


# -- samples -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Drawing:
    """What was drawn by the engine's registers and a seed.

    Attributes:
        keys: drawn, in order, each with masked words to recognise it by.
        of: how many there were to draw from; `flagged` subjects in the run.
        people: key -> digests of whoever that is about.
    """

    kind: SampleDraw.Kind
    run: int
    seed: str
    of: int
    flagged: int
    keys: Sequence[tuple[str, str]]
    people: Mapping[str, frozenset[str]] = field(default_factory=dict)


@transaction.atomic
def draw_samples(version: ModelVersion, drawing: Drawing, *, by: User, at: datetime) -> SampleDraw:
    """Write down what was drawn to be verified: results on trial, or subjects that were not flagged.

    Raises:
        NotYoursError, OutOfStepError.
    """
    unflagged = drawing.kind == SampleDraw.Kind.UNFLAGGED
    right = must("draw_unflagged" if unflagged else "draw_samples", by, day_of(at))
    locked = ModelVersion.objects.select_for_update().get(pk=version.pk)
    states = {State.TRIAL, State.LIVE} if unflagged else {State.TRIAL}
    if locked.state not in states or not locked.current:
        raise _out_of_step(version)
    draw = SampleDraw.objects.create(
        version=version, kind=drawing.kind, run=drawing.run, seed=drawing.seed, of=drawing.of,
        flagged=drawing.flagged, drawn_by=by, drawn_at=at,
    )  # fmt: skip
    known = (
        set()
        if unflagged
        else set(Sample.objects.filter(version=version).values_list("key", flat=True))
    )
    Sample.objects.bulk_create(
        Sample(
            version=version,
            draw=draw,
            key=key,
            about=about,
            persons=sorted(drawing.people.get(key, ())),
        )
        for key, about in drawing.keys
        if key not in known
    )
    record(
        "model.samples_drawn", subject=f"model:{version.pk}", by=by, at=at,
        on_behalf=right.on_behalf, kind=str(drawing.kind), run=drawing.run, seed=drawing.seed,
        of=drawing.of, keys=[key for key, _ in drawing.keys],
    )  # fmt: skip
    return draw


@transaction.atomic
def verify_sample(
    sample: Sample,
    *,
    confirmed: bool,
    by: User,
    at: datetime,
    note: str,
    people: frozenset[str] = frozenset(),
) -> Sample:
    """Say whether there is really something; not by the author of the model, and once.

    Args:
        people: digests of whoever the sample is about.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError.
    """  # fmt: skip
    day = day_of(at)
    right = must("verify_sample", by, day)
    authors = {by.pk, right.on_behalf and right.on_behalf.pk}
    if sample.version.author_id in authors or people & own_people(by, day):
        raise NotYoursError(Text("须由他人核实", "somebody else verifies this"), where=f"sample:{sample.pk}")  # fmt: skip
    if not note.strip():
        raise ReasonMissingError(
            Text("请写明看了什么", "say what you looked at"), where=f"sample:{sample.pk}"
        )
    changed = Sample.objects.filter(pk=sample.pk, verified_at=None).update(
        verified_by=by, verified_at=at, confirmed=confirmed, note=note
    )
    if changed != 1:
        raise _out_of_step(sample.version)
    record(
        "sample.verified", subject=f"sample:{sample.pk}", by=by, at=at, on_behalf=right.on_behalf,
        confirmed=confirmed, model=sample.version.model, key=sample.key,
    )  # fmt: skip
    sample.refresh_from_db()
    return sample


# -- exceptions for one subject ------------------------------------------------------------------


@dataclass(frozen=True)
class Excepting:
    """An exception that is asked for.

    Attributes:
        model: empty for all models about such subjects.
        warning: the engine's key of a warning about the subject.
        subject: its digest, where it is a person or an organisation.
        about: masked words.
    """

    model: str
    warning: str
    subject: str
    about: str
    starts_on: date
    ends_on: date


@transaction.atomic
def except_subject(asked: Excepting, *, by: User, at: datetime, reason: str) -> SubjectException:
    """Ask that a model warns no more about one subject until a day; it holds once a second person approves.

    Raises:
        NotYoursError: they have no such part, or it is about themself or their kin. ReasonMissingError.
    """
    day = day_of(at)
    right = must("except_subject", by, day)
    if asked.subject and asked.subject in own_people(by, day):
        raise NotYoursError(
            Text("不得办理本人或亲属的事项", "not about yourself or your kin"), where=asked.warning
        )
    if not reason.strip():
        raise ReasonMissingError(
            Text("请写明例外的理由", "say why it is an exception"), where=asked.warning
        )
    if asked.ends_on < max(asked.starts_on, day):
        raise PlumblineError(
            Text("止日不能早于起日和今天", "it cannot end before it starts, or before today"),
            where=asked.warning,
        )
    made = SubjectException.objects.create(
        model=asked.model, warning=asked.warning, subject=asked.subject, about=asked.about,
        reason=without_numbers(reason.strip()), by=by, asked_at=at, starts_on=asked.starts_on, ends_on=asked.ends_on,
    )  # fmt: skip
    record(
        "exception.asked_for", subject=f"exception:{made.pk}", by=by, at=at, reason=reason,
        on_behalf=right.on_behalf, model=asked.model, warning=asked.warning,
        starts_on=str(asked.starts_on), ends_on=str(asked.ends_on),
    )  # fmt: skip
    return made


@transaction.atomic
def approve_exception(
    exception: SubjectException, *, by: User, at: datetime, reason: str = ""
) -> SubjectException:
    """Let an exception hold from the next run on, as a second person.

    Raises:
        NotYoursError, OutOfStepError.
    """
    right = must("approve_exception", by, day_of(at))
    behind = right.on_behalf.pk if right.on_behalf else None
    if not may_decide(exception, by, day_of(at)) or exception.by_id == behind:
        raise NotYoursError(
            Text("须由另一人批准", "somebody else approves"), where=f"exception:{exception.pk}"
        )
    changed = (
        SubjectException.objects.filter(pk=exception.pk, approved_by=None, withdrawn_at=None)
        .exclude(by=by)
        .update(approved_by=by, approved_at=at)
    )
    if changed != 1:
        raise _decided_before(exception)
    record(
        "exception.approved", subject=f"exception:{exception.pk}", by=by, at=at, reason=reason,
        on_behalf=right.on_behalf,
    )  # fmt: skip
    exception.refresh_from_db()
    return exception


@transaction.atomic
def withdraw_exception(
    exception: SubjectException, *, by: User, at: datetime, reason: str
) -> SubjectException:
    """End an exception, or refuse one that was asked for; the next run warns again.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError.
    """
    right = must("withdraw_exception", by, day_of(at))
    if exception.subject and exception.subject in own_people(by, day_of(at)):
        raise NotYoursError(
            Text("不得办理本人或亲属的事项", "not about yourself or your kin"),
            where=f"exception:{exception.pk}",
        )
    if not reason.strip():
        raise ReasonMissingError(
            Text("请写明理由", "say why"), where=f"exception:{exception.pk}"
        )  # fmt: skip
    changed = SubjectException.objects.filter(pk=exception.pk, withdrawn_at=None).update(
        withdrawn_at=at
    )
    if changed != 1:
        raise _decided_before(exception)
    record(
        "exception.withdrawn", subject=f"exception:{exception.pk}", by=by, at=at, reason=reason,
        on_behalf=right.on_behalf,
    )  # fmt: skip
    exception.refresh_from_db()
    return exception


def _decided_before(exception: SubjectException) -> OutOfStepError:
    return OutOfStepError(
        Text("已有人办过", "somebody decided before"),
        where=f"exception:{exception.pk}",
        hint=Text("刷新页面再看", "reload the page"),
    )


# -- budgets -------------------------------------------------------------------------------------


@transaction.atomic
def set_budget(unit: Unit, per_week: int, *, by: User, at: datetime, reason: str) -> WarningBudget:
    """Say how many warnings about a unit are told in a week; the others wait, ranked.

    Raises:
        NotYoursError, ReasonMissingError.
    """
    right = must("set_budget", by, day_of(at))
    if not reason.strip():
        raise ReasonMissingError(Text("请写明理由", "say why"), where=f"unit:{unit.pk}")
    budget, _ = WarningBudget.objects.update_or_create(unit=unit, defaults={"per_week": per_week})
    record(
        "budget.set", subject=f"unit:{unit.pk}", by=by, at=at, reason=reason,
        on_behalf=right.on_behalf, per_week=per_week,
    )  # fmt: skip
    return budget
