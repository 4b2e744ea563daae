"""The rows behind the results of outcomes: everybody treated at a time, or what one analysis used."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from trialrun.analyse.result import Analysis, Result, RowRef
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, AnalysisRow, Status
from trialrun.report import anchors
from trialrun.report.numbers import percent, shown
from trialrun.report.trace import Line, Opening, Openings

if TYPE_CHECKING:
    from trialrun.report.outcomes import Shown

_LATER = {Status.DIED: "death", Status.TRANSPLANTED: "transplant"}
_WHOLE = frozenset({Analysis.DESCRIBE, Analysis.CHANGE, Analysis.CHANGE_EXACT, Analysis.COMPOSITE})


class RowBook:
    """Gives each result the place its numbers open; results that rest on the same rows share one."""

    def __init__(self, data: Dataset, openings: Openings) -> None:
        self.openings = openings
        self._rows: Mapping[str, AnalysisRow] = {row.key: row for row in data.rows}
        self._digits: dict[str, int] = {}
        self._titles: dict[str, str] = {}
        self._made: dict[tuple[str, str, str], str] = {}

    def add_times(self, shown_: Shown) -> None:
        """All treated participants at each time of an endpoint."""
        name = shown_.endpoint.name
        self._digits[name] = shown_.digits
        chapter = f"{shown_.label}"
        self._titles[name] = chapter
        for time, title in shown_.titles.items():
            lines = tuple(row_line(row, shown_.digits) for row in shown_.rows if row.visit == time)
            columns = (
                ("Taken", "Value") if time == BASELINE else ("Taken", "Value", "Baseline", "Change", "%")
            )
            numbers = frozenset(range(1, len(columns)))
            self.openings.add(
                Opening(
                    _time_place(name, time),
                    f"{shown_.label}, {title}",
                    (*columns, "Status"),
                    lines,
                    numbers,
                    chapter=chapter,
                )
            )

    def of(self, result: Result) -> str:
        """The place of the rows behind a result."""
        if result.analysis in _WHOLE and not result.arm:
            place = _time_place(result.endpoint, result.visit)
            if place in self.openings:
                return place
        key = (result.endpoint, result.visit, result.inputs_hash)
        if key not in self._made:
            self._made[key] = self.openings.add(self._own(result))
        return self._made[key]

    def subset(self, key: str, title: str, participants: Sequence[str], result: Result) -> str:
        """Some of a result's rows, such as the responders."""
        wanted = set(participants)
        kept = [row for row in result.rows if row.row.split("/")[0] in wanted]
        return self.openings.add(
            self._opening(anchors.rows_anchor(f"{result.id}/{key}"), title, kept, result, "")
        )

    def shift_cells(
        self, result: Result, before: Sequence[str], after: Sequence[str]
    ) -> Mapping[tuple[str, str], str]:
        """For each cell of a shift table with somebody in it, the place of its participants."""
        cells: dict[tuple[str, str], list[AnalysisRow]] = {}
        names = [*(ref.row.split("/")[0] for ref in result.rows), *result.left_out]
        for name in dict.fromkeys(names):
            row = self._rows.get(f"{name}/{_parameter(result)}/{result.visit}")
            if row is None or row.baseline_category not in before:
                continue
            later = _LATER.get(row.status) or row.category or "missing"
            if later in after:
                cells.setdefault((row.baseline_category or "", later), []).append(row)
        made: dict[tuple[str, str], str] = {}
        for (first, later), rows in cells.items():
            lines = tuple(row_line(row, 0) for row in rows)
            columns = ("Taken", "Class", "Baseline", "Change", "%", "Status")
            title = f"{result.label}: {first} at baseline, {later} later"
            lines = tuple(replace(line, cells=(*line.cells[:2], first, *line.cells[3:])) for line in lines)
            place = anchors.rows_anchor(f"{result.id}/{first}-{later}")
            made[first, later] = self.openings.add(
                Opening(place, title, columns, lines, chapter=self._titles.get(result.endpoint, ""))
            )
        return made

    def _own(self, result: Result) -> Opening:
        title = f"{result.label or result.method}, {result.visit.replace('_', ' ')}"
        left = "; ".join(f"{name}: {why}" for name, why in list(result.left_out.items())[:20])
        more = len(result.left_out) - 20
        left += f"; and {more} more" if more > 0 else ""
        note = f"Not in it: {left}." if left else ""
        return self._opening(anchors.rows_anchor(result.id), title, result.rows, result, note)

    def _opening(self, place: str, title: str, refs: Sequence[RowRef], result: Result, note: str) -> Opening:
        digits = self._digits.get(result.endpoint, 2)
        lines: list[Line] = []
        for ref in refs:
            row = self._rows.get(ref.row)
            used = shown(ref.value, digits)
            if row is None:
                person = ref.row.split("/")[0]
                # A time to an event names what ended it in the third part of its row.
                ended = ref.row.split("/")[2:]
                lines.append(Line(person, ("", used, " ".join(ended).replace("_", " ")), entries=ref.events))
                continue
            status = row.explanation or str(row.status).replace("_", " ")
            lines.append(
                Line(row.participant, (_taken(row), used, status), tuple(dict.fromkeys(row.sources)))
            )
        chapter = self._titles.get(result.endpoint, result.endpoint)
        return Opening(place, title, ("Taken", "Used", "Status"), tuple(lines), frozenset({1}), note, chapter)


def _parameter(result: Result) -> str:
    return result.rows[0].row.split("/")[1] if result.rows else result.parameter


def _time_place(endpoint: str, time: str) -> str:
    return anchors.rows_anchor(f"{endpoint}/{time}")


def _taken(row: AnalysisRow) -> str:
    day = f", day {row.day}" if row.day is not None else ""
    return f"{row.on}{day}" if row.on else ""


def row_line(row: AnalysisRow, digits: int) -> Line:
    """One participant at one time, with the answers the value rests on."""
    value = shown(row.value, digits) if row.category is None else row.category
    if row.value is None and row.low is not None and row.high is not None:
        value = f"{shown(row.low, digits)} to {shown(row.high, digits)} possible"
    status = row.explanation or str(row.status).replace("_", " ")
    # What the baseline rests on stands with the baseline; here only what was found at this time.
    own = [s for s in row.sources if row.visit == BASELINE or s.visit in {row.occurrence, ""}]
    cells = (_taken(row), value)
    if row.visit != BASELINE:
        change = percent(row.percent_change / 100) if row.percent_change is not None else shown(None)
        cells = (*cells, shown(row.baseline, digits), shown(row.change, digits, sign=True), change)
    return Line(row.participant, (*cells, status), tuple(dict.fromkeys(own)))
