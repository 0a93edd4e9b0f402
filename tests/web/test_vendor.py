"""What browsers load that is not ours is what the lock says, with its licences, and calls nobody."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from scripts.vendor import FOLDER, LOCK, as_served, locked, sha512

LOCKED = locked()
FILES = [
    pytest.param(FOLDER / name / here, entry["sha512"], id=f"{name}/{here}")
    for name, package in LOCKED.items()
    for here, entry in package["files"].items()
]


@pytest.mark.parametrize(("path", "hashed"), FILES)
def test_a_file_is_the_one_that_was_fetched(path: Path, hashed: str) -> None:
    assert sha512(path.read_bytes()) == hashed


def test_nothing_else_lies_there() -> None:
    there = {path for path in FOLDER.rglob("*") if path.is_file()}
    assert there == {LOCK, *(param.values[0] for param in FILES)}


@pytest.mark.parametrize("name", sorted(LOCKED))
def test_a_package_has_its_licence_beside_it(name: str) -> None:
    package = LOCKED[name]
    assert package["licence"] in {"Apache-2.0", "MIT", "BSD-2-Clause", "BSD-3-Clause", "ISC"}
    assert re.fullmatch(r"\d+\.\d+\.\d+", package["version"])
    assert package["integrity"].startswith("sha512-")
    assert any(here.startswith("LICENSE") for here in package["files"])


@pytest.mark.parametrize("path", [p.values[0] for p in FILES], ids=[p.id for p in FILES])
def test_no_file_names_a_map_that_is_not_shipped(path: Path) -> None:
    assert b"sourceMappingURL=" not in path.read_bytes()


@pytest.mark.parametrize(
    ("fetched", "served"),
    [
        (b"run();\n//# sourceMappingURL=a.min.js.map\n", b"run();\n"),
        (b"run();\n//# sourceMappingURL=a.min.js.map", b"run();\n"),
        (b".a{}\n/*# sourceMappingURL=a.css.map */\n", b".a{}\n"),
        (b'say("sourceMappingURL");\n', b'say("sourceMappingURL");\n'),
    ],
    ids=["script", "last line", "style", "a word in a script"],
)
def test_the_line_of_a_map_is_taken_out(fetched: bytes, served: bytes) -> None:
    assert as_served(fetched) == served
