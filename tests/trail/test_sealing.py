"""Entries get their place in the tree once, in order, whoever is killed or comes second."""

from __future__ import annotations

import stat
import threading
from pathlib import Path
from typing import Any

import pytest
from django.db import connection, transaction

from plumbline.trail.digest import hash_by
from plumbline.trail.heads import BEGINNING, moment
from plumbline.trail.keys import KeyMissingError, public_key
from plumbline.trail.models import Entry, Leaf, Node, TreeHead, Unsealed
from plumbline.trail.sealing import (
    AlgorithmChangedError,
    Sealing,
    TrailBrokenError,
    requeue,
    seal,
    seal_batch,
)
from plumbline.trail.stored import heads_after, last_head
from plumbline.trail.tree import root_of
from plumbline.trail.verifying import Report, verify
from tests.trail.conftest import AT, Office, Owner, append

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("private")]


def test_nothing_waits() -> None:
    assert seal(at=AT) == Sealing(rows=0, heads=0, busy=False)
    assert not TreeHead.objects.exists()
    assert verify() == Report()


def test_everything_that_waits_is_sealed_in_the_order_of_its_number() -> None:
    append(700)
    assert seal(at=AT, batch=300) == Sealing(rows=700, heads=3, busy=False)
    entries = list(Entry.objects.order_by("pk").values_list("pk", "digest"))
    assert list(
        Leaf.objects.order_by("position").values_list("position", "entry_id", "digest")
    ) == [(at, number, digest) for at, (number, digest) in enumerate(entries)]
    assert not Unsealed.objects.exists()
    digests = [bytes(digest) for _, digest in entries]
    sha = hash_by("sha256")
    heads = list(heads_after(0))
    assert [head.size for head in heads] == [300, 600, 700]
    assert [head.root for head in heads] == [root_of(sha, digests[: h.size]) for h in heads]
    assert [head.previous for head in heads] == [BEGINNING, heads[0].digest(), heads[1].digest()]
    assert all(head.is_signed() and head.key == public_key() for head in heads)
    assert {head.at for head in heads} == {moment(AT)}
    assert [bytes(n.digest) for n in Node.objects.order_by("index")] == [
        root_of(sha, digests[at : at + 256]) for at in (0, 256)
    ]


def test_an_entry_that_comes_late_is_sealed_late(owner: Owner) -> None:
    append(3)
    late = Entry.objects.order_by("pk")[1]
    owner.drop_the_guards()
    Unsealed.objects.filter(entry=late).delete()  # as if its transaction had not ended yet
    seal(at=AT)
    Unsealed.objects.create(entry=late)
    seal(at=AT)
    assert Leaf.objects.get(position=2).entry_id == late.pk
    assert verify().faults == []


def test_sm3(settings: Any) -> None:
    settings.TRAIL_DIGEST = "sm3"
    append(1)
    seal(at=AT)
    head = last_head()
    assert head is not None
    assert (head.algorithm, head.is_signed()) == ("sm3", True)
    assert verify().faults == []


def test_the_algorithm_stays_as_it_began(settings: Any, office: Office) -> None:
    settings.TRAIL_DIGEST = "sm3"
    append(1, 620)
    with pytest.raises(AlgorithmChangedError, match="began with sha256"):
        seal(at=AT)
    settings.TRAIL_DIGEST = "sha256"
    seal(at=AT)
    assert verify(office.kept).faults == []  # what was appended meanwhile accuses nobody


def test_the_key_is_made_once_and_for_its_owner_alone(private: Path) -> None:
    append(1)
    seal(at=AT)
    key = private / "trail.key"
    assert stat.S_IMODE(key.stat().st_mode) == 0o600
    kept = key.read_bytes()
    append(1, 1)
    seal(at=AT)
    assert key.read_bytes() == kept
    key.unlink()
    append(1, 2)
    with pytest.raises(KeyMissingError, match=r"trail\.key"):
        seal(at=AT)
    assert not key.exists()
    key.write_bytes(kept)
    assert seal(at=AT).rows == 1


@pytest.mark.parametrize(
    "foul",
    [
        "DELETE FROM trail_leaf WHERE position = 619",
        "DELETE FROM trail_node",
        "DELETE FROM trail_treehead WHERE size = 620",
    ],
)
def test_nothing_is_sealed_upon_what_was_altered(office: Office, owner: Owner, foul: str) -> None:
    assert office
    append(1, 620)
    owner.drop_the_guards()
    owner.do(foul)
    with pytest.raises(TrailBrokenError, match="trail verify"):
        seal(at=AT)
    assert Unsealed.objects.count() == 1


def test_what_fell_out_of_the_queue_can_be_put_back(owner: Owner) -> None:
    append(3)
    owner.drop_the_guards()
    Unsealed.objects.all()[:1].get().delete()
    assert (requeue(), requeue()) == (1, 0)
    seal(at=AT)
    assert (verify().sealed, verify().unsealed) == (3, 0)


@pytest.mark.django_db(transaction=True)
def test_of_two_sealers_one_seals() -> None:
    append(900)
    done: list[Sealing] = []
    together = threading.Barrier(3)

    def work() -> None:
        together.wait()
        done.append(seal(at=AT, batch=100))
        connection.close()

    threads = [threading.Thread(target=work) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    while Unsealed.objects.exists():  # where the one that went on ended before the others asked
        done.append(seal(at=AT))
    assert sum(each.rows for each in done) == 900
    assert Leaf.objects.count() == 900
    report = verify()
    assert (report.faults, report.sealed, report.unsealed) == ([], 900, 0)


@pytest.mark.django_db(transaction=True)
def test_the_second_sealer_is_told_and_leaves() -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has one writer, and the second waits for it")
    append(5)
    asked: list[Sealing] = []

    def second() -> None:
        asked.append(seal(at=AT))
        connection.close()

    with transaction.atomic():
        connection.cursor().execute("SELECT pg_try_advisory_xact_lock(%s)", [0x706C756D])
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert asked == [Sealing(rows=0, heads=0, busy=True)]
    assert seal(at=AT).rows == 5


def test_a_batch_that_fails_at_its_end_has_sealed_nothing(private: Path) -> None:
    append(5)
    (private / "trail.key").mkdir()  # signing comes last
    with pytest.raises(IsADirectoryError):
        seal_batch(at=AT)
    assert not Leaf.objects.exists()
    assert Unsealed.objects.count() == 5
    (private / "trail.key").rmdir()
    assert seal(at=AT).rows == 5
