"""Answers about proportions: exact where a small trial needs it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trialrun.analyse.methods.signed_rank import Alternative, checked
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class BinomialInterval:
    """`count` of `n` with the interval of the proportion; no estimate where n is 0."""

    count: int
    n: int
    estimate: float | None
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class ProportionDifference:
    """First proportion minus the second, with its interval."""

    estimate: float
    low: float
    high: float
    level: float


@dataclass(frozen=True, slots=True)
class FisherTest:
    """The exact probability of a two-by-two table and its sample odds ratio (`None`: nothing to divide)."""

    odds_ratio: float | None
    p: float


def checked_level(level: float) -> float:
    """A confidence level, refused unless it lies between 0 and 1."""
    if not 0 < level < 1:
        raise AnalysisError(f"{level} is not a confidence level", "give a number such as 0.95")
    return level


def _checked_count(count: int, n: int) -> None:
    if not 0 <= count <= n:
        raise AnalysisError(f"{count} of {n} is not a proportion")


def clopper_pearson(count: int, n: int, *, level: float = 0.95) -> BinomialInterval:
    """A proportion with its exact interval; 0 of 15 still allows 21.8 %.

    It covers the true proportion at least as often as its level says, whatever that proportion is.
    Source: Clopper CJ, Pearson ES, Biometrika 1934;26:404.
    """
    from scipy import special

    _checked_count(count, n)
    alpha = 1 - checked_level(level)
    low = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, alpha / 2))
    high = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, 1 - alpha / 2))
    return BinomialInterval(count, n, count / n if n else None, low, high, level)


def wilson(count: int, n: int, *, level: float = 0.95) -> BinomialInterval:
    """A proportion with the interval of its score test, without continuity correction.

    Right on average over true proportions, not for each of them; the exact interval is `clopper_pearson`.
    Source: Wilson EB, J Am Stat Assoc 1927;22:209.
    """
    from scipy import special

    _checked_count(count, n)
    z = float(special.ndtri(0.5 + checked_level(level) / 2))
    if n == 0:
        return BinomialInterval(0, 0, None, 0.0, 1.0, level)
    share = count / n
    centre = (share + z * z / (2 * n)) / (1 + z * z / n)
    reach = z * math.sqrt(share * (1 - share) / n + z * z / (4 * n * n)) / (1 + z * z / n)
    # At the ends the bound is the end itself; rounding would leave it a hair inside or outside.
    low = 0.0 if count == 0 else centre - reach
    high = 1.0 if count == n else centre + reach
    return BinomialInterval(count, n, share, low, high, level)


def newcombe(count_1: int, n_1: int, count_2: int, n_2: int, *, level: float = 0.95) -> ProportionDifference:
    """The first proportion minus the second, of two independent groups, with its hybrid score interval.

    Errors: `AnalysisError` for an empty group. Source: Newcombe RG, Stat Med 1998;17:873 (method 10).
    """
    for group, n in (("first", n_1), ("second", n_2)):
        if n < 1:
            raise AnalysisError(f"the {group} group is empty: no difference of proportions")
    one, two = wilson(count_1, n_1, level=level), wilson(count_2, n_2, level=level)
    share_1, share_2 = count_1 / n_1, count_2 / n_2
    difference = share_1 - share_2
    below = math.hypot(share_1 - one.low, two.high - share_2)
    above = math.hypot(one.high - share_1, share_2 - two.low)
    return ProportionDifference(difference, difference - below, difference + above, level)


def exact_binomial(count: int, n: int, share: float, *, alternative: Alternative = "two-sided") -> float:
    """The exact probability of a count at least as extreme when the true proportion is `share`.

    Two-sided: the sum of all counts that are no more likely than the one seen.
    Source: Clopper CJ, Pearson ES, Biometrika 1934;26:404; two-sided rule as Fisher's exact test.
    """
    from scipy import stats

    _checked_count(count, n)
    if not 0 <= share <= 1:
        raise AnalysisError(f"{share} is not a proportion to test against")
    if n == 0:
        return 1.0
    return float(stats.binomtest(count, n, share, alternative=alternative).pvalue)


def fisher_exact(
    count_1: int, n_1: int, count_2: int, n_2: int, *, alternative: Alternative = "two-sided"
) -> FisherTest:
    """Fisher's exact test that two independent proportions are the same.

    `greater` asks whether the first is larger. Source: Fisher RA, J R Stat Soc 1935;98:39.
    """
    from scipy import stats

    _checked_count(count_1, n_1)
    _checked_count(count_2, n_2)
    table = [[count_1, n_1 - count_1], [count_2, n_2 - count_2]]
    found = stats.fisher_exact(table, alternative=alternative)
    crossed = (n_1 - count_1) * count_2
    ratio = count_1 * (n_2 - count_2) / crossed if crossed else None
    return FisherTest(ratio, float(found.pvalue))  # type: ignore[attr-defined]


def sign_test(differences: Sequence[float | Decimal]) -> float:
    """Exact two-sided probability that as few change in the rarer direction; zeros dropped.

    Source: Dixon WJ, Mood AM, J Am Stat Assoc 1946;41:557.
    """
    values = [value for value in checked(differences) if value != 0]
    return sign_test_of_counts(sum(value > 0 for value in values), sum(value < 0 for value in values))


def sign_test_of_counts(up: int, down: int) -> float:
    """Exact two-sided probability of so uneven a split of those who changed; 1 when nobody did."""
    from scipy import special

    if up < 0 or down < 0:
        raise AnalysisError(f"{up} up and {down} down are not counts")
    if up + down == 0:
        return 1.0
    return min(1.0, 2 * float(special.bdtr(min(up, down), up + down, 0.5)))
