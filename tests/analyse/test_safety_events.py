"""Exposure, adverse events, deaths and the stopping boundary of hand-made snapshots, counted by hand."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date, timedelta

import pytest

from small_study import DOSE_DAY, Cut, SmallRules, item, make_study, origin, six_people
from trialrun.analyse.safety import analyse_safety
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot
from trialrun.study.model import Arm, Choice, ItemType

ACTION = item(
    "ae_action",
    ItemType.CHOICE,
    choices=(Choice("none", "Not changed"), Choice("reduced", "Reduced"), Choice("stopped", "Stopped")),
)


def study(**changes):
    made = make_study(**changes)
    form = made.forms["adverse_event"]
    return replace(
        made,
        items={**made.items, "ae_action": ACTION},
        forms={**made.forms, "adverse_event": replace(form, items=(*form.items, "ae_action"))},
    )


def event(cut, key, row, term="Fatigue", start="2026-02-01", **answers):
    given = {
        "ae_grade": "1",
        "ae_serious": "false",
        "ae_related": "no",
        "ae_action": "none",
        "ae_outcome": "recovered",
    }
    cut.visit(key, "log", None, "adverse_event", str(row), ae_term=term, ae_start=start, **(given | answers))


def safety_of(tmp_path, cut):
    write_snapshot(tmp_path / "one", cut.tables, origin())
    return analyse_safety(derive_dataset(read_snapshot(tmp_path / "one"), cut.study, rules=SmallRules()))


def four_people(cut=None):
    """Four treated, first dose on 12 January, last seen 100 days later; what happened is written in each test."""
    cut = cut or Cut(study())
    for key in ("S-001", "S-002", "S-003", "S-004"):
        cut.person(key)
        cut.doses(key, 20, 20)
        cut.labs(key, "month_2", DOSE_DAY + timedelta(99), "2.0", "1.2")
    return cut


def count(lines, key, group=-1):
    return next(line for line in lines if line.key == key).counts[group]


def test_events_are_counted_by_participant_and_by_event(tmp_path):
    cut = four_people()
    event(cut, "S-001", 1)
    event(cut, "S-001", 2, ae_grade="3", ae_serious="true")
    event(cut, "S-002", 1, ae_related="yes", ae_action="reduced")
    event(cut, "S-003", 1, start="2026-01-05")  # before the first dose
    found = safety_of(tmp_path, cut)
    any_event = count(found.summary, "events/any")
    assert (any_event.participants, any_event.at_risk, any_event.events) == (2, 4, 3)
    assert any_event.percent == 50
    assert any_event.interval.low == pytest.approx(0.06758599, abs=1e-7)  # R 4.2.2: binom.test(2, 4)
    assert any_event.interval.high == pytest.approx(0.93241401, abs=1e-7)
    assert {found.behind[row].participant for row in any_event.rows} == {"S-001", "S-002"}
    assert count(found.summary, "events/serious").participants == 1
    assert count(found.summary, "events/severe").events == 1
    assert count(found.summary, "events/related").participants == 1
    assert count(found.summary, "events/dose_changed").participants == 1
    assert count(found.summary, "events/product_stopped").participants == 0
    assert [line.emergent for line in found.events] == [True, True, True, False]


def test_the_rate_is_events_per_hundred_person_months_from_the_first_dose(tmp_path):
    cut = four_people()
    for row in range(1, 4):
        event(cut, "S-001", row)
    found = safety_of(tmp_path, cut)
    months = 4 * 100 / (365.25 / 12)  # day 1 to day 100, both counted
    assert found.groups[0].person_months == pytest.approx(months)
    rate = count(found.summary, "events/any")
    assert rate.rate == pytest.approx(100 * 3 / months)
    # poisson.test(3, T): 0.6186721 and 8.7672731 events over T (R 4.2.2; Garwood 1936)
    assert rate.rate_interval.low == pytest.approx(100 * 0.6186721 / months, rel=1e-6)
    assert rate.rate_interval.high == pytest.approx(100 * 8.7672731 / months, rel=1e-6)


def test_an_answer_that_is_missing_is_never_taken_as_no(tmp_path):
    cut = four_people()
    event(cut, "S-001", 1, ae_related="?unknown", ae_serious="?unknown", ae_grade="?unknown")
    event(cut, "S-002", 1, ae_related="?unknown")
    event(cut, "S-002", 2, ae_related="yes")
    found = safety_of(tmp_path, cut)
    related = count(found.summary, "events/related")
    assert (related.participants, related.unknown) == (1, 1)
    assert related.unknown_rows == ("S-001/log/adverse_event/1", "S-002/log/adverse_event/1")
    assert count(found.summary, "events/serious").unknown == 1
    assert count(found.summary, "events/serious_related").unknown == 1
    term = next(line for line in found.terms if line.level == "term")
    assert term.worst["unknown"][0].participants == 1
    assert term.worst["1"][0].participants == 1


def test_a_date_that_leaves_it_open_counts_as_after_the_first_dose_and_is_said(tmp_path):
    cut = four_people()
    event(cut, "S-001", 1, start="2026-01")
    found = safety_of(tmp_path, cut)
    assert count(found.summary, "events/any").participants == 1
    assert found.events[0].emergent is None
    assert any("1 adverse event(s) whose dates leave open" in note for note in found.notes)


def test_words_that_nobody_coded_are_grouped_whatever_their_case(tmp_path):
    cut = four_people()
    event(cut, "S-001", 1, "Fatigue")
    event(cut, "S-002", 1, "fatigue ")
    event(cut, "S-002", 2, "Nausea", ae_grade="2")
    found = safety_of(tmp_path, cut)
    terms = [(line.title, line.counts[0].participants) for line in found.terms]
    assert terms == [("Not coded", 2), ("Fatigue", 2), ("Nausea", 1)]
    assert found.terms[0].worst["2"][0].participants == 1
    assert found.coding.verbatim == 3
    assert "not coded" in found.coding.words


def code(cut, key, row, term, organ_class, status="valid", path=None):
    cut.tables.setdefault("codings", []).append(
        {
            "participant": key, "visit": "log", "form": "adverse_event", "row": str(row), "item": "ae_term", "verbatim": term,
            "dictionary": "MedDRA", "version": "27.1", "code": "10016256", "term": term,
            "path": path or f"10000001 High level > 10000002 Group > 10000003 {organ_class}", "status": status,
            "position": 1, "event_hash": "c" * 64,
        }
    )  # fmt: skip


def test_coded_events_stand_under_class_and_preferred_term(tmp_path):
    cut = four_people()
    event(cut, "S-001", 1, "tired")
    event(cut, "S-002", 1, "weary")
    event(cut, "S-003", 1, "sick")
    event(cut, "S-004", 1, "who knows")
    code(cut, "S-001", 1, "Fatigue", "General disorders")
    lowest = "10016256 Fatigue > 10000001 High level > 10000002 Group > 10000003 General disorders"
    code(cut, "S-002", 1, "Tiredness", "", path=lowest)
    code(cut, "S-003", 1, "Nausea", "Gastrointestinal disorders")
    code(cut, "S-004", 1, "Nausea", "Gastrointestinal disorders", status="changed")
    found = safety_of(tmp_path, cut)
    assert [(line.level, line.title, line.counts[0].participants) for line in found.terms] == [
        ("class", "General disorders", 2),
        ("term", "Fatigue", 2),
        ("class", "Gastrointestinal disorders", 1),
        ("term", "Nausea", 1),
        ("class", "Not coded", 1),
        ("term", "who knows", 1),
    ]
    assert found.coding.dictionaries == ("MedDRA 27.1",)
    assert (found.coding.coded, found.coding.verbatim) == (3, 1)
    assert "c" * 64 in found.behind["S-001/log/adverse_event/1"].events


def test_a_death_ends_the_time_at_risk_and_is_listed_with_its_cause(tmp_path):
    found = safety_of(tmp_path, six_people())
    (death,) = found.deaths
    assert (death.participant, death.on, death.day) == ("S-004", "2026-04-20", 99)
    assert (death.cause, death.days_from_last_dose) == ("Variceal bleeding", 91)
    assert count(found.summary, "deaths").participants == 1
    assert count(found.summary, "events/fatal").participants == 1
    assert next(line.observed_days for line in found.exposure if line.participant == "S-004") == 99


def test_exposure_tells_what_was_given_of_what_was_planned(tmp_path):
    cut = Cut(study())
    amounts = {
        "S-001": (20, 20),
        "S-002": (20, 10),
        "S-003": (20,),
        "S-004": (30, 20),
        "S-005": (20, "?unknown"),
    }
    for key, given in amounts.items():
        cut.person(key)
        cut.doses(key, *given)
    found = {line.participant: line for line in safety_of(tmp_path, cut).exposure}
    assert {key: line.total for key, line in found.items()} == {
        "S-001": 40, "S-002": 30, "S-003": 20, "S-004": 50, "S-005": None,
    }  # fmt: skip
    assert {key: line.completed for key, line in found.items()} == {
        "S-001": True, "S-002": False, "S-003": False, "S-004": True, "S-005": None,
    }  # fmt: skip
    assert found["S-001"].within_days == 8
    counts = {line.key: line.counts[0] for line in safety_of(tmp_path / "again", cut).exposure_counts}
    assert (counts["completed"].participants, counts["completed"].unknown) == (2, 1)
    assert counts["reduced"].participants == counts["above"].participants == counts["fewer"].participants == 1


def test_arms_are_counted_apart_where_they_are_known_and_together_where_not(tmp_path):
    arms = {name: Arm(name, name.title(), "") for name in ("single", "other")}
    for place, hidden in (("known", False), ("masked", True)):
        cut = four_people(Cut(study(arms=arms)))
        for row in cut.tables["participants"]:
            row["arm"] = None if hidden else "other" if row["participant"] == "S-002" else "single"
        event(cut, "S-001", 1)
        event(cut, "S-002", 1)
        found = safety_of(tmp_path / place, cut)
        counts = count(found.summary, "events/any", slice(None))
        if hidden:
            assert found.masked
            assert [(c.participants, c.at_risk) for c in counts] == [(2, 4)]
            assert not {line.arm for line in found.events} - {""}
        else:
            assert [(c.group, c.participants, c.at_risk) for c in counts] == [
                ("single", 1, 3),
                ("other", 1, 1),
                ("", 2, 4),
            ]


def test_the_stopping_rule_counts_who_died_or_was_observed_to_the_end(tmp_path):
    settings = {"safety": {"stop_if_probability_of_death_above": 0.12, "with_posterior_probability": 0.9,
                           "prior_beta": [0.6, 4.4], "death_window_days": 122}}  # fmt: skip
    cut = Cut(study(settings=settings, target=15))
    for index, (seen, died) in enumerate(((130, None), (60, 60), (50, None), (140, 140), (30, 30)), start=1):
        key = f"S-{index:03}"
        ended = DOSE_DAY + timedelta(died) if died else None
        cut.person(key, ended=ended, reason="death" if died else None, status="ended" if died else "treated")
        cut.doses(key, 20)
        cut.labs(key, "month_2", DOSE_DAY + timedelta(seen), "2.0", "1.2")
    found = safety_of(tmp_path, cut).stopping
    assert [one.status for one in found.people] == ["observed", "died", "watching", "observed", "died"]
    assert (found.known, found.deaths, found.watching) == (4, 2, 1)
    # STATISTICS 2: bounds 2 of 2-3, 3 of 4-8, 4 of 9-14, 5 of 15
    assert [step.stops_at for step in found.steps] == [None, 2, 2, *[3] * 5, *[4] * 6, 5]
    assert [step.deaths for step in found.steps[:5]] == [0, 1, 1, 2, None]
    assert not found.reached
    assert found.reached_at is None


def test_every_count_is_the_number_of_people_behind_it(tmp_path):
    found = safety_of(tmp_path, six_people())
    ids = [name for name, _ in found.openable()]
    assert len(ids) == len(set(ids))
    for one in found.counts():
        assert len({found.behind[row].participant for row in one.rows}) == one.participants
        assert len(one.rows) == one.events
    assert all(row.events for row in found.behind.values())


def test_nobody_treated_is_no_error(tmp_path):
    cut = Cut(study())
    cut.person("S-001", treated=False)
    found = safety_of(tmp_path, cut)
    assert count(found.summary, "events/any").at_risk == 0
    assert count(found.summary, "events/any").interval is None


def test_the_same_snapshot_gives_the_same_safety(tmp_path):
    first = safety_of(tmp_path / "a", six_people())
    again = safety_of(tmp_path / "b", six_people())
    assert first == again
    assert date.fromisoformat(first.deaths[0].on)
    assert json.dumps([row.id for row in first.behind.values()]) == json.dumps(sorted(first.behind))
