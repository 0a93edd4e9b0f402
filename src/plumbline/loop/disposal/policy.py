"""Who may do what about a warning: role, place and tie, written down as data.

    MAY["approve"]                                # heads, standing members, secretaries, when it is their turn
    allowed(user, disposal, on)                   # what somebody may do with it now: the page's buttons
    must("approve", disposal, by=user, at=now)    # by which right they act, or `NotYoursError`

Nobody sees, works or approves a warning about themself, their kin, or whoever heads the unit they work in;
a deputy neither where one of these holds for whom they stand in for.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from functools import cached_property

from django.db.models import QuerySet
from django.utils import timezone

from plumbline.errors import Text
from plumbline.loop.disposal.models import REVIEWERS, Disposal, Request, Review, State, Verifier
from plumbline.loop.warning.models import Party
from plumbline.org.models import (
    Delegation,
    Grant,
    GrantQuerySet,
    Kin,
    Role,
    SupervisionBody,
    Unit,
    User,
)
from plumbline.org.policy import Holding, NotYoursError, Rights, once, rights_of
from plumbline.org.queries import acting, keeps_out_of, overseeing


class Place(Enum):
    """Where somebody needs the role."""

    OWN = "its body"
    JOINT = "its body, or one that works it jointly"
    ABOVE = "one of these, or a body above one"
    WATCHING = "a body that supervises the unit, or one above it"


class Tie(Enum):
    """What else ties somebody to a disposal."""

    NONE = "nothing"
    ASSIGNED = "one of the two who verify it"
    UNTIED = "never verified it, nor stands in for who did"
    TURN = "untied, the next of the review chain, and has not reviewed this report yet"


@dataclass(frozen=True)
class Rule:
    """Who may do something.

    Attributes:
        states: in which it can be done.
        personal: it is done oneself: no deputy can.
    """

    roles: tuple[Role, ...]
    place: Place
    states: tuple[State, ...]
    tie: Tie = Tie.NONE
    personal: bool = False


_HEAD, _VERIFIER, _DISPATCHER = (Role.OFFICE_HEAD,), (Role.VERIFIER,), (Role.DISPATCHER,)
_AT_WORK = (State.SIGNED, State.VERIFYING)


def _verifiers() -> Rule:
    return Rule(_VERIFIER, Place.JOINT, (State.VERIFYING,), Tie.ASSIGNED, personal=True)


MAY: dict[str, Rule] = {
    "dispatch": Rule(_DISPATCHER, Place.WATCHING, (State.RAISED,)),
    "decline": Rule(_HEAD, Place.OWN, (State.DISPATCHED,)),
    "sign_for": Rule(_HEAD, Place.OWN, (State.DISPATCHED,)),
    "join": Rule((*_HEAD, *_DISPATCHER), Place.ABOVE, (State.DISPATCHED, *_AT_WORK)),
    "assign": Rule(_HEAD, Place.OWN, _AT_WORK),
    "do_step": _verifiers(),
    "note": _verifiers(),
    "attach": _verifiers(),
    "ask_data": _verifiers(),
    "ask_reply": _verifiers(),
    "find": _verifiers(),
    "withdraw_finding": _verifiers(),
    "sign_findings": _verifiers(),
    "report": _verifiers(),
    "approve": Rule(REVIEWERS, Place.ABOVE, (State.REPORTED,), Tie.TURN),
    "send_back": Rule(REVIEWERS, Place.ABOVE, (State.REPORTED,), Tie.TURN),
    "extend": Rule(REVIEWERS, Place.ABOVE, _AT_WORK, Tie.UNTIED),
    "pause": Rule(_HEAD, Place.OWN, _AT_WORK, Tie.UNTIED),
    "resume": Rule(_HEAD, Place.OWN, _AT_WORK, Tie.UNTIED),
    "reopen": Rule(REVIEWERS, Place.ABOVE, (State.CLOSED,), Tie.UNTIED),
}

#: Who sees the disposals of their bodies, of the bodies below, and of those worked jointly.
#: Who sees a list of disposals, and may take it along.
LISTING = (Role.DISPATCHER, Role.VERIFIER, *REVIEWERS)
SEEING = REVIEWERS  # standing members and secretaries too, before it is their turn


def is_barred(user: User, disposal: Disposal, on: date) -> bool:
    people = keeps_out_of(user, on)
    return bool(people) and not people.isdisjoint(concerned(disposal))


def concerned(disposal: Disposal) -> frozenset[str]:
    """Digests of the persons that its warning is about."""
    warning = disposal.warning_id
    parties = Party.objects.filter(warning=warning).values_list("person", flat=True)
    return once(("concerned", warning), lambda: frozenset(parties)) - {""}


@dataclass(frozen=True)
class Relation:
    """What one person is to one disposal on a day; each part is looked up when it is asked for."""

    user: User
    disposal: Disposal
    on: date

    @cached_property
    def rights(self) -> Rights:
        return rights_of(self.user, self.on)

    @cached_property
    def barred(self) -> bool:
        return is_barred(self.user, self.disposal, self.on)

    @cached_property
    def joint(self) -> frozenset[int]:
        return bodies_of(self.disposal)

    @cached_property
    def watching(self) -> frozenset[int]:
        """Bodies that supervise the unit, and those above; of a unit nobody knows, the topmost bodies."""
        unit = self.disposal.warning.unit
        if unit is None:
            tops = SupervisionBody.objects.filter(above=None).values_list("pk", flat=True)
            return frozenset(tops) | and_above(self.joint)
        return and_above({*(body.pk for body in overseeing(unit, self.on)), *self.joint})

    @cached_property
    def above(self) -> frozenset[int]:
        """These, and all bodies above them."""
        return and_above(self.joint)

    def bodies(self, place: Place) -> frozenset[int]:
        if place is Place.OWN:
            return self.joint & {self.disposal.body_id or 0}
        if place is Place.JOINT:
            return self.joint
        return self.above if place is Place.ABOVE else self.watching

    @cached_property
    def assigned(self) -> bool:
        return self.disposal.verifiers.filter(user=self.user, released_at=None).exists()

    @cached_property
    def verified(self) -> frozenset[int]:
        """Everybody who verified it, in any round, until the end or not."""
        found = Verifier.objects.filter(disposal=self.disposal).values_list("user", flat=True)
        return frozenset(found)

    @cached_property
    def tied(self) -> bool:
        """Did they verify it, or stand in for somebody who did, at any time since it was opened?"""
        if self.user.pk in self.verified:
            return True
        since = self.disposal.opened_at
        return Delegation.objects.filter(
            deputy=self.user, principal__in=self.verified, withdrawn_at=None,
            starts_on__lte=self.on, ends_on__gte=timezone.localdate(since),
        ).exists()  # fmt: skip

    @cached_property
    def reviewed(self) -> frozenset[int]:
        """Who reviewed this report already, and for whom."""
        found = Review.objects.filter(
            disposal=self.disposal, report=self.disposal.reports
        ).exclude(decision=Review.Decision.EXTENDED)  # fmt: skip
        return _people(found)

    def right(self, action: str) -> Holding | Text:
        """By which right they may do it, or why they may not; the state is not asked here."""
        rule = MAY[action]
        if self.barred:
            return Text("本人、近亲属或本单位负责人的预警，应当回避",
                        "it is about you, your kin or the head of your unit")  # fmt: skip
        turn = self.disposal.next_reviewer if rule.tie is Tie.TURN else None
        held = self._holdings(rule, (turn,) if turn else rule.roles)
        if not held:
            return Text("这不是您的职责", "this is not your part")
        if rule.tie is Tie.ASSIGNED and not self.assigned:
            return Text("您不是本件的核查人", "you are not one of its verifiers")
        if rule.tie in (Tie.UNTIED, Tie.TURN):
            held = [each for each in held if not self._is_tied(each)]
            if not held:
                return Text("核查人及其代理人不得审核本件",
                            "who verified it, or stands in for who did, does not review it")  # fmt: skip
        if rule.tie is Tie.TURN:
            held = [each for each in held if not self._reviewed_by(each)]
            if not held:
                return Text("同一份报告须由不同的人逐级审核",
                            "each step of the review is another person's")  # fmt: skip
        return min(held, key=lambda each: each.on_behalf is not None)

    def _holdings(self, rule: Rule, roles: tuple[Role, ...]) -> list[Holding]:
        bodies = self.bodies(rule.place)
        return [
            held for held in self.rights.holdings
            if held.role in roles and held.body in bodies
            and not (rule.personal and held.on_behalf is not None)
        ]  # fmt: skip

    def _is_tied(self, held: Holding) -> bool:
        return self.tied or (held.on_behalf is not None and held.on_behalf.pk in self.verified)

    def _reviewed_by(self, held: Holding) -> bool:
        people = {self.user.pk} | ({held.on_behalf.pk} if held.on_behalf else set())
        return bool(people & self.reviewed)


def _people(reviews: QuerySet[Review]) -> frozenset[int]:
    """Who reviewed, and for whom."""
    deputies = reviews.exclude(on_behalf=None)
    return frozenset(reviews.values_list("by", flat=True)) | frozenset(
        deputies.values_list("on_behalf", flat=True)
    )


def allowed(user: User, disposal: Disposal, on: date) -> list[str]:
    """What somebody may do with a disposal as it stands, in the order of `MAY`."""
    relation = Relation(user, disposal, on)
    return [
        action for action, rule in MAY.items()
        if disposal.state in rule.states and isinstance(relation.right(action), Holding)
    ]  # fmt: skip


def may_read(user: User, disposal: Disposal, on: date) -> bool:
    """May they see its evidence in clear, for a purpose: who verifies it, and who reviews it."""
    relation = Relation(user, disposal, on)
    if relation.barred:
        return False
    if any(
        held.role in REVIEWERS and held.body in relation.above for held in relation.rights.holdings
    ):
        return True
    return relation.assigned and bool(relation.rights.bodies(Role.VERIFIER) & relation.joint)


def must(action: str, disposal: Disposal, *, by: User, at: datetime) -> Holding:
    """By which right somebody does something.

    Raises:
        NotYoursError: they have none; it says why.
    """
    found = Relation(by, disposal, timezone.localdate(at)).right(action)
    if isinstance(found, Holding):
        return found
    raise NotYoursError(found, where=f"disposal:{disposal.pk}")


def bodies_of(disposal: Disposal) -> frozenset[int]:
    """Its body, and those that work it jointly; none before it is dispatched."""
    if disposal.body_id is None:
        return frozenset()
    return frozenset({disposal.body_id, *disposal.joint.values_list("pk", flat=True)})


def and_above(bodies: Iterable[int]) -> frozenset[int]:
    """These bodies and all above them."""
    above = dict(SupervisionBody.objects.values_list("pk", "above"))
    reached: set[int] = set()
    for body in bodies:
        step: int | None = body
        while step is not None and step not in reached:
            reached.add(step)
            step = above.get(step)
    return frozenset(reached)


# -- who can be given something ------------------------------------------------------------------


def can_sign(body: SupervisionBody, disposal: Disposal, on: date) -> list[User]:
    """Who could sign for it in a body. Where it is empty, it would reach nobody but those it is about."""
    return [
        user for user in acting(Role.OFFICE_HEAD, body, on) if not is_barred(user, disposal, on)
    ]


def able_bodies(disposal: Disposal, on: date) -> list[SupervisionBody]:
    """The bodies in which somebody could sign for it, in one question where it concerns nobody who works here."""
    every = SupervisionBody.objects.order_by("name")
    people = disposal.warning.parties.values("person")
    known = User.objects.filter(person__in=people), Kin.objects.filter(person__in=people)
    if any(found.exists() for found in known):
        return [body for body in every if can_sign(body, disposal, on)]
    headed = _grants(Role.OFFICE_HEAD, on=on).filter(user__is_active=True).values("body")
    return list(every.filter(pk__in=headed))


def can_verify(disposal: Disposal, on: date) -> list[User]:
    """Who can be assigned: verifiers of its bodies by their own grant, not barred, never its reviewer."""
    reviewers = _people(Review.objects.filter(disposal=disposal))
    granted = _grants(Role.VERIFIER, on=on).filter(body__in=bodies_of(disposal)).values("user")
    found = User.objects.filter(pk__in=granted, is_active=True).exclude(pk__in=reviewers)
    return [user for user in found.order_by("name", "pk") if not is_barred(user, disposal, on)]


def can_answer(unit: Unit, disposal: Disposal, on: date, roles: Sequence[Role]) -> list[User]:
    """Whose part an answer of the unit is: its contacts, or those of a unit above; never of whom it is about."""
    places = [int(part) for part in unit.path.split("/") if part]
    found = User.objects.filter(
        pk__in=_grants(*roles, on=on).filter(unit__in=places).values("user"), is_active=True
    )
    parties = set(disposal.warning.parties.values_list("person", flat=True))
    return [
        user for user in found.order_by("name", "pk") if not parties & rights_of(user, on).barred
    ]


def _grants(*roles: Role, on: date) -> GrantQuerySet:
    return Grant.objects.on(on).filter(role__in=roles)


#: Who answers for a unit, by what is asked.
ANSWERING: dict[str, tuple[Role, ...]] = {
    Request.Kind.DATA: (Role.UNIT_CONTACT, Role.DATA_PROVIDER),
    Request.Kind.REPLY: (Role.UNIT_CONTACT,),
}


def must_answer(request: Request, *, by: User, at: datetime) -> Holding:
    """By which right somebody answers for a unit.

    Raises:
        NotYoursError: it is not their unit, or the warning is about them or their kin.
    """
    on = timezone.localdate(at)
    rights = rights_of(by, on)
    held = rights.holding(*ANSWERING[request.kind], unit=request.unit)
    # Not by way of the warning, which a unit's people do not see (`org.walls`).
    parties = Party.objects.filter(warning=request.disposal.warning_id, person__in=rights.barred)
    if held is None or parties.exists():
        raise NotYoursError(
            Text("这不是您单位的事项", "this is not asked of your unit"),
            where=f"request:{request.pk}",
        )
    return held
