"""What click says of a command that was typed wrongly, in the reader's language.

Click has English words alone. Those of the mistakes that people make are put into Chinese here; a
message that is not known is passed on as it is.
"""

from __future__ import annotations

import os
import re
from collections.abc import Sequence
from typing import IO, Any

import click

from plumbline.errors import Lang

_VALUES = {
    r"(?P<value>'.*') is not one of (?P<known>.*)\.": "{value} 不在可选的值之中：{known}",
    r"(?P<value>'.*') does not match the formats? (?P<known>.*)\.": "{value} 的写法不对，应为 {known}",
    r"(?P<value>'.*') is not a valid integer( range)?\.": "{value} 不是整数",
    r"(?P<value>'.*') is not a valid float( range)?\.": "{value} 不是数",
    r"(?P<value>.*) is not in the range (?P<known>.*)\.": "{value} 超出范围 {known}",
    r"(File|Directory|Path) (?P<value>'.*') does not exist\.": "{value} 不存在",
    r"(File|Directory|Path) (?P<value>'.*') is a file\.": "{value} 是文件，不是文件夹",
    r"(File|Directory|Path) (?P<value>'.*') is a directory\.": "{value} 是文件夹，不是文件",
    r"(File|Directory|Path) (?P<value>'.*') is not readable\.": "{value} 无权读取",
    r"(File|Directory|Path) (?P<value>'.*') is not writable\.": "{value} 无权写入",
    r"Option (?P<value>'.*') requires an argument\.": "选项 {value} 后面要写一个值",
    r"Option (?P<value>'.*') requires (?P<known>\d+) arguments\.": "选项 {value} 后面要写 {known} 个值",
    r"Option (?P<value>'.*') does not take a value\.": "选项 {value} 后面不写值",
    r"Got unexpected extra arguments? \((?P<value>.*)\)": "多出了参数：{value}",
    r"Missing command\.": "缺少命令",
}


class Mistyped(click.UsageError):
    """A usage error of click's, to be shown in a language."""

    def __init__(self, error: click.UsageError, lang: Lang) -> None:
        super().__init__(error.message, error.ctx)
        self.error, self.lang = error, lang

    def format_message(self) -> str:
        return in_chinese(self.error) if self.lang == "zh" else self.error.format_message()

    def show(self, file: IO[Any] | None = None) -> None:
        if self.lang == "en":
            self.error.show(file)
            return
        if self.ctx is not None:
            called = self.ctx.get_usage().removeprefix("Usage: ")
            click.echo(f"用法：{called}", file=file, err=True)
            click.echo(f"查看帮助：{self.ctx.command_path} --help\n", file=file, err=True)
        click.echo(f"错误: {self.format_message()}", file=file, err=True)


def language(args: Sequence[str]) -> Lang:
    """The language asked for, as far as it can be told before the command is understood."""
    asked = os.environ.get("PLUMBLINE_LANG", "zh")
    for at, word in enumerate(args):
        if word == "--lang":
            asked = "".join(args[at + 1 : at + 2])
        elif word.startswith("--lang="):
            asked = word.removeprefix("--lang=")
    return "en" if asked == "en" else "zh"


def in_chinese(error: click.UsageError) -> str:
    """What was typed wrongly."""
    if isinstance(error, click.MissingParameter):
        kind = "选项" if error.param and error.param.param_type_name == "option" else "参数"
        return f"缺少{kind} {_hint(error)}"
    if isinstance(error, click.BadParameter):
        return f"{_hint(error)} 的值不对：{_value(error.message)}"
    if isinstance(error, click.NoSuchOption):
        return f"没有选项 {error.option_name}{_perhaps(error.possibilities)}"
    if isinstance(error, click.NoSuchCommand):
        return f"没有命令 {error.command_name}{_perhaps(error.possibilities)}"
    return _value(error.format_message())


def _hint(error: click.BadParameter) -> str:
    """The option or argument that is meant."""
    hint = error.param_hint
    if hint is None and error.param is not None:
        hint = error.param.get_error_hint(error.ctx)
    return hint if isinstance(hint, str) else " / ".join(hint or ())


def _perhaps(possibilities: Sequence[str] | None) -> str:
    return f"；是不是 {'、'.join(sorted(possibilities))}？" if possibilities else ""


def _value(message: str) -> str:
    for pattern, words in _VALUES.items():
        if found := re.fullmatch(pattern, message, re.DOTALL):
            return words.format(**found.groupdict())
    return message
