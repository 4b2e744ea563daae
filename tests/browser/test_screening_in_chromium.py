"""Public page and screening in a real browser: phone and desktop, both themes, keyboard alone, no scripts needed."""

from __future__ import annotations

from typing import Any

import pytest

from trialrun.app.candidates import fail_screening
from trialrun.app.eligibility import eligibility_page, sign_eligibility
from trialrun.ledger.commands import Entry, SaveForm
from web_kit import PASSWORD
from web_server import Served, sideways, violations


def sign(served: Served, key: str) -> None:
    office = served.office
    page = eligibility_page(office.workspace, office.person(key), sees_identity=True)
    sign_eligibility(office.workspace, office.actor("pi"), key, page.status, page.inputs, "Looked at.")


def change(served: Served, key: str, item: str, text: str) -> None:
    office = served.office
    entries = {item: Entry(text)}
    seen = office.person(key).version
    office.do(SaveForm(key, "screening", "medical_history", 0, entries, seen, "Told at home"), "pi")


def sound(page: Any) -> None:
    """No violation, nothing sticks out sideways, no complaint in the console."""
    assert violations(page) == []
    assert sideways(page) == 0
    assert page.complaints == []


LOOKS = [{}, {"phone": True, "dark": True}]


@pytest.mark.parametrize("look", LOOKS, ids=["desktop", "phone in the dark"])
def test_the_public_pages(served: Served, look: dict[str, bool]):
    page = served.page(**look)
    for path in ("/", "/trial/visits", "/trial/check"):
        page.goto(path)
        sound(page)
    page.get_by_label("In which year were you born?").fill("1970")
    page.locator("[name=bariatric][value=yes]").check()
    page.locator("[name=diabetes][value=none]").check()
    page.get_by_role("button", name="See the answer").click()
    assert page.locator("h1").inner_text() == "What your answers say"
    sound(page)
    assert page.context.cookies() == []
    assert page.evaluate("Object.keys(localStorage).length + Object.keys(sessionStorage).length") == 0


def test_the_public_page_from_the_right(served: Served):
    from trialrun.web.application import create_app
    from web_server import Running

    persian = Running(
        create_app(served.office.workspace, choose_language=lambda _connection: "fa", rate_limit=100_000)
    )
    try:
        page = served.page(phone=True)
        for path in ("/", "/trial/visits", "/trial/check"):
            page.goto(persian.url + path)
            assert page.locator("html").get_attribute("dir") == "rtl"
            sound(page)
    finally:
        persian.stop()


def test_the_check_with_the_keyboard_alone(served: Served):
    page = served.page(java_script_enabled=False)
    page.goto("/trial/check")
    page.get_by_label("In which year were you born?").focus()
    page.keyboard.type("1951")
    page.keyboard.press("Tab")  # the answer chosen already: I do not know
    page.keyboard.press("ArrowUp")
    with page.expect_navigation():
        page.keyboard.press("Enter")
    assert page.locator("h1").inner_text() == "What your answers say"
    met = page.locator("section.verdict.good li").all_inner_texts()
    assert any("between 18 and 75" in text for text in met)
    assert any("Your sex is known" in text for text in met)


def test_a_field_that_cannot_be_read_is_named_beside_it(served: Served):
    page = served.page(phone=True)
    page.goto("/trial/check")
    page.get_by_label("In which year were you born?").fill("19x")
    page.get_by_role("button", name="See the answer").click()
    assert "19x is not a date" in page.locator("#q-birth_year-error").inner_text()
    assert page.locator("#f-birth_year").get_attribute("aria-invalid") == "true"
    sound_but_console(page)


def sound_but_console(page: Any) -> None:
    """As `sound`, for a page that was answered with 422, which the console mentions."""
    assert violations(page) == []
    assert sideways(page) == 0


@pytest.mark.parametrize("look", LOOKS, ids=["desktop", "phone in the dark"])
def test_the_pages_of_screening(served: Served, look: dict[str, bool]):
    office = served.office
    undecided, stale, failed = office.consented(), office.screened(), office.candidate()
    sign(served, stale)
    change(served, stale, "bariatric_surgery", "true")
    fail_screening(
        office.workspace, office.actor("pi"), failed, office.workspace.today, ("E15",), "Long remark " * 12
    )
    enrolled, ready = office.enrolled(), office.screened()
    sign(served, ready)
    paths = [
        "/screening",
        f"/participants/{stale}/eligibility",
        f"/participants/{undecided}/enrol",
        f"/participants/{enrolled}/end",
    ]
    if not look:
        paths += [
            "/screening?criterion=I3",
            "/screening/new",
            f"/participants/{undecided}/eligibility",
            f"/participants/{failed}/screen-failure",
            f"/participants/{ready}/enrol",
            f"/participants/{enrolled}/enrolled",
        ]
    page = served.page("pi", **look)
    for path in paths:
        page.goto(path)
        sound(page)


def test_a_candidate_from_the_log_to_the_number(served: Served):
    """Registered by the coordinator, signed and enrolled by the investigator, with the keyboard at the end."""
    office = served.office
    office.workspace.accounts.set_password("pi", PASSWORD, now=office.clock())
    coordinator = served.page("coordinator")
    coordinator.goto("/screening")
    coordinator.get_by_role("link", name="Register a candidate").first.click()
    coordinator.get_by_role("button", name="Register").click()
    assert coordinator.locator("h1").inner_text() == "Eligibility of S-001"
    assert "Record the consent next" in coordinator.locator("main").inner_text()
    key = office.screened()
    page = served.page("pi")
    page.goto(f"/participants/{key}/eligibility")
    page.get_by_label("I looked at every criterion").check()
    page.get_by_label("Statement").fill("All values seen.")
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Sign the eligibility").click()
    assert "The password is not right." in page.locator("#sign").inner_text()
    assert page.get_by_label("Statement").input_value() == "All values seen."
    page.get_by_label("I looked at every criterion").check()
    page.get_by_label("Your password").fill(PASSWORD)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Go on to enrolment").click()
    button = page.get_by_role("button", name="Enrol")
    button.focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/enrolled")
    assert page.locator(".number").inner_text() == office.person(key).number


def test_the_criteria_follow_what_is_saved_elsewhere(served: Served):
    office = served.office
    key = office.screened()
    page = served.page("pi")
    page.goto(f"/participants/{key}/eligibility")
    page.locator("#c-E9 details summary").click()
    page.get_by_label("Statement").fill("Half written")
    assert "Eligible by every criterion" in page.locator("#criteria").inner_text()
    change(served, key, "bariatric_surgery", "true")
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.get_by_text("Brought up to date").wait_for()
    assert "Not eligible" in page.locator("#criteria").inner_text()
    assert page.locator("#c-E9 details").get_attribute("open") is not None
    assert page.get_by_label("Statement").input_value() == "Half written"
    assert "Something was saved meanwhile" in page.locator("form.signing").inner_text()
    assert violations(page) == []
