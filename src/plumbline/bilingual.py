"""Words of the workbench in Chinese and English, chosen when they are shown.

    label = say("待签收", "To be signed for")     # in Python: a lazy text
    {% say "待签收" "To be signed for" %}          in a template

Both languages stand side by side where the words are used: nothing is compiled, and whoever changes one
sees the other. What third parties bring (the login pages) uses Django's own catalogues.
"""

from __future__ import annotations

from django import template
from django.utils.functional import lazy
from django.utils.translation import get_language

from plumbline.errors import Lang, Text

register = template.Library()


def language() -> Lang:
    """The language of whoever is served; Chinese where nobody is."""
    return "en" if (get_language() or "").startswith("en") else "zh"


def _chosen(zh: str, en: str) -> str:
    return Text(zh, en).in_(language())


#: Made once: each call of Django's `lazy` makes a class.
_later = lazy(_chosen, str)


def say(zh: str, en: str) -> str:
    """Words that are Chinese or English when they are shown."""
    return _later(zh, en)


@register.simple_tag(name="say")
def _say(zh: str, en: str, **values: object) -> str:
    """`{% say "还剩{days}天" "{days} days left" days=3 %}`; values are escaped by the template."""
    words = _chosen(zh, en)
    return words.format(**values) if values else words


@register.filter
def spoken(text: Text | str) -> str:
    """A `Text` of the engine in the language of whoever is served."""
    return text.in_(language()) if isinstance(text, Text) else text
