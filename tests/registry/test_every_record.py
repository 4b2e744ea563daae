"""Every kind of record gives a draft that can be rehearsed and analysed at once, nothing added by hand."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from trialrun.registry.draft import write_draft
from trialrun.registry.draft_rehearsal import rehearsal_content
from trialrun.registry.read import read_record
from trialrun.registry.record import Record
from trialrun.simulate.rehearse import RehearsalSummary, rehearse
from trialrun.study.checks import check_study
from trialrun.study.load import load_study
from trialrun.study.model import Study
from trialrun.values.finding import Severity

RESTS = "NCT00000000"


def record(**modules: Any) -> Record:
    """A record of our own making: one outcome, adults, and the modules given."""
    usual: dict[str, Any] = {
        "identificationModule": {"nctId": RESTS, "briefTitle": "Barley water for thirst"},
        "sponsorCollaboratorsModule": {"leadSponsor": {"name": "Nobody"}},
        "designModule": {"studyType": "INTERVENTIONAL", "enrollmentInfo": {"count": 6}},
        "eligibilityModule": {
            "eligibilityCriteria": "Inclusion Criteria:\n\n* Hemoglobin >= 9 g/dL\n* Thirsty\n\nExclusion Criteria:\n\n* Allergy to barley",
            "sex": "ALL",
            "minimumAge": "18 Years",
            "maximumAge": "64 Years",
        },
        "outcomesModule": {
            "primaryOutcomes": [{"measure": "Change in hemoglobin", "timeFrame": "Baseline, 4 weeks"}]
        },
    }
    return Record({"protocolSection": usual | modules})


def design(model: str, *, allocation: str = "RANDOMIZED", kind: str = "INTERVENTIONAL") -> dict[str, Any]:
    field = "observationalModel" if kind == "OBSERVATIONAL" else "interventionModel"
    info = {field: model} | ({"allocation": allocation} if kind == "INTERVENTIONAL" else {})
    return {"studyType": kind, "designInfo": info, "enrollmentInfo": {"count": 6}}


def arms(*kinds: str) -> dict[str, Any]:
    groups = [
        {"label": f"Group {number}", "type": kind, "description": f"What group {number} does"}
        for number, kind in enumerate(kinds, start=1)
    ]
    given = [
        {
            "type": "DRUG",
            "name": "Barley water",
            "description": "250 mL by mouth",
            "armGroupLabels": ["Group 1"],
        }
    ]
    return {"armGroups": groups, "interventions": given}


DESIGNS: dict[str, dict[str, Any]] = {
    "no groups": {},
    "single group": {"designModule": design("SINGLE_GROUP", allocation="NA"), "armsInterventionsModule": arms("EXPERIMENTAL")},
    "crossover": {"designModule": design("CROSSOVER"), "armsInterventionsModule": arms("EXPERIMENTAL", "PLACEBO_COMPARATOR")},
    "control without intervention": {
        "designModule": design("PARALLEL"),
        "armsInterventionsModule": arms("EXPERIMENTAL", "NO_INTERVENTION"),
    },
    "cohort": {"designModule": design("COHORT", kind="OBSERVATIONAL")},
    "first day only": {
        "outcomesModule": {"primaryOutcomes": [{"measure": "Hemoglobin", "timeFrame": "2 hours after the drink"}]}
    },
}  # fmt: skip


def drafted(made: Record, folder: Path) -> Study:
    write_draft(made, folder)
    study = load_study(folder)
    assert [one for one in check_study(study) if one.severity is Severity.ERROR] == []
    return study


def rehearsed(study: Study, folder: Path, screened: int = 12) -> RehearsalSummary:
    return rehearse(study, folder, seed=4, screened=screened)


def analysed(study: Study, summary: RehearsalSummary, folder: Path) -> Any:
    from trialrun.analyse.run import analyse_dataset
    from trialrun.app.analyses import derive_snapshot
    from trialrun.app.logs import cut_snapshot

    now = datetime.fromisoformat(summary.last_moment)
    cut_snapshot(study, summary.database, folder, now=now, synthetic=True, seed=4, notes=())
    return analyse_dataset(derive_snapshot(folder, study=study))


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_is_rehearsed_and_analysed(name: str, tmp_path: Path) -> None:
    study = drafted(record(**DESIGNS[name]), tmp_path / "study")
    summary = rehearsed(study, tmp_path / "log")
    assert summary.enrolled == 6
    results = analysed(study, summary, tmp_path / "snapshot")
    primary = [one for one in results.results if one.registered and one.n]
    assert primary
    assert results.counts["treated"] == 6


def test_time_counts_from_enrolment_where_not_everybody_is_given_something(tmp_path: Path) -> None:
    study = drafted(record(**DESIGNS["control without intervention"]), tmp_path / "control")
    assert {visit.anchor for visit in study.visits.values() if visit.kind == "follow_up"} == {"enrolment"}
    assert not study.dose_plans
    given = drafted(record(**DESIGNS["crossover"]), tmp_path / "crossover")
    assert {plan.arm for plan in given.dose_plans} == set(given.arms)
    assert {plan.route for plan in given.dose_plans} == {"oral", "not stated"}
    assert {"design_model", "allocation", "dose_plan"} <= set(given.assumptions)


def test_nobody_is_enrolled_against_a_criterion(tmp_path: Path) -> None:
    """The search for fitting answers goes through the same rules as real screening, whichever way it comes out."""
    from trialrun.ledger.store import open_store

    study = drafted(record(), tmp_path / "study")
    summary = rehearsed(study, tmp_path / "log", screened=20)
    assert summary.failures  # some are made to fail
    store = open_store(f"sqlite:///{summary.database}")
    signed = [event for event in store.read() if event.type == "EligibilitySigned"]
    store.close()
    assert {event.data["outcome"] for event in signed} >= {"eligible", "not_eligible"}


def test_all_twenty_records_can_be_rehearsed(shared: Callable[[str], Path], tmp_path: Path) -> None:
    """Two candidates each: whatever the items, visits and arms of a record are, they can be filled in."""
    for path in sorted(shared("ctgov").glob("NCT*.json")):
        made, _ = read_record(path)
        study = drafted(made, tmp_path / path.stem)
        summary = rehearsed(study, tmp_path / f"{path.stem}_log", screened=2)
        assert summary.screened == min(2, study.target), path.stem


def test_the_rehearsal_says_that_every_number_is_assumed(tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    drafted(record(), tmp_path / "study")
    content = YAML(typ="safe", pure=True).load(
        (tmp_path / "study/rehearsal.yaml").read_text(encoding="utf-8")
    )
    assert set(content["sources"]) == {"assumed"}
    scenario = content["scenarios"]["assumed"]
    marked = [content["unlisted"], scenario["death"], scenario["conduct"], *scenario["adverse_events"]]
    assert {part["source"] for part in marked} == {"assumed"}
    assert scenario["treatment"]["effect"] == 0
    assert json.dumps(content)  # plain values only


def test_what_happened_to_participants_is_a_share_with_its_exact_interval(tmp_path: Path) -> None:
    from scipy.stats import binomtest

    outcomes = {"primaryOutcomes": [{"measure": "Toxicities of barley", "timeFrame": "4 weeks"}]}
    study = drafted(record(outcomesModule=outcomes), tmp_path / "study")
    results = analysed(study, rehearsed(study, tmp_path / "log"), tmp_path / "snapshot")
    (share,) = [one for one in results.results if one.estimate_name == "share" and one.registered]
    exact = binomtest(share.details["count"], share.n).proportion_ci(method="exact")
    assert share.estimate == pytest.approx(share.details["count"] / share.n)
    assert (share.interval.low, share.interval.high) == pytest.approx((exact.low, exact.high))


def test_the_control_is_the_group_whose_title_says_so(tmp_path: Path) -> None:
    groups = {"armGroups": [{"label": "Cases"}, {"label": "Controls"}]}
    case_control = design("CASE_CONTROL", kind="OBSERVATIONAL")
    study = drafted(record(designModule=case_control, armsInterventionsModule=groups), tmp_path / "study")
    assert study.settings["analysis"]["control"] == "controls"
    assert "'Controls', as its title says" in study.assumptions["control"].default
    given = drafted(record(**DESIGNS["crossover"]), tmp_path / "crossover")
    assert "control" not in given.assumptions  # the record calls one a placebo comparator


def test_a_long_follow_up_leaves_somebody_to_follow() -> None:
    def lost(last: str) -> float:
        visits = {"last": {"offset": last}}
        content = {"items": {}, "roles": {}, "visits": visits}
        return rehearsal_content(content)["scenarios"]["assumed"]["conduct"]["withdrawal_per_month"]

    assert lost("P4W") == lost("P12M") == 0.01
    assert 1 - (1 - lost("P204M")) ** 204 == pytest.approx(0.2, abs=0.01)
