"""The history of one value, of a derived one, and the casebook as of a past moment."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import history as found
from trialrun.app.event_words import Words
from trialrun.app.language import gettext as _
from trialrun.app.queries import queries_at
from trialrun.app.verification import mark_of, status_of
from trialrun.app.visits import visit_title
from trialrun.app.work import form_path, label_of, participant_path, visit_path
from trialrun.errors import UserError
from trialrun.ledger.state import ParticipantState
from trialrun.web.here import Here
from trialrun.web.routes import page

WHO = ("see_participants",)


def history_path(key: str, visit: str, form: str, row: int, item: str) -> str:
    """The address of a value's history."""
    parts = (quote(part, safe="") for part in (visit, form, str(row), item))
    return f"{participant_path(key)}/history/{'/'.join(parts)}"


def derived_path(key: str, visit: str, name: str) -> str:
    """The address of a derived value's history."""
    return f"{participant_path(key)}/derived/{quote(visit, safe='')}/{quote(name, safe='')}"


@page("/participants/{key:str}/history/{visit:str}/{form:str}/{row:int}/{item:str}", who=WHO)
def value(here: Here, key: str, visit: str, form: str, row: int, item: str) -> Response[str]:
    """Every entry of a value; of a row that was taken back, too."""
    person, study = here.participant(key), here.workspace.study
    slot = (visit, form, row, item)
    words = Words(here.workspace, here.actor)
    steps = found.value_history(words, person, slot)
    if item not in study.items and not steps:
        raise NotFoundException(_("The study has no such item."))
    base = form_path(key, visit, form)
    return here.render(
        "history/value.html",
        person=person,
        label=label_of(person),
        title=words.item(item),
        place=words.place({"visit": visit, "form": form, "row": row}),
        steps=steps,
        words=words,
        now=found.saved_words(words, item, person.values.get(slot)),
        saved=person.values.get(slot),
        verification=status_of(person, slot),
        mark=mark_of(person, slot),
        queries=queries_at(person, visit, form, row).get(item, ()),
        form=f"{base}/rows/{row}" if row else base,
        can_ask=here.may("RaiseQuery") and form in study.forms,
        about=quote(f"{visit}|{form}|{row}"),
        item=item,
        derived_path=derived_path,
        derived_title=lambda visit: visit_title(study, visit),
    )


@page("/participants/{key:str}/derived/{visit:str}/{name:str}", who=WHO)
def derived(here: Here, key: str, visit: str, name: str) -> Response[str]:
    """Every change of a derived value and the inputs behind each."""
    person, study = here.participant(key), here.workspace.study
    words = Words(here.workspace, here.actor)
    steps = found.derived_history(words, person, visit, name)
    if not steps:
        raise NotFoundException(_("Nothing was computed there."))
    return here.render(
        "history/derived.html",
        person=person,
        label=label_of(person),
        title=words.item(name),
        visit_title=visit_title(study, visit),
        visit=visit_path(key, visit),
        steps=steps,
        words=words,
    )


# --- the casebook at a past moment ---------------------------------------------------------------


@page("/participants/{key:str}/as-of", who=WHO)
def past(here: Here, key: str) -> Response[str]:
    """The whole casebook as it stood at a moment, and what differs from another one."""
    person = here.participant(key)
    at, to = here.query("at") or here.query("as_of"), here.query("to")
    words = Words(here.workspace, here.actor)
    try:
        moment = found.moment_of(here.workspace, at) if at else None
        other = found.moment_of(here.workspace, to) if to else None
    except UserError as error:
        return _past(here, person, words, at=at, to=to, error=error)
    if moment is None:
        return _past(here, person, words, at=at, to=to)
    reader = found.as_of(here.workspace, moment)
    then = reader.participant(key)
    later = found.as_of(here.workspace, other).participant(key) if other else None
    if later is not None and other is not None and other < moment:
        then, later = later, then
    return _past(here, person, words, at=at, to=to, then=then, later=later, position=reader.position)


def _past(
    here: Here,
    person: ParticipantState,
    words: Words,
    *,
    at: str,
    to: str,
    then: ParticipantState | None = None,
    later: ParticipantState | None = None,
    position: int = 0,
    error: UserError | None = None,
) -> Response[str]:
    return here.render(
        "history/as_of.html",
        status=422 if error else 200,
        person=person,
        label=label_of(person),
        at=at,
        to=to,
        then=then,
        later=later,
        position=position,
        sections=_sections(here, words, then) if then is not None and then.key and later is None else (),
        differences=found.differences(words, then, later) if then is not None and later is not None else (),
        words=words,
        error=error,
    )


def _sections(here: Here, words: Words, person: ParticipantState) -> list[dict[str, Any]]:
    """The visits of a state with their values and what was computed, in the order of the schedule."""
    study = here.workspace.study
    order = list(study.visits)
    names = {slot[0] for slot in person.values} | person.visits.keys() | person.missed.keys()
    names |= {visit for visit, _name in person.derived}
    sections: list[dict[str, Any]] = []
    for visit in sorted(names, key=lambda name: (order.index(name.partition("#")[0]), name)):
        forms: dict[tuple[str, int], list[tuple[str, str]]] = {}
        for slot, saved in person.values.items():
            if slot[0] == visit:
                shown = (words.item(slot[3]), found.saved_words(words, slot[3], saved))
                forms.setdefault((slot[1], slot[2]), []).append(shown)
        computed = [
            (words.item(name), found.derived_words(words, held))
            for (where, name), held in person.derived.items()
            if where == visit
        ]
        sections.append(
            {
                "title": visit_title(study, visit),
                "date": person.visits.get(visit),
                "missed": person.missed.get(visit, ""),
                "forms": [
                    (words.place({"form": form, "row": row}), values)
                    for (form, row), values in sorted(forms.items())
                ],
                "derived": computed,
            }
        )
    return sections


ROUTES = [value, derived, past]
