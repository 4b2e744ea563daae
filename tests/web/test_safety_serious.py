"""Adverse events listed, serious ones timed, deaths compared, the stopping rule applied."""

from __future__ import annotations

import csv
import io
from datetime import date

import pytest

from safety_kit import ORDINARY, correct, draw, report, serious
from trialrun.app.endings import intercurrent_events
from trialrun.app.monitoring import monitoring
from trialrun.app.safety import EventFilter, adverse_event, adverse_events, events_csv
from trialrun.app.safety_report import report_document, report_of
from trialrun.app.serious import (
    DutyStatus,
    annual_report,
    clocks_of,
    one_serious_event,
    open_duties,
    record_annual_report,
    record_report,
)
from trialrun.errors import UserError
from trialrun.ledger.commands import EndParticipation, Entry, RecordSafetyReport, SaveForm
from trialrun.ledger.conduct import CommandRefusedError
from web_kit import DOSED, Office

BOTH = ("01", "02")
BOARD = "Ethics committee and authority"


@pytest.fixture
def key(office: Office) -> str:
    return office.dosed()


def due(office: Office, key: str, row: int = 1) -> dict[tuple[str, str], tuple[str, DutyStatus]]:
    found = one_serious_event(office.workspace, key, row)
    return {(one.clock.recipient, one.clock.kind): (one.due.isoformat(), one.status) for one in found.duties}


# --- the list --------------------------------------------------------------------------------------


def test_an_event_as_recorded(office: Office, key: str):
    report(office, key)
    event = adverse_event(office.workspace, key, 1)
    assert (event.term, event.day, event.emergent, event.grade) == ("Fatigue", 6, True, 2)
    assert (event.serious, event.suspected, event.reaction, event.missing) == (
        False,
        True,
        "adverse_event",
        (),
    )
    with pytest.raises(UserError, match="no adverse event 7"):
        adverse_event(office.workspace, key, 7)


@pytest.mark.parametrize(
    ("start", "emergent"),
    [("2026-05-20", True), ("2026-05-19", False), ("2026-05", None), ("2026-04", False), ("2026", None)],
)
def test_partial_dates_leave_open_what_they_leave_open(
    office: Office, key: str, start: str, emergent: bool | None
):
    office.clock.to(date(2026, 6, 1))
    entries = {
        name: Entry(text, office.study.items[name].unit)
        for name, text in (ORDINARY | {"ae_start": start}).items()
    }
    office.do(SaveForm(key, "log", "adverse_event", 1, entries), "pi")
    assert adverse_event(office.workspace, key, 1).emergent is emergent


def test_filters_keep_yes_no_and_unanswered_apart(office: Office, key: str):
    report(office, key, 1)
    report(office, key, 2, ae_term="Rash", ae_serious="", ae_related="unrelated", ae_grade="1")
    other = office.dosed("02")
    report(office, other, 1, user="pi2", ae_term="Nausea", ae_outcome="recovered", ae_end="2026-05-26")

    def terms(**wanted: object) -> list[str]:
        return sorted(one.term for one in adverse_events(office.workspace, BOTH, EventFilter(**wanted)))

    assert terms() == ["Fatigue", "Nausea", "Rash"]
    assert terms(serious="unknown") == ["Rash"]
    assert terms(serious="no") == ["Fatigue", "Nausea"]
    assert terms(suspected="no") == ["Rash"]
    assert terms(grade=2) == ["Fatigue", "Nausea"]
    assert terms(ongoing="no") == ["Nausea"]
    assert terms(incomplete="yes") == ["Rash"]
    assert terms(site="02") == ["Nausea"]
    assert terms(participant=key, term="rash") == ["Rash"]
    assert [one.term for one in adverse_events(office.workspace, ["02"])] == ["Nausea"]


def test_the_list_as_csv_starts_no_formula(office: Office, key: str):
    report(office, key, ae_term="=1+1, itching")
    (row,) = csv.DictReader(io.StringIO(events_csv(adverse_events(office.workspace, BOTH))))
    assert row["term"] == "'=1+1, itching"
    assert (row["participant"], row["serious"], row["day"]) == (key, "no", "6")


# --- clocks ----------------------------------------------------------------------------------------


def test_the_times_of_ich_e2a(office: Office, key: str):
    serious(office, key)  # aware on 27 May
    assert due(office, key) == {
        ("Sponsor", "initial"): ("2026-05-28", DutyStatus.DUE),
        (BOARD, "initial"): ("2026-06-11", DutyStatus.DUE),
    }
    serious(office, key, 2, ae_seriousness="life_threatening", ae_grade="4")
    assert due(office, key, 2) == {
        ("Sponsor", "initial"): ("2026-05-28", DutyStatus.DUE),
        (BOARD, "initial"): ("2026-06-03", DutyStatus.DUE),
        (BOARD, "follow_up"): ("2026-06-11", DutyStatus.DUE),
    }
    office.clock.to(date(2026, 5, 28), hour=19)  # still the 28th in Tehran
    assert due(office, key)["Sponsor", "initial"][1] is DutyStatus.DUE
    office.clock.to(date(2026, 5, 28), hour=21)  # 00:30 on the 29th there
    assert due(office, key)["Sponsor", "initial"][1] is DutyStatus.OVERDUE


@pytest.mark.parametrize(
    ("answers", "boards"),
    [
        ({"ae_related": "unlikely"}, 0),
        ({"ae_expected": "true"}, 0),
        ({"ae_related": "possible"}, 1),
        ({"ae_related": ""}, 1),  # unanswered is timed as suspected
        ({"ae_expected": ""}, 1),  # and as unexpected
        ({"ae_seriousness": ""}, 2),  # and as life-threatening
    ],
)
def test_who_has_to_be_told(office: Office, key: str, answers: dict[str, str], boards: int):
    serious(office, key, **answers)
    found = one_serious_event(office.workspace, key, 1)
    told = [one for one in found.duties if one.clock.recipient == BOARD]
    assert len(told) == boards
    unanswered = [name for name, text in answers.items() if not text]
    assert all(list(one.provisional) == unanswered for one in told)


def test_without_a_day_of_awareness_the_day_of_entry_counts(office: Office, key: str):
    office.clock.to(date(2026, 5, 30))
    serious(office, key, ae_aware_on="")
    found = one_serious_event(office.workspace, key, 1)
    assert all(one.assumed_awareness for one in found.duties)
    assert due(office, key)["Sponsor", "initial"][0] == "2026-05-31"


def test_reports_sent_in_time_late_and_changed_since(office: Office, key: str):
    serious(office, key)
    pi = office.actor("pi")
    office.clock.to(date(2026, 5, 30))
    record_report(
        office.workspace, pi, key, RecordSafetyReport(key, 1, "initial", "Sponsor", date(2026, 5, 28), "A-1")
    )
    record_report(office.workspace, pi, key, RecordSafetyReport(key, 1, "initial", BOARD, date(2026, 5, 30)))
    assert due(office, key)["Sponsor", "initial"][1] is DutyStatus.SENT
    assert due(office, key)[BOARD, "initial"][1] is DutyStatus.SENT
    assert open_duties(office.workspace, BOTH) == ()
    assert one_serious_event(office.workspace, key, 1).changed_since is None
    correct(office, key, "log", "adverse_event", "ae_outcome", "recovered", row=1)
    changed = one_serious_event(office.workspace, key, 1).changed_since
    assert changed is not None
    assert changed.recipient == BOARD
    # Known to be earlier than thought: what was sent is late now, and says so.
    correct(office, key, "log", "adverse_event", "ae_aware_on", "2026-05-26", row=1)
    assert due(office, key)["Sponsor", "initial"][1] is DutyStatus.SENT_LATE


def test_reports_that_cannot_be(office: Office, key: str):
    report(office, key)
    pi = office.actor("pi")
    with pytest.raises(UserError, match="not recorded as serious"):
        record_report(
            office.workspace, pi, key, RecordSafetyReport(key, 1, "initial", "Sponsor", date(2026, 5, 25))
        )
    serious(office, key, 2)
    with pytest.raises(UserError, match="lies before the event"):
        record_report(
            office.workspace, pi, key, RecordSafetyReport(key, 2, "initial", "Sponsor", date(2026, 5, 20))
        )
    with pytest.raises(CommandRefusedError):
        record_report(
            office.workspace, office.actor("statistician"), key,
            RecordSafetyReport(key, 2, "initial", "Sponsor", date(2026, 5, 27)),
        )  # fmt: skip


def test_every_clock_of_the_study_names_its_source(office: Office):
    assert all(one.source and one.days for one in clocks_of(office.study))


def test_the_yearly_report(office: Office, key: str):
    first = annual_report(office.workspace)
    assert (first.since, first.until, first.due) == (date(2026, 5, 8), date(2027, 5, 8), date(2027, 7, 7))
    with pytest.raises(UserError, match="the year covered ends on 2027-05-08"):
        record_annual_report(office.workspace, office.actor("sponsor"), "")
    office.clock.to(date(2027, 6, 1))
    record_annual_report(office.workspace, office.actor("sponsor"), "DSUR 1")
    assert annual_report(office.workspace).until == date(2028, 5, 8)


# --- the report ------------------------------------------------------------------------------------


def test_the_report_names_nobody(office: Office, key: str):
    office.do(SaveForm(key, "screening", "demographics", values={"name": Entry("Zahra Secret")}), "pi")
    serious(office, key)
    draw(office, key, date(2026, 6, 1), alt="90", bilirubin="3.0")
    _found, blocks = report_of(office.workspace, key, 1)
    words = repr(blocks)
    assert "Variceal bleeding" in words
    assert "52 years" in words
    assert "B-1" in words  # the batch
    assert "90 U/L" in words
    assert "Secret" not in words
    assert "1974" not in words


def test_the_report_as_pdf(office: Office, key: str):
    from trialrun.report.documents.typeset import compile_document

    serious(office, key)
    assert compile_document(report_document(office.workspace, key, 1)).startswith(b"%PDF")


# --- deaths and transplants ------------------------------------------------------------------------

DIED = {
    "ae_term": "Liver failure", "ae_outcome": "fatal", "ae_grade": "5", "ae_start": "2026-06-09", "ae_end": "2026-06-10",
    "ae_seriousness": "death", "ae_aware_on": "2026-06-10", "ae_related": "unlikely",
}  # fmt: skip


def rules(office: Office) -> set[str]:
    return {one.rule for found in intercurrent_events(office.workspace, BOTH) for one in found.problems}


def test_a_death_told_everywhere_alike(office: Office, key: str):
    serious(office, key, **DIED)
    assert rules(office) == {"death-not-ended"}
    office.do(EndParticipation(key, date(2026, 6, 10), "death"), "pi")
    assert rules(office) == {"death-not-on-form"}
    ended = {"end_date": Entry("2026-06-10"), "end_reason": Entry("death")}
    office.do(SaveForm(key, "early_termination", "end_of_study", values=ended), "pi")
    assert rules(office) == set()
    (found,) = intercurrent_events(office.workspace, BOTH)
    assert len(found.of("death")) == 3
    assert found.day("death") == 22


def test_places_that_disagree_about_a_death(office: Office, key: str):
    office.clock.to(date(2026, 6, 20))
    office.do(EndParticipation(key, date(2026, 6, 12), "death"), "pi")
    assert "death-without-event" in rules(office)
    serious(office, key, **(DIED | {"ae_outcome": "not_recovered", "ae_grade": "4"}))
    assert "seriousness-differs" in rules(office)
    correct(office, key, "log", "adverse_event", "ae_outcome", "fatal", row=1)
    assert "death-dates-differ" in rules(office)
    report(office, key, 2, ae_start="2026-06-15")
    assert "data-after-death" in rules(office)
    correct(office, key, "log", "adverse_event", "ae_serious", "false", row=1)
    assert "fatal-not-serious" in rules(office)


def test_a_transplant_is_a_procedure_too(office: Office, key: str):
    office.clock.to(date(2026, 6, 20))
    office.do(EndParticipation(key, date(2026, 6, 12), "transplant"), "pi")
    assert rules(office) == {"transplant-without-procedure"}
    done = {"procedure_kind": Entry("transplant"), "procedure_date": Entry("2026-06")}
    office.do(SaveForm(key, "log", "procedure", 1, done), "pi")
    assert rules(office) == set()  # June holds the twelfth


# --- the stopping rule -----------------------------------------------------------------------------


def test_who_counts_for_the_stopping_rule(office: Office, key: str):
    office.dosed()
    standing = monitoring(office.workspace)
    assert (standing.known, standing.deaths, standing.watching, standing.posterior) == (0, 0, 2, None)
    assert standing.next_stop == 2
    serious(office, key, **DIED)
    standing = monitoring(office.workspace)
    assert (standing.known, standing.deaths, standing.reached) == (1, 1, False)
    assert 0.78 < standing.posterior < 0.79
    assert standing.if_all_survive < standing.posterior


def test_the_boundary_is_reached_at_two_of_two(office: Office, key: str):
    for person in (key, office.dosed()):
        serious(office, person, **DIED)
    standing = monitoring(office.workspace)
    assert (standing.known, standing.deaths, standing.reached) == (2, 2, True)
    assert (standing.boundary[1].stops_at, standing.boundary[1].deaths) == (2, 2)


def test_a_death_after_the_window_is_none_of_the_rule(office: Office, key: str):
    late = DIED | {"ae_start": "2026-10-01", "ae_end": "2026-10-02", "ae_aware_on": "2026-10-02"}
    serious(office, key, **late)
    standing = monitoring(office.workspace)
    assert [one.status for one in standing.treated] == ["observed"]
    assert (standing.deaths, standing.known) == (0, 1)


@pytest.mark.parametrize(
    ("reason", "status"), [("withdrawal", "lost"), ("transplant", "lost"), ("completed", "observed")]
)
def test_leaving_early_is_no_survival(office: Office, key: str, reason: str, status: str):
    office.clock.to(date(2026, 6, 20))
    office.do(EndParticipation(key, date(2026, 6, 12), reason), "pi")
    assert [one.status for one in monitoring(office.workspace).treated] == [status]


def test_nobody_counts_before_a_dose(office: Office):
    office.enrolled()
    assert monitoring(office.workspace).treated == ()
    assert date(2026, 5, 20) == DOSED
