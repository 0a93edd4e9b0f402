"""Administrative regions after GB/T 2260."""

from __future__ import annotations

from collections import defaultdict
from functools import lru_cache

from plumbline.engine.fact.types.base import Country, Plain, UnreadableCellError, Value
from plumbline.engine.fact.types.characters import compact
from plumbline.engine.fact.types.cn.regions import in_force, name_of, parents
from plumbline.engine.fact.types.kind import Kind
from plumbline.errors import Lang, Text

_MOST_NAMED = 5


class Region(Kind):
    """A six-digit code, retired ones too, or a name that only one region bears.

    A name may be led by those above it: 瑞安市, 浙江省瑞安市, 浙江省温州市瑞安市. A name that several
    regions bear means the one in the office's own region, if there is just one there.
    """

    name = "region"
    title = Text("行政区划", "region")
    options = frozenset({"of"})

    def parse(self, raw: str) -> Value:
        text = compact(raw)
        if not text:
            return self.empty
        if text in self.country.regions:
            return (text,)
        if text.isdigit():
            raise UnreadableCellError(
                "不是已知的六位行政区划代码", "not the six-digit code of a known region"
            )
        return (self._named(text),)

    def plain(self, raw: str) -> Plain | None:
        """The office's own codes; a list of all would take the database longer to read than to use."""
        home = self.country.home
        own = [f"'{code}'" for code in self.country.regions if home and code.startswith(home)]
        return Plain(f"{raw} IN ({', '.join(own)})", (raw,)) if own else None

    def show(self, value: Value, lang: Lang) -> str:
        code = super().show(value, lang)
        if not code or lang == "en":
            return code
        above = [name_of(self.country, up) for up in parents(code)]
        return "".join([*(n for n in above if n != "市辖区"), name_of(self.country, code)]) or code

    def _named(self, name: str) -> str:
        codes = _by_name(self.country).get(name, set())
        if self.country.home:
            codes = {c for c in codes if c.startswith(self.country.home)} or codes
        now = {code for code in codes if in_force(self.country, code)}
        # A region that was renumbered within its province is still one region.
        if len(now) == 1 and len({code[:2] for code in codes}) == 1:
            codes = now
        if len(codes) == 1:
            return next(iter(codes))
        if not codes:
            raise UnreadableCellError("没有这个地名", "no region has this name")
        listed = sorted(codes)[:_MOST_NAMED]
        more = "…" if len(codes) > _MOST_NAMED else ""
        zh = "、".join(f"{code} {self.show((code,), 'zh')}" for code in listed) + more
        raise UnreadableCellError(
            f"同名的有：{zh}", f"several bear this name: {', '.join(listed)}{more}"
        )


@lru_cache(maxsize=4)
def _by_name(country: Country) -> dict[str, set[str]]:
    """Every name, alone and led by those above it, with the codes that bore it."""
    regions = country.regions
    index: defaultdict[str, set[str]] = defaultdict(set)
    for code, spells in regions.items():
        leads = {""}
        for up in parents(code):
            names = {name for name, _, _ in regions.get(up, ())}
            leads |= {lead + name for lead in leads for name in names}
        for name, _, _ in spells:
            for lead in leads:
                index[lead + name].add(code)
    return dict(index)
