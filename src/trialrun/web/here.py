"""What a handler is given: who asks, what was sent, and how to answer."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from litestar import Request
from litestar.exceptions import NotFoundException

from trialrun.app.rights import rights_of, sees_identity
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor, Command
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import ParticipantState
from trialrun.web.asked import Asked, Upload, sent

if TYPE_CHECKING:
    from trialrun.accounts.sessions import Session
    from trialrun.web.templating import Pages

__all__ = ["Here", "Upload", "provide_here"]


@dataclass(slots=True)
class Here(Asked):
    """One request: the workspace, the visitor, what they sent, and ways to answer."""

    request: Request[Any, Any, Any]
    workspace: Workspace
    pages: Pages
    session: Session | None
    form: Mapping[str, list[str]] = field(default_factory=dict[str, list[str]])
    uploads: Mapping[str, Upload] = field(default_factory=dict[str, Upload])

    # --- who ---------------------------------------------------------------------------------

    @property
    def actor(self) -> Actor:
        """Who acts; only on pages that need a sign-in."""
        if self.session is None:
            raise NotFoundException
        return Actor(self.session.user, self.session.role, self.session.site)

    @property
    def signed_in(self) -> bool:
        """Whether somebody is signed in."""
        return self.session is not None

    @property
    def rights(self) -> frozenset[str]:
        """The visitor's rights; none for the public."""
        return rights_of(self.workspace.study, self.session.role) if self.session else frozenset()

    def may(self, *names: str) -> bool:
        """Whether the visitor holds one of the rights."""
        return any(name in self.rights for name in names)

    @property
    def sees_identity(self) -> bool:
        """Whether identifying items are shown."""
        return self.session is not None and sees_identity(self.session.role)

    @property
    def sites(self) -> tuple[str, ...]:
        """The sites in the visitor's scope."""
        own = self.session.site if self.session else ""
        return (own,) if own else tuple(str(site["id"]) for site in self.workspace.study.sites)

    def participant(self, key: str) -> ParticipantState:
        """A participant in the visitor's scope; anything else does not exist for them."""
        person = self.workspace.conduct.participant(key)
        if not person.key or person.site not in self.sites:
            raise NotFoundException(f"There is no participant {key} at your site.")
        return person

    def participants(self) -> tuple[ParticipantState, ...]:
        """All participants (candidates included) in the visitor's scope."""
        conduct = self.workspace.conduct
        everyone = (conduct.participant(key) for key in conduct.participants())
        return tuple(person for person in everyone if person.site in self.sites)

    @property
    def now(self) -> datetime:
        """The time."""
        return self.workspace.now

    # --- doing and answering -----------------------------------------------------------------

    def do(self, command: Command) -> Outcome:
        """Carry out a command as the visitor."""
        return self.workspace.do(command, self.actor)


async def provide_here(request: Request[Any, Any, Any]) -> Here:
    """The request as handlers see it, its form read."""
    state = request.app.state
    form, uploads = await sent(request)
    return Here(request, state.workspace, state.pages, request.scope.get("user"), form, uploads)
