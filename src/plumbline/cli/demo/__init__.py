"""A fictional city of twelve counties and twenty departments, to see the whole job done.

Life happens first, drawn at once for everybody: births, deaths, offences, posts, payments. What
is true follows from these events by rules written here, without reading a supervision model.
Only then do departments write the events down, in their own ways, and with their own mistakes.
"""

from __future__ import annotations

from plumbline.cli.demo.build import CityReport, build_city
from plumbline.cli.demo.truth import Score, WhoIsWho, score

__all__ = ["CityReport", "Score", "WhoIsWho", "build_city", "score"]
