"""What the identity in a warning rests on: the ties of its rows that no full number makes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.linkage.identity import Identity
from plumbline.engine.linkage.who import RowName


@dataclass(frozen=True)
class Tie:
    """Whom a row of evidence is about, where its own number does not say it.

    Attributes:
        via: rule, weight, judgement or register.
        why: what agrees and differs, how many people fit, the chance that a stranger does.
    """

    name: RowName
    who: str
    tier: str
    via: str
    why: Mapping[str, Any]


def ties_of(
    duck: Duck, identity: Identity, rows: Iterable[tuple[str, int]]
) -> dict[tuple[str, int], list[Tie]]:
    """(dataset, row) -> its ties in one state of the identity map, by column and bearer."""
    wanted = sorted(set(rows))
    if not wanted or not identity.files:
        return {}
    columns = zip(*wanted, strict=True)
    duck.register(
        "resting_given", pa.table(dict(zip(("dataset", "row"), map(list, columns), strict=True)))
    )
    found = duck.run(
        f"SELECT dataset, row, slot, who, tier, via, why FROM {identity.relation()} WHERE kind = 'tie' "
        "AND (dataset, row) IN (SELECT (dataset, row) FROM resting_given) ORDER BY ALL"
    )
    duck.unregister("resting_given")
    ties: dict[tuple[str, int], list[Tie]] = {}
    for dataset, row, slot, who, tier, via, why in found:
        tie = Tie(RowName(dataset, row, slot), who, tier, via, json.loads(why or "{}"))
        ties.setdefault((dataset, row), []).append(tie)
    return ties


def concerned(
    model: SupervisionModel, fact: str, ties: Iterable[Tie], subject: str = ""
) -> list[Tie]:
    """Those ties of a fact's row by which the model lets facts meet.

    Args:
        subject: of a row that may be about several people, the one that is asked about.
    """
    references = [r for listed in model.declared.same.values() for r in listed]
    columns = {r.partition(".")[2] for r in references if r.partition(".")[0] == fact}
    found = [tie for tie in ties if not columns or tie.name.column in columns]
    return [tie for tie in found if tie.who == subject] or found
