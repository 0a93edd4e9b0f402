"""Organisations tied to rows without a valid code: precision and recall of each tier, time and memory.

    python -m bench.linkage_organisations [--firms 100000] [--rows 20000] [--seed 7] [--large 1000000]

A register of an invented city region and rows of known truth are drawn (`organisations_region.py`). The
same rows are tied by equal names, by equal names with one more attribute, and by Splink with Jaro-Winkler
on the name. Every way runs in a process of its own.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import pyarrow.parquet as pq

import plumbline
from bench.collide import machine
from bench.linkage_organisations_once import WAYS
from bench.measure import apart
from bench.organisations_region import draw
from plumbline.engine.backend import Duck, open_duckdb

HERE = Path(__file__).parent
BEGIN, END = "<!-- organisations -->", "<!-- end of organisations -->"
MIB = 2**20


@dataclass(frozen=True)
class Line:
    """What one way, or one tier, ties, and how much of it is right."""

    what: str
    tied: int
    right: int
    of: int  # rows that are about somebody in the register
    seconds: float | None = None
    mib: float | None = None

    @property
    def precision(self) -> float:
        return self.right / self.tied if self.tied else 0

    def __str__(self) -> str:
        took = [f"{self.seconds:.1f}", f"{self.mib:.0f}"] if self.seconds and self.mib else ["", ""]
        cells = [self.what, f"{self.tied:,}", f"{self.right:,}", f"{self.precision:.2%}",
                 f"{self.right / self.of:.2%}", *took]  # fmt: skip
        return f"| {' | '.join(cells)} |"


def measured(duck: Duck, folder: Path, ways: Sequence[str]) -> tuple[list[Line], list[str]]:
    duck.run(f"CREATE TABLE rows AS SELECT claim, truth, kind FROM '{folder / 'rows.parquet'}'")
    ((of,),) = duck.run("SELECT COUNT(truth) FROM rows")
    lines, kinds = [], []
    for way in ways:
        took = apart("bench.linkage_organisations_once", {"way": way, "folder": str(folder)})
        duck.run(f"CREATE OR REPLACE TABLE tied AS SELECT * FROM '{folder / f'{way}.parquet'}'")
        seconds, mib = took["seconds"], took["bytes"] / MIB
        if way == "ours":
            lines += [
                Line(f"ours, tier {' and '.join(tiers)}", *_right(duck, tiers), of)
                for tiers in ("C", "D", "CD")
            ]
            listed, right = _listed(duck)
            lines.append(
                Line("ours, tier E: among the candidates", listed, right, of, seconds, mib)
            )
            kinds = _by_kind(duck)
        elif way == "Splink":
            for at in (0.5, 0.9, 0.99, 0.999):
                clear = f"CAST(tier AS DOUBLE) >= {at}"
                last = at == 0.999
                lines.append(Line(f"Splink, at {at} or more", *_right(duck, where=clear), of,
                                  seconds if last else None, mib if last else None))  # fmt: skip
        else:
            lines.append(Line(way, *_right(duck), of, seconds, mib))
    return lines, kinds


def drawn(folder: Path, firms: int, rows: int, seed: int) -> None:
    """The files that every way reads."""
    register, told = draw(firms, rows, seed)
    pq.write_table(register, folder / "register.parquet")
    pq.write_table(told, folder / "rows.parquet")


def large(folder: Path, firms: int, seed: int) -> str:
    """A sentence: what ours takes for so many firms and a tenth as many rows."""
    drawn(folder, firms, firms // 10, seed)
    took = apart("bench.linkage_organisations_once", {"way": "ours", "folder": str(folder)})
    return (
        f"\nOurs for {firms:,} firms and {firms // 10:,} rows: {took['seconds']:.1f} s on the wall, "
        f"{took['cpu']:.1f} s of processors, {took['bytes'] / MIB:.0f} MiB at its peak."
    )


def _right(duck: Duck, tiers: str = "", where: str = "TRUE") -> tuple[int, int]:
    """Rows that are tied to one organisation, and those of them that are tied to the right one."""
    of = f"contains('{tiers}', tier)" if tiers else "TRUE"
    ((tied, right),) = duck.run(
        "SELECT COUNT(*), COUNT(*) FILTER (code = truth) FROM tied JOIN rows USING (claim) "
        f"WHERE NOT ambiguous AND {of} AND {where}"
    )
    return tied, right


def _listed(duck: Duck) -> tuple[int, int]:
    """Rows for which a person is shown candidates, and those where the right one is among them."""
    ((listed, right),) = duck.run("""
        SELECT COUNT(*), COUNT(*) FILTER (found) FROM (
            SELECT claim, bool_or(code IS NOT DISTINCT FROM truth) AS found
            FROM tied JOIN rows USING (claim) GROUP BY claim
            HAVING bool_or(ambiguous) OR min(tier) = 'E')""")
    return listed, right


def _by_kind(duck: Duck) -> list[str]:
    return [
        f"| {kind} | {rows:,} | {about:.0%} | {right:.1%} | {wrong:.2%} | {shown:.1%} |"
        for kind, rows, about, right, wrong, shown in duck.run("""
            WITH of AS (
                SELECT claim, bool_or(tier <> 'E' AND NOT ambiguous AND code = truth) AS hit,
                    bool_or(tier <> 'E' AND NOT ambiguous AND code IS DISTINCT FROM truth) AS slip,
                    bool_or((tier = 'E' OR ambiguous) AND code = truth) AS shown
                FROM tied JOIN rows USING (claim) GROUP BY claim
            )
            SELECT kind, COUNT(*), COUNT(truth) / COUNT(*), AVG(COALESCE(hit, FALSE)::INTEGER),
                AVG(COALESCE(slip, FALSE)::INTEGER), AVG(COALESCE(shown, FALSE)::INTEGER)
            FROM rows LEFT JOIN of USING (claim) GROUP BY kind ORDER BY 3 DESC, 4 DESC, 1""")
    ]


def told(lines: Sequence[Line], kinds: Sequence[str], command: str) -> str:
    """The part of the README between the marks."""
    packages = ", ".join(f"{name} {_version(name)}" for name in ("duckdb", "splink"))
    head = "| way | tied | right | precision | recall | seconds | MiB |\n|---|" + "--:|" * 6
    by_kind = (
        "| what the row says (ours) | rows | about a firm of the register | tied to it (C, D) | "
        "tied wrongly | among the candidates |\n|---|" + "--:|" * 5
    )
    return f"""\
{datetime.now():%Y-%m-%d}, {machine()}; plumbline {plumbline.__version__}, \
Python {platform.python_version()}, {packages}. `{command}`. Load average {os.getloadavg()[0]:.1f}: above 2, \
other work ran beside it. Seconds on the wall, memory at its peak, in a process of its own.

{chr(10).join([head, *map(str, lines)])}

{chr(10).join([by_kind, *kinds])}"""  # noqa: DTZ005


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "absent"


def write_down(text: str, readme: Path) -> None:
    """Put the text between the marks, which are added at the end where they are missing."""
    before = readme.read_text("utf-8")
    if BEGIN not in before:
        about = " ".join((__doc__ or "").partition("\n\n    ")[2].partition("\n\n")[2].split())
        before += (
            "\n## Organisations without a valid code\n\n"
            f"`python -m bench.linkage_organisations`: {about} Precision is of what is tied, recall of all "
            "rows that are about a firm of the register; time and memory stand in the last line of each way.\n\n"
            f"{BEGIN}\n{END}\n"
        )
    head, _, rest = before.partition(BEGIN)
    readme.write_text(f"{head}{BEGIN}\n{text}\n{END}{rest.partition(END)[2]}", "utf-8")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--firms", type=int, default=100_000)
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--large", type=int, default=0, help="firms of one more run, of ours alone")
    parser.add_argument("--ways", nargs="*", default=[])
    parser.add_argument("--readme", type=Path, default=HERE / "README.md")
    given = parser.parse_args()
    ways = given.ways or [way for way in WAYS if way != "Splink" or _version("splink") != "absent"]
    if "Splink" not in ways:
        print("Splink is left out", file=sys.stderr)
    with tempfile.TemporaryDirectory() as scratch, open_duckdb() as duck:
        folder = Path(scratch)
        drawn(folder, given.firms, given.rows, given.seed)
        lines, kinds = measured(duck, folder, ways)
        if given.large:
            kinds.append(large(folder, given.large, given.seed))
    command = f"python -m bench.linkage_organisations --firms {given.firms} --rows {given.rows}"
    command += f" --seed {given.seed}" + (f" --large {given.large}" if given.large else "")
    text = told(lines, kinds, command)
    print(text)
    if not given.ways:
        write_down(text, given.readme)


if __name__ == "__main__":
    main()
