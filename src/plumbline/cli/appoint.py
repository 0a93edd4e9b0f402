"""The first administrators of a workbench, named at the machine itself."""

from __future__ import annotations

import click

from plumbline.cli.office import Office, pass_office
from plumbline.cli.workbench import set_up

_KINDS = {"system": "system_admin", "security": "security_admin", "audit": "audit_admin"}


@click.command()
@click.argument("kind", type=click.Choice(list(_KINDS)))
@click.argument("username")
@click.argument("name")
@click.option(
    "--reason",
    required=True,
    help="依据，如任命文件 · on which ground, such as a letter of appointment",
)
@pass_office
def appoint(office: Office, kind: str, username: str, name: str, reason: str) -> None:
    """任命第一任管理员 · Name the first administrator of a kind.

    系统、安全、审计三个管理员各由一人担任（三员分立），互不兼任。此后的账号和权限由他们在工作台办理。
    给出一个设置口令的一次性链接，三天内有效。

    There is one administrator for the system, one for security and one for audit, and nobody is two of
    them. Accounts and rights after these are their part, in the workbench. A one-time link to set the
    password is given, good for three days.
    """
    set_up(office)
    from plumbline.org.actions import appoint_first
    from plumbline.org.links import link_of
    from plumbline.org.models import Role
    from plumbline.web import serving

    serving.migrate()
    number = click.prompt(
        office.words("公民身份号码（只保存摘要，可留空）", "citizen number (only a digest is kept; may be left empty)"),
        default="", show_default=False, hide_input=True,
    )  # fmt: skip
    user = appoint_first(Role(_KINDS[kind]), username, name, number, at=office.now, reason=reason)
    office.say(f"已任命{Role(user.grants.get().role).label}：{user.name}",
               f"appointed: {user.name}, {kind}", "green")  # fmt: skip
    office.line(
        office.words(
            f"请本人在工作台打开（三天内、一次有效）：{link_of(user)}",
            f"to be opened by them in the workbench, once, within three days: {link_of(user)}",
        )
    )
