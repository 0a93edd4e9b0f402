from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import sqlite3
import zipfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pyarrow.parquet as pq
import pytest
import xlrd
from ruamel.yaml import YAML

from plumbline.cli.demo import build_city
from plumbline.engine.fact.dataset import Source
from plumbline.engine.fact.readers import READERS, Found

from .conftest import PEOPLE, Built

MODELS = {
    *("honour-despite-offence", "benefit-after-death", "pension-in-custody"),
    *("dibao-income-over-limit", "farmland-subsidy-over-area", "treatment-after-death"),
    *("treatment-against-sex-or-age", "payroll-without-work", "own-company-wins-contract"),
    *("fuel-beyond-tank", "invoice-claimed-twice", "rent-overdue", "split-procurement"),
    *("barred-supplier", "unit-price-outlier"),
}


def digests(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def test_the_same_arguments_build_the_same_bytes(city: Built, tmp_path: Path) -> None:
    build_city(tmp_path, PEOPLE, seed=1)
    assert digests(tmp_path) == digests(city.folder)


def test_another_seed_is_another_city(city: Built, tmp_path: Path) -> None:
    told: list[str] = []
    build_city(tmp_path, PEOPLE, seed=2, progress=told.append)
    assert (tmp_path / "truth.json").read_bytes() != (city.folder / "truth.json").read_bytes()
    assert told[0] == "deaths"


def test_a_village_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="too small"):
        build_city(tmp_path, 500)


def test_every_model_has_twenty_collisions_and_five_of_each_trap(city: Built) -> None:
    warnings = Counter(w["model"] for w in city.truth["warnings"])
    assert set(warnings) == MODELS
    assert min(warnings.values()) >= 20
    traps = Counter((t["model"], t["trap"]) for t in city.truth["traps"])
    assert min(traps.values()) >= 5
    kinds = Counter(model for model, _ in traps)
    assert set(kinds) == MODELS
    assert min(kinds.values()) >= 4


def test_no_trap_is_a_collision(city: Built) -> None:
    warned = {(w["model"], w["subject"]) for w in city.truth["warnings"]}
    assert not [t for t in city.truth["traps"] if (t["model"], t["subject"]) in warned]


def test_nothing_is_expected_twice(city: Built) -> None:
    for kind in ("warnings", "questions"):
        keys = [(w["model"], w["subject"], *w["group"]) for w in city.truth[kind]]
        assert len(set(keys)) == len(keys)


def test_the_report_agrees_with_the_truth(city: Built) -> None:
    report, truth = city.report, city.truth
    assert report.people == PEOPLE
    assert report.warnings == len(truth["warnings"])
    assert report.traps == len(truth["traps"])
    assert report.questions == len(truth["questions"])
    assert report.files == sum(path.is_file() for path in (city.folder / "inbox").rglob("*"))
    assert set(truth["quarantined"]) <= set(report.rows)


def tables(path: Path) -> Iterator[tuple[list[str], int]]:
    """The header of each table in a file, and how many rows stand below it."""
    raw = path.read_bytes()
    if path.suffix == ".xlsx":
        for page in openpyxl.load_workbook(path):
            yield _below_titles([[cell or "" for cell in row] for row in page.values])
    elif raw.startswith(b"\xd0\xcf\x11\xe0"):
        for page in xlrd.open_workbook(path).sheets():
            yield _below_titles([page.row_values(n) for n in range(page.nrows)])
    elif raw.startswith(b"<"):
        text = raw.decode("utf-8" if path.suffix == ".xml" else "gb18030")
        rows = re.findall("(?is)<(row|tr)>(.*?)</", text.replace("</Row>", "</row>"))
        yield _below_titles([re.findall("(?is)<(?:td|Data)[^>]*>([^<]*)", row) for _, row in rows])
    elif path.suffix == ".parquet":
        table = pq.read_table(path)
        yield table.column_names, table.num_rows
    elif path.suffix == ".jsonl":
        lines = path.read_text(encoding="utf-8").splitlines()
        yield list(json.loads(lines[0])), len(lines)
    elif path.suffix == ".json":
        records = json.loads(path.read_text(encoding="utf-8"))
        yield list(records[0]), len(records)
    elif path.suffix == ".zip":
        with zipfile.ZipFile(path, metadata_encoding="gbk") as archive:
            for name in archive.namelist():
                yield _delimited(archive.read(name))
    else:
        yield _delimited(raw)


def _below_titles(rows: list[list[str]]) -> tuple[list[str], int]:
    at = next(n for n, row in enumerate(rows) if _is_header(row))
    return rows[at], len(rows) - at - 1


def _is_header(cells: list[str]) -> bool:
    return any(
        cell.rstrip(")").endswith(("编码", "号", "号码", "代码")) for cell in map(str, cells)
    )


def _delimited(raw: bytes) -> tuple[list[str], int]:
    for encoding in ("utf-16", "utf-8-sig", "gb18030"):
        if encoding == "utf-16" and not raw.startswith(b"\xff\xfe"):
            continue
        try:
            text = raw.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    first = text.partition("\n")[0]
    delimiter = "\t" if "\t" in first else ","
    rows = list(csv.reader(io.StringIO(text), delimiter=delimiter))
    return rows[0], len([row for row in rows[1:] if row != rows[0]])


def declared(root: Path) -> dict[str, set[str]]:
    """Every header that a dataset's declaration knows."""
    found = {}
    for path in (root / "catalog" / "datasets").rglob("*.yml"):
        data = YAML(typ="safe").load(path)
        headers = set(data.get("ignore", []))
        for column in data["columns"].values():
            names = column["from"]
            headers |= {names} if isinstance(names, str) else set(names)
        change = data["delivery"].get("change")
        found[path.stem] = headers | ({change["from"]} if change else set())
    return found


def test_every_header_is_declared_and_every_row_is_counted(city: Built, root: Path) -> None:
    known = declared(root)
    counted: Counter[str] = Counter()
    for path in sorted((city.folder / "inbox").rglob("*.*")):
        dataset = path.parent.name
        if dataset == "ocds":
            continue
        for header, rows in tables(path):
            assert set(header) <= known[dataset], path
            counted[dataset] += rows
    # Entities of FollowTheMoney come from other tools, and look-ups from the workbench's own trail.
    elsewhere = ("ftm_", "look_up")
    assert {name for name in known if not name.startswith(elsewhere)} == set(city.report.rows)
    delivered = {k: v for k, v in city.report.rows.items() if not k.startswith("ocds_")}
    assert set(counted) == set(delivered)
    notes = 6  # rows below a table, at most, in all its sheets
    for dataset, rows in delivered.items():
        assert 0 <= counted[dataset] - rows <= notes, dataset


def test_there_is_a_file_of_every_kind_that_is_read(city: Built) -> None:
    kinds = set()
    for path in (city.folder / "inbox").rglob("*.*"):
        found = Found(path, path.name, path.read_bytes()[:65_536], Source(), 0)
        kinds.add(next(reader.kind for reader in READERS if reader.recognises(found)))
    # "" refuses; no department sends entities of FollowTheMoney.
    assert kinds == {reader.kind for reader in READERS} - {"", "ftm"}


def test_the_files_say_what_day_they_speak_of(city: Built) -> None:
    for path in (city.folder / "inbox").rglob("*.*"):
        assert "年" in path.stem or path.stem.endswith("_20251231")


def test_open_data_are_a_release_package(city: Built) -> None:
    (path,) = (city.folder / "inbox" / "ocds").iterdir()
    releases = json.loads(path.read_text(encoding="utf-8"))["releases"]
    assert len(releases) == city.report.rows["ocds_contracts"] > 0
    assert sum(len(r["bids"]["details"]) for r in releases) == city.report.rows["ocds_bids"]


def test_the_register_of_companies_stands_in_a_database_too(city: Built) -> None:
    database = sqlite3.connect(city.folder / "databases" / "market.sqlite")
    (count,) = database.execute("SELECT count(*) FROM market_entities").fetchone()
    database.close()
    assert count == city.report.rows["companies"]


def test_everybody_is_of_the_invented_province(city: Built) -> None:
    people = [
        w["subject"]
        for kind in ("warnings", "questions", "out_of_reach")
        for w in city.truth[kind]
        if len(w["subject"]) == 18 and w["subject"][6:8] in {"19", "20"}
    ]
    assert people
    assert {number[:2] for number in people} == {"38"}
