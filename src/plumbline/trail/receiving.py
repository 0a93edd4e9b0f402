"""Heads of other offices, kept here: each is shown to go on from what is held, or refused."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from django.db import IntegrityError, transaction

from plumbline.errors import PlumblineError, Text
from plumbline.trail.digest import hash_by
from plumbline.trail.heads import BEGINNING, SIZE, Head, Kept, Leaves, line, moment
from plumbline.trail.models import PeerHead
from plumbline.trail.tree import Peaks


class HeadRefusedError(PlumblineError):
    """A head that is not signed, not by the same key, or not of the same tree as what is held."""


def keep(kept: Kept, *, peer: str, at: datetime) -> None:
    """Keep a peer's next head, with what was sealed under it.

    The digests of the new leaves are put upon the tree that is held; only the root that comes of it is
    taken. So the tree here is whole whatever the peer does with its own.

    Raises:
        HeadRefusedError: it does not go on from what is held.
    """
    head, leaves = kept.head, kept.leaves
    try:
        with transaction.atomic():
            row = last_of(peer)
            before = _head(row) if row else None
            _check(head, before, peer)
            if leaves is None or head.size - len(leaves) != (before.size if before else 0):
                raise _refused(peer, "中间缺少条目", "rows are missing in between")
            tree = Peaks(hash_by(head.algorithm), before.size if before else 0, _peaks(row))
            tree.extend(leaves.each())
            if tree.root() != head.root:
                raise _refused(peer, "条目与树根不符", "the rows do not give this root")
            PeerHead.objects.create(
                peer=peer, size=head.size, at=datetime.fromisoformat(head.at), algorithm=head.algorithm,
                root=head.root, previous=head.previous, key=head.key, signature=head.signature,
                entries=leaves.entries, leaves=leaves.digests, peaks=b"".join(tree), received_at=at,
            )  # fmt: skip
    except IntegrityError as error:
        raise _refused(
            peer, "同时有另一个树头到达", "another head came at the same time"
        ) from error


def _check(head: Head, before: Head | None, peer: str) -> None:
    if not head.is_signed():
        raise _refused(peer, "签名不对", "the signature is wrong")
    if before and (head.key, head.algorithm) != (before.key, before.algorithm):
        raise _refused(peer, "换了密钥或算法", "the key or the algorithm is another")
    if head.previous != (before.digest() if before else BEGINNING):
        raise _refused(peer, "与已保存的树头不相接", "it does not follow the head that is held")


def _refused(peer: str, zh: str, en: str) -> HeadRefusedError:
    return HeadRefusedError(Text(zh, en), where=peer)


def last_of(peer: str) -> PeerHead | None:
    return PeerHead.objects.filter(peer=peer).order_by("-size").first()


def _head(row: PeerHead) -> Head:
    return Head(
        size=row.size, root=bytes(row.root), at=moment(row.at), algorithm=row.algorithm,
        previous=bytes(row.previous), key=bytes(row.key), signature=bytes(row.signature),
    )  # fmt: skip


def _peaks(row: PeerHead | None) -> list[bytes]:
    joined = bytes(row.peaks) if row else b""
    return [joined[i : i + SIZE] for i in range(0, len(joined), SIZE)]


def lines_of(peer: str) -> Iterator[bytes]:
    """All heads that are held of a peer, as it sent them: what its own `trail verify --head` reads."""
    for row in PeerHead.objects.filter(peer=peer).order_by("size").iterator(chunk_size=1):
        runs = tuple((first, many) for first, many in row.entries)
        yield line(_head(row), Leaves(runs, bytes(row.leaves)))


def held_of(peer: str) -> Head | None:
    """The last head that is held of a peer."""
    row = last_of(peer)
    return _head(row) if row else None
