"""Proofs from the database: that an entry stands under a head, and that one head goes on from another."""

from __future__ import annotations

from typing import Any

from plumbline.errors import PlumblineError, Text
from plumbline.trail.actions import content_of
from plumbline.trail.digest import hash_by
from plumbline.trail.heads import Head
from plumbline.trail.models import Entry, Leaf
from plumbline.trail.stored import digests, head_at_most, last_head
from plumbline.trail.tree import consistency, includes, inclusion, leaf_of


class NotSealedError(PlumblineError):
    """There is no such entry, or no head over it yet."""


class NotProvableError(PlumblineError):
    """What is stored does not give a proof that holds: something was altered."""


def proof_of(number: int, *, size: int | None = None) -> dict[str, Any]:
    """That an entry stands in the tree: all that is needed to check it with `tree.includes` alone.

    Args:
        number: of the entry.
        size: of the head that it is proved under; the last without it.

    Raises:
        NotSealedError: it is not under such a head.
        NotProvableError: the stored tree does not bear it out.
    """
    leaf = Leaf.objects.filter(entry_id=number).first()
    head = head_at_most(size) if size else last_head()
    if head and size and head.size != size:
        head = None
    entry = Entry.objects.filter(pk=number).first()
    if leaf is None or entry is None or head is None or leaf.position >= head.size:
        raise NotSealedError(
            Text("没有这条记录，或它还没有封存", "there is no such entry, or it is not sealed yet"),
            where=str(number),
            hint=Text(
                "plumbline trail seal 封存等待的记录", "plumbline trail seal seals what waits"
            ),
        )
    hash_ = hash_by(head.algorithm)
    path = inclusion(hash_, digests, leaf.position, head.size)
    content = content_of(entry)
    if not includes(
        hash_,
        leaf=leaf_of(hash_, content),
        index=leaf.position,
        size=head.size,
        proof=path,
        root=head.root,
    ):
        raise NotProvableError(
            Text("这条记录或树被改动过", "this entry, or the tree, was altered"),
            where=str(number),
            hint=Text("用 plumbline trail verify 查明", "plumbline trail verify finds out"),
        )
    return {
        "content": content.decode(),
        "position": leaf.position,
        "path": [step.hex() for step in path],
        "head": head.as_json(),
    }


def goes_on(first: Head, second: Head) -> list[bytes]:
    """That the second head's tree begins with the first's: for `tree.extends`."""
    return consistency(hash_by(second.algorithm), digests, first.size, second.size)
