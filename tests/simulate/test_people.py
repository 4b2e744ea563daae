"""Virtual participants are pure functions of seed and number."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from functools import cache
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.errors import StudyError
from trialrun.simulate.answers import Moment, answer
from trialrun.simulate.parameters import Rehearsal, read_rehearsal
from trialrun.simulate.people import (
    VirtualParticipant,
    adverse_events,
    misses_visit,
    scatter,
    virtual_participant,
)
from trialrun.values.missing import Missing

ROOT = Path(__file__).resolve().parents[2]
TODAY = date(2026, 3, 2)


@cache
def _rehearsal() -> Rehearsal:
    return read_rehearsal(ROOT / "examples/nct05871463/rehearsal.yaml")


def _person(number: int, seed: int = 4) -> VirtualParticipant:
    rehearsal = _rehearsal()
    return virtual_participant(rehearsal, rehearsal.scenarios["trial"], seed, number, site="01")


def _moment(number: int = 1, day: int = 0, **known: str) -> Moment:
    person = _person(number)
    return Moment(person.seed, person.course, day, TODAY + timedelta(days=day), known)


@given(number=st.integers(1, 10_000), seed=st.integers(0, 2**32))
@settings(max_examples=30, deadline=None)
def test_the_same_number_is_the_same_person(number: int, seed: int) -> None:
    one, two = _person(number, seed), _person(number, seed)
    assert one.causes == two.causes
    assert one.course.severity.tolist() == two.course.severity.tolist()


def test_causes_of_failure_come_at_their_chance() -> None:
    people = [_person(number) for number in range(1, 1501)]
    for cause in _rehearsal().failures:
        found = sum(cause in person.causes for person in people) / len(people)
        assert found == pytest.approx(cause.chance, abs=4 * (cause.chance / len(people)) ** 0.5)


def test_every_cause_names_a_criterion_of_the_study() -> None:
    from trialrun.study.load import load_study

    study = load_study(ROOT / "examples/nct05871463")
    rehearsal = _rehearsal()
    assert {cause.criterion for cause in rehearsal.failures} <= set(study.criteria)
    items = set(rehearsal.answers) | {item for group in rehearsal.pending for item in group}
    items |= {item for cause in rehearsal.failures for item in cause.answers}
    rows = [row for cause in rehearsal.failures for found in cause.rows.values() for row in found]
    rows += [row for found in rehearsal.rows.values() for row in found]
    items |= {item for row in rows for item in row["answers"]}
    assert items <= set(study.items)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (True, "true"),
        ("negative", "negative"),
        (7, "7"),
        ({"visit_date": True}, "2026-03-02"),
        ({"visit_date": True, "plus": 6}, "2026-03-08"),
        ({"visit_time": "10:00"}, "2026-03-02T10:00"),
        ({"choice": {"only": 1}}, "only"),
        ({"chance": 1}, "true"),
        ({"chance": 0}, "false"),
        ({"normal": [5, 0], "places": 1}, "5.0"),
        ({"normal": [5, 0], "low": 6}, "6"),
        ({"days_before": [3, 3]}, "2026-02-27"),
        ({"by": "sex", "F": "yes", "otherwise": "no"}, "no"),
        ({"hidden": "cause", "of": {"choice": {"a": 1}}, "is": "a"}, "true"),
    ],
)
def test_each_kind_of_answer(spec: object, said: str) -> None:
    assert answer("thing", spec, _moment(sex="M")) == said


def test_an_answer_may_be_missing_with_a_reason() -> None:
    found = answer("thing", {"missing": "refused"}, _moment())
    assert isinstance(found, Missing)
    assert found.reason == "refused"


def test_a_line_of_no_known_kind_is_refused_by_name() -> None:
    with pytest.raises(StudyError, match="thing"):
        answer("thing", {"nornal": [1, 2]}, _moment())
    with pytest.raises(StudyError, match="serum_porcelain"):
        answer("thing", {"laboratory": "serum_porcelain"}, _moment())


def test_exactly_one_hidden_cause_holds() -> None:
    lines = {name: spec for name, spec in _rehearsal().answers.items() if name.startswith("etiology_")}
    for number in range(1, 60):
        assert [answer(name, spec, _moment(number)) for name, spec in lines.items()].count("true") == 1


def test_ages_stay_between_their_limits() -> None:
    spec = {"years_before": [54, 30], "low": 19, "high": 75.5}
    born = [date.fromisoformat(str(answer("born", spec, _moment(n)))) for n in range(1, 200)]
    assert all(19 <= (TODAY - day).days / 365.25 <= 75.6 for day in born)


def test_reactions_come_after_a_dose_and_other_events_within_follow_up() -> None:
    doses = (6, 13, 20, 27)
    found = [
        event
        for number in range(1, 200)
        for event in adverse_events(_person(number), first=6, last=130, dose_days=doses, died_on=None)
    ]
    reactions = [event for event in found if event.term == "Infusion related reaction"]
    assert reactions
    assert all(any(0 <= event.start - dose < 1 for dose in doses) for event in reactions)
    assert all(6 <= event.start <= 130 for event in found)
    assert all(1 <= event.grade <= 4 and event.outcome != "fatal" for event in found)


def test_a_death_leaves_a_fatal_event_of_grade_5() -> None:
    (fatal,) = [
        event
        for event in adverse_events(_person(3), first=6, last=60, dose_days=(6,), died_on=60)
        if event.outcome == "fatal"
    ]
    assert (fatal.grade, fatal.serious, fatal.end) == (5, True, 60)


def test_the_sicker_miss_more_visits() -> None:
    people = [_person(number) for number in range(1, 2001)]
    ranked = sorted(people, key=lambda person: person.course.severity_on(60))
    missed = [sum(misses_visit(one, "month_2", 60) for one in part) for part in (ranked[:700], ranked[-700:])]
    assert missed[1] > 1.5 * missed[0]


def test_whoever_is_enrolled_can_still_die_later() -> None:
    def meld(_values: object) -> float:
        return 40.0  # so sick that almost everybody would be dead by the day of the first dose or soon after

    ends = [_person(number).ending(meld, start=30, days=400) for number in range(1, 60)]
    assert all(end is not None and end.day > 30 for end in ends)


def test_visits_scatter_inside_their_window_with_few_late_ones() -> None:
    days = [scatter(_person(number), "month_2", before=14, after=14) for number in range(1, 500)]
    late = [day for day in days if not -14 <= day <= 14]
    assert set(late) <= {17}
    assert 0 < len(late) < 0.08 * len(days)
    assert len({*days}) > 8


@pytest.mark.parametrize(
    ("break_it", "said"),
    [
        (lambda text: text.replace("default: trial", "default: nothing"), "nothing"),
        (lambda text: text.replace("scale: ln", "scale: log", 1), "scale"),
        (lambda text: text.replace("none: 0.30", "none: 0.10", 1), "add up"),
        (lambda text: text.replace("staff:", "stuff:"), "staff"),
        (lambda text: text.replace("source: planning_death", "source: hearsay"), "hearsay"),
        (lambda text: text + "\n  - [", "not YAML"),
    ],
)
def test_a_broken_parameter_file_is_refused_by_name(tmp_path: Path, break_it, said: str) -> None:
    text = (ROOT / "examples/nct05871463/rehearsal.yaml").read_text(encoding="utf-8")
    path = tmp_path / "rehearsal.yaml"
    path.write_text(break_it(text), encoding="utf-8")
    with pytest.raises(StudyError, match=said) as refused:
        read_rehearsal(path)
    assert refused.value.remedy


def test_moments_that_contradict_each_other_are_refused() -> None:
    from trialrun.simulate.natural_history import course

    scenario = _rehearsal().scenarios["trial"]
    impossible = replace(
        scenario,
        name="impossible",
        correlations={
            ("bilirubin", "albumin"): 0.95,
            ("bilirubin", "ast"): 0.95,
            ("albumin", "ast"): -0.95,
        },
    )
    with pytest.raises(StudyError, match="impossible"):
        course(impossible, (1, 1), weeks=4)
