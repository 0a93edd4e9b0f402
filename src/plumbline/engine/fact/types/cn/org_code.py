"""Unified social credit codes after GB 32100-2015, and the older numbers inside and beside them."""

from __future__ import annotations

import re

from plumbline.engine.fact.types.base import Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Text

CHARSET = "0123456789ABCDEFGHJKLMNPQRTUWXY"  # no I, O, S, V, Z
WEIGHTS = tuple(pow(3, i, 31) for i in range(17))

_ORG_CHARSET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ORG_WEIGHTS = (3, 7, 9, 10, 5, 8, 4, 2)
_ORG_CHECKS = "0123456789X"
_FORM = rf"[{CHARSET}]{{2}}[0-9]{{6}}[{CHARSET}]{{10}}"
_LENGTH = 18
_HIDDEN = re.compile("[×#●•]")
_NEVER = str.maketrans("IOSVZ", "10512")  # what the five were probably meant to be, V for U aside


class OrgCode(Kind):
    """18 characters: registry, class, region 6, organisation 9, check 1.

    Both checks must hold, the code's own and that of the organisation code inside it
    (GB 11714-1997), as the standard requires. A repair is suggested in words, never made.

    Masked codes load where the column declares `masked`; they join nothing by themselves.
    """

    name = "org.code"
    title = Text("统一社会信用代码", "unified social credit code")
    options = frozenset({"masked"})

    def parse(self, raw: str) -> Value:
        code = compact(raw).upper()
        if not code:
            return self.empty
        if not re.fullmatch(_FORM, code):
            return self._otherwise(code)
        if code[17] != check_character(code[:17]):
            raise UnreadableCellError("校验码不符", "the check character is wrong")
        if not org9_valid(code[8:17]):
            raise UnreadableCellError(
                "内含的组织机构代码（第 9 至 17 位）校验码不符",
                "the check of the organisation code inside (characters 9 to 17) is wrong",
            )
        return (code,)

    def plain(self, raw: str) -> Plain:
        def total(charset: str, weights: tuple[int, ...], start: int) -> str:
            return " + ".join(
                f"(strpos('{charset}', substr({raw}, {start + i}, 1)) - 1) * {weight}"
                for i, weight in enumerate(weights)
            )

        outer = f"(31 - ({total(CHARSET, WEIGHTS, 1)}) % 31) % 31 + 1"
        inner = f"(11 - ({total(_ORG_CHARSET, _ORG_WEIGHTS, 9)}) % 11) % 11 + 1"
        return Plain(
            f"regexp_full_match({raw}, '{_FORM}')"
            f" AND substr('{CHARSET}', {outer}, 1) = substr({raw}, 18, 1)"
            f" AND substr('{_ORG_CHECKS}', {inner}, 1) = substr({raw}, 17, 1)",
            (raw,),
        )

    def _otherwise(self, code: str) -> Value:
        """What is no full code: a mask that may load, or a reason."""
        hidden = _HIDDEN.sub("*", code)
        if (
            "*" not in hidden
            or not re.fullmatch(rf"[{CHARSET}*]+", hidden)
            or not hidden.strip("*")
        ):
            raise _malformed(code)
        if not self.column.masked:
            raise UnreadableCellError(
                "代码已遮盖；确需入库请在列声明中写 masked: true",
                "the code is masked; to load it, declare masked: true",
            )
        if len(hidden) > _LENGTH:
            raise UnreadableCellError("遮盖代码超过 18 位", "a masked code of more than 18")
        return (hidden,)


def check_character(first17: str) -> str:
    """The 18th character of GB 32100-2015."""
    total = sum(CHARSET.index(c) * w for c, w in zip(first17, WEIGHTS, strict=True))
    return CHARSET[-total % 31]


def org9_valid(code: str) -> bool:
    """Whether an organisation code after GB 11714-1997 holds, with or without its hyphen."""
    code = code.replace("-", "").upper()
    if not re.fullmatch(r"[0-9A-Z]{8}[0-9X]", code):
        return False
    total = sum(_ORG_CHARSET.index(c) * w for c, w in zip(code[:8], _ORG_WEIGHTS, strict=True))
    return _ORG_CHECKS[-total % 11] == code[8]


def regno15_valid(number: str) -> bool:
    """Whether a business registration number after GS15-2006 holds (ISO 7064 MOD 11,10)."""
    if not re.fullmatch(r"\d{15}", number):
        return False
    product = 10
    for digit in number[:14]:
        product = ((product + int(digit)) % 10 or 10) * 2 % 11
    return (product + int(number[14])) % 10 == 1


def _malformed(code: str) -> UnreadableCellError:
    if is_scientific(code):
        return UnreadableCellError(
            "曾被电子表格存为数字，末几位已丢失",
            "stored as a number by the spreadsheet, last digits lost",
        )
    if regno15_valid(code):
        return UnreadableCellError(
            "是 15 位的工商注册号，不是统一社会信用代码",
            "a business registration number of 15 digits, not a unified social credit code",
        )
    if org9_valid(code):
        return UnreadableCellError(
            "是 9 位的组织机构代码，不是统一社会信用代码",
            "an organisation code of 9 characters, not a unified social credit code",
        )
    if len(code) != _LENGTH:
        return UnreadableCellError(
            f"有 {len(code)} 位，应为 18 位", f"has {len(code)} characters, not 18"
        )
    strange = "".join(sorted(set(re.findall(r"[^0-9A-Z]|[IOSVZ]", code))))
    if not strange:
        return UnreadableCellError("第 3 至 8 位应为数字", "characters 3 to 8 should be digits")
    repaired = code.translate(_NEVER)
    likely = (
        re.fullmatch(_FORM, repaired)
        and repaired[17] == check_character(repaired[:17])
        and org9_valid(repaired[8:17])
    )
    return UnreadableCellError(
        f"含有代码中不会出现的字符 {strange}" + (f"；请核实是否为 {repaired}" if likely else ""),
        f"contains {strange}, which no code has"
        + (f"; ask whether {repaired} is meant" if likely else ""),
    )
