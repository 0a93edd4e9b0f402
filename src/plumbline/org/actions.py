"""What changes units, bodies, accounts and rights: one verb, one transaction, one row of the trail.

Who may is asked here too (`policy.MAY`), so that nothing depends on a page having asked before.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import TypeVar, cast

from allauth.mfa.models import Authenticator
from django.db import models, transaction
from django.db.models import Q, Value
from django.db.models.functions import Concat, Substr
from django.utils import timezone

from plumbline.errors import PlumblineError, Text
from plumbline.org.models import (
    ADMINISTRATORS,
    UNIT_ROLES,
    Delegation,
    Grant,
    Kin,
    Oversight,
    Role,
    SupervisionBody,
    Unit,
    User,
)
from plumbline.org.policy import (
    MAY,
    NotYoursError,
    citizen_number,
    person_digest,
    rights_of,
)
from plumbline.org.queries import normal_name
from plumbline.trail.actions import record

Row = TypeVar("Row", bound=models.Model)


class RefusedError(PlumblineError):
    """What was asked for would break a rule of the office; nothing was changed."""


def _must(by: User, action: str, at: datetime) -> None:
    """Whose part it is, asked anew: a right withdrawn a minute ago is none."""
    if not rights_of(User.objects.get(pk=by.pk), _day(at)).may(action):
        raise NotYoursError(Text(
            f"只有{MAY[action].label}可以办理", f"only the {MAY[action].label} may do this"
        ))  # fmt: skip


def _day(at: datetime) -> date:
    return timezone.localdate(at)


def _lock(row: Row) -> Row:
    """The row as it is now; whoever else wants to change it waits."""
    model = cast("type[Row]", row._meta.model)  # noqa: SLF001 -- of a lazy request.user too
    return model._default_manager.select_for_update(of=("self",)).get(pk=row.pk)  # noqa: SLF001


# -- units ---------------------------------------------------------------------------------------


@transaction.atomic
def add_unit(
    name: str,
    above: Unit | None = None,
    *,
    by: User,
    at: datetime,
    region: str = "",
    sector: str = "",
) -> Unit:
    """Put a unit into the tree, below another one or at the top."""
    _must(by, "add_unit", at)
    _name_is_free(name)
    path = _lock(above).path if above else "/"  # a move of what is above has ended before
    unit = Unit.objects.create(name=name, parent=above, region=region, sector=sector)
    unit.path = f"{path}{unit.pk}/"
    unit.save(update_fields=["path"])
    record("unit.added", subject=f"unit:{unit.pk}", by=by, at=at, name=name, path=unit.path)
    return unit


@transaction.atomic
def move_unit(unit: Unit, above: Unit | None, *, by: User, at: datetime, reason: str) -> Unit:
    """Put a unit, with all below it, below another one."""
    _must(by, "move_unit", at)
    # Two moves at once could put each below the other, so the whole tree waits for one.
    tree = {each.pk: each for each in Unit.objects.select_for_update(of=("self",)).order_by("pk")}
    moved, target = tree[unit.pk], tree[above.pk] if above else None
    if target is not None and target.is_within(moved):
        raise RefusedError(
            Text("不能移到自己或下级之下", "a unit cannot be moved below itself"), where=moved.name
        )
    before, after = moved.path, f"{target.path if target else '/'}{moved.pk}/"
    Unit.objects.filter(path__startswith=before).update(
        path=Concat(Value(after), Substr("path", len(before) + 1))
    )
    Unit.objects.filter(pk=moved.pk).update(parent=target)
    record(
        "unit.moved", subject=f"unit:{moved.pk}", by=by, at=at, reason=reason,
        before=before, after=after,
    )  # fmt: skip
    unit.refresh_from_db()
    return unit


@transaction.atomic
def rename_unit(unit: Unit, name: str, *, by: User, at: datetime, reason: str) -> Unit:
    """Give a unit its new name; registers go on calling it by the old one, so that is kept."""
    _must(by, "rename_unit", at)
    row = _lock(unit)
    _name_is_free(name, but=row)
    before = row.name
    row.former_names = [*dict.fromkeys([*row.former_names, before])]
    row.name = name
    row.save(update_fields=["name", "former_names"])
    record(
        "unit.renamed", subject=f"unit:{row.pk}", by=by, at=at, reason=reason,
        before=before, after=name,
    )  # fmt: skip
    unit.refresh_from_db()
    return unit


def _name_is_free(name: str, but: Unit | None = None) -> None:
    wanted = normal_name(name)
    others = Unit.objects.exclude(pk=but.pk) if but else Unit.objects.all()
    if not wanted or any(
        normal_name(other) == wanted for other in others.values_list("name", flat=True)
    ):
        raise RefusedError(Text("已有同名单位", "a unit of that name is there"), where=name)


@transaction.atomic
def set_head(unit: Unit, head: User | None, *, by: User, at: datetime) -> Unit:
    """Say who heads a unit: a warning about them never goes to them alone."""
    _must(by, "set_head", at)
    row = _lock(unit)
    before = row.head
    row.head = head
    row.save(update_fields=["head"])
    record(
        "unit.head_set", subject=f"unit:{row.pk}", by=by, at=at,
        before=before.username if before else "", after=head.username if head else "",
    )  # fmt: skip
    unit.refresh_from_db()
    return unit


# -- supervision bodies --------------------------------------------------------------------------


@transaction.atomic
def add_body(
    name: str, kind: str, above: SupervisionBody | None = None, *, by: User, at: datetime
) -> SupervisionBody:
    _must(by, "add_body", at)
    if SupervisionBody.objects.filter(name=name).exists():
        raise RefusedError(Text("已有同名机构", "a body of that name is there"), where=name)
    body = SupervisionBody.objects.create(name=name, kind=kind, above=above)
    record("body.added", subject=f"body:{body.pk}", by=by, at=at, name=name, kind=body.kind)
    return body


@transaction.atomic
def oversee(  # noqa: PLR0913 -- all of it named by the caller
    body: SupervisionBody,
    unit: Unit,
    *,
    by: User,
    at: datetime,
    starts_on: date,
    ends_on: date | None = None,
    sector: str = "",
) -> Oversight:
    """Have a body supervise a unit and all below it, in one sector or in all."""
    _must(by, "oversee", at)
    _in_order(starts_on, ends_on)
    oversight = Oversight.objects.create(
        body=body, unit=unit, sector=sector, starts_on=starts_on, ends_on=ends_on
    )
    record(
        "oversight.begun", subject=f"oversight:{oversight.pk}", by=by, at=at,
        body=body.pk, unit=unit.pk, sector=sector, period=_period(starts_on, ends_on),
    )  # fmt: skip
    return oversight


@transaction.atomic
def end_oversight(
    oversight: Oversight, ends_on: date, *, by: User, at: datetime, reason: str
) -> Oversight:
    """Let the day be the last; it may be brought forward, not put off."""
    _must(by, "end_oversight", at)
    ended = Oversight.objects.filter(
        Q(ends_on=None) | Q(ends_on__gt=ends_on), pk=oversight.pk, starts_on__lte=ends_on
    ).update(ends_on=ends_on)
    if ended != 1:
        raise RefusedError(
            Text("这一天不在监督期内", "that day is not within its period"), where=f"{ends_on}"
        )
    record(
        "oversight.ended", subject=f"oversight:{oversight.pk}", by=by, at=at, reason=reason,
        ends_on=ends_on.isoformat(),
    )  # fmt: skip
    oversight.refresh_from_db()
    return oversight


# -- accounts ------------------------------------------------------------------------------------


@transaction.atomic
def appoint_first(
    role: Role, username: str, name: str, number: str, *, at: datetime, reason: str
) -> User:
    """At the machine itself: an administrator where nobody is one of that kind any more, or yet.

    Raises:
        RefusedError: there is one already, who can do it in the workbench.
    """
    list(User.objects.select_for_update().filter(grants__role__in=ADMINISTRATORS).values("pk"))
    in_office = Grant.objects.on(_day(at)).filter(role=role, user__is_active=True)
    if role not in ADMINISTRATORS or in_office.exists():
        raise RefusedError(
            Text(f"已有{role.label}，请其在工作台办理", f"there is a {role.label}; ask them"),
            where=role,
        )
    user = _new_user(username, name, number)
    Grant.objects.create(user=user, role=role, starts_on=_day(at))
    record(
        "user.appointed", subject=f"user:{user.pk}", by=None, at=at, reason=reason,
        username=user.username, role=role.value,
    )  # fmt: skip
    return user


@transaction.atomic
def add_user(
    username: str, name: str, *, by: User, at: datetime, unit: Unit | None = None, number: str = ""
) -> User:
    """Open an account; its owner sets the password by a one-time link (`org.links`).

    Args:
        number: their citizen number, of which only a keyed digest is kept.
    """
    _must(by, "add_user", at)
    user = _new_user(username, name, number, unit)
    record(
        "user.added", subject=f"user:{user.pk}", by=by, at=at, username=user.username,
        unit=unit.pk if unit else None, person_known=bool(user.person),
    )  # fmt: skip
    return user


def _new_user(username: str, name: str, number: str, unit: Unit | None = None) -> User:
    username = username.strip().lower()
    if User.objects.filter(username__iexact=username).exists():
        raise RefusedError(Text("登录名已被使用", "that name is taken"), where=username)
    digest = _free_digest(number) if number else ""
    return User.objects.create_user(username, name=name, unit=unit, person=digest)


def _free_digest(number: str, but: User | None = None) -> str:
    digest = person_digest(citizen_number(number))
    others = User.objects.exclude(pk=but.pk) if but else User.objects.all()
    if others.filter(person=digest).exists():
        raise RefusedError(
            Text("此人已有账号，一人一号", "this person has an account; one person has one")
        )
    return digest


@transaction.atomic
def set_password(user: User, password: str, *, at: datetime) -> User:
    """By the owner, who opened the one-time link; the link is used up with it."""
    row = _lock(user)
    row.set_password(password)
    row.save(update_fields=["password"])
    record("user.password_set", subject=f"user:{row.pk}", by=row, at=at)
    return row


@transaction.atomic
def renew_password(user: User, *, by: User, at: datetime, reason: str) -> User:
    """End an account's password and sessions; its owner sets a new one by a one-time link.

    The second factor stays: who renews passwords cannot enter with it. To take that away is the
    security administrator's part.
    """
    _must(by, "renew_password", at)
    row = _lock(user)
    row.set_unusable_password()
    row.save(update_fields=["password"])
    record("user.password_renewed", subject=f"user:{row.pk}", by=by, at=at, reason=reason)
    return row


@transaction.atomic
def renew_second_factor(user: User, *, by: User, at: datetime, reason: str) -> User:
    """Take away lost keys and codes; at the next sign-in the owner sets up new ones."""
    _must(by, "renew_second_factor", at)
    if user.pk == by.pk:
        raise RefusedError(Text("不能为自己办理", "not for oneself"))
    row = _lock(user)
    gone, _ = Authenticator.objects.filter(user=row).delete()
    record(
        "user.second_factor_renewed", subject=f"user:{row.pk}", by=by, at=at, reason=reason,
        removed=gone,
    )  # fmt: skip
    return row


@transaction.atomic
def deactivate_user(user: User, *, by: User, at: datetime, reason: str) -> User:
    """Close the account of somebody who left; with it end their grants, and who stands in for whom.

    An administrator's part is withdrawn by the security administrator first, so that none of the
    three can lock out another.
    """
    _must(by, "deactivate_user", at)
    row = _lock(user)
    grants = Grant.objects.filter(user=row, withdrawn_at=None)
    if grants.filter(role__in=ADMINISTRATORS).exists():
        raise RefusedError(
            Text("请先由安全管理员收回其管理员角色", "the security administrator withdraws their part first"),
            where=row.username,
        )  # fmt: skip
    if not row.is_active:
        raise RefusedError(Text("账号已停用", "the account is closed"), where=row.username)
    ended = grants.update(withdrawn_at=at)
    lent = Delegation.objects.filter(Q(principal=row) | Q(deputy=row), withdrawn_at=None)
    handed_back = lent.update(withdrawn_at=at)
    row.is_active = False
    row.save(update_fields=["is_active"])
    record(
        "user.deactivated", subject=f"user:{row.pk}", by=by, at=at, reason=reason,
        grants=ended, delegations=handed_back,
    )  # fmt: skip
    return row


@transaction.atomic
def readmit_user(user: User, *, by: User, at: datetime, reason: str) -> User:
    """Open a closed account again: with no right, and no password until its owner sets one."""
    _must(by, "readmit_user", at)
    row = _lock(user)
    if row.is_active:
        raise RefusedError(Text("账号未停用", "the account is open"), where=row.username)
    row.is_active = True
    row.set_unusable_password()
    row.save(update_fields=["is_active", "password"])
    record("user.readmitted", subject=f"user:{row.pk}", by=by, at=at, reason=reason)
    return row


# -- rights --------------------------------------------------------------------------------------


@transaction.atomic
def grant(  # noqa: PLR0913 -- all of it named by the caller
    user: User,
    role: Role,
    *,
    by: User,
    at: datetime,
    starts_on: date,
    ends_on: date | None = None,
    body: SupervisionBody | None = None,
    unit: Unit | None = None,
    reason: str = "",
) -> Grant:
    """Give somebody a role for a period, from today on; never oneself.

    Raises:
        RefusedError: it would make one person two of the three administrators, or an administrator an
            officer; or nobody could say about whom they must not judge, since their number is unknown.
    """
    _must(by, "grant", at)
    _in_order(starts_on, ends_on)
    row = _lock(user)
    if by.pk == row.pk:
        raise RefusedError(Text("不能给自己授权", "nobody grants themself a role"))
    if not row.is_active:
        raise RefusedError(Text("账号已停用", "the account is closed"), where=row.username)
    if starts_on < _day(at):
        raise RefusedError(
            Text("不能补授过去的权限", "no right begins in the past"), where=f"{starts_on}"
        )
    _in_its_place(role, body, unit)
    if role not in ADMINISTRATORS and not row.person:
        raise RefusedError(
            Text("未登记公民身份号码，无法回避本人的预警", "their number is unknown, so they would not be kept from a warning about themself"),
            where=row.username,
            hint=Text("由系统管理员或本人先登记", "the system administrator or they themself enter it first"),
        )  # fmt: skip
    _apart(row, role, starts_on, ends_on, body, unit)
    given = Grant.objects.create(
        user=row, role=role, body=body, unit=unit, starts_on=starts_on, ends_on=ends_on, granted_by=by
    )  # fmt: skip
    record(
        "grant.given", subject=f"user:{row.pk}", by=by, at=at, reason=reason, grant=given.pk,
        role=role.value, body=body.pk if body else None, unit=unit.pk if unit else None,
        period=_period(starts_on, ends_on),
    )  # fmt: skip
    return given


def _in_its_place(role: Role, body: SupervisionBody | None, unit: Unit | None) -> None:
    at_unit = role in UNIT_ROLES
    at_body = role not in ADMINISTRATORS and not at_unit
    if (body is not None) != at_body or (unit is not None) != at_unit:
        place = (
            Text("监督机构", "a supervision body") if at_body
            else Text("单位", "a unit") if at_unit
            else Text("整个系统，不填机构和单位", "the whole system, without body or unit")
        )  # fmt: skip
        raise RefusedError(
            Text(f"{role.label}应授予：{place.zh}", f"the role is given in {place.en}"), where=role
        )


def _apart(
    user: User,
    role: Role,
    starts_on: date,
    ends_on: date | None,
    body: SupervisionBody | None,
    unit: Unit | None,
) -> None:
    """What the triggers refuse, in words; the user's row is locked."""
    meanwhile = Grant.objects.filter(Q(ends_on=None) | Q(ends_on__gte=starts_on), user=user, withdrawn_at=None)  # fmt: skip
    if ends_on is not None:
        meanwhile = meanwhile.filter(starts_on__lte=ends_on)
    if meanwhile.filter(role=role, body=body, unit=unit).exists():
        raise RefusedError(Text("已有同样的授权", "they have this role there"), where=user.username)
    others = meanwhile.exclude(role=role)
    if role not in ADMINISTRATORS:
        others = others.filter(role__in=ADMINISTRATORS)
    if others.exists():
        raise RefusedError(
            Text("三员分立：管理员不得兼任其他角色", "an administrator has no other role"),
            where=user.username,
        )


@transaction.atomic
def withdraw_grant(given: Grant, *, by: User, at: datetime, reason: str) -> Grant:
    """Take a role back, at once; nobody their own, so that there is always somebody who can."""
    _must(by, "withdraw_grant", at)
    _lock(given.user)
    if by.pk == given.user_id:
        raise RefusedError(Text("不能收回自己的权限", "nobody withdraws their own"))
    if Grant.objects.filter(pk=given.pk, withdrawn_at=None).update(withdrawn_at=at) != 1:
        raise RefusedError(Text("已经收回", "it has been withdrawn"))
    record(
        "grant.withdrawn", subject=f"user:{given.user_id}", by=by, at=at, reason=reason,
        grant=given.pk, role=given.role,
    )  # fmt: skip
    given.refresh_from_db()
    return given


@transaction.atomic
def delegate(  # noqa: PLR0913 -- all of it named by the caller
    principal: User,
    deputy: User,
    *,
    by: User,
    at: datetime,
    starts_on: date,
    ends_on: date,
    reason: str,
) -> Delegation:
    """Have somebody of the same body or unit do one's work while one is away.

    Either side, or the security administrator, ends it at any time (`withdraw_delegation`): while it
    lasts the deputy may not judge whom the principal may not judge.
    """
    if by.pk != principal.pk:
        _must(by, "delegate", at)
    _in_order(starts_on, ends_on)
    if starts_on < _day(at):
        raise RefusedError(
            Text("不能补登过去的代理", "nobody stood in in the past"), where=f"{starts_on}"
        )
    # Both, always in one order: two who name each other at once wait instead of blocking each other.
    both = {
        user.pk: user
        for user in User.objects.select_for_update(of=("self",))
        .filter(pk__in=[principal.pk, deputy.pk])
        .order_by("pk")
    }
    if len(both) < 2:
        raise RefusedError(Text("不能由自己代理", "nobody stands in for themself"))
    if not all(user.is_active for user in both.values()):
        raise RefusedError(Text("账号已停用", "the account is closed"))
    _can_stand_in(principal, deputy, starts_on, ends_on)
    lent = Delegation.objects.create(
        principal=principal, deputy=deputy, starts_on=starts_on, ends_on=ends_on, reason=reason
    )
    record(
        "delegation.given", subject=f"user:{principal.pk}", by=by, at=at, reason=reason,
        delegation=lent.pk, deputy=deputy.username, period=_period(starts_on, ends_on),
    )  # fmt: skip
    return lent


def _can_stand_in(principal: User, deputy: User, starts_on: date, ends_on: date) -> None:
    def places(user: User) -> set[tuple[str, int | None, int | None]]:
        grants = Grant.objects.filter(
            Q(ends_on=None) | Q(ends_on__gte=starts_on),
            user=user, withdrawn_at=None, starts_on__lte=ends_on,
        ).values_list("role", "body", "unit")  # fmt: skip
        return set(grants)

    lent, own = places(principal), places(deputy)
    if any(role in ADMINISTRATORS for role, _, _ in lent | own):
        raise RefusedError(
            Text("管理员的职责不能代理", "an administrator neither lends nor borrows a part")
        )
    shared = {(body, unit) for _, body, unit in lent} & {(body, unit) for _, body, unit in own}
    if not shared:
        raise RefusedError(
            Text("代理人应来自同一机构或单位", "a deputy works in the same body or unit"),
            where=deputy.username,
        )
    if not deputy.person:
        raise RefusedError(
            Text("代理人未登记公民身份号码", "the deputy's number is unknown"),
            where=deputy.username,
        )


@transaction.atomic
def withdraw_delegation(lent: Delegation, *, by: User, at: datetime, reason: str) -> Delegation:
    """End it at once: by either side, or by the security administrator."""
    if by.pk not in {lent.principal_id, lent.deputy_id}:
        _must(by, "withdraw_delegation", at)
    if Delegation.objects.filter(pk=lent.pk, withdrawn_at=None).update(withdrawn_at=at) != 1:
        raise RefusedError(Text("已经收回", "it has been withdrawn"))
    record(
        "delegation.withdrawn", subject=f"user:{lent.principal_id}", by=by, at=at, reason=reason,
        delegation=lent.pk,
    )  # fmt: skip
    lent.refresh_from_db()
    return lent


# -- about whom they may not judge ---------------------------------------------------------------


@transaction.atomic
def set_person(user: User, number: str, *, by: User, at: datetime, reason: str = "") -> User:
    """Enter somebody's own citizen number, of which a keyed digest is kept.

    They themself once; afterwards the system administrator alone, with a reason: who could change it
    could be shown a warning about themself.
    """
    row = _lock(user)
    if by.pk != row.pk or row.person:
        _must(by, "set_person", at)
        if row.person and not reason.strip():
            raise RefusedError(Text("请写明更正理由", "say why it is corrected"))
    first = not row.person
    row.person = _free_digest(number, but=row)
    row.save(update_fields=["person"])
    record(
        "user.person_set", subject=f"user:{row.pk}", by=by, at=at, reason=reason, first=first
    )  # fmt: skip
    user.refresh_from_db()
    return user


@transaction.atomic
def declare_kin(user: User, relation: str, number: str, *, at: datetime) -> Kin:
    """Declare a relative about whom one may not judge; what is declared, one cannot take back oneself."""
    digest = person_digest(citizen_number(number))
    row = _lock(user)
    if digest == row.person:
        raise RefusedError(Text("这是本人的号码", "that is your own number"))
    if Kin.objects.filter(user=row, person=digest).exists():
        raise RefusedError(Text("已经申报过", "it has been declared"))
    kin = Kin.objects.create(user=row, relation=relation, person=digest)
    record(
        "kin.declared", subject=f"user:{row.pk}", by=row, at=at, kin=kin.pk, relation=relation
    )  # fmt: skip
    return kin


@transaction.atomic
def withdraw_kin(kin: Kin, *, by: User, at: datetime, reason: str) -> None:
    """Take back what was declared by mistake: by the security administrator, never one's own."""
    _must(by, "withdraw_kin", at)
    if by.pk == kin.user_id:
        raise RefusedError(Text("不能为自己办理", "not for oneself"))
    if not reason.strip():
        raise RefusedError(Text("请写明理由", "say why"))
    gone, _ = Kin.objects.filter(pk=kin.pk).delete()
    if gone != 1:
        raise RefusedError(Text("已经撤销", "it has been taken back"))
    record(
        "kin.withdrawn", subject=f"user:{kin.user_id}", by=by, at=at, reason=reason,
        relation=kin.relation,
    )  # fmt: skip


def _in_order(starts_on: date, ends_on: date | None) -> None:
    if ends_on is not None and ends_on < starts_on:
        raise RefusedError(Text("止日早于起日", "it ends before it starts"), where=f"{ends_on}")


def _period(starts_on: date, ends_on: date | None) -> dict[str, str | None]:
    return {
        "starts_on": starts_on.isoformat(),
        "ends_on": ends_on.isoformat() if ends_on else None,
    }
