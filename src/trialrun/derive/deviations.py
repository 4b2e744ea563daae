"""Departures from the protocol that the data themselves show, and those recorded by hand."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from trialrun.derive.answers import VisitAnswers, planned_name
from trialrun.derive.endpoints import AnalysisRow, Status
from trialrun.derive.names import local_name
from trialrun.derive.safety import Dose, plan_of
from trialrun.derive.windows import visit_window
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study

# The ledger writes these down for people to assess; here the data show them, as they stand now.
_SHOWN_BY_DATA = frozenset(
    {"visit-window", "visit-missed", "dose-above-plan", "dose-not-as-planned", "dose-too-late"}
)
# The judgements of people that keep a participant out of the per-protocol set.
_MAJOR = frozenset({"major", "critical"})


@dataclass(frozen=True, slots=True)
class Deviation:
    """One departure. `major` takes the participant out of the per-protocol set."""

    participant: str
    kind: str
    visit: str
    description: str
    major: bool
    event_hash: str


def derive_deviations(
    snapshot: Snapshot,
    study: Study,
    answers: Mapping[str, Sequence[VisitAnswers]],
    doses: Sequence[Dose],
    rows: Sequence[AnalysisRow],
) -> tuple[Deviation, ...]:
    """Visits outside their window, missed visits and assessments, doses that differ from the plan."""
    found: list[Deviation] = []
    given: dict[str, list[Dose]] = {}
    for dose in doses:
        given.setdefault(dose.participant, []).append(dose)
    for name, person in snapshot.participants.items():
        if person["enrolled_on"] is None:
            continue
        own = [dose for dose in given.get(name, []) if _was_due(snapshot, study, person, dose)]
        found += _window_deviations(study, person, answers.get(name, ()))
        found += _missed_visits(snapshot, name)
        found += _changed_laboratory(study, person, answers.get(name, ()))
        found += _dose_deviations(study, person, own)
    found += _missed_assessments(study, rows)
    found += _recorded(snapshot)
    return tuple(sorted(dict.fromkeys(found), key=lambda d: (d.participant, d.kind, d.visit, d.description)))


def _window_deviations(study: Study, person: Row, visits: Sequence[VisitAnswers]) -> Iterable[Deviation]:
    anchors = {
        "first_dose": person["first_dose_on"],
        "enrolment": person["enrolled_on"],
        "consent": person["consented_on"],
        "screening": person["screened_on"],
    }
    for visit in visits:
        if visit.visit not in study.visits or visit.on is None:
            continue
        window = visit_window(study, visit.visit, anchors)
        if window is not None and not window.holds(visit.on):
            late = (visit.on - window.last).days
            words = (
                f"{late} d after its window"
                if late > 0
                else f"{(window.first - visit.on).days} d before its window"
            )
            yield Deviation(
                person["participant"], "window", visit.occurrence, f"{visit.on}, {words}", False, ""
            )


def _changed_laboratory(study: Study, person: Row, visits: Sequence[VisitAnswers]) -> Iterable[Deviation]:
    """Laboratories differ by more than any effect sought, so a change within a participant is listed."""
    item = local_name(study, "laboratory_name")
    before = ""
    for visit in visits:
        row = visit.single.get(item)
        name = (row["text"] or "").strip() if row is not None else ""
        if name and before and name != before and row is not None:
            words = f"laboratory changed from {before} to {name}"
            yield Deviation(
                person["participant"], "laboratory", visit.occurrence, words, False, row["event_hash"] or ""
            )
        before = name or before


def _missed_visits(snapshot: Snapshot, person: str) -> Iterable[Deviation]:
    for row in snapshot.visits_of.get(person, ()):
        if row["status"] == "missed":
            yield Deviation(
                person,
                "missed visit",
                row["visit"],
                row["reason"] or "no reason given",
                False,
                row["event_hash"] or "",
            )


def _missed_assessments(study: Study, rows: Sequence[AnalysisRow]) -> Iterable[Deviation]:
    titles = {endpoint.variable: endpoint for endpoint in study.endpoints.values() if endpoint.order}
    for row in rows:
        registered = row.parameter in titles and row.visit in titles[row.parameter].visits
        if registered and row.status is Status.UNKNOWN:
            words = f"{row.parameter}: {row.explanation}"
            yield Deviation(row.participant, "missed assessment", row.visit, words, False, "")


def _was_due(snapshot: Snapshot, study: Study, person: Row, dose: Dose) -> bool:
    """Whether the dose was given, or its time came before the participant left and before the cut."""
    if dose.given:
        return True
    window = visit_window(study, dose.visit, {"first_dose": person["first_dose_on"]})
    if window is None:
        return True
    cut_on = date.fromisoformat(snapshot.manifest.origin.created_at[:10])
    ended = person["ended_on"]
    return window.last < cut_on and (ended is None or window.target <= ended)


def _dose_deviations(study: Study, person: Row, doses: Sequence[Dose]) -> Iterable[Deviation]:
    name, plan = person["participant"], plan_of(study, person)
    if plan is None or person["first_dose_on"] is None:
        return
    for dose in doses:
        if dose.given is None or dose.given == 0:
            yield Deviation(
                name, "dose", dose.visit, f"{dose.planned:g} {dose.unit} planned, none given", True, ""
            )
        elif abs(dose.given - dose.planned) > 1e-9:
            words = f"{dose.given:g} {dose.unit} given, {dose.planned:g} planned"
            yield Deviation(
                name, "dose", dose.visit, words, True, dose.source.event_hash if dose.source else ""
            )
        if dose.interrupted:
            yield Deviation(name, "dose", dose.visit, "infusion interrupted", False, "")
    total = sum(dose.given or 0 for dose in doses)
    if total > float(plan.total) + 1e-9:
        yield Deviation(
            name, "dose", "", f"{total:g} {plan.unit} in all, the limit is {plan.total}", True, ""
        )
    days = [dose.on for dose in doses if dose.given and dose.on]
    if days and (max(days) - min(days)).days > plan.within_days:
        words = f"{(max(days) - min(days)).days} d from first to last dose, at most {plan.within_days}"
        yield Deviation(name, "dose", "", words, False, "")


def _recorded(snapshot: Snapshot) -> Iterable[Deviation]:
    """Those written down that the data do not show as well, and every one that was judged major or critical."""
    recorded: list[tuple[Row, dict[str, str]]] = []
    judged: dict[tuple[str, str], str] = {}
    for row in snapshot.rows("events"):
        if row["type"] not in {"DeviationRecorded", "DeviationAssessed"}:
            continue
        data = json.loads(row["data"])
        if data.get("importance"):  # the last judgement counts
            judged[row["stream"], data["deviation"]] = data["importance"]
        if row["type"] == "DeviationRecorded":
            recorded.append((row, data))
    for row, data in recorded:
        major = judged.get((row["stream"], data.get("deviation", ""))) in _MAJOR
        if data["rule"] in _SHOWN_BY_DATA and not major:
            continue
        person = row["stream"].removeprefix("participant/")
        yield Deviation(
            person, data["kind"], planned_name(data["visit"]), data["description"], major, row["hash"]
        )
