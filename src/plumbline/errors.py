"""The one root of every error that Plumbline raises on purpose, and words in two languages.

An error says *what* is wrong, *where* (file, sheet, line, column, slot) and *what next*,
in Chinese and in English, since a clerk and an engineer read the same message.
"""

from __future__ import annotations

from functools import partial
from typing import Any, Literal, NamedTuple

Lang = Literal["zh", "en"]


class Text(NamedTuple):
    """The same words in Chinese and in English."""

    zh: str
    en: str

    def in_(self, lang: Lang) -> str:
        return self.zh if lang == "zh" else self.en


class PlumblineError(Exception):
    """Something a person can put right; `problem`, `where` and `hint` are fit to be shown."""

    def __init__(self, problem: Text, *, where: str = "", hint: Text | None = None) -> None:
        self.problem, self.where, self.hint = problem, where, hint
        super().__init__(self.in_("en"))

    def __reduce__(self) -> tuple[Any, ...]:
        """So that an error gets from a helping process to the one that can tell a person."""
        return partial(type(self), where=self.where, hint=self.hint), (self.problem,)

    def in_(self, lang: Lang) -> str:
        """The whole message: where, what, and what to do next."""
        message = (
            f"{self.where}: {self.problem.in_(lang)}" if self.where else self.problem.in_(lang)
        )
        if self.hint:
            message += f"\n  {'建议' if lang == 'zh' else 'hint'}: {self.hint.in_(lang)}"
        return message


class DeclarationError(PlumblineError):
    """A dataset, model or settings file is wrong; its author mends it."""


class DeliveryError(PlumblineError):
    """A delivered file cannot be read at all; the department sends it again."""


class StoreError(PlumblineError):
    """The store cannot do what was asked: locked, full, or unknown batch."""


class RunError(PlumblineError):
    """A collision, an explanation or a reproduction could not be carried out."""


class PurgedError(StoreError):
    """What is asked for was purged at the end of its retention; nothing brings it back."""
