"""One page: which programs act for me, and which addresses are told."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any, cast

from allauth.account.decorators import reauthentication_required
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.org.models import Role, User
from plumbline.org.policy import rights_of
from plumbline.web.programs import actions, forms, policy, queries
from plumbline.web.programs.api import interface
from plumbline.web.programs.models import Message, Scope

_MESSAGES = 20
Page = Callable[..., HttpResponse]
#: Asked for the password again where the last time is more than five minutes ago.
_fresh: Callable[[Page], Page] = reauthentication_required(app="")


def _of_officers(page: Page) -> Page:
    """For administrators and strangers there is no such page, and no password is asked of them."""

    @wraps(page)
    def guarded(request: HttpRequest) -> HttpResponse:
        if not policy.may_have(cast("User", request.user), timezone.localdate()):
            raise Http404
        return page(request)

    return guarded


@login_required
@require_http_methods(["GET"])
def programs(request: HttpRequest) -> HttpResponse:
    """The tokens and addresses somebody has; the security administrator sees everybody's."""
    user = _somebody(request)
    return _page(request, user, forms.TokenForm(), forms.SubscriptionForm())


@login_required
@require_POST
@_of_officers
@_fresh
@never_cache
def issue(request: HttpRequest) -> HttpResponse:
    """Make a token; its secret is on the page that answers, and never again."""
    user, form, secret = cast("User", request.user), forms.TokenForm(request.POST), ""
    if form.is_valid():
        said = form.cleaned_data
        scopes = [Scope(scope) for scope in said["scopes"]]
        try:
            _, secret = actions.issue(
                said["name"], scopes, said["ends_on"], by=user, at=timezone.now()
            )
            form = forms.TokenForm()
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
    return _page(request, user, form, forms.SubscriptionForm(), secret=secret)


@login_required
@require_POST
@_of_officers
@_fresh
@never_cache
def subscribe(request: HttpRequest) -> HttpResponse:
    """Have an address told; the key to check what is sent is on the page that answers."""
    user, form, key = cast("User", request.user), forms.SubscriptionForm(request.POST), ""
    if form.is_valid():
        try:
            made = actions.subscribe(**form.cleaned_data, by=user, at=timezone.now())
            key, form = policy.key_in_words(made), forms.SubscriptionForm()
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
    return _page(request, user, forms.TokenForm(), form, key=key)


@login_required
@require_POST
def withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    user = _somebody(request)
    token = get_object_or_404(queries.tokens(user, timezone.localdate()), pk=pk)
    actions.withdraw(token, by=user, at=timezone.now())
    messages.success(request, say("令牌已作废", "The token is worthless now"))
    return redirect("programs:list")


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    user = _somebody(request)
    subscription = get_object_or_404(queries.subscriptions(user, timezone.localdate()), pk=pk)
    actions.end(subscription, by=user, at=timezone.now())
    messages.success(request, say("不再通知", "It is told no more"))
    return redirect("programs:list")


@login_required
@require_http_methods(["GET"])
def description(request: HttpRequest) -> HttpResponse:
    """The interface described as OpenAPI 3.1, for whoever writes a program."""
    _somebody(request)
    return JsonResponse(interface.get_openapi_schema())


def _page(
    request: HttpRequest, user: User, token: forms.TokenForm, told: forms.SubscriptionForm, **shown: Any
) -> HttpResponse:  # fmt: skip
    today, scopes = timezone.localdate(), dict(Scope.choices)
    subscriptions = queries.subscriptions(user, today)
    page = {
        "tokens": [
            (each, [scopes.get(scope, scope) for scope in each.scopes])
            for each in queries.tokens(user, today)
        ],
        "subscriptions": subscriptions,
        "messages_sent": Message.objects.filter(subscription__in=subscriptions)
        .select_related("subscription")
        .order_by("-pk")[:_MESSAGES],
        "token_form": token,
        "subscription_form": told,
        "may_have": policy.may_have(user, today),
        "today": today,
        **shown,
    }
    refused = token.errors or told.errors
    return render(request, "programs/list.html", page, status=400 if refused else 200)


def _somebody(request: HttpRequest) -> User:
    """Officers, and the security administrator; for everybody else there is no page."""
    user, today = cast("User", request.user), timezone.localdate()
    if not policy.may_have(user, today) and not rights_of(user, today).has(Role.SECURITY_ADMIN):
        raise Http404
    return user
