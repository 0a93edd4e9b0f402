"""Letters: proposed, approved by another, numbered without gaps, followed up by who proposed them."""

from __future__ import annotations

import io
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import docx
import pytest
from django.db import IntegrityError, connection

from plumbline.kit.clock.models import Due
from plumbline.kit.flow import OutOfStepError, ReasonMissingError
from plumbline.loop.closure.actions.campaign import ClosureError
from plumbline.loop.closure.actions.recommendation import (
    approve_recommendation,
    conclude,
    follow_up,
    hand_over,
    propose_again,
    refuse_recommendation,
    send,
)
from plumbline.loop.closure.actions.rectification import accept_rectification
from plumbline.loop.closure.models import Attachment, Recommendation
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.loop.closure import after
from tests.people import NOW

REMINDER = Recommendation.Kind.REMINDER


def due(letter: Recommendation) -> list[Any]:
    found = Due.objects.filter(subject=f"recommendation:{letter.pk}", stopped_at=None)
    return list(found.values_list("kind", flat=True))


def content(attachment: Attachment) -> bytes:
    with attachment.file.open() as file:
        return bytes(file.read())


def test_from_proposal_to_conclusion(cast: Any) -> None:
    letter = after.letter(cast)
    assert (letter.state, letter.number, letter.followed_by) == ("proposed", None, cast.li)
    approve_recommendation(letter, by=cast.head, at=NOW)
    send(letter, by=cast.fen, at=NOW)
    assert (letter.state, letter.number) == ("sent", "第一监督检查室建〔2026〕1号")
    assert due(letter) == ["follow_up"]
    follow_up(letter, text="已电话了解，正在起草办法", by=cast.li, at=NOW)
    assert due(letter) == ["follow_up"]
    conclude(letter, by=cast.li, at=NOW, reason="办法已印发")
    assert (letter.state, due(letter)) == ("concluded", [])
    actions = Entry.objects.filter(subject=f"recommendation:{letter.pk}").order_by("pk")
    assert list(actions.values_list("action", flat=True)) == [
        "recommendation.proposed", "recommendation.approved", "recommendation.sent",
        "recommendation.followed_up", "recommendation.concluded",
    ]  # fmt: skip


def test_the_letter_is_kept_as_it_was_sent(cast: Any) -> None:
    letter = after.sent(after.letter(cast), cast)
    pdf, word = letter.attachments.order_by("pk")
    assert (pdf.kind, word.name) == ("application/pdf", "第一监督检查室建〔2026〕1号.docx")
    assert content(pdf).startswith(b"%PDF-")
    told = docx.Document(io.BytesIO(content(word)))
    text = "\n".join(each.text for each in told.paragraphs)
    for said in (letter.number, cast.industry.name, "三名获评人评审前有犯罪记录", "建立联审机制"):
        assert said in text


def test_numbers_run_by_body_kind_and_year(cast: Any) -> None:
    problem = after.accepted(cast)
    of_group = {"body": cast.office}
    first, second = (after.sent(after.letter(cast, problem), cast) for _ in range(2))
    reminder = after.sent(after.letter(cast, problem, kind=REMINDER, **of_group), cast)
    new_year = datetime(2027, 1, 5, 2, tzinfo=UTC)
    later = after.letter(cast, problem, reply_by=new_year.date().replace(month=2))
    approve_recommendation(later, by=cast.head, at=NOW)
    send(later, by=cast.fen, at=new_year)
    assert [each.number for each in (first, second, reminder, later)] == [
        "第一监督检查室建〔2026〕1号", "第一监督检查室建〔2026〕2号", "第一监督检查室提〔2026〕1号",
        "第一监督检查室建〔2027〕1号",
    ]  # fmt: skip


def test_a_number_that_was_not_used_is_given_back(cast: Any, settings: Any) -> None:
    letter = after.letter(cast)
    approve_recommendation(letter, by=cast.head, at=NOW)
    own = settings.WORKSPACE = settings.PRIVATE
    (own / "letters").mkdir()
    (own / "letters" / "recommendation.md").write_text("没有正文", encoding="utf-8")
    with pytest.raises(Exception, match=r"recommendation\.md"):
        send(letter, by=cast.fen, at=NOW)
    letter.refresh_from_db()
    assert (letter.state, letter.number, letter.attachments.count()) == ("approved", None, 0)
    (own / "letters" / "recommendation.md").unlink()
    assert send(letter, by=cast.fen, at=NOW).serial == 1


@pytest.mark.django_db(transaction=True)
def test_letters_sent_at_once_have_numbers_without_gaps(cast: Any) -> None:
    problem = after.accepted(cast)
    letters = [after.letter(cast, problem) for _ in range(6)]
    for letter in letters:
        approve_recommendation(letter, by=cast.head, at=NOW)

    def sent(letter: Recommendation) -> int | None:
        try:
            return send(letter, by=cast.fen, at=NOW).serial
        finally:
            connection.close()

    with ThreadPoolExecutor(6) as at_once:
        assert sorted(at_once.map(sent, letters)) == [1, 2, 3, 4, 5, 6]


def test_a_second_person_approves(cast: Any) -> None:
    letter = after.letter(cast, by=cast.head)
    with pytest.raises(NotYoursError, match="does not decide it"):
        approve_recommendation(letter, by=cast.head, at=NOW)
    with pytest.raises(IntegrityError, match="recommendation_approved_by_a_second_person"):
        Recommendation.objects.filter(pk=letter.pk).update(approved_by=cast.head)


def test_it_is_not_sent_before_it_is_approved(cast: Any) -> None:
    letter = after.letter(cast)
    with pytest.raises(OutOfStepError):
        send(letter, by=cast.fen, at=NOW)
    assert not letter.attachments.exists()


def test_what_was_refused_is_written_anew(cast: Any) -> None:
    letter = after.letter(cast)
    with pytest.raises(ReasonMissingError):
        refuse_recommendation(letter, by=cast.head, at=NOW, reason="")
    refuse_recommendation(letter, by=cast.head, at=NOW, reason="依据不充分")
    again = {
        "situation": "五名获评人。",
        "text": "修订办法。",
        "reply_by": after.SOON,
        "reason": "已补充",
    }
    with pytest.raises(NotYoursError, match="follows it up"):
        propose_again(letter, by=cast.zhou, at=NOW, **again)
    propose_again(letter, by=cast.li, at=NOW, **again)
    assert (letter.state, letter.situation) == ("proposed", "五名获评人。")


def test_who_proposed_it_follows_it_up_until_it_is_handed_over(cast: Any) -> None:
    letter = after.sent(after.letter(cast), cast)
    with pytest.raises(NotYoursError, match="who proposed it follows it up"):
        follow_up(letter, text="已回复", by=cast.zhou, at=NOW)
    with pytest.raises(ClosureError, match="no part in its body"):
        hand_over(letter, to=cast.qin, by=cast.head, at=NOW, reason="调离")
    hand_over(letter, to=cast.zhou, by=cast.head, at=NOW, reason="李已调离")
    follow_up(letter, text="已回复", by=cast.zhou, at=NOW)
    with pytest.raises(NotYoursError):
        conclude(letter, by=cast.li, at=NOW, reason="办结")
    conclude(letter, by=cast.zhou, at=NOW, reason="办结")
    with pytest.raises(OutOfStepError):
        hand_over(letter, to=cast.li, by=cast.head, at=NOW, reason="再交回")


def test_it_is_not_concluded_while_something_is_still_to_be_put_right(cast: Any) -> None:
    letter = after.sent(after.letter(cast), cast)
    duty = after.reported(after.asked(cast, letter), cast)
    with pytest.raises(ClosureError, match="1 rectifications are not accepted"):
        conclude(letter, by=cast.li, at=NOW, reason="办结")
    accept_rectification(duty, look_back_on=after.LATER, by=cast.zhou, at=NOW, reason="属实")
    conclude(letter, by=cast.li, at=NOW, reason="办结")


def test_a_disposal_is_ground_enough(cast: Any) -> None:
    letter = after.letter(cast, after.finding(cast), kind=REMINDER)
    assert (letter.problem, letter.disposal_id is not None) == (None, True)


@pytest.mark.parametrize(
    ("who", "why"),
    [("contact", "not your part"), ("stranger", "not your part"), ("qin", "not your part")],
    ids=["contact", "stranger", "locality"],
)
def test_others_propose_nothing(cast: Any, who: str, why: str) -> None:
    with pytest.raises(NotYoursError, match=why):
        after.letter(cast, by=getattr(cast, who))
