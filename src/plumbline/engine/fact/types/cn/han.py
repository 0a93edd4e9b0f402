"""Chinese characters for comparison: traditional folded to simplified, one by one."""

from __future__ import annotations

from functools import lru_cache

from opencc import OpenCC

_BLOCKS = ((0x3400, 0x4DBF), (0x4E00, 0x9FFF), (0xF900, 0xFAFF), (0x20000, 0x323AF))
_COMMON = range(0x4E00, 0xA000)

_COMPOUND = """
    欧阳 太史 端木 上官 司马 东方 独孤 南宫 万俟 闻人 夏侯 诸葛 尉迟 公羊 赫连 澹台 皇甫 宗政
    濮阳 公冶 太叔 申屠 公孙 慕容 仲孙 钟离 长孙 宇文 司徒 鲜于 司空 闾丘 子车 亓官 司寇 巫马
    公西 颛孙 壤驷 公良 漆雕 乐正 宰父 谷梁 拓跋 夹谷 轩辕 令狐 段干 百里 呼延 东郭 南门 羊舌
    微生 公户 公玉 公仪 梁丘 公仲 公上 公门 公山 公坚 左丘 公伯 西门 公祖 第五 公乘 贯丘 公皙
    南荣 东里 东宫 仲长 子书 子桑 即墨 淳于 达奚 褚师
"""

#: Surnames of two characters; what follows one of these is the given name.
COMPOUND = frozenset(_COMPOUND.split())


@lru_cache(maxsize=1)
def _table() -> dict[int, str]:
    """What changes under OpenCC's t2s, character by character.

    Phrases are left aside on purpose (they keep the 乾 of 乾隆): a fold for comparison must not
    depend on the neighbours, or the same name would fold in two ways.
    """
    characters = [chr(code) for first, last in _BLOCKS for code in range(first, last + 1)]
    convert = OpenCC("t2s").convert
    table = dict(zip(characters, convert("\n".join(characters)).split("\n"), strict=True))
    changed = {char: to for char, to in table.items() if char != to}
    # Some fold twice (薴 to 苧 to 苎); folding what is folded must change nothing.
    return {ord(char): changed.get(to, to) for char, to in changed.items()}


def fold(text: str) -> str:
    """`text` in simplified characters and capital letters, for comparison."""
    return text.translate(_table()).upper()


@lru_cache(maxsize=1)
def unfolded() -> str:
    """A regular expression class (without brackets) of common characters that `fold` keeps.

    某 is left out: in a name it is a mask.
    """
    kept = [code for code in _COMMON if code not in _table() and chr(code) != "某"]
    runs: list[list[int]] = []
    for code in kept:
        if runs and code == runs[-1][1] + 1:
            runs[-1][1] = code
        else:
            runs.append([code, code])
    return "".join(chr(a) if a == b else f"{chr(a)}-{chr(b)}" for a, b in runs)


def surname_length(name: str) -> int:
    return 2 if fold(name[:2]) in COMPOUND and len(name) > 2 else 1
