"""Whom a row without a full number is about, by rules that can be said aloud (tiers C, D and E).

    C  the masked number fits, the full name is equal, and one more thing agrees, or all but one or two
       characters of the number do
    D  full name, birth date and sex
    E  anything less: somebody to look at, never an accusation

Nothing may contradict, one person only may fit, and it must be unlikely that a stranger in no register at
hand fits as well: that is worked out from how many bear the name and how many numbers fit the mask. In
a city, 王伟 with a birthday is nobody yet; 欧阳震华 with the same birthday is one person.
"""

from __future__ import annotations

from plumbline.engine.backend import Duck
from plumbline.engine.linkage import mask
from plumbline.engine.linkage.view import nobody

#: Of fewer people, how many bear a name says little of how common it is.
_TOO_FEW = 10_000
#: Strangers of whom no register at hand knows: as many as people known, at the least a county.
COUNTY = 500_000
#: Where a name is rarer among those known, it is taken to be borne by one in so many (two random
#: people of China share their full name with p >= 5.3e-6).
RAREST_NAME = 100_000
#: A tie holds if a stranger who fits as well is expected among so many such cases at most once.
C_AT_LEAST, D_AT_LEAST = 1000, 200
#: Of a number's 18 characters, so many agree where a mask hides one or two.
_NEARLY_WHOLE = 16
#: A row that fits more people than this says nothing about any one of them.
MOST_GUESSES = 20
#: Nor does a mask that fits more than this, where the name is masked as well.
_CROWD = 1000

#: How seldom two strangers agree in it: one in so many.
_BIRTH, _YEAR, _SEX, _PHONE, _MASKED_PHONE, _ADDRESS, _REGION = 25_000, 70, 2, 10_000, 1000, 1000, 5
#: A person fits better than another by so much, or it stays open which of them it is.
_CLEARLY = 1000

_FULL = "NOT CONTAINS({0}, '%') AND NOT CONTAINS({0}, '_')"


def prepare(duck: Duck, said: str) -> None:
    """Make what is known of people into tables: `who_names`, `who_numbers`.

    Args:
        said: relation (key, number, names, phones, regions, addresses) of rows with full numbers.
    """
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_names AS SELECT DISTINCT key, number, name, "
        f"{_birth('number')} AS birth FROM (SELECT key, number, UNNEST(names) AS name FROM {said}) "
        f"WHERE {_FULL.format('name')}"
    )
    duck.run(f"CREATE OR REPLACE TEMP TABLE who_numbers AS SELECT DISTINCT key, number FROM {said}")


def population(duck: Duck) -> int:
    """How many people are known by their number, rounded down to a power of two.

    What rests on it then changes only when the place has doubled, and not with every delivery.
    """
    ((known,),) = duck.run("SELECT COUNT(DISTINCT key) FROM who_numbers")
    return 1 << int(known).bit_length() >> 1


def candidates(duck: Duck, loose: str, said: str, known: int) -> None:
    """Make `who_candidates`: claim, key, who, tier, why (JSON); after `prepare`.

    A claim that is tied has one row (C or D); one that is not has a row for everybody it may be about
    (E), or none where there are too many.

    Args:
        loose: relation (claim and the columns of `claim.SAID`) of what rows without full numbers say.
        known: from `population`.
    """
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE who_loose AS SELECT *, {mask.PREFIX} AS prefix, "
        f"{mask.SUFFIX} AS suffix FROM {loose}"
    )
    _count_bearers(duck)
    _measure_masks(duck)
    _pair(duck)
    _describe(duck, said)
    _compare(duck)
    _grade(duck, known)
    _choose(duck)


def strangers(duck: Duck, claims: str) -> None:
    """Tie to each other, in `candidates`, rows about somebody of whom no register knows the number.

    Full name, birth date and sex make one person (D), as long as nobody at all was found who fits.
    """
    key, who = nobody("MD5(names[1] || '/' || birth_from || '/' || sex)")
    duck.run(
        f"INSERT INTO candidates SELECT claim, {key}, {who}, 'D', 'rule', "
        """'{"agrees":["name","birth","sex"],"differs":[],"several":0}' """
        f"FROM {claims} WHERE LEN(names) > 0 AND {_FULL.format('names[1]')} AND birth_from = birth_to "
        "AND sex IS NOT NULL AND claim NOT IN (SELECT claim FROM candidates) "
        "AND claim NOT IN (SELECT claim FROM who_graded)"
    )


def touched(duck: Duck, claims: str, changed: str) -> str:
    """SQL of the claims whose name or mask fits somebody of whom something else is said now."""
    masked = f"(SELECT claim, {mask.PREFIX} AS prefix, {mask.SUFFIX} AS suffix FROM {claims})"
    combinations = duck.run(
        f"SELECT DISTINCT LENGTH(prefix), LENGTH(suffix) FROM {masked} WHERE prefix IS NOT NULL ORDER BY ALL"
    )
    ways = [
        (
            f"SELECT claim FROM (SELECT claim, UNNEST(names) AS name FROM {claims}) "
            f"WHERE name IN (SELECT UNNEST(names) FROM {changed})"
        ),
        (
            f"SELECT c.claim FROM {claims} AS c JOIN {changed} AS n ON c.birth_from = {_birth('n.number')} "
            "AND c.birth_from = c.birth_to"
        ),
        *(
            f"SELECT m.claim FROM {masked} AS m JOIN {changed} AS n ON LEFT(n.number, {before}) = m.prefix "
            f"AND RIGHT(n.number, {behind}) = m.suffix "
            f"WHERE LENGTH(m.prefix) = {before} AND LENGTH(m.suffix) = {behind}"
            for before, behind in combinations
        ),
    ]
    return " UNION ".join(ways)


def _birth(number: str) -> str:
    return f"TRY_CAST(STRPTIME(SUBSTR({number}, 7, 8), '%Y%m%d') AS DATE)"


def _count_bearers(duck: Duck) -> None:
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_named AS SELECT claim, name FROM "
        f"(SELECT DISTINCT claim, UNNEST(names) AS name FROM who_loose) WHERE {_FULL.format('name')}"
    )
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_bearers AS SELECT name, COUNT(DISTINCT key) AS bearers "
        "FROM who_names WHERE name IN (SELECT name FROM who_named) GROUP BY name"
    )


def _measure_masks(duck: Duck) -> None:
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_masks AS SELECT DISTINCT prefix, suffix FROM who_loose "
        "WHERE prefix IS NOT NULL"
    )
    combinations = duck.run(
        "SELECT DISTINCT LENGTH(prefix), LENGTH(suffix) FROM who_masks ORDER BY ALL"
    )
    strengths = mask.strengths(combinations, "who_masks", "who_numbers")
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE who_strengths AS SELECT *, {mask.ONE_IN} AS mask_one_in "
        f"FROM ({strengths})"
    )


def _pair(duck: Duck) -> None:
    """Who may be meant: each way of finding somebody needs other things, so that none is missed."""
    fits = mask.fits("n.number", "l.prefix", "l.suffix")
    by_name = "FROM who_loose AS l JOIN who_named AS c USING (claim) JOIN who_names AS n ON n.name = c.name"
    few = f"n.name IN (SELECT name FROM who_bearers WHERE bearers <= {MOST_GUESSES})"
    combinations = duck.run(
        "SELECT DISTINCT LENGTH(prefix), LENGTH(suffix) FROM who_masks ORDER BY ALL"
    )
    hidden = "(CONTAINS(l.names[1], '%') OR CONTAINS(l.names[1], '_'))"
    # Both name and number hide something: a mask that fits a crowd tells nobody apart from it.
    strong = (
        f"(SELECT * FROM who_loose AS w SEMI JOIN who_strengths AS s ON s.prefix = w.prefix "
        f"AND s.suffix = w.suffix AND s.fit <= {_CROWD}) AS l"
    )
    ways = [
        f"SELECT l.claim, n.key {by_name} WHERE l.prefix IS NOT NULL AND {fits}",
        f"SELECT l.claim, n.key {by_name} AND n.birth = l.birth_from WHERE l.birth_from = l.birth_to",
        f"SELECT l.claim, n.key {by_name} WHERE {few}",
        (
            f"SELECT l.claim, n.key FROM who_loose AS l JOIN who_names AS n ON n.birth = l.birth_from "
            f"AND n.name LIKE l.names[1] WHERE l.birth_from = l.birth_to AND {hidden}"
        ),
        *(
            f"SELECT l.claim, n.key FROM {strong} JOIN who_names AS n "
            f"ON LEFT(n.number, {before}) = l.prefix AND RIGHT(n.number, {behind}) = l.suffix "
            f"WHERE LENGTH(l.prefix) = {before} AND LENGTH(l.suffix) = {behind} AND {hidden} "
            f"AND {before} + {behind} >= 6 AND n.name LIKE l.names[1]"
            for before, behind in combinations
        ),
    ]
    found = " UNION ".join(ways)
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE who_pairs AS SELECT * FROM ({found}) AS p WHERE NOT EXISTS ("
        "SELECT 1 FROM excluded_person AS e WHERE e.claim = p.claim "
        "AND CAST(SUBSTR(e.who, 1, 17) AS BIGINT) = p.key)"
    )


def _describe(duck: Duck, said: str) -> None:
    """What all registers together say of each person who may be meant."""
    every = ", ".join(
        f"LIST_SORT(LIST_DISTINCT(FLATTEN(LIST({name})))) AS {name}"
        for name in ("names", "phones", "regions", "addresses")
    )
    duck.run(
        f"CREATE OR REPLACE TEMP TABLE who_people AS SELECT key, MIN(number) AS number, "
        f"{_birth('MIN(number)')} AS birth, "
        f"CASE WHEN CAST(SUBSTR(MIN(number), 17, 1) AS INTEGER) % 2 = 1 THEN 'M' ELSE 'F' END AS sex, {every} "
        f"FROM {said} WHERE key IN (SELECT key FROM who_pairs) GROUP BY key"
    )


def _compare(duck: Duck) -> None:
    """Each pair, thing by thing: 1 agrees, -1 is at odds, 0 not known on one side at least."""

    def listed(name: str, alike: str) -> str:
        either = f"LEN(l.{name}) = 0 OR LEN(p.{name}) = 0"
        agree = f"LEN(LIST_FILTER(l.{name}, lambda x: LEN(LIST_FILTER(p.{name}, lambda y: {alike})) > 0)) > 0"
        return f"CASE WHEN {either} THEN 0 WHEN {agree} THEN 1 ELSE -1 END AS {name}"

    masked = "CONTAINS(x, '*') AND STARTS_WITH(y, SPLIT_PART(x, '*', 1)) AND ENDS_WITH(y, SPLIT_PART(x, '*', -1))"
    address = (
        "x = y OR (LENGTH(x) >= 6 AND ENDS_WITH(y, x)) OR (LENGTH(y) >= 6 AND ENDS_WITH(x, y))"
    )
    fits = mask.fits("p.number", "l.prefix", "l.suffix")
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_compared AS SELECT l.claim, p.key, p.number AS who, "
        "l.prefix, l.suffix, "
        f"CASE WHEN LEN(LIST_FILTER(LIST_INTERSECT(l.names, p.names), lambda x: {_FULL.format('x')})) > 0 THEN 2 "
        "WHEN LEN(LIST_FILTER(p.names, lambda y: y LIKE l.names[1])) > 0 THEN 1 ELSE -1 END AS name, "
        f"CASE WHEN l.prefix IS NULL THEN 0 WHEN {fits} THEN 1 ELSE -1 END AS number, "
        "CASE WHEN l.birth_from IS NULL OR p.birth IS NULL THEN 0 "
        "WHEN p.birth NOT BETWEEN l.birth_from AND l.birth_to THEN -1 "
        "WHEN l.birth_from = l.birth_to THEN 2 ELSE 1 END AS birth, "
        "CASE WHEN l.sex IS NULL THEN 0 WHEN l.sex = p.sex THEN 1 ELSE -1 END AS sex, "
        f"{listed('phones', 'x = y')}, {listed('phones', masked)[:-10]} AS masked_phones, "
        f"{listed('regions', 'x = y')}, {listed('addresses', address)}, "
        "LIST_FILTER(p.names, lambda y: LIST_CONTAINS(l.names, y)) AS names "
        "FROM who_pairs AS w JOIN who_loose AS l ON l.claim = w.claim JOIN who_people AS p ON p.key = w.key"
    )


def _grade(duck: Duck, known: int) -> None:
    """How many strangers would be needed for one to fit as well (`one_in`), and the tier."""
    people = max(known, _TOO_FEW)
    strangers = max(known, COUNTY)
    # Odds are kept as whole numbers, so that no rounding decides a tier.
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_graded AS "
        "WITH counted AS (SELECT c.*, COALESCE(s.fit, 0) AS fit, COALESCE(b.bearers, 0) AS bearers, "
        "COALESCE(s.mask_one_in, 1) AS mask_one_in, "
        "LENGTH(c.prefix) >= 14 AS shows_birth, "
        "LENGTH(c.suffix) >= 2 OR LENGTH(c.prefix) >= 17 AS shows_sex, "
        f"COALESCE(LENGTH(c.prefix) + LENGTH(c.suffix) >= {_NEARLY_WHOLE}, FALSE) AS nearly_whole "
        "FROM who_compared AS c LEFT JOIN who_strengths AS s ON s.prefix = c.prefix AND s.suffix = c.suffix "
        "LEFT JOIN (SELECT claim, MAX(bearers) AS bearers FROM who_named LEFT JOIN who_bearers USING (name) "
        "GROUP BY claim) AS b ON b.claim = c.claim "
        "WHERE c.name > 0 AND c.number >= 0 AND c.birth >= 0 AND c.sex >= 0), "
        "weighed AS (SELECT *, "
        f"CASE WHEN (bearers - 1) * {RAREST_NAME} > {people} THEN {people} // (bearers - 1) ELSE {RAREST_NAME} END AS name_one_in, "
        f"CASE WHEN number = 0 THEN 1 WHEN (fit - 1) * mask_one_in > {people} THEN {people} // (fit - 1) ELSE mask_one_in END AS number_one_in, "
        f"CASE WHEN COALESCE(shows_birth, FALSE) THEN 1 WHEN birth = 2 THEN {_BIRTH} WHEN birth = 1 THEN {_YEAR} ELSE 1 END AS birth_one_in, "
        f"CASE WHEN NOT COALESCE(shows_sex, FALSE) AND sex = 1 THEN {_SEX} ELSE 1 END AS sex_one_in, "
        f"CASE WHEN phones = 1 THEN {_PHONE} WHEN masked_phones = 1 THEN {_MASKED_PHONE} ELSE 1 END "
        f"* CASE WHEN addresses = 1 THEN {_ADDRESS} WHEN regions = 1 THEN {_REGION} ELSE 1 END AS place_one_in "
        "FROM counted), "
        "odds AS (SELECT *, CAST(name_one_in AS HUGEINT) * number_one_in * birth_one_in * sex_one_in * place_one_in "
        f"// {strangers} AS one_in, GREATEST(birth_one_in, sex_one_in, place_one_in) > 1 AS more FROM weighed) "
        "SELECT *, CASE "
        f"WHEN name = 2 AND number = 1 AND (more OR nearly_whole) AND one_in >= {C_AT_LEAST} THEN 'C' "
        "WHEN name = 2 AND (birth = 2 OR COALESCE(shows_birth, FALSE)) AND (sex = 1 OR COALESCE(shows_sex, FALSE)) "
        f"AND one_in >= {D_AT_LEAST} THEN 'D' ELSE 'E' END AS tier FROM odds"
    )


def _choose(duck: Duck) -> None:
    """One person who clearly fits better than all others, or everybody who may be meant."""
    agrees = ", ".join(
        f"CASE WHEN {when} THEN '{name}' END"
        for name, when in [
            ("number", "number = 1"), ("name", "name = 2"), ("name_masked", "name = 1"),
            ("birth", "birth = 2"), ("birth_year", "birth = 1"), ("sex", "sex = 1"),
            ("phone", "phones = 1 OR masked_phones = 1"), ("region", "regions = 1"),
            ("address", "addresses = 1"),
        ]
    )  # fmt: skip
    differs = ", ".join(
        f"CASE WHEN {when} THEN '{name}' END"
        for name, when in [
            ("phone", "phones = -1 AND masked_phones <> 1"),
            ("region", "regions = -1"),
            ("address", "addresses = -1"),
        ]
    )
    some = "LIST_FILTER([{0}], lambda x: x IS NOT NULL)"
    # Everybody who may be meant was measured by the same mask, birth date and sex.
    best = (
        "PARTITION BY claim ORDER BY CASE tier WHEN 'E' THEN 1 ELSE 0 END, place_one_in DESC, key"
    )
    duck.run(
        "CREATE OR REPLACE TEMP TABLE who_candidates AS WITH ranked AS (SELECT *, "
        f"ROW_NUMBER() OVER ({best}) AS rank, COUNT(*) OVER (PARTITION BY claim) AS several, "
        "MAX(place_one_in) OVER (PARTITION BY claim) AS highest FROM who_graded), "
        "settled AS (SELECT *, MAX(CASE WHEN rank > 1 THEN place_one_in ELSE 0 END) OVER (PARTITION BY claim) "
        "AS next, MAX(CASE WHEN rank = 1 AND tier <> 'E' THEN place_one_in END) OVER (PARTITION BY claim) AS best "
        "FROM ranked), "
        "decided AS (SELECT *, "
        f"COALESCE(best >= highest AND (several = 1 OR best >= {_CLEARLY} * next), FALSE) AS tied FROM settled) "
        "SELECT claim, key, who, CASE WHEN tied THEN tier ELSE 'E' END AS tier, "
        f"CAST(TO_JSON({{'agrees': {some.format(agrees)}, 'differs': {some.format(differs)}, "
        "'fit': CASE WHEN number = 1 THEN fit END, 'bearers': CASE WHEN name = 2 THEN bearers END, "
        "'one_in': CAST(LEAST(one_in, 1000000000) AS BIGINT), 'several': several}) AS VARCHAR) AS why "
        f"FROM decided WHERE (tied AND rank = 1) OR (NOT tied AND several <= {MOST_GUESSES})"
    )
