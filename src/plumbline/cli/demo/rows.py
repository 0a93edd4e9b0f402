"""Rows of a register before anybody writes them down: arrays of one length under plain names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, TypeAlias

import numpy as np
import numpy.typing as npt

Array: TypeAlias = npt.NDArray[Any]


class Rows:
    """Columns of equal length; a single value stands for the whole column.

    >>> fines = Rows(person=[3, 5], kind="traffic_fine", fen=[15_000, 30_000])
    >>> fines[fines.fen < 20_000].person.tolist()
    [3]
    """

    def __init__(self, **columns: Any) -> None:
        arrays = {name: np.asarray(values) for name, values in columns.items()}
        length = max((len(a) for a in arrays.values() if a.ndim), default=1)
        self._columns: dict[str, Array] = {
            name: a if a.ndim else np.full(length, a) for name, a in arrays.items()
        }
        if any(len(a) != length for a in self._columns.values()):
            sizes = {name: len(a) for name, a in self._columns.items()}
            raise ValueError(f"columns of different lengths: {sizes}")

    def __getattr__(self, name: str) -> Array:
        try:
            return self.__dict__["_columns"][name]  # type: ignore[no-any-return]
        except KeyError:
            raise AttributeError(name) from None

    def __len__(self) -> int:
        return len(next(iter(self._columns.values()), ()))

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __getitem__(self, which: Any) -> Rows:
        """The rows chosen by a mask, a slice or positions."""
        return Rows(**{name: a[which] for name, a in self._columns.items()})

    def but(self, **columns: Any) -> Rows:
        """The same rows with some columns replaced or added."""
        return Rows(**{**self._columns, **columns}) if len(self) else self

    def records(self) -> Iterator[dict[str, Any]]:
        """Row by row; for a few rows only."""
        for values in zip(*(a.tolist() for a in self._columns.values()), strict=True):
            yield dict(zip(self._columns, values, strict=True))

    @classmethod
    def join(cls, *parts: Rows) -> Rows:
        """All parts, which have the same columns, one below the other."""
        full = [part for part in parts if len(part)] or [*parts[:1]]
        return cls(**{n: np.concatenate([getattr(part, n) for part in full]) for n in full[0]})


def pairs(left: Array, right: Array) -> tuple[Array, Array]:
    """Positions of all pairs with equal keys, ordered by the left position."""
    order = np.argsort(right, kind="stable")
    ordered = right[order]
    start = np.searchsorted(ordered, left, "left")
    count = np.searchsorted(ordered, left, "right") - start
    at_left = np.repeat(np.arange(len(left)), count)
    step = np.arange(len(at_left)) - np.repeat(np.cumsum(count) - count, count)
    return at_left, order[np.repeat(start, count) + step]


def groups(*keys: Array) -> tuple[Array, Array]:
    """For each row the number of its group, and for each group the position of its first row."""
    order = np.lexsort(keys[::-1])
    changed = np.zeros(len(order), np.bool_)
    for key in keys:
        changed[1:] |= key[order][1:] != key[order][:-1]
    number = np.empty(len(order), np.int64)
    number[order] = np.cumsum(changed)
    return number, order[np.r_[True, changed[1:]]] if len(order) else order


def every(first: Array, last: Array) -> tuple[Array, Array]:
    """For each row all whole numbers from `first` to `last`, such as the months of a pension.

    Returns:
        The position of the row that each number belongs to, and the number.
    """
    first, last = np.broadcast_arrays(first, last)
    count = np.maximum(last - first + 1, 0)
    owner = np.repeat(np.arange(len(first)), count)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    return owner, first[owner] + step
