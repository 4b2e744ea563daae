"""Every route, for every role, at one's own site and another: real requests against a table and a second opinion.

Three opinions must agree: the answer of the application, the checked-in page `docs/reference/authorisation.md`, and the
oracle below, which shares no code with the guard: it reads the study's own text, and the view rights are written down
here a second time on purpose.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date
from functools import wraps
from pathlib import Path

import pytest
from litestar import Litestar, get
from ruamel.yaml import YAML

from trialrun.ledger import commands
from trialrun.ledger.commands import Actor
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.web import application
from trialrun.web.authorisation import need_declarations
from web_kit import FOLDER, PEOPLE, Office, open_office

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "authorisation.md"
ROLES = YAML(typ="safe", pure=True).load((FOLDER / "study.yaml").read_text(encoding="utf-8"))["roles"]
USERS = {role: user for user, (role, site) in reversed(PEOPLE.items()) if site != "02"}

# PI, sub-investigator, coordinator, pharmacist, monitor, data manager, statistician, sponsor, administrator, participant
SHORT = dict(
    zip(
        "PICHMDTSAX",
        ("principal_investigator", "investigator", "coordinator", "pharmacist", "monitor", "data_manager",
         "statistician", "sponsor", "administrator", "participant"),
        strict=True,
    )
)  # fmt: skip
VIEWS = {
    "see_study": "PICHMDTSA",
    "see_participants": "PICHMD",
    "see_screening": "PICMD",
    "see_identity": "PIC",
    "see_queries": "PICMD",
    "see_safety": "PICMDS",
    "see_lab": "PICMD",
    "see_dosing": "PICHMD",
    "see_stock": "PIHMS",
    "see_allocation": "H",
    "see_deviations": "PICHMDS",
    "see_trail": "PIMD",
    "see_exports": "PMDT",
    "make_analysis": "T",
    "see_analysis": "TSP",
    "publish_results": "S",
    "take_site_copy": "PI",
    "see_users": "A",
    "see_own": "X",
}
VALUES = {"visit": "screening", "form": "laboratory", "row": "1", "user": "coordinator", "token": "none"}


def declared():
    """Method and address of every route with what it asks for."""
    return [(route.method, path, route.who) for route in application.all_routes() for path in route.paths]


def oracle(method: str, path: str, who: tuple[str, ...], role: str, *, foreign: bool) -> int:
    """What the answer should be: 200 allowed, 303 or 401 sign in first, 403 not this role, 404 not this site."""
    if "public" in who:
        return 200
    if not role:
        return 303 if method == "GET" else 401
    may = set(ROLES[role]["may"]) | {
        view for view, letters in VIEWS.items() if role in [SHORT[x] for x in letters]
    }
    if "signed_in" not in who and not may & set(who):
        return 403
    own_site_only = role in ("principal_investigator", "investigator", "coordinator", "pharmacist")
    if foreign and (own_site_only or (role == "participant" and "{key" in path)):
        return 404
    return 200


@pytest.fixture(scope="module")
def guarded(tmp_path_factory, prepared, trial):
    """The application with its own routes, guard and middleware; only what a handler would do is left out.

    So nothing a request asks for is done, and every route can be tried by everybody.
    """

    def harmless(route):
        @wraps(route.handler)
        def answer(**_given):
            from litestar import Response

            return Response(content="allowed", media_type="text/plain")

        return replace(route, handler=answer)

    office = open_office(tmp_path_factory.mktemp("matrix"), prepared, trial)
    office.own, office.foreign = office.candidate("01"), office.candidate("02")
    office.do(commands.LinkParticipant("participant", office.own), "admin")
    routes = application.all_routes()
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(application, "all_routes", lambda: [harmless(route) for route in routes])
        office.app = application.create_app(office.workspace, rate_limit=1_000_000)
    yield office
    office.workspace.close()


def address(office: Office, path: str, *, foreign: bool) -> str:
    here = {"key": office.foreign if foreign else office.own, "site": "02" if foreign else "01"}

    def value(found: re.Match[str]) -> str:
        name, kind = found[1], found[2]
        return here.get(name) or VALUES.get(name) or ("1" if kind == "int" else "x")

    return re.sub(r"\{(\w+):(\w+)\}", value, path)


def answer(office: Office, client, method: str, path: str, *, foreign: bool) -> int:
    place = address(office, path, foreign=foreign)
    return (client.get(place) if method == "GET" else client.post(place)).status_code


@pytest.mark.parametrize("role", ["", *ROLES])
def test_every_route_answers_every_role_as_written(guarded: Office, role: str):
    client = guarded.client(USERS[role] if role else "")
    for method, path, who in declared():
        bound = "{key:" in path or "{site:" in path
        for foreign in (False, True) if bound else (False,):
            wanted = oracle(method, path, who, role, foreign=foreign)
            place = "at another site" if foreign else "at the own site"
            real = answer(guarded, client, method, path, foreign=foreign)
            assert real == wanted, f"{method} {path} as {role or 'nobody'} {place}"


def test_the_checked_in_page_says_the_same():
    lines = [
        line.strip("| ").split(" | ")
        for line in PAGE.read_text(encoding="utf-8").splitlines()
        if "`/" in line
    ]
    written = {(cells[0], cells[1].strip("`")): cells[3:] for cells in lines if cells[0] in ("GET", "POST")}
    assert set(written) == {(method, path) for method, path, _who in declared()}, "make docs"
    for method, path, who in declared():
        for role, mark in zip(ROLES, written[method, path], strict=True):
            ours = oracle(method, path, who, role, foreign=False)
            assert (mark in "●○") == (ours == 200), f"{method} {path} as {role}"


def test_the_second_opinion_knows_every_right():
    named = {name for _method, _path, who in declared() for name in who} - {"public", "signed_in"}
    unknown = named - set(VIEWS) - {command for role in ROLES.values() for command in role["may"]}
    assert not unknown, "nobody holds these rights; a new view right is written down here as well (VIEWS)"
    assert set(SHORT.values()) == set(ROLES)


def test_a_route_that_does_not_say_who_stops_the_start():
    @get("/forgotten")
    async def forgotten() -> None: ...

    with pytest.raises(RuntimeError, match="/forgotten does not say who"):
        need_declarations(Litestar([forgotten], openapi_config=None))

    @get("/misspelt", opt={"who": ("SafeForm",)})
    async def misspelt() -> None: ...

    with pytest.raises(RuntimeError, match="SafeForm"):
        need_declarations(Litestar([misspelt], openapi_config=None))


def test_no_post_is_exempt_from_the_token_but_what_keeps_nothing():
    exempt = [path for route in application.all_routes() if route.stateless for path in route.paths]
    assert all(
        path.startswith(("/health", "/ready", "/trial", "/calendar/feed")) or path == "/" for path in exempt
    ), exempt


# --- the ledger itself, when the guard is gone ------------------------------------------------------


def samples(key: str) -> list[commands.Command]:
    """One command of each kind of work, about a participant of site 01."""
    today = date(2026, 5, 8)
    return [
        commands.RegisterCandidate("01"),
        commands.RecordConsent(key, "1", "en", today, "Dr A", True),
        commands.SaveForm(key, "screening", "laboratory", values={"inr": commands.Entry("1.5")}),
        commands.RecordVisit(key, "screening", today),
        commands.SignEligibility(key, "eligible"),
        commands.Enrol(key),
        commands.EndParticipation(key, today, "other"),
        commands.RaiseQuery(key, "screening", "laboratory", "Please check."),
        commands.CloseQuery(key, "Q-1", "answered"),
        commands.VerifySource(key, "screening", "laboratory"),
        commands.Sign(key, "reviewed"),
        commands.Lock(key, reason="done"),
        commands.EraseIdentity(key, "asked"),
        commands.AddUser("intruder", "An Intruder"),
        commands.GrantRole("coordinator", "administrator"),
        commands.RevokeRole("admin", "administrator", "", "mutiny"),
        commands.DisableUser("pi", "mutiny"),
        commands.RecordTraining("coordinator", "everything", today),
        commands.AmendStudy("because"),
        commands.LockDatabase("done"),
        commands.CountStock("01", "B-1", 3, today),
    ]


@pytest.mark.parametrize("role", list(ROLES))
def test_the_ledger_refuses_by_itself_what_a_role_may_not(office: Office, role: str):
    key = office.candidate("01")
    before = office.workspace.store.position()
    actor = Actor(USERS[role], role, PEOPLE[USERS[role]][1])
    for command in samples(key):
        if type(command).__name__ not in ROLES[role]["may"]:
            with pytest.raises(CommandRefusedError) as refused:
                office.workspace.do(command, actor)
            assert refused.value.rule in ("role-may-not", "sponsor-changes-no-site-data"), command
    assert office.workspace.store.position() == before


@pytest.mark.parametrize("user", ["coordinator2", "pi2"])
def test_the_ledger_keeps_each_site_to_its_own(office: Office, user: str):
    key = office.candidate("01")
    role, site = PEOPLE[user]
    before = office.workspace.store.position()
    for command in samples(key):
        about_site = isinstance(command, (commands.ParticipantCommand, commands.RegisterCandidate))
        if about_site and type(command).__name__ in ROLES[role]["may"]:
            with pytest.raises(CommandRefusedError) as refused:
                office.workspace.do(command, Actor(user, role, site))
            assert refused.value.rule == "other-site"
    assert office.workspace.store.position() == before


def test_a_role_that_is_not_held_cannot_be_claimed(office: Office):
    with pytest.raises(CommandRefusedError) as refused:
        office.workspace.do(commands.AddUser("x", "X"), Actor("coordinator", "administrator"))
    assert refused.value.rule == "role-not-held"
