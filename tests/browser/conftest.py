"""A real Chromium, and the report of a rehearsal to open in it."""

from __future__ import annotations

import functools
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from web_kit import open_office
from web_server import Running, Served


@pytest.fixture(scope="session")
def chromium() -> Iterator[object]:
    """Debian's Chromium, headless. Skipped where there is none; in CI that is a failure."""
    program = shutil.which("chromium")
    if program is None:
        if os.environ.get("CI"):
            pytest.fail("Chromium is not installed")
        pytest.skip("Chromium is not installed")
    from playwright.sync_api import sync_playwright

    wait_for_scripts_after_clicks()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=program,
            args=["--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run"],
        )
        yield browser
        browser.close()


def wait_for_scripts_after_clicks() -> None:
    """A click returns when the next page has begun; what its scripts show is there only once it has loaded."""
    from playwright.sync_api import Locator

    for name in ("click", "press"):
        act = getattr(Locator, name)
        if getattr(act, "settles", False):
            continue

        @functools.wraps(act)
        def settled(
            self: Locator, *values: object, act: Callable[..., None] = act, **options: object
        ) -> None:
            act(self, *values, **options)
            if not self.page.is_closed():
                self.page.wait_for_load_state()

        settled.settles = True  # type: ignore[attr-defined]
        setattr(Locator, name, settled)


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `trialrun demo` leaves."""
    from trialrun.cli.entry import main

    folder = tmp_path_factory.mktemp("demo") / "out"
    with pytest.raises(SystemExit) as left:
        main(["demo", "--out", str(folder)])
    assert not left.value.code
    return folder


@pytest.fixture
def served(tmp_path: Path, prepared: Path, trial: object, chromium: object) -> Iterator[Served]:
    """An empty trial of two sites behind a real server; `served.page("coordinator")` is signed in."""
    from trialrun.web.application import create_app

    office = open_office(tmp_path, prepared, trial)  # type: ignore[arg-type]
    office.app = create_app(office.workspace, rate_limit=100_000)
    running = Running(office.app)
    made = Served(office, running.url, chromium)
    yield made
    for context in made.contexts:
        context.close()
    running.stop()
    office.workspace.close()
