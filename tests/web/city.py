"""One of every thing that a page of the workbench shows, made by the acts that make it."""

from __future__ import annotations

from datetime import date
from io import BytesIO
from pathlib import Path
from typing import Any

from plumbline.engine import Workspace
from plumbline.loop.closure.actions.mechanism import record_mechanism
from plumbline.loop.delivery.actions import Asked, ask, store_upload
from plumbline.loop.delivery.models import DataErrorTicket, Delivery, Upload
from plumbline.loop.disposal.actions import clarify, money
from plumbline.loop.disposal.actions.authority import place_leaders
from plumbline.loop.disposal.actions.document import attach
from plumbline.loop.disposal.actions.lead import Told, enter
from plumbline.loop.disposal.actions.request import ask_data
from plumbline.loop.disposal.actions.saved import save_view
from plumbline.loop.disposal.exporting import actions as exporting
from plumbline.loop.disposal.exporting.models import Form
from plumbline.loop.disposal.models import Clarification, Finding, Lead, Posting
from plumbline.loop.disposal.queries.inbox import Wanted
from plumbline.loop.supervision import actions as supervision
from plumbline.loop.supervision.identity import actions as identity
from plumbline.loop.supervision.identity.models import Verdict
from plumbline.loop.supervision.intake import shown
from plumbline.loop.supervision.models import ModelVersion, State
from plumbline.loop.warning.models import Intake
from plumbline.loop.warning.runs import actions as runs
from plumbline.org.models import Grant, Kin, Oversight
from plumbline.web.cockpit.actions import set_up_screen
from plumbline.web.programs.actions import issue
from plumbline.web.programs.models import Scope, Subscription
from tests import people
from tests.loop.closure import after
from tests.loop.disposal import warned
from tests.people import NOW, TODAY


def world(folder: Path) -> Any:
    """An empty workspace in `folder`, and the cast, with `keys`: by address name what its path is made of."""
    model = Workspace.create(folder).model("honour-despite-offence")
    cast = people.cast()
    case = warned.verifying(warned.disposal(cast), cast)
    document = attach(case, "记录.txt", BytesIO("谈话记录".encode()), by=cast.li, at=NOW)
    asked = ask_data(case, cast.industry, "请提供办法", by=cast.li, at=NOW)
    due = money.Sum(100_00, document, "receipt-1")
    money.post(case, Posting.Kind.DUE, due, by=cast.li, at=NOW)
    off = money.Sum(10_00, document, "receipt-2", reason="已破产")
    write_off = money.propose_write_off(case, off, by=cast.li, at=NOW)
    export = exporting.ask(
        exporting.Asked(Wanted(tab="all"), "tab=all", Form.XLSX, in_clear=True, purpose="报送会议", case="7号"), by=cast.li, at=NOW
    )  # fmt: skip
    refuted = warned.closed(warned.disposal(cast), cast, Finding.RIGHT_PERSON, Finding.UNTRUE)
    clarification = clarify.propose(
        refuted,
        Clarification.Ground.REFUTED,
        "不属实",
        by=cast.clarifier,
        at=NOW,
        requested_on=TODAY,
    )
    lead = enter(Told("线索", "内容"), Lead.Origin.LETTER, body=cast.office, by=cast.keeper, at=NOW)
    ticket = ask(
        Asked(key="disposal:1:1", origin=DataErrorTicket.Origin.DISPOSAL, dataset="benefit_payments",
              question="请核对", unit=cast.civil, rows=["benefit_payments:1-1"], body=cast.office),
        by=cast.li, at=NOW,
    )  # fmt: skip
    held = Delivery.objects.create(
        batch="benefit_payments-2026-02-28-00000000", dataset="benefit_payments", title="低保发放",
        unit=cast.civil, status=Delivery.Status.HELD, source="低保.csv", sha256="0" * 64, as_of=TODAY,
        received_at=NOW, rows=9, loaded=0, quarantined=1, held=[["行数太少", "too few rows"]],
    )  # fmt: skip
    sample = store_upload(
        "", None, kind=Upload.Kind.SAMPLE, name="样表.csv", file="samples/0/样表.csv", sha256="1" * 64,
        size=1, by=cast.data, at=NOW,
    )  # fmt: skip
    judged = identity.judge(
        identity.Judged("honours:1-0:person", "offences:1-0:person", "王*", frozenset()),
        Verdict.SAME, by=cast.data, at=NOW, reason="查过档案",
    )  # fmt: skip
    Intake.objects.get_or_create(
        run=1, defaults={"at": NOW, "as_of": TODAY, "raised": 1, "changed": 0, "withdrawn": 0}
    )
    asked_for = runs.ask(by=cast.data, at=NOW, reason="补报了名单")
    version = ModelVersion.objects.create(
        model="honour-despite-offence", version=1, fingerprint="f", title="模型", state=State.TRIAL,
        shown=shown(model), author=cast.author, cases_passed_at=NOW, cases=5, tried_in=1,
        tried_found=3, recorded_at=NOW,
    )  # fmt: skip
    exception = supervision.except_subject(
        supervision.Excepting("honour-despite-offence", case.warning.key, "", "王某某", date(2026, 12, 1),
                              date(2027, 3, 1)),
        by=cast.head, at=NOW, reason="已获准",
    )  # fmt: skip
    problem = after.accepted(cast)
    campaign = after.campaign(cast, problem)
    letter = after.sent(after.letter(cast, problem), cast)
    duty = after.asked(cast, letter)
    mechanism = record_mechanism(
        problem, title="办法", document="〔2026〕1号", after="五年内无处罚", in_force_from=date(2026, 1, 1),
        body=cast.office, units=[cast.industry], by=cast.head, at=NOW,
    )  # fmt: skip
    screen, _ = set_up_screen("大厅", date(2026, 6, 1), by=cast.head, at=NOW)
    token, _ = issue("程序", [Scope.FIGURES], date(2026, 12, 1), by=cast.head, at=NOW)
    subscription = Subscription.objects.create(user=cast.head, name="大平台", address="https://oa.example/",
                                               nouns=["disposal"], salt="s", made_at=NOW)  # fmt: skip
    kin = Kin.objects.create(user=cast.li, relation="配偶", person="k" * 64)
    grant = Grant.objects.filter(user=cast.li).get()
    oversight = Oversight.objects.order_by("pk").first()
    assert oversight is not None
    view = save_view("超期的", "tab=mine&due=over", by=cast.head, at=NOW)
    placed = place_leaders(cast.group, cast.industry, by=cast.sysadmin, at=NOW, starts_on=TODAY)
    own, account, warning = {"pk": case.pk}, {"pk": cast.li.pk}, {"pk": case.warning_id}
    cast.case, cast.keys = case, {
        "programs:withdraw": {"pk": token.pk},
        "programs:end": {"pk": subscription.pk},
        "org:unit": {"pk": cast.industry.pk},
        **dict.fromkeys(("org:user", "org:set_person", "org:renew_password", "org:deactivate", "org:readmit",
             "org:renew_second_factor", "org:grant"), account),
        "org:end_oversight": {"pk": oversight.pk},
        "disposal:end_authority": {"pk": placed.pk},
        "org:withdraw_grant": {"pk": grant.pk},
        "org:withdraw_kin": {"pk": kin.pk},
        "withdraw_delegation": {"pk": 1},
        "account_open": {"number": "x", "token": "y"},
        **dict.fromkeys(("warning:page", "warning:why", "warning:read", "warning:except"), warning),
        **dict.fromkeys(("disposal:page", "disposal:read", "disposal:money", "disposal:letter"), own),
        "disposal:forget_view": {"pk": view.pk},
        "disposal:act": own | {"action": "note"},
        "disposal:money_act": own | {"action": "recovered"},
        "disposal:file": own | {"document_pk": document.pk},
        "disposal:clarify": {"pk": refuted.pk},
        "disposal:request": {"pk": asked.pk},
        "disposal:handed_in": {"pk": asked.pk, "document_pk": document.pk},
        "disposal:lead": {"pk": lead.pk},
        "disposal:lead_informant": {"pk": lead.pk},
        "disposal:lead_act": {"pk": lead.pk, "action": "dispose"},
        "disposal:lead_receive": {"pk": refuted.pk},
        "disposal:clarification": {"pk": clarification.pk},
        "disposal:clarification_act": {"pk": clarification.pk, "action": "approve"},
        "disposal:clarification_letter": {"pk": clarification.pk, "ending": "pdf"},
        "disposal:write_off": {"pk": write_off.pk, "decision": "approve"},
        "delivery:accept": {"pk": held.pk},
        "delivery:dataset": {"name": "benefit_payments"},
        "delivery:mapping": {"pk": sample.pk},
        "delivery:discard": {"pk": sample.pk},
        "delivery:quarantine": {"dataset": "benefit_payments"},
        "identity:judgement": {"pk": judged.pk},
        "identity:withdraw": {"pk": judged.pk},
        **{name: {"pk": export.pk} for name in ("export:page", "export:take")},
        "export:act": {"pk": export.pk, "action": "approve"},
        "runs:run": {"number": 1},
        "runs:accept": {"number": 1, "model": "honour-despite-offence"},
        "runs:request": {"pk": asked_for.pk},
        "delivery:ticket": {"pk": ticket.pk},
        "delivery:rows": {"pk": ticket.pk},
        "delivery:act": {"pk": ticket.pk, "action": "answer"},
        **{name: {"pk": version.pk} for name in ("supervision:page", "supervision:cases", "supervision:try")},
        "supervision:differences": {"pk": version.pk, "other": version.pk},
        "cockpit:model": {"name": version.model},
        "supervision:act": {"pk": version.pk, "name": "promote"},
        "supervision:sample": {"pk": 1},
        "supervision:decide": {"pk": exception.pk, "name": "approve"},
        "cockpit:rows": {"name": "raised"},
        "cockpit:end_screen": {"pk": screen.pk},
        "cockpit:wall": {"secret": "x"},
        "closure:problem": {"pk": problem.pk},
        "closure:campaign": {"pk": campaign.pk},
        "closure:recommendation": {"pk": letter.pk},
        "closure:rectification": {"pk": duty.pk},
        "closure:mechanism": {"pk": mechanism.pk},
        "closure:disposal": {"pk": refuted.pk},
        "closure:file": {"pk": letter.attachments.order_by("pk")[0].pk},
        "closure:act": {"noun": "problem", "pk": problem.pk, "action": "solve"},
    }  # fmt: skip
    return cast
