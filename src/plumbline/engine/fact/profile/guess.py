"""What one column seems to hold, found from its header and from its values."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.profile.words import KEY, UNIT, Names, hint
from plumbline.engine.fact.quarantine import hide_middle
from plumbline.engine.fact.types import TYPES, Country, UnreadableCellError, make
from plumbline.errors import DeclarationError, Text

_ENOUGH = 0.8  # a hinted type holds where it reads so many of the values
_NEARLY_ALL = 0.95  # a type is taken from the values alone only where it reads these
_HALF = 0.5
_FEW_VALUES = 12
_SAMPLES = 3
#: Nothing is known of what such columns hold, or they tell of a few people only.
_TELLING_OF_SOMEBODY = ("text", "account", "plate", "org.code", "address", "phone")
#: Types that show in the values themselves, the most particular first.
_TELLING = ("person.id", "org.code", "plate", "date", "region", "boolean")


@dataclass(frozen=True)
class Guess:
    """A column as proposed."""

    header: str
    position: int
    name: str
    type: str
    options: Mapping[str, Any]
    sure: float
    filled: float
    distinct: int
    seen: int  # values looked at
    note: Text | None = None
    samples: tuple[str, ...] = ()  # the most frequent values, as they are: see `shown`

    @property
    def recognised(self) -> bool:
        return self.type != "text"

    def shown(self) -> tuple[str, ...]:
        """Samples as anybody may see them: what might tell of a person has its middle hidden."""
        plain = not TYPES[self.type].personal and self.type not in _TELLING_OF_SOMEBODY
        return self.samples if plain else tuple(map(hide_middle, self.samples))


def guess(
    header: str,
    position: int,
    cells: list[str],
    rows: int,
    names: Names,
    country: Country,
) -> Guess:
    values = [cell for cell in cells if cell.strip()]
    counts = Counter(values)
    wish, hinted = hint(header)
    found = _Found(header, counts, country).find(hinted)
    return Guess(
        header=header,
        position=position,
        name=names.give(wish or f"col_{position + 1}"),
        type=found.type,
        options=found.options,
        sure=round(found.sure, 2),
        filled=round(len(values) / rows, 4) if rows else 0.0,
        distinct=len(counts),
        seen=len(values),
        note=found.note,
        samples=tuple(value for value, _ in counts.most_common(_SAMPLES)),
    )


@dataclass
class _Type:
    type: str
    sure: float
    options: dict[str, Any] = field(default_factory=dict)
    note: Text | None = None


class _Found:
    """Tries types on the values of one column."""

    def __init__(self, header: str, counts: Counter[str], country: Country) -> None:
        self._header, self._counts, self._country = header, counts, country
        self._total = sum(counts.values())

    def find(self, hinted: str | None) -> _Type:
        if not self._total:
            note = Text(
                "此列全空，类型只凭表头猜测", "the column is empty; guessed by its header alone"
            )
            empty = self._as_declared(hinted)
            return _Type(empty.type, 0.3, empty.options, note)
        if hinted and hinted != "text":
            found = self._as_declared(hinted)
            if found.sure >= _ENOUGH:
                return found
        by_values = self._by_values()
        if hinted == "text" and by_values.type in ("integer", "decimal"):
            return _Type("text", 0.8)  # 编号 that happens to be digits
        if by_values.type != "text":
            return by_values
        return self._text(hinted)

    def _as_declared(self, hinted: str | None) -> _Type:
        """The hinted type with the options under which it reads most values."""
        if hinted == "money":
            return self._money()
        if hinted in ("date", "moment"):
            return self._date()
        if hinted == "person.birth":
            return self._date(hinted)
        if hinted in ("person.id", "phone"):
            plain, masked = self._rate(hinted), self._rate(hinted, masked=True)
            if masked > plain:
                note = Text("有遮掩（*）的号码", "holds masked numbers (*)")
                return _Type(hinted, masked, {"masked": True}, note)
            return _Type(hinted, plain)
        if hinted in ("decimal", "integer"):
            return self._number()
        if hinted is None or hinted == "text":
            return _Type("text", 0.5)
        return _Type(hinted, self._rate(hinted) * 0.95)

    def _by_values(self) -> _Type:
        for name in _TELLING:
            if name == "date":
                found = self._date() if self._looks_dated() else _Type("text", 0)
            elif name == "boolean" and any(value.isdigit() for value in self._counts):
                continue
            else:
                found = _Type(name, self._rate(name) * 0.9)
            if found.sure >= _NEARLY_ALL * 0.9:
                return found
        if self._share(r"1[3-9]\d{9}") >= _NEARLY_ALL:
            return _Type("phone", 0.85)
        return self._number()

    def _text(self, hinted: str | None) -> _Type:
        note = None
        if hinted and hinted != "text":
            note = Text(
                f"表头像“{TYPES[hinted].title.zh}”，但多数值读不通",
                f"the header suggests '{TYPES[hinted].title.en}', but most values do not read as one",
            )
        elif len(self._counts) <= _FEW_VALUES and self._total >= 5 * len(self._counts):
            shown = "、".join(sorted(self._counts, key=lambda v: -self._counts[v])[:_FEW_VALUES])
            if len(shown) <= 60 and "\n" not in shown:
                note = Text(
                    f"只有这几个值，可改为 category：{shown}",
                    f"only these values, so perhaps a category: {shown}",
                )
        return _Type("text", 0.8 if hinted == "text" else 0.4, {}, note)

    def _money(self) -> _Type:
        unit = UNIT.search(self._header)
        if unit:
            rate = self._rate("money", unit=unit[1])
            return _Type("money", rate, {"unit": unit[1]})
        if self._rate("money") >= _ENOUGH:  # every value states its own unit
            return _Type("money", self._rate("money"))
        found = self._number()
        if found.type != "text":
            found.sure = _ENOUGH
            found.note = Text(
                "像是金额，但表头没写单位；问清后改为 type: money, unit: 元（或万元）",
                "looks like money, but no unit in the header; "
                "ask, then write type: money, unit: 元 (or 万元)",
            )
        return found

    def _date(self, name: str = "date") -> _Type:
        timed = self._share(r".*\d\D\d{1,2}:\d{2}.*") > _HALF
        # a time with an offset is no local moment, but its day can be read
        if name == "date" and timed and self._rate("moment") >= self._rate("date"):
            name = "moment"
        if self._share(r"[2-6]\d{4}(\.\d+)?") >= _NEARLY_ALL:
            note = Text(
                "像是表格软件的日期序号；请核对是否 1900 年起算",
                "looks like spreadsheet day numbers; check that they count from 1900",
            )
            return _Type(name, self._rate(name, serial=1900) * 0.85, {"serial": 1900}, note)
        best = _Type(name, self._rate(name))
        for order in ("dmy", "mdy"):
            rate = self._rate(name, order=order)
            if rate > best.sure + 0.02:
                note = Text(
                    f"按 {order} 读得通的最多，请核对日月顺序",
                    f"most values read as {order}; check the order of day and month",
                )
                best = _Type(name, rate, {"order": order}, note)
        best.sure *= 0.98
        return best

    def _number(self) -> _Type:
        if self._share(r"-?(0|[1-9]\d{0,2}(,\d{3})+|[1-9]\d{0,9})") >= _NEARLY_ALL:
            return _Type("integer", self._rate("integer") * 0.85)
        if self._share(r"-?(0|[1-9][\d,]{0,14})(\.\d{1,10})?") >= _NEARLY_ALL:
            scale = max(len(value.strip().partition(".")[2]) for value in self._counts)
            scale = min(max(scale, 2), 10)
            return _Type("decimal", self._rate("decimal", scale=scale) * 0.85, {"scale": scale})
        return _Type("text", 0.4)

    def _looks_dated(self) -> bool:
        return (
            self._share(r"\s*(1[89]|20|29|99)\d{2}(\s*[-/.年]\s*\d{1,2}.*|[01]\d[0-3]\d|年)\s*")
            >= _NEARLY_ALL
        )

    def _share(self, pattern: str) -> float:
        """The share of values that match `pattern` as a whole."""
        regex = re.compile(pattern, re.DOTALL)
        matching = sum(n for value, n in self._counts.items() if regex.fullmatch(value.strip()))
        return matching / self._total if self._total else 0.0

    def _rate(self, name: str, **options: Any) -> float:
        """The share of values that the type reads."""
        try:
            type_ = make(
                Column.model_validate({"from": ["x"], "type": name, **options}), self._country
            )
        except DeclarationError:
            return 0.0
        read = 0
        for value, count in self._counts.items():
            try:
                type_.parse(value)
            except UnreadableCellError:
                continue
            read += count
        return read / self._total if self._total else 0.0


def with_bearers(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Ties each name, and what else describes somebody, to the nearest column of their number."""
    tied = []
    for guess in guesses:
        bearers = _bearers(guess, guesses)
        ids = [g for g in guesses if g.type in bearers and not _former(g) and g is not guess]
        options = dict(guess.options)
        if ids:
            nearest = min(ids, key=lambda g: abs(g.position - guess.position))
            alike = [g for g in guesses if (g.type, _former(g)) == (guess.type, _former(guess))]
            if len(alike) == 1 or abs(nearest.position - guess.position) == 1:
                options["of"] = nearest.name
        if guess.type == "person.name" and _former(guess):
            options["former"] = True
        if guess.type == "person.id" and "of" in options:
            options["former"] = True
        tied.append(_replaced(guess, options))
    return tuple(tied)


def _former(guess: Guess) -> bool:
    return guess.name.startswith("former_")


def _bearers(guess: Guess, guesses: Sequence[Guess]) -> tuple[str, ...]:
    """The types of number whose bearer the column may describe; none where it cannot be known."""
    if guess.type == "org.name":
        return ("org.code",)
    if guess.type.startswith("person."):
        return ("person.id",) if guess.type != "person.id" or _former(guess) else ()
    of_firms = any(g.type.startswith("org.") for g in guesses)
    at_home = re.search("户籍|家庭|居住|本人", guess.header)
    if guess.type in ("phone", "address") and (at_home or not of_firms):
        return ("person.id",)
    return ("person.id",) if guess.type == "region" and at_home else ()


def _replaced(guess: Guess, options: dict[str, Any]) -> Guess:
    return Guess(**{**vars(guess), "options": options})


def likely_key(guesses: Sequence[Guess], rows: int) -> tuple[tuple[str, ...], float]:
    """The column that tells rows apart, as far as the sample shows."""
    if rows < 2:
        return (), 0.0
    alike = [
        g
        for g in guesses
        if g.seen == rows == g.distinct
        and g.type in ("text", "person.id", "org.code", "plate", "account", "invoice", "integer")
    ]
    if not alike:
        return (), 0.0
    best = min(alike, key=lambda g: (KEY.search(g.header) is None, g.position))
    named = KEY.search(best.header) is not None
    return (best.name,), (0.9 if named else 0.5) * min(1.0, 0.5 + rows / 200)
