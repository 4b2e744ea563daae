"""Safety in a real browser: no barrier on any page, phone and desk, and an alert assessed without a script's help."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from safety_kit import draw, report, serious
from trialrun.app.coding import forget_dictionaries, use_dictionaries
from web_server import Served, sideways, violations

PAGES = (
    "/safety",
    "/safety/events",
    "/safety/serious",
    "/safety/alerts",
    "/safety/stopping",
    "/safety/endings",
    "/coding",
)
LONG = "Hepatic encephalopathy in the words of a family that told everything it had seen since the evening before"


def _some_safety(served: Served) -> str:
    office = served.office
    key = office.dosed()
    report(office, key)
    serious(office, key, 2, ae_term=LONG)
    draw(
        office,
        key,
        date(2026, 6, 10),
        alt="200",
        bilirubin="6.0",
        inr="2.1",
        platelets="40",
        creatinine="1.5",
    )
    died = {"ae_outcome": "fatal", "ae_grade": "5", "ae_seriousness": "death", "ae_end": "2026-06-12"}
    serious(office, key, 3, ae_term="Liver failure", **died)
    return key


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_no_page_of_safety_has_a_barrier(served: Served, tmp_path: Path, phone: bool, dark: bool):
    dictionary = tmp_path / "MedDRA-0.1.csv"
    dictionary.write_text("code,term,parents\n900001,Failing of liver,990001 Livers\n900002,Tiredness,\n")
    use_dictionaries([dictionary])
    try:
        page = served.page("pi", phone=phone, dark=dark)
        for path in PAGES:
            page.goto(path)
            assert violations(page) == [], path
        key = _some_safety(served)
        term = f"/participants/{key}/coding?visit=log&form=adverse_event&row=3&item=ae_term&search=tired"
        for path in (*PAGES, f"/participants/{key}/safety", f"/participants/{key}/safety/2", term):
            page.goto(path)
            assert violations(page) == [], path
            assert sideways(page) == 0, path
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert sideways(page) == 0
        assert page.complaints == []
    finally:
        forget_dictionaries()


def test_an_alert_is_assessed_on_a_phone(served: Served):
    key = _some_safety(served)
    page = served.page("pi", phone=True)
    page.goto(f"/participants/{key}/safety")
    first = page.locator("article.alert").first
    assert "Liver injury signal" in first.inner_text()
    first.get_by_label("Assessment").fill("Cholangitis; next dose withheld")
    first.get_by_role("button", name="Record the assessment").click()
    page.get_by_text("The assessment is recorded.").wait_for()
    assert (
        page.locator("article.alert", has_text="Liver injury signal").get_by_text("Cholangitis").is_visible()
    )


def test_a_report_is_written_down_as_sent(served: Served):
    key = _some_safety(served)
    page = served.page("coordinator")
    page.goto("/safety/serious")
    page.get_by_role("link", name=LONG).click()
    page.get_by_label("Sent on").fill("2026-05-28")
    page.get_by_label("Reference").fill("SAE-7")
    page.get_by_role("button", name="Record as sent").click()
    page.get_by_text("The report is recorded as sent.").wait_for()
    assert page.get_by_role("cell", name="SAE-7").is_visible()
    assert page.url.endswith(f"/participants/{key}/safety/2")
