"""The Chinese truth set as the product sees it: its cells read by the semantic types, laid out as linking lays them out.

From the raw files of `bench.chinese_people` come, in the same folder,

    said.parquet    what the registers say of those whose number they bear (columns of `claim.SAID`), and the person
    told.parquet    claim and what rows without a full number say, once for each claim
    rows.parquet    row, claim, key (of a full number), person, and what was done to the row
"""

from __future__ import annotations

import tempfile
from datetime import UTC, date, datetime
from pathlib import Path

from bench.chinese_people import LOOSE_ROWS, write
from plumbline.engine.backend import Duck, Limits, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import country_pack
from plumbline.engine.linkage.claim import FINGERPRINT, SAID, Slot

FILES = ("said", "told", "rows")
_DECLARED = """\
dataset: {name}
title: {{zh: 测, en: test}}
department: {{zh: 测, en: test}}
legal_basis: {{zh: 测, en: test}}
purpose: {{zh: 测, en: test}}
retention: 1 year
delivery: {{kind: full}}
ignore: [register, person]
columns:
  row: {{from: row, type: integer, required: true}}
  person: {{from: number, type: person.id{number}}}
  name: {{from: name, type: person.name, of: person}}
  birth: {{from: birth, type: person.birth, of: person}}
  sex: {{from: sex, type: person.sex, of: person}}
  phone: {{from: phone, type: phone, of: person, masked: true}}
  region: {{from: region, type: region, of: person}}
  address: {{from: address, type: address, of: person}}
"""


def prepared(folder: Path, persons: int, seed: int = 1, each: float = LOOSE_ROWS) -> dict[str, int]:
    """Draw the set and clean it, unless the folder has it already; the number of rows in each file.

    `given` are the loose rows as drawn; what is not in `rows` was quarantined.
    """
    if not all((folder / f"{name}.parquet").exists() for name in FILES):
        write(folder, persons, seed, each)
        clean(folder)
    with open_duckdb() as duck:
        ((said, told, rows, loose, given),) = duck.run(
            "SELECT "
            + ", ".join(f"(SELECT COUNT(*) FROM {at(folder, name)})" for name in FILES)
            + f", (SELECT COUNT(*) FROM {at(folder, 'rows')} WHERE key IS NULL), "
            f"(SELECT COUNT(*) FROM {at(folder, 'loose')})"
        )
    return {"said": said, "told": told, "rows": rows, "loose": loose, "given": given}


def at(folder: Path, name: str) -> str:
    """SQL of a file of the set."""
    return f"read_parquet({sql.literal(str(folder / f'{name}.parquet'))})"


def clean(folder: Path) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        store = Store(Path(scratch) / "store", Limits(threads=2, memory="4GB"))
        known = _load(store, folder, "population", ", required: true")
        loose = _load(store, folder, "loose", ", masked: true")
        with open_duckdb(store.limits) as duck:
            _lay_out(duck, store, folder, known, loose)


def _load(store: Store, folder: Path, name: str, number: str) -> Dataset:
    declared = store.root.parent / f"{name}.yml"
    declared.write_text(_DECLARED.format(name=name, number=number), "utf-8")
    dataset = Dataset(declared, country_pack(folder / "country.yml"))
    delivery = store.root.parent / f"{name}-delivered.parquet"
    row = (
        "claim AS row, * EXCLUDE (claim)"
        if name == "loose"
        else "row_number() OVER () - 1 AS row, *"
    )
    with open_duckdb() as duck:
        duck.run(
            f"COPY (SELECT * REPLACE (CAST(row AS VARCHAR) AS row) FROM (SELECT {row} FROM {at(folder, name)}) ORDER BY row) "
            f"TO {sql.literal(str(delivery))} (FORMAT parquet)"
        )
    batch = load_delivery(
        store,
        dataset,
        delivery,
        received_at=datetime(2025, 7, 1, tzinfo=UTC),
        as_of=date(2025, 6, 30),
    )
    if not isinstance(batch, Batch) or batch.is_held:
        raise RuntimeError(str(batch))
    return dataset


def _lay_out(duck: Duck, store: Store, folder: Path, known: Dataset, loose: Dataset) -> None:
    """As `register.refresh` and `loose.lay_out` do."""
    said = ", ".join(SAID)
    for dataset in (known, loose):
        duck.run(
            f"CREATE TEMP VIEW facts_{dataset.name} AS SELECT * REPLACE (row AS _row) "
            f"FROM {store.snapshot(dataset.name).relation(dataset.fields)}"
        )
    statements, claims = (
        Slot(dataset, "person").said(f"facts_{dataset.name}") for dataset in (known, loose)
    )
    truth = f"(SELECT row_number() OVER () - 1 AS row, person FROM {at(folder, 'population')})"
    _write(
        duck,
        folder,
        "said",
        f"SELECT DISTINCT {said}, person FROM ({statements}) JOIN {truth} USING (row) ORDER BY ALL",
    )
    duck.run(f"CREATE TEMP TABLE claims AS SELECT *, {FINGERPRINT} AS claim FROM ({claims})")
    _write(
        duck,
        folder,
        "told",
        f"SELECT DISTINCT claim, {said} FROM claims WHERE key IS NULL ORDER BY claim",
    )
    done = ", ".join(f"n.{what} AS {what}" for what in ("birth", "phone", "address"))
    _write(
        duck, folder, "rows",
        f"SELECT c.row, c.claim, c.key, c.number, c.names, p.person, n.number AS number_was, n.name AS name_was, "
        f"{done} FROM claims AS c JOIN {at(folder, 'loose')} AS p ON p.claim = c.row "
        f"JOIN {at(folder, 'noise')} AS n ON n.claim = c.row ORDER BY c.row",
    )  # fmt: skip


def _write(duck: Duck, folder: Path, name: str, select: str) -> None:
    duck.run(f"COPY ({select}) TO {sql.literal(str(folder / f'{name}.parquet'))} (FORMAT parquet)")
