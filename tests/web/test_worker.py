"""The worker: tasks are done, given back when their worker is gone, and ticks fire once."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time as clock
import urllib.error
import urllib.request
from contextlib import closing
from datetime import UTC, datetime, time, timedelta
from pathlib import Path
from socket import socket
from threading import Barrier, Thread
from typing import Any
from uuid import uuid4

import pytest
from django.db import OperationalError, connections
from django.utils import timezone
from django_tasks_db.models import DBTaskResult
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine import Workspace
from plumbline.errors import DeclarationError, Text
from plumbline.loop.delivery.models import Delivery
from plumbline.loop.warning.models import EarlyWarning
from plumbline.trail.models import Entry, Leaf
from plumbline.web import night, tasks, worker
from plumbline.web import schedule as web_schedule
from plumbline.web.apart import ApartError, apart
from plumbline.web.models import Tick, Worker
from plumbline.web.schedule import Daily, Every, schedule
from plumbline.web.schedule import Entry as Planned
from plumbline.web.serving import AddressTakenError, KeepsEndingError, Kept, claim_address
from tests import people
from tests.loop.warning.town import go_live, town
from tests.web import work_to_do

ROOT = Path(__file__).parents[2]
NOW = people.NOW
ENV = {**os.environ, "PYTHONPATH": os.pathsep.join([str(ROOT), str(ROOT / "src")])}


def claimed() -> DBTaskResult[Any, Any]:
    """The next task, taken by a worker that signs on for it."""
    found = worker.claim(worker.sign_on(timezone.now()), "default")
    assert found is not None
    return found


def again(begun: DBTaskResult[Any, Any]) -> DBTaskResult[Any, Any]:
    begun.refresh_from_db()
    return begun


# -- tasks ---------------------------------------------------------------------------------------


@pytest.mark.django_db
def test_a_task_is_taken_once_and_its_end_is_written_down() -> None:
    work_to_do.add.enqueue(2, other=3)
    begun = claimed()
    assert worker.claim(uuid4(), "default") is None
    assert worker.perform(begun)
    assert (again(begun).status, begun.return_value) == ("SUCCESSFUL", 5)
    assert begun.finished_at is not None


@pytest.mark.django_db
def test_a_task_may_ask_what_it_is() -> None:
    asked = work_to_do.who_am_i.enqueue()
    begun = claimed()
    worker.perform(begun)
    assert again(begun).return_value == asked.id


@pytest.mark.django_db
def test_a_lane_takes_its_own_tasks_alone() -> None:
    work_to_do.add.using(queue_name="long").enqueue(1, 1)
    assert worker.claim(uuid4(), "default") is None
    assert worker.claim(uuid4(), "long") is not None


@pytest.mark.django_db
def test_a_failing_task_says_why_and_names_nobody() -> None:
    work_to_do.fail.enqueue("38010219900101123X 已登记")
    begun = claimed()
    assert worker.perform(begun)
    assert (again(begun).status, begun.exception_class_path) == ("FAILED", "builtins.ValueError")
    assert "3801**********123X 已登记" in begun.traceback
    assert "38010219900101123X" not in begun.traceback


@pytest.mark.django_db
def test_a_task_that_wants_to_leave_does_not_take_the_worker_along() -> None:
    work_to_do.leave.enqueue()
    begun = claimed()
    worker.perform(begun)
    assert again(begun).status == "FAILED"


@pytest.mark.django_db
def test_a_task_that_meets_a_locked_database_is_no_failure() -> None:
    work_to_do.meet_a_locked_database.enqueue()
    begun = claimed()
    with pytest.raises(OperationalError):
        worker.perform(begun)
    assert again(begun).status == "RUNNING"  # and the lane gives it back


@pytest.mark.django_db
def test_a_task_that_no_longer_exists_fails_in_words() -> None:
    work_to_do.add.enqueue(1, 1)
    DBTaskResult.objects.update(task_path="plumbline.web.tasks.gone")
    begun = claimed()
    worker.perform(begun)
    assert again(begun).status == "FAILED"
    assert "gone" in begun.traceback


# -- workers that are gone -----------------------------------------------------------------------


@pytest.mark.django_db
def test_what_a_living_worker_does_is_left_to_it() -> None:
    work_to_do.add.enqueue(1, 1)
    begun = claimed()
    assert worker.reap() == 0
    assert again(begun).status == "RUNNING"


def _killed_process() -> int:
    with subprocess.Popen([sys.executable, "-c", "pass"]) as process:
        process.wait()
    return process.pid


@pytest.mark.django_db
@pytest.mark.parametrize("how", ["silent", "process gone", "process is another", "signed off"])
def test_what_a_dead_worker_had_begun_is_given_back_and_done(how: str) -> None:
    work_to_do.add.enqueue(2, 3)
    begun = claimed()
    match how:
        case "silent":  # on another machine, whose processes cannot be seen from here
            Worker.objects.update(place="elsewhere", seen_at=timezone.now() - timedelta(seconds=31))
        case "process gone":
            Worker.objects.update(pid=_killed_process())
        case "process is another":
            Worker.objects.update(pid=os.getppid())
        case _:
            Worker.objects.all().delete()
    assert worker.reap() == 1
    assert worker.reap() == 0
    assert not Worker.objects.exists()
    assert again(begun).status == "READY"
    second = claimed()
    assert second.pk == begun.pk
    assert worker.perform(second)
    assert len(again(second).worker_ids) == 2


@pytest.mark.django_db
def test_a_worker_elsewhere_is_not_judged_by_processes_here() -> None:
    work_to_do.add.enqueue(1, 1)
    claimed()
    Worker.objects.update(place="elsewhere", pid=_killed_process())
    assert worker.reap() == 0


@pytest.mark.django_db
def test_a_worker_that_was_only_slow_does_not_write_over_the_other() -> None:
    work_to_do.add.enqueue(2, 3)
    slow = claimed()
    Worker.objects.all().delete()
    worker.reap()
    other = claimed()
    assert not worker.perform(slow)  # it is no longer its own
    assert again(other).status == "RUNNING"
    assert worker.perform(other)


@pytest.mark.django_db
def test_a_worker_taken_for_dead_enters_itself_again() -> None:
    me = worker.sign_on(timezone.now())
    Worker.objects.all().delete()
    worker.beat(me, timezone.now())
    assert Worker.objects.get().pk == me
    worker.beat(me, timezone.now())
    assert Worker.objects.count() == 1


@pytest.mark.django_db
def test_a_task_that_workers_die_of_is_given_up() -> None:
    work_to_do.add.enqueue(1, 1)
    for _ in range(worker.ATTEMPTS):
        begun = claimed()
        Worker.objects.all().delete()
        worker.reap()
    assert again(begun).status == "FAILED"
    assert "workers died" in begun.traceback


# -- the schedule --------------------------------------------------------------------------------


SECONDS = st.integers(1, 7200)
MOMENT = st.datetimes(datetime(2020, 1, 1), datetime(2035, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001


@given(at=MOMENT, seconds=SECONDS)
def test_every_so_often_is_the_same_for_all_workers(at: datetime, seconds: int) -> None:
    rhythm = Every(seconds)
    after = rhythm.after(at)
    assert at < after <= at + timedelta(seconds=seconds)
    assert rhythm.after(after) == after + timedelta(seconds=seconds)


@given(at=MOMENT, hour=st.times())
def test_once_a_day_is_once_a_day(at: datetime, hour: time) -> None:
    after = Daily(hour).after(at)
    assert at < after <= at + timedelta(days=1)
    assert after.astimezone(timezone.get_default_timezone()).time() == hour


def test_the_night_is_the_office_own() -> None:
    evening = datetime(2026, 3, 18, 14, tzinfo=UTC)  # ten in the evening in Shanghai
    assert Daily(time(1, 30)).after(evening) == datetime(2026, 3, 18, 17, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("said", "hour"), [("23:15", time(23, 15)), (time(2), time(2)), (None, time(1, 30))]
)
def test_the_office_sets_when_the_night_is(settings: Any, said: Any, hour: time) -> None:
    settings.WORKBENCH = {"night": said} if said else {}
    assert web_schedule.night() == hour


@pytest.mark.parametrize("said", ["25:00", "at night", 3])
def test_a_night_that_is_no_time_is_refused(settings: Any, said: Any) -> None:
    settings.WORKBENCH = {"night": said}
    with pytest.raises(DeclarationError, match="no time of day"):
        web_schedule.night()


def planned(done: list[datetime], rhythm: Any = Every(60)) -> Planned:  # noqa: B008 -- frozen
    return Planned("probe", Text("试", "probe"), rhythm, run=done.append)


@pytest.mark.django_db
def test_a_tick_fires_when_it_is_due_and_once_after_a_long_night() -> None:
    done: list[datetime] = []
    entries = [planned(done)]
    worker.plan(entries, NOW)
    assert worker.fire(entries, NOW + timedelta(seconds=59)) == []
    assert worker.fire(entries, NOW + timedelta(seconds=60)) == ["probe"]
    assert worker.fire(entries, NOW + timedelta(seconds=61)) == []
    assert worker.fire(entries, NOW + timedelta(days=7)) == ["probe"]
    assert len(done) == 2
    assert Tick.objects.get().fault == ""


@pytest.mark.django_db
def test_a_changed_rhythm_is_taken_up() -> None:
    worker.plan([planned([], Daily(time(1, 30)))], NOW)
    worker.plan([planned([], Daily(time(23, 0)))], NOW)
    assert Tick.objects.get().next_at == Daily(time(23, 0)).after(NOW)
    worker.plan([planned([], Daily(time(23, 0)))], NOW + timedelta(days=3))
    assert Tick.objects.get().next_at == Daily(time(23, 0)).after(
        NOW
    )  # missed, so still to be done


@pytest.mark.django_db
def test_a_tick_that_fails_says_so_and_fires_again() -> None:
    def fails(at: datetime) -> None:
        raise ValueError(f"no disk at {at:%H}")

    entries = [Planned("probe", Text("试", "probe"), Every(60), run=fails)]
    worker.plan(entries, NOW)
    assert worker.fire(entries, NOW + timedelta(seconds=60)) == ["probe"]
    assert Tick.objects.get().fault == "ValueError: no disk at 02"
    assert worker.fire(entries, NOW + timedelta(seconds=120)) == ["probe"]


@pytest.mark.django_db(transaction=True)
def test_of_many_workers_one_fires_a_tick() -> None:
    done: list[datetime] = []
    entries = [
        planned(done),
        Planned("queued", Text("试", "probe"), Every(60), task=work_to_do.greet_task),
    ]
    worker.plan(entries, NOW)
    barrier, faults = Barrier(8), []

    def one() -> None:
        try:
            for minute in range(1, 4):
                barrier.wait()
                worker.fire(entries, NOW + timedelta(minutes=minute))
        except Exception as fault:  # noqa: BLE001 -- told below
            faults.append(fault)
            barrier.abort()
        finally:
            connections.close_all()

    threads = [Thread(target=one) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert faults == []
    assert sorted(done) == [NOW + timedelta(minutes=minute) for minute in (1, 2, 3)]
    assert DBTaskResult.objects.count() == 3


@pytest.mark.django_db
@pytest.mark.usefixtures("private")
def test_the_schedule_does_what_it_says(tmp_path: Path, settings: Any) -> None:
    settings.WORKSPACE = tmp_path
    entries = schedule()
    assert len({entry.name for entry in entries}) == len(entries)
    worker.plan(entries, NOW)
    Tick.objects.update(next_at=NOW)
    assert set(worker.fire(entries, NOW)) == {entry.name for entry in entries}
    assert {tick.name: tick.fault for tick in Tick.objects.all()} == dict.fromkeys(
        (entry.name for entry in entries), ""
    )
    assert all((entry.run is None) != (entry.task is None) for entry in entries)
    assert Entry.objects.filter(action="calendar.adopted").exists()
    worker.fire(entries, NOW + timedelta(seconds=5))
    assert Leaf.objects.count() == Entry.objects.count()


@pytest.mark.django_db
def test_the_night_takes_in_what_came_and_warns_of_it_once(tmp_path: Path, settings: Any) -> None:
    cast = people.cast()
    settings.WORKSPACE = tmp_path / "empty"
    Workspace.create(tmp_path / "empty")
    assert night.work(NOW) == "nothing is loaded yet"
    made = town(tmp_path / "office")
    go_live(made, cast)
    settings.WORKSPACE = made.folder
    first = night.work(NOW)
    warned = set(EarlyWarning.objects.values_list("key", flat=True))
    delivered = Delivery.objects.count()
    assert warned
    assert delivered
    assert night.work(NOW) != first  # a run of its own
    assert set(EarlyWarning.objects.values_list("key", flat=True)) == warned
    assert Delivery.objects.count() == delivered


@pytest.mark.django_db
def test_a_night_that_fails_is_tried_again_later_and_not_for_ever(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here it fails since there is no workspace."""
    monkeypatch.setenv("PLUMBLINE_WORKSPACE", str(tmp_path))
    tasks.night.enqueue("2026-03-18T02:00:00+00:00")
    for attempt in (1, 2, 3):
        begun = worker.claim(worker.sign_on(timezone.now()), "long")
        assert begun is not None
        worker.perform(begun)
        assert again(begun).status == "FAILED"
        assert worker.claim(uuid4(), "long") is None  # not at once
        waiting = DBTaskResult.objects.filter(status="READY")
        assert waiting.count() == (1 if attempt < 3 else 0)
        waiting.update(run_after=timezone.now())


# -- work in a process of its own ----------------------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """What a child process needs to find our functions and a workspace."""
    monkeypatch.setenv("PYTHONPATH", ENV["PYTHONPATH"])
    monkeypatch.setenv("PLUMBLINE_WORKSPACE", str(tmp_path))
    return tmp_path


@pytest.mark.usefixtures("elsewhere")
def test_work_apart_answers() -> None:
    assert apart("tests.web.work_to_do.greet", "青禾县") == "hello 青禾县"


@pytest.mark.usefixtures("elsewhere")
@pytest.mark.parametrize(
    ("what", "said"), [("be_killed", "signal 9"), ("complain", "no such register")]
)
def test_work_apart_may_die_without_harm(what: str, said: str) -> None:
    with pytest.raises(ApartError, match=said):
        apart(f"tests.web.work_to_do.{what}")


def test_work_apart_ends_with_a_worker_that_is_killed(elsewhere: Path) -> None:
    sign = elsewhere / "sign"
    code = f"from tests.web.work_to_do import linger_apart; linger_apart({str(sign)!r})"
    parent = subprocess.Popen(
        [sys.executable, "-c", f"import django; django.setup(); {code}"],
        env={**os.environ, "DJANGO_SETTINGS_MODULE": "plumbline.web.settings"},
    )
    while not sign.exists():
        assert parent.poll() is None
        clock.sleep(0.05)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    last = None
    for _ in range(100):
        clock.sleep(0.3)
        now = sign.read_text()
        if now and now == last:
            return
        last = now
    pytest.fail("the child lives on")


# -- the processes together ----------------------------------------------------------------------


def _free_port() -> int:
    with closing(socket()) as tried:
        tried.bind(("127.0.0.1", 0))
        return int(tried.getsockname()[1])


def test_a_taken_port_is_refused_in_words() -> None:
    with closing(socket()) as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        port = held.getsockname()[1]
        with pytest.raises(AddressTakenError) as refused:
            claim_address("127.0.0.1", port)
    assert refused.value.where == f"127.0.0.1:{port}"
    assert "--port" in refused.value.in_("en")
    claim_address("127.0.0.1", port)  # free again


def test_a_process_is_started_again_until_there_is_no_sense_in_it() -> None:
    kept = Kept(Text("试", "the probe"), [sys.executable, "-c", "raise SystemExit(3)"])
    first = kept.pid
    with pytest.raises(KeepsEndingError, match="the probe keeps ending"):
        _keep_for_ever(kept)
    assert kept.pid != first
    assert kept.stopped() == 3


def _keep_for_ever(kept: Kept) -> None:
    while True:
        kept.keep()
        clock.sleep(0.02)


def _get(url: str) -> tuple[int, str, bytes]:
    with urllib.request.urlopen(url, timeout=20) as answer:  # noqa: S310 -- our own server
        return answer.status, answer.headers["Content-Type"], answer.read()


def test_serve_brings_up_pages_and_a_worker_and_stops_both(tmp_path: Path) -> None:
    office = tmp_path / "office"
    Workspace.create(office)
    port = _free_port()
    command = [sys.executable, "-m", "plumbline.cli", "--workspace", str(office), "serve",
               "--port", str(port), "--workers", "1"]  # fmt: skip
    env = {key: value for key, value in ENV.items() if key != "PLUMBLINE_DATABASE"}
    with (tmp_path / "said").open("wb") as said:
        server = subprocess.Popen(command, env=env, stdout=said, stderr=said)
    try:
        while True:
            assert server.poll() is None, (tmp_path / "said").read_text()
            try:
                status, kind, body = _get(f"http://127.0.0.1:{port}/static/plumb.css")
                break
            except urllib.error.URLError:
                clock.sleep(0.2)
        assert (status, kind) == (200, 'text/css; charset="utf-8"')
        assert body == (ROOT / "src/plumbline/web/static/plumb.css").read_bytes()
        assert _get(f"http://127.0.0.1:{port}/")[0] == 200  # the page to sign in
        while "at work" not in (tmp_path / "said").read_text():
            assert server.poll() is None, (tmp_path / "said").read_text()
            clock.sleep(0.2)
        second = subprocess.run(command, env=env, capture_output=True, text=True, check=False)
        assert second.returncode == 2
        assert f"127.0.0.1:{port}" in second.stderr
        server.send_signal(signal.SIGINT)
        assert server.wait(60) == 0
    finally:
        server.kill()
        server.wait()
    told = (tmp_path / "said").read_text()
    assert f"工作台 · The workbench  http://127.0.0.1:{port}/" in told
    assert "已停止" in told
    with pytest.raises(urllib.error.URLError):
        _get(f"http://127.0.0.1:{port}/static/plumb.css")
