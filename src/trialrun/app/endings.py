"""Deaths, transplants and procedures as intercurrent events: gathered from where they are told, and compared.

A death may be told in four places: the end of participation, the end-of-study form, a fatal adverse event, and a
procedure for a transplant. They must say the same, because the analysis reads all of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING

from trialrun.app.language import gettext as _
from trialrun.app.safety import choice_label, events_of
from trialrun.app.visits import first_dose_on, visit_title
from trialrun.derive.intercurrent import PROCEDURES, study_day
from trialrun.derive.names import DEATH, TRANSPLANT, local_name
from trialrun.ledger.state import ParticipantState, SavedValue
from trialrun.study.model import Study
from trialrun.values.dates import PartialDate, parse_partial_date

if TYPE_CHECKING:
    from zoneinfo import ZoneInfo

    from trialrun.app.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Told:
    """One place that tells of an intercurrent event. `kind` is `death`, `transplant` or a procedure."""

    kind: str
    first: date | None
    last: date | None
    shown: str
    place: str
    visit: str = ""
    form: str = ""
    row: int = 0


@dataclass(frozen=True, slots=True)
class Inconsistency:
    """Two places that do not say the same; `rule` names which."""

    rule: str
    message: str
    remedy: str


@dataclass(frozen=True, slots=True)
class IntercurrentEvents:
    """What befell one participant after the first dose, where it is told, and what does not agree."""

    participant: str
    number: str
    site: str
    dosed_on: date | None
    told: tuple[Told, ...]
    problems: tuple[Inconsistency, ...]

    def of(self, kind: str) -> tuple[Told, ...]:
        """The places that tell of one kind."""
        return tuple(one for one in self.told if one.kind == kind)

    def day(self, kind: str) -> int | None:
        """The study day of the first event of a kind, where its day is known exactly."""
        days = [one.first for one in self.of(kind) if one.first is not None and one.first == one.last]
        return study_day(min(days), self.dosed_on) if days else None


def intercurrent_events(workspace: Workspace, sites: Iterable[str]) -> tuple[IntercurrentEvents, ...]:
    """Every enrolled participant at these sites with an intercurrent event or with places that disagree."""
    within, conduct = frozenset(sites), workspace.conduct
    people = (conduct.participant(key) for key in conduct.participants())
    found = (
        intercurrent_of(workspace.study, person, workspace.zone)
        for person in people
        if person.enrolled and person.site in within
    )
    return tuple(one for one in found if one.told or one.problems)


def intercurrent_of(study: Study, person: ParticipantState, zone: ZoneInfo) -> IntercurrentEvents:
    """The intercurrent events of one participant."""
    told = (
        *_end_of_participation(person),
        *_end_form(study, person),
        *_fatal_events(study, person, zone),
        *_procedures(study, person),
    )
    return IntercurrentEvents(
        person.key, person.number, person.site, first_dose_on(study, person), told,
        tuple(_problems(study, person, told, zone)),
    )  # fmt: skip


def _end_of_participation(person: ParticipantState) -> Iterable[Told]:
    if person.end_cause in (DEATH, TRANSPLANT):
        yield Told(
            person.end_cause,
            person.ended_on,
            person.ended_on,
            str(person.ended_on),
            _("End of participation"),
        )


def _end_form(study: Study, person: ParticipantState) -> Iterable[Told]:
    reason, on = local_name(study, "end_reason"), local_name(study, "end_date")
    for (visit, form, row, item), value in sorted(person.values.items()):
        if item == reason and value.text in (DEATH, TRANSPLANT):
            day = _day(person.values.get((visit, form, row, on)))
            place = f"{study.forms[form].title}, {visit_title(study, visit)}"
            yield _told(str(value.text), day, place, visit, form, row)


def _fatal_events(study: Study, person: ParticipantState, zone: ZoneInfo) -> Iterable[Told]:
    form = local_name(study, "adverse_event")
    for event in events_of(study, person, zone):
        if event.fatal:
            place = _("Fatal adverse event {}: {}").format(event.row, event.term or _("no term"))
            yield _told(DEATH, event.end or event.start, place, event.visit, form, event.row)


def _procedures(study: Study, person: ParticipantState) -> Iterable[Told]:
    form = local_name(study, "procedure")
    kind_item, on = local_name(study, "procedure_kind"), local_name(study, "procedure_date")
    for (visit, row), values in person.rows(form).items():
        value = values.get(kind_item)
        kind = next(
            (kind for kind in PROCEDURES if value is not None and kind in (value.text or "").lower()), ""
        )
        if kind:
            place = _("Procedure {}: {}").format(row, choice_label(study, "procedure_kind", kind))
            yield _told(kind, _day(values.get(on)), place, visit, form, row)


def _told(kind: str, day: PartialDate | None, place: str, visit: str, form: str, row: int) -> Told:
    return Told(
        kind,
        day.earliest if day else None,
        day.latest if day else None,
        str(day or ""),
        place,
        visit,
        form,
        row,
    )


def _day(value: SavedValue | None) -> PartialDate | None:
    return parse_partial_date(value.text) if value is not None and value.text else None


# --- what does not agree ----------------------------------------------------------------------------


def _problems(
    study: Study, person: ParticipantState, told: Sequence[Told], zone: ZoneInfo
) -> Iterable[Inconsistency]:
    yield from _missing_partner(study, person, told)
    yield from _dates_differ(told)
    yield from _after_death(study, person, told, zone)
    yield from _seriousness(study, person, zone)


def _missing_partner(study: Study, person: ParticipantState, told: Sequence[Told]) -> Iterable[Inconsistency]:
    end_form = local_name(study, "end_of_study")
    deaths = [one for one in told if one.kind == DEATH]
    by_event = [one for one in deaths if one.form == local_name(study, "adverse_event")]
    if deaths and person.end_cause != DEATH:
        now = person.end_cause or _("participation goes on")
        yield Inconsistency(
            "death-not-ended",
            _("A death is recorded, but the end of participation does not say so ({}).").format(
                now.replace("_", " ")
            ),
            _("Record the end of participation by death, or correct the place that tells of a death."),
        )
    if deaths and not by_event:
        yield Inconsistency(
            "death-without-event",
            _("A death is recorded without a fatal adverse event."),
            _("Enter the event that led to the death: it is serious and has to be reported."),
        )
    if person.end_cause == DEATH and not any(one.form == end_form for one in deaths):
        yield Inconsistency(
            "death-not-on-form",
            _("Participation ended by death, but the end-of-study form does not say so."),
            _("Complete the end-of-study form."),
        )
    transplants = [one for one in told if one.kind == TRANSPLANT]
    procedures = [one for one in transplants if one.form == local_name(study, "procedure")]
    if person.end_cause == TRANSPLANT and not procedures:
        yield Inconsistency(
            "transplant-without-procedure",
            _("Participation ended by a transplant that is not among the procedures."),
            _("Enter the transplant as a procedure with its date."),
        )
    if len(by_event) > 1:
        yield Inconsistency(
            "several-fatal-events",
            _("{} adverse events are fatal.").format(len(by_event)),
            _("Keep the outcome fatal for the event that caused the death; the others were not recovered."),
        )


def _dates_differ(told: Sequence[Told]) -> Iterable[Inconsistency]:
    for kind, name in ((DEATH, _("death")), (TRANSPLANT, _("transplant"))):
        known = [one for one in told if one.kind == kind and one.first is not None and one.last is not None]
        clash = any(_apart(a, b) for index, a in enumerate(known) for b in known[index + 1 :])
        if clash:
            listed = "; ".join(f"{one.place}: {one.shown}" for one in known)
            yield Inconsistency(
                f"{kind}-dates-differ",
                _("The places that tell of the {} give different days: {}.").format(name, listed),
                _("Look into the source and correct the wrong one."),
            )


def _apart(a: Told, b: Told) -> bool:
    return (a.first is not None and b.last is not None and a.first > b.last) or (
        b.first is not None and a.last is not None and b.first > a.last
    )


def _after_death(
    study: Study, person: ParticipantState, told: Sequence[Told], zone: ZoneInfo
) -> Iterable[Inconsistency]:
    days = [one.last for one in told if one.kind == DEATH and one.last is not None]
    if not days:
        return
    died = max(days)
    late = [visit_title(study, name) for name, day in person.visits.items() if day > died]
    late += [
        _("adverse event {}").format(event.row)
        for event in events_of(study, person, zone)
        if event.start is not None and event.start.earliest > died
    ]
    if late:
        yield Inconsistency(
            "data-after-death",
            _("Dated after the death on {}: {}.").format(died, ", ".join(late)),
            _("Look into the source and correct the wrong date."),
        )


def _seriousness(study: Study, person: ParticipantState, zone: ZoneInfo) -> Iterable[Inconsistency]:
    for event in events_of(study, person, zone):
        fatal_outcome = event.outcome == "fatal"
        if "death" in event.seriousness and event.outcome is not None and not fatal_outcome:
            yield Inconsistency(
                "seriousness-differs",
                _("Adverse event {} is serious because of death, but its outcome is not fatal.").format(
                    event.row
                ),
                _("Correct the criterion or the outcome."),
            )
        if fatal_outcome and event.serious is False:
            yield Inconsistency(
                "fatal-not-serious",
                _("Adverse event {} is fatal, but recorded as not serious.").format(event.row),
                _("A fatal event is serious: correct the answer, then report it."),
            )


def died_on(study: Study, person: ParticipantState, zone: ZoneInfo) -> date | None:
    """The last day a participant can have died by any place that tells of it; `None` when none does, or undated."""
    return max((one.last for one in intercurrent_of(study, person, zone).of(DEATH) if one.last), default=None)


def has_died(study: Study, person: ParticipantState, zone: ZoneInfo) -> bool:
    """Whether any place tells of a death."""
    return bool(intercurrent_of(study, person, zone).of(DEATH))


def window_end(dosed: date, days: int) -> date:
    """The last day of an observation window that begins on the day of the first dose, which is day 1."""
    return dosed + timedelta(days=days)
