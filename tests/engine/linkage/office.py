"""A small office: honours with full numbers, offences as courts publish them, in a real workspace."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from pathlib import Path

from plumbline.engine import Batch, Workspace
from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.types.cn.person_id import check_character

AT = datetime(2025, 7, 1, 9, tzinfo=UTC)
REGIONS = "regions:\n  '380000': 甲省\n  '380100': 甲市\n  '380102': 城关区\n"
Row = Mapping[str, str | None]


def number(order: int, birth: str = "19850312", region: str = "380102") -> str:
    """A valid number of the invented province."""
    first = f"{region}{birth}{order:03d}"
    return first + check_character(first)


def masked(full: str, head: int = 4, tail: int = 4) -> str:
    return full[:head] + "*" * min(10, 18 - head - tail) + full[len(full) - tail :]


def honour(person: str | None, name: str, **more: str) -> Row:
    return {"身份证号": person, "姓名": name, "称号": "工匠", "名单类型": "授予",
            "授予日期": "2018-06-01", "审核单位": "甲市经信局", **more}  # fmt: skip


def offence(no: str, person: str | None, name: str, **more: str) -> Row:
    return {"文书号": no, "身份证号": person, "姓名": name, "类别": "刑事处罚", "案由": "盗窃罪",
            "违法时间": "2016-03-01", "是否生效": "是", "封存标识": "", **more}  # fmt: skip


class Office:
    """A workspace folder with the packaged catalog; `now` opens it as it is."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.count = len([*folder.glob("inbox/*/*.csv")])
        if (folder / "plumbline.toml").exists():
            return
        Workspace.create(folder)
        (folder / "regions.yml").write_text(REGIONS, encoding="utf-8")
        (folder / "plumbline.toml").write_text(
            '[workspace]\nname = "office"\ncountry = "regions.yml"\n[limits]\nthreads = 1\nmemory = "800MB"\n'
        )

    @property
    def now(self) -> Workspace:
        return Workspace(self.folder)

    def deliver(self, dataset: str, rows: Sequence[Row], as_of: str = "2025-06-30") -> Batch:
        """The rows as a file of the department's, loaded; every row must be good."""
        self.count += 1
        headers = [*dict.fromkeys(header for row in rows for header in row), "备注"]
        path = self.folder / "inbox" / dataset / f"{dataset}-{self.count}-{as_of}.csv"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="utf-8", newline="") as file:
            sheet = csv.DictWriter(file, headers)
            sheet.writeheader()
            # Remarks are ignored; this one has it that no two files are equal.
            told = {"备注": f"第{self.count}次报送"}
            sheet.writerows({h: row.get(h) or "" for h in headers} | told for row in rows)
        workspace = self.now
        batch = load_delivery(
            workspace.store, workspace.dataset(dataset), path,
            received_at=AT, as_of=date.fromisoformat(as_of), accept="test", by="test",
        )  # fmt: skip
        assert isinstance(batch, Batch), batch
        assert batch.quarantined == 0, batch.reasons
        return batch

    def row(self, dataset: str, condition: str) -> str:
        """The name of the one row of a dataset for which an SQL condition holds."""
        workspace = self.now
        declared = workspace.dataset(dataset)
        with open_duckdb() as duck:
            facts = workspace.store.snapshot(dataset).relation(declared.fields)
            ((row,),) = duck.run(f"SELECT _row FROM {facts} WHERE {condition}")
        return f"{dataset}:{row >> 32}-{row & 0xFFFFFFFF}"
