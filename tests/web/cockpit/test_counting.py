"""Counts are kept by the database in the transaction of each change, and are what the rows say."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any

import pytest
from django.db import connection, transaction
from django.db.models import F, Sum

from plumbline.loop.disposal.actions import money
from plumbline.loop.disposal.actions.document import attach
from plumbline.loop.disposal.actions.review import reopen
from plumbline.loop.disposal.models import Disposal, Finding, Lead, Outcome, Posting
from plumbline.loop.warning.models import EarlyWarning
from plumbline.web.cockpit import counting
from plumbline.web.cockpit.models import Tally
from tests.loop.closure import after
from tests.loop.disposal import warned
from tests.people import NOW

PLACE = ("month", "model", "level", "unit", "currency")


def counts() -> dict[tuple[Any, ...], tuple[int, ...]]:
    """What the tallies add up to, without what adds up to nothing."""
    sums = Tally.objects.values(*PLACE).annotate(**{f"n_{m}": Sum(m) for m in counting.MEASURES})
    found = {
        tuple(each[name] for name in PLACE): tuple(each[f"n_{m}"] for m in counting.MEASURES)
        for each in sums.order_by()
    }
    return {place: n for place, n in found.items() if any(n)}


def total(measure: str, **where: Any) -> int:
    return Tally.objects.filter(**where).aggregate(n=Sum(measure))["n"] or 0


def agrees() -> None:
    """What was kept is what is counted from nothing."""
    kept = counts()
    counting.recount(NOW)
    assert counts() == kept


def lead(cast: Any, case: Disposal) -> Lead:
    serial = Lead.objects.count() + 1
    return Lead.objects.create(
        number=str(serial), year=2026, serial=serial, origin="warning", disposal=case,
        body=cast.office, title="线索", text="情况", received_at=NOW, received_by=cast.keeper,
    )  # fmt: skip


def test_a_warning_is_counted_as_it_is_raised_and_as_it_is_closed(cast: Any) -> None:
    case = warned.disposal(cast, level="red")
    assert (total("raised"), total("closed"), total("settled")) == (1, 0, 0)
    warned.closed(case, cast, Finding.RIGHT_PERSON, Finding.TRUE)
    assert (total("raised"), total("closed"), total("settled")) == (1, 1, 1)
    assert total("confirmed", level="red", unit=cast.industry) == 1
    agrees()


def test_what_was_cleared_and_what_nobody_could_verify_are_not_confirmed(cast: Any) -> None:
    after.refuted(cast)
    after.finding(cast, None, Finding.UNVERIFIABLE)
    assert (total("closed"), total("confirmed"), total("unverifiable")) == (2, 0, 1)
    agrees()


def test_a_fault_of_the_data_confirms_a_blue_warning_alone(cast: Any) -> None:
    for level in ("blue", "yellow"):
        after.finding(cast, None, Finding.DATA_WRONG, level=level)
    assert total("confirmed", level="blue") == 1
    assert total("confirmed", level="yellow") == 0
    agrees()


def test_what_is_reopened_is_closed_no_more(cast: Any) -> None:
    case = warned.closed(warned.disposal(cast), cast, Finding.RIGHT_PERSON, Finding.TRUE)
    assert total("confirmed") == 1
    reopen(case, by=cast.head, at=NOW, reason="有新材料")
    assert (total("closed"), total("confirmed"), total("settled")) == (0, 0, 0)
    agrees()


def test_a_warning_that_changes_its_level_or_unit_takes_its_counts_along(cast: Any) -> None:
    case = after.finding(cast, level="yellow")
    lead(cast, case)
    EarlyWarning.objects.filter(pk=case.warning_id).update(level="red", unit=cast.civil)
    assert (total("raised", level="yellow"), total("closed", unit=cast.industry)) == (0, 0)
    assert total("led", level="red", unit=cast.civil) == 1
    agrees()


def test_a_lead_and_a_late_finding_are_counted_whenever_they_come(cast: Any) -> None:
    case = after.refuted(cast)
    lead(cast, case)
    Outcome.objects.filter(disposal=case, finding=Finding.UNTRUE).update(finding=Finding.TRUE)
    assert (total("led"), total("confirmed")) == (1, 1)
    Lead.objects.all().delete()
    Outcome.objects.filter(disposal=case, finding=Finding.TRUE).delete()
    assert (total("led"), total("confirmed")) == (0, 0)
    agrees()


def test_money_is_counted_by_kind_and_currency(cast: Any) -> None:
    case = warned.verifying(warned.disposal(cast), cast)
    paper = attach(case, "收据.txt", BytesIO("收据".encode()), by=cast.li, at=NOW)
    money.post(case, Posting.Kind.DUE, money.Sum(900, paper, "a"), by=cast.li, at=NOW)
    money.post(case, Posting.Kind.RECOVERED, money.Sum(500, paper, "b"), by=cast.li, at=NOW)
    abroad = money.Sum(70, paper, "c", currency="USD")
    money.post(case, Posting.Kind.AVOIDED, abroad, by=cast.li, at=NOW)
    assert (total("due", currency="CNY"), total("recovered", currency="CNY")) == (900, 500)
    assert (total("avoided", currency="USD"), total("avoided", currency="CNY")) == (70, 0)
    agrees()


def test_a_month_ends_where_the_office_is(cast: Any, settings: Any) -> None:
    assert settings.TIME_ZONE == "Asia/Shanghai"
    warned.warning(cast, raised_at=datetime(2026, 2, 28, 15, 59, tzinfo=UTC))
    warned.warning(cast, raised_at=datetime(2026, 2, 28, 16, 1, tzinfo=UTC))
    assert [f"{each.month:%Y-%m}" for each in Tally.objects.order_by("month")] == ["2026-02", "2026-03"]  # fmt: skip


def test_days_are_counted_from_opening_to_closure(cast: Any) -> None:
    case = after.finding(cast)
    Disposal.objects.filter(pk=case.pk).update(
        closed_at=F("opened_at") + timedelta(days=6, hours=5)
    )
    assert total("days") == 6
    agrees()


def test_what_is_undone_is_not_counted(cast: Any) -> None:
    with transaction.atomic():
        warned.warning(cast)
        transaction.set_rollback(True)
    assert total("raised") == 0


def test_many_at_once_are_counted_one_by_one(cast: Any) -> None:
    made = [warned.warning(cast) for _ in range(3)]
    for each in made:
        each.level = "red"
        each.tier = "A"
    EarlyWarning.objects.bulk_update(made, ["level", "tier"])
    EarlyWarning.objects.bulk_update(made, ["level", "tier"])
    assert total("raised", level="red") == 3
    agrees()


def test_folding_changes_no_count(cast: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for _ in range(4):
        lead(cast, after.finding(cast))
    before, rows = counts(), Tally.objects.count()
    assert counting.fold(NOW) == 0  # few are left alone
    monkeypatch.setattr(counting, "_LEFT", 3)
    assert counting.fold(NOW) == rows
    assert counts() == before
    assert Tally.objects.count() < rows
    assert counting.fold(NOW) == 0
    after.refuted(cast)
    agrees()


@pytest.mark.skipif(connection.vendor != "sqlite", reason="elsewhere a table keeps its triggers")
def test_a_recount_makes_a_lost_trigger_again(cast: Any) -> None:
    with connection.cursor() as cursor:
        cursor.execute("DROP TRIGGER warning_earlywarning_counted_after_insert")
    warned.warning(cast)
    assert total("raised") == 0
    counting.recount(NOW)
    warned.warning(cast)
    assert total("raised") == 2
    agrees()


def test_a_recount_mends_what_somebody_altered(cast: Any) -> None:
    after.finding(cast)
    before = counts()
    Tally.objects.update(raised=99)
    counting.recount(NOW)
    assert counts() == before
