"""Every page to which the navigation leads those who keep models, data, units and rights, and the first thing behind each list: open to everybody."""

from __future__ import annotations

import re

import pytest

from tests.journeys.desk import Desks

#: Whoever goes everywhere, in parts, so that they can be tried beside each other.
OFFICERS = {
    "those who keep models and data": ("author", "approver", "data", "figures"),
    "units and administrators": ("bureau", "contact", "sysadmin", "secadmin", "auditor"),
}


@pytest.mark.parametrize("officers", OFFICERS.values(), ids=OFFICERS)
def test_every_page_is_whole_in_both_languages_light_and_dark_wide_and_narrow(
    desk: Desks, officers: tuple[str, ...]
) -> None:
    seen: set[str] = set()
    for officer in officers:
        at = desk(officer)
        places = at.links("navigation")
        assert places, officer
        for place in ["/account/", *places]:
            if place in seen and place != "/":
                continue
            seen.add(place)
            at.go(place).look_otherwise()
            for behind in at.links("main"):
                kind = re.sub(r"\d+", "0", behind.partition("?")[0])
                if (
                    not behind.startswith("/")
                    or kind in seen
                    or re.search(r"/files?/|letter\.|/download", kind)
                ):
                    continue
                seen.add(kind)
                at.go(behind).look_otherwise()
                at.go(place)
