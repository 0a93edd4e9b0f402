"""A command that was typed wrongly: what click says, in the reader's language."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

from plumbline.cli import plumbline


def said(*args: str) -> str:
    done = CliRunner().invoke(plumbline, args)
    assert done.exit_code == 2
    return done.stderr


@pytest.mark.parametrize(
    ("args", "words"),
    [
        ("load --nope", "错误: 没有选项 --nope\n"),
        ("load --accpt x", "错误: 没有选项 --accpt；是不是 --accept？\n"),
        ("lod", "错误: 没有命令 lod；是不是 load？\n"),
        ("judge", "错误: 缺少参数 'ROW|NUMBER'\n"),
        ("pairs --limit 0", "错误: '--limit' 的值不对：0 超出范围 x>=1\n"),
        ("pairs --limit many", "错误: '--limit' 的值不对：'many' 不是整数\n"),
        ("warnings --level pink", "'pink' 不在可选的值之中：'red', 'yellow', 'blue'\n"),
        ("load --as-of yesterday", "'yesterday' 的写法不对，应为 '%Y-%m-%d'\n"),
        ("warnings --level", "错误: 选项 '--level' 后面要写一个值\n"),
        ("load --again=yes", "错误: 选项 '--again' 后面不写值\n"),
        ("pairs more", "错误: 多出了参数：more\n"),
        ("profile nowhere.csv", "'nowhere.csv' 不存在\n"),
        ("--langg zh", "错误: 没有选项 --langg；是不是 --lang？\n"),
    ],
)
def test_what_people_mistype_is_told_in_chinese(args: str, words: str) -> None:
    told = said(*args.split())
    assert told.endswith(words)
    assert "Error" not in told
    assert "Usage" not in told


def test_how_it_is_used_is_told_beside(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PLUMBLINE_LANG", raising=False)
    used, help_, _, _ = said("pairs", "more").splitlines()
    assert used.startswith("用法：plumbline pairs [OPTIONS]")
    assert help_ == "查看帮助：plumbline pairs --help"


@pytest.mark.parametrize("args", ["--lang en judge", "judge --lang en", "judge --lang=en"])
def test_english_is_clicks_own(args: str) -> None:
    assert "Error: Missing argument 'ROW|NUMBER'." in said(*args.split())
