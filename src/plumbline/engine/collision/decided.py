"""What people decided apart from a model's text: its status in force, and exceptions for one subject.

A run pins both, so that it is repeated under what was decided then. A run that is told neither goes on with
what the last one pinned: a judgement that revisits warnings must not undo what an office decided.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from plumbline.engine.backend import open_duckdb
from plumbline.engine.collision.register import TABLES, relation
from plumbline.engine.fact import sql
from plumbline.engine.fact.store import Store
from plumbline.engine.line.model import Status, SupervisionModel
from plumbline.errors import RunError, Text


@dataclass(frozen=True)
class SubjectException:
    """That a model does not warn about one subject, from a day to a day.

    Attributes:
        id: by which whoever decided it knows it; it is what `decided_by` says.
        warning: key of a warning about the subject, in any register: the number stays in the store.
        model: empty for every model whose warnings are about the same kind of subject.
        starts, ends: first and last day, as dates of run.
        why: shown by `explain`.
    """

    id: str
    warning: str
    model: str
    starts: date
    ends: date
    why: Text


@dataclass(frozen=True)
class Excepted:
    """An exception with its subject, as the register has it, and the semantic type of what names it."""

    exception: SubjectException
    subject: str
    kind: str

    def concerns(self, model: SupervisionModel, as_of: date) -> bool:
        given = self.exception
        meant = given.model == model.name or (not given.model and self.kind == kind_of(model) != "")
        return meant and given.starts <= as_of <= given.ends


@dataclass(frozen=True)
class Decided:
    """Statuses and exceptions of one run.

    Attributes:
        statuses: model -> its status, and the fingerprint of the text that was given it. None: models
            have the status that their text proposes; otherwise one that is not named is a draft.
    """

    statuses: Mapping[str, tuple[Status, str]] | None = None
    exceptions: tuple[Excepted, ...] = ()

    def status_of(self, model: SupervisionModel) -> Status:
        """A text that nobody decided on is a draft, whatever it says of itself."""
        if self.statuses is None:
            return model.declared.status
        status, fingerprint = self.statuses.get(model.name, ("draft", ""))
        return status if fingerprint == model.fingerprint else "draft"

    def excepted(self, model: SupervisionModel, as_of: date) -> dict[str, str]:
        """Subject -> the exception that holds for it on the day of the run."""
        found: dict[str, str] = {}
        for each in self.exceptions:
            if each.concerns(model, as_of):
                found.setdefault(each.subject, each.exception.id)
        return found

    @property
    def why(self) -> dict[str, Text]:
        """Exception -> its words."""
        return {each.exception.id: each.exception.why for each in self.exceptions}

    def pin(self) -> dict[str, Any]:
        """As it stands in a run's manifest: pointers, no number of anybody."""
        return {
            "statuses": self.statuses and {n: list(s) for n, s in sorted(self.statuses.items())},
            "exceptions": [
                {
                    "id": e.exception.id, "warning": e.exception.warning, "model": e.exception.model,
                    "kind": e.kind, "starts": e.exception.starts.isoformat(),
                    "ends": e.exception.ends.isoformat(), "why": list(e.exception.why),
                }
                for e in self.exceptions
            ],
        }  # fmt: skip


def kind_of(model: SupervisionModel) -> str:
    """Semantic type of what names a model's subjects; empty where they are calculated."""
    fact, column = model.column_of(model.subject)
    types = model.facts[fact].types if fact in model.facts else {}
    return types[column].name if column in types else ""


def subjects(store: Store, keys: Collection[str]) -> dict[str, tuple[str, str]]:
    """Key of a warning -> its model and subject, from every register."""
    if not keys:
        return {}
    listed = ", ".join(sql.literal(key) for key in sorted(set(keys)))
    with open_duckdb(store.limits) as duck:
        return {
            key: (model, subject)
            for table in TABLES
            for key, model, subject in duck.run(
                f"SELECT key, model, subject FROM {relation(store, table)} WHERE key IN ({listed})"
            )
        }


def excepted(
    store: Store, exceptions: Sequence[SubjectException], kinds: Mapping[str, str]
) -> tuple[Excepted, ...]:
    """Exceptions with their subjects.

    Args:
        kinds: model -> semantic type of its subjects.

    Raises:
        RunError: no register knows the warning that one points to.
    """
    known = subjects(store, [each.warning for each in exceptions])
    return tuple(_with(each, known, kinds) for each in exceptions)


def _with(
    exception: SubjectException, known: Mapping[str, tuple[str, str]], kinds: Mapping[str, str]
) -> Excepted:
    if exception.warning not in known:
        raise RunError(
            Text(f"库中没有预警 {exception.warning}", f"no warning {exception.warning} is in the store"),
            where=exception.id,
            hint=Text("撤回这条例外，或改指另一条预警", "withdraw this exception, or let it name another warning"),
        )  # fmt: skip
    model, subject = known[exception.warning]
    return Excepted(exception, subject, kinds.get(model, ""))


def decided_in(
    store: Store, manifest: Mapping[str, Any] | None, models: Iterable[str] | None = None
) -> Decided:
    """What a run was told, read from its manifest.

    Args:
        models: only exceptions of these are needed.
    """
    manifest = manifest or {}
    entries = manifest.get("exceptions") or []
    if models is not None:
        entries = [entry for entry in entries if entry["model"] in {"", *models}]
    known = subjects(store, [entry["warning"] for entry in entries])
    found = []
    for entry in entries:
        starts, ends = (date.fromisoformat(entry[end]) for end in ("starts", "ends"))
        given = SubjectException(
            entry["id"], entry["warning"], entry["model"], starts, ends, Text(*entry["why"])
        )
        model = known.get(given.warning, ("", ""))[0]
        found.append(_with(given, known, {model: entry["kind"]}))
    statuses = manifest.get("statuses")
    return Decided(
        None if statuses is None else {name: (s[0], s[1]) for name, s in statuses.items()},
        tuple(found),
    )
