"""One way to tie rows to organisations, in a process of its own: how long it takes, and the most memory.

Reads {"way", "folder"} as JSON; the folder holds `register.parquet` and `rows.parquet`. Writes `WAY.parquet`
with (claim, code, tier, ambiguous) and prints seconds and bytes.
"""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from pathlib import Path

from bench.once import peak
from plumbline.engine.backend import Duck, Limits, open_duckdb

_ONE = "CASE WHEN len({0}) > 0 THEN {0}[1] END"
_ATTRIBUTES = ("people", "phones", "regions", "addresses")
#: Splink's usual comparison of names, and equality of everything else.
_THRESHOLDS = [0.97, 0.92, 0.85]


def ours(duck: Duck) -> str:
    from bench.organisations_region import country  # noqa: PLC0415 -- not needed by the others
    from plumbline.engine.linkage.organisations import link_organisations  # noqa: PLC0415

    return f"SELECT claim, code, tier, ambiguous FROM {link_organisations(duck, 'register', 'rows', country())}"


def equal_names(duck: Duck) -> str:  # noqa: ARG001 -- all ways are called alike
    return """
        SELECT claim, code, 'equal' AS tier, COUNT(*) OVER (PARTITION BY claim) > 1 AS ambiguous
        FROM (SELECT DISTINCT r.claim, o.code FROM rows AS r JOIN register AS o USING (name))"""


def equal_names_and_one_more(duck: Duck) -> str:  # noqa: ARG001 -- all ways are called alike
    either = " OR ".join(f"list_has_any(r.{column}, o.{column})" for column in _ATTRIBUTES)
    return f"""
        SELECT claim, code, 'equal' AS tier, COUNT(*) OVER (PARTITION BY claim) > 1 AS ambiguous
        FROM (SELECT DISTINCT r.claim, o.code FROM rows AS r JOIN register AS o USING (name)
            WHERE {either})"""


def splink(duck: Duck) -> str:
    """Splink with Jaro-Winkler on names and equality of the rest, trained without labels."""
    import splink.comparison_library as compare  # noqa: PLC0415 -- not needed by the others
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.ERROR)
    listed = ", ".join(f"{_ONE.format(column)} AS {column}" for column in _ATTRIBUTES)
    # Names that carry no attributes of their own (former ones) take those of their organisation.
    whole = ", ".join(
        f"max({column}) OVER (PARTITION BY code) AS {column}" for column in _ATTRIBUTES
    )
    duck.run(
        f"CREATE TABLE known AS SELECT claim, code, name, right(code, 4) AS tail, {whole} "
        f"FROM (SELECT claim, code, name, {listed} FROM register)"
    )
    duck.run(
        "CREATE TABLE told AS SELECT claim, CAST(NULL AS VARCHAR) AS code, name, "
        f"CASE WHEN contains(code, '*') THEN right(code, 4) END AS tail, {listed} FROM rows"
    )
    rest = ["people", "phones", "addresses", "tail"]
    settings = SettingsCreator(
        link_type="link_only",
        unique_id_column_name="claim",
        probability_two_random_records_match=1e-5,
        comparisons=[
            compare.JaroWinklerAtThresholds("name", _THRESHOLDS),
            *(compare.ExactMatch(column) for column in (*rest, "regions")),
        ],
        blocking_rules_to_generate_predictions=[
            block_on("name"), block_on("people", "regions"), block_on("phones"), block_on("addresses"),
            block_on("tail", "regions"), block_on("substr(name, 1, 6)"), block_on("substr(name, 3, 6)"),
            block_on("substr(name, 4, 7)"),
        ],
        retain_intermediate_calculation_columns=False,
        retain_matching_columns=False,
    )  # fmt: skip
    api = DuckDBAPI(connection=duck.connection)
    inputs = [api.register(name, dataset_display_name=name) for name in ("known", "told")]
    linker = Linker(inputs, settings, log_level=None)
    training = linker.training
    training.estimate_u_using_random_sampling(max_pairs=2e6, seed=1)
    training.estimate_parameters_using_expectation_maximisation(block_on("name"))
    training.estimate_parameters_using_expectation_maximisation(block_on("phones"))
    found = linker.inference.predict(threshold_match_probability=0.5)
    duck.run(f"CREATE TABLE scored AS SELECT * FROM {found.physical_name}")
    return """
        WITH best AS (
            SELECT r.claim, k.code, MAX(s.match_probability) AS score
            FROM scored AS s
            JOIN known AS k ON k.claim = s.claim_l JOIN told AS r ON r.claim = s.claim_r
            GROUP BY ALL
        )
        SELECT claim, code, CAST(score AS VARCHAR) AS tier, FALSE AS ambiguous FROM best
        QUALIFY row_number() OVER (PARTITION BY claim ORDER BY score DESC, code) = 1"""


WAYS: dict[str, Callable[[Duck], str]] = {
    "ours": ours,
    "equal names": equal_names,
    "equal names and one more": equal_names_and_one_more,
    "Splink": splink,
}


def once(way: str, folder: Path) -> dict[str, float]:
    with open_duckdb(Limits()) as duck:
        for table in ("register", "rows"):
            path = str(folder / f"{table}.parquet").replace("'", "''")
            duck.run(f"CREATE TABLE {table} AS SELECT * EXCLUDE (truth, kind) FROM '{path}'")
        start, worked = time.perf_counter(), time.process_time()
        duck.run(f"CREATE TABLE tied AS {WAYS[way](duck)}")
        seconds, cpu = time.perf_counter() - start, time.process_time() - worked
        path = str(folder / f"{way}.parquet").replace("'", "''")
        duck.run(f"COPY tied TO '{path}' (FORMAT parquet)")
    return {"seconds": seconds, "cpu": cpu, "bytes": peak()}


if __name__ == "__main__":
    asked = json.load(sys.stdin)
    print(json.dumps(once(asked["way"], Path(asked["folder"]))))
