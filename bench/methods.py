"""Exact rank methods against SciPy's, in one process.

SciPy's exact signed rank knows neither ties nor zeros and gives no interval; the comparison is on data
without either, and a second row shows ours where there are ties, as scores in whole points have.
"""

from __future__ import annotations

import random

from bench import measure

SIZES = (15, 50, 100, 200)
RUNS = 5


def _changes(n: int, *, whole: bool) -> list[float]:
    draws = random.Random(n)
    values = [draws.gauss(-0.4, 3) for _ in range(n)]
    return [float(round(value)) for value in values] if whole else values


def _signed_rank() -> list[measure.Row]:
    from scipy import stats

    from trialrun.analyse.methods import signed_rank

    rows: list[measure.Row] = []
    for n in SIZES:
        plain, tied = _changes(n, whole=False), _changes(n, whole=True)
        theirs, reference = measure.best_of(RUNS, lambda v=plain: stats.wilcoxon(v, method="exact").pvalue)
        ours, found = measure.best_of(RUNS, lambda v=plain: signed_rank(v).p)
        with_ties, _ = measure.best_of(RUNS, lambda v=tied: signed_rank(v).p)
        apart = abs(float(found) / float(reference) - 1)  # type: ignore[arg-type]
        rows += [
            measure.Row(f"SciPy exact, n = {n}", theirs, 1.0),
            measure.Row(f"trialrun exact, n = {n}", ours, ours / theirs, f"p apart by {apart:.0e} of itself"),
            measure.Row(f"trialrun exact with ties and zeros, n = {n}", with_ties, with_ties / theirs),
        ]
    return rows


def _interval() -> list[measure.Row]:
    import numpy as np

    from trialrun.analyse.methods import hodges_lehmann

    rows: list[measure.Row] = []
    for n in SIZES:
        plain, tied = _changes(n, whole=False), _changes(n, whole=True)

        def median(values: list[float] = plain) -> float:
            x = np.asarray(values)
            i, j = np.triu_indices(len(x))
            return float(np.median((x[i] + x[j]) / 2))

        reference, _ = measure.best_of(RUNS, median)
        ours, _ = measure.best_of(RUNS, lambda v=plain: hodges_lehmann(v))
        with_ties, _ = measure.best_of(3, lambda v=tied: hodges_lehmann(v))
        rows += [
            measure.Row(f"NumPy, the estimate alone, n = {n}", reference, 1.0),
            measure.Row(f"trialrun, estimate and exact interval, n = {n}", ours, ours / reference),
            measure.Row(f"trialrun, the same with ties, n = {n}", with_ties, with_ties / reference),
        ]
    return rows


def _rank_sum() -> list[measure.Row]:
    from scipy import stats

    from trialrun.analyse.methods import rank_sum

    rows: list[measure.Row] = []
    for n in (10, 20, 40):
        first, second = (_changes(n + extra, whole=False) for extra in (0, 1))
        theirs, reference = measure.best_of(
            RUNS, lambda a=first, b=second: stats.mannwhitneyu(a, b, method="exact").pvalue
        )
        ours, found = measure.best_of(3, lambda a=first, b=second: rank_sum(a, b).p)
        apart = abs(float(found) / float(reference) - 1)  # type: ignore[arg-type]
        rows += [
            measure.Row(f"SciPy exact, no interval, {n} and {n + 1}", theirs, 1.0),
            measure.Row(
                f"trialrun exact with interval, {n} and {n + 1}",
                ours,
                ours / theirs,
                f"p apart by {apart:.0e} of itself",
            ),
        ]
    return rows


def run() -> str:
    """The tables of one run."""
    parts = [
        measure.table("Exact signed rank", "SciPy", _signed_rank()),
        measure.table("Hodges-Lehmann estimate with exact interval", "the estimate alone", _interval()),
        measure.table("Exact rank sum", "SciPy", _rank_sum()),
    ]
    return "\n".join(parts)
