"""What administrators and account owners fill in."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.org.models import (
    ADMINISTRATORS,
    UNIT_ROLES,
    BodyKind,
    Role,
    SupervisionBody,
    Unit,
    User,
)

_NUMBER = {"autocomplete": "off", "spellcheck": "false"}


def _day(label: str, *, required: bool = True) -> forms.DateField:
    # The browser's own calendar sends ISO dates, whatever language the page is in.
    return forms.DateField(
        label=label, required=required, input_formats=["%Y-%m-%d"],
        widget=forms.DateInput(format="%Y-%m-%d", attrs={"type": "date"}),
    )  # fmt: skip


def _reason() -> forms.CharField:
    return forms.CharField(label=say("理由", "Reason"), max_length=500)


def _number(*, required: bool = True) -> forms.CharField:
    return forms.CharField(
        label=say("公民身份号码", "Citizen number"), max_length=40, required=required,
        widget=forms.TextInput(attrs=_NUMBER),
        help_text=say("只保存加密摘要，不保存号码", "only a keyed digest is kept, not the number"),
    )  # fmt: skip


def _units(label: str, *, required: bool = True, empty: str = "") -> Any:
    return forms.ModelChoiceField(
        Unit.objects.order_by("path"), label=label, required=required, empty_label=empty or "---"
    )


def _bodies(label: str, *, required: bool = True) -> Any:
    return forms.ModelChoiceField(
        SupervisionBody.objects.order_by("name"), label=label, required=required
    )


class UnitForm(forms.Form):
    name = forms.CharField(label=say("名称", "Name"), max_length=200)
    above = _units(say("上级单位", "Above it"), required=False)
    region = forms.RegexField(
        r"^\d{6}$", label=say("行政区划代码", "Region code"), required=False,
        help_text=say("六位，GB/T 2260", "six digits, GB/T 2260"),
    )  # fmt: skip
    sector = forms.CharField(
        label=say("领域", "Sector"), max_length=40, required=False,
        help_text=say("与数据集的主题同名，如 honours", "as datasets name their theme, such as honours"),
    )  # fmt: skip


class RenameForm(forms.Form):
    name = forms.CharField(label=say("新名称", "New name"), max_length=200)
    reason = _reason()


class MoveForm(forms.Form):
    above = _units(say("移到", "Move below"), required=False, empty=say("（顶层）", "(the top)"))
    reason = _reason()


class HeadForm(forms.Form):
    head = forms.ModelChoiceField(
        User.objects.filter(is_active=True).order_by("name"), label=say("负责人", "Head"), required=False
    )  # fmt: skip


class BodyForm(forms.Form):
    name = forms.CharField(label=say("名称", "Name"), max_length=200)
    kind = forms.ChoiceField(label=say("类别", "Kind"), choices=BodyKind)
    above = _bodies(say("上级机构", "Above it"), required=False)


class OversightForm(forms.Form):
    body = _bodies(say("监督机构", "Body"))
    unit = _units(say("监督单位（含下级）", "Unit, with all below it"))
    sector = forms.CharField(
        label=say("领域（空为全部）", "Sector (empty: all)"), max_length=40, required=False
    )
    starts_on = _day(say("起日", "From"))
    ends_on = _day(say("止日", "To"), required=False)


class EndForm(forms.Form):
    ends_on = _day(say("最后一日", "Last day"))
    reason = _reason()


class UserForm(forms.Form):
    username = forms.RegexField(
        r"^[A-Za-z0-9][A-Za-z0-9._-]*$", label=say("登录名", "Sign-in name"), max_length=150
    )
    name = forms.CharField(label=say("姓名", "Name"), max_length=100)
    unit = _units(say("所在单位", "Works at"), required=False)
    number = _number(required=False)


class PersonForm(forms.Form):
    number = _number()
    reason = forms.CharField(
        label=say("更正理由", "Reason, if it is corrected"), max_length=500, required=False
    )


class OwnPersonForm(forms.Form):
    number = _number()


class ReasonForm(forms.Form):
    reason = _reason()


class GrantForm(forms.Form):
    role = forms.ChoiceField(label=say("角色", "Role"), choices=Role)
    body = _bodies(say("在监督机构", "In a body"), required=False)
    unit = _units(say("或在单位", "Or in a unit"), required=False)
    starts_on = _day(say("起日", "From"))
    ends_on = _day(say("止日", "To"), required=False)
    reason = _reason()

    def clean_role(self) -> Role:
        return Role(self.cleaned_data["role"])

    def clean(self) -> dict[str, Any]:
        fields = super().clean() or {}
        role = fields.get("role")
        wanted = (
            None if role is None or role in ADMINISTRATORS
            else "unit" if role in UNIT_ROLES else "body"
        )  # fmt: skip
        if wanted and not fields.get(wanted):
            self.add_error(wanted, say("这个角色要写明在哪里", "this role needs a place"))
        return fields


class DelegationForm(forms.Form):
    deputy = forms.ModelChoiceField(User.objects.none(), label=say("代理人", "Deputy"))
    starts_on = _day(say("起日", "From"))
    ends_on = _day(say("止日", "To"))
    reason = _reason()

    def __init__(self, *args: Any, deputies: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["deputy"].queryset = deputies  # type: ignore[attr-defined]


class KinForm(forms.Form):
    relation = forms.CharField(
        label=say("关系", "Relation"), max_length=40,
        help_text=say("如：配偶、子女、兄弟", "such as spouse, child, brother"),
    )  # fmt: skip
    number = _number()


def today_first(day: date) -> dict[str, str]:
    """What a period begins with before anybody typed."""
    return {"starts_on": day.isoformat()}
