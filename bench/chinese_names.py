"""Names of people who do not exist, by generation and sex, and how offices get names wrong.

Lists were put together for this project. How a mistake is made is written here without looking at how
the program compares names, apart from one thing they share: the readings of characters, from pypinyin.
"""

from __future__ import annotations

from collections import defaultdict
from functools import cache

import numpy as np
from pypinyin import lazy_pinyin
from pypinyin.pinyin_dict import pinyin_dict

from plumbline.cli.demo.days import Ints, Mask, year_of
from plumbline.cli.demo.names import _SURNAMES as COMMON
from plumbline.cli.demo.names import _TRADITIONAL as TRADITIONAL
from plumbline.cli.demo.rows import Array

#: Surnames beyond the demo's, each borne by some 0.05 % of people.
MORE_SURNAMES = (
    "戴 莫 孔 向 常 汤 温 康 施 文 牛 樊 葛 邢 安 齐 易 乔 伍 庞 颜 倪 庄 聂 章 鲁 岳 翟 殷 詹 申 耿 关 兰 焦 俞 左 柳 甘 "
    "祝 包 宁 尚 符 舒 阮 柯 纪 梅 童 凌 毕 单 季 裴 霍 涂 成 苗 谷 盛 曲 翁 冉 骆 蓝 路 游 辛 靳 欧 管 柴 蒙 鲍 华 喻 祁 蒲 "
    "房 滕 屈 饶 解 牟 艾 尤 阳 时 穆 农 司 卓 古 吉 缪 简 车 项 连 芦 麦 褚 娄 窦 戚 岑 景 党 宫 费 卜 冷 晏 席 卫 米 柏 "
    "宗 瞿 桂 全 佟 应 臧 闵 苟 邬 边 卞 姬 师 和 仇 栾 隋 商 刁 沙 荣 巫 寇 桑 郎 甄 丛 仲 虞 敖 巩 明 佘 池 查 麻 苑 迟 邝 "
    "司马 慕容 令狐 皇甫 尉迟 端木 公孙 夏侯"
).split()
_WEIGHT_OF_MORE = 0.05
COMPOUND = frozenset("欧阳 上官 诸葛 司马 慕容 令狐 皇甫 尉迟 端木 公孙 夏侯".split())

#: Characters of given names, commonest first: born before 1965, before 1985, and later.
MEN = (
    (
        "国建明德福生华荣文志林金祥贵富发财根水木海山东忠义仁礼信良武兴旺友光松柏春秋长永平才元成宝顺庆喜来田土兵新民先"
        "学书清正大天玉世克永铁石保全有连开安洪启章云龙虎万"
    ),
    (
        "伟强军勇杰涛斌波辉刚超平健峰磊亮俊东红卫民新宏剑锋海鹏飞龙江洋宁晓永志文国建明华林庆立成利祥凯雷兵生力振继少"
        "春雪松川旭彬威跃群胜友根全忠义良进智"
    ),
    (
        "浩宇轩子涵泽博睿晨阳俊杰皓天宸铭恩翔鑫凯嘉豪逸家伟明鹏飞文志远航昊然奕霖瑞思源哲瀚林辰一诺承佑景熙乐铠楠煜"
        "彦君恒星驰启言亦朗峻弘毅卓成"
    ),
)
WOMEN = (
    (
        "秀英桂兰玉珍凤梅香菊花莲翠芳素淑美月彩银娥娣妹巧琴仙云金春秋红霞爱琼雪荣华莉芝惠贞蓉兰瑞珠娟枝连根水招弟来喜"
        "清文腊冬群国建小大福"
    ),
    (
        "丽芳敏静燕霞红梅萍艳玲娟英慧莉娜颖洁琳雪云晓春华海小爱丹平青利群亚冬秋彩凤兰琴芬蓉瑛佩珊蕾薇晶莹欣婷倩媛瑶"
        "文国建素秀金玉珍虹"
    ),
    (
        "欣怡雨涵梓萱诗琪梦瑶佳宁思妍静雯可馨依婷语嫣紫若曦晨悦彤心雅婉清子颖琳一诺安然沐芷桐艺璇钰昕媛菲莹嘉慧文君"
        "亦舒星月乐灵玥希念"
    ),
)
RARE = "䶮𠮷〇垚犇㛃喆昇堃翀頔彧"
#: What an old system makes of the characters that it does not have.
LOST = {
    "䶮": ("\ue863", "?", "龑"),
    "𠮷": ("吉", "?", "□"),
    "〇": ("○", "0", "O"),
    "㛃": ("?", "洁"),
}
FIRST_PARTS = (
    "阿卜杜拉 买买提 艾山 吐尔逊 卡德尔 古丽 阿依古丽 帕提古丽 热依汗 木合塔尔 阿不都热依木 努尔 巴特尔 苏和 乌兰 "
    "其木格 格日勒 叶尔兰 赛力克 阿依努尔 扎西 卓玛 次仁 央金"
).split()
LAST_PARTS = (
    "买买提 艾山 吐尔逊 卡德尔 苏和 依明 肉孜 托合提 玉素甫 哈力克 阿布都拉 热合曼 司马义 尼牙孜 库尔班 达吾提 赛买提 "
    "巴依尔 朝鲁 多吉"
).split()
LOOK_ALIKE = (
    "伟纬 强疆 军车 勇湧 涛祷 明朋 超起 辉挥 鹏鹂 飞气 华毕 波坡 斌武 平乎 国困 海每 峰烽 文丈 林材 龙尤 宇字 浩洁 亮壳 "
    "俊峻 东车 成戌 荣茶 庆厌 祥详 生牛 德徳 福幅 新薪 光先 春舂 金全 芳劳 敏梅 静净 燕蒸 娟捐 秀禿 英芙 霞露 玲铃 桂挂 "
    "红江 梅海 兰三 玉王 云去 珍诊 雪雷 婷停 慧彗 莹萤 倩请 颖颍 琴栞 凤风 香杳 美羹 佳住 晶品 月用 爱受 淑椒 建健 志忘 "
    "杰木 刚钢 健建 磊石 子了 博傅 泽择 晨震 阳阴 天夭 铭铬 恩思 凯铠 嘉喜 豪毫 家冢 远运 航杭 然燃 源原 哲誓 承丞 乐东 "
    "怡恰 雨两 涵函 梓辛 诗待 琪棋 梦萝 宁守 思恩 妍研 雯雪 可司 馨磬 依衣 语浯 紫柴 曦羲 悦说 彤彩 心必 雅稚 清晴 钰玉 "
    "媛缓 菲非 永水 长氏 忠患 义又 仁仨 信们 良艮 武戒 友发 松枀 才木 元无 宝玉 喜嘉 民氏 卫工 宏宠 立位 利科 振根 "
    "王玉 李季 刘列 陈阵 杨扬 赵起 黄寅 周同 吴昊 徐除 孙孔 朱未 胡湖 郭敦 何河 高亮 郑邓 罗岁 宋宗 谢射 冯马 于干 "
    "董重 萧肃 程呈 曹曾 袁哀 邓郑 许计 傅博 沈沉 曾曹 彭澎 吕吴 苏芬 卢户 蒋将 蔡祭 贾买 丁了 魏巍 薛萨 叶汁 阎闫 余佘"
)
LATER_NAMES = ("来弟", "招娣", "狗剩", "石头", "卫东", "文革", "红卫", "跃进", "国庆", "小毛")


@cache
def _sounds() -> dict[str, tuple[str, ...]]:
    """Characters of these names by how they are read, without tones."""
    known = dict.fromkeys(
        "".join([*MEN, *WOMEN, *MORE_SURNAMES, "薇炜纬蔷君韬旻晖朋桦柏彬钢坪菓枫峯芷琳珑雨晧蕾靓"])
    )
    found: defaultdict[str, list[str]] = defaultdict(list)
    for character in known:
        found[_reading(character)].append(character)
    return {reading: tuple(characters) for reading, characters in found.items()}


def _reading(character: str) -> str:
    return lazy_pinyin(character)[0] if ord(character) in pinyin_dict else character


#: Finals and initials that speakers of southern dialects do not keep apart.
_BLURRED = (
    ("ing", "in"),
    ("eng", "en"),
    ("ang", "an"),
    ("zh", "z"),
    ("ch", "c"),
    ("sh", "s"),
    ("n", "l"),
    ("h", "f"),
)


def homophone(name: str, turn: int) -> str:
    """Another character that is read alike, or alike to an ear from the south; "" if there is none."""
    for at in _places(name, turn):
        reading = _reading(name[at])
        other = list(_sounds().get(reading, ()))
        if turn % 3 == 0:
            other += [c for blurred in _blurred(reading) for c in _sounds().get(blurred, ())]
        other = [character for character in other if character != name[at]]
        if other:
            return name[:at] + other[turn // 3 % len(other)] + name[at + 1 :]
    return ""


def _blurred(reading: str) -> list[str]:
    pairs = [*_BLURRED, *((b, a) for a, b in _BLURRED)]
    ends = [reading[: -len(a)] + b for a, b in pairs[:3] + pairs[8:11] if reading.endswith(a)]
    starts = [b + reading[len(a) :] for a, b in pairs[3:8] + pairs[11:] if reading.startswith(a)]
    return [*ends, *starts]


def _places(name: str, turn: int) -> list[int]:
    """Places of a name, the given name first, the surname seldom."""
    given = list(range(len(name) - 1, 0, -1))
    if turn % 2:
        given.reverse()
    return [0, *given] if turn % 11 == 0 else given


_LOOKS = {pair[0]: pair[1] for pair in LOOK_ALIKE.split()}


def look_alike(name: str, turn: int) -> str:
    """Another character of the same look; "" if none is known."""
    for at in _places(name, turn):
        if name[at] in _LOOKS:
            return name[:at] + _LOOKS[name[at]] + name[at + 1 :]
    return ""


def shortened(name: str, turn: int) -> str:
    """One character missing; "" where nothing but the surname would be left."""
    if len(name) < 3:
        return ""
    at = (len(name) - 1, 1, len(name) - 1, 0)[turn % 4]
    return name[:at] + name[at + 1 :]


def swapped(name: str, _: int) -> str:
    """Given characters the wrong way round; "" where there is but one, or twice the same."""
    other = name[:-2] + name[-1] + name[-2]
    return other if len(name) > 2 and other != name and "·" not in name else ""


def traditional(name: str, _: int) -> str:
    """In traditional characters; "" where they are the same."""
    other = "".join(TRADITIONAL.get(c, c) for c in name)
    return other if other != name else ""


def spaced(name: str, turn: int) -> str:
    """With the spaces that align a table; "" for long names."""
    blank = ("　", " ", "  ", "\u00a0")[turn % 4]
    return blank.join(name) if len(name) <= 3 else ""


def latin(name: str, turn: int) -> str:
    """In Latin letters, as on a bank card or a passport."""
    if "·" in name:
        return " ".join("".join(lazy_pinyin(part)) for part in name.split("·")).upper()
    family, *given = lazy_pinyin(name)
    first = "".join(given).upper()
    return (f"{family.upper()} {first}", f"{family.upper()}{first}", f"{first} {family.upper()}")[
        turn % 3
    ]


def masked(name: str, turn: int) -> str:
    """As courts, banks and notice boards hide it."""
    family = name[:2] if name[:2] in COMPOUND and len(name) > 2 else name[0]
    given = len(name) - len(family)
    return (
        f"{family}某某" if given > 1 else f"{family}某",
        family + "*" * given,
        f"{family}某",
        f"{family}{'*' * (given - 1)}{name[-1]}" if given > 1 else f"{family}*",
        family + "×" * given,
        f"{family}某" + "甲乙丙丁"[turn // 7 % 4],
        "*" * len(family) + name[len(family) :],
    )[turn % 7]


def dotted(name: str, turn: int) -> str:
    """A name of two parts as written without thought for the dot; cut off where the field was short."""
    return (
        *(name.replace("·", dot) for dot in "•・‧∙⋅."),
        name.replace("·", ""),
        name.replace("·", " "),
        name[:5],
    )[turn % 9]


def lost(name: str, turn: int) -> str:
    """A rare character as an old system kept it."""
    for character in name:
        if character in RARE:
            ways = LOST.get(character, ("?", "\ue000"))
            return name.replace(character, ways[turn % len(ways)])
    return ""


def former(name: str, turn: int, *, woman: bool, old: bool) -> str:
    """What somebody was called before: another given name; of a widow, her husband's surname first."""
    if woman and old and turn % 2:
        return "王李张刘陈杨"[turn // 2 % 6] + name[0] + "氏"
    return name[0] + LATER_NAMES[turn % len(LATER_NAMES)]


def draw_names(rng: np.random.Generator, born: Ints, male: Mask) -> Array:
    """A name for everybody: by generation and sex, a few of two parts, a few with rare characters."""
    count = len(born)
    entries = COMMON.split()
    surnames = [entry.rstrip(".0123456789") for entry in entries]
    shares = [float(e[len(s) :]) for e, s in zip(entries, surnames, strict=True)]
    weights = np.array([*shares, *[_WEIGHT_OF_MORE] * len(MORE_SURNAMES)])
    family = np.array([*surnames, *MORE_SURNAMES], object)[
        rng.choice(len(weights), count, p=weights / weights.sum())
    ]
    names = family
    generation = np.digitize(year_of(born), [1965, 1985])
    single = rng.random(count) < np.array([0.12, 0.34, 0.10])[generation]
    for sex, lists in ((True, MEN), (False, WOMEN)):
        for nth, characters in enumerate(lists):
            known = list(dict.fromkeys(characters))
            share = 1 / (np.arange(len(known)) + 4.0) ** 0.75
            which = np.flatnonzero((male == sex) & (generation == nth))
            one, other = (
                np.array(known, object)[rng.choice(len(known), len(which), p=share / share.sum())]
                for _ in range(2)
            )
            other[single[which]] = ""
            names[which] = family[which] + one + other
    odd = np.flatnonzero(rng.random(count) < 0.006)
    names[odd] = [n[:-1] + RARE[k % len(RARE)] for k, n in enumerate(names[odd])]
    two = np.flatnonzero(rng.random(count) < 0.012)
    first, last = (rng.integers(len(p), size=len(two)) for p in (FIRST_PARTS, LAST_PARTS))
    names[two] = [f"{FIRST_PARTS[a]}·{LAST_PARTS[b]}" for a, b in zip(first, last, strict=True)]
    return names
