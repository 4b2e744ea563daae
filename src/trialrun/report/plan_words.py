"""The words of an analysis plan: what needs, strategies and methods mean, with formulas and sources."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from trialrun.study.model import Study
from trialrun.study.plan import (
    EVENTS,
    Adjustment,
    EstimandPlan,
    Method,
    Need,
    SensitivityKind,
    Strategy,
    Variable,
)

NEEDS: Mapping[Need, str] = {
    Need.REGISTERED: "registered in the study",
    Need.ENROLLED: "found eligible and enrolled",
    Need.DOSED: "given at least one dose",
    Need.PRIMARY_KNOWN: "every registered primary outcome known at its registered time, or decided by an event of "
    "composite strategy (death, transplant)",
    Need.NO_MAJOR_DEVIATION: "without a major deviation: no planned dose omitted, none of another amount, no total "
    "above the limit, and none judged major or critical",
}
STRATEGIES: Mapping[Strategy, str] = {
    Strategy.TREATMENT_POLICY: "Treatment policy: the value counts as observed, whatever happened",
    Strategy.COMPOSITE: "Composite: the event is itself an outcome",
    Strategy.HYPOTHETICAL: "Hypothetical: what would have been seen without the event",
    Strategy.WHILE_ALIVE: "While alive: only values before the event count",
    Strategy.WHILE_ON_TREATMENT: "While on treatment: only values before the event count",
    Strategy.PRINCIPAL_STRATUM: "Principal stratum: only those in whom the event would not happen",
}
VARIABLES: Mapping[Variable, str] = {
    Variable.CHANGE: "Change from baseline",
    Variable.VALUE: "Value",
    Variable.RESPONSE: "Response (yes or no)",
    Variable.CATEGORY: "Category",
    Variable.TIME: "Days from the first dose",
}
KINDS: Mapping[SensitivityKind, str] = {
    SensitivityKind.POPULATION: "another population",
    SensitivityKind.PARAMETER: "another variable",
    SensitivityKind.METHOD: "another method",
    SensitivityKind.WITHOUT_EVENT: "without an event",
    SensitivityKind.MULTIPLE_IMPUTATION: "multiple imputation",
    SensitivityKind.TIPPING_POINT: "tipping point",
    SensitivityKind.WORST_CASE: "worst case",
}


@dataclass(frozen=True, slots=True)
class MethodWords:
    """A method as a statistician describes it: in one arm, and what replaces it between arms."""

    title: str
    words: tuple[str, ...]
    between_arms: str
    sources: tuple[str, ...]


METHODS: Mapping[Method, MethodWords] = {
    Method.DESCRIBE: MethodWords(
        "Description",
        (
            (
                "Number of participants with a value, mean, standard deviation, median, quartiles (type 2 of Hyndman and "
                "Fan, as SAS has them), minimum and maximum at baseline and at each planned time; for changes also the 95 % t interval of "
                "the mean. No hypothesis is tested."
            ),
        ),
        "By arm, without a comparison.",
        ("Hyndman RJ, Fan Y. Am Stat 1996;50:361",),
    ),
    Method.SIGNED_RANK: MethodWords(
        "Exact signed rank with worst ranks",
        (
            (
                "Let d₁ … dₙ be the changes from baseline, rounded to the precision of the data. A participant with an event "
                "of composite strategy has d = +∞ where a fall is an improvement and −∞ where a rise is one, so that all of "
                "them share the worst rank whatever the day of the event. Zero changes are left out and counted; |d| is "
                "ranked with midranks for ties; V is the sum of the ranks of the positive changes."
            ),
            (
                "The p value is exact and two-sided: the conditional distribution of V over all 2ⁿ assignments of signs "
                "to the observed midranks. No normal approximation and no continuity correction is used."
            ),
            (
                "The estimate is the Hodges-Lehmann median of the Walsh averages (dᵢ + dⱼ)/2, i ≤ j. Its interval is the smallest "
                "closed one that holds the shifts the exact test does not reject; with ties the test may reject a shift that "
                "lies on a bound itself. A bound that falls among the worst ranks is reported as open; where "
                "half or more of the Walsh averages are infinite no median change exists, and this is what is reported."
            ),
        ),
        "Between arms: exact rank sum (Wilcoxon, Mann and Whitney) with the same worst ranks, and the Hodges-Lehmann shift with its "
        "exact interval.",
        (
            "Wilcoxon F. Biometrics Bulletin 1945;1:80",
            "Hodges JL, Lehmann EL. Ann Math Stat 1963;34:598",
            "Bauer DF. J Am Stat Assoc 1972;67:687",
            "Lachin JM. Control Clin Trials 1999;20:408 (worst ranks)",
        ),
    ),
    Method.PAIRED_T: MethodWords(
        "Mean change with t interval",
        (
            (
                "The mean of the changes d̄ with d̄ ± t(n−1; 0.975) · s/√n, s their standard deviation, and the two-sided paired "
                "t test against no change. The p value is descriptive unless the estimand is a primary one."
            ),
        ),
        "Between arms: the difference of the mean changes, adjusted for the baseline (analysis of covariance).",
        ("Student. Biometrika 1908;6:1",),
    ),
    Method.ANCOVA: MethodWords(
        "Analysis of covariance",
        (
            (
                "Least squares of the change on the baseline, centred at its mean: change = α + β · (baseline − mean baseline) + "
                "error. α is the mean change at the mean baseline, with its t interval on n − 2 degrees of freedom."
            ),
        ),
        "Between arms: one more term per arm; the difference between arms at the mean baseline.",
        ("Vickers AJ, Altman DG. BMJ 2001;323:1123",),
    ),
    Method.MMRM: MethodWords(
        "Mixed model for repeated measures",
        (
            (
                "change(i, t) = μ(t) + β · (baseline(i) − mean baseline) + ε(i, t), with a mean μ(t) for every planned visit, and "
                "errors of one participant multivariate normal with covariance Σ, independent between participants. The "
                "model is fitted by restricted maximum likelihood; μ(t) is the adjusted mean change at the mean baseline, which is that "
                "of everyone in the population, also of those without a later value."
            ),
            (
                "Standard errors and degrees of freedom are those of Kenward and Roger in the form linear in the elements of "
                "Σ (as SAS PROC MIXED uses it for the unstructured covariance). A structure that does not converge, or whose "
                "Σ is not positive definite, is replaced by the next; the log of the fits is reported."
            ),
        ),
        "Between arms: μ(t) by arm, and the difference of arms at each visit.",
        (
            "Mallinckrodt CH et al. Drug Inf J 2008;42:303",
            "Kenward MG, Roger JH. Biometrics 1997;53:983",
        ),
    ),
    Method.PROPORTION: MethodWords(
        "Exact share",
        (
            (
                "x of n participants, with the exact two-sided interval of Clopper and Pearson: the shares at which x or more, "
                "and x or fewer, would each have probability 0.025. No reference share is tested."
            ),
        ),
        "Between arms: the difference of the shares with the interval of Newcombe (method 10).",
        ("Clopper CJ, Pearson ES. Biometrika 1934;26:404", "Newcombe RG. Stat Med 1998;17:873"),
    ),
    Method.SHIFT: MethodWords(
        "Shift table",
        (
            (
                "Counts of the category at baseline against the category at the visit. Improved against worse is tested by the exact "
                "sign test (those unchanged do not count); the Stuart-Maxwell statistic stands as a note, because its χ² "
                "distribution does not hold at this size."
            ),
        ),
        "By arm, without a comparison.",
        ("Dixon WJ, Mood AM. J Am Stat Assoc 1946;41:557", "Stuart A. Biometrika 1955;42:412"),
    ),
    Method.INCIDENCE: MethodWords(
        "Cumulative incidence with competing events",
        (
            (
                "The Aalen-Johansen estimate F_k(t) = Σ S(t_j−) · d_kj/n_j over the event days t_j ≤ t, with S the Kaplan-Meier "
                "probability of neither event, d_kj the events of kind k and n_j those at risk; numbers at risk are printed. Its "
                "standard error is the infinitesimal jackknife and its interval is on the scale log(−log(1 − F)). Kaplan-Meier with a competing event censored is not used, because it "
                "overstates the incidence."
            ),
        ),
        "By arm, without a test.",
        ("Aalen OO, Johansen S. Scand J Stat 1978;5:141",),
    ),
    Method.KAPLAN_MEIER: MethodWords(
        "Time to the event (Kaplan-Meier)",
        (
            (
                "Days from the start each endpoint states to the first of its events; a participant without one is censored on "
                "the last day on which none was known to have happened, and one without any day is counted as missing with the "
                "reason. The share free of the event is S(t) = Π (1 − dⱼ/nⱼ) over the event days tⱼ ≤ t, with Greenwood's variance and "
                "an interval on the scale log(−log S), read at every registered time with a planned day, with the number at risk."
            ),
            (
                "The median is the first day on which S falls below one half (the middle of a rest at exactly half), and its "
                "interval is where the interval of S crosses one half; a bound that does not is open. An event "
                "whose day is partly known is placed on its last possible day, and this is reported."
            ),
        ),
        "Between arms: the hazard ratio of the Cox model (ties as Efron) with its Wald interval, and the p value of the log-rank test.",
        (
            "Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457",
            "Brookmeyer R, Crowley J. Biometrics 1982;38:29",
            "Mantel N. Cancer Chemother Rep 1966;50:163",
            "Cox DR. J R Stat Soc B 1972;34:187",
        ),
    ),
    Method.SURVIVAL: MethodWords(
        "Kaplan-Meier and Cox",
        ("The Kaplan-Meier estimate with Greenwood's variance on the log-minus-log scale.",),
        "Between arms: the hazard ratio of the Cox model (ties as Efron).",
        ("Kaplan EL, Meier P. J Am Stat Assoc 1958;53:457", "Cox DR. J R Stat Soc B 1972;34:187"),
    ),
}

ADJUSTMENTS: Mapping[Adjustment, tuple[str, str]] = {
    Adjustment.HOLM: (
        (
            "The p values p₍₁₎ ≤ … ≤ p₍ₖ₎ are compared in order with α/k, α/(k−1), … α and testing stops at the first that is larger. "
            "The claim is that the treated changed in at least one of the outcomes; the error of any false claim is at most α, "
            "whatever the correlation."
        ),
        "Holm S. Scand J Stat 1979;6:65",
    ),
    Adjustment.HOCHBERG: (
        "The p values are compared from the largest down: p₍ⱼ₎ with α/(k−j+1); the first that is not larger is claimed with all smaller ones.",
        "Hochberg Y. Biometrika 1988;75:800",
    ),
    Adjustment.HOMMEL: (
        "Closed testing with Simes' test of every intersection.",
        "Hommel G. Biometrika 1988;75:383",
    ),
    Adjustment.BONFERRONI: ("Every p value is compared with α/k.", "Dunn OJ. J Am Stat Assoc 1961;56:52"),
    Adjustment.FIXED_SEQUENCE: (
        "The outcomes are tested at α in the order given; testing stops at the first that is not significant.",
        "Maurer W, Hothorn LA, Lehmacher W. 1995",
    ),
    Adjustment.BOTH: (
        "Every outcome must be significant at α; no adjustment is needed for a claim on all of them, and none is made on one alone.",
        "Berger RL. Technometrics 1982;24:295",
    ),
    Adjustment.NONE: ("No adjustment is made.", ""),
}


def variable_words(study: Study, estimand: EstimandPlan) -> str:
    """What is compared: `Change from baseline in MELD-Na and Child-Pugh score, at Month 4`."""
    at: dict[tuple[str, ...], list[str]] = {}
    for name in estimand.endpoints:
        endpoint = study.endpoints[name]
        at.setdefault(estimand.visits or endpoint.visits, []).append(
            parameter_title(study, endpoint.variable)
        )
    responder = study.analysis.responders.get(estimand.responder)
    before = {Variable.CHANGE: "Change from baseline in", Variable.CATEGORY: "Category of"}.get(
        estimand.variable, "Value of"
    )
    parts = [
        f"{responder.title if responder else f'{before} {listed(titles)}'}, at "
        f"{listed([study.visits[visit].title for visit in visits])}"
        for visits, titles in at.items()
    ]
    return "; ".join(dict.fromkeys(parts))


def parameter_title(study: Study, name: str) -> str:
    """What readers call an item, a derived value or a component of a score."""
    if name in study.items:
        return study.items[name].label
    if name in study.derived:
        return study.derived[name].label
    for derived in study.derived.values():
        if name.startswith(f"{derived.name}_"):
            return f"{derived.label}, {name.removeprefix(derived.name + '_').replace('_', ' ')}"
    return name.replace("_", " ")


def events_by_handling(estimand: EstimandPlan) -> list[str]:
    """One line per strategy and detail with the events it holds for: `Death, liver transplant: composite (worst rank)`."""
    grouped: dict[tuple[Strategy, str], list[str]] = {}
    for one in estimand.intercurrent.values():
        grouped.setdefault((one.strategy, one.how), []).append(EVENTS[one.event])
    return [
        f"{listed([name if i == 0 else lower_first(name) for i, name in enumerate(names)])}: "
        f"{strategy.value.replace('_', ' ')}{f' ({how})' if how else ''}"
        for (strategy, how), names in grouped.items()
    ]


def dosing_words(study: Study) -> list[str]:
    """What each arm is to be given: product, route, doses and total, one sentence an arm."""
    found: list[str] = []
    for plan in study.dose_plans:
        given = [f"{dose.amount} {plan.unit} at {study.visits[dose.visit].title}" for dose in plan.doses]
        found.append(
            f"{study.arms[plan.arm].title}: {plan.product}, {plan.route}. {listed(given)}; {plan.total} {plan.unit} in all, "
            f"within {plan.within_days} days of the first dose."
        )
    return found


def lower_first(text: str) -> str:
    """A text within a sentence; an abbreviation keeps its capitals."""
    return text if len(text) > 1 and text[1].isupper() else text[:1].lower() + text[1:]


def listed(words: list[str]) -> str:
    """`a`, `a and b`, `a, b and c`."""
    if len(words) < 2:
        return "".join(words)
    return f"{', '.join(words[:-1])} and {words[-1]}"


def counted(n: int, one: str, many: str = "") -> str:
    """`1 visit`, `3 visits`."""
    return f"{n} {one if n == 1 else many or one + 's'}"


def numbered(word: str, numbers: list[int]) -> str:
    """`Estimand 1`, `Estimands 1 to 3`, `Estimands 1 and 4`."""
    if len(numbers) == 1:
        return f"{word} {numbers[0]}"
    if len(numbers) > 2 and numbers == list(range(numbers[0], numbers[-1] + 1)):
        return f"{word}s {numbers[0]} to {numbers[-1]}"
    return f"{word}s {listed([str(n) for n in numbers])}"
