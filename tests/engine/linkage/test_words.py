"""Tiers, reasons and changes in words."""

from __future__ import annotations

import pytest

from plumbline.engine import (
    TIERS,
    Judgement,
    bearer_in_words,
    change_in_words,
    judgement_in_words,
    somebody,
    tie_in_words,
    why_in_words,
)
from plumbline.errors import Text
from tests.engine.linkage.office import number

WHO = number(11)
SAME = Judgement(3, "2025-07-01T09:00:00", "甲", "看过档案", "same", "offences", "person", 1 << 32, "m", 1, "", WHO, "", "", None, "")  # fmt: skip
WITHDRAWN = Judgement(
    **{**SAME.__dict__, "number": 4, "withdrawn": ("2025-07-02T09:00:00", "乙", "看错了")}
)
NOBODY = {"who": None, "tier": None, "by": "rule"}
TIED = {"who": WHO, "tier": "C", "by": "judgement"}


def test_every_tier_has_its_words() -> None:
    assert [*TIERS] == [*"ABCDE"]


@pytest.mark.parametrize(
    ("why", "zh", "en"),
    [
        ({}, "", ""),
        (
            {"agrees": ["number", "name", "phone"], "differs": [], "fit": 758, "bearers": 12,
             "one_in": 1234, "several": 1},
            ("遮盖号码相符、姓名相同、电话相符；此掩码在本地登记中有 758 人相符；登记中同名 12 人；"
             "另有陌生人也相符的可能约 1,234 分之一"),
            ("the masked number fits, same name, telephone agrees; the mask fits 758 people of the registers "
             "at hand; 12 people bear the name; the chance that a stranger fits as well is about 1 in 1,234"),
        ),
        (
            {"agrees": ["name"], "differs": ["region"], "fit": None, "bearers": 1, "one_in": 0, "several": 3},
            "姓名相同；但地区不同；登记中同名 1 人；另有陌生人也相符并不奇怪；可能相符的共有 3 个",
            ("same name; but other region; 1 person bears the name; "
             "that a stranger fits as well would be no surprise; 3 may be meant"),
        ),
        (
            {"weight": 6.2, "probability": 0.987, "one_in": 1_000_000_000},
            "另有陌生人也相符的可能不到十亿分之一；按权重，可能性 98.7%",
            "the chance that a stranger fits as well is below 1 in 1,000,000,000; by weight, 98.7% likely",
        ),
        ({"probability": 1.0}, "按权重，可能性 >99.9%", "by weight, >99.9% likely"),
        (
            {"agreed": ["people"], "differs": ["code"], "level": "same"},
            "名称相同、法定代表人相同；但代码不符",
            "the same name, same legal representative; but the code does not fit",
        ),
        (
            {"agrees": ["name", "birth", "sex"], "differs": [], "several": 0},
            "姓名相同、出生日期相同、性别相同；名册里没有人相符，只与同样写法的行连在一起",
            "same name, same birth date, same sex; nobody in the registers fits; tied only to rows that say the same",
        ),
    ],
)  # fmt: skip
def test_reasons_in_words(why: dict[str, object], zh: str, en: str) -> None:
    assert why_in_words("rule", why) == Text(zh, en)


def test_a_judgement_is_told_with_who_said_it_and_why() -> None:
    assert why_in_words("judgement", {"judgement": 3}, {3: SAME}).en == (
        "judgement 3 (甲, 2025-07-01): the same, because: 看过档案"
    )
    assert why_in_words("judgement", {"judgement": 3}).zh == "第 3 号判断认定"
    assert judgement_in_words(WITHDRAWN).zh.endswith("；乙 于 2025-07-02 撤回，理由：看错了")


def test_a_tie_without_reasons_says_what_its_tier_means() -> None:
    assert tie_in_words("D", "rule", {}).zh.startswith("D 级：姓名、出生日期、性别相同")
    said = tie_in_words("A", "register", {"agrees": ["former_number", "name"]})
    assert said.en == "tier A: a register tells the former number, same name"


def test_people_are_masked_and_organisations_are_not() -> None:
    assert somebody(WHO) == f"{WHO[:4]}**********{WHO[-4:]}"
    assert somebody(WHO, masked=False) == WHO
    assert somebody("91380101770001018B") == "91380101770001018B"
    assert somebody(None) == ""
    said = bearer_in_words("~0123456789ab").en
    assert said == "somebody whose number no register knows (called ~0123456789ab)"


@pytest.mark.parametrize(
    ("before", "after", "judgements", "datasets", "said"),
    [
        (NOBODY, TIED, [3], ["honours"], "was nobody known, is now {who} (tier C): judgement 3 (甲"),
        (TIED, NOBODY, [3], [], "was {who} (tier C), is now nobody known: judgement 3 (甲"),
        (NOBODY, {**TIED, "by": "rule"}, [3], ["honours"], "(tier C): a new delivery of: Honours"),
        (NOBODY, {**TIED, "by": "rule"}, [], ["other"], "(tier C): a new delivery of: other"),
        ({**NOBODY, "by": "number"}, TIED, [3], [], "was whoever bears its number, is now {who}"),
        (NOBODY, {**TIED, "by": "rule"}, [], [], "names were counted, or the weights learned, anew"),
    ],
)  # fmt: skip
def test_a_change_says_what_it_was_and_because_of_what(
    before: dict[str, object], after: dict[str, object], judgements: list[int],
    datasets: list[str], said: str,
) -> None:  # fmt: skip
    because = {"judgements": judgements, "datasets": datasets}
    change = {"before": before, "after": after, "because": because}
    words = change_in_words(change, {3: SAME}, {"honours": Text("荣誉", "Honours")})
    assert said.format(who=somebody(WHO)) in words.en
    assert WHO not in words.en + words.zh
    open_words = change_in_words(change, masked=False)
    assert WHO in open_words.zh
