"""Leads go to case management, are numbered without gaps, and have a month."""

from __future__ import annotations

import io
import threading
import zipfile
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
import xlsxwriter
from django.db import IntegrityError, connection, transaction
from hypothesis import given
from hypothesis import strategies as st

from plumbline.errors import DeliveryError
from plumbline.kit.clock.models import Due
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.disposal.actions.lead import (
    LeadError,
    Told,
    assign,
    change_way,
    conclude,
    dispose,
    enter,
    import_ledger,
    month_after,
    read_informant,
    read_text,
    receive_from_disposal,
    without_numbers,
)
from plumbline.loop.disposal.actions.review import approve
from plumbline.loop.disposal.actions.verify import find
from plumbline.loop.disposal.models import Finding, Lead, LeadState
from plumbline.loop.disposal.queries.lead import allowed, awaiting, visible_to
from plumbline.loop.disposal.queries.ledger import read_ledger
from plumbline.org.models import Grant, Role
from plumbline.org.policy import NotYoursError, person_digest
from plumbline.trail.actions import PurposeMissingError
from plumbline.trail.models import Entry, Reading
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

pytestmark = pytest.mark.usefixtures("private")

NUMBER = "380300199001011239"
WAY = Lead.Way
TOLD = Told(
    "反映某局评审把关不严",
    "2015年评审时未核对处罚记录。",
    informant="来信人：赵某，电话 13800000000",
)


def check_character(seventeen: str) -> str:
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(seventeen, weights, strict=True))
    return seventeen + "10X98765432"[total % 11]


PERSON = check_character("38030019900101123")


def by_hand(the: Any, told: Told = TOLD, at: datetime = NOW) -> Lead:
    return enter(told, Lead.Origin.LETTER, body=the.office, by=the.keeper, at=at)


def passed_on(the: Any) -> Any:
    case = warned.disposal(the)
    warned.verifying(case, the)
    warned.checked(case, the)
    find(case, Finding.LEAD_TRANSFERRED, by=the.li, at=NOW, note="评审人员可能收受礼品")
    return warned.handed_in(case, the, Finding.RIGHT_PERSON, Finding.TRUE)


def closed_with_a_lead(the: Any) -> Any:
    case = passed_on(the)
    for reviewer in (the.head, the.standing):
        approve(case, case.reports, by=reviewer, at=NOW)
    return case


# -- how a lead comes ----------------------------------------------------------------------------


def test_a_closed_disposal_passes_its_lead_to_case_management(cast: Any) -> None:
    case = closed_with_a_lead(cast)
    assert list(awaiting(cast.keeper, TODAY)) == [case]
    lead = receive_from_disposal(case, TOLD, body=cast.office, by=cast.keeper, at=NOW)
    assert (lead.number, lead.found_by, lead.disposal) == (
        "第一监督检查室〔2026〕1号",
        cast.li,
        case,
    )
    assert list(awaiting(cast.keeper, TODAY)) == []
    assert Entry.objects.get(action="lead.received").detail["disposal"] == case.pk
    due = Due.objects.get(subject=f"lead:{lead.pk}")
    assert due.due_at.astimezone(UTC).date() == date(2026, 4, 20)  # 18 April is a Saturday
    with pytest.raises(LeadError, match="received before"):
        receive_from_disposal(case, TOLD, body=cast.office, by=cast.keeper, at=NOW)


def test_what_is_not_closed_passes_nothing_on(cast: Any) -> None:
    case = passed_on(cast)
    assert list(awaiting(cast.keeper, TODAY)) == []
    with pytest.raises(LeadError, match="not closed"):
        receive_from_disposal(case, TOLD, body=cast.office, by=cast.keeper, at=NOW)


def test_the_finder_never_keeps_it(cast: Any) -> None:
    case = closed_with_a_lead(cast)
    Grant.objects.create(
        user=cast.zhou, role=Role.CASE_MANAGER, body=cast.office, starts_on=date(2026, 1, 1)
    )
    assert list(awaiting(cast.zhou, TODAY)) == []
    with pytest.raises(LeadError, match="who found it"):
        receive_from_disposal(case, TOLD, body=cast.office, by=cast.zhou, at=NOW)
    lead = receive_from_disposal(case, TOLD, body=cast.office, by=cast.keeper, at=NOW)
    assert not visible_to(cast.zhou, TODAY).exists()
    assert not visible_to(cast.li, TODAY).exists()
    with pytest.raises(NotYoursError):
        dispose(lead, WAY.PRELIMINARY, by=cast.zhou, at=NOW)
    with pytest.raises(IntegrityError), transaction.atomic():
        Lead.objects.filter(pk=lead.pk).update(received_by=cast.li)


@pytest.mark.parametrize("who", ["li", "head", "clarifier", "contact", "sysadmin", "stranger"])
def test_only_case_management_enters_leads(cast: Any, who: str) -> None:
    with pytest.raises(NotYoursError):
        enter(TOLD, Lead.Origin.LETTER, body=cast.office, by=getattr(cast, who), at=NOW)
    with pytest.raises(NotYoursError):
        enter(TOLD, Lead.Origin.LETTER, body=cast.group, by=cast.keeper, at=NOW)


def test_a_lead_says_something_and_keeps_no_citizen_number(cast: Any) -> None:
    with pytest.raises(LeadError):
        by_hand(cast, Told("标题", "  "))
    lead = by_hand(cast, Told(f"反映{PERSON}", f"身份证{PERSON}，旧号380300900101123。"))
    assert lead.title == f"反映3803{'*' * 10}{PERSON[-4:]}"
    assert PERSON not in lead.text
    assert "380300900101123" not in lead.text


@given(st.text(alphabet="0123456789Xx证 ，", max_size=60))
def test_hiding_numbers_hides_nothing_else(text: str) -> None:
    hidden = without_numbers(text)
    assert len(hidden) == len(text)
    assert without_numbers(hidden) == hidden
    assert all(a == b or (b == "*" and a.isdigit()) for a, b in zip(text, hidden, strict=True))


# -- the four ways -------------------------------------------------------------------------------


def test_a_lead_is_disposed_of_changed_and_concluded(cast: Any) -> None:
    lead = by_hand(cast)
    assert allowed(cast.keeper, lead, TODAY) == ["assign", "dispose"]
    dispose(lead, WAY.PENDING, by=cast.keeper, at=NOW)
    assert not Due.objects.filter(subject=f"lead:{lead.pk}", stopped_at=None).exists()
    assert allowed(cast.keeper, lead, TODAY) == ["change_way", "conclude", "assign"]
    with pytest.raises(ReasonMissingError):
        change_way(lead, WAY.PRELIMINARY, by=cast.keeper, at=NOW, reason=" ")
    with pytest.raises(LeadError):
        change_way(lead, WAY.PENDING, by=cast.keeper, at=NOW, reason="同样")
    change_way(lead, WAY.PRELIMINARY, by=cast.keeper, at=NOW, reason="又有新情况")
    conclude(lead, "初核未发现问题", by=cast.keeper, at=NOW)
    assert (lead.state, lead.way, lead.result) == (
        LeadState.CONCLUDED,
        WAY.PRELIMINARY,
        "初核未发现问题",
    )
    assert allowed(cast.keeper, lead, TODAY) == []
    with pytest.raises(OutOfStepError):
        dispose(lead, WAY.INQUIRY, by=cast.keeper, at=NOW)
    acts = Entry.objects.filter(subject=f"lead:{lead.pk}").order_by("pk")
    assert [each.action for each in acts] == [
        "lead.entered", "lead.disposed", "lead.way_changed", "lead.concluded",
    ]  # fmt: skip


def test_an_assigned_body_reads_it_and_works_nothing(cast: Any) -> None:
    lead = by_hand(cast)
    assert not visible_to(cast.group_head, TODAY).exists()
    assign(lead, cast.group, by=cast.keeper, at=NOW)
    assert list(visible_to(cast.group_head, TODAY)) == [lead]
    assert allowed(cast.group_head, lead, TODAY) == []
    with pytest.raises(NotYoursError):
        dispose(lead, WAY.PENDING, by=cast.group_head, at=NOW)
    dispose(lead, WAY.PENDING, by=cast.keeper, at=NOW)
    assign(lead, cast.locality, by=cast.keeper, at=NOW)
    assert not visible_to(cast.group_head, TODAY).exists()


@pytest.mark.parametrize("who", ["li", "contact", "provider", "figures", "auditor", "stranger"])
def test_nobody_else_sees_it(cast: Any, who: str) -> None:
    by_hand(cast, Told("标题", "内容", unit=cast.industry))
    assert not visible_to(getattr(cast, who), TODAY).exists()


def test_nobody_sees_a_lead_about_themself(cast: Any) -> None:
    lead = by_hand(cast, Told("标题", "内容", person=person_digest(PERSON)))
    assert list(visible_to(cast.keeper, TODAY)) == [lead]
    cast.keeper.person = person_digest(PERSON)
    cast.keeper.save()
    assert not visible_to(cast.keeper, TODAY).exists()
    with pytest.raises(NotYoursError):
        dispose(lead, WAY.PENDING, by=cast.keeper, at=NOW)


def test_reading_is_an_act_and_the_informant_is_case_managements_alone(cast: Any) -> None:
    lead = by_hand(cast, Told("标题", "内容", person=person_digest(PERSON), informant="赵某"))
    assign(lead, cast.group, by=cast.keeper, at=NOW)
    assert read_text(lead, by=cast.group_head, at=NOW) == "内容"
    assert Reading.objects.get().whom == person_digest(PERSON)
    with pytest.raises(NotYoursError):
        read_informant(lead, by=cast.group_head, at=NOW, reason="想知道")
    with pytest.raises(PurposeMissingError):
        read_informant(lead, by=cast.keeper, at=NOW, reason=" ")
    assert read_informant(lead, by=cast.keeper, at=NOW, reason="回复来信人") == "赵某"
    assert Entry.objects.latest("pk").detail["fields"] == ["informant"]


def given_up(the: Any, told: Told) -> None:
    """Entered, and taken back with its transaction."""
    with transaction.atomic():
        by_hand(the, told)
        transaction.set_rollback(True)


# -- numbers -------------------------------------------------------------------------------------


def test_numbers_run_by_body_and_year(cast: Any) -> None:
    Grant.objects.create(
        user=cast.keeper, role=Role.CASE_MANAGER, body=cast.group, starts_on=date(2026, 1, 1)
    )
    first, second = by_hand(cast), by_hand(cast)
    other = enter(TOLD, Lead.Origin.OTHER, body=cast.group, by=cast.keeper, at=NOW)
    later = by_hand(cast, at=datetime(2027, 1, 4, 2, tzinfo=UTC))
    serials = [(each.year, each.serial) for each in (first, second, other, later)]
    assert serials == [(2026, 1), (2026, 2), (2026, 1), (2027, 1)]


def test_a_lead_that_fails_leaves_no_gap(cast: Any) -> None:
    by_hand(cast)
    with pytest.raises(LeadError):
        by_hand(cast, Told("", ""))
    given_up(cast, TOLD)
    assert by_hand(cast).serial == 2


@pytest.mark.django_db(transaction=True)
def test_many_at_once_are_numbered_without_gaps() -> None:
    the, threads, each = people.cast(), 6, 4
    failed: list[BaseException] = []

    def enter_some(name: int) -> None:
        try:
            for n in range(each):
                told = Told(f"线索 {name}-{n}", "内容")
                if n == 2:  # one that is given up after it has its number
                    given_up(the, told)
                by_hand(the, told)
        except BaseException as error:  # noqa: BLE001 -- told by the test itself
            failed.append(error)
        finally:
            connection.close()

    running = [threading.Thread(target=enter_some, args=(n,)) for n in range(threads)]
    for thread in running:
        thread.start()
    for thread in running:
        thread.join()
    assert failed == []
    serials = Lead.objects.order_by("serial").values_list("serial", flat=True)
    assert list(serials) == list(range(1, threads * each + 1))


@given(st.dates(date(2000, 1, 1), date(2100, 1, 1)))
def test_a_month_is_a_month(day: date) -> None:
    end = month_after(day)
    assert timedelta(28) <= end - day <= timedelta(31)
    assert end.day == day.day or (end + timedelta(1)).day == 1


def test_a_month_ends_where_the_next_one_has_no_such_day() -> None:
    assert month_after(date(2026, 1, 31)) == date(2026, 2, 28)
    assert month_after(date(2026, 12, 15)) == date(2027, 1, 15)


# -- old ledgers ---------------------------------------------------------------------------------

HEADER = ["线索编号", "受理日期", "标题", "内容", "单位", "身份证号", "举报人", "处置方式"]
GOOD = ["旧-1", "2025年3月2日", "反映甲", "甲的内容", "澜州市经济和信息化局", PERSON, "赵某", ""]


def workbook(*rows: list[Any], header: list[str] = HEADER, above: int = 1) -> bytes:
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        sheet = book.add_worksheet("台账")
        sheet.write_string(0, 0, "问题线索台账")
        for line, cells in enumerate([header, *rows], above):
            for column, cell in enumerate(cells):
                sheet.write(line, column, cell)
    return file.getvalue()


def test_a_ledgers_good_rows_are_kept_and_the_others_told(cast: Any) -> None:
    content = workbook(
        GOOD,
        ["旧-2", "", "反映乙", "乙的内容", "", "", "", "初步核实"],
        ["旧-3", "", "反映丙", "", "", "", "", ""],
        ["旧-4", "昨天", "反映丁", "丁", "", "", "", ""],
        ["旧-5", "", "反映戊", "戊", "澜州市经信局", "", "", ""],
        ["旧-6", "", "反映己", "己", "", 380300199001011239.0, "", ""],
        ["旧-7", "", "反映庚", "庚", "", "380300199001011230", "", ""],
        ["旧-8", "", "反映辛", "辛", "", "", "", "立案"],
    )
    ledger = read_ledger("台账.xlsx", content)
    done = import_ledger(ledger, body=cast.office, by=cast.keeper, at=NOW)
    assert [lead.title for lead in done.accepted] == ["反映甲", "反映乙"]
    assert [(r.sheet, r.line, r.column) for r in done.rejected] == [
        ("台账", 5, "内容"), ("台账", 6, "收到日期"), ("台账", 7, "单位"), ("台账", 8, "身份证号"),
        ("台账", 9, "身份证号"), ("台账", 10, "处置方式"),
    ]  # fmt: skip
    assert "澜州市经济和信息化局" in done.rejected[2].reason.zh
    assert "380300199001011230" not in str(done.rejected)
    first, second = done.accepted
    assert (first.unit, first.person, first.informant) == (
        cast.industry,
        person_digest(PERSON),
        "赵某",
    )
    assert first.source == {"file": "台账.xlsx", "sheet": "台账", "line": 3, "number": "旧-1", "received": "2025-03-02"}  # fmt: skip
    assert (second.state, second.way) == (LeadState.DISPOSED, WAY.PRELIMINARY)
    assert Due.objects.filter(stopped_at=None).count() == 1  # only what awaits an opinion


def test_importing_the_same_file_twice_changes_nothing(cast: Any) -> None:
    content = workbook(
        GOOD, ["", "", "无编号", "内容", "", "", "", ""], ["", "", "无编号", "内容", "", "", "", ""]
    )
    first = import_ledger(read_ledger("a.xlsx", content), body=cast.office, by=cast.keeper, at=NOW)
    assert (len(first.accepted), first.repeated) == (2, 1)
    second = import_ledger(read_ledger("b.xlsx", content), body=cast.office, by=cast.keeper, at=NOW)
    assert (len(second.accepted), second.repeated) == (0, 3)
    assert Lead.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize("encoding", ["utf-8-sig", "gb18030"])
def test_a_ledger_may_be_csv_with_its_own_headers(encoding: str) -> None:
    text = '序,事由,详情\r\n1,"反映""甲""",第一行\r\n2,,没有事由\r\n'
    with pytest.raises(DeliveryError, match="header"):
        read_ledger("a.csv", text.encode(encoding))
    ledger = read_ledger("a.csv", text.encode(encoding), {"title": "事由", "text": "详情"})
    assert [row.title for row in ledger.rows] == ['反映"甲"']
    assert [(r.line, r.column) for r in ledger.rejected] == [(3, "标题")]


@pytest.mark.django_db
@pytest.mark.parametrize("way", ["unpacks", "reaches far"])
def test_a_small_file_that_would_fill_the_memory_is_refused(way: str) -> None:
    out = io.BytesIO()
    if way == "unpacks":
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as package:
            for number in range(40):
                package.writestr(f"xl/{number}.xml", b" " * (8 << 20))
    else:
        with xlsxwriter.Workbook(out) as book:
            sheet = book.add_worksheet()
            sheet.write_string(0, 0, "标题")
            sheet.write_string(1_048_575, 16_383, "内容")
    assert len(out.getvalue()) < 1 << 20
    with pytest.raises(DeliveryError, match="absurd size"):
        read_ledger("a.xlsx", out.getvalue())


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [b"PK\x03\x04broken", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", b"\xff\x00\x00"],
    ids=["zip", "ole", "bytes"],
)
def test_what_cannot_be_read_is_said(content: bytes) -> None:
    with pytest.raises(DeliveryError):
        read_ledger("坏.xlsx", content)
