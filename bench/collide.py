"""The supervision models against the same questions written by hand, over the same Parquet files.

    python -m bench.collide [--people 1000000] [--dir DIR] [--repeat 5] [--models MODEL ...]

A city is built and loaded in DIR unless one stands there. Then, for each model, three are compared: the
statement that the engine compiles; the same question in DuckDB's SQL as somebody writes it who knows the
files (`by_hand/MODEL.sql`); and, for some, the same in pandas and Polars (`by_hand_frames.py`). Every
measurement is a process of its own, repeats take turns, and medians are told. That all give the same
warnings, with the same levels and evidence, is checked first: where they differ, one of them is wrong.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cached_property
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import pyarrow as pa

import plumbline
from bench.by_hand_frames import ASK, ask
from bench.once import peak
from plumbline.engine import Workspace
from plumbline.engine.backend import Duck
from plumbline.engine.collision.run import latest_as_of, opened
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Snapshot
from plumbline.engine.line.compile import Compiled, Unsure, compile_model
from plumbline.engine.linkage.view import Ties

HERE = Path(__file__).parent
BEGIN, END = "<!-- collide -->", "<!-- end of collide -->"
MIB = 2**20
#: Nothing is tied by more than equal numbers, in no way of asking.
NOTHING = Unsure(doubted=False, guessed=frozenset())


# -- the questions -------------------------------------------------------------------------------


@dataclass(frozen=True)
class ByHand:
    """A question in DuckDB's SQL: macros, then one SELECT.

    Its columns are `per_1`, ..., `level`, and for each fact of the evidence, under its name, the row's
    number or a list of them.
    """

    setup: tuple[str, ...]
    query: str

    @classmethod
    def of(cls, model: str, as_of: date) -> ByHand:
        texts = [(HERE / "by_hand" / f"{name}.sql").read_text("utf-8") for name in ("names", model)]
        *setup, query = "".join(texts).replace("$as_of", f"DATE '{as_of}'").split(";\n")
        return cls(tuple(setup), query)


class Office:
    """A loaded workspace, opened to be asked."""

    def __init__(self, directory: Path) -> None:
        self.workspace = Workspace(directory)

    @cached_property
    def snapshots(self) -> dict[str, Snapshot]:
        return self.workspace.snapshots()

    @cached_property
    def as_of(self) -> date:
        return latest_as_of(list(self.snapshots.values()))

    @cached_property
    def models(self) -> list[str]:
        """Models whose facts are all there."""
        return [
            name for name, model in self.workspace.models.items()
            if all(dataset.name in self.snapshots for dataset in model.facts.values())
        ]  # fmt: skip

    def compiled(self, model: str) -> Compiled:
        return compile_model(self.workspace.model(model))

    def rows(self, model: str) -> int:
        """Rows of the model's datasets."""
        names = {dataset.name for dataset in self.workspace.model(model).facts.values()}
        return sum(self.snapshots[name].rows for name in names)

    @property
    def files(self) -> dict[str, list[str]]:
        return {
            name: [str(p) for p in snapshot.paths()] for name, snapshot in self.snapshots.items()
        }

    @property
    def views(self) -> list[str]:
        """As `opened` makes them."""
        found = [f"CREATE TEMP VIEW organisation_doubts AS {Ties().doubts()}"]
        for name, snapshot in self.snapshots.items():
            dataset = self.workspace.datasets[name]
            rows = Ties().view(dataset, snapshot.relation(dataset.fields))
            guesses = Ties().guesses(dataset, sql.name(name))
            found += [
                f"CREATE TEMP VIEW {sql.name(name)} AS {rows}",
                f"CREATE TEMP VIEW {sql.name(f'{name}__maybe')} AS {guesses}",
            ]
        return found


# -- do all say the same? ------------------------------------------------------------------------


@dataclass(frozen=True)
class Difference:
    """What one answer holds and the other does not: (per..., level, fact, row)."""

    model: str
    other: str
    only_ours: tuple[tuple[Any, ...], ...]
    only_theirs: tuple[tuple[Any, ...], ...]

    def __str__(self) -> str:
        return (
            f"{self.model}: {len(self.only_ours)} only in the engine's, {len(self.only_theirs)} only in "
            f"{self.other}'s answer, such as {[*self.only_ours[:2], *self.only_theirs[:2]]}"
        )


def compare(
    office: Office, models: Sequence[str], *, frames: bool = True
) -> tuple[dict[str, int], list[Difference]]:
    """Warnings by model, and where the answers differ."""
    workspace, flagged, differences = office.workspace, {}, []
    for model in models:
        with opened(workspace.store, workspace.datasets, office.snapshots, Ties()) as duck:
            compiled = office.compiled(model)
            duck.run(f"CREATE TEMP TABLE ours AS {compiled.on(office.as_of, unsure=NOTHING)}")
            per = ", ".join(compiled.per)
            ((flagged[model],),) = duck.run(
                f"SELECT COUNT(*) FROM (SELECT DISTINCT {per} FROM ours WHERE verdict = 'flag')"
            )
            by_hand = ByHand.of(model, office.as_of)
            for setup in by_hand.setup:
                duck.run(setup)
            duck.run(f"CREATE TEMP TABLE theirs AS {by_hand.query}")
            differences += _difference(duck, compiled, "DuckDB by hand")
            for library in (library for library in ASK if frames and model in ASK[library]):
                duck.run("DROP TABLE IF EXISTS theirs")
                duck.register("theirs", _plain(ask(library, model, office.files)))
                differences += _difference(duck, compiled, library)
                duck.unregister("theirs")
    return flagged, differences


def _plain(answer: pa.Table) -> pa.Table:
    return answer.select([name for name in answer.column_names if not name.startswith("__")])


def _difference(duck: Duck, compiled: Compiled, other: str) -> list[Difference]:
    lists = {name for name, kind in duck.columns("SELECT * FROM theirs") if kind.endswith("[]")}
    per = ", ".join(compiled.per)
    texts = ", ".join(f"CAST({column} AS TEXT) AS {column}" for column in compiled.per)
    ours = " UNION ".join(
        f"SELECT {per}, level, '{fact}' AS fact, row_{fact} AS row FROM ours WHERE verdict = 'flag'"
        for fact in compiled.evidence
    )
    theirs = " UNION ".join(
        f"SELECT {texts}, level, '{fact}' AS fact, "
        f"{f'UNNEST({sql.name(fact)})' if fact in lists else sql.name(fact)} AS row FROM theirs"
        for fact in compiled.evidence
    )
    only = [
        tuple(
            duck.run(f"SELECT * FROM (({one}) EXCEPT ({two})) WHERE row IS NOT NULL ORDER BY ALL")
        )
        for one, two in ((ours, theirs), (theirs, ours))
    ]
    return [Difference(compiled.model.name, other, *only)] if any(only) else []


# -- measuring -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """Medians over the repeats."""

    seconds: float
    mib: float


@dataclass(frozen=True)
class Line:
    """One model in the table: who -> what it took; `ours` and `by hand` are always there."""

    model: str
    rows: int
    flagged: int
    took: Mapping[str, Measured]

    def times(self, who: str) -> float:
        return self.took["ours"].seconds / self.took[who].seconds


def measure(office: Office, model: str, flagged: int, repeat: int) -> Line:
    limits = office.workspace.limits
    config = {"memory_limit": limits.memory, "preserve_insertion_order": False}
    by_hand = ByHand.of(model, office.as_of)
    asked: dict[str, tuple[str, dict[str, Any]]] = {
        "ours": (
            "bench.once",
            {
                "setup": office.views,
                "query": office.compiled(model).on(office.as_of, unsure=NOTHING),
            },
        ),
        "by hand": (
            "bench.once",
            {"setup": [*office.views, *by_hand.setup], "query": by_hand.query},
        ),
    }
    for library in (library for library in ASK if model in ASK[library]):
        request = {"library": library, "model": model, "files": office.files}
        asked[library] = ("bench.by_hand_frames", request)
    runs: dict[str, list[dict[str, float]]] = {who: [] for who in asked}
    for _ in range(repeat):
        for who, (module, request) in asked.items():
            runs[who].append(_apart(module, {"config": config, **request}))
    took = {
        who: Measured(median(r["seconds"] for r in each), median(r["bytes"] for r in each) / MIB)
        for who, each in runs.items()
    }
    return Line(model, office.rows(model), flagged, took)


def _apart(module: str, request: Mapping[str, Any]) -> dict[str, Any]:
    """Run a module in a process of its own."""
    path = os.pathsep.join([str(HERE.parent), *filter(None, sys.path)])
    done = subprocess.run(
        [sys.executable, "-m", module], input=json.dumps(request), capture_output=True, text=True,
        check=False, cwd=HERE.parent, env={**os.environ, "PYTHONPATH": path},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def whole_run(directory: Path) -> dict[str, Any]:
    """`Workspace.collide` over all models: seconds by step, and the most memory; on a copy of the store."""
    with tempfile.TemporaryDirectory(dir=directory.parent) as scratch:
        copy = Path(scratch) / "office"
        shutil.copytree(
            directory, copy, copy_function=os.link, ignore=shutil.ignore_patterns("inbox")
        )
        (copy / "store" / "lock").unlink(missing_ok=True)
        workspace = Workspace(copy)
        start = time.perf_counter()
        marks: list[tuple[str, float]] = [("reading the catalogue", start)]
        workspace.models  # noqa: B018 -- reads them
        at = datetime(2026, 1, 1)  # noqa: DTZ001 -- a time in the workspace's own place
        marks.append(("who is who", time.perf_counter()))
        workspace.link(at=at)  # `collide` does so by itself, and then finds it done
        marks.append(("pinning what it sees", time.perf_counter()))
        run = workspace.collide(
            at=at,
            progress=lambda model, done, of: marks.append(
                (model or "registers", time.perf_counter())
            ),
        )
        end = time.perf_counter()
    after = [*(at for _, at in marks[1:]), end]
    steps = {name: until - at for (name, at), until in zip(marks, after, strict=True)}
    held = [str(result.held) for result in run.results if result.held]
    return {"seconds": end - start, "bytes": peak(), "steps": steps, "held": held}


# -- telling -------------------------------------------------------------------------------------


def table(lines: Sequence[Line]) -> str:
    head = (
        "| model | rows read | warnings | ours s | by hand s | ratio | ours MiB | by hand MiB | ratio "
        "| pandas s | to ours | Polars s | to ours |\n|---|" + "--:|" * 12 + "\n"
    )
    return head + "".join(_row(line) for line in lines)


def _row(line: Line) -> str:
    ours, by_hand = line.took["ours"], line.took["by hand"]
    cells = [
        line.model, f"{line.rows:,}", f"{line.flagged:,}",
        f"{ours.seconds:.3f}", f"{by_hand.seconds:.3f}", f"{line.times('by hand'):.2f}",
        f"{ours.mib:.0f}", f"{by_hand.mib:.0f}", f"{ours.mib / by_hand.mib:.2f}",
    ]  # fmt: skip
    for library in ASK:
        if library in line.took:
            cells += [f"{line.took[library].seconds:.2f}", f"{1 / line.times(library):.1f}"]
        else:
            cells += ["", ""]
    return f"| {' | '.join(cells)} |\n"


def told(
    office: Office,
    lines: Sequence[Line],
    whole: Mapping[str, Any],
    differences: Sequence[Difference],
    command: str,
) -> str:
    """The part of the README between the markers."""
    ours = sum(line.took["ours"].seconds for line in lines)
    by_hand = sum(line.took["by hand"].seconds for line in lines)
    packages = ", ".join(f"{name} {version(name)}" for name in ("duckdb", "pandas", "polars"))
    rows = sum(snapshot.rows for snapshot in office.snapshots.values())
    size = sum(snapshot.bytes for snapshot in office.snapshots.values()) / MIB
    steps = sorted(whole["steps"].items(), key=lambda step: -step[1])
    longest = ", ".join(f"{name} {seconds:.2f} s" for name, seconds in steps[:8])
    same = "Warnings, levels and evidence are the same in all columns."
    if differences:
        same = "**Not all answers are the same:** " + "; ".join(map(str, differences))
    return f"""\
{datetime.now():%Y-%m-%d}, {machine()}; plumbline {plumbline.__version__}, \
Python {platform.python_version()}, {packages}. `{command}`: \
{rows:,} rows in {size:,.0f} MiB of Parquet. Medians; seconds on the wall, memory at its peak.

{table(lines)}
All models together: {ours:.2f} s, by hand {by_hand:.2f} s, ratio {ours / by_hand:.2f}. {same}

`Workspace.collide` over all models, with digests, evidence and registers: \
{whole["seconds"]:.1f} s, {whole["bytes"] / MIB:.0f} MiB. What takes longest: {longest}."""  # noqa: DTZ005


def machine() -> str:
    """Processor, cores and memory, as Linux tells them."""
    described = Path("/proc/cpuinfo")
    names = [
        line.partition(":")[2].strip() for line in (described.read_text().splitlines() if described.exists() else [])
        if line.startswith("model name")
    ]  # fmt: skip
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return (
        f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores, {memory:.0f} GiB"
    )


def write_down(text: str, readme: Path) -> None:
    """Put the text between the markers, which are added at the end where they are missing."""
    before = readme.read_text("utf-8") if readme.exists() else "# Measurements\n"
    if BEGIN not in before:
        before += f"\n{BEGIN}\n{END}\n"
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def city(directory: Path, people: int) -> Office:
    """The city in the directory; it is built and loaded if none stands there."""
    if not (directory / "store").exists():
        from plumbline.cli.demo import build_city  # noqa: PLC0415 -- not needed where a city stands

        print(f"building a city of {people:,} people in {directory}", file=sys.stderr)
        build_city(directory, people)
        Workspace(directory).load(at=datetime(2026, 1, 1), accept="measurement")  # noqa: DTZ001
    return Office(directory)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--people", type=int, default=1_000_000)
    parser.add_argument("--dir", type=Path)
    parser.add_argument("--repeat", type=int, default=5)
    parser.add_argument("--models", nargs="*", default=[])
    parser.add_argument("--readme", type=Path, default=HERE / "README.md")
    given = parser.parse_args()
    directory = given.dir or Path(tempfile.gettempdir()) / f"plumbline-city-{given.people}"
    office = city(directory.absolute(), given.people)
    models = given.models or office.models
    flagged, differences = compare(office, models)
    for difference in differences:
        print(difference)
    lines = []
    for model in models:
        lines.append(measure(office, model, flagged[model], given.repeat))
        print(_row(lines[-1]), end="", flush=True)
    if not given.models:
        whole = _apart("bench.whole", {"directory": str(office.workspace.directory)})
        command = f"python -m bench.collide --people {given.people} --repeat {given.repeat}"
        text = told(office, lines, whole, differences, command)
        print(text)
        write_down(text, given.readme)
    return 1 if differences else 0


if __name__ == "__main__":
    sys.exit(main())
