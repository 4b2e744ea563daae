"""The folder of drafts: the list, a new draft from a record, and one draft at a glance."""

from __future__ import annotations

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app.builder.checked import Checked, check_text
from trialrun.app.builder.overview import overview
from trialrun.app.builder.workshop import Workshop, workshop
from trialrun.app.desk_drafts import (
    MadeDraft,
    draft_from_file,
    draft_from_record,
    drafts_in,
    told_while_drafting,
)
from trialrun.app.language import gettext as _
from trialrun.errors import UserError
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.routes import DRAFT, action, page


@page("/drafts", who=DRAFT)
def drafts(here: DeskHere) -> Response[str]:
    """All drafts, and a form for a new one."""
    return _list(here)


def _list(here: DeskHere, error: UserError | None = None) -> Response[str]:
    return here.render(
        "desk/drafts/list.html", drafts=drafts_in(here.drafts), error=error, status=422 if error else 200
    )


@action("/drafts", who=DRAFT)
def draft(here: DeskHere) -> Response[str] | Redirect:
    """Draft a study from a stored record, or from a file."""
    try:
        made = _made(here)
    except UserError as error:
        return _list(here, error)
    left = len(made.findings)
    notice = _("The draft is made. {} findings were told on the way; they stand below.").format(left)
    return here.redirect(f"/drafts/{made.name}", notice if left else _("The draft is made."))


def _made(here: DeskHere) -> MadeDraft:
    trial = here.text("trial")
    if trial:
        version = here.text("version")
        record = here.registry.record(trial, int(version) if version.isdigit() else None)
        if record is None:
            raise NotFoundException(_("There is no record {}.").format(trial[:40]))
        return draft_from_record(record, here.drafts)
    sent = next(iter(here.uploads.values()), None)
    if sent is None or not sent.content:
        raise UserError(_("No file was sent."), _("Choose the registry’s JSON, or a saved page of a trial."))
    return draft_from_file(sent.name, sent.content, here.drafts)


@page("/drafts/{draft:str}", who=DRAFT)
def one_draft(here: DeskHere, draft: str) -> Response[str]:
    """A draft at a glance: what is left, and its sections."""
    work, checked, mark = opened(here, draft)
    return here.render(
        "desk/builder/overview.html",
        work=work,
        checked=checked,
        view=overview(checked),
        seen=mark,
        told=told_while_drafting(work),
    )


def opened(here: DeskHere, name: str) -> tuple[Workshop, Checked, str]:
    """A draft, what its text says, and the version it is. A draft that is not there does not exist."""
    work = workshop(here.drafts, name)
    if work is None:
        raise NotFoundException(_("There is no draft {}.").format(name[:60]))
    text, mark = work.seen(here.now)
    return work, check_text(work.folder, text), mark


ROUTES = [drafts, draft, one_draft]
