"""What is compared of two records, in which levels, and how candidates are found: said once, as data.

After I. P. Fellegi and A. B. Sunter, "A Theory for Record Linkage", JASA 64 (1969): of each feature the
level of agreement is seen, and how much likelier that level is among records of one person (m) than among
strangers (u) is its weight, log2(m / u). Weights add up.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain

from plumbline.engine.backend import Duck
from plumbline.errors import Text


@dataclass(frozen=True)
class Level:
    """One grade of agreement.

    Attributes:
        when: SQL over prepared columns with `_l` (population) and `_r` (loose) behind their names; empty
            for the last level, which takes what is left.
        m: share of this level among records of one person, where nothing better is known.
        u: the same among strangers.
        by: prepared column whose frequency adjusts the weight: a name that many bear proves little.
    """

    when: str
    says: Text
    m: float
    u: float
    by: str = ""


@dataclass(frozen=True)
class Feature:
    """One thing two records can be compared by.

    Attributes:
        unknown: SQL that is true where there is nothing to compare; it then weighs nothing.
        levels: best first. A pair's level is the number of levels below it; -1 where unknown.
    """

    name: str
    title: Text
    unknown: str
    levels: tuple[Level, ...]

    def case(self) -> str:
        """SQL for the level of a pair."""
        last = len(self.levels) - 1
        whens = " ".join(
            f"WHEN {level.when} THEN {last - at}" for at, level in enumerate(self.levels[:-1])
        )
        return f"CASE WHEN {self.unknown} THEN -1 {whens} ELSE 0 END"

    def level(self, number: int) -> Level:
        return self.levels[len(self.levels) - 1 - number]


@dataclass(frozen=True)
class Rule:
    """Records that agree in all of `keys` are candidates for each other.

    Attributes:
        keys: SQL over prepared columns, the same on both sides; nothing is found where one is null.
        most: blocks with more records of the population than this are passed over, and counted.
        each: a column that holds a list, of which any element may agree.
    """

    name: str
    keys: tuple[str, ...]
    most: int
    each: str = ""


@dataclass(frozen=True)
class Scheme:
    """All that is known before any data are seen.

    Attributes:
        prepare: makes a table of prepared columns out of a relation: (duck, relation, name of the table).
            It has `claim BIGINT`, unique.
        weigh: features by which candidates are weighed.
        find: rules by which candidates are found.
        learn: columns that training holds equal, one set after another (M. A. Jaro 1989: the rest is
            then learned by expectation maximisation).
        sure: SQL over a pair that is true for almost no strangers and for `sure_share` of the true pairs.
        keep: prepared columns of the population that go with a weighed pair.
        strangers: so many at the least may be met who are not in the population, if it is small.
        dedupe: one relation is compared with itself.
    """

    name: str
    prepare: Callable[[Duck, str, str], None]
    weigh: tuple[Feature, ...]
    find: tuple[Rule, ...]
    learn: tuple[tuple[str, ...], ...]
    sure: tuple[tuple[str, ...], ...]
    sure_share: float
    keep: tuple[str, ...] = ()
    strangers: int = 0
    dedupe: bool = False

    @property
    def compared(self) -> tuple[str, ...]:
        """Prepared columns that some level looks at."""
        text = " ".join(feature.case() for feature in self.weigh)
        return tuple(sorted(set(re.findall(r"\b([a-z][a-z0-9_]*)_[lr]\b", text))))

    def levels(self, pairs: str, left: str, right: str, also: Sequence[str] = ()) -> str:
        """SQL for pairs (l, r) of claims with `level_<feature>` for each feature.

        Args:
            also: columns of `left` that go along.
        """
        columns = [
            f"a.{column} AS {column}_l, b.{column} AS {column}_r" for column in self.compared
        ]
        levels = [f"({feature.case()})::TINYINT AS level_{feature.name}" for feature in self.weigh]
        return f"""
            SELECT l, r, {", ".join([*levels, *(f"also_{column} AS {column}" for column in also)])}
            FROM (
                SELECT pairs.l, pairs.r,
                    {", ".join([*columns, *(f"a.{column} AS also_{column}" for column in also)])}
                FROM {pairs} AS pairs
                JOIN {left} AS a ON a.claim = pairs.l JOIN {right} AS b ON b.claim = pairs.r
            )"""

    @property
    def by(self) -> tuple[str, ...]:
        """Columns whose frequencies count."""
        levels = chain.from_iterable(feature.levels for feature in self.weigh)
        return tuple(dict.fromkeys(level.by for level in levels if level.by))

    @property
    def digest(self) -> str:
        """Changes when a level is defined otherwise, so that no model is read by other eyes."""
        text = "\n".join(f"{feature.name}: {feature.case()}" for feature in self.weigh)
        return hashlib.sha256(text.encode()).hexdigest()[:16]
