"""A masked trial analysed before its arms are opened: no output tells who is in which arm.

Two trials are rehearsed that differ in nothing but the arms: the allocation of the second is that of the first with
the two arms exchanged. Whatever is made from them without arms must be the same, and no page shown to a role the arms
are concealed from may differ.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from masked_trial import ARMS, masked_study
from trialrun.app.analyses import derive_snapshot, write_everything, write_registry, write_results
from trialrun.app.rehearsals import rehearse_open_study
from trialrun.app.results_runs import start
from trialrun.app.workspace import Workspace, open_workspace
from trialrun.errors import UserError
from trialrun.ledger.commands import Actor
from trialrun.ledger.decide import allocation
from trialrun.snapshot.cut import cut
from web_kit import FOLDER, Clock

STATISTICIAN = Actor("statistician", "statistician")


@dataclass
class World:
    """A rehearsed trial, everything made from it while its arms are masked, and its true arms."""

    workspace: Workspace
    outputs: Path
    arms: dict[str, str]


def _world(folder: Path, swap: dict[str, str]) -> World:
    study = masked_study()
    manager = study.roles["data_manager"]  # the rehearsal has no statistician
    manager = replace(manager, may=(*manager.may, "PrepareAllocation"))
    study = replace(study, roles={**study.roles, "data_manager": manager})
    lists = allocation.allocation_lists

    def exchanged(*given: Any) -> Any:
        return {name: tuple(swap[arm] for arm in lines) for name, lines in lists(*given).items()}

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(allocation, "allocation_lists", exchanged)
        rehearse_open_study(study, folder / "log", seed=5, screened=14)
    workspace = open_workspace(FOLDER, str(folder / "log" / "ledger.sqlite"), clock=Clock(), study=study)
    now = Clock().now
    cut(workspace.store, study, folder / "snapshot", now=now, synthetic=True)
    (folder / "out").mkdir()
    write_everything(folder / "snapshot", study, folder / "out")
    people = (workspace.conduct.participant(key) for key in workspace.conduct.participants())
    return World(workspace, folder / "out", {one.key: one.treatment for one in people if one.treatment})


@pytest.fixture(scope="module")
def worlds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[World, World]]:
    folder = tmp_path_factory.mktemp("masked")
    for name in ("one", "other"):
        (folder / name).mkdir()
    quartz, topaz = ARMS
    one = _world(folder / "one", {quartz: quartz, topaz: topaz})
    other = _world(folder / "other", {quartz: topaz, topaz: quartz})
    yield one, other
    for each in (one, other):
        each.workspace.close()


def text_of(path: Path) -> str:
    """What a file says; for a PDF its pages as text."""
    if path.suffix != ".pdf":
        return path.read_text(encoding="utf-8")
    pypdf = pytest.importorskip("pypdf")
    return "\n".join(page.extract_text() for page in pypdf.PdfReader(path).pages)


def joined(text: str) -> list[str]:
    """A PDF's text for comparison: its lines break hashes, so breaks and blanks are left out."""
    return re.sub(r"[0-9a-f]{12,}", "#", re.sub(r"\s+", "", text)).split("#")


def comparable(text: str) -> list[str]:
    """Text without what differs at every run: hashes and sealed texts, whose order says nothing either."""
    text = re.sub(r"[0-9a-f]{12,}", "#", text)
    return re.sub(r"[A-Za-z0-9+/_=-]{40,}", "#", text).splitlines()


def test_the_two_trials_differ_in_every_arm(worlds: tuple[World, World]):
    one, other = worlds
    assert one.arms.keys() == other.arms.keys()
    assert len(one.arms) >= 4
    assert all(one.arms[key] != other.arms[key] for key in one.arms)
    assert set(one.arms.values()) == set(ARMS)


def test_the_same_files_are_made_with_the_same_names(worlds: tuple[World, World]):
    names = [sorted(path.name for path in world.outputs.iterdir()) for world in worlds]
    assert names[0] == names[1]
    assert "results.json" in names[0]


@pytest.mark.parametrize(
    "name",
    ["results.json", "report.html", "report.pdf", "registry-results.json", "registry-findings.json",
     "plain-summary.json", "analysis-plan.html", "analysis-plan.pdf"],
)  # fmt: skip
def test_no_output_differs_between_trials_that_differ_in_their_arms(worlds: tuple[World, World], name: str):
    parts = joined if name.endswith(".pdf") else comparable
    first, second = (parts(text_of(world.outputs / name)) for world in worlds)
    assert len(first) == len(second)
    assert [pair for pair in zip(first, second, strict=True) if pair[0] != pair[1]][:3] == []


@pytest.mark.parametrize("name", ["results.json", "registry-results.json", "plain-summary.json"])
def test_no_result_names_an_arm(worlds: tuple[World, World], name: str):
    for world in worlds:
        text = text_of(world.outputs / name).lower()
        assert [arm for arm in (*ARMS, *(title.lower() for title in ARMS.values())) if arm in text] == []


def test_no_participant_stands_beside_an_arm_in_the_report(worlds: tuple[World, World]):
    """The report may name the arms of the design; never near a participant's number, and in no table of numbers."""
    for world in worlds:
        text = text_of(world.outputs / "report.html")
        for found in re.finditer("|".join(ARMS), text):
            around = text[max(0, found.start() - 300) : found.end() + 300]
            assert not re.search(r"\bS-\d{3}\b", around), around


def test_the_report_says_that_arms_are_masked(worlds: tuple[World, World]):
    for world in worlds:
        assert "masked" in text_of(world.outputs / "report.html").lower()


def test_with_the_arms_opened_the_same_comparison_tells(worlds: tuple[World, World], tmp_path: Path):
    """The comparison above can fail."""
    texts: list[list[str]] = []
    for number, world in enumerate(worlds):
        folder, out = tmp_path / f"cut{number}", tmp_path / f"out{number}"
        study = world.workspace.study
        cut(world.workspace.store, study, folder, now=Clock().now, synthetic=True, arms=world.arms)
        data = derive_snapshot(folder, study=study)
        write_registry(data, write_results(data, out / "results.json"), out)
        texts.append(comparable(text_of(out / "registry-results.json")))
    assert texts[0] != texts[1]
    assert any("Arm of quartz" in line for line in texts[0])


def test_the_arms_are_not_opened_for_a_run_before_database_lock(worlds: tuple[World, World]):
    workspace = worlds[0].workspace
    with pytest.raises(UserError, match="not locked"):
        start(workspace, STATISTICIAN, "interim", "curious", arms=True)
    assert not [
        event for event in workspace.store.read("study")
        if event.type == "DataExported" and event.data["kind"] in ("allocation", "analysis asked for")
    ]  # fmt: skip
