"""`trialrun registry serve`: what it refuses before anything listens, and that it answers when it does."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

from click.testing import CliRunner

from desk_kit import made_up, stored
from trialrun.cli.registering import registry
from trialrun.errors import UserError


def test_drafts_are_not_served_to_other_machines(tmp_path: Path):
    outcome = CliRunner().invoke(
        registry, ["serve", "--drafts", str(tmp_path / "drafts"), "--host", "0.0.0.0"]
    )
    assert isinstance(outcome.exception, UserError)
    assert "no sign-in" in outcome.exception.message
    assert "registry desk is at" not in outcome.output
    assert not (tmp_path / "drafts").exists()


def test_without_anything_to_serve_it_says_what_to_give(tmp_path: Path):
    outcome = CliRunner().invoke(registry, ["serve"])
    assert isinstance(outcome.exception, UserError)
    assert outcome.exception.remedy == "give --store FILE, --drafts FOLDER, or both"


def test_a_served_desk_answers(tmp_path: Path):
    stored(tmp_path, [made_up(1)]).close()
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    run = "from trialrun.cli.entry import main; main()"
    store = str(tmp_path / "records.sqlite")
    command = [sys.executable, "-c", run, "registry", "serve", "--store", store, "--port", str(port)]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True
    ) as served:
        try:
            text = ""
            for _ in range(300):
                try:
                    with urllib.request.urlopen(f"http://127.0.0.1:{port}/?q=metformin", timeout=5) as answer:
                        text = answer.read().decode()
                    break
                except OSError:
                    time.sleep(0.1)
            assert "trials found" in text or "One trial found" in text
        finally:
            os.killpg(served.pid, signal.SIGTERM)
            served.wait(timeout=20)
