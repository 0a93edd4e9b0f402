"""Who sees the figures of which units, and to whom small counts are not told."""

from __future__ import annotations

from datetime import date

from plumbline.errors import Text
from plumbline.loop.warning.models import OVERSEEING
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding, NotYoursError, Rights, rights_of

#: Figures of the units that their bodies, and those below, supervise.
READING = (*OVERSEEING, Role.STATISTICIAN)
#: Who may hang a screen on a wall.
_SCREENS = (Role.OFFICE_HEAD, Role.STANDING_MEMBER, Role.SECRETARY)


def may_read(rights: Rights) -> bool:
    return rights.has(*READING)


def sees_rows(rights: Rights) -> bool:
    """Do they also see the warnings behind the figures? Who only counts does not, nor any small count."""
    return rights.has(*OVERSEEING)


def may_set_up(user: User, on: date) -> bool:
    return rights_of(user, on).has(*_SCREENS)


def must_set_up(user: User, on: date) -> Holding:
    """By which right somebody sets up or ends a wall screen.

    Raises:
        NotYoursError: they have none.
    """
    holding = rights_of(user, on).holding(*_SCREENS)
    if holding is None:
        raise NotYoursError(Text("这不是您的职责", "this is not your part"), where="wall screen")
    return holding
