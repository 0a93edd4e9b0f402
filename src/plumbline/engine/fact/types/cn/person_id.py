"""Citizen numbers after GB 11643-1999: region 6, birth 8, order 3, check 1."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from plumbline.engine.fact.types.base import Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact, is_scientific
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
CHECKS = "10X98765432"

_LOOK_ALIKE = str.maketrans("ХхΧχx", "XXXXX")  # Cyrillic and Greek; NFKC leaves them
_NUMBER = re.compile(r"\d{17}[\dX]")
_OLD = re.compile(r"\d{15}")
# X alone is a check character, from two on it hides.
_HIDDEN = re.compile(r"[×#●•]|X(?=X)|(?<=X)X")
_MASK = re.compile(r"[\d*]+X?")
# Every date but 29 February, which `parse` looks up.
_PLAIN_DATE = (
    "(18|19|20)[0-9]{2}((0[13578]|1[02])(0[1-9]|[12][0-9]|3[01])"
    "|(0[469]|11)(0[1-9]|[12][0-9]|30)|02(0[1-9]|1[0-9]|2[0-8]))"
)
#: So much of a number that came masked may be shown to everybody.
_HEAD, _TAIL = 6, 4
_FIRST_YEAR, _LAST_YEAR = 1800, 2099


class PersonId(Kind):
    """The number in its normal form, and its first 17 digits as an integer to join by.

    A number is valid by length, digits, check character, birth date and province. Its region
    may be retired or missing from our lists, as regions are those of the first registration.
    Residence permits of Hong Kong, Macau and Taiwan (81, 82, 83) follow the same rules.

    Old numbers of 15 digits do not say their century. They are kept as born in the 1900s; who
    compares them with a name may settle on the other candidate, see `upgrade`.

    Masked numbers load where the column declares `masked`; they have no key.
    """

    name = "person.id"
    title = Text("公民身份号码", "citizen number")
    options = frozenset({"masked", "of", "former"})
    personal = True

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", "VARCHAR"), Field("__key", "BIGINT"))

    def parse(self, raw: str) -> Value:
        text = compact(raw).translate(_LOOK_ALIKE).upper()
        if not text:
            return self.empty
        if _OLD.fullmatch(text):
            text = upgrade(text)[0]
        elif not _NUMBER.fullmatch(text):
            return self._otherwise(text)
        self._check(text)
        return (text, int(text[:17]))

    def plain(self, raw: str) -> Plain:
        provinces = "|".join(sorted(self.country.provinces))
        key = f"try_cast(substr({raw}, 1, 17) AS BIGINT)"
        # The weights are the powers of two modulo 11. With x // 10**k for the digits from the
        # k-th on, the sum of digit times 2**k is x - 8 * sum(2**(k-1) * (x // 10**k)).
        above = " + ".join(f"{2 ** (k - 1)} * (x // {10**k})" for k in range(1, 17))
        total = f"2 * list_transform([{key}], lambda x: x - 8 * ({above}))[1]"
        return Plain(
            f"regexp_full_match({raw}, '({provinces})[0-9]{{4}}{_PLAIN_DATE}[0-9]{{3}}[0-9X]')"
            f" AND substr('{CHECKS}', ({total} % 11 + 1)::INTEGER, 1) = substr({raw}, 18, 1)",
            (raw, key),
        )

    def mask(self, value: Value, lang: Lang) -> str:  # noqa: ARG002 -- same in both languages
        number: str | None = value[0]
        if number is None:
            return ""
        if "*" not in number:
            return f"{number[:4]}{'*' * 10}{number[-4:]}"
        # A mask that a department drew too short shows the birth, or all but what can be worked out.
        before, after = number.split("*", 1)[0][:_HEAD], number.rsplit("*", 1)[1][-_TAIL:]
        return before + "*" * (len(number) - len(before) - len(after)) + after

    def _check(self, number: str) -> None:
        if number[17] != check_character(number[:17]):
            if number.endswith("000"):
                raise UnreadableCellError(
                    "校验码不符；末尾的零说明曾被电子表格存为数字，末几位已丢失",
                    "the check character is wrong; the zeros at the end show that a spreadsheet"
                    " stored it as a number and lost the last digits",
                )
            raise UnreadableCellError("校验码不符", "the check character is wrong")
        if number[:2] not in self.country.provinces:
            raise UnreadableCellError(
                f"没有代码为 {number[:2]} 的省份", f"no province has the code {number[:2]}"
            )
        try:
            year = birth(number).year
        except ValueError:
            year = 0
        if not _FIRST_YEAR <= year <= _LAST_YEAR:
            raise UnreadableCellError("出生日期不存在", "there is no such birth date")

    def _otherwise(self, text: str) -> Value:
        """What is neither 18 nor 15 digits: a mask that may load, or a reason."""
        hidden = _HIDDEN.sub("*", text)
        if _MASK.fullmatch(hidden) and "*" in hidden and hidden.strip("*X"):
            if not self.column.masked:
                raise UnreadableCellError(
                    "号码已遮盖；确需入库请在列声明中写 masked: true",
                    "the number is masked; to load it, declare masked: true",
                )
            if len(hidden) > 18:
                raise UnreadableCellError("遮盖号码超过 18 位", "a masked number of more than 18")
            return (hidden, None)
        if is_scientific(text) or re.fullmatch(r"\d+\.\d+", text):
            raise UnreadableCellError(
                "曾被电子表格存为数字，末几位已丢失，请导出为文本后重新报送",
                "stored as a number by the spreadsheet, last digits lost; send it again as text",
            )
        if re.fullmatch(r"[A-Z]{3}\d{12}", text):
            raise UnreadableCellError(
                "外国人永久居留证号码，不是公民身份号码",
                "a foreigner's permanent residence card, not a citizen number",
            )
        if re.fullmatch(r"[\dX]+", text):
            raise UnreadableCellError(
                f"有 {len(text)} 位，应为 18 位", f"has {len(text)} characters, not 18"
            )
        raise UnreadableCellError("不是公民身份号码", "not a citizen number")


def check_character(first17: str) -> str:
    """The 18th character of GB 11643-1999 (ISO 7064 MOD 11-2)."""
    return CHECKS[sum(int(d) * w for d, w in zip(first17, WEIGHTS, strict=True)) % 11]


def birth(number: str) -> date:
    """Birth date of an 18-digit number."""
    return date(int(number[6:10]), int(number[10:12]), int(number[12:14]))


def sex(number: str) -> Literal["M", "F"]:
    """The order number is odd for men, even for women."""
    return "M" if int(number[16]) % 2 else "F"


def upgrade(number15: str) -> tuple[str, str]:
    """Both numbers of 18 that an old one may stand for: born in the 1900s, or in the 1800s."""

    def of(century: str) -> str:
        first17 = number15[:6] + century + number15[6:]
        return first17 + check_character(first17)

    return of("19"), of("18")


def mask_agrees(mask: str, number: str) -> bool | None:
    """Whether the digits that a mask leaves visible are those of `number`.

    Only what stands before the first and after the last star is compared, since departments
    write any number of stars. None where it cannot be decided.
    """
    before, _, rest = mask.partition("*")
    after = rest.rpartition("*")[2] if "*" in rest else rest
    if len(number) != 18 or not before + after or len(before + after) > 18:
        return None
    return number.startswith(before) and number.endswith(after)
