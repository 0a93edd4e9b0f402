"""What level two records agree in, seen through the whole way: prepared, found, compared."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.linkage.characters import characters
from plumbline.engine.linkage.people import PEOPLE, prepare
from plumbline.engine.linkage.scheme import Feature
from tests.engine.linkage import weighed_people as wp


@pytest.fixture(scope="module")
def duck() -> Iterator[Duck]:
    with open_duckdb() as opened:
        yield opened


def levels(duck: Duck, known: wp.Row, loose: wp.Row) -> dict[str, str]:
    """The level of each feature in English; what cannot be compared is left out."""
    prepare(duck, wp.table(duck, "known", [known]), "prepared_l")
    prepare(duck, wp.table(duck, "loose", [loose]), "prepared_r")
    duck.run(
        f"CREATE OR REPLACE TABLE pairs AS SELECT {known['claim']} AS l, {loose['claim']} AS r"
    )
    ((_, _, *numbers),) = duck.run(PEOPLE.levels("pairs", "prepared_l", "prepared_r"))
    told: list[tuple[Feature, int]] = list(zip(PEOPLE.weigh, numbers, strict=True))
    return {each.name: each.level(number).says.en for each, number in told if number >= 0}


@pytest.mark.parametrize(
    ("known", "written", "says"),
    [
        ("王建国", "王建国", "same name"),
        ("闫建国", "阎建国", "the same name written otherwise (dots, or surnames such as 阎/闫)"),
        ("古丽·艾山", "古丽艾山", "the same name written otherwise (dots, or surnames such as 阎/闫)"),
        ("王建国", "王_国", "fits a masked or incomplete name of which part of the given name can be seen"),
        ("欧阳震华", "欧阳%", "fits a masked name that shows the surname alone"),
        ("王建国", "王%", "fits a masked name that shows the surname alone"),
        ("王建国", "王__", "fits a masked name that shows the surname alone"),
        ("王建国", "王_", "only the surname is the same"),
        ("王伟", "王玮", "sounds the same, written with other characters"),
        ("单建国", "善建国", "sounds the same, written with other characters"),
        ("单建国", "丹建国", "sounds the same, written with other characters"),
        ("王建国", "王国建", "the same characters or words in another order"),
        ("王建国", "建国王", "the same characters or words in another order"),
        ("JOHN SMITH", "SMITH JOHN", "the same characters or words in another order"),
        ("王晴天", "王睛天", "one character looks alike"),
        ("王建国", "王建海", "one character differs"),
        ("王建国", "王国", "one character is missing"),
        ("王国", "王建国", "one character is missing"),
        ("阿卜杜拉·买买提", "阿卜杜拉买", "a long name with the same beginning or nearly the same spelling"),
        ("王建国", "王芳", "only the surname is the same"),
        ("王建国", "李芳", "the names differ"),
        ("王伟", "李伟", "the names differ"),
    ],
)  # fmt: skip
def test_names(duck: Duck, known: str, written: str, says: str) -> None:
    assert levels(duck, wp.person(1, known, "19700101"), wp.row(2, written))["name"] == says


@pytest.mark.parametrize(
    ("written", "says"),
    [
        ("19700213", "same day of birth"),
        ("19710213", "one digit of the birth date differs, or day and month are swapped"),
        ("1970", "fits the year of birth"),
        ("19701130", "only the year of birth is the same"),
        ("1969", "the birth dates contradict each other"),
        ("19500901", "the birth dates contradict each other"),
    ],
)
def test_births(duck: Duck, written: str, says: str) -> None:
    assert (
        levels(duck, wp.person(1, "王芳", "19700213"), wp.row(2, "王芳", written))["birth"] == says
    )


def test_day_and_month_in_each_others_place(duck: Duck) -> None:
    told = levels(duck, wp.person(1, "王芳", "19700311"), wp.row(2, "王芳", "19701103"))
    assert told["birth"] == "one digit of the birth date differs, or day and month are swapped"


@pytest.mark.parametrize(
    ("mask", "told"),
    [
        ("3801****{tail}", {"head": "the first four or five digits, as far as visible, agree", "tail": "the last four digits agree"}),
        ("380102********{tail}", {"head": "the first six digits agree", "tail": "the last four digits agree"}),
        ("3899**********{tail}", {"head": "the first digits contradict each other", "tail": "the last four digits agree"}),
        ("****0000", {"tail": "the last digits contradict each other"}),
        ("38010219700213****", {"head": "the first six digits agree", "birth": "same day of birth"}),
        ("3801021970********", {"head": "the first six digits agree", "birth": "fits the year of birth"}),
        ("38010219710213****", {"head": "the first six digits agree", "birth": "one digit of the birth date differs, or day and month are swapped"}),
    ],
)  # fmt: skip
def test_masks_however_many_stars(duck: Duck, mask: str, told: dict[str, str]) -> None:
    known = wp.person(1, "王芳", "19700213")
    assert levels(duck, known, wp.row(2, number=mask.format(tail=known["number"][-4:]))) == told


def test_what_the_number_has_told_is_not_counted_twice(duck: Duck) -> None:
    known = wp.person(1, "王芳", "19700213")
    masked = f"380102********{known['number'][-4:]}"
    told = levels(duck, known, wp.row(2, number=masked, sex=known["sex"], regions=["380102"]))
    assert set(told) == {"head", "tail"}
    told = levels(duck, known, wp.row(2, sex=known["sex"], regions=["380102"]))
    assert told == {"sex": "same sex", "region": "same county"}


def test_a_sex_that_contradicts_the_number_is_a_difference(duck: Duck) -> None:
    known = wp.row(1, number="380102198503120116", sex="M")
    told = levels(duck, known, wp.row(2, number="3801**********0116", sex="F"))
    assert told["sex"] == "the sexes differ"
    told = levels(duck, known, wp.row(2, number="3801**********0124", sex="F"))
    assert "sex" not in told  # the digits have told it


@pytest.mark.parametrize(
    ("phones", "says"),
    [
        (["13900000001"], "same telephone number"),
        (["13800000000", "13900000001"], "same telephone number"),
        (["139****0001"], "fits a masked telephone number"),
        (["139****0002"], "other telephone numbers"),
    ],
)
def test_telephones(duck: Duck, phones: list[str], says: str) -> None:
    known = wp.person(1, "王芳", "19700213", phones=["13900000001", "13700000000"])
    assert levels(duck, known, wp.row(2, phones=phones))["phone"] == says


@pytest.mark.parametrize(
    ("address", "says"),
    [
        ("东平市澜阳县前山镇下岙村12号", "same address"),
        ("东平市 澜阳县前山镇下岙村12号", "same address"),
        ("下岙村12号", "the same address, but for province, city, county, township"),
        ("前山镇下岙村7号", "same village, road or estate"),
        ("上垟村12号", "other addresses"),
    ],
)
def test_addresses(duck: Duck, address: str, says: str) -> None:
    known = wp.person(1, "王芳", "19700213", addresses=["东平市澜阳县前山镇下岙村12号"])
    assert levels(duck, known, wp.row(2, addresses=[address]))["address"] == says


names = st.text(st.sampled_from(wp.SURNAMES[:4] + wp.GIVEN[:6]), min_size=2, max_size=5)


@settings(max_examples=5)
@given(st.lists(names, min_size=15, max_size=25, unique=True))
def test_names_are_compared_alike_from_both_sides(several: list[str]) -> None:
    with open_duckdb() as duck:
        known = [wp.person(at, name, "19700101") for at, name in enumerate(several)]
        prepare(duck, wp.table(duck, "known", known), "prepared")
        duck.run(
            "CREATE TABLE pairs AS SELECT a.claim AS l, b.claim AS r FROM prepared a, prepared b"
        )
        found = PEOPLE.levels("pairs", "prepared", "prepared")
        level = {(a, b): n for a, b, n in duck.run(f"SELECT l, r, level_name FROM ({found})")}
    assert all(n == level[b, a] for (a, b), n in level.items())


def test_every_character_is_read_once() -> None:
    codes = characters()["code"].to_pylist()
    assert len(codes) == len(set(codes)) > 40_000


@pytest.mark.parametrize("feature", PEOPLE.weigh, ids=lambda feature: str(feature.name))
def test_defaults_are_shares(feature: Feature) -> None:
    assert sum(level.m for level in feature.levels) == pytest.approx(1, abs=0.02)
    assert sum(level.u for level in feature.levels) == pytest.approx(1, abs=0.02)
    assert feature.levels[-1].when == ""
