"""A time to an event in a study: read, checked with its line, described, and asked for by the plan."""

from __future__ import annotations

import pytest

from trialrun.study.checks import check_study
from trialrun.study.describe import show
from trialrun.study.load import load_study, read_study
from trialrun.study.plan import Method, Strategy, Variable

from .conftest import SMALL, Bench

ITEMS = """\
  death: {label: Death, type: boolean}
  death_date: {label: Day of death, type: date, partial: true, only_if: death}
  last_alive: {label: Last day known to be alive, type: date}
forms:
  events: {title: Events, items: [death, death_date, last_alive]}
"""
TIME = "    time_to_event: {start: enrolment, events: {death: death_date}, last_known: last_alive}\n"
TEXT = (
    SMALL.replace("forms:\n", ITEMS, 1)
    .replace("            forms: [laboratory]}", "            forms: [laboratory, events]}")
    .replace("    variable: bilirubin\n", f"    variable: death\n{TIME}")
    .replace("    baseline_visits: [screening]\n", "")
)
PLAN = """\
analysis:
  treatment: Something
  estimands:
    survival:
      title: Overall survival
      role: primary
      endpoints: [bilirubin_month_2]
      population: treated
      variable: time
      intercurrent: {death: {strategy: composite, how: the event}}
      missing: censored
      summary: median
      method: kaplan_meier
      assumptions: [metric]
assumptions:
"""
PLANNED = TEXT.replace("assumptions:\n  metric:", PLAN + "  metric:")


def findings(bench: Bench, text: str, *changes: tuple[str, str]) -> dict[str, tuple[str, str]]:
    """Code to place and message of what loading, or else checking, finds."""
    study, found = read_study(bench.write(*changes, text=text))
    every = found if study is None else [*found, *check_study(study)]
    return {one.code: (one.place, one.message) for one in every}


def line(words: str, text: str) -> str:
    return f"study.yaml:{next(n for n, one in enumerate(text.splitlines(), 1) if words in one)}"


def test_a_time_is_read_described_and_planned(bench: Bench) -> None:
    study = load_study(bench.write(text=TEXT))
    time = study.endpoints["bilirubin_month_2"].time_to_event
    assert time is not None
    assert (time.start, dict(time.events), time.last_known) == (
        "enrolment",
        {"death": "death_date"},
        "last_alive",
    )
    assert time.items == ("death", "death_date", "last_alive")
    assert str(time.place) == line("time_to_event", TEXT)
    words = " ".join(show(study).split())
    assert "time from enrolment to death (death_date); else censored at last_alive" in words
    (plan,) = study.analysis.estimands.values()
    assert (plan.method, plan.variable) == (Method.KAPLAN_MEIER, Variable.TIME)
    assert plan.intercurrent["death"].strategy is Strategy.COMPOSITE


def test_a_sound_time_has_no_finding(bench: Bench) -> None:
    found = findings(bench, PLANNED)
    assert not {
        "event-time-unused",
        "no-event-time",
        "method-does-not-fit",
        "no-assessment",
        "no-event",
    } & set(found)


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        ("last_known: last_alive", "last_known: last_alife", "unknown-item", "time_to_event.last_known is 'last_alife'"),
        ("start: enrolment", "start: enrollment", "unknown-item", "neither an item nor one of the study's days"),
        ("start: enrolment", "start: bilirubin", "wrong-item-type", "a number, not a date"),
        ("{death: death_date}", "{sex: death_date}", "wrong-item-type", "a choice, not a boolean"),
        ("{death: death_date}", "{death: bilirubin}", "wrong-item-type", "time_to_event.events.death is 'bilirubin'"),
    ],
)  # fmt: skip
def test_what_leads_nowhere_is_refused_with_its_line(
    bench: Bench, old: str, new: str, code: str, words: str
) -> None:
    place, message = findings(bench, PLANNED, (old, new))[code]
    assert words in message
    assert place == line("time_to_event", PLANNED)


def test_a_time_nobody_asks_for_or_analyses_is_told(bench: Bench) -> None:
    place, message = findings(bench, PLANNED, ("forms: [laboratory, events]", "forms: [laboratory]"))[
        "no-assessment"
    ]
    assert "last_alive" in message or "death" in message
    assert place.startswith("study.yaml:")
    described = (
        ("variable: time", "variable: value"),
        ("method: kaplan_meier", "method: describe"),
    )
    assert findings(bench, PLANNED, *described)["event-time-unused"][0] == line("time_to_event", PLANNED)


def test_an_estimand_without_a_time_is_told(bench: Bench) -> None:
    found = findings(bench, PLANNED.replace(TIME, ""))
    assert found["no-event-time"][0] == line("    survival:", PLANNED.replace(TIME, ""))
    both = findings(bench, PLANNED, ("method: kaplan_meier", "method: kaplan_meier\n      events: [death]"))
    assert "events-of-endpoint" in both
    assert "no-event" in findings(bench, PLANNED, ("method: kaplan_meier", "method: survival"))
