"""How often a model was right, by what people found of its warnings."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Exists, OuterRef, Q, QuerySet

from plumbline.loop.disposal.models import DATA_FAULTS, Disposal, Finding, Outcome, State
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.supervision.models import State as ModelState
from plumbline.loop.warning.models import Level

#: Of those that are decided.
_CONFIRMED = Q(right=True) | Q(faulty=True, warning__level=Level.BLUE)


def _decided(wanted: Q) -> QuerySet[Disposal]:
    """Those that are closed, and not for want of proof."""
    holds = Outcome.objects.filter(
        disposal=OuterRef("pk"), round=OuterRef("round"), withdrawn_at=None
    )
    return (
        Disposal.objects.filter(wanted, state=State.CLOSED)
        .annotate(
            right=Exists(holds.filter(finding__in=[Finding.TRUE, Finding.PARTLY_TRUE])),
            faulty=Exists(holds.filter(finding__in=DATA_FAULTS)),
            open_question=Exists(holds.filter(finding=Finding.UNVERIFIABLE)),
        )
        .filter(open_question=False)
    )


def found_of(model: str) -> dict[str, bool]:
    """Key of each closed warning of a model, whatever its version -> was it confirmed?"""
    decided = _decided(Q(model=model))
    right = set(decided.filter(_CONFIRMED).values_list("warning__key", flat=True))
    return {key: key in right for key in decided.values_list("warning__key", flat=True)}


def outcomes_of(models: Iterable[str]) -> dict[str, tuple[int, int]]:
    """Model -> (confirmed, closed) of the warnings of its live version.

    Confirmed is what was found true, wholly or in part; of a blue warning, a question about data, also what
    was found to be a fault of the data. What could not be verified counts as neither.
    """
    live = ModelVersion.objects.filter(state=ModelState.LIVE, model__in=list(models))
    versions = {each.model: each.version for each in live}
    wanted = Q(pk__in=())
    for model, version in versions.items():
        wanted |= Q(model=model, warning__version=version)
    counted = (
        _decided(wanted)
        .values("model")
        .annotate(closed=Count("pk"), confirmed=Count("pk", filter=_CONFIRMED))
    )
    found = {each["model"]: (each["confirmed"], each["closed"]) for each in counted}
    return {model: found.get(model, (0, 0)) for model in versions}
