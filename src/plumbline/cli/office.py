"""What every command works with: the workspace, the language, and the way to the reader's eyes."""

from __future__ import annotations

import getpass
import os
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import click

from plumbline.errors import Lang, PlumblineError, Text

if TYPE_CHECKING:
    from rich.console import Console
    from rich.text import Text as RichText

    from plumbline.engine import Workspace

#: Citizen numbers that stand in free text, where no column says so.
_NUMBER = re.compile(
    r"(?<![0-9A-Za-z])([1-8]\d{3})\d{2}(?:18|19|20)\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(\d{3}[\dXx])"
    r"(?![0-9A-Za-z])"
)

Cell = str | tuple[str, str]  # words, or (words, style)


@dataclass
class Office:
    """One call of the command: where, in which language, and whether people are named.

    Attributes:
        masked: personal values are hidden; `unmask` changes it and leaves a note.
    """

    folder: Path
    lang: Lang = "zh"
    masked: bool = True

    @cached_property
    def workspace(self) -> Workspace:
        from plumbline.engine import Workspace

        return Workspace(self.folder)

    @property
    def has_workspace(self) -> bool:
        return (self.folder / "plumbline.toml").is_file()

    @cached_property
    def out(self) -> Console:
        return _console()

    @cached_property
    def err(self) -> Console:
        return _console(stderr=True)

    @property
    def now(self) -> datetime:
        return datetime.now(tz=UTC).astimezone()

    @property
    def user(self) -> str:
        """Who sits at the keyboard, as the operating system knows them."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return str(os.getuid())

    def unmask(self, reason: str | None, what: str) -> None:
        """Name people from here on if a reason is given; who, what and why goes into the log first."""
        if reason is None:
            return
        if not reason.strip():
            raise PlumblineError(
                Text("--unmask 须写明理由", "--unmask needs a reason"),
                hint=Text('例如 --unmask "核对身份"', 'such as --unmask "to verify the identity"'),
            )
        self.workspace.note_access(at=self.now, by=self.user, what=what, reason=reason.strip())
        self.masked = False

    def words(self, zh: str, en: str) -> str:
        return Text(zh, en).in_(self.lang)

    def clean(self, text: str) -> str:
        """Text from a file, safe to show: no control characters, no citizen number left in it."""
        if self.masked:
            text = self.without_numbers(text)
        return "".join(c if c.isprintable() else " " for c in text)

    def without_numbers(self, text: str) -> str:
        """Text with the citizen numbers in it masked."""
        return _NUMBER.sub(r"\1**********\2", text)

    def say(self, zh: str, en: str, style: str = "") -> None:
        """One line of the answer."""
        self.line((self.words(zh, en), style))

    def line(self, *cells: Cell, indent: int = 0) -> None:
        """One line of the answer; on a terminal it wraps below its own beginning."""
        text = self._styled(*cells)
        if not self.out.is_terminal:
            click.echo(" " * indent + text.plain)
            return
        from rich.padding import Padding

        self.out.print(Padding(text, (0, 0, 0, indent), expand=False))

    def blank(self) -> None:
        click.echo()

    def remark(self, zh: str, en: str) -> None:
        """Something beside the answer, which a pipe does not carry on."""
        self.err.print(self._styled((self.words(zh, en), "dim")), soft_wrap=True)

    @contextmanager
    def busy(self, zh: str, en: str) -> Iterator[None]:
        """Shows on a terminal that something is under way."""
        if not self.err.is_terminal:
            yield
            return
        with self.err.status(self.words(zh, en)):
            yield

    def table(
        self, heads: Sequence[Text], rows: Sequence[Sequence[Cell]], *, right: Sequence[int] = ()
    ) -> None:
        """A table on a terminal; in a pipe a line for each row, its cells apart by tabs.

        What goes into a pipe often ends in a spreadsheet, so there no cell is a formula.

        Args:
            right: columns of figures.
        """
        titles = [head.in_(self.lang) for head in heads]
        if not self.out.is_terminal:
            for row in [titles, *rows]:
                cells = (neutral(self._styled(cell).plain) for cell in row)
                click.echo("\t".join(cells))
            return
        from rich import box
        from rich.table import Table

        table = Table(box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
        for i, title in enumerate(titles):
            table.add_column(title, justify="right" if i in right else "left", overflow="fold")
        for row in rows:
            table.add_row(*(self._styled(cell) for cell in row))
        self.out.print(table)

    def _styled(self, *cells: Cell) -> RichText:
        from rich.text import Text as RichText

        text = RichText()
        for cell in cells:
            words, style = (cell, "") if isinstance(cell, str) else cell
            text.append(self.clean(words), style or None)
        return text


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula, even when it is saved as CSV and opened again."""
    from plumbline.engine import is_formula

    return f"'{text}" if is_formula(text) else text


def _console(*, stderr: bool = False) -> Console:
    from rich.console import Console

    return Console(stderr=stderr, markup=False, highlight=False, emoji=False)


pass_office = click.make_pass_decorator(Office)
