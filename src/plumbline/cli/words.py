"""The words that the commands share, in both languages, and how they are coloured."""

from __future__ import annotations

from plumbline.errors import Text

LEVELS = {
    "red": Text("红色", "red"),
    "yellow": Text("黄色", "yellow"),
    "blue": Text("蓝色", "blue"),
}
LEVEL_STYLES = {"red": "bold red", "yellow": "bold yellow", "blue": "bold blue"}

VERDICTS = {
    "flag": Text("预警", "flag"),
    "clear": Text("不预警", "clear"),
    "left_out": Text("例外", "left out"),
    "cannot_tell": Text("无法判断", "cannot tell"),
}
VERDICT_STYLES = {
    "flag": "bold red",
    "clear": "bold green",
    "left_out": "bold cyan",
    "cannot_tell": "bold magenta",
}

STATUSES = {
    "draft": Text("草稿", "draft"),
    "trial": Text("试运行", "trial"),
    "live": Text("在用", "live"),
    "retired": Text("停用", "retired"),
}

#: Whether a condition held.
HELD = {True: ("✓", "green"), False: ("✗", "red"), None: ("?", "magenta")}
