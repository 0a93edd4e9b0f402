"""Records of any register, without numbers: the same machinery, told which columns are names, dates, places.

Texts here are in Latin letters, where Jaro and Winkler's similarity counts characters rightly.
W. E. Winkler, "String Comparator Metrics and Enhanced Decision Rules" (1990).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from plumbline.engine.backend import Duck
from plumbline.engine.linkage.scheme import Feature, Level, Rule, Scheme
from plumbline.errors import Text

#: name: a word or two; date: YYYY-MM-DD or YYYYMMDD; code: digits and letters, read from the left;
#: word: equal or not; words: a text of which words may be missing or stand elsewhere.
Kind = Literal["name", "date", "code", "word", "words"]


@dataclass(frozen=True)
class Column:
    """One column that records are compared by.

    Attributes:
        swap: another column whose value may stand in this one, such as the surname in the given name.
    """

    name: str
    kind: Kind
    swap: str = ""


@dataclass(frozen=True)
class Records:
    """What is known of a register; see `scheme.Scheme` for find, learn and sure.

    A relation of it has `claim BIGINT` (unique) and the columns as text. Besides these, rules may name
    `<column>_sound` of a name: its first letter and the consonants after it.
    """

    name: str
    columns: tuple[Column, ...]
    find: tuple[Rule, ...]
    learn: tuple[tuple[str, ...], ...]
    sure: tuple[tuple[str, ...], ...]
    sure_share: float = 0.6
    dedupe: bool = False

    def prepare(self, duck: Duck, relation: str, into: str) -> None:
        made = [made for column in self.columns for made in _prepared(column)]
        duck.run(
            f"CREATE OR REPLACE TEMP TABLE {into} AS SELECT claim, {', '.join(made)} FROM {relation}"
        )

    def scheme(self) -> Scheme:
        return Scheme(
            name=self.name,
            prepare=self.prepare,
            weigh=tuple(feature(column) for column in self.columns),
            find=self.find,
            learn=self.learn,
            sure=self.sure,
            sure_share=self.sure_share,
            dedupe=self.dedupe,
        )


def feature(column: Column) -> Feature:
    levels = _LEVELS[column.kind](column)
    return Feature(
        column.name,
        Text(column.name, column.name),
        f"{column.name}_l IS NULL OR {column.name}_r IS NULL",
        tuple(levels),
    )


def _prepared(column: Column) -> list[str]:
    name = column.name
    plain = f"nullif(trim(regexp_replace(lower({name}::VARCHAR), '\\s+', ' ', 'g')), '')"
    if column.kind == "date":
        return [f"nullif(regexp_replace({name}::VARCHAR, '[^0-9]', '', 'g'), '') AS {name}"]
    if column.kind == "name":
        bare = f"regexp_replace(lower({name}::VARCHAR), '[^a-z]', '', 'g')"
        consonants = f"left({bare}, 1) || regexp_replace(substr({bare}, 2), '[aeiouyhw]', '', 'g')"
        return [f"{plain} AS {name}", f"nullif({consonants}, '') AS {name}_sound"]
    if column.kind == "words":
        words = f"list_sort(list_distinct(regexp_split_to_array({plain}, '[^a-z0-9]+')))"
        kept = f"list_filter({words}, lambda x: length(x) > 1)"
        return [f"{plain} AS {name}", f"nullif({kept}, []) AS {name}_words"]
    return [f"{plain} AS {name}"]


_SAME = Text("相同", "the same")
_OTHER = Text("不同", "different")


def _name(column: Column) -> list[Level]:
    one = column.name
    similar = f"jaro_winkler_similarity({one}_l, {one}_r)"
    levels = [Level(f"{one}_l = {one}_r", _SAME, 0.7, 0.005, by=one)]
    levels.append(
        Level(f"{similar} >= 0.92", Text("拼写很相近", "spelt nearly the same"), 0.1, 0.002)
    )
    if column.swap:
        crossed = f"({one}_l = {column.swap}_r OR {column.swap}_l = {one}_r)"
        levels.append(
            Level(crossed, Text("与另一栏互换", "stands in the other column"), 0.03, 0.001)
        )
    contained = f"(starts_with({one}_l, {one}_r) OR starts_with({one}_r, {one}_l))"
    levels += [
        Level(contained, Text("只写了开头", "only the beginning was written"), 0.03, 0.01),
        Level(f"{similar} >= 0.8", Text("拼写有些相近", "spelt somewhat the same"), 0.05, 0.02),
        Level(f"{similar} >= 0.65", Text("拼写略相近", "spelt a little the same"), 0.04, 0.05),
        Level("", _OTHER, 0.05, 0.91),
    ]
    return levels


def _date(column: Column) -> list[Level]:
    one = column.name
    eight = f"length({one}_l) = 8 AND length({one}_r) = 8"
    month_day = f"substr({one}_l, 5, 4) = substr({one}_r, 5, 4)"
    swapped = (
        f"left({one}_l, 4) = left({one}_r, 4) AND substr({one}_l, 5, 2) = substr({one}_r, 7, 2) "
        f"AND substr({one}_l, 7, 2) = substr({one}_r, 5, 2)"
    )
    # Of equal length whatever they are: the engine may look before it asks for the length.
    far = f"{eight} AND hamming(left(rpad({one}_l, 8, '?'), 8), left(rpad({one}_r, 8, '?'), 8))"
    return [
        Level(f"{one}_l = {one}_r", _SAME, 0.8, 5e-5),
        Level(
            f"{eight} AND ({far} = 1 OR ({swapped}))",
            Text("一位不同或月日颠倒", "one digit differs, or day and month are swapped"), 0.08, 1e-3,
        ),
        Level(
            f"{far} = 2 AND left({one}_l, 4) = left({one}_r, 4)",
            Text("同年，两位不同", "same year, two digits differ"), 0.02, 2e-3,
        ),
        Level(f"{eight} AND {month_day}", Text("月日相同", "same month and day"), 0.02, 2e-3),
        Level(f"left({one}_l, 4) = left({one}_r, 4)", Text("同年", "same year"), 0.03, 0.01),
        Level(f"{far} = 2", Text("两位不同", "two digits differ"), 0.02, 0.01),
        Level(f"left({one}_l, 3) = left({one}_r, 3)", Text("同一年代", "same decade"), 0.01, 0.08),
        Level("", _OTHER, 0.02, 0.89),
    ]  # fmt: skip


def _code(column: Column) -> list[Level]:
    one = column.name
    same = f"length({one}_l) = length({one}_r) AND"
    most = f"greatest(length({one}_l), length({one}_r)) - 2"
    return [
        Level(f"{one}_l = {one}_r", _SAME, 0.7, 1e-3, by=one),
        Level(
            f"damerau_levenshtein({one}_l, {one}_r) = 1",
            Text("一位不同、缺失或颠倒", "one character differs, is missing or swapped"), 0.12, 5e-4,
        ),
        Level(f"left({one}_l, {most}) = left({one}_r, {most})", Text("开头相同", "the same beginning"), 0.05, 2e-3),
        Level(
            f"{same} damerau_levenshtein({one}_l, {one}_r) = 2",
            Text("两位不同", "two characters differ"), 0.02, 5e-3,
        ),
        Level(f"left({one}_l, 2) = left({one}_r, 2)", Text("前两位相同", "the same first two"), 0.04, 0.05),
        Level("", _OTHER, 0.07, 0.94),
    ]  # fmt: skip


def _word(column: Column) -> list[Level]:
    one = column.name
    return [
        Level(f"{one}_l = {one}_r", _SAME, 0.85, 0.05, by=one),
        Level(
            f"jaro_winkler_similarity({one}_l, {one}_r) >= 0.9",
            Text("拼写相近", "spelt alike"),
            0.08,
            0.005,
        ),
        Level("", _OTHER, 0.07, 0.945),
    ]


def _words(column: Column) -> list[Level]:
    one = column.name
    both = f"len(list_intersect({one}_words_l, {one}_words_r))"
    fewer = f"least(len({one}_words_l), len({one}_words_r))"
    return [
        Level(f"{one}_l = {one}_r", _SAME, 0.5, 1e-4, by=one),
        Level(
            f"{both} = {fewer} AND {fewer} > 1",
            Text("一方的词都在另一方", "all words of one are in the other"),
            0.2,
            5e-4,
        ),
        Level(f"{both} >= 2", Text("有两词以上相同", "two words or more are the same"), 0.1, 2e-3),
        Level(
            f"jaro_winkler_similarity({one}_l, {one}_r) >= 0.88",
            Text("拼写相近", "spelt alike"),
            0.08,
            1e-3,
        ),
        Level(f"{both} = 1", Text("有一词相同", "one word is the same"), 0.08, 0.05),
        Level("", _OTHER, 0.04, 0.95),
    ]


_LEVELS = {"name": _name, "date": _date, "code": _code, "word": _word, "words": _words}
