"""Fonts for PDF: of the office's own folder and of the system; nothing is fetched, nothing is embedded here.

GB/T 9704 asks for 仿宋, 小标宋, 黑体 and 楷体. Where a machine has them they are used; fonts under an open
licence stand in for those it has not, and one Chinese font is enough.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import typst

from plumbline.errors import PlumblineError, Text

_SERIF = ("Noto Serif CJK SC", "Noto Serif SC", "Source Han Serif SC", "Source Han Serif CN", "AR PL UMing CN", "SimSun")  # fmt: skip
_SANS = ("Noto Sans CJK SC", "Noto Sans SC", "Source Han Sans SC", "Source Han Sans CN", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Microsoft YaHei")  # fmt: skip
_ANY = (*_SERIF, *_SANS)
#: What each is for -> families, best first.
FAMILIES: dict[str, tuple[str, ...]] = {
    "body": ("FangSong_GB2312", "仿宋_GB2312", "FangSong", "仿宋", "FZFangSong-Z02", "STFangsong", *_ANY),
    "title": ("FZXiaoBiaoSong-B05S", "FZXiaoBiaoSong-B05", "方正小标宋简体", "方正小标宋_GBK", "STZhongsong", *_ANY),
    "first": ("SimHei", "黑体", "FZHei-B01", "STHeiti", *_SANS, *_SERIF),
    "second": ("KaiTi_GB2312", "楷体_GB2312", "KaiTi", "楷体", "FZKai-Z03", "STKaiti", "LXGW WenKai", "AR PL UKai CN", "AR PL KaitiM GB", *_ANY),
    "foot": ("SimSun", "宋体", *_ANY),
}  # fmt: skip


class NoFontError(PlumblineError):
    """No Chinese font was found; somebody installs one."""


@lru_cache(maxsize=4)
def found(folder: Path | None = None) -> typst.Fonts:
    """All fonts there are: the office's folder, and the system's. Looked up once in a process."""
    own = [folder] if folder and folder.is_dir() else []
    return typst.Fonts(include_system_fonts=True, include_embedded_fonts=False, font_paths=own)


def chosen(folder: Path | None = None) -> dict[str, list[str]]:
    """What each is for -> the families there are, best first.

    Raises:
        NoFontError: there is none that has Chinese characters.
    """
    there = {family.casefold(): family for family in found(folder).families()}
    fonts = {
        use: [there[name.casefold()] for name in families if name.casefold() in there]
        for use, families in FAMILIES.items()
    }
    if not all(fonts.values()):
        raise NoFontError(
            Text("没有中文字体，无法生成 PDF", "no Chinese font was found, so no PDF can be made"),
            hint=Text(
                "Debian、Ubuntu 等请安装 fonts-noto-cjk；也可以把字体文件放进工作区的 letters/fonts/",
                "install the Debian package fonts-noto-cjk, or put font files into letters/fonts/ of the "
                "workspace",
            ),
        )
    return fonts
