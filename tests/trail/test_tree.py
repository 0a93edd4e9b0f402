"""The tree of RFC 9162, held against its recursive definition."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cache

import pytest
from hypothesis import given
from hypothesis import strategies as st

from plumbline.trail.digest import hash_by
from plumbline.trail.tree import (
    Peaks,
    consistency,
    extends,
    includes,
    inclusion,
    leaf_of,
    peaks,
    root_of,
)

SHA = hash_by("sha256")
MOST = 300
LEAVES = [leaf_of(SHA, b"%d" % number) for number in range(MOST)]


def split(count: int) -> int:
    """2.1.1: the largest power of two smaller than the number."""
    power = 1
    while power * 2 < count:
        power *= 2
    return power


@cache
def mth(begin: int, end: int) -> bytes:
    if end - begin == 0:
        return hashlib.sha256().digest()
    if end - begin == 1:
        return LEAVES[begin]
    middle = begin + split(end - begin)
    return hashlib.sha256(b"\x01" + mth(begin, middle) + mth(middle, end)).digest()


def path(index: int, begin: int, end: int) -> list[bytes]:
    """2.1.3.1."""
    if end - begin == 1:
        return []
    middle = begin + split(end - begin)
    if begin + index < middle:
        return [*path(index, begin, middle), mth(middle, end)]
    return [*path(begin + index - middle, middle, end), mth(begin, middle)]


def subproof(first: int, begin: int, end: int, *, whole: bool) -> list[bytes]:
    """2.1.4.1."""
    if first == end - begin:
        return [] if whole else [mth(begin, end)]
    middle = begin + split(end - begin)
    if first <= middle - begin:
        return [*subproof(first, begin, middle, whole=whole), mth(middle, end)]
    return [*subproof(first - (middle - begin), middle, end, whole=False), mth(begin, middle)]


def stored(height: int, begin: int, end: int) -> Sequence[bytes]:
    width = 256**height
    return [mth(at * width, at * width + width) for at in range(begin, end)]


sizes = st.integers(1, MOST)


def test_the_vectors_of_the_standards_family() -> None:
    """The leaves and roots that Certificate Transparency tests itself with."""
    leaves = [leaf_of(SHA, bytes.fromhex(data)) for data in (
        "", "00", "10", "2021", "3031", "40414243", "5051525354555657",
        "606162636465666768696a6b6c6d6e6f",
    )]  # fmt: skip
    assert SHA(b"").hex() == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
    assert root_of(SHA, leaves[:1]).hex() == (
        "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d"
    )
    assert root_of(SHA, leaves).hex() == (
        "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"
    )


def some(size: int) -> range:
    """All below it where it is small or just above a stored subtree, else enough of them."""
    return range(0, size, 1 if size < 40 or 256 <= size < 260 else 23)


@pytest.mark.parametrize("tens", range(0, MOST, 10))
def test_roots_of_every_size_and_the_place_of_every_leaf(tens: int) -> None:
    for size in range(tens + 1, tens + 11):
        root = mth(0, size)
        assert root_of(SHA, LEAVES[:size]) == root
        assert peaks(SHA, stored, size).root() == root
        proofs = [path(index, 0, size) for index in range(size)]
        assert all(
            includes(SHA, leaf=LEAVES[index], index=index, size=size, proof=proof, root=root)
            for index, proof in enumerate(proofs)
        )
        for index in some(size):
            assert inclusion(SHA, stored, index, size) == proofs[index]


@pytest.mark.parametrize("tens", range(0, MOST, 10))
def test_that_every_size_begins_with_every_smaller_one(tens: int) -> None:
    for second, first in ((s, f) for s in range(tens + 1, tens + 11) for f in range(1, s + 1)):
        proof = subproof(first, 0, second, whole=True)
        if first - 1 in some(second):
            assert consistency(SHA, stored, first, second) == proof
        assert extends(
            SHA, first=first, first_root=mth(0, first), second=second,
            second_root=mth(0, second), proof=proof,
        )  # fmt: skip


@given(size=sizes, data=st.data())
def test_no_other_leaf_place_size_or_path_is_proved(size: int, data: st.DataObject) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = path(index, 0, size), mth(0, size), LEAVES[index]
    other = data.draw(st.integers(0, MOST - 1).filter(lambda at: at != index))
    assert not includes(SHA, leaf=LEAVES[other], index=index, size=size, proof=proof, root=root)
    assert not includes(SHA, leaf=leaf, index=other, size=size, proof=proof, root=root)
    assert not includes(SHA, leaf=leaf, index=index, size=size, proof=[*proof, root], root=root)
    assert not includes(SHA, leaf=leaf, index=-1, size=size, proof=proof, root=root)
    if proof:
        assert not includes(SHA, leaf=leaf, index=index, size=size, proof=proof[1:], root=root)
        at = data.draw(st.integers(0, len(proof) - 1))
        wrong = [*proof[:at], bytes(32), *proof[at + 1 :]]
        assert not includes(SHA, leaf=leaf, index=index, size=size, proof=wrong, root=root)


@given(sizes=st.tuples(sizes, sizes), data=st.data())
def test_no_other_beginning_is_proved(sizes: tuple[int, int], data: st.DataObject) -> None:
    first, second = sorted(sizes)
    proof = subproof(first, 0, second, whole=True)
    given_ = {
        "first": first,
        "first_root": mth(0, first),
        "second": second,
        "second_root": mth(0, second),
    }
    other = data.draw(st.integers(1, MOST).filter(lambda size: size != first))
    assert not extends(SHA, **{**given_, "first_root": mth(0, other)}, proof=proof)
    assert not extends(SHA, **given_, proof=[*proof, bytes(32)])
    assert not extends(SHA, **{**given_, "first": 0}, proof=proof)
    if proof:
        assert not extends(SHA, **given_, proof=proof[1:])
        at = data.draw(st.integers(0, len(proof) - 1))
        assert not extends(SHA, **given_, proof=[*proof[:at], bytes(32), *proof[at + 1 :]])
    if first < second:
        assert not extends(SHA, **{**given_, "second_root": mth(0, first)}, proof=proof)


@given(parts=st.lists(st.integers(0, 140), max_size=8))
def test_a_tree_grows_by_any_steps(parts: list[int]) -> None:
    tree, full = Peaks(SHA), []
    for part in parts:
        part = min(part, MOST - tree.size)  # noqa: PLW2901 -- no more than there are
        full += tree.extend(LEAVES[tree.size : tree.size + part])
        assert tree.root() == mth(0, tree.size)
        tree = Peaks(SHA, tree.size, list(tree))  # taken up where it was left
    assert full == [(1, at, mth(at * 256, at * 256 + 256)) for at in range(tree.size // 256)]


@pytest.fixture(scope="module")
def large() -> dict[tuple[int, int], bytes]:
    """What is stored of a tree that has subtrees of two heights, grown by steps."""
    leaves = [SHA(b"%d" % number) for number in range(140_000)]
    tree, kept = Peaks(SHA), {(0, at): leaf for at, leaf in enumerate(leaves)}
    for at in range(0, len(leaves), 777):
        kept |= {
            (height, index): digest for height, index, digest in tree.extend(leaves[at : at + 777])
        }
    assert tree.root() == root_of(SHA, leaves)
    return kept


@pytest.mark.parametrize("size", [65_536, 65_537, 70_001, 131_072, 140_000])
def test_proofs_of_a_large_tree_read_few_digests(
    large: dict[tuple[int, int], bytes], size: int
) -> None:
    asked = 0

    def read(height: int, begin: int, end: int) -> list[bytes]:
        nonlocal asked
        asked += end - begin
        return [large[height, index] for index in range(begin, end)]

    root = root_of(SHA, [large[0, at] for at in range(size)])
    for index in (0, 255, 256, 40_000, 65_535, size - 1):
        asked = 0
        proof = inclusion(SHA, read, index, size)
        assert includes(SHA, leaf=large[0, index], index=index, size=size, proof=proof, root=root)
        assert asked < 2_000
    for first in (1, 256, 65_535, 65_536, size - 1, size):
        asked = 0
        proof = consistency(SHA, read, first, size)
        old = root_of(SHA, [large[0, at] for at in range(first)])
        assert extends(SHA, first=first, first_root=old, second=size, second_root=root, proof=proof)
        assert asked < 2_000
    assert peaks(SHA, read, size).root() == root
