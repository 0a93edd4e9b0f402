"""What a test may need from outside: real data, database servers.

What is absent is skipped with a word; under PLUMBLINE_SKIP_NOTHING, which the deciding run sets, its
absence is a failure.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings as hypothesis

# A shared machine is slow at times, and a slow example is not a wrong one.
hypothesis.register_profile("plumbline", deadline=None, print_blob=True)
hypothesis.load_profile("plumbline")


#: Files whose tests take long, together more than half a minute: left to the end, one of them would keep one
#: worker busy alone.
_LONG = (
    "tests/soak/test_server_kill.py",
    "tests/soak/test_collide.py",
    "tests/soak/test_worker_kill.py",
    "tests/soak/test_limits.py",
    "tests/engine/linkage/test_linking.py", "tests/engine/collision/test_increment.py", "tests/test_real_data.py",
    "tests/test_readme.py", "tests/cli/test_demonstrate.py", "tests/web/test_addresses.py", "tests/cli/test_judge.py",
    "tests/web/test_worker.py", "tests/engine/collision/test_purge.py", "tests/bench/test_collide.py",
    "tests/cli/test_backup.py", "tests/web/programs/test_interface.py", "tests/cli/test_who.py",
    "tests/engine/collision/test_register.py", "tests/engine/fact/test_interrupted.py", "tests/test_docs.py",
    "tests/engine/linkage/test_weighing.py", "tests/cli/test_purge.py", "tests/engine/fact/test_hands.py",
)  # fmt: skip


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Long ones first, in this order; within a file and of the others chance decides."""
    rank = {file: number for number, file in enumerate(_LONG)}
    items.sort(key=lambda item: rank.get(item.nodeid.partition("::")[0], len(_LONG)))


def _outside(variable: str, what: str) -> str:
    if value := os.environ.get(variable):
        return value
    message = f"{variable} is not set, so no test with {what}"
    if os.environ.get("PLUMBLINE_SKIP_NOTHING"):
        pytest.fail(message)
    pytest.skip(message)


@pytest.fixture(scope="session")
def root() -> Path:
    """The checkout's folder."""
    return Path(__file__).parents[1]


@pytest.fixture
def postgres() -> str:
    """The address of an empty PostgreSQL database; mark the test `postgres`."""
    return _outside("PLUMBLINE_TEST_POSTGRES", "a PostgreSQL database")


@pytest.fixture
def mysql() -> str:
    """The address of an empty MySQL or MariaDB database; mark the test `mysql`."""
    return _outside("PLUMBLINE_TEST_MYSQL", "a MySQL database")


@pytest.fixture
def chinese_font() -> None:
    """There is a font with Chinese characters, as every PDF needs."""
    from plumbline.kit.letter.fonts import NoFontError, chosen  # noqa: PLC0415 -- most tests need none

    try:
        chosen()
    except NoFontError as error:
        if os.environ.get("PLUMBLINE_SKIP_NOTHING"):
            pytest.fail(str(error))
        pytest.skip(str(error).splitlines()[0])


@pytest.fixture
def shared_data() -> Path:
    """A folder of real public data that may be tried but not copied: `ocds/`, `debarment/`, ..."""
    return Path(_outside("PLUMBLINE_SHARED_DATA", "real data"))


@pytest.fixture(scope="session")
def tables(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workbench's SQLite database with its tables and nothing in them, to be copied.

    Making them takes seconds, so of several workers one makes them for all.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if os.environ.get("PYTEST_XDIST_WORKER") else base) / "tables"
    folder.mkdir(exist_ok=True)
    made = folder / "made.db"
    with (folder / "lock").open("w") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if not made.exists():
            subprocess.run(
                [
                    sys.executable, "-c",
                    "import django; django.setup(); from plumbline.web.serving import migrate; migrate()",
                ],
                env={
                    **{k: v for k, v in os.environ.items() if k != "PLUMBLINE_DATABASE"},
                    "PLUMBLINE_WORKSPACE": str(folder),
                    "DJANGO_SETTINGS_MODULE": "plumbline.web.settings",
                    "PYTHONPATH": os.pathsep.join(sys.path),
                },
                check=True,
            )  # fmt: skip
            (folder / "workbench.db").rename(made)
    return made


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    request: pytest.FixtureRequest,
    tmp_path_factory: pytest.TempPathFactory,
    django_db_modify_db_settings_parallel_suffix: None,  # noqa: ARG001 -- asked for its effect
) -> None:
    """On SQLite a file, as in an office: a database in memory locks otherwise when many write at once."""
    from django.conf import settings as django  # noqa: PLC0415 -- most tests need no Django

    default: dict[str, Any] = django.DATABASES["default"]
    if default["ENGINE"].endswith("sqlite3"):
        name = tmp_path_factory.mktemp("db") / "test.db"
        shutil.copyfile(request.getfixturevalue("tables"), name)
        default.setdefault("TEST", {})["NAME"] = str(name)


@pytest.fixture(scope="session")
def django_db_keepdb(django_db_keepdb: bool) -> bool:  # noqa: FBT001 -- pytest-django's
    """On SQLite the tables are there before a test asks for them."""
    from django.conf import settings as django  # noqa: PLC0415 -- most tests need no Django

    return django_db_keepdb or django.DATABASES["default"]["ENGINE"].endswith("sqlite3")


@pytest.fixture(scope="session", autouse=True)
def _tables_can_be_emptied() -> Iterator[None]:
    """A test with transactions empties all tables at its end, which the guards of the trail refuse."""
    if not os.environ.get("DJANGO_SETTINGS_MODULE"):
        yield
        return
    from django.db import connection  # noqa: PLC0415 -- most tests need no Django

    kind = type(connection.ops)
    original = kind.sql_flush

    def unguarded(self: Any, style: Any, tables: Any, **options: Any) -> list[str]:
        flush: list[str] = original(self, style, tables, **options)
        with self.connection.cursor() as cursor:
            if self.connection.vendor == "postgresql":
                cursor.execute(
                    "SELECT DISTINCT tgrelid::regclass::text FROM pg_trigger WHERE NOT tgisinternal"
                )
                guarded = [
                    f"ALTER TABLE {table} {{}} TRIGGER USER" for (table,) in cursor.fetchall()
                ]
                off = [alter.format("DISABLE") for alter in guarded]
                return [*off, *flush, *(alter.format("ENABLE") for alter in guarded)]
            cursor.execute("SELECT name, sql FROM sqlite_master WHERE type = 'trigger'")
            triggers = dict(cursor.fetchall())
            return [*(f"DROP TRIGGER {name}" for name in triggers), *flush, *triggers.values()]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(kind, "sql_flush", unguarded)
        yield


@pytest.fixture(autouse=True)
def nobody_is_served() -> None:
    """The language of the last page served stays with the thread, and with it the next test's words."""
    if os.environ.get("DJANGO_SETTINGS_MODULE"):
        from django.utils import translation  # noqa: PLC0415 -- most tests need no Django

        translation.deactivate()


@pytest.fixture(autouse=True)
def a_trial_office(request: pytest.FixtureRequest) -> None:
    """Where the cast signs in with no second factor; the tests of signing in say otherwise."""
    if request.node.get_closest_marker("django_db") or "db" in request.fixturenames:
        settings = request.getfixturevalue("settings")
        settings.SECOND_FACTOR = "optional"
        settings.STATIC_ROOT = None  # nobody has served from here, so there is no such folder
        if "private" not in request.fixturenames:  # no key or file is left where the tests are run
            settings.PRIVATE = request.getfixturevalue("tmp_path_factory").getbasetemp() / "private"
            settings.MEDIA_ROOT = settings.PRIVATE / "files"


@pytest.fixture
def private(tmp_path: Path, settings: Any) -> Path:
    """A place of its own for keys and uploaded files."""
    settings.PRIVATE = tmp_path / "private"
    settings.MEDIA_ROOT = settings.PRIVATE / "files"
    settings.TRAIL_ANCHORS = [str(settings.PRIVATE / "heads.jsonl")]
    settings.PRIVATE.mkdir(mode=0o700)
    return Path(settings.PRIVATE)
