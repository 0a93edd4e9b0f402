"""One small form for each act; its fields are the arguments of the action, what it offers can be chosen."""

from __future__ import annotations

from datetime import date
from typing import Any

from django import forms

from plumbline.bilingual import say
from plumbline.loop.closure.actions.attachment import File
from plumbline.loop.closure.actions.campaign import Line
from plumbline.loop.closure.models import CampaignItem, GovernanceProblem, Recommendation
from plumbline.loop.closure.policy import OFFICERS, Thing, bodies_of_thing
from plumbline.loop.disposal.policy import and_above
from plumbline.loop.supervision.models import ModelVersion
from plumbline.org.models import Grant, SupervisionBody, Unit, User
from plumbline.org.policy import rights_of
from plumbline.org.queries import visible_units

_LONG, _SHORT = 5000, 200


def _words(label: str, *, required: bool = True, rows: int = 3, hint: str = "") -> forms.CharField:
    return forms.CharField(
        label=label, required=required, max_length=_LONG, help_text=hint,
        widget=forms.Textarea({"rows": rows}),
    )  # fmt: skip


def _line(label: str, *, required: bool = True, hint: str = "") -> forms.CharField:
    return forms.CharField(label=label, required=required, max_length=_SHORT, help_text=hint)


def _reason() -> forms.CharField:
    return _words(say("理由", "Reason"), rows=2)


def _day(label: str) -> forms.DateField:
    return forms.DateField(label=label, widget=forms.DateInput({"type": "date"}, format="%Y-%m-%d"))


def _file() -> forms.FileField:
    return forms.FileField(label=say("附件", "File"), required=False)


def _unit(label: str, *, required: bool = True) -> Any:
    return forms.ModelChoiceField(Unit.objects.none(), label=label, required=required)


def _body() -> Any:
    return forms.ModelChoiceField(
        SupervisionBody.objects.none(), label=say("承办机构", "Supervision body")
    )


class ActForm(forms.Form):
    """What an act needs; `thing`, `user` and `on` say what can be chosen."""

    def __init__(self, thing: Thing, user: User, on: date, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.thing, self.user, self.on = thing, user, on
        self._offer("body", self._bodies())
        for name in ("unit", "owner", "units"):
            self._offer(name, visible_units(user, on).order_by("path"))
        self.offer()

    def offer(self) -> None:
        """Fill in what can be chosen, and what is likely."""

    def said(self) -> dict[str, Any]:
        """The action's arguments."""
        given = dict(self.cleaned_data)
        if "file" in self.fields:
            sent = given.pop("file")
            given["files"] = [File(sent.name, sent.read())] if sent else []
        return given

    def _offer(self, name: str, chosen: Any) -> None:
        if name in self.fields:
            self.fields[name].queryset = chosen  # type: ignore[attr-defined]
            if len(chosen) == 1:
                self.initial.setdefault(name, chosen[0].pk)

    def _bodies(self) -> Any:
        theirs = rights_of(self.user, self.on).bodies_and_below(*OFFICERS)
        there = and_above(bodies_of_thing(self.thing)) & theirs
        return SupervisionBody.objects.filter(pk__in=there).order_by("name")


class PlainForm(ActForm):
    """Nothing but the act itself."""


class ReasonForm(ActForm):
    reason = _reason()


# -- problems and campaigns ----------------------------------------------------------------------


class AcceptProblemForm(ActForm):
    title = _line(say("问题名称", "What it is called"))
    reason = _reason()

    def offer(self) -> None:
        self.initial.setdefault("title", getattr(self.thing, "title", ""))


def _lines() -> forms.CharField:
    return _words(
        say("清单", "List"), required=False, rows=5,
        hint=say("一行一项；不写个人姓名和证件号码", "one item to a line; no names or numbers of persons"),
    )  # fmt: skip


def _read_lines(text: str) -> list[Line]:
    return [Line(each.strip()) for each in text.splitlines() if each.strip()]


class CampaignForm(ActForm):
    title = _line(say("名称", "Title"))
    scope = _words(say("范围", "Scope"))
    owner = _unit(say("主体责任部门", "Responsible unit"))
    body = _body()
    ends_on = _day(say("完成期限", "To be done by"))
    lines = _lines()
    findings = forms.BooleanField(
        label=say("把问题涉及的处置列入清单", "put the disposals behind the problem on the list"),
        required=False, initial=True,
    )  # fmt: skip

    def said(self) -> dict[str, Any]:
        given = super().said()
        lines = _read_lines(given["lines"])
        if given.pop("findings") and isinstance(self.thing, GovernanceProblem):
            behind = self.thing.disposals.select_related("warning__unit").order_by("pk")
            lines += [
                Line(f"处置 {each.pk}", disposal=each, unit=each.warning.unit) for each in behind
            ]
        return {**given, "lines": lines}


class LinesForm(ActForm):
    lines = _lines()

    def said(self) -> dict[str, Any]:
        return {"lines": _read_lines(self.cleaned_data["lines"])}


class SettleForm(ActForm):
    item = forms.IntegerField(widget=forms.HiddenInput)
    result = forms.ChoiceField(label=say("结果", "Result"), choices=CampaignItem.Result.choices)
    note = _words(say("说明", "What was done"), rows=2)
    file = _file()


class ReopenItemForm(ActForm):
    item = forms.IntegerField(widget=forms.HiddenInput)
    reason = _line(say("理由", "Reason"))


class ResumeForm(ActForm):
    reason = _reason()
    ends_on = _day(say("完成期限", "To be done by"))


# -- letters -------------------------------------------------------------------------------------


class LetterForm(ActForm):
    kind = forms.ChoiceField(label=say("种类", "Kind"), choices=Recommendation.Kind.choices)
    unit = _unit(say("主送单位", "To"))
    body = _body()
    title = _line(say("事项", "Matter"))
    situation = _words(
        say("情况", "What was found"), hint=say("不写个人姓名", "no names of persons")
    )
    basis = _words(say("依据", "By which rule"), rows=2)
    text = _words(say("建议或要求", "What is recommended or asked"), rows=5)
    reply_by = _day(say("反馈期限", "Answer by"))

    def offer(self) -> None:
        if isinstance(self.thing, GovernanceProblem):
            self.initial.update(title=self.thing.title[:_SHORT], basis=self.thing.clause)

    def said(self) -> dict[str, Any]:
        return {**super().said(), "kind": Recommendation.Kind(self.cleaned_data["kind"])}


class ProposeAgainForm(ActForm):
    situation = _words(say("情况", "What was found"))
    text = _words(say("建议或要求", "What is recommended or asked"), rows=5)
    reply_by = _day(say("反馈期限", "Answer by"))
    reason = _reason()

    def offer(self) -> None:
        for name in ("situation", "text", "reply_by"):
            self.initial.setdefault(name, getattr(self.thing, name))


class FollowUpForm(ActForm):
    text = _words(say("了解到的情况", "What was learnt"))


class HandOverForm(ActForm):
    to = forms.ModelChoiceField(User.objects.none(), label=say("交给", "To"))
    reason = _reason()

    def offer(self) -> None:
        there = Grant.objects.on(self.on).filter(
            role__in=OFFICERS, body__in=bodies_of_thing(self.thing)
        )
        self._offer(
            "to", User.objects.filter(pk__in=there.values("user"), is_active=True).order_by("name")
        )


# -- rectification -------------------------------------------------------------------------------


class AskForm(ActForm):
    unit = _unit(say("整改单位", "Unit"))
    body = _body()
    what = _words(
        say("整改内容", "What is to be put right"),
        hint=say("单位会看到这段话", "the unit reads this"),
    )
    ends_on = _day(say("整改期限", "To be done by"))

    def _bodies(self) -> Any:
        theirs = rights_of(self.user, self.on).bodies_and_below(*OFFICERS)
        there = bodies_of_thing(self.thing) & theirs
        return SupervisionBody.objects.filter(pk__in=there).order_by("name")


class ReportForm(ActForm):
    text = _words(say("整改情况", "What was done"), rows=5)
    file = _file()


class AcceptForm(ActForm):
    look_back_on = _day(say("回头看日期", "Look back on"))
    reason = _words(say("验收意见", "Opinion"), rows=2)


class RejectForm(ActForm):
    ends_on = _day(say("新的期限", "New deadline"))
    reason = _reason()


class LookBackForm(ActForm):
    held_up = forms.TypedChoiceField(
        label=say("结果", "Result"),
        choices=(("yes", say("未反弹", "It held")), ("no", say("问题反弹", "It did not hold"))),
        coerce=lambda value: value == "yes",
    )
    text = _words(say("检查情况", "What was seen"))


# -- mechanisms ----------------------------------------------------------------------------------


def _models() -> list[tuple[str, str]]:
    known = ModelVersion.objects.filter(current=True).order_by("model")
    return [(each.model, f"{each.name} ({each.model})") for each in known]


class MechanismForm(ActForm):
    title = _line(say("名称", "Title"))
    document = _line(say("文号", "Number of the document"))
    clause = forms.CharField(label=say("条款", "Clause"), required=False, max_length=100)
    before = _words(
        say("修订前", "Before"),
        required=False,
        hint=say("新设的留空", "empty where there was none"),
    )
    after = _words(say("修订后", "After"))
    in_force_from = _day(say("施行日期", "In force from"))
    body = _body()
    units = forms.ModelMultipleChoiceField(
        Unit.objects.none(), label=say("适用单位", "Units concerned"), required=False,
        help_text=say("含下级单位；不选则看地区，都不填则处处适用",
                      "with all below; none: by region; neither: everywhere"),
    )  # fmt: skip
    region = forms.RegexField(
        r"^\d{6}$", label=say("适用地区代码", "Code of the region"), required=False
    )
    model = forms.ChoiceField(
        label=say("以哪个模型衡量成效", "Measured by which model"), required=False
    )
    file = _file()

    def offer(self) -> None:
        none = [("", say("不衡量", "Not measured"))]
        self.fields["model"].choices = [*none, *_models()]  # type: ignore[attr-defined]
        if isinstance(self.thing, GovernanceProblem):
            self.initial.setdefault("clause", self.thing.clause[:100])


class ModelForm(ActForm):
    model = forms.ChoiceField(label=say("由此编写的模型", "Model written from it"))

    def offer(self) -> None:
        self.fields["model"].choices = _models()  # type: ignore[attr-defined]
