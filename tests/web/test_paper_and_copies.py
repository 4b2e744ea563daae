"""Forms on paper for when the application cannot be reached, and documents that leave a line in the trail."""

from __future__ import annotations

import hashlib

from trialrun.app.paper_forms import paper_forms_file
from trialrun.ledger.commands import Entry, LinkParticipant, SaveForm
from web_kit import Office


def taken(office: Office) -> list[tuple[str, str, str]]:
    return [
        (event.by, event.data["description"], event.data["checksum"])
        for event in office.workspace.store.read("study")
        if event.type == "DataExported"
    ]


def test_every_item_of_every_form_stands_on_the_sheets(office: Office, monkeypatch) -> None:
    from trialrun.app import paper_forms

    kept = {}
    monkeypatch.setattr(paper_forms, "made", lambda name, whole: kept.setdefault(name, whole))
    paper_forms_file(office.workspace)
    (whole,) = kept.values()
    lines = {
        cell
        for part in whole.sections
        for block in part.blocks
        for row in getattr(block, "rows", ())
        for cell in row
    }
    planned = {form for visit in office.study.visits.values() for form in visit.forms}
    for name in planned:
        for item in office.study.forms[name].items:
            assert any(line.startswith(office.study.items[item].label) for line in lines), item
    assert any("[  ] Male" in line and "[  ] Female" in line for line in lines)


def test_the_sheets_are_a_pdf_and_nobodys_data(office: Office) -> None:
    office.screened()
    answer = office.client("coordinator").get("/documents/forms-on-paper.pdf")
    assert (answer.status_code, answer.content[:5]) == (200, b"%PDF-")
    assert taken(office) == []
    assert office.client("sponsor").get("/documents/forms-on-paper.pdf").status_code == 403
    assert "/documents/forms-on-paper.pdf" in office.client("coordinator").get("/documents").text


def test_a_participant_who_takes_the_own_consent_is_in_the_trail(office: Office) -> None:
    key = office.consented()
    office.do(LinkParticipant("participant", key), "admin")
    answer = office.client("participant").get("/home/consent.pdf")
    ((by, said, checksum),) = taken(office)
    assert (by, said) == ("system", f"own consent copy of {key}, taken by participant")
    assert checksum == hashlib.sha256(answer.content).hexdigest()


def test_a_safety_report_that_is_taken_is_in_the_trail(office: Office) -> None:
    key = office.consented()
    place = next(name for name, visit in office.study.visits.items() if "adverse_event" in visit.forms)
    event = {
        "ae_term": Entry("Fever"), "ae_start": Entry("2026-05-09"), "ae_grade": Entry("3", "{score}"),
        "ae_serious": Entry("true"), "ae_outcome": Entry("recovering"),
    }  # fmt: skip
    office.do(SaveForm(key, place, "adverse_event", row=1, values=event))
    for user in ("coordinator", "sponsor"):
        assert office.client(user).get(f"/participants/{key}/safety/1/report.pdf").status_code == 200
    assert [(by, said) for by, said, _sum in taken(office)] == [
        (user, f"report of event 1 of {key}, taken by {user}") for user in ("coordinator", "sponsor")
    ]
