"""The index of the packaged catalog: every model and every dataset."""

from __future__ import annotations

from collections.abc import Iterator

from plumbline.engine.catalog import packaged_catalog
from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.types import country_pack
from plumbline.engine.line.cases import Cases, with_invented
from plumbline.engine.line.model import SupervisionModel
from scripts.reference.tables import code, table

_LEVELS = ("red", "yellow", "blue")


def _datasets() -> dict[str, Dataset]:
    country = with_invented(country_pack())
    paths = sorted(packaged_catalog().glob("datasets/*/*.yml"))
    return {path.stem: Dataset(path, country) for path in paths}


def _models() -> Iterator[SupervisionModel]:
    datasets = _datasets()
    for path in sorted(packaged_catalog().glob("models/*/*/model.yml")):
        yield SupervisionModel(path.parent, datasets)


def models() -> str:
    """All models in one table."""
    rows = []
    for model in _models():
        said = model.declared
        levels = ", ".join(level for level in _LEVELS if level in said.grade)
        rows.append(
            (
                said.theme, f"[`{model.name}`](#{model.name})", said.title.zh, said.title.en,
                said.status, levels, said.shape, str(len(Cases(model))),
            )
        )  # fmt: skip
    heads = ("theme", "model", "名称", "title", "status", "levels", "shape", "cases")
    return table(heads, rows)


def each_model() -> str:
    """A section for each model."""
    return "\n\n".join(map(_model, _models()))


def _model(model: SupervisionModel) -> str:
    said, cases = model.declared, list(Cases(model))
    facts = ", ".join(
        f"`{alias}` ([{dataset.name}](#{dataset.name}))" for alias, dataset in model.facts.items()
    )
    left = "; ".join(f"{item.name} ({item.why.zh})" for item in said.leave_out) or "—"
    cannot = "; ".join(item.name for item in said.cannot_tell_when) or "—"
    traps = "；".join(case.case for case in cases if case.kind == "trap") or "—"
    grades = "; ".join(f"{level}: {code(when)}" for level, when in said.grade.items())
    rows = [
        ("question", f"{said.question.zh} {said.question.en}"),
        ("line 准绳", f"{said.line.says.zh} {said.line.says.en}"),
        ("basis 依据", "; ".join(_basis(model))),
        ("facts 事实", facts),
        ("one warning per", ", ".join(map(code, said.one_warning_per))),
        ("level 级别", grades),
        ("left out 例外", left),
        ("cannot tell when", cannot),
        ("cases 用例", f"{len(cases)}, of them {sum(c.kind == 'trap' for c in cases)} traps"),
        ("traps 陷阱", traps),
        ("expected flag rate", f"{said.expect.flag_rate} of `{said.expect.per}`"),
        ("expires", said.expires_on or "—"),
    ]
    folder = model.folder.relative_to(packaged_catalog()).as_posix()
    links = " · ".join(
        f"[{file}](../../catalog/{folder}/{file})" for file in ("model.yml", "cases.yml")
    )
    return f"### {model.name}\n\n**{said.title.zh}** · {said.title.en} · {links}\n\n" + table(
        ("", ""), rows
    )


def _basis(model: SupervisionModel) -> Iterator[str]:
    for basis in model.declared.line.basis:
        since, until = basis.starts or "", basis.ends or ""
        period = f" ({since}..{until})" if since or until else ""
        yield f"《{basis.law}》{basis.clause}{period}"


def datasets() -> str:
    """A section for each dataset."""
    found = _datasets()
    used: dict[str, list[str]] = {name: [] for name in found}
    for model in _models():
        for dataset in dict.fromkeys(d.name for d in model.facts.values()):
            used[dataset].append(model.name)
    order = sorted(found, key=lambda name: (found[name].document.path.parent.name, name))
    return "\n\n".join(_dataset(found[name], used[name]) for name in order)


def _dataset(dataset: Dataset, models: list[str]) -> str:
    said = dataset.declared
    delivery = "full list" if said.delivery.kind == "full" else "changes"
    if said.delivery.per:
        delivery += f", complete per {code(said.delivery.per)}"
    every = "once" if said.delivery.every == "once" else f"every {said.delivery.every}"
    columns = ", ".join(f"{code(name)} {column.type}" for name, column in said.columns.items())
    sealed = "; ".join(f"{r.column} = {' / '.join(r.values)}: {r.why.zh}" for r in said.refuse)
    rows = [
        ("theme 主题", dataset.document.path.parent.name),
        ("department 报送部门", f"{said.department.zh} {said.department.en}"),
        ("purpose 用途", f"{said.purpose.zh} {said.purpose.en}"),
        ("delivery 交付", f"{delivery}, {every}"),
        ("key 主键", ", ".join(map(code, said.key)) or "none: a row is known by its place"),
        ("columns", columns),
        *([("sealed 封存", sealed)] if sealed else []),
        ("used by", ", ".join(f"[{name}](#{name})" for name in models) or "no packaged model"),
    ]
    path = dataset.document.path.relative_to(packaged_catalog()).as_posix()
    link = f"[{dataset.name}.yml](../../catalog/{path})"
    return f"### {dataset.name}\n\n**{said.title.zh}** · {said.title.en} · {link}\n\n" + table(
        ("", ""), rows
    )
