"""Coming in: by password and a second factor, no faster than allowed, and never unseen."""

from __future__ import annotations

import re
import time
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import NoReverseMatch, reverse

from plumbline.org import guard
from plumbline.org.models import Unit
from plumbline.trail.models import Entry
from tests.people import sign_in

PASSWORD = "雨过天青云破处者般颜色作将来"  # noqa: S105 -- of nobody

pytestmark = pytest.mark.usefixtures("private")


@pytest.fixture
def li(cast: Any) -> Any:
    """Somebody with a password; an administrator, whose pages are in this app."""
    cast.sysadmin.set_password(PASSWORD)
    cast.sysadmin.save()
    return cast.sysadmin


@pytest.fixture
def strict(settings: Any) -> None:
    settings.SECOND_FACTOR = "required"


def enter(client: Client, name: str, password: str = PASSWORD, **more: str) -> Any:
    return client.post(reverse("account_login"), {"login": name, "password": password, **more})


def code_of(secret: str) -> str:
    return str(totp.format_hotp_value(totp.hotp_value(secret, int(time.time()) // 30)))


def actions() -> list[str]:
    return list(Entry.objects.order_by("pk").values_list("action", flat=True))


class TestPassword:
    def test_right_and_out_again(self, li: Any, client: Client) -> None:
        assert enter(client, "SysAdmin")["Location"] == reverse("home")
        assert client.get(reverse("org:units")).status_code == 200
        client.post(reverse("account_logout"))
        assert client.get(reverse("org:units")).status_code == 302
        assert actions() == ["session.begun", "session.ended"]
        first = Entry.objects.order_by("pk")[0]
        assert (first.actor, first.subject) == (li.username, f"user:{li.pk}")

    def test_a_wrong_password_a_closed_account_and_nobody_read_alike(
        self, li: Any, client: Client
    ) -> None:
        texts = [enter(client, "sysadmin", "不对的口令").text, enter(client, "niemand").text]
        li.is_active = False
        li.save()
        texts.append(enter(client, "sysadmin", "不对的口令").text)
        plain = {re.sub(r'value="[^"]*"|csrfmiddlewaretoken.*?>', "", text) for text in texts}
        assert len(plain) == 1
        assert "errorlist" in plain.pop()

    def test_refusals_are_on_the_trail_without_what_was_typed(
        self, li: Any, client: Client
    ) -> None:
        enter(client, "sysadmin", "不对的口令")
        enter(client, "在登录名里误输的口令")
        refused = list(Entry.objects.order_by("pk"))
        assert [(e.action, e.actor, e.subject) for e in refused] == [
            ("session.refused", "system", f"user:{li.pk}"),
            ("session.refused", "system", "user:unknown"),
        ]
        assert "误输" not in str([vars(e) for e in refused])

    @pytest.mark.usefixtures("li")
    def test_after_some_attempts_even_the_right_one_waits(self, client: Client) -> None:
        for _ in range(5):
            enter(client, "sysadmin", "不对的口令")
        enter(client, "sysadmin")
        assert client.get(reverse("org:units")).status_code == 302
        assert "session.begun" not in actions()

    def test_one_who_never_took_over_the_account_cannot_come_in(
        self, cast: Any, client: Client
    ) -> None:
        cast.sysadmin.set_unusable_password()
        cast.sysadmin.save()
        for password in ("", "!", cast.sysadmin.password):
            enter(client, "sysadmin", password)
        assert client.get(reverse("org:units")).status_code == 302

    @pytest.mark.usefixtures("li")
    def test_not_to_another_site_afterwards(self, client: Client) -> None:
        assert enter(client, "sysadmin", next="https://evil.example/")["Location"] == reverse(
            "home"
        )

    @pytest.mark.parametrize("name", ["account_signup", "account_reset_password", "account_email"])
    def test_what_an_office_does_not_use_has_no_address(self, name: str) -> None:
        with pytest.raises(NoReverseMatch):
            reverse(name)

    def test_a_changed_password_is_on_the_trail(self, li: Any, client: Client) -> None:
        sign_in(client, li)
        new = "人间忽晚山河已秋"
        client.post(
            reverse("account_change_password"),
            {"oldpassword": PASSWORD, "password1": new * 2, "password2": new * 2},
        )
        assert actions() == ["user.password_changed"]
        li.refresh_from_db()
        assert li.check_password(new * 2)


@pytest.mark.usefixtures("strict")
class TestSecondFactor:
    @pytest.mark.usefixtures("li")
    def test_whoever_has_a_role_sets_one_up_before_anything_else(
        self, client: Client, django_capture_on_commit_callbacks: Any
    ) -> None:
        enter(client, "sysadmin")
        assert client.get(reverse("org:units"))["Location"] == reverse("mfa_index")
        asked = client.get(reverse("mfa_activate_totp"))
        client.post(asked["Location"], {"password": PASSWORD, "next": reverse("mfa_activate_totp")})
        page = client.get(reverse("mfa_activate_totp"))
        secret = re.search(r'class="mono">([A-Z2-7]+)<', page.text)
        assert secret is not None
        assert "img" in page.text
        assert "错误代码" in client.post(reverse("mfa_activate_totp"), {"code": "000000"}).text
        with django_capture_on_commit_callbacks(execute=True):
            done = client.post(reverse("mfa_activate_totp"), {"code": code_of(secret[1])})
        answer = client.get(done["Location"])
        assert len(re.findall(r"<li>\d{8}</li>", answer.text)) == 10
        assert client.get(reverse("org:units")).status_code == 200
        assert "second_factor.added" in actions()
        assert secret[1] not in str(list(Authenticator.objects.values_list("data", flat=True)))

    def test_from_then_on_the_password_alone_opens_nothing(self, li: Any, client: Client) -> None:
        secret = totp.generate_totp_secret()
        totp.TOTP.activate(li, secret)
        assert enter(client, "sysadmin")["Location"] == reverse("mfa_authenticate")
        assert client.get(reverse("org:units"))["Location"].startswith(reverse("account_login"))
        assert "错误代码" in client.post(reverse("mfa_authenticate"), {"code": "000000"}).text
        assert "session.begun" not in actions()
        client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})
        assert client.get(reverse("org:units")).status_code == 200
        assert actions() == ["second_factor.refused", "session.begun"]

    def test_a_recovery_code_opens_once(self, li: Any) -> None:
        totp.TOTP.activate(li, totp.generate_totp_secret())
        code = RecoveryCodes.activate(li).get_unused_codes()[0]
        for opens in (True, False):
            visitor = Client()
            enter(visitor, "sysadmin")
            visitor.post(reverse("mfa_authenticate"), {"code": code})
            assert (visitor.get(reverse("org:units")).status_code == 200) is opens

    @pytest.mark.usefixtures("li")
    def test_a_trial_office_leaves_it_open(self, client: Client, settings: Any) -> None:
        settings.SECOND_FACTOR = "optional"
        enter(client, "sysadmin")
        assert client.get(reverse("org:units")).status_code == 200

    def test_a_lost_one_is_taken_away_by_the_security_administrator(
        self, cast: Any, li: Any, client: Client
    ) -> None:
        totp.TOTP.activate(li, totp.generate_totp_secret())
        sign_in(client, cast.secadmin)
        client.post(reverse("org:renew_second_factor", args=[li.pk]), {"reason": "手机丢失"})
        assert not Authenticator.objects.exists()
        assert actions() == ["user.second_factor_renewed"]

    def test_the_security_key_s_pages_carry_no_script_of_their_own(
        self, li: Any, client: Client
    ) -> None:
        sign_in(client, li)
        for page in ("mfa_add_webauthn", "mfa_list_webauthn", "mfa_generate_recovery_codes"):
            answer = client.get(reverse(page))
            assert answer.status_code == 200, page
            inline = re.findall(r"<script(?![^>]*(?:src=|application/json))[^>]*>", answer.text)
            assert not inline, page
            assert " style=" not in answer.text
            assert " onclick" not in answer.text


class TestIdleLock:
    @pytest.fixture
    def left_alone(self, li: Any, client: Client) -> Client:  # noqa: ARG002 -- it has the password
        enter(client, "sysadmin")
        client.get(reverse("org:units"))
        session = client.session
        session["seen_at"] = time.time() - guard.IDLE - 1
        session.save()
        return client

    def test_a_page_is_read_on_after_the_password(self, left_alone: Client) -> None:
        at = reverse("org:users") + "?q=li"
        locked = left_alone.get(at)
        assert "会话已锁定" in locked.text
        assert "核查员李" not in locked.text
        assert "口令不正确" in left_alone.post(at, {"unlock_password": "不对"}).text
        assert left_alone.post(at, {"unlock_password": PASSWORD})["Location"] == at
        assert "核查员李" in left_alone.get(at).text

    def test_what_was_typed_arrives(self, left_alone: Client) -> None:
        locked = left_alone.post(reverse("org:units"), {"name": "澜州市“新”局<b>", "above": ""})
        assert "没有丢失" in locked.text
        assert "&lt;b&gt;" in locked.text
        assert not Unit.objects.filter(name__contains="新").exists()
        hidden = re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', locked.text)
        typed = {name: value.replace("&lt;", "<").replace("&gt;", ">") for name, value in hidden}
        again = left_alone.post(reverse("org:units"), {**typed, "unlock_password": "不对"})
        assert "没有丢失" in again.text
        left_alone.post(reverse("org:units"), {**typed, "unlock_password": PASSWORD})
        assert Unit.objects.filter(name="澜州市“新”局<b>").exists()

    def test_it_stays_locked_however_long_one_waits_or_asks(self, left_alone: Client) -> None:
        for _ in range(3):
            assert "会话已锁定" in left_alone.get(reverse("account")).text
        assert left_alone.post(reverse("org:units"), {"name": "新局"}).status_code == 200
        assert not Unit.objects.filter(name="新局").exists()

    @pytest.mark.usefixtures("li")
    def test_a_page_that_asks_by_itself_keeps_nothing_open(self, client: Client) -> None:
        enter(client, "sysadmin")
        client.get(reverse("account"))
        session = client.session
        session["seen_at"] = before = time.time() - guard.IDLE + 30
        session.save()
        client.get(reverse("account"), headers={guard.BY_ITSELF: "1"})
        assert client.session["seen_at"] == before
        client.get(reverse("account"))
        assert client.session["seen_at"] > before

    def test_one_can_leave_or_change_the_language_meanwhile(self, left_alone: Client) -> None:
        left_alone.post(reverse("set_language"), {"language": "en"})
        assert "The session is locked" in left_alone.get(reverse("account")).text
        assert left_alone.post(reverse("account_logout")).status_code == 302
        assert left_alone.get(reverse("account"))["Location"].startswith(reverse("account_login"))

    def test_attempts_are_limited_there_too(self, left_alone: Client) -> None:
        for _ in range(5):
            left_alone.post(reverse("account"), {"unlock_password": "不对"})
        assert left_alone.post(reverse("account"), {"unlock_password": PASSWORD}).status_code == 200
        assert "会话已锁定" in left_alone.get(reverse("account")).text

    def test_another_way_to_prove_oneself_opens_it(self, li: Any, left_alone: Client) -> None:
        secret = totp.generate_totp_secret()
        totp.TOTP.activate(li, secret)
        assert reverse("mfa_reauthenticate") in left_alone.get(reverse("account")).text
        left_alone.post(reverse("mfa_reauthenticate"), {"code": code_of(secret), "next": "/"})
        assert "会话已锁定" not in left_alone.get(reverse("account")).text
