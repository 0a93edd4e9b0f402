"""What an author wrote becomes a draft version; its life goes on by the acts of the models' own."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.db import transaction

from plumbline.errors import Text
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.actions import Found, NotReadyError, record_versions
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.supervision.policy import must
from plumbline.org.models import User
from plumbline.trail.actions import record


@transaction.atomic
def write_model(
    name: str, catalog: Sequence[Found], *, by: User, at: datetime, reason: str
) -> ModelVersion:
    """Record the text that an author wrote into the workspace's catalog, as a draft.

    Args:
        catalog: every model as the catalog has it by now.

    Raises:
        NotYoursError: they are no author. NotReadyError: the version's number was used for another text.
    """
    right = must("write", by, day_of(at))
    (found,) = [each for each in catalog if each.model == name]
    used = ModelVersion.objects.filter(model=name, version=found.version)
    if used.exclude(fingerprint=found.fingerprint).exists():
        newest = max(ModelVersion.objects.filter(model=name).values_list("version", flat=True))
        raise NotReadyError(
            Text(
                f"版本 {found.version} 已是另一份文本", f"version {found.version} is another text"
            ),
            where=name,
            hint=Text(f"把版本改为 {newest + 1}", f"make it version {newest + 1}"),
        )
    record_versions(catalog, at=at)
    made = ModelVersion.objects.get(model=name, fingerprint=found.fingerprint)
    record(
        "model.written", subject=f"model:{made.pk}", by=by, at=at, reason=reason,
        on_behalf=right.on_behalf, fingerprint=found.fingerprint, version=found.version,
    )  # fmt: skip
    return made
