"""The published plain-language summary, as the public page shows it: the recorded words, or none."""

from __future__ import annotations

import json
from typing import Any

from trialrun.app.results_folder import read_file
from trialrun.app.results_runs import PLAIN_SUMMARY, published
from trialrun.app.workspace import Workspace
from trialrun.errors import UserError


def public_results(workspace: Workspace) -> dict[str, Any] | None:
    """The summary that was published and not withdrawn; none where its file is not the one that was published."""
    run = published(workspace)
    if run is None:
        return None
    try:
        found: dict[str, Any] = json.loads(read_file(run, PLAIN_SUMMARY))
    except UserError:
        return (
            None  # whoever publishes sees why on the run's own page; the public sees nothing that was changed
        )
    return found
