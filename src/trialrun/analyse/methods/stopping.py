"""When to stop a single arm: the posterior of an event's probability after every participant, exactly.

Participants count once they have had the event or have completed the window free of it. Nothing here is
simulated: both the boundary and its operating characteristics are enumerated.
Source: Thall PF, Simon R, Biometrics 1994;50:337-349 (stopping by posterior probability, beta prior).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class StoppingRule:
    """Stop when P(probability of the event > `limit` | data) > `certainty`, prior Beta(`a`, `b`)."""

    limit: float
    certainty: float
    a: float
    b: float

    def __post_init__(self) -> None:
        if not (0 < self.limit < 1 and 0 < self.certainty < 1 and self.a > 0 and self.b > 0):
            raise AnalysisError(
                f"no stopping rule: limit {self.limit}, certainty {self.certainty}, prior Beta({self.a}, {self.b})",
                "both probabilities lie between 0 and 1, and both parts of the prior are above 0",
            )


@dataclass(frozen=True, slots=True)
class OperatingCharacteristics:
    """What the rule does at one true probability: how often it stops, after how many, with how many events."""

    true_probability: float
    stops: float
    expected_participants: float
    expected_events: float


def probability_above(rule: StoppingRule, events: int, n: int) -> float:
    """The posterior probability that the event is more likely than the limit, after `events` of `n`.

    The posterior is Beta(a + events, b + n - events). Errors: `AnalysisError` when events are not 0..n.
    """
    from scipy import special

    if not 0 <= events <= n:
        raise AnalysisError(f"{events} events among {n} participants cannot be")
    return float(special.betaincc(rule.a + events, rule.b + n - events, rule.limit))


def stopping_boundary(rule: StoppingRule, most: int) -> tuple[int | None, ...]:
    """For 1 to `most` participants the fewest events that stop; `None` where not even all of them do."""
    found: list[int | None] = []
    for n in range(1, most + 1):
        stops = (events for events in range(n + 1) if probability_above(rule, events, n) > rule.certainty)
        found.append(next(stops, None))
    return tuple(found)


def operating_characteristics(
    boundary: Sequence[int | None], true_probability: float, *, looks: Sequence[int] = ()
) -> OperatingCharacteristics:
    """How a boundary behaves when the event's true probability is known, by enumeration of all paths.

    Args:
        boundary: as `stopping_boundary` gives it, one entry per participant.
        true_probability: of the event in every participant, independent of the others.
        looks: after which participants it is looked at; after every one when empty.
    """
    if not 0 <= true_probability <= 1:
        raise AnalysisError(f"{true_probability} is not a probability")
    at = frozenset(looks) or frozenset(range(1, len(boundary) + 1))
    going = {0: 1.0}
    stopped = participants = events_seen = 0.0
    for n, limit in enumerate(boundary, start=1):
        following: dict[int, float] = {}
        for events, weight in going.items():
            following[events] = following.get(events, 0.0) + weight * (1 - true_probability)
            following[events + 1] = following.get(events + 1, 0.0) + weight * true_probability
        going = {}
        for events, weight in following.items():
            if n in at and limit is not None and events >= limit:
                stopped += weight
                participants += weight * n
                events_seen += weight * events
            else:
                going[events] = weight
    participants += len(boundary) * sum(going.values())
    events_seen += sum(events * weight for events, weight in going.items())
    return OperatingCharacteristics(true_probability, stopped, participants, events_seen)
