"""The part of FollowTheMoney's model (followthemoney.tech) that is read and written: schemas, properties, ends."""

from __future__ import annotations

_THING = (
    *("name", "alias", "previousName", "weakAlias", "country", "address", "summary", "notes", "description"),
    *("topics", "keywords", "program", "sourceUrl", "publisher", "wikidataId", "createdAt", "modifiedAt", "retrievedAt"),
)  # fmt: skip
_LEGAL = (
    *("registrationNumber", "idNumber", "taxNumber", "uscCode", "leiCode", "legalForm", "status", "sector"),
    *("classification", "incorporationDate", "dissolutionDate", "jurisdiction", "mainCountry", "parent"),
    *("abbreviation", "email", "phone", "website"),
)  # fmt: skip
_INTEREST = (
    *("role", "status", "startDate", "endDate", "date", "summary", "description", "recordId", "sourceUrl"),
    *("publisher", "modifiedAt", "retrievedAt"),
)  # fmt: skip
_KIN = ("relationship", *_INTEREST[2:])
_VALUE = ("amount", "currency")

#: Schema -> its properties, in FollowTheMoney 4's names.
TABLES: dict[str, tuple[str, ...]] = {
    "Person": (
        *_THING, "title", "firstName", "middleName", "lastName", "birthDate", "birthPlace", "deathDate",
        "nationality", "citizenship", "gender", "position", "passportNumber", *_LEGAL,
    ),
    "Company": (*_THING, *_LEGAL, "capital", "ticker", "isinCode", "amount", "currency"),
    "Organization": (*_THING, *_LEGAL),
    "PublicBody": (*_THING, *_LEGAL),
    "LegalEntity": (*_THING, *_LEGAL),
    "Ownership": (
        "owner", "asset", "percentage", "sharesCount", "sharesValue", "sharesCurrency", "sharesType",
        "legalBasis", "ownershipType", *_INTEREST,
    ),
    "Directorship": ("director", "organization", "secretary", *_INTEREST),
    "Membership": ("member", "organization", *_INTEREST),
    "Employment": ("employee", "employer", *_INTEREST),
    "Representation": ("agent", "client", *_INTEREST),
    "Family": ("person", "relative", *_KIN),
    "Associate": ("person", "associate", *_KIN),
    "UnknownLink": ("subject", "object", *_INTEREST),
    "Payment": (
        "payer", "beneficiary", *_VALUE, "purpose", "programme", "transactionNumber",
        *_INTEREST[2:],
    ),
    "Contract": (
        *_THING, "title", *_VALUE, "authority", "type", "status", "contractDate", "method",
        "procedureNumber", "noticeId", "classification",
    ),
    "ContractAward": (
        "supplier", "contract", *_VALUE, "lotNumber", "documentNumber", "decisionReason", *_INTEREST,
    ),
    "Sanction": (
        "entity", "authority", "program", "reason", "duration", "listingDate", "country", *_INTEREST[1:],
    ),
}  # fmt: skip

#: What a dataset may say its rows are: schema -> the properties that name another entity.
ENDS: dict[str, tuple[str, ...]] = {
    "Ownership": ("owner", "asset"),
    "Directorship": ("director", "organization"),
    "Membership": ("member", "organization"),
    "Employment": ("employee", "employer"),
    "Representation": ("agent", "client"),
    "Family": ("person", "relative"),
    "Associate": ("person", "associate"),
    "UnknownLink": ("subject", "object"),
    "Payment": ("payer", "beneficiary"),
    "Contract": ("authority",),
    "ContractAward": ("supplier", "contract"),
    "Sanction": ("entity",),
}
