"""Takes collisions from the engine: idempotent, in one transaction; new and withdrawn evidence, ripples too."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any

from plumbline.engine import EarlyWarning as FoundWarning
from plumbline.engine import Judgement, Run, Workspace, change_in_words
from plumbline.errors import Text
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.actions import record_trial
from plumbline.loop.supervision.intake import (
    Told,
    Why,
    decided,
    find,
    names,
    people,
    take_in_catalog,
    told,
    why,
    workspace,
)
from plumbline.loop.supervision.queries import outcomes
from plumbline.loop.warning.actions import Change, RunFound, WarningFound, take_in_runs
from plumbline.loop.warning.models import EarlyWarning, Happening, Intake
from plumbline.loop.warning.queries import score
from plumbline.org.models import Unit
from plumbline.org.queries import normal_name, units_by_name

#: How many warnings are read and written at a time.
_CHUNK = 5000


def collide_and_take_in(
    workspace_dir: str | Path, *, at: datetime, models: Sequence[str] = (), as_of: date | None = None,
    accept: Mapping[str, str] | None = None,
) -> tuple[Run, Intake | None]:  # fmt: skip
    """Run the models under the statuses and exceptions that people decided, and take in what they find."""
    of = Workspace(workspace_dir)
    take_in_catalog(of, at=at)
    statuses, exceptions = decided(of, day_of(at))
    run = of.collide(
        models, at=at, as_of=as_of, accept=accept, statuses=statuses, exceptions=exceptions
    )
    return run, take_in(of, at=at)


def take_in(of: Workspace, *, at: datetime) -> Intake | None:
    """Take in what changed since the last run that was; a run that was skipped is caught up.

    Everything is read before the transaction that writes it, so that nobody waits for the store. Of two who
    take in at once, one writes and the other finds it done.

    Returns:
        The newest run that is taken in; none where there never was a run.
    """
    while True:
        last = max(Intake.objects.values_list("run", flat=True), default=0)
        if max(of.runs(), default=0) <= last:
            return Intake.objects.filter(pk=last).first()
        runs, register = _settled(of)
        new = {number: manifest for number, manifest in runs.items() if number > last}
        found = _found(of, register, runs, last)
        told_of = [_run_found(manifest, register) for _, manifest in sorted(new.items())]
        if take_in_runs(last, told_of, found, at=at):
            _take_in_trials(new, of, at)
            return Intake.objects.get(pk=max(new))


def _settled(of: Workspace) -> tuple[dict[int, dict[str, Any]], list[FoundWarning]]:
    """Runs and register of one moment: a run that ends between the two readings is read again."""
    while True:
        before = of.runs()
        register = of.warnings(withdrawn=True)
        if before.keys() == (after := of.runs()).keys():
            return after, register


def _run_found(manifest: Mapping[str, Any], register: Sequence[FoundWarning]) -> RunFound:
    number = int(manifest["number"])
    changed = [w for w in register if w.changed_in == number]
    return RunFound(
        number, datetime.fromisoformat(manifest["at"]), date.fromisoformat(manifest["as_of"]),
        raised=sum(w.raised_in == number for w in register),
        changed=sum(w.state == "open" and w.raised_in != number for w in changed),
        withdrawn=sum(w.state == "withdrawn" for w in changed),
    )  # fmt: skip


def _take_in_trials(new: Mapping[int, Mapping[str, Any]], of: Workspace, at: datetime) -> None:
    """What is on trial is told to nobody; only how much a model found is written down."""
    trials = of.warnings(register="trials") if new else []
    for number, manifest in sorted(new.items()):
        fingerprints = {
            manifest["models"][result["model"]]["fingerprint"]
            for result in manifest["results"]
            if result["status"] == "trial" and result["tally"] and not result["held"]
        }
        counts = dict.fromkeys(fingerprints, 0)
        for warning in trials:
            if warning.fingerprint in counts:
                counts[warning.fingerprint] += 1
        if counts:
            record_trial(number, counts, at=at)


# -- what the register says, as the workbench keeps it -------------------------------------------


@dataclass(frozen=True)
class _Around:
    """What is looked up once for all warnings of an intake."""

    of: Workspace
    runs: Mapping[int, Mapping[str, Any]]
    judged: Mapping[int, Judgement]
    titles: Mapping[str, Text]
    units: Mapping[str, int]
    regions: Mapping[int, tuple[str, str]]
    outcomes: Mapping[str, tuple[int, int]]


def _found(
    of: Workspace,
    register: Sequence[FoundWarning],
    runs: Mapping[int, Mapping[str, Any]],
    last: int,
) -> list[WarningFound]:
    changed = [w for w in register if w.changed_in > last or w.raised_in > last]
    known = set(EarlyWarning.objects.values_list("key", flat=True)) if changed else set()
    around = _Around(
        of, runs,
        {j.number: j for j in of.judgements()} if any("who" in w.change for w in changed) else {},
        {name: d.declared.title.text for name, d in of.datasets.items()} if changed else {},
        units_by_name() if changed else {},
        {pk: (region, sector) for pk, region, sector in Unit.objects.values_list("pk", "region", "sector")},
        outcomes(),
    )  # fmt: skip
    found: list[WarningFound] = []
    for first in range(0, len(changed), _CHUNK):
        found += _chunk(around, changed[first : first + _CHUNK], known, last)
    return found


def _chunk(
    around: _Around, changed: Sequence[FoundWarning], known: set[str], last: int
) -> Iterable[WarningFound]:
    of = around.of
    # Of one whose evidence is withdrawn or purged the words stay as they were told.
    gone = of.purged(changed)
    read = [w for w in changed if w.key not in gone and (w.state == "open" or w.key not in known)]
    rows = of.evidence(read)
    ties = of.ties(read)
    zh, en = of.sentences(read, "zh", rows=rows), of.sentences(read, "en", rows=rows)
    for warning in changed:
        changes = tuple(_changes(around, warning, last))
        if warning.key not in rows:
            yield WarningFound(warning.key, warning.state == "open", warning.seen_in, changes)
            continue
        model = of.model_behind(warning)
        lead = warning.leading()
        named = {}
        for what, place in (
            ("by", model.declared.send_to.by),
            ("supervises", model.declared.supervises),
        ):
            fact, _, column = place.partition(".")
            if fact in lead:
                named[what] = rows[warning.key][fact][lead[fact]].show(column, "zh")
        unit = next((pk for n in named.values() if (pk := around.units.get(normal_name(n)))), None)
        amount, title = of.amount(warning), model.declared.title.text
        manifest = around.runs[warning.seen_in]
        yield WarningFound(
            warning.key, warning.state == "open", warning.seen_in, changes,
            raised_at=datetime.fromisoformat(around.runs[warning.raised_in]["at"]),
            fields={
                "model": warning.model, "version": warning.version, "title": title.zh,
                "title_en": title.en, "level": warning.level, "tier": warning.tier,
                "about": " · ".join(filter(None, of.about(warning, "zh")))[:300],
                "sentence": zh[warning.key], "sentence_en": en[warning.key],
                "supervised": (named.get("supervises") or named.get("by") or "")[:200],
                "unit_id": unit, "region": around.regions[unit][0] if unit else "",
                "theme": model.declared.theme, "amount_fen": amount,
                "as_of": date.fromisoformat(manifest["as_of"]),
                "change": {k: v for k, v in warning.change.items() if k != "who"},
                "rank": score(
                    str(warning.level), warning.tier, around.outcomes.get(warning.model, (0, 0)), amount
                ),
            },
            people=people(
                model, warning, rows[warning.key], [tie.who for tie in ties[warning.key]]
            ),
            names=names(warning, rows[warning.key]),
        )  # fmt: skip


def _changes(around: _Around, warning: FoundWarning, last: int) -> Iterable[Change]:
    """What happened to a warning since, by run."""
    if warning.raised_in > last:
        at = datetime.fromisoformat(around.runs[warning.raised_in]["at"])
        version = Text(f"模型第 {warning.version} 版", f"version {warning.version} of the model")
        yield Change(Happening.Kind.RAISED, warning.raised_in, at, (version,))
    if warning.changed_in > max(last, warning.raised_in):
        at = datetime.fromisoformat(around.runs[warning.changed_in]["at"])
        kind = Happening.Kind.CHANGED
        if warning.state == "withdrawn":
            kind = Happening.Kind.WITHDRAWN
        elif warning.change.get("state_before") == "withdrawn":
            kind = Happening.Kind.RETURNED
        yield Change(kind, warning.changed_in, at, tuple(_said(around, warning)))


_LEVELS = {
    "red": Text("红", "red"), "yellow": Text("黄", "yellow"), "blue": Text("蓝", "blue"),
}  # fmt: skip
_NUMBER = re.compile(r"(?<![0-9])([0-9]{4})[0-9]{10}([0-9]{3}[0-9Xx])(?![0-9])")


def _said(around: _Around, warning: FoundWarning) -> Iterable[Text]:
    change = warning.change
    if excepted := _excepted(around, warning):
        yield excepted
    if added := change.get("added"):
        yield Text(f"新增证据 {added} 条", f"{added} rows of evidence added")
    if gone := change.get("gone"):
        yield Text(f"{gone} 条证据不再成立", f"{gone} rows of evidence no longer hold")
    before = change.get("level_before")
    if before in _LEVELS and warning.level in _LEVELS and before != warning.level:
        was, now = _LEVELS[before], _LEVELS[warning.level]
        yield Text(f"级别由{was.zh}变为{now.zh}", f"level was {was.en}, is now {now.en}")
    version = change.get("version_before")
    if version is not None and version != warning.version:
        yield Text(
            f"模型由第 {version} 版改为第 {warning.version} 版",
            f"the model was version {version}, is now version {warning.version}",
        )
    for each in change.get("who", ()):
        told_so = change_in_words(each, around.judged, around.titles)
        # What somebody wrote as a reason may hold a number; the workbench keeps none.
        yield Text(*(_NUMBER.sub(r"\1**********\2", part) for part in told_so))


def _excepted(around: _Around, warning: FoundWarning) -> Text | None:
    """The exception by which a warning was withdrawn, where it points to this very warning."""
    manifest = around.runs[warning.changed_in]
    if warning.state != "withdrawn":
        return None
    for each in manifest.get("exceptions") or ():
        holds = each["starts"] <= manifest["as_of"] <= each["ends"]
        if each["warning"] == warning.key and holds and each["model"] in ("", warning.model):
            zh, en = each["why"]
            return Text(f"已批准例外：{zh}", f"an exception was approved: {en}")
    return None


# -- for a page ----------------------------------------------------------------------------------


def evidence(warning: EarlyWarning, *, clear: Collection[str] = ()) -> Told | None:
    """A warning in rows, columns and cells, from exactly what its run saw.

    Args:
        clear: columns shown in clear, as `fact.column`, to whoever gave a purpose that is on the trail.
    """
    of = workspace()
    known = find(of, warning.key, "warnings")
    return told(of, known, clear=frozenset(clear)) if known else None


def explained(warning: EarlyWarning) -> Why | None:
    """Its verdict slot by slot."""
    of = workspace()
    known = find(of, warning.key, "warnings")
    return why(of, known) if known else None
