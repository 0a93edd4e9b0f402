"""The chain reviews a report (室主任 -> 常委 -> 书记); deadlines move; what is closed may come back."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction
from django.db.models import F, Q

from plumbline.errors import Text
from plumbline.kit.clock import actions as clock
from plumbline.kit.clock.actions import Starting, stop
from plumbline.kit.clock.models import Due
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.loop.disposal.actions.consequence import follow
from plumbline.loop.disposal.actions.holding import hold, lock, refuse
from plumbline.loop.disposal.models import (
    AGAIN_DAYS,
    FLOW,
    MOST_EXTENSIONS,
    REVIEW_DAYS,
    Aspect,
    Disposal,
    Review,
    State,
    Step,
)
from plumbline.loop.disposal.policy import must
from plumbline.loop.disposal.queries.disposal import findings, found
from plumbline.loop.warning.models import Happening, Standing
from plumbline.org.models import Role, User
from plumbline.trail.numbers import without_numbers


@transaction.atomic
def approve(
    disposal: Disposal, report: int, *, by: User, at: datetime, opinion: str = ""
) -> Disposal:
    """Approve a report in one's place of the chain; the last approval closes the disposal.

    Args:
        report: number of the report whoever approves has read; a later one is read first.

    Raises:
        NotYoursError: it is another's turn, or they verified it or stand in for who did.
        OutOfStepError: it was sent back or approved meanwhile.
    """
    role, on_behalf = _review(disposal, report, "approve", opinion, by=by, at=at)
    step = disposal.reviewed + 1
    detail = {"report": report, "role": role.value, "step": step}
    unmoved = Q(reports=report, reviewed=disposal.reviewed)
    if step < len(disposal.chain):
        return advance(
            FLOW, disposal, "approve", by=by, on_behalf=on_behalf, at=at, reason=opinion, provided=unmoved,
            starts=[Starting("review", REVIEW_DAYS)], reviewed=step, detail=detail,
        )  # fmt: skip
    aspects = set(found(disposal).values_list("aspect", flat=True))
    if not aspects & {Aspect.FACT, Aspect.IDENTITY, Aspect.DATA}:
        raise refuse(disposal, "没有事实、身份或数据方面的认定，不能办结",
                     "it is closed with a finding about the fact, the identity or the data")  # fmt: skip
    advance(
        FLOW, disposal, "close", by=by, on_behalf=on_behalf, at=at, reason=opinion, provided=unmoved,
        reviewed=step, closed_at=at, detail={**detail, "findings": sorted(findings(disposal))},
    )  # fmt: skip
    for request in disposal.requests.filter(answered_at=None):
        stop(f"request:{request.pk}", "answer", at=at)
    follow(disposal, at=at)
    return disposal


@transaction.atomic
def send_back(disposal: Disposal, report: int, *, by: User, at: datetime, opinion: str) -> Disposal:
    """Send a report back to its verifiers, with what is to be done; the chain begins anew with the next one."""
    if not opinion.strip():
        raise refuse(disposal, "请写明退回的理由", "say why it is sent back")
    _, on_behalf = _review(disposal, report, "send_back", opinion, by=by, at=at)
    disposal.verifiers.filter(released_at=None).update(signed_at=None)
    return advance(
        FLOW, disposal, "send_back", by=by, on_behalf=on_behalf, at=at, reason=opinion,
        provided=Q(reports=report), starts=[Starting("report", AGAIN_DAYS)], reviewed=0, reported_at=None,
        detail={"report": report},
    )  # fmt: skip


def _review(
    disposal: Disposal, report: int, action: str, opinion: str, *, by: User, at: datetime
) -> tuple[Role, User | None]:
    """Write down what a step of the chain decided; gives its role, and whose work a deputy does."""
    on_behalf = hold(disposal, action, by=by, at=at)
    role = disposal.next_reviewer
    if role is None or disposal.reports != report:
        raise OutOfStepError(
            Text("报告已有变动，请重新阅读", "there is another report by now; read it first"),
            where=f"disposal:{disposal.pk}",
        )
    Review.objects.create(
        disposal=disposal, round=disposal.round, report=report, role=role, by=by, on_behalf=on_behalf, at=at,
        decision=Review.Decision.APPROVED if action == "approve" else Review.Decision.SENT_BACK,
        opinion=without_numbers(opinion.strip()),
    )  # fmt: skip
    return role, on_behalf


# -- deadlines -----------------------------------------------------------------------------------


@transaction.atomic
def extend(
    disposal: Disposal, working_days: int, *, by: User, at: datetime, reason: str
) -> Disposal:
    """Give more time for the report: by a reviewer, with the reason, twice in a round at most.

    Raises:
        DisposalError: it was extended twice.
    """
    hold(disposal, "extend", by=by, at=at)
    held = must("extend", disposal, by=by, at=at)
    if disposal.extensions >= MOST_EXTENSIONS:
        raise refuse(
            disposal,
            f"最多延期{MOST_EXTENSIONS}次",
            f"it is extended {MOST_EXTENSIONS} times at most",
        )
    due = _report_due(disposal)
    clock.extend(
        due, by=by, on_behalf=held.on_behalf, at=at, working_days=working_days, reason=reason
    )
    Review.objects.create(
        disposal=disposal, round=disposal.round, report=disposal.reports, role=held.role, by=by,
        on_behalf=held.on_behalf, at=at, decision=Review.Decision.EXTENDED, opinion=without_numbers(reason.strip()),
    )  # fmt: skip
    disposal.extensions += 1
    disposal.save(update_fields=["extensions"])
    return disposal


@transaction.atomic
def pause(disposal: Disposal, *, by: User, at: datetime, document: str, reason: str) -> Disposal:
    """Stop the clock of the report, on the strength of a document."""
    on_behalf = hold(disposal, "pause", by=by, at=at)
    due = _report_due(disposal)
    clock.pause(due, by=by, on_behalf=on_behalf, at=at, document=document, reason=reason)
    return disposal


@transaction.atomic
def resume(disposal: Disposal, *, by: User, at: datetime) -> Disposal:
    """Let the clock of the report go on."""
    on_behalf = hold(disposal, "resume", by=by, at=at)
    clock.resume(_report_due(disposal), by=by, on_behalf=on_behalf, at=at)
    return disposal


def _report_due(disposal: Disposal) -> Due:
    found = Due.objects.filter(
        subject=f"disposal:{disposal.pk}", kind="report", stopped_at=None
    ).first()
    if found is None:
        raise refuse(disposal, "没有正在计算的期限", "no deadline is running")
    return found


# -- coming back ---------------------------------------------------------------------------------


@transaction.atomic
def reopen(disposal: Disposal, *, by: User, at: datetime, reason: str) -> Disposal:
    """Take a closed one up again: a new round, with other findings and the whole check anew."""
    on_behalf = hold(disposal, "reopen", by=by, at=at)
    return _reopen(disposal, by=by, on_behalf=on_behalf, at=at, reason=reason)


@transaction.atomic
def reopen_for_evidence(disposal: Disposal, *, at: datetime, reason: str) -> Disposal | None:
    """A closed one comes back by itself, and only with new evidence; None where it is at work anyway."""
    lock(disposal)
    if disposal.state != State.CLOSED:
        return None
    return _reopen(disposal, by=None, on_behalf=None, at=at, reason=reason)


def reopen_all_for_evidence(*, at: datetime) -> int:
    """Take up again what was closed before its warning gained evidence, each in its own transaction.

    Returns:
        How many came back.
    """
    changed = Disposal.objects.filter(
        state=State.CLOSED, warning__standing=Standing.OPEN, warning__changed_at__gt=F("closed_at")
    ).select_related("warning")  # fmt: skip
    back = 0
    for disposal in changed.order_by("pk"):
        returned = disposal.warning.happenings.filter(
            kind=Happening.Kind.RETURNED, at__gt=disposal.closed_at
        )
        if disposal.warning.change.get("added") or returned.exists():
            back += bool(
                reopen_for_evidence(disposal, at=at, reason="结案后有新证据 · new evidence since")
            )
    return back


def _reopen(
    disposal: Disposal, *, by: User | None, on_behalf: User | None, at: datetime, reason: str
) -> Disposal:
    last = disposal.round
    advance(
        FLOW, disposal, "reopen", by=by, on_behalf=on_behalf, at=at, reason=reason,
        starts=[Starting("report", disposal.report_days)], round=last + 1, reviewed=0, extensions=0,
        level=disposal.warning.level, no_reply="", signed_at=at, reported_at=None, closed_at=None,
        detail={"round": last + 1},
    )  # fmt: skip
    disposal.verifiers.filter(released_at=None).update(released_at=at)
    Step.objects.bulk_create(
        Step(
            disposal=disposal,
            round=last + 1,
            number=each.number,
            what=each.what,
            what_en=each.what_en,
        )
        for each in disposal.steps.filter(round=last)
    )
    return disposal
