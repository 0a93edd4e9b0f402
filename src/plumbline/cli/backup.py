"""One command writes everything an office has into a file; another makes an office of that file and verifies it."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.office import Office, pass_office
from plumbline.errors import DeclarationError, Text

if TYPE_CHECKING:
    from plumbline.cli.keeping.archive import Contents

#: What makes keys of an office: whoever has them can sign heads and make codes of second factors.
KEYS = ("private/secret", "private/person.key", "private/trail.key", "private/ftm.key")
#: Made only where entities of FollowTheMoney were written.
_PERHAPS = ("private/ftm.key",)
#: Not of the workspace: what only holds for a running process, and the database, which is written out apart.
_PASSING = (
    "workbench.db",
    "workbench.db-wal",
    "workbench.db-shm",
    "workbench.db.lock",
    "store/lock",
)

_PATH = click.Path(dir_okay=False, path_type=Path)
_key_file = click.option(
    "--key-file", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="密钥文件；默认为设置 seal_key，或环境变量 PLUMBLINE_SEAL_KEY"
         " · by default the setting seal_key, or PLUMBLINE_SEAL_KEY",
)  # fmt: skip
_cipher = click.option(
    "--cipher", type=click.Choice(["none", "aes", "sm4"]),
    help="加密算法；默认为设置 seal，没有设置则不加密 · by default the setting seal; without one: none",
)  # fmt: skip


def _settings(office: Office) -> dict[str, Any]:
    from django.conf import settings

    del office
    said: dict[str, Any] = settings.WORKBENCH
    return said


def _key(office: Office, said: dict[str, Any], key_file: Path | None) -> bytes:
    from plumbline.cli.keeping.sealed import read_key

    named = said.get("seal_key")
    return read_key(key_file or (office.folder / named if named else None))


def _chosen(said: dict[str, Any], cipher: str | None) -> str:
    from plumbline.cli.keeping.sealed import CIPHERS

    chosen = str(cipher or said.get("seal", "none"))
    if chosen not in {"none", *CIPHERS}:
        raise DeclarationError(
            Text(f"不认识的加密算法“{chosen}”", f"unknown cipher '{chosen}'"),
            where="plumbline.toml [workbench] seal",
            hint=Text('写成 "sm4" 或 "aes"', 'write "sm4" or "aes"'),
        )
    return chosen


@click.command()
@click.argument("archive", type=_PATH)
@click.option(
    "--keys", type=_PATH, metavar="FILE",
    help="另存密钥，须加密，与备份分开保管 · the keys as well, sealed, into a file to be kept elsewhere",
)  # fmt: skip
@_cipher
@_key_file
@pass_office
def backup(
    office: Office, archive: Path, keys: Path | None, cipher: str | None, key_file: Path | None
) -> None:
    """把整个工作区备份成一个文件 · Write the whole workspace into one file.

    数据库、事实库、目录、上传的文件和外存树头，取自同一时刻；写完再读一遍核对。
    密钥不在其中，用 --keys 另存。备份时可以照常办理，只是不能装入数据。

    Database, store, catalog, uploaded files and heads, as of one moment; read again and
    compared when it is written. Keys are not in it; --keys writes them apart. People may
    work meanwhile; only loading waits.
    """
    from plumbline.cli.keeping.archive import read, writing
    from plumbline.cli.workbench import set_up

    set_up(office)
    said = _settings(office)
    chosen = _chosen(said, cipher)
    key = _key(office, said, key_file) if chosen != "none" else b""
    _must_lie_outside(office, archive, keys)
    about = {"made_at": office.now.isoformat(timespec="seconds"), "workspace": office.workspace.name,
             "version": _version()}  # fmt: skip
    with office.busy("备份", "backing up"), _beside(archive) as scratch:
        with office.workspace.store.writing(wait=60):
            written = _database(scratch)
            with writing(archive, {**about, "database": written.name if written else ""}, key,
                         chosen) as made:  # fmt: skip
                if written:
                    made.add(written.name, written)
                for name in _files(office.folder):
                    made.add(name, office.folder / name)
        found = read(archive, key)
        if found.files != made.contents.files:
            raise RuntimeError(f"{archive} does not read as it was written")
    digest = _digest(archive)
    _recorded(office, found, digest)
    office.say(f"已备份 {len(found.files)} 个文件，{_mib(found.size)} MiB，已读回核对",
               f"backed up: {len(found.files)} files, {_mib(found.size)} MiB, read again and compared", "green")  # fmt: skip
    office.line(f"SHA-256  {digest}  {archive}")
    if chosen == "none":
        office.say("没有加密；请放在只有可信的人能读到的地方", "it is not encrypted: keep it where only those you trust can read", "yellow")  # fmt: skip
    for name in found.left_out:
        office.say(
            f"没有备份 {name}：不是普通文件", f"left out: {name} is no regular file", "yellow"
        )
    if keys:
        _keep_keys(office, keys, about, _key(office, said, key_file), chosen)


def _version() -> str:
    import plumbline

    return plumbline.__version__


def _mib(size: int) -> str:
    return f"{size / 2**20:,.1f}"


def _must_lie_outside(office: Office, *paths: Path | None) -> None:
    """A backup beside what it is of goes with it, and would be in the next one."""
    from plumbline.cli.keeping.archive import ArchiveError

    for path in filter(None, paths):
        if path.absolute().is_relative_to(office.folder.absolute()):
            raise ArchiveError(
                Text("备份不能放在工作区里面", "a backup does not lie within the workspace"), where=str(path),
                hint=Text("放到另一块磁盘或另一台机器", "put it on another disk or machine"),
            )  # fmt: skip


@contextmanager
def _beside(archive: Path) -> Iterator[Path]:
    """A folder for what is written out first, readable by its owner alone; what a killed process left is removed."""
    archive.absolute().parent.mkdir(parents=True, exist_ok=True)
    prefix = f".{archive.name}.scratch-"
    for left in archive.absolute().parent.glob(f"{prefix}*"):
        shutil.rmtree(left, ignore_errors=True)
    scratch = Path(mkdtemp(prefix=prefix, dir=archive.absolute().parent))
    try:
        yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _database(scratch: Path) -> Path | None:
    from django.conf import settings

    from plumbline.cli.keeping.database import dump

    return dump(settings.DATABASES["default"], scratch)


def _files(folder: Path) -> Iterator[str]:
    """Everything of the workspace, as names below it; folders that are links are named and not followed."""
    root = folder.absolute()
    for place, folders, files in os.walk(root):
        here = Path(place)
        if here == root / "store" / "scratch":
            folders.clear()
            continue
        folders.sort()
        for each in sorted([*files, *(name for name in folders if (here / name).is_symlink())]):
            name = (here / each).relative_to(root).as_posix()
            if name not in _PASSING and name not in KEYS:
                yield name


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _recorded(office: Office, found: Contents, digest: str) -> None:
    """That somebody took a copy of everything is on the trail; not where there is no workbench yet."""
    from django.db import connection, transaction

    from plumbline.trail.actions import record

    if (
        not found.about.get("database")
        or "trail_entry" not in connection.introspection.table_names()
    ):
        return
    with transaction.atomic():
        record("backup.made", subject="workspace:backup", by=None, at=office.now, sha256=digest,
               files=len(found.files), account=office.user)  # fmt: skip


def _keep_keys(office: Office, keys: Path, about: dict[str, Any], key: bytes, cipher: str) -> None:
    from plumbline.cli.keeping.archive import read, writing

    with writing(keys, about, key, "aes" if cipher == "none" else cipher) as made:
        for name in KEYS:
            if (office.folder / name).is_file():
                made.add(name, office.folder / name)
    read(keys, key)
    office.say(f"密钥已另存（加密）：{keys}；请与备份分开保管", f"keys, sealed: {keys}; keep them apart from the backup", "green")  # fmt: skip


@click.command()
@click.argument("archive", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path))
@click.option(
    "--database", metavar="ADDRESS", envvar="PLUMBLINE_DATABASE", show_envvar=True,
    help="空的 PostgreSQL 数据库 · an empty PostgreSQL database, where the backup is of one",
)  # fmt: skip
@click.option(
    "--keys", type=click.Path(exists=True, dir_okay=False, path_type=Path), metavar="FILE",
    help="另存的密钥 · the file of keys",
)  # fmt: skip
@click.option(
    "--head", "heads", multiple=True, metavar="FILE",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="外面保存的树头；可多次 · heads kept outside; may be repeated",
)  # fmt: skip
@_key_file
@pass_office
def restore(  # noqa: PLR0913, PLR0917 -- click hands over each option
    office: Office,
    archive: Path,
    folder: Path,
    database: str | None,
    keys: Path | None,
    heads: tuple[Path, ...],
    key_file: Path | None,
) -> None:
    """从备份恢复到一个空文件夹 · Make a workspace of a backup, in an empty folder.

    核对每个文件的摘要，放到位，再对照外面的树头核验留痕。不覆盖任何东西。
    留痕核验不符，或备份之后还有封存的记录（恢复不了），退出码为 1。

    Every file is held against its digest, put in its place, and the trail is verified
    against the heads outside. Nothing is overwritten. Exit code 1 if the trail does not
    verify, or rows were sealed after the backup, which are gone with it.
    """
    from plumbline.cli.keeping.archive import ArchiveError, read
    from plumbline.cli.keeping.database import POSTGRESQL, fill, must_be_empty
    from plumbline.cli.keeping.sealed import is_sealed
    from plumbline.web.database import database as settings_of

    folder = folder.absolute()
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise ArchiveError(
            Text("文件夹不是空的，不覆盖", "the folder is not empty; it is not overwritten"), where=str(folder)
        )  # fmt: skip
    sealed = is_sealed(archive) or keys is not None
    said: dict[str, Any] = {}
    key = _key(office, said, key_file) if sealed else b""
    with office.busy("恢复", "restoring"), _beside(folder) as scratch:
        found = read(archive, key, into=scratch / "made")
        if keys:
            read(keys, key, into=scratch / "made")
        made = scratch / "made"
        address = None
        if found.about.get("database") == POSTGRESQL:
            if not database:
                raise ArchiveError(
                    Text("这份备份需要一个空的 PostgreSQL 数据库", "this backup needs an empty PostgreSQL database"),
                    where=str(archive),
                    hint=Text("createdb 之后用 --database 指定", "createdb one, and name it by --database"),
                )  # fmt: skip
            address = database
            settings = settings_of(address, folder)
            must_be_empty(settings)
            fill(settings, made / POSTGRESQL)
            (made / POSTGRESQL).unlink()
        if folder.exists():
            folder.rmdir()  # empty, or this fails
        made.rename(folder)
    office.say(f"已恢复 {len(found.files)} 个文件，{_mib(found.size)} MiB，摘要全部相符；备份时间 {found.about['made_at']}",
               f"restored: {len(found.files)} files, {_mib(found.size)} MiB, all digests as written; "
               f"the backup is of {found.about['made_at']}", "green")  # fmt: skip
    missing = [name for name in KEYS if name not in _PERHAPS and not (folder / name).is_file()]
    if missing:
        office.say(
            f"没有密钥 {'、'.join(missing)}：未用 --keys 恢复。没有 person.key，回避会失效；没有 trail.key，不能接着封存",
            f"without {', '.join(missing)}, which --keys restores: without person.key nobody is kept from "
            "warnings about themself, without trail.key nothing more is sealed",
            "yellow",
        )
    if found.about.get("database"):
        _verify(office, folder, address, heads)


def _verify(office: Office, folder: Path, address: str | None, heads: tuple[Path, ...]) -> None:
    """The restored trail, in a process of its own, since Django knows one workspace; told as it is."""
    env = {**os.environ, "PLUMBLINE_WORKSPACE": str(folder)}
    env.pop("PLUMBLINE_DATABASE", None)
    if address:
        env["PLUMBLINE_DATABASE"] = address
    given = [part for head in heads for part in ("--head", str(head.absolute()))]
    done = subprocess.run(  # noqa: S603 -- our own command
        [sys.executable, "-m", "plumbline.cli", "--lang", office.lang, "trail", "verify", "--json", *given],
        env=env, cwd=folder, capture_output=True, text=True, check=False,
    )  # fmt: skip
    try:
        report = json.loads(done.stdout)
    except ValueError:
        office.line((done.stderr.strip(), "yellow"))
        office.say("留痕没有核验", "the trail was not verified", "red")
        raise click.exceptions.Exit(1) from None
    later = [each for each in report["faults"] if _is_later(each, report["sealed"])]
    office.say(
        f"留痕：已封存 {report['sealed']} 条，全部重算；外面的树头证实到第 {report['confirmed']} 条",
        f"the trail: {report['sealed']} sealed, all computed again; confirmed by heads outside: "
        f"{report['confirmed']}",
    )
    if not heads:
        office.say("没有给出外面的树头（--head）：只有备份自己作证", "no head from outside was given (--head): the backup alone speaks", "yellow")  # fmt: skip
    others = [each for each in report["faults"] if each not in later]
    for each in others:
        office.line((Text(**each["says"]).in_(office.lang), "red"))
    if later:
        office.say(
            f"外面的树头里还有 {len(later) + report['more']} 条是备份之后封存的，不在备份里，须另行补录",
            f"the heads outside tell of {len(later) + report['more']} entries that were sealed after the backup; they are "
            "not here, and what they tell of must be entered again",
            "yellow",
        )
    if not report["faults"]:
        office.say("核验无误", "it verifies", "green")
    if report["faults"]:
        raise click.exceptions.Exit(1)


def _is_later(fault: dict[str, Any], sealed: int) -> bool:
    """Rows that a head outside has and this trail does not: sealed after the backup."""
    return (
        fault["kind"] == "deleted" and fault["position"] is not None and fault["position"] >= sealed
    )


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=_PATH)
@_cipher
@_key_file
@pass_office
def encrypt(
    office: Office, source: Path, target: Path, cipher: str | None, key_file: Path | None
) -> None:
    """给导出的文件加密 · Seal a file that leaves the office.

    Excel、证明、台账等导出文件，交出去之前加密；对方用 plumbline decrypt 和同一密钥打开。

    Workbooks, proofs and the like; whoever receives it opens it by plumbline decrypt and
    the same key.
    """
    from plumbline.cli.keeping.sealed import Sealer
    from plumbline.cli.workbench import set_up

    said: dict[str, Any] = {}
    if office.has_workspace:
        set_up(office)
        said = _settings(office)
    chosen = _chosen(said, cipher)
    key = _key(office, said, key_file)
    with source.open("rb") as given, _new(target) as out:
        sealer = Sealer(out, key, "aes" if chosen == "none" else chosen)
        shutil.copyfileobj(given, sealer, 1 << 20)
        sealer.close()
    office.say(f"已加密：{target}", f"sealed: {target}", "green")


@click.command()
@click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.argument("target", type=_PATH)
@_key_file
@pass_office
def decrypt(office: Office, source: Path, target: Path, key_file: Path | None) -> None:
    """打开加密的文件 · Open a sealed file."""
    from plumbline.cli.keeping.sealed import Opened
    from plumbline.cli.workbench import set_up

    said: dict[str, Any] = {}
    if office.has_workspace:
        set_up(office)
        said = _settings(office)
    with source.open("rb") as given, _new(target) as out:
        opened = Opened(given, _key(office, said, key_file), str(source))
        while block := opened.read(1 << 20):
            out.write(block)
    office.say(f"已解密：{target}", f"opened: {target}", "green")


@contextmanager
def _new(target: Path) -> Iterator[Any]:
    """A file that is there when it is whole, and never over another."""
    from plumbline.cli.keeping.archive import ArchiveError, arrive

    draft = target.with_name(f"{target.name}.partial")
    if target.exists():
        raise ArchiveError(
            Text("已有这个文件，不覆盖", "there is such a file; it is not overwritten"), where=str(target)
        )  # fmt: skip
    draft.unlink(missing_ok=True)
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            yield out
            out.flush()
            os.fsync(out.fileno())
        arrive(draft, target)
    finally:
        draft.unlink(missing_ok=True)
