"""Which judgements somebody sees, and which wait to take effect."""

from __future__ import annotations

from datetime import date

from django.db.models import Exists, OuterRef, QuerySet

from plumbline.bilingual import say
from plumbline.loop.supervision.identity.models import Concerned, IdentityJudgement, State
from plumbline.loop.supervision.identity.policy import may_judge
from plumbline.org.models import User
from plumbline.org.policy import own_people

#: What the trail calls an act on a judgement -> what people call it.
SAYS = {
    "judgement.made": say("作出判断", "Judged"),
    "judgement.entered": say("生效", "Took effect"),
    "judgement.refused": say("未能生效", "Could not take effect"),
    "judgement.withdrawal_asked": say("要求撤回", "Withdrawal asked"),
    "judgement.dropped": say("生效前撤回", "Withdrawn before it took effect"),
    "judgement.withdrawn": say("已撤回", "Withdrawn"),
    "judgement.kept": say("未能撤回", "Could not be withdrawn"),
}


def judgements_visible_to(user: User, on: date) -> QuerySet[IdentityJudgement]:
    """All of them for who may judge, but those about themself or their kin."""
    if not may_judge(user, on):
        return IdentityJudgement.objects.none()
    own = Concerned.objects.filter(judgement=OuterRef("pk"), person__in=own_people(user, on))
    return IdentityJudgement.objects.filter(~Exists(own)).select_related("by", "withdrawn_by")


def waiting_judgements() -> QuerySet[IdentityJudgement]:
    """Those that the worker has to enter or to take back, in order."""
    waiting = IdentityJudgement.objects.filter(state__in=[State.JUDGED, State.WITHDRAWING])
    return waiting.select_related("by", "withdrawn_by").order_by("pk")


def judged_pairs() -> set[tuple[str, str]]:
    """Pairs whose judgement waits to take effect; they are not asked about meanwhile."""
    return set(IdentityJudgement.objects.filter(state=State.JUDGED).values_list("row", "other"))
