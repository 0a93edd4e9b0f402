"""Signing in by an identity provider: a real one, on this machine, that knows one person."""

from __future__ import annotations

import base64
import hashlib
import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any, ClassVar
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
import pytest
from allauth.mfa.totp.internal import auth as totp
from django.test import Client
from django.urls import reverse

from plumbline.org.models import User
from plumbline.trail.models import Entry
from tests.people import sign_in

pytestmark = pytest.mark.usefixtures("private", "cast")


class Provider(BaseHTTPRequestHandler):
    """OpenID Connect, the code flow with PKCE, for one person who always agrees."""

    challenges: ClassVar[dict[str, str]] = {}
    person: ClassVar[dict[str, str]] = {}

    def do_GET(self) -> None:
        at, query = urlsplit(self.path), parse_qs(urlsplit(self.path).query)
        if at.path == "/.well-known/openid-configuration":
            self.answer({
                "issuer": self.here, "authorization_endpoint": f"{self.here}/authorize",
                "token_endpoint": f"{self.here}/token", "userinfo_endpoint": f"{self.here}/userinfo",
                "jwks_uri": f"{self.here}/keys",
            })  # fmt: skip
        elif at.path == "/authorize":
            self.challenges["code"] = query["code_challenge"][0]
            back = urlencode({"code": "code", "state": query["state"][0]})
            self.answer({"back": f"{query['redirect_uri'][0]}?{back}"})
        elif at.path == "/userinfo" and self.headers["Authorization"] == "Bearer access":
            self.answer(self.person)
        else:
            self.send_error(404)

    def do_POST(self) -> None:
        sent = parse_qs(self.rfile.read(int(self.headers["Content-Length"])).decode())
        digest = hashlib.sha256(sent["code_verifier"][0].encode()).digest()
        if (
            base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
            != self.challenges[sent["code"][0]]
        ):
            self.send_error(400)
            return
        now = int(time.time())
        claims = {
            "iss": self.here,
            "aud": "plumbline",
            "sub": self.person["sub"],
            "iat": now,
            "exp": now + 60,
        }
        self.answer({
            "access_token": "access", "token_type": "Bearer",
            "id_token": jwt.encode(claims, "k" * 32, algorithm="HS256"),
        })  # fmt: skip

    @property
    def here(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def answer(self, told: Any) -> None:
        body = json.dumps(told).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Nothing: a test's output is read by people."""


@pytest.fixture
def provider(settings: Any) -> Iterator[type[Provider]]:
    server = HTTPServer(("127.0.0.1", 0), Provider)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    settings.SOCIALACCOUNT_PROVIDERS = {
        "openid_connect": {
            "OAUTH_PKCE_ENABLED": True,
            "APPS": [{
                "provider_id": "office", "name": "政务统一认证", "client_id": "plumbline", "secret": "s",
                "settings": {"server_url": f"http://127.0.0.1:{server.server_address[1]}"},
            }],
        }
    }  # fmt: skip
    settings.OIDC_USERNAME_CLAIM = ""
    Provider.person = {"sub": "li-at-the-provider", "preferred_username": "sysadmin"}
    yield Provider
    server.shutdown()
    server.server_close()
    thread.join()


def by_provider(client: Client, process: str = "login") -> Any:
    """The browser's way there and back."""
    import requests  # noqa: PLC0415 -- allauth's own; no other test needs it

    there = client.post(f"{reverse('openid_connect_login', args=['office'])}?process={process}")
    assert there.status_code == 302
    with requests.Session() as browser:
        back = browser.get(there["Location"], timeout=10).json()["back"]
    return client.get(back.removeprefix("http://testserver"))


@pytest.mark.usefixtures("provider")
class TestProvider:
    def test_the_page_offers_it(self, client: Client) -> None:
        assert "政务统一认证" in client.get(reverse("account_login")).text

    def test_somebody_without_an_account_here_stays_outside(self, client: Client) -> None:
        before = User.objects.count()
        assert by_provider(client).status_code == 403
        assert client.get(reverse("account")).status_code == 302
        assert User.objects.count() == before

    def test_tied_on_one_s_own_page_and_from_then_on_it_opens(
        self, cast: Any, client: Client
    ) -> None:
        sign_in(client, cast.li)
        by_provider(client, "connect")
        assert "identity.tied" in Entry.objects.values_list("action", flat=True)
        visitor = Client()
        by_provider(visitor)
        assert "核查员李" in visitor.get(reverse("account")).text

    def test_a_claim_names_the_account_where_the_office_has_said_so(
        self, client: Client, settings: Any
    ) -> None:
        settings.OIDC_USERNAME_CLAIM = "preferred_username"
        by_provider(client)
        assert client.get(reverse("org:units")).status_code == 200

    def test_not_a_closed_one(self, cast: Any, client: Client, settings: Any) -> None:
        settings.OIDC_USERNAME_CLAIM = "preferred_username"
        cast.sysadmin.is_active = False
        cast.sysadmin.save()
        by_provider(client)
        assert client.get(reverse("account")).status_code == 302

    def test_the_second_factor_is_asked_for_all_the_same(
        self, cast: Any, client: Client, settings: Any
    ) -> None:
        settings.OIDC_USERNAME_CLAIM = "preferred_username"
        totp.TOTP.activate(cast.sysadmin, totp.generate_totp_secret())
        assert by_provider(client)["Location"] == reverse("mfa_authenticate")
        assert client.get(reverse("account")).status_code == 302


def test_without_one_nothing_is_offered(client: Client) -> None:
    assert "oidc" not in client.get(reverse("account_login")).text
