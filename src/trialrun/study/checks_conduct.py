"""Whether the schedule can carry out what the criteria, outcomes and doses ask for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, timedelta

from trialrun.errors import ExpressionError
from trialrun.study.model import AttestedBy, DosePlan, Endpoint, ItemType, Place, Study, Visit, VisitKind
from trialrun.study.program import aggregate_symbols, study_program
from trialrun.study.references import ANCHORS, levels
from trialrun.study.schedule import due_visits
from trialrun.values.finding import Finding, Severity

_BEFORE_ENROLMENT = (VisitKind.SCREENING, VisitKind.LOG)
_MEASURED = (ItemType.NUMBER, ItemType.INTEGER)
_JUDGED = (AttestedBy.LABORATORY, AttestedBy.INVESTIGATOR, AttestedBy.PRINCIPAL_INVESTIGATOR)
# A day far from a month's end, so that a window's length is its usual one.
_ANY_DAY = date(2025, 1, 15)


def _error(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.ERROR, code, message, str(place), remedy)


def _warn(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.WARNING, code, message, str(place), remedy)


def check_reachable(study: Study) -> Iterator[Finding]:
    """Criteria that can never be decided from what screening (and the running logs) collect."""
    try:
        program = study_program(study)
    except ExpressionError:
        return
    collected = items_at(study, *_BEFORE_ENROLMENT)
    made = aggregate_symbols(study)
    for criterion in study.criteria.values():
        lacking = [
            name
            for name in program.uses(criterion.id)
            if name not in made and name not in collected and name in study.items
        ]
        lacking += _rows_lacking(study, program.uses(criterion.id), collected)
        if lacking:
            yield _error(
                criterion.place,
                "undecidable-criterion",
                f"criteria.{criterion.id} needs {', '.join(dict.fromkeys(lacking))}, which no form at screening asks",
                "put the form on the screening visit",
            )


def _rows_lacking(study: Study, used: tuple[str, ...], collected: set[str]) -> list[str]:
    """Forms and lists behind values made of rows that nobody fills in before enrolment."""
    lacking: list[str] = []
    for name in used:
        derived = study.derived.get(name)
        if derived is None or derived.over is None:
            continue
        form = study.forms[derived.over]
        if not set(form.items) & collected:
            lacking.append(f"the form {form.name}")
        if derived.complete is not None and derived.complete not in collected:
            lacking.append(derived.complete)
    return lacking


def items_at(study: Study, *kinds: VisitKind) -> set[str]:
    """The items asked at visits of these kinds."""
    return {
        item
        for visit in study.visits.values()
        if visit.kind in kinds
        for form in visit.forms
        for item in study.forms[form].items
    }


def check_windows(study: Study) -> Iterator[Finding]:
    """Visits of one kind whose windows overlap: a day in both belongs to the nearer target, silently."""
    anchors: dict[str, date] = dict.fromkeys(ANCHORS, _ANY_DAY)
    dues = due_visits(study, anchors)
    for index, first in enumerate(dues):
        for second in dues[index + 1 :]:
            one, other = study.visits[first.visit], study.visits[second.visit]
            if one.anchor == other.anchor and _same_use(one, other) and first.last >= second.first:
                days = (first.last - second.first).days + 1
                yield _warn(
                    other.place,
                    "windows-overlap",
                    f"the windows of {one.name!r} and {other.name!r} share {days} "
                    f"{'day' if days == 1 else 'days'}; a contact there counts for the nearer target",
                    "narrow one of the windows",
                )


def _same_use(one: Visit, other: Visit) -> bool:
    return one.kind is other.kind


def check_dose_plans(study: Study) -> Iterator[Finding]:
    """The sum of the doses against the total, and the last dose day against the limit."""
    for plan in study.dose_plans:
        yield from _sum(plan)
        yield from _days(study, plan)
        yield from _dose_forms(study, plan)


def _sum(plan: DosePlan) -> Iterator[Finding]:
    planned = sum(dose.amount for dose in plan.doses)
    if planned != plan.total:
        yield _error(
            plan.place,
            "dose-sum",
            f"the doses of {plan.arm} sum to {planned} {plan.unit}, the total is {plan.total} {plan.unit}",
            "correct the amounts or the total",
        )


def _days(study: Study, plan: DosePlan) -> Iterator[Finding]:
    windows = {due.visit: due for due in due_visits(study, {"first_dose": _ANY_DAY})}
    limit = _ANY_DAY + timedelta(days=plan.within_days)
    for dose in plan.doses:
        due = windows.get(dose.visit)
        if due is None:
            yield _error(
                plan.place,
                "dose-unplanned",
                f"the dose at {dose.visit!r} has no planned day",
                "anchor it to first_dose",
            )
        elif due.last > limit:
            days = (due.last - _ANY_DAY).days
            yield _error(
                plan.place,
                "dose-late",
                f"{dose.visit!r} may be as late as day {days} after the first dose, the limit is {plan.within_days}",
                "move the visit or close its window earlier",
            )


def _dose_forms(study: Study, plan: DosePlan) -> Iterator[Finding]:
    for dose in plan.doses:
        visit = study.visits[dose.visit]
        if visit.kind is not VisitKind.DOSE:
            yield _warn(
                visit.place,
                "dose-visit-kind",
                f"{visit.name!r} has a dose but is a {visit.kind} visit",
                "kind: dose",
            )


def check_endpoints(study: Study) -> Iterator[Finding]:
    """Outcomes whose variable is not measured at the visits they name, and levels nobody stands for."""
    try:
        program = study_program(study)
    except ExpressionError:
        program = None
    once = {name for name in study.items if (form := study.form_of(name)) is None or not form.repeating}
    for endpoint in study.endpoints.values():
        inputs = (
            program.uses(endpoint.variable)
            if program is not None and endpoint.variable in study.derived
            else (endpoint.variable,)
        )
        fixed = items_at(study, VisitKind.SCREENING)
        for visit in (*endpoint.visits, *endpoint.baseline_visits):
            asked = {item for form in study.visits[visit].forms for item in study.forms[form].items}
            lacking = [
                name
                for name in inputs
                if name in once and name not in asked and not _asked_once(study, name, fixed)
            ]
            if lacking:
                yield _error(
                    endpoint.place,
                    "no-assessment",
                    f"endpoints.{endpoint.name} is measured at {visit!r}, where {', '.join(lacking)} is not asked",
                    "add the form to the visit",
                )
        if not endpoint.visits:
            yield _error(
                endpoint.place, "no-visit", f"endpoints.{endpoint.name} names no visit", "add visits:"
            )
        yield from _levels(endpoint)


def _asked_once(study: Study, name: str, fixed: set[str]) -> bool:
    """Whether an item does not change (birth date, sex): asked at screening and at no later visit.

    What is measured or judged can change, so it has to be asked again.
    """
    item, form = study.items[name], study.form_of(name)
    if item.type in _MEASURED or item.attested_by in _JUDGED:
        return False
    later = [
        visit
        for visit in study.visits.values()
        if form is not None and form.name in visit.forms and visit.kind is not VisitKind.SCREENING
    ]
    return name in fixed and not later


def _levels(endpoint: Endpoint) -> Iterator[Finding]:
    for name, stated in levels(endpoint):
        if not stated.stated and stated.assumption is None:
            yield _warn(
                endpoint.place,
                "level-unexplained",
                f"endpoints.{endpoint.name}.{name} ({stated.value}) is not stated and names no assumption",
                "name the assumption it rests on",
            )
