"""Rules of visits and data: what may be saved when, and what a change needs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from trialrun.ledger.commands import (
    Entry,
    MissVisit,
    RecordConsent,
    RecordVisit,
    RemoveRow,
    SaveForm,
)
from trialrun.ledger.decide.asked import (
    Asked,
    form_at,
    need_consent,
    need_not_withdrawn,
    need_open,
    need_reason,
    not_future,
    visit_of,
)
from trialrun.ledger.decide.deviations import numbered
from trialrun.ledger.decide.dosing import dose_rules
from trialrun.ledger.decide.entries import Saved, saved_entry
from trialrun.ledger.decide.infusions import infusion_moves, row_removed_moves
from trialrun.ledger.decide.refusal import FieldConflict, refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import SavedValue
from trialrun.study.model import Form, Visit, VisitKind
from trialrun.values.dates import parse_partial_date

_AFTER_ENROLMENT = (VisitKind.DOSE, VisitKind.FOLLOW_UP)


def _forms_at_the_end(asked: Asked) -> tuple[str, ...]:
    """Forms that may still be filled in after withdrawal or a screen failure."""
    return tuple(asked.study.settings.get("forms_after_end", ("end_of_study",)))


def record_visit(asked: Asked, command: RecordVisit) -> tuple[NewEvent, ...]:
    """A visit on a day: after consent and birth, not in the future, doses and follow-up after enrolment."""
    person = asked.person
    visit = visit_of(asked.study, command.visit)
    if visit.kind is VisitKind.LOG:
        raise refuse(
            "not-a-visit",
            f"{visit.name!r} keeps running logs and has no date",
            "save its forms without a visit",
        )
    not_future(asked, command.date, "a visit date")
    _not_before_birth(asked, command)
    need_consent(asked, f"visit {command.visit!r}", command.date)
    if person.withdrawn_on is not None and command.date > person.withdrawn_on:
        need_not_withdrawn(asked, f"visit {command.visit!r} on {command.date}")
    if person.ended_on is not None and command.date > person.ended_on:
        raise refuse(
            "participation-ended",
            f"{person.key} left on {person.ended_on} ({person.end_cause}): no visit on {command.date}",
        )
    if visit.kind in _AFTER_ENROLMENT and not person.enrolled:
        raise refuse(
            "not-enrolled", f"{person.key} is not enrolled: no visit {command.visit!r}", "enrol first"
        )
    need_open(asked, command.visit, "")
    before = person.visits.get(command.visit)
    data: dict[str, Any] = {"visit": command.visit, "date": command.date.isoformat()}
    if before == command.date:
        return ()
    reason = command.reason
    if before is not None:
        reason = need_reason(command.reason, f"changing the date of visit {command.visit!r} from {before}")
        data["was"] = before.isoformat()
    elif command.visit in person.missed:
        reason = need_reason(
            command.reason, f"recording visit {command.visit!r}, which was recorded as missed,"
        )
    return (asked.event("VisitRecorded", data, reason),)


def _not_before_birth(asked: Asked, command: RecordVisit) -> None:
    for (_visit, _form, _row, item), value in asked.person.values.items():
        if item == "birth_date" and value.text is not None:
            born = parse_partial_date(value.text)
            if command.date < born.earliest:
                raise refuse(
                    "date-before-birth",
                    f"visit {command.visit!r} on {command.date} lies before the birth date {born}",
                    "check both dates",
                )


def miss_visit(asked: Asked, command: MissVisit) -> tuple[NewEvent, ...]:
    """A visit that did not take place; nothing may have been saved at it."""
    visit = visit_of(asked.study, command.visit)
    reason = need_reason(command.reason, "a missed visit")
    if visit.kind is VisitKind.LOG:
        raise refuse("not-a-visit", f"{visit.name!r} keeps running logs and cannot be missed")
    need_open(asked, command.visit, "")
    if any(slot[0] == command.visit for slot in asked.person.values):
        raise refuse(
            "visit-has-data",
            f"visit {command.visit!r} of {asked.person.key} has saved values",
            "correct those first",
        )
    if command.visit in asked.person.missed:
        return ()
    return (asked.event("VisitMissed", {"visit": command.visit}, reason),)


def save_form(asked: Asked, command: SaveForm) -> tuple[NewEvent, ...]:
    """Save a form: entries checked, conflicts shown, corrections justified, doses guarded."""
    visit = visit_of(asked.study, command.visit)
    form = form_at(asked.study, visit, command.form)
    _check_row(form, command.row)
    need_open(asked, command.visit, command.form)
    _need_sequence(asked, visit, form, command.visit)
    saved = {
        name: saved_entry(asked, _item(asked, form, name), entry) for name, entry in command.values.items()
    }
    _need_identity(asked, saved)
    current = asked.person.form_values(command.visit, command.form, command.row)
    _need_unchanged(asked, command, saved, current)
    changed = {name: value for name, value in saved.items() if value != as_saved(current.get(name))}
    if any(name not in current for name in changed):
        _need_new_data_allowed(asked, form)
    _need_same_consent_date(asked, changed)
    deviations = numbered(asked.person, dose_rules(asked, visit, command, changed))
    slot = {"visit": command.visit, "form": command.form, "row": command.row}
    moves = infusion_moves(asked, command, changed)
    return (*_entered_and_corrected(asked, slot, saved, current, command.reason), *deviations, *moves)


def as_saved(value: SavedValue | None) -> Saved:
    """A saved value in the shape an entry is saved in; empty when there is none."""
    if value is None:
        return {}
    pairs = (("text", value.text), ("unit", value.unit), ("missing", value.missing))
    return {name: part for name, part in pairs if part is not None}


def _need_identity(asked: Asked, saved: Mapping[str, Saved]) -> None:
    names = [name for name, entry in saved.items() if "text" in entry and asked.study.items[name].identifying]
    if asked.person.erased and names:
        raise refuse(
            "identity-erased",
            f"{asked.person.key}'s identity was erased: {', '.join(names)} cannot be saved any more",
            "leave identifying items alone",
        )


def _item(asked: Asked, form: Form, name: str) -> Any:
    if name not in form.items:
        raise refuse(
            "item-not-on-form", f"form {form.name!r} has no item {name!r}", f"it has {', '.join(form.items)}"
        )
    return asked.study.items[name]


def _check_row(form: Form, row: int) -> None:
    if form.repeating and row < 1:
        raise refuse(
            "wrong-row", f"form {form.name!r} repeats: its rows count from 1, not {row}", "give the row"
        )
    if not form.repeating and row != 0:
        raise refuse(
            "wrong-row", f"form {form.name!r} does not repeat: its row is 0, not {row}", "leave the row out"
        )


def _need_sequence(asked: Asked, visit: Visit, form: Form, name: str) -> None:
    """Consent first, then the visit, then its forms; dose and follow-up forms only once enrolled."""
    if form.before_consent:
        return
    person = asked.person
    need_consent(asked, f"form {form.name!r}", person.visits.get(name))
    if visit.kind in _AFTER_ENROLMENT and not person.enrolled:
        raise refuse(
            "not-enrolled", f"{person.key} is not enrolled: no form {form.name!r} at {name!r}", "enrol first"
        )
    if visit.kind is VisitKind.LOG or form.name in _forms_at_the_end(asked):
        return
    if name not in person.visits:
        missed = f" (recorded as missed: {person.missed[name]})" if name in person.missed else ""
        raise refuse(
            "visit-not-recorded",
            f"visit {name!r} of {person.key} has no date{missed}",
            "record the visit's date first",
        )


def _need_new_data_allowed(asked: Asked, form: Form) -> None:
    if form.name in _forms_at_the_end(asked):
        return
    need_not_withdrawn(asked, f"new data on form {form.name!r}")
    if asked.person.end_cause == "screen_failure":
        raise refuse(
            "screen-failure",
            f"{asked.person.key} failed screening on {asked.person.ended_on}: no new data on form {form.name!r}",
            "values saved before may be corrected; for a new screening register a new candidate",
        )


def _need_unchanged(
    asked: Asked, command: SaveForm, saved: Mapping[str, Saved], current: Mapping[str, SavedValue]
) -> None:
    """Nothing on this form may have changed since the person looked, unless both mean the same."""
    seen = command.expected_version
    conflicts: list[FieldConflict] = []
    for name, value in current.items():
        mine = saved.get(name)
        same = mine is not None and mine == as_saved(value)
        unseen = value.version > seen if seen is not None else mine is not None
        if unseen and not same:
            shown = _shown(mine) if mine is not None else ""
            conflicts.append(FieldConflict(name, _shown(as_saved(value)), value.by, value.at, shown))
    if not conflicts:
        return
    listed = "; ".join(f"{one.item}: {one.theirs} by {one.by} at {one.at}" for one in conflicts)
    since = (
        f"since version {seen}"
        if seen is not None
        else "which this change has not seen (no expected version given)"
    )
    raise refuse(
        "conflict",
        f"form {command.form!r} of {asked.person.key} at {command.visit!r} holds values saved {since}: {listed}",
        "look at each, decide, and save again with the present version",
        tuple(conflicts),
    )


def _shown(saved: Saved) -> str:
    if "missing" in saved:
        return f"missing ({saved['missing']})"
    return " ".join(part for part in (saved.get("text"), saved.get("unit")) if part) or "empty"


def _need_same_consent_date(asked: Asked, changed: Mapping[str, Saved]) -> None:
    consent = asked.person.consent
    entry = changed.get("consent_date")
    if entry is not None and consent is not None and entry.get("text") != consent.signed_on.isoformat():
        raise refuse(
            "consent-date-differs",
            f"the recorded consent was signed on {consent.signed_on}, not {entry.get('text')}",
            "correct the consent itself (RecordConsent with a reason)",
        )


def remove_row(asked: Asked, command: RemoveRow) -> tuple[NewEvent, ...]:
    """Take back a row that was entered by mistake."""
    visit = visit_of(asked.study, command.visit)
    form = form_at(asked.study, visit, command.form)
    _check_row(form, command.row)
    need_open(asked, command.visit, command.form)
    reason = need_reason(command.reason, "taking back a row")
    if not form.repeating:
        raise refuse("wrong-row", f"form {form.name!r} does not repeat", "correct its values one by one")
    if not asked.person.form_values(command.visit, command.form, command.row):
        raise refuse("no-such-row", f"form {form.name!r} of {asked.person.key} has no row {command.row}")
    data = {"visit": command.visit, "form": command.form, "row": command.row}
    return (asked.event("RowRemoved", data, reason), *row_removed_moves(asked, command))


def consent_form(asked: Asked, command: RecordConsent) -> tuple[NewEvent, ...]:
    """What a recorded consent answers of the consent form, so that nobody types it twice."""
    answers = {
        "consent_date": command.signed_on.isoformat(),
        "consent_version": command.version,
        "capacity": "true" if command.capacity else "false",
        "consent_signed": "true",
        "consent_language": command.language,
        "explained_by": command.explained_by,
    }
    if (command.version, command.language) in asked.state.site.approved:
        answers["consent_version_approved"] = "true"
    items = {name: text for name, text in answers.items() if name in asked.study.items}
    forms = {form.name: form for name in items if (form := asked.study.form_of(name)) is not None}
    screening = next((v.name for v in asked.study.visits.values() if v.kind is VisitKind.SCREENING), None)
    events: list[NewEvent] = []
    for form in forms.values():
        if screening is None or form.repeating or form.name not in asked.study.visits[screening].forms:
            continue
        mine = {name: Entry(text) for name, text in items.items() if name in form.items}
        saved = {name: saved_entry(asked, asked.study.items[name], entry) for name, entry in mine.items()}
        current = asked.person.form_values(screening, form.name, 0)
        slot = {"visit": screening, "form": form.name, "row": 0}
        events += _entered_and_corrected(asked, slot, saved, current, command.reason)
    return tuple(events)


def _entered_and_corrected(
    asked: Asked,
    slot: Mapping[str, Any],
    saved: Mapping[str, Saved],
    current: Mapping[str, SavedValue],
    reason: str,
) -> list[NewEvent]:
    """The events that bring the saved values of a form to what is asked; none where nothing differs."""
    changed = {name: value for name, value in saved.items() if value != as_saved(current.get(name))}
    entered = {name: value for name, value in changed.items() if name not in current}
    corrected = {name: value for name, value in changed.items() if name in current}
    events: list[NewEvent] = []
    if corrected:
        why = need_reason(reason, f"changing {', '.join(corrected)}")
        was = {name: as_saved(current[name]) for name in corrected}
        events.append(asked.event("ItemsCorrected", {**slot, "items": corrected, "was": was}, why))
    if entered:
        events.append(asked.event("ItemsEntered", {**slot, "items": entered}, reason))
    return events
