"""What all tests share."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"


@pytest.fixture(scope="session")
def root() -> Path:
    """The repository's folder."""
    return ROOT


@pytest.fixture(scope="session")
def shared() -> Callable[[str], Path]:
    """Find a file of the reference data that lies beside the repository; skip when there is none."""

    def find(path: str) -> Path:
        found = SHARED / path
        if not found.exists():
            if os.environ.get("CI") and SHARED.exists():
                pytest.fail(f"the reference data lack {path}")
            pytest.skip(f"reference data are not beside this clone ({path})")
        return found

    return find
