"""What is wrong with a record as a plan of a trial: told before the trial is set up from it.

Each check is one row of a table: a code, how bad it is, what to do, and a function that yields the
places where it applies. Sources: STATISTICS part 1 and CLINICAL part 2.5 of the reference notes;
levels of outcomes after Zarin et al., N Engl J Med 2011;364:852.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date

from trialrun.errors import UserError
from trialrun.registry import lint_criteria, lint_outcomes
from trialrun.registry.record import Record
from trialrun.registry.trim import trimmed
from trialrun.values.dates import parse_partial_date
from trialrun.values.finding import Finding, Severity

Hits = Iterator[tuple[str, str]]
_OPEN = frozenset({"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION"})


@dataclass(frozen=True, slots=True)
class RecordCheck:
    """One defect looked for: `find` yields the place and the message of each occurrence."""

    code: str
    severity: Severity
    remedy: str
    find: Callable[[Record], Hits]


def lint_record(record: Record, *, today: date | None = None) -> list[Finding]:
    """Everything the record leaves open or contradicts, in the order of the record.

    Args:
        record: any record.
        today: the day dates are compared with; the copy's own date when not given, and where the
            copy has none, nothing is said about dates.
    """
    record, overlong = trimmed(record)
    found = overlong + [
        Finding(check.severity, check.code, message, place, check.remedy)
        for check in CHECKS
        for place, message in check.find(record)
    ]
    return found + list(_stale(record, today))


def _safety(record: Record) -> Hits:
    words = lint_outcomes.safety_words(record)
    if words and not lint_outcomes.has_safety_outcome(record):
        yield "outcomesModule", f"the record announces {words!r} but registers no safety outcome"


def _several_primaries(record: Record) -> Hits:
    count = len(lint_outcomes.primaries(record))
    if count > 1:
        yield (
            "outcomesModule.primaryOutcomes",
            f"{count} primary outcomes and no word on whether one or all must succeed",
        )


def _no_primary(record: Record) -> Hits:
    if not lint_outcomes.primaries(record):
        yield "outcomesModule.primaryOutcomes", "the record registers no primary outcome"


def _no_target(record: Record) -> Hits:
    if not record.enrollment:
        yield (
            "designModule.enrollmentInfo",
            f"the number of participants is {record.enrollment or 'not stated'}",
        )


def _no_design(record: Record) -> Hits:
    for name, value in (("allocation", record.allocation), ("masking", record.masking)):
        if record.study_type == "INTERVENTIONAL" and not value:
            yield f"designModule.designInfo.{name}", f"the {name} is not stated"


def _stale(record: Record, today: date | None) -> Iterator[Finding]:
    day = today or _copied(record.provenance.copied)
    if day is None or record.status not in _OPEN:
        return
    for key, name in (
        ("primaryCompletionDateStruct", "primary completion"),
        ("completionDateStruct", "completion"),
    ):
        planned = record.status_date(key)
        if planned is not None and planned.latest < day:
            yield Finding(
                Severity.WARNING,
                "past-completion-yet-open",
                f"the status is {record.status} but {name} was planned for {planned}, before {day}",
                f"statusModule.{key}",
                "ask the sponsor whether the record is out of date",
            )


def _copied(text: str) -> date | None:
    if not text:
        return None
    try:
        return parse_partial_date(text).earliest
    except UserError:
        return None


_ASK = "ask the sponsor; until then it is an assumption of the study"
_ASK_LEVEL = "fill the level in the study as an assumption and have it confirmed"
CHECKS: tuple[RecordCheck, ...] = (
    RecordCheck("no-primary-outcome", Severity.WARNING, _ASK, _no_primary),
    RecordCheck("several-primary-outcomes", Severity.NOTE, "declare how they combine (default: Holm)", _several_primaries),
    RecordCheck("outcome-without-metric", Severity.WARNING, _ASK_LEVEL, lint_outcomes.no_metric),
    RecordCheck("outcome-without-baseline", Severity.WARNING, _ASK_LEVEL, lint_outcomes.no_baseline),
    RecordCheck("time-frame-missing", Severity.WARNING, _ASK, lint_outcomes.no_time_frame),
    RecordCheck("time-frame-without-time", Severity.WARNING, _ASK, lint_outcomes.no_time),
    RecordCheck("time-frame-without-anchor", Severity.NOTE, _ASK, lint_outcomes.no_anchor),
    RecordCheck("time-frame-not-understood", Severity.NOTE, "read it and set the visits by hand", lint_outcomes.not_understood),
    RecordCheck("score-version-unnamed", Severity.WARNING, "name formula and version", lint_outcomes.no_version),
    RecordCheck("input-without-outcome", Severity.NOTE, "schedule the tests the score needs", lint_outcomes.unscheduled_inputs),
    RecordCheck("safety-not-registered", Severity.WARNING, "collect adverse events anyway and say so", _safety),
    RecordCheck("dose-incomplete", Severity.WARNING, _ASK, lint_outcomes.incomplete_dose),
    RecordCheck("no-enrollment-target", Severity.WARNING, _ASK, _no_target),
    RecordCheck("design-not-stated", Severity.NOTE, _ASK, _no_design),
    RecordCheck("no-criteria", Severity.WARNING, _ASK, lint_criteria.no_section),
    RecordCheck("compound-criterion", Severity.NOTE, "answer each part on its own", lint_criteria.compound),
    RecordCheck("conjunction-in-exclusion", Severity.NOTE, "decide whether `and` means both or either", lint_criteria.conjunction),
    RecordCheck("judgement-criterion", Severity.NOTE, "have a named person sign it; never default it", lint_criteria.judgement),
    RecordCheck("units-contradict", Severity.WARNING, "decide which of the two quantities counts", lint_criteria.two_units),
    RecordCheck("age-limits-disagree", Severity.WARNING, "decide which limits count", lint_criteria.two_ages),
)  # fmt: skip
