"""Results from a file, in a real browser: upload, mapping, preview, saved; no barrier on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from web_server import Served, sideways, violations

FILE = """Participant,Collected,Test,Result,Unit,Lab
S-001,2026-05-10,ALT,45,U/L,Central laboratory
S-001,2026-05-10,INR,1.5,{INR},Central laboratory
S-002,2026-05-10,ALT,45,U/L,Central laboratory
"""


@pytest.mark.parametrize("phone", [False, True])
def test_import_with_a_bad_row(served: Served, tmp_path: Path, phone: bool):
    key = served.office.consented()
    (tmp_path / "results.csv").write_text(FILE)
    page = served.page("coordinator", phone=phone)
    page.goto("/laboratory/import")
    page.set_input_files("main input[type=file]", str(tmp_path / "results.csv"))
    steps = ("Look at it", "Preview", "Save the results")
    for step in steps:
        assert violations(page) == []
        assert sideways(page) == 0
        page.get_by_role("button", name=step).click()
        page.wait_for_load_state()
    assert "2 results saved" in page.inner_text("main")
    assert "no participant S-002" in page.inner_text("main")
    assert served.office.person(key).form_values("screening", "laboratory", 0)["inr"].text == "1.5"
    page.goto(f"/participants/{key}/laboratory")
    assert violations(page) == []
    assert sideways(page) == 0
    assert page.complaints == []
