"""Who asks for a page, and what they may see of the registers."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import cast

from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header

from plumbline.bilingual import language
from plumbline.loop.delivery import intake
from plumbline.loop.delivery.intake import Workspace
from plumbline.org.models import Role, Unit, User
from plumbline.org.policy import rights_of

DATA = (Role.DATA_PROVIDER, Role.DATA_MANAGER)
_XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


def today() -> date:
    return timezone.localdate()


def me(http: HttpRequest) -> User:
    return cast("User", http.user)


def must_have(http: HttpRequest, *roles: Role) -> None:
    """To whoever has none of these roles, the page does not exist."""
    if not rights_of(me(http), today()).has(*roles):
        raise Http404


def before(http: HttpRequest) -> int | None:
    said = http.GET.get("before", "")
    return int(said) if said.isdecimal() else None


def own_datasets(http: HttpRequest, office: Workspace) -> dict[str, Unit | None]:
    """Datasets of the units somebody provides for or whose data they manage, with the unit."""
    return intake.own_datasets(office, me(http), today())


def named(office: Workspace, datasets: dict[str, Unit | None]) -> list[tuple[str, str]]:
    """(name, title) of datasets, by title."""
    lang, titles = language(), intake.titles(office)
    return sorted(((name, titles[name].in_(lang)) for name in datasets), key=lambda each: each[1])


def one_dataset(http: HttpRequest, office: Workspace, name: str) -> Unit | None:
    """The unit of a dataset that somebody may see.

    Raises:
        Http404: there is none, or it is not theirs.
    """
    must_have(http, *DATA)
    own = own_datasets(http, office)
    if name not in own:
        raise Http404
    return own[name]


def workbook(name: str, write: Callable[[Path], object]) -> HttpResponse:
    """A workbook for taking away; it lies nowhere on the server afterwards."""
    with TemporaryDirectory() as folder, transaction.atomic():
        path = Path(folder) / "rows.xlsx"
        write(path)
        content = path.read_bytes()
    disposition = content_disposition_header(as_attachment=True, filename=name)
    return HttpResponse(
        content,
        content_type=_XLSX,
        headers={"Content-Disposition": disposition or "attachment", "Cache-Control": "no-store"},
    )
