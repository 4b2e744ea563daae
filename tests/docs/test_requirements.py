"""The table of requirements names tests and pages that exist, and no requirement is left out."""

from __future__ import annotations

import re
from pathlib import Path

from trialrun.web.application import all_routes

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "reference" / "requirements.md"


def rows() -> list[list[str]]:
    lines = PAGE.read_text(encoding="utf-8").splitlines()
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if line.startswith("| ")]
    return [row for row in cells if row[0].isdigit()]


def test_every_requirement_names_tests_and_pages_that_exist() -> None:
    files = [path.read_text(encoding="utf-8") for path in (ROOT / "tests").rglob("test_*.py")]
    known = {name for text in files for name in re.findall(r"^ *def (test_\w+)\(", text, re.MULTILINE)}
    addresses = {path for route in all_routes() for path in route.paths}
    assert [int(row[0]) for row in rows()] == list(range(1, 29))
    for number, words, source, page, tests in rows():
        named = re.findall(r"`(test_\w+)`", tests)
        assert all((words, source, named)), number
        assert set(named) <= known, (number, set(named) - known)
        assert page.strip("`") in addresses, (number, page)
