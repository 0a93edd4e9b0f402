"""The sealer: gives entries that wait their place in the tree, and signs what the tree then is.

A batch is one transaction: leaves, full subtrees, head. Killed at any moment, it has sealed a batch or has not.
Entries are taken in the order of their numbers; one that a slow transaction commits late is sealed late.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from struct import Struct

from django.conf import settings
from django.db import connection, transaction

from plumbline.errors import PlumblineError, Text
from plumbline.trail.heads import Head, moment
from plumbline.trail.keys import signing_key
from plumbline.trail.models import Node, TreeHead, Unsealed
from plumbline.trail.stored import is_postgresql, last_head, leaves, link_after, tree_of
from plumbline.trail.tree import Peaks, Subtree

#: So many rows at once: SQLite lets nobody else write meanwhile, and a head must fit into a message to a peer.
BATCH = 20_000
_LOCK = 0x706C756D  # PostgreSQL's advisory locks go by numbers


class TrailBrokenError(PlumblineError):
    """What is sealed does not hang together, so that nothing is sealed on top of it."""


class AlgorithmChangedError(PlumblineError):
    """The setting is not that under which this trail began."""


@dataclass(frozen=True)
class Sealing:
    """What came of it.

    Attributes:
        heads: how many batches there were.
        busy: another sealer was at work; it goes on where this one stopped.
    """

    rows: int
    heads: int
    busy: bool


def seal(*, at: datetime, batch: int = BATCH) -> Sealing:
    """Seal whatever waits.

    Raises:
        TrailBrokenError: sealed rows were altered; `plumbline trail verify` says which.
        AlgorithmChangedError, KeyMissingError: settings or files are not what they were.
    """
    rows = heads = 0
    while True:
        sealed = seal_batch(at=at, most=batch)
        if sealed is None:
            return Sealing(rows, heads, busy=True)
        rows += sealed
        heads += sealed > 0
        if sealed < batch:
            return Sealing(rows, heads, busy=False)


def seal_batch(*, at: datetime, most: int = BATCH) -> int | None:
    """Seal one batch under one head; how many rows it was, or None where another sealer is at work."""
    if not Unsealed.objects.exists():  # so that looking for work locks nothing
        return 0
    with transaction.atomic(durable=True):
        if not _is_alone():
            return None
        before = last_head()
        algorithm = _algorithm(before)
        begin = before.size if before else 0
        tree = tree_of(begin, algorithm)
        if (before and tree.root() != before.root) or len(leaves(begin, begin + 1)):
            raise TrailBrokenError(
                Text("已封存的记录被改动过，不再继续封存", "sealed rows were altered, so nothing more is sealed"),
                where=f"{begin}",
                hint=Text("用 plumbline trail verify 查明", "plumbline trail verify finds out which"),
            )  # fmt: skip
        count, full = _place(tree, most)
        if not count:
            return 0
        _store(full)
        key = signing_key(first=before is None)
        head = Head(tree.size, tree.root(), moment(at), algorithm, link_after(before), b"").sign(
            key
        )
        TreeHead.objects.create(
            size=head.size, at=at, algorithm=algorithm, root=head.root, previous=head.previous,
            key=head.key, signature=head.signature,
        )  # fmt: skip
    return count


def _is_alone() -> bool:
    """SQLite has one writer anyway; on PostgreSQL a lock says it, which ends with the transaction."""
    if not is_postgresql():
        return True
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        [alone] = cursor.fetchone()
        return bool(alone)


def _algorithm(before: Head | None) -> str:
    chosen: str = settings.TRAIL_DIGEST
    if before and before.algorithm != chosen:
        raise AlgorithmChangedError(
            Text(
                f"这条留痕从一开始就用 {before.algorithm}，中途不能改为 {chosen}",
                f"this trail began with {before.algorithm} and cannot go on with {chosen}",
            ),
            where="plumbline.toml [workbench] digest",
            hint=Text(
                f'写成 digest = "{before.algorithm}"', f'write digest = "{before.algorithm}"'
            ),
        )
    return chosen


def _place(tree: Peaks, most: int) -> tuple[int, list[Subtree]]:
    """Move entries that wait into the tree; how many they were, and what subtrees became full."""
    begin = tree.size
    with connection.cursor() as cursor:
        cursor.execute(_WHICH, [most])
        first, last, count = cursor.fetchone()
        if first is None:
            return 0, []
        # Mostly no number is missing in between: then no entry has to be looked up among those that wait.
        whole = count == last - first + 1
        if is_postgresql():
            whole, full = _copy(tree, first, last, whole=whole)
        else:
            if whole:
                cursor.execute(
                    "SELECT count(*) FROM trail_entry WHERE id BETWEEN %s AND %s", [first, last]
                )
                whole = cursor.fetchone()[0] == count
            if whole:
                cursor.execute(_PLACE_ALL, [begin - first, first, last])
            else:
                cursor.execute(_PLACE, [begin - 1, first, last, first, last])
            cursor.execute(
                "SELECT digest FROM trail_leaf WHERE position >= %s ORDER BY position", [begin]
            )
            full = tree.extend([digest for (digest,) in cursor.fetchall()])
        if whole:
            cursor.execute(
                "DELETE FROM trail_unsealed WHERE entry_id BETWEEN %s AND %s", [first, last]
            )
        else:  # between these numbers others may have come meanwhile, which wait on
            cursor.execute(_DONE, [first, last, begin])
    return tree.size - begin, full


_WHICH = """
    SELECT min(entry_id), max(entry_id), count(*)
    FROM (SELECT entry_id FROM trail_unsealed ORDER BY entry_id LIMIT %s) batch
"""
_ALL = "FROM trail_entry e WHERE e.id BETWEEN %s AND %s ORDER BY e.id"
_PLACE_ALL = (
    f"INSERT INTO trail_leaf (position, entry_id, digest) SELECT e.id + %s, e.id, e.digest {_ALL}"
)
# The bounds are said of both tables, lest a planner read all entries to find these.
_WAITING = """
    FROM trail_unsealed u JOIN trail_entry e ON e.id = u.entry_id
    WHERE u.entry_id BETWEEN %s AND %s AND e.id BETWEEN %s AND %s
    ORDER BY e.id
"""
_PLACE = (
    "INSERT INTO trail_leaf (position, entry_id, digest)"
    f" SELECT %s + row_number() OVER (ORDER BY e.id), e.id, e.digest {_WAITING}"
)
_DONE = """
    DELETE FROM trail_unsealed
    WHERE entry_id BETWEEN %s AND %s
      AND entry_id IN (SELECT entry_id FROM trail_leaf WHERE position >= %s)
"""


# -- PostgreSQL's way in for many rows at once, in half the time of an INSERT ----------------------

_COPY = "COPY trail_leaf (position, entry_id, digest) FROM STDIN (FORMAT binary)"
_HEADER, _TRAILER = b"PGCOPY\n\xff\r\n\0" + bytes(8), b"\xff\xff"
#: Three fields, each behind its length: two numbers of eight bytes, and a digest that follows.
_ROW = Struct("!hiqiqi").pack
_AT_ONCE = 1_000  # rows told before the next are made, which the server stores meanwhile
#: The digests behind each other, which are taken apart in a tenth of the time of as many rows; nothing where
#: an entry is missing or its digest is none.
_SIZE = 32
_AS_ONE = f"""
    SELECT string_agg(digest, '') FROM (SELECT e.digest {_ALL}) whole
    HAVING count(*) = %s AND bool_and(octet_length(digest) = {_SIZE})
"""  # noqa: S608 -- our own texts


def _copy(tree: Peaks, first: int, last: int, *, whole: bool) -> tuple[bool, list[Subtree]]:
    """Whether all entries between these numbers were waiting, and what subtrees became full."""
    from psycopg import Cursor, pq  # noqa: PLC0415 -- where there is a PostgreSQL

    # Django's own cursors bind on the client's side and read texts alone.
    with Cursor(connection.connection) as cursor:
        cursor.format = pq.Format.BINARY
        numbers: Sequence[int] = range(first, last + 1)
        digests: list[bytes] | None = None
        if whole:
            cursor.execute(_AS_ONE, [first, last, len(numbers)])
            [together] = cursor.fetchone() or [None]
            if together is not None:
                digests = [together[i : i + _SIZE] for i in range(0, len(together), _SIZE)]
        if digests is None:
            whole = False
            cursor.execute(f"SELECT e.id, e.digest {_WAITING}", [first, last] * 2)
            rows: list[tuple[int, bytes]] = cursor.fetchall()
            numbers, digests = [number for number, _ in rows], [digest for _, digest in rows]
        told = (
            _ROW(3, 8, position, 8, number, len(digest)) + digest
            for position, (number, digest) in enumerate(
                zip(numbers, digests, strict=True), tree.size
            )
        )
        with cursor.copy(_COPY) as copy:
            copy.write(_HEADER)
            while some := b"".join(islice(told, _AT_ONCE)):
                copy.write(some)
            copy.write(_TRAILER)
            # The server stores what it was given while the tree above it is computed here.
            full = tree.extend(digests)
    return whole, full


def _store(full: list[Subtree]) -> None:
    Node.objects.bulk_create(
        Node(height=height, index=index, digest=digest) for height, index, digest in full
    )


def requeue() -> int:
    """Let entries wait again that neither wait nor are sealed; how many there were.

    Nothing of ours leaves such entries behind: `plumbline trail verify` counts them first.
    """
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("""
            INSERT INTO trail_unsealed (entry_id) SELECT id FROM trail_entry e
            WHERE NOT EXISTS (SELECT 1 FROM trail_leaf l WHERE l.entry_id = e.id)
              AND NOT EXISTS (SELECT 1 FROM trail_unsealed u WHERE u.entry_id = e.id)
        """)
        return int(cursor.rowcount)
