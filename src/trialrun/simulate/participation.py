"""One virtual participant's way through the trial, step by step, through the same door as real use.

Each step is a generator that yields the time it wants to act; the calendar interleaves everybody's steps.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

from trialrun.errors import RefusedError
from trialrun.ledger.commands import (
    EndParticipation,
    Enrol,
    Entry,
    MissVisit,
    RecordConsent,
    RecordVisit,
    RegisterCandidate,
    SaveForm,
    SignEligibility,
)
from trialrun.simulate.answers import Answer, Moment, answer
from trialrun.simulate.asked import Asked
from trialrun.simulate.clock import at_hour
from trialrun.simulate.forms import entry, fill
from trialrun.simulate.natural_history import Ending, Meld
from trialrun.simulate.parameters import Rehearsal
from trialrun.simulate.people import VirtualParticipant, happens, misses_visit, scatter
from trialrun.simulate.review import Reviewed, answer_queries, correct_something, review_visit
from trialrun.simulate.safety import record_adverse_events
from trialrun.simulate.team import Team
from trialrun.simulate.unlisted_answers import UnlistedAnswers
from trialrun.study.model import Study, Visit, VisitKind

Steps = Generator[datetime, None, None]
SITE_HOURS = 8.0
_ATTEMPTS = 3
FOLLOWED_DAYS = 150
WEEKS_AFTER = 4


@dataclass
class Participation:
    """What is known about one participant while the rehearsal goes on."""

    study: Study
    rehearsal: Rehearsal
    team: Team
    person: VirtualParticipant
    first_day: date
    asked: Asked
    meld: Meld
    key: str = ""
    fate: str = "in screening"
    known: dict[str, Answer] = field(default_factory=dict[str, Answer])
    visited: dict[str, date] = field(default_factory=dict[str, date])
    dose_days: list[int] = field(default_factory=list[int])
    reviewed: Reviewed = field(default_factory=Reviewed)
    ending: Ending | None = None
    horizon: int = 0
    unlisted: UnlistedAnswers | None = None

    def day_of(self, on: date) -> int:
        """A date as a day of the course of disease."""
        return (on - self.first_day).days

    def date_of(self, day: int) -> date:
        """A day of the course as a date."""
        return self.first_day + timedelta(days=day)

    @property
    def begun(self) -> int | None:
        """The day of the first dose, or of the begin of observation where nothing is given; `None` before."""
        if self.dose_days:
            return self.dose_days[0]
        observed = self.unlisted is not None and self._days_to_start() == 1
        return self.person.course.treated_from if observed else None

    def moment(self, on: date, row: int = 0) -> Moment:
        """Who answers, and when."""
        return Moment(self.person.seed, self.person.course, self.day_of(on), on, self.known, row)

    # --- the whole way -----------------------------------------------------------------------

    def steps(self) -> Steps:
        """From registration to the end of the study."""
        yield at_hour(self.first_day, SITE_HOURS)
        registered = self.team.do(RegisterCandidate(self.person.site), "coordinator")
        self.key = candidate_key(registered)
        if not self._consent():
            yield from self._fail_screening(self.first_day, "declined to take part")
            return
        yield at_hour(self.first_day, SITE_HOURS + 1.5)
        waiting = self._screen()
        outcome = yield from self._decide(waiting)
        if outcome != "eligible":
            yield from self._fail_screening(
                self._today(), "undecided" if outcome == "undecided" else "not eligible"
            )
            return
        yield from self._take_part()

    def _today(self) -> date:
        return max([self.first_day, *self.visited.values()])

    def _lines(self, *, screening: bool = False) -> dict[str, Any]:
        """What this person's forms are drawn from, item by item."""
        lines = self.person.answers(self.rehearsal.answers)
        return lines if self.unlisted is None else self.unlisted.lines(lines, screening=screening)

    # --- screening ---------------------------------------------------------------------------

    def _consent(self) -> bool:
        part = self.rehearsal.parts["consent"]
        specs = self._lines()
        signs = answer(part["signed"], specs.get(part["signed"], True), self.moment(self.first_day))
        if signs != "true":
            return False
        self.team.do(
            RecordConsent(
                participant=self.key,
                version=str(part["version"]),
                language=str(part["language"]),
                signed_on=self.first_day,
                explained_by=str(part["explained_by"]),
                capacity=True,
            ),
            "principal_investigator",
        )
        return True

    def _screen(self) -> tuple[tuple[str, ...], ...]:
        """Screening visit: all its forms; returns the groups of answers the site still waits for."""
        visit = self._visit_of(VisitKind.SCREENING)
        behaviour = self.person.course.scenario.conduct
        waiting = tuple(
            group
            for group in self.rehearsal.pending
            if happens(self.person, f"pending:{group[0]}", behaviour.screening_unknown)
        )
        if self.unlisted is not None:
            self.unlisted.settle(self._lines(), self.moment(self.first_day))
        self.team.do(RecordVisit(self.key, visit.name, self.first_day), "coordinator")
        self.visited[visit.name] = self.first_day
        self.fill_visit(visit, self.first_day, leave_out={item for group in waiting for item in group})
        log = next((v for v in self.study.visits.values() if v.kind is VisitKind.LOG), None)
        if log is not None:
            self._fill_rows(log, self.first_day)
        return waiting

    def _decide(self, waiting: tuple[tuple[str, ...], ...]) -> Generator[datetime, None, str]:
        """Sign what the criteria give; while that is undecided, wait for what is missing and look again."""
        visit = self._visit_of(VisitKind.SCREENING)
        outcome = "undecided"
        for attempt in range(_ATTEMPTS):
            day = self.first_day + timedelta(days=1 + 2 * attempt)
            yield at_hour(day, SITE_HOURS + 2)
            if attempt:
                waiting = self._arrivals(waiting, visit, attempt)
            outcome = self.team.eligibility(self.key)
            if outcome != "undecided" or not waiting:
                break
        self.team.do(SignEligibility(self.key, outcome), "principal_investigator")
        return outcome

    def _arrivals(
        self, waiting: tuple[tuple[str, ...], ...], visit: Visit, attempt: int
    ) -> tuple[tuple[str, ...], ...]:
        left: list[tuple[str, ...]] = []
        for group in waiting:
            if happens(self.person, f"late:{attempt}:{group[0]}", 0.15):
                left.append(group)
                continue
            form = self.study.form_of(group[0])
            if form is not None:
                specs = self._lines(screening=True)
                moment = self.moment(self.first_day)
                late = {
                    name: entry(self.study.items[name], answer(name, specs.get(name, True), moment))
                    for name in group
                }
                self.save(visit.name, form.name, late)
        return tuple(left)

    def _fail_screening(self, on: date, note: str) -> Steps:
        yield at_hour(on + timedelta(days=1), SITE_HOURS + 5)
        self.team.do(EndParticipation(self.key, on, "screen_failure", note), "principal_investigator")
        self.fate = "screen failure"

    # --- treatment and follow-up -------------------------------------------------------------

    def _take_part(self) -> Steps:
        first_dose = self.first_day + timedelta(days=self._days_to_start())
        yield at_hour(first_dose, SITE_HOURS)
        try:
            self.team.do(Enrol(self.key), "principal_investigator")
        except RefusedError as refusal:
            yield from self._fail_screening(self._today(), f"eligible, not enrolled: {refusal.message}")
            return
        self.fate = "enrolled"
        start = self.day_of(first_dose)
        self.person = self.person.treated(start)
        plan = self._plan(first_dose)
        self.horizon = self._followed_until(start, plan)
        self.ending = self.person.ending(self.meld, start=start, days=self.horizon)
        for visit, planned in plan:
            if self.ending is not None and self.date_of(self.ending.day) <= planned:
                yield from self._end_early(self.ending, first_dose)
                return
            yield from self._visit(visit, planned, first_dose)
        last, planned = plan[-1] if plan else (None, first_dose)
        if last is None or last.name in self.visited:
            yield from self._finish("completed", self._today())
        else:
            yield from self._finish("lost_to_follow_up", planned)

    def _days_to_start(self) -> int:
        """Days from screening to the first dose, or to the begin of observation where nothing is given."""
        given = any(visit.kind is VisitKind.DOSE for visit in self.study.visits.values())
        return 6 if given or self.unlisted is None else 1

    def _followed_until(self, start: int, plan: list[tuple[Visit, date]]) -> int:
        """The last day of the course on which something is still heard of the participant."""
        if self.unlisted is None or not plan:
            return start + FOLLOWED_DAYS
        return max(self.day_of(day) for _, day in plan) + WEEKS_AFTER * 7

    def _plan(self, first_dose: date) -> list[tuple[Visit, date]]:
        """The planned visits from baseline on, with the day this person turns up."""
        from trialrun.study.schedule import target_window

        plan: list[tuple[Visit, date]] = []
        unplanned: list[Visit] = []
        anchors = {"first_dose": first_dose, "enrolment": first_dose}
        anchors |= {"screening": self.first_day, "consent": self.first_day}
        for visit in self.study.visits.values():
            if visit.kind not in (VisitKind.BASELINE, VisitKind.DOSE, VisitKind.FOLLOW_UP):
                continue
            window = target_window(self.study, visit.name, anchors)
            if window is None:
                unplanned.append(visit)
                continue
            target, first, last = window
            day = target
            if target != first_dose:
                before, after = (target - first).days, (last - target).days
                day = target + timedelta(days=scatter(self.person, visit.name, before=before, after=after))
            plan.append((visit, max(day, first_dose)))
        order = {VisitKind.BASELINE: 0, VisitKind.DOSE: 1, VisitKind.FOLLOW_UP: 2}
        plan.sort(key=lambda pair: (pair[1], order[pair[0].kind]))
        return plan + (self._without_day(unplanned, plan, first_dose) if self.unlisted else [])

    @staticmethod
    def _without_day(
        visits: list[Visit], plan: list[tuple[Visit, date]], first_dose: date
    ) -> list[tuple[Visit, date]]:
        """Visits the study plans no day for come four weeks after one another, once the planned ones are over."""
        last = plan[-1][1] if plan else first_dose
        return [
            (visit, last + timedelta(weeks=WEEKS_AFTER * number))
            for number, visit in enumerate(visits, start=1)
        ]

    def _visit(self, visit: Visit, on: date, first_dose: date) -> Steps:
        """One planned visit: kept or missed, then reviewed."""
        hour = SITE_HOURS + {VisitKind.BASELINE: 0.5, VisitKind.DOSE: 1.5}.get(visit.kind, 1.0)
        yield at_hour(on, hour)
        record_adverse_events(self, until=on)
        if on != first_dose and misses_visit(self.person, visit.name, self.day_of(on)):
            self.team.do(MissVisit(self.key, visit.name, "did not come, reached by telephone"), "coordinator")
            return
        self.team.do(RecordVisit(self.key, visit.name, on), "coordinator")
        self.visited[visit.name] = on
        if visit.kind is VisitKind.DOSE:
            self.dose_days.append(self.day_of(on))
        self.fill_visit(visit, on, leave_out=set())
        yield at_hour(on + timedelta(days=2), SITE_HOURS + 3)
        correct_something(self, visit)
        review_visit(self, visit)
        yield at_hour(on + timedelta(days=4), SITE_HOURS + 4)
        answer_queries(self)

    def _end_early(self, ending: Ending, first_dose: date) -> Steps:
        on = max(self.date_of(ending.day), self._today(), first_dose)
        yield at_hour(on, SITE_HOURS + 6)
        record_adverse_events(self, until=on)
        yield from self._finish(ending.reason, on)

    def _finish(self, reason: str, on: date) -> Steps:
        part = self.rehearsal.parts["end_of_study"]
        early = next((v for v in self.study.visits.values() if v.kind is VisitKind.EARLY_TERMINATION), None)
        visit = next(
            (v for v in self.study.visits.values() if part["form"] in v.forms and v.name in self.visited),
            early,
        )
        if visit is not None:
            specs = self._lines() | {part["reason"]: reason}
            filled = fill(
                self.study, part["form"], visit.name, self.person, specs, self.moment(on), asked=self.asked
            )
            self.save(visit.name, part["form"], filled.entries)
        yield at_hour(on + timedelta(days=1), SITE_HOURS + 6)
        answer_queries(self)
        self.team.do(EndParticipation(self.key, on, reason), "principal_investigator")
        self.fate = reason

    # --- forms -------------------------------------------------------------------------------

    def fill_visit(self, visit: Visit, on: date, *, leave_out: set[str]) -> None:
        """Fill the forms of a visit; the end-of-study form waits for the end."""
        specs = self._lines(screening=visit.kind is VisitKind.SCREENING)
        skipped = {self.rehearsal.parts["end_of_study"]["form"]}
        for form in visit.forms:
            if form in skipped or self.study.forms[form].repeating:
                continue
            filled = fill(self.study, form, visit.name, self.person, specs, self.moment(on), asked=self.asked)
            self.known = dict(filled.known)
            entries = {name: given for name, given in filled.entries.items() if name not in leave_out}
            self.save(visit.name, form, entries)
        self._fill_rows(visit, on)

    def _fill_rows(self, visit: Visit, on: date) -> None:
        for form, rows in self.person.rows(self.rehearsal.rows).items():
            if form not in visit.forms:
                continue
            number = 0
            for index, row in enumerate(rows, start=1):
                if not happens(self.person, f"row:{form}:{index}", float(row.get("chance", 1.0))):
                    continue
                number += 1
                moment = replace(self.moment(on, row=index), known={})
                filled = fill(
                    self.study, form, visit.name, self.person, row["answers"], moment, asked=self.asked
                )
                self.save(visit.name, form, filled.entries, row=number)

    def save(
        self,
        visit: str,
        form: str,
        entries: Mapping[str, Entry],
        *,
        row: int = 0,
        reason: str = "",
        seen: int | None = None,
    ) -> Any:
        """Save a form as the coordinator."""
        if not entries:
            return None
        by = _enters(self.study, form, entries)
        command = SaveForm(self.key, visit, form, row, dict(entries), expected_version=seen, reason=reason)
        return self.team.do(command, by)

    def _visit_of(self, kind: VisitKind) -> Visit:
        return next(visit for visit in self.study.visits.values() if visit.kind is kind)


def candidate_key(outcome: Any) -> str:
    """The candidate number a registration gave out."""
    return str(outcome.participant)


def _enters(study: Study, form: str, entries: Mapping[str, Entry]) -> str:
    """The role that fills a form: doses and judgements are not the coordinator's to enter."""
    if str(study.settings.get("dose_item", "dose_given")) in study.forms[form].items:
        return "investigator"
    attesters = {str(study.items[name].attested_by) for name in entries}
    return "principal_investigator" if attesters == {"principal_investigator"} else "coordinator"
