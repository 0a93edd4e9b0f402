"""What is hashed, and how: canonical JSON (RFC 8785) under SHA-256 or SM3 (GB/T 32905)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from plumbline.trail.tree import Hash

ALGORITHMS = ("sha256", "sm3")
#: Beyond this, JSON's numbers are not the same everywhere (RFC 8785, 3.2.2.3).
_LARGEST = 2**53 - 1

_ENCODER = json.JSONEncoder(
    ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False
)


class NotCanonicalError(TypeError):
    """A programming fault: what is written down must read the same everywhere and for ever."""


def canonical(value: Mapping[str, Any]) -> bytes:
    """The one form in which something is hashed: keys in order, no spaces, UTF-8.

    Of RFC 8785 it holds all but fractions, which the trail does without: money is in fen, shares are text.
    """
    return _ENCODER.encode(value).encode()


def written(value: Mapping[str, Any]) -> str:
    """The same as text, for a column of JSON."""
    return _ENCODER.encode(value)


def must_be_plain(value: object, where: str) -> None:
    """Only what every database gives back as it was: no fractions, no large numbers, no odd keys.

    Raises:
        NotCanonicalError: something else is in it.
    """
    if isinstance(value, dict):
        for key, inner in value.items():
            # Up to there the order of characters is that of RFC 8785, which counts in UTF-16.
            if not isinstance(key, str) or not (key.isascii() or max(key) <= "\ud7ff"):
                raise NotCanonicalError(f"{where}: the key {key!r} is not a plain word")
            must_be_plain(inner, f"{where}.{key}")
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            must_be_plain(inner, f"{where}[{number}]")
    elif isinstance(value, str):
        if "\0" in value or not _can_be_encoded(value):
            raise NotCanonicalError(f"{where}: a text with characters that no database keeps")
    elif value is not None and (not isinstance(value, int) or abs(value) > _LARGEST):
        raise NotCanonicalError(f"{where}: {value!r} is not text, a whole number, a list or a dict")


def _can_be_encoded(text: str) -> bool:
    """Whether it has no half of a pair of surrogates."""
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def hash_by(algorithm: str) -> Hash:
    """What makes digests by an algorithm of `ALGORITHMS`.

    Raises:
        ValueError: there is no such algorithm.
    """
    if algorithm == "sha256":
        return _sha256
    if algorithm != "sm3":
        raise ValueError(f"no algorithm of the trail: {algorithm!r}")
    if "sm3" in hashlib.algorithms_available:  # where the system's OpenSSL has it, twice as fast
        return partial(_hashlib, "sm3")
    return _sm3


def _sha256(data: bytes, new: Callable[[bytes], Any] = hashlib.sha256) -> bytes:
    """Called for every leaf and node, so that looking up its parts each time would be a third of it."""
    digest: bytes = new(data).digest()
    return digest


def _hashlib(name: str, data: bytes) -> bytes:
    return hashlib.new(name, data).digest()


def _sm3(data: bytes) -> bytes:
    from cryptography.hazmat.primitives import hashes  # noqa: PLC0415 -- for those who chose SM3

    sm3 = hashes.Hash(hashes.SM3())
    sm3.update(data)
    return sm3.finalize()
