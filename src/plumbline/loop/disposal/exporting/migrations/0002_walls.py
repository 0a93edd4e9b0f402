"""Whose exports a statement sees: one's own, and those of lists of which one sees a disposal.

Lines are pointers alone and are read by everybody: whether a list holds anything that is not theirs to review
is asked of all its lines, and one that was hidden would let it go.
"""

from __future__ import annotations

from django.db import migrations

from plumbline.org.walls import Wall, by_user, walled

_OF_LINES = (
    "EXISTS (SELECT 1 FROM export_line l JOIN disposal_disposal d ON d.id = l.disposal_id"
    " WHERE l.export_id = {table}.id)"
)


class Migration(migrations.Migration):
    dependencies = [("export", "0001_initial"), ("disposal", "0006_more_walls")]
    operations = [
        walled(
            Wall("export_export", f"{by_user('asked_by_id')} OR {_OF_LINES}"),
            Wall(
                "export_line",
                "true",
                writes="EXISTS (SELECT 1 FROM disposal_disposal d WHERE d.id = {table}.disposal_id)",
            ),
        )
    ]
