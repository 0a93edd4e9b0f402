"""The system proposes regional and sectoral problems; people decide about them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from django.db import transaction

from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.loop.closure.models import PROBLEM_FLOW, GovernanceProblem
from plumbline.loop.closure.policy import must
from plumbline.loop.closure.queries.clusters import Cluster, HalfYear, clusters
from plumbline.org.models import User
from plumbline.trail.actions import record


def propose_problems(clauses: Mapping[str, str], *, at: datetime) -> list[GovernanceProblem]:
    """Propose what the findings of this half-year and the one before it come to.

    A cluster is proposed once, whatever became of it; findings that were made since join it. Each problem
    is proposed in a transaction of its own.

    Args:
        clauses: key of a warning -> clause of its line, as `intake.clauses` reads them.

    Returns:
        The problems that are new.
    """
    now = HalfYear.of(day_of(at))
    found = [
        _propose(each, at)
        for period in (now.before, now)
        for each in clusters(period, clauses)
        if each.is_proposed
    ]
    return [problem for problem in found if problem is not None]


@transaction.atomic
def _propose(cluster: Cluster, at: datetime) -> GovernanceProblem | None:
    problem, is_new = GovernanceProblem.objects.get_or_create(
        clause=cluster.clause, sector=cluster.sector, region=cluster.region,
        starts_on=cluster.period.starts_on,
        defaults={
            "ends_on": cluster.period.ends_on, "title": title_of(cluster),
            "why": cluster.figures, "proposed_at": at,
        },
    )  # fmt: skip
    problem = GovernanceProblem.objects.select_for_update().get(pk=problem.pk)
    known = set(problem.disposals.values_list("pk", flat=True))
    new = sorted(set(cluster.findings) - known)
    if not new and not is_new:
        return None
    problem.disposals.add(*new)
    if not is_new:
        GovernanceProblem.objects.filter(pk=problem.pk).update(why=cluster.figures)
    record(
        "problem.proposed" if is_new else "problem.grown",
        subject=f"problem:{problem.pk}", by=None, at=at, disposals=new, figures=cluster.figures,
    )  # fmt: skip
    return problem if is_new else None


def title_of(cluster: Cluster) -> str:
    """What a problem is called until somebody finds better words."""
    return f"{cluster.clause}：{len(cluster.findings)} 件查实，涉及 {len(cluster.units)} 个单位"[
        :300
    ]


def accept(
    problem: GovernanceProblem, *, by: User, at: datetime, reason: str, title: str = ""
) -> GovernanceProblem:
    """Say that it is a problem (认定), and call it by its name.

    Raises:
        NotYoursError, OutOfStepError, ReasonMissingError.
    """
    return _decide("accept", problem, by=by, at=at, reason=reason, title=title.strip())


def dismiss(
    problem: GovernanceProblem, *, by: User, at: datetime, reason: str
) -> GovernanceProblem:
    """Say that it is none (不认定); it is not proposed again."""
    return _decide("dismiss", problem, by=by, at=at, reason=reason)


def solve(problem: GovernanceProblem, *, by: User, at: datetime, reason: str) -> GovernanceProblem:
    """Say that it is solved."""
    return _decide("solve", problem, by=by, at=at, reason=reason)


def take_up_again(
    problem: GovernanceProblem, *, by: User, at: datetime, reason: str
) -> GovernanceProblem:
    """Take up what was dismissed or taken to be solved."""
    return _decide("take_up_again", problem, by=by, at=at, reason=reason)


@transaction.atomic
def _decide(
    move: str,
    problem: GovernanceProblem,
    *,
    by: User,
    at: datetime,
    reason: str,
    title: str = "",
) -> GovernanceProblem:
    held = must(move, problem, by=by, at=at)
    named = title or problem.title
    return advance(
        PROBLEM_FLOW, problem, move, by=by, on_behalf=held.on_behalf, at=at, reason=reason,
        detail={"title": named}, decided_by=by, decided_at=at, opinion=reason.strip(), title=named,
    )  # fmt: skip
