"""An act is written down in the transaction of what it describes."""

from __future__ import annotations

import hashlib
import threading
from typing import Any

import pytest
from django.db import connection, transaction

from plumbline.trail.actions import (
    OutsideTransactionError,
    PurposeMissingError,
    content_of,
    record,
    record_reading,
)
from plumbline.trail.digest import NotCanonicalError, canonical, hash_by
from plumbline.trail.models import Entry, Reading, Unsealed
from tests.trail.conftest import AT


class Somebody:
    def __init__(self, name: str) -> None:
        self.name = name

    def get_username(self) -> str:
        return self.name


LI, ZHOU = Somebody("li"), Somebody("zhou")


@pytest.mark.django_db(transaction=True)
def test_outside_a_transaction_nothing_is_recorded() -> None:
    with pytest.raises(OutsideTransactionError, match=r"warning\.signed_for"):
        record("warning.signed_for", subject="warning:1", by=LI, at=AT)
    assert not Entry.objects.exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("number", ["380101190001010013", "38010119000101003X", "380101900101001"])
def test_no_citizen_number_stays_in_a_reason(number: str) -> None:
    with transaction.atomic():
        entry = record(
            "case.noted", subject="case:1", by=None, at=AT, reason=f"本人{number}，已核对"
        )
    kept = Entry.objects.get(pk=entry.pk)
    assert number not in kept.reason
    assert kept.reason.startswith("本人3801*")
    assert content_of(kept) == content_of(entry)


@pytest.mark.django_db(transaction=True)
def test_what_is_taken_back_leaves_no_entry() -> None:
    def change() -> None:
        with transaction.atomic():
            record("warning.signed_for", subject="warning:1", by=LI, at=AT)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        change()
    assert not Entry.objects.exists()
    assert not Unsealed.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_many_at_once_all_have_a_number_of_their_own() -> None:
    def act(name: str) -> None:
        for number in range(15):
            with transaction.atomic():
                record("warning.signed_for", subject=f"warning:{number}", by=Somebody(name), at=AT)
        connection.close()

    threads = [threading.Thread(target=act, args=(name,)) for name in ("li", "zhou", "wang")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Entry.objects.count() == Unsealed.objects.count() == 45


@pytest.mark.django_db
def test_an_entry_and_its_digest() -> None:
    entry = record(
        "warning.sent_back", subject="warning:1", by=LI, on_behalf=ZHOU, at=AT, reason="不属本室",
        to="raised", **{"from": "signed"},
    )  # fmt: skip
    kept = Entry.objects.get()
    assert (kept.actor, kept.on_behalf, kept.detail) == (
        "li",
        "zhou",
        {"from": "signed", "to": "raised"},
    )
    said = (
        '{"action":"warning.sent_back","actor":"li","at":"2026-03-18T02:00:00.000000+00:00",'
        f'"detail":{{"from":"signed","to":"raised"}},"entry":{entry.pk},"on_behalf":"zhou",'
        '"reason":"不属本室","subject":"warning:1"}'
    )
    assert bytes(kept.digest) == hashlib.sha256(b"\0" + said.encode()).digest()
    assert record("sweep.done", subject="sweep:1", by=None, at=AT).actor == "system"


ODD = {
    "a fraction": 0.5,
    "a large number": 2**53,
    "a small number": -(2**53),
    "bytes": b"x",
    "a key that is no text": {1: 2},
    "a key beyond the plane": {"\U00020000": 1},
    "a zero byte": ["a\0b"],
    "half a character": "\ud800",
    "an object": object(),
    "deep inside": {"a": [{"b": 1.0}]},
}


@pytest.mark.django_db
@pytest.mark.parametrize("value", ODD.values(), ids=ODD)
def test_what_would_not_read_the_same_everywhere_is_refused(value: Any) -> None:
    with pytest.raises(NotCanonicalError, match=r"a\.b_done"):
        record("a.b_done", subject="a:1", by=None, at=AT, value=value)


PLAIN = {
    "nothing": None,
    "truth": True,
    "zero": 0,
    "the largest number": 2**53 - 1,
    "text": '文\n"\\\x1f\x7f',
    "empty": [[], {}],
    "Chinese": {"键": ["值", -1]},
}


@pytest.mark.django_db
@pytest.mark.parametrize("value", PLAIN.values(), ids=PLAIN)
def test_what_is_recorded_comes_back_as_it_was(value: Any) -> None:
    record("a.b", subject="a:1", by=None, at=AT, value=value)
    assert Entry.objects.get().detail == {"value": value}
    assert canonical(Entry.objects.get().detail) == canonical({"value": value})


def test_sm3() -> None:
    """GB/T 32905, appendix A."""
    assert hash_by("sm3")(b"abc").hex() == (
        "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"
    )
    with pytest.raises(ValueError, match="md5"):
        hash_by("md5")


# -- reading is an act ------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_reading_is_recorded_once_for_a_page() -> None:
    whom = ["b" * 64, "a" * 64, "b" * 64]
    entry = record_reading(
        whom=whom, where="warning:12", fields=["number", "name"], purpose=" 核对身份 ", case="2026-12",
        by=LI, at=AT,
    )  # fmt: skip
    kept = Entry.objects.get()
    assert (kept.pk, kept.action, kept.subject, kept.reason) == (
        entry.pk, "personal_data.read", "warning:12", "核对身份",
    )  # fmt: skip
    assert kept.detail == {
        "whom": ["a" * 64, "b" * 64],
        "fields": ["name", "number"],
        "case": "2026-12",
    }
    assert Reading.objects.count() == 2


@pytest.mark.django_db
@pytest.mark.parametrize(("purpose", "case"), [("", "1"), ("核对", " ")])
def test_nobody_reads_without_a_purpose_and_a_file(purpose: str, case: str) -> None:
    with pytest.raises(PurposeMissingError, match="purpose"):
        record_reading(
            whom=["a" * 64], where="warning:12", fields=["name"], purpose=purpose, case=case, by=LI, at=AT
        )  # fmt: skip
    assert not Entry.objects.exists()
