"""What was done to a lead, a clarification or a disposal, in words."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from plumbline.bilingual import language, say
from plumbline.loop.disposal.models import Disposal
from plumbline.loop.warning.models import Happening
from plumbline.org.models import User
from plumbline.trail.models import Entry

#: What the trail calls an act -> what people call it.
SAYS = {
    "lead.received": say("接收线索", "Received"),
    "lead.entered": say("手工登记", "Entered by hand"),
    "lead.imported": say("从台账导入", "Imported from a ledger"),
    "lead.assigned": say("交承办机构", "Passed on to a body"),
    "lead.disposed": say("确定处置方式", "Way of disposal decided"),
    "lead.way_changed": say("改变处置方式", "Another way taken"),
    "lead.concluded": say("了结", "Concluded"),
    "clarification.proposed": say("提出澄清", "Proposed"),
    "clarification.approved": say("同意", "Approved"),
    "clarification.refused": say("不同意", "Refused"),
    "clarification.written": say("制作澄清函", "Letter written"),
    "clarification.handed_over": say("已澄清", "The person was told"),
    "personal_data.read": say("查看", "Read"),
}


# -- of a disposal -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Event:
    """Something that happened to a disposal or its warning.

    Attributes:
        by: who did it; empty where nobody did.
        more: what else is to be said of it.
        look: `good`, `bad`, or nothing.
    """

    says: str
    at: datetime
    by: str = ""
    more: tuple[str, ...] = ()
    look: str = ""


#: What the trail calls an act on a disposal -> what people call it, and how it looks.
_DISPOSAL_SAYS: dict[str, tuple[str, str]] = {
    "disposal.dispatched": (say("分办", "Dispatched"), ""),
    "disposal.declined": (say("退回分办", "Declined"), "bad"),
    "disposal.joined": (say("加入联合办理", "Joined by others"), ""),
    "disposal.signed_for": (say("签收", "Signed for"), "good"),
    "disposal.assigned": (say("指定核查人", "Verifiers assigned"), ""),
    "disposal.step_done": (say("完成一个核查步骤", "A step done"), ""),
    "disposal.step_left_out": (say("说明不做一个步骤", "A step left out"), ""),
    "disposal.noted": (say("记了一笔", "A note"), ""),
    "disposal.attached": (say("附文件", "A file attached"), ""),
    "disposal.found": (say("添加认定", "A finding"), ""),
    "disposal.finding_withdrawn": (say("撤回认定", "A finding withdrawn"), "bad"),
    "disposal.findings_signed": (say("在认定上签字", "Findings signed"), "good"),
    "disposal.reported": (say("提交报告", "Reported"), "good"),
    "disposal.approved": (say("审核同意", "Approved"), "good"),
    "disposal.sent_back": (say("退回核查", "Sent back"), "bad"),
    "disposal.closed": (say("办结", "Closed"), "good"),
    "disposal.reopened": (say("重新办理", "Reopened"), "bad"),
    "disposal.letter_written": (say("制作移送函", "Letter written"), ""),
    "deadline.extended": (say("延期", "Extended"), ""),
    "deadline.paused": (say("暂停计时", "Clock paused"), ""),
    "deadline.resumed": (say("恢复计时", "Clock resumed"), ""),
    "request.asked": (say("请单位答复", "Unit asked"), ""),
    "request.answered": (say("单位答复", "Unit answered"), "good"),
    "personal_data.read": (say("查看明文", "Saw data in clear"), ""),
}
_HAPPENED = {Happening.Kind.WITHDRAWN: "bad", Happening.Kind.RAISED: "bad"}
_MOST = 80


def events(disposal: Disposal) -> list[Event]:
    """What runs changed and what people did, the newest first."""
    subjects = [f"disposal:{disposal.pk}"]
    subjects += [f"request:{pk}" for pk in disposal.requests.values_list("pk", flat=True)]
    entries = list(
        Entry.objects.filter(subject__in=subjects, action__in=_DISPOSAL_SAYS)
        .order_by("-pk")[:_MOST]
    )  # fmt: skip
    names = dict(
        User.objects.filter(username__in={each.actor for each in entries}).values_list("username", "name")
    )  # fmt: skip
    done = [
        Event(
            _DISPOSAL_SAYS[each.action][0], each.at, names.get(each.actor, say("系统", "the system")),
            (each.reason,) if each.reason else (), _DISPOSAL_SAYS[each.action][1],
        )
        for each in entries
    ]  # fmt: skip
    happened = [
        Event(
            str(each.get_kind_display()), each.at, more=tuple(each.detail.get(language(), ())),
            look=_HAPPENED.get(Happening.Kind(each.kind), ""),
        )
        for each in disposal.warning.happenings.order_by("pk")
    ]  # fmt: skip
    return sorted([*done, *happened], key=lambda event: event.at, reverse=True)
