"""What `trialrun show` prints: the study in plain words, from the same definition that is run."""

from __future__ import annotations

import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping

from trialrun.evaluate.words import in_words
from trialrun.expressions import parse_expression
from trialrun.expressions.nodes import Case
from trialrun.study.model import Assumption, Criterion, Derived, Endpoint, Item, Limits, Stated, Study, Visit
from trialrun.study.plan_describe import ASSUMED, estimand_facts, plan_lists
from trialrun.study.program import row_symbols, study_program
from trialrun.study.references import levels
from trialrun.study.rules import names_used
from trialrun.study.time_to_event import STARTS, TimeToEvent

WIDTH = 80
NOTICE = "Results support, never replace, the investigator's judgement. Not a medical device."
SECTIONS = (
    "about",
    "schedule",
    "criteria",
    "items",
    "derived",
    "endpoints",
    "doses",
    "analysis",
    "assumptions",
)

Lines = Iterator[str]


def show(study: Study, sections: Iterable[str] = SECTIONS, *, width: int = WIDTH) -> str:
    """The study as text for a terminal.

    Args:
        sections: which, of `SECTIONS`, in this order.
        width: columns.
    """
    parts = [_TEXT[name](study, width) for name in sections]
    return "\n".join("\n".join(part).rstrip() + "\n" for part in parts)


def _heading(text: str) -> Lines:
    yield text
    yield "=" * len(text)


def _wrap(text: str, width: int, indent: str = "", hang: str | None = None) -> list[str]:
    return textwrap.wrap(
        " ".join(text.split()),
        width,
        initial_indent=indent,
        subsequent_indent=indent if hang is None else hang,
        break_long_words=False,
        break_on_hyphens=False,
    )


def _about(study: Study, width: int) -> Lines:
    yield from _heading(study.registry_id or study.id)
    yield from _wrap(study.title, width)
    yield ""
    places = "; ".join(f"{site['id']} {site['name']}" for site in study.sites)
    for label, text in (
        ("Sponsor", study.sponsor),
        ("Participants", f"{study.target} to be enrolled"),
        ("Sites", places),
        ("Arms", "; ".join(f"{arm.title}: {arm.description}" for arm in study.arms.values())),
        ("Study hash", study.hash),
    ):
        yield from _wrap(f"{label}: {text}", width, "", "  ")
    yield from _wrap(NOTICE, width)


def schedule_table(study: Study) -> tuple[tuple[str, ...], tuple[tuple[str, ...], ...]]:
    """Schedule of activities: the visits as heads, and a row per form with its marks."""
    visits = tuple(study.visits.values())
    rows = tuple(
        (form.title, *("x" if form.name in visit.forms else "" for visit in visits))
        for form in study.forms.values()
    )
    return ("", *(visit.title for visit in visits)), rows


def timing(visit: Visit) -> str:
    """When a visit is due, in words."""
    if visit.offset is None:
        return "no planned day"
    anchor = (visit.anchor or "").replace("_", " ")
    day = f"day of {anchor}" if visit.offset == "P0D" else f"{anchor} + {_duration(visit.offset)}"
    before, after = visit.window_before, visit.window_after
    if before == after:
        return day if not before else f"{day}, {before} days either way"
    return f"{day}, {before} days before to {after} days after"


def _duration(text: str) -> str:
    names = {"M": "calendar month", "W": "week", "D": "day"}
    number, unit = text[1:-1], names.get(text[-1], "")
    if not number.isdigit():
        return text
    return f"{number} {unit}" + ("" if number == "1" else "s")


def _schedule(study: Study, width: int) -> Lines:
    yield from _heading("Schedule of activities")
    visits = tuple(study.visits.values())
    for number, visit in enumerate(visits, start=1):
        yield from _wrap(f"{number:>2}  {visit.title}: {timing(visit)}", width, "", "    ")
    yield ""
    label = min(40, max((len(form.title) for form in study.forms.values()), default=0))
    at_once = max(1, (width - label) // 3)
    for first in range(0, len(visits), at_once):
        shown = visits[first : first + at_once]
        yield " " * label + "".join(f"{first + number:>3}" for number in range(1, len(shown) + 1))
        for form in study.forms.values():
            marks = "".join(f"{'x' if form.name in visit.forms else '.':>3}" for visit in shown)
            yield f"{textwrap.shorten(form.title, label, placeholder='...'):<{label}}{marks}"


def criterion_words(study: Study) -> dict[str, str]:
    """Every criterion in plain English, made from the tree that is run."""
    program = study_program(study)
    return {name: in_words(program.stage(name).checked.node, program.symbols) for name in study.criteria}


def _criteria(study: Study, width: int) -> Lines:
    words = criterion_words(study)
    steps = derived_words(study)
    for title, criteria in (("Inclusion", study.inclusion()), ("Exclusion", study.exclusion())):
        yield from _heading(f"{title} criteria")
        for criterion in criteria:
            yield from _criterion(criterion, words[criterion.id], width)
            for name in steps_of(study, criterion):
                said = f"where “{study.derived[name].label}” is: {steps[name]}"
                yield from _wrap(said, width, "     ", "           ")
        yield ""


def steps_of(study: Study, criterion: Criterion) -> tuple[str, ...]:
    """The derived values a criterion's rule names itself."""
    names = names_used(criterion.expression)
    return tuple(name for name in study.derived if name in names)


def _criterion(criterion: Criterion, words: str, width: int) -> Lines:
    yield from _wrap(f"{criterion.id:<4} “{criterion.text}”", width, "", "     ")
    yield from _wrap(f"rule: {words}", width, "     ", "           ")
    who = ", ".join(one.value.replace("_", " ") for one in criterion.attested_by)
    extra = [f"by: {who}"] if who else []
    extra += [f"looks at: {criterion.look_back}"] if criterion.look_back else []
    extra += [f"assumes: {', '.join(criterion.assumptions)}"] if criterion.assumptions else []
    for text in extra:
        yield from _wrap(text, width, "     ", "           ")


def _items(study: Study, width: int) -> Lines:
    yield from _heading("Items by form")
    for form in study.forms.values():
        marks = ", many rows" if form.repeating else ""
        yield f"{form.title} ({form.name}{marks})"
        for name in form.items:
            item = study.items[name]
            yield from _wrap(f"{name}: {item.label} [{kind(item)}]", width, "  ", "      ")
        yield ""


def kind(item: Item) -> str:
    """Type, unit, limits and codes of an item in one phrase."""
    parts = [item.type.value]
    if item.partial:
        parts[0] = "date, day or month may be unknown"
    if item.choices:
        parts = ["one of " + ", ".join(choice.code for choice in item.choices)]
    if item.unit:
        parts.append(item.unit)
    parts += [
        f"{word} {_limits(limits)}"
        for word, limits in (("accepts", item.hard), ("asks outside", item.query))
        if limits != Limits()
    ]
    parts += [f"{coding.system} {coding.code}" for coding in item.codings]
    if item.identifying:
        parts.append("identifying")
    return "; ".join(parts)


def _limits(limits: Limits) -> str:
    low = "" if limits.low is None else str(limits.low)
    high = "" if limits.high is None else str(limits.high)
    return f"{low}..{high}"


def derived_words(study: Study) -> dict[str, str]:
    """How every derived value is made, in plain English or as the rule over rows."""
    program = study_program(study)
    words: dict[str, str] = {}
    for derived in study.derived.values():
        if derived.score is not None:
            words[derived.name] = f"score {derived.score}"
        elif derived.over is not None:
            words[derived.name] = _over(study, derived)
        else:
            words[derived.name] = in_words(program.stage(derived.name).checked.node, program.symbols)
    return words


def _over(study: Study, derived: Derived) -> str:
    form = study.forms[derived.over or ""]
    symbols = row_symbols(study, form.name)
    how = {
        "any": "whether any row of",
        "sum": "sum over the rows of",
        "max": "greatest over the rows of",
        "longest_run": "longest run of days over the rows of",
    }[derived.how or "any"]
    parts = [f"{how} “{form.title}”"]
    if derived.value is not None:
        counted = parse_expression(derived.value)
        told = in_words(counted, symbols)
        parts.append(f"of ({told})" if isinstance(counted, Case) else f"of {told}")
    if derived.where is not None:
        parts.append(f"where {in_words(parse_expression(derived.where), symbols)}")
    said = ", ".join(parts)
    if derived.above is not None:
        said += f"; days count whose sum is more than {derived.above}"
    if derived.complete is not None:
        said += f"; to be complete it needs {study.items[derived.complete].label}: yes"
    return said


def _derived(study: Study, width: int) -> Lines:
    yield from _heading("Derived values")
    words = derived_words(study)
    for derived in study.derived.values():
        yield from _wrap(f"{derived.name}: {derived.label}", width, "", "    ")
        yield from _wrap(words[derived.name], width, "    ", "      ")
        if derived.note:
            yield from _wrap(derived.note, width, "    ")


def _endpoints(study: Study, width: int) -> Lines:
    yield from _heading("Endpoints (stated by the record, or assumed)")
    for endpoint in study.endpoints.values():
        number = f" {endpoint.order}" if endpoint.order else ""
        yield from _wrap(
            f"{endpoint.role.value}{number}: {endpoint.title} ({endpoint.name})", width, "", "  "
        )
        if endpoint.time_frame:
            yield from _wrap(f"time frame: “{endpoint.time_frame}”", width, "  ", "      ")
        for name, stated in levels(endpoint):
            yield from _wrap(f"{name:<12} {stated_words(stated)}", width, "  ", "      ")
        yield from _wrap(
            f"measured as {endpoint.variable} at {', '.join(endpoint.visits)}{_baseline(endpoint)}",
            width,
            "  ",
            "      ",
        )
        if endpoint.time_to_event is not None:
            yield from _wrap(f"time {time_words(endpoint.time_to_event)}", width, "  ", "      ")
        yield ""


def time_words(time: TimeToEvent) -> str:
    """`from enrolment to the first of death (death_date); else censored at last_known_alive_date`."""
    events = ", ".join(f"{event} ({day})" for event, day in time.events.items())
    first = "the first of " if len(time.events) > 1 else ""
    return f"from {STARTS.get(time.start, time.start)} to {first}{events}; else censored at {time.last_known}"


def _baseline(endpoint: Endpoint) -> str:
    return f"; baseline from {', '.join(endpoint.baseline_visits)}" if endpoint.baseline_visits else ""


def stated_words(stated: Stated) -> str:
    """A level with its mark."""
    if stated.stated:
        return f"{stated.value} [stated]"
    return f"{stated.value} [assumed{': ' + stated.assumption if stated.assumption else ''}]"


def _doses(study: Study, width: int) -> Lines:
    yield from _heading("Dose plan")
    for plan in study.dose_plans:
        yield from _wrap(f"{study.arms[plan.arm].title}: {plan.product}, {plan.route}", width, "", "  ")
        for dose in plan.doses:
            visit = study.visits[dose.visit]
            yield from _wrap(
                f"{dose.amount} {dose.unit}  {visit.title} ({timing(visit)})", width, "  ", "      "
            )
        yield from _wrap(
            f"in total {plan.total} {plan.unit} within {plan.within_days} days of the first dose", width, "  "
        )
        yield from _wrap(f"record: “{plan.record}”", width, "  ", "      ")
        if plan.assumptions:
            yield from _wrap(f"assumes: {', '.join(plan.assumptions)}", width, "  ", "      ")


def _analysis(study: Study, width: int) -> Lines:
    yield from _heading("Analysis plan")
    if study.analysis.assumed:
        yield from _wrap(ASSUMED, width)
        yield ""
    for estimand in study.analysis.estimands.values():
        yield from _wrap(f"{estimand.name} ({estimand.role.value}): {estimand.title}", width, "", "  ")
        for name, text in estimand_facts(study, estimand):
            yield from _wrap(f"{name:<12} {text}", width, "  ", " " * 15)
        yield ""
    for title, lines in plan_lists(study):
        if lines:
            yield title
            for line in lines:
                yield from _wrap(line, width, "  ", "    ")


def _assumptions(study: Study, width: int) -> Lines:
    yield from _heading(assumption_count(study.assumptions))
    for assumption in study.assumptions.values():
        yield from _assumption(assumption, width)


def assumption_count(assumptions: Mapping[str, Assumption]) -> str:
    """How many assumptions there are, and how many nobody has confirmed."""
    still = sum(assumption.confirmed is None for assumption in assumptions.values())
    return f"Assumptions: {len(assumptions)}, of which {still} are not confirmed"


def _assumption(assumption: Assumption, width: int) -> Lines:
    state = "open"
    if assumption.confirmed is not None:
        state = f"confirmed by {assumption.confirmed.by} on {assumption.confirmed.on.isoformat()}"
    yield from _wrap(f"{assumption.id} ({state}): {assumption.about}", width, "", "  ")
    yield from _wrap(f"default: {assumption.default}", width, "  ", "      ")
    for alternative in assumption.alternatives:
        yield from _wrap(f"or: {alternative}", width, "  ", "      ")
    yield from _wrap(f"because: {assumption.reason}", width, "  ", "      ")
    yield from _wrap(f"to confirm: {assumption.confirm_by}", width, "  ", "      ")
    yield ""


_TEXT: Mapping[str, Callable[[Study, int], Lines]] = {
    "about": _about,
    "schedule": _schedule,
    "criteria": _criteria,
    "items": _items,
    "derived": _derived,
    "endpoints": _endpoints,
    "doses": _doses,
    "analysis": _analysis,
    "assumptions": _assumptions,
}
