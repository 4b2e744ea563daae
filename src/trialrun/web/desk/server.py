"""Serving the desk: one process; the records are read by its threads."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from trialrun.app.desk import Desk, open_desk
from trialrun.registry.store.model import Search

_STORE, _DRAFTS, _HOST = "TRIALRUN_DESK_STORE", "TRIALRUN_DESK_DRAFTS", "TRIALRUN_DESK_HOST"


def application() -> Any:
    """The application of the worker process, from the environment `serve_desk` set."""
    from trialrun.web.desk.application import create_desk

    store, drafts = os.environ.get(_STORE, ""), os.environ.get(_DRAFTS, "")
    desk = open_desk(
        Path(store) if store else None,
        drafts=Path(drafts) if drafts else None,
        host=os.environ.get(_HOST, "127.0.0.1"),
    )
    app = create_desk(desk)
    _make_ready(desk, app)
    sys.stderr.write("Ready.\n")
    return app


def _make_ready(desk: Desk, app: Any) -> None:
    """Do what the first visitor would otherwise wait for: templates compiled, the columns of the search in memory."""
    environment = app.state.pages.environment
    for name in environment.list_templates(filter_func=lambda name: name.startswith("desk/")):
        environment.get_template(name)
    if desk.registry is not None:
        desk.registry.search(Search(), desk.today)


def serve_desk(
    store: Path | None,
    drafts: Path | None,
    *,
    host: str = "127.0.0.1",
    port: int = 8010,
    begins: Callable[[], object] = lambda: None,
) -> None:
    """Serve a desk until the process is told to stop.

    Args:
        store, drafts, host: as for `open_desk`.
        port: where to listen.
        begins: called when all is well, before anything listens.

    Errors: those of `open_desk`, before anything listens.
    """
    from granian import Granian
    from granian.constants import Interfaces

    desk = open_desk(store, drafts=drafts, host=host)  # what is wrong is said now, not by the worker
    if desk.registry is not None:
        desk.registry.close()
    begins()
    os.environ[_STORE] = str(store.resolve()) if store is not None else ""
    os.environ[_DRAFTS] = str(drafts.resolve()) if drafts is not None else ""
    os.environ[_HOST] = host
    Granian(
        "trialrun.web.desk.server:application",
        factory=True,
        interface=Interfaces.ASGI,
        address=host,
        port=port,
        workers=1,
        log_access=False,
        websockets=False,
        workers_kill_timeout=10,
    ).serve()
