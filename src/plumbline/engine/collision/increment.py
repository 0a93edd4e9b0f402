"""After a delivery: judge again only what it can change, with the result of a full run row for row.

A row never changes; it comes and goes. So between two states of the registers a candidate can only differ
where a row came, went, or is tied to somebody else since. Two ways follow from the compiled model:

- **rows**: where a candidate is a combination of rows, judged by nothing but these, the candidates of rows that
  went are left out, and those of rows that came are found by reading these in place of the whole register.
- **subjects**: where a model falls apart by an identifier (`plumbline.engine.line.partition`), the values of
  which some row came or went are judged anew, and replace what was known of them.

Where neither holds or neither gains, the model runs in full; a full run is the truth that both must equal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Literal

from plumbline.engine.backend import Duck
from plumbline.engine.collision.gather import Find, find
from plumbline.engine.collision.kept import Kept, State, kept, statement_of
from plumbline.engine.fact import sql
from plumbline.engine.fact.changed import Changed, changed
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot, Store
from plumbline.engine.line.compile import Unsure, compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.partition import Partition, as_text
from plumbline.engine.line.shapes.base import DOUBTS, maybe
from plumbline.engine.linkage.identity import Identity, identity
from plumbline.engine.linkage.view import NAMED
from plumbline.errors import StoreError, Text

How = Literal["kept", "rows", "subjects", "full"]

#: Of all rows of a model's registers, at most so many may have to be read for single rows of them.
_WORTH = 0.8
#: So few rows are judged in full in less time than it takes to find out what changed.
_SMALL = 500_000
#: Above this share of changed rows, single subjects are most of all subjects.
_FEW = 0.05


@dataclass(frozen=True)
class Way:
    """How a model runs, and why.

    Attributes:
        changed: dataset -> rows that came, rows that went, and rows that are tied otherwise.
    """

    how: How
    why: Text
    changed: Mapping[str, tuple[int, int, int]] = field(default_factory=dict)


#: A run in full because somebody asked for it.
WANTED = Way("full", Text("按要求全算", "as was asked"))
#: A run in full because it is judged by a day before that of the last run.
LOOKS_BACK = Way("full", Text("回看过去的日子", "it looks back"))


@dataclass(frozen=True)
class Seen:
    """What a run sees of the store, and the date that models call `as_of`.

    Attributes:
        find: how the engine of the run works out a model in full.
    """

    store: Store
    loaded: Mapping[str, Snapshot]
    who: Identity
    as_of: date
    find: Find = field(default=find, kw_only=True)


class Increment:
    """One model after deliveries: which way it runs (`way`), and running it (`run`).

    The connection has the views that `opened` lays.
    """

    def __init__(
        self,
        duck: Duck,
        seen: Seen,
        model: SupervisionModel,
        excepted: Mapping[str, str],
        focus: Mapping[str, str] | None = None,
    ) -> None:
        self.duck, self.seen, self.model = duck, seen, model
        self.compiled = compile_model(model, excepted=excepted, focus=focus)
        self.statement = self.compiled.on(seen.as_of)
        ties = seen.who.ties()
        self.unsure = Unsure(ties.doubted, frozenset(dataset for dataset, _ in ties.guessed))
        self.datasets: dict[str, Dataset] = {d.name: d for d in model.facts.values()}
        self.state = State(
            statement_of(self.statement),
            {n: (seen.loaded[n].version, d.fingerprint) for n, d in sorted(self.datasets.items())},
            seen.who.version,
        )

    @cached_property
    def hindrance(self) -> Text | None:
        """Why the model has to run in full whatever it costs, if it has to."""
        if isinstance(self._before, Text):
            return self._before
        if replaced := ", ".join(sorted(n for n, each in self._changes.items() if each is None)):
            return Text(f"{replaced} 整份换过", f"the whole of {replaced} was replaced")
        if self._doubts_differ():
            return Text("单位名称的疑点有变", "names of organisations are in doubt otherwise")
        return None

    @property
    def by(self) -> How:
        """What can be judged anew of the model, apart from the rest."""
        if self.compiled.joins:
            return "rows"
        return "subjects" if self.compiled.partition else "full"

    @cached_property
    def way(self) -> Way:
        """Decided by the number of rows that would be read."""
        if self.hindrance:
            return Way("full", self.hindrance)
        counts = {
            name: (change.came, change.went, self._retied.get(name, 0))
            for name, change in self._changes.items()
            if change is not None and self._moves(name)
        }
        if not counts:
            return Way("kept", Text("数据没有变化", "nothing has changed"))
        rows = {alias: self.seen.loaded[d.name].rows for alias, d in self.model.facts.items()}
        moved = {alias: sum(counts.get(d.name, ())) for alias, d in self.model.facts.items()}
        every = sum(rows.values())
        if every < _SMALL:
            why = Text("数据量小，全算更快", "so few rows are sooner judged in full")
            return Way("full", why, counts)
        if self.by == "rows":
            read = sum(n + every - rows[alias] for alias, n in moved.items() if n)
            if read >= _WORTH * every:
                why = Text("要读的行不比全算少", "as many rows would be read as in full")
                return Way("full", why, counts)
            return Way("rows", Text("只算变动的行", "only rows that changed"), counts)
        if self.by == "full":
            why = Text("模型不能按对象拆开", "the model does not fall apart by subject")
            return Way("full", why, counts)
        if sum(moved.values()) > _FEW * every:
            return Way("full", Text("变动太多", "too much has changed"), counts)
        return Way("subjects", Text("只算有变动的对象", "only subjects that changed"), counts)

    def run(self, name: str, way: Way | None = None) -> Way:
        """Leave the model's candidates in the table `name`; gives the way that was taken."""
        way = way or self.way
        if way.how == "full":
            statement = self.compiled.on(self.seen.as_of, unsure=self.unsure)
            self.seen.find(self.duck, statement, name)
            return way
        assert isinstance(self._before, Kept)  # `way` has looked
        old = f"SELECT * FROM read_parquet({sql.literal(str(self._before.path))})"
        if way.how == "kept":
            find(self.duck, old, name)
            return way
        self._lay_changes()
        if way.how == "rows":
            self._by_rows(old, name)
        else:
            find(self.duck, self._by_subjects(old), name)
        return way

    # What changed

    @cached_property
    def _before(self) -> Kept | Text:
        """What is kept of the last run, or why it is of no use."""
        before = kept(self.seen.store, self.model.name)
        if before is None:
            return Text("没有上次的结果", "there is no earlier result")
        if before.state.statement != self.state.statement:
            if self.statement != self.compiled.sql:
                return Text(
                    "模型、例外或运行日期变了", "model, exceptions or date of the run differ"
                )
            return Text("模型或例外变了", "model or exceptions differ")
        names = [n for n, (_, declared) in self.state.datasets.items()
                 if before.state.datasets.get(n, (0, ""))[1] != declared]  # fmt: skip
        if names:
            listed = ", ".join(names)
            return Text(f"{listed} 的声明变了", f"the declaration of {listed} differs")
        try:
            for snapshot in self._snapshots(before).values():
                self.seen.store.check(snapshot.files)
            self.seen.store.check(identity(self.seen.store, before.state.identity).files)
        except StoreError as error:
            return Text(
                f"读不到上次的数据：{error}", f"what the last run saw cannot be read: {error}"
            )
        return before

    def _snapshots(self, before: Kept) -> dict[str, Snapshot]:
        return {
            name: self.seen.store.snapshot(name, before.state.datasets[name][0])
            for name in self.datasets
        }

    @cached_property
    def _earlier(self) -> dict[str, Snapshot]:
        assert isinstance(self._before, Kept)
        return self._snapshots(self._before)

    @cached_property
    def _who(self) -> Identity:
        """The identity map of the last run."""
        assert isinstance(self._before, Kept)
        at = self._before.state.identity
        if at is None:
            return Identity(None, 0, (), {}, self.seen.store.root)
        return identity(self.seen.store, at)

    @cached_property
    def _changes(self) -> dict[str, Changed | None]:
        return {
            name: changed(self.seen.store, self._earlier[name], self.seen.loaded[name])
            for name in self.datasets
        }

    @cached_property
    def _retied(self) -> dict[str, int]:
        """Dataset -> rows tied otherwise than the last run saw; leaves the table `retied`."""
        listed = ", ".join(sql.literal(name) for name in self.datasets)
        # Most of what is tied stays so; only an identity map of another version differs at all.
        if self._who.version == self.seen.who.version:
            differing = (
                "SELECT CAST(NULL AS VARCHAR) AS dataset, CAST(NULL AS BIGINT) AS row WHERE false"
            )
        else:
            now, then = (
                f"(SELECT dataset, slot, row, key, who, tier, {NAMED} AS named FROM {who.relation()} "
                f"WHERE kind = 'tie' AND dataset IN ({listed}))"
                for who in (self.seen.who, self._who)
            )
            differing = (
                f"SELECT DISTINCT dataset, row FROM (({now} EXCEPT ALL {then}) "
                f"UNION ALL ({then} EXCEPT ALL {now}))"
            )
        self.duck.run(f"CREATE OR REPLACE TEMP TABLE retied AS {differing}")
        return {
            str(name): int(n)
            for name, n in self.duck.run("SELECT dataset, COUNT(*) FROM retied GROUP BY dataset")
        }

    def _doubts_differ(self) -> bool:
        if self._who.version == self.seen.who.version or DOUBTS not in self.statement:
            return False
        now, then = (who.ties().doubts() for who in (self.seen.who, self._who))
        ((differing,),) = self.duck.run(
            f"SELECT COUNT(*) FROM ((({now}) EXCEPT ({then})) UNION ALL (({then}) EXCEPT ({now})))"
        )
        return bool(differing)

    def _lay_changes(self) -> None:
        """For each dataset that moved, the rows as they are now that came or are tied otherwise, and as they were.

        Leaves `fresh:<dataset>` and `gone:<dataset>` (tables of row numbers), and the views
        `<dataset>__fresh`, `<dataset>__gone` with what models read beside them (`maybe`).
        """
        for name, dataset in self.datasets.items():
            if not self._moves(name):
                continue
            change, before = self._changes[name], self._earlier[name]
            assert change is not None  # else the model runs in full
            retied = f"SELECT row FROM retied WHERE dataset = {sql.literal(name)}"
            self._table(f"gone:{name}", f"{change.gone_rows()} UNION {retied}")
            now, then = self.seen.who.ties(), self._who.ties()
            some = f"_row >= {change.first}" if change.came else "false"
            brought = now.view(dataset, change.brought.relation(dataset.fields))
            fresh = f"SELECT * FROM ({brought}) WHERE {some}"
            left = then.view(dataset, change.left.relation(dataset.fields))
            gone = f"SELECT v.* FROM ({left}) AS v SEMI JOIN {sql.name(f'gone:{name}')} AS g ON g.row = v._row"
            if self._retied.get(name):
                tied = f"(SELECT row FROM ({retied}))"
                older = f"_row < {change.first}" if change.came else "true"
                fresh += (
                    f" UNION ALL SELECT v.* FROM {sql.name(name)} AS v "
                    f"SEMI JOIN {tied} AS r ON r.row = v._row WHERE {older}"
                )
                was = then.view(dataset, before.relation(dataset.fields))
                gone = f"SELECT v.* FROM ({was}) AS v SEMI JOIN {sql.name(f'gone:{name}')} AS g ON g.row = v._row"
            for kind, rows, ties in (("fresh", fresh, now), ("gone", gone, then)):
                at = f"{name}__{kind}"
                self._view(at, rows)
                self._view(maybe(at), ties.guesses(dataset, sql.name(at)))
            self._table(f"fresh:{name}", f"SELECT _row AS row FROM {sql.name(f'{name}__fresh')}")

    # The two ways

    def _by_rows(self, old: str, name: str) -> None:
        """Leave in the table `name` what rests on no row that went, and what rests on a row that came."""
        aliases = {alias: dataset.name for alias, dataset in self.model.facts.items()}
        moving = [alias for alias, dataset in aliases.items() if self._moves(dataset)]
        anew = self.compiled.levels_on(self.seen.as_of)
        judged = "judged" if anew else name
        self._table(judged, f"SELECT o.* FROM ({old}) AS o{_without('o', 'gone', moving, aliases)}")
        for i, alias in enumerate(moving):
            part = self.compiled.on(
                self.seen.as_of, {alias: f"{aliases[alias]}__fresh"}, self.unsure
            )
            # What rests on two such rows is found twice.
            others = _without("n", "fresh", moving[:i], aliases)
            self.duck.run(
                f"INSERT INTO {sql.name(judged)} BY NAME SELECT n.* FROM ({part}) AS n{others}"
            )
        if anew:
            find(self.duck, anew, name)

    def _by_subjects(self, old: str) -> str:
        """What is known of subjects of which no row moved, and the others judged anew."""
        apart = self.compiled.partition
        assert apart is not None
        keys = [f"k{i + 1}" for i in range(len(next(iter(apart.columns.values()))))]
        moved = " UNION ALL ".join([*self._moved(apart, keys), *self._moved_through(apart, keys)])
        self._table("affected", f"SELECT DISTINCT * FROM ({moved})")
        nameless = " OR ".join(f"{key} IS NULL" for key in keys)
        ((unknown,),) = self.duck.run(f"SELECT COUNT(*) FROM affected WHERE {nameless}")
        instead = {}
        for alias, columns in apart.columns.items():
            instead[alias] = f"{alias}__affected"
            name = self.model.facts[alias].name
            for source, target in ((name, instead[alias]), (maybe(name), maybe(instead[alias]))):
                same = " AND ".join(
                    f"a.{k} = v.{sql.name(c)}" for k, c in zip(keys, columns, strict=True)
                )
                rows = f"SELECT v.* FROM {sql.name(source)} AS v SEMI JOIN affected AS a ON {same}"
                if (
                    unknown
                ):  # no two rows without a value come together, but each may be judged by itself
                    empty = " OR ".join(f"{sql.name(c)} IS NULL" for c in columns)
                    rows += f" UNION ALL SELECT * FROM {sql.name(source)} WHERE {empty}"
                self._view(target, rows)
        part = self.compiled.on(self.seen.as_of, instead, self.unsure)
        known = f"SELECT {as_text(tuple(keys))} AS part FROM affected"
        still = f"SELECT o.* FROM ({old}) AS o ANTI JOIN ({known}) AS a ON a.part = o.part"
        if unknown:
            still += " WHERE o.part IS NOT NULL"
        return f"{still} UNION ALL BY NAME ({part})"

    def _moved(self, apart: Partition, keys: Sequence[str]) -> Iterator[str]:
        """SQL of the values that rows had that went, and have that came."""
        for alias, own in apart.columns.items():
            for relation in self._moving(alias):
                yield f"SELECT {_named(map(sql.name, own), keys)} FROM {relation}"

    def _moved_through(self, apart: Partition, keys: Sequence[str]) -> Iterator[str]:
        """SQL of the values whose rows are tied to a row that came or went and has none itself.

        A row by which it was tied and that went has been told of by `_moved`.
        """
        for alias, through in apart.through.items():
            name = self.model.facts[through.fact].name
            listed = _named([f"v.{sql.name(c)}" for c in apart.columns[through.fact]], keys)
            pairs = zip(through.own, through.others, strict=True)
            same = " AND ".join(f"m.{sql.name(own)} = v.{sql.name(other)}" for own, other in pairs)
            for holder in (sql.name(name), sql.name(maybe(name))):
                for relation in self._moving(alias):
                    yield f"SELECT {listed} FROM {holder} AS v SEMI JOIN {relation} AS m ON {same}"

    def _moving(self, alias: str) -> Iterator[str]:
        """The relations of a fact's rows that came, and that went, if any did."""
        name = self.model.facts[alias].name
        if not self._moves(name):
            return
        for kind in ("fresh", "gone"):
            yield sql.name(f"{name}__{kind}")
            yield sql.name(maybe(f"{name}__{kind}"))

    def _moves(self, dataset: str) -> bool:
        change = self._changes[dataset]
        return change is None or bool(change.came or change.went or self._retied.get(dataset))

    def _table(self, name: str, select: str) -> None:
        self.duck.run(f"CREATE OR REPLACE TEMP TABLE {sql.name(name)} AS {select}")

    def _view(self, name: str, select: str) -> None:
        self.duck.run(f"CREATE OR REPLACE TEMP VIEW {sql.name(name)} AS {select}")


def _named(columns: Iterable[str], names: Sequence[str]) -> str:
    return ", ".join(f"{column} AS {name}" for column, name in zip(columns, names, strict=True))


def _without(of: str, kind: str, aliases: Sequence[str], datasets: Mapping[str, str]) -> str:
    """SQL that leaves out what rests on a row of these facts that came (`fresh`) or went (`gone`)."""
    return "".join(
        f" ANTI JOIN {sql.name(f'{kind}:{datasets[alias]}')} AS not_{alias} "
        f"ON not_{alias}.row = {of}.row_{alias}"
        for alias in aliases
    )
