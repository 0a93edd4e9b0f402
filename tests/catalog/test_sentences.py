"""What every model says when its first flagged case is delivered, loaded, collided and told."""

from __future__ import annotations

import csv
import re
from datetime import UTC, datetime
from pathlib import Path

import pytest

from plumbline.engine import Batch, Workspace
from plumbline.engine.collision.run import collide
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.load import load_delivery
from plumbline.engine.line.cases import Case, Cases
from plumbline.engine.line.model import SupervisionModel

from .conftest import MODELS

AT = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture(params=MODELS, ids=lambda folder: folder.name)
def model(request: pytest.FixtureRequest, models: dict[str, SupervisionModel]) -> SupervisionModel:
    return models[request.param.name]


def deliver(
    workspace: Workspace, dataset: Dataset, rows: list[dict[str, str | None]], case: Case
) -> None:
    """The case's rows as the department's file; keys that the case leaves open are numbered."""
    path = workspace.inbox / dataset.name / "rows.csv"
    path.parent.mkdir(parents=True)
    with path.open("w", encoding="utf-8", newline="") as file:
        sheet = csv.writer(file)
        sheet.writerow(column.headers[0] for column in dataset.columns.values())
        for n, row in enumerate(rows, 1):
            cells = {name: row.get(name) for name in dataset.columns}
            for name, column in dataset.columns.items():
                if cells[name] is None and column.type == "text" and name in dataset.declared.key:
                    cells[name] = f"第{n}号"
            sheet.writerow(cells.values())
    batch = load_delivery(
        workspace.store, dataset, path, received_at=AT, as_of=case.on, accept="a case", by="test"
    )
    assert isinstance(batch, Batch)
    assert batch.quarantined == 0, batch.reasons


def test_it_is_told_in_both_languages(model: SupervisionModel, tmp_path: Path) -> None:
    (tmp_path / "town").mkdir()
    regions = Path(__file__).with_name("regions.yml").read_text(encoding="utf-8")
    (tmp_path / "town" / "regions.yml").write_text(regions, encoding="utf-8")
    (tmp_path / "town" / "plumbline.toml").write_text('[workspace]\ncountry = "regions.yml"\n')
    workspace = Workspace(tmp_path / "town")
    cases = Cases(model)
    case = next(case for case in cases if case.kind == "flagged")
    rows = cases.rows(case)
    for dataset in {dataset.name: dataset for dataset in model.facts.values()}.values():
        of = [
            row
            for alias, d in model.facts.items()
            if d.name == dataset.name
            for row in rows.get(alias, [])
        ]
        deliver(workspace, dataset, of, case)
    collide(workspace.store, [model], at=AT, as_of=case.on, accept={model.name: "a case"})
    warnings = workspace.warnings(
        register="warnings" if model.declared.status == "live" else "trials"
    )
    assert [w.level for w in warnings][:1] == [case.expect.level or warnings[0].level]
    for warning in warnings:
        zh, en = workspace.sentence(warning, "zh"), workspace.sentence(warning, "en")
        assert re.search(r"[{}]|None|__", zh + en) is None
        assert len(re.findall("[\u4e00-\u9fff]", zh)) > 10
        assert workspace.reproduce(warning.key).same
        assert [each.verdict for each in workspace.explain(warning).judged].count("flag") >= 1
