"""A run by increment against one in full, after deliveries that change one row in a thousand.

    python -m bench.increment [--rows 10000000] [--share 0.001] [--repeat 5] [--dir DIR]

An office is built with payments, a hundredth as many penalties and a tenth as many insurances of invented
people, and loaded as a department's files are. Then three deliveries are taken in: a third of the changed
payments is withdrawn, a third corrected, a third new; and the same for penalties and for insurances. After
each, every model runs both ways on one connection, in turns; that both find the same is checked by the row.
Medians are told, and how many files the delivery had written anew.
"""

from __future__ import annotations

import argparse
import json
import shutil
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from bench.collide import machine
from bench.once import peak
from plumbline.engine import Workspace
from plumbline.engine.collision.gather import find
from plumbline.engine.collision.increment import Increment, Seen
from plumbline.engine.collision.run import opened
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.linkage.identity import identity

AT, AS_OF = datetime(2026, 1, 1, tzinfo=UTC), date(2025, 12, 31)
BEGIN, END = "<!-- increment -->", "<!-- end of increment -->"
WORDS = {"zh": "测量", "en": "measurement"}

#: Dataset -> its columns, and how many rows it has of every thousand payments.
DATASETS: dict[str, tuple[dict[str, Any], int]] = {
    "payments": (
        {"no": "text", "person": "person.id", "on": "date", "amount": "integer", "kind": "text"},
        1000,
    ),
    "penalties": ({"no": "text", "person": "person.id", "on": "date", "kind": "text"}, 10),
    "insurances": ({"no": "text", "person": "person.id", "on": "date", "until": "date"}, 100),
}
PAY, PENALTY = {"pay": {"dataset": "payments"}}, {"penalty": {"dataset": "penalties"}}
INSURED = {"insured": {"dataset": "insurances"}}
MODELS: dict[str, dict[str, Any]] = {
    "meet": {
        "facts": PAY | PENALTY, "same": {"person": ["pay.person", "penalty.person"]},
        "flag_when": "before(penalty.on, pay.on) and pay.amount > 900", "one_warning_per": ["pay.no"],
    },
    "sum": {
        "facts": PAY, "shape": "sum", "one_warning_per": ["pay.person"],
        "sum": {"over": ["pay"], "per": ["pay.person"], "what": {"amount": "total(pay.amount)"}},
        "flag_when": "sum.amount > 9500",
    },
    "window": {
        "facts": PAY, "shape": "sum", "one_warning_per": ["pay.person"],
        "sum": {"over": ["pay"], "per": ["pay.person"], "within": "30 days", "by": "pay.on",
                "what": {"amount": "total(pay.amount)"}},
        "flag_when": "sum.amount > 2800",
    },
    "lack": {
        "facts": PAY | INSURED, "same": {"person": ["pay.person", "insured.person"]}, "shape": "lack",
        "lack": {"fact": "insured", "when": "on_or_before(insured.on, pay.on)"},
        "flag_when": "pay.amount > 990", "one_warning_per": ["pay.no"],
    },
    "overlap": {
        "facts": INSURED | PENALTY, "same": {"person": ["insured.person", "penalty.person"]},
        "shape": "overlap", "flag_when": "overlaps(whole(penalty.on), span(insured.on, insured.until))",
        "one_warning_per": ["penalty.no"],
    },
}  # fmt: skip

#: A valid number of nobody (province 38 was never given) for a running number; rows of a running number.
NUMBERS = """
CREATE MACRO first17(n) AS '380101' || strftime(DATE '1930-01-01' + CAST(n // 900 AS INTEGER), '%Y%m%d')
  || lpad(CAST(100 + n % 900 AS VARCHAR), 3, '0');
CREATE MACRO checked(s) AS s || ('10X98765432')[1 + CAST(list_sum(list_transform(range(1, 18),
  lambda i: CAST(s[i] AS INTEGER) * ([7,9,10,5,8,4,2,1,6,3,7,9,10,5,8,4,2])[i])) AS BIGINT) % 11];
CREATE MACRO drawn(n, salt, many) AS CAST(hash(n * 31 + salt) % many AS BIGINT);
"""


@dataclass(frozen=True)
class Line:
    """One model after one delivery: medians in seconds."""

    model: str
    changed: str
    way: str
    full: float
    increment: float
    found: int


def declare(
    directory: Path,
    registers: Mapping[str, Mapping[str, Any]],
    models: Mapping[str, Mapping[str, Any]],
    *,
    memory: str,
) -> None:
    """A workspace with these registers (their columns) and these models (their own slots)."""
    Workspace.create(directory)
    (directory / "regions.yml").write_text("regions:\n  '380100': 甲市\n", "utf-8")
    settings = (
        f'[workspace]\nname = "bench"\ncountry = "regions.yml"\n[limits]\nmemory = "{memory}"\n'
    )
    (directory / "plumbline.toml").write_text(settings, "utf-8")
    for name, columns in registers.items():
        told = {
            "dataset": name, "title": WORDS, "department": WORDS, "legal_basis": WORDS, "purpose": WORDS,
            "retention": "10 years", "key": ["no"], "subject": "person",
            "delivery": {"kind": "changes", "change": {"from": "change", "withdrawn": ["x"]}},
            "columns": {c: {"from": c, "type": t} for c, t in columns.items()},
        }  # fmt: skip
        path = directory / "catalog" / "datasets" / f"{name}.yml"
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")
    for name, slots in models.items():
        fact = next(iter(slots["facts"]))
        told = {
            "model": name, "title": WORDS, "theme": "bench", "status": "live", "question": WORDS,
            "line": {"says": WORDS, "basis": [{"law": "law"}]}, "supervises": f"{fact}.person",
            "in_force_on": "as_of", "grade": {"yellow": "otherwise"}, "say": WORDS, "check": {"zh": ["看"]},
            "innocent": {"zh": ["无"]}, "send_to": {"by": f"{fact}.person"},
            "expect": {"flag_rate": "0%..100%", "per": fact}, **slots,
        }  # fmt: skip
        path = directory / "catalog" / "models" / "bench" / name / "model.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(told, ensure_ascii=False, indent=1), "utf-8")


class Bench:
    """An office of so many payments; deliveries are told apart by a salt."""

    def __init__(self, directory: Path, rows: int) -> None:
        self.directory, self.rows = directory, rows
        self.people = max(rows // 10, 1000)

    def many(self, dataset: str) -> int:
        return self.rows * DATASETS[dataset][1] // 1000

    def rows_of(self, dataset: str, numbers: str, salt: int, change: str = "''") -> str:
        """SQL of the rows with the running numbers of a relation `(n)`."""
        day = f"DATE '2020-01-01' + CAST(drawn(n, {salt + 2}, 2000) AS INTEGER)"
        values = {
            "no": "CAST(n AS VARCHAR)", "person": "number", "on": f"strftime({day}, '%Y-%m-%d')",
            "amount": f"CAST(drawn(n, {salt + 3}, 1000) AS VARCHAR)",
            "kind": f"'k' || drawn(n, {salt + 4}, 9)",
            "until": f"strftime({day} + 300, '%Y-%m-%d')",
        }  # fmt: skip
        listed = ", ".join(f"{values[column]} AS {column}" for column in DATASETS[dataset][0])
        return (
            f"SELECT {listed}, {change} AS change FROM ({numbers}) AS r "
            f"JOIN people ON people.p = drawn(r.n, {salt}, {self.people})"
        )

    def deliver(self, dataset: str, select: str) -> float:
        """Load the rows as a department's Parquet file; gives the seconds of loading."""
        workspace = Workspace(self.directory)
        with tempfile.TemporaryDirectory(dir=self.directory) as folder:
            path = Path(folder) / f"{dataset}.parquet"
            with duckdb.connect() as duck:
                for macro in NUMBERS.strip().split(";\n"):
                    duck.execute(macro)
                duck.execute(
                    f"CREATE TABLE people AS SELECT range AS p, checked(first17(range)) AS number "
                    f"FROM range({self.people})"
                )
                duck.execute(f"COPY ({select}) TO '{path}' (FORMAT parquet, COMPRESSION zstd)")
            start = time.perf_counter()
            batch = load_delivery(
                workspace.store, workspace.dataset(dataset), path,
                received_at=AT, as_of=AS_OF, accept="measurement", by="bench",
            )  # fmt: skip
            seconds = time.perf_counter() - start
        quarantined = getattr(batch, "quarantined", 0)
        if quarantined:
            raise RuntimeError(f"{quarantined} rows of {dataset} are not valid")
        return seconds

    def build(self) -> None:
        registers = {name: columns for name, (columns, _) in DATASETS.items()}
        declare(self.directory, registers, MODELS, memory="4GB")
        for dataset in DATASETS:
            numbers = f"SELECT range AS n FROM range({self.many(dataset)})"
            seconds = self.deliver(dataset, self.rows_of(dataset, numbers, 0))
            print(f"{dataset}: {self.many(dataset):,} rows loaded in {seconds:.0f} s", flush=True)

    def change(self, dataset: str, share: float, salt: int) -> tuple[int, float]:
        """Withdraw, correct and add a third each of so many rows, far from each other."""
        many = self.many(dataset)
        third = max(int(many * share / 3), 1)
        step = many // (2 * third)
        old = f"SELECT range * {step} AS n, range % 2 AS gone FROM range({2 * third})"
        new = f"SELECT {many * salt} + range AS n FROM range({third})"
        withdrawn = self.rows_of(dataset, f"SELECT n FROM ({old}) WHERE gone = 1", 0, "'x'")
        corrected = self.rows_of(dataset, f"SELECT n FROM ({old}) WHERE gone = 0", salt)
        added = self.rows_of(dataset, new, salt)
        return 3 * third, self.deliver(
            dataset, f"{withdrawn} UNION ALL {corrected} UNION ALL {added}"
        )

    def collide(self) -> None:
        Workspace(self.directory).collide(at=AT, as_of=AS_OF)

    def measure(self, changed: str, repeat: int) -> list[Line]:
        workspace = Workspace(self.directory)
        loaded = workspace.snapshots()
        who = identity(workspace.store)
        seen = Seen(workspace.store, loaded, who, AS_OF)
        lines = []
        with opened(workspace.store, workspace.datasets, loaded, who.ties()) as duck:
            for name, model in workspace.models.items():
                if changed not in {dataset.name for dataset in model.facts.values()}:
                    continue
                full, increment, way = [], [], ""
                for _ in range(repeat):
                    one = Increment(duck, seen, model, {})
                    start = time.perf_counter()
                    find(duck, one.statement, "whole")
                    full.append(time.perf_counter() - start)
                    one = Increment(duck, seen, model, {})  # it finds out anew what changed
                    start = time.perf_counter()
                    way = one.run("part").how
                    increment.append(time.perf_counter() - start)
                both = "(SELECT * FROM part EXCEPT ALL SELECT * FROM whole) UNION ALL (SELECT * FROM whole EXCEPT ALL SELECT * FROM part)"
                ((differing,),) = duck.run(f"SELECT COUNT(*) FROM ({both})")
                if differing:
                    raise RuntimeError(f"{name}: {differing} candidates differ")
                ((found,),) = duck.run("SELECT COUNT(*) FROM whole")
                lines.append(Line(name, changed, way, median(full), median(increment), found))
                print(row(lines[-1]), end="", flush=True)
        return lines


def row(line: Line) -> str:
    return (
        f"| {line.model} | {line.changed} | {line.way} | {line.found:,} | {line.full:.3f} | "
        f"{line.increment:.3f} | {line.full / line.increment:.1f} |\n"
    )


HEAD = "| model | changed | way | candidates | full s | increment s | times |\n|---|---|---|--:|--:|--:|--:|\n"


def write_down(text: str, readme: Path) -> None:
    """Put the text between the markers."""
    before = readme.read_text("utf-8")
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--share", type=float, default=0.001)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--readme", type=Path)
    given = parser.parse_args()
    directory = given.dir or Path(tempfile.gettempdir()) / f"plumbline-increment-{given.rows}"
    shutil.rmtree(directory, ignore_errors=True)
    bench = Bench(directory.absolute(), given.rows)
    bench.build()
    lines: list[Line] = []
    loads: Mapping[str, tuple[int, float]] = {}
    for salt, dataset in enumerate(DATASETS, 11):
        bench.collide()
        loads = {**loads, dataset: bench.change(dataset, given.share, salt)}
        lines += bench.measure(dataset, given.repeat)
    told = ", ".join(
        f"{name} {n:,} rows in {seconds:.1f} s" for name, (n, seconds) in loads.items()
    )
    command = f"python -m bench.increment --rows {given.rows} --share {given.share} --repeat {given.repeat}"
    text = (
        f"{datetime.now():%Y-%m-%d}, {machine()}; `{command}`. Medians on the wall; "  # noqa: DTZ005
        f"at most {peak() / 2**20:,.0f} MiB. Both ways find the same, row by row. "
        f"Taking the changes in: {told}.\n\n{HEAD}{''.join(map(row, lines))}"
    )
    print(text)
    if given.readme:
        write_down(text, given.readme)
    return 0


if __name__ == "__main__":
    sys.exit(main())
