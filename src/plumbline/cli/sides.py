"""What a row says of the person or organisation it is about, and what others say of somebody, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from plumbline.cli.office import Cell, Office
from plumbline.engine import Appearance, FactRow, RowName, somebody
from plumbline.errors import Text

#: So many rows of one person are read for what they say.
_MOST = 50


@dataclass(frozen=True)
class Said:
    """One thing that is said: under which title, as it may be shown, and as it is."""

    title: Text
    shown: str
    meant: str


def said_by(office: Office, name: RowName, row: FactRow) -> Iterator[Said]:
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
        shown = row.show(column, office.lang, masked=office.masked)
        yield Said(title, shown, row.show(column, office.lang, masked=False))


@dataclass(frozen=True)
class Side:
    """Somebody as the registers know them.

    Attributes:
        row: the name of a row that bears the number, by which people can be meant without writing it.
        said: title -> what is said under it.
    """

    who: str
    row: RowName | None
    said: Mapping[Text, Sequence[Said]]

    def to_judge(self) -> str:
        """How to name them in a judgement."""
        return str(self.row) if self.row else somebody(self.who)


def sides(office: Office, whos: Sequence[str]) -> dict[str, Side]:
    """What all registers together say of each."""
    of_each: dict[str, list[Appearance]] = {who: [] for who in whos}
    for each in office.workspace.appearances(*of_each):
        if each.tier != "E" and each.who in of_each and len(of_each[each.who]) < _MOST:
            of_each[each.who].append(each)
    rows = office.workspace.rows(a.name for listed in of_each.values() for a in listed)
    found = {}
    for who, listed in of_each.items():
        said: dict[Text, list[Said]] = {}
        for each in (a for a in listed if a.name in rows):
            for one in said_by(office, each.name, rows[each.name]):
                if one.meant not in [other.meant for other in said.setdefault(one.title, [])]:
                    said[one.title].append(one)
        # Somebody without a number is named by a row, too.
        bears = [a.name for a in listed if a.via == "number"] or [a.name for a in listed]
        found[who] = Side(who, bears[0] if bears else None, said)
    return found


def beside(left: Sequence[Said], right: Side) -> list[tuple[Text, str, str, bool]]:
    """(title, what the row says, what the registers say, do they say the same) for every title."""
    ours: dict[Text, list[Said]] = {}
    for one in left:
        ours.setdefault(one.title, []).append(one)
    titles = list(dict.fromkeys([*ours, *right.said]))
    found = []
    for title in titles:
        here, there = ours.get(title, []), right.said.get(title, [])
        same = bool({one.meant for one in here} & {one.meant for one in there})
        found.append((title, _listed(here), _listed(there), same))
    return found


def as_table(office: Office, left: Sequence[Said], right: Side) -> None:
    """Both sides as a table for people."""
    rows: list[list[Cell]] = [
        [(title.in_(office.lang), "bold"), here, there, ("=", "green") if same else ""]
        for title, here, there, same in beside(left, right)
    ]
    heads = [Text("", ""), Text("这一行", "this row"), Text("名册", "registers"), Text("", "")]
    office.table(heads, rows)


def _listed(said: Sequence[Said]) -> str:
    return " / ".join(dict.fromkeys(one.shown for one in said))


def in_one_line(office: Office, said: Sequence[Said]) -> str:
    """All that is said, on a line."""
    comma = office.words("，", ", ")
    return comma.join(f"{one.title.in_(office.lang)} {one.shown}" for one in said)
