"""One way of linking, over one truth set, in a process of its own: JSON in, JSON out."""

from __future__ import annotations

import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any

from bench.linkage_sets import SETS, TruthSet
from bench.once import peak
from plumbline.engine.backend import Duck, Limits, open_duckdb
from plumbline.engine.linkage import pairing, weighing

#: Recall is told at these precisions.
PRECISIONS = (0.999, 0.99, 0.98, 0.95)


def plumbline(duck: Duck, truth: TruthSet) -> None:
    """A table `links` (a, b, weight) by the product's own code."""
    scheme = truth.records.scheme()
    right = "" if scheme.dedupe else "side_b"
    with weighing.sides(duck, "side_a", right, scheme) as both:
        both.weigh(both.train(), "weighed")
    if truth.once:
        pairing.best(duck, "weighed", "best", least=-100, once=True)
    duck.run(
        "CREATE TABLE links AS SELECT candidate AS a, claim AS b, match_weight AS weight "
        f"FROM {'best' if truth.once else 'weighed'}"
    )


def _names(truth: TruthSet) -> tuple[str, str, str]:
    """Columns: given name, surname, birth."""
    return (
        ("first_name", "surname", "dob")
        if truth.name == "historical"
        else ("given_name", "surname", "date_of_birth")
    )


def exact(duck: Duck, truth: TruthSet) -> None:
    """Names and birth date equal, letter by letter."""
    columns = ", ".join(_names(truth))
    other, order = ("side_a", "AND a.claim < b.claim") if truth.records.dedupe else ("side_b", "")
    duck.run(
        f"CREATE TABLE links AS SELECT a.claim AS a, b.claim AS b, 1.0 AS weight FROM side_a AS a "
        f"JOIN {other} AS b USING ({columns}) WHERE true {order}"
    )


def jaro_winkler(duck: Duck, truth: TruthSet) -> None:
    """The mean similarity of names and birth date among records that agree in one of them."""
    columns = _names(truth)
    other, order = ("side_a", "AND a.claim < b.claim") if truth.records.dedupe else ("side_b", "")
    mean = " + ".join(
        f"jaro_winkler_similarity(coalesce(a.{column}, ''), coalesce(b.{column}, ''))"
        for column in columns
    )
    met = " UNION ".join(
        f"SELECT a.claim AS l, b.claim AS r FROM side_a AS a JOIN {other} AS b USING ({column}) WHERE true {order}"
        for column in columns
    )
    duck.run(
        f"CREATE TABLE links AS SELECT l AS a, r AS b, ({mean}) / 3 AS weight FROM ({met}) "
        f"JOIN side_a AS a ON a.claim = l JOIN {other} AS b ON b.claim = r WHERE weight > 0.7"
    )


def splink(duck: Duck, truth: TruthSet) -> None:
    """Splink by itself: its own comparisons, blocked and trained as its documentation shows for these data."""
    import splink.comparison_library as cl  # noqa: PLC0415
    from splink import DuckDBAPI, Linker, SettingsCreator, block_on  # noqa: PLC0415

    logging.getLogger("splink").setLevel(logging.CRITICAL)
    if truth.name == "historical":
        duck.run("ALTER TABLE side_a ADD COLUMN first_name_surname_concat VARCHAR")
        duck.run("UPDATE side_a SET first_name_surname_concat = first_name || ' ' || surname")
        comparisons = [
            cl.ForenameSurnameComparison(
                "first_name", "surname",
                forename_surname_concat_col_name="first_name_surname_concat",
            ),
            cl.DateOfBirthComparison("dob", input_is_string=True),
            cl.PostcodeComparison("postcode_fake"),
            cl.ExactMatch("birth_place").configure(term_frequency_adjustments=True),
            cl.ExactMatch("occupation").configure(term_frequency_adjustments=True),
        ]  # fmt: skip
        rules = [
            block_on("first_name", "surname"), block_on("surname", "dob"), block_on("first_name", "dob"),
            block_on("postcode_fake", "first_name"), block_on("postcode_fake", "surname"),
            block_on("dob", "birth_place"), block_on("substr(postcode_fake,1,3)", "dob"),
            block_on("substr(postcode_fake,1,3)", "first_name"),
            block_on("substr(postcode_fake,1,3)", "surname"),
            block_on("substr(first_name,1,2)", "substr(surname,1,2)", "substr(dob,1,4)"),
        ]  # fmt: skip
        sure = [
            "l.first_name = r.first_name and l.surname = r.surname and l.dob = r.dob",
            (
                "substr(l.first_name,1,2) = substr(r.first_name,1,2) and l.surname = r.surname "
                "and substr(l.postcode_fake,1,2) = substr(r.postcode_fake,1,2)"
            ),
            "l.dob = r.dob and l.postcode_fake = r.postcode_fake",
        ]
        learn, recall = [block_on("first_name", "surname"), block_on("dob")], 0.6
    else:
        comparisons = [
            cl.NameComparison("given_name"),
            cl.NameComparison("surname"),
            cl.DateOfBirthComparison(
                "date_of_birth", input_is_string=True, datetime_format="%Y%m%d", invalid_dates_as_null=True
            ),
            cl.DamerauLevenshteinAtThresholds("soc_sec_id", [1, 2]),
            cl.ExactMatch("street_number").configure(term_frequency_adjustments=True),
            cl.DamerauLevenshteinAtThresholds("postcode", [1, 2]),
        ]  # fmt: skip
        rules = [
            block_on("soc_sec_id"), block_on("date_of_birth"), block_on("given_name", "surname"),
            block_on("given_name", "postcode"), block_on("surname", "postcode"),
            block_on("postcode", "address_1"), block_on("state", "address_2"),
        ]  # fmt: skip
        sure = [
            "l.soc_sec_id = r.soc_sec_id",
            "l.given_name = r.given_name and l.surname = r.surname and l.date_of_birth = r.date_of_birth",
            "l.given_name = r.surname and l.surname = r.given_name and l.date_of_birth = r.date_of_birth",
        ]
        learn, recall = [block_on("date_of_birth"), block_on("given_name", "surname")], 0.9
    settings = SettingsCreator(
        link_type="dedupe_only" if truth.records.dedupe else "link_only",
        unique_id_column_name="claim",
        comparisons=comparisons,
        blocking_rules_to_generate_predictions=rules,
        retain_matching_columns=False,
    )
    api = DuckDBAPI(connection=duck.connection)
    tables = ["side_a"] if truth.records.dedupe else ["side_a", "side_b"]
    inputs = [api.register(table, dataset_display_name=f"{table}_side") for table in tables]
    linker = Linker(inputs, settings, log_level=None)
    linker.training.estimate_probability_two_random_records_match(sure, recall=recall)
    linker.training.estimate_u_using_random_sampling(max_pairs=5e6, seed=1)
    for rule in learn:
        linker.training.estimate_parameters_using_expectation_maximisation(rule)
    found = linker.inference.predict(threshold_match_weight=-10)
    duck.run(
        f"CREATE TABLE links AS SELECT claim_l AS a, claim_r AS b, match_weight AS weight FROM {found.physical_name}"
    )


def measures(duck: Duck, truth: TruthSet, among: str = "true") -> dict[str, Any]:
    """At the best threshold, and recall at given precisions.

    Args:
        among: SQL over the claims of a pair, `a.claim` and `b.claim`: only such pairs count, of the true ones too.
    """
    other = "side_a" if truth.records.dedupe else "side_b"
    order = "a.claim < b.claim" if truth.records.dedupe else "true"
    ((true,),) = duck.run(
        f"SELECT COUNT(*) FROM side_a AS a JOIN {other} AS b USING (person) WHERE {order} AND {among}"
    )
    curve = duck.run(f"""
        SELECT weight, SUM(SUM(hit)) OVER (ORDER BY weight DESC)::BIGINT, SUM(COUNT(*)) OVER (ORDER BY weight DESC)::BIGINT
        FROM (SELECT weight, (a.person = b.person)::INTEGER AS hit FROM links
            JOIN side_a AS a ON a.claim = links.a JOIN {other} AS b ON b.claim = links.b WHERE {among})
        GROUP BY weight ORDER BY weight DESC""")
    points = [(hits / found, hits / true, 2 * hits / (found + true)) for _, hits, found in curve]
    best = max(points, key=lambda point: point[2], default=(0.0, 0.0, 0.0))
    return {
        "precision": best[0],
        "recall": best[1],
        "f1": best[2],
        "at": {
            str(precision): max((r for p, r, _ in points if p >= precision), default=0.0)
            for precision in PRECISIONS
        },
    }


WAYS: dict[str, Callable[[Duck, TruthSet], None]] = {
    "names and birth equal": exact,
    "Jaro-Winkler": jaro_winkler,
    "Splink alone": splink,
    "Plumbline": plumbline,
}


def main() -> None:
    request = json.load(sys.stdin)
    truth = SETS[request["set"]]
    with open_duckdb(Limits(threads=2, memory="4GB")) as duck:
        if not truth.load(duck):
            print(json.dumps({"absent": True}))
            return
        start = time.perf_counter()
        WAYS[request["way"]](duck, truth)
        seconds, most = time.perf_counter() - start, peak()
        print(json.dumps({"seconds": seconds, "bytes": most, **measures(duck, truth)}))


if __name__ == "__main__":
    main()
