"""How counts are kept: by triggers of the database, in the transaction of the very change.

What a warning counts for is one statement (`_contribution`). Before a row changes that it reads, the trigger
takes away what was counted, afterwards it adds what is to be counted: so whatever changed, the sum of all
tallies is what the rows say (`recount` works it out from nothing, every night, and in the tests). Tallies are
only appended to; two who close disposals at once do not wait for one another.

On PostgreSQL the triggers count with the worker's eyes: what somebody may not see is counted all the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction

#: Counts and sums of a tally, in the order of the statements below.
MEASURES = (
    "raised", "settled", "closed", "confirmed", "unverifiable", "led", "days", "due", "recovered",
    "avoided", "written_off",
)  # fmt: skip
_PLACE = "month, model, level, unit_id, currency"
_INTO = f"INSERT INTO cockpit_tally ({_PLACE}, {', '.join(MEASURES)}, folded)"
_TABLES = {
    "warning": "warning_earlywarning", "disposal": "disposal_disposal", "outcome": "disposal_outcome",
    "lead": "disposal_lead", "posting": "disposal_posting",
}  # fmt: skip

# -- what a warning counts for ---------------------------------------------------------------------

_HOLDS = (
    "EXISTS (SELECT 1 FROM disposal_outcome o WHERE o.disposal_id = d.id AND o.round = d.round"
    " AND o.withdrawn_at IS NULL AND o.finding IN ({}))"
)
_OPEN_QUESTION = _HOLDS.format("'unverifiable'")
_RIGHT = _HOLDS.format("'true', 'partly_true'")
_FAULTY = _HOLDS.format("'data_stale', 'data_wrong', 'data_missing'")
_LED = "EXISTS (SELECT 1 FROM disposal_lead l WHERE l.disposal_id = d.id)"


def _month(column: str, vendor: str) -> str:
    """The first day of its month, where the office is.

    SQLite knows no time zones: there the zone's difference from universal time in winter counts all year,
    which in a place with summer time moves the last hour of some months.
    """
    zone = ZoneInfo(settings.TIME_ZONE)
    if vendor == "postgresql":
        return f"date_trunc('month', {column} AT TIME ZONE '{zone.key}')::date"
    offset = datetime(2026, 1, 15, tzinfo=zone).utcoffset()
    seconds = int(offset.total_seconds()) if offset else 0
    return f"strftime('%Y-%m-01', {column}, '{seconds:+d} seconds')"


def _days(vendor: str) -> str:
    if vendor == "postgresql":
        return "floor(extract(epoch FROM d.closed_at - d.opened_at) / 86400)::bigint"
    return "CAST(julianday(d.closed_at) - julianday(d.opened_at) AS INTEGER)"


def _row(vendor: str, month: str, *, sign: str = "", currency: str = "''", **counts: str) -> str:
    known = ", ".join(f"{sign}({counts.get(name, '0')})" for name in MEASURES)
    no = "false" if vendor == "postgresql" else "0"
    return f"SELECT {_month(month, vendor)}, w.model, w.level, w.unit_id, {currency}, {known}, {no}"


def _raised(vendor: str, where: str, sign: str = "") -> str:
    row = _row(vendor, "w.raised_at", sign=sign, raised="1")
    return f"{row} FROM warning_earlywarning w WHERE {where}"


def _closed(vendor: str, where: str, sign: str = "") -> Iterator[str]:
    """Two rows of a closed disposal: in the month it was closed, and in that its warning was raised."""
    behind = (
        "FROM disposal_disposal d JOIN warning_earlywarning w ON w.id = d.warning_id"
        f" WHERE d.state = 'closed' AND {where}"
    )
    confirmed = (
        f"CASE WHEN {_OPEN_QUESTION} THEN 0 WHEN {_RIGHT} OR (w.level = 'blue' AND {_FAULTY})"
        " THEN 1 ELSE 0 END"
    )
    when = {"confirmed": confirmed, "led": f"CASE WHEN {_LED} THEN 1 ELSE 0 END",
            "unverifiable": f"CASE WHEN {_OPEN_QUESTION} THEN 1 ELSE 0 END"}  # fmt: skip
    yield f"{_row(vendor, 'd.closed_at', sign=sign, closed='1', days=_days(vendor), **when)} {behind}"
    yield f"{_row(vendor, 'w.raised_at', sign=sign, settled='1')} {behind}"


def _money(vendor: str, where: str, sign: str = "") -> str:
    kinds = {
        kind: f"CASE WHEN p.kind = '{kind}' THEN p.fen ELSE 0 END"
        for kind in ("due", "recovered", "avoided", "written_off")
    }
    row = _row(vendor, "p.at", sign=sign, currency="p.currency", **kinds)
    return (
        f"{row} FROM disposal_posting p JOIN disposal_disposal d ON d.id = p.disposal_id"
        f" JOIN warning_earlywarning w ON w.id = d.warning_id WHERE {where}"
    )


def _contribution(vendor: str, warning: str, sign: str = "") -> list[str]:
    """All that one warning counts for, as statements; with a sign, what is taken away again."""
    return [
        f"{_INTO} {select}"
        for select in (
            _raised(vendor, f"w.id = {warning}", sign),
            *_closed(vendor, f"d.warning_id = {warning}", sign),
            _money(vendor, f"d.warning_id = {warning}", sign),
        )
    ]


# -- triggers --------------------------------------------------------------------------------------


def _triggers(vendor: str) -> Iterator[tuple[str, str, str, str, list[str]]]:
    """(table, name, when, condition, statements) of every trigger."""

    def around(
        table: str, event: str, statements: dict[str, list[str]], condition: str = ""
    ) -> Iterator[tuple[str, str, str, str, list[str]]]:
        for when, does in statements.items():
            word = event.split(maxsplit=1)[0].lower()
            yield (
                _TABLES[table],
                f"counted_{when.lower()}_{word}",
                f"{when} {event}",
                condition,
                does,
            )

    def of_disposal(which: str) -> dict[str, list[str]]:
        """Away before, back afterwards: of a closed disposal."""
        return {
            "BEFORE": [f"{_INTO} {s}" for s in _closed(vendor, f"d.id = {which}", "-")],
            "AFTER": [f"{_INTO} {s}" for s in _closed(vendor, f"d.id = {which}")],
        }

    differs = "IS DISTINCT FROM" if vendor == "postgresql" else "IS NOT"
    changed = " OR ".join(
        f"OLD.{column} {differs} NEW.{column}" for column in ("level", "unit_id", "model", "raised_at")
    )  # fmt: skip
    yield from around(
        "warning", "INSERT", {"AFTER": [f"{_INTO} {_raised(vendor, 'w.id = NEW.id')}"]}
    )
    moved = {
        "BEFORE": _contribution(vendor, "OLD.id", "-"),
        "AFTER": _contribution(vendor, "NEW.id"),
    }
    yield from around("warning", "UPDATE", moved, changed)
    yield from around("warning", "DELETE", {"BEFORE": _contribution(vendor, "OLD.id", "-")})
    yield from around(
        "disposal", "INSERT", {"AFTER": of_disposal("NEW.id")["AFTER"]}, "NEW.state = 'closed'"
    )
    either = "OLD.state = 'closed' OR NEW.state = 'closed'"
    yield from around("disposal", "UPDATE", of_disposal("OLD.id"), either)
    yield from around(
        "disposal", "DELETE", {"BEFORE": of_disposal("OLD.id")["BEFORE"]}, "OLD.state = 'closed'"
    )
    for table in ("outcome", "lead"):
        yield from around(table, "INSERT", of_disposal("NEW.disposal_id"))
        yield from around(table, "UPDATE", of_disposal("OLD.disposal_id"))
        yield from around(table, "DELETE", of_disposal("OLD.disposal_id"))
    yield from around(
        "posting", "INSERT", {"AFTER": [f"{_INTO} {_money(vendor, 'p.id = NEW.id')}"]}
    )


def install() -> list[str]:
    """The statements that make the triggers, on the database at hand."""
    made = []
    for table, name, when, condition, statements in _triggers(connection.vendor):
        body = "; ".join(statements) + ";"
        if connection.vendor != "postgresql":
            only = f"WHEN {condition}" if condition else ""
            made.append(
                f"CREATE TRIGGER {table}_{name} {when} ON {table} FOR EACH ROW {only} BEGIN {body} END"
            )
            continue
        gives = "OLD" if when.endswith("DELETE") else "NEW"
        # As the worker, for these statements alone; a function's own SET of it is a superuser's right.
        made.append(
            f"CREATE FUNCTION {table}_{name}() RETURNS trigger LANGUAGE plpgsql AS $$"
            " DECLARE told text := coalesce(current_setting('plumbline.scope', true), '');"
            f" BEGIN PERFORM set_config('plumbline.scope', 'worker', true); {body}"
            f" PERFORM set_config('plumbline.scope', told, true); RETURN {gives}; END $$"
        )
        only = f"WHEN ({condition})" if condition else ""
        made.append(
            f"CREATE TRIGGER {name} {when} ON {table} FOR EACH ROW {only}"
            f" EXECUTE FUNCTION {table}_{name}()"
        )
    return made


def uninstall() -> list[str]:
    """The statements that take them away."""
    if connection.vendor != "postgresql":
        return [f"DROP TRIGGER {table}_{name}" for table, name, *_ in _triggers("sqlite")]
    found = []
    for table, name, *_ in _triggers("postgresql"):
        found += [f"DROP TRIGGER {name} ON {table}", f"DROP FUNCTION {table}_{name}()"]
    return found


# -- adding together -------------------------------------------------------------------------------

#: So many appended rows are left alone: a page adds them up faster than a fold writes.
_LEFT = 2_000


def fold(at: datetime) -> int:
    """Add appended rows together where there are many; harmless twice.

    Returns:
        How many rows were taken together.
    """
    del at
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM cockpit_tally WHERE NOT folded")
        (waiting,) = cursor.fetchone()
    if waiting <= _LEFT:
        return 0
    _replace(
        f"SELECT {_PLACE}, {', '.join(f'sum({name})' for name in MEASURES)}, {{yes}}"  # noqa: S608 -- names of our own
        f" FROM {{gone}} GROUP BY {_PLACE}"
        f" HAVING {' OR '.join(f'sum({name}) <> 0' for name in MEASURES)}"
    )
    return int(waiting)


def recount(at: datetime) -> None:
    """Count everything anew from the rows; what was kept is thrown away.

    A trigger that is missing is made again: a later migration that changes a column of such a table builds it
    anew on SQLite, without its triggers.
    """
    del at
    _mend()
    vendor = connection.vendor
    rows = [_raised(vendor, "true"), *_closed(vendor, "true"), _money(vendor, "true")]
    names = f"{_PLACE}, {', '.join(MEASURES)}, folded"
    union = " UNION ALL ".join(rows)
    counted = f"WITH counted ({names}) AS ({union}) "
    sums = ", ".join(f"sum({name})" for name in MEASURES)
    select = f"SELECT {_PLACE}, {sums}, {{yes}} FROM counted GROUP BY {_PLACE}"  # noqa: S608 -- as above
    _replace(select, before=counted)


def _mend() -> None:
    if connection.vendor == "postgresql":
        return  # there a table keeps its triggers
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")
        there = {name for (name,) in cursor.fetchall()}
        for statement in install():
            if statement.split(maxsplit=3)[2] not in there:
                cursor.execute(statement)


def _replace(select: str, *, before: str = "") -> None:
    """Put what a statement selects in the place of all tallies.

    On PostgreSQL in one statement, so that what is appended meanwhile is neither lost nor counted twice; on
    SQLite a transaction has the database to itself.
    """
    into = f"{_INTO} "
    with transaction.atomic(), connection.cursor() as cursor:
        if connection.vendor == "postgresql":
            head = before.rstrip().removeprefix("WITH ")
            parts = ["gone AS (DELETE FROM cockpit_tally RETURNING *)", *([head] if head else [])]
            cursor.execute(
                f"WITH {', '.join(parts)} {into}{select.format(yes='true', gone='gone')}"
            )
            return
        cursor.execute("SELECT coalesce(max(id), 0) FROM cockpit_tally")
        (last,) = cursor.fetchone()
        cursor.execute(f"{before}{into}{select.format(yes='1', gone='cockpit_tally')}")
        cursor.execute("DELETE FROM cockpit_tally WHERE id <= %s", [last])
