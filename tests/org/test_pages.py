"""The administrators' pages: for whose part each is, and for nobody else."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from plumbline.org.models import (
    Delegation,
    Grant,
    Kin,
    Oversight,
    Role,
    SupervisionBody,
    Unit,
    User,
)
from tests import people
from tests.people import sign_in

LI, WIFE = "38030119900101018X", "380301199001010024"
EVERYBODY = (
    "fen", "li", "wang", "head", "standing", "secretary", "keeper", "clarifier", "author", "jurist",
    "approver", "data", "provider", "contact", "figures", "sysadmin", "secadmin", "auditor", "stranger",
)  # fmt: skip

pytestmark = pytest.mark.usefixtures("private")


@pytest.fixture
def today() -> str:
    """The pages ask the clock; the cast's rights are open-ended, so any later day will do."""
    return timezone.localdate().isoformat()


class TestWhoseTheyAre:
    @pytest.mark.parametrize(
        ("page", "whose"),
        [
            ("org:units", {"sysadmin"}),
            ("org:bodies", {"sysadmin"}),
            ("org:users", {"sysadmin", "secadmin"}),
            ("account", set(EVERYBODY)),
        ],
    )
    def test_everybody_else_finds_nothing_there(
        self, cast: Any, client: Client, page: str, whose: set[str]
    ) -> None:
        for who in EVERYBODY:
            status = sign_in(client, getattr(cast, who)).get(reverse(page)).status_code
            assert status == (200 if who in whose else 404), who
        assert Client().get(reverse(page)).status_code == 302

    def test_nor_at_what_is_done_on_them(self, cast: Any, client: Client) -> None:
        kin = Kin.objects.create(user=cast.li, relation="配偶", person="妻")
        grant, oversight = Grant.objects.get(user=cast.li), Oversight.objects.first()
        assert oversight is not None
        parts = {
            "sysadmin": [
                ("org:unit", cast.civil), ("org:end_oversight", oversight), ("org:set_person", cast.li),
                ("org:renew_password", cast.li), ("org:deactivate", cast.li), ("org:readmit", cast.li),
            ],
            "secadmin": [
                ("org:grant", cast.stranger), ("org:withdraw_grant", grant), ("org:withdraw_kin", kin),
                ("org:renew_second_factor", cast.li),
            ],
        }  # fmt: skip
        for whose, acts in parts.items():
            for who in ("sysadmin", "secadmin", "auditor", "secretary", "stranger"):
                sign_in(client, getattr(cast, who))
                for name, of in acts:
                    status = client.post(reverse(name, args=[of.pk]), {}).status_code
                    assert (status != 404) == (who == whose), (who, name)
        assert Grant.objects.filter(withdrawn_at=None).count() == 21
        assert User.objects.filter(is_active=False).count() == 0

    def test_the_system_administrator_cannot_add_grants_nor_the_other_accounts(
        self, cast: Any, client: Client
    ) -> None:
        page = sign_in(client, cast.sysadmin).get(reverse("org:user", args=[cast.li.pk]))
        assert reverse("org:grant", args=[cast.li.pk]) not in page.text
        page = sign_in(client, cast.secadmin).get(reverse("org:user", args=[cast.li.pk]))
        assert reverse("org:renew_password", args=[cast.li.pk]) not in page.text
        status = client.post(reverse("org:users"), {"username": "new", "name": "新人"}).status_code
        assert status == 404
        assert not User.objects.filter(username="new").exists()


class TestSystemAdministrator:
    def test_the_tree_and_a_unit_in_it(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.sysadmin)
        client.post(reverse("org:units"), {"name": "澜州市财政局", "above": cast.city.pk})
        made = Unit.objects.get(name="澜州市财政局")
        assert made.path == f"{cast.city.path}{made.pk}/"
        assert "澜州市财政局" in client.get(reverse("org:units")).text
        at = reverse("org:unit", args=[made.pk])
        client.post(at, {"act": "rename", "name": "澜州市财政和国资局", "reason": "改革"})
        client.post(at, {"act": "move", "above": cast.county.pk, "reason": "下放"})
        client.post(at, {"act": "head", "head": cast.contact.pk})
        made.refresh_from_db()
        assert (made.name, made.head) == ("澜州市财政和国资局", cast.contact)
        assert made.is_within(cast.county)
        refused = client.post(
            reverse("org:unit", args=[cast.city.pk]), {"act": "move", "above": made.pk, "reason": "误"}
        )  # fmt: skip
        assert "不能移到自己或下级之下" in refused.text

    def test_bodies_and_whom_they_supervise(self, cast: Any, client: Client, today: str) -> None:
        sign_in(client, cast.sysadmin)
        at = reverse("org:bodies")
        client.post(at, {"act": "body", "name": "第二监督检查室", "kind": "office"})
        body = SupervisionBody.objects.get(name="第二监督检查室")
        client.post(
            at, {"act": "oversee", "body": body.pk, "unit": cast.civil.pk, "starts_on": today}
        )
        begun = Oversight.objects.get(body=body)
        client.post(
            reverse("org:end_oversight", args=[begun.pk]), {"ends_on": today, "reason": "调整"}
        )
        begun.refresh_from_db()
        assert begun.ends_on is not None
        client.post(
            reverse("org:end_oversight", args=[begun.pk]), {"ends_on": today, "reason": "再来"}
        )
        assert "不在监督期内" in client.get(at).text

    def test_an_account_and_its_one_time_link(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.sysadmin)
        answer = client.post(
            reverse("org:users"), {"username": "Chen", "name": "陈", "unit": cast.civil.pk, "number": LI}
        )  # fmt: skip
        assert answer["Cache-Control"] == "no-store"
        found = re.search(r"http://testserver(/account/open/[^<\s]+)", answer.text)
        assert found is not None
        link, new = (
            found[1],
            {
                "new_password1": "雨过天青云破处者般颜色作将来",
                "new_password2": "雨过天青云破处者般颜色作将来",
            },
        )
        owner = Client()
        assert owner.post(link, {**new, "new_password2": "另一个"}).status_code == 200
        assert owner.post(link, new).status_code == 302
        chen = User.objects.get(username="chen")
        assert chen.check_password("雨过天青云破处者般颜色作将来")
        for used_or_wrong in (
            link,
            link[:-2] + "/",
            "/account/open/zzzzzzzzzzzzzzzzzzzzz/x-y/",
            "/account/open/1/x/",
        ):
            assert owner.get(used_or_wrong).status_code == 404
        at = reverse("org:renew_password", args=[chen.pk])
        assert "/account/open/" in client.post(at, {"reason": "忘记"}).text
        chen.refresh_from_db()
        assert not chen.has_usable_password()

    def test_a_wrong_number_is_refused_in_words(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.sysadmin)
        answer = client.post(
            reverse("org:users"), {"username": "chen", "name": "陈", "number": "380301199001010025"}
        )
        assert "校验码不符" in answer.text
        at = reverse("org:set_person", args=[cast.li.pk])
        assert "18 位" in client.post(at, {"number": "3803"}).text
        assert client.post(at, {"number": LI}).status_code == 302
        assert "写明更正理由" in client.post(at, {"number": WIFE}).text

    def test_who_left_and_who_came_back(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.sysadmin)
        client.post(reverse("org:deactivate", args=[cast.li.pk]), {"reason": "离职"})
        cast.li.refresh_from_db()
        assert not cast.li.is_active
        answer = client.post(reverse("org:readmit", args=[cast.li.pk]), {"reason": "返聘"})
        assert "/account/open/" in answer.text
        refused = client.post(
            reverse("org:deactivate", args=[cast.secadmin.pk]), {"reason": "离职"}, follow=True
        )
        assert "先由安全管理员收回" in refused.text

    @pytest.mark.parametrize("word", ["核查员李", "li"])
    def test_people_are_found_by_name(self, cast: Any, client: Client, word: str) -> None:
        text = sign_in(client, cast.sysadmin).get(reverse("org:users"), {"q": word}).text
        assert "核查员李" in text
        assert "核查员周" not in text


class TestSecurityAdministrator:
    def test_a_role_is_given_and_taken(self, cast: Any, client: Client, today: str) -> None:
        people.known(cast.stranger)
        sign_in(client, cast.secadmin)
        at, role = (
            reverse("org:grant", args=[cast.stranger.pk]),
            {"role": "verifier", "reason": "调入"},
        )
        assert "要写明在哪里" in client.post(at, {**role, "starts_on": today}).text
        client.post(at, {**role, "body": cast.office.pk, "starts_on": today})
        given = Grant.objects.get(user=cast.stranger)
        assert (given.role, given.granted_by) == (Role.VERIFIER, cast.secadmin)
        client.post(reverse("org:withdraw_grant", args=[given.pk]), {"reason": "调离"})
        given.refresh_from_db()
        assert given.withdrawn_at is not None
        again = client.post(
            reverse("org:withdraw_grant", args=[given.pk]), {"reason": "调离"}, follow=True
        )
        assert "已经收回" in again.text

    def test_not_without_having_been_asked_for_the_password_again(
        self, cast: Any, client: Client, today: str
    ) -> None:
        people.known(cast.stranger)
        cast.secadmin.set_password("雨过天青云破处者般颜色作将来")
        cast.secadmin.save()
        client.force_login(cast.secadmin)
        at = reverse("org:grant", args=[cast.stranger.pk])
        role = {"role": "verifier", "body": cast.office.pk, "starts_on": today, "reason": "调入"}
        asked = client.post(at, role)
        assert asked.status_code == 302
        assert asked["Location"].startswith(reverse("account_reauthenticate"))
        assert not Grant.objects.filter(user=cast.stranger).exists()
        client.post(asked["Location"], {"password": "雨过天青云破处者般颜色作将来", "next": at})
        assert Grant.objects.filter(
            user=cast.stranger
        ).exists()  # what was asked for goes on by itself

    def test_kin_declared_by_mistake(self, cast: Any, client: Client) -> None:
        kin = Kin.objects.create(user=cast.li, relation="配偶", person="妻")
        sign_in(client, cast.secadmin)
        client.post(reverse("org:withdraw_kin", args=[kin.pk]), {"reason": "误报"})
        assert not Kin.objects.exists()


class TestMyAccount:
    def test_my_number_once_and_my_kin(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.li)
        assert "校验码不符" in client.post(reverse("own_person"), {"number": LI[:-1] + "1"}).text
        assert client.post(reverse("own_person"), {"number": LI}).status_code == 302
        kin = {"kin-relation": "配偶", "kin-number": WIFE}
        assert client.post(reverse("declare_kin"), kin).status_code == 302
        assert "已经申报过" in client.post(reverse("declare_kin"), kin).text
        page = client.get(reverse("account")).text
        assert "配偶" in page
        assert LI not in page
        assert WIFE not in page

    def test_my_deputy(self, cast: Any, client: Client, today: str) -> None:
        people.known(cast.zhou)
        sign_in(client, cast.head)
        lend = {"deputy-starts_on": today, "deputy-ends_on": today, "deputy-reason": "出差"}
        elsewhere = client.post(reverse("delegate"), {**lend, "deputy-deputy": cast.wang.pk})
        assert elsewhere.status_code == 200
        assert (
            client.post(reverse("delegate"), {**lend, "deputy-deputy": cast.zhou.pk}).status_code
            == 302
        )
        lent = Delegation.objects.get()
        at = reverse("withdraw_delegation", args=[lent.pk])
        for other in (cast.li, cast.sysadmin, cast.stranger):
            assert sign_in(client, other).post(at, {"reason": "误"}).status_code == 404
        assert "我代理" in sign_in(client, cast.zhou).get(reverse("account")).text
        assert client.post(at, {"reason": "退回"}).status_code == 302
        lent.refresh_from_db()
        assert lent.withdrawn_at is not None

    def test_in_english_without_a_chinese_word(self, cast: Any, client: Client) -> None:
        sign_in(client, cast.sysadmin)
        client.post(reverse("set_language"), {"language": "en"})
        for page in ("org:units", "org:bodies", "org:users", "account", "mfa_index"):
            text = client.get(reverse(page)).text
            main = text[text.index('id="main"') :]
            told = re.sub(r"准绳|EN|中文", "", re.sub(r"<(?:td|option|li|h1|p class=\"muted\")[^>]*>[^<]*|<a [^>]*>[^<]*", "", main))  # fmt: skip
            assert not re.search(r"[\u4e00-\u9fff]", told), page
