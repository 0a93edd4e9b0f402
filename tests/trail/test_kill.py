"""Killed at any moment, the trail has lost nothing and has nothing twice."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

pytestmark = pytest.mark.soak

#: Appends, seals and sends outside, in small steps and without an end.
WORK = """
import os, itertools
from datetime import UTC, datetime
import django
django.setup()
from django.db import transaction
from plumbline.trail.actions import record
from plumbline.trail.anchor import anchor
from plumbline.trail.sealing import seal
AT = datetime(2026, 3, 18, tzinfo=UTC)
for number in itertools.count():
    with transaction.atomic():
        for part in range(7):
            record("warning.signed_for", subject=f"warning:{os.getpid()}.{number}", by=None, at=AT, part=part)
    if number % 3 == 0:
        seal(at=AT, batch=5)
        for place in anchor(at=AT):
            assert place.fault is None, place.fault
        print("at work", flush=True)
"""

CHECK = """
import django
django.setup()
from collections import Counter
from django.conf import settings
from pathlib import Path
from plumbline.trail.models import Entry
from plumbline.trail.outside import outside
from plumbline.trail.verifying import verify
report = verify([outside(Path(settings.TRAIL_ANCHORS[0]))])
assert report.faults == [], report.faults
assert report.sealed + report.unsealed == Entry.objects.count(), report
whole = Counter(Entry.objects.values_list("subject", flat=True))
assert set(whole.values()) == {7}, whole
print(report.sealed)
"""


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    (tmp_path / "plumbline.toml").write_text('[workspace]\nname = "小样"\n')
    variables = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "plumbline.web.settings",
        "PLUMBLINE_WORKSPACE": str(tmp_path),
    }
    variables.pop("PLUMBLINE_DATABASE", None)  # SQLite, in the folder
    subprocess.run(
        [sys.executable, "-m", "django", "migrate", "trail", "--verbosity", "0"],
        env=variables, check=True,
    )  # fmt: skip
    return variables


def test_killed_while_it_appends_seals_and_sends(environment: dict[str, str]) -> None:
    chance = random.Random(7)  # noqa: S311 -- moments, not secrets
    sealed = 0
    for _ in range(12):
        with subprocess.Popen(
            [sys.executable, "-c", WORK], env=environment, stdout=subprocess.PIPE, text=True
        ) as work:
            assert work.stdout is not None
            assert work.stdout.readline() == "at work\n"
            time.sleep(chance.uniform(0, 1))
            assert work.poll() is None
            work.kill()
        done = subprocess.run(
            [sys.executable, "-c", CHECK],
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert int(done.stdout) >= sealed
        sealed = int(done.stdout)
    assert sealed > 0
