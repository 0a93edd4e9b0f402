"""Telling addresses: what is sealed on the trail is put into messages, and messages are sent until they arrive.

The trail is the list of what happened, so that nothing is told that did not happen and nothing is forgotten.
Messages are signed as Standard Webhooks (version 1, standardwebhooks.com) describes: the header
`webhook-signature` holds `v1,` and the base64 of HMAC-SHA256 over `id.timestamp.body`. Whoever gets one
twice knows it by its `webhook-id`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import urllib.error
import urllib.request
from datetime import date, datetime, timedelta

from django.db import transaction
from django.utils import timezone
from django_tasks import task

from plumbline.org.policy import remembering
from plumbline.trail.models import Leaf
from plumbline.web.programs.models import Message, Subscription
from plumbline.web.programs.policy import has_left, key_of, may_be_told, may_have
from plumbline.web.programs.queries import TOLD, is_seen

#: After the first, second, ... failure it is tried again so much later; after the last it is given up.
PAUSES = tuple(timedelta(seconds=s) for s in (10, 60, 300, 1800, 7200, 21600, 86400))
KEPT = timedelta(days=30)
_BATCH = 500
_TIMEOUT = 10  # seconds


def tell(at: datetime) -> None:
    """Put what was sealed since the last time into messages; have them sent where any is due."""
    for subscription in Subscription.objects.filter(ended_at=None).select_related("user"):
        collect(subscription, at=at)
    if Message.objects.filter(state=Message.State.WAITING, next_at__lte=at).exists():
        send.enqueue(at.isoformat())


@transaction.atomic
def collect(subscription: Subscription, *, at: datetime) -> int:
    """Messages for an address of the next sealed acts; gives how many.

    What its person may not see is passed over, by the rights of this very day.
    """
    held = Subscription.objects.select_for_update().get(pk=subscription.pk)
    leaves = list(
        Leaf.objects.filter(position__gt=held.position)
        .select_related("entry")
        .order_by("position")[:_BATCH]
    )
    if not leaves:
        return 0
    on = timezone.localdate(at)
    with remembering():
        is_told = _is_told(held, on)
        told = [
            _message(held, leaf, at)
            for leaf in leaves
            if is_told
            and leaf.entry.subject.partition(":")[0] in held.nouns
            and is_seen(leaf.entry.subject, held.user, on)
        ]
    Message.objects.bulk_create(told, ignore_conflicts=True)
    Subscription.objects.filter(pk=held.pk).update(position=leaves[-1].position)
    return len(told)


def _message(subscription: Subscription, leaf: Leaf, at: datetime) -> Message:
    entry = leaf.entry
    noun, _, number = entry.subject.partition(":")
    body = {
        "type": entry.action,
        "timestamp": entry.at.isoformat(),
        "data": {"entry": entry.pk, "position": leaf.position, noun: int(number)},
    }
    return Message(
        subscription=subscription, entry=entry.pk, position=leaf.position, action=entry.action,
        body=json.dumps(body, separators=(",", ":")), made_at=at, next_at=at,
    )  # fmt: skip


@task()
def send(at: str) -> int:
    """Send what is due; gives how many arrived."""
    due = Message.objects.filter(
        state=Message.State.WAITING, next_at__lte=datetime.fromisoformat(at)
    )
    return sum(
        send_one(message, at=timezone.now())
        for message in due.select_related("subscription__user").order_by("next_at")[:_BATCH]
    )


def send_one(message: Message, *, at: datetime) -> bool:
    """Try once; where it fails, it is tried again later, and given up after the last pause."""
    problem = "" if _may_still(message, timezone.localdate(at)) else "no longer told"
    last = bool(problem)
    problem = problem or _post(message, at)
    tries = message.tries + 1
    if not problem:
        state, next_at = Message.State.SENT, None
    elif last or tries > len(PAUSES):
        state, next_at = Message.State.GIVEN_UP, None
    else:
        state, next_at = Message.State.WAITING, at + PAUSES[tries - 1]
    Message.objects.filter(pk=message.pk, tries=message.tries).update(
        state=state, next_at=next_at, tries=tries, problem=problem[:300]
    )
    return state == Message.State.SENT


def _may_still(message: Message, on: date) -> bool:
    """Is the address told, and may its person know of this? Asked anew: it may have waited for a day."""
    subscription = message.subscription
    data = json.loads(message.body)["data"]
    subject = next(f"{noun}:{data[noun]}" for noun in TOLD if noun in data)
    return (
        subscription.ended_at is None
        and may_be_told(subscription.address)
        and _is_told(subscription, on)
        and is_seen(subject, subscription.user, on)
    )


def _is_told(subscription: Subscription, on: date) -> bool:
    user = subscription.user
    return may_have(user, on) and not has_left(user, subscription.made_at)


def signature(key: bytes, number: str, seconds: int, body: bytes) -> str:
    """What `webhook-signature` says."""
    signed = hmac.new(key, f"{number}.{seconds}.".encode() + body, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(signed).decode()}"


def _post(message: Message, at: datetime) -> str:
    """What went wrong; empty where the answer was 2xx."""
    body, seconds = message.body.encode(), int(at.timestamp())
    number = f"msg_{message.subscription_id}_{message.entry}"
    request = urllib.request.Request(  # noqa: S310 -- only addresses that the office named
        message.subscription.address,
        data=body,
        method="POST",
        headers={
            "Content-Type": "application/json",
            "User-Agent": "Plumbline",
            "webhook-id": number,
            "webhook-timestamp": str(seconds),
            "webhook-signature": signature(key_of(message.subscription), number, seconds, body),
        },
    )
    try:
        with _opener.open(request, timeout=_TIMEOUT) as answer:
            answer.read(1024)
    except urllib.error.HTTPError as refused:
        refused.close()
        return f"HTTP {refused.code}"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", error)) or type(error).__name__
    return ""


def _without_detours() -> urllib.request.OpenerDirector:
    """Through no proxy, and following no redirection: both would lead where the office named nothing."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.HTTPErrorProcessor,
        urllib.request.HTTPDefaultErrorHandler,
    ):
        opener.add_handler(handler())
    return opener


_opener = _without_detours()


def forget(at: datetime) -> int:
    """Remove messages that ended a month ago."""
    old = Message.objects.exclude(state=Message.State.WAITING).filter(made_at__lt=at - KEPT)
    return old.delete()[0]
