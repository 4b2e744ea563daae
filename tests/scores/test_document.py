"""The reference page says what the score files say."""

from __future__ import annotations

from pathlib import Path

from trialrun.scores import compute
from trialrun.scores.document import reference_page


def test_the_reference_page_is_not_stale(root: Path) -> None:
    page = root / "docs" / "reference" / "scores.md"
    assert page.read_text(encoding="utf-8") == reference_page(), (
        "write it again: python -m trialrun.scores.document docs/reference/scores.md"
    )


def test_the_example_of_the_how_to_works(root: Path, tmp_path: Path) -> None:
    text = (root / "docs" / "how-to" / "add-a-score.md").read_text(encoding="utf-8")
    path = tmp_path / "body_mass_index.yaml"
    path.write_text(text.split("```yaml\n")[1].split("```")[0], encoding="utf-8")
    found = compute(str(path), [{"weight": 80, "height": "180 cm"}, {"weight": 80}, {"weight": 20}])
    assert [row["overweight"] for row in found] == [False, None, None]
    assert found[1]["low"] == 12.8
