"""An office for a server that will be killed, and what its database says of who acted."""

from __future__ import annotations

import json
import sys
from collections import Counter, defaultdict

from django.contrib.auth.hashers import make_password
from django.db.models import F
from django.utils import timezone

from plumbline.kit.clock.models import Due
from plumbline.loop.disposal.actions.dispatch import Plan, dispatch, open_disposals
from plumbline.loop.disposal.models import Disposal, Note, State
from plumbline.org.models import User
from plumbline.trail.models import Entry, Leaf
from plumbline.web.serving import migrate
from tests import people
from tests.loop.disposal import warned

PASSWORD = "soak-only-2026-plumb"  # noqa: S105 -- of invented people in a database that is thrown away
#: What the clients do; reading, sealing and the schedule write other entries.
ACTS = (
    "disposal.signed_for", "disposal.assigned", "disposal.noted", "disposal.step_done", "disposal.found",
    "disposal.findings_signed", "disposal.reported", "disposal.approved", "disposal.closed",
)  # fmt: skip


def prepare(cases: int) -> dict[str, object]:
    """The cast with a password, and so many disposals that wait to be signed for.

    Gives their numbers, and by login name the number by which a list of choice knows each person.
    """
    migrate()
    cast = people.cast()
    User.objects.update(password=make_password(PASSWORD))
    at = timezone.now()
    plans = [Plan(warned.warning(cast), 2, 20, warned.STEPS) for _ in range(cases)]
    open_disposals(plans, at=at)
    for disposal in Disposal.objects.order_by("pk"):
        dispatch(disposal, cast.office, by=cast.fen, at=at)
    return {
        "cases": list(Disposal.objects.order_by("pk").values_list("pk", flat=True)),
        "people": {user.username: str(user.pk) for user in User.objects.all()},
    }


def report() -> dict[str, object]:
    """By disposal: what the trail says was done, one after the other, and what is in its rows.

    `unlike` are notes whose entry on the trail is missing, doubled, or of somebody else: there must be none.
    """
    told = defaultdict(list)
    noted: Counter[tuple[int, str]] = Counter()
    for entry in Entry.objects.filter(action__in=ACTS).order_by("pk"):
        told[entry.subject.partition(":")[2]].append(entry.action.partition(".")[2])
        if entry.action == "disposal.noted":
            noted[entry.detail["note"], entry.actor] += 1
    notes = Note.objects.select_related("by")
    # The report is a note, too, of whoever reported; its entry is `disposal.reported`.
    written = Counter(
        (note.pk, note.by.username) for note in notes.exclude(text__startswith="报告")
    )
    cases = {
        str(case.pk): {
            "told": told[str(case.pk)],
            "state": case.state,
            "notes": sorted(case.notes.values_list("text", flat=True)),
            "steps": sorted(case.steps.exclude(done_at=None).values_list("finding", flat=True)),
            "findings": sorted(case.outcomes.values_list("note", flat=True)),
            "verifiers": case.verifiers.count(),
            "signed": case.verifiers.exclude(signed_at=None).count(),
            "reviews": case.reviews.count(),
            "due": sorted(
                Due.objects.filter(subject=f"disposal:{case.pk}").values_list("kind", flat=True)
            ),
            "running": sorted(
                Due.objects.filter(subject=f"disposal:{case.pk}", stopped_at=None)
                .values_list("kind", flat=True)
            ),
        }
        for case in Disposal.objects.exclude(state=State.DISPATCHED).order_by("pk")
    }  # fmt: skip
    return {
        "cases": cases,
        "unlike": sorted(map(str, (noted - written) + (written - noted))),
        "twice": sorted(f"{note} {who}" for (note, who), count in noted.items() if count > 1),
        "unsealed": Entry.objects.count() - Leaf.objects.count(),
        "altered": Leaf.objects.exclude(digest=F("entry__digest")).count(),
    }


def tell(verb: str) -> None:
    """Do it, and print what came of it as JSON."""
    name, *given = verb.split(":")
    done = prepare(int(given[0])) if name == "prepare" else report()
    print(json.dumps(done, ensure_ascii=False))  # noqa: T201
    sys.stdout.flush()
