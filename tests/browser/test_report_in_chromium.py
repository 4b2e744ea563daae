"""The report as a reader meets it: in a browser, on a phone, by keyboard, without a network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROWS = "[id='rows-meld_month_4/month_4']"
NUMBER = "#outcome-meld_month_4 td a[href='#rows-meld_month_4/month_4']"


@pytest.fixture
def page(chromium: Any, demo: Path, request: pytest.FixtureRequest) -> Iterator[Any]:
    width = getattr(request, "param", 1200)
    context = chromium.new_context(viewport={"width": width, "height": 900})
    opened = context.new_page()
    opened.asked: list[str] = []
    opened.said: list[str] = []
    opened.on("request", lambda r: opened.asked.append(r.url))
    opened.on("console", lambda m: opened.said.append(m.text))
    opened.on("pageerror", lambda e: opened.said.append(str(e)))
    opened.goto((demo / "report" / "report.html").as_uri())
    yield opened
    context.close()


def test_nothing_is_fetched_and_nothing_complains(page: Any) -> None:
    assert len(page.asked) == 1
    assert page.asked[0].startswith("file:")
    assert page.said == []


def test_every_registered_outcome_stands_in_order(page: Any) -> None:
    titles = page.locator("#outcomes section h3").all_text_contents()
    starts = ["Primary outcome 1", "Primary outcome 2", *(f"Secondary outcome {n}" for n in (1, 2, 3, 4))]
    assert [t.strip().split(":")[0] for t in titles[:6]] == starts


def test_a_number_opens_its_rows_and_a_row_its_log_entry(page: Any) -> None:
    page.locator(NUMBER).first.click()
    rows = page.locator(ROWS)
    assert rows.evaluate("e => e.open") is True
    link = rows.locator("a[href^='#']").first
    target = link.get_attribute("href")
    link.click()
    assert page.locator(f"[id='{target[1:]}']").is_visible()


def test_the_keyboard_reaches_a_number_and_opens_it(page: Any) -> None:
    page.locator(NUMBER).first.focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.getElementById('rows-meld_month_4/month_4').open")


@pytest.mark.parametrize("page", [390], indirect=True)
def test_a_phone_shows_it_without_sideways_scrolling(page: Any) -> None:
    wider = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wider <= 0


def test_every_link_inside_leads_somewhere(page: Any) -> None:
    lost = page.evaluate(
        "Array.from(document.querySelectorAll('a[href^=\"#\"]')).map(a => a.getAttribute('href').slice(1))"
        ".filter(id => id && !document.getElementById(decodeURIComponent(id)))"
    )
    assert lost == []


def test_figures_say_what_they_show(page: Any) -> None:
    silent = page.evaluate(
        "Array.from(document.querySelectorAll('svg, img')).filter(f => !f.closest('[aria-hidden=\"true\"]') &&"
        " !(f.getAttribute('aria-label') || f.getAttribute('alt') || f.getAttribute('aria-labelledby')"
        " || f.querySelector('title'))).length"
    )
    assert silent == 0
