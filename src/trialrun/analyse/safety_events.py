"""Adverse events counted: the overall table, incidence by class and term, listings, deaths.

Treatment-emergent events count: begun on or after the day of the first dose. An event whose dates leave that open
counts as begun after (ADaM's conservative convention) and is marked in the listing. An unanswered relation,
seriousness, grade or action is never taken as no: whoever has such an event and no certain one stands in `unknown`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

from trialrun.analyse.safety_count import Behind, Counter, source_address
from trialrun.analyse.safety_result import (
    UNKNOWN_GRADE,
    Coding,
    Count,
    CountLine,
    DeathLine,
    EventLine,
    TermLine,
)
from trialrun.derive.arms import arms_masked
from trialrun.derive.dataset import Dataset
from trialrun.derive.intercurrent import study_day
from trialrun.derive.names import DEATH
from trialrun.derive.safety import AdverseEvent

SEVERE = 3
NOT_CODED = "Not coded"
GRADES = ("1", "2", "3", "4", "5", UNKNOWN_GRADE)
Test = Callable[[AdverseEvent], bool | None]


def _severe(event: AdverseEvent) -> bool | None:
    return None if event.grade_number is None else event.grade_number >= SEVERE


def _both(*answers: bool | None) -> bool | None:
    if any(answer is False for answer in answers):
        return False
    return None if any(answer is None for answer in answers) else True


SUMMARY: Sequence[tuple[str, str, Test]] = (
    ("any", "Any adverse event", lambda _event: True),
    ("related", "Related to the product", lambda event: event.suspected),
    ("serious", "Serious", lambda event: event.serious),
    ("serious_related", "Serious and related", lambda event: _both(event.serious, event.suspected)),
    ("severe", "Grade 3 or more", _severe),
    (
        "dose_changed",
        "Leading to a changed dose",
        lambda event: event.dose_changed,
    ),
    ("product_stopped", "Leading to stopping the product", lambda event: event.product_stopped),
    ("fatal", "Fatal", lambda event: event.fatal),
)


@dataclass(frozen=True, slots=True)
class Counted:
    """The treatment-emergent events of the treated, each with its row in `behind`."""

    events: tuple[AdverseEvent, ...]
    uncertain: int

    def rows(self, test: Test) -> tuple[list[str], list[str]]:
        """The addresses of events for which something holds, and of those where it is unknown."""
        answers = [(event.address, test(event)) for event in self.events]
        return (
            [address for address, answer in answers if answer is True],
            [address for address, answer in answers if answer is None],
        )


def counted_events(data: Dataset, treated: Iterable[str], behind: Behind) -> Counted:
    """The events that count, in order of participant and start; each is kept in `behind`."""
    members = frozenset(treated)
    found = [
        event
        for event in data.adverse_events
        if event.participant in members and event.after_first_dose is not False
    ]
    for event in found:
        keep(event, behind)
    return Counted(tuple(found), sum(event.after_first_dose is None for event in found))


def keep(event: AdverseEvent, behind: Behind) -> str:
    """Keep an adverse event as a row behind counts; returns its address."""
    grade = f"grade {event.grade_number}" if event.grade_number is not None else "grade not known"
    words = f"{event.term or 'no term'}, {grade}, began {event.start or 'on an unknown day'}"
    hashes = [source.event_hash for source in event.sources]
    hashes += [event.code.event_hash] if event.code is not None else []
    return behind.add(event.address, event.participant, words, hashes)


def summary_lines(counted: Counted, deaths: Sequence[DeathLine], counter: Counter) -> tuple[CountLine, ...]:
    """The overall table of adverse events, and deaths of any cause at its end."""
    lines = [
        CountLine(f"events/{key}", title, counter.counts(f"events/{key}", *counted.rows(test)))
        for key, title, test in SUMMARY
    ]
    rows = [death.row for death in deaths]
    lines.append(CountLine("deaths", "Death of any cause", counter.counts("deaths", rows)))
    return tuple(lines)


# --- classes and terms -----------------------------------------------------------------------------


def coding_of(counted: Counted) -> Coding:
    """How the events were grouped, in words."""
    coded = [event.code for event in counted.events if event.code is not None]
    names = tuple(sorted({f"{code.dictionary} {code.version}" for code in coded}))
    verbatim = len(counted.events) - len(coded)
    if not counted.events:
        words = "No adverse event was reported after the first dose."
    elif not coded:
        words = (
            "The events are not coded: they are grouped by the reporter's own words, so events of one kind may stand under "
            "several terms."
        )
    elif verbatim:
        words = (
            f"Coded with {' and '.join(names)}; {verbatim} of {len(counted.events)} events have no valid code and stand under "
            f"“{NOT_CODED}” by the reporter's own words."
        )
    else:
        words = f"Coded with {' and '.join(names)}."
    if len(names) > 1:
        words += " More than one version was used; the same term may stand in different classes."
    return Coding(names, len(coded), verbatim, words)


def term_of(event: AdverseEvent) -> tuple[str, str]:
    """The class and the term an event is counted under."""
    if event.code is not None:
        return event.code.organ_class or NOT_CODED, event.code.preferred
    return NOT_CODED, " ".join(event.term.split()) or "No term given"


def term_lines(counted: Counted, counter: Counter) -> tuple[TermLine, ...]:
    """Incidence by system organ class and term, the most frequent class and term first, uncoded ones last."""
    classes: dict[str, dict[str, list[AdverseEvent]]] = {}
    for event in counted.events:
        organ_class, term = term_of(event)
        folded = term.casefold() if event.code is None else term
        classes.setdefault(organ_class, {}).setdefault(folded, []).append(event)
    found: list[tuple[TermLine, list[TermLine]]] = []
    for organ_class, terms in classes.items():
        events = [event for group in terms.values() for event in group]
        head = _term_line("class", "", organ_class, "", events, counter)
        own = [
            _term_line("term", organ_class, min(term_of(event)[1] for event in group), _code(group), group, counter)
            for group in terms.values()
        ]  # fmt: skip
        found.append((head, sorted(own, key=_frequent_first)))
    found.sort(key=lambda pair: (pair[0].title == NOT_CODED, *_frequent_first(pair[0])))
    return tuple(line for head, own in found for line in (head, *own))


def _frequent_first(line: TermLine) -> tuple[int, int, str]:
    everybody = line.counts[-1]
    return -everybody.participants, -everybody.events, line.title


def _code(events: Sequence[AdverseEvent]) -> str:
    """The code of a term, where all its events carry one and the same."""
    codes = {event.code.code if event.code is not None else "" for event in events}
    return codes.pop() if len(codes) == 1 else ""


def _term_line(
    level: str, parent: str, title: str, code: str, events: Sequence[AdverseEvent], counter: Counter
) -> TermLine:
    own = Counted(tuple(events), 0)
    key = "/".join((level, *(part.replace("/", "|") for part in (parent, title) if part)))
    return TermLine(
        key=key,
        level=level,
        parent=parent,
        title=title,
        code=code,
        counts=counter.counts(key, [event.address for event in events]),
        related=counter.counts(f"{key}/related", *own.rows(lambda event: event.suspected), rates=False),
        serious=counter.counts(f"{key}/serious", *own.rows(lambda event: event.serious), rates=False),
        worst=_worst(key, events, counter),
    )


def _worst(key: str, events: Sequence[AdverseEvent], counter: Counter) -> Mapping[str, tuple[Count, ...]]:
    """Participants by their worst known grade; by `unknown` where none of their events has one."""
    by_person: dict[str, list[AdverseEvent]] = {}
    for event in events:
        by_person.setdefault(event.participant, []).append(event)
    rows: dict[str, list[str]] = {grade: [] for grade in GRADES}
    for own in by_person.values():
        known = [event.grade_number for event in own if event.grade_number is not None]
        worst = max(known, default=None)
        rows[UNKNOWN_GRADE if worst is None else str(worst)] += [
            event.address for event in own if event.grade_number == worst
        ]
    return {
        grade: counter.counts(f"{key}/grade {grade}", found, rates=False, intervals=False)
        for grade, found in rows.items()
    }


# --- listings --------------------------------------------------------------------------------------


def event_lines(data: Dataset, treated: Iterable[str], behind: Behind) -> tuple[EventLine, ...]:
    """Every adverse event of the treated, also those before the first dose, by participant and day."""
    members = frozenset(treated)
    found = [event for event in data.adverse_events if event.participant in members]
    found.sort(key=lambda e: (e.participant, e.start_on is None, str(e.start_on or ""), _number(e.row)))
    return tuple(_event_line(data, event, behind) for event in found)


def _number(row: str) -> tuple[int, str]:
    return (int(row) if row.isdigit() else 0, row)


def _event_line(data: Dataset, event: AdverseEvent, behind: Behind) -> EventLine:
    kinds = [
        name
        for name, holds in (
            ("serious", event.serious),
            ("fatal", event.fatal),
            ("severe", _severe(event)),
            ("related", event.suspected),
            ("dose_changed", event.dose_changed),
            ("product_stopped", event.product_stopped),
        )
        if holds is True
    ]
    return EventLine(
        row=keep(event, behind),
        participant=event.participant,
        arm=arm_of(data, event.participant),
        term=event.term,
        coded=event.code.preferred if event.code is not None else "",
        organ_class=event.code.organ_class if event.code is not None else "",
        start=event.start,
        end=event.end,
        day=event.start_day,
        grade=event.grade_number,
        serious=event.serious,
        related=event.suspected,
        relation=event.related,
        action=event.action,
        outcome=event.outcome,
        emergent=event.after_first_dose,
        kinds=tuple(kinds),
    )


def arm_of(data: Dataset, participant: str) -> str:
    """The arm in words; empty while it is not in the snapshot, or where there is only one."""
    name = data.snapshot.participants[participant]["arm"]
    if not name or len(data.study.arms) < 2 or arms_masked(data.snapshot, data.study):
        return ""
    arm = data.study.arms.get(name)
    return arm.title if arm is not None else str(name)


def death_lines(data: Dataset, behind: Behind) -> tuple[DeathLine, ...]:
    """Every death of a treated participant, whichever place tells of it, in order of participant."""
    last_dose: dict[str, str] = {}
    for dose in data.doses:
        if dose.given and dose.on is not None:
            last_dose[dose.participant] = max(last_dose.get(dose.participant, ""), dose.on.isoformat())
    causes = {event.participant: event.term for event in data.adverse_events if event.fatal}
    found: list[DeathLine] = []
    for event in data.events:
        if event.kind != DEATH:
            continue
        first = data.snapshot.participants[event.participant]["first_dose_on"]
        given = last_dose.get(event.participant)
        words = f"death, {event.on.isoformat() if event.on else 'day unknown'} ({event.note})"
        found.append(
            DeathLine(
                row=behind.add(
                    source_address(event.source), event.participant, words, (event.source.event_hash,)
                ),
                participant=event.participant,
                arm=arm_of(data, event.participant),
                on=event.on.isoformat() if event.on else "",
                day=study_day(event.on, first),
                days_from_last_dose=_days_between(given, event.on.isoformat())
                if given and event.on
                else None,
                cause=causes.get(event.participant, ""),
                told_by=event.note,
            )
        )
    return tuple(found)


def _days_between(first: str, second: str) -> int:
    from datetime import date

    return (date.fromisoformat(second) - date.fromisoformat(first)).days
