"""Somebody keeps a list as they like to see it."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from plumbline.errors import PlumblineError, Text
from plumbline.loop.disposal.models import SavedView
from plumbline.org.models import User
from plumbline.trail.actions import record

MOST_VIEWS = 12


class ViewError(PlumblineError):
    """A list cannot be kept so."""


@transaction.atomic
def save_view(name: str, query: str, *, by: User, at: datetime) -> SavedView:
    """Keep the filters and order of a list under a name; one of that name is written anew.

    Raises:
        ViewError: it has no name, or there are too many.
    """
    name = name.strip()[:40]
    kept = SavedView.objects.filter(user=by.pk)
    if not name:
        raise ViewError(Text("请写一个名称", "give it a name"))
    if kept.exclude(name=name).count() >= MOST_VIEWS:
        raise ViewError(
            Text(f"最多保存{MOST_VIEWS}个视图，请先删去不用的", f"{MOST_VIEWS} views are the most: drop one first")
        )  # fmt: skip
    made, _ = SavedView.objects.update_or_create(
        user=by, name=name, defaults={"query": query[:500]}
    )
    record("view.saved", subject=f"view:{made.pk}", by=by, at=at)
    return made


@transaction.atomic
def drop_view(view: SavedView, *, by: User, at: datetime) -> None:
    """Keep it no longer."""
    record("view.dropped", subject=f"view:{view.pk}", by=by, at=at)
    view.delete()
