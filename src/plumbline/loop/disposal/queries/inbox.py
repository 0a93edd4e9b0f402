"""The inbox: tabs, filters and orders over disposals; pages by key, so that a million cost what fifty do.

Each state is asked for by itself, in the order of an index that begins with it, and what comes is merged: a list
over several states would otherwise be sorted whole. What is counted is counted to a limit.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import reduce
from heapq import merge
from itertools import islice
from operator import or_
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection
from django.db.models import Q, QuerySet
from django.utils.dateparse import parse_datetime

from plumbline.bilingual import say
from plumbline.kit.clock.calendar import calendar, close, day_of
from plumbline.kit.plan import Unindexed
from plumbline.loop.disposal.models import Disposal, State
from plumbline.loop.disposal.queries.disposal import (
    SOON_DAYS,
    turns,
    visible_to,
    waiting_for,
)
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.models import NamedParty, Party
from plumbline.org.models import Unit, User
from plumbline.org.policy import normal_number

PAGE = 50
#: Nobody counts on: a figure above it is told as `999+`.
MOST = 999

#: Tab -> its words, and which states it gathers; the first holds what waits for whoever looks.
TABS: dict[str, tuple[str, tuple[State, ...]]] = {
    "mine": (
        say("等我办理", "Waiting for me"),
        (State.RAISED, State.DISPATCHED, State.SIGNED, State.VERIFYING, State.REPORTED),
    ),
    "raised": (say("待分办", "To dispatch"), (State.RAISED,)),
    "dispatched": (say("待签收", "To sign for"), (State.DISPATCHED,)),
    "working": (say("核查中", "Being verified"), (State.SIGNED, State.VERIFYING)),
    "reported": (say("待审核", "To review"), (State.REPORTED,)),
    "closed": (say("已办结", "Closed"), (State.CLOSED,)),
    "all": (say("全部", "All"), tuple(State)),
}


@dataclass(frozen=True)
class Order:
    """In which order a list stands: by a column, then by the order in which they were opened."""

    says: str
    column: str
    down: bool

    def of(self, case: Disposal) -> tuple[Any, int]:
        return getattr(case, self.column), case.pk

    def columns(self, *, back: bool = False) -> list[str]:
        down = "-" if self.down != back else ""
        return [f"{down}{each}" for each in dict.fromkeys((self.column, "pk"))]

    def beyond(self, value: Any, pk: int, *, back: bool = False) -> Q:
        """What stands after a place; before it, if we go back."""
        past = "lt" if self.down != back else "gt"
        if self.column == "pk":
            return Q(**{f"pk__{past}": pk})
        # The first part alone narrows the index; the second settles what is equal.
        reaches = Q(**{f"{self.column}__{past}e": value})
        return reaches & (
            Q(**{f"{self.column}__{past}": value}) | Q(**{self.column: value, f"pk__{past}": pk})
        )


ORDERS: dict[str, Order] = {
    "rank": Order(say("先急后缓", "Most urgent first"), "rank", down=True),
    "due": Order(say("先到期的在前", "Next due first"), "due_at", down=False),
    "new": Order(say("新的在前", "Newest first"), "pk", down=True),
}

#: Until when something is due.
DUE: dict[str, str] = {
    "over": say("已超期", "Overdue"),
    "today": say("今天到期", "Due today"),
    "soon": say("三个工作日内", "Within three working days"),
    "week": say("七天内", "Within a week"),
}


def is_over(at: datetime) -> Q:
    """Of disposals: the next running deadline has ended. Today's tiles, the inbox and the cockpit mean the same by it."""
    return Q(due_at__lt=at)


def _due(name: str, at: datetime) -> Q:
    days, today = calendar(), day_of(at)
    if name == "over":
        return is_over(at)
    ends = {
        "today": close(today),
        "soon": close(days.add(today, SOON_DAYS)),
        "week": close(today + timedelta(days=7)),
    }
    return Q(due_at__gte=at, due_at__lte=ends[name])


#: What narrows a list, in an address.
NARROWING = ("state", "level", "due", "body", "unit", "model", "region", "q", "since")
#: A telephone, an account, a citizen number: it finds nothing here, and is looked up for a purpose (`/search/`).
_NUMBER = re.compile(r"[0-9]{11}|[0-9]{15,19}|[0-9]{17}X")


def said_in(query: Mapping[str, str]) -> dict[str, str]:
    """What an address of the list says, and nothing else; somebody's number goes into no further one, nor is it kept."""
    known = ("tab", "sort", *NARROWING)
    said = {name: str(query[name])[:100] for name in query if name in known and query[name]}
    if _NUMBER.fullmatch(normal_number(said.get("q", ""))):
        del said["q"]
    return said


@dataclass(frozen=True)
class Wanted:
    """What a list shows; whatever is empty narrows nothing, and what makes no sense neither.

    Attributes:
        since: came or moved on after this moment.
    """

    tab: str = "mine"
    state: str = ""
    order: str = "rank"
    level: str = ""
    due: str = ""
    body: int | None = None
    unit: int | None = None
    model: str = ""
    region: str = ""
    words: str = ""
    since: datetime | None = None

    @classmethod
    def said(cls, said: Mapping[str, str]) -> Wanted:
        """As an address says it."""

        def one_of(name: str, known: Collection[str], otherwise: str = "") -> str:
            value = said.get(name, "")
            return value if value in known else otherwise

        def number(name: str) -> int | None:
            value = said.get(name, "")
            return int(value) if value.isdecimal() and len(value) < 19 else None

        return cls(
            tab=one_of("tab", TABS, "mine"), state=one_of("state", State.values), order=one_of("sort", ORDERS, "rank"),
            level=one_of("level", ("red", "yellow", "blue")), due=one_of("due", DUE), body=number("body"),
            unit=number("unit"), model=said.get("model", "")[:100], region=said.get("region", "")[:6],
            words=said.get("q", "").strip()[:100], since=_moment(said.get("since", "")),
        )  # fmt: skip

    @property
    def is_narrowed(self) -> bool:
        return self != Wanted(tab=self.tab, order=self.order)


def _moment(said: str) -> datetime | None:
    try:
        moment = parse_datetime(said)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


_MOVES = ("opened", "dispatched", "signed", "reported", "closed")


def chosen(
    user: User, wanted: Wanted, at: datetime, seen: QuerySet[Disposal] | None = None
) -> QuerySet[Disposal]:
    """Those that somebody sees and asks for, of any state of the tab, in no order.

    Args:
        seen: `visible_to`, where it is at hand.
    """
    on = day_of(at)
    found = visible_to(user, on) if seen is None else seen
    if wanted.tab == "mine":
        found = waiting_for(user, on, found)
    if wanted.state:
        found = found.filter(state=wanted.state)
    for column in ("level", "model"):
        if value := getattr(wanted, column):
            found = _narrowed(found, column, [value], wanted)
    if wanted.body:
        found = found.filter(body=wanted.body)
    if wanted.unit:
        path = Unit.objects.filter(pk=wanted.unit).values_list("path", flat=True).first() or "-"
        units = list(Unit.objects.filter(path__startswith=path).values_list("pk", flat=True))
        found = _narrowed(found, "unit", units, wanted)
    if region := wanted.region.rstrip("0"):
        found = found.filter(region__startswith=region)
    if wanted.due:
        found = found.filter(_due(wanted.due, at))
    if wanted.since:
        moved = (Q(**{f"{what}_at__gt": wanted.since}) for what in _MOVES)
        found = found.filter(reduce(or_, moved))
    return worded(found, wanted.words) if wanted.words else found


def _narrowed(
    found: QuerySet[Disposal], column: str, values: Sequence[Any], wanted: Wanted
) -> QuerySet[Disposal]:
    """Those that have one of these values.

    An index gives those of one value in the order of rank. In another order, or of several values, all would
    be read and sorted for one page: where they are many, the list is read in its own order until the page is full.
    """
    among = found.filter(**{f"{column}__in": values})
    if len(values) == 1 and wanted.order == "rank":
        return among
    # Of the states that are shown: without them there is no index to count by.
    shown = among.filter(state__in=[wanted.state] if wanted.state else TABS[wanted.tab][1])
    if shown.order_by()[: MOST + 1].count() <= MOST:
        return among
    return found.alias(**{f"read_{column}": Unindexed(column)}).filter(
        **{f"read_{column}__in": values}
    )


def worded(found: QuerySet[Disposal], words: str) -> QuerySet[Disposal]:
    """Those that bear a number, or are of a model or a unit called so; else those about something called so."""
    keyed = _by_key(words.lower()) if re.fullmatch(r"[0-9a-fA-F]{6,64}", words) else []
    if re.fullmatch(r"[0-9]{1,9}", words):
        return found.filter(pk__in=[int(words), *keyed])
    if keyed:
        return found.filter(pk__in=keyed)
    models = set(
        ModelVersion.objects.filter(
            Q(title__icontains=words) | Q(title_en__icontains=words) | Q(model=words)
        ).values_list("model", flat=True)
    )
    units = list(Unit.objects.filter(name__icontains=words).values_list("pk", flat=True)[:MOST])
    about = Q(warning__about__icontains=words) | Q(warning__supervised__icontains=words)
    if models or units:
        return found.filter(Q(model__in=models) | Q(unit__in=units))
    return found.filter(about)


def _by_key(words: str) -> list[int]:
    """Of the disposals whose warning's key begins so, as many as anybody counts."""
    # As a range, which an index serves in any collation that orders ASCII as it is.
    keyed = Disposal.objects.filter(warning__key__gte=words, warning__key__lt=f"{words}g")
    return list(keyed.values_list("pk", flat=True)[:MOST])


def about_people(
    found: QuerySet[Disposal], numbers: Collection[str], names: Collection[str]
) -> QuerySet[Disposal]:
    """Those whose evidence bears one of these numbers or names, by digest."""
    bearing = Q(warning__in=Party.objects.filter(person__in=numbers).values("warning"))
    named = Q(warning__in=NamedParty.objects.filter(name__in=names).values("warning"))
    return found.filter(bearing | named)


# -- pages ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Page:
    """A page of a list.

    Attributes:
        after, before: marks from which the next and the page before go on; empty at the ends.
    """

    rows: list[Disposal]
    after: str
    before: str


def page(
    found: QuerySet[Disposal],
    wanted: Wanted,
    mark: str = "",
    *,
    size: int = PAGE,
    states: Sequence[State] | None = None,
) -> Page:
    """Fifty of `chosen`, from a mark on.

    Args:
        states: in which alone there can be any (`states_of`); those of the tab without it.
        mark: `>` or `<`, and the place as `mark_of` writes it; anything else begins anew.
    """
    order = ORDERS[wanted.order]
    back, place = mark.startswith("<"), _place(order, mark[1:]) if mark[:1] in "<>" else None
    within = TABS[wanted.tab][1] if states is None else states
    rows = _some(found, within, order, place, size + 1, back=back and place is not None)
    further, rows = len(rows) > size, rows[:size]
    if not (back and place):
        return Page(
            rows,
            f">{mark_of(order, rows[-1])}" if further else "",
            f"<{mark_of(order, rows[0])}" if place and rows else "",
        )
    rows.reverse()
    return Page(
        rows,
        f">{mark_of(order, rows[-1])}" if rows else "",
        f"<{mark_of(order, rows[0])}" if further else "",
    )


def neighbours(
    found: QuerySet[Disposal], wanted: Wanted, case: Disposal
) -> tuple[Disposal | None, Disposal | None]:
    """What stands before and after one in its list, whether it is still in it or not."""
    order, states = ORDERS[wanted.order], TABS[wanted.tab][1]
    place = order.of(case)
    sides = (_some(found, states, order, place, 1, back=back) for back in (True, False))
    before, after = (next(iter(side), None) for side in sides)
    return before, after


def _some(
    found: QuerySet[Disposal],
    states: Iterable[State],
    order: Order,
    place: tuple[Any, int] | None,
    most: int,
    *,
    back: bool = False,
) -> list[Disposal]:
    if place is not None:
        found = found.filter(order.beyond(*place, back=back))
    columns, states = order.columns(back=back), list(states)
    if len(states) == 1:
        return list(found.filter(state=states[0]).order_by(*columns)[:most])
    # Places first, which are little; whole rows are read of those alone that are shown.
    places = [
        found.filter(state=state).order_by(*columns).values_list(order.column, "pk")[:most]
        for state in states
    ]
    first = islice(merge(*places, reverse=order.down != back), most)
    rows = found.in_bulk([pk for _, pk in first])
    return sorted(rows.values(), key=order.of, reverse=order.down != back)


def mark_of(order: Order, case: Disposal) -> str:
    """The place of a disposal in a list, for an address."""
    value, pk = order.of(case)
    return f"{value.isoformat() if isinstance(value, datetime) else repr(value)}~{pk}"


def _place(order: Order, mark: str) -> tuple[Any, int] | None:
    value, _, pk = mark.partition("~")
    read: dict[str, Callable[[str], Any]] = {"due_at": _moment, "rank": float, "pk": int}
    try:
        found = read[order.column](value)
        return None if found is None else (found, int(pk))
    except ValueError:
        return None


def counted(found: QuerySet[Disposal], states: Iterable[State], most: int = MOST) -> str:
    """How many there are, as far as anybody counts."""
    n = found.filter(state__in=list(states)).order_by()[: most + 1].count()
    return f"{most}+" if n > most else str(n)


def counted_by_state(found: QuerySet[Disposal], states: Sequence[State]) -> dict[State, int]:
    """How many there are of each state, one more than `MOST` at the most; all in one question.

    The same question is put for each state, written out once: Django would write out each.
    """
    if not states:
        return {}
    one = found.filter(state=_ANY).order_by().values_list("pk")[: MOST + 1]
    try:
        sql, params = one.query.sql_with_params()
    except EmptyResultSet:  # of what somebody cannot see there is nothing to ask
        return dict.fromkeys(states, 0)
    places = [n for n, value in enumerate(params) if value == _ANY]
    told = []
    for state in states:
        said = list(params)
        for place in places:
            said[place] = state.value
        told += said
    each = ", ".join(  # Django's own words; every value is a parameter
        f"(SELECT count(*) FROM ({sql}) AS of_{n})"  # noqa: S608
        for n, _ in enumerate(states)
    )
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {each}", told)
        return dict(zip(states, cursor.fetchone(), strict=True))


def how_many_wait(
    user: User, on: date, seen: QuerySet[Disposal] | None = None, most: int = MOST
) -> int:
    """How many wait for somebody; of each state one more than `most` at the most."""
    found = visible_to(user, on) if seen is None else seen
    each, told = [], list[Any]()
    for n, turn in enumerate(turns(user, on).values()):
        one = found.filter(turn).order_by().values_list("pk")[: most + 1]
        with suppress(EmptyResultSet):  # of what somebody cannot see there is nothing to ask
            sql, params = one.query.sql_with_params()
            each.append(f"(SELECT count(*) FROM ({sql}) AS of_{n})")  # noqa: S608 -- as above
            told += params
    if not each:
        return 0
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT {' + '.join(each)}", told)
        return int(cursor.fetchone()[0])


def capped(n: int) -> str:
    return f"{MOST}+" if n > MOST else str(n)


_ANY = "any of them"


def states_of(user: User, wanted: Wanted, on: date) -> tuple[State, ...]:
    """The states in which a list can hold anything: of what waits for somebody, those in which it is their turn."""
    if wanted.tab != "mine":
        return TABS[wanted.tab][1]
    return tuple(turns(user, on))
