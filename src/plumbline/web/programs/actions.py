"""Issuing and withdrawing tokens; telling addresses, and ceasing to."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from datetime import date, datetime

from django.db import transaction
from django.utils import timezone

from plumbline.errors import PlumblineError, Text
from plumbline.org.models import User
from plumbline.org.policy import NotYoursError
from plumbline.trail.actions import record
from plumbline.trail.models import Leaf
from plumbline.web.programs import policy, queries
from plumbline.web.programs.models import Scope, Subscription, Token


class ProgramError(PlumblineError):
    """What was asked for a program would give it more than it may have."""


@transaction.atomic
def issue(
    name: str, scopes: Collection[Scope], ends_on: date, *, by: User, at: datetime
) -> tuple[Token, str]:
    """Make a token that acts for whoever makes it.

    Returns:
        The token, and its secret, which is shown now and never again.

    Raises:
        NotYoursError: they have no part in the office, or are an administrator.
        ProgramError: no name, no scope, or a day that is past or too far.
    """
    today = timezone.localdate(at)
    _must_have_part(by, today)
    if not name.strip() or not scopes:
        raise ProgramError(Text("请写明程序名称和用途范围", "name the program and what it is for"))
    if not today <= ends_on <= today + policy.LONGEST:
        raise ProgramError(Text("有效期最长一年", "a token is good for a year at most"))
    secret = policy.marked(secrets.token_urlsafe(32))
    token = Token.objects.create(
        user=by, name=name.strip(), digest=policy.digest_of(secret), begins=policy.begins(secret),
        scopes=sorted(scopes), issued_at=at, ends_on=ends_on,
    )  # fmt: skip
    record("token.issued", subject=f"token:{token.pk}", by=by, at=at, name=token.name,
           scopes=token.scopes, until=ends_on.isoformat())  # fmt: skip
    return token, secret


@transaction.atomic
def withdraw(token: Token, *, by: User, at: datetime, reason: str = "") -> None:
    """Make a token worthless at once; its person and the security administrator can.

    Raises:
        NotYoursError: neither of them.
    """
    if not queries.tokens(by, timezone.localdate(at)).filter(pk=token.pk).exists():
        raise NotYoursError(Text("这不是您的令牌", "this is not your token"))
    ended = Token.objects.filter(pk=token.pk, withdrawn_at=None).update(withdrawn_at=at)
    if ended:
        record("token.withdrawn", subject=f"token:{token.pk}", by=by, at=at, reason=reason)


@transaction.atomic
def subscribe(
    name: str, address: str, nouns: Collection[str], *, by: User, at: datetime
) -> Subscription:
    """Tell an address of every act from now on that its person may know of.

    Raises:
        NotYoursError: they have no part in the office, or are an administrator.
        ProgramError: the address is not under one that the office named, or nothing is chosen.
    """
    _must_have_part(by, timezone.localdate(at))
    if not policy.may_be_told(address):
        raise ProgramError(
            Text("不在单位允许的通知地址之内", "the office allows no such address"),
            where=address,
            hint=Text(
                "请系统管理员在 plumbline.toml 的 [workbench] webhooks 中写明",
                "the system administrator names it in plumbline.toml, [workbench] webhooks",
            ),
        )
    if not name.strip() or not nouns or not set(nouns) <= set(queries.TOLD):
        raise ProgramError(Text("请写明名称，并选择通知什么", "name it, and choose what to tell"))
    last = Leaf.objects.order_by("-position").values_list("position", flat=True).first()
    made = Subscription.objects.create(
        user=by, name=name.strip(), address=address, nouns=sorted(nouns), made_at=at,
        salt=secrets.token_urlsafe(24), position=-1 if last is None else last,
    )  # fmt: skip
    record("subscription.made", subject=f"subscription:{made.pk}", by=by, at=at, name=made.name,
           address=address, nouns=made.nouns)  # fmt: skip
    return made


@transaction.atomic
def end(subscription: Subscription, *, by: User, at: datetime) -> None:
    """Cease to tell an address; what waits for it is given up.

    Raises:
        NotYoursError: neither its person nor the security administrator.
    """
    if not queries.subscriptions(by, timezone.localdate(at)).filter(pk=subscription.pk).exists():
        raise NotYoursError(Text("这不是您的通知", "this is not yours"))
    ended = Subscription.objects.filter(pk=subscription.pk, ended_at=None).update(ended_at=at)
    if ended:
        record("subscription.ended", subject=f"subscription:{subscription.pk}", by=by, at=at)


def _must_have_part(user: User, on: date) -> None:
    if not policy.may_have(user, on):
        raise NotYoursError(Text("您没有业务角色", "you have no part in the office's work"))
