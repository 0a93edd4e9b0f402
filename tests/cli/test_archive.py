"""Archives: whole or not there, and what is in them is what was put in."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from plumbline.cli.keeping import sealed
from plumbline.cli.keeping.archive import ArchiveError, read, writing
from plumbline.cli.keeping.sealed import SealError

KEY = b"0123456789abcdef-of-a-test"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sealed, "_SCRYPT", {"n": 2, "r": 8, "p": 1})


def made(folder: Path, key: bytes = b"", cipher: str = "aes") -> Path:
    source = folder / "source"
    (source / "deep").mkdir(parents=True, exist_ok=True)
    (source / "one.txt").write_text("一件")
    (source / "deep" / "two.bin").write_bytes(bytes(range(256)) * 5000)
    (source / "deep" / "two.bin").chmod(0o600)
    target = folder / f"archive-{len(list(folder.iterdir()))}"
    with writing(target, {"made_at": "2026-03-18"}, key, cipher) as archive:
        archive.add("one.txt", source / "one.txt")
        archive.add("deep/two.bin", source / "deep" / "two.bin")
    return target


@pytest.mark.parametrize(("key", "cipher"), [(b"", ""), (KEY, "aes"), (KEY, "sm4")])
def test_it_reads_as_it_was_written(tmp_path: Path, key: bytes, cipher: str) -> None:
    path = made(tmp_path, key, cipher)
    found = read(path, key, into=tmp_path / "out")
    assert (tmp_path / "out" / "one.txt").read_text() == "一件"
    two = tmp_path / "out" / "deep" / "two.bin"
    assert two.read_bytes() == bytes(range(256)) * 5000
    assert two.stat().st_mode & 0o777 == 0o600
    assert found.about["made_at"] == "2026-03-18"
    assert path.stat().st_mode & 0o777 == 0o600
    assert (b"one.txt" in path.read_bytes()) is (key == b"")


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    path = made(tmp_path)
    before = path.read_bytes()
    with pytest.raises(ArchiveError, match="not overwritten"), writing(path, {}, b"", ""):
        pass
    assert path.read_bytes() == before


def test_what_fails_leaves_no_archive(tmp_path: Path) -> None:
    target = tmp_path / "archive"
    with pytest.raises(FileNotFoundError), writing(target, {}, b"", "") as archive:
        archive.add("gone", tmp_path / "gone")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("key", [b"", KEY], ids=["plain", "sealed"])
def test_a_changed_byte_is_found(tmp_path: Path, key: bytes) -> None:
    whole = bytearray(made(tmp_path, key).read_bytes())
    for at in (5000, len(whole) // 2):
        broken = tmp_path / "broken"
        changed = bytearray(whole)
        changed[at] ^= 1
        broken.write_bytes(changed)
        with pytest.raises((ArchiveError, SealError)):
            read(broken, key)


@pytest.mark.parametrize("key", [b"", KEY], ids=["plain", "sealed"])
def test_an_archive_that_is_cut_off_is_found(tmp_path: Path, key: bytes) -> None:
    whole = made(tmp_path, key).read_bytes()
    for part in (0.1, 0.5, 0.99):
        cut = tmp_path / "cut"
        cut.write_bytes(whole[: int(len(whole) * part)])
        with pytest.raises((ArchiveError, SealError)):
            read(cut, key)


def test_a_wrong_key_opens_nothing(tmp_path: Path) -> None:
    with pytest.raises(SealError, match="the key is wrong"):
        read(made(tmp_path, KEY), b"another-key-0123456789")


def test_links_are_left_out_and_named(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("/etc/passwd")
    os.mkfifo(tmp_path / "pipe")
    target = tmp_path / "archive"
    with writing(target, {}, b"", "") as archive:
        archive.add("link", tmp_path / "link")
        archive.add("pipe", tmp_path / "pipe")
    found = read(target, b"")
    assert (found.files, found.left_out) == ({}, ["link", "pipe"])


@pytest.mark.parametrize("name", ["../outside", "/etc/outside", "a/../../outside"])
def test_no_name_leads_out_of_the_folder(tmp_path: Path, name: str) -> None:
    target = tmp_path / "archive"
    (tmp_path / "file").write_text("x")
    with writing(target, {}, b"", "") as archive:
        archive.add(name, tmp_path / "file")
    with pytest.raises(ArchiveError, match="does not belong"):
        read(target, b"", into=tmp_path / "out")


def test_another_tar_file_is_no_backup(tmp_path: Path) -> None:
    target = tmp_path / "other.tar"
    (tmp_path / "file").write_text("x")
    with tarfile.open(target, "w") as tar:
        tar.add(tmp_path / "file", "file")
    with pytest.raises(ArchiveError, match="cut off, or of another version"):
        read(target, b"")


SLOWLY = """
import sys, time
from pathlib import Path
from plumbline.cli.keeping import archive
folder = Path(sys.argv[1])
add = archive.Writing.add
def slowly(self, name, path):
    add(self, name, path); print(name, flush=True); time.sleep(0.2)
archive.Writing.add = slowly
with archive.writing(folder / "archive", {}, b"", "") as made:
    for number in range(20):
        made.add(str(number), folder / "file")
print("whole", flush=True)
"""


def test_killed_in_the_middle_there_is_no_archive_and_the_next_is_whole(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(bytes(100_000))
    command = [sys.executable, "-c", SLOWLY, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as process:
        assert process.stdout
        while process.stdout.readline() != b"5\n":
            assert process.poll() is None
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert not (tmp_path / "archive").exists()
    assert (tmp_path / "archive.partial").exists()
    with writing(tmp_path / "archive", {}, b"", "") as archive:
        archive.add("file", tmp_path / "file")
    assert set(read(tmp_path / "archive", b"").files) == {"file"}
    assert not (tmp_path / "archive.partial").exists()
