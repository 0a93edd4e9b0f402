"""The few scripts that browsers load and that are not ours: fetched whole, hashed, kept with their licences.

    python -m scripts.vendor                         fetches again what vendor.lock.json says, and nothing else
    python -m scripts.vendor echarts@6.1.0           takes another version into the lock

Fetching needs npm and the network, and is done on purpose; whoever sets Plumbline up needs neither. The lock
says of every package its name, version, licence and the integrity of its archive (as npm states it), and of
every file its SHA-512 as it is served, so that a test can hash again. Of scripts, the line that names a
source map is taken out: the map is not shipped, and collecting the files would miss it.
"""

from __future__ import annotations

import base64
import hashlib
import json
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(__file__).parents[2] / "src" / "plumbline" / "web" / "static" / "vendor"
LOCK = FOLDER / "vendor.lock.json"
_MAP = re.compile(rb"^[ \t]*(//[#@]|/\*[#@]) ?sourceMappingURL=[^\n]*\n?", re.MULTILINE)


def sha512(content: bytes) -> str:
    """As npm writes it: `sha512-` and base64."""
    return "sha512-" + base64.b64encode(hashlib.sha512(content).digest()).decode()


def locked() -> dict[str, Any]:
    """Package -> {version, licence, integrity, files: {name here: {from, sha512}}}."""
    found: dict[str, Any] = json.loads(LOCK.read_text(encoding="utf-8"))
    return found


def as_served(content: bytes) -> bytes:
    """Without the line that names a source map."""
    return _MAP.sub(b"", content)


def fetch(name: str, wanted: dict[str, Any], *, anew: bool) -> dict[str, Any]:
    """Fetch one package and lay its files down; gives its entry of the lock.

    Args:
        anew: take whatever integrity the archive has; otherwise it must be the one that is locked.
    """
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(  # noqa: S603 -- our own names and versions
            ["npm", "pack", "--silent", f"{name}@{wanted['version']}"],  # noqa: S607
            cwd=folder, check=True, stdout=subprocess.DEVNULL,
        )  # fmt: skip
        (archive,) = Path(folder).glob("*.tgz")
        integrity = sha512(archive.read_bytes())
        if not anew and integrity != wanted["integrity"]:
            sys.exit(f"{name} {wanted['version']}: the archive is not the one that was locked")
        files = {}
        with tarfile.open(archive) as unpacked:
            about = json.load(unpacked.extractfile("package/package.json"))  # type: ignore[arg-type]
            for here, origin in _origins(wanted["files"]).items():
                member = unpacked.extractfile(f"package/{origin}")
                assert member is not None
                content = as_served(member.read())
                place = FOLDER / name / here
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
                files[here] = {"from": origin, "sha512": sha512(content)}
    return {"version": wanted["version"], "licence": about["license"], "integrity": integrity,
            "files": files}  # fmt: skip


def _origins(files: dict[str, Any]) -> dict[str, str]:
    return {here: each["from"] for here, each in files.items()}


def main(arguments: Sequence[str]) -> None:
    """Fetch what is locked, or take other versions into the lock."""
    lock = locked()
    chosen = dict(each.rpartition("@")[::2] for each in arguments)
    if unknown := [name for name in chosen if name not in lock]:
        sys.exit(f"not in {LOCK.name}: {', '.join(unknown)}; write its name and files there first")
    for name, entry in lock.items():
        anew = name in chosen or not entry.get("integrity")
        if not chosen or name in chosen:
            wanted = entry | {"version": chosen.get(name, entry["version"])}
            lock[name] = fetch(name, wanted, anew=anew)
    LOCK.write_text(json.dumps(lock, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
