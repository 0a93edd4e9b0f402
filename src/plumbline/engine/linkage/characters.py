"""How characters of names are read, and which are taken for each other by the eye.

Readings come from pypinyin (MIT), without tones. A character with several readings keeps the two that
its table names first, and both are tried; where a character is read otherwise as a surname (单 Shan,
not Dan), the surname's reading comes first. No phrases are looked up: a name is no phrase.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import pyarrow as pa

from plumbline.engine.fact.types.cn.han import fold

#: Surnames that are read otherwise than the character's first reading.
_SURNAMES = dict(
    pair.split(":")
    for pair in """
    单:shan 仇:qiu 解:xie 曾:zeng 区:ou 朴:piao 查:zha 任:ren 尉:wei 盖:ge 翟:zhai 乐:yue 员:yun
    种:chong 覃:qin 冼:xian 缪:miao 折:she 秘:bi 召:shao 薄:bo 柏:bai 卜:bu 沈:shen 盛:sheng 万:wan
    长:zhang 石:shi 贾:jia 宁:ning 车:che 葛:ge 佴:nai 冯:feng 鲍:bao 谌:chen 都:du 句:gou 逄:pang
    隗:wei 燕:yan 应:ying 余:yu 那:na 哈:ha 俞:yu 尹:yin 洗:xian 繁:po 祭:zhai 牟:mu 令:ling 颉:xie
    """.split()
)

#: Surnames that offices exchanged for each other; they are also distinct surnames, so they prove little.
ALIASES = {"闫": "阎", "付": "傅", "肖": "萧", "代": "戴", "邱": "丘", "于": "於"}

#: Groups of characters that a clerk or a scanner takes for each other. Made for this project.
_LOOK_ALIKE = """
    己已巳 未末 士土 干千于 王玉主 天夭夫 晴睛 侯候 栗粟 大太犬 日曰 人入八 刀力 贝见 目自 白百 田由甲申
    午牛 木本术 今令 兔免 辛幸 杨扬 汤场 林材 桂挂 梅海 华毕 萍苹 莉荊荔 娟涓 妹姝 婷停亭 佳住往 伟纬玮 俊峻骏
    竣浚 晓哓 洁结 琳淋 瑛映 瑜渝愉 辉晖 军车 冬东 圆园 芬芳 茹菇 蓝篮 兰三 磊蕾 靖清倩 青责 凯铠 凡几 卫节
    丽而 立位 良艮 朗郎 明朋 盈盁 雨两 雪雷 霞震 斌武 彬杉 鸿鸣 鹏鸥 风凤 鑫淼 金全 锋峰烽蜂 铭铬 钧钓 银根
    建健键 庆厌 康唐 广厂 永水泳 冰沐 波坡 治冶 注住 源原 涛祷 浩洁 淑椒 湘相 潔 焕换唤 灿仙 炜伟 焱炎 爱受
    珍诊 珠株 班斑 琴琹 瑞端 璐路 甜恬 畅杨 秀透 科料 程呈 立竝 章意 童重 维唯惟 继绪 绍沼 罗岁 群郡 翔详 耀跃
    聪总 胜性 育盲 臣巨 艳绝 花化 茂戊 荣策 莹萤 菊掬 蕊芯 薇微 衡行 裕浴 诚城成 超起 跃妖 远运 连莲 逸免 邓郑
    郭敦 陆陈 陶掏 雅稚 静净 顺须 颖颍 飞气 香杳 高亮 魁鬼 魏巍 麦夌 黎藜 默黔 齐济 龙尤 徐涂 孟盂 汪江 洪共
    冯马 祝视 季李 候喉 崔催 彭澎 戚威 曲由 桑柔 毛手 汗汁 沉沈 炳柄 烨晔 皓浩 睿璿 祥详 禄绿 稳隐 筱莜
"""


@lru_cache(maxsize=1)
def characters() -> pa.Table:
    """Code point, syllable as a number, another reading or the same, as a surname, group of look-alikes.

    What is not in the table is read as itself alone.
    """
    # With it come phrases that are not used here, which took a quarter of every start of the program.
    from pypinyin.pinyin_dict import pinyin_dict  # noqa: PLC0415

    syllables: dict[str, int] = {}
    rows: list[tuple[int, int, int, int, int]] = []
    looks = _looks()
    for code, written in pinyin_dict.items():
        readings = list(dict.fromkeys(map(_toneless, written.split(","))))
        surname = _SURNAMES.get(chr(code), readings[0])
        first, other, family = (
            -1 - syllables.setdefault(reading, len(syllables))
            for reading in (readings[0], readings[min(1, len(readings) - 1)], surname)
        )
        rows.append((code, first, other, family, looks.get(chr(code), code)))
    columns = zip(*rows, strict=True)
    names = ["code", "reading", "other", "family", "look"]
    return pa.table([pa.array(column, pa.int32()) for column in columns], names=names)


def _toneless(syllable: str) -> str:
    """lǜ to lu: one who types without tones types no dots either, and v for ü is a machine's habit."""
    plain = unicodedata.normalize("NFD", syllable)
    return "".join(c for c in plain if "a" <= c <= "z")


@lru_cache(maxsize=1)
def _looks() -> dict[str, int]:
    """Character to the code point that stands for its group; the first group that names it counts."""
    found: dict[str, int] = {}
    for group in _LOOK_ALIKE.split():
        for character in fold(group):
            found.setdefault(character, ord(group[0]))
    return found
