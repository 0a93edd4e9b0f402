"""An invented city region full of firms, and rows about some of them of which the truth is known.

All names, codes and people are drawn by chance from a seed. Trades are words as they stand on shop signs, a
quarter of them unknown to the word list of `plumbline.engine.linkage`. The rows are spoiled as departments
spoil them: another spelling, the region or the industry left out, a misread or mistyped character, a former
name; and some are about nobody in the register: a branch, a sister firm of another industry, a namesake
elsewhere. Sister firms and branches share people and telephones with the firm they are taken for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random

import pyarrow as pa

from plumbline.engine.fact.types.base import Country
from plumbline.engine.fact.types.cn.han import fold
from plumbline.engine.fact.types.cn.org_code import check_character, org9_valid
from plumbline.engine.fact.types.cn.regions import country_pack

COUNTIES = {
    "380101": "澜江区", "380102": "望澜区", "380103": "青岚区", "380105": "白鹭县", "380106": "云汀县",
    "380107": "梅坞县", "380108": "松峦县", "380109": "沙屿县", "380181": "青禾市",
}  # fmt: skip
_ABOVE = {"380000": "云海省", "380100": "澜州市", "380200": "临江市"}
_MARKS = (
    "鸿泰瑞丰恒信德昌盛达兴隆永华茂金禾锦程嘉远航博雅启明和顺天成汇通万佳美新苑东云青澄江湖凌双鹿白石长风逸景润泽同舟百川朗诚"
    "铭优品卓智联泓源安行海宏伟业富强利民康宁正大光辉腾飞龙凤祥瑞吉庆春秋松柏竹梅兰菊千土士未人日己干"
)
_KNOWN = (
    "建设工程 建筑劳务 市政工程 园林绿化 装饰工程 信息技术 电子科技 网络科技 环保科技 生物科技 机械设备 机电设备 五金制品 塑料制品 "
    "服饰 鞋业 皮革 家具 食品 餐饮管理 茶业 水产 农业开发 生猪养殖 医疗器械 医药 化工 建材 石材 混凝土 商贸 贸易 进出口 物流 运输 "
    "仓储服务 汽车销售服务 汽车维修 物业服务 保洁服务 人力资源 广告 文化传媒 教育咨询 旅游开发 房地产开发 投资管理 财务咨询 印刷包装 "
    "办公设备 安防技术 新能源 光伏 电气 阀门"
).split()
_UNKNOWN = "竹编 灯笼 渔具 拉链 制笔 锁业 标牌 打火机 眼镜架 钓具 粉干 年糕 制伞 童车 汽摩配 气动元件 钮扣 剃须刀".split()
_FIRMS = ["有限公司"] * 14 + ["有限责任公司", "股份有限公司"]
_OTHERS = "店 经营部 商行 厂 加工厂 服务部 超市 小吃店 专业合作社".split()
_SURNAMES = "王李张刘陈杨黄赵吴周徐孙马朱胡郭何林高罗郑梁谢宋唐许韩邓冯曹彭曾肖田董潘袁蔡蒋余"
_GIVEN = (
    "伟强军勇杰涛明超辉鹏飞华波斌刚平建国海峰志文林龙宇浩磊亮健俊东成荣庆祥生德福新光永春芳丽敏静"
)
_LOOK_ALIKE = dict(zip("土士未日人己千末曰入已干", "士土末曰入已干未日人己千", strict=True))
_TRADITIONAL = str.maketrans("东云长风龙华汇业庆远", "東雲長風龍華匯業慶遠")


def country() -> Country:
    packaged = country_pack()
    ours = {code: ((name, "", ""),) for code, name in (_ABOVE | COUNTIES).items()}
    return Country({**packaged.regions, **ours}, packaged.provinces, home="3801")


@dataclass
class Firm:
    """An organisation, in the parts of its name."""

    code: str
    county: str
    region: str
    mark: str
    trade: str
    form: str
    person: str
    phone: str
    address: str
    former: str = ""

    @property
    def name(self) -> str:
        return f"{self.region}{self.mark}{self.trade}{self.form}"


@dataclass
class Rows:
    """Claims as `link_organisations` takes them, and what they were made from."""

    rows: list[tuple[str | None, str, list[str], list[str], list[str], list[str]]] = field(
        default_factory=list
    )
    truth: list[str | None] = field(default_factory=list)
    kind: list[str] = field(default_factory=list)

    def table(self) -> pa.Table:
        lists = pa.list_(pa.string())
        code, name, *attributes = zip(*self.rows, strict=True)
        labels = ("people", "phones", "regions", "addresses")
        return pa.table(
            {
                "claim": pa.array(range(len(code)), pa.int64()),
                "code": pa.array(code, pa.string()),
                "name": pa.array([fold(each.replace(" ", "")) for each in name], pa.string()),
                **{k: pa.array(v, lists) for k, v in zip(labels, attributes, strict=True)},
                "truth": pa.array(self.truth or [None] * len(code), pa.string()),
                "kind": pa.array(self.kind or [""] * len(code), pa.string()),
            }
        )


def draw(firms: int, claims: int, seed: int) -> tuple[pa.Table, pa.Table]:
    """The register (a row for every name) and the rows to be tied, with `truth` and `kind`."""
    random = Random(seed)  # noqa: S311 -- a measurement, no secret
    region = _Region(random)
    known = [region.firm() for _ in range(firms)]
    for firm in known:
        if random.random() < 0.1:
            firm.former = region.renamed(firm)
    register = Rows()
    for firm in known:
        attributes = ([firm.person], [firm.phone], [firm.county], [firm.address])
        register.rows.append((firm.code, firm.name, *attributes))
        if firm.former:
            register.rows.append((firm.code, firm.former, [], [], [], []))
    told = Rows()
    kinds = random.choices(list(region.kinds), [w for _, w in region.kinds.values()], k=claims)
    for kind in kinds:
        firm = random.choice(known)
        spoil = region.kinds[kind][0]
        region.tell(told, firm, kind, spoil(firm))
    return register.table(), told.table()


Spoilt = tuple[
    str, Firm | None
]  # the name as told, and whom the row is about where not about the firm


class _Region:
    """Draws firms, and spoils what is told of them."""

    def __init__(self, random: Random) -> None:
        self.random, self.names, self.serial = random, set[str](), 0
        self.kinds: dict[str, tuple[Callable[[Firm], Spoilt], int]] = {
            "as registered": (lambda firm: (firm.name, None), 18),
            "another spelling": (self._spelled, 18),
            "the form changed": (self._reformed, 4),
            "region left out": (lambda firm: (firm.mark + firm.trade + firm.form, None), 8),
            "industry left out": (lambda firm: (firm.region + firm.mark + firm.form, None), 3),
            "a misread character": (self._misread, 6),
            "a mistyped character": (self._mistyped, 6),
            "a former name": (lambda firm: (firm.former or firm.name, None), 6),
            "a name nobody registered": (lambda firm: (self.renamed(firm), None), 2),
            "a branch of it": (self._branch, 6),
            "a sister firm": (self._sister, 8),
            "a namesake elsewhere": (self._namesake, 6),
            "a stranger": (self._stranger, 9),
        }

    def code(self, county: str) -> str:
        while True:
            self.serial += 1
            organ = next(
                (
                    f"M{self.serial:07}{c}"
                    for c in "0123456789"
                    if org9_valid(f"M{self.serial:07}{c}")
                ),
                None,
            )
            if organ:
                return f"91{county}{organ}{check_character(f'91{county}{organ}')}"

    def person(self) -> str:
        given = "".join(self.random.choices(_GIVEN, k=self.random.choice((1, 2, 2))))
        return self.random.choice(_SURNAMES) + given

    def firm(self) -> Firm:
        """One firm in a hundred bears the full name of another, as when one was struck off."""
        random = self.random
        while True:
            county = random.choice(list(COUNTIES))
            name = COUNTIES[county]
            region = random.choice((name, name[:2], "澜州", "澜州市", f"澜州市{name}"))
            mark = "".join(random.choices(_MARKS, k=random.choice((2, 2, 2, 3, 3, 4))))
            trade = random.choice(_KNOWN if random.random() < 0.75 else _UNKNOWN)
            form = random.choice(_FIRMS if random.random() < 0.75 else _OTHERS)
            firm = Firm(
                self.code(county),
                county,
                region,
                mark,
                trade,
                form,
                self.person(),
                f"138{random.randrange(10**8):08}",
                f"{name}{random.choice(_MARKS)}{random.choice(_MARKS)}路{random.randrange(400)}号",
            )
            if firm.name not in self.names or random.random() < 0.01:
                self.names.add(firm.name)
                return firm

    def renamed(self, firm: Firm) -> str:
        mark = "".join(self.random.choices(_MARKS, k=2))
        return f"{firm.region}{mark}{firm.trade}{firm.form}"

    def tell(self, told: Rows, firm: Firm, kind: str, spoilt: Spoilt) -> None:
        """A row: the name, perhaps a number, and some of what else is known, not all of it right."""
        random = self.random
        name, about = spoilt
        who = about or firm
        chance = random.random()
        code = None
        if chance < 0.25:
            code = f"{who.code[:4]}{'*' * 10}{who.code[-4:]}"
        elif chance < 0.3:
            code = who.code[8:17]
        person = self.person() if random.random() < 0.1 else who.person
        phone = who.phone if random.random() < 0.85 else f"138{random.randrange(10**8):08}"
        told.rows.append(
            (
                code,
                name,
                [person] if random.random() < 0.55 else [],
                [phone] if random.random() < 0.35 else [],
                [who.county] if random.random() < 0.6 else [],
                [who.address] if random.random() < 0.25 else [],
            )
        )
        told.truth.append(None if about else firm.code)
        told.kind.append(kind)

    # -- spelled, spoiled ------------------------------------------------------------------------

    def _spelled(self, firm: Firm) -> Spoilt:
        name = firm.name
        ways = [
            f"{firm.mark}{firm.trade}（{firm.region}）{firm.form}",
            f"云海省{name}"
            if name.startswith("澜州市")
            else name.replace("澜州市", "云海省澜州市"),
            f" {firm.region} {firm.mark} {firm.trade}{firm.form}。",
            name.translate(_TRADITIONAL),
            f"{self.random.randrange(1, 90)}、{name}",
        ]
        if firm.form == "有限公司":
            ways += [name.replace("有限公司", "有限责任公司")] * 3
        if firm.region in COUNTIES.values():
            ways += [name.replace(firm.region, firm.region[:2], 1)] * 2
        return self.random.choice(ways), None

    def _reformed(self, firm: Firm) -> Spoilt:
        to = "股份有限公司" if firm.form.startswith("有限") else "有限公司"
        return f"{firm.region}{firm.mark}{firm.trade}{to}", None

    def _misread(self, firm: Firm) -> Spoilt:
        mark = next(
            (firm.mark.replace(c, _LOOK_ALIKE[c], 1) for c in firm.mark if c in _LOOK_ALIKE), ""
        )
        return (f"{firm.region}{mark}{firm.trade}{firm.form}" if mark else firm.name), None

    def _mistyped(self, firm: Firm) -> Spoilt:
        middle = list(firm.mark + firm.trade)
        middle[self.random.randrange(len(middle))] = self.random.choice(_MARKS)
        return f"{firm.region}{''.join(middle)}{firm.form}", None

    # -- about somebody else ---------------------------------------------------------------------

    def _other(self, firm: Firm, *, shared: float) -> Firm:
        """Somebody else, who may have the firm's people and telephone."""
        other = self.firm()
        if self.random.random() < shared:
            other.person = firm.person
        if self.random.random() < shared / 2:
            other.phone = firm.phone
        return other

    def _branch(self, firm: Firm) -> Spoilt:
        other = self._other(firm, shared=0.4)
        place = COUNTIES[other.county][:2]
        return f"{firm.name}{place}{self.random.choice(('分公司', '分店', '第二分公司'))}", other

    def _sister(self, firm: Firm) -> Spoilt:
        other = self._other(firm, shared=0.5)
        return f"{firm.region}{firm.mark}{other.trade}{other.form}", other

    def _namesake(self, firm: Firm) -> Spoilt:
        other = self._other(firm, shared=0.1)
        other.county = "380201"
        other.code = self.code(other.county)
        return f"临江{firm.mark}{firm.trade}{firm.form}", other

    def _stranger(self, firm: Firm) -> Spoilt:
        other = self._other(firm, shared=0)
        return other.name, other
