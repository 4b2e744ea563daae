"""Source verification: progress, what a change undid, and the values of one form to compare."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import verification as found
from trialrun.app.event_words import Words
from trialrun.app.history import saved_words
from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.visits import visit_title
from trialrun.app.work import label_of, participant_path
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page
from trialrun.web.whole_numbers import whole

WHO = ("see_queries", "VerifySource")
_FORM = "/participants/{key:str}/verification/{visit:str}/{form:str}/{row:int}"


def verification_path(key: str, visit: str, form: str, row: int) -> str:
    """The address of a form's values to verify."""
    return f"{participant_path(key)}/verification/{quote(visit, safe='')}/{quote(form, safe='')}/{row}"


@page("/verification", who=WHO)
def overview(here: Here) -> Response[str]:
    """How far verification is for everybody in scope, under the study's plan."""
    rows = found.progress(here.workspace, here.actor)
    return here.render(
        "verification/overview.html",
        plan=found.sampling_plan(here.workspace.study),
        rows=rows,
        total=sum((row.progress for row in rows), found.Progress()),
        lost=len(found.lost_marks(here.workspace, here.actor)),
        path=participant_path,
    )


@page("/verification/lost", who=WHO)
def lost(here: Here) -> Response[str]:
    """Verifications that a change undid, and who changed what."""
    return here.render(
        "verification/lost.html",
        rows=found.lost_marks(here.workspace, here.actor),
        words=Words(here.workspace, here.actor),
        path=verification_path,
    )


@page("/participants/{key:str}/verification", who=WHO)
def person(here: Here, key: str) -> Response[str]:
    """The forms of a participant with what is to be verified on them."""
    one = here.participant(key)
    order = found.order_in(here.workspace, key)
    return here.render(
        "verification/person.html",
        person=one,
        label=label_of(one),
        rows=found.form_progress(here.workspace.study, one, order),
        plan=found.sampling_plan(here.workspace.study),
        title=lambda visit: visit_title(here.workspace.study, visit),
        path=verification_path,
    )


def _form_page(
    here: Here, key: str, visit: str, form: str, row: int, error: UserError | None = None
) -> Response[str]:
    one, study = here.participant(key), here.workspace.study
    if form not in study.forms or not one.form_values(visit, form, row):
        raise NotFoundException(_("Nothing is saved there."))
    words = Words(here.workspace, here.actor)
    order = found.order_in(here.workspace, key)
    values = found.values_to_verify(study, one, visit, form, row, order)
    return here.render(
        "verification/form.html",
        status=422 if error else 200,
        person=one,
        label=label_of(one),
        visit=visit,
        visit_title=visit_title(study, visit),
        form=study.forms[form],
        row=row,
        values=[
            (value, words.item(value.item), saved_words(words, value.item, value.value)) for value in values
        ],
        words=words,
        version=one.version,
        whole=found.sampling_plan(study).kind == "all",
        chosen=here.texts("item"),
        error=error,
    )


@page(_FORM, who=WHO)
def form_values(here: Here, key: str, visit: str, form: str, row: int) -> Response[str]:
    """The values of a form beside their verification."""
    return _form_page(here, key, visit, form, row)


@action(_FORM, who="VerifySource")
def verify(here: Here, key: str, visit: str, form: str, row: int) -> Response[Any]:
    """Verify the values that were ticked."""
    here.participant(key)
    seen = here.text("seen")
    if not here.texts("item"):
        problem = UserError(_("No value was chosen."), _("Tick the values you compared with the source."))
        return _form_page(here, key, visit, form, row, problem)
    try:
        done = found.verify_items(
            here.workspace,
            here.actor,
            key,
            (visit, form, row),
            here.texts("item"),
            whole(seen),
        )
    except UserError as error:
        return _form_page(here, key, visit, form, row, error)
    said = ngettext("{n} value verified.", "{n} values verified.", done).format(n=done)
    return here.redirect(verification_path(key, visit, form, row), said)


ROUTES = [overview, lost, person, form_values, verify]
