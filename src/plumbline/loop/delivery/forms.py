"""What departments and data managers fill in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.loop.delivery.models import Upload


def _long(label: str, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, max_length=5000, help_text=help_text, widget=forms.Textarea({"rows": 4})
    )


class AnswerForm(forms.Form):
    text = _long(
        say("核对结果", "What you found"),
        say("已更正的写明何时重新报送；数据无误的写明理由", "say when the corrected data is delivered, or why it is correct"),
    )  # fmt: skip


class ReasonForm(forms.Form):
    reason = forms.CharField(label=say("理由", "Reason"), max_length=1000)


class ResolveForm(forms.Form):
    reason = forms.CharField(label=say("说明", "Remark"), required=False, max_length=1000)


class UploadForm(forms.Form):
    """A file for a dataset of one's own."""

    dataset = forms.ChoiceField(label=say("数据集", "Dataset"))
    kind = forms.ChoiceField(
        label=say("内容", "What it is"), choices=Upload.Kind.choices, initial=Upload.Kind.DELIVERY
    )
    file = forms.FileField(label=say("文件", "File"))
    as_of = forms.DateField(
        label=say("数据截止日期", "As-of date"), required=False, input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
        help_text=say("文件名里已写明日期的不必填", "not needed where the file's name says it"),
    )  # fmt: skip

    def __init__(self, datasets: Sequence[tuple[str, str]], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["dataset"].choices = list(datasets)  # type: ignore[attr-defined]
