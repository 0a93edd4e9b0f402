from __future__ import annotations

from django.urls import path

from plumbline.web.programs import views

app_name = "programs"
urlpatterns = [
    path("", views.programs, name="list"),
    path("interface.json", views.description, name="interface"),
    path("tokens/", views.issue, name="issue"),
    path("tokens/<int:pk>/withdraw/", views.withdraw, name="withdraw"),
    path("subscriptions/", views.subscribe, name="subscribe"),
    path("subscriptions/<int:pk>/end/", views.end, name="end"),
]
