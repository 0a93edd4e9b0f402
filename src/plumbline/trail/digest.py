"""What is hashed and how: canonical JSON (RFC 8785) and the tree's leaves and nodes (RFC 9162, 2.1.1)."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from django.conf import settings

if TYPE_CHECKING:
    from plumbline.trail.models import Entry


def canonical(entry: Entry) -> bytes:
    """The entry as it is hashed: keys in order, no spaces, times in UTC with microseconds."""
    at: datetime = entry.at
    return json.dumps(
        {
            "action": entry.action,
            "actor": entry.actor,
            "at": at.astimezone(UTC).isoformat(timespec="microseconds"),
            "detail": entry.detail,
            "on_behalf": entry.on_behalf,
            "reason": entry.reason,
            "subject": entry.subject,
        },
        ensure_ascii=False, sort_keys=True, separators=(",", ":"),
    ).encode()  # fmt: skip


def digest(data: bytes, algorithm: str | None = None) -> bytes:
    """32 bytes, by SHA-256 or (GB/T 32905) SM3, as the office has chosen."""
    if (algorithm or settings.TRAIL_DIGEST) == "sha256":
        return hashlib.sha256(data).digest()
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 -- for those who chose SM3

    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(data)
    return sm3.finalize()


def leaf(entry: Entry, algorithm: str | None = None) -> bytes:
    return digest(b"\x00" + canonical(entry), algorithm)
