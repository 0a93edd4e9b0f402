"""Heads go to files and to peers; what they hold can be read again, and whoever cannot be reached catches up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from plumbline.trail import keys
from plumbline.trail.anchor import anchor
from plumbline.trail.heads import NotAHeadError, read
from plumbline.trail.models import Entry, PeerHead, TreeHead
from plumbline.trail.outside import NoHeadError, outside
from plumbline.trail.receiving import HeadRefusedError, keep, lines_of
from plumbline.trail.sealing import seal
from plumbline.trail.verifying import verify
from tests.trail.conftest import AT, Office, Owner, append

pytestmark = pytest.mark.django_db


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(text) for text in path.read_text().splitlines()]


def test_a_line_carries_all_that_is_needed(office: Office) -> None:
    kept = lines(office.folder / "private" / "heads.jsonl")
    assert [each["size"] for each in kept] == [100, 400, 401, 620]
    first = Entry.objects.order_by("pk")[0].pk
    assert kept[1]["entries"] == [[first + 100, 300]]
    assert set(kept[1]) == {
        "size", "root", "at", "algorithm", "previous", "key", "signature", "entries", "leaves",
    }  # fmt: skip
    found = outside(office.folder / "private" / "heads.jsonl")
    [stretch] = found.stretches
    entries = Entry.objects.order_by("pk").values_list("pk", "digest")
    assert list(found.rows(stretch)) == [(number, bytes(digest)) for number, digest in entries]
    assert (found.faults, found.unreadable, found.covered) == ([], [], 620)


def test_every_place_is_brought_up_by_itself(office: Office, settings: Any) -> None:
    other, late = office.folder / "disk" / "heads.jsonl", office.folder / "late.jsonl"
    settings.TRAIL_ANCHORS = [*settings.TRAIL_ANCHORS, str(other)]
    office.more(10, 620)
    assert len(lines(other)) == 5
    settings.TRAIL_ANCHORS = [str(late)]
    assert [(each.size, each.fault) for each in anchor(at=AT)] == [(630, None)]
    assert late.read_bytes() == other.read_bytes()
    before = late.read_bytes()
    anchor(at=AT)
    assert late.read_bytes() == before


def test_a_place_that_cannot_be_reached_catches_up(office: Office, settings: Any) -> None:
    blocked = office.folder / "blocked"
    blocked.write_text("no folder")
    settings.TRAIL_ANCHORS = [str(blocked / "heads.jsonl"), str(office.folder / "ok.jsonl")]
    append(1, 620)
    seal(at=AT)
    first, second = anchor(at=AT)
    assert first.fault is not None
    assert (first.size, second.size, second.fault) == (0, 621, None)
    assert TreeHead.objects.get(size=621).anchored_at is None
    assert verify().anchored == 620
    blocked.unlink()
    assert [each.fault for each in anchor(at=AT)] == [None, None]
    assert TreeHead.objects.get(size=621).anchored_at == AT


def test_a_line_that_was_cut_off_is_left_and_written_again(office: Office) -> None:
    path = office.folder / "private" / "heads.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-5_000])
    anchor(at=AT)
    assert path.read_bytes() == whole[:-5_000] + b"\n" + b"".join(
        whole.splitlines(keepends=True)[-1:]
    )
    found = outside(path)
    assert (found.unreadable, found.covered, found.faults) == ([4], 620, [])


@pytest.mark.parametrize("text", ["of something else\n", '{"size": 1}\n'])
def test_a_file_of_something_else_is_not_written_to(
    office: Office, settings: Any, text: str
) -> None:
    path = office.folder / "other.txt"
    path.write_text(text)
    settings.TRAIL_ANCHORS = [str(path)]
    [done] = anchor(at=AT)
    assert "no head" in str(done.fault)
    assert path.read_text() == text
    with pytest.raises(NoHeadError):
        outside(path)


@pytest.mark.usefixtures("office")
def test_a_place_that_holds_more_than_the_database_is_told(owner: Owner) -> None:
    """As when the database was put back to an older state."""
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_treehead WHERE size = 620")
    [done] = anchor(at=AT)
    assert "it holds 620 rows, the database has only 401" in str(done.fault)


def test_a_place_that_holds_another_trail_is_told(office: Office, owner: Owner) -> None:
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE subject = 'warning:5'")
    owner.renew_digest(Entry.objects.get(subject="warning:5").pk)
    owner.make_it_fit()
    before = (office.folder / "private" / "heads.jsonl").read_bytes()
    [done] = anchor(at=AT)
    assert "not that of the database" in str(done.fault)
    assert (office.folder / "private" / "heads.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "12",
        "0 " + "00" * 32,
        "-1 " + "00" * 32,
        "5 " + "00" * 31,
        "5 zz",
        "{",
        "[]",
        "{}",
        "5 " + "é" * 64,
    ],
)
def test_what_is_no_head(text: str) -> None:
    with pytest.raises(NotAHeadError):
        read(text)


# -- peers ------------------------------------------------------------------------------------------

TOKEN = "a token of theirs"  # noqa: S105 -- of this test


@pytest.fixture
def peer(live_server: Any, settings: Any) -> str:
    settings.TRAIL_PEERS = {"county": TOKEN}
    return f"{live_server.url}/trail/heads".replace(
        "://", f"://county:{TOKEN.replace(' ', '%20')}@"
    )


@pytest.mark.django_db(transaction=True)
def test_a_peer_keeps_heads_that_go_on_from_one_another(
    peer: str, office: Office, owner: Owner, settings: Any
) -> None:
    """The same database plays both parts here; they share no table."""
    settings.TRAIL_ANCHORS = [peer]
    [done] = anchor(at=AT)
    assert (done.size, done.fault) == (620, None)
    assert TOKEN not in done.place
    assert [row.size for row in PeerHead.objects.order_by("size")] == [100, 400, 401, 620]
    copy = office.folder / "held.jsonl"
    copy.write_bytes(b"".join(lines_of("county")))
    assert copy.read_bytes() == (office.folder / "copy.jsonl").read_bytes()
    office.more(5, 620)
    assert PeerHead.objects.latest("size").size == 625
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE subject = 'warning:5'")
    owner.renew_digest(Entry.objects.get(subject="warning:5").pk)
    owner.make_it_fit()
    [done] = anchor(at=AT)
    assert "not that of the database" in str(done.fault)
    owner.restore()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    ("change", "says"),
    [
        (("county:", "stranger:"), "404"),
        (("a%20token", "another"), "404"),
        (("/trail/heads", "/trail/nothing"), "404"),
        (("http://", "ftp://"), "https"),
        (("@localhost", "@plumbline.example"), "https"),
    ],
)
def test_strangers_and_wrong_addresses(
    peer: str, office: Office, settings: Any, change: tuple[str, str], says: str
) -> None:
    assert office
    wrong = peer.replace(*change)
    assert wrong != peer
    settings.TRAIL_ANCHORS = [wrong]
    [done] = anchor(at=AT)
    assert (done.size, PeerHead.objects.count()) == (0, 0)
    assert says in str(done.fault)


def test_a_peer_refuses_what_does_not_go_on(office: Office) -> None:
    path = office.folder / "copy.jsonl"
    first, second, third, fourth = (read(text) for text in path.read_text().splitlines())
    with pytest.raises(HeadRefusedError, match="does not follow"):
        keep(second, peer="county", at=AT)
    keep(first, peer="county", at=AT)
    with pytest.raises(HeadRefusedError, match="does not follow"):
        keep(first, peer="county", at=AT)
    keep(first, peer="another", at=AT)
    text = path.read_text().splitlines()[1]
    unsigned = read(text.replace(second.head.signature.hex(), "00" * 64))
    with pytest.raises(HeadRefusedError, match="signature"):
        keep(unsigned, peer="county", at=AT)
    without = json.loads(text)
    del without["leaves"], without["entries"]
    with pytest.raises(HeadRefusedError, match="missing in between"):
        keep(read(json.dumps(without)), peer="county", at=AT)
    other = json.loads(text)
    other["leaves"] = other["leaves"].replace("A", "B")
    with pytest.raises(HeadRefusedError, match="do not give this root"):
        keep(read(json.dumps(other)), peer="county", at=AT)
    for each in (second, third, fourth):
        keep(each, peer="county", at=AT)
    assert PeerHead.objects.filter(peer="county").count() == 4


def test_a_peer_with_another_key_is_refused(office: Office) -> None:
    first = read((office.folder / "copy.jsonl").read_text().splitlines()[0])
    keep(first, peer="county", at=AT)
    for name in ("trail.key", "trail.pub"):
        (office.folder / "private" / name).unlink()
    key = keys.signing_key(first=True)
    second = read((office.folder / "copy.jsonl").read_text().splitlines()[1])
    forged = second.head.sign(key)
    with pytest.raises(HeadRefusedError, match="key"):
        keep(type(second)(forged, second.leaves), peer="county", at=AT)


@pytest.mark.parametrize(("body", "code"), [(b"", 400), (b"\xff", 400), (b"5 " + b"0" * 64, 409)])
def test_a_body_that_is_no_head(client: Any, settings: Any, body: bytes, code: int) -> None:
    settings.TRAIL_PEERS = {"county": TOKEN}
    signed_in = {"HTTP_AUTHORIZATION": "Basic Y291bnR5OmEgdG9rZW4gb2YgdGhlaXJz"}
    answer = client.post("/trail/heads", body, content_type="application/json", **signed_in)
    assert answer.status_code == code
    assert client.get("/trail/heads", **signed_in).json() == {"held": None}
    assert client.put("/trail/heads", **signed_in).status_code == 405


@pytest.mark.parametrize(
    "header",
    [None, "Basic", "Basic !", "Bearer Y291bnR5OmEgdG9rZW4gb2YgdGhlaXJz", "Basic Y291bnR5Og=="],
)
def test_to_strangers_there_is_no_such_page(client: Any, settings: Any, header: str | None) -> None:
    settings.TRAIL_PEERS = {"county": TOKEN}
    given = {"HTTP_AUTHORIZATION": header} if header else {}
    assert client.get("/trail/heads", **given).status_code == 404
    settings.TRAIL_PEERS = {"county": ""}
    assert client.get("/trail/heads", **given).status_code == 404
