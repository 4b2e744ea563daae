"""Defects of registered outcomes and doses: what a statistician would have to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator

from trialrun.registry.record import Outcome, OutcomeRole, Record
from trialrun.registry.timeframe import parse_timeframe

METRIC = re.compile(
    r"\b(?:changes?|differences?|reduc\w+|improv\w+|increas\w+|decreas\w+|declin\w+|percent\w*|proportion|rates?|number of|incidence"
    r"|time to|mean|median|average|count|surviv\w+|mortality|duration|frequency|maxim\w+|concentration|area under|auc\w*|cmax\w*"
    r"|occurrence|prevalence|ratio|onset|worsening|loss|gain|response|events?|toxicit\w+|safety|reactions)\b|%|≥|≤",
    re.IGNORECASE,
)
CHANGE = re.compile(
    r"\b(?:changes?|differences?|reduc\w+|improv\w+|increas\w+|decreas\w+|declin\w+|worsening|loss|gain)\b",
    re.IGNORECASE,
)
_SAFETY = re.compile(
    r"\b(?:safety|safe|tolerab\w+|adverse|side[- ]effects?|toxicit\w+|DLTs?|complications?|harms?|AEs|SAEs)\b",
    re.IGNORECASE,
)
_ANNOUNCED = re.compile(r"\b(?:safety|tolerability|toxicity)\b[^.]{0,40}", re.IGNORECASE)
_VERSIONED = (
    ("MELD", r"\bMELD\b", r"MELD[\s-]*(?:3|Na\b|XI|Plus)|UNOS|OPTN|Kim\b|version"),
    ("CTCAE", r"\bCTCAE\b", r"CTCAE[^.]{0,20}\d|version \d"),
    ("RECIST", r"\bRECIST\b", r"RECIST[^.]{0,20}\d"),
    ("EQ-5D", r"\bEQ-?5D\b", r"[35]L\b"),
    (
        "Child-Pugh",
        r"\bchild(?:[- ]?(?:pugh|turcotte))?(?:'s)? (?:score|class)",
        r"\bINR\b|international normali|prothrombin",
    ),
)
_INPUT_TESTS = ("creatinine", "bilirubin", "sodium", "albumin", "platelets", "ascites", "encephalopathy")
_GIVEN = frozenset({"DRUG", "BIOLOGICAL", "DIETARY_SUPPLEMENT", "GENETIC", "COMBINATION_PRODUCT"})
_DOSE_PARTS = (
    (
        "amount",
        r"\d\s*(?:×|x|\*)?\s*(?:10\^?\d+|mg|g|mcg|µg|μg|ug|ml|IU|units?|cells|%|capsules?|tablets?|puffs?|mmol|MBq|Gy)\b",
    ),
    (
        "number or interval of administrations",
        (
            r"\b(?:once|twice|thrice|single|daily|weekly|monthly|every|per day|a day|times|bid|tid|qd|qid|q\d+|x ?\d|each day"
            r"|before surgery|prior to|hourly|nightly|on days?)\b|/ ?day\b"
        ),
    ),
    (
        "route",
        (
            r"\b(?:oral\w*|intraven\w+|i\.?v\.?|subcutan\w+|s\.?c\.?|intramusc\w+|inject\w*|infus\w*|topical\w*|p\.?o\.?|per os|tablets?"
            r"|capsules?|inhal\w*|spray|patch|by mouth|intra\w+|epidural|drops)\b"
        ),
    ),
)


_LONGEST = 20_000


def words_of(outcome: Outcome) -> str:
    """An outcome's name and description, as much of them as anybody reads."""
    return f"{outcome.measure[:_LONGEST]} {outcome.description[:_LONGEST]}"


def has_metric(text: str) -> bool:
    """Whether a text says what of a measure is compared; an INR is no metric though it is a ratio."""
    return METRIC.search(re.sub(r"normali[sz]ed ratio", "", text, flags=re.IGNORECASE)) is not None


def primaries(record: Record) -> tuple[Outcome, ...]:
    """The primary outcomes."""
    return record.outcomes(OutcomeRole.PRIMARY)


def no_metric(record: Record) -> Iterator[tuple[str, str]]:
    """Neither name nor description says what is compared: the value, its change, a rate, a time."""
    for outcome in record.outcomes():
        if not has_metric(words_of(outcome)):
            yield (
                outcome.place,
                f"{outcome.measure!r} does not say whether the value, its change or a rate counts",
            )


def no_baseline(record: Record) -> Iterator[tuple[str, str]]:
    """A change, or an outcome without metric, whose time frame names no baseline."""
    for outcome in record.outcomes():
        words = words_of(outcome)
        frame = parse_timeframe(outcome.time_frame)
        needs_one = CHANGE.search(outcome.measure[:_LONGEST]) or not has_metric(words)
        if needs_one and not frame.baseline and not frame.empty and "baseline" not in words.lower():
            yield (
                outcome.place,
                f"{outcome.measure!r} at {outcome.time_frame!r} names no baseline to compare with",
            )


def no_time_frame(record: Record) -> Iterator[tuple[str, str]]:
    """An outcome without time frame."""
    for outcome in record.outcomes():
        if not outcome.time_frame.strip():
            yield outcome.place, f"{outcome.measure!r} has no time frame"


def no_time(record: Record) -> Iterator[tuple[str, str]]:
    """A time frame with no time in it: no number with a unit, no study day, no baseline."""
    for outcome in record.outcomes():
        frame = parse_timeframe(outcome.time_frame)
        if outcome.time_frame.strip() and frame.empty:
            yield outcome.place, f"the time frame {outcome.time_frame!r} of {outcome.measure!r} names no time"


def no_anchor(record: Record) -> Iterator[tuple[str, str]]:
    """A length of time that does not say from when."""
    for outcome in record.outcomes():
        frame = parse_timeframe(outcome.time_frame)
        from_day_one = (
            any(point[:1] in "DC" for point in frame.points) or (frame.window or ("",))[0][:1] == "D"
        )
        if (
            not frame.empty
            and not frame.anchor_stated
            and not from_day_one
            and (frame.points or frame.window)
        ):
            yield (
                outcome.place,
                f"the time frame {outcome.time_frame!r} does not say from which day it counts",
            )


def not_understood(record: Record) -> Iterator[tuple[str, str]]:
    """Words of a time frame no rule accounts for."""
    for outcome in record.outcomes():
        frame = parse_timeframe(outcome.time_frame)
        if frame.not_understood and not frame.empty:
            yield (
                outcome.place,
                f"of the time frame {outcome.time_frame!r} this was not understood: {frame.not_understood!r}",
            )


def no_version(record: Record) -> Iterator[tuple[str, str]]:
    """A score or grading that exists in several versions, without its version."""
    for outcome in record.outcomes():
        text = words_of(outcome)
        for name, pattern, version in _VERSIONED:
            if re.search(pattern, text, re.IGNORECASE) and not re.search(version, text, re.IGNORECASE):
                extra = (
                    "; it names sodium, so a MELD-Na is meant"
                    if name == "MELD" and "sodium" in text.lower()
                    else ""
                )
                yield (
                    outcome.place,
                    f"{outcome.measure!r} does not say which version of {name} is meant{extra}",
                )


def unscheduled_inputs(record: Record) -> Iterator[tuple[str, str]]:
    """A test an outcome's description computes with, and no outcome registers."""
    names = " ".join(outcome.measure[:_LONGEST].lower() for outcome in record.outcomes())
    for outcome in record.outcomes():
        text = outcome.description[:_LONGEST].lower()
        if "score" not in words_of(outcome).lower():
            continue
        absent = [test for test in _INPUT_TESTS if test in text and test not in names]
        if absent:
            yield (
                outcome.place,
                f"{outcome.measure!r} is computed from {', '.join(absent)}, which no outcome registers",
            )


def safety_words(record: Record) -> str:
    """Where the record announces safety; empty when it does not."""
    for text in (
        record.brief_title,
        record.official_title,
        record.brief_summary,
        record.detailed_description,
    ):
        match = _ANNOUNCED.search(text[: 5 * _LONGEST])
        if match:
            return match.group(0).strip()
    return ""


def has_safety_outcome(record: Record) -> bool:
    """Whether some registered outcome is about safety."""
    return any(_SAFETY.search(words_of(outcome)) for outcome in record.outcomes())


def incomplete_dose(record: Record) -> Iterator[tuple[str, str]]:
    """A product given to an arm without amount, number or interval, or route."""
    arms = record.arms
    for order, given in enumerate(record.interventions):
        if given.type not in _GIVEN:
            continue
        texts = [given.description] + [
            arm.description for arm in arms if _gives(arm.intervention_names, given.name)
        ]
        words = " ".join(text[:_LONGEST] for text in (given.name, *texts))
        absent = [name for name, pattern in _DOSE_PARTS if not re.search(pattern, words, re.IGNORECASE)]
        if absent:
            said = " / ".join(text for text in texts if text)[:200] or given.name
            yield (
                f"armsInterventionsModule.interventions[{order}]",
                f"the dose of {given.name!r} lacks {', '.join(absent)}: {said!r}",
            )


def _gives(names: tuple[str, ...], name: str) -> bool:
    return any(one == name or one.endswith(f": {name}") for one in names)
