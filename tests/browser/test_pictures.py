"""The pictures of the documentation: a made-up trial half-way, at a fixed time, in a real browser.

`make pictures` names a folder in TRIALRUN_SCREENSHOTS and keeps them there; without it the pages are only looked at.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from trialrun.app.demo_site import PEOPLE, build_demo_site
from trialrun.app.workspace import Workspace, open_workspace
from trialrun.ledger.state import ParticipantState
from trialrun.web.application import create_app
from web_kit import FOLDER
from web_server import Running, Served, sideways, violations

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
LARGEST = 200_000
DESK, PHONE = (1280, 900), (390, 844)


@dataclass
class Office:
    """What a browser needs to be signed in as somebody of the made-up trial."""

    workspace: Workspace

    def token(self, _user: str, role: str, site: str) -> str:
        """A session of the account that holds the role."""
        return self.workspace.accounts.open_session(PEOPLE[role][0], role, site, now=NOW)

    def people(self) -> list[ParticipantState]:
        """Everybody, in the order of their numbers."""
        conduct = self.workspace.conduct
        return [conduct.participant(key) for key in conduct.participants()]


@pytest.fixture(scope="module")
def half_way(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Served]:
    """The made-up trial behind a real server."""
    site = build_demo_site(tmp_path_factory.mktemp("pictures") / "site", study_folder=FOLDER, now=NOW)
    workspace = open_workspace(FOLDER, site.database, clock=lambda: NOW)
    running = Running(create_app(workspace, rate_limit=100_000))
    made = Served(Office(workspace), running.url, chromium)  # type: ignore[arg-type]
    yield made
    for context in made.contexts:
        context.close()
    running.stop()
    workspace.close()


def look(page: Any, name: str, size: tuple[int, int] = DESK) -> None:
    """No barrier, no sideways scrolling, no complaint; a picture where pictures are wanted."""
    assert violations(page) == [], name
    assert sideways(page) == 0, name
    assert page.complaints == [], name
    if folder := os.environ.get("TRIALRUN_SCREENSHOTS"):
        clip = {"x": 0, "y": 0, "width": size[0], "height": size[1]}
        picture = small(page.screenshot(clip=clip, animations="disabled", caret="hide"))
        assert len(picture) < LARGEST, name
        Path(folder, f"{name}.png").write_bytes(picture)


def small(picture: bytes) -> bytes:
    """The picture in 256 colours: a third of the size, and nobody sees it."""
    from PIL import Image  # comes with matplotlib

    kept = io.BytesIO()
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    image.quantize(256, dither=Image.Dither.NONE).save(kept, "PNG", optimize=True)
    return kept.getvalue()


@pytest.mark.slow
def test_the_pages_of_a_trial_half_way(half_way: Served):
    everybody = half_way.office.people()
    taking_part = [one for one in everybody if one.enrolled and one.ended_on is None]
    # The one with most behind them among those who still take part: every state of a form is in the grid.
    shown = max(taking_part, key=lambda one: (len(one.visits), one.key))
    waiting = next(one for one in everybody if not one.enrolled and one.consent and one.ended_on is None)

    public = half_way.page(phone=True)
    public.goto("/")
    look(public, "public-phone", PHONE)
    public = half_way.page()
    public.goto("/trial/check")
    look(public, "check")

    page = half_way.page("coordinator")
    for name, address in (
        ("dashboard", "/home"),
        ("casebook", f"/participants/{shown.key}"),
        ("eligibility", f"/participants/{waiting.key}/eligibility"),
        ("dosing", f"/participants/{shown.key}/dosing"),
    ):
        page.goto(address)
        if name == "casebook":  # the grid is what it is about
            page.get_by_role("heading", name="Visits and forms").evaluate("one => one.scrollIntoView()")
        look(page, name)

    visit = next(name for name in ("month_4", "month_2", "baseline") if (name, "laboratory") in forms(shown))
    page.goto(f"/participants/{shown.key}/visits/{visit}/forms/laboratory")
    with page.expect_response(lambda answer: answer.url.endswith("/draft")):  # after the checks
        page.locator("[name='v.creatinine']").fill("2.4")
    page.get_by_text("Draft kept").wait_for()
    page.wait_for_timeout(500)
    look(page, "form")

    page = half_way.page("monitor")
    page.goto("/trail")
    look(page, "trail")


def test_the_picture_of_the_report(chromium: Any, demo: Path) -> None:
    """The first primary outcome of the rehearsal's report, as a reader finds it."""
    size = (1180, 1330)
    context = chromium.new_context(viewport={"width": size[0], "height": size[1]})
    try:
        page = context.new_page()
        page.goto((demo / "report" / "report.html").as_uri())
        heading = page.get_by_role("heading", name="Primary outcome 1").first
        heading.evaluate("one => one.scrollIntoView()")
        assert heading.is_visible()
        if folder := os.environ.get("TRIALRUN_SCREENSHOTS"):
            picture = small(page.screenshot(animations="disabled", caret="hide"))
            assert len(picture) < LARGEST
            Path(folder, "report.png").write_bytes(picture)
    finally:
        context.close()


def forms(person: ParticipantState) -> set[tuple[str, str]]:
    """The forms that hold something."""
    return {(visit, form) for visit, form, _row, _item in person.values}


@pytest.mark.slow
@pytest.mark.shared
def test_the_search_of_real_records(chromium: object, shared: Any, tmp_path: Path):
    from desk_kit import desk_of
    from trialrun.registry.store import open_registry
    from trialrun.web.desk.application import create_desk

    store = open_registry(tmp_path / "records.sqlite")
    store.import_files([shared("ctgov")], now=NOW)
    running = Running(create_desk(desk_of(store, tmp_path / "drafts"), rate_limit=100_000))
    made = Served(None, running.url, chromium)  # type: ignore[arg-type]
    page = made.page()
    page.goto("/?q=diabetes&type=INTERVENTIONAL")
    look(page, "registry-search")
    for context in made.contexts:
        context.close()
    running.stop()
    store.close()
