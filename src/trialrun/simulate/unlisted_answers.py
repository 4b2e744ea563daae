"""One virtual participant of a study whose items have no lines: what they answer at screening, and later."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from trialrun.simulate.answers import Answer, Moment, answer
from trialrun.simulate.asked import Asked
from trialrun.simulate.fitting import Fitter
from trialrun.simulate.forms import within_limits
from trialrun.simulate.parameters import Unlisted
from trialrun.simulate.unlisted import line_for, number_line
from trialrun.study.model import ItemType, Study


@dataclass(frozen=True, slots=True)
class Drawing:
    """What everybody of one rehearsal is drawn by: the lines of all items, and the search for answers that fit."""

    study: Study
    unlisted: Unlisted
    usual: Mapping[str, Any]
    fitter: Fitter


def drawing(study: Study, unlisted: Unlisted, asked: Asked) -> Drawing:
    """Get a study ready to be answered without lines."""
    usual = {name: line_for(item, study, unlisted) for name, item in study.items.items()}
    return Drawing(study, unlisted, usual, Fitter(study, asked))


@dataclass
class UnlistedAnswers:
    """The answers of one person that no line of `rehearsal.yaml` decides."""

    drawing: Drawing
    seed: tuple[int, ...]
    at_screening: dict[str, Any] = field(default_factory=dict[str, Any])
    later: dict[str, Any] = field(default_factory=dict[str, Any])

    def lines(self, listed: Mapping[str, Any], *, screening: bool) -> dict[str, Any]:
        """The lines of all items: those listed, else what this person was settled to answer, else the usual ones."""
        own = self.at_screening if screening else self.later
        return {**self.drawing.usual, **own, **listed}

    def settle(self, lines: Mapping[str, Any], moment: Moment) -> None:
        """Decide what this person answers at screening, so that the criteria give what they are to be.

        A value measured again later is the person's own value at screening, with the scatter of a visit.
        """
        study, fitter = self.drawing.study, self.drawing.fitter
        drawn: dict[str, Answer] = {}
        for name in fitter.items:
            given = answer(name, lines[name], replace(moment, known=drawn))
            drawn[name] = within_limits(study.items[name], given)
        rng = np.random.default_rng([*self.seed, 15])
        listed = {name for name, line in lines.items() if line is not self.drawing.usual.get(name)}
        found = fitter.fitted(
            drawn, fitter.wanted(self._failing(rng)), moment.on, rng, fixed=listed | self._before_consent()
        )
        for name in found:
            if name not in listed and isinstance(given := found[name], str):
                self.at_screening[name] = given
                self.later[name] = self._later(name, given)

    def _failing(self, rng: np.random.Generator) -> str:
        """The criterion that speaks against this person; empty for most."""
        names = list(self.drawing.study.criteria)
        if not names or rng.random() < self.drawing.unlisted.eligible_chance:
            return ""
        return names[int(rng.integers(len(names)))]

    def _before_consent(self) -> set[str]:
        forms = self.drawing.study.forms.values()
        return {name for form in forms if form.before_consent for name in form.items}

    def _later(self, name: str, given: str) -> Any:
        item = self.drawing.study.items[name]
        usual = self.drawing.usual[name]
        if item.type in (ItemType.NUMBER, ItemType.INTEGER):
            return number_line(item, self.drawing.unlisted, centre=float(given))
        if item.type is ItemType.CHOICE:
            return {**usual, "usual": given}
        return given if item.type in (ItemType.BOOLEAN, ItemType.CHOICES) else usual
