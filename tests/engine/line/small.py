"""Small models over small datasets, written in a line or two, judged by the real statement.

`Office(folder)` declares datasets and models as their files would; `judge` lays rows out as a
department would deliver them and runs what `compile_model` made of the model.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from plumbline.engine.backend import Duck
from plumbline.engine.collision.trial import doubt_nothing, lay_out
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.types import Country, country_pack
from plumbline.engine.fact.types.cn.person_id import check_character
from plumbline.engine.line.cases import with_invented
from plumbline.engine.line.compile import Compiled, compile_model
from plumbline.engine.line.model import SupervisionModel

AS_OF = date(2025, 12, 31)

Row = dict[str, str | None]
Rows = Mapping[str, Sequence[Row]]  # dataset -> rows as delivered


def invented() -> Country:
    """The country with the province of invented people."""
    return with_invented(country_pack(None))


def number(serial: int, born: str = "19900101") -> str:
    """A citizen number of nobody, valid by its check character."""
    first17 = f"380101{born}{serial:03d}"
    return first17 + check_character(first17)


def declaration(name: str, columns: Mapping[str, Any], **more: Any) -> str:
    """The text of a dataset; a column is its type, or its type with options."""
    full = {
        column: {"from": column, **({"type": what} if isinstance(what, str) else what)}
        for column, what in columns.items()
    }
    words = {"zh": name, "en": name}
    told = {
        "dataset": name, "title": words, "department": words, "legal_basis": words,
        "purpose": words, "retention": "1 year", "delivery": {"kind": "full"},
        **more, "columns": full,
    }  # fmt: skip
    return json.dumps(told, ensure_ascii=False, indent=1)


def written(name: str, **slots: Any) -> str:
    """The text of a model: what `slots` say, and the rest so that it loads."""
    words = {"zh": name, "en": name}
    first = next(iter(slots["facts"]))
    per = slots["one_warning_per"]
    subject = per if isinstance(per, str) else per[0]
    named = slots.get("same", {}).get(subject, [subject])[0].rstrip("?")
    named = named if named.partition(".")[0] in slots["facts"] else f"{first}.id"
    told = {
        "model": name, "title": words, "theme": "small", "status": "live", "question": words,
        "line": {"says": words, "basis": [{"law": "law"}]}, "supervises": named,
        "in_force_on": "as_of",
        "grade": {"yellow": "otherwise"}, "say": words, "check": {"zh": ["看"]},
        "innocent": {"zh": ["无"]}, "send_to": {"by": named},
        "expect": {"flag_rate": "0%..100%", "per": first},
        **slots,
    }  # fmt: skip
    return json.dumps(
        {k: v for k, v in told.items() if v is not None}, ensure_ascii=False, indent=1
    )


class Office:
    """A folder of datasets and models."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.country = invented()
        self.datasets: dict[str, Dataset] = {}

    def dataset(self, name: str, columns: Mapping[str, Any], **more: Any) -> Dataset:
        path = self.folder / "datasets" / f"{name}.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(declaration(name, columns, **more), encoding="utf-8")
        self.datasets[name] = Dataset(path, self.country)
        return self.datasets[name]

    def model(self, name: str = "small", **slots: Any) -> SupervisionModel:
        path = self.folder / "models" / name / "model.yml"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(written(name, **slots), encoding="utf-8")
        return SupervisionModel(path.parent, self.datasets)

    def compiled(self, **slots: Any) -> Compiled:
        return compile_model(self.model(**slots))

    def refused(self, **slots: Any) -> str:
        """What is said of a model that does not compile, without the folder's path."""
        try:
            compile_model(self.model(**slots))
        except Exception as error:  # noqa: BLE001 -- the test looks at what it says
            return str(error).replace(f"{self.folder}/", "")
        return "compiles"


def lay_all_out(duck: Duck, model: SupervisionModel, rows: Rows) -> None:
    doubt_nothing(duck)
    for dataset in model.facts.values():
        lay_out(duck, dataset, list(rows.get(dataset.name, [])))


def found(duck: Duck, compiled: Compiled, rows: Rows, as_of: date = AS_OF) -> list[dict[str, Any]]:
    """Every candidate that is not clear, as the statement returns it."""
    lay_all_out(duck, compiled.model, rows)
    return duck.arrow(compiled.on(as_of)).to_pylist()


def judge(
    duck: Duck, compiled: Compiled, rows: Rows, as_of: date = AS_OF
) -> dict[tuple[str, ...], str]:
    """The verdict of each group of `one_warning_per` that is not clear."""
    strongest: dict[tuple[str, ...], str] = {}
    order = ("flag", "cannot_tell", "left_out", "clear")
    for row in found(duck, compiled, rows, as_of):
        per = tuple(row[name] for name in compiled.per)
        strongest[per] = min(row["verdict"], strongest.get(per, "clear"), key=order.index)
    return strongest


def one(duck: Duck, compiled: Compiled, rows: Rows, as_of: date = AS_OF) -> str:
    """The strongest verdict of all."""
    verdicts = judge(duck, compiled, rows, as_of).values()
    order = ("flag", "cannot_tell", "left_out", "clear")
    return min([*verdicts, "clear"], key=order.index)
