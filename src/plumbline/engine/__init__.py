"""Facts x line -> collisions. This is the one door; everything below it is private.

    from datetime import datetime
    from plumbline.engine import Workspace

    city = Workspace("demo-city")
    city.load(at=datetime.now())
    run = city.collide(at=datetime.now())
    for warning in city.warnings(level="red"):
        print(warning.key, city.sentence(warning, "zh"))

What the command `plumbline` does is done with these names.
"""

from __future__ import annotations

from plumbline.engine.backend import Engine
from plumbline.engine.catalog import packaged_catalog
from plumbline.engine.check import Checked
from plumbline.engine.collision.backtest import Backtest, Flagged, JudgedMonth, Month
from plumbline.engine.collision.beside import Agreement, Said, Side, beside, said_by
from plumbline.engine.collision.decided import SubjectException
from plumbline.engine.collision.draw import Drawn
from plumbline.engine.collision.entities import Manner
from plumbline.engine.collision.evidence import FactRow, Source
from plumbline.engine.collision.explain import Condition, Explanation, Judged
from plumbline.engine.collision.gather import Tally
from plumbline.engine.collision.increment import Way
from plumbline.engine.collision.monthly import MonthCount
from plumbline.engine.collision.proof import Proof
from plumbline.engine.collision.purge import DueBatch
from plumbline.engine.collision.reproduce import Difference, Reproduction
from plumbline.engine.collision.rests import Tie
from plumbline.engine.collision.run import ModelResult, Run
from plumbline.engine.collision.tell import NOT_A_VERDICT
from plumbline.engine.collision.trial import Outcome
from plumbline.engine.collision.warning import EarlyWarning, Evidence
from plumbline.engine.fact.batch import Batch
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.formula import is_formula
from plumbline.engine.fact.load import AlreadyLoaded, Refused, Stray
from plumbline.engine.fact.profile import Guess, Profile, profile, with_bearers
from plumbline.engine.fact.purged import Purge
from plumbline.engine.fact.quarantine import Quarantined
from plumbline.engine.fact.types import TYPES as SEMANTIC_TYPES
from plumbline.engine.line.model import SupervisionModel
from plumbline.engine.linkage.appearance import Appearance
from plumbline.engine.linkage.identity import Change
from plumbline.engine.linkage.judgement import Judgement
from plumbline.engine.linkage.linking import Linked
from plumbline.engine.linkage.pair import Pair
from plumbline.engine.linkage.ticket import Ticket
from plumbline.engine.linkage.who import Candidate, RowName, Standing
from plumbline.engine.linkage.words import (
    NOT_CERTAIN,
    TIERS,
    bearer_in_words,
    change_in_words,
    judgement_in_words,
    somebody,
    tie_in_words,
    verdict_in_words,
    why_in_words,
)
from plumbline.engine.workspace import (
    Consequences,
    Drafted,
    Register,
    Workspace,
    write_model_skeleton,
)

__all__ = [
    "NOT_A_VERDICT",
    "NOT_CERTAIN",
    "SEMANTIC_TYPES",
    "TIERS",
    "Agreement",
    "AlreadyLoaded",
    "Appearance",
    "Backtest",
    "Batch",
    "Candidate",
    "Change",
    "Checked",
    "Condition",
    "Consequences",
    "Dataset",
    "Difference",
    "Drafted",
    "Drawn",
    "DueBatch",
    "EarlyWarning",
    "Engine",
    "Evidence",
    "Explanation",
    "FactRow",
    "Flagged",
    "Guess",
    "Judged",
    "JudgedMonth",
    "Judgement",
    "Linked",
    "Manner",
    "ModelResult",
    "Month",
    "MonthCount",
    "Outcome",
    "Pair",
    "Profile",
    "Proof",
    "Purge",
    "Quarantined",
    "Refused",
    "Register",
    "Reproduction",
    "RowName",
    "Run",
    "Said",
    "Side",
    "Source",
    "Standing",
    "Stray",
    "SubjectException",
    "SupervisionModel",
    "Tally",
    "Ticket",
    "Tie",
    "Way",
    "Workspace",
    "bearer_in_words",
    "beside",
    "change_in_words",
    "is_formula",
    "judgement_in_words",
    "packaged_catalog",
    "profile",
    "said_by",
    "somebody",
    "tie_in_words",
    "verdict_in_words",
    "why_in_words",
    "with_bearers",
    "write_model_skeleton",
]
