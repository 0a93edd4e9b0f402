"""The ledger of money (应追、已追、避免、核销): postings that are added and countered, past a balance that guards them.

A posting and the balance of its currency move in one transaction. The balance moves by a conditional UPDATE
whose rows are counted: of two who would recover the same fen at once, the second finds it gone and is told.
The database refuses, besides, a balance below zero and more recovered and written off than is due.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import BinaryIO, cast

from django.db import IntegrityError, transaction
from django.db.models import F

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.flow import OutOfStepError, advance
from plumbline.loop.disposal.actions.document import keep
from plumbline.loop.disposal.models import (
    WRITE_OFF_FLOW,
    Disposal,
    Document,
    MoneyBalance,
    Posting,
    WriteOff,
)
from plumbline.loop.disposal.queries.money import right_to_post, right_to_write_off
from plumbline.org.models import User
from plumbline.org.policy import NotYoursError
from plumbline.trail.actions import record

#: Far above any sum an office deals with, and far below where the database's numbers end.
MOST_FEN = 10**15


class MoneyError(PlumblineError):
    """A posting that cannot be: too much, for other evidence, or reversed already."""


@dataclass(frozen=True)
class Sum:
    """An amount, what shows it, and the key by which the same receipt is known again.

    Attributes:
        fen: in the smallest unit of the currency.
        currency: ISO 4217.
        key: such as the number of a receipt; one key is posted once, wherever.
    """

    fen: int
    evidence: Document
    key: str
    currency: str = "CNY"
    reason: str = ""


@transaction.atomic
def post(disposal: Disposal, kind: Posting.Kind, what: Sum, *, by: User, at: datetime) -> Posting:
    """Post what is due, recovered or avoided. The same key with the same content changes nothing.

    Raises:
        NotYoursError: they neither verify it nor head a body that works it.
        MoneyError: more than is due, no evidence of this disposal, a key used for something else; or it is
            to be written off, which needs `propose_write_off`.
    """
    if kind == Posting.Kind.WRITTEN_OFF:
        raise MoneyError(
            Text("核销须先提出，由另一人审批", "a write-off is proposed, and approved by a second person"),
            where=_where(disposal),
        )  # fmt: skip
    on_behalf = _must_post(disposal, by=by, at=at)
    _check(disposal, what)
    if known := Posting.objects.filter(key=what.key).first():
        return _same(known, disposal, kind, what)
    try:
        with transaction.atomic():
            _move(disposal, what.currency, kind, what.fen)
            made = Posting.objects.create(
                disposal=disposal, kind=kind, fen=what.fen, currency=what.currency, key=what.key,
                evidence=what.evidence, by=by, at=at, reason=what.reason.strip(),
            )  # fmt: skip
    except (IntegrityError, MoneyError):  # perhaps the same receipt, posted at the same moment
        known = Posting.objects.filter(key=what.key).first()
        if known is None:
            raise
        return _same(known, disposal, kind, what)
    _tell("posted", made, by=by, on_behalf=on_behalf, at=at)
    return made


@transaction.atomic
def reverse(
    posting: Posting, *, key: str, reason: str, evidence: Document, by: User, at: datetime
) -> Posting:
    """Counter a posting that was a mistake, once; what is right is posted anew.

    Raises:
        MoneyError: no reason, reversed already, a counter-entry itself; or what was due is recovered by now.
    """
    disposal = posting.disposal
    on_behalf = _must_post(disposal, by=by, at=at)
    if not reason.strip():
        raise MoneyError(Text("请写明冲销的理由", "say why"), where=_where(disposal))
    if posting.reverses_id is not None:
        raise MoneyError(
            Text("冲销记录不能再冲销，请重新记一笔", "a counter-entry is not countered; post it anew"),
            where=_where(disposal),
        )  # fmt: skip
    _check(disposal, Sum(posting.fen, evidence, key, posting.currency))
    if Posting.objects.filter(reverses=posting).exists():
        raise _reversed(disposal)
    try:
        with transaction.atomic():
            _move(disposal, posting.currency, Posting.Kind(posting.kind), -posting.fen)
            made = Posting.objects.create(
                disposal=disposal, kind=posting.kind, fen=-posting.fen, currency=posting.currency,
                key=key, evidence=evidence, reverses=posting, by=by, at=at, reason=reason.strip(),
            )  # fmt: skip
    except IntegrityError:
        if Posting.objects.filter(reverses=posting).exists():
            raise _reversed(disposal) from None
        raise _used(disposal, key) from None
    _tell("reversed", made, by=by, on_behalf=on_behalf, at=at)
    return made


@transaction.atomic
def attach_evidence(
    disposal: Disposal, name: str, file: BinaryIO, *, by: User, at: datetime
) -> Document:
    """Put a receipt to a disposal, also after it is closed; one that is there already is found again.

    Raises:
        NotYoursError: they do not post here.
        DisposalError: a file of a kind that is not taken.
    """
    on_behalf = _must_post(disposal, by=by, at=at)
    file.seek(0)
    digest = hashlib.file_digest(cast("BytesIO", file), "sha256").hexdigest()
    if known := disposal.documents.filter(sha256=digest).first():
        return known
    made = keep(disposal, name, file, by=by, at=at)
    record("disposal.attached", subject=_where(disposal), by=by, on_behalf=on_behalf, at=at,
           document=made.pk, sha256=made.sha256)  # fmt: skip
    return made


# -- written off by two --------------------------------------------------------------------------


@transaction.atomic
def propose_write_off(disposal: Disposal, what: Sum, *, by: User, at: datetime) -> WriteOff:
    """Propose to write off what cannot be recovered; nothing is posted yet."""
    on_behalf = _must_post(disposal, by=by, at=at)
    _check(disposal, what)
    if not what.reason.strip():
        raise MoneyError(Text("请写明核销的理由", "say why"), where=_where(disposal))
    used = Posting.objects.filter(key=what.key).exists()
    if used or WriteOff.objects.filter(key=what.key).exists():
        raise _used(disposal, what.key)
    try:
        with transaction.atomic():
            made = WriteOff.objects.create(
                disposal=disposal, fen=what.fen, currency=what.currency, key=what.key,
                evidence=what.evidence, reason=what.reason.strip(), proposed_by=by, proposed_at=at,
            )  # fmt: skip
    except IntegrityError:
        raise _used(disposal, what.key) from None
    record("write_off.proposed", subject=f"write_off:{made.pk}", by=by, on_behalf=on_behalf, at=at,
           reason=made.reason, disposal=disposal.pk, fen=made.fen, currency=made.currency,
           document=what.evidence.pk)  # fmt: skip
    return made


@transaction.atomic
def approve_write_off(proposal: WriteOff, *, by: User, at: datetime) -> Posting:
    """Approve and post it, as a second person.

    Raises:
        NotYoursError: they proposed it, or do not review for its bodies.
        MoneyError: less is outstanding by now.
        OutOfStepError: it is decided already.
    """
    on_behalf = _must_decide(proposal, by=by, at=at)
    _move(proposal.disposal, proposal.currency, Posting.Kind.WRITTEN_OFF, proposal.fen)
    try:
        with transaction.atomic():
            made = Posting.objects.create(
                disposal=proposal.disposal, kind=Posting.Kind.WRITTEN_OFF, fen=proposal.fen,
                currency=proposal.currency, key=proposal.key, evidence=proposal.evidence,
                by=proposal.proposed_by, approved_by=by, at=at, reason=proposal.reason,
            )  # fmt: skip
    except IntegrityError:
        raise OutOfStepError(
            Text("该核销已有决定", "it is decided already"), where=f"write_off:{proposal.pk}"
        ) from None
    advance(
        WRITE_OFF_FLOW, proposal, "approve", by=by, on_behalf=on_behalf, at=at, decided_by=by,
        decided_at=at, posting=made, detail={"posting": made.pk, "fen": made.fen, "currency": made.currency},
    )  # fmt: skip
    return made


@transaction.atomic
def refuse_write_off(proposal: WriteOff, *, by: User, at: datetime, reason: str) -> WriteOff:
    on_behalf = _must_decide(proposal, by=by, at=at)
    return advance(
        WRITE_OFF_FLOW, proposal, "refuse", by=by, on_behalf=on_behalf, at=at, reason=reason,
        decided_by=by, decided_at=at,
    )  # fmt: skip


# -- what all of them share ----------------------------------------------------------------------


def _move(disposal: Disposal, currency: str, kind: Posting.Kind, fen: int) -> None:
    """Move the balance if it can bear it; the row stays locked until the transaction ends."""
    MoneyBalance.objects.get_or_create(disposal=disposal, currency=currency)
    row = MoneyBalance.objects.filter(disposal=disposal, currency=currency)
    due, taken = Posting.Kind.DUE, {Posting.Kind.RECOVERED, Posting.Kind.WRITTEN_OFF}
    if fen < 0:
        row = row.filter(**{f"{kind.value}__gte": -fen})
    if kind in taken and fen > 0:
        row = row.filter(due__gte=F("recovered") + F("written_off") + fen)
    if kind == due and fen < 0:
        row = row.filter(due__gte=F("recovered") + F("written_off") - fen)
    if row.update(**{kind.value: F(kind.value) + fen}) != 1:
        held = MoneyBalance.objects.get(disposal=disposal, currency=currency)
        left = f"{held.outstanding // 100}.{held.outstanding % 100:02d}"
        raise MoneyError(
            Text(f"尚未追回的只有 {left} {currency}", f"only {left} {currency} is outstanding"),
            where=_where(disposal),
            hint=Text(
                "先登记应追金额，或核对本笔金额", "post what is due first, or check the amount"
            ),
        )


def _must_post(disposal: Disposal, *, by: User, at: datetime) -> User | None:
    held = right_to_post(by, disposal, day_of(at))
    if held is None:
        raise NotYoursError(
            Text("由本件的核查人或承办机构负责人登记", "its verifiers and the heads of its bodies post"),
            where=_where(disposal),
        )  # fmt: skip
    return held.on_behalf


def _must_decide(proposal: WriteOff, *, by: User, at: datetime) -> User | None:
    held = right_to_write_off(by, proposal, day_of(at))
    if held is None:
        raise NotYoursError(
            Text("核销须由提出人以外的审核领导审批", "a reviewer who did not propose it decides"),
            where=f"write_off:{proposal.pk}",
        )  # fmt: skip
    return held.on_behalf


def _check(disposal: Disposal, what: Sum) -> None:
    where = _where(disposal)
    if not 0 < what.fen <= MOST_FEN:
        raise MoneyError(Text("金额须大于零", "the amount is above zero"), where=where)
    if len(what.currency) != 3 or not what.currency.isascii() or not what.currency.isupper():
        raise MoneyError(Text("币种写三个大写字母，如 CNY", "a currency is three capital letters"), where=where)  # fmt: skip
    if not what.key.strip():
        raise MoneyError(Text("请写明票据号", "give the number of the receipt"), where=where)
    if what.evidence.disposal_id != disposal.pk:
        raise MoneyError(
            Text("凭证不属于本件", "the evidence is not of this disposal"), where=where
        )


def _same(known: Posting, disposal: Disposal, kind: Posting.Kind, what: Sum) -> Posting:
    told = (disposal.pk, kind, what.fen, what.currency)
    if (known.disposal_id, known.kind, known.fen, known.currency) != told:
        raise _used(disposal, what.key)
    return known


def _used(disposal: Disposal, key: str) -> MoneyError:
    return MoneyError(
        Text(f"票据号“{key}”已经用于另一笔", f"'{key}' was used for something else"),
        where=_where(disposal),
    )


def _reversed(disposal: Disposal) -> MoneyError:
    return MoneyError(Text("这一笔已经冲销", "it is reversed already"), where=_where(disposal))


def _tell(past: str, made: Posting, *, by: User, on_behalf: User | None, at: datetime) -> None:
    record(f"posting.{past}", subject=f"posting:{made.pk}", by=by, on_behalf=on_behalf, at=at,
           reason=made.reason, disposal=made.disposal_id, kind=made.kind, fen=made.fen,
           currency=made.currency, key=made.key, document=made.evidence_id)  # fmt: skip


def _where(disposal: Disposal) -> str:
    return f"disposal:{disposal.pk}"
