"""Who is who, in words: what a tier means, what a tie rests on, and why it is another one now."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from plumbline.engine.linkage.judgement import Judgement
from plumbline.engine.linkage.organisation_compare import LEVELS
from plumbline.engine.linkage.view import NOBODYS
from plumbline.errors import Text

#: What each tier means, in a few words.
TIERS = {
    "A": Text("号码或代码相同，姓名不矛盾", "identifier equal, no name contradicts"),
    "B": Text("号码相同，姓名不符", "number equal, name different"),
    "C": Text(
        "遮盖号码相符，姓名相同，另有一项相同或只遮一两位；或经人认定",
        "masked number and full name equal, and one more or all but two characters; or judged so by a person",
    ),
    "D": Text(
        "姓名、出生日期、性别相同；单位为名称全同，另有一项相同",
        "name, birth date and sex equal; of an organisation, the full name and one more",
    ),
    "E": Text(
        "只有姓名相同，或其他不足以认定的情形", "nothing but the name equal, or otherwise too little to tell by"
    ),
}  # fmt: skip

#: What is said of whatever is tied by less than a full number.
NOT_CERTAIN = Text("身份未必无误，先核对", "the identity is not certain; verify it first")

_AGREES = {
    "number": Text("遮盖号码相符", "the masked number fits"),
    "name": Text("姓名相同", "same name"),
    "name_masked": Text("与遮盖的姓名相符", "fits the masked name"),
    "birth": Text("出生日期相同", "same birth date"),
    "head": Text("号码前六位相符", "the number's first six digits agree"),
    "tail": Text("号码末四位相符", "the number's last four digits agree"),
    "birth_year": Text("与出生年份相符", "fits the year of birth"),
    "sex": Text("性别相同", "same sex"),
    "phone": Text("电话相符", "telephone agrees"),
    "region": Text("同一地区", "same region"),
    "address": Text("地址相符", "address agrees"),
    "former_number": Text(
        "名册里登记了曾用证件号码", "a register tells the former number"
    ),
    "code": Text("可见的代码相符", "the code agrees as far as it can be seen"),
    "people": Text("法定代表人相同", "same legal representative"),
    "phones": Text("电话相同", "same telephone"),
    "addresses": Text("地址相同", "same address"),
    "regions": Text("同一地区", "same region"),
}  # fmt: skip
_NEAR = {
    "name": Text("姓名相近", "similar name"),
    "birth": Text("出生日期相近", "similar birth date"),
    "head": Text("号码开头相近", "the number begins alike"),
    "tail": Text("号码末尾相近", "the number ends alike"),
    "phone": Text("与遮盖的电话相符", "fits the masked telephone"),
    "address": Text("地址相近", "similar address"),
    "region": Text("同一设区市", "same city"),
}
_DIFFERS = {
    "name": Text("姓名不同", "other name"),
    "birth": Text("出生日期不同", "other birth date"),
    "sex": Text("性别不同", "other sex"),
    "head": Text("号码开头不同", "the number begins otherwise"),
    "tail": Text("号码末尾不同", "the number ends otherwise"),
    "phone": Text("电话不同", "other telephone"),
    "region": Text("地区不同", "other region"),
    "address": Text("地址不同", "other address"),
    "code": Text("代码不符", "the code does not fit"),
    "people": Text("法定代表人不同", "other legal representative"),
    "phones": Text("电话不同", "other telephone"),
    "addresses": Text("地址不同", "other address"),
    "regions": Text("地区不同", "other region"),
}
_VERDICTS = {
    "same": Text("是同一人（或同一单位）", "the same"),
    "different": Text("不是同一人（或同一单位）", "not the same"),
    "unsure": Text("无法判断", "unsure"),
}
#: A citizen number, with a birth date in it; a credit code is nobody's.
_CITIZEN = re.compile(r"\d{6}(18|19|20)\d{2}(0[1-9]|1[0-2])(0[1-9]|[12]\d|3[01])\d{3}[\dX]")
#: As many cases as `one_in` counts to; more is told as more.
_MOST = 1_000_000_000
_CERTAIN = 0.999


def join(parts: Sequence[Text], zh: str = "；", en: str = "; ") -> Text:
    return Text(zh.join(part.zh for part in parts), en.join(part.en for part in parts))


def verdict_in_words(verdict: str) -> Text:
    return _VERDICTS[verdict]


def why_in_words(
    via: str, why: Mapping[str, Any], judged: Mapping[int, Judgement] | None = None
) -> Text:
    """What speaks for a tie (or a guess), and how easily a stranger would fit as well.

    Args:
        via: what made the tie: rule, weight, judgement, register.
        judged: judgements by number, so that what was judged is told with who judged it and why.
    """
    if via == "judgement":
        return _judgement(int(why["judgement"]), judged or {})
    return join([*_compared(why), *_counted(why)]) if why else Text("", "")


def _compared(why: Mapping[str, Any]) -> Iterator[Text]:
    level = [LEVELS[why["level"]]] if why.get("level") in LEVELS else []
    agrees = [_AGREES[name] for name in why.get("agrees", why.get("agreed", ())) if name in _AGREES]
    near = [_NEAR[name] for name in why.get("near", ()) if name in _NEAR]
    if level or agrees or near:
        yield join([*level, *agrees, *near], "、", ", ")
    differs = [_DIFFERS[name] for name in why.get("differs", ()) if name in _DIFFERS]
    if differs:
        said = join(differs, "、", ", ")
        but = Text("但", "but ") if level or agrees or near else Text("", "")
        yield Text(f"{but.zh}{said.zh}", f"{but.en}{said.en}")


def _counted(why: Mapping[str, Any]) -> Iterator[Text]:
    """Figures from the registers at hand: how many fit, how many bear the name, the odds."""
    if (fit := why.get("fit")) is not None:
        yield Text(
            f"此掩码在本地登记中有 {fit:,} 人相符",
            f"the mask fits {fit:,} {'person' if fit == 1 else 'people'} of the registers at hand",
        )
    if bearers := why.get("bearers"):
        yield Text(
            f"登记中同名 {bearers:,} 人",
            f"{bearers:,} {'person bears' if bearers == 1 else 'people bear'} the name",
        )
    if (one_in := why.get("one_in")) is not None:
        yield _stranger(int(one_in))
    if (chance := why.get("probability")) is not None:
        shown = ">99.9%" if chance > _CERTAIN else f"{chance:.1%}"
        yield Text(f"按权重，可能性 {shown}", f"by weight, {shown} likely")
    if (several := why.get("several") or 0) > 1:
        yield Text(f"可能相符的共有 {several} 个", f"{several} may be meant")
    if why.get("several") == 0:
        yield Text(
            "名册里没有人相符，只与同样写法的行连在一起",
            "nobody in the registers fits; tied only to rows that say the same",
        )


def _stranger(one_in: int) -> Text:
    if one_in <= 1:
        return Text("另有陌生人也相符并不奇怪", "that a stranger fits as well would be no surprise")
    if one_in >= _MOST:
        return Text(
            "另有陌生人也相符的可能不到十亿分之一",
            "the chance that a stranger fits as well is below 1 in 1,000,000,000",
        )
    return Text(
        f"另有陌生人也相符的可能约 {one_in:,} 分之一",
        f"the chance that a stranger fits as well is about 1 in {one_in:,}",
    )


def _judgement(number: int, judged: Mapping[int, Judgement]) -> Text:
    if number not in judged:
        return Text(f"第 {number} 号判断认定", f"judgement {number} says so")
    return judgement_in_words(judged[number])


def judgement_in_words(judgement: Judgement) -> Text:
    """Number, verdict, by whom, when, why; and what became of it."""
    number, day, verdict = judgement.number, judgement.at[:10], _VERDICTS[judgement.verdict]
    said = Text(
        f"第 {number} 号判断（{judgement.by}，{day}）：{verdict.zh}，理由：{judgement.why}",
        f"judgement {number} ({judgement.by}, {day}): {verdict.en}, because: {judgement.why}",
    )
    if judgement.withdrawn is None:
        return said
    at, by, why = judgement.withdrawn
    return Text(
        f"{said.zh}；{by} 于 {at[:10]} 撤回，理由：{why}",
        f"{said.en}; withdrawn by {by} on {at[:10]}, because: {why}",
    )


def tie_in_words(
    tier: str, via: str, why: Mapping[str, Any], judged: Mapping[int, Judgement] | None = None
) -> Text:
    """The tier and what it rests on, as it follows a warning's sentence."""
    said = why_in_words(via, why, judged)
    meaning = TIERS[tier]
    return Text(f"{tier} 级：{said.zh or meaning.zh}", f"tier {tier}: {said.en or meaning.en}")


def somebody(who: str | None, *, masked: bool = True) -> str:
    """A number or code as it may be shown."""
    if who is None:
        return ""
    if masked and _CITIZEN.fullmatch(who):
        return f"{who[:4]}{'*' * 10}{who[-4:]}"
    return who


def bearer_in_words(who: str | None, *, masked: bool = True) -> Text:
    """Whom a row is about, where that may be nobody."""
    if who is None:
        return Text("尚不知是谁", "nobody known")
    if who.startswith(NOBODYS):
        return Text(
            f"号码不在名册里的一个人或单位（代号 {who}）",
            f"somebody whose number no register knows (called {who})",
        )
    shown = somebody(who, masked=masked)
    return Text(shown, shown)


def change_in_words(
    change: Mapping[str, Any],
    judged: Mapping[int, Judgement] | None = None,
    titles: Mapping[str, Text] | None = None,
    *,
    masked: bool = True,
) -> Text:
    """How a row is tied otherwise than before, and because of what.

    Args:
        change: with `before`, `after` ({who, tier, by}) and `because` ({judgements, datasets}).
        titles: of datasets, by name.
    """
    before, after = change["before"], change["after"]
    was, now = (_state(each, masked=masked) for each in (before, after))
    cause = _cause(change, judged or {}, titles or {})
    return Text(
        f"原为{was.zh}，现为{now.zh}：{cause.zh}", f"was {was.en}, is now {now.en}: {cause.en}"
    )


def _state(state: Mapping[str, Any], *, masked: bool) -> Text:
    if state.get("by") == "number":
        return Text("按本行的号码", "whoever bears its number")
    said = bearer_in_words(state.get("who"), masked=masked)
    tier = state.get("tier")
    if state.get("by") == "judgement" and str(state.get("who") or "").startswith(NOBODYS):
        return said  # that number and name are not one person's; no tier says that
    return Text(f"{said.zh}（{tier} 级）", f"{said.en} (tier {tier})") if tier else said


def _cause(
    change: Mapping[str, Any], judged: Mapping[int, Judgement], titles: Mapping[str, Text]
) -> Text:
    """A judgement where one made or unmade the tie, else what was delivered, else the counts."""
    because = change["because"]
    by_hand = "judgement" in (change["before"].get("by"), change["after"].get("by"))
    numbers = because.get("judgements", ())
    if numbers and (by_hand or not because.get("datasets")):
        return join([_judgement(int(number), judged) for number in numbers])
    if names := because.get("datasets", ()):
        named = join([titles.get(name, Text(name, name)) for name in names], "、", ", ")
        return Text(f"{named.zh}有新的交付", f"a new delivery of: {named.en}")
    return Text(
        "姓名的多少或识别模型重新统计过", "names were counted, or the weights learned, anew"
    )
