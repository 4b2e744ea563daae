"""Nonsense to every route: whatever stands in an address or a form, the answer is an answer and never a fault."""

from __future__ import annotations

import inspect
import random
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote, urlencode

import pytest

from trialrun.app.rights import allowed
from trialrun.ledger import commands
from trialrun.web import application
from web_kit import PEOPLE, Office

REQUESTS = 900
ODD = (
    "", "0", "1", "-1", "01", "abc", "9" * 5000, "9" * 25, "1e400", "NaN", "\u0663", "\u06f1\u06f4\u06f0\u06f3-01-01",
    "0001-01-01", "9999-12-31", "2026-02-30", "2026-05-20", "2026-05-20T10:00", "0001-01-01T00:00", "9999-12-31T23:59",
    "screening", "dose_1", "unscheduled#99", "unscheduled#" + "9" * 5000, "screening#1", "#", "laboratory", "consent",
    "inr", "Q-001", "D-001", "S-001", "S-999", "02", "\x00", "a\x00b", "\u202eevil", "<script>alert(1)</script>",
    "'\"><img src=x onerror=alert(1)>", "{{7*7}}", "%s %(x)s {0} {x} {", "../../etc/passwd", "screening|laboratory|1",
    "screening|laboratory|" + "9" * 5000, "en-1", "=cmd()", "true", "on", "x" * 3000, "\U0001f642", "\r\nSet-Cookie: a=b",
    "coordinator:01", "answer", "close", "thaw", "B-1", "csv", "1,2", "\u00b2", "1_000", "read", "sign", "lock", "whole",
)  # fmt: skip
FILES = (
    b"a,b\n1,2\n",
    b"\x00\x00",
    b"\xff\xfe\x00",
    b"",
    b'"unclosed',
    b"participant,visit,form,row,item,message\n,,,,,\n",
)
# What would end the account or the person the others are tried with.
LEFT_OUT = re.compile(r"^/sign-out|^/account/sessions|/disable$|/revoke$|^/privacy|^/role$")
FIELD = re.compile(r'(?:text|texts|query|queries|get|whole)\(\s*"([^"]+)"')


def fields_of(handler: Any) -> tuple[str, ...]:
    """The names a handler's module asks of a form or an address."""
    source = inspect.getsource(inspect.getmodule(handler))  # type: ignore[arg-type]
    listed = " ".join(re.findall(r"(?:for name in|=) \(([^)]*)\)", source))
    return tuple(sorted({*FIELD.findall(source), *re.findall(r'"([\w.-]+)"', listed)}))


class Nonsense:
    """Requests out of a seed."""

    def __init__(self, office: Office, seed: int) -> None:
        self.draw = random.Random(seed)
        self.study = office.study
        key = office.dosed()
        keys = (key, office.screened(), office.candidate(), "S-999")
        office.do(commands.LinkParticipant("participant", key), "admin")
        office.do(commands.RaiseQuery(key, "screening", "laboratory", "why", 0, "inr"), "monitor")
        self.parts = {
            "key": keys, "site": ("01", "99"), "visit": ("screening", "dose_1", "unscheduled#99", "log"), "item": ("inr", "x"),
            "form": tuple(self.study.forms), "row": ("0", "1", "-1", "new", "9" * 5000), "user": ("coordinator", "nobody"),
            "number": ("Q-001", "x"), "deviation": ("D-001",), "name": ("register", "move", "count", "en-1", "overdue"),
        }  # fmt: skip
        self.routes = [
            (route, path, fields_of(route.handler))
            for route in application.all_routes()
            for path in route.paths
            if not LEFT_OUT.search(path)
        ]

    def value(self, found: re.Match[str]) -> str:
        known = self.parts.get(found[1], ())
        if found[2] == "int":
            return self.draw.choice(("0", "1", "-1", "9" * 25, "x"))
        return quote(self.draw.choice(known if known and self.draw.random() < 0.85 else ODD) or "x", safe="")

    def fields(self, path: str, names: tuple[str, ...]) -> dict[str, list[str]]:
        draw = self.draw
        found = {name: [draw.choice(ODD)] for name in names if draw.random() < 0.7}
        if "forms" in path or "dosing" in path:
            for item in draw.choice(tuple(self.study.forms.values())).items[:30]:
                for prefix in ("v.", "u.", "m.", ""):
                    if draw.random() < 0.3:
                        found[f"{prefix}{item}"] = [
                            draw.choice(ODD),
                            *([draw.choice(ODD)] if draw.random() < 0.1 else []),
                        ]
        return found

    def requests(self, count: int) -> Iterator[tuple[str, str, str, dict[str, list[str]]]]:
        for _ in range(count):
            route, path, names = self.draw.choice(self.routes)
            may = [user for user, (role, _site) in PEOPLE.items() if allowed(self.study, role, route.who)]
            address = re.sub(r"\{(\w+):(\w+)\}", self.value, path)
            yield route.method, address, self.draw.choice(may), self.fields(path, names)


@pytest.mark.parametrize("seed", [20260508])
def test_nonsense_is_answered_and_never_a_fault(office: Office, seed: int):
    nonsense = Nonsense(office, seed)
    clients = {user: office.client(user) for user in PEOPLE}
    wrong: list[str] = []
    seen: set[int] = set()
    for method, path, user, fields in nonsense.requests(REQUESTS):
        client = clients[user]
        if method == "GET":
            answer = client.get(f"{path}?{urlencode(fields, doseq=True)[:30_000]}")
        elif nonsense.draw.random() < 0.15:
            plain = {name: [text.replace("\x00", "") for text in texts] for name, texts in fields.items()}
            file = ("../\u202e.csv", nonsense.draw.choice(FILES), "text/csv")
            answer = client.post(path, plain, files={"file": file})
        else:
            answer = client.post(path, fields)
        seen.add(answer.status_code)
        if answer.status_code >= 500 or "Traceback (most recent" in answer.text:
            wrong.append(f"{answer.status_code} {method} {path[:150]} as {user}: {str(fields)[:200]}")
    assert wrong == []
    assert {200, 303, 404, 422} <= seen


@pytest.mark.parametrize(
    "cookie", ["5", "null", "[]", '["a"]', "[1,2]", "%5B" * 2000, '["success",{"a":1}]', "{}"]
)
def test_a_broken_notice_keeps_nobody_out(office: Office, cookie: str):
    client = office.client("coordinator")
    client.inner.cookies.set("notice", cookie)
    assert client.get("/home").status_code == 200
    assert client.get("/nowhere").status_code == 404


def test_a_long_notice_fits_into_a_cookie(office: Office):
    from trialrun.web.asked import _kept_short

    for letter in ("a", "ا", "\U0001f642", '"'):
        assert len(_kept_short("warning", letter * 3000)) < 4000


def test_error_pages_carry_the_headers_of_every_page(office: Office):
    client = office.client("coordinator")
    answers = [
        client.get("/nowhere"),
        client.get("/users"),
        client.get("/sign-out"),
        client.get("/static/none.css"),
    ]
    answers.append(client.inner.post("/role", follow_redirects=False))
    assert [one.status_code for one in answers] == [404, 403, 405, 404, 403]
    for answer in answers:
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("number", ["02", "\u0662", "1", "0", "9" * 5000, "2x", ""])
def test_an_unscheduled_visit_has_one_number(office: Office, number: str):
    key, client = office.dosed(), office.client("coordinator")
    place = f"/participants/{key}/visits/unscheduled{quote('#' + number)}"
    client.post(f"{place}/date", {"date": "2026-05-20"})
    client.post(f"{place}/missed", {"missed_reason": "x"})
    person = office.person(key)
    assert not [name for name in (*person.visits, *person.missed) if name.startswith("unscheduled")]


def test_a_form_that_is_not_at_a_visit_is_not_found_by_anybody(office: Office):
    key = office.dosed()
    for user in ("coordinator", "pharmacist", "monitor"):
        client = office.client(user)
        for visit, form in (("x", "malignancy"), ("dose_1", "malignancy"), ("screening%232", "demographics")):
            assert client.get(f"/participants/{key}/visits/{visit}/forms/{form}").status_code == 404
    client = office.client("coordinator")
    assert client.post(f"/participants/{key}/visits/x/forms/laboratory/check").status_code == 404


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (",".join(f"c{n}" for n in range(100_000)) + "\n1\n", "columns"),
        ("a,b\n1," + "x" * 200_000 + "\n", "line 2"),
        ('a,b\n1,"' + "x" * 200_000 + "\n", "line 2"),
    ],
)
def test_a_strange_laboratory_file_is_given_back_at_once(office: Office, content: str, said: str):
    client = office.client("coordinator")
    answer = client.post("/laboratory/import", {}, files={"file": ("a.csv", content.encode(), "text/csv")})
    assert answer.status_code == 422
    assert said in answer.text
    assert len(answer.content) < 100_000
