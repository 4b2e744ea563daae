"""The registry desk in a real browser: no barrier, no sideways scrolling, on a phone, dark, written from the right, without scripts."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk_kit import desk_of, hostile, made_up, some_records, stored
from web_server import Running, Served, sideways, violations

PAGES = (
    "/",
    "/?q=asthma&phase=PHASE2&age=50&country=Iran",
    "/?q=zebra&condition=asthma&age=x",
    "/trials/NCT00000001",
    "/trials/NCT00000001?version=1",
    "/trials/NCT66666666",
    "/trials/NCT00000001/versions",
    "/trials/NCT00000002/versions",
    "/take-part",
    "/import",
    "/api",
    "/trials/NCT9",
)


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[Served]:
    """A desk behind a real server."""
    from trialrun.web.desk.application import create_desk

    folder = tmp_path_factory.mktemp("desk")
    store = stored(folder, [*some_records(), hostile()])
    running = Running(create_desk(desk_of(store, folder / "drafts"), rate_limit=100_000))
    made = Served(None, running.url, chromium)  # type: ignore[arg-type]
    yield made
    for context in made.contexts:
        context.close()
    running.stop()
    store.close()


def look(page: Any, path: str) -> None:
    page.goto(path)
    assert violations(page) == [], path
    assert sideways(page) == 0, path


LOOKED_AT = {
    "desk": (
        "/?q=zebra&condition=asthma&age=x",
        "/trials/NCT00000001?version=1",
        "/take-part",
        "/import",
        "/api",
    ),
    "phone": ("/?q=asthma&phase=PHASE2&age=50&country=Iran", "/trials/NCT00000001/versions"),
    "dark": (
        "/?q=asthma&phase=PHASE2&age=50&country=Iran",
        "/trials/NCT00000001",
        "/trials/NCT00000001/versions",
    ),
}


@pytest.mark.parametrize("how", LOOKED_AT)
def test_no_page_has_a_barrier(desk: Served, how: str):
    page = desk.page(dark=how == "dark", phone=how == "phone")
    for path in LOOKED_AT[how]:
        look(page, path)
    assert page.complaints == []


def test_no_page_scrolls_sideways_from_either_side(desk: Served):
    page = desk.page(phone=True)
    page.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        page.goto(path)
        assert sideways(page) == 0, path
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert sideways(page) == 0, (path, "from the right")


def test_a_trial_is_found_narrowed_and_opened_by_keyboard(desk: Served):
    page = desk.page()
    page.goto("/")
    page.get_by_label("Words").focus()
    page.keyboard.type("metformin")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=metformin")  # fields left empty are not in the address
    before = int(page.get_by_role("heading", name="trials found").inner_text().split()[0])
    page.get_by_role("link", name="Recruiting").first.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**status=RECRUITING*")
    assert page.locator(".facet a[aria-current]").count() == 1
    assert page.locator("article.hit").count() <= before
    page.get_by_role("link", name="Leave out Status: Recruiting").click()
    page.wait_for_url("**/?q=metformin")
    page.locator("article.hit h3 a").first.click()
    page.get_by_role("heading", name="The study in plain words").wait_for()
    assert page.get_by_role("button", name="Draft a study from this record").is_visible()


def test_on_a_phone_the_results_come_before_what_narrows_them(desk: Served):
    page = desk.page(phone=True)
    page.goto("/?q=metformin&condition=diabetes")
    assert not page.locator(".facet").first.is_visible()
    page.get_by_text("Narrow the search").click()
    assert page.locator(".facet").first.is_visible()


def test_records_are_imported_in_the_browser_and_their_change_is_seen(desk: Served, tmp_path: Path):
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps(made_up(77)), encoding="utf-8")
    later = made_up(77)
    later["protocolSection"]["statusModule"]["lastUpdateSubmitDate"] = "2026-11-01"
    later["protocolSection"]["outcomesModule"]["primaryOutcomes"][0]["measure"] = "Survival"
    second.write_text(json.dumps(later), encoding="utf-8")
    broken = tmp_path / "broken.json"
    broken.write_text("{", encoding="utf-8")
    page = desk.page()
    page.goto("/import")
    page.get_by_label("Choose one or more").set_input_files([str(first), str(broken)])
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_role("row", name="broken.json").wait_for()
    assert violations(page) == []
    page.get_by_label("Choose one or more").set_input_files([str(second)])
    page.get_by_role("button", name="Import", exact=True).click()
    page.get_by_text("0 new, 1 new versions").wait_for()
    page.goto("/trials/NCT00000077")
    page.get_by_role("link", name="What changed").click()
    page.locator(".alarm.high").first.wait_for()
    assert "Survival" in page.locator(".alarms").inner_text()
    assert page.complaints == []


def test_everything_works_without_scripts(desk: Served):
    page = desk.page(java_script_enabled=False)
    page.goto("/")
    page.get_by_label("Words").fill("asthma")
    page.get_by_role("button", name="Search").click()
    assert page.locator("article.hit").count() > 1
    assert page.locator(".facet a").first.is_visible()
    page.locator(".facet a").first.click()
    assert page.locator(".facet a[aria-current]").count() == 1
    page.locator("article.hit h3 a").first.click()
    assert page.get_by_role("heading", name="Outcome measures", exact=True).is_visible()
