"""Entries are appended and never altered; leaves give sealed entries their place in the tree.

What is written here is kept by guards in the database (migration 0002), for whoever slips; and found out by
`verifying` against heads kept outside, for whoever does not.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Entry(models.Model):
    """One act: who did what to what, when and why.

    Attributes:
        actor: the name somebody signs in with; `system` where no person acted.
        on_behalf: whose work a deputy did.
        action: `noun.past_tense`, such as `warning.signed_for`.
        subject: what it was done to, such as `warning:12`.
        detail: what else is needed to understand it; never somebody's record, only pointers and digests.
        digest: leaf hash (RFC 9162, 2.1.1) of the canonical form (RFC 8785) of all fields above it,
            the entry's number among them, so that none takes another's place.
    """

    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    on_behalf = models.CharField(max_length=150, blank=True)
    action = models.CharField(max_length=80)
    subject = models.CharField(max_length=200)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict)
    digest = models.BinaryField(max_length=32)

    class Meta:
        indexes = [
            models.Index(fields=["subject", "id"], name="trail_by_subject"),
            models.Index(fields=["actor", "id"], name="trail_by_actor"),
            models.Index(fields=["action", "id"], name="trail_by_action"),
            models.Index(fields=["at", "id"], name="trail_by_time"),
        ]

    def __str__(self) -> str:
        return f"{self.action} {self.subject}"


class Unsealed(models.Model):
    """An entry that waits for the sealer; the database itself puts it here when it is appended.

    What is missing here by foul play, verification counts anyway.
    """

    # Entries cannot be deleted, so that checking the reference at every append would prove nothing.
    entry = models.OneToOneField(Entry, models.DO_NOTHING, primary_key=True, db_constraint=False)

    def __str__(self) -> str:
        return f"{self.entry_id}"


class Reading(models.Model):
    """Whose personal data an entry says somebody read: an index, so that it can be told who looked at whom.

    Attributes:
        whom: digest of the person.
    """

    entry = models.ForeignKey(Entry, models.DO_NOTHING, related_name="+", db_index=False)
    whom = models.CharField(max_length=64)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["whom", "entry"], name="trail_reading_once"),
        ]

    def __str__(self) -> str:
        return f"{self.entry_id}"


class Leaf(models.Model):
    """The place of a sealed entry in the tree."""

    # From 0, and always given; of this type it is the row's own key on SQLite, without an index beside it.
    position = models.BigAutoField(primary_key=True)
    entry = models.OneToOneField(Entry, models.DO_NOTHING, db_constraint=False)
    digest = models.BinaryField(max_length=32)

    def __str__(self) -> str:
        return f"{self.position}"


class Node(models.Model):
    """Root of a full subtree of 256 to the power of `height` leaves, so that proofs read few rows."""

    height = models.PositiveSmallIntegerField()  # 1: over 256 leaves, 2: over 65,536, ...
    index = models.BigIntegerField()
    digest = models.BinaryField(max_length=32)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["height", "index"], name="trail_node_once"),
        ]

    def __str__(self) -> str:
        return f"{self.height}/{self.index}"


class TreeHead(models.Model):
    """A signed head: what the whole tree was when it had `size` leaves, chained to the head before it."""

    size = models.BigIntegerField(unique=True)
    at = models.DateTimeField()
    algorithm = models.CharField(max_length=10)
    root = models.BinaryField(max_length=32)
    # Digest of the head before it; unique, so that there are no forks.
    previous = models.BinaryField(max_length=32, unique=True)
    key = models.BinaryField(max_length=32)  # the public key under which it is signed
    signature = models.BinaryField(max_length=64)  # Ed25519
    anchored_at = models.DateTimeField(null=True)  # when every place outside had it

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(size__gt=0), name="trail_head_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.size}"


class PeerHead(models.Model):
    """A head that another office sent here to be kept, with what was sealed under it.

    Attributes:
        peer: the name by which that office signs in.
        entries, leaves: as they stand in the line: runs of entries' numbers, and leaf digests.
        peaks: the tree so far, by which the next head is shown to go on from this one.
    """

    peer = models.CharField(max_length=150)
    size = models.BigIntegerField()
    at = models.DateTimeField()
    algorithm = models.CharField(max_length=10)
    root = models.BinaryField(max_length=32)
    previous = models.BinaryField(max_length=32)
    key = models.BinaryField(max_length=32)
    signature = models.BinaryField(max_length=64)
    entries = models.JSONField()
    leaves = models.BinaryField()
    peaks = models.BinaryField()
    received_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["peer", "size"], name="trail_peer_head_once"),
            models.UniqueConstraint(fields=["peer", "previous"], name="trail_peer_no_forks"),
        ]

    def __str__(self) -> str:
        return f"{self.peer} {self.size}"
