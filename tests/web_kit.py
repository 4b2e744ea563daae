"""A site at work, for tests of the application: the first study at two sites, an account per role."""

from __future__ import annotations

import shutil
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from typing import Any

from trialrun.app.studies import open_study
from trialrun.app.workspace import Workspace, open_workspace
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AddUser,
    Command,
    Enrol,
    Entry,
    GrantRole,
    RecordConsent,
    RecordVisit,
    RegisterCandidate,
    SaveForm,
    SignEligibility,
)
from trialrun.study.model import ItemType, Study

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "nct05871463"
START = datetime(2026, 5, 8, 6, 0, tzinfo=UTC)
PASSWORD = "correct horse battery"  # the same for every account of the tests
CONSENTED, SCREENED, DOSED = date(2026, 5, 8), date(2026, 5, 10), date(2026, 5, 20)

# user: role, site. Site 02 exists so that the limits of a site can be seen.
PEOPLE: dict[str, tuple[str, str]] = {
    "pi": ("principal_investigator", "01"),
    "investigator": ("investigator", "01"),
    "coordinator": ("coordinator", "01"),
    "pharmacist": ("pharmacist", "01"),
    "monitor": ("monitor", ""),
    "data_manager": ("data_manager", ""),
    "statistician": ("statistician", ""),
    "sponsor": ("sponsor", ""),
    "admin": ("administrator", ""),
    "participant": ("participant", ""),
    "coordinator2": ("coordinator", "02"),
    "pi2": ("principal_investigator", "02"),
}


@dataclass
class Clock:
    """A clock that stands still until it is told to move; each look takes a second."""

    now: datetime = START

    def __call__(self) -> datetime:
        self.now += timedelta(seconds=1)
        return self.now

    def to(self, day: date, hour: int = 6) -> None:
        """Move to a day (06:00 UTC is 09:30 in Tehran); never backwards."""
        self.now = max(self.now, datetime(day.year, day.month, day.day, hour, tzinfo=UTC))


def two_sites() -> Study:
    """The first study, at two sites."""
    study = open_study(FOLDER)
    second = {
        "id": "02",
        "name": "A second hospital with quite a long name, to see what happens",
        "city": "Shiraz",
    }
    return replace(study, sites=(*study.sites, second))


def eligible_answers(study: Study) -> dict[str, dict[str, Entry]]:
    """Form to entries of somebody who may take part: a woman of 52, Child-Pugh B (complete screening)."""
    given = {
        "screening_date": "2026-05-10", "birth_date": "1974-02-01", "sex": "F", "cirrhosis_basis": "biopsy",
        "serology_date": "2026-05-09", "hbsag": "negative", "anti_hcv": "negative", "liver_imaging_date": "2026-05-01",
        "diabetes_type": "none", "systolic_1": "119", "systolic_2": "118", "systolic_3": "120", "diastolic_1": "75",
        "diastolic_2": "76", "diastolic_3": "74", "weight": "70", "sample_date": "2026-05-09", "bilirubin": "2.6",
        "albumin": "3.0", "inr": "1.5", "creatinine": "0.9", "sodium": "136", "ast": "60", "alt": "45", "alp": "120",
        "platelets": "90", "laboratory_name": "Central laboratory", "ascites": "slight", "encephalopathy": "0",
        "pregnancy_test_result": "negative", "pregnancy_test_date": "2026-05-18", "first_dose_planned_on": "2026-05-20",
    }  # fmt: skip
    yes = {
        "cirrhosis_confirmed", "etiology_alcohol", "malignancy_list_complete", "infection_list_complete",
        "medication_list_complete", "beverage_list_complete", "childbearing_potential",
    }  # fmt: skip
    forms: dict[str, dict[str, Entry]] = {}
    for name in study.visits["screening"].forms:
        form = study.forms[name]
        if form.repeating or name == "consent":
            continue
        entries: dict[str, Entry] = {}
        for item_name in form.items:
            item = study.items[item_name]
            if item_name in given:
                entries[item_name] = Entry(given[item_name], item.unit)
            elif item.type is ItemType.BOOLEAN:
                entries[item_name] = Entry("true" if item_name in yes else "false")
        forms[name] = entries
    return {name: entries for name, entries in forms.items() if entries}


@dataclass
class Office:
    """A workspace, its clock, and shortcuts to the states a participant can be in."""

    workspace: Workspace
    clock: Clock
    app: Any = None
    clients: dict[str, Any] = field(default_factory=dict)

    @property
    def study(self) -> Study:
        return self.workspace.study

    @staticmethod
    def actor(user: str) -> Actor:
        role, site = PEOPLE[user]
        return Actor(user, role, site)

    def do(self, command: Command, user: str = "coordinator") -> Any:
        return self.workspace.do(command, self.actor(user))

    def person(self, key: str) -> Any:
        return self.workspace.conduct.participant(key)

    # --- people in each state ----------------------------------------------------------------

    def candidate(self, site: str = "01") -> str:
        """Registered, nothing else."""
        user = "coordinator" if site == "01" else "coordinator2"
        return self.do(RegisterCandidate(site), user).participant

    def consented(self, site: str = "01") -> str:
        """Consent given, screening visit recorded."""
        key, user = self.candidate(site), "coordinator" if site == "01" else "coordinator2"
        text = self.study.consents[0]
        self.do(RecordConsent(key, text.version, text.language, CONSENTED, "Dr A", True), user)
        self.clock.to(SCREENED)
        self.do(RecordVisit(key, "screening", SCREENED), user)
        return key

    def screened(self, site: str = "01") -> str:
        """All screening forms filled in; eligible, not signed."""
        key, user = self.consented(site), "pi" if site == "01" else "pi2"
        self.clock.to(date(2026, 5, 18))
        approved = {"consent_version_approved": Entry("true")}
        if "consent_version_approved" not in self.person(key).form_values("screening", "consent", 0):
            self.do(SaveForm(key, "screening", "consent", values=approved), user)
        for form, entries in eligible_answers(self.study).items():
            self.do(SaveForm(key, "screening", form, values=entries), user)
        return key

    def enrolled(self, site: str = "01") -> str:
        """Signed eligible by the principal investigator, and enrolled."""
        key, user = self.screened(site), "pi" if site == "01" else "pi2"
        self.do(SignEligibility(key, "eligible"), user)
        self.do(Enrol(key), user)
        return key

    def dosed(self, site: str = "01") -> str:
        """Enrolled, with the first dose given on the planned day."""
        key, user = self.enrolled(site), "pi" if site == "01" else "pi2"
        self.clock.to(DOSED, hour=12)
        self.do(RecordVisit(key, "dose_1", DOSED), user)
        self.do(SaveForm(key, "dose_1", "reconfirmation", values={"still_suitable": Entry("true")}), user)
        given = {
            "batch": Entry("B-1"), "infusion_start": Entry("2026-05-20T10:00"), "infusion_stop": Entry("2026-05-20T11:00"),
            "dose_given": Entry("10", "mg"), "volume": Entry("100", "mL"), "infusion_interrupted": Entry("false"),
        }  # fmt: skip
        self.do(SaveForm(key, "dose_1", "infusion", values=given), user)
        return key

    # --- the browser's side ------------------------------------------------------------------

    def client(self, user: str = "") -> Client:
        """A browser signed in as the user (none: the public)."""
        from litestar.testing import TestClient

        if self.app is None:
            self.app = AppOf(self.workspace)
        inner = TestClient(self.app, base_url="http://trial.test")
        inner.blocking_portal = one_event_loop()
        if user:
            role, site = PEOPLE[user]
            inner.cookies.set("session", self.token(user, role, site))
        return Client(inner)

    def token(self, user: str, role: str, site: str) -> str:
        return self.workspace.accounts.open_session(user, role, site, now=self.clock())


class AppOf:
    """The application for one workspace. Its 190 routes are built once for all offices of a process.

    What belongs to a workspace is put in place at each request; two offices may take turns, not run at once.
    """

    def __init__(self, workspace: Workspace) -> None:
        from trialrun.web.templating import Pages

        self.app = _shared_app()
        self.own = {"workspace": workspace, "pages": Pages(workspace)}

    @property
    def routes(self) -> Any:
        return self.app.routes

    @property
    def state(self) -> Any:
        self.app.state.update(self.own)
        return self.app.state

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.app.state.update(self.own)
        await self.app(scope, receive, send)


class _Placeholder:
    """Stands where a workspace comes while the routes are built."""

    study = None
    zone = UTC

    class accounts:  # noqa: N801 (an attribute of the workspace)
        @staticmethod
        def secret(name: str) -> bytes:
            return name.encode().ljust(32, b".")


@cache
def _shared_app() -> Any:
    from trialrun.web.application import create_app

    return create_app(_Placeholder(), rate_limit=10**7)  # type: ignore[arg-type]


_OPEN = ExitStack()  # held until the process ends


@cache
def one_event_loop() -> Any:
    """An event loop for all test clients; else each request starts a thread with one of its own."""
    from anyio.from_thread import start_blocking_portal

    return _OPEN.enter_context(start_blocking_portal())


class Client:
    """A test client that sends the token against forgery by itself and does not follow redirects."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def get(self, path: str, **more: Any) -> Any:
        return self.inner.get(path, follow_redirects=False, **more)

    def post(self, path: str, data: Any = None, **more: Any) -> Any:
        if "csrf" not in self.inner.cookies:
            self.inner.get("/sign-in")
        headers = {"x-csrftoken": self.inner.cookies.get("csrf", ""), **more.pop("headers", {})}
        return self.inner.post(path, data=data, headers=headers, follow_redirects=False, **more)


def prepare(database: Path, study: Study) -> None:
    """A log that is open as a rehearsal, with everybody's account (no passwords: see `Office.token`)."""
    clock = Clock()
    workspace = open_workspace(FOLDER, f"sqlite:///{database}", clock=clock, study=study)
    admin = Actor("admin", "administrator")
    for user, (role, site) in sorted(PEOPLE.items(), key=lambda pair: pair[0] != "admin"):
        if role not in study.roles:
            continue
        workspace.do(AddUser(user, f"Dr {user.replace('_', ' ').title()} Example"), admin)
        workspace.do(GrantRole(user, role, site), admin)
    workspace.do(ActivateStudy("rehearsal"), Actor("pi", "principal_investigator", "01"))
    workspace.close()


def open_office(folder: Path, prepared: Path, study: Study) -> Office:
    """An office on a copy of a prepared log."""
    database = folder / "trial.sqlite"
    shutil.copy(prepared, database)
    clock = Clock(START + timedelta(minutes=5))
    return Office(open_workspace(FOLDER, f"sqlite:///{database}", clock=clock, study=study), clock)
