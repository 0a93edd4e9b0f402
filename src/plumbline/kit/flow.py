"""The state machine as data, and the one function that moves along it.

A flow is written down beside the model it moves:

    FLOW = Flow("warning", State, {
        "sign_for": Move(State.DISPATCHED, State.SIGNED, says="signed_for"),
        "send_back": Move({State.SIGNED, State.VERIFYING}, State.RAISED, says="sent_back", reason=True),
    })

and moved by `advance`: a conditional UPDATE whose rows are counted, the trail's row and the due rows, in one
transaction. Of two who act at once, one wins and the other is told.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from django.db import models, transaction
from django.db.models import Q
from django.utils.translation import override

from plumbline.errors import PlumblineError, Text
from plumbline.kit.clock.actions import Starting, start, stop
from plumbline.org.models import User
from plumbline.trail.actions import record

Moved = TypeVar("Moved", bound=models.Model)


class OutOfStepError(PlumblineError):
    """Somebody else acted first, or the state does not allow it; look again and decide anew."""


class ReasonMissingError(PlumblineError):
    """This move must say why."""


class Move:
    """From which states an action leads where.

    Attributes:
        says: past tense, for the trail: `signed_for` makes `warning.signed_for`.
        reason: must somebody say why?
        stops: kinds of due rows that end with it.
    """

    def __init__(
        self,
        froms: str | Iterable[str],
        to: str,
        *,
        says: str,
        reason: bool = False,
        stops: Sequence[str] = (),
    ) -> None:
        self.froms = frozenset({froms} if isinstance(froms, str) else froms)
        self.to, self.says, self.reason, self.stops = to, says, reason, tuple(stops)


@dataclass(frozen=True)
class Flow:
    """All moves of one kind of thing.

    Attributes:
        noun: what the trail calls it.
        states: every state there is.
        ends: states that nothing needs to follow.
    """

    noun: str
    states: type[models.TextChoices]
    moves: Mapping[str, Move]
    ends: frozenset[str]

    def allowed(self, state: str) -> list[str]:
        """The moves that a state allows, in the order they are written down."""
        return [name for name, move in self.moves.items() if state in move.froms]


def advance(  # noqa: PLR0913 -- all that one act consists of
    flow: Flow,
    obj: Moved,
    action: str,
    *,
    by: User | None,
    at: datetime,
    reason: str = "",
    on_behalf: User | None = None,
    provided: Q | None = None,
    starts: Sequence[Starting] = (),
    detail: Mapping[str, Any] | None = None,
    **changes: Any,
) -> Moved:
    """Move something along its flow, from the state in which whoever acts has seen it.

    Args:
        by: who acts; None where the system does.
        on_behalf: whose work a deputy does.
        provided: what else must hold of the row at the moment it is moved.
        starts: due rows that begin now.
        detail: more for the trail than the two states and the reason.
        changes: further columns to set.

    Raises:
        OutOfStepError: its state, or `provided`, no longer allows it; nothing was changed.
        ReasonMissingError: the move needs a reason.
    """
    move = flow.moves[action]
    if move.reason and not reason.strip():
        raise ReasonMissingError(Text("请写明理由", "say why"), where=f"{flow.noun}.{move.says}")
    subject = f"{flow.noun}:{obj.pk}"
    with transaction.atomic():
        before = obj.state  # type: ignore[attr-defined]
        moved = (
            type(obj)._default_manager  # noqa: SLF001 -- Django's own name for what every model has
            .filter(provided or Q(), pk=obj.pk, state=before)
            .update(state=move.to, **changes)
            if before in move.froms
            else 0
        )  # fmt: skip
        if moved != 1:
            obj.refresh_from_db()
            now = _label(flow.states(obj.state))  # type: ignore[attr-defined]
            raise OutOfStepError(
                Text(
                    f"现在是“{now.zh}”，不能这样办理", f"it is now '{now.en}', which does not allow this"
                ),
                where=subject,
                hint=Text("刷新页面，看看谁已经办过", "reload the page and see who acted"),
            )  # fmt: skip
        limits = (
            {"starts": {s.kind: s.working_days or str(s.until) for s in starts}} if starts else {}
        )
        record(
            f"{flow.noun}.{move.says}",
            subject=subject,
            by=by,
            at=at,
            reason=reason,
            on_behalf=on_behalf,
            **{"from": before, "to": move.to, **limits, **(detail or {})},
        )
        if move.stops:
            stop(subject, *move.stops, at=at)
        for each in starts:
            start(subject, each, at=at)
    obj.refresh_from_db()
    return obj


def _label(state: models.TextChoices) -> Text:
    """What a state is called, in both languages, whoever is served."""
    with override("zh-hans"):
        zh = str(state.label)
    with override("en"):
        return Text(zh, str(state.label))
