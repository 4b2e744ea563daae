"""Pages are shown on this machine only, and nothing but pages."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path

import pytest

from trialrun.app.serving import find_pages, open_server
from trialrun.errors import UserError


@pytest.fixture
def port(tmp_path: Path) -> Iterator[int]:
    (tmp_path / "report").mkdir()
    (tmp_path / "report" / "report.html").write_text("<h1>Report</h1>", encoding="utf-8")
    (tmp_path / "ledger.sqlite").write_bytes(b"secret")
    server = open_server(find_pages(tmp_path), port=0)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()


def _get(port: int, path: str, *, method: str = "GET", host: str = "127.0.0.1") -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    connection.putrequest(method, path, skip_host=True)
    connection.putheader("Host", host)
    connection.endheaders()
    answer = connection.getresponse()
    return answer.status, answer.read().decode()


def test_contents_and_pages(port: int) -> None:
    assert "/report/report.html" in _get(port, "/")[1]
    assert _get(port, "/report/report.html") == (200, "<h1>Report</h1>")


@pytest.mark.parametrize(
    "path", ["/ledger.sqlite", "/report/../ledger.sqlite", "/..%2f..%2fetc/passwd", "//etc/passwd", "/report"]
)
def test_nothing_else_of_the_folder_is_reachable(port: int, path: str) -> None:
    assert _get(port, path)[0] == 404


def test_nothing_can_be_changed(port: int) -> None:
    assert _get(port, "/", method="POST")[0] == 501
    assert _get(port, "/", method="DELETE")[0] == 501


def test_another_host_name_is_refused(port: int) -> None:
    assert _get(port, "/", host="evil.example")[0] == 403
    assert _get(port, "/", host=f"localhost:{port}")[0] == 200


def test_other_machines_are_not_served(tmp_path: Path) -> None:
    (tmp_path / "study.html").write_text("<p>", encoding="utf-8")
    with pytest.raises(UserError, match="no sign-in"):
        open_server(find_pages(tmp_path), host="0.0.0.0")


def test_a_link_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    outside = tmp_path / "outside.html"
    outside.write_text("x", encoding="utf-8")
    inside = tmp_path / "pages"
    inside.mkdir()
    (inside / "study.html").write_text("<p>", encoding="utf-8")
    (inside / "leak.html").symlink_to(outside)
    assert set(find_pages(inside).pages) == {"/study.html"}


def test_a_folder_without_pages_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no page") as refused:
        find_pages(tmp_path)
    assert "trialrun demo" in refused.value.remedy
