"""Whether an item is asked of a virtual participant, given what they answered before."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trialrun.simulate.answers import Answer
from trialrun.study.model import Item, Study

Asked = Callable[[Item, Mapping[str, Answer]], bool]


def asked_of(study: Study) -> Asked:
    """Whether an item is asked, given the answers so far: its `only_if` is true."""
    from trialrun.evaluate.rows import compile_program
    from trialrun.expressions import build_program
    from trialrun.study.program import row_symbols, scalar_symbols
    from trialrun.study.rules import names_used

    compiled: dict[str, Any] = {}
    uses: dict[str, set[str]] = {}
    for form in study.forms.values():
        symbols = row_symbols(study, form.name) if form.repeating else scalar_symbols(study)
        for name in form.items:
            rule = study.items[name].only_if
            if rule is not None:
                uses[name] = names_used(rule)
                compiled[name] = compile_program(build_program(symbols, {"asked": rule}))

    def asked(item: Item, known: Mapping[str, Answer]) -> bool:
        rule = compiled.get(item.name)
        if rule is None:
            return True
        return (
            rule(cells_known(study, {name: known[name] for name in uses[item.name] if name in known}))[
                "asked"
            ]
            is True
        )

    return asked


def cells_known(study: Study, known: Mapping[str, Answer]) -> dict[str, Any]:
    """Answers so far as the row that rules see."""
    from trialrun.ledger.rows import cells_of
    from trialrun.ledger.state import SavedValue

    row: dict[str, Any] = {}
    for name, given in known.items():
        item = study.items[name]
        text, unit = (given, item.unit) if isinstance(given, str) else (None, None)
        row |= cells_of(item, SavedValue(text, unit, None, 0, "", "", ""))
    return row
