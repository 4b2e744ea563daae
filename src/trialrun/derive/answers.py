"""The answers of one visit as machine values, each with the log entry it came from."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from trialrun.snapshot.layout import Row
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Item, ItemType, Study, Visit, VisitKind

Source = str  # hash of a log entry, or `import:` and a place
DATES = frozenset({ItemType.DATE, ItemType.DATETIME})


@dataclass(frozen=True, slots=True)
class VisitAnswers:
    """One visit of one participant: its day and the answers given there.

    `occurrence` is the visit as recorded (`unscheduled#2`), `visit` its name in the study.
    `single` holds the non-repeating answers by item, `repeated` the rows of repeating forms by form.
    """

    participant: str
    occurrence: str
    visit: str
    kind: VisitKind
    on: date | None
    single: Mapping[str, Row]
    repeated: Mapping[str, Sequence[Mapping[str, Row]]]


def planned_name(occurrence: str) -> str:
    """The study's name of a visit as recorded: `unscheduled#2` is `unscheduled`."""
    return occurrence.split("#")[0]


def read_answers(snapshot: Snapshot, study: Study) -> Mapping[str, tuple[VisitAnswers, ...]]:
    """The visits of every participant in order of their day, undated ones last."""
    return {person: _visits_of(snapshot, study, person) for person in snapshot.participants}


def _visits_of(snapshot: Snapshot, study: Study, person: str) -> tuple[VisitAnswers, ...]:
    by_visit: dict[str, list[Row]] = defaultdict(list)
    for row in snapshot.values_of.get(person, ()):
        by_visit[row["visit"]].append(row)
    recorded = {row["visit"]: row for row in snapshot.visits_of.get(person, ())}
    found: list[VisitAnswers] = []
    for occurrence in sorted(
        {*by_visit, *(name for name, row in recorded.items() if row["status"] == "done")}
    ):
        plan = study.visits.get(planned_name(occurrence))
        found.append(_one_visit(person, occurrence, plan, recorded.get(occurrence), by_visit[occurrence]))
    order = {name: index for index, name in enumerate(study.visits)}
    found.sort(
        key=lambda visit: (
            visit.on is None,
            visit.on or date.max,
            order.get(visit.visit, 99),
            visit.occurrence,
        )
    )
    return tuple(found)


def _one_visit(
    person: str, occurrence: str, plan: Visit | None, recorded: Row | None, rows: Sequence[Row]
) -> VisitAnswers:
    single = {row["item"]: row for row in rows if not row["row"]}
    repeated: dict[str, dict[str, dict[str, Row]]] = defaultdict(lambda: defaultdict(dict))
    for row in rows:
        if row["row"]:
            repeated[row["form"]][row["row"]][row["item"]] = row
    sampled = single.get("sample_date", {}).get("date_low")
    return VisitAnswers(
        participant=person,
        occurrence=occurrence,
        visit=planned_name(occurrence),
        kind=plan.kind if plan else VisitKind.UNSCHEDULED,
        on=recorded["date"] if recorded and recorded["date"] else sampled,
        single=single,
        repeated={
            form: [lines[key] for key in sorted(lines, key=_row_number)] for form, lines in repeated.items()
        },
    )


def _row_number(text: str) -> tuple[int, str]:
    return (int(text) if text.isdigit() else 0, text)


def machine_value(item: Item, row: Row) -> Any:
    """The value rules compute with; `None` is unknown, and so is a date that is not exact.

    Numbers are in the item's unit.
    """
    if row["missing_reason"] is not None:
        return None
    if item.type in {ItemType.NUMBER, ItemType.INTEGER}:
        return row["number_in_item_unit"]
    if item.type is ItemType.BOOLEAN:
        return {"true": True, "false": False}.get(row["code"] or "")
    if item.type in {ItemType.CHOICE, ItemType.CHOICES}:
        return row["code"]
    if item.type in DATES:
        return row["date_low"] if row["date_low"] == row["date_high"] else None
    return row["text"]


def program_row(study: Study, answers: Mapping[str, Row]) -> dict[str, Any]:
    """One flat row for the study's rules: every item by name, dates with their first and last day."""
    flat: dict[str, Any] = {}
    for name, item in study.items.items():
        row = answers.get(name)
        flat[name] = machine_value(item, row) if row is not None else None
        if item.type in DATES:
            known = row if row is not None and row["missing_reason"] is None else {}
            flat[f"{name}__low"] = known.get("date_low")
            flat[f"{name}__high"] = known.get("date_high")
    return flat


def answers_at(study: Study, visits: Sequence[VisitAnswers], index: int) -> dict[str, Row]:
    """The answers that hold at a visit: its own, and earlier ones to questions it does not ask.

    What the visit's own forms ask is never carried forward: an ascites grade that was not examined
    today is unknown today. Source: CLINICAL 2.4, P2.
    """
    here = visits[index]
    plan = study.visits.get(here.visit)
    asked = {item for form in (plan.forms if plan else ()) for item in study.forms[form].items}
    held: dict[str, Row] = {}
    for earlier in visits[:index]:
        held.update({name: row for name, row in earlier.single.items() if name not in asked})
    held.update(here.single)
    return held
