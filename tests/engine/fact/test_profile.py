from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest
import xlsxwriter

from plumbline.engine.fact.dataset import Dataset
from plumbline.engine.fact.layout import find_header
from plumbline.engine.fact.mapping import map_columns, wanted_headers
from plumbline.engine.fact.profile import Guess, Profile, profile
from plumbline.engine.fact.readers import open_sheets
from plumbline.engine.fact.types import Country, UnreadableCellError, country_pack
from plumbline.errors import DeliveryError

REGIONS = 'regions:\n  "380000": 云岭省\n  "380181": 青禾市\n'


@pytest.fixture(scope="module")
def country(tmp_path_factory: pytest.TempPathFactory) -> Country:
    path = tmp_path_factory.mktemp("pack") / "regions.yml"
    path.write_text(REGIONS, encoding="utf-8")
    return country_pack(path)


def citizen(ordinal: int) -> str:
    """A valid number of the invented province 38."""
    body = f"38018119{70 + ordinal % 30:02}0{ordinal % 9 + 1}{ordinal % 28 + 1:02}{ordinal % 900 + 100}"
    weights = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
    total = sum(int(digit) * weight for digit, weight in zip(body, weights, strict=True))
    return body + "10X98765432"[total % 11]


HEADER = [
    "序号", "发放流水号", "姓名", "身份证号", "联系电话", "发放日期", "金额（元）", "补贴项目", "户籍地址",
]  # fmt: skip


def people(count: int) -> list[list[str]]:
    return [
        [
            str(i + 1),
            f"P{i:05}",
            f"张{'三四五六七'[i % 5]}",
            citizen(i),
            f"138{i:08}",
            f"2024-0{i % 9 + 1}-05",
            f"{i * 10}.50",
            ["低保", "高龄"][i % 2],
            f"青禾市城关镇{i}号",
        ]
        for i in range(count)
    ]


def loads(found: Profile, path: Path, folder: Path, country: Country) -> Dataset:
    """The proposal, saved, loaded, and laid over the file it came from."""
    for lang in ("zh", "en"):
        place = folder / f"{found.name}.yml"
        place.write_text(found.to_yaml(lang), encoding="utf-8")
        dataset = Dataset(place, country)
    tables = 0
    for sheet in open_sheets(path, dataset.declared.source):
        layout = find_header(sheet, wanted_headers(dataset))
        if layout is None:
            continue
        tables += 1
        mapping = map_columns(dataset, sheet, layout)
        assert set(mapping.used) == set(dataset.columns)
        for batch in sheet.batches(layout.header_lines[1], layout.width):
            for name, position in mapping.used.items():
                for value in batch.columns[position].to_pylist():
                    if found_type(found, name).sure == 1.0:
                        dataset.types[name].parse(value)
    assert tables == 1
    return dataset


def found_type(found: Profile, name: str) -> Guess:
    return next(guess for guess in found.columns if guess.name == name)


def test_a_list_of_payments(tmp_path: Path, country: Country) -> None:
    path = tmp_path / "2024年发放.csv"
    lines = ["青禾市2024年补贴发放表", ",".join(HEADER), *(",".join(row) for row in people(120))]
    path.write_bytes("\r\n".join(lines).encode("gb18030"))
    found = profile(path, country, name="payments")
    assert (found.encoding, found.delimiter, found.layout.header_lines) == ("GB18030", ",", (2, 2))
    assert {g.header: (g.name, g.type) for g in found.columns} == {
        "发放流水号": ("transaction_no", "text"),
        "姓名": ("name", "person.name"),
        "身份证号": ("person", "person.id"),
        "联系电话": ("phone", "phone"),
        "发放日期": ("paid_on", "date"),
        "金额（元）": ("amount", "money"),
        "补贴项目": ("project", "text"),
        "户籍地址": ("address", "address"),
    }
    assert found.key == ("transaction_no",)
    assert found.ignore == ("序号",)
    dataset = loads(found, path, tmp_path, country)
    assert dataset.columns["amount"].unit == "元"
    assert [dataset.columns[n].of for n in ("name", "phone", "address")] == ["person"] * 3
    assert dataset.declared.title.zh == "2024年发放"
    said = found.to_yaml()
    assert "编码 GB18030，把握 100%" in said
    assert "请填写" in said
    assert "低保、高龄" in said
    assert "fill in" in found.to_yaml("en")


@pytest.mark.parametrize(
    ("header", "values", "type_", "options"),
    [
        ("合同价款（万元）", ["1.5", "20"], "money", {"unit": "万元"}),
        ("金额", ["1.5", "20.25"], "decimal", {"scale": 2}),  # the unit is not guessed
        ("单价（元/支）", ["1.5", "3"], "money", {"unit": "元"}),
        ("日期", ["40973", "41000"], "date", {"serial": 1900}),
        ("日期", ["25/03/2012", "05/04/2012"], "date", {"order": "dmy"}),
        ("开始时间", ["2024-03-05 08:30", "2024-03-06 09:00"], "moment", {}),
        ("何时", ["2024年3月5日", "2024-03-06"], "date", {}),
        ("证件号码", ["3801**********1234", "3801**********5678"], "person.id", {"masked": True}),
        ("号码", [citizen(1), citizen(2)], "person.id", {}),
        ("性别", ["男", "女", "1"], "person.sex", {}),
        ("出生日期", ["1957-06-12", "1960年3月"], "person.birth", {}),
        ("出生年月", ["25/03/1957", "05/04/1960"], "person.birth", {"order": "dmy"}),
        ("出生时间", ["21244", "22000"], "person.birth", {"serial": 1900}),
        ("出生地", ["示例县", "样板县"], "text", {}),
        ("date of birth", ["1957-06-12"], "person.birth", {}),
        ("Gender", ["F", "M"], "person.sex", {}),
        ("是否退休", ["是", "否"], "boolean", {}),
        ("项目编码", ["100", "200"], "text", {}),
        ("面积(亩)", ["1.25", "3.5"], "decimal", {"scale": 2}),
        ("人数", ["3", "12"], "integer", {}),
        ("车牌号", ["浙C12345", "浙CD12345"], "plate", {}),
        ("身份证号", ["abc", "def"], "text", {}),
        ("内容", ["甲乙", "丙丁"], "text", {}),
        ("备用", ["", ""], "text", {}),
    ],
)
def test_types_are_found_from_header_and_values(
    tmp_path: Path, country: Country, header: str, values: list[str], type_: str, options: object
) -> None:
    path = tmp_path / "a.csv"
    body = "".join(f"{value},行{i}\n" for i, value in enumerate(values * 10))
    path.write_text(f"{header},名目\n{body}", encoding="utf-8")
    found = profile(path, country)
    guess = found.columns[0]
    assert (guess.type, dict(guess.options)) == (type_, options)
    loads(found, path, tmp_path, country)


def test_whom_a_column_describes(tmp_path: Path, country: Country) -> None:
    header = "身份证号,姓名,曾用名,原身份证号,性别,出生日期,户籍所在县(市、区),企业名称,联系电话,家庭住址"
    rows = [
        f"{citizen(i)},张三,李四,{citizen(i + 7)},男,1957-06-12,青禾市,样板公司,138{i:08},青禾市{i}号"
        for i in range(9)
    ]
    path = tmp_path / "a.csv"
    path.write_text("\n".join([header, *rows]), encoding="utf-8")
    dataset = loads(profile(path, country), path, tmp_path, country)
    assert dataset.described_by("person") == {
        "person.name": ["name", "former_name"],
        "person.sex": ["sex"],
        "person.birth": ["born_on"],
        "region": ["county"],
        "address": ["address"],  # the telephone may be the company's
        "person.id": ["former_number"],
    }


def test_doubts_are_said(tmp_path: Path, country: Country) -> None:
    path = tmp_path / "a.csv"
    path.write_text("身份证号,金额,备用\n" + "x,5.5,\n" * 9, encoding="utf-8")
    found = profile(path, country)
    said = found.to_yaml()
    assert "表头像“公民身份号码”，但多数值读不通" in said
    assert "没写单位" in said
    assert "此列全空" in said
    assert "没有一列能区分各行" in said
    assert found.key == ()
    assert [guess.header for guess in found.unrecognised] == ["身份证号", "备用"]


def awkward_xlsx(path: Path) -> None:
    book = xlsxwriter.Workbook(path)
    cover = book.add_worksheet("封面")
    cover.write(0, 0, "青禾市财政局")
    sheet = book.add_worksheet("明细")
    sheet.merge_range(0, 0, 0, 4, "补贴发放表")
    sheet.merge_range(1, 0, 2, 0, "姓名")
    sheet.merge_range(1, 1, 1, 2, "合同")
    sheet.merge_range(1, 3, 1, 4, "支付")
    sheet.write_row(2, 1, ["编号", "金额（元）", "日期", "金额（元）"])
    for i in range(30):
        sheet.write_row(3 + i, 0, ["张三", f"c{i}", i * 1.5, "2024-01-01", i])
    sheet.write(33, 0, "注：不含离退休人员")
    book.close()


def awkward_csv(path: Path) -> None:
    path.write_bytes(
        'Firm Name; From ;"备注: 其他\n# 事项";order;1st {x};备注;备注\n'.encode("utf-16")
        + "甲;2024-01-01;x;1;y;;\n".encode("utf-16-le") * 20
    )


def awkward_json(path: Path) -> None:
    path.write_text(
        json.dumps({"ok": True, "data": [{"yes": i, "a.b": {"c-d": "是"}} for i in range(9)]})
    )


def awkward_zip(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("甲/null.csv", "null,true,~\n1,2,x\n2,3,y\n")


@pytest.mark.parametrize(
    ("name", "make"),
    [
        ("awkward.xlsx", awkward_xlsx),
        ("2024 select.csv", awkward_csv),
        ("名单.json", awkward_json),
        ("a.zip", awkward_zip),
    ],
)
def test_the_proposal_of_an_awkward_file_loads_the_file(
    tmp_path: Path, country: Country, name: str, make: object
) -> None:
    path = tmp_path / name
    assert callable(make)
    make(path)
    found = profile(path, country)
    try:
        loads(found, path, tmp_path, country)
    except UnreadableCellError as error:
        pytest.fail(f"a column said to be sure does not read: {error.reason}")


def test_a_column_without_a_header_is_pointed_out(tmp_path: Path, country: Country) -> None:
    path = tmp_path / "a.csv"
    path.write_text("姓名,,金额\n" + "张三,x,1\n" * 5, encoding="utf-8")
    assert "第 B 列有内容却没有表头" in profile(path, country).to_yaml()


def test_misfits_are_pointed_out(tmp_path: Path, country: Country) -> None:
    path = tmp_path / "a.csv"
    path.write_text("姓名,金额\n" + "张三,1\n" * 5 + "李四\n", encoding="utf-8")
    assert "例如第 7 行" in profile(path, country).to_yaml()


def test_a_file_without_a_table(tmp_path: Path, country: Country) -> None:
    path = tmp_path / "a.xlsx"
    xlsxwriter.Workbook(path).close()
    with pytest.raises(DeliveryError, match="no table"):
        profile(path, country)
