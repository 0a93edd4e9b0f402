"""What units are asked, and what they answer: all that a contact ever sees of a warning."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_GET

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.kit.clock.calendar import day_of
from plumbline.kit.clock.queries import remaining, running
from plumbline.loop.disposal.actions.document import hand_in
from plumbline.loop.disposal.actions.request import answer
from plumbline.loop.disposal.forms.disposal import AnswerForm
from plumbline.loop.disposal.models import Document, State
from plumbline.loop.disposal.policy import ANSWERING
from plumbline.loop.disposal.queries.disposal import Deadline, requests_to
from plumbline.loop.disposal.views.disposal import me, saved
from plumbline.org.policy import rights_of

_PAGE = 100


@login_required
@require_GET
def requests(http: HttpRequest) -> HttpResponse:
    """What is asked of one's units: the open ones first."""
    at = timezone.now()
    roles = {role for several in ANSWERING.values() for role in several}
    if not rights_of(me(http), day_of(at)).has(*roles):
        raise Http404
    found = requests_to(me(http), day_of(at)).select_related("unit", "disposal")
    open_ones = list(
        found.filter(answered_at=None).exclude(disposal__state=State.CLOSED).order_by("pk")
    )
    subjects = {f"request:{each.pk}": each.pk for each in open_ones}
    ends = {
        subjects[due.subject]: Deadline(due, remaining(due, at), at) for due in running(*subjects)
    }
    done = found.filter(answered_at__isnull=False).order_by("-answered_at")[:_PAGE]
    return render(http, "disposal/requests.html", {
        "rows": [(each, ends.get(each.pk)) for each in open_ones], "done": done,
    })  # fmt: skip


@login_required
def request(http: HttpRequest, pk: int) -> HttpResponse:
    """One question, and the form to answer it; text and file come together or not at all."""
    at = timezone.now()
    asked = get_object_or_404(
        requests_to(me(http), day_of(at)).select_related("unit", "disposal"), pk=pk
    )
    is_open = asked.answered_at is None and asked.disposal.state != State.CLOSED
    form = AnswerForm(http.POST or None, http.FILES or None)
    if http.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                if said := form.cleaned_data["file"]:
                    hand_in(asked, said.name, said, by=me(http), at=at)
                answer(asked, form.cleaned_data["text"], by=me(http), at=at)
        except PlumblineError as refused:
            form.add_error(None, refused.in_(language()))
        else:
            messages.success(http, say("已答复", "Answered"))
            return redirect("disposal:requests")
    return render(http, "disposal/request.html", {
        "asked": asked, "form": form, "is_open": is_open, "documents": asked.documents.order_by("pk"),
    }, status=422 if form.errors else 200)  # fmt: skip


@login_required
@require_GET
def handed_in(http: HttpRequest, pk: int, document_pk: int) -> HttpResponseBase:
    """A file that one's unit handed in."""
    at = timezone.now()
    asked = get_object_or_404(requests_to(me(http), day_of(at)), pk=pk)
    return saved(get_object_or_404(Document, request=asked, pk=document_pk), by=me(http), at=at)
