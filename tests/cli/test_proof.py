"""A warning given away as a file: what it proves elsewhere, and how whoever changes it is found out."""

from __future__ import annotations

import copy
import hashlib
import json
import shutil
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from plumbline.verify_proof import ATTESTED, canonical, root_over, sha256, verify
from tests.cli.small import Run, command, fill
from tests.cli.test_backup import Office

MODEL = "honour-despite-offence"


def key_of(plumb: Run) -> str:
    listed = [json.loads(line) for line in plumb("warnings", "--json").output.splitlines()]
    return str(next(each["key"] for each in listed if each["level"] == "red"))


def faults(data: bytes, key: str | None = None, *, trail: bool = True) -> list[str]:
    return [words[1] for holds, words in verify(data, key, not trail) if holds is False]


@pytest.fixture(scope="module")
def unsealed(collided: Path, tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """A proof of an office without a workbench."""
    folder = tmp_path_factory.mktemp("proof")
    out = folder / "proof.json"
    plumb = command(Path(shutil.copytree(collided, folder / "office")))
    plumb("export-proof", key_of(plumb), "--reason", "移送", "--out", str(out))
    return out.read_bytes()


def test_it_is_written_and_checked_elsewhere(after: tuple[Path, Run], tmp_path: Path) -> None:
    folder, plumb = after
    out, verifier = tmp_path / "proof.json", tmp_path / "verify_proof.py"
    key = key_of(plumb)
    said = plumb("export-proof", key, "--reason", "移送法院", "--out", str(out), "--verifier", str(verifier), lang="en")  # fmt: skip
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    assert "personal data in clear" in said.output
    assert "no proof of the trail" in said.output
    noted = json.loads((folder / "access.log").read_text().splitlines()[-1])
    assert (noted["what"], noted["reason"]) == (f"export-proof {key}", "移送法院")

    def check(*more: str) -> tuple[int, str]:
        done = subprocess.run(
            [sys.executable, "-I", str(verifier), *more, str(out)],
            capture_output=True, text=True, check=False, env={"PYTHONIOENCODING": "utf-8"}, cwd="/",
        )  # fmt: skip
        assert not done.stderr
        return done.returncode, done.stdout

    code, told = check("--lang", "en")
    assert code == 1, "without the trail's proof nothing is proven"
    assert "--without-trail checks the rest" in told or "--without-trail: the rest" in told
    code, told = check("--lang", "en", "--without-trail")
    assert code == 0, told
    assert "it holds" in told
    assert all(words[1] in told for words in ATTESTED)
    assert "not a verdict on anyone" in told
    assert "may reply" in told
    assert "+ before(offence.occurred_on, honour.granted_on)" in told
    code, told = check("--without-trail")
    assert code == 0
    assert "不是对任何人的结论" in told
    assert all(words[0] in told for words in ATTESTED)
    written = canonical(json.loads(out.read_bytes())).encode()
    out.write_bytes(written.replace(b"flag", b"gulf", 1))
    code, told = check("--without-trail")
    assert code == 1
    assert "不符" in told


def test_what_is_refused(after: tuple[Path, Run], tmp_path: Path) -> None:
    _, plumb = after
    key = key_of(plumb)
    plumb("export-proof", key, code=2)  # no reason
    assert "reason" in plumb("export-proof", key, "--reason", " ", lang="en", code=2).output
    out = tmp_path / "there.json"
    out.write_text("mine")
    plumb("export-proof", key, "--reason", "移送", "--out", str(out), code=2)
    assert out.read_text() == "mine"
    plumb("export-proof", "ffffffff", "--reason", "移送", code=2)


def test_it_holds_only_what_was_used(unsealed: bytes) -> None:
    content = json.loads(unsealed)["content"]
    columns = {c for each in content["relations"].values() for c, _ in each["columns"]}
    assert "granted_on__from" in columns
    assert not columns & {"cause", "fine", "reviewer"}
    assert content["pins"]["datasets"]["honours"]["sha256"]
    assert content["run"]["engine"]
    assert content["settings"]


def test_a_changed_byte_anywhere_fails(unsealed: bytes) -> None:
    """Every bit of some, one bit of all others would take minutes: every twentieth byte, and both ends."""
    for at in [*range(40), *range(0, len(unsealed), 20), *range(len(unsealed) - 90, len(unsealed))]:
        changed = bytearray(unsealed)
        changed[at] ^= 1 << at % 8
        assert faults(bytes(changed), trail=False), at


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_bytes_put_in_or_left_out_fail(unsealed: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(unsealed)))
    more = data.draw(st.binary(max_size=3) | st.sampled_from([b" ", b"\n", b'"a":1,', b"0"]))
    end = data.draw(st.integers(at, min(at + 3, len(unsealed))))
    changed = unsealed[:at] + more + unsealed[end:]
    assert changed == unsealed or faults(changed, trail=False)


Change = Callable[[dict[str, Any]], None]


def cells(content: dict[str, Any], table: str, column: str) -> tuple[Sequence[list[Any]], int]:
    relation = content["relations"][table]
    return relation["rows"], [name for name, _ in relation["columns"]].index(column)


def later(content: dict[str, Any]) -> None:
    """The offence after the honour: nothing to flag."""
    for column in ("occurred_on__from", "occurred_on__to"):
        rows, at = cells(content, "offences", column)
        for row in rows:
            row[at] = "2030-01-01"


def another_day(content: dict[str, Any]) -> None:
    """Still flagged, but not the row whose digest the warning bears."""
    rows, at = cells(content, "offences", "occurred_on__from")
    rows[0][at] = "2012-01-02"


def without_a_row(content: dict[str, Any]) -> None:
    content["relations"]["offences"]["rows"].clear()


def milder(content: dict[str, Any]) -> None:
    content["warning"]["level"] = "yellow"


def of_another(content: dict[str, Any]) -> None:
    content["warning"]["per"][0] = "380105198907010880"


def another_line(content: dict[str, Any]) -> None:
    content["model"] += "\n"


def always(content: dict[str, Any]) -> None:
    for name, query in content["queries"]:
        if name == "candidate":
            query["columns"] = [[c, ["value", "BIGINT", None] if c == "flag" else t] for c, t in query["columns"]]  # fmt: skip


MENDED = [later, another_day, without_a_row, milder, of_another, another_line, always]


@pytest.mark.parametrize("change", MENDED, ids=lambda change: change.__name__)
def test_a_change_fails_though_the_digest_is_mended(unsealed: bytes, change: Change) -> None:
    proof = json.loads(unsealed)
    change(proof["content"])
    proof["sha256"] = sha256(canonical(proof["content"]))
    (fault,) = faults(canonical(proof).encode(), trail=False)
    assert "not well formed" not in fault


@pytest.mark.parametrize(
    "nonsense",
    [b"", b"null", b"[]", b"{}", b'{"content":{},"sha256":"","trail":null}', b"[" * 100_000, b"\xff",
     "{}".encode("utf-16"), b"NaN"],
    ids=["empty", "null", "list", "bare", "hollow", "deep", "bytes", "utf-16", "nan"],
)  # fmt: skip
def test_nonsense_fails_in_words(nonsense: bytes) -> None:
    assert faults(nonsense)


# -- with a workbench -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def sealed(tmp_path_factory: pytest.TempPathFactory, tables: Path) -> tuple[Office, bytes, str]:
    """An office with a workbench, a proof of it, and its published key."""
    office = Office(tmp_path_factory.mktemp("office"), tables)
    (office.folder / "inbox" / "名单.csv").unlink()
    text = (office.folder / "plumbline.toml").read_text()
    fill(office.folder)
    named = text.replace("[workspace]\n", '[workspace]\ncountry = "country.yml"\n')
    (office.folder / "plumbline.toml").write_text(named)
    plumb = command(office.folder)
    plumb("load", "--accept", "小样")
    plumb("collide", MODEL, "--accept", f"{MODEL}=小样")
    out = office.folder.parent / "proof.json"
    said = office.plumbline("export-proof", key_of(plumb), "--reason", "移送", "--to", "某法院", "--out", out)  # fmt: skip
    assert "no proof of the trail" not in said
    head = json.loads(office.plumbline("trail", "head", "--json"))
    return office, out.read_bytes(), str(head["key"])


def test_it_is_on_the_trail_and_proven(sealed: tuple[Office, bytes, str]) -> None:
    office, data, key = sealed
    assert not faults(data)
    assert not faults(data, key)
    assert not faults(data, key.upper())
    assert faults(data, key[:-1] + ("0" if key[-1] != "0" else "1"))
    with closing(sqlite3.connect(office.folder / "workbench.db")) as database:
        ((subject, reason, detail),) = database.execute(
            "SELECT subject, reason, detail FROM trail_entry WHERE action = 'warning.proof_exported'"
        ).fetchall()
    said = json.loads(detail)
    proof = json.loads(data)
    assert subject == f"warning:{proof['content']['warning']['key']}"
    assert (reason, said["recipient"]) == ("移送", "某法院")
    assert said["sha256"] == proof["sha256"]
    assert "sealed" in office.plumbline("trail", "verify")


def test_no_byte_of_the_trails_part_can_change(sealed: tuple[Office, bytes, str]) -> None:
    _, data, _ = sealed
    begin = data.index(b'"sha256":"', data.rindex(b'"warning":'))  # what follows the content
    for at in range(begin, len(data), 3):
        changed = bytearray(data)
        changed[at] ^= 1 << at % 7
        assert faults(bytes(changed)), at


def test_what_stands_for_the_same_fails(sealed: tuple[Office, bytes, str]) -> None:
    """Values that Python takes for equal, other spellings, and what is put beside."""
    _, data, _ = sealed
    proof = json.loads(data)
    position = proof["trail"]["position"]
    changes: list[Change] = [
        lambda p: p["trail"]["head"].update(root=p["trail"]["head"]["root"].upper()),
        lambda p: p["trail"]["head"].update(signature=p["trail"]["head"]["signature"].upper()),
        lambda p: p["trail"]["path"].append("00" * 32),
        lambda p: p["trail"]["path"].clear(),
        lambda p: p["trail"].update(more=1),
        lambda p: p["trail"]["head"].update(head="plumbline.trail"),
        lambda p: p.update(more=1),
        lambda p: p["trail"].update(position=position + 1),
        lambda p: p["trail"]["head"].update(size=p["trail"]["head"]["size"] + 1),
        lambda p: p["trail"]["head"].update(algorithm="md5"),
        lambda p: p.update(trail=None),
    ]
    for change in changes:
        forged = copy.deepcopy(proof)
        change(forged)
        assert faults(canonical(forged).encode())


@pytest.mark.parametrize(
    "change", [later, milder, another_line], ids=lambda change: change.__name__
)
def test_whoever_mends_every_digest_lacks_the_key(
    sealed: tuple[Office, bytes, str], change: Change
) -> None:
    """A forger makes content, record, tree and head fit, and signs with a key of their own."""
    _, data, key = sealed
    proof = json.loads(data)
    change(proof["content"])
    proof["sha256"] = sha256(canonical(proof["content"]))
    assert faults(canonical(proof).encode())
    proof = json.loads(data)
    proof["content"]["words"]["sentence"]["en"] = "Somebody else did it."  # what no row contradicts
    proof["sha256"] = sha256(canonical(proof["content"]))
    assert faults(canonical(proof).encode()) == ["what the trail recorded is not this content"]
    entry = json.loads(proof["trail"]["content"])
    entry["detail"]["sha256"] = proof["sha256"]
    proof["trail"]["content"] = canonical(entry)
    assert faults(canonical(proof).encode()) == ["the record does not stand under the head"]
    leaf = hashlib.sha256(b"\0" + proof["trail"]["content"].encode()).digest()
    trail, head = proof["trail"], proof["trail"]["head"]
    path = [bytes.fromhex(step) for step in trail["path"]]
    head["root"] = root_over("sha256", leaf, trail["position"], head["size"], path).hex()
    assert faults(canonical(proof).encode()) == ["the signature of the head is wrong"]
    own = Ed25519PrivateKey.generate()
    head["key"] = own.public_key().public_bytes_raw().hex()
    head.pop("signature")
    message = canonical({**head, "head": "plumbline.trail"}).encode()
    head["signature"] = own.sign(message).hex()
    forged = canonical(proof).encode()
    assert faults(forged, key) == ["it is not signed by the key that was given"]
    # Without the office's key all of it fits, and the verifier says that this is left to be compared.
    found = list(verify(forged))
    assert any(holds is None and head["key"] in words[1] for holds, words in found)
