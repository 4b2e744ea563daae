"""The log of one participant folded into rows of the snapshot's tables."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from trialrun.ledger.events import Event
from trialrun.snapshot.fold_safety import coding_columns
from trialrun.snapshot.layout import Row
from trialrun.snapshot.typed import WITHHELD, typed_columns
from trialrun.study.model import Study, VisitKind

Slot = tuple[str, str, int, str]


@dataclass(frozen=True, slots=True)
class Rules:
    """The criteria in words, and the items each rests on."""

    words: Mapping[str, str]
    uses: Mapping[str, tuple[str, ...]]


def read_rules(study: Study) -> Rules:
    """The study's criteria as the `criteria` table shows them."""
    if not study.criteria:
        return Rules({}, {})
    from trialrun.evaluate.words import in_words
    from trialrun.study.program import study_program

    program = study_program(study)
    return Rules(
        {name: in_words(program.stage(name).checked.node, program.symbols) for name in study.criteria},
        {name: program.uses(name) for name in study.criteria},
    )


@dataclass
class Casebook:
    """What the log says about one participant, while it is read from first entry to last."""

    participant: str
    study: Study
    rules: Rules
    facts: dict[str, Any] = field(default_factory=dict[str, Any])
    values: dict[Slot, dict[str, Any]] = field(default_factory=dict[Slot, dict[str, Any]])
    visits: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    criteria: list[Row] = field(default_factory=list[Row])
    queries: dict[str, dict[str, Any]] = field(default_factory=dict[str, dict[str, Any]])
    signatures: list[Row] = field(default_factory=list[Row])
    derived: dict[tuple[str, str], Any] = field(default_factory=dict[tuple[str, str], Any])
    codings: dict[Slot, dict[str, Any]] = field(default_factory=dict[Slot, dict[str, Any]])

    def take(self, event: Event) -> None:
        """Add one log entry; entries that change no table are kept in the `events` table alone."""
        step = _STEPS.get(event.type)
        if step is not None:
            step(self, event)


def _registered(book: Casebook, event: Event) -> None:
    book.facts |= {"site": event.data["site"], "status": "registered", "registered_on": _day(event.at)}


def _consented(book: Casebook, event: Event) -> None:
    book.facts |= {"consented_on": date.fromisoformat(event.data["signed_on"]), "status": "consented"}


def _withdrawn(book: Casebook, event: Event) -> None:
    if "follow_up" not in event.data.get("stops", ("follow_up",)):
        return  # without treatment, but still in the study
    book.facts |= {
        "status": "withdrawn",
        "ended_on": date.fromisoformat(event.data["on"]),
        "end_reason": "withdrawal",
    }


def _enrolled(book: Casebook, event: Event) -> None:
    book.facts |= {
        "number": event.data["number"],
        "arm": event.data["arm"] or None,
        "enrolled_on": _day(event.at),
        "status": "enrolled",
        "override": event.data["override"],
    }


def _unblinded(book: Casebook, event: Event) -> None:
    book.facts["arm"] = event.data["arm"]


def _ended(book: Casebook, event: Event) -> None:
    cause = event.data["cause"]
    book.facts |= {
        "status": "completed" if cause == "completed" else "ended",
        "ended_on": date.fromisoformat(event.data["on"]),
        "end_reason": cause,
    }


def _visited(book: Casebook, event: Event) -> None:
    book.visits[event.data["visit"]] = {
        "date": date.fromisoformat(event.data["date"]),
        "status": "done",
        "reason": event.reason or None,
        **_source(event),
    }


def _missed(book: Casebook, event: Event) -> None:
    book.visits[event.data["visit"]] = {
        "date": None,
        "status": "missed",
        "reason": event.reason or None,
        **_source(event),
    }


def _entered(book: Casebook, event: Event) -> None:
    visit, form, row = event.data["visit"], event.data["form"], event.data["row"]
    for name, entry in event.data["items"].items():
        slot = (visit, form, row, name)
        before = book.values.pop(slot, None)
        corrections = before["corrections"] + 1 if before is not None else 0
        columns = _columns(book.study, name, entry)
        if columns is not None:
            book.values[slot] = {
                **columns,
                "entered_at": event.at,
                "entered_by": event.by,
                "role": event.role,
                "reason": event.reason or None,
                "corrections": corrections,
                **_source(event),
            }


def _columns(study: Study, name: str, entry: Mapping[str, Any]) -> dict[str, Any] | None:
    """The value's columns; `None` where the entry takes the value back."""
    text, unit, missing = entry.get("text"), entry.get("unit"), entry.get("missing")
    if "sealed" in entry:
        return {"missing_reason": WITHHELD}
    if text is None and missing is None:
        return None
    item = study.items.get(name)
    if item is None:  # an amendment took the item out; the answer stays readable
        return {"text": text, "unit": unit, "missing_reason": missing}
    return typed_columns(item, text, unit, missing)


def _row_removed(book: Casebook, event: Event) -> None:
    gone = (event.data["visit"], event.data["form"], event.data["row"])
    for held in (book.values, book.codings):
        for slot in [slot for slot in held if slot[:3] == gone]:
            del held[slot]


def _judged(book: Casebook, event: Event) -> None:
    book.facts["screening"] = event.data["outcome"]
    book.criteria = [
        {
            "participant": book.participant,
            "criterion": name,
            "outcome": outcome,
            "missing": " ".join(_without_value(book, name)) if outcome == "unknown" else "",
            "words": book.rules.words.get(name, ""),
            **_source(event),
        }
        for name, outcome in event.data["criteria"].items()
    ]


def _without_value(book: Casebook, criterion: str) -> list[str]:
    """The items an unknown criterion rests on that have no value, in the order the rule uses them."""
    known = {
        slot[3] for slot, value in book.values.items() if value.get("missing_reason") in {None, WITHHELD}
    }
    return [
        item for item in book.rules.uses.get(criterion, ()) if item in book.study.items and item not in known
    ]


def _derived(book: Casebook, event: Event) -> None:
    for name, value in event.data["values"].items():
        book.derived[event.data["visit"], name] = {
            "text": value.get("text"),
            "unknown_because": " ".join(value.get("unknown_because") or ()),
            **_source(event),
        }


def _asked(book: Casebook, event: Event) -> None:
    book.queries[event.data["query"]] = {
        "visit": event.data["visit"],
        "form": event.data["form"],
        "item": event.data["item"],
        "status": "open",
        "text": event.data["message"],
        "opened_at": event.at,
        "closed_at": None,
        **_source(event),
    }


def _query_status(status: str) -> Callable[[Casebook, Event], None]:
    def step(book: Casebook, event: Event) -> None:
        query = book.queries.setdefault(event.data["query"], {})
        query |= {"status": status, "closed_at": event.at if status == "closed" else None}

    return step


def _signed(book: Casebook, event: Event) -> None:
    subject = " ".join(str(event.data[part]) for part in ("visit", "form") if event.data[part]) or "casebook"
    book.signatures.append(
        {
            "participant": book.participant,
            "signed_by": event.by,
            "role": event.role,
            "meaning": event.data["meaning"],
            "subject": subject,
            "signed_at": event.at,
            **_source(event),
        }
    )


def _coded(book: Casebook, event: Event) -> None:
    book.codings[_slot(event)] = coding_columns(event) | _source(event)


def _uncoded(book: Casebook, event: Event) -> None:
    code = book.codings.get(_slot(event))
    if code is not None and code["event_hash"] == event.data["coded"]:
        code["status"] = "changed"


def _slot(event: Event) -> Slot:
    return event.data["visit"], event.data["form"], event.data["row"], event.data["item"]


def _day(at: str) -> date:
    return date.fromisoformat(at[:10])


def _source(event: Event) -> dict[str, Any]:
    return {"position": event.position, "event_hash": event.hash}


_STEPS: Mapping[str, Callable[[Casebook, Event], None]] = {
    "CandidateRegistered": _registered,
    "ConsentGiven": _consented,
    "ConsentWithdrawn": _withdrawn,
    "ParticipantEnrolled": _enrolled,
    "AllocationUnblinded": _unblinded,
    "ParticipationEnded": _ended,
    "VisitRecorded": _visited,
    "VisitMissed": _missed,
    "ItemsEntered": _entered,
    "ItemsCorrected": _entered,
    "RowRemoved": _row_removed,
    "EligibilitySigned": _judged,
    "ValuesDerived": _derived,
    "QueryOpened": _asked,
    "QueryAnswered": _query_status("answered"),
    "QueryClosed": _query_status("closed"),
    "QueryReopened": _query_status("open"),
    "SignatureGiven": _signed,
    "TermCoded": _coded,
    "CodeInvalidated": _uncoded,
}


def participant_row(book: Casebook) -> Row:
    """The participant's row: dates of the milestones, and who the person is without naming them."""
    facts, study = book.facts, book.study
    first_dose = _first_dose(book)
    status = facts.get("status", "registered")
    screening = [name for name, visit in study.visits.items() if visit.kind is VisitKind.SCREENING]
    screened = [book.visits[name]["date"] for name in screening if name in book.visits]
    age = [_number(value) for (_, name), value in sorted(book.derived.items()) if name == "age"]
    return {
        "participant": book.participant,
        "number": facts.get("number"),
        "site": facts.get("site"),
        "arm": facts.get("arm"),
        "status": "treated" if status == "enrolled" and first_dose else status,
        "screened_on": next((day for day in screened if day), facts.get("registered_on")),
        "consented_on": facts.get("consented_on"),
        "enrolled_on": facts.get("enrolled_on"),
        "first_dose_on": first_dose,
        "ended_on": facts.get("ended_on"),
        "end_reason": facts.get("end_reason"),
        "sex": next((value.get("code") for slot, value in book.values.items() if slot[3] == "sex"), None),
        "age": next((value for value in reversed(age) if value is not None), None),
    }


def _first_dose(book: Casebook) -> date | None:
    """The first day on which an amount greater than zero was given."""
    days: list[date] = []
    for (visit, form, row, name), value in book.values.items():
        if name != "dose_given" or not value.get("number"):
            continue
        started = book.values.get((visit, form, row, "infusion_start"), {}).get("date_low")
        recorded = book.visits.get(visit, {}).get("date")
        days += [day for day in (started or recorded,) if day is not None]
    return min(days, default=None)


def _number(value: Any) -> float | None:
    text = value.get("text") if isinstance(value, Mapping) else None
    return float(text) if text else None


def table_rows(book: Casebook) -> dict[str, list[Row]]:
    """All rows this participant contributes, by table."""
    person = book.participant
    deciding = [row["criterion"] for row in book.criteria if _decides(book.study, row)]
    return {
        "participants": [participant_row(book)],
        "values": _placed(person, book.values),
        "codings": _placed(person, book.codings),
        "visits": [{"participant": person, "visit": name, **visit} for name, visit in book.visits.items()],
        "criteria": book.criteria,
        "screening": [
            {
                "participant": person,
                "status": book.facts.get("screening", "not_judged"),
                "reasons": " ".join(deciding),
            }
        ],
        "derived": [
            {"participant": person, "visit": visit, "name": name, **value}
            for (visit, name), value in book.derived.items()
        ],
        "queries": [{"participant": person, "query": name, **query} for name, query in book.queries.items()],
        "signatures": book.signatures,
    }


def _placed(person: str, held: Mapping[Slot, Mapping[str, Any]]) -> list[Row]:
    return [
        {
            "participant": person,
            "visit": visit,
            "form": form,
            "row": str(row) if row else "",
            "item": item,
            **columns,
        }
        for (visit, form, row, item), columns in held.items()
    ]


def _decides(study: Study, row: Row) -> bool:
    """Whether this answer alone keeps the person from being eligible."""
    criterion = study.criteria.get(row["criterion"])
    if criterion is None or row["outcome"] == "unknown":
        return True
    return row["outcome"] != ("met" if criterion.kind.value == "inclusion" else "not_met")
