"""On PostgreSQL the database itself shows a warning, and what is written about it, to nobody else.

A warning is seen by the bodies that supervise its unit, by those that its disposal was given to, alone or
jointly, and by those above them; never by whoever its evidence is about. Everything below belongs to a warning
and is seen with it; a lead also by the bodies that keep it and carry it out. `disposal_disposal` itself has
no wall, since the warnings' own looks into it: it holds states and days, and nobody's name.
"""

from __future__ import annotations

from django.db import migrations

from plumbline.org.walls import Wall, about_nobody_barred, by_body, by_unit, through, walled

# The names in it are this file's own.
_GIVEN_TO = f"""EXISTS (
    SELECT 1 FROM disposal_disposal
    LEFT JOIN disposal_disposal_joint ON disposal_disposal_joint.disposal_id = disposal_disposal.id
    WHERE disposal_disposal.warning_id = {{table}}.id
      AND ({by_body("body_id", "disposal_disposal")}
           OR {by_body("supervisionbody_id", "disposal_disposal_joint")})
)"""  # noqa: S608
_OF_A_DISPOSAL = """EXISTS (
    SELECT 1 FROM disposal_disposal
    JOIN warning_earlywarning ON warning_earlywarning.id = disposal_disposal.warning_id
    WHERE disposal_disposal.id = {table}.disposal_id
)"""


class Migration(migrations.Migration):
    dependencies = [("disposal", "0003_postings"), ("org", "0003_rate_limits")]
    operations = [
        walled(
            Wall("warning_party", "true"),  # read by the wall of the warnings, for every user
            Wall(
                "warning_earlywarning",
                f"({by_unit('unit_id')} OR {_GIVEN_TO}) AND {about_nobody_barred('warning_party', 'warning_id')}",
            ),
            *(
                Wall(f"warning_{what}", through("warning_id", "warning_earlywarning"))
                for what in ("happening", "namedparty", "unmasking")
            ),
            *(
                Wall(f"disposal_{what}", _OF_A_DISPOSAL)
                for what in ("step", "note", "outcome", "review", "clarification")
            ),
            Wall("disposal_consequence", through("outcome_id", "disposal_outcome")),
            Wall(
                "disposal_lead",
                f"{by_body('body_id')} OR {by_body('assigned_to_id')} OR {_OF_A_DISPOSAL}",
            ),
        )
    ]
