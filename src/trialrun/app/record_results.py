"""The results a record holds, as tables: people through the trial, outcomes as reported, adverse events in counts.

Every number is the record's own, as its sponsor reported it; nothing is computed from it. A part of an odd shape is
left out. Source of the shape: ClinicalTrials.gov REST API 2.0.0, schema `ResultsSection`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.app.language import gettext as _
from trialrun.app.language import marked
from trialrun.app.record_page import mapping, mappings, unescaped
from trialrun.app.registry_words import in_words
from trialrun.registry.record import Record

MOST_OUTCOMES = 40
MOST_ROWS = 60
_ROLES: Mapping[str, str] = {
    "PRIMARY": marked("Primary"),
    "SECONDARY": marked("Secondary"),
    "OTHER_PRE_SPECIFIED": marked("Other, specified before"),
    "POST_HOC": marked("Post hoc"),
}
_EVENTS = (
    ("deaths", marked("Died of any cause")),
    ("serious", marked("With a serious adverse event")),
    ("other", marked("With another adverse event")),
)


@dataclass(frozen=True, slots=True)
class ResultRow:
    """A line of a table: its name and one text for each group."""

    name: str
    cells: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ResultTable:
    """What was reported of something, by group.

    Args:
        title, note: what was measured; what the numbers are, and their unit.
        role, time_frame, population: for an outcome; who was analysed, and often why nobody was.
        groups: the columns.
        left_out: rows not shown because there are very many.
    """

    title: str
    groups: tuple[str, ...]
    rows: tuple[ResultRow, ...]
    note: str = ""
    role: str = ""
    time_frame: str = ""
    population: str = ""
    left_out: int = 0


@dataclass(frozen=True, slots=True)
class RecordResults:
    """The results of a record; empty parts are not reported. `more` counts outcomes beyond those shown."""

    flow: tuple[ResultTable, ...] = ()
    outcomes: tuple[ResultTable, ...] = ()
    events: ResultTable | None = None
    more: int = 0

    def __bool__(self) -> bool:
        return bool(self.flow or self.outcomes or self.events)


def record_results(record: Record) -> RecordResults:
    """The results a record holds; none when it holds none."""
    section = mapping(record.document.get("resultsSection"))
    measures = mappings(mapping(section.get("outcomeMeasuresModule")).get("outcomeMeasures"))
    tables = [_outcome(one) for one in measures[:MOST_OUTCOMES]]
    return RecordResults(
        tuple(_flow(mapping(section.get("participantFlowModule")))),
        tuple(tables),
        _events(mapping(section.get("adverseEventsModule"))),
        max(0, len(measures) - MOST_OUTCOMES),
    )


def _flow(module: Mapping[str, Any]) -> Iterable[ResultTable]:
    groups = _groups(module.get("groups"))
    for period in mappings(module.get("periods"))[:MOST_ROWS]:
        rows = [
            ResultRow(
                _sentence(_text(one, "type")),
                _cells(groups, one.get("achievements"), ("numSubjects", "comment")),
            )
            for one in mappings(period.get("milestones"))
        ]
        if rows:
            yield _table(_text(period, "title"), groups, rows)


def _outcome(one: Mapping[str, Any]) -> ResultTable:
    groups = _groups(one.get("groups"))
    rows = [
        ResultRow(
            _("{} analysed").format(_text(part, "units") or _("Participants")),
            _cells(groups, part.get("counts"), ("value",)),
        )
        for part in mappings(one.get("denoms"))
    ]
    for part in mappings(one.get("classes")):
        for category in mappings(part.get("categories")):
            name = ": ".join(text for text in (_text(part, "title"), _text(category, "title")) if text)
            rows.append(ResultRow(name, _measured(groups, category.get("measurements"))))
    role = _text(one, "type")
    numbers = (_text(one, "paramType"), _text(one, "dispersionType"), _text(one, "unitOfMeasure"))
    return _table(
        _text(one, "title"),
        groups,
        rows,
        note=", ".join(_sentence(text) for text in numbers if text and text != "NA"),
        role=_(_ROLES[role]) if role in _ROLES else in_words(role),
        time_frame=_text(one, "timeFrame"),
        population=_text(one, "populationDescription"),
    )


def _events(module: Mapping[str, Any]) -> ResultTable | None:
    parts = mappings(module.get("eventGroups"))
    groups = _groups(module.get("eventGroups"))
    rows = []
    for kind, label in _EVENTS:
        cells = tuple(_of(one.get(f"{kind}NumAffected"), one.get(f"{kind}NumAtRisk")) for one in parts)
        if any(cells):
            rows.append(ResultRow(_(label), cells))
    if not rows:
        return None
    return _table(_("People with adverse events"), groups, rows, time_frame=_text(module, "timeFrame"))


def _table(title: str, groups: Mapping[str, str], rows: list[ResultRow], **more: str) -> ResultTable:
    left_out = max(0, len(rows) - MOST_ROWS)
    return ResultTable(title, tuple(groups.values()), tuple(rows[:MOST_ROWS]), left_out=left_out, **more)


def _groups(value: object) -> dict[str, str]:
    return {_text(one, "id"): _text(one, "title") for one in mappings(value)}


def _cells(groups: Mapping[str, str], value: object, names: tuple[str, ...]) -> tuple[str, ...]:
    held = {
        _text(one, "groupId"): next((text for name in names if (text := _text(one, name))), "")
        for one in mappings(value)
    }
    return tuple(held.get(group, "") for group in groups)


def _measured(groups: Mapping[str, str], value: object) -> tuple[str, ...]:
    """The value, its spread or limits behind it, as reported; a comment where there is no value."""
    held: dict[str, str] = {}
    for one in mappings(value):
        text = _text(one, "value") or _text(one, "comment")
        low, high = _text(one, "lowerLimit"), _text(one, "upperLimit")
        if spread := _text(one, "spread"):
            text = f"{text} ± {spread}"
        elif low or high:
            text = _("{value} ({low} to {high})").format(value=text, low=low or "?", high=high or "?")
        held[_text(one, "groupId")] = text
    return tuple(held.get(group, "") for group in groups)


def _of(affected: object, at_risk: object) -> str:
    if not isinstance(affected, int) or isinstance(affected, bool):
        return ""
    known = isinstance(at_risk, int) and not isinstance(at_risk, bool)
    return _("{some} of {all}").format(some=affected, all=at_risk) if known else str(affected)


def _text(part: Mapping[str, Any], key: str) -> str:
    value = part.get(key)
    return unescaped(value) if isinstance(value, str) else ""


def _sentence(code: str) -> str:
    """`COUNT_OF_PARTICIPANTS` as `Count of participants`; what is no code stays as it is written."""
    return code.replace("_", " ").capitalize() if code.isupper() else code
