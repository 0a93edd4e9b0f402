"""Identity between facts: which rows speak of the same person, organisation or thing, and how surely."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.line.model import SupervisionModel

#: Rows tied by one of these without a number are candidates for a person to look at, never more (tier E).
DESCRIBING = frozenset({"person.name", "person.birth", "person.sex", "org.name"})
#: What is given to one person, organisation or thing and to no other.
NUMBERS = frozenset({"person.id", "org.code", "invoice", "account", "plate"})

Locate = Callable[[str, str], str]
Reach = Callable[[str, str], bool]  # can this column still be asked for?

#: What the tier of a tie is where no names are at odds.
SURE = "'A'"


@dataclass(frozen=True)
class Joined:
    """Facts tied together.

    Attributes:
        source: the FROM clause.
        tiers: how surely each tie holds.
        doubts: what of it asks for names at odds: join -> tier. All are at the end of `source`.
    """

    source: str
    tiers: list[str]
    doubts: Mapping[str, str]


def identifier_key(dataset: Dataset, column: str) -> tuple[str, ...]:
    """Suffixes of the physical columns by which two columns are compared for identity.

    A person's integer key, the organisation that a code stands for, both ends of a date (the same
    month), the folded name of an organisation; other identifiers as they are.
    """
    if dataset.columns[column].type == "org.code":
        return ("__who",)
    suffixes = [field.suffix for field in dataset.types[column].fields]
    if "__from" in suffixes:
        return ("__from", "__to")
    return ("__key",) if "__key" in suffixes else ("",)


def tied(
    model: SupervisionModel,
    alias: str,
    to: Sequence[str],
    locate: Locate,
    reach: Reach = lambda fact, column: True,
) -> tuple[list[str], list[str]]:
    """How `alias` is tied to the facts in `to`: join conditions, and tier expressions.

    The key is compared with one fact's, since theirs are equal; the names are compared with all.
    """
    conditions: list[str] = []
    tiers: list[str] = []
    describing = numbered = False
    for references in model.declared.same.values():
        split = [reference.split(".", 1) for reference in references]
        mine = [column for fact, column in split if fact == alias]
        others = [(fact, column) for fact, column in split if fact in to]
        if not mine or not others:
            continue
        others = [other for other in others if reach(*other)] or others[:1]
        for own in mine:
            keys = identifier_key(model.facts[alias], own)
            describing |= model.facts[alias].columns[own].type in DESCRIBING
            for fact, column in others:
                numbered |= any(is_number(model, *each) for each in ((fact, column), (alias, own)))
                _check_alike(model, (fact, column), (alias, own))
                left, right = locate(fact, column), locate(alias, own)
                if fact == others[0][0]:
                    conditions += [f"{left}{suffix} = {right}{suffix}" for suffix in keys]
                if model.facts[alias].columns[own].type == "person.id":
                    tiers.append(tier(model, (fact, column), (alias, own), locate))
                tiers += row_tiers(model, [(fact, column), (alias, own)], locate)
    if describing and not numbered:
        tiers.append("'E'")
    return conditions, list(dict.fromkeys(t for t in tiers if t))


def is_number(model: SupervisionModel, fact: str, column: str) -> bool:
    """Does the column tell one bearer from all others: by its type, or as its register's key or subject?

    The register says so, never the model: no text of a model makes a county a number.
    """
    dataset = model.facts[fact]
    declared = dataset.declared
    named = declared.key == [column] or declared.subject == column
    return dataset.columns[column].type in NUMBERS or (
        named and dataset.columns[column].type not in DESCRIBING
    )


def described_only(model: SupervisionModel) -> bool:
    """Are two facts tied by what describes their bearers, and by no number?"""
    found: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for references in model.declared.same.values():
        slots = [tuple(reference.split(".", 1)) for reference in references]
        for (one, a), (other, b) in combinations(slots, 2):
            describes = model.facts[one].columns[a].type in DESCRIBING
            number = is_number(model, one, a) or is_number(model, other, b)
            found.setdefault((min(one, other), max(one, other)), []).append((describes, number))
    return any(
        any(describes for describes, _ in ties) and not any(number for _, number in ties)
        for ties in found.values()
    )


def row_tiers(
    model: SupervisionModel, slots: Sequence[tuple[str, str]], locate: Locate
) -> list[str]:
    """How surely rows that may come without a full number are tied to whom they are about.

    Rows that were gathered before carry the tier of their group along.
    """
    loose = [locate(*slot) for slot in slots if model.facts[slot[0]].is_loose(slot[1])]
    return [f"{at}__tier" for at in loose if not at.startswith("gathered.")]


def _check_alike(model: SupervisionModel, one: tuple[str, str], other: tuple[str, str]) -> None:
    """Refuse to tie a citizen number to a text, or a date to a name."""
    kinds = []
    for fact, column in (one, other):
        dataset = model.facts[fact]
        keys = identifier_key(dataset, column)
        kinds.append([(f.suffix, f.sql) for f in dataset.types[column].fields if f.suffix in keys])
    if kinds[0] != kinds[1]:
        named = [".".join(each) for each in (one, other)]
        raise model.error(
            ("same",),
            f"“{named[0]}”和“{named[1]}”不是一类标识，不能相连",
            f"'{named[0]}' and '{named[1]}' are not identifiers of one kind",
        )


def shown_key(dataset: Dataset, column: str) -> str:
    """Suffix of the column whose text names an identifier: whoever bears it, one spelling of a name."""
    if column in dataset.bearers:
        return "__who"
    fields = {field.suffix: field.sql for field in dataset.types[column].fields}
    return "__key" if fields.get("__key") == "VARCHAR" else ""


def in_full(name: str) -> str:
    """SQL: the name, unless it is masked: then it is a LIKE pattern, which sorts before any name."""
    return f"CASE WHEN NOT CONTAINS({name}, '%') AND NOT CONTAINS({name}, '_') THEN {name} END"


def agreed(names: str, window: str = "") -> str:
    """SQL: do the names of all rows of one number go together? Masked ones are LIKE patterns."""
    plain = in_full(names)
    first, last = f"MIN({names}){window}", f"MAX({names}){window}"
    return (
        f"MIN({plain}){window} IS NOT DISTINCT FROM MAX({plain}){window} AND ({first} IS NULL "
        f"OR {first} = {last} OR {first} LIKE {last} OR {last} LIKE {first})"
    )


def tier(
    model: SupervisionModel, left: tuple[str, str], right: tuple[str, str], locate: Locate
) -> str:
    """A: no name contradicts the equal numbers. B: the names are incompatible.

    A row without a full number was tied by its name already, and is graded by how surely.
    """
    mine = [locate(left[0], n) + "__key" for n in model.facts[left[0]].names_of(left[1])]
    theirs = [locate(right[0], n) + "__key" for n in model.facts[right[0]].names_of(right[1])]
    if not mine or not theirs:
        return ""
    pairs = [(a, b) for a in mine for b in theirs]
    compatible = " ".join(
        f"WHEN {a} = {b} THEN 'A' WHEN {a} LIKE {b} THEN 'A' WHEN {b} LIKE {a} THEN 'A'"
        for a, b in pairs
    )
    unknown = [f"{mine[0]} IS NULL", f"{theirs[0]} IS NULL"]
    unknown += [f"{graded} <> 'A'" for graded in row_tiers(model, (left, right), locate)]
    return f"CASE {compatible} WHEN {' OR '.join(unknown)} THEN 'A' ELSE 'B' END"


def doubts(
    model: SupervisionModel,
    alias: str,
    to: Sequence[str],
    locate: Locate,
    reach: Reach = lambda fact, column: True,
) -> dict[str, str]:
    """Where two facts are tied by an organisation's code: joins with the names that cannot be one's -> tiers.

    No expression tells whether two names may be one organisation's, so linking lists those that may not.
    """
    found = {}
    for references in model.declared.same.values():
        split = [reference.split(".", 1) for reference in references]
        mine = [column for fact, column in split if fact == alias]
        others = [(fact, column) for fact, column in split if fact in to]
        others = [other for other in others if reach(*other)] or others[:1]
        for own in (c for c in mine if model.facts[alias].columns[c].type == "org.code"):
            for fact, column in others:
                ours = model.facts[alias].names_of(own)[:1]
                theirs = model.facts[fact].names_of(column)[:1]
                if not ours or not theirs or not reach(fact, column):
                    continue
                doubt = f"doubt_{fact}_{column}_{alias}_{own}"
                join = (
                    f" LEFT JOIN organisation_doubts AS {doubt} ON {doubt}.code = {locate(alias, own)}__who "
                    f"AND {doubt}.name = {locate(alias, ours[0])}__key "
                    f"AND {doubt}.other = {locate(fact, theirs[0])}__key"
                )
                found[join] = f"CASE WHEN {doubt}.code IS NOT NULL THEN 'B' ELSE {SURE} END"
    return found


def worst(tiers: Sequence[str]) -> str:
    """The tier of a candidate is that of its weakest tie; names at odds (B) go before all else."""
    if not tiers:
        return "'A'"
    if len(tiers) == 1:
        return tiers[0]
    if "'E'" in tiers:
        return "'E'"
    at_odds = [t for t in tiers if not t.endswith("__tier")]
    # Names give A or B; all else may be C, D or E as well.
    graded = [t for t in tiers if not t.startswith("CASE") or "'E'" in t]
    best = f"GREATEST({', '.join(graded)})" if len(graded) > 1 else "".join(graded) or "'A'"
    if not at_odds:
        return best
    weak = " OR ".join(f"({t}) = 'B'" for t in at_odds)
    return f"CASE WHEN {weak} THEN 'B' ELSE {best} END"


def worst_of(tier: str, window: str = "") -> str:
    """SQL: the tier of rows that are taken together."""
    return (
        f"CASE WHEN MAX(CASE WHEN {tier} = 'B' THEN 1 ELSE 0 END){window} = 1 THEN 'B' "
        f"ELSE MAX({tier}){window} END"
    )


def joined(
    model: SupervisionModel,
    aliases: Sequence[str],
    locate: Locate,
    *,
    already: Sequence[str] = (),
    source: str = "",
    reach: Reach = lambda fact, column: True,
) -> Joined:
    """FROM clause that ties `aliases` together (to `source`, which holds `already`), and tiers."""
    known = list(already)
    waiting = list(aliases)
    tiers: list[str] = []
    doubtful: dict[str, str] = {}
    if not source:
        first = waiting.pop(0)
        source, known = first, [first]
    while waiting:
        for alias in waiting:
            conditions, more = tied(model, alias, known, locate, reach)
            if conditions:
                unsure = doubts(model, alias, known, locate, reach)
                source += f" JOIN {alias} ON {' AND '.join(conditions)}"
                tiers += [*more, *unsure.values()]
                doubtful |= unsure
                known.append(alias)
                waiting.remove(alias)
                break
        else:
            raise model.error(
                ("same",),
                f"事实“{waiting[0]}”没有通过 same 与其他事实相连",
                f"fact '{waiting[0]}' is not tied to the others by same",
            )
    # An engine chooses the order of joins only as far as no outer join stands between them.
    return Joined(source + "".join(doubtful), tiers, doubtful)
