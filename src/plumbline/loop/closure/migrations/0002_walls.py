"""On PostgreSQL the walls stand around what follows a warning as well.

It belongs to a body, and some of it to the unit that it was sent to. What rests on a disposal tells that disposal who
has a part in it, and is itself seen by those alone who see the disposal's row: neither by whom the disposal is about
nor by their kin. A problem is seen by the bodies with a finding behind it; which findings these are is written by the
worker, who proposes problems, and by nobody else.
"""

# ruff: noqa: S608 -- every word of these statements is this file's own

from __future__ import annotations

from django.db import migrations

from plumbline.org.walls import Telling, Wall, by_answering, by_bodies, by_body, through, walled

_RESTING = (
    "({table}.disposal_id IS NULL"
    " OR EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {table}.disposal_id))"
)
_SENT = f"({by_answering('unit_id')} AND {{table}}.sent_at IS NOT NULL)"
_RESTS = "NEW.disposal_id IS NOT NULL"
_FOUND = (
    "EXISTS (SELECT 1 FROM closure_governanceproblem_disposals f JOIN disposal_disposal d ON d.id = f.disposal_id"
    f" WHERE f.governanceproblem_id = {{table}}.id AND ({by_body('body_id', 'd')} OR {by_bodies('joint_bodies', 'd')}))"
)
_FOLLOWED = (
    "EXISTS (SELECT 1 FROM closure_recommendation r WHERE r.id = {table}.recommendation_id"
    f" AND {by_body('body_id', 'r')})"
)
_OF_ONE = " OR ".join(
    through(f"{what}_id", f"closure_{table}")
    for what, table in (
        ("item", "campaignitem"),
        ("recommendation", "recommendation"),
        ("rectification", "rectification"),
        ("mechanism", "mechanism"),
    )
)


class Migration(migrations.Migration):
    dependencies = [("closure", "0001_initial"), ("disposal", "0006_more_walls")]
    operations = [
        walled(
            Telling(
                "closure_recommendation",
                "disposal_tell(NEW.disposal_id, ARRAY[NEW.body_id],"
                " ARRAY[CASE WHEN NEW.sent_at IS NOT NULL THEN NEW.unit_id END])",
                when=_RESTS,
            ),
            Telling(
                "closure_rectification",
                "disposal_tell(NEW.disposal_id, ARRAY[NEW.body_id], ARRAY[NEW.unit_id])",
                when=_RESTS,
            ),
            Telling(
                "closure_mechanism",
                "disposal_tell(NEW.disposal_id, ARRAY[NEW.body_id], '{}')",
                when=_RESTS,
            ),
            # Pointers alone, which the wall of the problems reads.
            Wall("closure_governanceproblem_disposals", "true", writes="false"),
            Wall("closure_governanceproblem", _FOUND),
            Wall("closure_campaign", f"{by_body('body_id')} OR {by_answering('owner_id')}"),
            Wall("closure_campaignitem", through("campaign_id", "closure_campaign")),
            Wall("closure_recommendation", f"({by_body('body_id')} OR {_SENT}) AND {_RESTING}"),
            Wall("closure_lettercounter", by_body("body_id")),
            Wall("closure_followup", _FOLLOWED),
            Wall(
                "closure_rectification",
                f"({by_body('body_id')} OR {by_answering('unit_id')}) AND {_RESTING}",
            ),
            Wall(
                "closure_rectificationreport", through("rectification_id", "closure_rectification")
            ),
            Wall("closure_mechanism", f"{by_body('body_id')} AND {_RESTING}"),
            Wall("closure_mechanism_units", through("mechanism_id", "closure_mechanism")),
            *(
                Wall(f"closure_{what}", through("mechanism_id", "closure_mechanism"))
                for what in ("writtenmodel", "measurement")
            ),
            Wall("closure_month", through("measurement_id", "closure_measurement")),
            Wall("closure_attachment", _OF_ONE),
        ),
    ]
