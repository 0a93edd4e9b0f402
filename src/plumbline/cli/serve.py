"""The workbench in a browser."""

from __future__ import annotations

import signal
import sys
import threading
from types import FrameType

import click

from plumbline.cli.office import Office, pass_office
from plumbline.cli.workbench import set_up
from plumbline.errors import DeclarationError, Text


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="地址 · address")
@click.option(
    "--port", type=click.IntRange(1, 65535), default=8000, show_default=True, help="端口 · port"
)
@click.option(
    "--workers", type=click.IntRange(1, 64), default=2, show_default=True,
    help="网页服务的进程数 · processes that serve pages",
)  # fmt: skip
@click.option("--no-work", is_flag=True, help="不附带后台工作进程 · without a worker beside it")
@pass_office
def serve(office: Office, host: str, port: int, workers: int, no_work: bool) -> None:
    """打开工作台 · Open the workbench.

    建好或更新数据库，在浏览器里提供工作台，并附带一个后台工作进程。按 Ctrl-C 停止。

    Brings the database up to date, serves the workbench, and has a worker beside it.
    Ctrl-C stops both.
    """
    set_up(office)
    from plumbline.kit.clock import ladder
    from plumbline.kit.letter.form import check
    from plumbline.org.walls import stands_behind_the_wall
    from plumbline.web import serving
    from plumbline.web.schedule import schedule

    serving.claim_address(host, port)
    schedule()  # a wrong setting is told now
    ladder.check()
    if faults := check(office.folder / "letters"):
        for fault in faults:
            office.line((fault.in_(office.lang), "red"))
        raise DeclarationError(
            Text(f"{len(faults)} 处函件模板写得不对", f"the office's letters have {len(faults)} faults"),
            where=str(office.folder / "letters"),
            hint=Text("按上面所说改好再启动；或先移走该文件，用随软件的模板",
                      "mend them as said above and start again; or move the file away, and the packaged one serves"),
        )  # fmt: skip
    with office.busy("准备数据库", "preparing the database"):
        if serving.migrate():
            office.say("数据库已就绪", "the database is up to date", "green")
    if not stands_behind_the_wall():
        office.say(
            "注意：工作台用的数据库账号是超级用户，行级权限对它无效；请换一个普通账号",
            "beware: the workbench's database account is a superuser, whom the rows' walls do not hold",
            "yellow",
        )
    stop = threading.Event()

    def asked(number: int, _: FrameType | None) -> None:
        del number
        stop.set()

    signal.signal(signal.SIGTERM, asked)
    signal.signal(signal.SIGINT, asked)
    children = [serving.server(host, port, workers)]
    if not no_work:
        command = [sys.executable, "-m", "plumbline.cli", "--workspace", str(office.folder), "work",
                   "--with-parent"]  # fmt: skip
        children.append(serving.Kept(Text("后台工作进程", "the worker"), command))
    place = f"[{host}]" if ":" in host else host
    office.line((f"工作台 · The workbench  http://{place}:{port}/", "bold"))
    office.line("按 Ctrl-C 停止 · Ctrl-C stops it")
    sys.stdout.flush()
    try:
        while not stop.wait(1):
            for child in children:
                child.keep()
    finally:
        for child in children:
            child.ask_to_stop()
        for child in children:
            child.stopped()
    office.say("已停止", "stopped")
