"""A workspace: a folder with `plumbline.toml`, `inbox/`, `store/`, and its own `catalog/`.

The workspace's catalog lies over the packaged one: a dataset or model of the same name replaces it.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from functools import cached_property
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal, TypeVar, get_args

from plumbline.engine.backend import LOCAL, Engine, EngineName, Limits, open_duckdb
from plumbline.engine.catalog import packaged_catalog
from plumbline.engine.check import Checked, check
from plumbline.engine.collision.backtest import Backtest, backtest, months
from plumbline.engine.collision.beside import Side, chosen, sides
from plumbline.engine.collision.decided import (
    Decided,
    SubjectException,
    decided_in,
    excepted,
    kind_of,
    subjects,
)
from plumbline.engine.collision.draw import Drawn, draw_unflagged
from plumbline.engine.collision.entities import Manner, Resting, entities
from plumbline.engine.collision.evidence import FactRow, fetch
from plumbline.engine.collision.explain import Explanation, explain, rows_about, with_ties
from plumbline.engine.collision.increment import Way
from plumbline.engine.collision.monthly import MonthCount, monthly
from plumbline.engine.collision.past import newest, past, up_to, what_was_read
from plumbline.engine.collision.proof import Proof, proof
from plumbline.engine.collision.purge import (
    DueBatch,
    all_due,
    approve,
    carry_out_facts,
    carry_out_linkage,
    propose,
    purge_numbered,
    withdraw_proposal,
)
from plumbline.engine.collision.register import relation, runs
from plumbline.engine.collision.reproduce import (
    Recorded,
    Reproduction,
    recorded,
    recorded_run,
    reproduce,
)
from plumbline.engine.collision.rests import Tie, concerned, ties_of
from plumbline.engine.collision.run import Progress, Run, collide, latest_as_of, opened, plan
from plumbline.engine.collision.tell import at_stake, per_in_words, sentence
from plumbline.engine.collision.warning import FIELDS, EarlyWarning
from plumbline.engine.fact import sql
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.corrections import Exported, export, take_back
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.document import Document, did_you_mean
from plumbline.engine.fact.durable import make_folder, sha256_of
from plumbline.engine.fact.load import AlreadyLoaded, Result, Stray, let_in, load_inbox
from plumbline.engine.fact.purged import Act, Purge, purges
from plumbline.engine.fact.quarantine import Count, Quarantined, counts, waiting_rows
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.fact.types import Country, country_pack
from plumbline.engine.line.cases import with_invented
from plumbline.engine.line.compile import Dialect, compile_model
from plumbline.engine.line.model import Level, Status, SupervisionModel
from plumbline.engine.line.sentence import check_sentence
from plumbline.engine.line.skeleton import write_skeleton
from plumbline.engine.linkage.appearance import Appearance, appearances, named
from plumbline.engine.linkage.identity import Change, changes, identity
from plumbline.engine.linkage.judgement import Judgement, Node, Verdict, enter, judgements, withdraw
from plumbline.engine.linkage.linking import Linked, link
from plumbline.engine.linkage.pair import Pair, to_judge
from plumbline.engine.linkage.ticket import Ticket, tickets
from plumbline.engine.linkage.view import Ties
from plumbline.engine.linkage.who import (
    RowName,
    Standing,
    elsewhere,
    judged_row,
    judged_today,
    row_name,
    standing,
)
from plumbline.errors import (
    DeclarationError,
    Lang,
    PlumblineError,
    PurgedError,
    RunError,
    Text,
)

Named = TypeVar("Named")
_PLAIN = re.compile(r"[a-z][a-z0-9_]{0,59}")
Register = Literal["warnings", "trials", "questions", "candidates"]

_SETTINGS = {
    "workspace": {"name", "country", "region"},
    "limits": {"memory", "threads", "spill"},
    "engine": {"use", "spark", "store"},
    # read by the workbench, see plumbline.web.settings
    "workbench": set(
        "anchors database demo digest hosts ladders map night oidc peers proxies seal seal_key"
        " second_factor secure tiles time_zone webhooks".split()
    ),
}


@dataclass(frozen=True)
class Drafted:
    """A model's text that is not in the catalog, as it is now.

    Attributes:
        data: what its YAML says; none where it is no YAML.
        model: none where the linter refuses it.
        checked: what is wrong, or how its cases came out.
    """

    data: Any
    model: SupervisionModel | None
    checked: Checked


@dataclass(frozen=True)
class Consequences:
    """A judgement, how rows are tied since, and the run that revisited what rests on them, if any."""

    number: int
    linked: Linked
    run: Run | None


class Workspace:
    """One office's registers, models and warnings.

    Args:
        directory: the folder that holds `plumbline.toml`.

    Raises:
        DeclarationError: there is no workspace here, or its settings are wrong.
    """

    def __init__(self, directory: str | Path) -> None:
        self.directory = Path(directory).absolute()
        self.settings = _settings(self.directory / "plumbline.toml")
        limits = self.settings.get("limits", {})
        spill = limits.get("spill")
        self.limits = Limits(
            memory=str(limits.get("memory", Limits.memory)),
            threads=int(limits.get("threads", 0)),
            spill=self.directory / spill if spill else None,
        )
        self.store = Store(self.directory / "store", self.limits)
        self._recordings: dict[tuple[int, str], Recorded] = {}

    @classmethod
    def create(cls, directory: str | Path, name: str = "") -> Workspace:
        """Make an empty workspace; an existing one is opened as it is."""
        folder = Path(directory).absolute()
        settings = folder / "plumbline.toml"
        if not settings.exists():
            for part in ("inbox", "store", "catalog/datasets", "catalog/models"):
                (folder / part).mkdir(parents=True, exist_ok=True)
            settings.write_text(f'[workspace]\nname = "{name or folder.name}"\n', encoding="utf-8")
        return cls(folder)

    @property
    def name(self) -> str:
        return str(self.settings.get("workspace", {}).get("name", self.directory.name))

    @property
    def engine(self) -> Engine:
        """The engine that runs the models, where nobody says otherwise."""
        settings = self.settings.get("engine", {})
        use = settings.get("use", "duckdb")
        if use not in get_args(EngineName):
            raise DeclarationError(
                Text(f"[engine] use 不能是“{use}”", f"[engine] use cannot be '{use}'"),
                where=str(self.directory / "plumbline.toml"),
                hint=Text("写 duckdb 或 spark", "write duckdb or spark"),
            )
        return Engine(use, str(settings.get("spark", LOCAL)), str(settings.get("store", "")))

    @property
    def inbox(self) -> Path:
        return self.directory / "inbox"

    @cached_property
    def country(self) -> Country:
        """The country pack, with the workspace's own regions and its place among them."""
        settings = self.settings.get("workspace", {})
        overlay = settings.get("country")
        home = str(settings.get("region", "")).rstrip("0")
        return country_pack(self.directory / overlay if overlay else None, home)

    @cached_property
    def datasets(self) -> dict[str, Dataset]:
        """Every declared dataset by name."""
        return _datasets(self._catalogs, self.country)

    @cached_property
    def models(self) -> dict[str, SupervisionModel]:
        """Every supervision model by name."""
        return {name: SupervisionModel(f, self.datasets) for name, f in self._model_folders.items()}

    @property
    def _catalogs(self) -> tuple[Path, Path]:
        return packaged_catalog(), self.directory / "catalog"

    @property
    def _model_folders(self) -> dict[str, Path]:
        found = {}
        for catalog in self._catalogs:
            for path in sorted(catalog.glob("models/**/model.yml")):
                found[path.parent.name] = path.parent
        return dict(sorted(found.items()))

    def dataset(self, name: str) -> Dataset:
        return _named(self.datasets, name, Text("没有数据集", "no dataset"))

    def model(self, name: str) -> SupervisionModel:
        return _named(self.models, name, Text("没有模型", "no model"))

    # Facts

    def load(
        self,
        *,
        at: datetime,
        only: Sequence[str] = (),
        as_of: date | None = None,
        accept: str | None = None,
        by: str = "",
        again: bool = False,
    ) -> list[Result]:
        """Load what is new in the inbox; see `load_inbox` for what comes back.

        Args:
            at: when it is received.
            only: datasets; default all.
            as_of: the day the deliveries speak of; default from their names.
            accept: reason to let in deliveries outside their expectations, and `by` whom.
            again: load files anew whose content was loaded before.
        """
        chosen = {name: self.dataset(name) for name in only} if only else self.datasets
        results = load_inbox(
            self.store, chosen, self.inbox,
            received_at=at, as_of=as_of, accept=accept, by=by, again=again,
        )  # fmt: skip
        # To a choice of datasets, the folders of the others are strays.
        return [each for each in results if not (only and isinstance(each, Stray))]

    def waiting(
        self, only: Sequence[str] = (), batch: str | None = None, *, reason: str | None = None
    ) -> Iterator[tuple[Dataset, Quarantined]]:
        """Rows in quarantine as delivered, with their dataset: mask them before they are shown.

        Args:
            only: datasets; default all.
            reason: only rows one of whose reasons contains this.
        """
        for dataset in self._chosen(only):
            for row in waiting_rows(self.store, dataset.name, batch, reason=reason):
                yield dataset, row

    def waiting_counts(self, only: Sequence[str] = (), batch: str | None = None) -> list[Count]:
        """How many rows wait in quarantine, by batch and reason."""
        return counts(self.store, [dataset.name for dataset in self._chosen(only)], batch)

    def export_waiting(self, name: str, path: Path, batch: str | None = None) -> Exported:
        """Write the waiting rows of a dataset, unmasked, to a workbook for its department."""
        return export(self.store, self.dataset(name), path, batch)

    def take_back(
        self, path: Path, *, at: datetime, accept: str | None = None, by: str = ""
    ) -> Batch | AlreadyLoaded:
        """Load the corrected rows of a workbook that `export_waiting` wrote."""
        return take_back(self.store, self.datasets, path, received_at=at, accept=accept, by=by)

    def let_in(
        self, name: str, batch: str, *, at: datetime, reason: str, by: str
    ) -> Batch | AlreadyLoaded:
        """Load a delivery that was held back whole, exactly as it was received.

        Raises:
            StoreError: there is no such delivery.
            DeliveryError: it is not held, or it was not kept because it has sealed rows.
        """
        return let_in(self.store, self.dataset(name), batch, received_at=at, reason=reason, by=by)

    def declare(self, name: str, theme: str, text: str) -> Path:
        """Save a dataset's declaration in the workspace's own catalog, once it reads well.

        Raises:
            DeclarationError: name or theme is none, the name is taken, or the declaration is wrong.
        """
        if not _PLAIN.fullmatch(name) or not _PLAIN.fullmatch(theme):
            raise DeclarationError(
                Text("名称只用小写英文字母、数字和下划线", "a name has small letters, digits and underscores"),
                where=name or theme,
            )  # fmt: skip
        if name in self.datasets:
            raise DeclarationError(
                Text(f"已有名为“{name}”的数据集", f"there is a dataset '{name}' already"),
                where=name,
            )
        with TemporaryDirectory() as folder:
            draft = Path(folder) / f"{name}.yml"
            draft.write_text(text, encoding="utf-8")
            Dataset(draft, self.country)
        path = self.directory / "catalog" / "datasets" / theme / f"{name}.yml"
        make_folder(path.parent)
        draft = path.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(path)
        for cached in ("datasets", "models"):
            self.__dict__.pop(cached, None)
        return path

    def themes(self) -> list[str]:
        """The folders of the catalog in which datasets are filed."""
        return sorted({
            path.parent.name
            for catalog in self._catalogs for path in catalog.glob("datasets/*/*.yml")
        })  # fmt: skip

    def _chosen(self, only: Sequence[str]) -> list[Dataset]:
        return [self.dataset(name) for name in only] if only else list(self.datasets.values())

    # What is kept long enough

    def due(self, only: Sequence[str] = (), *, on: date) -> list[DueBatch]:
        """Batches whose retention has ended by the day `on`, and the standing warnings that rest on each.

        Args:
            only: datasets; default all.
        """
        return all_due(self.store, self._chosen(only), self._running(on), on)

    def purges(self) -> list[Purge]:
        """Every proposal to purge, and what became of it."""
        return purges(self.store.root)

    def purge(self, number: int) -> Purge:
        """The proposal to purge of this number.

        Raises:
            RunError: there is none.
        """
        return purge_numbered(self.store, number)

    def propose_purge(  # noqa: PLR0913 -- a proposal says as much
        self,
        only: Sequence[str] = (),
        *,
        on: date,
        at: datetime,
        by: str,
        reason: str,
        account: str = "",
        also_pinned: bool = False,
    ) -> Purge:
        """Propose that what has fallen due by the day `on` be removed; nothing changes yet.

        Args:
            only: datasets; default all.
            account: of the machine from which it is done.
            also_pinned: also what standing warnings rest on. They cannot be computed again then.

        Raises:
            RunError: nothing has fallen due that may go, the day is yet to come, or name or reason is missing.
        """
        return propose(
            self.store, self._chosen(only), self._running(on), on=on, reason=reason,
            proposed=Act(at=at, by=by.strip(), account=account), also_pinned=also_pinned,
        )  # fmt: skip

    def withdraw_purge(self, number: int, *, at: datetime, by: str, account: str = "") -> Purge:
        """Take back a proposal that nobody has approved."""
        return withdraw_proposal(self.store, number, Act(at=at, by=by.strip(), account=account))

    def approve_purge(self, number: int, *, at: datetime, by: str, account: str = "") -> Purge:
        """A second person's approval. Nothing is removed yet: `carry_out_purge` does that.

        What was approved before and is not finished is given back as it is.

        Raises:
            RunError: it is the same person, or the proposal was decided before.
            StoreError: something is no longer as it was proposed.
        """
        act = Act(at=at, by=by.strip(), account=account)
        models = self._running(self.purge(number).on)
        return approve(self.store, self.datasets, models, number, act)

    def carry_out_purge(self, number: int, *, at: datetime) -> Purge:
        """Remove what was approved, link again, and write down that it is done.

        Whoever died on the way is followed by calling it again.

        Raises:
            RunError: it was not approved.
        """
        purge = self.purge(number)
        if purge.state != "begun":
            raise RunError(
                Text(
                    f"第 {number} 号销毁没有待执行的",
                    f"purge {number} is not waiting to be carried out",
                )
            )
        purge = carry_out_facts(self.store, self.datasets, purge)
        self.link(at=at)
        self._recordings.clear()
        return carry_out_linkage(self.store, purge, at=at)

    def left_in_inbox(self, purge: Purge) -> list[Path]:
        """Files of the inbox that are what a purge removed; they are not the store's to delete."""
        digests = {batch.sha256 for batch in purge.batches}
        folders = {
            self.inbox / (self.datasets[rule.dataset].declared.source.inbox or rule.dataset)
            for rule in purge.rules if rule.dataset in self.datasets
        }  # fmt: skip
        files = sorted(path for f in folders for path in f.rglob("*") if path.is_file())
        return [path for path in files if sha256_of(path) in digests]

    def _running(self, on: date) -> dict[str, SupervisionModel]:
        """The models that a run on the day `on` runs."""
        decided = self._decided()
        return {
            name: model for name, model in self.models.items()
            if decided.status_of(model) in ("live", "trial") and not model.has_expired(on)
        }  # fmt: skip

    def snapshots(self, datasets: Iterable[str] | None = None) -> dict[str, Snapshot]:
        """The newest state of the datasets that anything was loaded for."""
        names = self.datasets if datasets is None else datasets
        return {n: self.store.snapshot(n) for n in names if self.store.version(n) is not None}

    # The line

    def check(self, names: Sequence[str] = (), *, engine: Engine | None = None) -> list[Checked]:
        """Lint models and run their cases; wrong ones are reported, not raised.

        Args:
            engine: what runs the cases; default DuckDB, whatever the settings say.
        """
        folders = {
            name: _named(self._model_folders, name, Text("没有模型", "no model"))
            for name in names or self._model_folders
        }
        return check(
            folders, _datasets(self._catalogs, with_invented(self.country)), self.limits, engine
        )

    def draft(self, name: str, text: str, cases: str | None = None) -> Drafted:
        """Lint a text that is not in the catalog; what is wrong is reported, not raised.

        Args:
            cases: run as well, where they are given.
        """
        with TemporaryDirectory() as place:
            folder = _laid_down(Path(place), name, text, cases or "")
            datasets = _datasets(self._catalogs, with_invented(self.country))
            data, model = None, None
            try:
                data = Document(folder / "model.yml").data
                model = SupervisionModel(folder, datasets)
                compiled = compile_model(model)
                check_sentence(model, [f"{model.declared.shape}.{f}" for f in compiled.figures])
            except PlumblineError as problem:
                return Drafted(data, None, Checked(name, problem, (), ()))
            if cases is None:
                return Drafted(data, model, Checked(name, None, (), ()))
            (checked,) = check({name: folder}, datasets, self.limits)
            return Drafted(data, model, checked)

    def try_draft(self, name: str, text: str, as_of: date | None = None) -> dict[str, int]:
        """How a text that is not in the catalog would judge the newest facts: verdict -> how many combinations.

        Nothing is entered into the registers.

        Raises:
            DeclarationError: the text is wrong. RunError: a dataset has no rows yet.
        """
        with TemporaryDirectory() as place:
            model = SupervisionModel(_laid_down(Path(place), name, text, ""), self.datasets)
        snapshots = self._loaded(model)
        on = as_of or latest_as_of(list(self.snapshots().values()))
        with opened(self.store, self.datasets, snapshots, identity(self.store).ties()) as duck:
            judged = compile_model(model).on(on)
            rows = duck.run(f"SELECT verdict, count(*) FROM ({judged}) GROUP BY verdict")
        return {str(verdict): int(n) for verdict, n in rows}

    def sample(self, name: str, n: int) -> list[FactRow]:
        """Some rows of a dataset's newest state, the same ones each time; mask them before they are shown."""
        dataset = self.dataset(name)
        snapshots = self.snapshots([name])
        if not snapshots:
            return []
        with opened(self.store, self.datasets, snapshots, Ties()) as duck:
            chosen = duck.run(
                f"SELECT _row FROM {sql.name(name)} ORDER BY hash(_row), _row LIMIT {int(n)}"
            )
            found = fetch(duck, self.store, {name: (dataset, [row for (row,) in chosen])})
        return [found[name][row] for (row,) in chosen]

    def sql(self, name: str, dialect: Dialect = "duckdb") -> str:
        """The one statement that decides a model's verdicts."""
        return compile_model(self.model(name)).in_(dialect)

    # Collisions

    def collide(  # noqa: PLR0913 -- all that a run is told
        self,
        names: Sequence[str] = (),
        *,
        at: datetime,
        as_of: date | None = None,
        accept: Mapping[str, str] | None = None,
        progress: Progress | None = None,
        statuses: Mapping[str, Status] | None = None,
        exceptions: Sequence[SubjectException] | None = None,
        full: bool = False,
        engine: Engine | None = None,
    ) -> Run:
        """Run models over the newest facts and enter what they find into the registers.

        Args:
            names: models; default all that are live or on trial.
            at: when the run takes place.
            as_of: the date that models call `as_of`; default: the latest among all deliveries. Before that
                of an earlier run, what was recorded by then is read, and nothing is entered.
            accept: model -> reason, to let in a result outside its expected flag rate.
            progress: told each model, how many are done, and of how many.
            statuses: model -> the status in force, whatever its text proposes; a model that is not
                named is a draft. Default: as the last run was told, but a text that changed since is
                a draft; where no run was told any, as their texts say.
            exceptions: for single subjects. Default: as the last run was told.
            full: judge everything again. Default: what may have changed since each model's last run,
                where that gains; the result is the same.
            engine: what runs the models; default: as the settings say. The result is the same.

        Raises:
            RunError: nothing is loaded, or a step failed.
            StoreError: another process is writing, or the disk is full.
        """
        decided = self._decided(statuses, exceptions)
        models = [self.model(name) for name in names] or self._ordinary(decided)
        as_of = as_of or latest_as_of(list(self.snapshots().values()))
        self.link(at=at)
        return collide(
            self.store, models,
            at=at, as_of=as_of, accept=accept, progress=progress, decided=decided, full=full,
            engine=engine or self.engine,
        )  # fmt: skip

    def plan(
        self, names: Sequence[str] = (), *, as_of: date | None = None
    ) -> dict[str, Way | Text]:
        """How each model would run now: in full, what of it, not at all, or why it cannot.

        Args:
            names: models; default all that are live or on trial.
            as_of: as for `collide`.
        """
        decided = self._decided()
        models = [self.model(name) for name in names] or self._ordinary(decided)
        as_of = as_of or latest_as_of(list(self.snapshots().values()))
        return plan(self.store, models, as_of=as_of, decided=decided)

    def _ordinary(self, decided: Decided) -> list[SupervisionModel]:
        """The models of a run that names none."""
        return [m for m in self.models.values() if decided.status_of(m) in ("live", "trial")]

    def _decided(
        self,
        statuses: Mapping[str, Status] | None = None,
        exceptions: Sequence[SubjectException] | None = None,
    ) -> Decided:
        """What holds beside the models' texts: as told, or as the last run was told."""
        earlier = self.runs()
        before = decided_in(self.store, earlier[max(earlier)] if earlier else None)
        now = before.statuses
        if statuses is not None:
            now = {n: (status, self.model(n).fingerprint) for n, status in statuses.items()}
        if exceptions is None:
            return Decided(now, before.exceptions)
        about = {
            model for model, _ in subjects(self.store, [e.warning for e in exceptions]).values()
        }
        kinds = {name: kind_of(self.models[name]) for name in about if name in self.models}
        return Decided(now, excepted(self.store, exceptions, kinds))

    # Who is who

    def link(self, *, at: datetime, full: bool = False, retrain: bool = False) -> Linked:
        """Tie rows without a full number to those they are about; `collide` does so by itself.

        Args:
            full: look at every row again, not only at those that may have changed.
            retrain: learn anew how offices err and how common names are.
        """
        return link(self.store, self.datasets, self.country, at=at, full=full, retrain=retrain)

    def who(self, row: str) -> Standing:
        """Of whom a row speaks, named like `offences:3-17` (dataset, batch, position in it).

        Raises:
            RunError: it names no row, or one that is not there any more.
        """
        return standing(self.store, self.datasets, row_name(self.datasets, row))

    def bearer(self, who: str) -> dict[str, int]:
        """Dataset -> rows about the person or organisation with this number or code.

        Raises:
            RunError: it is no full number or code.
        """
        return elsewhere(self.store, self.datasets, named(self.store, self.country, who))

    def appearances(self, *whos: str) -> list[Appearance]:
        """Every row about these people or organisations, by number or code; those that may be last.

        Raises:
            RunError: one is no full number or code.
        """
        meant = [named(self.store, self.country, who) for who in whos]
        return appearances(self.store, self.datasets, meant)

    def sides(self, whos: Sequence[str], lang: Lang, *, masked: bool = True) -> dict[str, Side]:
        """What all registers together say of people or organisations, by number or code."""
        of_each = chosen(self.appearances(*whos), whos)
        rows = self.rows(a.name for listed in of_each.values() for a in listed)
        return sides(of_each, rows, lang, masked=masked)

    def rows(self, names: Iterable[RowName]) -> dict[RowName, FactRow]:
        """Rows of the newest state by name, with the cells they were read from."""
        wanted: dict[str, list[RowName]] = {}
        for name in names:
            wanted.setdefault(name.dataset, []).append(name)
        snapshots = self.snapshots(wanted)
        rows = {n: (self.dataset(n), [each.row for each in wanted[n]]) for n in snapshots}
        with opened(self.store, self.datasets, snapshots, Ties()) as duck:
            found = fetch(duck, self.store, rows)
        return {
            name: found[name.dataset][name.row]
            for name in (each for listed in wanted.values() for each in listed)
            if name.row in found.get(name.dataset, {})
        }

    def ties(self, warnings: Sequence[EarlyWarning]) -> dict[str, list[Tie]]:
        """What the identity in warnings rests on, by key: ties that no full number makes."""
        found: dict[str, list[Tie]] = {}
        for group in _by_run_and_model(warnings).values():
            then = self._recorded(group[0]).whole()
            facts = {fact: dataset.name for fact, dataset in then.model.facts.items()}
            rows = [(facts[e.fact], e.row) for warning in group for e in warning.evidence]
            with open_duckdb(self.limits) as duck:
                of_rows = ties_of(duck, then.who, rows)
            for warning in group:
                each = [
                    tie for e in warning.evidence
                    for tie in concerned(
                        then.model, e.fact, of_rows.get((facts[e.fact], e.row), ()), warning.subject
                    )
                ]  # fmt: skip
                found[warning.key] = list({(t.name, t.who): t for t in each}.values())
        return found

    def pairs(self, limit: int = 20, *, unsure: bool = False) -> list[Pair]:
        """Pairs (a row, somebody it may be about) that are of most use to judge first.

        Args:
            unsure: also those about which somebody was unsure.
        """
        places = [(m.name, f, d.name) for m in self.models.values() for f, d in m.facts.items()]
        return to_judge(self.store, limit, places, again=unsure)

    def judge(  # noqa: PLR0913 -- whose word on whom, when, why
        self, row: str, verdict: Verdict, who: str, *, at: datetime, by: str, why: str,
        said_at: datetime | None = None,
    ) -> Consequences:  # fmt: skip
        """Enter somebody's word on whether a row is about a person, and revisit what rests on it.

        Args:
            row: its name, as `who` takes it; or a full number that became, or is not, another one.
            who: the person's number, the organisation's code, or the name of a row about them. Where neither
                row is known by a number, the two are judged against each other.
            said_at: when it was said, where that was before it is entered.

        Raises:
            RunError: either is unknown, reason or name are missing, or it contradicts a judgement in force.
        """
        said = (said_at or at).isoformat(timespec="seconds")
        given = {"at": said, "by": by, "why": why, "verdict": verdict}
        number = enter(
            self.store, {**given, **judged_row(self.store, self.datasets, self.country, row, who)}
        )
        return self.revisit(number, at=at)

    def withdraw(self, judgement: int, *, at: datetime, by: str, why: str) -> Consequences:
        """Take a judgement back, and revisit what rests on it. It stays readable.

        Raises:
            RunError: there is none of that number, or it was withdrawn before.
        """
        withdraw(self.store, judgement, at=at.isoformat(timespec="seconds"), by=by, why=why)
        return self.revisit(judgement, at=at)

    def judgements(self) -> list[Judgement]:
        """Every judgement in order, withdrawn ones too."""
        return judgements(self.store)

    def judged_rows(self, nodes: Iterable[Node]) -> dict[Node, RowName]:
        """Rows that were judged (`Judgement.node`, `other`), as they stand today."""
        return judged_today(self.store, self.datasets, nodes)

    def history(self, dataset: str = "", row: int | None = None) -> list[Change]:
        """How rows were tied otherwise over time: made, broken, moved, and because of what."""
        return changes(self.store, dataset, row)

    def tickets(self, only: Sequence[str] = (), number: str | None = None) -> list[Ticket]:
        """What rows say that is at odds with the names others give under the same number (tier B).

        There is one for each dataset, number and name, however many rows say it.

        Args:
            only: datasets; default all.
            number: only rows that bear it.
        """
        return tickets(
            self.store, {d.name: d for d in self.datasets.values()}, self.country,
            [self.dataset(name).name for name in only], number,
        )  # fmt: skip

    def revisit(self, judgement: int, *, at: datetime) -> Consequences:
        """Link again, and run the models that read rows which a judgement ties otherwise.

        `judge` and `withdraw` do so themselves; this is for one that was entered by a process that died then.
        """
        linked = self.link(at=at)
        moved = {each.dataset for each in self.history() if each.number == linked.identity.number}
        # What is only guessed leaves no trace in the history.
        judged = [each for each in self.judgements() if each.number == judgement]
        moved |= {name for j in judged for name in (j.dataset, j.other_dataset) if name}
        earlier, decided = self.runs(), self._decided()
        concerned = [
            name for name, model in self.models.items()
            if decided.status_of(model) in ("live", "trial")
            and moved & {dataset.name for dataset in model.facts.values()}
        ]  # fmt: skip
        if not earlier or not concerned:
            return Consequences(judgement, linked, None)
        as_of = max(date.fromisoformat(run["as_of"]) for run in earlier.values())
        # What was let in before is not held back for one row that is tied otherwise.
        entered = {
            result["model"] for run in earlier.values() for result in run["results"]
            if not result["held"]
        }  # fmt: skip
        accept = {name: f"judgement {judgement}" for name in concerned if name in entered}
        return Consequences(
            judgement, linked, self.collide(concerned, at=at, as_of=as_of, accept=accept)
        )

    def runs(self) -> dict[int, dict[str, Any]]:
        """Manifest of every run, by number."""
        return runs(self.store)

    def warnings(
        self,
        *,
        level: Level | None = None,
        model: str | None = None,
        register: Register = "warnings",
        withdrawn: bool = False,
        keys: Collection[str] | None = None,
    ) -> list[EarlyWarning]:
        """The warnings of a register, most serious first.

        Args:
            register: `warnings` (told to people), `trials` (of models on trial), `questions`
                (equal number, different name: for the departments that delivered the rows), or
                `candidates` (nothing shared but a name; they accuse nobody).
            withdrawn: those whose evidence is gone as well.
            keys: only these.
        """
        if model is not None:
            self.model(model)
        conditions = ["TRUE"] if withdrawn else ["state = 'open'"]
        conditions += [f"level = {sql.literal(level)}"] if level else []
        conditions += [f"model = {sql.literal(model)}"] if model else []
        if keys is not None:
            conditions.append(f"key IN ({', '.join(map(sql.literal, sorted(keys))) or 'NULL'})")
        columns = ", ".join(field.suffix for field in FIELDS)
        with open_duckdb(self.limits) as duck:
            rows = duck.run(
                f"SELECT {columns} FROM {relation(self.store, register)} "
                f"WHERE {' AND '.join(conditions)} ORDER BY CASE level WHEN 'red' THEN 0 "
                "WHEN 'yellow' THEN 1 ELSE 2 END, model, key"
            )
        return [EarlyWarning.from_row(row) for row in rows]

    def find(self, key: str) -> tuple[EarlyWarning, Register]:
        """The warning with this key (or an unambiguous beginning of it), and its register."""
        registers: tuple[Register, ...] = get_args(Register)
        found = [
            (warning, register)
            for register in registers
            for warning in self.warnings(register=register, withdrawn=True)
            if warning.key.startswith(key.lower())
        ]
        if len({warning.key for warning, _ in found}) != 1:
            several = f"有 {len(found)} 条" if found else "没有"
            raise RunError(
                Text(
                    f"{several}以“{key}”开头的预警",
                    f"{len(found) or 'no'} warnings begin with '{key}'",
                ),
                hint=Text("用 plumbline warnings 查看编号", "see the keys with plumbline warnings"),
            )
        return found[0]

    def evidence(
        self, warnings: Sequence[EarlyWarning]
    ) -> dict[str, dict[str, dict[int, FactRow]]]:
        """Rows that warnings point to, as their run saw them: key -> fact -> row number -> row.

        Raises:
            PurgedError: they were purged at the end of their retention; `purged` tells beforehand.
        """
        found: dict[str, dict[str, dict[int, FactRow]]] = {}
        for group in _by_run_and_model(warnings).values():
            then = self._recorded(group[0]).whole()
            wanted: dict[str, tuple[Dataset, list[int]]] = {}
            for each in (e for warning in group for e in warning.evidence):
                wanted.setdefault(each.fact, (then.model.facts[each.fact], []))[1].append(each.row)
            with opened(self.store, then.datasets, then.snapshots, then.who.ties()) as duck:
                near = rows_about(then.model, {warning.subject for warning in group})
                rows = fetch(duck, self.store, wanted, near)
            for warning in group:
                found[warning.key] = rows
        return found

    def purged(self, warnings: Sequence[EarlyWarning]) -> dict[str, PurgedError]:
        """Of those warnings whose rows were purged, by key: what, when, under which rule."""
        found = {w.key: self._recorded(w).purged for w in warnings}
        return {key: error for key, error in found.items() if error}

    def sentences(
        self,
        warnings: Sequence[EarlyWarning],
        lang: Lang = "zh",
        *,
        masked: bool = True,
        rows: Mapping[str, Mapping[str, Mapping[int, FactRow]]] | None = None,
    ) -> dict[str, str]:
        """Each warning in words, by key.

        Args:
            rows: what `evidence` gave of them, where it was asked before.
        """
        rows = self.evidence(warnings) if rows is None else rows
        return {
            w.key: sentence(self._recorded(w).model, w, rows[w.key], lang, masked=masked)
            for w in warnings
        }

    def entities(
        self, warnings: Sequence[EarlyWarning], manner: Manner
    ) -> Iterator[dict[str, Any]]:
        """What warnings rest on, as entities and links of FollowTheMoney; the rows of none may be purged."""
        found, ties = self.evidence(warnings), self.ties(warnings)
        links = {name: dataset.declared.links for name, dataset in self.datasets.items()}
        return entities(
            (
                Resting(
                    w, self.model_behind(w), [found[w.key][e.fact][e.row] for e in w.evidence],
                    ties[w.key],
                )
                for w in warnings
            ),
            links,
            manner,
        )  # fmt: skip

    def sentence(self, warning: EarlyWarning, lang: Lang = "zh", *, masked: bool = True) -> str:
        return self.sentences([warning], lang, masked=masked)[warning.key]

    def amount(self, warning: EarlyWarning) -> int | None:
        """What is at stake in fen, where the model calculates a sum of money: the largest it tells."""
        return at_stake(self._recorded(warning).model, warning.figures)

    def model_behind(self, warning: EarlyWarning) -> SupervisionModel:
        """The model as it stood when it last found the warning."""
        return self._recorded(warning).model

    def about(
        self, warning: EarlyWarning, lang: Lang = "zh", *, masked: bool = True
    ) -> tuple[str, ...]:
        """What a warning is about, as its model's `one_warning_per` has it; the subject first."""
        return per_in_words(self.model_behind(warning), warning.per, lang, masked=masked)

    def explain(self, warning: EarlyWarning) -> Explanation:
        """Why a warning was raised, from what its run saw."""
        then = self._recorded(warning).whole()
        with opened(self.store, then.datasets, then.snapshots, then.who.ties()) as duck:
            whole = explain(
                duck, self.store, then.model, warning.subject, then.as_of, decided=then.decided
            )
            judged = tuple(each for each in whole.judged if each.per == warning.per)
            return with_ties(duck, replace(whole, judged=judged), then.who)

    def explain_subject(self, name: str, subject: str, as_of: date | None = None) -> Explanation:
        """What a model says of one subject, flagged or not: today, or by what was recorded up to a day."""
        model = self.model(name)
        snapshots, who = self._loaded(model), identity(self.store)
        on = as_of or latest_as_of(list(self.snapshots().values()))
        last, only, read = newest(self.store), None, None
        if last and on < last:
            then = past(self.store, [dataset.name for dataset in model.facts.values()], on)
            if then and len(then.snapshots) == len(snapshots):
                snapshots, who, read = dict(then.snapshots), then.who, what_was_read(then.run)
            else:
                only, read = up_to(model, on), what_was_read(None)
        with opened(self.store, self.datasets, snapshots, who.ties()) as duck:
            whole = explain(
                duck, self.store, model, subject, on, decided=self._decided(), only=only
            )
            return with_ties(duck, replace(whole, read=read), who)

    def monthly(self, name: str, as_of: date | None = None) -> list[MonthCount]:
        """Facts and flagged facts of each supervised unit by month, as the model judges them today.

        Raises:
            RunError: something it needs is not loaded, or its facts cannot be told apart by month.
        """
        model = self.model(name)
        snapshots = self._loaded(model)
        on = as_of or latest_as_of(list(self.snapshots().values()))
        with opened(self.store, self.datasets, snapshots, identity(self.store).ties()) as duck:
            return monthly(duck, model, on)

    def backtest(
        self, name: str, first: date, last: date, settings: Mapping[str, int | float] | None = None
    ) -> Backtest:
        """How a model would have judged each month, from that of one day to that of another.

        Args:
            settings: other values, to be judged side by side.

        Raises:
            RunError: something it needs is not loaded, or it has no such setting.
        """
        model = self.model(name)
        days = months(first, last)
        today, decided = self._loaded(model), self._decided()
        return backtest(self.store, model, days, today, settings or {}, decided)

    def reproduce(self, key: str) -> Reproduction:
        """Recompute a warning from the recorded batches and model version."""
        warning, register = self.find(key)
        kind = {"questions": "question", "candidates": "candidate"}.get(register, "warning")
        return reproduce(self.store, warning, self.country, kind=kind)

    def proof(self, warning: EarlyWarning) -> Proof:
        """A warning as a file that `plumbline.verify_proof` checks without Plumbline; rows are in clear.

        Raises:
            RunError: no proof of it would hold. PurgedError: what its run saw was purged.
        """
        then = recorded(self.store, warning, self.country, verify=True).whole()
        return proof(self.store, warning, then, self.runs()[warning.seen_in])

    def draw_unflagged(self, name: str, *, seed: str, n: int, run: int | None = None) -> Drawn:
        """Subjects that a model did not flag, drawn to be checked; anyone can repeat the draw.

        Args:
            seed: hexadecimal, at most 64 bytes; the order is by HMAC-SHA256(seed, name of the row).
            run: over what this run saw; default the last one of the model.

        Raises:
            RunError: the model never ran, or its subjects are calculated.
        """
        if run is None:
            run = max((n for n, r in self.runs().items() if name in r["models"]), default=0)
        then = recorded_run(self.store, run, name, self.country).whole()
        with opened(self.store, then.datasets, then.snapshots, then.who.ties()) as duck:
            return draw_unflagged(duck, then, run, seed=seed, n=n)

    def note_access(self, *, at: datetime, by: str, what: str, reason: str) -> None:
        """Write down that personal values were shown unmasked: who, what, why."""
        entry = {"at": at.isoformat(timespec="seconds"), "by": by, "what": what, "reason": reason}
        with (self.directory / "access.log").open("a", encoding="utf-8") as log:
            log.write(json.dumps(entry, ensure_ascii=False) + "\n")

    def _loaded(self, model: SupervisionModel) -> dict[str, Snapshot]:
        """The newest state of every dataset that a model reads."""
        wanted = {dataset.name for dataset in model.facts.values()}
        snapshots = self.snapshots(wanted)
        if missing := ", ".join(sorted(wanted - set(snapshots))):
            raise RunError(Text(f"还没有这些数据：{missing}", f"nothing is loaded for: {missing}"))
        return snapshots

    def _recorded(self, warning: EarlyWarning) -> Recorded:
        place = (warning.seen_in, warning.model)
        if place not in self._recordings:
            self._recordings[place] = recorded(self.store, warning, self.country)
        return self._recordings[place]


def _laid_down(place: Path, name: str, text: str, cases: str) -> Path:
    folder = place / name
    folder.mkdir()
    (folder / "model.yml").write_text(text, encoding="utf-8")
    (folder / "cases.yml").write_text(cases, encoding="utf-8")
    return folder


def write_model_skeleton(workspace: Workspace, name: str, dataset: str | None = None) -> Path:
    """Write a new model that already passes the linter; gives its folder."""
    if name in workspace._model_folders:  # noqa: SLF001 -- the door's own other half
        raise DeclarationError(
            Text(f"已有模型“{name}”", f"there is a model '{name}' already"),
            where=str(workspace._model_folders[name]),  # noqa: SLF001 -- as above
        )
    return write_skeleton(
        workspace.directory / "catalog" / "models", name, workspace.datasets, dataset
    )


def _settings(path: Path) -> dict[str, dict[str, Any]]:
    if not path.is_file():
        raise DeclarationError(
            Text("这里不是工作区", "this is not a workspace"),
            where=str(path.parent),
            hint=Text(
                "用 plumbline init 建一个，或用 --workspace 指明目录",
                "make one with plumbline init, or name its folder with --workspace",
            ),
        )
    try:
        settings = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DeclarationError(
            Text(f"写法不通：{error}", f"cannot be read: {error}"), where=str(path)
        ) from error
    for section, values in settings.items():
        if section not in _SETTINGS:
            raise DeclarationError(
                Text(f"不认识的部分 [{section}]", f"unknown section [{section}]"),
                where=str(path), hint=did_you_mean(section, list(_SETTINGS)),
            )  # fmt: skip
        for key in values:
            if key not in _SETTINGS[section]:
                raise DeclarationError(
                    Text(f"[{section}] 里不认识的项“{key}”", f"unknown key '{key}' in [{section}]"),
                    where=str(path), hint=did_you_mean(key, sorted(_SETTINGS[section])),
                )  # fmt: skip
    return settings


def _datasets(catalogs: Iterable[Path], country: Country) -> dict[str, Dataset]:
    paths = {p.stem: p for catalog in catalogs for p in sorted(catalog.glob("datasets/**/*.yml"))}
    return {name: Dataset(path, country) for name, path in sorted(paths.items())}


def _named(known: Mapping[str, Named], name: str, problem: Text) -> Named:
    if name not in known:
        raise RunError(
            Text(f"{problem.zh}“{name}”", f"{problem.en} '{name}'"),
            hint=did_you_mean(name, list(known)),
        )
    return known[name]


def _by_run_and_model(
    warnings: Sequence[EarlyWarning],
) -> dict[tuple[int, str], list[EarlyWarning]]:
    groups: dict[tuple[int, str], list[EarlyWarning]] = {}
    for warning in warnings:
        groups.setdefault((warning.seen_in, warning.model), []).append(warning)
    return groups
