"""Who may do what about supervision models, their samples, exceptions and budgets."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from plumbline.errors import Text
from plumbline.loop.supervision.models import ModelVersion, Sample, State, SubjectException
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding, NotYoursError, own_people, rights_of

#: Which roles each action needs. Models are the whole office's, so any body's role will do.
MAY: Mapping[str, tuple[Role, ...]] = {
    "write": (Role.MODEL_AUTHOR,),
    "try_out": (Role.MODEL_AUTHOR,),
    "try_subject": (
        Role.VERIFIER, Role.DISPATCHER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY,
    ),
    "draw_samples": (Role.MODEL_AUTHOR, Role.MODEL_APPROVER),
    "draw_unflagged": (Role.MODEL_AUTHOR, Role.MODEL_APPROVER),
    "verify_sample": (Role.VERIFIER, Role.CLAUSE_REVIEWER, Role.MODEL_APPROVER),
    "propose": (Role.MODEL_AUTHOR,),
    "promote": (Role.MODEL_APPROVER,),
    "demote": (Role.MODEL_APPROVER,),
    "rework": (Role.MODEL_AUTHOR, Role.MODEL_APPROVER),
    "retire": (Role.MODEL_APPROVER,),
    "except_subject": (Role.VERIFIER, Role.DISPATCHER, Role.OFFICE_HEAD),
    "approve_exception": (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY),
    "withdraw_exception": (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY),
    "set_budget": (Role.DISPATCHER, Role.OFFICE_HEAD),
}  # fmt: skip
#: Who may read about models at all: what is supervised, by which line, how well that works.
READING = (
    Role.MODEL_AUTHOR, Role.CLAUSE_REVIEWER, Role.MODEL_APPROVER, Role.DATA_MANAGER, Role.DISPATCHER,
    Role.VERIFIER, Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY, Role.CLARIFIER,
)  # fmt: skip
#: What each state of a version allows besides; the flow has the moves.
_IN = {
    "draw_samples": {State.TRIAL}, "draw_unflagged": {State.TRIAL, State.LIVE},
    "propose": {State.TRIAL}, "promote": {State.TRIAL}, "try_out": {State.DRAFT},
    "demote": {State.LIVE}, "rework": {State.TRIAL},
    "retire": {State.DRAFT, State.TRIAL, State.LIVE},
}  # fmt: skip


def must(action: str, user: User, on: date) -> Holding:
    """By which right somebody acts.

    Raises:
        NotYoursError: they have none.
    """
    holding = rights_of(user, on).holding(*MAY[action])
    if holding is None:
        raise NotYoursError(Text("这不是您的职责", "this is not your part"), where=action)
    return holding


def may(action: str, user: User, on: date) -> bool:
    return rights_of(user, on).has(*MAY[action])


def allowed(version: ModelVersion, user: User, on: date) -> list[str]:
    """What somebody may do about a version now: the page's buttons."""
    found = [
        name for name, states in _IN.items() if version.state in states and may(name, user, on)
    ]
    if "promote" in found and (version.proposed_by_id is None or version.proposed_by == user):
        found.remove("promote")
    if "propose" in found and version.proposed_by_id is not None:
        found.remove("propose")
    return found if version.current else [name for name in found if name == "retire"]


def may_verify(sample: Sample, user: User, on: date) -> bool:
    """Not the author of the model, nor a deputy for one; once."""
    return (
        sample.verified_at is None
        and may("verify_sample", user, on)
        and sample.version.author_id != user.pk
    )


def may_decide(exception: SubjectException, user: User, on: date) -> bool:
    """A second person, and about neither themself nor their kin."""
    return (
        exception.withdrawn_at is None
        and exception.by_id != user.pk
        and may("approve_exception", user, on)
        and exception.subject not in own_people(user, on)
    )
