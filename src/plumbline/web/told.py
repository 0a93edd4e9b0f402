"""What a page could not do is told in words, in the reader's language, and nothing of it was kept."""

from __future__ import annotations

from collections.abc import Callable

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render

from plumbline.bilingual import language
from plumbline.errors import PlumblineError
from plumbline.org.policy import NotYoursError


class TellErrors:
    """Middleware: an error that a person can mend becomes a page that says what, where, and what next."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, NotYoursError):
            raise Http404 from error
        if not isinstance(error, PlumblineError):
            return None
        said = {
            "problem": error.problem.in_(language()),
            "where": error.where,
            "hint": error.hint.in_(language()) if error.hint else "",
        }
        return render(request, "web/told.html", said, status=409)
