"""Source verification: what is to be compared with its source, how far that is, and what a change undid."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.app.roster import participants_in_scope
from trialrun.app.work import label_of
from trialrun.ledger.commands import Actor, VerifySource
from trialrun.ledger.content import in_scope
from trialrun.ledger.events import Event
from trialrun.ledger.state import Mark, ParticipantState, SavedValue, Slot
from trialrun.study.kept import Kept
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

PLANS = ("all", "critical", "sample")


@dataclass(frozen=True, slots=True)
class SamplingPlan:
    """What the study's monitoring plan asks to be verified (`settings.source_verification`).

    `kind` is `all` (every item of everybody), `critical` (the critical items of everybody) or `sample`
    (every item of each `every`-th registered participant, the critical items of the others).
    """

    kind: str
    every: int
    critical: frozenset[str]

    def wants(self, item: str, order: int) -> bool:
        """Whether an item of the `order`-th registered participant (from 0) is to be verified."""
        if self.kind == "all" or item in self.critical:
            return True
        return self.kind == "sample" and order % self.every == 0


def _plan(study: Study) -> SamplingPlan:
    given: Any = study.settings.get("source_verification", {})
    kind = str(given.get("plan", "all"))
    every = int(given.get("every", 5))
    items = given.get("items")
    critical = frozenset(str(name) for name in items) if items else _critical(study)
    return SamplingPlan(kind if kind in PLANS else "all", max(every, 1), critical)


def _critical(study: Study) -> frozenset[str]:
    """What eligibility, endpoints, dose and safety rest on, where the study does not list its critical items."""
    from trialrun.study.aggregate import items_behind
    from trialrun.study.program import study_program

    program = study_program(study)
    waiting = [name for criterion in study.criteria for name in program.uses(criterion)]
    waiting += [endpoint.variable for endpoint in study.endpoints.values()]
    waiting += [str(study.settings.get("dose_item", "dose_given")), "ae_serious", "ae_term", "consent_date"]
    found: set[str] = set()
    seen: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name in seen:
            continue
        seen.add(name)
        if name in study.items:
            found.add(name)
        elif name in study.derived and study.derived[name].over is not None:
            found.update(items_behind(study, name))
        elif name in study.derived:
            waiting.extend(program.uses(name))
    return frozenset(found)


_PLANS = Kept(_plan)


def sampling_plan(study: Study) -> SamplingPlan:
    """The plan of a study."""
    return _PLANS.of(study)


# --- where each value stands -------------------------------------------------------------------


def mark_of(person: ParticipantState, slot: Slot) -> Mark | None:
    """The last verification that covers a value: a valid one where there is one, else one that was lost."""
    covering = [
        mark for mark in person.verifications if in_scope(slot, mark.visit, mark.form, mark.row, mark.item)
    ]
    valid = [mark for mark in covering if mark.valid]
    return (valid or covering or [None])[-1]


def status_of(person: ParticipantState, slot: Slot) -> str:
    """`verified`, `lost` (verified once, changed since) or `open`."""
    mark = mark_of(person, slot)
    if mark is None:
        return "open"
    return "verified" if mark.valid else "lost"


@dataclass(frozen=True, slots=True)
class Progress:
    """How many of the values to be verified are."""

    wanted: int = 0
    verified: int = 0
    lost: int = 0

    def __add__(self, other: Progress) -> Progress:
        return Progress(self.wanted + other.wanted, self.verified + other.verified, self.lost + other.lost)


@dataclass(frozen=True, slots=True)
class FormProgress:
    """A form (row) that holds values to be verified."""

    visit: str
    form: str
    row: int
    progress: Progress


@dataclass(frozen=True, slots=True)
class PersonProgress:
    """How far one participant's verification is; `whole` says that all items are wanted."""

    key: str
    label: str
    site: str
    whole: bool
    progress: Progress


def _statuses(person: ParticipantState) -> dict[Slot, str]:
    """The status of every value, found in one pass over the marks."""
    by_slot: dict[Slot, bool] = {}
    by_form: dict[tuple[str, str, int], bool] = {}
    for mark in person.verifications:
        if mark.item:
            slot = (mark.visit, mark.form, mark.row, mark.item)
            by_slot[slot] = by_slot.get(slot, False) or mark.valid
        else:
            form = (mark.visit, mark.form, mark.row)
            by_form[form] = by_form.get(form, False) or mark.valid
    found: dict[Slot, str] = {}
    for slot in person.values:
        marks = [held for held in (by_slot.get(slot), by_form.get(slot[:3])) if held is not None]
        found[slot] = "open" if not marks else "verified" if any(marks) else "lost"
    return found


def form_progress(study: Study, person: ParticipantState, order: int) -> tuple[FormProgress, ...]:
    """The forms of a participant with what is to be verified on them, in the order of the schedule."""
    plan = sampling_plan(study)
    counts: dict[tuple[str, str, int], Progress] = {}
    for slot, status in _statuses(person).items():
        wanted = plan.wants(slot[3], order)
        if not wanted and status == "open":
            continue
        one = Progress(int(wanted), int(wanted and status == "verified"), int(status == "lost"))
        counts[slot[:3]] = counts.get(slot[:3], Progress()) + one
    visits, forms = list(study.visits), list(study.forms)

    def order_of(place: tuple[str, str, int]) -> tuple[Any, ...]:
        plain = place[0].partition("#")[0]
        return (
            visits.index(plain) if plain in visits else len(visits),
            place[0],
            forms.index(place[1]) if place[1] in forms else len(forms),
            place[2],
        )

    return tuple(FormProgress(*place, counts[place]) for place in sorted(counts, key=order_of))


def order_in(workspace: Workspace, key: str) -> int:
    """The place of a participant in the order of registration, from 0; the sample follows it."""
    return workspace.conduct.participants().index(key)


def progress(workspace: Workspace, actor: Actor) -> tuple[PersonProgress, ...]:
    """How far everybody's verification in scope is."""
    study, plan = workspace.study, sampling_plan(workspace.study)
    order = {key: number for number, key in enumerate(workspace.conduct.participants())}
    rows: list[PersonProgress] = []
    for person in participants_in_scope(workspace, actor):
        forms = form_progress(study, person, order[person.key])
        total = sum((one.progress for one in forms), Progress())
        whole = plan.kind == "all" or (plan.kind == "sample" and order[person.key] % plan.every == 0)
        rows.append(PersonProgress(person.key, label_of(person), person.site, whole, total))
    return tuple(rows)


@dataclass(frozen=True, slots=True)
class VerifiableValue:
    """A value of a form with where its verification stands."""

    item: str
    value: SavedValue
    wanted: bool
    status: str
    mark: Mark | None


def values_to_verify(
    study: Study, person: ParticipantState, visit: str, form: str, row: int, order: int
) -> tuple[VerifiableValue, ...]:
    """The saved values of a form in the form's order."""
    plan, values = sampling_plan(study), person.form_values(visit, form, row)
    return tuple(
        VerifiableValue(
            item,
            values[item],
            plan.wants(item, order),
            status_of(person, (visit, form, row, item)),
            mark_of(person, (visit, form, row, item)),
        )
        for item in study.forms[form].items
        if item in values
    )


def verify_items(
    workspace: Workspace, actor: Actor, key: str, place: tuple[str, str, int], items: Iterable[str], seen: int
) -> int:
    """Verify several values of a form that are not verified yet; how many were.

    `seen` is the version of the participant's stream the monitor had before them: a value saved since is
    not taken as compared.
    Errors: `UserError` when one of the values changed meanwhile; `CommandRefusedError` for who may not.
    """
    from trialrun.app.language import gettext as _
    from trialrun.errors import ConflictError

    person = workspace.conduct.participant(key)
    chosen = list(dict.fromkeys(items))
    values = person.form_values(*place)
    changed = [item for item in chosen if item not in values or values[item].version > seen]
    if changed:
        labels = ", ".join(
            workspace.study.items[item].label for item in changed if item in workspace.study.items
        )
        raise ConflictError(
            _("changed while you looked: {items}; nothing was verified").format(items=labels),
            _("Compare these values again."),
        )
    done = 0
    for item in chosen:
        if status_of(person, (*place, item)) != "verified":
            workspace.do(VerifySource(key, *place, item), actor)
            done += 1
    return done


# --- lost verification -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class LostMark:
    """A verification that no longer holds: whose it was, and the change that undid it."""

    key: str
    label: str
    site: str
    mark: Mark
    lost: Event
    causes: tuple[Event, ...]


def lost_marks(workspace: Workspace, actor: Actor) -> tuple[LostMark, ...]:
    """Verifications in scope that a change undid and nobody has renewed, the latest first."""
    found = [
        lost
        for person in participants_in_scope(workspace, actor)
        if any(not mark.valid for mark in person.verifications)
        for lost in _lost_of(workspace, person)
    ]
    return tuple(sorted(found, key=lambda one: one.lost.position, reverse=True))


def _lost_of(workspace: Workspace, person: ParticipantState) -> Iterator[LostMark]:
    events = {event.hash: event for event in workspace.store.read(f"participant/{person.key}")}
    ends = {
        event.data["verified"]: event for event in events.values() if event.type == "VerificationInvalidated"
    }
    statuses = _statuses(person)
    last = {(mark.visit, mark.form, mark.row, mark.item): mark for mark in person.verifications}
    for mark in last.values():
        if mark.valid or mark.hash not in ends:
            continue
        waiting = [
            slot
            for slot, status in statuses.items()
            if status == "lost" and in_scope(slot, mark.visit, mark.form, mark.row, mark.item)
        ]
        if waiting:
            lost = ends[mark.hash]
            causes = tuple(events[cause] for cause in lost.data["causes"] if cause in events)
            yield LostMark(person.key, label_of(person), person.site, mark, lost, causes)
