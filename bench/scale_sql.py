"""The questions of `bench.scale` by hand, in SQL that DuckDB and Spark both read.

Whoever wrote them knows the files: every date is a single day, every key is known, and what narrows most
stands first. An answer is `per_1` and the number of a row of each fact, flagged combinations alone.
"""

from __future__ import annotations

SQL = {
    "meet": """
SELECT pay.no AS per_1, pay._row AS row_pay, penalty._row AS row_penalty
FROM payments pay JOIN penalties penalty ON penalty.person__key = pay.person__key
WHERE pay.amount > 900 AND penalty.on__from < pay.on__from""",
    "lack": """
SELECT pay.no AS per_1, pay._row AS row_pay FROM payments pay
WHERE pay.amount > 990 AND NOT EXISTS (
  SELECT 1 FROM insurances insured
  WHERE insured.person__key = pay.person__key AND insured.on__from <= pay.on__from)""",
    "stranger": """
SELECT pay.no AS per_1, pay._row AS row_pay FROM payments pay
LEFT ANTI JOIN persons ON persons.person__key = pay.person__key""",
    "sum": """
WITH much AS (SELECT person__key FROM payments GROUP BY person__key HAVING SUM(amount) > 9500)
SELECT pay.person AS per_1, pay._row AS row_pay
FROM payments pay JOIN much ON much.person__key = pay.person__key""",
    "window": """
WITH running AS (
  SELECT person__key, on__from, SUM(amount) OVER (
    PARTITION BY person__key ORDER BY on__from
    RANGE BETWEEN INTERVAL '30' DAY PRECEDING AND CURRENT ROW) AS amount
  FROM payments),
much AS (SELECT DISTINCT person__key, on__from AS until FROM running WHERE amount > 2800)
SELECT pay.person AS per_1, pay._row AS row_pay
FROM payments pay JOIN much ON much.person__key = pay.person__key
WHERE pay.on__from BETWEEN much.until - INTERVAL '30' DAY AND much.until""",
    "overlap": """
SELECT penalty.no AS per_1, insured._row AS row_insured, penalty._row AS row_penalty
FROM insurances insured JOIN penalties penalty ON penalty.person__key = insured.person__key
WHERE penalty.on__from BETWEEN insured.on__from AND insured.until__from""",
    "path": """
SELECT pay.no AS per_1, penalty._row AS row_penalty, relative._row AS row_relative, pay._row AS row_pay
FROM penalties penalty
JOIN relatives relative ON relative.person__key = penalty.person__key
JOIN payments pay ON pay.person__key = relative.other__key
WHERE pay.amount > 900 AND penalty.on__from < pay.on__from""",
}


def dialect(question: str, spark: bool) -> str:  # noqa: FBT001 -- one of two
    """The question as the engine spells it: DuckDB has ANTI JOIN without a side."""
    return SQL[question] if spark else SQL[question].replace("LEFT ANTI JOIN", "ANTI JOIN")
