"""Adverse events as they stand in the casebooks: listed, filtered, and written as CSV."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from trialrun.app.csv_text import csv_text
from trialrun.app.language import gettext as _
from trialrun.app.visits import first_dose_on
from trialrun.derive.intercurrent import FATAL, study_day
from trialrun.derive.names import local_name
from trialrun.derive.safety import SUSPECTED, safety_codes
from trialrun.errors import UserError
from trialrun.ledger.state import Code, ParticipantState, SavedValue
from trialrun.study.model import Study, VisitKind
from trialrun.values.dates import PartialDate, parse_partial_date

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

# Answers a completed row must have; the study may name other items for them (derive.names).
_ALWAYS = ("ae_term", "ae_start", "ae_grade", "ae_serious", "ae_related", "ae_action", "ae_outcome")
_WHEN_SERIOUS = ("ae_aware_on", "ae_seriousness", "ae_expected", "ae_causality_by", "ae_narrative")


@dataclass(frozen=True, slots=True)
class AdverseEvent:
    """One line of the adverse event form.

    `None` is unanswered. `emergent` says whether it began on or after the first dose, `None` where partial
    dates leave that open; `day` counts from the first dose, which is day 1. `suspected` is a reasonable
    possibility of a relation to the product. `missing` names the unanswered items of the row, `reported_on` is
    the day the row was told to the log to be serious, `changed_at` the last change of any of its values (UTC).
    """

    participant: str
    number: str
    site: str
    visit: str
    row: int
    term: str
    start: PartialDate | None
    end: PartialDate | None
    day: int | None
    emergent: bool | None
    grade: int | None
    serious: bool | None
    seriousness: tuple[str, ...]
    aware_on: date | None
    reported_on: date | None
    related: str | None
    suspected: bool | None
    expected: bool | None
    judged_by: str
    action: str | None
    treatment: str
    outcome: str | None
    narrative: str
    code: Code | None
    missing: tuple[str, ...]
    changed_at: str
    values: Mapping[str, SavedValue]

    @property
    def fatal(self) -> bool:
        """Whether it ended in death: by outcome, grade 5 or the criterion of seriousness."""
        return (self.outcome or "") in FATAL or self.grade == 5 or "death" in self.seriousness

    @property
    def ongoing(self) -> bool:
        """Whether it goes on: no end, and no outcome that is one."""
        return self.end is None and self.outcome not in {"recovered", "sequelae", "fatal"}

    @property
    def reaction(self) -> str:
        """`susar`, `serious`, `adverse event`; unanswered questions count as the graver answer."""
        if not self.serious:
            return "adverse_event"
        if self.suspected is False or self.expected is True:
            return "serious"
        return "susar"


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which adverse events are wanted; empty wants all. `grade` is the least grade."""

    participant: str = ""
    site: str = ""
    serious: str = ""
    suspected: str = ""
    grade: int = 0
    emergent: str = ""
    ongoing: str = ""
    incomplete: str = ""
    term: str = ""

    def wants(self, event: AdverseEvent) -> bool:
        """Whether an event passes; an unanswered question passes `unknown` and neither yes nor no."""
        return (
            self.participant in ("", event.participant, event.number)
            and self.site in ("", event.site)
            and _answers(self.serious, event.serious)
            and _answers(self.suspected, event.suspected)
            and _answers(self.emergent, event.emergent)
            and _answers(self.ongoing, event.ongoing)
            and _answers(self.incomplete, bool(event.missing))
            and (not self.grade or (event.grade is not None and event.grade >= self.grade))
            and self.term.casefold() in f"{event.term} {event.code.term if event.code else ''}".casefold()
        )


def _answers(wanted: str, answer: bool | None) -> bool:
    if not wanted:
        return True
    return {"yes": answer is True, "no": answer is False, "unknown": answer is None}.get(wanted, False)


def events_of(study: Study, person: ParticipantState, zone: ZoneInfo) -> tuple[AdverseEvent, ...]:
    """The adverse events of a participant in order of their rows."""
    form = local_name(study, "adverse_event")
    if form not in study.forms:
        return ()
    dosed = first_dose_on(study, person)
    return tuple(
        _event(study, person, (visit, form, row), values, dosed, zone)
        for (visit, row), values in person.rows(form).items()
    )


def _event(
    study: Study,
    person: ParticipantState,
    place: tuple[str, str, int],
    values: Mapping[str, SavedValue],
    dosed: date | None,
    zone: ZoneInfo,
) -> AdverseEvent:
    answers = _Answers(study, values)
    visit, form, row = place
    start = answers.day("ae_start")
    serious = answers.truth("ae_serious")
    related = answers.text("ae_related")
    told = values.get(local_name(study, "ae_serious"))
    return AdverseEvent(
        participant=person.key,
        number=person.number,
        site=person.site,
        visit=visit,
        row=row,
        term=answers.text("ae_term") or "",
        start=start,
        end=answers.day("ae_end"),
        day=study_day(start.exact if start else None, dosed),
        emergent=_emergent(start, dosed),
        grade=answers.whole("ae_grade"),
        serious=serious,
        seriousness=tuple(code for code in (answers.text("ae_seriousness") or "").split(";") if code),
        aware_on=_exact(answers.day("ae_aware_on")),
        reported_on=local_day(told.at, zone) if told is not None and serious else None,
        related=related,
        suspected=None if related is None else related in safety_codes(study, "suspected", SUSPECTED),
        expected=answers.truth("ae_expected"),
        judged_by=answers.text("ae_causality_by") or "",
        action=answers.text("ae_action"),
        treatment=answers.text("ae_treatment") or "",
        outcome=answers.text("ae_outcome"),
        narrative=answers.text("ae_narrative") or "",
        code=person.codes.get((visit, form, row, local_name(study, "ae_term"))),
        missing=answers.missing(*_ALWAYS, *(_WHEN_SERIOUS if serious else ())),
        changed_at=max((value.at for value in values.values()), default=""),
        values=values,
    )


def local_day(moment: str, zone: ZoneInfo) -> date:
    """The day of a UTC moment at the study's place."""
    return datetime.fromisoformat(moment).astimezone(zone).date()


def _exact(day: PartialDate | None) -> date | None:
    return day.exact if day is not None else None


def _emergent(start: PartialDate | None, dosed: date | None) -> bool | None:
    if dosed is None:
        return False
    if start is None:
        return None
    if start.earliest >= dosed:
        return True
    return False if start.latest < dosed else None


class _Answers:
    """A row's answers by the names this room uses; what is missing with a reason is no answer."""

    def __init__(self, study: Study, values: Mapping[str, SavedValue]) -> None:
        self.study = study
        self.values = values

    def text(self, name: str) -> str | None:
        value = self.values.get(local_name(self.study, name))
        return value.text if value is not None and value.missing is None else None

    def truth(self, name: str) -> bool | None:
        return {"true": True, "false": False}.get(self.text(name) or "")

    def whole(self, name: str) -> int | None:
        text = self.text(name)
        return int(float(text)) if text else None

    def day(self, name: str) -> PartialDate | None:
        text = self.text(name)
        return parse_partial_date(text) if text else None

    def missing(self, *names: str) -> tuple[str, ...]:
        known = (local_name(self.study, name) for name in names)
        return tuple(
            name
            for name in known
            if name in self.study.items and (name not in self.values or self.values[name].text is None)
        )


# --- lists ---------------------------------------------------------------------------------------


def adverse_events(
    workspace: Workspace, sites: Iterable[str], wanted: EventFilter | None = None
) -> tuple[AdverseEvent, ...]:
    """The adverse events of all participants at these sites, the latest to begin first."""
    chosen = wanted or EventFilter()
    within = frozenset(sites)
    conduct = workspace.conduct
    found = [
        event
        for key in conduct.participants()
        if (person := conduct.participant(key)).site in within
        for event in events_of(workspace.study, person, workspace.zone)
        if chosen.wants(event)
    ]
    found.sort(key=lambda event: (event.participant, event.row))
    found.sort(key=lambda event: event.start.latest if event.start else date.max, reverse=True)
    return tuple(found)


def adverse_event(workspace: Workspace, key: str, row: int) -> AdverseEvent:
    """One adverse event. Errors: `UserError` when the participant has no such row."""
    person = workspace.conduct.participant(key)
    for event in events_of(workspace.study, person, workspace.zone):
        if event.row == row:
            return event
    raise UserError(f"{key} has no adverse event {row}", "open the list of adverse events and choose one")


def log_visit(study: Study) -> str:
    """The visit whose forms keep running logs; empty when the study has none."""
    return next((visit.name for visit in study.visits.values() if visit.kind is VisitKind.LOG), "")


def choice_label(study: Study, name: str, code: str | None) -> str:
    """What a choice's code is called; the code itself where the study does not know it, nothing for none."""
    item = study.items.get(local_name(study, name))
    labels = {choice.code: choice.label for choice in (item.choices if item else ())}
    return labels.get(code or "", code or "")


def truth_label(answer: bool | None) -> str:
    """Yes, no, or not answered."""
    return _("not answered") if answer is None else _("yes") if answer else _("no")


COLUMNS = (
    "participant", "number", "site", "row", "term", "dictionary_term", "dictionary_code", "start", "end", "day",
    "treatment_emergent", "grade", "serious", "seriousness", "aware_on", "related", "expected", "action", "outcome",
    "missing",
)  # fmt: skip


def events_csv(events: Iterable[AdverseEvent]) -> str:
    """The list as CSV in UTF-8: codes as stored, unanswered empty, lists joined by `;`."""
    return csv_text(COLUMNS, (_csv_row(event) for event in events))


def _csv_row(event: AdverseEvent) -> tuple[object, ...]:
    code = event.code
    return (
        event.participant, event.number, event.site, event.row, event.term, code.term if code else "",
        code.code if code else "", event.start, event.end, event.day, _word(event.emergent), event.grade,
        _word(event.serious), ";".join(event.seriousness), event.aware_on, event.related, _word(event.expected),
        event.action, event.outcome, ";".join(event.missing),
    )  # fmt: skip


def _word(answer: bool | None) -> str:
    return "" if answer is None else "yes" if answer else "no"
