"""The parts of an organisation's name.

A Chinese name is 行政区划 + 字号 + 行业或经营特点 + 组织形式 (企业名称登记管理规定, 国务院令第734号, 第六条);
the region may stand in brackets after the 字号. A branch adds its own part to its parent's name (第十三条).
Nothing is guessed from outside the name: what is not there is an empty part.
"""

from __future__ import annotations

import re
from functools import cached_property, lru_cache
from typing import NamedTuple

from plumbline.engine.fact.types.base import Country
from plumbline.engine.fact.types.characters import HAN, clean
from plumbline.engine.fact.types.cn.han import fold
from plumbline.engine.fact.types.cn.regions import country_pack
from plumbline.engine.linkage.organisation_latin import latin_parts
from plumbline.engine.linkage.organisation_place import LUCKY, NATION, Place, Places
from plumbline.engine.linkage.organisation_words import (
    BRANCH_ENDS,
    COMPANIES,
    FORM_LONGEST,
    FORMS,
    INDUSTRY,
    INDUSTRY_LONGEST,
    KANA,
    LOOK_ALIKES,
    NOTES,
    PARTNERSHIP,
    PUBLIC,
    SETTLED,
    SHORT,
)

_HAN_ONLY = re.compile("[\u4e00-\u9fff]+").fullmatch
_OPEN, _CLOSE = "[{<〈《【〔〖「『（［｛", "]}>〉》】〕〗」』）］｝"
_BRACKETS = str.maketrans(_OPEN + _CLOSE, "(" * len(_OPEN) + ")" * len(_CLOSE))
_ADDRESS = re.compile(r"(?:HTTPS?://)?WWW\.[A-Z0-9./_-]+")
_NUMBERING = re.compile(r"(?:\(\d{1,2}\)|\d{1,2}[、.)])(?=[\u4e00-\u9fff])")
_CODE = re.compile(r"\((?:统一社会信用代码|信用代码|代码)?:?[0-9A-Z*-]{8,}\)")
_NOISE = re.compile(r"""[\s.,;:!?'"`“”‘’·•・‧∙*_#~^|\\。,、;:-]+""")
_BRACKETED = re.compile(r"\(([^()]*)\)")
_ORDINAL = re.compile(
    "第(?P<nth>[0-9一二三四五六七八九十百零两]+)"
    "|(?P<of>[一二三四五六七八九十]+)(?=局|冶|分公司|分店|分厂|分部|号|支队|大队|门店)"
)
_NUMBERED = re.compile("第([0-9]+)")
_ALONE = re.compile(
    "(?P<n>[0-9]{1,3}|[一二三四五六七八九十]{1,3})(?P<rest>人民|中医|实验|职业|中心|)"
)
_SHORT_SCHOOL = re.compile("(?:第?([0-9]{1,3}|[一二三四五六七八九十]{1,3}))([中小])")
_NUMERAL = re.compile("[0-9一二三四五六七八九十百零两]").search
_LOOKS_ALIKE = re.compile(f"[{''.join(map(chr, LOOK_ALIKES))}]").search
_SOMEWHERE = re.compile("[省市县区](?=[^场域].)")
_PRIVATE = ("司", "厂", "店", "部", "行", "坊", "超市", "场", "合作社", "工作室")
_PARTY = re.compile("中国共产党|中共")
_OF_COMPANY = re.compile("(.{2,}(?:公司|银行|集团|联社|信用社|事务所))([^()]{2,18})")
_OF_OTHER = re.compile(
    "(.{2,}(?:厂|医院|学校|大学|学院|中学|小学|合作社|超市|药房|酒店|研究院|设计院|幼儿园))"
    "([^()]{0,10}(?:分[厂店院校所部社]|校区|院区))"
)
_DIGITS = {char: n for n, char in enumerate("零一二三四五六七八九")} | {"两": 2}


class OrganisationName(NamedTuple):
    """A name in its parts; "" is a part that the name does not have.

    Attributes:
        whole: all parts, for equality: two spellings of one registered name have the same.
        glyphs: the same with look-alike characters made one (土 and 士).
        region: key of the place, equal for 温州, 温州市 and 浙江省温州市.
        region_code: six digits, where it is clear which region is meant.
        trade: 字号. A public body has none; of 某某镇人民政府 it is 某某镇.
        industry: 行业或经营特点; of a public body, what it is for.
        number: the number in 第一人民医院.
        form: 组织形式, one spelling for each.
        branch: what a branch adds to its parent's name.
        short: an abbreviation that several may use (市监局).
        latin: in letters, not in Chinese characters.
    """

    whole: str
    glyphs: str
    region: str = ""
    region_code: str = ""
    trade: str = ""
    industry: str = ""
    number: str = ""
    form: str = ""
    branch: str = ""
    short: bool = False
    latin: bool = False

    @property
    def parent(self) -> OrganisationName:
        """The organisation that this is a branch of; itself if it is none."""
        if not self.branch:
            return self
        whole, glyphs = (text.rpartition("|")[0] + "|" for text in (self.whole, self.glyphs))
        return self._replace(whole=whole, glyphs=glyphs, branch="")

    @property
    def complete(self) -> bool:
        """Whether it can be a registered name in full: region, what tells it apart, and form."""
        told = self.trade or self.number or (self.industry and self.form not in COMPANIES)
        return bool(self.region and told and self.form and not self.short)


class Names:
    """Reads names; `read` costs some ten microseconds."""

    def __init__(self, country: Country) -> None:
        self._country = country

    @cached_property
    def _places(self) -> Places:
        """Made at the first name that is read: most days bring none, and making it takes half a second."""
        return Places(self._country)

    def read(self, name: str) -> OrganisationName:
        """The parts of `name`, as `org.name` gives it, for comparison or for people."""
        return self.read_key(fold(name), name)

    def read_key(self, text: str, name: str = "") -> OrganisationName:
        """The parts of a name in its form for comparison."""
        if not _HAN_ONLY(text):
            if HAN.search(text) is None:
                return latin_name(name or text)
            text = plain_name(text)
        if text.endswith(BRANCH_ENDS) and (split := _branch(text)):
            return self._read(split[0], self._branch_key(split[1]))
        return self._read(text, "")

    def _branch_key(self, branch: str) -> str:
        """瑞安支行 for 瑞安市支行."""
        branch = _ordinals(branch.replace("(", "").replace(")", ""))
        place, rest = self._places.lead(branch)
        return f"{place.name}{rest}" if place else branch

    def _read(self, text: str, branch: str) -> OrganisationName:
        place, bracketed = None, None
        partnership = ""
        if "(" in text:
            text, partnership, bracketed = self._without_brackets(text)
        number = ""
        if numeral := _NUMERAL(text):
            text = _ordinals(text)
        party = _PARTY.match(text)
        place, rest = self._places.lead(text[party.end() :] if party else text)
        body, form, short = _form(rest)
        if partnership and form == "合伙企业":
            form = partnership
        if numeral:
            body, number = _number(body)
        if form in PUBLIC:
            if place is None and (somewhere := _SOMEWHERE.match(body)):
                body, short = body[somewhere.end() :], True  # 县财政局: of which county?
            trade, industry = (body, "") if form in SETTLED else ("", body)
            if party and form == "委员会":
                industry = f"中共{industry}"
        else:
            trade, industry = _split(body)
            if place and place.bare and self._is_trade(place, trade, industry, form):
                trade, industry = _split(place.name + body)
                place = None
        if bracketed and (place is None or place.key == NATION):
            place, bracketed = bracketed, None
        region = place.key if place else ""
        if bracketed and bracketed.key not in (NATION, region):
            region += f"({bracketed.key})"
        whole = f"{region}|{trade}|{number}|{industry}|{form}|{branch}"
        glyphs = f"{region}|{trade}{number}{industry}{form}|{branch}"
        if _LOOKS_ALIKE(glyphs):
            glyphs = glyphs.translate(LOOK_ALIKES)
        return OrganisationName(
            whole, glyphs, region, place.code if place else "", trade, industry, number, form,
            branch, short,
        )  # fmt: skip

    def _is_trade(self, place: Place, trade: str, industry: str, form: str) -> bool:
        """Whether a place without suffix is the 字号 or a part of it.

        A firm needs a 字号, of two characters at least (企业名称登记管理规定 第八条):
        永康五金有限公司, 大同凌家具有限公司. Of 温州建筑工程有限公司 we keep the region.
        """
        if place.key == NATION or self._places.at_home(place.code):
            return False
        if not trade:
            county = not place.code.endswith("00")
            return form.endswith(_PRIVATE) and (county or place.name in LUCKY)
        return len(trade) == 1 or (not industry and trade[1:] in INDUSTRY)

    def _without_brackets(self, text: str) -> tuple[str, str, Place | None]:
        """The text without brackets, the kind of partnership, and the region they held."""
        partnership: list[str] = []
        places: list[Place] = []

        def held(found: re.Match[str]) -> str:
            inner = found[1]
            if inner in PARTNERSHIP:
                partnership.append(PARTNERSHIP[inner])
                return ""
            if inner in NOTES or not inner:
                return ""
            if place := self._places.exactly(inner):
                places.append(place)
                return ""
            return inner

        before = None
        while before != text:
            before, text = text, _BRACKETED.sub(held, text)
        text = text.replace("(", "").replace(")", "")
        return text, partnership[0] if partnership else "", places[0] if places else None


@lru_cache(maxsize=4)
def names_of(country: Country) -> Names:
    """The reader for a country's regions, made once."""
    return Names(country)


def read_name(name: str, country: Country | None = None) -> OrganisationName:
    """The parts of one name; for many, take `names_of(country).read`."""
    return names_of(country or _packaged()).read(name)


@lru_cache(maxsize=1)
def _packaged() -> Country:
    return country_pack()


def latin_name(name: str) -> OrganisationName:
    core, form, branch = latin_parts(name)
    whole = f"|{core}|||{form}|{branch}"
    glyphs = f"|{core}{form}|{branch}".translate(LOOK_ALIKES)
    return OrganisationName(whole, glyphs, trade=core, form=form, branch=branch, latin=True)


def plain_name(text: str) -> str:
    """A name without what tables, scanners and typists add to it, in simplified characters and capitals."""
    before = ""
    while text != before:  # what is taken away may bring together what is to be taken away
        before = text
        text = fold(clean(text)).translate(_BRACKETS).translate(KANA)
        text = _CODE.sub("", _ADDRESS.sub("", text))
        if numbering := _NUMBERING.match(text):
            text = text[numbering.end() :]
        text = _NOISE.sub("", text)
    return text


def _branch(text: str) -> tuple[str, str] | None:
    """Parent and branch; a note in brackets stays with its side."""
    found = _OF_COMPANY.fullmatch(text) or _OF_OTHER.fullmatch(text)
    if found is None or (found[2] in FORMS and not found[2].endswith(BRANCH_ENDS)):
        return None
    return found[1], found[2]


def _form(text: str) -> tuple[str, str, bool]:
    """What stands before the form, the form, and whether it was said for short."""
    if text.endswith("银行"):
        return text, "", False  # a trade, whose form is 股份有限公司 where it is said
    for length in range(min(FORM_LONGEST, len(text)), 0, -1):
        tail = text[-length:]
        if tail in FORMS:
            return text[:-length], FORMS[tail], False
        if tail in SHORT:
            body, form, _ = _form(SHORT[tail])
            return text[:-length] + body, form, True
    if school := _SHORT_SCHOOL.fullmatch(text):
        return f"第{_number_of(school[1])}", "中学" if school[2] == "中" else "小学", True
    return text, "", False


def _number(body: str) -> tuple[str, str]:
    """`body` without its number, and the number: 第1人民 and 一人民 are 人民 and 1."""
    if found := _NUMBERED.search(body):
        return body[: found.start()] + body[found.end() :], found[1]
    if (found := _ALONE.fullmatch(body)) and (number := _number_of(found["n"])):
        return found["rest"], number
    return body, ""


def _split(body: str) -> tuple[str, str]:
    """字号 and 行业: words of what a firm does are taken from the end, while two characters remain."""
    at = len(body)
    while at > 1:
        for length in range(min(INDUSTRY_LONGEST, at), 1, -1):
            if at - length != 1 and body[at - length : at] in INDUSTRY:
                at -= length
                break
        else:
            break
    return body[:at], body[at:]


def _ordinals(text: str) -> str:
    """第一 as 第1, 十一局 as 11局."""
    return _ORDINAL.sub(_as_digits, text)


def _as_digits(found: re.Match[str]) -> str:
    number = _number_of(found["nth"] or found["of"])
    if not number:
        return found[0]
    return f"第{number}" if found["nth"] else number


@lru_cache(maxsize=1024)
def _number_of(text: str) -> str:
    """The number as digits, and nothing for what is no number, such as 八一."""
    if text.isdecimal():
        return str(int(text))
    total = digit = 0
    last = 1000
    for char in text:
        if char in "十百":
            unit = 10 if char == "十" else 100
            if unit >= last or (digit == 0 and (unit == 100 or total)):
                return ""
            total, digit, last = total + max(digit, 1) * unit, 0, unit
        elif char == "零":
            last = min(last, 100)
        elif digit or char not in _DIGITS:
            return ""
        else:
            digit = _DIGITS[char]
    return str(total + digit) if total + digit else ""
