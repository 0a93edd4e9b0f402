"""What the database itself refuses about people and their rights."""

from __future__ import annotations

from datetime import date

import pytest
from django.db import IntegrityError

from plumbline.org.models import Grant, Role
from tests import people

pytestmark = pytest.mark.django_db


def test_nobody_is_two_of_the_three_administrators() -> None:
    cast = people.cast()
    with pytest.raises(IntegrityError, match=r"grant_one_administrator_each|UNIQUE"):
        Grant.objects.create(user=cast.sysadmin, role=Role.AUDIT_ADMIN, starts_on=date(2026, 1, 1))


def test_nobody_grants_themself_a_role() -> None:
    cast = people.cast()
    with pytest.raises(IntegrityError, match="grant_not_by_oneself"):
        Grant.objects.create(
            user=cast.li, granted_by=cast.li, role=Role.SECRETARY, starts_on=date(2026, 1, 1)
        )
