"""Whom leaders answer to is kept by the system administrator, and dispatch goes by it."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from plumbline.loop.disposal.actions.authority import (
    AuthorityError,
    end_authority,
    place_leaders,
)
from plumbline.loop.disposal.models import StaffAuthority
from plumbline.loop.disposal.queries.authority import visible_to
from plumbline.loop.disposal.queries.route import by_staff_authority
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.loop.disposal import warned
from tests.people import NOW, TODAY, sign_in

pytestmark = pytest.mark.django_db

NEXT_YEAR = date(2027, 1, 1)


def placed(cast: Any, **other: Any) -> StaffAuthority:
    values = {"by": cast.sysadmin, "at": NOW, "starts_on": TODAY, **other}
    return place_leaders(cast.group, cast.industry, **values)


def test_a_warning_about_a_head_goes_where_its_leaders_answer(cast: Any) -> None:
    cast.industry.head = cast.contact
    cast.industry.save()
    cast.contact.person = "h" * 64
    cast.contact.save()
    case = warned.disposal(cast, "h" * 64)
    assert by_staff_authority(case, TODAY) == []
    made = placed(cast)
    assert by_staff_authority(case, TODAY) == [cast.group]
    end_authority(made, TODAY, by=cast.sysadmin, at=NOW, reason="机构改革")
    assert by_staff_authority(case, TODAY + timedelta(days=1)) == []


def test_beginning_and_end_are_on_the_trail(cast: Any) -> None:
    made = placed(cast)
    end_authority(made, TODAY, by=cast.sysadmin, at=NOW, reason="机构改革")
    begun, ended = Entry.objects.filter(subject=f"staff_authority:{made.pk}").order_by("pk")
    assert (begun.action, begun.actor) == ("staff_authority.begun", "sysadmin")
    assert (begun.detail["body"], begun.detail["unit"]) == (cast.group.pk, cast.industry.pk)
    assert (ended.action, ended.reason) == ("staff_authority.ended", "机构改革")


@pytest.mark.parametrize("who", ["secadmin", "auditor", "head", "secretary", "stranger"])
def test_nobody_else_keeps_it(cast: Any, who: str) -> None:
    made = placed(cast)
    with pytest.raises(NotYoursError):
        place_leaders(cast.office, cast.civil, by=getattr(cast, who), at=NOW, starts_on=TODAY)
    with pytest.raises(NotYoursError):
        end_authority(made, TODAY, by=getattr(cast, who), at=NOW, reason="x")
    assert not visible_to(getattr(cast, who), TODAY).exists()
    made.refresh_from_db()
    assert made.ends_on is None


def test_leaders_answer_to_one_body_at_a_time(cast: Any) -> None:
    made = placed(cast)
    with pytest.raises(AuthorityError, match="in these days they answer to"):
        place_leaders(cast.office, cast.industry, by=cast.sysadmin, at=NOW, starts_on=NEXT_YEAR)
    end_authority(made, date(2026, 12, 31), by=cast.sysadmin, at=NOW, reason="调整")
    place_leaders(cast.office, cast.industry, by=cast.sysadmin, at=NOW, starts_on=NEXT_YEAR)
    with pytest.raises(AuthorityError, match="not within its period"):
        end_authority(made, NEXT_YEAR, by=cast.sysadmin, at=NOW, reason="延后")
    with pytest.raises(AuthorityError, match="ends before it starts"):
        placed(cast, starts_on=NEXT_YEAR, ends_on=TODAY)


class TestPage:
    def test_one_is_added_and_ended(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.sysadmin)
        today = timezone.localdate()
        said = {"body": cast.group.pk, "unit": cast.industry.pk, "starts_on": today, "ends_on": ""}
        answer = client.post(reverse("disposal:authorities"), said, follow=True)
        assert cast.industry.name in answer.content.decode()
        made = StaffAuthority.objects.get()
        again = client.post(reverse("disposal:authorities"), said)
        assert "这段时间已归" in again.content.decode()
        ending = reverse("disposal:end_authority", args=[made.pk])
        client.post(ending, {"ends_on": today, "reason": ""})
        made.refresh_from_db()
        assert made.ends_on is None  # nobody said why
        client.post(ending, {"ends_on": today, "reason": "机构改革"})
        made.refresh_from_db()
        assert made.ends_on == today

    @pytest.mark.parametrize("who", ["secadmin", "auditor", "fen", "head", "stranger"])
    def test_there_is_no_such_page_for_others(self, cast: Any, client: Client, who: str) -> None:
        made = placed(cast)
        sign_in(client, getattr(cast, who))
        assert client.get(reverse("disposal:authorities")).status_code == 404
        ending = reverse("disposal:end_authority", args=[made.pk])
        assert client.post(ending, {"ends_on": TODAY, "reason": "x"}).status_code == 404
