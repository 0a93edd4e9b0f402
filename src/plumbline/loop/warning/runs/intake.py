"""What runs found and saw, as the engine wrote it down; and runs that somebody asked for, carried out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Any

from plumbline.engine import Workspace
from plumbline.errors import Lang, PlumblineError, StoreError, Text
from plumbline.kit.clock.calendar import day_of
from plumbline.loop.supervision.intake import decided, take_in_catalog
from plumbline.loop.warning.intake import take_in
from plumbline.loop.warning.runs.actions import begin, fail, finish, tell
from plumbline.loop.warning.runs.models import RunRequest
from plumbline.loop.warning.runs.queries import open_requests

_STATUS = {
    "live": Text("在用", "live"), "trial": Text("试运行", "on trial"), "draft": Text("草稿", "draft"),
    "retired": Text("停用", "retired"),
}  # fmt: skip


@dataclass(frozen=True)
class ModelRan:
    """What one model found in a run.

    Attributes:
        rate: the share of rows it flagged, of how many, in words; `expected`: the band it was to be in.
        held: why the result was held back; `let_in`: the reason for which it was let in all the same.
        skipped: why it did not run.
    """

    name: str
    title: str
    status: str
    flagged: int
    rows: int
    rate: str
    expected: str
    held: str
    let_in: str
    skipped: str


@dataclass(frozen=True)
class RunTold:
    """One run: what ran over what."""

    number: int
    models: tuple[ModelRan, ...]
    registers: tuple[tuple[str, str], ...]  # title, and the day up to which it spoke
    exceptions: int
    linking: int
    judgements: int

    @property
    def held(self) -> int:
        return sum(bool(each.held) for each in self.models)


def run_told(of: Workspace, manifest: Mapping[str, Any], lang: Lang) -> RunTold:
    """A run's manifest in words."""
    titles = {name: d.declared.title.text.in_(lang) for name, d in of.datasets.items()}
    registers = [
        (titles.get(name, name), str(pin.get("as_of") or ""))
        for name, pin in manifest["datasets"].items()
    ]
    who = manifest.get("identity") or {}
    return RunTold(
        number=int(manifest["number"]),
        models=tuple(_model(of, result, manifest, lang) for result in manifest["results"]),
        registers=tuple(sorted(registers)),
        exceptions=len(manifest.get("exceptions") or ()),
        linking=int(who.get("number") or 0),
        judgements=len((who.get("info") or {}).get("judged") or ()),
    )  # fmt: skip


def _model(
    of: Workspace, result: Mapping[str, Any], manifest: Mapping[str, Any], lang: Lang
) -> ModelRan:
    name = result["model"]
    known = of.models.get(name)
    rows, flagged = int(result["rows"] or 0), int(result["flagged_rows"] or 0)
    rate = f"{100 * flagged / rows:.2f}%" if rows else "—"
    return ModelRan(
        name, known.declared.title.text.in_(lang) if known else name,
        _STATUS.get(result["status"], Text(result["status"], result["status"])).in_(lang),
        flagged, rows, rate, known.declared.expect.flag_rate if known else "",
        _words(result["held"], lang), (manifest.get("accepted") or {}).get(name, ""),
        _words(result["skipped"], lang),
    )  # fmt: skip


def _words(pair: Any, lang: Lang) -> str:
    return Text(*pair).in_(lang) if pair else ""


@dataclass(frozen=True)
class Differences:
    """What two runs were given that was not the same."""

    models: tuple[str, ...]  # title and the two versions
    registers: tuple[str, ...]  # title and the two days
    judged: tuple[int, int]
    exceptions: tuple[int, int]
    linked_anew: bool


def differences(of: Workspace, before: Mapping[str, Any], after: Mapping[str, Any], lang: Lang) -> Differences:  # fmt: skip
    """Why two runs may have come to other results."""
    titles = model_titles(of, lang)
    models = []
    for name in sorted({*before["models"]} & {*after["models"]}):
        was, now = before["models"][name], after["models"][name]
        if was["fingerprint"] != now["fingerprint"]:
            said = Text(
                f"第 {was['version']} 版 → 第 {now['version']} 版",
                f"version {was['version']} → {now['version']}",
            )
            models.append(f"{titles.get(name, name)} {said.in_(lang)}")
    for said, here, there in (
        (Text("只在前一次运行", "ran in the earlier one only"), before, after),
        (Text("只在后一次运行", "ran in the later one only"), after, before),
    ):
        if only := sorted(
            titles.get(name, name) for name in {*here["models"]} - {*there["models"]}
        ):
            count = Text(f"{len(only)} 个模型{said.zh}", f"{len(only)} {said.en}").in_(lang)
            models.append(
                f"{count}：{'、'.join(only)}" if lang == "zh" else f"{count}: {', '.join(only)}"
            )
    registers = []
    for name in sorted({*before["datasets"]} & {*after["datasets"]}):
        was, now = before["datasets"][name], after["datasets"][name]
        if was["version"] != now["version"]:
            title = of.datasets[name].declared.title.text.in_(lang) if name in of.datasets else name
            registers.append(f"{title} {was.get('as_of') or '—'} → {now.get('as_of') or '—'}")
    who = [each.get("identity") or {} for each in (before, after)]
    judged = [len((each.get("info") or {}).get("judged") or ()) for each in who]
    excepted = [len(each.get("exceptions") or ()) for each in (before, after)]
    return Differences(
        tuple(models), tuple(registers), (judged[0], judged[1]), (excepted[0], excepted[1]),
        who[0].get("number") != who[1].get("number"),
    )  # fmt: skip


def model_titles(of: Workspace, lang: Lang) -> dict[str, str]:
    return {name: model.declared.title.text.in_(lang) for name, model in of.models.items()}


# -- carrying out --------------------------------------------------------------------------------


def run_asked(of: Workspace, at: datetime) -> int:
    """Carry out the runs that somebody asked for, and take in what they find.

    Returns:
        How many were carried out.
    """
    done = 0
    for request in open_requests():
        begin(request, at=at)
        try:
            number = _run(of, request, at)
        except StoreError:  # somebody else is writing: it is begun again soon
            break
        except PlumblineError as error:
            fail(request, Text(error.in_("zh"), error.in_("en")), at=at)
        else:
            finish(request, number, at=at)
            done += 1
    return done


def _run(of: Workspace, request: RunRequest, at: datetime) -> int:
    take_in_catalog(of, at=at)
    statuses, exceptions = decided(of, day_of(at))
    run = of.collide(
        request.only, at=at, accept=request.accept, statuses=statuses, exceptions=exceptions,
        progress=partial(tell, request),
    )  # fmt: skip
    take_in(of, at=at)
    return run.number
