"""Reading amounts: what a cell says about money in its own words.

A bare number says nothing about its unit, so it carries none; whoever declared the column knows.
"""

from __future__ import annotations

import re
from decimal import Context, Decimal, Inexact, localcontext
from typing import NamedTuple

from plumbline.engine.fact.types.base import UnreadableCellError
from plumbline.engine.fact.types.characters import compact, is_scientific


class Amount(NamedTuple):
    """One amount, exact.

    Attributes:
        number: in the currency's major unit (元) where `unit` is stated, else as written.
        unit: whether the cell itself says 元, 万, 亿, 角 or 分.
        currency: code or sign as written ("CNY", "¥"); "" where the cell does not say.
        per: unit of measure of a price (人份 in "220元/人份"); "" for a sum of money.
        approximate: the cell says 约, 余 or the like.
    """

    number: Decimal
    unit: bool
    currency: str = ""
    per: str = ""
    approximate: bool = False


#: What a sign may stand for; a code stands for itself.
SIGNS = {
    "¥": frozenset({"CNY", "JPY"}),
    "$": frozenset({"USD", "HKD", "AUD", "CAD", "SGD", "NZD", "TWD", "MOP"}),
}

_CURRENCIES = {
    "人民币": "CNY", "RMB": "CNY", "¥": "¥", "$": "$", "US$": "USD", "HK$": "HKD", "€": "EUR",
    "£": "GBP", "美元": "USD", "美金": "USD", "欧元": "EUR", "英镑": "GBP", "日元": "JPY",
    "港元": "HKD", "港币": "HKD", "澳门元": "MOP", "新台币": "TWD",
}  # fmt: skip
_CURRENCY = "|".join(re.escape(word) for word in (*_CURRENCIES, "元", "圆", "圓")) + "|[A-Z]{3}"
_HAN_DIGITS = "〇零○一二两三四五六七八九壹贰貳两兩叁參肆伍陆陸柒捌玖"
_HAN_UNITS = "十百千万亿拾佰仟萬億"
# Loose on purpose, so that it takes no time on nonsense; `_quantity` is exact.
_QUANTITY = rf"(?:\d[\d,.{_HAN_UNITS}]*|[{_HAN_DIGITS}{_HAN_UNITS}]+)"
_SUM = re.compile(
    rf"(?P<minus>[-+])?(?P<before>人民币¥|{_CURRENCY})?(?P<minus2>-)?(?P<whole>{_QUANTITY})"
    rf"(?P<after>(?:人民币)?(?:{_CURRENCY}))?(?P<after2>人民币)?[整正]?"
)
_COINS = re.compile(
    rf"(?P<minus>-)?(?P<before>人民币¥|{_CURRENCY})?(?:(?P<yuan>{_QUANTITY})[元圆圓])?"
    rf"(?:(?P<jiao>{_QUANTITY})角)?零?(?:(?P<fen>{_QUANTITY})分)?[整正]?"
)
_PRICE = re.compile(r"(?P<sum>[^/()]+)(?:/(?P<per>[^/()\d]+)(?:\((?P<note>[^()]*)\))?)?")
_ABOUT = re.compile(
    r"大约|约|近|左右|上下|以上|以下|以内|超过|不足|不低于|不超过|至少|[余多几数~≈><≥≤]|\+$"
)
_PART = re.compile(rf"(\d{{1,3}}(?:,\d{{3}})+|\d+)(\.\d+)?([{_HAN_UNITS}]{{0,3}})")

_DIGIT = {c: n for n, row in enumerate((
    "〇零○", "一壹", "二两贰貳兩", "三叁參", "四肆", "五伍", "六陆陸", "七柒", "八捌", "九玖",
)) for c in row}  # fmt: skip
_SMALL = {c: n for n, row in ((10, "十拾"), (100, "百佰"), (1000, "千仟")) for c in row}
_LARGE = {c: n for n, row in ((10**4, "万萬"), (10**8, "亿億")) for c in row}
_TEN, _NO_UNIT = 10, 10**16
_MOST_DIGITS = 25

#: Room for any amount that is read; a rounding would raise, but there is none.
EXACT = Context(prec=80, traps=[Inexact])


def read_amounts(text: str) -> tuple[Amount, ...]:
    """Every amount that the cell states: one, or several prices per different measures."""
    with localcontext(EXACT):
        return _read(compact(text))


def _read(text: str) -> tuple[Amount, ...]:
    if is_scientific(text):
        raise UnreadableCellError(
            "科学计数法，末尾数字可能已丢失",
            "written in scientific notation, so its last digits may be lost",
        )
    if text.startswith("(") and text.endswith(")") and "/" not in text:
        amount = _sum(text[1:-1])
        if amount.number < 0:
            raise _not_money()
        return (amount._replace(number=-amount.number),)
    match = _PRICE.fullmatch(text)
    if not match:
        raise _not_money()
    first = _sum(match["sum"])._replace(per=match["per"] or "")
    if "/" in (match["note"] or ""):
        return (first, *_read(match["note"]))
    return (first,)


def han_number(text: str) -> int | None:
    """A number in Chinese words, 三十二万五千六百; None where it is malformed or ambiguous (一百二)."""
    total = section = 0
    digit: int | None = None
    unit = large = _NO_UNIT
    zero = False
    for char in text:
        if char in _DIGIT:
            if digit:
                return None
            digit, zero = _DIGIT[char], zero or not _DIGIT[char]
        elif char in _SMALL:
            if _SMALL[char] >= unit:
                return None
            unit = _SMALL[char]
            section += (digit or 1) * unit
            digit, zero = None, False
        else:
            section += digit or 0
            if not section or _LARGE[char] >= large:
                return None
            large = _LARGE[char]
            total += section * large
            section, digit, unit, zero = 0, None, _NO_UNIT, False
    if digit and not zero and unit != _TEN and (unit, large) != (_NO_UNIT, _NO_UNIT):
        return None  # 一百二 may be 120 or 102, 三万五 35,000 or 30,005
    return total + section + (digit or 0)


def _sum(text: str) -> Amount:
    exact = _ABOUT.sub("", text)
    about = exact != text
    if match := _SUM.fullmatch(exact):
        number = _quantity(match["whole"])
        before, after = match["before"] or "", match["after"] or ""
        code = _code(before) or _code(after) or _code(match["after2"] or "")
        stated = bool(re.search("[万亿萬億]", match["whole"])) or bool(after)
        minus = "-" in {match["minus"], match["minus2"]}
        return Amount(-number if minus else number, stated, code, approximate=about)
    match = _COINS.fullmatch(exact)
    if not match or not any(match[part] for part in ("yuan", "jiao", "fen")):
        raise _not_money()
    number = sum(
        (_quantity(match[part]) * worth for part, worth in _WORTH.items() if match[part]),
        Decimal(0),
    )
    return Amount(
        -number if match["minus"] else number,
        unit=True,
        currency=_code(match["before"] or ""),
        approximate=about,
    )


_WORTH = {"yuan": Decimal(1), "jiao": Decimal("0.1"), "fen": Decimal("0.01")}


def _code(word: str) -> str:
    """Code or sign of a currency word; 元 alone names none."""
    if word in {"", "元", "圆", "圓"}:
        return ""
    if word not in _CURRENCIES and word.startswith("人民币"):
        return "CNY"
    return _CURRENCIES.get(word, word)


def _quantity(text: str) -> Decimal:
    if text[0] not in "0123456789":
        words = han_number(text)
        if words is None:
            raise _not_money()
        return Decimal(words)
    total, limit = Decimal(0), Decimal("Infinity")
    position = 0
    while position < len(text):
        part = _PART.match(text, position)
        if not part or len(part[1]) + len(part[2] or "") > _MOST_DIGITS:
            raise _not_money()
        scale = 1
        for unit in part[3]:
            scale *= _SMALL.get(unit) or _LARGE[unit]
        value = Decimal(part[1].replace(",", "") + (part[2] or "")) * scale
        if value >= limit:  # 3亿5000万 runs downwards
            raise _not_money()
        total, limit, position = total + value, Decimal(scale), part.end()
    return total


def _not_money() -> UnreadableCellError:
    return UnreadableCellError("不是金额", "not an amount of money")
