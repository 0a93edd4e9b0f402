"""A proof is checked with the standard library alone, by whoever is handed it."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

from plumbline.trail import tree
from plumbline.trail.models import Entry
from plumbline.trail.proving import NotProvableError, NotSealedError, goes_on, proof_of
from plumbline.trail.stored import head_at_most, last_head
from tests.trail.conftest import Numbers, Office, Owner, append

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("office")]

CHECK = """
import hashlib, json, sys
import tree
sha = lambda data: hashlib.sha256(data).digest()
proof = json.load(open(sys.argv[1]))
leaf = tree.leaf_of(sha, proof["content"].encode())
print(tree.includes(sha, leaf=leaf, index=proof["position"], size=proof["head"]["size"],
    proof=[bytes.fromhex(step) for step in proof["path"]], root=bytes.fromhex(proof["head"]["root"])))
"""


def checked(proof: dict[str, object], folder: Path) -> str:
    """By a Python that has nothing but the standard library, and that file."""
    (folder / "tree.py").write_text(Path(tree.__file__).read_text())
    (folder / "check.py").write_text(CHECK)
    (folder / "proof.json").write_text(json.dumps(proof))
    done = subprocess.run(
        [sys.executable, "-S", folder / "check.py", folder / "proof.json"],
        capture_output=True, text=True, check=True, env={},
    )  # fmt: skip
    return done.stdout.strip()


@pytest.mark.parametrize("size", [400, None])
def test_an_entry_is_proved_under_a_head(
    numbers: Numbers, tmp_path: Path, size: int | None
) -> None:
    proof = proof_of(numbers(300), size=size)
    assert json.loads(proof["content"])["subject"] == "warning:300"
    assert (proof["position"], proof["head"]["size"]) == (300, size or 620)
    assert checked(proof, tmp_path) == "True"
    assert (
        checked({**proof, "content": proof["content"].replace("300", "301")}, tmp_path) == "False"
    )
    assert checked({**proof, "position": 301}, tmp_path) == "False"


def test_what_is_not_under_that_head(numbers: Numbers) -> None:
    append(1, 620)
    for number, size in (
        (numbers(400), 400),
        (numbers(5), 399),
        (Entry.objects.latest("pk").pk, None),
        (10**9, None),
    ):
        with pytest.raises(NotSealedError, match="not sealed yet"):
            proof_of(number, size=size)


def test_no_proof_of_what_was_altered(owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE id = %s", numbers(300))
    with pytest.raises(NotProvableError, match="trail verify"):
        proof_of(numbers(300))


def test_one_head_goes_on_from_another(office: Office) -> None:
    assert office
    first, second = head_at_most(400), last_head()
    assert first is not None
    assert second is not None
    assert tree.extends(
        lambda data: hashlib.sha256(data).digest(),
        first=400, first_root=first.root, second=620, second_root=second.root,
        proof=goes_on(first, second),
    )  # fmt: skip
