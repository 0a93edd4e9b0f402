"""Past months: what was recorded is read as it was, everything else as far as it speaks of days up to then."""

from __future__ import annotations

from datetime import date

import pytest

from plumbline.engine import Backtest
from plumbline.engine.collision.backtest import months
from plumbline.errors import PlumblineError, RunError
from tests.engine.collision.town import HE, WANG, Town

MODEL = "honour-despite-offence"


def subjects(found: Backtest, month: str) -> set[str]:
    judged = {f"{each.on:%Y-%m}": each.judged for each in found.months}
    return {each.subject for each in judged[month].flagged.values()}


def test_what_was_recorded_is_read_as_it_was(corrected: Town) -> None:
    found = corrected.now.backtest(MODEL, date(2025, 2, 1), date(2025, 6, 1))
    assert [(each.on, each.run) for each in found.months] == [
        (date(2025, 2, 28), None), (date(2025, 3, 31), None), (date(2025, 4, 30), None),
        (date(2025, 5, 31), 1), (date(2025, 6, 30), 2),
    ]  # fmt: skip
    assert subjects(found, "2025-05") == {WANG}, "known then, withdrawn since"
    assert subjects(found, "2025-06") == {HE}
    assert subjects(found, "2025-04") == {HE}, "today's registers"
    assert subjects(found, "2025-03") == set(), "the title was not yet granted"
    new = {f"{m.on:%m}": len(m.judged.new) for m in found.months}
    assert new == {"02": 0, "03": 0, "04": 1, "05": 1, "06": 0}
    assert {each.subject for each in found.ever().values()} == {WANG, HE}
    assert found.undated == ()


def test_nothing_is_entered(corrected: Town) -> None:
    before = corrected.register()
    corrected.now.backtest(MODEL, date(2025, 1, 1), date(2025, 6, 1), {"years": 1})
    assert corrected.register() == before
    assert len(corrected.now.runs()) == 2


def test_another_setting_side_by_side(corrected: Town) -> None:
    found = corrected.now.backtest(MODEL, date(2025, 5, 1), date(2025, 6, 30), {"years": 6})
    assert subjects(found, "2025-06") == {HE}
    may, june = found.months
    assert may.changed is not None
    assert june.changed is not None
    assert {each.subject for each in may.changed.flagged.values()} == {WANG}
    assert june.changed.flagged == {}, "seven years are more than six"
    assert {each.subject for each in found.ever(changed=True).values()} == {WANG}


def test_the_keys_are_those_of_the_registers(corrected: Town) -> None:
    found = corrected.now.backtest(MODEL, date(2025, 6, 1), date(2025, 6, 30))
    assert set(found.ever()) == corrected.open_keys()


def test_what_is_refused(corrected: Town) -> None:
    for first, last, settings in (
        (date(2025, 6, 1), date(2025, 5, 1), {}),
        (date(2025, 5, 1), date(2025, 6, 1), {"yaers": 3}),
        (date(2025, 5, 1), date(2025, 6, 1), {"years": 2.5}),
    ):
        with pytest.raises(PlumblineError):
            corrected.now.backtest(MODEL, first, last, settings)
    with pytest.raises(RunError):
        corrected.now.backtest("no-such-model", date(2025, 5, 1), date(2025, 6, 1))


@pytest.mark.parametrize(
    ("first", "last", "days"),
    [
        (date(2024, 2, 15), date(2024, 2, 1), [date(2024, 2, 29)]),
        (date(2024, 11, 1), date(2025, 1, 31), [date(2024, 11, 30), date(2024, 12, 31), date(2025, 1, 31)]),
    ],
)  # fmt: skip
def test_months(first: date, last: date, days: list[date]) -> None:
    assert months(first, last) == days
