"""Results and plain words of a record: the record's own numbers, all of them, and no sentence without a field behind it."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from desk_kit import made_up
from trialrun.app.plain_record import plain_record
from trialrun.app.record_page import record_page, unescaped
from trialrun.app.record_results import MOST_OUTCOMES, MOST_ROWS, record_results
from trialrun.registry.record import Record

TODAY = date(2026, 11, 20)
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
    max_leaves=12,
)


def said(record: dict[str, Any], on: date = TODAY) -> str:
    return " ".join(one for part in plain_record(Record(record), on) for one in part.sentences)


@pytest.mark.shared
def test_every_number_reported_stands_in_the_tables(shared):
    seen = 0
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        document = json.loads(path.read_bytes())
        section = document.get("resultsSection")
        if not section:
            assert not record_results(Record(document))
            continue
        found = record_results(Record(document))
        measures = section["outcomeMeasuresModule"]["outcomeMeasures"]
        assert found.more == max(0, len(measures) - MOST_OUTCOMES)
        assert len(found.outcomes) == min(len(measures), MOST_OUTCOMES)
        for measure, table in zip(measures, found.outcomes, strict=False):
            titles = [group["title"] for group in measure.get("groups", ())]
            assert list(table.groups) == [unescaped(title) for title in titles]
            cells = [row.cells for row in table.rows]
            values = [
                (one["groupId"], one.get("value", one.get("comment", "")))
                for part in measure.get("classes", ())
                for category in part["categories"]
                for one in category["measurements"]
            ]
            if len(values) > MOST_ROWS:
                continue
            ids = [group["id"] for group in measure.get("groups", ())]
            for group, value in values:
                assert any(row[ids.index(group)].startswith(value) for row in cells), (
                    path.name,
                    measure["title"],
                )
                seen += 1
        deaths = [group.get("deathsNumAffected") for group in section["adverseEventsModule"]["eventGroups"]]
        if any(one is not None for one in deaths):
            shown = found.events.rows[0].cells
            assert [cell.split(" ")[0] for cell in shown] == [
                "" if one is None else str(one) for one in deaths
            ]
    assert seen > 100


@given(
    st.dictionaries(
        st.sampled_from(["participantFlowModule", "outcomeMeasuresModule", "adverseEventsModule"]), anything
    )
)
def test_results_of_any_shape_do_no_harm(section: dict[str, Any]):
    record_results(Record({"resultsSection": section}))


@given(
    st.dictionaries(
        st.sampled_from(
            ["identificationModule", "statusModule", "designModule", "armsInterventionsModule", "outcomesModule",
             "eligibilityModule", "contactsLocationsModule", "sponsorCollaboratorsModule", "conditionsModule"]
        ),
        anything | st.dictionaries(
            st.sampled_from(
                ["designInfo", "whyStopped", "centralContacts", "overallOfficials", "orgStudyIdInfo", "phases",
                 "secondaryIdInfos", "armGroups", "minimumAge", "sex", "primaryOutcomes", "maskingInfo", "locations"]
            ),
            anything,
        ),
    )
)  # fmt: skip
def test_a_record_of_any_shape_has_a_page(section: dict[str, Any]):
    record = Record({"protocolSection": section})
    record_page(record)
    plain_record(record, TODAY)


def test_plain_words_follow_the_record():
    record = made_up(2)
    text = said(record)
    assert "The study has not begun to look for people." in text
    assert "It began in 2014-03." in text
    assert "It is to begin in 2014-03." in said(record, date(2013, 1, 1))
    assert "People from 18 years to 75 years old can take part. Only men can take part." in text
    design = record["protocolSection"]["designModule"]
    design["designInfo"]["allocation"] = "NON_RANDOMIZED"
    design["designInfo"]["maskingInfo"]["whoMasked"] = ["INVESTIGATOR"]
    text = said(record)
    assert "drawn by chance" not in text
    assert "You are not told" not in text
    design["studyType"] = "OBSERVATIONAL"
    text = said(record)
    assert "They do not decide about your treatment." in text
    assert "placebo" not in text


def test_an_empty_record_says_nothing():
    assert plain_record(Record({}), TODAY) == ()


def test_a_long_name_is_cut_and_said_to_be():
    record = made_up(1)
    record["protocolSection"]["conditionsModule"]["conditions"] = ["x" * 5000, *"abcdef"]
    assert f"It is about: {'x' * 200}…, a, b, c and 3 more." in said(record)


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"ANC \>= 1,500", "ANC >= 1,500"),
        (r"\<10 mm \[cm\]", "<10 mm [cm]"),
        (r"C:\new", r"C:\new"),
        (r"a\\b", r"a\b"),
        ("", ""),
    ],
)
def test_the_registrys_marks_are_read(written: str, read: str):
    assert unescaped(written) == read
