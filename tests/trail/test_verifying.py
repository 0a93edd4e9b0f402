"""Whatever is done to sealed rows is found, and the row is named; also when it was all made to fit."""

from __future__ import annotations

import pytest
from django.db import connection

from plumbline.trail import keys
from plumbline.trail.models import Entry, Leaf, Node, TreeHead, Unsealed
from plumbline.trail.outside import outside
from plumbline.trail.verifying import BeyondTheEndError, Kind, Report, verify
from tests.trail.conftest import Numbers, Office, Owner, append

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("office")]


def rows(report: Report, kind: Kind) -> list[tuple[int | None, int | None]]:
    """Number and position of the rows that are told to be so."""
    return [(f.number, f.position) for f in report.faults if f.kind is kind and f.number]


def kinds(report: Report) -> set[Kind]:
    return {fault.kind for fault in report.faults}


def test_a_trail_that_nobody_touched(office: Office) -> None:
    append(3, 620)
    report = verify(office.kept)
    assert (report.faults, report.notes) == ([], [])
    assert (report.sealed, report.checked, report.unsealed, report.lost) == (620, 620, 3, 0)
    assert (report.anchored, report.confirmed) == (620, 620)


def test_rows_sealed_after_the_head_outside(office: Office) -> None:
    office.more(40, 620)
    report = verify(office.kept)
    assert report.faults == []
    assert (report.sealed, report.confirmed, report.anchored) == (660, 620, 660)


@pytest.mark.parametrize("begin", [0, 1, 255, 256, 257, 400, 619, 620])
def test_from_a_position_on(office: Office, begin: int) -> None:
    report = verify(office.kept, begin=begin)
    assert (report.faults, report.checked) == ([], 620 - begin)
    with pytest.raises(BeyondTheEndError, match="620"):
        verify(begin=621)


# -- what somebody did who did not make it fit: found without anything from outside -----------------


ALTERED = {
    "actor": "somebody",
    "on_behalf": "somebody",
    "action": "warning.cleared",
    "subject": "warning:9",
    "reason": "无",
    "detail": '{"from": "raised"}',
    "at": "2026-03-19 02:00:00+00:00",
}


@pytest.mark.parametrize("column", ALTERED)
def test_content_that_was_altered(owner: Owner, numbers: Numbers, column: str) -> None:
    owner.drop_the_guards()
    owner.do(f"UPDATE trail_entry SET {column} = %s WHERE id = %s", ALTERED[column], numbers(300))
    report = verify()
    assert rows(report, Kind.ALTERED) == [(numbers(300), 300)]
    assert kinds(report) == {Kind.ALTERED}
    [fault] = report.faults
    assert fault.subject == ("warning:9" if column == "subject" else "warning:300")
    assert fault.action == ("warning.cleared" if column == "action" else "warning.signed_for")


UNREADABLE = {
    "detail that is no JSON": "detail = '{'",
    "detail that is empty": "detail = ''",
    "detail that is a number": "detail = '1'",
    "a time that is none": "at = 'never'",
    "a time of another form": "at = '2026-03-18T02:05:00'",
    "a digest that is text": "digest = 'text'",
    "bytes for a name": "actor = x'ff'",
    "text that is no text": "actor = CAST(x'ff' AS TEXT)",
    "a number for a name": "actor = 1.5",
}


@pytest.mark.parametrize("change", UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_even_be_read(
    office: Office, owner: Owner, numbers: Numbers, change: str
) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL refuses such values")
    owner.drop_the_guards()
    owner.do("PRAGMA ignore_check_constraints = ON")
    owner.do(f"UPDATE trail_entry SET {change} WHERE id = {numbers(300)}")
    owner.do("PRAGMA ignore_check_constraints = OFF")
    assert rows(verify(office.kept), Kind.ALTERED) == [(numbers(300), 300)]


def test_a_time_that_python_does_not_know(office: Office, owner: Owner, numbers: Numbers) -> None:
    if connection.vendor != "postgresql":
        pytest.skip("SQLite has no such times")
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET at = 'infinity' WHERE id = %s", numbers(300))
    assert rows(verify(office.kept), Kind.ALTERED) == [(numbers(300), 300)]


def test_heads_that_cannot_be_read(owner: Owner) -> None:
    if connection.vendor != "sqlite":
        pytest.skip("PostgreSQL refuses such values")
    owner.drop_the_guards()
    owner.do("UPDATE trail_treehead SET at = 'never', root = 'x', algorithm = 7 WHERE size = 400")
    assert kinds(verify()) == {Kind.FORGED, Kind.SIGNATURE}


def test_content_and_its_digest(owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    leaf = Leaf.objects.get(position=300)
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE id = %s", numbers(300))
    owner.renew_digest(numbers(300))
    owner.do("UPDATE trail_leaf SET digest = %s WHERE position = 300", leaf.digest)
    assert rows(verify(), Kind.ALTERED) == [(numbers(300), 300)]


def test_content_digest_and_leaf(office: Office, owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE id = %s", numbers(300))
    owner.renew_digest(numbers(300))
    assert kinds(verify()) == {Kind.ALTERED, Kind.FORGED}  # a stretch of 256 rows, and heads
    assert rows(verify(office.kept), Kind.ALTERED) == [(numbers(300), 300)]


def test_an_entry_that_was_deleted(owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_entry WHERE id = %s", numbers(300))
    report = verify()
    assert rows(report, Kind.DELETED) == [(numbers(300), 300)]
    assert kinds(report) == {Kind.DELETED}


def test_an_entry_and_its_leaf_that_were_deleted(
    office: Office, owner: Owner, numbers: Numbers
) -> None:
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_leaf WHERE position = 300")
    owner.do("DELETE FROM trail_entry WHERE id = %s", numbers(300))
    [fault] = verify().faults
    assert (fault.kind, fault.position) == (Kind.DELETED, 300)
    assert rows(verify(office.kept), Kind.DELETED) == [(numbers(300), 300)]


def test_a_subtree_or_a_leaf_too_many(owner: Owner) -> None:
    owner.drop_the_guards()
    append(1, 620)
    extra = Entry.objects.latest("pk").pk
    Leaf.objects.create(position=620, entry_id=extra, digest=bytes(32))
    Node.objects.create(height=3, index=0, digest=bytes(32))
    report = verify()
    assert rows(report, Kind.INSERTED) == [(extra, 620)]
    assert kinds(report) == {Kind.INSERTED, Kind.FORGED}


def test_a_stored_subtree_that_was_altered(owner: Owner) -> None:
    owner.drop_the_guards()
    owner.do('UPDATE trail_node SET digest = %s WHERE "index" = 1', bytes(32))
    [fault] = verify().faults
    assert (fault.kind, fault.position) == (Kind.ALTERED, 256)


# -- heads ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("column", "value", "expected"),
    [
        ("root", bytes(32), {Kind.FORGED, Kind.SIGNATURE}),
        ("signature", bytes(64), {Kind.SIGNATURE}),
        ("key", bytes(32), {Kind.FORGED, Kind.SIGNATURE}),
        ("previous", b"\1" * 32, {Kind.FORGED, Kind.SIGNATURE}),
        ("at", "2026-03-19 02:00:00+00:00", {Kind.FORGED, Kind.SIGNATURE}),
        ("algorithm", "md5", {Kind.FORGED}),
        ("algorithm", "sm3", {Kind.FORGED}),
    ],
)
def test_a_head_that_was_altered(
    owner: Owner, column: str, value: object, expected: set[Kind]
) -> None:
    owner.drop_the_guards()
    owner.do(f"UPDATE trail_treehead SET {column} = %s WHERE size = 400", value)
    report = verify()
    assert kinds(report) == expected
    assert {fault.position for fault in report.faults} <= {400, 401}


def test_a_head_that_was_deleted(office: Office, owner: Owner) -> None:
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_treehead WHERE size = 400")
    assert kinds(verify()) == {Kind.FORGED}
    assert (Kind.FORGED, 400) in {(f.kind, f.position) for f in verify(office.kept).faults}


def test_heads_signed_by_another_key(office: Office, owner: Owner) -> None:
    owner.drop_the_guards()
    (office.folder / "private" / "trail.key").unlink()
    (office.folder / "private" / "trail.pub").unlink()
    keys.signing_key(first=True)  # the thief's own
    owner.make_it_fit()
    assert verify().faults == []  # nothing here can tell
    found = kinds(verify(office.kept))
    assert found == {Kind.SIGNATURE, Kind.FORGED}


def test_heads_without_a_signature(owner: Owner) -> None:
    owner.drop_the_guards()
    owner.make_it_fit(signed=False)
    assert kinds(verify()) == {Kind.SIGNATURE}


# -- what was made to fit, with the key: only what is outside can tell -------------------------------


def found(office: Office) -> Report:
    """The database alone shows nothing; the copy shows it."""
    assert verify().faults == []
    report = verify(office.kept)
    assert Kind.FORK in kinds(report) or Kind.DELETED in kinds(report)
    return report


def test_altered_and_made_to_fit(office: Office, owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE id = %s", numbers(300))
    owner.renew_digest(numbers(300))
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.ALTERED) == [(numbers(300), 300)]
    [fault] = [f for f in report.faults if f.kind is Kind.ALTERED]
    assert (fault.action, fault.subject) == ("warning.signed_for", "warning:300")
    assert fault.at == "2026-03-18T02:05:00.000000+00:00"
    assert report.confirmed == 100
    assert (Kind.FORK, 400) in {(f.kind, f.position) for f in report.faults}


def test_deleted_and_made_to_fit(office: Office, owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_entry WHERE id = %s", numbers(300))
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.DELETED) == [(numbers(300), 300)]
    assert rows(report, Kind.ALTERED) == rows(report, Kind.REORDERED) == []


def test_deleted_renumbered_and_made_to_fit(office: Office, owner: Owner, numbers: Numbers) -> None:
    """Every entry behind it takes the number of the one before."""
    owner.drop_the_guards()
    gone, last = numbers(300), numbers(619)
    owner.do("DELETE FROM trail_entry WHERE id = %s", gone)
    owner.do("DELETE FROM trail_leaf WHERE entry_id = %s", last)
    for number in range(gone + 1, last + 1):
        owner.do("UPDATE trail_entry SET id = id - 1 WHERE id = %s", number)
        owner.renew_digest(number - 1)
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.ALTERED)[0] == (gone, 300)
    assert rows(report, Kind.DELETED) == [(last, 619)]


def test_cut_from_the_end_and_made_to_fit(office: Office, owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_entry WHERE id >= %s", numbers(610))
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.DELETED) == [(numbers(at), at) for at in range(610, 620)]


def test_cut_from_the_end_and_grown_again(office: Office, owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_entry WHERE id >= %s", numbers(610))
    append(40, 700)
    for entry in Entry.objects.filter(pk__gt=numbers(619)):
        Leaf.objects.create(position=10_000 + entry.pk, entry_id=entry.pk, digest=entry.digest)
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.DELETED) == [(numbers(at), at) for at in range(610, 620)]
    assert Kind.FORK in kinds(report)


def test_all_of_it_gone(office: Office, owner: Owner) -> None:
    owner.drop_the_guards()
    for table in ("leaf", "node", "treehead", "unsealed", "entry"):
        owner.do(f"DELETE FROM trail_{table}")
    assert kinds(verify(office.kept)) == {Kind.DELETED}


def test_inserted_and_made_to_fit(office: Office, owner: Owner) -> None:
    owner.drop_the_guards()
    append(1, 900)
    new = Entry.objects.latest("pk")
    owner.do("UPDATE trail_leaf SET position = -position - 1 WHERE position >= 300")
    owner.do("UPDATE trail_leaf SET position = -position WHERE position < 0")
    Leaf.objects.create(position=300, entry_id=new.pk, digest=new.digest)
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.INSERTED) == [(new.pk, 300)]
    assert kinds(report) == {Kind.INSERTED, Kind.FORK}


def test_swapped_and_made_to_fit(office: Office, owner: Owner, numbers: Numbers) -> None:
    owner.drop_the_guards()
    for new, old in ((-1, 300), (300, 450), (450, -1)):
        owner.do("UPDATE trail_leaf SET position = %s WHERE position = %s", new, old)
    owner.make_it_fit()
    report = found(office)
    assert rows(report, Kind.REORDERED) == [(numbers(300), 300), (numbers(450), 450)]


def test_numbers_swapped_and_made_to_fit(owner: Owner, numbers: Numbers) -> None:
    """The number of an entry is part of what is sealed, so that the order people see is, too."""
    owner.drop_the_guards()
    one, other = numbers(300), numbers(450)
    for new, old in ((-1, one), (one, other), (other, -1)):
        owner.do("UPDATE trail_entry SET id = %s WHERE id = %s", new, old)
    assert rows(verify(), Kind.ALTERED) == [(one, 300), (other, 450)]


def test_only_a_head_on_paper(office: Office, owner: Owner, numbers: Numbers) -> None:
    sheet = office.folder / "paper.txt"
    head = TreeHead.objects.get(size=400)
    groups = bytes(head.root).hex(" ", 4).upper()
    sheet.write_text(f"400 {groups}\n")
    assert verify([outside(sheet)]).confirmed == 400
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x' WHERE id = %s", numbers(300))
    owner.renew_digest(numbers(300))
    owner.make_it_fit()
    report = verify([outside(sheet)])
    assert [(f.kind, f.position) for f in report.faults] == [(Kind.FORK, 400)]
    sheet.write_text(f"{700} {groups}\n")
    [fault] = verify([outside(sheet)]).faults
    assert (fault.kind, fault.position) == (Kind.DELETED, 620)


# -- the rest ---------------------------------------------------------------------------------------


def test_an_entry_that_was_taken_from_the_queue(owner: Owner) -> None:
    append(3, 620)
    owner.drop_the_guards()
    Unsealed.objects.filter(entry=Entry.objects.latest("pk")).delete()
    report = verify()
    assert (report.unsealed, report.lost) == (3, 1)
    assert kinds(report) == {Kind.DELETED}


def test_an_entry_deleted_before_it_was_sealed(owner: Owner) -> None:
    append(1, 620)
    owner.drop_the_guards()
    owner.do("DELETE FROM trail_entry WHERE subject = 'warning:620'")
    assert kinds(verify()) == {Kind.DELETED}  # its place in the queue is still there


def test_guards_that_were_dropped_are_told(owner: Owner) -> None:
    owner.drop_the_guards()
    notes = [note.en for note in verify().notes]
    assert "the database's guard trail_entry_no_update is missing" in notes


def test_a_file_outside_that_was_altered(office: Office) -> None:
    path = office.folder / "copy.jsonl"
    lines = path.read_text().splitlines()
    lines[1] = lines[1].replace('"leaves":"', '"leaves":"AAAA', 1).replace("AAAA", "", 1)
    swapped = lines[1].replace('"size":400', '"size":401')
    path.write_text("\n".join([lines[0], swapped, *lines[2:]]) + "\n{torn")
    report = verify(office.kept)
    assert Kind.FORGED in kinds(report)
    assert any("line 5 cannot be read" in note.en for note in report.notes)


def test_faults_are_told_up_to_a_number(owner: Owner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("plumbline.trail.verifying.MOST", 5)
    owner.drop_the_guards()
    owner.do("UPDATE trail_entry SET actor = 'x'")
    report = verify()
    assert (len(report.faults), report.more) == (5, 615)
