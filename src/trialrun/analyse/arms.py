"""Which arms are compared, with which control, and whether the snapshot knows them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.derive.arms import arms_masked
from trialrun.derive.dataset import Dataset
from trialrun.errors import AnalysisError
from trialrun.study.model import Study

_CONTROLS = ("PLACEBO_COMPARATOR", "SHAM_COMPARATOR", "NO_INTERVENTION", "ACTIVE_COMPARATOR")


@dataclass(frozen=True, slots=True)
class Arms:
    """The arms results are given by.

    Args:
        names: the arms, control last; empty with one arm, and while arms are masked.
        control: the arm the others are compared with.
        arm_of: arm of each participant; without those whose arm is unknown.
        masked: the study has arms and the snapshot does not say of everybody who is in which.
        note: how the control was found, or that arms are masked.
    """

    names: tuple[str, ...]
    control: str
    arm_of: Mapping[str, str]
    masked: bool
    note: str

    @property
    def compared(self) -> tuple[str, ...]:
        """The arms other than the control."""
        return tuple(name for name in self.names if name != self.control)


def arms_of(data: Dataset) -> Arms:
    """The arms of a dataset.

    The control is `settings.analysis.control`, else the arm the record calls a comparator, else the first arm.
    Errors: `AnalysisError` when the control named is no arm of the study.
    """
    study = data.study
    if len(study.arms) < 2:
        return Arms((), "", {}, masked=False, note="")
    known = {
        name: str(person["arm"])
        for name, person in data.snapshot.participants.items()
        if person["arm"] in study.arms
    }
    if not known or arms_masked(data.snapshot, study):
        words = "arms are masked in this snapshot: everything is pooled over the arms and nothing is compared"
        return Arms((), "", {}, masked=True, note=words)
    control, note = _control(study)
    names = (*(name for name in study.arms if name != control), control)
    return Arms(names, control, known, masked=False, note=note)


def _control(study: Study) -> tuple[str, str]:
    said = _settings(study).get("control")
    if said is not None:
        if said not in study.arms:
            raise AnalysisError(
                f"settings.analysis.control is {said!r}, which is no arm of the study",
                f"name one of {', '.join(study.arms)}",
            )
        return str(said), f"control: {said}, as the study's settings say"
    types = {str(group.get("label", "")).casefold(): str(group.get("type", "")) for group in _groups(study)}
    for kind in _CONTROLS:
        for name, arm in study.arms.items():
            if types.get(arm.title.casefold()) == kind:
                return name, f"control: {name}, the record's {kind.lower().replace('_', ' ')}"
    first = next(iter(study.arms))
    return first, f"control: {first}, the first arm, because neither settings nor record name a comparator"


def _settings(study: Study) -> Mapping[str, Any]:
    return study.settings.get("analysis", {}) or {}


def _groups(study: Study) -> list[Mapping[str, Any]]:
    protocol: Mapping[str, Any] = study.record.get("protocolSection", study.record) or {}
    module: Mapping[str, Any] = protocol.get("armsInterventionsModule", {}) or {}
    return list(module.get("armGroups", []) or [])
