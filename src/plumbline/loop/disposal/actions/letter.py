"""Letters that a disposal sends are kept with it, as DOCX to be edited and as PDF."""

from __future__ import annotations

import io
from datetime import datetime

from django.db import transaction

from plumbline.errors import Text
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.actions.document import keep
from plumbline.loop.disposal.models import Disposal, Document
from plumbline.loop.disposal.queries.letter import as_docx, as_pdf, transfer_letter
from plumbline.loop.disposal.queries.money import right_to_post
from plumbline.org.models import Unit, User
from plumbline.org.policy import NotYoursError
from plumbline.trail.actions import record


@transaction.atomic
def make_transfer_letter(
    disposal: Disposal, unit: Unit, *, matter: str, basis: str, by: User, at: datetime
) -> tuple[Document, Document]:
    """Write the letter that hands a warning to a unit (转办函); gives it as DOCX and as PDF.

    Raises:
        NotYoursError: they neither verify it nor head a body that works it.
        LetterError: the office's text of it is wrong, or something it needs is empty.
        NoFontError: there is no Chinese font.
    """
    held = right_to_post(by, disposal, day_of(at))
    if held is None:
        raise NotYoursError(
            Text("由本件的核查人或承办机构负责人制作", "its verifiers and the heads of its bodies write it"),
            where=f"disposal:{disposal.pk}",
        )  # fmt: skip
    letter = transfer_letter(disposal, unit, matter=matter, basis=basis, by=by, at=at)
    made = [
        keep(disposal, f"转办函-{unit.name}-{at:%Y%m%d%H%M%S}.{ending}", io.BytesIO(content), by=by, at=at)
        for ending, content in (("docx", as_docx(letter)), ("pdf", as_pdf(letter)))
    ]  # fmt: skip
    record("disposal.letter_written", subject=f"disposal:{disposal.pk}", by=by, on_behalf=held.on_behalf,
           at=at, unit=unit.pk, documents=[each.sha256 for each in made])  # fmt: skip
    return made[0], made[1]
