"""Who calls the interface: a program shows its token, and acts for that person alone."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.contrib.auth.models import AnonymousUser
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from plumbline.web.programs.models import Token
from plumbline.web.programs.policy import token_of

#: Where programs call; a session opens nothing there, and a token nothing elsewhere.
PLACE = "/api/"
_NOTED_EVERY = timedelta(hours=1)


class Programs:
    """Middleware: below `PLACE` the user is whoever the token acts for, or nobody."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path.startswith(PLACE):
            token = _shown(request)
            request.token = token  # type: ignore[attr-defined]
            request.user = token.user if token else AnonymousUser()
        return self._respond(request)


def _shown(request: HttpRequest) -> Token | None:
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not secret.strip():
        return None
    now = timezone.now()
    token = token_of(secret.strip(), timezone.localdate(now))
    if token and (token.used_at is None or now - token.used_at > _NOTED_EVERY):
        Token.objects.filter(pk=token.pk).update(used_at=now)
    return token
