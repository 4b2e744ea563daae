"""Whether a snapshot tells who was in which arm."""

from __future__ import annotations

from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study


def arms_masked(snapshot: Snapshot, study: Study) -> bool:
    """The study has several arms, and the arm of somebody enrolled is not in the snapshot.

    One participant unblinded in an emergency does not open the trial: until every arm is known, nothing is by arm.
    """
    return len(study.arms) > 1 and any(
        person["enrolled_on"] is not None and person["arm"] not in study.arms
        for person in snapshot.rows("participants")
    )
