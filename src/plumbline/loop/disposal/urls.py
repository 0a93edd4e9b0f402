"""Addresses of disposals, of what units are asked, of leads, money and letters."""

from __future__ import annotations

from django.urls import path

from plumbline.loop.disposal.views import (
    authority,
    clarify,
    disposal,
    inbox,
    lead,
    letter,
    money,
    request,
)

app_name = "disposal"
urlpatterns = [
    path("", inbox.listing, name="list"),
    path("sign-for/", inbox.sign_many, name="sign_many"),
    path("views/", inbox.keep_view, name="keep_view"),
    path("views/<int:pk>/forget/", inbox.forget_view, name="forget_view"),
    path("leaders/", authority.authorities, name="authorities"),
    path("leaders/<int:pk>/end/", authority.end, name="end_authority"),
    path("requests/", request.requests, name="requests"),
    path("requests/<int:pk>/", request.request, name="request"),
    path("requests/<int:pk>/files/<int:document_pk>/", request.handed_in, name="handed_in"),
    path("leads/", lead.listing, name="leads"),
    path("leads/enter/", lead.enter, name="lead_enter"),
    path("leads/import/", lead.import_ledger, name="lead_import"),
    path("leads/receive/<int:pk>/", lead.receive, name="lead_receive"),
    path("leads/<int:pk>/", lead.page, name="lead"),
    path("leads/<int:pk>/informant/", lead.informant, name="lead_informant"),
    path("leads/<int:pk>/<slug:action>/", lead.act, name="lead_act"),
    path("clarifications/", clarify.listing, name="clarifications"),
    path("clarifications/<int:pk>/", clarify.page, name="clarification"),
    path(
        "clarifications/<int:pk>/letter.<slug:ending>", clarify.letter, name="clarification_letter"
    ),
    path("clarifications/<int:pk>/<slug:action>/", clarify.act, name="clarification_act"),
    path("write-offs/<int:pk>/<slug:decision>/", money.decide, name="write_off"),
    path("<int:pk>/money/", money.page, name="money"),
    path("<int:pk>/money/<slug:action>/", money.act, name="money_act"),
    path("<int:pk>/letter/", letter.transfer, name="letter"),
    path("<int:pk>/clarify/", clarify.propose, name="clarify"),
    path("<int:pk>/", disposal.page, name="page"),
    path("<int:pk>/read/", disposal.read, name="read"),
    path("<int:pk>/files/<int:document_pk>/", disposal.file, name="file"),
    path("<int:pk>/<slug:action>/", disposal.act, name="act"),
]
