"""Who has been cleared and is to be told so, and who may do what about it."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from plumbline.errors import Text
from plumbline.loop.disposal.models import (
    REVIEWERS,
    Clarification,
    ClarificationState,
    Disposal,
    Finding,
    Outcome,
    State,
)
from plumbline.loop.disposal.policy import and_above, bodies_of, is_barred
from plumbline.loop.warning.models import Party
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding, NotYoursError, rights_of
from plumbline.org.queries import keeps_out_of

#: On what a letter can rest -> the finding that must hold.
GROUNDS: dict[str, Finding] = {
    Clarification.Ground.WRONG_PERSON: Finding.WRONG_PERSON,
    Clarification.Ground.REFUTED: Finding.UNTRUE,
}
_STATES = ClarificationState
#: Action -> (roles, states in which it can be done).
_MAY: dict[str, tuple[tuple[Role, ...], tuple[str, ...]]] = {
    "approve": (REVIEWERS, (_STATES.PROPOSED,)),
    "refuse": (REVIEWERS, (_STATES.PROPOSED,)),
    "make_letter": ((Role.CLARIFIER,), (_STATES.APPROVED,)),
    "hand_over": ((Role.CLARIFIER,), (_STATES.APPROVED,)),
}


def visible_to(user: User, on: date) -> QuerySet[Clarification]:
    """Those of the bodies, and the bodies below, for which somebody clarifies or reviews; never about their people."""
    bodies = rights_of(user, on).bodies_and_below(Role.CLARIFIER, *REVIEWERS)
    found = Clarification.objects.filter(disposal__body__in=bodies)
    return found.filter(~Exists(_about(user, on, "disposal__warning")))


def to_clarify(user: User, on: date) -> QuerySet[Disposal]:
    """Closed disposals in which somebody was taken for another and has not been told, and those found untrue.

    The wrong persons come first; of what was found untrue a letter is made where the person asks for it.
    """
    bodies = rights_of(user, on).bodies_and_below(Role.CLARIFIER)
    wrong, untrue = _found(Finding.WRONG_PERSON), _found(Finding.UNTRUE)
    settled = Clarification.objects.filter(disposal=OuterRef("pk")).exclude(
        state=ClarificationState.REFUSED
    )
    found = Disposal.objects.filter(
        Q(Exists(wrong)) | Q(Exists(untrue)), ~Exists(settled), ~Exists(_about(user, on, "warning")),
        state=State.CLOSED, body__in=bodies,
    )  # fmt: skip
    return found.annotate(is_wrong=Exists(wrong)).order_by("-is_wrong", "closed_at", "pk")


def _found(finding: Finding) -> QuerySet[Outcome]:
    return Outcome.objects.filter(
        disposal=OuterRef("pk"), round=OuterRef("round"), finding=finding, withdrawn_at=None
    )


def _about(user: User, on: date, warning: str) -> QuerySet[Party]:
    return Party.objects.filter(warning=OuterRef(warning), person__in=keeps_out_of(user, on))


def right_to_propose(user: User, disposal: Disposal, on: date) -> Holding:
    """By which right somebody proposes it.

    Raises:
        NotYoursError: they do not clarify for its body, or it is about them or their people.
    """
    held = _holding(user, disposal, (Role.CLARIFIER,), on)
    if held is None:
        raise NotYoursError(
            Text("由澄清专员提出", "who clarifies for its body proposes it"), where=f"disposal:{disposal.pk}"
        )  # fmt: skip
    return held


def right_to(action: str, clarification: Clarification, *, by: User, on: date) -> Holding:
    """By which right somebody acts on it; the state is asked when it moves.

    Raises:
        NotYoursError: another's part; who proposed it does not decide.
    """
    roles, _ = _MAY[action]
    held = _holding(by, clarification.disposal, roles, on)
    decides = roles == REVIEWERS
    people = {by.pk, held.on_behalf.pk if held and held.on_behalf else by.pk}
    if held is None or (decides and clarification.proposed_by_id in people):
        raise NotYoursError(
            Text("这不是您的职责，提出人也不得自行审批", "this is not your part; nor does who proposed it decide"),
            where=f"clarification:{clarification.pk}",
        )  # fmt: skip
    return held


def allowed(user: User, clarification: Clarification, on: date) -> list[str]:
    """What somebody may do with it as it stands."""
    found = []
    for action, (_, states) in _MAY.items():
        if clarification.state not in states:
            continue
        if action == "hand_over" and clarification.pdf_id is None:
            continue
        try:
            right_to(action, clarification, by=user, on=on)
        except NotYoursError:
            continue
        found.append(action)
    return found


def _holding(user: User, disposal: Disposal, roles: tuple[Role, ...], on: date) -> Holding | None:
    if is_barred(user, disposal, on):
        return None
    bodies = and_above(bodies_of(disposal))
    held = [each for each in rights_of(user, on).holdings if each.role in roles and each.body in bodies]  # fmt: skip
    return min(held, key=lambda each: each.on_behalf is not None, default=None)
