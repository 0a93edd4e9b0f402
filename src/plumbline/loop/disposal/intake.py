"""What disposals need of the engine: the model's steps and limits, and what people found, told to it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime

from django.conf import settings

from plumbline.engine import FactRow, SupervisionModel, Workspace
from plumbline.errors import PlumblineError
from plumbline.loop.delivery.actions import Asked, ask
from plumbline.loop.delivery.intake import owners
from plumbline.loop.delivery.models import DataErrorTicket
from plumbline.loop.disposal.actions.consequence import carried_out, not_carried_out
from plumbline.loop.disposal.actions.dispatch import Plan, open_disposals
from plumbline.loop.disposal.models import Consequence, Finding
from plumbline.loop.warning.models import EarlyWarning, Level, Party, Standing
from plumbline.org.models import Unit
from plumbline.org.queries import unit_named

#: Working days for a report, where a model does not say; and rows named in a question to a department.
REPORT_DAYS = {Level.RED: 10, Level.YELLOW: 20, Level.BLUE: 30}
_MOST_ROWS = 20
_BATCH = 500
#: What a department is asked, by what was found of its data.
_FAULTS = {
    Finding.DATA_STALE: "核查发现下列数据已过时，请更新后重新报送。",
    Finding.DATA_WRONG: "核查发现下列数据有误，请核对更正后重新报送。",
    Finding.DATA_MISSING: "核查发现该数据集缺少应有的数据，请补报。",
}


def workspace() -> Workspace:
    """The office's registers and models, as they are now."""
    return Workspace(settings.WORKSPACE)


def open_new(*, at: datetime) -> int:
    """Open a disposal for every warning that was told and has none.

    Returns:
        How many were opened.
    """
    office = workspace()
    waiting = EarlyWarning.objects.filter(
        disposal=None, budgeted_on__isnull=False, standing=Standing.OPEN, model__in=list(office.models)
    ).select_related("unit")  # fmt: skip
    opened = 0
    while batch := list(waiting.order_by("-rank", "pk")[:_BATCH]):
        opened += open_disposals(plans(office, batch), at=at)
    return opened


def plans(office: Workspace, warnings: Iterable[EarlyWarning]) -> Iterator[Plan]:
    """What the models say about working these warnings."""
    several = list(warnings)
    asked = {each.key: each for each in several if each.level == Level.BLUE}
    rows = _rows(office, asked) if asked else {}
    for each in several:
        model = office.model(each.model)
        told = model.declared
        english = [*told.check.en, *[""] * len(told.check.zh)]
        yield Plan(
            warning=each,
            sign_days=days(told.send_to.sign_within),
            report_days=_report_days(model, Level(each.level)),
            steps=list(zip(told.check.zh, english, strict=False)),
            holder=_holder(model, each) if each.key in asked else None,
            question=_question(model, rows.get(each.key, [])) if each.key in asked else "",
        )


def days(said: str) -> int:
    """Working days of a limit as models write it: `2 working days`."""
    found = re.match(r"\s*(\d+)", said)
    return max(int(found[1]), 1) if found else 1


def _report_days(model: SupervisionModel, level: Level) -> int:
    said = {str(name): limit for name, limit in model.declared.send_to.report_within.items()}
    return days(said[level]) if level in said else REPORT_DAYS[level]


def _holder(model: SupervisionModel, warning: EarlyWarning) -> Unit | None:
    """Who can answer a question about the data: whom the model sends it to, or else who delivered it."""
    if warning.unit is not None:
        return warning.unit
    fact = model.declared.supervises.partition(".")[0]
    return unit_named(model.facts[fact].declared.department.zh)


def _question(model: SupervisionModel, rows: Iterable[FactRow]) -> str:
    """What the holder of the data is asked: the model's question and where the rows stand; nobody is named."""
    listed = [f"{row.dataset.declared.title.zh}：{row.source}" for row in rows]
    more = [f"另有 {len(listed) - _MOST_ROWS} 行"] if len(listed) > _MOST_ROWS else []
    return "\n".join([model.declared.question.zh, *listed[:_MOST_ROWS], *more])


def _rows(office: Workspace, keys: Iterable[str]) -> dict[str, list[FactRow]]:
    """The rows that warnings rest on, by key."""
    found = office.warnings(keys=set(keys), withdrawn=True)
    return {
        key: [row for rows in facts.values() for row in rows.values()]
        for key, facts in office.evidence(found).items()
    }


# -- what people found is told to the engine and to departments ----------------------------------


def carry_out(*, at: datetime) -> int:
    """Do what closed disposals left to do outside the database; what fails says why and is tried again.

    Returns:
        How many were done.
    """
    waiting = Consequence.objects.filter(done_at=None).select_related(
        "outcome__disposal__warning", "outcome__found_by", "outcome__disposal__body"
    )
    done = 0
    for each in waiting.order_by("made_at", "pk"):
        try:
            apart = each.outcome.finding == Finding.WRONG_PERSON
            done += _judge_apart(each, at) if apart else _ask_department(each, at)
        except PlumblineError as error:
            not_carried_out(each, error.in_("zh"), at=at)
    return done


def _judge_apart(consequence: Consequence, at: datetime) -> bool:
    """Say that these rows are about somebody else, so that no model ties them to the person again.

    A worker that was killed in between finds what it said already by its reason, and does not say it twice.
    """
    office, outcome = workspace(), consequence.outcome
    why = f"处置{outcome.disposal_id}第{outcome.round}轮认错了人：{outcome.note or '—'}"
    said = {
        (each.dataset, each.row): each.number for each in office.judgements() if each.why == why
    }
    numbers = []
    for row in outcome.rows:
        standing = office.who(row)
        number = said.get((standing.name.dataset, standing.name.row))
        if number is None and standing.who is not None:
            number = office.judge(
                row, "different", standing.who, at=at, by=outcome.found_by.get_username(), why=why
            ).number
        numbers.append(number)
    return carried_out(
        consequence, at=at, judgements=[each for each in numbers if each is not None]
    )


def _ask_department(consequence: Consequence, at: datetime) -> bool:
    """Send a fault of the data to the department that delivered it; corrected, the models run anew."""
    outcome = consequence.outcome
    ticket = ask(
        Asked(
            key=f"disposal:{outcome.disposal_id}:{outcome.pk}",
            origin=DataErrorTicket.Origin.DISPOSAL,
            dataset=outcome.dataset,
            unit=owners(workspace()).get(outcome.dataset),
            body=outcome.disposal.body,
            question="\n".join(filter(None, [_FAULTS[Finding(outcome.finding)], outcome.note])),
            rows=outcome.rows,
            people=frozenset(
                Party.objects.filter(warning=outcome.disposal.warning_id).values_list(
                    "person", flat=True
                )
            ),
        ),
        by=outcome.found_by,
        at=at,
    )
    return carried_out(consequence, at=at, ticket=ticket.pk)
