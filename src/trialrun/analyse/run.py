"""From a snapshot to all results, or a plain refusal."""

from __future__ import annotations

import trialrun
from trialrun.analyse.basis import Basis, basis_of
from trialrun.analyse.multiplicity import adjusted
from trialrun.analyse.outcomes import described, outcome_of
from trialrun.analyse.planned import analysed_by_time, planned_results, time_to_events
from trialrun.analyse.result import Result, Results
from trialrun.analyse.safety import analyse_safety
from trialrun.derive.dataset import Dataset, derive_dataset
from trialrun.derive.endpoints import BASELINE, COMPOSITE, AnalysisRow, analysis_visits
from trialrun.derive.measures import is_known
from trialrun.derive.populations import TREATED
from trialrun.errors import AnalysisError
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Endpoint, EndpointRole, Study
from trialrun.study.plan_events import something_given

ROLES = (EndpointRole.PRIMARY, EndpointRole.SECONDARY, EndpointRole.EXPLORATORY, EndpointRole.SAFETY)
# Squares and sums of what is larger leave the range of the machine's numbers; nothing a laboratory reports does.
LARGEST = 1e100
ASSUMED = "the study states no analysis plan: this one is derived from its other parts and is to be confirmed"


def registered_outcomes(study: Study) -> tuple[Endpoint, ...]:
    """The outcomes of the registry record in its order: primary first, then secondary."""
    found = [endpoint for endpoint in study.endpoints.values() if endpoint.order > 0]
    return tuple(sorted(found, key=lambda endpoint: (ROLES.index(endpoint.role), endpoint.order)))


def analyse(snapshot: Snapshot, study: Study) -> Results:
    """Derive a snapshot and analyse it as the study's plan says.

    Errors: `AnalysisError` naming the outcome that cannot be analysed and why; nothing is left out
    silently.
    """
    return analyse_dataset(derive_dataset(snapshot, study))


def analyse_dataset(data: Dataset) -> Results:
    """Analyse what was derived already; see `analyse`."""
    origin = data.snapshot.manifest.origin
    if origin.study_id != data.study.id:
        raise AnalysisError(
            f"the snapshot is of study {origin.study_id}, the definition given is {data.study.id}",
            "give the study the snapshot was cut for",
        )
    basis = basis_of(data)
    registered = registered_outcomes(data.study)
    for endpoint in registered:
        _check(basis, endpoint)
    if not registered:
        raise AnalysisError(
            f"study {data.study.id} has no registered outcome", "add endpoints with their order"
        )
    more, not_analysed = _exploratory(basis)
    results = [result for endpoint in (*registered, *more) for result in _all_of(basis, endpoint)]
    results += time_to_events(basis)
    return Results(
        snapshot_hash=data.snapshot.manifest.hash,
        study_id=data.study.id,
        study_hash=data.study.hash,
        purpose=origin.purpose,
        synthetic=origin.synthetic,
        code_version=trialrun.__version__,
        counts={name: len(population.members) for name, population in data.populations.items()},
        results=adjusted(basis, results),
        not_analysed=not_analysed,
        study_title=data.study.title,
        titles={name: population.title for name, population in data.populations.items()},
        outcomes={endpoint.name: endpoint.role.value for endpoint in registered},
        arms={name: data.study.arms[name].title for name in basis.arms.names},
        control=basis.arms.control,
        masked=basis.arms.masked,
        safety=analyse_safety(data),
        notes=tuple(note for note in (basis.arms.note, ASSUMED if basis.plan.assumed else "") if note),
    )


def _all_of(basis: Basis, endpoint: Endpoint) -> tuple[Result, ...]:
    """An outcome described, also by arm, and then as the plan asks.

    A time to an event is not described by visit: the share that had it would count those who left as free of it.
    """
    if analysed_by_time(basis, endpoint):
        return planned_results(basis, endpoint)
    found = list(described(outcome_of(basis, endpoint)))
    for arm in basis.arms.names:
        found += described(outcome_of(basis, endpoint, arm))
    return (*found, *planned_results(basis, endpoint))


def _exploratory(basis: Basis) -> tuple[list[Endpoint], dict[str, str]]:
    """The outcomes the study adds to the record: analysed where they can be, else named with the reason."""
    found: list[Endpoint] = []
    without: dict[str, str] = {}
    for endpoint in basis.study.endpoints.values():
        if endpoint.order:
            continue
        try:
            _check(basis, endpoint)
        except AnalysisError as error:
            without[endpoint.name] = error.message
        else:
            found.append(endpoint)
    return found, without


def last_time(study: Study, endpoint: Endpoint) -> str:
    """The last follow-up time an endpoint is registered at; empty when it has none."""
    times = [visit for visit in analysis_visits(study) if visit in endpoint.visits]
    return times[-1] if times else ""


def _check(basis: Basis, endpoint: Endpoint) -> None:
    """Refuse an outcome that cannot be analysed."""
    study, name = basis.study, endpoint.variable
    if not is_known(study, name):
        raise _impossible(endpoint, f"its variable {name!r} is neither an item nor a derived value")
    last = last_time(study, endpoint)
    if not last:
        raise _impossible(endpoint, f"none of its times ({', '.join(endpoint.visits)}) is a follow-up visit")
    if not basis.members(TREATED):
        began = "was given a dose" if something_given(study) else "was enrolled"
        raise _impossible(endpoint, f"nobody in the snapshot {began}")
    if analysed_by_time(basis, endpoint):
        _check_times(basis, endpoint)
        return
    _check_size(basis, endpoint)
    rows = basis.of(name, last, TREATED)
    compared = bool(endpoint.baseline_visits)
    if compared and not any(row.baseline is not None or row.baseline_category is not None for row in rows):
        raise _impossible(endpoint, "no treated participant has a baseline value")
    decided = [row for row in rows if _is_decided(row, compared=compared)]
    if len(decided) < 2:
        reasons = sorted({row.explanation for row in rows if row.explanation})
        words = "; ".join(reasons[:3]) or "no value"
        died = sum(row.status in COMPOSITE for row in rows)
        words += f"; {died} died or were transplanted" if died else ""
        raise _impossible(
            endpoint,
            f"{len(decided)} treated participant(s) have a {'change' if compared else 'value'} at {last}: {words}",
        )


def _check_times(basis: Basis, endpoint: Endpoint) -> None:
    """Refuse a time to an event that nobody has."""
    people = basis.members(TREATED)
    own = [time for time in basis.data.times if time.endpoint == endpoint.name and time.participant in people]
    if not any(time.known for time in own):
        raise _impossible(endpoint, "nobody has a day on which its time begins and one that ends it")


def _check_size(basis: Basis, endpoint: Endpoint) -> None:
    """Refuse a value no sum of squares can hold, by whose and when it is."""
    for visit in (BASELINE, *analysis_visits(basis.study)):
        for row in basis.of(endpoint.variable, visit, TREATED):
            if row.value is not None and not abs(row.value) <= LARGEST:
                raise _impossible(
                    endpoint,
                    f"{row.participant} has the value {row.value:g} at {visit}, which is too large to compute with",
                )


def _is_decided(row: AnalysisRow, *, compared: bool) -> bool:
    """Whether a row says something: a change or shift, or the value itself where there is nothing to compare it with."""
    if compared:
        return row.change is not None or _is_shift(row)
    return row.value is not None or row.category is not None


def _is_shift(row: AnalysisRow) -> bool:
    return row.category is not None and row.baseline_category is not None


def _impossible(endpoint: Endpoint, reason: str) -> AnalysisError:
    return AnalysisError(
        f"{endpoint.role.value} outcome {endpoint.order or ''} ({endpoint.name}, {endpoint.title!r}) "
        f"cannot be analysed: {reason}",
        "a report without a registered outcome is not built; wait for the data, or amend the study with a reason",
    )
