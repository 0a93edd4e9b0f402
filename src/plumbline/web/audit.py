"""The audit administrator reads the trail: every act, and whether it is sealed; never a warning itself."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta

from django import forms
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from plumbline.bilingual import say
from plumbline.loop.supervision.look_ups.intake import not_a_verdict, unusual_look_ups
from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.trail.actions import READ
from plumbline.trail.models import Entry
from plumbline.trail.queries import Wanted, positions, search, standing
from plumbline.web.unusual import REFUSED, refused

_PAGE = 50


class SearchForm(forms.Form):
    actor = forms.CharField(label=say("何人", "Who"), required=False)
    action = forms.CharField(label=say("何事", "What"), required=False)
    subject = forms.CharField(label=say("对象", "To what"), required=False)
    since = forms.DateField(
        label=say("自", "From"), required=False, widget=forms.DateInput({"type": "date"})
    )
    until = forms.DateField(
        label=say("至", "To"), required=False, widget=forms.DateInput({"type": "date"})
    )


@login_required
@require_safe
def audit(request: HttpRequest) -> HttpResponse:
    """Acts, newest first, fifty to a page."""
    assert isinstance(request.user, User)
    if not rights_of(request.user, timezone.localdate()).may("read_trail"):
        raise Http404
    form = SearchForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    wanted = Wanted(
        actor=asked.get("actor", ""),
        action=asked.get("action", ""),
        subject=asked.get("subject", ""),
        since=_midnight(asked.get("since")),
        until=_midnight(asked.get("until"), 1),
    )
    before = request.GET.get("before", "")
    found = search(
        Entry.objects.all(),
        wanted,
        before=int(before) if before.isdecimal() else None,
        most=_PAGE + 1,
    )
    page = found[:_PAGE]
    places = positions(page)
    query = request.GET.copy()
    query.pop("before", None)
    return render(
        request,
        "web/audit.html",
        {
            "form": form,
            "rows": [(entry, places.get(entry.pk)) for entry in page],
            "older": page[-1].pk if len(found) > _PAGE else None,
            "query": query.urlencode(),
            "standing": standing(),
        },
    )


class ReadingsForm(forms.Form):
    actor = forms.CharField(label=say("何人", "Who"), required=False)
    case = forms.CharField(label=say("案卷号", "Number of the file"), required=False)
    since = forms.DateField(
        label=say("自", "From"), required=False, widget=forms.DateInput({"type": "date"})
    )


@login_required
@require_safe
def readings(request: HttpRequest) -> HttpResponse:
    """Who saw whose data in clear or looked somebody up: which columns, what for, until when; newest first."""
    assert isinstance(request.user, User)
    if not rights_of(request.user, timezone.localdate()).may("read_trail"):
        raise Http404
    form = ReadingsForm(request.GET)
    asked = form.cleaned_data if form.is_valid() else {}
    found = Entry.objects.filter(action__in=_READINGS).order_by("-pk")
    if actor := asked.get("actor"):
        found = found.filter(actor=actor)
    if case := asked.get("case"):
        found = found.filter(detail__case=case)
    if since := _midnight(asked.get("since")):
        found = found.filter(at__gte=since)
    before = request.GET.get("before", "")
    if before.isdecimal():
        found = found.filter(pk__lt=int(before))
    rows = list(found[: _PAGE + 1])
    # Nobody judges their own look-ups: those of an auditor are for the other auditors.
    me = request.user.username
    odd = unusual_look_ups(me)
    tried = [each for each in refused(timezone.now()) if each.reader != me]
    readers = {e.actor for e in rows} | {each.reader for each in odd or []}
    readers |= {each.reader for each in tried}
    names = dict(User.objects.filter(username__in=readers).values_list("username", "name"))
    query = request.GET.copy()
    query.pop("before", None)
    return render(request, "web/readings.html", {
        "unusual": [(each, names.get(each.reader, "")) for each in odd or []],
        "refused": [(each, names.get(each.reader, "")) for each in tried],
        "examined": odd is not None, "not_a_verdict": not_a_verdict(),
        "form": form, "query": query.urlencode(), "older": rows[_PAGE - 1].pk if len(rows) > _PAGE else None,
        "rows": [
            (
                entry, names.get(entry.actor, ""), _where(entry.subject),
                _what(entry),
                len(entry.detail.get("whom", [])),
            )
            for entry in rows[:_PAGE]
        ],
    })  # fmt: skip


#: What is done about lists with names that leave the house, which is more than looking.
_EXPORTED = {
    f"export.{move}": words
    for move, words in (
        ("asked", say("申请导出", "export asked for")), ("seconded", say("批准导出（第一人）", "export approved, the first")),
        ("approved", say("批准导出（第二人）", "export approved, the second")), ("refused", say("不批准导出", "export refused")),
        ("taken", say("领取导出", "export taken")), ("withdrawn", say("撤回导出", "export withdrawn")),
        ("lapsed", say("导出到期", "export lapsed")),
    )
}  # fmt: skip
_READINGS = (READ, REFUSED, *_EXPORTED)
#: What a page is called on which somebody read, by the noun of its name on the trail.
_PAGES = {
    "warning": say("预警第{}号", "warning {}"), "disposal": say("处置第{}号", "disposal {}"),
    "lead": say("线索第{}号", "lead {}"), "ticket": say("数据疑问第{}号", "data error {}"),
    "export": say("导出第{}号", "export {}"),
    "search": say("查询人员", "looking somebody up"),
}  # fmt: skip


#: What columns are called, by the last part of their names; of a dataset's own ones the name itself is shown.
_FIELDS = {
    "person": say("证件号码", "number"), "number": say("号码", "number"), "name": say("姓名", "name"),
    "phone": say("电话", "phone"), "address": say("住址", "address"), "account": say("账号", "account"),
    "born_on": say("出生日期", "birth date"), "birth": say("出生日期", "birth date"), "sex": say("性别", "sex"),
    "text": say("内容", "text"), "informant": say("反映人", "informant"), "rows": say("明细", "rows"),
}  # fmt: skip


def _field(name: str) -> str:
    last = name.rpartition(".")[2]
    return str(_FIELDS.get(last, last))


def _what(entry: Entry) -> list[str]:
    """Which columns were seen, or what was done about a list that leaves."""
    if entry.action in _EXPORTED:
        return [
            str(_EXPORTED[entry.action]),
            str(say("{}行", "{} rows")).format(entry.detail.get("rows", 0)),
        ]
    return list(dict.fromkeys(_field(field) for field in entry.detail.get("fields", [])))


def _where(subject: str) -> str:
    noun, _, number = subject.partition(":")
    return _PAGES[noun].format(number) if noun in _PAGES else subject


def _midnight(day: date | None, later: int = 0) -> datetime | None:
    if day is None:
        return None
    zone = timezone.get_default_timezone()
    return datetime.combine(day + timedelta(days=later), time.min, zone)
