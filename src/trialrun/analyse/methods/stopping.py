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
        # One more participant never lowers the bound: what was too few before is too few now.
        before = found[-1] if found else 0
        start = n if before is None else before
        stops = (
            events for events in range(start, n + 1) if probability_above(rule, events, n) > rule.certainty
        )
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
    import numpy as np

    at = frozenset(looks) or frozenset(range(1, len(boundary) + 1))
    going = np.ones(1)  # the chance of each number of events, among paths that have not stopped
    stopped = participants = events_seen = 0.0
    for n, limit in enumerate(boundary, start=1):
        following = np.zeros(len(going) + 1)
        following[:-1] = going * (1 - true_probability)
        following[1:] += going * true_probability
        going = following
        if n in at and limit is not None and limit < len(going):
            over = going[limit:]
            weight = float(over.sum())
            stopped += weight
            participants += weight * n
            events_seen += float(over @ np.arange(limit, limit + len(over)))
            going = going[:limit]
    left = float(going.sum())
    participants += len(boundary) * left
    events_seen += float(going @ np.arange(len(going)))
    return OperatingCharacteristics(true_probability, stopped, participants, events_seen)
