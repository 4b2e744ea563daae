"""The same for programs: searches, records and versions as JSON, and the page that explains it."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.desk_addresses import id_of
from trialrun.app.desk_search import PHASES, STATUSES, STUDY_TYPES, query_of, read_question
from trialrun.app.desk_trial import hit_as_json, record_as_json, version_as_json
from trialrun.registry.difference import compare_records, difference_document
from trialrun.registry.record import Record
from trialrun.registry.store.model import Sort
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.pages.search import written
from trialrun.web.desk.pages.trial import no_such_trial
from trialrun.web.desk.routes import page


@page("/api", stateless=True)
def explained(here: DeskHere) -> Response[str]:
    """What programs can ask for, with examples."""
    return here.render(
        "desk/api.html",
        site=str(here.request.base_url).rstrip("/"),
        statuses=STATUSES,
        phases=PHASES,
        types=STUDY_TYPES,
        sorts=[one.value for one in Sort],
    )


@page("/api/trials", stateless=True)
def trials(here: DeskHere) -> Response[Any]:
    """A page of the trials found, with facets."""
    question = read_question(here.queries)
    wanted = written(here, question.search)
    found = here.registry.search(wanted, here.today)
    return here.json(
        {
            "total": found.total,
            "page": wanted.page,
            "size": wanted.size,
            "query": query_of(wanted),
            "notes": [*question.notes, *found.notes],
            "trials": [hit_as_json(hit) for hit in found.hits],
            "facets": {
                name: [{"value": one.value, "count": one.count} for one in values]
                for name, values in found.facets.items()
            },
        }
    )


@page("/api/trials/{trial:str}", stateless=True)
def trial(here: DeskHere, trial: str) -> Response[Any]:
    """A record in its newest version."""
    return here.json(record_as_json(_record(here, id_of(trial), None)))


@page("/api/trials/{trial:str}/versions", stateless=True)
def versions(here: DeskHere, trial: str) -> Response[Any]:
    """The versions of a record, oldest first."""
    known = here.registry.versions(id_of(trial))
    if not known:
        raise NotFoundException(no_such_trial(id_of(trial)))
    return here.json({"id": id_of(trial), "versions": [version_as_json(one) for one in known]})


@page("/api/trials/{trial:str}/versions/{number:int}", stateless=True)
def version(here: DeskHere, trial: str, number: int) -> Response[Any]:
    """A record in one of its versions."""
    return here.json(record_as_json(_record(here, id_of(trial), number)))


@page("/api/trials/{trial:str}/versions/{number:int}/changes", stateless=True)
def changes(here: DeskHere, trial: str, number: int) -> Response[Any]:
    """What changed from the version before to this one; nothing before the first."""
    new = _record(here, id_of(trial), number)
    old = _record(here, id_of(trial), number - 1) if number > 1 else new
    return here.json(difference_document(compare_records(old, new)))


def _record(here: DeskHere, registry_id: str, number: int | None) -> Record:
    found = here.registry.record(registry_id, number)
    if found is None:
        raise NotFoundException(no_such_trial(registry_id))
    return found


ROUTES = [explained, trials, trial, versions, version, changes]
