"""What happens to treatment and care in the course: a product stopped, albumin, a vitamin K antagonist, alcohol."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from typing import NamedTuple

from trialrun.derive.answers import VisitAnswers
from trialrun.derive.names import local_name
from trialrun.derive.windows import visit_window
from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import DosePlan, Study

STOPPED = ("stopped", "withdrawn", "discontinued")
# What a name says where the study has no class of medication. Paclitaxel bound to albumin is no albumin.
_NAMES: Mapping[str, tuple[str, ...]] = {
    "albumin": ("albumin",),
    "vitamin_k_antagonist": ("warfarin", "acenocoumarol", "phenprocoumon", "fluindione"),
}
_NOT = ("paclitaxel", "nab-")


class Happening(NamedTuple):
    """One event and the answer that shows it; `on` is the last day it can have happened, `None` unknown."""

    kind: str
    on: date | None
    note: str
    row: Row


def from_medication(study: Study, visits: Sequence[VisitAnswers], first_dose: date) -> Iterator[Happening]:
    """Albumin and vitamin K antagonists given on or after the first dose, those running at it included.

    A course whose last day is not known is taken to go on: a flag too many is seen, one too few is not.
    """
    form = local_name(study, "medication")
    for visit in visits:
        for line in visit.repeated.get(form, ()):
            found = _named(study, line)
            if found is None:
                continue
            kind, row = found
            ended = _day(line, local_name(study, "medication_end"), "date_high")
            if ended is not None and ended < first_dose:
                continue
            begun = _day(line, local_name(study, "medication_start"), "date_high")
            name = _text(line, local_name(study, "medication_name")) or str(row["text"] or kind)
            if begun is not None and begun < first_dose:
                yield Happening(kind, first_dose, f"{name}, running at the first dose", row)
            else:
                yield Happening(kind, begun, name, row)


def _named(study: Study, line: Mapping[str, Row]) -> tuple[str, Row] | None:
    given = line.get(local_name(study, "medication_class"))
    if given is not None and given["code"]:
        return (str(given["code"]), given) if given["code"] in _NAMES else None
    named = line.get(local_name(study, "medication_name"))
    words = str(named["text"] or "").lower() if named is not None else ""
    if named is None or any(word in words for word in _NOT):
        return None
    kind = next((kind for kind, names in _NAMES.items() if any(name in words for name in names)), None)
    return (kind, named) if kind is not None else None


def from_answers(study: Study, visits: Sequence[VisitAnswers]) -> Iterator[Happening]:
    """A yes to a question of a visit: drinking again, dialysis in the week before the sample."""
    asked = {kind: local_name(study, kind) for kind in ("alcohol_relapse", "dialysis")}
    for visit in visits:
        for kind, name in asked.items():
            row = visit.single.get(name)
            if row is not None and row["missing_reason"] is None and row["code"] == "true":
                label = study.items[name].label if name in study.items else name
                yield Happening(kind, visit.on, label, row)


def from_doses(
    snapshot: Snapshot, study: Study, visits: Sequence[VisitAnswers], person: Row, plan: DosePlan | None
) -> Iterator[Happening]:
    """The product stopped for good after an adverse event, or a dose that was due and was not given."""
    action = local_name(study, "ae_action")
    for visit in visits:
        for line in visit.repeated.get(local_name(study, "adverse_event"), ()):
            row = line.get(action)
            if row is not None and (row["code"] or "") in STOPPED:
                term = _text(line, local_name(study, "ae_term")) or "adverse event"
                on = _day(line, local_name(study, "ae_start"), "date_high")
                yield Happening("dose_stopped", on, f"stopped after {term}", row)
    if plan is not None:
        yield from _not_given(snapshot, study, visits, person, plan)


def _not_given(
    snapshot: Snapshot, study: Study, visits: Sequence[VisitAnswers], person: Row, plan: DosePlan
) -> Iterator[Happening]:
    given = local_name(study, "dose_given")
    at = {visit.visit: visit for visit in visits}
    cut_on = date.fromisoformat(snapshot.manifest.origin.created_at[:10])
    recorded = {row["visit"]: row for row in snapshot.visits_of.get(person["participant"], ())}
    for dose in plan.doses:
        window = visit_window(study, dose.visit, {"first_dose": person["first_dose_on"]})
        if window is None:
            continue
        row = at[dose.visit].single.get(given) if dose.visit in at else None
        title = study.visits[dose.visit].title
        if row is not None and (row["missing_reason"] is not None or row["number_in_item_unit"] == 0):
            on = at[dose.visit].on or window.target
            yield Happening("dose_stopped", on, f"{title}: no dose given", row)
        elif row is None and _was_due(window.last, window.target, person, cut_on):
            visit = recorded.get(dose.visit)
            yield Happening("dose_stopped", window.target, f"{title}: no dose given", visit or {})


def _was_due(last: date, target: date, person: Row, cut_on: date) -> bool:
    ended = person["ended_on"]
    return last < cut_on and (ended is None or target <= ended)


def _day(line: Mapping[str, Row], name: str, end: str) -> date | None:
    row = line.get(name)
    return row[end] if row is not None and row["missing_reason"] is None else None


def _text(line: Mapping[str, Row], name: str) -> str:
    row = line.get(name)
    return str(row["text"] or "") if row is not None else ""


def happenings(
    snapshot: Snapshot, study: Study, visits: Sequence[VisitAnswers], person: Row, plan: DosePlan | None
) -> Iterable[Happening]:
    """Everything of this kind that happened to one treated participant, in no order."""
    return (
        *from_medication(study, visits, person["first_dose_on"]),
        *from_answers(study, visits),
        *from_doses(snapshot, study, visits, person, plan),
    )
