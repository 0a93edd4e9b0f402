"""What somebody says of a program that is to act for them."""

from __future__ import annotations

from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.web.programs.models import Scope
from plumbline.web.programs.queries import nouns


class TokenForm(forms.Form):
    name = forms.CharField(
        label=say("程序名称", "The program"), max_length=100,
        help_text=say("例如“市民政局报送程序”", "such as 'deliveries of the civil affairs bureau'"),
    )  # fmt: skip
    scopes = forms.MultipleChoiceField(
        label=say("允许它", "It may"), choices=Scope.choices, widget=forms.CheckboxSelectMultiple
    )
    ends_on = forms.DateField(
        label=say("有效至", "Good until"), widget=forms.DateInput({"type": "date"}),
        help_text=say("最长一年", "a year at most"),
    )  # fmt: skip


class SubscriptionForm(forms.Form):
    name = forms.CharField(label=say("接收方", "Who is told"), max_length=100)
    address = forms.URLField(label=say("地址", "Address"), max_length=500, assume_scheme="https")
    nouns = forms.MultipleChoiceField(
        label=say("通知什么", "Of what"), widget=forms.CheckboxSelectMultiple
    )

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **{"auto_id": "told_%s", **kwargs})
        self.fields["nouns"].choices = nouns()  # type: ignore[attr-defined]
