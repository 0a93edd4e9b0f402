"""Problems: gathered by the system, each proposed once, decided by people."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from hypothesis import given
from hypothesis import strategies as st

from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.closure.actions.problem import (
    accept,
    dismiss,
    propose_problems,
    solve,
    take_up_again,
)
from plumbline.loop.closure.models import PROBLEM_FLOW, GovernanceProblem, ProblemState
from plumbline.loop.closure.queries.clusters import (
    CLOSED,
    FINDINGS,
    TIMES,
    UNITS,
    Cluster,
    HalfYear,
    clusters,
    models_behind,
    units_behind,
)
from plumbline.loop.disposal.actions.review import reopen
from plumbline.loop.disposal.models import Finding
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.loop.closure import after
from tests.people import NOW

SPRING = HalfYear(2026, 1)


def test_every_state_can_come_to_its_end() -> None:
    assert all(
        state in PROBLEM_FLOW.ends
        or any(PROBLEM_FLOW.moves[m].to in PROBLEM_FLOW.ends for m in PROBLEM_FLOW.allowed(state))
        for state in ProblemState
    )


@pytest.mark.parametrize(
    ("day", "first", "last", "before"),
    [
        (date(2026, 1, 1), date(2026, 1, 1), date(2026, 6, 30), HalfYear(2025, 2)),
        (date(2026, 6, 30), date(2026, 1, 1), date(2026, 6, 30), HalfYear(2025, 2)),
        (date(2026, 7, 1), date(2026, 7, 1), date(2026, 12, 31), HalfYear(2026, 1)),
    ],
    ids=str,
)
def test_a_half_year(day: date, first: date, last: date, before: HalfYear) -> None:
    half = HalfYear.of(day)
    assert (half.starts_on, half.ends_on, half.before) == (first, last, before)


class TestGathering:
    def test_confirmed_findings_are_gathered_by_clause_sector_region_and_half_year(
        self, cast: Any
    ) -> None:
        confirmed = after.findings(cast)
        after.refuted(cast)
        after.finding(cast, cast.civil, theme="benefits")
        largest, other = clusters(SPRING, after.clauses())
        assert largest == Cluster(
            after.CLAUSE, "honours", "380300", SPRING, tuple(each.pk for each in confirmed),
            largest.units, closed=4, elsewhere=(0, 0),
        )  # fmt: skip
        assert len(largest.units) == 2
        assert largest.is_proposed
        assert (other.sector, len(other.findings), other.is_proposed) == ("benefits", 1, False)

    @pytest.mark.parametrize(
        "finding", [Finding.PARTLY_TRUE, Finding.CLAUSE_UNCLEAR, Finding.CONTROL_MISSING]
    )
    def test_a_rule_that_is_unclear_is_a_finding_though_nobody_did_wrong(
        self, cast: Any, finding: Finding
    ) -> None:
        found = (finding,) if finding is Finding.PARTLY_TRUE else (Finding.UNTRUE, finding)
        case = after.finding(cast, None, *found)
        assert [each.findings for each in clusters(SPRING, after.clauses())] == [(case.pk,)]

    def test_what_is_closed_in_another_half_year_or_open_again_is_not_gathered(
        self, cast: Any
    ) -> None:
        case = after.finding(cast)
        assert clusters(SPRING.before, after.clauses()) == []
        reopen(case, by=cast.head, at=NOW, reason="新证据")
        assert clusters(SPRING, after.clauses()) == []

    def test_a_warning_whose_clause_is_not_known_is_not_gathered(self, cast: Any) -> None:
        after.findings(cast)
        assert clusters(SPRING, {}) == []

    def test_without_a_unit_sector_and_region_are_the_warnings(self, cast: Any) -> None:
        case = after.finding(cast)
        case.warning.unit = None
        case.warning.save()
        (found,) = clusters(SPRING, after.clauses())
        assert (found.sector, found.region, found.units) == ("honours", "380300", frozenset())


def cluster(findings: int, units: int, closed: int, elsewhere: tuple[int, int]) -> Cluster:
    return Cluster(
        after.CLAUSE, "honours", "380300", SPRING, tuple(range(findings)),
        frozenset(range(units)), closed, elsewhere,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("found", "rules"),
    [
        (cluster(FINDINGS, UNITS, 3, (0, 0)), ["spread"]),
        (cluster(FINDINGS - 1, UNITS, 3, (0, 0)), []),
        (cluster(FINDINGS, 1, 4, (0, 10)), []),
        (cluster(FINDINGS, 1, CLOSED, (3, 10)), ["share"]),
        (cluster(FINDINGS, 1, CLOSED, (4, 10)), []),
        (cluster(4, 1, CLOSED, (4, 10)), ["share"]),
        (cluster(FINDINGS, 1, CLOSED, (0, CLOSED - 1)), []),
        (cluster(FINDINGS, 1, CLOSED, (0, CLOSED)), ["share"]),
        (cluster(4, 2, CLOSED, (4, 10)), ["spread", "share"]),
    ],
    ids=[
        "three in two units", "two only", "one unit, few closed", "3/5 against 3/10",
        "3/5 against 4/10", "4/5 against 4/10", "too few elsewhere", "none elsewhere", "both",
    ],
)  # fmt: skip
def test_when_a_cluster_is_proposed(found: Cluster, rules: list[str]) -> None:
    assert found.figures["rules"] == rules
    assert found.is_proposed == bool(rules)


@given(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50))
def test_the_share_is_told_by_fractions(found: int, more: int, there: int, rest: int) -> None:
    made = cluster(found, 1, found + more, (there, there + rest))
    if made.stands_out:
        assert found / (found + more) >= TIMES * there / (there + rest) - 1e-12


class TestProposing:
    def test_the_system_proposes_with_what_is_behind_it(self, cast: Any) -> None:
        problem = after.problem(cast)
        assert (problem.state, problem.clause, problem.region) == (
            "proposed",
            after.CLAUSE,
            "380300",
        )
        assert problem.disposals.count() == 3
        assert [unit.name for unit in units_behind(problem)] == [
            "澜州市工艺美术中心",
            "澜州市经济和信息化局",
        ]
        assert models_behind(problem) == ["honour-despite-offence"]
        entry = Entry.objects.get(subject=f"problem:{problem.pk}")
        assert (entry.action, entry.actor) == ("problem.proposed", "system")

    def test_once_whatever_became_of_it(self, cast: Any) -> None:
        problem = after.problem(cast)
        assert propose_problems(after.clauses(), at=NOW) == []
        dismiss(problem, by=cast.head, at=NOW, reason="同一份旧名单")
        more = after.finding(cast)
        assert propose_problems(after.clauses(), at=NOW) == []
        problem.refresh_from_db()
        assert (problem.state, more in problem.disposals.all()) == ("dismissed", True)
        assert problem.why["findings"] == 4
        assert list(
            Entry.objects.filter(subject=f"problem:{problem.pk}").order_by("pk").values_list("action", flat=True)
        ) == ["problem.proposed", "problem.dismissed", "problem.grown"]  # fmt: skip

    def test_what_was_closed_late_in_the_last_half_year_is_proposed_after_its_end(
        self, cast: Any
    ) -> None:
        after.findings(cast)
        (made,) = propose_problems(after.clauses(), at=datetime(2026, 7, 2, tzinfo=UTC))
        assert made.starts_on == date(2026, 1, 1)

    def test_the_database_refuses_a_second_one(self, cast: Any) -> None:
        problem = after.problem(cast)
        with pytest.raises(IntegrityError, match=r"problem_proposed_once|UNIQUE"):
            GovernanceProblem.objects.create(
                title="又一个", clause=problem.clause, sector=problem.sector, region=problem.region,
                starts_on=problem.starts_on, ends_on=problem.ends_on, proposed_at=NOW,
            )  # fmt: skip


class TestDeciding:
    def test_accepted_solved_and_taken_up_again(self, cast: Any) -> None:
        problem = accept(
            after.problem(cast), by=cast.head, at=NOW, reason="普遍", title="荣誉评审不查记录"
        )
        assert (problem.state, problem.title, problem.decided_by) == (
            "accepted",
            "荣誉评审不查记录",
            cast.head,
        )
        solve(problem, by=cast.standing, at=NOW, reason="办法已修订")
        take_up_again(problem, by=cast.secretary, at=NOW, reason="又出现两件")
        assert (problem.state, problem.opinion) == ("accepted", "又出现两件")

    def test_with_a_reason(self, cast: Any) -> None:
        with pytest.raises(ReasonMissingError):
            accept(after.problem(cast), by=cast.head, at=NOW, reason=" ")

    def test_by_one_of_two(self, cast: Any) -> None:
        problem = after.problem(cast)
        same = GovernanceProblem.objects.get(pk=problem.pk)
        accept(problem, by=cast.head, at=NOW, reason="普遍")
        with pytest.raises(OutOfStepError):
            dismiss(same, by=cast.standing, at=NOW, reason="个别")
        assert Entry.objects.filter(action="problem.dismissed").count() == 0

    @pytest.mark.parametrize(
        "who", ["li", "fen", "qin", "group_head", "contact", "figures", "stranger"]
    )
    def test_not_by_others(self, cast: Any, who: str) -> None:
        problem = after.problem(cast)
        with pytest.raises(NotYoursError):
            accept(problem, by=getattr(cast, who), at=NOW, reason="普遍")
        problem.refresh_from_db()
        assert problem.state == "proposed"

    def test_the_database_wants_a_person(self, cast: Any) -> None:
        problem = after.problem(cast)
        with (
            transaction.atomic(),
            pytest.raises(IntegrityError, match="problem_decided_by_a_person"),
        ):
            GovernanceProblem.objects.filter(pk=problem.pk).update(state="accepted")
