"""Reading days: every spelling of a date, as the interval of days that it may mean.

"2012年" is the whole year, "2012-03" the whole month; the point meant lies somewhere within.
Nothing is guessed: two-digit years, 30 February, 12/06/1957 without a declared order, and bare
spreadsheet numbers without a declared system are unreadable.
"""

from __future__ import annotations

import calendar
import re
from datetime import date, timedelta
from typing import Literal, NamedTuple

from plumbline.engine.fact.types.base import UnreadableCellError
from plumbline.engine.fact.types.characters import clean

OPEN = date(9999, 12, 31)  #: no end
FIRST_YEAR, LAST_YEAR = 1800, 2299

Span = tuple[date, date]
Order = Literal["ymd", "dmy", "mdy"]

_OPEN = """
    长期 长期有效 永久 永久有效 无固定期限 无期限 无限期 至今
    ongoing permanent indefinite open-ended
"""
_OPEN_WORDS = frozenset(_OPEN.split())
_MONTHS = {name.lower(): n for n, name in enumerate(calendar.month_abbr) if name}
_MONTH = r"(?P<m>(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]*)"
_HAN_DIGITS = str.maketrans("〇零○◯一二三四五六七八九", "0000123456789")
_HAN_NUMBER = re.compile(r"[〇零○◯Oo一二三四五六七八九十廿卅]{1,4}(?=[年月日号])")
_QUARTERS = {"1": 1, "2": 2, "3": 3, "4": 4, "一": 1, "二": 2, "三": 3, "四": 4}

_TIME = re.compile(
    r"""(?:(?<=\d)T|(?<=[\d日号,])\s|(?<=[日号]))\s*
    (?P<hour>\d{1,2})[:时点](?:(?P<minute>\d{1,2})(?:[:分](?P<second>\d{1,2})(?:[.,]\d+)?秒?)?分?)?
    \s*(?P<half>[AaPp]\.?[Mm]\.?)?\s*(?P<zone>Z|UTC|GMT|[+-]\d{2}:?\d{2})?$""",
    re.VERBOSE,
)
# Date.toString() of Java: Mon Mar 05 13:40:05 CST 2012.
_JAVA = re.compile(r"^[A-Z][a-z]{2} ([A-Z][a-z]{2} \d\d) (\d\d:\d\d:\d\d) [A-Z]{3} (\d{4})$")
_YMD = re.compile(
    r"(\d{4})(?:([-/.])(\d{1,2})\2(\d{1,2})|年(\d{1,2})月(\d{1,2})[日号]?|(\d{2})(\d{2}))"
)
_YM = re.compile(r"(\d{4})(?:[-/.](\d{1,2})|年(\d{1,2})月份?)")
_YM_DIGITS = re.compile(r"\d{6}")
_Y = re.compile(r"(\d{4})年?度?")
_PART = re.compile(
    r"(?P<y>\d{4})(?:年|-)?(?:(?P<half>[上下])半年|第?(?P<q>[1-4一二三四])季度|[Qq](?P<q2>[1-4])"
    r"|(?P<m>\d{1,2})月(?P<third>[上中下])旬)"
)
_NUMERIC = re.compile(r"(?P<a>\d{1,2})(?P<sep>[-/.])(?P<b>\d{1,2})(?P=sep)(?P<y>\d{4})")
_SHORT_YEAR = re.compile(
    r"\d{1,2}([-/.])\d{1,2}\1\d{2}|\d{2}年.*|\d{1,2}[- ]?[a-z]{3,9}[- ,]+\d{2}", re.IGNORECASE
)
_WEEKDAY = re.compile(
    r"^(?:mon|tue|wed|thu|fri|sat|sun)[a-z]*,?\s+|\s*\(?(?:星期|周)[一二三四五六日天]\)?$",
    re.IGNORECASE,
)
_ENGLISH = (
    re.compile(rf"{_MONTH}\.?[ -]?(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[, -]+(?P<y>\d{{4}})"),
    re.compile(rf"(?P<d>\d{{1,2}})(?:st|nd|rd|th)?[ -]?{_MONTH}\.?,?[ -]?(?P<y>\d{{4}})"),
    re.compile(rf"{_MONTH}\.?,?[ -](?P<y>\d{{4}})"),
)
_PLACEHOLDER = re.compile("[-0/.年月日]")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_EPOCH = {1900: date(1899, 12, 30), 1904: date(1904, 1, 1)}


class Clock(NamedTuple):
    """A time of day as precise as it was written, and the offset that came with it."""

    hour: int
    minute: int | None
    second: int | None
    zone: str


def read_days(text: str, order: Order = "ymd", serial: int | None = None) -> Span | None:
    """First and last day that `text` may mean; None for a placeholder such as 0000-00-00."""
    text = _WEEKDAY.sub("", arabic(clean(text)))
    if text.lower() in _OPEN_WORDS:
        return OPEN, OPEN
    if not _PLACEHOLDER.sub("", text):
        return None
    if match := _YMD.fullmatch(text):
        return _day(*_numbers(match))
    if match := _YM.fullmatch(text):
        if text.endswith(".1"):
            raise UnreadableCellError(
                "可能是1月，也可能是数字格式丢了末尾零的10月",
                "January, or October after a number format dropped the last zero",
            )
        return _month(*_numbers(match))
    if match := _Y.fullmatch(text):
        return _year(int(match[1]))
    if _YM_DIGITS.fullmatch(text):
        return _six_digits(text)
    if match := _PART.fullmatch(text):
        return _part(match)
    if match := _NUMERIC.fullmatch(text):
        return _numeric(int(match["a"]), int(match["b"]), int(match["y"]), order)
    for form in _ENGLISH:
        if match := form.fullmatch(text.lower()):
            return _english(match)
    if _SERIAL.fullmatch(text):
        return _serial(text, serial)
    if _SHORT_YEAR.fullmatch(text):
        raise UnreadableCellError("年份只有两位", "the year has two digits only")
    raise UnreadableCellError("不是日期", "not a date")


def split_time(text: str) -> tuple[str, Clock | None]:
    """`text` without its time of day, and that time."""
    text = clean(text)
    if re.fullmatch(r"\d{14}", text):
        text = f"{text[:8]} {text[8:10]}:{text[10:12]}:{text[12:]}"
    text = _JAVA.sub(r"\1 \3 \2", text)
    match = _TIME.search(text)
    if not match:
        return text, None
    hour = int(match["hour"])
    minute = int(match["minute"]) if match["minute"] else None
    second = int(match["second"]) if match["second"] else None
    if match["half"]:
        if not 1 <= hour <= 12:
            raise _no_such_time()
        hour = hour % 12 + (12 if match["half"][0] in "Pp" else 0)
    if hour > 24 or (minute or 0) > 59 or (second or 0) > 59 or (hour == 24 and (minute or second)):
        raise _no_such_time()
    return text[: match.start()].rstrip(" ,"), Clock(hour, minute, second, match["zone"] or "")


def arabic(text: str) -> str:
    """`text` with the Chinese numerals before 年, 月 and 日 in Arabic: 二〇一二年 is 2012年."""
    return _HAN_NUMBER.sub(lambda found: _numeral(found[0]), text)


def show_days(first: date, last: date) -> tuple[str, str]:
    """The interval as precise as it is known, in Chinese and in English."""
    if last == OPEN:
        return ("长期", "open-ended") if first == OPEN else (f"{first:%Y-%m-%d}起", f"from {first}")
    if first == last:
        return f"{first.year}年{first.month}月{first.day}日", str(first)
    if (first, last) == _year(first.year):
        return f"{first.year}年", str(first.year)
    if (first, last) == _month(first.year, first.month):
        return f"{first.year}年{first.month}月", f"{first:%Y-%m}"
    return f"{first}至{last}", f"{first} to {last}"


def _numbers(match: re.Match[str]) -> tuple[int, ...]:
    return tuple(int(group) for group in match.groups() if group and group.isdigit())


def _numeral(text: str) -> str:
    ten = text.replace("廿", "二十").replace("卅", "三十")
    if "十" not in ten:
        return ten.replace("O", "0").replace("o", "0").translate(_HAN_DIGITS)
    tens, _, ones = ten.partition("十")
    digits = [part.translate(_HAN_DIGITS) for part in (tens or "一", ones or "〇")]
    return "".join(digits) if all(re.fullmatch(r"\d", part) for part in digits) else text


def _day(year: int, month: int, day: int) -> Span:
    if year == 9999:
        return OPEN, OPEN
    try:
        found = date(year, month, day)
    except ValueError:
        raise UnreadableCellError("没有这一天", "there is no such day") from None
    # Registers write 2099-12-31, 2999-12-31 or 9999-9-9 for "no end".
    if year >= 2900 or (year % 100 == 99 and year > 2000 and (month, day) == (12, 31)):
        return OPEN, OPEN
    _check(year)
    return found, found


def _month(year: int, month: int) -> Span:
    _check(year)
    if not 1 <= month <= 12:
        raise UnreadableCellError("没有这个月", "there is no such month")
    return date(year, month, 1), date(year, month, calendar.monthrange(year, month)[1])


def _year(year: int) -> Span:
    if year == 9999:
        return OPEN, OPEN
    _check(year)
    return date(year, 1, 1), date(year, 12, 31)


def _check(year: int) -> None:
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise UnreadableCellError(
            f"年份不在 {FIRST_YEAR} 至 {LAST_YEAR} 之间",
            f"the year is not between {FIRST_YEAR} and {LAST_YEAR}",
        )


def _six_digits(text: str) -> Span:
    """202405 is May 2024, since month 24 does not exist; 201203 may also be 3 December 2020."""
    month, day = int(text[2:4]), int(text[4:])
    if 1 <= month <= 12 and 1 <= day <= 31:
        raise UnreadableCellError(
            "六位数字，年月或两位年份的年月日均可",
            "six digits: year and month, or a day with a short year",
        )
    return _month(int(text[:4]), int(text[4:]))


def _part(match: re.Match[str]) -> Span:
    year = int(match["y"])
    if match["half"]:
        first, last = (1, 6) if match["half"] == "上" else (7, 12)
    elif match["third"]:
        begin, end = _month(year, int(match["m"]))
        tens = {"上": (1, 10), "中": (11, 20), "下": (21, end.day)}[match["third"]]
        return begin.replace(day=tens[0]), begin.replace(day=tens[1])
    else:
        last = 3 * _QUARTERS[match["q"] or match["q2"]]
        first = last - 2
    return _month(year, first)[0], _month(year, last)[1]


def _numeric(a: int, b: int, year: int, order: Order) -> Span:
    if order == "ymd":
        raise UnreadableCellError(
            "日、月先后不明，请在列声明中写 order: dmy 或 mdy",
            "day or month first? declare the column's order as dmy or mdy",
        )
    day, month = (a, b) if order == "dmy" else (b, a)
    return _day(year, month, day)


def _english(match: re.Match[str]) -> Span:
    name, year = match["m"], int(match["y"])
    month = _MONTHS[name[:3]]
    if name not in {name[:3], "sept", calendar.month_name[month].lower()}:
        raise UnreadableCellError("不是日期", "not a date")
    if "d" in match.re.groupindex:
        return _day(year, month, int(match["d"]))
    return _month(year, month)


def _serial(text: str, system: int | None) -> Span:
    if system is None:
        raise UnreadableCellError(
            "电子表格的日期序号，请在列声明中写 serial: 1900 或 1904",
            "a spreadsheet's day number; declare the column's serial as 1900 or 1904",
        )
    found = _EPOCH[system] + timedelta(days=int(text.partition(".")[0]))
    return found, found


def _no_such_time() -> UnreadableCellError:
    return UnreadableCellError("没有这个时刻", "there is no such time of day")
