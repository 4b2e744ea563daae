"""The pages of the analysis in a real browser: they wait by themselves, fit a phone, and axe finds nothing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from trialrun.app.rehearsals import rehearse_study
from trialrun.app.workspace import open_workspace
from trialrun.ledger.commands import Actor, AddUser, GrantRole, LockDatabase
from trialrun.ledger.decide import database_lock
from web_kit import FOLDER, Clock, Office
from web_server import Running, Served, sideways, violations

ADMIN = Actor("setup", "administrator")
PICTURES = os.environ.get("TRIALRUN_PICTURES", "")


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Served]:
    """A rehearsed trial with a locked database behind a real server."""
    from trialrun.web.application import create_app

    folder = tmp_path_factory.mktemp("rehearsed") / "log"
    done = rehearse_study(FOLDER, folder, seed=3, screened=14)
    clock = Clock(datetime.fromisoformat(done.last_moment) + timedelta(days=1))
    office = Office(open_workspace(FOLDER, str(folder / "ledger.sqlite"), clock=clock), clock)
    for user, role in (
        ("statistician", "statistician"),
        ("sponsor", "sponsor"),
        ("data_manager", "data_manager"),
    ):
        office.workspace.do(AddUser(user, f"Dr {user.title()} Example"), ADMIN)
        office.workspace.do(GrantRole(user, role, ""), ADMIN)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(database_lock, "lock_obstacles", lambda people: ())
        office.do(LockDatabase("all done"), "data_manager")
    office.app = create_app(office.workspace, rate_limit=100_000)
    running = Running(office.app)
    made = Served(office, running.url, chromium)
    yield made
    for context in made.contexts:
        context.close()
    running.stop()
    office.workspace.close()


def look(page: Any, name: str) -> None:
    """What every page must be; its picture is kept where somebody wants to look."""
    if PICTURES:
        page.screenshot(path=str(Path(PICTURES) / f"{name}.png"), full_page=True)
    assert violations(page) == []
    assert sideways(page) == 0
    assert page.complaints == []


def test_from_the_form_to_the_public_page(served: Served):
    page = served.page("statistician")
    page.goto("/analysis")
    look(page, "analysis-new")
    page.get_by_label("final: the database is locked").check()
    page.get_by_label("What is it for?").fill("the final analysis")
    page.get_by_role("button", name="Cut the snapshot and analyse").click()
    assert page.get_by_role("heading", name="It is being worked on").is_visible()
    look(page, "analysis-running")
    # The page finds the end by itself; nobody presses anything.
    page.get_by_role("heading", name="Files").wait_for(timeout=240_000)
    look(page, "analysis-done")
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open report.html in a new tab").click()
    report = opened.value
    report.get_by_role("heading", level=1).wait_for()
    assert (
        report.evaluate("window.origin") == "null"
    )  # a box of its own: no cookie of ours, no address of ours
    page.get_by_label("Reason").fill("for the sponsor")
    page.get_by_role("button", name="Release").click()

    phone = served.page("sponsor", phone=True)
    phone.goto("/analysis")
    look(phone, "analysis-phone-list")
    phone.get_by_role("link", name="Final 0001").click()
    look(phone, "analysis-phone-run")
    phone.get_by_label("Who decided to publish").fill("the sponsor's board")
    phone.get_by_role("button", name="Publish on the public page").click()
    public = served.page(phone=True)
    public.goto("/trial/results")
    assert public.get_by_text("The people in it are made up.").is_visible()
    look(public, "analysis-public-phone")
    public.goto("/")
    public.get_by_role("link", name="Read the results").click()
    assert public.url.endswith("/trial/results")
    wide = served.page(dark=True)
    wide.goto("/trial/results")
    look(wide, "analysis-public-dark")
