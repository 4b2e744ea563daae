"""Who is analysed where, and for everyone left out the reason."""

from __future__ import annotations

from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass

from trialrun.derive.deviations import Deviation
from trialrun.derive.endpoints import COMPOSITE, AnalysisRow, Status
from trialrun.derive.event_times import EventTime
from trialrun.errors import AnalysisError
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import EndpointRole, Study
from trialrun.study.plan import Need, PopulationPlan
from trialrun.study.plan_defaults import ENROLLED as ENROLLED
from trialrun.study.plan_defaults import EVALUABLE as EVALUABLE
from trialrun.study.plan_defaults import PER_PROTOCOL as PER_PROTOCOL
from trialrun.study.plan_defaults import SCREENED as SCREENED
from trialrun.study.plan_defaults import TREATED as TREATED
from trialrun.study.plan_defaults import default_populations


@dataclass(frozen=True, slots=True)
class Population:
    """A set of participants; `left_out` gives the reason for everyone else of the set it is a part of."""

    name: str
    title: str
    members: tuple[str, ...]
    left_out: Mapping[str, str]


def derive_populations(
    snapshot: Snapshot,
    study: Study,
    rows: Sequence[AnalysisRow],
    deviations: Sequence[Deviation],
    times: Sequence[EventTime] = (),
) -> Mapping[str, Population]:
    """The populations of the plan, each with the reason for everyone its wider population has and it does not.

    The five usual ones (screened, enrolled, treated, evaluable, per protocol) are always counted; a plan that
    defines one of that name decides what it means. Evaluable: every primary outcome is known at its registered
    time, or death or transplant decided it; a time to an event is known when it ends, by the event or censored.
    """
    why_not = _Reasons(snapshot, study, rows, deviations, times)
    planned = {**study.analysis.populations}
    for name, usual in default_populations().items():
        planned.setdefault(name, usual)
    done: dict[str, Population] = {}
    while len(done) < len(planned):
        before = len(done)
        for plan in planned.values():
            if plan.name not in done and (not plan.within or plan.within in done):
                wider = done[plan.within].members if plan.within else tuple(snapshot.participants)
                done[plan.name] = _narrowed(plan, wider, why_not)
        if len(done) == before:
            left = ", ".join(name for name in planned if name not in done)
            raise AnalysisError(
                f"the populations {left} lie in each other or in one that does not exist",
                "correct within: in analysis.populations",
            )
    return {name: done[name] for name in planned}


def _narrowed(plan: PopulationPlan, wider: Sequence[str], why_not: _Reasons) -> Population:
    reasons = {member: why_not(member, plan.needs) for member in wider}
    left_out = {member: reason for member, reason in reasons.items() if reason}
    return Population(plan.name, plan.title, tuple(m for m in wider if m not in left_out), left_out)


class _Reasons:
    """Why a participant does not fulfil a need; an empty text where they do."""

    def __init__(
        self,
        snapshot: Snapshot,
        study: Study,
        rows: Sequence[AnalysisRow],
        deviations: Sequence[Deviation],
        times: Sequence[EventTime],
    ) -> None:
        self._people = snapshot.participants
        self._judged = {row["participant"]: row for row in snapshot.rows("screening")}
        self._primary: dict[str, list[AnalysisRow]] = {}
        for row in _primary_rows(study, rows):
            self._primary.setdefault(row.participant, []).append(row)
        primary = {one.name for one in study.endpoints.values() if one.role is EndpointRole.PRIMARY}
        self._untimed: dict[str, list[str]] = {}
        for time in times:
            # Who never began (no response whose duration could be asked) has nothing to be known.
            if time.endpoint in primary and time.start is not None and not time.known:
                self._untimed.setdefault(time.participant, []).append(
                    f"{time.endpoint}: no day ends its time"
                )
        self._major: dict[str, list[str]] = {}
        for found in deviations:
            if found.major:
                where = f" ({found.visit})" if found.visit else ""
                self._major.setdefault(found.participant, []).append(
                    f"{found.kind}: {found.description}{where}"
                )

        self._compared = {one.variable for one in study.endpoints.values() if one.baseline_visits}

    def __call__(self, name: str, needs: Sequence[Need]) -> str:
        """The reasons of all needs that do not hold."""
        return "; ".join(reason for need in needs if (reason := self._of(name, need)))

    def _of(self, name: str, need: Need) -> str:
        person = self._people[name]
        match need:
            case Need.REGISTERED:
                return ""
            case Need.ENROLLED:
                return _why_not_enrolled(self._judged.get(name), person)
            case Need.DOSED:
                return "" if person["first_dose_on"] else _end_words(person) or "no dose given"
            case Need.PRIMARY_KNOWN:
                measured = _why_not_evaluable(self._primary.get(name, []), self._compared)
                return "; ".join(part for part in (measured, *self._untimed.get(name, ())) if part)
            case Need.NO_MAJOR_DEVIATION:
                return "; ".join(self._major.get(name, []))


def _why_not_enrolled(screening: Row | None, person: Row) -> str:
    if person["enrolled_on"] is not None:
        return ""
    status = screening["status"] if screening else "not_judged"
    reasons = (screening["reasons"] or "").split() if screening else []
    if status == "not_eligible":
        return f"not eligible: {', '.join(reasons)}"
    if status == "undecided":
        return f"eligibility undecided: {', '.join(reasons)}"
    if status == "eligible":
        ended = _end_words(person)
        return f"eligible, not enrolled ({ended})" if ended else "eligible, not enrolled"
    ended = _end_words(person)
    return f"left before eligibility was judged ({ended})" if ended else "screening not completed"


def _end_words(person: Row) -> str:
    return str(person["end_reason"] or "").replace("_", " ")


def _primary_rows(study: Study, rows: Sequence[AnalysisRow]) -> list[AnalysisRow]:
    last = {
        (e.variable, e.visits[-1])
        for e in study.endpoints.values()
        if e.role is EndpointRole.PRIMARY and e.visits and e.time_to_event is None
    }
    return [row for row in rows if (row.parameter, row.visit) in last]


def _why_not_evaluable(rows: Sequence[AnalysisRow], compared: Container[str]) -> str:
    """Why the primary outcomes of a person are not known; a baseline is asked for where a change is."""
    reasons: list[str] = []
    for row in rows:
        if row.status in COMPOSITE:
            continue
        if row.status is not Status.OBSERVED:
            reasons.append(f"{row.parameter}: {row.explanation}")
        elif row.parameter in compared and row.baseline is None and row.baseline_category is None:
            reasons.append(f"{row.parameter}: no baseline value")
    return "; ".join(reasons)
