"""Warnings as the intake leaves them, and disposals walked on to where a test begins.

case = warned.disposal(cast, level="red")      # to be dispatched
warned.verifying(case, cast)                   # sent to the office, signed for, 李 and 周 assigned
warned.reported(case, cast)                    # both signed: it is with the head of the office
"""

from __future__ import annotations

from itertools import count
from typing import Any

from plumbline.loop.disposal.actions.dispatch import Plan, dispatch, open_disposals, sign_for
from plumbline.loop.disposal.actions.review import approve
from plumbline.loop.disposal.actions.verify import (
    assign_verifiers,
    do_step,
    find,
    report,
    sign_findings,
)
from plumbline.loop.disposal.models import Disposal, Finding
from plumbline.loop.disposal.queries.disposal import found
from plumbline.loop.warning.models import EarlyWarning, Party
from tests.people import NOW, TODAY

STEPS = (("核对身份", "Verify the identity"), ("调取处罚决定书", "Obtain the penalty decision"))
ROWS = ("honours:1-3", "offences:1-7")
_numbers = count(1)


def warning(cast: Any, *parties: str, **fields: Any) -> EarlyWarning:
    """A warning about the industry bureau's honours; `parties` are digests."""
    values = {
        "key": f"{next(_numbers):064d}", "model": "honour-despite-offence", "version": 1, "level": "yellow",
        "tier": "A", "about": "王某某", "sentence": "王某某于2012年受到行政处罚，2015年获评工艺美术大师。",
        "supervised": cast.industry.name, "unit": cast.industry, "region": "380300", "theme": "honours",
        "raised_at": NOW, "changed_at": NOW, "as_of": TODAY, "run": 1, **fields,
    }  # fmt: skip
    made = EarlyWarning.objects.create(**values)
    Party.objects.bulk_create(Party(warning=made, person=person) for person in parties)
    return made


def disposal(cast: Any, *parties: str, **fields: Any) -> Disposal:
    """Opened, to be dispatched."""
    made = warning(cast, *parties, **fields)
    open_disposals([Plan(made, 2, 20, STEPS)], at=NOW)
    return Disposal.objects.get(warning=made)


def dispatched(case: Disposal, cast: Any, **other: Any) -> Disposal:
    return dispatch(case, cast.office, by=cast.fen, at=NOW, **other)


def signed(case: Disposal, cast: Any, **other: Any) -> Disposal:
    dispatched(case, cast, **other)
    return sign_for(case, by=cast.head, at=NOW)


def verifying(case: Disposal, cast: Any, **other: Any) -> Disposal:
    signed(case, cast, **other)
    return assign_verifiers(case, [cast.li, cast.zhou], by=cast.head, at=NOW)


def checked(case: Disposal, cast: Any) -> None:
    """All steps of this round done."""
    for step in case.steps.filter(round=case.round, done_at=None):
        do_step(case, step, by=cast.li, at=NOW, finding="已核对")


def sign(case: Disposal, user: Any) -> None:
    sign_findings(case, set(found(case).values_list("pk", flat=True)), by=user, at=NOW)


def handed_in(
    case: Disposal, cast: Any, *findings: Finding, summary: str = "核查报告", **other: Any
) -> Disposal:
    """Findings added, signed by both, reported: of a disposal that is being verified."""
    for finding in findings or (Finding.RIGHT_PERSON, Finding.UNTRUE):
        find(case, finding, by=cast.li, at=NOW)
    sign(case, cast.li)
    sign(case, cast.zhou)
    return report(case, by=cast.li, at=NOW, summary=summary, **other)


def reported(case: Disposal, cast: Any, *findings: Finding, **other: Any) -> Disposal:
    verifying(case, cast)
    checked(case, cast)
    return handed_in(case, cast, *findings, **other)


def closed(case: Disposal, cast: Any, *findings: Finding, **other: Any) -> Disposal:
    reported(case, cast, *findings, **other)
    for reviewer in (cast.head, cast.standing, cast.secretary)[: len(case.chain)]:
        approve(case, case.reports, by=reviewer, at=NOW)
    return case
