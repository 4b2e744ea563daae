"""A store in trouble: damaged files, no space, another import, files nobody may read, numbers that are none."""

from __future__ import annotations

import json
import random
import shutil
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from registry_store_kit import NOW, study
from trialrun.errors import RecordError
from trialrun.registry.store import RegistryStore, open_registry, schema


@pytest.fixture
def store(tmp_path: Path) -> RegistryStore:
    return open_registry(tmp_path / "store.db")


@pytest.fixture
def at(tmp_path: Path) -> Callable[[str, bytes], Path]:
    """Content in a file of this name."""

    def into(name: str, content: bytes) -> Path:
        path = tmp_path / name
        path.write_bytes(content)
        return path

    return into


def test_a_damaged_store_is_told_and_nothing_is_raised_but_a_message(tmp_path: Path, at: Any) -> None:
    whole = tmp_path / "whole.db"
    open_registry(whole).close()
    data = whole.read_bytes()
    (tmp_path / "damaged.db").write_bytes(data[:20_000] + bytes(b ^ 0x5A for b in data[20_000:]))
    (tmp_path / "short.db").write_bytes(data[:30_000])
    shutil.copy(whole, tmp_path / "bare.db")
    with sqlite3.connect(tmp_path / "bare.db") as bare:
        bare.execute("DROP TABLE fact")
    path = at("one.json", json.dumps(study("NCT1")).encode())
    for name in ("damaged.db", "short.db", "bare.db"):
        with pytest.raises(RecordError, match=name) as told:
            open_registry(tmp_path / name).import_files([path], now=NOW)
        assert told.value.remedy


def test_no_space_and_another_import_are_told(store: RegistryStore, at: Any, monkeypatch) -> None:
    path = at(
        "one.json", json.dumps(study("NCT1", summary=random.Random(1).randbytes(60_000).hex())).encode()
    )
    given = schema.connect

    def small(place: Path) -> sqlite3.Connection:
        connection = given(place)
        pages = connection.execute("PRAGMA page_count").fetchone()[0]
        connection.execute(f"PRAGMA max_page_count = {pages}")
        connection.execute("PRAGMA busy_timeout = 10")
        return connection

    monkeypatch.setattr(schema, "connect", small)
    with pytest.raises(RecordError, match="no space left"):
        store.import_files([path], now=NOW)
    assert store.statistics().trials == 0
    other = sqlite3.connect(store.path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(RecordError, match="another import"):
        store.import_files([path], now=NOW)
    other.execute("ROLLBACK")
    monkeypatch.undo()
    assert store.import_files([path], now=NOW).new == 1


def test_a_file_nobody_may_read_does_not_stop_the_others(store: RegistryStore, at: Any, monkeypatch) -> None:
    paths = [
        at(name, json.dumps(study(name[:4])).encode()) for name in ("NCT1.json", "NCT2.json", "NCT3.json")
    ]
    given = Path.open

    def refused(path: Path, *args: Any, **more: Any) -> Any:
        if path.name == "NCT2.json":
            raise PermissionError(13, "Permission denied", str(path))
        return given(path, *args, **more)

    monkeypatch.setattr(Path, "open", refused)
    done = store.import_files(paths, now=NOW)
    assert (done.new, done.bad) == (2, 1)
    assert store.rejected()[0].reason == "it cannot be read: permission denied"


@pytest.mark.parametrize("number", ["..", ".", "~", "a~b", "a%2Fb", "-", "\u202eNCT1", "NCT\x001", "N" * 101])
def test_what_cannot_be_a_registration_number_is_rejected(store: RegistryStore, at: Any, number: str) -> None:
    assert store.import_files([at("x.json", json.dumps(study(number)).encode())], now=NOW).bad == 1
    assert "registration number" in store.rejected()[0].reason
