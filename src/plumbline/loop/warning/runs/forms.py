"""What is said when a run is asked for."""

from __future__ import annotations

from django import forms

from plumbline.bilingual import say


class AskForm(forms.Form):
    reason = forms.CharField(label=say("为何现在运行", "Why it is run now"), max_length=500)


class AcceptForm(forms.Form):
    reason = forms.CharField(
        label=say("放行的理由", "Why it is let in"), max_length=500,
        help_text=say("查过什么，为什么这次不在预期之内", "what was looked into, and why it is outside this time"),
    )  # fmt: skip


class CompareForm(forms.Form):
    before = forms.IntegerField(label=say("前一次", "The earlier"), min_value=1)
    after = forms.IntegerField(label=say("后一次", "The later"), min_value=1)
