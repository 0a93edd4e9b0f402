"""Organisations as the identity map takes them: candidates of claims, tied or only possible."""

from __future__ import annotations

from plumbline.engine.backend import Duck
from plumbline.engine.fact.types import Country
from plumbline.engine.linkage.organisations import link_organisations, touched_claims


def population(said: str) -> str:
    """SQL of organisations with a code, a row for each name."""
    return (
        "(SELECT CAST(('0x' || SUBSTR(MD5(number || '/' || name), 1, 15)) AS BIGINT) AS claim, number AS code, "
        "name, people, phones, regions, addresses FROM (SELECT * EXCLUDE (names), UNNEST(names) AS name "
        f"FROM {said}) WHERE number IS NOT NULL)"
    )


def loose(claims: str) -> str:
    """SQL of claims about organisations without a valid code."""
    return (
        "(SELECT claim, number AS code, names[1] AS name, people, phones, regions, addresses "
        f"FROM {claims} WHERE LEN(names) > 0)"
    )


def candidates(duck: Duck, claims: str, said: str, country: Country) -> None:
    """Make `candidates` (claim, key, who, tier, via, why) of `claims`."""
    ruled_out = "(SELECT claim, who AS code FROM excluded_organisation)"
    found = link_organisations(duck, population(said), loose(claims), country, excluded=ruled_out)
    duck.run(
        "CREATE OR REPLACE TEMP TABLE candidates AS SELECT claim, CAST(NULL AS BIGINT) AS key, code AS who, "
        "CASE WHEN ambiguous THEN 'E' ELSE tier END AS tier, 'rule' AS via, why "
        f"FROM {found}"
    )


def touched(duck: Duck, claims: str, changed: str, country: Country) -> str:
    """SQL of the claims that may be about an organisation of which something else is said now."""
    found = touched_claims(duck, population(changed), loose(claims), country)
    return f"SELECT claim FROM {found}"
