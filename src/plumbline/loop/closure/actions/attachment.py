"""Files that go with what comes after a warning: evidence, letters as they were sent, texts of rules."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from io import BytesIO
from typing import Any

from django.core.files.base import ContentFile
from django.db import transaction

from plumbline.errors import PlumblineError, Text
from plumbline.kit.filekind import MOST_BYTES, TAKEN, kind_of
from plumbline.loop.closure.models import Attachment
from plumbline.org.models import User
from plumbline.trail.actions import record


class FileRefusedError(PlumblineError):
    """Not a file that is kept here."""


@dataclass(frozen=True)
class File:
    """A file as it was handed in."""

    name: str
    content: bytes


def _kind(file: File) -> str:
    """MIME type.

    Raises:
        FileRefusedError: empty, too large, or of a kind that is not kept.
    """
    if not file.content or len(file.content) > MOST_BYTES:
        raise FileRefusedError(
            Text("文件是空的，或超过 50 MB", "the file is empty, or larger than 50 MB"),
            where=file.name,
        )
    if kind := kind_of(file.name, BytesIO(file.content)):
        return kind
    raise FileRefusedError(
        Text("不收这种文件，或内容与扩展名不符", "files of this kind are not kept, or the content is another one"),
        where=file.name, hint=TAKEN,
    )  # fmt: skip


def keep(files: Iterable[File], *, by: User, at: datetime, **of: Any) -> list[str]:
    """Keep files with what they belong to, as part of the act that the trail tells of.

    Args:
        of: the one thing they belong to: `item`, `recommendation`, `rectification` or `mechanism`.

    Returns:
        Their digests, for the trail.
    """
    digests = []
    for file in files:
        digest = hashlib.sha256(file.content).hexdigest()
        Attachment.objects.create(
            by=by, at=at, name=file.name[-200:], kind=_kind(file), size=len(file.content),
            file=ContentFile(file.content, name=f"{digest[:32]}"), sha256=digest, **of,
        )  # fmt: skip
        digests.append(digest)
    return digests


@transaction.atomic
def take_away(file: Attachment, *, by: User, at: datetime) -> None:
    """Note that somebody downloads a file."""
    record("attachment.taken", subject=_subject(file), by=by, at=at, attachment=file.pk,
           sha256=file.sha256)  # fmt: skip


def _subject(file: Attachment) -> str:
    """What it belongs to, as the trail names it; a line's file belongs to its campaign."""
    if file.item is not None:
        return f"campaign:{file.item.campaign_id}"
    if file.recommendation_id is not None:
        return f"recommendation:{file.recommendation_id}"
    if file.rectification_id is not None:
        return f"rectification:{file.rectification_id}"
    return f"mechanism:{file.mechanism_id}"
