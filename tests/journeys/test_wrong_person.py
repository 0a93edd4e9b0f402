"""A warning about somebody who lives: it is taken back for good, and he gets a letter that says so."""

from __future__ import annotations

import pypdfium2
import pytest

from tests.journeys import casework
from tests.journeys.desk import Desks
from tests.journeys.office import Office
from tests.journeys.registers import late

HE = late("孙怀仁")


@pytest.mark.usefixtures("chinese_font")
def test_whoever_was_taken_for_another_is_told_so(office: Office, desk: Desks) -> None:
    case = casework.taken_on(desk, HE)
    casework.checked(desk, case)

    # The crematorium wrote a wrong number: the row is about somebody else.
    li = desk("li").go(case)
    row = "死亡人口信息 · 火化2025-12-31.csv:2"
    li.act("添加认定", {"认定": "认错了人", "说明": "火化登记错号，本人健在", row: True})
    casework.reported(desk, case, "认错了人：登记的死者是他人")
    casework.approved(desk, case, "head", "standing").reads("已办结", "认错了人")

    # The worker tells the engine; with the next collision the warning has no ground any more.
    office.comes("plumbline.loop.disposal.tasks.carry_out")
    office.comes("plumbline.web.tasks.night")
    desk("li").go(case).reads("证据不再成立", "不是同一人").picture("withdrawn")

    # One proposes the letter, another agrees, and it is written with his name, which stands nowhere else.
    clarifier = desk("clarifier").turn_to("澄清").open(HE)
    clarifier.act(
        "提出", {"事由": "认错了人", "核查情况": "火化登记的证件号码填写有误，与您无关。"}
    )
    clarifier.reads("待审批")
    desk("standing").turn_to("澄清").open(HE).act("同意", {"发文字号": "澜纪澄〔2026〕1号"})
    clarifier.turn_to("澄清").open(HE)
    clarifier.act("制作澄清函", {"本人姓名": "孙怀仁"}).misses("孙怀仁").picture("clarification")

    letter = pypdfium2.PdfDocument(clarifier.take_away("PDF"))
    said = "".join(page.get_textpage().get_text_bounded() for page in letter)
    letter.close()
    for words in ("澜纪澄〔2026〕1号", "孙怀仁同志", "登记的证件号码填写有误", "与你无关"):
        assert words in said.replace("\r\n", "")
