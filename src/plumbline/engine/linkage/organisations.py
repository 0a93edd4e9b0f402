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
from plumbline.engine.linkage.organisation_code import agrees, seen
from plumbline.engine.linkage.organisation_compare import LEVELS, SLIP_FROM, names_compatible
from plumbline.engine.linkage.organisation_name import Names, OrganisationName, names_of
from plumbline.engine.linkage.organisation_words import COMPANIES, PUBLIC

CANDIDATES = 5  # of tier E, for one claim
MANY = 50  # organisations of one name: it no longer tells one from another
_AT_ONCE = 20_000
_NAMES_PER_CODE = 30

_FORM_FAMILY = ", ".join(f"'{form}'" for form in sorted(COMPANIES))
_PUBLIC = ", ".join(f"'{form}'" for form in sorted(PUBLIC))
_RANK = " ".join(f"WHEN '{level}' THEN {rank}" for rank, level in enumerate(LEVELS))
_PARTS = pa.schema(
    [
        (part, pa.bool_() if part in ("short", "latin") else pa.string())
        for part in OrganisationName._fields
    ]
)


def link_organisations(duck: Duck, population: str, loose: str, country: Country) -> str:
    """Ties of loose claims to organisations, as a temporary table, whose name is given back.

    Args:
        duck: the connection that knows both relations.
        population: (claim, code, name, people, phones, regions, addresses), every row with a valid code.
            An organisation of several names, such as former ones, has several rows.
        loose: the same columns; the code is null, masked or an old number.
        country: whose regions the names begin with.

    Returns:
        `organisation_ties` (claim, code, tier, ambiguous, fits, why): `fits` organisations fit as well as
        the ones listed, of tier E at most CANDIDATES; `why` is JSON with `agreed` and `differs`, names of
        attributes, and `level`, one of LEVELS.
    """
    names = names_of(country)
    _read_names(duck, names, f"SELECT name FROM {population} UNION SELECT name FROM {loose}")
    _read_codes(duck, loose)
    for statement in _claims(population, loose):
        duck.run(statement)
    for statement in _PAIRS:
        duck.run(statement)
    for statement in (*_attributes(population), *_TIES):
        duck.run(statement)
    for table in ("names", "seen", "loose", "named", "blocks", "pairs", "found", "known", "judged"):
        duck.run(f"DROP TABLE IF EXISTS __org_{table}")
    return "organisation_ties"


def incompatible_names(duck: Duck, named: str, acknowledged: str, country: Country) -> str:
    """Names that stand under one code and cannot be one organisation's, as a temporary table.

    Args:
        duck: the connection that knows both relations.
        named: (code, name) as rows give them.
        acknowledged: (code, name) as the register of organisations gives them, former names too: two
            names that both fit one of these are compatible, whatever they look like.
        country: whose regions the names begin with.

    Returns:
        `organisation_doubts` (code, name, other), each pair both ways. A row under one code and two such
        names is tier B: a question to the departments, since either the code or the name is wrong.
    """
    several = duck.arrow(
        f"""
        SELECT code, list_sort(list(DISTINCT n.name))[:{_NAMES_PER_CODE}] AS names,
            list_sort(list(DISTINCT a.name) FILTER (a.name IS NOT NULL)) AS register
        FROM (SELECT DISTINCT code, name FROM {named} WHERE code IS NOT NULL AND name IS NOT NULL) AS n
        LEFT JOIN (SELECT DISTINCT code, name FROM {acknowledged}) AS a USING (code)
        GROUP BY code HAVING COUNT(DISTINCT n.name) > 1 ORDER BY code"""
    )
    read = names_of(country).read
    doubts: list[tuple[str, str, str]] = []
    for code, found, register in zip(
        *(column.to_pylist() for column in several.columns), strict=True
    ):
        parts = {name: read(name) for name in {*found, *(register or ())}}
        known = {
            name for name in found
            if any(names_compatible(parts[name], parts[other]) for other in register or ())
        }  # fmt: skip
        for n, name in enumerate(found):
            for other in found[n + 1 :]:
                if name in known and other in known:
                    continue
                if names_compatible(parts[name], parts[other]) is False:
                    doubts += [(code, name, other), (code, other, name)]
    columns = zip(*doubts, strict=True) if doubts else ((), (), ())
    table = pa.table(
        {
            label: pa.array(values, pa.string())
            for label, values in zip(("code", "name", "other"), columns, strict=True)
        }
    )
    duck.register("__org_doubts", table)
    duck.run("CREATE OR REPLACE TEMP TABLE organisation_doubts AS SELECT * FROM __org_doubts")
    duck.unregister("__org_doubts")
    return "organisation_doubts"


# -- names and codes, read in Python -------------------------------------------------------------


def _read_names(duck: Duck, names: Names, query: str) -> None:
    """`__org_names`: every name once, in its parts."""
    found = duck.arrow(f"SELECT name FROM ({query}) WHERE name IS NOT NULL ORDER BY name")
    schema = pa.schema([("name", pa.string()), *_PARTS])

    def batches() -> Iterator[pa.RecordBatch]:
        for batch in found.to_batches(max_chunksize=_AT_ONCE):
            columns = zip(*map(names.read_key, batch.column(0).to_pylist()), strict=True)
            parts = [pa.array(c, f.type) for c, f in zip(columns, _PARTS, strict=True)]
            yield pa.RecordBatch.from_arrays([batch.column(0), *parts], schema=schema)

    duck.register("__org_read", pa.RecordBatchReader.from_batches(schema, batches()))
    duck.run(f"""
        CREATE OR REPLACE TEMP TABLE __org_names AS
        SELECT *, CASE WHEN branch = '' THEN '' ELSE left(glyphs, length(glyphs) - length(branch)) END
                AS parent,
            region <> '' AND form <> '' AND NOT short AND (trade <> '' OR number <> ''
                OR (industry <> '' AND form NOT IN ({_FORM_FAMILY}))) AS complete
        FROM __org_read""")
    duck.unregister("__org_read")


def _read_codes(duck: Duck, loose: str) -> None:
    """`__org_seen`: what each number of a loose claim shows."""
    numbers = duck.run(f"SELECT DISTINCT code FROM {loose} WHERE code IS NOT NULL ORDER BY code")
    rows = [(number, *seen(number)) for (number,) in numbers]
    schema = pa.schema(
        [(c, pa.string()) for c in ("code", "prefix", "suffix", "organisation")]
        + [("telling", pa.bool_()), ("certain", pa.bool_())]
    )
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    duck.register("__org_read", pa.Table.from_arrays(arrays, schema=schema))
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


# -- pairs that names or codes bring together ----------------------------------------------------

# Blocks larger than MANY are left out: a name that so many bear tells nobody from the others. Of full
# names, a few are kept as candidates.
_PAIRS = (
    f"""
    CREATE OR REPLACE TEMP TABLE __org_blocks AS
    SELECT glyphs, list_sort(list(DISTINCT code))[:{MANY + 1}] AS codes
    FROM __org_named SEMI JOIN (
        SELECT glyphs FROM __org_loose UNION SELECT parent FROM __org_loose WHERE parent <> ''
    ) AS wanted USING (glyphs) GROUP BY glyphs""",
    f"""
    CREATE OR REPLACE TEMP TABLE __org_pairs AS
    -- the same name
    SELECT l.claim, b.code, b.many, CASE
            WHEN l.short THEN 'alike'
            WHEN EXISTS (SELECT 1 FROM __org_named AS o WHERE o.code = b.code AND o.whole = l.whole)
            THEN 'same' ELSE 'same_but_glyphs' END AS level
    FROM __org_loose AS l JOIN (
        SELECT glyphs, len(codes) > {MANY} AS many,
            UNNEST(CASE WHEN many THEN codes[:{CANDIDATES}] ELSE codes END) AS code
        FROM __org_blocks
    ) AS b USING (glyphs)
    UNION ALL
    -- its parent
    SELECT l.claim, UNNEST(b.codes), FALSE, 'branch_of'
    FROM __org_loose AS l JOIN __org_blocks AS b ON l.parent <> '' AND l.parent = b.glyphs
    WHERE len(b.codes) <= {MANY}
    UNION ALL
    -- the organisation code inside
    SELECT l.claim, o.code, FALSE, 'unknown'
    FROM (SELECT claim, organisation FROM __org_loose WHERE organisation <> '') AS l
    JOIN (SELECT DISTINCT code FROM __org_named) AS o ON l.organisation = substr(o.code, 9, 9)""",
    # The same 字号 and 行业, the region open or within the other.
    f"""
    INSERT INTO __org_pairs
    SELECT claim, code, FALSE, 'alike' FROM (
        SELECT l.claim, o.code, COUNT(*) OVER (PARTITION BY l.claim) AS fits
        FROM __org_loose AS l JOIN __org_named AS o USING (trade, number, industry, latin)
        WHERE trade <> '' AND industry <> '' AND l.branch = '' AND o.branch = ''
            AND l.region <> o.region AND {{apart}}
    ) WHERE fits <= {MANY}""".format(
        apart="""(l.region = '' OR o.region = '' OR (
            l.region_code <> '' AND o.region_code <> '' AND (
                starts_with(o.region_code, regexp_replace(l.region_code, '(00)+$', ''))
                OR starts_with(l.region_code, regexp_replace(o.region_code, '(00)+$', '')))))"""
    ),
    # The same region and 字号, the 行业 open or a part of the other; or another form.
    f"""
    INSERT INTO __org_pairs
    SELECT claim, code, FALSE, level FROM (
        SELECT l.claim, o.code, CASE
            WHEN l.short OR o.short OR l.industry <> o.industry THEN 'alike'
            WHEN l.form = '' OR o.form = ''
                OR (l.form IN ({_FORM_FAMILY}) AND o.form IN ({_FORM_FAMILY})) OR latin THEN 'same_but_form'
            ELSE 'alike' END AS level, COUNT(*) OVER (PARTITION BY l.claim) AS fits
        FROM __org_loose AS l JOIN __org_named AS o USING (region, trade, number, latin)
        WHERE (region <> '' OR latin) AND (trade <> '' OR l.industry = o.industry)
            AND l.branch = '' AND o.branch = ''
            AND l.glyphs <> o.glyphs
            AND (l.form = o.form OR l.form NOT IN ({_PUBLIC}) OR o.form NOT IN ({_PUBLIC}))
            AND (contains(l.industry, o.industry) OR contains(o.industry, l.industry))
    ) WHERE fits <= {MANY}""",
    # Nothing but the 字号, or, of a public body, what it is for: where few bear it.
    f"""
    INSERT INTO __org_pairs
    SELECT claim, code, FALSE, 'alike' FROM (
        SELECT l.claim, o.code, COUNT(*) OVER (PARTITION BY l.claim) AS fits
        FROM __org_loose AS l JOIN __org_named AS o USING (trade, number, latin)
        WHERE l.region = '' AND l.industry = '' AND trade <> '' AND l.branch = '' AND o.branch = ''
            AND l.glyphs <> o.glyphs
        UNION ALL
        SELECT l.claim, o.code, COUNT(*) OVER (PARTITION BY l.claim) AS fits
        FROM __org_loose AS l JOIN __org_named AS o USING (industry, form, number)
        WHERE l.region = '' AND l.trade = '' AND o.trade = '' AND industry <> '' AND form <> ''
            AND l.branch = '' AND o.branch = '' AND l.glyphs <> o.glyphs
    ) WHERE fits <= {MANY}""",
    # One character is another, or missing; asked where nothing else was found.
    f"""
    INSERT INTO __org_pairs
    WITH slips AS (
        SELECT *, UNNEST(generate_series(0, length(middle))) AS cut,
            CASE WHEN cut = 0 THEN middle ELSE middle[:cut - 1] || middle[cut + 1:] END AS rest
        FROM (
            SELECT claim, region, number, form, trade || industry AS middle
            FROM __org_loose ANTI JOIN __org_pairs USING (claim)
            WHERE length(trade || industry) >= {SLIP_FROM} - 1 AND branch = ''
                AND form NOT IN ({_PUBLIC})
        )
    )
    SELECT DISTINCT claim, code, FALSE, 'one_character'
    FROM slips JOIN (
        SELECT code, region, number, form, trade || industry AS middle,
            UNNEST(generate_series(0, length(middle))) AS cut,
            CASE WHEN cut = 0 THEN middle ELSE middle[:cut - 1] || middle[cut + 1:] END AS rest
        FROM __org_named
        WHERE length(trade || industry) >= {SLIP_FROM} - 1 AND branch = ''
    ) AS o USING (region, number, form, rest)
    WHERE (slips.cut = o.cut OR slips.cut = 0 OR o.cut = 0)
        AND least(length(slips.middle), length(o.middle)) >= {SLIP_FROM}""",
    f"""
    CREATE OR REPLACE TEMP TABLE __org_found AS
    SELECT claim, code, bool_or(many) AS many, arg_min(level, CASE level {_RANK} END) AS level
    FROM __org_pairs GROUP BY claim, code""",
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
                PARTITION BY claim ORDER BY tier, CASE level {_RANK} END, len(agreed) DESC, code
            ) AS place
        FROM best WHERE tier = claims_tier
            OR (open AND (claims_tier = 'D' OR (claims_tier = 'C' AND code_agrees)))
    )
    SELECT claim, code, tier, fits > 1 AS ambiguous, CAST(fits AS INTEGER) AS fits,
        CAST(to_json({{'agreed': agreed, 'differs': differs, 'level': level}}) AS VARCHAR) AS why
    FROM fitting WHERE claims_tier <> 'E' OR place <= {CANDIDATES}
    ORDER BY claim, place""",
)
