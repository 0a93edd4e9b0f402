"""Who may do what after a warning: role, place and tie, written down as data.

    MAY["recommendation.approve"]                      # heads and above, of its body, never who proposed it
    allowed(user, recommendation, on)                  # what somebody may do with it now: the page's buttons
    must("approve", recommendation, by=user, at=now)   # by which right they act, or `NotYoursError`

What rests on one warning is nothing for the person it is about, their kin, or the people of the unit whose
head it is about: they neither see it nor work it, as with the warning itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from django.db.models import Model

from plumbline.errors import Text
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.closure.models import (
    Campaign,
    CampaignState,
    GovernanceProblem,
    Mechanism,
    ProblemState,
    Recommendation,
    RecommendationState,
    Rectification,
    RectificationState,
)
from plumbline.loop.disposal.models import REVIEWERS, Disposal, State
from plumbline.loop.disposal.policy import and_above, bodies_of, is_barred
from plumbline.org.models import Role, SupervisionBody, Unit, User
from plumbline.org.policy import Holding, NotYoursError, Rights, rights_of

Thing = GovernanceProblem | Campaign | Recommendation | Rectification | Mechanism | Disposal


class Place(Enum):
    """Where somebody needs the role."""

    BODY = "its body; of a problem, one whose findings are behind it; or a body above"
    UNIT = "the unit it was sent to, or that owns it, or a unit above"


class Tie(Enum):
    """What else ties somebody to it."""

    NONE = "nothing"
    SECOND = "not who proposed it, nor stands in for them"
    OTHER_HAND = "not who reported it done, nor stands in for them"
    FOLLOWER = "who follows it up, or stands in for them"


@dataclass(frozen=True)
class Rule:
    """Who may do something, and in which states; any state where none is named."""

    roles: tuple[Role, ...]
    states: tuple[str, ...] = ()
    place: Place = Place.BODY
    tie: Tie = Tie.NONE


#: Who works what comes after a warning.
OFFICERS = (Role.VERIFIER, Role.DISPATCHER, *REVIEWERS)
#: Who else reads it: rules are written and models made from it, and it is counted.
READERS = (
    *OFFICERS,
    Role.CLAUSE_REVIEWER,
    Role.MODEL_AUTHOR,
    Role.MODEL_APPROVER,
    Role.STATISTICIAN,
)
_WRITERS = (*REVIEWERS, Role.CLAUSE_REVIEWER)
_CONTACT = (Role.UNIT_CONTACT,)
_PROBLEM, _LETTER, _DUTY = ProblemState, RecommendationState, RectificationState

MAY: dict[str, Rule] = {
    "problem.accept": Rule(REVIEWERS, (_PROBLEM.PROPOSED,)),
    "problem.dismiss": Rule(REVIEWERS, (_PROBLEM.PROPOSED,)),
    "problem.start_campaign": Rule(REVIEWERS, (_PROBLEM.ACCEPTED,)),
    "problem.propose_recommendation": Rule(OFFICERS, (_PROBLEM.ACCEPTED,)),
    "problem.record_mechanism": Rule(_WRITERS, (_PROBLEM.ACCEPTED, _PROBLEM.SOLVED)),
    "problem.solve": Rule(REVIEWERS, (_PROBLEM.ACCEPTED,)),
    "problem.take_up_again": Rule(REVIEWERS, (_PROBLEM.SOLVED, _PROBLEM.DISMISSED)),
    "disposal.propose_recommendation": Rule(OFFICERS, (State.CLOSED,)),
    "disposal.ask_rectification": Rule(OFFICERS, (State.CLOSED,)),
    "disposal.record_mechanism": Rule(_WRITERS, (State.CLOSED,)),
    "campaign.add_items": Rule(OFFICERS, (CampaignState.RUNNING,)),
    "campaign.settle_item": Rule(_CONTACT, (CampaignState.RUNNING,), Place.UNIT),
    "campaign.reopen_item": Rule(OFFICERS, (CampaignState.RUNNING,)),
    "campaign.ask_rectification": Rule(OFFICERS, (CampaignState.RUNNING,)),
    "campaign.accept": Rule(REVIEWERS, (CampaignState.RUNNING,)),
    "campaign.resume": Rule(REVIEWERS, (CampaignState.ACCEPTED,)),
    "recommendation.approve": Rule(REVIEWERS, (_LETTER.PROPOSED,), tie=Tie.SECOND),
    "recommendation.refuse": Rule(REVIEWERS, (_LETTER.PROPOSED,), tie=Tie.SECOND),
    "recommendation.propose_again": Rule(OFFICERS, (_LETTER.REFUSED,), tie=Tie.FOLLOWER),
    "recommendation.send": Rule(OFFICERS, (_LETTER.APPROVED,)),
    "recommendation.follow_up": Rule(OFFICERS, (_LETTER.SENT,), tie=Tie.FOLLOWER),
    "recommendation.hand_over": Rule(REVIEWERS, (_LETTER.PROPOSED, _LETTER.REFUSED, _LETTER.APPROVED, _LETTER.SENT)),
    "recommendation.ask_rectification": Rule(OFFICERS, (_LETTER.SENT,)),
    "recommendation.conclude": Rule(OFFICERS, (_LETTER.SENT,), tie=Tie.FOLLOWER),
    "rectification.report": Rule(_CONTACT, (_DUTY.ASKED,), Place.UNIT),
    "rectification.accept": Rule(OFFICERS, (_DUTY.REPORTED,), tie=Tie.OTHER_HAND),
    "rectification.reject": Rule(OFFICERS, (_DUTY.REPORTED,), tie=Tie.OTHER_HAND),
    "rectification.look_back": Rule(OFFICERS, (_DUTY.ACCEPTED,), tie=Tie.OTHER_HAND),
    "rectification.ask_again": Rule(OFFICERS, (_DUTY.ACCEPTED, _DUTY.LOOKED_BACK)),
    "mechanism.keep": Rule(_WRITERS),
    "mechanism.name_model": Rule((*_WRITERS, Role.MODEL_AUTHOR)),
    "mechanism.measure": Rule(READERS),
}  # fmt: skip

_NOUNS: dict[type[Model], str] = {
    GovernanceProblem: "problem",
    Campaign: "campaign",
    Recommendation: "recommendation",
    Rectification: "rectification",
    Mechanism: "mechanism",
    Disposal: "disposal",
}


def allowed(user: User, thing: Thing, on: date) -> list[str]:
    """What somebody may do with it as it stands, in the order of `MAY`, without the noun."""
    noun, state = _NOUNS[type(thing)], getattr(thing, "state", "")
    rights = rights_of(user, on)
    return [
        name for whole, rule in MAY.items()
        for of, _, name in [whole.partition(".")]
        if of == noun and state in (rule.states or (state,))
        and isinstance(_right(rule, thing, rights, user), Holding)
    ]  # fmt: skip


def must(action: str, thing: Thing, *, by: User, at: datetime) -> Holding:
    """By which right somebody does something; the state is not asked here.

    Raises:
        NotYoursError: they have none; it says why.
    """
    on, noun = day_of(at), _NOUNS[type(thing)]
    found = _right(MAY[f"{noun}.{action}"], thing, rights_of(by, on), by)
    if isinstance(found, Holding):
        return found
    raise NotYoursError(found, where=f"{noun}:{thing.pk}")


def _right(rule: Rule, thing: Thing, rights: Rights, user: User) -> Holding | Text:
    try:
        resting = thing if isinstance(thing, Disposal) else getattr(thing, "disposal", None)
    except Disposal.DoesNotExist:  # behind the database's wall
        return _NOT_YOURS
    if resting is not None and is_barred(user, resting, rights.on):
        return Text("本人、近亲属或本单位负责人的事项，应当回避",
                    "it is about you, your kin or the head of your unit")  # fmt: skip
    if rule.place is Place.UNIT:
        unit = unit_of(thing)
        held = [h for h in rights.holdings if h.role in rule.roles and h.is_at(None, unit)]
    else:
        bodies = and_above(bodies_of_thing(thing))
        held = [h for h in rights.holdings if h.role in rule.roles and h.body in bodies]
    if not held:
        return _NOT_YOURS
    held = [each for each in held if _fits(rule.tie, thing, user, each)]
    if not held:
        return _NOT_TIED[rule.tie]
    return min(held, key=lambda each: each.on_behalf is not None)


_NOT_YOURS = Text("这不是您的职责", "this is not your part")
_NOT_TIED = {
    Tie.SECOND: Text("提出人不得审批自己提出的建议", "who proposed it does not decide it"),
    Tie.OTHER_HAND: Text("整改人不得自行验收", "who put it right does not accept it"),
    Tie.FOLLOWER: Text("由提出人跟踪（谁提出、谁跟踪）", "who proposed it follows it up"),
}


def _fits(tie: Tie, thing: Thing, user: User, held: Holding) -> bool:
    people = {user.pk} | ({held.on_behalf.pk} if held.on_behalf else set())
    if tie is Tie.SECOND:
        assert isinstance(thing, Recommendation)
        return thing.proposed_by_id not in people
    if tie is Tie.OTHER_HAND:
        assert isinstance(thing, Rectification)
        return thing.done_by_id not in people
    if tie is Tie.FOLLOWER:
        assert isinstance(thing, Recommendation)
        return thing.followed_by_id in people
    return True


def bodies_of_thing(thing: Thing) -> frozenset[int]:
    """Whose it is: its body; the bodies of a disposal; those behind a problem."""
    if isinstance(thing, Disposal):
        return bodies_of(thing)
    if isinstance(thing, GovernanceProblem):
        own = thing.disposals.exclude(body=None).values_list("body", flat=True)
        joint = SupervisionBody.objects.filter(joint_disposals__problems=thing)
        return frozenset(own) | frozenset(joint.values_list("pk", flat=True))
    return frozenset({thing.body_id})


def unit_of(thing: Thing) -> Unit:
    """The unit that has a part in it."""
    if isinstance(thing, Campaign):
        return thing.owner
    assert isinstance(thing, Recommendation | Rectification)
    return thing.unit
