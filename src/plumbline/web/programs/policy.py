"""What programs may: a token is as good as the person it acts for, and no better than its scopes."""

from __future__ import annotations

import base64
import hashlib
import re
from datetime import date, datetime, timedelta
from urllib.parse import unquote, urlsplit

from django.conf import settings
from django.utils.crypto import salted_hmac

from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.trail.models import Entry
from plumbline.web.programs.models import Subscription, Token

#: No token is good for longer.
LONGEST = timedelta(days=365)
_MARK = "plumb_"  # by which a secret that leaked into a file is found
_SHOWN = 12


def digest_of(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def begins(secret: str) -> str:
    return secret[:_SHOWN]


def marked(secret: str) -> str:
    return f"{_MARK}{secret}"


def token_of(secret: str, on: date) -> Token | None:
    """The token behind a secret, where it is good today and its person still has a part in the office.

    With a closed account its tokens end: whoever comes back makes new ones.
    """
    token = (
        Token.objects.filter(digest=digest_of(secret), withdrawn_at=None, ends_on__gte=on)
        .select_related("user")
        .first()
    )
    if token is None or not may_have(token.user, on) or has_left(token.user, token.issued_at):
        return None
    return token


def has_left(user: User, since: datetime) -> bool:
    """Was their account closed since, be it open again by now? The trail has it."""
    closed = Entry.objects.filter(subject=f"user:{user.pk}", action="user.deactivated")
    return closed.filter(at__gte=since).exists()


def may_have(user: User, on: date) -> bool:
    """Programs act for officers; administrators act themselves."""
    rights = rights_of(user, on)
    return bool(user.is_active and rights.holdings and not rights.administers)


def may_be_told(address: str) -> bool:
    """Is the address under one that the office named (`[workbench] webhooks`)?

    Nothing is sent elsewhere, so that nobody makes this machine call others of the network.
    """
    asked = urlsplit(address)
    try:
        port = _port(asked.scheme, asked.port)
    except ValueError:  # no port has such a number
        return False
    for named in settings.WORKBENCH.get("webhooks", []):
        place = urlsplit(named)
        same = (asked.scheme, asked.hostname, port) == (
            place.scheme, place.hostname, _port(place.scheme, place.port),
        )  # fmt: skip
        below = f"{asked.path}/".startswith(f"{place.path.rstrip('/')}/") and not _climbs(
            asked.path
        )
        if same and below and not asked.username and not asked.fragment:
            return True
    return False


def _climbs(path: str) -> bool:
    """Does it lead up again, however it is written? Servers undo what is written as %2e."""
    return ".." in re.split(r"[/\\]", unquote(unquote(path)))


def _port(scheme: str, port: int | None) -> int | None:
    return port or {"https": 443, "http": 80}.get(scheme)


def key_of(subscription: Subscription) -> bytes:
    """The key that signs what is sent there: made anew each time, kept nowhere."""
    return salted_hmac("plumbline.webhook", subscription.salt, algorithm="sha256").digest()


def key_in_words(subscription: Subscription) -> str:
    """The key as programs that check such signatures take it."""
    return f"whsec_{base64.b64encode(key_of(subscription)).decode()}"
