"""How time and memory grow with the rows: one office of a million, ten and a hundred million payments.

    python -m bench.scale build --rows 10000000 [--people N] [--penalties N] [--dir DIR]
    python -m bench.scale run --rows 10000000 [--ways engine duckdb pandas polars spark] [--models MODEL ...] [--repeat 3]
    python -m bench.scale look-up --rows 10000000
    python -m bench.scale whole --rows 10000000
    python -m bench.scale draw

`build` streams the registers of an invented office into CSV deliveries of at most ten million rows and takes each in
by the product's loader, in a process of its own; broken off, it goes on where it stood. `run` asks seven questions, one of each shape or two, by
the statement that the engine compiles, and by hand: in DuckDB's SQL, in pandas, in Polars, and in Spark's
SQL on this machine (where `.venv-spark` stands). Each measurement is a process of its own, ways take turns,
medians are told. All ways must name the same subjects and rows; where they differ the command fails.
Results are kept in `scale.json` by size, so that each can be measured on a day of its own; from it every
command writes its tables into README.md and its chart into scale.svg.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from statistics import median
from typing import Any

import duckdb

from bench.collide import NOTHING, Office, machine
from bench.increment import AS_OF, AT, DATASETS, INSURED, MODELS, PAY, PENALTY, declare
from bench.measure import ROOT, apart
from bench.scale_chart import chart, slope
from bench.scale_sql import SQL, dialect

HERE = Path(__file__).parent
BEGIN, END = "<!-- scale -->", "<!-- end of scale -->"
MIB = 2**20
SLICE = 10_000_000
SPARK = ROOT / ".venv-spark" / "bin" / "python"
Ask = Callable[[str, Mapping[str, Any]], dict[str, Any]]
WAYS = ("engine", "duckdb", "pandas", "polars", "spark")

#: The registers of `bench.increment`, a register of all people, and one of who is whose kin.
REGISTERS: dict[str, dict[str, Any]] = {
    **{name: DATASETS[name][0] for name in ("penalties", "payments", "insurances")},
    "persons": {"no": "text", "person": "person.id", "on": "date"},
    "relatives": {"no": "text", "person": "person.id", "other": "person.id"},
}
#: The models of `bench.increment`, a lack over all people, and a path by way of kin.
QUESTIONS: dict[str, dict[str, Any]] = {
    **MODELS,
    "stranger": {
        "facts": PAY | {"known": {"dataset": "persons"}}, "shape": "lack",
        "same": {"person": ["pay.person", "known.person"]}, "lack": {"fact": "known"},
        "flag_when": "pay.amount >= 0", "one_warning_per": ["pay.no"],
    },
    "path": {
        "facts": PENALTY | {"relative": {"dataset": "relatives"}} | PAY, "shape": "path",
        "same": {"person": ["penalty.person", "relative.person"], "kin": ["relative.other", "pay.person"]},
        "path": ["penalty", "relative", "pay"],
        "flag_when": "before(penalty.on, pay.on) and pay.amount > 900", "one_warning_per": ["pay.no"],
    },
}  # fmt: skip
assert set(QUESTIONS) == set(SQL), INSURED

#: A valid number of nobody (province 38 was never given), by whole numbers alone, so that rows are streamed.
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_CHECKED = " + ".join(
    f"({{0}} // {10 ** (16 - at)}) % 10 * {weight}" for at, weight in enumerate(_WEIGHTS)
)
MACROS = f"""
CREATE MACRO born(p) AS DATE '1930-01-01' + CAST(p // 900 AS INTEGER);
CREATE MACRO first17(p) AS 38010100000000000 + 100 + p % 900
  + 1000 * (year(born(p)) * 10000 + month(born(p)) * 100 + day(born(p)));
CREATE MACRO number(x) AS CAST(x AS VARCHAR) || substr('10X98765432', 1 + ({_CHECKED.format("x")}) % 11, 1);
CREATE MACRO drawn(n, salt, many) AS CAST(hash(n * 31 + salt) % many AS BIGINT)"""


@dataclass(frozen=True)
class Size:
    """So many payments to so many people; a tenth as many insurances and kin as payments."""

    rows: int
    people: int
    penalties: int

    @classmethod
    def of(cls, rows: int, people: int | None = None, penalties: int | None = None) -> Size:
        return cls(rows, people or max(rows // 10, 1000), penalties or rows // 100)

    def many(self, register: str) -> int:
        many = {"payments": self.rows, "persons": self.people, "penalties": self.penalties}
        return many.get(register, self.rows // 10)

    def select(self, register: str, first: int, last: int) -> str:
        """SQL of the rows with the running numbers from `first` to before `last`."""
        person = "n" if register == "persons" else f"drawn(n, 0, {self.people})"
        inner = (
            f"SELECT n, first17({person}) AS x, first17(drawn(n, 1, {self.people})) AS y, "
            f"DATE '2020-01-01' + CAST(drawn(n, 2, 2000) AS INTEGER) AS d FROM range({first}, {last}) r(n)"
        )
        values = {
            "no": "n", "person": "number(x)", "other": "number(y)", "on": "d",
            "amount": "drawn(n, 3, 1000)", "kind": "'k' || drawn(n, 4, 9)", "until": "d + 300",
        }  # fmt: skip
        listed = ", ".join(f"{values[column]} AS {column}" for column in REGISTERS[register])
        # one of a thousand is not in the register of people
        known = " WHERE n % 1000 <> 7" if register == "persons" else ""
        return f"SELECT {listed}, '' AS change FROM ({inner}){known}"

    @property
    def name(self) -> str:
        return f"{self.rows}-{self.people}-{self.penalties}"


# -- building ------------------------------------------------------------------------------------


def build(directory: Path, size: Size, kept: Kept, slices: int, ask: Ask = apart) -> None:
    """The office, register by register, slice by slice; what stands there is gone on with.

    Args:
        slices: as many are taken in at most; to be called again.
        ask: where each step runs; a process of its own, unless memory does not matter.
    """
    loads: dict[str, Any] = kept.size(size).get("load", {}) if directory.exists() else {}
    if not loads:
        declare(directory, REGISTERS, QUESTIONS, memory="2GB")
    left = [
        (register, first) for register in REGISTERS
        for at, first in enumerate(range(0, size.many(register), SLICE))
        if at >= len(loads.get(register, {"seconds": ()})["seconds"])
    ]  # fmt: skip
    for register, first in left[:slices]:
        one = loads.setdefault(register, {"rows": size.many(register), "seconds": [], "mib": []})
        path = directory / f"{register}{first // SLICE} {AS_OF}.csv"
        last = min(first + SLICE, size.many(register))
        written = _deliver(size.select(register, first, last), path, ask)
        request = {
            "what": "load", "directory": str(directory), "dataset": register, "path": str(path),
            "at": AT.isoformat(), "as_of": AS_OF.isoformat(),
        }  # fmt: skip
        took = ask("bench.scale_once", request)
        path.unlink()
        one["seconds"].append(took["seconds"])
        one["mib"].append(took["bytes"] / MIB)
        print(
            f"{register} from {first:,}: written in {written['seconds']:.0f} s by {written['bytes'] / MIB:,.0f} MiB, "
            f"loaded in {took['seconds']:.0f} s by {one['mib'][-1]:,.0f} MiB", flush=True,
        )  # fmt: skip
        kept.note(size, "load", loads)
        kept.note(size, "store", stored(directory))


def _deliver(select: str, path: Path, ask: Ask) -> dict[str, Any]:
    """Write a delivery, in a process that may hold 1 GB."""
    setup = [f"{macro}" for macro in MACROS.strip().split(";\n")]
    request = {
        "config": {"memory_limit": "1GB", "preserve_insertion_order": False, "threads": 2},
        "setup": setup, "query": f"COPY ({select}) TO '{path}' (FORMAT csv, HEADER)", "what": "write",
    }  # fmt: skip
    return ask("bench.scale_once", request)


# -- asking --------------------------------------------------------------------------------------


def measure(
    directory: Path, ways: Sequence[str], models: Sequence[str], repeat: int, ask: Ask = apart
) -> dict[str, dict[str, Any]]:
    """Model -> way -> median seconds, the most memory, and what was found; ways take turns."""
    office = Office(directory)
    config = {
        "memory_limit": office.workspace.limits.memory, "preserve_insertion_order": False,
        "temp_directory": str(directory / "spill"),
    }  # fmt: skip
    took: dict[str, dict[str, Any]] = {}
    models = [model for model in models if model in office.models]
    for model in models:
        asked: dict[str, Mapping[str, Any]] = {}
        common = {"config": config, "files": office.files, "model": model}
        if "engine" in ways:
            query = office.compiled(model).on(AS_OF, unsure=NOTHING)
            setup = office.views
            asked["engine"] = {"what": "statement", "query": query, "setup": setup, "judged": True}
        if "duckdb" in ways:
            setup = [
                f"CREATE TEMP VIEW {name} AS FROM read_parquet({paths})"
                for name, paths in office.files.items()
            ]
            query = dialect(model, spark=False)
            asked["duckdb"] = {"what": "statement", "query": query, "setup": setup, "judged": False}
        asked |= {
            way: {"what": "frames", "way": way} for way in ways if way in {"pandas", "polars"}
        }
        runs: dict[str, list[Any]] = {way: [] for way in asked}
        for _ in range(repeat):
            for way, request in asked.items():
                if not any("failed" in run for run in runs[way]):
                    runs[way].append(_tried(ask, {**common, **request}))
        took[model] = {way: _told(each) for way, each in runs.items()}
        _say(model, took[model])
    if "spark" in ways:
        for model, each in _on_spark(office, models, repeat, directory).items():
            took[model]["spark"] = _told([each])
            _say(model, {"spark": took[model]["spark"]})
    return took


def _tried(ask: Ask, request: Mapping[str, Any]) -> dict[str, Any]:
    """A measurement, or how it ended: at this size some ways do not fit the machine."""
    try:
        return ask("bench.scale_once", request)
    except RuntimeError as error:
        last = (str(error).strip().splitlines() or ["killed"])[-1]
        return {"failed": last[:200]}


def _told(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    on = f"{datetime.now():%Y-%m-%d}"  # noqa: DTZ005 -- the day on the wall of whoever measures
    failed = [run["failed"] for run in runs if "failed" in run]
    if failed:
        return {"failed": failed[0], "on": on}
    found = {tuple(run["found"]) for run in runs}
    assert len(found) == 1, f"one question, several answers: {found}"
    return {
        "seconds": median(run["seconds"] for run in runs), "repeat": len(runs), "on": on,
        "busy": os.getloadavg()[0],
        "mib": median(run["bytes"] for run in runs) / MIB, "found": list(found.pop()), "rows": runs[0]["rows"],
    }  # fmt: skip


def _say(model: str, took: Mapping[str, Any]) -> None:
    for way, each in took.items():
        told = (
            each.get("failed")
            or f"{each['seconds']:9.3f} s {each['mib']:8,.0f} MiB {each['found'][0]:>10,}"
        )
        print(f"{model:10}{way:8}{told}", flush=True)


def _on_spark(
    office: Office, models: Sequence[str], repeat: int, scratch: Path
) -> dict[str, dict[str, Any]]:
    if not SPARK.exists():
        print("no Spark: make .venv-spark/stamp", file=sys.stderr)
        return {}
    request = {
        "what": "spark", "files": office.files, "models": list(models), "repeat": repeat, "memory": "6g",
        "scratch": str(scratch), "config": {"memory_limit": "2GB"},
    }  # fmt: skip
    done = subprocess.run(
        [str(SPARK), "-m", "bench.scale_once"], input=json.dumps(request), capture_output=True, text=True,
        check=False, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    if done.returncode:
        raise RuntimeError(done.stderr)
    answer: dict[str, dict[str, Any]] = json.loads(done.stdout.splitlines()[-1])
    return answer


def look_up(directory: Path, size: Size, repeat: int) -> dict[str, Any]:
    """Ten people, drawn far apart."""
    office = Office(directory)
    with duckdb.connect() as connection:
        for macro in MACROS.strip().split(";\n"):
            connection.execute(macro)
        step = size.people // 10
        numbers = connection.execute(
            f"SELECT number(first17(range * {step} + 11)) FROM range(10)"
        ).fetchall()
    request = {
        "what": "look_up", "directory": str(directory), "people": [number for (number,) in numbers],
        "repeat": repeat, "config": {"memory_limit": "2GB"}, "files": office.files,
    }  # fmt: skip
    return apart("bench.scale_once", request)


# -- keeping -------------------------------------------------------------------------------------


class Kept:
    """What was measured, by size."""

    def __init__(self, path: Path) -> None:
        self.path, self.sizes = path, self._read(path)

    @staticmethod
    def _read(path: Path) -> dict[str, dict[str, Any]]:
        return json.loads(path.read_text("utf-8")) if path.exists() else {}

    def size(self, size: Size) -> dict[str, Any]:
        empty = {"rows": size.rows, "people": size.people, "penalties": size.penalties, "took": {}}
        return self.sizes.setdefault(size.name, empty)

    def note(self, size: Size, what: str, value: Any) -> None:
        self.sizes = self._read(self.path)  # another size may have been measured meanwhile
        at = self.size(size)
        if what == "took":
            for model, ways in value.items():
                at["took"].setdefault(model, {}).update(ways)
        else:
            on = f"{datetime.now():%Y-%m-%d}"  # noqa: DTZ005 -- as in `_told`
            at[what] = value | {"on": on, "busy": os.getloadavg()[0]}
        packages = ("plumbline", "duckdb", "pandas", "polars")
        at["with"] = ", ".join([machine(), *(f"{name} {version(name)}" for name in packages)])
        ordered = dict(
            sorted(self.sizes.items(), key=lambda item: (item[1]["rows"], item[1]["people"]))
        )
        self.path.write_text(json.dumps(ordered, ensure_ascii=False, indent=1) + "\n", "utf-8")
        self.sizes = ordered


def disagreeing(sizes: Mapping[str, Any]) -> list[str]:
    """Where two ways named other things."""
    found = []
    for size, each in sizes.items():
        for model, ways in each["took"].items():
            answers = {tuple(took["found"]) for took in ways.values() if "found" in took}
            if len(answers) > 1:
                found.append(f"{size} {model}: {answers}")
    return found


# -- telling -------------------------------------------------------------------------------------

NAMES = {
    "engine": "Plumbline", "duckdb": "DuckDB by hand", "pandas": "pandas", "polars": "Polars", "spark": "Spark",
}  # fmt: skip


def table(took: Mapping[str, Any]) -> str:
    """Seconds and memory of each way, and how many times ours it takes."""
    head = "| question | found | Plumbline s | MiB |" + "".join(
        f" {NAMES[way]} s | to ours | MiB |" for way in WAYS[1:]
    )
    lines = [head, "|---|" + "--:|" * (3 + 3 * len(WAYS[1:]))]
    for model in (model for model in QUESTIONS if model in took):
        ways = took[model]
        ours = ways.get("engine", {})
        cells = [model, f"{next(iter(ways.values())).get('found', [0])[0]:,}"]
        cells += [_seconds(ours), _mib(ours)]
        for way in WAYS[1:]:
            each = ways.get(way, {})
            both = "seconds" in each and "seconds" in ours
            ratio = f"{each['seconds'] / ours['seconds']:.2f}" if both else ""
            cells += [_seconds(each), ratio, _mib(each)]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _seconds(took: Mapping[str, Any]) -> str:
    return f"{took['seconds']:.2f}" if "seconds" in took else ("failed" if "failed" in took else "")


def _mib(took: Mapping[str, Any]) -> str:
    return f"{took['mib']:,.0f}" if "mib" in took else ""


def block(each: Mapping[str, Any]) -> str:
    """One size."""
    days = sorted({t["on"] for ways in each["took"].values() for t in ways.values()})
    what = f"{each['rows']:,} payments, {each['people']:,} people, {each['penalties']:,} penalties"
    lines = [f"**{what}.** {', '.join([*days, each['with']])}."]
    if load := each.get("load"):
        lines.append(_loaded(load, each["store"]))
    if each["took"]:
        lines.append(table(each["took"]))
        lines += [
            f"{NAMES[way]}, {model}: {took['failed']}."
            for model, ways in each["took"].items() for way, took in ways.items() if "failed" in took
        ]  # fmt: skip
    if look := each.get("look-up"):
        lines.append(
            f"Ten people looked up in all registers ({look['rows']:,} rows about them): {look['appearances']:.3f} s; "
            f"by hand in the payments alone {look['by hand']:.3f} s; the cells of these rows and where they were read "
            f"{look['cells']:.3f} s; what the model `sum` says of one of them "
            f"{look['explain']:.3f} s; {look['bytes'] / MIB:,.0f} MiB ({look['on']})."
        )
    if whole := each.get("whole"):
        steps = sorted(whole["steps"].items(), key=lambda step: -step[1])
        longest = ", ".join(f"{name} {seconds:.1f} s" for name, seconds in steps[:6])
        lines.append(
            f"`collide` over all seven, with who is who, evidence and registers: {whole['seconds']:.1f} s, "
            f"{whole['bytes'] / MIB:,.0f} MiB ({whole['on']}): {longest}."
        )
    return "\n\n".join(lines)


def _loaded(load: Mapping[str, Any], store: Mapping[str, Any]) -> str:
    taken = [load[register] for register in REGISTERS if register in load]
    seconds = sum(sum(one["seconds"]) for one in taken)
    rows = sum(min(one["rows"], SLICE * len(one["seconds"])) for one in taken)
    held = max(max(one["mib"]) for one in taken)
    busy = f", load average {load['busy']:.1f} at the end" if "busy" in load else ""
    each = ", ".join(f"{one:.0f}" for one in load.get("payments", {"seconds": ()})["seconds"])
    return (
        f"Loading ({load['on']}{busy}): {rows:,} rows of CSV in {seconds:,.0f} s, {rows / seconds:,.0f} a second, "
        f"at most {held:,.0f} MiB; deliveries of payments, one after the other: {each} s. "
        f"{store['mib']:,.0f} MiB of Parquet in {store['files']} files, and {store['received']:,.0f} MiB of "
        "deliveries as received."
    )


def growth(sizes: Mapping[str, Any]) -> str:
    """The exponent of each way's time between the smallest and the largest size measured, least squares."""
    lines = [
        f"| question | {' | '.join(NAMES[way] for way in WAYS)} |",
        "|---|" + "--:|" * len(WAYS),
    ]
    for model in QUESTIONS:
        points = {way: series(sizes, model, way) for way in WAYS}
        told = [f"{slope(each):.2f}" if len(each) > 1 else "" for each in points.values()]
        lines.append(f"| {model} | {' | '.join(told)} |")
    return "\n".join(lines)


def series(sizes: Mapping[str, Any], model: str, way: str) -> list[tuple[float, float]]:
    """(payments, seconds) of the sizes whose registers have the usual proportions."""
    return [
        (each["rows"], each["took"][model][way]["seconds"])
        for each in sizes.values()
        if Size.of(each["rows"]).people == each["people"]
        and "seconds" in each["took"].get(model, {}).get(way, {})
    ]


def tell(kept: Kept, readme: Path, picture: Path) -> None:
    """Write tables and chart."""
    regular = {name: each for name, each in kept.sizes.items() if each["took"]}
    lines = [block(each) for each in kept.sizes.values()]
    lines.append(
        "How seconds grow with rows: the exponent by least squares over the sizes above "
        f"(1 is in proportion).\n\n{growth(regular)}"
    )
    text = "\n\n".join(lines)
    before = readme.read_text("utf-8")
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")
    data = {
        model: {way: points for way in WAYS if (points := series(regular, model, way))}
        for model in QUESTIONS
    }
    picture.write_text(chart(data, NAMES), "utf-8")


def stored(directory: Path) -> dict[str, Any]:
    """What the office takes on disk."""
    snapshots = Office(directory).snapshots.values()
    received = directory / "store" / "received"
    return {
        "mib": sum(snapshot.bytes for snapshot in snapshots) / MIB,
        "files": sum(len(snapshot.files) for snapshot in snapshots),
        "received": sum(p.stat().st_size for p in received.rglob("*") if p.is_file()) / MIB,
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("what", choices=["build", "run", "look-up", "whole", "draw"])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--people", type=int)
    parser.add_argument("--penalties", type=int)
    parser.add_argument("--dir", type=Path, default=Path(tempfile.gettempdir()) / "plumbline-scale")
    parser.add_argument("--ways", nargs="*", choices=WAYS, default=WAYS)
    parser.add_argument("--models", nargs="*", choices=list(QUESTIONS), default=list(QUESTIONS))
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--slices", type=int, default=1000, help="so many of a build at most")
    parser.add_argument(
        "--into", type=Path, default=HERE, help="where scale.json, scale.svg and README.md are"
    )
    given = parser.parse_args()
    size = Size.of(given.rows, given.people, given.penalties)
    directory = given.dir.absolute() / size.name
    kept = Kept(given.into / "scale.json")
    if given.what == "build":
        build(directory, size, kept, given.slices)
    elif given.what == "run":
        kept.note(size, "took", measure(directory, given.ways, given.models, given.repeat))
    elif given.what == "look-up":
        kept.note(size, "look-up", look_up(directory, size, given.repeat))
    elif given.what == "whole":
        kept.note(size, "whole", apart("bench.whole", {"directory": str(directory)}))
    tell(kept, given.into / "README.md", given.into / "scale.svg")
    different = disagreeing(kept.sizes)
    print("\n".join(different))
    return 1 if different else 0


if __name__ == "__main__":
    sys.exit(main())
