"""What the data at hand say about m and u, by Splink's expectation maximisation.

R. Linacre et al., "Splink: Free software for probabilistic record linkage at scale", IJPDS 7:3 (2022).
"""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from plumbline.engine.backend import Duck
from plumbline.engine.linkage.scheme import Scheme
from plumbline.errors import Text

Shares = dict[str, list[float]]

#: Records of each side among whose pairs u is counted.
STRANGERS = 1_400
#: Loose rows that m is learned from.
LEARNERS = 30_000
#: A block of more records than this is left out where m is learned; common names teach nothing.
MOST = 50
#: A level that fewer pairs than this showed keeps its default.
SEEN = 30
#: Rounds after which expectation maximisation is taken not to converge.
ROUNDS = 100
#: Pairs that a session of expectation maximisation needs.
ENOUGH = 300
_FLOOR = 1e-7


class Learned(NamedTuple):
    """Shares by feature, best level first, and in words what could not be learned."""

    m: Shares
    u: Shares
    notes: tuple[Text, ...]


@dataclass(frozen=True)
class Material:
    """Prepared tables to learn from; `right` is a view of `left` where one is compared with itself."""

    duck: Duck
    scheme: Scheme
    left: str
    right: str
    seed: int

    def draw(self, table: str, into: str, most: int, salt: int = 0) -> None:
        """A sample that depends on the seed and the claims alone."""
        self.duck.run(f"""
            CREATE OR REPLACE TEMP TABLE {into} AS SELECT * FROM {table}
            ORDER BY md5(claim::VARCHAR || '/{self.seed}/{salt}'), claim LIMIT {most}""")

    def drop(self, *tables: str) -> None:
        for table in tables:
            self.duck.run(f"DROP TABLE IF EXISTS {table}")


def learn(material: Material) -> Learned:
    with _quiet():
        u = _among_strangers(material)
        m, notes = _among_the_same(material, u)
    return Learned(m, u, notes)


# -- u ---------------------------------------------------------------------------------------------


def _among_strangers(material: Material) -> Shares:
    """Counted on all pairs of a sample of both sides."""
    duck, scheme = material.duck, material.scheme
    material.draw(material.left, "strangers_l", STRANGERS)
    material.draw(material.right, "strangers_r", STRANGERS, salt=1)  # others, of the same relation
    duck.run("""
        CREATE OR REPLACE TEMP TABLE strangers AS
        SELECT a.claim AS l, b.claim AS r FROM strangers_l AS a, strangers_r AS b""")
    counts: dict[str, dict[int, int]] = {feature.name: {} for feature in scheme.weigh}
    levels = [f"level_{name}" for name in counts]
    sets = ", ".join(f"({level})" for level in levels)
    for row in duck.run(f"""
        SELECT {", ".join(levels)}, COUNT(*)
        FROM ({scheme.levels("strangers", "strangers_l", "strangers_r")}) WHERE l <> r
        GROUP BY GROUPING SETS ({sets})"""):
        for name, level in zip(counts, row, strict=False):
            if level is not None:
                counts[name][level] = row[-1]
    material.drop("strangers", "strangers_l", "strangers_r")
    shares = {}
    for feature in scheme.weigh:
        seen = [counts[feature.name].get(at, 0) for at in range(len(feature.levels))][::-1]
        total = max(sum(seen), 1)
        shares[feature.name] = [
            _rounded(count / total) if count >= SEEN else level.u
            for level, count in zip(feature.levels, seen, strict=True)
        ]
    return shares


# -- m ---------------------------------------------------------------------------------------------


def _among_the_same(material: Material, u: Shares) -> tuple[Shares, tuple[Text, ...]]:
    """One session for each set of columns that are held equal; what several tell is averaged."""
    told: dict[str, list[list[float | None]]] = {}
    notes = []
    for columns in material.scheme.learn:
        session = _session(material, u, columns)
        if isinstance(session, Text):
            notes.append(session)
            continue
        for name, shares in session.items():
            told.setdefault(name, []).append(shares)
    m = {}
    for feature in material.scheme.weigh:
        sessions = told.get(feature.name, [])
        m[feature.name] = [
            _rounded(_mean([shares[at] for shares in sessions], level.m))
            for at, level in enumerate(feature.levels)
        ]
    return m, tuple(notes)


def _session(
    material: Material, u: Shares, columns: tuple[str, ...]
) -> dict[str, list[float | None]] | Text:
    """What expectation maximisation finds among pairs that agree in `columns`, or why nothing."""
    pairs = _draw_blocks(material, columns)
    what = ", ".join(columns)
    sides = ["learners_l"] if material.scheme.dedupe else ["learners_l", "learners_r"]
    if pairs < ENOUGH:
        material.drop(*sides)
        return Text(
            f"在 {what} 相同的记录中只有 {pairs} 对，不足以学习，沿用缺省参数",
            f"only {pairs} pairs agree in {what}, too few to learn from; defaults are kept",
        )
    linker = _linker(material, sides, u)
    try:
        session = linker.training.estimate_parameters_using_expectation_maximisation(
            " AND ".join(f"l.{column} = r.{column}" for column in columns),
            estimate_without_term_frequencies=True,
        )
    except ValueError as degenerate:  # such as a share that falls to nothing
        linker.table_management.delete_tables_created_by_splink_from_db()
        material.drop(*sides)
        said = str(degenerate).splitlines()[0]
        return Text(
            f"在 {what} 相同的记录中学不到参数，沿用缺省参数：{said}",
            f"nothing could be learned from pairs that agree in {what}; defaults are kept: {said}",
        )
    settings, rounds = session.core_model_settings, session._core_model_settings_history  # noqa: SLF001
    matches = settings.probability_two_random_records_match
    shares = _shares(settings)
    linker.table_management.delete_tables_created_by_splink_from_db()
    material.drop(*sides)
    if len(rounds) > ROUNDS:
        return Text(
            f"在 {what} 相同的记录中期望最大化没有收敛，沿用缺省参数",
            f"expectation maximisation did not converge among pairs that agree in {what}; "
            "defaults are kept",
        )
    if matches * pairs < SEEN or matches > 0.999:
        return Text(
            f"在 {what} 相同的记录中分不出同一人与不同人，沿用缺省参数",
            f"pairs that agree in {what} do not fall into same and not the same; defaults are kept",
        )
    return shares


def _draw_blocks(material: Material, columns: tuple[str, ...]) -> int:
    """Tables of the records to learn from, and how many pairs of them agree in `columns`."""
    duck, left, right = material.duck, material.left, material.right
    keys = ", ".join(columns)
    known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
    material.draw(f"(SELECT * FROM {right} WHERE {known})", "learners_r", LEARNERS, salt=2)
    duck.run(f"""
        CREATE OR REPLACE TEMP TABLE learners_l AS SELECT * FROM {left} SEMI JOIN learners_r USING ({keys})
        QUALIFY COUNT(*) OVER (PARTITION BY {keys}) <= {MOST}""")
    if material.scheme.dedupe:
        material.drop("learners_r")
        counted = f"SELECT n * (n - 1) // 2 AS n FROM (SELECT COUNT(*) AS n FROM learners_l GROUP BY {keys})"
    else:
        counted = f"SELECT COUNT(*) AS n FROM learners_l JOIN learners_r USING ({keys})"
    ((pairs,),) = duck.run(f"SELECT coalesce(SUM(n), 0)::BIGINT FROM ({counted})")
    return int(pairs)


# -- Splink ----------------------------------------------------------------------------------------


@contextmanager
def _quiet() -> Iterator[None]:
    """Splink says nothing meanwhile; what it would say is in our notes."""
    logger = logging.getLogger("splink")
    before = logger.level
    logger.setLevel(logging.CRITICAL + 1)
    try:
        yield
    finally:
        logger.setLevel(before)


def _linker(material: Material, tables: Sequence[str], u: Shares) -> Any:
    """A linker of Splink over tables on this connection."""
    from splink import DuckDBAPI, Linker  # noqa: PLC0415 -- half a second, for training alone

    scheme = material.scheme
    api = DuckDBAPI(connection=material.duck.connection)
    inputs = [api.register(table, dataset_display_name=table) for table in tables]
    settings = {
        "link_type": "dedupe_only" if scheme.dedupe else "link_only",
        "unique_id_column_name": "claim",
        # Among pairs that agree in what is held equal; every session finds its own.
        "probability_two_random_records_match": 0.1,
        "comparisons": [splink_comparison(scheme, feature.name, u) for feature in scheme.weigh],
        "max_iterations": ROUNDS,
        "em_convergence": 1e-5,
        "retain_matching_columns": False,
        "linker_uid": "plumbline",
    }
    return Linker(inputs, settings, log_level=None, validate_settings=False)


def splink_comparison(
    scheme: Scheme,
    name: str,
    u: Mapping[str, Sequence[float]],
    m: Mapping[str, Sequence[float]] | None = None,
) -> dict[str, Any]:
    """A feature in the words of Splink's settings."""
    feature = next(feature for feature in scheme.weigh if feature.name == name)
    levels: list[dict[str, Any]] = [
        {"sql_condition": feature.unknown, "label_for_charts": "unknown", "is_null_level": True}
    ]
    levels += [
        {
            # IS TRUE keeps Splink from taking a level for what a session holds equal, and from
            # beginning it with a guess that follows from that.
            "sql_condition": f"({level.when}) IS TRUE" if level.when else "ELSE",
            "label_for_charts": level.says.en,
            "m_probability": m[name][at] if m else level.m,
            "u_probability": u[name][at],
        }
        for at, level in enumerate(feature.levels)
    ]
    return {"output_column_name": name, "comparison_levels": levels}


def _shares(settings: Any) -> dict[str, list[float | None]]:
    """m by comparison, best level first; None where a level was never seen."""
    return {
        comparison.output_column_name: [
            level.m_probability if isinstance(level._m_probability, float) else None  # noqa: SLF001
            for level in comparison.comparison_levels
            if not level.is_null_level
        ]
        for comparison in settings.comparisons
    }


# -- small things ----------------------------------------------------------------------------------


def defaults(scheme: Scheme, which: str) -> Shares:
    """The documented m or u of all levels."""
    return {
        feature.name: [getattr(level, which) for level in feature.levels]
        for feature in scheme.weigh
    }


def _rounded(share: float) -> float:
    """To six digits, so that sums in another order give the same model."""
    return float(f"{max(share, _FLOOR):.6g}")


def _mean(shares: Sequence[float | None], default: float) -> float:
    """What was seen on average; never much less than the default, since anybody errs some day."""
    known = [share for share in shares if share is not None]
    return max(math.fsum(known) / len(known), default / 10) if known else default
