"""Drafts in trouble: names that are paths, a full disk, a folder nobody may write. Nothing is lost or left half made."""

from __future__ import annotations

import errno
import fcntl
import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from desk_kit import made_up
from trialrun.app import desk_drafts, desk_rehearsals
from trialrun.app.builder import workshop as shop
from trialrun.app.builder.workshop import STUDY_FILE, workshop
from trialrun.app.desk_drafts import draft_from_file, drafts_in
from trialrun.app.drafts import draft_study
from trialrun.errors import UserError

NOW = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)


def draft_as(number: str, folder: Path) -> str:
    about = {"nctId": number, "briefTitle": "Title"}
    return draft_from_file("r.json", json.dumps(made_up(2, identificationModule=about)).encode(), folder).name


@pytest.mark.parametrize(
    "number", ["../../x", "a/../b", "a..b", "_under", "-x", "...", "C:\\x", "é", "<b>", "x" * 90]
)
def test_a_draft_of_any_number_is_in_the_folder_and_found(tmp_path: Path, number: str) -> None:
    name = desk_drafts._new_folder(tmp_path, number).name
    (tmp_path / name / STUDY_FILE).write_text("study:\n  title: x\n")
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert workshop(tmp_path, name) is not None


def no_space(*_given: Any, **_more: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


def test_a_draft_that_could_not_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as full:
        full.setattr(Path, "write_text", no_space)
        with pytest.raises(UserError, match="No space left"):
            draft_as("NCT00000002", tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_save_that_cannot_be_written_says_so_and_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "d").mkdir()
    path = tmp_path / "d" / STUDY_FILE
    path.write_text("study:\n  title: x\n")
    work = workshop(tmp_path, "d")
    assert work is not None
    with monkeypatch.context() as full:
        full.setattr(shop.os, "fsync", no_space)
        text, seen = work.seen(NOW)  # it is read all the same
        with pytest.raises(UserError, match="No space left"):
            work.save(text + "# more\n", seen=seen, what="x", now=NOW)
    assert path.read_text() == text
    assert [one.name for one in (tmp_path / "d").iterdir() if one.name.startswith(".study")] == []
    work.save(text + "# more\n", seen=seen, what="x", now=NOW)
    assert path.read_text().endswith("# more\n")
    assert [one.title for one in drafts_in(tmp_path)] == ["x"]


@pytest.mark.parametrize("name", ["record.json", "rehearsal.yaml", "consent/en-1.md"])
def test_a_draft_writes_over_nobodys_file(tmp_path: Path, name: str) -> None:
    record = tmp_path / "given.json"
    record.write_text(json.dumps(made_up(2)))
    path = tmp_path / "d" / name
    path.parent.mkdir(parents=True)
    path.write_text("mine")
    with pytest.raises(UserError, match="write over"):
        draft_study(record, tmp_path / "d")
    assert path.read_text() == "mine"
    assert not (tmp_path / "d" / STUDY_FILE).exists()


def test_of_two_rehearsals_asked_for_at_once_one_is_begun(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    work = workshop(tmp_path, draft_as("NCT00000002", tmp_path))
    assert work is not None
    held = []

    def begin(place: Path) -> None:
        lock = (place / "held").open("a")
        fcntl.flock(lock, fcntl.LOCK_EX)
        held.append(lock)

    monkeypatch.setattr(desk_rehearsals, "_begin", begin)
    with ThreadPoolExecutor(4) as pool:
        asked = [pool.submit(desk_rehearsals.start, work, seed=1, screened=5, now=NOW) for _ in range(4)]
        refused = [one.exception() for one in asked]
    assert sum(one is None for one in refused) == 1
    assert all("going on" in str(one) for one in refused if one)
    held[0].close()  # as when its process is killed
    assert desk_rehearsals.rehearsals(work)[0].state == "broken"
    desk_rehearsals.start(work, seed=1, screened=5, now=NOW)
