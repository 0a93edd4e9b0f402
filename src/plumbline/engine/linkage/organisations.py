"""Which organisation a row means that gives no valid code of its own, and how surely.

    C  a masked or old number that fits, the full name, and one more attribute
    D  the full name and one more attribute, and no other organisation that it could be
    E  the name alone, or a name that is alike, or an organisation code under another name

An attribute is a legal representative, a telephone number, an address or the region. That several
organisations fit is told, never settled by taking the first.
"""

from __future__ import annotations

from collections.abc import Iterator

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact.types.base import Country
from plumbline.engine.linkage.organisation_code import Seen, agrees, seen
from plumbline.engine.linkage.organisation_name import Names, OrganisationName, names_of
from plumbline.engine.linkage.organisation_pairs import CANDIDATES, complete, pairs, rank

MANY = 50  # organisations of one name: it no longer tells one from another
_ANY = 2**31
_AT_ONCE = 20_000
_NOBODY = "(SELECT 0 AS claim, '' AS code WHERE FALSE)"
_SCRATCH = ("seen", "loose", "named", "blocks", "pairs", "found", "known", "judged")


def link_organisations(
    duck: Duck, population: str, loose: str, country: Country, *, excluded: str = _NOBODY
) -> str:
    """Ties of loose claims to organisations, as a temporary table, whose name is given back.

    Names that were read stay with the connection, so that a second call reads only what is new; the
    country must be the same.

    Args:
        duck: the connection that knows both relations.
        population: (claim, code, name, people, phones, regions, addresses), every row with a valid code.
            An organisation of several names, such as former ones, has several rows.
        loose: the same columns; the code is null, masked or an old number.
        country: whose regions the names begin with.
        excluded: (claim, code) that a person has judged not to be the same; they count for nothing.

    Returns:
        `organisation_ties` (claim, code, tier, ambiguous, fits, why): `fits` organisations fit as well as
        the ones listed, of tier E at most CANDIDATES; `why` is JSON with `agreed` and `differs`, names of
        attributes, and `level`, one of `organisation_compare.LEVELS`.
    """
    _find(duck, population, loose, country, MANY, excluded)
    for statement in (*_attributes(population), *_TIES):
        duck.run(statement)
    _clear(duck)
    return "organisation_ties"


def touched_claims(duck: Duck, changed: str, loose: str, country: Country) -> str:
    """Loose claims whose ties may be others when `changed` (as `population`) comes or goes.

    The temporary table `organisations_touched` (claim), whose name is given back, holds all that a full
    run could tie otherwise, and perhaps more.
    """
    _find(duck, changed, loose, country, _ANY, _NOBODY)
    duck.run(
        "CREATE OR REPLACE TEMP TABLE organisations_touched AS SELECT DISTINCT claim FROM __org_found"
    )
    _clear(duck)
    return "organisations_touched"


def _find(
    duck: Duck, population: str, loose: str, country: Country, most: int, excluded: str
) -> None:
    """`__org_found`: pairs that names or numbers bring together."""
    _read_names(duck, names_of(country), population, loose)
    _read_codes(duck, loose)
    for statement in (*_claims(population, loose), *pairs(most, excluded)):
        duck.run(statement)


def _clear(duck: Duck) -> None:
    for table in _SCRATCH:
        duck.run(f"DROP TABLE IF EXISTS __org_{table}")


# -- names and codes, read in Python -------------------------------------------------------------


_PARTS = [
    (part, pa.bool_() if part in ("short", "latin") else pa.string())
    for part in OrganisationName._fields
]
_READ = pa.schema([("name", pa.string()), *_PARTS])
_SEEN = pa.schema(
    [
        ("code", pa.string()),
        *((part, pa.bool_() if kind is bool else pa.string())
          for part, kind in zip(Seen._fields, map(type, Seen()), strict=True)),
    ]
)  # fmt: skip


def _read_names(duck: Duck, names: Names, population: str, loose: str) -> None:
    """`__org_names`: every name once, in its parts."""
    columns = ", ".join(
        f"{f.name} {'BOOLEAN' if f.type == pa.bool_() else 'VARCHAR'}" for f in _READ
    )
    duck.run(
        f"CREATE TEMP TABLE IF NOT EXISTS __org_names ({columns}, parent VARCHAR, complete BOOLEAN)"
    )
    fresh = duck.arrow(f"""
        SELECT name FROM (SELECT name FROM {population} UNION SELECT name FROM {loose})
        ANTI JOIN __org_names USING (name) WHERE name IS NOT NULL ORDER BY name""")

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in fresh.to_batches(max_chunksize=_AT_ONCE):
            read = zip(*map(names.read_key, batch.column(0).to_pylist()), strict=True)
            arrays = [pa.array(c, kind) for c, (_, kind) in zip(read, _PARTS, strict=True)]
            yield pa.RecordBatch.from_arrays([batch.column(0), *arrays], schema=_READ)

    duck.register("__org_read", pa.RecordBatchReader.from_batches(_READ, batches()))
    duck.run(f"""
        INSERT INTO __org_names
        SELECT *, CASE WHEN branch = '' THEN '' ELSE left(glyphs, length(glyphs) - length(branch)) END,
            {complete()}
        FROM __org_read""")
    duck.unregister("__org_read")


def _read_codes(duck: Duck, loose: str) -> None:
    """`__org_seen`: what each number of a loose claim shows."""
    numbers = duck.run(f"SELECT DISTINCT code FROM {loose} WHERE code IS NOT NULL ORDER BY code")
    rows = [(number, *seen(number)) for (number,) in numbers]
    columns = zip(*rows, strict=True) if rows else [()] * len(_SEEN)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, _SEEN, strict=True)]
    duck.register("__org_read", pa.Table.from_arrays(arrays, schema=_SEEN))
    duck.run("CREATE OR REPLACE TEMP TABLE __org_seen AS SELECT * FROM __org_read")
    duck.unregister("__org_read")


def _claims(population: str, loose: str) -> tuple[str, ...]:
    return (
        f"""
        CREATE OR REPLACE TEMP TABLE __org_loose AS
        SELECT l.claim, n.*, COALESCE(prefix, '') AS prefix, COALESCE(suffix, '') AS suffix,
            COALESCE(organisation, '') AS organisation, COALESCE(telling, FALSE) AS telling,
            COALESCE(certain, FALSE) AS certain, {_lists("l", "{}")}
        FROM {loose} AS l
        JOIN __org_names AS n USING (name) LEFT JOIN __org_seen AS s ON s.code = l.code""",
        f"""
        CREATE OR REPLACE TEMP TABLE __org_named AS
        SELECT p.code, n.* EXCLUDE (name)
        FROM (SELECT DISTINCT code, name FROM {population} WHERE code IS NOT NULL) AS p
        JOIN __org_names AS n USING (name)""",
    )


def _lists(of: str, gather: str) -> str:
    """The attributes; a name or number that is masked shows nothing."""
    return ", ".join(
        f"""[x FOR x IN COALESCE({gather.format(f"{of}.{column}")}, [])
            IF x <> '' AND NOT regexp_matches(x, '[%_*]')] AS {column}"""
        for column in ("people", "phones", "regions", "addresses")
    )


# -- what else is known of both ------------------------------------------------------------------


def _attributes(population: str) -> tuple[str, ...]:
    county = "[x FOR x IN {0} IF NOT ends_with(x, '0000')]"
    prefecture = "[left(x, 4) FOR x IN {0} IF NOT ends_with(x, '0000')]"
    whole = "[left(x, 4) FOR x IN {0} IF ends_with(x, '00') AND NOT ends_with(x, '0000')]"
    province = "[left(x, 2) FOR x IN {0}]"
    lists = (county, prefecture, whole, province)
    l_county, l_prefecture, l_whole, l_province = (each.format("l.regions") for each in lists)
    o_county, o_prefecture, o_whole, o_province = (each.format("o.regions") for each in lists)
    return (
        f"""
        CREATE OR REPLACE TEMP TABLE __org_known AS
        SELECT * REPLACE (
            CASE WHEN len(regions) = 0 THEN [substr(code, 3, 6)] ELSE regions END AS regions
        ) FROM (
            SELECT code, {_lists("p", "flatten(list({}))")}
            FROM {population} AS p SEMI JOIN __org_found USING (code) GROUP BY code
        )""",
        f"""
        CREATE OR REPLACE TEMP TABLE __org_judged AS
        WITH compared AS (
            SELECT f.*, l.complete, l.form,
                {agrees("f.code")} AS code_agrees,
                {_both("people")} AS people_agree,
                {_both("phones")} AS phone_agrees,
                {_both("addresses")} AS address_agrees,
                CASE WHEN len(l.regions) = 0 OR len(o.regions) = 0 THEN NULL
                    WHEN list_has_any({l_county}, {o_county})
                        OR list_has_any({l_whole}, {o_prefecture})
                        OR list_has_any({l_prefecture}, {o_whole}) THEN TRUE
                    WHEN NOT list_has_any({l_province}, {o_province}) THEN FALSE
                    WHEN len({l_prefecture}) > 0 AND len({o_prefecture}) > 0
                        AND NOT list_has_any({l_prefecture}, {o_prefecture})
                        AND NOT list_has_any({l_province}, ['11', '12', '31', '50']) THEN FALSE
                    END AS region_agrees
            FROM __org_found AS f JOIN __org_loose AS l USING (claim) JOIN __org_known AS o USING (code)
        ), weighed AS (
            SELECT *,
                level IN ('same', 'same_but_glyphs') AND form <> '' AND NOT many AS full_name,
                COALESCE(people_agree OR phone_agrees OR address_agrees, FALSE) AS strong,
                [x FOR x IN [{_where("")}] IF x IS NOT NULL] AS agreed,
                [x FOR x IN [{_where("NOT ")}] IF x IS NOT NULL] AS differs
            FROM compared
        )
        SELECT *, CASE
            WHEN full_name AND code_agrees AND (strong OR region_agrees) THEN 'C'
            WHEN full_name AND code_agrees IS DISTINCT FROM FALSE
                AND region_agrees IS DISTINCT FROM FALSE
                AND (strong OR (
                    level = 'same' AND complete AND region_agrees
                    AND people_agree IS DISTINCT FROM FALSE))
            THEN 'D' ELSE 'E' END AS tier,
            -- an organisation of this name of which too little is known to leave it out
            full_name AND level = 'same' AND code_agrees IS DISTINCT FROM FALSE
                AND len(agreed) = CASE WHEN code_agrees THEN 1 ELSE 0 END AND len(differs) = 0 AS open
        FROM weighed""",
    )


def _both(column: str) -> str:
    return (
        f"CASE WHEN len(l.{column}) > 0 AND len(o.{column}) > 0 "
        f"THEN list_has_any(l.{column}, o.{column}) END"
    )


def _where(sign: str) -> str:
    return ", ".join(
        f"CASE WHEN {sign}{state} THEN '{name}' END"
        for name, state in (
            ("code", "code_agrees"),
            ("people", "people_agree"),
            ("phones", "phone_agrees"),
            ("addresses", "address_agrees"),
            ("regions", "region_agrees"),
        )
    )


# -- tiers ---------------------------------------------------------------------------------------

_TIES = (
    f"""
    CREATE OR REPLACE TEMP TABLE organisation_ties AS
    WITH best AS (
        SELECT *, MIN(tier) OVER (PARTITION BY claim) AS claims_tier FROM __org_judged
        WHERE (tier <> 'E' OR code_agrees IS DISTINCT FROM FALSE OR strong)
            AND (tier <> 'E' OR complete OR strong OR region_agrees IS DISTINCT FROM FALSE)
    ), fitting AS (
        SELECT *, COUNT(*) OVER (PARTITION BY claim) AS fits,
            row_number() OVER (
                PARTITION BY claim ORDER BY tier, {rank("level")}, len(agreed) DESC, code
            ) AS place
        FROM best WHERE tier = claims_tier
            OR (open AND (claims_tier = 'D' OR (claims_tier = 'C' AND code_agrees)))
    )
    SELECT claim, code, tier, fits > 1 AS ambiguous, CAST(fits AS INTEGER) AS fits,
        CAST(to_json({{'agreed': agreed, 'differs': differs, 'level': level}}) AS VARCHAR) AS why
    FROM fitting WHERE claims_tier <> 'E' OR place <= {CANDIDATES}
    ORDER BY claim, place""",
)
