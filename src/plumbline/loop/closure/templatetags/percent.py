"""Rates and their differences as a page shows them."""

from __future__ import annotations

from django import template

from plumbline.loop.closure.queries.effect import Difference, Share

register = template.Library()


@register.filter
def share(value: Share) -> str:
    """`4.2% (21/500)`."""
    return f"{100 * value.rate:.1f}% ({value.flagged}/{value.facts})"


@register.filter
def points(value: Difference) -> str:
    """`-18.0 (-22.9 … -13.1)`, in percentage points."""
    low, middle, high = (100 * each for each in (value.low, value.estimate, value.high))
    return f"{middle:+.1f} ({low:+.1f} … {high:+.1f})"


@register.filter
def place(value: float) -> str:
    """A coordinate of a picture, whatever the language writes for a decimal point."""
    return f"{value:.1f}"
