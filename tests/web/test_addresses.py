"""Every address, for everybody: who gets a page, who gets nothing.

The table `permissions.txt` is kept, read by people when it changes, and compared here. An address that is
not in it fails. `200` is a page, `302` leads on to one, `-` there is no such thing for them; of what only
takes a form, the answer to an empty one is told, which changes nothing.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from plumbline.trail.models import Entry
from tests.web.city import world

TABLE = Path(__file__).with_name("permissions.txt")
PEOPLE = (
    "fen", "li", "wang", "head", "standing", "secretary", "keeper", "clarifier", "author", "jurist",
    "approver", "data", "provider", "contact", "figures", "sysadmin", "secadmin", "auditor", "stranger",
)  # fmt: skip
#: Pages that belong to signing in, which need nobody to be signed in, and pages of one's own account. The
#: interface for programs has a table of its own (programs/).
OPEN = ("account", "mfa_", "socialaccount_", "openid_connect_", "set_language", "home", "help", "hints", "declare_kin",
        "own_person", "delegate", "withdraw_delegation", "trail_heads",
        "api:")  # fmt: skip


def addresses(
    resolver: URLResolver | None = None, namespace: str = ""
) -> Iterator[tuple[str, URLPattern]]:
    for pattern in (resolver or get_resolver()).url_patterns:
        if isinstance(pattern, URLResolver):
            inner = f"{namespace}{pattern.namespace}:" if pattern.namespace else namespace
            yield from addresses(pattern, inner)
        else:
            yield f"{namespace}{pattern.name}", pattern


NAMES = sorted({name for name, _ in addresses() if not name.startswith(OPEN)})


@pytest.fixture
def city(db: None, private: Path, tmp_path: Path, settings: Any) -> Any:  # noqa: ARG001 -- for their effects
    settings.WORKSPACE = tmp_path / "office"
    return world(settings.WORKSPACE)


def path_of(name: str, city: Any) -> str:
    return reverse(name, kwargs=city.keys.get(name, {}))


def signed_in(user: Any) -> Client:
    client = Client(HTTP_HOST="localhost")
    client.force_login(user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return client


def empty_form(client: Client, path: str) -> int:
    """What an empty form is answered; whatever it did is undone."""
    with transaction.atomic():
        status = client.post(path).status_code
        transaction.set_rollback(True)
    return status


def test_the_table_of_who_sees_what_is_as_it_was_approved(city: Any, settings: Any) -> None:
    settings.SECOND_FACTOR = "optional"
    cells = {}
    for person in PEOPLE:
        client = signed_in(getattr(city, person))
        for name in NAMES:
            answer = client.get(path_of(name, city))
            status = answer.status_code
            for close in (
                answer._resource_closers
            ):  # a file; close() would end the database's connection too
                close()
            if status == 405:
                status = empty_form(client, path_of(name, city))
            cells[name, person] = "-" if status == 404 else str(status)
    width = max(map(len, NAMES))
    lines = [" " * width + "  " + " ".join(f"{person:>9}" for person in PEOPLE)]
    lines += [
        f"{name:<{width}}  " + " ".join(f"{cells[name, person]:>9}" for person in PEOPLE)
        for name in NAMES
    ]
    table = "\n".join(lines) + "\n"
    if os.environ.get("PLUMBLINE_GOLDEN") == "write":
        TABLE.write_text(table, "utf-8")
    assert table == TABLE.read_text("utf-8")
    assert not [name for name in NAMES if cells[name, "stranger"] != "-"]
    assert not [key for key, status in cells.items() if status.startswith("5")]


def test_nobody_gets_in_unasked(city: Any) -> None:
    """Without signing in one is sent to sign in; a stranger who posts changes nothing."""
    stranger = signed_in(city.stranger)
    before = Entry.objects.count()
    for name in NAMES:
        path = path_of(name, city)
        asked = Client(HTTP_HOST="localhost").get(path)
        assert asked.status_code in {302, 404, 405}, name
        if asked.status_code == 302:
            assert asked["Location"].startswith(reverse("account_login")), name
        answer = stranger.post(path, {"reason": "x", "text": "x"})
        assert answer.status_code in {404, 405}, name
    assert Entry.objects.count() == before
