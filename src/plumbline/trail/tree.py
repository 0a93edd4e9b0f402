"""The Merkle tree of RFC 9162, section 2.1: roots, proofs, and how proofs are verified.

Nothing here knows a database, and nothing is imported beyond the standard library, so that whoever is handed a
proof can carry this file along and check it alone. A tree is known by the digests of its leaves:

    leaf   = hash(0x00 || what it says)
    node   = hash(0x01 || left || right)
    MTH(n) = node(MTH(the first k), MTH(the rest)), where k is the largest power of two below n

Stored are the leaves, and the root of every full subtree of 256, 256^2, 256^3, ... leaves; whatever a proof
needs is computed from at most 255 of these of each height.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

#: What makes a digest of 32 bytes of anything.
Hash = Callable[[bytes], bytes]
#: The stored digests of a height (0: leaves, 1: full subtrees of 256 leaves, 2: of 65,536, ...) from an index
#: to before another.
Read = Callable[[int, int, int], Sequence[bytes]]

#: Subtrees are stored at every eighth level: of 256 to the power of their height leaves.
LEVELS = 8
_LEAF, _NODE = b"\x00", b"\x01"


def leaf_of(hash_: Hash, data: bytes) -> bytes:
    """The digest of a leaf; it can never be that of a node."""
    return hash_(_LEAF + data)


def _joined(hash_: Hash, left: bytes, right: bytes) -> bytes:
    return hash_(_NODE + left + right)


def _parents(hash_: Hash, digests: Sequence[bytes]) -> list[bytes]:
    """Of an even number of neighbours, two by two."""
    pairs = iter(digests)
    return [hash_(_NODE + left + right) for left, right in zip(pairs, pairs, strict=True)]


def root_of(hash_: Hash, digests: Sequence[bytes]) -> bytes:
    """MTH of leaves, or of the roots of full subtrees of one size of which the last may be smaller."""
    if not digests:
        return hash_(b"")
    row = list(digests)
    while len(row) > 1:
        last = [row.pop()] if len(row) % 2 else []  # it has no partner yet and goes up as it is
        row = _parents(hash_, row) + last
    return row[0]


#: A full subtree as it is stored: height, index among those of its height, digest.
Subtree = tuple[int, int, bytes]


class Peaks:
    """A tree that grows: it knows its size and a digest for every power of two in it, and no leaves.

    >>> tree = Peaks(sha256)
    >>> subtrees = tree.extend(leaves)      # those that became full
    >>> tree.size, tree.root()
    """

    def __init__(self, hash_: Hash, size: int = 0, peaks: Sequence[bytes] = ()) -> None:
        """Take up a tree where it was left.

        Args:
            peaks: as `list(tree)` gave them, from the smallest subtree to the largest.
        """
        self._hash, self.size = hash_, size
        given = iter(peaks)
        self._at = [
            next(given) if size >> level & 1 else None for level in range(size.bit_length())
        ]

    def __iter__(self) -> Iterator[bytes]:
        return (peak for peak in self._at if peak is not None)

    def extend(self, digests: Sequence[bytes]) -> list[Subtree]:
        """Add leaves at the end; what subtrees that are stored became full."""
        full: list[Subtree] = []
        row, level = list(digests), 0
        begins = self.size  # where the row begins, counted in subtrees of its level
        while row:
            if level == len(self._at):
                self._at.append(None)
            elif (waiting := self._at[level]) is not None:
                row.insert(0, waiting)
                begins -= 1
            self._at[level] = row.pop() if len(row) % 2 else None
            row, begins, level = _parents(self._hash, row), begins >> 1, level + 1
            if level % LEVELS == 0:
                height = level // LEVELS
                full += ((height, begins + i, digest) for i, digest in enumerate(row))
        self.size += len(digests)
        return full

    def root(self) -> bytes:
        peaks = list(self)
        if not peaks:
            return self._hash(b"")
        root = peaks[0]
        for larger in peaks[1:]:
            root = _joined(self._hash, larger, root)
        return root


def peaks(hash_: Hash, read: Read, size: int) -> Peaks:
    """The tree of a size, taken up from what is stored."""
    found, end = [], size
    for level in range(size.bit_length()):
        if size >> level & 1:
            begin = end - (1 << level)
            found.append(_range_root(hash_, read, begin, end))
            end = begin
    return Peaks(hash_, size, found)


def _range_root(hash_: Hash, read: Read, begin: int, end: int) -> bytes:
    """MTH of the leaves in between, of which the tree has a node: `begin` is a multiple of its width."""
    height = 0
    while 1 << LEVELS * (height + 1) < end - begin:
        height += 1
    width = 1 << LEVELS * height
    row = list(read(height, begin // width, end // width))
    if end % width:
        row.append(_range_root(hash_, read, end // width * width, end))
    return root_of(hash_, row)


def _split(count: int) -> int:
    """The largest power of two below a number of at least two."""
    return 1 << (count - 1).bit_length() - 1


# -- proofs: RFC 9162, 2.1.3 and 2.1.4 -------------------------------------------------------------


def inclusion(hash_: Hash, read: Read, index: int, size: int) -> list[bytes]:
    """That a leaf stands at this index of the tree of this size: the digests beside its way up."""
    proof: list[bytes] = []
    begin, end = 0, size
    while end - begin > 1:
        middle = begin + _split(end - begin)
        if index < middle:
            proof.append(_range_root(hash_, read, middle, end))
            end = middle
        else:
            proof.append(_range_root(hash_, read, begin, middle))
            begin = middle
    return proof[::-1]


def consistency(hash_: Hash, read: Read, first: int, second: int) -> list[bytes]:
    """That the tree of the first size is the beginning of the tree of the second."""
    proof: list[bytes] = []
    begin, end = 0, second
    while first != end:
        middle = begin + _split(end - begin)
        if first <= middle:
            proof.append(_range_root(hash_, read, middle, end))
            end = middle
        else:
            proof.append(_range_root(hash_, read, begin, middle))
            begin = middle
    if begin:
        proof.append(_range_root(hash_, read, begin, end))
    return proof[::-1]


def includes(
    hash_: Hash, *, leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> bool:
    """Whether a leaf stands at this index of the tree of this size and root (2.1.3.2)."""
    if not 0 <= index < size:
        return False
    at, last, found = index, size - 1, leaf
    for beside in proof:
        if last == 0:
            return False
        if at & 1 or at == last:
            found = _joined(hash_, beside, found)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            found = _joined(hash_, found, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and found == root


def extends(
    hash_: Hash,
    *,
    first: int,
    first_root: bytes,
    second: int,
    second_root: bytes,
    proof: Sequence[bytes],
) -> bool:
    """Whether the second tree begins with the first (2.1.4.2)."""
    if not 0 < first <= second:
        return False
    if first == second:
        return not proof and first_root == second_root
    path = [first_root, *proof] if first & (first - 1) == 0 else list(proof)
    if not path:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for beside in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old, new = _joined(hash_, beside, old), _joined(hash_, beside, new)
            while not at & 1 and at:
                at, last = at >> 1, last >> 1
        else:
            new = _joined(hash_, new, beside)
        at, last = at >> 1, last >> 1
    return last == 0 and old == first_root and new == second_root
