"""A new model to start from: it passes the linter and its cases, and flags nothing real yet."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.document import did_you_mean
from plumbline.errors import DeclarationError, Text

_MODEL = """\
# {name}: 写完后执行 plumbline check {name}。各项的写法见 docs/reference/model-language.md
model: {name}
title: {{zh: "（写明监督什么）", en: "(what is supervised)"}}
theme: {theme}
status: draft                       # draft -> trial -> live -> retired
version: 1
question: {{zh: "（一句话的问题）", en: "(the question in one sentence)"}}
line:
  says: {{zh: "（应当怎样）", en: "(what should hold)"}}
  basis: [{{law: "（法规名称）", clause: "（条款）", from: 2020}}]
supervises: {fact}.{supervised}
facts:
  {fact}: {{dataset: {dataset}}}
flag_when: >-
  after({fact}.{date}, as_of)
leave_out:
  - {{name: approved exception, when: "{fact}.{key} = 'APPROVED'", why: {{zh: "（例外的理由）", en: "(why it is lawful)"}}}}
one_warning_per: [{fact}.{key}]
grade: {{yellow: otherwise}}
say:
  zh: "{{{fact}.{key}}}的日期{{{fact}.{date}}}晚于核查日。"
  en: "{{{fact}.{key}}} is dated {{{fact}.{date}}}, later than the day of the run."
check: {{zh: ["（核查步骤）"], en: ["(steps to verify)"]}}
innocent: {{zh: ["（常见的正当解释）"], en: ["(usual innocent explanations)"]}}
send_to: {{by: {fact}.{supervised}}}
expect: {{flag_rate: "0%..5%", per: {fact}}}
"""

_CASES = """\
# 五类示例必须都有：flagged、boundary、left_out、missing_data、old_rule
cases:
  - case: 日期在核查日之后
    kind: flagged
    as_of: 2025-06-30
    given: {{{fact}: [{{{key}: "{one}", {date}: 2025-07-01}}]}}
    expect: {{verdict: flag, level: yellow}}
  - case: 恰在核查日当天
    kind: boundary
    as_of: 2025-06-30
    given: {{{fact}: [{{{key}: "{one}", {date}: 2025-06-30}}]}}
    expect: {{verdict: clear}}
  - case: 已批准的例外
    kind: left_out
    as_of: 2025-06-30
    given: {{{fact}: [{{{key}: APPROVED, {date}: 2025-07-01}}]}}
    expect: {{verdict: left_out, by: approved exception}}
  - case: 没有日期
    kind: missing_data
    as_of: 2025-06-30
    given: {{{fact}: [{{{key}: "{one}"}}]}}
    expect: {{verdict: cannot_tell}}
  - case: 规定施行之前
    kind: old_rule
    as_of: 2018-06-30
    given: {{{fact}: [{{{key}: "{one}", {date}: 2018-07-01}}]}}
    expect: {{verdict: clear}}
"""


def write_skeleton(
    models: Path, name: str, datasets: Mapping[str, Dataset], dataset: str | None = None
) -> Path:
    """Write `models/<theme>/<name>/` over one dataset that has a text and a date column.

    Raises:
        DeclarationError: the name is taken or not usable, or the dataset does not suit.
    """
    if not re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name):
        raise DeclarationError(
            Text(
                f"模型名“{name}”须用英文小写字母、数字和连字符",
                f"model name '{name}' must be letters, digits and hyphens",
            ),
            hint=Text("例如 rent-overdue", "such as rent-overdue"),
        )
    folder = models / "own" / name
    if folder.exists():
        raise DeclarationError(Text("已有这个模型", "this model exists already"), where=str(folder))
    chosen = _chosen(datasets, dataset)
    key, date = _columns(chosen)
    words = {
        "name": name, "theme": "own", "dataset": chosen.name, "fact": "row", "key": key,
        "date": date, "supervised": key, "one": "0001",
    }  # fmt: skip
    folder.mkdir(parents=True)
    (folder / "model.yml").write_text(_MODEL.format(**words), encoding="utf-8")
    (folder / "cases.yml").write_text(_CASES.format(**words), encoding="utf-8")
    return folder


def _chosen(datasets: Mapping[str, Dataset], name: str | None) -> Dataset:
    if name is not None:
        if name not in datasets:
            raise DeclarationError(
                Text(f"没有数据集“{name}”", f"no dataset '{name}'"),
                hint=did_you_mean(name, list(datasets)),
            )
        if not all(_columns(datasets[name])):
            raise DeclarationError(
                Text(
                    f"数据集 {name} 没有文本列和日期列，套不上样板",
                    f"dataset {name} has no text and date column, so the skeleton does not suit it",
                ),
                hint=Text("抄一个现成的模型", "start from an existing model"),
            )
        return datasets[name]
    for dataset in datasets.values():
        if all(_columns(dataset)):
            return dataset
    raise DeclarationError(
        Text("没有同时含文本列和日期列的数据集", "no dataset has both a text and a date column"),
        hint=Text(
            "先用 plumbline profile 声明一个数据集",
            "declare a dataset with plumbline profile first",
        ),
    )


def _columns(dataset: Dataset) -> tuple[str, str]:
    """A text column to name a row by, and a date column; "" where there is none."""
    texts = [n for n, c in dataset.columns.items() if c.type == "text"]
    dates = [n for n, c in dataset.columns.items() if c.type == "date" and c.empty == "unknown"]
    found = (texts[0] if texts else "", dates[0] if dates else "")
    if dataset.declared.on in dates:
        found = (found[0], str(dataset.declared.on))
    return found
