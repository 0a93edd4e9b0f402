"""Who may see and do what with deliveries and tickets: departments with their own, data managers with those they watch."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import date

from django.db.models import Exists, OuterRef, Q

from plumbline.errors import Text
from plumbline.loop.delivery.models import DataErrorTicket, Delivery, TicketParty, TicketState
from plumbline.org.models import Role, SupervisionBody, Unit, User
from plumbline.org.policy import Holding, NotYoursError, rights_of
from plumbline.org.queries import keeps_out_of, overseen

#: Action -> (whose part it is, states in which it can be done). A department answers, the office judges the answer.
_ASKERS = (Role.VERIFIER, Role.OFFICE_HEAD)
MAY: dict[str, tuple[tuple[Role, ...], tuple[str, ...]]] = {
    "answer": ((Role.DATA_PROVIDER,), (TicketState.ASKED,)),
    "resolve": ((Role.DATA_MANAGER, *_ASKERS), (TicketState.ANSWERED,)),
    "ask_again": ((Role.DATA_MANAGER, *_ASKERS), (TicketState.ANSWERED,)),
    "refuse": ((Role.DATA_MANAGER, *_ASKERS), (TicketState.ANSWERED,)),
}


def own_or_watched(user: User, on: date) -> Q:
    """Rows of the units somebody provides for, or whose data somebody manages; what has no unit is the topmost managers'."""
    return rights_of(user, on).within(Role.DATA_PROVIDER) | managed(user, on)


def managed(user: User, on: date) -> Q:
    """Rows of the units whose data somebody manages."""
    bodies = rights_of(user, on).bodies_and_below(Role.DATA_MANAGER)
    if not bodies:
        return Q(pk__in=())
    seen = overseen(bodies, on)
    if SupervisionBody.objects.filter(pk__in=bodies, above=None).exists():
        seen |= Q(unit=None)
    return seen


def providing(user: User, units: Iterable[Unit | None], on: date) -> set[int | None]:
    """Identifiers of those units for which somebody may upload (see `right_to_provide`), in few queries."""
    rights = rights_of(user, on)
    wanted = {unit.pk: unit for unit in units if unit}
    found: set[int | None] = {
        pk for pk, unit in wanted.items() if rights.holding(Role.DATA_PROVIDER, unit=unit)
    }
    if bodies := rights.bodies_and_below(Role.DATA_MANAGER):
        watched = Unit.objects.filter(overseen(bodies, on, unit=""), pk__in=wanted)
        found.update(watched.values_list("pk", flat=True))
        if SupervisionBody.objects.filter(pk__in=bodies, above=None).exists():
            found.add(None)
    return found


def asked_by(user: User, on: date) -> Q:
    """Tickets that a body of somebody's asked."""
    return Q(body__in=rights_of(user, on).bodies(*_ASKERS))


def is_about(people: Collection[str]) -> Q:
    """Tickets whose rows are about one of these persons, by digest."""
    if not people:
        return Q(pk__in=())
    about = TicketParty.objects.filter(ticket=OuterRef("pk"), person__in=people)
    return Q(Exists(about))


def right_to(action: str, ticket: DataErrorTicket, *, by: User, on: date) -> Holding:
    """By which right somebody acts on a ticket; the state is asked when it moves.

    Raises:
        NotYoursError: it is not their unit, or not their part.
    """
    roles, _ = MAY[action]
    rights = rights_of(by, on)
    held = None
    if action == "answer":
        held = rights.holding(*roles, unit=ticket.unit) if ticket.unit else None
    else:
        watched = DataErrorTicket.objects.filter(own_or_watched(by, on), pk=ticket.pk).exists()
        if watched and rights.has(Role.DATA_MANAGER):
            held = rights.holding(Role.DATA_MANAGER)
        elif ticket.body:
            held = rights.holding(*_ASKERS, body=ticket.body)
    barred = DataErrorTicket.objects.filter(is_about(keeps_out_of(by, on)), pk=ticket.pk).exists()
    if held is None or barred:
        raise NotYoursError(
            Text("这不是您的职责", "this is not your part"), where=f"ticket:{ticket.pk}"
        )
    return held


def allowed(user: User, ticket: DataErrorTicket, on: date) -> list[str]:
    """What somebody may do with a ticket as it stands."""
    found = []
    for action, (_, states) in MAY.items():
        if ticket.state in states:
            try:
                right_to(action, ticket, by=user, on=on)
            except NotYoursError:
                continue
            found.append(action)
    return found


def right_to_accept(user: User, delivery: Delivery, on: date) -> Holding:
    """By which right somebody lets in a delivery that was held back: who manages the data, never its provider.

    Raises:
        NotYoursError: they do not manage the data of its unit.
    """
    rights = rights_of(user, on)
    watched = Delivery.objects.filter(managed(user, on), pk=delivery.pk).exists()
    held = rights.holding(Role.DATA_MANAGER) if watched else None
    if held is None:
        raise NotYoursError(
            Text("由数据管理员放行", "a data manager lets it in"), where=f"delivery:{delivery.pk}"
        )
    return held


def right_to_provide(user: User, unit: Unit | None, on: date) -> Holding:
    """By which right somebody uploads what a unit delivers: its provider, or who manages its data.

    Raises:
        NotYoursError: neither.
    """
    rights = rights_of(user, on)
    held = rights.holding(Role.DATA_PROVIDER, unit=unit) if unit else None
    if held is None and rights.has(Role.DATA_MANAGER):
        bodies = rights.bodies_and_below(Role.DATA_MANAGER)
        watched = (
            Unit.objects.filter(overseen(bodies, on, unit=""), pk=unit.pk).exists()
            if unit
            else SupervisionBody.objects.filter(pk__in=bodies, above=None).exists()
        )
        held = rights.holding(Role.DATA_MANAGER) if watched else None
    if held is None:
        raise NotYoursError(
            Text("由报送部门的数据员或数据管理员办理", "the department's data provider or the data manager does this"),
            where=str(unit or "-"),
        )  # fmt: skip
    return held


def right_to_declare(user: User, on: date) -> Holding:
    """By which right somebody makes a new dataset of a file: any data manager.

    Raises:
        NotYoursError: they manage no data.
    """
    held = rights_of(user, on).holding(Role.DATA_MANAGER)
    if held is None:
        raise NotYoursError(
            Text("由数据管理员建立数据集", "a data manager makes datasets"), where="-"
        )
    return held
