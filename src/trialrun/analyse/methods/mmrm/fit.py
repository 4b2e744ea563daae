"""What a fitted mixed model for repeated measures says, and what can be asked of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.columns import label
from trialrun.analyse.methods.mmrm.design import Basis
from trialrun.analyse.methods.mmrm.formula import Formula, parse_formula
from trialrun.analyse.methods.mmrm.inference import Estimate, FTest, Inference
from trialrun.analyse.methods.mmrm.means import BALANCED, Grid
from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray

NO_ERROR = "no standard error: the covariance of the estimates is not positive definite"
NOT_ESTIMABLE = "not estimable: the data do not determine it"
Weights = Mapping[str, float] | Sequence[float]


@dataclass(frozen=True, slots=True)
class VisitCovariance:
    """Covariance and correlation between visits; `parameters` are the structure's own."""

    visits: tuple[str, ...]
    matrix: tuple[tuple[float, ...], ...]
    correlation: tuple[tuple[float, ...], ...]
    parameters: tuple[tuple[str, float], ...]


@dataclass(frozen=True, slots=True)
class Convergence:
    """How the search for the covariance ended.

    `gradient`: the distance to the maximum by the last slope, in standard errors of the covariance
    parameters. `hessian_positive`: whether the second derivatives there are those of a maximum.
    """

    converged: bool
    iterations: int
    gradient: float
    hessian_positive: bool
    reason: str


@dataclass(frozen=True, slots=True)
class MmrmFit:
    """A mixed model for repeated measures.

    `coefficients` are against each factor's first level; an aliased one has no numbers and a note.
    `covariance` is the structure that was used, `tried` those asked for. `minus2_log_likelihood` is
    restricted when `method` is "reml", by SAS' convention. `aic` and `bic` count covariance
    parameters only under REML and the fixed effects too under ML; `bic` takes the logarithm of the
    number of participants (SAS), `bic_observations` that of observations (nlme). `log` says in
    plain sentences what was left out, tried and given up.
    """

    response: str
    fixed: str
    covariance: str
    tried: tuple[str, ...]
    method: str
    df_method: str
    level: float
    coefficients: tuple[Estimate, ...]
    visit_covariance: VisitCovariance
    participants: int
    observations: int
    rank: int
    minus2_log_likelihood: float
    aic: float
    bic: float
    bic_observations: float
    convergence: Convergence
    aliased: tuple[str, ...]
    empty_cells: tuple[str, ...]
    log: tuple[str, ...]
    formula: Formula = field(repr=False)
    grid: Grid = field(repr=False, compare=False)
    basis: Basis = field(repr=False, compare=False)
    inference: Inference = field(repr=False, compare=False)

    def __str__(self) -> str:
        return self.summary()

    def summary(self) -> str:
        """The fit as a few lines of text: model, numbers, convergence, coefficients, log."""
        return "\n".join(summary_lines(self))

    @property
    def converged(self) -> bool:
        """Whether the likelihood's maximum was found."""
        return self.convergence.converged

    @property
    def iterations(self) -> int:
        """Steps of the search."""
        return self.convergence.iterations

    @property
    def names(self) -> tuple[str, ...]:
        """The names of the coefficients."""
        return tuple(column.name for column in self.grid.columns)

    def coefficient(self, name: str) -> Estimate:
        """The coefficient of that name. Errors: `AnalysisError` when there is none."""
        for each in self.coefficients:
            if each.name == name:
                return each
        raise AnalysisError(f"the model has no coefficient {name!r}", f"it has {', '.join(self.names)}")

    def _weights(self, weights: Weights) -> NDArray[Any]:
        import numpy as np

        if isinstance(weights, Mapping):
            for name in weights:
                self.coefficient(name)
            values = [float(weights.get(name, 0.0)) for name in self.names]
        else:
            values = [float(value) for value in weights]
        if len(values) != len(self.names) or not all(np.isfinite(values)):
            raise AnalysisError(
                f"a contrast needs {len(self.names)} finite weights, one for each coefficient",
                f"the coefficients are {', '.join(self.names)}",
            )
        return np.array(values)

    def contrast(
        self, weights: Weights, *, name: str = "contrast", at: tuple[tuple[str, str], ...] = ()
    ) -> Estimate:
        """A weighted sum of coefficients; `weights` by name, or one for each coefficient in order."""
        return estimate(self.basis, self.inference, self._weights(weights), self.level, name, at)

    def test(self, hypotheses: Sequence[Weights], *, name: str = "test") -> FTest:
        """The F test that all these weighted sums are zero.

        Dependent rows count once. Kenward-Roger scales F by its factor; Satterthwaite follows Fai
        and Cornelius (1996), whose degrees of freedom depend a little on how the hypothesis is
        written: the rows are taken as given, as R does.
        """
        import numpy as np

        rows = np.array([self._weights(each) for each in hypotheses])
        if not len(rows):
            raise AnalysisError("a test needs at least one hypothesis")
        if not all(self.basis.estimable(row) for row in rows):
            return FTest(name, len(rows), None, None, None, NOT_ESTIMABLE)
        return f_test(self.inference, self.basis.rotated(rows), name)

    def test_term(self, term: str, *, at: Mapping[str, object] | None = None) -> FTest:
        """The F test of one term such as "visit" or "ARM:visit", averaged evenly over other factors (Type III).

        Covariates stand at 0 as in SAS and R, which matters where a covariate interacts with the
        factor tested; `at` holds them elsewhere, such as at their mean.
        """
        parsed = parse_formula(term)
        wanted = frozenset(parsed.variables)
        known = {frozenset(each): each for each in self.formula.terms}
        if wanted not in known:
            raise AnalysisError(f"the model has no term {term!r}", f"its fixed effects are {self.fixed}")
        rows = self.grid.hypothesis(known[wanted], at or {})
        if not len(rows):
            return FTest(term, 0, None, None, None, "the term has a single level")
        return self.test([tuple(row) for row in rows], name=term)

    def adjusted_means(
        self,
        by: Sequence[str] | str = (),
        *,
        at: Mapping[str, object] | None = None,
        weights: str = BALANCED,
    ) -> tuple[Estimate, ...]:
        """Adjusted (least-squares) means at each combination of the levels of `by`.

        `at` holds covariates at numbers; the others stand at their mean over the rows used.
        Factors not in `by` are averaged over, evenly or ("proportional") as they occur.
        Source: Searle, Speed and Milliken, American Statistician 1980;34:216.
        """
        names = (by,) if isinstance(by, str) else tuple(by)
        found = []
        for cell in self.grid.cells(names):
            described = self.grid.described(cell)
            title = ", ".join(f"{name}={level}" for name, level in described) or "overall mean"
            row = self.grid.weights(cell, at or {}, weights)
            found.append(self.contrast(tuple(row), name=title, at=described))
        return tuple(found)

    def differences(
        self,
        of: str,
        by: Sequence[str] | str = (),
        *,
        reference: object = None,
        pairs: bool = False,
        at: Mapping[str, object] | None = None,
        weights: str = BALANCED,
    ) -> tuple[Estimate, ...]:
        """Differences of adjusted means between the levels of `of`, at each combination of `by`.

        Each level against `reference` (the factor's first one unless given), or all `pairs`.
        """
        names = (by,) if isinstance(by, str) else tuple(by)
        if of in names:
            raise AnalysisError(f"differences of {of} cannot be given by {of}")
        factor = self.grid.factor(of)
        base = 0 if reference is None else factor.levels.index(factor.level(reference))
        count = len(factor.levels)
        chosen = [(one, base) for one in range(count) if one != base]
        if pairs:
            chosen = [(one, other) for other in range(count) for one in range(other + 1, count)]
        found = []
        for cell in self.grid.cells(names):
            rows = [self.grid.weights({**cell, of: code}, at or {}, weights) for code in range(count)]
            for one, other in chosen:
                contrast = f"{label(factor.levels[one])} - {label(factor.levels[other])}"
                described = (*self.grid.described(cell), (of, contrast))
                title = ", ".join(f"{name}={level}" for name, level in described)
                found.append(self.contrast(tuple(rows[one] - rows[other]), name=title, at=described))
        return tuple(found)


def estimate(
    basis: Basis,
    inference: Inference,
    weights: NDArray[Any],
    level: float,
    name: str,
    at: tuple[tuple[str, str], ...] = (),
) -> Estimate:
    """One combination of all coefficients with its t test and interval, or the note that there is none."""
    import numpy as np
    from scipy import special

    kept = tuple(float(weight) for weight in weights)
    if not np.any(weights) or not basis.estimable(weights):
        note = NOT_ESTIMABLE if np.any(weights) else "not estimable: all its weights are zero"
        return Estimate(name, None, None, None, None, None, None, None, level, kept, at, note)
    value, error, df = inference.single(basis.rotated(weights))
    if not error > 0:
        return Estimate(name, value, None, None, None, None, None, None, level, kept, at, NO_ERROR)
    t = value / error
    normal = not np.isfinite(df)
    p = 2 * float(special.ndtr(-abs(t)) if normal else special.stdtr(df, -abs(t)))
    upper = 0.5 + level / 2
    reach = error * float(special.ndtri(upper) if normal else special.stdtrit(df, upper))
    return Estimate(name, value, error, df, t, p, value - reach, value + reach, level, kept, at)


def f_test(inference: Inference, rows: NDArray[Any], name: str) -> FTest:
    """The F test of combinations given on the orthonormal columns; dependent rows count once."""
    import numpy as np
    from scipy import special

    lengths = np.sqrt((rows**2).sum(axis=1))
    rows, lengths = rows[lengths > 0], lengths[lengths > 0]
    if not len(rows):
        return FTest(name, 0, None, None, None, "the hypothesis says nothing: all its weights are zero")
    _, sizes, directions = np.linalg.svd(rows / lengths[:, None], full_matrices=False)
    independent = sizes > sizes[0] * 1e-8
    if not independent.all() or len(sizes) < len(rows):
        rows = directions[independent]
    f, df, note = inference.several(rows)
    if df is None:
        return FTest(name, len(rows), None, f, None, note)
    number = len(rows)
    p = special.chdtrc(number, f * number) if not np.isfinite(df) else special.fdtrc(number, df, f)
    return FTest(name, number, df, f, float(p), note)


def summary_lines(fit: MmrmFit) -> list[str]:
    """What a reader wants to see first of a fit."""
    end = fit.convergence
    kind = "-2 restricted log-likelihood" if fit.method == "reml" else "-2 log-likelihood"
    state = (
        f"converged in {end.iterations} steps (distance to the maximum {end.gradient:.1e} standard errors, "
        f"second derivatives {'those of a maximum' if end.hessian_positive else 'not those of a maximum'})"
        if end.converged
        else f"NOT converged after {end.iterations} steps: {end.reason}"
    )
    level = f"{100 * fit.level:g}%"
    visits = ", ".join(fit.visit_covariance.visits)
    wide = max(len(each.name) for each in fit.coefficients)
    lines = [
        f"Mixed model for repeated measures: {fit.response} ~ {fit.fixed}",
        f"{fit.participants} participants, {fit.observations} observations, visits {visits}",
        f"covariance {fit.covariance}, {fit.method.upper()}, degrees of freedom by {fit.df_method}",
        f"{kind} {fit.minus2_log_likelihood:.4f}, AIC {fit.aic:.4f}, BIC {fit.bic:.4f}",
        state,
        "",
        f"{'':{wide}}  {'estimate':>10} {'se':>9} {'df':>7} {'t':>8} {'p':>8}  {level} interval",
    ]
    for each in fit.coefficients:
        if each.estimate is None or each.se is None or each.df is None:
            lines.append(f"{each.name:{wide}}  {each.note}")
            continue
        lines.append(
            f"{each.name:{wide}}  {each.estimate:10.4g} {each.se:9.4g} {each.df:7.1f} {each.t:8.3f} "
            f"{each.p:8.4f}  {each.low:.4g} to {each.high:.4g}"
        )
    return [*lines, *(["", *fit.log] if fit.log else [])]
