"""The search page."""

from __future__ import annotations

from litestar import Response

from trialrun.web.desk.here import DeskHere
from trialrun.web.desk.routes import page


@page(["/", "/trials"], stateless=True)
def search(here: DeskHere) -> Response[str]:
    """Trials found, with what they can be narrowed by."""
    return here.render("desk/search.html")


ROUTES = [search]
