"""Opening a study for real in the browser, and an amendment that waits for the committees of its sites."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from trialrun.app.opening import opening
from trialrun.app.users import create_first_administrator
from trialrun.app.workspace import open_workspace
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AmendStudy,
    ApproveAmendment,
    ApproveConsent,
    ConfirmAssumption,
    DisableUser,
    RecordConsent,
    RegisterCandidate,
    RevokeRole,
)
from trialrun.ledger.conduct import CommandRefusedError
from trialrun.study.model import Study
from web_kit import FOLDER, PEOPLE, START, Clock, Office

PI = Actor("pi", "principal_investigator", "01")
ADMIN = Actor("admin", "administrator")
AMENDED = "f" * 64


@pytest.fixture
def fresh(tmp_path: Path, trial: Study) -> Iterator[Office]:
    """What `trialrun admin` leaves behind: a log with one administrator in it, not opened."""
    from trialrun.app.users import add_user

    clock = Clock(START)
    workspace = open_workspace(FOLDER, str(tmp_path / "real.sqlite"), clock=clock, study=trial)
    create_first_administrator(workspace, "admin", "Root Example")
    for user, (role, site) in PEOPLE.items():
        if user != "admin":
            add_user(workspace, ADMIN, user, user.title(), role=role, site=site)
    made = Office(workspace, clock)
    yield made
    workspace.close()


def refused(office: Office, command: object, actor: Actor = PI) -> str:
    with pytest.raises(CommandRefusedError) as caught:
        office.workspace.do(command, actor)  # pyright: ignore[reportArgumentType]
    return caught.value.rule


def live(office: Office) -> None:
    for name in office.study.assumptions:
        office.workspace.do(ConfirmAssumption(name), PI)
    office.workspace.do(ActivateStudy("live"), PI)


def test_a_site_opens_a_real_study_in_the_browser_alone(fresh: Office) -> None:
    client, names = fresh.client("pi"), list(fresh.study.assumptions)
    assert "The study is not open yet" in client.get("/study").text
    early = client.post("/study/activate", {"mode": "live"})
    assert (early.status_code, "assumptions are not confirmed" in early.text) == (422, True)
    assert client.post("/study/assumptions", {}).status_code == 422
    assert client.post("/study/assumptions", {"assumption": names[:1], "remark": "seen"}).status_code == 303
    sponsor = fresh.client("sponsor")
    assert sponsor.post("/study/assumptions", {"assumption": names[1:]}).status_code == 303
    view = opening(fresh.workspace)
    assert view.waiting == ()
    assert {one.by for one in view.assumptions} == {"Pi", "Sponsor"}
    assert sponsor.post("/study/activate", {"mode": "live"}).status_code == 403
    assert client.post("/study/activate", {"mode": "live"}).status_code == 303
    assert client.post("/study/activate", {"mode": "rehearsal"}).status_code == 422
    data = {"text": "en-1", "site": "01", "from_date": "2026-05-01", "reference": "EC 1"}
    assert client.post("/consents", data).status_code == 303
    started = fresh.client("coordinator").post("/screening/new", {"site": "01"})
    assert (started.status_code, fresh.workspace.conduct.participants()) == (303, ("S-001",))


@pytest.mark.parametrize("user", list(PEOPLE))
def test_no_page_of_a_study_that_is_not_open_breaks(fresh: Office, user: str) -> None:
    import re

    client = fresh.client(user)
    home = client.get("/home")
    assert home.status_code == 200
    for path in set(re.findall(r'href="(/[a-z][a-z/-]*)"', home.text)):
        assert client.get(path).status_code in (200, 303), path


def test_an_amendment_waits_for_the_approval_of_each_site_with_candidates(
    fresh: Office, trial: Study
) -> None:
    live(fresh)
    fresh.workspace.do(ApproveConsent("01", "1", "en", date(2026, 5, 1), "EC 1"), PI)
    key = fresh.workspace.do(RegisterCandidate("01"), Actor("coordinator", "coordinator", "01")).participant
    changed = replace(trial, title="Amended", hash=AMENDED)
    again = Office(replace(fresh.workspace, study=changed, conduct=_conduct(fresh, changed)), fresh.clock)
    coordinator = Actor("coordinator", "coordinator", "01")
    consent = RecordConsent(key, "1", "en", date(2026, 5, 8), "Dr A", True)
    assert refused(again, consent, coordinator) == "definition-changed"
    client = again.client("pi")
    assert "Amendment waiting" in client.get("/study").text
    held = client.post("/study/amend", {"reason": "protocol 2"})
    assert (held.status_code, "no approval of this definition" in held.text) == (422, True)
    assert "protocol 2" in held.text
    data = {"site": "01", "definition": AMENDED, "from_date": "2026-05-09", "reference": "EC 2"}
    assert client.post("/study/approval", {**data, "site": "02"}).status_code == 422
    assert client.post("/study/approval", {**data, "definition": "f" * 12}).status_code == 422
    assert client.post("/study/approval", {**data, "from_date": "soon"}).status_code == 422
    assert client.post("/study/approval", data).status_code == 303
    assert refused(again, AmendStudy("too early")) == "amendment-not-approved"
    again.clock.to(date(2026, 5, 9))
    client = again.client("pi")  # the session of the day before has ended
    assert client.post("/study/amend", {"reason": "protocol 2"}).status_code == 303
    assert "protocol 2" in client.get("/study").text
    again.workspace.do(consent, coordinator)
    assert refused(again, ApproveAmendment("01", AMENDED, date(2026, 5, 9), "EC 2")) == "no-change"
    assert "approval of the amended definition" in client.get("/trail?kind=AmendmentApproved").text


def _conduct(office: Office, study: Study):
    from trialrun.ledger.conduct import Conduct

    return Conduct(office.workspace.store, study, office.clock)


def test_the_ledger_never_loses_its_last_administrator(fresh: Office) -> None:
    assert refused(fresh, DisableUser("admin", "left"), ADMIN) == "last-administrator"
    assert refused(fresh, RevokeRole("admin", "administrator", "", "left"), ADMIN) == "last-administrator"
    fresh.workspace.do(DisableUser("monitor", "left"), ADMIN)


def test_the_analysis_plan_is_taken_from_the_study_page(fresh: Office) -> None:
    client = fresh.client("pi")
    assert "/study/analysis-plan.pdf" in client.get("/study").text
    answer = client.get("/study/analysis-plan.pdf")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/pdf")
    assert answer.content.startswith(b"%PDF")
    assert fresh.study.hash[:8] in answer.headers["content-disposition"]
