"""The page about security names tests and settings; each of them is there."""

from __future__ import annotations

import ast
import re
from functools import cache
from pathlib import Path

import pytest
from django.conf import settings

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "explanation" / "security.md"
STATES = {"met", "in part", "not met", "office", "n/a"}


def rows() -> list[tuple[str, str, str]]:
    """Every line of both tables: what is asked, its state, and by what it is shown."""
    found = []
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and len(cells) == 3 and set(cells[1]) != {"-"}:
            found.append((cells[0], cells[1], cells[2]))
    return [row for row in found if row[1] != "state"]


@cache
def functions(path: Path) -> set[str]:
    return {
        node.name
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.FunctionDef)
    }


def test_every_line_says_one_of_the_states() -> None:
    assert len(rows()) > 80
    assert {state for _, state, _ in rows()} <= STATES


@pytest.mark.parametrize("row", rows(), ids=lambda row: row[0])
def test_what_a_line_names_exists(row: tuple[str, str, str]) -> None:
    asked, state, shown = row
    for path, name in re.findall(r"`(tests/[\w/.]+)(?:::(\w+))?`", shown):
        assert (ROOT / path).exists(), (asked, path)
        assert not name or name in functions(ROOT / path), (asked, name)
    for name in re.findall(r"`setting (\w+)`", shown):
        assert hasattr(settings, name), (asked, name)
    if state in {"met", "in part"}:
        assert shown, asked
    if state == "in part":  # it says what is missing
        assert re.search(r"\bno\b|\bnot\b|none|until|by the disk|carry", shown), asked
