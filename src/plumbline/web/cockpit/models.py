"""What is counted as rows change, and the screens on a wall that show it."""

from __future__ import annotations

from datetime import date

from django.db import models
from django.db.models import F, Q

from plumbline.org.models import Unit, User


class Tally(models.Model):
    """Counts of one month, model, level and unit; several rows of the same place add up.

    Triggers of the database (`counting`) append a row in the transaction of every change that is counted,
    also negative ones; `counting.fold` adds them together. So nobody waits for anybody's count, and a cockpit
    over a million warnings reads some thousand rows.

    Attributes:
        month: its first day, in the office's time zone.
        currency: of the four sums of money, in fen; empty in rows of counts.
        raised: warnings raised in the month; `settled` how many of these are closed by now.
        closed: disposals closed in the month; of them `confirmed` and `unverifiable` by what was found, and
            `led` to a lead; `days` from opening to closure, added up.
        folded: it has been added together; the others came since.
    """

    month = models.DateField()
    model = models.CharField(max_length=100)
    level = models.CharField(max_length=10)
    # No constraint: an append would otherwise lock the unit's row, and there is nothing to protect.
    unit = models.ForeignKey(
        Unit, models.DO_NOTHING, null=True, db_constraint=False, related_name="+", db_index=False
    )
    currency = models.CharField(max_length=3, blank=True)
    raised = models.IntegerField(default=0)
    settled = models.IntegerField(default=0)
    closed = models.IntegerField(default=0)
    confirmed = models.IntegerField(default=0)
    unverifiable = models.IntegerField(default=0)
    led = models.IntegerField(default=0)
    days = models.BigIntegerField(default=0)
    due = models.BigIntegerField(default=0)
    recovered = models.BigIntegerField(default=0)
    avoided = models.BigIntegerField(default=0)
    written_off = models.BigIntegerField(default=0)
    folded = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["month", "unit"], name="tally_by_month"),
            models.Index(fields=["id"], condition=Q(folded=False), name="tally_to_fold"),
        ]

    def __str__(self) -> str:
        return f"{self.month} {self.model}"


class WallScreen(models.Model):
    """A screen on a wall that shows figures without anybody being signed in there.

    It shows what whoever set it up may see at each moment, never a name, and ends by itself.

    Attributes:
        key: digest of the secret in its address; the secret itself is not kept.
        place: where it hangs.
    """

    key = models.CharField(max_length=64, unique=True)
    place = models.CharField(max_length=100)
    by = models.ForeignKey(User, models.PROTECT, related_name="+")
    made_at = models.DateTimeField()
    ends_on = models.DateField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(place=""), name="wall_screen_has_a_place"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("made_at")),
                name="wall_screen_ends_after_it_began",
            ),
        ]

    def __str__(self) -> str:
        return self.place

    def is_on(self, day: date) -> bool:
        return self.ended_at is None and day <= self.ends_on
