"""What is due of a disposal, and what became of it: by currency, never added across currencies."""

from __future__ import annotations

from datetime import date

from django.db.models import QuerySet, Sum

from plumbline.loop.disposal.models import (
    REVIEWERS,
    Disposal,
    MoneyBalance,
    Posting,
    State,
    WriteOff,
    WriteOffState,
)
from plumbline.loop.disposal.policy import Relation, and_above, bodies_of
from plumbline.loop.disposal.queries.disposal import visible_to
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding

#: Who may post: whoever verifies it, and the heads of the bodies that work it.
_POSTING = (Role.OFFICE_HEAD,)


def ledger(disposal: Disposal) -> QuerySet[Posting]:
    """Every posting in order, counter-entries among them."""
    return (
        disposal.postings.select_related("evidence", "by", "approved_by", "reverses", "reversed_by")
        .order_by("pk")
    )  # fmt: skip


def balances(disposal: Disposal) -> QuerySet[MoneyBalance]:
    return disposal.balances.order_by("currency")


def sums(disposal: Disposal) -> dict[tuple[str, str], int]:
    """(currency, kind) -> fen, counted anew from the postings; equals the balances."""
    rows = disposal.postings.values_list("currency", "kind").annotate(fen=Sum("fen"))
    return {(currency, kind): fen for currency, kind, fen in rows.order_by()}


def out_of_balance() -> list[tuple[int, str]]:
    """(disposal, currency) whose balance is not the sum of its postings: none, or the database was altered."""
    told: dict[tuple[int, str], dict[str, int]] = {}
    rows = Posting.objects.values_list("disposal", "currency", "kind").annotate(fen=Sum("fen"))
    for disposal, currency, kind, fen in rows.order_by():
        told.setdefault((disposal, currency), {})[kind] = fen
    held = {
        (each.disposal_id, each.currency): {kind: getattr(each, kind) for kind in Posting.Kind.values}
        for each in MoneyBalance.objects.all()
    }  # fmt: skip
    nothing = dict.fromkeys(Posting.Kind.values, 0)
    return sorted(
        place for place in {*told, *held}
        if {**nothing, **told.get(place, {})} != held.get(place, nothing)
    )  # fmt: skip


def proposals(disposal: Disposal) -> QuerySet[WriteOff]:
    """Write-offs that nobody has decided yet."""
    return disposal.write_offs.filter(state=WriteOffState.PROPOSED).order_by("pk")


def right_to_post(user: User, disposal: Disposal, on: date) -> Holding | None:
    """By which right somebody posts: one of the two who verify it, or a head of a body that works it.

    Money comes in after a disposal is closed too, so its state is not asked.
    """
    relation = Relation(user, disposal, on)
    if relation.barred or disposal.state in {State.RAISED, State.DISPATCHED}:
        return None
    bodies = bodies_of(disposal)
    verified = user.pk in relation.verified
    held = [
        each for each in relation.rights.holdings
        if each.body in bodies
        and (
            each.role in _POSTING
            or (each.role == Role.VERIFIER and verified and each.on_behalf is None)
        )
    ]  # fmt: skip
    return min(held, key=lambda each: each.on_behalf is not None, default=None)


def right_to_write_off(user: User, proposal: WriteOff, on: date) -> Holding | None:
    """By which right somebody decides on a write-off: a reviewer of its bodies or of one above, not who proposed it."""
    relation = Relation(user, proposal.disposal, on)
    if relation.barred:
        return None
    bodies = and_above(bodies_of(proposal.disposal))
    held = [
        each for each in relation.rights.holdings
        if each.role in REVIEWERS and each.body in bodies
        and proposal.proposed_by_id not in {user.pk, each.on_behalf.pk if each.on_behalf else None}
    ]  # fmt: skip
    return min(held, key=lambda each: each.on_behalf is not None, default=None)


def visible_write_offs(user: User, on: date) -> QuerySet[WriteOff]:
    """Those of the disposals somebody sees."""
    return WriteOff.objects.filter(disposal__in=visible_to(user, on))
