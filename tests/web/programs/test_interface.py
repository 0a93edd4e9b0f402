"""The interface for programs: what its own description promises holds for whatever is sent to it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from copy import deepcopy
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from django.core.files.uploadedfile import SimpleUploadedFile
from django.core.signals import request_finished, request_started
from django.db import close_old_connections, connection, transaction
from django.test import Client, override_settings
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from pytest_django import DjangoDbBlocker
from schemathesis.generation import GenerationMode
from schemathesis.specs.openapi.checks import negative_data_rejection, positive_data_acceptance

from plumbline.engine import Workspace
from plumbline.loop.delivery.models import Upload
from plumbline.loop.disposal.models import Finding, State
from plumbline.loop.warning.models import EarlyWarning
from plumbline.org.actions import deactivate_user, readmit_user
from plumbline.org.models import Grant, Role, User
from plumbline.trail.models import Entry
from plumbline.web.programs import actions
from plumbline.web.programs.api import interface
from plumbline.web.programs.models import Scope, Token
from plumbline.web.programs.policy import may_have
from plumbline.web.wsgi import application
from tests import people
from tests.loop.disposal import warned
from tests.web.city import world
from tests.web.test_addresses import PEOPLE

NOW = people.NOW


@pytest.fixture(scope="module")
def built(
    django_db_setup: None,  # noqa: ARG001 -- asked for its effect
    django_db_blocker: DjangoDbBlocker,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[Any, Path]]:
    """A city and its folder, in a transaction around those of the tests, which each take back what they did."""
    folder = tmp_path_factory.mktemp("city")
    private = folder / "private"
    private.mkdir(mode=0o700)
    files = override_settings(
        WORKSPACE=folder / "office", PRIVATE=private, MEDIA_ROOT=private / "files"
    )
    with django_db_blocker.unblock(), transaction.atomic(), pytest.MonkeyPatch.context() as patch:
        with files:
            made = world(folder / "office")
        EarlyWarning.objects.update(budgeted_on=people.TODAY)  # told, as there is room for them
        patch.setattr(connection, "close", lambda: None)  # which each test ends with
        yield made, folder
        transaction.set_rollback(True)


@pytest.fixture
def city(db: None, built: tuple[Any, Path], private: Path, tmp_path: Path, settings: Any) -> Any:  # noqa: ARG001 -- for their effects
    made, folder = built
    shutil.copytree(folder / "private", private, dirs_exist_ok=True)
    shutil.copytree(folder / "office", tmp_path / "office")
    settings.WORKSPACE = tmp_path / "office"
    return deepcopy(made)


def token(user: User, *scopes: Scope) -> str:
    """The secret of a token that is good for a long time, with all scopes where none is named."""
    return actions.issue("程序", scopes or list(Scope), date(2027, 3, 1), by=user, at=NOW)[1]


def program(user: User, *scopes: Scope) -> Client:
    return Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {token(user, *scopes)}")


@pytest.fixture(autouse=True)
def _in_march(time_machine: Any) -> None:
    time_machine.move_to(NOW)


class TestWarnings:
    def test_an_officer_s_program_reads_what_the_officer_sees(self, city: Any) -> None:
        page = program(city.fen).get("/api/v1/warnings").json()
        assert city.case.warning.key in {row["key"] for row in page["rows"]}
        told = program(city.fen).get(f"/api/v1/warnings/{city.case.warning.key}").json()
        assert told["title"]["zh"] == city.case.warning.title
        assert told["level"] == "yellow"
        assert told["amount_fen"] is None

    def test_a_page_leads_to_the_next(self, city: Any) -> None:
        for _ in range(60):
            warned.warning(city, budgeted_on=people.TODAY)
        client = program(city.fen)
        first = client.get("/api/v1/warnings").json()
        second = client.get("/api/v1/warnings", {"after": first["next"]}).json()
        keys = [row["key"] for page in (first, second) for row in page["rows"]]
        assert len(first["rows"]) == 50
        assert len(keys) == len(set(keys)) == EarlyWarning.objects.count()
        assert second["next"] == ""

    def test_what_its_person_may_not_see_is_not_there(self, city: Any) -> None:
        """The data manager's token has the scope, but its person supervises nobody."""
        client = program(city.data)
        assert client.get("/api/v1/warnings").json()["rows"] == []
        assert client.get(f"/api/v1/warnings/{city.case.warning.key}").status_code == 404

    def test_one_s_own_kin_are_not_there(self, city: Any) -> None:
        people.known(city.fen)
        own = warned.warning(city, city.fen.person, budgeted_on=people.TODAY)
        assert program(city.fen).get(f"/api/v1/warnings/{own.key}").status_code == 404


class TestDisposals:
    def test_signing_for_one_is_the_person_s_act(self, city: Any) -> None:
        case = warned.dispatched(warned.disposal(city), city)
        answer = program(city.head).post(f"/api/v1/disposals/{case.pk}/sign-for")
        assert answer.status_code == 200, answer.content
        assert answer.json()["state"] == State.SIGNED
        assert answer.json()["due_at"] is not None
        entry = Entry.objects.get(action="disposal.signed_for", subject=f"disposal:{case.pk}")
        assert entry.actor == "head"

    def test_signing_twice_says_that_it_was_signed(self, city: Any) -> None:
        case = warned.signed(warned.disposal(city), city)
        answer = program(city.head).post(f"/api/v1/disposals/{case.pk}/sign-for")
        assert answer.status_code == 409
        assert "不能" in answer.json()["zh"]

    def test_whoever_may_not_sign_does_not_find_it(self, city: Any) -> None:
        case = warned.dispatched(warned.disposal(city), city)
        assert program(city.keeper).post(f"/api/v1/disposals/{case.pk}/sign-for").status_code == 404
        assert program(city.fen).post(f"/api/v1/disposals/{case.pk}/sign-for").status_code == 404
        case.refresh_from_db()
        assert case.state == State.DISPATCHED

    def test_findings_are_told_by_aspect(self, city: Any) -> None:
        warned.closed(warned.disposal(city), city, Finding.RIGHT_PERSON, Finding.UNTRUE)
        rows = program(city.head).get("/api/v1/disposals", {"state": "closed"}).json()["rows"]
        assert rows[0]["findings"] == ["right_person", "untrue"]


class TestDeliveries:
    def test_a_department_s_system_hands_in_a_file(self, city: Any, settings: Any) -> None:
        office = Workspace(settings.WORKSPACE)
        city.civil.name = office.datasets["benefit_payments"].declared.department.zh
        city.civil.save()
        file = SimpleUploadedFile("待遇发放_2026-03-01.csv", "姓名,公民身份号码\n".encode())
        client = program(city.provider, Scope.DELIVER, Scope.DELIVERIES)
        answer = client.post("/api/v1/datasets/benefit_payments/files", {"file": file})
        assert answer.status_code == 201, answer.content
        number = answer.json()["number"]
        assert Upload.objects.get(pk=number).by == city.provider
        assert client.get(f"/api/v1/deliveries/files/{number}").json()["state"] == "stored"
        assert program(city.contact).get(f"/api/v1/deliveries/files/{number}").status_code == 404

    def test_a_dataset_of_others_does_not_exist(self, city: Any) -> None:
        file = SimpleUploadedFile("x.csv", b"a,b\n1,2\n")
        client = program(city.contact)
        assert client.post("/api/v1/datasets/honours/files", {"file": file}).status_code == 404
        assert client.post("/api/v1/datasets/nothing/files", {"file": file}).status_code == 404


class TestFigures:
    def test_of_this_year(self, city: Any) -> None:
        told = program(city.head).get("/api/v1/figures").json()
        assert told["first"] == "2026-01-01"
        assert {f["name"] for f in told["figures"]} >= {
            "red_disposed",
            "leads",
            "recovered",
            "mechanisms",
        }

    @pytest.mark.parametrize(
        "said", ["first=-2.5e-54", "first=1773792000", "first=2026-3-1", "first=2026-03-01&first=2026-03-02", "frist=2026-03-01"],
    )  # fmt: skip
    def test_what_is_no_day_or_stands_there_twice_is_refused(self, city: Any, said: str) -> None:
        assert program(city.head).get(f"/api/v1/figures?{said}").status_code == 422
        assert program(city.head).get("/api/v1/figures?first=2026-03-01").status_code == 200

    def test_whoever_reads_no_body_s_work_finds_none(self, city: Any) -> None:
        assert program(city.provider).get("/api/v1/figures").status_code == 404


class TestTokens:
    @pytest.mark.parametrize("shown", ["", "Bearer ", "Bearer wrong", "Basic cGw6eA=="])
    @pytest.mark.django_db
    def test_without_a_good_one_nothing_is_told(self, shown: str) -> None:
        answer = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=shown).get("/api/v1/warnings")
        assert answer.status_code == 401
        assert answer.json()["en"]

    def test_a_session_opens_nothing_here(self, city: Any) -> None:
        client = people.sign_in(Client(HTTP_HOST="localhost"), city.fen)
        assert client.get("/api/v1/warnings").status_code == 401

    def test_a_token_opens_no_page(self, city: Any) -> None:
        assert program(city.fen).get("/warnings/").status_code == 302

    def test_no_more_than_its_scopes(self, city: Any) -> None:
        answer = program(city.fen, Scope.FIGURES).get("/api/v1/warnings")
        assert answer.status_code == 403
        assert answer.json()["where"] == "warnings:read"

    @pytest.mark.parametrize("lost", ["withdrawn", "ended", "left", "no role"])
    def test_it_ends_with_what_it_rests_on(self, city: Any, lost: str) -> None:
        client = program(city.fen)
        assert client.get("/api/v1/warnings").status_code == 200
        if lost == "withdrawn":
            actions.withdraw(Token.objects.get(user=city.fen), by=city.secadmin, at=NOW)
        elif lost == "ended":
            Token.objects.update(ends_on=date(2026, 3, 17))
        elif lost == "left":
            User.objects.filter(pk=city.fen.pk).update(is_active=False)
        else:
            city.fen.grants.update(ends_on=date(2026, 3, 17))
        assert client.get("/api/v1/warnings").status_code == 401

    def test_who_comes_back_to_the_office_makes_new_ones(self, city: Any) -> None:
        old = program(city.fen)
        later = NOW + timedelta(minutes=1)
        deactivate_user(city.fen, by=city.sysadmin, at=later, reason="调离")
        readmit_user(city.fen, by=city.sysadmin, at=later, reason="调回")
        Grant.objects.create(
            user=city.fen, role=Role.DISPATCHER, body=city.office, starts_on=people.TODAY
        )
        city.fen.refresh_from_db()
        assert old.get("/api/v1/warnings").status_code == 401
        secret = actions.issue(
            "程序", [Scope.WARNINGS], date(2027, 3, 1), by=city.fen, at=NOW + timedelta(minutes=2)
        )[1]
        new = Client(HTTP_HOST="localhost", HTTP_AUTHORIZATION=f"Bearer {secret}")
        assert new.get("/api/v1/warnings").status_code == 200

    def test_no_session_is_begun_and_no_cookie_set(self, city: Any) -> None:
        client = program(city.fen)
        assert not client.get("/api/v1/warnings").cookies
        assert not client.cookies


DESCRIBED = schemathesis.openapi.from_dict(interface.get_openapi_schema())
DESCRIBED.app = application
CALLS = {
    each.ok().definition.raw["operationId"]: each.ok() for each in DESCRIBED.get_all_operations()
}


@pytest.fixture
def _one_connection() -> Iterator[None]:
    """A served request closes its database connection, which here is the test's as well."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)
    yield
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def test_its_description_is_for_whoever_is_signed_in(city: Any) -> None:
    address = reverse("programs:interface")
    assert Client(HTTP_HOST="localhost").get(address).status_code == 302
    told = people.sign_in(Client(HTTP_HOST="localhost"), city.fen).get(address).json()
    assert told["openapi"].startswith("3.1")
    assert {
        call["operationId"] for path in told["paths"].values() for call in path.values()
    } == set(CALLS)


@pytest.mark.usefixtures("_one_connection")
@pytest.mark.parametrize("call", sorted(CALLS))
@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
def test_what_it_says_of_itself_is_so(call: str, mode: GenerationMode, city: Any) -> None:
    """Statuses, content types and shapes are as told, and what is against the description is refused."""
    # Whether a file can be taken in is decided by what it holds, which no description says.
    not_asked = [positive_data_acceptance] if call == "deliver" else []

    @given(CALLS[call].as_strategy(generation_mode=mode))
    @settings(max_examples=25, suppress_health_check=list(HealthCheck))
    def holds(case: Any) -> None:
        with transaction.atomic():
            headers = {"Authorization": f"Bearer {token(city.head)}", "Host": "localhost"}
            # An empty list is against the description, and is not sent: what is refused must arrive.
            unsent = any(value in ([], {}) for value in (case.query or {}).values())
            skipped = [*not_asked, *([negative_data_rejection] if unsent else [])]
            case.call_and_validate(headers=headers, excluded_checks=skipped)
            transaction.set_rollback(True)

    holds()


TABLE = Path(__file__).with_name("permissions.txt")


def test_the_table_of_who_may_call_what_is_as_it_was_approved(city: Any) -> None:
    """Every call, in the name of everybody: 404 is no such thing for them; `-` they can have no token."""
    keys = {
        "key": city.case.warning.key, "number": city.case.pk, "dataset": "benefit_payments",
    }  # fmt: skip
    lines = ["call " + " ".join(PEOPLE)]
    for name, call in sorted(CALLS.items()):
        cells = []
        for person in PEOPLE:
            user = getattr(city, person)
            if not may_have(user, people.TODAY):
                cells.append("-")
                continue
            client, path = program(user), call.full_path.format(**keys)
            with transaction.atomic():
                cells.append(str(client.generic(call.method.upper(), path).status_code))
                transaction.set_rollback(True)
        lines.append(f"{name} " + " ".join(cells))
    table = "\n".join(lines) + "\n"
    if os.environ.get("PLUMBLINE_GOLDEN") == "write":
        TABLE.write_text(table, "utf-8")
    assert table == TABLE.read_text("utf-8")
    assert {line.split()[-1] for line in lines[1:]} == {"-"}  # a stranger has no token at all
