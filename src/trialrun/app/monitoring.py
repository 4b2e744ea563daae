"""The stopping rule of the trial: its boundary, where the trial stands, and how the rule behaves.

After every participant the posterior probability that death within the window is more likely than the limit is
compared with the required certainty (`settings.safety`). A participant counts once they died within the window or
were observed to its end; those under observation, lost or transplanted before its end do not, which can only make
the rule stricter.
Source: Thall PF, Simon R, Biometrics 1994;50:337-349.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from trialrun.analyse.methods.stopping import (
    OperatingCharacteristics,
    StoppingRule,
    operating_characteristics,
    probability_above,
    stopping_boundary,
)
from trialrun.analyse.safety_stopping import (
    TRUE_PROBABILITIES,
    boundary_steps,
    outcome_status,
    stopping_rule_of,
)
from trialrun.app.endings import IntercurrentEvents, intercurrent_of, window_end
from trialrun.app.visits import first_dose_on
from trialrun.derive.names import DEATH, TRANSPLANT
from trialrun.ledger.state import ParticipantState

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


@dataclass(frozen=True, slots=True)
class BoundaryRow:
    """After `n` participants the rule stops at `stops_at` deaths or more; `None` where it cannot stop."""

    n: int
    stops_at: int | None
    deaths: int | None = None
    posterior: float | None = None


@dataclass(frozen=True, slots=True)
class Treated:
    """One treated participant as the rule sees them.

    `status` is `died`, `observed` (to the end of the window), `watching` or `lost` before its end.
    """

    participant: str
    number: str
    site: str
    dosed_on: date
    window_end: date
    status: str
    died_on: date | None
    transplant: bool


@dataclass(frozen=True, slots=True)
class Monitoring:
    """Where the trial stands. `reached` is whether the boundary is met by those whose outcome is known.

    `path` gives, in order of first dose, the number of deaths after each known outcome. `if_all_survive` is the
    posterior probability should everybody under observation live to the end of the window.
    """

    rule: StoppingRule
    window: int
    boundary: tuple[BoundaryRow, ...]
    known: int
    deaths: int
    watching: int
    lost: int
    transplants: int
    posterior: float | None
    if_all_survive: float | None
    reached: bool
    next_stop: int | None
    characteristics: tuple[OperatingCharacteristics, ...]
    treated: tuple[Treated, ...]


def stopping_rule(workspace: Workspace) -> tuple[StoppingRule, int] | None:
    """The study's stopping rule and its window in days; `None` where it has none.

    Errors: `UserError` for settings that are no numbers; `AnalysisError` for a rule that makes no sense.
    """
    return stopping_rule_of(workspace.study)


def monitoring(workspace: Workspace) -> Monitoring | None:
    """Where the whole trial stands, all sites; `None` where the study has no stopping rule."""
    found = stopping_rule(workspace)
    if found is None:
        return None
    rule, window = found
    conduct = workspace.conduct
    people = (conduct.participant(key) for key in conduct.participants())
    treated = tuple(sorted(
        (one for person in people if (one := _treated(workspace, person, window)) is not None),
        key=lambda one: (one.dosed_on, one.participant),
    ))  # fmt: skip
    counts = [
        sum(one.status == status for one in treated) for status in ("died", "observed", "watching", "lost")
    ]
    deaths, observed, watching, lost = counts
    known = deaths + observed
    most = max(workspace.study.target, len(treated), 1)
    limits = stopping_boundary(rule, most)
    posterior = probability_above(rule, deaths, known) if known else None
    later = next((limit for n, limit in enumerate(limits, start=1) if n > known and limit is not None), None)
    return Monitoring(
        rule=rule,
        window=window,
        boundary=_rows(rule, limits, treated),
        known=known,
        deaths=deaths,
        watching=watching,
        lost=lost,
        transplants=sum(one.transplant for one in treated),
        posterior=posterior,
        if_all_survive=probability_above(rule, deaths, known + watching) if known + watching else None,
        reached=posterior is not None and posterior > rule.certainty,
        next_stop=later,
        characteristics=tuple(operating_characteristics(limits, p) for p in TRUE_PROBABILITIES),
        treated=treated,
    )


def _rows(
    rule: StoppingRule, limits: tuple[int | None, ...], treated: tuple[Treated, ...]
) -> tuple[BoundaryRow, ...]:
    """The boundary with the trial's own path, deaths counted in order of first dose among known outcomes."""
    outcomes = [one.status == "died" for one in treated if one.status in ("died", "observed")]
    return tuple(
        BoundaryRow(step.n, step.stops_at, step.deaths, step.posterior)
        for step in boundary_steps(rule, limits, outcomes)
    )


def _treated(workspace: Workspace, person: ParticipantState, window: int) -> Treated | None:
    study = workspace.study
    dosed = first_dose_on(study, person)
    if dosed is None:
        return None
    events = intercurrent_of(study, person, workspace.zone)
    end = window_end(dosed, window)
    died = max((one.last for one in events.of(DEATH) if one.last is not None), default=None)
    return Treated(
        participant=person.key,
        number=person.number,
        site=person.site,
        dosed_on=dosed,
        window_end=end,
        status=_status(events, person, died, end),
        died_on=died,
        transplant=bool(events.of(TRANSPLANT)),
    )


def _status(events: IntercurrentEvents, person: ParticipantState, died: date | None, end: date) -> str:
    seen = max((*person.visits.values(), *((person.ended_on,) if person.ended_on else ())), default=None)
    return outcome_status(
        died=bool(events.of(DEATH)),
        died_on=died,
        end=end,
        seen=seen,
        completed=person.end_cause == "completed",
        left=person.ended_on is not None or person.withdrawn_on is not None,
    )
