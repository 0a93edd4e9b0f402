"""Whether two names may be one organisation's, and by which of their parts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

from plumbline.engine.linkage.organisation_name import OrganisationName
from plumbline.engine.linkage.organisation_place import NATION, apart
from plumbline.engine.linkage.organisation_words import COMPANIES, LOOK_ALIKES, PUBLIC
from plumbline.errors import Text

Level = Literal[
    "same",
    "same_but_glyphs",
    "same_but_form",
    "one_character",
    "alike",
    "branch_of",
    "unknown",
    "different",
]
Part = Literal["region", "trade", "number", "industry", "form", "branch"]
_State = Literal["agrees", "differs", "silent", "absent"]

#: In shorter names, one character is too much to be a slip.
SLIP_FROM = 4

#: Words for the levels, best first.
LEVELS: dict[Level, Text] = {
    "same": Text("名称相同", "the same name"),
    "same_but_glyphs": Text("名称仅有形近字之差", "the same name but for look-alike characters"),
    "same_but_form": Text("名称仅组织形式不同", "the same name but for the legal form"),
    "one_character": Text("名称仅一字之差", "the same name but for one character"),
    "alike": Text("名称相近", "alike names"),
    "branch_of": Text("一方是另一方的分支机构", "one is a branch of the other"),
    "unknown": Text("凭名称无法判断", "the names cannot tell"),
    "different": Text("名称不同", "different names"),
}

#: Words for the parts.
PARTS: dict[Part, Text] = {
    "region": Text("行政区划", "region"),
    "trade": Text("字号", "trade name"),
    "number": Text("序号", "number"),
    "industry": Text("行业", "industry"),
    "form": Text("组织形式", "legal form"),
    "branch": Text("分支机构", "branch"),
}


class Comparison(NamedTuple):
    """How two names stand to each other.

    Attributes:
        level: one of LEVELS.
        agrees: parts that both have and that are equal.
        differs: parts that contradict each other.
        silent: parts that one name has and the other leaves open.
    """

    level: Level
    agrees: tuple[Part, ...] = ()
    differs: tuple[Part, ...] = ()
    silent: tuple[Part, ...] = ()

    @property
    def words(self) -> Text:
        """A sentence for the person who judges."""
        return Text(
            "；".join([LEVELS[self.level].zh, *self._clauses("zh")]),
            "; ".join([LEVELS[self.level].en, *self._clauses("en")]),
        )

    def _clauses(self, lang: Literal["zh", "en"]) -> list[str]:
        said = {"zh": ("一致：", "不一致：", "一方没有：", "、"),
                "en": ("agree: ", "differ: ", "only one has: ", ", ")}[lang]  # fmt: skip
        return [
            label + said[3].join(PARTS[part].in_(lang) for part in parts)
            for label, parts in zip(said, (self.agrees, self.differs, self.silent), strict=False)
            if parts
        ]


def compare(a: OrganisationName, b: OrganisationName) -> Comparison:
    """How two names stand to each other; the order of the two does not matter."""
    if a.latin != b.latin:
        return Comparison("unknown")  # a translation, perhaps
    states: dict[Part, _State] = {
        "region": _region(a, b),
        "trade": _trade(a, b),
        "number": "absent" if not (a.number or b.number) else _equal(a.number, b.number),
        "industry": _industry(a.industry, b.industry),
        "form": _form(a.form, b.form),
    }
    level = _level(a, b, states)
    if a.branch or b.branch:
        states["branch"] = _equal(a.branch, b.branch) if a.branch and b.branch else "silent"
        if a.branch and b.branch:
            level = level if states["branch"] == "agrees" else "different"
        elif level not in ("different", "unknown"):
            level = "branch_of"
    parts = {
        wanted: tuple(part for part, state in states.items() if state == wanted)
        for wanted in ("agrees", "differs", "silent")
    }
    return Comparison(level, parts["agrees"], parts["differs"], parts["silent"])


def _level(a: OrganisationName, b: OrganisationName, states: dict[Part, _State]) -> Level:
    """The level of what is left of two names without their branches."""
    one, other = a.parent, b.parent
    if one.whole == other.whole:
        return "alike" if a.short or b.short else "same"
    if one.glyphs == other.glyphs and states["region"] != "differs":
        return "alike" if a.short or b.short else "same_but_glyphs"
    region, trade, number, industry, form = (
        states[part] for part in ("region", "trade", "number", "industry", "form")
    )
    if "differs" in (region, trade, number):
        return "one_character" if _one_character(a, b) else "different"
    if trade == "silent":
        return "different" if "differs" in (industry, form) else "unknown"
    if trade == "absent" and _turned_into_firm(a, b):
        return "alike"
    if trade == "absent" and "differs" in (industry, form):
        family = industry != "differs" and _family(a.form, b.form)
        return "same_but_form" if family and region == "agrees" else "different"
    if form == "differs" and not PUBLIC.isdisjoint((a.form, b.form)):
        return "different"
    if a.trade != b.trade:
        return "alike"
    settled = {"agrees", "absent"}
    if {region, industry, number} <= settled and (form == "silent" or _family(a.form, b.form)):
        return "same_but_form" if trade == "agrees" or (a.form and b.form) else "alike"
    return "alike"


def _turned_into_firm(a: OrganisationName, b: OrganisationName) -> bool:
    """生物制品研究所 and 生物制品研究所有限公司."""
    return a.industry + a.form == b.industry or b.industry + b.form == a.industry


def _form(a: str, b: str) -> _State:
    """公司 alone leaves open which."""
    if "公司" in (a, b) and a != b and _family(a, b):
        return "silent"
    return _state(a, b)


def _family(a: str, b: str) -> bool:
    """有限公司 may become 股份有限公司; a 厂 is another thing."""
    return a == b or (a in COMPANIES and b in COMPANIES) or (a.isascii() and b.isascii())


def _equal(a: str, b: str) -> _State:
    return "agrees" if a == b else "differs"


def _state(a: str, b: str) -> _State:
    if a and b:
        return _equal(a, b)
    return "silent" if a or b else "absent"


def _region(a: OrganisationName, b: OrganisationName) -> _State:
    """A region that holds the other is no contradiction: 温州 is silent about 瑞安."""
    if a.region == b.region or not (a.region and b.region):
        return _state(a.region, b.region)
    if NATION in (a.region, b.region):
        return "silent"
    if a.region_code and b.region_code:
        return "differs" if apart(a.region_code, b.region_code) else "silent"
    # A name that regions of several provinces bear: the same name may be the same place.
    same = a.region.lstrip("0123456789") == b.region.lstrip("0123456789")
    return "silent" if same else "differs"


def _trade(a: OrganisationName, b: OrganisationName) -> _State:
    state = _state(a.trade, b.trade)
    if state != "differs":
        return state
    if a.trade.translate(LOOK_ALIKES) == b.trade.translate(LOOK_ALIKES):
        return "agrees"
    if not a.latin and _place_left_out(*sorted((a.trade, b.trade), key=len)):
        return "agrees"
    if _industry_left_out(*sorted((a, b), key=lambda name: len(name.trade))):
        return "agrees"
    return "differs"


def _place_left_out(short: str, long: str) -> bool:
    """河西村 and 塘下镇河西村."""
    before = long.removesuffix(short)
    return (
        before != long and before.endswith(("镇", "乡", "街道")) and short.endswith(("村", "社区"))
    )


def _industry_left_out(short: OrganisationName, long: OrganisationName) -> bool:
    """鸿泰 and 鸿泰竹编, where 竹编 may be what the firm does, in a word that we do not know."""
    return (
        not (short.industry or long.industry or short.latin)
        and short.region == long.region != ""
        and len(short.trade) > 1
        and len(long.trade) - len(short.trade) > 1
        and long.trade.startswith(short.trade)
    )


def _industry(a: str, b: str) -> _State:
    state = _state(a, b)
    if state != "differs":
        return state
    short, long = sorted((a, b), key=len)
    return "silent" if short in long else "differs"


# -- names under one code ------------------------------------------------------------------------


def names_compatible(a: OrganisationName, b: OrganisationName) -> bool | None:
    """Whether two names under one code may be one organisation's; None where that is not for us to say.

    Fair to the departments: an abbreviation, a branch that gives its parent's code, another legal form
    and a slip of a character are nothing to ask about. The same 字号 in another region or industry may be
    the firm after it moved or changed its business: None. Another 字号 is another firm's name: False.
    """
    level, _, differs, _ = compare(a, b)
    if level not in ("different", "unknown"):
        return None if level == "one_character" or "industry" in differs else True
    if a.latin != b.latin or (a.trade and a.trade == b.trade):
        return None
    if "region" in differs or ("number" in differs and a.number and b.number):
        return False
    if _said_in(a, b):
        return True if a.form and b.form else None  # 王伟 may be who runs 王伟小吃店
    if level == "unknown" or a.short or b.short or not all(n.form or n.industry for n in (a, b)):
        return None
    return False


def any_compatible(
    ours: Iterable[OrganisationName], theirs: Iterable[OrganisationName]
) -> bool | None:
    """The best of all pairs, where an organisation has several names, such as former ones."""
    theirs = list(theirs)
    found = {names_compatible(a, b) for a in ours for b in theirs}
    return True if True in found else None if None in found or not found else False


def _said_in(a: OrganisationName, b: OrganisationName) -> bool:
    """Whether all characters of the shorter name stand in the longer one, in their order: 工行."""
    short, long = sorted((_characters(a), _characters(b)), key=len)
    rest = iter(long)
    return len(short) > 1 and all(char in rest for char in short)


def _characters(name: OrganisationName) -> str:
    form = "" if name.form in COMPANIES else name.form
    return f"{name.trade}{name.number}{name.industry}{form}{name.branch}"


def _one_character(a: OrganisationName, b: OrganisationName) -> bool:
    """Whether one character is another, or missing, where everything else is equal.

    Of public bodies it is not asked: 河西村 and 河东村 are two villages.
    """
    if (a.region, a.number, a.form) != (b.region, b.number, b.form) or a.form in PUBLIC:
        return False
    short, long = sorted((a.trade + a.industry, b.trade + b.industry), key=len)
    if len(short) < SLIP_FROM or len(long) - len(short) > 1:
        return False
    at = next((n for n, char in enumerate(short) if char != long[n]), len(short))
    return short[at + (len(short) == len(long)) :] == long[at + 1 :]
