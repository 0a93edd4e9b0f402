"""Writing so that a power cut, a full disk or a second process leaves the old state or the new one."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from plumbline.errors import PlumblineError, StoreError, Text

_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
_FULL_WORDS = (
    *(os.strerror(number) for number in sorted(_FULL)),
    *(f"os error {number}" for number in sorted(_FULL)),
    "the disk is full",
)


def sha256_of(path: Path) -> str:
    """The file's SHA-256 in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync(path: Path) -> None:
    """Have the disk keep a file, or the names in a folder."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def make_folder(path: Path) -> None:
    """Create `path` and what is missing above it, so that their names survive a power cut."""
    if path.is_dir():
        return
    make_folder(path.parent)
    path.mkdir(exist_ok=True)
    sync(path.parent)


def write_whole(path: Path, content: bytes) -> None:
    """Write a small file so that a reader sees the old content or the new, never a part."""
    make_folder(path.parent)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.write_bytes(content)
        sync(draft)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync(path.parent)


def move_in(draft: Path, path: Path) -> None:
    """Give a finished file its name; it and its name are on the disk afterwards."""
    make_folder(path.parent)
    sync(draft)
    try:
        draft.replace(path)
    except OSError as error:
        if error.errno != errno.EXDEV:
            raise
        shutil.copyfile(draft, path)  # the scratch folder was put on another disk
        sync(path)
    sync(path.parent)


def copy_in(path: Path, scratch: Path) -> Path:
    """A copy of a delivered file in `scratch`, which nobody can change while it is read."""
    copy = scratch / "delivered" / path.name
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(path, copy)
    return copy


@contextmanager
def disk_in_words() -> Iterator[None]:
    """Say a full disk in words, whichever library ran into it; other errors pass."""
    try:
        yield
    except StoreError:
        raise
    except Exception as error:
        full = getattr(error, "errno", None) in _FULL
        said = error.in_("en") if isinstance(error, PlumblineError) else str(error)
        if not full and not any(word in said for word in _FULL_WORDS):
            raise
        raise StoreError(
            Text(
                f"磁盘已满，库里的数据仍是原来的样子：{said}",
                f"the disk is full; the store is as it was before: {said}",
            ),
            hint=Text(
                "腾出磁盘空间后重新执行同一条命令；没有写完的文件会自动清除",
                "free some space and run the same command again; half-written files are cleared",
            ),
        ) from error


@contextmanager
def exclusive(path: Path, wait: float) -> Iterator[int]:
    """Hold the lock file `path`; if another process holds it for `wait` seconds, say which.

    Gives the open lock. A process that inherits it holds the file as well, until it ends.
    """
    make_folder(path.parent)
    with path.open("a+") as lock:
        _take(lock.fileno(), path, wait)
        try:
            lock.truncate(0)
            lock.write(f"{os.getpid()}\n")
            lock.flush()
            yield lock.fileno()
        finally:
            fcntl.flock(lock, fcntl.LOCK_UN)


def _take(lock: int, path: Path, wait: float) -> None:
    until = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise _held(path) from None
            time.sleep(0.05)
        else:
            return


def _held(path: Path) -> StoreError:
    holder = path.read_text().strip() or "?"
    since = datetime.fromtimestamp(path.stat().st_mtime).astimezone()
    when = since.strftime("%Y-%m-%d %H:%M:%S")
    return StoreError(
        Text(
            f"另一个进程（编号 {holder}，自 {when} 起）正在写入，本次没有改动任何数据",
            f"another process (number {holder}, since {when}) is writing; nothing was changed",
        ),
        where=str(path.parent),
        hint=Text(
            "等它结束后重新执行同一条命令；进程结束或被终止时，锁会自动释放",
            "wait for it and run the same command again; the lock goes with the process",
        ),
    )
