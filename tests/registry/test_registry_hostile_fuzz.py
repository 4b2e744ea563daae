"""Records damaged at random still get findings: no reader of a record raises anything but its own errors."""

from __future__ import annotations

import copy
import json
import random
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.errors import RecordError
from trialrun.registry.difference import RecordDifference, compare_records, difference_document
from trialrun.registry.draft import draft
from trialrun.registry.eligibility.read import read_criteria
from trialrun.registry.lint import lint_record
from trialrun.registry.overdue import overdue
from trialrun.registry.read import read_bytes
from trialrun.registry.record import Record
from trialrun.registry.timeframe import parse_timeframe

TODAY = date(2026, 1, 1)
HOSTILE: tuple[Any, ...] = (
    None,
    True,
    0,
    -1,
    10**400,
    1e300,
    "",
    " \n\t",
    "x" * 500,
    "Inclusion Criteria:\n" * 20,
    "a) b) c) d) 1. 2. 3. " * 10,
    "≥ 3 x ULN and < 18 years or > 75 " * 5,
    "Week 1, 2 and Day -3 to cycle 2 day 15 every 0 weeks up to 99999999 years",
    "every 1e9 months for 999999999999 years",
    "9999-12-31",
    "0000-00-00",
    "2024-02-30",
    "2024-13",
    "\u202eolleh\u202c",
    "nul \0 byte",
    "half \ud800 character",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "{{ 7 * 7 }} ${x} %s %(a)s {0}",
    "\U0001f9ec" * 40,
    "١٢٣ ½ ² Ⅳ ①",
    [],
    {},
    [[]],
    [None, 3, {"measure": ["x"]}],
    {"date": {"date": []}},
    [{"measure": "Change in pain"}] * 60,
    "NOT_YET_RECRUITING",
    "NA",
)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    found = [path] if path else []
    if isinstance(value, dict):
        inside = list(value.items())
    else:
        inside = list(enumerate(value)) if isinstance(value, list) else []
    for key, part in inside:
        found += places(part, (*path, key))
    return found


def damaged(document: dict[str, Any], dice: random.Random, times: int) -> dict[str, Any]:
    document = copy.deepcopy(document)
    for _ in range(times):
        all_places = places(document)
        if not all_places:
            break
        *way, last = dice.choice(all_places)
        inside: Any = document
        for key in way:
            inside = inside[key]
        action = dice.choice(("replace", "replace", "replace", "remove", "repeat", "splice"))
        if action == "remove":
            del inside[last]
        elif action == "repeat" and isinstance(inside, list):
            inside.extend(copy.deepcopy(inside[last]) for _ in range(30))
        elif action == "splice" and isinstance(inside[last], str):
            cut = dice.randrange(len(inside[last]) + 1)
            piece = str(dice.choice(HOSTILE))[:500]
            inside[last] = inside[last][:cut] + piece + inside[last][cut:]
        else:
            inside[last] = copy.deepcopy(dice.choice(HOSTILE))
    return document


def read(document: dict[str, Any]) -> Record | None:
    try:
        record, findings = read_bytes(json.dumps(document).encode(), "damaged.json")
    except RecordError:
        return None
    assert all(finding.message for finding in findings)
    return record


def everything(record: Record, whole: Record) -> RecordDifference:
    findings = lint_record(record, today=TODAY)
    assert all(finding.message and finding.code for finding in findings)
    overdue(record, TODAY)
    there, back = compare_records(whole, record), compare_records(record, whole)
    assert len(there.changes) >= (there.old_id != there.new_id)
    json.dumps(difference_document(there))
    same = compare_records(record, record)
    assert (same.changes, same.alarms) == ((), ())
    for outcome in record.outcomes()[:40]:
        parse_timeframe(outcome.time_frame)
    read_criteria(record.criteria_text)
    return back


@pytest.fixture(scope="module")
def whole(root: Path) -> dict[str, Any]:
    text = (root / "examples" / "nct05871463" / "record.json").read_text("utf-8")
    document = json.loads(text)
    document.pop("provenance", None)
    return document


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 10**6), times=st.integers(1, 12))
def test_a_damaged_record_is_linted_compared_and_read(whole: dict[str, Any], seed: int, times: int) -> None:
    record = read(damaged(whole, random.Random(seed), times))
    if record is not None:
        everything(record, Record(whole))


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10**6), times=st.integers(1, 12))
def test_a_damaged_record_is_drafted(whole: dict[str, Any], seed: int, times: int) -> None:
    record = read(damaged(whole, random.Random(seed), times))
    if record is not None:
        made = draft(record)
        assert all(finding.message for finding in made.findings)


def test_damaged_records_of_the_registry(shared: Callable[[str], Path]) -> None:
    dice = random.Random(5)
    for name in ("NCT06130267", "NCT05693090", "NCT03953092"):
        document = json.loads(shared(f"ctgov/{name}.json").read_text("utf-8"))
        for _ in range(5):
            record = read(damaged(document, dice, 8))
            if record is not None:
                everything(record, Record(document))


def _registering(measures: list[str]) -> Record:
    tables = {"secondaryOutcomes": [{"measure": one, "timeFrame": "4 weeks"} for one in measures]}
    return Record({"protocolSection": {"outcomesModule": tables}})


def test_ten_thousand_outcomes() -> None:
    old = _registering([f"Outcome number {place}" for place in range(10_000)])
    new = _registering([*(f"Outcome number {place}" for place in range(9_999)), "Gout"])
    assert "list-too-long" in [finding.code for finding in lint_record(old)]
    found = compare_records(old, new)
    assert [finding.code for finding in found.findings] == ["list-too-long"] * 2
    assert found.changes == ()


def test_thousands_of_outcomes_that_all_changed() -> None:
    sides = [
        _registering([f"{word} in room {place}" for place in range(4_000)]) for word in ("Coughs", "Sneezes")
    ]
    assert len(compare_records(*sides).changes) == 4_000


@pytest.mark.parametrize("text", ["a" * 3_000_000, "a b " * 500_000, "a\n" * 1_000_000, "a. " * 500_000])
def test_megabytes_that_changed(text: str) -> None:
    def one(words: str) -> Record:
        return Record({"protocolSection": {"descriptionModule": {"briefSummary": words}}})

    found = compare_records(one(text), one(f"b {text}"))
    assert [finding.code for finding in found.findings] == ["text-too-long"] * 2
    assert [change.field for change in found.changes] == ["Brief summary"]
