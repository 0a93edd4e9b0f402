"""What a mask leaves of a citizen number, and how many people that fits.

Departments write any number of stars, so only what stands before the first and behind the last one
is compared (`330381********123X`, `3303****1234`).
"""

from __future__ import annotations

#: SQL over `number`: the digits before the first star, and those behind the last.
PREFIX = "CASE WHEN CONTAINS(number, '*') THEN SPLIT_PART(number, '*', 1) END"
SUFFIX = "CASE WHEN CONTAINS(number, '*') THEN SPLIT_PART(number, '*', -1) END"


def fits(number: str, prefix: str = "prefix", suffix: str = "suffix") -> str:
    """SQL: does a full number fit what a mask leaves? Null where there is no mask."""
    return f"(STARTS_WITH({number}, {prefix}) AND ENDS_WITH({number}, {suffix}))"


#: SQL over `prefix` and `suffix`: among so many people of one place, one is expected to fit. What
#: all share there (region, century) counts for nothing; the check character follows from the rest.
ONE_IN = """CAST(
    (CASE WHEN LENGTH(prefix) >= 17 THEN 25000000 WHEN LENGTH(prefix) = 16 THEN 1000000
          WHEN LENGTH(prefix) = 15 THEN 100000 WHEN LENGTH(prefix) >= 14 THEN 25000
          WHEN LENGTH(prefix) >= 12 THEN 840 WHEN LENGTH(prefix) >= 10 THEN 70
          WHEN LENGTH(prefix) >= 9 THEN 7 ELSE 1 END)
  * (CASE WHEN LENGTH(suffix) >= 12 THEN 25000000 WHEN LENGTH(suffix) >= 8 THEN 300000
          WHEN LENGTH(suffix) >= 6 THEN 30000
          WHEN LENGTH(suffix) >= 4 THEN 5000 WHEN LENGTH(suffix) = 3 THEN 500
          WHEN LENGTH(suffix) = 2 THEN 50 WHEN LENGTH(suffix) = 1 THEN 10 ELSE 1 END)
AS HUGEINT)"""


def strengths(combinations: list[tuple[int, int]], masks: str, numbers: str) -> str:
    """SELECT of (prefix, suffix, fit): how many people's numbers fit each mask.

    Args:
        combinations: lengths of prefix and suffix that occur in `masks`; each is one join.
        masks: relation (prefix, suffix). numbers: relation with a column `number`.
    """
    parts = [
        f"SELECT m.prefix, m.suffix, COUNT(n.number) AS fit FROM {masks} AS m LEFT JOIN {numbers} AS n "
        f"ON LEFT(n.number, {before}) = m.prefix AND RIGHT(n.number, {behind}) = m.suffix "
        f"WHERE LENGTH(m.prefix) = {before} AND LENGTH(m.suffix) = {behind} GROUP BY ALL"
        for before, behind in combinations
    ]
    return " UNION ALL ".join(parts) or (
        "SELECT '' AS prefix, '' AS suffix, CAST(0 AS BIGINT) AS fit WHERE false"
    )
