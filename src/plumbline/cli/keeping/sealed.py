"""Files that nobody reads without the key: encrypted in frames of one size, each shown to be whole and in its place.

A file begins with a line that names it and a line of JSON: cipher, salt, size of a frame. Each frame is
enciphered by itself (AES-256 or SM4, GB/T 32907, both in GCM), under a nonce that holds its number and whether
it is the last: so a frame that was altered, left out, moved or cut off is not deciphered. The key comes from
what the office keeps in a file, by scrypt and a salt of the file's own, so that no two files share a key.
"""

from __future__ import annotations

import hashlib
import json
import os
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any

from plumbline.errors import PlumblineError, Text

CIPHERS = {"aes": 32, "sm4": 16}  # bytes of their keys
MAGIC = b"PLUMBLINE SEALED 1\n"
FRAME = 1 << 20
_TAG, _PREFIX = 16, 7
_LEAST = 16  # characters of a key
_SCRYPT = {"n": 1 << 15, "r": 8, "p": 1, "maxmem": 1 << 26}


class SealError(PlumblineError):
    """A key is missing or wrong, or a file is not what was sealed."""


def read_key(path: Path | None, variable: str = "PLUMBLINE_SEAL_KEY") -> bytes:
    """The office's key: the content of a file, or of an environment variable; the space around it does not count.

    Raises:
        SealError: there is none, or it is too short to be one.
    """
    said = path.read_bytes() if path else os.environ.get(variable, "").encode()
    key = said.strip()
    if len(key) < _LEAST:
        raise SealError(
            Text(f"密钥不足 {_LEAST} 个字符", f"a key has at least {_LEAST} characters")
            if key else Text("没有密钥", "there is no key"),
            where=str(path or variable),
            hint=Text(
                "生成一个：openssl rand -hex 32 > 文件；用 --key-file 或 plumbline.toml 的 seal_key 指定",
                "make one: openssl rand -hex 32 > FILE; name it by --key-file or seal_key in plumbline.toml",
            ),
        )  # fmt: skip
    return key


def _cipher(name: str, key: bytes, salt: bytes) -> Any:
    from cryptography.hazmat.primitives.ciphers import algorithms

    derived = hashlib.scrypt(key, salt=salt, dklen=CIPHERS[name], **_SCRYPT)
    return (algorithms.AES256 if name == "aes" else algorithms.SM4)(derived)


def _nonce(prefix: bytes, number: int, *, last: bool) -> bytes:
    return prefix + struct.pack("!IB", number, last)


class Sealer:
    """A file to write to, which arrives enciphered in another one; `close` writes the last frame."""

    def __init__(self, out: IO[bytes], key: bytes, cipher: str) -> None:
        salt, self._prefix = os.urandom(16), os.urandom(_PREFIX)
        about = {"cipher": cipher, "frame": FRAME, "prefix": self._prefix.hex(), "salt": salt.hex()}
        self._head = MAGIC + json.dumps(about, sort_keys=True).encode() + b"\n"
        self._out, self._number, self._taken, self._held = out, 0, 0, bytearray()
        self._cipher = _cipher(cipher, key, salt)
        out.write(self._head)

    def write(self, data: bytes) -> int:
        self._held += data
        self._taken += len(data)
        while len(self._held) > FRAME:  # what fills a frame exactly may yet be the last
            self._frame(bytes(self._held[:FRAME]), last=False)
            del self._held[:FRAME]
        return len(data)

    def tell(self) -> int:
        return self._taken

    def _frame(self, data: bytes, *, last: bool) -> None:
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        nonce = _nonce(self._prefix, self._number, last=last)
        making = Cipher(self._cipher, modes.GCM(nonce)).encryptor()
        making.authenticate_additional_data(self._head)
        self._out.write(making.update(data) + making.finalize() + making.tag)
        self._number += 1

    def close(self) -> None:
        self._frame(bytes(self._held), last=True)


class Opened:
    """A sealed file to be read from its beginning: no byte comes out that was not shown to be whole."""

    def __init__(self, source: IO[bytes], key: bytes, where: str) -> None:
        self._source, self._where, self._ready = source, where, bytearray()
        head = source.readline(len(MAGIC))
        line = source.readline(1000)
        try:
            about = json.loads(line)
            name, self._size = about["cipher"], int(about["frame"])
            salt, self._prefix = bytes.fromhex(about["salt"]), bytes.fromhex(about["prefix"])
            if head != MAGIC or name not in CIPHERS or not 0 < self._size <= FRAME:
                raise ValueError(name)  # noqa: TRY301 -- told below, with the others
        except (ValueError, KeyError, TypeError):
            raise SealError(Text("不是加密文件", "this is no sealed file"), where=where) from None
        self._head, self._cipher = head + line, _cipher(name, key, salt)
        self._frames = self._each()

    def read(self, size: int = -1) -> bytes:
        while size < 0 or len(self._ready) < size:
            frame = next(self._frames, None)
            if frame is None:
                break
            self._ready += frame
        given = bytes(self._ready if size < 0 else self._ready[:size])
        del self._ready[: len(given)]
        return given

    def _each(self) -> Iterator[bytes]:
        from cryptography.exceptions import InvalidTag
        from cryptography.hazmat.primitives.ciphers import Cipher, modes

        number, held = 0, self._source.read(self._size + _TAG)
        while True:
            following = self._source.read(self._size + _TAG)
            nonce = _nonce(self._prefix, number, last=not following)
            if len(held) < _TAG:
                raise self._broken(number)
            opening = Cipher(self._cipher, modes.GCM(nonce, held[-_TAG:])).decryptor()
            opening.authenticate_additional_data(self._head)
            try:
                frame = opening.update(held[:-_TAG]) + opening.finalize()
            except InvalidTag:
                raise self._broken(number) from None
            yield frame
            if not following:
                return
            number, held = number + 1, following

    def _broken(self, number: int) -> SealError:
        if number == 0:
            return SealError(
                Text("密钥不对，或文件开头被改动或截断", "the key is wrong, or the file's beginning was altered or cut off"),
                where=self._where,
            )  # fmt: skip
        return SealError(
            Text(f"文件从第 {number * self._size} 字节起被改动或截断",
                 f"the file was altered or cut off from byte {number * self._size} on"),
            where=self._where,
        )  # fmt: skip


def is_sealed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(MAGIC)) == MAGIC
