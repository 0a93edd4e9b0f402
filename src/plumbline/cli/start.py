"""The first steps: an empty workspace, and a declaration proposed from a file."""

from __future__ import annotations

from pathlib import Path

import click

from plumbline.cli.office import Office, pass_office
from plumbline.errors import PlumblineError, Text


@click.command()
@click.argument("directory", required=False, type=click.Path(file_okay=False, path_type=Path))
@pass_office
def init(office: Office, directory: Path | None) -> None:
    """建立工作区 · Make a workspace.

    DIRECTORY 默认是 --workspace 所指的目录；已有的工作区原样不动。

    DIRECTORY defaults to --workspace; one that stands there stays as it is.
    """
    from plumbline.engine import Workspace

    office.folder = directory or office.folder
    existed = office.has_workspace
    made = Workspace.create(office.folder)
    if existed:
        office.say(
            f"已有工作区：{made.directory}", f"this is a workspace already: {made.directory}"
        )
        return
    office.say(f"已建立工作区：{made.directory}", f"made a workspace: {made.directory}", "green")
    office.line(
        "inbox/    ",
        office.words("各数据集一个文件夹，放报送的文件", "a folder of deliveries for each dataset"),
        indent=2,
    )
    office.line(
        "catalog/  ",
        office.words("本单位自己的数据集和模型", "your own datasets and models"),
        indent=2,
    )
    office.line(
        "store/    ",
        office.words(
            "已接收的数据和预警，不要手工改动",
            "what was taken in and found; leave it to the program",
        ),
        indent=2,
    )


@click.command()
@click.argument(
    "files",
    nargs=-1,
    required=True,
    metavar="FILE...",
    type=click.Path(dir_okay=False, exists=True, path_type=Path),
)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写入文件，文件名即数据集名 · write to this file; its stem names the dataset",
)
@pass_office
def profile(office: Office, files: tuple[Path, ...], out: Path | None) -> None:
    """由文件草拟数据集声明 · Propose a dataset's declaration from a file.

    每一处都注明把握有多大。请逐项核对，再存入工作区的 catalog/datasets/。

    Every part says how sure it is. Check it, then keep it under catalog/datasets/.
    """
    from plumbline.engine import profile as profiled

    if out and len(files) > 1:
        raise PlumblineError(Text("--out 一次只写一个文件的声明", "--out takes one FILE at a time"))
    if out and out.exists():
        raise PlumblineError(
            Text("已有这个文件，未改动", "this file exists and was left alone"), where=str(out)
        )
    country = office.workspace.country if office.has_workspace else None
    for path in files:
        proposed = profiled(path, country, name=out.stem if out else None)
        text = proposed.to_yaml(office.lang)
        if out is None:
            click.echo(text)
            continue
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(text, encoding="utf-8")
        office.say(f"已写入 {out}；请逐项核对", f"wrote {out}; check every part", "green")
        for guess in proposed.columns:
            office.line(
                f"{guess.name:<20}{guess.type:<12}",
                (f"{guess.sure:>4.0%}  ", "green" if guess.sure >= _SURE else "yellow"),
                guess.header,
                indent=2,
            )
    office.remark(
        "这是草稿：把握不大的地方和“请填写”的地方要由人定",
        "this is a draft: what is unsure or to be filled in is for a person to decide",
    )


_SURE = 0.9
