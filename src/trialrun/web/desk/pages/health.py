"""Whether the desk is there."""

from __future__ import annotations

from litestar import Response

from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.routes import page


@page("/health", stateless=True)
def health(here: DeskHere) -> Response[str]:  # noqa: ARG001 - every handler is given the request
    """Answers when the desk does."""
    return Response(content="ok\n", media_type="text/plain")


ROUTES = [health]
