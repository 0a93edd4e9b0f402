"""The figures of a period: each with the rows behind it, of the bodies whose work somebody reads."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from plumbline.loop.closure.queries.figures import figures
from plumbline.loop.disposal.models import Document, Lead, Posting
from tests.loop.closure import after
from tests.loop.closure.test_mechanism import mechanism
from tests.people import NOW, TODAY


def told(user: Any, days: int = 0) -> dict[str, int]:
    return {each.name: each.value for each in figures(user, TODAY, TODAY + timedelta(days=days))}


@pytest.fixture
def done(cast: Any) -> Any:
    """Three red warnings disposed, one of them a lead with 5 yuan recovered; a problem and what followed."""
    problem = after.accepted(cast)
    after.campaign(cast, problem)
    mechanism(cast, problem)
    cases = [after.finding(cast, level="red") for _ in range(3)]
    Lead.objects.create(
        number="1", year=2026, serial=1, origin="warning", disposal=cases[0], body=cast.office,
        title="线索", text="情况", received_at=NOW, received_by=cast.keeper,
    )  # fmt: skip
    paper = Document.objects.create(
        disposal=cases[0],
        by=cast.li,
        at=NOW,
        name="收据",
        kind="application/pdf",
        size=1,
        sha256="0" * 64,
    )
    for key, kind, fen in (("a", "due", 900), ("b", "recovered", 500)):
        Posting.objects.create(
            disposal=cases[0], kind=kind, fen=fen, key=key, evidence=paper, by=cast.li, at=NOW
        )
    return cast


def test_what_a_period_came_to(done: Any) -> None:
    assert told(done.head) == {
        "red_disposed": 3, "leads": 1, "share": 333, "recovered": 500, "problems": 1,
        "campaigns": 1, "mechanisms": 1,
    }  # fmt: skip


def test_every_figure_can_be_opened(done: Any) -> None:
    for each in figures(done.head, TODAY, TODAY):
        if each.unit == "count":
            assert each.rows.count() == each.value, each.name
    (recovered,) = [each for each in figures(done.head, TODAY, TODAY) if each.name == "recovered"]
    assert [posting.fen for posting in recovered.rows] == [500]


def test_another_period_has_its_own(done: Any) -> None:
    earlier = figures(done.head, TODAY - timedelta(days=30), TODAY - timedelta(days=1))
    assert {each.value for each in earlier} == {0}


@pytest.mark.parametrize("who", ["qin", "stranger", "contact", "provider", "sysadmin"])
def test_others_work_is_not_counted(done: Any, who: str) -> None:
    values = told(getattr(done, who))
    assert (values["red_disposed"], values["recovered"], values["problems"]) == (0, 0, 0)


def test_those_above_count_what_is_below(done: Any) -> None:
    assert told(done.figures)["red_disposed"] == 3
