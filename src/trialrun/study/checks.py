"""What does not fit together in a study that loads: findings, never exceptions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from trialrun.errors import ExpressionError
from trialrun.study.checks_conduct import check_dose_plans, check_endpoints, check_reachable, check_windows
from trialrun.study.checks_record import check_record
from trialrun.study.event_time_checks import check_event_times
from trialrun.study.model import Item, ItemType, Place, Study
from trialrun.study.plan_checks import check_plan
from trialrun.study.rules import check_rules, names_used
from trialrun.study.traceability import check_traceability
from trialrun.values.finding import Finding, Severity

_NUMBERS = (ItemType.NUMBER, ItemType.INTEGER)
_CODED = (ItemType.NUMBER, ItemType.CHOICE)


def check_study(study: Study) -> list[Finding]:
    """Everything `trialrun check` reports, in the order of the definition; errors first within a check.

    Errors stop a study from going live, warnings ask for a look, notes are for reading: open
    assumptions among them. Raises nothing.
    """
    checks: tuple[Callable[[Study], Iterator[Finding]], ...] = (
        _rules,
        check_record,
        check_traceability,
        _items,
        _used,
        _forms,
        check_reachable,
        check_windows,
        check_dose_plans,
        check_endpoints,
        check_event_times,
        check_plan,
        _consents,
        _assumptions,
    )
    return [finding for check in checks for finding in check(study)]


def _rules(study: Study) -> Iterator[Finding]:
    yield from check_rules(study)


def _warn(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.WARNING, code, message, str(place), remedy)


def _note(place: Place, code: str, message: str, remedy: str = "") -> Finding:
    return Finding(Severity.NOTE, code, message, str(place), remedy)


def _items(study: Study) -> Iterator[Finding]:
    for item in study.items.values():
        if item.type in _NUMBERS and not item.unit:
            yield _warn(
                item.place,
                "no-unit",
                f"the number {item.name!r} has no unit",
                "add unit: (UCUM; {score} or 1 for a plain number)",
            )
        if item.unit:
            yield from _unit(item)
        if _wants_coding(study, item):
            yield _note(
                item.place,
                "no-coding",
                f"{item.name!r} has no coding",
                "add codings: [LOINC:...] so that other systems can tell what it is",
            )


def _unit(item: Item) -> Iterator[Finding]:
    from trialrun.errors import UnitError
    from trialrun.values.units import check_unit, same_dimension

    for unit in item.units:
        try:
            check_unit(unit)
            fits = same_dimension(unit, item.unit or "1", item.analyte)
        except UnitError as error:
            yield Finding(
                Severity.ERROR, "bad-unit", f"{item.name!r}: {error.message}", str(item.place), error.remedy
            )
            continue
        if not fits:
            yield Finding(
                Severity.ERROR,
                "unit-dimension",
                f"{item.name!r} may be entered in {unit}, which cannot be turned into {item.unit}",
                str(item.place),
                "remove it, or name the analyte",
            )


def _wants_coding(study: Study, item: Item) -> bool:
    """Measurements are coded: numbers with a physical unit, and laboratory choices; not what only steers a form."""
    if item.codings or item.type not in _CODED:
        return False
    if item.type is ItemType.CHOICE:
        return item.attested_by is not None and item.attested_by.value == "laboratory"
    form = study.form_of(item.name)
    return (
        bool(item.unit) and not (item.unit or "").startswith("{") and form is not None and not form.repeating
    )


def _used(study: Study) -> Iterator[Finding]:
    """Items on no form, and items that nothing needs: what is asked must have a reason."""
    asked = {name for form in study.forms.values() for name in form.items}
    needed = names_needed(study)
    for item in study.items.values():
        if item.name not in asked:
            yield _warn(
                item.place,
                "unused-item",
                f"the item {item.name!r} is on no form",
                "put it on a form or remove it",
            )
        elif item.name not in needed and not (item.record or item.note or item.identifying):
            yield _warn(
                item.place,
                "item-without-purpose",
                f"the item {item.name!r} is asked, but no rule, outcome or sentence of the record needs it",
                "remove it, or say in note: why it is asked",
            )


def names_needed(study: Study) -> set[str]:
    """The names some rule, outcome or list needs."""
    needed: set[str] = set()
    texts = [criterion.expression for criterion in study.criteria.values()]
    texts += [check.expression for form in study.forms.values() for check in form.checks]
    texts += [item.only_if for item in study.items.values() if item.only_if]
    for derived in study.derived.values():
        parts = (
            derived.expression,
            derived.where,
            derived.value,
            derived.since,
            derived.until,
            derived.low,
            derived.high,
        )
        texts += [part for part in parts if part]
        needed.update(
            name for name in (derived.complete, derived.starts, derived.ends, derived.ongoing) if name
        )
        needed.update(_score_inputs(derived.score, derived.inputs) if derived.score else ())
    for text in texts:
        try:
            needed |= names_used(text)
        except ExpressionError:
            continue
    needed |= {endpoint.variable for endpoint in study.endpoints.values()}
    needed |= {
        name for one in study.endpoints.values() if one.time_to_event for name in one.time_to_event.items
    }
    return needed


def _score_inputs(score: str, renamed: Mapping[str, str]) -> set[str]:
    from trialrun.errors import ScoreError
    from trialrun.scores.load import score as load_score

    try:
        inputs = load_score(score).inputs
    except ScoreError:
        return set(renamed.values())
    return {renamed.get(each.name, each.name) for each in inputs}


def _forms(study: Study) -> Iterator[Finding]:
    shown = {name for visit in study.visits.values() for name in visit.forms}
    for form in study.forms.values():
        if form.name not in shown:
            yield _warn(
                form.place,
                "unreachable-form",
                f"the form {form.name!r} is at no visit",
                "add it to a visit or remove it",
            )
        if not form.items:
            yield _warn(
                form.place, "empty-form", f"the form {form.name!r} asks nothing", "add items or remove it"
            )


def _consents(study: Study) -> Iterator[Finding]:
    if not study.consents:
        yield Finding(
            Severity.WARNING,
            "no-consent-text",
            "the folder has no consent text, so nobody can sign one",
            "consent/",
            "add consent/en-1.md",
        )
    for text in study.consents:
        if "[" in text.text:
            yield Finding(
                Severity.NOTE,
                "consent-open",
                f"the consent text {text.language}-{text.version} has parts in [square brackets] to be filled in",
                f"consent/{text.language}-{text.version}.md",
                "fill them in before anybody signs",
            )


def _assumptions(study: Study) -> Iterator[Finding]:
    for assumption in study.assumptions.values():
        if assumption.confirmed is None:
            yield _note(
                assumption.place,
                "open-assumption",
                f"{assumption.id}: {assumption.about} Default: {assumption.default}",
                f"to be confirmed by: {assumption.confirm_by}",
            )
