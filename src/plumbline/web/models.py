"""Which workers are at work, and when each entry of the schedule falls due next."""

from __future__ import annotations

import uuid

from django.conf import settings
from django.db import models


class Worker(models.Model):
    """A process that works: it shows that it lives, or what it had begun is given to another.

    Attributes:
        place: the running system it is in (this boot of this machine), where `pid` and `born` mean something.
        born: when the process began, as that system counts; a number used again is another process.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4)
    place = models.CharField(max_length=100, blank=True)
    pid = models.PositiveIntegerField()
    born = models.CharField(max_length=40, blank=True)
    started_at = models.DateTimeField()
    seen_at = models.DateTimeField(db_index=True)

    def __str__(self) -> str:
        return f"{self.id}"


class Tick(models.Model):
    """One entry of the schedule; who moves `next_at` on is the one to carry it out.

    Attributes:
        rhythm: what `next_at` was worked out by, so that a changed setting is noticed.
        fault: why the last time failed; empty where it did not.
    """

    name = models.CharField(max_length=40, primary_key=True)
    rhythm = models.CharField(max_length=40)
    next_at = models.DateTimeField()
    fired_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    fault = models.TextField(blank=True)

    def __str__(self) -> str:
        return self.name


class Visit(models.Model):
    """When somebody was here, so that they are shown what is new since, and which hints they put away.

    Attributes:
        this_at: of the last page of the visit that goes on.
        last_at: of the last page of the visit before; what came after it is new.
        put_away: names of hints.
    """

    user = models.OneToOneField(settings.AUTH_USER_MODEL, models.CASCADE, related_name="+")
    this_at = models.DateTimeField()
    last_at = models.DateTimeField(null=True)
    put_away = models.JSONField(default=list)

    def __str__(self) -> str:
        return f"{self.user_id}"
