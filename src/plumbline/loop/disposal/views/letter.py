"""The letter that hands a warning to a unit."""

from __future__ import annotations

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError
from plumbline.loop.disposal.actions.letter import make_transfer_letter
from plumbline.loop.disposal.forms.letter import TransferForm
from plumbline.loop.disposal.queries.disposal import visible_to
from plumbline.loop.disposal.queries.money import right_to_post
from plumbline.org.models import User


@login_required
def transfer(http: HttpRequest, pk: int) -> HttpResponse:
    """Write it; it is then among the disposal's files, as DOCX to be edited and as PDF."""
    me, on = cast("User", http.user), timezone.localdate()
    case = get_object_or_404(visible_to(me, on).select_related("warning", "body"), pk=pk)
    if right_to_post(me, case, on) is None:
        raise Http404
    form = TransferForm(http.POST or None, initial={"unit": case.warning.unit_id})
    if http.method == "POST" and form.is_valid():
        said = form.cleaned_data
        try:
            make_transfer_letter(
                case,
                said["unit"],
                matter=said["matter"],
                basis=said["basis"],
                by=me,
                at=timezone.now(),
            )
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            messages.success(http, say("已生成，见文件", "Written; it is among the files"))
            return redirect("disposal:page", case.pk)
    return render(http, "disposal/letter.html", {"case": case, "form": form})
