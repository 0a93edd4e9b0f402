"""The one door: a workspace is made, checked, extended and asked, as in a notebook."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plumbline import engine
from plumbline.engine import Checked, Workspace, workspace, write_model_skeleton
from plumbline.errors import DeclarationError, RunError
from tests.engine.line.small import Office, declaration, written

AT = datetime(2025, 7, 1, tzinfo=UTC)


@pytest.fixture
def office(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A workspace whose own catalogue is all there is."""
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
    made = Workspace.create(tmp_path / "office", "县办")
    declare(made, "pay", {"no": "text", "on": "date"})
    return made


def declare(of: Workspace, name: str, columns: dict[str, str]) -> None:
    path = of.directory / "catalog" / "datasets" / f"{name}.yml"
    path.write_text(declaration(name, columns), encoding="utf-8")


def put(of: Workspace, name: str, text: str, cases: str | None = None) -> Path:
    folder = of.directory / "catalog" / "models" / "own" / name
    folder.mkdir(parents=True)
    (folder / "model.yml").write_text(text, encoding="utf-8")
    if cases is not None:
        (folder / "cases.yml").write_text(cases, encoding="utf-8")
    return folder


def only(checked: list[Checked]) -> Checked:
    (one,) = checked
    return one


def test_the_door_is_sorted_and_whole() -> None:
    assert engine.__all__ == sorted(engine.__all__, key=lambda name: (not name.isupper(), name))
    assert all(hasattr(engine, name) for name in engine.__all__)


def test_a_workspace_is_made_once_and_opened_after(tmp_path: Path) -> None:
    made = Workspace.create(tmp_path / "office", "县办")
    assert made.name == "县办"
    assert {path.name for path in made.directory.iterdir()} == {
        "plumbline.toml",
        "inbox",
        "store",
        "catalog",
    }
    assert Workspace.create(tmp_path / "office", "another").name == "县办"
    assert Workspace(tmp_path / "office").name == "县办"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, "this is not a workspace"),
        ("[workspace", "cannot be read"),
        ("[workspce]\nname = 'a'", "unknown section [workspce]\n  hint: did you mean 'workspace'?"),
        (
            "[limits]\nmemry = '1GB'",
            "unknown key 'memry' in [limits]\n  hint: did you mean 'memory'?",
        ),
    ],
)
def test_settings_that_are_wrong_are_said(tmp_path: Path, text: str | None, said: str) -> None:
    if text is not None:
        (tmp_path / "plumbline.toml").write_text(text)
    with pytest.raises(DeclarationError, match=re.escape(said)):
        Workspace(tmp_path)


def test_a_skeleton_passes_its_own_check(office: Workspace) -> None:
    folder = write_model_skeleton(office, "rent-overdue")
    checked = only(Workspace(office.directory).check())
    assert checked.problem is None
    assert (checked.model, checked.passed, checked.missing_kinds) == ("rent-overdue", True, ())
    assert len(checked.outcomes) == 5
    assert {path.name for path in folder.iterdir()} == {"model.yml", "cases.yml"}
    with pytest.raises(DeclarationError, match="there is a model 'rent-overdue' already"):
        write_model_skeleton(Workspace(office.directory), "rent-overdue")


def test_a_skeleton_suits_every_dataset_that_it_takes(tmp_path: Path) -> None:
    """Those of the packaged catalogue: each either passes, or is refused before a file is written."""
    office = Workspace.create(tmp_path)
    taken = []
    for name in office.datasets:
        try:
            write_model_skeleton(office, f"on-{name.replace('_', '-')}", name)
            taken.append(name)
        except DeclarationError as refused:
            assert "does not suit" in str(refused)  # noqa: PT017 -- one of two outcomes
    assert len(taken) > 10
    fresh = Workspace(tmp_path)
    failed = [
        c for c in fresh.check([f"on-{name.replace('_', '-')}" for name in taken]) if not c.passed
    ]
    assert failed == []


@pytest.mark.parametrize(
    "name", ["Rent", "租金", "rent overdue", "-", "rent-", "2024", "../rent", "", "rent_due"]
)
def test_a_name_that_is_none_is_refused(office: Workspace, name: str) -> None:
    with pytest.raises(DeclarationError, match="must be letters, digits and hyphens"):
        write_model_skeleton(office, name)


def test_a_skeleton_needs_a_dataset_that_suits(office: Workspace) -> None:
    declare(office, "bare", {"amount": "integer"})
    fresh = Workspace(office.directory)
    with pytest.raises(DeclarationError, match="does not suit"):
        write_model_skeleton(fresh, "rent", "bare")
    with pytest.raises(DeclarationError, match="did you mean 'pay'"):
        write_model_skeleton(fresh, "rent", "pya")


SMALL = {
    "facts": {"pay": {"dataset": "pay"}},
    "flag_when": "pay.no = '1'",
    "one_warning_per": ["pay.no"],
}
KINDS = ("flagged", "boundary", "left_out", "missing_data", "old_rule")


def case(kind: str, verdict: str, **more: object) -> dict[str, object]:
    given = {"pay": [{"no": "1" if verdict == "flag" else "2"}]}
    return {"case": kind, "kind": kind, "given": given, "expect": {"verdict": verdict}, **more}


def cases_of(*cases: dict[str, object], **more: object) -> str:
    return json.dumps({"cases": list(cases), **more}, ensure_ascii=False, indent=1)


def test_a_check_reports_what_fails_and_goes_on(office: Workspace) -> None:
    good = cases_of(*(case(kind, "flag") for kind in KINDS))
    put(office, "a-good", written("a-good", **SMALL), good)
    put(office, "b-broken", written("b-broken", **{**SMALL, "flag_when": "pay.nr = '1'"}), good)
    put(office, "c-bare", written("c-bare", **SMALL))
    put(
        office,
        "d-wrong",
        written("d-wrong", **SMALL),
        cases_of(
            case("flagged", "flag"), {**case("boundary", "flag"), "given": {"pay": [{"no": "2"}]}}
        ),
    )
    put(office, "e-said", written("e-said", **{**SMALL, "say": {"zh": "{pay.name}"}}), good)
    good_, broken, bare, wrong, said = Workspace(office.directory).check()
    assert good_.passed
    assert [each.passed for each in (broken, bare, wrong, said)] == [False] * 4
    assert "dataset pay has no column 'nr'" in str(broken.problem)
    assert "the model has no cases yet" in str(bare.problem)
    assert wrong.problem is None
    assert wrong.missing_kinds == ("left_out", "missing_data", "old_rule")
    assert [(each.case.case, each.found.verdict, each.passed) for each in wrong.outcomes] == [
        ("flagged", "flag", True), ("boundary", "clear", False),
    ]  # fmt: skip
    assert "dataset pay has no column 'name' (in pay.name)" in str(said.problem)


def test_only_what_is_named_is_checked(office: Workspace) -> None:
    put(office, "a", "no: [")
    put(office, "b", written("b", **SMALL), cases_of(*(case(kind, "flag") for kind in KINDS)))
    fresh = Workspace(office.directory)
    assert only(fresh.check(["b"])).passed
    assert "not valid YAML" in str(only(fresh.check(["a"])).problem)
    with pytest.raises(RunError, match="no model 'c'"):
        fresh.check(["c"])


@pytest.mark.parametrize(
    ("cases", "said"),
    [
        (
            cases_of({**case("flagged", "flag"), "given": {"pya": []}}),
            "the model has no fact 'pya'\n  hint: did you mean 'pay'?",
        ),
        (
            cases_of({**case("flagged", "flag"), "given": {"pay": [{"nr": "1"}]}}),
            "pay has no column 'nr'",
        ),
        (
            cases_of(case("flagged", "flag"), defaults={"pay": {"nr": "1"}}),
            "pay has no column 'nr'",
        ),
        (
            cases_of({**case("flagged", "flag"), "given": {"pay": [{"on": "31.31.2020"}]}}),
            "pay.on '31.31.2020'",
        ),
        (cases_of(case("flagged", "flag", as_of="2020年")), "cases.0.as_of: wrong value"),
        (cases_of(case("flagged", "flagged")), "no value 'flagged'\n  hint: did you mean 'flag'?"),
        (cases_of(case("flaged", "flag")), "no value 'flaged'\n  hint: did you mean 'flagged'?"),
        (cases_of(case("flagged", "flag", wanted=1)), "unknown key 'wanted'"),
    ],
)
def test_a_case_that_is_wrong_is_said_with_its_line(
    office: Workspace, cases: str, said: str
) -> None:
    folder = put(office, "b", written("b", **SMALL), cases)
    problem = only(Workspace(office.directory).check()).problem
    assert said in str(problem)
    assert re.match(rf"{re.escape(str(folder))}/cases\.yml:\d+", str(problem))


def test_the_expected_details_count_where_they_are_given(office: Workspace) -> None:
    wrong = [
        {"verdict": "flag", "level": "red"}, {"verdict": "flag", "by": "identity"}, {"verdict": "flag", "warnings": 2},
    ]  # fmt: skip
    right = {"verdict": "flag", "level": "yellow", "by": "flag_when", "warnings": 1}
    given = [{**case("flagged", "flag"), "expect": expect} for expect in (*wrong, right)]
    put(office, "b", written("b", **SMALL), cases_of(*given))
    checked = only(Workspace(office.directory).check())
    assert [outcome.passed for outcome in checked.outcomes] == [False, False, False, True]


def test_the_sql_of_a_model_is_shown_for_both_engines(office: Workspace) -> None:
    put(office, "b", written("b", **SMALL))
    fresh = Workspace(office.directory)
    assert "pay.no = '1'" in fresh.sql("b")
    assert "CAST(pay.no AS STRING)" in fresh.sql("b", "spark")
    with pytest.raises(RunError, match="no model 'c'"):
        fresh.sql("c")


@pytest.mark.parametrize(
    ("slots", "said"),
    [
        ({"model": "other"}, "model 'other' should be named like its folder, 'b'"),
        ({"flag": "true"}, "unknown key 'flag'\n  hint: did you mean 'flag_when'?"),
        ({"supervises": "pay.nr"}, "supervises: dataset pay has no column 'nr'"),
        ({"send_to": {"by": "pya.no"}}, "did you mean 'pay'?"),
        ({"same": {"who": ["pay.nr"]}}, "same.who.0: dataset pay has no column 'nr'"),
        (
            {"one_warning_per": ["pay.no", "who"]},
            "'who' is neither an entity under same nor a fact.column",
        ),
        ({"in_force_on": "pay.off"}, "in_force_on: dataset pay has no column 'off'"),
        ({"expect": {"flag_rate": "0..1", "per": "pya"}}, "did you mean 'pay'?"),
        ({"flag_when": None}, "shape meet needs flag_when"),
        ({"shape": "lack"}, "shape lack needs the slot 'lack'"),
        ({"sql": "SELECT 1"}, "shape is meet, which does not take 'sql'"),
        ({"shape": "met"}, "no value 'met'\n  hint: did you mean 'meet'?"),
        ({"expires_on": "2028年"}, "expires_on: wrong value"),
        ({"grade": {"orange": "otherwise"}}, "grade.orange"),
        (
            {"grade": {"yellow": "otherwise", "red": "pay.no = '1'"}},
            "grade.yellow: no level after otherwise",
        ),
        ({"line": {"says": {"zh": "一"}, "basis": []}}, "line.basis: wrong value"),
        ({"status": "alive"}, "no value 'alive'\n  hint: did you mean 'live'?"),
        (
            {"facts": {"pay": {"dataset": "pay"}, "two": {"dataset": "pay"}}},
            "fact 'two' is not tied to the others by same",
        ),
        ({"say": {"zh": "{pay.nr}"}}, "say.zh: dataset pay has no column 'nr'"),
        ({"say": {"zh": "{rows(pya)}"}}, "say.zh: no fact 'pya'"),
        ({"say": {"zh": "{limit}"}}, "nothing fills '{limit}'"),
        ({"say": {"zh": "一", "en": "{nothing}"}}, "say.en: nothing fills '{nothing}'"),
    ],
)
def test_a_model_that_is_wrong_is_said_with_its_line(
    office: Workspace, slots: dict[str, object], said: str
) -> None:
    text = written("b", **{**SMALL, **slots})
    put(office, "b", text, cases_of(*(case(kind, "flag") for kind in KINDS)))
    problem = str(only(Workspace(office.directory).check()).problem)
    assert said in problem
    assert re.search(r"model\.yml:\d+", problem)


def test_a_workspaces_own_model_lies_over_the_packaged_one(tmp_path: Path) -> None:
    office = Workspace.create(tmp_path)
    packaged = office.model("fuel-beyond-tank")
    own = tmp_path / "catalog" / "models" / "vehicles" / "fuel-beyond-tank"
    own.mkdir(parents=True)
    (own / "model.yml").write_text(
        packaged.text.replace("version: 1", "version: 7"), encoding="utf-8"
    )
    assert Workspace(tmp_path).model("fuel-beyond-tank").declared.version == 7
    assert len(Workspace(tmp_path).models) == len(office.models)


def test_unmasked_values_are_written_down(office: Workspace) -> None:
    for reason in ("核实", 'it\'s "needed"\n'):
        office.note_access(at=AT, by="李", what="warning:1", reason=reason)
    lines = (office.directory / "access.log").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["reason"] for line in lines] == ["核实", 'it\'s "needed"\n']
    assert json.loads(lines[0]) == {
        "at": "2025-07-01T00:00:00+00:00",
        "by": "李",
        "what": "warning:1",
        "reason": "核实",
    }


def test_the_small_office_of_other_tests_declares_as_files_do(tmp_path: Path) -> None:
    dataset = Office(tmp_path).dataset("pay", {"no": "text"})
    assert dataset.document.path == tmp_path / "datasets" / "pay.yml"
