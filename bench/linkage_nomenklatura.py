"""Nomenklatura's matcher on the truth sets, asked about the pairs that ours weighs.

    python -m venv apart; apart/bin/pip install nomenklatura       (Debian: libicu-dev pkg-config g++)
    PLUMBLINE_NOMENKLATURA=apart/bin/python python -m bench.linkage_nomenklatura [--folder DIR]

Nomenklatura compares two entities and leaves finding pairs to an index of names; so that the two can be
held side by side, it is given exactly the pairs that ours considers, and the threshold that is best for it.
It scores in a Python of its own, since what it needs is not among our dependencies. Of the Chinese set, every
hundredth masked row is taken, with its candidates: whoever shares its name, or its birth date and the end of
its number; the heaviest candidate counts.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from bench.linkage import under, write_down
from bench.linkage_chinese import lay_out
from bench.linkage_chinese_data import at, prepared
from bench.linkage_once import measures, plumbline
from bench.linkage_sets import SETS
from plumbline.engine.backend import Duck, Limits, open_duckdb

#: Columns of the sets as properties of FollowTheMoney's Person.
PROPERTIES = {
    "given_name": "firstName", "first_name": "firstName", "surname": "lastName", "full_name": "name",
    "date_of_birth": "birthDate", "dob": "birthDate", "soc_sec_id": "idNumber", "address_1": "address",
    "birth_place": "birthPlace", "occupation": "position", "name": "name", "birth": "birthDate", "sex": "gender",
}  # fmt: skip

#: Nomenklatura weighs a pair in about half a millisecond; ours weighs a million in the time.
MOST = 100_000

SCORE = """
import json, sys
from followthemoney import model
from nomenklatura.matching import get_algorithm
algorithm = get_algorithm("logic-v2")
config = algorithm.default_config()
def entity(number, said):
    made = model.make_entity("Person"); made.id = str(number)
    for name, value in said.items():
        if value: made.add(name, value)
    if not said.get("name"):
        made.add("name", " ".join(filter(None, (said.get("firstName"), said.get("lastName")))))
    return made
seen = [entity(*each) for each in map(json.loads, open(sys.argv[1]))]
by = {int(each.id): each for each in seen}
out = open(sys.argv[3], "w")
for line in open(sys.argv[2]):
    a, b = json.loads(line)
    print(algorithm.compare(by[a], by[b], config).score, file=out)
"""


def scores(
    said: Iterator[tuple[int, Mapping[str, Any]]], pairs: Sequence[tuple[int, int]]
) -> tuple[list[float], float]:
    """Nomenklatura's score of each pair, from 0 to 1, and the seconds all of them took."""
    with tempfile.TemporaryDirectory() as scratch:
        entities, asked, answered = (Path(scratch) / name for name in ("said", "asked", "answered"))
        entities.write_text("".join(f"{json.dumps(each)}\n" for each in said), "utf-8")
        asked.write_text("".join(f"{json.dumps(each)}\n" for each in pairs), "utf-8")
        start = time.perf_counter()
        subprocess.run(
            [os.environ["PLUMBLINE_NOMENKLATURA"], "-c", SCORE, entities, asked, answered],
            check=True,
        )
        seconds = time.perf_counter() - start
        return [float(line) for line in answered.read_text().splitlines()], seconds


def kept(duck: Duck, table: str, columns: Mapping[str, Sequence[Any]]) -> None:
    duck.connection.register("given", pa.table({name: list(of) for name, of in columns.items()}))
    duck.run(f"CREATE OR REPLACE TABLE {table} AS SELECT * FROM given")
    duck.connection.unregister("given")


def drawn(a: str, b: str, every: int) -> str:
    """SQL: is the pair of these two in the sample?"""
    if every == 1:
        return "true"
    return f"('0x' || left(md5({a}::BIGINT || '-' || {b}::BIGINT), 8))::BIGINT % {every} = 0"


def people(duck: Duck, table: str, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    columns = [name for name, _ in duck.columns(f"SELECT * FROM {table}") if name in PROPERTIES]
    for number, *values in duck.run(f"SELECT {key}, {', '.join(columns)} FROM {table}"):
        said = {
            PROPERTIES[name]: value and str(value)
            for name, value in zip(columns, values, strict=True)
        }
        if (born := said.get("birthDate")) and born.isdigit() and len(born) == 8:
            said["birthDate"] = f"{born[:4]}-{born[4:6]}-{born[6:]}"
        yield int(number), said


def public(name: str, least: float) -> str:
    """Rows of the table for a public set: theirs and ours, over the pairs that ours weighs at `least` or more."""
    truth = SETS[name]
    with open_duckdb(Limits(threads=2, memory="4GB")) as duck:
        if not truth.load(duck):
            return ""
        plumbline(duck, truth)
        ((considered,),) = duck.run(f"SELECT COUNT(*) FROM links WHERE weight >= {least}")
        every = -(-considered // MOST)
        among = drawn("a.claim", "b.claim", every)
        ours = measures(duck, truth, among)
        duck.run(f"DELETE FROM links WHERE weight < {least} OR NOT {drawn('a', 'b', every)}")
        pairs = [(int(a), int(b)) for a, b in duck.run("SELECT a, b FROM links ORDER BY a, b")]
        sides = ["side_a"] if truth.records.dedupe else ["side_a", "side_b"]
        said = (each for side in sides for each in people(duck, side, "claim"))
        found, seconds = scores(said, pairs)
        columns = [*zip(*pairs, strict=True), found]
        kept(duck, "links", dict(zip(("a", "b", "weight"), columns, strict=True)))
        theirs = measures(duck, truth, among)
    title = f"{name}, one pair in {every}" if every > 1 else name
    return "".join(
        f"| {title} | {way} | {len(pairs):,} | {it['precision']:.4f} | {it['recall']:.4f} | {it['f1']:.4f} | {took} |\n"
        for way, it, took in (("logic-v2", theirs, f"{seconds:.0f}"), ("Plumbline", ours, ""))
    )


def invented(folder: Path, every: int = 100) -> str:
    """The Chinese set: of masked rows the heaviest candidate, at the threshold that is best for F1."""
    prepared(folder, 200_000, each=0.5)
    with open_duckdb(Limits(threads=2, memory="4GB")) as duck:
        lay_out(duck, folder)
        duck.run(f"""
            CREATE TABLE asked AS SELECT r.row, r.person, r.known, t.claim, replace(t.names[1], '%', '') AS name,
                coalesce(CASE WHEN t.birth_from = t.birth_to THEN t.birth_from END,
                    try_strptime(substr(split_part(t.number, '*', 1), 7, 8), '%Y%m%d')::DATE) AS birth,
                CASE t.sex WHEN 'M' THEN 'male' WHEN 'F' THEN 'female' END AS sex,
                split_part(t.number, '*', -1) AS tail
            FROM rows AS r JOIN told AS t USING (claim) WHERE r.masked AND r.row % {every} = 0""")
        duck.run(f"""
            CREATE TABLE known AS SELECT key, person, min(names[1]) AS name, min(birth_from) AS birth,
                CASE min(sex) WHEN 'M' THEN 'male' WHEN 'F' THEN 'female' END AS sex,
                min(right(number, 4)) AS tail FROM {at(folder, "said")} GROUP BY key, person""")
        duck.run("""
            CREATE TABLE met AS SELECT DISTINCT row, key FROM (
                SELECT row, key FROM asked JOIN known USING (name)
                UNION ALL SELECT row, key FROM asked AS a JOIN known AS k
                    ON a.birth = k.birth AND len(a.tail) >= 4 AND a.tail = k.tail)""")
        pairs = [
            (-int(a) - 1, int(b)) for a, b in duck.run("SELECT row, key FROM met ORDER BY ALL")
        ]
        duck.run("CREATE VIEW a_side AS SELECT -row - 1 AS number, name, birth, sex FROM asked")
        duck.run(
            "CREATE VIEW k_side AS SELECT key AS number, name, birth, sex FROM known WHERE key IN (SELECT key FROM met)"
        )
        said = (each for side in ("a_side", "k_side") for each in people(duck, side, "number"))
        found, seconds = scores(said, pairs)
        rows, keys = ([-a - 1 for a, _ in pairs], [b for _, b in pairs])
        kept(duck, "scored", {"row": rows, "key": keys, "score": found})
        duck.run("""
            CREATE TABLE chosen_by AS SELECT s.row, s.score, k.person = a.person AS hit
            FROM (SELECT *, row_number() OVER (PARTITION BY row ORDER BY score DESC, key) AS place,
                score - coalesce(lead(score) OVER (PARTITION BY row ORDER BY score DESC, key), 0) AS ahead FROM scored) AS s
            JOIN asked AS a USING (row) JOIN known AS k ON k.key = s.key WHERE place = 1 AND ahead > 0""")
        ((known,),) = duck.run("SELECT COUNT(*) FILTER (known) FROM asked")
        points = duck.run(
            "SELECT score, SUM(SUM(hit::INT)) OVER w, SUM(COUNT(*)) OVER w FROM chosen_by GROUP BY score "
            "WINDOW w AS (ORDER BY score DESC)"
        )
        right, tied = max(((r, t) for _, r, t in points), key=lambda p: 2 * p[0] / (p[1] + known))
    return (
        f"| chinese, masked rows | logic-v2 | {len(pairs):,} | {right / tied:.4f} | {right / known:.4f} | "
        f"{2 * right / (tied + known):.4f} | {seconds:.0f} |\n"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()) / "plumbline-chinese"
    )
    given = parser.parse_args()
    if "PLUMBLINE_NOMENKLATURA" not in os.environ:
        print("PLUMBLINE_NOMENKLATURA does not name a Python that has nomenklatura")
        return 1
    asked = "from importlib.metadata import version; print(version('nomenklatura'))"
    release = subprocess.run(
        [os.environ["PLUMBLINE_NOMENKLATURA"], "-c", asked],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()
    rows = (
        public("febrl3", -10)
        + public("febrl4", -10)
        + public("historical", 0)
        + invented(given.folder)
    )
    text = (
        f"{under()}, nomenklatura {release}. `python -m bench.linkage_nomenklatura`. Seconds are of scoring alone, "
        "some 15 of them of loading its data.\n\n| set | way | pairs | precision | recall | F1 | seconds |\n"
        f"|---|---|--:|--:|--:|--:|--:|\n{rows}"
    )
    print(text)
    write_down(text, "<!-- linkage nomenklatura -->", "<!-- end of linkage nomenklatura -->")
    return 0


if __name__ == "__main__":
    sys.exit(main())
