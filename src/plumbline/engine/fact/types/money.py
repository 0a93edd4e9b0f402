"""Money, exact, in the minor unit of one currency."""

from __future__ import annotations

from decimal import Decimal, localcontext

from plumbline.engine.fact.document import did_you_mean
from plumbline.engine.fact.types.amounts import EXACT, SIGNS, Amount, read_amounts
from plumbline.engine.fact.types.base import Country, Field, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact
from plumbline.engine.fact.types.kind import Declared, Kind
from plumbline.errors import DeclarationError, Lang, Text

#: Declared unit -> its worth in the major unit; None is the minor unit (分).
UNITS: dict[str, int | None] = {
    "分": None, "元": 1, "百元": 100, "千元": 1000, "万元": 10**4, "十万元": 10**5,
    "百万元": 10**6, "千万元": 10**7, "亿元": 10**8,
    "fen": None, "cent": None, "yuan": 1, "unit": 1, "thousand": 1000, "million": 10**6,
    "billion": 10**9,
}  # fmt: skip

#: ISO 4217 currencies whose minor unit is not a hundredth: decimals of the major unit.
_MINOR = {
    code: decimals
    for decimals, codes in (
        (0, "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"),
        (3, "BHD IQD JOD KWD LYD OMR TND"),
        (4, "CLF UYW"),
    )
    for code in codes.split()
}
_NAMES = {"CNY": "元", "USD": "美元", "EUR": "欧元", "GBP": "英镑", "JPY": "日元", "HKD": "港元"}
_BIGINT = 2**63
_ROOM = 17  # digits that stay within DECIMAL(18) once the point is moved


class Money(Kind):
    """An amount in minor units (fen) of the declared currency.

    The unit comes from the declaration. A cell that states its own (3万元 in a column of 元) is
    read by its words. Amounts are never estimated, rounded, or read in another currency.
    """

    name = "money"
    title = Text("金额", "amount of money")
    options = frozenset({"unit", "currency", "per"})

    def __init__(self, column: Declared, country: Country) -> None:
        super().__init__(column, country)
        if column.unit is not None and column.unit not in UNITS:
            raise DeclarationError(
                Text(f"不认识的单位“{column.unit}”", f"unknown unit '{column.unit}'"),
                hint=did_you_mean(column.unit, list(UNITS)),
            )
        if not (
            len(column.currency) == 3 and column.currency.isascii() and column.currency.isupper()
        ):
            raise DeclarationError(
                Text(
                    f"币种“{column.currency}”应为 CNY 这样的三个字母",
                    f"currency '{column.currency}' should be three letters such as CNY",
                )
            )
        self.decimals = _MINOR.get(column.currency, 2)
        self.factor: int | None = None  # minor units in one declared unit
        if column.unit is not None:
            worth = UNITS[column.unit]
            self.factor = 1 if worth is None else worth * int(10**self.decimals)

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("", "BIGINT"),)

    def parse(self, raw: str) -> Value:
        if not compact(raw):
            return self.empty
        amount = self._chosen(read_amounts(raw))
        if amount.approximate:
            raise UnreadableCellError("约数，不是准确金额", "approximate, not an exact amount")
        with localcontext(EXACT):
            minor = amount.number * self._factor(amount)
            whole = minor == minor.to_integral_value()
        if not whole:
            raise UnreadableCellError(
                "不足最小货币单位（如一分的几分之一）", "a fraction of the smallest coin"
            )
        if abs(minor) >= _BIGINT:
            raise UnreadableCellError("金额过大", "the amount is too large")
        return (int(minor),)

    def plain(self, raw: str) -> Plain | None:
        if self.factor is None:
            return None
        zeros = len(str(self.factor)) - 1
        if zeros == 0:
            whole = f"try_cast({raw} AS BIGINT)"
            return Plain(f"regexp_full_match({raw}, '-?[0-9]{{1,{_ROOM}}}')", (whole,))
        # Room is left for the factor, so that the product stays in a 64-bit decimal.
        room = _ROOM - zeros
        number = f"try_cast({raw} AS DECIMAL({room},{min(zeros, room - 1)}))"
        part = min(zeros, room - 1)
        return Plain(
            rf"regexp_full_match({raw}, '-?[0-9]{{1,{room - part}}}(\.[0-9]{{1,{part}}})?')",
            (f"CAST({number} * {self.factor} AS BIGINT)",),
        )

    def show(self, value: Value, lang: Lang) -> str:
        if value[0] is None:
            return ""
        currency = self.column.currency
        number = f"{Decimal(value[0]).scaleb(-self.decimals):,f}"
        if lang == "zh" and currency in _NAMES:
            return number + _NAMES[currency]
        return f"{currency} {number}"

    def _chosen(self, amounts: tuple[Amount, ...]) -> Amount:
        """The amount that the column is about: a sum, or the price for the declared measure."""
        per = self.column.per
        for amount in amounts:
            if amount.per == (per or "") or (per and not amount.per):
                return amount
        stated = "、".join(amount.per for amount in amounts)
        raise UnreadableCellError(
            f"单价按“{stated}”计，列声明为 per: {per or '无'}",
            f"a price per '{stated}', while the column declares per: {per or 'nothing'}",
        )

    def _factor(self, amount: Amount) -> int:
        """Minor units in one of what the cell counts."""
        declared, currency = self.column.unit, self.column.currency
        if amount.currency and currency not in SIGNS.get(amount.currency, {amount.currency}):
            raise UnreadableCellError(
                f"币种 {amount.currency} 与声明的 {currency} 不符",
                f"currency {amount.currency}, while {currency} is declared",
            )
        if amount.unit or (amount.currency and (declared is None or UNITS[declared] == 1)):
            return int(10**self.decimals)
        if amount.currency:
            raise UnreadableCellError(
                f"有货币符号，分不清是元还是{declared}",
                f"has a currency sign, so it may be in the major unit or in {declared}",
            )
        if self.factor is None:
            raise UnreadableCellError(
                "单位不明，请在列声明中写 unit: 元 或 万元",
                "unit unknown; declare the column's unit, such as 元 or 万元",
            )
        return self.factor
