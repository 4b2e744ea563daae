"""The made-up trial half-way: something to do for every role."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from trialrun.app.demo_site import PEOPLE, build_demo_site, open_demo_site
from trialrun.app.visits import overdue_visits, schedule_of
from trialrun.app.workspace import open_workspace
from trialrun.errors import UserError
from trialrun.ledger.verify import verify

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    return build_demo_site(tmp_path_factory.mktemp("demo") / "site", now=NOW)


@pytest.fixture(scope="module")
def workspace(site):
    opened = open_workspace(site.study_folder, site.database, clock=lambda: NOW)
    yield opened
    opened.close()


def test_every_role_can_sign_in(site, workspace):
    assert {account.role for account in site.accounts} == set(PEOPLE) == set(workspace.study.roles)
    access = workspace.conduct.access_state()
    for account in site.accounts:
        assert workspace.accounts.check_password(account.user, account.password, now=NOW).ok
        assert [role for role, _site in access.roles[account.user]] == [account.role]
        assert account.password in site.accounts_table()


def test_the_trial_is_half_way(workspace):
    people = [workspace.conduct.participant(key) for key in workspace.conduct.participants()]
    enrolled = [person for person in people if person.enrolled]
    screening = [person for person in people if not person.enrolled and person.ended_on is None]
    assert 7 <= len(enrolled) <= 10
    assert any(person.end_cause == "completed" for person in enrolled)
    assert any(person.ended_on is None for person in enrolled)
    assert any(person.end_cause == "screen_failure" for person in people)
    assert any(person.eligibility is None and person.consent for person in screening)  # undecided
    assert any(overdue_visits(schedule_of(workspace, person.key)) for person in enrolled)
    assert any(person.signatures for person in enrolled)
    states = [query.status for person in people for query in person.open_queries()]
    assert states.count("open") >= 2
    assert "answered" in states
    serious = [
        v for p in people for slot, v in p.values.items() if slot[3] == "ae_serious" and v.text == "true"
    ]
    assert serious
    assert workspace.conduct.access_state().linked["participant"] in {person.key for person in enrolled}


def test_there_is_product_in_stock(workspace):
    site = str(workspace.study.sites[0]["id"])
    stock = workspace.conduct.stock_state(site)
    assert {"EXO-2602", "EXO-2603", "EXO-2604"} <= set(stock.batches)


def test_nothing_happens_after_now_and_the_log_verifies(workspace):
    assert max(datetime.fromisoformat(event.at) for event in workspace.store.read()) <= NOW
    assert list(verify(workspace.store)) == []


def test_opening_it_again_keeps_the_trial_and_gives_new_passwords(site, workspace):
    position = workspace.store.position()
    folder = Path(site.database.removeprefix("sqlite:///")).parent
    again = open_demo_site(folder, now=NOW)
    assert again.made_at == NOW
    assert workspace.store.position() == position
    for old, new in zip(site.accounts, again.accounts, strict=True):
        assert old.user == new.user
        assert old.password != new.password


def test_another_folder_is_left_alone(tmp_path):
    (tmp_path / "mine.txt").write_text("x", encoding="utf-8")
    with pytest.raises(UserError, match="holds something else"):
        build_demo_site(tmp_path, now=NOW)
