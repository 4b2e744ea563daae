"""The shape of the `analysis` section of `study.yaml`."""

from __future__ import annotations

from trialrun.study.plan import (
    COVARIANCES,
    EVENTS,
    STRUCTURES,
    Adjustment,
    EstimandRole,
    Method,
    Need,
    SensitivityKind,
    Strategy,
    Variable,
)
from trialrun.study.schema_parts import (
    Schema,
    entry,
    flag,
    list_of,
    name_of,
    number,
    one_of,
    section,
    text,
    whole,
)

_ASSUMPTIONS = list_of(name_of("An assumption."), "What it takes for granted.")
_EVENT: Schema = {"enum": list(EVENTS), "description": "A kind of event."}


def _share(about: str, default: float) -> Schema:
    return {
        "type": "number",
        "exclusiveMinimum": 0,
        "exclusiveMaximum": 1,
        "default": default,
        "description": about,
    }


_HANDLINGS: Schema = {
    "type": "object",
    "additionalProperties": entry(
        "What one kind of event does to the values after it.",
        ("strategy",),
        strategy=one_of(Strategy, "The strategy."),
        how=text("The detail, such as worst rank."),
    ),
}

_ESTIMAND = entry(
    "A question with its five attributes (ICH E9(R1)) and the method that answers it.",
    ("title", "role", "population", "variable", "missing", "summary", "method"),
    title=text("The question in one line."),
    role=one_of(EstimandRole, "How much weight the answer carries."),
    endpoints=list_of(name_of("An endpoint."), "The outcomes it is asked of; none for a time to event."),
    treatment=text("Attribute 1: what is given; left out: `analysis.treatment`."),
    population=name_of("Attribute 2: a population of the plan."),
    variable=one_of(Variable, "Attribute 3: what is compared."),
    responder=name_of("variable `response`: the responder definition."),
    events=list_of(_EVENT, "variable `time`: the events, each competing with the others."),
    visits=list_of(name_of("A visit."), "Planned times; left out: those of each outcome."),
    intercurrent=_HANDLINGS
    | {
        "description": "Attribute 4: kind of intercurrent event to its handling, where it differs from "
        "`analysis.intercurrent`."
    },
    missing=text("What is assumed of values missing for no intercurrent event."),
    summary=text("Attribute 5: what is estimated, in words."),
    method=one_of(Method, "The main estimator."),
    covariates=list_of(name_of("An item or derived value."), "Further terms of the model, at baseline."),
    covariance=list_of(
        {"enum": list(STRUCTURES), "description": "A structure."},
        f"method `mmrm`: covariance structures in the order tried; left out: {', '.join(COVARIANCES)}.",
    ),
    assumptions=_ASSUMPTIONS,
    note=text("Why it is asked so."),
)

_POPULATION = entry(
    "A set of participants.",
    ("title", "needs"),
    title=text("What it is called."),
    within=name_of("The population it is a part of; left out for the widest."),
    needs=list_of(one_of(Need, "A need."), "What membership asks for; all must hold."),
    assumptions=_ASSUMPTIONS,
)

_SENSITIVITY = entry(
    "The main analysis of an estimand with one thing changed.",
    ("title", "estimand", "kind"),
    title=text("What is changed, in one line."),
    estimand=name_of("The estimand."),
    kind=one_of(SensitivityKind, "What is varied."),
    population=name_of("kind `population`: the other population."),
    parameters={
        "type": "object",
        "description": "kind `parameter`: endpoint to the other variables that are analysed in its place.",
        "additionalProperties": list_of(name_of("An item or derived value."), "The other variables."),
    },
    method=one_of(Method, "kind `method`: the other method."),
    event=_EVENT | {"description": "kind `without_event`: those who have it are left out."},
    deltas=list_of(
        number("A shift of imputed values."), "kind `tipping_point`: the shifts, in the outcome's unit."
    ),
    imputations=whole("kind `multiple_imputation` and `tipping_point`: how many data sets; default 100.", 2),
    assumptions=_ASSUMPTIONS,
)

_RESPONDER = entry(
    "Who counts as a responder: one of fall_of, rise_of, better_category.",
    ("title", "parameter"),
    title=text("The definition in one line."),
    parameter=name_of("An item, derived value or score component."),
    fall_of=number("A fall from baseline of at least so much."),
    rise_of=number("A rise from baseline of at least so much."),
    better_category=flag("A better category than at baseline.", False),
    order=list_of(text("A category."), "better_category: the categories from best to worst."),
    assumptions=_ASSUMPTIONS,
)

_SHIFT = entry(
    "A table of a category at baseline against the category at a visit.",
    ("title", "parameter", "visit", "order"),
    title=text("What it is called."),
    parameter=name_of("An item, derived value or score component."),
    visit=name_of("A visit."),
    order=list_of(
        text("A category, or a kind of event."), "The categories from best to worst; events come last."
    ),
    assumptions=_ASSUMPTIONS,
)

_WINDOW = entry(
    "Which days count for a planned time; the visit's own window where nothing is said.",
    (),
    before=whole("Days before the target that count."),
    after=whole("Days after the target that count."),
    assumptions=_ASSUMPTIONS,
)

_MULTIPLICITY = entry(
    "How the primary questions share the level.",
    ("adjustment", "over"),
    adjustment=one_of(Adjustment, "The procedure; `both` asks for all at the full level."),
    over=list_of(name_of("An endpoint."), "The primary outcomes, in order."),
    level=_share("Two-sided level of all of them together.", 0.05),
    assumptions=_ASSUMPTIONS,
)

ANALYSIS: Schema = entry(
    "The statistical analysis plan. What it leaves out is derived from the study and marked as assumed.",
    (),
    level=_share("Confidence level of every interval.", 0.95),
    seed=whole("Where the random numbers of multiple imputation start; nothing else is random."),
    treatment=text("What is given, for every estimand that does not say otherwise."),
    intercurrent=_HANDLINGS
    | {
        "description": f"Kind of intercurrent event ({', '.join(EVENTS)}) to its handling, for every estimand that does "
        "not say otherwise."
    },
    populations=section("Sets of participants.", _POPULATION),
    windows=section("Analysis windows by visit.", _WINDOW),
    estimands=section("The questions, in the order they are reported.", _ESTIMAND),
    multiplicity=_MULTIPLICITY,
    sensitivity=section("Sensitivity analyses.", _SENSITIVITY),
    responders=section("Responder definitions.", _RESPONDER),
    shifts=section("Shift tables.", _SHIFT),
)
