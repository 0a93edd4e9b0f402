"""Reads of personal data held against the model of unusual look-ups, and who learns what it finds."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from plumbline.loop.supervision.look_ups.intake import unusual_look_ups
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.models import Delegation, Role, User
from plumbline.trail.actions import record_reading
from plumbline.trail.models import Entry
from plumbline.web.look_ups import DutyError, rows_of, work
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

DAY = timedelta(days=1)


@pytest.fixture(autouse=True)
def _office(db: None, settings: Any, tmp_path: Path, private: Path) -> Any:  # noqa: ARG001 -- for their effects
    settings.WORKSPACE = tmp_path
    settings.SECOND_FACTOR = "optional"
    with time_machine.travel(NOW, tick=False):
        yield


@pytest.fixture
def cast() -> Any:
    return people.cast()


def read(user: User, persons: int, at: Any = NOW, where: str = "warning:900", **more: Any) -> None:
    record_reading(
        whom=[f"{n:064x}" for n in range(persons)], where=where, fields=["name"], purpose="核对", case="1",
        by=user, at=at, **more,
    )  # fmt: skip


def peers(cast: Any) -> None:
    for back in range(1, 9):
        read(cast.li, 3 + back % 2, NOW - back * DAY)


def day_of(reader: str) -> dict[str, Any]:
    """What is delivered about somebody's day."""
    [found] = [row for row in rows_of(NOW)["look_up_days"] if row["账号"] == reader]
    return found


def page(user: User) -> str:
    client = Client()
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    answer = client.get(reverse("readings"))
    assert answer.status_code == 200
    return answer.content.decode()


def test_who_sees_far_more_than_others_is_told_to_the_auditor_alone(
    cast: Any, private: Path
) -> None:
    assert "还没有比对过" in page(cast.auditor)
    peers(cast)
    read(cast.wang, 40)
    read(cast.wang, 40)  # the same people again are the same people
    assert work(NOW) == "days 9, warnings 1"
    assert work(NOW) == "days 9, warnings 1"  # twice is once
    shown = page(cast.auditor)
    assert "查看40人的个人信息" in shown
    assert "专项行动集中核查" in shown  # the innocent explanations
    assert "不是对任何人的结论" in shown
    assert not EarlyWarning.objects.exists()  # no page, list or figure of the workbench knows of it
    assert (private / "oversight").stat().st_mode & 0o777 == 0o700
    examined = Entry.objects.filter(action="look_ups.examined").last()
    assert examined is not None
    assert examined.detail == {"days": 9, "warnings": 1}


def test_an_auditor_learns_of_another_and_never_of_themself(cast: Any) -> None:
    peers(cast)
    other = people.user("auditor2", "另一审计", Role.AUDIT_ADMIN)
    read(cast.auditor, 40)
    work(NOW)
    assert "查看40人的个人信息" not in page(cast.auditor)
    assert "查看40人的个人信息" in page(other)
    assert unusual_look_ups("auditor") == []


def test_what_is_past_is_no_longer_told(cast: Any) -> None:
    peers(cast)
    read(cast.wang, 40)
    work(NOW)
    later = NOW + 31 * DAY
    for back in range(1, 10):
        read(cast.li, 3, later - back * DAY)
    assert work(later) == "days 9, warnings 0"


def test_an_office_where_nobody_reads_is_told_nothing(cast: Any) -> None:
    assert work(NOW) == "days 0, warnings 0"
    assert "还没有比对过" in page(cast.auditor)


def test_what_is_delivered_holds_digests_and_no_names_of_people(cast: Any) -> None:
    read(cast.wang, 2, NOW.replace(hour=23), where="search")
    rows = rows_of(NOW + DAY)
    first, second = rows["look_ups"]
    assert {len(first["被查看人摘要"]), len(second["被查看人摘要"])} == {64}
    assert (first["用途"], first["案卷号"], first["页面"]) == ("核对", "1", "search")
    assert (first["本人承办"], first["值班"]) == ("否", "否")
    [day] = rows["look_up_days"]
    assert (day["查看人数"], day["案卷数"]) == (2, 0)  # a search is of no file


def test_own_files_are_those_one_works(cast: Any) -> None:
    case = warned.verifying(warned.disposal(cast), cast)  # li verifies, the head assigned
    where = f"disposal:{case.pk}"
    for user in (cast.li, cast.head, cast.wang):
        read(user, 5, where=where)
        read(user, 5, where=f"warning:{case.warning_id}")
    assert day_of("li")["承办案卷人数"] == 5
    assert day_of("head")["承办案卷人数"] == 5
    assert day_of("wang")["承办案卷人数"] == 0
    assert day_of("wang")["案卷数"] == 1  # a disposal and its warning are one file


def test_work_done_for_somebody_who_is_away(cast: Any) -> None:
    case = warned.verifying(warned.disposal(cast), cast)
    Delegation.objects.create(
        principal=cast.li, deputy=cast.wang, starts_on=TODAY, ends_on=TODAY, reason="休假"
    )
    read(cast.wang, 5, where=f"disposal:{case.pk}")
    read(cast.wang, 7, where="warning:901")
    day = day_of("wang")
    assert (day["查看人数"], day["承办案卷人数"], day["代办人数"]) == (7, 0, 5)


def test_who_is_on_duty_stands_in_a_list(cast: Any, tmp_path: Path) -> None:
    said = f"account,from,until\nwang,{TODAY} 08:00,{TODAY + DAY} 08:00\n"
    (tmp_path / "duty.csv").write_text(said, encoding="utf-8")
    read(cast.wang, 4)
    read(cast.li, 4)
    assert (day_of("wang")["值班人数"], day_of("li")["值班人数"]) == (4, 0)
    (tmp_path / "duty.csv").write_text("account,from,until\nwang,明早,\n", encoding="utf-8")
    with pytest.raises(DutyError) as raised:
        rows_of(NOW)
    assert raised.value.where == "duty.csv:2"


def test_what_the_model_leaves_out(cast: Any) -> None:
    case = warned.verifying(warned.disposal(cast), cast)
    peers(cast)
    read(cast.zhou, 40, where=f"disposal:{case.pk}")  # in a file that Zhou verifies
    read(cast.wang, 40)
    work(NOW)
    found = unusual_look_ups("")
    assert found is not None
    assert [each.reader for each in found] == ["wang"]
