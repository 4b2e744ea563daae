"""What is done before the first visitor comes, and that it leaves no trace."""

from __future__ import annotations

import threading

from trialrun.study.kept import Kept
from trialrun.web.server import make_ready
from web_kit import AppOf, Office


def test_getting_ready_says_what_it_does_and_writes_nothing(office: Office):
    office.consented()
    before = office.workspace.store.position()
    office.app = AppOf(office.workspace)
    said: list[str] = []
    make_ready(office.app, said.append)
    assert [line.split(maxsplit=1)[1] for line in said[1:]] == [
        "templates compiled",
        "sets of rules compiled",
        "gradings compiled",
        "participants read",
        "start pages computed",
        "of documents loaded",
    ]
    assert office.workspace.store.position() == before
    assert office.client("pi").get("/home").status_code == 200


def test_of_many_who_ask_at_once_one_computes(office: Office):
    made: list[int] = []
    begun = threading.Event()

    def slowly(_study: object) -> int:
        made.append(1)
        begun.wait(0.05)
        return 7

    kept: Kept[int] = Kept(slowly)
    found: list[int] = []
    threads = [threading.Thread(target=lambda: found.append(kept.of(office.study))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (found, made) == ([7] * 4, [1])
