"""What a masked or an old number of an organisation says about a credit code.

Characters 9 to 17 of a credit code (GB 32100-2015) are the organisation code (GB 11714-1997) that the
organisation had before. The old tax number was a region's six digits and that code. The registration
number of 15 digits (GS15-2006) shares nothing with the credit code but the registry's region, so it says
nothing here.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from plumbline.engine.fact.types.cn.org_code import org9_valid, regno15_valid

_HIDDEN = re.compile("[*×●□?]+")
_NOISE = re.compile(r"[\s-]+")
_REGION_ENDS = 8  # what comes before is shared by all organisations of a county
_TELLING = 4


class Seen(NamedTuple):
    """What can be seen of a credit code.

    Attributes:
        prefix, suffix: the first and the last characters, "" where hidden. How many are hidden is not
            relied on.
        organisation: the organisation code inside, "" where unknown.
        telling: whether agreement means something; that of a region does not.
        certain: whether disagreement means something.
    """

    prefix: str = ""
    suffix: str = ""
    organisation: str = ""
    telling: bool = False
    certain: bool = False


def seen(number: str) -> Seen:
    """What `number` shows; nothing where it is no credit code, organisation code or old tax number."""
    number = _NOISE.sub("", number).upper()
    if _HIDDEN.search(number):
        if len(number) in (9, 15):
            return Seen()  # perhaps an old number, whose ends lie elsewhere
        prefix, suffix = _HIDDEN.split(number)[0], _HIDDEN.split(number)[-1]
        shown = max(len(prefix) - _REGION_ENDS, 0) + len(suffix)
        return Seen(prefix, suffix, telling=shown >= _TELLING, certain=True)
    if len(number) == 18:
        return Seen(number, "", telling=True, certain=False)  # damaged, else it would be a key
    if len(number) == 9 and org9_valid(number):
        return Seen(organisation=number, telling=True, certain=True)
    if len(number) == 15 and org9_valid(number[6:]):
        return Seen(organisation=number[6:], telling=True, certain=not regno15_valid(number))
    return Seen()


def agrees(code: str) -> str:
    """SQL: whether `code` fits what is seen; null where that says nothing."""
    return f"""CASE
        WHEN prefix = '' AND suffix = '' AND organisation = '' THEN NULL
        WHEN starts_with({code}, prefix) AND ends_with({code}, suffix)
            AND (organisation = '' OR organisation = substr({code}, 9, 9))
        THEN CASE WHEN telling THEN TRUE END
        WHEN certain THEN FALSE END"""
