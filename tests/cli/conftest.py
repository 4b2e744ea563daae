"""The example study is loaded once for all tests of the command."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from trialrun.study import load
from trialrun.study.model import Study

EXAMPLE = Path(__file__).resolve().parents[2] / "examples/nct05871463"


@pytest.fixture(autouse=True, scope="session")
def loaded_once() -> Iterator[None]:
    plain = load.load_study

    @cache
    def example() -> Study:
        return plain(EXAMPLE)

    load.load_study = lambda folder: example() if folder == EXAMPLE else plain(folder)
    yield
    load.load_study = plain
