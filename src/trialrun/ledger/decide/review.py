"""Rules of queries, source verification, signatures, freezing and locking."""

from __future__ import annotations

from trialrun.ledger.commands import (
    AnswerQuery,
    CloseQuery,
    Freeze,
    Lock,
    RaiseQuery,
    ReopenQuery,
    Sign,
    Unfreeze,
    Unlock,
    VerifySource,
)
from trialrun.ledger.content import scope_content
from trialrun.ledger.decide.asked import Asked, form_at, need_reason, visit_of
from trialrun.ledger.decide.refusal import refuse
from trialrun.ledger.events import NewEvent
from trialrun.ledger.state import Query
from trialrun.study.model import Form


def raise_query(asked: Asked, command: RaiseQuery) -> tuple[NewEvent, ...]:
    """A question about a visit (form empty), a form, a row of it, or one of its items."""
    visit = visit_of(asked.study, command.visit)
    if command.form:
        _check_query_place(asked, form_at(asked.study, visit, command.form), command)
    elif command.item or command.row:
        raise refuse("wrong-scope", "an item or a row was given without its form", "name the form too")
    need_reason(command.message, "a query (its message)")
    data = {
        "query": query_number(len(asked.person.queries) + 1),
        "visit": command.visit,
        "form": command.form,
        "row": command.row,
        "item": command.item,
        "message": command.message,
        "rule": "",
        "causes": [],
    }
    return (asked.event("QueryOpened", data),)


def _check_query_place(asked: Asked, form: Form, command: RaiseQuery) -> None:
    if command.item and command.item not in form.items:
        raise refuse("item-not-on-form", f"form {form.name!r} has no item {command.item!r}")
    if not command.row:
        return
    if not form.repeating or not asked.person.form_values(command.visit, form.name, command.row):
        raise refuse(
            "no-such-row",
            f"form {form.name!r} of {asked.person.key} at {command.visit!r} has no row {command.row}",
            "leave the row out, or name one that is there",
        )


def query_number(count: int) -> str:
    """The number of a participant's `count`-th query."""
    return f"Q-{count:03d}"


def _query(asked: Asked, name: str, *allowed: str) -> Query:
    query = asked.person.queries.get(name)
    if query is None:
        raise refuse("unknown-query", f"{asked.person.key} has no query {name!r}")
    if query.status not in allowed:
        raise refuse("query-status", f"query {name} is {query.status}, not {' or '.join(allowed)}")
    return query


def answer_query(asked: Asked, command: AnswerQuery) -> tuple[NewEvent, ...]:
    """The site's answer to an open query."""
    _query(asked, command.query, "open", "answered")
    need_reason(command.answer, "an answer (its text)")
    return (asked.event("QueryAnswered", {"query": command.query, "answer": command.answer}),)


def close_query(asked: Asked, command: CloseQuery) -> tuple[NewEvent, ...]:
    """Settled, and why."""
    _query(asked, command.query, "open", "answered")
    reason = need_reason(command.reason, "closing a query")
    return (asked.event("QueryClosed", {"query": command.query, "rule": "", "causes": []}, reason),)


def reopen_query(asked: Asked, command: ReopenQuery) -> tuple[NewEvent, ...]:
    """Asked again."""
    _query(asked, command.query, "closed", "answered")
    return (
        asked.event(
            "QueryReopened", {"query": command.query}, need_reason(command.reason, "reopening a query")
        ),
    )


def verify_source(asked: Asked, command: VerifySource) -> tuple[NewEvent, ...]:
    """What is verified must be there; verifying twice what has not changed says nothing."""
    form = form_at(asked.study, visit_of(asked.study, command.visit), command.form)
    values = asked.person.form_values(command.visit, command.form, command.row)
    if command.item and command.item not in form.items:
        raise refuse("item-not-on-form", f"form {form.name!r} has no item {command.item!r}")
    if not values or (command.item and command.item not in values):
        what = f"item {command.item!r}" if command.item else f"form {command.form!r}"
        raise refuse("nothing-to-verify", f"{what} of {asked.person.key} at {command.visit!r} holds nothing")
    data = {
        "visit": command.visit,
        "form": command.form,
        "row": command.row,
        "item": command.item,
        "content": scope_content(asked.person, command.visit, command.form, command.row, command.item),
    }
    return (asked.event("SourceVerified", data),)


def sign(asked: Asked, command: Sign) -> tuple[NewEvent, ...]:
    """A signature over content that exists, with its meaning."""
    need_reason(command.meaning, "a signature (its meaning)")
    _check_scope(asked, command.visit, command.form)
    slots = [
        slot
        for slot in asked.person.values
        if (not command.visit or slot[0] == command.visit) and (not command.form or slot[1] == command.form)
    ]
    if not slots:
        raise refuse("nothing-to-sign", f"there is nothing of {asked.person.key} to sign there")
    content = scope_content(asked.person, command.visit, command.form, command.row, "")
    if command.shown and command.shown != content:
        raise refuse(
            "signed-content-changed",
            f"data of {asked.person.key} changed while they were being read: nothing was signed",
            "look at them again, then sign",
        )
    data = {
        "visit": command.visit,
        "form": command.form,
        "row": command.row,
        "meaning": command.meaning,
        "content": content,
    }
    return (asked.event("SignatureGiven", data),)


def _check_scope(asked: Asked, visit: str, form: str) -> None:
    if form and not visit:
        raise refuse("wrong-scope", f"form {form!r} was given without its visit", "name the visit too")
    if visit:
        found = visit_of(asked.study, visit)
        if form:
            form_at(asked.study, found, form)


def _hold(
    asked: Asked, command: Freeze | Lock | Unfreeze | Unlock, event: str, *, on: bool
) -> tuple[NewEvent, ...]:
    _check_scope(asked, command.visit, command.form)
    held = asked.person.frozen if event in ("DataFrozen", "DataUnfrozen") else asked.person.locked
    scope = (command.visit, command.form)
    if (scope in held) is on:
        word = event.removeprefix("Data").lower()
        raise refuse(
            "no-change",
            f"that part of {asked.person.key} is {word} already",
            "name the part exactly as it was",
        )
    reason = command.reason if on else need_reason(command.reason, "letting changes through again")
    return (asked.event(event, {"visit": command.visit, "form": command.form}, reason),)


def freeze(asked: Asked, command: Freeze) -> tuple[NewEvent, ...]:
    """No changes while it is reviewed."""
    return _hold(asked, command, "DataFrozen", on=True)


def unfreeze(asked: Asked, command: Unfreeze) -> tuple[NewEvent, ...]:
    """Changes go through again."""
    return _hold(asked, command, "DataUnfrozen", on=False)


def lock(asked: Asked, command: Lock) -> tuple[NewEvent, ...]:
    """No changes any more; open queries must be settled first."""
    waiting = [
        query.id
        for query in asked.person.open_queries()
        if (not command.visit or query.visit == command.visit)
        and (not command.form or query.form == command.form)
    ]
    if waiting:
        raise refuse(
            "open-queries",
            f"{len(waiting)} queries are open there: {', '.join(waiting)}",
            "settle them first",
        )
    return _hold(asked, command, "DataLocked", on=True)


def unlock(asked: Asked, command: Unlock) -> tuple[NewEvent, ...]:
    """Opened again, with reason; signatures there are broken visibly by the change, not by the opening."""
    return _hold(asked, command, "DataUnlocked", on=False)
