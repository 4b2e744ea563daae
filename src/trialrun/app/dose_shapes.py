"""What a participant's dosing looks like: doses planned and given, and the conditions of the next one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from trialrun.app.visits import VisitStatus
from trialrun.ledger.state import Deviation
from trialrun.study.model import DosePlan, Study


@dataclass(frozen=True, slots=True)
class Given:
    """What one infusion form says. `rate` is volume over the time from start to stop, in mL/h."""

    batch: str
    start: datetime | None
    stop: datetime | None
    dose: Decimal | None
    unit: str
    volume: str
    rate: str
    interrupted: bool | None
    interruption: str
    units: int


@dataclass(frozen=True, slots=True)
class DoseLine:
    """One planned (or unplanned) administration beside what was given."""

    visit: str
    title: str
    planned: Decimal | None
    unit: str
    target: date | None
    first: date | None
    last: date | None
    status: VisitStatus
    on: date | None
    given: Given | None
    deviations: tuple[Deviation, ...]
    link: str


@dataclass(frozen=True, slots=True)
class Check:
    """One condition of the next dose. `standing`: `met`, `blocks`, `open` (not known yet) or `note`."""

    label: str
    standing: str
    said: str
    link: str = ""


@dataclass(frozen=True, slots=True)
class NextDose:
    """The next dose visit with its conditions."""

    visit: str
    title: str
    planned: Decimal | None
    unit: str
    first: date | None
    last: date | None
    checks: tuple[Check, ...]

    @property
    def blocked(self) -> bool:
        """Whether the dose would be refused, or must wait."""
        return any(one.standing == "blocks" for one in self.checks)


@dataclass(frozen=True, slots=True)
class Dosing:
    """All of one participant's dosing, as a role may see it. `plan` is missing where the arm is concealed."""

    plan: DosePlan | None
    product: str
    lines: tuple[DoseLine, ...]
    total: Decimal
    planned: Decimal
    unit: str
    first_on: date | None
    last_on: date | None
    deviations: tuple[Deviation, ...]
    next: NextDose | None

    @property
    def share(self) -> float:
        """What was given, as a share of what is planned; 1 is all."""
        return float(self.total / self.planned) if self.planned else 0.0


@dataclass(frozen=True, slots=True)
class Names:
    """The study's items of an infusion; a study may lack all but the dose."""

    form: str
    dose: str
    batch: str
    start: str
    stop: str
    volume: str
    interrupted: str
    interruption: str


def names_of(study: Study) -> Names | None:
    """How the study calls the items of its infusion form; `None` when no form asks a dose."""
    said = study.settings
    dose = str(said.get("dose_item", "dose_given"))
    form = study.form_of(dose)
    if form is None:
        return None
    return Names(
        form.name,
        dose,
        str(said.get("batch_item", "batch")),
        str(said.get("dose_start_item", "infusion_start")),
        str(said.get("dose_stop_item", "infusion_stop")),
        str(said.get("dose_volume_item", "volume")),
        str(said.get("dose_interrupted_item", "infusion_interrupted")),
        str(said.get("dose_interruption_item", "infusion_interruption_reason")),
    )
