"""A desk with thirty made-up trials, shared by tests that only read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from desk_kit import DeskClient, desk_of, hostile, some_records, stored
from trialrun.registry.store import RegistryStore


@pytest.fixture(scope="package")
def store(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RegistryStore]:
    made = stored(tmp_path_factory.mktemp("desk"), [*some_records(), hostile()])
    yield made
    made.close()


@pytest.fixture(scope="package")
def client(store: RegistryStore, tmp_path_factory: pytest.TempPathFactory) -> DeskClient:
    return DeskClient(desk_of(store, tmp_path_factory.mktemp("drafts")))


@pytest.fixture
def empty(tmp_path: Path) -> DeskClient:
    return DeskClient(desk_of(stored(tmp_path, ())))
