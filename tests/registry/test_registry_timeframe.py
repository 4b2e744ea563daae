"""Time frames against the 44 strings with their expected schedules, and what must never be guessed."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from trialrun.cli.entry import trialrun
from trialrun.registry.timeframe import parse_timeframe
from trialrun.registry.timeframe_start import starts


def test_the_forty_four_strings(shared: Callable[[str], Path]) -> None:
    rows = list(csv.DictReader(shared("criteria/timeframes.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 44
    for row in rows:
        frame = parse_timeframe(row["text"])
        got = {
            "baseline": str(int(frame.baseline)),
            "points": ";".join(frame.points),
            "window": "..".join(frame.window or ()),
            "repeat": ";".join(frame.repeat),
            "anchor": frame.anchor,
        }
        assert got == {key: row[key] for key in got}, row["text"]
        assert frame.not_understood == ("N/A" if row["text"] == "N/A" else ""), row["text"]


VARIANTS = list(
    csv.DictReader(
        Path(__file__).with_name("time_frames.tsv").read_text("utf-8").splitlines(),
        delimiter="\t",
        quoting=csv.QUOTE_NONE,
    )
)


def test_there_are_many_variants() -> None:
    assert len({row["text"] for row in VARIANTS}) > 500


@pytest.mark.parametrize("row", VARIANTS, ids=lambda row: row["text"][:40])
def test_variants_as_people_write_them(row: dict[str, str]) -> None:
    """Pins every reading that was looked at; the last column is what must be left for a person to decide."""
    frame = parse_timeframe(row["text"])
    got = {
        "text": frame.text,
        "baseline": "baseline" if frame.baseline else "",
        "points": " ".join(frame.points),
        "window": "..".join(frame.window or ()),
        "repeat": " ".join(frame.repeat),
        "anchor": frame.anchor,
        "not_understood": frame.not_understood,
    }
    assert got == row


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("Weeks 4–12", "Weeks 4-12"),
        ("Weeks 4 — 12", "Weeks 4-12"),
        ("Day\u00a028", "Day 28"),
        ("Day −1 to Day 7", "Day -1 to Day 7"),
        ("BASELINE, WEEK 12", "Baseline, week 12"),
        ("  Baseline ,  Week  12 . ", "Baseline, week 12"),
        ("Baseline\n12 weeks", "Baseline; 12 weeks"),
        ("4、8 and 12 weeks", "4, 8 and 12 weeks"),
        ("Week 12 [Day 84]", "Week 12 (Day 84)"),
        ("twenty-four weeks", "24 weeks"),
        ("24wks", "24 weeks"),
    ],
)
def test_typography_does_not_matter(text: str, other: str) -> None:
    first, second = parse_timeframe(text), parse_timeframe(other)
    assert (first.baseline, first.points, first.window) == (second.baseline, second.points, second.window)
    assert first.not_understood == second.not_understood == ""


def test_what_carries_no_day_is_an_event() -> None:
    assert parse_timeframe("At hospital discharge").events == ("hospital discharge",)
    assert parse_timeframe("After completion of radiotherapy").anchor == "completion_of_radiotherapy"
    assert parse_timeframe("From randomization until death from any cause").until == "death from any cause"
    assert parse_timeframe("Day 0, Day 7").day_zero
    assert not parse_timeframe("Day 1, Day 7").day_zero


def test_the_command_prints_json() -> None:
    ran = CliRunner().invoke(
        trialrun, ["registry", "timeframe", "Baseline, after 2 and 4 months of the trial", "N/A"]
    )
    first, second = (json.loads(line) for line in ran.output.splitlines())
    assert (first["baseline"], first["points"], first["anchor"]) == (True, ["P2M", "P4M"], "enrolment")
    assert (first["window"], first["repeat"], first["not_understood"]) == ("", "", "")
    assert (second["points"], second["not_understood"]) == ([], "N/A")


@pytest.mark.parametrize(
    "text", ["N/A", "", "  ", "not applicable", "at the end", "after surgery", "TBD", "at discharge"]
)
def test_no_time_is_never_guessed(text: str) -> None:
    frame = parse_timeframe(text)
    assert frame.empty
    assert frame.points == ()


def test_what_is_not_understood_is_said() -> None:
    frame = parse_timeframe("Week 12 and at the third full moon")
    assert frame.points == ("P12W",)
    assert "third full moon" in frame.not_understood
    two = parse_timeframe("Up to 40 days after the last dose (Up to 461 days)")
    assert (two.window, two.anchor) == (("P0D", "P40D"), "last_dose")
    assert "P461D" in two.not_understood


def test_further_forms() -> None:
    assert parse_timeframe("Days 1, 8 and 15").points == ("D1", "D8", "D15")
    assert parse_timeframe("24hours").points == ("PT24H",)
    assert parse_timeframe("an average of 1.5 years").window == ("P0D", "P18M")
    assert parse_timeframe("Day 28 (+/- 3 days)").tolerance == "P3D"
    assert parse_timeframe("Cycle 2 Day 15 (each cycle is 21 days)").cycle_days == 21
    assert parse_timeframe("Cycle 2 Day 15").cycle_days is None
    assert parse_timeframe("from 4-6 years").window == ("P4Y", "P6Y")
    assert parse_timeframe("until death or 5 years").until.startswith("death")


def test_an_endless_text_is_left_alone() -> None:
    text = "Week 1, " * 100_000
    frame = parse_timeframe(text)
    assert (frame.empty, frame.not_understood) == (True, text)


@settings(max_examples=150, deadline=None)
@given(
    st.text(max_size=120)
    | st.lists(
        st.sampled_from(
            [
                "1",
                "2",
                "week",
                "day",
                "months",
                "cycle",
                "every",
                "up",
                "to",
                "and",
                ",",
                ";",
                "(",
                ")",
                "baseline",
                "until",
                "-",
                "±",
            ]
        ),
        max_size=25,
    ).map(" ".join)
)
def test_any_text_is_read_without_a_crash(text: str) -> None:
    frame = parse_timeframe(text)
    assert frame.text == text
    if any(char.isalpha() for char in text) and frame.empty and not frame.repeat:
        assert frame.points == ()


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Liver function by MELD scoreafter 4 months of the trial", "Liver function by MELD score"),
        (
            "Change in liver enzyme ASTBaseline, after 2 and 4 months of the trial",
            "Change in liver enzyme AST",
        ),
        ("Overall Survival2 years", "Overall Survival"),
        ("HbA1c12 weeks", "HbA1c"),
        ("Pain (VAS)24 hours", "Pain (VAS)"),
        ("ScoreDay 28", "Score"),
        ("Adverse eventsthrough study completion, an average of 1 year", "Adverse events"),
        ("ECG changesCycle 1 Day 1", "ECG changes"),
        ("Change from baseline at 3 months6 months", "Change from baseline at 3 months"),
        ("Pain in groupup to 4 weeks", "Pain in group"),
    ],
)
def test_where_a_glued_time_frame_starts(text: str, name: str) -> None:
    places = [place for place, sure in starts(text) if sure]
    assert [text[:place] for place in places] == [name]


@pytest.mark.parametrize(
    "text", ["Vitamin B1212 weeks", "Vitamin B12 weeks", "IL-612 weeks", "Onsetone month"]
)
def test_an_ambiguous_start_is_never_certain(text: str) -> None:
    assert starts(text)
    assert not any(sure for _, sure in starts(text))


@pytest.mark.parametrize(
    "text", ["Blood test", "Calculated from pH and HbA1c", "See the format below", "Pain after surgery"]
)
def test_prose_has_no_start(text: str) -> None:
    assert starts(text) == ()
