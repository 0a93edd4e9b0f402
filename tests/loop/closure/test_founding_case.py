"""The case the system was built after, from the closed disposal to the rule, the platform and a new model.

王某某 was convicted in 2012 and made a master of crafts in 2015. Nobody who checked the application did
wrong; but "遵纪守法" said nothing that could be checked, and no level had the data. So the clause is made
clear, the bureau builds a platform, and from the new clause a model is written that raises 21 red warnings.
Everything here is real: registers, runs, both models, all acts and who did them.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from plumbline.engine import workspace
from plumbline.kit.clock.queries import running
from plumbline.loop.closure import intake
from plumbline.loop.closure.actions.mechanism import new_model_from, record_mechanism
from plumbline.loop.closure.actions.rectification import (
    accept_rectification,
    ask_rectification,
    look_back,
    report_rectification,
)
from plumbline.loop.closure.models import GovernanceProblem, Mechanism
from plumbline.loop.closure.queries.effect import Share, effect
from plumbline.loop.closure.queries.figures import figures
from plumbline.loop.disposal.actions.dispatch import dispatch_by_rule, sign_for
from plumbline.loop.disposal.actions.review import approve
from plumbline.loop.disposal.actions.verify import assign_verifiers, do_step, find, report
from plumbline.loop.disposal.intake import open_new
from plumbline.loop.disposal.models import Disposal, Finding
from plumbline.loop.supervision.actions import promote, propose, try_out
from plumbline.loop.supervision.intake import check, take_in_catalog
from plumbline.loop.supervision.models import ModelVersion
from plumbline.loop.warning.intake import collide_and_take_in
from plumbline.loop.warning.models import EarlyWarning
from plumbline.trail.models import Entry
from tests.engine.collision.town import Town, honour, number, offence
from tests.loop.disposal import warned
from tests.loop.warning.town import write_cases
from tests.people import NOW, TODAY

OLD, NEW = "honour-despite-offence", "honour-despite-record"
DAY = timedelta(days=1)
OLD_CLAUSE, NEW_CLAUSE = "第三条第(一)项", "第三条第(一)项（修订）"
LAW = "工艺美术大师评审管理办法"


@pytest.fixture
def town(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, settings: Any) -> Town:
    """王's honour and conviction alone, under the rule as it was."""
    monkeypatch.setattr(workspace, "packaged_catalog", lambda: tmp_path / "none")
    settings.WORKSPACE = tmp_path / "town"
    made = Town(settings.WORKSPACE)
    made.model(
        OLD, line={"says": {"zh": "遵纪守法"}, "basis": [{"law": LAW, "clause": OLD_CLAUSE}]}
    )
    write_cases(made, OLD)
    bureau = {"by": "澜州市经济和信息化局"}
    made.deliver("honours", [honour("1", **bureau), honour("2", number(2), "李六", **bureau)])
    made.deliver("offences", [offence("a")])
    return made


def go_live(town: Town, cast: Any, model: str, at: Any) -> None:
    """Tried out by its author, asked for, approved by another."""
    of = town.now
    take_in_catalog(of, at=at)
    version = ModelVersion.objects.get(model=model, current=True)
    try_out(version, check(of, model), by=cast.author, at=at)
    propose(version, by=cast.author, at=at, reason="试点单位已核对", without_samples=True)
    promote(version, by=cast.approver, at=at)


def refuted(cast: Any) -> Disposal:
    """The one red warning, verified jointly (室组联动): no breach, but the rule and its control are wanting."""
    (case,) = Disposal.objects.all()
    assert case.warning.level == "red"
    dispatch_by_rule(case, at=NOW)
    assert (case.body, list(case.joint.all())) == (cast.group, [cast.office])
    sign_for(case, by=cast.group_head, at=NOW)
    assign_verifiers(case, [cast.wang, cast.li], by=cast.group_head, at=NOW)
    for step in case.steps.all():
        do_step(case, step, by=cast.wang, at=NOW, finding="已核对")
    find(case, Finding.RIGHT_PERSON, by=cast.wang, at=NOW)
    find(case, Finding.UNTRUE, by=cast.li, at=NOW, note="未发现审核把关不严")
    find(case, Finding.NOBODY, by=cast.li, at=NOW)
    find(case, Finding.CLAUSE_UNCLEAR, by=cast.li, at=NOW, note="“遵纪守法”没有可核对的标准")
    find(case, Finding.CONTROL_MISSING, by=cast.li, at=NOW, note="各级均不查询记录，存在审核盲区")
    warned.sign(case, cast.wang)
    warned.sign(case, cast.li)
    report(case, by=cast.wang, at=NOW, summary="未发现违纪违法；制度存在漏洞")
    for reviewer in (cast.group_head, cast.standing, cast.secretary):
        approve(case, 1, by=reviewer, at=NOW)
    return case


def test_a_refuted_warning_changes_a_rule_builds_a_platform_and_raises_21_others(
    cast: Any, town: Town
) -> None:
    go_live(town, cast, OLD, NOW)
    collide_and_take_in(town.folder, at=NOW)
    assert open_new(at=NOW) == 1
    case = refuted(cast)

    # One case is no regional problem yet: the system proposes none, and the case goes on by itself.
    assert intake.propose(at=NOW) == []
    assert not GovernanceProblem.objects.exists()

    # The clause is made clear, together with the resident group (室组地).
    rule = record_mechanism(
        case, title="评审资格条件", document="澜经信〔2026〕12号", clause=NEW_CLAUSE,
        before="遵纪守法。", after="无刑事处罚、行政处罚、党纪政务处分。", in_force_from=date(2026, 3, 20),
        body=cast.group, model=OLD, units=[cast.industry], by=cast.group_head, at=NOW + DAY,
    )  # fmt: skip

    # The bureau builds a platform on which all levels check the same data; the office accepts it.
    duty = ask_rectification(
        case, unit=cast.industry, body=cast.group, what="建立工艺美术数字化管理平台，申报与处罚数据比对",
        ends_on=TODAY + 60 * DAY, by=cast.wang, at=NOW + DAY,
    )  # fmt: skip
    assert running(f"rectification:{duty.pk}").get().kind == "rectify"
    report_rectification(
        duty, text="平台上线，在线申报、全程留痕", by=cast.contact, at=NOW + 40 * DAY
    )
    accept_rectification(
        duty, look_back_on=TODAY + 200 * DAY, by=cast.wang, at=NOW + 41 * DAY, reason="现场核实"
    )
    look_back(duty, held_up=True, text="抽查30件，均已比对", by=cast.wang, at=NOW + 200 * DAY)

    # From the new clause a model is written; it asks the registers about everybody honoured before.
    town.model(
        NEW, line={"says": {"zh": "无刑事处罚、行政处罚、党纪政务处分"},
                   "basis": [{"law": LAW, "clause": NEW_CLAUSE}]}, grade={"red": "otherwise"},
    )  # fmt: skip
    write_cases(town, NEW)
    bureau = {"by": "澜州市经济和信息化局"}
    people = [(number(1), "王五"), (number(2), "李六")] + [
        (number(n), f"{'赵钱孙李周吴郑'[n % 7]}{'甲乙丙丁戊己庚辛'[n % 8]}") for n in range(3, 61)
    ]
    town.deliver(
        "honours",
        [honour(str(n), who, name, **bureau) for n, (who, name) in enumerate(people, 1)],
        "2026-03-31",
    )
    town.deliver(  # beside 王's conviction, which is known
        "offences",
        [
            offence(f"r{n}", *people[n], kind="刑事" if n % 2 else "行政", on="2013-05-01")
            for n in range(1, 21)
        ],
        "2026-03-31",
    )
    go_live(town, cast, NEW, NOW + 201 * DAY)
    collide_and_take_in(town.folder, at=NOW + 201 * DAY)
    new_model_from(rule, NEW, by=cast.author, at=NOW + 201 * DAY)
    raised = EarlyWarning.objects.filter(model=NEW)
    assert (raised.count(), raised.filter(level="red").count()) == (21, 21)

    # Everything hangs together on one page, and every step says who took it.
    client = Client()
    client.force_login(cast.head)
    text = client.get(reverse("closure:mechanism", args=[rule.pk])).content.decode()
    for said in (NEW, '<span class="level red">21</span>', "遵纪守法。", "澜经信〔2026〕12号"):
        assert said in text, said
    actors = Entry.objects.filter(
        subject__in=[f"mechanism:{rule.pk}", f"rectification:{duty.pk}"]
    ).order_by("pk")
    assert list(actors.values_list("action", "actor")) == [
        ("mechanism.recorded", "group_head"), ("rectification.asked", "wang"),
        ("rectification.reported", "contact"), ("rectification.accepted", "wang"),
        ("rectification.looked_back", "wang"), ("mechanism.model_written", "author"),
    ]  # fmt: skip
    told = {f.name: f.value for f in figures(cast.head, TODAY, TODAY + 30 * DAY)}
    assert (told["red_disposed"], told["leads"], told["mechanisms"]) == (1, 0, 1)


def test_the_effect_is_counted_by_the_engine(cast: Any, town: Town) -> None:
    """Before and after the rule, at the bureau and at another one, each honour by its own day."""
    go_live(town, cast, OLD, NOW)
    collide_and_take_in(town.folder, at=NOW)
    open_new(at=NOW)
    rule = record_mechanism(
        refuted(cast), title="评审资格条件", document="澜经信〔2026〕12号", after="无处罚。",
        in_force_from=date(2014, 1, 1), body=cast.group, model=OLD, units=[cast.industry],
        by=cast.group_head, at=NOW,
    )  # fmt: skip
    rows, bad = [], []
    for n in range(160):
        of = cast.industry if n % 2 else cast.civil
        after = n >= 80
        rows.append(honour(
            f"h{n}", number(n + 1), "王五", by=of.name, granted_on="2014-06-01" if after else "2013-06-01"
        ))  # fmt: skip
        if n % 4 < 2 and not (
            after and of == cast.industry
        ):  # half of them, but for the bureau later
            bad.append(offence(f"o{n}", number(n + 1), "王五", on="2012-03-01"))
    rows.append(honour("x", number(500), "王五", by="不知名的单位"))
    town.deliver("honours", rows, "2026-03-31")
    town.deliver("offences", [{**offence("a"), "change": "删除"}, *bad], "2026-03-31")
    collide_and_take_in(town.folder, at=NOW)
    measured = intake.measure(Mechanism.objects.get(pk=rule.pk), by=cast.li, at=NOW)
    found = effect(rule)
    assert found is not None
    assert found.groups == (Share(20, 40), Share(0, 40), Share(20, 40), Share(20, 40))
    assert (measured.unplaced, measured.model, found.verdict) == (1, OLD, "less")
    assert found.difference.estimate == pytest.approx(-0.5)
