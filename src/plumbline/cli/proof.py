"""A warning to give away: a file that carries what its verdict rests on, and the program that checks it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.office import Office, pass_office
from plumbline.cli.workbench import is_there, with_database
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import EarlyWarning

#: How often another sealer, who has the lock, is waited for, a moment each time.
_TRIES = 50
_MOMENT = 0.2  # seconds

_PATH = click.Path(dir_okay=False, path_type=Path)


@click.command("export-proof")
@click.argument("key")
@click.option(
    "--out", type=_PATH, metavar="FILE", help="默认 proof-KEY.json · default proof-KEY.json"
)
@click.option(
    "--reason", required=True, help="为什么交出，记入留痕 · why it is given away; goes on the trail"
)
@click.option("--to", "recipient", default="", metavar="WHOM", help="交给谁 · who is to have it")
@click.option(
    "--verifier", type=_PATH, metavar="FILE",
    help="另存一份核验程序 · also write the program that checks it",
)  # fmt: skip
@pass_office
def export_proof(
    office: Office,
    *,
    key: str,
    out: Path | None,
    reason: str,
    recipient: str,
    verifier: Path | None,
) -> None:
    """写出一条预警的证明文件 · Write a warning as a proof that anyone can check.

    \b
    plumbline export-proof KEY --reason "移送法院" --to 某法院 --verifier verify_proof.py
    python3 verify_proof.py --key 公钥 proof-KEY.json

    文件里有所用的行（明文）、模型文本、设定、判定所用的查询和留痕的包含证明；核验程序只用 Python
    标准库，由文件里的行重新得出判定。公钥见 plumbline trail head。

    The file holds the rows that were used, in clear, the model's text, the settings, the queries
    that decided, and the trail's inclusion proof. The verifier needs Python's standard library
    alone, and works the verdict out again from the rows. plumbline trail head tells the key.
    """  # noqa: D301 -- click keeps the lines after a real backspace
    warning, register = office.workspace.find(key)
    if register != "warnings":
        raise PlumblineError(
            Text("这不是预警，不出证明", "this is no warning, and no proof is given of it"),
            where=warning.key,
            hint=Text("试运行、数据疑问和候选不告知外人", "trials, questions and candidates are told to nobody outside"),
        )  # fmt: skip
    path = out or Path(f"proof-{warning.key}.json")
    _must_be_new(path)
    if verifier:
        _must_be_new(verifier)
    office.unmask(reason, f"export-proof {warning.key}")
    proof = office.workspace.proof(warning)
    trail = _on_trail(
        office, warning, proof.digest, reason=reason.strip(), recipient=recipient.strip()
    )
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(file, "wb") as opened:
        opened.write(proof.written(trail))
    if verifier:
        from plumbline import verify_proof

        shutil.copyfile(verify_proof.__file__, verifier)
    _tell(office, path, proof.digest, trail)


def _must_be_new(path: Path) -> None:
    if path.exists():
        raise PlumblineError(
            Text("已有这个文件", "this file is there already"), where=str(path),
            hint=Text("用 --out、--verifier 写到别处", "write elsewhere with --out or --verifier"),
        )  # fmt: skip


def _tell(office: Office, path: Path, digest: str, trail: Mapping[str, Any] | None) -> None:
    office.say(f"已写出 {path}（仅本人可读）", f"wrote {path}, which you alone can read", "green")
    office.line(office.words(f"内容摘要 {digest}", f"digest of its content {digest}"))
    if trail:
        office.line(office.words(f"公钥 {trail['head']['key']}", f"key {trail['head']['key']}"))
    else:
        office.say(
            "这里没有工作台，文件里没有留痕的证明：连摘要一起改动就看不出来",
            "there is no workbench here, so the file has no proof of the trail: a change that "
            "mends the digests as well would go unseen",
            "yellow",
        )
    office.say(
        "文件里有个人信息的明文：只交给依法应得的人，用毕收回或销毁",
        "it holds personal data in clear: give it to whom the law names, and to nobody else",
        "yellow",
    )


def _on_trail(
    office: Office, warning: EarlyWarning, digest: str, *, reason: str, recipient: str
) -> dict[str, Any] | None:
    """Record the export and seal it, so that the proof can say under which head it stands."""
    if not is_there(office):
        return None
    with_database(office)
    from django.db import transaction

    from plumbline.loop.warning.models import EarlyWarning as Taken
    from plumbline.loop.warning.models import Party
    from plumbline.trail.actions import record
    from plumbline.trail.models import Leaf, Reading
    from plumbline.trail.proving import proof_of
    from plumbline.trail.sealing import seal
    from plumbline.verify_proof import ACTION

    number = Taken.objects.filter(key=warning.key).values_list("pk", flat=True).first()
    people = sorted(Party.objects.filter(warning=number).values_list("person", flat=True))
    with transaction.atomic():
        entry = record(
            ACTION, subject=f"warning:{number or warning.key}", by=None, at=office.now,
            reason=reason, sha256=digest, key=warning.key, model=warning.model,
            fingerprint=warning.fingerprint, account=office.user, recipient=recipient, whom=people,
        )  # fmt: skip
        # Whoever is handed the rows is shown them: it is among the readings of these people.
        Reading.objects.bulk_create(Reading(entry=entry, whom=person) for person in people)
    for _ in range(_TRIES):
        seal(at=office.now)
        if Leaf.objects.filter(entry_id=entry.pk).exists():
            return proof_of(entry.pk)
        time.sleep(_MOMENT)
    raise PlumblineError(
        Text(
            "留痕正由别的进程封存，没有等到",
            "another process is sealing the trail, and did not end",
        ),
        where=str(entry.pk),
        hint=Text("稍后再执行一次", "run it again in a moment"),
    )
