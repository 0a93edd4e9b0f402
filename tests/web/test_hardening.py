"""Headers, cookies, sizes and ages: what a browser is told, and what is refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django
from django.core.exceptions import RequestDataTooBig
from django.test import Client

from plumbline.web.bounds import LARGEST, LONGEST, LargestRequest
from tests import people
from tests.people import sign_in

ANSWER = """
import json, django
django.setup()
from django.test import Client
from plumbline.web.serving import migrate
migrate()
answer = Client().get("/account/login/", headers={"host": "office.example", "x-forwarded-proto": "https"})
print(json.dumps({
    "status": answer.status_code, "headers": dict(answer.items()),
    "cookies": {name: dict(morsel) for name, morsel in answer.cookies.items()},
}))
"""
SECRETS = """
import json
from plumbline.web import settings
print(json.dumps({
    "database": settings.DATABASES["default"]["PASSWORD"], "peers": settings.TRAIL_PEERS,
    "session": settings.SESSION_COOKIE_NAME,
}))
"""
SECURE = '[workbench]\nsecure = true\nhosts = ["office.example"]\n'


def run(script: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """In a process of its own, for a workspace with settings of its own."""
    env = {
        **os.environ,
        "PLUMBLINE_WORKSPACE": str(folder),
        "DJANGO_SETTINGS_MODULE": "plumbline.web.settings",
    }
    env.pop("PLUMBLINE_DATABASE", None)
    return subprocess.run(
        [sys.executable, "-c", script], env=env, capture_output=True, text=True, check=False
    )


def test_by_https_cookies_and_headers_are_the_strict_ones(tmp_path: Path, tables: Path) -> None:
    shutil.copyfile(tables, tmp_path / "workbench.db")
    (tmp_path / "plumbline.toml").write_text(SECURE)
    done = run(ANSWER, tmp_path)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["status"] == 200
    assert "max-age=31536000" in said["headers"]["Strict-Transport-Security"]
    assert said["headers"]["X-Content-Type-Options"] == "nosniff"
    assert said["headers"]["X-Frame-Options"] == "DENY"
    assert "default-src 'none'" in said["headers"]["Content-Security-Policy"]
    assert said["headers"]["Referrer-Policy"] == "same-origin"
    csrf = said["cookies"]["__Host-csrf"]
    assert (csrf["secure"], csrf["httponly"], csrf["samesite"]) == (True, True, "Lax")
    assert (csrf["path"], csrf["domain"]) == ("/", "")


def test_secrets_stand_in_files_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "word").write_text("postgresql://plumb:a-secret@127.0.0.1/none\n")
    (tmp_path / "token").write_text("peer-token\n")
    (tmp_path / "plumbline.toml").write_text(
        f'{SECURE}database = "file:word"\n[workbench.peers]\ncounty = "file:token"\n'
    )
    said = json.loads(run(SECRETS, tmp_path).stdout)
    assert said == {
        "database": "a-secret",
        "peers": {"county": "peer-token"},
        "session": "__Host-session",
    }
    (tmp_path / "token").unlink()
    done = run(SECRETS, tmp_path)
    assert done.returncode != 0
    assert "this file cannot be read" in done.stderr


def test_behind_a_proxy_a_form_of_ours_is_taken_and_another_site_s_is_not(settings: Any) -> None:
    settings.SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    settings.ALLOWED_HOSTS = ["office.example"]
    client = Client(
        enforce_csrf_checks=True, headers={"host": "office.example", "x-forwarded-proto": "https"}
    )
    client.get("/account/logout/")
    token = "a" * 32
    client.cookies[settings.CSRF_COOKIE_NAME] = token
    form = {"csrfmiddlewaretoken": token, "language": "en"}
    ours = client.post("/language/", form, headers={"origin": "https://office.example"})
    assert ours.status_code in {200, 204, 302}
    assert (
        client.post("/language/", form, headers={"origin": "https://other.example"}).status_code
        == 403
    )
    without = client.post(
        "/language/", {"language": "en"}, headers={"origin": "https://office.example"}
    )
    assert without.status_code == 403


@pytest.mark.django_db
def test_pages_of_whoever_is_signed_in_stay_in_no_cache(client: Client) -> None:
    sign_in(client, people.cast().head)
    assert "no-store" in client.get("/account/")["Cache-Control"]


@pytest.mark.django_db
def test_a_session_ends_half_a_day_after_it_was_begun(client: Client) -> None:
    sign_in(client, people.cast().head)
    assert client.get("/account/").status_code == 200
    session = client.session
    for record in session["account_authentication_methods"]:
        record["at"] = time.time() - LONGEST - 1
    session.save()
    answer = client.get("/account/")
    assert (answer.status_code, answer["Location"]) == (302, "/account/login/")
    assert "_auth_user_id" not in client.session


def test_a_request_that_is_too_large_is_refused_before_it_is_read() -> None:
    handler = LargestRequest()
    with pytest.raises(RequestDataTooBig):
        handler.handle_raw_input(None, {}, LARGEST + 1, b"")  # type: ignore[arg-type]
    handler.handle_raw_input(None, {}, LARGEST, b"")  # type: ignore[arg-type]
    assert handler.receive_data_chunk(b"x", 0) == b"x"
    assert django.FILE_UPLOAD_HANDLERS[0] == "plumbline.web.bounds.LargestRequest"


def test_uploaded_files_are_read_by_their_owner_alone() -> None:
    assert (django.FILE_UPLOAD_PERMISSIONS, django.FILE_UPLOAD_DIRECTORY_PERMISSIONS) == (
        0o600,
        0o700,
    )
    assert Path(django.MEDIA_ROOT).parent == django.PRIVATE or "private" in str(django.MEDIA_ROOT)
    assert django.DATA_UPLOAD_MAX_MEMORY_SIZE <= 2 * 1024 * 1024
