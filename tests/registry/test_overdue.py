"""Results are overdue only where they are owed, late and not handed in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.overdue import Applies, overdue, results_due
from trialrun.registry.read import read_record
from trialrun.registry.record import Record

TODAY = date(2026, 1, 1)


def trial(
    *,
    status: str = "COMPLETED",
    completed: dict[str, str] | None = None,
    dates: dict[str, Any] | None = None,
    start: str = "2020-01-06",
    study_type: str = "INTERVENTIONAL",
    phases: tuple[str, ...] = ("PHASE3",),
    oversight: dict[str, Any] | None = None,
    kind: str = "DRUG",
    country: str = "United States",
    count: int = 40,
    purpose: str = "TREATMENT",
    **sections: Any,
) -> Record:
    done = {"date": "2023-05", "type": "ACTUAL"} if completed is None else completed
    fda = {"isFdaRegulatedDrug": True, "isFdaRegulatedDevice": False}
    protocol = {
        "statusModule": {
            "overallStatus": status,
            "startDateStruct": {"date": start},
            "primaryCompletionDateStruct": done,
            **(dates or {}),
        },
        "designModule": {
            "studyType": study_type,
            "phases": list(phases),
            "enrollmentInfo": {"count": count},
            "designInfo": {"primaryPurpose": purpose},
        },
        "oversightModule": fda if oversight is None else oversight,
        "armsInterventionsModule": {"interventions": [{"type": kind, "name": "Syrup"}]},
        "contactsLocationsModule": {"locations": [{"country": country}]},
    }
    return Record({"protocolSection": protocol, **sections})


def test_a_month_is_over_on_its_last_day() -> None:
    expected = results_due(trial())
    assert expected is not None
    assert expected.due == date(2024, 5, 31)
    assert expected.due_by_law == date(2024, 5, 31)
    assert overdue(trial(), date(2024, 5, 31)) is None
    late = overdue(trial(), date(2024, 6, 1))
    assert late is not None
    assert (late.days, late.against_law) == (1, True)
    assert "42 CFR 11.44 probably applies" in late.message


OWES_NOTHING: list[dict[str, Any]] = [
    {"study_type": "OBSERVATIONAL"},
    {"study_type": "EXPANDED_ACCESS"},
    {"status": "WITHDRAWN"},
    {"count": 0},
    {"status": "RECRUITING"},
    {"status": "ACTIVE_NOT_RECRUITING"},
    {"completed": {}},
    {"completed": {"date": "31/05/2023"}},
    {"completed": {"date": "9999-12"}},
    {"dates": {"resultsWaived": True}},
    {"hasResults": True},
    {"resultsSection": {"moreInfoModule": {"x": "y"}}},
    {"dates": {"resultsFirstSubmitDate": "2025-01-01"}},
    {
        "annotationSection": {
            "annotationModule": {
                "unpostedAnnotation": {"unpostedEvents": [{"type": "RELEASE", "date": "2025-02-01"}]}
            }
        }
    },
]


@pytest.mark.parametrize("change", OWES_NOTHING, ids=repr)
def test_is_not_overdue(change: dict[str, Any]) -> None:
    assert overdue(trial(**change), TODAY) is None


@pytest.mark.parametrize(
    ("change", "law"),
    [
        ({}, Applies.PROBABLY),
        ({"phases": ("PHASE1",)}, Applies.PROBABLY_NOT),
        ({"phases": ("EARLY_PHASE1",)}, Applies.PROBABLY_NOT),
        ({"phases": ("PHASE1", "PHASE2")}, Applies.PROBABLY),
        ({"oversight": {"isFdaRegulatedDrug": False, "isFdaRegulatedDevice": False}}, Applies.PROBABLY_NOT),
        ({"oversight": {}}, Applies.UNCLEAR),
        ({"oversight": {}, "kind": "BEHAVIORAL"}, Applies.PROBABLY_NOT),
        ({"country": "France"}, Applies.UNCLEAR),
        ({"country": "Puerto Rico"}, Applies.PROBABLY),
        (
            {"country": "France", "oversight": {"isFdaRegulatedDrug": True, "isUsExport": True}},
            Applies.PROBABLY,
        ),
        (
            {"purpose": "DEVICE_FEASIBILITY", "oversight": {"isFdaRegulatedDevice": True}},
            Applies.PROBABLY_NOT,
        ),
        ({"start": "2010-01", "oversight": {}}, Applies.UNCLEAR),
        ({"start": "2003-01", "completed": {"date": "2006-02"}, "oversight": {}}, Applies.PROBABLY_NOT),
    ],
)
def test_whom_the_law_probably_binds(change: dict[str, Any], law: Applies) -> None:
    expected = results_due(trial(**change))
    assert expected is not None
    assert expected.law is law
    assert (expected.due_by_law is not None) == (law is Applies.PROBABLY)
    assert expected.reason


def test_a_certified_delay_moves_the_date_of_the_law_only() -> None:
    late = overdue(trial(dates={"dispFirstSubmitDate": "2024-05-20"}), TODAY)
    assert late is not None
    assert late.expected.due_by_law == date(2026, 5, 20)
    assert not late.against_law
    assert overdue(trial(dates={"dispFirstSubmitDate": "2023-05-20"}), TODAY).against_law  # type: ignore[union-attr]


def test_a_trial_nobody_has_heard_of_is_overdue_by_its_plan() -> None:
    late = overdue(trial(status="UNKNOWN", completed={"date": "2023-05", "type": "ESTIMATED"}), TODAY)
    assert late is not None
    assert late.expected.planned
    assert "planned primary completion" in late.message


def test_the_real_records(shared: Callable[[str], Path]) -> None:
    late = {
        path.stem
        for path in shared("ctgov").glob("NCT*.json")
        if overdue(read_record(path)[0], date(2025, 12, 31)) is not None
    }
    # All others have results, are running, observational or withdrawn: read one by one.
    assert late == {"NCT00195884", "NCT03607838", "NCT03769870", "NCT03953092", "NCT06130267"}
