"""What is wrong with a record as a plan of a trial: told before the trial is set up from it.

Each check is one row of a table: a code, how bad it is, what to do, and a function that yields the
places where it applies. Sources: STATISTICS part 1 and CLINICAL part 2.5 of the reference notes;
levels of outcomes after Zarin et al., N Engl J Med 2011;364:852.
"""

from __future__ import annotations

from datetime import date

from trialrun.registry import lint_criteria, lint_dates, lint_design, lint_outcomes, lint_text
from trialrun.registry.lint_check import ASK, CORRECT, Hits, RecordCheck
from trialrun.registry.record import Record
from trialrun.registry.trim import trimmed
from trialrun.values.finding import Finding, Severity

__all__ = ["CHECKS", "RecordCheck", "lint_record"]
_EXPLORING = frozenset({"PHASE1", "EARLY_PHASE1"})


def lint_record(record: Record, *, today: date | None = None) -> list[Finding]:
    """Everything the record leaves open or contradicts, in the order of the record.

    Args:
        record: any record.
        today: the day dates are compared with; the copy's own date when not given, and where the
            copy has none, nothing is said about what is late.
    """
    record, overlong = trimmed(record)
    found = [finding for check in CHECKS for finding in check.findings(record)]
    return overlong + found + list(lint_dates.dated(record, today))


def _safety(record: Record) -> Hits:
    """A record that speaks of safety and registers no outcome of it."""
    words = lint_outcomes.safety_words(record)
    if words and record.study_type != "OBSERVATIONAL" and not lint_outcomes.has_safety_outcome(record):
        yield "outcomesModule", f"the record announces {words!r} but registers no safety outcome"


def _several_primaries(record: Record) -> Hits:
    """Several primary outcomes, in a trial that is to confirm something."""
    count = len(lint_outcomes.primaries(record))
    confirms = record.study_type != "OBSERVATIONAL" and not (
        record.phases and set(record.phases) <= _EXPLORING
    )
    if count > 1 and confirms:
        yield (
            "outcomesModule.primaryOutcomes",
            f"{count:,} primary outcomes and no word on whether one or all must succeed",
        )


def _no_primary(record: Record) -> Hits:
    """No primary outcome."""
    if not lint_outcomes.primaries(record) and record.study_type != "EXPANDED_ACCESS":
        yield "outcomesModule.primaryOutcomes", "the record registers no primary outcome"


def _no_target(record: Record) -> Hits:
    """No number of participants, though the trial was not withdrawn."""
    if not record.enrollment and record.status != "WITHDRAWN" and record.study_type != "EXPANDED_ACCESS":
        said = "0" if record.enrollment == 0 else "not stated"
        yield "designModule.enrollmentInfo", f"the number of participants is {said}"


def _no_design(record: Record) -> Hits:
    """An interventional study without allocation or masking."""
    for name, value in (("allocation", record.allocation), ("masking", record.masking)):
        if record.study_type == "INTERVENTIONAL" and not value:
            yield f"designModule.designInfo.{name}", f"the {name} is not stated"


_ASK_LEVEL = "fill the level in the study as an assumption and have it confirmed"
CHECKS: tuple[RecordCheck, ...] = (
    RecordCheck("no-primary-outcome", Severity.WARNING, ASK, _no_primary),
    RecordCheck("several-primary-outcomes", Severity.NOTE, "declare how they combine (default: Holm)", _several_primaries),
    RecordCheck("outcome-without-metric", Severity.WARNING, _ASK_LEVEL, lint_outcomes.no_metric, Severity.NOTE),
    RecordCheck("outcome-without-baseline", Severity.WARNING, _ASK_LEVEL, lint_outcomes.no_baseline, Severity.NOTE),
    RecordCheck("time-frame-missing", Severity.WARNING, ASK, lint_outcomes.no_time_frame),
    RecordCheck("time-frame-without-time", Severity.WARNING, ASK, lint_outcomes.no_time),
    RecordCheck("time-frame-without-anchor", Severity.NOTE, ASK, lint_outcomes.no_anchor),
    RecordCheck("time-frame-not-understood", Severity.NOTE, "read it and set the visits by hand", lint_outcomes.not_understood),
    RecordCheck("score-version-unnamed", Severity.WARNING, "name formula and version", lint_outcomes.no_version),
    RecordCheck("input-without-outcome", Severity.NOTE, "schedule the tests the score needs", lint_outcomes.unscheduled_inputs),
    RecordCheck("safety-not-registered", Severity.WARNING, "collect adverse events anyway and say so", _safety),
    RecordCheck("dose-incomplete", Severity.WARNING, ASK, lint_outcomes.incomplete_dose),
    RecordCheck("no-enrollment-target", Severity.WARNING, ASK, _no_target),
    RecordCheck("design-not-stated", Severity.NOTE, ASK, _no_design),
    RecordCheck("no-criteria", Severity.WARNING, ASK, lint_criteria.no_section),
    RecordCheck("compound-criterion", Severity.NOTE, "answer each part on its own", lint_criteria.compound),
    RecordCheck("conjunction-in-exclusion", Severity.NOTE, "decide whether `and` means both or either", lint_criteria.conjunction),
    RecordCheck("judgement-criterion", Severity.NOTE, "have a named person sign it; never default it", lint_criteria.judgement),
    RecordCheck("units-contradict", Severity.WARNING, "decide which of the two quantities counts", lint_criteria.two_units),
    RecordCheck("age-limits-disagree", Severity.WARNING, "decide which limits count", lint_criteria.two_ages),
    RecordCheck("same-outcome-twice", Severity.WARNING, CORRECT, lint_outcomes.twice),
    RecordCheck("several-measures-in-one", Severity.NOTE, "split it and say which one decides", lint_outcomes.several_in_one),
    RecordCheck("composite-without-components", Severity.WARNING, ASK, lint_outcomes.no_components, Severity.NOTE),
    RecordCheck("criterion-on-both-sides", Severity.ERROR, CORRECT, lint_criteria.both_sides),
    RecordCheck("exclusion-phrased-as-inclusion", Severity.WARNING, "decide what was meant; until then nobody is excluded by it alone", lint_criteria.negated_exclusion),
    RecordCheck("dates-out-of-order", Severity.ERROR, CORRECT, lint_dates.out_of_order),
    RecordCheck("reached-in-the-future", Severity.WARNING, CORRECT, lint_dates.reached_in_future),
    RecordCheck("date-not-read", Severity.WARNING, CORRECT, lint_dates.unreadable_dates),
    RecordCheck("registered-late", Severity.WARNING, "say so in the report", lint_dates.late_registration),
    RecordCheck("stopped-without-reason", Severity.WARNING, ASK, lint_dates.no_reason),
    RecordCheck("number-against-status", Severity.WARNING, CORRECT, lint_dates.number_and_status),
    RecordCheck("follow-up-longer-than-trial", Severity.WARNING, "correct the time frame or the dates", lint_dates.follow_up_too_long),
    RecordCheck("no-arms", Severity.WARNING, ASK, lint_design.no_arms),
    RecordCheck("arm-against-interventions", Severity.WARNING, ASK, lint_design.empty_arm),
    RecordCheck("intervention-in-no-arm", Severity.WARNING, ASK, lint_design.unused_intervention),
    RecordCheck("name-not-in-record", Severity.ERROR, CORRECT, lint_design.dangling_name),
    RecordCheck("arm-label-twice", Severity.WARNING, CORRECT, lint_design.labels_twice),
    RecordCheck("arms-against-design", Severity.WARNING, ASK, lint_design.model_and_arms),
    RecordCheck("observational-with-design-of-a-trial", Severity.WARNING, CORRECT, lint_design.observational_with_allocation),
    RecordCheck("masking-contradicted", Severity.WARNING, ASK, lint_design.masking_words),
    RecordCheck("masked-parties-miscounted", Severity.NOTE, ASK, lint_design.who_is_masked),
    RecordCheck("sex-contradicted", Severity.WARNING, "decide whom the trial admits", lint_design.sex_words),
    RecordCheck("ages-in-reverse", Severity.ERROR, CORRECT, lint_design.age_fields),
    RecordCheck("site-missing", Severity.NOTE, ASK, lint_design.no_places),
    RecordCheck("nobody-to-ask", Severity.NOTE, ASK, lint_design.nobody_to_ask),
    RecordCheck("part-missing", Severity.NOTE, ASK, lint_text.untitled),
    RecordCheck("hidden-characters", Severity.WARNING, "read the text beside the registry's own page", lint_text.hidden_characters),
    RecordCheck("markup-in-text", Severity.NOTE, "", lint_text.markup),
)  # fmt: skip
