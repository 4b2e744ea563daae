"""Safety and monitoring in the plan document, from what the study collects and its stopping rule."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any, cast

from trialrun.analyse.methods.stopping import StoppingRule, operating_characteristics, stopping_boundary
from trialrun.analyse.safety_stopping import TRUE_PROBABILITIES, stopping_rule_of
from trialrun.errors import UserError
from trialrun.report.documents.blocks import Block, Bullets, Cell, Chapter, Heading, Note, Paragraph, Table
from trialrun.report.numbers import percent, shown
from trialrun.report.plan_words import listed
from trialrun.study.model import AttestedBy, EndpointRole, ItemType, Study
from trialrun.study.plan_events import local_name


def safety_chapter(study: Study) -> Chapter:
    """Exposure, adverse events, laboratory and liver safety, as far as the study collects them."""
    return Chapter("plan-safety", "Safety", tuple(_safety(study)))


def _settings(study: Study) -> Mapping[str, Any]:
    given: object = study.settings.get("safety")
    return cast("Mapping[str, Any]", given) if isinstance(given, Mapping) else {}


def _safety(study: Study) -> Iterator[Block]:
    if not any(one.role is EndpointRole.SAFETY and one.order for one in study.endpoints.values()):
        yield Note(
            "The record registers no safety outcome. Safety is analysed all the same, and every table says that it is not pre-registered."
        )
    yield Paragraph(
        "Safety is analysed in everyone given at least one dose"
        + (", by the arm actually received." if len(study.arms) > 1 else ".")
        + " Nothing in this chapter is tested; intervals describe how much so few participants leave open."
    )
    if study.dose_plans:
        yield Heading("Exposure", 2)
        yield Paragraph(
            "Doses planned and given, interruptions, the cumulative amount, and the days from first to last dose, for each participant and in summary. "
            "Person-time runs from the day of the first dose to death, else the end of participation, else the last day seen, both days counted; a month is 365.25/12 days."
        )
    if local_name(study, "adverse_event") in study.forms:
        yield from _adverse_events(study)
    yield from _laboratory(study)


def _adverse_events(study: Study) -> Iterator[Block]:
    asked = study.forms[local_name(study, "adverse_event")].items

    def has(name: str) -> bool:
        return local_name(study, name) in asked

    version = study.settings.get("ctcae_version")
    yield Heading("Adverse events", 2)
    yield Paragraph(
        "An event is treatment-emergent when it began on or after the first dose; one whose partial date leaves this open counts "
        "as treatment-emergent."
        + (f" Grades are those of CTCAE version {version}." if version and has("ae_grade") else "")
    )
    rows = ["any event"]
    rows += ["related (possibly, probably or definitely)"] if has("ae_related") else []
    rows += ["serious"] if has("ae_serious") else []
    rows += ["serious and related"] if has("ae_serious") and has("ae_related") else []
    rows += ["grade 3 or more"] if has("ae_grade") else []
    rows += ["leading to a changed dose", "leading to stopping the product"] if has("ae_action") else []
    rows += ["fatal"] if has("ae_outcome") else []
    rows.append("death of any cause")
    points = [
        (
            f"Summary: participants with {listed(rows)}, each with n, percent and the exact interval of Clopper and Pearson; the number of events; and "
            "the rate per 100 person-months with the exact Poisson interval (Garwood 1936)."
        ),
        (
            "Incidence by system organ class and preferred term of the coding recorded in the study; where a term is not coded it is shown as "
            "reported, and the table says so. A participant counts once in each row."
        ),
    ]
    points += ["Worst grade of each participant by term."] if has("ae_grade") else []
    points += ["Relation to the product by term, as the investigator judged it."] if has("ae_related") else []
    points.append(
        "Listings of deaths, serious events, and events that stopped the product, with days and outcome."
    )
    yield Bullets(points)


def _laboratory(study: Study) -> Iterator[Block]:
    names = [
        item.label
        for item in study.items.values()
        if item.type is ItemType.NUMBER
        and any(code.system == "LOINC" for code in item.codings)
        and _is_blood(study, item.name)
    ]
    if not names:
        return
    yield Heading("Laboratory and liver safety", 2)
    yield Paragraph(
        f"For {listed(names)}: each participant's course in multiples of the own baseline; shift of the CTCAE grade from baseline to the worst value and to each visit. Where CTCAE grades an "
        "abnormal baseline by multiples of it, the baseline is the reference, not the upper limit of normal."
    )
    alerts = _settings(study).get("alerts")
    if isinstance(alerts, Mapping):
        yield from _liver(cast("Mapping[str, Any]", alerts))


def _is_blood(study: Study, name: str) -> bool:
    """A laboratory value: on a form beside others that a laboratory attests, or with an analyte."""
    item, form = study.items[name], study.form_of(name)
    if form is None or form.repeating:
        return False
    return item.analyte is not None or item.attested_by is AttestedBy.LABORATORY


def _liver(alerts: Mapping[str, Any]) -> Iterator[Block]:
    times, least = alerts.get("enzyme_times_baseline"), alerts.get("enzyme_at_least")
    bilirubin, rise, meld = (alerts.get(key) for key in ("bilirubin_times_baseline", "inr_rise", "meld_rise"))
    floor = cast("Mapping[str, Any]", least) if isinstance(least, Mapping) else {}
    enzyme = f"ALT or AST at least {times} times baseline" if times else "a rise of ALT or AST"
    enzyme += f" or at least {floor.get('value')} {floor.get('unit')}" if floor else ""
    joined = [f"bilirubin at least {bilirubin} times baseline"] if bilirubin else []
    joined += [f"a rise of INR of {rise} or more"] if rise else []
    together = f", together with {' or '.join(joined)}" if joined else ""
    apart = f"; and, apart from that, a rise of MELD of {meld} or more" if meld else ""
    yield Paragraph(
        "Baseline for liver safety is the mean of all values before the first dose; a baseline of one draw is marked. Peak ALT and "
        f"bilirubin are plotted against each other as multiples of baseline. Listed are participants with {enzyme}{together}{apart}. "
        "Listed beside them, for an investigator to look at, are new grades of 3 or more, a rise of creatinine, and values that would meet Hy's law in "
        "multiples of the upper limit of normal. These multiples, in the list and in a greyed plot, decide nothing, because abnormal baselines make them "
        "mislead (Treem WR et al. Drug Saf 2021;44:133)."
    )


def monitoring_chapter(study: Study) -> Chapter:
    """The stopping rule with its boundary and operating characteristics, and looks at efficacy."""
    return Chapter("plan-monitoring", "Monitoring and stopping", tuple(_monitoring(study)))


def _monitoring(study: Study) -> Iterator[Block]:
    yield Paragraph(
        "No interim analysis of efficacy is planned, so the primary analysis spends the whole level. Safety is looked at as the data come in."
    )
    try:
        found = stopping_rule_of(study)
    except UserError as error:
        yield Note(f"The stopping rule cannot be read: {error.message}. Remedy: {error.remedy}.")
        return
    if found is None:
        yield Note("The study has no stopping rule.")
        return
    rule, window = found
    yield from _rule(study, rule, window)


def _rule(study: Study, rule: StoppingRule, window: int) -> Iterator[Block]:
    boundary = stopping_boundary(rule, study.target)
    yield Paragraph(
        f"After every participant the posterior probability that death within {window} days of the first dose is more likely than {percent(rule.limit)} is "
        f"computed from the prior Beta({rule.a:g}, {rule.b:g}) (mean {percent(rule.a / (rule.a + rule.b))}, worth {rule.a + rule.b:g} participants). "
        f"Dosing is halted for review when it exceeds {percent(rule.certainty)}. A participant counts once dead within the window, observed to its end, or having completed the study. "
        "The rule supports the people who decide; it does not decide for them."
    )
    yield Table(
        ("Participants whose outcome is known", "Deaths that halt"),
        [(span, Cell(words, number=True)) for span, words in _bounds(boundary)],
        caption="Boundary",
        widths=(1, 1),
    )
    rows = []
    for probability in TRUE_PROBABILITIES:
        found = operating_characteristics(boundary, probability)
        rows.append(
            tuple(
                Cell(text, number=True)
                for text in (
                    percent(probability),
                    percent(found.stops),
                    shown(found.expected_participants),
                    shown(found.expected_events),
                )
            )
        )
    yield Table(
        ("True probability of death", "Chance to halt", "Expected participants", "Expected deaths"),
        rows,
        caption=f"Operating characteristics with {study.target} participants",
        notes=(
            "Computed by enumeration of all paths, looking after every participant whose outcome is known; nothing is simulated.",
        ),
    )
    yield Paragraph("Source: Thall PF, Simon R. Biometrics 1994;50:337.")


def _bounds(boundary: Sequence[int | None]) -> list[tuple[str, str]]:
    """Runs of participants with one bound: `4 to 8`, `3 or more`."""
    found: list[tuple[str, str]] = []
    for limit, run in groupby(enumerate(boundary, start=1), key=lambda one: one[1]):
        numbers = [n for n, _ in run]
        span = str(numbers[0]) if len(numbers) == 1 else f"{numbers[0]} to {numbers[-1]}"
        found.append((span, "no number halts" if limit is None else f"{limit} or more"))
    return found
