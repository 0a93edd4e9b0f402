"""Sealed files: what was sealed comes out, and nothing else does."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.cli.keeping import sealed
from plumbline.cli.keeping.sealed import MAGIC, Opened, Sealer, SealError, read_key

KEY = b"0123456789abcdef-of-a-test"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """Small frames, and a key that is soon derived."""
    monkeypatch.setattr(sealed, "FRAME", 100)
    monkeypatch.setattr(sealed, "_SCRYPT", {"n": 2, "r": 8, "p": 1})


def closed(data: bytes, cipher: str = "aes", key: bytes = KEY, piece: int = 37) -> bytes:
    out = io.BytesIO()
    sealer = Sealer(out, key, cipher)
    for begin in range(0, len(data), piece):
        sealer.write(data[begin : begin + piece])
    sealer.close()
    return out.getvalue()


def opened(whole: bytes, key: bytes = KEY) -> bytes:
    return Opened(io.BytesIO(whole), key, "file").read()


@pytest.mark.parametrize("cipher", ["aes", "sm4"])
@pytest.mark.parametrize("size", [0, 1, 99, 100, 101, 200, 1000])
def test_what_was_sealed_comes_out(cipher: str, size: int) -> None:
    data = bytes(n % 251 for n in range(size))
    whole = closed(data, cipher)
    assert opened(whole) == data
    assert size < 20 or data[:20] not in whole


def test_the_ciphers_are_those_of_the_standards() -> None:
    """GB/T 32907, example 1, and FIPS 197, C.3: by way of the block that each enciphers."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes  # noqa: PLC0415

    number = bytes.fromhex("0123456789abcdeffedcba9876543210")
    ecb = Cipher(algorithms.SM4(number), modes.ECB()).encryptor()  # noqa: S305 -- a single block
    assert ecb.update(number).hex() == "681edf34d206965e86b3e94f536e4246"
    ecb = Cipher(algorithms.AES256(bytes(range(32))), modes.ECB()).encryptor()  # noqa: S305
    block = bytes.fromhex("00112233445566778899aabbccddeeff")
    assert ecb.update(block).hex() == "8ea2b7ca516745bfeafc49904b496089"


@given(st.data())
@settings(max_examples=60)
def test_one_changed_byte_anywhere_is_found(data: st.DataObject) -> None:
    whole = bytearray(closed(bytes(250), data.draw(st.sampled_from(["aes", "sm4"]))))
    at = data.draw(st.integers(0, len(whole) - 1))
    whole[at] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SealError):
        opened(bytes(whole))


@given(st.integers(0, 300))
@settings(max_examples=40)
def test_a_file_cut_off_anywhere_is_found(length: int) -> None:
    whole = closed(bytes(250))
    with pytest.raises(SealError):
        opened(whole[: min(length, len(whole) - 1)])


def test_frames_that_were_exchanged_left_out_or_added_are_found() -> None:
    whole = closed(bytes(350))
    begin = whole.index(b"\n", len(MAGIC)) + 1
    head, body = whole[:begin], whole[begin:]
    frames = [body[n : n + 116] for n in range(0, len(body), 116)]
    assert opened(head + b"".join(frames)) == bytes(350)
    for wrong in (
        [frames[1], frames[0], *frames[2:]],
        [frames[0], *frames[2:]],
        frames[:-1],
        [*frames, frames[-1]],
        [*frames[:-1], frames[0], frames[-1]],
    ):
        with pytest.raises(SealError):
            opened(head + b"".join(wrong))


def test_another_key_opens_nothing_and_the_message_says_so() -> None:
    with pytest.raises(SealError, match="the key is wrong"):
        opened(closed(b"secret"), b"another-key-0123456789")


def test_two_files_of_one_content_and_key_share_nothing() -> None:
    first, second = closed(bytes(200)), closed(bytes(200))
    begin = first.index(b"\n", len(MAGIC)) + 1
    assert first[begin:] != second[begin:]


def test_what_is_no_sealed_file_says_so() -> None:
    with pytest.raises(SealError, match="no sealed file"):
        opened(b"PK\x03\x04 a workbook")


def test_a_key_comes_from_a_file_or_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "key"
    path.write_bytes(b"  " + KEY + b"\n")
    assert read_key(path) == KEY
    monkeypatch.setenv("PLUMBLINE_SEAL_KEY", KEY.decode())
    assert read_key(None) == KEY
    monkeypatch.delenv("PLUMBLINE_SEAL_KEY")
    with pytest.raises(SealError, match="there is no key"):
        read_key(None)
    path.write_bytes(b"short")
    with pytest.raises(SealError, match="at least 16"):
        read_key(path)
