"""Writing models by form: nothing is lost on the way, errors stand at their slot, and saving makes a draft."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from plumbline.engine import Workspace, packaged_catalog
from plumbline.engine.fact.document import Document
from plumbline.loop.supervision.models import ModelVersion, State
from plumbline.loop.supervision.studio import intake, slots
from plumbline.trail.models import Entry
from tests import people
from tests.people import sign_in

FOLDERS = sorted(path.parent for path in packaged_catalog().glob("models/*/*/model.yml"))
MODELS = [pytest.param(folder, id=folder.name) for folder in FOLDERS]
HONOURS = next(folder for folder in FOLDERS if folder.name == "honour-despite-offence")


def said(text: str, place: Path) -> Any:
    path = place / "model.yml"
    path.write_text(text, "utf-8")
    return Document(path).data


def form_of(folder: Path, **changed: str) -> dict[str, str]:
    """What the form of a packaged model posts."""
    fields = slots.to_form(Document(folder / "model.yml").data)
    cases = (folder / "cases.yml").read_text("utf-8")
    return {**fields, "mode": "form", "of": folder.name, "cases": cases, "reason": "改", **changed}


# -- the form and the YAML -------------------------------------------------------------------------


@pytest.mark.parametrize("folder", MODELS)
def test_the_form_holds_every_packaged_model_or_says_what_it_cannot(
    folder: Path, tmp_path: Path
) -> None:
    data = Document(folder / "model.yml").data
    if data.get("shape") == "sql":
        assert slots.unformed(data) == ["sql"]
        return
    assert slots.unformed(data) == []
    again = said(slots.written(slots.from_form(slots.to_form(data))), tmp_path)
    assert slots.plain(again) == slots.plain(data)


def test_all_seven_shapes_have_a_form() -> None:
    assert [name for name, _ in slots.SHAPES] == ["meet", "lack", "sum", "overlap", "path", "duplicate", "outlier"]  # fmt: skip
    own = {group.shape for group in slots.GROUPS} - {""}
    assert own == {"lack", "sum", "path", "duplicate", "outlier"}


words = st.text(st.sampled_from("甲乙:#'\"{}[],&*!|>%@`-? yesno01.~\n"), min_size=1, max_size=24).filter(str.strip)  # fmt: skip


@given(title=words, condition=words, law=words)
def test_whatever_is_typed_comes_back_as_it_was_typed(
    tmp_path_factory: pytest.TempPathFactory, title: str, condition: str, law: str
) -> None:
    fields = {"title.zh": title, "flag_when": condition, "line.basis.0.law": law, "model": "x"}
    data = slots.from_form(fields)
    again = said(slots.written(data), tmp_path_factory.mktemp("text"))
    assert again["title"]["zh"] == title.strip()
    assert again["flag_when"] == condition.strip()
    assert again["line"]["basis"][0]["law"] == law.strip()


def test_settings_by_period_are_one_line() -> None:
    fields = {"settings.0.name": "years", "settings.0.value": "..2019-12-31: 5; 2020-01-01..: 10"}
    assert slots.from_form(fields)["settings"] == {"years": {"..2019-12-31": 5, "2020-01-01..": 10}}


def test_what_a_form_cannot_hold_is_named() -> None:
    data = Document(HONOURS / "model.yml").data
    assert slots.unformed({**data, "novelty": 1}) == ["novelty"]
    assert slots.unformed(None) == ["model.yml"]


# -- the pages -------------------------------------------------------------------------------------


@pytest.fixture
def office(db: None, private: Path, tmp_path: Path, settings: Any) -> Any:  # noqa: ARG001 -- for their effects
    settings.WORKSPACE = tmp_path / "office"
    Workspace.create(settings.WORKSPACE)
    return people.cast()


def post(client: Client, name: str, fields: dict[str, str]) -> Any:
    return client.post(reverse(f"supervision:{name}"), fields)


def test_a_model_opens_in_the_form_and_one_in_sql_as_yaml(office: Any, client: Client) -> None:
    signed = sign_in(client, office.author)
    page = signed.get(
        reverse("supervision:studio") + "?model=honour-despite-offence"
    ).content.decode()
    assert 'value="有违法犯罪记录仍获荣誉称号"' in page
    assert 'name="leave_out.2.when"' in page
    raw = signed.get(reverse("supervision:studio") + "?model=payroll-without-work").content.decode()
    assert 'name="yaml"' in raw
    assert signed.get(reverse("supervision:studio") + "?model=nonsense").status_code == 404
    assert signed.get(reverse("supervision:studio") + "?shape=sum").status_code == 200


@pytest.mark.parametrize("who", ["stranger", "head", "approver", "jurist", "li", "sysadmin"])
def test_only_authors_have_a_studio(office: Any, client: Client, who: str) -> None:
    signed = sign_in(client, getattr(office, who))
    assert signed.get(reverse("supervision:studio")).status_code == 404
    for name in (
        "studio_check",
        "studio_cases",
        "studio_preview",
        "studio_download",
        "studio_save",
    ):
        assert post(signed, name, form_of(HONOURS)).status_code == 404
    assert not ModelVersion.objects.exists()


def test_an_error_stands_at_its_slot_in_the_engines_words(office: Any, client: Client) -> None:
    signed = sign_in(client, office.author)
    wrong = form_of(HONOURS, supervises="honour.aproved_by")
    answer = post(signed, "studio_check", wrong).content.decode()
    assert (
        '<p class="errorlist at" id="at-supervises" role="alert" hx-swap-oob="true">数据集'
        in answer
    )
    assert "approved_by" in answer
    assert '<p class="errorlist at" id="at-title" role="alert" hx-swap-oob="true"></p>' in answer
    assert "tmp" not in answer
    right = post(signed, "studio_check", form_of(HONOURS)).content.decode()
    assert "写法正确" in right


def test_broken_yaml_is_told_with_its_line(office: Any, client: Client) -> None:
    fields = {"mode": "yaml", "yaml": "model: x\ntitle: {zh: \n", "cases": ""}
    answer = post(sign_in(client, office.author), "studio_check", fields).content.decode()
    assert "YAML" in answer
    assert "行" in answer


def test_cases_run_as_one_types(office: Any, client: Client) -> None:
    signed = sign_in(client, office.author)
    assert "全部通过" in post(signed, "studio_cases", form_of(HONOURS)).content.decode()
    laxer = form_of(HONOURS, flag_when="before(offence.occurred_on, honour.granted_on)")
    assert "未通过" in post(signed, "studio_cases", laxer).content.decode()


def test_a_preview_says_what_hinders_it(office: Any, client: Client) -> None:
    answer = post(
        sign_in(client, office.author), "studio_preview", form_of(HONOURS)
    ).content.decode()
    assert "还没有" in answer


def test_what_is_typed_can_be_taken_away_as_yaml(office: Any, client: Client) -> None:
    answer = post(sign_in(client, office.author), "studio_download", form_of(HONOURS))
    assert answer["Content-Disposition"] == 'attachment; filename="honour-despite-offence.yml"'
    assert answer.content.decode() == (HONOURS / "model.yml").read_text("utf-8")


# -- saving ----------------------------------------------------------------------------------------


def test_saved_unchanged_it_is_the_same_text_comments_and_all(
    office: Any, client: Client, settings: Any
) -> None:
    post(sign_in(client, office.author), "studio_save", form_of(HONOURS))
    saved = settings.WORKSPACE / "catalog" / "models" / "honours" / HONOURS.name / "model.yml"
    assert saved.read_text("utf-8") == (HONOURS / "model.yml").read_text("utf-8")
    version = ModelVersion.objects.get(model=HONOURS.name)
    assert version.fingerprint == Workspace(settings.WORKSPACE).model(HONOURS.name).fingerprint


def test_a_change_is_a_draft_that_others_let_live(
    office: Any, client: Client, settings: Any
) -> None:
    signed = sign_in(client, office.author)
    post(signed, "studio_save", form_of(HONOURS))
    changed = form_of(HONOURS, **{"title.zh": "荣誉与违法记录", "version": "2"})
    answer = post(signed, "studio_save", changed)
    version = ModelVersion.objects.get(model=HONOURS.name, version=2)
    assert answer["Location"] == reverse("supervision:page", args=[version.pk])
    assert (version.state, version.current, version.title) == (State.DRAFT, True, "荣誉与违法记录")
    written = Entry.objects.get(action="model.written", subject=f"model:{version.pk}")
    assert (written.actor, written.reason) == ("author", "改")
    assert Workspace(settings.WORKSPACE).check([HONOURS.name])[0].passed


def test_another_text_is_another_version(office: Any, client: Client, settings: Any) -> None:
    signed = sign_in(client, office.author)
    post(signed, "studio_save", form_of(HONOURS))
    before = Workspace(settings.WORKSPACE).model(HONOURS.name).text
    page = post(signed, "studio_save", form_of(HONOURS, **{"title.zh": "另一份"})).content.decode()
    assert "把版本改为 2" in page
    assert 'value="另一份"' in page  # what was typed is kept
    assert Workspace(settings.WORKSPACE).model(HONOURS.name).text == before
    assert ModelVersion.objects.filter(model=HONOURS.name).count() == 1


def test_what_the_linter_refuses_is_not_saved(office: Any, client: Client, settings: Any) -> None:
    page = post(sign_in(client, office.author), "studio_save", form_of(HONOURS, supervises="x.y"))
    assert page.status_code == 200
    assert not list(settings.WORKSPACE.glob("catalog/models/**/model.yml"))
    assert not ModelVersion.objects.exists()


@pytest.mark.parametrize("name", ["../../private/x", "A b", "x/y"])
def test_no_name_leads_out_of_the_catalog(
    office: Any, client: Client, settings: Any, name: str
) -> None:
    post(sign_in(client, office.author), "studio_save", form_of(HONOURS, model=name))
    assert not list(settings.WORKSPACE.rglob("model.yml"))
    fields = form_of(HONOURS, theme="../../x")
    post(sign_in(client, office.author), "studio_save", fields)
    assert not list(settings.WORKSPACE.parent.rglob("model.yml"))


@pytest.mark.usefixtures("office")
def test_the_packaged_catalog_is_never_written_to() -> None:
    of = Workspace(intake.workspace().directory)
    folder = intake._folder(of, HONOURS.name, "honours")
    assert folder.is_relative_to(of.directory)
