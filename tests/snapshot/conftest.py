"""Makes the hand-written small study importable from every room's tests."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from small_study import SmallRules, make_study, origin, six_people
from trialrun.derive.dataset import derive_dataset
from trialrun.snapshot.read import read_snapshot
from trialrun.snapshot.write import write_snapshot


@pytest.fixture
def small():
    return make_study()


@pytest.fixture
def snapshot(tmp_path):
    write_snapshot(tmp_path / "cut", six_people().tables, origin())
    return read_snapshot(tmp_path / "cut")


@pytest.fixture
def dataset(snapshot, small):
    return derive_dataset(snapshot, small, rules=SmallRules())
