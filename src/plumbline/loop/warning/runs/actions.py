"""A run is asked for; the worker begins it, tells how far it is, and ends it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.loop.warning.runs.models import RUN_FLOW, RunRequest
from plumbline.loop.warning.runs.policy import right_to
from plumbline.org.models import User
from plumbline.trail.actions import record


class RunRequestError(PlumblineError):
    """What was asked for cannot be run."""


@transaction.atomic
def ask(
    *,
    by: User,
    at: datetime,
    reason: str,
    only: Sequence[str] = (),
    accept: Mapping[str, str] | None = None,
) -> RunRequest:
    """Ask for a run; the worker carries it out.

    Args:
        only: models; none means all in force.
        accept: model -> reason, to let in what an earlier run held back.

    Raises:
        NotYoursError: they may not ask for this.
        RunRequestError: no reason is given, or a run waits already.
    """
    held = right_to("accept" if accept else "ask", by, day_of(at))
    if not reason.strip():
        raise RunRequestError(Text("请写明为何运行", "say why it is run"), where="run")
    try:
        with transaction.atomic():
            made = RunRequest.objects.create(
                only=list(only), accept=dict(accept or {}), reason=reason.strip(), by=by, at=at
            )
    except IntegrityError:
        raise RunRequestError(
            Text("已有一次运行在排队", "a run waits already"), where="run"
        ) from None
    record("run_request.asked", subject=f"run_request:{made.pk}", by=by, on_behalf=held.on_behalf, at=at,
           reason=made.reason, models=made.only, accept=made.accept)  # fmt: skip
    return made


@transaction.atomic
def begin(request: RunRequest, *, at: datetime) -> RunRequest:
    return advance(
        RUN_FLOW, request, "begin", by=None, at=at, begun_at=at, done=0, of=0, current=""
    )


def tell(request: RunRequest, model: str, done: int, of: int) -> None:
    """How far it is: for the page alone, so that it is no act and leaves no row on the trail."""
    RunRequest.objects.filter(pk=request.pk).update(current=model, done=done, of=of)


@transaction.atomic
def finish(request: RunRequest, number: int, *, at: datetime) -> RunRequest:
    return advance(
        RUN_FLOW, request, "finish", by=None, at=at, number=number, ended_at=at, current="",
        detail={"run": number},
    )  # fmt: skip


@transaction.atomic
def fail(request: RunRequest, problem: Text, *, at: datetime) -> RunRequest:
    return advance(
        RUN_FLOW,
        request,
        "fail",
        by=None,
        at=at,
        ended_at=at,
        problem=[*problem],
        reason=problem.zh,
    )
