"""What holds for every act of the workbench: it leaves a row on the trail, in its own transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

SRC = Path(__file__).parents[2] / "src"
APPS = ("org", "kit/clock", "web/cockpit", *(f"loop/{app}" for app in ("delivery", "supervision", "supervision/identity", "supervision/studio", "warning", "warning/runs", "disposal", "disposal/exporting", "closure")))  # fmt: skip
#: What writes the row.
WRITERS = {
    ("plumbline/trail/actions.py", "record"),
    ("plumbline/trail/actions.py", "record_reading"),
    ("plumbline/kit/flow.py", "advance"),
}
#: Parts of other acts, called by them in their transaction; they say so themselves.
PARTS = {
    ("plumbline/kit/clock/actions.py", "start"),
    ("plumbline/kit/clock/actions.py", "stop"),
    ("plumbline/loop/disposal/actions/document.py", "keep"),
    ("plumbline/loop/disposal/actions/holding.py", "hold"),
    ("plumbline/loop/closure/actions/attachment.py", "keep"),
    ("plumbline/loop/closure/actions/campaign.py", "must_be_later"),
}


@cache
def parsed(module: str) -> ast.Module:
    return ast.parse((SRC / module).read_text("utf-8"))


@cache
def functions(module: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in parsed(module).body if isinstance(node, ast.FunctionDef)}


def file_of(dotted: str) -> str | None:
    path = dotted.replace(".", "/")
    return next((p for p in (f"{path}.py", f"{path}/__init__.py") if (SRC / p).is_file()), None)


@cache
def imported(module: str) -> dict[str, tuple[str, str]]:
    """Name in a module -> (module it comes from, name there); a module itself has an empty name."""
    found = {}
    for node in ast.walk(parsed(module)):
        if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("plumbline"):
            for alias in node.names:
                if inner := file_of(f"{node.module}.{alias.name}"):
                    found[alias.asname or alias.name] = (inner, "")
                elif outer := file_of(node.module):
                    found[alias.asname or alias.name] = (outer, alias.name)
    return found


def called(module: str, name: str) -> set[tuple[str, str]]:
    """What a function calls, as (module, name), as far as it is ours."""
    found = set()
    for call in (n.func for n in ast.walk(functions(module)[name]) if isinstance(n, ast.Call)):
        if isinstance(call, ast.Name) and call.id in functions(module):
            found.add((module, call.id))
        elif isinstance(call, ast.Name) and call.id in imported(module):
            found.add(imported(module)[call.id])
        elif isinstance(call, ast.Attribute) and isinstance(call.value, ast.Name):
            place, inner = imported(module).get(call.value.id, ("", "-"))
            if place and not inner:
                found.add((place, call.attr))
    return found


def reaches(start: tuple[str, str], wanted: set[tuple[str, str]]) -> bool:
    seen, waiting = set[tuple[str, str]](), [start]
    while waiting:
        at = waiting.pop()
        if at in wanted:
            return True
        if at not in seen and at[1] in functions(at[0]):
            waiting += called(*at)
        seen.add(at)
    return False


def acts() -> Iterator[tuple[str, str]]:
    """Public functions of the action modules that are given the time."""
    for app in APPS:
        here = SRC / "plumbline" / app
        for path in sorted([*here.glob("actions.py"), *here.glob("actions/*.py")]):
            module = str(path.relative_to(SRC))
            for name, node in functions(module).items():
                given = {each.arg for each in (*node.args.args, *node.args.kwonlyargs)}
                if not name.startswith("_") and "at" in given and (module, name) not in PARTS:
                    yield module, name


ACTS = [pytest.param(act, id=":".join(act).removeprefix("plumbline/")) for act in acts()]


def test_there_are_acts_to_look_at() -> None:
    assert len(ACTS) > 100


@pytest.mark.parametrize("act", ACTS)
def test_every_act_leaves_a_row_on_the_trail(act: tuple[str, str]) -> None:
    assert reaches(act, WRITERS)


@pytest.mark.parametrize("app", APPS)
def test_nothing_else_appends_to_the_trail(app: str) -> None:
    """Views, queries and forms decide nothing, so they write nothing; reading alone is told by views."""
    telling = {f"plumbline/{app}/{name}.py" for name in ("queries", "forms", "policy")}
    for module in sorted(
        telling & {str(p.relative_to(SRC)) for p in (SRC / "plumbline" / app).glob("*.py")}
    ):
        for name in functions(module):
            assert not called(module, name) & WRITERS, f"{module}:{name}"
