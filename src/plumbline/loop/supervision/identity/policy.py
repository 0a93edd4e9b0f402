"""Who judges who is who: data managers, and never about themself or their kin.

Not those who verify warnings: whether two rows are one person decides what a warning rests on, and whoever works the
warning should not settle that as well.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from datetime import date

from plumbline.errors import Text
from plumbline.org.models import Role, User
from plumbline.org.policy import Holding, NotYoursError, own_people, rights_of

JUDGING = (Role.DATA_MANAGER,)


def may_judge(user: User, on: date) -> bool:
    return rights_of(user, on).has(*JUDGING)


def right_to_judge(user: User, people: AbstractSet[str], on: date) -> Holding:
    """By which right somebody judges a pair.

    Args:
        people: digests of whom the pair is about.

    Raises:
        NotYoursError: they manage no data, or are concerned.
    """
    held = rights_of(user, on).holding(*JUDGING)
    if held is None or own_people(user, on) & people:
        raise NotYoursError(
            Text("身份判断由数据管理员作出，涉及本人及亲属的除外", "data managers judge, and nobody about themself or their kin"),
            where="identity",
        )  # fmt: skip
    return held
