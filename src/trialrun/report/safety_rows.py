"""What a safety count opens: the events, values and doses behind it, each with its answers and log entries."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from trialrun.analyse.result import Interval
from trialrun.analyse.safety_result import Count, SafetyResults, SafetyRow
from trialrun.derive.dataset import Dataset
from trialrun.derive.measures import Source
from trialrun.derive.safety import AdverseEvent
from trialrun.report.anchors import rows_anchor
from trialrun.report.documents.blocks import Cell
from trialrun.report.numbers import NONE, percent, shown
from trialrun.report.trace import Line, Opening, Openings


class SafetyBook:
    """Makes the cells of safety tables and, with each, what it opens."""

    def __init__(self, data: Dataset, safety: SafetyResults, openings: Openings) -> None:
        self.data = data
        self.safety = safety
        self.openings = openings
        self._events: Mapping[str, AdverseEvent] = {event.address: event for event in data.adverse_events}

    def opens(self, count_id: str, title: str, rows: Sequence[str], chapter: str) -> str:
        """The place a count opens; empty where nothing stands behind it."""
        if not rows:
            return ""
        lines = tuple(self._line(self.safety.behind[row]) for row in rows)
        return self.openings.add(Opening(rows_anchor(count_id), title, ("What",), lines, chapter=chapter))

    def opens_people(self, count_id: str, title: str, rows: Sequence[str], chapter: str) -> str:
        """The same with one line per participant, for counts that rest on several values of each."""
        by_person: dict[str, list[SafetyRow]] = {}
        for row in rows:
            found = self.safety.behind[row]
            by_person.setdefault(found.participant, []).append(found)
        if not by_person:
            return ""
        lines = tuple(
            Line(name, ("; ".join(row.value for row in own),), tuple(s for row in own for s in self._sources(row)))
            for name, own in by_person.items()
        )  # fmt: skip
        return self.openings.add(Opening(rows_anchor(count_id), title, ("What",), lines, chapter=chapter))

    def answer(self, row: str) -> str:
        """The place of the first answer behind a row, or of the log entry where no answer holds it."""
        found = self.safety.behind.get(row)
        if found is None:
            return ""
        sources = self._sources(found)
        if sources:
            return self.openings.answer(sources[0])
        return self.openings.entry(found.events[0], found.participant) if found.events else ""

    def _line(self, row: SafetyRow) -> Line:
        sources = self._sources(row)
        known = {source.event_hash for source in sources}
        return Line(row.participant, (row.value,), sources, tuple(e for e in row.events if e not in known))

    def _sources(self, row: SafetyRow) -> tuple[Source, ...]:
        event = self._events.get(row.id)
        if event is not None:
            return event.sources
        participant, visit, form, line, item = row.id.rsplit("/", 4)
        if not form:  # told by the log itself, not by an answer
            return ()
        return (Source(participant, visit, form, line, item, row.events[0] if row.events else ""),)

    # --- cells ----------------------------------------------------------------------------------------

    def people(self, count: Count, title: str, chapter: str) -> Cell:
        """`k of n`, opening what was counted."""
        return Cell(f"{count.participants} of {count.at_risk}", opens=self._count(count, title, chapter), number=True)  # fmt: skip

    def share(self, count: Count, title: str, chapter: str) -> Cell:
        """Participants with their percentage."""
        words = str(count.participants)
        if count.percent is not None:
            words += f" ({percent(count.percent / 100)})"
        return Cell(words, opens=self._count(count, title, chapter), number=True)

    def events(self, count: Count, title: str, chapter: str) -> Cell:
        """How many events."""
        return Cell(str(count.events), opens=self._count(count, title, chapter), number=True)

    def plain(self, count: Count, title: str, chapter: str) -> Cell:
        """How many participants, empty for none."""
        place = self._count(count, title, chapter)
        return Cell(str(count.participants) if count.participants else NONE, opens=place, number=True)

    def unknown(self, count: Count, title: str, chapter: str) -> Cell:
        """How many could not be judged, opening why."""
        place = self.opens(f"{count.id}/unknown", f"{title}: not known", count.unknown_rows, chapter)
        return Cell(str(count.unknown) if count.unknown else NONE, opens=place if count.unknown else "", number=True)  # fmt: skip

    def _count(self, count: Count, title: str, chapter: str) -> str:
        return self.opens(count.id, title, count.rows, chapter)


def rate_words(count: Count) -> str:
    """Events per 100 person-months."""
    return NONE if count.rate is None else shown(count.rate, 1)


def interval_words(interval: Interval | None, scale: float = 1.0, digits: int = 1) -> str:
    """An interval's bounds; a dash where there is none."""
    if interval is None or interval.low is None or interval.high is None:
        return NONE
    return f"{shown(scale * interval.low, digits)} to {shown(scale * interval.high, digits)}"


def truth(answer: bool | None) -> str:
    """Yes, no, or not known."""
    return {True: "yes", False: "no", None: "not known"}[answer]
