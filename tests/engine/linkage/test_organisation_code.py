"""Masked and old numbers of organisations. The codes are invented."""

from __future__ import annotations

import pytest

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.types.cn.org_code import check_character, org9_valid, regno15_valid
from plumbline.engine.linkage.organisation_code import agrees, seen

ORGANISATION = next(f"MA380018{check}" for check in "0123456789X" if org9_valid(f"MA380018{check}"))
CODE = f"91380181{ORGANISATION}{check_character(f'91380181{ORGANISATION}')}"
OTHER = next(f"MA380019{check}" for check in "0123456789X" if org9_valid(f"MA380019{check}"))
REGISTRATION = next(n for n in (f"38018100003063{d}" for d in "0123456789") if regno15_valid(n))


@pytest.mark.parametrize(
    ("number", "fits"),
    [
        (f"{CODE[:4]}**********{CODE[-4:]}", True),
        (f"{CODE[:4]}****{CODE[-4:]}", True),  # how many are hidden is not relied on
        (f"**************{CODE[-4:]}", True),
        (f"{CODE[:14]}****", True),
        (f"{CODE[:8]}**********", None),  # a county has many
        (f"{CODE[:6]}**********{CODE[-2:]}", None),
        (f"{CODE[:4]}**********0000", False),
        (f"9233**********{CODE[-4:]}", False),
        (ORGANISATION, True),
        (f"{ORGANISATION[:8]}-{ORGANISATION[8]}", True),
        (OTHER, False),
        (f"380181{ORGANISATION}", True),  # the old tax number
        (f"380181{OTHER}", False),
        (REGISTRATION, None),  # says nothing
        ("******************", None),
        ("MA38*****", None),
        ("unknown", None),
        (f"{CODE[:17]}O", None),  # damaged
    ],
)
def test_what_a_number_says_about_a_code(number: str, fits: bool | None):  # noqa: FBT001
    columns = ", ".join(
        f"{value!r} AS {label}"
        for label, value in zip(seen(number)._fields, seen(number), strict=True)
    )
    with open_duckdb() as duck:
        assert duck.run(f"SELECT {agrees('code')} FROM (SELECT {columns}, '{CODE}' AS code)") == [
            (fits,)
        ]
