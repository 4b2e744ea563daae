"""The frame in a real browser: reachable by keyboard, readable on a phone, in both themes, either direction."""

from __future__ import annotations

import pytest

from web_server import Served, sideways, violations


@pytest.mark.parametrize("phone", [False, True])
@pytest.mark.parametrize("dark", [False, True])
def test_frame_has_no_barrier(served: Served, phone: bool, dark: bool):
    for user, path in (("", "/sign-in"), ("coordinator", "/home"), ("coordinator", "/nowhere")):
        page = served.page(user, phone=phone, dark=dark)
        page.goto(path)
        assert violations(page) == []
        assert sideways(page) == 0
        assert not [said for said in page.complaints if "404" not in said]


def test_the_first_key_leads_past_the_menu(served: Served):
    page = served.page("coordinator")
    page.goto("/home")
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
