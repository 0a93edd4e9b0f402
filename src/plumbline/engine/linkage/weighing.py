"""How much speaks for two records being of one person: learned once, then weighed as rows come.

A model is frozen: its shares, its prior and its frequencies of names do not change with the rows that are
weighed, so that a row weighs the same today, with others, or alone.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from typing import Any, NamedTuple

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.linkage import candidates, training
from plumbline.engine.linkage.people import PEOPLE
from plumbline.engine.linkage.scheme import Feature, Scheme
from plumbline.errors import RunError, Text

#: Fewer loose rows than this do not say how offices err; the defaults do.
TOO_FEW = 1_000
#: Pairs below this weight (a chance of one in a thousand) are of use to nobody.
LEAST = -10.0
#: Names told apart by frequency; the rest count as the average of the rest.
NAMES = 30_000
_DIGITS = 4


@dataclass(frozen=True)
class Frequency:
    """How much more (or, below zero, less) than the average an agreement in a value tells, in bits.

    Two strangers agree in some value with probability sum(f ** 2), in one of frequency f with f.
    """

    lifts: Mapping[str, float] = field(default_factory=dict)
    rest: float = 0.0


@dataclass(frozen=True)
class Model:
    """What weighing needs to know.

    Attributes:
        scheme: what is compared.
        prior: probability that a loose row and some person of the population are the same.
        m, u: shares of levels by feature, best first; see `scheme`.
        frequencies: by prepared column.
        learned: whether m and u come from the data at hand.
        notes: in words, what could not be learned and why.
    """

    scheme: Scheme
    prior: float
    m: Mapping[str, list[float]]
    u: Mapping[str, list[float]]
    frequencies: Mapping[str, Frequency]
    learned: bool
    notes: tuple[Text, ...] = ()

    def to_json(self) -> str:
        content = {
            "scheme": self.scheme.name,
            "digest": self.scheme.digest,
            "prior": self.prior,
            "m": self.m,
            "u": self.u,
            "frequencies": {name: asdict(each) for name, each in self.frequencies.items()},
            "learned": self.learned,
            "notes": [note._asdict() for note in self.notes],
        }
        return json.dumps(content, ensure_ascii=False, indent=1, sort_keys=True)

    @classmethod
    def from_json(cls, text: str, scheme: Scheme = PEOPLE) -> Model:
        """The model that was saved.

        Raises:
            RunError: It was trained when something else was compared.
        """
        content = json.loads(text)
        if (content.pop("scheme"), content.pop("digest")) != (scheme.name, scheme.digest):
            raise RunError(
                Text(
                    "识别模型与本版本的比对方法不符",
                    "the model of who is who was trained on other levels than are compared now",
                ),
                hint=Text("重新训练识别模型", "train it again with this version"),
            )
        frequencies = {
            column: Frequency(**frequency)
            for column, frequency in content.pop("frequencies").items()
        }
        notes = tuple(Text(**note) for note in content.pop("notes"))
        return cls(scheme=scheme, frequencies=frequencies, notes=notes, **content)

    def weight(self, feature: Feature, number: int) -> float:
        """Of a level (by number, -1 where unknown) without frequencies, in bits."""
        if number < 0:
            return 0.0
        at = len(feature.levels) - 1 - number
        return round(math.log2(self.m[feature.name][at] / self.u[feature.name][at]), _DIGITS)


class Weighed(NamedTuple):
    """Where the candidates are, how many, and what no rule could look at for being too common."""

    relation: str
    rows: int
    passed_over: dict[str, int]


class Reason(NamedTuple):
    """What one feature says, in words and in bits."""

    feature: Text
    level: Text
    weight: float


@dataclass(frozen=True)
class Sides:
    """Both relations, prepared once to be trained on and weighed."""

    duck: Duck
    scheme: Scheme
    left: str
    right: str

    def count(self) -> tuple[int, int]:
        ((people, rows),) = self.duck.run(
            f"SELECT (SELECT COUNT(*) FROM {self.left}), (SELECT COUNT(*) FROM {self.right})"
        )
        return int(people), int(rows)

    def train(self, seed: int = 1) -> Model:
        """See `weighing.train`."""
        people, rows = self.count()
        scheme, notes = self.scheme, tuple[Text, ...]()
        m, u = training.defaults(scheme, "m"), training.defaults(scheme, "u")
        enough = min(people, rows) >= TOO_FEW
        if enough:
            material = training.Material(self.duck, scheme, self.left, self.right, seed)
            m, u, notes = training.learn(material)
        else:
            notes = (_too_few(people, rows),)
        return Model(
            scheme=scheme,
            prior=_prior(self, enough=enough),
            m=m,
            u=u,
            frequencies={column: _frequency(self, column) for column in scheme.by},
            learned=enough and len(notes) < len(scheme.learn),
            notes=notes,
        )

    def weigh(self, model: Model, into: str = "weighed", least: float = LEAST) -> Weighed:
        """See `weighing.weigh`."""
        duck, pairs = self.duck, f"{into}_pairs"
        passed_over = candidates.find(duck, self.scheme, self.left, self.right, pairs)
        lifted = _lift(self, model)
        duck.run(
            f"CREATE OR REPLACE TEMP TABLE {into} AS {_weights(self, model, pairs, lifted, least)}"
        )
        duck.run(f"DROP TABLE {pairs}")
        duck.run(f"DROP VIEW {lifted}")
        for column in self.scheme.by:
            duck.run(f"DROP TABLE {self.left}_{column}")
        ((rows,),) = duck.run(f"SELECT COUNT(*) FROM {into}")
        return Weighed(into, int(rows), passed_over)


@contextmanager
def sides(duck: Duck, population: str, loose: str = "", scheme: Scheme = PEOPLE) -> Iterator[Sides]:
    """Prepare both relations, for training and weighing at one go; they are dropped in the end.

    Args:
        loose: not given where the scheme compares the population with itself.
    """
    left, right = "plumbline_population", "plumbline_loose"
    scheme.prepare(duck, population, left)
    if scheme.dedupe:
        right = left
    else:
        scheme.prepare(duck, loose, right)
    try:
        yield Sides(duck, scheme, left, right)
    finally:
        for table in {left, right}:
            duck.run(f"DROP TABLE IF EXISTS {table}")


def train(
    duck: Duck, population: str, loose: str = "", *, seed: int = 1, scheme: Scheme = PEOPLE
) -> Model:
    """A model of these people and these loose rows; the documented defaults where they say too little.

    Args:
        population: relation (a name, or a query in brackets) of people whose number is known: claim, key,
            number, name, birth_from, birth_to, sex, phones, regions, addresses; one row for each name.
        loose: relation of rows without a full number: the same columns but for key.
        seed: which rows are drawn where there are more than are needed.
    """
    with sides(duck, population, loose, scheme) as both:
        return both.train(seed)


def weigh(
    duck: Duck,
    model: Model,
    population: str,
    loose: str = "",
    *,
    into: str = "weighed",
    least: float = LEAST,
) -> Weighed:
    """Make a table of candidate pairs with their weights.

    Its columns: `claim` (of the loose row), `candidate` (claim of the population's row), what the scheme
    keeps of the population (key and name), `match_weight` in bits, `probability`, and for each feature
    `level_<feature>` (a number; -1: nothing to compare) and `weight_<feature>`. Of several rows of one
    key only the heaviest stands. A row's candidates depend on no other loose row.

    Args:
        into: name of the table.
        least: pairs of less weight are left out.
    """
    with sides(duck, population, loose, model.scheme) as both:
        return both.weigh(model, into, least)


def explain(model: Model, row: Mapping[str, Any]) -> list[Reason]:
    """What each feature of a weighed pair says, what speaks most (for or against) first.

    The last reason is the prior, so that the weights add up to the pair's.
    """
    reasons = []
    for feature in model.scheme.weigh:
        number = row[f"level_{feature.name}"]
        if number >= 0:
            weight = row[f"weight_{feature.name}"]
            reasons.append(Reason(feature.title, feature.level(number).says, weight))
    reasons.sort(key=lambda reason: -abs(reason.weight))
    before = Text("事先", "beforehand")
    chance = Text(
        "随便两条记录是同一人的可能性", "how likely any two records are of the same person"
    )
    return [*reasons, Reason(before, chance, prior_weight(model))]


def prior_weight(model: Model) -> float:
    return round(math.log2(model.prior / (1 - model.prior)), _DIGITS)


# -- weights as SQL --------------------------------------------------------------------------------


def _weights(both: Sides, model: Model, pairs: str, left: str, least: float) -> str:
    """The levels of every pair, then their weights, then the sum.

    A weight that is the same for every pair of a level is looked up at the end, for the pairs that stay.
    """
    scheme = model.scheme
    names = [feature.name for feature in scheme.weigh]
    weights = [f"{_weight(model, feature)} AS weight_{feature.name}" for feature in scheme.weigh]
    lifts = [f"lift_{column}" for column in scheme.by]
    each = [f"{what}_{name}" for name in names for what in ("level", "weight")]
    total = " + ".join([f"{prior_weight(model)}", *(f"weight_{name}" for name in names)])
    once = ""
    if "key" in scheme.keep:
        once = (
            "QUALIFY row_number() OVER "
            "(PARTITION BY claim, key ORDER BY match_weight DESC, name, candidate) = 1"
        )
    return f"""
        WITH seen AS ({scheme.levels(pairs, left, both.right, [*lifts, *scheme.keep])}),
        told AS (SELECT *, {", ".join(weights)} FROM seen),
        summed AS (SELECT *, round({total}, {_DIGITS}) AS match_weight FROM told)
        SELECT r AS claim, l AS candidate, {"".join(f"{column}, " for column in scheme.keep)}
            match_weight, 1 / (1 + pow(2, -match_weight)) AS probability, {", ".join(each)}
        FROM summed WHERE match_weight >= {least} {once}"""


def _weight(model: Model, feature: Feature) -> str:
    last = len(feature.levels) - 1
    whens = []
    for at, level in enumerate(feature.levels):
        lift = f" + lift_{level.by}" if level.by else ""
        whens.append(f"WHEN {last - at} THEN {model.weight(feature, last - at)}{lift}")
    return f"(CASE level_{feature.name} {' '.join(whens)} ELSE 0 END)::DOUBLE"


def _lift(both: Sides, model: Model) -> str:
    """A view of the population with `lift_<column>` for every column whose frequencies count."""
    view, selects, joins = f"{both.left}_lifted", ["prepared.*"], []
    for column in model.scheme.by:
        frequency = model.frequencies[column]
        table = pa.table(
            {
                "value": pa.array(frequency.lifts.keys(), pa.string()),
                "lift": pa.array(frequency.lifts.values(), pa.float64()),
            }
        )
        both.duck.register("plumbline_lifts", table)
        both.duck.run(f"CREATE OR REPLACE TEMP TABLE {both.left}_{column} AS FROM plumbline_lifts")
        both.duck.unregister("plumbline_lifts")
        joins.append(
            f"LEFT JOIN {both.left}_{column} AS by_{column} "
            f"ON by_{column}.value = prepared.{column}::VARCHAR"
        )
        selects.append(f"coalesce(by_{column}.lift, {frequency.rest}) AS lift_{column}")
    both.duck.run(
        f"CREATE OR REPLACE TEMP VIEW {view} AS "
        f"SELECT {', '.join(selects)} FROM {both.left} AS prepared {' '.join(joins)}"
    )
    return view


# -- what is learned by counting -------------------------------------------------------------------


def _frequency(both: Sides, column: str) -> Frequency:
    """Frequencies among the population, the commonest values by themselves."""
    duck, left = both.duck, both.left
    counts = f"(SELECT {column}::VARCHAR AS value, COUNT(*) AS n FROM {left} WHERE {column} IS NOT NULL GROUP BY 1)"
    ((total, squares),) = duck.run(
        f"SELECT coalesce(SUM(n), 0)::BIGINT, coalesce(SUM(n * n), 0)::HUGEINT FROM {counts}"
    )
    if not total:
        return Frequency()
    top = duck.run(
        f"SELECT value, n FROM {counts} WHERE n > 1 ORDER BY n DESC, value LIMIT {NAMES}"
    )
    average = squares / total
    lifts = {value: round(math.log2(average / n), _DIGITS) for value, n in top}
    # A value that is not listed is met as often as the unlisted are on average.
    others, other_squares = total - sum(n for _, n in top), squares - sum(n * n for _, n in top)
    rest = round(math.log2(average / (other_squares / others if others else 1)), _DIGITS)
    return Frequency(lifts, rest)


def _prior(both: Sides, *, enough: bool) -> float:
    """From the pairs that agree in what strangers hardly share, and the share of true pairs that do so.

    Where too little is at hand to count, a loose row may be about any of the strangers there are at the
    least: in a register of five people, the only 王伟 is not yet the one who is meant.

    Args:
        enough: do the rows at hand say how many of them are about people known?
    """
    duck, scheme, left, right = both.duck, both.scheme, both.left, both.right
    pairs = 0
    for columns in scheme.sure:
        keys = ", ".join(columns)
        known = " AND ".join(f"{column} IS NOT NULL" for column in columns)
        counted = f"SELECT {keys}, COUNT(*) AS n FROM {{}} WHERE {known} GROUP BY {keys}"
        if scheme.dedupe:
            found = f"SELECT SUM(n * (n - 1) // 2) FROM ({counted.format(left)})"
        else:
            found = (
                f"SELECT SUM(a.n * b.n) FROM ({counted.format(left)}) AS a "
                f"JOIN ({counted.format(right)}) AS b USING ({keys})"
            )
        ((met,),) = duck.run(found)
        pairs = max(pairs, int(met or 0))
    people, rows = both.count()
    most = people * (people - 1) / 2 if scheme.dedupe else people * rows
    if scheme.dedupe:
        low, high = 1 / max(people, 2), 100 / max(people, 2)
    else:  # one loose row in twenty is somebody known, or nineteen are
        around = max(people, scheme.strangers, 1)
        low, high = 0.05 / around, 0.95 / (max(people, 1) if enough else around)
    found_share = pairs / scheme.sure_share / most if most else low
    return float(f"{min(max(found_share, low), high, 0.5):.6g}")


def _too_few(people: int, rows: int) -> Text:
    return Text(
        f"人口 {people} 行、待认 {rows} 行，不足 {TOO_FEW} 行，用缺省参数",
        f"{people} rows of people and {rows} loose rows are fewer than {TOO_FEW}; the defaults are used",
    )
