"""Names of people who do not exist, drawn from frequency tables, and how clerks misspell them.

The tables are short: shares of the commonest surnames in percent and given-name characters by
rough frequency, enough that strangers share a name as often as in a real county.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from plumbline.cli.demo.days import Ints, Mask

_SURNAMES = (
    "王7.2 李7.1 张6.8 刘5.4 陈4.5 杨3.1 黄2.2 赵2.1 吴2.0 周1.9 徐1.6 孙1.5 马1.3 朱1.3 胡1.3 郭1.2 "
    "何1.2 林1.1 高1.1 罗1.0 郑1.0 梁.9 谢.8 宋.8 唐.7 许.7 韩.7 邓.6 冯.6 曹.6 彭.6 曾.6 肖.6 田.5 董.5 "
    "潘.5 袁.5 蔡.5 蒋.5 余.5 于.5 杜.5 叶.4 程.4 魏.4 苏.4 吕.4 丁.4 任.4 卢.4 姚.4 沈.4 钟.4 姜.4 崔.4 "
    "谭.4 陆.4 范.3 汪.3 廖.3 石.3 金.3 韦.3 贾.3 夏.3 付.3 方.3 邹.3 熊.3 白.3 孟.3 秦.2 邱.2 侯.2 江.2 "
    "尹.2 薛.2 闫.2 段.2 雷.2 龙.2 黎.2 史.2 陶.2 贺.2 毛.2 郝.2 顾.2 龚.2 邵.2 万.2 欧阳.05 上官.01 诸葛.01"
)
_MEN = "伟强军勇杰涛明超辉鹏飞华波斌刚平建国海峰志文林龙宇浩磊亮健俊东成荣庆祥生德福新光永春金"
_WOMEN = "芳丽敏静燕娟艳秀英霞玲桂红梅兰玉萍云珍洁雪婷琳慧莹倩颖琴凤春香美佳晶欣月莲爱淑小秋"
_RARE = "䶮𠮷〇垚犇"  # characters that old systems lose
_WESTERN = ("阿卜杜拉·买买提", "古丽·艾山", "巴特尔·苏和", "买买提·吐尔逊", "阿依古丽·卡德尔")

_TRADITIONAL = dict(
    zip(
        "张刘陈杨黄赵吴孙马罗郑谢许韩邓冯肖董蒋叶苏吕卢钟谭陆贾邹龙贺顾龚万强军伟杰涛飞华刚建国红丽静艳兰云凤爱志宇亮东荣庆",
        "張劉陳楊黃趙吳孫馬羅鄭謝許韓鄧馮蕭董蔣葉蘇呂盧鍾譚陸賈鄒龍賀顧龔萬強軍偉傑濤飛華剛建國紅麗靜豔蘭雲鳳愛志宇亮東榮慶",
        strict=True,
    )
)
del _TRADITIONAL["肖"]  # 肖 and 蕭 are different surnames to the registers

_DOTS = "•・‧∙⋅"
#: Characters of given names, each with one that sounds alike to whoever takes down a name.
SOUNDS_LIKE = (
    "伟炜 强蔷 军君 勇永 杰洁 涛韬 明铭 超朝 辉晖 鹏朋 飞菲 华桦 波博 斌彬 刚钢 平萍 建健 国果 海亥 峰锋 志智 文雯 "
    "林琳 龙隆 宇雨 浩皓 磊蕾 亮靓 俊骏 东冬 成诚 荣蓉 庆清 祥翔 生升 德得 福富 新欣 光广 春椿 金今 永咏 "
    "芳方 丽莉 敏闵 静婧 燕艳 娟鹃 艳彦 秀绣 英瑛 霞侠 玲灵 红虹 梅玫 桂贵 兰岚 玉钰 萍平 云芸 珍贞 洁杰 雪薛 婷庭 "
    "琳林 慧惠 莹盈 倩茜 颖影 琴芹 凤奉 香湘 美镁 佳嘉 晶菁 欣新 月悦 莲连 爱艾 淑叔 小晓 秋丘"
)
_MISTAKEN = {pair[0]: pair[1] for pair in SOUNDS_LIKE.split()}

#: A surname that nobody in the frequency table bears: what a careless clerk types instead.
_STRANGERS = ("敖", "卞", "柴", "刁", "樊", "葛", "霍", "纪", "康", "柳")


def draw_names(rng: np.random.Generator, male: Mask) -> pa.Array:
    """A name for everybody: surname, one or two given characters, a few rare or Western ones."""
    count = len(male)
    surnames = [entry.rstrip(".0123456789") for entry in _SURNAMES.split()]
    shares = np.array(
        [float(e[len(s) :]) for e, s in zip(_SURNAMES.split(), surnames, strict=True)]
    )
    surname = rng.choice(len(surnames), count, p=shares / shares.sum())
    men, women = list(_MEN), list(_WOMEN)
    given = pa.array([*men, *women, *_RARE, ""])
    none, rare = len(given) - 1, len(men) + len(women)

    def character() -> Ints:
        skewed = rng.beta(1, 2, count)
        return np.where(male, skewed * len(men), len(men) + skewed * len(women)).astype(np.int64)

    first, second = character(), character()
    second[rng.random(count) < 0.28] = none
    odd = np.flatnonzero(rng.random(count) < 0.0008)
    second[odd] = rare + rng.integers(len(_RARE), size=len(odd))
    names = pc.binary_join_element_wise(
        pa.array(surnames).take(pa.array(surname)),
        given.take(pa.array(first)),
        given.take(pa.array(second)),
        "",
    )
    western = rng.random(count) < 0.002
    chosen = pa.array(_WESTERN).take(pa.array(rng.integers(len(_WESTERN), size=int(western.sum()))))
    return pc.replace_with_mask(names, pa.array(western), chosen)


def another_name(name: str, turn: int) -> str:
    """A name that no one takes for the same person's: another surname."""
    return _STRANGERS[turn % len(_STRANGERS)] + name[1:].replace("·", "")


def misspelt(name: str, turn: int) -> str:
    """Another given name that sounds alike, or the name without its last character."""
    for at in range(len(name) - 1, 0, -1):
        if name[at] in _MISTAKEN and turn % 4:
            return name[:at] + _MISTAKEN[name[at]] + name[at + 1 :]
    return name[:-1] if len(name) > 2 else name[0] + "丕"


def name_masked(name: str, turn: int) -> str:
    """A name as courts and offices hide it."""
    family, given = name[:1], len(name) - 1
    styles = (
        f"{family}某某" if given > 1 else f"{family}某",
        family + "*" * given,
        f"{family}某",
        f"{family}*{name[-1]}" if given > 1 else f"{family}*",
        f"{family}××" if given > 1 else f"{family}×",
    )
    return styles[turn % len(styles)]


def respelt(name: str, turn: int) -> str:
    """The same name as another clerk writes it: still the same person to anyone who can read."""
    if "·" in name:
        return name.replace("·", _DOTS[turn % len(_DOTS)])
    if "〇" in name:
        return name.replace("〇", "○")
    if len(name) == 2:
        return f"{name[0]}{('　', ' ', '  ')[turn % 3]}{name[1]}"
    traditional = "".join(_TRADITIONAL.get(c, c) for c in name)
    return traditional if traditional != name else f" {name} "
