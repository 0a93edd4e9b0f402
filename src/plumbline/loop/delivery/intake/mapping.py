"""A new dataset from a file: what its columns seem to hold, and the declaration once a person has looked."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from plumbline.engine import SEMANTIC_TYPES, Guess, Profile, Workspace, profile, with_bearers
from plumbline.errors import DeliveryError, Lang, Text
from plumbline.loop.delivery.actions import declare
from plumbline.loop.delivery.intake.inbox import receive
from plumbline.loop.delivery.models import Upload
from plumbline.org.models import User

#: What a column may hold, in words: (name in a declaration, title).
TYPES: tuple[tuple[str, Text], ...] = tuple(
    (name, kind.title) for name, kind in SEMANTIC_TYPES.items()
)


@dataclass(frozen=True)
class ProposedColumn:
    """One column of the file, as the engine reads it.

    Attributes:
        samples: a few values, masked where they might tell of somebody.
        sure: in percent.
    """

    header: str
    name: str
    type: str
    unit: str
    key: bool
    ignored: bool
    samples: tuple[str, ...]
    sure: int
    filled: int
    distinct: int
    note: str


@dataclass(frozen=True)
class Proposed:
    """What a file seems to be."""

    name: str
    title: str
    file: str
    sheet: str
    lines: tuple[int, int]  # of the header
    rows: int
    encoding: str
    remarks: tuple[str, ...]
    columns: tuple[ProposedColumn, ...]


def propose(office: Workspace, upload: Upload, lang: Lang) -> Proposed:
    """Read the beginning of an uploaded file.

    Raises:
        DeliveryError: it cannot be read, or holds no table.
    """
    found = _profiled(office, upload)
    columns = [
        ProposedColumn(
            header=guess.header, name=guess.name, type=guess.type,
            unit=str(guess.options.get("unit", "")), key=guess.name in found.key, ignored=False,
            samples=guess.shown(), sure=round(guess.sure * 100), filled=round(guess.filled * 100),
            distinct=guess.distinct, note=guess.note.in_(lang) if guess.note else "",
        )
        for guess in found.columns
    ]  # fmt: skip
    columns += [
        ProposedColumn(
            header=header, name="", type="text", unit="", key=False, ignored=True, samples=(), sure=0,
            filled=0, distinct=0, note="",
        )
        for header in found.ignore
    ]  # fmt: skip
    return Proposed(
        found.name, found.title, found.file, found.sheet, found.layout.header_lines, found.rows_seen,
        found.encoding, tuple(remark.in_(lang) for remark in found.remarks), tuple(columns),
    )  # fmt: skip


def _profiled(office: Workspace, upload: Upload) -> Profile:
    path = office.directory / upload.file
    if not path.is_file():
        raise DeliveryError(
            Text("文件已不在服务器上", "the file is not on the server any more"),
            where=upload.name,
            hint=Text("放弃后重新上传", "discard it and upload it again"),
        )
    return profile(path, office.country)


@dataclass(frozen=True)
class ColumnSaid:
    """What a person said of a column."""

    header: str
    name: str
    type: str
    unit: str
    required: bool
    key: bool
    ignored: bool


@dataclass(frozen=True)
class Said:
    """What a person said of the dataset."""

    name: str
    theme: str
    title: Text
    department: Text
    legal_basis: Text
    purpose: Text
    years: int
    kind: str
    every: str
    columns: Sequence[ColumnSaid]


def save(
    office: Workspace, upload: Upload, said: Said, *, by: User, at: datetime, lang: Lang
) -> Path:
    """Save the declaration in the workspace's catalog: the same text as `plumbline profile` drafts.

    Raises:
        DeclarationError: it does not hold together, with the place and the reason.
        NotYoursError: they manage no data.
    """
    found = _profiled(office, upload)
    guesses = {guess.header: guess for guess in found.columns}
    kept = [each for each in said.columns if not each.ignored and each.header in guesses]
    columns = [_amended(guesses[each.header], each) for each in kept]
    told = {
        "title": _pair(said.title), "department": _pair(said.department),
        "legal_basis": _pair(said.legal_basis), "purpose": _pair(said.purpose),
        "retention": f"{said.years} years",
        "delivery": {"kind": said.kind, "every": said.every},
    }  # fmt: skip
    amended = replace(
        found, name=said.name, title=said.title.zh, columns=with_bearers(columns),
        key=tuple(each.name for each in kept if each.key),
        ignore=tuple(each.header for each in said.columns if each.ignored), told=told,
    )  # fmt: skip
    text = amended.to_yaml(lang)
    digest = hashlib.sha256(text.encode()).hexdigest()
    path = office.declare(said.name, said.theme, text)
    try:
        declare(upload, said.name, by=by, at=at, sha256=digest)
    except BaseException:
        path.unlink()  # nobody made it: it must not be there
        raise
    return path


def _pair(words: Text) -> dict[str, str]:
    return {"zh": words.zh, "en": words.en}


def _amended(guess: Guess, said: ColumnSaid) -> Guess:
    """The column as a person has it; what was proposed for another type goes."""
    kept = SEMANTIC_TYPES[said.type].options if said.type == guess.type else frozenset[str]()
    options = {
        name: value for name, value in guess.options.items()
        if name in kept and name not in ("of", "former")  # said anew, once all are known
    }  # fmt: skip
    if said.unit and "unit" in SEMANTIC_TYPES[said.type].options:
        options["unit"] = said.unit
    if said.required or said.key:
        options["required"] = True
    return replace(guess, name=said.name, type=said.type, options=options)


_THEMES = {
    "assets": Text("国有和集体资产", "public assets"), "farmland": Text("耕地与农业", "farmland"),
    "finance": Text("财政支付", "public finance"), "honours": Text("荣誉与处分", "honours and offences"),
    "insurance": Text("社会保险与医保", "social insurance"), "market": Text("市场主体", "companies"),
    "ocds": Text("开放合同数据", "open contracting"), "procurement": Text("政府采购", "procurement"),
    "staff": Text("公职人员", "public staff"), "vehicles": Text("公务用车", "official vehicles"),
    "welfare": Text("民政与救助", "welfare"),
}  # fmt: skip


def themes(office: Workspace, lang: Lang) -> list[tuple[str, str]]:
    """Under which a dataset may be filed, those that there are: folder and title."""
    return [(name, _THEMES.get(name, Text(name, name)).in_(lang)) for name in office.themes()]


def deliver_sample(
    office: Workspace, upload: Upload, *, by: User, at: datetime, as_of: date | None
) -> None:
    """Have the file, of which a dataset was made, loaded as its first delivery, if its day is known."""
    path = office.directory / upload.file
    with path.open("rb") as file:
        receive(office, upload.dataset, upload.name, file, by=by, at=at, as_of=as_of)
    forget_sample(office, upload)


def forget_sample(office: Workspace, upload: Upload) -> None:
    """Delete the file; its declaration, or nothing, is left of it."""
    path = office.directory / upload.file
    path.unlink(missing_ok=True)
    with suppress(OSError):
        path.parent.rmdir()
