"""Results as ClinicalTrials.gov takes them: the modules of `resultsSection` in its version 2 JSON.

Every number comes from the snapshot and the results of the report. What only the sponsor can say (agreements with
investigators, whom to ask) is left empty where the study does not say it, and the lint asks for it.
Source: 42 CFR 11.48; ClinicalTrials.gov, Results Data Element Definitions; API 2 study data structure.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from trialrun.analyse.result import Analysis, Interval, Result, Results
from trialrun.analyse.run import registered_outcomes
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE
from trialrun.derive.populations import ENROLLED, SCREENED, TREATED
from trialrun.errors import AnalysisError
from trialrun.registry.record import Record
from trialrun.report.event_times import is_timed
from trialrun.report.overview import is_masked
from trialrun.report.registry_baseline import baseline_module, known_values, measured_rows, unit_words
from trialrun.report.registry_event_times import event_time_outcome
from trialrun.report.registry_groups import (
    Group,
    denoms,
    groups_of,
    headed,
    measured,
    plain,
    settings_of,
)
from trialrun.report.registry_safety import adverse_events_module
from trialrun.study.model import Endpoint

# Codes of reasons to the words of the registry's own list; any other is shown with its label.
_REASONS = {
    "death": "Death",
    "withdrawal": "Withdrawal by Subject",
    "lost_to_follow_up": "Lost to Follow-up",
    "adverse_event": "Adverse Event",
    "physician_decision": "Physician Decision",
    "protocol_violation": "Protocol Violation",
    "pregnancy": "Pregnancy",
    "lack_of_efficacy": "Lack of Efficacy",
    "sponsor_decision": "Study Terminated by Sponsor",
}
STILL = "Still taking part at the data cut"
COMPLETED = "completed"
_METHODS = {
    "signed rank": "Other",
    "paired t": "t-Test, 2-Sided",
    "rank sum": "Wilcoxon (Mann-Whitney)",
    "ancova": "ANCOVA",
    "mmrm": "Mixed Models Analysis",
    "mixed model": "Mixed Models Analysis",
    "fisher": "Fisher Exact",
    "log-rank": "Log Rank",
}
_ANALYSED = (Analysis.ESTIMAND, Analysis.COMPOSITE)


def results_section(data: Dataset, results: Results) -> dict[str, Any]:
    """The five modules of the results section.

    Errors: `AnalysisError` when a registered outcome has no result, or a number differs from the report's.
    """
    groups = groups_of(data)
    return {
        "participantFlowModule": _flow(data, groups),
        "baselineCharacteristicsModule": baseline_module(data, groups),
        "outcomeMeasuresModule": {"outcomeMeasures": _outcomes(data, results, groups)},
        **_events(data, results, groups),
        "moreInfoModule": _more(data, results),
    }


def _events(data: Dataset, results: Results, groups: Sequence[Group]) -> dict[str, Any]:
    if results.safety is None:
        return {}  # the lint says that it is missing
    return {"adverseEventsModule": adverse_events_module(data, results.safety, groups)}


# --- participant flow ------------------------------------------------------------------------------


def _flow(data: Dataset, groups: Sequence[Group]) -> dict[str, Any]:
    people = data.snapshot.participants
    treated = data.populations[TREATED].members
    done = {name for name, row in people.items() if row["end_reason"] == COMPLETED}
    left = {
        name: _reason(data, str(people[name]["end_reason"] or ""))
        for name in data.populations[ENROLLED].members
        if name not in done
    }
    started = [len(one.members) for one in groups]
    completed = [len(one.among(tuple(done))) for one in groups]
    milestones = (
        ("STARTED", started),
        ("Received at least one dose", [len(one.among(treated)) for one in groups]),
        ("COMPLETED", completed),
        ("NOT COMPLETED", [all_ - some for all_, some in zip(started, completed, strict=True)]),
    )
    period: dict[str, Any] = {
        "title": "Overall Study",
        "milestones": [
            {"type": kind, "achievements": _achieved(groups, counts)} for kind, counts in milestones
        ],
    }
    reasons = [
        {
            "type": reason,
            "reasons": _achieved(groups, [sum(left.get(n) == reason for n in g.members) for g in groups]),
        }
        for reason in sorted(set(left.values()))
    ]
    if reasons:
        period["dropWithdraws"] = reasons
    return {
        "preAssignmentDetails": _before(data),
        "groups": headed(groups, "FG"),
        "periods": [period],
    }


def _achieved(groups: Sequence[Group], counts: Sequence[int]) -> list[dict[str, str]]:
    return [{"groupId": one.id("FG"), "numSubjects": str(n)} for one, n in zip(groups, counts, strict=True)]


def _reason(data: Dataset, code: str) -> str:
    if not code:
        return STILL
    item = data.study.items.get("end_reason")
    labels = {choice.code: choice.label for choice in (item.choices if item else ())}
    return _REASONS.get(code) or labels.get(code) or code.replace("_", " ").capitalize()


def _before(data: Dataset) -> str:
    screened, enrolled = (len(data.populations[name].members) for name in (SCREENED, ENROLLED))
    reasons = Counter(words.split(":")[0] for words in data.populations[ENROLLED].left_out.values())
    told = "; ".join(f"{count} {words}" for words, count in sorted(reasons.items()))
    return f"{screened} were screened and {enrolled} enrolled." + (f" Not enrolled: {told}." if told else "")


# --- outcomes --------------------------------------------------------------------------------------


def _is_change(endpoint: Endpoint) -> bool:
    return endpoint.metric.value.lower().startswith("change")


def _outcomes(data: Dataset, results: Results, groups: Sequence[Group]) -> list[dict[str, Any]]:
    return [_outcome(data, results, groups, one) for one in registered_outcomes(data.study)]


def _outcome(data: Dataset, results: Results, groups: Sequence[Group], endpoint: Endpoint) -> dict[str, Any]:
    if not results.of(endpoint.name):
        raise AnalysisError(
            f"registered outcome {endpoint.name} has no result",
            "analyse the snapshot again: none may be left out",
        )
    if is_timed(results.of(endpoint.name)):
        compared = [one for one in _analyses(results, groups, endpoint) if len(one["groupIds"]) > 1]
        own = results.of(endpoint.name)
        return event_time_outcome(data.study, own, groups, endpoint, compared if len(groups) > 1 else [])
    change = _is_change(endpoint)
    times = endpoint.visits if change else (BASELINE, *endpoint.visits)
    classes: list[dict[str, Any]] = []
    most = [0 for _ in groups]
    for time in times:
        rows = measured_rows(data, endpoint, time)
        values = [known_values(rows, one, "change" if change else "value") for one in groups]
        _agree(results, endpoint, time, values, change=change)
        title = "Baseline" if time == BASELINE else data.study.visits[time].title
        classes.append(
            measured(groups, "OG", values, title=f"Change from baseline at {title}" if change else title)
        )
        most = [max(before, len(own)) for before, own in zip(most, values, strict=True)]
    what = "change from baseline" if change else "value at each time"
    analyses = _analyses(results, groups, endpoint)
    return {
        "type": endpoint.role.value.upper(),
        "title": f"{endpoint.title}: {what} in {endpoint.measure.value}",
        "description": _description(endpoint, change=change),
        "populationDescription": _population(data, endpoint, times[-1], groups),
        "reportingStatus": "POSTED",
        "paramType": "MEAN",
        "dispersionType": "Standard Deviation",
        "unitOfMeasure": unit_words(data, endpoint),
        "timeFrame": endpoint.time_frame,
        "groups": headed(groups, "OG"),
        "denoms": denoms(groups, "OG", most),
        "classes": classes,
        **({"analyses": analyses} if analyses else {}),
    }


def _agree(
    results: Results, endpoint: Endpoint, time: str, values: Sequence[Sequence[float]], *, change: bool
) -> None:
    """The numbers sent to a registry are the report's: the same people, the same mean."""
    kind = Analysis.CHANGE if change else Analysis.DESCRIBE
    everybody = [value for own in values for value in own]
    for result in results.of(endpoint.name, kind, time):
        if result.arm or result.name or result.estimate is None:
            continue
        mean = sum(everybody) / len(everybody) if everybody else None
        if (
            len(everybody) != result.n
            or mean is None
            or abs(mean - result.estimate) > 1e-9 * max(1, abs(mean))
        ):
            raise AnalysisError(
                f"{endpoint.name} at {time}: the registry's numbers ({len(everybody)}, mean {mean}) are not the report's "
                f"({result.n}, mean {result.estimate})",
                "report this as a fault of the program",
            )


def _description(endpoint: Endpoint, *, change: bool) -> str:
    better = "Lower values are better." if endpoint.lower_is_better else "Higher values are better."
    sentences = [
        endpoint.description.strip().rstrip(".") + "." if endpoint.description.strip() else "",
        f"Measured as {endpoint.measure.value}; {better}",
        "Change is follow-up minus baseline, among those alive without a transplant." if change else "",
        endpoint.note.strip(),
    ]
    return " ".join(one for one in sentences if one)


def _population(data: Dataset, endpoint: Endpoint, time: str, groups: Sequence[Group]) -> str:
    rows = measured_rows(data, endpoint, time).values()
    people = {name for one in groups for name in one.members}
    gone = Counter(
        str(row.status).replace("_", " ") for row in rows if row.participant in people and row.value is None
    )
    told = "; ".join(f"{count} {words}" for words, count in sorted(gone.items()))
    return "Participants given at least one dose who have a value." + (
        f" At the last time without one: {told}." if told else ""
    )


def _analyses(results: Results, groups: Sequence[Group], endpoint: Endpoint) -> list[dict[str, Any]]:
    own = [
        one
        for one in results.of(endpoint.name)
        if one.analysis in _ANALYSED and not one.sensitivity_of and one.visit in endpoint.visits
    ]
    # An estimand of the plan says the same as the description of its kind; it is not sent twice.
    planned = [one for one in own if one.analysis is Analysis.ESTIMAND]
    return [made for one in planned or own if (made := _analysis(groups, one)) is not None]


def _analysis(groups: Sequence[Group], result: Result) -> dict[str, Any] | None:
    if result.estimate is None:
        return None
    digits = 2 if abs(result.estimate) < 100 else 1
    chosen = [one.id("OG") for one in groups if one.arm in _arms_of(groups, result.arm)]
    compared = len(chosen) > 1
    method = next((words for part, words in _METHODS.items() if part in result.method.lower()), "Other")
    made: dict[str, Any] = {
        "groupIds": chosen or [one.id("OG") for one in groups],
        "groupDescription": _about(result),
        "nonInferiorityType": "SUPERIORITY" if compared else "OTHER",
        "nonInferiorityComment": "" if compared else "One group against no change; no comparison of groups.",
        "statisticalMethod": method,
        "statisticalComment": result.method,
        "paramType": result.estimate_name[:1].upper() + result.estimate_name[1:],
        "paramValue": plain(result.estimate, digits),
    }  # fmt: skip
    if result.p is not None:
        adjusted = (
            ""
            if result.p_adjusted is None
            else f"; adjusted for the number of primary outcomes {result.p_adjusted:.4f}"
        )
        made["pValue"] = "<0.0001" if result.p < 0.0001 else f"{result.p:.4f}"
        made["pValueComment"] = f"Two-sided{adjusted}." if compared else f"Two-sided{adjusted}. {_CAVEAT}"
    if result.interval is not None:
        made |= _limits(result.interval, digits)
    return {name: value for name, value in made.items() if value != ""}


def _arms_of(groups: Sequence[Group], arm: str) -> tuple[str, ...]:
    """The arms a result is of: its own, or the two it compares (`one-other`)."""
    arms = [one.arm for one in groups if one.arm]
    pairs = ((one, other) for one in arms for other in arms if f"{one}-{other}" == arm)
    return (arm,) if arm in arms else next(pairs, ())


# The registry's limit for what is said about an analysis.
_LONGEST_ABOUT = 500
_CAVEAT = "One arm without a comparison shows what happened, not what caused it."


def _about(result: Result) -> str:
    said = result.estimand
    if said is None:
        return result.label
    events = "; ".join(f"{kind}: {how}" for kind, how in sorted(said.intercurrent.items()))
    told = f"Estimand {said.name}: {said.summary}. Population: {said.population}."
    whole = f"{told} Intercurrent events: {events}."
    if len(whole) <= _LONGEST_ABOUT:
        return whole
    # Events that are only flagged go first: no value is used otherwise because of them.
    decisive = [
        f"{kind}: {how}"
        for kind, how in sorted(said.intercurrent.items())
        if "treatment policy" not in how.lower()
    ]
    short = f"{told} Intercurrent events: {'; '.join(decisive)}; others: treatment policy."
    return short if len(short) <= _LONGEST_ABOUT else told


def _limits(interval: Interval, digits: int) -> dict[str, Any]:
    made: dict[str, Any] = {"ciPctValue": f"{100 * interval.level:g}", "ciNumSides": "TWO_SIDED"}
    for name, bound in (("ciLowerLimit", interval.low), ("ciUpperLimit", interval.high)):
        made[name] = plain(bound, digits)
        if bound is None:
            made[f"{name}Comment"] = interval.note or "Not estimable from so few participants."
    return made


# --- more ------------------------------------------------------------------------------------------


def _more(data: Dataset, results: Results) -> dict[str, Any]:
    made: dict[str, Any] = {
        "limitationsAndCaveats": {"description": limitations(data, results)},
    }
    agreement = settings_of(data, "investigator_agreement")
    if agreement:
        made["certainAgreement"] = {
            "piSponsorEmployee": agreement.get("employee") is True,
            "restrictiveAgreement": agreement.get("restrictive") is True,
        }
    contact = _contact(data)
    if contact:
        made["pointOfContact"] = contact
    return made


def _contact(data: Dataset) -> dict[str, str]:
    said = settings_of(data, "results_contact")
    names = {"title": "title", "organization": "organization", "email": "email", "phone": "phone"}
    found = {name: str(said[key]) for key, name in names.items() if said.get(key)}
    if found:
        return found
    module = Record(data.study.record).module("contactsLocationsModule")
    for one in module.get("centralContacts", ()):
        known = {
            "title": one.get("name"),
            "organization": data.study.sponsor,
            "email": one.get("email"),
            "phone": one.get("phone"),
        }
        return {name: str(value) for name, value in known.items() if value}
    return {}


def limitations(data: Dataset, results: Results) -> str:
    """What a reader of the results must know, in whole sentences."""
    treated = len(data.populations[TREATED].members)
    sentences = [f"{treated} participants were treated."]
    if len(data.study.arms) == 1:
        sentences.append(
            "Without a comparison group a change over time cannot be told apart from the natural course, regression to "
            "the mean, or other care."
        )
    if is_masked(data):
        sentences.append("The arms were masked at the time of this analysis.")
    if results.purpose == "interim":
        sentences.append("Interim: the study was not finished and the numbers will change.")
    if results.synthetic or results.purpose == "rehearsal":
        sentences.append("Rehearsal: the participants are simulated; nothing here is about a treatment.")
    return " ".join(sentences)
