"""Which disposals somebody sees, what a report still lacks, and what waits for whom."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import reduce
from heapq import merge
from itertools import islice
from operator import attrgetter, or_

from django.db.models import Exists, OuterRef, Q, QuerySet

from plumbline.bilingual import say
from plumbline.errors import Text
from plumbline.kit.clock.calendar import calendar, day_of
from plumbline.kit.clock.models import Due
from plumbline.kit.clock.queries import Remaining, remaining, running
from plumbline.loop.disposal.models import (
    REVIEW_CHAIN,
    REVIEWERS,
    Aspect,
    Disposal,
    Finding,
    Outcome,
    Request,
    State,
    Verifier,
)
from plumbline.loop.disposal.policy import ANSWERING, SEEING
from plumbline.loop.warning.models import Level, Party, Standing
from plumbline.org.models import Role, SupervisionBody, Unit, User
from plumbline.org.policy import Rights, rights_of
from plumbline.org.queries import keeps_out_of, overseen


def visible_to(user: User, on: date) -> QuerySet[Disposal]:
    """The disposals somebody sees; a stranger none.

    Dispatchers those of the units their bodies supervise; heads, standing members and secretaries those of
    their bodies and the bodies below; verifiers those they are assigned to. Contacts of units see none:
    they see what is asked of them (`requests_to`).
    """
    rights = rights_of(user, on)
    seen = _dispatched_by(rights, on) | of_bodies(rights.bodies_and_below(*SEEING))
    if bodies := rights.bodies(Role.VERIFIER):
        seen |= of_bodies(bodies) & Q(pk__in=_verified_by(user))
    return not_barred(Disposal.objects.filter(seen), user, on)


def _verified_by(user: User) -> QuerySet[Verifier, int]:
    """Identifiers of the disposals that somebody verifies."""
    return Verifier.objects.filter(user=user.pk, released_at=None).values_list(
        "disposal", flat=True
    )


def _dispatched_by(rights: Rights, on: date) -> Q:
    bodies = rights.bodies_and_below(Role.DISPATCHER)
    if not bodies:
        return Q(pk__in=())
    units = Unit.objects.filter(overseen(bodies, on, unit="")).values("pk")
    seen = Q(unit__in=units) | of_bodies(bodies)
    if SupervisionBody.objects.filter(pk__in=bodies, above=None).exists():
        seen |= Q(unit=None, body=None)
    return seen


def of_bodies(bodies: frozenset[int]) -> Q:
    """Worked by one of these, alone or jointly; without joins, so that no row comes twice."""
    if not bodies:
        return Q(pk__in=())
    joined = Disposal.joint.through.objects.filter(supervisionbody__in=bodies).values("disposal")
    return Q(body__in=bodies) | Q(pk__in=joined)


def not_barred(found: QuerySet[Disposal], user: User, on: date) -> QuerySet[Disposal]:
    """Without those about themself, their kin, or whoever heads their unit."""
    people = keeps_out_of(user, on)
    if not people:
        return found
    about = Party.objects.filter(warning=OuterRef("warning"), person__in=people)
    return found.filter(~Exists(about))


def requests_to(user: User, on: date) -> QuerySet[Request]:
    """What is asked of the units somebody answers for; never about themself or their kin."""
    rights = rights_of(user, on)
    asked = Q(pk__in=())
    for kind, roles in ANSWERING.items():
        asked |= Q(kind=kind) & rights.within(*roles)
    about = Party.objects.filter(warning=OuterRef("disposal__warning"), person__in=rights.barred)
    return Request.objects.filter(asked).filter(~Exists(about))


# -- what was found ------------------------------------------------------------------------------


def found(disposal: Disposal) -> QuerySet[Outcome]:
    """What holds in this round."""
    return disposal.outcomes.filter(round=disposal.round, withdrawn_at=None).order_by("pk")


def findings(disposal: Disposal) -> set[Finding]:
    return {Finding(each.finding) for each in found(disposal)}


def seats(disposal: Disposal) -> QuerySet[Verifier]:
    """The two who verify it now."""
    return disposal.verifiers.filter(released_at=None).select_related("user").order_by("seat")


def missing(disposal: Disposal, *, no_reply: str = "") -> list[Text]:
    """What a report still lacks, in words; empty if it can be handed in.

    Of a blue warning, and of one whose evidence was withdrawn, no full verification is asked: what became
    of the data or of the identity is enough, and it is signed and reviewed all the same.

    Args:
        no_reply: why a breach is reported without the reply of the person or unit concerned.
    """
    aspects = {Aspect(each.aspect) for each in found(disposal)}
    lacking: list[Text] = []
    if is_full(disposal):
        undone = disposal.steps.filter(round=disposal.round, done_at=None).count()
        if undone:
            lacking.append(
                Text(
                    f"还有 {undone} 个核查步骤未办理或未说明",
                    f"{undone} steps are neither done nor explained",
                )
            )
        if Aspect.IDENTITY not in aspects:
            lacking.append(Text("尚未认定身份", "nothing is found about the identity"))
        if Aspect.FACT not in aspects and Finding.WRONG_PERSON not in findings(disposal):
            lacking.append(Text("尚未认定事实", "nothing is found about the fact"))
    elif not aspects & {Aspect.IDENTITY, Aspect.DATA}:
        lacking.append(
            Text("尚未认定数据或身份", "nothing is found about the data or the identity")
        )
    if Finding.BREACH in findings(disposal) and not (no_reply.strip() or has_reply(disposal)):
        lacking.append(
            Text(
                "认定违纪违法前须听取本人或单位的说明，或写明未听取的理由",
                "a breach needs the reply of the person or unit, or the reason why there is none",
            )
        )
    unsigned = [seat.user.name for seat in seats(disposal) if seat.signed_at is None]
    if unsigned or seats(disposal).count() != 2:
        lacking.append(
            Text(f"核查人未签字：{'、'.join(unsigned)}", f"not signed by {', '.join(unsigned)}")
        )
    return lacking  # fmt: skip


def is_full(disposal: Disposal) -> bool:
    """Is a full verification asked?"""
    return disposal.warning.level != Level.BLUE and disposal.warning.standing == Standing.OPEN


def has_reply(disposal: Disposal) -> bool:
    """Has the person or unit concerned been heard?"""
    return disposal.requests.filter(kind=Request.Kind.REPLY, answered_at__isnull=False).exists()


# -- deadlines -----------------------------------------------------------------------------------

#: A deadline with no more working days than this is due soon.
SOON_DAYS = 3


@dataclass(frozen=True)
class Deadline:
    """A running deadline and how long it still has."""

    due: Due
    left: Remaining
    at: datetime

    @property
    def used(self) -> int:
        """How much of it is used up, in percent."""
        whole = (self.due.due_at - self.due.started_at).total_seconds()
        gone = (self.at - self.due.started_at).total_seconds()
        return 100 if whole <= 0 else max(0, min(100, round(100 * gone / whole)))

    @property
    def says(self) -> str:
        """How long it still has, in words."""
        days = self.left.working_days
        if self.left.paused:
            return say("已暂停", "Paused")
        if self.left.overdue:
            return say("已超期", "Overdue")
        if days == 0:
            return say("今天到期", "Due today")
        if days == 1:
            return say("还有1个工作日", "1 working day left")
        return say("还有{}个工作日", "{} working days left").format(days)

    @property
    def soon(self) -> bool:
        return (
            not self.left.overdue and not self.left.paused and self.left.working_days <= SOON_DAYS
        )


def deadlines(disposals: Sequence[Disposal], at: datetime) -> dict[int, Deadline]:
    """The next running deadline of each, in two queries; of those that are closed none runs."""
    subjects = {f"disposal:{each.pk}": each.pk for each in disposals if each.closed_at is None}
    found: dict[int, Deadline] = {}
    if not subjects:
        return found
    days = calendar()
    for due in running(*subjects):
        if subjects[due.subject] not in found:
            found[subjects[due.subject]] = Deadline(due, remaining(due, at, days), at)
    return found


# -- what waits for whom -------------------------------------------------------------------------


@dataclass(frozen=True)
class Today:
    """What somebody has to do: each disposal once, the next deadline first.

    Attributes:
        waiting: it is their turn.
        deadlines: by disposal.
    """

    waiting: list[Disposal]
    deadlines: dict[int, Deadline]

    @property
    def overdue(self) -> list[Disposal]:
        return [d for d in self.waiting if (due := self.deadlines.get(d.pk)) and due.left.overdue]

    @property
    def soon(self) -> list[Disposal]:
        return [d for d in self.waiting if (due := self.deadlines.get(d.pk)) and due.soon]


def waiting_for(user: User, on: date, seen: QuerySet[Disposal] | None = None) -> QuerySet[Disposal]:
    """Those of `visible_to` whose next act is theirs: to dispatch, sign for, assign, verify, review.

    Args:
        seen: `visible_to`, where it is at hand.
    """
    turn = reduce(or_, turns(user, on).values(), Q(pk__in=()))
    return (visible_to(user, on) if seen is None else seen).filter(turn)


def turns(user: User, on: date) -> dict[State, Q]:
    """The states in which it can be somebody's turn, and of which disposals of that state it is."""
    rights = rights_of(user, on)
    found: dict[State, Q] = {}
    if rights.has(Role.DISPATCHER):
        found[State.RAISED] = Q(state=State.RAISED)
    if heads_of := rights.bodies(Role.OFFICE_HEAD):
        for state in (State.DISPATCHED, State.SIGNED):
            found[state] = Q(state=state, body__in=heads_of)
    if rights.has(Role.VERIFIER):
        found[State.VERIFYING] = Q(pk__in=_verified_by(user), state=State.VERIFYING)
    reviewing = [
        turn_of(role) & of_bodies(bodies)
        for role in REVIEWERS if (bodies := rights.bodies_and_below(role))
    ]  # fmt: skip
    if reviewing:
        ever = Verifier.objects.filter(disposal=OuterRef("pk"), user=user.pk)
        theirs = reduce(or_, reviewing)
        found[State.REPORTED] = Q(~Exists(ever), state=State.REPORTED) & theirs
    return found


def turn_of(role: Role) -> Q:
    """Reports whose next reviewer has this role."""
    turn = Q(pk__in=())
    for level, chain in REVIEW_CHAIN.items():
        if role in chain:
            turn |= Q(level=level, reviewed=chain.index(role))
    return turn


def today(user: User, at: datetime, limit: int = 100) -> Today:
    """What waits for somebody, the next deadline first; what has none comes last."""
    on = day_of(at)
    found = waiting_for(user, on).select_related("warning", "warning__unit", "body").order_by("pk")
    # Of each state by itself, for which there is an index.
    some = merge(*(found.filter(state=each)[:limit] for each in turns(user, on)), key=_by_pk)
    chosen = list(islice(some, limit))
    ends = deadlines(chosen, at)
    chosen.sort(
        key=lambda d: (
            ends[d.pk].due.due_at if d.pk in ends else datetime.max.replace(tzinfo=at.tzinfo),
            d.pk,
        )
    )
    return Today(chosen, ends)


_by_pk = attrgetter("pk")


def by_aspect(disposal: Disposal) -> dict[Aspect, list[Outcome]]:
    """What holds in this round, by aspect, in the order in which aspects are told."""
    held = list(found(disposal))
    return {aspect: [each for each in held if each.aspect == aspect] for aspect in Aspect}
