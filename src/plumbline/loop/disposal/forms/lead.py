"""What case management fills in about leads."""

from __future__ import annotations

from typing import Any

from django import forms
from django.db.models import QuerySet

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.loop.disposal.actions.lead import Told
from plumbline.loop.disposal.models import Lead
from plumbline.loop.disposal.queries.ledger import COLUMNS
from plumbline.org.models import SupervisionBody, Unit
from plumbline.org.policy import citizen_number, person_digest

#: A ledger of leads is a small file.
MOST_BYTES = 20 * 1024 * 1024


def _long(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=20_000, help_text=help_text,
        widget=forms.Textarea({"rows": 5}),
    )  # fmt: skip


def _reason(*, required: bool = True) -> forms.CharField:
    return forms.CharField(label=say("理由", "Reason"), required=required, max_length=1000)


class KeepingForm(forms.Form):
    """Offers the bodies whose case management somebody belongs to."""

    body = forms.ModelChoiceField(
        SupervisionBody.objects.none(), label=say("案件管理机构", "Case management of"), empty_label=None
    )  # fmt: skip

    def __init__(self, bodies: QuerySet[SupervisionBody], *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["body"].queryset = bodies  # type: ignore[attr-defined]


class ToldForm(KeepingForm):
    """A lead as it is received; the number becomes a digest and is not kept."""

    title = forms.CharField(label=say("标题", "Title"), max_length=200)
    text = _long(
        say("内容", "Text"),
        help_text=say("其中的身份证号会自动隐去", "citizen numbers in it are hidden"),
    )
    unit = forms.ModelChoiceField(
        Unit.objects.order_by("path"), label=say("涉及单位", "Unit"), required=False
    )
    person = forms.CharField(
        label=say("被反映人身份证号", "Citizen number of whom it is about"), required=False, max_length=40,
        help_text=say("只保存加密摘要，用于回避", "only a digest is kept, so that they and their kin stand aside"),
        widget=forms.TextInput({"autocomplete": "off"}),
    )  # fmt: skip
    informant = _long(
        say("反映人", "Informant"), required=False,
        help_text=say("只有案件管理可以看到", "case management alone sees it"),
    )  # fmt: skip

    def clean_person(self) -> str:
        said = self.cleaned_data["person"]
        if not said.strip():
            return ""
        try:
            return person_digest(citizen_number(said))
        except PlumblineError as error:
            raise forms.ValidationError(error.problem.in_(language())) from None

    def told(self) -> Told:
        data = self.cleaned_data
        return Told(data["title"], data["text"], data["unit"], data["person"], data["informant"])


class EnterForm(ToldForm):
    origin = forms.ChoiceField(
        label=say("来源", "Origin"),
        choices=[(each.value, each.label) for each in (Lead.Origin.LETTER, Lead.Origin.OTHER)],
    )


class LedgerForm(KeepingForm):
    """A file, and what its columns are called where they have unusual names."""

    file = forms.FileField(label=say("台账文件（XLSX、XLS、CSV）", "Ledger (XLSX, XLS, CSV)"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, (title, usual) in COLUMNS.items():
            self.fields[f"header_{name}"] = forms.CharField(
                label=say(f"“{title.zh}”所在列", f"Column of the {title.en}"), required=False, max_length=100,
                help_text=say(f"不填则找：{'、'.join(usual)}", f"left empty: {', '.join(usual)}"),
            )  # fmt: skip

    def clean_file(self) -> Any:
        file = self.cleaned_data["file"]
        if file.size > MOST_BYTES:
            raise forms.ValidationError(say("文件超过 20 MB", "the file is larger than 20 MB"))
        return file

    @property
    def headers(self) -> dict[str, str]:
        """What a column holds -> the header it has in this file."""
        return {n: said for n in COLUMNS if (said := self.cleaned_data[f"header_{n}"].strip())}


class WayForm(forms.Form):
    way = forms.ChoiceField(label=say("处置方式", "Way of disposal"), choices=Lead.Way.choices)
    reason = _reason(required=False)


class ChangeWayForm(WayForm):
    reason = _reason()


class ConcludeForm(forms.Form):
    result = _long(say("了结结果", "Result"))


class AssignForm(forms.Form):
    body = forms.ModelChoiceField(
        SupervisionBody.objects.order_by("name"), label=say("承办机构", "Body")
    )
    reason = _reason(required=False)


class InformantForm(forms.Form):
    reason = _reason()
