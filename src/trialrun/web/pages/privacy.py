"""Erasing the identity of a person."""

from __future__ import annotations

from typing import Any

from litestar import Response

from trialrun.app.language import gettext as _
from trialrun.app.privacy import erase_identity, erased
from trialrun.errors import UserError
from trialrun.web.here import Here
from trialrun.web.routes import action, page


@page("/privacy", who="EraseIdentity")
def privacy(here: Here) -> Response[str]:
    """What erasing means, the form for it, and whose identity is erased."""
    return _privacy(here)


def _privacy(here: Here, error: UserError | None = None) -> Response[str]:
    typed = {name: here.text(name) for name in ("key", "again", "reason")}
    status = 422 if error else 200
    return here.render(
        "access/privacy.html", status=status, erased=erased(here.workspace), typed=typed, error=error
    )


@action("/privacy", who="EraseIdentity")
def erase(here: Here) -> Response[Any]:
    """Destroy the key."""
    key = here.text("key")
    try:
        erase_identity(here.workspace, here.actor, key, here.text("again"), here.text("reason"))
    except UserError as error:
        return _privacy(here, error)
    return here.redirect("/privacy", _("The identity of {key} is erased.").format(key=key))


ROUTES = [privacy, erase]
