"""The results in plain words, for the public page: what was done, who took part, what was found, what it cannot tell.

Every number is one of the results; no p value, no word of a statistician. Short sentences, everyday words.
Source: Regulation (EU) 536/2014, annex V; EU expert group, Summaries of clinical trial results for laypersons (2018).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass

from trialrun.analyse.estimators.event_times import MEDIAN
from trialrun.analyse.methods import describe
from trialrun.analyse.result import Analysis, Interval, Results
from trialrun.analyse.run import registered_outcomes
from trialrun.derive.dataset import Dataset
from trialrun.derive.populations import ENROLLED, SCREENED, TREATED
from trialrun.registry.record import Record
from trialrun.report.event_times import is_timed
from trialrun.report.numbers import decimals_of, shown
from trialrun.report.overview import is_masked
from trialrun.report.registry_groups import Group, groups_of
from trialrun.study.model import Endpoint, EndpointRole

LAYOUT = 1


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading, its sentences, and points listed below them."""

    heading: str
    sentences: tuple[str, ...]
    points: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class PlainSummary:
    """The whole text; `snapshot` and `results` are the SHA-256 of what it was made from."""

    title: str
    purpose: str
    synthetic: bool
    snapshot: str
    results: str
    passages: tuple[Passage, ...]
    layout: int = LAYOUT

    def text(self) -> str:
        """As JSON, the same bytes for the same results."""
        return json.dumps(asdict(self), indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def plain_summary(data: Dataset, results: Results) -> PlainSummary:
    """The summary of a snapshot's results in plain English."""
    groups = groups_of(data)
    passages = (
        Passage("What was this study about?", tuple(_about(data, results))),
        Passage("Who took part?", tuple(_who(data, groups))),
        Passage("What was found?", tuple(_found_lead(data, groups)), tuple(_found(data, results, groups))),
        Passage("Was it safe?", tuple(_safety(data, results, groups))),
        Passage("What can this study not tell?", tuple(_limits(data, results))),
        Passage("What does this mean for you?", _MEANS),
    )
    return PlainSummary(
        title=Record(data.study.record).brief_title or data.study.title,
        purpose=results.purpose,
        synthetic=results.synthetic,
        snapshot=results.snapshot_hash,
        results=results.hash,
        passages=tuple(one for one in passages if one.sentences or one.points),
    )


_MEANS = (
    "One study does not decide how an illness is treated.",
    "Do not change your treatment because of what you read here.",
    "Talk to your doctor if you have questions.",
    "Thank you to all who took part.",
)


def _about(data: Dataset, results: Results) -> Iterator[str]:
    if results.synthetic or results.purpose == "rehearsal":
        yield "This is a rehearsal. The people in it are made up. Nothing here is about a real treatment."
    if results.purpose == "interim":
        yield "The study is not over. These numbers will change."
    record = Record(data.study.record)
    if record.conditions:
        yield f"The study was about this illness: {_listed(record.conditions)}."
    names = [one.name for one in record.interventions] or [arm.title for arm in data.study.arms.values()]
    yield f"It tested this treatment: {_listed(names)}."
    if len(data.study.arms) == 1:
        yield "All who took part got the same treatment. There was no group to compare with."
    else:
        yield f"There were {len(data.study.arms)} groups with different treatments."


def _who(data: Dataset, groups: Sequence[Group]) -> Iterator[str]:
    screened, enrolled, treated = (data.populations[name].members for name in (SCREENED, ENROLLED, TREATED))
    yield f"{_people(len(screened))} were looked at." if len(screened) != 1 else "One person was looked at."
    yield f"{len(enrolled)} joined the study, and {len(treated)} got the treatment at least once."
    people = [data.snapshot.participants[name] for name in treated]
    ages = [int(one["age"]) for one in people if one["age"] is not None]
    if len(ages) > 1:
        yield f"They were {min(ages)} to {max(ages)} years old."
    women, men = (sum(one["sex"] == code for one in people) for code in ("F", "M"))
    if women or men:
        yield f"{women} were women and {men} were men."
    if len(groups) > 1:
        yield " ".join(f"{len(one.among(treated))} were treated in the group {one.title}." for one in groups)
    if is_masked(data):
        yield "Who was in which group is still a secret. So the numbers are for all people together."


def _found_lead(data: Dataset, groups: Sequence[Group]) -> Iterator[str]:
    yield "These are the main questions of the study. Each was asked before the study began."
    if len(data.populations[TREATED].members) < 50 and groups:
        yield "So few people took part that chance plays a large part in these numbers."


def _found(data: Dataset, results: Results, groups: Sequence[Group]) -> Iterator[str]:
    for endpoint in registered_outcomes(data.study):
        if endpoint.role is EndpointRole.PRIMARY:
            for group in groups:
                yield " ".join(_answer(data, results, endpoint, group, several=len(groups) > 1))


def _answer(
    data: Dataset, results: Results, endpoint: Endpoint, group: Group, *, several: bool
) -> Iterator[str]:
    where = f" in the group {group.title}" if several else ""
    if is_timed(results.of(endpoint.name)):
        yield from _time_answer(results, endpoint, group, where)
        return
    last = endpoint.visits[-1]
    treated = set(group.among(data.populations[TREATED].members))
    rows = [
        r
        for r in data.rows
        if r.parameter == endpoint.variable and r.visit == last and r.participant in treated
    ]
    changes = [float(row.change) for row in rows if row.change is not None and row.status.value == "observed"]
    better = "lower" if endpoint.lower_is_better else "higher"
    yield f"{endpoint.title}{where}: a {better} number is better."
    yield f"We know it before the treatment and at {data.study.visits[last].title} for {_people(len(changes))}."
    good = sum(one < 0 if endpoint.lower_is_better else one > 0 for one in changes)
    bad = sum(one > 0 if endpoint.lower_is_better else one < 0 for one in changes)
    if changes:
        yield f"It got better in {good}, worse in {bad}, and stayed the same in {len(changes) - good - bad}."
    yield from _average(results, endpoint, last, changes, alone=not several)
    gone = {"died": "died before", "transplanted": "got a new liver before"}
    for status, words in gone.items():
        count = sum(row.status.value == status for row in rows)
        if count:
            yield f"{count} {words}."
    missing = len(rows) - len(changes) - sum(row.status.value in gone for row in rows)
    if missing:
        yield f"For {missing} we do not know."


def _time_answer(results: Results, endpoint: Endpoint, group: Group, where: str) -> Iterator[str]:
    medians = [
        one for one in results.of(endpoint.name) if one.estimate_name == MEDIAN and not one.sensitivity_of
    ]
    found = next((one for one in medians if one.arm in (group.arm, "")), None)
    yield f"{endpoint.title}{where}: this counts the days until something happened."
    if found is None or not found.n:
        yield "We do not know it for anyone."
        return
    yield f"We know it for {_people(found.n)}. It happened to {found.details['events']} of them."
    if found.estimate is None:
        yield "It happened to so few that we cannot say after how many days it happens to half of them."
    else:
        yield f"After {found.estimate:g} days it had happened to about half of them."
    missing = found.details.get("missing")
    if missing:
        yield f"For {missing} we do not know."


def _average(
    results: Results, endpoint: Endpoint, time: str, changes: Sequence[float], *, alone: bool
) -> Iterator[str]:
    mean = describe(changes).mean
    if mean is None:
        return
    digits = max(1, decimals_of(changes, 2))
    yield f"On average it {_moved(mean, digits)}."
    whole = [one for one in results.of(endpoint.name, Analysis.CHANGE, time) if not one.arm and not one.name]
    interval = whole[0].interval if alone and whole else None
    if interval is not None and interval.low is not None and interval.high is not None:
        yield _range(interval, digits)


def _range(interval: Interval, digits: int) -> str:
    low, high = interval.low or 0.0, interval.high or 0.0
    return f"With so few people the true average could be anything from {_amount(low, digits)} to {_amount(high, digits)}."


def _moved(value: float, digits: int) -> str:
    text = shown(abs(value), digits)
    if float(text) == 0:
        return "did not change"
    return f"fell by {text}" if value < 0 else f"rose by {text}"


def _amount(value: float, digits: int) -> str:
    text = shown(abs(value), digits)
    if float(text) == 0:
        return "no change"
    return f"a fall of {text}" if value < 0 else f"a rise of {text}"


def _safety(data: Dataset, results: Results, groups: Sequence[Group]) -> Iterator[str]:
    safety = results.safety
    if safety is None:
        return
    treated = data.populations[TREATED].members
    after = [event for event in safety.events if event.emergent is not False]
    for group in groups:
        own = set(group.among(treated))
        where = f" in the group {group.title}" if len(groups) > 1 else ""
        some = {event.participant for event in after} & own
        serious = {event.participant for event in after if event.serious is not False} & own
        related = {event.participant for event in after if event.related is True} & own
        dead = {one.participant for one in safety.deaths} & own
        yield f"{len(some)} of the {len(own)} people treated{where} had a health problem after the first dose."
        yield "Such a problem can come from the treatment, the illness, or anything else."
        yield f"In {len(serious) or 'none'} of them it was serious: for example, they had to go to hospital."
        yield f"In {len(related) or 'none'} of them the doctors thought that the treatment may have caused it."
        yield f"{len(dead) or 'None'} of them died during the study, from any cause."


def _limits(data: Dataset, results: Results) -> Iterator[str]:
    if len(data.study.arms) == 1:
        yield "All people got the treatment. So we cannot know what would have happened without it."
        yield "This illness can get better or worse by itself. Other care can help too."
        yield "A change after the treatment is no proof that the treatment caused it."
    elif is_masked(data):
        yield "The groups have not been compared yet."
    else:
        yield "A difference between the groups can come from chance."
    treated = len(data.populations[TREATED].members)
    yield (
        f"{_people(treated)} is too few to see rare side effects."
        if treated < 300
        else "Rare side effects can be missed."
    )
    if results.purpose == "interim":
        yield "The study goes on, and its result can turn out otherwise."


def _people(count: int) -> str:
    return "1 person" if count == 1 else f"{count} people"


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"
