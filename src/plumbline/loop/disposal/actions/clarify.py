"""Whoever has been cleared is told so (澄清): proposed, approved by a second person, written, handed over."""

from __future__ import annotations

import io
import re
from datetime import date, datetime

from django.db import IntegrityError, transaction
from django.db.models import Q

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import advance
from plumbline.loop.disposal.actions.document import keep
from plumbline.loop.disposal.models import CLARIFICATION_FLOW, Clarification, Disposal, State
from plumbline.loop.disposal.queries.clarify import GROUNDS, right_to, right_to_propose
from plumbline.loop.disposal.queries.disposal import findings
from plumbline.loop.disposal.queries.letter import as_docx, as_pdf, clarification_letter
from plumbline.org.models import User
from plumbline.trail.actions import record, record_reading

_MASKED = re.compile(r"([\u4e00-\u9fff])[某*＊×]")


class ClarificationError(PlumblineError):
    """Nothing to clarify, or something that does not fit."""


@transaction.atomic
def propose(
    disposal: Disposal,
    ground: Clarification.Ground,
    text: str,
    *,
    by: User,
    at: datetime,
    requested_on: date | None = None,
) -> Clarification:
    """Propose a letter of clarification.

    Args:
        text: what was found, for the person to read; it names nobody else.
        requested_on: when the person asked for it; needed where the fact was refuted.

    Raises:
        ClarificationError: the disposal is not closed, does not say so, or one is under way.
    """
    where = f"disposal:{disposal.pk}"
    held = right_to_propose(by, disposal, day_of(at))
    if disposal.state != State.CLOSED or GROUNDS[ground] not in findings(disposal):
        raise ClarificationError(
            Text("尚未办结，或没有这样的认定", "it is not closed, or was not found so"), where=where
        )
    if ground == Clarification.Ground.REFUTED and requested_on is None:
        raise ClarificationError(Text("请写明本人申请的日期", "say when they asked for it"), where=where)  # fmt: skip
    if requested_on and requested_on > day_of(at):
        raise ClarificationError(Text("申请日期在今天之后", "they asked for it after today"), where=where)  # fmt: skip
    if not text.strip():
        raise ClarificationError(Text("请写明核查情况", "say what was found"), where=where)
    try:
        with transaction.atomic():
            made = Clarification.objects.create(
                disposal=disposal, ground=ground, text=text.strip(), requested_on=requested_on,
                proposed_by=by, proposed_at=at,
            )  # fmt: skip
    except IntegrityError:
        raise ClarificationError(
            Text("已有一份正在办理", "one is under way"), where=where
        ) from None
    record("clarification.proposed", subject=f"clarification:{made.pk}", by=by, on_behalf=held.on_behalf,
           at=at, disposal=disposal.pk, ground=made.ground)  # fmt: skip
    return made


@transaction.atomic
def approve(clarification: Clarification, *, by: User, at: datetime, number: str = "") -> Clarification:  # fmt: skip
    """Approve it, as a second person.

    Args:
        number: 发文字号 from the office's register, where it gives one.
    """
    held = right_to("approve", clarification, by=by, on=day_of(at))
    return advance(
        CLARIFICATION_FLOW, clarification, "approve", by=by, on_behalf=held.on_behalf, at=at,
        approved_by=by, approved_at=at, number=number.strip(), detail={"number": number.strip()},
    )  # fmt: skip


@transaction.atomic
def refuse(clarification: Clarification, *, by: User, at: datetime, reason: str) -> Clarification:
    held = right_to("refuse", clarification, by=by, on=day_of(at))
    return advance(
        CLARIFICATION_FLOW, clarification, "refuse", by=by, on_behalf=held.on_behalf, at=at, reason=reason,
    )  # fmt: skip


@transaction.atomic
def make_letter(clarification: Clarification, name: str, *, by: User, at: datetime) -> Clarification:  # fmt: skip
    """Write the letter, as DOCX and PDF; it alone names the person, and that it does is on the trail.

    Args:
        name: the person's name, as the letter addresses them; it is kept nowhere else.

    Raises:
        ClarificationError: no name, one that is not the masked one, or another letter was made already.
        LetterError: the office's text of the letter is wrong.
        NoFontError: there is no Chinese font.
    """
    where = f"clarification:{clarification.pk}"
    held = right_to("make_letter", clarification, by=by, on=day_of(at))
    plain = " ".join(name.split())
    _must_fit(clarification, plain, where)
    letter = clarification_letter(clarification, plain, by=by, on=day_of(at))
    parties = clarification.disposal.warning.parties.values_list("person", flat=True)
    record_reading(
        whom=list(parties), where=where, fields=["name"], purpose="制作澄清函",
        case=f"disposal:{clarification.disposal_id}", by=by, on_behalf=held.on_behalf, at=at,
    )  # fmt: skip
    kept = {}
    for ending, content in (("pdf", as_pdf(letter)), ("docx", as_docx(letter))):
        kept[ending] = keep(
            clarification.disposal, f"澄清函-{clarification.pk}.{ending}", io.BytesIO(content), by=by, at=at
        )  # fmt: skip
    made = Clarification.objects.filter(
        pk=clarification.pk, state="approved", pdf=clarification.pdf_id
    ).update(pdf=kept["pdf"], docx=kept["docx"])
    if made != 1:
        raise ClarificationError(Text("已有变动，请刷新后重试", "it has changed; reload and try again"), where=where)  # fmt: skip
    record("clarification.written", subject=where, by=by, on_behalf=held.on_behalf, at=at,
           pdf=kept["pdf"].sha256, docx=kept["docx"].sha256)  # fmt: skip
    clarification.refresh_from_db()
    return clarification


@transaction.atomic
def hand_over(
    clarification: Clarification, form: Clarification.Form, on: date, *, by: User, at: datetime
) -> Clarification:
    """Write down how and when the person was told.

    Raises:
        ClarificationError: on a day before it was approved, or after today.
        OutOfStepError: it is not approved, no letter is made, or it was handed over already.
    """
    held = right_to("hand_over", clarification, by=by, on=day_of(at))
    approved = clarification.approved_at
    if on > day_of(at) or (approved and on < day_of(approved)):
        raise ClarificationError(
            Text("送达日期应在审批之后、今天之前", "it is handed over after its approval, and by today"),
            where=f"clarification:{clarification.pk}",
        )  # fmt: skip
    return advance(
        CLARIFICATION_FLOW, clarification, "hand_over", by=by, on_behalf=held.on_behalf, at=at,
        provided=Q(pdf__isnull=False), form=Clarification.Form(form), handed_over_on=on, handed_over_by=by,
        detail={"form": Clarification.Form(form).value, "on": on.isoformat()},
    )  # fmt: skip


def _must_fit(clarification: Clarification, name: str, where: str) -> None:
    if not name:
        raise ClarificationError(Text("请填写本人姓名", "give the person's name"), where=where)
    masked = _MASKED.search(clarification.disposal.warning.about)
    if masked and not name.startswith(masked[1]):
        raise ClarificationError(
            Text("与预警中的姓氏不符，请核对收件人", "the warning has another surname; check whom it is for"),
            where=where,
        )  # fmt: skip
