"""Erasing an identity: twice the number, a reason, and nothing unsaved left behind."""

from __future__ import annotations

from web_kit import Office


def test_an_identity_is_erased_with_everything_unsaved_about_it(office: Office):
    key, admin = office.screened(), office.client("admin")
    accounts = office.workspace.accounts
    accounts.save_draft(
        "coordinator", f"{key}/screening/demographics", '{"name": "A. Person"}', 1, now=office.clock()
    )
    assert "Nobody" in admin.get("/privacy").text
    answer = admin.post("/privacy", {"key": key, "again": "S-999", "reason": "asked for it"})
    assert answer.status_code == 422
    assert "differ" in answer.text
    assert "asked for it" in answer.text
    assert admin.post("/privacy", {"key": key, "again": key, "reason": ""}).status_code == 422
    assert "nobody with the number" in admin.post("/privacy", {"key": "x", "again": "x", "reason": "y"}).text
    assert not office.person(key).erased
    assert accounts.drafts_of("coordinator")

    answer = admin.post("/privacy", {"key": key, "again": key, "reason": "asked for it"})
    assert answer.status_code == 303
    assert office.person(key).erased
    assert accounts.drafts_of("coordinator") == ()
    assert f"<bdi>{key}</bdi>" in admin.get("/privacy").text
