"""What comes after warnings, walked on to where a test begins.

after.findings(cast)                          # three closed disposals that confirm, in two units
problem = after.problem(cast)                 # proposed from them; `accepted` by the head of the office
campaign = after.campaign(cast, problem)      # with two lines, owned by the industry bureau
letter = after.sent(after.letter(cast, problem), cast)
duty = after.asked(cast, letter)
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

from plumbline.loop.closure.actions.campaign import Line, start_campaign
from plumbline.loop.closure.actions.problem import accept, propose_problems
from plumbline.loop.closure.actions.recommendation import (
    approve_recommendation,
    propose_recommendation,
    send,
)
from plumbline.loop.closure.actions.rectification import (
    Ground,
    ask_rectification,
    report_rectification,
)
from plumbline.loop.closure.models import (
    Campaign,
    GovernanceProblem,
    Recommendation,
    Rectification,
)
from plumbline.loop.disposal.models import ASPECT_OF, Disposal, Finding, Outcome, State
from plumbline.loop.warning.models import EarlyWarning
from tests.loop.disposal import warned
from tests.people import NOW, TODAY

CLAUSE = "《评审管理办法》第三条第(一)项"
SOON, LATER = TODAY + timedelta(days=14), date(2026, 9, 18)


def finding(cast: Any, unit: Any = None, *more: Finding, **fields: Any) -> Disposal:
    """A closed disposal that confirms its warning; how it came there is told in the disposal's own tests."""
    unit = unit or cast.industry
    parties = fields.pop("parties", ())
    warning = warned.warning(cast, *parties, unit=unit, supervised=unit.name, **fields)
    case = Disposal.objects.create(
        warning=warning, state=State.CLOSED, level=warning.level, body=cast.office, reports=1,
        reviewed=2, opened_at=NOW, dispatched_at=NOW, signed_at=NOW, reported_at=NOW, closed_at=NOW,
    )  # fmt: skip
    for each in (Finding.RIGHT_PERSON, *(more or (Finding.TRUE,))):
        Outcome.objects.create(
            disposal=case,
            round=1,
            aspect=ASPECT_OF[each],
            finding=each,
            found_by=cast.li,
            found_at=NOW,
        )
    return case


def refuted(cast: Any, unit: Any = None, **fields: Any) -> Disposal:
    return finding(cast, unit, Finding.UNTRUE, **fields)


def findings(cast: Any) -> list[Disposal]:
    """Three, in two units of one sector and region."""
    office = sibling(cast)
    return [finding(cast), finding(cast), finding(cast, office)]


def sibling(cast: Any) -> Any:
    """Another unit of the industry bureau's sector and region."""
    from tests.people import unit  # noqa: PLC0415 -- the name is wanted for what it makes

    return unit("澜州市工艺美术中心", cast.city, region="380300", sector="honours")


def clauses() -> dict[str, str]:
    """Every warning under one clause."""
    return dict.fromkeys(EarlyWarning.objects.values_list("key", flat=True), CLAUSE)


def problem(cast: Any) -> GovernanceProblem:
    findings(cast)
    (made,) = propose_problems(clauses(), at=NOW)
    return made


def accepted(cast: Any) -> GovernanceProblem:
    return accept(problem(cast), by=cast.head, at=NOW, reason="多个单位同一条款反复出现")


def campaign(cast: Any, of: GovernanceProblem | None = None, **fields: Any) -> Campaign:
    values = {
        "title": "荣誉评审资格专项治理", "scope": "2015年以来的市级荣誉", "owner": cast.industry,
        "body": cast.office, "ends_on": SOON,
        "lines": [Line("2015年名单", unit=cast.industry), Line("2018年名单", row="honours:1-3")],
        "by": cast.head, "at": NOW, **fields,
    }  # fmt: skip
    return start_campaign(of or accepted(cast), **values)


def letter(
    cast: Any, ground: GovernanceProblem | Disposal | None = None, **fields: Any
) -> Recommendation:
    values = {
        "kind": Recommendation.Kind.RECOMMENDATION, "unit": cast.industry, "body": cast.office,
        "title": "荣誉评审资格审核", "situation": "三名获评人评审前有犯罪记录。", "basis": CLAUSE,
        "text": "一、明确资格条件。\n二、建立联审机制。", "reply_by": SOON, "by": cast.li, "at": NOW, **fields,
    }  # fmt: skip
    return propose_recommendation(ground or accepted(cast), **values)


def sent(made: Recommendation, cast: Any) -> Recommendation:
    approve_recommendation(made, by=cast.head, at=NOW)
    return send(made, by=cast.fen, at=NOW)


def asked(cast: Any, ground: Ground | None = None, **fields: Any) -> Rectification:
    values = {
        "unit": cast.industry, "body": cast.office, "what": "建立评审资格联审", "ends_on": SOON,
        "by": cast.li, "at": NOW, **fields,
    }  # fmt: skip
    return ask_rectification(ground or finding(cast), **values)


def reported(made: Rectification, cast: Any, text: str = "联审机制已建立") -> Rectification:
    return report_rectification(made, text=text, by=cast.contact, at=NOW)
