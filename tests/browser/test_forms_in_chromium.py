"""Forms in a real browser: two people on one form, drafts, the keyboard alone, live scores, no script, no barrier."""

from __future__ import annotations

import pytest

from trialrun.ledger.commands import Entry, SaveForm
from web_server import Served, sideways, violations

BASE = "/participants/{}/visits/screening/forms/"
# What a coordinator types, item after item, with the keys between them.
LABORATORY = (
    "2026/5/9", "Central", ("0.9", "mg/dL"), ("50", "umol/L"), "1.6", ("136", "mmol/L"), ("29", "g/L"),
    ("60", "U/L"), ("45", "U/L"), ("120", "U/L"), ("90", "10*9/L"),
)  # fmt: skip


def ready(page, path):
    page.goto(path)
    page.wait_for_selector("form[data-ready]")


def checked(page):
    """Wait until the server has looked at what was typed last."""
    page.wait_for_selector("#entry:not([data-pending])")


def shown(page, name):
    return page.get_attribute(f"[data-derived='{name}']", "data-value")


@pytest.fixture
def key(served: Served) -> str:
    found = served.office.consented()
    given = {"ascites": "slight", "encephalopathy": "0", "encephalopathy_treated": "false"}
    examination = {name: Entry(text) for name, text in given.items()}
    served.office.do(SaveForm(found, "screening", "examination", values=examination))
    return found


def test_the_laboratory_form_by_keyboard_alone_with_the_scores_that_are_saved(served: Served, key: str):
    page = served.page("coordinator")
    ready(page, BASE.format(key) + "laboratory")
    page.focus("#f-sample_date")
    for typed in LABORATORY:
        text, unit = typed if isinstance(typed, tuple) else (typed, "")
        page.keyboard.type(text)
        if unit:
            page.keyboard.press("Tab")
            page.locator(":focus").select_option(unit)
        page.keyboard.press("Enter")
    page.keyboard.press("2")  # dialysis: no
    assert page.url.endswith("/laboratory")  # no Enter has sent it
    checked(page)
    assert "2.923" in page.inner_text("#c-bilirubin")
    live = {name: shown(page, name) for name in ("meld_na", "meld_unos", "child_pugh")}
    page.keyboard.press("Control+s")
    page.wait_for_url("**/visits/screening")
    person = served.office.person(key)
    for name, value in live.items():
        assert value
        assert person.derived["screening", name].text == value
    assert person.values["screening", "laboratory", 0, "bilirubin"].text == "50"
    assert person.values["screening", "laboratory", 0, "dialysis"].text == "false"


def test_two_browsers_on_one_form(served: Served, key: str):
    served.office.do(SaveForm(key, "screening", "laboratory", values={"bilirubin": Entry("2.6", "mg/dL")}))
    path = BASE.format(key) + "laboratory"
    first, second = served.page("coordinator"), served.page("pi", dark=True)
    for page in (first, second):
        ready(page, path)
    first.fill("#f-inr", "1.4")
    first.click("#save")
    first.wait_for_url("**/visits/screening")
    second.fill("#f-inr", "1.7")
    second.fill("#f-bilirubin", "2.8")
    checked(second)
    assert "coordinator" in second.inner_text("#draft-state")
    second.click("#save")
    second.wait_for_selector("table.collision")
    assert violations(second) == []
    assert served.office.person(key).values["screening", "laboratory", 0, "inr"].text == "1.4"
    second.check("input[name='d.inr'][value='mine']")
    second.click("text=Save with these decisions")
    second.wait_for_selector("#settle")
    second.fill("#reason-words", "read again")
    second.keyboard.press("Control+Enter")
    second.wait_for_url("**/visits/screening")
    saved = served.office.person(key).form_values("screening", "laboratory", 0)
    assert (saved["inr"].text, saved["bilirubin"].text) == ("1.7", "2.8")


def test_what_was_typed_survives_leaving_the_page(served: Served, key: str):
    context = served.context("coordinator")
    page = context.new_page()
    path = BASE.format(key) + "demographics"
    ready(page, path)
    page.fill("#f-name", "Mina")
    page.check("input[name='v.sex'][value='F']")
    page.goto("/home")
    page.wait_for_timeout(300)
    ready(page, path)
    assert "unsaved draft" in page.inner_text("main")
    page.click("text=Continue with the draft")
    page.wait_for_selector("form[data-ready]")
    assert page.is_checked("input[name='v.sex'][value='F']")
    assert page.input_value("#f-name") == ""  # never kept in a draft
    page.click("#save")
    page.wait_for_url("**/visits/screening")
    ready(page, path)
    assert "unsaved draft" not in page.inner_text("main")


def test_a_session_that_ended_takes_nothing_typed_away(served: Served, key: str):
    context = served.context("coordinator")
    page = context.new_page()
    ready(page, BASE.format(key) + "laboratory")
    page.fill("#f-inr", "1.4")
    context.clear_cookies(name="session")
    page.click("#save")
    page.wait_for_selector("#draft-state.error")
    assert "signed out" in page.inner_text("#draft-state")
    assert page.input_value("#f-inr") == "1.4"


def test_conditional_items_come_and_go_and_problems_are_told_while_typing(served: Served, key: str):
    page = served.page("coordinator")
    ready(page, BASE.format(key) + "medical_history")
    item = page.locator("#i-bariatric_procedure")
    assert not item.is_visible()
    page.check("input[name='v.bariatric_surgery'][value='true']")
    checked(page)
    assert item.is_visible()
    page.fill("#f-bariatric_procedure", "Sleeve")
    page.check("input[name='v.bariatric_surgery'][value='false']")
    checked(page)
    assert item.is_visible()  # it holds something
    ready(page, BASE.format(key) + "laboratory")
    page.fill("#f-inr", "77")
    checked(page)
    assert "hard limits" in page.inner_text("#e-inr")
    page.fill("#f-inr", "7")
    checked(page)
    assert page.inner_text("#e-inr") == ""
    assert "Is it right?" in page.inner_text("#w-inr")


def test_without_a_script(served: Served, key: str):
    page = served.page("coordinator", java_script_enabled=False)
    page.goto(BASE.format(key) + "laboratory")
    page.fill("#f-inr", "7")
    page.press("#f-inr", "Enter")
    assert page.locator("#settle").count() == 0
    page.click("#save")
    page.check("input[name='confirmed']")
    page.fill("input[name^='answer.']", "seen on the report")
    page.click("text=Save now")
    assert page.url.endswith("/visits/screening")
    (query,) = served.office.person(key).queries.values()
    assert (query.status, query.answer) == ("answered", "seen on the report")


@pytest.mark.parametrize("dark", [False, True])
@pytest.mark.parametrize("phone", [False, True])
def test_forms_have_no_barrier(served: Served, key: str, phone: bool, dark: bool):
    page = served.page("coordinator", phone=phone, dark=dark)
    ready(page, BASE.format(key) + "laboratory")
    page.fill("#f-inr", "x")
    page.fill("#f-sodium", "151")
    page.select_option("#u-sodium", "mmol/L")
    page.click("#save")
    page.wait_for_selector("#settle")
    barriers(page)
    log = f"/participants/{key}/visits/log/forms/"
    more = [log + "medication", log + "adverse_event/rows/new"]
    for path in more if phone == dark else []:
        page.goto(path)
        barriers(page)
    page.evaluate("document.documentElement.dir = 'rtl'")
    assert sideways(page) == 0
    assert not [said for said in page.complaints if "422" not in said]


def barriers(page):
    """None may be left; at the page's end nothing lies under the row of buttons."""
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    assert violations(page) == [], page.url
    assert sideways(page) == 0, page.url
