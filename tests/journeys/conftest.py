"""An office for all journeys, and a browser for each."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.journeys.desk import FLAGS, Desk, Desks
from tests.journeys.office import Office, opened


@pytest.fixture(scope="session")
def chromium() -> str:
    found = shutil.which("chromium")
    if found is None:
        message = "chromium is not installed, so no journey in a browser"
        if os.environ.get("PLUMBLINE_SKIP_NOTHING"):
            pytest.fail(message)
        pytest.skip(message)
    return found


@pytest.fixture(scope="session")
def office(
    chromium: str, tmp_path_factory: pytest.TempPathFactory, worker_id: str
) -> Iterator[Office]:
    """Served in processes of its own; journeys share it, and each has its warnings to itself."""
    del chromium  # where there is none, nothing is opened
    own = tmp_path_factory.getbasetemp()
    shared = own if worker_id == "master" else own.parent
    folder = tmp_path_factory.mktemp("office") / "workspace"
    shutil.copytree(opened(shared / "office-of-before"), folder)
    made = Office(folder)
    yield made
    made.close()


@pytest.fixture
def browser(chromium: str, office: Office) -> Iterator[Browser]:
    """One for each journey: a loop that is left running would stand in the way of other tests."""
    del office  # opened before any browser waits for it
    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        yield launched
        launched.close()


@pytest.fixture
def desk(browser: Browser, office: Office) -> Iterator[Desks]:
    """Gives the desk of whoever is named, where they are signed in since they first sat down."""
    sitting: dict[str, Desk] = {}

    def of(username: str) -> Desk:
        if username not in sitting:
            sitting[username] = Desk.at(browser, office.address, username).sign_in()
        return sitting[username]

    yield of
    for each in sitting.values():
        each.check()
