"""What the city knows to be so, worked out from its events alone, and how a run compares with it."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

Key: TypeAlias = tuple[str, str, tuple[str, ...]]


@dataclass
class Truth:
    """Expected findings, told by code that never saw a supervision model.

    `group` is what makes one warning besides the subject, as text: a title, a scheme, a month
    as 2021-03, a year, the credit code of a company.

    Attributes:
        warnings: {model, subject, level, tier, group}: what must be warned of.
        questions: {model, subject, tier, group}: number equal, name not; a question about the data.
        traps: {model, trap, subject, group}: lawful or undecidable, and must not be warned of.
        quarantined: dataset -> class of reason -> rows that no declaration can let in.
        repeated: dataset -> rows delivered twice, word for word.
        refused: dataset -> rows of a sealed category, which may not even be copied.
        out_of_reach: {model, subject, why}: true, but no register alone can show it.
        through_masked: {model, subject, level, tier, group, rests_on, says}: true, but told by rows
            that lack a full number, so that it must first be known whom they mean. `tier` is the best
            that these rows allow, E: nobody may be warned of it. `rests_on` says for each dataset how
            the number stands there, `says` what the weaker row gives besides; `also` is a former
            number by which the same person may be named.
    """

    people: int
    seed: int
    as_of: str
    warnings: list[dict[str, Any]] = field(default_factory=list)
    questions: list[dict[str, Any]] = field(default_factory=list)
    traps: list[dict[str, Any]] = field(default_factory=list)
    quarantined: dict[str, Counter[str]] = field(default_factory=dict)
    repeated: Counter[str] = field(default_factory=Counter)
    refused: Counter[str] = field(default_factory=Counter)
    out_of_reach: list[dict[str, Any]] = field(default_factory=list)
    through_masked: list[dict[str, Any]] = field(default_factory=list)

    def warn(self, model: str, subject: str, level: str, *group: str) -> None:
        self.warnings.append(
            {"model": model, "subject": subject, "level": level, "tier": "A", "group": list(group)}
        )

    def ask(self, model: str, subject: str, *group: str) -> None:
        self.questions.append(
            {"model": model, "subject": subject, "tier": "B", "group": list(group)}
        )

    def trap(self, model: str, name: str, subjects: Iterable[str]) -> None:
        self.traps += ({"model": model, "trap": name, "subject": s} for s in subjects)

    def beyond(self, model: str, subject: str, why: str) -> None:
        self.out_of_reach.append({"model": model, "subject": subject, "why": why})

    def loosely(self, model: str, subject: str, *group: str, **known: Any) -> None:
        """Told by a row without a full number; see `through_masked`."""
        self.through_masked.append(
            {"model": model, "subject": subject, "group": list(group), **known}
        )

    def unusable(self, dataset: str, reason: str, rows: int = 1) -> None:
        self.quarantined.setdefault(dataset, Counter())[reason] += rows

    def write(self, path: Path) -> None:
        """Write as JSON, one finding a line, in an order of its own."""
        document = {**self.__dict__, "refused": dict(self.refused)}
        for kind in ("warnings", "questions", "traps", "out_of_reach", "through_masked"):
            document[kind] = sorted(document[kind], key=lambda row: [str(v) for v in row.values()])
        lines = (f" {json.dumps(name)}: {_one_a_line(value)}" for name, value in document.items())
        path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


def _one_a_line(value: Any) -> str:
    if not isinstance(value, list) or not value:
        return json.dumps(value, ensure_ascii=False, sort_keys=True)
    rows = (json.dumps(row, ensure_ascii=False) for row in value)
    return "[\n  " + ",\n  ".join(rows) + "\n ]"


class Score(NamedTuple):
    """How the warnings of one model compare with the truth.

    Attributes:
        found: warnings that are true.
        missed: true ones that were not found, as (subject, group).
        invented: found, but not true.
        wrong_level: true ones that were graded otherwise than the truth has it.
        sprung: names of traps into which the model fell, with their subjects.
        precision: share of the warnings that are true.
        recall: share of the true ones that were found.
        questions: the same two figures for tier-B pairs, which ask about the data.
        who_is_who: of what rows without a full number tell (`Truth.through_masked`), apart from all
            the above.
    """

    found: int
    missed: list[tuple[str, tuple[str, ...]]]
    invented: list[tuple[str, tuple[str, ...]]]
    wrong_level: list[tuple[str, tuple[str, ...]]]
    sprung: list[tuple[str, str]]
    precision: float
    recall: float
    questions: tuple[float, float]
    who_is_who: WhoIsWho


class WhoIsWho(NamedTuple):
    """What could only be found by knowing whom a row without a full number means.

    Attributes:
        found: findings of tiers A, C and D that were raised.
        missed: those that were not, as (subject, group).
        too_sure: raised although the rows allow no more than a candidate (tier E).
        wrong_level: raised with another level than the truth has.
    """

    found: int
    missed: list[tuple[str, tuple[str, ...]]]
    too_sure: list[tuple[str, tuple[str, ...]]]
    wrong_level: list[tuple[str, tuple[str, ...]]]


def score(
    truth: Mapping[str, Any],
    warnings: Sequence[Mapping[str, Any]],
    questions: Sequence[Mapping[str, Any]],
) -> dict[str, Score]:
    """Compare a run with the truth, model by model.

    Args:
        truth: what truth.json holds.
        warnings: {model, subject, level, tier, group} each; identifiers as they should be written,
            `group` as in `Truth`; a month or year may also be given as first and last day,
            2021-03-01..2021-03-31.
        questions: {model, subject, group} each: pairs of tier B.

    Returns:
        model -> Score, for every model that the truth or the run mentions.
    """
    right = {_key(w): w["level"] for w in truth["warnings"]}
    loose = {_key(w): w for w in truth.get("through_masked", ())}
    former = {_key({**w, "subject": w["also"]}): key for key, w in loose.items() if "also" in w}
    raised = {_key(w): w["level"] for w in warnings}
    raised = {former.get(key, key): level for key, level in raised.items()}
    doubts, asked = {_key(q) for q in truth["questions"]}, {_key(q) for q in questions}
    models = sorted({model for model, *_ in (*right, *raised, *doubts, *loose)})
    plain = {key: level for key, level in raised.items() if key not in loose}
    return {
        m: _score(m, right, plain, (doubts, asked), truth["traps"])._replace(
            who_is_who=_who_is_who(m, loose, raised)
        )
        for m in models
    }


def _who_is_who(
    model: str, loose: Mapping[Key, Mapping[str, Any]], raised: Mapping[Key, str]
) -> WhoIsWho:
    mine = {key: entry for key, entry in loose.items() if key[0] == model}
    known = {key for key, entry in mine.items() if entry["tier"] != "E"}
    both = known & raised.keys()
    return WhoIsWho(
        found=len(both),
        missed=sorted(key[1:] for key in known - both),
        too_sure=sorted(key[1:] for key in mine.keys() & raised.keys() - known),
        wrong_level=sorted(key[1:] for key in both if mine[key]["level"] != raised[key]),
    )


def _score(
    model: str,
    right: Mapping[Key, str],
    raised: Mapping[Key, str],
    questions: tuple[set[Key], set[Key]],
    traps: Sequence[Mapping[str, str]],
) -> Score:
    mine = {key for key in right if key[0] == model}
    got = {key for key in raised if key[0] == model}
    doubts, asked = ({key for key in keys if key[0] == model} for keys in questions)
    invented = got - mine
    caught = {subject for _, subject, _ in invented}
    both = mine & got
    return Score(
        found=len(both),
        missed=sorted(key[1:] for key in mine - got),
        invented=sorted(key[1:] for key in invented),
        wrong_level=sorted(key[1:] for key in both if right[key] != raised[key]),
        sprung=sorted(
            (t["trap"], t["subject"])
            for t in traps
            if t["model"] == model and t["subject"] in caught
        ),
        precision=_share(both, got),
        recall=_share(both, mine),
        questions=(_share(doubts & asked, asked), _share(doubts & asked, doubts)),
        who_is_who=WhoIsWho(0, [], [], []),
    )


def _share(part: set[Key], whole: set[Key]) -> float:
    return len(part) / len(whole) if whole else 1.0


def _key(row: Mapping[str, Any]) -> Key:
    return (row["model"], row["subject"], tuple(_short(str(v)) for v in row.get("group") or ()))


_SPAN = re.compile(r"(\d{4})-(\d\d)-01\.\.(\d{4})-(\d\d)-(\d\d)")


def _short(value: str) -> str:
    """A month or a year that is given by its first and last day, as 2021-03 or 2021."""
    span = _SPAN.fullmatch(value)
    if not span or span[1] != span[3] or int(span[5]) < 28:
        return value
    if (span[2], span[4]) == ("01", "12"):
        return span[1]
    return f"{span[1]}-{span[2]}" if span[2] == span[4] else value
