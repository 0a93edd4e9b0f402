"""A model read as a page: its cases, how versions differ, and what it says of one subject."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from plumbline.loop.supervision.intake import take_in_catalog, workspace
from plumbline.loop.supervision.models import ModelVersion
from plumbline.org.policy import person_digest
from plumbline.trail.models import Entry
from tests import people
from tests.engine.collision.town import WANG, Town
from tests.loop.supervision.test_studio import office
from tests.loop.warning.town import go_live
from tests.people import NOW, sign_in

__all__ = ["office"]
NUMBER = "380101190001010013"  # nobody's; of the province that was never assigned


@pytest.fixture
def version(office: Any) -> ModelVersion:  # noqa: ARG001 -- the office is where the catalog lies
    take_in_catalog(workspace(), at=NOW)
    return ModelVersion.objects.get(model="honour-despite-offence")


def asked(client: Client, version: ModelVersion, subject: str = NUMBER, **said: str) -> Any:
    fields = {"subject": subject, "purpose": "核对来信", "case": "来信〔2026〕3号", **said}
    return client.post(reverse("supervision:try", args=[version.pk]), fields)


def test_the_page_is_read_aloud(office: Any, client: Client, version: ModelVersion) -> None:
    page = (
        sign_in(client, office.jurist)
        .get(reverse("supervision:page", args=[version.pk]))
        .content.decode()
    )
    for words in (
        "申报者应遵纪守法",
        "第三条第(一)项",
        "minor traffic fine",
        "荣誉称号",
        "同名同号登记错误",
    ):
        assert words in page
    assert reverse("supervision:studio") not in page
    assert reverse("supervision:try", args=[version.pk]) not in page
    own = (
        sign_in(client, office.author)
        .get(reverse("supervision:page", args=[version.pk]))
        .content.decode()
    )
    assert reverse("supervision:studio") in own


def test_cases_are_a_table_with_their_verdicts(
    office: Any, client: Client, version: ModelVersion
) -> None:
    table = (
        sign_in(client, office.jurist)
        .get(reverse("supervision:cases", args=[version.pk]))
        .content.decode()
    )
    assert "left_out" in table
    assert table.count("一致") >= 5


def test_versions_differ_in_words(office: Any, client: Client, version: ModelVersion) -> None:
    shown = {**version.shown, "flag_when": "before(offence.occurred_on, honour.granted_on)"}
    earlier = ModelVersion.objects.create(
        model=version.model,
        version=9,
        fingerprint="9",
        title="旧",
        current=False,
        shown=shown,
        recorded_at=NOW,
    )
    page = sign_in(client, office.jurist).get(
        reverse("supervision:differences", args=[version.pk, earlier.pk])
    ).content.decode()  # fmt: skip
    assert "<del>before(offence.occurred_on, honour.granted_on)</del>" in page
    assert "within_years" in page
    assert "准绳</h2>" not in page  # what is the same is not told


def test_who_asks_about_whom_is_on_the_trail_before_anything_is_shown(
    office: Any, client: Client, version: ModelVersion
) -> None:
    answer = asked(sign_in(client, office.li), version)
    assert answer.status_code == 200
    assert NUMBER not in answer.content.decode()
    entry = Entry.objects.get(action="personal_data.read")
    assert (entry.actor, entry.reason) == ("li", "核对来信")
    assert entry.detail["whom"] == [person_digest(NUMBER)]


def test_without_a_purpose_nothing_is_shown(
    office: Any, client: Client, version: ModelVersion
) -> None:
    assert asked(sign_in(client, office.li), version, purpose="").status_code == 422
    assert not Entry.objects.filter(action="personal_data.read").exists()


@pytest.mark.parametrize("who", ["author", "jurist", "approver", "figures", "stranger", "sysadmin"])
def test_those_who_work_no_warnings_try_nobody(
    office: Any, client: Client, version: ModelVersion, who: str
) -> None:
    assert asked(sign_in(client, getattr(office, who)), version).status_code == 404
    assert not Entry.objects.filter(action="personal_data.read").exists()


def test_nobody_asks_about_themself(office: Any, client: Client, version: ModelVersion) -> None:
    office.li.person = person_digest(NUMBER)
    office.li.save()
    assert asked(sign_in(client, office.li), version).status_code == 404


@pytest.mark.django_db
def test_however_somebody_writes_it_they_do_not_ask_about_themself(
    town: Town, client: Client
) -> None:
    cast = people.cast()
    version = go_live(town, cast)
    old = WANG[:6] + WANG[8:17]  # of 15 digits, which the engine completes
    assert asked(sign_in(client, cast.zhou), version, old).status_code == 200
    assert person_digest(WANG) in Entry.objects.get(action="personal_data.read").detail["whom"]
    cast.li.person = person_digest(WANG)
    cast.li.save()
    answer = asked(sign_in(Client(), cast.li), version, old)
    assert answer.status_code == 404


@pytest.mark.parametrize("name", ["cases", "differences"])
def test_a_stranger_reads_no_model(
    office: Any, client: Client, version: ModelVersion, name: str
) -> None:
    keys = [version.pk, version.pk] if name == "differences" else [version.pk]
    assert (
        sign_in(client, office.stranger).get(reverse(f"supervision:{name}", args=keys)).status_code
        == 404
    )


def test_how_it_does_is_told_to_its_author_without_rows(
    office: Any, client: Client, version: ModelVersion
) -> None:
    address = reverse("cockpit:model", args=[version.model])
    part = sign_in(client, office.author).get(address)
    assert part.status_code == 200
    assert "/cockpit/rows/" not in part.content.decode()
    assert sign_in(client, office.stranger).get(address).status_code == 404
    assert sign_in(client, office.head).get(reverse("cockpit:model", args=["x"])).status_code == 404
