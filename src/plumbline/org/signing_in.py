"""How people come in: nobody signs themself up, and every coming, going and refusal is on the trail."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.signals import password_changed, user_logged_in
from allauth.core.exceptions import ImmediateHttpResponse
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.signals import (
    authentication_failed,
    authenticator_added,
    authenticator_removed,
    authenticator_reset,
)
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialLogin
from allauth.socialaccount.signals import social_account_added, social_account_removed
from cryptography.fernet import Fernet
from django.conf import settings
from django.contrib.auth.signals import user_logged_out, user_login_failed
from django.db import transaction
from django.http import HttpRequest
from django.shortcuts import render
from django.utils import timezone

from plumbline.org.models import User
from plumbline.trail.actions import record


class Accounts(DefaultAccountAdapter):  # type: ignore[misc]  # allauth carries no types
    """Accounts are made by the system administrator."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:  # noqa: ARG002
        return False


class OidcAccounts(DefaultSocialAccountAdapter):  # type: ignore[misc]  # as above
    """An identity provider says who somebody is; whether they work here is said by their account here.

    They tie the two together on their own page, signed in by password. Where the office has decided so
    (`username` in its settings), a claim of the provider names the account instead.
    """

    def is_open_for_signup(self, request: HttpRequest, sociallogin: SocialLogin) -> bool:  # noqa: ARG002
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: SocialLogin) -> None:
        if sociallogin.is_existing or sociallogin.state.get("process") == "connect":
            return
        claim = settings.OIDC_USERNAME_CLAIM
        told = sociallogin.account.extra_data if claim else {}
        told = {**told, **told.get("id_token", {}), **told.get("userinfo", {})}
        user = User.objects.filter(
            username__iexact=str(told.get(claim) or ""), is_active=True
        ).first()
        if user is None:
            raise ImmediateHttpResponse(
                render(request, "socialaccount/authentication_error.html", status=403)
            )
        sociallogin.connect(request, user)


class SecondFactors(DefaultMFAAdapter):  # type: ignore[misc]  # as above
    """What makes codes is kept encrypted: whoever copies the database cannot make them."""

    def encrypt(self, text: str) -> str:
        return _cipher().encrypt(text.encode()).decode()

    def decrypt(self, encrypted_text: str) -> str:
        return _cipher().decrypt(encrypted_text.encode()).decode()


def _cipher() -> Fernet:
    key = hashlib.sha256(b"plumbline second factor\0" + settings.SECRET_KEY.encode()).digest()
    return Fernet(base64.urlsafe_b64encode(key))


def listen() -> None:
    """Called once, when the app is ready."""
    for signal, receiver in (
        (user_logged_in, _came_in),
        (user_logged_out, _went),
        (user_login_failed, _refused),
        (authentication_failed, _second_factor_refused),
        (password_changed, _changed_password),
        (authenticator_added, _added_factor),
        (authenticator_removed, _removed_factor),
        (authenticator_reset, _reset_factor),
        (social_account_added, _tied),
        (social_account_removed, _untied),
    ):
        signal.connect(receiver, dispatch_uid=f"plumbline.org.{receiver.__name__}")


def _write(action: str, user: User, request: HttpRequest | None, **detail: Any) -> None:
    """By whoever asked, where they are signed in; what is refused, nobody has done."""
    with transaction.atomic():
        record(
            action, subject=f"user:{user.pk}", by=None if action.endswith(".refused") else user,
            at=timezone.now(), address=_address(request), **detail,
        )  # fmt: skip


def _address(request: HttpRequest | None) -> str:
    return str(Accounts(request).get_client_ip(request)) if request else ""


def _came_in(request: HttpRequest, user: User, **_: Any) -> None:
    methods = [
        each.get("method") for each in request.session.get("account_authentication_methods", [])
    ]
    _write("session.begun", user, request, methods=methods)


def _went(request: HttpRequest, user: User | None, **_: Any) -> None:
    if user is not None:
        _write("session.ended", user, request)


def _refused(credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any) -> None:
    name = str(credentials.get("username") or "")
    user = User.objects.filter(username__iexact=name).first() if name else None
    if user is not None:
        _write("session.refused", user, request)
        return
    with (
        transaction.atomic()
    ):  # what was typed is not kept: people type passwords into the wrong field
        record(
            "session.refused", subject="user:unknown", by=None, at=timezone.now(),
            address=_address(request),
        )  # fmt: skip


def _second_factor_refused(request: HttpRequest, user: User, **_: Any) -> None:
    _write("second_factor.refused", user, request)


def _changed_password(request: HttpRequest, user: User, **_: Any) -> None:
    _write("user.password_changed", user, request)


def _added_factor(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _write("second_factor.added", user, request, kind=authenticator.type)


def _removed_factor(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _write("second_factor.removed", user, request, kind=authenticator.type)


def _reset_factor(request: HttpRequest, user: User, authenticator: Any, **_: Any) -> None:
    _write("second_factor.reset", user, request, kind=authenticator.type)


def _tied(request: HttpRequest, sociallogin: SocialLogin, **_: Any) -> None:
    _write("identity.tied", sociallogin.user, request, provider=sociallogin.account.provider)


def _untied(request: HttpRequest, socialaccount: Any, **_: Any) -> None:
    _write("identity.untied", socialaccount.user, request, provider=socialaccount.provider)
