"""How models stand: statuses in force, exceptions, precision and recall with their intervals."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from hmac import HMAC

from django.db.models import Count, Q, QuerySet

from plumbline.errors import Text
from plumbline.kit.interval import wilson
from plumbline.loop.supervision.models import (
    ModelVersion,
    Sample,
    SampleDraw,
    State,
    SubjectException,
    SubjectExceptionQuerySet,
    WarningBudget,
)
from plumbline.loop.supervision.policy import READING
from plumbline.org.models import User
from plumbline.org.policy import rights_of
from plumbline.org.queries import keeps_out_of

#: A model goes live after this many results on trial were verified; all of them where there were fewer.
SAMPLES_NEEDED = 10
#: Fewer closed warnings say nothing about a model's precision that anything should follow from.
OUTCOMES_NEEDED = 20


@dataclass(frozen=True)
class Share:
    """A share with its interval (Wilson, 95 percent).

    Attributes:
        hits, of: counts; nothing is known where `of` is 0, and the interval is 0..1.
    """

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float]:
        return wilson(self.hits, self.of)

    @property
    def in_words(self) -> str:
        if not self.of:
            return "—"
        low, high = self.interval
        return f"{self.hits / self.of:.0%} ({low:.0%}–{high:.0%}, {self.hits}/{self.of})"

    def is_below(self, percent: int) -> bool:
        """Is the whole interval below a bar?"""
        return self.interval[1] * 100 < percent


def visible_versions(user: User, on: date) -> QuerySet[ModelVersion]:
    """Models are no secret within the office; a stranger, a statistician and an administrator see none."""
    everything = ModelVersion.objects.all()
    return everything if rights_of(user, on).has(*READING) else everything.none()


def visible_samples(user: User, on: date) -> QuerySet[Sample]:
    everything = Sample.objects.all()
    return everything if rights_of(user, on).has(*READING) else everything.none()


def samples_of(version: ModelVersion, user: User, on: date) -> list[Sample]:
    """What was drawn of a model, without what is about themself, their kin, and the head of their unit."""
    kept = keeps_out_of(user, on)
    drawn = visible_samples(user, on).filter(version=version).select_related("draw", "verified_by")
    return [each for each in drawn.order_by("pk") if not kept & set(each.persons)]


def visible_exceptions(user: User, on: date) -> SubjectExceptionQuerySet:
    """All but those about themself, their kin, and the head of their unit."""
    everything = SubjectException.objects.all()
    if not rights_of(user, on).has(*READING):
        return everything.none()
    return everything.exclude(subject__in=keeps_out_of(user, on))


def statuses(day: date) -> dict[str, State]:
    """Model -> the status in force: of the text that the catalog has. One that expired is a draft again."""
    return {
        version.model: State.DRAFT if version.has_expired(day) else State(version.state)
        for version in ModelVersion.objects.filter(current=True)
    }


def exceptions() -> SubjectExceptionQuerySet:
    """Those that a run is told of; it looks at their days itself."""
    return SubjectException.objects.approved().order_by("pk")


def outcomes() -> dict[str, tuple[int, int]]:
    """Model -> how many of its closed warnings were confirmed, and of how many."""
    found = {}
    for version in ModelVersion.objects.filter(Q(current=True) | Q(state=State.LIVE)).order_by(
        "judged_at"
    ):
        if version.judged_at is not None or version.model not in found:
            found[version.model] = (version.confirmed, version.closed)
    return found


def precision(version: ModelVersion) -> Share:
    """Of its warnings that were closed, how many were confirmed."""
    return Share(version.confirmed, version.closed)


def trial_precision(version: ModelVersion) -> Share:
    """Of the verified sample of its trial."""
    return _verified(version, SampleDraw.Kind.TRIAL)


def missed(version: ModelVersion) -> Share:
    """Of those not flagged who were drawn and looked at: where there was something after all."""
    return _verified(version, SampleDraw.Kind.UNFLAGGED)


def _verified(version: ModelVersion, kind: str) -> Share:
    counted = Sample.objects.filter(
        version=version, draw__kind=kind, verified_at__isnull=False
    ).aggregate(of=Count("pk"), hits=Count("pk", filter=Q(confirmed=True)))
    return Share(counted["hits"], counted["of"])


@dataclass(frozen=True)
class Recall:
    """Of all that there was to find, what share the model finds: estimated, with its interval."""

    value: float
    low: float
    high: float

    @property
    def in_words(self) -> str:
        return f"{self.value:.0%} ({self.low:.0%}–{self.high:.0%})"


def recall(version: ModelVersion) -> Recall | None:
    """Measured from the last draw of those not flagged; none before any of it was verified.

    found = flagged x precision; missed = passed over x share of the draw where there was something. The
    interval is that of the missed share; precision is taken at its value, from outcomes or the trial's sample.
    """
    draw = version.draws.filter(kind=SampleDraw.Kind.UNFLAGGED).order_by("-pk").first()
    right = precision(version) if version.closed else trial_precision(version)
    over = missed(version)
    if draw is None or not over.of or right.value is None:
        return None
    found = draw.flagged * right.value
    low, high = over.interval

    def share(of_missed: float) -> float:
        total = found + draw.of * of_missed
        return found / total if total else 1.0

    return Recall(share(over.value or 0.0), share(high), share(low))


def lacking(version: ModelVersion) -> list[Text]:
    """What a version on trial still needs before it may go live, in words."""
    found = []
    if not version.current:
        found.append(Text("目录里已是另一版本", "the catalog has another text by now"))
    if version.cases_passed_at is None:
        found.append(Text("示例尚未通过", "its cases have not passed"))
    if version.without_samples:
        return found
    if version.tried_in is None:
        found.append(Text("还没有试运行过", "it was never run on trial"))
        return found
    samples = Sample.objects.filter(version=version, draw__kind=SampleDraw.Kind.TRIAL)
    pending = samples.filter(verified_at=None).count()
    done = samples.filter(verified_at__isnull=False).count()
    needed = min(SAMPLES_NEEDED, version.tried_found or 0)
    if done < needed:
        found.append(
            Text(
                f"已核实样本 {done} 件，须有 {needed} 件",
                f"{done} of {needed} samples are verified",
            )
        )
    if pending:
        found.append(
            Text(f"还有 {pending} 件样本未核实", f"{pending} samples are not verified yet")
        )
    checked = trial_precision(version)
    if checked.is_below(version.bar):
        found.append(
            Text(
                f"样本查准率 {checked.in_words}，低于 {version.bar}%",
                f"the sample's precision {checked.in_words} is below {version.bar}%",
            )
        )
    return found


def ordered(seed: str, keys: Iterable[str]) -> list[str]:
    """Keys as a draw takes them: by HMAC-SHA256(seed, key), so that anyone can repeat it."""
    secret = bytes.fromhex(seed)
    return sorted(keys, key=lambda key: (HMAC(secret, key.encode(), sha256).digest(), key))


def budgets() -> dict[int, int]:
    """Unit -> how many warnings it can work in a week."""
    return dict(WarningBudget.objects.values_list("unit", "per_week"))
