"""The unit a site used last for an item, so that the next value starts with it."""

from __future__ import annotations

from trialrun.app.workspace import Workspace
from trialrun.study.model import Form

LOOKED_AT = 6  # newest participants of the site that are looked at


def last_units(workspace: Workspace, site: str, form: Form) -> dict[str, str]:
    """The unit of the newest saved value of each item of a form at a site."""
    wanted = {name for name in form.items if len(workspace.study.items[name].units) > 1}
    if not wanted:
        return {}
    newest: dict[str, tuple[str, str]] = {}
    candidates = workspace.conduct.study_state().candidates
    mine = [key for key, where in candidates.items() if where == site]
    for key in mine[-LOOKED_AT:]:
        for slot, value in workspace.conduct.participant(key).values.items():
            if slot[3] in wanted and value.unit and value.at > newest.get(slot[3], ("", ""))[0]:
                newest[slot[3]] = (value.at, value.unit)
    return {name: unit for name, (_at, unit) in newest.items()}
