"""What departments deliver, taken in from the engine: the inbox, its batches, rows at odds, files uploaded on a page."""

from __future__ import annotations

import hashlib
import os
import re
import secrets
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path, PurePath
from typing import BinaryIO

import xlsxwriter
from django.conf import settings
from django.db import transaction

from plumbline.engine import (
    AlreadyLoaded,
    Batch,
    Dataset,
    Refused,
    RowName,
    Stray,
    Ticket,
    Workspace,
    is_formula,
)
from plumbline.errors import DeliveryError, PlumblineError, Text
from plumbline.kit.flow import OutOfStepError
from plumbline.loop.delivery.actions import (
    Asked,
    Manifest,
    ask,
    renew,
    return_acceptance,
    settle_upload,
    store_upload,
    take_in,
    touch,
)
from plumbline.loop.delivery.models import DataErrorTicket, Delivery, Upload, UploadState
from plumbline.loop.delivery.policy import providing
from plumbline.loop.delivery.queries import accepted_deliveries, open_tickets, waiting_uploads
from plumbline.org.models import Unit, User
from plumbline.org.policy import person_digest
from plumbline.org.queries import normal_name, units_by_name

#: Largest file that a page takes; larger ones are put into the inbox by whoever runs the server.
MOST_BYTES = 200 * 1024 * 1024
#: Endings of files that the engine reads; by content it decides for itself.
TAKEN = frozenset({
    ".csv", ".tsv", ".txt", ".xls", ".xlsx", ".xlsb", ".ods", ".et", ".json", ".jsonl", ".parquet", ".zip",
})  # fmt: skip
_PIECE = 1 << 20
_ROW = re.compile(r"([a-z]\w*):(\d+)-(\d+)(?::(\w*))?")


def workspace() -> Workspace:
    """The office's registers and models, as they are now."""
    return Workspace(settings.WORKSPACE)


# -- whose is a dataset --------------------------------------------------------------------------


def owners(office: Workspace) -> dict[str, Unit | None]:
    """Dataset -> the unit that delivers it, by the name or a former name of its department."""
    known = units_by_name()
    names = {n: normal_name(d.declared.department.zh) for n, d in office.datasets.items()}
    units = Unit.objects.in_bulk([known[each] for each in names.values() if each in known])
    return {n: units.get(known.get(each, 0)) for n, each in names.items()}


def own_datasets(office: Workspace, user: User, on: date) -> dict[str, Unit | None]:
    """Datasets of the units somebody provides for or whose data they manage, with the unit."""
    owned = owners(office)
    units = providing(user, owned.values(), on)
    return {name: unit for name, unit in owned.items() if (unit.pk if unit else None) in units}


def titles(office: Workspace) -> dict[str, Text]:
    """Dataset -> its title."""
    return {name: dataset.declared.title.text for name, dataset in office.datasets.items()}


# -- taking in -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Taken:
    """What a look into the inbox brought.

    Attributes:
        results: what became of each file, as the engine says it.
        datasets: those that have other rows now.
        models: those that read one of them, to be run again.
        touched: how many tickets a delivery touched; `asked`: how many are new.
    """

    results: Sequence[Batch | AlreadyLoaded | Refused | Stray]
    datasets: frozenset[str]
    models: tuple[str, ...]
    touched: int
    asked: int


def load_inbox(office: Workspace, at: datetime) -> Taken:
    """Take in what is new in the inbox and what was corrected, and say to whom it matters.

    It may be killed at any moment and done again: the store loads nothing twice, and what was loaded before
    is listed by the next one.
    """
    corrections = waiting_uploads().filter(kind=Upload.Kind.CORRECTIONS)
    results: list[Batch | AlreadyLoaded | Refused | Stray] = [
        _take_back(office, upload, at) for upload in corrections.select_related("by")
    ]
    results += office.load(at=at)
    results += [done for each in accepted_deliveries() if (done := _let_in(office, each, at))]
    owned, named = owners(office), titles(office)
    take_in(
        (_manifest(batch, named[name], owned[name]) for name in named for batch in office.store.batches(name)),
        at=at,
    )  # fmt: skip
    _settle(results, at)
    changed = frozenset(r.dataset for r in results if isinstance(r, Batch) and not r.is_held)
    models = tuple(
        name for name, model in office.models.items()
        if changed & {dataset.name for dataset in model.facts.values()}
    )  # fmt: skip
    touched = asked = 0
    if changed:
        current = {_key(ticket): ticket for ticket in office.tickets()}
        touched = _touch(office, changed, current, at)
        asked = _ask(office, current, owned, at)
    return Taken(results, changed, models, touched, asked)


def _take_back(office: Workspace, upload: Upload, at: datetime) -> Batch | AlreadyLoaded | Refused:
    path = office.directory / upload.file
    try:
        result = office.take_back(path, at=at, by=upload.by.get_username())
    except DeliveryError as error:
        _settle_one(upload, UploadState.REFUSED, at, problem=_problem(error))
        return Refused(upload.dataset, upload.name, error)
    _settle_by(upload, result.batch if isinstance(result, AlreadyLoaded) else result, at)
    return result


def _let_in(office: Workspace, delivery: Delivery, at: datetime) -> Batch | AlreadyLoaded | None:
    """Load what was held back and let in by somebody; what cannot be loaded is held again, and says why."""
    by = delivery.accepted_by.get_username() if delivery.accepted_by else ""
    try:
        return office.let_in(
            delivery.dataset, delivery.batch, at=at, reason=delivery.accept_reason, by=by
        )
    except DeliveryError as error:
        return_acceptance(delivery, _problem(error), at=at)
        return None


def _manifest(batch: Batch, title: Text, unit: Unit | None) -> Manifest:
    status = Delivery.Status.HELD if batch.is_held else Delivery.Status.LOADED
    return Manifest(
        batch=batch.id, dataset=batch.dataset, title=title.zh, unit=unit, status=status, source=batch.source,
        sha256=batch.sha256, as_of=batch.as_of, received_at=batch.received_at, rows=batch.rows,
        loaded=batch.loaded, quarantined=batch.quarantined,
        reasons=[{"column": r.column, "zh": r.reason.zh, "en": r.reason.en, "rows": r.rows} for r in batch.reasons],
        held=[tuple(broken) for broken in batch.held],
    )  # fmt: skip


def _settle(results: Iterable[object], at: datetime) -> None:
    """Tell uploads what became of their files."""
    waiting = {(u.dataset, u.sha256): u for u in Upload.objects.filter(
        state__in=[UploadState.STORED, UploadState.HELD])}  # fmt: skip
    by_name = {(u.dataset, PurePath(u.file).name): u for u in waiting.values()}
    for result in results:
        if isinstance(result, Batch | AlreadyLoaded):
            batch = result.batch if isinstance(result, AlreadyLoaded) else result
            if upload := waiting.get((batch.dataset, batch.sha256)):
                _settle_by(upload, batch, at)
        elif isinstance(result, Refused):
            upload = by_name.get((result.dataset, result.file))
            if upload is not None and upload.state == UploadState.STORED:
                _settle_one(upload, UploadState.REFUSED, at, problem=_problem(result.error))


def _settle_by(upload: Upload, batch: Batch, at: datetime) -> None:
    if not batch.is_held:
        _settle_one(upload, UploadState.LOADED, at, batch=batch.id)
    elif upload.state == UploadState.STORED:
        held = Text("；".join(h.zh for h in batch.held), "; ".join(h.en for h in batch.held))
        _settle_one(upload, UploadState.HELD, at, batch=batch.id, problem=held)


def _settle_one(
    upload: Upload, to: UploadState, at: datetime, *, batch: str = "", problem: Text | None = None
) -> None:
    with suppress(OutOfStepError):  # another worker looked into the inbox at the same time
        settle_upload(upload, to, at=at, batch=batch, problem=problem)


def _problem(error: PlumblineError) -> Text:
    return Text(error.in_("zh"), error.in_("en"))


# -- tickets -------------------------------------------------------------------------------------


def _key(ticket: Ticket) -> str:
    """What a ticket about one number with several names is about, without saying the number."""
    told = f"{ticket.dataset} {ticket.slot} {ticket.number} {ticket.name}"
    return f"identity:{person_digest(told)}"


def _touch(
    office: Workspace, changed: frozenset[str], current: Mapping[str, Ticket], at: datetime
) -> int:
    """Mark the tickets whose rows a delivery made others: corrected, replaced, or no longer at odds."""
    newest = {name: office.store.batches(name) for name in changed}
    touched = 0
    for ticket in open_tickets(changed):
        if ticket.origin == DataErrorTicket.Origin.IDENTITY:
            gone = ticket.key not in current
            if not gone:
                now = current[ticket.key]
                renew(ticket, [_row_of(now)], now.rows, at=at)
        else:
            names = [name for each in ticket.rows if (name := row_name(each))]
            gone = len(office.rows(names)) < len(names)
        if gone:
            loaded = [batch.id for batch in newest[ticket.dataset] if not batch.is_held]
            touched += touch(ticket, loaded[-1], at=at)
    return touched


def _ask(
    office: Workspace, current: Mapping[str, Ticket], owned: Mapping[str, Unit | None], at: datetime
) -> int:
    """Ask about every number that bears names of two people; what was asked before is not asked again."""
    known = set(DataErrorTicket.objects.values_list("key", flat=True))
    new = [(key, ticket) for key, ticket in current.items() if key not in known]
    named = titles(office)
    for key, ticket in new:
        others = sorted({name for by in ticket.others.values() for name in by})
        listed = "、".join(named[name].zh for name in others)
        asked = Asked(
            key=key, origin=DataErrorTicket.Origin.IDENTITY, dataset=ticket.dataset,
            question=f"“{named[ticket.dataset].zh}”中同一号码下的姓名与{listed}不一致，号码或姓名必有一处写错，请核对。",
            unit=owned[ticket.dataset], count=ticket.rows,
            rows=[_row_of(ticket)], people=frozenset({person_digest(ticket.number)}),
        )  # fmt: skip
        ask(asked, by=None, at=at)
    return len(new)


def _row_of(ticket: Ticket) -> str:
    return str(RowName(ticket.dataset, ticket.row, ticket.slot))


def row_name(said: str) -> RowName | None:
    """A row as people write it: `dataset:batch-position`."""
    found = _ROW.fullmatch(said)
    if not found:
        return None
    return RowName(found[1], (int(found[2]) << 32) | int(found[3]), found[4] or "")


_HEADINGS = ("行", "文件", "工作表", "行号")
_OURS = ("核对结果", "更正为")


def export_ticket(office: Workspace, ticket: DataErrorTicket, path: Path) -> int:
    """Write the rows of a ticket, in clear, to a workbook for the department that delivered them.

    All cells are text; what a spreadsheet could take for a formula has its mark for text.

    Returns:
        How many of its rows are still there.
    """
    names = [name for each in ticket.rows if (name := row_name(each))]
    rows = office.rows(names) if names else {}
    dataset = office.dataset(ticket.dataset)
    options = {
        "strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False,
        "constant_memory": True,
    }  # fmt: skip
    with xlsxwriter.Workbook(str(path), options) as book:
        plain = book.add_format({"num_format": "@", "text_wrap": True, "valign": "top"})
        bold = book.add_format({"bold": True, "bottom": 1, "text_wrap": True})
        sheet = book.add_worksheet("待核对")
        columns = list(dataset.columns)
        headings = [*_HEADINGS, *(_heading(dataset, column) for column in columns), *_OURS]
        sheet.set_column(0, len(headings) - 1, 18, plain)
        sheet.write_string(0, 0, neutral(ticket.question), bold)
        for place, heading in enumerate(headings):
            sheet.write_string(1, place, neutral(heading), bold)
        for line, (name, row) in enumerate(rows.items(), 2):
            source = row.source
            said = [str(name).rstrip(":"), source.file, source.sheet, str(source.line)]
            said += [row.show(column, "zh", masked=False) for column in columns]
            for place, text in enumerate(said):
                sheet.write_string(line, place, neutral(text), plain)
        sheet.freeze_panes(2, 1)
    return len(rows)


def _heading(dataset: Dataset, column: str) -> str:
    return dataset.columns[column].headers[0]


def neutral(text: str) -> str:
    """Text that no spreadsheet takes for a formula, also when it is saved as CSV and opened again."""
    return f"'{text}" if is_formula(text) else text


# -- uploads -------------------------------------------------------------------------------------


def receive(  # noqa: PLR0913 -- all that an upload consists of
    office: Workspace,
    dataset: str,
    name: str,
    file: BinaryIO,
    *,
    by: User,
    at: datetime,
    as_of: date | None = None,
    kind: Upload.Kind = Upload.Kind.DELIVERY,
) -> Upload:
    """Store a file in the inbox, whole or not at all; the worker loads it.

    It lies in a folder named by its content, so that the same content lies there once, under the name the
    department gave it: the engine reads the as-of date from it.

    Args:
        dataset: empty for a file of which one is to be made.
        as_of: the day it speaks of, where the name does not say it; the file is then named after that.

    Raises:
        DeliveryError: too large, empty, or of a kind that the engine does not read.
        NotYoursError: they do not provide for its unit.
    """
    plain = _plain(name, as_of)
    folder = _folder(office, dataset, kind)
    unit = owners(office)[dataset] if dataset else None
    folder.mkdir(parents=True, exist_ok=True)
    draft = folder / f".{secrets.token_hex(8)}.part"
    try:
        size, sha256 = _write(file, draft, name)
        place = folder / sha256[:16] / plain
        with transaction.atomic():
            upload = store_upload(
                dataset, unit, kind=kind, name=name[:200],
                file=str(place.relative_to(office.directory)), sha256=sha256, size=size, by=by, at=at,
            )  # fmt: skip
            place.parent.mkdir(exist_ok=True)
            draft.replace(place)
            _sync(place.parent)
            _sync(folder)
    finally:
        draft.unlink(missing_ok=True)
    return upload


def _folder(office: Workspace, dataset: str, kind: Upload.Kind) -> Path:
    if kind == Upload.Kind.SAMPLE:
        return office.directory / "samples"
    if kind == Upload.Kind.CORRECTIONS:
        return office.directory / "corrections" / dataset
    return office.inbox / (office.dataset(dataset).declared.source.inbox or dataset)


def _plain(name: str, as_of: date | None) -> str:
    """A name that lies safely in a folder."""
    bare = PurePath(name.replace("\\", "/")).name
    bare = "".join(c for c in bare if c.isprintable() and c not in '<>:"|?*').strip(" .~$")
    ending = PurePath(bare).suffix.lower()
    if ending not in TAKEN:
        raise DeliveryError(
            Text(f"不收“{ending or '无扩展名'}”文件", f"files of the kind '{ending or 'none'}' are not taken"),
            where=bare or name[:80],
            hint=Text(f"可报送：{'、'.join(sorted(TAKEN))}", f"taken are: {', '.join(sorted(TAKEN))}"),
        )  # fmt: skip
    if as_of is not None:
        return f"{as_of.isoformat()}{ending}"
    stem = PurePath(bare).stem[:80]
    return f"{stem}{ending}"


def _write(file: BinaryIO, draft: Path, name: str) -> tuple[int, str]:
    size, digest = 0, hashlib.sha256()
    with draft.open("xb") as out:
        for piece in _pieces(file):
            size += len(piece)
            if size > MOST_BYTES:
                raise DeliveryError(
                    Text("文件超过 200 MB", "the file is larger than 200 MB"), where=name,
                    hint=Text("请数据管理员直接放入 inbox", "let the data manager put it into the inbox"),
                )  # fmt: skip
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    if not size:
        raise DeliveryError(Text("文件是空的", "the file is empty"), where=name)
    return size, digest.hexdigest()


def _pieces(file: BinaryIO) -> Iterator[bytes]:
    while piece := file.read(_PIECE):
        yield piece


def _sync(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
