"""Money as it is read."""

from __future__ import annotations

from django import template

register = template.Library()


@register.filter
def fen(amount: int) -> str:
    """An amount in fen, as yuan with two places."""
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100:,}.{abs(amount) % 100:02d}"
