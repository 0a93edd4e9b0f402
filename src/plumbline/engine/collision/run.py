"""One run: models x snapshot x as-of date. The same inputs give the same collisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from datetime import date, datetime
from fractions import Fraction
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pyarrow as pa

import plumbline
from plumbline.engine.backend import Duck, Engine, open_duckdb
from plumbline.engine.collision.decided import Decided
from plumbline.engine.collision.gather import Tally, gathered, tally
from plumbline.engine.collision.increment import LOOKS_BACK, WANTED, Increment, Seen, Way
from plumbline.engine.collision.kept import keep
from plumbline.engine.collision.on_spark import finding
from plumbline.engine.collision.past import newest, past, up_to, what_was_read
from plumbline.engine.collision.register import TABLES, Entry, enter, runs
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.line.compile import Compiled
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import filtered, plain_scope
from plumbline.engine.linkage.identity import identity
from plumbline.engine.linkage.view import Ties, lay_views
from plumbline.errors import RunError, Text

Progress = Callable[[str, int, int], None]  # model, how many are done, of how many


@dataclass(frozen=True)
class ModelResult:
    """What one model found.

    Attributes:
        held: why the result was held back, if its flag rate is outside the expected band.
        skipped: why the model did not run.
        way: in full, or what of it was judged anew since the last run, and why.
        spilled: bytes that lay on disk at most while it ran, for want of memory.
    """

    model: str
    status: str
    tally: Tally | None = None
    rows: int = 0  # rows of the fact that the flag rate is per
    flagged_rows: int = 0
    held: Text | None = None
    skipped: Text | None = None
    way: Way | None = None
    spilled: int = 0


@dataclass(frozen=True)
class Run:
    """A finished run: number, date, what each model found, and how the registers changed.

    Attributes:
        backdated: the as-of date of a later run that went before, if there is one. A run that looks
            back enters nothing: it would withdraw what is known by now. It reads what was recorded then.
        saw: number of the run whose recorded registers a run that looks back has read; None if there is
            none, and it read today's, without rows whose own date is later.
        changes: register -> what became of its warnings -> how many.
    """

    number: int
    as_of: date
    results: tuple[ModelResult, ...]
    backdated: date | None = None
    saw: int | None = None
    changes: Mapping[str, Mapping[str, int]] = field(default_factory=dict)  # table -> state -> n

    @property
    def read(self) -> Text | None:
        """What a run that looks back has read, in words."""
        return what_was_read(self.saw) if self.backdated else None


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
    store: Store,
    datasets: Mapping[str, Dataset],
    snapshots: Mapping[str, Snapshot],
    ties: Ties,
) -> Iterator[Duck]:
    """A connection in which each dataset is a view of its snapshot, with whom its rows are about."""
    with open_duckdb(store.limits) as duck:
        lay_views(duck, datasets, snapshots, ties)
        yield duck


def collide(  # noqa: PLR0913 -- all that a run is told
    store: Store,
    models: Sequence[SupervisionModel],
    *,
    at: datetime,
    as_of: date,
    accept: Mapping[str, str] | None = None,
    progress: Progress | None = None,
    decided: Decided | None = None,
    full: bool = False,
    engine: Engine | None = None,
) -> Run:
    """Run models over the newest snapshots and enter what they find into the registers.

    Args:
        at: when the run takes place; the engine has no clock.
        as_of: the date that models call `as_of`. Where a run went before by a later one, what is read is what
            was recorded by then, and nothing is entered.
        accept: model -> reason, to let in a result outside its expected flag rate.
        decided: statuses and exceptions that hold for this run.
        full: judge everything again, and not only what may have changed since the last run.
        engine: what works the models out; on Spark always in full.

    Raises:
        RunError, StoreError, DeclarationError.
    """
    datasets = {d.name: d for model in models for d in model.facts.values()}
    loaded = {name: store.snapshot(name) for name in datasets if store.version(name) is not None}
    with store.writing() as scratch:
        earlier = runs(store)
        number = max(earlier, default=0) + 1
        who = identity(store)
        later = _later(store, as_of)
        then = past(store, [*datasets], as_of) if later else None
        if then:
            loaded, who = dict(then.snapshots), then.who
        seen = _Seen(
            store, loaded, who, as_of, number, at, models, accept or {}, decided or Decided(),
            WANTED if full else None, None if later else scratch,
        )  # fmt: skip
        if later:
            seen = replace(seen, way=LOOKS_BACK, up_to=then is None)
        with (
            opened(store, datasets, loaded, who.ties()) as duck,
            finding(engine or Engine(), store, datasets, loaded, who.ties()) as (find, versions),
        ):
            seen = replace(seen, find=find, versions=versions)
            if versions:
                seen = replace(seen, way=seen.way or WANTED)
            duck.watch_spill()
            results, found = _run_all(duck, seen, progress)
            if later:
                return Run(number, as_of, results, backdated=later, saw=then.run if then else None)
            _keep_texts(store, models, datasets)
            ripples = _lay_ripples(duck, seen, earlier)
            entry = Entry(number, _manifest(seen, results), scratch, ripples)
            changes = {}
            for table in TABLES:
                ran = [
                    r.model for r in results if not (r.held or r.skipped)
                    and (table == "trials" or _table(r.status) == "warnings")
                ]  # fmt: skip
                changes[table] = enter(store, duck, table, found[table], ran, entry)
    return Run(number, as_of, results, changes=changes)


def plan(
    store: Store,
    models: Sequence[SupervisionModel],
    *,
    as_of: date,
    decided: Decided | None = None,
) -> dict[str, Way | Text]:
    """The way each model would run now, or why it would not; nothing is run."""
    datasets = {d.name: d for model in models for d in model.facts.values()}
    loaded = {name: store.snapshot(name) for name in datasets if store.version(name) is not None}
    who, decided = identity(store), decided or Decided()
    if _later(store, as_of):
        then = past(store, [*datasets], as_of)
        known = then.snapshots if then else loaded
        return {m.name: _hindered(m, known, as_of) or LOOKS_BACK for m in models}
    seen = Seen(store, loaded, who, as_of)
    found: dict[str, Way | Text] = {}
    with opened(store, datasets, loaded, who.ties()) as duck:
        for model in models:
            excepted = decided.excepted(model, as_of)
            found[model.name] = (
                _hindered(model, loaded, as_of) or Increment(duck, seen, model, excepted).way
            )
    return found


def _later(store: Store, as_of: date) -> date | None:
    """The date of the newest run, where it is later than this one."""
    last = newest(store)
    return last if last and as_of < last else None


def _hindered(model: SupervisionModel, loaded: Mapping[str, Snapshot], as_of: date) -> Text | None:
    """Why a model cannot run."""
    if missing := sorted({d.name for d in model.facts.values()} - set(loaded)):
        names = ", ".join(missing)
        return Text(f"还没有这些数据：{names}", f"nothing is loaded for: {names}")
    if model.has_expired(as_of):
        on = model.declared.expires_on
        return Text(
            f"模型已于 {on} 到期，须复审续期", f"the model expired on {on} and must be renewed"
        )
    return None


@dataclass(frozen=True)
class _Seen(Seen):
    """What a run is given: it can be repeated from this.

    Attributes:
        way: how all models run; None where each is to find its own.
        scratch: where results are written that are to be kept; None if they are not.
        up_to: are rows left out whose own date is later than the run's?
        versions: of what the models run on, beside DuckDB.
    """

    number: int
    at: datetime
    models: Sequence[SupervisionModel]
    accept: Mapping[str, str]
    decided: Decided
    way: Way | None
    scratch: Path | None
    up_to: bool = False
    versions: Mapping[str, str] = field(default_factory=dict)


def _run_all(
    duck: Duck, seen: _Seen, progress: Progress | None
) -> tuple[tuple[ModelResult, ...], dict[str, list[str]]]:
    """Every model's result, and for each register the SQL of what is to be entered."""
    results: list[ModelResult] = []
    found: dict[str, list[str]] = {table: [] for table in TABLES}
    for done, model in enumerate(seen.models):
        if progress:
            progress(model.name, done, len(seen.models))
        result, increment = _run_model(duck, model, seen)
        results.append(result)
        if increment and not result.held:
            compiled = increment.compiled
            name = f"found:{model.name}"
            table = _table(result.status)
            found[table].append(gathered(name, compiled, "warning"))
            if table == "warnings":
                found["questions"].append(gathered(name, compiled, "question"))
                found["candidates"].append(gathered(name, compiled, "candidate"))
    if progress:
        progress("", len(seen.models), len(seen.models))
    return tuple(results), found


def _lay_ripples(duck: Duck, seen: _Seen, earlier: Mapping[int, Mapping[str, Any]]) -> str:
    """Which rows are tied otherwise than the last run saw them; see `Entry.ripples`."""
    before = earlier[max(earlier)].get("identity") if earlier else None
    if before is None or before["number"] == seen.who.number:
        return ""
    places = [(m.name, fact, d.name) for m in seen.models for fact, d in m.facts.items()]
    columns = zip(*places, strict=True) if places else ((), (), ())
    named = dict(zip(("model", "fact", "dataset"), map(list, columns), strict=True))
    duck.register("places_given", pa.table(named))
    duck.run("CREATE TEMP TABLE places AS SELECT * FROM places_given")
    duck.run(
        "CREATE TEMP TABLE ripples AS SELECT dataset, row, CAST(before AS JSON) AS before, "
        "TO_JSON({'who': who, 'tier': tier, 'by': via}) AS after, CAST(why AS JSON) AS because "
        f"FROM {seen.who.relation()} WHERE kind = 'change' AND number > {before['number']}"
    )
    return "ripples"


def _table(status: str) -> str:
    """Where a model's warnings go; what is not live is told to nobody, and withdraws nothing."""
    return "warnings" if status == "live" else "trials"


def _run_model(
    duck: Duck, model: SupervisionModel, seen: _Seen
) -> tuple[ModelResult, Increment | None]:
    status = seen.decided.status_of(model)
    if skipped := _hindered(model, seen.loaded, seen.as_of):
        return ModelResult(model.name, status, skipped=skipped), None
    focus = up_to(model, seen.as_of) if seen.up_to else None
    increment = Increment(duck, seen, model, seen.decided.excepted(model, seen.as_of), focus)
    name = f"found:{model.name}"
    way = increment.run(name, seen.way)
    spilled = duck.spilled()
    if (
        seen.scratch and way.how != "kept"
    ):  # at once, so that a run that is broken off goes on from here
        keep(seen.store, duck, model.name, name, increment.state, seen.scratch)
    counted = tally(duck, name, increment.compiled)
    rows, flagged = _rate(duck, model, increment.compiled, seen.loaded)
    held = None if model.name in seen.accept else _outside(model, rows, flagged)
    result = ModelResult(model.name, status, counted, rows, flagged, held, way=way, spilled=spilled)
    return result, increment


def _rate(
    duck: Duck, model: SupervisionModel, compiled: Compiled, loaded: Mapping[str, Snapshot]
) -> tuple[int, int]:
    """Rows of the fact that the flag rate is per, and how many of them are flagged."""
    per, found = model.declared.expect.per, f"found:{model.name}"
    rows = loaded[model.facts[per].name].rows
    if model.declared.facts[per].where is not None:
        dataset = sql.name(model.facts[per].name)
        takes_part = filtered(model, per, plain_scope(model), lambda _, c: f"{dataset}.{c}")
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


def _manifest(seen: _Seen, results: Sequence[ModelResult]) -> dict[str, Any]:
    """Everything that is needed to repeat the run on exactly what it saw."""
    return {
        "number": seen.number,
        "at": seen.at.isoformat(),
        "as_of": seen.as_of.isoformat(),
        "engine": {
            "plumbline": plumbline.__version__,
            "duckdb": version("duckdb"),
            **seen.versions,
        },
        "identity": seen.who.pin(),
        "datasets": {n: seen.store.pin(snapshot) for n, snapshot in sorted(seen.loaded.items())},
        "models": {
            model.name: {
                "version": model.declared.version,
                "fingerprint": model.fingerprint,
                "declarations": {d.name: d.fingerprint for d in model.facts.values()},
                "settings": model.declared.settings,
            }
            for model in seen.models
        },
        "results": [asdict(result) for result in results],
        "accepted": dict(seen.accept),
        **seen.decided.pin(),
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
