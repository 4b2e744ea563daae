"""Runs of the analysis from the browser: asked for, worked on beside the application, recorded, released, published.

The log holds who asked and why, the hash of every file made, who released a run to the team, and who published its
plain-language summary. The files lie in the folder of results; one whose hash is not the recorded one is not shown.
Masked trials: no run before database lock holds an arm, and a run that does is seen by a masked role only once
somebody unmasked has released it while the database is locked. Source: ICH E6(R3) 4.2.6; ICH E9 4.5.
"""

from __future__ import annotations

import csv
import io
import pickle
import subprocess
import sys
import threading
from collections.abc import Iterable
from dataclasses import dataclass

from trialrun.app.allocation import arms_file, conceals_from
from trialrun.app.language import gettext as _
from trialrun.app.results_folder import (
    HELD,
    KeptFile,
    Run,
    RunState,
    held,
    new_run,
    read_run,
    results_folder,
    runs,
)
from trialrun.app.rights import rights_of
from trialrun.app.workspace import SYSTEM, Workspace
from trialrun.errors import RefusedError, UserError
from trialrun.ledger.allocation import is_masked
from trialrun.ledger.commands import Actor, RecordExport

MAKE, SEE, PUBLISH = "make_analysis", "see_analysis", "publish_results"
ASKED_KIND, MADE_KIND, RELEASED_KIND, TAKEN_KIND = (
    "analysis asked for",
    "analysis",
    "analysis released",
    "analysis file",
)
PUBLISHED_KIND, WITHDRAWN_KIND = "results published", "published results withdrawn"
PLAIN_SUMMARY = "plain-summary.json"
# Files without a line about any one participant: a role of one site sees no other site's participants.
TOGETHER = frozenset(
    {
        PLAIN_SUMMARY,
        "registry-results.json",
        "registry-findings.json",
        "analysis-plan.html",
        "analysis-plan.pdf",
    }
)
INTERIM, FINAL = "interim", "final"
_SETTLING = threading.Lock()


@dataclass(frozen=True, slots=True)
class Mark:
    """An entry of the log about a run: its kind, the hash it names, who made it, when, and why."""

    kind: str
    checksum: str
    by: str
    at: str
    reason: str
    position: int


@dataclass(frozen=True, slots=True)
class RunView:
    """A run as the log and its folder tell it together.

    `recorded` means that the log holds the hash of its list of files.
    """

    run: Run
    recorded: Mark | None
    released: Mark | None
    published: Mark | None


@dataclass(frozen=True, slots=True)
class Offer:
    """What can be asked for now.

    Args:
        stages: `interim`, and `final` once the database is locked.
        masked: the study conceals arms; `may_open`: the actor may have them opened for a run now.
        running: the run that is being worked on, if any: they take turns.
    """

    stages: tuple[str, ...]
    locked: bool
    rehearsal: bool
    masked: bool
    may_open: bool
    enrolled: int
    left: int
    running: Run | None


# --- looking ---------------------------------------------------------------------------------------


def marks(workspace: Workspace) -> tuple[Mark, ...]:
    """What the log says about runs, in its order."""
    kinds = (ASKED_KIND, MADE_KIND, RELEASED_KIND, PUBLISHED_KIND, WITHDRAWN_KIND)
    return tuple(
        Mark(
            str(event.data["kind"]), str(event.data["checksum"]), event.by, str(event.at),
            str(event.data["purpose"]), event.position,
        )
        for event in workspace.store.read("study")
        if event.type == "DataExported" and event.data.get("kind") in kinds
    )  # fmt: skip


def visible_runs(workspace: Workspace, actor: Actor) -> tuple[RunView, ...]:
    """The runs the actor may know of, the newest first; finished ones are recorded in the log first.

    Whoever makes analyses sees all, except a run with arms while the arms are concealed from them; whoever reads
    results sees what was released.
    """
    settle(workspace)
    said = marks(workspace)
    return tuple(
        view
        for run in runs(results_folder(workspace))
        if _may_see(workspace, actor, view := _view(run, said))
    )


def visible_run(workspace: Workspace, actor: Actor, name: str) -> RunView | None:
    """One of them by its number; `None` for one that is not there for the actor."""
    return next((view for view in visible_runs(workspace, actor) if view.run.id == name), None)


def _view(run: Run, said: Iterable[Mark]) -> RunView:
    of = {mark.kind: mark for mark in said if mark.checksum and mark.checksum == run.checksum}
    summary = run.files.get(PLAIN_SUMMARY)
    standing: Mark | None = None
    for mark in said:
        if summary is not None and mark.checksum == _publication(run):
            standing = mark if mark.kind == PUBLISHED_KIND else None
    return RunView(run, of.get(MADE_KIND), of.get(RELEASED_KIND), standing)


def _publication(run: Run) -> str:
    """What a publication names: the summary's own hash, so that the log binds the very words."""
    return run.files[PLAIN_SUMMARY].sha256


def _may_see(workspace: Workspace, actor: Actor, view: RunView) -> bool:
    rights = rights_of(workspace.study, actor.role)
    if view.released is not None and rights & {MAKE, SEE}:
        return True
    concealed = view.run.asked.arms and conceals_from(workspace.study, actor.role)
    return MAKE in rights and not concealed


def files_for(workspace: Workspace, actor: Actor, run: Run) -> tuple[KeptFile, ...]:
    """The files of a run the actor may open: a role of one site, of several, those without single participants."""
    narrow = bool(actor.site) and len(workspace.study.sites) > 1
    return tuple(one for one in run.files.values() if not narrow or one.name in TOGETHER)


def offer(workspace: Workspace, actor: Actor) -> Offer:
    """What the actor can ask for now, and what stands in the way of the final analysis."""
    state = workspace.conduct.study_state()
    masked = is_masked(workspace.study)
    locked = state.database_locked
    return Offer(
        stages=(INTERIM, FINAL) if locked else (INTERIM,),
        locked=locked,
        rehearsal=state.mode != "live",
        masked=masked,
        may_open=masked and locked and not conceals_from(workspace.study, actor.role),
        enrolled=len(state.participants),
        left=0 if locked else _steps_left(workspace),
        running=running(workspace),
    )


def _steps_left(workspace: Workspace) -> int:
    from trialrun.app.locks import StepStatus, lock_view

    return sum(step.status is StepStatus.OPEN for step in lock_view(workspace).steps)


def running(workspace: Workspace) -> Run | None:
    """The run that is being worked on."""
    return next((run for run in runs(results_folder(workspace)) if run.state is RunState.RUNNING), None)


# --- asking ----------------------------------------------------------------------------------------


def start(workspace: Workspace, actor: Actor, stage: str, reason: str, *, arms: bool = False) -> Run:
    """Cut a snapshot at the log's end and have everything made from it, in a process of its own.

    Args:
        stage: `interim`, or `final` once the database is locked.
        reason: why now; it is kept in the log.
        arms: open the concealed arms for it; after database lock only, and by who is not masked.

    Errors: `UserError` without a reason, for a final run before database lock, or while another run is going on;
    `CommandRefusedError` for a role that may not take data out.
    """
    study, state = workspace.study, workspace.conduct.study_state()
    _need(workspace, actor, MAKE)
    if not reason.strip():
        raise UserError(_("An analysis needs a reason."), _("Say what for, in a few words."))
    if stage not in (INTERIM, FINAL):
        raise UserError(_("{!r} is no stage of a study").format(stage), _("Choose interim or final."))
    if stage == FINAL and not state.database_locked:
        raise UserError(
            _("The database is not locked, so no analysis is final."),
            _("Lock the database first, or make an interim analysis."),
        )
    if not state.participants:
        raise UserError(_("Nobody is enrolled yet."), _("An analysis needs participants."))
    folder = results_folder(workspace)
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    with held(folder, "asking"):
        if running(workspace) is not None:
            raise UserError(_("An analysis is going on."), _("Wait until it has ended."))
        opened = _arms(workspace, actor, reason) if arms else None
        rehearsal = state.mode != "live"
        words = f"{stage} snapshot and analysis" + (", arms opened" if arms else "")
        workspace.do(RecordExport(ASKED_KIND, words, purpose=reason), actor)
        workspace.store.seal(now=workspace.now)  # binds what the snapshot rests on
        position, _link = workspace.store.position()
        run = new_run(
            folder, stage=stage, purpose="rehearsal" if rehearsal else stage, position=position,
            arms=opened is not None, by=actor.user, role=actor.role, site=actor.site,
            at=workspace.now.isoformat(), reason=reason.strip(),
        )  # fmt: skip
        from trialrun.app.results_worker import Task

        notes = _notes(stage, masked=is_masked(study), opened=opened is not None)
        task = Task(
            run.folder, database_of(workspace), study, position, workspace.now,
            None if rehearsal else stage, notes, rehearsal, opened,
        )  # fmt: skip
        _begin(workspace, run, pickle.dumps(task))
    return read_run(run.folder)


def _need(workspace: Workspace, actor: Actor, right: str) -> None:
    if right not in rights_of(workspace.study, actor.role):
        raise RefusedError(_("Your role does not include this."), _("Ask somebody whose role does."))


def _notes(stage: str, *, masked: bool, opened: bool) -> tuple[str, ...]:
    notes = [
        "Cut after database lock."
        if stage == FINAL
        else "Interim: cut before the final analysis; the data can still change."
    ]
    if masked:
        notes.append(
            "The arms were opened for this analysis, after database lock."
            if opened
            else "The arms are masked: everything is shown for all participants together."
        )
    return tuple(notes)


def _arms(workspace: Workspace, actor: Actor, reason: str) -> dict[str, str]:
    text = arms_file(workspace, actor, reason).removeprefix("\ufeff")
    return {row["participant"]: row["arm"] for row in csv.DictReader(io.StringIO(text))}


def database_of(workspace: Workspace) -> str:
    """The log's URL, for a process of our own."""
    text = workspace.store.backend.engine.url.render_as_string(hide_password=False)
    return text.replace("postgresql+psycopg://", "postgresql://", 1)


def _begin(workspace: Workspace, run: Run, task: bytes) -> None:
    with held(run.folder, HELD) as lock:
        # The child keeps the lock for as long as it lives, whatever becomes of this process.
        process = subprocess.Popen(
            [sys.executable, "-m", "trialrun.app.results_worker"],
            stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, pass_fds=(lock,),
            start_new_session=True,
        )  # fmt: skip
        threading.Thread(
            target=_attend, args=(workspace, process, task), name=f"run {run.id}", daemon=True
        ).start()


def _attend(workspace: Workspace, process: subprocess.Popen[bytes], task: bytes) -> None:
    process.communicate(task)
    if process.returncode == 0:
        settle(workspace)


def settle(workspace: Workspace) -> None:
    """Record in the log what runs have made and the log does not hold yet; also after a restart."""
    folder = results_folder(workspace)
    if not any(run.state is RunState.DONE for run in runs(folder)):
        return
    with _SETTLING, held(folder, "recording"):
        known = {mark.checksum for mark in marks(workspace) if mark.kind == MADE_KIND}
        for run in reversed(runs(folder)):
            if run.state is RunState.DONE and run.checksum not in known:
                _record(workspace, run)


def _record(workspace: Workspace, run: Run) -> None:
    """The hash of the list and of each file, by whoever asked; by the system where they have lost the role since."""
    asked = run.asked
    files = "; ".join(f"{one.name} {one.sha256}" for one in run.files.values())
    command = RecordExport(
        MADE_KIND, f"{asked.stage} analysis {run.id} at log position {asked.position}: {files}",
        run.checksum, asked.reason,
    )  # fmt: skip
    try:
        workspace.do(command, Actor(asked.by, asked.role, asked.site))
    except RefusedError:
        workspace.do(command, SYSTEM)


# --- releasing -------------------------------------------------------------------------------------


def release(workspace: Workspace, actor: Actor, name: str, reason: str) -> None:
    """Show a finished run to those who read results.

    Errors: `UserError` without a reason, for a run that is not done, or for one with arms while the database is
    open: it would end the masking of people who still work on the data.
    """
    _need(workspace, actor, MAKE)
    view = _finished(workspace, actor, name)
    if not reason.strip():
        raise UserError(_("Releasing results needs a reason."), _("Say why now, in a few words."))
    if view.released is not None:
        raise UserError(_("This run is released already."))
    if view.run.asked.arms and not workspace.conduct.study_state().database_locked:
        raise UserError(
            _("The database was opened again, so a run with arms cannot be released."),
            _("Lock the database first."),
        )
    words = f"{view.run.asked.stage} analysis {name} released to the team"
    workspace.do(RecordExport(RELEASED_KIND, words, view.run.checksum, reason.strip()), actor)


def _finished(workspace: Workspace, actor: Actor, name: str) -> RunView:
    view = visible_run(workspace, actor, name)
    if view is None:
        raise UserError(_("There is no run {}.").format(name))
    if view.run.state is not RunState.DONE or view.recorded is None:
        raise UserError(_("The run is not done."), _("Wait until it has ended."))
    return view


# --- publishing ------------------------------------------------------------------------------------


def publish(workspace: Workspace, actor: Actor, name: str, reason: str) -> None:
    """Put the plain-language summary of a released final run on the public page.

    Errors: `UserError` for a run that is not final or not released, while the database is open, without a reason,
    or when its summary is no longer the recorded one; `RefusedError` for a role that may not publish.
    """
    from trialrun.app.results_folder import read_file

    _need(workspace, actor, PUBLISH)
    view = _finished(workspace, actor, name)
    if not reason.strip():
        raise UserError(_("Publishing results needs a reason."), _("Say who decided it, and on what ground."))
    if view.run.asked.stage != FINAL or view.released is None:
        raise UserError(
            _("Only results of a final analysis that was released are published."),
            _("Have the statistician release the final analysis."),
        )
    if not workspace.conduct.study_state().database_locked:
        raise UserError(
            _("The database was opened again after this analysis."), _("Lock it and analyse again.")
        )
    if PLAIN_SUMMARY not in view.run.files:
        raise UserError(_("This run has no plain-language summary."))
    if view.published is not None:
        raise UserError(_("This summary is published already."))
    read_file(view.run, PLAIN_SUMMARY)
    words = f"plain-language summary of analysis {name}, on the public page"
    workspace.do(RecordExport(PUBLISHED_KIND, words, _publication(view.run), reason.strip()), actor)


def withdraw(workspace: Workspace, actor: Actor, name: str, reason: str) -> None:
    """Take a published summary off the public page. Errors: as `publish`."""
    _need(workspace, actor, PUBLISH)
    view = _finished(workspace, actor, name)
    if not reason.strip():
        raise UserError(_("Withdrawing results needs a reason."), _("Say why, in a few words."))
    if view.published is None:
        raise UserError(_("This summary is not published."))
    words = f"plain-language summary of analysis {name}, taken off the public page"
    workspace.do(RecordExport(WITHDRAWN_KIND, words, _publication(view.run), reason.strip()), actor)


def published(workspace: Workspace) -> Run | None:
    """The run whose summary the public page shows: the last one published and not withdrawn."""
    try:
        folder = results_folder(workspace)
    except UserError:
        return None
    if not folder.is_dir():
        return None
    standing: dict[str, int] = {}
    for mark in marks(workspace):
        if mark.kind == PUBLISHED_KIND:
            standing[mark.checksum] = mark.position
        elif mark.kind == WITHDRAWN_KIND:
            standing.pop(mark.checksum, None)
    if not standing:
        return None
    last = max(standing, key=lambda checksum: standing[checksum])
    found = (run for run in runs(folder) if PLAIN_SUMMARY in run.files and _publication(run) == last)
    return next(found, None)


def take_file(workspace: Workspace, actor: Actor, name: str, file: str) -> tuple[Run, bytes]:
    """A file of a run, for its reader; that it was taken is an entry of the log.

    Errors: `UserError` for a run or file that is not there for the actor, or has changed since it was recorded.
    """
    from trialrun.app.results_folder import read_file

    view = _finished(workspace, actor, name)
    if file not in {one.name for one in files_for(workspace, actor, view.run)}:
        raise UserError(_("There is no file {file!r} for you in run {run}.").format(file=file, run=name))
    content = read_file(view.run, file)
    words = f"{file} of {view.run.asked.stage} analysis {name}"
    taken = RecordExport(TAKEN_KIND, words, view.run.files[file].sha256)
    workspace.do(taken, actor)
    return view.run, content
