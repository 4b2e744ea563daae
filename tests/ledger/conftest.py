from __future__ import annotations

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))

from ledger_kit import open_conduct


@pytest.fixture
def url(tmp_path):
    """A new SQLite log."""
    return f"sqlite:///{tmp_path}/log.db"


@pytest.fixture
def conduct(url):
    """A rehearsal of the kit's study."""
    made = open_conduct(url)
    yield made
    made.store.close()
