"""How what arrived becomes a batch; `load` says what arrives."""

from __future__ import annotations

from collections.abc import Mapping as Mapping_
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa

from plumbline.engine.backend import Duck, Limits, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.batch import Accepted, Batch, Kind, Note, Part, Place, Reason
from plumbline.engine.fact.cells import MISSING, Reading
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.durable import move_in, write_whole
from plumbline.engine.fact.expectations import Measured, broken
from plumbline.engine.fact.layout import column_letter, find_header
from plumbline.engine.fact.mapping import map_columns, needed_headers, wanted_headers
from plumbline.engine.fact.merging import Merge, merge
from plumbline.engine.fact.purged import purges
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.base import Sheet
from plumbline.engine.fact.repeats import CONTRADICTED, set_aside_repeats
from plumbline.engine.fact.rows import CELLS, Found, Rows, read_again
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import ENCODING, Staged, Table, parquet_of
from plumbline.errors import DeliveryError, Text

_MISFIT = (
    "struct_pack(\"column\" := '', header := '', letter := '', value := value, zh := zh, en := en)"
)
#: A file with more text than this goes through the disk, since what is sorted does not fit memory.
_LARGE = 256 << 20
_SORTED = 288 << 20  # bytes of text that are sorted at a time
MEGABYTES = 1000  # for SQL; the reader and the writer of files need as much again
_REASONS_SHOWN = 100  # in a manifest; the quarantine has them all


@dataclass(frozen=True)
class AlreadyLoaded:
    """The same content was delivered before; nothing was changed.

    Attributes:
        redeclared: the dataset's declaration has changed since; `again=True` loads it anew.
    """

    batch: Batch
    redeclared: bool


Spot = tuple[str, int]  # sheet and line


class Settles(NamedTuple):
    """Corrections: which quarantined row stands on which line, and which of them are given up."""

    rows: Mapping_[Spot, tuple[str, Place]]
    void: frozenset[Spot]


@dataclass(frozen=True)
class Arrival:
    """What arrived.

    Attributes:
        path: a copy that may be kept, or the delivered file itself where rows are sealed.
        name: as it was delivered.
        kind: None is as declared.
        sheets: None is all sheets of the file.
        refused: sealed rows that were not even copied.
        stamp: size and time of the delivered file, if that itself is read.
    """

    path: Path
    name: str
    sha256: str
    size: int
    as_of: date
    kind: Kind | None = None
    sheets: Sequence[Sheet] | None = None
    settles: Settles | None = None
    refused: int = 0
    stamp: tuple[int, int] | None = None


@dataclass(frozen=True)
class Terms:
    """When it is received, and who lets it in for which reason."""

    received_at: datetime
    accept: str | None = None
    by: str = ""
    again: bool = False


def take_in(
    store: Store, dataset: Dataset, arrival: Arrival, terms: Terms, scratch: Path
) -> Batch | AlreadyLoaded:
    """Load what arrived; the caller holds the store for writing."""
    loaded = [batch for batch in store.batches(dataset.name) if not batch.is_held]
    same = [batch for batch in loaded if batch.sha256 == arrival.sha256]
    if not same or terms.again:
        _refuse_purged(store, dataset, arrival)
    if same and not terms.again:
        return AlreadyLoaded(same[-1], redeclared=same[-1].declared != dataset.fingerprint)
    suffix = f"-{len(same) + 1}" if same else ""
    batch = Batch(
        id=f"{dataset.name}-{arrival.as_of}-{arrival.sha256[:8]}{suffix}",
        dataset=dataset.name,
        number=len(loaded) + 1,
        kind=arrival.kind or dataset.declared.delivery.kind,
        status="loaded",
        source=arrival.name,
        sha256=arrival.sha256,
        size=arrival.size,
        as_of=arrival.as_of,
        received_at=terms.received_at,
        declared=dataset.fingerprint,
    )
    large = _text_bytes(arrival) > _LARGE
    memory = _at_most(MEGABYTES, store.limits)
    limits = replace(store.limits, spill=scratch / "spill", memory=memory)
    with open_duckdb(limits) as duck:
        reading = Reading(duck, dataset, scratch, on_disk=large)
        return _Loading(store, dataset, arrival, scratch, duck).run(batch, terms, reading)


def _refuse_purged(store: Store, dataset: Dataset, arrival: Arrival) -> None:
    """What was purged does not come back because its file was left lying in the inbox."""
    for purge in purges(store.root):
        for batch in purge.batches if purge.approved else ():
            if (batch.dataset, batch.sha256) == (dataset.name, arrival.sha256):
                raise DeliveryError(
                    Text(
                        f"这份报送已按保存期限销毁（第 {purge.number} 号销毁），不再装入",
                        f"this delivery was purged at the end of its retention (purge {purge.number}); "
                        "it is not loaded again",
                    ),
                    where=arrival.name,
                    hint=Text("从 inbox 删除这个文件", "delete the file from the inbox"),
                )


def stamp_of(path: Path) -> tuple[int, int]:
    """What changes when somebody writes to a file: its size and time."""
    found = path.stat()
    return found.st_size, found.st_mtime_ns


def _at_most(megabytes: int, limits: Limits) -> str:
    """The memory allowed or `megabytes`, whichever is less: reader and writer need room beside SQL."""
    allowed = limits.megabytes
    return limits.memory if allowed is None or allowed <= megabytes else f"{megabytes}MB"


def _text_bytes(arrival: Arrival) -> int:
    """How much text there is in a file, roughly: archives and workbooks are packed."""
    with arrival.path.open("rb") as file:
        packed = file.read(4) in {b"PK\x03\x04", b"PAR1"}
    return arrival.size * (10 if packed else 1)


class _Loading:
    def __init__(
        self, store: Store, dataset: Dataset, arrival: Arrival, scratch: Path, duck: Duck
    ) -> None:
        self.store, self.dataset, self.arrival = store, dataset, arrival
        self.scratch, self.duck = scratch, duck
        self.rows = Rows(dataset, scratch / "misfits.parquet")
        self.tables: list[Found] = []
        self.unmatched: list[str] = []
        self.remarks: list[Text] = []

    def run(self, batch: Batch, terms: Terms, reading: Reading) -> Batch:
        self._find_tables()
        self._read(reading)
        self._list_parts()
        repeated = set_aside_repeats(self.duck, self.dataset)
        merged = merge(self.duck, self.store, self.dataset, batch)
        quarantine = self._quarantine()
        batch = self._counted(batch, merged, repeated)
        if self.arrival.settles:
            batch = batch.model_copy(
                update={"corrects": self._settled(batch, self.arrival.settles)}
            )
            held = list(merged.held)
        else:
            held = [*self._broken(batch), *merged.held]
        if held:
            batch = batch.model_copy(update={"held": held})
            if terms.accept is None:
                return self._hold(batch, quarantine)
            accepted = Accepted(reason=terms.accept, by=terms.by)
            batch = batch.model_copy(update={"accepted": accepted})
        return self._commit(batch, merged, quarantine)

    def _find_tables(self) -> None:
        """Find the sheets that hold the table: most of its columns or, failing that, its key."""
        wanted = wanted_headers(self.dataset)
        for headers in (wanted, needed_headers(self.dataset)):
            self._look_for(headers)
            if self.tables:
                return
        shown = "、".join(alternatives[0] for alternatives in wanted)
        raise DeliveryError(
            Text(f"没有找到表头（应有：{shown}）", f"the header was not found (wanted: {shown})"),
            where=self.arrival.name,
            hint=Text(
                "检查是否放错了文件夹；若表头换了写法，把新写法加进各列的 from",
                "is it in the right folder? if headers are new, add them to the columns' from",
            ),
        )

    def _look_for(self, headers: list[list[str]]) -> None:
        own, source = self.arrival.sheets, self.dataset.declared.source
        self.unmatched.clear()
        for sheet in open_sheets(self.arrival.path, source) if own is None else own:
            self.remarks += [remark for remark in sheet.remarks if remark not in self.remarks]
            layout = find_header(sheet, headers) if headers else None
            if layout is None and own is not None:
                layout = find_header(sheet, None)  # corrections: it stands where we wrote it
            if layout is None:
                self.unmatched.append(sheet.name or sheet.file)
            else:
                mapping = map_columns(self.dataset, sheet, layout)
                self.tables.append(Found(len(self.tables), sheet, layout, mapping))

    def _read(self, reading: Reading) -> None:
        """Read every table once; leaves the relations `read`, `faulty` and `dropped`."""
        try:
            for mapping, group in groupby(self.tables, key=lambda table: table.mapping):
                for reader in self.rows.readers(list(group)):
                    self.duck.register("source", reader)
                    reading.add(mapping, "source")
                    self.duck.unregister("source")
        except Exception:
            if self.rows.failure:  # SQL reports an error inside a reader as its own
                raise self.rows.failure from None
            raise
        self.rows.close()
        if self.arrival.stamp not in {None, stamp_of(self.arrival.path)}:
            raise DeliveryError(
                Text("读取时文件被改动了", "the file was changed while it was being read"),
                where=self.arrival.name,
                hint=Text("等文件写完后重新装入", "load it again once it has been written"),
            )
        reading.finish()
        self.duck.run(
            "CREATE TEMP TABLE faulty AS SELECT _ordinal, _part, _line, _faults AS faults "
            "FROM read WHERE _faults IS NOT NULL"
        )
        self.duck.run("CREATE TEMP TABLE dropped (_ordinal BIGINT)")

    def _list_parts(self) -> None:
        """Leaves the table `parts`: where the columns stand that a fault speaks of by number."""
        self.duck.run(
            "CREATE TEMP TABLE parts (_part SMALLINT, place VARCHAR, names VARCHAR[], "
            "headers VARCHAR[], letters VARCHAR[], positions INTEGER[])"
        )
        for table in self.tables:
            at = table.slots(self.dataset.columns)
            names = [*self.dataset.columns, *[""] * len(table.mapping.nameless)]
            headers = [None if i is None else table.layout.header[i] for i in at]
            letters = [None if i is None else column_letter(i) for i in at]
            self.duck.run(
                "INSERT INTO parts VALUES (?, ?, ?, ?, ?, ?)",
                [table.part, table.name, names, headers, letters, at],
            )

    def _quarantine(self) -> Path:
        """Write the quarantined rows, each with its faults and all its cells."""
        path = self.scratch / "quarantine.parquet"
        ordinals = self.duck.arrow("SELECT _ordinal FROM faulty ORDER BY 1")["_ordinal"]
        again = read_again(
            self.tables, self.rows.tally.starts, ordinals.to_numpy().astype(np.int64)
        )
        self.duck.register("again", pa.RecordBatchReader.from_batches(CELLS, again))
        told = {
            '"column"': "p.names[slot + 1]",
            "header": "p.headers[slot + 1]",
            "letter": "p.letters[slot + 1]",
            "value": "a.cells[p.positions[slot + 1] + 1]",
        }
        parts = [
            f"{name} := array_to_string(list_transform(x.slots, lambda slot: {what}), '、')"
            for name, what in told.items()
        ]
        labelled = f"struct_pack({', '.join(parts)}, zh := x.zh, en := x.en)"
        self.duck.run(
            f"""COPY (
              SELECT f._part AS part, f._line AS line, f._ordinal AS ordinal,
                     list_transform(f.faults, lambda x: {labelled}) AS faults, a.cells
              FROM faulty f JOIN again a USING (_ordinal) JOIN parts p USING (_part)
              UNION ALL
              SELECT part, line, NULL, [{_MISFIT}], CAST([] AS VARCHAR[])
              FROM {parquet_of([self.rows.misfits])}
              ORDER BY part, line
            ) TO {sql.literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"""
        )
        self.duck.unregister("again")
        self.duck.run(f"CREATE TEMP VIEW quarantined AS SELECT * FROM {parquet_of([path])}")
        return path

    def _counted(self, batch: Batch, merged: Merge, repeated: int) -> Batch:
        tally = self.rows.tally
        [(quarantined,)] = self.duck.run("SELECT count(*) FROM quarantined")
        zh, en = (
            f"CASE WHEN starts_with(f.{lang}, {sql.literal(said)}) THEN {sql.literal(said)} "
            f"ELSE f.{lang} END"
            for lang, said in zip(("zh", "en"), CONTRADICTED, strict=True)
        )
        reasons = self.duck.run(
            f'SELECT f."column", {zh}, {en}, count(*) '
            "FROM (SELECT unnest(faults) AS f FROM quarantined) "
            f"GROUP BY ALL ORDER BY 4 DESC, 1, 2 LIMIT {_REASONS_SHOWN}"
        )
        ignored = dict.fromkeys(name for table in self.tables for name in table.mapping.ignored)
        missing = dict.fromkeys(name for table in self.tables for name in table.mapping.missing)
        return batch.model_copy(
            update={
                "parts": [
                    Part(
                        file=table.sheet.file,
                        sheet=table.sheet.name,
                        headers=list(table.layout.header),
                        header_line=table.last_header_line,
                        rows=tally.per_part.get(table.part, 0),
                    )
                    for table in self.tables
                ],
                "rows": tally.rows + self.arrival.refused,
                "loaded": merged.loaded,
                "withdrawn": merged.withdrawn,
                "repeated": repeated,
                "refused": tally.refused + self.arrival.refused,
                "quarantined": quarantined,
                "reasons": [
                    Reason(column=column, reason=Text(zh, en), rows=rows)
                    for column, zh, en, rows in reasons
                ],
                "notes": [*self._titles(), *tally.notes],
                "remarks": self.remarks,
                "ignored": list(ignored),
                "missing": list(missing),
                "unmatched": self.unmatched,
                "quarantine": f"{batch.folder}/quarantine.parquet" if quarantined else None,
                "received": self._received(),
            }
        )

    def _received(self) -> str | None:
        if self.dataset.declared.refuse:  # a copy would hold the sealed rows
            return None
        return f"received/{self.arrival.sha256}/{self.arrival.name}"

    def _titles(self) -> list[Note]:
        return [
            Note(part=table.part, line=row.line, text=" ".join(filter(None, row.cells)))
            for table in self.tables
            for row in table.layout.titles
        ]

    def _broken(self, batch: Batch) -> list[Text]:
        unreadable = self.duck.run(
            'SELECT f."column", count(*) FROM (SELECT unnest(faults) AS f FROM quarantined) '
            f"WHERE f.en <> {sql.literal(MISSING.en)} GROUP BY ALL"
        )
        measured = Measured(
            rows=batch.rows - batch.refused,
            loaded=batch.loaded + batch.withdrawn,
            quarantined=batch.quarantined,
            unreadable={str(column): rows for column, rows in unreadable},
        )
        return broken(self.duck, self.dataset, "read", "good", measured)

    def _settled(self, batch: Batch, settles: Settles) -> dict[str, list[Place]]:
        """The quarantined rows that need not wait any longer, by batch."""
        loaded = self.duck.run(
            "SELECT _part, _line FROM read WHERE _ordinal NOT IN (SELECT _ordinal FROM faulty)"
        )
        names = {table.part: table.sheet.name for table in self.tables}
        found: dict[str, list[Place]] = {}
        for spot in sorted({(names[part], line) for part, line in loaded} | settles.void):
            corrected, place = settles.rows[spot]
            found.setdefault(corrected, []).append(place)
        if not found:
            reasons = [f"{reason.column} {reason.reason.zh}".strip() for reason in batch.reasons]
            told = [f"{reason.column} {reason.reason.en}".strip() for reason in batch.reasons]
            raise DeliveryError(
                Text(
                    f"没有一行已改正：{'；'.join(reasons[:3])}",
                    f"not one row is correct yet: {'; '.join(told[:3])}",
                ),
                where=batch.source,
                hint=Text("改正后再交回", "correct the rows, then take the file back"),
            )
        return found

    def _hold(self, batch: Batch, quarantine: Path) -> Batch:
        held = batch.model_copy(update={"status": "held", "number": 0})
        self._keep(held, quarantine)
        write_whole(
            self.store.root / held.folder / "held.json",
            held.model_dump_json(indent=1).encode(),
        )
        return held

    def _commit(self, batch: Batch, merged: Merge, quarantine: Path) -> Batch:
        table = self.store.facts(self.dataset.name)
        staged = self._stage(table, merged.select, batch.loaded, batch)
        if merged.left is not None:  # apart, so that what is new is found without reading the rest
            left = sum(file.rows for file in merged.remove)
            staged += self._stage(table, merged.left, left, batch, once=True)
        gone = self._keep_gone(batch, merged)
        self._keep(batch, quarantine)
        table.commit(
            staged,
            merged.columns,
            {"batch": batch.model_dump(mode="json"), "replaces_all": merged.replace, **gone},
            remove=merged.remove,
            replace=merged.replace,
        )
        (self.store.root / batch.folder / "held.json").unlink(missing_ok=True)
        self._release_replaced(batch)
        return batch

    def _release_replaced(self, batch: Batch) -> None:
        """What was held back waits no longer once the department has sent something in its place."""
        for other in self.store.batches(self.dataset.name):
            anew = batch.kind == "full" and other.as_of <= batch.as_of
            if other.is_held and (anew or other.source == batch.source):
                folder = self.store.root / other.folder
                (folder / "held.json").rename(folder / "replaced.json")

    def _stage(
        self, table: Table, select: str, rows: int, batch: Batch, *, once: bool = False
    ) -> list[Staged]:
        """Write rows in the order in which they are looked up, in ranges that each fit the memory.

        `once` where it is dear to work out the rows for each range.
        """
        text = rows * _text_bytes(self.arrival) // max(batch.rows, 1)
        pieces = max(1, -(-text // _SORTED))
        if pieces > 1 and once:
            path = self.scratch / "left.parquet"
            self.duck.run(
                f"COPY ({select}) TO {sql.literal(str(path))} (FORMAT parquet, {ENCODING})"
            )
            select = f"SELECT * FROM {parquet_of([path])}"
        subject = self.dataset.sorted_by
        order = [subject, "_row"] if subject else ["_row"]
        return table.stage(self.duck, select, self.scratch, order, pieces=pieces)

    def _keep_gone(self, batch: Batch, merged: Merge) -> dict[str, Any]:
        """Keep the numbers of the rows that are no longer there; gives where, for the commit."""
        if merged.gone is None:
            return {}
        draft = self.scratch / "gone.parquet"
        ((rows,),) = self.duck.run(
            f"COPY ({merged.gone}) TO {sql.literal(str(draft))} (FORMAT parquet, {ENCODING})"
        )
        kept = f"{batch.folder}/gone.parquet"
        move_in(draft, self.store.root / kept)
        return {"gone": {"path": kept, "rows": rows}}

    def _keep(self, batch: Batch, quarantine: Path) -> None:
        """Keep the quarantine and the received file; they count once the batch does."""
        if batch.quarantine:
            move_in(quarantine, self.store.root / batch.quarantine)
        if batch.received and not (self.store.root / batch.received).exists():
            move_in(self.arrival.path, self.store.root / batch.received)
