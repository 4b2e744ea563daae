"""The analysis from the browser: cut a snapshot, have it analysed beside the application, read, release, publish."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.results_folder import RunState, read_file
from trialrun.app.results_runs import (
    PLAIN_SUMMARY,
    RunView,
    files_for,
    offer,
    publish,
    release,
    start,
    take_file,
    visible_run,
    visible_runs,
    withdraw,
)
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page

WHO = ("make_analysis", "see_analysis", "publish_results")
FILES: dict[str, tuple[str, str, str]] = {
    "report.html": (marked("Report"), marked("HTML, one file that works offline"), "text/html; charset=utf-8"),
    "report.pdf": (marked("Report"), marked("PDF, to print and to keep"), "application/pdf"),
    "report-tables.zip": (marked("Tables of the report"), marked("RTF, for word processors"), "application/zip"),
    "results.json": (marked("Results"), marked("JSON, every number with the rows behind it"), "application/json"),
    "analysis-plan.html": (marked("Analysis plan"), marked("HTML"), "text/html; charset=utf-8"),
    "analysis-plan.pdf": (marked("Analysis plan"), marked("PDF"), "application/pdf"),
    "registry-results.json": (marked("Results for ClinicalTrials.gov"), marked("JSON"), "application/json"),
    "registry-findings.json": (marked("What the registry would ask about"), marked("JSON"), "application/json"),
    "plain-summary.json": (marked("Plain-language summary"), marked("JSON"), "application/json"),
    "snapshot.zip": (marked("Snapshot"), marked("ZIP of Parquet tables and the study’s texts"), "application/zip"),
}  # fmt: skip
STEPS = {
    "": marked("Getting ready"),
    "snapshot": marked("Cutting the snapshot"),
    "derive": marked("Deriving scores and populations"),
    "analyse": marked("Analysing the outcomes"),
    "report": marked("Writing the report"),
    "pdf": marked("Setting the PDF"),
    "plan": marked("Writing the analysis plan"),
    "registry": marked("Writing the registry results"),
    "summary": marked("Writing the plain-language summary"),
    "tables": marked("Writing the tables"),
    "pack": marked("Packing the snapshot"),
    "done": marked("Done"),
}
# A report is a page of its own: its scripts run, but without our cookies, our addresses or the network.
SANDBOX = (
    "sandbox allow-scripts allow-downloads allow-modals allow-popups; default-src 'none'; style-src 'unsafe-inline'; "
    "script-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)


@page("/analysis", who=WHO)
def analyses(here: Here) -> Response[str]:
    """What can be asked for, and the runs there are."""
    return _list(here)


def _list(here: Here, error: UserError | None = None) -> Response[str]:
    return here.render(
        "analysis/list.html",
        status=422 if error else 200,
        offer=offer(here.workspace, here.actor),
        views=visible_runs(here.workspace, here.actor),
        names=here.workspace.conduct.access_state().users,
        typed={name: here.text(name) for name in ("stage", "reason", "arms")},
        error=error,
    )


@action("/analysis/start", who="make_analysis")
def begin(here: Here) -> Response[Any]:
    """Cut a snapshot and have it analysed."""
    try:
        run = start(
            here.workspace, here.actor, here.text("stage"), here.text("reason"), arms=here.text("arms") == "open"
        )  # fmt: skip
    except UserError as error:
        return _list(here, error)
    return here.redirect(f"/analysis/{run.id}")


@page("/analysis/{run:str}", who=WHO)
def one(here: Here, run: str) -> Response[str]:
    """How far a run is, what was found, and its files."""
    return _one(here, run)


def _seen(here: Here, run: str) -> RunView:
    view = visible_run(here.workspace, here.actor, run)
    if view is None:
        raise NotFoundException(_("There is no analysis {}.").format(run))
    return view


def _one(here: Here, run: str, error: UserError | None = None) -> Response[str]:
    view = _seen(here, run)
    found = files_for(here.workspace, here.actor, view.run)
    files = [(one, *FILES[one.name]) for one in sorted(found, key=_order) if one.name in FILES]
    return here.render(
        "analysis/run.html",
        status=422 if error else 200,
        view=view,
        run=view.run,
        files=files,
        summary=plain_summary_of(view),
        step=_(STEPS.get(view.run.step, view.run.step)),
        names=here.workspace.conduct.access_state().users,
        masked=len(here.workspace.study.arms) > 1 and not view.run.asked.arms,
        running=view.run.state is RunState.RUNNING,
        typed={name: here.text(name) for name in ("do", "reason")},
        error=error,
    )


def _order(file: Any) -> int:
    return list(FILES).index(file.name) if file.name in FILES else len(FILES)


def plain_summary_of(view: RunView) -> Any:
    """The plain-language summary of a run as data; none while there is none, or when it was changed."""
    if PLAIN_SUMMARY not in view.run.files:
        return None
    try:
        return json.loads(read_file(view.run, PLAIN_SUMMARY))
    except UserError:
        return None


@page("/analysis/{run:str}/state", who=WHO)
def state(here: Here, run: str) -> Response[Any]:
    """How far a run is, for the page that waits for it."""
    seen = _seen(here, run).run
    return here.json({"state": seen.state.value, "step": _(STEPS.get(seen.step, seen.step))})


@action("/analysis/{run:str}/file", who=WHO)
def file(here: Here, run: str) -> Response[Any]:
    """Open or download a file; the taking is recorded."""
    _seen(here, run)
    name = here.text("file")
    if name not in FILES:
        raise NotFoundException(_("There is no such file."))
    found, content = take_file(here.workspace, here.actor, run, name)
    kind = FILES[name][2]
    if here.text("how") == "open" and kind.startswith("text/html"):
        return Response(
            content=content, media_type=kind, headers={"Content-Security-Policy": SANDBOX, "Cache-Control": "no-store"}
        )  # fmt: skip
    stage, at = found.asked.stage, found.asked.position
    return here.download(content, f"{found.id}-{stage}-at-{at}-{name}", kind)


@action("/analysis/{run:str}/release", who="make_analysis")
def release_now(here: Here, run: str) -> Response[Any]:
    """Show a run to those who read results."""
    return _do(here, run, lambda: release(here.workspace, here.actor, run, here.text("reason")))


@action("/analysis/{run:str}/publish", who="publish_results")
def publish_now(here: Here, run: str) -> Response[Any]:
    """Put the summary on the public page."""
    return _do(here, run, lambda: publish(here.workspace, here.actor, run, here.text("reason")))


@action("/analysis/{run:str}/withdraw", who="publish_results")
def withdraw_now(here: Here, run: str) -> Response[Any]:
    """Take the summary off the public page."""
    return _do(here, run, lambda: withdraw(here.workspace, here.actor, run, here.text("reason")))


def _do(here: Here, run: str, act: Callable[[], None]) -> Response[Any]:
    _seen(here, run)
    try:
        act()
    except UserError as error:
        return _one(here, run, error)
    return here.redirect(f"/analysis/{run}", _("Done. It is in the audit trail."))


ROUTES = [analyses, begin, one, state, file, release_now, publish_now, withdraw_now]
