"""Offices to try things in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from trialrun.study.model import Study
from web_kit import Office, open_office


@pytest.fixture
def office(tmp_path: Path, prepared: Path, trial: Study) -> Iterator[Office]:
    """An empty trial of two sites with everybody's account."""
    made = open_office(tmp_path, prepared, trial)
    yield made
    made.workspace.close()
