"""How the list is narrowed, and what is asked before personal data is shown or a subject is excepted."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.models import Level, Standing
from plumbline.org.models import Unit, User
from plumbline.org.queries import visible_units


class FilterForm(forms.Form):
    """Narrows the list; a value that is none narrows nothing."""

    words = forms.CharField(label=say("搜索", "Search"), required=False, max_length=100)
    level = forms.ChoiceField(label=say("级别", "Level"), required=False)
    model = forms.ChoiceField(label=say("模型", "Model"), required=False)
    unit = forms.ModelChoiceField(Unit.objects.none(), label=say("单位", "Unit"), required=False)
    region = forms.CharField(
        label=say("地区代码", "Region code"), required=False, max_length=6,
        widget=forms.TextInput({"placeholder": say("地区代码", "Region code"), "size": 8}),
    )  # fmt: skip
    standing = forms.ChoiceField(label=say("证据", "Evidence"), required=False)
    waiting = forms.BooleanField(label=say("排队中", "Waiting"), required=False)

    def __init__(self, data: Any, user: User, on: date) -> None:
        super().__init__(data)
        names = {v.model: v.name for v in ModelVersion.objects.filter(current=True)}
        for field, everything, choices in (
            ("level", say("全部级别", "All levels"), list(Level.choices)),
            (
                "model",
                say("全部模型", "All models"),
                sorted(names.items(), key=lambda each: each[1]),
            ),
            ("standing", say("证据不限", "Any evidence"), list(Standing.choices)),
        ):
            chooser = self.fields[field]
            assert isinstance(chooser, forms.ChoiceField)
            chooser.choices = [("", everything), *choices]
        unit = self.fields["unit"]
        assert isinstance(unit, forms.ModelChoiceField)
        unit.queryset = visible_units(user, on).order_by("path")
        unit.empty_label = str(say("全部单位", "All units"))


class ReadingForm(forms.Form):
    """Which columns somebody needs to see in clear, and why."""

    columns = forms.MultipleChoiceField(
        label=say("要查看的栏目", "Columns to see"), widget=forms.CheckboxSelectMultiple
    )
    case = forms.CharField(label=say("案卷号", "Number of the file"), max_length=100)
    purpose = forms.CharField(
        label=say("用途", "Purpose"), max_length=500, widget=forms.Textarea({"rows": 2}),
        help_text=say("看三十分钟；谁在何时为何看过，都会留痕", "for half an hour; who looked, when and why is on the trail"),
    )  # fmt: skip

    def __init__(self, columns: Sequence[tuple[str, str]], data: Any = None) -> None:
        super().__init__(data)
        chooser = self.fields["columns"]
        assert isinstance(chooser, forms.MultipleChoiceField)
        chooser.choices = list(columns)

    @property
    def asked(self) -> dict[str, Any]:
        """What was sent, as `actions.unmask` takes it."""
        said = self.cleaned_data
        return {"fields": said["columns"], "purpose": said["purpose"], "case": said["case"]}


class ExceptingForm(forms.Form):
    """That a model shall warn no more about one subject until a day."""

    every = forms.BooleanField(
        label=say("所有模型，不只是这一个", "Every model, not only this one"), required=False
    )
    starts_on = forms.DateField(
        label=say("自", "From"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    ends_on = forms.DateField(
        label=say("至", "Until"), widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d")
    )
    reason = forms.CharField(
        label=say("理由", "Reason"), max_length=2000, widget=forms.Textarea({"rows": 3})
    )
