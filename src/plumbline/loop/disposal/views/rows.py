"""The rows of the inbox, written in one go: fifty rows of a template are most of what the page costs.

Every value is escaped here; the words around them are looked up once for a page.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from urllib.parse import quote

from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.timezone import localtime

from plumbline.bilingual import say
from plumbline.loop.disposal.models import Disposal, State
from plumbline.loop.disposal.queries.disposal import Deadline
from plumbline.loop.warning.models import Level, Standing

_LOOK = {
    State.CLOSED: "green",
    State.RAISED: "orange",
    State.DISPATCHED: "orange",
    State.REPORTED: "blue",
}


def drawn(
    cases: Sequence[Disposal],
    ends: Mapping[int, Deadline],
    hands: Mapping[int, Sequence[str]],
    here: str,
    *,
    ticks: bool,
) -> SafeString:
    """The rows of a table, as `disposal/list.html` heads it.

    Args:
        hands: who verifies each.
        here: the list's address, which each row's link bears so that one comes to the next.
        ticks: those that wait to be signed for can be ticked.
    """
    way = reverse("disposal:page", args=[0]).replace("/0/", "/{}/?in=") + escape(
        quote(here, safe="")
    )
    states = {state.value: (str(state.label), _LOOK.get(state, "")) for state in State}
    levels = {level.value: str(level.label) for level in Level}
    words = {
        name: str(label)
        for name, label in (
            ("unit", say("被监督单位", "Supervised")), ("amount", say("涉及金额（元）", "Amount (yuan)")),
            ("by", say("承办", "Worked by")), ("state", say("状态", "State")), ("due", say("期限", "Deadline")),
            ("number", say("第{}号", "no. {}")), ("round", say("第{}轮", "round {}")),
            ("gone", say("证据已撤", "evidence withdrawn")), ("choose", say("选择第{}号", "Choose number {}")),
        )
    }  # fmt: skip
    rows = []
    for case in cases:
        warning, (state, look) = case.warning, states[case.state]
        tick = ""
        if ticks:
            box = (
                f'<input type="checkbox" name="disposal" value="{case.pk}"'
                f' aria-label="{words["choose"].format(case.pk)}">'
            )
            tick = f'<td class="tick">{box if case.state == State.DISPATCHED else ""}</td>'
        small = [
            escape(warning.about),
            f'<span class="number">{words["number"].format(case.pk)}</span>',
            f'<span class="number">{localtime(case.opened_at):%m-%d}</span>',
        ]
        if case.round > 1:
            small.append(words["round"].format(case.round))
        if warning.standing == Standing.WITHDRAWN:
            small.append(words["gone"])
        body = escape(case.body.name) if case.body else "—"
        if named := hands.get(case.pk):
            body += f'<small class="hands">{escape("、".join(named))}</small>'
        rows.append(
            f'<tr>{tick}<td><span class="level {case.level}">{levels[case.level]}</span></td>'
            f'<td><a class="title" href="{way.format(case.pk)}">{escape(warning.name)}</a>'
            f"<small>{' · '.join(small)}</small></td>"
            f'<td data-name="{words["unit"]}">{escape(warning.supervised)}</td>'
            f'<td class="right number" data-name="{words["amount"]}">{warning.money or "—"}</td>'
            f'<td data-name="{words["by"]}">{body}</td>'
            f'<td data-name="{words["state"]}"><span class="tag {look}">{state}</span></td>'
            f'<td data-name="{words["due"]}">{_end(case, ends.get(case.pk))}</td></tr>'
        )
    return mark_safe("\n".join(rows))  # noqa: S308 -- what comes from outside was escaped above


def _end(case: Disposal, due: Deadline | None) -> str:
    """When it was closed, or how long it has."""
    if case.closed_at is not None:
        return f'<span class="muted number">{localtime(case.closed_at):%Y-%m-%d}</span>'
    if due is None:
        return ""
    look = " over" if due.left.overdue else " soon" if due.soon else ""
    bar = (
        ""
        if due.left.paused
        else f'<progress max="100" value="{due.used}" aria-hidden="true"></progress>'
    )
    title = f"{localtime(due.due.due_at):%Y-%m-%d %H:%M}"
    return f'<span class="left{look}" title="{title}">{escape(due.says)}{bar}</span>'
