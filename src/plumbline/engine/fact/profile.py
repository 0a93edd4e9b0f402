"""Proposes a dataset's declaration from a file, and says how sure it is of every part.

Nothing here is decided: the YAML is a draft for a person, and its comments say what was seen.
"""

from __future__ import annotations

import io
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap, CommentedSeq

from plumbline.engine.fact.dataset import Column
from plumbline.engine.fact.layout import Layout, clean_header, column_letter, find_header, is_note
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.readers.base import Misfit, Sheet
from plumbline.engine.fact.readers.delimited import Delimited
from plumbline.engine.fact.readers.refusal import refusal
from plumbline.engine.fact.types import Country, UnreadableCellError, country_pack, make
from plumbline.errors import DeclarationError, Lang, Text

SAMPLE_ROWS = 20_000
_ENOUGH = 0.8  # a hinted type holds where it reads so many of the values
_NEARLY_ALL = 0.95  # a type is taken from the values alone only where it reads these
_HALF = 0.5
_FEW_VALUES = 12

#: Words in a header: the column's name in English, and the type they hint at. First match holds.
_WORDS: tuple[tuple[str, str, str], ...] = (
    ("曾用名|别名", "former_name", "person.name"),
    ("统一社会信用代码|信用代码|组织机构代码|单位代码|企业代码|供应商代码|采购人代码", "org_code", "org.code"),
    ("护照", "passport", "text"),
    ("身份证|公民身份号码|证件号|社会保障号|居民身份", "person", "person.id"),
    ("车牌|号牌", "plate", "plate"),
    ("发票代码", "invoice_code", "invoice"),
    ("发票号", "invoice_number", "invoice"),
    ("联系电话|电话|手机|联系方式", "phone", "phone"),
    ("邮箱|电子邮件", "email", "text"),
    ("开户行|开户银行", "bank", "text"),
    ("银行账号|账号|帐号|卡号|银行卡|一卡通", "account", "account"),
    ("起始日期|开始日期|起始时间|开始时间|任职日期|任职时间|生效日期", "started_on", "date"),
    ("终止日期|结束日期|截止日期|到期|届满|免职日期|离任|失效日期", "ended_on", "date"),
    ("死亡日期|死亡时间", "died_on", "date"),
    ("出生", "born_on", "date"),
    ("签订日期|签订时间", "signed_on", "date"),
    ("登记日期|注册日期|成立日期", "registered_on", "date"),
    ("发放日期|支付日期|付款日期|缴款日期|发放时间", "paid_on", "date"),
    ("所属月份|所属期|月份|年月", "month", "date"),
    ("^年度$|年份|年度$", "year", "date"),
    ("日期|时间|年月日", "date", "date"),
    ("性别", "sex", "text"),
    ("民族", "ethnicity", "text"),
    ("年龄", "age", "integer"),
    ("户籍地址|地址|住址|住所|坐落|经营场所", "address", "address"),
    ("区县|县\\(市|县（市|所属地区|行政区|区划|户籍地", "county", "region"),
    ("乡镇|街道", "township", "text"),
    ("村|社区", "village", "text"),
    ("单位名称|企业名称|公司名称|工作单位|供应商名称|采购人名称|机构名称|采购单位|参保单位", "org_name", "org.name"),
    ("^供应商$|中标人", "supplier_name", "org.name"),
    ("^采购人$", "buyer_name", "org.name"),
    ("审批单位|审核单位|主管单位|批准机关", "approved_by", "org.name"),
    ("单位$|机构$|机关$|部门$|学校$|医院$", "org_name", "org.name"),
    ("姓名|户主|受益人|申请人|联系人|法定代表人|负责人|经办人", "name", "person.name"),
    ("合同编号|合同号", "contract_no", "text"),
    ("项目编号|项目编码", "project_no", "text"),
    ("文号|文书号|案号", "document_no", "text"),
    ("流水号", "transaction_no", "text"),
    ("编号|编码|代码|单号|证号$|^号码$", "number", "text"),
    ("项目名称|项目$", "project", "text"),
    ("单价|价格", "price", "money"),
    ("金额|工资|补贴|津贴|养老金|租金|罚款|款项|费用|收入|支出|价款|总价|预算", "amount", "money"),
    ("数量|人数|次数|个数|户数|人口", "quantity", "integer"),
    ("面积", "area", "decimal"),
    ("比例|占比|百分比|率$", "percent", "decimal"),
    ("是否", "flag", "boolean"),
    ("类别|类型|种类|性质|状态|等级|级别", "kind", "text"),
    ("职务|岗位|职级", "post", "text"),
    ("关系", "relation", "text"),
    ("原因|事由|案由", "reason", "text"),
    ("备注|说明", "remark", "text"),
    ("标题|名称", "title", "text"),
)  # fmt: skip
_ENGLISH: tuple[tuple[str, str], ...] = (
    (r"\b(id|identity) ?(card|number|no)\b|citizen", "person.id"),
    (r"\bdate\b|\bon$|\bfrom$|\b(un)?til$|startdate|enddate|datesigned|dob\b", "date"),
    (r"\bphone|\btel(ephone)?\b|\bmobile\b", "phone"),
    (r"\baddress\b", "address"),
    (r"\b(firm|company|organi[sz]ation|supplier|vendor|buyer|entity)[ ._]name\b", "org.name"),
)

_COUNTER = re.compile(r"序号|编号|no\.?|#|行号", re.IGNORECASE)
_KEY = re.compile(
    r"流水|编号|编码|单号|证号|号码|身份证|信用代码|\bid\b|\bno\b|number|code", re.IGNORECASE
)
_UNIT = re.compile(r"(百万元|十万元|千万元|亿元|万元|千元|百元|元|分)(?=\s*[/／,，)）\]】]|$)")
_RESERVED = frozenset(
    "all and any as asc between by case cast column create cross date default delete desc distinct "
    "drop else end except exists false for from full group having in inner insert into is join key "
    "left like limit not null on or order outer references right row rows select set table then "
    "time timestamp to true union unique update user using values when where with year month day".split()
)
#: Types that show in the values themselves, the most particular first.
_TELLING = ("person.id", "org.code", "plate", "date", "region", "boolean")


@dataclass(frozen=True)
class Guess:
    """A column as proposed."""

    header: str
    position: int
    name: str
    type: str
    options: Mapping[str, Any]
    sure: float
    filled: float
    distinct: int
    seen: int  # values looked at
    note: Text | None = None

    @property
    def recognised(self) -> bool:
        return self.type != "text"


@dataclass(frozen=True)
class Profile:
    """What a file seems to be, and a declaration for it.

    Attributes:
        name: the dataset's name, and so the stem of the file that the YAML belongs in.
        key: the columns that seem to tell rows apart; none where no column does.
        ignore: headers proposed to be ignored (counters, headers that stand twice).
        remarks: what a person should know, from the file's reader and from here.
    """

    name: str
    title: str
    file: str
    sheet: str
    layout: Layout
    encoding: str
    encoding_sure: float
    delimiter: str
    columns: tuple[Guess, ...]
    key: tuple[str, ...]
    key_sure: float
    ignore: tuple[str, ...]
    rows_seen: int
    source: Mapping[str, Any] = field(default_factory=dict)
    remarks: tuple[Text, ...] = ()

    @property
    def unrecognised(self) -> tuple[Guess, ...]:
        return tuple(column for column in self.columns if not column.recognised)

    def to_yaml(self, lang: Lang = "zh") -> str:
        """The proposed declaration with comments that say how sure each part is."""
        return _Draft(self, lang).text()


def profile(path: Path, country: Country | None = None, *, name: str | None = None) -> Profile:
    """Reads the beginning of the file at `path` and proposes its declaration.

    Raises:
        DeliveryError: the file cannot be read, or holds no table.
    """
    country = country or country_pack()
    sheet, layout, others = _best_sheet(path)
    columns, rows, misfits = _sample(sheet, layout)
    ignore = tuple(dict.fromkeys([*layout.duplicates, *_counters(layout, columns)]))
    names = _Names()
    guesses = tuple(
        _guess(header, position, columns[position], rows, names, country)
        for position, header in enumerate(layout.header)
        if header and header not in ignore
    )
    guesses = _with_bearers(guesses)
    key, key_sure = _key(guesses, rows)
    encoding = sheet.encoding if isinstance(sheet, Delimited) else None
    return Profile(
        name=name or _slug(path.stem) or "new_dataset",
        title=path.stem,
        file=sheet.file,
        sheet=sheet.name,
        layout=layout,
        encoding=encoding.label if encoding else "",
        encoding_sure=encoding.sure if encoding else 1.0,
        delimiter=sheet.delimiter if isinstance(sheet, Delimited) else "",
        columns=guesses,
        key=key,
        key_sure=key_sure,
        ignore=ignore,
        rows_seen=rows,
        source=_source(sheet, others),
        remarks=(*sheet.remarks, *_remarks(layout, misfits)),
    )


def _best_sheet(path: Path) -> tuple[Sheet, Layout, list[Sheet]]:
    """The sheet that most looks like a table, and the others."""
    found: list[tuple[float, int, Sheet, Layout]] = []
    sheets = list(open_sheets(path))
    for at, sheet in enumerate(sheets):
        layout = find_header(sheet, None)
        if layout is not None:
            weight = layout.confidence * min(layout.width, 5)
            found.append((weight, -at, sheet, layout))
    if not found:
        raise refusal(path.name, "文件里没有表格", "the file holds no table")
    _, _, best, layout = max(found, key=lambda entry: entry[:2])
    return best, layout, [sheet for sheet in sheets if sheet is not best]


def _source(sheet: Sheet, others: Sequence[Sheet]) -> dict[str, Any]:
    """What the declaration must say so that this sheet is read and no other kind."""
    if not others or not sheet.name:
        return {}
    if {"tenders", "awards", "parties"} <= {sheet.name, *(other.name for other in others)}:
        return {"table": sheet.name}
    return {"sheets": [sheet.name]}


def _sample(sheet: Sheet, layout: Layout) -> tuple[list[list[str]], int, list[Misfit]]:
    """The first rows column by column, their number, and the misfits among them."""
    columns: list[list[str]] = [[] for _ in range(layout.width)]
    misfits: list[Misfit] = []
    rows = 0
    for batch in sheet.batches(layout.header_lines[1], layout.width):
        taken = min(len(batch.lines), SAMPLE_ROWS - rows)
        part = pa.table(batch.columns, names=[str(i) for i in range(layout.width)]).slice(0, taken)
        values = [column.to_pylist() for column in part.columns]
        for cells in zip(*values, strict=True):
            if not is_note(cells, layout.width):
                rows += 1
                for column, cell in zip(columns, cells, strict=True):
                    column.append(cell)
        misfits += batch.misfits[: 1000 - len(misfits)]
        if rows >= SAMPLE_ROWS:
            break
    return columns, rows, misfits


def _counters(layout: Layout, columns: list[list[str]]) -> Iterator[str]:
    """Headers of columns that only count the rows."""
    for header, values in zip(layout.header, columns, strict=True):
        if header and _COUNTER.fullmatch(header) and all(v.isdigit() for v in values if v):
            numbers = [int(v) for v in values if v]
            if numbers == sorted(numbers) and (not numbers or numbers[-1] <= 2 * len(values)):
                yield header


class _Names:
    """English names for headers, none given twice."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def give(self, wish: str) -> str:
        self._given[wish] += 1
        count = self._given[wish]
        return wish if count == 1 else self.give(f"{wish}_{count}")


def _slug(text: str) -> str:
    """An identifier from the ASCII words of `text`; "" where it has none."""
    if re.search(r"[^\x00-\x7f]", text):
        return ""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    slug = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return f"col_{slug}" if slug and (slug[0].isdigit() or slug in _RESERVED) else slug


def _hint(header: str) -> tuple[str, str | None]:
    """The name and the type that the words of a header suggest."""
    for words, name, type_ in _WORDS:
        if re.search(words, header):
            return name, type_
    slug = _slug(header)
    spaced = slug.replace("_", " ")
    return slug, next((type_ for words, type_ in _ENGLISH if re.search(words, spaced)), None)


def _guess(
    header: str,
    position: int,
    cells: list[str],
    rows: int,
    names: _Names,
    country: Country,
) -> Guess:
    values = [cell for cell in cells if cell.strip()]
    counts = Counter(values)
    wish, hinted = _hint(header)
    found = _Found(header, counts, country).find(hinted)
    return Guess(
        header=header,
        position=position,
        name=names.give(wish or f"col_{position + 1}"),
        type=found.type,
        options=found.options,
        sure=round(found.sure, 2),
        filled=round(len(values) / rows, 4) if rows else 0.0,
        distinct=len(counts),
        seen=len(values),
        note=found.note,
    )


@dataclass
class _Type:
    type: str
    sure: float
    options: dict[str, Any] = field(default_factory=dict)
    note: Text | None = None


class _Found:
    """Tries types on the values of one column."""

    def __init__(self, header: str, counts: Counter[str], country: Country) -> None:
        self._header, self._counts, self._country = header, counts, country
        self._total = sum(counts.values())

    def find(self, hinted: str | None) -> _Type:
        if not self._total:
            note = Text(
                "此列全空，类型只凭表头猜测", "the column is empty; guessed by its header alone"
            )
            empty = self._as_declared(hinted)
            return _Type(empty.type, 0.3, empty.options, note)
        if hinted and hinted != "text":
            found = self._as_declared(hinted)
            if found.sure >= _ENOUGH:
                return found
        by_values = self._by_values()
        if hinted == "text" and by_values.type in ("integer", "decimal"):
            return _Type("text", 0.8)  # 编号 that happens to be digits
        if by_values.type != "text":
            return by_values
        return self._text(hinted)

    def _as_declared(self, hinted: str | None) -> _Type:
        """The hinted type with the options under which it reads most values."""
        if hinted == "money":
            return self._money()
        if hinted in ("date", "moment"):
            return self._date()
        if hinted in ("person.id", "phone"):
            plain, masked = self._rate(hinted), self._rate(hinted, masked=True)
            if masked > plain:
                note = Text("有遮掩（*）的号码", "holds masked numbers (*)")
                return _Type(hinted, masked, {"masked": True}, note)
            return _Type(hinted, plain)
        if hinted in ("decimal", "integer"):
            return self._number()
        if hinted is None or hinted == "text":
            return _Type("text", 0.5)
        return _Type(hinted, self._rate(hinted) * 0.95)

    def _by_values(self) -> _Type:
        for name in _TELLING:
            if name == "date":
                found = self._date() if self._looks_dated() else _Type("text", 0)
            elif name == "boolean" and any(value.isdigit() for value in self._counts):
                continue
            else:
                found = _Type(name, self._rate(name) * 0.9)
            if found.sure >= _NEARLY_ALL * 0.9:
                return found
        if self._share(r"1[3-9]\d{9}") >= _NEARLY_ALL:
            return _Type("phone", 0.85)
        return self._number()

    def _text(self, hinted: str | None) -> _Type:
        note = None
        if hinted and hinted != "text":
            note = Text(
                f"表头像 {hinted}，但多数值读不通",
                f"the header suggests {hinted}, but most values do not read as one",
            )
        elif len(self._counts) <= _FEW_VALUES and self._total >= 5 * len(self._counts):
            shown = "、".join(sorted(self._counts, key=lambda v: -self._counts[v])[:_FEW_VALUES])
            if len(shown) <= 60 and "\n" not in shown:
                note = Text(
                    f"只有这几个值，可改为 category：{shown}",
                    f"only these values, so perhaps a category: {shown}",
                )
        return _Type("text", 0.8 if hinted == "text" else 0.4, {}, note)

    def _money(self) -> _Type:
        unit = _UNIT.search(self._header)
        if unit:
            rate = self._rate("money", unit=unit[1])
            return _Type("money", rate, {"unit": unit[1]})
        if self._rate("money") >= _ENOUGH:  # every value states its own unit
            return _Type("money", self._rate("money"))
        found = self._number()
        if found.type != "text":
            found.sure = _ENOUGH
            found.note = Text(
                "像是金额，但表头没写单位；问清后改为 type: money, unit: 元（或万元）",
                "looks like money, but no unit in the header; "
                "ask, then write type: money, unit: 元 (or 万元)",
            )
        return found

    def _date(self) -> _Type:
        timed = self._share(r".*\d\D\d{1,2}:\d{2}.*") > _HALF
        # a time with an offset is no local moment, but its day can be read
        name = "moment" if timed and self._rate("moment") >= self._rate("date") else "date"
        if self._share(r"[2-6]\d{4}(\.\d+)?") >= _NEARLY_ALL:
            note = Text(
                "像是表格软件的日期序号；请核对是否 1900 年起算",
                "looks like spreadsheet day numbers; check that they count from 1900",
            )
            return _Type(name, self._rate(name, serial=1900) * 0.85, {"serial": 1900}, note)
        best = _Type(name, self._rate(name))
        for order in ("dmy", "mdy"):
            rate = self._rate(name, order=order)
            if rate > best.sure + 0.02:
                note = Text(
                    f"按 {order} 读得通的最多，请核对日月顺序",
                    f"most values read as {order}; check the order of day and month",
                )
                best = _Type(name, rate, {"order": order}, note)
        best.sure *= 0.98
        return best

    def _number(self) -> _Type:
        if self._share(r"-?(0|[1-9]\d{0,2}(,\d{3})+|[1-9]\d{0,9})") >= _NEARLY_ALL:
            return _Type("integer", self._rate("integer") * 0.85)
        if self._share(r"-?(0|[1-9][\d,]{0,14})(\.\d{1,10})?") >= _NEARLY_ALL:
            scale = max(len(value.strip().partition(".")[2]) for value in self._counts)
            scale = min(max(scale, 2), 10)
            return _Type("decimal", self._rate("decimal", scale=scale) * 0.85, {"scale": scale})
        return _Type("text", 0.4)

    def _looks_dated(self) -> bool:
        return (
            self._share(r"\s*(1[89]|20|29|99)\d{2}(\s*[-/.年]\s*\d{1,2}.*|[01]\d[0-3]\d|年)\s*")
            >= _NEARLY_ALL
        )

    def _share(self, pattern: str) -> float:
        """The share of values that match `pattern` as a whole."""
        regex = re.compile(pattern, re.DOTALL)
        matching = sum(n for value, n in self._counts.items() if regex.fullmatch(value.strip()))
        return matching / self._total if self._total else 0.0

    def _rate(self, name: str, **options: Any) -> float:
        """The share of values that the type reads."""
        try:
            type_ = make(
                Column.model_validate({"from": ["x"], "type": name, **options}), self._country
            )
        except DeclarationError:
            return 0.0
        read = 0
        for value, count in self._counts.items():
            try:
                type_.parse(value)
            except UnreadableCellError:
                continue
            read += count
        return read / self._total if self._total else 0.0


def _with_bearers(guesses: Sequence[Guess]) -> tuple[Guess, ...]:
    """Ties each name to the nearest column with its bearer's identifier."""
    tied = []
    for guess in guesses:
        bearer = {"person.name": "person.id", "org.name": "org.code"}.get(guess.type)
        ids = [g for g in guesses if g.type == bearer]
        options = dict(guess.options)
        if ids:
            nearest = min(ids, key=lambda g: abs(g.position - guess.position))
            alone = sum(g.type == guess.type for g in guesses) == 1
            if alone or abs(nearest.position - guess.position) == 1:
                options["of"] = nearest.name
        if guess.type == "person.name" and guess.name.startswith("former_name"):
            options["former"] = True
        tied.append(_replaced(guess, options))
    return tuple(tied)


def _replaced(guess: Guess, options: dict[str, Any]) -> Guess:
    return Guess(**{**vars(guess), "options": options})


def _key(guesses: Sequence[Guess], rows: int) -> tuple[tuple[str, ...], float]:
    """The column that tells rows apart, as far as the sample shows."""
    if rows < 2:
        return (), 0.0
    alike = [
        g
        for g in guesses
        if g.seen == rows == g.distinct
        and g.type in ("text", "person.id", "org.code", "plate", "account", "invoice", "integer")
    ]
    if not alike:
        return (), 0.0
    best = min(alike, key=lambda g: (_KEY.search(g.header) is None, g.position))
    named = _KEY.search(best.header) is not None
    return (best.name,), (0.9 if named else 0.5) * min(1.0, 0.5 + rows / 200)


def _remarks(layout: Layout, misfits: Sequence[Misfit]) -> Iterator[Text]:
    if layout.unnamed:
        letters = [column_letter(i) for i in layout.unnamed]
        yield Text(
            f"第 {'、'.join(letters)} 列有内容却没有表头，补上表头之前无法接收",
            f"columns {', '.join(letters)} hold data without a header and cannot load until named",
        )
    if layout.duplicates:
        named = "、".join(layout.duplicates)
        yield Text(
            f"表头重复，暂列为忽略：{named}", f"headers that stand twice, so far ignored: {named}"
        )
    if misfits:
        first = misfits[0]
        yield Text(
            f"有 {len(misfits)} 行放不进表头之下，例如第 {first.line} 行：{first.reason.zh}",
            f"{len(misfits)} rows do not fit under the header, such as line {first.line}: "
            f"{first.reason.en}",
        )


class _Draft:
    """Writes the YAML."""

    def __init__(self, found: Profile, lang: Lang) -> None:
        self._found, self._lang = found, lang

    def text(self) -> str:
        found = self._found
        todo = {"zh": "待填写", "en": "to be filled in"}
        fill = self._say("← 请填写", "<- fill in")
        body = CommentedMap()
        body["dataset"] = found.name
        body["title"] = _flow({"zh": found.title, "en": ""})
        for slot in ("department", "legal_basis", "purpose"):
            body[slot] = _flow(todo)
        body["retention"] = "10 years"
        body["delivery"] = _flow({"kind": "full", "every": "month"})
        if found.source:
            body["source"] = _flow(found.source)
        if found.key:
            body["key"] = _flow(list(found.key))
        body["columns"] = self._columns()
        if found.ignore:
            body["ignore"] = _flow(list(found.ignore))
        for slot in ("title", "department", "legal_basis", "purpose", "retention"):
            body.yaml_add_eol_comment(fill, slot)
        body.yaml_add_eol_comment(
            self._say("full 全量 / changes 增量", "full or changes"), "delivery"
        )
        if found.key:
            sure = self._percent(found.key_sure)
            body.yaml_add_eol_comment(
                self._say(
                    f"把握 {sure}：前 {found.rows_seen} 行各不相同且都有值",
                    f"{sure} sure: filled and distinct in the first {found.rows_seen} rows",
                ),
                "key",
            )
        body.yaml_set_start_comment("\n".join(self._head()))
        yaml = YAML()
        yaml.width = 4096
        yaml.allow_unicode = True
        out = io.StringIO()
        yaml.dump(body, out)
        return out.getvalue()

    def _columns(self) -> CommentedMap:
        columns = CommentedMap()
        for guess in self._found.columns:
            declared: dict[str, Any] = {"from": [guess.header], "type": guess.type}
            if guess.name in self._found.key:
                declared["required"] = True
            columns[guess.name] = _flow({**declared, **guess.options})
            columns.yaml_add_eol_comment(self._about(guess), guess.name)
        return columns

    def _about(self, guess: Guess) -> str:
        sure, filled = self._percent(guess.sure), self._percent(guess.filled)
        said = self._say(
            f"把握 {sure}，有值 {filled}，{guess.distinct} 种",
            f"{sure} sure, {filled} filled, {guess.distinct} distinct",
        )
        return f"{said}; {_one_line(guess.note.in_(self._lang))}" if guess.note else said

    def _head(self) -> Iterator[str]:
        found, lines = self._found, self._found.layout.header_lines
        where = f"{found.file} [{found.sheet}]" if found.sheet else found.file
        yield self._say(
            f"由 plumbline profile 草拟，请逐项核对后保存为 {found.name}.yml",
            f"Drafted by plumbline profile; check every part and save as {found.name}.yml",
        )
        sure = self._percent(found.layout.confidence)
        yield _one_line(
            self._say(
                f"来源 {where}；表头在第 {lines[0]}–{lines[1]} 行，把握 {sure}",
                f"From {where}; header on lines {lines[0]}-{lines[1]}, {sure} sure",
            )
        )
        if found.encoding:
            sure = self._percent(found.encoding_sure)
            delimiter = {"\t": "tab"}.get(found.delimiter, found.delimiter)
            yield self._say(
                f"编码 {found.encoding}，把握 {sure}；分隔符 {delimiter}",
                f"Encoding {found.encoding}, {sure} sure; delimiter {delimiter}",
            )
        if found.unrecognised:
            named = _one_line("、".join(guess.header for guess in found.unrecognised))
            yield self._say(f"未识别类型、暂作 text 的列：{named}", f"Taken as text: {named}")
        if not found.key:
            yield self._say(
                "没有一列能区分各行；请指定 key，否则行只按其在文件中的位置识别",
                "No column tells rows apart; name a key, or rows are known by their place alone",
            )
        for remark in found.remarks:
            yield _one_line(remark.in_(self._lang))

    def _say(self, zh: str, en: str) -> str:
        return Text(zh, en).in_(self._lang)

    @staticmethod
    def _percent(share: float) -> str:
        return f"{share:.0%}"


def _one_line(text: str) -> str:
    return clean_header("".join(c if c.isprintable() else " " for c in text))


def _flow(value: Any) -> Any:
    """The value on one line."""
    if isinstance(value, Mapping):
        mapping = CommentedMap((k, _flow(v)) for k, v in value.items())
        mapping.fa.set_flow_style()
        return mapping
    if isinstance(value, list):
        sequence = CommentedSeq(map(_flow, value))
        sequence.fa.set_flow_style()
        return sequence
    return value
