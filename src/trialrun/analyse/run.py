"""From a snapshot to all results, or a plain refusal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import trialrun
from trialrun.analyse.methods import holm
from trialrun.analyse.outcomes import Outcome, analyse_outcome, outcome_of
from trialrun.analyse.result import Analysis, Result, Results
from trialrun.derive.dataset import Dataset, derive_dataset
from trialrun.derive.endpoints import analysis_visits
from trialrun.derive.populations import TREATED
from trialrun.errors import AnalysisError
from trialrun.snapshot.read import Snapshot
from trialrun.study.model import Endpoint, EndpointRole, Study

ROLES = (EndpointRole.PRIMARY, EndpointRole.SECONDARY, EndpointRole.EXPLORATORY, EndpointRole.SAFETY)


def registered_outcomes(study: Study) -> tuple[Endpoint, ...]:
    """The outcomes of the registry record in its order: primary first, then secondary."""
    found = [endpoint for endpoint in study.endpoints.values() if endpoint.order > 0]
    return tuple(sorted(found, key=lambda endpoint: (ROLES.index(endpoint.role), endpoint.order)))


def analyse(snapshot: Snapshot, study: Study) -> Results:
    """Derive and analyse every registered outcome.

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
    outcomes = [_checked(data, endpoint) for endpoint in registered_outcomes(data.study)]
    if not outcomes:
        raise AnalysisError(
            f"study {data.study.id} has no registered outcome", "add endpoints with their order"
        )
    more, not_analysed = _exploratory(data)
    results = [result for outcome in (*outcomes, *more) for result in analyse_outcome(outcome)]
    return Results(
        snapshot_hash=data.snapshot.manifest.hash,
        study_id=data.study.id,
        study_hash=data.study.hash,
        purpose=origin.purpose,
        synthetic=origin.synthetic,
        code_version=trialrun.__version__,
        counts={name: len(population.members) for name, population in data.populations.items()},
        results=adjusted(results, outcomes),
        not_analysed=not_analysed,
    )


def _exploratory(data: Dataset) -> tuple[list[Outcome], dict[str, str]]:
    """The outcomes the study adds to the record: analysed where they can be, else named with the reason."""
    found: list[Outcome] = []
    without: dict[str, str] = {}
    for endpoint in data.study.endpoints.values():
        if endpoint.order:
            continue
        try:
            found.append(_checked(data, endpoint))
        except AnalysisError as error:
            without[endpoint.name] = error.message
    return found, without


def primary_result_id(outcome: Outcome) -> str:
    """The one result an outcome's primary p value is: composite, at the last registered time."""
    return f"{outcome.endpoint.name}/{_last_time(outcome.data.study, outcome.endpoint)}/{Analysis.COMPOSITE.value}"


def adjusted(results: Sequence[Result], outcomes: Sequence[Outcome]) -> tuple[Result, ...]:
    """Holm over the primary outcomes, as the study's default says ("at least one")."""
    ids = [
        primary_result_id(outcome) for outcome in outcomes if outcome.endpoint.role is EndpointRole.PRIMARY
    ]
    chosen = {result.id: result.p for result in results if result.id in ids and result.p is not None}
    values = dict(zip(chosen, holm(list(chosen.values())), strict=True))
    return tuple(replace(r, p_adjusted=values[r.id]) if r.id in values else r for r in results)


def _last_time(study: Study, endpoint: Endpoint) -> str:
    times = [visit for visit in analysis_visits(study) if visit in endpoint.visits]
    return times[-1] if times else ""


def _checked(data: Dataset, endpoint: Endpoint) -> Outcome:
    """The outcome if it can be analysed."""
    study, name = data.study, endpoint.variable
    if not _is_known(study, name):
        raise _impossible(endpoint, f"its variable {name!r} is neither an item nor a derived value")
    last = _last_time(study, endpoint)
    if not last:
        raise _impossible(endpoint, f"none of its times ({', '.join(endpoint.visits)}) is a follow-up visit")
    if not data.populations[TREATED].members:
        raise _impossible(endpoint, "nobody in the snapshot was given a dose")
    outcome = outcome_of(data, endpoint)
    if not any(row.baseline is not None for row in outcome.rows[last]):
        raise _impossible(endpoint, "no treated participant has a baseline value")
    decided = [row for row in outcome.rows[last] if row.change is not None]
    if len(decided) < 2:
        reasons = sorted({row.explanation for row in outcome.rows[last] if row.explanation})
        words = "; ".join(reasons[:3]) or "no value"
        raise _impossible(endpoint, f"{len(decided)} treated participant(s) have a change at {last}: {words}")
    return outcome


def _is_known(study: Study, name: str) -> bool:
    scores = (derived.name for derived in study.derived.values() if derived.score is not None)
    return (
        name in study.items or name in study.derived or any(name.startswith(f"{score}_") for score in scores)
    )


def _impossible(endpoint: Endpoint, reason: str) -> AnalysisError:
    return AnalysisError(
        f"{endpoint.role.value} outcome {endpoint.order or ''} ({endpoint.name}, {endpoint.title!r}) "
        f"cannot be analysed: {reason}",
        "a report without a registered outcome is not built; wait for the data, or amend the study with a reason",
    )
