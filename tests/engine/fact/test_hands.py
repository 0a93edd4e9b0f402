"""Loading side by side: the same answers in the same order, and nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from plumbline.engine.backend import Limits
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.hands import share_out
from plumbline.engine.fact.load import Refused, Stray, load_inbox
from plumbline.engine.fact.store import Store
from plumbline.errors import DeliveryError, StoreError, Text
from tests.engine.fact.delivering import LI, RECEIVED, WANG, csv, fees, state
from tests.engine.fact.killing import leftovers

#: A process that holds the store and has a helper that will not finish.
BUSY = """
import sys, time
from pathlib import Path
from plumbline.engine.fact.hands import share_out
from plumbline.engine.fact.store import Store
with Store(Path(sys.argv[1])).held() as held:
    print("holding", flush=True)
    share_out(time.sleep, [(600,)], hands=1, lock=held.lock)
"""


def refuse(words: str) -> None:
    raise DeliveryError(Text(words, words), where="费.csv", hint=Text("重发", "send it again"))


def inbox_of_three(folder: Path) -> None:
    csv(folder / "fees" / "费2024-06-30.csv", f"1,{WANG},王,2024-06-01,100")
    csv(folder / "fees" / "费2024-05-31.csv", f"1,{LI},李,2024-05-01,1", f"2,{LI},李,2024-05-31,?")
    csv(folder / "tolls" / "费2024-05-31.csv", f"7,{LI},李,2024-05-01,300")
    (folder / "rents").mkdir()
    (folder / "rents" / "费2024-05-31.csv").write_text("这不是表格\n", encoding="utf-8")
    (folder / "别的").mkdir()


def test_side_by_side_gives_the_same_results_in_the_same_order(tmp_path: Path) -> None:
    inbox_of_three(tmp_path / "inbox")
    datasets = {name: fees(tmp_path, name=name) for name in ("fees", "rents", "tolls")}
    alone, together = Store(tmp_path / "alone"), Store(tmp_path / "together")
    found = [
        load_inbox(store, datasets, tmp_path / "inbox", received_at=RECEIVED, hands=hands)
        for store, hands in ((alone, 1), (together, 2))
    ]
    assert [type(result) for result in found[1]] == [Batch, Batch, Refused, Batch, Stray]
    assert [str(result) for result in found[0]] == [str(result) for result in found[1]]
    for store in (alone, together):
        assert state(store, datasets["fees"], ("no", "name")) == [("1", "王")]
        assert state(store, datasets["tolls"], ("no", "name")) == [("7", "李")]
        assert leftovers(store) == set()
    assert not (tmp_path / "together" / "scratch").exists()


def test_hands_keep_within_the_limits_together() -> None:
    half = Limits(memory="3GB", threads=5).shared_by(2)
    assert (half.memory, half.threads) == ("1500MB", 2)
    assert Limits(memory="2GB", threads=1).shared_by(2).threads == 1
    assert Limits(memory="80%", threads=4).shared_by(2).memory == "80%"


def test_what_stops_one_hand_stops_the_load(tmp_path: Path) -> None:
    inbox_of_three(tmp_path / "inbox")
    datasets = {name: fees(tmp_path, name=name) for name in ("fees", "tolls")}
    store = Store(tmp_path / "store")
    load_inbox(store, datasets, tmp_path / "inbox", received_at=RECEIVED, hands=2)
    retyped = fees(
        tmp_path, name="tolls", delivery="{kind: changes}",
        replace={"type: text, required: true": "type: integer, required: true"},
    )  # fmt: skip
    csv(tmp_path / "inbox" / "tolls" / "费2024-07-31.csv", f"8,{LI},李,2024-07-01,300")
    with pytest.raises(StoreError, match="column no is stored as VARCHAR"):
        load_inbox(
            store, {**datasets, "tolls": retyped}, tmp_path / "inbox",
            received_at=RECEIVED, hands=2,
        )  # fmt: skip


def test_while_somebody_writes_nobody_else_loads(tmp_path: Path) -> None:
    inbox_of_three(tmp_path / "inbox")
    datasets = {name: fees(tmp_path, name=name) for name in ("fees", "tolls")}
    store = Store(tmp_path / "store")
    with store.writing(), pytest.raises(StoreError, match="is writing; nothing was changed"):
        load_inbox(store, datasets, tmp_path / "inbox", received_at=RECEIVED, wait=0, hands=2)


def test_answers_come_in_the_order_of_the_jobs(tmp_path: Path) -> None:
    with Store(tmp_path).held() as held:
        jobs = [(n,) for n in range(-20, 0)]
        assert share_out(abs, jobs, hands=2, lock=held.lock) == list(range(20, 0, -1))


def test_an_error_keeps_its_words(tmp_path: Path) -> None:
    with Store(tmp_path).held() as held:
        with pytest.raises(DeliveryError) as raised:
            share_out(refuse, [("坏了",)], hands=1, lock=held.lock)
        assert raised.value.in_("zh") == "费.csv: 坏了\n  建议: 重发"
        with pytest.raises(RuntimeError, match="ValueError: invalid literal") as fault:
            share_out(int, [("x",)], hands=1, lock=held.lock)
        assert "Traceback" in fault.value.__notes__[0]


def test_a_hand_that_dies_is_told_in_words(tmp_path: Path) -> None:
    with Store(tmp_path).held() as held, pytest.raises(StoreError, match="threads = 1"):
        share_out(os._exit, [(9,)], hands=1, lock=held.lock)


def test_hands_end_with_the_process_that_started_them(tmp_path: Path) -> None:
    root = Path(__file__).parents[3]
    with subprocess.Popen(
        [sys.executable, "-c", BUSY, tmp_path], cwd=root, stdout=subprocess.PIPE, text=True
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == "holding\n"
        while not (helpers := _children(holder.pid)):
            time.sleep(0.01)
        holder.send_signal(signal.SIGKILL)
    with Store(tmp_path).writing(wait=60):  # the hand has inherited the lock
        assert not any(_lives(helper) for helper in helpers)


def _children(pid: int) -> list[int]:
    return [int(n) for n in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def _lives(pid: int) -> bool:
    try:
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except FileNotFoundError:
        return False
