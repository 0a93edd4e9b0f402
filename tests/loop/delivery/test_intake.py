"""Deliveries are taken in from the engine's store; what they correct is seen; what a page uploads lies there whole."""

from __future__ import annotations

import io
from datetime import date
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from plumbline.engine import Workspace
from plumbline.errors import DeliveryError
from plumbline.loop.delivery.actions import Asked, TicketError, ask
from plumbline.loop.delivery.intake import export_ticket, load_inbox, receive, row_name
from plumbline.loop.delivery.intake import inbox as intake
from plumbline.loop.delivery.models import (
    DataErrorTicket,
    Delivery,
    Upload,
    UploadState,
)
from plumbline.loop.delivery.queries import deliveries_visible_to, uploads_visible_to
from plumbline.org.models import Unit
from plumbline.org.policy import NotYoursError
from plumbline.trail.models import Entry
from tests.cli.small import HONOURS, NUMBERS
from tests.people import NOW, TODAY

LATER = "荣誉2026-01-31.csv"


@pytest.fixture
def owned(cast: Any, office: Workspace) -> Any:
    """The units by which the catalog's datasets are delivered."""
    for name, unit in (("honours", cast.industry), ("offences", cast.civil)):
        department = office.dataset(name).declared.department.zh
        unit.former_names = [department]
        unit.save()
    return cast


def uploaded(
    office: Workspace, by: Any, name: str = LATER, text: str = HONOURS, **more: Any
) -> Upload:
    return receive(office, "honours", name, io.BytesIO(text.encode()), by=by, at=NOW, **more)


def accept(office: Workspace) -> None:
    """The small office's registers are fewer rows than their declarations expect."""
    office.load(at=NOW, accept="小样", by="data")


# -- deliveries ----------------------------------------------------------------------------------


def test_what_the_store_has_is_listed_once(owned: Any, office: Workspace) -> None:
    load_inbox(office, NOW)
    held = Delivery.objects.get(dataset="honours")
    assert held.status == Delivery.Status.HELD
    assert held.held
    accept(office)
    load_inbox(office, NOW)
    listed = Delivery.objects.get(dataset="honours")
    assert (listed.pk, listed.status, listed.unit) == (
        held.pk,
        Delivery.Status.LOADED,
        owned.industry,
    )
    assert (listed.rows, listed.loaded, listed.quarantined) == (4, 3, 1)
    assert [reason["rows"] for reason in listed.reasons] == [1]
    entries = Entry.objects.filter(subject=f"delivery:{listed.pk}")
    assert entries.count() == 2
    load_inbox(office, NOW)
    assert entries.count() == 2


@pytest.mark.usefixtures("owned")
def test_a_manifest_holds_no_row(office: Workspace) -> None:
    accept(office)
    load_inbox(office, NOW)
    told = str(list(Delivery.objects.values()))
    assert not any(number in told for number in NUMBERS.values())
    assert "380101199001010016" not in told


def test_departments_see_their_own_deliveries(owned: Any, office: Workspace) -> None:
    accept(office)
    load_inbox(office, NOW)

    def seen(who: str) -> set[str]:
        return set(
            deliveries_visible_to(getattr(owned, who), TODAY).values_list("dataset", flat=True)
        )

    assert seen("industry_provider") == {"honours"}
    assert seen("provider") == {"offences"}
    assert seen("data") == {"honours", "offences"}
    for who in ("li", "contact", "keeper", "stranger"):
        assert seen(who) == set()


# -- tickets -------------------------------------------------------------------------------------


@pytest.fixture
def at_odds(owned: Any, office: Workspace) -> DataErrorTicket:
    """A ticket: under one number the registers have two names."""
    assert owned.industry.former_names
    (office.inbox / "honours/荣誉2025-12-31.csv").write_text(HONOURS.replace("王某某", "汪大海"))
    accept(office)
    # Nothing is new to this look, so the tickets are asked for as the delivery brought them.
    office_again = Workspace(office.directory)
    current = {intake._key(t): t for t in office_again.tickets()}
    intake._ask(office_again, current, intake.owners(office_again), NOW)
    return DataErrorTicket.objects.get(dataset="honours")


def test_a_number_with_two_names_becomes_a_ticket_to_each_department(at_odds: DataErrorTicket, owned: Any) -> None:  # fmt: skip
    both = DataErrorTicket.objects.order_by("dataset")
    assert [(t.dataset, t.unit, t.count) for t in both] == [
        ("honours", owned.industry, 1), ("offences", owned.civil, 1),
    ]  # fmt: skip
    told = str(list(both.values()))
    assert NUMBERS["wang"] not in told
    assert "汪大海" not in told
    assert at_odds.rows[0].startswith("honours:1-")


def test_a_corrected_delivery_touches_the_ticket_and_names_the_models(
    at_odds: DataErrorTicket, office: Workspace
) -> None:
    other = DataErrorTicket.objects.exclude(pk=at_odds.pk).get()
    (office.inbox / "honours" / LATER).write_text(HONOURS)
    office.load(at=NOW, accept="小样", only=["honours"])
    taken = load_inbox(office, NOW)  # loaded above; what it touches is seen by the next change
    assert taken.touched == 0
    (office.inbox / "honours" / "荣誉2026-02-28.csv").write_text(HONOURS + "\n")
    _let_in(office)
    taken = load_inbox(office, NOW)
    assert taken.datasets == {"honours"}
    assert "honour-despite-offence" in taken.models
    assert taken.touched == 1
    at_odds.refresh_from_db()
    assert at_odds.batch.startswith("honours-2026-02-28")
    other.refresh_from_db()
    assert other.touched_at is None  # that register delivered nothing


def _let_in(office: Workspace) -> None:
    """A catalog of the office's own, in which so few rows are expected."""
    for name in ("honours", "offences"):
        source = next(p for c in office._catalogs for p in c.glob(f"datasets/**/{name}.yml"))
        text = source.read_text(encoding="utf-8")
        own = office.directory / "catalog/datasets/own" / f"{name}.yml"
        own.parent.mkdir(parents=True, exist_ok=True)
        head, _, _ = text.partition("\nexpect:")
        own.write_text(head + "\n", encoding="utf-8")
    office.__dict__.pop("datasets", None)
    office.__dict__.pop("models", None)


def test_rows_that_a_delivery_replaced_touch_what_was_found_in_them(
    owned: Any, office: Workspace
) -> None:
    _let_in(office)
    load_inbox(office, NOW)
    ticket = ask(
        Asked("disposal:1:1", DataErrorTicket.Origin.DISPOSAL, "honours", "请核对", owned.industry,
              rows=["honours:1-1"]),
        by=None, at=NOW,
    )  # fmt: skip
    assert load_inbox(office, NOW).touched == 0
    (office.inbox / "honours" / LATER).write_text(HONOURS.replace("2015年", "2016年"))
    assert load_inbox(office, NOW).touched == 1
    ticket.refresh_from_db()
    assert ticket.batch.startswith("honours-2026-01-31")


def test_a_department_gets_its_rows_as_it_delivered_them(owned: Any, office: Workspace, tmp_path: Path) -> None:  # fmt: skip
    text = HONOURS.replace("工艺美术大师", '"=HYPERLINK(""http://x"")"')
    (office.inbox / "honours/荣誉2025-12-31.csv").write_text(text)
    _let_in(office)
    load_inbox(office, NOW)
    named = [f"honours:1-{n}" for n in range(5)]
    there = office.rows([name for each in named if (name := row_name(each))])
    wang = next(
        str(n) for n, row in there.items() if row.show("name", "zh", masked=False) == "王某某"
    )
    ticket = ask(
        Asked("disposal:1:1", DataErrorTicket.Origin.DISPOSAL, "honours", "=请核对", owned.industry, rows=[wang]),
        by=None, at=NOW,
    )  # fmt: skip
    path = tmp_path / "核对.xlsx"
    assert export_ticket(office, ticket, path) == 1
    sheet = openpyxl.load_workbook(path).active
    assert sheet is not None
    rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
    assert rows[0][0] == "'=请核对"
    assert NUMBERS["wang"] in rows[2]
    assert '\'=HYPERLINK("http://x")' in rows[2]
    assert {cell.data_type for row in sheet.iter_rows() for cell in row} <= {"s", "n"}
    assert [cell.value for row in sheet.iter_rows() for cell in row if cell.data_type == "n"] == [None] * sum(
        value is None for row in rows for value in row
    )  # fmt: skip


# -- uploads -------------------------------------------------------------------------------------


def test_a_provider_uploads_and_the_worker_loads(owned: Any, office: Workspace) -> None:
    _let_in(office)
    upload = uploaded(office, owned.industry_provider)
    assert (office.directory / upload.file).read_text() == HONOURS
    assert upload.file.startswith("inbox/honours/")
    assert Entry.objects.get(action="upload.stored").detail["sha256"] == upload.sha256
    load_inbox(office, NOW)
    upload.refresh_from_db()
    assert upload.state == UploadState.LOADED
    assert upload.batch.startswith("honours-2026-01-31-")
    assert list(uploads_visible_to(owned.industry_provider, TODAY)) == [upload]
    assert not uploads_visible_to(owned.provider, TODAY).exists()


def test_a_held_or_refused_upload_says_why(owned: Any, office: Workspace) -> None:
    held = uploaded(office, owned.industry_provider)
    refused = uploaded(office, owned.industry_provider, "没有日期.csv", HONOURS + "\n")
    load_inbox(office, NOW)
    held.refresh_from_db()
    refused.refresh_from_db()
    assert held.state == UploadState.HELD
    assert held.problem[0]
    assert refused.state == UploadState.REFUSED
    assert "2024-06-30" in refused.problem[0]
    accept(office)
    load_inbox(office, NOW)
    held.refresh_from_db()
    assert held.state == UploadState.LOADED


def test_a_name_without_a_date_is_given_one(owned: Any, office: Workspace) -> None:
    _let_in(office)
    upload = uploaded(office, owned.industry_provider, "名单.csv", as_of=date(2026, 1, 31))
    load_inbox(office, NOW)
    upload.refresh_from_db()
    assert (upload.name, upload.batch[:18]) == ("名单.csv", "honours-2026-01-31")


def test_the_same_content_waits_once(owned: Any, office: Workspace) -> None:
    first = uploaded(office, owned.industry_provider)
    with pytest.raises(TicketError, match="waits already"):
        uploaded(office, owned.industry_provider)
    folder = (office.directory / first.file).parent.parent
    assert len(list(folder.rglob("*.csv"))) == 2  # the one of the small office, and this one
    assert not list(folder.rglob("*.part"))


@pytest.mark.parametrize(
    ("name", "text"),
    [("a.exe", "x"), ("a", "x"), ("../../secret", "x"), ("空2026-01-31.csv", "")],
    ids=["kind", "none", "path", "empty"],
)
def test_what_is_no_delivery_is_refused(
    owned: Any, office: Workspace, name: str, text: str
) -> None:
    before = sorted(office.inbox.rglob("*"))
    with pytest.raises(DeliveryError):
        uploaded(office, owned.industry_provider, name, text)
    assert sorted(office.inbox.rglob("*")) == before
    assert not Upload.objects.exists()


def test_a_name_leads_nowhere_else(owned: Any, office: Workspace) -> None:
    upload = uploaded(office, owned.industry_provider, "..\\..\\~$荣誉2026-01-31.csv")
    assert Path(upload.file).name == "荣誉2026-01-31.csv"
    assert (office.directory / upload.file).resolve().is_relative_to(office.inbox / "honours")


def test_a_file_that_is_too_large_leaves_nothing(
    owned: Any, office: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(intake, "MOST_BYTES", 10)
    before = sorted(office.inbox.rglob("*"))
    with pytest.raises(DeliveryError, match="larger"):
        uploaded(office, owned.industry_provider)
    assert sorted(office.inbox.rglob("*")) == before


@pytest.mark.parametrize("who", ["provider", "li", "contact", "stranger"])
def test_nobody_else_uploads(owned: Any, office: Workspace, who: str) -> None:
    before = sorted(p for p in office.inbox.rglob("*") if p.is_file())
    with pytest.raises(NotYoursError):
        uploaded(office, getattr(owned, who))
    assert sorted(p for p in office.inbox.rglob("*") if p.is_file()) == before


def test_corrected_rows_come_back_from_quarantine(owned: Any, office: Workspace, tmp_path: Path) -> None:  # fmt: skip
    accept(office)
    load_inbox(office, NOW)
    path = tmp_path / "待更正.xlsx"
    office.export_waiting("honours", path)
    book = openpyxl.load_workbook(path)
    sheet = book.active
    assert sheet is not None
    for row in sheet.iter_rows():
        for cell in row:
            if cell.value == "380101199001010016":
                cell.value = "380101199001010015"
    book.save(path)
    with path.open("rb") as file:
        upload = receive(
            office, "honours", "待更正.xlsx", file, by=owned.industry_provider, at=NOW, kind=Upload.Kind.CORRECTIONS
        )  # fmt: skip
    assert upload.file.startswith("corrections/honours/")
    _let_in(office)
    load_inbox(office, NOW)
    upload.refresh_from_db()
    assert (upload.state, upload.problem) == (UploadState.LOADED, [])


def test_a_workbook_that_is_no_correction_is_refused(owned: Any, office: Workspace) -> None:
    accept(office)
    upload = uploaded(office, owned.industry_provider, kind=Upload.Kind.CORRECTIONS)
    load_inbox(office, NOW)
    upload.refresh_from_db()
    assert upload.state == UploadState.REFUSED
    assert "编号" in upload.problem[0]


def test_a_department_is_known_by_a_former_name(owned: Any, office: Workspace) -> None:
    assert intake.owners(office)["honours"] == owned.industry
    Unit.objects.filter(pk=owned.industry.pk).update(former_names=[])
    assert intake.owners(office)["honours"] != owned.civil
