"""Rehearse a trial: virtual participants go through the same commands, rules and log as real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np

from trialrun.simulate.asked import Asked, asked_of
from trialrun.simulate.clock import Calendar, SimulatedClock, Steps, at_hour
from trialrun.simulate.natural_history import Meld
from trialrun.simulate.parameters import Rehearsal, Scenario, read_rehearsal
from trialrun.simulate.participation import WEEKS_AFTER, Participation
from trialrun.simulate.people import virtual_participant
from trialrun.simulate.team import Team, open_trial
from trialrun.simulate.unlisted_answers import Drawing, UnlistedAnswers, drawing
from trialrun.simulate.window import Window, waiting_for_everything
from trialrun.study.model import Study
from trialrun.study.schedule import add_duration

LEDGER = "ledger.sqlite"
_WEEKS = 60
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, slots=True)
class RehearsalSummary:
    """What a rehearsal did, in numbers.

    `fates` counts how participation ended, `failures` which criteria spoke against candidates who
    failed screening, `commands` what was done, `refused` what the protocol refused.
    """

    study: str
    scenario: str
    scenario_label: str
    seed: int
    database: str
    screened: int
    enrolled: int
    first_day: str
    last_day: str
    last_moment: str
    fates: Mapping[str, int]
    failures: Mapping[str, int]
    commands: Mapping[str, int]
    adverse_events: int
    corrections: int
    queries: int
    missed_visits: int


def rehearse(
    study: Study,
    folder: Path,
    *,
    seed: int,
    screened: int = 80,
    scenario: str = "",
    database: str = "",
    progress: Progress | None = None,
    window: Window | None = None,
) -> RehearsalSummary:
    """Run a study with virtual participants into a new log, `folder/ledger.sqlite` or an empty database by URL.

    Candidates come until the study's target is enrolled or `screened` have come. The same study, seed and
    scenario give the same log, entry for entry. `window` plays a part of it only.
    Errors: `StudyError` when the study has no `rehearsal.yaml` or it does not fit; `LedgerError` when
    the log cannot be written.
    """
    rehearsal = read_rehearsal(Path(study.folder) / "rehearsal.yaml")
    chosen = _scenario(rehearsal, scenario)
    if window is not None:
        rehearsal, chosen = window.fitted(rehearsal, chosen)
    return _Rehearsal(study, rehearsal, chosen, seed, window).run(
        folder, screened, progress or _silent, database
    )


def _silent(_stage: str, _done: int, _total: int) -> None:
    """No progress shown."""


def _scenario(rehearsal: Rehearsal, name: str) -> Scenario:
    from trialrun.errors import StudyError

    wanted = name or rehearsal.default
    if wanted not in rehearsal.scenarios:
        raise StudyError(
            f"the rehearsal has no scenario {wanted!r}", f"it has {', '.join(rehearsal.scenarios)}"
        )
    return rehearsal.scenarios[wanted]


@dataclass
class _Rehearsal:
    study: Study
    rehearsal: Rehearsal
    scenario: Scenario
    seed: int
    window: Window | None = None
    _drawing: Drawing | None = None

    def run(self, folder: Path, screened: int, progress: Progress, url: str) -> RehearsalSummary:
        from trialrun.simulate.door import open_door

        folder.mkdir(parents=True, exist_ok=True)
        database = url or folder / LEDGER
        start = datetime.combine(date.fromisoformat(self.rehearsal.start), datetime.min.time(), UTC)
        clock = SimulatedClock(start - timedelta(days=3))
        with open_door(database, self.study, clock, self.seed) as door:
            team = open_trial(door, self.study, self.rehearsal)
            if self.rehearsal.unlisted is not None:
                self._drawing = drawing(self.study, self.rehearsal.unlisted, asked_of(self.study))
            people = self._people(team, screened)
            calendar = Calendar(clock)
            calendar.add(self._in_window(self._recruit(calendar, people, team, progress)))
            late = self._awaited(team, screened)
            for one in late:
                calendar.add(self._in_window(one.steps()))
            for _ in calendar.run():
                pass
            door.finish(clock())
            return self._summary(team, [p for p in (*people, *late) if p.key], database, clock)

    def _in_window(self, steps: Steps, number: int = 0) -> Steps:
        return steps if self.window is None else self.window.stopped(steps, number)

    def _awaited(self, team: Team, screened: int) -> list[Participation]:
        """The candidates a window adds: their results are awaited."""
        if self.window is None:
            return []
        asked, meld = asked_of(self.study), meld_score()
        return [
            self._participation(team, screened + number, day, asked, meld, awaited=True)
            for number, day in enumerate(self.window.awaited, start=1)
        ]

    def _people(self, team: Team, screened: int) -> list[Participation]:
        asked, meld = asked_of(self.study), meld_score()
        first = date.fromisoformat(self.rehearsal.start)
        rng = np.random.default_rng([self.seed, 13])
        gaps = rng.exponential(7 / self.scenario.conduct.screened_per_week, screened)
        days = np.floor(np.cumsum(gaps)).astype(int)
        return [
            self._participation(team, number, first + timedelta(days=int(days[number - 1])), asked, meld)
            for number in range(1, screened + 1)
        ]

    def _participation(
        self, team: Team, number: int, day: date, asked: Asked, meld: Meld, *, awaited: bool = False
    ) -> Participation:
        site = str(self.study.sites[0]["id"])
        weeks = _WEEKS if self._drawing is None else max(_WEEKS, _weeks_planned(self.study))
        person = virtual_participant(self.rehearsal, self.scenario, self.seed, number, site=site, weeks=weeks)
        return Participation(
            study=self.study,
            rehearsal=self.rehearsal,
            team=team,
            person=waiting_for_everything(person) if awaited else person,
            first_day=_weekday(day),
            asked=asked,
            meld=meld,
            unlisted=UnlistedAnswers(self._drawing, person.seed) if self._drawing else None,
        )

    def _recruit(
        self, calendar: Calendar, people: list[Participation], team: Team, progress: Progress
    ) -> Steps:
        """Call in one candidate after the other until enough have been enrolled."""
        target = self.study.target
        for number, one in enumerate(people, start=1):
            yield at_hour(one.first_day, 7.5)
            enrolled = team.done.get("Enrol", 0)
            progress("screening", enrolled, target)
            if enrolled >= target:
                return
            calendar.add(self._in_window(one.steps(), number))
            progress(f"{number} screened", enrolled, target)

    def _summary(
        self, team: Team, people: list[Participation], database: Path | str, clock: SimulatedClock
    ) -> RehearsalSummary:
        failures: Counter[str] = Counter()
        for one in people:
            if one.fate == "screen failure":
                failures.update(team.deciding(one.key) or ("declined",))
        return RehearsalSummary(
            study=self.study.id,
            scenario=self.scenario.name,
            scenario_label=self.scenario.label,
            seed=self.seed,
            database=str(database),
            screened=len(people),
            enrolled=team.done.get("Enrol", 0),
            first_day=min((one.first_day for one in people), default=clock.at.date()).isoformat(),
            last_day=clock.at.date().isoformat(),
            last_moment=clock.at.isoformat(),
            fates=dict(sorted(Counter(one.fate for one in people).items())),
            failures=dict(sorted(failures.items(), key=lambda pair: (-pair[1], pair[0]))),
            commands=dict(sorted(team.done.items())),
            adverse_events=sum(len(one.reviewed.adverse_events) for one in people),
            corrections=sum(one.reviewed.corrections for one in people),
            queries=sum(one.reviewed.queries for one in people),
            missed_visits=team.done.get("MissVisit", 0),
        )


def _weeks_planned(study: Study) -> int:
    """Weeks until the last planned visit is over, with those that have no day."""
    begun = date(2026, 1, 1)
    ends = [add_duration(begun, visit.offset) for visit in study.visits.values() if visit.offset]
    open_ones = sum(1 for visit in study.visits.values() if visit.offset is None)
    return (max(ends, default=begun) - begun).days // 7 + WEEKS_AFTER * (open_ones + 2)


def _weekday(day: date) -> date:
    """The day itself, or Monday when it falls on a week-end."""
    return day + timedelta(days=(7 - day.weekday()) % 7 if day.weekday() > 4 else 0)


def meld_score() -> Meld:
    """MELD of a set of laboratory values, by the published score: what the hazards follow."""
    from trialrun.evaluate.rows import compile_program
    from trialrun.scores.load import score
    from trialrun.scores.program import score_program

    compiled = compile_program(score_program(score("meld_unos")), outputs=("value",))

    def meld(values: Mapping[str, float]) -> float:
        row: dict[str, Any] = {name: values[name] for name in ("bilirubin", "creatinine", "inr")}
        return float(compiled({**row, "dialysis": False})["value"])

    return meld
