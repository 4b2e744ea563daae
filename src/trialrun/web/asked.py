"""What was sent with a request and the ways to answer it: the same for a study and for the registry desk."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote

from litestar import Request, Response
from litestar.datastructures import FormMultiDict, UploadFile
from litestar.enums import MediaType, RequestEncodingType
from litestar.response import Redirect

NOTICE = "notice"
_LONGEST_NOTICE = 1200
_LARGEST_COOKIE = 3800


@dataclass(slots=True)
class Upload:
    """A file somebody sent: its name as given (never trusted as a path) and its bytes."""

    name: str
    content: bytes


class Asked:
    """One request: what was sent, and ways to answer. The fields are those of the class that is one."""

    __slots__ = ()
    request: Request[Any, Any, Any]
    pages: Any  # a `templating.Renderer`
    form: Mapping[str, list[str]]
    uploads: Mapping[str, Upload]

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


async def sent(request: Request[Any, Any, Any]) -> tuple[dict[str, list[str]], dict[str, Upload]]:
    """The fields and files of a request's form; nothing for a request without one."""
    form: dict[str, list[str]] = {}
    uploads: dict[str, Upload] = {}
    if request.method == "POST" and request.content_type[0] in (
        RequestEncodingType.URL_ENCODED,
        RequestEncodingType.MULTI_PART,
    ):
        given: FormMultiDict = await request.form()
        for name, value in given.multi_items():
            if isinstance(value, UploadFile):
                if value.filename:
                    uploads[_free(name, uploads)] = Upload(value.filename, await value.read())
            else:
                form.setdefault(name, []).append(str(value))
    return form, uploads


def _free(name: str, taken: Mapping[str, Upload]) -> str:
    """The field's name; several files of one field are `files`, `files.2`, `files.3`."""
    if name not in taken:
        return name
    number = 2
    while f"{name}.{number}" in taken:
        number += 1
    return f"{name}.{number}"
