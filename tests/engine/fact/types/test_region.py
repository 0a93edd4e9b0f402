from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.types import country_pack, make
from plumbline.engine.fact.types.cn.regions import in_force
from plumbline.errors import DeclarationError


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        ("330381", "330381"),
        ("330322", "330322"),  # 洞头县, retired
        ("３３０３８１", "330381"),
        ("瑞安市", "330381"),
        ("浙江省 瑞安市", "330381"),
        ("浙江省温州市瑞安市", "330381"),
        ("龙港市", "330383"),
        ("三元区", "350404"),  # renumbered within its province
        ("云岭省青禾市河东区", "380102"),
    ],
)
def test_codes_and_names(typed, raw, code):
    assert typed("region").parse(raw) == (code,)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("朝阳区", "several bear this name: 110105, 220104"),
        ("河东区", "380102"),
        ("999999", "not the six-digit code"),
        ("瓜州国", "no region has this name"),
    ],
)
def test_reasons_are_in_words(typed, why, raw, reason):
    assert reason in why(typed("region"), raw)


def test_shown_with_what_is_above(typed):
    kind = typed("region")
    assert kind.show(("330381",), "zh") == "浙江省温州市瑞安市"
    assert kind.show(("330322",), "zh") == "浙江省温州市洞头县"
    assert kind.show(("110105",), "zh") == "北京市朝阳区"
    assert kind.show(("380181",), "zh") == "云岭省青禾市石桥县"
    assert kind.show(("330381",), "en") == "330381"


def test_the_country_pack_knows_its_provinces():
    provinces = country_pack().provinces
    assert {"11", "33", "65", "71", "81", "82", "83", "91"} <= provinces
    assert "38" not in provinces


def test_a_workspace_adds_its_own(country):
    assert "38" in country.provinces
    assert in_force(country, "380102")
    assert not in_force(country, "380181")
    assert "38" not in country_pack().provinces


def test_a_wrong_overlay_says_where(tmp_path):
    overlay = tmp_path / "regions.yml"
    overlay.write_text("regions:\n  38: 云岭省\n", encoding="utf-8")
    with pytest.raises(DeclarationError, match=r"regions\.yml"):
        country_pack(overlay)


@pytest.fixture(scope="module")
def here():
    return make(Column.model_validate({"from": "列", "type": "region"}), country_pack(home="33"))


@given(codes=st.lists(st.from_regex(r"(33|38|11)\d{4}", fullmatch=True), max_size=50))
def test_sql_takes_the_codes_of_the_own_region(agreed, here, codes):
    own = [code for code in codes if code.startswith("33") and code in here.country.regions]
    assert agreed(here, codes) == own


def test_a_name_that_several_bear_means_the_one_at_home():
    column = Column.model_validate({"from": "列", "type": "region"})
    assert make(column, country_pack(home="1101")).parse("朝阳区") == ("110105",)
    assert make(column, country_pack(home="2201")).parse("朝阳区") == ("220104",)


def test_without_a_home_every_code_goes_through_python(typed):
    assert typed("region").plain("raw") is None
