"""One step of `bench.web` in a process of its own: an office is seeded, or asked by several clients at once."""

from __future__ import annotations

import http.client
import json
import os
import re
import sys
import threading
import time
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from html import unescape
from statistics import median, quantiles
from typing import Any
from urllib.parse import urlsplit

AT = datetime.now(UTC).replace(microsecond=0)
COUNTIES, OFFICES = 12, 20
#: Who have an account and a session: as many pages can be open.
PEOPLE = 500
MODELS = 40
#: Of a hundred: how many are in each state; what is left is closed.
STATES = {"raised": 0.2, "dispatched": 1.0, "signed": 0.8, "verifying": 2.0, "reported": 1.0}

#: What is asked: every tab, every filter, every order, several together, and far into a list.
PAGES = (
    "", "tab=dispatched", "tab=working", "tab=reported", "tab=closed", "tab=all&sort=new",
    "tab=dispatched&level=red", "tab=closed&level=red", "tab=closed&model=m7", "tab=closed&unit={unit}",
    "tab=closed&unit={county}", "tab=working&due=soon&sort=due", "tab=all&due=over&sort=due",
    "tab=closed&sort=new&level=yellow&model=m3", "tab=closed&level=red&model=m11&unit={county}",
    "tab=dispatched&body={body}", "tab=all&q={number}",
)  # fmt: skip


# -- an office -----------------------------------------------------------------------------------


def _set_up(request: dict[str, Any]) -> None:
    os.environ["DJANGO_SETTINGS_MODULE"] = "plumbline.web.settings"
    os.environ["PLUMBLINE_WORKSPACE"] = request["folder"]
    os.environ["PLUMBLINE_DATABASE"] = request["database"]
    import django  # noqa: PLC0415 -- after its settings are named

    django.setup()


def fill(request: dict[str, Any]) -> dict[str, Any]:
    """Tables, people, and `rows` warnings with their disposals and deadlines; gives a session for each client."""
    from django.core.management import call_command  # noqa: PLC0415 -- after Django is set up
    from django.db import connection, transaction  # noqa: PLC0415 -- as above

    from plumbline.web.cockpit import counting  # noqa: PLC0415 -- as above

    call_command("migrate", verbosity=0)
    call_command("createcachetable", verbosity=0)
    if connection.vendor == "sqlite":
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA cache_size = -1000000")
    with transaction.atomic():
        units, bodies, users = _people(PEOPLE)
        rows = request["rows"]
        with connection.cursor() as cursor:
            # Counted once at the end: of each row by itself that takes longer than all the rest.
            counts, counts_again = counting.uninstall(), counting.install()
            for statement in (*counts, *_statements(rows, units, bodies), *counts_again):
                cursor.execute(statement)
    counting.recount(AT)
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")  # as the nightly task and the server do
    assert len(users) == PEOPLE
    return {"unit": units[30], "county": units[1], "body": bodies[3], "number": rows // 3}


def sign_in() -> dict[str, Any]:
    """A session of everybody, begun now: an old one would be locked, and show nothing."""
    from django.contrib.sessions.models import Session  # noqa: PLC0415 -- after Django is set up
    from django.db import transaction  # noqa: PLC0415 -- as above

    from plumbline.org.models import User  # noqa: PLC0415 -- as above

    with transaction.atomic():
        Session.objects.all().delete()
        return {"sessions": [_session(user) for user in User.objects.order_by("pk")]}


def _people(clients: int) -> tuple[list[int], list[int], list[Any]]:
    from plumbline.org.models import (  # noqa: PLC0415 -- after Django is set up
        BodyKind,
        Grant,
        Oversight,
        Role,
        SupervisionBody,
        Unit,
        User,
    )

    def unit(name: str, above: Any = None, **fields: Any) -> Any:
        made = Unit.objects.create(name=name, parent=above, **fields)
        made.path = f"{above.path if above else '/'}{made.pk}/"
        made.save(update_fields=["path"])
        return made

    begin = date(2020, 1, 1)
    city = unit("澜州市", region="380100")
    counties = [unit(f"第{n}县", city, region=f"3801{n:02}") for n in range(1, COUNTIES + 1)]
    offices = [
        unit(f"{above.name}第{n}局", above, region=above.region) for above in counties for n in range(OFFICES)
    ]  # fmt: skip
    top = SupervisionBody.objects.create(name="市第一监督检查室", kind=BodyKind.OFFICE)
    locals_ = [
        SupervisionBody.objects.create(name=f"{c.name}纪委监委", kind=BodyKind.LOCALITY, above=top) for c in counties
    ]  # fmt: skip
    for body, watched in [(top, city), *zip(locals_, counties, strict=True)]:
        Oversight.objects.create(body=body, unit=watched, starts_on=begin)
    users = []
    roles = (Role.OFFICE_HEAD, Role.DISPATCHER, Role.STANDING_MEMBER, Role.SECRETARY)
    for n in range(clients):
        user = User.objects.create(username=f"user{n}", name=f"第{n}人")
        Grant.objects.create(user=user, role=roles[n % len(roles)], body=top, starts_on=begin)
        users.append(user)
    return [u.pk for u in (city, *counties, *offices)], [b.pk for b in (top, *locals_)], users


def _session(user: Any) -> str:
    from django.contrib.auth import (  # noqa: PLC0415 -- after Django is set up
        BACKEND_SESSION_KEY,
        HASH_SESSION_KEY,
        SESSION_KEY,
    )
    from django.contrib.sessions.backends.db import SessionStore  # noqa: PLC0415 -- as above

    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return str(session.session_key)


def _statements(rows: int, units: list[int], bodies: list[int]) -> list[str]:
    """The rows, made where they are kept: a program that sends them would take longer than the measurement."""
    from django.db import connection  # noqa: PLC0415 -- after Django is set up

    postgres = connection.vendor == "postgresql"
    numbers = (
        f"generate_series(1, {rows}::bigint) AS n(i)" if postgres
        else f"(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows}) SELECT i FROM n) AS n"
    )  # fmt: skip

    def moment(at: datetime, minutes: str = "0") -> str:
        if postgres:
            return f"timestamptz '{at.isoformat()}' + ({minutes}) * interval '1 minute'"
        return f"datetime('{at:%Y-%m-%d %H:%M:%S}', ({minutes}) || ' minutes')"

    # A number that is spread evenly over the rows and has nothing to do with their order.
    mixed = "((n.i * 7919) % 100003)"
    level = (
        f"CASE WHEN {mixed} % 10 = 0 THEN 'red' WHEN {mixed} % 10 < 6 THEN 'yellow' ELSE 'blue' END"
    )
    first = len(units) - COUNTIES * OFFICES
    office = (
        f"({units[first]} + {mixed} % {COUNTIES * OFFICES})"  # they were made one after the other
    )
    bound, cases = 0.0, []
    for state, share in STATES.items():
        bound += share * 1000
        cases.append(f"WHEN {mixed} < {bound:.0f} THEN '{state}'")
    state = f"CASE {' '.join(cases)} ELSE 'closed' END"
    since = f"-(({rows} - n.i) * {3 * 365 * 24 * 60} / {rows})"  # over three years
    begun, no, yes = moment(AT, since), "NULL", moment(AT)
    body = f"({bodies[0]} + {mixed} % {len(bodies)})"
    rank = f"(CASE WHEN {mixed} % 10 = 0 THEN 3300 WHEN {mixed} % 10 < 6 THEN 2300 ELSE 1300 END + {mixed} / 1000.0)"
    return [
        "INSERT INTO warning_earlywarning (key, model, version, title, title_en, level, tier, standing, about, sentence,"
        " sentence_en, supervised, unit_id, region, theme, amount_fen, raised_at, changed_at, as_of, run, change, rank,"
        " budgeted_on)"
        f" SELECT {'lpad(n.i::text, 64, md5(n.i::text))' if postgres else 'printf(' + chr(39) + '%064d' + chr(39) + ', n.i)'},"
        f" 'm' || ({mixed} % {MODELS}), 1, '第' || ({mixed} % {MODELS}) || '个模型', '', {level}, 'A', 'open',"
        " '3801**********' || (n.i % 10000) || ' · 优抚', '某某于2023年12月死亡，2024年3月的待遇仍然发放。', '', '某某局',"
        f" {office}, '380100', 'benefits', n.i % 100000, {begun}, {begun}, date '2025-12-31', 1, '{{}}', {rank},"
        f" date '2026-01-05' FROM {numbers}".replace("date '", "date '" if postgres else "'"),
        ("INSERT INTO disposal_disposal (warning_id, state, level, body_id, round, reports, reviewed, extensions, sign_days,"
        " report_days, no_reply, opened_at, dispatched_at, signed_at, reported_at, closed_at, model, unit_id, region, rank,"
        f" due_at) SELECT n.id, n.state, n.level, CASE WHEN n.state = 'raised' THEN {no} ELSE n.body END, 1,"
        " CASE WHEN n.state IN ('reported', 'closed') THEN 1 ELSE 0 END, 0, 0, 2, 20, '', n.raised_at, n.raised_at,"
        f" CASE WHEN n.state IN ('raised', 'dispatched') THEN {no} ELSE n.raised_at END, {no},"
        f" CASE WHEN n.state = 'closed' THEN {yes} ELSE {no} END, n.model, n.unit_id, n.region, n.rank,"
        f" {moment(datetime(9999, 12, 31, tzinfo=UTC))} FROM (SELECT w.*, {state.replace('n.i', 'w.id')} AS state,"
        f" {body.replace('n.i', 'w.id')} AS body FROM warning_earlywarning w) AS n"),
        ("INSERT INTO clock_due (subject, kind, started_at, working_days, due_at, step)"
        f" SELECT 'disposal:' || n.i, 'report', {moment(AT - timedelta(days=10))}, 20,"
        f" {moment(AT, f'{mixed} % 40000 - 8000')}, 0"
        " FROM (SELECT id AS i FROM disposal_disposal WHERE state IN ('dispatched', 'signed', 'verifying', 'reported')) AS n"),
    ]  # fmt: skip


# -- clients -------------------------------------------------------------------------------------

_NEXT = re.compile(rb'data-key="n" href="([^"]+)"')


def ask(request: dict[str, Any]) -> dict[str, Any]:
    """Each client asks page after page, resting in between; every third goes on to the next page of its list."""
    until = time.perf_counter() + request["seconds"]
    took: dict[str, list[float]] = defaultdict(list)
    lock, faults = threading.Lock(), list[str]()

    def client(number: int, cookie: dict[str, Any]) -> None:
        host = urlsplit(request["address"]).netloc
        connection = http.client.HTTPConnection(host)
        headers = {"Cookie": f"sessionid={cookie['session']}", "Accept-Language": "zh-hans"}
        step, further = number * 5, ""
        # People do not begin at the same moment.
        time.sleep(request["pause"] * number / len(request["cookies"]))
        while time.perf_counter() < until and not faults:
            name = PAGES[step % len(PAGES)]
            path = further or f"/disposals/?{name.format(**cookie)}"
            start = time.perf_counter()
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            text = answer.read()
            seconds = time.perf_counter() - start
            if answer.status != http.client.OK or b'<nav class="tabs"' not in text:
                faults.append(f"{path}: {answer.status}, no inbox")
            with lock:
                took[name if not further else f"{name} (next)"].append(seconds)
            found = not further and step % 3 == 0 and _NEXT.search(text)
            further = f"/disposals/{unescape(found[1].decode())}" if found else ""
            step += not further
            time.sleep(request["pause"])

    threads = [
        threading.Thread(target=client, args=each) for each in enumerate(request["cookies"])
    ]  # fmt: skip
    start, spent = time.perf_counter(), time.process_time()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise RuntimeError(faults[0])
    every = [seconds for each in took.values() for seconds in each]
    whole = time.perf_counter() - start
    return {
        "rate": len(every) / whole,
        "clients": (time.process_time() - spent) / whole,
        "median": median(every) * 1000,
        "p95": quantiles(every, n=20)[-1] * 1000,
        "pages": {
            name: (quantiles(each, n=20)[-1] if len(each) > 1 else each[0]) * 1000 for name, each in took.items()
        },
    }  # fmt: skip


def main() -> None:
    request = json.load(sys.stdin)
    if request["step"] in ("fill", "sign in"):
        _set_up(request)
        print(json.dumps(fill(request) if request["step"] == "fill" else sign_in()))
    else:
        print(json.dumps(ask(request)))


if __name__ == "__main__":
    main()
