"""One way of tying the Chinese truth set, in a process of its own: JSON in, JSON out; its links go to a file.

Each way reads `said` and `told` (see `linkage_chinese_data`) and makes a table `links`: claim, key, tier, weight
(in bits), probability, several for each claim where it says several.
"""

from __future__ import annotations

import json
import logging
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.linkage_chinese_data import at
from bench.once import peak
from plumbline.engine.backend import Duck, Limits, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Store
from plumbline.engine.linkage import persons, weights

_KNOWN = (
    "SELECT claim, key, name, birth_from AS birth, sex, left(number, 6) AS head, right(number, 4) AS tail, "
    "phones, regions, addresses FROM {0}"
)
_LOOSE = """
SELECT claim, CAST(NULL AS BIGINT) AS key, replace(replace(name, '%', ''), '_', '') AS name,
    coalesce(try_strptime(substr(before, 7, 8), '%Y%m%d')::DATE,
        CASE WHEN birth_from = birth_to THEN birth_from END) AS birth,
    sex, CASE WHEN length(before) >= 6 THEN left(before, 6) END AS head,
    CASE WHEN length(behind) >= 4 THEN right(behind, 4) END AS tail, phones, regions, addresses
FROM (SELECT *, split_part(number, '*', 1) AS before, split_part(number, '*', -1) AS behind FROM {0})"""


def plumbline(duck: Duck) -> dict[str, float]:
    """What linking does for people, with the same functions; the seconds of each step."""
    took, clock = {}, time.perf_counter()

    def note(step: str) -> None:
        nonlocal clock
        now = time.perf_counter()
        took[step], clock = now - clock, now

    duck.run("CREATE TEMP VIEW current_person AS SELECT * EXCLUDE (person) FROM said")
    duck.run("CREATE TEMP TABLE excluded_person (claim BIGINT, who VARCHAR)")
    persons.prepare(duck, "current_person")
    known = persons.population(duck)
    note("prepare")
    with tempfile.TemporaryDirectory() as folder:
        persons.candidates(duck, "told", "current_person", known)
        note("rules")
        weights.add(Store(Path(folder)), duck, None, "told", "current_person")
        note("learn and weigh")
        persons.strangers(duck, "told")
        note("strangers")
    duck.run(
        "CREATE TABLE links AS SELECT claim, key, tier, CAST(why ->> '$.weight' AS DOUBLE) AS weight, "
        "CAST(why ->> '$.probability' AS DOUBLE) AS probability, via, why FROM candidates"
    )
    return took


def mask_and_name(duck: Duck) -> None:
    """The masked number fits and the name is equal, and both are so of one person alone."""
    _only(
        duck,
        "l.number IS NOT NULL AND starts_with(k.number, split_part(l.number, '*', 1)) "
        "AND ends_with(k.number, split_part(l.number, '*', -1))",
    )


def name_birth_sex(duck: Duck) -> None:
    """Name, birth date and sex are equal, and are so of one person alone."""
    _only(
        duck,
        "l.birth_from = l.birth_to AND substr(k.number, 7, 8) = strftime(l.birth_from, '%Y%m%d') AND l.sex = "
        "CASE WHEN CAST(substr(k.number, 17, 1) AS INTEGER) % 2 = 1 THEN 'M' ELSE 'F' END",
    )


def _only(duck: Duck, condition: str) -> None:
    known = "(SELECT DISTINCT key, number, unnest(names) AS name FROM said)"
    duck.run(
        "CREATE TABLE links AS SELECT claim, min(key) AS key, '' AS tier, 0.0 AS weight, 1.0 AS probability "
        f"FROM (SELECT DISTINCT l.claim, k.key FROM told AS l JOIN {known} AS k ON k.name = l.names[1] WHERE {condition}) "
        "GROUP BY claim HAVING COUNT(*) = 1"
    )


def splink(duck: Duck, *, places: bool = True) -> None:
    """Splink by itself: comparisons of its library, equality for blocking, and its own training.

    Args:
        places: compare address and region as well.
    """
    import splink.comparison_library as cl  # noqa: PLC0415 -- not needed by the others
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.CRITICAL)
    duck.run(f"CREATE TABLE known AS {_KNOWN.format(weights.people('said'))}")
    duck.run(f"CREATE TABLE loose AS {_LOOSE.format(weights.loose('told'))}")
    comparisons: list[Any] = [
        cl.NameComparison("name"),
        cl.DateOfBirthComparison("birth", input_is_string=False),
        cl.ExactMatch("sex"),
        cl.ExactMatch("head").configure(term_frequency_adjustments=True),
        cl.ExactMatch("tail"),
        cl.ArrayIntersectAtSizes("phones", [1]),
    ]
    rules: list[Any] = [
        block_on("name"), block_on("birth", "tail"), block_on("birth", "substr(name, 1, 1)"),
        block_on("tail", "head"), block_on("tail", "substr(name, 1, 1)"),
        block_on("phones", arrays_to_explode=["phones"]),
    ]  # fmt: skip
    if (
        not places
    ):  # among a million, a name, or an end of the number and a surname, are of far too many
        rules = [
            block_on("name", "birth"), block_on("name", "tail"), block_on("name", "head"),
            block_on("birth", "tail"), block_on("birth", "head"), block_on("tail", "head", "substr(name, 1, 1)"),
            block_on("phones", arrays_to_explode=["phones"]),
        ]  # fmt: skip
    else:
        comparisons += [
            cl.ArrayIntersectAtSizes("addresses", [1]),
            cl.ArrayIntersectAtSizes("regions", [1]),
        ]
        rules.append(block_on("addresses", arrays_to_explode=["addresses"]))
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="claim",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
        retain_intermediate_calculation_columns=False,
    )
    api = DuckDBAPI(connection=duck.connection)
    inputs = [
        api.register(table, dataset_display_name=f"a_{table}") for table in ("known", "loose")
    ]
    linker = Linker(inputs, settings, log_level=None)
    training = linker.training
    training.estimate_probability_two_random_records_match(
        ["l.name = r.name and l.birth = r.birth", "l.name = r.name and l.tail = r.tail"], recall=0.6
    )
    training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for columns in (("name",), ("birth",)):
        training.estimate_parameters_using_expectation_maximisation(block_on(*columns))
    found = linker.inference.predict(threshold_match_weight=-10)
    duck.run(
        "CREATE TABLE links AS SELECT s.claim_r AS claim, k.key, '' AS tier, max(s.match_weight) AS weight, "
        f"max(s.match_probability) AS probability FROM {found.physical_name} AS s "
        "JOIN known AS k ON k.claim = s.claim_l GROUP BY ALL"
    )


def splink_without_places(duck: Duck) -> None:
    splink(duck, places=False)


WAYS: dict[str, Callable[[Duck], Any]] = {
    "mask and name, one fits": mask_and_name,
    "name, birth date and sex, one fits": name_birth_sex,
    "Splink alone": splink,
    "Splink alone, no places": splink_without_places,
    "Plumbline": plumbline,
}


def once(way: str, folder: Path) -> dict[str, Any]:
    with open_duckdb(Limits(threads=2, memory="12GB")) as duck:
        for table in ("said", "told"):
            duck.run(f"CREATE VIEW {table} AS SELECT * FROM {at(folder, table)}")
        start, worked = time.perf_counter(), time.process_time()
        took = WAYS[way](duck)
        seconds, cpu, most = time.perf_counter() - start, time.process_time() - worked, peak()
        target = sql.literal(str(folder / f"{way}.parquet"))
        duck.run(f"COPY links TO {target} (FORMAT parquet)")
    return {"seconds": seconds, "cpu": cpu, "bytes": most, "took": took or {}}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(once(asked["way"], Path(asked["folder"]))))
