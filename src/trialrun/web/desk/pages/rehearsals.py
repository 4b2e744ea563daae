"""Rehearsals of a draft: asked for, watched, and their report read."""

from __future__ import annotations

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app.desk_rehearsals import FILES, STEPS, DeskRehearsal, file_of, rehearsal, rehearsals, start
from trialrun.app.language import gettext as _
from trialrun.errors import UserError
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.pages.drafts import opened
from trialrun.web.desk.routes import DRAFT, action, page
from trialrun.web.pages.analysis import SANDBOX

# Shown in a frame of our own page, and nowhere else.
_FRAMED = SANDBOX.replace("frame-ancestors 'none'", "frame-ancestors 'self'")


@page("/drafts/{draft:str}/rehearsals", who=DRAFT)
def all_rehearsals(here: DeskHere, draft: str) -> Response[str]:
    """What was rehearsed, and a form for the next one."""
    return _list(here, draft)


def _list(here: DeskHere, draft: str, error: UserError | None = None) -> Response[str]:
    work, checked, _seen = opened(here, draft)
    return here.render(
        "desk/rehearsal/list.html", status=422 if error else 200, work=work, checked=checked,
        rehearsals=rehearsals(work), error=error, seed=here.text("seed") or "1", screened=here.text("screened") or "40",
    )  # fmt: skip


@action("/drafts/{draft:str}/rehearsals", who=DRAFT)
def rehearse(here: DeskHere, draft: str) -> Response[str] | Redirect:
    """Begin a rehearsal."""
    work, _checked, _seen = opened(here, draft)
    seed, screened = here.text("seed"), here.text("screened")
    if not (seed.isascii() and seed.isdigit() and screened.isascii() and screened.isdigit()):
        return _list(here, draft, UserError(_("Seed and number are whole numbers."), _("Write digits only.")))
    try:
        made = start(work, seed=int(seed[:12]), screened=int(screened[:6]), now=here.now)
    except UserError as error:
        return _list(here, draft, error)
    return here.redirect(f"/drafts/{draft}/rehearsals/{made.number}")


@page("/drafts/{draft:str}/rehearsals/{number:int}", who=DRAFT)
def one_rehearsal(here: DeskHere, draft: str, number: int) -> Response[str]:
    """How far it is; its report once it is done. The page asks again by itself while it runs."""
    work, checked, _seen = opened(here, draft)
    one = _there(rehearsal(work, number))
    answer = here.render(
        "desk/rehearsal/one.html",
        work=work,
        checked=checked,
        one=one,
        steps=[_(step) for step in STEPS],
        files=FILES,
    )
    if one.state == "running":
        answer.headers["Refresh"] = "3"
    return answer


@page("/drafts/{draft:str}/rehearsals/{number:int}/files/{name:str}", who=DRAFT)
def file(here: DeskHere, draft: str, number: int, name: str) -> Response[bytes]:
    """A file a rehearsal made; pages are shown sandboxed, without our addresses or the network."""
    work, _checked, _seen = opened(here, draft)
    found = file_of(_there(rehearsal(work, number)), name)
    if found is None:
        raise NotFoundException(_("This rehearsal has no file of that name."))
    content, kind = found
    if not kind.startswith("text/html"):
        return here.download(content, name, kind)
    headers = {
        "Content-Security-Policy": _FRAMED,
        "X-Frame-Options": "SAMEORIGIN",
        "Cache-Control": "no-store",
    }
    return Response(content=content, media_type=kind, headers=headers)


def _there(one: DeskRehearsal | None) -> DeskRehearsal:
    if one is None:
        raise NotFoundException(_("There is no such rehearsal."))
    return one


ROUTES = [all_rehearsals, rehearse, one_rehearsal, file]
