"""Of many who act at once, one wins, and the trail tells of one."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
from django.db import connection

from plumbline.errors import PlumblineError
from plumbline.loop.disposal.actions.dispatch import sign_for
from plumbline.loop.disposal.actions.request import answer, ask_data
from plumbline.loop.disposal.actions.review import approve
from plumbline.loop.disposal.models import Disposal, State
from plumbline.org.models import Role, User
from plumbline.trail.models import Entry
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW

pytestmark = pytest.mark.django_db(transaction=True)


def at_once(acts: list[Callable[[], object]]) -> tuple[int, int]:
    """How many of them succeeded, and how many were told that somebody was faster."""
    start = Barrier(len(acts))

    def run(act: Callable[[], object]) -> bool:
        try:
            start.wait()
            act()
        except PlumblineError:
            return False
        else:
            return True
        finally:
            connection.close()

    with ThreadPoolExecutor(len(acts)) as pool:
        done = list(pool.map(run, acts))
    return done.count(True), done.count(False)


def heads(cast: Any, count: int) -> list[User]:
    return [
        people.user(f"head{n}", f"副主任{n}", Role.OFFICE_HEAD, body=cast.office) for n in range(count)
    ]  # fmt: skip


def test_of_thirty_two_who_sign_one_has_signed() -> None:
    cast = people.cast()
    case = warned.dispatched(warned.disposal(cast), cast)
    users = heads(cast, 32)
    acts = [
        lambda user=user: sign_for(Disposal.objects.get(pk=case.pk), by=user, at=NOW)
        for user in users
    ]
    assert at_once(acts) == (1, 31)
    case.refresh_from_db()
    assert case.state == State.SIGNED
    assert Entry.objects.filter(action="disposal.signed_for").count() == 1


def test_of_eight_heads_who_approve_one_has_approved() -> None:
    cast = people.cast()
    case = warned.reported(warned.disposal(cast), cast)
    users = heads(cast, 8)
    acts = [
        lambda user=user: approve(Disposal.objects.get(pk=case.pk), 1, by=user, at=NOW)
        for user in users
    ]
    assert at_once(acts) == (1, 7)
    case.refresh_from_db()
    assert (case.reviewed, case.reviews.count()) == (1, 1)


def test_of_four_answers_one_stands() -> None:
    cast = people.cast()
    case = warned.verifying(warned.disposal(cast), cast)
    asked = ask_data(case, cast.industry, "请补资料", by=cast.li, at=NOW)
    acts = [
        lambda n=n: answer(
            type(asked).objects.get(pk=asked.pk), f"答复{n}", by=cast.contact, at=NOW
        )
        for n in range(4)
    ]
    assert at_once(acts) == (1, 3)
    assert Entry.objects.filter(action="request.answered").count() == 1
