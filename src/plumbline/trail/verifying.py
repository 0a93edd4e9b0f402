"""Whether the trail is as it was sealed: entry, leaf, subtree, head, chain, signature, and what is outside.

Everything is computed again from what the rows say, in one pass that holds few rows at a time. The database alone
shows whatever was altered by somebody who did not recompute the rest; what its owner made fit together is shown by
a head that was kept outside, and the very row by the leaves beside it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import islice
from typing import Any, NamedTuple

from django.db import connection

from plumbline.errors import PlumblineError, Text
from plumbline.trail.comparing import Comparison, Row
from plumbline.trail.digest import ALGORITHMS, canonical, hash_by
from plumbline.trail.guards import missing_guards
from plumbline.trail.heads import Head
from plumbline.trail.keys import public_key
from plumbline.trail.models import Entry, Leaf, Node, TreeHead, Unsealed
from plumbline.trail.outside import Outside, Stretch
from plumbline.trail.stored import (
    as_bytes,
    as_moment,
    at_column,
    head_at_most,
    heads_after,
    last_head,
    link_after,
    tolerant,
    tree_of,
)
from plumbline.trail.tree import LEVELS, Hash, Peaks, Subtree, leaf_of

_AT_ONCE = 2_000
#: So many faults are told one by one.
MOST = 1_000


class Kind(StrEnum):
    """What is wrong.

    ALTERED, DELETED, INSERTED, REORDERED are about rows; FORGED is a head that does not come of the rows or of
    the head before it, SIGNATURE one that this office's key did not sign, FORK one that differs from what is
    outside.
    """

    ALTERED = "altered"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"
    FORGED = "forged"
    SIGNATURE = "signature"
    FORK = "fork"


class BeyondTheEndError(PlumblineError):
    """There are not so many sealed rows."""


@dataclass(frozen=True)
class Fault:
    """Something that is not as it was sealed.

    Attributes:
        number: of the entry; None where no single row is meant.
        position: in the tree, from 0; of a head, its size.
        action, subject, at: what the row says now; empty where it is gone.
    """

    kind: Kind
    says: Text
    number: int | None = None
    position: int | None = None
    action: str = ""
    subject: str = ""
    at: str = ""


@dataclass
class Report:
    """What was found.

    Attributes:
        checked: sealed rows that were computed again.
        unsealed: entries that were not sealed yet; nothing shows whether they are as they were appended.
        lost: of these, those that the sealer does not know of.
        anchored: sealed rows up to the last head of this database that every place had taken.
        confirmed: sealed rows up to the last head outside, among those given, that agrees with the database.
        more: faults beyond `MOST`.
        notes: what a reader should know besides.
    """

    sealed: int = 0
    checked: int = 0
    unsealed: int = 0
    lost: int = 0
    anchored: int = 0
    confirmed: int = 0
    last: Head | None = None
    faults: list[Fault] = field(default_factory=list)
    more: int = 0
    notes: list[Text] = field(default_factory=list)

    def add(self, fault: Fault) -> None:
        if len(self.faults) < MOST:
            self.faults.append(fault)
        else:
            self.more += 1


def verify(outsides: Sequence[Outside] = (), *, begin: int = 0) -> Report:
    """Compute the trail again.

    Args:
        outsides: heads that were kept outside.
        begin: position from which rows are computed again; what is before it is taken from the stored
            subtrees, and shown to be whole by any head behind it that agrees.

    Raises:
        BeyondTheEndError: nothing is sealed at that position.
    """
    with tolerant():
        report = _verified(outsides, begin)
    report.faults.sort(key=lambda fault: (fault.position is None, fault.position or 0))
    return report


def _verified(outsides: Sequence[Outside], begin: int) -> Report:
    report = Report(last=last_head())
    report.sealed = report.last.size if report.last else 0
    if begin > report.sealed:
        raise BeyondTheEndError(
            Text(f"只封存了 {report.sealed} 条", f"only {report.sealed} rows are sealed"),
            where=str(begin),
        )
    report.checked = report.sealed - begin
    _read_outside(report, outsides)
    if report.last:
        _Pass(report, outsides, begin).run(report.last)
    else:
        _nothing_sealed(report, outsides)
    _count(report)
    _look_around(report)
    return report


def _read_outside(report: Report, outsides: Sequence[Outside]) -> None:
    for each in outsides:
        for line, why in each.faults:
            where = f"{each.path}:{line}"
            report.add(
                Fault(
                    Kind.FORGED,
                    Text(f"外存的树头 {where}：{why.zh}", f"outside, {where}: {why.en}"),
                )
            )
        for line in each.unreadable:
            report.notes.append(
                Text(f"{each.path} 第 {line} 行读不出", f"{each.path}, line {line} cannot be read")
            )


def _nothing_sealed(report: Report, outsides: Sequence[Outside]) -> None:
    for size in {head.size for each in outsides for head in each.heads}:
        report.add(_missing_rows(size, 0))


def _missing_rows(size: int, sealed: int) -> Fault:
    return Fault(
        Kind.DELETED,
        Text(
            f"外存的树头有 {size} 条，数据库只封存了 {sealed} 条",
            f"a head outside has {size} rows, the database has sealed only {sealed}",
        ),
        position=sealed,
    )


def _count(report: Report) -> None:
    """What is not sealed, counted from the entries themselves, whatever the queue says."""
    with connection.cursor() as cursor:
        cursor.execute("""
            SELECT count(*), count(*) - count(u.entry_id) FROM trail_entry e
            LEFT JOIN trail_unsealed u ON u.entry_id = e.id
            WHERE NOT EXISTS (SELECT 1 FROM trail_leaf l WHERE l.entry_id = e.id)
        """)
        report.unsealed, report.lost = cursor.fetchone()
    marked = TreeHead.objects.filter(anchored_at__isnull=False).order_by("-size").first()
    report.anchored = marked.size if marked else 0
    if report.lost:
        report.add(
            Fault(
                Kind.DELETED,
                Text(
                    f"{report.lost} 条记录不在待封存队列里，也没有封存（plumbline trail seal --lost 重新排队）",
                    f"{report.lost} entries are neither sealed nor in the sealer's queue "
                    "(plumbline trail seal --lost puts them back)",
                ),
            )
        )


def _look_around(report: Report) -> None:
    for guard in missing_guards():
        report.notes.append(
            Text(f"数据库的防护 {guard} 不见了", f"the database's guard {guard} is missing")
        )
    queued = Unsealed.objects.exclude(entry__in=Entry.objects.all()).count()
    if queued:
        report.add(
            Fault(
                Kind.DELETED,
                Text(
                    f"{queued} 条待封存的记录不见了",
                    f"{queued} entries that waited to be sealed are gone",
                ),
            )
        )


# -- rows as they stand ----------------------------------------------------------------------------


class _Sealed(NamedTuple):
    """A leaf and its entry, untouched by Django: what somebody wrote past it must not stop the reading."""

    position: int
    number: Any
    leaf: Any
    entry: Any
    digest: Any
    at: Any
    actor: Any
    on_behalf: Any
    action: Any
    subject: Any
    reason: Any
    detail: Any


def _rows(begin: int, end: int) -> list[_Sealed]:
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT l.position, l.entry_id, l.digest, e.id, e.digest, {at_column("e")}, e.actor, e.on_behalf,
              e.action, e.subject, e.reason, CAST(e.detail AS text)
            FROM trail_leaf l LEFT JOIN trail_entry e ON e.id = l.entry_id
            WHERE l.position >= %s AND l.position < %s ORDER BY l.position
            """,  # noqa: S608 -- one of two texts
            [begin, end],
        )
        return [_Sealed(*row) for row in cursor.fetchall()]


def _content(row: _Sealed) -> bytes | None:
    """What an entry says, as it is hashed; None where it cannot even be read."""
    try:
        return canonical({
            "action": row.action,
            "actor": row.actor,
            "at": as_moment(row.at),
            "detail": json.loads(row.detail),
            "entry": row.entry,
            "on_behalf": row.on_behalf,
            "reason": row.reason,
            "subject": row.subject,
        })  # fmt: skip
    except (TypeError, ValueError, RecursionError):
        return None


def _text(value: object) -> str:
    return "" if value is None else str(value).encode(errors="replace").decode()


# -- the pass --------------------------------------------------------------------------------------


def _comparison(place: Outside, stretch: Stretch, begin: int) -> Comparison:
    already = max(0, begin - stretch.begin)
    return Comparison(islice(place.rows(stretch), already, None), stretch.begin + already)


class _Pass:
    """Once over all rows, with everything that they are held against."""

    def __init__(self, report: Report, outsides: Sequence[Outside], begin: int) -> None:
        self.report, self.outsides, self.begin = report, outsides, begin
        self.told: set[tuple[Kind, int]] = set()  # rows that are told of already
        self.compared = [
            (each, stretch, _comparison(each, stretch, begin))
            for each in outsides
            for stretch in each.stretches
            if stretch.end > begin
        ]
        self.marks: dict[int, list[tuple[Outside, Head]]] = {}
        for each in outsides:
            for head in each.heads:
                self.marks.setdefault(head.size, []).append((each, head))
        self.sizes = sorted(size for size in self.marks if size > begin)
        self.forks: dict[int, tuple[Outside, Head]] = {}
        self.broken_at: int | None = None  # a row is missing, and with it all roots behind it
        self.wrong_roots: list[int] = []

    def run(self, last: Head) -> None:
        sealed = last.size
        first = next(heads_after(0)).algorithm
        self.algorithm = first if first in ALGORITHMS else ALGORITHMS[0]
        self.hash: Hash = hash_by(self.algorithm)
        self.tree: Peaks = tree_of(self.begin, self.algorithm)
        self.heads = _Heads(self)
        at = self.begin
        while at < sealed:
            end = min(sealed, at - at % _AT_ONCE + _AT_ONCE)
            self._some(at, end)
            at = end
        for head in heads_after(sealed):  # sealed since, while we read
            del head
            break
        else:
            self._nothing_behind(sealed)
        self._tell_roots()
        self._tell_outside(sealed)

    def _some(self, begin: int, end: int) -> None:
        rows = _rows(begin, end)
        leaves = [as_bytes(row.leaf) for row in rows]
        whole = len(rows) == end - begin
        for row, leaf in zip(rows, leaves, strict=True):
            self._check(row, leaf)
        if not whole:
            self._missing(rows, begin, end)
        for _, stretch, comparison in self.compared:
            skip = max(0, stretch.begin - begin)
            if skip < end - begin:
                pairs: list[Row] = [
                    (row.number if isinstance(row.number, int) else -1, leaf)
                    for row, leaf in zip(rows, leaves, strict=True)
                    if row.position >= stretch.begin
                ]
                comparison.feed(pairs)
        self._grow(leaves if self.broken_at is None else None, begin, end)

    def _check(self, row: _Sealed, leaf: bytes) -> None:
        """An entry against its digest, and that against its leaf."""
        if row.entry is None:
            self._fault(Kind.DELETED, row, Text("记录已被删除", "the entry was deleted"))
            return
        content = _content(row)
        stored = as_bytes(row.digest)
        if stored == leaf and content is not None:
            if leaf_of(self.hash, content) == leaf:
                return
            # An office that changed the setting has entries of the other kind, and nothing else to hide.
            if any(leaf_of(hash_by(other), content) == leaf for other in ALGORITHMS):
                return
        self._fault(
            Kind.ALTERED,
            row,
            Text("内容与封存时不同", "it does not say what was sealed")
            if stored == leaf
            else Text("记录的摘要与封存的不同", "its digest is not the one that was sealed"),
        )

    def _fault(self, kind: Kind, row: _Sealed, says: Text) -> None:
        self.told.add((kind, row.number))
        gone = row.entry is None
        self.report.add(
            Fault(
                kind, says, row.number, row.position,
                "" if gone else _text(row.action), "" if gone else _text(row.subject),
                "" if gone else as_moment(row.at),
            )
        )  # fmt: skip

    def _missing(self, rows: Sequence[_Sealed], begin: int, end: int) -> None:
        """Places that nothing stands at; whoever knows from outside what stood there tells more."""
        there = {row.position for row in rows}
        gone = [at for at in range(begin, end) if at not in there]
        if self.broken_at is None:
            self.broken_at = gone[0]
        for at in gone:
            if not any(stretch.begin <= at < stretch.end for _, stretch, _ in self.compared):
                says = Text("这个位置上的记录不见了", "what stood at this position is gone")
                self.report.add(Fault(Kind.DELETED, says, position=at))

    def _grow(self, leaves: list[bytes] | None, begin: int, end: int) -> None:
        """The tree over the rows so far, against subtrees, heads, and heads outside."""
        at = begin
        for stop in self._stops(begin, end):
            if leaves is not None:
                self._nodes(self.tree.extend(leaves[at - begin : stop - begin]))
            at = stop
            root = None if leaves is None else self.tree.root()
            head = self.heads.at(stop, root)
            for place, mark in self.marks.get(stop, ()):
                self._mark(place, mark, root, head)

    def _stops(self, begin: int, end: int) -> Iterator[int]:
        """Sizes at which something is to be looked at, and the end."""
        outside = (size for size in self.sizes if begin < size <= end)
        yield from sorted({*outside, *self.heads.sizes_up_to(end), end})

    def _nodes(self, full: list[Subtree]) -> None:
        if not full:
            return
        indexes: dict[int, list[int]] = {}
        for height, index, _ in full:
            indexes.setdefault(height, []).append(index)
        stored = {
            (height, index): as_bytes(digest)
            for height, found in indexes.items()
            for index, digest in Node.objects.filter(
                height=height, index__gte=found[0], index__lte=found[-1]
            ).values_list("index", "digest")
        }
        for height, index, digest in full:
            if stored.get((height, index)) != digest:
                width = 1 << LEVELS * height
                first, after = index * width, index * width + width
                said = Text(
                    f"位置 {first}–{after - 1} 中有改动，或其子树摘要被改",
                    f"something at positions {first} to {after - 1}, or their stored subtree, was altered",
                )
                self.report.add(Fault(Kind.ALTERED, said, position=first))

    def _mark(self, place: Outside, mark: Head, root: bytes | None, head: Head | None) -> None:
        """A head outside against the rows, and against the database's head of that size."""
        if root is not None and root == mark.root:
            self.report.confirmed = max(self.report.confirmed, mark.size)
            if mark.signature and (head is None or head.digest() != mark.digest()):
                said = Text(
                    f"{mark.size} 条的树头不见了，或不是外存的那个",
                    f"the head of {mark.size} rows is gone, or is not the one outside",
                )
                self.report.add(Fault(Kind.FORGED, said, position=mark.size))
        elif root is not None:
            self.forks.setdefault(id(place), (place, mark))

    # -- at the end ------------------------------------------------------------------------------

    def _nothing_behind(self, sealed: int) -> None:
        """Rows in the tables of the tree that no head speaks of."""
        for number, position in Leaf.objects.exclude(
            position__gte=0, position__lt=sealed
        ).values_list("entry_id", "position")[:MOST]:
            says = Text("不在任何树头之内", "no head speaks of it")
            self.report.add(Fault(Kind.INSERTED, says, number, position))
        expected = sum(sealed >> LEVELS * height for height in range(1, 8))
        if Node.objects.count() > expected:
            says = Text("子树表里有多余的行", "there are subtrees too many")
            self.report.add(Fault(Kind.FORGED, says))

    def _tell_roots(self) -> None:
        if self.wrong_roots:
            size, later = self.wrong_roots[0], len(self.wrong_roots) - 1
            zh = f"{size} 条的树头与各行不符" + (f"，其后还有 {later} 个" if later else "")
            en = f"the head of {size} rows does not come of them"
            en += f", nor do {later} after it" if later else ""
            self.report.add(Fault(Kind.FORGED, Text(zh, en), position=size))
        if self.broken_at is not None:
            self.report.notes.append(
                Text(
                    f"位置 {self.broken_at} 起缺行，其后的树根无法重算",
                    f"rows are missing from position {self.broken_at}; roots behind it cannot be computed",
                )
            )

    def _tell_outside(self, sealed: int) -> None:
        for place, mark in self.forks.values():
            said = Text(
                f"与外存的树头不符：{place.path}，{mark.size} 条",
                f"not what the head outside says: {place.path}, {mark.size} rows",
            )
            self.report.add(Fault(Kind.FORK, said, position=mark.size))
        for place, _, comparison in self.compared:
            for each in comparison.end():
                kind = Kind(each.how.value)
                if (kind, each.number) in self.told:
                    continue
                self.told.add((kind, each.number))
                self.report.add(_told(kind, each.number, each.position, place))
            self.report.more += comparison.left_out
        for place in self.outsides:
            largest = place.heads[-1].size if place.heads else 0
            if largest > max(sealed, place.covered):
                self.report.add(_missing_rows(largest, sealed))


def _told(kind: Kind, number: int, position: int, place: Outside) -> Fault:
    """A difference, with what the entry says where it is still there."""
    says = {
        Kind.ALTERED: Text(
            "内容与外存的摘要不同", "it does not say what was sealed, by the leaves outside"
        ),
        Kind.DELETED: Text("已封存的记录被删除", "a sealed row was deleted, by the leaves outside"),
        Kind.INSERTED: Text(
            "封存之后插入", "it was put in after the sealing, by the leaves outside"
        ),
        Kind.REORDERED: Text("次序与封存时不同", "it is not in its place, by the leaves outside"),
    }[kind]
    says = Text(f"{says.zh}（{place.path}）", f"{says.en} ({place.path})")
    # Of a row that somebody wrote past Django, only what can be shown is read.
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT e.action, e.subject, {at_column('e')} FROM trail_entry e WHERE e.id = %s",  # noqa: S608 -- as above
            [number],
        )
        found = cursor.fetchone()
    if found is None:
        return Fault(kind, says, number, position)
    return Fault(
        kind, says, number, position, _text(found[0]), _text(found[1]), as_moment(found[2])
    )


class _Heads:
    """The database's heads, one after the other: chain, signature, root."""

    def __init__(self, pass_: _Pass) -> None:
        self._pass = pass_
        self._before = head_at_most(pass_.begin)
        self._rest = heads_after(pass_.begin)
        self._ahead: list[Head] = []
        keys = {head.key for each in pass_.outsides for head in each.heads if head.key}
        own = public_key()
        self._keys = keys or ({own} if own else set())
        if own not in self._keys:
            pass_.report.add(
                Fault(
                    Kind.SIGNATURE,
                    Text(
                        "公钥文件 trail.pub 不见了，或与外存树头的公钥不同",
                        "the public key file trail.pub is gone, or is not the key of the heads outside",
                    ),
                )
            )

    def sizes_up_to(self, end: int) -> list[int]:
        while not self._ahead or self._ahead[-1].size <= end:
            following = next(self._rest, None)
            if following is None:
                break
            self._ahead.append(following)
        return [head.size for head in self._ahead if head.size <= end]

    def at(self, size: int, root: bytes | None) -> Head | None:
        """The head of this size, checked."""
        if not self._ahead or self._ahead[0].size != size:
            return None
        head = self._ahead.pop(0)
        report = self._pass.report
        if head.algorithm not in ALGORITHMS or head.algorithm != self._pass.algorithm:
            said = Text(
                f"{size} 条的树头换了算法", f"the head of {size} rows has another algorithm"
            )
            report.add(Fault(Kind.FORGED, said, position=size))
            head = Head(**{**vars(head), "algorithm": self._pass.algorithm})
        if head.previous != link_after(self._before):
            said = Text(
                f"{size} 条的树头与前一个不相接",
                f"the head of {size} rows does not follow the one before",
            )
            report.add(Fault(Kind.FORGED, said, position=size))
        if (self._keys and head.key not in self._keys) or not head.is_signed():
            said = Text(
                f"{size} 条的树头签名不对", f"the signature of the head of {size} rows is wrong"
            )
            report.add(Fault(Kind.SIGNATURE, said, position=size))
        if root is not None and head.root != root:
            self._pass.wrong_roots.append(size)
        self._before = head
        return head
