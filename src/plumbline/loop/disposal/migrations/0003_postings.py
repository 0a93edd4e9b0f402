"""Postings are only added: whoever writes to the database, a mistake is countered and never edited."""

from __future__ import annotations

from django.db import migrations

from plumbline.trail.guards import only_added


class Migration(migrations.Migration):
    dependencies = [("disposal", "0002_four_eyes")]
    operations = [only_added("disposal_posting", keys=[["key"], ["reverses_id"]])]
