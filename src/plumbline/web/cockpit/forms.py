"""What is asked of whoever hangs a screen on a wall."""

from __future__ import annotations

from django import forms

from plumbline.bilingual import say


class ScreenForm(forms.Form):
    place = forms.CharField(label=say("挂在哪里", "Where it hangs"), max_length=100)
    ends_on = forms.DateField(
        label=say("到哪天为止", "Until"), widget=forms.DateInput({"type": "date"})
    )
