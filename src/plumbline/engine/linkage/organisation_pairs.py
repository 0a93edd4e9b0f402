"""SQL: which organisations a claim's name or number brings to mind, before anything else is weighed.

Each statement adds pairs to `__org_pairs` (claim, code, many, level) from `__org_loose` and `__org_named`. A
claim that fits more than `most` organisations in one way says nothing about any of them, so it gets none
of those; of a full name that so many bear, a few are kept, marked `many`.
"""

from __future__ import annotations

from plumbline.engine.linkage.organisation_compare import LEVELS, SLIP_FROM
from plumbline.engine.linkage.organisation_words import COMPANIES, PUBLIC

CANDIDATES = 5

_COMPANIES = ", ".join(f"'{form}'" for form in sorted(COMPANIES))
_PUBLIC = ", ".join(f"'{form}'" for form in sorted(PUBLIC))
_RANK = " ".join(f"WHEN '{level}' THEN {rank}" for rank, level in enumerate(LEVELS))
_WITHIN = "starts_with({0}.region_code, regexp_replace({1}.region_code, '(00)+$', ''))"


def rank(level: str) -> str:
    """How near the names are, 0 the same."""
    return f"CASE {level} {_RANK} END"


def complete() -> str:
    """Whether a name has all that a registered name has, as `OrganisationName.complete`."""
    return (
        "region <> '' AND form <> '' AND NOT short AND (trade <> '' OR number <> '' "
        f"OR (industry <> '' AND form NOT IN ({_COMPANIES})))"
    )


def pairs(most: int, excluded: str) -> tuple[str, ...]:
    """Statements that make `__org_found` (claim, code, many, level).

    Args:
        most: from how many on a way to fit says nothing.
        excluded: relation (claim, code) of pairs that a person has judged not to be the same.
    """
    return (
        *_same(most),
        _insert(_REGION_OPEN, most),
        _insert(_REST_OPEN, most),
        _insert(_TRADE_ALONE, most),
        _insert(_TASK_ALONE, most),
        _insert(_INDUSTRY_UNKNOWN, most),
        _ONE_CHARACTER,
        f"""
        CREATE OR REPLACE TEMP TABLE __org_found AS
        SELECT claim, code, bool_or(many) AS many, arg_min(level, {rank("level")}) AS level
        FROM __org_pairs ANTI JOIN {excluded} AS excluded USING (claim, code) GROUP BY claim, code""",
    )


def _same(most: int) -> tuple[str, ...]:
    """The same name, the parent's name, the organisation code inside."""
    return (
        f"""
        CREATE OR REPLACE TEMP TABLE __org_blocks AS
        SELECT glyphs, list_sort(list(DISTINCT code))[:{most + 1}] AS codes
        FROM __org_named SEMI JOIN (
            SELECT glyphs FROM __org_loose UNION SELECT parent FROM __org_loose WHERE parent <> ''
        ) AS wanted USING (glyphs) GROUP BY glyphs""",
        f"""
        CREATE OR REPLACE TEMP TABLE __org_pairs AS
        SELECT l.claim, b.code, b.many, CASE
                WHEN l.short THEN 'alike'
                WHEN EXISTS (SELECT 1 FROM __org_named AS o WHERE o.code = b.code AND o.whole = l.whole)
                THEN 'same' ELSE 'same_but_glyphs' END AS level
        FROM __org_loose AS l JOIN (
            SELECT glyphs, len(codes) > {most} AS many,
                UNNEST(CASE WHEN many THEN codes[:{CANDIDATES}] ELSE codes END) AS code
            FROM __org_blocks
        ) AS b USING (glyphs)
        UNION ALL
        SELECT l.claim, UNNEST(b.codes), FALSE, 'branch_of'
        FROM __org_loose AS l JOIN __org_blocks AS b ON l.parent <> '' AND l.parent = b.glyphs
        WHERE len(b.codes) <= {most}
        UNION ALL
        SELECT l.claim, o.code, FALSE, 'unknown'
        FROM (SELECT claim, organisation FROM __org_loose WHERE organisation <> '') AS l
        JOIN (SELECT DISTINCT code FROM __org_named) AS o ON l.organisation = substr(o.code, 9, 9)""",
    )


def _insert(pairs: str, most: int) -> str:
    return f"""
        INSERT INTO __org_pairs SELECT claim, code, FALSE, level FROM (
            SELECT *, COUNT(*) OVER (PARTITION BY claim) AS fits FROM ({pairs})
        ) WHERE fits <= {most}"""


#: The same 字号 and 行业; the region is not said, or the one lies in the other.
_REGION_OPEN = f"""
    SELECT l.claim, o.code, 'alike' AS level
    FROM __org_loose AS l JOIN __org_named AS o USING (trade, number, industry, latin)
    WHERE trade <> '' AND industry <> '' AND l.branch = '' AND o.branch = '' AND l.region <> o.region
        AND (l.region = '' OR o.region = '' OR (
            l.region_code <> '' AND o.region_code <> ''
            AND ({_WITHIN.format("o", "l")} OR {_WITHIN.format("l", "o")})))"""

#: The same region and 字号; the 行业 is not said or a part of the other, or the form is another.
_REST_OPEN = f"""
    SELECT l.claim, o.code, CASE
            WHEN l.short OR o.short OR l.industry <> o.industry THEN 'alike'
            WHEN l.form = '' OR o.form = '' OR latin
                OR (l.form IN ({_COMPANIES}) AND o.form IN ({_COMPANIES})) THEN 'same_but_form'
            ELSE 'alike' END AS level
    FROM __org_loose AS l JOIN __org_named AS o USING (region, trade, number, latin)
    WHERE (region <> '' OR latin) AND (trade <> '' OR l.industry = o.industry)
        AND l.branch = '' AND o.branch = '' AND l.glyphs <> o.glyphs
        AND (l.form = o.form OR (l.form NOT IN ({_PUBLIC}) AND o.form NOT IN ({_PUBLIC})))
        AND (contains(l.industry, o.industry) OR contains(o.industry, l.industry))"""

#: Nothing but the 字号.
_TRADE_ALONE = """
    SELECT l.claim, o.code, 'alike' AS level
    FROM __org_loose AS l JOIN __org_named AS o USING (trade, number, latin)
    WHERE l.region = '' AND l.industry = '' AND trade <> '' AND l.branch = '' AND o.branch = ''
        AND l.glyphs <> o.glyphs"""

#: Nothing but what a public body is for: 财政局.
_TASK_ALONE = """
    SELECT l.claim, o.code, 'alike' AS level
    FROM __org_loose AS l JOIN __org_named AS o USING (industry, form, number)
    WHERE l.region = '' AND l.trade = '' AND o.trade = '' AND industry <> '' AND form <> ''
        AND l.branch = '' AND o.branch = '' AND l.glyphs <> o.glyphs"""

#: The same region, and one 字号 begins with the other: the rest may be a 行业 that we do not know.
_INDUSTRY_UNKNOWN = f"""
    SELECT l.claim, o.code, 'alike' AS level
    FROM (SELECT *, left(trade, 2) AS mark FROM __org_loose WHERE industry = '') AS l
    JOIN (SELECT *, left(trade, 2) AS mark FROM __org_named WHERE industry = '') AS o
        USING (region, number, mark)
    WHERE region <> '' AND abs(length(l.trade) - length(o.trade)) > 1
        AND least(length(l.trade), length(o.trade)) > 1 AND l.branch = '' AND o.branch = ''
        AND NOT l.latin AND NOT o.latin
        AND (starts_with(o.trade, l.trade) OR starts_with(l.trade, o.trade))
        AND l.form NOT IN ({_PUBLIC}) AND o.form NOT IN ({_PUBLIC})"""

_CUTS = f"""
    SELECT *, UNNEST(generate_series(0, length(middle))) AS cut,
        CASE WHEN cut = 0 THEN middle ELSE middle[:cut - 1] || middle[cut + 1:] END AS rest
    FROM (SELECT *, trade || industry AS middle FROM {{}})
    WHERE length(middle) >= {SLIP_FROM} - 1 AND branch = '' AND form NOT IN ({_PUBLIC})"""

#: One character is another, or missing; asked where nothing else was found. Names that differ so have
#: a rest in common when the character is cut out.
_ONE_CHARACTER = f"""
    INSERT INTO __org_pairs
    SELECT DISTINCT claim, code, FALSE, 'one_character'
    FROM ({_CUTS.format("(FROM __org_loose ANTI JOIN (FROM __org_pairs WHERE level <> 'unknown') USING (claim))")}) AS l
    JOIN ({_CUTS.format("__org_named")}) AS o USING (region, number, form, rest)
    WHERE (l.cut = o.cut OR l.cut = 0 OR o.cut = 0)
        AND least(length(l.middle), length(o.middle)) >= {SLIP_FROM}"""
