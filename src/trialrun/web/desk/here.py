"""What a handler of the desk is given: the records, the drafts, what was sent, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from litestar import Request, Response
from litestar.exceptions import NotFoundException

from trialrun.app.desk import Desk
from trialrun.app.language import gettext as _
from trialrun.web.asked import Asked, Upload, sent

if TYPE_CHECKING:
    from trialrun.registry.store import RegistryStore
    from trialrun.web.desk.templating import DeskPages


@dataclass(slots=True)
class DeskHere(Asked):
    """One request to the desk."""

    request: Request[Any, Any, Any]
    desk: Desk
    pages: DeskPages
    form: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    uploads: Mapping[str, Upload] = field(default_factory=dict[str, Upload])

    @property
    def registry(self) -> RegistryStore:
        """The records. A desk of drafts alone has none: its pages about records do not exist."""
        if self.desk.registry is None:
            raise NotFoundException(
                _("This desk holds drafts only: it was started without a store of records.")
            )
        return self.desk.registry

    @property
    def drafts(self) -> Path:
        """The folder of drafts; without one, pages about drafts do not exist."""
        if self.desk.drafts is None:
            raise NotFoundException(_("This desk was started without a folder of drafts."))
        return self.desk.drafts

    @property
    def now(self) -> datetime:
        """The time, in UTC."""
        return self.desk.now

    @property
    def today(self) -> date:
        """The date, in UTC."""
        return self.desk.today

    def json(self, value: object, status: int = 200) -> Response[Any]:
        """An answer for a program; letters that cannot be written as UTF-8 are replaced."""
        return Asked.json(self, _writable(value), status)


def without_form(request: Request[Any, Any, Any]) -> DeskHere:
    """A request whose form was not read: for the pages that say what went wrong."""
    return DeskHere(request, request.app.state.desk, request.app.state.pages)


async def provide_here(request: Request[Any, Any, Any]) -> DeskHere:
    """The request as handlers see it, its form read."""
    form, uploads = await sent(request)
    return DeskHere(request, request.app.state.desk, request.app.state.pages, form, uploads)


def _writable(value: Any) -> Any:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    if isinstance(value, Mapping):
        return {_writable(key): _writable(part) for key, part in value.items()}
    if isinstance(value, list | tuple):
        return [_writable(part) for part in value]
    if isinstance(value, int) and not -(2**63) <= value < 2**63:
        return str(value)  # no reader of JSON keeps it exactly
    return value
