"""The product, the doses and the allocation in a real browser: no barrier, nothing sideways, a batch taken through."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from masked_trial import stocked, world
from trialrun.ledger.commands import CountStock, MoveStock, RecordExcursion
from web_server import Running, Served, sideways, violations

SHOTS = os.environ.get("SCREENSHOTS")  # a folder to look at them


def busy(office) -> str:
    """A site with everything that can happen to a batch, long names included; one participant with a dose."""
    stocked(office, thawed=4, stored=12)
    long = "EXO-2026-UMBILICAL-CORD-LOT-000000000017-B"
    stocked(office, long, thawed=0, stored=40, expires_on=date(2026, 6, 1), potency="2.1e10 particles per mL, nanoparticle tracking analysis; 1.2 mg/mL protein, bicinchoninic acid")  # fmt: skip
    stocked(office, "B-3", released_on=None, release_reference="", thawed=0)
    key = office.dosed()
    today = office.workspace.today
    office.do(MoveStock("01", "B-1", "destroy", 1, today, reason="bag leaked", source="thawed", witness="Dr B"), "pharmacist")  # fmt: skip
    office.do(CountStock("01", "B-1", 7, today, "one vial broken"), "pharmacist")
    office.do(
        RecordExcursion("01", long, today, "-80", "-41.5", "freezer door open over night"), "pharmacist"
    )
    return key


def look(page, path: str, name: str) -> None:
    """Open an address: no barrier, nothing to scroll sideways, nothing the console complains about."""
    page.goto(path)
    assert violations(page) == [], path
    assert sideways(page) == 0, path
    assert not page.complaints, path
    if SHOTS:
        page.screenshot(path=f"{SHOTS}/{name}.png", full_page=True)


@pytest.mark.parametrize(("phone", "dark"), [(False, False), (True, True)])
def test_product_and_doses_have_no_barrier(served: Served, phone: bool, dark: bool):
    tag = f"{'phone' if phone else 'desktop'}-{'dark' if dark else 'light'}"
    page = served.page("pharmacist", phone=phone, dark=dark)
    look(page, "/stock", f"stock-empty-{tag}")
    key = busy(served.office)
    page = served.page("pharmacist", phone=phone, dark=dark)
    for name, path in (
        ("stock", "/stock"),
        ("site", "/stock/01"),
        ("batch", "/stock/01/batch?name=B-1"),
        ("log", "/stock/01/log"),
        ("move", "/stock/01/do/move?batch=B-1"),
        ("register", "/stock/01/do/register"),
        ("product", f"/participants/{key}/product"),
    ):
        look(page, path, f"{name}-{tag}")
    page = served.page("pi", phone=phone, dark=dark)
    look(page, f"/participants/{key}/dosing", f"dosing-{tag}")
    look(page, f"/participants/{key}/dosing/dose_2", f"infusion-{tag}")
    look(page, f"/participants/{key}/unblind", f"unblind-{tag}")
    for path in ("/stock/01/batch?name=B-1", f"/participants/{key}/dosing"):
        page.goto(path)
        page.evaluate("document.documentElement.dir = 'rtl'")
        assert sideways(page) == 0, path
        if SHOTS:
            page.screenshot(path=f"{SHOTS}/rtl-{path.split('/')[-1][:6]}-{tag}.png", full_page=True)


def test_a_batch_is_registered_received_and_thawed_without_script(served: Served):
    context = served.context("pharmacist", java_script_enabled=False)
    page = context.new_page()
    page.goto("/stock/01/do/register")
    for name, text in (
        ("batch", "EXO-9"), ("amount_per_unit", "10"), ("potency", "2e10 per mL"), ("release_reference", "CERT-9"),
        ("released_on", "2026-05-01"), ("storage", "-80 °C"), ("expires_on", "2026-12-31"),
    ):  # fmt: skip
        page.fill(f"[name={name}]", text)
    page.click("main button")
    assert page.locator("h1").inner_text() == "Batch EXO-9"
    for kind, units in (("receipt", "6"), ("thaw", "2")):
        page.click("text=Record a movement")
        page.check(f"[name=kind][value={kind}]")
        page.fill("[name=units]", units)
        page.click("main button")
    assert page.locator(".counts .thawed + dd").inner_text() == "2"
    page.click("text=Record a movement")
    page.check("[name=kind][value=destroy]")
    page.fill("[name=units]", "1")
    page.fill("[name=reason]", "left over")
    page.click("main button")
    assert "second person" in page.locator(".notice.error").inner_text()
    assert page.input_value("[name=reason]") == "left over"


@pytest.fixture
def masked(tmp_path: Path, chromium: object) -> Iterator[Served]:
    """A masked trial of two arms behind a real server."""
    from trialrun.web.application import create_app

    office, _keys = world(tmp_path / "masked", "quartz")
    office.app = create_app(office.workspace, rate_limit=100_000)
    running = Running(office.app)
    made = Served(office, running.url, chromium)
    yield made
    for context in made.contexts:
        context.close()
    running.stop()
    office.workspace.close()


def test_allocation_has_no_barrier(masked: Served):
    for user, phone in (("statistician", False), ("pi", True)):
        page = masked.page(user, phone=phone)
        look(page, "/allocation", f"allocation-{user}")
    page = masked.page("pi", phone=True, dark=True)
    look(page, "/participants/S-001/unblind", "unblind-masked")
    look(page, "/participants/S-001/dosing", "dosing-masked")
