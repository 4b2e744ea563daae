"""Fitting the mixed model for repeated measures: rows in, a fit with its log out."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from trialrun.analyse.methods.mmrm.fit import Convergence, MmrmFit, VisitCovariance, estimate
from trialrun.analyse.methods.mmrm.formula import Formula, parse_formula
from trialrun.analyse.methods.mmrm.inference import (
    DF_METHODS,
    INFORMATION,
    KENWARD_ROGER,
    KENWARD_ROGER_LINEAR,
    df_method,
    infer,
)
from trialrun.analyse.methods.mmrm.likelihood import Patterns
from trialrun.analyse.methods.mmrm.means import Grid
from trialrun.analyse.methods.mmrm.reading import NO_SPREAD, ModelData, read_data
from trialrun.analyse.methods.mmrm.search import Search, search
from trialrun.analyse.methods.mmrm.structures import kind_of, structure
from trialrun.errors import AnalysisError

if TYPE_CHECKING:
    from numpy.typing import NDArray


def mmrm(
    frame: Any,
    *,
    response: str,
    visit: str,
    participant: str,
    fixed: str | Sequence[str],
    covariance: str | Sequence[str] = "unstructured",
    df: str = KENWARD_ROGER,
    method: str = "reml",
    level: float = 0.95,
    information: str = "observed",
    levels: Mapping[str, Sequence[object]] | None = None,
    reference: Mapping[str, object] | None = None,
    categories: Sequence[str] = (),
    accept_unconverged: bool = False,
) -> MmrmFit:
    """A mixed model for repeated measures: a linear model whose visits correlate within a participant.

    Args:
        frame: one row for each participant and visit; a mapping of column names to equally long
            sequences, a list of rows as mappings, or a pandas, polars or Arrow table. None, NaN and
            empty text are missing: rows without response or covariate are left out (missing at
            random), and the log counts them.
        fixed: fixed effects such as `"baseline + ARM*visit"`. A variable is categorical when it is
            the visit, holds text, or is named in `levels`, `reference` or `categories`; its first
            level (natural order, or as in `levels`, a pandas category's own order, or `reference`) is
            the reference.
        covariance: the structure between visits, or several to be tried in that order until one
            converges; each failure is in the log.
        df: "kenward-roger" (SAS' DDFM=KR), "kenward-roger-linear" (without second derivatives;
            the same for unstructured, compound symmetry and Toeplitz), "satterthwaite", "residual".
        method: "reml" or "ml".
        level: of the two-sided confidence intervals.
        information: second derivatives behind the degrees of freedom, "observed" (SAS, R mmrm) or
            "expected" (R pbkrtest).
        accept_unconverged: give the last fit, flagged, instead of an error when none converged.

    Errors: `AnalysisError` for input that has no such model, and when no covariance converged.
    Source: Mallinckrodt et al., Drug Information Journal 2008;42:303 (the model); Laird and Ware,
    Biometrics 1982;38:963; Kenward and Roger, Biometrics 1997;53:983; Satterthwaite, Biometrics
    Bulletin 1946;2:110.
    """
    df, method, information = df_method(df), str(method).lower(), str(information).lower()
    _check_options(df, method, level, information)
    wanted = (covariance,) if isinstance(covariance, str) else tuple(covariance or ())
    tried = tuple(dict.fromkeys(kind_of(name) for name in wanted))
    if not tried:
        raise AnalysisError("no covariance structure is given", "name at least one")
    data = read_data(frame, response, visit, participant, parse_formula(fixed), levels, reference, categories)
    patterns = _patterns(data)
    log = list(data.log)
    found, kind = _first_that_converges(data, patterns, tried, reml=method == "reml", log=log)
    if found is None or (not found.converged and not accept_unconverged):
        raise AnalysisError(
            f"the mixed model of {response} did not converge: {'; '.join(log[len(data.log) :])}",
            "use a simpler covariance, fewer visits, or another analysis",
        )
    return _fit(data, patterns, found, kind, tried, (response, method, df, level, information), log)


def _check_options(df: str, method: str, level: float, information: str) -> None:
    for what, value, known in (
        ("df", df, DF_METHODS),
        ("method", method, ("reml", "ml")),
        ("information", information, INFORMATION),
    ):
        if value not in known:
            raise AnalysisError(f"{what} {value!r} is not known", f"choose among {', '.join(known)}")
    if method == "ml" and df in (KENWARD_ROGER, KENWARD_ROGER_LINEAR):
        raise AnalysisError("Kenward-Roger needs REML", 'give method="reml", or df="satterthwaite"')
    if not 0 < level < 1:
        raise AnalysisError(f"the confidence level is {level}, it must lie between 0 and 1")


def _patterns(data: ModelData) -> Patterns:
    import numpy as np

    columns = np.column_stack([data.basis.rows, data.residuals])
    return Patterns(columns, data.visit, data.participant, len(data.visits))


def _first_covariance(data: ModelData) -> NDArray[Any]:
    """Moments of the least-squares residuals for each pair of visits; the start of the search."""
    import numpy as np

    table = np.zeros((data.people, len(data.visits)))
    seen = np.zeros_like(table)
    table[data.participant, data.visit] = data.residuals
    seen[data.participant, data.visit] = 1.0
    together = seen.T @ seen
    share = 1 - len(data.basis.kept) / len(data.residuals)
    return (table.T @ table) / np.maximum(together * share, 0.5)


def _unfit(data: ModelData, kind: str) -> str:
    """Why the data cannot determine a structure at all; empty when they may."""
    import numpy as np

    count = len(data.visits)
    spread = [float(np.abs(data.residuals[data.visit == place]).max()) for place in range(count)]
    heterogeneous = kind == "unstructured" or kind.startswith("heterogeneous")
    flat = [name for name, size in zip(data.visits, spread, strict=True) if size < NO_SPREAD * 1e3]
    if heterogeneous and flat:
        return f"the values at {', '.join(flat)} do not vary beyond the fixed effects"
    if count > 1 and data.people < 2:
        return "there is only one participant"
    seen = np.zeros((data.people, count))
    seen[data.participant, data.visit] = 1.0
    together = seen.T @ seen
    if kind == "unstructured":
        apart = np.argwhere(np.tril(together == 0))
        if len(apart):
            one, other = apart[0]
            return f"no participant has values both at {data.visits[other]} and at {data.visits[one]}"
    elif count > 1 and not np.triu(together, 1).any():
        return "no participant has values at two visits"
    return ""


def _first_that_converges(
    data: ModelData, patterns: Patterns, tried: Sequence[str], *, reml: bool, log: list[str]
) -> tuple[Search | None, str]:
    found, last, kind = None, None, tried[-1]
    start = _first_covariance(data)
    for name in tried:
        why = _unfit(data, name)
        if not why:
            found = search(patterns, structure(name, data.visits), start, reml=reml)
            why = "the likelihood cannot be computed at any starting point" if found is None else found.reason
            if found is not None:
                last, kind = found, name
        if not why:
            return found, name
        log.append(f"{name}: {why}")
    return last, kind


def _fit(
    data: ModelData,
    patterns: Patterns,
    found: Search,
    kind: str,
    tried: tuple[str, ...],
    options: tuple[str, str, str, float, str],
    log: list[str],
) -> MmrmFit:
    import numpy as np

    response, method, df, level, information = options
    rank, count = len(data.basis.kept), len(data.rows)
    inference = infer(
        patterns,
        found,
        method=df,
        information=information,
        residual_df=count - rank,
        scale=data.scale,
        shift=data.fitted,
    )
    names = tuple(column.name for column in data.columns)
    aliased = tuple(names[place] for place in data.basis.aliased)
    empty = tuple(names[place] for place in data.basis.aliased if data.basis.empty[place])
    if empty:
        log.append(f"no data for {', '.join(empty)}: not estimable")
    if rest := [name for name in aliased if name not in empty]:
        log.append(f"{', '.join(rest)} cannot be told apart from earlier terms: not estimable")
    if len(tried) > 1 or not found.converged:
        log.append(f"{kind}: {'converged' if found.converged else 'used although it did not converge'}")
    size = np.eye(len(names))
    coefficients = tuple(
        estimate(data.basis, inference, size[place], level, name) for place, name in enumerate(names)
    )
    deviance = _deviance(data, found, reml=method == "reml")
    parameters = len(found.theta) + (rank if method == "ml" else 0)
    return MmrmFit(
        response=response,
        fixed=_written(data.formula),
        covariance=kind,
        tried=tried,
        method=method,
        df_method=df,
        level=level,
        coefficients=coefficients,
        visit_covariance=_visit_covariance(data, found, kind),
        participants=data.people,
        observations=count,
        rank=rank,
        minus2_log_likelihood=deviance,
        aic=deviance + 2 * parameters,
        bic=deviance + math.log(data.people) * parameters,
        bic_observations=deviance + math.log(count - (rank if method == "reml" else 0)) * parameters,
        convergence=_convergence(found),
        aliased=aliased,
        empty_cells=empty,
        log=tuple(log),
        formula=data.formula,
        grid=Grid(data.variables, data.columns, data.rows),
        basis=data.basis,
        inference=inference,
    )


def _written(formula: Formula) -> str:
    terms = [":".join(term) for term in formula.terms]
    return " + ".join(terms if formula.intercept else ["0", *terms]) or "1"


def _deviance(data: ModelData, found: Search, *, reml: bool) -> float:
    """-2 log-likelihood in the response's own unit, with all constants, as SAS prints it."""
    import numpy as np

    count, rank = len(data.rows), len(data.basis.kept)
    free = count - rank if reml else count
    value = found.point.value + free * math.log(2 * math.pi) + 2 * free * math.log(data.scale)
    if reml:
        value += 2 * float(np.log(np.abs(np.diag(data.basis.triangle))).sum())
    return value


def _visit_covariance(data: ModelData, found: Search, kind: str) -> VisitCovariance:
    import numpy as np

    square = data.scale**2
    size = np.sqrt(np.diag(found.sigma))
    shape = structure(kind, data.visits)
    parameters = tuple(
        (name, float(value) * (1.0 if name.startswith("correlation") else square))
        for name, value in zip(shape.names, found.theta, strict=True)
    )
    return VisitCovariance(
        data.visits,
        tuple(tuple(row) for row in (found.sigma * square).tolist()),
        tuple(tuple(row) for row in (found.sigma / np.outer(size, size)).tolist()),
        parameters,
    )


def _convergence(found: Search) -> Convergence:
    import numpy as np

    positive = bool(np.linalg.eigvalsh(found.derivatives.observed)[0] > 0)
    return Convergence(found.converged, found.steps, found.distance, positive, found.reason)
