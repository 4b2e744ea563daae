"""The stopping rule on deaths: its boundary, and where a trial stands by those whose outcome is known.

After every participant the posterior probability that death within the window is more likely than the limit is
compared with the required certainty (`settings.safety`). A participant counts once they died within the window or
were observed to its end; those under observation, lost or transplanted before its end do not, which can only make
the rule stricter. The web application and the report both judge with what is here.
Source: Thall PF, Simon R, Biometrics 1994;50:337-349.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, timedelta
from typing import Any

from trialrun.analyse.methods.stopping import (
    StoppingRule,
    operating_characteristics,
    probability_above,
    stopping_boundary,
)
from trialrun.analyse.safety_count import Behind, last_seen, source_address
from trialrun.analyse.safety_result import (
    StoppingCharacteristic,
    StoppingPerson,
    StoppingStatus,
    StoppingStep,
)
from trialrun.derive.dataset import Dataset
from trialrun.derive.intercurrent import Intercurrent
from trialrun.derive.names import DEATH, TRANSPLANT
from trialrun.errors import UserError
from trialrun.study.model import Study

WINDOW = 122  # four months
TRUE_PROBABILITIES = (0.06, 0.12, 0.20, 0.30, 0.40)


def stopping_rule_of(study: Study) -> tuple[StoppingRule, int] | None:
    """The study's stopping rule and its window in days; `None` where it has none.

    Errors: `UserError` for settings that are no numbers; `AnalysisError` for a rule that makes no sense.
    """
    safety: Mapping[str, Any] = study.settings.get("safety", {}) or {}
    if "stop_if_probability_of_death_above" not in safety:
        return None
    try:
        a, b = (float(one) for one in safety.get("prior_beta", ()))
        rule = StoppingRule(
            float(safety["stop_if_probability_of_death_above"]),
            float(safety.get("with_posterior_probability", 0.9)), a, b,
        )  # fmt: skip
        return rule, int(safety.get("death_window_days", WINDOW))
    except (TypeError, ValueError) as error:
        raise UserError(
            f"settings.safety does not give a stopping rule: {error}",
            "give stop_if_probability_of_death_above, with_posterior_probability and prior_beta as numbers",
        ) from error


def outcome_status(
    *, died: bool, died_on: date | None, end: date, seen: date | None, completed: bool, left: bool
) -> str:
    """What the rule knows of a treated participant: `died`, `observed`, `watching` or `lost`.

    A death without a day counts, because it may have been within the window; one after its end was observed to it.
    Whoever completed the study was observed to the end of the window, whatever day the last visit was on.
    """
    if died and (died_on is None or died_on <= end):
        return "died"
    if died_on is not None or completed or (seen is not None and seen >= end):
        return "observed"
    return "lost" if left else "watching"


def boundary_steps(
    rule: StoppingRule, limits: Sequence[int | None], died: Sequence[bool]
) -> tuple[StoppingStep, ...]:
    """The boundary with the trial's own path; `died` are the known outcomes in order of first dose."""
    steps: list[StoppingStep] = []
    for n, limit in enumerate(limits, start=1):
        deaths = sum(died[:n]) if n <= len(died) else None
        posterior = probability_above(rule, deaths, n) if deaths is not None else None
        steps.append(StoppingStep(n, limit, deaths, posterior))
    return tuple(steps)


def stopping_status(data: Dataset, behind: Behind) -> StoppingStatus | None:
    """Where the trial stands in this snapshot; `None` where the study has no stopping rule."""
    found = stopping_rule_of(data.study)
    if found is None:
        return None
    rule, window = found
    people = _people(data, window, behind)
    counted = {status: sum(one.status == status for one in people) for status in ("died", "observed")}
    deaths, known = counted["died"], sum(counted.values())
    watching = sum(one.status == "watching" for one in people)
    limits = stopping_boundary(rule, max(data.study.target, len(people), 1))
    steps = boundary_steps(
        rule, limits, [one.status == "died" for one in people if one.status in ("died", "observed")]
    )
    posterior = probability_above(rule, deaths, known) if known else None
    return StoppingStatus(
        limit=rule.limit,
        certainty=rule.certainty,
        prior=(rule.a, rule.b),
        window_days=window,
        known=known,
        deaths=deaths,
        watching=watching,
        lost=sum(one.status == "lost" for one in people),
        transplants=sum(one.transplant for one in people),
        posterior=posterior,
        if_all_survive=probability_above(rule, deaths, known + watching) if known + watching else None,
        reached=posterior is not None and posterior > rule.certainty,
        reached_at=next((s.n for s in steps if s.posterior is not None and s.posterior > rule.certainty), None),
        next_stop=next((limit for n, limit in enumerate(limits, start=1) if n > known and limit is not None), None),
        steps=steps,
        characteristics=tuple(
            StoppingCharacteristic(p, found.stops, found.expected_participants, found.expected_events)
            for p in TRUE_PROBABILITIES
            for found in (operating_characteristics(limits, p),)
        ),
        people=people,
    )  # fmt: skip


def _people(data: Dataset, window: int, behind: Behind) -> tuple[StoppingPerson, ...]:
    events = {(event.participant, event.kind): event for event in data.events}
    found = [
        _person(data, name, window, events, behind)
        for name, person in data.snapshot.participants.items()
        if person["first_dose_on"] is not None
    ]
    return tuple(sorted(found, key=lambda one: (one.dosed_on, one.participant)))


def _person(
    data: Dataset,
    name: str,
    window: int,
    events: Mapping[tuple[str, str], Intercurrent],
    behind: Behind,
) -> StoppingPerson:
    person = data.snapshot.participants[name]
    dosed: date = person["first_dose_on"]
    death = events.get((name, DEATH))
    end = dosed + timedelta(days=window)
    status = outcome_status(
        died=death is not None,
        died_on=death.on if death else None,
        end=end,
        seen=last_seen(data, name),
        completed=person["end_reason"] == "completed",
        left=person["ended_on"] is not None,
    )
    row = ""
    if death is not None:
        row = behind.add(source_address(death.source), name, death.note, (death.source.event_hash,))
    return StoppingPerson(
        participant=name,
        dosed_on=dosed.isoformat(),
        window_end=end.isoformat(),
        status=status,
        died_on=death.on.isoformat() if death is not None and death.on is not None else "",
        transplant=(name, TRANSPLANT) in events,
        row=row,
    )
