"""The whole text of a draft, and every version of it."""

from __future__ import annotations

import difflib

from litestar import Response
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app.builder.changing import Clashing, Harmful, change_text
from trialrun.app.builder.workshop import ChangedMeanwhileError
from trialrun.app.language import gettext as _
from trialrun.errors import UserError
from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.pages.drafts import opened
from trialrun.web.desk.routes import DRAFT, action, page

_MOST_LINES = 4000


@page("/drafts/{draft:str}/text", who=DRAFT)
def text(here: DeskHere, draft: str) -> Response[str]:
    """The text as a text editor shows it."""
    work, checked, seen = opened(here, draft)
    return here.render("desk/builder/text.html", work=work, checked=checked, text=work.text(), seen=seen)


@action("/drafts/{draft:str}/text", who=DRAFT)
def save_text(here: DeskHere, draft: str) -> Response[str] | Redirect:
    """Save the whole text. One that is not YAML is not written, and comes back as it was sent."""
    work, checked, seen = opened(here, draft)
    sent = (here.form.get("text") or [""])[0].replace("\r\n", "\n")
    if sent and not sent.endswith("\n"):
        sent += "\n"
    error: UserError | None = None
    made = None
    try:
        made = change_text(work, sent, seen=here.text("seen"), now=here.now, keep=bool(here.text("keep")))
    except UserError as caught:
        error = caught
    if made is None or isinstance(made, Harmful | Clashing):
        clash = isinstance(made, Clashing)
        return here.render(
            "desk/builder/text.html", status=422, work=work, checked=checked, text=sent, error=error,
            seen=seen if clash else here.text("seen"), harm=made if isinstance(made, Harmful) else None,
            clash=_changes(sent, work.text()) if clash else None,
        )  # fmt: skip
    return here.redirect(
        f"/drafts/{draft}/text", _("The text is saved."), "warning" if made.harm else "success"
    )


@page("/drafts/{draft:str}/versions", who=DRAFT)
def versions(here: DeskHere, draft: str) -> Response[str]:
    """Every version kept, the latest first."""
    work, checked, seen = opened(here, draft)
    found = tuple(reversed(work.versions()))
    return here.render("desk/builder/versions.html", work=work, checked=checked, versions=found, seen=seen)


@page("/drafts/{draft:str}/versions/{number:int}", who=DRAFT)
def version(here: DeskHere, draft: str, number: int) -> Response[str]:
    """One version beside the present text."""
    work, checked, seen = opened(here, draft)
    one = work.version(number)
    if one is None:
        raise NotFoundException(_("There is no version {}.").format(number))
    changes = _changes(work.text_of(one), work.text())
    return here.render(
        "desk/builder/version.html", work=work, checked=checked, version=one, changes=changes, seen=seen
    )


@action("/drafts/{draft:str}/versions/{number:int}", who=DRAFT)
def restore(here: DeskHere, draft: str, number: int) -> Redirect:
    """Go back to a version; the present one stays in the list."""
    work, _checked, _seen = opened(here, draft)
    one = work.version(number)
    if one is None:
        raise NotFoundException(_("There is no version {}.").format(number))
    try:
        work.restore(one, seen=here.text("seen"), now=here.now)
    except ChangedMeanwhileError as error:
        return here.redirect(
            f"/drafts/{draft}/versions/{number}", f"{error.message} {error.remedy}", "warning"
        )
    return here.redirect(
        f"/drafts/{draft}/versions", _("The draft is as it was in version {}.").format(number)
    )


def _changes(before: str, after: str) -> list[tuple[str, str]]:
    """Lines of a difference with what they are: `plus`, `minus`, `at` or nothing."""
    kinds = {"+": "plus", "-": "minus", "@": "at"}
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), lineterm="", n=2))[2:]
    return [(kinds.get(line[:1], ""), line) for line in lines[:_MOST_LINES]]


ROUTES = [text, save_text, versions, version, restore]
