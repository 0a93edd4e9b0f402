"""plate, phone, account and invoice."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("raw", "plate"),
    [
        ("浙C·12345", "浙C12345"),
        ("浙c 1234学", "浙C1234学"),
        ("浙CD12345", "浙CD12345"),
        ("浙C12345D", "浙C12345D"),
        ("粤Z1234港", "粤Z1234港"),
        ("沪A1234警", "沪A1234警"),
    ],
)
def test_plates(typed, raw, plate):
    assert typed("plate").parse(raw) == (plate,)


@pytest.mark.parametrize("raw", ["浙CI2345", "浙C1234", "临时牌照", "C12345"])
def test_what_is_no_plate(typed, why, raw):
    assert why(typed("plate"), raw) == "not a number plate"


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("13800000000", "13800000000"),
        ("138 0000 0000", "13800000000"),
        ("+86-138-0000-0000", "13800000000"),
        ("8613800000000", "13800000000"),
        ("0577-12345678", "057712345678"),
        ("(0577)12345678转123", "057712345678-123"),
        ("0577-12345678-8", "057712345678-8"),
        ("400-000-0000", "4000000000"),
        ("82345678", "82345678"),
    ],
)
def test_phones(typed, raw, phone):
    assert typed("phone").parse(raw) == (phone,)


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        ("1380000000", "not one telephone number"),
        ("13800000000/13900000000", "not one telephone number"),
        ("1.38E+10", "last digits lost"),
        ("138****0000", "masked"),
    ],
)
def test_what_is_no_phone(typed, why, raw, reason):
    assert reason in why(typed("phone"), raw)


def test_phones_hide_their_middle(typed):
    for raw in ("138xxxx0000", "138****0000", "138＊＊＊＊0000", "138●●●●0000", "138 •••• 0000"):
        assert typed("phone", masked=True).parse(raw) == ("138****0000",)
    assert typed("phone").mask(("13812345678",), "zh") == "138****5678"
    assert typed("phone").mask(("057712345678",), "zh") == "05771234****"
    assert typed("phone").mask((None,), "zh") == ""
    assert typed("phone").mask(("138123456**",), "zh") == "138********"
    assert typed("phone").mask(("138****5678",), "zh") == "138****5678"
    assert typed("phone").mask(("0577****5678",), "zh") == "0577****5678"


def test_accounts(typed, why):
    kind = typed("account")
    assert kind.parse("6222 0000 0000 0000 001") == ("6222000000000000001",)
    assert kind.mask(("6222000000000000001",), "zh") == "****0001"
    assert "last digits lost" in why(kind, "6.222E+18")
    assert "not an account number" in why(kind, "12345")


def test_invoices_keep_their_zeros(typed, why):
    assert typed("invoice").parse("00123456") == ("00123456",)
    assert "leading zeros" in why(typed("invoice"), "123456")
    assert "not an invoice" in why(typed("invoice"), "票12345678")


cells = st.text("0123456789Ee.+-浙CD学·", min_size=1, max_size=12) | st.from_regex(
    r"1[2-9]\d{8,10}|浙[A-Z][0-9A-Z]{4,6}", fullmatch=True
)


@pytest.mark.parametrize("name", ["plate", "phone", "account", "invoice"])
@given(st.lists(cells, max_size=60))
def test_sql_agrees(typed, agreed, name, cells):
    agreed(typed(name), cells)
