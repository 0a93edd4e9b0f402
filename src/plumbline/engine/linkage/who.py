"""Of whom a row speaks: everybody it may be about, what speaks for each of them, and who said so."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from plumbline.engine.backend import Duck, open_duckdb
from plumbline.engine.fact import sql
from plumbline.engine.fact.dataset import Column, Dataset
from plumbline.engine.fact.document import did_you_mean
from plumbline.engine.fact.store import Store
from plumbline.engine.fact.types import Country, UnreadableCellError, make
from plumbline.engine.linkage import merged, weighing, weights
from plumbline.engine.linkage.claim import FINGERPRINT, SAID, Kind, Slot, slots
from plumbline.engine.linkage.identity import Change, changes, identity
from plumbline.engine.linkage.judgement import Judgement, Node, judgements, mark_of
from plumbline.engine.linkage.register import lay_facts, newest
from plumbline.engine.linkage.view import NOBODYS
from plumbline.errors import RunError, Text

KINDS: tuple[Kind, ...] = ("person", "organisation")
#: Characters of a citizen number, and of a credit code.
LENGTH = 18
TYPE = {"person": "person.id", "organisation": "org.code"}
_ROW = re.compile(r"([a-z]\w*):(\d+)-(\d+)(?::(\w+))?")


@dataclass(frozen=True)
class RowName:
    """How people name a row: dataset:batch-position, and the column it is asked about."""

    dataset: str
    row: int
    column: str

    def __str__(self) -> str:
        return f"{self.dataset}:{self.row >> 32}-{self.row & 0xFFFFFFFF}:{self.column}"


@dataclass(frozen=True)
class Candidate:
    """Somebody a row is, or may be, about.

    Attributes:
        who: number or code; ~ and letters for somebody of whom no register knows the number.
        why: what agrees and differs, how many people fit, the chance that a stranger does.
        reasons: what each feature weighs, in bits, where weights were asked for.
    """

    who: str
    tier: str
    by: str
    why: Mapping[str, Any]
    reasons: tuple[weighing.Reason, ...] = ()


@dataclass(frozen=True)
class Standing:
    """A row, whom it is about as far as that is known, and how that came.

    Attributes:
        said: what the row says of its bearer, see `claim.SAID`.
        own: the full number the row bears, if it bears one.
        candidates: nobody, one (tiers A, C, D), or everybody it may be about (E).
        elsewhere: dataset -> rows about the same bearer, where that is settled.
    """

    name: RowName
    said: Mapping[str, Any]
    own: str | None
    candidates: tuple[Candidate, ...]
    judgements: tuple[Judgement, ...]
    history: tuple[Change, ...]
    elsewhere: Mapping[str, int]
    mark: str
    claim: int

    @property
    def who(self) -> str | None:
        """The bearer, where that is settled."""
        settled = [each.who for each in self.candidates if each.tier != "E"]
        return settled[0] if settled else self.own if not self.candidates else None

    @property
    def number(self) -> str | None:
        """The bearer's number or code, where that is settled and any register knows it."""
        return None if self.who is None or self.who.startswith(NOBODYS) else self.who


def row_name(datasets: Mapping[str, Dataset], text: str) -> RowName:
    """Read a row's name.

    Raises:
        RunError: it is none, or names no dataset or column that speaks of somebody.
    """
    found = _ROW.fullmatch(text.strip())
    if found is None:
        raise RunError(
            Text(f"“{text}”不是行的编号", f"'{text}' does not name a row"),
            hint=Text(
                "写成 数据集:批次-序号，如 offences:3-17", "write dataset:batch-position, such as offences:3-17"
            ),
        )  # fmt: skip
    name, batch, position, column = found.groups()
    if name not in datasets:
        raise RunError(
            Text(f"没有数据集“{name}”", f"no dataset '{name}'"),
            hint=did_you_mean(name, list(datasets)),
        )
    described = [
        s.column for kind in ("person", "organisation") for s in slots([datasets[name]], kind)
    ]
    if column is None and described:
        column = described[0]
    if column not in described:
        raise RunError(
            Text(
                f"{name} 没有说明是谁的列“{column}”",
                f"{name} has no column '{column}' that says who",
            ),
            hint=did_you_mean(column or "", described) if described else None,
        )
    return RowName(name, (int(batch) << 32) | int(position), column)


def standing(store: Store, datasets: Mapping[str, Dataset], name: RowName) -> Standing:
    """Everything that is known of whom a row is about.

    Raises:
        RunError: the newest state of the dataset has no such row.
    """
    now = identity(store)
    slot = Slot(datasets[name.dataset], name.column)
    with open_duckdb(store.limits) as duck:
        lay_facts(duck, datasets, {name.dataset: store.snapshot(name.dataset)})
        told, mark, is_full, claim = _told(duck, slot, name)
        found = duck.run(
            f"SELECT who, tier, via, why FROM {now.relation()} WHERE kind = 'tie' "
            "AND dataset = $1 AND slot = $2 AND row = $3 ORDER BY tier, who",
            [name.dataset, name.column, name.row],
        )
        reasons = {}
        if slot.kind == "person" and not is_full and found:
            whos = [who for who, *_ in found if not who.startswith(NOBODYS)]
            reasons = _reasons(store, duck, datasets, now.info.get("model"), whos)
    candidates = tuple(
        Candidate(who, tier, via, json.loads(why or "{}"), reasons.get(who, ()))
        for who, tier, via, why in found
    )
    judged = tuple(
        j for j in judgements(store)
        if (name.dataset, name.column, mark) in (j.node, j.other)
    )  # fmt: skip
    history = tuple(c for c in changes(store, name.dataset, name.row) if c.slot == name.column)
    own = told["number"] if is_full else None
    known = Standing(name, told, own, candidates, judged, history, {}, mark, claim)
    return replace(known, elsewhere=elsewhere(store, datasets, known.who)) if known.who else known


def judged_today(
    store: Store, datasets: Mapping[str, Dataset], nodes: Iterable[Node]
) -> dict[Node, RowName]:
    """A row that was judged -> as it stands today, known again by its key.

    There is none where the row is not delivered any more.
    """
    marks: dict[str, set[str]] = {}
    judged = [each for each in nodes if each[0] in datasets]
    for dataset, _, mark in judged:
        marks.setdefault(dataset, set()).add(mark)
    rows: dict[tuple[str, str], int] = {}
    with open_duckdb(store.limits) as duck:
        for name in sorted(name for name in marks if store.version(name) is not None):
            facts = store.snapshot(name).relation(datasets[name].fields)
            listed_marks = ", ".join(map(sql.literal, sorted(marks[name])))
            found = duck.run(
                f"SELECT mark, MAX(_row) FROM (SELECT _row, {mark_of(datasets[name])} AS mark "
                f"FROM {facts}) WHERE mark IN ({listed_marks}) GROUP BY mark"
            )
            rows |= {(name, mark): row for mark, row in found}
    return {
        (dataset, slot, mark): RowName(dataset, rows[dataset, mark], slot)
        for dataset, slot, mark in judged if (dataset, mark) in rows
    }  # fmt: skip


def _told(duck: Duck, slot: Slot, name: RowName) -> tuple[dict[str, Any], str, bool, int]:
    """What the row says (kept as the table `asked`), its mark, whether its number is full, its claim."""
    key = slot.column + "__key" if slot.kind == "person" else slot.column
    also = f"{mark_of(slot.dataset)} AS mark, {sql.name(slot.column)}, {sql.name(key)}"
    facts = sql.name("facts_" + name.dataset)
    duck.run(
        f"CREATE TEMP TABLE asked AS SELECT *, {FINGERPRINT} AS claim FROM ({slot.said(facts, also)}) "
        f"WHERE row = {name.row}"
    )
    rows = duck.run(f"SELECT {', '.join(SAID)}, mark, {slot.is_full}, claim FROM asked")
    if not rows:
        raise RunError(
            Text(f"最新数据里没有 {name} 这一行", f"there is no row {name} in the newest state"),
            hint=Text(
                "行可能已更正或撤回，或在隔离区（plumbline quarantine list）",
                "it may have been corrected or withdrawn, or wait in quarantine (plumbline quarantine list)",
            ),
        )
    *said, mark, is_full, claim = rows[0]
    return dict(zip(SAID, said, strict=True)), mark, bool(is_full), claim


def _reasons(
    store: Store, duck: Duck, datasets: Mapping[str, Dataset], digest: str | None, whos: Sequence[str]
) -> dict[str, tuple[weighing.Reason, ...]]:  # fmt: skip
    """What each feature weighs, for everybody the row that was `asked` may be about.

    What a pair weighs depends on the two and on what was learned, so nobody else is prepared to be compared.
    """
    frozen = weights.read(store, digest) if digest and whos else None
    if frozen is None:  # the ties stand all the same
        return {}
    _, said = newest(store, duck, datasets, "person")
    merged.find(duck, said.relation, [j for j in judgements(store) if j.in_force])
    keys = ", ".join(sorted({str(int(who[:17])) for who in whos}))
    duck.run(
        f"CREATE TEMP TABLE current AS SELECT * FROM ({merged.current(said.relation)}) WHERE key IN ({keys})"
    )
    found = weighing.weigh(
        duck, frozen.model, weights.people("current"), weights.loose("asked"),
        into="explained", least=-1e9,
    )  # fmt: skip
    rows = duck.arrow(
        f"SELECT e.*, p.number FROM {found.relation} AS e JOIN (SELECT key, MIN(number) AS number FROM current "
        "GROUP BY key) AS p USING (key)"
    ).to_pylist()
    return {each["number"]: tuple(weighing.explain(frozen.model, each)) for each in rows}


def elsewhere(store: Store, datasets: Mapping[str, Dataset], who: str) -> dict[str, int]:
    """Dataset -> how many rows are about the bearer of a number or code."""
    ties = identity(store).ties()
    found: dict[str, int] = {}
    with open_duckdb(store.limits) as duck:
        for slot in (s for kind in KINDS for s in slots(datasets, kind)):
            name = slot.dataset.name
            if store.version(name) is None:
                continue
            facts = store.snapshot(name).relation(slot.dataset.fields)
            ((n,),) = duck.run(
                f"SELECT COUNT(*) FROM ({ties.view(slot.dataset, facts)}) "
                f"WHERE {sql.name(slot.column + '__who')} = $1",
                [who],
            )
            if n:
                found[name] = found.get(name, 0) + int(n)
    return dict(sorted(found.items()))


def judged_row(
    store: Store, datasets: Mapping[str, Dataset], country: Country, row: str, who: str
) -> dict[str, Any]:
    """What a judgement is about, as it is written down: the row (or number), and whom it is held against.

    That is a number wherever one of two rows is known by one; the other row, where neither is.

    Raises:
        RunError: either is unknown, they are one, or a person and an organisation.
    """
    if not _ROW.fullmatch(row):
        if _ROW.fullmatch(who):  # said the other way round
            row, who = who, row
        else:
            return _two_numbers(country, row, who)
    name = row_name(datasets, row)
    known = standing(store, datasets, name)
    kind = Slot(datasets[name.dataset], name.column).kind
    if not _ROW.fullmatch(who):
        return _at(known) | {"who": full_number(country, who, kind)}
    other_name = row_name(datasets, who)
    if Slot(datasets[other_name.dataset], other_name.column).kind != kind:
        raise _unlike(str(other_name), kind)
    other = standing(store, datasets, other_name)
    if number := other.number:
        return _at(known) | {"who": number}
    if number := known.number:
        return _at(other) | {"who": number}
    if (name.dataset, name.column, known.mark) == (
        other_name.dataset,
        other_name.column,
        other.mark,
    ):
        raise RunError(Text("两边是同一行", "both are the same row"))
    return _at(known) | {
        "other_dataset": other_name.dataset, "other_slot": other_name.column,
        "other_row": other_name.row, "other_mark": other.mark,
    }  # fmt: skip


def _at(known: Standing) -> dict[str, Any]:
    """A row, as it is written down in a judgement."""
    name = known.name
    return {
        "dataset": name.dataset, "slot": name.column, "row": name.row,
        "mark": known.mark, "claim": known.claim,
    }  # fmt: skip


def _unlike(text: str, kind: Kind) -> RunError:
    """Somebody said that a person is an organisation, or the other way round."""
    if kind == "person":
        said = Text(
            f"“{text}”是单位，而要判断的是个人",
            f"'{text}' is an organisation; a person is asked about",
        )
    else:
        said = Text(
            f"“{text}”是个人，而要判断的是单位",
            f"'{text}' is a person; an organisation is asked about",
        )
    return RunError(
        said,
        hint=Text(
            "一行说到几个对象的，在编号后写上列，如 company_roles:2-5:company",
            "where a row speaks of several, add the column, such as company_roles:2-5:company",
        ),
    )  # fmt: skip


def _two_numbers(country: Country, one: str, other: str) -> dict[str, Any]:
    """That a citizen number became, or is not, another one.

    Raises:
        RunError: they are one, or one of them is no citizen number.
    """
    numbers = [full_number(country, each) for each in (one, other)]
    for each in numbers:
        if _kind(country, each) != "person":
            raise RunError(
                Text(f"{each} 是单位的代码；两个号码之间只判断个人", f"{each} is an organisation's code; of two numbers only people's are judged"),
                hint=Text("单位请写一行的编号和代码", "of an organisation, give a row and a code"),
            )  # fmt: skip
    if numbers[0] == numbers[1]:
        raise RunError(
            Text("两个号码是同一个", "both are the same number"),
            hint=Text(
                "号码之下的姓名不同，请写那一行的编号",
                "where names under it differ, name the row instead",
            ),
        )
    return {"number_a": numbers[0], "who": numbers[1]}


def _kind(country: Country, text: str) -> Kind | None:
    """What a full number is the number of; none where it is neither."""
    for kind in KINDS:
        try:
            full_number(country, text, kind, hear=False)
        except RunError:
            continue
        return kind
    return None


def full_number(country: Country, text: str, kind: Kind | None = None, *, hear: bool = True) -> str:
    """A full number or code in its normal form.

    Args:
        hear: say so where it is a number of the other kind.

    Raises:
        RunError: it is neither, with the reason where the text is as long as one.
    """
    wrong: Text | None = None
    for each in [k for k in KINDS if kind in (None, k)]:
        type_ = make(Column(**{"from": "x", "type": TYPE[each]}), country)
        try:
            value = type_.parse(text)
        except UnreadableCellError as unreadable:
            wrong = wrong or unreadable.reason
            continue
        if value[0] is not None and len(value[0]) == LENGTH:
            return str(value[0])
    if kind and hear and _kind(country, text):
        raise _unlike(text, kind)
    in_full = len(text.strip()) == LENGTH and "*" not in text
    said = wrong if wrong and in_full else Text("", "")
    raise RunError(
        Text(
            f"“{text}”不是完整的证号或代码{'：' * bool(said.zh)}{said.zh}",
            f"'{text}' is no full number or code{': ' * bool(said.en)}{said.en}",
        ),
        hint=Text(
            "写出 18 位号码，或行的编号如 offences:3-17",
            "give all 18 characters, or a row such as offences:3-17",
        ),
    )
