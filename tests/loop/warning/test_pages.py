"""Who sees which warnings, and what the pages say; a stranger is told that there is nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
import time_machine
from django.test import Client
from django.urls import reverse

from plumbline.loop.supervision.models import SubjectException
from plumbline.loop.warning.actions import SEEN_FOR, look_up
from plumbline.loop.warning.models import EarlyWarning, NamedParty, Party, Unmasking
from plumbline.loop.warning.policy import digests_of
from plumbline.loop.warning.queries import PAGE, about, inbox, score
from plumbline.loop.warning.views.pages import context
from plumbline.org.models import Grant, Kin, Role
from plumbline.org.policy import WrongNumberError, person_digest
from plumbline.trail.actions import PurposeMissingError
from plumbline.trail.models import Entry, Reading
from tests import people
from tests.engine.collision.town import WANG, Town
from tests.loop.warning.town import go_live, run
from tests.people import NOW, TODAY

pytestmark = pytest.mark.django_db


def warning(key: str, **fields: Any) -> EarlyWarning:
    given: dict[str, Any] = {
        "model": "m", "version": 1, "title": "模型", "level": "yellow", "tier": "A", "about": "某 · 工匠",
        "sentence": "某人", "supervised": "局", "theme": "honours", "raised_at": NOW, "changed_at": NOW,
        "as_of": TODAY, "run": 1, "budgeted_on": TODAY, **fields,
    }  # fmt: skip
    return EarlyWarning.objects.create(key=key, **given)


def client(user: Any) -> Client:
    made = Client()
    made.force_login(user)
    return made


# -- who sees what -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "seen"),
    [
        ("fen", {"city", "industry", "county", "nowhere"}),
        ("head", {"city", "industry", "county", "nowhere"}),
        ("secretary", {"city", "industry", "county", "nowhere"}),
        ("group_head", {"industry"}),
        ("li", set()),  # a verifier sees what is assigned, through its disposal
        ("figures", set()), ("sysadmin", set()), ("secadmin", set()), ("auditor", set()),
        ("contact", set()), ("author", set()), ("keeper", set()), ("stranger", set()),
    ],
)  # fmt: skip
def test_warnings_are_seen_where_their_unit_is_overseen(who: str, seen: set[str]) -> None:
    cast = people.cast()
    warning("city", unit=cast.city)
    warning("industry", unit=cast.industry)
    warning("county", unit=cast.county_civil)
    warning("nowhere")
    found = EarlyWarning.objects.visible_to(getattr(cast, who), TODAY)
    assert set(found.values_list("key", flat=True)) == seen


@pytest.mark.usefixtures("private")
def test_nobody_sees_a_warning_about_themself_or_their_kin() -> None:
    cast = people.cast()
    about = warning("a", unit=cast.industry)
    Party.objects.create(warning=about, person=person_digest(WANG))
    Kin.objects.create(user=cast.head, person=person_digest(WANG), relation="兄")
    assert not EarlyWarning.objects.visible_to(cast.head, TODAY).exists()
    assert EarlyWarning.objects.visible_to(cast.secretary, TODAY).exists()
    assert client(cast.head).get(reverse("warning:page", args=[about.pk])).status_code == 404


@pytest.mark.usefixtures("private")
def test_nobody_sees_a_warning_about_the_head_of_the_unit_they_work_in() -> None:
    cast = people.cast()
    chief = people.user("chief", "局长")
    people.known(chief)
    cast.civil.head = chief
    cast.civil.save()
    cast.head.unit = cast.civil  # whom the commission borrowed from the bureau
    cast.head.save()
    about = warning("a", unit=cast.civil)
    Party.objects.create(warning=about, person=chief.person)
    assert not EarlyWarning.objects.visible_to(cast.head, TODAY).exists()
    assert EarlyWarning.objects.visible_to(cast.secretary, TODAY).exists()
    assert client(cast.head).get(reverse("warning:page", args=[about.pk])).status_code == 404


@pytest.mark.parametrize("name", ["page", "why", "read", "except"])
@pytest.mark.parametrize("who", ["stranger", "figures", "auditor", "group_head"])
def test_to_a_stranger_there_is_no_such_page(name: str, who: str) -> None:
    cast = people.cast()
    pk = warning("a", unit=cast.civil).pk
    browser = client(getattr(cast, who))
    address = reverse(f"warning:{name}", args=[pk])
    answer = browser.get(address) if name in ("page", "why") else browser.post(address)
    assert answer.status_code == 404


def test_the_list_is_nothing_to_a_stranger_and_asks_others_to_sign_in() -> None:
    cast = people.cast()
    assert client(cast.stranger).get(reverse("warning:list")).status_code == 404
    assert Client().get(reverse("warning:list")).status_code == 302


# -- the list ------------------------------------------------------------------------------------


def test_the_list_pages_by_key_without_losing_or_repeating_any() -> None:
    cast = people.cast()
    for i in range(2 * PAGE + 7):  # several of one moment
        warning(f"{i:03}", unit=cast.civil, raised_at=NOW - timedelta(minutes=i // 10))
    seen: list[str] = []
    after = ""
    for _ in range(3):
        page = inbox(cast.head, TODAY, {}, after)
        seen += [each.key for each in page.warnings]
        after = page.after
    assert (len(seen), len(set(seen)), after) == (2 * PAGE + 7, 2 * PAGE + 7, "")
    stamps = [EarlyWarning.objects.get(key=key).raised_at for key in seen]
    assert stamps == sorted(stamps, reverse=True)


@pytest.mark.parametrize("after", ["x", "~", "2026-03-18~1", "2026-13-99T00:00:00+00:00~1", "~5"])
def test_a_mark_that_is_none_begins_anew(after: str) -> None:
    cast = people.cast()
    warning("a", unit=cast.civil)
    assert len(inbox(cast.head, TODAY, {}, after).warnings) == 1


def test_the_list_is_narrowed() -> None:
    cast = people.cast()
    warning("aa", unit=cast.civil, level="red", region="380300", about="王* · 工匠")
    warning("bb", unit=cast.county_civil, region="380381", standing="withdrawn", model="other")
    warning("cc", unit=cast.civil, budgeted_on=None)
    for said, keys in [
        ({}, {"aa", "bb"}), ({"level": "red"}, {"aa"}), ({"model": "other"}, {"bb"}),
        ({"unit": cast.county}, {"bb"}), ({"region": "380381"}, {"bb"}), ({"region": "380000"}, {"aa", "bb"}),
        ({"standing": "withdrawn"}, {"bb"}), ({"waiting": True}, {"cc"}), ({"words": "王"}, {"aa"}),
        ({"words": "BB"}, {"bb"}),
    ]:  # fmt: skip
        assert {w.key for w in inbox(cast.head, TODAY, said).warnings} == keys, said


def test_the_list_asks_the_database_little_however_long_it_is(
    django_assert_max_num_queries: Any,
) -> None:
    cast = people.cast()
    for i in range(PAGE + 5):
        warning(f"{i:03}", unit=cast.civil)
    browser = client(cast.head)
    with django_assert_max_num_queries(25):
        answer = browser.get(reverse("warning:list"))
    assert answer.content.decode().count('class="level yellow"') == PAGE
    rows = browser.get(reverse("warning:list"), {"level": "red"}, headers={"HX-Request": "true"})
    assert "<html" not in rows.content.decode()


def test_both_languages_are_served() -> None:
    cast = people.cast()
    warning("a", unit=cast.civil, title="荣誉", title_en="Honours", sentence_en="Somebody")
    browser = client(cast.head)
    chinese = browser.get(reverse("warning:list"), headers={"Accept-Language": "zh-hans"})
    english = browser.get(reverse("warning:list"), headers={"Accept-Language": "en"})
    assert "荣誉" in chinese.content.decode()
    assert "Honours" in english.content.decode()
    assert "Somebody" in english.content.decode()


# -- one warning ---------------------------------------------------------------------------------


def test_a_warning_shows_its_rows_line_and_that_it_is_no_verdict(town: Town) -> None:
    cast = people.cast()
    cast.industry.former_names = ["经信局"]
    cast.industry.save()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    browser = client(cast.head)
    shown = browser.get(reverse("warning:page", args=[red.pk])).content.decode()
    assert "不是对任何人的结论" in shown
    assert "honours-2025-06-30.csv:2" in shown
    assert '<span class="tag green">一致</span>' in shown
    assert WANG not in shown
    assert "王五" not in shown
    why = browser.get(reverse("warning:why", args=[red.pk])).content.decode()
    assert "before(offence.on, honour.granted_on)" in why
    other = EarlyWarning.objects.get(level="yellow")
    assert browser.get(reverse("warning:page", args=[other.pk])).status_code == 200


def test_evidence_is_read_in_clear_only_for_a_purpose_which_is_on_the_trail(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    browser, address = client(cast.head), reverse("warning:read", args=[red.pk])
    for refused in (
        {"purpose": " ", "case": "1", "columns": ["honour.person"]},
        {"purpose": "核对身份", "case": "1"},
        {"purpose": "核对身份", "case": "1", "columns": ["honour.title"]},  # not masked at all
    ):
        answer = browser.post(address, refused)
        assert answer.status_code == 422
        assert WANG not in answer.content.decode()
    assert not Reading.objects.exists()
    asked = {"purpose": "核对身份", "case": "青纪〔2026〕1号", "columns": ["honour.person"]}
    with time_machine.travel(NOW, tick=False):
        assert browser.post(address, asked).status_code == 302
        shown = browser.get(reverse("warning:page", args=[red.pk]))
        assert WANG in shown.content.decode()
        assert "王五" not in shown.content.decode()  # another column, that was not asked for
        assert "no-store" in shown["Cache-Control"]
        other = client(cast.secretary).get(reverse("warning:page", args=[red.pk]))
        assert WANG not in other.content.decode()
    with time_machine.travel(NOW + SEEN_FOR, tick=False):
        assert WANG not in browser.get(reverse("warning:page", args=[red.pk])).content.decode()
    entry = Entry.objects.get(action="personal_data.read")
    assert (entry.actor, entry.reason, entry.subject) == ("head", "核对身份", f"warning:{red.pk}")
    assert entry.detail["fields"] == ["honour.person"]
    assert Reading.objects.get().whom == person_digest(WANG)
    assert WANG not in repr(list(Unmasking.objects.values()))


def test_what_is_read_in_clear_ends_with_the_role(town: Town) -> None:
    """Who stays a dispatcher still sees the warning, and nothing in clear any more."""
    cast = people.cast()
    Grant.objects.create(
        user=cast.head, role=Role.DISPATCHER, body=cast.office, starts_on=date(2026, 1, 1)
    )
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    browser, page = client(cast.head), reverse("warning:page", args=[red.pk])
    asked = {"purpose": "核对身份", "case": "1", "columns": ["honour.person"]}
    with time_machine.travel(NOW, tick=False):
        browser.post(reverse("warning:read", args=[red.pk]), asked)
        assert WANG in browser.get(page).content.decode()
        Grant.objects.filter(user=cast.head, role=Role.OFFICE_HEAD).update(withdrawn_at=NOW)
        answer = browser.get(page)
    assert answer.status_code == 200
    assert WANG not in answer.content.decode()
    assert Unmasking.objects.get().expires_at > NOW  # it would still run


def test_whoever_only_sends_a_warning_on_sees_nothing_in_clear(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    asked = {"purpose": "核对身份", "case": "1", "columns": ["honour.person"]}
    browser, page = client(cast.fen), reverse("warning:page", args=[red.pk])
    assert reverse("warning:read", args=[red.pk]) not in browser.get(page).content.decode()
    assert browser.post(reverse("warning:read", args=[red.pk]), asked).status_code == 404
    assert not Unmasking.objects.exists()
    assert WANG not in browser.get(page).content.decode()


def test_that_somebody_looks_at_a_warning_is_on_the_trail_once_a_day(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    looked = Entry.objects.filter(action="warning.read", subject=f"warning:{red.pk}")
    client(cast.fen).get(reverse("warning:why", args=[red.pk]))
    assert [entry.actor for entry in looked] == ["fen"]
    for _ in range(2):
        client(cast.fen).get(reverse("warning:page", args=[red.pk]))
    client(cast.head).post(
        reverse("warning:except", args=[red.pk]), {}
    )  # refused, and the page shown
    assert [entry.actor for entry in looked.order_by("pk")] == ["fen", "head"]


def test_evidence_stands_side_by_side_with_what_agrees_and_where_it_was_read(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    told, shown = context(red, cast.head, NOW, may=True)
    assert told is not None
    side = shown["compared"]
    assert [fact.alias for fact in side.facts] == [fact.alias for fact in told.facts]
    agreeing = [line for line in side.lines if line.mark == "agrees"]
    assert {cell.type for line in agreeing for cell in line.cells if cell} == {
        "person.id",
        "person.name",
    }
    assert all(cell.place for line in side.lines for cell in line.cells if cell)
    deciding = {cell.column for line in side.lines if line.decides for cell in line.cells if cell}
    assert {"granted_on", "on"} <= deciding
    assert not any(cell.empty for line in side.rest for cell in line.cells if cell)
    assert (
        all(WANG not in said and "王五" not in said for said in shown["graph"].said)
        if shown["graph"]
        else True
    )


# -- looking somebody up -------------------------------------------------------------------------


def test_a_person_is_found_by_number_and_by_name_and_neither_is_kept(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    seen = EarlyWarning.objects.visible_to(cast.head, TODAY)
    for said in (WANG, WANG.lower(), "王五", " 王 五 "):
        found = look_up(said, purpose="核对", case="1", by=cast.head, at=NOW)
        assert red in about(seen, found.numbers, found.names), said
    assert {len(each.name) for each in NamedParty.objects.all()} == {64}
    kept = repr(list(Entry.objects.values("detail", "reason", "subject")))
    assert (WANG in kept, "王五" in kept) == (False, False)
    assert Entry.objects.filter(action="personal_data.read", subject="search:person").count() == 4
    nobody = look_up("赵不存在", purpose="核对", case="1", by=cast.head, at=NOW)
    assert not about(seen, nobody.numbers, nobody.names).exists()


@pytest.mark.usefixtures("private")
def test_nobody_looks_up_themself_or_their_kin_and_that_they_tried_is_on_the_trail() -> None:
    cast = people.cast()
    Kin.objects.create(user=cast.head, person=person_digest(WANG), relation="兄")
    said = look_up(WANG, purpose="看看", case="1", by=cast.head, at=NOW)
    assert (said.refused, said.numbers) == (True, frozenset())
    entry = Entry.objects.get()
    assert (entry.action, entry.actor) == ("person.look_up_refused", "head")
    assert not Reading.objects.exists()


@pytest.mark.usefixtures("private")
@pytest.mark.parametrize("said", ["王*", "", "  ", "380101199001010016", "12345"])
def test_what_is_neither_a_name_nor_a_number_is_refused(said: str) -> None:
    cast = people.cast()
    with pytest.raises(WrongNumberError):
        look_up(said, purpose="核对", case="1", by=cast.head, at=NOW)
    assert not Entry.objects.exists()


@pytest.mark.usefixtures("private")
def test_a_credit_code_is_no_citizen_number_and_is_found_all_the_same() -> None:
    numbers, names = digests_of("91350100m000100y43")
    assert numbers == {person_digest("91350100M000100Y43")}
    assert not names


@pytest.mark.usefixtures("private")
def test_a_look_up_without_a_purpose_leaves_nothing_behind() -> None:
    cast = people.cast()
    with pytest.raises(PurposeMissingError):
        look_up("王五", purpose=" ", case="1", by=cast.head, at=NOW)
    assert not Entry.objects.exists()


def test_an_exception_is_asked_for_from_a_warning_without_keeping_the_number(town: Town) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    answer = client(cast.head).post(
        reverse("warning:except", args=[red.pk]),
        {"starts_on": "2026-01-01", "ends_on": "2036-12-31", "reason": "组织批准"},
    )
    assert answer.status_code == 302
    made = SubjectException.objects.get()
    assert (made.warning, made.model, made.subject) == (red.key, red.model, person_digest(WANG))
    assert WANG not in repr(made.__dict__)


def test_without_the_store_the_page_still_says_what_is_known(town: Town, settings: Any) -> None:
    cast = people.cast()
    go_live(town, cast)
    run(town)
    red = EarlyWarning.objects.get(level="red")
    settings.WORKSPACE = town.folder / "nowhere"
    shown = client(cast.head).get(reverse("warning:page", args=[red.pk])).content.decode()
    assert red.sentence in shown
    assert "这里不是工作区" in shown


# -- rank ----------------------------------------------------------------------------------------


def test_level_goes_before_tier_before_expected_harm() -> None:
    ordered = [
        score("red", "A", (0, 98), None), score("yellow", "A", (98, 98), 10**15),
        score("yellow", "A", (1, 8), 10**6), score("yellow", "A", (1, 8), None),
        score("yellow", "C", (98, 98), 10**15), score("yellow", "D", (0, 0), None),
        score("blue", "A", (98, 98), 10**15),
    ]  # fmt: skip
    assert ordered == sorted(ordered, reverse=True)
    assert len(set(ordered)) == len(ordered)
