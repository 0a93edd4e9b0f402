"""What nothing exceeds: the size of a request, the age of a session, and how long a browser keeps a page."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import IO, Any

from allauth.account.internal.flows.login import get_authentication_records
from django.contrib import messages
from django.contrib.auth import logout
from django.core.exceptions import RequestDataTooBig
from django.core.files.uploadhandler import FileUploadHandler
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from plumbline.bilingual import say

#: Bytes of a request with files: above the largest list that comes by the browser; larger ones go to the inbox.
LARGEST = 512 * 1024 * 1024
#: So long after signing in somebody signs in again, however busy they were; in seconds.
LONGEST = 12 * 60 * 60


class LargestRequest(FileUploadHandler):
    """Before a byte of a file is kept: what is too large is refused by the length that the request names."""

    def handle_raw_input(
        self,
        input_data: IO[bytes],
        META: dict[str, str],  # noqa: N803 -- Django's name of it
        content_length: int,
        boundary: str | bytes,
        encoding: str | None = None,
    ) -> None:
        del input_data, META, boundary, encoding
        if content_length > LARGEST:
            raise RequestDataTooBig("a request larger than any list")

    def receive_data_chunk(self, raw_data: bytes, start: int) -> bytes:
        del start
        return raw_data  # on to whoever keeps it

    def file_complete(self, file_size: int) -> None:
        del file_size


class NotKept:
    """Pages of whoever is signed in stay in no cache: not in a browser's, not in a proxy's."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self._respond(request)
        if "Cache-Control" not in response and getattr(request, "user", None) is not None \
                and request.user.is_authenticated:  # fmt: skip
            response["Cache-Control"] = "no-store, private"
        return response


class SignedInToday:
    """A session ends half a day after it was begun."""

    def __init__(self, respond: Callable[[HttpRequest], HttpResponse]) -> None:
        self._respond = respond

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.user.is_authenticated and _age(request) > LONGEST:
            logout(request)
            messages.info(
                request,
                say("登录已满12小时，请重新登录", "twelve hours have passed: sign in again"),
            )
            return redirect("account_login")
        return self._respond(request)


def _age(request: HttpRequest) -> float:
    """Seconds since they signed in; nothing where they did not do so in this session, as programs."""
    records: list[dict[str, Any]] = get_authentication_records(request, request.user)
    begun = [each["at"] for each in records if "at" in each]
    return time.time() - min(begun) if begun else 0.0
