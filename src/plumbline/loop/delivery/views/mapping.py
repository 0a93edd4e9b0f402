"""A new dataset from a file: uploaded, looked through, its columns named, saved."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.forms import BaseFormSet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from plumbline.bilingual import language, say
from plumbline.errors import PlumblineError, Text
from plumbline.loop.delivery import actions, forms, intake
from plumbline.loop.delivery.models import Upload
from plumbline.loop.delivery.queries import samples_visible_to
from plumbline.loop.delivery.views.asking import me, must_have, today
from plumbline.org.models import Role, Unit


@login_required
@require_http_methods(["GET", "POST"])
def new(http: HttpRequest) -> HttpResponse:
    """A file of which a dataset is to be made."""
    must_have(http, Role.DATA_MANAGER)
    form = forms.SampleForm(http.POST or None, http.FILES or None)
    if http.method == "POST" and form.is_valid():
        file = form.cleaned_data["file"]
        try:
            upload = intake.receive(
                intake.workspace(), "", file.name, file, by=me(http), at=timezone.now(),
                kind=Upload.Kind.SAMPLE,
            )  # fmt: skip
        except PlumblineError as error:
            form.add_error(None, error.in_(language()))
        else:
            return redirect("delivery:mapping", upload.pk)
    return render(http, "delivery/new.html", {
        "form": form, "most": intake.MOST_BYTES >> 20, "endings": "、".join(sorted(intake.TAKEN)),
    })  # fmt: skip


@login_required
@require_http_methods(["GET", "POST"])
def mapping(http: HttpRequest, pk: int) -> HttpResponse:
    """Each column of the file, what it seems to hold, and what it does hold in a person's word."""
    upload = get_object_or_404(samples_visible_to(me(http), today()), pk=pk)
    office, lang = intake.workspace(), language()
    try:
        found = intake.propose(office, upload, lang)
    except PlumblineError as error:
        return render(http, "delivery/unreadable.html", {"upload": upload, "why": error.in_(lang)})
    departments = list(Unit.objects.order_by("path").values_list("name", flat=True))
    form = forms.DatasetForm(
        departments, intake.themes(office, lang), http.POST or None, initial=_initial(found)
    )
    columns = forms.Columns(
        http.POST or None, prefix="c",
        initial=[
            {"header": c.header, "name": c.name, "type": c.type, "unit": c.unit, "key": c.key,
             "required": c.key, "ignored": c.ignored}
            for c in found.columns
        ],
    )  # fmt: skip
    problem = ""
    if http.method == "POST" and form.is_valid() and columns.is_valid():
        try:
            return _saved(http, upload, form, columns)
        except PlumblineError as error:
            problem = error.in_(lang)
    return render(http, "delivery/mapping.html", {
        "upload": upload, "found": found, "form": form, "problem": problem, "columns": columns,
        "rows": list(zip(found.columns, columns.forms, strict=False)),
    })  # fmt: skip


def _saved(
    http: HttpRequest,
    upload: Upload,
    form: forms.DatasetForm,
    columns: BaseFormSet[forms.ColumnForm],
) -> HttpResponse:
    office, at = intake.workspace(), timezone.now()
    said = form.cleaned_data
    intake.save(office, upload, intake.Said(
        name=said["name"], theme=said["theme"], title=Text(said["title"], said["title_en"]),
        department=Text(said["department"], ""), legal_basis=Text(said["legal_basis"], ""),
        purpose=Text(said["purpose"], ""), years=said["years"], kind=said["kind"], every=said["every"],
        columns=[
            intake.ColumnSaid(
                each["header"], each["name"], each["type"], each["unit"], each["required"], each["key"],
                each["ignored"],
            )
            for each in columns.cleaned_data
        ],
    ), by=me(http), at=at, lang=language())  # fmt: skip
    messages.success(http, say("数据集已建立", "The dataset is made"))
    intake.deliver_sample(intake.workspace(), upload, by=me(http), at=at, as_of=said["as_of"])
    return redirect("delivery:dataset", said["name"])


def _initial(found: intake.Proposed) -> dict[str, object]:
    name = "" if found.name == "new_dataset" else found.name
    return {"name": name, "title": found.title, "years": 10, "kind": "full", "every": "month"}


@login_required
@require_POST
def discard(http: HttpRequest, pk: int) -> HttpResponse:
    """Make no dataset of it; the file goes."""
    upload = get_object_or_404(samples_visible_to(me(http), today()), pk=pk)
    actions.discard(upload, by=me(http), at=timezone.now())
    intake.forget_sample(intake.workspace(), upload)
    messages.success(http, say("已放弃，文件已删除", "Discarded; the file is deleted"))
    return redirect("delivery:datasets")
