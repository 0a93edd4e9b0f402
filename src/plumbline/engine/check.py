"""Checking models: their text is linted and their cases are run, by as many processes as are worth it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.engine.backend import Engine, Limits, Tables, open_duckdb, open_spark
from plumbline.engine.collision.trial import Outcome, try_cases
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.hands import share_out
from plumbline.engine.line.cases import Cases, Kind
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.sentence import check_sentence
from plumbline.errors import PlumblineError

#: A process takes a second to start, in which four models are checked.
_WORTH_A_HAND = 4


@dataclass(frozen=True)
class Checked:
    """A model after `check`: what is wrong with its text, and how its cases came out."""

    model: str
    problem: PlumblineError | None
    outcomes: tuple[Outcome, ...]
    missing_kinds: tuple[Kind, ...]

    @property
    def passed(self) -> bool:
        return (
            self.problem is None and not self.missing_kinds and all(o.passed for o in self.outcomes)
        )


def check(
    folders: Mapping[str, Path],
    datasets: Mapping[str, Dataset],
    limits: Limits,
    engine: Engine | None = None,
) -> list[Checked]:
    """Lint models and run their cases; wrong ones are reported, not raised.

    Args:
        folders: models by name, in the order of the answer.
        engine: what runs the cases; default DuckDB.
    """
    if engine is not None and engine.name == "spark":
        with open_spark(engine.spark, limits, small=True) as spark:
            return [_checked(name, folder, datasets, spark) for name, folder in folders.items()]
    names = list(folders)
    hands = min(limits.cores, len(names) // _WORTH_A_HAND)
    if hands < 2:
        return _check(folders, datasets, limits)
    shares = [names[hand::hands] for hand in range(hands)]
    jobs = [
        ({name: folders[name] for name in share}, datasets, limits.shared_by(hands))
        for share in shares
    ]
    checked = {each.model: each for share in share_out(_check, jobs, hands=hands) for each in share}
    return [checked[name] for name in names]


def _check(
    folders: Mapping[str, Path], datasets: Mapping[str, Dataset], limits: Limits
) -> list[Checked]:
    # a case has a handful of rows, which threads would only hand to and fro
    with open_duckdb(replace(limits, threads=1)) as duck:
        return [_checked(name, folder, datasets, duck) for name, folder in folders.items()]


def _checked(name: str, folder: Path, datasets: Mapping[str, Dataset], on: Tables) -> Checked:
    missing: list[Kind] = []
    try:
        model = SupervisionModel(folder, datasets)
        compiled = compile_model(model)
        check_sentence(model, [f"{model.declared.shape}.{f}" for f in compiled.figures])
        cases = Cases(model)
        missing = cases.missing_kinds()
        return Checked(name, None, tuple(try_cases(on, model, cases)), tuple(missing))
    except PlumblineError as problem:
        return Checked(name, problem, (), tuple(missing))
