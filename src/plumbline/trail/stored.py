"""The tree as the database has it: digests to compute with, and heads."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from django.db import connection

from plumbline.trail.digest import hash_by
from plumbline.trail.heads import BEGINNING, Head, Leaves, moment
from plumbline.trail.models import Leaf, Node, TreeHead
from plumbline.trail.tree import Peaks, peaks

_AT_ONCE = 500


def digests(height: int, begin: int, end: int) -> Sequence[bytes]:
    """What is stored of a height; what should be there and is not makes the answer shorter."""
    if begin >= end:
        return []
    if height == 0:
        rows = Leaf.objects.filter(position__gte=begin, position__lt=end).order_by("position")
    else:
        rows = Node.objects.filter(height=height, index__gte=begin, index__lt=end).order_by("index")
    return [bytes(digest) for digest in rows.values_list("digest", flat=True)]


def tree_of(size: int, algorithm: str) -> Peaks:
    """The tree of the first rows, from few stored digests."""
    return peaks(hash_by(algorithm), digests, size)


def head_of(row: TreeHead) -> Head:
    return Head(
        size=row.size,
        root=bytes(row.root),
        at=moment(row.at),
        algorithm=row.algorithm,
        previous=bytes(row.previous),
        key=bytes(row.key),
        signature=bytes(row.signature),
    )


def last_head() -> Head | None:
    row = TreeHead.objects.order_by("-size").first()
    return head_of(row) if row else None


def heads_after(size: int) -> Iterator[Head]:
    """All heads of more rows than that, in their order; few are held at a time."""
    while rows := list(TreeHead.objects.filter(size__gt=size).order_by("size")[:_AT_ONCE]):
        yield from map(head_of, rows)
        size = rows[-1].size


def link_after(head: Head | None) -> bytes:
    """By what the head that follows names this one."""
    return head.digest() if head else BEGINNING


def leaves(begin: int, end: int) -> Leaves:
    """What was sealed at these positions."""
    rows = Leaf.objects.filter(position__gte=begin, position__lt=end).order_by("position")
    return Leaves.of([(number, bytes(d)) for number, d in rows.values_list("entry_id", "digest")])


def is_postgresql() -> bool:
    return connection.vendor == "postgresql"
