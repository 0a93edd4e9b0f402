"""Whoever has been cleared is told so, in a letter that names them and nobody else."""

from __future__ import annotations

import io
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import docx
import pytest
from django.test import Client

from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.kit.letter.form import LetterError
from plumbline.loop.disposal.actions.clarify import (
    ClarificationError,
    approve,
    hand_over,
    make_letter,
    propose,
    refuse,
)
from plumbline.loop.disposal.actions.review import approve as approve_report
from plumbline.loop.disposal.actions.verify import find, report
from plumbline.loop.disposal.models import (
    CLARIFICATION_FLOW,
    Clarification,
    ClarificationState,
    Document,
    Finding,
)
from plumbline.loop.disposal.queries.clarify import allowed, to_clarify, visible_to
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry, Reading
from tests import people
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

pytestmark = pytest.mark.usefixtures("private", "chinese_font")

GROUND, FORM = Clarification.Ground, Clarification.Form
PARTY = "a" * 64


@pytest.fixture
def wrong(cast: Any) -> Any:
    """Closed: somebody was taken for another."""
    case = warned.disposal(cast, PARTY)
    warned.verifying(case, cast)
    warned.checked(case, cast)
    find(case, Finding.WRONG_PERSON, by=cast.li, at=NOW, rows=list(warned.ROWS), note="同名同姓")
    warned.sign(case, cast.li)
    warned.sign(case, cast.zhou)
    report(case, by=cast.li, at=NOW, summary="认错了人")
    for reviewer in (cast.head, cast.standing):
        approve_report(case, case.reports, by=reviewer, at=NOW)
    return case


def proposed(case: Any, cast: Any, **more: Any) -> Clarification:
    return propose(
        case, GROUND.WRONG_PERSON, "受处罚的是另一位同名的人。", by=cast.clarifier, at=NOW, **more
    )


def approved(case: Any, cast: Any) -> Clarification:
    return approve(proposed(case, cast), by=cast.head, at=NOW, number="澜纪澄〔2026〕1号")


def test_a_wrong_person_is_told(cast: Any, wrong: Any) -> None:
    assert list(to_clarify(cast.clarifier, TODAY)) == [wrong]
    one = proposed(wrong, cast)
    assert list(to_clarify(cast.clarifier, TODAY)) == []
    assert allowed(cast.clarifier, one, TODAY) == []
    assert allowed(cast.head, one, TODAY) == ["approve", "refuse"]
    approve(one, by=cast.head, at=NOW, number="澜纪澄〔2026〕1号")
    assert allowed(cast.clarifier, one, TODAY) == ["make_letter"]
    with pytest.raises(OutOfStepError):
        hand_over(one, FORM.IN_PERSON, TODAY, by=cast.clarifier, at=NOW)
    make_letter(one, "王小明", by=cast.clarifier, at=NOW)
    assert allowed(cast.clarifier, one, TODAY) == ["make_letter", "hand_over"]
    hand_over(one, FORM.IN_WRITING, TODAY, by=cast.clarifier, at=NOW)
    assert (one.state, one.form, one.handed_over_on) == (
        ClarificationState.HANDED_OVER,
        "in_writing",
        TODAY,
    )
    acts = Entry.objects.filter(subject=f"clarification:{one.pk}").order_by("pk")
    assert [each.action for each in acts] == [
        "clarification.proposed", "clarification.approved", "personal_data.read", "clarification.written",
        "clarification.handed_over",
    ]  # fmt: skip
    assert Reading.objects.get().whom == PARTY


def test_the_letter_names_them_and_the_database_does_not(cast: Any, wrong: Any) -> None:
    one = make_letter(approved(wrong, cast), "王小明", by=cast.clarifier, at=NOW)
    assert one.docx is not None
    with one.docx.file.open("rb") as file:
        text = "\n".join(p.text for p in docx.Document(io.BytesIO(file.read())).paragraphs)
    assert "王小明同志：" in text
    assert "澜纪澄〔2026〕1号" in text
    assert "受处罚的是另一位同名的人。" in text
    assert "2026年3月18日" in text
    assert one.pdf is not None
    with one.pdf.file.open("rb") as file:
        assert file.read(5) == b"%PDF-"
    stored = [Clarification, Document, Entry]
    assert not any("王小明" in str(list(model.objects.values())) for model in stored)


def test_a_letter_for_somebody_else_is_refused(cast: Any, wrong: Any) -> None:
    one = approved(wrong, cast)
    for name in ("李小明", " "):
        with pytest.raises(ClarificationError):
            make_letter(one, name, by=cast.clarifier, at=NOW)
    assert not Document.objects.exists()


def test_an_offices_wrong_text_makes_no_letter(cast: Any, wrong: Any, settings: Any, tmp_path: Path, private: Path) -> None:  # fmt: skip
    settings.WORKSPACE = tmp_path
    (tmp_path / "letters").mkdir()
    (tmp_path / "letters/clarification.md").write_text(
        "红头：{机关}\n标题：澄清\n主送：{姓名}\n落款：{机关}\n---\n{情况}{结论}{姓明}\n",
        encoding="utf-8",
    )
    one = approved(wrong, cast)
    with pytest.raises(LetterError, match=r"clarification\.md:6") as told:
        make_letter(one, "王小明", by=cast.clarifier, at=NOW)
    assert "姓名" in str(told.value)
    assert not Document.objects.exists()
    assert not list(private.rglob("*.pdf"))


def test_who_proposes_does_not_approve(cast: Any, wrong: Any) -> None:
    one = proposed(wrong, cast)
    for who in (cast.clarifier, cast.li, cast.group_head, cast.stranger):
        with pytest.raises(NotYoursError):
            approve(one, by=who, at=NOW)
    for who in (cast.head, cast.li, cast.stranger):
        with pytest.raises(NotYoursError):
            propose(wrong, GROUND.WRONG_PERSON, "x", by=who, at=NOW)


def test_a_refused_one_can_be_proposed_anew(cast: Any, wrong: Any) -> None:
    one = proposed(wrong, cast)
    with pytest.raises(ClarificationError, match="under way"):
        proposed(wrong, cast)
    with pytest.raises(ReasonMissingError):
        refuse(one, by=cast.head, at=NOW, reason="")
    refuse(one, by=cast.head, at=NOW, reason="情况写得不清楚")
    assert list(to_clarify(cast.clarifier, TODAY)) == [wrong]
    proposed(wrong, cast)


def test_what_was_found_untrue_is_clarified_on_request(cast: Any) -> None:
    case = warned.closed(warned.disposal(cast), cast)
    with pytest.raises(ClarificationError, match="was not found so"):
        propose(case, GROUND.WRONG_PERSON, "x", by=cast.clarifier, at=NOW)
    with pytest.raises(ClarificationError, match="asked for it"):
        propose(case, GROUND.REFUTED, "x", by=cast.clarifier, at=NOW)
    with pytest.raises(ClarificationError, match="after today"):
        propose(
            case, GROUND.REFUTED, "x", by=cast.clarifier, at=NOW, requested_on=TODAY + timedelta(1)
        )
    one = propose(
        case, GROUND.REFUTED, "未发现问题", by=cast.clarifier, at=NOW, requested_on=date(2026, 3, 2)
    )
    assert one.ground == GROUND.REFUTED


def test_nothing_is_clarified_before_it_is_closed(cast: Any) -> None:
    case = warned.reported(warned.disposal(cast), cast)
    assert list(to_clarify(cast.clarifier, TODAY)) == []
    with pytest.raises(ClarificationError):
        propose(case, GROUND.REFUTED, "x", by=cast.clarifier, at=NOW, requested_on=TODAY)


@pytest.mark.parametrize("days", [-1, 1])
def test_it_is_handed_over_after_its_approval_and_by_today(
    cast: Any, wrong: Any, days: int
) -> None:
    one = make_letter(approved(wrong, cast), "王小明", by=cast.clarifier, at=NOW)
    with pytest.raises(ClarificationError):
        hand_over(one, FORM.MEETING, TODAY + timedelta(days), by=cast.clarifier, at=NOW)


def test_every_state_comes_to_an_end() -> None:
    for state in ClarificationState:
        assert bool(CLARIFICATION_FLOW.allowed(state)) != (state in CLARIFICATION_FLOW.ends)


@pytest.mark.parametrize("who", ["li", "contact", "keeper", "group_head", "sysadmin", "stranger"])
def test_nobody_else_finds_it(cast: Any, wrong: Any, client: Client, who: str) -> None:
    one = make_letter(approved(wrong, cast), "王小明", by=cast.clarifier, at=NOW)
    assert not visible_to(getattr(cast, who), TODAY).exists()
    people.sign_in(client, getattr(cast, who))
    for address in (
        f"clarifications/{one.pk}/",
        f"clarifications/{one.pk}/letter.pdf",
        f"{wrong.pk}/clarify/",
    ):
        assert client.get(f"/disposals/{address}").status_code == 404


def test_the_pages_lead_from_the_finding_to_the_letter(
    cast: Any, wrong: Any, client: Client
) -> None:
    people.sign_in(client, cast.clarifier)
    assert (
        f"/disposals/{wrong.pk}/clarify/"
        in client.get("/disposals/clarifications/").content.decode()
    )
    sent = {"ground": "wrong_person", "text": "另一位同名的人"}
    assert client.post(f"/disposals/{wrong.pk}/clarify/", sent).status_code == 302
    one = Clarification.objects.get()
    place = f"/disposals/clarifications/{one.pk}/"
    people.sign_in(client, cast.head)
    assert client.post(f"{place}approve/", {"number": ""}).status_code == 302
    people.sign_in(client, cast.clarifier)
    assert "姓氏不符" in client.post(f"{place}make_letter/", {"name": "李明"}).content.decode()
    assert client.post(f"{place}make_letter/", {"name": "王明"}).status_code == 302
    letter = client.get(f"{place}letter.docx")
    assert letter["Content-Type"].endswith("wordprocessingml.document")
    assert Entry.objects.filter(action="document.taken").count() == 1
    assert b"".join(letter.streaming_content)[:2] == b"PK"  # type: ignore[attr-defined]
