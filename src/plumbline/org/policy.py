"""Who somebody is here on a day: roles, places, whom they stand in for, and about whom they may know nothing.

Which role each action needs is written down in the policy of the app it belongs to; here are the means:

    rights = rights_of(user, on)
    rights.bodies(Role.VERIFIER)                 # identifiers of the bodies they verify in
    rights.holding(Role.VERIFIER, body=office)   # by which right they act; a deputy's names whose
    rights.barred                                # digests: themself, kin, and those of whom they stand in for
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import secrets
import unicodedata
from collections.abc import Callable, Hashable, Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

from django.conf import settings
from django.contrib.auth.models import AnonymousUser
from django.db import connection
from django.db.models import Q

from plumbline.errors import PlumblineError, Text
from plumbline.org.models import (
    ADMINISTRATORS,
    Role,
    SupervisionBody,
    Unit,
    User,
)

#: Which administrator does what (三员分立); what nobody is named for, none of them may.
MAY: Mapping[str, Role] = {
    "add_unit": Role.SYSTEM_ADMIN,
    "move_unit": Role.SYSTEM_ADMIN,
    "rename_unit": Role.SYSTEM_ADMIN,
    "set_head": Role.SYSTEM_ADMIN,
    "add_body": Role.SYSTEM_ADMIN,
    "oversee": Role.SYSTEM_ADMIN,
    "end_oversight": Role.SYSTEM_ADMIN,
    "place_leaders": Role.SYSTEM_ADMIN,
    "end_authority": Role.SYSTEM_ADMIN,
    "add_user": Role.SYSTEM_ADMIN,
    "renew_password": Role.SYSTEM_ADMIN,
    "deactivate_user": Role.SYSTEM_ADMIN,
    "readmit_user": Role.SYSTEM_ADMIN,
    "set_person": Role.SYSTEM_ADMIN,
    "grant": Role.SECURITY_ADMIN,
    "withdraw_grant": Role.SECURITY_ADMIN,
    "delegate": Role.SECURITY_ADMIN,
    "withdraw_delegation": Role.SECURITY_ADMIN,
    "withdraw_kin": Role.SECURITY_ADMIN,
    "renew_second_factor": Role.SECURITY_ADMIN,
    "read_trail": Role.AUDIT_ADMIN,
}


class NotYoursError(PlumblineError):
    """Somebody else's part; pages never let it come so far."""


@dataclass(frozen=True)
class Holding:
    """A role that somebody may act in.

    Attributes:
        body, unit: identifiers of where; both None for the administrators.
        path: of the unit; its subtree is meant.
        on_behalf: whose role it is, where they stand in for somebody; None for their own.
    """

    role: Role
    body: int | None
    unit: int | None
    path: str
    on_behalf: User | None

    def is_at(self, body: SupervisionBody | None, unit: Unit | None) -> bool:
        if body is not None and self.body != body.pk:
            return False
        return unit is None or bool(self.path and unit.path.startswith(self.path))


@dataclass(frozen=True)
class Rights:
    """What somebody may on a day: by their own grants, and by delegation of those who are away.

    A deputy has the principal's roles and not the principal's delegations; administrators neither hand
    on their part nor stand in for officers, so that the three never meet in one hand.

    Attributes:
        barred: digests of persons about whom they may see, do and approve nothing: themself, their kin,
            whoever declared them as kin, and the same of everybody they stand in for.
    """

    user: User | AnonymousUser
    on: date
    holdings: tuple[Holding, ...]
    barred: frozenset[str]

    def has(self, *roles: Role) -> bool:
        """Have they one of these roles, anywhere?"""
        return any(held.role in roles for held in self.holdings)

    def bodies(self, *roles: Role) -> frozenset[int]:
        """Identifiers of the bodies in which they have one of the roles; of any role if none is named."""
        return frozenset(
            held.body for held in self._with(roles) if held.body is not None
        )  # fmt: skip

    def bodies_and_below(self, *roles: Role) -> frozenset[int]:
        """As `bodies`, with all bodies below them."""
        reached, new = set[int](), set(self.bodies(*roles))
        while new:
            reached |= new
            new = {below for body in new for below in self._below.get(body, ())} - reached
        return frozenset(reached)

    def units(self, *roles: Role) -> frozenset[int]:
        """Identifiers of the units they have one of the roles for; the units below them are meant too."""
        return frozenset(held.unit for held in self._with(roles) if held.unit is not None)

    def within(self, *roles: Role, unit: str = "unit") -> Q:
        """Condition that a row's unit lies in the subtrees of `units(*roles)`; nothing where there are none.

        Args:
            unit: how the row names its unit; empty if the row is a unit.
        """
        field = f"{unit}__path__startswith" if unit else "path__startswith"
        inside = Q(pk__in=())
        for path in sorted({held.path for held in self._with(roles) if held.path}):
            inside |= Q(**{field: path})
        return inside

    def holding(
        self, *roles: Role, body: SupervisionBody | None = None, unit: Unit | None = None
    ) -> Holding | None:
        """By which right they act there in one of the roles: their own before a deputy's, or none."""
        fitting = [held for held in self._with(roles) if held.is_at(body, unit)]
        return min(fitting, key=lambda held: held.on_behalf is not None, default=None)

    @property
    def acts_for(self) -> dict[User, frozenset[Role]]:
        """Whom they stand in for, and in which roles."""
        return {
            user: frozenset(held.role for held in self.holdings if held.on_behalf == user)
            for user in (held.on_behalf for held in self.holdings)
            if user is not None
        }

    @property
    def administers(self) -> Role | None:
        """Which of the three administrators they are."""
        return next((held.role for held in self.holdings if held.role in ADMINISTRATORS), None)

    def may(self, action: str) -> bool:
        """Is it their part among the administrators' (`MAY`)?"""
        return self.has(MAY[action])

    def _with(self, roles: tuple[Role, ...]) -> list[Holding]:
        return [held for held in self.holdings if not roles or held.role in roles]

    @cached_property
    def _below(self) -> dict[int, list[int]]:
        below: dict[int, list[int]] = {}
        pairs = SupervisionBody.objects.exclude(above=None).values_list("above_id", "pk")
        for above, body in pairs:
            below.setdefault(above, []).append(body)
        return below


_known: ContextVar[dict[Hashable, Any] | None] = ContextVar("known", default=None)
Answer = TypeVar("Answer")


@contextmanager
def remembering() -> Iterator[None]:
    """For the length of a batch of the system's own: what is asked about rights is asked once.

    What a person does is always checked against the rights of that very moment.
    """
    token = _known.set({})
    try:
        yield
    finally:
        _known.reset(token)


def once(question: Hashable, ask: Callable[[], Answer]) -> Answer:
    """The answer that was given in this batch (`remembering`), or a new one; outside a batch a new one."""
    known = _known.get()
    if known is None:
        return ask()
    if question not in known:
        known[question] = ask()
    answer: Answer = known[question]
    return answer


def rights_of(user: User | AnonymousUser, on: date) -> Rights:
    """What somebody may on a day, in three questions; in one request only once (`keep_rights`)."""
    return once(("rights", user.pk, on), lambda: _asked(user, on))


def _asked(user: User | AnonymousUser, on: date) -> Rights:
    kept: dict[date, Rights] | None = getattr(user, "_rights", None)
    if kept is not None and on in kept:
        return kept[on]
    rights = _rights(user, on) if user.is_active and isinstance(user.pk, int) else None
    rights = rights or Rights(user, on, (), frozenset())
    if kept is not None:
        kept[on] = rights
    return rights


def keep_rights(user: User | AnonymousUser) -> None:
    """From now on `rights_of` this very object asks once a day's rights: for the length of a request."""
    user._rights = {}  # type: ignore[union-attr]  # noqa: SLF001


def own_people(user: User, on: date) -> frozenset[str]:
    """Digests of persons about whom somebody may see, do and approve nothing (`Rights.barred`)."""
    return rights_of(user, on).barred


def _rights(user: User | AnonymousUser, on: date) -> Rights:
    day = on.isoformat()
    with connection.cursor() as cursor:
        cursor.execute(_STOOD_IN_FOR, [user.pk, day, day])
        away = [pk for (pk,) in cursor.fetchall()]
        people = [user.pk, *away]
        several = ", ".join(["%s"] * len(people))
        cursor.execute(_GRANTED.format(several), [*people, day, day])
        granted = [_Granted(*row) for row in cursor.fetchall()]
        own = [each for each in granted if each.user == user.pk]
        administers = [each for each in own if each.role in ADMINISTRATORS]
        if (
            administers
        ):  # the database refuses anything beside it; should it be there, it gives no right
            return Rights(
                user, on, tuple(each.holding(None) for each in administers), frozenset()
            )  # fmt: skip
        cursor.execute(_BARRED.format(several), people * 3)
        barred = frozenset(person for (person,) in cursor.fetchall()) - {""}
    principals = User.objects.in_bulk(away) if away else {}
    held = own + [
        each for each in granted if each.user != user.pk and each.role not in ADMINISTRATORS
    ]
    return Rights(
        user, on, tuple(each.holding(principals.get(each.user)) for each in held), barred
    )  # fmt: skip


class _Granted(NamedTuple):
    user: int
    role: str
    body: int | None
    unit: int | None
    path: str

    def holding(self, on_behalf: User | None) -> Holding:
        return Holding(Role(self.role), self.body, self.unit, self.path, on_behalf)


# Nothing else is asked as often, several times in each act: to compose these anew would take ten times as long
# as the database takes to answer them. A grant is in force as `GrantQuerySet.on` has it.
_STOOD_IN_FOR = """
    SELECT DISTINCT d.principal_id FROM org_delegation d JOIN org_user p ON p.id = d.principal_id
    WHERE d.deputy_id = %s AND d.starts_on <= %s AND d.ends_on >= %s AND d.withdrawn_at IS NULL AND p.is_active
"""
_GRANTED = """
    SELECT g.user_id, g.role, g.body_id, g.unit_id, coalesce(u.path, '')
    FROM org_grant g LEFT JOIN org_unit u ON u.id = g.unit_id
    WHERE g.user_id IN ({}) AND g.starts_on <= %s AND (g.ends_on IS NULL OR g.ends_on >= %s)
      AND g.withdrawn_at IS NULL
    ORDER BY g.id
"""
# Kinship goes both ways: who was declared by somebody is kin of whoever declared it, while they are here.
_BARRED = """
    SELECT person FROM org_user WHERE id IN ({0})
    UNION SELECT person FROM org_kin WHERE user_id IN ({0})
    UNION SELECT theirs.person
    FROM org_user own
    JOIN org_kin k ON k.person = own.person
    JOIN org_user theirs ON theirs.id = k.user_id AND theirs.is_active
    WHERE own.id IN ({0}) AND own.person <> ''
"""


# -- people by digest ----------------------------------------------------------------------------

_LOOK_ALIKE = str.maketrans("ХхΧχ", "XXXX")  # Cyrillic and Greek; NFKC leaves them
_NEITHER_SEEN_NOR_MEANT = re.compile(r"[\s\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff'`‘’]")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_keys: dict[Path, bytes] = {}


class WrongNumberError(PlumblineError):
    """Not a citizen number. A digest of it would match nobody, and bar from nothing."""


def normal_number(number: str) -> str:
    """A citizen number or credit code as the engine stores it: plain width, no spaces, upper case."""
    folded = unicodedata.normalize("NFKC", number)
    return _NEITHER_SEEN_NOR_MEANT.sub("", folded).translate(_LOOK_ALIKE).upper()


def citizen_number(raw: str) -> str:
    """The normal form of a citizen number of 18 characters whose check character is right (GB 11643).

    Raises:
        WrongNumberError: it is none; the message does not repeat it.
    """
    number = normal_number(raw)
    if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
        raise WrongNumberError(Text("应为 18 位公民身份号码", "a citizen number has 18 characters"))
    total = sum(int(digit) * weight for digit, weight in zip(number[:17], _WEIGHTS, strict=True))
    if "10X98765432"[total % 11] != number[17]:
        raise WrongNumberError(
            Text("校验码不符，请核对后重新填写", "the check character is wrong; compare and write it again")
        )  # fmt: skip
    return number


def person_digest(number: str) -> str:
    """By what the workbench knows a person or an organisation without keeping the number.

    HMAC-SHA256 under a key of this office (`person.key` among its private files), 64 hexadecimal
    characters. Old citizen numbers of 15 digits are given in their form of 18.
    """
    return hmac.new(_key(), normal_number(number).encode(), hashlib.sha256).hexdigest()


def name_digest(name: str) -> str:
    """By what a person's or organisation's name is found without being kept; empty of a masked or empty one.

    Under the same key as `person_digest`, and never equal to a number's.
    """
    folded = _NEITHER_SEEN_NOR_MEANT.sub("", unicodedata.normalize("NFKC", name)).casefold()
    plain = re.sub(r"[·•・.]", "", folded)
    if not plain or "*" in plain or "某" in plain:
        return ""
    return hmac.new(_key(), f"name {plain}".encode(), hashlib.sha256).hexdigest()


def _key() -> bytes:
    path = Path(settings.PRIVATE) / "person.key"
    if path not in _keys:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make_key(path)
        _keys[path] = path.read_bytes()
    return _keys[path]


def _make_key(path: Path) -> None:
    """Whole or not at all, and of two who make it at once, one: a lost key would bar nobody any more."""
    draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
    file = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        os.write(file, secrets.token_bytes(32))
        os.fsync(file)
    finally:
        os.close(file)
    with suppress(FileExistsError):
        os.link(draft, path)
    draft.unlink()
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
