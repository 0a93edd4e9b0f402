"""Disposals over a real store: opened as models say, told to the engine when they are closed, back with new evidence."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from plumbline.loop.delivery.models import DataErrorTicket
from plumbline.loop.disposal import intake
from plumbline.loop.disposal.actions.dispatch import sign_for
from plumbline.loop.disposal.actions.review import approve
from plumbline.loop.disposal.actions.verify import assign_verifiers, find, report
from plumbline.loop.disposal.models import Consequence, Disposal, Finding, State
from plumbline.loop.disposal.queries.precision import found_of
from plumbline.loop.disposal.tasks import carry_out, take_up
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.models import EarlyWarning, Standing
from plumbline.trail.models import Entry, Reading
from tests import people
from tests.engine.collision.town import HE, WANG, Town, offence
from tests.loop.disposal import warned
from tests.loop.warning.conftest import town  # noqa: F401 -- a fixture
from tests.loop.warning.town import NAME, go_live, run
from tests.people import NOW

pytestmark = pytest.mark.django_db
LATER = NOW + timedelta(days=30)


@pytest.fixture
def cast(town: Town) -> Any:  # noqa: F811 -- the fixture
    """The cast over a town whose model is live and has raised a red and a yellow warning."""
    made = people.cast()
    made.industry.former_names = ["经信局"]
    made.industry.save()
    go_live(town, made)
    run(town)
    take_up.call(NOW.isoformat())
    return made


def of(level: str) -> Disposal:
    return Disposal.objects.select_related("warning", "body").get(level=level)


def close(
    case: Disposal, cast: Any, *findings: tuple[Finding, dict[str, Any]], at: Any = NOW
) -> None:
    """Worked by the resident group and the office, reviewed by the whole chain."""
    case.joint.add(cast.office)
    sign_for(case, by=cast.group_head, at=at)
    assign_verifiers(case, [cast.wang, cast.li], by=cast.group_head, at=at)
    warned.checked(case, cast)
    for finding, more in findings:
        find(case, finding, by=cast.li, at=at, **more)
    warned.sign(case, cast.wang)
    warned.sign(case, cast.li)
    report(case, by=cast.li, at=at, summary="核查报告")
    for reviewer in (cast.group_head, cast.standing, cast.secretary)[: len(case.chain)]:
        approve(case, case.reports, by=reviewer, at=at)
    assert case.state == State.CLOSED


def rows_of(case: Disposal, dataset: str) -> list[str]:
    told = intake.workspace()
    found = told.warnings(keys={case.warning.key}, withdrawn=True)
    rows = told.evidence(found)[case.warning.key]
    return [
        f"{row.dataset.name}:{row.row >> 32}-{row.row & 0xFFFFFFFF}"
        for fact in rows.values() for row in fact.values() if row.dataset.name == dataset
    ]  # fmt: skip


def test_they_are_opened_as_the_model_says_and_sent_by_rule(cast: Any) -> None:
    assert Disposal.objects.count() == 2
    red, yellow = of("red"), of("yellow")
    assert (red.state, red.body, list(red.joint.all())) == (
        State.DISPATCHED,
        cast.group,
        [cast.office],
    )
    assert (yellow.state, yellow.body, yellow.joint.count()) == (State.DISPATCHED, cast.group, 0)
    model = intake.workspace().model(NAME).declared
    assert [step.what for step in red.steps.all()] == model.check.zh
    assert red.sign_days == intake.days(model.send_to.sign_within)
    assert (red.report_days, yellow.report_days) == (10, 20)
    assert Entry.objects.filter(action="disposal.dispatched", detail__rule="region").count() == 2


def test_doing_it_again_opens_and_sends_nothing(cast: Any, town: Town) -> None:  # noqa: F811
    run(town)
    assert EarlyWarning.objects.filter(unit=cast.industry).count() == 2
    assert take_up.call(NOW.isoformat()) == (0, 0, 0)
    assert Disposal.objects.count() == 2


def test_a_wrong_person_is_judged_apart_once_and_the_warning_goes(cast: Any, town: Town) -> None:  # noqa: F811
    case = of("red")
    rows = rows_of(case, "offences")
    close(case, cast, (Finding.WRONG_PERSON, {"rows": rows, "note": "两人同号"}))
    assert Consequence.objects.get().done_at is None
    assert carry_out.call(NOW.isoformat()) == 1
    judged = [each for each in town.now.judgements() if each.in_force]
    assert [(j.verdict, j.by, j.dataset) for j in judged] == [
        ("different", "li", "offences")
    ] * len(rows)
    assert Consequence.objects.get().done_at == NOW
    assert carry_out.call(NOW.isoformat()) == 0
    run(town)
    assert EarlyWarning.objects.get(pk=case.warning_id).standing == Standing.WITHDRAWN


def test_a_worker_killed_in_between_says_it_once(cast: Any, town: Town) -> None:  # noqa: F811
    case = of("red")
    close(case, cast, (Finding.WRONG_PERSON, {"rows": rows_of(case, "offences")}))
    carry_out.call(NOW.isoformat())
    count = len(town.now.judgements())
    Consequence.objects.update(
        done_at=None
    )  # it had told the engine, and died before it wrote this down
    carry_out.call(NOW.isoformat())
    assert len(town.now.judgements()) == count


def test_a_fault_of_the_data_goes_to_the_department(cast: Any) -> None:
    case = of("yellow")
    rows = rows_of(case, "honours")
    close(
        case, cast, (Finding.RIGHT_PERSON, {}), (Finding.UNTRUE, {}),
        (Finding.DATA_WRONG, {"rows": rows, "note": "授予日期录入错误"}),
    )  # fmt: skip
    assert carry_out.call(NOW.isoformat()) == 1
    ticket = DataErrorTicket.objects.get()
    assert (ticket.dataset, ticket.rows, ticket.body) == ("honours", rows, cast.group)
    assert "授予日期录入错误" in ticket.question
    assert carry_out.call(NOW.isoformat()) == 0


def test_what_cannot_be_done_says_why_and_is_tried_again(cast: Any) -> None:
    case = of("red")
    close(case, cast, (Finding.WRONG_PERSON, {"rows": ["no_such_dataset:1-1"]}))
    for _ in range(2):
        assert carry_out.call(NOW.isoformat()) == 0
    waiting = Consequence.objects.get()
    assert waiting.done_at is None
    assert "no_such_dataset" in waiting.problem
    assert Entry.objects.filter(action="consequence.failed").count() == 1


def test_a_closed_one_comes_back_with_new_evidence_and_not_without(cast: Any, town: Town) -> None:  # noqa: F811
    case = of("red")
    close(case, cast, (Finding.RIGHT_PERSON, {}), (Finding.UNTRUE, {}))
    run(town, at=LATER)
    assert take_up.call(LATER.isoformat())[2] == 0
    town.deliver("offences", [offence("d", WANG, on="2013-01-01")], "2025-07-31")
    run(town, at=LATER + timedelta(days=1))
    assert take_up.call((LATER + timedelta(days=1)).isoformat())[2] == 1
    case.refresh_from_db()
    assert (case.state, case.round) == (State.SIGNED, 2)
    assert take_up.call((LATER + timedelta(days=2)).isoformat())[2] == 0


def test_evidence_that_only_goes_brings_nothing_back(cast: Any, town: Town) -> None:  # noqa: F811
    case = of("yellow")
    close(case, cast, (Finding.RIGHT_PERSON, {}), (Finding.UNTRUE, {}))
    town.deliver("offences", [{**offence("b", HE, "何六"), "change": "删除"}], "2025-07-31")
    run(town, at=LATER)
    assert take_up.call(LATER.isoformat())[2] == 0


def test_what_people_found_is_counted_for_the_model(cast: Any) -> None:
    close(of("red"), cast, (Finding.RIGHT_PERSON, {}), (Finding.TRUE, {}))
    close(of("yellow"), cast, (Finding.RIGHT_PERSON, {}), (Finding.UNTRUE, {}))
    version = ModelVersion.objects.get(model=NAME, current=True)
    assert (version.confirmed, version.closed) == (1, 2)
    assert sorted(found_of(version.model).values()) == [False, True]
    assert set(found_of(version.model)) <= set(EarlyWarning.objects.values_list("key", flat=True))
    assert found_of("no-such-model") == {}


class TestTheEvidenceOnThePage:
    @pytest.fixture(autouse=True)
    def _now(self) -> Any:
        with time_machine.travel(NOW, tick=False):
            yield

    def client(self, user: Any) -> Client:
        client = Client()
        client.force_login(user)
        return client

    def test_it_is_masked_until_a_purpose_is_given(self, cast: Any) -> None:
        case = of("red")
        case.joint.add(cast.office)
        sign_for(case, by=cast.group_head, at=NOW)
        assign_verifiers(case, [cast.wang, cast.li], by=cast.group_head, at=NOW)
        client = self.client(cast.li)
        page = client.get(reverse("disposal:page", args=[case.pk])).content.decode()
        assert "2012" in page
        assert (WANG in page, "王五" in page) == (False, False)
        refused = client.post(reverse("disposal:read", args=[case.pk]), {"purpose": "", "case": ""})
        assert (refused.status_code, WANG in refused.content.decode()) == (422, False)
        client.post(
            reverse("disposal:read", args=[case.pk]),
            {"purpose": "核对身份", "case": "澜纪核〔2026〕1号", "columns": ["honour.person"]},
        )
        shown = client.get(reverse("disposal:page", args=[case.pk])).content.decode()
        assert (WANG in shown, "王五" in shown) == (True, False)  # the name was not asked for
        assert Reading.objects.count() == 1
        assert Entry.objects.get(action="personal_data.read").detail["case"] == "澜纪核〔2026〕1号"

    def test_who_dispatches_reads_nothing_in_clear(self, cast: Any) -> None:
        case = of("red")
        said = {"purpose": "看看", "case": "1"}
        assert (
            self.client(cast.fen).get(reverse("disposal:page", args=[case.pk])).status_code == 200
        )
        assert (
            self.client(cast.fen).post(reverse("disposal:read", args=[case.pk]), said).status_code
            == 404
        )
        assert (
            self.client(cast.zhou).post(reverse("disposal:read", args=[case.pk]), said).status_code
            == 404
        )
        assert not Reading.objects.exists()
