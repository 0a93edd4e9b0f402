"""Letters of a disposal: the office's own text of each, filled in from what is recorded."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path

from django.conf import settings

from plumbline.kit.clock.calendar import day_of
from plumbline.kit.letter import docx, pdf
from plumbline.kit.letter.form import read_form
from plumbline.kit.letter.letter import Letter, chinese_date
from plumbline.loop.disposal.models import Clarification, Disposal
from plumbline.loop.disposal.queries.disposal import deadlines
from plumbline.org.models import Unit, User

DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
_CONCLUSIONS = {
    Clarification.Ground.WRONG_PERSON: "该预警所指情况与你无关，系身份核对有误，已登记为“非同一人”，不再据此产生预警。",
    Clarification.Ground.REFUTED: "经核查，该预警所指情况不属实。",
}
#: What a letter has anyway, and is left empty where nothing is known.
_EMPTY = dict.fromkeys(("文号", "附件", "联系人", "电话", "抄送", "密级"), "")


def office() -> Path:
    """The folder with the office's own texts; fonts may lie in `fonts` below it."""
    return Path(settings.WORKSPACE) / "letters"


def as_docx(letter: Letter) -> bytes:
    return docx.write(letter)


def as_pdf(letter: Letter, *, watermark: str = "") -> bytes:
    """The letter as PDF.

    Raises:
        NoFontError: there is no Chinese font.
    """
    return pdf.write(letter, fonts=office() / "fonts", watermark=watermark)


def clarification_letter(clarification: Clarification, name: str, *, by: User, on: date) -> Letter:
    """The letter to somebody who has been cleared; it names them to themself and nobody else.

    Raises:
        LetterError: the office's text of it is wrong.
    """
    disposal = clarification.disposal
    body = disposal.body
    assert body is not None  # a closed disposal has one
    return read_form("clarification", office()).fill(
        {
            **_EMPTY,
            "机关": body.name, "文号": clarification.number, "姓名": name,
            "预警": disposal.warning.key[:12], "情况": clarification.text,
            "结论": _CONCLUSIONS[Clarification.Ground(clarification.ground)], "范围": "",
            "联系人": by.name,
        },
        on=on,
    )  # fmt: skip


def transfer_letter(
    disposal: Disposal, unit: Unit, *, matter: str, basis: str, by: User, at: datetime
) -> Letter:
    """The letter that hands a warning to a unit for verification (转办函), with personal values masked.

    Args:
        matter: what it is about, as the title names it.
        basis: the line and its clause, as the model states it.

    Raises:
        LetterError: the office's text of it is wrong, or something it needs is empty.
    """
    warning = disposal.warning
    steps = disposal.steps.filter(round=disposal.round)
    due = deadlines([disposal], at).get(disposal.pk)
    return read_form("transfer", office()).fill(
        {
            **_EMPTY,
            "机关": disposal.body.name if disposal.body else "",
            "单位": unit.name,
            "事项": matter,
            "情况": warning.sentence,
            "依据": basis,
            "核查步骤": "\n".join(f"{number}. {step.what}" for number, step in enumerate(steps, 1)),
            "期限": chinese_date(day_of(due.due.due_at if due else at)),
            "编号": warning.key[:12],
            "联系人": by.name,
        },
        on=day_of(at),
    )
