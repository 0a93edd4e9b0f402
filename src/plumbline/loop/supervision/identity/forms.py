"""What is said of a pair."""

from __future__ import annotations

from django import forms

from plumbline.bilingual import say
from plumbline.loop.supervision.identity.models import Verdict


class JudgeForm(forms.Form):
    verdict = forms.ChoiceField(choices=Verdict.choices)
    reason = forms.CharField(
        label=say("依据", "What it is based on"), max_length=1000,
        widget=forms.Textarea({"rows": 2}),
        help_text=say("查过什么、看到什么；不要写证件号码", "what was looked up and found; no identity numbers, please"),
    )  # fmt: skip


class WithdrawForm(forms.Form):
    reason = forms.CharField(label=say("撤回的理由", "Why it is withdrawn"), max_length=1000)
