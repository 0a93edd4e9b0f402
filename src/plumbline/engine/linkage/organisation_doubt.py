"""Names under one code that cannot be one organisation's: tier B, a question to the departments."""

from __future__ import annotations

from collections.abc import Sequence

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.fact.types.base import Country
from plumbline.engine.linkage.claim import Slot
from plumbline.engine.linkage.organisation_compare import names_compatible
from plumbline.engine.linkage.organisation_name import names_of

_NAMES_PER_CODE = 30


def names_in_doubt(duck: Duck, described: Sequence[Slot], said: str, country: Country) -> str:
    """`incompatible_names` of what registers say; the one that has the code for its key knows best.

    Args:
        described: columns with codes, whose datasets are views `facts_<dataset>` on the connection.
        said: relation of all statements with a code.
    """
    registers = [
        f"SELECT number AS code, UNNEST(names) AS name FROM ({slot.said(sql.name('facts_' + slot.dataset.name))})"
        for slot in described if slot.dataset.declared.key == [slot.column]
    ]  # fmt: skip
    nothing = "SELECT CAST(NULL AS VARCHAR) AS code, CAST(NULL AS VARCHAR) AS name WHERE false"
    named = f"(SELECT number AS code, names[1] AS name FROM {said} WHERE LEN(names) > 0)"
    return incompatible_names(duck, named, f"({' UNION ALL '.join(registers) or nothing})", country)


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
