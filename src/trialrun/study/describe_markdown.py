"""The study as Markdown: the same content as `trialrun show`, for a protocol draft or a web page."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from trialrun.study.describe import (
    NOTICE,
    assumption_count,
    criterion_words,
    derived_words,
    kind,
    schedule_table,
    stated_words,
    timing,
)
from trialrun.study.model import Study
from trialrun.study.plan_describe import ASSUMED, estimand_facts, plan_lists
from trialrun.study.references import levels

Lines = Iterator[str]


def show_markdown(study: Study) -> str:
    """The whole study: schedule, criteria, items, derived values, endpoints, doses, analysis plan, assumptions."""
    parts = (_about, _schedule, _criteria, _items, _derived, _endpoints, _doses, _analysis, _assumptions)
    return "\n".join("\n".join(part(study)).rstrip() + "\n" for part in parts)


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> Lines:
    yield f"| {' | '.join(_cell(head) for head in heads)} |"
    yield f"|{' --- |' * len(heads)}"
    for row in rows:
        yield f"| {' | '.join(_cell(cell) for cell in row)} |"
    yield ""


def _about(study: Study) -> Lines:
    yield f"# {study.title}"
    yield ""
    yield f"{study.registry_id or study.id}. {study.sponsor}. {study.target} participants."
    yield ""
    yield f"*{NOTICE}*"


def _schedule(study: Study) -> Lines:
    yield "## Schedule of activities"
    yield ""
    yield from _table(("visit", "when"), ((visit.title, timing(visit)) for visit in study.visits.values()))
    heads, rows = schedule_table(study)
    yield from _table(("form", *heads[1:]), rows)


def _criteria(study: Study) -> Lines:
    words = criterion_words(study)
    for title, criteria in (("Inclusion", study.inclusion()), ("Exclusion", study.exclusion())):
        yield f"## {title} criteria"
        yield ""
        yield from _table(
            ("id", "record", "rule", "attested by", "looks at"),
            (
                (
                    one.id,
                    one.text,
                    words[one.id],
                    ", ".join(who.value.replace("_", " ") for who in one.attested_by),
                    one.look_back,
                )
                for one in criteria
            ),
        )


def _items(study: Study) -> Lines:
    yield "## Items"
    yield ""
    for form in study.forms.values():
        yield f"### {form.title}" + (" (many rows)" if form.repeating else "")
        yield ""
        rows = ((f"`{name}`", study.items[name].label, kind(study.items[name])) for name in form.items)
        yield from _table(("item", "question", "answer"), rows)


def _derived(study: Study) -> Lines:
    yield "## Derived values"
    yield ""
    words = derived_words(study)
    rows = ((f"`{one.name}`", one.label, words[one.name], one.note) for one in study.derived.values())
    yield from _table(("value", "label", "made of", "note"), rows)


def _endpoints(study: Study) -> Lines:
    yield "## Endpoints"
    yield ""
    heads = ("outcome", "role", "domain", "measure", "metric", "aggregation", "time")
    yield from _table(
        heads,
        (
            (one.title, one.role.value, *(stated_words(stated) for _, stated in levels(one)))
            for one in study.endpoints.values()
        ),
    )


def _doses(study: Study) -> Lines:
    yield "## Dose plan"
    yield ""
    for plan in study.dose_plans:
        yield (
            f"{study.arms[plan.arm].title}: {plan.product}, {plan.route}; in total {plan.total} {plan.unit} "
            f"within {plan.within_days} days of the first dose."
        )
        yield ""
        rows = (
            (study.visits[dose.visit].title, f"{dose.amount} {dose.unit}", timing(study.visits[dose.visit]))
            for dose in plan.doses
        )
        yield from _table(("visit", "amount", "when"), rows)


def _analysis(study: Study) -> Lines:
    yield "## Analysis plan"
    yield ""
    if study.analysis.assumed:
        yield f"*{ASSUMED}*"
        yield ""
    for estimand in study.analysis.estimands.values():
        yield f"### {estimand.title} ({estimand.role.value})"
        yield ""
        yield from _table(("attribute", estimand.name), estimand_facts(study, estimand))
    for title, lines in plan_lists(study):
        if lines:
            yield f"### {title}"
            yield ""
            yield from (f"- {line}" for line in lines)
            yield ""


def _assumptions(study: Study) -> Lines:
    yield f"## {assumption_count(study.assumptions)}"
    yield ""
    yield from _table(
        ("assumption", "about", "default", "alternatives", "reason", "to confirm", "state"),
        (
            (
                f"`{one.id}`",
                one.about,
                one.default,
                "; ".join(one.alternatives),
                one.reason,
                one.confirm_by,
                f"confirmed by {one.confirmed.by} on {one.confirmed.on}" if one.confirmed else "open",
            )
            for one in study.assumptions.values()
        ),
    )
