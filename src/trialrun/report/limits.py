"""What a single arm of this size cannot show, with the trial's own numbers beside published ones."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from trialrun.analyse import methods
from trialrun.analyse.result import Analysis, Results
from trialrun.derive.dataset import Dataset
from trialrun.derive.endpoints import Status
from trialrun.derive.populations import TREATED
from trialrun.report import anchors
from trialrun.report.documents.blocks import Block, Chapter, Heading, Paragraph
from trialrun.report.numbers import percent, shown
from trialrun.report.overview import single_arm
from trialrun.study.model import Endpoint, EndpointRole

PLANNING_SD = (2.0, 3.5, 5.0)
SPONTANEOUS = (-1.0, -1.5, -2.0)
DEATH_BY_DAY_122, TRANSPLANT_BY_DAY_122 = 0.122, 0.024
_PBCSEQ = "164 decompensated patients of the Mayo PBC sequential data (R survival::pbcseq), computed"
_SPAHR = "Spahr 2013 PLoS One (randomised, mean MELD 19), abstract"


@dataclass(frozen=True, slots=True)
class Limit:
    """One thing the trial cannot tell, in a sentence, with where its numbers come from."""

    title: str
    words: str
    source: str


def limits_chapter(data: Dataset, results: Results) -> Chapter:
    """The limits as a chapter, each with its source."""
    treated = len(data.populations[TREATED].members)
    blocks: list[Block] = []
    for limit in limits_of(data, results):
        blocks += [Heading(limit.title, 2), Paragraph(limit.words), Paragraph(f"Source: {limit.source}.")]
    title = (
        f"What a single arm of {treated} cannot show"
        if single_arm(data)
        else f"What {treated} participants cannot show"
    )
    return Chapter(anchors.LIMITS, title, blocks)


def limits_of(data: Dataset, results: Results) -> tuple[Limit, ...]:
    """The limits, most important first; the MELD ones only where a MELD score is the first primary outcome."""
    treated = len(data.populations[TREATED].members)
    found = [_cause()] if single_arm(data) else []
    endpoint = next(
        (e for e in data.study.endpoints.values() if e.role is EndpointRole.PRIMARY and e.order == 1), None
    )
    score = (
        data.study.derived[endpoint.variable].score
        if endpoint and endpoint.variable in data.study.derived
        else None
    )
    if endpoint is not None and (score or "").startswith("meld"):
        found += [
            *_spontaneous(data, results, endpoint),
            _detectable(results, endpoint, treated),
            _laboratory(),
        ]
    if treated:
        found += [
            _deaths(data, treated) if _of_the_liver(data) else _ended(data),
            _rare(treated),
        ]
    return tuple(found)


def _of_the_liver(data: Dataset) -> bool:
    """Whether the study scores liver disease, so that what is known of decompensated cirrhosis bears on it."""
    scores = {one.score or "" for one in data.study.derived.values()}
    return any(name.startswith(("meld", "child")) for name in scores)


def _cause() -> Limit:
    return Limit(
        "It cannot say what caused a change",
        "Everyone received the treatment. A fall in a score can come from the treatment, from the disease's own "
        "course, from abstinence or better care during the trial, from choosing people on a bad day (regression to "
        "the mean), or from those who were sickest not coming back. A p value here tests whether the change differs "
        "from zero, not whether the treatment caused it.",
        "European Medicines Agency, single-arm trials as pivotal evidence; ICH E9(R1)",
    )


def _spontaneous(data: Dataset, results: Results, endpoint: Endpoint) -> list[Limit]:
    change = _last(results, endpoint, Analysis.CHANGE)
    n = change.n if change else 0
    if change is None or n < 2:
        return []
    chances = ", ".join(
        f"{shown(mean)} {'point' if abs(mean) == 1 else 'points'}: {percent(methods.spontaneous_significance(n, mean=mean, sd=3.5))}"
        for mean in SPONTANEOUS
    )
    fallen, counted = _fall_of_three(data, endpoint, change.visit)
    share = methods.clopper_pearson(fallen, counted)
    own = (
        f"In this trial {fallen} of {counted} treated participants with a known outcome had such a fall "
        f"({percent(share.estimate)}, exact 95 % interval {percent(share.low)} to {percent(share.high)}; death and "
        "transplant count as none)."
    )
    return [
        Limit(
            "People improve without treatment",
            "In a randomised cell trial 53 % of those on standard care had their MELD fall by 3 or more within 3 months "
            f"(64 % with cells, p = 0.43). {own}",
            _SPAHR,
        ),
        Limit(
            "Spontaneous change is often \N{LEFT DOUBLE QUOTATION MARK}significant\N{RIGHT DOUBLE QUOTATION MARK}",
            f"With the {n} participants measured here and a standard deviation of 3.5, a mean change that happens by "
            f"itself gives p < 0.05 this often: {chances}.",
            "computed from the noncentral t distribution",
        ),
    ]


def _fall_of_three(data: Dataset, endpoint: Endpoint, visit: str) -> tuple[int, int]:
    rows = [row for row in data.rows if row.parameter == endpoint.variable and row.visit == visit]
    decided = [
        row for row in rows if row.change is not None or row.status in {Status.DIED, Status.TRANSPLANTED}
    ]
    fallen = [r for r in decided if r.status is Status.OBSERVED and r.change is not None and r.change <= -3]
    return len(fallen), len(decided)


def _detectable(results: Results, endpoint: Endpoint, treated: int) -> Limit:
    change = _last(results, endpoint, Analysis.CHANGE)
    n = change.n if change else treated
    details: Mapping[str, Any] = change.details if change else {}
    observed = details.get("sd")
    parts = [
        f"{shown(methods.smallest_detectable(n, sd=sd))} points if the standard deviation is {sd:g}"
        for sd in PLANNING_SD
        if n >= 2
    ]
    own = ""
    if isinstance(observed, float) and observed > 0 and n >= 2:
        found = shown(methods.smallest_detectable(n, sd=observed))
        own = f" With the standard deviation seen here ({shown(observed)}) it is {found} points."
    return Limit(
        "Small effects stay invisible",
        f"With {n} participants the smallest true mean change found with 80 % power (two-sided 5 %) is "
        f"{'; '.join(parts)}.{own} The record gives no basis for the number of participants.",
        "computed from the noncentral t distribution; standard deviations: 2 in stable out-patients (REALISTIC, "
        "Newsome 2018), 3.5 planning default, 5 after recent decompensation",
    )


def _laboratory() -> Limit:
    return Limit(
        "The laboratory alone can move the score",
        "The same samples measured in seven laboratories gave MELD values 4.8 points apart on average, through INR "
        "alone 2 to 12. A change of laboratory within a participant is listed among the deviations where it was recorded.",
        "Liver Int 2008;28:1344, abstract",
    )


def _deaths(data: Dataset, treated: int) -> Limit:
    any_death = 1 - (1 - DEATH_BY_DAY_122) ** treated
    died = sum(event.kind == "death" for event in data.events)
    moved = sum(event.kind == "transplant" for event in data.events)
    return Limit(
        "Death and transplant leave scores without a value",
        f"Among {treated} people with decompensated cirrhosis {shown(treated * DEATH_BY_DAY_122)} deaths are expected "
        f"within four months and at least one is seen with probability {percent(any_death)} whatever they receive "
        f"(12 % die, 2 % are transplanted within 122 days). In this trial {died} died and {moved} were transplanted. "
        "The primary analysis ranks them as the worst outcome; the mean change is among those alive only and looks "
        "better the more of the sickest have died.",
        _PBCSEQ,
    )


def _ended(data: Dataset) -> Limit:
    died = sum(event.kind == "death" for event in data.events)
    moved = sum(event.kind == "transplant" for event in data.events)
    return Limit(
        "Whoever dies has no later value",
        f"In this trial {died} died and {moved} were transplanted. A mean of later values is among those alive only, and "
        "looks better the more of the sickest have died.",
        "counted in this snapshot",
    )


def _rare(treated: int) -> Limit:
    highest = methods.clopper_pearson(0, treated).high
    return Limit(
        "Rare harm stays unseen",
        f"A side effect that none of {treated} people had can still happen to up to {percent(highest, 1)} "
        "(exact two-sided 95 % bound).",
        "Clopper and Pearson 1934, computed",
    )


def _last(results: Results, endpoint: Endpoint, analysis: Analysis) -> Any:
    found = [r for r in results.of(endpoint.name, analysis) if r.registered]
    return found[-1] if found else None
