"""One participant from the public page to a signed casebook, each step in a real browser by the person who does it.

With TRIALRUN_SCREENSHOTS naming a folder, the main pages are kept there as pictures for the documentation.
"""

from __future__ import annotations

import os
import re
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trialrun.app.ranges import set_ranges
from trialrun.ledger.commands import ApproveConsent
from trialrun.ledger.verify import verify
from web_kit import CONSENTED, DOSED, PASSWORD, SCREENED, eligible_answers
from web_server import Served, sideways, violations

LABORATORY = "Central laboratory"
BLOOD = {
    "sample_date": "", "laboratory_name": LABORATORY, "creatinine": "0.9", "bilirubin": "44.5", "inr": "1.5", "sodium": "136",
    "albumin": "3.0", "ast": "58", "alt": "44", "alp": "118", "platelets": "92", "dialysis": "false",
}  # fmt: skip
UNITS = {"bilirubin": "umol/L"}  # of the others the first unit offered, the item's own
EXAMINED = {
    "ascites": "slight", "ascites_treated": "true", "encephalopathy": "0", "encephalopathy_treated": "false", "ecg_result": "normal",
}  # fmt: skip
PRESSED = {
    "weight": "70", "systolic_1": "119", "diastolic_1": "75", "systolic_2": "118", "diastolic_2": "76", "systolic_3": "120",
    "diastolic_3": "74",
}  # fmt: skip


class Site:
    """The people of the site, each with a browser of their own."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.office = served.office
        self.pages: dict[str, Any] = {}
        folder = os.environ.get("TRIALRUN_SCREENSHOTS")
        self.pictures = Path(folder) if folder else None

    def as_(self, user: str, path: str = "") -> Any:
        """The user's browser, signed in by name and password at first use, at a page."""
        if user not in self.pages:
            self.office.workspace.accounts.set_password(user, PASSWORD, now=self.office.clock())
            page = self.served.page()
            page.goto("/sign-in")
            page.get_by_label("User name").fill(user)
            page.get_by_label("Password").fill(PASSWORD)
            page.get_by_role("button", name="Sign in").click()
            page.wait_for_url("**/home")
            self.pages[user] = page
        page = self.pages[user]
        if path:
            page.goto(path)
        return page

    def fresh(self) -> None:
        """Days go by: sessions end, and everybody signs in anew."""
        for page in self.pages.values():
            page.context.close()
        self.pages.clear()

    def look(self, page: Any, name: str) -> None:
        """No barrier, no sideways scrolling, no complaint; a picture where pictures are wanted."""
        assert violations(page) == [], name
        assert sideways(page) == 0, name
        if self.pictures:
            page.screenshot(
                path=self.pictures / f"{name}.png", clip={"x": 0, "y": 0, "width": 1280, "height": 900}
            )

    def form(self, user: str, key: str, visit: str, form: str, answers: dict[str, str], row: str = "") -> Any:
        """Fill a form in and save it, confirming what is asked."""
        place = f"/participants/{key}/visits/{visit}/forms/{form}" + (f"/rows/{row}" if row else "")
        page = self.as_(user, place)
        hidden = [name for name, text in answers.items() if not put(page, name, text)]
        if hidden:  # asked only where another answer asks for it, which the page learns from the server
            page.wait_for_timeout(1500)
            for name in hidden:
                put(page, name, answers[name])
        press(page, page.locator("#save"))
        if page.locator("#settle").count():
            for box in page.locator("#settle input[name=confirmed]").all():
                box.check()
            press(page, page.get_by_role("button", name="Save now"))
        assert not page.locator("#settle").count(), page.locator("#settle").inner_text()
        return page

    def date(self, user: str, key: str, visit: str, day: date) -> None:
        """Record the date of a visit."""
        page = self.as_(user, f"/participants/{key}/visits/{visit}")
        page.locator("main input[name=date]").fill(day.isoformat())
        press(page, page.get_by_role("button", name="Save the date"))

    def sign(self, user: str, address: str) -> None:
        """Sign what stands at an address with the first meaning offered."""
        page = self.as_(user, address)
        page.locator("main input[name=meaning]").first.check()
        if page.locator("main input[name=user]").count():
            page.locator("main input[name=user]").fill(user)
        page.locator("main input[name=password]").fill(PASSWORD)
        press(page, page.get_by_role("button", name=re.compile("^Sign$")))


def press(page: Any, button: Any) -> None:
    """Press a button that leads to another page, and wait for it."""
    with page.expect_navigation():
        button.click()


def put(page: Any, name: str, text: str) -> bool:
    """Answer one item the way its control wants it; whether it is asked at all."""
    control = page.locator(f"[name='v.{name}']:not([type=hidden])")
    if not control.first.is_visible():
        return False
    kind = control.first.get_attribute("type")
    if kind in ("radio", "checkbox"):
        for code in text.split(";"):
            page.locator(f"[name='v.{name}'][value='{code}']").check()
    elif control.first.evaluate("one => one.tagName") == "SELECT":
        control.first.select_option(text)
    else:
        control.first.fill(text)
    unit = page.locator(f"select[name='u.{name}']")
    if unit.count():
        unit.select_option(UNITS.get(name) or unit.locator("option").nth(1).get_attribute("value"))
    return True


@pytest.mark.slow
def test_from_the_public_page_to_a_signed_casebook(served: Served):
    site, office = Site(served), served.office
    ranges = "item,unit,low,high\nalt,U/L,,40\nast,U/L,,40\nbilirubin,mg/dL,,1.2\ninr,{INR},,1.2\n"
    set_ranges(office.workspace, office.actor("pi"), "01", LABORATORY, ranges)
    text = office.study.consents[0]
    office.do(ApproveConsent("01", text.version, text.language, date(2026, 4, 1), "EC-17"), "pi")

    # Somebody reads the page and asks whether they could take part; nothing of it is kept.
    before = office.workspace.store.position()
    public = served.page()
    public.goto("/")
    site.look(public, "public")
    public.goto("/trial/check")
    site.look(public, "check")
    press(public, public.get_by_role("button", name="See the answer"))
    assert "ask the team" in public.inner_text("main").lower()
    assert office.workspace.store.position() == before

    key = screened(site)
    page = site.as_("pi", f"/participants/{key}/eligibility")
    site.look(page, "eligibility")
    page.get_by_label("I looked at every criterion").check()
    page.locator("main input[name=password]").fill(PASSWORD)
    press(page, page.get_by_role("button", name="Sign the eligibility"))
    page.goto(f"/participants/{key}/enrol")
    press(page, page.get_by_role("button", name="Enrol"))
    assert office.person(key).number

    treated(site, key)
    reviewed(site, key)
    followed(site, key)

    page = site.as_("pi", f"/participants/{key}")
    site.look(page, "casebook")
    site.sign("pi", f"/participants/{key}/sign")
    signatures = [mark for mark in office.person(key).signatures if mark.valid and not mark.visit]
    assert [mark.by for mark in signatures] == ["pi"]
    page = site.as_("monitor", "/trail")
    site.look(page, "trail")
    assert verify(office.workspace.store) == []
    assert [said for one in site.pages.values() for said in one.complaints] == []


def screened(site: Site) -> str:
    """Registered, consented on paper, and every screening form filled in."""
    office = site.office
    page = site.as_("coordinator", "/screening/new")
    press(page, page.get_by_role("button", name="Register"))
    key = office.workspace.conduct.participants()[-1]
    page.goto(f"/participants/{key}/consent/paper")
    page.locator("main select[name=text]").select_option(index=0)
    page.get_by_label("Explained by").fill("Dr A")
    page.get_by_label("The person is able to understand").check()
    page.get_by_label("Signed on").fill(CONSENTED.isoformat())
    page.get_by_label("Where the original is kept").fill("Cabinet 3")
    press(page, page.get_by_role("button", name="Record the consent"))
    assert office.person(key).consent is not None

    office.clock.to(SCREENED)
    site.fresh()
    site.date("coordinator", key, "screening", SCREENED)
    office.clock.to(date(2026, 5, 18))
    site.fresh()
    for form, entries in eligible_answers(office.study).items():
        if form == "consent":
            continue
        answers = {name: entry.text or "" for name, entry in entries.items()}
        if form == "laboratory":
            answers |= {"bilirubin": "44.5"}
        page = site.form(
            "coordinator" if form != "investigator_judgement" else "pi", key, "screening", form, answers
        )
    page = site.as_("coordinator", f"/participants/{key}/visits/screening/forms/laboratory")
    site.look(page, "form")
    return key


def treated(site: Site, key: str) -> None:
    """Baseline, and four doses on their days."""
    office = site.office
    days = [DOSED, date(2026, 5, 27), date(2026, 6, 3), date(2026, 6, 10)]
    for number, day in enumerate(days, start=1):
        visit = f"dose_{number}"
        office.clock.to(day, hour=14)
        site.fresh()
        if number == 1:
            site.date("coordinator", key, "baseline", day)
            drawn(site, key, "baseline", day)
        site.date("coordinator", key, visit, day)
        if number == 1:
            site.form("pi", key, visit, "reconfirmation", {"still_suitable": "true"})
        infusion = {
            "batch": "B-1", "infusion_start": f"{day} 12:00", "infusion_stop": f"{day} 13:00", "dose_given": "10",
            "volume": "100", "infusion_interrupted": "false",
        }  # fmt: skip
        site.form("pi", key, visit, "infusion", infusion)
    page = site.as_("pi", f"/participants/{key}/dosing")
    assert "40" in page.inner_text("main")
    site.look(page, "dosing")


def reviewed(site: Site, key: str) -> None:
    """A mild adverse event; a question, its answer and its end; values compared with their source."""
    office = site.office
    event = {
        "ae_term": "Headache", "ae_start": "2026-05-28", "ae_end": "2026-05-29", "ae_grade": "1", "ae_serious": "false",
        "ae_related": "possible", "ae_outcome": "recovered",
    }  # fmt: skip
    site.form("pi", key, "log", "adverse_event", event, row="new")
    monitor = site.as_(
        "monitor", f"/queries/new?participant={key}&place=screening|laboratory|0&step=participant"
    )
    monitor.locator("main select[name=place]").select_option("screening|laboratory|0")
    monitor.locator("main textarea[name=message]").fill("Was the sample drawn fasting?")
    press(monitor, monitor.get_by_role("button", name=re.compile("^Ask$")))
    address = re.sub(r"^https?://[^/]+", "", monitor.url)
    coordinator = site.as_("coordinator", address)
    coordinator.locator("main textarea[name=answer]").fill("Yes, at 8 in the morning.")
    press(coordinator, coordinator.get_by_role("button", name="Send the answer"))
    monitor.goto(address)
    monitor.locator("details:has(input[value=close]) summary").click()
    monitor.locator("form:has(input[value=close]) textarea").fill("Answered.")
    press(monitor, monitor.get_by_role("button", name=re.compile("^Close$")))
    assert not [query for query in office.person(key).open_queries() if not query.rule]
    monitor.goto(f"/participants/{key}/verification/screening/laboratory/0")
    for box in monitor.locator("main input[name=item]").all():
        box.check()
    press(monitor, monitor.get_by_role("button", name="Verify the ticked values"))
    assert office.person(key).verifications


def drawn(site: Site, key: str, visit: str, day: date) -> None:
    """Examination, vital signs and laboratory of a visit."""
    site.form("coordinator", key, visit, "examination", EXAMINED)
    site.form("coordinator", key, visit, "vital_signs", PRESSED)
    site.form("coordinator", key, visit, "laboratory", {**BLOOD, "sample_date": day.isoformat()})


def followed(site: Site, key: str) -> None:
    """Two and four months after the first dose, and the end."""
    for visit, day in (("month_2", date(2026, 7, 20)), ("month_4", date(2026, 9, 20))):
        site.office.clock.to(day)
        site.fresh()
        site.date("coordinator", key, visit, day)
        drawn(site, key, visit, day)
    site.form("pi", key, "month_4", "end_of_study", {"end_date": "2026-09-20", "end_reason": "completed"})
    assert site.office.person(key).derived[("month_4", "meld_na")].text
