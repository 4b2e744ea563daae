"""Codes of terms and reference ranges stand in the snapshot as they stand in the log."""

from __future__ import annotations

import pytest

from small_study import make_study
from trialrun.ledger.events import Event
from trialrun.snapshot.cut import fold_tables

PATH = ["10019692 Hepatic failure and associated disorders", "10019805 Hepatobiliary disorders"]
SLOT = {"visit": "log", "form": "adverse_event", "row": 1, "item": "ae_term"}


class Story:
    """Log entries written by hand."""

    def __init__(self):
        self.events = []

    def tell(self, stream, kind, **data):
        position = len(self.events) + 1
        digest = f"{position:064x}"
        entry = Event(
            stream, position, position, kind, 1, "2026-01-01T00:00:00.000000Z", "coder", "data_manager", "01", "",
            "study-hash", data, "", digest, "",
        )  # fmt: skip
        self.events.append(entry)
        return digest

    def report(self, text):
        self.tell("participant/S-001", "ItemsEntered", visit="log", form="adverse_event", row=1,
                  items={"ae_term": {"text": text}})  # fmt: skip

    def code(self, verbatim, term, code):
        return self.tell("participant/S-001", "TermCoded", **SLOT, verbatim=verbatim, dictionary="MedDRA",
                         dictionary_version="27.1", code=code, term=term, path=PATH)  # fmt: skip

    def tables(self):
        return fold_tables(self.events, make_study(criteria={}))


@pytest.fixture
def story():
    found = Story()
    found.tell("participant/S-001", "CandidateRegistered", site="01")
    return found


def test_a_code_stands_beside_the_words_it_was_given_for(story):
    story.report("liver failing")
    digest = story.code("liver failing", "Hepatic failure", "10019663")
    (row,) = story.tables()["codings"]
    assert row["term"] == "Hepatic failure"
    assert row["path"] == " > ".join(PATH)
    assert (row["row"], row["status"], row["event_hash"]) == ("1", "valid", digest)


def test_a_code_whose_words_changed_is_kept_and_said_to_be_out_of_date(story):
    story.report("liver failing")
    digest = story.code("liver failing", "Hepatic failure", "10019663")
    story.tell("participant/S-001", "CodeInvalidated", **SLOT, coded=digest, causes=[])
    assert [row["status"] for row in story.tables()["codings"]] == ["changed"]
    story.code("hepatic coma", "Hepatic encephalopathy", "10019660")
    assert [(row["term"], row["status"]) for row in story.tables()["codings"]] == [
        ("Hepatic encephalopathy", "valid")
    ]


def test_the_code_of_a_removed_line_is_gone(story):
    story.report("liver failing")
    story.code("liver failing", "Hepatic failure", "10019663")
    story.tell("participant/S-001", "RowRemoved", visit="log", form="adverse_event", row=1)
    assert story.tables()["codings"] == []


def test_the_last_list_of_a_laboratory_holds(story):
    first = {"item": "alt", "unit": "U/L", "low": "7", "high": "40", "sex": "F"}
    story.tell(
        "site/01", "ReferenceRangesRecorded", laboratory="Central", ranges=[first, {**first, "sex": "M"}]
    )
    story.tell("site/01", "ReferenceRangesRecorded", laboratory="Central", ranges=[{**first, "high": "35"}])
    story.tell("site/02", "ReferenceRangesRecorded", laboratory="Central", ranges=[first])
    rows = story.tables()["ranges"]
    assert [(row["site"], row["high"], row["line"]) for row in rows] == [("01", "35", 1), ("02", "40", 1)]
    assert rows[0]["valid_from"] == ""
