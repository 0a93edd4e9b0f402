"""Semantic types: what a cell means, and how it is compared. Each type is one small module."""

from __future__ import annotations

from plumbline.engine.fact.types.base import (
    Country,
    Field,
    Plain,
    SemanticType,
    UnreadableCellError,
    Value,
)
from plumbline.engine.fact.types.boolean import Boolean
from plumbline.engine.fact.types.category import Category
from plumbline.engine.fact.types.cn.account import Account
from plumbline.engine.fact.types.cn.address import Address
from plumbline.engine.fact.types.cn.invoice import Invoice
from plumbline.engine.fact.types.cn.org_code import OrgCode
from plumbline.engine.fact.types.cn.org_name import OrgName
from plumbline.engine.fact.types.cn.person_id import PersonId
from plumbline.engine.fact.types.cn.person_name import PersonName
from plumbline.engine.fact.types.cn.person_sex import PersonSex
from plumbline.engine.fact.types.cn.phone import Phone
from plumbline.engine.fact.types.cn.plate import Plate
from plumbline.engine.fact.types.cn.region import Region
from plumbline.engine.fact.types.cn.regions import country_pack
from plumbline.engine.fact.types.date import Date
from plumbline.engine.fact.types.decimal import Decimal
from plumbline.engine.fact.types.integer import Integer
from plumbline.engine.fact.types.kind import Declared, Kind
from plumbline.engine.fact.types.moment import Moment
from plumbline.engine.fact.types.money import Money
from plumbline.engine.fact.types.person_birth import PersonBirth
from plumbline.engine.fact.types.text import FreeText

__all__ = [
    "DATED",
    "TYPES",
    "Country",
    "Declared",
    "Field",
    "Plain",
    "SemanticType",
    "UnreadableCellError",
    "Value",
    "country_pack",
    "make",
]

#: Every type, by the name it has in a declaration.
TYPES: dict[str, type[Kind]] = {
    kind.name: kind
    for kind in (
        FreeText,
        Integer,
        Decimal,
        Category,
        Boolean,
        Date,
        Moment,
        Money,
        PersonId,
        PersonName,
        PersonBirth,
        PersonSex,
        OrgCode,
        OrgName,
        Region,
        Address,
        Plate,
        Phone,
        Account,
        Invoice,
    )
}

#: Types that hold an interval of time, from `__from` to `__to`.
DATED = frozenset({"date", "moment", "person.birth"})


def make(column: Declared, country: Country) -> SemanticType:
    """The type of a declared column, with its options."""
    return TYPES[column.type](column, country)
