"""The first chapters of the plan document: what it is, the study and its outcomes, the sets and the data."""

from __future__ import annotations

from collections.abc import Iterator

from trialrun.report.documents.blocks import Block, Chapter, Facts, Heading, Note, Paragraph, Table
from trialrun.report.plan_words import (
    NEEDS,
    counted,
    dosing_words,
    listed,
    lower_first,
    numbered,
    parameter_title,
)
from trialrun.study.describe import stated_words, timing
from trialrun.study.model import Derived, Endpoint, EndpointRole, Study, Visit, VisitKind
from trialrun.study.plan import EVENTS, Need, PopulationPlan
from trialrun.study.plan_events import collected_events, sources_of
from trialrun.study.plan_parts import plan_parts
from trialrun.study.references import levels

_ORDER = (EndpointRole.PRIMARY, EndpointRole.SECONDARY, EndpointRole.SAFETY, EndpointRole.EXPLORATORY)


def about_chapter(study: Study) -> Chapter:
    """What the document is, how far it is agreed, and who signs it."""
    return Chapter("plan-about", "About this plan", tuple(_about(study)))


def _about(study: Study) -> Iterator[Block]:
    rests = plan_assumptions(study)
    still = [name for name in rests if study.assumptions[name].confirmed is None]
    yield Facts(
        [
            ("Study", study.title),
            ("Registry number", study.registry_id or "none"),
            ("Sponsor", study.sponsor),
            ("Planned participants", str(study.target)),
            ("Study definition (SHA-256)", study.hash),
            (
                "Plan",
                "assumed: the study states none"
                if study.analysis.assumed
                else "stated in the study definition",
            ),
            ("Assumptions the analysis rests on", f"{len(rests)}, of which {len(still)} are not confirmed"),
        ]
    )
    yield Paragraph(
        "This document is printed from the study definition named above. The analysis program reads the same definition, so "
        "what is planned here is what is carried out. Any change of the definition changes its SHA-256; the report of "
        "an analysis names the definition it followed."
    )
    if study.analysis.assumed:
        yield Note(
            "The study states no analysis plan. What follows is derived from its outcomes, visits and forms by the defaults "
            "for a small trial; nobody has chosen it yet."
        )
    if still:
        yield Note(
            f"Draft: {counted(len(still), 'assumption')} this plan rests on "
            f"{'is' if len(still) == 1 else 'are'} not confirmed (see the chapter \N{LEFT DOUBLE QUOTATION MARK}Assumptions to confirm\N{RIGHT DOUBLE QUOTATION MARK}). "
            "The plan is final when each is confirmed by name and this page is signed before the data are seen."
        )
    yield Table(
        ("Role", "Name", "Signature", "Date"),
        [(role, "", "", "") for role in ("Statistician", "Principal investigator", "Sponsor")],
        caption="Signatures",
        widths=(3, 4, 4, 2),
    )


def plan_assumptions(study: Study) -> tuple[str, ...]:
    """The assumptions the plan and the outcomes it answers rest on, in the study's order."""
    named = {name for part in plan_parts(study.analysis) for name in part.assumptions}
    for estimand in study.analysis.estimands.values():
        for endpoint in estimand.endpoints:
            named.update(study.endpoints[endpoint].assumptions)
    return tuple(name for name in study.assumptions if name in named)


def study_chapter(study: Study) -> Chapter:
    """Design, treatment, schedule, and the outcomes as registered."""
    return Chapter("plan-study", "Study and outcomes", tuple(_study(study)))


def _study(study: Study) -> Iterator[Block]:
    single = len(study.arms) < 2
    design = (
        "All participants receive the treatment; there is no concurrent control. Each is compared with their own "
        "baseline, which cannot tell an effect from the natural course, from regression to the mean or from better care."
        if single
        else f"Participants are allocated to {counted(len(study.arms), 'arm')}. The control is the arm the record calls a "
        "comparator, otherwise the first named here."
    )
    yield Paragraph(f"{study.target} participants are to be enrolled. {design}")
    if study.arms:
        yield Table(
            ("Arm", "Receives"),
            [(arm.title, arm.description) for arm in study.arms.values()],
            caption="Treatment",
            widths=(1, 3),
        )
    for words in dosing_words(study):
        yield Paragraph(words)
    yield Table(
        ("Outcome", "Registered as", "Time frame of the record", "Analysed as", "At"),
        [
            (
                endpoint.title,
                f"{endpoint.role} {endpoint.order}" if endpoint.order else "not registered",
                endpoint.time_frame or "\N{EN DASH}",
                parameter_title(study, endpoint.variable),
                listed([study.visits[name].title for name in endpoint.visits]),
            )
            for endpoint in outcomes_in_order(study)
        ],
        caption="Outcomes",
        widths=(4, 2, 3, 3, 2),
    )
    registered = [one for one in outcomes_in_order(study) if one.order]
    if registered:
        yield Paragraph(
            "An outcome has five levels: domain, measure, metric, aggregation and time. Where the record does not state "
            "one, the definition assumes it, and names the assumption somebody has to confirm."
        )
        yield Table(
            ("Registered outcome", *(name.capitalize() for name, _ in levels(registered[0]))),
            [(one.title, *(stated_words(stated) for _, stated in levels(one))) for one in registered],
            caption="What the record states of each registered outcome",
        )


def outcomes_in_order(study: Study) -> list[Endpoint]:
    """Registered outcomes in the record's order, then the added ones."""
    return sorted(
        study.endpoints.values(), key=lambda one: (one.order == 0, _ORDER.index(one.role), one.order)
    )


def populations_chapter(study: Study) -> Chapter:
    """The sets, what membership asks for, and what is analysed in each."""
    plan = study.analysis
    used: dict[str, list[str]] = {}
    for name in plan.populations:
        asked = [n for n, one in enumerate(plan.estimands.values(), start=1) if one.population == name]
        if asked:
            used[name] = [numbered("Estimand", asked)]
    for one in plan.sensitivity.values():
        if one.population:
            used.setdefault(one.population, []).append(f"Sensitivity: {lower_first(one.title)}")
    safety = next((one.name for one in plan.populations.values() if Need.DOSED in one.needs), "")
    if safety:
        used.setdefault(safety, []).append("safety and exposure")
    rows = [
        (
            one.title,
            _membership(one, plan.populations),
            "; ".join(used.get(one.name, [])) or "counted in the flow",
        )
        for one in plan.populations.values()
    ]
    return Chapter(
        "plan-populations",
        "Populations",
        (
            Paragraph(
                "Membership is derived from the data by the rules below and stands as a flag in the analysis data set. "
                "The report lists everyone a population leaves out, with the reason."
            ),
            Table(("Population", "Who", "Analysed in it"), rows, caption="Populations", widths=(2, 4, 4)),
        ),
    )


def _membership(one: PopulationPlan, known: dict[str, PopulationPlan] | object) -> str:
    needs = listed([NEEDS[need] for need in one.needs])
    wider = known.get(one.within) if isinstance(known, dict) else None
    return (
        f"Of \N{LEFT DOUBLE QUOTATION MARK}{wider.title}\N{RIGHT DOUBLE QUOTATION MARK}: {needs}"
        if wider
        else f"Everyone {needs}"
    )


def data_chapter(study: Study) -> Chapter:
    """Baseline, windows, derived values, and how each intercurrent event is found."""
    return Chapter("plan-data", "Data handling", tuple(_data(study)))


def _data(study: Study) -> Iterator[Block]:
    yield Heading("Baseline and change", 2)
    yield Paragraph(
        "Baseline is the last known value before the first dose; a value of the screening or baseline visit taken on the day of the first "
        "dose counts as before it. Change is value minus baseline, computed from the values as recorded and not from "
        "rounded ones. The first dose is day 1; there is no day 0."
    )
    yield Heading("Analysis windows", 2)
    yield Table(
        ("Planned time", "Target", "Days that count"),
        [(visit.title, timing_target(visit), _window(study, visit)) for visit in _planned(study)],
        caption="Analysis windows",
        widths=(2, 4, 4),
        empty="The study plans no time after the first dose.",
    )
    yield Paragraph(
        "Of several values in a window the one nearest to the target counts; of two equally near the later. A value of an unscheduled or an "
        "early-termination visit counts only where the window holds none of a scheduled visit. Values outside every window are "
        "listed and not analysed. No value is carried forward to a later time."
    )
    yield Heading("Derived values", 2)
    yield Table(
        ("Value", "Definition", "Limits and rounding", "Source"),
        [_derivation(study.derived[name]) for name in _analysed_derived(study)],
        caption="Scores and other derived values that are analysed",
        widths=(2, 4, 4, 3),
        empty="Only values as recorded are analysed.",
    )
    yield Paragraph(
        "A score is derived at each visit from that visit's own inputs. Where an input is missing the score is unknown, unless every "
        "value the missing input can have gives the same result; the bounds it can have are reported. No input is imputed to complete a score."
    )
    yield from _events(study)


def timing_target(visit: Visit) -> str:
    """The target of a visit in words, without its window."""
    return timing(visit).partition(", ")[0]


def _planned(study: Study) -> list[Visit]:
    return [visit for visit in study.visits.values() if visit.kind is VisitKind.FOLLOW_UP]


def _window(study: Study, visit: Visit) -> str:
    plan = study.analysis.windows.get(visit.name)
    before = plan.before if plan is not None and plan.before is not None else visit.window_before
    after = plan.after if plan is not None and plan.after is not None else visit.window_after
    days = f"{before} days before to {after} days after the target"
    own = (visit.window_before, visit.window_after)
    return days if own == (before, after) else f"{days} (visit window: {own[0]} before to {own[1]} after)"


def _analysed_derived(study: Study) -> list[str]:
    plan = study.analysis
    wanted = [study.endpoints[name].variable for one in plan.estimands.values() for name in one.endpoints]
    wanted += [
        name for one in plan.sensitivity.values() for names in one.parameters.values() for name in names
    ]
    wanted += [one.parameter for one in (*plan.responders.values(), *plan.shifts.values())]
    return [name for name in study.derived if name in wanted]


def _derivation(derived: Derived) -> tuple[str, str, str, str]:
    if derived.score is None:
        return (
            derived.label,
            derived.expression or f"{derived.how} over {derived.over}",
            "\N{EN DASH}",
            derived.note or "study definition",
        )
    from trialrun.errors import ScoreError
    from trialrun.scores.load import score

    try:
        found = score(derived.score)
    except ScoreError:
        return derived.label, f"score {derived.score}, which is not known", "\N{EN DASH}", "\N{EN DASH}"
    limits = "; ".join(text for text in (found.bounds, found.rounding) if text)
    return derived.label, found.formula, limits, "; ".join(found.sources)


def _events(study: Study) -> Iterator[Block]:
    handled = [
        kind for kind in EVENTS if any(kind in one.intercurrent for one in study.analysis.estimands.values())
    ]
    if not handled:
        return
    yield Heading("How intercurrent events are found", 2)
    collected = collected_events(study)
    yield Table(
        ("Event", "Shown by"),
        [
            (
                EVENTS[kind],
                _shown_by(study, kind) if kind in collected else "nothing: the study does not ask for it",
            )
            for kind in handled
        ],
        caption="Sources of intercurrent events",
        widths=(2, 5),
    )
    yield Paragraph(
        "An event counts from the first dose on, with the last day on which it can have happened where its date is partial. Every event is a flag in the "
        "analysis data, whatever its strategy, and is listed for each participant."
    )


def _shown_by(study: Study, kind: str) -> str:
    words = {
        "death": ["end of participation", "a fatal adverse event (outcome, or grade 5)"],
        "transplant": ["end of participation"],
        "dose_stopped": ["a planned dose that was due and was not given"],
    }.get(kind, [])
    return "; ".join([*words, *(_question(study, name, kind) for name in sources_of(study, kind))])


def _question(study: Study, name: str, kind: str) -> str:
    """An item as the site sees it: its form, its label, and the answer that means the event."""
    item, form = study.items[name], study.form_of(name)
    answer = next((choice.label for choice in item.choices if choice.code == kind), "")
    where = f"{form.title}: " if form is not None else ""
    return f"{where}{item.label}" + (f" = {answer}" if answer else "")
