"""What a handler is given: who asks, what was sent, and how to answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, unquote

from litestar import Request, Response
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.enums import MediaType, RequestEncodingType
from litestar.exceptions import NotFoundException
from litestar.response import Redirect

from trialrun.app.rights import rights_of, sees_identity
from trialrun.app.workspace import Workspace
from trialrun.ledger.commands import Actor, Command
from trialrun.ledger.conduct import Outcome
from trialrun.ledger.state import ParticipantState

if TYPE_CHECKING:
    from trialrun.accounts.sessions import Session
    from trialrun.web.templating import Pages

NOTICE = "notice"
_LONGEST_NOTICE = 1200
_LARGEST_COOKIE = 3800


@dataclass(slots=True)
class Upload:
    """A file somebody sent: its name as given (never trusted as a path) and its bytes."""

    name: str
    content: bytes


@dataclass(slots=True)
class Here:
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

    # --- what was sent -----------------------------------------------------------------------

    def text(self, name: str, default: str = "") -> str:
        """A field of the form, stripped of surrounding space."""
        values = self.form.get(name)
        return values[0].strip() if values else default

    def texts(self, name: str) -> tuple[str, ...]:
        """All values of a field that may be given several times."""
        return tuple(self.form.get(name, ()))

    def query(self, name: str, default: str = "") -> str:
        """A value from the address behind the question mark."""
        return str(self.request.query_params.get(name, default)).strip()

    def queries(self, name: str) -> tuple[str, ...]:
        """All values of a name behind the question mark."""
        return tuple(self.request.query_params.getall(name, []))

    @property
    def path(self) -> str:
        """The address without what follows the question mark."""
        return self.request.url.path

    @property
    def now(self) -> datetime:
        """The time."""
        return self.workspace.now

    # --- doing and answering -----------------------------------------------------------------

    def do(self, command: Command) -> Outcome:
        """Carry out a command as the visitor."""
        return self.workspace.do(command, self.actor)

    def render(self, template: str, *, status: int = 200, **context: Any) -> Response[str]:
        """A page from a template; see `templating` for what every template can use."""
        html = self.pages.render(template, self, context)
        answer = Response(content=html, media_type=MediaType.HTML, status_code=status)
        if NOTICE in self.request.cookies:
            answer.delete_cookie(NOTICE)
        return answer

    def redirect(self, path: str, notice: str = "", kind: str = "success") -> Redirect:
        """Send the browser on after an action; `notice` is shown once on the next page."""
        answer = Redirect(path, status_code=303)
        if notice:
            answer.set_cookie(
                key=NOTICE, value=_kept_short(kind, notice), httponly=True, samesite="lax", max_age=120,
                secure=self.request.app.state.secure,
            )  # fmt: skip
        return answer

    def notice(self) -> tuple[str, str] | None:
        """What the page before left to say."""
        try:
            found = json.loads(unquote(self.request.cookies.get(NOTICE, "")))
        except (ValueError, RecursionError):  # whatever else stands in a cookie must not keep anybody out
            return None
        match found:
            case [("success" | "info" | "warning" | "error") as kind, str() as text]:
                return kind, text
            case _:
                return None

    def download(self, content: bytes | str, name: str, media_type: str) -> Response[bytes]:
        """A file to keep; the name is plain ASCII."""
        body = content.encode() if isinstance(content, str) else content
        headers = {"Content-Disposition": f'attachment; filename="{name}"', "Cache-Control": "no-store"}
        return Response(content=body, media_type=media_type, headers=headers)

    def json(self, value: object, status: int = 200) -> Response[Any]:
        """An answer for a script."""
        return Response(content=value, media_type=MediaType.JSON, status_code=status)


def _kept_short(kind: str, notice: str) -> str:
    """A notice as the value of a cookie, cut to what browsers keep: they drop a larger one silently."""
    length = _LONGEST_NOTICE
    while len(value := quote(json.dumps([kind, notice[:length]], ensure_ascii=False))) > _LARGEST_COOKIE:
        length -= 50
    return value


async def provide_here(request: Request[Any, Any, Any]) -> Here:
    """The request as handlers see it, its form read."""
    state = request.app.state
    form: dict[str, list[str]] = {}
    uploads: dict[str, Upload] = {}
    if request.method == "POST" and request.content_type[0] in (
        RequestEncodingType.URL_ENCODED,
        RequestEncodingType.MULTI_PART,
    ):
        sent: FormMultiDict = await request.form()
        for name, value in sent.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    uploads[name] = Upload(value.filename, await value.read())
            else:
                form.setdefault(name, []).append(str(value))
    return Here(request, state.workspace, state.pages, request.scope.get("user"), form, uploads)
