"""PDF documents to take away; each taking is recorded."""

from __future__ import annotations

from litestar import Response

from trialrun.app.documents import (
    DocumentFile,
    casebook_file,
    record_taken,
    screening_log_file,
    study_casebook_file,
)
from trialrun.app.paper_forms import paper_forms_file
from trialrun.app.work import label_of
from trialrun.web.here import Here
from trialrun.web.routes import action, page

PDF = "application/pdf"


@page("/documents", who="see_participants")
def documents(here: Here) -> Response[str]:
    """Which documents there are."""
    people = [(person.key, label_of(person)) for person in here.participants()]
    return here.render("documents/list.html", people=people, may_take=here.may("RecordExport"))


def _give(here: Here, kind: str, description: str, file: DocumentFile) -> Response[bytes]:
    record_taken(here.workspace, here.actor, kind, description, file)
    return here.download(file.content, file.name, PDF)


@action("/participants/{key:str}/casebook.pdf", who="RecordExport")
def casebook(here: Here, key: str) -> Response[bytes]:
    """The casebook of one participant; identifying values for those who may see them."""
    person = here.participant(key)
    file = casebook_file(here.workspace, person, identity=here.sees_identity)
    return _give(here, "casebook", f"casebook of {key}", file)


@action("/documents/casebooks.pdf", who="RecordExport")
def casebooks(here: Here) -> Response[bytes]:
    """The casebooks of everybody in the visitor's scope."""
    people = here.participants()
    file = study_casebook_file(here.workspace, people, identity=here.sees_identity)
    return _give(here, "casebooks", f"casebooks of {len(people)} participants", file)


@action("/documents/screening-log.pdf", who="see_screening")
def screening_log(here: Here) -> Response[bytes]:
    """The screening log."""
    return _give(here, "screening log", "screening log", screening_log_file(here.workspace, here.actor))


@page("/documents/forms-on-paper.pdf", who="see_participants")
def paper_forms(here: Here) -> Response[bytes]:
    """Every form, empty, for when the application cannot be reached; nobody's data are in it."""
    file = paper_forms_file(here.workspace)
    return here.download(file.content, file.name, PDF)


ROUTES = [documents, casebook, casebooks, screening_log, paper_forms]
