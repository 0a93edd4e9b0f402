"""What can be done on each page: the words of the button, the form, and the action that is called."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.shortcuts import get_object_or_404

from plumbline.bilingual import say
from plumbline.loop.closure import tasks
from plumbline.loop.closure.actions import (
    campaign,
    mechanism,
    problem,
    recommendation,
    rectification,
)
from plumbline.loop.closure.forms import acts as forms
from plumbline.loop.closure.models import Campaign, CampaignItem, Mechanism
from plumbline.org.models import User


@dataclass(frozen=True)
class Act:
    """One thing that can be done."""

    says: str
    form: type[forms.ActForm]
    do: Callable[..., object]
    look: str = ""


def _settle(of: Campaign, *, item: int, result: str, **said: Any) -> object:
    line = get_object_or_404(CampaignItem, campaign=of, number=item)
    return campaign.settle_item(line, result=CampaignItem.Result(result), **said)


def _reopen(of: Campaign, *, item: int, **said: Any) -> object:
    return campaign.reopen_item(get_object_or_404(CampaignItem, campaign=of, number=item), **said)


def _measure(of: Mechanism, *, by: User, at: datetime) -> object:
    """Counting reads whole registers, so the worker does it."""
    return tasks.measure_effect.enqueue(of.pk, by.pk, at.isoformat())


_LETTER = Act(
    say("提出建议或提醒函", "Propose a letter"),
    forms.LetterForm,
    recommendation.propose_recommendation,
)
_ASK = Act(say("要求整改", "Ask for rectification"), forms.AskForm, rectification.ask_rectification)
_RULE = Act(
    say("登记制度机制", "Record a mechanism"), forms.MechanismForm, mechanism.record_mechanism
)

#: Noun -> act -> what it is.
ACTS: Mapping[str, Mapping[str, Act]] = {
    "problem": {
        "accept": Act(say("认定", "Accept"), forms.AcceptProblemForm, problem.accept, "primary"),
        "dismiss": Act(say("不认定", "Dismiss"), forms.ReasonForm, problem.dismiss),
        "start_campaign": Act(
            say("开展专项治理", "Start a campaign"), forms.CampaignForm, campaign.start_campaign, "primary"
        ),
        "propose_recommendation": _LETTER,
        "record_mechanism": _RULE,
        "solve": Act(say("问题已解决", "Solved"), forms.ReasonForm, problem.solve),
        "take_up_again": Act(say("重新认定", "Take up again"), forms.ReasonForm, problem.take_up_again),
    },
    "disposal": {
        "propose_recommendation": _LETTER, "ask_rectification": _ASK, "record_mechanism": _RULE,
    },
    "campaign": {
        "settle_item": Act(say("办结", "Settle"), forms.SettleForm, _settle),
        "reopen_item": Act(say("退回", "Put back"), forms.ReopenItemForm, _reopen),
        "add_items": Act(say("增加清单", "Add to the list"), forms.LinesForm, campaign.add_items),
        "ask_rectification": _ASK,
        "accept": Act(say("验收", "Accept"), forms.ReasonForm, campaign.accept_campaign, "primary"),
        "resume": Act(say("继续治理", "Resume"), forms.ResumeForm, campaign.resume_campaign),
    },
    "recommendation": {
        "approve": Act(
            say("同意", "Approve"), forms.PlainForm, recommendation.approve_recommendation, "primary"
        ),
        "refuse": Act(say("不同意", "Refuse"), forms.ReasonForm, recommendation.refuse_recommendation),
        "propose_again": Act(
            say("修改后再提出", "Propose again"), forms.ProposeAgainForm, recommendation.propose_again, "primary"
        ),
        "send": Act(say("编号发出", "Number and send"), forms.PlainForm, recommendation.send, "primary"),
        "follow_up": Act(say("记录跟踪", "Follow up"), forms.FollowUpForm, recommendation.follow_up, "primary"),
        "ask_rectification": _ASK,
        "conclude": Act(say("已落实，办结", "Conclude"), forms.ReasonForm, recommendation.conclude),
        "hand_over": Act(say("移交跟踪", "Hand over"), forms.HandOverForm, recommendation.hand_over),
    },
    "rectification": {
        "report": Act(
            say("报告整改情况", "Report"), forms.ReportForm, rectification.report_rectification, "primary"
        ),
        "accept": Act(
            say("验收销号", "Accept"), forms.AcceptForm, rectification.accept_rectification, "primary"
        ),
        "reject": Act(say("退回再整改", "Reject"), forms.RejectForm, rectification.reject_rectification),
        "look_back": Act(say("回头看", "Look back"), forms.LookBackForm, rectification.look_back, "primary"),
        "ask_again": Act(say("再次要求整改", "Ask again"), forms.RejectForm, rectification.ask_again),
    },
    "mechanism": {
        "name_model": Act(
            say("登记由此编写的模型", "Name the model written from it"), forms.ModelForm, mechanism.new_model_from
        ),
        "measure": Act(say("衡量成效", "Measure the effect"), forms.PlainForm, _measure),
    },
}  # fmt: skip

#: These stand beside the line they are about, not among the acts of the page.
INLINE = frozenset({"settle_item", "reopen_item"})
