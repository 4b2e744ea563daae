"""Visits in people's own calendar programs: a secret address to follow."""

from __future__ import annotations

from typing import Any

from litestar import Response
from litestar.exceptions import NotFoundException

from trialrun.app import calendar
from trialrun.app.language import gettext as _
from trialrun.web.here import Here
from trialrun.web.routes import action, open_to_all, page

WHO = ("see_participants", "see_own")


def origin_of(here: Here) -> str:
    """Where the browser reached the application: scheme and host."""
    scheme = "https" if here.request.app.state.secure else here.request.url.scheme
    return f"{scheme}://{here.request.headers.get('host', '')}"


@page("/calendar", who=WHO)
def calendar_page(here: Here) -> Response[str]:
    """Whether there is an address to follow, and how to make or end one."""
    return _page(here)


def _page(here: Here, token: str = "") -> Response[str]:
    """The token is shown by the answer that made it and is nowhere else to be read."""
    return here.render(
        "visits/calendar.html",
        made_at=calendar.has_feed(here.workspace, here.actor),
        address=f"{origin_of(here)}/calendar/feed/{token}" if token else "",
    )


@action("/calendar/renew", who=WHO)
def renew(here: Here) -> Response[str]:
    """A new address; the one before stops."""
    return _page(here, calendar.new_feed(here.workspace, here.actor))


@action("/calendar/end", who=WHO)
def end(here: Here) -> Response[Any]:
    """No address any more."""
    calendar.end_feed(here.workspace, here.actor)
    return here.redirect("/calendar", _("The address is no longer good."))


@open_to_all("/calendar/feed/{token:str}", stateless=True)
def feed(here: Here, token: str) -> Response[bytes]:
    """The calendar itself: whoever knows the address reads it, so it names nobody."""
    content = calendar.feed(here.workspace, token, address=origin_of(here))
    if content is None:
        raise NotFoundException(_("This calendar address is not, or no longer, good."))
    headers = {"Cache-Control": "private, max-age=3600"}
    return Response(content=content, media_type=calendar.MEDIA_TYPE, headers=headers)


ROUTES = [calendar_page, renew, end, feed]
