"""A disposal is held while somebody acts on it: its row is locked, and whoever acts has the right."""

from __future__ import annotations

from datetime import datetime

from plumbline.errors import PlumblineError, Text
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.disposal.models import Disposal, State
from plumbline.loop.disposal.policy import MAY, must
from plumbline.org.models import User
from plumbline.org.policy import NotYoursError
from plumbline.trail.numbers import without_numbers


class DisposalError(PlumblineError):
    """What was sent does not fit; it says what is missing."""


def hold(disposal: Disposal, action: str, *, by: User, at: datetime) -> User | None:
    """Lock and read the disposal again, inside a transaction, for somebody who acts on it.

    Returns:
        Whose work a deputy does; None for their own.

    Raises:
        NotYoursError: they have no right to it.
        OutOfStepError: it is in no state for this act.
    """
    try:
        lock(disposal)
    except Disposal.DoesNotExist:  # behind the database's wall
        raise NotYoursError(
            Text("这不是您的职责", "this is not your part"), where=f"disposal:{disposal.pk}"
        ) from None
    held = must(action, disposal, by=by, at=at)
    if disposal.state not in MAY[action].states:
        now = State(disposal.state).label
        raise OutOfStepError(
            Text(f"现在是“{now}”，不能这样办理", f"it is now '{now}', which does not allow this"),
            where=f"disposal:{disposal.pk}",
            hint=Text("刷新页面，看看谁已经办过", "reload the page and see who acted"),
        )
    return held.on_behalf


def lock(disposal: Disposal) -> None:
    """The row as it is now, held until the transaction ends."""
    disposal.refresh_from_db(from_queryset=Disposal.objects.select_for_update())


def refuse(disposal: Disposal, zh: str, en: str, hint: Text | None = None) -> DisposalError:
    """An error about this disposal, to be raised."""
    return DisposalError(Text(zh, en), where=f"disposal:{disposal.pk}", hint=hint)


def written(disposal: Disposal, text: str) -> str:
    """What somebody wrote, without the space around it, citizen numbers hidden: none is kept here in clear.

    Raises:
        DisposalError: nothing.
    """
    if not text.strip():
        raise refuse(disposal, "请填写内容", "write something")
    return without_numbers(text.strip())
