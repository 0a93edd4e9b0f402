"""Masked codes of organisations: they load where declared so, and are nobody's until tied."""

from __future__ import annotations

from pathlib import Path

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact.store import Store
from plumbline.engine.linkage.view import Ties
from tests.engine.fact.delivering import csv, fees, load

FIRM = "91380100MA2A1B021K"


def test_two_equal_masks_are_not_one_organisation(tmp_path: Path) -> None:
    dataset = fees(
        tmp_path,
        replace={
            "type: person.id}": "type: org.code, masked: true}",
            "type: person.name,": "type: org.name,",
        },
    )
    store = Store(tmp_path / "store")
    told = (FIRM, "9138**********021K", "9138**********021K")
    rows = [f"{n},{code},甲市云岫科技有限公司,2024-06-01,1" for n, code in enumerate(told)]
    batch = load(store, dataset, csv(tmp_path / "费2024-06-30.csv", *rows))
    assert (batch.loaded, batch.quarantined) == (3, 0)
    facts = store.snapshot("fees").relation(dataset.fields)
    with open_duckdb() as duck:
        seen = duck.run(
            f"SELECT person, person__who FROM ({Ties().view(dataset, facts)}) ORDER BY no"
        )
    assert seen == [(FIRM, FIRM), (told[1], None), (told[2], None)]
