"""A study drafted from a registry record, nothing added by hand, opens in the web application: every page of every role."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from crawl import BASE, crawl
from trialrun.app.serious import serious_events
from trialrun.app.workspace import open_workspace
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AddUser,
    ApproveConsent,
    Entry,
    GrantRole,
    LinkParticipant,
    RecordConsent,
    RecordVisit,
    RegisterCandidate,
    SaveForm,
)
from trialrun.registry.draft import write_draft
from trialrun.registry.draft_fixed import ROLES
from trialrun.registry.read import read_record
from trialrun.study.load import load_study
from web_kit import FOLDER, PEOPLE, START, Clock, Office, one_event_loop

PAGE = Path(__file__).resolve().parents[1] / "data" / "registry" / "page.txt"
AT_FIRST_SITE = {user: who for user, who in PEOPLE.items() if not user.endswith("2")}


@pytest.fixture(params=["first", "another"])
def drafted(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Office]:
    """A rehearsal of a drafted study with somebody screened who had a serious event."""
    path = FOLDER / "record.json" if request.param == "first" else PAGE
    record, _findings = read_record(path)
    write_draft(record, tmp_path / "study")
    study = load_study(tmp_path / "study")
    clock = Clock(START)
    workspace = open_workspace(tmp_path / "study", str(tmp_path / "log.sqlite"), clock=clock, study=study)
    admin = Actor("admin", "administrator")
    site = str(study.sites[0]["id"])
    for user, (role, where) in sorted(AT_FIRST_SITE.items(), key=lambda pair: pair[0] != "admin"):
        workspace.do(AddUser(user, f"Dr {user.title()}"), admin)
        workspace.do(GrantRole(user, role, where and site), admin)
    pi = Actor("pi", "principal_investigator", site)
    workspace.do(ActivateStudy("rehearsal"), pi)
    workspace.do(ApproveConsent(site, "1", "en", date(2026, 5, 1), "EC 1"), pi)
    key = workspace.do(RegisterCandidate(site), pi).participant
    workspace.do(RegisterCandidate(site), pi)
    workspace.do(LinkParticipant("participant", key), admin)
    workspace.do(RecordConsent(key, "1", "en", date(2026, 5, 8), "Dr A", True), pi)
    workspace.do(RecordVisit(key, "screening", date(2026, 5, 8)), pi)
    place = next(name for name, visit in study.visits.items() if "adverse_event" in visit.forms)
    event = {
        "ae_term": Entry("Fever"), "ae_start": Entry("2026-05-08"), "ae_grade": Entry("3", "{score}"),
        "ae_serious": Entry("true"), "ae_aware_on": Entry("2026-05-08"), "ae_seriousness": Entry("hospitalisation"),
        "ae_related": Entry("possible"), "ae_expected": Entry("false"), "ae_outcome": Entry("recovering"),
        "ae_action": Entry("none"),
    }  # fmt: skip
    workspace.do(SaveForm(key, place, "adverse_event", row=1, values=event), pi)
    yield Office(workspace, clock)
    workspace.close()


def test_every_page_of_a_drafted_study_opens_for_every_role(drafted: Office) -> None:
    from litestar.testing import TestClient

    from trialrun.web.application import create_app

    app = create_app(drafted.workspace, rate_limit=10**6)
    site = str(drafted.study.sites[0]["id"])
    for user, (role, where) in AT_FIRST_SITE.items():
        client = TestClient(app, base_url=BASE)
        client.blocking_portal = one_event_loop()
        client.cookies.set("session", drafted.token(user, role, where and site))
        wrong, kinds = crawl(client)
        assert (role, wrong) == (role, [])
        assert len(kinds) > 3


def test_a_serious_event_of_a_drafted_study_has_its_clocks(drafted: Office) -> None:
    (event,) = serious_events(drafted.workspace, [str(one["id"]) for one in drafted.study.sites])
    assert {duty.clock.name for duty in event.duties} >= {"sponsor", "susar"}


def test_drafted_roles_may_what_the_roles_of_the_first_study_may(trial) -> None:
    assert {name: set(role["may"]) for name, role in ROLES.items()} == {
        name: set(role.may) for name, role in trial.roles.items()
    }
