"""The pages: what each sees, what the buttons do, and that a stranger finds nothing."""

from __future__ import annotations

import hashlib
import io
import zipfile
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import pytest
import time_machine
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.urls import reverse

from plumbline.loop.disposal.actions.document import attach
from plumbline.loop.disposal.actions.holding import DisposalError
from plumbline.loop.disposal.actions.request import ask_data
from plumbline.loop.disposal.models import Disposal, Document, Finding, SavedView, State
from plumbline.org.models import User
from plumbline.trail.models import Entry
from tests.loop.disposal import warned
from tests.people import NOW

PDF = b"%PDF-1.7\n1 0 obj\n"


@pytest.fixture(autouse=True)
def _today(settings: Any, tmp_path: Path, private: Path) -> Any:  # noqa: ARG001 -- for its effect
    settings.WORKSPACE = (
        tmp_path / "nowhere"
    )  # no store: the page says so, and everything else is there
    with time_machine.travel(NOW, tick=False):
        yield


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def send(user: User, case: Disposal, action: str, **said: Any) -> Any:
    return signed_in(user).post(reverse("disposal:act", args=[case.pk, action]), said)


@pytest.mark.parametrize("way", ["act", "read"])
def test_also_a_page_shown_for_what_was_refused_is_a_page_that_was_read(
    cast: Any, way: str
) -> None:
    case = warned.verifying(warned.disposal(cast), cast)
    asked = {"act": ["disposal:act", [case.pk, "note"]], "read": ["disposal:read", [case.pk]]}[way]
    answer = signed_in(cast.li).post(reverse(asked[0], args=asked[1]), {"text": " "})  # type: ignore[arg-type]
    assert answer.status_code == 422
    read = Entry.objects.filter(action="disposal.read", subject=f"disposal:{case.pk}")
    assert [entry.actor for entry in read] == ["li"]


class TestTheList:
    def test_an_address_tells_no_name_of_a_unit_that_is_not_seen(self, cast: Any) -> None:
        warned.dispatched(warned.disposal(cast), cast, joint=[cast.group])
        shown = signed_in(cast.group_head).get(
            reverse("disposal:list"), {"tab": "all", "unit": cast.county_civil.pk}
        )
        assert (shown.status_code, cast.county_civil.name in shown.content.decode()) == (200, False)

    @pytest.mark.parametrize("rows", [1, 3])
    def test_it_costs_the_same_however_long(
        self, cast: Any, rows: int, django_assert_max_num_queries: Any
    ) -> None:
        for _ in range(rows):
            warned.dispatched(warned.disposal(cast), cast)
        client = signed_in(cast.head)
        with django_assert_max_num_queries(40):
            page = client.get(reverse("disposal:list")).content.decode()
        assert page.count('name="disposal"') == rows

    @pytest.mark.parametrize(
        "number", ["380101190001010013", "3801 0119 0001 0100 1X", "13800000000"]
    )
    def test_somebody_s_number_goes_into_no_link_and_no_kept_list(
        self, cast: Any, number: str
    ) -> None:
        warned.dispatched(warned.disposal(cast), cast)
        client = signed_in(cast.head)
        shown = client.get(reverse("disposal:list"), {"tab": "all", "q": number}).content.decode()
        assert quote_plus(number) not in shown.split("<main")[1]
        client.post(reverse("disposal:keep_view"), {"name": "他", "query": f"tab=all&q={number}"})
        assert SavedView.objects.get().query == "tab=all"

    def test_what_waits_for_me_comes_first_and_the_rest_by_state(self, cast: Any) -> None:
        warned.dispatched(warned.disposal(cast, about="王某某"), cast)
        warned.verifying(warned.disposal(cast, about="李某某"), cast)
        client = signed_in(cast.head)
        mine = client.get(reverse("disposal:list")).content.decode()
        assert ("王某某" in mine, "李某某" in mine) == (True, False)
        working = client.get(reverse("disposal:list"), {"tab": "working"}).content.decode()
        assert ("王某某" in working, "李某某" in working) == (False, True)

    def test_it_is_narrowed_down(self, cast: Any) -> None:
        warned.dispatched(warned.disposal(cast, about="王某某", level="red"), cast)
        warned.dispatched(warned.disposal(cast, about="李某某"), cast)
        client = signed_in(cast.head)
        for said in ({"level": "red"}, {"q": "王某"}):
            page = client.get(
                reverse("disposal:list"), {"tab": "dispatched", **said}
            ).content.decode()
            assert ("王某某" in page, "李某某" in page) == (True, False)

    def test_several_are_signed_for_at_once(self, cast: Any) -> None:
        cases = [warned.dispatched(warned.disposal(cast), cast) for _ in range(3)]
        signed_in(cast.head).post(
            reverse("disposal:sign_many"), {"disposal": [cases[0].pk, cases[2].pk, 999, "x"]}
        )
        states = [Disposal.objects.get(pk=case.pk).state for case in cases]
        assert states == [State.SIGNED, State.DISPATCHED, State.SIGNED]

    def test_a_stranger_finds_nothing(self, cast: Any) -> None:
        for name in ("list", "requests"):
            assert signed_in(cast.stranger).get(reverse(f"disposal:{name}")).status_code == 404
            assert Client().get(reverse(f"disposal:{name}")).status_code == 302


class TestOneDisposal:
    def test_the_whole_way_over_the_pages(self, cast: Any) -> None:
        case = warned.disposal(cast)
        assert (
            send(cast.fen, case, "dispatch", body=cast.office.pk, joint=[cast.group.pk]).status_code
            == 302
        )
        send(cast.head, case, "sign_for")
        send(cast.head, case, "assign", first=cast.li.pk, second=cast.wang.pk)
        for step in case.steps.all():
            send(cast.li, case, "do_step", step=step.number, finding="已核对")
        send(cast.wang, case, "note", text="走访记录")
        send(cast.li, case, "attach", file=SimpleUploadedFile("决定书.pdf", PDF))
        send(cast.li, case, "find", finding=Finding.RIGHT_PERSON)
        send(cast.li, case, "find", finding=Finding.UNTRUE, note="处罚已撤销")
        held = ",".join(str(pk) for pk in case.outcomes.values_list("pk", flat=True))
        for verifier in (cast.li, cast.wang):
            send(verifier, case, "sign_findings", seen=held)
        send(cast.li, case, "report", summary="不属实")
        send(cast.head, case, "approve", report=1, opinion="同意")
        send(cast.standing, case, "approve", report=1)
        case.refresh_from_db()
        assert case.state == State.CLOSED
        page = (
            signed_in(cast.secretary).get(reverse("disposal:page", args=[case.pk])).content.decode()
        )
        for said in (
            "处罚已撤销",
            "走访记录",
            "决定书.pdf",
            "同意",
            "已核对",
            "不是对任何人的结论",
        ):
            assert said in page

    @pytest.mark.parametrize("name", ["fen", "head", "standing", "li"])
    def test_each_finds_their_buttons_and_no_others(self, cast: Any, name: str) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        page = (
            signed_in(getattr(cast, name))
            .get(reverse("disposal:page", args=[case.pk]))
            .content.decode()
        )
        wanted = {
            "fen": {"join"}, "head": {"join", "assign", "extend", "pause"}, "standing": {"extend"},
            "li": {"do_step", "note", "attach", "ask_data", "ask_reply", "find", "report", "sign_findings"},
        }[name]  # fmt: skip
        every = {"dispatch", "sign_for", "decline", "assign", "join", "do_step", "find", "note", "attach",
                 "ask_data", "ask_reply", "sign_findings", "report", "approve", "send_back", "extend",
                 "pause", "resume", "reopen"}  # fmt: skip
        shown = {a for a in every if reverse("disposal:act", args=[case.pk, a]) in page}
        assert shown == wanted

    def test_what_is_refused_is_said_beside_the_form(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        answer = send(cast.li, case, "report", summary="太早")
        assert answer.status_code == 422
        assert "还有 2 个核查步骤未办理" in answer.content.decode()
        assert "太早" in answer.content.decode()  # what was written is not lost

    def test_it_speaks_english(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        page = signed_in(cast.li).get(
            reverse("disposal:page", args=[case.pk]), headers={"accept-language": "en"}
        )  # fmt: skip
        assert "Missing before it can be reported" in page.content.decode()

    def test_looking_is_on_the_trail_once_a_day(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        client = signed_in(cast.li)
        for _ in range(3):
            client.get(reverse("disposal:page", args=[case.pk]))
        assert Entry.objects.filter(action="disposal.read", actor="li").count() == 1

    def test_whoever_has_no_part_in_it_finds_nothing(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        made = attach(case, "a.pdf", io.BytesIO(PDF), by=cast.li, at=NOW)
        for name in (
            "stranger",
            "qin",
            "keeper",
            "contact",
            "provider",
            "sysadmin",
            "auditor",
            "figures",
        ):
            user = getattr(cast, name)
            client = signed_in(user)
            assert client.get(reverse("disposal:page", args=[case.pk])).status_code == 404
            assert client.get(reverse("disposal:file", args=[case.pk, made.pk])).status_code == 404
            assert send(user, case, "note", text="我也写").status_code == 404
        assert case.notes.count() == 0
        assert send(cast.li, case, "no_such_act").status_code == 404


class TestFiles:
    @pytest.fixture
    def case(self, cast: Any) -> Disposal:
        return warned.verifying(warned.disposal(cast), cast)

    def test_it_is_kept_by_its_hash_and_comes_back_as_it_was(
        self, case: Disposal, cast: Any
    ) -> None:
        made = attach(case, r"C:\案卷\..\决定书.PDF", io.BytesIO(PDF), by=cast.li, at=NOW)
        assert (made.name, made.kind, made.size) == ("决定书.PDF", "application/pdf", len(PDF))
        assert made.sha256 == hashlib.sha256(PDF).hexdigest()
        assert "决定书" not in made.file.name
        answer = signed_in(cast.li).get(reverse("disposal:file", args=[case.pk, made.pk]))
        assert b"".join(answer.streaming_content) == PDF  # type: ignore[attr-defined]
        assert answer.headers["Content-Type"] == "application/octet-stream"
        assert answer.headers["Content-Disposition"].startswith("attachment")
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert Entry.objects.get(action="document.taken").detail["sha256"] == made.sha256

    @pytest.mark.parametrize(("name", "content"), [
        ("a.exe", b"MZ\x90"),
        ("a.pdf", b"MZ\x90 not a pdf"),
        ("a.html", b"<script>alert(1)</script>"),
        ("a.svg", b"<svg/>"),
        ("a.png", PDF),
        ("a.docx", b"PK\x03\x04 broken"),
        ("a.txt", b"\x00\x01binary"),
        ("a.txt", b""),
        ("a", PDF),
    ])  # fmt: skip
    def test_what_is_no_document_is_refused(
        self, case: Disposal, cast: Any, name: str, content: bytes
    ) -> None:
        with pytest.raises(DisposalError):
            attach(case, name, io.BytesIO(content), by=cast.li, at=NOW)
        assert not Document.objects.exists()
        assert not Entry.objects.filter(action="disposal.attached").exists()

    @pytest.mark.parametrize("part", ["word/document.xml", "xl/workbook.xml", "OFD.xml"])
    def test_packages_are_known_by_what_is_in_them(
        self, case: Disposal, cast: Any, part: str
    ) -> None:
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w") as package:
            package.writestr(part, "<x/>")
        ending = {"w": ".docx", "x": ".xlsx", "O": ".ofd"}[part[0]]
        assert attach(case, f"a{ending}", made, by=cast.li, at=NOW).size == len(made.getvalue())
        with pytest.raises(DisposalError):
            attach(case, "b.docx" if ending != ".docx" else "b.xlsx", made, by=cast.li, at=NOW)

    def test_not_too_large_and_not_twice(
        self, case: Disposal, cast: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        attach(case, "a.pdf", io.BytesIO(PDF), by=cast.li, at=NOW)
        with pytest.raises(DisposalError, match="there already"):
            attach(case, "b.pdf", io.BytesIO(PDF), by=cast.zhou, at=NOW)
        monkeypatch.setattr("plumbline.loop.disposal.actions.document.MOST_BYTES", 20)
        with pytest.raises(DisposalError, match="larger"):
            attach(case, "c.pdf", io.BytesIO(PDF + b"x" * 20), by=cast.li, at=NOW)


class TestAskedOfAUnit:
    def test_the_contact_sees_the_question_and_never_the_warning(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        asked = ask_data(case, cast.industry, "请提供2015年评审办法", by=cast.li, at=NOW)
        client = signed_in(cast.contact)
        listed = client.get(reverse("disposal:requests")).content.decode()
        page = client.get(reverse("disposal:request", args=[asked.pk])).content.decode()
        for shown in (listed, page):
            assert "请提供2015年评审办法" in shown
            assert "王某某" not in shown
        said = {"text": "见附件", "file": SimpleUploadedFile("办法.pdf", PDF)}
        assert client.post(reverse("disposal:request", args=[asked.pk]), said).status_code == 302
        asked.refresh_from_db()
        made = asked.documents.get()
        assert (asked.answer, made.name) == ("见附件", "办法.pdf")
        again = client.post(reverse("disposal:request", args=[asked.pk]), {"text": "改口"})
        assert again.status_code == 422
        own = client.get(reverse("disposal:handed_in", args=[asked.pk, made.pk]))
        assert b"".join(own.streaming_content) == PDF  # type: ignore[attr-defined]
        assert signed_in(cast.li).get(
            reverse("disposal:handed_in", args=[asked.pk, made.pk])
        ).status_code == 404  # fmt: skip

    def test_an_answer_whose_file_is_refused_is_not_given(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        asked = ask_data(case, cast.industry, "请提供", by=cast.li, at=NOW)
        said = {"text": "见附件", "file": SimpleUploadedFile("办法.exe", b"MZ")}
        answer = signed_in(cast.contact).post(reverse("disposal:request", args=[asked.pk]), said)
        assert answer.status_code == 422
        asked.refresh_from_db()
        assert asked.answered_at is None

    def test_other_units_and_strangers_find_nothing(self, cast: Any) -> None:
        case = warned.verifying(warned.disposal(cast), cast)
        asked = ask_data(case, cast.industry, "请提供", by=cast.li, at=NOW)
        for name in ("stranger", "provider", "li", "head"):
            client = signed_in(getattr(cast, name))
            assert client.get(reverse("disposal:request", args=[asked.pk])).status_code == 404
            assert client.post(
                reverse("disposal:request", args=[asked.pk]), {"text": "代答"}
            ).status_code == 404  # fmt: skip
