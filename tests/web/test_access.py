"""Signing in, roles, accounts: what is let in, what is recorded, and what nobody may find out."""

from __future__ import annotations

import json
import re
from datetime import timedelta

import pyotp
import pytest

from trialrun.accounts.passwords import Costs
from trialrun.ledger.commands import Actor, GrantRole, RevokeRole
from trialrun.web.addresses import own_path
from web_kit import PASSWORD, Office

ADMIN = Actor("admin", "administrator")
OTHER = "five quiet harbours"


@pytest.fixture
def known(office: Office) -> Office:
    """An office whose people have passwords (cheap to check)."""
    accounts = office.workspace.accounts
    accounts._costs = Costs(memory=8, passes=1)
    for user in ("coordinator", "admin", "pi"):
        accounts.set_password(user, PASSWORD, now=office.clock())
    return office


def sign_in(client, user="coordinator", password=PASSWORD, **more):
    return client.post("/sign-in", {"user": user, "password": password, **more})


def recorded(office, kind="SignInRecorded"):
    return [event.data for event in office.workspace.store.read("access") if event.type == kind]


# --- sign in -----------------------------------------------------------------------------------


def test_a_sign_in_opens_a_session_and_is_recorded(known):
    client = known.client()
    answer = sign_in(client)
    assert (answer.status_code, answer.headers["location"]) == (303, "/home")
    cookie = next(value for value in answer.headers.get_list("set-cookie") if value.startswith("session="))
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert client.get("/home").status_code == 200
    last = recorded(known)[-1]
    assert (last["user"], last["outcome"], last["role"], last["site"]) == (
        "coordinator",
        "success",
        "coordinator",
        "01",
    )


def test_behind_https_the_cookies_are_sent_by_https_only(known):
    from litestar.testing import TestClient

    from trialrun.web.application import create_app

    client = TestClient(create_app(known.workspace, secure=True), base_url="https://trial.test")
    client.get("/sign-in")
    answer = client.post(
        "/sign-in", data={"user": "coordinator", "password": PASSWORD},
        headers={"x-csrftoken": client.cookies["csrf"]}, follow_redirects=False,
    )  # fmt: skip
    assert answer.status_code == 303
    assert all(
        "Secure" in value for value in answer.headers.get_list("set-cookie") if value.startswith("session=")
    )


@pytest.mark.parametrize(
    ("user", "password"),
    [("coordinator", "wrong"), ("nobody", PASSWORD), ("", ""), ("monitor", ""), ("system", "x")],
)
def test_whoever_is_not_let_in_learns_nothing_about_the_account(known, user, password):
    answer = sign_in(known.client(), user, password)
    assert answer.status_code == 422
    assert "The user name or the password is not right." in answer.text
    assert recorded(known)[-1]["outcome"] == "failure"
    assert recorded(known)[-1]["user"] == (user if user in ("coordinator", "monitor") else "(unknown name)")


def test_what_was_typed_stays_but_the_password(known):
    answer = sign_in(known.client(), "coordinator", "my wrong secret", next="/participants?x=1")
    assert 'value="coordinator"' in answer.text
    assert "my wrong secret" not in answer.text
    assert 'value="/participants?x=1"' in answer.text


def test_names_are_found_whatever_their_capitals(known):
    client = known.client()
    assert sign_in(client, " Coordinator ").status_code == 303
    assert "coordinator" in client.get("/account").text


def test_five_failures_lock_and_are_recorded_once(known):
    client = known.client()
    for _ in range(5):
        answer = sign_in(client, password="wrong")
    assert "too many failed attempts" in answer.text
    assert "too many failed attempts" in sign_in(client).text  # the right one, too
    outcomes = [event["outcome"] for event in recorded(known)]
    assert outcomes == ["failure"] * 4 + ["locked_out"]
    known.clock.now += timedelta(minutes=16)
    assert sign_in(client).status_code == 303


def test_the_next_sign_in_tells_of_failed_attempts(known):
    client = known.client()
    sign_in(client)
    client.post("/sign-out")
    sign_in(client, password="wrong")
    assert sign_in(client).status_code == 303
    assert "1 failed attempt" in client.get("/home").text


def test_a_session_chosen_by_somebody_else_is_not_used(known):
    client = known.client()
    client.inner.cookies.set("session", "chosen-by-somebody-else", domain="trial.test")
    sign_in(client)
    assert client.inner.cookies["session"] != "chosen-by-somebody-else"
    first = client.inner.cookies["session"]
    sign_in(client)
    assert client.inner.cookies["session"] != first
    assert known.workspace.accounts.session(first, now=known.clock()) is None


def test_sign_in_needs_the_token_against_forgery(known):
    answer = known.client().inner.post("/sign-in", data={"user": "coordinator", "password": PASSWORD})
    assert answer.status_code == 403


def test_signing_out_ends_the_session_on_the_server(known):
    client = known.client()
    sign_in(client)
    token = client.inner.cookies["session"]
    client.post("/sign-out")
    client.inner.cookies.set("session", token)
    assert client.get("/home").status_code == 303
    assert recorded(known)[-1]["outcome"] == "signed_out"


@pytest.mark.parametrize(
    "path",
    [
        "https://evil.test/", "//evil.test", "/\\evil.test", "/%5Cevil.test", "/%2Fevil.test", "javascript:alert(1)",
        "evil.test", "", "/sign-out", "/sign-in?next=/x", "/a\r\nSet-Cookie: x", "/\t/evil.test", "http:/evil.test",
    ],
)  # fmt: skip
def test_nobody_is_sent_on_to_another_place(known, path):
    assert own_path(path) == "/home"
    answer = sign_in(known.client(), next=path)
    assert answer.headers["location"] == "/home"


@pytest.mark.parametrize("path", ["/participants", "/participants/S-001/forms/x?row=2&b=%C3%A4", "/home"])
def test_people_get_to_the_page_they_asked_for(known, path):
    assert sign_in(known.client(), next=path).headers["location"] == path


# --- roles -------------------------------------------------------------------------------------


def test_who_holds_several_roles_chooses_and_can_change(known):
    known.workspace.do(GrantRole("coordinator", "monitor", ""), ADMIN)
    client = known.client()
    answer = sign_in(client, next="/account")
    assert answer.headers["location"] == "/role?next=/account"
    assert client.get("/home").status_code == 303  # nothing before a role is chosen
    page = client.get("/role?next=/account").text
    assert "Study coordinator" in page
    assert "Monitor" in page
    first = client.inner.cookies["session"]
    answer = client.post("/role", {"role": "monitor:", "next": "/account"})
    assert answer.headers["location"] == "/account"
    assert client.inner.cookies["session"] != first
    assert "Monitor" in client.get("/home").text
    client.post("/role", {"role": "coordinator:01"})
    assert "Study coordinator" in client.get("/home").text
    roles = [(event["method"], event["role"]) for event in recorded(known)[-2:]]
    assert roles == [("role chosen", "monitor"), ("role chosen", "coordinator")]


@pytest.mark.parametrize("role", ["administrator:", "coordinator:02", "coordinator:", "", "x:y:z"])
def test_a_role_that_is_not_held_cannot_be_chosen(known, role):
    client = known.client()
    sign_in(client)
    answer = client.post("/role", {"role": role})
    assert answer.status_code == 422
    assert "You do not hold this role." in answer.text


def test_a_role_taken_away_is_gone_with_the_next_request(known):
    client = known.client()
    sign_in(client)
    known.workspace.do(RevokeRole("coordinator", "coordinator", "01", "left the site"), ADMIN)
    assert client.get("/home").status_code == 303
    answer = sign_in(client)
    assert answer.status_code == 422
    assert "holds no role" in answer.text


def test_no_site_before_training_where_the_study_asks_for_it(known):
    known.workspace.study.settings["training_required"] = True
    try:
        answer = sign_in(known.client())
        assert answer.status_code == 422
        assert "record your training" in answer.text
        admin = known.client("admin")
        answer = admin.post(
            "/users/of/coordinator/training", {"topic": "Coordinator", "trained_on": "2026-05-01"}
        )
        assert answer.status_code == 303
        assert sign_in(known.client()).status_code == 303
    finally:
        del known.workspace.study.settings["training_required"]


# --- set-up links --------------------------------------------------------------------------------


def make_link(admin, **fields):
    page = admin.post("/users/new", fields).text
    return re.search(r"/set-up/[\w-]+", page).group()


def test_a_new_account_sets_its_own_password(known):
    admin = known.client("admin")
    link = make_link(admin, user="newcomer", name="Dr N. Comer", role="coordinator", site="01")
    client = known.client()
    assert "newcomer" in client.get(link).text
    answer = client.post(link, {"new_password": "newcomer 12345", "new_password_again": "newcomer 12345"})
    assert answer.status_code == 422
    assert "anybody would try first" in answer.text
    answer = client.post(link, {"new_password": OTHER, "new_password_again": OTHER + "x"})
    assert "differ" in answer.text
    answer = client.post(link, {"new_password": OTHER, "new_password_again": OTHER})
    assert answer.headers["location"] == "/sign-in"
    assert client.post(link, {"new_password": OTHER, "new_password_again": OTHER}).status_code == 404
    assert client.get(link).status_code == 404
    assert sign_in(client, "newcomer", OTHER).status_code == 303
    assert {"user": "newcomer", "kind": "password_set"} in recorded(known, "CredentialChanged")


def test_a_reset_ends_sessions_and_locks_but_only_once_it_is_used(known):
    client = known.client()
    sign_in(client)
    page = known.client("admin").post("/users/of/coordinator/link").text
    link = re.search(r"/set-up/[\w-]+", page).group()
    assert client.get("/home").status_code == 200
    known.client().post(link, {"new_password": OTHER, "new_password_again": OTHER})
    assert client.get("/home").status_code == 303
    assert sign_in(client).status_code == 422
    assert sign_in(client, password=OTHER).status_code == 303


def test_a_link_of_a_closed_account_is_dead(known):
    admin = known.client("admin")
    page = admin.post("/users/of/coordinator/link").text
    link = re.search(r"/set-up/[\w-]+", page).group()
    assert admin.post("/users/of/coordinator/disable", {"reason_for_closing": "left"}).status_code == 303
    assert known.client().get(link).status_code == 404
    assert sign_in(known.client()).status_code == 422


# --- own account ---------------------------------------------------------------------------------


def test_changing_the_password(known):
    here, elsewhere = known.client(), known.client()
    sign_in(here)
    sign_in(elsewhere)
    wrong = here.post(
        "/account/password", {"password": "no", "new_password": OTHER, "new_password_again": OTHER}
    )
    assert wrong.status_code == 422
    short = here.post(
        "/account/password", {"password": PASSWORD, "new_password": "x", "new_password_again": "x"}
    )
    assert "at least 12" in short.text
    before = here.inner.cookies["session"]
    done = here.post(
        "/account/password", {"password": PASSWORD, "new_password": OTHER, "new_password_again": OTHER}
    )
    assert done.status_code == 303
    assert here.inner.cookies["session"] != before
    assert here.get("/home").status_code == 200
    assert elsewhere.get("/home").status_code == 303


def test_an_authenticator_from_first_code_to_recovery(known):
    client = known.client()
    sign_in(client)
    assert client.post("/account/authenticator", {"password_for_authenticator": "no"}).status_code == 422
    client.post("/account/authenticator", {"password_for_authenticator": PASSWORD})
    page = client.get("/account/authenticator").text
    key = re.search(r'<bdi class="code">([A-Z2-7 ]+)</bdi>', page).group(1).replace(" ", "")
    assert client.post("/account/authenticator/confirm", {"code": "000000"}).status_code == 422
    page = client.post("/account/authenticator/confirm", {"code": pyotp.TOTP(key).at(known.clock.now)}).text
    codes = re.findall(r'<bdi class="code">([\w-]+)</bdi>', page)
    assert len(codes) == 10
    client.post("/sign-out")

    answer = sign_in(client, next="/account")
    assert answer.headers["location"] == "/sign-in/code?next=/account"
    assert client.get("/home").status_code == 303
    assert client.get("/role").status_code == 303
    assert client.post("/sign-in/code", {"code": "000000"}).status_code == 422
    answer = client.post("/sign-in/code", {"code": codes[0], "next": "/account"})
    assert answer.headers["location"] == "/account"
    assert "9 recovery codes" in client.get("/account").text
    client.post("/account/authenticator/remove", {"password_for_authenticator": PASSWORD})
    kinds = [event["kind"] for event in recorded(known, "CredentialChanged")]
    assert kinds == ["totp_added", "totp_removed"]


def test_sessions_elsewhere_are_listed_and_ended(known):
    here, elsewhere = known.client(), known.client()
    sign_in(here)
    sign_in(elsewhere)
    assert here.get("/account").text.count('name="session"') == 1
    answer = here.post("/account/sessions", {})
    assert answer.status_code == 303
    assert elsewhere.get("/home").status_code == 303
    assert here.get("/home").status_code == 200


# --- the end of a session ------------------------------------------------------------------------


def test_asking_how_long_it_lasts_does_not_keep_it_open(known):
    client = known.client()
    sign_in(client)
    known.clock.now += timedelta(minutes=20)
    assert 500 < client.get("/session").json()["seconds"] < 600
    known.clock.now += timedelta(minutes=11)
    assert client.get("/session", headers={"accept": "application/json"}).status_code == 401


def test_staying_signed_in(known):
    client = known.client()
    sign_in(client)
    known.clock.now += timedelta(minutes=29)
    client.post("/session")
    assert client.get("/session").json()["seconds"] > 1700


def test_a_form_sent_too_late_is_kept_and_can_be_sent_again(known):
    client = known.client()
    sign_in(client, "admin")
    known.clock.now += timedelta(minutes=31)
    answer = client.post(
        "/users/new",
        {
            "user": "late",
            "name": "Dr Late <b>",
            "email": "",
            "role": "",
            "site": "",
            "password": "never kept",
        },
        headers={"referer": "http://trial.test/users/new"},
    )
    assert answer.headers["location"] == "/sign-in?next=/unsent"
    assert "was kept for you" in client.get("/sign-in?next=/unsent").text
    assert sign_in(client, "admin", next="/unsent").headers["location"] == "/unsent"
    page = client.get("/unsent").text
    assert "Dr Late &lt;b&gt;" in page
    assert "never kept" not in page
    answer = client.post("/unsent/send", {"user": "late", "name": "Dr Late <b>"})
    assert (answer.status_code, answer.headers["location"]) == (307, "/users/new")
    assert "Nothing is kept" in client.get("/unsent").text


def test_what_a_stranger_sends_is_not_kept(known):
    for token in ("", "no-such-session"):
        client = known.client()
        client.inner.cookies.set("session", token)
        assert client.post("/users/new", {"user": "x"}).status_code == 401
    assert known.workspace.accounts.drafts_of("admin") == ()


def test_a_page_can_hand_over_what_is_typed_before_the_end(known):
    client = known.client()
    sign_in(client)
    sent = {
        "unsent_path": "/participants/S-001/x",
        "unsent_page": "/participants/S-001",
        "weight": "70",
        "_csrf_token": "x",
    }
    assert client.post("/unsent", sent).json() == {"kept": True}
    assert client.post("/unsent", {**sent, "unsent_path": "https://evil.test/"}).json() == {"kept": False}
    kept = json.loads(known.workspace.accounts.draft("coordinator", "unsent").data)
    assert kept["fields"] == [["weight", "70"]]
    assert client.post("/unsent/discard").status_code == 303
    assert known.workspace.accounts.draft("coordinator", "unsent") is None


def test_what_a_script_hands_over_too_late_is_kept_as_well(known):
    client = known.client()
    sign_in(client)
    known.clock.now += timedelta(minutes=31)
    sent = {"unsent_path": "/users/new", "unsent_page": "/users/new?x=1", "weight": "70"}
    answer = client.post("/unsent", sent, headers={"accept": "application/json"})
    assert (answer.status_code, answer.json()) == (401, {"kept": True})
    kept = json.loads(known.workspace.accounts.draft("coordinator", "unsent").data)
    assert kept == {"path": "/users/new", "page": "/users/new?x=1", "fields": [["weight", "70"]]}


# --- users ---------------------------------------------------------------------------------------


def test_an_administrator_keeps_accounts(known):
    admin = known.client("admin")
    assert "Dr Coordinator Example" in admin.get("/users").text
    assert "Dr Coordinator2 Example" not in admin.get("/users?site=01").text
    assert "Dr Monitor Example" in admin.get("/users?site=01").text  # holds a role at all sites
    assert "Dr Pi Example" not in admin.get("/users?role=monitor").text
    taken = admin.post("/users/new", {"user": "Coordinator", "name": "Another"})
    assert taken.status_code == 422
    assert "never used twice" in taken.text
    assert 'value="Another"' in taken.text
    admin.post("/users/of/coordinator/grant", {"role": "investigator", "site": "01"})
    assert "Sub-investigator" in admin.get("/users/of/coordinator").text
    refused = admin.post(
        "/users/of/coordinator/revoke", {"held": "investigator:01", "reason_for_revoking": ""}
    )
    assert refused.status_code == 422
    admin.post(
        "/users/of/coordinator/revoke", {"held": "investigator:01", "reason_for_revoking": "not delegated"}
    )
    assert known.workspace.conduct.access_state().roles["coordinator"] == {("coordinator", "01")}
    assert admin.get("/users/of/nobody").status_code == 404


def test_an_administrator_unlocks(known):
    client, admin = known.client(), known.client("admin")
    for _ in range(5):
        sign_in(client, password="wrong")
    assert "locked" in admin.get("/users/of/coordinator").text
    assert admin.post("/users/of/coordinator/unlock").status_code == 303
    assert sign_in(client).status_code == 303
    assert {"user": "coordinator", "kind": "unlocked"} in recorded(known, "CredentialChanged")


def test_the_last_administrator_stays(known):
    admin = known.client("admin")
    closing = admin.post("/users/of/admin/disable", {"reason_for_closing": "enough"})
    assert closing.status_code == 422
    assert "only administrator" in closing.text
    revoking = admin.post(
        "/users/of/admin/revoke", {"held": "administrator:", "reason_for_revoking": "enough"}
    )
    assert "only administrator" in revoking.text


def test_a_closed_account_is_signed_out_and_forgotten(known):
    client = known.client()
    sign_in(client)
    admin = known.client("admin")
    admin.post("/users/of/coordinator/disable", {"reason_for_closing": "left the hospital"})
    assert client.get("/home").status_code == 303
    assert not known.workspace.accounts.has_password("coordinator")
    assert "closed" in admin.get("/users/of/coordinator").text


def test_the_team_of_a_site(known):
    text = known.client("coordinator").get("/team").text
    assert "Dr Pi Example" in text
    assert "Dr Coordinator2 Example" not in text
    everyone = known.client("monitor").get("/team").text
    assert "Dr Coordinator2 Example" in everyone
    assert "Dr Participant Example" not in everyone  # no participant's name for a sponsor's eyes


def test_an_investigator_records_the_training_of_the_own_team(known):
    pi = known.client("pi")
    assert "Record a training" in pi.get("/team").text
    assert "Record a training" not in known.client("coordinator").get("/team").text
    given = {"topic": "Protocol 1.0", "trained_on": "2026-05-01"}
    assert pi.post("/users/of/coordinator/training", given).headers["location"] == "/team"
    assert "Protocol 1.0" in pi.get("/team").text
    wrong = pi.post("/users/of/coordinator/training", {"topic": "Ultrasound", "trained_on": "yesterday"})
    assert wrong.status_code == 422
    assert 'value="Ultrasound"' in wrong.text
    assert "Failures since" not in wrong.text
    assert pi.post("/users/of/coordinator2/training", given).status_code == 404
