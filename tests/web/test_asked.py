"""What people ask for on pages is put into the queue once, and done by one piece of work."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from django_tasks_db.models import DBTaskResult

from plumbline.loop.disposal.models import Disposal
from plumbline.loop.warning.models import Intake
from plumbline.loop.warning.runs.actions import ask
from plumbline.loop.warning.runs.models import RunRequest, State
from plumbline.web import night, tasks
from tests import people
from tests.engine.collision.town import Town
from tests.loop.warning.conftest import town
from tests.loop.warning.town import go_live
from tests.people import NOW

__all__ = ["town"]


@pytest.fixture
def cast(db: None) -> Any:  # noqa: ARG001 -- pytest-django's, for its effect
    return people.cast()


def test_a_run_that_is_asked_for_is_queued_once_and_worked_to_the_end(
    town: Town, cast: Any
) -> None:
    go_live(town, cast)
    assert not night.waits()
    assert not tasks.ask(NOW)
    made = ask(by=cast.data, at=NOW, reason="补报了名单")
    assert night.waits()
    assert [tasks.ask(NOW), tasks.ask(NOW + timedelta(seconds=3))] == [True, False]
    assert DBTaskResult.objects.filter(task_path=tasks.asked.module_path).count() == 1
    assert night.asked(NOW) == "files 0, judgements 0, runs 1"
    assert RunRequest.objects.get(pk=made.pk).state == State.DONE
    assert Intake.objects.get().raised == 2
    assert Disposal.objects.exists()  # what it raised is there to be worked
    assert not night.waits()
    assert night.asked(NOW) == "files 0, judgements 0, runs 0"
