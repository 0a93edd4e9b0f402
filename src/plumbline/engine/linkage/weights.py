"""Guesses by weight: where no rule ties a row, those who most likely are meant (tier E), with the odds.

What the model learned is frozen in the store, by its digest, so that a row weighs the same tomorrow.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from plumbline.engine.backend import Duck
from plumbline.engine.fact.store import Store
from plumbline.engine.linkage import weighing
from plumbline.engine.linkage.persons import MOST_GUESSES
from plumbline.errors import RunError, Text

#: Guesses less likely than one in twenty are not worth anybody's time.
LIKELY = 0.05
#: Of the likely ones, so many at most for each row.
MOST = 5

_COLUMNS = "number, birth_from, birth_to, sex, phones, regions, addresses"


@dataclass(frozen=True)
class Frozen:
    """A model of weights and the digest that it is kept under."""

    model: weighing.Model
    digest: str

    @property
    def notes(self) -> tuple[Text, ...]:
        return self.model.notes


def people(said: str) -> str:
    """SQL of the population as the weighing knows it: a row for each name that somebody bears."""
    every = ", ".join(
        f"LIST_SORT(LIST_DISTINCT(FLATTEN(LIST({name})))) AS {name}"
        for name in ("phones", "regions", "addresses")
    )
    return (
        "(SELECT CAST(('0x' || SUBSTR(MD5(key || '/' || name), 1, 15)) AS BIGINT) AS claim, *, "
        "TRY_CAST(STRPTIME(SUBSTR(number, 7, 8), '%Y%m%d') AS DATE) AS birth_from, birth_from AS birth_to, "
        "CASE WHEN CAST(SUBSTR(number, 17, 1) AS INTEGER) % 2 = 1 THEN 'M' ELSE 'F' END AS sex "
        f"FROM (SELECT key, MIN(number) AS number, {every} FROM {said} GROUP BY key) "
        f"JOIN (SELECT DISTINCT key, UNNEST(names) AS name FROM {said}) USING (key) "
        "WHERE NOT CONTAINS(name, '%') AND NOT CONTAINS(name, '_'))"
    )


def loose(claims: str) -> str:
    """SQL of claims as the weighing knows them."""
    return f"(SELECT claim, names[1] AS name, {_COLUMNS} FROM {claims})"


def read(store: Store, digest: str) -> Frozen | None:
    """The model that is kept under a digest; none if it is gone, or this version compares other things."""
    kept = store.root / "texts" / f"{digest}.json"
    try:
        return Frozen(weighing.Model.from_json(kept.read_text(encoding="utf-8")), digest)
    except (FileNotFoundError, RunError):
        return None


def _keep(store: Store, model: weighing.Model) -> Frozen:
    text = model.to_json()
    digest = hashlib.sha256(text.encode()).hexdigest()
    kept = store.root / "texts" / f"{digest}.json"
    kept.parent.mkdir(exist_ok=True)
    if not kept.exists():
        draft = kept.with_suffix(".draft")
        draft.write_text(text, encoding="utf-8")
        draft.replace(kept)
    return Frozen(model, digest)


def add(store: Store, duck: Duck, frozen: Frozen | None, claims: str, said: str) -> Frozen:
    """Make `candidates` of `who_candidates`: what no rule ties gets its likeliest people by weight.

    Args:
        frozen: the model that weighs; without one, it is learned from these claims, and kept.

    Returns:
        The model that weighed.
    """
    untied = "claim NOT IN (SELECT claim FROM who_candidates WHERE tier <> 'E')"
    taken = claims if frozen is None else f"(SELECT * FROM {claims} WHERE {untied})"
    with weighing.sides(duck, people(said), loose(taken)) as both:
        if frozen is None:
            frozen = _keep(store, both.train())
            duck.run(f"DELETE FROM {both.right} WHERE NOT ({untied})")
        found = both.weigh(frozen.model)
    duck.run(
        "CREATE OR REPLACE TEMP TABLE candidates AS WITH likely AS ("
        f"SELECT w.claim, w.key, p.number AS who, w.match_weight, w.probability, {_compared(frozen.model)} AS compared, "
        "ROW_NUMBER() OVER (PARTITION BY w.claim ORDER BY w.match_weight DESC, w.key) AS place "
        f"FROM {found.relation} AS w JOIN (SELECT key, MIN(number) AS number FROM who_numbers GROUP BY key) AS p USING (key) "
        f"WHERE w.probability >= {LIKELY} AND (w.claim, p.number) NOT IN (SELECT (claim, who) FROM excluded_person)), "
        f"guesses AS (SELECT COALESCE(r.claim, l.claim) AS claim, COALESCE(r.key, l.key) AS key, "
        "COALESCE(r.who, l.who) AS who, 'E' AS tier, CASE WHEN l.claim IS NULL THEN 'rule' ELSE 'weight' END AS via, "
        "CASE WHEN l.claim IS NULL THEN r.why ELSE CAST(JSON_MERGE_PATCH(COALESCE(r.why, l.compared), TO_JSON("
        "{'weight': ROUND(l.match_weight, 2), 'probability': ROUND(l.probability, 4)})) AS VARCHAR) END AS why, "
        "COALESCE(l.match_weight, -100) AS weight FROM (SELECT * FROM who_candidates WHERE tier = 'E') AS r "
        f"FULL JOIN (SELECT * FROM likely WHERE place <= {MOST}) AS l ON l.claim = r.claim AND l.key = r.key) "
        "SELECT claim, key, who, tier, 'rule' AS via, why FROM who_candidates WHERE tier <> 'E' "
        "UNION ALL SELECT claim, key, who, tier, via, why FROM guesses "
        f"QUALIFY ROW_NUMBER() OVER (PARTITION BY claim ORDER BY weight DESC, key) <= {MOST_GUESSES}"
    )
    return frozen


def _compared(model: weighing.Model) -> str:
    """SQL over a weighed pair: what agrees, nearly agrees and differs, as JSON in the words of `why`."""
    told = {"agrees": "= {0}", "near": "BETWEEN 1 AND {0} - 1", "differs": "= 0"}
    lists = []
    for said, test in told.items():
        each = ", ".join(
            f"CASE WHEN w.level_{feature.name} {test.format(len(feature.levels) - 1)} "
            f"THEN '{feature.name}' END"
            for feature in model.scheme.weigh
        )
        lists.append(f"'{said}': LIST_FILTER([{each}], lambda x: x IS NOT NULL)")
    return f"CAST(TO_JSON({{{', '.join(lists)}}}) AS VARCHAR)"


def touched(duck: Duck, frozen: Frozen, claims: str, changed: str) -> str:
    """SQL of the claims that may be about somebody of whom something else is said now."""
    found = weighing.weigh(
        duck, frozen.model, people(changed), loose(claims), into="weighed_touched", least=-1e9
    )
    return f"SELECT DISTINCT claim FROM {found.relation}"
