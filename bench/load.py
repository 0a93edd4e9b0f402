"""Loading, by kind of file: validated rows per second and the most memory held.

    python -m bench.load [--rows 2000000] [--dir DIR] [--repeat 3] [--kinds KIND ...]

One list of payments (a running number, a citizen number with its check digit, a name, a date, an amount,
a category and a text) is written in every kind of file that departments send and loaded into an empty
store: read, validated, quarantined, checked for repeated keys, sorted and committed. Beside it stands what
DuckDB needs to read the same CSV file as plain text and write it to Parquet, with nothing validated or
sorted. Every measurement is a process of its own; medians are told.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import xlsxwriter

import plumbline
from bench.collide import machine
from bench.measure import apart
from bench.once import peak
from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import country_pack

HERE = Path(__file__).parent
BEGIN, END = "<!-- load -->", "<!-- end of load -->"
MIB = 2**20
PEER = "duckdb"

DECLARED = """\
dataset: payments
title: {zh: 发放明细}
department: {zh: 财政局}
legal_basis: {zh: 测量}
purpose: {zh: 测量}
retention: 1 year
delivery: {kind: full}
key: [no]
subject: person
columns:
  no: {from: 流水号, type: text, required: true}
  person: {from: 身份证号, type: person.id, required: true}
  name: {from: 姓名, type: person.name, of: person}
  paid_on: {from: 发放日期, type: date}
  amount: {from: 金额, type: money, unit: 元}
  kind: {from: 类别, type: category, values: {低保: dibao, 高龄: senior, 优抚: veterans}}
  note: {from: 摘要, type: text}
"""

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_SUM = " + ".join(
    f"CAST(substr(b, {at}, 1) AS INTEGER) * {weight}" for at, weight in enumerate(_WEIGHTS, start=1)
)
#: Invented, but valid: a county's code, a birth, a running number and the check digit.
_ROWS = f"""
SELECT i + 1 AS 流水号, b || substr('10X98765432', 1 + ({_SUM}) % 11, 1) AS 身份证号, n AS 姓名, d AS 发放日期,
  CAST(hash(i + 1) % 10000000 AS DECIMAL(12, 2)) / 100 AS 金额,
  ['低保', '高龄', '优抚'][1 + i % 3] AS 类别, '第' || (hash(i + 3) % 100000) || '号文件' AS 摘要
FROM (
  SELECT i, ['王', '李', '张', '刘', '陈'][1 + i % 5] || chr(CAST(20000 + hash(i) % 900 AS INTEGER)) AS n,
    '330102' || strftime(DATE '1940-01-01' + CAST(hash(i * 3) % 22000 AS INTEGER), '%Y%m%d')
      || lpad(CAST(hash(i * 5) % 1000 AS VARCHAR), 3, '0') AS b,
    {{day}} AS d
  FROM range({{rows}}) r(i))
"""
_CLEAN = "strftime(DATE '2015-01-01' + CAST(hash(i) % 3000 AS INTEGER), '%Y-%m-%d')"
#: One in fifty as people write it, one in a hundred impossible.
_DIRTY = (
    f"CASE WHEN i % 100 = 7 THEN '2024-02-30' WHEN i % 50 = 3 THEN (2000 + i % 20) || '年3月' "
    f"ELSE {_CLEAN} END"
)


@dataclass(frozen=True)
class Kind:
    """A kind of file, how it is written, and the share of the rows that it is measured with."""

    name: str
    suffix: str
    write: Callable[[Duck, str, Path], None]
    share: float = 1.0
    day: str = _CLEAN


def _csv(duck: Duck, rows: str, path: Path) -> None:
    duck.run(f"COPY ({rows}) TO '{path}' (FORMAT csv, HEADER)")


def _gbk(duck: Duck, rows: str, path: Path) -> None:
    plain = path.with_suffix(".utf8")
    _csv(duck, rows, plain)
    with plain.open(encoding="utf-8") as source, path.open("w", encoding="gb18030") as target:
        for line in source:
            target.write(line)
    plain.unlink()


def _zip(duck: Duck, rows: str, path: Path) -> None:
    plain = path.with_suffix(".csv")
    _csv(duck, rows, plain)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.write(plain, "发放明细.csv")
    plain.unlink()


def _xlsx(duck: Duck, rows: str, path: Path) -> None:
    table = duck.arrow(rows)
    with xlsxwriter.Workbook(path, {"constant_memory": True}) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, table.column_names)
        columns = [table.column(name).to_pylist() for name in table.column_names]
        for line, row in enumerate(zip(*columns, strict=True), start=1):
            for at, cell in enumerate(row):
                sheet.write(line, at, float(cell) if at == 4 else str(cell))


def _json(duck: Duck, rows: str, path: Path) -> None:
    duck.run(f"COPY ({rows}) TO '{path}' (FORMAT json)")


def _parquet(duck: Duck, rows: str, path: Path) -> None:
    duck.run(f"COPY ({rows}) TO '{path}' (FORMAT parquet)")


KINDS = {
    kind.name: kind
    for kind in (
        Kind("CSV", "csv", _csv),
        Kind("CSV, 1 % faulty, 2 % unusual", "csv", _csv, day=_DIRTY),
        Kind("CSV in GB18030", "csv", _gbk),
        Kind("CSV in ZIP", "zip", _zip),
        Kind("Parquet", "parquet", _parquet),
        Kind("JSON Lines", "jsonl", _json, share=0.25),
        Kind("XLSX", "xlsx", _xlsx, share=0.1),
    )
}


# -- measuring -----------------------------------------------------------------------------------


def measure(request: Mapping[str, Any]) -> dict[str, Any]:
    """Load one file into an empty store, or let DuckDB copy it; runs in a process of its own."""
    path = Path(request["path"])
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        if request["by"] == PEER:
            with open_duckdb() as duck:
                before, start = cpu(), time.perf_counter()
                duck.run(
                    f"COPY (SELECT * FROM read_csv('{path}', all_varchar=true)) "
                    f"TO '{folder}/copy.parquet' (FORMAT parquet, COMPRESSION zstd)"
                )
                seconds = time.perf_counter() - start
            return {"seconds": seconds, "cpu": cpu() - before, "bytes": peak(), "quarantined": 0}
        declared = Path(folder) / "payments.yml"
        declared.write_text(DECLARED, "utf-8")
        dataset = Dataset(declared, country_pack())
        store = Store(Path(folder) / "store")
        before, start = cpu(), time.perf_counter()
        batch = load_delivery(store, dataset, path, received_at=datetime(2024, 7, 1, tzinfo=UTC))
        seconds = time.perf_counter() - start
    return {
        "seconds": seconds,
        "cpu": cpu() - before,
        "bytes": peak(),
        "quarantined": batch.quarantined,
    }


def cpu() -> float:
    """Processor seconds this process has used: what another process takes does not count."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime


@dataclass(frozen=True)
class Line:
    """What a kind of file took, as medians."""

    what: str
    rows: int
    file_mib: float
    seconds: float
    cpu: float
    mib: float
    quarantined: int

    def __str__(self) -> str:
        return (
            f"| {self.what} | {self.rows:,} | {self.file_mib:,.0f} | {self.quarantined:,} "
            f"| {self.seconds:.2f} | {self.rows / self.seconds:,.0f} | {self.cpu:.1f} | {self.mib:,.0f} |"
        )


def measured(what: str, rows: int, request: Mapping[str, Any], repeat: int) -> Line:
    runs = [apart("bench.load_once", request) for _ in range(repeat)]
    return Line(
        what,
        rows,
        Path(request["path"]).stat().st_size / MIB,
        median(run["seconds"] for run in runs),
        median(run["cpu"] for run in runs),
        median(run["bytes"] for run in runs) / MIB,
        runs[0]["quarantined"],
    )


def written(kind: Kind, rows: int, folder: Path) -> Path:
    """The file of this kind; it is written if none stands there."""
    at = list(KINDS).index(kind.name)
    path = folder / f"payments{at}-{rows} 2024-06-30.{kind.suffix}"
    if not path.exists():
        print(f"writing {path.name}", file=sys.stderr)
        with open_duckdb() as duck:
            kind.write(duck, _ROWS.format(rows=rows, day=kind.day), path)
    return path


# -- telling -------------------------------------------------------------------------------------

HEAD = (
    "| kind of file | rows | MiB | quarantined | seconds | rows a second | CPU s | peak MiB |\n|---|"
    + "--:|" * 7
)


def told(lines: list[Line], command: str, busy: tuple[float, float]) -> str:
    """The part of the README between the markers."""
    packages = ", ".join(
        f"{name} {version(name)}" for name in ("duckdb", "deltalake", "pyarrow", "python-calamine")
    )
    listed = "\n".join(map(str, lines))
    return f"""\
{datetime.now():%Y-%m-%d}, {machine()}; plumbline {plumbline.__version__}, \
Python {platform.python_version()}, {packages}. `{command}`. Medians; seconds on the wall, memory at its peak. Load average {busy[0]:.1f} before, {busy[1]:.1f} after: \
above 2, other work ran beside it, and the wall tells less than the processor.

{HEAD}
{listed}"""  # noqa: DTZ005 -- the day on the wall of whoever measures


def write_down(text: str, readme: Path) -> None:
    """Put the text between the markers, which are added at the end where they are missing."""
    before = readme.read_text("utf-8")
    if BEGIN not in before:
        about = (__doc__ or "").split("\n\n")[2].replace("\n", " ")
        before += f"\n## Loading\n\n`python -m bench.load`: {about}\n\n{BEGIN}\n{END}\n"
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=2_000_000)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--kinds", nargs="*", choices=list(KINDS), default=[])
    parser.add_argument("--readme", type=Path, default=HERE / "README.md")
    given = parser.parse_args()
    folder = (given.dir or Path(tempfile.gettempdir()) / "plumbline-load").absolute()
    folder.mkdir(parents=True, exist_ok=True)
    before, lines = os.getloadavg()[0], []
    print(HEAD)
    for name in given.kinds or KINDS:
        kind = KINDS[name]
        rows = int(given.rows * kind.share)
        path = written(kind, rows, folder)
        lines.append(measured(name, rows, {"by": "plumbline", "path": str(path)}, given.repeat))
        print(lines[-1], flush=True)
        if name == "CSV":
            what = "the same CSV by DuckDB, as text, unsorted"
            lines.append(measured(what, rows, {"by": PEER, "path": str(path)}, given.repeat))
            print(lines[-1], flush=True)
    if not given.kinds:
        command = f"python -m bench.load --rows {given.rows} --repeat {given.repeat}"
        write_down(told(lines, command, (before, os.getloadavg()[0])), given.readme)


if __name__ == "__main__":
    main()
