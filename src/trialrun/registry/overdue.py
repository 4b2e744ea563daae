"""When a trial's results are due on the registry, and whether they are late.

Two rules are told apart: the WHO's joint statement, which every trial is asked to follow, and the law of
the United States, which binds only applicable clinical trials. Whether a trial is one is an estimate from
public fields: the registry's own marking is not published.
Sources: 42 CFR 11.10, 11.22(b), 11.44 (Final Rule, 81 FR 64981, 2016); WHO joint statement on public
disclosure of results from clinical trials, 18 May 2017.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from trialrun.registry.record import Record
from trialrun.values.dates import PartialDate, add_months

_MONTHS = 12
_MONTHS_CERTIFIED = 24  # 42 CFR 11.44(b), (c): at most two years from the certification
_FINAL_RULE = date(2017, 1, 18)
_OLD_LAW = date(2007, 9, 27)
_STARTED_UNDER_OLD_LAW = date(2007, 12, 26)
_OPEN = frozenset(
    {"RECRUITING", "NOT_YET_RECRUITING", "ENROLLING_BY_INVITATION", "ACTIVE_NOT_RECRUITING", "SUSPENDED"}
)
_ENDED = frozenset({"COMPLETED", "TERMINATED"})
_EARLY = frozenset({"EARLY_PHASE1", "PHASE1"})
_PRODUCTS = frozenset(
    {
        "DRUG",
        "BIOLOGICAL",
        "DEVICE",
        "GENETIC",
        "RADIATION",
        "COMBINATION_PRODUCT",
        "DIAGNOSTIC_TEST",
        "DIETARY_SUPPLEMENT",
    }
)
_UNITED_STATES = frozenset(
    {
        "united states",
        "puerto rico",
        "guam",
        "american samoa",
        "northern mariana islands",
        "u.s. virgin islands",
        "virgin islands (u.s.)",
    }
)


class Applies(StrEnum):
    """Whether the law of the United States probably binds a trial to post results."""

    PROBABLY = "probably"
    PROBABLY_NOT = "probably not"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class ResultsDue:
    """By when results are expected, and why.

    Args:
        completed: the primary completion date; the completion date where that one is missing.
        planned: whether this date is still an estimate nobody has confirmed.
        due: one year later (WHO joint statement; 42 CFR 11.44(a)), counted from the last day the
            completion date can mean.
        law: whether the law of the United States probably applies.
        reason: why it does or does not.
        due_by_law: the law's date where it probably applies; later than `due` where a delay was certified.
    """

    completed: PartialDate
    planned: bool
    due: date
    law: Applies
    reason: str
    due_by_law: date | None = None


@dataclass(frozen=True, slots=True)
class Overdue:
    """Results that are late on a given day.

    Args:
        expected: when they were due and by which rule.
        days: days since `expected.due`.
        against_law: whether the law's own date has probably passed, too.
    """

    expected: ResultsDue
    days: int
    against_law: bool

    @property
    def due(self) -> date:
        """The day results were due."""
        return self.expected.due

    @property
    def message(self) -> str:
        """The finding in words for a reader of the record."""
        what = "planned primary completion" if self.expected.planned else "primary completion"
        rule = "42 CFR 11.44 probably applies" if self.against_law else "WHO joint statement, 2017"
        return (
            f"no results {self.days:,} days after they were due on {self.due} "
            f"(12 months after {what} in {self.expected.completed}; {rule}: {self.expected.reason})"
        )


def overdue(record: Record, today: date) -> Overdue | None:
    """Whether results are late on a day; `None` where they are posted, submitted, waived or not yet due.

    Observational studies, expanded access, withdrawn trials and trials said to be running are never overdue.
    """
    if _has_results(record, today):
        return None
    expected = results_due(record)
    if expected is None or expected.due >= today:
        return None
    law = expected.due_by_law is not None and expected.due_by_law < today
    return Overdue(expected, (today - expected.due).days, law)


def results_due(record: Record) -> ResultsDue | None:
    """When results of a trial are due; `None` for what owes none or has not ended.

    Does not look at whether they were posted.
    """
    if record.study_type != "INTERVENTIONAL" or record.status == "WITHDRAWN" or record.enrollment == 0:
        return None
    if record.module("statusModule").get("resultsWaived") is True or record.status in _OPEN:
        return None
    key = next(
        (
            name
            for name in ("primaryCompletionDateStruct", "completionDateStruct")
            if record.status_date(name) is not None
        ),
        "",
    )
    completed = record.status_date(key) if key else None
    if completed is None or completed.year > date.max.year - 4:
        return None
    planned = record.text("statusModule", key, "type") != "ACTUAL" and record.status not in _ENDED
    law, reason = applies(record, completed)
    due = add_months(completed.latest, _MONTHS)
    by_law = due if law is Applies.PROBABLY else None
    certified = record.status_date("dispFirstSubmitDate")
    if by_law and certified is not None and certified.year < date.max.year - 4:
        by_law = max(due, add_months(certified.latest, _MONTHS_CERTIFIED))
        reason = f"{reason}, a delay was certified on {certified}"
    return ResultsDue(completed, planned, due, law, reason, by_law)


def applies(record: Record, completed: PartialDate) -> tuple[Applies, str]:
    """Whether a trial is probably an applicable clinical trial, and the field that decides.

    Source: 42 CFR 11.22(b)(2) for trials begun since 18 January 2017; for older ones the fields of the
    earlier law (42 U.S.C. 282(j)(1)(A)), of which the public record lacks the decisive ones.
    """
    oversight = record.module("oversightModule")
    drug, device = (oversight.get(name) for name in ("isFdaRegulatedDrug", "isFdaRegulatedDevice"))
    no = _excluded(record, drug, device)
    if no:
        return Applies.PROBABLY_NOT, no
    started = record.status_date("startDateStruct")
    if started is None:
        return Applies.UNCLEAR, "the start date is missing"
    if completed.latest < _OLD_LAW or (
        started.latest < _OLD_LAW and completed.latest < _STARTED_UNDER_OLD_LAW
    ):
        return Applies.PROBABLY_NOT, "ended before the law of 2007"
    link = _american(record, oversight)
    if drug is True or device is True:
        if link:
            return Applies.PROBABLY, f"a product regulated by the FDA, {link}"
        return Applies.UNCLEAR, "a product regulated by the FDA, no site in the United States"
    if started.latest >= _FINAL_RULE:
        return Applies.UNCLEAR, "the record does not say whether the FDA regulates the product"
    return (
        Applies.UNCLEAR,
        "begun before 2017, when records did not say whether the FDA regulates the product",
    )


def _excluded(record: Record, drug: object, device: object) -> str:
    """Why a trial is none the law speaks of; empty where no field says so."""
    if drug is False and device is False:
        return "no product regulated by the FDA"
    phases = set(record.phases)
    if phases and phases <= _EARLY and device is not True:
        return "phase 1"
    if record.primary_purpose == "DEVICE_FEASIBILITY":
        return "a feasibility study of a device"
    types = {one.type for one in record.interventions}
    if types and not types & _PRODUCTS and drug is not True and device is not True:
        return "no drug, biological product or device is studied"
    return ""


def _american(record: Record, oversight: Mapping[str, Any]) -> str:
    if any(place.country.strip().lower() in _UNITED_STATES for place in record.locations):
        return "a site in the United States"
    return "exported from the United States" if oversight.get("isUsExport") is True else ""


def _has_results(record: Record, today: date) -> bool:
    """Whether results are posted or were handed in by a day; what is under review counts as handed in."""
    section = record.document.get("resultsSection")
    if record.document.get("hasResults") is True or (isinstance(section, Mapping) and section):
        return True
    submitted = record.status_date("resultsFirstSubmitDate") or _released(record)
    return submitted is not None and submitted.earliest <= today


def _released(record: Record) -> PartialDate | None:
    """When results that are still under review were first handed in."""
    section = record.document.get("annotationSection")
    return Record(
        {
            "protocolSection": {
                "statusModule": {"released": _first_release(section) if isinstance(section, Mapping) else ""}
            }
        }
    ).status_date("released")


def _first_release(section: Mapping[str, Any]) -> str:
    module = section.get("annotationModule")
    posted = module.get("unpostedAnnotation") if isinstance(module, Mapping) else None
    events = posted.get("unpostedEvents") if isinstance(posted, Mapping) else None
    dates = [
        event["date"]
        for event in (events if isinstance(events, tuple | list) else ())
        if isinstance(event, Mapping)
        and event.get("type") == "RELEASE"
        and isinstance(event.get("date"), str)
    ]
    return min(dates, default="")
