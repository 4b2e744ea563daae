"""Names of places in the report, so that a number's writer and its reader agree on what a click opens."""

from __future__ import annotations

import re
from typing import Final

from trialrun.derive.measures import Source

_ELSE = re.compile(r"[^A-Za-z0-9_.-]")

ABOUT: Final = "about"
RECORD: Final = "record"
ASSUMPTIONS: Final = "assumptions"
FLOW: Final = "flow"
SCREENING: Final = "screening"
POPULATIONS: Final = "populations"
BASELINE: Final = "baseline"
EXPOSURE: Final = "exposure"
OUTCOMES: Final = "outcomes"
NOT_REGISTERED: Final = "exploratory"
TIME_TO_EVENT: Final = "incidence"
ADVERSE: Final = "adverse"
STOPPING: Final = "stopping"
DEVIATIONS: Final = "deviations"
MISSING: Final = "missing"
LIMITS: Final = "limits"
LISTINGS: Final = "listings"
CHECKLISTS: Final = "checklists"
REPRODUCE: Final = "reproduce"
DATA: Final = "data"


def anchor_of(*parts: str) -> str:
    """A place named by its parts: no blank and nothing a browser reads otherwise; different parts, different names."""
    return "/".join(_ELSE.sub(lambda found: f"~{ord(found[0]):x}~", part) for part in parts)


def rows_anchor(result: str) -> str:
    """What a number of the result with this id opens: the rows it was computed from."""
    return "rows-" + anchor_of(*result.split("/"))


def outcome_anchor(endpoint: str) -> str:
    """The section of an outcome."""
    return "outcome-" + anchor_of(endpoint)


def answer_anchor(source: Source) -> str:
    """An answer with its log entries; empty where the source is no answer of a form."""
    if not source.form:
        return entry_anchor(source.event_hash)
    return "v-" + anchor_of(source.participant, source.visit, source.form, source.row, source.item)


def entry_anchor(event_hash: str) -> str:
    """An entry of the log, by its hash; empty without one."""
    return "e-" + anchor_of(event_hash[:16] if len(event_hash) == 64 else event_hash) if event_hash else ""


def participant_anchor(participant: str) -> str:
    """The listing of one participant."""
    return "person-" + anchor_of(participant)


def assumption_anchor(assumption: str) -> str:
    """The line of an assumption."""
    return "assumption-" + anchor_of(assumption)
