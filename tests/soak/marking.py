"""Tasks for a worker that will be killed, each of one row and one row of the trail, and what became of them."""

from __future__ import annotations

import json
import sys
import threading
import time
from collections import Counter

from django.db import transaction
from django.utils import timezone
from django_tasks import task
from django_tasks_db.models import DBTaskResult

from plumbline.loop.delivery.models import DataErrorTicket
from plumbline.trail.actions import record
from plumbline.trail.models import Entry, Leaf
from plumbline.web.models import Worker


@task()
def mark(key: str, seconds: float) -> str:
    """One ticket and one entry, together or not at all; harmless twice. It may take its time."""
    time.sleep(seconds)
    with transaction.atomic():
        made, new = DataErrorTicket.objects.get_or_create(
            key=key,
            defaults={"origin": "disposal", "dataset": "honours", "question": "?",
                      "asked_at": timezone.now()},
        )  # fmt: skip
        time.sleep(seconds / 2)
        if new:
            record("ticket.asked", subject=f"ticket:{made.key}", by=None, at=timezone.now())
    time.sleep(seconds)
    return key


def enqueue() -> int:
    """More and more of them, never too many at once, until the input ends."""
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    put = 0
    while not ended.wait(0.02):
        if put % 10 == 0 and DBTaskResult.objects.ready().count() > 40:
            continue
        slow = put % 10 == 0
        mark.using(queue_name="long" if put % 4 == 0 else "default").enqueue(
            f"task-{put}", 0.15 if slow else 0.0
        )
        put += 1
    return put


def report() -> dict[str, object]:
    """How the queue, the rows and the trail stand."""
    entries = Counter(Entry.objects.filter(action="ticket.asked").values_list("subject", flat=True))
    ours = DBTaskResult.objects.filter(task_path=mark.module_path)  # the schedule has its own
    return {
        "states": Counter(ours.values_list("status", flat=True)),
        "attempts": Counter(map(len, ours.values_list("worker_ids", flat=True))),
        "rows": DataErrorTicket.objects.count(),
        "entries": len(entries),
        "twice": sum(count > 1 for count in entries.values()),
        "unsealed": Entry.objects.count() - Leaf.objects.count(),
        "workers": Worker.objects.count(),
    }


def tell(verb: str) -> None:
    """Do it, and print what came of it as JSON."""
    print(json.dumps({"enqueue": enqueue, "report": report}[verb]()))  # noqa: T201
