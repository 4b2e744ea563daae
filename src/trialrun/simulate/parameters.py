"""What a scenario assumes about virtual participants: numbers as data, each with its source mark.

Read from `rehearsal.yaml` in a study's folder. Nothing is hidden in the code: a rehearsal can be
argued with by changing the file.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trialrun.errors import StudyError


@dataclass(frozen=True, slots=True)
class Laboratory:
    """The distribution of one laboratory value at entry and of its change.

    `scale` is `ln` or `linear`; `mean` and `sd` are on that scale; `change_sd` is the SD of the change over
    the scenario's `change_gap_days`, laboratory error included; `severity` is the correlation
    with latent severity; `error_cv` the coefficient of variation of one measurement (on the `linear` scale:
    relative to the mean); `site_cv` the same between laboratories. `places` are decimals reported.
    """

    name: str
    scale: str
    mean: float
    sd: float
    change_sd: float
    severity: float
    unit: str
    places: int
    error_cv: float
    site_cv: float
    source: str


@dataclass(frozen=True, slots=True)
class Hazard:
    """A rate per day that grows by a factor with every point: `per_90_days` at `at`.

    Points are MELD's; with `by_severity` they are SDs of latent severity, for a disease MELD does not describe.
    """

    per_90_days: float
    at: float
    per_point: float
    source: str
    by_severity: bool = False


@dataclass(frozen=True, slots=True)
class Grade:
    """An ordered clinical grade: codes with their share at entry, and how it follows severity."""

    name: str
    codes: tuple[str, ...]
    shares: tuple[float, ...]
    severity: float
    visit_noise: float
    source: str


@dataclass(frozen=True, slots=True)
class AdverseEventKind:
    """A kind of adverse event: rate per participant-month at average severity, and its grades."""

    term: str
    per_month: float
    per_severity: float
    grades: Mapping[int, float]
    related: Mapping[str, float]
    after_dose_days: int
    source: str


@dataclass(frozen=True, slots=True)
class Conductance:
    """How the site and the participants behave: what is missed, corrected, asked and left open."""

    visit_missed: float
    visit_missed_per_severity: float
    visit_scatter_days: float
    value_missing: float
    screening_unknown: float
    correction: float
    withdrawal_per_month: float
    abnormal_query: float
    screened_per_week: float
    source: str


@dataclass(frozen=True, slots=True)
class Scenario:
    """Everything one rehearsal assumes about the disease, the treatment and the people."""

    name: str
    label: str
    change_gap_days: int
    severity_days: float
    drift_per_122_days: float
    treatment_effect: float
    treatment_full_after_days: int
    laboratories: tuple[Laboratory, ...]
    correlations: Mapping[tuple[str, str], float]
    change_correlations: Mapping[tuple[str, str], float]
    inr_from: str
    inr_control: float
    death: Hazard
    transplant: Hazard | None
    grades: tuple[Grade, ...]
    adverse_events: tuple[AdverseEventKind, ...]
    conduct: Conductance
    sources: Mapping[str, str]
    fatal_term: str = "Liver failure"


@dataclass(frozen=True, slots=True)
class Unlisted:
    """How an item without a line of its own is answered: drawn by its type, choices and limits.

    `yes_chance` is the share of yes answers, `spread` the SD of a number between people as a share of its usual
    range, `visit_spread` the same between the visits of one person, `missing_chance` the share of values an
    outcome's form lacks, `event_per_month` the rate at which an outcome that is an event happens, `eligible_chance`
    the share of candidates about whom nothing speaks against taking part.
    """

    yes_chance: float
    spread: float
    visit_spread: float
    missing_chance: float
    event_per_month: float
    eligible_chance: float
    source: str


@dataclass(frozen=True, slots=True)
class FailureCause:
    """Why a candidate fails one criterion: its chance and the answers that make it so."""

    criterion: str
    chance: float
    answers: Mapping[str, Any]
    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    note: str = ""


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """The whole of `rehearsal.yaml`: scenarios, the answers people give, why they fail, who works here."""

    default: str
    start: str
    scenarios: Mapping[str, Scenario]
    answers: Mapping[str, Any]
    rows: Mapping[str, tuple[Mapping[str, Any], ...]]
    failures: tuple[FailureCause, ...]
    staff: Mapping[str, Mapping[str, str]]
    parts: Mapping[str, Mapping[str, Any]]
    pending: tuple[tuple[str, ...], ...]
    sources: Mapping[str, str]
    ranges: Mapping[str, tuple[Mapping[str, str], ...]]
    unlisted: Unlisted | None = None


def read_rehearsal(path: Path) -> Rehearsal:
    """Read the parameters of a rehearsal.

    Errors: `StudyError` naming the file and the part that is missing or of the wrong kind.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    if not path.is_file():
        raise StudyError(
            f"{path} does not exist: the study says nothing about how to rehearse it",
            "copy examples/nct05871463/rehearsal.yaml into the study's folder and fit its numbers",
        )
    try:
        raw = YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise StudyError(f"{path} is not YAML: {error}", "correct the line named above") from error
    try:
        return _rehearsal(raw)
    except KeyError as error:
        raise StudyError(
            f"{path}: the part {error.args[0]!r} is missing", "add it; see the example's file"
        ) from error
    except (TypeError, ValueError, AttributeError) as error:
        raise StudyError(f"{path}: {error}", "compare with examples/nct05871463/rehearsal.yaml") from error


def _rehearsal(raw: Mapping[str, Any]) -> Rehearsal:
    sources = dict(raw["sources"])
    scenarios = {
        name: _scenario(name, body, raw["scenarios"], sources) for name, body in raw["scenarios"].items()
    }
    if raw["default"] not in scenarios:
        raise ValueError(f"default: {raw['default']!r} is not one of the scenarios {', '.join(scenarios)}")
    return Rehearsal(
        default=raw["default"],
        start=str(raw["start"]),
        scenarios=scenarios,
        answers=dict(raw["answers"]),
        rows={form: tuple(rows) for form, rows in raw.get("rows", {}).items()},
        failures=tuple(
            FailureCause(
                criterion=cause["criterion"],
                chance=float(cause["chance"]),
                answers=dict(cause.get("answers", {})),
                rows={form: tuple(rows) for form, rows in cause.get("rows", {}).items()},
                note=str(cause.get("note", "")),
            )
            for cause in raw.get("failures", [])
        ),
        staff={role: dict(who) for role, who in raw["staff"].items()},
        parts={part: dict(body) for part, body in raw.get("parts", {}).items()},
        pending=tuple(tuple(group) for group in raw.get("pending", [])),
        sources=sources,
        ranges={
            laboratory: tuple({name: str(value) for name, value in one.items()} for one in ranges)
            for laboratory, ranges in raw.get("ranges", {}).items()
        },
        unlisted=_unlisted(raw["unlisted"], sources) if "unlisted" in raw else None,
    )


def _unlisted(spec: Mapping[str, Any], sources: Mapping[str, str]) -> Unlisted:
    if spec["source"] not in sources:
        raise ValueError(f"unlisted: the source mark {spec['source']!r} has no entry under sources")
    made = Unlisted(source=str(spec["source"]), **{k: float(v) for k, v in spec.items() if k != "source"})
    shares = ("yes_chance", "missing_chance", "eligible_chance")
    wrong = [name for name in shares if not 0 <= getattr(made, name) <= 1]
    wrong += [name for name in ("spread", "visit_spread", "event_per_month") if getattr(made, name) < 0]
    if wrong:
        raise ValueError(f"unlisted: {', '.join(wrong)} must be a share from 0 to 1, or a number from 0 on")
    return made


def _scenario(
    name: str, body: Mapping[str, Any], all_: Mapping[str, Mapping[str, Any]], sources: Mapping[str, str]
) -> Scenario:
    while "like" in body:
        model = all_[body["like"]]
        body = _merged(model, {key: value for key, value in body.items() if key != "like"} | _like(model))
    course = body["course"]
    scenario = Scenario(
        name=name,
        label=str(body["label"]),
        change_gap_days=int(course["change_gap_days"]),
        severity_days=float(course["severity_days"]),
        drift_per_122_days=float(course["drift_per_122_days"]),
        treatment_effect=float(body["treatment"]["effect"]),
        treatment_full_after_days=int(body["treatment"]["full_after_days"]),
        laboratories=tuple(_laboratory(lab, spec) for lab, spec in body.get("laboratory", {}).items()),
        correlations=_pairs(body.get("correlations", [])),
        change_correlations=_pairs(body.get("change_correlations", [])),
        inr_from=str(body["inr"]["from"]) if "inr" in body else "",
        inr_control=float(body["inr"]["control"]) if "inr" in body else 1.0,
        death=_hazard(body["death"]),
        transplant=_hazard(body["transplant"]) if "transplant" in body else None,
        grades=tuple(_grade(grade, spec) for grade, spec in body.get("grades", {}).items()),
        adverse_events=tuple(_adverse(spec) for spec in body["adverse_events"]),
        conduct=Conductance(**body["conduct"]),
        sources=sources,
        fatal_term=str(body["death"].get("term", "Liver failure")),
    )
    _check_sources(scenario)
    return scenario


def _like(model: Mapping[str, Any]) -> dict[str, Any]:
    return {"like": model["like"]} if "like" in model else {}


def _merged(base: Mapping[str, Any], change: Mapping[str, Any]) -> dict[str, Any]:
    merged = {key: value for key, value in base.items() if key != "like"}
    for key, value in change.items():
        known = merged.get(key)
        merged[key] = _merged(known, value) if isinstance(known, dict) and isinstance(value, dict) else value
    return merged


def _laboratory(name: str, spec: Mapping[str, Any]) -> Laboratory:
    if spec["scale"] not in ("ln", "linear"):
        raise ValueError(f"laboratory {name}: scale {spec['scale']!r} is neither ln nor linear")
    return Laboratory(
        name=name,
        scale=spec["scale"],
        mean=float(spec["mean"]),
        sd=float(spec["sd"]),
        change_sd=float(spec["change_sd"]),
        severity=float(spec["severity"]),
        unit=str(spec["unit"]),
        places=int(spec["places"]),
        error_cv=float(spec["error_cv"]),
        site_cv=float(spec.get("site_cv", 0.0)),
        source=str(spec["source"]),
    )


def _pairs(rows: list[list[Any]]) -> dict[tuple[str, str], float]:
    return {(str(first), str(second)): float(value) for first, second, value, *_ in rows}


def _hazard(spec: Mapping[str, Any]) -> Hazard:
    if "per_severity" in spec:
        each = float(spec["per_severity"])
        return Hazard(float(spec["per_90_days"]), 0.0, each, str(spec["source"]), by_severity=True)
    return Hazard(
        float(spec["per_90_days"]), float(spec["at_meld"]), float(spec["per_point"]), str(spec["source"])
    )


def _grade(name: str, spec: Mapping[str, Any]) -> Grade:
    shares = tuple(float(share) for share in spec["shares"].values())
    if abs(sum(shares) - 1.0) > 1e-9:
        raise ValueError(f"grades {name}: the shares add up to {sum(shares):g}, not 1")
    return Grade(
        name,
        tuple(str(code) for code in spec["shares"]),
        shares,
        float(spec["severity"]),
        float(spec["visit_noise"]),
        str(spec["source"]),
    )


def _adverse(spec: Mapping[str, Any]) -> AdverseEventKind:
    return AdverseEventKind(
        term=str(spec["term"]),
        per_month=float(spec["per_month"]),
        per_severity=float(spec["per_severity"]),
        grades={int(grade): float(share) for grade, share in spec["grades"].items()},
        related={str(answer): float(share) for answer, share in spec["related"].items()},
        after_dose_days=int(spec.get("after_dose_days", 0)),
        source=str(spec["source"]),
    )


def _check_sources(scenario: Scenario) -> None:
    marks = [lab.source for lab in scenario.laboratories] + [grade.source for grade in scenario.grades]
    marks += [scenario.death.source, scenario.conduct.source]
    marks += [scenario.transplant.source] if scenario.transplant else []
    marks += [kind.source for kind in scenario.adverse_events]
    unknown = sorted(set(marks) - set(scenario.sources))
    if unknown:
        raise ValueError(
            f"scenario {scenario.name}: source marks without an entry under sources: {', '.join(unknown)}"
        )
