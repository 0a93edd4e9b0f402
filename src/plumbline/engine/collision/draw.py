"""Who was looked at and not flagged: drawn to be checked by people, so that what a model misses is measured.

Nobody is registered for that. A draw names one row of each subject drawn, and is worked out again by anyone
from the run, the seed and the number: the lowest values of HMAC-SHA256(seed, name of the row).
"""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.engine.backend import Duck
from plumbline.engine.collision.gather import find
from plumbline.engine.collision.reproduce import Recorded
from plumbline.engine.fact import sql
from plumbline.engine.fact.types import DATED
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.shapes.base import filtered, plain_scope
from plumbline.engine.line.shapes.ties import shown_key
from plumbline.engine.linkage.who import RowName
from plumbline.errors import RunError, Text

_BLOCK = 64  # bytes that SHA-256 works on at a time


@dataclass(frozen=True)
class Drawn:
    """Rows of subjects that a model did not flag.

    Attributes:
        of: how many there were to draw from.
        flagged: how many subjects the model flagged in that run.
    """

    run: int
    of: int
    flagged: int
    rows: tuple[RowName, ...]


def draw_unflagged(duck: Duck, then: Recorded, run: int, *, seed: str, n: int) -> Drawn:
    """Draw subjects that a run did not flag, over the views of what it saw.

    Args:
        seed: hexadecimal, at most 64 bytes.

    Raises:
        RunError: the model's subjects are not in a column, so nobody can say who was not flagged.
    """
    model = then.model
    fact, column = model.column_of(model.subject)
    if fact not in model.facts or model.facts[fact].columns[column].type in DATED:
        raise RunError(
            Text("这个模型的对象是算出来的，无从抽取未预警的", "this model's subjects are calculated: nobody was passed over"),
            where=model.name,
        )  # fmt: skip
    dataset = model.facts[fact]
    find(duck, compile_model(model, excepted=then.excepted).on(then.as_of), "found")
    at = sql.name(dataset.name)
    subject = f"CAST({at}.{sql.name(column + shown_key(dataset, column))} AS TEXT)"
    takes_part = filtered(model, fact, plain_scope(model), lambda _, name: f"{at}.{name}")
    row = f"{sql.literal(dataset.name + ':')} || (row >> 32) || '-' || (row & 4294967295) || {sql.literal(':' + column)}"
    duck.run(
        "CREATE OR REPLACE TEMP TABLE passed_over AS SELECT row FROM ("
        f"SELECT {subject} AS subject, MIN(_row) AS row FROM {at} WHERE {takes_part} AND "
        f"{subject} IS NOT NULL GROUP BY 1) AS looked_at WHERE NOT EXISTS (SELECT 1 FROM found "
        "WHERE verdict = 'flag' AND per_1 = looked_at.subject)"
    )
    ((of,),) = duck.run("SELECT COUNT(*) FROM passed_over")
    ((flagged,),) = duck.run("SELECT COUNT(DISTINCT per_1) FROM found WHERE verdict = 'flag'")
    key = bytes.fromhex(seed).ljust(_BLOCK, b"\0")
    inner, outer = (bytes(byte ^ pad for byte in key).hex() for pad in (0x36, 0x5C))
    drawn = duck.run(
        f"SELECT row FROM passed_over ORDER BY SHA256(UNHEX('{outer}') || UNHEX(SHA256("
        f"UNHEX('{inner}') || ENCODE({row})))), row LIMIT {int(n)}"
    )
    rows = tuple(RowName(dataset.name, number, column) for (number,) in drawn)
    return Drawn(run, of, flagged, rows)
