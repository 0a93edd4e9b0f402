"""One Delta table: DuckDB writes the Parquet files, delta-rs commits them.

A data file is named `<version>-<number>-<sha256>.parquet` after the version that adds it, so the Delta
log alone says what a version consists of and what each file must contain; and a file whose version was
never committed is known to be a leftover.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
from deltalake import CommitProperties, DeltaTable, PostCommitHookProperties, Schema
from deltalake.exceptions import DeltaError
from deltalake.transaction import AddAction, RemoveAction, create_table_with_add_actions

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.durable import disk_in_words, make_folder, move_in, sha256_of, sync
from plumbline.engine.fact.types import Field
from plumbline.errors import StoreError, Text

PROPERTIES: dict[str, str | None] = {
    "delta.enableChangeDataFeed": "true",  # readers infer it from added and removed files
    "delta.logRetentionDuration": "interval 36500 days",
    "delta.deletedFileRetentionDuration": "interval 36500 days",
    "delta.enableExpiredLogCleanup": "false",
}
ROW_GROUP = 122_880  # DuckDB's own unit of work
DATA_CHANGE = True
#: Measured on registers: smaller, quicker to write and to read than the defaults.
_SAMPLED = 20_000  # rows, to cut a table into ranges of about equal size
ENCODING = "PARQUET_VERSION v2, COMPRESSION zstd, COMPRESSION_LEVEL 1"

_NAME = re.compile(r"(\d{8})-(\d{3,})-([0-9a-f]{64})\.parquet")
_UNREADABLE = {"deletionVectors", "columnMapping"}


@dataclass(frozen=True)
class DataFile:
    """A committed Parquet file; `path` is relative to the store."""

    path: str
    sha256: str
    rows: int
    bytes: int


@dataclass(frozen=True)
class Staged:
    """A Parquet file that waits to be committed."""

    path: Path
    sha256: str
    rows: int
    bytes: int
    stats: str  # as Delta writes them: JSON


@dataclass(frozen=True)
class Commit:
    """One version of a table, as its log tells it."""

    version: int
    info: Mapping[str, Any]  # what the writer said about it; empty if another program wrote it

    @property
    def columns(self) -> tuple[Field, ...]:
        """Columns of the files that this version adds."""
        return tuple(Field(*column) for column in self.info.get("columns", ()))


class Table:
    """A Delta table in `root / name`. Writing needs the store's lock (`Store.writing`)."""

    def __init__(self, root: Path, name: str) -> None:
        self.root, self.name = root, name
        self.folder = root / name
        self._log = self.folder / "_delta_log"
        self._commits: dict[int, Commit] = {}

    @property
    def version(self) -> int | None:
        """The newest version, or None before the first commit."""
        found = (int(entry.stem) for entry in self._log.glob("*.json") if entry.stem.isdigit())
        return max(found, default=None)

    def commits(self, upto: int | None = None) -> list[Commit]:
        """All versions in order, up to and including `upto`. The log is never cleaned."""
        last = self.version
        if last is None:
            return []
        last = last if upto is None else min(last, upto)
        return [self._commit(version) for version in range(last + 1)]

    def files(self, version: int) -> tuple[DataFile, ...]:
        """The data files of a version, in the order they were added."""
        actions = pa.table(self._open(version).get_add_actions(flatten=True))
        rows = actions.select(["path", "size_bytes", "num_records"]).to_pylist()
        return tuple(
            DataFile(
                path=f"{self.name}/{row['path']}",
                sha256=self._named(row["path"])[3],
                rows=row["num_records"],
                bytes=row["size_bytes"],
            )
            for row in sorted(rows, key=lambda row: str(row["path"]))
        )

    def columns(self, files: Sequence[DataFile]) -> tuple[Field, ...]:
        """The columns that these files have between them; one name must have one type."""
        found: dict[str, Field] = {}
        for version in sorted({int(self._named(Path(file.path).name)[1]) for file in files}):
            for column in self._commit(version).columns:
                if found.setdefault(column.suffix, column) != column:
                    raise self._retyped(column, found[column.suffix])
        return tuple(found.values())

    def stage(
        self,
        duck: Duck,
        select: str,
        scratch: Path,
        order_by: Sequence[str] = (),
        *,
        pieces: int = 1,
    ) -> list[Staged]:
        """Write the rows of `select` as Parquet files in `scratch`; no rows give no file.

        Args:
            order_by: columns the rows are sorted by, within and across files.
            pieces: sort so many ranges of this order one after the other, each into a file of its
                own. That bounds the memory a sort takes; `select` runs for each.
        """
        folder = scratch / f"{self.name.replace('/', '-')}-{sum(1 for _ in scratch.iterdir())}"
        order = f" ORDER BY {sql.names(list(order_by))}" if order_by else ""
        staged = []
        with disk_in_words():
            folder.mkdir()
            for number, within in enumerate(_ranges(duck, select, order_by, pieces)):
                path = folder / f"{number:05d}.parquet"
                duck.run(
                    f"COPY (SELECT * FROM ({select}) WHERE {within}{order}) "
                    f"TO {sql.literal(str(path))} "
                    f"(FORMAT parquet, {ENCODING}, ROW_GROUP_SIZE {ROW_GROUP})"
                )
                staged.append(_staged(path, order_by))
        return [piece for piece in staged if piece.rows]

    def commit(
        self,
        add: Sequence[Staged],
        columns: Sequence[Field],
        info: Mapping[str, Any],
        *,
        remove: Sequence[DataFile] = (),
        replace: bool = False,
    ) -> int:
        """Make `add` part of the table, take `remove` out of it (all files, if `replace`).

        The rows exist from this moment on and not before. `info` is kept in the log beside them.
        Returns the new version. Fails, and changes nothing, if another program committed meanwhile.
        """
        schema = _delta_schema(columns)
        if self.version is not None and not replace:
            self._widen(schema)
        version = 0 if self.version is None else self.version + 1
        removed = list(self.files(version - 1)) if replace and version else list(remove)
        noted = {"columns": [list(column) for column in columns], **info}
        with disk_in_words():
            placed = [
                self._place(staged, version, number) for number, staged in enumerate(add, start=1)
            ]
            try:
                self._write(version, schema, placed, removed, noted)
            except Exception:
                if self.version != version:  # what follows a commit, such as a checkpoint, may fail
                    for action in placed:
                        (self.folder / action.path).unlink(missing_ok=True)
                    raise
            sync(self._log / f"{version:020d}.json")
            sync(self._log)
        return version

    def clear_leftovers(self) -> None:
        """Remove what a killed process left: files of a version that was never committed."""
        last = self.version
        if last is not None and not _is_whole(self._log / f"{last:020d}.json"):
            (self._log / f"{last:020d}.json").unlink()  # power was cut before it was acknowledged
            last = self.version
        for file in self.folder.glob("*.parquet"):
            named = _NAME.fullmatch(file.name)
            if named and (last is None or int(named[1]) > last):
                file.unlink()

    def _write(
        self,
        version: int,
        schema: Schema,
        placed: list[AddAction],
        removed: list[DataFile],
        noted: Mapping[str, Any],
    ) -> None:
        properties = CommitProperties({"plumbline": noted}, max_commit_retries=0)
        hooks = PostCommitHookProperties(create_checkpoint=True, cleanup_expired_logs=False)
        if version == 0:
            create_table_with_add_actions(
                str(self.folder),
                schema,
                placed,
                mode="error",
                configuration=PROPERTIES,
                commit_properties=properties,
                post_commithook_properties=hooks,
            )
            return
        delta = self._open(version - 1)
        now = int(self.folder.stat().st_mtime * 1000)
        actions: list[AddAction | RemoveAction] = [
            *placed,
            *(
                RemoveAction(Path(file.path).name, DATA_CHANGE, now, file.bytes, {})
                for file in removed
            ),
        ]
        mode, known = "append", delta.schema()
        if not _types(schema).items() <= _types(known).items():
            mode, known, actions = "overwrite", schema, [*placed]  # gives columns other types
        delta.create_write_transaction(
            actions,
            mode,
            known,
            commit_properties=properties,
            post_commithook_properties=hooks,
        )

    def _place(self, staged: Staged, version: int, number: int) -> AddAction:
        path = self.folder / f"{version:08d}-{number:03d}-{staged.sha256}.parquet"
        make_folder(self._log)
        move_in(staged.path, path)
        changed = int(path.stat().st_mtime * 1000)
        return AddAction(path.name, staged.bytes, {}, changed, DATA_CHANGE, staged.stats)

    def _widen(self, schema: Schema) -> None:
        delta = self._open(None)
        known = _types(delta.schema())
        for name, kind in _types(schema).items():
            if known.get(name, kind) != kind:
                raise self._retyped(Field(name, kind), Field(name, known[name]))
        fresh = [field for field in schema.fields if field.name not in known]
        if fresh:
            with disk_in_words():
                delta.alter.add_columns(fresh)
                sync(self._log / f"{self.version:020d}.json")

    def _commit(self, version: int) -> Commit:
        if version not in self._commits:
            info: Mapping[str, Any] = {}
            with (self._log / f"{version:020d}.json").open(encoding="utf-8") as log:
                for line in log:
                    if '"commitInfo"' in line:
                        info = json.loads(line).get("commitInfo", {}).get("plumbline", info)
            self._commits[version] = Commit(version, info)
        return self._commits[version]

    def _open(self, version: int | None) -> DeltaTable:
        try:
            delta = DeltaTable(str(self.folder), version=version)
        except DeltaError as error:
            raise StoreError(
                Text(
                    f"读不出第 {version} 版：{error}", f"version {version} cannot be read: {error}"
                ),
                where=self.name,
            ) from error
        protocol = delta.protocol()
        features = {*(protocol.reader_features or []), *(protocol.writer_features or [])}
        mapping = delta.metadata().configuration.get("delta.columnMapping.mode", "none")
        if features & _UNREADABLE or mapping != "none":
            raise StoreError(
                Text(
                    "别的程序给这张表启用了删除向量或列映射，按文件读取会读到已撤回的行",
                    "another program turned on deletion vectors or column mapping; read by its files, "
                    "the table would show withdrawn rows",
                ),
                where=self.name,
                hint=Text("从备份恢复这张表", "restore the table from a backup"),
            )
        return delta

    def _named(self, file: str) -> re.Match[str]:
        named = _NAME.fullmatch(file)
        if named is None:
            raise StoreError(
                Text(f"文件 {file} 不是准绳写入的", f"file {file} was not written by Plumbline"),
                where=self.name,
                hint=Text("从备份恢复这张表", "restore the table from a backup"),
            )
        return named

    def _retyped(self, column: Field, known: Field) -> StoreError:
        return StoreError(
            Text(
                f"列 {column.suffix} 过去存为 {known.sql}，现在声明为 {column.sql}",
                f"column {column.suffix} is stored as {known.sql} and now declared as {column.sql}",
            ),
            where=self.name,
            hint=Text(
                "给列改个名字，或重新装入一份全量交付",
                "give the column another name, or load a new full delivery",
            ),
        )


def parquet_of(paths: Sequence[str | Path]) -> str:
    """SQL that reads these files, columns matched by name."""
    listed = ", ".join(sql.literal(str(path)) for path in paths)
    return f"read_parquet([{listed}], union_by_name=true)"


def _ranges(duck: Duck, select: str, order_by: Sequence[str], pieces: int) -> list[str]:
    """Conditions that cut the rows of `select` into about equal ranges of its order."""
    if pieces <= 1 or not order_by:
        return ["true"]
    columns = sql.names(list(order_by))
    sampled = duck.run(
        f"SELECT {columns} FROM (SELECT {columns} FROM ({select}) "
        f"USING SAMPLE {_SAMPLED} ROWS (reservoir, 1)) ORDER BY {columns}"
    )
    cuts = dict.fromkeys(
        sampled[len(sampled) * piece // pieces] for piece in range(1, pieces) if sampled
    )
    kinds = dict(duck.columns(select))
    starts = [_not_before([(name, kinds[name]) for name in order_by], row) for row in cuts]
    if not starts:
        return ["true"]
    between = [f"{low} AND NOT {high}" for low, high in pairwise(starts)]
    return [f"NOT {starts[0]}", *between, starts[-1]]


def _not_before(columns: Sequence[tuple[str, str]], row: Sequence[Any]) -> str:
    """SQL for whether a row stands at `row` or behind it; nothing stands behind null. Never null."""
    (column, kind), *others = columns
    name = sql.name(column)
    rest = _not_before(others, row[1:]) if others else "true"
    if row[0] is None:
        return f"({name} IS NULL AND {rest})"
    value = f"CAST({sql.literal(str(row[0]))} AS {kind})"
    return f"({name} IS NULL OR {name} > {value} OR ({name} = {value} AND {rest}))"


def _staged(path: Path, order_by: Sequence[str]) -> Staged:
    meta = pq.read_metadata(path)
    stats: dict[str, Any] = {"numRecords": meta.num_rows}
    if order_by and (bounds := _bounds(meta, order_by[0])):
        stats |= {
            "minValues": {order_by[0]: bounds[0]},
            "maxValues": {order_by[0]: bounds[1]},
        }
    size = path.stat().st_size
    return Staged(path, sha256_of(path), meta.num_rows, size, json.dumps(stats))


def _bounds(meta: pq.FileMetaData, column: str) -> tuple[int, int] | None:
    index = meta.schema.names.index(column)
    if meta.schema.column(index).physical_type != "INT64":
        return None
    if str(meta.schema.column(index).logical_type) not in {
        "None",
        "Int(bitWidth=64, isSigned=true)",
    }:
        return None
    groups = [meta.row_group(i).column(index).statistics for i in range(meta.num_row_groups)]
    known = [group for group in groups if group is not None and group.has_min_max]
    if not known or len(known) != len(groups):
        return None
    return min(group.min for group in known), max(group.max for group in known)


_ARROW = {
    "VARCHAR": pa.string(),
    "BIGINT": pa.int64(),
    "INTEGER": pa.int32(),
    "SMALLINT": pa.int16(),
    "DOUBLE": pa.float64(),
    "BOOLEAN": pa.bool_(),
    "DATE": pa.date32(),
    "TIMESTAMP": pa.timestamp("us"),
}


def arrow_type(kind: str) -> pa.DataType:
    """The Arrow type of a column that SQL calls `kind`; lists are written `VARCHAR[]`."""
    if kind.endswith("[]"):
        return pa.list_(arrow_type(kind[:-2]))
    if kind.startswith("DECIMAL"):
        precision, scale = re.findall(r"\d+", kind)
        return pa.decimal128(int(precision), int(scale))
    return _ARROW[kind]


def _delta_schema(columns: Sequence[Field]) -> Schema:
    return Schema.from_arrow(pa.schema([(c.suffix, arrow_type(c.sql)) for c in columns]))


def _types(schema: Schema) -> dict[str, str]:
    """Each column's type as SQL calls it."""
    arrow = pa.schema(schema)
    names = {kind: name for name, kind in _ARROW.items()}
    return {field.name: names.get(field.type) or str(field.type).upper() for field in arrow}


def _is_whole(log: Path) -> bool:
    try:
        return bool([json.loads(line) for line in log.read_text("utf-8").splitlines()])
    except ValueError:
        return False
