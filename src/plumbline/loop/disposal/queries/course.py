"""What was done to a lead or a clarification, in words, the newest first."""

from __future__ import annotations

from plumbline.bilingual import say
from plumbline.trail.models import Entry

_SHOWN = 50
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


def course(subject: str) -> list[tuple[str, Entry]]:
    """The acts on a subject, as the trail names it; each in words."""
    entries = Entry.objects.filter(subject=subject).order_by("-pk")[:_SHOWN]
    return [(SAYS.get(entry.action, entry.action), entry) for entry in entries]
