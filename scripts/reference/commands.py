"""The commands, their options, and what they print as JSON."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click
from click.testing import CliRunner

from plumbline.cli import plumbline
from plumbline.engine.workspace import _SETTINGS
from scripts.reference.small import make_office
from scripts.reference.tables import code, table
from scripts.reference.words import SETTINGS

_MODEL = "honour-despite-offence"


def walk(
    command: click.Command = plumbline, path: tuple[str, ...] = ("plumbline",)
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Every command with the words that call it."""
    yield path, command
    if isinstance(command, click.Group):
        for name, inner in command.commands.items():
            yield from walk(inner, (*path, name))


def index() -> str:
    """The commands in the order of the work."""
    rows = []
    for path, command in walk():
        if isinstance(command, click.Group):
            continue
        zh, en = _first_line(command)
        rows.append((f"[`{' '.join(path)}`](#{'-'.join(path)})", zh, en))
    return table(("command", "命令", "what it does"), rows)


def overall() -> str:
    """Options that stand before the command."""
    return _options(plumbline, ("plumbline",))


def each() -> str:
    """A section for each command."""
    return "\n\n".join(
        _section(path, command) for path, command in walk() if not isinstance(command, click.Group)
    )


def _section(path: tuple[str, ...], command: click.Command) -> str:
    usage = " ".join([*path, *command.collect_usage_pieces(_context(path, command))])
    zh, en = _first_line(command)
    parts = [f"### {' '.join(path)}", f"{zh} · {en}", f"```text\n{usage}\n```"]
    parts += _rest(command)
    if options := _options(command, path):
        parts.append(options)
    return "\n\n".join(parts)


def _first_line(command: click.Command) -> tuple[str, str]:
    zh, _, en = (command.help or "").partition("\n")[0].rstrip(".").partition(" · ")
    return zh.strip(), en.strip() or zh.strip()


def _rest(command: click.Command) -> Iterator[str]:
    for paragraph in (command.help or "").split("\n\n")[1:]:
        text = paragraph.strip()
        if text.startswith("\b"):
            lines = "\n".join(line.strip() for line in text.splitlines()[1:])
            yield f"```text\n{lines}\n```"
        else:
            yield "\n".join(re.sub(r"\s+", " ", line).strip() for line in text.splitlines())


def _options(command: click.Command, path: tuple[str, ...]) -> str:
    context = _context(path, command)
    rows = []
    for option in command.params:
        if not isinstance(option, click.Option):
            continue
        record = option.get_help_record(context)
        if record is None:
            continue
        written, said = record
        said = re.sub(r"\s*\[env var: \w+\]", "", said)
        variable = option.envvar if isinstance(option.envvar, str) else ""
        rows.append((code(written), said, code(variable)))
    if not rows:
        return ""
    if any(row[2] for row in rows):
        return table(("option", "meaning", "environment"), rows)
    return table(("option", "meaning"), [row[:2] for row in rows])


def _context(path: tuple[str, ...], command: click.Command) -> click.Context:
    return click.Context(command, info_name=" ".join(path))


def settings() -> str:
    """The keys of `plumbline.toml`."""
    known = {section: set(keys) for section, keys in SETTINGS.items()}
    if known != _SETTINGS:
        raise KeyError(f"words and code differ: {known} {_SETTINGS}")
    rows = [
        (code(f"[{section}]"), code(key), meaning, without)
        for section, keys in SETTINGS.items()
        for key, (meaning, without) in keys.items()
    ]
    return table(("section", "key", "meaning", "without it"), rows)


def json_of(command: str) -> str:
    """What a command prints for the small office, laid out for reading."""
    printed = _answers()[command]
    return f"```json\n{json.dumps(printed, ensure_ascii=False, indent=2)}\n```"


@cache
def _answers() -> dict[str, Any]:
    with TemporaryDirectory() as scratch:
        folder = make_office(Path(scratch) / "office")
        run(folder, "load")
        return {
            "collide": json.loads(run(folder, "--lang", "en", "collide", _MODEL, "--json")),
            "warnings": json.loads(run(folder, "--lang", "en", "warnings", "--json")),
        }


def run(folder: Path, *arguments: str, expect: int = 0) -> str:
    """What a command prints in the workspace `folder`."""
    done = CliRunner().invoke(plumbline, ["--workspace", str(folder), *arguments])
    if done.exit_code != expect:
        raise RuntimeError(f"plumbline {' '.join(arguments)}: {done.output}") from done.exception
    return done.stdout
