"""Who sees runs, asks for one, and lets in what one held back."""

from __future__ import annotations

from datetime import date

from plumbline.errors import Text
from plumbline.loop.supervision.policy import READING
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding, NotYoursError, rights_of

#: Action -> roles. A result outside what its model expects is let in by whoever approves models.
MAY: dict[str, tuple[Role, ...]] = {
    "see": READING,
    "ask": (Role.DATA_MANAGER, Role.MODEL_APPROVER, Role.OFFICE_HEAD),
    "accept": (Role.MODEL_APPROVER,),
}


def may(action: str, user: User, on: date) -> bool:
    return rights_of(user, on).has(*MAY[action])


def right_to(action: str, user: User, on: date) -> Holding:
    """By which right somebody acts.

    Raises:
        NotYoursError: they have none.
    """
    held = rights_of(user, on).holding(*MAY[action])
    if held is None:
        raise NotYoursError(Text("这不是您的职责", "this is not your part"), where=f"run.{action}")
    return held
