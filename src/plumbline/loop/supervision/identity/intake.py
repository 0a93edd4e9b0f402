"""Pairs and judgements of the engine's, as pages tell them, and people's words entered into its store."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast

from plumbline.engine import (
    Agreement,
    Consequences,
    FactRow,
    RowName,
    Said,
    Side,
    Standing,
    Workspace,
    beside,
    change_in_words,
    said_by,
    tie_in_words,
    why_in_words,
)
from plumbline.errors import Lang, PlumblineError, Text
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.supervision.identity.actions import masked, refuse, settle
from plumbline.loop.supervision.identity.models import IdentityJudgement, State
from plumbline.loop.supervision.identity.queries import judged_pairs, waiting_judgements
from plumbline.org.policy import person_digest

#: Rows whose tie changed are told one by one up to this many.
_TOLD = 20


@dataclass(frozen=True)
class Thing:
    """What both sides say under one title, and whether they agree."""

    title: str
    here: str
    there: str
    agreement: Agreement


@dataclass(frozen=True)
class Weight:
    """What one thing says for or against, in words and as a bar of -5 to 5."""

    feature: str
    level: str
    words: str
    bar: int


@dataclass(frozen=True)
class PairTold:
    """Two sides, masked.

    Attributes:
        row, other: names by which they are judged; `other` is a row about whoever is meant.
        dataset, place: where the row stands.
        registers: titles of the registers that tell of the other side.
        why: what agrees and differs, how easily a stranger fits as well.
        rests: candidates for warnings that rest on the pair; `several`: how many may be meant.
        people: digests of everybody on either side.
        settled: in words, whom the row is about already; empty where that is open.
    """

    row: str
    other: str
    dataset: str
    place: str
    registers: tuple[str, ...]
    things: tuple[Thing, ...]
    why: str
    rests: int
    several: int
    people: frozenset[str]
    weights: tuple[Weight, ...] = ()
    settled: str = ""

    @property
    def about(self) -> str:
        """The row's own words, on a line."""
        return "，".join(each.here for each in self.things if each.here)


def pairs(
    of: Workspace, lang: Lang, *, most: int, unsure: bool = False, barred: Iterable[str] = ()
) -> list[PairTold]:
    """The pairs to judge first, without those that wait, and those about somebody who is barred.

    Args:
        unsure: those that somebody was unsure about as well.
    """
    waiting, barred = judged_pairs(), set(barred)
    found = of.pairs(most + len(waiting) + 2 * len(barred), unsure=unsure)
    rows = of.rows(pair.name for pair in found)
    right = of.sides(list(dict.fromkeys(pair.who for pair in found)), lang)
    told = []
    for pair in found:
        side, row = right[pair.who], rows.get(pair.name)
        if row is None or side.row is None:
            continue
        why = why_in_words("weight", {**pair.why, "several": pair.several})
        one = _told(of, pair.name, row, side, lang, why.in_(lang), pair.rests, pair.several)
        if (one.row, one.other) not in waiting and not one.people & barred:
            told.append(one)
    return told[:most]


def _told(  # noqa: PLR0913, PLR0917 -- all that is told of a pair
    of: Workspace, name: RowName, row: FactRow, side: Side, lang: Lang, why: str, rests: int, several: int
) -> PairTold:  # fmt: skip
    left = list(said_by(name, row, lang, masked=True))
    titles = {n: d.declared.title.text.in_(lang) for n, d in of.datasets.items()}
    things = tuple(
        Thing(title.in_(lang), here, there, agreement)
        for title, here, there, agreement in beside(left, side)
    )
    source = row.source
    place = f"{source.file}{f' [{source.sheet}]' if source.sheet else ''}:{source.line}"
    return PairTold(
        str(name), str(side.row), titles[name.dataset], place,
        tuple(titles[each] for each in side.datasets), things, why, rests, several,
        _people(left, [one for said in side.said.values() for one in said], side.who),
    )  # fmt: skip


def _people(left: Sequence[Said], right: Sequence[Said], who: str) -> frozenset[str]:
    """Digests of every full number on either side; whoever is meant is one of them."""
    numbers = {
        one.meant for one in (*left, *right) if len(one.meant) == _LENGTH and "*" not in one.meant
    }
    if who and not who.startswith("~"):
        numbers.add(who)
    return frozenset(map(person_digest, numbers))


_LENGTH = 18


def pair(of: Workspace, row: str, other: str, lang: Lang) -> PairTold:
    """One pair, of any two rows: the first as it stands, the second with all that is known of its bearer.

    Raises:
        RunError: one is no row, or not there any more; a person and an organisation.
    """
    here, there = of.who(row), of.who(other)
    rows = of.rows([here.name, there.name])
    number = there.number
    side = of.sides([number], lang)[number] if number else None
    if side is None or side.row is None:
        said: dict[Text, list[Said]] = {}
        for one in said_by(there.name, rows[there.name], lang, masked=True):
            said.setdefault(one.title, []).append(one)
        side = Side("", there.name, said, (there.name.dataset,))
    else:
        side = Side(side.who, there.name, side.said, side.datasets)
    candidate = next((each for each in here.candidates if each.who == number), None)
    why = (
        why_in_words(candidate.by, candidate.why).in_(lang)
        if candidate and candidate.tier == "E"
        else ""
    )
    told = _told(of, here.name, rows[here.name], side, lang, why, 0, len(here.candidates))
    weights = tuple(
        Weight(
            r.feature.in_(lang), r.level.in_(lang), _in_words(r.weight).in_(lang), _bar(r.weight)
        )
        for r in (candidate.reasons if candidate else ())
    )
    return PairTold(**{**vars(told), "weights": weights, "settled": _settled(here, lang)})


def _settled(here: Standing, lang: Lang) -> str:
    """Whom a row is about already, by something else than its own number."""
    tied = next((each for each in here.candidates if each.tier != "E"), None)
    if tied is None:
        return ""
    return tie_in_words(tied.tier, tied.by, tied.why, {j.number: j for j in here.judgements}).in_(
        lang
    )


_STRONG, _SOME, _LITTLE = 6.0, 2.0, 0.5


def _in_words(bits: float) -> Text:
    """How strongly something speaks: one bit doubles the odds."""
    side = Text("支持", "for it") if bits > 0 else Text("反对", "against it")
    size = abs(bits)
    if size < _LITTLE:
        return Text("不说明什么", "says nothing")
    if size < _SOME:
        return Text(f"略{side.zh}", f"a little {side.en}")
    if size < _STRONG:
        return Text(side.zh, f"speaks {side.en}")
    return Text(f"强烈{side.zh}", f"strongly {side.en}")


def _bar(bits: float) -> int:
    return max(-5, min(5, round(bits / 2)))


# -- entering ------------------------------------------------------------------------------------


def enter_waiting(of: Workspace, at: datetime) -> int:
    """Enter what people judged and take back what they withdrew; what rests on it is revisited each time.

    It may be killed at any moment and done again: what the store holds already is found there.

    Returns:
        How many took effect.
    """
    done = 0
    for each in waiting_judgements():
        try:
            consequences = _enter(of, each, at)
        except PlumblineError as error:
            if not _is_for_later(error):
                with suppress(OutOfStepError):
                    refuse(each, Text(error.in_("zh"), error.in_("en")), at=at)
            continue
        with suppress(OutOfStepError):  # withdrawn at the same moment, before it took effect
            settle(each, at=at, number=consequences.number, ripples=_ripples(of, consequences))
            done += 1
    return done


def _is_for_later(error: PlumblineError) -> bool:
    """Is it only that another process is writing?"""
    return type(error).__name__ == "StoreError"


def _enter(of: Workspace, each: IdentityJudgement, at: datetime) -> Consequences:
    by = each.by.get_username()
    if each.state == State.WITHDRAWING:
        assert each.number is not None
        who = each.withdrawn_by.get_username() if each.withdrawn_by else by
        known = next((j for j in of.judgements() if j.number == each.number), None)
        if known is not None and not known.in_force:  # taken back before the last one died
            return of.revisit(each.number, at=at)
        return of.withdraw(each.number, at=at, by=who, why=each.withdraw_reason)
    said = each.at.isoformat(timespec="seconds")
    known = next(  # entered before the last worker died
        (
            j for j in of.judgements()
            if (j.at, j.by, j.verdict, j.why) == (said, by, each.verdict, each.reason)
            and not IdentityJudgement.objects.filter(number=j.number).exists()
        ),
        None,
    )  # fmt: skip
    if known is not None:
        return of.revisit(known.number, at=at)
    verdict = cast("Literal['same', 'different', 'unsure']", each.verdict)
    return of.judge(each.row, verdict, each.other, at=at, by=by, why=each.reason, said_at=each.at)


def _ripples(of: Workspace, done: Consequences) -> dict[str, Any]:
    """What came of a judgement, in words without numbers."""
    changed = []
    if not done.linked.unchanged:
        changed = [c for c in of.history() if c.number == done.linked.identity.number]
    known = {each.number: each for each in of.judgements()}
    titles = {name: d.declared.title.text for name, d in of.datasets.items()}
    rows = []
    for each in changed[:_TOLD]:
        change = {"before": each.before, "after": each.after, "because": each.because}
        said = change_in_words(change, known, titles)
        title = titles.get(each.dataset, Text(each.dataset, each.dataset))
        rows.append([masked(f"{title.zh}：{said.zh}"), masked(f"{title.en}: {said.en}")])
    counts = dict(done.run.changes.get("warnings", {})) if done.run else {}
    return {
        "rows": rows, "tied": len(changed), "raised": counts.get("raised", 0),
        "changed": counts.get("changed", 0), "withdrawn": counts.get("withdrawn", 0),
        "run": done.run.number if done.run else 0,
    }  # fmt: skip
