"""Addresses: whose the request is, and where a browser may be sent on to."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote, unquote, urlsplit

from litestar.connection import ASGIConnection

HOME = "/home"


def address_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The network address a request comes from.

    Behind a proxy (`--https`) it is the last one the proxy wrote down: those before it anybody can invent.
    """
    forwarded = connection.headers.get("x-forwarded-for", "")
    if connection.app.state.get("secure") and forwarded:
        return forwarded.rsplit(",", 1)[-1].strip()
    return connection.client.host if connection.client else ""


def device_of(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The browser and system in a few words, so that people know their own sessions again."""
    agent = connection.headers.get("user-agent", "")
    browsers = (("Edg/", "Edge"), ("OPR/", "Opera"), ("Firefox/", "Firefox"), ("Chrome/", "Chrome"), ("Safari/", "Safari"))  # fmt: skip
    systems = (("Android", "Android"), ("iPhone", "iPhone"), ("iPad", "iPad"), ("Windows", "Windows"), ("Mac OS", "macOS"), ("Linux", "Linux"))  # fmt: skip
    found = [next((name for mark, name in marks if mark in agent), "") for marks in (browsers, systems)]
    return ", ".join(word for word in found if word) or agent[:40]


def own_path(text: str, otherwise: str = HOME) -> str:
    """An address of this application, from text that came with a request; `otherwise` for any other address.

    Whatever a browser could read as another host (`//host`, `/\\host`, a scheme, control characters) is refused.
    """
    parts = urlsplit(text)
    plain = unquote(text)
    safe = (
        text.startswith("/")
        and not parts.scheme
        and not parts.netloc
        and not plain.startswith(("//", "/\\"))
        and "\\" not in plain
        and all(letter.isprintable() for letter in plain)
        and not parts.path.startswith(("/sign-in", "/sign-out", "/set-up"))
    )
    return text if safe else otherwise


def sign_in_path(after: str) -> str:
    """The sign-in page that leads on to another one."""
    return f"/sign-in?next={quote(after)}" if after and after != HOME else "/sign-in"
