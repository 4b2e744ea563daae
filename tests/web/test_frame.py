"""The frame every page stands in: declared routes, guard, forgery, errors, headers."""

from __future__ import annotations

import pytest

from trialrun.web.application import all_routes
from trialrun.web.routes import page
from web_kit import Office


def test_every_route_says_who_may_use_it():
    assert all(route.who for route in all_routes())
    named = [(route.method, path) for route in all_routes() for path in route.paths]
    assert len(set(named)) == len(named)


def test_a_route_without_rights_cannot_be_declared():
    with pytest.raises(ValueError, match="say who may use it"):
        page("/x", who=())


def test_the_public_is_led_to_the_sign_in(office: Office):
    answer = office.client().get("/home?a=b")
    assert answer.status_code == 303
    assert answer.headers["location"] == "/sign-in?next=/home%3Fa%3Db"


def test_signed_in_people_see_their_home(office: Office):
    answer = office.client("coordinator").get("/home")
    assert answer.status_code == 200
    assert "Study coordinator" in answer.text


def test_a_post_without_the_token_is_refused(office: Office):
    client = office.client("coordinator")
    assert client.inner.post("/sign-out", follow_redirects=False).status_code == 403
    assert client.get("/home").status_code == 200  # still signed in
    assert client.post("/sign-out").status_code == 303


def test_pages_forbid_scripts_of_others_and_are_kept_by_nobody(office: Office):
    answer = office.client().get("/sign-in")
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert answer.headers["cache-control"] == "no-store"


def test_an_unknown_page_is_a_page(office: Office):
    answer = office.client().get("/nowhere")
    assert answer.status_code == 404
    assert "Not found" in answer.text


def test_a_link_is_shown_only_where_it_leads_somewhere(office: Office):
    from types import SimpleNamespace

    from trialrun.app.rights import rights_of
    from trialrun.web.reach import may_open

    def here(role: str) -> SimpleNamespace:
        rights = rights_of(office.study, role)
        return SimpleNamespace(may=lambda *names: any(name in rights for name in names))

    assert may_open(here("data_manager"), "/participants/S-001/hold?visit=screening")
    assert not may_open(here("data_manager"), "/stock")
    assert not may_open(here("principal_investigator"), "/participants/S-001/hold")
    assert may_open(here("participant"), "/")
    assert not may_open(here("principal_investigator"), "/nowhere")
