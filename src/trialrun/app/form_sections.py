"""A form's items in sections: items that belong together by their names, in the form's own order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from trialrun.study.model import Item

FEWEST = 3  # items with one beginning that make a section
_SHORT = 3  # a beginning of so few letters is an abbreviation


@dataclass(frozen=True, slots=True)
class SectionPlan:
    """A section's title (empty where there is nothing to say) and its items."""

    title: str
    items: tuple[str, ...]


def sections_of(names: Sequence[str], items: Mapping[str, Item]) -> tuple[SectionPlan, ...]:
    """The sections of a form.

    Items one after another whose names begin alike (`cvd_coronary`, `cvd_stroke`) make one; those between
    make one without a title. A form of which all names begin alike is one section.
    """
    found: list[tuple[str, list[str]]] = []
    for name in names:
        start = _beginning(name)
        if found and (found[-1][0] == start or _goes_with(items[name], found[-1][1])):
            found[-1][1].append(name)
        else:
            found.append((start, [name]))
    merged: list[tuple[str, list[str]]] = []
    for start, group in found:
        title = _title(start, group, items) if len(group) >= FEWEST else ""
        if merged and not title and not merged[-1][0]:
            merged[-1][1].extend(group)
        else:
            merged.append((title, list(group)))
    if len(merged) == 1:
        return (SectionPlan("", tuple(names)),)
    return tuple(SectionPlan(title, tuple(group)) for title, group in merged)


def _beginning(name: str) -> str:
    return name.partition("_")[0]


def _goes_with(item: Item, group: Sequence[str]) -> bool:
    """A conditional item stays with the item it depends on."""
    return item.only_if is not None and any(other in item.only_if for other in group)


def _title(start: str, group: Sequence[str], items: Mapping[str, Item]) -> str:
    said = {items[name].label.partition(":")[0] for name in group if ":" in items[name].label}
    if len(said) == 1:
        return said.pop()
    return start.upper() if len(start) <= _SHORT else start.replace("_", " ").capitalize()
