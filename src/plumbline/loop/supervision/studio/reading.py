"""A model read as a page: its cases, how versions differ, and what it says of one subject: why, and why not."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.forms import SubjectForm
from plumbline.loop.supervision.intake import workspace
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.supervision.policy import may
from plumbline.loop.supervision.queries import visible_versions
from plumbline.loop.supervision.studio.intake import case_list, judge_subject
from plumbline.org.models import User
from plumbline.org.policy import person_digest
from plumbline.org.queries import keeps_out_of
from plumbline.trail.actions import record_reading

#: What pages call each part of what a version says of itself.
_PARTS = {
    "question": say("问题", "Question"), "line": say("准绳", "Line"), "basis": say("依据", "Basis"),
    "flag_when": say("何时预警", "Flags when"), "settings": say("参数", "Settings"),
    "leave_out": say("合法例外", "Left out"), "cannot_tell": say("无法判断", "Cannot tell"),
    "check": say("核查步骤", "How to check"), "innocent": say("正当解释", "Innocent explanations"),
    "facts": say("事实", "Facts"), "flag_rate": say("预期比例", "Expected flag rate"),
    "sign_within": say("签收期限", "Sign within"), "report_within": say("反馈期限", "Report within"),
    "theme": say("主题", "Theme"),
}  # fmt: skip


def _me(http: HttpRequest) -> User:
    return cast("User", http.user)


def _version(http: HttpRequest, pk: int) -> tuple[ModelVersion, date]:
    on = day_of(timezone.now())
    return get_object_or_404(visible_versions(_me(http), on), pk=pk), on


@login_required
@require_GET
def cases(http: HttpRequest, pk: int) -> HttpResponse:
    """The cases of the catalog's text, as they come out today; asked for by itself, since it takes a moment."""
    version, _ = _version(http, pk)
    try:
        told = case_list(workspace(), version.model) if version.current else []
        problem = (
            ""
            if version.current
            else str(say("目录里已是另一版本", "The catalog has another text by now"))
        )
    except PlumblineError as error:
        told, problem = [], error.in_(language())
    return render(http, "supervision/_case_table.html", {"cases": told, "problem": problem})


# -- versions --------------------------------------------------------------------------------------


@login_required
@require_GET
def differences(http: HttpRequest, pk: int, other: int) -> HttpResponse:
    """What one version says otherwise than another, part by part, in words."""
    version, on = _version(http, pk)
    earlier = get_object_or_404(visible_versions(_me(http), on), pk=other, model=version.model)
    parts = []
    for name, label in _PARTS.items():
        before, after = _lines(earlier.shown.get(name)), _lines(version.shown.get(name))
        if before != after:
            gone = [line for line in before if line not in after]
            new = [line for line in after if line not in before]
            parts.append((label, gone, new))
    return render(http, "supervision/differences.html", {
        "version": version, "earlier": earlier, "parts": parts,
        "same_text": version.fingerprint == earlier.fingerprint,
    })  # fmt: skip


def _lines(value: Any) -> list[str]:
    """A part as lines that can be laid beside those of another version."""
    lang = language()
    if isinstance(value, dict) and lang in value:
        return _lines(value[lang])
    if isinstance(value, dict):
        return [f"{name}: {'; '.join(_lines(each))}" for name, each in value.items()]
    if isinstance(value, list):
        return [
            " · ".join(_lines(each)) if isinstance(each, dict | list) else str(each)
            for each in value
        ]
    return [str(value)] if value not in (None, "") else []


# -- tried on a subject ----------------------------------------------------------------------------


@login_required
@require_POST
@never_cache
def try_subject(http: HttpRequest, pk: int) -> HttpResponse:
    """What the catalog's model says today of one subject; who asked about whom is on the trail first."""
    version, on = _version(http, pk)
    if not may("try_subject", _me(http), on):
        raise Http404
    form = SubjectForm(http.POST)
    shown: dict[str, Any] = {"version": version, "form": form}
    if not form.is_valid():
        return render(http, "supervision/tried.html", shown, status=422)
    said = form.cleaned_data
    problem = ""
    whom, told = {person_digest(said["subject"])}, None
    try:
        told = judge_subject(workspace(), version.model, said["subject"])
    except PlumblineError as error:
        problem = error.in_(language()).replace(said["subject"], "…")
    # However the subject is written, and where it is a company or a contract: of everybody behind it.
    whom |= told.people if told else frozenset()
    if whom & keeps_out_of(_me(http), on):
        raise Http404
    record_reading(
        whom=sorted(whom), where=f"model:{version.pk}", fields=["verdict"], purpose=said["purpose"],
        case=said["case"], by=_me(http), at=timezone.now(),
    )  # fmt: skip
    shown |= {"told": told} if told else {"problem": problem}
    # The number itself is not sent back into the page.
    shown["form"] = SubjectForm(initial={"purpose": said["purpose"], "case": said["case"]})
    return render(http, "supervision/tried.html", shown)
