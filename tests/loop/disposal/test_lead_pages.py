"""Pages of leads: for case management; strangers find none of them."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from plumbline.loop.disposal.actions.lead import assign
from plumbline.loop.disposal.models import CLARIFICATION_FLOW, LEAD_FLOW, Lead, LeadState
from plumbline.loop.disposal.queries.course import SAYS
from plumbline.trail.models import Entry
from tests import people
from tests.loop.disposal.test_lead import GOOD, by_hand, closed_with_a_lead, workbook

pytestmark = pytest.mark.usefixtures("private")

LEADS = "/disposals/leads/"


@pytest.fixture
def keeper(cast: Any, client: Client) -> Client:
    people.sign_in(client, cast.keeper)
    return client


def test_case_management_enters_a_lead(cast: Any, keeper: Client) -> None:
    sent = {
        "body": cast.office.pk, "origin": "letter", "title": "<b>反映某局</b>", "text": "内容",
        "unit": cast.industry.pk, "person": "", "informant": "赵某",
    }  # fmt: skip
    answer = keeper.post(f"{LEADS}enter/", sent, follow=True)
    lead = Lead.objects.get()
    assert answer.redirect_chain[-1][0] == f"{LEADS}{lead.pk}/"
    page = answer.content.decode()
    assert "&lt;b&gt;反映某局&lt;/b&gt;" in page
    assert "赵某" not in page
    assert Entry.objects.filter(action="personal_data.read", subject=f"lead:{lead.pk}").count() == 1


def test_a_wrong_number_is_said_and_not_repeated(cast: Any, keeper: Client) -> None:
    sent = {
        "body": cast.office.pk,
        "origin": "letter",
        "title": "标题",
        "text": "内容",
        "person": "380101199001010016",
    }
    page = keeper.post(f"{LEADS}enter/", sent).content.decode()
    assert "校验码不符" in page
    assert not Lead.objects.exists()


def test_a_lead_is_received_from_a_disposal(cast: Any, keeper: Client) -> None:
    case = closed_with_a_lead(cast)
    assert f"{LEADS}receive/{case.pk}/" in keeper.get(LEADS).content.decode()
    page = keeper.get(f"{LEADS}receive/{case.pk}/").content.decode()
    assert "评审人员可能收受礼品" in page
    sent = {"body": cast.office.pk, "title": "标题", "text": "内容"}
    assert keeper.post(f"{LEADS}receive/{case.pk}/", sent).status_code == 302
    assert Lead.objects.get().disposal == case
    assert keeper.get(f"{LEADS}receive/{case.pk}/").status_code == 404


def test_a_lead_is_worked_on_its_page(cast: Any, keeper: Client) -> None:
    lead = by_hand(cast)
    page = keeper.get(f"{LEADS}{lead.pk}/").content.decode()
    assert f"{LEADS}{lead.pk}/dispose/" in page
    assert f"{LEADS}{lead.pk}/conclude/" not in page
    assert keeper.post(f"{LEADS}{lead.pk}/conclude/", {"result": "无"}).status_code == 404
    assert keeper.post(f"{LEADS}{lead.pk}/dispose/", {"way": "inquiry"}).status_code == 302
    assert keeper.post(f"{LEADS}{lead.pk}/conclude/", {"result": ""}).status_code == 200
    assert keeper.post(f"{LEADS}{lead.pk}/conclude/", {"result": "未发现问题"}).status_code == 302
    lead.refresh_from_db()
    assert lead.state == LeadState.CONCLUDED


def test_the_informant_is_shown_for_a_reason(cast: Any, keeper: Client) -> None:
    lead = by_hand(cast)
    assert "赵某" not in keeper.get(f"{LEADS}{lead.pk}/").content.decode()
    assert (
        "赵某" not in keeper.post(f"{LEADS}{lead.pk}/informant/", {"reason": ""}).content.decode()
    )
    page = keeper.post(f"{LEADS}{lead.pk}/informant/", {"reason": "回复"})
    assert "赵某" in page.content.decode()
    assert "no-store" in page["Cache-Control"]


def test_a_ledger_is_imported_and_rejected_rows_are_listed(cast: Any, keeper: Client) -> None:
    content = workbook(GOOD, ["旧-3", "", "反映丙", "", "", "", "", ""])
    sent = {"body": cast.office.pk, "file": SimpleUploadedFile("台账.xlsx", content)}
    page = keeper.post(f"{LEADS}import/", sent).content.decode()
    assert "登记 1 条，已有 0 条，未收 1 条" in page
    assert "是空的" in page
    bad = {"body": cast.office.pk, "file": SimpleUploadedFile("坏.xlsx", b"PK\x03\x04")}
    assert "不是可读的" in keeper.post(f"{LEADS}import/", bad).content.decode()


def test_an_assigned_head_reads_without_acting(cast: Any, client: Client) -> None:
    lead = by_hand(cast)
    assign(lead, cast.group, by=cast.keeper, at=lead.received_at)
    people.sign_in(client, cast.group_head)
    page = client.get(f"{LEADS}{lead.pk}/").content.decode()
    assert "2015年评审时未核对处罚记录" in page
    assert f"{LEADS}{lead.pk}/dispose/" not in page
    assert "informant" not in page
    assert client.post(f"{LEADS}{lead.pk}/dispose/", {"way": "inquiry"}).status_code == 404
    shown = client.post(f"{LEADS}{lead.pk}/informant/", {"reason": "想知道"}).content.decode()
    assert "赵某" not in shown


@pytest.mark.parametrize("rows", [1, 3])
def test_the_list_costs_the_same_for_one_and_for_three(
    cast: Any, keeper: Client, rows: int, django_assert_max_num_queries: Any
) -> None:
    for _ in range(rows):
        by_hand(cast)
    with django_assert_max_num_queries(24):
        keeper.get(LEADS)


@pytest.mark.parametrize("who", ["li", "contact", "provider", "sysadmin", "stranger"])
def test_nobody_else_finds_a_page(cast: Any, client: Client, who: str) -> None:
    lead = by_hand(cast)
    people.sign_in(client, getattr(cast, who))
    for address in ("", "enter/", "import/", f"{lead.pk}/"):
        assert client.get(LEADS + address).status_code == 404
    assert client.post(f"{LEADS}{lead.pk}/dispose/", {"way": "inquiry"}).status_code == 404
    assert client.post(f"{LEADS}{lead.pk}/informant/", {"reason": "x"}).status_code == 404


def test_pages_speak_english_too(cast: Any, keeper: Client) -> None:
    by_hand(cast)
    page = keeper.get(LEADS, headers={"Accept-Language": "en"}).content.decode()
    assert "Enter a lead" in page
    assert "手工登记" not in page


def test_every_act_has_words() -> None:
    past = {
        f"{flow.noun}.{move.says}"
        for flow in (LEAD_FLOW, CLARIFICATION_FLOW)
        for move in flow.moves.values()
    }
    assert past <= SAYS.keys()
