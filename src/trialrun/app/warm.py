"""Done before the first visitor comes: rules compiled, participants read, what is dear to import imported.

Nothing is written. Whatever fails here fails again where it belongs, with its own words, so it is passed over.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, datetime

from trialrun.app.workspace import Workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor
from trialrun.study.kept import prepare

LOOKER = "(start)"  # an account that does not exist: lists of one's own tasks are empty


def warm_up(workspace: Workspace) -> Iterator[str]:
    """Do it part by part; what has been done, in words.

    The modules of the pages must have been imported: what they keep of a study is computed here.
    """
    steps: tuple[Callable[[Workspace], str], ...] = (_rules, _scores, _participants, _views, _documents)
    for step in steps:
        with suppress(UserError):
            yield step(workspace)


def _rules(workspace: Workspace) -> str:
    return f"{prepare(workspace.study)} sets of rules compiled"


def _scores(_workspace: Workspace) -> str:
    from trialrun.app.draws import GRADED
    from trialrun.scores.frames import one_person
    from trialrun.scores.load import score

    names = sorted({name for graded in GRADED.values() for name in graded})
    for name in names:
        score(name)
        with suppress(UserError):
            one_person(name)()  # refused for want of inputs, compiled all the same
    return f"{len(names)} gradings compiled"


def _participants(workspace: Workspace) -> str:
    keys = workspace.conduct.participants()
    for key in keys:
        workspace.conduct.participant(key)
    return f"{len(keys)} participants read"


def _views(workspace: Workspace) -> str:
    from trialrun.app.candidates import screening_log
    from trialrun.app.dashboards import dashboard
    from trialrun.app.monitoring import monitoring

    for role in workspace.study.roles:
        dashboard(workspace, Actor(LOOKER, role))
    monitoring(workspace)
    screening_log(workspace, Actor(LOOKER, ""))
    return f"{len(workspace.study.roles)} start pages computed"


def _documents(_workspace: Workspace) -> str:
    from trialrun.report.documents.blocks import Document
    from trialrun.report.documents.typeset import compile_document

    compile_document(Document("-", (), datetime(2026, 1, 1, tzinfo=UTC)))
    return "fonts of documents loaded"
