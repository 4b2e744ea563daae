"""The whole report in a real browser: a number leads to its keystroke, by mouse and keyboard, small and large."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from web_server import sideways, violations

PRIMARY = "#outcome-meld_month_4 td a[href='#rows-meld_month_4/month_4']"


@pytest.fixture
def open_report(chromium: Any, demo: Path) -> Iterator[Any]:
    """Opens the rehearsal's report; whatever it asks for or complains about is kept."""
    contexts: list[Any] = []

    def opened(*, phone: bool = False, dark: bool = False) -> Any:
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        context = chromium.new_context(viewport=size, color_scheme="dark" if dark else "light")
        contexts.append(context)
        page = context.new_page()
        page.asked, page.complaints = [], []
        page.on("request", lambda request: page.asked.append(request.url))
        page.on("console", lambda said: page.complaints.append(said.text))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.goto((demo / "report" / "report.html").as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()


# Hundreds of closed lists are alike: one of each kind is looked at, or the check takes minutes.
ONE_OF_EACH = """
const alike = (all, kept) => all.slice(kept).forEach(one => one.remove());
alike(Array.from(document.querySelectorAll('#data details:not(.group)')), 2);
alike(Array.from(document.querySelectorAll('#listings > section')), 1);
alike(Array.from(document.querySelectorAll('#exploratory > section')), 1);
document.querySelectorAll('#data details:not(.group)').forEach(one => alike(Array.from(one.querySelectorAll('tbody tr')), 3));
document.querySelectorAll('main details').forEach(one => { one.open = true; });
"""


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_it_is_accessible_and_does_not_scroll_sideways(open_report: Any, *, phone: bool, dark: bool) -> None:
    page = open_report(phone=phone, dark=dark)
    assert sideways(page) <= 0
    page.evaluate(ONE_OF_EACH)
    assert violations(page) == []
    assert page.complaints == []


def test_the_keyboard_opens_a_number_its_answer_and_leads_back(open_report: Any) -> None:
    page = open_report()
    number = page.locator(PRIMARY).first
    number.focus()
    page.keyboard.press("Enter")
    rows = page.locator("[id='rows-meld_month_4/month_4']")
    page.wait_for_function("document.getElementById('rows-meld_month_4/month_4').open")
    assert rows.locator("summary").evaluate("e => e === document.activeElement")
    answer = rows.locator("a[href^='#v-']").first
    target = answer.get_attribute("href")[1:]
    answer.focus()
    page.keyboard.press("Enter")
    line = page.locator(f"[id='{target}']")
    line.wait_for(state="visible")
    assert line.evaluate("e => e === document.activeElement")
    assert len(line.locator(".hash").first.text_content()) == 64
    page.get_by_role("button", name="Back to the number").click()
    assert number.evaluate("e => e === document.activeElement")
    assert len(page.asked) == 1


@pytest.mark.parametrize(
    "chapter",
    ["flow", "screening", "populations", "baseline", "exposure", "adverse", "missing", "deviations"],
)
def test_counts_open_whom_they_count(open_report: Any, chapter: str) -> None:
    page = open_report()
    number = page.locator(f"#{chapter} td a[href^='#rows-']").first
    counted = int(number.text_content().split()[0])
    target = number.get_attribute("href")[1:]
    number.click()
    rows = page.locator(f"[id='{target}']")
    assert rows.evaluate("e => e.open")
    people = rows.locator("tbody tr th").all_text_contents()
    assert len(set(people)) == counted or len(people) == counted


def test_every_listed_value_leads_somewhere(open_report: Any) -> None:
    page = open_report()
    lost = page.evaluate(
        "Array.from(document.querySelectorAll('a[href^=\"#\"]')).map(a => a.getAttribute('href').slice(1))"
        ".filter(id => !document.getElementById(id))"
    )
    assert lost == []


def test_paper_shows_the_report_and_the_data_only_when_asked(open_report: Any) -> None:
    page = open_report()
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert not page.locator("#data").is_visible()
    assert page.locator("#outcome-meld_month_4 details.paper table").first.is_visible()
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.evaluate("document.getElementById('print-data').checked = true")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator("#data").is_visible()
    assert page.locator("#data table").first.is_visible()


def test_it_prints_to_pages(open_report: Any) -> None:
    made = open_report().pdf(format="A4")
    assert made.startswith(b"%PDF")
    assert 10 < made.count(b"/Type /Page\n") + made.count(b"/Type /Page ") < 200
