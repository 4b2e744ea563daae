"""Templates: Jinja with escaping always on, words through gettext, and the filters pages share."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol
from zoneinfo import ZoneInfo

from jinja2 import BytecodeCache, Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.bccache import Bucket
from jinja2.runtime import Context
from markupsafe import Markup, escape

from trialrun.app import language
from trialrun.app.workspace import Workspace
from trialrun.web.navigation import navigation
from trialrun.web.reach import may_open

if TYPE_CHECKING:
    from trialrun.web.asked import Asked
    from trialrun.web.here import Here

FOLDER = Path(__file__).resolve().parent
STATIC = FOLDER / "static"


class _Compiled(BytecodeCache):
    """Templates as Python code, compiled once per process whatever the number of applications in it.

    The key of a bucket holds the template's name, its checksum its text.
    """

    def __init__(self) -> None:
        self._code: dict[str, tuple[str, Any]] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Give the code, when the text is still the same."""
        checksum, code = self._code.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep the code."""
        self._code[bucket.key] = (bucket.checksum, bucket.code)


_COMPILED = _Compiled()


def make_environment() -> Environment:
    """The environment every template is read in: escaping on, unknown names refused, words through gettext."""
    made = Environment(
        loader=FileSystemLoader(FOLDER / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        # Neither thrown away when there are many, nor looked for on the disk at each request.
        cache_size=-1,
        auto_reload=False,
        bytecode_cache=_COMPILED,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n", "jinja2.ext.do"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # pyright: ignore[reportAttributeAccessIssue]
        language.gettext, language.ngettext, newstyle=True,
        pgettext=language.pgettext, npgettext=language.npgettext,
    )  # fmt: skip
    made.globals.update(asset=asset, language=language.language, direction=language.direction)
    made.filters.update(day=day, number=number, pairs=pairs)
    return made


class Renderer(Protocol):
    """Makes a page of a template for a request."""

    def render(self, template: str, here: Any, context: Mapping[str, Any]) -> str:
        """A page as text."""
        ...


class Pages:
    """All templates of the application, for one study."""

    def __init__(self, workspace: Workspace) -> None:
        self.environment = make_environment()
        self.environment.globals.update(study=workspace.study)
        self.environment.filters.update(moment=moment_filter(lambda: workspace.zone))

    def compile(self) -> int:
        """Compile every template now rather than at its first request; how many there are."""
        names = self.environment.list_templates()
        for name in names:
            self.environment.get_template(name)
        return len(names)

    def render(self, template: str, here: Here, context: Mapping[str, Any]) -> str:
        """A page as text."""
        shared = {
            "here": here,
            "navigation": navigation(here),
            "may_open": partial(may_open, here),
            **request_words(here),
        }
        return self.environment.get_template(template).render({**shared, **context})


def request_words(here: Asked) -> dict[str, Any]:
    """What every template may use of the request: the token against forgery, the notice, the theme."""
    token = csrf_token(here)
    return {
        "notice": here.notice(),
        "csrf_token": here.request.scope.get("_csrf_token", ""),
        "csrf": Markup('<input type="hidden" name="_csrf_token" value="{}">').format(token),
        "csrf_meta": token,
        "theme": here.request.cookies.get("theme", ""),
    }


def csrf_token(here: Asked) -> str:
    """The token a form must send back."""
    from litestar.utils.scope.state import ScopeState

    token = ScopeState.from_scope(here.request.scope).csrf_token
    return token if isinstance(token, str) else ""


@cache
def asset(name: str) -> str:
    """The address of a file of the application's own, changing when its content does."""
    content = (STATIC / name).read_bytes()
    return f"/static/{name}?v={hashlib.sha256(content).hexdigest()[:12]}"


def day(value: date | str | None) -> Markup | str:
    """A date as `2026-11-22`, the same in every language; nothing for none."""
    if value is None or value == "":
        return ""
    text = value.isoformat()[:10] if isinstance(value, date) else str(value)[:10]
    return Markup('<time datetime="{0}">{0}</time>').format(text)


def number(value: object) -> str:
    """A number as it is read: no trailing zeros of a float."""
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)


def pairs(values: Iterable[str]) -> list[tuple[str, str]]:
    """Values as options that are shown as they are."""
    return [(value, value) for value in values]


def moment_filter(zone: Callable[[], ZoneInfo]) -> Any:
    """The filter that writes a moment in a time zone."""

    @pass_context
    def moment(_context: Context, value: datetime | str | None) -> Markup | str:
        """A UTC moment in the time zone to the minute; the exact one in the title."""
        if value is None or value == "":
            return ""
        exact = datetime.fromisoformat(value) if isinstance(value, str) else value
        place = zone()
        local = exact.astimezone(place)
        return Markup('<time datetime="{}" title="{}">{}</time>').format(
            exact.isoformat(), f"{local:%Y-%m-%d %H:%M:%S} {place.key}", f"{local:%Y-%m-%d %H:%M}"
        )

    return moment


__all__ = ["Pages", "asset", "csrf_token", "escape"]
