"""The public pages: open to everybody, nothing kept, nothing promised, nobody named."""

from __future__ import annotations

import logging
import sqlite3
from pathlib import Path

import pytest

from trialrun.app.public_questions import NONE, public_words
from web_kit import Client, Office

ANSWERS = {
    "birth_year": "1970", "sex": "F", "heart": ["cvd_stroke"], "bariatric": "no", "diabetes": "type_2",
    "weight_lost": "yes", "weight_before": "81.25", "weight_now": "79.75", "breastfeeding": "no",
}  # fmt: skip


def sent(client: Client, answers: dict[str, object]):
    """As a browser without scripts sends it: no token, no cookie."""
    return client.inner.post("/trial/check", data=answers, follow_redirects=False)


def contents(office: Office) -> tuple[bytes, dict[str, int]]:
    """Every row of every table of the database, and how many events there are of each kind."""
    database = Path(str(office.workspace.store.backend.engine.url.database))
    with sqlite3.connect(database) as connection:
        dump = "\n".join(connection.iterdump()).encode()
    kinds: dict[str, int] = {}
    for event in office.workspace.store.read():
        kinds[event.type] = kinds.get(event.type, 0) + 1
    return dump, kinds


@pytest.mark.parametrize("path", ["/", "/trial", "/trial/visits", "/trial/check"])
def test_everybody_may_read_and_no_cookie_is_set(office: Office, path: str):
    answer = office.client().get(path)
    assert answer.status_code == 200
    assert "set-cookie" not in answer.headers
    assert "not medical advice" in answer.text
    assert 'dir="ltr"' in answer.text


def test_the_page_counts_people_and_names_none(office: Office):
    key = office.enrolled()
    text = office.client().get("/").text
    assert "1 / 15" in text
    assert "One person was looked at." in text
    for name in (key, office.person(key).number, "2026-05-10", "1974"):
        assert name not in text


def test_the_check_stores_nothing(office: Office, caplog: pytest.LogCaptureFixture):
    client = office.client()
    before = contents(office)
    with caplog.at_level(logging.DEBUG):
        answer = sent(client, ANSWERS)
        wrong = sent(client, {"birth_year": "19xx", "sex": "M"})
    assert answer.status_code == 200
    assert wrong.status_code == 422
    assert contents(office) == before
    for one in (answer, wrong):
        assert "set-cookie" not in one.headers
        assert one.headers["cache-control"] == "no-store"
    assert not client.inner.cookies
    said = " ".join(record.getMessage() for record in caplog.records)
    assert not any(text in said for text in ("1970", "cvd_stroke", "81.25", "birth_year", "19xx"))


def test_answers_never_stand_in_an_address(office: Office):
    text = office.client().get("/trial/check?birth_year=1970&sex=F").text
    assert 'method="post"' in text
    assert "1970" not in text.replace("for example 1970", "")


def test_a_signed_in_person_leaves_no_trace_of_it_either(office: Office):
    client = office.client("coordinator")
    client.get("/trial/check")
    kinds = contents(office)[1]
    assert sent(client, ANSWERS).status_code == 200
    assert contents(office)[1] == kinds


def test_the_answer_says_met_not_met_and_ask_and_never_eligible(office: Office):
    text = sent(office.client(), ANSWERS).text
    assert "As you answered, one point speaks against taking part." in text
    for heading in ("Not met", "Ask the team", "Met"):
        assert f"<h2>{heading}" in text
    assert "cannot say that you can take part" in text
    assert "Only the study team can find this out." in text
    for promise in ("eligible", "You can take part.", "you qualify", "suitable for you to"):
        assert promise not in text.replace("ineligible", "")


def test_all_the_good_answers_together_promise_nothing(office: Office):
    good: dict[str, object] = {
        question.name: NONE if question.kind == "several" else "no"
        for question in public_words(office.study).questions
    }
    good |= {
        "birth_year": "1980", "sex": "M", "cirrhosis": "yes", "diabetes": "none", "weight_before": "", "weight_now": "",
        "programme_end": "", "childbearing": "", "pregnant": "", "breastfeeding": "",
    }  # fmt: skip
    text = sent(office.client(), good).text
    assert "<h2>Not met" not in text
    assert "nothing speaks against asking the study team" in text
    assert "eligible" not in text
    assert "cannot say that you can take part" in text


def test_an_answer_that_cannot_be_read_keeps_the_others(office: Office):
    answer = sent(office.client(), {**ANSWERS, "birth_year": "nineteen"})
    assert answer.status_code == 422
    assert "nineteen is not a date" in answer.text
    assert 'aria-invalid="true"' in answer.text
    assert 'value="nineteen"' in answer.text
    assert 'value="cvd_stroke" checked' in answer.text
    assert 'name="sex" value="F" checked' in answer.text
    assert "<h2>Not met" not in answer.text


def test_hostile_answers_come_back_as_text(office: Office):
    answer = sent(
        office.client(), {"birth_year": '"><script>alert(1)</script>', "sex": "<b>", "unknown": "x" * 9}
    )
    assert answer.status_code == 422
    assert "<script>alert" not in answer.text


def test_without_answers_all_is_for_the_team(office: Office):
    text = sent(office.client(), {}).text
    assert "You answered no question." in text
    assert "<h2>Met" not in text


def test_pages_turn_for_a_language_written_from_the_right(office: Office):
    from trialrun.web.application import create_app

    office.app = create_app(office.workspace, choose_language=lambda _connection: "fa")
    text = office.client().get("/").text
    assert 'lang="fa" dir="rtl"' in text
