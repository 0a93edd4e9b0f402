"""What stands before every page: a session left alone is locked, and a role needs a second factor."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.account.internal.flows.reauthentication import reauthenticate_by_password
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.sessions.backends.base import SessionBase
from django.core.exceptions import ValidationError
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone

from plumbline.bilingual import say
from plumbline.org.policy import keep_rights, rights_of
from plumbline.org.walls import NOBODY, scope, scope_of

Respond = Callable[[HttpRequest], HttpResponse]

#: So long may a session be left alone, in seconds.
IDLE = 15 * 60
_NOTED_EVERY = 60  # seconds; a write to the session at every request would be too many
#: A page that asks by itself says so in this header, and does not keep a session alive.
BY_ITSELF = "Plumbline-By-Itself"

_SEEN, _LOCKED = "seen_at", "locked_at"
_OPEN_WHILE_LOCKED = {
    "account_login", "account_logout", "account_reauthenticate", "mfa_reauthenticate",
    "mfa_reauthenticate_webauthn", "set_language",
}  # fmt: skip
_OPEN_WITHOUT_SECOND_FACTOR = {
    *_OPEN_WHILE_LOCKED, "mfa_index", "mfa_activate_totp", "mfa_add_webauthn",
}  # fmt: skip


class OneRequest:
    """Rights are asked for once a request and not kept longer, and the database is told whose request it is."""

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        user = request.user
        if not user.is_authenticated:
            with scope(NOBODY):
                return self._respond(request)
        keep_rights(user)
        has_walls = connection.vendor == "postgresql"
        with scope(scope_of(user, timezone.localdate()) if has_walls else NOBODY):
            return self._respond(request)


def rests(session: SessionBase) -> bool:
    """Is a session locked, or has it been left alone so long that it will be?"""
    now = time.time()
    return _LOCKED in session or now - session.get(_SEEN, now) > IDLE


class IdleLock:
    """After a quarter of an hour without a request the password is asked for again.

    What was typed meanwhile travels through the lock's own form and arrives where it was sent; it is
    written down nowhere. A file has to be chosen again.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._respond(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if not request.user.is_authenticated or _by_program(request):
            return None
        session, now = request.session, time.time()
        if _LOCKED not in session and rests(session):
            session[_LOCKED] = now
        if _LOCKED in session and _reauthenticated_since(request, session[_LOCKED]):
            self._unlock(request)
        if _LOCKED not in session:
            if BY_ITSELF not in request.headers and now - session.get(_SEEN, 0) > _NOTED_EVERY:
                session[_SEEN] = now
            return None
        if _name(request) in _OPEN_WHILE_LOCKED:
            return None
        return self._ask(request)

    def _ask(self, request: HttpRequest) -> HttpResponse | None:
        password, problem = request.POST.get("unlock_password"), ""
        if password is not None:
            try:
                right = get_adapter().reauthenticate(request.user, password)
            except ValidationError as refused:  # too many attempts
                right, problem = False, " ".join(refused.messages)
            if right:
                reauthenticate_by_password(request)
                self._unlock(request)
                # A form goes on to its page, which does not know the lock's fields; else they read on.
                return None if "unlock_typed" in request.POST else redirect(request.get_full_path())
            problem = problem or say("口令不正确", "that is not the password")
        return _locked(request, problem)

    def _unlock(self, request: HttpRequest) -> None:
        del request.session[_LOCKED]
        request.session[_SEEN] = time.time()


def _locked(request: HttpRequest, problem: str) -> HttpResponse:
    own = {"unlock_password", "unlock_typed", "csrfmiddlewaretoken"}
    typed = [(name, value) for name in request.POST if name not in own for value in request.POST.getlist(name)]  # fmt: skip
    response = render(
        request,
        "account/locked.html",
        {
            "typed": typed,
            "is_form": request.method == "POST"
            and ("unlock_password" not in request.POST or "unlock_typed" in request.POST),
            "files": bool(request.FILES),
            "problem": problem,
            "other_ways": [
                way for way in get_adapter().get_reauthentication_methods(request.user)
                if way["id"] != "reauthenticate"
            ],
            "has_password": request.user.is_authenticated and request.user.has_usable_password(),
        },
    )  # fmt: skip
    response["Cache-Control"] = "no-store"
    response["HX-Retarget"], response["HX-Reswap"] = "body", "innerHTML"
    return response


def _reauthenticated_since(request: HttpRequest, moment: float) -> bool:
    records = get_authentication_records(request, request.user)
    return any(each.get("reauthenticated") and each["at"] >= moment for each in records)


class SecondFactor:
    """Whoever has a role sets up a second factor before anything else.

    A trial office may leave it to everybody: `second_factor = "optional"`.
    """

    def __init__(self, respond: Respond) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self._respond(request)

    def process_view(self, request: HttpRequest, *_view: Any) -> HttpResponse | None:
        if (
            settings.SECOND_FACTOR == "optional"
            or not request.user.is_authenticated
            or _by_program(request)
            or _name(request) in _OPEN_WITHOUT_SECOND_FACTOR
            or any(each.get("method") == "mfa" for each in get_authentication_records(request, request.user))
            or not rights_of(request.user, timezone.localdate()).holdings
            or is_mfa_enabled(request.user)
        ):  # fmt: skip
            return None
        messages.warning(
            request,
            say("您的角色需要第二重验证，请先设置", "your role needs a second factor; set one up first"),
        )  # fmt: skip
        return redirect("mfa_index")


def _by_program(request: HttpRequest) -> bool:
    """A program has no session: its token was made by somebody who had signed in with both factors."""
    return getattr(request, "token", None) is not None


def _name(request: HttpRequest) -> str:
    return request.resolver_match.view_name if request.resolver_match else ""
