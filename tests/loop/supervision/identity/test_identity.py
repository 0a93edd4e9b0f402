"""Who is who on pages: side by side, judged with a reason, entered into the store, and taken back."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
from django.db import connection
from django.test import Client

from plumbline.engine import Workspace
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.supervision.identity import actions, intake
from plumbline.loop.supervision.identity.actions import Judged, JudgementError, judge, withdraw
from plumbline.loop.supervision.identity.intake import enter_waiting, pair, pairs
from plumbline.loop.supervision.identity.models import IdentityJudgement, State, Verdict
from plumbline.loop.supervision.identity.queries import judgements_visible_to
from plumbline.org.models import Kin
from plumbline.org.policy import NotYoursError, person_digest
from plumbline.trail.models import Entry
from tests import people
from tests.engine.linkage.office import AT, Office, honour, number, offence
from tests.people import NOW, TODAY, sign_in

PLACE = "/identity/"
WANG, LI = number(13), number(15)
ZH = {"Accept-Language": "zh-hans"}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An office in which 王伟 was fined without a number, and two rows have no number at all."""
    office = Office(tmp_path_factory.mktemp("built") / "office")
    office.deliver("honours", [honour(WANG, "王伟"), honour(LI, "李秀兰"), honour(None, "吴不凡")])
    office.deliver("offences", [offence("E", None, "王伟"), offence("S", None, "吴一凡")])
    office.now.collide(at=AT, accept={"honour-despite-offence": "a small office"})
    return office.folder


@pytest.fixture
def office(built: Path, tmp_path: Path, private: Path, settings: Any) -> Office:
    assert private.is_dir()
    shutil.copytree(built, tmp_path / "office")
    settings.WORKSPACE = tmp_path / "office"
    return Office(tmp_path / "office")


@pytest.fixture
def cast(db: None) -> Any:  # noqa: ARG001 -- pytest-django's, for its effect
    return people.cast()


def first(office: Office) -> intake.PairTold:
    return pairs(office.now, "zh", most=5)[0]


def of(told: intake.PairTold) -> Judged:
    return Judged(told.row, told.other, told.about, told.people)


def address(row: str, other: str) -> str:
    return f"{PLACE}pair/?{urlencode({'row': row, 'with': other})}"


def test_pairs_are_listed_masked_with_what_rests_on_them(
    office: Office, cast: Any, client: Client
) -> None:
    told = first(office)
    assert told.rests == 1
    assert person_digest(WANG) in told.people
    sign_in(client, cast.data)
    page = client.get(PLACE, headers=ZH).content.decode()
    assert urlencode({"row": told.row, "with": told.other}) in page.replace("&amp;", "&")
    assert WANG not in page
    assert "王伟" not in page
    for who in (cast.li, cast.head, cast.author, cast.provider, cast.stranger, cast.sysadmin):
        sign_in(client, who)
        assert client.get(PLACE).status_code == 404
        assert client.get(address(told.row, told.other)).status_code == 404


def test_two_sides_say_what_agrees_and_what_differs(
    office: Office, cast: Any, client: Client
) -> None:
    told = first(office)
    sign_in(client, cast.data)
    page = client.get(address(told.row, told.other), headers=ZH).content.decode()
    assert "相同" in page
    assert 'data-key="1"' in page
    assert WANG not in page
    things = {
        each.title: each.agreement for each in pair(office.now, told.row, told.other, "zh").things
    }
    assert things["姓名"] == "same"
    other = pair(office.now, told.row, office.row("honours", f"person = '{LI}'"), "zh")
    assert {each.title: each.agreement for each in other.things}["姓名"] == "differs"
    missing = client.get(address("offences:9-9", told.other), headers={"Accept-Language": "en"})
    assert missing.status_code == 404
    assert "there is no row" in missing.content.decode()


def test_one_that_is_passed_over_leads_to_the_next(
    office: Office, cast: Any, client: Client
) -> None:
    found = [(each.row, each.other) for each in pairs(office.now, "zh", most=5)]
    sign_in(client, cast.data)
    start = client.get(f"{PLACE}next/")
    assert start["Location"] == address(*found[0])
    after = client.get(f"{PLACE}next/?{urlencode({'row': found[0][0], 'with': found[0][1]})}")
    assert after["Location"] == address(*found[1 % len(found)])
    sign_in(client, cast.li)
    assert client.get(f"{PLACE}next/").status_code == 404


def test_nobody_judges_a_pair_about_themself_or_their_kin(
    office: Office, cast: Any, client: Client
) -> None:
    told = first(office)
    cast.data.person = "0" * 64
    cast.data.save()
    Kin.objects.create(user=cast.data, person=person_digest(WANG), relation="spouse")
    sign_in(client, cast.data)
    page = client.get(PLACE).content.decode()
    assert urlencode({"row": told.row, "with": told.other}) not in page.replace("&amp;", "&")
    assert client.get(address(told.row, told.other)).status_code == 404
    with pytest.raises(NotYoursError):
        judge(of(told), Verdict.SAME, by=cast.data, at=NOW, reason="查过")


def test_a_judgement_takes_effect_and_says_what_came_of_it(
    office: Office, cast: Any, client: Client
) -> None:
    told = first(office)
    sign_in(client, cast.data)
    sent = {"verdict": "same", "reason": ""}
    assert client.post(address(told.row, told.other), sent).status_code == 200
    sent["reason"] = f"户籍档案载明，号码 {WANG}"
    assert client.post(address(told.row, told.other), sent).status_code == 302
    made = IdentityJudgement.objects.get()
    assert (made.state, made.by) == (State.JUDGED, cast.data)
    assert WANG not in made.reason
    entry = Entry.objects.get(action="judgement.made")
    assert entry.reason == made.reason
    with pytest.raises(JudgementError):  # it waits already
        judge(of(told), Verdict.DIFFERENT, by=cast.data, at=NOW, reason="另一人")
    assert told.row not in {each.row for each in pairs(office.now, "zh", most=5)}
    assert enter_waiting(office.now, AT) == 1
    assert enter_waiting(office.now, AT) == 0
    made.refresh_from_db()
    assert (made.state, made.number) == (State.ENTERED, 1)
    assert (made.ripples["raised"], made.ripples["tied"]) == (1, 1)
    [entered] = office.now.judgements()
    assert (entered.by, entered.verdict) == ("data", "same")
    page = client.get(f"{PLACE}judgements/{made.pk}/", headers=ZH).content.decode()
    assert made.ripples["rows"][0][0].split("：")[0] in page
    assert WANG not in page

    assert client.post(f"{PLACE}judgements/{made.pk}/withdraw/", {"reason": ""}).status_code == 302
    made.refresh_from_db()
    assert made.state == State.ENTERED
    client.post(f"{PLACE}judgements/{made.pk}/withdraw/", {"reason": "看错了卷宗"})
    assert enter_waiting(office.now, AT) == 1
    made.refresh_from_db()
    assert (made.state, made.ripples["withdrawn"]) == (State.WITHDRAWN, 1)
    [entered] = office.now.judgements()
    assert entered.withdrawn is not None
    assert entered.withdrawn[1:] == ("data", "看错了卷宗")
    with pytest.raises(OutOfStepError):
        withdraw(made, by=cast.data, at=NOW, reason="再撤一次")
    acts = [e.action for e in Entry.objects.filter(subject=f"judgement:{made.pk}").order_by("pk")]
    assert acts == [
        "judgement.made", "judgement.entered", "judgement.withdrawal_asked", "judgement.withdrawn"
    ]  # fmt: skip
    assert client.get(f"{PLACE}judgements/").status_code == 200


def test_two_rows_without_numbers_are_judged_on_the_same_page(
    office: Office, cast: Any, client: Client
) -> None:
    row = office.row("offences", "document_no = 'S'")
    other = office.row("honours", "person__key IS NULL")
    sign_in(client, cast.data)
    assert client.get(address(row, other)).status_code == 200
    client.post(address(row, other), {"verdict": "same", "reason": "同一卷宗"})
    assert enter_waiting(office.now, AT) == 1
    [entered] = office.now.judgements()
    assert entered.beside


def test_what_cannot_take_effect_says_why(office: Office, cast: Any) -> None:
    told = first(office)
    made = judge(
        Judged(told.row, "honours:9-9:person", "王", frozenset()), Verdict.SAME,
        by=cast.data, at=NOW, reason="查过",
    )  # fmt: skip
    assert enter_waiting(office.now, AT) == 0
    made.refresh_from_db()
    assert made.state == State.REFUSED
    assert "honours:9-9" in made.problem[1]
    dropped = judge(of(told), Verdict.SAME, by=cast.data, at=NOW, reason="查过")
    withdraw(dropped, by=cast.data, at=NOW, reason="手误")
    assert dropped.state == State.WITHDRAWN
    assert enter_waiting(office.now, AT) == 0
    assert office.now.judgements() == []


def test_a_worker_that_died_after_the_store_was_written_finds_the_judgement_there(
    office: Office, cast: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = judge(of(first(office)), Verdict.SAME, by=cast.data, at=NOW, reason="查过")

    def dies(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(Workspace, "revisit", dies)
        with pytest.raises(KeyboardInterrupt):
            enter_waiting(office.now, AT)
    made.refresh_from_db()
    assert made.state == State.JUDGED
    assert enter_waiting(office.now, AT) == 1
    made.refresh_from_db()
    assert (made.state, made.number, len(office.now.judgements())) == (State.ENTERED, 1, 1)
    assert made.ripples["raised"] == 1


def test_judgements_about_kin_are_not_seen(office: Office, cast: Any) -> None:
    made = judge(of(first(office)), Verdict.UNSURE, by=cast.data, at=NOW, reason="查不到")
    assert made in judgements_visible_to(cast.data, TODAY)
    assert not judgements_visible_to(cast.li, TODAY)
    cast.data.person = person_digest(WANG)
    cast.data.save()
    assert not judgements_visible_to(cast.data, TODAY)


@pytest.mark.parametrize(
    ("text", "hidden"),
    [
        (f"号码 {WANG}。", f"号码 {WANG[:4]}**********{WANG[-4:]}。"),
        ("2015 年第 123 号", "2015 年第 123 号"),
    ],
    ids=["number", "none"],
)
def test_numbers_in_reasons_are_hidden(text: str, hidden: str) -> None:
    assert actions.masked(text) == hidden


def test_the_database_holds_what_must_hold(office: Office, cast: Any) -> None:
    made = judge(of(first(office)), Verdict.SAME, by=cast.data, at=NOW, reason="查过")
    with (
        pytest.raises(Exception, match=r"judgement_in_force_has_a_number|CHECK"),
        connection.cursor(),
    ):
        IdentityJudgement.objects.filter(pk=made.pk).update(state=State.ENTERED)
