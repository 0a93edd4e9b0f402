"""The tree as the database has it: digests to compute with, and heads."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from django.db import connection

from plumbline.trail.digest import hash_by
from plumbline.trail.heads import BEGINNING, Head, Leaves
from plumbline.trail.models import Leaf, Node
from plumbline.trail.tree import Peaks, peaks

_AT_ONCE = 500


def digests(height: int, begin: int, end: int) -> Sequence[bytes]:
    """What is stored of a height; what should be there and is not makes the answer shorter."""
    if begin >= end:
        return []
    leaves_, nodes = Leaf.objects.order_by("position"), Node.objects.order_by("index")
    found = (
        nodes.filter(height=height, index__gte=begin, index__lt=end).values_list(
            "digest", flat=True
        )
        if height
        else leaves_.filter(position__gte=begin, position__lt=end).values_list("digest", flat=True)
    )
    return [as_bytes(digest) for digest in found]


def tree_of(size: int, algorithm: str) -> Peaks:
    """The tree of the first rows, from few stored digests."""
    return peaks(hash_by(algorithm), digests, size)


# -- as it stands, untouched by Django: what somebody wrote past it must not stop the reading ------


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"


def at_column(table: str) -> str:
    """SQL of a column `at`; PostgreSQL knows times that Python does not, so it writes them itself."""
    if is_postgresql():
        return f"""to_char({table}.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"+00:00"')"""
    return f"CAST({table}.at AS TEXT)"  # as it stands, and not as Django would read it


_SQLITE_AT = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.(\d{6}))?", re.ASCII)


def as_moment(at: object) -> str:
    """What `at_column` gave, as it is hashed; what is no time stays as it is."""
    if is_postgresql() or not isinstance(at, str):
        return str(at)
    parts = _SQLITE_AT.fullmatch(at)
    return f"{parts[1]}T{parts[2]}.{parts[3] or '000000'}+00:00" if parts else at


@contextmanager
def tolerant() -> Iterator[None]:
    """SQLite's texts are read even where they are no UTF-8; they are then not what was sealed."""
    if is_postgresql():
        yield
        return
    connection.ensure_connection()
    raw = connection.connection
    before, raw.text_factory = raw.text_factory, lambda text: text.decode(errors="surrogateescape")
    try:
        yield
    finally:
        raw.text_factory = before


def as_bytes(value: object) -> bytes:
    return (
        bytes(value) if isinstance(value, bytes | bytearray | memoryview) else repr(value).encode()
    )


def _heads(condition: str, values: Sequence[int]) -> list[Head]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT size, root, {at_column('h')}, algorithm, previous, key, signature "  # noqa: S608 -- our own texts
            f"FROM trail_treehead h {condition}",
            values,
        )
        return [
            Head(size, as_bytes(root), as_moment(at), str(algorithm), *map(as_bytes, rest))
            for size, root, at, algorithm, *rest in cursor.fetchall()
        ]


def last_head() -> Head | None:
    return next(iter(_heads("ORDER BY size DESC LIMIT 1", [])), None)


def head_at_most(size: int) -> Head | None:
    """The last head of no more rows than that."""
    return next(iter(_heads("WHERE size <= %s ORDER BY size DESC LIMIT 1", [size])), None)


def heads_after(size: int) -> Iterator[Head]:
    """All heads of more rows than that, in their order; few are held at a time."""
    while heads := _heads("WHERE size > %s ORDER BY size LIMIT %s", [size, _AT_ONCE]):
        yield from heads
        size = heads[-1].size


def link_after(head: Head | None) -> bytes:
    """By what the head that follows names this one."""
    return head.digest() if head else BEGINNING


def leaves(begin: int, end: int) -> Leaves:
    """What was sealed at these positions."""
    rows = Leaf.objects.filter(position__gte=begin, position__lt=end).order_by("position")
    return Leaves.of(
        [(number, as_bytes(d)) for number, d in rows.values_list("entry_id", "digest")]
    )
