from __future__ import annotations

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.cli.demo.dirt import (
    NUMBER_DAMAGE,
    as_float,
    damaged,
    retyped,
    spoil,
    thousands,
    write_amounts,
)
from plumbline.cli.demo.names import another_name, respelt
from plumbline.cli.demo.rows import Rows

NUMBER = "38010119560503001X"


def test_a_spreadsheet_loses_the_last_digits() -> None:
    assert as_float(NUMBER) == "3.80101E+17"


@given(st.integers(0, 50))
def test_a_retyped_number_can_still_be_read(turn: int) -> None:
    read = unicodedata.normalize("NFKC", retyped(NUMBER, turn)).replace(" ", "").strip("'")
    read = read.replace("Х", "X").upper()
    assert read in {NUMBER, NUMBER[:6] + NUMBER[8:17]}


@pytest.mark.parametrize("name", ["王伟", "张志强", "买买提·吐尔逊", "李〇", "王小明"])
def test_a_respelt_name_differs_only_in_spelling(name: str) -> None:
    assert respelt(name, 0) != name
    assert another_name(name, 0)[0] != name[0]


@given(st.lists(st.integers(-(10**12), 10**12), max_size=5))
def test_amounts_are_exact(fen: list[int]) -> None:
    written = write_amounts(np.array(fen, np.int64)).to_pylist()
    assert [round(float(text) * 100) for text in written] == fen


def test_amounts_finer_than_their_unit_are_refused() -> None:
    with pytest.raises(ValueError, match="finer"):
        write_amounts(np.array([1]), per=1_000_000)


def test_amounts_typed_by_hand() -> None:
    assert {thousands("12345.00", n) for n in range(4)} == {
        "12,345.00",
        "￥12,345.00",
        "人民币12345.00元",
        " 12345.00 ",
    }


def test_only_rows_without_a_story_are_spoilt() -> None:
    rng = np.random.default_rng(1)
    rows = spoil(rng, Rows(planted=np.arange(2_000) < 1_000), {"号码": NUMBER_DAMAGE}, 0.01)
    assert not rows.spoilt[:1_000].any()
    assert np.bincount(rows.spoilt)[1:].tolist() == [5, 5, 5, 5]
    columns = damaged({"号码": pa.repeat(NUMBER, 2_000)}, rows.spoilt, {"号码": NUMBER_DAMAGE})
    assert [cell == NUMBER for cell in columns["号码"].to_pylist()] == (rows.spoilt == 0).tolist()


def test_a_share_of_nothing_spoils_nothing() -> None:
    rng = np.random.default_rng(1)
    rows = spoil(rng, Rows(planted=np.zeros(500, bool)), {"号码": NUMBER_DAMAGE}, 0.0)
    assert not rows.spoilt.any()
