"""Two orders of the same rows: as the database has them sealed, and as they were sealed by what is kept outside.

Both come as streams; where they part, both are read ahead until a row is common to them again. What was passed
over on either side is kept by the entry's number, and in the end tells what happened: a number on both sides with
the same digest was moved, with another was altered; outside alone, deleted; in the database alone, inserted.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

#: Number and digest of a sealed entry.
Row = tuple[int, bytes]
#: So many rows are read ahead; where nothing is common to so many, they were replaced.
_AHEAD = 100_000
#: So many differences are kept.
MOST = 20_000


class How(StrEnum):
    ALTERED = "altered"
    DELETED = "deleted"
    INSERTED = "inserted"
    REORDERED = "reordered"


@dataclass(frozen=True)
class Difference:
    """A row that is not as it was sealed.

    Attributes:
        position: where it was sealed; of an inserted row, where it stands.
    """

    how: How
    number: int
    position: int


class Comparison:
    """Fed with the database's rows, in order; what is outside it draws itself."""

    def __init__(self, outside: Iterator[Row], begin: int = 0) -> None:
        """Begin with the first row outside, which stood at the position `begin`."""
        self._outside = outside
        self._again: deque[Row] = (
            deque()
        )  # of the outside: read ahead, and to be gone through again
        self._largest, self._drained = -1, False
        self._here: list[Row] = []  # read ahead
        self._there: list[Row] = []
        self._here_at = self._there_at = begin  # positions of the first of these
        self._only_here: dict[int, tuple[bytes, int]] = {}
        self._only_there: dict[int, tuple[bytes, int]] = {}
        self.left_out = 0  # differences beyond `MOST`

    def feed(self, rows: Sequence[Row]) -> None:
        """Rows of the database that follow those before."""
        rest: Sequence[Row] = rows
        while rest:
            if self._here or self._there:
                rest = self._look_ahead(rest)
            elif self._drained and not self._again:
                self._pass_by(rest)
                return
            else:
                rest = self._walk_along(rest)

    def _pass_by(self, rows: Sequence[Row]) -> None:
        """Rows behind all that is outside are newer, but for those that were missed before: they were moved."""
        for at, (number, digest) in enumerate(rows, self._here_at):
            if number in self._only_there:
                self._note(self._only_here, number, digest, at)
        self._here_at += len(rows)

    def _next(self) -> Row | None:
        if self._again:
            return self._again.popleft()
        row = next(self._outside, None)
        if row is None:
            self._drained = True
        else:
            self._largest = max(self._largest, row[0])
        return row

    def _walk_along(self, rows: Sequence[Row]) -> Sequence[Row]:
        """As long as both say the same; what is left of the rows."""
        for done, row in enumerate(rows):
            other = self._next()
            if row != other:
                self._here_at += done
                self._there_at += done
                self._there = [other] if other else []
                return rows[done:]
        self._here_at += len(rows)
        self._there_at += len(rows)
        return ()

    def _look_ahead(self, rows: Sequence[Row]) -> Sequence[Row]:
        """Read ahead on both sides until a row is common to both; what is left of the rows."""
        here = {row: at for at, row in enumerate(self._here)}
        there = {row: at for at, row in enumerate(self._there)}
        for done, row in enumerate(rows, 1):
            here.setdefault(row, len(self._here))
            self._here.append(row)
            if row in there:
                return self._pass_over(here[row], there[row], rows[done:])
            if other := self._next():
                there.setdefault(other, len(self._there))
                self._there.append(other)
                if other in here:
                    return self._pass_over(here[other], there[other], rows[done:])
            if len(self._here) >= _AHEAD:
                return self._pass_over(len(self._here), len(self._there), rows[done:], newer=True)
        return ()

    def _pass_over(
        self, here: int, there: int, rest: Sequence[Row], *, newer: bool = False
    ) -> Sequence[Row]:
        """Note what stands before these; what stands behind is gone through again.

        Args:
            newer: nothing common follows, so that rows with higher numbers than any outside are newer.
        """
        for at, (number, digest) in enumerate(self._here[:here], self._here_at):
            if not (newer and self._drained and number > self._largest):
                self._note(self._only_here, number, digest, at)
        for at, (number, digest) in enumerate(self._there[:there], self._there_at):
            self._note(self._only_there, number, digest, at)
        again = [*self._here[here:], *rest]
        self._again.extendleft(reversed(self._there[there:]))
        self._here, self._there = [], []
        self._here_at += here
        self._there_at += there
        return again

    def _note(
        self, side: dict[int, tuple[bytes, int]], number: int, digest: bytes, at: int
    ) -> None:
        if len(side) >= MOST:
            self.left_out += 1
        else:
            side.setdefault(number, (digest, at))

    def end(self) -> Iterator[Difference]:
        """There are no more rows here: what it all comes to, by position."""
        while (row := self._next()) is not None:
            if len(self._there) < MOST:
                self._there.append(row)
            else:
                self.left_out += 1
        self._pass_over(len(self._here), len(self._there), (), newer=True)
        found = []
        for number, (digest, at) in self._only_there.items():
            match = self._only_here.pop(number, None)
            how = How.DELETED if match is None else How.REORDERED
            if match is not None and match[0] != digest:
                how = How.ALTERED
            found.append(Difference(how, number, at))
        found += [Difference(How.INSERTED, n, at) for n, (_, at) in self._only_here.items()]
        yield from sorted(found, key=lambda each: each.position)
