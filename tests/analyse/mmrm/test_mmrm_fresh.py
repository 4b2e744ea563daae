"""Made-up data sets with gaps, arms and covariates, against R (`tests/analyse/cases/mixed_models.R`).

The first has two maxima of its autoregressive likelihood, the lower one on the side of the first guess; several have a
covariate that interacts with a factor, where Type III tests depend on the value the covariate stands at.
"""

from __future__ import annotations

import csv
import functools
from collections import defaultdict
from pathlib import Path

import pytest

from trialrun.analyse.methods.mmrm import Estimate, FTest, MmrmFit, mmrm

CASES = Path(__file__).resolve().parents[1] / "cases"
Row = dict[str, str]


def read(name: str) -> list[Row]:
    with (CASES / name).open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


DATA: dict[str, list[Row]] = defaultdict(list)
for line in read("mixed_models.csv"):
    DATA[line["case"]].append(line)
EXPECTED: dict[tuple[str, str, str], list[Row]] = defaultdict(list)
for line in read("mixed_models_expected.csv"):
    EXPECTED[line["case"], line["covariance"], line["method"]].append(line)


@functools.cache
def fitted(case: str, covariance: str, df: str) -> MmrmFit:
    rows = DATA[case]
    table: dict[str, list[object]] = {name: [row[name] for row in rows] for name in ("id", "arm", "sex")}
    table["visit"] = [int(row["visit"]) for row in rows]
    for name in ("y", "base"):
        table[name] = [float(row[name]) if row[name] else None for row in rows]
    return mmrm(
        table,
        response="y",
        visit="visit",
        participant="id",
        fixed=rows[0]["fixed"],
        covariance=covariance,
        df=df,
        reference={"arm": "armC"} if "arm" in rows[0]["fixed"] else None,
        # pbkrtest takes the expected second derivatives, lmerTest the observed ones.
        information="expected" if df == "Kenward-Roger" else "observed",
    )


def parts(name: str) -> frozenset[str]:
    """R's `visit2:armarmA` and our `arm=armA:visit=2` say the same."""
    return frozenset(name.replace("=", "").split(":"))


def found(fit: MmrmFit, row: Row) -> tuple[float | None, float | None]:
    """The value of a row, and the standard error it is measured by where it has one."""
    what = row["what"]
    if what == "m2ll":
        return fit.minus2_log_likelihood, None
    if what in {"f", "f_df"}:
        test: FTest = fit.test_term(row["name"])
        return (test.f if what == "f" else test.df), None
    if what.startswith("mean"):
        cell = row["name"].split()
        means = fit.adjusted_means(["arm", "visit"] if len(cell) == 2 else "visit")
        each: Estimate = next(e for e in means if [level for _, level in e.at] == cell)
        what = what.removeprefix("mean_") if "_" in what else "estimate"
    else:
        each = next(e for e in fit.coefficients if parts(e.name) == parts(row["name"]))
    return getattr(each, what), each.se if what == "estimate" else None


@pytest.mark.parametrize("key", EXPECTED, ids=" ".join)
def test_a_fresh_data_set_agrees_with_r(key: tuple[str, str, str]) -> None:
    case, covariance, method = key
    fit = fitted(case, covariance, "satterthwaite" if method == "REML" else method)
    for row in EXPECTED[key]:
        value, se = found(fit, row)
        expected = float(row["value"])
        if row["what"] == "m2ll":
            assert value is not None
            assert value <= expected + 1e-6
            assert value == pytest.approx(expected, abs=1e-4)
        elif row["what"].endswith("df"):
            assert value == pytest.approx(expected, rel=2e-3)
        else:
            assert value == pytest.approx(expected, rel=2e-4, abs=2e-4 * se if se else None), row


def test_of_two_maxima_the_higher_one_is_taken() -> None:
    fit = fitted("m1", "AR1", "satterthwaite")
    assert dict(fit.visit_covariance.parameters)["correlation at lag 1"] < -0.8
    assert fit.converged


def test_a_term_is_tested_where_the_covariate_is_asked_to_stand() -> None:
    case = next(name for name, rows in DATA.items() if rows[0]["fixed"] == "base*visit")
    fit = fitted(case, "CS", "satterthwaite")
    at_zero, at_mean = fit.test_term("visit"), fit.test_term("visit", at={"base": 15})
    assert fit.test_term("visit", at={"base": 0}) == at_zero
    assert at_mean.f != pytest.approx(at_zero.f, rel=0.01)
    difference = fit.differences("visit", at={"base": 15})[0]
    assert difference.t is not None
    assert at_mean.f == pytest.approx(difference.t**2)
