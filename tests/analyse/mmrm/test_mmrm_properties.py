"""What must hold for any data: equality with paired t tests, and indifference to labels, order, shift and scale."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from trialrun.analyse.methods.mmrm import Estimate, MmrmFit, mmrm
from trialrun.analyse.methods.paired_t import paired_t
from trialrun.errors import AnalysisError

Frame = dict[str, list[object]]
DFS = ("kenward-roger", "kenward-roger-linear", "satterthwaite")
KINDS = (
    "unstructured",
    "heterogeneous toeplitz",
    "toeplitz",
    "heterogeneous ar1",
    "ar1",
    "heterogeneous compound symmetry",
    "compound symmetry",
    "heterogeneous ante-dependence",
    "ante-dependence",
)


def made_up(seed: int, people: int, visits: int, *, gap: float = 0.0, arms: int = 1) -> Frame:
    """Participants of different severity, seen at equal visits, some values missing after the first."""
    dice = random.Random(seed)
    frame: Frame = {"id": [], "visit": [], "y": [], "base": [], "arm": []}
    for person in range(people):
        severity, drift = dice.gauss(15, 3), dice.gauss(0, 1)
        base = dice.gauss(severity, 1)
        for visit in range(visits):
            value = severity + drift * visit + dice.gauss(0, 1.5) - 0.5 * visit
            frame["id"].append(f"S-{person:03d}")
            frame["visit"].append(f"month {2 * visit}")
            frame["y"].append(None if visit and dice.random() < gap else value)
            frame["base"].append(base)
            frame["arm"].append("ABC"[person % arms])
    return frame


def fit(frame: Frame, **options: object) -> MmrmFit:
    settings_ = {"fixed": "visit"} | options
    return mmrm(frame, response="y", visit="visit", participant="id", **settings_)  # type: ignore[arg-type]


def fit_or_skip(frame: Frame, **options: object) -> MmrmFit:
    """The fit; made-up data whose likelihood has no maximum are no counterexample."""
    try:
        return fit(frame, **options)
    except AnalysisError:
        assume(False)
        raise


def close(one: Estimate, other: Estimate, *, factor: float = 1.0, rel: float = 1e-6) -> None:
    """The same test and interval, its estimate `factor` times as large."""
    size = abs(factor) * (one.se or 0.0)
    assert other.estimate == pytest.approx(factor * (one.estimate or 0.0), rel=rel, abs=rel * size)
    assert other.se == pytest.approx(size, rel=rel)
    assert other.df == pytest.approx(one.df, rel=rel)


seeds = st.integers(0, 2**32)
few = settings(max_examples=25, deadline=None)


@given(seed=seeds, people=st.integers(5, 20), visits=st.integers(2, 4), df=st.sampled_from(DFS))
@few
def test_complete_single_arm_data_give_the_paired_t_test(
    seed: int, people: int, visits: int, df: str
) -> None:
    frame = made_up(seed, people, visits)
    found = fit(frame, df=df)
    values = dict(zip(zip(frame["id"], frame["visit"], strict=True), frame["y"], strict=True))
    for visit in range(1, visits):
        name = f"month {2 * visit}"
        known = paired_t([values[p, name] - values[p, "month 0"] for p in dict.fromkeys(frame["id"])])  # type: ignore[operator]
        mine = found.coefficient(f"visit={name}")
        assert mine.estimate == pytest.approx(known.mean, rel=1e-9, abs=1e-9)
        assert mine.df == pytest.approx(people - 1, rel=1e-9)
        assert mine.t == pytest.approx(known.t, rel=1e-9)
        assert mine.p == pytest.approx(known.p, rel=1e-7)
        assert (mine.low, mine.high) == pytest.approx((known.low, known.high), rel=1e-7, abs=1e-9)


@given(seed=seeds, per_arm=st.integers(4, 9), visits=st.integers(2, 4), df=st.sampled_from(DFS))
@few
def test_complete_two_arm_data_have_the_known_degrees_of_freedom(
    seed: int, per_arm: int, visits: int, df: str
) -> None:
    """Two complete arms compared at a visit are a two-sample t test with n - 2 degrees of freedom."""
    frame = made_up(seed, 2 * per_arm, visits, arms=2)
    found = fit(frame, fixed="arm*visit", df=df)
    for each in found.differences("arm", "visit"):
        assert each.df == pytest.approx(2 * per_arm - 2, rel=1e-8)
        month = dict(each.at)["visit"]
        arms: dict[object, list[float]] = {"A": [], "B": []}
        for arm, visit, y in zip(frame["arm"], frame["visit"], frame["y"], strict=True):
            if visit == month:
                arms[arm].append(float(y))  # type: ignore[arg-type]
        means = {arm: sum(values) / per_arm for arm, values in arms.items()}
        squares = sum((v - means[arm]) ** 2 for arm, values in arms.items() for v in values)
        error = math.sqrt(squares / (2 * per_arm - 2) * 2 / per_arm)
        assert each.estimate == pytest.approx(means["B"] - means["A"], rel=1e-8, abs=1e-9)
        assert each.se == pytest.approx(error, rel=1e-8)


@given(seed=seeds, people=st.integers(4, 12), visits=st.integers(2, 5))
@few
def test_balanced_compound_symmetry_is_two_way_analysis_of_variance(
    seed: int, people: int, visits: int
) -> None:
    frame = made_up(seed, people, visits)
    found = fit(frame, covariance="compound symmetry")
    for name in found.names[1:]:
        assert found.coefficient(name).df == pytest.approx((people - 1) * (visits - 1), rel=1e-7)
    test = found.test_term("visit")
    assert test.df == pytest.approx((people - 1) * (visits - 1), rel=1e-7)


@given(seed=seeds, people=st.integers(6, 15), visits=st.integers(2, 4))
@few
def test_the_visits_of_complete_data_are_tested_by_hotellings_t_squared(
    seed: int, people: int, visits: int
) -> None:
    """Kenward and Roger (1997): exact for Hotelling's T squared, F on q and n - q degrees of freedom."""
    numpy = pytest.importorskip("numpy")
    frame = made_up(seed, people, visits)
    test = fit(frame).test_term("visit")
    table = numpy.array(frame["y"], dtype=float).reshape(people, visits)
    changes = table[:, 1:] - table[:, :1]
    mean, count = changes.mean(axis=0), visits - 1
    spread = numpy.atleast_2d(numpy.cov(changes, rowvar=False))
    t_squared = people * float(mean @ numpy.linalg.solve(spread, mean))
    assert test.numerator_df == count
    assert test.df == pytest.approx(people - count, rel=1e-6)
    assert test.f == pytest.approx(t_squared * (people - count) / ((people - 1) * count), rel=1e-6)


def shuffled(frame: Frame, seed: int) -> Frame:
    order = list(range(len(frame["y"])))
    random.Random(seed).shuffle(order)
    return {name: [values[place] for place in order] for name, values in frame.items()}


@given(seed=seeds, kind=st.sampled_from(KINDS), other=seeds)
@few
def test_the_order_of_rows_means_nothing(seed: int, kind: str, other: int) -> None:
    frame = made_up(seed, 14, 4, gap=0.15)
    one = fit_or_skip(frame, covariance=kind, fixed="base + visit")
    two = fit(shuffled(frame, other), covariance=kind, fixed="base + visit")
    assert two.minus2_log_likelihood == pytest.approx(one.minus2_log_likelihood, rel=1e-9)
    for name in one.names:
        close(one.coefficient(name), two.coefficient(name))


@given(
    seed=seeds,
    kind=st.sampled_from(KINDS),
    shift=st.floats(-1e6, 1e6),
    exponent=st.integers(-60, 60),
    sign=st.sampled_from([-1, 1]),
)
@few
def test_shift_and_scale_of_the_response_pass_through(
    seed: int, kind: str, shift: float, exponent: int, sign: int
) -> None:
    frame = made_up(seed, 14, 3, gap=0.1)
    factor = sign * 10.0**exponent
    moved = [None if y is None else factor * (y + shift) for y in frame["y"]]  # type: ignore[operator]
    one = fit_or_skip(frame, covariance=kind, fixed="base + visit")
    two = fit(frame | {"y": moved}, covariance=kind, fixed="base + visit")
    for name in one.names[1:]:
        close(one.coefficient(name), two.coefficient(name), factor=factor)
    first, second = one.coefficient("(Intercept)"), two.coefficient("(Intercept)")
    assert second.estimate == pytest.approx(
        factor * (first.estimate + shift), rel=1e-6, abs=abs(factor) * 1e-5
    )  # type: ignore[operator]
    free = one.observations - one.rank
    assert two.minus2_log_likelihood == pytest.approx(
        one.minus2_log_likelihood + 2 * free * math.log(abs(factor)), rel=1e-7, abs=1e-6
    )


@given(seed=seeds, kind=st.sampled_from(KINDS), shift=st.floats(-1e5, 1e5), exponent=st.integers(-30, 30))
@few
def test_shift_and_scale_of_a_covariate_leave_the_visits_alone(
    seed: int, kind: str, shift: float, exponent: int
) -> None:
    frame = made_up(seed, 14, 3, gap=0.1)
    factor = 10.0**exponent
    moved = [factor * (x + shift) for x in frame["base"]]  # type: ignore[operator]
    one = fit_or_skip(frame, covariance=kind, fixed="base + visit")
    two = fit(frame | {"base": moved}, covariance=kind, fixed="base + visit")
    for before, after in zip(one.adjusted_means("visit"), two.adjusted_means("visit"), strict=True):
        close(before, after, rel=1e-5)
    assert two.coefficient("base").t == pytest.approx(one.coefficient("base").t, rel=1e-4, abs=1e-4)


@given(seed=seeds, kind=st.sampled_from(KINDS))
@few
def test_names_of_participants_visits_and_arms_mean_nothing(seed: int, kind: str) -> None:
    frame = made_up(seed, 16, 3, gap=0.1, arms=2)
    one = fit_or_skip(frame, fixed="arm*visit", covariance=kind)
    renamed = frame | {
        "id": [hash(("someone", each)) for each in frame["id"]],
        "visit": [int(str(each).split()[1]) for each in frame["visit"]],
        "arm": [{"A": "zinc", "B": "apple"}[str(each)] for each in frame["arm"]],
    }
    two = fit(renamed, fixed="arm*visit", covariance=kind, reference={"arm": "zinc"})
    assert two.minus2_log_likelihood == pytest.approx(one.minus2_log_likelihood, rel=1e-9)
    for before, after in zip(one.differences("arm", "visit"), two.differences("arm", "visit"), strict=True):
        close(before, after)


@given(seed=seeds, reference=st.sampled_from(["month 0", "month 2", "month 4"]), arm=st.sampled_from("ABC"))
@few
def test_the_reference_level_changes_no_mean(seed: int, reference: str, arm: str) -> None:
    frame = made_up(seed, 18, 3, gap=0.1, arms=3)
    one = fit_or_skip(frame, fixed="base + arm*visit")
    two = fit(frame, fixed="base + arm*visit", reference={"visit": reference, "arm": arm})
    assert two.minus2_log_likelihood == pytest.approx(one.minus2_log_likelihood, rel=1e-9)
    known = {frozenset(each.at): each for each in one.adjusted_means(["arm", "visit"])}
    for each in two.adjusted_means(["arm", "visit"]):
        close(known[frozenset(each.at)], each)
    for term in ("arm", "visit", "arm:visit", "base"):
        before, after = one.test_term(term), two.test_term(term)
        assert after.f == pytest.approx(before.f, rel=1e-5)
        assert after.df == pytest.approx(before.df, rel=1e-5)


@given(seed=seeds, order=st.permutations(["month 0", "month 2", "month 4"]))
@few
def test_the_order_of_visits_means_nothing_to_an_unstructured_covariance(seed: int, order: list[str]) -> None:
    frame = made_up(seed, 15, 3, gap=0.1)
    one = fit_or_skip(frame)
    two = fit(frame, levels={"visit": order})
    for each in one.adjusted_means("visit"):
        close(each, next(e for e in two.adjusted_means("visit") if e.at == each.at))


@given(seed=seeds, kind=st.sampled_from(KINDS))
@few
def test_ml_and_reml_differ_as_they_must(seed: int, kind: str) -> None:
    """Complete data: the same means; ML's covariance is (n - 1)/n of REML's where it is unstructured."""
    frame = made_up(seed, 12, 3)
    restricted = fit(frame, covariance=kind, df="satterthwaite")
    plain = fit(frame, covariance=kind, df="satterthwaite", method="ml")
    for name in restricted.names:
        assert plain.coefficient(name).estimate == pytest.approx(
            restricted.coefficient(name).estimate, rel=1e-6, abs=1e-6
        )
    ours, theirs = plain.visit_covariance.matrix, restricted.visit_covariance.matrix
    for one, other in zip(ours, theirs, strict=True):
        assert one == pytest.approx([value * 11 / 12 for value in other], rel=1e-5, abs=1e-5)
    assert plain.aic - plain.minus2_log_likelihood == 2 * (
        plain.rank + len(plain.visit_covariance.parameters)
    )


@given(seed=seeds)
@few
def test_a_richer_structure_is_never_less_likely(seed: int) -> None:
    frame = made_up(seed, 20, 4, gap=0.1)
    values = {kind: fit_or_skip(frame, covariance=kind).minus2_log_likelihood for kind in KINDS}
    for poorer, richer in (
        ("compound symmetry", "toeplitz"),
        ("ar1", "toeplitz"),
        ("ar1", "heterogeneous ar1"),
        ("ar1", "ante-dependence"),
        ("compound symmetry", "heterogeneous compound symmetry"),
        ("toeplitz", "heterogeneous toeplitz"),
        ("heterogeneous ar1", "heterogeneous ante-dependence"),
        ("heterogeneous toeplitz", "unstructured"),
        ("heterogeneous ante-dependence", "unstructured"),
    ):
        assert values[richer] <= values[poorer] + 1e-7


@given(seed=seeds, kind=st.sampled_from(KINDS), method=st.sampled_from(["reml", "ml"]))
@few
def test_no_covariance_nearby_is_more_likely(seed: int, kind: str, method: str) -> None:
    """The likelihood written out participant by participant, against what the search ended with."""
    numpy = pytest.importorskip("numpy")
    frame = made_up(seed, 12, 3, gap=0.2)
    found = fit_or_skip(frame, covariance=kind, method=method, df="satterthwaite")
    matrix = numpy.array(found.visit_covariance.matrix)
    assert written_out(frame, matrix, method) == pytest.approx(found.minus2_log_likelihood, rel=1e-8)
    assert found.convergence.gradient < 1e-5
    assert found.convergence.hessian_positive
    if kind == "unstructured":
        dice = numpy.random.default_rng(seed)
        for _ in range(5):
            change = dice.normal(size=(3, 3)) * 1e-3
            assert (
                written_out(frame, matrix + change + change.T, method) >= found.minus2_log_likelihood - 1e-7
            )


def written_out(frame: Frame, matrix: object, method: str) -> float:
    """-2 log-likelihood of `y ~ visit` by its definition (Harville 1974 for REML, SAS' constants)."""
    import numpy as np

    visits = list(dict.fromkeys(frame["visit"]))
    people: dict[object, list[tuple[int, float]]] = {}
    for person, visit, y in zip(frame["id"], frame["visit"], frame["y"], strict=True):
        if y is not None:
            people.setdefault(person, []).append((visits.index(visit), float(y)))  # type: ignore[arg-type]
    design = np.eye(len(visits))
    design[:, 0] = 1.0
    information, score, squares, logs, count = np.zeros((3, 3)), np.zeros(3), 0.0, 0.0, 0
    for rows in people.values():
        places = [place for place, _ in rows]
        y = np.array([value for _, value in rows])
        inverse = np.linalg.inv(np.array(matrix)[np.ix_(places, places)])
        x = design[places]
        information += x.T @ inverse @ x
        score += x.T @ inverse @ y
        squares += y @ inverse @ y
        logs -= np.linalg.slogdet(inverse)[1]
        count += len(rows)
    free = count - 3 if method == "reml" else count
    rest = squares - score @ np.linalg.solve(information, score)
    extra = np.linalg.slogdet(information)[1] if method == "reml" else 0.0
    return float(logs + rest + extra + free * math.log(2 * math.pi))


@given(seed=seeds, kind=st.sampled_from(KINDS), df=st.sampled_from([*DFS, "residual"]))
@few
def test_a_contrast_of_one_is_its_own_f_test(seed: int, kind: str, df: str) -> None:
    found = fit_or_skip(made_up(seed, 14, 3, gap=0.15), covariance=kind, df=df)
    single = found.coefficient("visit=month 4")
    test = found.test([{"visit=month 4": 2.0}, {"visit=month 4": -1.0}])
    assert test.numerator_df == 1
    assert test.f == pytest.approx((single.t or 0.0) ** 2, rel=1e-8, abs=1e-12)
    assert test.df == pytest.approx(single.df, rel=1e-8)
    assert test.p == pytest.approx(single.p, rel=1e-6)


@given(seed=seeds, kind=st.sampled_from(["unstructured", "toeplitz", "compound symmetry"]))
@few
def test_linear_covariances_have_one_kenward_roger(seed: int, kind: str) -> None:
    frame = made_up(seed, 14, 3, gap=0.15)
    one = fit_or_skip(frame, covariance=kind, df="kenward-roger")
    two = fit(frame, covariance=kind, df="kenward-roger-linear")
    assert replace(one, df_method=two.df_method).coefficients == two.coefficients


@pytest.mark.parametrize("kind", KINDS)
def test_derivatives_are_those_of_the_likelihood(kind: str) -> None:
    """First and second derivatives against differences of the likelihood itself."""
    import numpy as np

    from trialrun.analyse.methods.mmrm.likelihood import Patterns, differentiate, evaluate
    from trialrun.analyse.methods.mmrm.structures import structure

    dice = np.random.default_rng(7)
    people, visits = 12, 4
    seen = dice.random((people, visits)) > 0.25
    seen[:, 0] = True
    person, visit = np.nonzero(seen)
    columns = np.column_stack([np.eye(visits)[visit], dice.normal(size=(len(visit), 2))])
    patterns = Patterns(columns, visit, person, visits)
    shape = structure(kind, tuple("abcd"))
    first = np.array([[2, 0.9, 0.5, 0.3], [0.9, 1.5, 0.8, 0.4], [0.5, 0.8, 1.8, 0.7], [0.3, 0.4, 0.7, 1.2]])
    theta = shape.start(first)

    def value(at: object, *, reml: bool) -> float:
        point = evaluate(patterns, shape.build(at)[0], reml=reml)  # type: ignore[arg-type]
        assert point is not None
        return point.value

    def slope(at: object, *, reml: bool) -> Callable[..., object]:
        sigma, along, bend = shape.build(at)  # type: ignore[arg-type]
        point = evaluate(patterns, sigma, reml=reml)
        assert point is not None
        return differentiate(patterns, point, along, bend, reml=reml)  # type: ignore[return-value]

    step = 1e-5
    for reml in (True, False):
        found = slope(theta, reml=reml)
        for place in range(len(theta)):
            nudge = np.zeros(len(theta))
            nudge[place] = step
            rise = (value(theta + nudge, reml=reml) - value(theta - nudge, reml=reml)) / (2 * step)
            assert found.gradient[place] == pytest.approx(rise, rel=1e-6, abs=1e-6)  # type: ignore[attr-defined]
            up, down = slope(theta + nudge, reml=reml), slope(theta - nudge, reml=reml)
            bend = (up.gradient - down.gradient) / (2 * step)  # type: ignore[attr-defined]
            assert found.observed[place] == pytest.approx(bend, rel=1e-5, abs=1e-5)  # type: ignore[attr-defined]
