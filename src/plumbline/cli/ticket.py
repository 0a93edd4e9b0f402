"""Data-error tickets (tier B): one number, names that cannot be one person's, for those who delivered them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from plumbline.cli.office import Cell, Office, pass_office
from plumbline.cli.warning import one_form, unmask_option
from plumbline.errors import PlumblineError, Text

if TYPE_CHECKING:
    from plumbline.engine import FactRow, RowName, Ticket

_ON_A_SCREEN = 20


@click.command()
@click.option("--dataset", help="只看这个数据集 · only this dataset")
@click.option("--department", metavar="部门", help="只看这个部门的 · only this department's")
@click.option(
    "--limit", type=click.IntRange(min=0), help="最多几条，0 为全部 · at most so many, 0 for all"
)
@click.option("--json", "as_json", is_flag=True, help="每行一条 JSON · a line of JSON for each")
@click.option(
    "--xlsx",
    type=click.Path(dir_okay=False, path_type=Path),
    help="写入交报送部门的工作簿 · write a workbook for the departments",
)
@unmask_option
@pass_office
def tickets(  # noqa: PLR0913 -- a list can be narrowed and handed on in that many ways
    office: Office,
    *,
    dataset: str | None,
    department: str | None,
    limit: int | None,
    as_json: bool,
    xlsx: Path | None,
    unmask: str | None,
) -> None:
    """列出同号不同名的行，请报送部门核对 · Rows whose number bears other names elsewhere.

    号码或姓名必有一处写错；不指向任何人，也不产生预警。同一数据集里号码、姓名都相同的行合为一条，
    列出第一行和行数。工作簿里是未脱敏的原值，按部门分表，只应交给报送部门；导出会记入 access.log。

    The number or the name is wrong somewhere; nobody is accused, and no warning is raised. Rows of
    one dataset with the same number and name are one entry: the first row and how many there are. The
    workbook has a sheet for each department and is not masked: it is for them alone, and is
    noted in access.log.
    """
    one_form(as_json=as_json, xlsx=xlsx)
    what = " ".join(filter(None, ("tickets", dataset, department)))
    if xlsx:
        office.unmask("交报送部门核对", f"{what} --xlsx")
    else:
        office.unmask(unmask, what)
    with office.busy("比对姓名", "comparing names"):
        found = Tickets(office, dataset, department)
    if as_json:
        for each in found.as_json():
            click.echo(json.dumps(each, ensure_ascii=False))
    elif xlsx:
        from plumbline.cli.ticket_book import write_tickets

        write_tickets(office, xlsx, found)
        office.say(
            f"已写出 {xlsx}：{len(found.listed)} 条，涉及 {found.rows_of_all} 行",
            f"wrote {xlsx}: {len(found.listed)} entries about {found.rows_of_all} rows",
            "green",
        )
    else:
        _tell(office, found, limit)


class Tickets:
    """Tickets with the rows they are about."""

    def __init__(self, office: Office, dataset: str | None, department: str | None) -> None:
        from plumbline.engine import RowName

        self.office = office
        only = (dataset,) if dataset else ()
        found = office.workspace.tickets(only)
        if department:
            self._departments_like(department)
            found = [t for t in found if department in self.department(t.dataset)]
        names = {RowName(t.dataset, t.row, t.slot): t for t in found}
        self.rows: dict[RowName, FactRow] = office.workspace.rows(names)
        self.listed: list[tuple[RowName, Ticket]] = [
            (name, ticket) for name, ticket in names.items() if name in self.rows
        ]
        self.rows_of_all = sum(ticket.rows for _, ticket in self.listed)

    def _departments_like(self, department: str) -> None:
        known = {self.department(name) for name in self.office.workspace.datasets}
        if not any(department in each for each in known):
            raise PlumblineError(
                Text(f"没有部门“{department}”", f"no department '{department}'"),
                hint=Text(
                    f"有：{'、'.join(sorted(known))}", f"there are: {', '.join(sorted(known))}"
                ),
            )

    def department(self, dataset: str) -> str:
        return self.office.workspace.dataset(dataset).declared.department.text.in_(self.office.lang)

    def number(self, name: RowName) -> str:
        return self.rows[name].show(name.column, self.office.lang, masked=self.office.masked)

    def own(self, name: RowName) -> str:
        """The names of the row, as delivered."""
        row = self.rows[name]
        shown = [
            row.show(column, self.office.lang, masked=self.office.masked)
            for column in row.dataset.names_of(name.column)
            if row.values[column][0] is not None
        ]
        return " / ".join(shown)

    def others(self, name: RowName, ticket: Ticket) -> list[tuple[str, tuple[str, ...]]]:
        """Names under the same number elsewhere, each with the datasets that say it."""
        from plumbline.cli.standing import masked_name

        row = self.rows[name]
        return [
            (masked_name(self.office, row, name.column, other), by)
            for other, by in ticket.others.items()
        ]

    def elsewhere(self, name: RowName, ticket: Ticket) -> str:
        """The same in words."""
        titles = {
            n: self.office.workspace.dataset(n).declared.title.text.in_(self.office.lang)
            for by in ticket.others.values() for n in by
        }  # fmt: skip
        said = []
        for other, by in self.others(name, ticket):
            where = self.office.words("、", ", ").join(titles[n] for n in by)
            said.append(
                self.office.words(
                    f"{other}（{len(by)} 个数据集：{where}）", f"{other} (in {len(by)}: {where})"
                )
            )
        return self.office.words("；", "; ").join(said)

    def as_json(self) -> Iterator[dict[str, Any]]:
        for name, ticket in self.listed:
            source = self.rows[name].source
            yield {
                "row": str(name),
                "dataset": name.dataset,
                "department": self.department(name.dataset),
                "file": source.file,
                "sheet": source.sheet,
                "line": source.line,
                "rows": ticket.rows,
                "number": self.number(name),
                "name": self.own(name),
                "elsewhere": [
                    {"name": other, "datasets": list(by)}
                    for other, by in self.others(name, ticket)
                ],
                "masked": self.office.masked,
            }  # fmt: skip


def _tell(office: Office, found: Tickets, limit: int | None) -> None:
    if not found.listed:
        office.say("没有同号不同名的行", "no row's number bears another name elsewhere")
        return
    if limit is None:
        limit = _ON_A_SCREEN if office.out.is_terminal else 0
    shown = found.listed[:limit] if limit else found.listed
    rows: list[list[Cell]] = []
    for name, ticket in shown:
        source = found.rows[name].source
        place = f"{source.file} [{source.sheet}]" if source.sheet else source.file
        rows.append([
            (str(name), "cyan"), found.department(name.dataset), place, str(source.line), str(ticket.rows),
            found.number(name), found.own(name), found.elsewhere(name, ticket),
        ])  # fmt: skip
    office.table(
        [
            Text("行", "row"), Text("部门", "department"), Text("文件", "file"), Text("行号", "line"), Text("行数", "rows"),
            Text("号码", "number"), Text("此处姓名", "name here"), Text("别处姓名", "names elsewhere"),
        ],
        rows, right=(3, 4),
    )  # fmt: skip
    if len(shown) < len(found.listed):
        office.remark(
            f"显示 {len(shown)} 条，共 {len(found.listed)} 条；--limit 0 显示全部",
            f"{len(shown)} of {len(found.listed)}; --limit 0 shows all",
        )
