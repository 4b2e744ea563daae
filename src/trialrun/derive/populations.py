"""Who is analysed where, and for everyone left out the reason."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from trialrun.derive.deviations import Deviation
from trialrun.derive.endpoints import COMPOSITE, AnalysisRow, Status
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import EndpointRole, Study

SCREENED, ENROLLED, TREATED = "screened", "enrolled", "treated"
EVALUABLE, PER_PROTOCOL = "evaluable", "per_protocol"


@dataclass(frozen=True, slots=True)
class Population:
    """A set of participants; `left_out` gives the reason for everyone of the set before it."""

    name: str
    title: str
    members: tuple[str, ...]
    left_out: Mapping[str, str]


def derive_populations(
    snapshot: Snapshot, study: Study, rows: Sequence[AnalysisRow], deviations: Sequence[Deviation]
) -> Mapping[str, Population]:
    """Screened, enrolled, treated (safety and full analysis), evaluable, per protocol.

    Evaluable: every primary outcome is known at its registered time, or death or transplant decided it.
    """
    people = snapshot.participants
    judged = {row["participant"]: row for row in snapshot.rows("screening")}
    screened = Population(SCREENED, "Everyone registered for screening", tuple(people), {})
    enrolled = _narrowed(
        screened, ENROLLED, "Enrolled", lambda name: _why_not_enrolled(judged.get(name), people[name])
    )
    treated = _narrowed(
        enrolled,
        TREATED,
        "Treated at least once (full analysis and safety set)",
        lambda name: "" if people[name]["first_dose_on"] else _end_words(people[name]) or "no dose given",
    )
    primary: dict[str, list[AnalysisRow]] = {}
    for row in _primary_rows(study, rows):
        primary.setdefault(row.participant, []).append(row)
    evaluable = _narrowed(
        treated,
        EVALUABLE,
        "Evaluable for the primary outcomes",
        lambda name: _why_not_evaluable(primary.get(name, [])),
    )
    major: dict[str, list[str]] = {}
    for found in deviations:
        if found.major:
            where = f" ({found.visit})" if found.visit else ""
            major.setdefault(found.participant, []).append(f"{found.kind}: {found.description}{where}")
    per_protocol = _narrowed(
        evaluable, PER_PROTOCOL, "Per protocol", lambda name: "; ".join(major.get(name, []))
    )
    return {
        population.name: population for population in (screened, enrolled, treated, evaluable, per_protocol)
    }


def _narrowed(wider: Population, name: str, title: str, why_not: Callable[[str], str]) -> Population:
    reasons = {member: why_not(member) for member in wider.members}
    left_out = {member: reason for member, reason in reasons.items() if reason}
    return Population(name, title, tuple(m for m in wider.members if m not in left_out), left_out)


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
        e.variable: e.visits[-1]
        for e in study.endpoints.values()
        if e.role is EndpointRole.PRIMARY and e.visits
    }
    return [row for row in rows if last.get(row.parameter) == row.visit]


def _why_not_evaluable(rows: Sequence[AnalysisRow]) -> str:
    reasons: list[str] = []
    for row in rows:
        if row.status in COMPOSITE:
            continue
        if row.status is not Status.OBSERVED:
            reasons.append(f"{row.parameter}: {row.explanation}")
        elif row.baseline is None:
            reasons.append(f"{row.parameter}: no baseline value")
    return "; ".join(reasons)
