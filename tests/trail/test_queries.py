"""Who did what to what, and who looked at whom."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import transaction

from plumbline.trail.actions import record, record_reading
from plumbline.trail.models import Entry
from plumbline.trail.policy import visible_to
from plumbline.trail.queries import (
    Standing,
    Wanted,
    history,
    positions,
    readings_of,
    search,
    standing,
)
from plumbline.trail.sealing import seal
from tests.trail.conftest import AT

pytestmark = pytest.mark.django_db


class Somebody:
    def __init__(self, name: str) -> None:
        self.name = name

    def get_username(self) -> str:
        return self.name


LI, ZHOU = Somebody("li"), Somebody("zhou")
PERSON, OTHER = "a" * 64, "b" * 64


@pytest.fixture(autouse=True)
def _acts() -> None:
    for minute, (action, subject, by, on_behalf) in enumerate([
        ("warning.raised", "warning:1", None, None),
        ("warning.signed_for", "warning:1", LI, None),
        ("disposal.opened", "disposal:1", LI, ZHOU),
        ("warnings_list.printed", "list:1", ZHOU, None),
        ("warning.signed_for", "warning:2", ZHOU, None),
    ]):  # fmt: skip
        with transaction.atomic():
            record(
                action,
                subject=subject,
                by=by,
                on_behalf=on_behalf,
                at=AT + timedelta(minutes=minute),
            )
    record_reading(
        whom=[PERSON], where="warning:2", fields=["name"], purpose="核对", case="1", by=ZHOU,
        at=AT + timedelta(minutes=5),
    )  # fmt: skip


def told(entries: object) -> list[str]:
    return [f"{entry.action} {entry.subject} {entry.actor}" for entry in entries]  # type: ignore[attr-defined]


def test_what_happened_to_something() -> None:
    assert told(history("warning:1")) == [
        "warning.raised warning:1 system",
        "warning.signed_for warning:1 li",
    ]
    assert len(history("warning:1", "disposal:1")) == 3


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(), 6),
        (Wanted(actor="li"), 2),
        (Wanted(action="warning.signed_for"), 2),
        (Wanted(action="warning."), 3),
        (Wanted(subject="warning:2"), 2),
        (Wanted(since=AT + timedelta(minutes=1), until=AT + timedelta(minutes=3)), 2),
        (Wanted(whom=PERSON), 1),
        (Wanted(whom=OTHER), 0),
        (Wanted(actor="zhou", action="warning.", since=AT), 1),
    ],
)
def test_searching(wanted: Wanted, found: int) -> None:
    assert len(search(visible_to("auditor", audits=True), wanted)) == found


def test_page_by_page() -> None:
    among = visible_to("auditor", audits=True)
    first = search(among, Wanted(), most=4)
    rest = search(among, Wanted(), before=first[-1].pk, most=4)
    assert [entry.pk for entry in (*first, *rest)] == list(
        Entry.objects.order_by("-pk").values_list("pk", flat=True)
    )


def test_who_does_not_audit_sees_their_own_acts_alone() -> None:
    assert visible_to("li", audits=False).count() == 2
    assert (
        told(visible_to("zhou", audits=False).order_by("pk"))[0] == "disposal.opened disposal:1 li"
    )
    assert visible_to("stranger", audits=False).count() == 0
    assert visible_to("", audits=False).count() == 0


def test_who_looked_at_somebody() -> None:
    assert told(readings_of(PERSON)) == ["personal_data.read warning:2 zhou"]
    assert told(readings_of(OTHER)) == []


@pytest.mark.usefixtures("private")
def test_how_far_sealing_is() -> None:
    assert standing() == Standing(0, None, 0, None, 6, AT)
    seal(at=AT)
    assert standing() == Standing(6, AT, 0, None, 0, None)
    entries = list(Entry.objects.order_by("pk")[:2])
    assert positions(entries) == {entries[0].pk: 0, entries[1].pk: 1}
