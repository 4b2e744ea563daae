"""Consent, signatures and locks in a real browser: drawn and typed signatures, both directions, no way off the tablet."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from trialrun.app.consents import consents_of
from trialrun.ledger.commands import Entry, RecordConsent, SaveForm, Sign
from web_kit import CONSENTED, PASSWORD, Office
from web_server import Served, sideways, violations

RIGHT = {"purpose": "research", "free": "always", "placebo": "all", "risks": "not_all", "name_kept": "site"}
LONG = "Dr Maximiliana Alexandra von Hohenstein-Wittelsbach zu Unterfranken"


def look(page: Any, name: str) -> None:
    """Keep a picture where somebody wants to look at it."""
    folder = os.environ.get("TRIALRUN_PICTURES")
    if folder:
        page.screenshot(path=str(Path(folder) / f"{name}.png"), full_page=True)


def sound(page: Any, name: str, *, errors: int = 0) -> None:
    """No barrier, nothing sideways, no complaint of the browser."""
    look(page, name)
    assert violations(page) == []
    assert sideways(page) == 0
    assert len([said for said in page.complaints if "422" not in said]) <= errors


def with_passwords(office: Office) -> None:
    for user in ("coordinator", "pi"):
        office.workspace.accounts.set_password(user, PASSWORD, now=office.clock())


def to_the_text(served: Served, language: str, **more: Any) -> tuple[Any, str]:
    with_passwords(served.office)
    key = served.office.candidate()
    page = served.page("coordinator", **more)
    page.goto(f"/participants/{key}/consent")
    page.get_by_role("link", name="Consent on a tablet").click()
    page.get_by_label("Consent text").select_option(f"{language}-1")
    page.get_by_label("The person is able to understand").check()
    if more.get("java_script_enabled", True):
        sound(page, f"handover-{language}")
    page.get_by_role("button", name="Sign out and show the text").click()
    return page, key


def answer_rightly(page: Any) -> None:
    for answer in RIGHT.values():
        page.locator(f'input[value="{answer}"]').check()
        page.locator(".tablet-actions button").first.click()


def drawing_box(page):
    """Where to draw, once the script has shown it."""
    pad = page.locator(".pad svg")
    pad.wait_for()
    pad.scroll_into_view_if_needed()
    return pad.bounding_box()


def test_signing_with_the_mouse_in_persian(served: Served):
    page, key = to_the_text(served, "fa", phone=False)
    assert page.evaluate("document.documentElement.dir") == "rtl"
    title = page.locator(".text-title").bounding_box()
    article = page.locator("article").bounding_box()
    # the words begin at the right edge
    assert page.evaluate("getComputedStyle(document.querySelector('.reading p')).direction") == "rtl"
    assert title["x"] + title["width"] == pytest.approx(article["x"] + article["width"], abs=2)
    sound(page, "tablet-read-fa")
    page.locator(".tablet-actions button").first.click()
    page.locator('input[value="proven"]').check()
    page.locator(".tablet-actions button").first.click()
    sound(page, "tablet-wrong-fa")
    assert page.get_by_role("alert").is_visible()
    answer_rightly(page)
    page.locator("#f-name").fill("علی رضایی")
    page.locator('input[name="agree"]').check()
    box = drawing_box(page)
    page.mouse.move(box["x"] + 40, box["y"] + 100)
    page.mouse.down()
    for step in range(12):
        page.mouse.move(box["x"] + 40 + 30 * step, box["y"] + 100 + (40 if step % 2 else -40))
    page.mouse.up()
    sound(page, "tablet-sign-fa")
    page.locator('form:has(input[name="name"]) .tablet-actions button').click()
    sound(page, "tablet-done-fa")
    office = served.office
    (given,) = consents_of(office.workspace, office.person(key))
    assert given.printed_name == "علی رضایی"
    assert given.drawing.startswith("M")
    assert given.drawing.count("L") > 10
    assert given.consent.answers["purpose"] == "proven;research"
    # and back to staff with the password only
    page.goto("/consent/tablet/back")
    sound(page, "tablet-back")
    page.get_by_label("Password of coordinator").fill(PASSWORD)
    page.get_by_role("button", name="Take back").click()
    assert page.url.endswith(f"/participants/{key}/consent")
    sound(page, "consent-given")


def test_typed_signature_and_no_way_off_the_tablet(served: Served):
    page, key = to_the_text(served, "en", phone=True)
    sound(page, "tablet-read-en-phone")
    inside = f"/participants/{key}"
    for path in (inside, "/home", "/account", f"{inside}/consent", "/users", "/documents"):
        page.goto(path)
        assert "/sign-in" in page.url, path
    page.goto("/consent/tablet")
    page.go_back()
    assert "Sign out" not in page.content()
    page.goto("/consent/tablet")
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.getAttribute('href'))")
    assert links == ["/consent/tablet/back"]
    page.get_by_role("button", name="I have read the text").click()
    # a keyboard is enough
    for answer in RIGHT.values():
        page.locator(f'input[value="{answer}"]').focus()
        page.keyboard.press("Space")
        with page.expect_navigation():
            page.keyboard.press("Enter")
    sound(page, "tablet-sign-en-phone")
    page.locator('input[name="agree"]').focus()
    page.keyboard.press("Space")
    page.locator("#f-name").fill("Ali Rezaei")
    page.keyboard.press("Enter")
    page.get_by_text("Please give the tablet back").wait_for()
    consent = served.office.person(key).consent
    assert (consent.method, consent.signature) == ("typed", "Ali Rezaei")
    page.go_back()
    page.goto("/consent/tablet")
    assert "Please give the tablet back" in page.content()


def test_without_scripts_a_typed_name_signs(served: Served):
    page, key = to_the_text(served, "en", java_script_enabled=False)
    page.get_by_role("button", name="I have read the text").click()
    for answer in RIGHT.values():
        page.locator(f'input[value="{answer}"]').check()
        page.get_by_role("button", name="Answer").click()
    assert not page.locator(".pad").is_visible()
    page.locator("#f-name").fill("Ali Rezaei")
    page.locator('input[name="agree"]').check()
    page.get_by_role("button", name="Sign", exact=True).click()
    assert served.office.person(key).consent.method == "typed"


def test_clearing_the_drawing_leaves_the_typed_name(served: Served):
    page, key = to_the_text(served, "en")
    page.get_by_role("button", name="I have read the text").click()
    answer_rightly(page)
    box = drawing_box(page)
    page.mouse.move(box["x"] + 50, box["y"] + 50)
    page.mouse.down()
    page.mouse.move(box["x"] + 150, box["y"] + 90)
    page.mouse.up()
    assert page.locator('input[name="drawing"]').input_value()
    page.get_by_role("button", name="Clear").click()
    assert not page.locator('input[name="drawing"]').input_value()
    page.locator("#f-name").fill("Ali Rezaei")
    page.locator('input[name="agree"]').check()
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("Please give the tablet back").wait_for()
    assert served.office.person(key).consent.method == "typed"


def busy(office: Office) -> tuple[str, str]:
    """One participant with everything these pages show, one with nothing."""
    with_passwords(office)
    office.clock.to(CONSENTED)
    key = office.screened()
    again = RecordConsent(
        key, "1", "fa", CONSENTED, LONG, True, "asked for the Persian text", method="drawn", signed_at="10:20",
        signature="علی رضایی\nM20 100L100 20L200 180L400 60", answers=RIGHT, witness="Sara Amini",
    )  # fmt: skip
    office.do(again)
    office.do(
        Sign(key, "I have reviewed these data; they are complete and correct to the best of my knowledge."),
        "pi",
    )
    entry = {"bilirubin": Entry("2.7", "mg/dL")}
    reason = "the value was read from the line of the day before, as the laboratory confirmed by telephone"
    office.do(
        SaveForm(key, "screening", "laboratory", 0, entry, office.workspace.conduct.version(key), reason)
    )
    return key, office.candidate()


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_pages_have_no_barrier(served: Served, phone: bool, dark: bool):
    key, empty = busy(served.office)
    staff = {
        "pi": (
            "/consents", "/consents/fa-1", f"/participants/{key}/consent", f"/participants/{empty}/consent",
            f"/participants/{key}/consent/paper", f"/participants/{key}/consent/tablet",
            f"/participants/{key}/consent/withdraw", f"/participants/{key}/sign?visit=screening&form=laboratory",
            f"/participants/{empty}/sign", f"/participants/{key}/signatures", f"/participants/{empty}/signatures",
            "/signatures", "/documents",
        ),
        "data_manager": ("/lock", f"/participants/{key}/hold", "/documents"),
    }  # fmt: skip
    kind = f"{'phone' if phone else 'desk'}-{'dark' if dark else 'light'}"
    for user, paths in staff.items():
        page = served.page(user, phone=phone, dark=dark)
        for path in paths:
            if phone and empty in path:
                continue  # an empty page has little to break on a phone
            answer = page.goto(path)
            assert answer.status == 200, path
            place = (
                path.strip("/")
                .replace("/", "-")
                .replace(key, "busy")
                .replace(empty, "empty")
                .partition("?")[0]
            )
            sound(page, f"{place}-{kind}")


def test_staff_pages_turn_with_the_language(served: Served):
    key, _empty = busy(served.office)
    page = served.page("pi")
    for path in (f"/participants/{key}/consent", f"/participants/{key}/signatures", "/consents"):
        page.goto(path)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert sideways(page) == 0
        look(page, f"rtl-{path.rpartition('/')[2]}")


def test_signing_a_form_in_the_browser(served: Served):
    key, _empty = busy(served.office)
    page = served.page("pi")
    page.goto(f"/participants/{key}/sign?visit=screening&form=laboratory")
    page.get_by_label("Your user name").fill("pi")
    page.get_by_label("Your password").fill("wrong")
    page.get_by_role("button", name="Sign", exact=True).click()
    assert page.get_by_role("alert").is_visible()
    sound(page, "sign-refused")
    page.get_by_label("Your password").fill(PASSWORD)
    page.get_by_label("Your user name").fill("pi")
    page.get_by_role("button", name="Sign", exact=True).click()
    page.get_by_text("Dr Pi Example").first.wait_for()
    assert served.office.person(key).signatures[-1].form == "laboratory"
