"""What a row says of the person or organisation it is about, and what others say of somebody, side by side."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from plumbline.engine.collision.evidence import FactRow
from plumbline.engine.linkage.appearance import Appearance
from plumbline.engine.linkage.who import RowName
from plumbline.engine.linkage.words import somebody
from plumbline.errors import Lang, Text

#: So many rows of one person are read for what they say.
_MOST = 50

#: Of two that say something under one title: the same, what may be the same as far as it is shown, other
#: things, or nothing on one side.
Agreement = Literal["same", "fits", "differs", ""]


@dataclass(frozen=True)
class Said:
    """One thing that is said: under which title, as it may be shown, and as it is."""

    title: Text
    shown: str
    meant: str


def said_by(name: RowName, row: FactRow, lang: Lang, *, masked: bool) -> Iterator[Said]:
    """What the row says of its bearer, number first; empty cells are passed over."""
    dataset = row.dataset
    organisation = dataset.columns[name.column].type == "org.code"
    described = [c for columns in dataset.described_by(name.column).values() for c in columns]
    for column in [name.column, *sorted(described, key=list(dataset.columns).index)]:
        if column not in row.values or all(part is None for part in row.values[column]):
            continue
        title = dataset.types[column].title
        if column in dataset.described_by(name.column).get("person.name", ()) and organisation:
            title = Text("法定代表人", "legal representative")
        if dataset.columns[column].former:
            title = Text(f"曾用{title.zh}", f"former {title.en}")
        shown = row.show(column, lang, masked=masked)
        yield Said(title, shown, row.show(column, lang, masked=False))


@dataclass(frozen=True)
class Side:
    """Somebody as the registers know them.

    Attributes:
        row: the name of a row that bears the number, by which people can be meant without writing it.
        said: title -> what is said under it.
        datasets: the registers in which the rows stand that were read.
    """

    who: str
    row: RowName | None
    said: Mapping[Text, Sequence[Said]]
    datasets: tuple[str, ...] = ()

    def to_judge(self) -> str:
        """How to name them in a judgement."""
        return str(self.row) if self.row else somebody(self.who)


def chosen(found: Iterable[Appearance], whos: Sequence[str]) -> dict[str, list[Appearance]]:
    """Of each, the rows that are read for what the registers say."""
    of_each: dict[str, list[Appearance]] = {who: [] for who in whos}
    for each in found:
        if each.tier != "E" and each.who in of_each and len(of_each[each.who]) < _MOST:
            of_each[each.who].append(each)
    return of_each


def sides(
    of_each: Mapping[str, Sequence[Appearance]], rows: Mapping[RowName, FactRow], lang: Lang, *, masked: bool
) -> dict[str, Side]:  # fmt: skip
    """What all registers together say of each.

    Args:
        of_each: from `chosen`; `rows` are those that it names.
    """
    found = {}
    for who, listed in of_each.items():
        said: dict[Text, list[Said]] = {}
        for each in (a for a in listed if a.name in rows):
            for one in said_by(each.name, rows[each.name], lang, masked=masked):
                if one.meant not in [other.meant for other in said.setdefault(one.title, [])]:
                    said[one.title].append(one)
        # Somebody without a number is named by a row, too.
        bears = [a.name for a in listed if a.via == "number"] or [a.name for a in listed]
        datasets = tuple(dict.fromkeys(a.name.dataset for a in listed))
        found[who] = Side(who, bears[0] if bears else None, said, datasets)
    return found


def beside(left: Sequence[Said], right: Side) -> list[tuple[Text, str, str, Agreement]]:
    """(title, what the row says, what the registers say, do they agree) for every title."""
    ours: dict[Text, list[Said]] = {}
    for one in left:
        ours.setdefault(one.title, []).append(one)
    titles = list(dict.fromkeys([*ours, *right.said]))
    found = []
    for title in titles:
        here, there = ours.get(title, []), right.said.get(title, [])
        found.append((title, _listed(here), _listed(there), _agreement(here, there)))
    return found


def _agreement(here: Sequence[Said], there: Sequence[Said]) -> Agreement:
    if not here or not there:
        return ""
    pairs = [(one.meant, other.meant) for one in here for other in there]
    if any(one == other for one, other in pairs):
        return "same"
    return (
        "fits" if any(_fits(one, other) or _fits(other, one) for one, other in pairs) else "differs"
    )


def _fits(one: str, other: str) -> bool:
    """May they be the same, as far as a mask, or a date that is not told in full, shows it?"""
    if one[:1].isdigit() and other.startswith(one) and "-" in other:
        return True
    shown, hidden, _ = one.partition("*")
    if not hidden and "某" in one:
        shown = one.partition("某")[0]
        return bool(shown) and other.startswith(shown)
    return bool(hidden) and other.startswith(shown) and other.endswith(one.rpartition("*")[2])


def _listed(said: Sequence[Said]) -> str:
    return " / ".join(dict.fromkeys(one.shown for one in said))
