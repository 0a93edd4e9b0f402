"""The ledger's page: who sees a disposal reads it, who works it posts."""

from __future__ import annotations

from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from plumbline.loop.disposal.models import MoneyBalance, Posting, WriteOff
from tests import people
from tests.loop.disposal import warned

pytestmark = pytest.mark.usefixtures("private")


@pytest.fixture
def case(cast: Any) -> Any:
    made = warned.disposal(cast)
    warned.verifying(made, cast)
    return made


def slip(text: str = "收据") -> SimpleUploadedFile:
    return SimpleUploadedFile("收据.txt", text.encode())


def posting(**more: Any) -> dict[str, Any]:
    return {
        "kind": "due",
        "amount": "457200.01",
        "currency": "CNY",
        "key": "判决书1号",
        "file": slip(),
        **more,
    }


def test_a_verifier_posts_with_a_receipt(cast: Any, case: Any, client: Client) -> None:
    people.sign_in(client, cast.li)
    place = f"/disposals/{case.pk}/money/"
    assert client.post(f"{place}post/", posting()).status_code == 302
    assert MoneyBalance.objects.get().due == 45_720_001
    # The same receipt for another sum: the file is there already and is taken as it is.
    again = posting(kind="recovered", amount="1.5", key="收据2")
    assert client.post(f"{place}post/", again).status_code == 302
    assert case.documents.count() == 1
    page = client.get(place).content.decode()
    assert "457,200.01" in page
    assert "457,198.51" in page


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"file": None}, "请附一份凭证"),
        ({"amount": "0"}, "0.01"),
        ({"amount": "1.005"}, "2"),
        ({"currency": "元"}, "有效"),
        ({"kind": "recovered"}, "尚未追回的只有 0.00 CNY"),
        ({"kind": "written_off"}, "written_off"),
    ],
    ids=["evidence", "zero", "places", "currency", "too-much", "write-off"],
)
def test_what_cannot_be_posted_is_said_and_leaves_nothing(
    cast: Any, case: Any, client: Client, more: dict[str, Any], said: str
) -> None:
    people.sign_in(client, cast.li)
    sent = {key: value for key, value in posting(**more).items() if value is not None}
    page = client.post(f"/disposals/{case.pk}/money/post/", sent)
    assert page.status_code == 200
    assert said in page.content.decode()
    assert not Posting.objects.exists()
    assert case.documents.count() == 0


def test_a_write_off_is_decided_by_another(cast: Any, case: Any, client: Client) -> None:
    people.sign_in(client, cast.li)
    place = f"/disposals/{case.pk}/money/"
    client.post(f"{place}post/", posting())
    sent = {
        "amount": "100",
        "currency": "CNY",
        "key": "裁定",
        "file": slip("裁定"),
        "reason": "无财产可供执行",
    }
    assert client.post(f"{place}propose/", sent).status_code == 302
    proposal = WriteOff.objects.get()
    decide = f"/disposals/write-offs/{proposal.pk}/approve/"
    assert decide not in client.get(place).content.decode()
    assert client.post(decide).status_code == 404
    people.sign_in(client, cast.head)
    assert decide in client.get(place).content.decode()
    assert client.post(decide).status_code == 302
    assert MoneyBalance.objects.get().written_off == 10_000


def test_a_mistake_is_countered_on_the_page(cast: Any, case: Any, client: Client) -> None:
    people.sign_in(client, cast.li)
    place = f"/disposals/{case.pk}/money/"
    client.post(f"{place}post/", posting())
    wrong = Posting.objects.get()
    sent = {
        "posting": wrong.pk,
        "reason": "金额有误",
        "key": "更正1",
        "document": wrong.evidence_id,
    }
    assert client.post(f"{place}reverse/", sent).status_code == 302
    assert MoneyBalance.objects.get().due == 0
    assert "已冲销" in client.get(place).content.decode()


@pytest.mark.usefixtures("chinese_font")
def test_the_transfer_letter_is_written_from_the_page(cast: Any, case: Any, client: Client) -> None:
    people.sign_in(client, cast.li)
    sent = {
        "unit": cast.industry.pk,
        "matter": "荣誉评审把关问题",
        "basis": "《评审管理办法》第三条",
    }
    assert client.post(f"/disposals/{case.pk}/letter/", sent).status_code == 302
    names = set(case.documents.values_list("kind", flat=True))
    assert names == {
        "application/pdf",
        "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    }


@pytest.mark.parametrize("who", ["wang", "keeper", "contact", "sysadmin", "stranger"])
def test_nobody_else_finds_the_page(cast: Any, case: Any, client: Client, who: str) -> None:
    people.sign_in(client, getattr(cast, who))
    assert client.get(f"/disposals/{case.pk}/money/").status_code == 404
    assert client.post(f"/disposals/{case.pk}/money/post/", posting()).status_code == 404
    assert client.get(f"/disposals/{case.pk}/letter/").status_code == 404
