"""An archive of a workspace: a tar file, sealed where a key is given, with the digest of everything in it at its end.

It is written under another name and takes its own when it is whole and on the disk, so that a killed process
leaves no archive that looks like one.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import stat
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO, Any, cast

from plumbline.cli.keeping.sealed import Opened, Sealer, is_sealed
from plumbline.errors import PlumblineError, Text

ABOUT, MANIFEST = "PLUMBLINE-BACKUP.json", "PLUMBLINE-MANIFEST.json"
FORMAT = 1
_BLOCK = 1 << 20


class ArchiveError(PlumblineError):
    """An archive cannot be written, or is not what was written."""


@dataclass
class Contents:
    """What an archive holds.

    Attributes:
        about: what it is of, and when it was made.
        files: by name, size and SHA-256.
        left_out: what was there and is no regular file.
    """

    about: dict[str, Any]
    files: dict[str, tuple[int, str]] = field(default_factory=dict)
    left_out: list[str] = field(default_factory=list)

    @property
    def size(self) -> int:
        return sum(size for size, _ in self.files.values())


class Writing:
    """An archive that is being filled."""

    def __init__(self, out: IO[bytes], about: dict[str, Any]) -> None:
        self.contents = Contents(about)
        self._tar = tarfile.TarFile(fileobj=out, mode="w", format=tarfile.PAX_FORMAT)
        self._text(ABOUT, {"format": FORMAT, **about})

    def add(self, name: str, path: Path) -> None:
        """A file as it is at this moment; what is no file is left out, and named."""
        with _regular(path) as source:
            if source is None:
                self.contents.left_out.append(name)
                return
            status = os.fstat(source.fileno())
            entry = tarfile.TarInfo(name)
            entry.size, entry.mtime = status.st_size, int(status.st_mtime)
            entry.mode = stat.S_IMODE(status.st_mode)
            reading = _Digesting(source, entry.size, str(path))
            self._tar.addfile(entry, cast("IO[bytes]", reading))
            self.contents.files[name] = (entry.size, reading.digest.hexdigest())

    def close(self) -> None:
        self._text(MANIFEST, {"files": self.contents.files, "left_out": self.contents.left_out})
        self._tar.close()

    def _text(self, name: str, said: dict[str, Any]) -> None:
        body = json.dumps(said, ensure_ascii=False, sort_keys=True).encode()
        entry = tarfile.TarInfo(name)
        entry.size = len(body)
        self._tar.addfile(entry, io.BytesIO(body))


@contextmanager
def _regular(path: Path) -> Iterator[IO[bytes] | None]:
    """The file opened, where it is one: no link, pipe or device."""
    try:
        handle = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
    except OSError:
        if not path.is_symlink():
            raise
        yield None
        return
    with os.fdopen(handle, "rb") as source:
        yield source if stat.S_ISREG(os.fstat(handle).st_mode) else None


class _Digesting:
    """So many bytes of a file and no more, with their digest; of a file that grows, what it was."""

    def __init__(self, source: IO[bytes], size: int, where: str) -> None:
        self._source, self._left, self._where = source, size, where
        self.digest = hashlib.sha256()

    def read(self, size: int) -> bytes:
        data = self._source.read(min(size, self._left))
        if not data and self._left:
            raise ArchiveError(
                Text("文件在备份时变短了", "the file became shorter meanwhile"), where=self._where
            )
        self._left -= len(data)
        self.digest.update(data)
        return data


@contextmanager
def writing(target: Path, about: dict[str, Any], key: bytes, cipher: str) -> Iterator[Writing]:
    """Fill a new archive; it is there when the block has ended well, and not before.

    Raises:
        ArchiveError: there is a file of this name.
    """
    draft = target.with_name(f"{target.name}.partial")
    if target.exists():
        raise ArchiveError(
            Text("已有这个文件，不覆盖", "there is such a file; it is not overwritten"), where=str(target)
        )  # fmt: skip
    draft.unlink(missing_ok=True)  # of one that was killed
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            sealer = Sealer(file, key, cipher) if key else None
            archive = Writing(cast("IO[bytes]", sealer) if sealer else file, about)
            yield archive
            archive.close()
            if sealer:
                sealer.close()
            file.flush()
            os.fsync(file.fileno())
        arrive(draft, target)
    finally:
        draft.unlink(missing_ok=True)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def arrive(draft: Path, target: Path) -> None:
    """Give a file that is whole its name, and never that of another, however late it came."""
    try:
        os.link(draft, target)
    except FileExistsError:
        raise
    except OSError:  # a disk that knows no second names
        if target.exists():
            raise
        draft.rename(target)


def read(path: Path, key: bytes, into: Path | None = None) -> Contents:
    """Read an archive from its beginning to its end, and hold everything in it against its digest.

    Args:
        into: an empty folder that receives the files; without it nothing is written.

    Raises:
        ArchiveError, SealError: it is not what was written, or not whole.
    """
    with path.open("rb") as file:
        sealed = is_sealed(path)
        if not sealed and not tarfile.is_tarfile(path):
            raise ArchiveError(Text("不是备份文件", "this is no backup"), where=str(path))
        source = Opened(file, key, str(path)) if sealed else file
        found = Contents({})
        manifest: dict[str, Any] | None = None
        try:
            with tarfile.open(fileobj=cast("IO[bytes]", source), mode="r|", bufsize=_BLOCK) as tar:
                for entry in tar:
                    body = tar.extractfile(entry)
                    if body is None or manifest is not None:
                        raise _not_ours(path, entry.name)
                    if entry.name == ABOUT and not found.about:
                        found.about = json.load(body)
                    elif entry.name == MANIFEST:
                        manifest = json.load(body)
                    else:
                        found.files[entry.name] = _take(path, entry, body, into)
            if sealed:  # to its last frame, behind the end of the tar
                while source.read(_BLOCK):
                    pass
        except (tarfile.TarError, ValueError) as error:
            raise ArchiveError(
                Text(f"文件已损坏：{error}", f"the file is damaged: {error}"), where=str(path)
            ) from None
    if found.about.get("format") != FORMAT or manifest is None:
        raise ArchiveError(
            Text("备份不完整，或是别的版本写的", "the backup is cut off, or of another version"),
            where=str(path),
        )
    _compare(path, found, {name: tuple(each) for name, each in manifest["files"].items()})
    found.left_out = manifest["left_out"]
    if into:
        for folder in (into, *(each for each in into.rglob("*") if each.is_dir())):
            folder.chmod(0o700)
    return found


def _take(
    path: Path, entry: tarfile.TarInfo, body: IO[bytes], into: Path | None
) -> tuple[int, str]:
    name = PurePosixPath(entry.name)
    if name.is_absolute() or ".." in name.parts or not entry.isreg():
        raise _not_ours(path, entry.name)
    digest, size = hashlib.sha256(), 0
    target = into / name if into else Path(os.devnull)
    if into:
        target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, entry.mode & 0o777)
    else:
        handle = os.open(target, os.O_WRONLY)
    with os.fdopen(handle, "wb") as out:
        while block := body.read(_BLOCK):
            digest.update(block)
            out.write(block)
            size += len(block)
        if into:
            out.flush()
            os.fsync(handle)
    if into:
        with suppress(OSError):
            os.utime(target, (entry.mtime, entry.mtime))
    return size, digest.hexdigest()


def _not_ours(path: Path, name: str) -> ArchiveError:
    return ArchiveError(
        Text(f"里面有不该有的“{name}”", f"'{name}' does not belong into it"), where=str(path)
    )


def _compare(path: Path, found: Contents, told: dict[str, tuple[int, str]]) -> None:
    wrong = sorted(
        name for name in {*found.files, *told} if found.files.get(name) != told.get(name)
    )
    if wrong:
        raise ArchiveError(
            Text(f"{len(wrong)} 个文件与清单不符，第一个是“{wrong[0]}”",
                 f"{len(wrong)} files are not what the manifest says, the first is '{wrong[0]}'"),
            where=str(path),
            hint=Text("换一份备份", "take another backup"),
        )  # fmt: skip
