"""The scores and other derived values that rest on a form's items, as they stand or would stand."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from trialrun.app.form_entry import FormPlace
from trialrun.app.language import gettext as _
from trialrun.ledger.rows import plain_visit, row_at, rows_by_form
from trialrun.ledger.rules import rules_of
from trialrun.ledger.state import DerivedValue, ParticipantState
from trialrun.study.kept import Kept
from trialrun.study.model import Derived, Study, VisitKind

_TOLD = ("_points", "_used")  # the other steps of a formula say nothing by themselves


@dataclass(frozen=True, slots=True)
class Part:
    """A component or band of a score."""

    name: str
    label: str
    text: str


@dataclass(frozen=True, slots=True)
class DerivedShown:
    """A derived value for the page.

    `text` is empty where it is unknown: then `because` names what is missing and `possible` what it can
    still be. `value` is the value itself as the ledger keeps it.
    """

    name: str
    label: str
    value: str | None
    text: str
    parts: tuple[Part, ...]
    because: tuple[str, ...]
    possible: str
    is_score: bool
    note: str


def derived_shown(study: Study, person: ParticipantState, place: FormPlace) -> tuple[DerivedShown, ...]:
    """The derived values that rest on a form, computed on the participant as given, at the form's visit.

    None for a running log: its rows bear on the values of visits, which show them.
    """
    visit = study.visits.get(plain_visit(place.visit))
    if visit is None or visit.kind is VisitKind.LOG:
        return ()
    rules = rules_of(study)
    owners = [name for name in rules.resting_on(study.forms[place.form].items) if name in study.derived]
    if not owners:
        return ()
    parts = {name: rules.parts_of(name) for name in owners}
    values = rules.derived_at(
        person, place.visit, (*owners, *(one for some in parts.values() for one in some))
    )
    ranges = _ranges(study, person, place, [name for name in owners if values[name].text is None])
    return tuple(_shown(study, name, parts[name], values, ranges) for name in owners)


def _shown(
    study: Study,
    name: str,
    names: Iterable[str],
    values: dict[str, DerivedValue],
    ranges: dict[str, str],
) -> DerivedShown:
    derived, value = study.derived[name], values[name]
    labels = part_labels(derived)
    parts = [
        Part(full, labels[full.removeprefix(f"{name}_")], value_words(values[full].text or ""))
        for full in names
        if full.removeprefix(f"{name}_") in labels and values[full].text is not None
    ]
    unit = derived.unit or ""
    return DerivedShown(
        name,
        derived.label,
        value.text,
        f"{value_words(value.text)} {unit}".strip() if value.text is not None else "",
        tuple(parts),
        tuple(label_of(study, missing) for missing in value.unknown_because),
        ranges.get(name, ""),
        derived.score is not None,
        derived.note,
    )


def part_labels(derived: Derived) -> dict[str, str]:
    """The components of a score that mean something to a physician, and its bands, with their words."""
    from trialrun.scores.load import score

    if derived.score is None:
        return {}
    found = score(derived.score)
    told = (name for name in found.components if name.endswith(_TOLD))
    parts = {name: name.replace("_", " ") for name in told}
    return parts | {band.name: band.label for band in found.bands}


def label_of(study: Study, name: str) -> str:
    """An item or derived value by its label."""
    known: Any = study.items.get(name) or study.derived.get(name)
    return known.label if known else name.replace("_", " ")


def value_words(text: str) -> str:
    """A derived value as people read it: two decimals at most, yes and no."""
    if text in ("true", "false"):
        return _("yes") if text == "true" else _("no")
    try:
        number = float(text)
    except ValueError:
        return text
    return text if number.is_integer() else f"{number:.2f}".rstrip("0").rstrip(".")


def _compile(study: Study) -> Any:
    """The bounds of every derived value that has them."""
    from trialrun.evaluate.rows import compile_program
    from trialrun.study.program import study_program

    program = compile_program(study_program(study))
    bounds = [
        name
        for name in program.outputs
        if name.endswith(("__low", "__high")) and name.rpartition("__")[0] in study.derived
    ]
    classes = [f"{name}_class" for name in study.derived if f"{name}_class" in program.outputs]
    return program.only((*bounds, *classes))


_BOUNDS = Kept(_compile)


def _ranges(study: Study, person: ParticipantState, place: FormPlace, names: Iterable[str]) -> dict[str, str]:
    """What the unknown ones of these values can still be; nothing where that says nothing."""
    from trialrun.study.aggregate import aggregate

    wanted = list(names)
    if not wanted:
        return {}
    row = row_at(study, person, place.visit)
    made = aggregate(study, row, rows_by_form(study, person))
    full = {**row, **made.values}
    found = {**full, **_BOUNDS.of(study)(full)}
    out: dict[str, str] = {}
    for name in wanted:
        low, high = found.get(f"{name}__low"), found.get(f"{name}__high")
        band = found.get(f"{name}_class")
        if said := _range_words(low, high, str(band) if band else ""):
            out[name] = said
    return out


def _range_words(low: Any, high: Any, band: str) -> str:
    if not isinstance(low, (int, float)) or isinstance(low, bool):
        low = None
    if not isinstance(high, (int, float)) or isinstance(high, bool):
        high = None
    if low is None and high is None:
        return ""
    ends = {"low": _number(low), "high": _number(high)}
    if low is None:
        return _("%(high)s or less") % ends
    if high is None:
        return _("%(low)s or more") % ends if low else ""
    said = _("between %(low)s and %(high)s") % ends
    return _("%(range)s (class %(band)s)") % {"range": said, "band": band} if band else said


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.2f}".rstrip("0").rstrip(".")
