"""`plumbline trail`: sealing, a head on paper, proofs, and what verification says to whom."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from plumbline.cli import plumbline
from plumbline.trail.heads import read
from plumbline.trail.models import Entry, TreeHead, Unsealed
from plumbline.trail.receiving import keep
from tests.trail.conftest import AT, Office, Owner, append

pytestmark = pytest.mark.django_db

Trail = Callable[..., Result]


@pytest.fixture
def trail(private: Path, monkeypatch: pytest.MonkeyPatch) -> Trail:
    """The command in a workspace of its own."""
    monkeypatch.setenv("PLUMBLINE_WORKSPACE", str(private.parent))  # the command sets it, too
    (private.parent / "plumbline.toml").write_text('[workspace]\nname = "小样"\n')

    def run(
        *words: str, code: int = 0, lang: str = "en", given: bytes | str | None = None
    ) -> Result:
        call = ["--workspace", str(private.parent), "--lang", lang, "trail", *words]
        done = CliRunner().invoke(plumbline, call, input=given, catch_exceptions=False)
        assert done.exit_code == code, done.output
        return done

    return run


@pytest.fixture
def office(private: Path) -> Office:
    office = Office(private.parent)
    office.fill()
    return office


@pytest.fixture
def owner() -> Owner:
    return Owner()


def test_outside_a_workspace(tmp_path: Path) -> None:
    done = CliRunner().invoke(plumbline, ["--workspace", str(tmp_path), "trail", "verify"])
    assert done.exit_code == 2
    assert "plumbline init" in done.output


def test_before_the_workbench_was_opened(tmp_path: Path) -> None:
    """In a process of its own, which has no database yet."""
    (tmp_path / "plumbline.toml").write_text('[workspace]\nname = "小样"\n')
    done = subprocess.run(
        [sys.executable, "-m", "plumbline.cli", "--lang", "en", "trail", "verify"],
        env={**os.environ, "PLUMBLINE_WORKSPACE": str(tmp_path), "PLUMBLINE_DATABASE": ""},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 2
    assert "plumbline serve" in done.stderr


def test_an_empty_trail(trail: Trail) -> None:
    assert trail("head").stdout == "nothing is sealed yet\n"
    assert "sealed: 0" in trail("seal").stdout
    assert "the trail is as it was sealed" in trail("verify").stdout


def test_sealing_and_the_places_outside(trail: Trail, private: Path) -> None:
    append(3)
    done = trail("seal").stdout
    assert done == f"sealed: 3\n{private / 'heads.jsonl'}: 3 rows\n"
    assert "封存 0 条" in trail("seal", lang="zh").stdout
    (private / "heads.jsonl").write_text("else\n")
    assert "there is no head in this file" in trail("seal", code=1).stdout


def test_what_fell_out_of_the_queue(trail: Trail, owner: Owner) -> None:
    append(3)
    owner.drop_the_guards()
    Unsealed.objects.all()[:1].get().delete()
    told = trail("verify", code=1).stdout
    assert "1 entries are neither sealed nor in the sealer's queue" in told
    assert trail("seal", "--lost").stdout.startswith("put back: 1\nsealed: 3\n")


def test_nothing_was_done_to_it(trail: Trail, office: Office) -> None:
    assert office
    append(2, 620)
    assert trail("verify").stdout.splitlines() == [
        "sealed: 620, computed again: 620",
        "confirmed by heads outside: 620; for the 0 after them the database alone speaks",
        "all places outside have the head of 620",
        "not sealed: 2; whether these were altered nothing can tell",
        "the trail is as it was sealed",
    ]
    assert trail("verify", "--from", "600", lang="zh").stdout.splitlines() == [
        "已封存 620 条，重算 20 条",
        "外面的树头证实到第 620 条；其后 0 条只有数据库自己作证",
        "所有地方都已收到到第 620 条的树头",
        "未封存 2 条：是否改动过无从得知",
        "与封存时相同",
    ]


def forge(owner: Owner) -> Entry:
    """Somebody alters an act and makes all the rest fit, in the database and in its anchor here."""
    owner.drop_the_guards()
    entry = Entry.objects.get(subject="warning:300")
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE id = %s", entry.pk)
    owner.renew_digest(entry.pk)
    owner.make_it_fit()
    return entry


def test_a_copy_tells_which_row(trail: Trail, office: Office, owner: Owner, private: Path) -> None:
    entry = forge(owner)
    (private / "heads.jsonl").unlink()
    told = trail("verify").stdout
    assert "confirmed by heads outside: 0; for the 620 after them the database alone speaks" in told
    assert f"the anchor {private / 'heads.jsonl'} is not there" in told
    told = trail("verify", "--head", str(office.folder / "copy.jsonl"), code=1).stdout
    [row] = [line for line in told.splitlines() if line.startswith("altered\t")]
    assert row.split("\t")[1:5] == [str(entry.pk), "300", "warning.signed_for", "warning:300"]
    assert told.endswith("the trail is not as it was sealed\n")
    piped = trail(
        "verify", "--json", "--head", "-", code=1, given=(office.folder / "copy.jsonl").read_bytes()
    )  # fmt: skip
    found = json.loads(piped.stdout)
    assert {
        "kind": "altered", "number": entry.pk, "position": 300, "action": "warning.signed_for",
        "subject": "warning:300", "at": "2026-03-18T02:05:00.000000+00:00",
    }.items() <= next(each for each in found["faults"] if each["kind"] == "altered").items()  # fmt: skip
    assert (found["sealed"], found["confirmed"], found["unsealed"]) == (620, 100, 0)


def test_a_head_on_paper(trail: Trail, office: Office, owner: Owner, private: Path) -> None:
    assert office
    shown = trail("head").stdout.splitlines()
    rows, root = (line.split("  ", 1)[1] for line in shown[:2])
    paper = f"{rows} {root}\n"
    assert "confirmed by heads outside: 620" in trail("verify", "--head", "-", given=paper).stdout
    forge(owner)
    (private / "heads.jsonl").unlink()
    assert "fork" in trail("verify", "--head", "-", given=paper, code=1).stdout
    assert "no head" in trail("verify", "--head", "-", given="nothing\n", code=2).output


def test_a_head_to_keep_elsewhere(trail: Trail, office: Office) -> None:
    line = trail("head", "--json").stdout
    assert json.loads(line)["root"] == bytes(TreeHead.objects.get(size=620).root).hex()
    assert office.kept[0].heads[-1].as_json() == json.loads(line)
    assert "620" in trail("verify", "--head", "-", given=line).stdout


def test_a_proof(trail: Trail, office: Office) -> None:
    assert office
    entry = Entry.objects.get(subject="warning:300")
    proof: dict[str, Any] = json.loads(trail("proof", str(entry.pk), "--size", "400").stdout)
    assert (proof["position"], proof["head"]["size"]) == (300, 400)
    assert json.loads(proof["content"])["reason"] == "按期签收"
    assert "not sealed yet" in trail("proof", str(entry.pk), "--size", "300", code=2).output


def test_heads_that_are_kept_for_another_office(trail: Trail, office: Office) -> None:

    for text in (office.folder / "copy.jsonl").read_text().splitlines():
        keep(read(text), peer="county", at=AT)
    done = trail("held", "county")
    assert done.stdout_bytes == (office.folder / "copy.jsonl").read_bytes()
    assert "no heads are kept here" in trail("held", "nobody").stderr
