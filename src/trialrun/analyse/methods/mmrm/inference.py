"""Tests and intervals for combinations of coefficients: degrees of freedom by Satterthwaite and Kenward-Roger."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.likelihood import Patterns, curvature, spread_of_derivatives
from trialrun.analyse.methods.mmrm.search import Search
from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

KENWARD_ROGER = "kenward-roger"
KENWARD_ROGER_LINEAR = "kenward-roger-linear"
SATTERTHWAITE = "satterthwaite"
RESIDUAL = "residual"
DF_METHODS = (KENWARD_ROGER, KENWARD_ROGER_LINEAR, SATTERTHWAITE, RESIDUAL)
INFORMATION = ("observed", "expected")
_SHORT = {"kr": KENWARD_ROGER, "kr-linear": KENWARD_ROGER_LINEAR, "sat": SATTERTHWAITE}


def df_method(name: str) -> str:
    """The method of degrees of freedom from its name in any case, or short (KR, KR-linear)."""
    plain = str(name).strip().lower().replace("_", "-").replace(" ", "-")
    return _SHORT.get(plain, plain)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A combination of coefficients with its test against zero and its interval.

    All numbers are `None` when the data do not determine it; `note` then says so. `weights` are the
    combination's weights on the model's coefficients, `at` what it stands for.
    """

    name: str
    estimate: float | None
    se: float | None
    df: float | None
    t: float | None
    p: float | None
    low: float | None
    high: float | None
    level: float
    weights: tuple[float, ...]
    at: tuple[tuple[str, str], ...] = ()
    note: str = ""

    @property
    def estimable(self) -> bool:
        """Whether the data determine it."""
        return self.estimate is not None


@dataclass(frozen=True, slots=True)
class FTest:
    """Several combinations tested at once. `f`, `df` and `p` are `None` when they cannot be had; `note` says why."""

    name: str
    numerator_df: int
    df: float | None
    f: float | None
    p: float | None
    note: str = ""


@dataclass(frozen=True, slots=True)
class Inference:
    """Coefficients of the orthonormal columns (standardised response) and their uncertainty."""

    method: str
    coefficients: NDArray[Any]
    spread: NDArray[Any]
    adjusted: NDArray[Any]
    by_parameter: NDArray[Any]
    parameter_spread: NDArray[Any] | None
    residual_df: int
    scale: float

    def single(self, weights: NDArray[Any]) -> tuple[float, float, float]:
        """Estimate, standard error and degrees of freedom of one combination."""
        estimate = float(weights @ self.coefficients) * self.scale
        variance = float(weights @ self.adjusted @ weights)
        return estimate, math.sqrt(max(variance, 0.0)) * self.scale, self._df(weights)

    def _df(self, weights: NDArray[Any]) -> float:
        if self.method == RESIDUAL or self.parameter_spread is None:
            return float(self.residual_df)
        turned = self.spread @ weights
        slope = self.by_parameter @ turned @ turned
        below = float(slope @ self.parameter_spread @ slope)
        return 2 * float(weights @ turned) ** 2 / below if below > 0 else math.inf

    def several(self, weights: NDArray[Any]) -> tuple[float, float | None, str]:
        """F, its denominator degrees of freedom and a note, for independent combinations (rows)."""
        import numpy as np

        estimate = weights @ self.coefficients
        if self.method in (KENWARD_ROGER, KENWARD_ROGER_LINEAR):
            return self._kenward_roger(weights, estimate)
        count = len(weights)
        matrix = weights @ self.adjusted @ weights.T
        plain = float(estimate @ np.linalg.solve(matrix, estimate)) / count
        if self.method == RESIDUAL:
            return plain, float(self.residual_df), ""
        return plain, *self._fai_cornelius(weights, matrix)

    def _fai_cornelius(self, weights: NDArray[Any], matrix: NDArray[Any]) -> tuple[float | None, str]:
        """Source: Fai and Cornelius, J Stat Comput Simul 1996;54:363."""
        import numpy as np

        _, vectors = np.linalg.eigh(matrix)
        each = [self._df(row) for row in vectors.T @ weights]
        if len(each) == 1:
            return each[0], ""
        expected = sum(df / (df - 2) if math.isfinite(df) else 1.0 for df in each if df > 2)
        if expected <= len(each):
            return None, "the degrees of freedom are too few for Satterthwaite's F test"
        return 2 * expected / (expected - len(each)), ""

    def _kenward_roger(
        self, weights: NDArray[Any], estimate: NDArray[Any]
    ) -> tuple[float, float | None, str]:
        """Source: Kenward and Roger, Biometrics 1997;53:983, equations 6 to 8."""
        import numpy as np

        if self.parameter_spread is None:
            raise AnalysisError("there is no Kenward-Roger test without the covariance of the parameters")
        count = len(weights)
        theta = weights.T @ np.linalg.solve(weights @ self.spread @ weights.T, weights)
        product = np.stack([theta @ self.spread @ each @ self.spread for each in self.by_parameter])
        traces = np.trace(product, axis1=1, axis2=2)
        one = float(traces @ self.parameter_spread @ traces)
        flat = product.reshape(len(product), -1)
        crossed = flat @ product.transpose(0, 2, 1).reshape(len(product), -1).T
        two = float((self.parameter_spread * crossed).sum())
        plain = float(estimate @ np.linalg.solve(weights @ self.adjusted @ weights.T, estimate)) / count
        try:
            moments = _matched(count, one, two)
        except ZeroDivisionError:
            moments = None
        if moments is None:
            return plain, None, "Kenward-Roger's approximation has no solution here"
        df, factor = moments
        return factor * plain, df, ""


def _matched(count: int, one: float, two: float) -> tuple[float, float] | None:
    """Degrees of freedom and factor of the F whose first two moments match; `None` when there is none."""
    if two <= 0:
        return math.inf, 1.0
    if count == 1:
        return 2 / two, 1.0
    b = (one + 6 * two) / (2 * count)
    g = ((count + 1) * one - (count + 4) * two) / ((count + 2) * two)
    base = 3 * count + 2 * (1 - g)
    c1, c2, c3 = g / base, (count - g) / base, (count + 2 - g) / base
    # Below 4 degrees of freedom the variance of F is not finite; the formulas hold on (Hotelling's
    # T squared is met exactly there), so only their poles and what is no F distribution is refused.
    inverse_mean = 1 - two / count
    variance = (2 / count) * (1 + c1 * b) / ((1 - c2 * b) ** 2 * (1 - c3 * b))
    excess = count * variance * inverse_mean**2 / 2 - 1
    df = 4 + (count + 2) / excess
    factor = df * inverse_mean / (df - 2)
    return (df, factor) if df > 0 and factor > 0 and math.isfinite(factor) else None


def _singular(matrix: NDArray[Any]) -> bool:
    import numpy as np

    size = np.sqrt(np.abs(np.diag(matrix)))
    return bool((size == 0).any()) or np.linalg.cond(matrix / np.outer(size, size)) > 1e12


def infer(
    patterns: Patterns,
    found: Search,
    *,
    method: str,
    information: str,
    residual_df: int,
    scale: float,
    shift: NDArray[Any],
) -> Inference:
    """What `method` says about the uncertainty of the coefficients.

    Kenward-Roger's adjusted covariance: Φ + 2Φ{Σ wₕₖ (Qₕₖ − PₕΦPₖ − Rₕₖ/4)}Φ, the last part left
    out by the linear version. `information` says whether w comes from the observed (SAS, mmrm) or
    the expected (pbkrtest) second derivatives. `shift`: the least-squares coefficients, which the
    response was taken apart from.
    """
    import numpy as np

    derivatives, point = found.derivatives, found.point
    spread = point.spread
    weights = None
    if method != RESIDUAL:
        matrix = derivatives.observed if information == "observed" else derivatives.expected
        # Only a fit that did not converge can have a singular matrix here.
        weights = 2 * (np.linalg.pinv(matrix) if _singular(matrix) else np.linalg.inv(matrix))
        weights = (weights + weights.T) / 2
    adjusted = spread
    if weights is not None and method in (KENWARD_ROGER, KENWARD_ROGER_LINEAR):
        fixed = derivatives.by_parameter
        middle = spread_of_derivatives(patterns, point, weights, found.first)
        half = np.tensordot(weights, fixed @ spread, 1)
        middle = middle - (half @ fixed).sum(axis=0)
        if method == KENWARD_ROGER and found.second is not None:
            middle = middle - curvature(patterns, point, weights, found.second) / 4
        adjusted = spread + 2 * spread @ middle @ spread
        adjusted = (adjusted + adjusted.T) / 2
    return Inference(
        method,
        point.coefficients + shift,
        spread,
        adjusted,
        derivatives.by_parameter,
        weights,
        residual_df,
        scale,
    )
