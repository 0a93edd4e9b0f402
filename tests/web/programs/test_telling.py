"""Addresses are told of what their person may know, signed, until it arrives."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.loop.disposal.actions.dispatch import sign_for
from plumbline.loop.warning.models import Party
from plumbline.org.actions import deactivate_user, readmit_user
from plumbline.org.models import Grant, Role
from plumbline.org.policy import NotYoursError
from plumbline.trail.sealing import seal
from plumbline.web.programs import actions, policy, tasks
from plumbline.web.programs.models import Message, Subscription
from tests import people
from tests.loop.disposal import warned

NOW = people.NOW


class Receiver:
    """A program that is told, on this machine.

    Attributes:
        got: what came: headers and body.
        answers: statuses of the next answers; 204 afterwards.
    """

    def __init__(self) -> None:
        self.got: list[tuple[dict[str, str], bytes]] = []
        self.answers: list[int] = []
        receiver = self

        class Answer(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                receiver.got.append(({name.lower(): v for name, v in self.headers.items()}, body))
                self.send_response(receiver.answers.pop(0) if receiver.answers else 204)
                self.send_header("Location", "/elsewhere")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                pass

        self.server = HTTPServer(("127.0.0.1", 0), Answer)
        self.address = f"http://127.0.0.1:{self.server.server_port}/told"


@pytest.fixture
def receiver(settings: Any) -> Iterator[Receiver]:
    made = Receiver()
    settings.WORKBENCH = {"webhooks": [made.address]}
    Thread(target=made.server.serve_forever, daemon=True).start()
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def cast(db: None, private: Any) -> Any:  # noqa: ARG001 -- for their effects
    return people.cast()


def told(receiver: Receiver, user: Any, *nouns: str) -> Subscription:
    return actions.subscribe("大平台", receiver.address, nouns or ("disposal",), by=user, at=NOW)


def everything_sealed(at: Any = NOW) -> None:
    seal(at=at)


def sent(at: Any = NOW) -> int:
    """Collect and send what is due, as the worker does."""
    for subscription in Subscription.objects.filter(ended_at=None):
        tasks.collect(subscription, at=at)
    due = Message.objects.filter(state=Message.State.WAITING, next_at__lte=at).order_by("pk")
    return sum(tasks.send_one(message, at=at) for message in due)


class TestWhatIsTold:
    def test_an_act_arrives_once_with_a_signature_and_nothing_about_people(
        self, cast: Any, receiver: Receiver
    ) -> None:
        case = warned.dispatched(warned.disposal(cast), cast)
        everything_sealed()
        subscription = told(receiver, cast.head)
        sign_for(case, by=cast.head, at=NOW)
        everything_sealed()
        assert sent() == 1
        assert sent() == 0
        [(headers, body)] = receiver.got
        said = json.loads(body)
        assert said["type"] == "disposal.signed_for"
        assert set(said["data"]) == {"entry", "position", "disposal"}
        assert said["data"]["disposal"] == case.pk
        signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
        key = base64.b64decode(policy.key_in_words(subscription).removeprefix("whsec_"))
        mac = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
        assert headers["webhook-signature"] == f"v1,{mac}"

    def test_what_was_before_is_not_told(self, cast: Any, receiver: Receiver) -> None:
        warned.signed(warned.disposal(cast), cast)
        everything_sealed()
        told(receiver, cast.head)
        everything_sealed()
        assert sent() == 0

    def test_what_is_not_sealed_waits(self, cast: Any, receiver: Receiver) -> None:
        told(receiver, cast.fen)
        warned.dispatched(warned.disposal(cast), cast)
        assert sent() == 0
        everything_sealed()
        assert sent() > 0

    def test_what_its_person_may_not_see_is_passed_over(
        self, cast: Any, receiver: Receiver
    ) -> None:
        people.known(cast.head)
        told(receiver, cast.head)
        told(receiver, cast.qin)  # of the county, which this is not about
        warned.dispatched(warned.disposal(cast, "k" * 64), cast)
        everything_sealed()
        assert sent() == 1
        Message.objects.all().delete()
        own = warned.disposal(cast, cast.head.person)
        everything_sealed()
        assert sent() == 0, own

    def test_whoever_has_left_is_told_nothing(self, cast: Any, receiver: Receiver) -> None:
        told(receiver, cast.head)
        cast.head.is_active = False
        cast.head.save()
        case = warned.disposal(cast)
        everything_sealed()
        assert sent() == 0, case


class TestUntilItArrives:
    def test_it_is_tried_again_later_and_is_the_same_message(
        self, cast: Any, receiver: Receiver
    ) -> None:
        told(receiver, cast.fen)
        for _ in range(3):
            warned.dispatched(warned.disposal(cast), cast)
        everything_sealed()
        receiver.answers = [503, 500]
        assert sent() == 1
        waiting = Message.objects.filter(state="waiting")
        assert {message.problem for message in waiting} == {"HTTP 503", "HTTP 500"}
        assert sent(NOW + timedelta(seconds=9)) == 0
        assert sent(NOW + timedelta(seconds=10)) == 2
        ids = [headers["webhook-id"] for headers, _ in receiver.got]
        assert len(ids) == len(set(ids)) + 2

    def test_a_detour_is_not_followed(self, cast: Any, receiver: Receiver) -> None:
        told(receiver, cast.fen)
        warned.dispatched(warned.disposal(cast), cast)
        everything_sealed()
        receiver.answers = [302]
        sent()
        assert Message.objects.filter(problem="HTTP 302").count() == 1

    def test_after_the_last_pause_it_is_given_up(self, cast: Any, receiver: Receiver) -> None:
        told(receiver, cast.fen)
        warned.dispatched(warned.disposal(cast), cast)
        everything_sealed()
        receiver.server.shutdown()
        receiver.server.server_close()  # nobody answers any more
        at = NOW
        for pause in (timedelta(0), *tasks.PAUSES):
            at += pause
            assert sent(at) == 0
        assert set(Message.objects.values_list("state", "next_at")) == {("given_up", None)}
        assert tasks.forget(at) == 0
        assert tasks.forget(at + tasks.KEPT) > 0

    def test_once_it_is_ended_nothing_is_sent(self, cast: Any, receiver: Receiver) -> None:
        subscription = told(receiver, cast.fen)
        warned.dispatched(warned.disposal(cast), cast)
        everything_sealed()
        tasks.collect(subscription, at=NOW)
        actions.end(subscription, by=cast.secadmin, at=NOW)
        assert sent() == 0
        assert receiver.got == []
        assert set(Message.objects.values_list("state", flat=True)) == {"given_up"}

    @pytest.mark.parametrize("lost", ["the role", "the sight of it", "the account"])
    def test_what_waits_is_not_sent_for_somebody_who_may_not_know_it_any_more(
        self, cast: Any, receiver: Receiver, lost: str
    ) -> None:
        people.known(cast.head)
        subscription = told(receiver, cast.head)
        case = warned.dispatched(warned.disposal(cast), cast)
        everything_sealed()
        tasks.collect(subscription, at=NOW)
        assert Message.objects.filter(state="waiting").exists()
        if lost == "the role":
            cast.head.grants.update(withdrawn_at=NOW)
        elif lost == "the sight of it":
            Party.objects.create(warning=case.warning, person=cast.head.person)
        else:
            deactivate_user(cast.head, by=cast.sysadmin, at=NOW, reason="调离")
            readmit_user(cast.head, by=cast.sysadmin, at=NOW, reason="调回")
            Grant.objects.create(
                user=cast.head, role=Role.OFFICE_HEAD, body=cast.office, starts_on=people.TODAY
            )
        assert sent() == 0
        assert receiver.got == []
        assert set(Message.objects.values_list("state", flat=True)) == {"given_up"}


class TestWhere:
    @pytest.mark.parametrize(
        "address",
        [
            "http://127.0.0.1:9/told", "https://127.0.0.1/told", "http://oa.example/told/../other",
            "http://user@oa.example/told", "http://oa.example/tolder", "http://oa.example:8080/told",
            "file:///etc/passwd", "http://oa.example/", "http://oa.example/told#x",
            "http://oa.example/told/%2e%2e/other", "http://oa.example/told/%252E%252e/other",
            "http://oa.example/told/..", "http://oa.example/told/a\\..\\..\\other",
            "http://oa.example:99999/told",
        ],
    )  # fmt: skip
    def test_only_where_the_office_says(self, cast: Any, settings: Any, address: str) -> None:
        settings.WORKBENCH = {"webhooks": ["http://oa.example/told"]}
        with pytest.raises(actions.ProgramError, match="allows no such address"):
            actions.subscribe("大平台", address, ["disposal"], by=cast.head, at=NOW)

    @pytest.mark.parametrize("path", ["", "/", "/a", "/a/b?c=d"])
    def test_and_below(self, settings: Any, path: str) -> None:
        settings.WORKBENCH = {"webhooks": ["http://oa.example:80/told/"]}
        assert policy.may_be_told(f"http://oa.example/told{path}")

    def test_administrators_have_no_programs(self, cast: Any, receiver: Receiver) -> None:
        for user in (cast.sysadmin, cast.secadmin, cast.auditor, cast.stranger):
            with pytest.raises(NotYoursError):
                told(receiver, user)


@given(st.binary(), st.binary(min_size=1), st.integers(0, 2**40))
def test_another_body_or_time_has_another_signature(body: bytes, more: bytes, seconds: int) -> None:
    signed = tasks.signature(b"key", "msg_1_1", seconds, body)
    assert signed != tasks.signature(b"key", "msg_1_1", seconds, body + more)
    assert signed != tasks.signature(b"key", "msg_1_1", seconds + 1, body)
    assert signed != tasks.signature(b"other", "msg_1_1", seconds, body)
