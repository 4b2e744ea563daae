"""Answers of a candidate that meet, or fail, the criteria of any study.

What people answer is drawn first, item by item; then single answers are drawn anew where the criteria ask for something
else, until they give what this candidate is to be. The criteria themselves decide, by the rules of real screening.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np

from trialrun.simulate.answers import Answer
from trialrun.simulate.asked import Asked, cells_known
from trialrun.simulate.unlisted import places_of, usual_range
from trialrun.study.model import CriterionKind, Item, ItemType, Study, VisitKind

Known = Mapping[str, Answer]
_STEPS = 250
_TRIED = 14
_DAYS = (1.0, 7.0, 30.4375, 365.25)
_LONGEST_LIFE = 35_000


@dataclass(frozen=True, slots=True)
class _Rule:
    """A criterion made ready: what decides it, and the numbers its words name."""

    run: Any
    items: tuple[str, ...]
    numbers: tuple[float, ...]


class Fitter:
    """A study made ready to find answers that fit its criteria."""

    def __init__(self, study: Study, asked: Asked) -> None:
        from trialrun.evaluate.rows import compile_program
        from trialrun.study.program import study_program

        self.study = study
        self._asked = asked
        screening = next((one for one in study.visits.values() if one.kind is VisitKind.SCREENING), None)
        forms = [study.forms[name] for name in screening.forms] if screening else []
        self.items = tuple(name for form in forms if not form.repeating for name in form.items)
        program = study_program(study)
        compiled = compile_program(program)
        self._rules = {
            name: _Rule(
                compiled.only([name]), self._behind(program.uses(name)), tuple(_numbers(program, name))
            )
            for name in study.criteria
        }
        self._about: dict[str, list[str]] = {}
        for name, rule in self._rules.items():
            for item in rule.items:
                self._about.setdefault(item, []).append(name)

    def _behind(self, inputs: Iterable[str]) -> tuple[str, ...]:
        """The items asked at screening that a criterion rests on, with those that decide whether they are asked."""
        from trialrun.study.rules import names_used

        found: dict[str, None] = {}
        waiting = list(inputs)
        while waiting:
            name = waiting.pop(0)
            item = self.study.items.get(name)
            if name in found or item is None:
                continue
            found[name] = None
            waiting += sorted(names_used(item.only_if)) if item.only_if else []
        return tuple(name for name in found if name in self.items)

    def wanted(self, failing: str = "") -> dict[str, bool]:
        """What every criterion shall give: all pass but the one named."""
        passing = {name: one.kind is CriterionKind.INCLUSION for name, one in self.study.criteria.items()}
        return {name: met != (name == failing) for name, met in passing.items()}

    def fitted(
        self,
        drawn: Mapping[str, Answer],
        wanted: Mapping[str, bool],
        on: date,
        rng: np.random.Generator,
        *,
        fixed: Iterable[str] = (),
    ) -> dict[str, Answer]:
        """The answers, some of them drawn anew, so that the criteria give what is wanted as far as they can.

        `fixed` answers stay. What cannot be reached stays as near to it as the search came.
        """
        search = _Search(self, dict(drawn), wanted, on, rng, frozenset(fixed))
        search.run()
        return search.answers

    def outcome(self, answers: Known, names: Iterable[str] | None = None) -> dict[str, bool | None]:
        """What criteria give for answers at screening."""
        row = self.row(answers)
        return {name: self._rules[name].run(row)[name] for name in names or self._rules}

    def row(self, answers: Known) -> dict[str, Any]:
        """The screening row that rules see: what is asked, no more; repeating forms have no rows."""
        from trialrun.study.aggregate import aggregate

        seen: dict[str, Answer] = {}
        for name in self.items:
            if name in answers and self._asked(self.study.items[name], seen):
                seen[name] = answers[name]
        row = cells_known(self.study, seen)
        return {**row, **aggregate(self.study, row, {}).values} if self._aggregates else row

    @property
    def _aggregates(self) -> bool:
        return any(one.over is not None for one in self.study.derived.values())

    def about(self, item: str) -> list[str]:
        """The criteria an item bears on."""
        return self._about.get(item, [])

    def rule(self, criterion: str) -> _Rule:
        """A criterion made ready."""
        return self._rules[criterion]


def _numbers(program: Any, name: str) -> Iterable[float]:
    """The numbers named by a rule and by the rules it rests on."""
    from trialrun.expressions.nodes import Number, names_in, walk

    stages = {stage.name: stage for stage in program.stages}
    waiting, seen = [name], set[str]()
    while waiting:
        stage = stages.get(waiting.pop())
        if stage is None or stage.name in seen:
            continue
        seen.add(stage.name)
        node = stage.checked.node
        yield from (part.value for part in walk(node) if isinstance(part, Number))
        waiting += names_in(node)


class _Search:
    """A random walk that changes one answer at a time and keeps what leaves fewer criteria wrong."""

    def __init__(
        self,
        fitter: Fitter,
        answers: dict[str, Answer],
        wanted: Mapping[str, bool],
        on: date,
        rng: np.random.Generator,
        fixed: frozenset[str],
    ) -> None:
        self.answers = answers
        self._fitter = fitter
        self._wanted = wanted
        self._on = on
        self._rng = rng
        self._fixed = fixed
        self._wrong: set[str] = self._wrong_of(answers, wanted)

    def run(self) -> None:
        """Change answers until nothing is wrong, or nothing helps any more."""
        for _ in range(_STEPS):
            if not self._wrong:
                return
            names = sorted(self._wrong)
            self._improve(names[int(self._rng.integers(len(names)))])

    def _wrong_of(self, answers: Known, names: Iterable[str]) -> set[str]:
        found = self._fitter.outcome(answers, names)
        return {name for name, met in found.items() if met is not self._wanted[name]}

    def _improve(self, criterion: str) -> None:
        best: tuple[int, float, str, Answer, set[str]] | None = None
        for item in self._fitter.rule(criterion).items:
            if item in self._fixed:
                continue
            about = self._fitter.about(item)
            kept = self._wrong.difference(about)
            for given in self._others(item, about):
                wrong = kept | self._wrong_of({**self.answers, item: given}, about)
                rank = (len(wrong), float(self._rng.random()), item, given, wrong)
                best = rank if best is None or rank[:2] < best[:2] else best
        if best is not None and (best[0] <= len(self._wrong) or self._rng.random() < 0.05):
            self.answers[best[2]], self._wrong = best[3], best[4]

    def _others(self, name: str, criteria: Sequence[str]) -> list[str]:
        item = self._fitter.study.items[name]
        if item.type is ItemType.BOOLEAN:
            return ["false" if self.answers.get(name) == "true" else "true"]
        if item.type is ItemType.CHOICE:
            return [choice.code for choice in item.choices if choice.code != self.answers.get(name)]
        numbers = sorted({number for one in criteria for number in self._fitter.rule(one).numbers})
        if item.type in (ItemType.NUMBER, ItemType.INTEGER):
            return self._numbers(item, numbers)
        if item.type is ItemType.DATE:
            return self._days(item, numbers)
        return []

    def _numbers(self, item: Item, named: Sequence[float]) -> list[str]:
        low, high = usual_range(item)
        drawn = [float(self._rng.uniform(low, high)) for _ in range(_TRIED // 2)]
        if low > 0:
            drawn += [float(low * (high / low) ** self._rng.random()) for _ in range(_TRIED // 2)]
        for number in named:
            near = abs(number) * float(self._rng.uniform(0.02, 0.4)) + 0.01
            drawn += [number, number + near, number - near]
        bottom, top = item.hard.low, item.hard.high
        places = places_of(item, high - low)
        return [
            f"{value:.{places}f}"
            for value in drawn
            if (bottom is None or value >= bottom) and (top is None or value <= top)
        ]

    def _days(self, item: Item, named: Sequence[float]) -> list[str]:
        back = [float(np.exp(self._rng.uniform(0, np.log(_LONGEST_LIFE)))) for _ in range(_TRIED // 2)]
        for number in named:
            for unit in _DAYS:
                apart = number * unit
                back += [
                    apart + float(self._rng.uniform(1, 200)),
                    apart * float(self._rng.uniform(0.5, 0.99)),
                ]
        days = [self._on - timedelta(days=int(one)) for one in back if 0 <= one <= _LONGEST_LIFE]
        if item.future:
            days += [self._on + timedelta(days=int(one)) for one in back if one <= 400]
        return [day.isoformat() for day in (*days, self._on)]
