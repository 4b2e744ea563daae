"""The study itself: what is assumed and who confirmed it, opening it, and amendments with the sites' approvals."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from litestar import Response

from trialrun.app.language import gettext as _
from trialrun.app.language import ngettext
from trialrun.app.opening import activate, amend, approve_amendment, confirm_assumptions, opening
from trialrun.app.plan_file import analysis_plan_file
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page

_TYPED = ("remark", "reason", "site", "definition", "from_date", "reference")


@page("/study", who="see_study")
def study_page(here: Here) -> Response[str]:
    """How far the study is."""
    return _page(here)


@page("/study/analysis-plan.pdf", who="see_study")
def analysis_plan(here: Here) -> Response[bytes]:
    """The statistical analysis plan of the definition served; it holds nobody's data."""
    return here.download(*analysis_plan_file(here.workspace.study), "application/pdf")


def _page(here: Here, error: UserError | None = None) -> Response[str]:
    return here.render(
        "study/study.html",
        status=422 if error else 200,
        view=opening(here.workspace),
        ticked=set(here.texts("assumption")),
        typed={name: here.text(name) for name in _TYPED},
        site_options=[(site, site) for site in here.sites],
        error=error,
    )


def _do(here: Here, act: Callable[[], Any], done: str = "") -> Response[Any]:
    try:
        act()
    except UserError as error:
        return _page(here, error)
    return here.redirect("/study", done or _("Done. It is in the audit trail."))


@action("/study/assumptions", who="ConfirmAssumption")
def confirm(here: Here) -> Response[Any]:
    """Confirm what was ticked."""
    names = here.texts("assumption")
    done = ngettext("{n} assumption is confirmed.", "{n} assumptions are confirmed.", len(names))
    act = lambda: confirm_assumptions(here.workspace, here.actor, names, here.text("remark"))  # noqa: E731
    return _do(here, act, done.format(n=len(names)))


@action("/study/activate", who="ActivateStudy")
def open_now(here: Here) -> Response[Any]:
    """Open the study."""
    return _do(here, lambda: activate(here.workspace, here.actor, here.text("mode")))


@action("/study/approval", who="ApproveAmendment")
def approve(here: Here) -> Response[Any]:
    """Record a site's approval of a changed definition."""
    return _do(here, lambda: _approve(here))


def _approve(here: Here) -> None:
    try:
        day = date.fromisoformat(here.text("from_date"))
    except ValueError:
        raise UserError(
            _("{!r} is not a date").format(here.text("from_date")), _("write it as 2026-03-01")
        ) from None
    approve_amendment(
        here.workspace, here.actor, here.text("site"), here.text("definition"), day, here.text("reference")
    )


@action("/study/amend", who="AmendStudy")
def amend_now(here: Here) -> Response[Any]:
    """Put the served definition in force."""
    return _do(here, lambda: amend(here.workspace, here.actor, here.text("reason")))


ROUTES = [study_page, analysis_plan, confirm, open_now, approve, amend_now]
