"""Laboratory alerts: computed from the values, never stored; acknowledged by an investigator with an assessment.

Limits come from `settings.safety.alerts`; thresholds are multiples of baseline, because cirrhosis exceeds the
multiples of normal before the first dose (CLINICAL 1.5). An alert's id holds a digest of the values it rests
on: when one of them changes, the alert is another one and asks again.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from trialrun.app.draws import Baseline, Draw, LabValue, baselines, draws_of, with_unit
from trialrun.app.language import language
from trialrun.app.visits import first_dose_on, visit_title
from trialrun.derive.laboratory_rules import Course, Thresholds, thresholds_of
from trialrun.errors import UserError
from trialrun.ledger.commands import AcknowledgeAlert, Actor
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import Acknowledgement, ParticipantState, SiteState
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace


@dataclass(frozen=True, slots=True)
class Fact:
    """One value an alert rests on, on both axes; `None` where an axis is unknown. `unit` is the baseline's."""

    label: str
    value: str
    baseline: float | None = None
    times_baseline: float | None = None
    times_high: float | None = None
    unit: str = ""

    @property
    def baseline_shown(self) -> str:
        """The baseline to three digits with its unit, which may be another than that of the value as entered."""
        return "" if self.baseline is None else with_unit(f"{self.baseline:.3g}", self.unit)


@dataclass(frozen=True, slots=True)
class Alert:
    """Something in the laboratory values that an investigator has to look at.

    `kind` is `liver_injury`, `liver_incomplete`, `hys_law`, `meld_rise`, `kidney_injury`, `kidney_rise` or
    `ctcae`; `urgent` ones first. `acknowledged` is the assessment of these very values; `earlier` are assessments
    of other values of the same visit.
    """

    id: str
    participant: str
    number: str
    site: str
    kind: str
    urgent: bool
    title: str
    reason: str
    facts: tuple[Fact, ...]
    visit: str
    visit_title: str
    on: date | None
    caveats: tuple[str, ...] = ()
    acknowledged: Acknowledgement | None = None
    earlier: tuple[Acknowledgement, ...] = ()


@dataclass(frozen=True, slots=True)
class Looked:
    """What the rules of alerts look at: a participant's draws, baselines and limits."""

    study: Study
    person: ParticipantState
    draws: tuple[Draw, ...]
    base: Mapping[str, Baseline]
    limits: Thresholds

    @property
    def course(self) -> Course:
        """What the rules see of it."""
        derived = {place: one.text for place, one in self.person.derived.items() if one.text is not None}
        return Course(self.draws, self.base, self.limits, derived)

    def raised(
        self, kind: str, draw: Draw, words: tuple[str, str], facts: Sequence[Fact], *,
        urgent: bool = True, caveats: Sequence[str] = (), also: str = "",
    ) -> Alert:  # fmt: skip
        """An alert on a draw; `also` tells two of a kind in one draw apart."""
        held = "|".join(f"{fact.label}={fact.value};{fact.baseline}" for fact in facts)
        mark = hashlib.sha256(f"{held}|{words[0]}".encode()).hexdigest()[:12]
        place = f"{kind}:{also}" if also else kind
        ident = f"{place}:{draw.visit}:{mark}"
        earlier = tuple(
            one for one in self.person.acknowledged.values()
            if one.alert.startswith(f"{place}:{draw.visit}:") and one.alert != ident
        )  # fmt: skip
        return Alert(
            id=ident,
            participant=self.person.key,
            number=self.person.number,
            site=self.person.site,
            kind=kind,
            urgent=urgent,
            title=words[0],
            reason=words[1],
            facts=tuple(facts),
            visit=draw.visit,
            visit_title=visit_title(self.study, draw.visit),
            on=draw.on,
            caveats=tuple(caveats),
            acknowledged=self.person.acknowledged.get(ident),
            earlier=earlier,
        )

    def fact(self, value: LabValue) -> Fact:
        """A value with its multiples of baseline and of the upper limit."""
        base = self.base.get(value.analyte)
        times = round(value.number / base.mean, 9) if base is not None and base.mean else None
        mean = base.mean if base is not None else None
        return Fact(value.label, value.shown, mean, times, value.times_high, value.item_unit)


def look_at(study: Study, person: ParticipantState, site: SiteState) -> Looked:
    """A participant's draws with their baselines and the study's limits."""
    draws = draws_of(study, person, site)
    return Looked(study, person, draws, baselines(draws), thresholds_of(study))


_KEPT: OrderedDict[tuple[str, str, str, str], tuple[Alert, ...]] = OrderedDict()
_MOST = 2_000


def alerts_of(workspace: Workspace, key: str) -> tuple[Alert, ...]:
    """The alerts of one participant, urgent and unacknowledged ones first; none before the first dose."""
    person = workspace.conduct.participant(key)
    if not person.key or first_dose_on(workspace.study, person) is None:
        return ()
    site = workspace.conduct.site_state(person.site)
    # Compiled from the values alone, so the same state gives the same alerts.
    place = (person.hash, site.hash, workspace.study.hash, language())
    found = _KEPT.get(place)
    if found is None:
        found = raise_alerts(workspace.study, person, site)
        _KEPT[place] = found
        while len(_KEPT) > _MOST:
            _KEPT.popitem(last=False)
    return found


def raise_alerts(study: Study, person: ParticipantState, site: SiteState) -> tuple[Alert, ...]:
    """The alerts that a participant's values raise."""
    from trialrun.app.alert_rules import RULES

    looked = look_at(study, person, site)
    found = [alert for rule in RULES for alert in rule(looked)]
    found.sort(key=lambda alert: alert.on or date.max, reverse=True)
    found.sort(key=lambda alert: (alert.acknowledged is not None, not alert.urgent))
    return tuple(found)


def open_alerts(workspace: Workspace, sites: Iterable[str] | None = None) -> tuple[Alert, ...]:
    """The alerts nobody has acknowledged, of all participants at these sites (all sites by default)."""
    return tuple(alert for alert in all_alerts(workspace, sites) if alert.acknowledged is None)


def all_alerts(workspace: Workspace, sites: Iterable[str] | None = None) -> tuple[Alert, ...]:
    """All alerts of all participants at these sites, unacknowledged and urgent ones first."""
    conduct = workspace.conduct
    within = None if sites is None else frozenset(sites)
    found = [
        alert
        for key in conduct.participants()
        if within is None or conduct.participant(key).site in within
        for alert in alerts_of(workspace, key)
    ]
    found.sort(key=lambda alert: (alert.acknowledged is not None, not alert.urgent))
    return tuple(found)


def acknowledge(workspace: Workspace, actor: Actor, key: str, alert: str, assessment: str) -> Outcome:
    """An investigator has seen an alert and says what it means.

    Errors: `UserError` when the values have changed meanwhile, so that another alert stands;
    `CommandRefusedError` without the right or without an assessment.
    """
    if alert not in {one.id for one in alerts_of(workspace, key)}:
        raise UserError(
            f"this alert of {key} no longer stands: a value it rests on was changed",
            "look at the alerts as they are now and assess those",
        )
    return workspace.do(AcknowledgeAlert(key, alert, assessment), actor)
