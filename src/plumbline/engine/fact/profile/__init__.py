"""Proposes a dataset's declaration from a file, and says how sure it is of every part.

Nothing here is decided: the YAML is a draft for a person, and its comments say what was seen.
"""

from __future__ import annotations

from plumbline.engine.fact.profile.draft import Profile
from plumbline.engine.fact.profile.guess import Guess, with_bearers
from plumbline.engine.fact.profile.propose import profile

__all__ = ["Guess", "Profile", "profile", "with_bearers"]
