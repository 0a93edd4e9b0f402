"""Public units and companies: codes with both checks, names of the usual four parts."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pyarrow as pa

from plumbline.cli.demo.days import AS_OF, NEVER, Ints, day
from plumbline.cli.demo.identifiers import credit_codes
from plumbline.cli.demo.people import COUNTIES, FIRST_COUNTY

DEPARTMENTS = (
    *("财政局", "教育局", "民政局", "农业农村局", "交通运输局", "水利局", "卫生健康局"),
    *("文化广电旅游局", "自然资源和规划局", "市场监督管理局", "应急管理局", "住房和城乡建设局"),
    *("人民医院", "第一中学", "职业技术学校", "城市管理局", "图书馆", "公路管理中心"),
)
_MARKS = (
    "鸿泰 瑞丰 恒信 德昌 盛达 兴隆 永盛 华茂 金禾 锦程 嘉禾 远航 博雅 启明 和顺 天成 汇通 万和 佳美 新苑 "
    "东篱 云起 青禾 澄江 明湖 凌云 双鹿 白石 长风 逸景 润泽 同舟 百川 朗诚 铭德 优品 卓远 智联 泓源 安行"
).split()
_TRADES = (
    "建设工程 市政工程 园林绿化 办公设备 信息技术 物业服务 餐饮管理 印刷包装 医疗器械 劳务 家具 商贸 "
    "电子科技 环境科技 文化传媒 汽车维修 农业开发 安防技术 会计咨询 教育科技"
).split()
_FORMS = ("有限公司", "有限公司", "有限公司", "股份有限公司", "有限责任公司")


@dataclass(frozen=True)
class Organisations:
    """Some organisations, by position in the arrays."""

    code: pa.Array
    name: pa.Array
    county: Ints
    registered: Ints
    revoked: Ints  # NEVER while in business

    def __len__(self) -> int:
        return len(self.county)

    @property
    def branches(self) -> Ints:
        """Branches of the first companies, in their order."""
        return np.arange(len(self) - len(self) // 20, len(self))

    @property
    def look_alikes(self) -> Ints:
        """Companies with names like those of the first, in their order."""
        return self.branches - len(self) // 20

    @cached_property
    def codes(self) -> list[str]:
        found: list[str] = self.code.to_pylist()
        return found

    @cached_property
    def names(self) -> list[str]:
        found: list[str] = self.name.to_pylist()
        return found

    def named(self, at: Ints) -> list[pa.Array]:
        """Codes and names of the organisations at these positions."""
        where = pa.array(at)
        return [self.code.take(where), self.name.take(where)]


def draw_units() -> Organisations:
    """The public units of all counties."""
    at = np.arange(len(COUNTIES) * len(DEPARTMENTS))
    county = at // len(DEPARTMENTS)
    return Organisations(
        code=credit_codes("11", FIRST_COUNTY + county, 300_000 + at),
        name=pa.array([f"{place}{office}" for place in COUNTIES for office in DEPARTMENTS]),
        county=county,
        registered=np.full(len(at), day(1984)),
        revoked=np.full(len(at), NEVER),
    )


def draw_companies(rng: np.random.Generator, count: int) -> Organisations:
    """Companies; one in twenty has been struck off.

    The last twentieth are branches of the first, with codes of their own; the twentieth before
    them bear names that differ from those of the first by a word.
    """
    county = rng.integers(len(COUNTIES), size=count)
    mark, more = rng.integers(len(_MARKS), size=(2, count))
    trade, form = rng.integers(len(_TRADES), size=count), rng.integers(len(_FORMS), size=count)
    names = [
        f"{COUNTIES[c][:2]}{_MARKS[m]}{_MARKS[n][0] if n % 3 else ''}{_TRADES[t]}{_FORMS[f]}"
        for c, m, n, t, f in zip(county, mark, more, trade, form, strict=True)
    ]
    part = count // 20
    for n in range(part):
        names[count - part + n] = f"{names[n]}{COUNTIES[county[count - part + n]][:2]}分公司"
        names[count - 2 * part + n] = names[n].replace("有限", "实业有限")
    registered = rng.integers(day(2001), day(2014), size=count)
    gone = rng.random(count) < 0.05
    revoked = np.where(gone, rng.integers(day(2015), AS_OF, size=count), NEVER)
    return Organisations(
        code=credit_codes("91", FIRST_COUNTY + county, 10_000_000 + np.arange(count)),
        name=pa.array(names),
        county=county,
        registered=registered,
        revoked=revoked,
    )
