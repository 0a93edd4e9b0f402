"""Pictures of every page of a demo city, as its officers see them: `python -m tests.journeys.album CITY FOLDER`.

The city is copied and served as it is; nobody is asked for anything but to look.
"""

from __future__ import annotations

import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

import django
from playwright.sync_api import sync_playwright

from tests.journeys.desk import FLAGS, Desk
from tests.journeys.office import Office

#: Between them they can go everywhere.
OFFICERS = (
    "zhuren", "hecha1", "fenban", "changwei", "anguan", "chengqing", "moxing", "shenpi", "shuju", "tongji",
    "minzheng", "jingxin", "xitong", "anquan", "shenji",
)  # fmt: skip
#: Nothing of these is handed to people who look at pictures.
_LEFT_OUT = re.compile(r"/(logout|static|files)/|letter\.|#")


def _name(officer: str, path: str) -> str:
    words = re.findall(r"[a-z0-9]+", path.partition("?")[0].lower())
    return "-".join([officer, *(words or ["today"])])


def _password(city: Path) -> str:
    """What all officers of a demo sign in with; it stands in a module that wants Django set up."""
    os.environ["PLUMBLINE_WORKSPACE"] = str(city.absolute())
    os.environ["DJANGO_SETTINGS_MODULE"] = "plumbline.web.settings"
    django.setup()
    from plumbline.cli.demo.officers import PASSWORD  # noqa: PLC0415 -- only now may it be read

    return PASSWORD


def take_all(city: Path, into: Path) -> None:
    """All pages of the rail, and behind each list its first entry."""
    with tempfile.TemporaryDirectory() as apart, sync_playwright() as playwright:
        password = _password(city)
        folder = Path(apart) / "city"
        shutil.copytree(city, folder)
        office = Office(folder, "--no-work")
        chromium = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=list(FLAGS)
        )
        seen: set[str] = set()
        for officer in OFFICERS:
            at = Desk.at(chromium, office.address, officer, password)
            at.sign_in()
            for path in at.links("navigation"):
                if path in seen and path != "/":
                    continue
                seen.add(path)
                at.page.goto(office.address + path)
                first = at.page.locator("main tbody a[href]").first
                behind = first.get_attribute("href") if first.count() else None
                at.picture(_name(officer, path), into)
                kind = re.sub(r"\d+", "0", behind or "")
                if behind and not _LEFT_OUT.search(behind) and kind not in seen:
                    seen.add(kind)
                    at.page.goto(office.address + path)
                    at.page.goto(at.page.evaluate("to => new URL(to, location).href", behind))
                    at.picture(_name(officer, kind), into)
            at.page.context.close()
        chromium.close()
        office.close()


if __name__ == "__main__":
    take_all(Path(sys.argv[1]), Path(sys.argv[2]))
    sys.stdout.write(f"{sys.argv[2]}/index.html\n")
