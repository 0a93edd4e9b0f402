"""The few pages that belong to no app."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.i18n import set_language

__all__ = ["home", "set_language"]


@login_required
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "web/home.html")
