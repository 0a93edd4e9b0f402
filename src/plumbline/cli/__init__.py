"""The command `plumbline`. It presents; whatever it finds out, the library finds out in five lines.

Exit codes: 0 done; 1 done, and a person is needed (something held back, a failing case, a warning
that no longer comes out the same); 2 the request cannot be carried out as it stands; 3 what is asked for
was purged at the end of its retention; 70 a fault of the program itself.
"""

from __future__ import annotations

import errno
import os
import traceback
from pathlib import Path
from typing import Any

import click

import plumbline as package
from plumbline.cli import (
    appoint,
    backtest,
    backup,
    catalog,
    check,
    collide,
    demonstrate,
    explain,
    judge,
    link,
    load,
    plan,
    proof,
    purge,
    quarantine,
    serve,
    start,
    ticket,
    trail,
    usage,
    warning,
    work,
)
from plumbline.cli.office import Office
from plumbline.errors import Lang, PlumblineError, PurgedError, Text

_FAULT = 70  # EX_SOFTWARE
_PURGED = 3
_INTERRUPTED = 130  # 128 + SIGINT, as shells count
_BROKEN_OFF = Text(
    "已中断。做完的都在，没做完的没有留下半截；再执行同一条命令即可接着做",
    "interrupted. What was done stands, nothing is left half done; the same command goes on from here",
)
_LANG = "plumbline.lang"


def _speak(ctx: click.Context, _: click.Parameter, lang: Lang | None) -> None:
    """What is said after the command goes before what was said ahead of it."""
    if lang is not None:
        ctx.find_root().params["lang"] = lang
        ctx.ensure_object(Office).lang = lang


def _accept_lang(command: click.Command) -> None:
    """Let `--lang` stand after the command too; the help of `plumbline` says so for all of them."""
    command.params.append(
        click.Option(
            ["--lang"],
            type=click.Choice(["zh", "en"]),
            callback=_speak,
            expose_value=False,
            hidden=True,
            help="语言 · language",
        )
    )
    for inner in command.commands.values() if isinstance(command, click.Group) else ():
        _accept_lang(inner)


class _Root(click.Group):
    """Ends every failure in words, in the language chosen, without a traceback."""

    def add_command(self, cmd: click.Command, name: str | None = None) -> None:
        _accept_lang(cmd)
        super().add_command(cmd, name)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the work, not of the alphabet."""
        del ctx
        return list(self.commands)

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.meta[_LANG] = usage.language(args)
        try:
            return super().parse_args(ctx, args)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise usage.Mistyped(error, ctx.meta[_LANG]) from None

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except click.exceptions.NoArgsIsHelpError:
            raise
        except click.UsageError as error:
            raise usage.Mistyped(error, ctx.meta[_LANG]) from None
        except (click.ClickException, click.Abort, click.exceptions.Exit):
            raise
        except KeyboardInterrupt:
            return self._fail(ctx, _BROKEN_OFF, _INTERRUPTED)
        except PlumblineError as error:
            code = _PURGED if isinstance(error, PurgedError) else 2
            return self._fail(ctx, Text(error.in_("zh"), error.in_("en")), code)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise
            where = f"{error.filename}: " if error.filename else ""
            said = f"{where}{error.strerror or error}"
            return self._fail(ctx, Text(said, said), 2)
        except Exception as error:  # noqa: BLE001 -- the last stop before the reader
            said = f"{type(error).__name__}: {error}"
            return self._fail(
                ctx,
                Text(
                    f"程序出错：{said}\n  这是 Plumbline 的缺陷，不是您的操作有误。"
                    "请把这段话和所用命令报告给维护者（见 CONTRIBUTING.md），不要附真实人员的数据。\n"
                    "  建议: 加 --debug 再执行一次，可看到出错的位置",
                    f"a fault in the program: {said}\n  This is Plumbline's mistake, not yours. "
                    "Report it to the maintainers (see CONTRIBUTING.md) with the command you gave, "
                    "and without data of real people.\n"
                    "  hint: run it again with --debug to see where it happened",
                ),
                _FAULT,
            )

    @staticmethod
    def _fail(ctx: click.Context, said: Text, code: int) -> None:
        if ctx.params["debug"]:
            traceback.print_exc()
        lang: Lang = ctx.params["lang"]
        click.echo(f"{'错误' if lang == 'zh' else 'error'}: {said.in_(lang)}", err=True)
        ctx.exit(code)


@click.group(cls=_Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--workspace",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="PLUMBLINE_WORKSPACE",
    show_envvar=True,
    help="工作区目录，默认当前目录 · folder of the workspace, default here",
)
@click.option(
    "--lang",
    type=click.Choice(["zh", "en"]),
    default="zh",
    envvar="PLUMBLINE_LANG",
    show_envvar=True,
    help="语言，默认中文，也可写在子命令之后 · language, default Chinese; may also follow the command",
)
@click.option("--debug", is_flag=True, help="出错时显示位置 · on failure, show where")
@click.version_option(package.__version__, help="版本 · version", prog_name="plumbline")
@click.help_option("-h", "--help", help="帮助 · help")
@click.pass_context
def plumbline(ctx: click.Context, workspace: Path, lang: Lang, debug: bool) -> None:
    """准绳：各部门的数据与制度划出的准绳碰撞，得出可核实的预警。

    Registers collide with the line that the rules draw; what departs from it
    becomes a warning that can be explained and computed again.
    """
    del debug  # read where failures end
    ctx.obj = Office(workspace, lang)


for _command in (
    demonstrate.demo,
    start.init,
    start.profile,
    load.load,
    quarantine.quarantine,
    catalog.datasets,
    catalog.models,
    check.new,
    check.check,
    check.sql,
    link.link,
    plan.plan,
    collide.collide,
    collide.runs,
    backtest.backtest,
    warning.warnings,
    explain.explain,
    explain.reproduce,
    proof.export_proof,
    link.who,
    judge.pairs,
    judge.judge,
    judge.judgements,
    ticket.tickets,
    appoint.appoint,
    serve.serve,
    work.work,
    trail.trail,
    purge.purge,
    backup.backup,
    backup.restore,
    backup.encrypt,
    backup.decrypt,
):
    plumbline.add_command(_command)


def main() -> None:
    """The entry point; a reader that has gone away (`| head`) ends it quietly."""
    try:
        plumbline(prog_name="plumbline")
    except BrokenPipeError:
        os._exit(1)
