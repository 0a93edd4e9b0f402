"""The slots of a model as fields of a form, and back: nothing is lost on the way.

    fields = to_form(data)             # what the YAML says -> {"title.zh": "...", "facts.0.alias": "honour", ...}
    data == from_form(fields)          # for every model of the seven shapes
    written(data)                      # as YAML

A model of shape `sql`, and whatever else no field can hold (`unformed`), is edited as YAML.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import yaml

from plumbline.bilingual import say

SHAPES = (
    ("meet", say("相遇：同一主体的两件或几件事不该同时有", "meet: facts on one subject that must not meet")),
    ("lack", say("缺失：有此而无彼，如有付款无审批", "lack: one without the other, such as a payment without approval")),
    ("sum", say("累计：按对象和时间窗加起来超过限度", "sum: more in a window than allowed")),
    ("overlap", say("重叠：两段时间不该相交", "overlap: periods that must not overlap")),
    ("path", say("路径：由人到亲属到企业到合同", "path: from an official to a contract")),
    ("duplicate", say("重复：同一件事出现两次", "duplicate: the same thing twice")),
    ("outlier", say("离群：与同类相比偏离太多", "outlier: far from its peers")),
)  # fmt: skip
STATUSES = ("draft", "trial", "live", "retired")
LEVELS = ("red", "yellow", "blue")
#: Empty rows that a list offers for more.
_SPARE = 2

Data = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One field.

    Attributes:
        path: its slot; `#` stands for the number of a row.
        kind: `line`, `text`, `expression`, `number`, `dataset`, `shape`, `status`, `column`, `date`.
    """

    path: str
    label: str
    kind: str = "line"


@dataclass(frozen=True)
class Group:
    """Fields under one heading.

    Attributes:
        slot: the top-level slot where its errors are shown.
        rows: the slot that is a list of such rows; empty where it is none.
        shape: the only shape that has it.
    """

    slot: str
    label: str
    hint: str
    fields: tuple[Field, ...]
    rows: str = ""
    shape: str = ""


def _both(path: str, kind: str = "line") -> tuple[Field, Field]:
    return Field(f"{path}.zh", say("中文", "Chinese"), kind), Field(
        f"{path}.en", say("英文", "English"), kind
    )


GROUPS: tuple[Group, ...] = (
    Group("model", say("名称", "Name"), say("英文小写和连字符，也是文件夹名", "small letters and hyphens; the folder's name too"),
          (Field("model", say("模型名", "Name")), Field("theme", say("主题", "Theme")),
           Field("version", say("版本", "Version"), "number"), Field("status", say("拟定状态", "Proposed status"), "status"),
           Field("expires_on", say("有效期至", "Expires on"), "date"))),
    Group("title", say("标题", "Title"), "", _both("title")),
    Group("question", say("问题", "Question"), say("一句话，审计人员能读出来", "one sentence that can be read aloud"), _both("question", "text")),
    Group("line", say("准绳", "Line"), say("应当怎样", "what should hold"), _both("line.says", "text")),
    Group("line", say("依据", "Basis"), say("法规、条款、施行与废止", "law, clause, in force from and to"),
          (Field("law", say("法规", "Law")), Field("clause", say("条款", "Clause")),
           Field("from", say("施行", "From")), Field("to", say("废止", "To"))), rows="line.basis"),
    Group("supervises", say("监督谁用权", "Whose power"), say("事实.列：作出决定的单位；人只是证据", "fact.column of the deciding unit; a person is evidence"),
          (Field("supervises", say("监督对象", "Supervises"), "column"),)),
    Group("facts", say("事实", "Facts"), say("每行一个别名、一个数据集", "an alias and a dataset each"),
          (Field("alias", say("别名", "Alias")), Field("dataset", say("数据集", "Dataset"), "dataset"),
           Field("where", say("只取（可空）", "Only where"), "expression")), rows="facts"),
    Group("shape", say("形状", "Shape"), say("事实怎样碰撞", "how facts collide"), (Field("shape", say("形状", "Shape"), "shape"),)),
    Group("same", say("同一主体", "Same"), say("由身份等级判定，不是字符串相等", "by identity tier, not by equal text"),
          (Field("entity", say("主体", "Entity")), Field("columns", say("各事实的列，逗号分隔", "columns, by commas"), "column")), rows="same"),
    Group("lack", say("缺少什么", "Lack"), "", (Field("lack.fact", say("缺少的事实", "The fact that is lacking")),
          Field("lack.when", say("怎样才算有", "When it is there"), "expression")), shape="lack"),
    Group("sum", say("累计什么", "Sum"), say("多项用逗号分隔", "several by commas"), (
          Field("sum.over", say("哪些事实", "Over")), Field("sum.per", say("按什么", "Per"), "column"),
          Field("sum.within", say("时间窗", "Within")), Field("sum.by", say("按哪个日期", "By"), "column"),
          Field("sum.rows_when", say("只算哪些行", "Only rows when"), "expression")), shape="sum"),
    Group("sum", say("累计的数", "What is summed"), say("名称和算式", "a name and an expression"),
          (Field("name", say("名称", "Name")), Field("value", say("算式", "Expression"), "expression")), rows="sum.what", shape="sum"),
    Group("path", say("路径", "Path"), say("事实别名，按顺序，逗号分隔", "aliases in order, by commas"), (Field("path", say("路径", "Path")),), shape="path"),
    Group("duplicate", say("什么重复", "Duplicate"), "", (
          Field("duplicate.of", say("哪个事实", "Of")), Field("duplicate.on", say("哪些列相同", "On"), "column"),
          Field("duplicate.rows_when", say("只看哪些行", "Only rows when"), "expression")), shape="duplicate"),
    Group("duplicate", say("重复的数", "What is counted"), say("名称和算式", "a name and an expression"),
          (Field("name", say("名称", "Name")), Field("value", say("算式", "Expression"), "expression")), rows="duplicate.what", shape="duplicate"),
    Group("outlier", say("与谁相比", "Outlier"), "", (
          Field("outlier.of", say("哪个数", "Of"), "expression"), Field("outlier.among", say("在哪些同类中", "Among"), "column"),
          Field("outlier.at_least", say("同类至少", "At least"), "number"), Field("outlier.fence", say("几倍四分位距", "Fence"), "number")), shape="outlier"),
    Group("settings", say("参数", "Settings"), say("数，或按时段：..2019-12-31: 5; 2020-01-01..: 10", "a number, or by period: ..2019-12-31: 5; 2020-01-01..: 10"),
          (Field("name", say("名称", "Name")), Field("value", say("值", "Value"))), rows="settings"),
    Group("in_force_on", say("依据看哪天", "In force on"), say("事实.日期列，或 as_of；可空", "fact.date, or as_of; may be empty"), (Field("in_force_on", say("日期", "Date"), "column"),)),
    Group("flag_when", say("何时预警", "Flag when"), "", (Field("flag_when", say("条件", "Condition"), "expression"),)),
    Group("leave_out", say("合法例外", "Leave out"), say("写明名称、条件、理由", "a name, a condition, a reason"),
          (Field("name", say("名称", "Name")), Field("when", say("条件", "When"), "expression"), *_both("why")), rows="leave_out"),
    Group("cannot_tell_when", say("无法判断", "Cannot tell when"), "",
          (Field("name", say("名称", "Name")), Field("when", say("条件", "When"), "expression"), *_both("why")), rows="cannot_tell_when"),
    Group("one_warning_per", say("一条预警对应", "One warning per"), say("主体或事实.列，逗号分隔", "entity or fact.column, by commas"), (Field("one_warning_per", say("对应", "Per"), "column"),)),
    Group("grade", say("级别", "Grade"), say("红须身份一级；其余写 otherwise", "red needs tier A; write otherwise for the rest"),
          tuple(Field(f"grade.{level}", label, "expression") for level, label in
                (("red", say("红", "Red")), ("yellow", say("黄", "Yellow")), ("blue", say("蓝", "Blue"))))),
    Group("say", say("怎么说", "Say"), say("带证据的一句话，{事实.列}", "a sentence with the evidence, {fact.column}"), _both("say", "text")),
    Group("check", say("核查步骤", "How to check"), say("每行一步", "one step a line"), _both("check", "text")),
    Group("innocent", say("正当解释", "Innocent explanations"), say("每行一条", "one a line"), _both("innocent", "text")),
    Group("send_to", say("送给谁", "Send to"), say("期限如 2 working days", "terms such as 2 working days"), (
          Field("send_to.by", say("按", "By"), "column"), Field("send_to.sign_within", say("签收期限", "Sign within")),
          *(Field(f"send_to.report_within.{level}", label) for level, label in
            (("red", say("红色反馈", "Report red")), ("yellow", say("黄色反馈", "Report yellow")), ("blue", say("蓝色反馈", "Report blue")))))),
    Group("expect", say("预期", "Expect"), say("预警比例在此之外，运行会停下来问", "outside it a run stops and asks"),
          (Field("expect.flag_rate", say("比例", "Flag rate")), Field("expect.per", say("以哪个事实为分母", "Per")))),
)  # fmt: skip

#: Slots that are lists in YAML and one line with commas in the form; a single one may be a word.
_COMMAS = ("path", "one_warning_per", "sum.over", "sum.per", "duplicate.on", "outlier.among")
_LINES = ("check.zh", "check.en", "innocent.zh", "innocent.en")
_NUMBERS = ("version", "outlier.at_least", "outlier.fence")
_MAPS = ("facts", "same", "settings", "sum.what", "duplicate.what")
_ORDER = (
    "model title theme status version expires_on question line supervises facts shape same settings in_force_on lack"
    " sum path duplicate outlier sql flag_when leave_out cannot_tell_when one_warning_per grade say check innocent"
    " send_to expect"
).split()


def _at(data: Any, path: str) -> Any:
    for step in path.split("."):
        if not isinstance(data, Mapping) or step not in data:
            return None
        data = data[step]
    return data


# -- to the form -----------------------------------------------------------------------------------


def to_form(data: Data) -> dict[str, str]:
    """Field -> what stands in it."""
    found: dict[str, str] = {}
    for group in GROUPS:
        if group.rows:
            for number, row in enumerate(_rows(data, group.rows)):
                found |= {f"{group.rows}.{number}.{name}": said for name, said in row.items()}
            continue
        for field in group.fields:
            value = _at(data, field.path)
            if field.path in _COMMAS:
                value = ", ".join(map(str, value)) if isinstance(value, list) else value
            elif field.path in _LINES and isinstance(value, list):
                value = "\n".join(map(str, value))
            found[field.path] = "" if value is None else str(value)
    return found


def _rows(data: Data, rows: str) -> Iterator[dict[str, str]]:
    found = _at(data, rows)
    if rows == "facts":
        for alias, use in (found or {}).items():
            use_ = use if isinstance(use, Mapping) else {}
            yield {
                "alias": alias,
                "dataset": str(use_.get("dataset") or ""),
                "where": str(use_.get("where") or ""),
            }
    elif rows == "same":
        for entity, columns in (found or {}).items():
            yield {"entity": entity, "columns": ", ".join(map(str, columns or []))}
    elif rows == "settings":
        for name, value in (found or {}).items():
            periods = isinstance(value, Mapping)
            yield {
                "name": name,
                "value": "; ".join(f"{p}: {n}" for p, n in value.items())
                if periods
                else str(value),
            }
    elif rows in _MAPS:
        for name, value in (found or {}).items():
            yield {"name": name, "value": str(value)}
    else:
        for row in found or []:
            yield {name: str(said) for name, said in _flat(row).items() if said is not None}


def _flat(row: Any, head: str = "") -> dict[str, Any]:
    if not isinstance(row, Mapping):
        return {}
    found: dict[str, Any] = {}
    for name, value in row.items():
        inner = isinstance(value, Mapping)
        found |= _flat(value, f"{head}{name}.") if inner else {f"{head}{name}": value}
    return found


def spare_rows(fields: Mapping[str, str], rows: str) -> range:
    """Numbers of the rows of a list, with some empty ones for more."""
    used = [int(m[1]) for name in fields if (m := re.match(rf"{re.escape(rows)}\.(\d+)\.", name))]
    return range(max(used, default=-1) + 1 + _SPARE)


# -- from the form ---------------------------------------------------------------------------------


def from_form(fields: Mapping[str, str]) -> Data:
    """What the form says, as the YAML would; what is empty is left out, what is no number stays as it was typed."""
    said = {name: value.replace("\r\n", "\n").strip() for name, value in fields.items()}
    shape = said.get("shape") or "meet"
    data: Data = {}
    for group in GROUPS:
        if group.shape and group.shape != shape:
            continue
        if group.rows:
            value = _from_rows(said, group)
            if value:
                _put(data, group.rows, value)
            continue
        for field in group.fields:
            text = said.get(field.path, "")
            if text and not (field.path == "shape" and text == "meet"):
                _put(data, field.path, _value(field.path, text))
    return {name: data[name] for name in _ORDER if name in data}


def _put(data: Data, path: str, value: Any) -> None:
    *steps, last = path.split(".")
    for step in steps:
        data = data.setdefault(step, {})
    data[last] = value


def _value(path: str, text: str) -> Any:
    if path in _COMMAS:
        return _listed(text)
    if path in _LINES:
        return [line.strip() for line in text.split("\n") if line.strip()]
    return _number(text) if path in _NUMBERS else text


def _listed(text: str) -> list[str]:
    """Parts by commas, also Chinese ones; not those within brackets."""
    return [part.strip() for part in re.split(r"[,，、](?![^()]*\))", text) if part.strip()]


def _number(text: str) -> int | float | str:
    if re.fullmatch(r"[-+]?(0|[1-9]\d*)", text):
        return int(text)
    return float(text) if re.fullmatch(r"[-+]?\d+\.\d+", text) else text


def _from_rows(said: Mapping[str, str], group: Group) -> Any:
    numbers = sorted(
        {int(m[1]) for name in said if (m := re.match(rf"{re.escape(group.rows)}\.(\d+)\.", name))}
    )
    rows = [
        {field.path: said.get(f"{group.rows}.{number}.{field.path}", "") for field in group.fields}
        for number in numbers
    ]  # fmt: skip
    rows = [row for row in rows if any(row.values())]
    if group.rows == "facts":
        return {
            row["alias"]: {"dataset": row["dataset"], **({"where": row["where"]} if row["where"] else {})} for row in rows
        }  # fmt: skip
    if group.rows == "same":
        return {row["entity"]: _listed(row["columns"]) for row in rows}
    if group.rows == "settings":
        return {row["name"]: _setting(row["value"]) for row in rows}
    if group.rows in _MAPS:
        return {row["name"]: row["value"] for row in rows}
    found = []
    for row in rows:
        made: Data = {}
        for name, text in row.items():
            if text:
                _put(made, name, _year(text) if name in ("from", "to") else text)
        found.append(made)
    return found


def _year(text: str) -> int | str:
    return int(text) if re.fullmatch(r"[12]\d{3}", text) else text


def _setting(text: str) -> Any:
    if ".." not in text:
        return _number(text)
    periods = [part.rpartition(":") for part in re.split(r"[;；]", text) if part.strip()]
    return {period.strip(): _number(number.strip()) for period, _, number in periods}


# -- whether a form can hold it --------------------------------------------------------------------


def unformed(data: Any) -> list[str]:
    """Slots that the form would lose or change; empty where it can hold the whole model."""
    if not isinstance(data, dict):
        return ["model.yml"]
    if data.get("shape") == "sql":
        return ["sql"]
    there, back = plain(data), plain(from_form(to_form(data)))
    return sorted(name for name in there.keys() | back.keys() if there.get(name) != back.get(name))


def plain(data: Data) -> Data:
    """As two texts of the same model are equal: lists of one may be words, defaults may be left out."""
    found = {name: _stripped(value) for name, value in data.items() if value not in (None, [], {})}
    if found.get("shape") == "meet":
        del found["shape"]
    for path in _COMMAS:
        value = _at(found, path)
        if isinstance(value, str):
            _put(found, path, [value])
    return found


def _stripped(value: Any) -> Any:
    if isinstance(value, str):
        return value.strip()
    if isinstance(value, dict):
        return {name: _stripped(each) for name, each in value.items() if each is not None}
    return [_stripped(each) for each in value] if isinstance(value, list) else value


# -- as YAML ---------------------------------------------------------------------------------------


class _Written(yaml.SafeDumper):
    """Chinese as it is, short parts on a line, long text folded."""

    def ignore_aliases(self, data: Any) -> bool:  # noqa: ARG002 -- nothing is referred to
        return True


def _text(dumper: yaml.SafeDumper, said: str) -> yaml.Node:
    style = "|" if "\n" in said else None
    return dumper.represent_scalar("tag:yaml.org,2002:str", said, style=style)


_Written.add_representer(str, _text)


def written(data: Data) -> str:
    """A model's YAML in the order in which models are read; comments are no part of it."""
    ordered = {
        name: data[name]
        for name in (*_ORDER, *(n for n in data if n not in _ORDER))
        if name in data
    }
    return "".join(
        yaml.dump({name: value}, Dumper=_Written, allow_unicode=True, sort_keys=False, width=100, default_flow_style=False)
        for name, value in ordered.items()
    )  # fmt: skip


def first_words(shape: str, choose: Sequence[str]) -> Data:
    """What a new model's form begins with."""
    return {
        "theme": "own", "status": "draft", "version": 1, "shape": shape,
        "facts": {"row": {"dataset": choose[0]}} if choose else {},
        "grade": {"yellow": "otherwise"}, "send_to": {"sign_within": "2 working days"},
        "expect": {"flag_rate": "0%..5%", "per": "row"},
    }  # fmt: skip
