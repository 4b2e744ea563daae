"""Signing in, choosing a role, and the end of a session, as people see them."""

from __future__ import annotations

import os
import re
from datetime import timedelta
from pathlib import Path

import pytest

from trialrun.accounts.passwords import Costs
from trialrun.ledger.commands import Actor, AddUser, GrantRole
from web_kit import PASSWORD
from web_server import Served, violations

ADMIN = Actor("admin", "administrator")
LONG = "Prof. Dr. Maximiliane-Friederike von und zu Hohenstein-Wittgenstein-Berleburg"


@pytest.fixture
def people(served: Served) -> Served:
    """Somebody with two roles, somebody with a very long name, somebody with a Persian one."""
    office = served.office
    office.workspace.accounts._costs = Costs(memory=8, passes=1)
    office.workspace.do(GrantRole("coordinator", "monitor", ""), ADMIN)
    office.workspace.do(AddUser("long", LONG), ADMIN)
    office.workspace.do(AddUser("leila", "دکتر لیلا رحیمی"), ADMIN)
    office.workspace.do(GrantRole("leila", "investigator", "02"), ADMIN)
    office.workspace.accounts.set_password("coordinator", PASSWORD, now=office.clock())
    return served


def look(page, name: str, *, rtl: bool = False) -> None:
    """No complaint of the browser, no rule of WCAG broken, nothing wider than the screen; a picture if asked for."""
    if rtl:
        page.evaluate("document.documentElement.dir = 'rtl'")
    assert page.complaints == []
    assert violations(page) == []
    overflow = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert overflow <= 0, f"{name} is {overflow} px wider than the screen"
    pictures = os.environ.get("TRIALRUN_PICTURES")
    if pictures:
        page.screenshot(path=str(Path(pictures) / f"{name}.png"), full_page=True)


def test_sign_in_with_two_roles_and_the_page_asked_for(people: Served):
    page = people.page()
    page.goto("/team")
    assert page.url.endswith("/sign-in?next=/team")
    look(page, "sign-in")
    page.fill("input[name=user]", "coordinator")
    page.fill("input[name=password]", "wrong")
    page.keyboard.press("Enter")
    page.wait_for_selector("text=is not right")
    assert page.input_value("input[name=user]") == "coordinator"
    page.complaints.clear()  # the browser itself notes the answer 422
    look(page, "sign-in-refused")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/role?next=/team")
    page.complaints.clear()
    look(page, "role")
    page.click("text=Monitor")
    page.click("text=Go on in this role")
    page.wait_for_url("**/team")
    look(page, "team")


@pytest.mark.parametrize(
    ("phone", "dark", "rtl"), [(False, False, False), (True, True, False), (True, False, True)]
)
def test_pages_of_accounts_fit_every_screen(people: Served, phone: bool, dark: bool, rtl: bool):
    page = people.page("admin", phone=phone, dark=dark)
    suffix = f"{'-phone' if phone else ''}{'-dark' if dark else ''}{'-rtl' if rtl else ''}"
    for name, path in (
        ("users", "/users"), ("user", "/users/of/leila"), ("user-long", "/users/of/long"), ("new-user", "/users/new"),
        ("account", "/account"), ("unsent", "/unsent"), ("team", "/team?site=02"),
    ):  # fmt: skip
        page.goto(path)
        look(page, name + suffix, rtl=rtl)


def test_a_new_account_from_link_to_authenticator(people: Served):
    admin = people.page("admin")
    admin.goto("/users/of/long")
    admin.click("text=Make a set-up link")
    link = admin.inner_text(".key")
    look(admin, "link")
    page = people.page()
    page.goto(link[link.index("/set-up/") :])
    look(page, "set-up")
    page.fill("input[name=new_password]", "five quiet harbours")
    page.fill("input[name=new_password_again]", "five quiet harbours")
    page.click("text=Set this password")
    page.wait_for_url("**/sign-in")
    own = people.page("admin")
    own.goto("/account")
    people.office.workspace.accounts.set_password("admin", PASSWORD, now=people.office.clock())
    own.fill("input[name=password_for_authenticator]", PASSWORD)
    own.click("text=Set up an authenticator")
    own.wait_for_url("**/account/authenticator")
    look(own, "authenticator")
    import pyotp

    key = own.inner_text(".key").replace(" ", "")
    own.fill("input[name=code]", pyotp.TOTP(key).at(people.office.clock.now))
    own.click("text=Use this authenticator")
    own.wait_for_selector(".codes li")
    look(own, "recovery-codes")


def test_whoever_is_away_is_warned_and_loses_nothing(people: Served):
    page = people.page("admin")
    page.goto("/users/new")
    page.fill("input[name=user]", "newcomer")
    page.fill("input[name=name]", "Dr N. Comer")
    people.office.clock.now += timedelta(minutes=27, seconds=30)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.wait_for_selector("dialog[open]")
    look(page, "session-ending")
    people.office.clock.now += timedelta(minutes=2)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.wait_for_url(re.compile(r"/sign-in\?next=%2Funsent$"))
    kept = people.office.workspace.accounts.draft("admin", "unsent")
    assert "Dr N. Comer" in kept.data
    assert '"path": "/users/new"' in kept.data


def test_a_click_keeps_the_session_open(people: Served):
    page = people.page("admin")
    page.goto("/users/new")
    people.office.clock.now += timedelta(minutes=28)
    page.evaluate("window.dispatchEvent(new Event('focus'))")
    page.click("text=Stay signed in")
    page.wait_for_selector("dialog:not([open])", state="attached")
    people.office.clock.now += timedelta(minutes=15)
    page.goto("/users")
    assert page.url.endswith("/users")


def test_it_all_works_without_scripts(people: Served):
    page = people.context(java_script_enabled=False).new_page()
    page.goto("/sign-in")
    page.fill("input[name=user]", "coordinator")
    page.fill("input[name=password]", PASSWORD)
    page.keyboard.press("Enter")
    page.wait_for_url("**/role*")
    page.check("input[value='coordinator:01']")
    page.click("text=Go on in this role")
    page.wait_for_url("**/home")
    page.goto("/account")
    people.office.clock.now += timedelta(minutes=31)
    page.fill("section:has(#h-password) input[name=password]", PASSWORD)
    page.fill("input[name=new_password]", "five quiet harbours")
    page.fill("input[name=new_password_again]", "five quiet harbours")
    page.click("text=Change password")
    # Passwords are never kept, so there is nothing to send again.
    page.wait_for_selector("text=Your session has ended. Nothing was saved.")
