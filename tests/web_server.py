"""A real server for an office, and browsers that are signed in."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import threading
import time
import urllib.request
from dataclasses import dataclass, field
from typing import Any

from web_kit import PEOPLE, Office


@dataclass
class Served:
    """An office behind granian on a port of its own, and pages of a real Chromium on it."""

    office: Office
    url: str
    chromium: Any
    contexts: list[Any] = field(default_factory=list)

    def context(self, user: str = "", *, phone: bool = False, dark: bool = False, **more: Any) -> Any:
        """A browser of its own (own cookies), signed in as the user; none: the public."""
        size = {"width": 390, "height": 844} if phone else {"width": 1280, "height": 900}
        made = self.chromium.new_context(
            viewport=size, color_scheme="dark" if dark else "light", base_url=self.url, **more
        )
        if user:
            role, site = PEOPLE[user]
            token = self.office.token(user, role, site)
            made.add_cookies([{"name": "session", "value": token, "url": self.url}])
        made.set_default_timeout(10_000)
        self.contexts.append(made)
        return made

    def page(self, user: str = "", **more: Any) -> Any:
        """A page in a browser of its own; whatever its console complains about is kept in `page.complaints`."""
        page = self.context(user, **more).new_page()
        page.complaints = []
        page.on("console", lambda said: page.complaints.append(said.text) if said.type == "error" else None)
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on(
            "response",
            lambda answer: (
                page.complaints.append(f"{answer.status} {answer.url}") if answer.status >= 500 else None
            ),
        )
        return page


def violations(page: Any) -> list[str]:
    """What axe finds against WCAG 2.2 A and AA on a page, in words."""
    from axe_playwright_python.sync_playwright import Axe

    tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
    found = Axe().run(
        page, options={"runOnly": {"type": "tag", "values": tags}, "resultTypes": ["violations"]}
    )
    return [
        f"{one['id']}: {node['target']} {node.get('failureSummary', '')}"
        for one in found.response["violations"]
        for node in one["nodes"]
    ]


def sideways(page: Any) -> int:
    """By how many pixels the page scrolls sideways; 0 is right."""
    return page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")


class Running:
    """A server in a thread of this process, so that a test can look at its office and move its clock."""

    def __init__(self, app: Any) -> None:
        from granian.constants import Interfaces
        from granian.server.embed import Server

        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        self._loop = asyncio.new_event_loop()
        self._server = Server(
            app,
            address="127.0.0.1",
            port=self.port,
            interface=Interfaces.ASGI,
            log_enabled=False,
            websockets=False,
        )
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()
        self._wait()

    def _run(self) -> None:
        asyncio.set_event_loop(self._loop)
        self._loop.run_until_complete(self._server.serve())

    def _wait(self) -> None:
        for _ in range(200):
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{self.url}/health", timeout=2):
                return
            time.sleep(0.05)
        raise RuntimeError("the server did not start")

    def stop(self) -> None:
        self._loop.call_soon_threadsafe(self._server.stop)
        self._thread.join(timeout=10)
