"""Defects of registered outcomes and doses: what a statistician would have to ask."""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from trialrun.registry.criteria import plain
from trialrun.registry.record import Outcome, OutcomeRole, Record
from trialrun.registry.timeframe import TimeFrame, parse_timeframe

METRIC = re.compile(
    r"\b(?:changes?|differences?|reduc\w+|improv\w+|increas\w+|decreas\w+|declin\w+|percent\w*|proportion|rates?|number of|incidence"
    r"|time to|mean|median|average|count|surviv\w+|mortality|duration|frequency|maxim\w+|concentration|area under|auc\w*|cmax\w*"
    r"|cumulat\w+|total|occurrence|prevalence|ratio|onset|worsening|loss|gain|response|events?|toxicit\w+|safety|reactions)\b|%|≥|≤",
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
_ANNOUNCED = re.compile(
    r"\b(?:safety|tolerability|toxicity)\b(?!(?: and data)? (?:monitoring|board|committee|of (?:\w+ )?(?:subjects|participants|patients|volunteers)"
    r"|visits?|follow|laborator|population|measures|precautions|reasons|concerns?|net|profile of))[^.]{0,40}",
    re.IGNORECASE,
)
_LONGEST = 20_000
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
_NO_CHANGE = re.compile(
    r"\b(?:time (?:to|until)|impression of change|number of|proportion of|percentage of|rate of|incidence|hearing loss|blood loss|weight gain)\b",
    re.IGNORECASE,
)
_STARTING = re.compile(
    r"\bbase-?\s?line\b|\b(?:pre-?\s?(?:treatment|operative|intervention|dose)|initial|before)\b",
    re.IGNORECASE,
)
_FROM_DAY_ONE = re.compile(r"\bcycles?\b|\bstudy completion\b", re.IGNORECASE)
_CONTROL = re.compile(r"\b(?:placebos?|sham|vehicle|saline)\b", re.IGNORECASE)
_COMPOSITE = re.compile(
    r"\bcomposite\b(?! (?:score|index|scale|measure of|z))|\bmajor adverse \w+(?: and \w+)? events?\b|\bMAC?CE\b",
    re.IGNORECASE,
)
_COMPONENTS = re.compile(
    r"\b(?:composite of|defined as|consist\w*|compris\w*|includ\w*|components?|death|mortality|infarction|stroke|any of)\b|:",
    re.IGNORECASE,
)
_HEADS = re.compile(
    r"\b(?:composite|number|percent\w*|proportion|incidence|rates?|occurrence|frequency|time to|score|scale|index|events?|free|mortality|death"
    r"|first|either|any|or)\b|%",
    re.IGNORECASE,
)
_ASIDES = re.compile(
    r"^(?:and )?(?:as|measured|assessed|evaluated|from|at|in|by|using|defined|according|which|with|without|based|determined|on|for|after|before"
    r"|during|over|through|between|to|compared|relative|where|when|who|that|the|a|an|[\d.]+)\b",
    re.IGNORECASE,
)
_NUMBERED = re.compile(r"(?:^|\s)(?:\(?[12]\)|[12]\.(?=\s))")
_GIVEN = frozenset({"DRUG", "BIOLOGICAL", "DIETARY_SUPPLEMENT", "GENETIC", "COMBINATION_PRODUCT"})
_DOSE_PARTS = (
    (
        "amount",
        (
            r"\d\s*(?:×|x|\*)?\s*(?:10\^?\d+|mg|g|mcg|µg|μg|ug|ml|IU|units?|cells|%|capsules?|tablets?|puffs?|mmol|MBq|Gy)\b"
            r"|\b(?:one|two|three|four|half a|single)\s+(?:\w+\s+)?(?:capsules?|tablets?|pills?|puffs?|drops?|vials?|sachets?|patch\w*|ampoules?)\b"
        ),
    ),
    (
        "number or interval of administrations",
        (
            r"\b(?:once|twice|thrice|single|daily|weekly|monthly|every|per day|a day|times|bid|tid|qd|qid|q\d+|x ?\d|each day"
            r"|divided doses|before (?:\w+ )?surgery|prior to|hourly|nightly|on days?)\b|/ ?day\b"
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


def words_of(outcome: Outcome) -> str:
    """An outcome's name and description, as much of them as anybody reads."""
    return f"{outcome.measure[:_LONGEST]} {outcome.description[:_LONGEST]}"


def has_metric(text: str) -> bool:
    """Whether a text says what of a measure is compared; an INR is no metric though it is a ratio."""
    return METRIC.search(re.sub(r"normali[sz]ed ratio", "", text, flags=re.IGNORECASE)) is not None


@lru_cache(maxsize=8_192)
def frame_of(text: str) -> TimeFrame:
    """A time frame, read once for all checks that ask about it."""
    return parse_timeframe(text)


def by_frame(record: Record) -> Iterator[tuple[Outcome, TimeFrame, int]]:
    """Each time frame once for the primary outcomes and once for the others: the first outcome, how many there are."""
    groups: dict[tuple[bool, str], list[Outcome]] = {}
    for outcome in record.outcomes():
        words = " ".join(outcome.time_frame.casefold().split())
        groups.setdefault((outcome.role is OutcomeRole.PRIMARY, words), []).append(outcome)
    for outcomes in groups.values():
        yield outcomes[0], frame_of(outcomes[0].time_frame), len(outcomes)


def _of(outcome: Outcome, count: int) -> str:
    others = f" and {count - 1:,} more" if count > 1 else ""
    return f"the time frame {_short(outcome.time_frame)} of {_short(outcome.measure)}{others}"


def _short(text: str) -> str:
    return repr(text if len(text) <= 200 else f"{text[:197]}...")


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
        frame = frame_of(outcome.time_frame)
        name = _NO_CHANGE.sub(" ", outcome.measure[:_LONGEST])
        counted = name != outcome.measure[:_LONGEST] and not re.search(
            r"\bchange (?:from|in)\b", name, re.IGNORECASE
        )
        observed = record.study_type == "OBSERVATIONAL"
        needs_one = (CHANGE.search(name) and not counted) or not (observed or has_metric(words))
        told = frame.baseline or _STARTING.search(f"{words} {outcome.time_frame[:_LONGEST]}")
        if needs_one and not told and not frame.empty:
            yield (
                outcome.place,
                f"{_short(outcome.measure)} at {_short(outcome.time_frame)} names no baseline to compare with",
            )


def no_time_frame(record: Record) -> Iterator[tuple[str, str]]:
    """An outcome without time frame."""
    for outcome in record.outcomes():
        if not outcome.time_frame.strip():
            yield outcome.place, f"{outcome.measure!r} has no time frame"


def no_time(record: Record) -> Iterator[tuple[str, str]]:
    """A time frame with no time in it: no number with a unit, no study day, no baseline, no event that ends it."""
    for outcome, frame, count in by_frame(record):
        if outcome.time_frame.strip() and frame.empty and not frame.until:
            yield outcome.place, f"{_of(outcome, count)} names no time"


def no_anchor(record: Record) -> Iterator[tuple[str, str]]:
    """A length of time that does not say from when."""
    for outcome, frame, count in by_frame(record):
        moments = (*frame.points, *(frame.window or ()))
        from_day_one = any(moment[:1] in "DC" for moment in moments) or _FROM_DAY_ONE.search(
            outcome.time_frame
        )
        if not frame.anchor_stated and not from_day_one and moments and not frame.not_understood:
            yield outcome.place, f"{_of(outcome, count)} does not say from which day it counts"


def not_understood(record: Record) -> Iterator[tuple[str, str]]:
    """Words of a time frame no rule accounts for."""
    for outcome, frame, count in by_frame(record):
        if frame.not_understood and not frame.empty:
            yield (
                outcome.place,
                f"of {_of(outcome, count)} this was not understood: {_short(frame.not_understood)}",
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
        if given.type not in _GIVEN or _CONTROL.search(given.name[:_LONGEST]):
            continue
        texts = [given.description] + [
            arm.description for arm in arms if _gives(arm.intervention_names, given.name)
        ]
        words = plain(" ".join(text[:_LONGEST] for text in (given.name, *texts)))
        absent = [name for name, pattern in _DOSE_PARTS if not re.search(pattern, words, re.IGNORECASE)]
        if absent:
            said = " / ".join(text for text in texts if text)[:200] or given.name
            yield (
                f"armsInterventionsModule.interventions[{order}]",
                f"the dose of {given.name!r} lacks {', '.join(absent)}: {said!r}",
            )


def _gives(names: tuple[str, ...], name: str) -> bool:
    return any(one == name or one.endswith(f": {name}") for one in names)


def twice(record: Record) -> Iterator[tuple[str, str]]:
    """The same outcome registered twice: it counts twice, or one of the two was meant to say something else."""
    seen: dict[tuple[str, str, str], Outcome] = {}
    for outcome in record.outcomes():
        key = tuple(
            " ".join(plain(text[:_LONGEST]).casefold().split())
            for text in (outcome.measure, outcome.time_frame, outcome.description)
        )
        first = seen.setdefault((key[0], key[1], key[2]), outcome)
        if first is not outcome and key[0]:
            yield (
                outcome.place,
                f"{_short(outcome.measure)} stands at {first.place}, too, with the same time frame",
            )


def several_in_one(record: Record) -> Iterator[tuple[str, str]]:
    """A primary outcome that names several measures: the trial has more primary outcomes than it counts."""
    for outcome in primaries(record):
        text = re.sub(r"\([^()]*\)", " ", outcome.measure[:2_000])
        if _listed(text):
            yield outcome.place, f"several measures in one primary outcome: {_short(outcome.measure)}"


def _listed(text: str) -> bool:
    parts = [part.strip() for part in text.split(";") if part.strip()]
    if len(parts) > 1 and all(len(part.split()) > 1 for part in parts) and not _HEADS.search(text):
        return True
    if len(_NUMBERED.findall(text)) > 1:
        return True
    if re.search(
        r"\b(?:efficacy|effectiveness) and (?:safety|tolerability)\b|\bsafety and (?:efficacy|effectiveness)\b",
        text,
        re.IGNORECASE,
    ):
        return True
    parts = [part.strip() for part in re.split(r",\s*(?:and\s+)?|\s+and\s+", text) if part.strip()]
    return (
        len(parts) > 2
        and text.count(",") > 0
        and not _HEADS.search(text)
        and not any(_ASIDES.match(part) for part in parts[1:])
        and all(len(part.split()) < 6 for part in parts[1:])
    )


def no_components(record: Record) -> Iterator[tuple[str, str]]:
    """A composite outcome that does not say of what."""
    for outcome in record.outcomes():
        words = words_of(outcome)
        named = _COMPOSITE.search(words)
        if named and not _COMPONENTS.search(words.replace(named.group(0), " ")):
            yield outcome.place, f"{_short(outcome.measure)} does not name its components"
