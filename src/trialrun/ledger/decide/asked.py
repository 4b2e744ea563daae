"""What a rule gets to see, and the guards that many commands share."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from typing import Any
from zoneinfo import ZoneInfo

from trialrun.ledger.commands import Actor
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import ParticipantState, State
from trialrun.study.model import Form, Study, Visit, VisitKind

_VISIT_NUMBER = re.compile(r"[2-9]|[1-9][0-9]{1,3}")
_LATEST_DAY_ON_EARTH = timezone(timedelta(hours=14))


@dataclass(frozen=True, slots=True)
class Asked:
    """A command's surroundings: state, study, time and actor."""

    state: State
    study: Study
    now: datetime
    actor: Actor

    @property
    def person(self) -> ParticipantState:
        """The participant concerned."""
        return self.state.participant

    @property
    def today(self) -> date:
        """Today at the study's place; without a time zone in its settings, the latest day anywhere."""
        zone = self.study.settings.get("timezone")
        return self.now.astimezone(ZoneInfo(str(zone)) if zone else _LATEST_DAY_ON_EARTH).date()

    def event(self, name: str, data: Mapping[str, Any], reason: str = "") -> NewEvent:
        """An event of the participant's stream."""
        return NewEvent(f"participant/{self.person.key}", name, data, reason)


def visit_of(study: Study, name: str) -> Visit:
    """The study's visit behind a visit name (`unscheduled#2` is the second unscheduled one).

    Refuses a name the study does not have, and a number on a visit that happens once.
    """
    plain, mark, number = name.partition("#")
    visit = study.visits.get(plain)
    if visit is None:
        raise refuse(
            "unknown-visit", f"the study has no visit {plain!r}", f"its visits are {', '.join(study.visits)}"
        )
    # One way of writing it: `#02` or other digits would be a second visit beside `#2`.
    if mark and (visit.kind is not VisitKind.UNSCHEDULED or not _VISIT_NUMBER.fullmatch(number)):
        raise refuse(
            "unknown-visit",
            f"{name!r} is not a visit: only unscheduled visits repeat, counted from 2",
            f"write {plain!r}",
        )
    return visit


def form_at(study: Study, visit: Visit, form: str) -> Form:
    """The form, if the schedule asks it at that visit."""
    found = study.forms.get(form)
    if found is None:
        raise refuse(
            "unknown-form", f"the study has no form {form!r}", f"its forms are {', '.join(study.forms)}"
        )
    if form not in visit.forms:
        raise refuse(
            "form-not-at-visit",
            f"form {form!r} is not asked at visit {visit.name!r}",
            f"there: {', '.join(visit.forms) or 'none'}",
        )
    return found


def need_reason(reason: str | None, what: str) -> str:
    """The reason, which must say something."""
    text = (reason or "").strip()
    if not text:
        raise refuse("reason-required", f"{what} needs a reason", "say why in a few words")
    return text


def need_participant(asked: Asked, key: str) -> ParticipantState:
    """The participant, who must have been registered."""
    if not asked.person.key:
        raise refuse("unknown-participant", f"there is no participant {key!r}", "register a candidate first")
    return asked.person


def not_future(asked: Asked, day: date, what: str) -> None:
    """Refuse a day that has not come yet."""
    if day > asked.today:
        raise refuse(
            "date-in-future",
            f"{what} {day} is in the future (today is {asked.today})",
            "check the year and month",
        )


def need_consent(asked: Asked, what: str, on: date | None = None) -> None:
    """Consent must be given, not withdrawn, and not later than the day in question."""
    person = asked.person
    if person.consent is None:
        raise refuse(
            "no-procedure-before-consent",
            f"{person.key} has not consented: {what} is not allowed",
            "record the consent first",
        )
    if on is not None and on < min(consent.signed_on for consent in person.consents):
        raise refuse(
            "no-procedure-before-consent",
            f"{what} on {on} lies before {person.key}'s consent of {person.consent.signed_on}",
            "check both dates",
        )


def need_not_withdrawn(asked: Asked, what: str) -> None:
    """After withdrawal nothing new is captured."""
    if asked.person.withdrawn_on is not None:
        raise refuse(
            "consent-withdrawn",
            f"{asked.person.key} withdrew consent on {asked.person.withdrawn_on}: {what} is not allowed",
            "what was captured before may be corrected, nothing new is added",
        )


def need_open(asked: Asked, visit: str, form: str) -> None:
    """Nothing is changed on what is locked or frozen."""
    scopes = (("", ""), (visit, ""), (visit, form))
    for held, word, remedy in (
        (asked.person.locked, "locked", "unlock it first, with a reason"),
        (asked.person.frozen, "frozen", "ask for it to be unfrozen"),
    ):
        for scope in scopes:
            if scope in held:
                where = (
                    f"form {form!r} at visit {visit!r}"
                    if scope[1]
                    else f"visit {visit!r}"
                    if scope[0]
                    else "the casebook"
                )
                raise refuse(f"{word}", f"{where} of {asked.person.key} is {word}", remedy)
