"""Dates, status and numbers of a record that contradict each other, or come too late.

Sources: registration before the first participant: ICMJE, N Engl J Med 2004;351:1250; within 21 days of it:
42 CFR 11.24(a); updates once a year: 42 CFR 11.64(a); late results: `registry.overdue`.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from trialrun.errors import UserError
from trialrun.registry.lint_check import Hits
from trialrun.registry.lint_lengths import longest_days
from trialrun.registry.overdue import overdue
from trialrun.registry.record import OutcomeRole, Record
from trialrun.values.dates import PartialDate, parse_partial_date
from trialrun.values.finding import Finding, Severity

OPEN = frozenset({"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION"})
_RUNNING = OPEN | {"ACTIVE_NOT_RECRUITING", "SUSPENDED"}
_ENDED = frozenset({"COMPLETED", "TERMINATED"})
_STOPPED = frozenset({"TERMINATED", "WITHDRAWN", "SUSPENDED"})
_REGISTRATION_ASKED = date(2005, 7, 1)
_GRACE = 21
_YEAR = 366
_SLACK = 31  # days: dates often name a month only
_DATES = (
    ("startDateStruct", "start"),
    ("primaryCompletionDateStruct", "primary completion"),
    ("completionDateStruct", "completion"),
)


def out_of_order(record: Record) -> Hits:
    """A start after the completion, or a primary completion after the completion of everything."""
    for first, second in ((0, 1), (1, 2), (0, 2)):
        (early, early_name), (late, late_name) = _DATES[first], _DATES[second]
        before, after = record.status_date(early), record.status_date(late)
        if before is not None and after is not None and before.earliest > after.latest:
            yield f"statusModule.{late}", f"{late_name} in {after} is before {early_name} in {before}"


def reached_in_future(record: Record) -> Hits:
    """A date said to be reached that lies after the record's own last update."""
    updated = record.status_date("lastUpdateSubmitDate") or record.status_date("statusVerifiedDate")
    for key, name in _DATES:
        day = record.status_date(key)
        actual = record.text("statusModule", key, "type") == "ACTUAL"
        if updated is not None and day is not None and actual and day.earliest > updated.latest:
            yield (
                f"statusModule.{key}",
                f"{name} is said to have been reached in {day}, after the last update of {updated}",
            )


def unreadable_dates(record: Record) -> Hits:
    """A date in another form than the registry's: nothing is computed from it."""
    module = record.module("statusModule")
    for key, value in module.items():
        text = value if isinstance(value, str) else record.text("statusModule", str(key), "date")
        if text and str(key).endswith(("Date", "DateStruct")) and record.status_date(str(key)) is None:
            yield f"statusModule.{str(key)[:60]}", f"{text[:60]!r} is not a date of the form YYYY-MM-DD"


def late_registration(record: Record) -> Hits:
    """A trial handed in for registration after its first participant."""
    submitted, started = record.status_date("studyFirstSubmitDate"), record.status_date("startDateStruct")
    if submitted is None or started is None or record.study_type != "INTERVENTIONAL":
        return
    days = (submitted.earliest - started.latest).days
    if days > _GRACE and started.latest >= _REGISTRATION_ASKED:
        yield (
            "statusModule.studyFirstSubmitDate",
            (
                f"handed in for registration on {submitted}, {days:,} days after the start in {started}: "
                "outcomes and size may have been chosen after data were seen"
            ),
        )


def no_reason(record: Record) -> Hits:
    """A stopped trial that does not say why."""
    if record.status in _STOPPED and not record.text("statusModule", "whyStopped").strip():
        yield "statusModule.whyStopped", f"the status is {record.status} and no reason is given"


def number_and_status(record: Record) -> Hits:
    """A number of participants that does not fit the status."""
    place, count, kind = "designModule.enrollmentInfo", record.enrollment, record.enrollment_type
    if count is None:
        return
    if count < 0:
        yield place, "the number of participants is negative"
    elif record.status == "WITHDRAWN" and count > 0:
        yield place, f"the trial was withdrawn before anybody took part, but {_number(count)} are given"
    elif record.status == "NOT_YET_RECRUITING" and kind == "ACTUAL" and count > 0:
        yield place, f"nobody takes part yet, but {_number(count)} are given as the number reached"
    elif record.status in _ENDED and kind == "ESTIMATED":
        yield place, f"the status is {record.status}, but {_number(count)} is still the planned number"


def _number(count: int) -> str:
    return f"{count:,}" if count < 10**15 else "a number of many digits"


def follow_up_too_long(record: Record) -> Hits:
    """An outcome that needs longer than the trial lasts, by its own dates."""
    if record.text("designModule", "designInfo", "timePerspective") in ("RETROSPECTIVE", "CROSS_SECTIONAL"):
        return
    if record.study_type not in ("INTERVENTIONAL", "OBSERVATIONAL") or record.status == "WITHDRAWN":
        return
    started = record.status_date("startDateStruct")
    ends = {
        OutcomeRole.PRIMARY: _DATES[1],
        OutcomeRole.SECONDARY: _DATES[2],
        OutcomeRole.OTHER: _DATES[2],
    }
    told: set[tuple[str, str]] = set()
    for outcome in record.outcomes():
        key, name = ends[outcome.role]
        ended = record.status_date(key)
        days = longest_days(outcome.time_frame)
        if started is None or ended is None or days is None or (key, outcome.time_frame) in told:
            continue
        lasted = (ended.latest - started.earliest).days
        if days > lasted + _SLACK:
            told.add((key, outcome.time_frame))
            yield (
                outcome.place,
                (
                    f"the time frame {outcome.time_frame!r} takes {days:,} days, but {name} ({ended}) is only "
                    f"{max(lasted, 0):,} days after the start ({started})"
                ),
            )


def dated(record: Record, today: date | None) -> Iterator[Finding]:
    """What is late on a day; the copy's own date when none is given, and nothing where it has none."""
    day = today or _copied(record)
    if day is None:
        return
    yield from _past_completion(record, day)
    yield from _not_updated(record, day)
    late = overdue(record, day)
    if late is not None:
        severity = Severity.WARNING if late.against_law or not late.expected.planned else Severity.NOTE
        yield Finding(
            severity,
            "results-overdue",
            late.message,
            "resultsSection",
            "ask the sponsor for the results; whether the law applies is an estimate from public fields",
        )


def _past_completion(record: Record, day: date) -> Iterator[Finding]:
    if record.status not in OPEN:
        return
    for key, name in _DATES[1:]:
        planned = record.status_date(key)
        if planned is not None and planned.latest < day:
            yield Finding(
                Severity.WARNING,
                "past-completion-yet-open",
                f"the status is {record.status} but {name} was planned for {planned}, before {day}",
                f"statusModule.{key}",
                "ask the sponsor whether the record is out of date",
            )


def _not_updated(record: Record, day: date) -> Iterator[Finding]:
    verified = record.status_date("statusVerifiedDate") or record.status_date("lastUpdateSubmitDate")
    if record.status in _RUNNING and verified is not None and (day - verified.latest).days > _YEAR:
        yield Finding(
            Severity.NOTE,
            "not-updated",
            f"the status is {record.status}, but nobody has verified the record since {verified}",
            "statusModule.statusVerifiedDate",
            "ask the sponsor whether it still holds; records of running trials are to be updated once a year",
        )


def _copied(record: Record) -> date | None:
    """The day the copy was made, as the copy or the registry's own marking in it says."""
    derived = record.document.get("derivedSection")
    marked = Record({"protocolSection": derived}).text("miscInfoModule", "versionHolder")
    for text in (record.provenance.copied, marked):
        found = _partial(text)
        if found is not None:
            return found.earliest
    return None


def _partial(text: str) -> PartialDate | None:
    try:
        return parse_partial_date(text) if text else None
    except UserError:
        return None
