"""A warning with all that is needed to work its verdict out again, without the store and without Plumbline.

The rows are given as far as they were used, and the very statement that decided, as trees of a closed language
(`plumbline.engine.line.closed`); `plumbline.verify_proof` evaluates it. What rows cannot show is named there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import sqlglot
from sqlglot import exp

from plumbline.engine.backend import Duck
from plumbline.engine.collision.evidence import fetch
from plumbline.engine.collision.reproduce import Recorded
from plumbline.engine.collision.run import opened
from plumbline.engine.collision.tell import NOT_A_VERDICT, sentence, settings_in_force
from plumbline.engine.collision.warning import EarlyWarning
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Store
from plumbline.engine.line.closed import Closed, closed
from plumbline.engine.line.compile import Compiled, compile_model
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.line.shapes.base import DOUBTS
from plumbline.errors import RunError, Text
from plumbline.verify_proof import FORMAT, canonical, sha256, verify

#: What is worked out from rows that are nobody's evidence (peers, whatever an author's query looks at): its
#: outcome is given, not the rows.
_GIVEN = {"outlier": "quartiles", "sql": "listed"}
_WHOLE = ("BIGINT", "HUGEINT", "INTEGER", "SMALLINT", "TINYINT", "UBIGINT")
_KINDS = ("VARCHAR", "BOOLEAN", "DATE", "TIMESTAMP", *_WHOLE)


@dataclass(frozen=True)
class Proof:
    """What a proof says of a warning, with rows in clear.

    Attributes:
        content: fit for canonical JSON.
    """

    content: Mapping[str, Any]

    @property
    def digest(self) -> str:
        """SHA-256 of the content in canonical form; this is what a trail binds."""
        return _digest(self.content)

    def written(self, trail: Mapping[str, Any] | None = None) -> bytes:
        """The file.

        Args:
            trail: proof (`plumbline trail proof`) of the record that names the digest.
        """
        whole = {"content": self.content, "sha256": self.digest, "trail": trail}
        return canonical(whole).encode()


def proof(
    store: Store, warning: EarlyWarning, then: Recorded, manifest: Mapping[str, Any]
) -> Proof:
    """Everything that the verdict of a warning is worked out from.

    Args:
        then: what the run saw that last found the warning.
        manifest: of that run.

    Raises:
        RunError: the statement does not go into the closed language, or the rows do not give the warning.
    """
    model = then.model
    compiled = compile_model(model, detail=True)
    statement = compiled.on(then.as_of)
    rows = _rows_of(model, warning)
    with opened(store, then.datasets, then.snapshots, then.who.ties()) as duck:
        given = _given(duck, model, compiled, statement, warning)
        tables = {d.name: {f.suffix: f.sql for f in d.viewed} for d in model.facts.values()}
        tables[DOUBTS] = dict.fromkeys(("code", "name", "other"), "VARCHAR")
        parts = closed(statement, {n: list(c) for n, c in tables.items()},
                       {n: list(columns) for n, (columns, _) in given.items()})  # fmt: skip
        relations = _relations(duck, parts, tables, rows, given)
        lead = fetch(duck, store, {f: (model.facts[f], [e.row for e in warning.evidence if e.fact == f])
                                   for f in model.evidence})  # fmt: skip
    firsts = {fact: lead[fact][row] for fact, row in warning.leading().items()}
    shown = [(fact, row) for fact in lead for _, row in sorted(lead[fact].items())]
    content: dict[str, Any] = {
        "format": FORMAT,
        "as_of": then.as_of.isoformat(),
        "conditions": _conditions(compiled),
        "facts": list(compiled.evidence),
        "figures": list(compiled.figures),
        "in_force": settings_in_force(model, firsts),
        "model": model.text,
        "pins": _pins(manifest, then),
        "queries": parts.queries,
        "relations": relations,
        "run": {"number": warning.seen_in, "at": manifest["at"], "engine": dict(then.engine)},
        "settings": _as_text(model.declared.settings),
        "sources": [
            [fact, str(row.row), row.source.batch, row.source.file, row.source.sheet, str(row.source.line)]
            for fact, row in shown
        ],
        "warning": {
            "key": warning.key, "model": warning.model, "version": warning.version,
            "fingerprint": warning.fingerprint, "level": warning.level, "tier": warning.tier,
            "per": list(warning.per), "figures": dict(warning.figures),
            "evidence": [[e.fact, str(e.row), e.digest] for e in warning.evidence],
            "raised_in": warning.raised_in, "state": warning.state,
        },
        "words": _words(model, warning, {
            lang: sentence(model, warning, lead, lang, masked=False) for lang in ("zh", "en")
        }),
    }  # fmt: skip
    found = Proof(content)
    _check(found, warning)
    return found


def _digest(value: object) -> str:
    return sha256(canonical(value))


def _check(found: Proof, warning: EarlyWarning) -> None:
    """No proof leaves the office that would not hold elsewhere."""
    for holds, (zh, en) in verify(found.written(), without_trail=True):
        if holds is False:
            raise RunError(
                Text(f"写不出能核验的证明：{zh}", f"no proof of it would hold: {en}"),
                where=warning.key,
                hint=Text(
                    "先用 plumbline reproduce 重算", "compute it again with plumbline reproduce"
                ),
            )


def _rows_of(model: SupervisionModel, warning: EarlyWarning) -> dict[str, list[int]]:
    """Dataset -> the numbers of its rows that the warning rests on."""
    found: dict[str, set[int]] = {dataset.name: set() for dataset in model.facts.values()}
    for each in warning.evidence:
        found[model.facts[each.fact].name].add(each.row)
    return {name: sorted(rows) for name, rows in found.items()}


def _relations(
    duck: Duck,
    parts: Closed,
    tables: Mapping[str, Mapping[str, str]],
    rows: Mapping[str, Sequence[int]],
    given: Mapping[str, tuple[Mapping[str, str], Sequence[Sequence[Any]]]],
) -> dict[str, Any]:
    """The tables that the queries read, with the columns and rows that they use."""
    found: dict[str, Any] = {}
    bearers: set[str] = set()
    for name, numbers in rows.items():
        if name not in parts.read:
            continue
        kinds = {column: tables[name][column] for column in parts.read[name]}
        duck.register("wanted", pa.table({"row": pa.array(numbers, pa.int64())}))
        answers = duck.run(
            f"SELECT {_listed(kinds)} FROM {sql.name(name)} WHERE _row IN (SELECT row FROM wanted) ORDER BY _row"
        )
        duck.unregister("wanted")
        found[name] = _table(kinds, answers)
        at = [i for i, column in enumerate(kinds) if column.endswith("__who")]
        bearers |= {str(row[i]) for row in answers for i in at if row[i] is not None}
    if DOUBTS in parts.read:
        kinds = {column: tables[DOUBTS][column] for column in parts.read[DOUBTS]}
        codes = ", ".join(map(sql.literal, sorted(bearers))) or "NULL"
        answers = duck.run(
            f"SELECT {_listed(kinds)} FROM {DOUBTS} WHERE code IN ({codes}) ORDER BY ALL"
        )
        found[DOUBTS] = _table(kinds, answers)
    for name, (typed, worked_out) in given.items():
        own = {column: typed[column] for column in parts.read[f"{name}_given"]}
        places = [i for i, column in enumerate(typed) if column in own]
        found[f"{name}_given"] = _table(own, ([row[i] for i in places] for row in worked_out))
    return found


def _listed(kinds: Mapping[str, str]) -> str:
    """The columns as text, as DuckDB writes it; what is true or false stays so."""
    return ", ".join(
        sql.name(c) if kind == "BOOLEAN" else f"CAST({sql.name(c)} AS VARCHAR)"
        for c, kind in kinds.items()
    )


def _table(kinds: Mapping[str, str], rows: Iterable[Sequence[Any]]) -> dict[str, Any]:
    for column, kind in kinds.items():
        if kind not in _KINDS and not kind.startswith("DECIMAL"):
            raise RunError(
                Text(f"证明文件里没有 {kind} 这种值", f"a proof has no values of type {kind}"),
                where=column,
            )
    return {
        "columns": [
            [column, "BIGINT" if kind in _WHOLE else kind] for column, kind in kinds.items()
        ],
        "rows": [list(row) for row in rows],
    }


def _given(
    duck: Duck, model: SupervisionModel, compiled: Compiled, statement: str, warning: EarlyWarning
) -> dict[str, tuple[dict[str, str], list[tuple[Any, ...]]]]:
    """What no row of evidence gives, for the combinations that the warning rests on: columns and rows."""
    name = _GIVEN.get(model.declared.shape)
    if name is None:
        return {}
    tree = sqlglot.parse_one(statement, dialect="duckdb")
    assert isinstance(tree, exp.Query)  # what the compiler writes
    before = []
    for cte in tree.ctes:
        if cte.alias == "candidate":
            break
        before.append(f"{cte.alias} AS ({cte.this.sql(dialect='duckdb')})")
    select = cte.this
    rows: dict[str, list[str]] = {fact: [] for fact in compiled.evidence}
    for each in warning.evidence:
        rows[each.fact].append(str(each.row))
    named = {each.alias: each.unalias().sql(dialect="duckdb") for each in select.selects}
    conditions = " AND ".join(
        f"({named[f'row_{fact}']} IS NULL OR {named[f'row_{fact}']} IN ({', '.join(numbers) or 'NULL'}))"
        for fact, numbers in rows.items()
    )
    source = " ".join(
        part.sql(dialect="duckdb")
        for part in (select.args["from_"], *(select.args.get("joins") or ()))
    )
    query = f"WITH {', '.join(before)} SELECT DISTINCT {name}.* {source} WHERE {conditions}"
    described = duck.run(f"DESCRIBE {query}")
    kinds = {str(row[0]): str(row[1]) for row in described}
    found = duck.run(f"SELECT {_listed(kinds)} FROM ({query}) AS given ORDER BY ALL")
    return {name: (kinds, [tuple(row) for row in found])}


def _conditions(compiled: Compiled) -> list[list[str]]:
    """What a reader is shown of the leading combination: text, and the column that says whether it holds."""
    shown = [[part.text, part.column] for part in compiled.parts]
    return shown + [[f"{kind}: {name}", column] for kind, name, column in compiled.slots]


def _as_text(settings: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: {period: str(v) for period, v in value.items()}
        if isinstance(value, dict)
        else str(value)
        for name, value in settings.items()
    }


def _pins(manifest: Mapping[str, Any], then: Recorded) -> dict[str, Any]:
    """Which versions the run read; the digests are over what its manifest says of them."""
    found = {
        name: {
            "version": manifest["datasets"][name]["version"],
            "as_of": manifest["datasets"][name]["as_of"],
            "sha256": _digest(manifest["datasets"][name]),
        }
        for name in sorted(then.datasets)
    }
    return {
        "datasets": found,
        "declarations": manifest["models"][then.model.name]["declarations"],
        "identity": _digest(manifest.get("identity")),
    }


def _words(
    model: SupervisionModel, warning: EarlyWarning, sentences: Mapping[str, str]
) -> dict[str, Any]:
    """What every page and export of a warning says."""
    innocent = model.declared.innocent
    gone = {"zh": [], "en": []} if warning.state == "open" else {
        "zh": [f"第 {warning.changed_in} 次运行时证据已不在，这条预警已撤回。"],
        "en": [f"It was withdrawn in run {warning.changed_in}: its evidence is gone."],
    }  # fmt: skip
    return {
        "title": model.declared.title.text._asdict(),
        "sentence": dict(sentences),
        "note": {
            "zh": [*gone["zh"], NOT_A_VERDICT["zh"], f"常见的正当解释：{'；'.join(innocent.zh)}。",
                   "有关个人或单位可以向出具机关说明和申辩。"],
            "en": [*gone["en"], NOT_A_VERDICT["en"],
                   f"Usual innocent explanations: {'; '.join(innocent.en or innocent.zh)}.",
                   "The person or unit concerned may reply to the office that issued it."],
        },
    }  # fmt: skip
