"""A trail with some hundred rows, and whoever owns its database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from plumbline.trail import keys
from plumbline.trail.actions import content_of, record
from plumbline.trail.anchor import anchor
from plumbline.trail.digest import hash_by
from plumbline.trail.heads import Head, moment
from plumbline.trail.models import Entry, Leaf, Node, TreeHead
from plumbline.trail.outside import Outside, outside
from plumbline.trail.sealing import seal, seal_batch
from plumbline.trail.stored import link_after
from plumbline.trail.tree import Peaks, leaf_of

AT = datetime(2026, 3, 18, 2, 0, tzinfo=UTC)


DETAIL = {"from": "raised", "to": "signed"}


def act(number: int) -> dict[str, Any]:
    return {
        "subject": f"warning:{number}",
        "at": AT + timedelta(seconds=number),
        "reason": "按期签收",
    }


def append(count: int, begin: int = 0) -> None:
    """So many acts, the first as the program writes it, the others as it would, at once."""
    with transaction.atomic():
        first = record("warning.signed_for", by=None, **act(begin), **DETAIL)
        numbers = range(first.pk + 1, first.pk + count)
        more = [
            Entry(id=number, action="warning.signed_for", actor="system", detail=DETAIL, **act(at))
            for at, number in enumerate(numbers, begin + 1)
        ]
        for entry in more:
            entry.digest = leaf_of(hash_by("sha256"), content_of(entry))
        Entry.objects.bulk_create(more)
        if connection.vendor == "postgresql":
            connection.cursor().execute(
                "SELECT setval(pg_get_serial_sequence('trail_entry', 'id'), %s)",
                [first.pk + count - 1],
            )


class Office:
    """A trail that is sealed in four batches and kept outside, and a copy that nobody here can reach."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def fill(self) -> None:
        append(620)
        for batch in (100, 300, 1, 219):
            seal_batch(at=AT, most=batch)
        anchor(at=AT)
        self.copy()

    def copy(self) -> None:
        kept = self.folder / "private" / "heads.jsonl"
        (self.folder / "copy.jsonl").write_bytes(kept.read_bytes())

    @property
    def kept(self) -> list[Outside]:
        """The copy."""
        return [outside(self.folder / "copy.jsonl")]

    def more(self, count: int, begin: int) -> None:
        append(count, begin)
        seal(at=AT)
        anchor(at=AT)


@pytest.fixture
def office(private: Path) -> Office:
    office = Office(private.parent)
    office.fill()
    return office


Numbers = Callable[[int], int]


class Owner:
    """Somebody who may do anything to the database, and knows how all of it is computed."""

    def do(self, statement: str, *values: object) -> None:
        with connection.cursor() as cursor:
            cursor.execute(statement, values or None)

    def __init__(self) -> None:
        self._dropped: list[str] = []

    def restore(self) -> None:
        """Put the guards back, for tests that are not rolled back."""
        for statement in self._dropped:
            self.do(statement)
        self._dropped = []

    def drop_the_guards(self) -> None:
        with connection.cursor() as cursor:
            if connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT tgname, tgrelid::regclass::text, pg_get_triggerdef(oid) FROM pg_trigger "
                    "WHERE NOT tgisinternal AND tgrelid::regclass::text LIKE 'trail_%'"
                )
                for name, table, definition in cursor.fetchall():
                    self._dropped.append(definition)
                    cursor.execute(f"DROP TRIGGER {name} ON {table}")
            else:
                cursor.execute(
                    "SELECT name, sql FROM sqlite_master WHERE type = 'trigger' AND tbl_name LIKE 'trail_%'"
                )
                for name, definition in cursor.fetchall():
                    self._dropped.append(definition)
                    cursor.execute(f"DROP TRIGGER {name}")

    def renew_digest(self, number: int) -> None:
        """Let an entry's digest be that of what it says now."""
        entry = Entry.objects.get(pk=number)
        digest = leaf_of(hash_by("sha256"), content_of(entry))
        Entry.objects.filter(pk=number).update(digest=digest)
        Leaf.objects.filter(entry_id=number).update(digest=digest)

    def make_it_fit(self, *, sizes: list[int] | None = None, signed: bool = True) -> None:
        """Compute every leaf, subtree and head again from the entries that are there, in the order of the leaves."""
        order = list(Leaf.objects.order_by("position").values_list("entry_id", flat=True))
        there = set(Entry.objects.values_list("pk", flat=True))
        order = [number for number in order if number in there]
        heads = list(TreeHead.objects.order_by("size"))
        sizes = sizes or sorted({min(head.size, len(order)) for head in heads})
        sizes[-1] = len(order)
        self.do("DELETE FROM trail_leaf")
        self.do("DELETE FROM trail_node")
        self.do("DELETE FROM trail_treehead")
        digests = {e.pk: bytes(e.digest) for e in Entry.objects.all()}
        Leaf.objects.bulk_create(
            Leaf(position=at, entry_id=number, digest=digests[number])
            for at, number in enumerate(order)
        )
        tree, before, key = Peaks(hash_by("sha256")), None, keys.signing_key(first=False)
        for size in sizes:
            full = tree.extend([digests[number] for number in order[tree.size : size]])
            Node.objects.bulk_create(Node(height=h, index=i, digest=d) for h, i, d in full)
            head = Head(size, tree.root(), moment(AT), "sha256", link_after(before), b"").sign(key)
            if not signed:
                head = Head(**{**vars(head), "signature": bytes(64)})
            TreeHead.objects.create(
                size=size, at=AT, algorithm="sha256", root=head.root, previous=head.previous,
                key=head.key, signature=head.signature, anchored_at=AT,
            )  # fmt: skip
            before = head


@pytest.fixture
def owner() -> Owner:
    return Owner()


@pytest.fixture
def numbers(office: Office) -> Numbers:
    """Number of the entry that was sealed at a position."""
    assert office
    sealed = dict(Leaf.objects.values_list("position", "entry_id"))
    return sealed.__getitem__
