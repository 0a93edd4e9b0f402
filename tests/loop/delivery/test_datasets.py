"""Datasets: what is received, what is late, what is held and let in; a new one made of a file."""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine import Workspace
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.delivery.actions import TicketError, accept
from plumbline.loop.delivery.intake import load_inbox
from plumbline.loop.delivery.models import Delivery, Upload
from plumbline.loop.delivery.queries import days_overdue
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.cli.small import HONOURS, NUMBERS
from tests.people import NOW, sign_in

PLACE = "/deliveries/datasets/"
ROSTER = "序号,身份证号,姓名,领取金额（元）,领取日期\n" + "".join(
    f"{n},{number},张三{n},{100 + n},2025-0{n}-01\n"
    for n, number in enumerate(sorted(NUMBERS.values())[:3], 1)
)


@pytest.fixture
def owned(cast: Any, office: Workspace) -> Any:
    cast.industry.former_names = [office.dataset("honours").declared.department.zh]
    cast.industry.save()
    load_inbox(office, NOW)  # held: a small office breaks what is expected of a city
    return cast


@given(
    st.sampled_from(["day", "week", "month", "quarter", "year", "once"]),
    st.dates(date(2020, 1, 1), date(2030, 1, 1)),
    st.integers(0, 900),
)
def test_nothing_is_late_before_its_rhythm_has_passed(rhythm: str, as_of: date, after: int) -> None:
    least = {"day": 1, "week": 7, "month": 31, "quarter": 92, "year": 366, "once": 10**6}[rhythm]
    late = days_overdue(rhythm, as_of, as_of + timedelta(days=after))
    assert late == 0 if after <= least else late <= after - least
    assert days_overdue(rhythm, None, as_of) == 0


def test_datasets_say_what_came_and_what_waits(owned: Any, client: Client) -> None:
    sign_in(client, owned.data)
    page = client.get(PLACE, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert f'href="{PLACE}honours/"' in page
    assert "整批暂扣" in page
    assert "从未报送" in page
    held = client.get(f"{PLACE}?show=held").content.decode()
    assert f'href="{PLACE}honours/"' in held
    assert f'href="{PLACE}vehicles/"' not in held
    sign_in(client, owned.industry_provider)
    own = client.get(PLACE).content.decode()
    assert f'href="{PLACE}honours/"' in own
    assert f'href="{PLACE}offences/"' not in own


def test_a_dataset_is_told_in_words(owned: Any, office: Workspace, client: Client) -> None:
    sign_in(client, owned.industry_provider)
    page = client.get(f"{PLACE}honours/", headers={"Accept-Language": "zh-hans"}).content.decode()
    declared = office.dataset("honours").declared
    assert declared.legal_basis.zh in page
    assert "公民身份号码" in page
    assert "个人信息" in page
    assert "person.id" not in page
    assert "/accept/" not in page  # who provides the data does not let it in
    assert not [number for number in NUMBERS.values() if number in page]
    assert client.get(f"{PLACE}offences/").status_code == 404


def test_what_is_held_is_let_in_with_a_reason_by_a_second_hand(
    owned: Any, office: Workspace, client: Client
) -> None:
    held = Delivery.objects.get(dataset="honours")
    assert held.status == "held"
    for who in (owned.industry_provider, owned.li, owned.stranger):
        with pytest.raises(NotYoursError):
            accept(held, by=who, at=NOW, reason="核实过")
    with pytest.raises(TicketError):
        accept(held, by=owned.data, at=NOW, reason=" ")
    sign_in(client, owned.data)
    assert f"/deliveries/{held.pk}/accept/" in client.get(f"{PLACE}honours/").content.decode()
    sent = client.post(f"/deliveries/{held.pk}/accept/", {"reason": "新设部门，名单本来就短"})
    assert sent.status_code == 302
    assert client.post(f"/deliveries/{held.pk}/accept/", {"reason": "再来"}).status_code == 404
    with pytest.raises(OutOfStepError):
        accept(held, by=owned.data, at=NOW, reason="再来")
    entry = Entry.objects.get(action="delivery.accepted")
    assert (entry.actor, entry.reason) == ("data", "新设部门，名单本来就短")
    taken = load_inbox(office, NOW)
    assert "honours" in taken.datasets
    held.refresh_from_db()
    assert held.status == "loaded"
    [batch] = office.store.batches("honours")
    assert batch.accepted is not None
    assert (batch.accepted.by, batch.accepted.reason) == ("data", "新设部门，名单本来就短")
    page = client.get(f"{PLACE}honours/", headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "新设部门，名单本来就短" in page


def test_rows_in_quarantine_are_listed_by_reason_and_masked(owned: Any, client: Client) -> None:
    sign_in(client, owned.industry_provider)
    place = "/deliveries/quarantine/honours/"
    page = client.get(place, headers={"Accept-Language": "zh-hans"}).content.decode()
    assert "380101199001010016" not in page
    assert "荣誉2025-12-31.csv" in page
    assert "reason=" in page
    nothing = client.get(place, {"reason": "没有这种原因"}, headers={"Accept-Language": "en"})
    assert "No row waits" in nothing.content.decode()
    assert client.get(place, {"batch": "honours-1900-01-01-00000000"}).status_code == 200
    assert client.get("/deliveries/quarantine/offences/").status_code == 404


class TestNewDataset:
    @pytest.fixture
    def sample(self, owned: Any, client: Client) -> Upload:
        sign_in(client, owned.data)
        file = SimpleUploadedFile("补贴发放.csv", ROSTER.encode())
        sent = client.post(f"{PLACE}new/", {"file": file})
        upload = Upload.objects.get(kind="sample")
        assert sent["Location"] == f"{PLACE}new/{upload.pk}/"
        return upload

    def said(self, client: Client, upload: Upload, **more: str) -> dict[str, str]:
        """What the page proposes, with what a person fills in."""
        page = client.get(f"{PLACE}new/{upload.pk}/")
        form = {"c-TOTAL_FORMS": "0", "c-INITIAL_FORMS": "0"}
        forms = page.context["columns"].forms
        form["c-TOTAL_FORMS"] = form["c-INITIAL_FORMS"] = str(len(forms))
        for at, each in enumerate(forms):
            for name, value in each.initial.items():
                if value is True:
                    form[f"c-{at}-{name}"] = "on"
                elif value is not False:
                    form[f"c-{at}-{name}"] = str(value)
        form |= {k: str(v) for k, v in page.context["form"].initial.items()}
        return {
            **form, "title": "补贴发放名单", "name": "allowances", "theme": "welfare",
            "department": "澜州市民政局", "legal_basis": "某办法第三条", "purpose": "核对资格",
            "as_of": "2025-12-31", **more,
        }  # fmt: skip

    def test_the_page_shows_what_each_column_seems_to_hold(
        self, owned: Any, sample: Upload, client: Client
    ) -> None:
        page = client.get(f"{PLACE}new/{sample.pk}/").content.decode()
        assert 'value="person.id" selected' in page
        assert 'value="money" selected' in page
        assert not [number for number in NUMBERS.values() if number in page]
        assert "张三1" not in page
        sign_in(client, owned.industry_provider)
        assert client.get(f"{PLACE}new/{sample.pk}/").status_code == 404
        assert client.get(f"{PLACE}new/").status_code == 404

    def test_it_is_saved_into_the_catalog_and_the_file_is_loaded(
        self, office: Workspace, sample: Upload, client: Client
    ) -> None:
        answer = client.post(f"{PLACE}new/{sample.pk}/", self.said(client, sample))
        assert answer.status_code == 302, answer.context["problem"] or answer.context["form"].errors
        assert answer["Location"] == f"{PLACE}allowances/"
        now = Workspace(office.directory)
        declared = now.dataset("allowances").declared
        assert declared.legal_basis.zh == "某办法第三条"
        assert declared.columns["person"].type == "person.id"
        assert declared.columns["name"].of == "person"
        assert declared.ignore == ["序号"]
        sample.refresh_from_db()
        assert (sample.state, sample.dataset) == ("declared", "allowances")
        assert not (office.directory / sample.file).exists()
        entry = Entry.objects.get(action="upload.declared")
        assert (entry.actor, entry.detail["dataset"]) == ("data", "allowances")
        load_inbox(now, NOW)
        assert Delivery.objects.get(dataset="allowances").rows == 3
        assert client.get(f"{PLACE}allowances/").status_code == 200

    @pytest.mark.parametrize(
        ("wrong", "said"),
        [
            ({"name": "honours"}, "honours"),
            ({"name": "../evil"}, "小写英文"),
            ({"c-1-type": "org.code"}, "person"),
            ({"legal_basis": ""}, ""),
        ],
        ids=["taken", "no name", "of nobody", "no ground"],
    )
    def test_what_does_not_hold_together_is_not_saved(
        self, office: Workspace, sample: Upload, client: Client, wrong: dict[str, str], said: str
    ) -> None:
        before = {*Path(office.directory, "catalog").rglob("*.yml")}
        answer = client.post(
            f"{PLACE}new/{sample.pk}/", self.said(client, sample, **wrong),
            headers={"Accept-Language": "zh-hans"},
        )  # fmt: skip
        if answer.status_code == 302:  # an organisation's code is a sound answer, too
            assert wrong == {"c-1-type": "org.code"}
            return
        assert said in answer.content.decode()
        assert {*Path(office.directory, "catalog").rglob("*.yml")} == before
        sample.refresh_from_db()
        assert sample.state == "stored"

    def test_it_may_be_discarded(self, office: Workspace, sample: Upload, client: Client) -> None:
        assert client.post(f"{PLACE}new/{sample.pk}/discard/").status_code == 302
        assert not (office.directory / sample.file).exists()
        assert client.get(f"{PLACE}new/{sample.pk}/").status_code == 404
        assert Entry.objects.filter(action="upload.discarded").count() == 1

    def test_a_file_that_holds_no_table_says_so(self, owned: Any, client: Client) -> None:
        sign_in(client, owned.data)
        client.post(f"{PLACE}new/", {"file": SimpleUploadedFile("空.csv", b"\n\n\n")})
        upload = Upload.objects.get(kind="sample")
        page = client.get(f"{PLACE}new/{upload.pk}/").content.decode()
        assert "discard" in page


def test_a_list_that_is_sent_again_says_so(owned: Any, client: Client) -> None:
    sign_in(client, owned.industry_provider)
    for _ in range(2):
        answer = client.post("/deliveries/upload/", {
            "dataset": "honours", "kind": "delivery",
            "file": SimpleUploadedFile("荣誉2026-01-31.csv", HONOURS.encode()),
        }, headers={"Accept-Language": "en"})  # fmt: skip
    assert "waits already" in answer.content.decode()
