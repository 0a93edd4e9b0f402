"""Rows without a full number, and what people judged about them."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.linkage.claim import FINGERPRINT, SAID, Kind, Slot
from plumbline.engine.linkage.judgement import Judgement, mark_of

#: Nothing is said that somebody could be known by.
_SILENT = "number IS NULL AND LEN(names) = 0 AND LEN(phones) = 0 AND LEN(addresses) = 0 AND LEN(people) = 0"


def lay_out(duck: Duck, kind: Kind, described: Sequence[Slot], decided: Sequence[Judgement]) -> int:
    """Make the table `loose_<kind>`: dataset, slot, row, claim, and what the row says; gives its length.

    A row about which somebody judged has a claim of its own. What was judged of it is in `excluded`
    (claim, who: not this one) and `settled` (claim, who, number of the judgement); what was judged of it and
    another row is for `together`.
    """
    name = f"loose_{kind}"
    said = ", ".join(SAID)
    parts = [
        f"SELECT {sql.literal(slot.dataset.name)} AS dataset, {sql.literal(slot.column)} AS slot, "
        f"row, mark, {said} FROM ({slot.said(_rows(slot), f'{mark_of(slot.dataset)} AS mark')})"
        for slot in described if slot.loose
    ]  # fmt: skip
    source = " UNION ALL ".join(parts) or _nothing()
    judged_table(duck, decided)
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE {name} AS WITH told AS (SELECT *, {FINGERPRINT} AS plain FROM ({source})), "
        "judged AS (SELECT dataset, slot, mark, STRING_AGG(CAST(number AS VARCHAR), ',' ORDER BY number) AS numbers "
        "FROM judged_rows GROUP BY ALL) "
        f"SELECT dataset, slot, row, mark, {said}, CASE WHEN numbers IS NULL THEN plain ELSE "
        "CAST(('0x' || SUBSTR(MD5(plain || '/' || numbers || '/' || dataset || '/' || mark), 1, 15)) AS BIGINT) END AS claim "
        "FROM told LEFT JOIN judged USING (dataset, slot, mark) "
        f"WHERE numbers IS NOT NULL OR NOT ({_SILENT})"
    )
    for table, verdict in (("excluded", "different"), ("settled", "same")):
        duck.run(
            f"CREATE OR REPLACE TEMP TABLE {table}_{kind} AS SELECT l.claim, j.who, MAX(j.number) AS judgement "
            f"FROM {name} AS l JOIN judged_rows AS j USING (dataset, slot, mark) "
            f"WHERE j.verdict = '{verdict}' GROUP BY ALL"
        )
    # The last word counts.
    duck.run(
        f"DELETE FROM settled_{kind} WHERE (claim, judgement) NOT IN "
        f"(SELECT (claim, MAX(judgement)) FROM settled_{kind} GROUP BY claim)"
    )
    ((rows,),) = duck.run(f"SELECT COUNT(*) FROM {name}")
    return int(rows)


def judged_table(duck: Duck, decided: Sequence[Judgement]) -> None:
    """Make `judged_rows`: what was judged of rows, and is in force.

    Of two rows that were judged beside each other, each stands there with the verdict `beside`.
    """
    told = [
        (each.number, *each.node, each.verdict, each.who)
        for each in decided if each.dataset and not each.beside
    ] + [
        (each.number, *node, "beside", None)
        for each in decided if each.beside for node in (each.node, each.other) if node
    ]  # fmt: skip
    names = ("number", "dataset", "slot", "mark", "verdict", "who")
    kinds = [pa.int64() if name == "number" else pa.string() for name in names]
    columns = zip(*told, strict=True) if told else [()] * len(names)
    arrays = [pa.array(column, kind) for column, kind in zip(columns, kinds, strict=True)]
    duck.register("judged_given", pa.Table.from_arrays(arrays, names=names))
    duck.run("CREATE OR REPLACE TEMP TABLE judged_rows AS SELECT * FROM judged_given")
    duck.unregister("judged_given")


def _rows(slot: Slot) -> str:
    facts = sql.name(f"facts_{slot.dataset.name}")
    return f"(SELECT * FROM {facts} WHERE NOT COALESCE({slot.is_full}, FALSE)) AS facts"


def _nothing() -> str:
    nulls = ", ".join(f"CAST(NULL AS {kind}) AS {name}" for name, kind in SAID.items())
    return (
        "SELECT CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS VARCHAR) AS slot, CAST(NULL AS BIGINT) AS row, "
        f"CAST(NULL AS VARCHAR) AS mark, {nulls} WHERE false"
    )
