"""What the database refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.db import IntegrityError, connection, transaction

from plumbline.trail.guards import missing_guards
from plumbline.trail.models import Entry, Leaf, Node, PeerHead, Reading, TreeHead, Unsealed
from plumbline.trail.sealing import seal
from tests.trail.conftest import AT, append

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("office")]

REFUSED = "is only added to, never altered"


def refused(act: Callable[[], object], why: str = REFUSED) -> None:
    with pytest.raises(IntegrityError, match=why), transaction.atomic():
        act()


@pytest.mark.parametrize("table", [Entry, Leaf, Node, TreeHead], ids=lambda model: model.__name__)
def test_sealed_rows_are_neither_updated_nor_deleted(table: type[Entry]) -> None:
    assert table.objects.exists()
    column = "root" if table is TreeHead else "digest"
    refused(lambda: table.objects.update(**{column: b"x"}))
    refused(lambda: table.objects.all().delete())


@pytest.mark.parametrize("table", ["trail_reading", "trail_peerhead"])
def test_other_tables_that_are_only_added_to(table: str) -> None:
    entry = Entry.objects.latest("pk")
    Reading.objects.create(entry=entry, whom="a" * 64)
    digest = bytes(32)
    PeerHead.objects.create(
        peer="p", size=1, at=AT, algorithm="sha256", root=digest, previous=digest, key=digest,
        signature=digest, entries=[], leaves=b"", peaks=b"", received_at=AT,
    )  # fmt: skip
    refused(lambda: connection.cursor().execute(f"DELETE FROM {table}"))
    refused(lambda: connection.cursor().execute(f"UPDATE {table} SET id = id + 1"))


def test_a_head_is_anchored_once_and_otherwise_left_alone() -> None:
    append(1, 620)
    seal(at=AT)
    head = TreeHead.objects.filter(size=621)
    refused(lambda: head.update(anchored_at=AT, root=b"x"))
    refused(lambda: head.update(at=AT.replace(year=2027)))
    assert head.update(anchored_at=AT) == 1
    refused(lambda: head.update(anchored_at=AT.replace(year=2027)))
    refused(lambda: head.update(anchored_at=None))


def test_an_entry_waits_without_anybodys_doing_until_it_is_sealed() -> None:
    append(3, 620)
    assert Unsealed.objects.count() == 3
    why = "waits in trail_unsealed until it is sealed"
    refused(lambda: Unsealed.objects.all().delete(), why)
    refused(lambda: Unsealed.objects.update(entry_id=-1), f"{why}|{REFUSED}")


@pytest.mark.parametrize(
    "statement",
    [
        "REPLACE INTO trail_entry SELECT * FROM trail_entry LIMIT 1",
        "INSERT OR REPLACE INTO trail_treehead SELECT * FROM trail_treehead",
        "UPDATE OR REPLACE trail_leaf SET position = 1",
    ],
)
def test_sqlite_does_not_replace_either(statement: str) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL has no REPLACE")
    refused(lambda: connection.cursor().execute(statement))


def test_postgresql_does_not_truncate_either() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no TRUNCATE")
    refused(lambda: connection.cursor().execute("TRUNCATE trail_entry CASCADE"))


def test_all_guards_stand() -> None:
    assert missing_guards() == []
