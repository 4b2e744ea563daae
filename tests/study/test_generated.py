"""Generated pages are as the code makes them: `python -m trialrun.study.reference_pages docs/reference examples/nct05871463`."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator

from trialrun.study.reference_pages import write_pages
from trialrun.study.schema import study_schema


@pytest.mark.parametrize("name", ["study.schema.json", "study-format.md", "traceability.md"])
def test_page_is_current(root: Path, tmp_path: Path, name: str) -> None:
    write_pages(tmp_path, root / "examples" / "nct05871463")
    stored = root / "docs" / "reference" / name
    assert stored.read_text(encoding="utf-8") == (tmp_path / name).read_text(encoding="utf-8"), (
        "run: python -m trialrun.study.reference_pages docs/reference examples/nct05871463"
    )


def test_the_schema_is_a_schema() -> None:
    Draft202012Validator.check_schema(study_schema())
    json.dumps(study_schema())
