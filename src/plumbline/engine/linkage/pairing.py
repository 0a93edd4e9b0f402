"""From weighed pairs to links.

Of candidates that weigh the same none is taken: to stand first in a list is no proof.
"""

from __future__ import annotations

from plumbline.engine.backend import Duck

#: The best candidate must outweigh the next by more than this, in bits.
MARGIN = 0.0


def best(
    duck: Duck, weighed: str, into: str, *, least: float, margin: float = MARGIN, once: bool = False
) -> int:
    """Make a table (claim, candidate, match_weight) with the one best candidate of each loose row.

    Args:
        weighed: table of `weighing.weigh`; candidates are told apart by key where it has one.
        least: links of less weight are not made.
        margin: see MARGIN; within it nobody is linked.
        once: a candidate too must be linked once at most, and to its best.

    Returns:
        How many links there are.
    """
    columns = {column for column, _ in duck.columns(f"SELECT * FROM {weighed}")}
    who = "key" if "key" in columns else "candidate"
    ranks, alone = [], []
    for one, other in [("claim", who), (who, "claim")][: 2 if once else 1]:
        over = f"OVER (PARTITION BY {one} ORDER BY match_weight DESC, {other})"
        ranks.append(f"row_number() {over} AS rank_{one}, lead(match_weight) {over} AS next_{one}")
        alone.append(
            f"rank_{one} = 1 AND (next_{one} IS NULL OR match_weight - next_{one} > {margin})"
        )
    keep = ", key" if who == "key" else ""
    duck.run(f"""
        CREATE OR REPLACE TEMP TABLE {into} AS
        SELECT claim, candidate{keep}, match_weight
        FROM (SELECT *, {", ".join(ranks)} FROM {weighed} WHERE match_weight >= {least})
        WHERE {" AND ".join(alone)}""")
    ((links,),) = duck.run(f"SELECT COUNT(*) FROM {into}")
    return int(links)


def clusters(duck: Duck, weighed: str, into: str, *, least: float) -> int:
    """Make a table (claim, cluster) of records that hang together by pairs of at least this weight.

    A cluster is named by its smallest claim; a record without a pair is in none.

    Returns:
        How many clusters there are.
    """
    duck.run(f"""
        CREATE OR REPLACE TEMP TABLE {into}_edges AS
        SELECT claim AS a, candidate AS b FROM {weighed} WHERE match_weight >= {least}
        UNION ALL SELECT candidate, claim FROM {weighed} WHERE match_weight >= {least}""")
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE {into} AS "
        f"SELECT a AS claim, least(a, min(b)) AS cluster FROM {into}_edges GROUP BY a"
    )
    while (
        True
    ):  # every round, each takes the smallest name among its neighbours, then its name's name
        duck.run(f"""
            CREATE OR REPLACE TEMP TABLE {into}_next AS
            WITH near AS (
                SELECT edges.a AS claim, min(named.cluster) AS cluster
                FROM {into}_edges AS edges JOIN {into} AS named ON named.claim = edges.b GROUP BY edges.a
            )
            SELECT mine.claim, least(mine.cluster, near.cluster, further.cluster) AS cluster
            FROM {into} AS mine JOIN near USING (claim) JOIN {into} AS further ON further.claim = mine.cluster""")
        ((changed,),) = duck.run(
            f"SELECT COUNT(*) FROM {into} AS was JOIN {into}_next AS now USING (claim) "
            "WHERE was.cluster <> now.cluster"
        )
        duck.run(f"CREATE OR REPLACE TEMP TABLE {into} AS FROM {into}_next")
        if not changed:
            break
    duck.run(f"DROP TABLE {into}_next")
    duck.run(f"DROP TABLE {into}_edges")
    ((many,),) = duck.run(f"SELECT COUNT(DISTINCT cluster) FROM {into}")
    return int(many)
