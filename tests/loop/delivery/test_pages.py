"""Pages of deliveries and tickets: each department its own, and strangers none."""

from __future__ import annotations

import io
from typing import Any

import openpyxl
import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from plumbline.engine import Workspace
from plumbline.loop.delivery.actions import Asked, ask
from plumbline.loop.delivery.intake import load_inbox
from plumbline.loop.delivery.models import DataErrorTicket, Upload
from plumbline.trail.models import Entry
from tests.cli.small import HONOURS, NUMBERS
from tests.people import NOW, sign_in

PLACE = "/deliveries/"


@pytest.fixture
def owned(cast: Any, office: Workspace) -> Any:
    cast.industry.former_names = [office.dataset("honours").declared.department.zh]
    cast.industry.save()
    office.load(at=NOW, accept="小样", by="data")
    load_inbox(office, NOW)
    return cast


@pytest.fixture
def ticket(owned: Any) -> DataErrorTicket:
    return ask(
        Asked("disposal:1:1", DataErrorTicket.Origin.DISPOSAL, "honours", "请核对<b>日期</b>", owned.industry,
              rows=["honours:1-0", "honours:1-1"], body=owned.office),
        by=owned.li, at=NOW,
    )  # fmt: skip


def test_a_department_sees_what_became_of_its_delivery(owned: Any, client: Client) -> None:
    sign_in(client, owned.industry_provider)
    page = client.get(PLACE).content.decode()
    assert "荣誉2025-12-31.csv" in page
    assert "记录2025-12-31.csv" not in page
    assert "380101199001010016" not in page
    english = client.get(PLACE, headers={"Accept-Language": "en"}).content.decode()
    assert "Why in quarantine" in english


def test_a_file_is_uploaded(owned: Any, client: Client) -> None:
    sign_in(client, owned.industry_provider)
    page = client.get(f"{PLACE}upload/").content.decode()
    assert 'value="honours"' in page
    assert 'value="offences"' not in page
    sent = {
        "dataset": "honours",
        "kind": "delivery",
        "file": SimpleUploadedFile("荣誉2026-01-31.csv", HONOURS.encode()),
    }
    assert client.post(f"{PLACE}upload/", sent).status_code == 302
    assert Upload.objects.get().by == owned.industry_provider
    assert "荣誉2026-01-31.csv" in client.get(PLACE).content.decode()
    foreign = {**sent, "dataset": "offences", "file": SimpleUploadedFile("a2026-01-31.csv", b"x")}
    assert client.post(f"{PLACE}upload/", foreign).status_code == 200
    wrong = {**sent, "file": SimpleUploadedFile("a.exe", b"x")}
    assert "不收" in client.post(f"{PLACE}upload/", wrong).content.decode()
    assert Upload.objects.count() == 1


def test_rows_in_quarantine_are_taken_in_clear_and_on_the_trail(owned: Any, client: Client) -> None:
    sign_in(client, owned.industry_provider)
    answer = client.post(f"{PLACE}quarantine/honours/")
    cells = [
        c.value
        for row in openpyxl.load_workbook(io.BytesIO(answer.content)).active.iter_rows()
        for c in row
    ]  # type: ignore[union-attr]
    assert "380101199001010016" in cells
    assert answer["Cache-Control"] == "no-store"
    assert Entry.objects.get(subject="quarantine:honours").actor == "industry_provider"
    assert client.post(f"{PLACE}quarantine/offences/").status_code == 404
    sign_in(client, owned.provider)
    assert client.post(f"{PLACE}quarantine/honours/").status_code == 404


def test_a_ticket_is_answered_and_resolved_on_its_page(
    owned: Any, ticket: DataErrorTicket, client: Client
) -> None:
    place = f"{PLACE}tickets/{ticket.pk}/"
    sign_in(client, owned.industry_provider)
    page = client.get(place).content.decode()
    assert "请核对&lt;b&gt;日期&lt;/b&gt;" in page
    assert f"{place}answer/" in page
    assert f"{place}resolve/" not in page
    assert client.post(f"{place}resolve/", {}).status_code == 404
    assert client.post(f"{place}answer/", {"text": ""}).status_code == 200
    assert client.post(f"{place}answer/", {"text": "已更正"}).status_code == 302
    sign_in(client, owned.li)
    page = client.get(place).content.decode()
    assert "已更正" in page
    assert f"{place}rows.xlsx" not in page  # who verifies sees the rows with the warning
    assert client.post(f"{place}refuse/", {"reason": ""}).status_code == 200
    assert client.post(f"{place}resolve/", {"reason": ""}).status_code == 302
    ticket.refresh_from_db()
    assert ticket.state == "resolved"


def test_the_rows_of_a_ticket_go_to_their_department(
    owned: Any, ticket: DataErrorTicket, client: Client
) -> None:
    sign_in(client, owned.industry_provider)
    answer = client.post(f"{PLACE}tickets/{ticket.pk}/rows.xlsx")
    book = openpyxl.load_workbook(io.BytesIO(answer.content))
    told = str([c.value for row in book.active.iter_rows() for c in row])  # type: ignore[union-attr]
    assert sum(number in told for number in NUMBERS.values()) == 2
    assert (
        Entry.objects.filter(subject=f"ticket:{ticket.pk}", action="personal_data.read").count()
        == 1
    )
    sign_in(client, owned.li)
    assert client.post(f"{PLACE}tickets/{ticket.pk}/rows.xlsx").status_code == 404


@pytest.mark.parametrize("rows", [1, 3])
def test_lists_cost_the_same_for_one_and_for_three(
    owned: Any, client: Client, rows: int, django_assert_max_num_queries: Any
) -> None:
    for n in range(rows):
        ask(
            Asked(f"k{n}", DataErrorTicket.Origin.DISPOSAL, "honours", "请核对", owned.industry),
            by=None,
            at=NOW,
        )
    sign_in(client, owned.data)
    with django_assert_max_num_queries(30):
        client.get(f"{PLACE}tickets/")


@pytest.mark.parametrize("who", ["contact", "keeper", "wang", "sysadmin", "stranger"])
def test_nobody_else_finds_a_page(
    owned: Any, ticket: DataErrorTicket, client: Client, who: str
) -> None:
    sign_in(client, getattr(owned, who))
    for address in ("", "upload/", f"tickets/{ticket.pk}/"):
        assert client.get(PLACE + address).status_code == 404
    for address in (
        f"tickets/{ticket.pk}/answer/",
        f"tickets/{ticket.pk}/rows.xlsx",
        "quarantine/honours/",
    ):
        assert client.post(PLACE + address).status_code == 404
