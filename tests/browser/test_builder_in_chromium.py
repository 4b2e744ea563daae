"""The study builder in a real browser: from a record to a draft, an edit that keeps comments, and a rehearsal."""

from __future__ import annotations

import io
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from desk_kit import desk_of, made_up, stored
from web_server import Running, Served, sideways, violations

RECORD = {
    "eligibilityModule": {
        "eligibilityCriteria": "Inclusion Criteria:\n\n* Able to consent\n* Body mass index from 25 to 40 kg/m2\n\n"
        "Exclusion Criteria:\n\n"
        + "\n".join(
            "* Not yet of full age on the day of the consent"
            if number == 7
            else f"* History of disorder {number}"
            for number in range(1, 79)
        ),
        "sex": "ALL",
        "minimumAge": "18 Years",
    }
}


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory, chromium: object) -> Iterator[tuple[Served, Path]]:
    """A desk with one record of eighty criteria and a draft of it."""
    from trialrun.app.desk_drafts import draft_from_file
    from trialrun.web.desk.application import create_desk

    folder = tmp_path_factory.mktemp("builder")
    store = stored(folder, [made_up(1, **RECORD)])
    drafts = folder / "drafts"
    drafts.mkdir()
    draft_from_file("record.json", json.dumps(made_up(1, **RECORD)).encode(), drafts)
    running = Running(create_desk(desk_of(store, drafts), rate_limit=100_000))
    made = Served(None, running.url, chromium)  # type: ignore[arg-type]
    yield made, drafts
    for context in made.contexts:
        context.close()
    running.stop()
    store.close()


PAGES = ("", "/criteria", "/criteria/E7", "/visits", "/add/items", "/versions", "/rehearsals")
HOW: dict[str, dict[str, Any]] = {
    "desk": {},
    "phone": {"phone": True},
    "dark": {"dark": True},
}


@pytest.mark.parametrize("how", HOW)
def test_no_page_has_a_barrier(bench: tuple[Served, Path], how: str) -> None:
    served, _drafts = bench
    page = served.page(**HOW[how])
    if how == "phone":
        page.set_viewport_size({"width": 360, "height": 740})
    for path in PAGES:
        page.goto(f"/drafts/NCT00000001{path}")
        if how == "dark":
            page.evaluate("document.documentElement.dir = 'rtl'")
        assert not violations(page), path
        assert not sideways(page), path
    assert page.complaints == []


def test_an_edit_keeps_comments_and_says_what_it_thinks(bench: tuple[Served, Path]) -> None:
    served, drafts = bench
    path = drafts / "NCT00000001" / "study.yaml"
    text = path.read_text(encoding="utf-8").replace("  E7:\n", "  E7: # asked of the sponsor\n", 1)
    path.write_text(text, encoding="utf-8")
    page = served.page()
    page.goto("/drafts/NCT00000001/criteria/E7")
    rule = page.get_by_label("Rule", exact=True)
    rule.fill("agee < 18")
    page.locator("#f-expression-said .remedy", has_text="did you mean 'age'?").wait_for()
    rule.fill("age < 18")
    page.locator("#f-expression-said .words", has_text="less than 18").wait_for()
    look(page, "builder.png")
    # By keyboard alone.
    page.locator("#f-look_back").focus()
    page.keyboard.type("at screening")
    page.keyboard.press("Enter")
    page.get_by_text("E7 is saved.").wait_for()
    page.reload()
    assert page.get_by_label("Rule", exact=True).input_value() == "age < 18"
    after = path.read_text(encoding="utf-8")
    gone = [line for line in text.splitlines() if line not in after.splitlines()]
    assert gone == ["    expression: criterion_e7"]
    assert "  E7: # asked of the sponsor\n" in after
    page.get_by_label("Date of birth").fill("2015")
    page.get_by_role("button", name="Try these values").click()
    page.get_by_text("Missing:").wait_for()
    page.get_by_label("Date of signature").fill("2026-01-05")
    page.get_by_role("button", name="Try these values").click()
    page.locator(".outcome.met").wait_for()
    assert page.complaints == []


@pytest.mark.slow
def test_from_a_search_to_the_report_of_a_rehearsal(bench: tuple[Served, Path]) -> None:
    """Search, trial page, draft, an edit that outlives a reload with the file's comments, rehearsal, report."""
    served, drafts = bench
    page = served.page()
    page.goto("/")
    page.get_by_label("Words").fill("NCT00000001")
    page.get_by_role("button", name="Search").click()
    page.wait_for_url("**/?q=NCT00000001")
    page.locator("article.hit h3 a").click()
    page.get_by_role("heading", name="The study in plain words").wait_for()
    page.get_by_role("button", name="Draft a study from this record").click()
    page.wait_for_url("**/drafts/NCT00000001-2")
    path = drafts / "NCT00000001-2" / "study.yaml"
    path.write_text(commented(path.read_text(encoding="utf-8")), encoding="utf-8")
    before = path.read_text(encoding="utf-8").splitlines()
    page.get_by_role("link", name="Visits", exact=False).first.click()
    page.get_by_role("link", name="screening", exact=True).click()
    page.get_by_label("Title").fill("First appointment")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_text("screening is saved.").wait_for()
    page.reload()
    assert page.get_by_label("Title").input_value() == "First appointment"
    after = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in before if line not in after] == ["    title: Screening"]
    assert "  screening: # in the ward" in after
    page.get_by_role("link", name="Rehearse", exact=True).click()
    page.get_by_label("People who come").fill("12")
    page.get_by_role("button", name="Rehearse").click()
    page.get_by_role("link", name="Open the report").wait_for(timeout=150_000)
    frame = page.frame_locator("iframe.report-frame")
    frame.locator("h1").first.wait_for()
    frame.get_by_text("the participants are simulated").first.wait_for()
    assert page.complaints == []


def commented(text: str) -> str:
    """The study with two comments of a person who works on it in an editor."""
    assert "\n  screening:\n" in text
    return "# Our copy.\n" + text.replace("\n  screening:\n", "\n  screening: # in the ward\n", 1)


def look(page: Any, name: str) -> None:
    """Keep the picture where `make pictures` wants it."""
    from PIL import Image  # comes with matplotlib

    folder = os.environ.get("TRIALRUN_SCREENSHOTS")
    if folder:
        page.evaluate("window.scrollTo(0, 0)")
        picture = Image.open(io.BytesIO(page.screenshot(animations="disabled", caret="hide"))).convert("RGB")
        picture.quantize(256, dither=Image.Dither.NONE).save(Path(folder) / name, optimize=True)
