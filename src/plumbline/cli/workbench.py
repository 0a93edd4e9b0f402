"""The one step from the command line into the workbench: Django, set up for a workspace."""

from __future__ import annotations

import os
from importlib.util import find_spec

from plumbline.cli.office import Office
from plumbline.errors import DeclarationError, PlumblineError, Text


def is_there(office: Office) -> bool:
    """Was a workbench set up for the workspace, so that acts have a trail to be on?"""
    said = office.workspace.settings.get("workbench", {})
    return bool(
        said.get("database")
        or os.environ.get("PLUMBLINE_DATABASE")
        or (office.folder / "workbench.db").is_file()
    )


def set_up(office: Office) -> None:
    """Set Django up for the workspace; commands that need it import the rest only afterwards.

    Raises:
        DeclarationError: there is no workspace.
        PlumblineError: the workbench is not installed.
    """
    if not office.has_workspace:
        raise DeclarationError(
            Text("这里没有工作区", "there is no workspace here"),
            where=str(office.folder.absolute()),
            hint=Text("用 plumbline init 建立", "make one with plumbline init"),
        )
    if find_spec("django") is None:
        raise PlumblineError(
            Text("没有安装工作台", "the workbench is not installed"),
            hint=Text("安装 plumbline[web]", "install plumbline[web]"),
        )
    os.environ["PLUMBLINE_WORKSPACE"] = str(office.folder.absolute())
    os.environ["DJANGO_SETTINGS_MODULE"] = "plumbline.web.settings"
    import django

    django.setup()


def with_database(office: Office) -> None:
    """As `set_up`, for commands that need what people did and do not prepare a database themselves.

    Raises:
        PlumblineError: the workbench was never opened here, or not since it was brought up to date.
    """
    set_up(office)
    from django.db import DEFAULT_DB_ALIAS, connections
    from django.db.migrations.executor import MigrationExecutor

    executor = MigrationExecutor(connections[DEFAULT_DB_ALIAS])
    if executor.migration_plan(executor.loader.graph.leaf_nodes()):
        raise PlumblineError(
            Text("数据库还没有准备好", "the database is not ready"),
            hint=Text(
                "plumbline serve 会建好或更新它", "plumbline serve makes it or brings it up to date"
            ),
        )
