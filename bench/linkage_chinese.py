"""Who is who in the Chinese truth set: what each way of tying finds, and how much of it is right.

`python -m bench.linkage chinese` and `python -m bench.linkage large` write its tables. What is counted:

    rows        of the loose registers that the types let in and that bear no full number
    known       rows whose person stands in a register with a number; the others are to stay untied
    right       tied to a number that the row's person bears
    C and D     as the rules tie; a tie to somebody of unknown number (~) ties to nobody in a register
    likeliest   besides, of the candidates (E) the one that is clearly ahead; see CLEARLY and LIKELY
    plain       masked rows of which number, name and one more thing are right, that thing is known to some
                register and not shown by the mask, and the birth date is not wrong: such a row is C
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bench.linkage_chinese_data import at, prepared
from bench.linkage_chinese_once import WAYS
from bench.measure import apart
from plumbline.engine.backend import Duck, open_duckdb

MIB = 2**20
#: The heaviest candidate counts as meant from this probability on, if it outweighs the next by a bit.
LIKELY, CLEARLY = 0.3, 1.0
OURS = "Plumbline"
SETS = {
    "chinese": ("mask and name, one fits", "name, birth date and sex, one fits", "Splink alone", OURS),
    "large": ("Splink alone, no places", OURS),
}  # fmt: skip
BIRTHS_WRONG = ("swapped", "lunar", "later", "two digits")


@dataclass(frozen=True)
class Score:
    """Of rows that are to be tied, how many were, and how many rightly."""

    tied: int
    right: int
    of: int

    @property
    def precision(self) -> float:
        return self.right / self.tied if self.tied else 0.0

    @property
    def recall(self) -> float:
        return self.right / self.of if self.of else 0.0

    @property
    def f1(self) -> float:
        return 2 * self.right / (self.tied + self.of) if self.tied + self.of else 0.0

    def __str__(self) -> str:
        return f"{self.tied:,} | {self.right:,} | {self.precision:.4f} | {self.recall:.4f} | {self.f1:.4f}"


def lay_out(duck: Duck, folder: Path) -> None:
    """Tables of the truth: `truth` (key, person) and `rows`."""
    for name in ("said", "told"):
        duck.run(f"CREATE VIEW {name} AS SELECT * FROM {at(folder, name)}")
    duck.run("CREATE TABLE truth AS SELECT DISTINCT key, person FROM said")
    duck.run(
        "CREATE TABLE every_row AS SELECT *, person IN (SELECT person FROM truth) AS known, "
        f"number IS NOT NULL AS masked FROM {at(folder, 'rows')}"
    )
    duck.run("CREATE TABLE rows AS SELECT * FROM every_row WHERE key IS NULL")


def links(duck: Duck, folder: Path, way: str) -> None:
    """Make `linked` (row, key, tier, right ...) of what a way found."""
    duck.run(
        "CREATE OR REPLACE TABLE linked AS SELECT r.*, l.key AS found, l.tier, l.weight, l.probability, "
        "(l.key, r.person) IN (SELECT (key, person) FROM truth) AS hit "
        f"FROM rows AS r JOIN {at(folder, way)} AS l USING (claim)"
    )


def best(duck: Duck, least: float, clearly: float = CLEARLY) -> None:
    """Make `chosen`: one tie for each row, by rule, or to the candidate that is clearly the likeliest."""
    duck.run(f"""
        CREATE OR REPLACE TABLE chosen AS
        SELECT row, masked, hit, weight FROM linked WHERE tier IN ('C', 'D') AND found > 0
        UNION ALL
        SELECT row, masked, hit, weight FROM (
            SELECT *, row_number() OVER every AS place, lead(weight) OVER every AS next
            FROM linked WHERE tier IN ('', 'E') AND weight IS NOT NULL
            WINDOW every AS (PARTITION BY row ORDER BY weight DESC, found))
        WHERE place = 1 AND probability >= {least} AND coalesce(weight - next >= {clearly}, TRUE)""")


def score(duck: Duck, of: str = "TRUE", tiers: str = "") -> Score:
    """Of the chosen ties, or of those of some tiers, among rows for which `of` holds."""
    source = (
        f"(SELECT * FROM linked WHERE contains('{tiers}', tier) AND found > 0)"
        if tiers
        else "chosen"
    )
    ((tied, right),) = duck.run(f"SELECT COUNT(*), COUNT(*) FILTER (hit) FROM {source} WHERE {of}")
    ((known,),) = duck.run(f"SELECT COUNT(*) FROM rows WHERE known AND {of}")
    return Score(int(tied), int(right), int(known))


def at_best(duck: Duck) -> float:
    """The probability from which on the heaviest candidate is chosen so that F1 of masked rows is best."""
    reached = {}
    for least in (0.1, 0.2, 0.3, 0.5, 0.7, 0.9, 0.95, 0.99):
        best(duck, least)
        reached[least] = score(duck, "masked").f1
    return max(reached, key=lambda least: reached[least])


def plain(duck: Duck) -> Mapping[str, float]:
    """Shares of masked rows that are tied as C to the right one, over four kinds of rows."""
    masked = (
        "len(list_filter(g.phones, lambda y: starts_with(y, split_part(x, '*', 1)) "
        "AND ends_with(y, split_part(x, '*', -1)))) > 0"
    )
    wrong = ", ".join(f"'{way}'" for way in BIRTHS_WRONG)
    duck.run(f"""
        CREATE OR REPLACE TABLE telling AS
        WITH g AS (
            SELECT person, flatten(list(phones)) AS phones, flatten(list(addresses)) AS addresses
            FROM said GROUP BY person)
        SELECT r.row, r.birth NOT IN ({wrong}) AS consistent,
            (r.birth = '' AND t.birth_from IS NOT NULL AND length(split_part(t.number, '*', 1)) < 14) AS birth,
            (t.sex IS NOT NULL AND length(split_part(t.number, '*', -1)) < 2) AS sex,
            r.phone IN ('', 'masked') AND len(t.phones) > 0 AS phone,
            r.address IN ('', 'short', 'respelt') AND len(t.addresses) > 0 AS address,
            list_has_any(t.phones, g.phones) OR len(list_filter(t.phones, lambda x: {masked})) > 0 AS phone_known,
            list_has_any(t.addresses, g.addresses) AS address_known
        FROM rows AS r JOIN told AS t USING (claim) JOIN g USING (person)
        WHERE r.number_was = 'masked' AND r.name_was IN ('', 'spaced', 'traditional', 'dotted')""")
    right = "row IN (SELECT row FROM linked WHERE tier = 'C' AND hit)"
    shares = {}
    for name, table, of in (
        ("plain", "telling", "consistent AND (birth OR sex OR phone_known OR address_known)"),
        ("told", "telling", "birth OR sex OR phone_known OR address_known"),
        ("recorded", "telling", "birth OR sex OR phone OR address"),
        ("masked", "rows", "masked AND known"),
    ):
        ((n, found),) = duck.run(
            f"SELECT COUNT(*), COUNT(*) FILTER ({right}) FROM {table} WHERE {of}"
        )
        shares[f"{name}_rows"], shares[name] = n, found / n
    return shares


def numbers(duck: Duck) -> Mapping[str, int]:
    """Rows that meet on one full number: two people whom A would join, and two whom B keeps apart."""
    duck.run(
        "CREATE OR REPLACE TABLE bearing AS SELECT key, person, unnest(names) AS name FROM said "
        "UNION SELECT key, person, unnest(names) FROM every_row WHERE key IS NOT NULL"
    )
    ((met, joined),) = duck.run(
        "SELECT COUNT(*), COUNT(*) FILTER (a.name = b.name OR a.name LIKE b.name OR b.name LIKE a.name) "
        "FROM bearing AS a JOIN bearing AS b USING (key) WHERE a.person < b.person"
    )
    return {"met": met, "joined": joined}


def strangers(duck: Duck) -> Mapping[str, float]:
    """Rows tied to somebody of unknown number: how many pairs of them are one person, how many are known."""
    ((rows, known),) = duck.run(
        "SELECT COUNT(*), COUNT(*) FILTER (known) FROM linked WHERE tier = 'D' AND found < 0"
    )
    ((pairs, right),) = duck.run(
        "SELECT COUNT(*), COUNT(*) FILTER (a.person = b.person) FROM linked AS a JOIN linked AS b USING (found) "
        "WHERE a.row < b.row AND found < 0"
    )
    return {"rows": rows, "known": known, "pairs": pairs, "right": right}


def by_noise(duck: Duck) -> list[tuple[Any, ...]]:
    """What was done to the name, with rows of known people, those tied rightly, and all tied wrongly."""
    return duck.run("""
        SELECT CASE name_was WHEN '' THEN 'right' ELSE name_was END, COUNT(*) FILTER (known),
            COUNT(*) FILTER (c.hit) / COUNT(*) FILTER (known), COUNT(*) FILTER (NOT c.hit)
        FROM rows LEFT JOIN chosen AS c USING (row) WHERE rows.masked
        GROUP BY 1 ORDER BY 2 DESC""")


def measured(name: str, persons: int, folder: Path, ways: Sequence[str] = ()) -> str:
    """The tables of a set, as Markdown."""
    counts = prepared(folder, persons, each=1.0 if name == "large" else 0.5)
    with open_duckdb() as duck:
        lay_out(duck, folder)
        ((loose, known, masked, masked_known),) = duck.run(
            "SELECT COUNT(*), COUNT(*) FILTER (known), COUNT(*) FILTER (masked), "
            "COUNT(*) FILTER (masked AND known) FROM rows"
        )
        text = (
            f"{persons:,} people, {counts['said']:,} statements with a number; {counts['given']:,} loose rows, of "
            f"which {counts['given'] - counts['rows']:,} were quarantined (wrong or ruined numbers, dates of the old "
            f"calendar) and {counts['rows'] - loose:,} bear a full number. The other {loose:,} are tied: {known:,} are "
            f"about somebody known; {masked:,} are masked, {masked_known:,} of these known.\n\n{HEAD}"
        )
        for way in ways or SETS[name]:
            took = apart("bench.linkage_chinese_once", {"way": way, "folder": str(folder)})
            links(duck, folder, way)
            text += _lines(duck, way, took)
            print(f"{way}: {took}", flush=True)
        if OURS in (ways or SETS[name]):
            text += told(duck)
    return text


HEAD = (
    "| way | rows | tied | right | precision | recall | F1 | seconds | peak MiB |\n"
    f"|---|---|{'--:|' * 7}\n"
)


def _lines(duck: Duck, way: str, took: Mapping[str, Any]) -> str:
    """One line for the masked rows and one for all; ours has its tiers besides."""
    cost = f"{took['seconds']:.1f} | {took['bytes'] / MIB:,.0f}"
    ours, text = way == OURS, ""
    if ours:
        text += f"| {way}, C | masked | {score(duck, 'masked', 'C')} | | |\n"
        text += f"| {way}, D | no number | {score(duck, 'NOT masked', 'D')} | | |\n"
        text += f"| {way}, C and D | all | {score(duck, tiers='CD')} | | |\n"
    least = LIKELY if ours else at_best(duck)
    best(duck, least)
    says = "C, D and the likeliest" if ours else f"at {least:g} or more"
    name = f"{way}, {says}" if ours or way.startswith("Splink") else way
    text += f"| {name} | masked | {score(duck, 'masked')} | {cost} |\n"
    return text + f"| {name} | all | {score(duck)} | | |\n"


def told(duck: Duck) -> str:
    """What else is to be said of ours."""
    c, pairs, apart_ = plain(duck), strangers(duck), numbers(duck)
    wrong = {tier: score(duck, tiers=tier) for tier in "CD"}
    noise = "".join(f"| {n} | {k:,} | {r:.1%} | {w:,} |\n" for n, k, r, w in by_noise(duck))
    return (
        f"\nTier C is right in {wrong['C'].precision:.3%} of {wrong['C'].tied:,} ties, tier D in "
        f"{wrong['D'].precision:.2%} of {wrong['D'].tied:,}. As C are tied {c['plain']:.1%} of the "
        f"{c['plain_rows']:,} rows of which masked number, name and one more thing are right, if some register knows "
        f"that thing and the birth date is not wrong; {c['told']:.1%} of {c['told_rows']:,} whether the birth date is wrong "
        f"or not; {c['recorded']:.1%} of {c['recorded_rows']:,} whether some register knows that thing or not; "
        f"{c['masked']:.1%} of all {c['masked_rows']:,} masked rows about somebody known. Rows of two people met on one "
        f"number with {apart_['met']:,} pairs of names: {apart_['joined']:,} of them are compatible (a false A), the "
        f"others are B. To people of unknown number {pairs['rows']:,} rows are tied, {pairs['known']:,} of them about "
        f"somebody known; of {pairs['pairs']:,} pairs that this joins, {pairs['right']:,} are one person.\n\n"
        "| name (masked rows) | known | tied rightly | tied wrongly |\n|---|--:|--:|--:|\n" + noise
    )


def run(name: str, persons: int, keep: Path | None, ways: Sequence[str] = ()) -> str:
    """Measure in a folder of its own, or in one that is kept."""
    if unknown := set(ways) - set(WAYS):
        raise ValueError(", ".join(sorted(unknown)))
    if keep:
        return measured(name, persons, keep, ways)
    with tempfile.TemporaryDirectory() as scratch:
        return measured(name, persons, Path(scratch), ways)
