"""What people decided about who is who. It outranks every rule and every rerun, until withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from plumbline.engine.backend import open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.table import parquet_of
from plumbline.engine.fact.types import Field
from plumbline.errors import RunError, Text

Verdict = Literal["same", "different", "unsure"]
TABLE = "judgements"

FIELDS = (
    Field("number", "INTEGER"),
    Field("at", "VARCHAR"),
    Field("by", "VARCHAR"),
    Field("why", "VARCHAR"),
    Field("verdict", "VARCHAR"),
    Field("dataset", "VARCHAR"),  # the row that is judged; empty where a number is
    Field("slot", "VARCHAR"),
    Field("row", "BIGINT"),
    Field("mark", "VARCHAR"),  # the row's key, by which it is known again when it is delivered anew
    Field("claim", "BIGINT"),  # what the row said of its bearer when it was judged
    Field("number_a", "VARCHAR"),  # the number that is judged, where no row is
    Field("who", "VARCHAR"),  # the person (by number) or organisation (by code) it is held against
    Field("withdraws", "INTEGER"),  # the judgement that this one takes back
)


@dataclass(frozen=True)
class Judgement:
    """Somebody's word that a row (or a number) is, or is not, about the person who bears another.

    Attributes:
        withdrawn: (when, by whom, why), if it was taken back.
    """

    number: int
    at: str
    by: str
    why: str
    verdict: Verdict
    dataset: str
    slot: str
    row: int | None
    mark: str
    claim: int | None
    number_a: str
    who: str
    withdrawn: tuple[str, str, str] | None = None

    @property
    def in_force(self) -> bool:
        return self.withdrawn is None


def judgements(store: Store) -> list[Judgement]:
    """Every judgement in order, withdrawn ones too."""
    table = store.table(TABLE)
    version = table.version
    if version is None or not (files := table.files(version)):
        return []
    paths = [store.root / file.path for file in files]
    listed = ", ".join(sql.name(field.suffix) for field in FIELDS)
    with open_duckdb(store.limits) as duck:
        rows = duck.run(f"SELECT {listed} FROM {parquet_of(paths)} ORDER BY number")
    named = [dict(zip((f.suffix for f in FIELDS), row, strict=True)) for row in rows]
    taken_back = {
        row["withdraws"]: (row["at"], row["by"], row["why"]) for row in named if row["withdraws"]
    }
    return [
        Judgement(**row, withdrawn=taken_back.get(row["number"]))
        for row in named if row.pop("withdraws") is None
    ]  # fmt: skip


def enter(store: Store, judged: Mapping[str, Any]) -> int:
    """Write down one judgement (or its withdrawal); gives its number.

    Args:
        judged: the values of `FIELDS` but the number; what is left out is null.
    """
    verdicts = get_args(Verdict)
    if judged.get("withdraws") is None and judged.get("verdict") not in verdicts:
        raise RunError(
            Text(
                f"判断只能是 {'、'.join(verdicts)}", f"a judgement is one of {', '.join(verdicts)}"
            )
        )
    if not str(judged.get("by") or "").strip() or not str(judged.get("why") or "").strip():
        raise RunError(
            Text("判断须写明由谁、为何作出", "a judgement needs to say by whom and why"),
            hint=Text('加上 --why "依据"', 'add --why "what it is based on"'),
        )
    if judged.get("withdraws") is None:
        _agree(judgements(store), judged)
    with store.writing() as scratch, open_duckdb(store.limits) as duck:
        table = store.table(TABLE)
        number = len(table.commits()) + 1
        values = ", ".join(
            f"CAST(${i + 1} AS {field.sql}) AS {sql.name(field.suffix)}"
            for i, field in enumerate(FIELDS)
        )
        given = [number if f.suffix == "number" else judged.get(f.suffix) for f in FIELDS]
        duck.run(f"CREATE TEMP TABLE judged AS SELECT {values}", given)
        staged = table.stage(duck, "SELECT * FROM judged", scratch, ["number"])
        table.commit(staged, FIELDS, {"judgement": number})
    return number


def _agree(earlier: Iterable[Judgement], judged: Mapping[str, Any]) -> None:
    """Two judgements in force may not say yes and no, nor name two people for one row.

    Raises:
        RunError: they would.
    """
    about = [judged.get(name) for name in ("number_a", "dataset", "slot", "mark")]
    for each in earlier:
        if not each.in_force or about != [each.number_a, each.dataset, each.slot, each.mark]:
            continue
        verdicts = {each.verdict, judged["verdict"]}
        one = each.who == judged["who"]
        if (one and verdicts == {"same", "different"}) or (
            not one and verdicts == {"same"} and not each.number_a
        ):
            n = each.number
            raise RunError(
                Text(
                    f"与第 {n} 号判断（{each.by}，{each.at[:10]}）矛盾",
                    f"it contradicts judgement {n} ({each.by}, {each.at[:10]})",
                ),
                hint=Text(
                    f'若那条不对，先撤回：plumbline judgements --withdraw {n} --why "理由"',
                    f'if that one is wrong, withdraw it first: plumbline judgements --withdraw {n} --why "reason"',
                ),
            )


def withdraw(store: Store, number: int, *, at: str, by: str, why: str) -> int:
    """Take a judgement back; it stays readable.

    Raises:
        RunError: there is none of that number, or it was withdrawn before.
    """
    found = {each.number: each for each in judgements(store)}
    if number not in found:
        raise RunError(Text(f"没有第 {number} 号判断", f"there is no judgement {number}"))
    if not found[number].in_force:
        raise RunError(
            Text(f"第 {number} 号判断已经撤回", f"judgement {number} was withdrawn before")
        )
    return enter(store, {"at": at, "by": by, "why": why, "withdraws": number})


def mark_of(dataset: Dataset) -> str:
    """SQL: by what a row is known again in later deliveries: its declared key, or its own number."""
    if not dataset.declared.key:
        return "CAST(_row AS VARCHAR)"
    physical = [name for column in dataset.declared.key for name in dataset.physical(column)]
    values = ", ".join(f"COALESCE(CAST({sql.name(name)} AS VARCHAR), '')" for name in physical)
    return f"MD5(CONCAT_WS('␟', {values}))"
