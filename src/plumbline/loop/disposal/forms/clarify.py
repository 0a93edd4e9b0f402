"""What is filled in to clear somebody."""

from __future__ import annotations

from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.loop.disposal.models import Clarification, Disposal
from plumbline.loop.disposal.queries.clarify import GROUNDS
from plumbline.loop.disposal.queries.disposal import findings


def _day(label: str, *, required: bool = True) -> forms.DateField:
    return forms.DateField(
        label=label, required=required, input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip


class ProposeForm(forms.Form):
    ground = forms.ChoiceField(label=say("事由", "Ground"))
    requested_on = _day(say("本人申请日期", "Asked for on"), required=False)
    text = forms.CharField(
        label=say("核查情况", "What was found"), max_length=5000, widget=forms.Textarea({"rows": 5}),
        help_text=say("写给本人看，不写其他人的姓名", "for the person to read; it names nobody else"),
    )  # fmt: skip

    def __init__(self, disposal: Disposal, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        held = findings(disposal)
        self.fields["ground"].choices = [  # type: ignore[attr-defined]
            (each.value, each.label) for each in Clarification.Ground if GROUNDS[each] in held
        ]


class ApproveForm(forms.Form):
    number = forms.CharField(label=say("发文字号", "Number of the letter"), required=False, max_length=60)  # fmt: skip


class RefuseForm(forms.Form):
    reason = forms.CharField(label=say("不同意的理由", "Why not"), max_length=1000)


class LetterForm(forms.Form):
    name = forms.CharField(
        label=say("本人姓名", "The person's name"), max_length=60,
        help_text=say("只写入函件，不另保存；制作会记入留痕", "it stands in the letter alone; that it was made is on the trail"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip


class HandOverForm(forms.Form):
    form = forms.ChoiceField(label=say("澄清方式", "Told how"), choices=Clarification.Form.choices)
    on = _day(say("澄清日期", "Told on"))
