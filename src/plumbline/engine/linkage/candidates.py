"""Which pairs are weighed at all: those that some rule finds, and no rule alone decides."""

from __future__ import annotations

from plumbline.engine.backend import Duck
from plumbline.engine.linkage.scheme import Rule, Scheme


def find(duck: Duck, scheme: Scheme, left: str, right: str, into: str) -> dict[str, int]:
    """Make a table of pairs (l, r) of claims; each pair once.

    What is found for one loose row depends on the population and never on other loose rows, so that rows
    may be weighed as they come.

    Args:
        left: prepared table of the population.
        right: prepared table of the loose rows; the same as `left` where a relation meets itself.
        into: name of the table.

    Returns:
        By rule, how many loose rows met a block that was larger than the rule allows. Other rules may have
        found candidates for them.
    """
    duck.run(f"CREATE OR REPLACE TEMP TABLE {into}_found (l BIGINT, r BIGINT)")
    passed_over = {}
    for rule in scheme.find:
        keys = ", ".join(f"k{at}" for at in range(len(rule.keys)))
        duck.run(f"""
            CREATE OR REPLACE TEMP TABLE {into}_blocks AS
            SELECT {keys}, COUNT(*) > {rule.most} AS large,
                CASE WHEN COUNT(*) <= {rule.most} THEN list(claim) END AS claims
            FROM ({_keys(rule, left)}) GROUP BY ALL""")
        met = f"{into}_blocks JOIN ({_keys(rule, right)}) AS loose USING ({keys})"
        order = "WHERE l < r" if scheme.dedupe else ""
        duck.run(f"""
            INSERT INTO {into}_found
            SELECT l, r FROM (SELECT unnest(claims) AS l, loose.claim AS r FROM {met} WHERE NOT large)
            {order}""")
        ((many,),) = duck.run(f"SELECT COUNT(DISTINCT loose.claim) FROM {met} WHERE large")
        if many:
            passed_over[rule.name] = int(many)
    duck.run(f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT DISTINCT l, r FROM {into}_found")
    duck.run(f"DROP TABLE {into}_found")
    duck.run(f"DROP TABLE IF EXISTS {into}_blocks")
    return passed_over


def _keys(rule: Rule, table: str) -> str:
    keys = ", ".join(f"{key} AS k{at}" for at, key in enumerate(rule.keys))
    known = " AND ".join(f"k{at} IS NOT NULL" for at in range(len(rule.keys)))
    source = f"(SELECT *, unnest({rule.each}) AS x FROM {table})" if rule.each else table
    return f"SELECT * FROM (SELECT claim, {keys} FROM {source}) WHERE {known}"
