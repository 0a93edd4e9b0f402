"""The one-time link by which the owner of an account sets its password; no mail is needed."""

from __future__ import annotations

from django.contrib.auth.tokens import default_token_generator
from django.urls import reverse
from django.utils.http import base36_to_int, int_to_base36

from plumbline.org.models import User


def link_of(user: User) -> str:
    """Path of the page; good for three days, until it is used, and only while there is no password."""
    return reverse("account_open", args=[int_to_base36(user.pk), default_token_generator.make_token(user)])  # fmt: skip


def owner_of(number: str, token: str) -> User | None:
    """Whose link it is; None for one that was used, is too old, or was never given."""
    try:
        user = User.objects.filter(pk=base36_to_int(number), is_active=True).first()
    except ValueError:
        return None
    if user is None or user.has_usable_password():
        return None
    return user if default_token_generator.check_token(user, token) else None
