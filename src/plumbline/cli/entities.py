"""Warnings as entities of FollowTheMoney, to go on with in other tools: who, and how they are linked."""

from __future__ import annotations

import json
import os
import secrets
from collections import Counter
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from plumbline.cli.office import Office
from plumbline.cli.workbench import is_there, set_up
from plumbline.engine import EarlyWarning, Manner
from plumbline.errors import PlumblineError, Text

#: The key under which people and organisations get their identifiers.
KEY = "private/ftm.key"
_BYTES = 32


def write_entities(
    office: Office, path: Path, found: list[EarlyWarning], *, numbered: bool, reason: str
) -> None:
    """Write what warnings rest on as JSON Lines; a warning whose rows were purged is left out.

    Where there is a workbench, that it was done is on its trail before the file is there.

    Args:
        numbered: with the numbers of people.
        reason: why people are named; empty where they are not.

    Raises:
        OSError: the file cannot be written.
    """
    workspace = office.workspace
    gone = workspace.purged(found)
    there = [each for each in found if each.key not in gone]
    manner = Manner(
        key=_key(office.folder / KEY), lang=office.lang, named=not office.masked, numbered=numbered,
        clean=office.without_numbers,
    )  # fmt: skip
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    count: Counter[str] = Counter()
    try:
        with os.fdopen(_new(draft), "w", encoding="utf-8") as file:  # fmt: skip
            for each in workspace.entities(there, manner):
                count[each["schema"]] += 1
                file.write(json.dumps(each, ensure_ascii=False) + "\n")
        _record(office, len(there), count.total(), numbered=numbered, reason=reason)
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    listed = ", ".join(f"{schema} {n}" for schema, n in sorted(count.items()))
    office.say(
        f"已写出 {path}：{len(there)} 条预警的 {count.total()} 个实体和联系（{listed}）",
        f"wrote {path}: {count.total()} entities and links of {len(there)} warnings ({listed})",
        "green",
    )
    if gone:
        office.say(
            f"{len(gone)} 条预警的数据已到期清除，未写出",
            f"{len(gone)} warnings whose rows were purged are left out",
            "yellow",
        )
    if not manner.named:
        office.remark(
            "姓名已脱敏，没有证号；--unmask 写明理由后写出姓名，再加 --numbers 写出证号",
            "names are masked and there are no numbers; --unmask with a reason tells names, "
            "--numbers numbers as well",
        )


def _new(path: Path) -> int:
    """A file that nobody else may read."""
    return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)


def _key(path: Path) -> bytes:
    """The office's key, made at first use, whole or not at all; of two that make it at once, one stays."""
    if not path.exists():
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        draft = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}")
        with os.fdopen(_new(draft), "wb") as file:
            file.write(secrets.token_bytes(_BYTES))
            file.flush()
            os.fsync(file.fileno())
        with suppress(FileExistsError):
            os.link(draft, path)
        draft.unlink()
    key = path.read_bytes()
    if len(key) != _BYTES:
        raise PlumblineError(
            Text("密钥文件不完整", "the file with the key is not whole"),
            where=str(path),
            hint=Text(
                "从备份中恢复；删除后会另建，但以后的标识与以前写出的不再相同",
                "restore it from the backup; if it is removed, a new one is made, and identifiers "
                "will differ from those written before",
            ),
        )
    return key


def _record(office: Office, warnings: int, written: int, *, numbered: bool, reason: str) -> None:
    """That entities were taken along is on the trail, where there is one."""
    if not is_there(office):
        return
    if find_spec("django") is None:
        raise PlumblineError(
            Text("没有安装工作台，写不了留痕", "the workbench is not installed, so the trail cannot be written"),
            hint=Text("安装 plumbline[web]", "install plumbline[web]"),
        )  # fmt: skip
    set_up(office)
    from django.db import connection, transaction

    from plumbline.trail.actions import record

    if "trail_entry" not in connection.introspection.table_names():
        return
    with transaction.atomic():
        record(
            "entities.exported", subject="workspace:entities", by=None, at=office.now, reason=reason,
            account=office.user, warnings=warnings, written=written, named=not office.masked,
            numbered=numbered,
        )  # fmt: skip
