"""Placing imported answers at visits: the rows of the snapshot's tables."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from trialrun.snapshot.intake import Answer, Intake, typed
from trialrun.snapshot.layout import Row
from trialrun.snapshot.typed import typed_columns
from trialrun.values.dates import completed_years, parse_partial_date


def landed_tables(state: Intake) -> dict[str, list[Row]]:
    """The tables of the snapshot; counts what landed and what a later value of the same day replaced."""
    tables: dict[str, list[Row]] = defaultdict(list)
    for person in sorted(state.people):
        _person_tables(state, person, tables)
    tables["rejected"] = [asdict(entry) for entry in state.rejected]
    return dict(tables)


def _person_tables(state: Intake, person: str, tables: dict[str, list[Row]]) -> None:
    mapping, answers = state.mapping, state.answers[person]
    visits = _visits_by_day(state, answers)
    first = next((day for day, name in visits.items() if name == mapping.first_visit), None)
    landed: dict[tuple[str, str], Answer] = {}
    for answer in answers:
        visit = (
            visits.get(answer.day)
            if answer.day and not answer.target.per_participant
            else mapping.first_visit
        )
        if visit is None or (answer.target.visits and visit not in answer.target.visits):
            _count(state, answer, "left_out")
            continue
        before = landed.get((visit, answer.target.item))
        if before is not None and (answer.target.per_participant or (answer.missing and not before.missing)):
            if _contradicts(answer, before):
                stands = f"{before.text!r} in {before.row.file}:{before.row.line}"
                state.reject(answer.row, answer.column, f"a person has one {answer.target.item}: {stands}")
            else:
                _count(state, answer, "superseded")
            continue
        if before is not None:
            _count(state, before, "superseded")
        landed[visit, answer.target.item] = answer
    for (visit, _), answer in landed.items():
        _count(state, answer, "missing" if answer.missing else "landed")
        tables["values"].append(_value_row(state, person, visit, answer))
    facts = {
        answer.target.item: answer for (visit, _), answer in landed.items() if visit == mapping.first_visit
    }
    tables["values"] += _stand_ins(state, person, first, facts)
    tables["values"] += _visit_days(state, person, visits, landed)
    tables["visits"] += [
        {"participant": person, "visit": name, "date": day, "status": "done"} for day, name in visits.items()
    ]
    sex = facts["sex"].text if "sex" in facts else None
    age = state.people[person].get("age")
    if age is None and "birth_date" in facts and first is not None:
        born = parse_partial_date(facts["birth_date"].text)
        ages = {completed_years(day, first) for day in (born.earliest, born.latest)}
        age = float(ages.pop()) if len(ages) == 1 else None
    tables["participants"].append(
        {
            "participant": person,
            "site": mapping.name,
            "arm": state.people[person].get("arm"),
            "status": "imported",
            "screened_on": first,
            "enrolled_on": first if mapping.start else None,
            "first_dose_on": first if mapping.start else None,
            "ended_on": state.people[person].get("ended_on"),
            "end_reason": state.people[person].get("end_reason"),
            "sex": sex,
            "age": age,
        }
    )
    tables["screening"].append({"participant": person, "status": "not_judged", "reasons": ""})


def _contradicts(answer: Answer, before: Answer) -> bool:
    """Two different answers to what cannot change within a person; which one is right nobody here knows."""
    known = not (answer.missing or before.missing)
    return bool(answer.column) and answer.target.per_participant and known and answer.text != before.text


def _count(state: Intake, answer: Answer, name: str) -> None:
    if answer.column:  # answers from codes and computed birth days were counted when they were read
        state.counts[answer.row.file][name] += 1


def _visits_by_day(state: Intake, answers: Iterable[Answer]) -> dict[date, str]:
    """The first complete day is the first visit; every other day is a further visit, numbered from 2."""
    mapping = state.mapping
    known: dict[date, set[str]] = defaultdict(set)
    for answer in answers:
        if answer.day is not None and not answer.target.per_participant:
            known[answer.day] |= set() if answer.missing else {answer.target.item}
    days = sorted(known)
    complete = [day for day in days if set(mapping.complete) <= known[day]]
    first = next(iter(complete or days), None)
    names: dict[date, str] = {}
    number = 0
    for day in days:
        if day == first:
            names[day] = mapping.first_visit
            continue
        number += 1
        names[day] = mapping.other_visits if number == 1 else f"{mapping.other_visits}#{number}"
    return names


def _value_row(state: Intake, person: str, visit: str, answer: Answer) -> Row:
    item = state.study.items[answer.target.item]
    columns = typed(item, None if answer.missing else answer.text, answer.unit, answer.missing, answer.target)
    if answer.missing:
        columns["text"] = answer.text
    place = f"import:{answer.row.file}:{answer.row.line}"
    return {**_head(state, person, visit, item.name), **columns, "event_hash": place}


def _head(state: Intake, person: str, visit: str, item: str) -> dict[str, Any]:
    form = state.study.form_of(item)
    return {
        "participant": person,
        "visit": visit,
        "form": form.name if form else "",
        "row": "",
        "item": item,
        "entered_by": f"import {state.mapping.name}",
        "corrections": 0,
    }


def _visit_days(
    state: Intake, person: str, visits: Mapping[date, str], landed: Mapping[tuple[str, str], Answer]
) -> Iterator[Row]:
    """The day of each visit as the answer to the items that ask for it, where its form has any answer."""
    for name in state.mapping.visit_day:
        form = state.study.form_of(name)
        asked = set(form.items if form else ())
        for day, visit in visits.items():
            known = [item for place, item in landed if place == visit]
            if (visit, name) in landed or not asked & set(known):
                continue
            columns = typed_columns(state.study.items[name], day.isoformat(), None, None)
            yield {
                **_head(state, person, visit, name),
                **columns,
                "event_hash": f"import:{state.mapping.name}:visit-day",
            }


def _stand_ins(state: Intake, person: str, first: date | None, facts: Mapping[str, Answer]) -> Iterator[Row]:
    if first is None:
        return
    for name, reason in state.mapping.stand_in.items():
        if name not in facts:
            columns = typed_columns(state.study.items[name], first.isoformat(), None, None)
            head = _head(state, person, state.mapping.first_visit, name)
            yield {**head, **columns, "reason": reason, "event_hash": f"import:{state.mapping.name}:stand-in"}
