"""Open Contracting data (OCDS 1.0 and 1.1): packages and releases as flat tables.

Release packages, record packages, single and listed releases, compiled and versioned ones, also
several packages in a file, one a line. A record's compiled release stands for the record; of a
versioned value the latest counts. Each release gives its own rows: packages that carry the
history of a process repeat it, and `release.date` tells the stages apart.

Each table has the fixed header given in TABLES; names are the standard's own, relative to the
table's object. Where a release has several suppliers, each has a row. What a header does not
hold (documents, milestones, extensions) is named in a remark.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import ijson

from plumbline.engine.fact.readers.base import Misfit, Row, Sheet
from plumbline.engine.fact.readers.encoding import Encoding, detect
from plumbline.engine.fact.readers.jsons import events, flat, items, refusals
from plumbline.engine.fact.readers.named import Named
from plumbline.errors import Text

_PEEK_EVENTS = 200_000
#: Where releases or records stand, from the outermost.
_PLACES = (
    "",
    "item",
    "releases.item",
    "records.item",
    "item.releases.item",
    "item.records.item",
)
_VERSION = {"releaseDate", "releaseID", "releaseTag", "value"}

Object = dict[str, Any]

_LINKS_ONLY = Text(
    "该记录只有指向各次发布的链接，没有内容；请报送单位附上汇编发布（compiledRelease）",
    "the record only links to its releases and holds none; "
    "ask the publisher to include the compiled release",
)

_COMMON = ("ocid", "release.id", "release.date", "release.tag", "buyer.id", "buyer.name")
_VALUE = ("value.amount", "value.currency")
_SUPPLIER = ("supplier.id", "supplier.name")
_CLASSED = ("classification.scheme", "classification.id", "classification.description")


def _period(name: str) -> tuple[str, str]:
    return f"{name}.startDate", f"{name}.endDate"


TABLES: dict[str, tuple[str, ...]] = {
    "tenders": (
        *_COMMON,
        *("id", "title", "description", "status"),
        *("procuringEntity.id", "procuringEntity.name"),
        *("procurementMethod", "procurementMethodDetails", "procurementMethodRationale"),
        *("mainProcurementCategory", "awardCriteria", "awardCriteriaDetails"),
        *("submissionMethod", "submissionMethodDetails", "eligibilityCriteria"),
        *_VALUE,
        *("minValue.amount", "minValue.currency"),
        *("budget.amount.amount", "budget.amount.currency", "budget.description"),
        *("budget.project", "budget.projectID"),
        *_period("tenderPeriod"),
        *_period("enquiryPeriod"),
        *_period("awardPeriod"),
        *_period("contractPeriod"),
        *("hasEnquiries", "numberOfTenderers", "numberOfItems"),
    ),
    "bids": (
        *_COMMON,
        *("tender.id", "id", "date", "status", "tenderer.id", "tenderer.name"),
        *_VALUE,
        "relatedLots",
    ),
    "awards": (
        *_COMMON,
        *("id", "title", "description", "status", "date"),
        *_VALUE,
        *_SUPPLIER,
        *_period("contractPeriod"),
        *("relatedBids", "relatedLots"),
    ),
    "contracts": (
        *_COMMON,
        *("id", "awardID", "title", "description", "status", "dateSigned"),
        *_VALUE,
        *_period("period"),
        *_SUPPLIER,
    ),
    "transactions": (
        *_COMMON,
        *("contract.id", "id", "source", "date"),
        *_VALUE,
        *("payer.id", "payer.name", "payee.id", "payee.name", "uri"),
    ),
    "parties": (
        *_COMMON,
        *("id", "name", "roles", "identifier.scheme", "identifier.id", "identifier.legalName"),
        *("identifier.uri", "additionalIdentifiers"),
        *("address.streetAddress", "address.locality", "address.region"),
        *("address.postalCode", "address.countryName"),
        *("contactPoint.name", "contactPoint.email", "contactPoint.telephone"),
        *("contactPoint.faxNumber", "contactPoint.url"),
    ),
    "items": (
        *_COMMON,
        *("of", "of.id", "id", "description"),
        *_CLASSED,
        *("quantity", "unit.name", "unit.value.amount", "unit.value.currency", "relatedLot"),
    ),
}


def find_place(path: Path, encoding: Encoding) -> str | None:
    """Where the releases or records of the file stand; None where it is no OCDS file."""
    try:
        for prefix, event, value in islice(events(path, encoding), _PEEK_EVENTS):
            if event == "map_key" and value == "ocid" and prefix in _PLACES:
                return prefix
            if event == "end_map" and prefix == "item":
                return None
    except (ijson.JSONError, UnicodeDecodeError):
        pass  # whoever reads the file says what is wrong with it
    return None


def is_ocds(path: Path) -> bool:
    return find_place(path, detect(path)) is not None


def open_ocds(path: Path, file: str, table: str | None) -> Iterator[Sheet]:
    """The tables of an OCDS file, or only `table`."""
    encoding = detect(path)
    place = find_place(path, encoding) or ""
    with refusals(file):
        remarks = [*encoding.remarks, *_left_out(path, encoding, place)]
    for name, header in TABLES.items():
        if table in (None, name):
            load = partial(_load, path, file, encoding, place, name)
            yield Named(file, name, header, load, remarks)


def _load(
    path: Path, file: str, encoding: Encoding, place: str, name: str
) -> Iterator[Row | Misfit]:
    header = TABLES[name]
    with refusals(file):
        for line, release in _releases(path, encoding, place):
            if isinstance(release, Misfit):
                if name == "tenders":
                    yield release
                continue
            common = {
                "ocid": release.get("ocid"),
                "release": {key: release.get(key) for key in ("id", "date", "tag")},
                "buyer": _party(release.get("buyer")),
            }
            for found in _ROWS[name](release):
                cells = flat(common) | flat(_object(found))
                yield Row(line, [cells.get(column, "") for column in header])


def _releases(path: Path, encoding: Encoding, place: str) -> Iterator[tuple[int, Object | Misfit]]:
    for line, found in enumerate(items(path, encoding, place), 1):
        held = list(_held(found)) if isinstance(found, dict) else []
        if not held:
            ocid = str(_object(found).get("ocid", ""))
            yield line, Misfit(line, ocid, _LINKS_ONLY)
        for release in held:
            yield line, _latest(release)


def _held(found: Object) -> Iterable[Object]:
    """The releases that an entry of a package holds."""
    if compiled := found.get("compiledRelease"):
        return [compiled]
    if versioned := found.get("versionedRelease"):
        return [versioned]
    if "releases" in found:
        return [r for r in _list(found["releases"]) if "ocid" in _object(r)]
    return [found]


def _latest(value: Any) -> Any:
    """A versioned value's latest version; any other value as it is."""
    if isinstance(value, dict):
        return {key: _latest(inner) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    versions = [v for v in value if isinstance(v, dict) and v.keys() <= _VERSION and "value" in v]
    if versions and len(versions) == len(value):
        return _latest(max(versions, key=lambda v: str(v.get("releaseDate") or ""))["value"])
    return [_latest(inner) for inner in value]


def _tenders(release: Object) -> Iterator[Object]:
    tender = _object(release.get("tender"))
    planning = _object(release.get("planning"))
    if tender or planning:
        yield {
            **tender,
            "procuringEntity": _party(tender.get("procuringEntity")),
            "budget": planning.get("budget"),
            "numberOfItems": len(_list(tender.get("items"))) or None,
        }


def _bids(release: Object) -> Iterator[Object]:
    tender = _object(release.get("tender"))
    own = {"tender": {"id": tender.get("id")}}
    bids = _list(_object(release.get("bids")).get("details"))
    for bid in bids:
        for tenderer in _list(bid.get("tenderers")) or [None]:
            yield {**bid, **own, "tenderer": _party(tenderer)}
    if not bids:  # without the bids extension the tender lists who submitted one
        for tenderer in _list(tender.get("tenderers")):
            yield {**own, "tenderer": _party(tenderer)}


def _awards(release: Object) -> Iterator[Object]:
    for award in _list(release.get("awards")):
        for supplier in _list(award.get("suppliers")) or [None]:
            yield {**award, "supplier": _party(supplier)}


def _contracts(release: Object) -> Iterator[Object]:
    awards = {str(award.get("id")): award for award in _list(release.get("awards"))}
    for contract in _list(release.get("contracts")):
        award = awards.get(str(contract.get("awardID")), {})
        suppliers = _list(contract.get("suppliers")) or _list(award.get("suppliers"))
        for supplier in suppliers or [None]:
            yield {**contract, "supplier": _party(supplier)}


def _transactions(release: Object) -> Iterator[Object]:
    for contract in _list(release.get("contracts")):
        for paid in _list(_object(contract.get("implementation")).get("transactions")):
            yield {
                **paid,
                "contract": {"id": contract.get("id")},
                "value": paid.get("value") or paid.get("amount"),  # 1.0 said amount,
                "payer": _party(paid.get("payer") or paid.get("providerOrganization")),
                "payee": _party(paid.get("payee") or paid.get("receiverOrganization")),
            }


def _parties(release: Object) -> Iterator[Object]:
    listed = _list(release.get("parties"))
    yield from listed
    if listed:
        return
    tender = _object(release.get("tender"))  # OCDS 1.0: organisations stand where they act
    acting: list[tuple[str, Any]] = [
        ("buyer", release.get("buyer")),
        ("procuringEntity", tender.get("procuringEntity")),
        *(("tenderer", t) for t in _list(tender.get("tenderers"))),
        *(("supplier", s) for a in _list(release.get("awards")) for s in _list(a.get("suppliers"))),
    ]
    for role, party in acting:
        if party:
            yield {**_object(party), **_party(party), "roles": [role]}


def _items(release: Object) -> Iterator[Object]:
    places: list[tuple[str, Any]] = [
        ("tender", release.get("tender")),
        *(("award", award) for award in _list(release.get("awards"))),
        *(("contract", contract) for contract in _list(release.get("contracts"))),
    ]
    for kind, owner in places:
        for item in _list(_object(owner).get("items")):
            yield {**item, "of": kind, "of.id": owner.get("id")}


_ROWS: dict[str, Callable[[Object], Iterator[Object]]] = {
    "tenders": _tenders,
    "bids": _bids,
    "awards": _awards,
    "contracts": _contracts,
    "transactions": _transactions,
    "parties": _parties,
    "items": _items,
}


def _party(party: Any) -> Object:
    """Id and name of an organisation; OCDS 1.0 has the identifier in place of the id."""
    party = _object(party)
    identifier = _object(party.get("identifier") or (party if "legalName" in party else {}))
    known = [str(identifier[key]) for key in ("scheme", "id") if identifier.get(key)]
    return {
        "id": party.get("id") or "-".join(known) or identifier.get("uri"),
        "name": party.get("name") or identifier.get("legalName"),
    }


def _object(value: Any) -> Object:
    return value if isinstance(value, dict) else {}


def _list(value: Any) -> list[Any]:
    """The objects of a list; a single object counts as a list of one."""
    found = value if isinstance(value, list) else [value]
    return [part for part in found if isinstance(part, dict)]


def _left_out(path: Path, encoding: Encoding, place: str) -> list[Text]:
    """Names what the tables do not hold."""
    seen: dict[str, None] = {}
    for _, release in _releases(path, encoding, place):
        if isinstance(release, Misfit):
            continue
        for section in ("planning", "tender"):
            seen.update((f"{section}.{key}", None) for key in _object(release.get(section)))
        for section in ("awards", "contracts"):
            for part in _list(release.get(section)):
                seen.update((f"{section}.{key}", None) for key in part)
        seen.update((key, None) for key in release)
    missing = sorted(name for name in seen if name not in _KNOWN)
    if not missing:
        return []
    named = ", ".join(missing)
    return [
        Text(
            f"这些内容没有收入各表：{named}",
            f"the tables leave out: {named}",
        )
    ]


def _known() -> set[str]:
    held = {"planning.budget", "tender.items", "tender.tenderers", "tender.procuringEntity"}
    for table, section in (("tenders", "tender"), ("awards", "awards"), ("contracts", "contracts")):
        held.update(f"{section}.{column.partition('.')[0]}" for column in TABLES[table])
    held.update(f"{s}.{k}" for s in ("awards", "contracts") for k in ("items", "suppliers"))
    held.update({"contracts.implementation", "ocid", "id", "date", "tag", "buyer", "planning"})
    return held | {"tender", "awards", "contracts", "parties", "bids"}


_KNOWN = _known()
