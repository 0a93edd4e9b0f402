"""Words in headers: what a column may be called in English, and what it may hold."""

from __future__ import annotations

import re
from collections import Counter

#: Words in a header: the column's name in English, and the type they hint at. First match holds.
_CHINESE: tuple[tuple[str, str, str], ...] = (
    ("曾用名|别名", "former_name", "person.name"),
    ("统一社会信用代码|信用代码|组织机构代码|单位代码|企业代码|供应商代码|采购人代码", "org_code", "org.code"),
    ("护照", "passport", "text"),
    ("(曾用|原).{0,4}(身份证|证件)号", "former_number", "person.id"),
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
    ("出生地", "birthplace", "text"),
    ("出生", "born_on", "person.birth"),
    ("签订日期|签订时间", "signed_on", "date"),
    ("登记日期|注册日期|成立日期", "registered_on", "date"),
    ("发放日期|支付日期|付款日期|缴款日期|发放时间", "paid_on", "date"),
    ("所属月份|所属期|月份|年月", "month", "date"),
    ("^年度$|年份|年度$", "year", "date"),
    ("日期|时间|年月日", "date", "date"),
    ("性别", "sex", "person.sex"),
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
    (r"\bdob\b|\b(date of birth|birth ?da(te|y))\b", "person.birth"),
    (r"\b(sex|gender)\b", "person.sex"),
    (r"\bdate\b|\bon$|\bfrom$|\b(un)?til$|startdate|enddate|datesigned", "date"),
    (r"\bphone|\btel(ephone)?\b|\bmobile\b", "phone"),
    (r"\baddress\b", "address"),
    (r"\b(firm|company|organi[sz]ation|supplier|vendor|buyer|entity)[ ._]name\b", "org.name"),
)

COUNTER = re.compile(r"序号|编号|no\.?|#|行号", re.IGNORECASE)
KEY = re.compile(
    r"流水|编号|编码|单号|证号|号码|身份证|信用代码|\bid\b|\bno\b|number|code", re.IGNORECASE
)
UNIT = re.compile(r"(百万元|十万元|千万元|亿元|万元|千元|百元|元|分)(?=\s*[/／,，)）\]】]|$)")
#: Allowed, but a reader of the model would stumble over them.
_RESERVED = frozenset(
    "all and any as asc between by case cast column create cross date default delete desc distinct "
    "drop else end except exists false for from full group having in inner insert into is join key "
    "left like limit not null on or order outer references right row rows select set table then "
    "time timestamp to true union unique update user using values when where with year month day".split()
)


class Names:
    """English names for headers, none given twice."""

    def __init__(self) -> None:
        self._given: Counter[str] = Counter()

    def give(self, wish: str) -> str:
        self._given[wish] += 1
        count = self._given[wish]
        return wish if count == 1 else self.give(f"{wish}_{count}")


def slug(text: str) -> str:
    """An identifier from the ASCII words of `text`; "" where it has none."""
    if re.search(r"[^\x00-\x7f]", text):
        return ""
    spaced = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", text)
    found = re.sub(r"[^a-z0-9]+", "_", spaced.lower()).strip("_")
    return f"col_{found}" if found and (found[0].isdigit() or found in _RESERVED) else found


def hint(header: str) -> tuple[str, str | None]:
    """The name and the type that the words of a header suggest."""
    for words, name, type_ in _CHINESE:
        if re.search(words, header):
            return name, type_
    words_ = slug(header)
    spaced = words_.replace("_", " ")
    return words_, next((type_ for words, type_ in _ENGLISH if re.search(words, spaced)), None)
