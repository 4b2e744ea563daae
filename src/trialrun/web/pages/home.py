"""What tells a proxy that the application is well."""

from __future__ import annotations

from typing import Any

from litestar import Response

from trialrun.web.here import Here
from trialrun.web.routes import open_to_all


@open_to_all("/health", stateless=True)
def health(here: Here) -> Response[Any]:
    """The process answers."""
    return here.json({"status": "ok"})


@open_to_all("/ready", stateless=True)
def ready(here: Here) -> Response[Any]:
    """The database answers, too."""
    position, _link = here.workspace.store.position()
    return here.json({"status": "ok", "position": position})


ROUTES = [health, ready]
