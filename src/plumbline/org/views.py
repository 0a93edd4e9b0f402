"""The pages of the administrators, each for whose part it is, and everybody's own account."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from functools import wraps
from typing import Any, cast

from allauth.account.decorators import reauthentication_required
from allauth.mfa.utils import is_mfa_enabled
from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.contrib.auth.forms import SetPasswordForm
from django.db.models import Q
from django.forms import Form
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.org import actions, forms
from plumbline.org.links import link_of, owner_of
from plumbline.org.models import (
    Delegation,
    Grant,
    Kin,
    Oversight,
    Role,
    User,
)
from plumbline.org.policy import rights_of
from plumbline.org.queries import (
    oversights_on,
    visible_bodies,
    visible_units,
    visible_users,
)

Page = Callable[..., HttpResponse]


def _of(*roles: Role) -> Callable[[Page], Page]:
    """A page of these roles; for everybody else there is none."""

    def decorate(page: Page) -> Page:
        @login_required
        @wraps(page)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
            if not rights_of(request.user, _today()).has(*roles):
                raise Http404
            return page(request, *args, **kwargs)

        return guarded

    return decorate


#: Asked for the password again where the last time is more than five minutes ago.
_fresh: Callable[[Page], Page] = reauthentication_required(app="")


def _today() -> date:
    return timezone.localdate()


def _me(request: HttpRequest) -> User:
    return cast("User", request.user)


def _done(form: Form, act: Callable[..., Any], *args: Any, **fixed: Any) -> Any:
    """Act on a valid form; what the office's rules refuse is said above the form, and None returned."""
    if not form.is_valid():
        return None
    try:
        return act(*args, **form.cleaned_data, **fixed, at=timezone.now()) or True
    except PlumblineError as refused:
        form.add_error(None, refused.in_(language()))
        return None


def _tell(request: HttpRequest, form: Form) -> None:
    """What was refused of a form that has no page of its own."""
    for problems in form.errors.values():
        for problem in problems:
            messages.error(request, str(problem))


# -- units and bodies ----------------------------------------------------------------------------


@_of(Role.SYSTEM_ADMIN)
def units(request: HttpRequest) -> HttpResponse:
    form = forms.UnitForm(request.POST or None)
    if request.method == "POST":
        unit = _done(form, actions.add_unit, by=_me(request))
        if unit:
            messages.success(request, say("已添加", "Added"))
            return redirect("org:units")
    tree = [
        (unit, "· " * (unit.path.count("/") - 2))
        for unit in visible_units(_me(request), _today())
        .select_related("head", "parent")
        .order_by("path")
    ]
    return render(request, "org/units.html", {"tree": tree, "form": form})


@_of(Role.SYSTEM_ADMIN)
def unit(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(visible_units(_me(request), _today()), pk=pk)
    acts: dict[str, tuple[type[Form], Callable[..., Any], dict[str, Any]]] = {
        "rename": (forms.RenameForm, actions.rename_unit, {"name": one.name}),
        "move": (forms.MoveForm, actions.move_unit, {"above": one.parent_id}),
        "head": (forms.HeadForm, actions.set_head, {"head": one.head_id}),
    }
    bound = {
        name: form(
            request.POST if request.POST.get("act") == name else None,
            initial=initial,
            auto_id=f"{name}-%s",
        )
        for name, (form, _, initial) in acts.items()
    }
    act = request.POST.get("act", "")
    if act in acts and _done(bound[act], acts[act][1], one, by=_me(request)):
        messages.success(request, say("已保存", "Saved"))
        return redirect("org:unit", pk)
    overseen = Oversight.objects.filter(unit=one).select_related("body").order_by("-starts_on")
    return render(
        request, "org/unit.html", {"unit": one, "forms": bound, "oversights": overseen}
    )  # fmt: skip


@_of(Role.SYSTEM_ADMIN)
def bodies(request: HttpRequest) -> HttpResponse:
    act = request.POST.get("act", "")
    body_form = forms.BodyForm(request.POST if act == "body" else None, auto_id="body-%s")
    oversight_form = forms.OversightForm(
        request.POST if act == "oversee" else None,
        initial=forms.today_first(_today()),
        auto_id="oversee-%s",
    )
    if request.method == "POST":
        made = (
            _done(body_form, actions.add_body, by=_me(request)) if act == "body"
            else _done(oversight_form, actions.oversee, by=_me(request)) if act == "oversee"
            else None
        )  # fmt: skip
        if made:
            messages.success(request, say("已添加", "Added"))
            return redirect("org:bodies")
    return render(
        request,
        "org/bodies.html",
        {
            "bodies": visible_bodies(_me(request), _today()).select_related("above").order_by("name"),
            "oversights": oversights_on(_today())
            .select_related("body", "unit")
            .order_by("body__name", "unit__path"),
            "body_form": body_form,
            "oversight_form": oversight_form,
            "end_form": forms.EndForm(initial={"ends_on": _today().isoformat()}),
        },
    )  # fmt: skip


@_of(Role.SYSTEM_ADMIN)
@require_POST
def end_oversight(request: HttpRequest, pk: int) -> HttpResponse:
    form = forms.EndForm(request.POST)
    one = get_object_or_404(Oversight, pk=pk)
    if _done(form, actions.end_oversight, one, by=_me(request)):
        messages.success(request, say("已保存", "Saved"))
    _tell(request, form)
    return redirect("org:bodies")


# -- accounts and grants -------------------------------------------------------------------------


@_of(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
def users(request: HttpRequest) -> HttpResponse:
    rights = rights_of(request.user, _today())
    form = forms.UserForm(request.POST or None) if rights.may("add_user") else None
    if request.method == "POST":
        if form is None:
            raise Http404
        made = _done(form, actions.add_user, by=_me(request))
        if made:
            return _show_link(request, made)
    wanted = request.GET.get("q", "").strip()
    found = visible_users(_me(request), _today()).select_related("unit").order_by("username")
    if wanted:
        found = found.filter(Q(username__icontains=wanted) | Q(name__icontains=wanted))
    return render(request, "org/users.html", {"users": found[:200], "q": wanted, "form": form})


def _show_link(request: HttpRequest, owner: User) -> HttpResponse:
    """The link is shown once, on the answer itself, and stands nowhere else."""
    link = request.build_absolute_uri(link_of(owner))
    response = render(request, "org/link.html", {"owner": owner, "link": link})
    response["Cache-Control"] = "no-store"
    return response


@_of(Role.SYSTEM_ADMIN, Role.SECURITY_ADMIN)
def user(request: HttpRequest, pk: int) -> HttpResponse:
    """One account: what the system administrator does with it, or the security administrator."""
    one = get_object_or_404(visible_users(_me(request), _today()), pk=pk)
    return _user_page(request, one)


def _user_page(request: HttpRequest, one: User, **bound: Form) -> HttpResponse:
    rights = rights_of(request.user, _today())
    return render(
        request,
        "org/user.html",
        {
            "one": one,
            "grants": one.grants.select_related("body", "unit", "granted_by").order_by("-pk"),
            "lent": Delegation.objects.filter(Q(principal=one) | Q(deputy=one))
            .select_related("principal", "deputy")
            .order_by("-pk"),
            "kin": one.kin.order_by("pk"),
            "has_second_factor": is_mfa_enabled(one),
            "keeps_accounts": rights.has(Role.SYSTEM_ADMIN),
            "gives_roles": rights.has(Role.SECURITY_ADMIN),
            "is_me": one.pk == _me(request).pk,
            "today": _today(),
            "person_form": bound.get("person_form") or forms.PersonForm(auto_id="person-%s"),
            "grant_form": bound.get("grant_form")
            or forms.GrantForm(initial=forms.today_first(_today()), auto_id="grant-%s"),
            "reason_form": forms.ReasonForm(auto_id=False),
        },
    )


@_of(Role.SYSTEM_ADMIN)
@require_POST
def set_person(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(visible_users(_me(request), _today()), pk=pk)
    form = forms.PersonForm(request.POST, auto_id="person-%s")
    if _done(form, actions.set_person, one, by=_me(request)):
        messages.success(request, say("已登记", "Entered"))
        return redirect("org:user", pk)
    return _user_page(request, one, person_form=form)


@_of(Role.SYSTEM_ADMIN)
@_fresh
@require_POST
def renew_password(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(visible_users(_me(request), _today()), pk=pk)
    form = forms.ReasonForm(request.POST)
    renewed = _done(form, actions.renew_password, one, by=_me(request))
    if renewed:
        return _show_link(request, renewed)
    _tell(request, form)
    return redirect("org:user", pk)


@_of(Role.SYSTEM_ADMIN)
@_fresh
@require_POST
def deactivate(request: HttpRequest, pk: int) -> HttpResponse:
    return _with_reason(request, pk, actions.deactivate_user)


@_of(Role.SYSTEM_ADMIN)
@_fresh
@require_POST
def readmit(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(visible_users(_me(request), _today()), pk=pk)
    form = forms.ReasonForm(request.POST)
    readmitted = _done(form, actions.readmit_user, one, by=_me(request))
    if readmitted:
        return _show_link(request, readmitted)
    _tell(request, form)
    return redirect("org:user", pk)


@_of(Role.SECURITY_ADMIN)
@_fresh
@require_POST
def renew_second_factor(request: HttpRequest, pk: int) -> HttpResponse:
    return _with_reason(request, pk, actions.renew_second_factor)


def _with_reason(request: HttpRequest, pk: int, act: Callable[..., Any]) -> HttpResponse:
    one = get_object_or_404(visible_users(_me(request), _today()), pk=pk)
    form = forms.ReasonForm(request.POST)
    if _done(form, act, one, by=_me(request)):
        messages.success(request, say("已办理", "Done"))
    _tell(request, form)
    return redirect("org:user", pk)


@_of(Role.SECURITY_ADMIN)
@_fresh
@require_POST
def grant(request: HttpRequest, pk: int) -> HttpResponse:
    one = get_object_or_404(visible_users(_me(request), _today()), pk=pk)
    form = forms.GrantForm(request.POST, auto_id="grant-%s")
    if _done(form, actions.grant, one, by=_me(request)):
        messages.success(request, say("已授权", "Granted"))
        return redirect("org:user", pk)
    return _user_page(request, one, grant_form=form)


@_of(Role.SECURITY_ADMIN)
@_fresh
@require_POST
def withdraw_grant(request: HttpRequest, pk: int) -> HttpResponse:
    given = get_object_or_404(Grant, pk=pk)
    form = forms.ReasonForm(request.POST)
    if _done(form, actions.withdraw_grant, given, by=_me(request)):
        messages.success(request, say("已收回", "Withdrawn"))
    _tell(request, form)
    return redirect("org:user", given.user_id)


@_of(Role.SECURITY_ADMIN)
@_fresh
@require_POST
def withdraw_kin(request: HttpRequest, pk: int) -> HttpResponse:
    kin = get_object_or_404(Kin, pk=pk)
    form = forms.ReasonForm(request.POST)
    if _done(form, actions.withdraw_kin, kin, by=_me(request)):
        messages.success(request, say("已撤销", "Taken back"))
    _tell(request, form)
    return redirect("org:user", kin.user_id)


# -- one's own account ---------------------------------------------------------------------------


@login_required
@never_cache
def account(request: HttpRequest) -> HttpResponse:
    return _account_page(request)


def _deputies(me: User) -> Any:
    """Whom somebody may name: those of their bodies and units, as the action asks again."""
    mine = Grant.objects.on(_today()).filter(user=me)
    shared = Grant.objects.on(_today()).filter(
        Q(body__in=mine.exclude(body=None).values("body"))
        | Q(unit__in=mine.exclude(unit=None).values("unit"))
    )
    return (
        User.objects.filter(pk__in=shared.values("user"), is_active=True)
        .exclude(pk=me.pk)
        .order_by("name")
    )


def _account_page(request: HttpRequest, **bound: Form) -> HttpResponse:
    me, today = _me(request), _today()
    rights = rights_of(me, today)
    open_to = Q(withdrawn_at=None, ends_on__gte=today)
    return render(
        request,
        "org/account.html",
        {
            "grants": Grant.objects.on(today)
            .filter(user=me)
            .select_related("body", "unit")
            .order_by("pk"),
            "lent": me.delegates.filter(open_to).select_related("deputy"),
            "borrowed": me.stands_in_for.filter(open_to).select_related("principal"),
            "kin": me.kin.order_by("pk"),
            "may_lend": bool(rights.holdings) and rights.administers is None,
            "has_second_factor": is_mfa_enabled(me),
            "oidc": settings.SOCIALACCOUNT_PROVIDERS["openid_connect"]["APPS"],
            "person_form": bound.get("person_form") or forms.OwnPersonForm(),
            "kin_form": bound.get("kin_form") or forms.KinForm(prefix="kin"),
            "deputy_form": bound.get("deputy_form")
            or forms.DelegationForm(
                deputies=_deputies(me), initial=forms.today_first(today), prefix="deputy"
            ),
        },
    )


@require_POST
@login_required
def own_person(request: HttpRequest) -> HttpResponse:
    form = forms.OwnPersonForm(request.POST)
    if _done(form, actions.set_person, _me(request), by=_me(request)):
        messages.success(request, say("已登记", "Entered"))
        return redirect("account")
    return _account_page(request, person_form=form)


@require_POST
@login_required
def declare_kin(request: HttpRequest) -> HttpResponse:
    form = forms.KinForm(request.POST, prefix="kin")
    if _done(form, actions.declare_kin, _me(request)):
        messages.success(request, say("已申报", "Declared"))
        return redirect("account")
    return _account_page(request, kin_form=form)


@require_POST
@login_required
def delegate(request: HttpRequest) -> HttpResponse:
    me = _me(request)
    form = forms.DelegationForm(request.POST, deputies=_deputies(me), prefix="deputy")
    if _done(form, actions.delegate, me, by=me):
        messages.success(request, say("已委托", "Delegated"))
        return redirect("account")
    return _account_page(request, deputy_form=form)


@require_POST
@login_required
def withdraw_delegation(request: HttpRequest, pk: int) -> HttpResponse:
    """By either side; by the security administrator from the page of an account."""
    me = _me(request)
    all_of_them = rights_of(me, _today()).may("withdraw_delegation")
    theirs = Delegation.objects.all() if all_of_them else Delegation.objects.filter(Q(principal=me) | Q(deputy=me))  # fmt: skip
    lent = get_object_or_404(theirs, pk=pk)
    form = forms.ReasonForm(request.POST)
    if _done(form, actions.withdraw_delegation, lent, by=me):
        messages.success(request, say("已收回", "Withdrawn"))
    _tell(request, form)
    return redirect("org:user", lent.principal_id) if all_of_them else redirect("account")


@sensitive_post_parameters()
@never_cache
def open_account(request: HttpRequest, number: str, token: str) -> HttpResponse:
    """Its owner sets the password; the link is used up with it."""
    owner = owner_of(number, token)
    if owner is None:
        raise Http404
    form = SetPasswordForm(owner, request.POST or None)
    if request.method == "POST" and form.is_valid():
        actions.set_password(owner, form.cleaned_data["new_password1"], at=timezone.now())
        messages.success(request, say("口令已设置，请登录", "The password is set; sign in"))
        return redirect("account_login")
    return render(request, "org/open.html", {"form": form, "owner": owner})
