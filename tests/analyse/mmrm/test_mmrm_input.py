"""What goes in: every fault is named, and nothing is left out without saying so."""

from __future__ import annotations

import random
from typing import Any

import pytest

from trialrun.analyse.methods.mmrm import mmrm
from trialrun.analyse.methods.mmrm.columns import natural_order
from trialrun.analyse.methods.mmrm.formula import parse_formula
from trialrun.errors import AnalysisError

Frame = dict[str, list[Any]]


def trial(people: int = 15, visits: int = 3, *, gap: float = 0.15, seed: int = 3) -> Frame:
    dice = random.Random(seed)
    frame: Frame = {"id": [], "visit": [], "y": [], "base": [], "arm": []}
    for person in range(people):
        severity, base = dice.gauss(15, 3), dice.gauss(15, 3)
        for visit in range(visits):
            missing = visit > 0 and dice.random() < gap
            frame["id"].append(f"S{person}")
            frame["visit"].append(visit)
            frame["y"].append(None if missing else severity + dice.gauss(0, 2))
            frame["base"].append(base)
            frame["arm"].append("AB"[person % 2])
    return frame


def fit(frame: Any, **options: Any) -> Any:
    return mmrm(
        frame, **({"response": "y", "visit": "visit", "participant": "id", "fixed": "visit"} | options)
    )


def refused(frame: Any, **options: Any) -> str:
    with pytest.raises(AnalysisError) as caught:
        fit(frame, **options)
    return str(caught.value)


def only(frame: Frame, keep: Any) -> Frame:
    """The response kept where `keep(person, visit)` says so, else missing."""
    kept = [
        y if keep(int(person[1:]), visit) else None
        for person, visit, y in zip(frame["id"], frame["visit"], frame["y"], strict=True)
    ]
    return frame | {"y": kept}


# --- faults with their names ----------------------------------------------------------------------


def test_no_rows() -> None:
    assert "nothing to analyse" in refused({"id": [], "visit": [], "y": []})


def test_everything_missing() -> None:
    frame = trial()
    assert "nothing to analyse" in refused(frame | {"y": [None] * 45})
    assert "nothing to analyse" in refused(frame | {"base": [float("nan")] * 45}, fixed="base + visit")


@pytest.mark.parametrize("value", [3.0, 0.0, 1e9 + 3])
def test_a_constant_response(value: float) -> None:
    assert "does not vary" in refused(trial() | {"y": [value] * 45})


def test_a_response_the_fixed_effects_determine() -> None:
    frame = trial()
    assert "does not vary" in refused(frame | {"y": [2.0 * v for v in frame["visit"]]})


@pytest.mark.parametrize("value", [float("inf"), float("-inf")])
def test_infinite_values_are_named_with_their_row(value: float) -> None:
    frame = trial()
    frame["y"][4] = value
    assert "y holds" in refused(frame)
    assert "row 5" in refused(frame)
    other = trial()
    other["base"][7] = value
    assert "base holds" in refused(other, fixed="base + visit")


def test_text_in_the_response() -> None:
    frame = trial()
    frame["y"][4] = "12"
    assert "row 5, which is no number" in refused(frame)


def test_two_rows_of_a_participant_at_a_visit() -> None:
    frame = {name: [*values, values[3]] for name, values in trial().items()}
    assert "id S1 has 2 rows at visit 0" in refused(frame)


@pytest.mark.parametrize("column", ["id", "visit"])
def test_a_row_without_participant_or_visit(column: str) -> None:
    frame = trial()
    frame[column][2] = None
    assert f"{column} is missing in row 3" in refused(frame)


def test_participants_as_fixed_effects_leave_no_variance_between_them() -> None:
    assert "flat" in refused(trial(), fixed="id + visit", covariance="cs")


def test_levels_that_read_the_same_and_values_that_are_none() -> None:
    frame = trial()
    frame["visit"][4] = "1"
    assert "read the same" in refused(frame)
    other = trial()
    other["id"][4] = ["S1"]
    assert "no number or text" in refused(other)


def test_an_unknown_column_and_columns_of_unlike_length() -> None:
    assert "no column 'weight'" in refused(trial(), fixed="weight + visit")
    frame = trial()
    frame["base"].pop()
    assert "not equally long" in refused(frame, fixed="base + visit")


def test_one_participant() -> None:
    assert "3 coefficients and only 3 values" in refused(trial(1, gap=0))
    assert "only one participant" in refused(trial(1, gap=0), fixed="1")


def test_too_few_participants_for_an_unstructured_covariance() -> None:
    assert "the covariance becomes singular" in refused(trial(3, gap=0))


def test_a_visit_that_copies_another() -> None:
    frame = trial(gap=0)
    for place in range(0, 45, 3):
        frame["y"][place + 2] = 2 * frame["y"][place] + 1
    assert "singular" in refused(frame)


def test_visits_that_are_never_seen_together() -> None:
    frame = only(trial(gap=0), lambda person, visit: visit == 0 or person % 2 == visit - 1)
    assert "no participant has values both at 1 and at 2" in refused(frame)


def test_nobody_seen_twice() -> None:
    frame = only(trial(gap=0), lambda person, visit: person % 3 == visit)
    assert "no participant has values at two visits" in refused(frame, covariance="cs")


def test_the_baseline_as_its_own_covariate() -> None:
    frame = trial(gap=0)
    own = [frame["y"][place - place % 3] for place in range(45)]
    assert "singular" in refused(frame | {"base": own}, fixed="base + visit")


def test_a_visit_without_variation() -> None:
    frame = trial()
    frame["y"] = [0.0 if v == 0 else y for v, y in zip(frame["visit"], frame["y"], strict=True)]
    assert "the values at 0 do not vary" in refused(frame)


@pytest.mark.parametrize("factor", [1e120, 1e-120])
def test_values_beyond_double_precision(factor: float) -> None:
    frame = trial()
    scaled = [None if y is None else y * factor for y in frame["y"]]
    assert refused(frame | {"y": scaled})
    assert "change its unit" in refused(
        frame | {"base": [b * factor for b in frame["base"]]}, fixed="base + visit"
    )


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("df", "between-within"),
        ("method", "bayes"),
        ("information", "guessed"),
        ("covariance", "spatial"),
        ("covariance", ()),
        ("level", 1.0),
        ("reference", {"visit": 9}),
        ("levels", {"visit": [0, 1]}),
        ("levels", {"month": [0, 1, 2]}),
        ("reference", {"arm": "A"}),
        ("categories", ["arm"]),
    ],
)
def test_options_that_are_not_known(option: str, value: object) -> None:
    assert refused(trial(), **{option: value})


def test_kenward_roger_needs_reml() -> None:
    assert "needs REML" in refused(trial(), method="ml")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "visit +",
        "+ + visit",
        "visit base",
        "visit * (arm)",
        "y ~ visit",
        "visit - arm",
        "visit :",
        "log(base)",
        "0",
        "2",
    ],
)
def test_fixed_effects_that_cannot_be_read(text: str) -> None:
    assert "fixed effects" in refused(trial(), fixed=text)


# --- what is said ---------------------------------------------------------------------------------


def test_rows_left_out_are_counted() -> None:
    frame = trial()
    missing = sum(y is None for y in frame["y"])
    frame["base"][0:3] = [None, None, None]
    found = fit(frame, fixed="base + visit")
    assert f"{missing} of 45 rows have no y and are left out" in found.log
    assert any("have no base and are left out" in line for line in found.log)
    assert found.participants == 14


def test_residual_degrees_of_freedom_are_observations_less_coefficients() -> None:
    found = fit(trial(), df="residual")
    assert found.coefficient("visit=2").df == found.observations - 3
    assert found.test_term("visit").df == found.observations - 3


def test_one_visit_is_an_ordinary_linear_model() -> None:
    found = fit(trial(12, 1))
    assert found.coefficient("(Intercept)").df == pytest.approx(11)
    assert any("ordinary linear model" in line for line in found.log)


def test_an_empty_cell_is_not_estimable_and_the_others_are() -> None:
    frame = only(trial(), lambda person, visit: not (person % 2 and visit == 2))
    found = fit(frame, fixed="arm*visit")
    assert found.empty_cells == ("arm=B:visit=2",)
    first, second, third = found.differences("arm", "visit")
    assert first.estimable
    assert second.estimable
    assert not third.estimable
    assert "not estimable" in third.note
    assert third.p is None
    assert [mean.estimable for mean in found.adjusted_means("arm")] == [True, False]
    test = found.test_term("arm:visit")
    assert test.p is None
    assert "not estimable" in test.note
    assert any("no data for arm=B:visit=2" in line for line in found.log)


def test_aliased_columns_are_named_and_what_does_not_need_them_stays() -> None:
    frame = trial()
    frame["twice"] = [2 * value + 1 for value in frame["base"]]
    found = fit(frame, fixed="base + twice + visit")
    plain = fit(frame, fixed="base + visit")
    assert found.aliased == ("twice",)
    assert not found.coefficient("twice").estimable
    assert any("twice cannot be told apart" in line for line in found.log)
    assert found.coefficient("visit=2").estimate == pytest.approx(plain.coefficient("visit=2").estimate)
    one, two = found.adjusted_means("visit"), plain.adjusted_means("visit")
    assert [each.estimate for each in one] == pytest.approx([each.estimate for each in two])


def test_a_level_without_rows() -> None:
    found = fit(trial(), levels={"visit": [0, 1, 2, 3]})
    assert found.visit_covariance.visits == ("0", "1", "2")
    assert found.empty_cells == ("visit=3",)
    assert any("no values at visit 3" in line for line in found.log)
    assert not found.adjusted_means("visit")[3].estimable


def test_the_next_covariance_is_tried_and_the_log_says_why() -> None:
    found = fit(trial(4, 4), covariance=["un", "csh", "cs"])
    assert found.covariance in {"heterogeneous compound symmetry", "compound symmetry"}
    assert found.tried == ("unstructured", "heterogeneous compound symmetry", "compound symmetry")
    assert found.log[-1] == f"{found.covariance}: converged"
    assert any(line.startswith("unstructured: the covariance becomes singular") for line in found.log)
    assert found.converged


def test_when_none_converges_each_reason_is_given() -> None:
    text = refused(only(trial(gap=0), lambda person, visit: person % 3 == visit), covariance=["un", "cs"])
    assert "unstructured: no participant has values both" in text
    assert "compound symmetry: no participant has values at two visits" in text


def test_a_fit_that_did_not_converge_can_be_asked_for_and_is_flagged() -> None:
    found = fit(trial(3, gap=0), accept_unconverged=True)
    assert not found.converged
    assert "singular" in found.convergence.reason
    assert "NOT converged" in str(found)
    assert any("used although it did not converge" in line for line in found.log)


def test_the_summary_is_readable() -> None:
    found = fit(trial(), fixed="base + visit")
    text = str(found)
    assert "y ~ base + visit" in text
    assert "converged in" in text
    assert "visit=2" in text
    assert len(repr(found)) < 10_000


# --- tables of every kind, and order --------------------------------------------------------------


def test_pandas_polars_and_arrow_give_the_same() -> None:
    pandas = pytest.importorskip("pandas")
    polars = pytest.importorskip("polars")
    arrow = pytest.importorskip("pyarrow")
    frame = trial()
    known = fit(frame, fixed="base + arm*visit").coefficients
    for table in (pandas.DataFrame(frame), polars.DataFrame(frame), arrow.table(frame)):
        assert fit(table, fixed="base + arm*visit").coefficients == known
    blank = pandas.DataFrame(frame).astype({"y": "Float64"})
    assert fit(blank, fixed="base + arm*visit").coefficients == known


def test_the_same_rows_give_the_same_bits() -> None:
    assert repr(fit(trial(), fixed="base + visit")) == repr(fit(trial(), fixed="base + visit"))


def test_levels_come_in_natural_order() -> None:
    assert natural_order(["month 10", "baseline", "month 2"]) == ["baseline", "month 2", "month 10"]
    assert natural_order([4, 0, 10, 2]) == [0, 2, 4, 10]


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("a", (("a",),)),
        ("a*b", (("a",), ("b",), ("a", "b"))),
        ("a:b + a", (("a",), ("a", "b"))),
        ("a*b*c", (("a",), ("b",), ("c",), ("a", "b"), ("a", "c"), ("b", "c"), ("a", "b", "c"))),
        ("`body weight` + b", (("body weight",), ("b",))),
        (["a", "a:b"], (("a",), ("a", "b"))),
        ("b:a + a:b", (("b", "a"),)),
    ],
)
def test_terms_of_a_formula(text: str, terms: tuple[tuple[str, ...], ...]) -> None:
    assert parse_formula(text).terms == terms
    assert parse_formula(text).intercept


@pytest.mark.parametrize("text", ["0 + a", "a - 1"])
def test_a_formula_without_intercept(text: str) -> None:
    assert not parse_formula(text).intercept


def test_codings_of_the_same_model_fit_alike() -> None:
    frame = trial()
    fits = [fit(frame, fixed=text) for text in ("arm*visit", "0 + arm:visit", "arm:visit", "arm + arm:visit")]
    for found in fits[1:]:
        assert found.rank == 6
        for one, other in zip(
            fits[0].differences("arm", "visit"), found.differences("arm", "visit"), strict=True
        ):
            assert other.estimate == pytest.approx(one.estimate, rel=1e-8)
            assert other.se == pytest.approx(one.se, rel=1e-8)
            assert other.df == pytest.approx(one.df, rel=1e-6)


def test_weights_of_adjusted_means() -> None:
    """Balanced weighs each level alike, proportional as often as it occurs."""
    frame = trial(gap=0)
    frame["arm"] = ["A" if int(person[1:]) < 10 else "B" for person in frame["id"]]
    found = fit(frame, fixed="arm + visit")
    a, b = found.adjusted_means("arm")
    middle = found.adjusted_means()[0]
    weighed = found.adjusted_means(weights="proportional")[0]
    assert middle.estimate == pytest.approx((a.estimate + b.estimate) / 2)
    assert weighed.estimate == pytest.approx((10 * a.estimate + 5 * b.estimate) / 15)
    assert found.adjusted_means("visit", at={})[0].at == (("visit", "0"),)
    assert "not a numeric covariate" in refused_means(found)


def refused_means(found: Any) -> str:
    with pytest.raises(AnalysisError) as caught:
        found.adjusted_means("visit", at={"arm": 1})
    return str(caught.value)


def test_a_covariate_is_held_where_asked() -> None:
    found = fit(trial(), fixed="base + visit")
    slope = found.coefficient("base").estimate
    low, high = (found.adjusted_means("visit", at={"base": value})[0] for value in (10, 12))
    assert high.estimate - low.estimate == pytest.approx(2 * slope)


def test_differences_against_a_level_and_between_all() -> None:
    found = fit(trial())
    assert [each.name for each in found.differences("visit")] == ["visit=1 - 0", "visit=2 - 0"]
    assert [each.name for each in found.differences("visit", reference=1)] == ["visit=0 - 1", "visit=2 - 1"]
    assert [each.name for each in found.differences("visit", pairs=True)] == [
        "visit=1 - 0",
        "visit=2 - 0",
        "visit=2 - 1",
    ]
    with pytest.raises(AnalysisError):
        found.differences("visit", "visit")
    with pytest.raises(AnalysisError):
        found.contrast({"visit=9": 1})
    with pytest.raises(AnalysisError):
        found.contrast([1, 2])


def test_many_patterns_and_few_give_the_same_when_cross_products_are_not_kept(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import sys

    frame = trial(40, 5, gap=0.3)
    known = fit(frame, fixed="arm*visit", covariance="csh")
    module = sys.modules["trialrun.analyse.methods.mmrm.likelihood"]
    monkeypatch.setattr(module, "_STORED", 5_000)
    again = fit(frame, fixed="arm*visit", covariance="csh")
    assert again.minus2_log_likelihood == pytest.approx(known.minus2_log_likelihood, rel=1e-12)
    for one, other in zip(known.coefficients, again.coefficients, strict=True):
        assert other.se == pytest.approx(one.se, rel=1e-9)


def test_rows_as_mappings_and_methods_in_any_case_are_read() -> None:
    frame = trial()
    rows = [dict(zip(frame, values, strict=True)) for values in zip(*frame.values(), strict=True)]
    one, two = fit(frame), fit(rows, df="Kenward-Roger", method="REML", covariance="UN")
    assert two.coefficients == one.coefficients
    assert "no table" in refused([1, 2, 3])


def test_an_order_of_categories_somebody_chose_is_kept() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(trial())
    names = sorted(frame["visit"].unique(), key=str)
    frame["visit"] = pandas.Categorical(frame["visit"], categories=list(reversed(names)))
    assert [mean.at[0][1] for mean in fit(frame).adjusted_means("visit")] == [
        str(name) for name in reversed(names)
    ]


def test_three_people_at_the_edge_of_rounding_get_the_next_structure() -> None:
    """Met in a rehearsal: the information had a Cholesky factor and no inverse, and the program broke off."""
    frame = {
        "participant": [1, 2, 3] * 2,
        "visit": ["month_2"] * 3 + ["month_4"] * 3,
        "change": [2.0, 2.0, 1.0, 6.0, 1.0, 1.0],
        "baseline": [-6.25, 7.75, -8.25] * 2,
    }
    found = mmrm(
        frame,
        response="change",
        visit="visit",
        participant="participant",
        fixed="baseline + visit",
        covariance=["unstructured", "heterogeneous compound symmetry", "compound symmetry"],
        df="kenward-roger-linear",
    )
    assert found.converged
    assert any("unstructured" in line for line in found.log)
