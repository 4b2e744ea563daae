"""Everything analysis needs, derived from one snapshot."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from trialrun.derive.answers import VisitAnswers, read_answers
from trialrun.derive.deviations import Deviation, derive_deviations
from trialrun.derive.endpoints import AnalysisRow, derive_endpoints
from trialrun.derive.event_times import EventTime, derive_event_times
from trialrun.derive.intercurrent import Intercurrent, derive_intercurrent
from trialrun.derive.measures import Measure, Rules, derive_measures, parameters_of
from trialrun.derive.populations import Population, derive_populations
from trialrun.derive.safety import AdverseEvent, Dose, derive_adverse_events, derive_doses
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Study
from trialrun.study.plan_events import something_given


@dataclass(frozen=True, slots=True)
class Dataset:
    """A snapshot's derived rows, all traced to the log."""

    snapshot: Snapshot
    study: Study
    answers: Mapping[str, Sequence[VisitAnswers]]
    measures: tuple[Measure, ...]
    rows: tuple[AnalysisRow, ...]
    events: tuple[Intercurrent, ...]
    doses: tuple[Dose, ...]
    adverse_events: tuple[AdverseEvent, ...]
    deviations: tuple[Deviation, ...]
    populations: Mapping[str, Population]
    times: tuple[EventTime, ...] = ()


def derive_dataset(snapshot: Snapshot, study: Study, *, rules: Rules | None = None) -> Dataset:
    """Derive scores, analysis rows, intercurrent events, doses, safety, deviations and populations.

    `rules` computes the study's rules on one row; by default they are compiled from the study.
    """
    snapshot = begun(snapshot, study)
    if rules is None:
        from trialrun.derive.rules import study_rules

        rules = study_rules(study)
    answers = read_answers(snapshot, study)
    parameters = parameters_of(study, rules)
    measures = tuple(
        measure
        for person, visits in answers.items()
        for measure in derive_measures(
            study,
            visits,
            rules,
            parameters=parameters,
            known={"age": snapshot.participants[person]["age"]},
            logged={
                (row["visit"], row["name"]): row["text"]
                for row in snapshot.derived_of.get(person, ())
                if row["text"] is not None
            },
        )
    )
    events = derive_intercurrent(snapshot, study, answers)
    rows = derive_endpoints(snapshot, study, answers, measures, events, parameters=parameters)
    doses = derive_doses(snapshot, study, answers)
    deviations = derive_deviations(snapshot, study, answers, doses, rows)
    times = derive_event_times(snapshot, study, answers)
    return Dataset(
        snapshot=snapshot,
        study=study,
        answers=answers,
        measures=measures,
        rows=rows,
        events=events,
        doses=doses,
        adverse_events=derive_adverse_events(snapshot, study, answers),
        deviations=deviations,
        populations=derive_populations(snapshot, study, rows, deviations, times),
        times=times,
    )


def begun(snapshot: Snapshot, study: Study) -> Snapshot:
    """The snapshot with a first day for everybody who began: where nothing is given, that is the day of enrolment.

    A cohort that is observed, and a trial whose arms are not all given something, count time from there.
    """
    if something_given(study):
        return snapshot
    people = tuple(
        {**row, "first_dose_on": row["first_dose_on"] or row["enrolled_on"]}
        for row in snapshot.rows("participants")
    )
    return replace(snapshot, tables={**snapshot.tables, "participants": people})
