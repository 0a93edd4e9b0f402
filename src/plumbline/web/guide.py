"""What each role does here, told by somebody who knows the work: hints of the first visit, and the help page."""

from __future__ import annotations

from dataclasses import dataclass

from plumbline.bilingual import say
from plumbline.org.models import ADMINISTRATORS, UNIT_ROLES, Role


@dataclass(frozen=True)
class Step:
    """One thing to do, and where: the name of an address, and what follows it."""

    title: str
    text: str
    place: str
    query: str = ""


@dataclass(frozen=True)
class Part:
    """What somebody of a role does, in the order in which they do it."""

    role: Role
    what: str
    steps: tuple[Step, ...]


_TODAY = Step(
    say("先看“今日”", "Begin with today"),
    say("四个数字都能点开，点开就是对应的那几件。超期的排在最前。",
        "Each figure opens the very rows behind it. What is overdue comes first."),
    "home",
)  # fmt: skip

PARTS: dict[Role, Part] = {
    part.role: part
    for part in (
        Part(Role.DISPATCHER, say("把预警分给该办的机构", "You send each warning to the body that should work it"), (
            _TODAY,
            Step(say("分办", "Dispatch"), say("系统按干部管理权限、行业和属地提出承办机构，您可以改派，也可以请几家联合办理。涉及单位负责人的不会派给他本人主管的机构。",
                 "A body is proposed by staff authority, sector and place. You may choose another, or several. What concerns the head of a unit never goes to their own."), "disposal:list", "tab=raised"),
            Step(say("被退回的", "What was declined"), say("退回的不再自动派发，请看退回理由后人工分办。", "It is not sent again by rule: read why, and send it by hand."), "disposal:list", "tab=raised"),
        )),
        Part(Role.OFFICE_HEAD, say("签收、指定两名核查人、审核报告", "You sign, name the two who verify, and review their report"), (
            _TODAY,
            Step(say("签收", "Sign"), say("可以勾选多件一起签收，签不了的会说明原因。签收后开始计算核查期限。", "Tick several and sign at once; what cannot be signed says why. From then the time for verifying runs."), "disposal:list", "tab=dispatched"),
            Step(say("指定核查人", "Name verifiers"), say("每件两人。核查人和他的代理人以后不能审核本件。", "Two for each. Whoever verified, or stands in for who did, never reviews it."), "disposal:list", "tab=working"),
            Step(say("审核", "Review"), say("先看核查步骤是否做完、是否听取了本人或单位的说明，再决定同意还是退回。", "See that the check was done and the person or unit was heard, then approve or send back."), "disposal:list", "tab=reported"),
        )),
        Part(Role.VERIFIER, say("核实证据，写明认定", "You verify the evidence and write down what you found"), (
            _TODAY,
            Step(say("先读证据", "Read the evidence first"), say("并排列出各部门的登记，相同的标“一致”，不同的标“不一致”，每一格注明来自哪个文件的第几行。预警不是结论：先排除“常见的正当解释”。",
                 "The registers stand side by side; what agrees and differs is marked, and each cell names its file and line. A warning is no verdict: rule out the usual innocent explanations first."), "disposal:list", "tab=mine"),
            Step(say("需要看原值时", "When you need the value itself"), say("号码和姓名默认脱敏。选择要看的栏目、写明用途和案卷号，可以看三十分钟，审计管理员能看到这次查看。", "Numbers and names are masked. Choose the columns, say what for and which file: you see them for half an hour, and the auditor sees that you did."), "disposal:list", "tab=mine"),
            Step(say("逐项核查，两人签字", "Step by step, and both sign"), say("做不了的步骤写明理由。认定违纪违法前须听取本人或单位的说明。两人都签字后才能提交。", "A step that cannot be done says why. Before a breach is found, the person or unit is heard. Both sign before it is reported."), "disposal:list", "tab=mine"),
        )),
        Part(Role.STANDING_MEMBER, say("审核报告，听取说明，决定处置", "You review reports and decide what becomes of leads"), (
            _TODAY,
            Step(say("轮到您审核的", "Your turn to review"), say("黄色预警到您这一级，红色预警还要报书记。", "Yellow warnings end with you; red ones go on to the secretary."), "disposal:list", "tab=mine"),
            Step(say("问题线索", "Leads"), say("核查中发现的线索由案件管理部门统一登记，处置方式由您审批。", "Case management enters what was found; how it is disposed of is yours to approve."), "disposal:leads"),
        )),
        Part(Role.SECRETARY, say("审批红色预警，推动制度整改", "You decide on red warnings and see that rules are mended"), (
            _TODAY,
            Step(say("红色预警", "Red warnings"), say("室主任和常委同意后到您。", "They come to you after the head and the standing member."), "disposal:list", "tab=mine&level=red"),
            Step(say("治理问题", "Problems"), say("同类预警反复出现时，看是哪条规定、哪个环节没有管住。", "Where warnings of a kind come again, see which rule or step does not hold."), "closure:problems"),
        )),
        Part(Role.CASE_MANAGER, say("统一接收、登记问题线索", "You receive and enter leads"), (
            Step(say("接收线索", "Receive leads"), say("核查中转来的线索在这里登记编号，交承办机构。", "What verifiers pass on is numbered here and given to a body."), "disposal:leads"),
            Step(say("四种处置方式的期限", "Deadlines of the four ways"), say("谈话函询、初步核实、暂存待查、予以了结，各有期限，到期前会提醒。", "Each way of disposal has its time, and you are reminded."), "disposal:leads"),
        )),
        Part(Role.CLARIFIER, say("为受到不实反映的人澄清", "You see that whoever was cleared is told so"), (
            Step(say("澄清", "Clarify"), say("查明不属实的，经审批后制作澄清函，登记在什么范围、以什么方式澄清。", "What proved untrue is told in a letter, once approved; enter how and before whom."), "disposal:clarifications"),
        )),
        Part(Role.MODEL_AUTHOR, say("编写和试运行监督模型", "You write models and try them"), (
            Step(say("看模型查得准不准", "See how often a model is right"), say("每个模型都有查实率。误报多的要改条件或补例外。", "Each has its share of confirmed warnings. Mend the condition or name the exception where many were untrue."), "supervision:list"),
        )),
        Part(Role.CLAUSE_REVIEWER, say("核对模型依据的条款是否现行有效", "You check that the clause is in force"), (
            Step(say("依据", "The line"), say("每个模型写明依据的法规条款和有效期间。", "Each model names law, clause and when it holds."), "supervision:list"),
        )),
        Part(Role.MODEL_APPROVER, say("批准模型正式启用", "You approve that a model goes live"), (
            Step(say("批准前看样本", "Look at the sample"), say("编写人不能批准自己的模型。先看试运行结果和抽样核查。", "Its author cannot approve it. See the trial and the verified sample first."), "supervision:list"),
        )),
        Part(Role.DATA_MANAGER, say("管好各部门报送的数据", "You look after what departments deliver"), (
            Step(say("隔离的行", "Rows set aside"), say("不合格的行不会丢，也不会被猜测补全：写明文件、行、列和原因，退回部门更正。", "A faulty row is neither lost nor guessed: it says file, line, column and why, and goes back."), "delivery:list"),
            Step(say("数据疑问", "Data errors"), say("核查发现的数据错误自动转给报送部门。", "Faults that verifiers find go to the department."), "delivery:tickets"),
        )),
        Part(Role.DATA_PROVIDER, say("报送数据，答复数据疑问", "You deliver data and answer for it"), (
            Step(say("报送", "Deliver"), say("表格照原样上传，不必改格式。", "Upload the table as it is."), "delivery:list"),
            Step(say("答复疑问", "Answer"), say("核对后更正，或说明数据无误。", "Mend it, or say that it is right."), "delivery:tickets"),
        )),
        Part(Role.UNIT_CONTACT, say("代表单位说明情况、反馈整改", "You answer for your unit and report what was mended"), (
            Step(say("答复", "Answer"), say("如实说明情况，可以附文件。您看到的是问题，看不到预警本身和举报人。", "Say what was; files may go with it. You see the question, not the warning."), "disposal:requests"),
            Step(say("整改", "Rectify"), say("写明已做什么、还差什么，附上凭证。", "Say what was done and what is missing, with proof."), "closure:rectifications"),
        )),
        Part(Role.STATISTICIAN, say("汇总数字", "You report figures"), (
            Step(say("数字从哪里来", "Where figures come from"), say("每个数字都能点开到对应的行。您看不到个案中的人。", "Each opens the rows behind it. You see nobody by name."), "home"),
        )),
        Part(Role.SYSTEM_ADMIN, say("管理单位、机构和账号", "You keep units, bodies and accounts"), (
            Step(say("账号", "Accounts"), say("您建账号，角色由安全管理员授予；两者分开。您看不到任何预警。", "You make accounts; the security administrator gives roles. You see no warning."), "org:users"),
        )),
        Part(Role.SECURITY_ADMIN, say("授予和收回角色", "You give and withdraw roles"), (
            Step(say("授权", "Grants"), say("角色有起止日期，到期自动失效。", "A role has its first and last day."), "org:users"),
        )),
        Part(Role.AUDIT_ADMIN, say("查看谁做了什么、谁看了谁", "You see who did what, and who looked at whom"), (
            Step(say("留痕", "Trail"), say("每一步操作都在这里，封存后改动会被发现。", "Every act is here, and a change to a sealed one is found."), "audit"),
            Step(say("查看个人信息", "Readings"), say("谁在什么时候、为什么看过哪些栏目；同一人短时间内看得过多的会标出来。", "Who saw which columns, when and what for; unusually many are marked."), "readings"),
        )),
    )
}  # fmt: skip
#: In the order in which the help page tells of them.
ORDER = (
    *(role for role in Role if role not in (*ADMINISTRATORS, *UNIT_ROLES)),
    *UNIT_ROLES,
    *ADMINISTRATORS,
)
