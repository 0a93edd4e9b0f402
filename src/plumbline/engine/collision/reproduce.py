"""A warning recomputed from the recorded state of the data and the recorded text of its model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import plumbline
from plumbline.engine.collision.decided import Decided, decided_in
from plumbline.engine.collision.explain import focus_on
from plumbline.engine.collision.gather import find, gathered
from plumbline.engine.collision.register import runs
from plumbline.engine.collision.run import opened
from plumbline.engine.collision.warning import EarlyWarning
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.types import Country
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.linkage.identity import Identity, pinned
from plumbline.errors import PurgedError, RunError, Text


@dataclass(frozen=True)
class Difference:
    """Something that came out otherwise when it was recomputed."""

    what: Text
    recorded: str
    recomputed: str


@dataclass(frozen=True)
class Recorded:
    """What a run saw: the model and declarations as they were then, the snapshots, the date.

    Attributes:
        purged: says so, where snapshots or identity map were purged since; they are empty then.
    """

    model: SupervisionModel
    snapshots: Mapping[str, Snapshot]
    datasets: Mapping[str, Dataset]
    as_of: date
    engine: Mapping[str, str]
    who: Identity
    decided: Decided
    purged: PurgedError | None = None

    def whole(self) -> Recorded:
        """Itself, if the rows that the run saw are still there.

        Raises:
            PurgedError: some were purged at the end of their retention; the texts are there all the same.
        """
        if self.purged:
            raise self.purged
        return self

    @property
    def excepted(self) -> dict[str, str]:
        return self.decided.excepted(self.model, self.as_of)


@dataclass(frozen=True)
class Reproduction:
    """`same` if the recomputed warning equals the recorded one in every respect."""

    warning: EarlyWarning
    differences: tuple[Difference, ...]
    engine_then: Mapping[str, str]
    engine_now: Mapping[str, str]

    @property
    def same(self) -> bool:
        return not self.differences


def recorded(
    store: Store, warning: EarlyWarning, country: Country, *, verify: bool = False
) -> Recorded:
    """What the run saw that last found the warning; see `recorded_run`."""
    return recorded_run(store, warning.seen_in, warning.model, country, verify=verify)


def recorded_run(
    store: Store, run: int, name: str, country: Country, *, verify: bool = False
) -> Recorded:
    """What a run saw, as far as one model needs it.

    Raises:
        RunError: the run or a text is not in the store. StoreError: a data file is gone or altered, other
            than by a purge: that is for `Recorded.whole` to say.
    """
    manifest = runs(store).get(run)
    if manifest is None or name not in manifest["models"]:
        raise RunError(
            Text(
                f"库中没有第 {run} 次运行的记录",
                f"run {run} is not recorded",
            ),
            where=name,
        )
    of_model = manifest["models"][name]
    with TemporaryDirectory() as scratch:
        datasets = {
            each: Dataset(_text(store, fingerprint, Path(scratch) / f"{each}.yml"), country)
            for each, fingerprint in of_model["declarations"].items()
        }
        folder = Path(scratch) / name
        folder.mkdir()
        _text(store, of_model["fingerprint"], folder / "model.yml")
        model = SupervisionModel(folder, datasets)
    purged, snapshots, who = None, dict[str, Snapshot](), pinned(store, None)
    try:
        snapshots = {n: store.pinned(manifest["datasets"][n], verify=verify) for n in datasets}
        who = pinned(store, manifest.get("identity"), verify=verify)
    except PurgedError as error:
        purged = error
    return Recorded(
        model,
        snapshots,
        datasets,
        date.fromisoformat(manifest["as_of"]),
        manifest["engine"],
        who,
        decided_in(store, manifest, [model.name]),
        purged,
    )


def reproduce(
    store: Store, warning: EarlyWarning, country: Country, *, kind: str = "warning"
) -> Reproduction:
    """Recompute a warning from what its run saw; every data file is checked byte for byte.

    Raises:
        PurgedError: rows that the run saw were purged: when, and under which rule.
    """
    then = recorded(store, warning, country, verify=True).whole()
    focus = focus_on(then.model, warning.subject)
    compiled = compile_model(then.model, focus=focus, excepted=then.excepted)
    with opened(store, then.datasets, then.snapshots, then.who.ties()) as duck:
        find(duck, compiled.on(then.as_of), "found")
        rows = duck.arrow(
            f"SELECT * FROM ({gathered('found', compiled, kind)}) WHERE key = ?", [warning.key]
        ).to_pylist()
    now = {"plumbline": plumbline.__version__, "duckdb": version("duckdb")}
    differences = tuple(_differences(warning, rows[0])) if rows else (
        Difference(Text("预警", "warning"), warning.key, "—"),
    )  # fmt: skip
    return Reproduction(warning, differences, then.engine, now)


def _differences(warning: EarlyWarning, row: Mapping[str, Any]) -> list[Difference]:
    evidence = json.dumps(
        [{"fact": e.fact, "row": e.row, "digest": e.digest} for e in warning.evidence]
    )
    compared = [
        (Text("级别", "level"), warning.level, row["level"]),
        (Text("身份等级", "identity tier"), warning.tier, row["tier"]),
        (Text("对象", "subject"), list(warning.per), json.loads(row["per"])),
        (Text("计算结果", "figures"), dict(warning.figures), json.loads(row["figures"])),
        (Text("证据", "evidence"), json.loads(evidence), json.loads(row["evidence"])),
    ]
    return [
        Difference(what, str(before), str(after))
        for what, before, after in compared
        if before != after
    ]


def _text(store: Store, fingerprint: str, into: Path) -> Path:
    kept = store.root / "texts" / f"{fingerprint}.yml"
    if not kept.is_file():
        raise RunError(
            Text(
                "当时的模型或声明文本不在库中",
                "the text of the model or declaration is not in the store",
            ),
            where=str(kept),
        )
    into.write_bytes(kept.read_bytes())
    return into
