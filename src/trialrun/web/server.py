"""Serving: the application behind granian, one process on SQLite, several on PostgreSQL."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trialrun.errors import UserError

_STUDY, _DATABASE, _SECURE = "TRIALRUN_STUDY", "TRIALRUN_DATABASE", "TRIALRUN_SECURE"


# A worker that is told to stop while it is still getting ready does not hear it; it holds nothing that is not saved.
STOPS_WITHIN = 10


def application() -> Any:
    """The application of a worker process, from the environment `serve` set, ready to answer at once."""
    from trialrun.app.workspace import open_workspace
    from trialrun.web.application import create_app

    began = time.perf_counter()
    workspace = open_workspace(Path(os.environ[_STUDY]), os.environ[_DATABASE])
    app = create_app(workspace, secure=os.environ.get(_SECURE) == "yes")
    make_ready(app)
    _say(f"Ready after {time.perf_counter() - began:.1f} s.")
    return app


def make_ready(app: Any, say: Callable[[str], object] | None = None) -> None:
    """Do what the first visitors would otherwise wait for: templates, rules, participants, fonts.

    Args:
        say: told what is being done; by default it is written to standard error.
    """
    from trialrun.app.warm import warm_up

    tell = say or _say
    tell("Getting ready: templates, rules, participants, fonts.")
    tell(f"  {app.state.pages.compile()} templates compiled")
    for done in warm_up(app.state.workspace):
        tell(f"  {done}")


def _say(text: str) -> None:
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def serve(
    study_folder: Path,
    database: str,
    *,
    host: str = "127.0.0.1",
    port: int = 8000,
    workers: int = 1,
    secure: bool = False,
) -> None:
    """Serve a study until the process is told to stop.

    Args:
        study_folder: the definition.
        database: URL of the log.
        host, port: where to listen.
        workers: processes; more than one needs PostgreSQL, for SQLite has one writer.
        secure: a proxy in front speaks https.

    Errors: `UserError` for several processes on SQLite.
    """
    from granian import Granian
    from granian.constants import Interfaces

    if workers > 1 and not database.startswith("postgresql"):
        raise UserError(
            f"{workers} processes cannot share an SQLite database",
            "use one, or a PostgreSQL database (postgresql://host/name)",
        )
    os.environ[_STUDY], os.environ[_DATABASE] = str(study_folder.resolve()), database
    os.environ[_SECURE] = "yes" if secure else "no"
    Granian(
        "trialrun.web.server:application",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        workers=workers,
        log_access=False,
        websockets=False,
        workers_kill_timeout=STOPS_WITHIN,
    ).serve()
