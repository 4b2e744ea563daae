"""The study's rules applied to a participant: derived values, edit checks, eligibility.

The one place where the ledger meets the rooms that evaluate; compiled once per study definition.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from trialrun.ledger.amounts import in_item_unit
from trialrun.ledger.events import canonical, digest
from trialrun.ledger.rows import Row, form_row, home_visit, plain_visit, row_at, rows_by_form
from trialrun.ledger.state import DerivedValue, ParticipantState, SavedValue, Slot
from trialrun.study.kept import Kept
from trialrun.study.model import Check, Form, Item, ItemType, Study, VisitKind
from trialrun.values.quantity import parse_decimal

QUERY_LIMIT = "query-limit"


@dataclass(frozen=True, slots=True)
class EligibilityView:
    """What the criteria give now.

    `status` is `eligible`, `not_eligible` or `undecided`; `inputs` is a digest of the values used.
    """

    status: str
    outcomes: Mapping[str, str]
    deciding: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]]
    inputs: str


@dataclass(frozen=True, slots=True)
class Failing:
    """An edit check that fails: which item it asks about, in what words, and the items it looks at."""

    rule: str
    item: str
    message: str
    uses: frozenset[str]


def cell_text(value: object) -> str:
    """A computed value as text: `true`/`false`, ISO date, the shortest decimal of a number."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:
        return str(int(value))
    if isinstance(value, date):
        return value.isoformat()
    return str(value)


@dataclass(frozen=True, slots=True)
class _FormCheck:
    check: Check
    run: Any
    uses: tuple[str, ...]


class Rules:
    """A study's rules, compiled."""

    def __init__(self, study: Study) -> None:
        from trialrun.evaluate.rows import compile_program
        from trialrun.study.program import study_program
        from trialrun.study.screen import Screener

        self.study = study
        self._screener = Screener(study)
        self._program = study_program(study)
        self._owner = _shown_names(study, {stage.name for stage in self._program.stages})
        names = [
            name for name in self._owner if name not in study.derived or study.derived[name].over is None
        ]
        self._run = compile_program(self._program).only(names)
        self._rests_on = {name: self._items_behind(self._program.uses(name)) for name in names}
        self._rests_on |= {
            name: self._items_behind((name,))
            for name, derived in study.derived.items()
            if derived.over is not None
        }
        self._screening = next((v.name for v in study.visits.values() if v.kind is VisitKind.SCREENING), "")
        self._checks = {form.name: tuple(self._compile_checks(form)) for form in study.forms.values()}
        self._checked_items = {
            name for checks in self._checks.values() for one in checks for name in one.uses
        }

    def _items_behind(self, inputs: Iterable[str]) -> frozenset[str]:
        """The items behind a rule's inputs; one made of rows rests on all items of their form."""
        from trialrun.study.aggregate import items_behind

        found: set[str] = set()
        for name in inputs:
            derived = self.study.derived.get(name)
            if derived is None or derived.over is None:
                found.add(name)
            else:
                found.update(self.study.forms[derived.over].items)
                found.update(items_behind(self.study, name))
        return frozenset(found)

    def _compile_checks(self, form: Form) -> Iterable[_FormCheck]:
        from trialrun.evaluate.rows import compile_program
        from trialrun.expressions import Definition, build_program
        from trialrun.study.program import row_symbols, scalar_symbols

        symbols = row_symbols(self.study, form.name) if form.repeating else scalar_symbols(self.study)
        for check in form.checks:
            name = f"check_{check.name}"
            rule = Definition(check.expression, check.message, place=f"{check.place} checks.{check.name}")
            program = build_program(symbols, {name: rule})
            yield _FormCheck(check, compile_program(program, (name,)), program.uses(name))

    # --- derived values ----------------------------------------------------------------------

    def stale(self, person: ParticipantState, touched: Iterable[Slot]) -> dict[str, tuple[str, ...]]:
        """Which derived values, at which visits, rest on the values that changed."""
        found: dict[str, set[str]] = {}
        with_data = [visit for visit in _visits(person) if self._kind(visit) is not VisitKind.LOG]
        for visit, form, _row, item in touched:
            names = {name for name, items in self._rests_on.items() if item in items}
            if not names:
                continue
            home = home_visit(self.study, form)
            everywhere = self.study.forms[form].repeating or (
                home is not None and home.name == plain_visit(visit)
            )
            for other in with_data if everywhere else (visit,):
                if self._kind(other) is not VisitKind.LOG:
                    found.setdefault(other, set()).update(names)
        return {
            visit: tuple(name for name in self._rests_on if name in names)
            for visit, names in sorted(found.items())
        }

    def resting_on(self, items: Iterable[str]) -> tuple[str, ...]:
        """The derived values, in the study's order, that rest on any of these items."""
        wanted = set(items)
        return tuple(name for name in self._owner if self._rests_on[name] & wanted)

    def parts_of(self, derived: str) -> tuple[str, ...]:
        """The components and bands of a score that people see."""
        return tuple(name for name, owner in self._owner.items() if owner == derived != name)

    def _kind(self, visit: str) -> VisitKind:
        return self.study.visits[plain_visit(visit)].kind

    def derived_at(
        self, person: ParticipantState, visit: str, names: Iterable[str]
    ) -> dict[str, DerivedValue]:
        """The named derived values at a visit; unknown ones name what is missing."""
        from trialrun.study.aggregate import aggregate

        row = row_at(self.study, person, visit)
        made = aggregate(self.study, row, rows_by_form(self.study, person))
        full: Row = {**row, **made.values}
        results = self._run(full)
        because: dict[str, tuple[str, ...]] = {}

        def why(name: str) -> tuple[str, ...]:
            if name not in because:
                causes = self._run.why(name, full) if name in results else (name,)
                parts = [part for cause in causes for part in made.missing.get(cause, (cause,))]
                because[name] = tuple(dict.fromkeys(parts))
            return because[name]

        out: dict[str, DerivedValue] = {}
        for name in names:
            value = results[name] if name in results else made.values.get(name)
            # What a score lacks is said once, by the score: to ask each component is dear and says no more.
            out[name] = (
                DerivedValue(None, why(self._owner[name]))
                if value is None
                else DerivedValue(cell_text(value))
            )
        return out

    def touches_screening(self, touched: Iterable[Slot]) -> bool:
        """Whether any of these values can bear on the criteria, which look at the screening visit's row."""
        for visit, form, _row, _item in touched:
            if self.study.forms[form].repeating or plain_visit(visit) == self._screening:
                return True
            home = home_visit(self.study, form)
            if home is not None and home.name == plain_visit(visit):
                return True
        return False

    # --- edit checks -------------------------------------------------------------------------

    def failing(self, person: ParticipantState, visit: str, form: str, row: int) -> tuple[Failing, ...]:
        """The edit checks and query limits that a form's values do not hold; unknown raises nothing."""
        definition = self.study.forms[form]
        saved = person.form_values(visit, form, row)
        found = [
            failing for name, value in saved.items() if (failing := _beyond(self.study.items[name], value))
        ]
        checks = self._checks[form]
        if checks and saved:
            cells = row_at(self.study, person, visit)
            if definition.repeating:
                cells |= form_row(self.study, form, saved)
            for one in checks:
                if one.run(cells)[f"check_{one.check.name}"] is False:
                    item = next((name for name in one.uses if name in definition.items), "")
                    found.append(Failing(one.check.name, item, one.check.message, frozenset(one.uses)))
        return tuple(found)

    def forms_to_check(self, person: ParticipantState, touched: Iterable[Slot]) -> set[tuple[str, str, int]]:
        """The forms (visit, form, row) whose checks look at a value that changed."""
        slots = set(touched)
        found = {slot[:3] for slot in slots}
        if not any(slot[3] in self._checked_items for slot in slots):
            return found
        items = {(slot[0], slot[3]) for slot in slots}
        for visit, form, row, _item in person.values:
            if (visit, form, row) not in found and any(
                (visit, name) in items for one in self._checks.get(form, ()) for name in one.uses
            ):
                found.add((visit, form, row))
        return found

    # --- eligibility -------------------------------------------------------------------------

    def eligibility(self, person: ParticipantState) -> EligibilityView:
        """All criteria on the screening visit's row."""
        row = row_at(self.study, person, self._screening)
        answer = self._screener.screen(row, rows_by_form(self.study, person))
        used = {one.id: {part.name: str(part.value) for part in one.values} for one in answer.outcomes}
        outcomes = {one.id: one.outcome.value for one in answer.outcomes}
        return EligibilityView(
            status=answer.status.value,
            outcomes=outcomes,
            deciding=tuple(answer.deciding),
            missing={one.id: one.missing for one in answer.outcomes if one.missing},
            inputs=digest(canonical({"used": used, "outcomes": outcomes})),
        )


def _shown_names(study: Study, stages: set[str]) -> dict[str, str]:
    """The derived values people see, each with the one it belongs to: a score with its components and bands."""
    from trialrun.scores.load import score

    names: dict[str, str] = {}
    for derived in study.derived.values():
        names[derived.name] = derived.name
        if derived.score is not None:
            found = score(derived.score)
            for part in (*found.components, *(band.name for band in found.bands)):
                if f"{derived.name}_{part}" in stages:
                    names[f"{derived.name}_{part}"] = derived.name
    return names


def _visits(person: ParticipantState) -> list[str]:
    return sorted({slot[0] for slot in person.values} | person.visits.keys())


def _beyond(item: Item, value: SavedValue) -> Failing | None:
    """A number outside the item's query limits."""
    if value.text is None or item.type not in (ItemType.NUMBER, ItemType.INTEGER):
        return None
    number = in_item_unit(parse_decimal(value.text), value.unit, item.unit, item.analyte)
    low, high = item.query.low, item.query.high
    if (low is None or number >= low) and (high is None or number <= high):
        return None
    shown = f"{value.text} {value.unit or ''}".strip()
    limits = f"{'-∞' if low is None else low} to {'∞' if high is None else high} {item.unit or ''}".strip()
    message = f"{item.label}: {shown} is outside the expected range {limits}. Is it right?"
    return Failing(f"{QUERY_LIMIT}:{item.name}", item.name, message, frozenset({item.name}))


_RULES = Kept(Rules)


def rules_of(study: Study) -> Rules:
    """The rules of a study definition, compiled on first use."""
    return _RULES.of(study)
