"""Flag rates by unit and month: what is counted, where it counts, and what months cannot be told of."""

from __future__ import annotations

from datetime import date

import pytest

from plumbline.engine import MonthCount
from plumbline.errors import RunError
from tests.engine.collision.town import HE, MODEL, Town, honour, number, offence

NAME = "honour-despite-offence"


def test_facts_count_in_their_own_month_and_unit(bare: Town) -> None:
    bare.deliver(
        "honours",
        [
            honour("1"),
            honour("2", HE, "何六", granted_on="2015-06-30"),
            honour("3", number(3), "林七", granted_on="2015-07-01"),
            honour("4", number(4), "赵八", by="文旅局"),
            honour("5", number(5), "周九", by=None),
        ],
    )
    bare.deliver("offences", [offence("a"), offence("b"), offence("c", number(3), "林七")])
    assert bare.now.monthly(NAME) == [
        MonthCount("", date(2015, 6, 1), 1, 0),
        MonthCount("文旅局", date(2015, 6, 1), 1, 0),
        MonthCount("经信局", date(2015, 6, 1), 2, 1),
        MonthCount("经信局", date(2015, 7, 1), 1, 1),
    ]


def test_a_date_that_leaves_the_month_open_counts_in_none(bare: Town) -> None:
    bare.deliver(
        "honours",
        [
            honour("1", granted_on="2015年"),
            honour("2", HE, "何六", granted_on="2015年6月"),
            honour("3", number(3), "林七", granted_on=None),
        ],
    )
    bare.deliver("offences", [offence("a")])
    assert bare.now.monthly(NAME) == [
        MonthCount("经信局", None, 2, 1),
        MonthCount("经信局", date(2015, 6, 1), 1, 0),
    ]


def test_rows_that_the_model_does_not_look_at_are_no_denominator(bare: Town) -> None:
    facts = {
        "honour": {"dataset": "honours", "where": "title = '工匠'"},
        "offence": {"dataset": "offences"},
    }
    bare.model(facts=facts)
    bare.deliver("honours", [honour("1"), honour("2", HE, "何六", title="模范")])
    bare.deliver("offences", [offence("a")])
    assert bare.now.monthly(NAME) == [MonthCount("经信局", date(2015, 6, 1), 1, 1)]


def test_what_is_left_out_counts_as_looked_at(town: Town) -> None:
    town.deliver("offences", [offence("a", revoked_on="2014-01-01")], "2025-07-31")
    assert town.now.monthly(NAME) == [MonthCount("经信局", date(2015, 6, 1), 4, 1)]


@pytest.mark.parametrize(
    "slots",
    [
        {"expect": {"flag_rate": "0%..100%", "per": "offence"}},
        {"supervises": "offence.no", "in_force_on": "honour.granted_on"},
    ],
    ids=["per another fact", "no date of its own"],
)
def test_months_cannot_be_told_of_undated_facts(town: Town, slots: dict[str, object]) -> None:
    town.model(**{**MODEL, **slots})
    with pytest.raises(RunError, match="months cannot be compared"):
        town.now.monthly(NAME)


def test_nothing_is_counted_where_nothing_is_loaded(bare: Town) -> None:
    with pytest.raises(RunError, match="nothing is loaded for: honours, offences"):
        bare.now.monthly(NAME)
