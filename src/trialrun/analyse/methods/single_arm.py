"""What a single-arm design with a yes-or-no outcome does, by counting out every path.

Nothing is simulated: the number of responses after each look has a known distribution, and paths that have
stopped leave it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from trialrun.analyse.methods.stopping import StoppingRule, probability_above
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class Look:
    """After `n` participants: stop with `low` or fewer responses, or with `high` or more; `None` never does."""

    n: int
    low: int | None = None
    high: int | None = None


@dataclass(frozen=True, slots=True)
class DesignCharacteristics:
    """At one true probability: the chance to end low or high at each look, and the expected number.

    A path that no bound stops ends at the last look as `neither`.
    """

    true_probability: float
    low: tuple[float, ...]
    high: tuple[float, ...]
    neither: float
    expected_participants: float

    @property
    def ends_low(self) -> float:
        """The chance that the design ends with too few responses."""
        return sum(self.low)

    @property
    def ends_high(self) -> float:
        """The chance that the design ends with enough responses (its error or its power)."""
        return sum(self.high)


@dataclass(frozen=True, slots=True)
class TwoStage:
    """A two-stage design: go on with more than `r1` of `n1`, call it active with more than `r` of `n`.

    `expected_null` and `stops_early_null` are under the uninteresting probability; `alpha` and `power` are
    the design's own, not the limits it was searched under.
    """

    n1: int
    r1: int
    n: int
    r: int
    expected_null: float
    stops_early_null: float
    alpha: float
    power: float


def design_characteristics(looks: Sequence[Look], true_probability: float) -> DesignCharacteristics:
    """How a design behaves when the true probability of a response is known.

    Errors: `AnalysisError` for no looks, looks that do not grow, bounds that cross, or no probability.
    Source: enumeration of binomial paths; Schultz JR et al., Biometrics 1973;29:293.
    """
    import numpy as np

    _check(looks, true_probability)
    going = np.ones(1)
    before = 0
    low: list[float] = []
    high: list[float] = []
    expected = 0.0
    for look in looks:
        going = np.convolve(going, _binomial(look.n - before, true_probability))
        before = look.n
        counts = np.arange(look.n + 1)
        few = counts <= (-1 if look.low is None else look.low)
        many = counts >= (look.n + 1 if look.high is None else look.high)
        low.append(float(going[few].sum()))
        high.append(float(going[many].sum()))
        expected += look.n * (low[-1] + high[-1])
        going = np.where(few | many, 0.0, going)
    left = float(going.sum())
    return DesignCharacteristics(true_probability, tuple(low), tuple(high), left, expected + before * left)


def _check(looks: Sequence[Look], probability: float) -> None:
    if not 0 <= probability <= 1:
        raise AnalysisError(f"{probability} is not a probability")
    if not looks:
        raise AnalysisError("a design needs a look at its data")
    before = 0
    for look in looks:
        if look.n <= before:
            raise AnalysisError(f"a look after {look.n} participants does not follow one after {before}")
        if look.low is not None and look.high is not None and look.low >= look.high:
            raise AnalysisError(
                f"after {look.n} the bounds cross: {look.low} is too few and {look.high} enough"
            )
        before = look.n


@lru_cache(maxsize=4096)
def _binomial(n: int, p: float) -> Any:
    import numpy as np
    from scipy import stats

    return stats.binom.pmf(np.arange(n + 1), n, p)


def two_stage_looks(design: TwoStage) -> tuple[Look, Look]:
    """A two-stage design as looks, for its characteristics at any probability."""
    return Look(design.n1, low=design.r1), Look(design.n, low=design.r, high=design.r + 1)


def simon_two_stage(
    uninteresting: float, interesting: float, *, alpha: float = 0.05, beta: float = 0.2, most: int = 100
) -> tuple[TwoStage, TwoStage]:
    """Simon's optimal and minimax two-stage designs, by exact search of every design up to `most`.

    The optimal one has the smallest expected number when the drug does nothing, the minimax one the
    smallest number in all (then the smallest expected number).
    Errors: `AnalysisError` when no design of at most `most` participants keeps both errors, or the
        probabilities are not 0 < uninteresting < interesting < 1.
    Source: Simon R, Control Clin Trials 1989;10:1.
    """
    if not 0 < uninteresting < interesting < 1 or not (0 < alpha < 1 and 0 < beta < 1):
        raise AnalysisError(
            f"no two-stage design tells {uninteresting} from {interesting} with errors {alpha} and {beta}",
            "the uninteresting probability is the smaller one, all lie between 0 and 1",
        )
    optimal: TwoStage | None = None
    minimax: TwoStage | None = None
    for n in range(2, most + 1):
        # A first stage larger than the best expected number so far cannot better it.
        largest = n - 1 if optimal is None else min(n - 1, int(optimal.expected_null))
        designs = (_best(n1, n, uninteresting, interesting, alpha, beta) for n1 in range(1, largest + 1))
        found = min(
            (design for design in designs if design is not None),
            key=lambda design: design.expected_null,
            default=None,
        )
        if found is None:
            continue
        minimax = minimax or found
        if optimal is None or found.expected_null < optimal.expected_null - 1e-12:
            optimal = found
    if optimal is None or minimax is None:
        raise AnalysisError(
            f"no two-stage design of at most {most} participants tells {uninteresting} from {interesting} "
            f"with errors {alpha} and {beta}",
            "allow more participants or larger errors",
        )
    return optimal, minimax


def _best(n1: int, n: int, p0: float, p1: float, alpha: float, beta: float) -> TwoStage | None:
    """Of the designs with these two sizes the one with the smallest expected number."""
    import numpy as np

    null, active = _chance_of_success(n1, n, p0), _chance_of_success(n1, n, p1)
    allowed = (null <= alpha) & (active >= 1 - beta)
    if not allowed.any():
        return None
    # Stopping after more first-stage failures always expects fewer; of the rest the smallest error.
    r1 = int(np.nonzero(allowed.any(axis=1))[0].max())
    r = int(np.nonzero(allowed[r1])[0].max())
    early = float(_binomial(n1, p0)[: r1 + 1].sum())
    return TwoStage(
        n1, r1, n, r, n1 + (1 - early) * (n - n1), early, float(null[r1, r]), float(active[r1, r])
    )


def _chance_of_success(n1: int, n: int, p: float) -> Any:
    """For every r1 (row) and r (column): the chance of more than r1 of n1 and more than r of n."""
    import numpy as np

    first, second = _binomial(n1, p), _binomial(n - n1, p)
    # above[k] is the chance of at least k in the second stage.
    above = np.append(np.cumsum(second[::-1])[::-1], 0.0)
    needed = np.clip(np.arange(n + 1)[None, :] + 1 - np.arange(n1 + 1)[:, None], 0, n - n1 + 1)
    joint = first[:, None] * above[needed]
    exceeding = np.cumsum(joint[::-1], axis=0)[::-1]
    return np.vstack([exceeding[1:], np.zeros((1, n + 1))])


def predictive_probability(rule: StoppingRule, responses: int, n: int, most: int) -> float:
    """The chance that the trial, carried on to `most` participants, will end with the rule fulfilled.

    The rule is fulfilled when P(probability of response > `rule.limit` | data) > `rule.certainty`. Future
    responses follow the beta-binomial distribution that the prior and the data so far imply.
    Source: Lee JJ, Liu DD, Clin Trials 2008;5:93.
    """
    from scipy import special

    if not 0 <= responses <= n <= most:
        raise AnalysisError(f"{responses} responses among {n} of at most {most} participants cannot be")
    a, b, left = rule.a + responses, rule.b + n - responses, most - n
    chance = 0.0
    for more in range(left + 1):
        if probability_above(rule, responses + more, most) > rule.certainty:
            ways = special.gammaln([left + 1, more + 1, left - more + 1])
            shape = special.betaln(a + more, b + left - more) - special.betaln(a, b)
            chance += math.exp(float(ways[0] - ways[1] - ways[2] + shape))
    return chance
