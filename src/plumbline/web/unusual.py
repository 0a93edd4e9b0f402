"""Who looked at unusually many people: held against what others look at, in the form of the catalog's outliers.

A day of one reader is unusual where they saw more persons than the upper fence over all readers' days of the last
thirty (upper quartile and one and a half times the distance of the quartiles), and no fewer than ten. With fewer
than eight days there is nothing to compare with. Somebody who tried to look up themself or their kin is always
told of. It is a question to ask, as any warning is: a campaign makes many look-ups that are all in order.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Count
from django.db.models.functions import TruncDate
from django.utils import timezone

from plumbline.trail.actions import READ
from plumbline.trail.models import Entry, Reading

DAYS = timedelta(days=30)
LEAST, PEERS = 10, 8
REFUSED = "person.look_up_refused"


@dataclass(frozen=True)
class Day:
    """What somebody looked at on one day.

    Attributes:
        fence: above which it is unusual; none where there is too little to compare with.
        refused: how often they tried to look up themself or their kin.
    """

    reader: str
    on: date
    persons: int
    fence: float | None
    refused: int


def fence(counts: list[int]) -> float | None:
    """The upper fence over some figures, quartiles interpolated; none of fewer than eight."""
    if len(counts) < PEERS:
        return None
    ordered = sorted(counts)

    def quartile(share: float) -> float:
        place = (len(ordered) - 1) * share
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    first, third = quartile(0.25), quartile(0.75)
    return third + 1.5 * (third - first)


def unusual(at: datetime) -> list[Day]:
    """The unusual days of the last thirty, the newest first."""
    zone, since = timezone.get_default_timezone(), at - DAYS
    read = Reading.objects.filter(entry__action=READ, entry__at__gt=since, entry__at__lte=at)
    counted = {
        (reader, on): persons
        for reader, on, persons in read.annotate(on=TruncDate("entry__at", tzinfo=zone))
        .values_list("entry__actor", "on")
        .annotate(persons=Count("whom", distinct=True))
        .order_by()
    }
    tried = Counter(
        Entry.objects.filter(action=REFUSED, at__gt=since, at__lte=at)
        .annotate(on=TruncDate("at", tzinfo=zone))
        .values_list("actor", "on")
    )
    upper = fence(list(counted.values()))
    days = [
        Day(reader, on, counted.get((reader, on), 0), upper, tried[(reader, on)])
        for reader, on in {*counted, *tried}
    ]
    told = [
        day
        for day in days
        if day.refused or (upper is not None and day.persons > upper and day.persons >= LEAST)
    ]
    return sorted(told, key=lambda day: (day.on, day.persons, day.reader), reverse=True)
