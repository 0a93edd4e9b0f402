"""One run: models x snapshot x as-of date. The same inputs give the same collisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import date, datetime
from fractions import Fraction
from importlib.metadata import version
from typing import Any

import plumbline
from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.collision.gather import Tally, find, gathered, tally, union
from plumbline.engine.collision.register import merged
from plumbline.engine.collision.warning import FIELDS
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.types import Field
from plumbline.engine.line.compile import Compiled, compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import filtered, plain_scope
from plumbline.errors import RunError, Text

Progress = Callable[[str, int, int], None]  # model, how many are done, of how many

#: Where results are kept: what is told to people, what is only tried, questions to departments,
#: and pairs that share nothing but a name.
TABLES = ("warnings", "trials", "questions", "candidates")


@dataclass(frozen=True)
class ModelResult:
    """What one model found.

    Attributes:
        held: why the result was held back, if its flag rate is outside the expected band.
        skipped: why the model did not run.
    """

    model: str
    status: str
    tally: Tally | None = None
    rows: int = 0  # rows of the fact that the flag rate is per
    flagged_rows: int = 0
    held: Text | None = None
    skipped: Text | None = None


@dataclass(frozen=True)
class Run:
    """A finished run: number, date, what each model found, and how the registers changed.

    Attributes:
        backdated: the as-of date of a later run that went before, if there is one. A run that looks
            back enters nothing: it would withdraw what is known by now.
        changes: register -> what became of its warnings -> how many.
    """

    number: int
    as_of: date
    results: tuple[ModelResult, ...]
    backdated: date | None = None
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # table -> state -> n


def latest_as_of(snapshots: Sequence[Snapshot]) -> date:
    """The date of a run that names none: the latest as-of among the deliveries."""
    dates = [snapshot.as_of for snapshot in snapshots if snapshot.as_of]
    if not dates:
        raise RunError(
            Text("还没有装入任何数据", "nothing is loaded yet"),
            hint=Text("先执行 plumbline load", "run plumbline load first"),
        )
    return max(dates)


@contextmanager
def opened(
    store: Store, datasets: Mapping[str, Dataset], snapshots: Mapping[str, Snapshot]
) -> Iterator[Duck]:
    """A connection in which each dataset is a view of its snapshot."""
    with open_duckdb(store.limits) as duck:
        for name, snapshot in snapshots.items():
            relation = snapshot.relation(datasets[name].fields)
            duck.run(f"CREATE TEMP VIEW {sql.name(name)} AS SELECT * FROM {relation}")
        yield duck


def collide(
    store: Store,
    models: Sequence[SupervisionModel],
    *,
    at: datetime,
    as_of: date,
    accept: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> Run:
    """Run models over the newest snapshots and enter what they find into the registers.

    Args:
        at: when the run takes place; the engine has no clock.
        as_of: the date that models call `as_of`.
        accept: model -> reason, to let in a result outside its expected flag rate.

    Raises:
        RunError, StoreError, DeclarationError.
    """
    datasets = {d.name: d for model in models for d in model.facts.values()}
    loaded = {name: store.snapshot(name) for name in datasets if store.version(name) is not None}
    with store.writing() as scratch:
        earlier = runs(store)
        number = max(earlier, default=0) + 1
        newest = max((date.fromisoformat(run["as_of"]) for run in earlier.values()), default=as_of)
        with opened(store, datasets, loaded) as duck:
            results, found = [], {table: [] for table in TABLES}  # type: ignore[var-annotated]
            for done, model in enumerate(models):
                if progress:
                    progress(model.name, done, len(models))
                result, compiled = _run_model(duck, model, loaded, as_of, accept or {})
                results.append(result)
                if compiled and not result.held:
                    name = f"found:{model.name}"
                    table = _table(model.declared.status)
                    found[table].append(gathered(name, compiled, "warning"))
                    if table == "warnings":
                        found["questions"].append(gathered(name, compiled, "question"))
                        found["candidates"].append(gathered(name, compiled, "candidate"))
            if progress:
                progress("", len(models), len(models))
            ran = {
                table: [r.model for r in results if not (r.held or r.skipped)
                        and (table == "trials" or _table(r.status) == "warnings")]
                for table in TABLES
            }  # fmt: skip
            if as_of < newest:
                return Run(number, as_of, tuple(results), backdated=newest)
            info = _manifest(store, number, at, as_of, models, loaded, results, accept or {})
            _keep_texts(store, models, datasets)
            changes = {
                table: _enter(store, duck, scratch, table, selects, number, ran[table], info)
                for table, selects in found.items()
            }
    return Run(number, as_of, tuple(results), changes=changes)


def _table(status: str) -> str:
    """Where a model's warnings go; what is not live is told to nobody, and withdraws nothing."""
    return "warnings" if status == "live" else "trials"


def _run_model(
    duck: Duck,
    model: SupervisionModel,
    loaded: Mapping[str, Snapshot],
    as_of: date,
    accept: Mapping[str, str],
) -> tuple[ModelResult, Compiled | None]:
    status = model.declared.status
    missing = sorted({d.name for d in model.facts.values()} - set(loaded))
    if missing:
        names = ", ".join(missing)
        skipped = Text(f"还没有这些数据：{names}", f"nothing is loaded for: {names}")
        return ModelResult(model.name, status, skipped=skipped), None
    if model.has_expired(as_of):
        on = model.declared.expires_on
        skipped = Text(f"模型已于 {on} 到期，须复审续期", f"the model expired on {on} and must be renewed")
        return ModelResult(model.name, status, skipped=skipped), None
    compiled = compile_model(model)
    name = f"found:{model.name}"
    find(duck, compiled.on(as_of), name)
    counted = tally(duck, name, compiled)
    rows, flagged = _rate(duck, model, compiled, name)
    held = None if model.name in accept else _outside(model, rows, flagged)
    return ModelResult(model.name, status, counted, rows, flagged, held), compiled


def _rate(duck: Duck, model: SupervisionModel, compiled: Compiled, found: str) -> tuple[int, int]:
    """Rows of the fact that the flag rate is per, and how many of them are flagged."""
    per = model.declared.expect.per
    dataset = sql.name(model.facts[per].name)
    takes_part = filtered(model, per, plain_scope(model), lambda _, column: f"{dataset}.{column}")
    ((rows,),) = duck.run(f"SELECT COUNT(*) FROM {dataset} WHERE {takes_part}")
    counted = f"row_{per}" if per in compiled.evidence else f"row_{compiled.evidence[0]}"
    ((flagged,),) = duck.run(
        f"SELECT COUNT(DISTINCT {counted}) FROM {sql.name(found)} WHERE verdict = 'flag'"
    )
    return rows, flagged


def _outside(model: SupervisionModel, rows: int, flagged: int) -> Text | None:
    """Why a result is held back: a model that suddenly flags a third of a county is broken."""
    low, high = model.flag_rate
    share = Fraction(100 * flagged, rows) if rows else Fraction(0)
    if low <= share <= high:
        return None
    shown = f"{float(share):.2f}%"
    return Text(
        f"命中率 {shown}（{flagged}/{rows}）不在预期 {model.declared.expect.flag_rate} 之内，结果暂不入库；查明后用 --accept 放行",
        f"flag rate {shown} ({flagged}/{rows}) is outside the expected {model.declared.expect.flag_rate}; "
        "the result is held back until --accept lets it in",
    )


def _enter(
    store: Store,
    duck: Duck,
    scratch: Any,
    table: str,
    selects: Sequence[str],
    number: int,
    ran: Sequence[str],
    info: Mapping[str, Any],
) -> Mapping[str, int]:
    """Enter what was found into a register; one commit.

    The register of warnings records every run, also one that found nothing.
    """
    register = store.table(table)
    if register.version is None and not selects and table != "warnings":
        return {}
    before = None
    if register.version is not None:
        duck.run(f"CREATE OR REPLACE TEMP VIEW before AS SELECT * FROM {relation(store, table)}")
        before = "before"
    columns = ", ".join(f"CAST(NULL AS {f.sql}) AS {f.suffix}" for f in FIELDS[:10])
    source = union(selects) if selects else f"SELECT {columns} WHERE false"
    duck.run(f"CREATE OR REPLACE TEMP TABLE entering AS {source}")
    listed = ", ".join(f"CAST({f.suffix} AS {f.sql}) AS {f.suffix}" for f in FIELDS)
    duck.run(
        "CREATE OR REPLACE TEMP TABLE entered AS "
        f"SELECT {listed} FROM ({merged(before, 'entering', number, ran)})"
    )
    staged = register.stage(duck, "SELECT * FROM entered", scratch, ["key"])
    register.commit(staged, FIELDS, {"run": dict(info)}, replace=True)
    counts = duck.run(
        "SELECT CASE WHEN state = 'open' AND raised_in = ? THEN 'raised' "
        "WHEN changed_in = ? AND state = 'withdrawn' THEN 'withdrawn' "
        "WHEN changed_in = ? THEN 'changed' WHEN state = 'open' THEN 'unchanged' ELSE 'gone' END AS what, "
        "COUNT(*) FROM entered GROUP BY what ORDER BY what",
        [number, number, number],
    )
    return {what: n for what, n in counts}


def relation(store: Store, table: str, upto: int | None = None) -> str:
    """SQL for a register's rows, to stand after FROM."""
    register = store.table(table)
    newest = register.version if upto is None else upto
    if newest is None:
        columns = ", ".join(f"CAST(NULL AS {f.sql}) AS {f.suffix}" for f in FIELDS)
        return f"(SELECT {columns} WHERE false)"
    files = register.files(newest)
    return Snapshot(
        dataset=table, version=newest, as_of=None, batches=(), files=files,
        schema=tuple(Field(*f) for f in FIELDS), root=store.root,
    ).relation(FIELDS)  # fmt: skip


def runs(store: Store) -> dict[int, dict[str, Any]]:
    """Every run's manifest by number."""
    found: dict[int, dict[str, Any]] = {}
    for table in TABLES:
        for commit in store.table(table).commits():
            if "run" in commit.info:
                found[commit.info["run"]["number"]] = commit.info["run"]
    return dict(sorted(found.items()))


def _manifest(
    store: Store,
    number: int,
    at: datetime,
    as_of: date,
    models: Sequence[SupervisionModel],
    loaded: Mapping[str, Snapshot],
    results: Sequence[ModelResult],
    accept: Mapping[str, str],
) -> dict[str, Any]:
    """Everything that is needed to repeat the run on exactly what it saw."""
    return {
        "number": number,
        "at": at.isoformat(),
        "as_of": as_of.isoformat(),
        "engine": {"plumbline": plumbline.__version__, "duckdb": version("duckdb")},
        "datasets": {name: store.pin(snapshot) for name, snapshot in sorted(loaded.items())},
        "models": {
            model.name: {
                "version": model.declared.version,
                "fingerprint": model.fingerprint,
                "declarations": {d.name: d.fingerprint for d in model.facts.values()},
                "settings": model.declared.settings,
            }
            for model in models
        },
        "results": [asdict(result) for result in results],
        "accepted": dict(accept),
    }


def _keep_texts(
    store: Store, models: Sequence[SupervisionModel], datasets: Mapping[str, Dataset]
) -> None:
    """Keep the text of each model and declaration, so that a run can be repeated after they change."""
    texts = store.root / "texts"
    texts.mkdir(exist_ok=True)
    for fingerprint, text in [
        *((model.fingerprint, model.text) for model in models),
        *((dataset.fingerprint, dataset.text) for dataset in datasets.values()),
    ]:
        kept = texts / f"{fingerprint}.yml"
        if not kept.exists():
            draft = kept.with_suffix(".draft")
            draft.write_text(text, encoding="utf-8")
            draft.replace(kept)


