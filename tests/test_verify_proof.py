"""The program that checks a proof: what it is made of, against published vectors and the office's own code."""

from __future__ import annotations

import ast
import contextlib
import hashlib
import json
import struct
import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from plumbline import verify_proof
from plumbline.trail import digest
from plumbline.trail.tree import Peaks, inclusion, leaf_of, root_of
from plumbline.verify_proof import canonical, is_signed, read, root_over, text_of, value_of

FILE = Path(verify_proof.__file__)


def test_it_is_one_short_file_that_needs_nothing() -> None:
    text = FILE.read_text("utf-8")
    assert len(text.splitlines()) < 400
    tree = ast.parse(text, feature_version=(3, 9))
    modules = {
        name.partition(".")[0]
        for node in ast.walk(tree)
        for name in (
            [alias.name for alias in node.names] if isinstance(node, ast.Import)
            else [str(node.module)] if isinstance(node, ast.ImportFrom) else []
        )
    }  # fmt: skip
    assert modules <= sys.stdlib_module_names
    called = {node.func.id for node in ast.walk(tree)
              if isinstance(node, ast.Call) and isinstance(node.func, ast.Name)}  # fmt: skip
    assert not called & {"eval", "exec", "compile", "__import__", "getattr"}


# -- RFC 8785 -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("bits", "written"),
    [  # appendix B
        ("0000000000000000", "0"),
        ("8000000000000000", "0"),
        ("0000000000000001", "5e-324"),
        ("8000000000000001", "-5e-324"),
        ("7fefffffffffffff", "1.7976931348623157e+308"),
        ("ffefffffffffffff", "-1.7976931348623157e+308"),
        ("4340000000000000", "9007199254740992"),
        ("c340000000000000", "-9007199254740992"),
        ("4430000000000000", "295147905179352830000"),
        ("44b52d02c7e14af5", "9.999999999999997e+22"),
        ("44b52d02c7e14af6", "1e+23"),
        ("44b52d02c7e14af7", "1.0000000000000001e+23"),
        ("444b1ae4d6e2ef4e", "999999999999999700000"),
        ("444b1ae4d6e2ef4f", "999999999999999900000"),
        ("444b1ae4d6e2ef50", "1e+21"),
        ("3eb0c6f7a0b5ed8c", "9.999999999999997e-7"),
        ("3eb0c6f7a0b5ed8d", "0.000001"),
        ("41b3de4355555553", "333333333.3333332"),
        ("41b3de4355555554", "333333333.33333325"),
        ("41b3de4355555555", "333333333.3333333"),
        ("41b3de4355555556", "333333333.3333334"),
        ("41b3de4355555557", "333333333.33333343"),
        ("becbf647612f3696", "-0.0000033333333333333333"),
        ("43143ff3c1cb0959", "1424953923781206.2"),
    ],
)
def test_numbers_as_published(bits: str, written: str) -> None:
    (number,) = struct.unpack(">d", bytes.fromhex(bits))
    assert canonical(number) == written


@pytest.mark.parametrize(
    "value",
    [float("nan"), float("inf"), -float("inf"), 2**53 + 1, "\ud800", {"a": {1}}, b"a", {1: "a"}],
)
def test_what_is_no_json(value: Any) -> None:
    with pytest.raises((ValueError, AttributeError)):
        canonical(value)


def test_the_published_sample() -> None:
    given = (
        r'{"numbers": [333333333.33333329, 1E30, 4.50, 2e-3, 0.000000000000000000000000001],'
        r'"string": "\u20ac$\u000F\u000aA\u0027\u0042\u0022\u005c\\\"\/","literals": [null, true, false]}'
    )
    assert canonical(json.loads(given)) == (
        '{"literals":[null,true,false],"numbers":[333333333.3333333,1e+30,4.5,0.002,1e-27],'
        r'"string":"€$\u000f\nA' + "'" + r'B\"\\\\\"/"}'
    )


def test_names_are_sorted_by_utf_16() -> None:
    given = {
        "\u20ac": "Euro Sign", "\r": "Carriage Return", "\ufb33": "Hebrew Letter Dalet With Dagesh",
        "1": "One", "\U0001f600": "Emoji: Grinning Face", "\x80": "Control",
        "\xf6": "Latin Small Letter O With Diaeresis",
    }  # fmt: skip
    assert list(json.loads(canonical(given)).values()) == [
        "Carriage Return", "One", "Control", "Latin Small Letter O With Diaeresis", "Euro Sign",
        "Emoji: Grinning Face", "Hebrew Letter Dalet With Dagesh",
    ]  # fmt: skip


TEXT = st.text(st.characters(exclude_categories=["Cs"]))
JSON = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | TEXT
    | st.floats(allow_nan=False, allow_infinity=False),
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)  # fmt: skip


@given(JSON)
def test_it_says_the_same_and_one_way_alone(value: Any) -> None:
    written = canonical(value)
    again = json.loads(written, parse_int=float)  # as JSON means its numbers
    assert again == value
    assert canonical(again) == written


PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53) + 1, 2**53 - 1) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abcxyz_"), inner),
)


@given(st.dictionaries(st.text("abcxyz_"), PLAIN))
def test_the_trail_writes_the_same(value: dict[str, Any]) -> None:
    assert canonical(value).encode() == digest.canonical(value)


# -- the trail ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("key", "message", "signature"),
    [  # RFC 8032, 7.1
        (
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
            ("e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e06522490155"
            "5fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b"),
        ),
        (
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
            ("92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
            "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"),
        ),
        (
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
            ("6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac"
            "18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a"),
        ),
    ],
)  # fmt: skip
def test_signatures_as_published(key: str, message: str, signature: str) -> None:
    said = [bytes.fromhex(each) for each in (key, signature, message)]
    assert is_signed(*said)
    assert not is_signed(said[0], said[1], said[2] + b"!")
    order = 2**252 + 27742317777372353535851937790883648493
    s = int.from_bytes(said[1][32:], "little") + order  # the same point, written another way
    assert not is_signed(said[0], said[1][:32] + s.to_bytes(32, "little"), said[2])


@given(st.binary(min_size=32, max_size=32), st.binary(max_size=80), st.integers(0, 511))
def test_signatures_as_the_office_makes_them(seed: bytes, message: bytes, bit: int) -> None:
    private = Ed25519PrivateKey.from_private_bytes(seed)
    key, signature = private.public_key().public_bytes_raw(), private.sign(message)
    assert is_signed(key, signature, message)
    wrong = bytearray(signature)
    wrong[bit // 8] ^= 1 << bit % 8
    with contextlib.suppress(ValueError):  # no point of the curve
        assert not is_signed(key, bytes(wrong), message)


@given(st.integers(1, 70), st.data())
def test_paths_as_the_office_makes_them(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    hash_ = digest.hash_by("sha256")
    leaves = [leaf_of(hash_, bytes([i])) for i in range(size)]
    stored = Peaks(hash_)
    subtrees = stored.extend(leaves)

    def stored_at(height: int, begin: int, end: int) -> list[bytes]:
        return leaves[begin:end] if not height else [d for h, i, d in subtrees if h == height and begin <= i < end]  # fmt: skip

    path = inclusion(hash_, stored_at, index, size)
    assert root_over("sha256", leaves[index], index, size, path) == root_of(hash_, leaves)
    wrong = data.draw(st.integers(0, size - 1).filter(lambda other: other != index) | st.none())
    for at, beside in ((wrong, path), (index, [*path, b"\0" * 32]), (index, path[1:])):
        if at is None or (at, beside) == (index, path):
            continue
        with contextlib.suppress(IndexError, TypeError):
            found = root_over("sha256", leaves[index], at, size, beside)
            assert found != root_of(hash_, leaves)


# -- values ---------------------------------------------------------------------------------------


@given(st.dates(date(4, 1, 1), date(9999, 12, 1)), st.integers(-900, 900))
def test_days_are_those_of_the_calendar(day: date, count: int) -> None:
    at = read("DATE", day.isoformat())
    assert str(at) == day.isoformat()
    later = value_of(["+", ["value", "DATE", day.isoformat()], ["value", "BIGINT", str(count)]], {})
    try:
        assert str(later) == (day + timedelta(days=count)).isoformat()
    except OverflowError:
        assert later[0] == day.toordinal() + count


@pytest.mark.parametrize(
    ("day", "count", "unit", "then"),
    [
        ("2024-01-31", "1", "MONTH", "2024-02-29"),
        ("2023-01-31", "1", "MONTH", "2023-02-28"),
        ("2024-02-29", "1", "YEAR", "2025-02-28"),
        ("2024-03-31", "-1", "MONTH", "2024-02-29"),
        ("2024-01-15", "-13", "MONTH", "2022-12-15"),
        ("9999-12-31", "2", "MONTH", "10000-02-29"),
        ("9999-12-31", "1", "DAY", "10000-01-01"),
    ],
)
def test_months_and_years_later(day: str, count: str, unit: str, then: str) -> None:
    tree = ["+", ["value", "DATE", day], ["interval", count, unit]]
    assert str(value_of(tree, {})) == then


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("TIMESTAMP", "2024-03-01 08:05:00"), ("TIMESTAMP", "2024-03-01 08:05:59.5"),
        ("DECIMAL(18,2)", "-0.50"), ("BIGINT", "12345678901234567"), ("DATE", "0099-01-01"),
        ("VARCHAR", "准绳"),
    ],
)  # fmt: skip
def test_what_is_read_is_written_as_it_was(kind: str, text: str) -> None:
    assert text_of(read(kind, text)) == text


UNKNOWN = ["value", "BIGINT", None]
YES, NO = ["value", "BOOLEAN", True], ["value", "BOOLEAN", False]


@pytest.mark.parametrize(
    ("tree", "said"),
    [
        (["and", UNKNOWN, NO], False), (["and", UNKNOWN, YES], None),
        (["or", UNKNOWN, YES], True), (["or", UNKNOWN, NO], None),
        (["not", UNKNOWN], None), (["=", UNKNOWN, UNKNOWN], None), (["same", UNKNOWN, UNKNOWN], True),
        (["case", [UNKNOWN, YES], NO], False),
        (["like", ["value", "VARCHAR", "王某"], ["value", "VARCHAR", "王_"]], True),
        (["like", ["value", "VARCHAR", "王.*"], ["value", "VARCHAR", "王..*"]], False),
    ],
)  # fmt: skip
def test_what_is_unknown_never_becomes_yes(tree: list[Any], said: object) -> None:
    assert value_of(tree, {}) is said


def test_the_digest_of_a_row() -> None:
    tree = ["digest", ["value", "VARCHAR", "王五"], UNKNOWN, ["value", "DATE", "2012-03-01"]]
    assert value_of(tree, {}) == hashlib.sha256("王五␟␀␟2012-03-01".encode()).hexdigest()
