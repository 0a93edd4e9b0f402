"""What a letter of a disposal still needs."""

from __future__ import annotations

from django import forms

from plumbline.bilingual import say
from plumbline.org.models import Unit


class TransferForm(forms.Form):
    unit = forms.ModelChoiceField(Unit.objects.order_by("path"), label=say("主送单位", "To"))
    matter = forms.CharField(
        label=say("事项", "Matter"), max_length=100,
        help_text=say("标题为“关于……的转办函”", "the title reads 'about ...'"),
    )  # fmt: skip
    basis = forms.CharField(
        label=say("依据", "Basis"), max_length=2000, widget=forms.Textarea({"rows": 3})
    )
