"""What models see of a dataset: its rows, with whom each is about as far as that is known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from plumbline.engine.backend import Duck, Spark
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Snapshot
from plumbline.engine.fact.table import parquet_of
from plumbline.engine.fact.types import Field

#: How `__who` begins for somebody of whom no register at hand knows the number.
NOBODYS = "~"
#: So many hexadecimal digits of a digest follow it; as a negative number they are the key.
DIGITS = 15


#: SQL over the identity map: rows of which somebody judged that number and name are one person's.
NAMED = f"(via = 'judgement' AND tier = 'A' AND NOT STARTS_WITH(who, '{NOBODYS}'))"


def nobody(digest: str) -> tuple[str, str]:
    """SQL of the key and the name of somebody of unknown number, from the SQL of a digest in hexadecimal."""
    shown = f"SUBSTR({digest}, 1, {DIGITS})"
    return f"-CAST(('0x' || {shown}) AS BIGINT)", f"'{NOBODYS}' || {shown}"


@dataclass(frozen=True)
class Ties:
    """What models need of an identity map.

    Which rows are about somebody else than their own number says, or about somebody without saying one.

    Attributes:
        paths: files of the map.
        tied: (dataset, column) with rows in it that are tied (tiers A, C and D).
        guessed: (dataset, column) with rows in it that may be about somebody (tier E).
        doubted: are there names under one code that cannot be one organisation's?
        named: (dataset, column) with rows in it whose name somebody judged to be borne under the number.
        relation: what the map is read from, where that is not its files.
    """

    paths: Sequence[Path] = ()
    tied: frozenset[tuple[str, str]] = frozenset()
    guessed: frozenset[tuple[str, str]] = frozenset()
    named: frozenset[tuple[str, str]] = frozenset()
    doubted: bool = False
    relation: str = ""

    @property
    def _map(self) -> str:
        return self.relation or parquet_of(self.paths)

    def _rows(self, dataset: str, column: str, tiers: str) -> str:
        return (
            f"(SELECT row, key, who, tier, {NAMED} AS named FROM {self._map} WHERE kind = 'tie' "
            f"AND dataset = {sql.literal(dataset)} AND slot = {sql.literal(column)} AND {tiers})"
        )

    def view(self, dataset: Dataset, facts: str) -> str:
        """SQL for every row once, with `__who`, `__tier` and, where it is tied, another key.

        Args:
            facts: relation of the rows as they were delivered.
        """
        replaced, added, joins = [], [], []
        for column in dataset.bearers:
            at, link = f"facts.{sql.name(column)}", f"tie_{column}"
            if dataset.columns[column].type == "org.code" and dataset.columns[column].masked:
                # Organisations meet by this text, and two masks that look alike are not one of them.
                at = f"CASE WHEN NOT CONTAINS({at}, '*') THEN {at} END"
            who, tier = at, "'A'"
            if (dataset.name, column) in self.tied:
                rows = self._rows(dataset.name, column, "tier <> 'E'")
                joins.append(f" LEFT JOIN {rows} AS {link} ON {link}.row = facts._row")
                who, tier = f"COALESCE({link}.who, {at})", f"COALESCE({link}.tier, 'A')"
                replaced += _key(dataset, column, f"COALESCE({link}.key, facts.{{0}})")
                if (dataset.name, column) in self.named:  # the name speaks against nobody any more
                    keys = [sql.name(name + "__key") for name in dataset.names_of(column)]
                    replaced += [
                        f"CASE WHEN {link}.named THEN NULL ELSE facts.{k} END AS {k}" for k in keys
                    ]
            added += _columns(dataset, column, who, tier)
        columns = [field.suffix for field in dataset.fields]
        return _select(columns, replaced, added, f"{facts} AS facts{''.join(joins)}")

    def doubts(self) -> str:
        """SQL of (code, name, other): names under one code that cannot be one organisation's."""
        if not self.doubted:
            nothing = ", ".join(
                f"CAST(NULL AS VARCHAR) AS {name}" for name in ("code", "name", "other")
            )
            return f"SELECT {nothing} WHERE false"
        return (
            "SELECT who AS code, JSON_EXTRACT_STRING(why, '$.name') AS name, "
            f"JSON_EXTRACT_STRING(why, '$.other') AS other FROM {self._map} WHERE kind = 'doubt'"
        )

    def guesses(self, dataset: Dataset, seen: str) -> str:
        """SQL for the rows that may be about somebody, once for everyone; columns as in `view`.

        Args:
            seen: relation that `view` gives.
        """
        parts = []
        for column in dataset.bearers:
            if (dataset.name, column) not in self.guessed:
                continue
            replaced = [
                f"guess.who AS {sql.name(column + '__who')}",
                f"guess.tier AS {sql.name(column + '__tier')}",
                *_key(dataset, column, "guess.key"),
            ]
            rows = self._rows(dataset.name, column, "tier = 'E'")
            source = f"{seen} AS facts JOIN {rows} AS guess ON guess.row = facts._row"
            parts.append(_select([field.suffix for field in dataset.viewed], replaced, [], source))
        return " UNION ALL ".join(parts) or f"SELECT * FROM {seen} WHERE false"


def _key(dataset: Dataset, column: str, value: str) -> list[str]:
    """The integer key replaced, where the column has one."""
    key = f"{column}__key"
    has = key in dataset.physical(column)
    return [f"{value.format(sql.name(key))} AS {sql.name(key)}"] if has else []


def _columns(dataset: Dataset, column: str, who: str, tier: str) -> list[str]:
    found = [f"{who} AS {sql.name(column + '__who')}"]
    if dataset.is_loose(column):
        found.append(f"{tier} AS {sql.name(column + '__tier')}")
    return found


def _select(
    columns: Sequence[str], replaced: Sequence[str], added: Sequence[str], source: str
) -> str:
    """The columns of `facts`, some with another value, and more; `replaced` ends in the quoted name."""
    others = {item.rpartition(" AS ")[2]: item for item in replaced}
    shown = [others.get(sql.name(column), f"facts.{sql.name(column)}") for column in columns]
    return f"SELECT {', '.join([*shown, *added])} FROM {source}"


def lay_views(
    duck: Duck, datasets: Mapping[str, Dataset], snapshots: Mapping[str, Snapshot], ties: Ties
) -> None:
    """Make each dataset a view of its snapshot, as models see it; and one of names that are in doubt."""
    relations = {name: s.relation(datasets[name].fields) for name, s in snapshots.items()}
    for name, select in _views(datasets, relations, ties):
        duck.run(f"CREATE TEMP VIEW {sql.name(name)} AS {select}")


#: The columns of the identity map that models need.
_MAP = (
    *(Field(name, "VARCHAR") for name in ("kind", "dataset", "slot", "who", "tier", "via", "why")),
    *(Field(name, "BIGINT") for name in ("row", "key")),
)


def lay_spark_views(
    spark: Spark,
    datasets: Mapping[str, Dataset],
    snapshots: Mapping[str, Snapshot],
    ties: Ties,
    place: Callable[[Path], str],
) -> None:
    """The same views in Spark, over the same files.

    Args:
        place: where Spark finds a file of the store.
    """
    relations = {}
    for name, snapshot in snapshots.items():
        # What was not yet declared when a row was delivered is null there.
        relations[name] = f"files_of__{name}"
        spark.files(relations[name], list(map(place, snapshot.paths())), datasets[name].fields)
    spark.files("identity__map", list(map(place, ties.paths)), _MAP)
    for name, select in _views(datasets, relations, replace(ties, relation="identity__map")):
        spark.view(name, select)


def _views(
    datasets: Mapping[str, Dataset], relations: Mapping[str, str], ties: Ties
) -> Iterator[tuple[str, str]]:
    """Name and SQL of each view, from the relations that hold the datasets' rows."""
    yield "organisation_doubts", ties.doubts()
    for name, relation in relations.items():
        dataset = datasets[name]
        yield name, ties.view(dataset, relation)
        yield f"{name}__maybe", ties.guesses(dataset, sql.name(name))
