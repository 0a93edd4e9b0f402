"""What is declared: the datasets and the supervision models."""

from __future__ import annotations

import click

from plumbline.cli.office import Office, pass_office
from plumbline.cli.words import STATUSES
from plumbline.errors import Text


@click.command()
@pass_office
def datasets(office: Office) -> None:
    """列出数据集 · List the datasets."""
    snapshots = office.workspace.snapshots()
    rows = []
    for name, dataset in office.workspace.datasets.items():
        held = snapshots.get(name)
        rows.append(
            (
                name,
                dataset.declared.title.text.in_(office.lang),
                dataset.declared.department.text.in_(office.lang),
                str(held.as_of) if held else "—",
                str(len(held.batches)) if held else "0",
            )
        )
    office.table(
        [
            Text("数据集", "dataset"), Text("名称", "title"), Text("部门", "department"),
            Text("最新截止日", "newest as-of"), Text("批次", "batches"),
        ],
        rows,
        right=(4,),
    )  # fmt: skip


@click.command()
@pass_office
def models(office: Office) -> None:
    """列出监督模型 · List the supervision models."""
    office.table(
        [
            Text("模型", "model"), Text("状态", "status"), Text("版本", "version"),
            Text("有效期至", "expires on"), Text("名称", "title"),
        ],
        [
            (
                name,
                STATUSES[model.declared.status].in_(office.lang),
                str(model.declared.version),
                model.declared.expires_on or "—",
                model.declared.title.text.in_(office.lang),
            )
            for name, model in office.workspace.models.items()
        ],
        right=(2,),
    )  # fmt: skip
