"""The middle chapters of the plan document: estimands, their analyses, multiplicity, missing data, sensitivity."""

from __future__ import annotations

from collections.abc import Iterator

from trialrun.report.documents.blocks import Block, Bullets, Chapter, Facts, Heading, Note, Paragraph, Table
from trialrun.report.plan_words import (
    ADJUSTMENTS,
    KINDS,
    METHODS,
    STRATEGIES,
    VARIABLES,
    counted,
    events_by_handling,
    listed,
    lower_first,
    numbered,
    parameter_title,
    variable_words,
)
from trialrun.study.model import EndpointRole, Study
from trialrun.study.plan import (
    EVENTS,
    EstimandPlan,
    EstimandRole,
    Method,
    Responder,
    Sensitivity,
    SensitivityKind,
    Variable,
)
from trialrun.study.time_to_event import event_words

_ROLES = {
    EstimandRole.PRIMARY: "Primary: the answer the study is judged by",
    EstimandRole.SUPPORTIVE: "Supportive: reported beside the primary one, without a claim of its own",
    EstimandRole.EXPLORATORY: "Exploratory: described, no claim",
}


def estimands_chapter(study: Study) -> Chapter:
    """Every question with its five attributes, in the order they are reported."""
    return Chapter("plan-estimands", "Estimands", tuple(_estimands(study)))


def _estimands(study: Study) -> Iterator[Block]:
    plan = study.analysis
    yield Paragraph(
        f"The analysis asks {counted(len(plan.estimands), 'question')}. Each is given by the five attributes of an estimand "
        "(ICH E9(R1)): treatment, population, variable, intercurrent events, and population-level summary."
    )
    used = {one.strategy for estimand in plan.estimands.values() for one in estimand.intercurrent.values()}
    yield Bullets([f"{words}." for strategy, words in STRATEGIES.items() if strategy in used])
    for number, estimand in enumerate(plan.estimands.values(), start=1):
        yield Heading(f"Estimand {number}: {estimand.title}", 2)
        yield Facts(_attributes(study, estimand))


def _attributes(study: Study, estimand: EstimandPlan) -> list[tuple[str, str]]:
    population = study.analysis.populations.get(estimand.population)
    facts = [
        ("Role", _ROLES[estimand.role]),
        ("Treatment", estimand.treatment),
        ("Population", population.title if population else estimand.population),
        ("Variable", _variable(study, estimand)),
        (
            "Intercurrent events",
            ". ".join(events_by_handling(estimand)) + "." if estimand.intercurrent else "None named.",
        ),
        ("Summary", estimand.summary[:1].upper() + estimand.summary[1:]),
        ("Missing values", estimand.missing),
        ("Main analysis", METHODS[estimand.method].title),
    ]
    if estimand.covariates:
        facts.append(
            ("Further covariates", listed([parameter_title(study, name) for name in estimand.covariates]))
        )
    if estimand.assumptions:
        facts.append(("Rests on", _marked(study, estimand.assumptions)))
    if estimand.note:
        facts.append(("Remark", estimand.note))
    return facts


def _marked(study: Study, names: tuple[str, ...]) -> str:
    """Assumptions by name, with those nobody has confirmed marked."""
    return ", ".join(name if study.assumptions[name].confirmed else f"{name} (open)" for name in names)


def _variable(study: Study, estimand: EstimandPlan) -> str:
    timed = [study.endpoints[name].time_to_event for name in estimand.endpoints]
    if estimand.method is Method.KAPLAN_MEIER:
        return "Days from " + "; ".join(dict.fromkeys(event_words(study, one) for one in timed if one))
    if estimand.variable is Variable.TIME:
        events = " or ".join(lower_first(EVENTS[kind]) for kind in estimand.events)
        at = listed([study.visits[name].title for name in estimand.visits])
        return f"{VARIABLES[Variable.TIME]} to {events}, whichever is first" + (
            f"; read at {at}" if at else ""
        )
    return variable_words(study, estimand)


def analyses_chapter(study: Study) -> Chapter:
    """Each method once, with its formula and the estimands it answers; responders and shift tables."""
    return Chapter("plan-analyses", "Statistical analyses", tuple(_analyses(study)))


def _analyses(study: Study) -> Iterator[Block]:
    plan = study.analysis
    yield Paragraph(
        f"All intervals are two-sided {100 * plan.level:g} % intervals; all p values are two-sided and exact where the method "
        "allows. Estimates are computed unrounded and rounded for print: means to one decimal more than the data, two at the most (the data's own where they have two), p values to three."
    )
    numbers = {name: number for number, name in enumerate(plan.estimands, start=1)}
    arms = len(study.arms) > 1
    for method in Method:
        users = [one for one in plan.estimands.values() if one.method is method]
        shifts = plan.shifts if method is Method.SHIFT else {}
        if not users and not shifts:
            continue
        words = METHODS[method]
        yield Heading(words.title, 2)
        answered = (
            numbered("estimand", [numbers[one.name] for one in users]) if users else "the shift tables below"
        )
        also = " Every outcome is described so at every planned time, beside whatever else is done with it."
        yield Paragraph(f"Answers {answered}.{also if method is Method.DESCRIBE else ''}")
        for text in words.words:
            yield Paragraph(text)
        if method is Method.MMRM:
            yield from _structures(users)
        if arms:
            yield Paragraph(words.between_arms)
        if shifts:
            yield Table(
                ("Table", "Category", "At", "Order, best to worst"),
                [
                    (
                        one.title,
                        parameter_title(study, one.parameter),
                        study.visits[one.visit].title,
                        ", ".join(EVENTS.get(name, name) for name in one.order),
                    )
                    for one in shifts.values()
                ],
                caption="Shift tables",
            )
        yield Paragraph(f"Source: {'; '.join(words.sources)}.")
    if plan.responders:
        yield Heading("Responder definitions", 2)
        yield Table(
            ("Definition", "Rule"),
            [(one.title, _responder_rule(study, one)) for one in plan.responders.values()],
            caption="Responders",
            widths=(1, 1),
        )


def _structures(users: list[EstimandPlan]) -> Iterator[Block]:
    for order in dict.fromkeys(one.covariance for one in users):
        names = [name.replace("_", " ") for name in order]
        then = f"; where it fails, {', then '.join(names[1:])}" if names[1:] else ""
        yield Paragraph(f"Covariance: {names[0]}{then}.")


def _responder_rule(study: Study, one: Responder) -> str:
    title = parameter_title(study, one.parameter)
    if one.fall_of is not None:
        return f"baseline − value ≥ {one.fall_of:g} of {title}"
    if one.rise_of is not None:
        return f"value − baseline ≥ {one.rise_of:g} of {title}"
    return f"{title} better than at baseline, in the order {', '.join(one.order)}; those already in the best category cannot respond"


def multiplicity_chapter(study: Study) -> Chapter:
    """How the primary questions share the level, and what is not adjusted."""
    return Chapter("plan-multiplicity", "Multiplicity", tuple(_multiplicity(study)))


def _multiplicity(study: Study) -> Iterator[Block]:
    shared = study.analysis.multiplicity
    titles = [study.endpoints[name].title for name in shared.over if name in study.endpoints]
    if not titles:
        yield Paragraph(
            "No primary outcome is registered, so no hypothesis is tested and nothing is adjusted."
        )
        return
    if len(titles) == 1:
        yield Paragraph(
            f"There is one primary outcome ({titles[0]}), tested at α = {shared.level:g}, two-sided; no adjustment is needed."
        )
    else:
        words, source = ADJUSTMENTS[shared.adjustment]
        yield Paragraph(
            f"There are {len(titles)} primary outcomes: {listed(titles)}. Procedure: {shared.adjustment.value.replace('_', ' ').capitalize()}, "
            f"two-sided α = {shared.level:g} for all together. {words}"
        )
        if source:
            yield Paragraph(f"Source: {source}.")
        if shared.assumptions:
            yield Paragraph(f"Rests on: {_marked(study, shared.assumptions)}.")
    hypothesis = (
        "the changes, with death and transplant ranked worst, are distributed symmetrically about 0"
        if _ranked(study)
        else "there is no change from baseline"
    )
    each = "each outcome is" if len(titles) > 1 else "it is"
    cause = (
        " Rejecting it says that the scores changed, not that the treatment changed them."
        if len(study.arms) < 2
        else ""
    )
    yield Paragraph(f"The null hypothesis for {each} that {hypothesis}.{cause}")
    yield Paragraph(
        "Supportive, secondary, exploratory, sensitivity and safety analyses are not adjusted. Their p values and intervals are descriptive, and are labelled so."
    )


def _ranked(study: Study) -> bool:
    primary = [one for one in study.analysis.estimands.values() if one.role is EstimandRole.PRIMARY]
    return bool(primary) and all(one.method is Method.SIGNED_RANK for one in primary)


def missing_chapter(study: Study) -> Chapter:
    """What is assumed of missing values, and how far it matters."""
    return Chapter("plan-missing", "Missing data", tuple(_missing(study)))


def _missing(study: Study) -> Iterator[Block]:
    plan = study.analysis
    yield Paragraph(
        "A value that is not there is told apart by its reason: the participant died or was transplanted before it (an intercurrent event, "
        "handled above), left the study, missed the visit, came outside the window, or the value could not be measured or derived. Missing "
        "values are counted by visit and reason. Nothing is carried forward, and no value is imputed in a main analysis."
    )
    imputing = [one for one in plan.sensitivity.values() if one.kind is SensitivityKind.MULTIPLE_IMPUTATION]
    for one in imputing:
        yield Paragraph(
            f"Multiple imputation ({lower_first(one.title)}): {one.imputations} completed data sets are drawn by Bayesian normal linear regression of each "
            "visit on the baseline and the earlier visits (by chained equations where the gaps are not monotone), under missing at random. Each set is "
            "analysed as planned and the results are pooled by Rubin's rules with the degrees of freedom of Barnard and Rubin; the fraction of missing "
            f"information is reported. Random numbers start at seed {plan.seed}, so the same data give the same result. "
            "With nothing missing the result is that of the main analysis."
        )
    tipping = [one for one in plan.sensitivity.values() if one.kind is SensitivityKind.TIPPING_POINT]
    for one in tipping:
        shifts = ", ".join(f"{delta:g}" for delta in one.deltas)
        yield Paragraph(
            f"Tipping point ({lower_first(one.title)}): every imputed value is made worse by δ = {shifts} (in the outcome's unit) in turn, and the pooled "
            "analysis repeated. The smallest δ at which the conclusion changes is reported; whether it is plausible is a clinical judgement that the report states as such."
        )
    if any(one.kind is SensitivityKind.WORST_CASE for one in plan.sensitivity.values()):
        yield Paragraph(
            "Worst case: every participant of the population without a value counts as the worst rank (or as no responder), as if each had died."
        )
    if imputing or tipping:
        yield Paragraph(
            "Sources: Rubin DB. Multiple Imputation for Nonresponse in Surveys, 1987; Barnard J, Rubin DB. Biometrika 1999;86:948; "
            "Ratitch B, O'Kelly M, Tosiello R. Pharm Stat 2013;12:337."
        )
    if not plan.sensitivity:
        yield Note("No sensitivity analysis to missing data is planned.")


def sensitivity_chapter(study: Study) -> Chapter:
    """What each sensitivity analysis changes."""
    plan = study.analysis
    numbers = {name: number for number, name in enumerate(plan.estimands, start=1)}
    rows = [
        (one.title, f"Estimand {numbers[one.estimand]}", KINDS[one.kind], _changed(study, one))
        for one in plan.sensitivity.values()
    ]
    return Chapter(
        "plan-sensitivity",
        "Sensitivity analyses",
        (
            Paragraph(
                "Each repeats the main analysis of an estimand with one thing changed and is shown beside it: changes in a forest plot, shares in their table. None "
                "replaces the main analysis, whatever it gives."
            ),
            Table(
                ("Analysis", "Of", "Kind", "What is changed"),
                rows,
                caption="Sensitivity analyses",
                widths=(4, 2, 2, 5),
                empty="None is planned.",
            ),
        ),
    )


def _changed(study: Study, one: Sensitivity) -> str:
    plan = study.analysis
    match one.kind:
        case SensitivityKind.POPULATION:
            population = plan.populations.get(one.population)
            return f"The population is \N{LEFT DOUBLE QUOTATION MARK}{population.title if population else one.population}\N{RIGHT DOUBLE QUOTATION MARK}."
        case SensitivityKind.PARAMETER:
            parts = [
                f"{parameter_title(study, study.endpoints[name].variable)} is replaced by {listed([parameter_title(study, other) for other in others])}"
                for name, others in one.parameters.items()
            ]
            return "; ".join(parts) + ", one at a time."
        case SensitivityKind.METHOD:
            return f"The method is {METHODS[one.method].title.lower() if one.method else 'not named'}."
        case SensitivityKind.WITHOUT_EVENT:
            return f"Participants with the event \N{LEFT DOUBLE QUOTATION MARK}{lower_first(EVENTS.get(one.event, one.event))}\N{RIGHT DOUBLE QUOTATION MARK} up to the planned time are left out."
        case SensitivityKind.MULTIPLE_IMPUTATION:
            return f"Missing values are imputed {one.imputations} times under missing at random."
        case SensitivityKind.TIPPING_POINT:
            return f"Imputed values are made worse by up to {max(one.deltas, default=0):g}."
        case SensitivityKind.WORST_CASE:
            return "Every missing value counts as the worst outcome."


def primary_endpoints(study: Study) -> list[str]:
    """The registered primary outcomes, in the record's order."""
    found = [one for one in study.endpoints.values() if one.role is EndpointRole.PRIMARY and one.order]
    return [one.name for one in sorted(found, key=lambda one: one.order)]
