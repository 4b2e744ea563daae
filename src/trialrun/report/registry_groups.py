"""The groups a registry reports by, and how its cells are written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from trialrun.analyse.methods import describe
from trialrun.derive.arms import arms_masked
from trialrun.derive.dataset import Dataset
from trialrun.derive.populations import ENROLLED
from trialrun.report.numbers import MINUS, decimals_of, finer, shown

PARTICIPANTS = "Participants"
ALL = "All participants"


@dataclass(frozen=True, slots=True)
class Group:
    """A group: the arm's name (empty for everybody together), what it is called, and who is in it."""

    number: int
    arm: str
    title: str
    description: str
    members: tuple[str, ...]

    def id(self, letters: str) -> str:
        """Its id in a module (`FG`, `BG`, `OG`, `EG`)."""
        return f"{letters}{self.number:03d}"

    def among(self, people: Sequence[str]) -> tuple[str, ...]:
        """Those of the group who are in `people`, in its order."""
        wanted = set(people)
        return tuple(name for name in self.members if name in wanted)


def groups_of(data: Dataset) -> tuple[Group, ...]:
    """The arms in the study's order with the enrolled in each; everybody together while arms are masked."""
    enrolled = data.populations[ENROLLED].members
    if arms_masked(data.snapshot, data.study):
        words = "Arms are masked at the time of this analysis; all participants together."
        return (Group(0, "", ALL, words, enrolled),)
    people = data.snapshot.participants
    arms = list(data.study.arms.values())
    return tuple(
        Group(
            number, arm.name, arm.title, arm.description,
            enrolled if len(arms) == 1 else tuple(name for name in enrolled if people[name]["arm"] == arm.name),
        )
        for number, arm in enumerate(arms)
    )  # fmt: skip


def headed(groups: Sequence[Group], letters: str) -> list[dict[str, str]]:
    """The groups as a module lists them."""
    return [
        {"id": one.id(letters), "title": one.title, "description": one.description}
        if one.description
        else {"id": one.id(letters), "title": one.title}
        for one in groups
    ]


def denoms(groups: Sequence[Group], letters: str, counts: Sequence[int]) -> list[dict[str, Any]]:
    """How many of each group a measure is about."""
    values = [
        {"groupId": one.id(letters), "value": str(count)} for one, count in zip(groups, counts, strict=True)
    ]
    return [{"units": PARTICIPANTS, "counts": values}]


def counted(
    groups: Sequence[Group], letters: str, rows: Sequence[tuple[str, Sequence[int]]]
) -> dict[str, Any]:
    """A class whose categories are counts of participants: title and one count per group."""
    return {
        "categories": [
            {
                "title": title,
                "measurements": [
                    {"groupId": one.id(letters), "value": str(count)}
                    for one, count in zip(groups, counts, strict=True)
                ],
            }
            for title, counts in rows
        ]
    }


def measured(
    groups: Sequence[Group], letters: str, values: Sequence[Sequence[float]], *, title: str = ""
) -> dict[str, Any]:
    """A class of means with standard deviations, one per group; a group without values says `NA` and why."""
    digits = finer(decimals_of([one for own in values for one in own], 2))
    cells: list[dict[str, str]] = []
    for group, own in zip(groups, values, strict=True):
        found = describe(own)
        cell = {"groupId": group.id(letters), "value": plain(found.mean, digits)}
        if found.mean is None:
            cell["comment"] = "No participant of this group has a value."
        else:
            cell["spread"] = plain(found.sd, digits)
            if found.sd is None:
                cell["comment"] = "One participant has a value, so there is no standard deviation."
        cells.append(cell)
    made: dict[str, Any] = {"title": title} if title else {}
    return {
        **made,
        "denoms": denoms(groups, letters, [len(own) for own in values]),
        "categories": [{"measurements": cells}],
    }


def plain(value: float | None, digits: int) -> str:
    """A number as a registry takes it: an ordinary minus; `NA` where there is none."""
    return "NA" if value is None else shown(value, digits).replace(MINUS, "-")


def settings_of(data: Dataset, name: str) -> Mapping[str, Any]:
    """A part of the study's settings; empty where it says nothing."""
    found: Any = data.study.settings.get(name)
    return found if isinstance(found, Mapping) else {}
