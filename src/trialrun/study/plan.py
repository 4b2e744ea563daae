"""The analysis plan of a study: what is estimated, in whom, and how, before the first participant.

The five attributes of an estimand are treatment, population, variable, intercurrent events and summary.
Source: ICH E9(R1), 2019, A.3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from trialrun.study.place import NOWHERE, Place


class Strategy(StrEnum):
    """What an intercurrent event does to the values after it. Source: ICH E9(R1) A.3.2."""

    TREATMENT_POLICY = "treatment_policy"
    COMPOSITE = "composite"
    HYPOTHETICAL = "hypothetical"
    WHILE_ALIVE = "while_alive"
    WHILE_ON_TREATMENT = "while_on_treatment"
    PRINCIPAL_STRATUM = "principal_stratum"


class Variable(StrEnum):
    """What is compared."""

    CHANGE = "change"
    VALUE = "value"
    RESPONSE = "response"
    CATEGORY = "category"
    TIME = "time"


class Method(StrEnum):
    """The main estimator of an estimand; with two arms or more each compares every arm with the control."""

    DESCRIBE = "describe"
    SIGNED_RANK = "signed_rank"
    PAIRED_T = "paired_t"
    ANCOVA = "ancova"
    MMRM = "mmrm"
    PROPORTION = "proportion"
    SHIFT = "shift"
    INCIDENCE = "incidence"
    SURVIVAL = "survival"
    KAPLAN_MEIER = "kaplan_meier"


class EstimandRole(StrEnum):
    """How much weight an answer carries."""

    PRIMARY = "primary"
    SUPPORTIVE = "supportive"
    EXPLORATORY = "exploratory"


class SensitivityKind(StrEnum):
    """What a sensitivity analysis varies."""

    POPULATION = "population"
    PARAMETER = "parameter"
    METHOD = "method"
    WITHOUT_EVENT = "without_event"
    MULTIPLE_IMPUTATION = "multiple_imputation"
    TIPPING_POINT = "tipping_point"
    WORST_CASE = "worst_case"


class Adjustment(StrEnum):
    """How the primary p values are adjusted for their number; `BOTH` asks for all at the full level."""

    HOLM = "holm"
    HOCHBERG = "hochberg"
    HOMMEL = "hommel"
    BONFERRONI = "bonferroni"
    FIXED_SEQUENCE = "fixed_sequence"
    BOTH = "both"
    NONE = "none"


EVENTS: Mapping[str, str] = {
    "death": "Death",
    "transplant": "Liver transplant",
    "tips": "Transjugular intrahepatic portosystemic shunt",
    "dialysis": "Dialysis",
    "paracentesis": "Paracentesis",
    "albumin": "Intravenous albumin",
    "alcohol_relapse": "Return to alcohol",
    "dose_stopped": "Study treatment stopped or not completed",
    "vitamin_k_antagonist": "Vitamin K antagonist started",
}
"""The kinds of intercurrent event that can be found in the data, with their names for a reader."""

STRUCTURES = (
    "unstructured",
    "heterogeneous_toeplitz",
    "toeplitz",
    "heterogeneous_ar1",
    "ar1",
    "heterogeneous_compound_symmetry",
    "compound_symmetry",
    "heterogeneous_ante-dependence",
    "ante-dependence",
)
"""Covariance structures of the mixed model."""

# Where the first does not converge the next is fitted, and the log of the fit says so.
COVARIANCES = ("unstructured", "heterogeneous_compound_symmetry", "compound_symmetry")


class Need(StrEnum):
    """What membership of a population asks for."""

    REGISTERED = "registered"
    ENROLLED = "enrolled"
    DOSED = "dosed"
    PRIMARY_KNOWN = "primary_known"
    NO_MAJOR_DEVIATION = "no_major_deviation"


@dataclass(frozen=True, slots=True)
class Handling:
    """The strategy for one kind of intercurrent event; `how` says the detail (worst rank, flagged)."""

    event: str
    strategy: Strategy
    how: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class EstimandPlan:
    """One estimand and its main estimator.

    Args:
        endpoints: the endpoints it is estimated for; for `Method.KAPLAN_MEIER` each states its time to event.
        population: name of a population of the plan.
        visits: planned times; empty means each endpoint's registered times.
        intercurrent: kind of event to its handling.
        missing: what is assumed of values missing for no intercurrent event.
        summary: the population-level summary in words.
        responder: for `Variable.RESPONSE`, the responder definition.
        covariates: further terms of the model (items or derived values at baseline).
        events: for `Variable.TIME`, the kinds of event, each competing with the others; `visits` then names the
            time at which the incidence is read.
        covariance: for `Method.MMRM`, the structures in the order they are tried.
    """

    name: str
    title: str
    role: EstimandRole
    endpoints: tuple[str, ...]
    treatment: str
    population: str
    variable: Variable
    intercurrent: Mapping[str, Handling]
    missing: str
    summary: str
    method: Method
    visits: tuple[str, ...] = ()
    responder: str = ""
    covariates: tuple[str, ...] = ()
    events: tuple[str, ...] = ()
    covariance: tuple[str, ...] = COVARIANCES
    assumptions: tuple[str, ...] = ()
    note: str = ""
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """An estimand's main analysis with one thing changed.

    `population`, `parameter` (endpoint to the other variable), `method`, `event` and `deltas` belong to the kinds
    of their names; `imputations` to multiple imputation and the tipping point.
    """

    name: str
    title: str
    estimand: str
    kind: SensitivityKind
    population: str = ""
    parameters: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
    method: Method | None = None
    event: str = ""
    deltas: tuple[float, ...] = ()
    imputations: int = 100
    assumptions: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Responder:
    """Who counts as a responder: a fall (or rise) of a parameter by at least so much, or a better category.

    `order` lists the categories from best to worst.
    """

    name: str
    title: str
    parameter: str
    fall_of: float | None = None
    rise_of: float | None = None
    better_category: bool = False
    order: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Shift:
    """A table of a categorical parameter at baseline against a visit; `order` from best to worst."""

    name: str
    title: str
    parameter: str
    visit: str
    order: tuple[str, ...]
    assumptions: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class PopulationPlan:
    """A set of participants: those of `within` for whom every need holds."""

    name: str
    title: str
    within: str
    needs: tuple[Need, ...]
    assumptions: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class WindowPlan:
    """Which days count for a planned time, in days around its target; empty: the visit's own window."""

    visit: str
    before: int | None = None
    after: int | None = None
    assumptions: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class Multiplicity:
    """How the primary questions share the level; `over` names endpoints in order."""

    adjustment: Adjustment
    over: tuple[str, ...]
    level: float = 0.05
    assumptions: tuple[str, ...] = ()
    place: Place = NOWHERE


@dataclass(frozen=True, slots=True)
class AnalysisPlan:
    """Everything the analysis does, in the order it is reported.

    `assumed` marks a plan the study does not state: the defaults of a small trial.
    `seed` starts the random numbers of multiple imputation; nothing else is random.
    """

    estimands: Mapping[str, EstimandPlan]
    populations: Mapping[str, PopulationPlan]
    multiplicity: Multiplicity
    sensitivity: Mapping[str, Sensitivity]
    responders: Mapping[str, Responder]
    shifts: Mapping[str, Shift]
    windows: Mapping[str, WindowPlan]
    level: float = 0.95
    seed: int = 20230523
    assumed: bool = False
    place: Place = NOWHERE


UNSTATED = AnalysisPlan(
    estimands={},
    populations={},
    multiplicity=Multiplicity(Adjustment.HOLM, ()),
    sensitivity={},
    responders={},
    shifts={},
    windows={},
    assumed=True,
)
"""What a study says that has no analysis section; its defaults are then derived from the rest of it."""
