"""Everything that a model's statement may contain is read alike by DuckDB and by Spark.

All expressions are asked for in one statement per engine. What the engines read differently without a
word (guide: "silent ones") is in `SILENT`: no model may write it.
"""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from plumbline.engine.backend import Duck, Spark, Tables
from plumbline.engine.line import time
from plumbline.engine.line.time import Day, Number
from plumbline.errors import RunError
from tests.engine.line.small import Office
from tests.sparks import MARKS

D, E, F = (
    "t.d",
    "t.e",
    "t.f",
)  # dates: the end of January, a leap day, the day before an anniversary
DAY, LATER = Day(D, E), Day(E, F)
MOMENT = Day("t.at", "t.till", moment=True)

#: One row; every engine gets it as the same Arrow table.
ROW: dict[str, tuple[Any, pa.DataType]] = {
    "d": (date(2024, 1, 31), pa.date32()),
    "e": (date(2024, 2, 29), pa.date32()),
    "f": (date(2025, 2, 28), pa.date32()),
    "ancient": (date(1582, 10, 10), pa.date32()),  # a day that the old calendar left out
    "open": (date(2999, 12, 31), pa.date32()),
    "no_day": (None, pa.date32()),
    "at": (datetime(2024, 1, 31, 23, 59), pa.timestamp("us")),  # noqa: DTZ001 -- what stands on the clock
    "till": (datetime(2024, 1, 31, 23, 59, 59, 500000), pa.timestamp("us")),  # noqa: DTZ001
    "fen": (123_456_789_012_345, pa.int64()),
    "few": (7, pa.int64()),
    "none": (None, pa.int64()),
    "share": (Decimal("0.30"), pa.decimal128(18, 2)),
    "fine": (Decimal("0.00000001"), pa.decimal128(18, 8)),
    "debt": (Decimal("-12.50"), pa.decimal128(18, 2)),
    "key": (38010119900101001, pa.int64()),  # seventeen digits: more than a float can hold
    "name": ("王某某", pa.string()),
    "pattern": ("王%", pa.string()),
    "slash": ("a\\b", pa.string()),
    "quote": ("it's", pa.string()),
    "rare": ("𠮷田", pa.string()),  # four bytes, two units of UTF-16
    "blank": ("", pa.string()),
    "mixed": ("Plate 云A·1", pa.string()),
    "no_text": (None, pa.string()),
    "yes": (True, pa.bool_()),
    "no": (False, pa.bool_()),
    "unknown": (None, pa.bool_()),
}

#: Every function on time, with arguments that tell readings apart.
TIMES = {
    "before": time.before(DAY, LATER),
    "before, unknown": time.before(DAY, Day("t.no_day", "t.no_day")),
    "before, moments": time.before(MOMENT, Day("t.till", "t.till", moment=True)),
    "before, moment and day": time.before(MOMENT, DAY),
    "on_or_before": time.on_or_before(DAY, LATER),
    "after": time.after(LATER, DAY),
    "on_or_after": time.on_or_after(LATER, DAY),
    "within_days": time.within(DAY, LATER, Number((("", 30),)), "DAY"),
    "within_months": time.within(DAY, LATER, Number((("", 1),)), "MONTH"),
    "within_years": time.within(LATER, Day(F, F), Number((("", 1),)), "YEAR"),
    "plus_days": time.shift(DAY, Number((("", -31),)), "DAY").first,
    "plus_days in force": time.shift(
        DAY, Number((("t.yes", 3), ("t.no", 4))), "DAY").first,
    "plus_months, the 31st": time.shift(DAY, Number((("", 1),)), "MONTH").first,
    "plus_months back": time.shift(DAY, Number((("", -2),)), "MONTH").first,
    "plus_years, leap day": time.shift(LATER, Number((("", 1),)), "YEAR").first,
    "month_end": time.month_end(DAY, Number((("", 1),))).last,
    "overlaps": time.overlaps(time.span(DAY, LATER), time.whole(LATER), Number((("", 1),))),
    "during": time.during(Day(E, E), time.span(DAY, LATER)),
    "day of a moment": time.as_days(MOMENT).last,
}  # fmt: skip

#: The constructs of the allow-lists, and what the compiler itself writes.
EXPRESSIONS = {
    **TIMES,
    "date as text": "t.d",
    "ancient date": "t.ancient",
    "open end": "t.open",
    "moment as text": "t.at",
    "fraction of a second as text": "t.till",
    "days": "t.e + 1",
    "year, month, day": "YEAR(t.d) * 10000 + MONTH(t.d) * 100 + DAY(t.d)",
    "age by numbers": "((YEAR(t.d) * 10000 + MONTH(t.d) * 100 + DAY(t.d)) - t.key // 1000 % 100000000) // 10000",
    "born": "MAKE_DATE(CAST(t.key // 10000000 % 10000 AS INT), CAST(t.key // 100000 % 100 AS INT), CAST(t.key // 1000 % 100 AS INT))",
    "sex": "CASE WHEN t.key % 2 = 1 THEN 'M' WHEN t.key % 2 = 0 THEN 'F' END",
    "large whole numbers": "t.fen * 10 + 1",
    "negative": "-t.few",
    "ratio as multiplication": "t.fen * 10 >= t.fen * 3",
    "decimal times whole": "t.share * t.fen",
    "decimal times literal": "t.share * 1.5",
    "decimal and whole": "t.share + t.few",
    "decimal as text": "t.share",
    "small decimal as text": "t.fine",
    "negative decimal as text": "t.debt",
    "fewer places": "CAST(t.fine + 0.005 AS DECIMAL(18, 2))",
    "half a fen, rounded": "CAST(0.125 * t.few AS DECIMAL(18, 2))",
    "half, negative": "CAST(-0.125 * t.few AS DECIMAL(18, 2))",
    "abs": "ABS(t.debt)",
    "boolean as text": "t.yes",
    "and, unknown": "t.yes AND t.unknown",
    "or, unknown": "t.unknown OR t.yes",
    "not, unknown": "NOT t.unknown",
    "is null": "t.unknown IS NULL",
    "is not true": "t.unknown IS DISTINCT FROM FALSE",
    "in, unknown": "t.few IN (1, 2, t.none)",
    "in": "t.few IN (1, 7)",
    "between": "t.few BETWEEN 7 AND 8",
    "case without else": "CASE WHEN t.no THEN 1 END",
    "case of kinds of numbers": "CASE WHEN t.yes THEN t.few ELSE t.share END",
    "coalesce": "COALESCE(t.none, t.few)",
    "coalesce of kinds of numbers": "COALESCE(t.share, 0)",
    "nullif": "NULLIF(t.few, 7)",
    "greatest skips nulls": "GREATEST(t.few, t.none, 9)",
    "least skips nulls": "LEAST(t.few, t.none, 9)",
    "length of Chinese": "LENGTH(t.name)",
    "length beyond the plane": "LENGTH(t.rare)",
    "like": "t.name LIKE t.pattern",
    "like one character": "t.name LIKE '王__'",
    "like with a backslash": "t.slash LIKE 'a\\b'",
    "like a backslash pattern": "t.slash LIKE t.slash",
    "like beyond the plane": "t.rare LIKE '_田'",
    "order of Chinese": "t.name < t.rare",
    "order by bytes": "'Z' < 'a'",
    "empty is not null": "t.blank = ''",
    "quotes": "t.quote = 'it''s'",
    "contains": "CONTAINS(t.pattern, '%')",
    "concatenated": "t.name || '|' || t.quote",
    "concatenated with null": "t.name || t.no_text",
    "concat skips null": "CONCAT(t.name, t.no_text, t.quote)",
    "concat_ws skips null": "CONCAT_WS('␟', t.name, t.no_text, t.quote)",
    "lower": "LOWER(t.mixed)",
    "upper": "UPPER(t.mixed)",
    "trim": "TRIM('  a b ')",
    "substring": "SUBSTRING(t.name, 2, 1)",
    "substring beyond the plane": "SUBSTRING(t.rare, 2)",
    "replace": "REPLACE(t.mixed, '·', '')",
    "digest": "SHA256(CONCAT_WS('␟', COALESCE(CAST(t.name AS TEXT), '␀'), COALESCE(CAST(t.none AS TEXT), '␀'), "
    "COALESCE(CAST(t.till AS TEXT), '␀'), COALESCE(CAST(t.fine AS TEXT), '␀'), COALESCE(CAST(t.no AS TEXT), '␀')))",
}

#: (g, v, w, d): two groups, a null, equal values.
MANY = pa.table({
    "g": pa.array(["a", "a", "a", "a", "b", "b", None]),
    "v": pa.array([1, 2, 2, None, 5, 9_007_199_254_740_993, 4], pa.int64()),
    "w": pa.array([Decimal(n) for n in ("0.10", "0.20", "0.30", "0.40", "1.05", "1.00", "0.01")], pa.decimal128(18, 2)),
    "d": pa.array([date(2024, 1, n) for n in (1, 2, 15, 31, 1, 31, 1)]),
    "n": pa.array(range(7), pa.int64()),
})  # fmt: skip

#: Whole statements: aggregates, windows, joins.
STATEMENTS = {
    "aggregates": "SELECT g, COUNT(*), COUNT(v), COUNT(DISTINCT v), SUM(v), MIN(v), MAX(v), SUM(w), MIN(d), MAX(d) FROM m GROUP BY g",
    "quartiles": "SELECT g, QUANTILE_DISC(v, 0.25), QUANTILE_DISC(v, 0.75), QUANTILE_DISC(w, 0.25), QUANTILE_DISC(w, 0.75) FROM m GROUP BY g",
    "quartiles of nothing": "SELECT QUANTILE_DISC(v, 0.25) FROM m WHERE g = 'z'",
    "rows of a window": "SELECT n, SUM(v) OVER s, COUNT(*) OVER s, MAX(w) OVER s, BIT_OR(CAST(n AS TINYINT)) OVER s FROM m "
    "WINDOW s AS (PARTITION BY g ORDER BY d RANGE BETWEEN INTERVAL '13' DAY PRECEDING AND CURRENT ROW)",
    "places": "SELECT n, ROW_NUMBER() OVER (PARTITION BY g ORDER BY v, n), RANK() OVER (ORDER BY v DESC), "
    "DENSE_RANK() OVER (ORDER BY v), LAG(v) OVER (ORDER BY n), LEAD(v) OVER (PARTITION BY g ORDER BY v, n) FROM m",
    "semi and anti joins": "SELECT a.n FROM m AS a SEMI JOIN m AS b ON a.g = b.g AND a.n <> b.n AND b.v > 1 "
    "UNION ALL SELECT a.n FROM m AS a ANTI JOIN m AS b ON a.g = b.g",
    "left join on unknown": "SELECT a.n, b.n FROM m AS a LEFT JOIN m AS b ON a.v = b.v AND b.g = 'a'",
    "list of distinct values": "SELECT UNNEST(found) AS g FROM (SELECT LIST(DISTINCT g) AS found FROM m WHERE g IS NOT NULL) AS listed",
    "a name that is Spark's": "SELECT minus.n FROM m AS minus",
    "exists": "SELECT n FROM m AS a WHERE EXISTS (SELECT 1 FROM m AS b WHERE b.g = a.g AND b.v > a.v)",
    "having": "SELECT g FROM m GROUP BY g HAVING SUM(w) * 10 >= 10",
    "union": "SELECT g FROM m UNION SELECT g FROM m",
}

#: What the engines read differently without a word -> what a model would write, and where it may try.
SILENT = {
    "division of decimals": "pay.amount / 3 > 1",
    "cast to a whole number": "cast(pay.share as int) = 2",
    "try_cast of a text": "try_cast(pay.id as bigint) = 2",
    "months between": "date_diff('month', pay.paid_on__from, date '2024-03-01') > 1",
    "years between": "date_diff('year', pay.paid_on__from, date '2024-03-01') > 1",
    "date minus date": "pay.paid_on__to - pay.paid_on__from > 1",
    "day of the week": "dayofweek(pay.paid_on__from) = 0",
    "ISO day of the week": "isodow(pay.paid_on__from) = 7",
    "left, negative": "left(pay.id, -1) = 'a'",
    "first match alone": "regexp_replace(pay.id, '[0-9]', '#') = 'a'",
    "float as text": "cast(cast(pay.amount as double) as varchar) = '1'",
    "hash": "hash(pay.id) = 1",
    "chr": "chr(29579) = pay.id",
    "format": "format('{}', pay.id) = 'a'",
    "division by zero": "1 / 0 > 1",
    "distance of texts": "levenshtein(pay.id, '张伟') < 2",
    "average of decimals": "avg(pay.amount) > 1",
    "substring from nothing": "substring(pay.id, 0, 2) = 'a'",
}  # fmt: skip


def _lay(tables: Tables) -> None:
    tables.register("t", pa.table({n: pa.array([value], kind) for n, (value, kind) in ROW.items()}))
    tables.register("m", MANY)


def _said(tables: Tables) -> dict[str, str | None]:
    """Each expression as text, all from one statement."""
    _lay(tables)
    columns = ", ".join(
        f"CAST({sql} AS TEXT) AS c{i}" for i, sql in enumerate(EXPRESSIONS.values())
    )
    (row,) = tables.run(f"SELECT {columns} FROM t")
    return dict(zip(EXPRESSIONS, row, strict=True))


@pytest.fixture(scope="session")
def on_duckdb(duck: Duck) -> dict[str, str | None]:
    return _said(duck)


@pytest.fixture(scope="session")
def on_spark(spark: Spark) -> dict[str, str | None]:
    return _said(spark)


class TestBothEngines:
    pytestmark = MARKS

    @pytest.mark.parametrize("what", EXPRESSIONS)
    def test_read_an_expression_alike(
        self, what: str, on_duckdb: dict[str, str | None], on_spark: dict[str, str | None]
    ) -> None:
        assert on_spark[what] == on_duckdb[what]

    @pytest.mark.parametrize("what", STATEMENTS)
    def test_give_the_same_rows(self, what: str, duck: Duck, spark: Spark) -> None:
        _lay(duck)
        _lay(spark)
        both = [
            sorted([tuple(map(str, row)) for row in tables.run(STATEMENTS[what])])
            for tables in (duck, spark)
        ]
        assert both[0] == both[1]

    @pytest.mark.parametrize(
        "sql",
        ["SELECT t.fen * t.fen * t.fen FROM t", "SELECT CAST(t.name AS BIGINT) FROM t"],
        ids=["overflow", "no number"],
    )
    def test_fail_aloud_where_there_is_no_answer(self, sql: str, duck: Duck, spark: Spark) -> None:
        _lay(duck)
        _lay(spark)
        for tables in (duck, spark):
            with pytest.raises(RunError):
                tables.run(sql)


@pytest.fixture
def pay(tmp_path: Path) -> Office:
    office = Office(tmp_path)
    office.dataset("pay", {
        "id": "text", "amount": {"type": "money", "unit": "元"},
        "share": {"type": "decimal", "scale": 2}, "paid_on": "date",
    })  # fmt: skip
    return office


@pytest.mark.parametrize("what", SILENT)
def test_what_is_read_differently_is_refused_in_a_condition(what: str, pay: Office) -> None:
    slots = {"facts": {"pay": {"dataset": "pay"}}, "one_warning_per": "pay.id"}
    assert "compiles" not in pay.refused(flag_when=SILENT[what], **slots)


@pytest.mark.parametrize("what", SILENT)
def test_and_in_a_model_that_is_sql(what: str, pay: Office) -> None:
    slots = {"facts": {"pay": {"dataset": "pay"}}, "one_warning_per": "pay.id"}
    query = f"SELECT pay._row AS pay FROM pay WHERE {SILENT[what]}"
    assert "compiles" not in pay.refused(shape="sql", sql=query, **slots)
