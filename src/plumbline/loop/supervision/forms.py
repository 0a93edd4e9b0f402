"""What each act on a model, a sample, an exception or a budget asks."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.org.models import Unit, User
from plumbline.org.queries import visible_units


class ReasonForm(forms.Form):
    """Why; some acts need no reason."""

    reason = forms.CharField(
        label=say("理由", "Reason"), required=False, max_length=2000,
        widget=forms.Textarea({"rows": 2}),
    )  # fmt: skip


class SubjectForm(forms.Form):
    """Whom a model is tried on, and what for."""

    subject = forms.CharField(
        label=say("对象（证件号、信用代码或模型所查的编号）", "Subject (number, credit code, or what the model goes by)"),
        max_length=100, widget=forms.TextInput({"autocomplete": "off", "spellcheck": "false"}),
    )  # fmt: skip
    purpose = forms.CharField(label=say("用途", "Purpose"), max_length=500)
    case = forms.CharField(label=say("案卷号", "Number of the file"), max_length=100)


class ProposeForm(ReasonForm):
    without_samples = forms.BooleanField(
        label=say(
            "在别处用过，样本已在那里核实", "In force elsewhere, its samples were verified there"
        ),
        required=False,
    )


class DrawForm(forms.Form):
    n = forms.IntegerField(
        label=say("抽几件", "How many"), min_value=1, max_value=200, initial=10
    )  # fmt: skip


class VerifyForm(forms.Form):
    confirmed = forms.TypedChoiceField(
        label=say("是否确有其事", "Is there really something?"), widget=forms.RadioSelect,
        choices=[("yes", say("是", "Yes")), ("no", say("否", "No"))], coerce=lambda said: said == "yes",
    )  # fmt: skip
    note = forms.CharField(
        label=say("核实了什么", "What you looked at"), max_length=5000,
        widget=forms.Textarea({"rows": 4}),
    )  # fmt: skip


class BudgetForm(forms.Form):
    unit = forms.ModelChoiceField(Unit.objects.none(), label=say("单位", "Unit"))
    per_week = forms.IntegerField(label=say("每周条数", "Warnings a week"), min_value=0)
    reason = forms.CharField(label=say("理由", "Reason"), max_length=1000)

    def __init__(self, user: User, on: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        unit = self.fields["unit"]
        assert isinstance(unit, forms.ModelChoiceField)
        unit.queryset = visible_units(user, on).order_by("path")
