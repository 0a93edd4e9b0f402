"""Models' pages: what is to be read, what may be done by whom; a stranger is told that there is nothing."""

from __future__ import annotations

from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from plumbline.loop.supervision.intake import take_in_catalog
from plumbline.loop.supervision.models import ModelVersion, Sample, State, SubjectException
from plumbline.loop.supervision.queries import budgets
from plumbline.org.models import Kin
from plumbline.org.policy import person_digest
from tests import people
from tests.engine.collision.town import HE, WANG, Town
from tests.loop.warning.town import NAME, run
from tests.people import NOW, TODAY

pytestmark = pytest.mark.django_db


def client(user: Any) -> Client:
    made = Client()
    made.force_login(user)
    return made


def do(user: Any, model: ModelVersion, name: str, **said: str) -> str:
    """What the page says after an act."""
    address = reverse("supervision:act", args=[model.pk, name])
    return client(user).post(address, said, follow=True).content.decode()


def test_a_model_goes_the_whole_way_on_its_pages(town: Town) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    assert "转入试运行" in client(cast.author).get(reverse("supervision:page", args=[model.pk])).content.decode()  # fmt: skip
    assert "notice good" in do(cast.author, model, "try_out")
    run(town)
    assert "notice good" in do(cast.author, model, "draw_samples", n="5")
    assert "notice error" in do(cast.author, model, "propose")  # nothing is verified yet
    for sample in Sample.objects.all():
        address = reverse("supervision:sample", args=[sample.pk])
        assert 'name="confirmed"' not in client(cast.author).get(address).content.decode()
        shown = client(cast.li).get(address).content.decode()
        assert "honours-2025-06-30.csv" in shown
        assert WANG not in shown
        client(cast.li).post(address, {"confirmed": "yes", "note": "调取了判决书"})
    do(cast.author, model, "propose")
    do(cast.approver, model, "promote", reason="同意")
    model.refresh_from_db()
    assert (model.state, model.approved_by) == (State.LIVE, cast.approver)
    assert "100%" in client(cast.head).get(reverse("supervision:page", args=[model.pk])).content.decode()  # fmt: skip


def test_those_not_flagged_are_drawn_and_shown_masked(town: Town) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    do(cast.author, model, "try_out")
    run(town)
    do(cast.author, model, "draw_unflagged", n="1")
    sample = Sample.objects.get()
    shown = client(cast.li).get(reverse("supervision:sample", args=[sample.pk])).content.decode()
    assert "honours-2025-06-30.csv" in shown
    assert "赵八" not in shown
    assert "林七" not in shown


def test_nobody_verifies_a_sample_about_their_kin(town: Town) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    do(cast.author, model, "try_out")
    run(town)
    do(cast.author, model, "draw_samples", n="5")
    for number in (WANG, HE):
        Kin.objects.create(user=cast.li, person=person_digest(number), relation="兄")
    for sample in Sample.objects.all():
        address = reverse("supervision:sample", args=[sample.pk])
        assert client(cast.li).get(address).status_code == 404
        assert client(cast.li).post(address, {"confirmed": "no", "note": "x"}).status_code == 404
        assert client(cast.zhou).get(address).status_code == 200
    # Nor do the masked words in the list tell them of it.
    page = reverse("supervision:page", args=[model.pk])
    links = [reverse("supervision:sample", args=[each.pk]) for each in Sample.objects.all()]
    assert links
    mine, others = (client(who).get(page).content.decode() for who in (cast.li, cast.zhou))
    assert not any(link in mine for link in links)
    assert all(link in others for link in links)
    assert WANG not in repr(list(Sample.objects.values()))


def test_nor_is_one_of_those_not_flagged_shown_to_their_kin(town: Town) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    do(cast.author, model, "try_out")
    run(town)
    do(cast.author, model, "draw_unflagged", n="1")
    sample = Sample.objects.get()
    assert len(sample.persons) == 1
    Kin.objects.create(user=cast.li, person=sample.persons[0], relation="兄")
    link = reverse("supervision:sample", args=[sample.pk])
    page = reverse("supervision:page", args=[model.pk])
    assert link not in client(cast.li).get(page).content.decode()
    assert link in client(cast.zhou).get(page).content.decode()


@pytest.mark.parametrize("who", ["stranger", "figures", "auditor", "contact"])
def test_to_a_stranger_there_are_no_models(town: Town, who: str) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    browser = client(getattr(cast, who))
    for address in (
        reverse("supervision:list"), reverse("supervision:page", args=[model.pk]),
        reverse("supervision:exceptions"), reverse("supervision:budgets"),
    ):  # fmt: skip
        assert browser.get(address).status_code == 404, address
    assert browser.post(reverse("supervision:act", args=[model.pk, "retire"])).status_code == 404


@pytest.mark.parametrize("name", ["promote", "retire", "nothing"])
def test_what_somebody_may_not_do_is_not_there(town: Town, name: str) -> None:
    cast = people.cast()
    (model,) = take_in_catalog(town.now, at=NOW)
    answer = client(cast.author).post(reverse("supervision:act", args=[model.pk, name]))
    assert answer.status_code == 404


def test_an_exception_is_approved_by_another_and_withdrawn_with_a_reason() -> None:
    cast = people.cast()
    made = SubjectException.objects.create(
        model=NAME, warning="k", about="王*", reason="组织批准", by=cast.li, asked_at=NOW,
        starts_on=TODAY, ends_on=TODAY,
    )  # fmt: skip
    page = reverse("supervision:exceptions")
    approve = reverse("supervision:decide", args=[made.pk, "approve"])
    assert approve not in client(cast.li).get(page).content.decode()
    assert client(cast.li).post(approve).status_code == 404
    assert approve in client(cast.head).get(page).content.decode()
    client(cast.head).post(approve)
    made.refresh_from_db()
    assert made.approved_by == cast.head
    withdraw = reverse("supervision:decide", args=[made.pk, "withdraw"])
    client(cast.head).post(withdraw, {"reason": " "})
    made.refresh_from_db()
    assert made.withdrawn_at is None
    client(cast.standing).post(withdraw, {"reason": "批准已撤销"})
    made.refresh_from_db()
    assert made.withdrawn_at is not None


def test_a_head_sets_how_many_warnings_a_unit_is_told_of() -> None:
    cast = people.cast()
    address = reverse("supervision:budgets")
    said = {"unit": cast.civil.pk, "per_week": 5, "reason": "人手有限"}
    client(cast.head).post(address, said)
    assert budgets() == {cast.civil.pk: 5}
    assert cast.civil.name in client(cast.head).get(address).content.decode()
    outside = people.unit("别市")  # supervised by nobody here
    client(cast.head).post(address, {**said, "unit": outside.pk})
    assert budgets() == {cast.civil.pk: 5}
