"""Whom rows without a full number are about: from delivery to warning, and back by judgement."""

from __future__ import annotations

import shutil
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given
from hypothesis import strategies as st

from plumbline.engine import Workspace
from plumbline.engine.backend import open_duckdb
from plumbline.engine.linkage.identity import identity
from plumbline.errors import RunError
from tests.engine.linkage.office import AT, Office, Row, honour, masked, number, offence
from tests.examples import at_most

MODEL = "honour-despite-offence"


def company_role(person: str, name: str, **more: str) -> Row:
    return {"统一社会信用代码": "91380100MA2A1B021K", "企业名称": "甲市云岫科技有限公司",
            "身份证号": person, "姓名": name, "角色": "法定代表人", **more}  # fmt: skip


OUYANG, WANG, LI, ZHAO, QIAN = (number(order) for order in (11, 13, 15, 17, 19))


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of an office in which every tier is met, collided once."""
    office = Office(tmp_path_factory.mktemp("built") / "office")
    office.deliver(
        "honours",
        [
            honour(OUYANG, "欧阳震华", 联系电话="13812345678"),
            honour(WANG, "王伟"),
            honour(LI, "李秀兰"),
            honour(ZHAO, "赵一鸣"),
            honour(QIAN, "钱多多"),
        ],
    )
    office.deliver(
        "offences",
        [
            offence("C", masked(OUYANG), "歐陽震華", 联系电话="138****5678"),
            offence("D", None, "李秀兰", 性别="男", 出生日期="1985-03-12"),
            offence("E", None, "王伟"),
            offence("A", ZHAO, "赵一鸣"),
            offence("B", QIAN, "孙小小"),
            offence("M", masked(LI), "李某某", 性别="男"),
        ],
    )
    collided(office)
    return office.folder


@pytest.fixture
def office(built: Path, tmp_path: Path) -> Office:
    """A copy of it, to do with as one likes."""
    shutil.copytree(built, tmp_path / "office")
    return Office(tmp_path / "office")


def collided(office: Office) -> Workspace:
    workspace = office.now
    workspace.collide(at=AT, accept={MODEL: "a small office"})
    return workspace


def told(workspace: Workspace, register: str = "warnings") -> dict[str, tuple[str | None, str]]:
    """Subject -> level and tier of the open warnings."""
    found = workspace.warnings(register=register)  # type: ignore[arg-type]
    return {warning.subject: (warning.level, warning.tier) for warning in found}


def row(office: Office, no: str) -> str:
    return office.row("offences", f"document_no = '{no}'")


def test_each_tier_may_do_what_it_may(office: Office) -> None:
    workspace = office.now
    assert told(workspace) == {
        ZHAO: ("red", "A"),
        OUYANG: ("yellow", "C"),  # criminal, but red needs the full number
        LI: ("yellow", "D"),
    }
    assert told(workspace, "questions") == {QIAN: (None, "B")}
    assert told(workspace, "candidates") == {WANG: (None, "E"), LI: (None, "E")}
    for warning in workspace.warnings():
        assert workspace.reproduce(warning.key).same


def test_a_row_says_whom_it_is_about_and_why(office: Office) -> None:
    workspace = office.now
    standing = workspace.who(row(office, "C"))
    (candidate,) = standing.candidates
    assert (candidate.who, candidate.tier, candidate.by) == (OUYANG, "C", "rule")
    assert candidate.why["agrees"] == ["number", "name", "phone"]
    assert candidate.why["fit"] == 1  # numbers of the place that fit the mask
    assert standing.elsewhere == {"honours": 1, "offences": 1}
    weights = {reason.feature.en: reason.weight for reason in candidate.reasons}
    assert weights["name"] > 5


def test_a_row_that_fits_several_is_about_none_of_them(office: Office) -> None:
    twins = [number(order, "19900101") for order in (21, 23)]
    office.deliver("honours", [honour(n, "周家宝") for n in twins])
    office.deliver("offences", [offence("T", None, "周家宝", 性别="男", 出生日期="1990-01-01")])
    workspace = collided(office)
    standing = workspace.who(row(office, "T"))
    assert [(c.who, c.tier) for c in standing.candidates] == [(n, "E") for n in twins]
    assert standing.who is None
    assert not {*twins} & {*told(workspace)}


def test_what_contradicts_is_no_candidate(office: Office) -> None:
    office.deliver(
        "offences",
        [
            offence("X", masked(OUYANG), "欧阳震华", 性别="女", 联系电话="138****5678"),
            offence("Y", masked(WANG), "欧阳震华", 联系电话="138****5678"),
        ],
    )
    workspace = collided(office)
    for no in "XY":
        assert all(
            c.tier == "E" and c.by == "weight" for c in workspace.who(row(office, no)).candidates
        )
    (warning,) = [w for w in workspace.warnings() if w.subject == OUYANG]
    assert {e.fact for e in warning.evidence} == {"honour", "offence"}
    assert len(warning.evidence) == 2


def test_a_mask_of_one_or_two_characters_is_nearly_a_number(office: Office) -> None:
    """With the full name it is enough by itself; of three characters or a hidden name, it is not."""
    office.deliver(
        "offences",
        [
            offence("one", masked(WANG, 17, 0), "王伟"),
            offence("two", masked(WANG, 6, 10), "王伟"),
            offence("three", masked(WANG, 15, 0), "王伟"),
            offence("name", masked(WANG, 17, 0), "王某"),
        ],
    )
    workspace = collided(office)
    found = {}
    for no in ("one", "two", "three", "name"):
        [each] = workspace.who(row(office, no)).candidates
        found[no] = (each.who, each.tier)
    assert found == {
        "one": (WANG, "C"), "two": (WANG, "C"), "three": (WANG, "E"), "name": (WANG, "E"),
    }  # fmt: skip


def test_two_equal_masks_of_a_name_are_no_full_name(office: Office) -> None:
    """A register may hide the name beside a full number; that another hides it alike proves little."""
    hidden = number(51, "19660606")
    office.deliver("company_roles", [company_role(hidden, "冯某某", 联系电话="13911112222")])
    office.deliver("offences", [offence("H", masked(hidden), "冯某某", 联系电话="13911112222")])
    workspace = office.now
    workspace.link(at=AT)
    assert all(c.tier == "E" for c in workspace.who(row(office, "H")).candidates)


def test_somebody_whom_no_register_knows_is_one_person_by_name_birth_and_sex(
    office: Office,
) -> None:
    office.deliver("honours", [{**honour(None, "吴不凡"), "性别": "女", "出生日期": "1970-02-03"}])
    office.deliver("offences", [offence("S", None, "吴不凡", 性别="女", 出生日期="1970-02-03")])
    workspace = collided(office)
    (warning,) = [w for w in workspace.warnings() if w.subject.startswith("~")]
    assert (warning.level, warning.tier) == ("yellow", "D")
    assert workspace.reproduce(warning.key).same
    assert [j.verdict for j in workspace.explain(warning).judged] == ["flag"]


class TestJudgements:
    def test_same_makes_a_warning_but_never_a_red_one(self, office: Office) -> None:
        workspace = office.now
        done = workspace.judge(row(office, "E"), "same", WANG, at=AT, by="甲", why="核对了户籍")
        assert done.run is not None
        assert done.run.changes["warnings"]["raised"] == 1
        assert told(workspace)[WANG] == ("yellow", "C")
        (warning,) = [w for w in workspace.warnings() if w.subject == WANG]
        (because,) = warning.change["who"]
        assert because["because"] == {"judgements": [1], "datasets": []}
        assert because["after"]["who"] == WANG

    def test_different_withdraws_what_rested_on_it_in_every_model(self, office: Office) -> None:
        workspace = office.now
        done = workspace.judge(
            row(office, "C"), "different", OUYANG, at=AT, by="甲", why="不是同一人"
        )
        assert done.run is not None
        assert done.run.changes["warnings"]["withdrawn"] == 1
        assert OUYANG not in told(workspace)
        assert workspace.who(row(office, "C")).candidates == ()
        workspace.link(at=AT, full=True)  # outranks every rerun
        assert workspace.who(row(office, "C")).candidates == ()

    def test_it_holds_when_the_row_is_delivered_again(self, office: Office) -> None:
        workspace = office.now
        workspace.judge(row(office, "C"), "different", OUYANG, at=AT, by="甲", why="不是同一人")
        office.deliver(
            "offences",
            [offence("C", masked(OUYANG), "欧阳震华", 联系电话="138****5678", 案由="诈骗罪")],
        )
        workspace = collided(office)
        assert OUYANG not in told(workspace)

    def test_withdrawn_it_is_as_if_it_had_not_been(self, office: Office) -> None:
        workspace = office.now
        before = told(workspace)
        workspace.judge(row(office, "C"), "different", OUYANG, at=AT, by="甲", why="不是同一人")
        workspace.withdraw(1, at=AT, by="乙", why="看错了卷宗")
        assert told(workspace) == before
        (judgement,) = workspace.judgements()
        assert judgement.withdrawn == (AT.isoformat(timespec="seconds"), "乙", "看错了卷宗")
        made_and_broken = [(c.before["who"], c.after["who"]) for c in workspace.history()]
        assert made_and_broken == [(OUYANG, None), (None, OUYANG)]

    def test_a_row_with_its_own_number_can_be_about_somebody_else(self, office: Office) -> None:
        workspace = office.now
        workspace.judge(row(office, "A"), "different", ZHAO, at=AT, by="甲", why="登记时选错了人")
        assert ZHAO not in told(workspace)
        assert workspace.who(row(office, "A")).who not in (None, ZHAO)

    def test_a_name_may_be_judged_to_be_borne_under_the_number(self, office: Office) -> None:
        workspace = office.now
        workspace.judge(row(office, "B"), "same", QIAN, at=AT, by="甲", why="户籍载明曾用名")
        assert told(workspace)[QIAN] == ("red", "A")
        assert told(workspace, "questions") == {}
        assert workspace.tickets() == []

    def test_two_numbers_may_be_one_person(self, office: Office) -> None:
        workspace = office.now
        workspace.judge(ZHAO, "same", WANG, at=AT, by="甲", why="更正过出生日期")
        assert workspace.bearer(WANG) == {"honours": 2, "offences": 1}

    def test_two_rows_without_numbers_may_be_one_person(self, office: Office) -> None:
        """Nobody knows who that is, and yet the two meet."""
        office.deliver("honours", [honour(None, "吴不凡")])
        office.deliver("offences", [offence("S", None, "吴一凡")])
        workspace = collided(office)
        honoured = office.row("honours", "person__key IS NULL")
        done = workspace.judge(honoured, "same", row(office, "S"), at=AT, by="甲", why="同一卷宗")
        assert done.run is not None
        assert done.run.changes["warnings"]["raised"] == 1
        (warning,) = [w for w in workspace.warnings() if w.subject.startswith("~")]
        assert (warning.level, warning.tier) == ("yellow", "C")
        assert workspace.reproduce(warning.key).same
        for name in (honoured, row(office, "S")):
            standing = workspace.who(name)
            assert [(c.who, c.by) for c in standing.candidates] == [(warning.subject, "judgement")]
            assert [j.number for j in standing.judgements] == [1]
        workspace.link(at=AT, full=True)  # outranks every rerun
        assert workspace.who(honoured).who == warning.subject
        workspace.withdraw(1, at=AT, by="乙", why="看错了卷宗")
        assert not [w for w in workspace.warnings() if w.subject.startswith("~")]
        assert workspace.who(honoured).who is None

    def test_when_a_number_turns_up_for_one_row_the_other_has_it_too(self, office: Office) -> None:
        office.deliver("honours", [honour(None, "吴不凡")])
        office.deliver("offences", [offence("S", None, "吴一凡")])
        workspace = collided(office)
        honoured = office.row("honours", "person__key IS NULL")
        workspace.judge(honoured, "same", row(office, "S"), at=AT, by="甲", why="同一卷宗")
        known = number(61)
        office.deliver("offences", [offence("S", known, "吴一凡")])
        workspace = collided(office)
        assert [(c.who, c.tier) for c in workspace.who(honoured).candidates] == [(known, "C")]
        assert told(workspace)[known] == ("yellow", "C")

    def test_of_two_people_with_one_name_birthday_and_sex_nobody_knows_which_is_meant(
        self, office: Office
    ) -> None:
        born = {"性别": "女", "出生日期": "1970-02-03"}
        office.deliver("honours", [{**honour(None, "吴不凡"), **born}])
        office.deliver("offences", [offence(no, None, "吴不凡", **born) for no in ("S", "T")])
        workspace = collided(office)
        assert len([w for w in workspace.warnings() if w.subject.startswith("~")]) == 1
        workspace.judge(
            row(office, "S"), "different", row(office, "T"), at=AT, by="甲", why="两份卷宗"
        )
        assert not [w for w in workspace.warnings() if w.subject.startswith("~")]
        honoured = office.row("honours", "person__key IS NULL")
        workspace.judge(honoured, "same", row(office, "T"), at=AT, by="甲", why="单位证明")
        (warning,) = [w for w in workspace.warnings() if w.subject.startswith("~")]
        assert {e.row for e in warning.evidence if e.fact == "offence"} == {
            workspace.who(row(office, "T")).name.row
        }

    def test_of_a_number_that_two_rows_fit_only_one_can_be(self, office: Office) -> None:
        """Both are candidates then: which of them it is, somebody has to find out."""
        born = {"性别": "男", "出生日期": "1985-03-12"}
        office.deliver("offences", [offence(no, None, "吴不凡", **born) for no in ("S", "T")])
        workspace = collided(office)
        both = [row(office, no) for no in ("S", "T")]
        workspace.judge(both[0], "different", both[1], at=AT, by="甲", why="两份卷宗")
        known = number(63)
        office.deliver("honours", [honour(known, "吴不凡")])
        workspace = collided(office)
        for name in both:
            assert [(c.who, c.tier) for c in workspace.who(name).candidates] == [(known, "E")]
        assert known not in told(workspace)
        workspace.judge(both[0], "same", known, at=AT, by="甲", why="户籍档案")
        assert [workspace.who(name).who for name in both] == [known, None]

    def test_a_word_that_contradicts_another_by_way_of_a_third_is_refused(
        self, office: Office
    ) -> None:
        office.deliver("offences", [offence(no, None, "吴不凡") for no in ("X", "Y", "Z")])
        workspace = collided(office)
        x, y, z = (row(office, no) for no in ("X", "Y", "Z"))
        workspace.judge(x, "same", y, at=AT, by="甲", why="试")
        workspace.judge(y, "same", z, at=AT, by="甲", why="试")
        for one, verdict, other in ((x, "different", z), (z, "different", x)):
            with pytest.raises(RunError, match=r"judgement [12]"):
                workspace.judge(one, verdict, other, at=AT, by="甲", why="试")  # type: ignore[arg-type]
        workspace.withdraw(2, at=AT, by="甲", why="试")
        workspace.judge(x, "different", z, at=AT, by="甲", why="试")
        with pytest.raises(RunError, match="judgement 4"):
            workspace.judge(z, "same", y, at=AT, by="甲", why="试")
        workspace.judge(z, "same", WANG, at=AT, by="甲", why="试")
        with pytest.raises(RunError, match="judgement 4"):
            workspace.judge(x, "same", WANG, at=AT, by="甲", why="试")

    def test_a_row_is_not_judged_against_itself(self, office: Office) -> None:
        with pytest.raises(RunError, match="the same row"):
            office.now.judge(row(office, "E"), "same", row(office, "E"), at=AT, by="甲", why="试")

    @pytest.mark.parametrize(
        ("what", "said"),
        [
            (("offences:9-9", "same", WANG), "no row offences:9-9"),
            (("tax:1-1", "same", WANG), "no dataset 'tax'"),
            (("C", "same", "123"), "no full number"),
            (("C", "perhaps", WANG), "one of same, different, unsure"),
        ],
    )
    def test_what_cannot_be_judged_is_refused(
        self, office: Office, what: tuple[str, str, str], said: str
    ) -> None:
        workspace = office.now
        name = row(office, what[0]) if what[0] == "C" else what[0]
        with pytest.raises(RunError) as refused:
            workspace.judge(name, what[1], what[2], at=AT, by="甲", why="试")  # type: ignore[arg-type]
        assert said in refused.value.in_("en")
        assert workspace.judgements() == []

    def test_it_needs_a_reason(self, office: Office) -> None:
        with pytest.raises(RunError):
            office.now.judge(row(office, "C"), "same", WANG, at=AT, by="甲", why=" ")


def test_tickets_tell_each_department_what_the_others_say(office: Office) -> None:
    tickets = {t.dataset: t for t in office.now.tickets()}
    assert tickets["honours"].others == {"孙小小": ("offences",)}
    assert tickets["offences"].others == {"钱多多": ("honours",)}


def test_a_ticket_stands_for_all_rows_of_a_dataset_that_say_the_same(office: Office) -> None:
    more = {"B2": "孙小小", "B3": "周大明", "B4": "钱多多"}
    office.deliver("offences", [offence(no, QIAN, name) for no, name in more.items()], "2025-07-31")
    told = [(t.row, t.rows, t.name, *t.others) for t in office.now.tickets(["offences"])]
    assert told == [
        ((1 << 32) + 4, 2, "孙小小", "周大明", "钱多多"),
        ((2 << 32) + 1, 1, "周大明", "孙小小", "钱多多"),
        ((2 << 32) + 2, 1, "钱多多", "周大明", "孙小小"),
    ]


def test_a_former_number_makes_two_numbers_one_person_where_the_name_agrees(office: Office) -> None:
    new, stranger = number(31, "19850321"), number(33, "19850321")
    office.deliver(
        "offences",
        [
            offence("N", new, "赵一鸣", 曾用证件号码=ZHAO),
            offence("O", stranger, "刘别处", 曾用证件号码=OUYANG),  # a slip of the pen
        ],
    )
    workspace = collided(office)
    assert told(workspace)[new] == ("red", "A")
    assert OUYANG in told(workspace)
    assert workspace.bearer(new) == {"honours": 1, "offences": 2}


def test_pairs_that_a_warning_waits_for_are_judged_first(office: Office) -> None:
    workspace = office.now
    office.deliver("offences", [offence("Z", None, "赵一鸣", 违法时间="2019-01-01")])
    workspace = collided(office)
    pairs = workspace.pairs()
    assert [(str(p.name).split(":")[0], p.rests) for p in pairs][:2] == [
        ("offences", 1),
        ("offences", 1),
    ]
    assert pairs[-1].rests == 0
    workspace.judge(str(pairs[0].name), "unsure", pairs[0].who, at=AT, by="甲", why="查不到")
    assert pairs[0] not in workspace.pairs()


def test_nothing_new_links_nothing(office: Office) -> None:
    workspace = office.now
    version = identity(workspace.store).version
    assert workspace.link(at=AT).unchanged
    assert identity(workspace.store).version == version


def test_a_new_batch_looks_only_at_what_it_may_change(office: Office) -> None:
    workspace = office.now
    office.deliver("offences", [offence("F", None, "王伟", 性别="男", 出生日期="1985-03-12")])
    linked = office.now.link(at=AT)
    assert (linked.in_full, linked.looked_at) == (False, 1)
    office.deliver(
        "honours",
        [
            honour(number(41), "王伟"),
            honour(WANG, "王伟"),
            honour(OUYANG, "欧阳震华", 联系电话="13812345678"),
        ],
    )
    linked = office.now.link(at=AT)
    assert not linked.in_full
    assert linked.looked_at < 5
    assert workspace.who(row(office, "F")).who is None  # two people of one name, birth date and sex


NAMES = ("欧阳震华", "王伟", "李秀兰", "李秀蘭", "王维")
people = st.sampled_from(
    [(number(o, b), o % 2) for o in (11, 12, 13) for b in ("19850312", "19700101")]
)


@st.composite
def loose_rows(draw: st.DrawFn, no: int) -> Row:
    bearer, _ = draw(people)
    shown = draw(
        st.sampled_from([None, masked(bearer), masked(bearer, 14, 0), masked(bearer, 6, 4)])
    )
    more = {}
    if draw(st.booleans()):
        more["出生日期"] = draw(st.sampled_from(["1985-03-12", "1985", "1970-01-01"]))
    if draw(st.booleans()):
        more["性别"] = draw(st.sampled_from(["男", "女"]))
    if draw(st.booleans()):
        more["联系电话"] = draw(st.sampled_from(["13812345678", "138****5678"]))
    return offence(str(no), shown, draw(st.sampled_from([*NAMES, "王某某"])), **more)


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[str, list[Row]]:
    if draw(st.booleans()):
        chosen = draw(
            st.lists(
                st.tuples(people, st.sampled_from(NAMES), st.booleans()),
                min_size=1,
                max_size=5,
                unique_by=lambda t: t[0],
            )
        )
        return "honours", [
            honour(n, name, **({"联系电话": "13812345678"} if phone else {}))
            for (n, _), name, phone in chosen
        ]
    numbers = draw(st.lists(st.integers(1, 6), min_size=1, max_size=4, unique=True))
    return "offences", [draw(loose_rows(no)) for no in numbers]


def rows_of(office: Office) -> st.SearchStrategy[str]:
    """The name of any row, with or without a number."""
    workspace = office.now
    names = []
    for dataset in ("honours", "offences"):
        if workspace.store.version(dataset) is not None:
            facts = workspace.store.snapshot(dataset).relation(workspace.dataset(dataset).fields)
            with open_duckdb() as duck:
                rows = duck.run(f"SELECT _row FROM {facts} ORDER BY 1")
            names += [f"{dataset}:{at >> 32}-{at & 0xFFFFFFFF}" for (at,) in rows]
    return st.sampled_from(names)


def ties(workspace: Workspace) -> list[tuple[object, ...]]:
    with open_duckdb() as duck:
        return duck.run(
            "SELECT dataset, slot, row, claim, key, who, tier, via, why FROM "
            f"{identity(workspace.store).relation()} WHERE kind <> 'change' ORDER BY ALL"
        )


@at_most(4, suppress_health_check=list(HealthCheck))
@given(steps=st.lists(deliveries(), min_size=2, max_size=4), data=st.data())
def test_step_by_step_it_comes_to_what_a_full_linking_gives(
    tmp_path_factory: pytest.TempPathFactory,
    steps: list[tuple[str, list[Row]]],
    data: st.DataObject,
) -> None:
    office = Office(tmp_path_factory.mktemp("office"))
    for dataset, rows in steps:
        office.deliver(dataset, rows)
        workspace = office.now
        workspace.link(at=AT)
        if (pairs := workspace.pairs()) and data.draw(st.booleans()):
            pair = data.draw(st.sampled_from(pairs))
            verdict = data.draw(st.sampled_from(["same", "different"]))
            workspace.judge(str(pair.name), verdict, pair.who, at=AT, by="甲", why="试")
        if data.draw(st.booleans()):
            one, other = data.draw(st.tuples(rows_of(office), rows_of(office)))
            verdict = data.draw(st.sampled_from(["same", "different"]))
            with suppress(RunError):  # it may contradict an earlier one, or be about one row
                workspace.judge(one, verdict, other, at=AT, by="甲", why="试")
        judged = [j.number for j in workspace.judgements() if j.in_force]
        if judged and data.draw(st.sampled_from([False, False, True])):
            workspace.withdraw(data.draw(st.sampled_from(judged)), at=AT, by="乙", why="试")
    stepwise = ties(office.now)
    office.now.link(at=AT, full=True)
    assert stepwise == ties(office.now)
