"""Mechanisms (制度机制): recorded when a rule changed, written into models, measured by what they bring about."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime

from django.db import IntegrityError, transaction

from plumbline.errors import Text
from plumbline.loop.closure.actions.attachment import File, keep
from plumbline.loop.closure.actions.campaign import ClosureError, must_be_accepted, say_what
from plumbline.loop.closure.models import (
    GovernanceProblem,
    Measurement,
    Mechanism,
    Month,
    ProblemState,
    WrittenModel,
)
from plumbline.loop.closure.policy import must
from plumbline.loop.closure.queries.placing import Counted, placed
from plumbline.loop.disposal.models import Disposal, State
from plumbline.loop.supervision.models import ModelVersion
from plumbline.org.models import SupervisionBody, Unit, User
from plumbline.trail.actions import record


@transaction.atomic
def record_mechanism(  # noqa: PLR0913 -- the document, the clause before and after, where and since when
    ground: GovernanceProblem | Disposal,
    *,
    title: str,
    document: str,
    clause: str = "",
    before: str = "",
    after: str,
    in_force_from: date,
    body: SupervisionBody,
    model: str = "",
    region: str = "",
    units: Iterable[Unit] = (),
    files: Sequence[File] = (),
    by: User,
    at: datetime,
) -> Mechanism:
    """Write down that a rule changed. It is never altered: another change is another mechanism.

    Args:
        ground: the problem or the disposal that led to it.
        model: by whose flag rate its effect is measured.

    Raises:
        NotYoursError. OutOfStepError: the ground is still open.
        ClosureError: words are missing, nothing changed, it is recorded already, or the model is unknown.
    """
    noun = "disposal" if isinstance(ground, Disposal) else "problem"
    where = f"{noun}:{ground.pk}"
    held = must("record_mechanism", ground, by=by, at=at)
    if isinstance(ground, GovernanceProblem):
        must_be_accepted(ground, ProblemState.SOLVED)
    elif Disposal.objects.select_for_update(of=("self",)).get(pk=ground.pk).state != State.CLOSED:
        raise ClosureError(Text("处置尚未办结", "the disposal is not closed"), where=where)
    if model:
        _must_be_known(model, where)
    told = {"before": before.strip(), "after": say_what(after, where)}
    if told["before"] == told["after"]:
        raise ClosureError(Text("修订前后没有区别", "before and after are the same"), where=where)
    try:
        with transaction.atomic():
            made = Mechanism.objects.create(
                title=say_what(title, where), document=say_what(document, where),
                clause=clause.strip(), in_force_from=in_force_from, model=model, region=region,
                body=body, recorded_by=by, recorded_at=at, **{noun: ground}, **told,
            )  # fmt: skip
    except IntegrityError:
        raise ClosureError(
            Text("这份文件的这一条已经登记", "this clause of this document is recorded already"),
            where=where,
        ) from None
    must("keep", made, by=by, at=at)
    made.units.set(units)
    digests = keep(files, by=by, at=at, mechanism=made)
    record(
        "mechanism.recorded", subject=f"mechanism:{made.pk}", by=by, on_behalf=held.on_behalf, at=at,
        ground=where, document=made.document, clause=made.clause, in_force_from=f"{in_force_from}",
        model=model, region=region, units=sorted(unit.pk for unit in made.units.all()), files=digests,
    )  # fmt: skip
    return made


@transaction.atomic
def new_model_from(mechanism: Mechanism, model: str, *, by: User, at: datetime) -> WrittenModel:
    """Say that a supervision model was written from it: the new rule is supervised in its turn.

    Raises:
        NotYoursError. ClosureError: there is no such model, or it is named already.
    """
    where = f"mechanism:{mechanism.pk}"
    held = must("name_model", mechanism, by=by, at=at)
    _must_be_known(model, where)
    made, is_new = WrittenModel.objects.get_or_create(
        mechanism=mechanism, model=model, defaults={"by": by, "at": at}
    )
    if not is_new:
        raise ClosureError(Text("已经登记", "it is named already"), where=where)
    record(
        "mechanism.model_written",
        subject=where,
        by=by,
        on_behalf=held.on_behalf,
        at=at,
        model=model,
    )
    return made


@transaction.atomic
def keep_measurement(
    mechanism: Mechanism,
    counted: Iterable[Counted],
    *,
    as_of: date,
    version: int,
    by: User | None,
    at: datetime,
) -> Measurement:
    """Keep what the engine counted, laid to the units concerned and the untouched ones.

    Args:
        counted: facts and flagged facts of each supervised unit, as the register names it, by month.
        by: who asked; None where the worker did by itself.
    """
    if by is not None:
        must("measure", mechanism, by=by, at=at)
    months = placed(mechanism, counted)
    made = Measurement.objects.create(
        mechanism=mechanism, at=at, as_of=as_of, model=mechanism.model, version=version,
        undated=months.undated, unplaced=months.unplaced,
    )  # fmt: skip
    Month.objects.bulk_create(
        Month(measurement=made, starts_on=month, concerned=concerned, facts=n, flagged=flagged)
        for (month, concerned), (n, flagged) in sorted(months.sums.items())
    )
    record(
        "mechanism.measured", subject=f"mechanism:{mechanism.pk}", by=by, at=at, model=made.model,
        version=version, as_of=f"{as_of}", months=len(months.sums),
    )  # fmt: skip
    return made


def _must_be_known(model: str, where: str) -> None:
    if not ModelVersion.objects.filter(model=model).exists():
        raise ClosureError(
            Text(f"没有登记过模型“{model}”", f"no model '{model}' is known here"),
            where=where,
            hint=Text("先在模型管理中登记", "register it among the models first"),
        )
