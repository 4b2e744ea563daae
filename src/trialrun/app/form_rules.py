"""Which items of a form are asked of this participant, and the condition in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.app.form_entry import FormPlace
from trialrun.ledger.rows import form_row, row_at
from trialrun.ledger.state import ParticipantState
from trialrun.study.kept import Kept
from trialrun.study.model import Study


@dataclass(frozen=True, slots=True)
class Condition:
    """When an item is asked: the compiled rule, its words, and the items it looks at."""

    run: Any
    words: str
    uses: frozenset[str]


def _compile(study: Study) -> Mapping[tuple[str, str], Condition]:
    """The conditions of all items, by (form, item)."""
    from trialrun.evaluate.rows import compile_program
    from trialrun.evaluate.words import in_words
    from trialrun.expressions import build_program
    from trialrun.study.program import row_symbols, scalar_symbols

    found: dict[tuple[str, str], Condition] = {}
    for form in study.forms.values():
        symbols = row_symbols(study, form.name) if form.repeating else scalar_symbols(study)
        for name in form.items:
            rule = study.items[name].only_if
            if rule is not None:
                program = build_program(symbols, {"asked": rule})
                words = in_words(program.stage("asked").checked.node, program.symbols)
                found[form.name, name] = Condition(
                    compile_program(program), words, frozenset(program.uses("asked"))
                )
    return found


_CONDITIONS = Kept(_compile)


def condition_of(study: Study, form: str, item: str) -> Condition | None:
    """The condition under which an item is asked; `None` when it is always asked."""
    return _CONDITIONS.of(study).get((form, item))


def asked_now(study: Study, person: ParticipantState, place: FormPlace) -> dict[str, bool | None]:
    """Whether each item of a form is asked, given the participant's values; `None` is not known yet."""
    form = study.forms[place.form]
    conditions = _CONDITIONS.of(study)
    mine = {name: conditions.get((form.name, name)) for name in form.items}
    if not any(mine.values()):
        return dict.fromkeys(form.items, True)
    cells = row_at(study, person, place.visit)
    if form.repeating:
        cells |= form_row(study, form.name, person.form_values(place.visit, place.form, place.row))
    return {name: True if rule is None else rule.run(cells)["asked"] for name, rule in mine.items()}
