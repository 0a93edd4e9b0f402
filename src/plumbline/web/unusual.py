"""Who tried to look up themself or their kin: always told of, beside what the model of unusual look-ups finds."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models.functions import TruncDate
from django.utils import timezone

from plumbline.trail.models import Entry

DAYS = timedelta(days=30)
REFUSED = "person.look_up_refused"


@dataclass(frozen=True)
class Refused:
    """How often somebody tried on one day."""

    reader: str
    on: date
    times: int


def refused(at: datetime) -> list[Refused]:
    """Who tried in the last thirty days, the newest first."""
    zone = timezone.get_default_timezone()
    tried = Counter(
        Entry.objects.filter(action=REFUSED, at__gt=at - DAYS, at__lte=at)
        .annotate(on=TruncDate("at", tzinfo=zone))
        .values_list("actor", "on")
    )
    told = [Refused(reader, on, times) for (reader, on), times in tried.items()]
    return sorted(told, key=lambda each: (each.on, each.reader), reverse=True)
