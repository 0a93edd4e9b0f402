"""Lists that leave: masked at once, with names after two others; once, in time, and never for strangers."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import openpyxl
import pypdfium2
import pytest
import time_machine
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.urls import reverse

from plumbline.engine import workspace
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.disposal.exporting import actions, policy, queries
from plumbline.loop.disposal.exporting.actions import Asked, ExportError, Taken
from plumbline.loop.disposal.exporting.intake import composed
from plumbline.loop.disposal.exporting.models import Export, Form, State
from plumbline.loop.disposal.models import Disposal
from plumbline.loop.disposal.queries.inbox import Wanted
from plumbline.org.models import Delegation, Kin, Role, User
from plumbline.org.policy import NotYoursError, person_digest
from plumbline.trail.models import Entry, Reading
from tests import people
from tests.behind import no_superuser, raw, without_wall
from tests.engine.collision.town import HE, WANG
from tests.loop.disposal import warned
from tests.loop.disposal.test_races import at_once
from tests.loop.warning.town import go_live, run, town
from tests.people import NOW, TODAY

DAY = timedelta(days=1)
ALL = Wanted(tab="all")
TAKEN = Taken(1, ["d" * 64], "0" * 64)


@pytest.fixture(autouse=True)
def _today(settings: Any, tmp_path: Path, private: Path) -> Any:  # noqa: ARG001 -- for its effect
    settings.WORKSPACE = tmp_path / "nowhere"
    with time_machine.travel(NOW, tick=False):
        yield


def asked(by: User, *, in_clear: bool = True, form: Form = Form.XLSX, **more: Any) -> Export:
    said = {"purpose": "报送会议", "case": "澜纪〔2026〕7号", **more}
    return actions.ask(Asked(ALL, "tab=all", form, in_clear, **said), by=by, at=NOW)


def approved(cast: Any) -> Export:
    made = asked(cast.li)
    actions.approve(made, by=cast.head, at=NOW)
    return actions.approve(made, by=cast.standing, at=NOW)


def one(cast: Any, *parties: str, **fields: Any) -> Disposal:
    return warned.verifying(warned.disposal(cast, *parties, **fields), cast)


def browser(user: User) -> Client:
    made = Client()
    made.force_login(user)
    return made


class TestAsking:
    def test_a_masked_list_is_ready_at_once(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li, in_clear=False, purpose="", case="")
        assert (made.state, made.rows, made.expires_at) == (State.APPROVED, 1, NOW + DAY)
        assert Entry.objects.get(action="export.asked").detail["in_clear"] is False

    def test_names_need_a_purpose_a_file_and_two_others(self, cast: Any) -> None:
        one(cast)
        with pytest.raises(ExportError, match="purpose"):
            asked(cast.li, purpose=" ")
        made = asked(cast.li)
        assert made.state == State.ASKED
        entry = Entry.objects.get(action="export.asked")
        assert (entry.reason, entry.detail["case"]) == ("报送会议", "澜纪〔2026〕7号")

    def test_names_are_given_of_what_one_verifies_or_reviews_alone(self, cast: Any) -> None:
        one(cast)
        warned.dispatched(warned.disposal(cast), cast)
        assert asked(cast.li).rows == 1
        assert asked(cast.head).rows == 2
        with pytest.raises(ExportError, match="nothing"):
            asked(cast.fen)  # who dispatches sees the list, and nobody's name

    def test_where_fewer_than_two_others_could_approve_nobody_waits_in_vain(
        self, cast: Any
    ) -> None:
        one(cast)
        Kin.objects.create(user=cast.standing, relation="亲属", person="p" * 64)
        one(cast, "p" * 64)
        with pytest.raises(ExportError, match="not two others"):
            asked(cast.head)
        assert not Export.objects.exists()

    def test_it_is_no_longer_than_it_may_be(
        self, cast: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        one(cast), one(cast)
        for module in (actions, queries):
            monkeypatch.setattr(module, "MOST_IN_CLEAR", 1)
        with pytest.raises(ExportError, match="more than 1 rows"):
            asked(cast.li)

    def test_strangers_and_the_unit_ask_for_nothing(self, cast: Any) -> None:
        one(cast)
        for who in (cast.stranger, cast.contact, cast.auditor, cast.sysadmin):
            with pytest.raises(NotYoursError):
                asked(who, in_clear=False)


class TestApproving:
    def test_two_others_let_it_go_for_a_day(self, cast: Any) -> None:
        one(cast)
        made = approved(cast)
        assert (made.state, made.first_by, made.second_by) == (
            State.APPROVED, cast.head, cast.standing,
        )  # fmt: skip
        assert made.expires_at == NOW + DAY
        said = list(Entry.objects.filter(subject=f"export:{made.pk}").order_by("pk"))
        assert [(each.action, each.actor) for each in said] == [
            ("export.asked", "li"), ("export.seconded", "head"), ("export.approved", "standing"),
        ]  # fmt: skip

    def test_never_whoever_asked_and_nobody_twice(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.head)
        with pytest.raises(NotYoursError):
            actions.approve(made, by=cast.head, at=NOW)
        actions.approve(made, by=cast.standing, at=NOW)
        with pytest.raises(NotYoursError):
            actions.approve(made, by=cast.standing, at=NOW)
        assert queries.waiting_for(cast.secretary, TODAY).get() == made
        assert not queries.waiting_for(cast.standing, TODAY).exists()
        assert not queries.waiting_for(cast.head, TODAY).exists()

    def test_nobody_of_another_body_or_without_the_right_to_review(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        for who in (cast.group_head, cast.zhou, cast.fen, cast.auditor, cast.stranger):
            with pytest.raises(NotYoursError):
                actions.approve(made, by=who, at=NOW)
            assert not queries.visible_to(who, TODAY).exists()

    @pytest.mark.parametrize("near", ["self", "kin"])
    def test_nobody_near_one_warning_of_the_list(self, cast: Any, near: str) -> None:
        one(cast)
        one(cast, "p" * 64)
        made = asked(cast.li)
        if near == "self":
            cast.head.person = "p" * 64
            cast.head.save()
        else:
            Kin.objects.create(user=cast.head, relation="配偶", person="p" * 64)
        with pytest.raises(NotYoursError):
            actions.approve(made, by=cast.head, at=NOW)
        assert not queries.visible_to(cast.head, TODAY).exists()
        assert queries.visible_to(cast.standing, TODAY).get() == made

    def test_a_deputy_approves_for_somebody_else_and_never_for_whoever_asked(
        self, cast: Any
    ) -> None:
        one(cast)
        made = asked(cast.head)
        Delegation.objects.create(
            principal=cast.head, deputy=cast.zhou, starts_on=TODAY, ends_on=TODAY, reason="出差"
        )
        with pytest.raises(NotYoursError):
            actions.approve(made, by=cast.zhou, at=NOW)
        Delegation.objects.create(
            principal=cast.standing, deputy=cast.zhou, starts_on=TODAY, ends_on=TODAY, reason="出差"
        )
        actions.approve(made, by=cast.zhou, at=NOW)
        assert (made.first_by, made.first_for) == (cast.zhou, cast.standing)
        with pytest.raises(NotYoursError):  # both count as one pair of eyes
            actions.approve(made, by=cast.standing, at=NOW)

    def test_the_database_refuses_one_pair_of_eyes(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        for columns in (
            {"state": State.APPROVED, "first_by": cast.head},
            {"first_by": cast.li},
            {"first_by": cast.head, "second_by": cast.head},
            {"first_by": cast.head, "second_by": cast.standing, "second_for": cast.head},
        ):
            with pytest.raises(IntegrityError), transaction.atomic():
                Export.objects.filter(pk=made.pk).update(**columns)

    def test_who_refuses_says_why_and_who_asked_withdraws(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        with pytest.raises(ReasonMissingError):
            actions.refuse(made, by=cast.head, at=NOW, reason=" ")
        actions.refuse(made, by=cast.head, at=NOW, reason="不必写明姓名")
        assert (made.state, made.refusal) == (State.REFUSED, "不必写明姓名")
        other = asked(cast.li)
        with pytest.raises(NotYoursError):
            actions.withdraw(other, by=cast.head, at=NOW)
        assert actions.withdraw(other, by=cast.li, at=NOW).state == State.WITHDRAWN
        with pytest.raises(OutOfStepError):
            actions.approve(other, by=cast.head, at=NOW)


class TestTaking:
    def test_once_and_whom_it_names_is_on_the_trail(self, cast: Any) -> None:
        one(cast)
        made = approved(cast)
        actions.take(made, TAKEN, by=cast.li, at=NOW)
        assert (made.state, made.sha256, made.taken_rows) == (State.TAKEN, "0" * 64, 1)
        assert Reading.objects.get(whom="d" * 64).entry.subject == f"export:{made.pk}"
        with pytest.raises(OutOfStepError):
            actions.take(made, TAKEN, by=cast.li, at=NOW)
        assert Entry.objects.filter(action="export.taken").count() == 1

    def test_by_nobody_else_and_not_before_two_approved(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        actions.approve(made, by=cast.head, at=NOW)
        with pytest.raises(OutOfStepError):
            actions.take(made, TAKEN, by=cast.li, at=NOW)
        actions.approve(made, by=cast.standing, at=NOW)
        for who in (cast.head, cast.zhou, cast.stranger):
            with pytest.raises(NotYoursError):
                actions.take(made, TAKEN, by=who, at=NOW)
        assert not Reading.objects.exists()

    def test_not_after_its_time(self, cast: Any) -> None:
        one(cast)
        made = approved(cast)
        with pytest.raises(OutOfStepError):
            actions.take(made, TAKEN, by=cast.li, at=NOW + DAY)
        assert actions.lapse(NOW + DAY) == 1
        assert actions.lapse(NOW + DAY) == 0
        made.refresh_from_db()
        assert made.state == State.LAPSED
        assert not Reading.objects.exists()

    def test_what_nobody_approved_in_time_lapses(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        late = made.expires_at
        assert actions.lapse(late - timedelta(seconds=1)) == 0
        with pytest.raises(OutOfStepError):
            actions.approve(made, by=cast.head, at=late)
        assert actions.lapse(late) == 1

    def test_by_the_rights_of_that_moment(self, cast: Any) -> None:
        kept, lost = one(cast), one(cast)
        made = approved(cast)
        assert set(queries.rows_of(made, cast.li, NOW)) == {kept, lost}
        lost.verifiers.filter(user=cast.li).update(released_at=NOW)
        assert queries.rows_of(made, cast.li, NOW) == [kept]
        kept.verifiers.filter(user=cast.li).update(released_at=NOW)
        with pytest.raises(ExportError):
            actions.take(made, Taken(0, [], "0" * 64), by=cast.li, at=NOW)

    def test_text_that_looks_like_a_formula_is_none(self, cast: Any) -> None:
        one(cast, about="=HYPERLINK(1)", sentence="@SUM(A1)", supervised="+1")
        made = asked(cast.li, in_clear=False, purpose="=1+1")
        sheet = openpyxl.load_workbook(
            io.BytesIO(composed(made, by=cast.li, at=NOW).content)
        ).active
        cells = [cell for row in sheet.iter_rows() for cell in row if cell.value is not None]
        assert {cell.data_type for cell in cells} == {"s"}
        said = {cell.value for cell in cells}
        assert {"'=HYPERLINK(1)", "'@SUM(A1)", "'+1"} <= said

    def test_the_workbook_says_who_when_and_under_which_number(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li, in_clear=False)
        sheet = openpyxl.load_workbook(
            io.BytesIO(composed(made, by=cast.li, at=NOW).content)
        ).active
        for words in (sheet["A3"].value, sheet.oddFooter.left.text):
            for part in (
                made.number,
                "核查员李",
                "2026-03-18 10:00",
                "报送会议",
                "澜纪〔2026〕7号",
            ):
                assert part in words

    @pytest.mark.usefixtures("chinese_font")
    def test_every_page_of_the_pdf_is_marked(self, cast: Any) -> None:
        for _ in range(30):
            one(cast, sentence="很长的说明。" * 40)
        made = asked(cast.li, in_clear=False, form=Form.PDF)
        pages = pypdfium2.PdfDocument(composed(made, by=cast.li, at=NOW).content)
        assert len(pages) > 1
        for page in pages:
            said = re.sub(r"\s", "", page.get_textpage().get_text_range())
            assert said.count(re.sub(r"\s", "", f"核查员李li2026-03-18 10:00{made.number}")) == 12
            assert f"导出第{made.number}号" in said


class TestInClear:
    def test_names_and_numbers_of_the_subject_come_from_the_store(
        self, cast: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any
    ) -> None:
        monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
        settings.WORKSPACE = tmp_path / "town"
        made = town(settings.WORKSPACE)
        go_live(made, cast)
        run(made)
        from plumbline.loop.disposal.intake import open_new  # noqa: PLC0415 -- after the town stands

        open_new(at=NOW)
        cases = list(Disposal.objects.order_by("pk"))
        for case in cases:
            if case.state == "raised":
                warned.verifying(case, cast)
        export = approved(cast)
        file = composed(export, by=cast.li, at=NOW)
        sheet = openpyxl.load_workbook(io.BytesIO(file.content)).active
        said = {str(cell.value) for row in sheet.iter_rows() for cell in row}
        assert {WANG, "王五", HE, "何六"} <= said
        assert {person_digest(WANG), person_digest(HE)} <= set(file.taken.whom)
        masked = composed(asked(cast.li, in_clear=False), by=cast.li, at=NOW)
        for number in (WANG, HE):
            assert number not in str(
                [
                    cell.value
                    for row in openpyxl.load_workbook(io.BytesIO(masked.content)).active.iter_rows()
                    for cell in row
                ]
            )


class TestPages:
    def test_from_the_inbox_to_the_file(self, cast: Any) -> None:
        one(cast)
        page = browser(cast.li)
        assert reverse("export:ask") in page.get(reverse("disposal:list")).content.decode()
        address = reverse("export:ask") + "?tab=all"
        assert page.get(address).status_code == 200
        assert page.post(address, {"form": "xlsx", "in_clear": "on"}).status_code == 422
        page.post(address, {"form": "xlsx", "in_clear": "on", "case": "7号", "purpose": "报送"})
        made = Export.objects.get()
        take = reverse("export:take", args=[made.pk])
        assert page.post(take)["Location"] == reverse("export:page", args=[made.pk])
        for who in (cast.head, cast.standing):
            there = browser(who)
            assert made.number in there.get(reverse("export:list")).content.decode()
            there.post(reverse("export:act", args=[made.pk, "approve"]))
        made.refresh_from_db()
        assert made.state == State.APPROVED
        # The town of this case has no store: the file cannot be made, and is not used up.
        page.post(take)
        made.refresh_from_db()
        assert made.state == State.APPROVED

    def test_a_masked_file_is_there_at_once_and_once(self, cast: Any) -> None:
        one(cast)
        page = browser(cast.li)
        page.post(reverse("export:ask") + "?tab=all", {"form": "xlsx"})
        made = Export.objects.get()
        answer = page.post(reverse("export:take", args=[made.pk]))
        assert answer.status_code == 200
        assert openpyxl.load_workbook(io.BytesIO(answer.content)).active["A1"].value == "处置清单"
        assert page.post(reverse("export:take", args=[made.pk])).status_code == 302

    def test_no_number_of_the_address_is_kept_and_no_unit_beyond_sight_is_named(
        self, cast: Any
    ) -> None:
        one(cast)
        page, beyond = browser(cast.li), people.unit("邻市民政局", region="380400")
        address = f"{reverse('export:ask')}?tab=all&q=38030019800315123x"
        assert beyond.name not in page.get(f"{address}&unit={beyond.pk}").content.decode()
        page.post(address, {"form": "xlsx"})
        assert Export.objects.get().query == "tab=all"

    def test_the_auditor_reads_of_each_step(self, cast: Any) -> None:
        one(cast)
        made = approved(cast)
        actions.take(made, TAKEN, by=cast.li, at=NOW)
        said = browser(cast.auditor).get(reverse("readings")).content.decode()
        for words in (
            "申请导出",
            "批准导出（第一人）",
            "批准导出（第二人）",
            "领取导出",
            f"导出第{made.pk}号",
        ):
            assert words in said

    def test_strangers_and_colleagues_find_nothing(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        one_page = reverse("export:page", args=[made.pk])
        for who in (cast.stranger, cast.zhou, cast.fen, cast.group_head, cast.auditor):
            assert browser(who).get(one_page).status_code == 404
            assert browser(who).post(reverse("export:take", args=[made.pk])).status_code == 404
            act = reverse("export:act", args=[made.pk, "approve"])
            assert browser(who).post(act).status_code == 404
        assert browser(cast.stranger).get(reverse("export:ask")).status_code == 404
        assert browser(cast.head).post(reverse("export:take", args=[made.pk])).status_code == 404


@pytest.mark.skipif(connection.vendor != "postgresql", reason="a wall of PostgreSQL")
class TestWalls:
    def test_no_table_was_forgotten(self, cast: Any) -> None:
        one(cast)
        made = asked(cast.li)
        assert not without_wall([Export, type(made.lines.get())])
        with no_superuser():
            assert raw(Export, cast.stranger) == set()
            assert raw(Export, cast.li) == {made.pk}
            assert raw(Export, cast.head) == {made.pk}


@pytest.mark.django_db(transaction=True)
class TestAtOnce:
    def test_two_who_approve_at_once_both_count_and_nobody_twice(self) -> None:
        cast = people.cast()
        one(cast)
        made = asked(cast.li)
        acts: list[Callable[[], object]] = [
            lambda who=who: actions.approve(Export.objects.get(pk=made.pk), by=who, at=NOW)
            for who in (cast.head, cast.head, cast.standing, cast.standing)
        ]
        assert at_once(acts) == (2, 2)
        made.refresh_from_db()
        assert made.state == State.APPROVED
        assert {made.first_by, made.second_by} == {cast.head, cast.standing}

    def test_of_many_who_approve_two_have(self) -> None:
        cast = people.cast()
        one(cast)
        made = asked(cast.li)
        others = [
            people.user(f"head{n}", f"副主任{n}", Role.OFFICE_HEAD, body=cast.office) for n in range(6)
        ]  # fmt: skip
        acts: list[Callable[[], object]] = [
            lambda who=who: actions.approve(Export.objects.get(pk=made.pk), by=who, at=NOW)
            for who in others
        ]
        assert at_once(acts) == (2, 4)

    def test_of_eight_takings_one_is_given(self) -> None:
        cast = people.cast()
        one(cast)
        made = approved(cast)
        acts = [lambda: actions.take(Export.objects.get(pk=made.pk), TAKEN, by=cast.li, at=NOW)] * 8
        assert at_once(acts) == (1, 7)
        assert Entry.objects.filter(action="export.taken").count() == 1
        assert Entry.objects.filter(action="personal_data.read").count() == 1


def test_who_may_ask_is_who_sees_the_inbox(cast: Any) -> None:
    able = {name for name, who in vars(cast).items() if isinstance(who, User) and policy.may_ask(who, TODAY)}  # fmt: skip
    assert able == {
        "fen", "li", "zhou", "wang", "qin", "head", "group_head", "standing", "secretary",
    }  # fmt: skip
