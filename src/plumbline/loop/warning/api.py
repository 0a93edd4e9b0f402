"""Warnings for programs: what their person sees, with personal values masked."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, cast

from django.http import HttpRequest
from django.shortcuts import get_object_or_404
from django.utils import timezone
from ninja import Query, Router, Schema

from plumbline.loop.warning.models import EarlyWarning, Level, Standing
from plumbline.loop.warning.queries import inbox
from plumbline.org.models import User

router = Router(tags=["warnings"])


class Words(Schema):
    """The same in Chinese and English; English may be missing."""

    zh: str
    en: str


class Warning(Schema):  # noqa: A001 -- what it is called where it is read
    """A warning: what may have happened, resting on evidence, and no verdict on anybody.

    Attributes:
        key: stable; a second run raises nothing twice.
        tier: how surely the evidence is about one person or organisation: A, C or D.
        standing: does the evidence still stand?
        about, sentence: with personal values masked.
        amount_fen: what is at stake, in fen (1/100 CNY).
    """

    key: str
    model: str
    version: int
    title: Words
    level: Level
    tier: str
    standing: Standing
    about: str
    sentence: Words
    supervised: str
    region: str
    theme: str
    amount_fen: int | None
    raised_at: datetime
    changed_at: datetime
    as_of: date


class Warnings(Schema):
    """A page, newest first.

    Attributes:
        next: what `after` asks for to go on; empty at the end.
    """

    rows: list[Warning]
    next: str


class Asked(Schema):
    """By what the list is narrowed down; what is left out narrows nothing."""

    level: Level | None = None
    model: str = ""
    standing: Standing | None = None
    region: str = ""
    after: str = ""


@router.get("", response=Warnings, operation_id="list_warnings")
def listing(request: HttpRequest, asked: Query[Asked]) -> dict[str, Any]:
    """The warnings that the token's person sees, fifty to a page."""
    said = asked.model_dump(exclude={"after"})
    page = inbox(cast("User", request.user), timezone.localdate(), said, asked.after)
    return {"rows": [_told(each) for each in page.warnings], "next": page.after}


@router.get("/{key}", response=Warning, operation_id="get_warning")
def one(request: HttpRequest, key: str) -> dict[str, Any]:
    """One warning by its key."""
    seen = EarlyWarning.objects.visible_to(cast("User", request.user), timezone.localdate()).told()
    return _told(get_object_or_404(seen, key=key))


def _told(warning: EarlyWarning) -> dict[str, Any]:
    plain = ("key", "model", "version", "level", "tier", "standing", "about", "supervised", "region",
             "theme", "amount_fen", "raised_at", "changed_at", "as_of")  # fmt: skip
    return {
        **{name: getattr(warning, name) for name in plain},
        "title": {"zh": warning.title, "en": warning.title_en},
        "sentence": {"zh": warning.sentence, "en": warning.sentence_en},
    }
