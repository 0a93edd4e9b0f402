"""Two people verify: steps, notes, findings, both signatures, the report."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from datetime import datetime

from django.db import IntegrityError, transaction

from plumbline.errors import Text
from plumbline.kit.clock.actions import Starting
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.loop.disposal.actions.holding import hold, refuse, written
from plumbline.loop.disposal.models import (
    ASPECT_OF,
    DATA_FAULTS,
    FLOW,
    REVIEW_DAYS,
    Disposal,
    Finding,
    Note,
    Outcome,
    State,
    Step,
    Verifier,
)
from plumbline.loop.disposal.policy import can_verify
from plumbline.loop.disposal.queries.disposal import findings, found, missing
from plumbline.org.models import User
from plumbline.trail.actions import record
from plumbline.trail.numbers import without_numbers

#: As the engine names rows: dataset:batch-position, and the column in question.
_ROW = re.compile(r"[a-z][a-z0-9_]*:\d+-\d+(:[a-z][a-z0-9_]*)?")


@transaction.atomic
def assign_verifiers(
    disposal: Disposal, pair: Sequence[User], *, by: User, at: datetime, reason: str = ""
) -> Disposal:
    """Name the two who verify it; whoever sat there before is released, and never reviews it either.

    Raises:
        DisposalError: they are not two people, one cannot be assigned, or they verify it already.
    """
    on_behalf = hold(disposal, "assign", by=by, at=at)
    if len({user.pk for user in pair}) != 2 or len(pair) != 2:
        raise refuse(disposal, "须由两名不同的人核查", "two different people verify it")
    able = {user.pk for user in can_verify(disposal, day_of(at))}
    for user in pair:
        if user.pk not in able:
            raise refuse(
                disposal,
                f"{user.name}不能核查本件：不是承办机构的核查人、须回避，或审核过本件",
                f"{user.name} cannot verify it: no verifier of its bodies, barred, or has reviewed it",
            )
    seated = disposal.verifiers.filter(released_at=None)
    before = {each.user_id for each in seated}
    # Sent twice, it would take back their signatures.
    if disposal.state == State.VERIFYING and before == {user.pk for user in pair}:
        raise refuse(disposal, "本件已由这两人核查", "these two verify it already")
    seated.exclude(user__in=pair).update(released_at=at)
    free = [seat for seat in (1, 2) if seat not in {each.seat for each in seated.all()}]
    for user in pair:
        if user.pk not in before:
            Verifier.objects.create(
                disposal=disposal, user=user, round=disposal.round, seat=free.pop(0)
            )
    seated.update(signed_at=None)  # they sign together what they found together
    return advance(FLOW, disposal, "assign", by=by, on_behalf=on_behalf, at=at, reason=reason,
                   detail={"verifiers": [user.get_username() for user in pair]})  # fmt: skip


@transaction.atomic
def do_step(
    disposal: Disposal, step: Step, *, by: User, at: datetime, finding: str, left_out: bool = False
) -> Step:
    """Say what a step of the check brought, or why it is left out; saying something else replaces it.

    What was said before stays on the trail.

    Raises:
        DisposalError: there is no such step, nothing is said, or the same was said already.
    """
    hold(disposal, "do_step", by=by, at=at)
    if step.disposal_id != disposal.pk or step.round != disposal.round:
        raise refuse(disposal, "没有这一步骤", "there is no such step")
    said = written(disposal, finding)
    if step.done_at is not None and (step.finding, step.left_out) == (said, left_out):
        raise refuse(disposal, "这一步骤已这样登记", "this step says so already")
    step.finding, step.left_out = said, left_out
    step.done_by, step.done_at = by, at
    step.save(update_fields=["finding", "left_out", "done_by", "done_at"])
    record("disposal.step_left_out" if left_out else "disposal.step_done",
           subject=f"disposal:{disposal.pk}", by=by, at=at, step=step.number, round=step.round,
           finding=step.finding)  # fmt: skip
    return step


@transaction.atomic
def note(disposal: Disposal, text: str, *, by: User, at: datetime) -> Note:
    """Write something down; it is never altered.

    Raises:
        DisposalError: nothing is written, or it was the last that they wrote.
    """
    hold(disposal, "note", by=by, at=at)
    said = written(disposal, text)
    if disposal.notes.filter(by=by).order_by("pk").values_list("text", flat=True).last() == said:
        raise refuse(disposal, "这条记录已写过", "this note is written already")
    made = Note.objects.create(disposal=disposal, by=by, at=at, text=said)
    record("disposal.noted", subject=f"disposal:{disposal.pk}", by=by, at=at, note=made.pk)
    return made


@transaction.atomic
def find(  # noqa: PLR0913 -- all that a finding consists of
    disposal: Disposal,
    finding: Finding,
    *,
    by: User,
    at: datetime,
    note: str = "",
    dataset: str = "",
    rows: Sequence[str] = (),
) -> Outcome:
    """Add what was found; several findings may hold at once, of identity, fact and responsibility one each.

    Args:
        dataset: of a fault of the data: which is to be corrected.
        rows: the faulty rows, or those that are about somebody else: `dataset:batch-position`.

    Raises:
        DisposalError: it holds already, contradicts another one, or does not say where it stands.
    """
    hold(disposal, "find", by=by, at=at)
    named = list(dict.fromkeys(rows))
    if bad := [row for row in named if not _ROW.fullmatch(row)]:
        raise refuse(disposal, f"“{bad[0]}”不是行的编号", f"'{bad[0]}' does not name a row")
    dataset = dataset or (named[0].partition(":")[0] if named else "")
    if finding in DATA_FAULTS and not dataset:
        raise refuse(disposal, "请指明哪个数据集有问题", "say which dataset is at fault")
    if finding == Finding.WRONG_PERSON and not named:
        raise refuse(disposal, "请指明哪些行说的是别人", "say which rows are about somebody else")
    if finding == Finding.LEAD_TRANSFERRED and not note.strip():
        raise refuse(disposal, "请写明移交的线索内容", "say what the lead is")
    try:
        with transaction.atomic():
            made = Outcome.objects.create(
                disposal=disposal, round=disposal.round, aspect=ASPECT_OF[finding], finding=finding,
                note=without_numbers(note.strip()), dataset=dataset, rows=named, found_by=by, found_at=at,
            )  # fmt: skip
    except IntegrityError:
        raise refuse(
            disposal, "已有这一认定，或与同类认定矛盾", "it is found already, or contradicts another finding",
            Text("先撤回原来的认定", "withdraw the earlier one first"),
        ) from None  # fmt: skip
    _unsign(disposal)
    record("disposal.found", subject=f"disposal:{disposal.pk}", by=by, at=at, reason=made.note,
           outcome=made.pk, finding=made.finding, rows=named)  # fmt: skip
    return made


@transaction.atomic
def withdraw_finding(
    disposal: Disposal, outcome: Outcome, *, by: User, at: datetime, reason: str
) -> Outcome:
    """Take a finding back; it stays readable."""
    hold(disposal, "withdraw_finding", by=by, at=at)
    why = written(disposal, reason)
    changed = found(disposal).filter(pk=outcome.pk).update(withdrawn_by=by, withdrawn_at=at)
    if changed != 1:
        raise refuse(disposal, "这一认定已不在", "this finding holds no longer")
    _unsign(disposal)
    record("disposal.finding_withdrawn", subject=f"disposal:{disposal.pk}", by=by, at=at, reason=why,
           outcome=outcome.pk, finding=outcome.finding)  # fmt: skip
    outcome.refresh_from_db()
    return outcome


def _unsign(disposal: Disposal) -> None:
    """Other findings are signed anew by both."""
    disposal.verifiers.filter(released_at=None).update(signed_at=None)


@transaction.atomic
def sign_findings(disposal: Disposal, seen: Collection[int], *, by: User, at: datetime) -> Verifier:
    """Sign, each for themself, what was found.

    Args:
        seen: the outcomes whoever signs has read; where others hold by now, they read again.

    Raises:
        DisposalError: nothing is found, other findings hold by now, or they have signed.
    """
    hold(disposal, "sign_findings", by=by, at=at)
    holding = set(found(disposal).values_list("pk", flat=True))
    if not holding:
        raise refuse(disposal, "还没有任何认定", "nothing is found yet")
    if holding != set(seen):
        raise refuse(
            disposal,
            "认定已有变动，请重新阅读后签字",
            "the findings have changed; read them and sign again",
        )
    seat = disposal.verifiers.get(user=by, released_at=None)
    if seat.signed_at is not None:
        raise refuse(disposal, "您已签字", "you have signed")
    seat.signed_at = at
    seat.save(update_fields=["signed_at"])
    record("disposal.findings_signed", subject=f"disposal:{disposal.pk}", by=by, at=at,
           outcomes=sorted(holding))  # fmt: skip
    return seat


@transaction.atomic
def report(
    disposal: Disposal, *, by: User, at: datetime, summary: str, no_reply: str = ""
) -> Disposal:
    """Hand the report to the review chain: every step done or explained, identity and fact found, two signatures.

    Args:
        no_reply: why a breach is reported though nobody concerned was heard.

    Raises:
        DisposalError: something is missing; it says what.
    """
    hold(disposal, "report", by=by, at=at)
    text = written(disposal, summary)
    lacking = missing(disposal, no_reply=no_reply)
    if lacking:
        raise refuse(
            disposal, "；".join(each.zh for each in lacking), "; ".join(each.en for each in lacking)
        )
    Note.objects.create(disposal=disposal, by=by, at=at, text=text)
    return advance(
        FLOW, disposal, "report", by=by, at=at, reason=text, starts=[Starting("review", REVIEW_DAYS)],
        reports=disposal.reports + 1, reviewed=0, level=disposal.warning.level, reported_at=at,
        no_reply=without_numbers(no_reply.strip()),
        detail={"report": disposal.reports + 1, "findings": sorted(findings(disposal)),
                "no_reply": without_numbers(no_reply.strip())},
    )  # fmt: skip
