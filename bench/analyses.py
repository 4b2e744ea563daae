"""The whole analysis of one trial of 15, and of one large snapshot: every result of the first study's plan.

Trials are simulated as analysis rows (baseline, month 2, month 4 of every parameter, missing visits, deaths): what is
measured is the analysis, not the capture. Nothing is cached between trials. 10,000 trials take about an hour of one core,
so some of them are timed, and the rest is multiplied and said to be.
"""

from __future__ import annotations

import random
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from statistics import median
from typing import Any

from trialrun.analyse.run import analyse_dataset
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import BASELINE, AnalysisRow, Status, analysis_visits
from trialrun.derive.intercurrent import Intercurrent
from trialrun.derive.measures import Source, parameters_of
from trialrun.derive.populations import derive_populations
from trialrun.derive.rules import study_rules
from trialrun.snapshot.layout import TABLES
from trialrun.snapshot.manifest import Manifest, Origin
from trialrun.snapshot.read import Snapshot
from trialrun.study.load import load_study
from trialrun.study.model import Study
from trialrun.study.plan import SensitivityKind

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "nct05871463"
TRIALS, WANTED, LARGE = 40, 10_000, 10_000
DEATH, MISSED = 0.12, 0.1
FIRST = date(2026, 1, 5)
_CLASSES = ("A", "B", "C")


def run(_folder: Path) -> str:
    """The table."""
    study = load_study(EXAMPLE)
    parameters = parameters_of(study, study_rules(study))
    lines = [
        "### Analyses of a whole trial",
        "",
        "| what | participants | results | seconds each | 10,000 |",
        "|---|---|---|---|---|",
    ]
    for name, planned in (
        ("everything the plan says", study),
        ("without imputation", without_imputation(study)),
    ):
        seconds, results = timed(planned, parameters, participants=15, trials=TRIALS)
        lines.append(
            f"| {name}, median of {TRIALS} trials | 15 | {results} | {seconds:.3f} | "
            f"{WANTED * seconds / 60:.0f} min of one core (multiplied) |"
        )
    for name, planned in (("everything", study), ("without imputation", without_imputation(study))):
        seconds, results = timed(planned, parameters, participants=LARGE, trials=1)
        lines.append(f"| {name}, one trial | {LARGE} | {results} | {seconds:.1f} | |")
    return "\n".join(lines) + "\n"


def without_imputation(study: Study) -> Study:
    """The study with every analysis but those that draw numbers."""
    from dataclasses import replace

    drawing = {SensitivityKind.MULTIPLE_IMPUTATION, SensitivityKind.TIPPING_POINT}
    kept = {name: one for name, one in study.analysis.sensitivity.items() if one.kind not in drawing}
    return replace(study, analysis=replace(study.analysis, sensitivity=kept))


def timed(study: Study, parameters: tuple[str, ...], *, participants: int, trials: int) -> tuple[float, int]:
    """Median seconds of one whole analysis with its text, and how many results it has."""
    seconds: list[float] = []
    results = 0
    for seed in range(trials):
        data = simulated(study, parameters, participants, seed)
        start = time.perf_counter()
        found = analyse_dataset(data)
        found.text()
        seconds.append(time.perf_counter() - start)
        results = len(found.results)
    return median(seconds), results


def simulated(study: Study, parameters: tuple[str, ...], participants: int, seed: int) -> Dataset:
    """A dataset of so many treated participants, every value drawn."""
    draws = random.Random(seed)
    names = [f"B-{number:05d}" for number in range(1, participants + 1)]
    people = [_person(name) for name in names]
    dead = {name: draws.randint(5, 120) for name in names if draws.random() < DEATH}
    rows: list[AnalysisRow] = []
    for name in names:
        missed = {visit for visit in analysis_visits(study) if draws.random() < MISSED}
        for parameter in parameters:
            rows += _course(study, draws, name, parameter, dead.get(name), missed)
    snapshot = Snapshot(
        Path("bench"),
        Manifest(_origin(study), {}),
        {**dict.fromkeys(TABLES, ()), "participants": tuple(people)},
    )
    events = tuple(
        Intercurrent(
            name,
            "death",
            FIRST + timedelta(day),
            day + 1,
            "",
            Source(name, "", "", "", "end_reason", f"{day:064d}"),
        )
        for name, day in dead.items()
    )
    return Dataset(
        snapshot=snapshot,
        study=study,
        answers=dict.fromkeys(names, ()),
        measures=(),
        rows=tuple(rows),
        events=events,
        doses=(),
        adverse_events=(),
        deviations=(),
        populations=derive_populations(snapshot, study, rows, ()),
    )


def _course(
    study: Study, draws: random.Random, name: str, parameter: str, died: int | None, missed: set[str]
) -> list[AnalysisRow]:
    start = round(draws.gauss(18, 5), 1)
    text = parameter.endswith("_class")
    first, base = draws.choice(_CLASSES), None if text else start
    found = [
        _row(
            name,
            parameter,
            BASELINE,
            0,
            Status.OBSERVED,
            base,
            base,
            first if text else None,
            first if text else None,
        )
    ]
    for number, visit in enumerate(analysis_visits(study), start=1):
        day = 61 * number
        status = Status.OBSERVED
        if died is not None and died <= day:
            status = Status.DIED
        elif visit in missed:
            status = Status.MISSED
        seen = status is Status.OBSERVED
        value = round(start + draws.gauss(-1, 3.5), 1) if seen and not text else None
        found.append(
            _row(
                name,
                parameter,
                visit,
                day,
                status,
                value,
                base,
                draws.choice(_CLASSES) if seen and text else None,
                first if text else None,
            )
        )
    return found


def _row(
    name: str,
    parameter: str,
    visit: str,
    day: int,
    status: Status,
    value: float | None,
    baseline: float | None,
    category: str | None,
    first: str | None,
) -> AnalysisRow:
    change = None if value is None or baseline is None else round(value - baseline, 6)
    source = Source(name, visit, "laboratory", "", parameter, f"{name}{parameter}{visit}".ljust(64, "0"))
    return AnalysisRow(
        participant=name, parameter=parameter, visit=visit, occurrence=visit, on=FIRST + timedelta(day), day=day + 1,
        status=status, value=value, low=value, high=value, unknown_because=(), baseline=baseline,
        baseline_occurrence=BASELINE, change=None if visit == BASELINE else change, percent_change=None,
        in_window=True, explanation="" if status is Status.OBSERVED else status.value, sources=(source,),
        category=category, baseline_category=first,
    )  # fmt: skip


def _person(name: str) -> dict[str, Any]:
    return {
        "participant": name, "number": name, "site": "01", "arm": None, "status": "treated",
        "screened_on": FIRST, "consented_on": FIRST, "enrolled_on": FIRST, "first_dose_on": FIRST,
        "ended_on": FIRST + timedelta(130), "end_reason": "completed", "sex": "F", "age": 55.0,
    }  # fmt: skip


def _origin(study: Study) -> Origin:
    return Origin(
        purpose="rehearsal",
        study_id=study.id,
        study_hash=study.hash,
        created_at=datetime(2026, 6, 1, tzinfo=UTC).isoformat(),
        code_version="bench",
        synthetic=True,
    )
