"""How categories moved between two times: better, worse, or the same."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from trialrun.analyse.methods.binomial import sign_test_of_counts
from trialrun.errors import AnalysisError


@dataclass(frozen=True, slots=True)
class StuartMaxwell:
    """Test that both times have the same distribution of categories; `df` 0 and p 1 when nothing moved."""

    statistic: float
    df: int
    p: float


@dataclass(frozen=True, slots=True)
class ShiftTable:
    """Counts by category before (rows) and after (columns), in the order best to worst.

    `p` is the exact two-sided sign test of improved against worse.
    """

    before: tuple[str, ...]
    after: tuple[str, ...]
    counts: tuple[tuple[int, ...], ...]
    improved: int
    worse: int
    same: int
    p: float

    @property
    def n(self) -> int:
        """Participants with both categories known."""
        return self.improved + self.worse + self.same

    @property
    def square(self) -> tuple[tuple[int, ...], ...]:
        """The counts with a row for every category, zeros for those nobody starts in."""
        rows = dict(zip(self.before, self.counts, strict=True))
        return tuple(rows.get(category, (0,) * len(self.after)) for category in self.after)


def shift_table(
    pairs: Iterable[tuple[str, str]], order: Sequence[str], *, only_after: Sequence[str] = ()
) -> ShiftTable:
    """Count pairs of categories, and test whether more got better than worse.

    Args:
        pairs: category before and after, one pair per participant; unknown ones are left out by the caller.
        order: categories best first, such as A, B, C, transplanted, dead.
        only_after: those of `order` nobody starts in (death); they get no row.
    Errors: `AnalysisError` for a category that is not in the order, or one named twice.
    Source of the test: Dixon WJ, Mood AM, J Am Stat Assoc 1946;41:557.
    """
    place = {category: index for index, category in enumerate(order)}
    if len(place) != len(order):
        raise AnalysisError(f"the categories {', '.join(order)} name one twice")
    before = tuple(category for category in order if category not in only_after)
    table = {row: dict.fromkeys(order, 0) for row in before}
    improved = worse = 0
    for early, late in pairs:
        for category, known in ((early, table), (late, place)):
            if category not in known:
                raise AnalysisError(
                    f"category {category!r} is not one of {', '.join(known)}", "name every category in order"
                )
        table[early][late] += 1
        improved += place[late] < place[early]
        worse += place[late] > place[early]
    counts = tuple(tuple(table[row].values()) for row in before)
    same = sum(map(sum, counts)) - improved - worse
    return ShiftTable(
        before, tuple(order), counts, improved, worse, same, sign_test_of_counts(improved, worse)
    )


def stuart_maxwell(counts: Sequence[Sequence[int]]) -> StuartMaxwell:
    """Are the categories as frequent after as before? A large-sample test: a note beside the exact one.

    Args:
        counts: square table, rows before, columns after. Degrees of freedom are the number of independent
            differences: one less than the categories that anyone moved into or out of, per connected group.
    Errors: `AnalysisError` for a table that is not square, or holds a count below 0.
    Sources: Stuart A, Biometrika 1955;42:412; Maxwell AE, Br J Psychiatry 1970;116:651.
    """
    import numpy as np
    from scipy import special

    size = len(counts)
    if any(len(row) != size for row in counts):
        raise AnalysisError(
            f"a {size}-row table whose rows have {sorted({len(row) for row in counts})} columns is not square",
            "give every category a row and a column, with zeros where nobody is",
        )
    if any(count < 0 for count in itertools.chain.from_iterable(counts)):
        raise AnalysisError("a table of counts holds a number below 0")
    table = np.asarray(counts, dtype=float).reshape(size, size)
    before, after = table.sum(axis=1), table.sum(axis=0)
    difference = before - after
    covariance = np.diag(before + after) - table - table.T
    df = int(np.linalg.matrix_rank(covariance)) if size else 0
    if df == 0:
        return StuartMaxwell(0.0, 0, 1.0)
    # The covariance is singular by construction: its generalised inverse drops what says nothing.
    statistic = float(difference @ np.linalg.pinv(covariance, hermitian=True) @ difference)
    return StuartMaxwell(statistic, df, float(special.chdtrc(df, statistic)))
