"""The pages: who gets them, what they offer, and what happens when a form is sent."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from plumbline.loop.closure.actions.mechanism import keep_measurement
from plumbline.loop.closure.actions.recommendation import approve_recommendation
from plumbline.loop.closure.models import (
    Campaign,
    GovernanceProblem,
    Mechanism,
    Recommendation,
    Rectification,
)
from plumbline.org.models import Grant
from plumbline.trail.models import Entry
from tests.loop.closure import after
from tests.loop.closure.test_mechanism import MODEL, Count, mechanism, version
from tests.people import NOW, TODAY

SOON = timezone.localdate() + timedelta(days=20)  # pages take the day from the clock
OFFICER_LEDGERS = ("problems", "mechanisms")
UNIT_LEDGERS = ("campaigns", "recommendations", "rectifications")


def at(user: Any, language: str = "zh-hans") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def page(user: Any, name: str, *args: Any, language: str = "zh-hans") -> str:
    answer = at(user, language).get(reverse(f"closure:{name}", args=args))
    assert answer.status_code == 200, (name, answer.status_code)
    return answer.content.decode()


def send(user: Any, thing: Any, action: str, **said: Any) -> Any:
    noun = {
        GovernanceProblem: "problem", Campaign: "campaign", Recommendation: "recommendation",
        Rectification: "rectification", Mechanism: "mechanism",
    }[type(thing)]  # fmt: skip
    return at(user).post(reverse("closure:act", args=[noun, thing.pk, action]), said)


def offered(text: str) -> set[str]:
    return set(re.findall(r'action="/closure/\w+/\d+/(\w+)/"', text))


@pytest.fixture
def world(cast: Any) -> Any:
    """One of each kind of thing."""
    problem = after.accepted(cast)
    cast.problem, cast.campaign = problem, after.campaign(cast, problem)
    cast.letter = after.sent(after.letter(cast, problem), cast)
    cast.duty = after.asked(cast, cast.letter)
    cast.mechanism = mechanism(cast, problem)
    return cast


THINGS = ("problem", "campaign", "letter", "duty", "mechanism")
NOUNS = {"letter": "recommendation", "duty": "rectification"}


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_officers_see_everything_in_either_language(world: Any, language: str) -> None:
    for ledger in (*OFFICER_LEDGERS, *UNIT_LEDGERS):
        text = page(world.head, ledger, language=language)
        assert "table" in text
    for thing in THINGS:
        text = page(
            world.head, NOUNS.get(thing, thing), getattr(world, thing).pk, language=language
        )
        assert " style=" not in text
        chinese = re.search(r"[\u4e00-\u9fff]", re.sub(r"(?s)<dd.*?</dd>|<td.*?</td>", "", text))
        assert chinese or language == "en"


@pytest.mark.parametrize("who", ["stranger", "sysadmin", "auditor", "provider", "qin"])
def test_a_stranger_finds_no_page(world: Any, who: str) -> None:
    user = getattr(world, who)
    for thing in THINGS:
        one = getattr(world, thing)
        noun = NOUNS.get(thing, thing)
        assert at(user).get(reverse(f"closure:{noun}", args=[one.pk])).status_code == 404, thing
        assert send(user, one, "accept", reason="好").status_code == 404
    for each in world.letter.attachments.all():
        assert at(user).get(reverse("closure:file", args=[each.pk])).status_code == 404
    case = world.problem.disposals.first()
    assert at(user).get(reverse("closure:disposal", args=[case.pk])).status_code == 404


@pytest.mark.parametrize("who", ["stranger", "sysadmin", "provider"])
def test_a_stranger_has_no_ledger(cast: Any, who: str) -> None:
    for ledger in (*OFFICER_LEDGERS, *UNIT_LEDGERS):
        answer = at(getattr(cast, who)).get(reverse(f"closure:{ledger}"))
        assert answer.status_code == 404, ledger


def test_nobody_unknown_comes_in(world: Any) -> None:
    answer = Client().get(reverse("closure:problem", args=[world.problem.pk]))
    assert answer.status_code == 302


def test_a_contact_sees_what_was_sent_to_the_unit_and_no_more(world: Any) -> None:
    unsent = after.letter(world, world.problem)
    contact = world.contact
    for ledger in OFFICER_LEDGERS:
        assert at(contact).get(reverse(f"closure:{ledger}")).status_code == 404
    assert world.letter.number in page(contact, "recommendations")
    letter = page(contact, "recommendation", world.letter.pk)
    assert world.letter.text.splitlines()[0] in letter
    for hidden in (world.li.name, f"/closure/problems/{world.problem.pk}/", "跟踪记录"):
        assert hidden not in letter, hidden
    assert "/closure/problems/" not in page(contact, "campaign", world.campaign.pk)
    assert offered(page(contact, "campaign", world.campaign.pk)) == {"settle_item"}
    assert offered(page(contact, "rectification", world.duty.pk)) == {"report"}
    for name, thing in (
        ("problem", world.problem),
        ("mechanism", world.mechanism),
        ("recommendation", unsent),
    ):
        assert at(contact).get(reverse(f"closure:{name}", args=[thing.pk])).status_code == 404
    (pdf, _) = world.letter.attachments.order_by("pk")
    answer = at(contact).get(reverse("closure:file", args=[pdf.pk]))
    assert b"".join(answer.streaming_content).startswith(b"%PDF-")
    assert answer["Content-Disposition"].startswith("attachment")
    taken = Entry.objects.get(action="attachment.taken")
    assert (taken.actor, taken.subject) == (contact.username, f"recommendation:{world.letter.pk}")
    answer.close()


@pytest.mark.parametrize(
    ("who", "thing", "acts"),
    [
        (
            "head",
            "problem",
            {"start_campaign", "propose_recommendation", "record_mechanism", "solve"},
        ),
        ("li", "problem", {"propose_recommendation"}),
        ("jurist", "problem", {"record_mechanism"}),
        ("figures", "problem", set()),
        ("head", "campaign", {"add_items", "ask_rectification", "accept"}),
        ("li", "letter", {"follow_up", "ask_rectification", "conclude"}),
        ("zhou", "letter", {"ask_rectification"}),
        ("li", "duty", set()),
        ("author", "mechanism", {"name_model", "measure"}),
        ("figures", "mechanism", {"measure"}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_only_what_somebody_may_do_is_offered(
    world: Any, who: str, thing: str, acts: set[str]
) -> None:
    text = page(getattr(world, who), NOUNS.get(thing, thing), getattr(world, thing).pk)
    assert offered(text) == acts


def test_a_problem_is_accepted_and_a_campaign_started_with_its_findings(cast: Any) -> None:
    problem = after.problem(cast)
    answer = send(cast.head, problem, "accept", title="评审不查记录", reason="普遍")
    assert answer.status_code == 302
    answer = send(
        cast.head, problem, "start_campaign", title="专项治理", scope="全市", owner=cast.industry.pk,
        body=cast.office.pk, ends_on=f"{SOON}", lines="2015年名单\n\n2018年名单", findings="on",
    )  # fmt: skip
    assert answer.status_code == 302
    campaign = Campaign.objects.get()
    assert [each.disposal_id is not None for each in campaign.items.order_by("number")] == [
        False, False, True, True, True,
    ]  # fmt: skip


def test_what_the_rules_refuse_is_said_beside_its_form(world: Any) -> None:
    answer = send(world.head, world.campaign, "accept", reason="完成")
    assert answer.status_code == 422
    assert "清单上还有 2 项没有办结" in answer.content.decode()
    answer = send(world.head, world.problem, "solve", reason="")
    assert answer.status_code == 422
    world.problem.refresh_from_db()
    assert world.problem.state == "accepted"
    reloaded = at(world.head).get(
        reverse("closure:act", args=["problem", world.problem.pk, "solve"])
    )
    assert reloaded.status_code == 302


def test_the_unit_settles_reports_and_the_body_accepts(world: Any) -> None:
    proof = SimpleUploadedFile("复核表.pdf", b"%PDF-1.7")
    answer = send(
        world.contact, world.campaign, "settle_item", item=1, result="put_right", note="已复核", file=proof
    )  # fmt: skip
    assert answer.status_code == 302
    assert world.campaign.items.get(number=1).attachments.count() == 1
    answer = send(world.contact, world.duty, "report", text="已建立联审")
    assert answer.status_code == 302
    answer = send(world.li, world.duty, "accept", look_back_on=f"{SOON}", reason="属实")
    assert answer.status_code == 302
    world.duty.refresh_from_db()
    assert world.duty.state == "accepted"
    assert "报告整改情况" not in page(world.contact, "rectification", world.duty.pk)


def test_what_a_browser_would_run_is_refused(world: Any) -> None:
    evil = SimpleUploadedFile("证明.pdf", b"<script>alert(1)</script>")
    answer = send(world.contact, world.duty, "report", text="已整改", file=evil)
    assert answer.status_code == 422
    world.duty.refresh_from_db()
    assert (world.duty.state, world.duty.attachments.count()) == ("asked", 0)


def test_a_letter_goes_through_its_hands(cast: Any) -> None:
    problem = after.accepted(cast)
    answer = send(
        cast.li, problem, "propose_recommendation", kind="reminder", unit=cast.industry.pk,
        body=cast.office.pk, title="联审", situation="未联审", basis="办法第三条", text="请联审",
        reply_by=f"{SOON}",
    )  # fmt: skip
    assert answer.status_code == 302
    letter = Recommendation.objects.get()
    assert offered(page(cast.li, "recommendation", letter.pk)) == set()  # another approves it
    assert send(cast.li, letter, "approve").status_code == 404
    assert send(cast.head, letter, "approve").status_code == 302
    assert send(cast.fen, letter, "send").status_code == 302
    letter.refresh_from_db()
    assert (letter.state, letter.serial) == ("sent", 1)
    assert send(cast.li, letter, "follow_up", text="已电话了解").status_code == 302
    assert "已电话了解" in page(cast.head, "recommendation", letter.pk)


def test_from_a_closed_disposal_things_follow(cast: Any) -> None:
    case = after.finding(cast)
    text = page(cast.head, "disposal", case.pk)
    assert offered(text) == {"propose_recommendation", "ask_rectification", "record_mechanism"}
    said = {
        "unit": cast.industry.pk,
        "body": cast.office.pk,
        "what": "建立联审",
        "ends_on": f"{SOON}",
    }
    answer = at(cast.head).post(
        reverse("closure:act", args=["disposal", case.pk, "ask_rectification"]), said
    )
    assert answer.status_code == 302
    assert Rectification.objects.get().disposal == case


def test_the_effect_is_told_in_a_table_and_a_picture(cast: Any) -> None:
    version()
    made = mechanism(cast, model=MODEL)
    assert "还没有衡量过" in page(cast.head, "mechanism", made.pk)
    counted = [
        Count(unit.name, date(year, month, 1), 100, flagged)
        for year, month, hit in ((2024, 10, 20), (2024, 12, 20), (2025, 2, 2), (2025, 4, 2))
        for unit, flagged in ((cast.industry, hit), (cast.civil, 20))
    ]
    keep_measurement(made, counted, as_of=TODAY, version=1, by=None, at=NOW)
    text = page(cast.head, "mechanism", made.pk)
    for said in (
        "20.0% (40/200)",
        "2.0% (4/200)",
        "-18.0",
        "下降得更多",
        "这是比较，不是证明",
        'class="turn"',
    ):
        assert said in text, said
    assert len(re.findall("<polyline", text)) == 2
    assert "no proof" in page(cast.head, "mechanism", made.pk, language="en")


def test_too_few_are_said_to_be_too_few(cast: Any) -> None:
    version()
    made = mechanism(cast, model=MODEL)
    keep_measurement(
        made, [Count(cast.industry.name, date(2025, 2, 1), 5, 1)], as_of=TODAY, version=1, by=None, at=NOW
    )  # fmt: skip
    text = page(cast.head, "mechanism", made.pk)
    assert "数量太少，看不出成效" in text
    assert "两者之差" not in text


@pytest.mark.parametrize("rows", [1, 3])
def test_a_ledger_asks_as_often_for_many_rows_as_for_one(
    cast: Any, rows: int, django_assert_max_num_queries: Any
) -> None:
    problem = after.accepted(cast)
    for _ in range(rows):
        letter = after.letter(cast, problem)
        approve_recommendation(letter, by=cast.head, at=NOW)
    client = at(cast.head)
    with django_assert_max_num_queries(20):
        assert client.get(reverse("closure:recommendations")).status_code == 200


def test_a_role_that_has_ended_opens_nothing(world: Any) -> None:
    Grant.objects.filter(user=world.head).update(ends_on=TODAY - timedelta(days=1))
    assert at(world.head).get(reverse("closure:problems")).status_code == 404
