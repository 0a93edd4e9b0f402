"""The region a name begins with: 温州, 温州市 and 浙江省温州市 are one place, 瑞安 lies in it."""

from __future__ import annotations

import re
from collections import defaultdict
from functools import lru_cache
from typing import NamedTuple

from plumbline.engine.fact.types.base import Country
from plumbline.engine.fact.types.cn.han import fold
from plumbline.engine.fact.types.cn.regions import in_force

_PEOPLES = (
    "蒙古 回 藏 维吾尔 苗 彝 壮 布依 朝鲜 满 侗 瑶 白 土家 哈尼 哈萨克 傣 黎 傈僳 佤 畲 拉祜 水 东乡 纳西 景颇 "
    "柯尔克孜 土 达斡尔 仫佬 羌 布朗 撒拉 毛南 仡佬 锡伯 阿昌 普米 塔吉克 怒 俄罗斯 鄂温克 德昂 保安 裕固 "
    "独龙 鄂伦春 赫哲 门巴 珞巴 基诺 各"
)
_AUTONOMOUS = re.compile(f"(?:维吾尔|(?:{'|'.join(_PEOPLES.split())})族)*自治[区州县旗]$")
_SUFFIX = re.compile("(?:特别行政区|地区|林区|特区|矿区|[省市县区盟旗])$")
_NO_PLACE = re.compile("直辖|市辖区|办事处|海域|国外|^市区$|^城区$|^郊区$|^矿区$|^县$")

#: Regions whose names firms like to be called by. A county of this list is not meant where a name
#: begins with it, without its suffix and without the region above, except at home.
LUCKY = frozenset(
    """
    东方 朝阳 安康 永安 长乐 太和 安平 平安 永兴 新兴 兴隆 兴业 兴国 兴安 兴和 兴海 永丰
    永和 永顺 永福 永泰 永胜 永昌 永德 天长 泰和 泰顺 嘉禾 福安 大方 大新 开平 同心 富民
    惠民 万年 万安 新乐 新安 新华 宏伟 和平 和顺 和田 长安 金湖 明光 青山 红旗 解放 大通
    广德 德兴 德昌 瑞昌 瑞金 隆安 隆昌 隆德 安达 安福 安远 安宁 康乐 乐安 高明 光泽 华容
    华安 中方 海兴 集美 九龙 临泽 龙门 宁远 平和 仁和 仁寿 顺平 同德 同仁 万全 文安 祥云 信丰
    信宜 阳春 友谊 裕安 远安 镇安 正安 正宁 正定 宝丰 宝兴 东兴 丰顺 富源 广安 广昌 广丰 恒山
    汇川 景泰 巨鹿 凯里 明水 清丰 融安 双江 泰兴 通海 万源 望江 旺苍 兴仁 兴义 兴宁 宜君
    源城 云和 云龙 长丰 长宁 长泰 长兴 中江 卓资
    """.split()
)

NATION = "中国"


class Place(NamedTuple):
    """A region as a name says it.

    Attributes:
        key: the same for all spellings of one place: province, name without suffix, level.
        code: six digits, "" where several regions bear the name, or for the whole country.
        bare: whether it was written without its suffix, and so may be no region at all.
    """

    key: str
    code: str
    name: str
    bare: bool


class _Bearer(NamedTuple):
    code: str
    level: int  # 1 province, 2 prefecture, 3 county
    alone: bool  # a name by itself, without the region above it
    present: bool


class Places:
    """The regions of a country, found at the beginning of names."""

    def __init__(self, country: Country) -> None:
        self._home = country.home
        bearers: defaultdict[str, list[_Bearer]] = defaultdict(list)
        for code, spells in sorted(country.regions.items()):
            level = 1 if code.endswith("0000") else 2 if code.endswith("00") else 3
            for name in sorted({fold(name) for name, _, _ in spells}):
                if _NO_PLACE.search(name):
                    continue
                present = in_force(country, code)
                bearers[name].append(_Bearer(code, level, alone=True, present=present))
                short = bare(name)
                if short != name and len(short) > 1:
                    alone = self.at_home(code) or (
                        present and (level < 3 or (short not in LUCKY and not name.endswith("区")))
                    )
                    bearers[short].append(_Bearer(code, level, alone, present))
        self._bearers = dict(bearers)
        by_two: defaultdict[str, list[str]] = defaultdict(list)
        for name in bearers:
            by_two[name[:2]].append(name)
        self._by_two = {
            two: tuple(sorted(names, key=lambda name: (-len(name), name)))
            for two, names in by_two.items()
        }
        self._found: dict[tuple[str, str], Place | None] = {}

    def at_home(self, code: str) -> bool:
        return bool(self._home) and code.startswith(self._home)

    def lead(self, text: str) -> tuple[Place | None, str]:
        """The place that `text` begins with, the lowest of several in a row, and what follows."""
        place: Place | None = None
        found: Place | None
        while True:
            found = None
            for name in self._by_two.get(text[:2], ()):
                if not text.startswith(name) or text.startswith(("场", "监局"), len(name)):
                    continue  # 市场 is no 市, and 瑞安市监局 is 瑞安's 市监局
                if found := self._find(name, place.code if place else ""):
                    place, text = found, text[len(name) :]
                    break
            if found is None or not found.code.endswith("00"):
                break
        if place is None and text.startswith(NATION):
            return Place(NATION, "", NATION, bare=True), text[2:]
        return place, text

    def exactly(self, text: str) -> Place | None:
        """The place that `text` is the name of, as in brackets, where nothing else is meant."""
        place, rest = self.lead(text)
        if place and not rest:
            return place
        return self._resolve(text, "", alone=False) if text in self._bearers else None

    def _find(self, name: str, within: str) -> Place | None:
        known = (name, within)
        if known not in self._found:
            self._found[known] = self._resolve(name, within)
        return self._found[known]

    def _resolve(self, name: str, within: str, *, alone: bool = True) -> Place | None:
        """The region of this name, below the one that was named before it."""
        bearers = self._bearers[name]
        short = bare(name) if len(bare(name)) > 1 else name
        if within:
            level = 1 if within.endswith("0000") else 2 if within.endswith("00") else 3
            above = within[: 2 * level]
            bearers = [b for b in bearers if b.level > level and b.code.startswith(above)]
        elif alone:
            bearers = [b for b in bearers if b.alone]
        if not bearers:
            return None
        if self._home:
            bearers = [b for b in bearers if b.code.startswith(self._home)] or bearers
        top = min(b.level for b in bearers)
        bearers = [b for b in bearers if b.level == top]
        provinces = sorted({b.code[:2] for b in bearers})
        code = next((b.code for b in bearers if b.present), bearers[0].code)
        if len(provinces) > 1:
            return Place(f"{short}{top}", "", short, bare=short == name)
        return Place(f"{provinces[0]}{short}{top}", code, short, bare=short == name)


@lru_cache(maxsize=16384)
def bare(region: str) -> str:
    """温州 for 温州市, 景宁 for 景宁畲族自治县; 沙县 stays, since 沙 is no name of a place."""
    short = _AUTONOMOUS.sub("", region)
    if short == region:
        short = _SUFFIX.sub("", region)
    return short if len(short) > 1 else region


def apart(a: str, b: str) -> bool:
    """Whether two regions' codes exclude each other: neither is the other or lies in it."""
    return bool(a and b) and not (_within(a, b) or _within(b, a))


def _within(code: str, above: str) -> bool:
    if above.endswith("0000"):
        return code[:2] == above[:2]
    return code[:4] == above[:4] if above.endswith("00") else code == above
