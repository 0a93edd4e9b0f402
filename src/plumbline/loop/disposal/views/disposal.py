"""One disposal with everything that can be done to it, and its files."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, cast
from urllib.parse import urlencode

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import FileResponse, Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_GET, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.disposal.actions import dispatch, document, reading, request, review, verify
from plumbline.loop.disposal.forms import disposal as forms
from plumbline.loop.disposal.models import (
    MOST_EXTENSIONS,
    Disposal,
    Document,
    Outcome,
    Review,
    State,
    Step,
)
from plumbline.loop.disposal.policy import allowed, may_read
from plumbline.loop.disposal.queries.clarify import to_clarify
from plumbline.loop.disposal.queries.course import events
from plumbline.loop.disposal.queries.disposal import (
    by_aspect,
    deadlines,
    has_reply,
    missing,
    seats,
    visible_to,
)
from plumbline.loop.disposal.queries.inbox import Wanted, chosen, neighbours
from plumbline.loop.disposal.queries.money import right_to_post
from plumbline.loop.supervision.intake import Told
from plumbline.loop.warning.actions import unmask
from plumbline.loop.warning.forms import ReadingForm
from plumbline.loop.warning.views.pages import context as warning_context
from plumbline.loop.warning.views.pages import fields_of
from plumbline.org.models import User

_PAGE = 50


def me(http: HttpRequest) -> User:
    return cast("User", http.user)


# -- one disposal --------------------------------------------------------------------------------


@dataclass(frozen=True)
class Act:
    """One thing that can be done: its words, its form, and what is called with what was sent."""

    says: str
    form: type[forms.ActForm]
    do: Callable[..., object]
    look: str = ""


def _step(case: Disposal, said: Mapping[str, Any], **who: Any) -> object:
    step = get_object_or_404(Step, disposal=case, round=case.round, number=said["step"])
    return verify.do_step(case, step, finding=said["finding"], left_out=said["left_out"], **who)


def _withdraw(case: Disposal, said: Mapping[str, Any], **who: Any) -> object:
    outcome = get_object_or_404(Outcome, disposal=case, pk=said["outcome"])
    return verify.withdraw_finding(case, outcome, reason=said["reason"], **who)


def _attach(case: Disposal, said: Mapping[str, Any], **who: Any) -> object:
    return document.attach(case, said["file"].name, said["file"], **who)


def _as_said(act: Callable[..., object]) -> Callable[..., object]:
    """The fields of the form are the arguments of the act."""
    return lambda case, said, **who: act(case, **said, **who)


ACTS: dict[str, Act] = {
    "dispatch": Act(say("分办", "Dispatch"), forms.DispatchForm, _as_said(dispatch.dispatch), "primary"),
    "sign_for": Act(say("签收", "Sign for it"), forms.SignForForm, _as_said(dispatch.sign_for), "primary"),
    "decline": Act(say("退回分办", "Decline"), forms.ReasonForm, _as_said(dispatch.decline)),
    "assign": Act(
        say("指定核查人", "Assign verifiers"), forms.AssignForm,
        lambda case, said, **who: verify.assign_verifiers(
            case, [said["first"], said["second"]], reason=said["reason"], **who
        ), "primary",
    ),
    "join": Act(say("联合办理", "Work it jointly"), forms.JoinForm, _as_said(dispatch.join)),
    "do_step": Act(say("办理步骤", "Do a step"), forms.StepForm, _step),
    "find": Act(say("添加认定", "Add a finding"), forms.FindForm, _as_said(verify.find)),
    "withdraw_finding": Act(say("撤回认定", "Withdraw"), forms.WithdrawFindingForm, _withdraw),
    "note": Act(say("记一笔", "Add a note"), forms.NoteForm, _as_said(verify.note)),
    "attach": Act(say("附文件", "Attach a file"), forms.AttachForm, _attach),
    "ask_data": Act(say("请单位补充资料", "Ask for more data"), forms.AskForm, _as_said(request.ask_data)),
    "ask_reply": Act(
        say("听取本人或单位说明", "Ask for their reply"), forms.AskReplyForm, _as_said(request.ask_reply)
    ),
    "sign_findings": Act(
        say("在认定上签字", "Sign the findings"), forms.SignForm, _as_said(verify.sign_findings), "primary"
    ),
    "report": Act(say("提交报告", "Report"), forms.ReportForm, _as_said(verify.report), "primary"),
    "approve": Act(say("同意", "Approve"), forms.ApproveForm, _as_said(review.approve), "primary"),
    "send_back": Act(say("退回核查", "Send back"), forms.SendBackForm, _as_said(review.send_back), "danger"),
    "extend": Act(say("延期", "Extend"), forms.ExtendForm, _as_said(review.extend)),
    "pause": Act(say("暂停计时", "Pause the clock"), forms.PauseForm, _as_said(review.pause)),
    "resume": Act(say("恢复计时", "Resume the clock"), forms.SignForForm, _as_said(review.resume)),
    "reopen": Act(say("重新办理", "Reopen"), forms.ReasonForm, _as_said(review.reopen), "danger"),
}  # fmt: skip

#: These stand beside what they are about, not among the acts of the page.
INLINE = frozenset({"do_step", "withdraw_finding"})


@login_required
@require_GET
@never_cache
def page(http: HttpRequest, pk: int) -> HttpResponse:
    """One disposal, and what whoever looks may do with it; that they looked is on the trail."""
    at = timezone.now()
    return render(http, "disposal/page.html", _context(http, _seen(http, pk, at), at))


@login_required
@require_POST
def act(http: HttpRequest, pk: int, action: str) -> HttpResponse:
    """Do one thing; what the rules refuse is said beside its form, and nothing was changed."""
    at = timezone.now()
    case = _seen(http, pk, at)
    if action not in ACTS:
        raise Http404
    doing = ACTS[action]
    form = doing.form(case, day_of(at), http.POST, http.FILES, auto_id=f"{action}-%s")
    if form.is_valid():
        try:
            doing.do(case, form.cleaned_data, by=me(http), at=at)
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
        else:
            messages.success(http, say("已办理：{}", "Done: {}").format(doing.says))
            seen = visible_to(me(http), day_of(at)).filter(pk=pk).exists()
            return redirect("disposal:page", pk) if seen else redirect("disposal:list")
    case = _seen(http, pk, at)
    context = _context(http, case, at, {action: form})
    return render(http, "disposal/page.html", context, status=422)


def _seen(http: HttpRequest, pk: int, at: datetime) -> Disposal:
    found = visible_to(me(http), day_of(at)).select_related("warning", "warning__unit", "body")
    return get_object_or_404(found, pk=pk)


def _context(
    http: HttpRequest,
    case: Disposal,
    at: datetime,
    sent: Mapping[str, forms.ActForm] | None = None,
) -> dict[str, Any]:
    """All that the page shows, also beside what was sent and refused; that somebody looks is on the trail."""
    reading.read(case, by=me(http), at=at)
    may_see = may_read(me(http), case, day_of(at))
    told, shown = warning_context(case.warning, me(http), at, may=may_see)
    sent = sent or {}
    due = deadlines([case], at).get(case.pk)
    may = [name for name in allowed(me(http), case, day_of(at)) if _fits(name, case, me(http), due)]
    made = {}
    for name in [*may, *(name for name in sent if name not in may)]:
        form = sent.get(name) or ACTS[name].form(case, day_of(at), auto_id=f"{name}-%s")
        if isinstance(form, forms.FindForm):
            form.offer_rows(_rows(told))
        made[name] = form
    steps = list(case.steps.filter(round=case.round).select_related("done_by"))
    on, masked = day_of(at), fields_of(told)
    return {
        **shown,
        "case": case,
        "clear": ReadingForm(masked) if masked and may_see else None,
        "hops": _hops(http, case, at),
        "posts": right_to_post(me(http), case, on) is not None,
        "clarifies": to_clarify(me(http), on).filter(pk=case.pk).exists(),
        "due": due,
        "course": _course(case),
        "history": events(case),
        "approval": _approval(case),
        "heard": has_reply(case),
        "steps_done": sum(step.done_at is not None for step in steps),
        "steps": steps,
        "aspects": by_aspect(case),
        "seats": seats(case),
        "missing": missing(case, no_reply=case.no_reply) if case.state == State.VERIFYING else [],
        "acts": [(n, ACTS[n], made[n], n in sent) for n in made if n not in INLINE],
        "may": set(may),
        "step_form": made.get("do_step"),
        "notes": case.notes.select_related("by").order_by("-pk"),
        "documents": case.documents.select_related("by", "request").order_by("pk"),
        "requests": case.requests.select_related("unit", "asked_by", "answered_by").order_by("pk"),
        "reviews": case.reviews.select_related("by", "on_behalf").order_by("pk"),
        "earlier": case.outcomes.exclude(round=case.round, withdrawn_at=None).order_by("pk"),
    }


def _hops(http: HttpRequest, case: Disposal, at: datetime) -> dict[str, Any]:
    """The list somebody came from, and what stands before and after this one in it."""
    query = http.GET.get("in", "")
    wanted = Wanted.said(QueryDict(query).dict())
    before, after = neighbours(chosen(me(http), wanted, at), wanted, case)
    return {"query": query, "before": before, "after": after}


def _fits(name: str, case: Disposal, user: User, due: Any) -> bool:
    """Would it come to anything as things stand?"""
    paused = bool(due and due.left.paused)
    if name == "pause":
        return due is not None and not paused and not due.left.overdue
    if name == "resume":
        return paused
    if name == "extend":
        return due is not None and case.extensions < MOST_EXTENSIONS
    if name == "sign_findings":
        return case.verifiers.filter(user=user, released_at=None, signed_at=None).exists()
    return True


def _rows(told: Told | None) -> list[tuple[str, str]]:
    """The rows of the evidence, to be ticked: name, and where it stands."""
    if told is None:
        return []
    return [
        (row.name, f"{fact.title} · {row.file}:{row.line}")
        for fact in told.facts
        for row in fact.rows
    ]


def _course(case: Disposal) -> list[tuple[str, str, datetime | None]]:
    """The bar of steps: words, `done`, `now` or nothing, and when."""
    times = {
        State.RAISED: case.opened_at, State.DISPATCHED: case.dispatched_at, State.SIGNED: case.signed_at,
        State.REPORTED: case.reported_at, State.CLOSED: case.closed_at,
    }  # fmt: skip
    order = list(State)
    here = order.index(State(case.state))
    marks = ["done" if n < here or case.state == State.CLOSED else "now" if n == here else ""
             for n in range(len(order))]  # fmt: skip
    return [
        (str(state.label), mark, times.get(state) if mark else None)
        for state, mark in zip(order, marks, strict=True)
    ]


def _approval(case: Disposal) -> list[tuple[str, str, str]]:
    """The review chain: role, who approved the present report, and `done`, `now` or nothing."""
    given = {
        each.role: each.by.name
        for each in case.reviews.filter(report=case.reports, decision=Review.Decision.APPROVED)
        .select_related("by")
    }  # fmt: skip
    return [
        (
            str(role.label), given.get(role, ""),
            "done" if role in given else "now" if role == case.next_reviewer else "",
        )
        for role in case.chain
    ]  # fmt: skip


@login_required
@require_POST
@never_cache
def read(http: HttpRequest, pk: int) -> HttpResponse:
    """Some columns in clear for half an hour, for those who verify and review it, for a purpose the trail keeps."""
    at = timezone.now()
    case = _seen(http, pk, at)
    if not may_read(me(http), case, day_of(at)):
        raise Http404
    told, _ = warning_context(case.warning, me(http), at, may=True)
    form = ReadingForm(fields_of(told), http.POST)
    if told is None or not form.is_valid():
        context = {**_context(http, case, at), "clear": form}
        return render(http, "disposal/page.html", context, status=422)
    unmask(
        case.warning,
        whom=told.people,
        where=f"disposal:{case.pk}",
        by=me(http),
        at=at,
        **form.asked,
    )
    return redirect(
        f"{reverse('disposal:page', args=[pk])}?{urlencode({'in': http.GET.get('in', '')})}#evidence"
    )


@login_required
@require_GET
def file(http: HttpRequest, pk: int, document_pk: int) -> HttpResponseBase:
    """A file of a disposal, to be saved, never shown in the browser."""
    at = timezone.now()
    found = get_object_or_404(Document, disposal=_seen(http, pk, at), pk=document_pk)
    return saved(found, by=me(http), at=at)


def saved(found: Document, *, by: User, at: datetime) -> HttpResponseBase:
    """As an attachment of a kind that no browser opens by itself."""
    reading.take_away(found, by=by, at=at)
    return FileResponse(
        found.file.open("rb"), as_attachment=True, filename=found.name,
        content_type="application/octet-stream",
    )  # fmt: skip
