"""The verb `serve` as people use it: start, look, stop."""

from __future__ import annotations

import re
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest


@pytest.mark.skipif(sys.platform == "win32", reason="stops with a POSIX signal")
def test_serve_says_what_it_is_shows_pages_and_stops(tmp_path: Path) -> None:
    (tmp_path / "study.html").write_text("<h1>Study</h1>", encoding="utf-8")
    program = "from trialrun.cli.entry import main; main()"
    command = [sys.executable, "-u", "-c", program, "view", str(tmp_path), "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True) as server:
        try:
            assert server.stdout is not None
            said = ""
            while "Stop with" not in said:
                line = server.stdout.readline()
                assert line, said
                said += line
            assert "read-only" in said
            address = re.search(r"http://127\.0\.0\.1:\d+/", said)
            assert address is not None
            with urlopen(f"{address[0]}study.html", timeout=5) as page:
                assert page.read() == b"<h1>Study</h1>"
        finally:
            server.send_signal(signal.SIGINT)
            rest = server.stdout.read() if server.stdout else ""
            code = server.wait(timeout=10)
    assert code == 0
    assert "Traceback" not in rest
