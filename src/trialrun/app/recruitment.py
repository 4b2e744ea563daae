"""Recruitment against plan: who was screened and enrolled by when, and where the plan would be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from trialrun.app.roster import Standing, participants_in_scope, standing_of
from trialrun.ledger.commands import Actor
from trialrun.ledger.rules import rules_of
from trialrun.ledger.state import ParticipantState
from trialrun.study.model import Study
from trialrun.study.schedule import add_duration

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

DECLINED = ""  # a screen failure that no criterion explains


@dataclass(frozen=True, slots=True)
class Plan:
    """So many participants from one day to another, evenly."""

    target: int
    start: date
    end: date

    def by(self, day: date) -> float:
        """How many there should be at the end of a day."""
        days = max((self.end - self.start).days, 1)
        return self.target * min(max((day - self.start).days, 0), days) / days


@dataclass(frozen=True, slots=True)
class Month:
    """The counts at the end of a month, or today in the month that runs; `planned` is `None` without a plan."""

    day: date
    screened: int
    enrolled: int
    planned: float | None


@dataclass(frozen=True, slots=True)
class Recruitment:
    """The course of recruitment in an actor's scope.

    `target` and `plan` are the whole study's: they are compared only by those who see every site.
    `failures` counts screen failures by criterion (empty: none of them); one person may fail several.
    """

    target: int | None
    plan: Plan | None
    screened: tuple[date, ...]
    enrolled: tuple[date, ...]
    in_screening: int
    screen_failures: int
    failures: tuple[tuple[str, int], ...]
    months: tuple[Month, ...]

    def behind(self, today: date) -> float | None:
        """By how many participants the plan is ahead today; negative when it was outdone."""
        return None if self.plan is None else self.plan.by(today) - len(self.enrolled)


def recruitment(workspace: Workspace, actor: Actor) -> Recruitment:
    """Recruitment at the actor's site, or everywhere."""
    study, today = workspace.study, workspace.today
    people = participants_in_scope(workspace, actor)
    screened = sorted(_screened_on(study, workspace, person) for person in people)
    enrolled = sorted(workspace.day_of(person.enrolled_at) for person in people if person.enrolled)
    failed = [person for person in people if person.end_cause == "screen_failure"]
    whole = not actor.site or len(study.sites) == 1
    plan = plan_of(study, screened[0] if screened else None) if whole else None
    return Recruitment(
        target=study.target if whole else None,
        plan=plan,
        screened=tuple(screened),
        enrolled=tuple(enrolled),
        in_screening=sum(
            standing_of(study, person) in (Standing.REGISTERED, Standing.CONSENTED) for person in people
        ),
        screen_failures=len(failed),
        failures=_reasons(study, failed),
        months=tuple(_months(screened, enrolled, plan, today)),
    )


def plan_of(study: Study, first: date | None) -> Plan | None:
    """The plan of the study's settings: `recruitment: {from: DATE, until: DATE}`, or `{within: P12M}`
    counted from the day the first person was screened; `None` where the study names none."""
    settings = study.settings.get("recruitment") or {}
    begun = settings.get("from") or first
    if begun is None:
        return None
    start = date.fromisoformat(str(begun))
    if settings.get("until"):
        return Plan(study.target, start, date.fromisoformat(str(settings["until"])))
    if settings.get("within"):
        return Plan(study.target, start, add_duration(start, str(settings["within"])))
    return None


def _screened_on(study: Study, workspace: Workspace, person: ParticipantState) -> date:
    """The day somebody came into screening: consent, else the screening visit, else the first entry."""
    if person.consents:
        return min(consent.signed_on for consent in person.consents)
    days = [day for name, day in person.visits.items() if name in study.visits]
    entered = [workspace.day_of(value.at) for value in person.values.values()]
    return min([*days, *entered], default=person.ended_on or workspace.today)


def _reasons(study: Study, failed: Sequence[ParticipantState]) -> tuple[tuple[str, int], ...]:
    """The criteria that spoke against them, the most frequent first: as named at the end, else as they stand."""
    counts: Counter[str] = Counter()
    for person in failed:
        named = person.end_criteria or rules_of(study).eligibility(person).deciding
        counts.update(named or (DECLINED,))
    return tuple(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))


def _months(
    screened: Sequence[date], enrolled: Sequence[date], plan: Plan | None, today: date
) -> Sequence[Month]:
    starts = [*screened[:1], *enrolled[:1], *([plan.start] if plan and plan.start <= today else [])]
    if not starts:
        return []
    months: list[Month] = []
    day = _month_end(min(starts))
    while True:
        day = min(day, today)
        months.append(
            Month(
                day,
                sum(one <= day for one in screened),
                sum(one <= day for one in enrolled),
                plan.by(day) if plan else None,
            )
        )
        if day >= today:
            return months
        day = _month_end(date.fromordinal(day.toordinal() + 1))


def _month_end(day: date) -> date:
    following = date(day.year + day.month // 12, day.month % 12 + 1, 1)
    return date.fromordinal(following.toordinal() - 1)
