"""Saving forms over HTTP, as browsers do: open the page, change twenty fields, save; and two clients on one form.

A granian server in a process of its own; each client has its own participants. A round is one page opened and
one form saved, every field corrected with a reason; both are timed apart. Clients that never pause queue for the one
processor the application uses, so their time is the processor's time as often as there are clients; people pause, and
eight of them who pause half a second wait no longer than one. Afterwards the log is counted: one event per acknowledged
save, and every correction must start from the value that stood before it.
"""

from __future__ import annotations

import http.client
import os
import random
import re
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from trialrun.app.workspace import open_workspace
from trialrun.ledger.commands import (
    ActivateStudy,
    Actor,
    AddUser,
    ApproveConsent,
    GrantRole,
    RecordConsent,
    RecordVisit,
    RegisterCandidate,
)

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "examples" / "nct05871463"
FORM = "medical_history"
FIELDS = (
    "cvd_coronary", "cvd_heart_failure", "cvd_stroke", "cvd_peripheral", "cvd_arrhythmia", "cvd_valve",
    "cvd_cardiomyopathy", "cvd_pulmonary_hypertension", "cvd_aneurysm", "cvd_other", "malignancy_list_complete",
    "infection_list_complete", "medication_list_complete", "radiotherapy_current", "radiotherapy_planned",
    "cytotoxic_planned", "immunomodulator_planned", "weight_programme_current", "weight_programme_past",
    "bariatric_surgery",
)  # fmt: skip
ROUNDS, CLIENTS = 40, 8
PAUSE = 0.5  # seconds, at most, between what a person does; the shortest a person needs to read a page
PI = Actor("ada", "principal_investigator", "01")
ADMIN = Actor("root", "administrator")
DAY = datetime.now(UTC).date() - timedelta(days=30)
_ENTRY = re.compile(r'<form [^>]*id="entry".*?</form>', re.DOTALL)
_SEEN = re.compile(r'name="seen" value="(\d+)"')
_TOKEN = re.compile(r'name="_csrf_token" value="([^"]+)"')
_CHECKED = re.compile(r'name="v\.(\w+)" value="(\w*)" checked')


def application() -> Any:
    """The served application, without the limit on requests that keeps strangers out."""
    from trialrun.web.application import create_app

    return create_app(open_workspace(FOLDER, os.environ["BENCH_DATABASE"]), rate_limit=10**9)


def _prepare(url: str, clients: int) -> tuple[str, list[str]]:
    """A log with candidates to write about; the token of a session, and their keys."""
    workspace = open_workspace(FOLDER, url)
    study = workspace.study
    workspace.do(AddUser("root", "Root"), ADMIN)
    workspace.do(AddUser("ada", "Dr Ada"), ADMIN)
    workspace.do(GrantRole("ada", PI.role, PI.site), ADMIN)
    workspace.do(ActivateStudy("rehearsal"), PI)
    text = study.consents[0]
    workspace.do(ApproveConsent("01", text.version, text.language, DAY, "bench"), PI)
    keys: list[str] = []
    for _ in range(clients):
        key = workspace.do(RegisterCandidate("01"), PI).participant
        workspace.do(RecordConsent(key, text.version, text.language, DAY, "Dr Ada", capacity=True), PI)
        workspace.do(RecordVisit(key, "screening", DAY), PI)
        keys.append(key)
    token = workspace.accounts.open_session(PI.user, PI.role, PI.site, now=datetime.now(UTC))
    workspace.close()
    return token, keys


@contextmanager
def _served(url: str) -> Iterator[tuple[int, int]]:
    """Port and process of a server on this database."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    command = [sys.executable, "-m", "granian", "--interface", "asgi", "--factory", "--port", str(port),
               "--no-ws", "--log-level", "error", "bench.web_save:application"]  # fmt: skip
    process = subprocess.Popen(command, cwd=ROOT, env={**os.environ, "BENCH_DATABASE": url})
    try:
        for _ in range(1200):
            with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
                break
            time.sleep(0.1)
        yield port, process.pid
    finally:
        process.terminate()
        process.wait(timeout=20)


@dataclass
class _Browser:
    """One client with a session: opens a form, changes it, saves it."""

    port: int
    token: str
    cookies: dict[str, str] = field(default_factory=dict[str, str])
    saves: list[float] = field(default_factory=list[float])
    opens: list[float] = field(default_factory=list[float])
    statuses: list[int] = field(default_factory=list[int])
    pause: float = 0.0

    def __post_init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.cookies["session"] = self.token

    def ask(self, method: str, path: str, body: str | None = None) -> tuple[int, str]:
        headers = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.cookies.items())}
        if body is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, path, body, headers)
        answer = self.connection.getresponse()
        text = answer.read().decode()
        for said in answer.headers.get_all("Set-Cookie") or ():
            name, _, rest = said.partition("=")
            self.cookies[name] = rest.partition(";")[0].strip('"')
        return answer.status, text

    def _think(self) -> None:
        """Pause for a while that is never the same, so that clients do not march in step."""
        if self.pause:
            time.sleep(random.uniform(0.5, 1.5) * self.pause)

    def round(self, key: str, names: tuple[str, ...] = FIELDS) -> int:
        """Open the form, turn every answer round, save; the status of the save."""
        path = f"/participants/{key}/visits/screening/forms/{FORM}"
        self._think()
        began = time.perf_counter()
        status, html = self.ask("GET", path)
        self.opens.append(time.perf_counter() - began)
        entry = _ENTRY.search(html)
        if status != 200 or entry is None:
            self.statuses.append(status)
            return status
        now = dict(_CHECKED.findall(entry[0]))
        sent = {f"v.{name}": "true" if now.get(name) == "false" else "false" for name in names}
        seen, token = _SEEN.search(entry[0]), _TOKEN.search(entry[0])
        sent |= {"seen": seen[1] if seen else "", "_csrf_token": unescape(token[1]) if token else ""}
        sent |= {"reason.choice": "Typing error", "reason.words": "bench", "then": "stay"}
        self._think()
        began = time.perf_counter()
        status, _ = self.ask("POST", path, urlencode(sent))
        self.saves.append(time.perf_counter() - began)
        self.statuses.append(status)
        return status


@dataclass
class Measured:
    """What a run gave: seconds of each save and page, statuses, processor seconds of the server, wall seconds."""

    saves: list[float]
    opens: list[float]
    statuses: list[int]
    processor: float
    wall: float

    @staticmethod
    def at(times: list[float], share: float) -> float:
        """The time below which this share of the times lie, in milliseconds."""
        ordered = sorted(times)
        return ordered[min(len(ordered) - 1, int(share * len(ordered)))] * 1e3


def _processor_seconds(pid: int) -> float:
    """What a process and its children have used so far."""
    ticks = 0
    for status in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parts = status.read_text().rpartition(")")[2].split()
            if pid in (int(status.parent.name), int(parts[1])):
                ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def _together(browsers: list[_Browser], work: Callable[[_Browser, int], object], pid: int) -> Measured:
    threads = [threading.Thread(target=work, args=(one, at)) for at, one in enumerate(browsers)]
    before, began = _processor_seconds(pid), time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    wall = time.perf_counter() - began
    return Measured(
        [one for browser in browsers for one in browser.saves],
        [one for browser in browsers for one in browser.opens],
        [one for browser in browsers for one in browser.statuses],
        _processor_seconds(pid) - before,
        wall,
    )


def _check_log(url: str, keys: list[str], acknowledged: int) -> None:
    """As many events as acknowledged saves, and no correction that had not seen what it replaced."""
    workspace = open_workspace(FOLDER, url)
    try:
        count = 0
        for key in keys:
            stands: dict[str, Any] = {}
            for event in workspace.store.read(f"participant/{key}"):
                if event.type not in ("ItemsEntered", "ItemsCorrected") or event.data["form"] != FORM:
                    continue
                count += 1
                for name, was in event.data.get("was", {}).items():
                    if was != stands.get(name):
                        raise AssertionError(f"{key} {name}: {was} was corrected, {stands.get(name)} stood")
                stands |= event.data["items"]
        if count != acknowledged:
            raise AssertionError(f"{acknowledged} saves acknowledged, {count} events in the log")
    finally:
        workspace.close()


def measure(url: str, *, rounds: int = ROUNDS) -> dict[str, Measured]:
    """One client, eight clients, and two clients on one form, on one database."""
    token, keys = _prepare(url, CLIENTS + 2)
    found: dict[str, Measured] = {}
    with _served(url) as (port, pid):

        def alone(browser: _Browser, at: int) -> None:
            for _ in range(rounds):
                browser.round(keys[at])

        def sharing(browser: _Browser, at: int) -> None:
            for _ in range(rounds):
                browser.round(keys[-1], FIELDS[at : at + 1] + FIELDS[2:3])

        warm = _Browser(port, token)
        # Each form is filled once, so that every save measured is a correction, and one event.
        warmed = [warm.round(key) for key in keys]
        found["1 client"] = _together([_Browser(port, token)], alone, pid)
        found[f"{CLIENTS} clients"] = _together([_Browser(port, token) for _ in range(CLIENTS)], alone, pid)
        people = [_Browser(port, token, pause=PAUSE) for _ in range(CLIENTS)]
        found[f"{CLIENTS} people who pause"] = _together(people, alone, pid)
        found["2 clients, one form"] = _together([_Browser(port, token) for _ in range(2)], sharing, pid)
    statuses = [status for one in found.values() for status in one.statuses]
    # On a shared form the page may also ask again (422): nothing was saved, nothing typed is lost.
    asked_again = found["2 clients, one form"].statuses.count(422)
    strange = [status for status in statuses if status not in (303, 409)]
    if len(strange) > asked_again:
        raise AssertionError(f"answers that are neither a save nor a collision: {sorted(set(strange))}")
    _check_log(url, keys, statuses.count(303) + warmed.count(303))
    return found


def _lines(database: str, found: dict[str, Measured]) -> list[str]:
    lines: list[str] = []
    for name, one in found.items():
        saved = one.statuses.count(303)
        lines.append(
            f"| {database}, {name} | {saved} | {one.statuses.count(409)} | "
            f"{one.at(one.saves, 0.5):.1f} | {one.at(one.saves, 0.99):.1f} | "
            f"{one.at(one.opens, 0.5):.1f} | {one.at(one.opens, 0.99):.1f} | "
            f"{saved / one.wall:.0f} | {one.processor / max(len(one.saves), 1) * 1e3:.1f} |"
        )
    return lines


def run(folder: Path, *, rounds: int = ROUNDS) -> str:
    """The table: each line a database and a number of clients."""
    from bench import postgres

    lines = [
        f"### Forms of {len(FIELDS)} fields saved over HTTP (budget: 15 ms processor, p50 30 ms, p99 150 ms at 8 clients)",
        "",
        "| who | saved | collisions | save p50 ms | save p99 ms | page p50 ms | page p99 ms | saved/s | processor ms per round |",
        "|---|---|---|---|---|---|---|---|---|",
    ]  # fmt: skip
    with tempfile.TemporaryDirectory(dir=folder) as place:
        lines += _lines("SQLite", measure(f"sqlite:///{place}/log.db", rounds=rounds))
    if postgres.programs() is not None:
        with postgres.server(folder) as url:
            lines += _lines("PostgreSQL", measure(url, rounds=rounds))
    return "\n".join(lines) + "\n"


if __name__ == "__main__":
    print(run(ROOT / "bench" / "out", rounds=int(sys.argv[1]) if len(sys.argv) > 1 else ROUNDS))
