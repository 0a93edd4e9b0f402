"""What follows a warning, behind the database's wall: what a forgotten filter shows, and to whom nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from django.apps import apps
from django.db import DatabaseError, connection, transaction

from plumbline.loop.closure.actions.mechanism import record_mechanism
from plumbline.loop.closure.actions.problem import propose_problems
from plumbline.loop.closure.actions.rectification import (
    accept_rectification,
    report_rectification,
)
from plumbline.loop.closure.models import (
    Campaign,
    CampaignItem,
    FollowUp,
    GovernanceProblem,
    Mechanism,
    Recommendation,
    Rectification,
    RectificationState,
)
from plumbline.loop.closure.queries import seeing
from plumbline.loop.disposal.models import Disposal, Note, Outcome
from plumbline.org.models import User
from plumbline.org.walls import NOBODY, WORKER, scope, scope_of
from tests.behind import keys, no_superuser, raw, without_wall
from tests.loop.closure import after
from tests.loop.disposal.test_walls import OFFICERS, OTHERS
from tests.people import NOW, TODAY

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.skipif(connection.vendor != "postgresql", reason="a wall of PostgreSQL"),
]


@pytest.fixture
def behind(cast: Any) -> Iterator[Any]:
    """A problem with its campaign, a letter that is sent and one that is not, and what rests on one disposal."""
    cast.campaign = after.campaign(cast)
    cast.problem = cast.campaign.problem
    cast.letter = after.sent(after.letter(cast, cast.problem), cast)
    cast.case = after.finding(cast, parties=["甲"])
    cast.proposed = after.letter(cast, cast.case)
    cast.duty = after.asked(cast, cast.case)
    cast.rule = record_mechanism(
        cast.case, body=cast.office, title="联审办法", document="澜政〔2026〕3号", clause="第二条", before="",
        after="评审前联审。", in_force_from=TODAY, by=cast.jurist, at=NOW,
    )  # fmt: skip
    with no_superuser():
        yield cast


def as_(user: User) -> Any:
    return scope(scope_of(user, TODAY))


SEEN = {
    GovernanceProblem: seeing.problems,
    Campaign: seeing.campaigns,
    Recommendation: seeing.recommendations,
    Rectification: seeing.rectifications,
    Mechanism: seeing.mechanisms,
}


class TestNothing:
    def test_no_table_was_forgotten(self) -> None:
        assert without_wall(list(apps.get_app_config("closure").get_models())) == set()

    @pytest.mark.usefixtures("behind")
    def test_nothing_was_said_so_nothing_is_seen_or_written(self) -> None:
        with scope(NOBODY):
            for model in apps.get_app_config("closure").get_models():
                assert not model._default_manager.exists()
            assert Rectification.objects.update(what="……") == 0

    @pytest.mark.parametrize("who", ["sysadmin", "secadmin", "auditor", "stranger", "provider"])
    def test_who_has_no_part_gets_nothing(self, behind: Any, who: str) -> None:
        for model in SEEN:
            assert raw(model, getattr(behind, who)) == set()


class TestWhoSees:
    @pytest.mark.parametrize("who", [*OFFICERS, *OTHERS])
    def test_the_wall_is_nowhere_narrower_than_what_somebody_sees(
        self, behind: Any, who: str
    ) -> None:
        user = getattr(behind, who)
        for model, seen in SEEN.items():
            with scope(WORKER):
                by_right = keys(seen(user, TODAY))
            with as_(user):
                assert keys(seen(user, TODAY)) == by_right
            assert by_right <= raw(model, user)

    def test_a_forgotten_filter_shows_no_other_body_s(self, behind: Any) -> None:
        for model in SEEN:
            assert raw(model, behind.head)
            assert raw(model, behind.qin) == set()

    def test_a_unit_sees_what_was_sent_to_it_and_no_finding(self, behind: Any) -> None:
        assert raw(Recommendation, behind.contact) == {behind.letter.pk}
        assert raw(Rectification, behind.contact) == {behind.duty.pk}
        assert raw(Campaign, behind.contact) == {behind.campaign.pk}
        assert len(raw(CampaignItem, behind.contact)) == 2
        assert raw(Disposal, behind.contact) == {behind.case.pk}
        for model in (GovernanceProblem, Mechanism, FollowUp, Outcome, Note):
            assert raw(model, behind.contact) == set()

    @pytest.mark.parametrize("who", ["head", "jurist", "contact"])
    def test_what_rests_on_a_warning_about_them_is_nothing_for_them(
        self, behind: Any, who: str
    ) -> None:
        user = getattr(behind, who)
        User.objects.filter(pk=user.pk).update(person="甲")
        assert behind.proposed.pk not in raw(Recommendation, user)
        assert raw(Rectification, user) == set()
        assert raw(Mechanism, user) == set()


class TestActs:
    def test_a_unit_reports_and_a_body_accepts(self, behind: Any) -> None:
        with as_(behind.contact):
            report_rectification(behind.duty, text="已建立联审", by=behind.contact, at=NOW)
        with as_(behind.head):
            accept_rectification(
                behind.duty, look_back_on=after.LATER, by=behind.head, at=NOW, reason="属实"
            )
        assert behind.duty.state == RectificationState.ACCEPTED

    def test_problems_are_proposed_by_the_worker_alone(self, behind: Any) -> None:
        with (
            as_(behind.head),
            pytest.raises(DatabaseError, match="row-level security"),
            transaction.atomic(),
        ):
            behind.problem.disposals.add(behind.case)
        with scope(WORKER):
            propose_problems(after.clauses(), at=NOW)
            assert behind.problem.disposals.filter(pk=behind.case.pk).exists()

    def test_nobody_writes_where_they_do_not_see(self, behind: Any) -> None:
        with as_(behind.qin):
            assert Rectification.objects.update(what="……") == 0
            for make in (
                lambda: FollowUp.objects.create(
                    recommendation=behind.letter, by=behind.qin, at=NOW, text="……"
                ),
                lambda: CampaignItem.objects.create(campaign=behind.campaign, number=9, what="……"),
            ):
                with pytest.raises(DatabaseError), transaction.atomic():
                    make()
