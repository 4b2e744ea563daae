"""Exposure: doses planned and given, their sum, interruptions, and the days over which they were given."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence

from trialrun.analyse.methods import describe
from trialrun.analyse.safety_count import Behind, Counter, source_address
from trialrun.analyse.safety_events import arm_of
from trialrun.analyse.safety_result import CountLine, ExposureLine, SafetyGroup, Spread
from trialrun.derive.dataset import Dataset
from trialrun.derive.safety import Dose, plan_of

_CLOSE = 1e-9


def exposure_lines(
    data: Dataset, treated: Iterable[str], days: Mapping[str, int | None], behind: Behind
) -> tuple[ExposureLine, ...]:
    """One line per treated participant, in their order; nothing where the dose plan of a masked arm is hidden."""
    doses: dict[str, list[Dose]] = {}
    for dose in data.doses:
        doses.setdefault(dose.participant, []).append(dose)
    return tuple(_line(data, name, doses[name], days.get(name), behind) for name in treated if name in doses)


def _line(
    data: Dataset, name: str, doses: Sequence[Dose], observed: int | None, behind: Behind
) -> ExposureLine:
    plan = plan_of(data.study, data.snapshot.participants[name])
    given = [dose for dose in doses if dose.given]
    unknown = sum(dose.given is None and dose.source is not None for dose in doses)
    on = [dose.on for dose in given if dose.on is not None]
    total = None if unknown else math.fsum(dose.given or 0.0 for dose in given)
    within = (max(on) - min(on)).days + 1 if on and len(on) == len(given) else None
    planned_total = float(plan.total) if plan is not None else 0.0
    return ExposureLine(
        participant=name,
        arm=arm_of(data, name),
        planned=sum(dose.planned > 0 for dose in doses),
        given=len(given),
        unknown=unknown,
        interrupted=sum(dose.interrupted is True for dose in doses),
        total=total,
        planned_total=planned_total,
        unit=doses[0].unit,
        within_days=within,
        completed=_completed(total, planned_total, within, plan.within_days if plan is not None else 0),
        observed_days=observed,
        rows=tuple(keep_dose(dose, behind) for dose in doses if dose.source is not None),
    )


def _completed(total: float | None, planned: float, within: int | None, days: int) -> bool | None:
    """The planned total (or more) within the planned days; day 1 to day 22 are 21 days."""
    if total is None:
        return None
    if total < planned - _CLOSE:
        return False
    return None if within is None else within - 1 <= days


def keep_dose(dose: Dose, behind: Behind) -> str:
    """Keep an administration as a row behind counts; returns its address."""
    source = dose.source
    if source is None:
        return ""
    amount = "amount not known" if dose.given is None else f"{dose.given:g} {dose.unit} given"
    words = f"{amount}, {dose.planned:g} {dose.unit} planned"
    if dose.interrupted:
        words += ", interrupted"
    if dose.on is not None:
        words += f", {dose.on.isoformat()}"
    return behind.add(source_address(source), dose.participant, words, (source.event_hash,))


def exposure_counts(
    data: Dataset, lines: Sequence[ExposureLine], counter: Counter, behind: Behind
) -> tuple[CountLine, ...]:
    """How many were dosed as planned, and what kept the others from it."""
    doses = [dose for dose in data.doses if dose.source is not None]
    of_line = {line.participant: line for line in lines}
    own = [dose for dose in doses if dose.participant in of_line]

    def by_dose(test: Callable[[Dose], bool]) -> list[str]:
        return [keep_dose(dose, behind) for dose in own if test(dose)]

    def by_person(test: Callable[[ExposureLine], bool | None], wanted: bool | None) -> list[str]:
        return [row for line in lines if test(line) is wanted for row in line.rows[:1]]

    def line_of(key: str, title: str, hits: Sequence[str], unknown: Sequence[str] = ()) -> CountLine:
        return CountLine(key, title, counter.counts(f"exposure/{key}", hits, unknown, rates=False))

    return (
        line_of(
            "completed", "Planned total given within the planned days",
            by_person(lambda line: line.completed, True), by_person(lambda line: line.completed, None),
        ),
        line_of("above", "More than the planned total given",
                by_person(lambda line: line.total is not None and line.total > line.planned_total + _CLOSE, True)),
        line_of("reduced", "A dose below the planned amount",
                by_dose(lambda dose: dose.given is not None and 0 < dose.given < dose.planned - _CLOSE)),
        line_of("fewer", "Fewer doses than planned so far",
                by_person(lambda line: line.given + line.unknown < line.planned, True)),
        line_of("unplanned", "A dose beyond the plan", by_dose(lambda dose: bool(dose.given) and dose.planned == 0)),
        line_of("interrupted", "An interrupted administration", by_dose(lambda dose: dose.interrupted is True)),
    )  # fmt: skip


def exposure_spread(lines: Sequence[ExposureLine], groups: Sequence[SafetyGroup]) -> tuple[Spread, ...]:
    """Cumulative amount, number of doses, days of dosing and days observed, by group."""
    unit = lines[0].unit if lines else ""
    measures: Sequence[tuple[str, str, str, Callable[[ExposureLine], float | None]]] = (
        ("total", "Cumulative dose", unit, lambda line: line.total),
        ("given", "Doses given", "", lambda line: float(line.given)),
        ("within", "Days from the first to the last dose", "", lambda line: line.within_days),
        ("observed", "Days under observation", "", lambda line: line.observed_days),
    )
    found: list[Spread] = []
    for key, title, of_unit, read in measures:
        for group in groups:
            members = frozenset(group.participants)
            read_values = [read(line) for line in lines if line.participant in members]
            values = [float(value) for value in read_values if value is not None]
            told = describe(values)
            found.append(
                Spread(
                    key, title, group.name, of_unit, told.n, told.mean, told.sd, told.median, told.low,
                    told.high, math.fsum(values) if values else None,
                )
            )  # fmt: skip
    return tuple(found)
