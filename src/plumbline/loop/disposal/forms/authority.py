"""Whom the leaders of a unit answer to, as the system administrator enters it."""

from __future__ import annotations

from typing import Any

from plumbline.bilingual import say
from plumbline.org.forms import OversightForm


class AuthorityForm(OversightForm):
    """As of a supervision, without a sector: leaders answer to a body for all that they do."""

    sector = None  # type: ignore[assignment]  # Django's way to leave a field out

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["unit"].label = say(
            "哪个单位的领导干部（含未另行规定的下级）",
            "Leaders of which unit, and of those below it without one of their own",
        )
        self.fields["body"].label = say("归谁管理", "Answer to")
