"""What is kept outside, read and checked by itself before anything is compared with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from plumbline.errors import PlumblineError, Text
from plumbline.trail.comparing import Row
from plumbline.trail.digest import hash_by
from plumbline.trail.heads import Head, Kept, NotAHeadError, read
from plumbline.trail.tree import Peaks


class NoHeadError(PlumblineError):
    """A file that should hold heads holds none."""


@dataclass(frozen=True)
class Stretch:
    """Lines that follow one upon the other, and so hold every leaf between two positions."""

    begin: int
    end: int
    first_line: int
    last_line: int


@dataclass
class Outside:
    """A file of heads.

    Attributes:
        heads: without leaves, in the order of their size.
        unreadable: numbers of lines that are no heads, such as one that was cut off.
        faults: lines that do not hang together by themselves, as (line, why).
    """

    path: Path
    heads: list[Head] = field(default_factory=list)
    stretches: list[Stretch] = field(default_factory=list)
    unreadable: list[int] = field(default_factory=list)
    faults: list[tuple[int, Text]] = field(default_factory=list)

    @property
    def covered(self) -> int:
        """Leaves are held up to there, if there are any."""
        return self.stretches[-1].end if self.stretches else 0

    def rows(self, stretch: Stretch) -> Iterator[Row]:
        """Number and digest of every leaf of a stretch; one line is held at a time."""
        at = stretch.begin
        for number, kept in _lines(self.path):
            if number > stretch.last_line:
                return
            if number < stretch.first_line or not isinstance(kept, Kept):
                continue
            if kept.leaves is not None and kept.head.size - len(kept.leaves) == at < kept.head.size:
                yield from kept.leaves
                at = kept.head.size


def _lines(path: Path) -> Iterator[tuple[int, Kept | None]]:
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
            if not text.strip():
                continue
            try:
                yield number, read(text.decode())
            except (NotAHeadError, UnicodeDecodeError):
                yield number, None


def outside(path: Path) -> Outside:
    """Read a file of heads: a line of JSON each as anchors write them, or `SIZE ROOT` as copied from paper.

    Raises:
        NoHeadError: there is none in it.
    """
    found = Outside(path)
    last: Head | None = None
    tree: Peaks | None = None  # of the stretch that began with the first leaf
    for number, kept in _lines(path):
        if kept is None:
            found.unreadable.append(number)
            continue
        head = kept.head
        if kept.is_whole and not head.is_signed():
            found.faults.append((number, Text("签名不对", "its signature is wrong")))
            continue
        if last is not None and head.size <= last.size:
            if head not in found.heads[-1:] and all(head != each for each in found.heads):
                found.heads.append(head)  # two that say different things: a fork shows by the root
            continue
        found.heads.append(head)
        follows = last is not None and last.signature and head.previous == last.digest()
        if last is not None and kept.is_whole and last.signature and kept.leaves is not None:
            at_once = head.size - len(kept.leaves) == last.size
            if at_once and not follows:
                found.faults.append((
                    number,
                    Text("与前一个树头不相接", "it does not follow the head before it"),
                ))  # fmt: skip
        if kept.leaves is not None:
            tree = _extend(found, number, kept, tree)
        last = head
    if not found.heads and not found.faults:
        raise NoHeadError(
            Text("文件里没有树头", "there is no head in this file"),
            where=str(path),
            hint=Text(
                "应是锚定文件的行，或纸上抄来的“条数 树根”",
                "it should have lines of an anchor, or 'SIZE ROOT' as copied from paper",
            ),
        )
    found.heads.sort(key=lambda each: each.size)
    return found


def _extend(found: Outside, number: int, kept: Kept, tree: Peaks | None) -> Peaks | None:
    """Take a line's leaves in: to the stretch that ends where they begin, or to one of their own."""
    assert kept.leaves is not None
    head, begin = kept.head, kept.head.size - len(kept.leaves)
    if found.stretches and found.stretches[-1].end == begin:
        before = found.stretches.pop()
        found.stretches.append(Stretch(before.begin, head.size, before.first_line, number))
    else:
        found.stretches.append(Stretch(begin, head.size, number, number))
        tree = Peaks(hash_by(head.algorithm)) if begin == 0 else None
    if tree is not None:
        tree.extend(kept.leaves.each())
        if tree.root() != head.root:
            found.faults.append((number, Text("条目与树根不符", "its rows do not give its root")))
            tree = None
    return tree
