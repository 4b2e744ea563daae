"""A rehearsal goes through the same commands, rules and log as real use."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from pathlib import Path

import pytest

from trialrun.errors import LedgerError, StudyError
from trialrun.ledger.events import Event
from trialrun.ledger.store import open_store
from trialrun.simulate.rehearse import RehearsalSummary, rehearse
from trialrun.study.load import load_study
from trialrun.study.model import Study

ROOT = Path(__file__).resolve().parents[2]


@cache
def _study() -> Study:
    return load_study(ROOT / "examples/nct05871463")


@pytest.fixture(scope="module")
def rehearsed(tmp_path_factory: pytest.TempPathFactory) -> tuple[RehearsalSummary, list[Event], Path]:
    folder = tmp_path_factory.mktemp("rehearsal")
    summary = rehearse(_study(), folder, seed=9, screened=14)
    store = open_store(f"sqlite:///{folder / 'ledger.sqlite'}")
    events = list(store.read())
    store.close()
    return summary, events, folder


def _of(events: list[Event], *types: str) -> list[Event]:
    return [event for event in events if event.type in types]


def test_it_stops_at_the_number_screened(rehearsed) -> None:
    summary, events, _ = rehearsed
    assert summary.screened == 14 == len(_of(events, "CandidateRegistered"))
    assert summary.enrolled == len(_of(events, "ParticipantEnrolled")) > 0
    assert sum(summary.fates.values()) == 14


def test_the_log_is_a_rehearsals_and_its_time_never_goes_back(rehearsed) -> None:
    _, events, _ = rehearsed
    assert _of(events, "StudyActivated")[0].data["mode"] == "rehearsal"
    times = [datetime.fromisoformat(event.at) for event in events if event.stream != "seal"]
    assert times == sorted(times)


def test_nobody_is_enrolled_without_a_signed_eligible_outcome(rehearsed) -> None:
    _, events, _ = rehearsed
    for enrolled in _of(events, "ParticipantEnrolled"):
        before = [e for e in events if e.stream == enrolled.stream and e.version < enrolled.version]
        signed = _of(before, "EligibilitySigned")[-1]
        assert signed.data["outcome"] == "eligible"
        assert set(signed.data["criteria"].values()) <= {"met", "not_met"}
        assert signed.role == "principal_investigator"


def test_nothing_is_captured_before_consent_nor_dosed_before_enrolment(rehearsed) -> None:
    _, events, _ = rehearsed
    for entered in _of(events, "ItemsEntered"):
        before = {e.type for e in events if e.stream == entered.stream and e.version < entered.version}
        assert "ConsentGiven" in before or entered.data["form"] == "consent"
        if entered.data["form"] == "infusion":
            assert {"EligibilitySigned", "ParticipantEnrolled"} <= before


def test_actors_act_in_roles_that_may(rehearsed) -> None:
    _, events, _ = rehearsed
    roles = {event.role for event in events if event.stream.startswith("participant/")}
    assert roles >= {"principal_investigator", "investigator", "coordinator", "monitor"}
    assert {event.role for event in _of(events, "SourceVerified")} == {"monitor"}
    assert {e.role for e in _of(events, "ItemsEntered") if e.data["form"] == "infusion"} == {"investigator"}


def test_corrections_carry_a_reason_and_some_values_are_missing_with_one(rehearsed) -> None:
    _, events, _ = rehearsed
    corrected = _of(events, "ItemsCorrected")
    assert corrected
    assert all(event.reason for event in corrected)
    entered = [entry for event in _of(events, "ItemsEntered") for entry in event.data["items"].values()]
    assert any(entry.get("missing") == "not_done" for entry in entered)


def test_names_and_birth_dates_are_sealed(rehearsed) -> None:
    _, events, folder = rehearsed
    entered = {name: entry for e in _of(events, "ItemsEntered") for name, entry in e.data["items"].items()}
    assert set(entered["birth_date"]) == {"sealed"}
    assert b"Virtual person" not in (folder / "ledger.sqlite").read_bytes()


def test_the_same_seed_gives_the_same_log_and_another_seed_another(rehearsed, tmp_path: Path) -> None:
    summary, events, _ = rehearsed
    again = rehearse(_study(), tmp_path / "again", seed=9, screened=14)
    store = open_store(f"sqlite:///{tmp_path / 'again/ledger.sqlite'}")
    assert [event.hash for event in store.read()] == [event.hash for event in events]
    store.close()
    assert again.fates == summary.fates
    other = rehearse(_study(), tmp_path / "other", seed=10, screened=3)
    assert (other.fates, other.failures) != (summary.fates, summary.failures)


def test_rehearsals_are_not_mixed(rehearsed) -> None:
    with pytest.raises(LedgerError, match="exists already"):
        rehearse(_study(), rehearsed[2], seed=1, screened=1)


def test_an_unknown_scenario_is_named(tmp_path: Path) -> None:
    with pytest.raises(StudyError, match="new_abstinence"):
        rehearse(_study(), tmp_path, seed=1, screened=1, scenario="miracle")


def test_the_summary_is_plain_data(rehearsed) -> None:
    from dataclasses import asdict

    assert json.loads(json.dumps(asdict(rehearsed[0])))["seed"] == 9
