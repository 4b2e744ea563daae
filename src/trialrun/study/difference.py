"""What an amendment changes: two studies compared part by part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, is_dataclass
from enum import StrEnum
from typing import Any, cast

from trialrun.study.model import Place, Study
from trialrun.study.plan import AnalysisPlan
from trialrun.study.plan_parts import PLAN_SECTIONS

_SECTIONS = (
    "items",
    "forms",
    "visits",
    "derived",
    "criteria",
    "arms",
    "endpoints",
    "assumptions",
    "roles",
)
_ABOUT = ("title", "acronym", "sponsor", "target", "registry_id", "sites")


class ChangeKind(StrEnum):
    """What happened to a part."""

    ADDED = "added"
    REMOVED = "removed"
    CHANGED = "changed"
    MOVED = "moved"


@dataclass(frozen=True, slots=True)
class Change:
    """One part that differs. `before` and `after` are empty where there is nothing."""

    kind: ChangeKind
    part: str
    field: str = ""
    before: str = ""
    after: str = ""

    def __str__(self) -> str:
        if self.kind is ChangeKind.CHANGED:
            return f"{self.part}: {self.field} was {self.before or 'empty'}, is now {self.after or 'empty'}"
        if self.kind is ChangeKind.MOVED:
            return f"{self.part}: the order of its entries changed"
        return f"{self.part} is {self.kind}" + (
            f": {self.after or self.before}" if self.after or self.before else ""
        )


def compare_studies(before: Study, after: Study) -> tuple[Change, ...]:
    """Every part that was added, removed or changed, in the order of the definition.

    Where a part stands in its file does not count.
    """
    return tuple(_changes(before, after))


def _changes(before: Study, after: Study) -> Iterator[Change]:
    for name in _ABOUT:
        old, new = getattr(before, name), getattr(after, name)
        if old != new:
            yield Change(ChangeKind.CHANGED, f"study.{name}", name, _shown(old), _shown(new))
    for section in _SECTIONS:
        yield from _section(section, getattr(before, section), getattr(after, section))
    plans = [{f"{plan.arm}": plan for plan in study.dose_plans} for study in (before, after)]
    yield from _section("dose_plans", *plans)
    yield from _analysis(before.analysis, after.analysis)
    yield from _mapping("settings", before.settings, after.settings)
    consents = [
        {f"{text.language}-{text.version}": text for text in study.consents} for study in (before, after)
    ]
    yield from _section("consent", *consents)
    if before.record != after.record:
        yield Change(ChangeKind.CHANGED, "record.json", "content", "the earlier record", "another record")


def _analysis(old: AnalysisPlan, new: AnalysisPlan) -> Iterator[Change]:
    """What a changed plan analyses differently; defaults that follow from another change are told too."""
    for name in PLAN_SECTIONS:
        yield from _section(f"analysis.{name}", getattr(old, name), getattr(new, name))
    yield from _entry("analysis.multiplicity", old.multiplicity, new.multiplicity)
    for name in ("level", "seed", "assumed"):
        before, after = getattr(old, name), getattr(new, name)
        if before != after:
            yield Change(ChangeKind.CHANGED, f"analysis.{name}", name, _shown(before), _shown(after))


def _section(section: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*old, *(name for name in new if name not in old)]:
        part = f"{section}.{name}"
        if name not in new:
            yield Change(ChangeKind.REMOVED, part, before=_title(old[name]))
        elif name not in old:
            yield Change(ChangeKind.ADDED, part, after=_title(new[name]))
        else:
            yield from _entry(part, old[name], new[name])
    if [name for name in old if name in new] != [name for name in new if name in old]:
        yield Change(ChangeKind.MOVED, section)


def _entry(part: str, old: Any, new: Any) -> Iterator[Change]:
    for one in fields(old):
        if one.name in ("place", "name", "id"):
            continue
        before, after = getattr(old, one.name), getattr(new, one.name)
        if _bare(before) == _bare(after):
            continue
        if isinstance(before, Mapping) and isinstance(after, Mapping):
            yield from _inner(part, one.name, before, after)  # pyright: ignore[reportUnknownArgumentType]
            continue
        yield Change(ChangeKind.CHANGED, part, one.name, _shown(before), _shown(after))


def _inner(part: str, field: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    """A mapping inside an entry, key by key: the handling of one intercurrent event among many."""
    for key in [*old, *(key for key in new if key not in old)]:
        before, after = old.get(key), new.get(key)
        if _bare(before) != _bare(after):
            yield Change(ChangeKind.CHANGED, part, f"{field}.{key}", _shown(before), _shown(after))


def _mapping(part: str, old: Mapping[str, Any], new: Mapping[str, Any]) -> Iterator[Change]:
    for name in [*old, *(name for name in new if name not in old)]:
        if old.get(name) != new.get(name):
            yield Change(
                ChangeKind.CHANGED, f"{part}.{name}", "value", _shown(old.get(name)), _shown(new.get(name))
            )


def _title(entry: Any) -> str:
    for name in ("label", "title", "text", "about", "product"):
        text = getattr(entry, name, "")
        if isinstance(text, str) and text:
            return text if len(text) <= 80 else text[:77] + "..."
    return ""


def _bare(value: Any) -> Any:
    """A value without the places in it."""
    if isinstance(value, Place):
        return None
    if is_dataclass(value) and not isinstance(value, type):
        return tuple(_bare(getattr(value, one.name)) for one in fields(value))
    if isinstance(value, Mapping):
        return tuple((key, _bare(one)) for key, one in cast("Mapping[str, Any]", value).items())
    if isinstance(value, tuple):
        return tuple(_bare(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    return value


def _shown(value: Any) -> str:
    if value is None or value in ((), "") or value == {}:
        return ""
    if isinstance(value, Mapping):
        return ", ".join(f"{key}: {_shown(one)}" for key, one in value.items())  # pyright: ignore[reportUnknownVariableType]
    if isinstance(value, tuple):
        return ", ".join(_shown(one) for one in value)  # pyright: ignore[reportUnknownVariableType, reportUnknownArgumentType]
    if is_dataclass(value) and not isinstance(value, type):
        shown = [_shown(getattr(value, one.name)) for one in fields(value) if one.name != "place"]
        return " ".join(text for text in shown if text)
    text = " ".join(str(value).split())
    return text if len(text) <= 200 else text[:197] + "..."
