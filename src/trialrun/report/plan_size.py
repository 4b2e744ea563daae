"""Size and precision in the plan document: what the planned number can show, computed here."""

from __future__ import annotations

import math
from collections.abc import Iterator

from trialrun.analyse.methods.binomial import clopper_pearson
from trialrun.analyse.methods.paired_t import smallest_detectable, spontaneous_significance
from trialrun.report.documents.blocks import Block, Cell, Chapter, Note, Paragraph, Table
from trialrun.report.limits import PLANNING_SD, SPONTANEOUS
from trialrun.report.numbers import percent, shown
from trialrun.report.plan_analyses import primary_endpoints
from trialrun.study.model import Study
from trialrun.study.plan import Adjustment
from trialrun.study.plan_defaults import is_number

_EVALUABLE = (1.0, 0.87, 0.73)  # all, and with an eighth or a quarter of them without a value
_POWER = 0.8


def size_chapter(study: Study) -> Chapter:
    """The planned number, the smallest change it can find, and how wide its intervals are."""
    return Chapter("plan-size", "Sample size and precision", tuple(_size(study)))


def _size(study: Study) -> Iterator[Block]:
    about = next((one for one in study.assumptions.values() if "study.target" in one.parts), None)
    yield Paragraph(
        f"{study.target} participants are planned."
        + (
            f" The record leaves open: {about.about} The plan runs on: {about.default}"
            if about is not None
            else " The definition gives no rationale for the number."
        )
        + " What follows says what this number can show; it is not a justification of it."
    )
    if len(study.arms) > 1:
        yield Note("Power of a comparison between arms depends on the allocation and is not computed here.")
        return
    numbers = [name for name in primary_endpoints(study) if is_number(study, study.endpoints[name].variable)]
    if numbers:
        yield _detectable(study, len(primary_endpoints(study)))
        if _is_meld(study, numbers[0]):
            yield _spontaneous(study)
    yield from _shares(study)


def _counts(study: Study) -> list[int]:
    return sorted({max(2, math.floor(study.target * share + 0.5)) for share in _EVALUABLE}, reverse=True)


def _is_meld(study: Study, endpoint: str) -> bool:
    derived = study.derived.get(study.endpoints[endpoint].variable)
    return derived is not None and (derived.score or "").startswith("meld")


def _levels(study: Study, primaries: int) -> list[float]:
    level = study.analysis.multiplicity.level
    shares = study.analysis.multiplicity.adjustment not in {
        Adjustment.BOTH,
        Adjustment.NONE,
        Adjustment.FIXED_SEQUENCE,
    }
    return [level, level / primaries] if primaries > 1 and shares else [level]


def _detectable(study: Study, primaries: int) -> Table:
    meld = _is_meld(study, primary_endpoints(study)[0])
    levels = _levels(study, primaries)
    heads = [
        f"n = {n}, α = {level:g}"
        for level in levels
        for n in (_counts(study) if level == levels[0] else _counts(study)[:2])
    ]
    spreads = PLANNING_SD if meld else (1.0,)
    rows = []
    for sd in spreads:
        cells = [
            Cell(
                shown(smallest_detectable(n, sd=sd, alpha=level, power=_POWER), 1 if meld else 2), number=True
            )
            for level in levels
            for n in (_counts(study) if level == levels[0] else _counts(study)[:2])
        ]
        rows.append((f"{sd:g}" if meld else "1 (result in standard deviations)", *cells))
    notes = [
        "Paired t test, two-sided, power 80 %; the signed rank needs about 5 % more participants where changes are normal (relative efficiency 3/π) and fewer where tails are long."
    ]
    if meld:
        notes.append(
            "MELD points. Standard deviations: 2 in stable out-patients (Newsome 2018), 3.5 planning value, 5 after recent decompensation."
        )
    if len(levels) > 1:
        notes.append(f"α = {levels[1]:g} is the first step of the multiplicity procedure.")
    return Table(
        ("SD of the change", *heads),
        rows,
        caption="Smallest true mean change found with 80 % power",
        notes=notes,
    )


def _spontaneous(study: Study) -> Table:
    counts = _counts(study)
    return Table(
        ("Mean change without any effect", *(f"n = {n}" for n in counts)),
        [
            (
                shown(mean, 1),
                *(Cell(percent(spontaneous_significance(n, mean=mean, sd=3.5)), number=True) for n in counts),
            )
            for mean in SPONTANEOUS
        ],
        caption="How often a change that happens by itself gives p < 0.05 (SD 3.5)",
        notes=(
            (
                "In a randomised cell trial 53 % of those on standard care had their MELD fall by 3 or more within 3 months (Spahr 2013). A small p value "
                "in one arm does not show an effect."
            ),
        ),
    )


def _shares(study: Study) -> Iterator[Block]:
    n = study.target
    rows = []
    for x in dict.fromkeys((0, round(n / 4), math.ceil(n / 2), n)):
        found = clopper_pearson(x, n, level=study.analysis.level)
        rows.append(
            (f"{x} of {n}", Cell(f"{percent(found.low, 1)} to {percent(found.high, 1)}", number=True))
        )
    yield Table(
        ("Observed", f"Exact {100 * study.analysis.level:g} % interval"),
        rows,
        caption="Precision of a share (responders, adverse events)",
        notes=(
            f"A harm that none of {n} participants had may still happen to up to {percent(clopper_pearson(0, n, level=study.analysis.level).high, 1)} of people.",
        ),
    )
