"""What people decided about who is who. It outranks every rule and every rerun, until withdrawn."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
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
#: A row as it is known again when it is delivered anew: dataset, column, mark.
Node = tuple[str, str, str]
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
    Field("other_dataset", "VARCHAR"),  # or the row, where neither is known by a number
    Field("other_slot", "VARCHAR"),
    Field("other_row", "BIGINT"),
    Field("other_mark", "VARCHAR"),
    Field("withdraws", "INTEGER"),  # the judgement that this one takes back
)


@dataclass(frozen=True)
class Judgement:
    """Somebody's word that a row (or a number) is, or is not, about the person who bears another.

    Attributes:
        who: the number or code; empty where the row is held against another row.
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
    other_dataset: str
    other_slot: str
    other_row: int | None
    other_mark: str
    withdrawn: tuple[str, str, str] | None = None

    @property
    def in_force(self) -> bool:
        return self.withdrawn is None

    @property
    def node(self) -> Node:
        """The row that is judged."""
        return self.dataset, self.slot, self.mark

    @property
    def other(self) -> Node | None:
        """The row it is held against, where it is one."""
        if not self.other_dataset:
            return None
        return self.other_dataset, self.other_slot, self.other_mark

    @property
    def beside(self) -> bool:
        """Were two rows judged, neither of which is known by a number?"""
        return self.other is not None


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
    """Judgements in force may not say yes and no, nor name two people for one row, be it by way of others.

    Raises:
        RunError: they would.
    """
    if judged["verdict"] == "unsure":
        return
    drawn = [(*_ends(vars(each)), each) for each in earlier if each.in_force]
    same = [(one, two, each) for one, two, each in drawn if each.verdict == "same"]
    one, two = _ends(judged)
    near, far = _reached(one, same), _reached(two, same)
    if judged["verdict"] == "different":
        if two in near:
            raise _contradicts(near[two])
        return
    for a, b, each in drawn:
        if each.verdict == "different" and ((a in near and b in far) or (a in far and b in near)):
            raise _contradicts(each)
    if len(one) == len(two) == 1:  # of two numbers it may be said that they are one person's
        return
    numbers = [(a, b, each) for a, b, each in same if len(a) == len(b) == 1]
    for number in (each for each in near if len(each) == 1):
        known = _reached(number, numbers)
        for other in (each for each in far if len(each) == 1):
            if other not in known:
                raise _contradicts(near.get(number) or far[other] or same[-1][2])


_End = tuple[str, ...]


def _ends(judged: Mapping[str, Any]) -> tuple[_End, _End]:
    """What a judgement is about and what it is held against: a row (three words) or a number (one)."""
    row = (judged.get("dataset"), judged.get("slot"), judged.get("mark"))
    one = (judged["number_a"],) if judged.get("number_a") else tuple(str(each) for each in row)
    if judged.get("other_dataset"):
        other = (judged["other_dataset"], judged["other_slot"], judged["other_mark"])
        return one, tuple(str(each) for each in other)
    return one, (str(judged["who"]),)


def _reached(
    start: _End, same: Sequence[tuple[_End, _End, Judgement]]
) -> dict[_End, Judgement | None]:
    """Everything that was judged to be the same as `start`, and by which judgement it was reached."""
    found: dict[_End, Judgement | None] = {start: None}
    ahead = [start]
    while ahead:
        here = ahead.pop()
        for one, two, each in same:
            for at, next_ in ((one, two), (two, one)):
                if at == here and next_ not in found:
                    found[next_] = each
                    ahead.append(next_)
    return found


def _contradicts(each: Judgement | None) -> RunError:
    if each is None:
        return RunError(Text("一行不能与自己不同", "a row cannot be another than itself"))
    n = each.number
    return RunError(
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
