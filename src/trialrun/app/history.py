"""History: every entry of one value, why a derived value changed, and the casebook as of a past moment."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from trialrun.app.event_words import Words, short_number
from trialrun.app.language import gettext as _
from trialrun.app.visits import visit_title
from trialrun.errors import UserError
from trialrun.ledger.content import in_scope
from trialrun.ledger.events import Event
from trialrun.ledger.past import Past
from trialrun.ledger.rows import home_visit, plain_visit
from trialrun.ledger.rules import rules_of
from trialrun.ledger.state import DerivedValue, ParticipantState, SavedValue, Slot
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

SYSTEM_EVENTS = frozenset(
    {"ValuesDerived", "VerificationInvalidated", "SignatureInvalidated", "CodeInvalidated"}
)


@dataclass(frozen=True, slots=True)
class HistoryStep:
    """One thing that happened to a value.

    `kind` is `entered`, `corrected`, `taken_back`, `row_removed`, `query`, `verified`, `verification_lost`,
    `signature_lost`, `code` or `code_lost`. `old` and `new` are filled where the value itself changed;
    `follows` are the derived values computed because of it.
    """

    kind: str
    event: Event
    text: str
    old: str = ""
    new: str = ""
    follows: tuple[tuple[str, str, str, str], ...] = ()  # visit, derived name, old, new


@dataclass(frozen=True, slots=True)
class DerivedStep:
    """One change of a derived value: what it was, what it is, and the changed inputs behind it."""

    event: Event
    old: str
    new: str
    because: tuple[tuple[Event, str], ...]


def _events(workspace: Workspace, key: str) -> list[Event]:
    return list(workspace.store.read(f"participant/{key}"))


def value_history(words: Words, person: ParticipantState, slot: Slot) -> tuple[HistoryStep, ...]:
    """Everything that happened to one value, a row since taken back included, the first first."""
    events = _events(words.workspace, person.key)
    follows = _derived_because(words, events)
    steps: list[HistoryStep] = []
    there, last = False, ""
    for event in events:
        step = _value_step(words, person.key, event, slot, there=there)
        if step is None:
            step = _mark_step(words, event, slot, there=there)
        if step is None:
            continue
        # A correction does not repeat an identifying value it replaced: it stands, sealed, in the entry before.
        old = step.old
        if step.kind in ("entered", "corrected", "taken_back", "row_removed"):
            old = old or last
            there, last = step.kind in ("entered", "corrected"), step.new
        steps.append(HistoryStep(step.kind, event, step.text, old, step.new, follows.get(event.hash, ())))
    return tuple(steps)


def _value_step(words: Words, key: str, event: Event, slot: Slot, *, there: bool) -> HistoryStep | None:
    data = event.data
    if event.type == "RowRemoved":
        if there and (data["visit"], data["form"], data["row"]) == slot[:3]:
            return HistoryStep("row_removed", event, words.sentence(event))
        return None
    if event.type not in ("ItemsEntered", "ItemsCorrected"):
        return None
    if (data["visit"], data["form"], data["row"]) != slot[:3] or slot[3] not in data["items"]:
        return None
    entry = data["items"][slot[3]]
    old = (
        words.value(key, slot[3], data.get("was", {}).get(slot[3])) if event.type == "ItemsCorrected" else ""
    )
    if not entry:
        return HistoryStep("taken_back", event, _("the value was taken back"), old)
    kind = "corrected" if event.type == "ItemsCorrected" else "entered"
    return HistoryStep(kind, event, "", old, words.value(key, slot[3], entry))


_MARKS = {
    "SourceVerified": "verified",
    "VerificationInvalidated": "verification_lost",
    "SignatureInvalidated": "signature_lost",
    "TermCoded": "code",
    "CodeInvalidated": "code_lost",
}


def _mark_step(words: Words, event: Event, slot: Slot, *, there: bool) -> HistoryStep | None:
    data = event.data
    if event.type == "QueryOpened" and data["item"] == slot[3]:
        if (data["visit"], data["form"], data["row"]) == slot[:3]:
            return HistoryStep("query", event, words.sentence(event))
        return None
    kind = _MARKS.get(event.type)
    if kind is None or not there:
        return None
    if not in_scope(slot, data["visit"], data["form"], data["row"], data.get("item", "")):
        return None
    return HistoryStep(kind, event, words.sentence(event))


def _derived_because(
    words: Words, events: Iterable[Event]
) -> dict[str, tuple[tuple[str, str, str, str], ...]]:
    """For each causing entry: the derived values that changed because of it."""
    known: dict[tuple[str, str], str] = {}
    found: dict[str, list[tuple[str, str, str, str]]] = {}
    for event in events:
        if event.type != "ValuesDerived":
            continue
        for name, value in event.data["values"].items():
            place = (event.data["visit"], name)
            old, new = known.get(place, ""), derived_words(words, value)
            known[place] = new
            for cause in event.data["causes"]:
                found.setdefault(cause, []).append((*place, old, new))
    return {cause: tuple(changed) for cause, changed in found.items()}


def derived_words(words: Words, value: Mapping[str, Any] | DerivedValue) -> str:
    """A derived value as text, or unknown and what is missing."""
    if isinstance(value, DerivedValue):
        text, missing = value.text, value.unknown_because
    else:
        text, missing = value.get("text"), tuple(value.get("unknown_because", ()))
    if text is not None:
        return {"true": _("yes"), "false": _("no")}.get(text, short_number(text))
    names = ", ".join(words.item(name) for name in missing)
    return _("unknown (missing: {names})").format(names=names) if names else _("unknown")


def derived_history(words: Words, person: ParticipantState, visit: str, name: str) -> tuple[DerivedStep, ...]:
    """Every change of a derived value with the entries that caused it and which of its inputs they changed."""
    events = _events(words.workspace, person.key)
    by_hash = {event.hash: event for event in events}
    study, steps, old = words.study, list[DerivedStep](), ""
    for event in events:
        if event.type != "ValuesDerived" or event.data["visit"] != visit or name not in event.data["values"]:
            continue
        new = derived_words(words, event.data["values"][name])
        causes = [by_hash[cause] for cause in event.data["causes"] if cause in by_hash]
        because = tuple((cause, _inputs_in(words, study, cause, visit, name)) for cause in causes)
        steps.append(DerivedStep(event, old, new, because))
        old = new
    return tuple(steps)


def _inputs_in(words: Words, study: Study, cause: Event, visit: str, name: str) -> str:
    """The values of a causing entry that the derived value rests on, in words."""
    if cause.type not in ("ItemsEntered", "ItemsCorrected"):
        return words.sentence(cause)
    rules = rules_of(study)
    home = home_visit(study, cause.data["form"])
    bears = cause.data["visit"] == visit or study.forms[cause.data["form"]].repeating
    bears = bears or (home is not None and home.name == plain_visit(cause.data["visit"]))
    rests = [one for one in words.changes(cause) if bears and name in rules.resting_on((one.item,))]
    if not rests:
        return words.sentence(cause)
    return "; ".join(
        _("{item} from {old} to {new}").format(item=one.label, old=one.old or _("nothing"), new=one.new)
        if cause.type == "ItemsCorrected"
        else f"{one.label}: {one.new}"
        for one in rests
    )


# --- the past ----------------------------------------------------------------------------------


def moment_of(workspace: Workspace, text: str) -> datetime:
    """A moment as written on a page, `2026-03-01T12:00`, in the study's time zone.

    Errors: `UserError` for anything else.
    """
    try:
        moment = datetime.fromisoformat(text)
        exact = moment if moment.tzinfo else moment.replace(tzinfo=workspace.zone)
        return exact.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise UserError(
            _("{text} is not a moment").format(text=repr(text)), _("Write it as 2026-03-01T12:00.")
        ) from error


def as_of(workspace: Workspace, moment: datetime) -> Past:
    """Everything as it stood at a moment: reads like the conduct, and changes nothing."""
    return workspace.conduct.as_of(workspace.store.position_at(moment))


@dataclass(frozen=True, slots=True)
class Difference:
    """What differs between two moments; `kind` is `value`, `derived`, `query`, `visit` or `mark`."""

    kind: str
    place: str
    what: str
    before: str
    after: str


def differences(words: Words, before: ParticipantState, after: ParticipantState) -> tuple[Difference, ...]:
    """What changed of a participant between two states, in the order of the schedule."""
    return (
        *_visit_differences(words, before, after),
        *_value_differences(words, before, after),
        *_derived_differences(words, before, after),
        *_query_differences(words, before, after),
        *_mark_differences(words, before, after),
    )


def _visit_differences(
    words: Words, before: ParticipantState, after: ParticipantState
) -> Iterable[Difference]:
    def shown(person: ParticipantState, visit: str) -> str:
        if visit in person.missed:
            return _("missed: {reason}").format(reason=person.missed[visit])
        return str(person.visits.get(visit, ""))

    names = before.visits.keys() | after.visits.keys() | before.missed.keys() | after.missed.keys()
    for visit in sorted(names, key=_schedule(words.study)):
        old, new = shown(before, visit), shown(after, visit)
        if old != new:
            yield Difference("visit", visit_title(words.study, visit), _("date of the visit"), old, new)


def _schedule(study: Study) -> Any:
    order = {name: number for number, name in enumerate(study.visits)}
    return lambda visit: (order.get(visit.partition("#")[0], len(order)), visit)


def saved_words(words: Words, name: str, value: SavedValue | None) -> str:
    """A saved value as its reader may see it."""
    if value is None:
        return ""
    item = words.study.items.get(name)
    if item is not None and item.identifying and not words.identity:
        return _("withheld")
    if value.missing == "erased":
        return _("erased")
    entry = {"text": value.text, "unit": value.unit, "missing": value.missing}
    return words.value("", name, {part: text for part, text in entry.items() if text is not None})


def _value_differences(
    words: Words, before: ParticipantState, after: ParticipantState
) -> Iterable[Difference]:
    by_visit = _schedule(words.study)
    slots = before.values.keys() | after.values.keys()
    for slot in sorted(slots, key=lambda slot: (by_visit(slot[0]), slot[1:])):
        old, new = before.values.get(slot), after.values.get(slot)
        if (old and old.hash) == (new and new.hash):
            continue
        shown = saved_words(words, slot[3], old), saved_words(words, slot[3], new)
        place = words.place({"visit": slot[0], "form": slot[1], "row": slot[2]})
        yield Difference("value", place, words.item(slot[3]), *shown)


def _derived_differences(
    words: Words, before: ParticipantState, after: ParticipantState
) -> Iterable[Difference]:
    by_visit = _schedule(words.study)
    for place in sorted(
        before.derived.keys() | after.derived.keys(), key=lambda one: (by_visit(one[0]), one[1])
    ):
        old, new = before.derived.get(place), after.derived.get(place)
        if old != new:
            shown = (derived_words(words, value) if value else "" for value in (old, new))
            yield Difference("derived", visit_title(words.study, place[0]), words.item(place[1]), *shown)


def _query_differences(
    words: Words, before: ParticipantState, after: ParticipantState
) -> Iterable[Difference]:
    for number, query in after.queries.items():
        old = before.queries.get(number)
        if old != query:
            place = words.place({"visit": query.visit, "form": query.form, "row": query.row})
            what = f"{number}: {query.message}"
            yield Difference("query", place, what, old.status if old else "", query.status)


def _mark_differences(
    words: Words, before: ParticipantState, after: ParticipantState
) -> Iterable[Difference]:
    for what, olds, news in (
        (_("signature by {who}"), before.signatures, after.signatures),
        (_("source verification by {who}"), before.verifications, after.verifications),
    ):
        known = {mark.hash: mark for mark in olds}
        for mark in news:
            old = known.get(mark.hash)
            if old != mark:
                place = words.place({"visit": mark.visit, "form": mark.form, "row": mark.row})
                place += f", {words.item(mark.item)}" if mark.item else ""
                yield Difference("mark", place, what.format(who=words.who(mark.by)), _held(old), _held(mark))


def _held(mark: Any) -> str:
    if mark is None:
        return ""
    return _("holds") if mark.valid else _("lost")
