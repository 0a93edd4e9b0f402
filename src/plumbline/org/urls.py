"""Addresses of signing in, of one's account, and of the administrators."""

from __future__ import annotations

from allauth.account import views as allauth
from django.urls import include, path

from plumbline.org import views

_org = (
    [
        path("units/", views.units, name="units"),
        path("units/<int:pk>/", views.unit, name="unit"),
        path("bodies/", views.bodies, name="bodies"),
        path("oversights/<int:pk>/end/", views.end_oversight, name="end_oversight"),
        path("users/", views.users, name="users"),
        path("users/<int:pk>/", views.user, name="user"),
        path("users/<int:pk>/person/", views.set_person, name="set_person"),
        path("users/<int:pk>/password/", views.renew_password, name="renew_password"),
        path("users/<int:pk>/deactivate/", views.deactivate, name="deactivate"),
        path("users/<int:pk>/readmit/", views.readmit, name="readmit"),
        path("users/<int:pk>/second-factor/", views.renew_second_factor, name="renew_second_factor"),
        path("users/<int:pk>/grant/", views.grant, name="grant"),
        path("grants/<int:pk>/withdraw/", views.withdraw_grant, name="withdraw_grant"),
        path("kin/<int:pk>/withdraw/", views.withdraw_kin, name="withdraw_kin"),
    ],
    "org",
)  # fmt: skip

# Of allauth only what an office without mail and without self sign-up uses; the rest has no address.
urlpatterns = [
    path("org/", include(_org)),
    path("account/", views.account, name="account"),
    path("account/person/", views.own_person, name="own_person"),
    path("account/kin/", views.declare_kin, name="declare_kin"),
    path("account/deputy/", views.delegate, name="delegate"),
    path("account/deputy/<int:pk>/withdraw/", views.withdraw_delegation, name="withdraw_delegation"),
    path("account/open/<str:number>/<str:token>/", views.open_account, name="account_open"),
    path("account/login/", allauth.login, name="account_login"),
    path("account/logout/", allauth.logout, name="account_logout"),
    path("account/inactive/", allauth.account_inactive, name="account_inactive"),
    path("account/reauthenticate/", allauth.reauthenticate, name="account_reauthenticate"),
    path("account/password/change/", allauth.password_change, name="account_change_password"),
    path("account/password/set/", allauth.password_set, name="account_set_password"),
    path("account/2fa/", include("allauth.mfa.urls")),
    path("account/3rdparty/", include("allauth.socialaccount.urls")),
    path("account/", include("allauth.socialaccount.providers.openid_connect.urls")),
]  # fmt: skip
