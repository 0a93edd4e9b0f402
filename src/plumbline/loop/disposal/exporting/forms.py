"""What is said when a list is asked for, or is not let go."""

from __future__ import annotations

from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.loop.disposal.exporting.models import Form


class AskForm(forms.Form):
    form = forms.ChoiceField(label=say("格式", "Format"), choices=Form.choices, initial=Form.XLSX)
    in_clear = forms.BooleanField(
        label=say("写明对象的姓名和号码（须另外两人批准）", "With the subjects' names and numbers (two others approve)"),
        required=False,
    )  # fmt: skip
    case = forms.CharField(
        label=say("案卷号", "Number of the file"), required=False, max_length=100,
        help_text=say("写明姓名和号码时必填", "needed with names and numbers"),
    )  # fmt: skip
    purpose = forms.CharField(
        label=say("用途", "Purpose"), required=False, max_length=500, widget=forms.Textarea({"rows": 2}),
        help_text=say("写在文件上，也留痕；写明姓名和号码时必填", "stands on the file and on the trail; needed with names and numbers"),
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if said.get("in_clear"):
            for name in ("case", "purpose"):
                if not said.get(name):
                    self.add_error(name, str(say("请填写", "This is needed")))
        return said


class RefuseForm(forms.Form):
    reason = forms.CharField(
        label=say("为何不批准", "Why it is not let go"), max_length=500, widget=forms.Textarea({"rows": 2})
    )  # fmt: skip
