"""Files are kept by the hash of their content, and taken only if the content is what an office works with."""

from __future__ import annotations

import hashlib
import secrets
from datetime import datetime
from pathlib import PurePath
from typing import BinaryIO

from django.core.files import File
from django.core.files.storage import default_storage
from django.db import transaction

from plumbline.kit.filekind import MOST_BYTES, TAKEN, kind_of
from plumbline.loop.disposal.actions.holding import hold, refuse
from plumbline.loop.disposal.models import Disposal, Document, Request
from plumbline.loop.disposal.policy import must_answer
from plumbline.org.models import User
from plumbline.org.walls import WORKER, scope
from plumbline.trail.actions import record


@transaction.atomic
def attach(disposal: Disposal, name: str, file: BinaryIO, *, by: User, at: datetime) -> Document:
    """Put a file to a disposal.

    Raises:
        DisposalError: it is too large, empty, of a kind that is not taken, or there already.
    """
    hold(disposal, "attach", by=by, at=at)
    made = keep(disposal, name, file, by=by, at=at)
    record("disposal.attached", subject=f"disposal:{disposal.pk}", by=by, at=at, document=made.pk,
           sha256=made.sha256)  # fmt: skip
    return made


@transaction.atomic
def hand_in(request: Request, name: str, file: BinaryIO, *, by: User, at: datetime) -> Document:
    """Put a file to what is asked of one's unit, before it is answered."""
    held = must_answer(request, by=by, at=at)
    if request.answered_at is not None:
        raise refuse(request.disposal, "已经答复，不能再附文件", "it is answered; no more files")
    with scope(
        WORKER
    ):  # whether the file is there already is asked of what the unit does not see, too
        made = keep(request.disposal, name, file, by=by, at=at, request=request)
    record("request.attached", subject=f"request:{request.pk}", by=by, on_behalf=held.on_behalf, at=at,
           document=made.pk, sha256=made.sha256)  # fmt: skip
    return made


def keep(
    disposal: Disposal,
    name: str,
    file: BinaryIO,
    *,
    by: User,
    at: datetime,
    request: Request | None = None,
) -> Document:
    """Check, hash and store a file, as part of the act that the trail tells of.

    It lies under a name that says nothing; one whose row was refused is removed again.
    """
    plain = PurePath(name.replace("\\", "/")).name[-200:]
    kind = _kind(disposal, plain, file)
    size, digest = _read(disposal, file)
    if Document.objects.filter(disposal=disposal, sha256=digest).exists():
        raise refuse(disposal, "这份文件已经附过", "this file is there already")
    file.seek(0)
    ending = PurePath(plain).suffix.lower()
    stored = default_storage.save(
        f"disposal/{at:%Y/%m}/{secrets.token_hex(16)}{ending}", File(file, name=plain)
    )
    try:
        with transaction.atomic():
            return Document.objects.create(
                disposal=disposal, request=request, by=by, at=at, name=plain, kind=kind, size=size,
                file=stored, sha256=digest,
            )  # fmt: skip
    except BaseException:
        default_storage.delete(stored)
        raise


def _kind(disposal: Disposal, name: str, file: BinaryIO) -> str:
    if kind := kind_of(name, file):
        return kind
    raise refuse(
        disposal, "这类文件不能附，或内容与扩展名不符", "files of this kind are not taken, or the content is another one",
        TAKEN,
    )  # fmt: skip


def _read(disposal: Disposal, file: BinaryIO) -> tuple[int, str]:
    """Size and SHA-256, read in pieces."""
    file.seek(0)
    size, digest = 0, hashlib.sha256()
    while piece := file.read(1 << 20):
        size += len(piece)
        if size > MOST_BYTES:
            raise refuse(disposal, "文件超过 50 MB", "the file is larger than 50 MB")
        digest.update(piece)
    if not size:
        raise refuse(disposal, "文件是空的", "the file is empty")
    return size, digest.hexdigest()
