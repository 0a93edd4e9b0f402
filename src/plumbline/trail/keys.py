"""The key that signs tree heads: the office's own, made with its first head, never in the database."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
    load_pem_public_key,
)
from django.conf import settings

from plumbline.errors import PlumblineError, Text


class KeyMissingError(PlumblineError):
    """The key under which this trail was signed so far is gone."""


def _private() -> Path:
    return Path(settings.PRIVATE) / "trail.key"


def _public() -> Path:
    return Path(settings.PRIVATE) / "trail.pub"


def signing_key(*, first: bool) -> Ed25519PrivateKey:
    """The key; it is made for the first head alone.

    Raises:
        KeyMissingError: heads were signed before, and the key is not there any more.
    """
    path = _private()
    if first and not path.exists():
        _make(path)
    if not path.exists():
        raise KeyMissingError(
            Text("签名私钥不见了", "the signing key is not there"),
            where=str(path),
            hint=Text(
                "从备份中恢复这个文件；在此之前留痕照常写入，但不封存",
                "restore this file from the backup; until then acts are recorded, but not sealed",
            ),
        )
    return _loaded(path, path.stat().st_mtime_ns)


@cache
def _loaded(path: Path, written_at: int) -> Ed25519PrivateKey:
    del written_at  # it is read again when it was written again
    key = load_pem_private_key(path.read_bytes(), password=None)
    assert isinstance(key, Ed25519PrivateKey)
    return key


def _make(path: Path) -> None:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    _write(_public(), public, 0o644)
    _write(path, key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()), 0o600)


def _write(path: Path, content: bytes, mode: int) -> None:
    """Whole or not at all: a key that was cut off would be a key that is lost."""
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        os.write(file, content)
        os.fsync(file)
    finally:
        os.close(file)
    fresh.replace(path)


def public_key() -> bytes | None:
    """The key by which this office's heads are known; None before the first."""
    path = _public()
    if not path.exists():
        return None
    key = load_pem_public_key(path.read_bytes())
    assert isinstance(key, Ed25519PublicKey)
    return key.public_bytes_raw()
