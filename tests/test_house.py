"""The rules of the house, for all that is shipped: text, locks, commands, words."""

from __future__ import annotations

import ast
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from plumbline.engine.catalog import packaged_catalog

ROOT = Path(__file__).parents[1]


def shipped() -> list[Path]:
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        check=False,
    )
    if listed.returncode != 0:
        pytest.skip("not a checkout, so there is no list of what is shipped")
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return sorted(path for path in paths if path.is_file())


def text_of(path: Path) -> str:
    """The file's text, or nothing where it is not text."""
    raw = path.read_bytes()
    return "" if b"\0" in raw else raw.decode(errors="replace")


# Written so that this file does not say them itself.
INDEX = re.compile(
    r"py[p]i\.(org|python)|pythonhos[t]ed|/sim[p]le/|registry\.np[m]js|deb\.deb[i]an|"
    r"^ *(--)?(extra-)?index-u[r]l",
    re.MULTILINE | re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.~}-])/(home|root|[U]sers|work(space)?|mnt)/\w")


@pytest.mark.parametrize(
    ("what", "pattern"),
    [("the address of a package index", INDEX), ("a path of somebody's machine", MACHINE)],
)
def test_nothing_shipped_names(what: str, pattern: re.Pattern[str]) -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]!r}"
        for path in shipped()
        for hit in pattern.finditer(text_of(path))
    ]
    assert found == [], f"{what} is named"


LOCAL = re.compile(r"https?://(\{place\}|(127\.0\.0\.1|localhost|[\w.-]*\bexample(\.\w+)?)\b)")
NAMES = ("http://schemas.", "http://www.w3.org/")  # of formats: written in files, never opened
#: Others' scripts name their licences; what they may open the content security policy says: this place alone.
VENDORED = ROOT / "src" / "plumbline" / "web" / "static" / "vendor"


def test_the_program_calls_nobody() -> None:
    found = [
        f"{path.relative_to(ROOT)}: {hit[0]}"
        for path in shipped()
        if path.is_relative_to(ROOT / "src") and not path.is_relative_to(VENDORED)
        for hit in re.finditer(r"https?://[^\s\"')>]+", text_of(path))
        if not LOCAL.match(hit[0]) and not hit[0].startswith(NAMES)
    ]
    assert found == []


LOCKS = sorted((ROOT / "requirements").glob("*.lock"))


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.stem)
def test_a_lock_says_releases_and_hashes_only(lock: Path) -> None:
    line = re.compile(
        r"#.*|    #.*|[a-z0-9.-]+(\[[a-z,-]+\])?==\S+( ; .*)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?"
    )
    odd = [text for text in lock.read_text().splitlines() if not line.fullmatch(text)]
    assert odd == []


def locked(name: str) -> dict[str, set[str]]:
    found: dict[str, set[str]] = {}
    for text in (ROOT / "requirements" / name).read_text().splitlines():
        if hit := re.match(r"([a-z0-9.-]+)(?:\[.*\])?==(\S+)", text):
            found.setdefault(canonicalize_name(hit[1]), set()).add(hit[2])
    return found


def declared(*groups: str) -> Iterator[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    own = project["project"]
    lists = {
        "base": own["dependencies"],
        **own["optional-dependencies"],
        **project["dependency-groups"],
    }
    for group in groups:
        for entry in lists[group]:
            if isinstance(entry, str):
                yield Requirement(entry)
            else:
                yield from declared(entry["include-group"])


@pytest.mark.parametrize(
    ("lock", "groups"),
    [
        ("base.lock", ["base", "build"]),
        ("dev.lock", ["base", "postgres", "mysql", "dev"]),
        ("spark.lock", ["base", "spark", "test"]),
    ],
)
def test_the_locks_hold_what_the_project_declares(lock: str, groups: list[str]) -> None:
    versions = locked(lock)
    loose = [
        str(wanted)
        for wanted in declared(*groups)
        if not all(
            wanted.specifier.contains(version, prereleases=True)
            for version in versions.get(canonicalize_name(wanted.name), {"0"})
        )
    ]
    assert loose == [], "edit pyproject.toml, then run scripts/lock"


def imported() -> set[str]:
    """The top-level modules from outside that the program imports anywhere."""
    found: set[str] = set()
    for path in (ROOT / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Import):
                found |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.split(".")[0])
    return found - sys.stdlib_module_names - {"plumbline"}


def test_what_is_imported_is_declared_and_the_reverse() -> None:
    holders = packages_distributions()
    used = {canonicalize_name(holders.get(module, [module])[0]) for module in imported()}
    base = {canonicalize_name(wanted.name) for wanted in declared("base")}
    extra = {
        canonicalize_name(wanted.name) for wanted in declared("web", "postgres", "mysql", "spark")
    }
    assert used - base - extra == set(), "imported, not declared"
    assert base - used == set(), "declared, not imported"


def test_the_locks_agree() -> None:
    dev = locked("dev.lock")
    assert {name: dev[name] for name in locked("base.lock")} == locked("base.lock")
    other = {name: v for name, v in locked("duckdb2.lock").items() if name != "duckdb"}
    assert other == {name: v for name, v in dev.items() if name != "duckdb"}


def commands() -> list[tuple[str, click.Command]]:
    if not (ROOT / "src/plumbline/cli/__init__.py").exists():
        return []
    from plumbline.cli import plumbline  # noqa: PLC0415 -- this file's other rules need no command

    def walk(path: str, command: click.Command) -> Iterator[tuple[str, click.Command]]:
        yield path, command
        if isinstance(command, click.Group):
            for name, inner in sorted(command.commands.items()):
                yield from walk(f"{path} {name}", inner)

    return list(walk("plumbline", plumbline))


@pytest.mark.parametrize(("path", "command"), [pytest.param(*c, id=c[0]) for c in commands()])
def test_every_command_says_what_it_does(path: str, command: click.Command) -> None:
    assert command.help, f"{path} has no help"
    silent = [
        option.name
        for option in command.params
        if isinstance(option, click.Option) and not option.help
    ]
    assert silent == [], f"{path}: options without help"


def glossary() -> Iterator[str]:
    """The names that the glossary says stand in the code; those in brackets do not yet."""
    for text in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        if hit := re.match(r"\| \S+ \| `(\w+)` \|", text):
            yield hit[1]


@pytest.mark.parametrize("name", list(glossary()))
def test_every_term_of_the_glossary_stands_in_the_code(name: str) -> None:
    word = re.compile(rf"\b{name}\b")
    assert any(word.search(path.read_text()) for path in (ROOT / "src").rglob("*.py"))


def test_the_catalog_is_found_in_the_checkout() -> None:
    assert packaged_catalog() == ROOT / "catalog"


def test_the_catalog_and_scripts_of_others_come_along_in_the_wheel(tmp_path: Path) -> None:
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    subprocess.run([*build, "--directory", tmp_path], cwd=ROOT, check=True, capture_output=True)
    with zipfile.ZipFile(next(tmp_path.glob("*.whl"))) as wheel:
        wheel.extractall(tmp_path)
    code = "from plumbline.engine.catalog import packaged_catalog; print(packaged_catalog())"
    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        check=True,
        capture_output=True,
        text=True,
    )
    found = Path(answer.stdout.strip())
    assert found == tmp_path / "plumbline" / "_catalog"
    wanted = [path for path in shipped() if path.is_relative_to(ROOT / "catalog")]
    assert {path.relative_to(ROOT / "catalog") for path in wanted} <= {
        path.relative_to(found) for path in found.rglob("*")
    }
    vendored = {
        path.relative_to(ROOT / "src") for path in shipped() if path.is_relative_to(VENDORED)
    }
    assert vendored
    assert all((tmp_path / path).is_file() for path in vendored)
