"""Malformed, cut, huge and deceiving input ends in findings or a clear error, in bounded time."""

from __future__ import annotations

import contextlib
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.errors import RecordError
from trialrun.registry.difference import compare_records
from trialrun.registry.draft import draft
from trialrun.registry.eligibility.read import read_criteria
from trialrun.registry.lint import lint_record
from trialrun.registry.read import read_bytes
from trialrun.registry.trim import LONGEST_TEXT, LONGEST_WORD, legible
from trialrun.registry.write import record_text

MEGABYTES = 3_000_000
FIELDS = ("briefTitle", "officialTitle", "acronym")
SPITEFUL = (
    "a) " * 100_000,
    "Week 1, " * 100_000,
    "(" * 200_000,
    "1. " * 100_000,
    "\n* " * 100_000,
    "and or not " * 100_000,
    "12" * 100_000,
    "a" * MEGABYTES,
    " " * MEGABYTES,
    "Inclusion Criteria:\n" * 50_000,
    "between " * 100_000,
    "in the opinion of " * 50_000,
    "<b>" * 100_000,
    "\u202e" * 100_000,
)


def study(text: str) -> dict[str, Any]:
    outcome = {"measure": text, "timeFrame": text, "description": text}
    return {
        "protocolSection": {
            "identificationModule": {"nctId": "NCT99999905", **dict.fromkeys(FIELDS, text)},
            "descriptionModule": {"briefSummary": text, "detailedDescription": text},
            "conditionsModule": {"conditions": [text]},
            "designModule": {"studyType": "INTERVENTIONAL", "enrollmentInfo": {"count": 3}},
            "armsInterventionsModule": {
                "armGroups": [{"label": text, "description": text}],
                "interventions": [{"type": "DRUG", "name": text, "description": text}],
            },
            "outcomesModule": {"primaryOutcomes": [outcome]},
            "eligibilityModule": {"eligibilityCriteria": text, "sex": text, "minimumAge": text},
            "contactsLocationsModule": {"locations": [{"facility": text, "city": text}]},
        }
    }


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", SPITEFUL, ids=lambda text: repr(text[:12]))
def test_megabytes_in_every_field(text: str) -> None:
    record, _ = read_bytes(json.dumps(study(text)).encode(), "x.json")
    assert record.brief_title == text
    lint_record(record)
    draft(record)
    other, _ = read_bytes(json.dumps(study(f"{text[:-7]} changed")).encode(), "y.json")
    found = compare_records(record, other)
    assert "text-too-long" in {finding.code for finding in found.findings}
    read_criteria(text[:LONGEST_TEXT])


@pytest.mark.timeout(60)
@pytest.mark.parametrize("text", SPITEFUL, ids=lambda text: repr(text[:12]))
def test_megabytes_on_a_page(text: str, data: Path) -> None:
    page = (
        (data / "page.txt").read_text("utf-8").replace("Serum zinc B1212 weeks", f"Serum zinc {text}12 weeks")
    )
    page = page.replace("Broth dailyBarley broth", f"Broth daily{text}Barley broth")
    record, findings = read_bytes(page.encode(), "page.txt")
    assert record.registry_id == "NCT99999901"
    assert findings


@pytest.mark.timeout(60)
def test_html_nested_deeper_than_any_page(data: Path) -> None:
    inner = (data / "page.html").read_text("utf-8")
    for tag in ("div", "table><tr><td", "ul><li", "b"):
        close = "".join(f"</{part}>" for part in reversed(tag.split("><")))
        content = f"<html>{f'<{tag}>' * 3000}{inner}{close * 3000}</html>"
        try:
            read_bytes(content.encode(), "page.html")
        except RecordError:
            continue


@pytest.mark.parametrize("depth", [300, 5_000, 200_000])
def test_json_nested_deeper_than_any_record(depth: int) -> None:
    content = '{"protocolSection": {"x": ' + "[" * depth + "]" * depth + "}}"
    with pytest.raises(RecordError, match=r"nested|cannot be read"):
        read_bytes(content.encode(), "deep.json")


def test_every_truncation_of_a_record_is_told(shared: Callable[[str], Path]) -> None:
    content = shared("ctgov/NCT06130267.json").read_bytes()
    for end in range(1, len(content.rstrip()), 97):
        with pytest.raises(RecordError):
            read_bytes(content[:end], "cut.json")


def test_every_truncation_of_a_page_is_told(data: Path) -> None:
    content = (data / "page.txt").read_text("utf-8")
    lines = content.splitlines(keepends=True)
    for end in range(1, len(lines)):
        try:
            _, findings = read_bytes("".join(lines[:end]).encode(), "cut.txt")
        except RecordError:
            continue
        assert "page-incomplete" in [finding.code for finding in findings]


def test_direction_changing_characters_are_removed_and_reported(data: Path) -> None:
    page = (
        (data / "page.txt")
        .read_text("utf-8")
        .replace("Keepers of a lighthouse", "Keepers \u202eof a\u202c lighthouse")
    )
    record, findings = read_bytes(page.encode(), "page.txt")
    assert record.criteria.atomic()[0].text.startswith("Keepers of a lighthouse")
    assert [
        "U+202C, U+202E" in finding.message for finding in findings if finding.code == "hidden-characters"
    ] == [True]


def test_markup_stays_text() -> None:
    text = "<script>alert(1)</script>"
    record, _ = read_bytes(json.dumps(study(text)).encode(), "x.json")
    assert record.brief_title == text
    assert json.loads(record_text(record)) == study(text)


def test_half_characters_are_written_and_read_again() -> None:
    content = json.dumps(study("half \ud800 character")).encode()
    record, _ = read_bytes(content, "x.json")
    again, _ = read_bytes(json.dumps(json.loads(record_text(record))).encode(), "x.json")
    assert again == record
    draft(record)


@settings(max_examples=60, deadline=None)
@given(content=st.binary(max_size=400))
def test_any_bytes_are_a_record_or_an_error(content: bytes) -> None:
    with contextlib.suppress(RecordError):
        read_bytes(content, "x")


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [
                "<div>",
                "</div>",
                "<table>",
                "<tr>",
                "<td>",
                "</td>",
                "x",
                "<li>",
                "Conditions",
                "Sex",
                "\n",
                "&lt;",
                "<p",
                ">",
            ]
        ),
        max_size=60,
    )
)
def test_any_markup_is_a_record_or_an_error(parts: list[str]) -> None:
    with contextlib.suppress(RecordError):
        read_bytes(("<html>" + "".join(parts)).encode(), "x.html")


def test_what_a_page_shows_has_no_word_a_browser_cannot_lay_out():
    word = "a" * MEGABYTES
    record, _ = read_bytes(json.dumps(study(f"before {word} after")).encode(), "x.json")
    shown = record_text(legible(record))
    assert max(len(one) for one in re.split(r"[\s\u200b]|\\u200b", shown)) < LONGEST_WORD
    short, _ = read_bytes(json.dumps(study("b" * (LONGEST_WORD - 1))).encode(), "x.json")
    assert legible(short) is short
