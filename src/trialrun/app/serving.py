"""Show finished pages on this machine, read-only: no data capture, no account, no network."""

from __future__ import annotations

import html
import ipaddress
from collections.abc import Mapping
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from trialrun.errors import UserError

_TYPES = {
    ".html": "text/html; charset=utf-8",
    ".json": "application/json; charset=utf-8",
    ".csv": "text/csv; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
}
_PLACES = ("*.html", "*.json", "*/*.html", "*/*.json", "report/*.svg", "report/*.png", "report/*.csv")
_POLICY = "default-src 'none'; img-src 'self' data:; style-src 'self' 'unsafe-inline'; frame-ancestors 'none'"


@dataclass(frozen=True, slots=True)
class Shelf:
    """The pages that may be shown, by address. Nothing else of the folder can be reached."""

    folder: Path
    pages: Mapping[str, Path]


def find_pages(folder: Path) -> Shelf:
    """The report, study page and results in a folder that `demo` or `report` wrote.

    Errors: `UserError` when the folder holds no page.
    """
    if not folder.is_dir():
        raise UserError(f"{folder} is not a folder", "give the folder that trialrun demo or report wrote to")
    root = folder.resolve()
    pages: dict[str, Path] = {}
    for pattern in _PLACES:
        for path in sorted(root.glob(pattern)):
            if path.resolve().is_relative_to(root) and path.is_file():
                pages["/" + path.relative_to(root).as_posix()] = path
    if not any(address.endswith(".html") for address in pages):
        raise UserError(f"{folder} holds no page to show", "run trialrun demo, or trialrun report, first")
    return Shelf(folder, pages)


def open_server(shelf: Shelf, *, host: str = "127.0.0.1", port: int = 8000) -> ThreadingHTTPServer:
    """A server for the shelf's pages; call `serve_forever` on it.

    Errors: `UserError` when the address is not this machine's own, or the port is taken.
    """
    if host != "localhost" and not _loopback(host):
        raise UserError(
            f"{host} is reachable from other machines, and these pages have no sign-in",
            "leave --host out: the pages are shown on this machine only",
        )
    try:
        return ThreadingHTTPServer((host, port), _handler(shelf))
    except (OSError, OverflowError) as error:
        raise UserError(f"port {port} cannot be used: {error}", "choose another one with --port") from error


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _handler(shelf: Shelf) -> type[BaseHTTPRequestHandler]:
    class PageHandler(BaseHTTPRequestHandler):
        """Answers GET and HEAD for the shelf's pages and nothing else."""

        server_version = "trialrun"
        sys_version = ""

        def do_GET(self) -> None:
            self._answer(body=True)

        def do_HEAD(self) -> None:
            self._answer(body=False)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class names it
            """Keep the terminal quiet."""

        def _answer(self, *, body: bool) -> None:
            address = self.path.partition("?")[0].partition("#")[0]
            if not _own_host(self.headers.get("Host", "")):
                self._send(403, _TYPES[".html"], b"This page is shown on this machine only.", body=body)
            elif address == "/":
                self._send(200, _TYPES[".html"], _contents(shelf).encode(), body=body)
            elif (path := shelf.pages.get(address)) is not None:
                self._send(200, _TYPES[path.suffix], path.read_bytes(), body=body)
            else:
                self._send(
                    404, _TYPES[".html"], b"There is no such page. <a href='/'>Contents</a>", body=body
                )

        def _send(self, status: int, kind: str, content: bytes, *, body: bool) -> None:
            self.send_response(status)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Content-Security-Policy", _POLICY)
            self.send_header("X-Content-Type-Options", "nosniff")
            self.send_header("Referrer-Policy", "no-referrer")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            if body:
                self.wfile.write(content)

    return PageHandler


def _own_host(header: str) -> bool:
    """Whether the browser asked for this machine: another site's script must not read the pages by DNS tricks."""
    name = header.rsplit(":", 1)[0].strip("[]") if not header.endswith("]") else header.strip("[]")
    return name == "localhost" or _loopback(name)


def _contents(shelf: Shelf) -> str:
    lines = "".join(
        f"<li><a href='{html.escape(address)}'>{html.escape(address.lstrip('/'))}</a></li>"
        for address in sorted(shelf.pages, key=lambda address: (not address.endswith(".html"), address))
    )
    name = html.escape(shelf.folder.resolve().name)
    return (
        "<!doctype html><html lang='en'><meta charset='utf-8'>"
        "<meta name='viewport' content='width=device-width, initial-scale=1'>"
        f"<title>{name}: pages</title>"
        "<style>body{font:1rem/1.6 system-ui,sans-serif;max-width:42rem;margin:3rem auto;padding:0 1rem}</style>"
        f"<main><h1>{name}</h1><p>Finished pages, read-only. Data are not captured here.</p><ul>{lines}</ul></main>"
    )
