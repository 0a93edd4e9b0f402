"""Tree heads as they are signed, sent outside and read again; and what was sealed under them.

A head outside is a line of JSON. It carries everything that is needed to check it without the database: the
key that signed it, and the digests of all leaves since the line before, so that a verifier can name the very
row that differs. Nothing here knows Django.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import chain
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from plumbline.trail.digest import ALGORITHMS, canonical, hash_by

SIZE = 32  # of a digest, and of a public key
#: What stands for the head before the first.
BEGINNING = bytes(SIZE)


class NotAHeadError(ValueError):
    """This is not a head, or not a whole one."""


@dataclass(frozen=True)
class Head:
    """What the whole tree was when it had `size` leaves, and who says so.

    Attributes:
        at: when it was sealed, in UTC with microseconds, as it is hashed.
        previous: digest of the head before it; `BEGINNING` of the first.
        key: the public key (Ed25519) under which it is signed.
    """

    size: int
    root: bytes
    at: str
    algorithm: str
    previous: bytes
    key: bytes
    signature: bytes = b""

    def signed(self) -> bytes:
        """What the signature is of: all of it, in canonical form."""
        return canonical({
            "algorithm": self.algorithm,
            "at": self.at,
            "head": "plumbline.trail",  # the key may sign other things one day; this is no such thing
            "key": self.key.hex(),
            "previous": self.previous.hex(),
            "root": self.root.hex(),
            "size": self.size,
        })  # fmt: skip

    def digest(self) -> bytes:
        """By which the next head names this one."""
        return hash_by(self.algorithm)(self.signed())

    def is_signed(self) -> bool:
        """Whether the signature is that of the key; whose key it is, is another question."""
        try:
            Ed25519PublicKey.from_public_bytes(self.key).verify(self.signature, self.signed())
        except (InvalidSignature, ValueError):
            return False
        return True

    def sign(self, key: Ed25519PrivateKey) -> Head:
        mine = key.public_key().public_bytes_raw()
        head = Head(self.size, self.root, self.at, self.algorithm, self.previous, mine)
        return Head(**{**vars(head), "signature": key.sign(head.signed())})

    def as_json(self) -> dict[str, Any]:
        return {
            "size": self.size,
            "root": self.root.hex(),
            "at": self.at,
            "algorithm": self.algorithm,
            "previous": self.previous.hex(),
            "key": self.key.hex(),
            "signature": self.signature.hex(),
        }


def moment(at: datetime) -> str:
    """A time as it is hashed."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


@dataclass(frozen=True)
class Leaves:
    """Sealed entries, in their order.

    Attributes:
        entries: numbers of entries, as runs: the first of a run and how many follow one upon the other.
        digests: of their leaves, one behind the other.
    """

    entries: tuple[tuple[int, int], ...]
    digests: bytes

    def __len__(self) -> int:
        return len(self.digests) // SIZE

    def __iter__(self) -> Iterator[tuple[int, bytes]]:
        """Number and digest of each."""
        numbers = chain.from_iterable(range(first, first + many) for first, many in self.entries)
        return zip(numbers, self.each(), strict=True)

    def each(self) -> list[bytes]:
        return [self.digests[i : i + SIZE] for i in range(0, len(self.digests), SIZE)]

    @staticmethod
    def of(rows: Sequence[tuple[int, bytes]]) -> Leaves:
        runs: list[tuple[int, int]] = []
        for number, _ in rows:
            if runs and number == sum(runs[-1]):
                runs[-1] = (runs[-1][0], runs[-1][1] + 1)
            else:
                runs.append((number, 1))
        return Leaves(tuple(runs), b"".join(bytes(digest) for _, digest in rows))


@dataclass(frozen=True)
class Kept:
    """A head as it is kept outside.

    Attributes:
        head: with everything but size and root empty where it was copied from paper.
        leaves: sealed since the head before it; None where only the head was kept.
    """

    head: Head
    leaves: Leaves | None

    @property
    def is_whole(self) -> bool:
        """Whether it can be checked by itself, unlike one from paper."""
        return bool(self.head.signature)


def line(head: Head, leaves: Leaves) -> bytes:
    """A head for a file or a peer, with what was sealed under it since the one before."""
    carried = {
        **head.as_json(),
        "entries": [list(run) for run in leaves.entries],
        "leaves": base64.b64encode(leaves.digests).decode(),
    }
    return json.dumps(carried, separators=(",", ":")).encode() + b"\n"


def read(text: str) -> Kept:
    """A head from a line of a file, or `SIZE ROOT` from paper: spaces within the root are passed over.

    Raises:
        NotAHeadError: it is neither.
    """
    try:
        return _from_json(json.loads(text)) if text.lstrip()[:1] == "{" else _from_paper(text)
    except (AttributeError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise NotAHeadError(str(error)) from error


def _from_paper(text: str) -> Kept:
    size, *groups = text.split()
    head = Head(_size(int(size)), _digest("".join(groups)), "", "", b"", b"")
    return Kept(head, None)


def _from_json(given: dict[str, Any]) -> Kept:
    if given["algorithm"] not in ALGORITHMS:
        raise NotAHeadError(f"algorithm {given['algorithm']!r}")
    head = Head(
        size=_size(given["size"]),
        root=_digest(given["root"]),
        at=moment(datetime.fromisoformat(given["at"])),
        algorithm=given["algorithm"],
        previous=_digest(given["previous"]),
        key=_digest(given["key"]),
        signature=bytes.fromhex(given["signature"]),
    )
    if not head.signature:
        raise NotAHeadError("it is not signed")
    if "leaves" not in given:
        return Kept(head, None)
    try:
        digests = base64.b64decode(given["leaves"], validate=True)
    except binascii.Error as error:
        raise NotAHeadError(str(error)) from error
    runs = tuple((_size(first), _size(many)) for first, many in given["entries"])
    if len(digests) % SIZE or len(digests) // SIZE != sum(many for _, many in runs):
        raise NotAHeadError("as many entries as leaves belong to it")
    return Kept(head, Leaves(runs, digests))


def _size(given: object) -> int:
    if not isinstance(given, int) or isinstance(given, bool) or not 0 < given < 2**63:
        raise NotAHeadError(f"{given!r} is no number of rows")
    return given


def _digest(given: str) -> bytes:
    digest = bytes.fromhex(given)
    if len(digest) != SIZE:
        raise NotAHeadError(f"a digest has {SIZE} bytes")
    return digest
