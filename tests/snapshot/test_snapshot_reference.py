"""The snapshot's reference page is as the layout makes it."""

from __future__ import annotations

from trialrun.snapshot.layout import TABLES
from trialrun.snapshot.reference import snapshot_page


def test_the_page_is_up_to_date(root):
    assert (root / "docs" / "reference" / "snapshot.md").read_text(encoding="utf-8") == snapshot_page(), (
        "write it again: python -m trialrun.snapshot.reference docs/reference/snapshot.md"
    )


def test_every_table_is_sorted_by_its_own_columns():
    for table in TABLES.values():
        assert set(table.order) <= set(table.names())
