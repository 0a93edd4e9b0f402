"""What people judged of two rows neither of which bears a number: that they are one person's, or are not.

Their word outranks the rules, and the rules go on from there. Rows that were judged to be of one bearer share
whatever number a rule, a register or a judgement finds for any of them, and are about one person of unknown number
until then. Where two rows of one name, birth date and sex were judged to be of two people, those three tie nobody
any more: who bears them is open. Where a rule ties both to one number, it is open which of them bears it.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import pyarrow as pa

from plumbline.engine.backend import Duck
from plumbline.engine.fact import sql
from plumbline.engine.linkage.claim import Kind, Slot
from plumbline.engine.linkage.judgement import Judgement, Node, mark_of
from plumbline.engine.linkage.view import NOBODYS

_SCHEMA = pa.schema(
    [("kind", pa.string()), ("dataset", pa.string()), ("slot", pa.string()), ("row", pa.int64()),
     ("claim", pa.int64()), ("key", pa.int64()), ("who", pa.string()), ("tier", pa.string()),
     ("via", pa.string()), ("why", pa.string())]
)  # fmt: skip
_MOVED = pa.schema(
    [("old", pa.string()), ("key", pa.int64()), ("who", pa.string()), ("why", pa.string())]
)


@dataclass(frozen=True)
class _Row:
    """A row that was judged beside another, and whom it is about by everything else that is known.

    Attributes:
        sure: its own number says so, or somebody judged it of this row and a number.
    """

    node: Node
    kind: Kind
    row: int
    claim: int | None
    who: str | None
    tier: str | None
    sure: bool

    @property
    def stranger(self) -> str | None:
        return self.who if self.who and self.who.startswith(NOBODYS) else None

    @property
    def number(self) -> str | None:
        return self.who if self.who and not self.stranger else None


def enter(
    duck: Duck, described: Mapping[Kind, Sequence[Slot]], decided: Sequence[Judgement]
) -> None:
    """Tie the rows anew that were judged beside each other, and those that go with them.

    `ties`, `judged_rows`, `loose_<kind>` and `excluded_<kind>` are tables on the connection. What is changed here
    says `judgement`, by which the next linking knows that it has to be worked out again.
    """
    pairs = [j for j in decided if j.beside and j.verdict in ("same", "different")]
    if not pairs:
        return
    rows = [row for kind, slots in described.items() for row in _rows(duck, kind, slots)]
    work = _Bearers(pairs, rows)
    work.settle()
    _write(duck, work.retied(), *work.moved())


def _rows(duck: Duck, kind: Kind, described: Sequence[Slot]) -> list[_Row]:
    """The rows that were judged beside others, as they stand today."""
    sources = [
        (
            f"SELECT l.dataset, l.slot, l.mark, l.row, l.claim, NULL AS number FROM loose_{kind} AS l "
            "SEMI JOIN judged_rows AS j ON j.verdict = 'beside' AND j.dataset = l.dataset "
            "AND j.slot = l.slot AND j.mark = l.mark"
        )
    ]
    places = duck.run("SELECT DISTINCT dataset, slot FROM judged_rows WHERE verdict = 'beside'")
    for slot in described:
        name, column = slot.dataset.name, slot.column
        if (name, column) not in places:
            continue
        sources.append(
            f"SELECT {sql.literal(name)}, {sql.literal(column)}, f.mark, f._row, NULL, f.{sql.name(column)} FROM "
            f"(SELECT *, {mark_of(slot.dataset)} AS mark FROM {sql.name('facts_' + name)} WHERE {slot.is_full}) AS f "
            f"SEMI JOIN judged_rows AS j ON j.verdict = 'beside' AND j.dataset = {sql.literal(name)} "
            f"AND j.slot = {sql.literal(column)} AND j.mark = f.mark"
        )
    found = duck.run(
        f"SELECT s.dataset, s.slot, s.mark, s.row, s.claim, COALESCE(t.who, s.number), COALESCE(t.tier, 'A'), "
        "COALESCE(t.via = 'judgement', s.number IS NOT NULL) "
        f"FROM ({' UNION ALL '.join(sources)}) AS s LEFT JOIN (SELECT * FROM ties WHERE kind = 'tie' AND tier <> 'E') "
        "AS t ON t.dataset = s.dataset AND t.slot = s.slot AND t.row = s.row ORDER BY ALL"
    )
    return [
        _Row(
            (dataset, slot, mark),
            kind,
            row,
            claim,
            who,
            tier if who else None,
            bool(sure or (who and claim is None)),
        )
        for dataset, slot, mark, row, claim, who, tier, sure in found
    ]


@dataclass
class _Bearers:
    """Who bears each group of rows that were judged to be one person's.

    Attributes:
        group: of each row's node, the first node of its group.
        leader: of each group, whom it is about; none where nothing says so.
        banned: strangers that are two people's, and the judgement that says so.
        out: of each group, numbers it is not about, and the judgement that says so.
        maybe: of each group, numbers that it or a row judged to be another's is about.
    """

    pairs: Sequence[Judgement]
    rows: Sequence[_Row]
    group: dict[Node, Node] = field(default_factory=dict)
    leader: dict[Node, str | None] = field(default_factory=dict)
    banned: dict[str, int] = field(default_factory=dict)
    out: dict[Node, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    maybe: dict[Node, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))

    def __post_init__(self) -> None:
        self.same = [j for j in self.pairs if j.verdict == "same"]
        self.apart = [j for j in self.pairs if j.verdict == "different"]
        self.of: dict[Node, list[_Row]] = defaultdict(list)
        for row in self.rows:
            self.of[row.node].append(row)

    def settle(self) -> None:
        """Everybody judged to be two people is told apart; each round rules out more, and there is an end of it."""
        while True:
            self._gather()
            if not self._part():
                return

    def _gather(self) -> None:
        """Groups by judgement and by shared strangers, and whom each is about."""
        edges = [(j.node, j.other) for j in self.same if j.other]
        bearing: dict[str, Node] = {}
        edges += [
            (bearing.setdefault(row.stranger, row.node), row.node)
            for row in self.rows
            if row.stranger and row.stranger not in self.banned
        ]
        nodes = [node for j in self.pairs for node in (j.node, j.other) if node]
        self.group = _groups(nodes, edges)
        self.members: dict[Node, list[Node]] = defaultdict(list)
        for node in sorted(self.group):
            self.members[self.group[node]].append(node)
        self.first: dict[Node, int] = {}
        for each in self.same:
            first = self.group[each.node]
            self.first[first] = min(each.number, self.first.get(first, each.number))
        self.leader = {first: self._lead(first) for first in self.members}

    def _lead(self, first: Node) -> str | None:
        rows = [row for node in self.members[first] for row in self.of[node]]
        sure = {row.number for row in rows if row.number and row.sure}
        ruled = {
            row.number for row in rows
            if row.number and row.number not in self.out[first] and row.number not in self.maybe[first]
        }  # fmt: skip
        numbers = sure or ruled
        if len(numbers) == 1:
            return numbers.pop()
        strangers = {
            row.stranger for row in rows if row.stranger and row.stranger not in self.banned
        }
        if strangers and not numbers:
            return min(strangers)
        return _unknown(self.first[first]) if first in self.first else None

    def _part(self) -> bool:
        """Rule out what would make one person of two; was there anything?"""
        before = self._size()
        for each in self.apart:
            if each.other is None:
                continue
            one, two = self.group[each.node], self.group[each.other]
            if one == two:  # by strangers alone: a judgement that says the opposite is not entered
                self._ban(one, each.number)
            elif (who := self.leader[one]) is not None and who == self.leader[two]:
                self._rule_out(one, two, who, each.number)
        return self._size() > before

    def _size(self) -> int:
        each = (self.out, self.maybe)
        return len(self.banned) + sum(len(found) for by in each for found in by.values())

    def _ban(self, first: Node, number: int) -> None:
        rows = [row for node in self.members[first] for row in self.of[node]]
        for stranger in {row.stranger for row in rows if row.stranger}:
            if len({row.node for row in rows if row.stranger == stranger}) > 1:
                self.banned.setdefault(stranger, number)

    def _rule_out(self, one: Node, two: Node, who: str, number: int) -> None:
        sure = {
            first: any(
                row.sure and row.who == who for node in self.members[first] for row in self.of[node]
            )
            for first in (one, two)
        }
        if all(sure.values()):
            return  # both bear it by now: the registers contradict the judgement, and a number stands
        for first, other in ((one, two), (two, one)):
            if not sure[first]:
                (self.out if sure[other] else self.maybe)[first].setdefault(who, number)

    def retied(self) -> list[tuple[object, ...]]:
        """Every row that is about somebody else than by everything else that is known, as a row of `ties`."""
        by: dict[Node, int] = {}
        for each in sorted(self.same, key=lambda j: j.number):
            for node in (each.node, each.other):
                if node:
                    by.setdefault(node, each.number)
        found: list[tuple[object, ...]] = []
        for row in self.rows:
            if row.claim is None and row.number:
                continue  # a row's own number stands
            first = self.group[row.node]
            who = self.leader[first]
            if who is not None and who == row.who:
                continue
            at = (*row.node[:2], row.row, row.claim)
            if who is not None:
                number = by.get(row.node, self.first.get(first, 0))
                found.append(("tie", *at, *_tie(row.kind, who), "C", "judgement", _why(number)))
            elif row.who in self.maybe[first]:
                number = self.maybe[first][row.who]
                found.append(("tie", *at, *_tie(row.kind, row.who), "E", "judgement", _why(number)))
            elif row.who is not None:
                number = self.out[first].get(row.who) or self.banned[row.who]
                found.append(("none", *at, None, None, None, "judgement", _why(number)))
        return found

    def moved(self) -> tuple[list[tuple[str, int | None, str, str]], dict[str, int]]:
        """Strangers that are somebody else by judgement, (old, key, who, why); and those that are two people."""
        found = {}
        for row in self.rows:
            who = self.leader[self.group[row.node]]
            if row.stranger and row.stranger not in self.banned and who and who != row.stranger:
                number = self.first[self.group[row.node]]
                found[row.stranger] = (row.stranger, *_tie(row.kind, who), _why(number))
        return sorted(found.values()), self.banned


def _groups(nodes: Iterable[Node], edges: Iterable[tuple[Node, Node]]) -> dict[Node, Node]:
    """Of each node the first one of those that edges join it to."""
    leader = {node: node for node in nodes}

    def lead(node: Node) -> Node:
        while leader[node] != node:
            node = leader[node]
        return node

    for one, other in edges:
        first, second = sorted((lead(one), lead(other)))
        leader[second] = first
    return {node: lead(node) for node in leader}


def _unknown(judgement: int) -> str:
    """Somebody of whom it is known only that a judgement made one person of two rows."""
    return (
        NOBODYS
        + hashlib.md5(f"judgement/{judgement}".encode(), usedforsecurity=False).hexdigest()[:15]
    )


def _tie(kind: Kind, who: str) -> tuple[int | None, str]:
    if kind != "person":
        return None, who
    return (-int(who[1:], 16) if who.startswith(NOBODYS) else int(who[:17])), who


def _why(number: int) -> str:
    return f'{{"judgement":{number}}}'


def _write(
    duck: Duck,
    retied: Sequence[tuple[object, ...]],
    moved: Sequence[tuple[str, int | None, str, str]],
    banned: Mapping[str, int],
) -> None:
    _given(duck, "retied", retied, _SCHEMA)
    _given(duck, "moved_strangers", moved, _MOVED)
    _given(
        duck,
        "banned_strangers",
        [(who, None, who, _why(n)) for who, n in sorted(banned.items())],
        _MOVED,
    )
    duck.run(
        "DELETE FROM ties WHERE (dataset, slot, row) IN (SELECT (dataset, slot, row) FROM retied)"
    )
    judged = "(dataset, slot, row) NOT IN (SELECT (dataset, slot, row) FROM retied)"
    not_ruled_out = " AND ".join(
        f"NOT EXISTS (SELECT 1 FROM excluded_{kind} AS e WHERE e.claim = t.claim AND e.who = m.who)"
        for kind in ("person", "organisation")
    )
    duck.run(
        "UPDATE ties AS t SET key = m.key, who = m.who, tier = 'D', via = 'judgement', why = m.why "
        f"FROM moved_strangers AS m WHERE t.who = m.old AND {judged} AND {not_ruled_out}"
    )
    duck.run(
        "UPDATE ties AS t SET kind = 'none', key = NULL, who = NULL, tier = NULL, via = 'judgement', why = m.why "
        f"FROM banned_strangers AS m WHERE t.who = m.old AND {judged}"
    )
    duck.run("INSERT INTO ties SELECT * FROM retied")


def _given(duck: Duck, name: str, rows: Sequence[tuple[object, ...]], schema: pa.Schema) -> None:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    arrays = [pa.array(c, f.type) for c, f in zip(columns, schema, strict=True)]
    duck.register(f"{name}_given", pa.Table.from_arrays(arrays, schema=schema))
    duck.run(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT * FROM {name}_given")
    duck.unregister(f"{name}_given")
