"""Queries: the list with ageing and filters, the thread of one, and those of a form."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.roster import participants_in_scope
from trialrun.app.visits import visit_title
from trialrun.app.work import label_of
from trialrun.ledger.commands import Actor
from trialrun.ledger.events import Event
from trialrun.ledger.state import ParticipantState, Query
from trialrun.study.model import Study

if TYPE_CHECKING:
    from trialrun.app.workspace import Workspace

# Days open: the last day of a bucket, and its words.
BUCKETS: tuple[tuple[int, str], ...] = (
    (7, marked("up to 7 days")),
    (14, marked("8 to 14 days")),
    (30, marked("15 to 30 days")),
    (10**6, marked("more than 30 days")),
)
STATUSES = ("open", "answered", "closed")
COLUMNS = (
    "participant", "site", "query", "status", "raised_by", "visit", "form", "row", "item", "message", "answer",
    "opened_on", "days_open",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class QueryRow:
    """A query with where it stands in words. `days` counts from opening to today, or to the closing."""

    key: str
    label: str
    site: str
    query: Query
    visit_title: str
    form_title: str
    item_label: str
    opened_on: date
    days: int
    bucket: int

    @property
    def by_rule(self) -> bool:
        """Whether an edit check asked, not a person."""
        return bool(self.query.rule)


@dataclass(frozen=True, slots=True)
class QueryChoice:
    """Which queries to show; empty parts do not choose. `status` `waiting` is all that are not closed."""

    status: str = "waiting"
    site: str = ""
    participant: str = ""
    raised: str = ""
    form: str = ""
    bucket: str = ""
    search: str = ""


def query_row(workspace: Workspace, person: ParticipantState, query: Query, closed: date | None) -> QueryRow:
    """One query in words."""
    study = workspace.study
    opened = workspace.day_of(query.opened_at)
    days = max(((closed or workspace.today) - opened).days, 0)
    form, item = study.forms.get(query.form), study.items.get(query.item)
    return QueryRow(
        person.key,
        label_of(person),
        person.site,
        query,
        visit_title(study, query.visit) if query.visit else "",
        form.title if form else query.form,
        item.label if item else query.item,
        opened,
        days,
        next(number for number, (last, _words) in enumerate(BUCKETS) if days <= last),
    )


def queries(workspace: Workspace, actor: Actor, choice: QueryChoice) -> tuple[QueryRow, ...]:
    """The queries in scope that were chosen, the oldest first."""
    rows = [
        query_row(
            workspace, person, query, None if query.status != "closed" else _closed_on(workspace, query)
        )
        for person in participants_in_scope(workspace, actor)
        for query in person.queries.values()
    ]
    return tuple(
        sorted((row for row in rows if _chosen(row, choice)), key=lambda row: (row.query.opened_at, row.key))
    )


def _closed_on(workspace: Workspace, query: Query) -> date:
    return workspace.day_of(query.closed_at or query.opened_at)


def _chosen(row: QueryRow, choice: QueryChoice) -> bool:
    query, wanted = row.query, choice.search.casefold()
    checks = (
        choice.status in ("", "all", query.status)
        or (choice.status == "waiting" and query.status != "closed"),
        choice.site in ("", row.site),
        choice.participant in ("", row.key, row.label),
        choice.form in ("", query.form),
        choice.bucket in ("", str(row.bucket)),
        choice.raised == "" or (choice.raised == "rule") is row.by_rule,
        not wanted or wanted in f"{query.id} {query.message} {query.answer} {row.item_label}".casefold(),
    )
    return all(checks)


def ageing(rows: Iterable[QueryRow]) -> tuple[tuple[str, int], ...]:
    """How many queries that are not closed lie in each bucket of age: words and number."""
    counts = [0] * len(BUCKETS)
    for row in rows:
        if row.query.status != "closed":
            counts[row.bucket] += 1
    return tuple((_(words), count) for (_last, words), count in zip(BUCKETS, counts, strict=True))


def query_cells(rows: Sequence[QueryRow]) -> list[tuple[object, ...]]:
    """The cells of the list as a file, in the order of `COLUMNS`."""
    return [
        (
            row.label,
            row.site,
            row.query.id,
            row.query.status,
            row.query.rule or row.query.opened_by,
            row.query.visit,
            row.query.form,
            row.query.row or "",
            row.query.item,
            row.query.message,
            row.query.answer,
            row.opened_on,
            row.days,
        )
        for row in rows
    ]


def queries_at(person: ParticipantState, visit: str, form: str, row: int) -> dict[str, tuple[Query, ...]]:
    """The queries of a form (row) by item, those not closed first; the whole form's own under ``""``."""
    found: dict[str, list[Query]] = {}
    for query in person.queries.values():
        if (query.visit, query.form) == (visit, form) and query.row in (row, 0):
            found.setdefault(query.item, []).append(query)
    return {
        item: tuple(sorted(these, key=lambda query: (query.status == "closed", query.id)))
        for item, these in found.items()
    }


# --- the thread of one query -------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One thing said in a query: `opened`, `answered`, `closed`, `reopened`; by whom, when, what.

    `rule` names the edit check where one spoke; `causes` then says what change made it.
    """

    kind: str
    at: str
    by: str
    role: str
    text: str
    rule: str = ""
    causes: tuple[Event, ...] = ()


_STEPS = {
    "QueryOpened": "opened",
    "QueryAnswered": "answered",
    "QueryClosed": "closed",
    "QueryReopened": "reopened",
}


def thread(workspace: Workspace, person: ParticipantState, query: str) -> tuple[Step, ...]:
    """All that was said in a query, in order, with the changes that opened or settled it by rule."""
    events = list(workspace.store.read(f"participant/{person.key}"))
    by_hash = {event.hash: event for event in events}
    return tuple(
        Step(
            _STEPS[event.type],
            event.at,
            event.by,
            event.role,
            event.data.get("message") or event.data.get("answer") or event.reason,
            event.data.get("rule", ""),
            tuple(by_hash[cause] for cause in event.data.get("causes", ()) if cause in by_hash),
        )
        for event in events
        if event.type in _STEPS and event.data["query"] == query
    )


def places(study: Study, person: ParticipantState) -> tuple[tuple[str, str], ...]:
    """Where a query by hand can be about: `visit|form|row` and words, in the order of the schedule."""
    found: list[tuple[str, str]] = []
    for name in _visit_names(study, person):
        title = visit_title(study, name)
        found.append((f"{name}||0", _("{visit}: the visit itself").format(visit=title)))
        for form_name in study.visits[name.partition("#")[0]].forms:
            form = study.forms[form_name]
            found.append((f"{name}|{form_name}|0", f"{title}: {form.title}"))
            rows = sorted({slot[2] for slot in person.values if slot[:2] == (name, form_name) and slot[2]})
            found += [
                (
                    f"{name}|{form_name}|{row}",
                    _("{visit}: {form}, row {row}").format(visit=title, form=form.title, row=row),
                )
                for row in rows
            ]
    return tuple(found)


def _visit_names(study: Study, person: ParticipantState) -> list[str]:
    held = {slot[0] for slot in person.values} | person.visits.keys() | person.missed.keys()
    extra = sorted(name for name in held if "#" in name)
    return [*study.visits, *extra]
