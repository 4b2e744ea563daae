"""Serving: the application behind granian, one process on SQLite, several on PostgreSQL."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from trialrun.errors import UserError

_STUDY, _DATABASE, _SECURE = "TRIALRUN_STUDY", "TRIALRUN_DATABASE", "TRIALRUN_SECURE"


def application() -> Any:
    """The application of a worker process, from the environment `serve` set."""
    from trialrun.app.workspace import open_workspace
    from trialrun.web.application import create_app

    workspace = open_workspace(Path(os.environ[_STUDY]), os.environ[_DATABASE])
    return create_app(workspace, secure=os.environ.get(_SECURE) == "yes")


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
    ).serve()
