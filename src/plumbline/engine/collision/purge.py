"""Purging what was kept as long as it may be: proposed by one person, approved by another.

A standing warning that rests on a row keeps the row's batch, unless the proposal says otherwise. Warnings that
rest on other rows of the same files are computed again by the next run, from what remains.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from plumbline.engine.backend import open_duckdb
from plumbline.engine.collision.kept import forget_all
from plumbline.engine.collision.register import relation, runs
from plumbline.engine.fact.batch import batch_of
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.document import Document
from plumbline.engine.fact.due import Due, due, listed
from plumbline.engine.fact.durable import sha256_of
from plumbline.engine.fact.purged import (
    Act,
    KeptBack,
    Purge,
    PurgedBatch,
    PurgeRule,
    keep,
    purges,
    same_person,
)
from plumbline.engine.fact.purging import delete, note_numbers, numbers_file, remove, with_more
from plumbline.engine.fact.store import Store
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.linkage.forgetting import clean_logs, clear_statements, forget, outdated
from plumbline.engine.linkage.judgement import judgements
from plumbline.errors import RunError, StoreError, Text

#: Registers whose open warnings somebody may still have to answer for.
STANDING = ("warnings", "questions")


@dataclass(frozen=True)
class DueBatch:
    """A batch that has fallen due, and the standing warnings (keys) that rest on rows of it."""

    due: Due
    warnings: tuple[str, ...]


def all_due(
    store: Store, datasets: Sequence[Dataset], models: Mapping[str, SupervisionModel], on: date
) -> list[DueBatch]:
    """What has fallen due by the day `on`, with what still rests on it.

    Args:
        models: those that the next run will run.
    """
    found = [(dataset, each) for dataset in datasets for each in due(store, dataset, on)]
    if not found:
        return []
    resting = _resting(store, models, {each.batch.id: (dataset, each) for dataset, each in found})
    return [DueBatch(each, tuple(sorted(resting[each.batch.id]))) for _, each in found]


def propose(  # noqa: PLR0913 -- a proposal says as much
    store: Store,
    datasets: Sequence[Dataset],
    models: Mapping[str, SupervisionModel],
    *,
    on: date,
    reason: str,
    proposed: Act,
    also_pinned: bool = False,
) -> Purge:
    """Write down what should go. Nothing changes.

    Raises:
        RunError: no name or reason is given, the day is yet to come, or nothing has fallen due that may go.
        StoreError: another process is writing.
    """
    if not proposed.by.strip() or not reason.strip():
        raise RunError(Text("须写明谁提出、为何", "say who proposes it, and why"))
    if on > proposed.at.date():
        raise RunError(
            Text(f"{on} 还没有到，不能提前销毁", f"{on} is yet to come; nothing is purged before its time"),
            hint=Text(
                "plumbline purge list --on 可以提前查看", "plumbline purge list --on looks ahead"
            ),
        )  # fmt: skip
    with store.writing():
        found = all_due(store, datasets, models, on)
        going = [each for each in found if also_pinned or not each.warnings]
        if not going:
            raise RunError(
                Text(
                    f"截至 {on} 没有可以销毁的" + ("，到期的都还有预警依据着" if found else ""),
                    f"nothing can be purged by {on}"
                    + ("; standing warnings rest on all that has fallen due" if found else ""),
                ),
                hint=Text(
                    "plumbline purge list 列出到期的；--also-pinned 连同预警依据的一起",
                    "plumbline purge list shows what is due; --also-pinned takes those as well",
                ),
            )
        by_name = {dataset.name: dataset for dataset in datasets}
        names = sorted({each.due.batch.dataset for each in going})
        unproven = sorted({key for each in going for key in each.warnings})
        files = listed(store, [each.due for each in going])
        purge = Purge(
            number=max((p.number for p in purges(store.root)), default=0) + 1,
            on=on,
            reason=reason.strip(),
            proposed=proposed,
            rules=[
                PurgeRule(
                    dataset=name, retention=by_name[name].declared.retention,
                    declaration=by_name[name].fingerprint,
                )
                for name in names
            ],
            batches=[
                PurgedBatch(
                    id=d.batch.id, dataset=d.batch.dataset, number=d.batch.number, as_of=d.batch.as_of,
                    until=d.until, rows=d.rows, quarantined=d.batch.quarantined, sha256=d.batch.sha256,
                )
                for d in (each.due for each in going)
            ],
            files=files,
            kept_back=[
                KeptBack(batch=each.due.batch.id, warnings=list(each.warnings))
                for each in found if each not in going
            ],
            also_pinned=also_pinned,
            unproven=unproven,
            stale=len(_pinning(store, {file.path for file in files}) - set(unproven)),
            lacking=sorted(
                name for name, model in models.items()
                if model.declared.lack and model.facts[model.declared.lack.fact].name in names
            ),
        )  # fmt: skip
        return keep(store.root, purge)


def purge_numbered(store: Store, number: int) -> Purge:
    """The proposal of this number.

    Raises:
        RunError: there is none.
    """
    for purge in purges(store.root):
        if purge.number == number:
            return purge
    raise RunError(
        Text(f"没有第 {number} 号销毁", f"there is no purge {number}"),
        hint=Text("用 plumbline purge list 查看", "see plumbline purge list"),
    )


def withdraw_proposal(store: Store, number: int, act: Act) -> Purge:
    """Take a proposal back; it stays readable.

    Raises:
        RunError: there is none of that number, or it was decided before.
    """
    with store.writing():
        purge = purge_numbered(store, number)
        if purge.state != "proposed":
            raise _decided(purge)
        return keep(store.root, purge.model_copy(update={"withdrawn": act}))


def approve(
    store: Store,
    datasets: Mapping[str, Dataset],
    models: Mapping[str, SupervisionModel],
    number: int,
    act: Act,
) -> Purge:
    """A second person's word. It is written down; `carry_out` then does what it says.

    One that is approved and was not carried out to its end is given back as it is.

    Raises:
        RunError: the same person proposed it, it was decided, or warnings rest on it that did not then.
        StoreError: a file is no longer what was proposed, or another process is writing.
    """
    with store.writing():
        purge = purge_numbered(store, number)
        if purge.state == "begun":
            return purge
        if purge.state != "proposed":
            raise _decided(purge)
        if not act.by.strip() or same_person(act.by, purge.proposed.by):
            raise RunError(
                Text(
                    f"须由 {purge.proposed.by} 以外的人批准",
                    f"somebody other than {purge.proposed.by} must approve it",
                )
            )
        _must_be_as_proposed(store, datasets, models, purge)
        note_numbers(store, datasets, purge, _judged(store))
        return keep(store.root, purge.model_copy(update={"approved": act}))


def carry_out_facts(store: Store, datasets: Mapping[str, Dataset], purge: Purge) -> Purge:
    """Remove rows and files of an approved purge; then rows are to be linked again."""
    with store.writing() as scratch:
        forget_all(store)
        return remove(store, datasets, purge_numbered(store, purge.number), scratch)


def carry_out_linkage(store: Store, purge: Purge, *, at: datetime) -> Purge:
    """Let who-is-who forget what nothing remaining bears, and write down that all is done."""
    with store.writing() as scratch:
        purge = purge_numbered(store, purge.number)
        numbers = numbers_file(store, purge)
        rows = {rule.dataset: purge.numbers(rule.dataset) for rule in purge.rules}
        if numbers.exists():
            forget(store, rows, numbers, scratch)
            if old := outdated(store, rows, numbers):
                purge = keep(store.root, with_more(store, purge, old))
            delete(store, (file.path for file in purge.more))
            clean_logs(store, numbers)
        clear_statements(store, rows)
        # Before it counts as done: the numbers are no part of the record.
        numbers.unlink(missing_ok=True)
        return keep(store.root, purge.model_copy(update={"finished_at": at}))


def _decided(purge: Purge) -> RunError:
    words = {
        "withdrawn": Text("已经撤回", "was withdrawn"),
        "begun": Text("已经批准", "was approved"),
        "done": Text("已经执行", "was carried out"),
    }
    said = words[purge.state]
    return RunError(Text(f"第 {purge.number} 号销毁{said.zh}", f"purge {purge.number} {said.en}"))


def _must_be_as_proposed(
    store: Store,
    datasets: Mapping[str, Dataset],
    models: Mapping[str, SupervisionModel],
    purge: Purge,
) -> None:
    """Whoever approves must remove exactly what was shown."""
    again = Text("撤回后重新提出", "withdraw it and propose anew")
    for file in purge.files:
        path = store.root / file.path
        if not path.is_file() or sha256_of(path) != file.sha256:
            raise StoreError(
                Text("与提出时的摘要不符，没有销毁任何东西", "is not what was proposed; nothing was purged"),
                where=file.path, hint=again,
            )  # fmt: skip
    ids = {batch.id: batch for batch in purge.batches}
    mine = [datasets[rule.dataset] for rule in purge.rules if rule.dataset in datasets]
    now = {
        each.due.batch.id: each for each in all_due(store, mine, models, purge.on)
        if each.due.batch.id in ids
    }  # fmt: skip
    files = {name for each in now.values() for name in each.due.files}
    rows = {name: each.due.rows for name, each in now.items()}
    rules = {d.name: d.declared.retention for d in mine}
    if (
        rows != {name: batch.rows for name, batch in ids.items()}
        or files != {file.path for file in purge.files}
        or any(rules.get(rule.dataset) != rule.retention for rule in purge.rules)
    ):
        raise StoreError(
            Text(
                f"第 {purge.number} 号提出之后，数据或保存期限已有变化，没有销毁任何东西",
                f"data or retention have changed since purge {purge.number} was proposed; nothing was purged",
            ),
            hint=again,
        )
    fresh = {key for each in now.values() for key in each.warnings} - set(purge.unproven)
    if fresh:
        raise RunError(
            Text(
                f"提出之后又有 {len(fresh)} 条预警依据这些行：{'、'.join(sorted(fresh)[:5])}",
                f"{len(fresh)} more warnings rest on these rows since: {', '.join(sorted(fresh)[:5])}",
            ),
            hint=again,
        )


def _judged(store: Store) -> set[str]:
    """Numbers that people judged about; judgements stay."""
    return {n for each in judgements(store) for n in (each.number_a, each.who) if n}


def _standing(store: Store) -> Iterator[tuple[str, str, int, list[dict[str, Any]]]]:
    """Key, model, run and evidence of every open warning."""
    with open_duckdb(store.limits) as duck:
        for register in STANDING:
            for key, model, run, evidence in duck.run(
                f"SELECT key, model, seen_in, evidence FROM {relation(store, register)} "
                "WHERE state = 'open' ORDER BY key"
            ):
                yield key, model, run, json.loads(evidence)


def _resting(
    store: Store,
    models: Mapping[str, SupervisionModel],
    dues: Mapping[str, tuple[Dataset, Due]],
) -> dict[str, set[str]]:
    """Batch -> standing warnings that rest on rows of it.

    A warning whose model no run will run again rests on every file that its run saw.
    """
    by_number = {(d.name, each.batch.number): name for name, (d, each) in dues.items()}
    named = {name for name, (dataset, _) in dues.items() if dataset.bearers}
    manifests, found = runs(store), {name: set[str]() for name in dues}
    facts: dict[str, dict[str, str]] = {}
    for key, model, run, evidence in _standing(store):
        manifest = manifests[run]
        fingerprint = manifest["models"][model]["fingerprint"]
        if fingerprint not in facts:
            facts[fingerprint] = _facts_of(store, fingerprint)
        for row in evidence:
            place = (facts[fingerprint].get(row["fact"], ""), batch_of(row["row"]))
            if place in by_number:
                found[by_number[place]].add(key)
        if model not in models:
            pinned = _pinned_files(manifest, model)
            for name, (_, each) in dues.items():
                if pinned & set(each.files):
                    found[name].add(key)
            if (manifest.get("identity") or {}).get("files"):
                for name in named:
                    found[name].add(key)
    return found


def _facts_of(store: Store, fingerprint: str) -> dict[str, str]:
    """Which dataset each fact of a recorded model is."""
    text = store.root / "texts" / f"{fingerprint}.yml"
    return {fact: use["dataset"] for fact, use in Document(text).data["facts"].items()}


def _pinned_files(manifest: Mapping[str, Any], model: str) -> set[str]:
    """The facts files that a run needs to repeat one model."""
    return {
        file["path"]
        for name in manifest["models"][model]["declarations"]
        for file in manifest["datasets"][name]["files"]
    }


def _pinning(store: Store, paths: set[str]) -> set[str]:
    """Standing warnings whose run saw one of these files."""
    manifests = runs(store)
    return {
        key for key, model, run, _ in _standing(store)
        if _pinned_files(manifests[run], model) & paths
    }  # fmt: skip
