"""Which leads somebody sees, what they may do with one, and what waits to be received."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, Q, QuerySet

from plumbline.errors import Text
from plumbline.loop.disposal.models import (
    LEAD_FLOW,
    Disposal,
    Finding,
    Lead,
    LeadState,
    Outcome,
    State,
    Verifier,
)
from plumbline.loop.warning.models import Party
from plumbline.org.models import Role, SupervisionBody, User
from plumbline.org.policy import Holding, NotYoursError, rights_of
from plumbline.org.queries import keeps_out_of

#: Who reads the leads of their bodies, and of the bodies below, without working them.
_LEADERS = (Role.STANDING_MEMBER, Role.SECRETARY)


def visible_to(user: User, on: date) -> QuerySet[Lead]:
    """The leads somebody sees; a stranger, a unit and whoever found it none.

    Case management sees those of its body; standing members and secretaries those of their bodies and the
    bodies below; heads of office those that are assigned to theirs.
    """
    rights = rights_of(user, on)
    seen = (
        Q(body__in=rights.bodies(Role.CASE_MANAGER))
        | Q(body__in=rights.bodies_and_below(*_LEADERS))
        | Q(assigned_to__in=rights.bodies(Role.OFFICE_HEAD))
    )
    return _not_barred(Lead.objects.filter(seen), user, on)


def _not_barred(found: QuerySet[Lead], user: User, on: date) -> QuerySet[Lead]:
    found = found.exclude(found_by=user.pk).filter(
        ~Exists(Verifier.objects.filter(disposal=OuterRef("disposal"), user=user.pk))
    )
    people = keeps_out_of(user, on)
    if not people:
        return found
    about = Party.objects.filter(warning=OuterRef("disposal__warning"), person__in=people)
    return found.exclude(person__in=people).filter(~Exists(about))


def keepers(user: User, on: date) -> QuerySet[SupervisionBody]:
    """The bodies whose case management somebody belongs to."""
    return SupervisionBody.objects.filter(pk__in=rights_of(user, on).bodies(Role.CASE_MANAGER))


def must_keep(body: SupervisionBody, *, by: User, on: date, where: str) -> Holding:
    """By which right somebody works the leads of a body.

    Raises:
        NotYoursError: they do not belong to its case management.
    """
    held = rights_of(by, on).holding(Role.CASE_MANAGER, body=body)
    if held is None:
        raise NotYoursError(
            Text("问题线索由案件管理部门统一管理", "leads are kept by case management"), where=where
        )
    return held


def must_work(lead: Lead, *, by: User, on: date) -> Holding:
    """By which right somebody works a lead.

    Raises:
        NotYoursError: no case management, or they found it, or it is about them or their people.
    """
    where = f"lead:{lead.pk}"
    held = must_keep(lead.body, by=by, on=on, where=where)
    people = {by.pk, held.on_behalf.pk if held.on_behalf else by.pk}
    found = lead.found_by_id in people or (
        lead.disposal_id is not None
        and Verifier.objects.filter(disposal=lead.disposal_id, user__in=people).exists()
    )
    if found or not visible_to(by, on).filter(pk=lead.pk).exists():
        raise NotYoursError(
            Text("发现线索的人、须回避的人不办理本线索",
                 "who found it, or has to stand aside, does not work it"),
            where=where,
        )  # fmt: skip
    return held


def allowed(user: User, lead: Lead, on: date) -> list[str]:
    """What somebody may do with a lead as it stands."""
    try:
        must_work(lead, by=user, on=on)
    except NotYoursError:
        return []
    moves = LEAD_FLOW.allowed(lead.state)
    return [move for move in moves if move != "pass_on"] + (
        ["assign"] if "pass_on" in moves else []
    )


def awaiting(user: User, on: date) -> QuerySet[Disposal]:
    """Closed disposals that passed a lead on which nobody has received yet, of the bodies of somebody's case management.

    Never one that they verified or found themself, or that is about their people.
    """
    bodies = rights_of(user, on).bodies_and_below(Role.CASE_MANAGER)
    passed = Outcome.objects.filter(
        disposal=OuterRef("pk"), round=OuterRef("round"), finding=Finding.LEAD_TRANSFERRED,
        withdrawn_at=None,
    )  # fmt: skip
    own = Verifier.objects.filter(disposal=OuterRef("pk"), user=user.pk)
    found = Disposal.objects.filter(
        Exists(passed), ~Exists(passed.filter(found_by=user.pk)), ~Exists(own),
        ~Exists(Lead.objects.filter(disposal=OuterRef("pk"))), state=State.CLOSED, body__in=bodies,
    )  # fmt: skip
    people = keeps_out_of(user, on)
    if people:
        about = Party.objects.filter(warning=OuterRef("warning"), person__in=people)
        found = found.filter(~Exists(about))
    return found.order_by("closed_at", "pk")


def passed_on(disposal: Disposal) -> Outcome | None:
    """The finding by which a disposal passed a lead on, in its present round."""
    return disposal.outcomes.filter(
        round=disposal.round, finding=Finding.LEAD_TRANSFERRED, withdrawn_at=None
    ).first()


def open_leads(found: QuerySet[Lead]) -> QuerySet[Lead]:
    return found.exclude(state=LeadState.CONCLUDED)
