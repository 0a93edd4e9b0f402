"""`plumbline backup` and `plumbline restore`: an office comes back whole, and its trail verifies."""

from __future__ import annotations

import json
import os
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from uuid import uuid4

import pytest

from plumbline.engine import Workspace

ROOT = Path(__file__).parents[2]
KEY = "0123456789abcdef0123456789abcdef"
#: Acts, sealed and sent outside.
ACT = """
import django; django.setup()
from django.db import transaction
from django.utils import timezone
from plumbline.org.models import User
from plumbline.org.policy import person_digest
from plumbline.trail.actions import record
from plumbline.trail.anchor import anchor
from plumbline.trail.sealing import seal
from plumbline.web.serving import migrate
migrate()
person_digest("380102199003071230")
User.objects.get_or_create(username="yan", defaults={"name": "颜某"})
for number in range(40):
    with transaction.atomic():
        record("warning.signed_for", subject=f"warning:{number}", by=None, at=timezone.now())
seal(at=timezone.now())
for place in anchor(at=timezone.now()):
    assert not place.fault, place.fault
"""

WARN = """
import django; django.setup()
from tests.loop.disposal import warned
from tests import people
warned.warning(people.cast())
"""


class Office:
    """A workspace with a workbench, and a file of heads on another machine.

    Args:
        database: of a PostgreSQL server, or the file to begin with.
    """

    def __init__(self, folder: Path, database: str | Path) -> None:
        self.folder = folder / "office"
        self.database = database if isinstance(database, str) else ""
        self.archive, self.keys, self.key = folder / "backup", folder / "keys", folder / "key"
        self.outside = folder / "elsewhere.jsonl"
        Workspace.create(self.folder)
        if isinstance(database, Path):
            shutil.copyfile(database, self.folder / "workbench.db")
        (self.folder / "plumbline.toml").write_text(
            f'[workspace]\nname = "小样"\n\n[workbench]\nanchors = ["{self.outside}"]\n'
        )
        (self.folder / "inbox" / "名单.csv").write_text("姓名\n王某\n")
        (self.folder / "private" / "files").mkdir(mode=0o700, parents=True)
        (self.folder / "private" / "files" / "谈话.txt").write_text("记录")
        self.key.write_text(KEY)
        self.act()

    def act(self) -> None:
        self.run(sys.executable, "-c", ACT)

    def run(self, *command: str, code: int = 0, folder: Path | None = None) -> str:
        env = {
            **os.environ, "PLUMBLINE_WORKSPACE": str(folder or self.folder), "PLUMBLINE_DATABASE": self.database,
            "DJANGO_SETTINGS_MODULE": "plumbline.web.settings", "PYTHONPATH": f"{ROOT / 'src'}:{ROOT}", "COLUMNS": "200",
        }  # fmt: skip
        done = subprocess.run(
            command, env=env, cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    def plumbline(self, *words: object, code: int = 0, folder: Path | None = None) -> str:
        command = [sys.executable, "-m", "plumbline.cli", "--lang", "en", *map(str, words)]
        return self.run(*command, code=code, folder=folder)


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> Office:
    """Backed up, sealed by SM4, with its keys."""
    office = Office(tmp_path_factory.mktemp("office"), tables)
    said = office.plumbline(
        "backup", office.archive, "--keys", office.keys, "--cipher", "sm4", "--key-file", office.key
    )
    assert "read again and compared" in said
    assert "keep them apart" in said
    return office


@pytest.fixture
def office(made: Office, tmp_path: Path) -> Office:
    """The same, each test with files of its own to spoil."""
    for name in ("archive", "keys", "key", "outside"):
        shutil.copy(getattr(made, name), tmp_path)
    mine = object.__new__(Office)
    mine.folder, mine.database = tmp_path / "restored", ""
    mine.archive, mine.keys = tmp_path / "backup", tmp_path / "keys"
    mine.key, mine.outside = tmp_path / "key", tmp_path / "elsewhere.jsonl"
    return mine


def test_it_comes_back_whole_and_verifies(made: Office, office: Office) -> None:
    said = office.plumbline(
        "restore", office.archive, office.folder, "--keys", office.keys, "--key-file", office.key,
        "--head", office.outside,
    )  # fmt: skip
    assert "40 sealed, all computed again; confirmed by heads outside: 40" in said
    assert "it verifies" in said
    passing = {
        "workbench.db",
        "workbench.db-wal",
        "workbench.db-shm",
        "workbench.db.lock",
        "store/lock",
    }
    there, here = ({p.relative_to(f).as_posix(): p for p in f.rglob("*") if p.is_file()}
                   for f in (made.folder, office.folder))  # fmt: skip
    assert there.keys() - passing == here.keys() - passing
    for name in there.keys() - passing:
        assert there[name].read_bytes() == here[name].read_bytes(), name
    assert here["private/trail.key"].stat().st_mode & 0o777 == 0o600
    assert (office.folder / "private").stat().st_mode & 0o777 == 0o700
    with closing(sqlite3.connect(here["workbench.db"])) as database:
        assert database.execute("SELECT name FROM org_user").fetchall() == [("颜某",)]
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    with closing(sqlite3.connect(made.folder / "workbench.db")) as database:
        [(action, detail)] = database.execute(
            "SELECT action, detail FROM trail_entry ORDER BY id DESC LIMIT 1"
        )
    assert action == "backup.made"  # whoever takes a copy of everything has acted
    assert json.loads(detail)["files"] >= 5


def test_nothing_is_overwritten(office: Office) -> None:
    office.folder.mkdir()
    (office.folder / "mine").write_text("x")
    said = office.plumbline(
        "restore", office.archive, office.folder, "--key-file", office.key, code=2
    )
    assert "it is not overwritten" in said
    assert [each.name for each in office.folder.iterdir()] == ["mine"]


@pytest.mark.parametrize("wrong", ["key", "byte", "half"])
def test_what_is_not_as_it_was_written_restores_nothing(office: Office, wrong: str) -> None:
    whole = bytearray(office.archive.read_bytes())
    if wrong == "key":
        office.key.write_text("another-key-0123456789")
    elif wrong == "byte":
        whole[len(whole) // 2] ^= 1
    else:
        del whole[len(whole) // 2 :]
    office.archive.write_bytes(whole)
    said = office.plumbline(
        "restore", office.archive, office.folder, "--key-file", office.key, code=2
    )
    assert ("the key is wrong" if wrong == "key" else "altered or cut off") in said
    assert not office.folder.exists()
    assert not list(office.folder.parent.glob(".restored*"))


def test_without_the_keys_it_says_what_does_not_work(office: Office) -> None:
    said = office.plumbline("restore", office.archive, office.folder, "--key-file", office.key)
    assert "without private/secret, private/person.key, private/trail.key" in said


def test_what_was_sealed_after_the_backup_is_missed(tmp_path: Path, tables: Path) -> None:
    office = Office(tmp_path, tables)
    assert "it is not encrypted" in office.plumbline("backup", office.archive)
    within = office.folder / "backup"
    assert "does not lie within" in office.plumbline("backup", within, code=2)
    assert "not overwritten" in office.plumbline("backup", office.archive, code=2)
    office.act()
    (tmp_path / "copy.jsonl").write_bytes(office.outside.read_bytes())
    said = office.plumbline(
        "restore", office.archive, tmp_path / "again", "--head", tmp_path / "copy.jsonl", code=1
    )
    assert "40 sealed, all computed again; confirmed by heads outside: 40" in said
    assert "the heads outside tell of 41 entries that were sealed after the backup" in said


@pytest.mark.postgres
def test_a_postgresql_database_behind_its_walls(tmp_path: Path, postgres: str) -> None:
    import psycopg  # noqa: PLC0415 -- not everybody has PostgreSQL

    name = f"kept_{uuid4().hex[:12]}"
    server = postgres.rpartition("/")[0]
    plain = f"postgresql://{name}:word@{server.rpartition('@')[2]}"
    with psycopg.connect(postgres, autocommit=True) as root:
        root.execute(
            f"CREATE ROLE {name} LOGIN PASSWORD 'word'"
        )  # no superuser: the walls hold for it
        for each in (name, f"{name}_new"):
            root.execute(f"CREATE DATABASE {each} OWNER {name}")
        try:
            office = Office(tmp_path, f"{plain}/{name}")
            office.run(sys.executable, "-c", WARN)
            office.plumbline("backup", office.archive, "--cipher", "aes", "--key-file", office.key)
            again = tmp_path / "again"
            call = (
                "restore",
                office.archive,
                again,
                "--key-file",
                office.key,
                "--head",
                office.outside,
            )
            said = office.plumbline(*call, "--database", f"{plain}/{name}", code=2)
            assert "the database is not empty" in said
            assert not again.exists()
            said = office.plumbline(*call, "--database", f"{plain}/{name}_new")
            assert "confirmed by heads outside: 40" in said
            with psycopg.connect(f"{plain}/{name}_new") as new:
                assert new.execute("SELECT count(*) FROM warning_earlywarning").fetchone() == (0,)
                new.execute("SELECT set_config('plumbline.scope', 'worker', false)")
                assert new.execute("SELECT count(*) FROM warning_earlywarning").fetchone() == (1,)
        finally:
            for each in (name, f"{name}_new"):
                root.execute(f"DROP DATABASE {each} WITH (FORCE)")
            root.execute(f"DROP ROLE {name}")
