"""Values made of the rows of a repeating form: any, sum, max, and the longest run of days.

Three-valued: a list not stated to be complete may hold more rows, and a row with a gap may or may
not count. What decides in spite of that is decided.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from trialrun.evaluate.rows import CompiledProgram, compile_program
from trialrun.expressions import Definition, build_program
from trialrun.study.kept import Kept
from trialrun.study.model import Derived, Study
from trialrun.study.program import row_symbols, scalar_symbols
from trialrun.study.rules import names_used
from trialrun.values.dates import PartialDate

Row = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Aggregates:
    """What the repeating forms give, and what is missing where that is unknown.

    `values` also holds `NAME__low` and `NAME__high` of a run of days; `missing` names, by derived
    value, the answers that would decide it, e.g. `medication 2: medication_end`.
    """

    values: Mapping[str, Any]
    missing: Mapping[str, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class _Rules:
    """The compiled rules of one derived value over rows."""

    derived: Derived
    rows: CompiledProgram
    window: CompiledProgram


def derive_aggregates(
    study: Study, row: Row, rows_by_form: Mapping[str, Sequence[Row]] | None = None
) -> dict[str, Any]:
    """The value of every derived value over a repeating form.

    Args:
        study: the definition.
        row: the items asked once; what it lacks is unknown.
        rows_by_form: the rows of each repeating form.

    Unknown: `any` is unknown when no row counts for sure and one may, or when the list is not
    stated complete; `sum` and `max` when a row may count, lacks its value, or the list may go on.
    """
    return dict(aggregate(study, row, rows_by_form).values)


def aggregate(study: Study, row: Row, rows_by_form: Mapping[str, Sequence[Row]] | None = None) -> Aggregates:
    """As `derive_aggregates`, with what is missing."""
    values: dict[str, Any] = {}
    missing: dict[str, tuple[str, ...]] = {}
    for rules in _RULES.of(study):
        derived = rules.derived
        rows = (rows_by_form or {}).get(derived.over or "", ())
        found = _Reading(rules, row, rows)
        values.update(found.values())
        if values[derived.name] is None:
            missing[derived.name] = found.missing()
    return Aggregates(values, missing)


def items_behind(study: Study, name: str) -> tuple[str, ...]:
    """The items a value over rows rests on: when one of them changes, it has to be computed anew.

    Errors: `KeyError` for a name that is no derived value.
    """
    derived = study.derived[name]
    rules = (derived.where, derived.value, derived.since, derived.until)
    named = (derived.complete, derived.starts, derived.ends, derived.ongoing)
    used = {item for rule in rules if rule is not None for item in names_used(rule)}
    used.update(item for item in named if item is not None)
    endings = ("__low", "__high")
    plain = {item.removesuffix(end) for item in used for end in endings if item.endswith(end)} | used
    return tuple(item for item in study.items if item in plain)


def _compile(study: Study) -> tuple[_Rules, ...]:
    once = scalar_symbols(study)
    result: list[_Rules] = []
    for derived in study.derived.values():
        if derived.over is None:
            continue
        place = f"{derived.place} derived.{derived.name}"
        texts = {"where_": derived.where or "TRUE", "value_": derived.value}
        rows = {name: Definition(text, place=place) for name, text in texts.items() if text is not None}
        days = {"since_": derived.since, "until_": derived.until}
        window = {name: Definition(text, place=place) for name, text in days.items() if text is not None}
        result.append(
            _Rules(
                derived,
                compile_program(build_program(row_symbols(study, derived.over), rows)),
                compile_program(build_program(once, window)),
            )
        )
    return tuple(result)


_RULES = Kept(_compile)


class _Reading:
    """One derived value on one participant."""

    def __init__(self, rules: _Rules, row: Row, rows: Sequence[Row]) -> None:
        self.rules = rules
        self.derived = rules.derived
        self.row = row
        self.rows = [{**row, **one} for one in rows]
        self.results = [rules.rows(one) for one in self.rows]
        self.complete = row.get(self.derived.complete) if self.derived.complete else True

    def values(self) -> dict[str, Any]:
        name = self.derived.name
        if self.derived.how == "any":
            return {name: self._any()}
        if self.derived.how == "longest_run":
            low, high = self._run()
            return {name: low if low == high else None, f"{name}__low": low, f"{name}__high": high}
        return {name: self._total()}

    def _any(self) -> bool | None:
        outcomes = [result["where_"] for result in self.results]
        if True in outcomes:
            return True
        return None if None in outcomes or self.complete is not True else False

    def _total(self) -> float | None:
        counted = [result for result in self.results if result["where_"] is not False]
        values = [result["value_"] for result in counted]
        if self.complete is not True or None in values or any(result["where_"] is None for result in counted):
            return None
        if self.derived.how == "max":
            return max(values, default=None)
        return float(sum(values))

    def _run(self) -> tuple[float, float | None]:
        """The least and greatest length the longest run can have; an open end is `None`."""
        window = self.rules.window(self.row)
        since, until = window.get("since_"), window.get("until_")
        if (self.derived.since and since is None) or (self.derived.until and until is None):
            return 0.0, None if self.rows or self.complete is not True else 0.0
        courses = list(self._courses(until))
        above = float(self.derived.above or 0)
        low = _longest([course.least for course in courses if course.least], above, since, until)
        high = _longest([course.most for course in courses if course.most], above, since, until)
        return float(low), float(high) if self.complete is True else None

    def _courses(self, until: date | None) -> Iterator[_Course]:
        derived = self.derived
        for row, result in zip(self.rows, self.results, strict=True):
            if result["where_"] is False:
                continue
            start = _interval(row.get(derived.starts or ""))
            ongoing = row.get(derived.ongoing) if derived.ongoing else False
            end = _interval(row.get(derived.ends or ""))
            if ongoing is True and until is not None:
                end = (until, until)
            yield _Course.of(start, end, result["value_"], certain=result["where_"] is True)

    def missing(self) -> tuple[str, ...]:
        """The answers that would have to be known."""
        found: list[str] = []
        for number, (row, result) in enumerate(zip(self.rows, self.results, strict=True), start=1):
            found.extend(f"{self.derived.over} {number}: {name}" for name in self._gaps(row, result))
        if self.derived.complete and self.complete is not True:
            found.append(self.derived.complete)
        if self.derived.how == "longest_run":
            found.extend(self._of_window())
        return tuple(dict.fromkeys(found))

    def _gaps(self, row: Row, result: Mapping[str, Any]) -> Iterable[str]:
        program = self.rules.rows
        if result["where_"] is False:
            return
        if result["where_"] is None:
            yield from program.why("where_", row)
        if "value_" in result and result["value_"] is None:
            yield from program.why("value_", row)
        if self.derived.how == "longest_run":
            if not _exact(row.get(self.derived.starts or "")):
                yield self.derived.starts or ""
            ongoing = row.get(self.derived.ongoing or "")
            if ongoing is not True and not _exact(row.get(self.derived.ends or "")):
                yield self.derived.ends or ""

    def _of_window(self) -> Iterator[str]:
        window = self.rules.window
        for name in window.outputs:
            if name in ("since_", "until_"):
                yield from window.why(name, self.row)


Span = tuple[date, date, float]


@dataclass(frozen=True, slots=True)
class _Course:
    """One row as the least and the most it can be; `least` is none when it may not be there at all."""

    least: Span | None
    most: Span | None

    @staticmethod
    def of(
        start: tuple[date, date], end: tuple[date, date], value: float | None, *, certain: bool
    ) -> _Course:
        least = (start[1], end[0], value if value is not None else 0.0)
        most = (start[0], end[1], value if value is not None else float("inf"))
        return _Course(
            least if certain and least[0] <= least[1] else None, most if most[0] <= most[1] else None
        )


def _interval(value: object) -> tuple[date, date]:
    """The days a date can mean; any day at all when it is missing."""
    if isinstance(value, PartialDate):
        return value.earliest, value.latest
    return (value, value) if isinstance(value, date) else (date.min, date.max)


def _exact(value: object) -> bool:
    return value.exact is not None if isinstance(value, PartialDate) else isinstance(value, date)


def _longest(spans: list[Span], above: float, since: date | None, until: date | None) -> int:
    """Days of the longest run of consecutive days whose values sum to more than `above`, touching the window."""
    longest = 0
    for first, last in _runs(spans, above):
        if (until is None or first <= until) and (since is None or last >= since):
            longest = max(longest, (last - first).days + 1)
    return longest


def _runs(spans: list[Span], above: float) -> Iterator[tuple[date, date]]:
    """First and last day of each run: only days where the set of rows changes are looked at."""
    changes = sorted(
        {first for first, _, _ in spans}
        | {last + timedelta(days=1) for _, last, _ in spans if last < date.max}
    )
    begun: date | None = None
    for day in changes:
        high = sum(value for first, last, value in spans if first <= day <= last) > above
        if high and begun is None:
            begun = day
        elif not high and begun is not None:
            yield begun, day - timedelta(days=1)
            begun = None
    if begun is not None:
        yield begun, date.max
