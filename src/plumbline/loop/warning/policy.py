"""Who may see evidence in clear, and whom nobody looks up; which warnings somebody sees is the model's own."""

from __future__ import annotations

import re
from collections.abc import Collection
from datetime import date

from plumbline.errors import PlumblineError, Text
from plumbline.loop.warning.models import OVERSEEING, REVIEWING, EarlyWarning
from plumbline.org.models import Role, User
from plumbline.org.policy import (
    WrongNumberError,
    citizen_number,
    name_digest,
    normal_number,
    own_people,
    person_digest,
    rights_of,
)

#: Who looks a person up among the warnings they see anyway.
LOOKING_UP = (*OVERSEEING, Role.VERIFIER)

_CREDIT_CODE = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # GB 32100; a character's place is its value


class NothingAskedError(PlumblineError):
    """To see something in clear one says what."""


def may_look_up(user: User, on: date) -> bool:
    return rights_of(user, on).has(*LOOKING_UP)


def may_read(user: User, warning: EarlyWarning, on: date) -> bool:
    """May they see its evidence in clear, for a purpose? Whoever only sends it on may not."""
    return EarlyWarning.objects.visible_to(user, on, REVIEWING).filter(pk=warning.pk).exists()


def are_own_people(digests: Collection[str], *, by: User, on: date) -> bool:
    """Is somebody among them about whom they may know nothing: themself, kin, or those of whom they stand in for?"""
    return bool(own_people(by, on) & set(digests))


def must_name_fields(fields: Collection[str], *, where: str) -> None:
    """Raises: NothingAskedError: nothing was named."""
    if not fields:
        raise NothingAskedError(Text("请选择要查看的栏目", "choose what to see"), where=where)


def digests_of(person: str) -> tuple[frozenset[str], frozenset[str]]:
    """By what somebody is found: digests of a number, of a name; one of the two is empty.

    Args:
        person: a full citizen number or credit code, or a name.

    Raises:
        WrongNumberError: it is neither.
    """
    if any(sign.isdigit() for sign in person):
        number = normal_number(person)
        if not _is_credit_code(number):
            number = citizen_number(number)
        return frozenset({person_digest(number)}), frozenset()
    named = name_digest(person)
    if not named:
        raise WrongNumberError(
            Text("请填写完整的姓名、名称或号码", "write the whole name or number")
        )
    return frozenset(), frozenset({named})


def _is_credit_code(number: str) -> bool:
    if not re.fullmatch(f"[{_CREDIT_CODE}]{{18}}", number):
        return False
    total = sum(_CREDIT_CODE.index(sign) * pow(3, i, 31) for i, sign in enumerate(number[:17]))
    return _CREDIT_CODE[-total % 31] == number[17]
