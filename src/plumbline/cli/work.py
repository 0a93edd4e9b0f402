"""One worker of the workbench."""

from __future__ import annotations

import logging
import os
import signal
from types import FrameType

import click

from plumbline.cli.office import Office, pass_office
from plumbline.cli.workbench import set_up


@click.command()
@click.option("--with-parent", is_flag=True, hidden=True, help="父进程结束时停止 · stop with it")
@pass_office
def work(office: Office, with_parent: bool) -> None:
    """做工作台的后台工作 · Do what the workbench does of itself.

    封存留痕、提醒期限、夜间接收并碰撞。可同时运行多个；随时可以停，不丢失也不重复。

    Seals the trail, reminds of deadlines, takes in and collides at night. Several
    may run; each may be stopped or killed at any moment.
    """
    set_up(office)
    from plumbline.kit.clock import ladder
    from plumbline.web.apart import end_with_parent
    from plumbline.web.schedule import schedule
    from plumbline.web.serving import migrate
    from plumbline.web.worker import Shift

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    migrate()
    ladder.check()
    shift = Shift(schedule())

    def stop(number: int, _: FrameType | None) -> None:
        if shift.stop.is_set():  # asked twice: at once
            os._exit(128 + number)
        shift.stop.set()

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    if with_parent:
        end_with_parent(shift.stop.set)
    shift.work()
