"""What departments and data managers fill in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.core.validators import RegexValidator

from plumbline.bilingual import language, say
from plumbline.loop.delivery.intake import TYPES
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


class AcceptForm(forms.Form):
    reason = forms.CharField(
        label=say("放行的理由", "Why it is let in"), max_length=1000,
        help_text=say("与部门核实过什么", "what was checked with the department"),
    )  # fmt: skip


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


class SampleForm(forms.Form):
    """A file of which a dataset is to be made."""

    file = forms.FileField(label=say("文件", "File"))


_PLAIN = RegexValidator(
    r"^[a-z][a-z0-9_]*$",
    say("只用小写英文字母、数字和下划线", "small letters, digits and underscores only"),
)


class DatasetForm(forms.Form):
    """What a dataset is, on which ground it is held, and how it is delivered."""

    title = forms.CharField(label=say("名称", "Title"), max_length=100)
    title_en = forms.CharField(
        label=say("英文名称", "Title in English"), required=False, max_length=150
    )
    name = forms.CharField(
        label=say("代号", "Short name"), max_length=60, validators=[_PLAIN],
        help_text=say("英文小写，建立后不变；模型用它", "small English letters; it never changes, and models use it"),
    )  # fmt: skip
    theme = forms.ChoiceField(label=say("归类", "Filed under"))
    department = forms.ChoiceField(label=say("报送部门", "Department"))
    legal_basis = forms.CharField(
        label=say("法律依据", "Legal basis"), max_length=500,
        help_text=say("凭哪部法律、哪一条收取", "the law and the clause by which it is held"),
    )  # fmt: skip
    purpose = forms.CharField(label=say("用途", "Purpose"), max_length=500)
    years = forms.IntegerField(
        label=say("保存年限", "Years it is kept"), min_value=1, max_value=100
    )
    every = forms.ChoiceField(label=say("报送周期", "Delivered"), choices=[
        ("day", say("每天", "daily")), ("week", say("每周", "weekly")), ("month", say("每月", "monthly")),
        ("quarter", say("每季度", "quarterly")), ("year", say("每年", "yearly")), ("once", say("只报一次", "once")),
    ])  # fmt: skip
    kind = forms.ChoiceField(label=say("每次报送", "Each time"), choices=[
        ("full", say("全部名单", "the whole list")), ("changes", say("只报新增和变动", "only what is new or changed")),
    ])  # fmt: skip
    as_of = forms.DateField(
        label=say("本文件的数据截止日期", "As-of date of this file"), input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip

    def __init__(
        self,
        departments: Sequence[str],
        themes: Sequence[tuple[str, str]],
        *args: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["department"].choices = [(n, n) for n in departments]  # type: ignore[attr-defined]
        self.fields["theme"].choices = list(themes)  # type: ignore[attr-defined]


_UNITS = ("", "元", "万元", "亿元", "分")


class ColumnForm(forms.Form):
    """One column of the file."""

    header = forms.CharField(widget=forms.HiddenInput, max_length=500, strip=False)
    name = forms.CharField(required=False, max_length=60, validators=[_PLAIN])
    type = forms.ChoiceField()
    unit = forms.ChoiceField(required=False, choices=[(u, u) for u in _UNITS])
    key = forms.BooleanField(required=False)
    required = forms.BooleanField(required=False)
    ignored = forms.BooleanField(required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        lang = language()
        self.fields["type"].choices = [(name, title.in_(lang)) for name, title in TYPES]  # type: ignore[attr-defined]
        said = say("列", "column")
        for name, label in (
            ("name", say("英文名", "English name")), ("type", say("含义", "Meaning")),
            ("unit", say("单位", "Unit")), ("key", say("区分各行", "Tells rows apart")),
            ("required", say("必填", "Required")), ("ignored", say("不要", "Leave out")),
        ):  # fmt: skip
            self.fields[name].widget.attrs["aria-label"] = f"{label} · {said} {self.prefix}"

    def clean(self) -> dict[str, Any]:
        said = super().clean() or {}
        if not said.get("ignored") and not said.get("name") and "name" not in self.errors:
            self.add_error("name", say("请起一个英文名", "give it an English name"))
        return said


Columns = forms.formset_factory(ColumnForm, extra=0)
