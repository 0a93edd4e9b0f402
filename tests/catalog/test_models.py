"""Every model of the catalogue loads, reads well, and does what its cases say."""

from __future__ import annotations

import re

import pytest

from plumbline.engine.backend import Duck
from plumbline.engine.collision.trial import try_cases
from plumbline.engine.line.cases import Cases
from plumbline.engine.line.compile import compile_model
from plumbline.engine.line.model import SupervisionModel

from .conftest import MODELS

#: The order in which a model is read aloud.
ORDER = (
    *("model", "title", "theme", "status", "version", "expires_on", "question", "line"),
    *("supervises", "facts", "same", "shape", "path", "lack", "sum", "duplicate", "outlier", "sql"),
    *("settings", "in_force_on", "flag_when", "leave_out", "cannot_tell_when", "one_warning_per"),
    *("grade", "say", "check", "innocent", "send_to", "expect"),
)

#: Model -> traps named for it in the field guide (A.4), each the words of at least one case.
TRAPS = {
    "unusual-look-ups": "专项行动 另一期 夜间 休息日",
    "honour-despite-offence": "同名 行为在获评之前 交通罚款 封存 撤销 办法出台前 公示",
    "benefit-after-death": "补发 丧葬费 抵扣 户内还有 注销日期 号码登错 八月",
    "pension-in-custody": "按原标准 无罪 上诉 才收监 折抵",
    "dibao-income-over-limit": "平均 刚性支出 新就业",
    "farmland-subsidy-over-area": "流转 承包人 公顷",
    "treatment-after-death": "结算日期不算 来源",
    "treatment-against-sex-or-age": "输尿管镜 无痛 首字母",
    "payroll-without-work": "借调 脱产学习 产假 长病假",
    "own-company-wins-contract": "委派 继承 上市 任职之前 吊销 冒用 科研人员 同名",
    "fuel-beyond-tank": "公用卡 割草机 时钟 容积",
    "invoice-claimed-twice": "冲销 部分报销",
    "split-procurement": "框架 按月 应急 追加 跨年 不含税",
    "barred-supplier": "投标截止之后 解除 分公司 名称相近",
    "unit-price-outlier": "计价单位 年度 运费",
    "rent-overdue": "另一登记账户 延期 立案",
}


@pytest.fixture(params=MODELS, ids=lambda folder: folder.name)
def model(request: pytest.FixtureRequest, models: dict[str, SupervisionModel]) -> SupervisionModel:
    return models[request.param.name]


def test_its_cases_hold(model: SupervisionModel, duck: Duck) -> None:
    outcomes = try_cases(duck, model, Cases(model))
    assert [(o.case.case, o.found) for o in outcomes if not o.passed] == []


def test_all_obligatory_kinds_of_cases_are_there(model: SupervisionModel) -> None:
    assert Cases(model).missing_kinds() == []


def test_every_exception_has_a_case(model: SupervisionModel) -> None:
    """Each leave_out and each cannot_tell_when decides at least one case."""
    declared = model.declared
    named = {item.name for item in (*declared.leave_out, *declared.cannot_tell_when)}
    assert named - {case.expect.by for case in Cases(model)} == set()


def test_every_known_trap_is_a_case(model: SupervisionModel) -> None:
    titles = " ".join(case.case for case in Cases(model))
    assert [trap for trap in TRAPS[model.name].split() if trap not in titles] == []


def test_it_reads_in_one_order(model: SupervisionModel) -> None:
    slots = list(model.document.data)
    assert slots == [slot for slot in ORDER if slot in slots]


def test_it_speaks_both_languages(model: SupervisionModel) -> None:
    declared = model.declared
    words = [declared.title, declared.question, declared.line.says, declared.say]
    words += [item.why for item in declared.leave_out]
    assert all(each.zh and each.en for each in words)
    for lists in (declared.check, declared.innocent):
        assert len(lists.zh) == len(lists.en) >= 2


def test_its_sentence_tells_the_same_in_both_languages(model: SupervisionModel) -> None:
    zh, en = (
        set(re.findall(r"\{[^}]+\}", text))
        for text in (model.declared.say.zh, model.declared.say.en)
    )
    assert zh == en


def test_it_sends_each_level_with_a_deadline(model: SupervisionModel) -> None:
    assert set(model.declared.send_to.report_within) == set(model.declared.grade)


def test_it_compiles_for_spark_too(model: SupervisionModel) -> None:
    assert compile_model(model).in_("spark")


def test_the_founding_case_is_the_articles(models: dict[str, SupervisionModel]) -> None:
    """王某某, an offence in 2012, the title in 2015, only the years known."""
    model = models["honour-despite-offence"]
    cases = Cases(model)
    case = next(iter(cases))
    [honour], [offence] = cases.rows(case)["honour"], cases.rows(case)["offence"]
    assert (honour["name"], honour["title"], honour["granted_on"]) == (
        "王某某",
        "工艺美术大师",
        "2015年",
    )
    assert offence["occurred_on"] == "2012年"
    assert (case.expect.verdict, case.expect.level) == ("flag", "red")
    assert "审核把关不严" in model.declared.say.zh


def test_all_shapes_are_used(models: dict[str, SupervisionModel]) -> None:
    shapes = {model.declared.shape for model in models.values()}
    assert shapes == {"meet", "lack", "sum", "overlap", "path", "duplicate", "outlier", "sql"}


def test_the_traps_listed_here_are_those_of_the_catalogue(
    models: dict[str, SupervisionModel],
) -> None:
    assert set(TRAPS) == set(models)
