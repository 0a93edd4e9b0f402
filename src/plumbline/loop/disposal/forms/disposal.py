"""One small form for each act on a disposal; what it offers is what whoever acts can choose."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any, cast

from django import forms
from django.db.models import QuerySet

from plumbline.bilingual import say
from plumbline.kit.filekind import ENDINGS
from plumbline.loop.disposal.models import FINDINGS, Disposal, Finding, Request
from plumbline.loop.disposal.policy import ANSWERING, able_bodies, can_verify
from plumbline.loop.disposal.queries.disposal import found
from plumbline.loop.disposal.queries.route import route
from plumbline.org.models import Grant, SupervisionBody, Unit, User

_LONG = 5000


def _text(label: str, *, required: bool = True, help_text: str = "") -> forms.CharField:
    return forms.CharField(
        label=label,
        required=required,
        max_length=_LONG,
        help_text=help_text,
        widget=forms.Textarea({"rows": 3}),
    )


def _reason(*, required: bool = True) -> forms.CharField:
    return forms.CharField(label=say("理由", "Reason"), required=required, max_length=1000)


class ActForm(forms.Form):
    """What an act needs; `disposal` and `on` say what can be chosen."""

    def __init__(self, disposal: Disposal, on: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.disposal, self.on = disposal, on
        self.offer()

    def offer(self) -> None:
        """Fill in what can be chosen."""

    def _choose(self, rows: QuerySet[Any], *fields: str) -> None:
        """These rows are what the fields offer."""
        for name in fields:
            cast("forms.ModelChoiceField[Any]", self.fields[name]).queryset = rows


class SignForForm(ActForm):
    """Nothing but the act itself; so are resuming and the like."""


class DispatchForm(ActForm):
    body = forms.ModelChoiceField(SupervisionBody.objects.none(), label=say("承办机构", "Body"))
    joint = forms.ModelMultipleChoiceField(
        SupervisionBody.objects.none(), label=say("联合办理", "Worked jointly with"), required=False,
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    reason = _reason(required=False)

    def offer(self) -> None:
        able = {body.pk for body in able_bodies(self.disposal, self.on)}
        self._choose(SupervisionBody.objects.filter(pk__in=able).order_by("name"), "body", "joint")
        if proposal := route(self.disposal, self.on):
            self.initial.setdefault("body", proposal.body)
            self.initial.setdefault("joint", proposal.joint)


class JoinForm(ActForm):
    bodies = forms.ModelMultipleChoiceField(
        SupervisionBody.objects.none(), label=say("加入的机构", "Bodies that join"),
        widget=forms.CheckboxSelectMultiple,
    )  # fmt: skip
    reason = _reason(required=False)

    def offer(self) -> None:
        there = {self.disposal.body_id, *self.disposal.joint.values_list("pk", flat=True)}
        able = {body.pk for body in able_bodies(self.disposal, self.on)} - there
        self._choose(SupervisionBody.objects.filter(pk__in=able).order_by("name"), "bodies")


class ReasonForm(ActForm):
    reason = _reason()


class AssignForm(ActForm):
    first = forms.ModelChoiceField(User.objects.none(), label=say("核查人一", "First verifier"))
    second = forms.ModelChoiceField(User.objects.none(), label=say("核查人二", "Second verifier"))
    reason = _reason(required=False)

    def offer(self) -> None:
        able = [user.pk for user in can_verify(self.disposal, self.on)]
        people = User.objects.filter(pk__in=able).order_by("name", "pk")
        self._choose(people, "first", "second")


class StepForm(ActForm):
    step = forms.IntegerField(widget=forms.HiddenInput)
    finding = _text(say("查明情况，或不做的理由", "What it brought, or why it is left out"))
    left_out = forms.BooleanField(label=say("这一步不做", "Left out"), required=False)


class NoteForm(ActForm):
    text = _text(say("记录", "Note"))


class AttachForm(ActForm):
    file = forms.FileField(
        label=say("文件", "File"),
        widget=forms.FileInput({"accept": ",".join(ENDINGS)}),
        help_text=say("PDF、OFD、图片、Word、Excel、文本；不超过 50 MB",
                      "PDF, OFD, pictures, Word, Excel, text; 50 MB at most"),
    )  # fmt: skip


class AskForm(ActForm):
    kind = Request.Kind.DATA
    unit = forms.ModelChoiceField(Unit.objects.none(), label=say("单位", "Unit"))
    question = _text(
        say("问题", "Question"),
        help_text=say("对方看不到预警本身；不要写出举报人和无关的个人信息",
                      "they do not see the warning; name no informant and nobody who does not matter"),
    )  # fmt: skip

    def offer(self) -> None:
        granted = Grant.objects.on(self.on).filter(role__in=ANSWERING[self.kind]).values("unit")
        units = Unit.objects.filter(pk__in=granted).order_by("path")
        self._choose(units, "unit")
        self.initial.setdefault("unit", self.disposal.warning.unit)


class AskReplyForm(AskForm):
    kind = Request.Kind.REPLY


class _AnyOf(forms.MultipleChoiceField):
    """Rows as they were offered when the page was made; the action checks them."""

    def valid_value(self, value: str) -> bool:
        return bool(value)


class FindForm(ActForm):
    finding = forms.ChoiceField(
        label=say("认定", "Finding"),
        choices=[
            (aspect.label, [(each.value, each.label) for each in findings])
            for aspect, findings in FINDINGS.items()
        ],
    )
    note = _text(
        say("说明", "Note"), required=False,
        help_text=say("转问题线索时，请写明线索内容；数据问题的说明会发给报送部门，不要写出当事人",
                      "for a lead, say what it is; of a fault of the data, the department reads it: name nobody"),
    )  # fmt: skip
    dataset = forms.CharField(
        label=say("有问题的数据集", "Dataset at fault"), required=False, max_length=100,
        help_text=say("数据过时、有误或缺失时填写", "where data are stale, wrong or missing"),
    )  # fmt: skip
    rows = _AnyOf(
        label=say("有问题的行", "Rows in question"), required=False, widget=forms.CheckboxSelectMultiple,
        help_text=say("数据有误的行，或说的是别人的行", "rows that are wrong, or about somebody else"),
    )  # fmt: skip

    def offer_rows(self, rows: Sequence[tuple[str, str]]) -> None:
        """Rows of the evidence: name and words."""
        self.fields["rows"].choices = rows  # type: ignore[attr-defined]
        if not rows:
            del self.fields["rows"]

    def clean_finding(self) -> Finding:
        return Finding(self.cleaned_data["finding"])


class WithdrawFindingForm(ActForm):
    outcome = forms.IntegerField(widget=forms.HiddenInput)
    reason = _reason()


class SignForm(ActForm):
    seen = forms.CharField(widget=forms.HiddenInput, required=False)

    def offer(self) -> None:
        held = found(self.disposal).values_list("pk", flat=True)
        self.initial.setdefault("seen", ",".join(str(pk) for pk in held))

    def clean_seen(self) -> set[int]:
        return {int(pk) for pk in self.cleaned_data["seen"].split(",") if pk.isdecimal()}


class ReportForm(ActForm):
    summary = _text(say("核查报告", "Report"))
    no_reply = _text(
        say("未听取说明的理由", "Why nobody was heard"), required=False,
        help_text=say("仅在认定违纪违法而未听取本人或单位说明时填写",
                      "only where a breach is found and nobody concerned was heard"),
    )  # fmt: skip


class _OfReport(ActForm):
    """About the report that was read: of a later one, nothing is decided."""

    report = forms.IntegerField(widget=forms.HiddenInput)

    def offer(self) -> None:
        self.initial.setdefault("report", self.disposal.reports)


class ApproveForm(_OfReport):
    opinion = _text(say("审核意见", "Opinion"), required=False)


class SendBackForm(_OfReport):
    opinion = _text(say("退回理由和要求", "Why, and what is to be done"))


class ExtendForm(ActForm):
    working_days = forms.IntegerField(
        label=say("延长的工作日", "More working days"), min_value=1, max_value=60
    )
    reason = _reason()


class PauseForm(ActForm):
    document = forms.CharField(label=say("依据文号", "Number of the document"), max_length=200)
    reason = _reason()


class AnswerForm(forms.Form):
    """What a unit answers; files are handed in with it."""

    text = _text(say("答复", "Answer"))
    file = forms.FileField(label=say("附件", "File"), required=False)
