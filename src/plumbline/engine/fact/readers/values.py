"""Values that are not text, as the text a person would see."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

#: A spreadsheet holds 15 digits and shows no more.
_DIGITS = 15
_LOST = 10**_DIGITS
_WRITTEN_OUT = 60  # a decimal of more places stays in scientific notation


def cell_text(value: Any) -> str:
    """The text of a spreadsheet cell's value."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, int | float):
        return number_text(value)
    if value is None:
        return ""
    return plain_text(value)


def number_text(value: float) -> str:
    """A number as a spreadsheet shows it; in scientific notation where it has lost digits.

    The sixteenth and seventeenth digit of a fraction are an accident of binary arithmetic
    (0.1 + 0.2), so they are left off as every spreadsheet leaves them off.
    """
    if abs(value) >= _LOST:
        return f"{Decimal(repr(value)).normalize():e}" if value - value == 0 else repr(value)
    if value == int(value):
        return str(int(value))
    written = repr(value)
    if len(written) <= _DIGITS + 1 and "e" not in written:
        return written
    digits = Decimal(written)
    if len(digits.as_tuple().digits) > _DIGITS:
        digits = Decimal(f"{value:.{_DIGITS}g}").normalize()
    return f"{digits:f}"


def plain_text(value: Any) -> str:
    """The text of a value from a typed source: exact numbers, ISO dates, midnight as date only."""
    if isinstance(value, str):
        return value
    if value is None:
        return ""
    if isinstance(value, bool):
        return "TRUE" if value else "FALSE"
    if isinstance(value, Decimal):
        return f"{value:f}" if abs(value.adjusted()) < _WRITTEN_OUT else str(value)
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < _LOST else repr(value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None and value.time() == dt.time():
            return value.date().isoformat()
        return value.isoformat(sep=" ")
    if isinstance(value, dt.date | dt.time):
        return value.isoformat()
    if isinstance(value, dt.timedelta):
        minutes, seconds = divmod(int(value.total_seconds()), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02}:{seconds:02}"
    if isinstance(value, bytes):
        return value.hex()
    return str(value)
