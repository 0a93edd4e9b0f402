"""A recommendation as the letter that is sent: the office's own text of it, filled in."""

from __future__ import annotations

from datetime import date

from plumbline.kit.letter.form import read_form
from plumbline.kit.letter.letter import Letter, chinese_date
from plumbline.loop.closure.models import Recommendation
from plumbline.loop.disposal.queries.letter import office

#: What the text of each kind calls what is asked of the unit.
_ASKED = {Recommendation.Kind.RECOMMENDATION: "建议", Recommendation.Kind.REMINDER: "要求"}


def letter_of(recommendation: Recommendation, number: str, *, on: date) -> Letter:
    """The letter as it reads with this number on this day.

    Raises:
        LetterError: the office's text of it is wrong.
    """
    form = read_form(recommendation.kind, office())
    return form.fill(
        {
            "机关": recommendation.body.name,
            "文号": number,
            "单位": recommendation.unit.name,
            "事项": recommendation.title,
            "情况": recommendation.situation,
            "依据": recommendation.basis,
            _ASKED[Recommendation.Kind(recommendation.kind)]: recommendation.text,
            "期限": chinese_date(recommendation.reply_by),
            "附件": "",
            "联系人": recommendation.followed_by.name,
            "电话": "",
            "抄送": "",
            "密级": "",
        },
        on=on,
    )
