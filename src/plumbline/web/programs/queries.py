"""Which tokens and addresses there are, and of which acts an address is told."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date

from django.db.models import Model, QuerySet

from plumbline.bilingual import say
from plumbline.errors import Text
from plumbline.loop.delivery.queries import deliveries_visible_to, tickets_visible_to
from plumbline.loop.disposal.queries.disposal import visible_to as visible_disposals
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of
from plumbline.web.programs.models import Subscription, Token

Seen = Callable[[User, date], QuerySet[Model]]

#: Of what addresses can be told -> how it is called, and what somebody sees of it.
TOLD: Mapping[str, tuple[Text, Seen]] = {
    "warning": (
        Text("预警", "Warnings"),
        lambda user, on: EarlyWarning.objects.visible_to(user, on).told(),
    ),
    "disposal": (Text("处置", "Disposals"), visible_disposals),
    "delivery": (Text("报送", "Deliveries"), deliveries_visible_to),
    "ticket": (Text("数据疑问", "Data errors"), tickets_visible_to),
}


def nouns() -> list[tuple[str, str]]:
    return [(noun, say(*name)) for noun, (name, _) in TOLD.items()]


def is_seen(subject: str, user: User, on: date) -> bool:
    """May somebody know of what was done to this (`noun:number`)?"""
    noun, _, number = subject.partition(":")
    if noun not in TOLD or not number.isdecimal():
        return False
    return TOLD[noun][1](user, on).filter(pk=int(number)).exists()


def tokens(user: User, on: date) -> QuerySet[Token]:
    """One's own; the security administrator's are everybody's."""
    every = Token.objects.select_related("user").order_by("-pk")
    return every if _guards(user, on) else every.filter(user=user.pk)


def subscriptions(user: User, on: date) -> QuerySet[Subscription]:
    every = Subscription.objects.select_related("user").order_by("-pk")
    return every if _guards(user, on) else every.filter(user=user.pk)


def _guards(user: User, on: date) -> bool:
    return rights_of(user, on).has(Role.SECURITY_ADMIN)
