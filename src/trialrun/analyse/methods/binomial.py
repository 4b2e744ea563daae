"""Exact answers about proportions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from trialrun.analyse.methods.signed_rank import checked
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class BinomialInterval:
    """`count` of `n` with the exact interval of the proportion; no estimate where n is 0."""

    count: int
    n: int
    estimate: float | None
    low: float
    high: float
    level: float


def clopper_pearson(count: int, n: int, *, level: float = 0.95) -> BinomialInterval:
    """A proportion with its exact interval; 0 of 15 still allows 21.8 %.

    Source: Clopper CJ, Pearson ES, Biometrika 1934;26:404.
    """
    from scipy import special

    if not 0 <= count <= n:
        raise AnalysisError(f"{count} of {n} is not a proportion")
    alpha = 1 - level
    low = 0.0 if count == 0 else float(special.betaincinv(count, n - count + 1, alpha / 2))
    high = 1.0 if count == n else float(special.betaincinv(count + 1, n - count, 1 - alpha / 2))
    return BinomialInterval(count, n, count / n if n else None, low, high, level)


def sign_test(differences: Sequence[float | Decimal]) -> float:
    """Exact two-sided probability that as few change in the rarer direction; zeros dropped."""
    from scipy import special

    values = [value for value in checked(differences) if value != 0]
    if not values:
        return 1.0
    rarer = min(sum(value > 0 for value in values), sum(value < 0 for value in values))
    return min(1.0, 2 * float(special.bdtr(rarer, len(values), 0.5)))
