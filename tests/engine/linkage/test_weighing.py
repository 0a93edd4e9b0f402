"""Models are learned, saved and used; what they weigh depends on nothing but the pair."""

from __future__ import annotations

import json
import logging
from typing import Any

import pytest

from plumbline.engine.backend import Duck, Limits, open_duckdb
from plumbline.engine.linkage import training, weighing
from plumbline.engine.linkage.people import PEOPLE
from plumbline.engine.linkage.weighing import Model
from plumbline.errors import RunError
from tests.engine.linkage import weighed_people as wp

MANY = 2_000


def loaded(threads: int = 2) -> tuple[Duck, dict[int, int]]:
    people, loose, truth = wp.city(MANY)
    duck = open_duckdb(Limits(threads=threads))
    wp.table(duck, "known", people)
    wp.table(duck, "loose", loose)
    return duck, truth


@pytest.fixture(scope="module")
def learned() -> Model:
    """A model of the city; the test process learns it once."""
    with loaded()[0] as duck:
        return weighing.train(duck, "known", "loose")


def rows(duck: Duck, relation: str = "weighed") -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = duck.arrow(
        f"SELECT * FROM {relation} ORDER BY claim, key"
    ).to_pylist()
    return found


def test_learning_finds_nearly_everybody(learned: Model) -> None:
    duck, truth = loaded()
    with duck:
        weighing.weigh(duck, learned, "known", "loose", least=0)
        found = {(row["claim"], row["key"]) for row in rows(duck)}
    right = found & set(truth.items())
    assert learned.learned
    assert learned.notes == ()
    assert len(right) / len(found) > 0.98
    assert len(right) / len(truth) > 0.9


def test_the_same_whatever_the_threads(learned: Model) -> None:
    tables = []
    for threads in (1, 2):
        with loaded(threads)[0] as duck:
            if threads == 1:
                assert weighing.train(duck, "known", "loose") == learned
            weighing.weigh(duck, learned, "known", "loose")
            tables.append(rows(duck))
    assert tables[0] == tables[1]


def test_a_row_weighs_the_same_alone_and_with_others(learned: Model) -> None:
    with loaded()[0] as duck:
        weighing.weigh(duck, learned, "known", "loose", into="all_rows")
        some = "(SELECT * FROM loose WHERE claim % 50 = 3)"
        weighing.weigh(duck, learned, "known", some, into="some_rows")
        assert rows(duck, "some_rows")
        assert rows(duck, "some_rows") == rows(duck, "(FROM all_rows WHERE claim % 50 = 3)")


def test_a_model_comes_back_from_its_text(learned: Model) -> None:
    assert Model.from_json(learned.to_json()) == learned


def test_a_model_of_other_levels_is_refused(learned: Model) -> None:
    content = json.loads(learned.to_json())
    content["digest"] = "of another version"
    with pytest.raises(RunError, match="train it again"):
        Model.from_json(json.dumps(content))


def test_reasons_add_up(learned: Model) -> None:
    with loaded()[0] as duck:
        weighing.weigh(duck, learned, "known", "loose")
        for row in rows(duck)[:200]:
            reasons = weighing.explain(learned, row)
            assert sum(reason.weight for reason in reasons) == pytest.approx(
                row["match_weight"], abs=1e-3
            )
            assert all(reason.level.zh and reason.level.en for reason in reasons)


def test_a_rare_name_tells_more_than_a_common_one() -> None:
    many = [wp.person(at, "王伟", f"19{50 + at % 40}0101", f"{at:03}") for at in range(40)]
    known = [*many, wp.person(90, "欧阳震华", "19700101")]
    with open_duckdb() as duck:
        wp.table(duck, "known", known)
        wp.table(duck, "loose", [wp.row(100, "王伟", "1970"), wp.row(101, "欧阳震华", "1970")])
        model = weighing.train(duck, "known", "loose")
        weighing.weigh(duck, model, "known", "loose", least=-50)
        by_name = {row["name"]: row["weight_name"] for row in rows(duck)}
    assert by_name["欧阳震华"] > by_name["王伟"] + 3


def test_too_little_data_is_said_and_the_defaults_are_used() -> None:
    with open_duckdb() as duck:
        wp.table(duck, "known", [wp.person(1, "王芳", "19700101")])
        wp.table(duck, "loose", [wp.row(2, "王芳", "19700101")])
        model = weighing.train(duck, "known", "loose")
    assert not model.learned
    assert "fewer than" in model.notes[0].en
    assert model.m == training.defaults(PEOPLE, "m")


def test_the_only_one_of_a_name_in_a_small_register_is_not_yet_meant() -> None:
    """Most of a county stand in no register of five people."""
    people = [wp.person(at, f"王{c}", f"19{60 + at}0101") for at, c in enumerate("芳伟娜敏静")]
    with open_duckdb() as duck:
        wp.table(duck, "known", people)
        wp.table(duck, "loose", [wp.row(9, "王芳"), wp.row(10, "王芳", "19600101", sex="M")])
        model = weighing.train(duck, "known", "loose")
        weighing.weigh(duck, model, "known", "loose")
        by_name, by_more = (row["probability"] for row in rows(duck))
    assert by_name < 0.5
    assert by_more > 0.99


def test_one_person_with_two_names_is_one_candidate(learned: Model) -> None:
    known = wp.person(1, "王芳", "19700101")
    with open_duckdb() as duck:
        wp.table(duck, "known", [known, known | {"claim": 2, "name": "王美芳"}])
        wp.table(duck, "loose", [wp.row(3, "王美芳", "19700101")])
        weighed = weighing.weigh(duck, learned, "known", "loose")
        (row,) = rows(duck)
    assert (weighed.rows, row["name"], row["candidate"]) == (1, "王美芳", 2)


def test_a_very_common_name_is_passed_over_and_counted(learned: Model) -> None:
    crowd = [wp.person(at, "王伟", f"19{50 + at % 40}0101", f"{at:03}") for at in range(300)]
    with open_duckdb() as duck:
        wp.table(duck, "known", crowd)
        wp.table(duck, "loose", [wp.row(1000, "王伟")])
        weighed = weighing.weigh(duck, learned, "known", "loose")
    assert weighed.rows == 0
    assert weighed.passed_over["name"] == 1


def test_nothing_is_left_and_nothing_is_said(
    capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before = logging.getLogger("splink").level
    with loaded()[0] as duck:
        model = weighing.train(duck, "known", "loose")
        weighing.weigh(duck, model, "known", "loose")
        left = duck.run("SELECT table_name FROM information_schema.tables ORDER BY 1")
    assert left == [("known",), ("loose",), ("weighed",)]
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []
    assert logging.getLogger("splink").level == before


def test_weights_are_those_of_splink(learned: Model) -> None:
    """The same pairs, weighed by Splink's own prediction with the same shares and without frequencies."""
    from splink import DuckDBAPI, Linker  # noqa: PLC0415

    plain = weighing.Model(
        scheme=PEOPLE, prior=learned.prior, m=learned.m, u=learned.u,
        frequencies={column: weighing.Frequency() for column in PEOPLE.by}, learned=True,
    )  # fmt: skip
    with loaded()[0] as duck, weighing.sides(duck, "known", "loose") as both:
        both.weigh(plain, "ours", least=-1000)
        api = DuckDBAPI(connection=duck.connection)
        tables = [api.register(name) for name in (both.left, both.right)]
        linker = Linker(
            tables,
            {
                "link_type": "link_only",
                "unique_id_column_name": "claim",
                "probability_two_random_records_match": learned.prior,
                "comparisons": [
                    training.splink_comparison(PEOPLE, feature.name, learned.u, learned.m)
                    for feature in PEOPLE.weigh
                ],
                "blocking_rules_to_generate_predictions": [
                    {"blocking_rule": "l.name = r.name", "sql_dialect": "duckdb"}
                ],
                "retain_matching_columns": False,
            },
            log_level=None,
            validate_settings=False,
        )
        theirs = linker.inference.predict().physical_name
        compared = duck.run(
            f"SELECT ours.match_weight, theirs.match_weight FROM ours JOIN {theirs} AS theirs "
            "ON ours.candidate = theirs.claim_l AND ours.claim = theirs.claim_r"
        )
    assert len(compared) > 500
    assert all(a == pytest.approx(b, abs=1e-3) for a, b in compared)
