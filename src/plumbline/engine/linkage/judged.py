"""What people judged about rows that bear a full number of their own."""

from __future__ import annotations

from collections.abc import Sequence

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.linkage.claim import Slot
from plumbline.engine.linkage.judgement import Judgement, mark_of
from plumbline.engine.linkage.view import nobody


def enter(duck: Duck, described: Sequence[Slot], decided: Sequence[Judgement]) -> None:
    """Tie such rows as was judged; `judged_rows` and `ties` are tables on the connection.

    Not the person of its own number: the row is about somebody else, whom nobody knows. The same as
    its own number says, though the names differ: names are not held against it any more (tier A). The
    same as another number: tied to that one (tier C).
    """
    places = {(each.dataset, each.slot) for each in decided}
    for slot in described:
        if (slot.dataset.name, slot.column) not in places:
            continue
        at = sql.name(slot.column)
        person = slot.kind == "person"
        own = f"f.{sql.name(slot.column + '__key')}" if person else "CAST(NULL AS BIGINT)"
        named = "CAST(SUBSTR(j.who, 1, 17) AS BIGINT)" if person else "CAST(NULL AS BIGINT)"
        key, who = nobody("nobody")
        duck.run(
            "CREATE OR REPLACE TEMP TABLE judged_ties AS WITH met AS (SELECT f._row AS row, "
            f"f.{at} AS own_number, {own} AS own, j.*, {named} AS named, "
            "MD5(j.dataset || '/' || j.slot || '/' || j.mark) AS nobody "
            f"FROM (SELECT *, {mark_of(slot.dataset)} AS mark FROM {sql.name('facts_' + slot.dataset.name)} "
            f"WHERE {slot.is_full}) AS f JOIN judged_rows AS j ON j.mark = f.mark "
            f"WHERE j.dataset = {sql.literal(slot.dataset.name)} AND j.slot = {sql.literal(slot.column)} "
            "AND (j.verdict = 'same' OR (j.verdict = 'different' AND j.who = f." + at + "))), "
            "last AS (SELECT * FROM met QUALIFY ROW_NUMBER() OVER (PARTITION BY row ORDER BY number DESC) = 1) "
            "SELECT row, CASE WHEN verdict = 'same' THEN named "
            f"WHEN verdict = 'different' THEN {key} END AS key, "
            f"CASE WHEN verdict = 'same' THEN who ELSE {who} END AS who, "
            "CASE WHEN verdict = 'same' AND who <> own_number THEN 'C' ELSE 'A' END AS tier, number FROM last"
        )
        duck.run(
            f"DELETE FROM ties WHERE dataset = {sql.literal(slot.dataset.name)} "
            f"AND slot = {sql.literal(slot.column)} AND row IN (SELECT row FROM judged_ties)"
        )
        duck.run(
            f"INSERT INTO ties SELECT 'tie', {sql.literal(slot.dataset.name)}, {sql.literal(slot.column)}, row, NULL, "
            + ("key" if person else "NULL")
            + ", who, tier, 'judgement', CAST(TO_JSON({'judgement': number}) AS VARCHAR) FROM judged_ties"
        )
