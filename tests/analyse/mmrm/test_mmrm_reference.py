"""Every reference row for mixed models: R nlme, mmrm, lmerTest and pbkrtest, and SAS PROC MIXED."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable
from pathlib import Path

import pytest

from trialrun.analyse.methods.mmrm import Estimate, MmrmFit, mmrm

SHARED = Path(__file__).resolve().parents[4] / "shared" / "stats"
# The README's tolerances: 1e-3 relative for what REML estimates, 1e-2 for degrees of freedom.
REML, DF = 1e-3, 1e-2

Row = dict[str, str]


def read(path: str) -> list[Row]:
    file = SHARED / path
    if not file.exists():
        return []
    with file.open(newline="", encoding="utf-8") as stream:
        return list(csv.DictReader(stream))


def number(text: str) -> float | None:
    return None if text in {"", "NA"} else float(text)


@functools.cache
def long(name: str, response: str, case: str = "") -> dict[str, list[object]]:
    """One data set, its visit as a number where it is one."""
    rows = [row for row in read(name) if not case or row["case"] == case]
    visit = next(column for column in ("visit", "age", "AVISIT") if column in rows[0])
    person = next(column for column in ("Subject", "USUBJID") if column in rows[0])
    frame: dict[str, list[object]] = {
        "visit": [r[visit] if visit == "AVISIT" else int(r[visit]) for r in rows],
        "participant": [r[person] for r in rows],
        "y": [number(r[response]) for r in rows],
    }
    for column in ("RACE", "SEX", "ARMCD"):
        if column in rows[0]:
            frame[column] = [r[column] for r in rows]
    return frame


@functools.cache
def change(case: str) -> dict[str, list[object]]:
    """Changes from baseline with the baseline centred at the mean of all fifteen."""
    frame = long("r/trial_like.csv", "meld", case)
    rows = list(zip(frame["participant"], frame["visit"], frame["y"], strict=True))
    base = {person: value for person, visit, value in rows if visit == 0}
    mean = sum(base.values()) / len(base)  # type: ignore[arg-type]
    after = [(p, v, y) for p, v, y in rows if v != 0]
    return {
        "participant": [p for p, _, _ in after],
        "visit": [v for _, v, _ in after],
        "y": [None if y is None else y - base[p] for p, _, y in after],  # type: ignore[operator]
        "base": [base[p] - mean for p, _, _ in after],  # type: ignore[operator]
    }


METHODS = {
    "Satterthwaite": "satterthwaite",
    "Kenward-Roger": "kenward-roger",
    "Kenward-Roger-Linear": "kenward-roger-linear",
}


@functools.cache
def fitted(dataset: str, response: str, case: str, fixed: str, **options: str) -> MmrmFit:
    frame = change(case) if fixed.startswith("base") else long(dataset, response, case)
    reference = {"ARMCD": "PBO", "SEX": "Male"} if dataset.startswith("fev") else {}
    used = {key: value for key, value in reference.items() if key in fixed}
    return mmrm(
        frame,
        response="y",
        visit="visit",
        participant="participant",
        fixed=fixed,
        reference=used,
        **options,  # type: ignore[arg-type]
    )


def check(found: float | None, expected: float, statistic: str, *, se: float = 0.0) -> None:
    """By the README's tolerances, where an estimate near zero is measured by its standard error.

    nlme, mmrm and SAS stop their search at a likelihood a few millionths below the maximum.
    """
    assert found is not None
    if statistic == "df":
        assert found == pytest.approx(expected, rel=DF)
    elif statistic == "p":
        # A p value moves with its t and df, so a tiny one by more of itself.
        assert found == pytest.approx(expected, rel=DF)
    else:
        unit = 1.0 if statistic == "t" else se
        assert found == pytest.approx(expected, rel=REML, abs=REML * unit)


# --- R mmrm ---------------------------------------------------------------------------------------

MMRM = [row for row in read("r/mmrm_expected.csv") if row["method"] != "Kenward-Roger"]


def mmrm_fit(row: Row) -> MmrmFit:
    case = row["case"]
    method = METHODS.get(row["method"], "kenward-roger-linear")
    if case.startswith("trial"):
        fixed = "base + visit" if case.endswith("_change") else "visit"
        return fitted("r/trial_like.csv", "meld", case.removesuffix("_change"), fixed, df=method)
    response = {"mmrm_orth_drop": "distance", "mmrm_pbc_lbili": "lbili", "mmrm_pbc_albumin": "albumin"}[case]
    return fitted(f"r/{row['dataset']}", response, "", "visit", df=method)


def element(fit: MmrmFit, name: str) -> float:
    """V_2_1 of the covariance between visits."""
    _, one, other = name.split("_")
    return fit.visit_covariance.matrix[int(one) - 1][int(other) - 1]


def mmrm_effect(fit: MmrmFit, effect: str) -> Estimate:
    if effect.startswith("LSMEAN"):
        held = {"base": 0} if "baseline" in effect else {}
        return fit.adjusted_means("visit", at=held)[-1]
    if effect == "month 4 - month 2":
        return fit.contrast({"visit=4": 1, "visit=2": -1})
    return fit.coefficient(effect.replace("visit", "visit="))


def test_no_rows_are_missing(shared: Callable[[str], Path]) -> None:
    shared("stats/r/mmrm_expected.csv")
    assert (len(MMRM), len(CLASSIC), len(FEV)) == (731, 112, 118)


def identity(row: Row) -> str:
    return "-".join(row[key] for key in ("case", "method", "effect", "statistic"))


@pytest.mark.parametrize("row", MMRM, ids=identity)
def test_as_r_mmrm(row: Row) -> None:
    fit, statistic, expected = mmrm_fit(row), row["statistic"], float(row["value"])
    if row["effect"] == "fit":
        check(fit.minus2_log_likelihood, expected, statistic)
        # Where a likelihood has its maximum only a better value can differ.
        assert fit.minus2_log_likelihood <= expected + 1e-6
    elif row["effect"] == "R matrix":
        check(element(fit, statistic), expected, statistic)
    else:
        found = mmrm_effect(fit, row["effect"])
        check(getattr(found, statistic), expected, statistic, se=found.se or 0.0)


# --- R nlme, lmerTest, pbkrtest -------------------------------------------------------------------

CLASSIC = [
    row
    for row in read("r/expected.csv")
    if row["analysis"].startswith("mmrm_") or row["analysis"] in {"oracle_paired_t", "type3_F_kenward_roger"}
]


def classic_identity(row: Row) -> str:
    return "-".join(row[key] for key in ("case", "analysis", "param", "statistic"))


def classic_fit(row: Row, df: str) -> MmrmFit:
    response = {"lbili": "lbili", "albumin": "albumin"}.get(row["case"].rsplit("_", 1)[-1], "distance")
    options = {"df": df}
    if "_cs" in row["case"]:
        options |= {"covariance": "compound symmetry", "information": "expected"}
        if df == "satterthwaite":
            options["information"] = "observed"
    if row["analysis"] == "mmrm_un_ml":
        options |= {"method": "ml", "df": "satterthwaite"}
    fixed = "0 + visit" if "0 + visit" in row["param"] else "visit"
    return fitted(f"r/{row['dataset']}", response, "", fixed, **options)


def classic_value(row: Row) -> float | None:
    statistic = row["statistic"]
    if row["analysis"] == "type3_F_kenward_roger":
        test = classic_fit(row, "kenward-roger").test_term("visit")
        return {"numdf": test.numerator_df, "dendf": test.df, "F": test.f, "p": test.p}[statistic]
    model_based = row["analysis"] == "mmrm_un_reml" or row["analysis"].endswith("satterthwaite")
    fit = classic_fit(row, "satterthwaite" if model_based else "kenward-roger")
    whole = {
        "minus2_reml_loglik": fit.minus2_log_likelihood,
        "minus2_loglik": fit.minus2_log_likelihood,
        "AIC": fit.aic,
        "BIC": fit.bic_observations,
    }
    if statistic in whole:
        return whole[statistic]
    if statistic.startswith("V_"):
        return element(fit, statistic)
    kind, effect = statistic.split("_", 1)
    name = f"visit={effect}" if kind == "mean" else effect.replace("visit", "visit=")
    found = fit.coefficient(name)
    return getattr(found, {"est": "estimate", "mean": "estimate"}.get(kind, kind))


@pytest.mark.parametrize(
    "row", [r for r in CLASSIC if r["analysis"] != "oracle_paired_t"], ids=classic_identity
)
def test_as_r_nlme_and_pbkrtest(row: Row) -> None:
    statistic = row["statistic"].split("_")[0]
    found, expected = classic_value(row), float(row["value"])
    check(found, expected, "df" if statistic == "dendf" else statistic)
    if statistic == "minus2":
        assert found is not None
        assert found <= expected + 1e-6


@pytest.mark.parametrize("df", ["satterthwaite", "kenward-roger", "kenward-roger-linear"])
@pytest.mark.parametrize(
    "row", [r for r in CLASSIC if r["analysis"] == "oracle_paired_t"], ids=classic_identity
)
def test_complete_data_are_paired_t_tests(row: Row, df: str) -> None:
    later = row["param"].split("contrast visit ")[1].split(" ")[0]
    fit = fitted(f"r/{row['dataset']}", "distance", "", "visit", df=df)
    found = getattr(fit.coefficient(f"visit={later}"), row["statistic"])
    assert found == pytest.approx(float(row["value"]), rel=1e-8)


# --- SAS PROC MIXED -------------------------------------------------------------------------------

FEV = read("fev/fev_expected.csv")
FEV_NAMES = {
    "Intercept": "(Intercept)",
    "ARMCD TRT": "ARMCD=TRT",
    "SEX Female": "SEX=Female",
    "RACE White": "RACE=White",
    "RACE Black or African American": "RACE=Black or African American",
}
FEV_STATISTICS = {
    "Estimate": "estimate",
    "StdErr": "se",
    "DF": "df",
    "DF_rounded": "df",
    "tValue": "t",
    "t": "t",
    "Probt": "p",
    "Lower": "low",
    "Upper": "high",
}


def fev_identity(row: Row) -> str:
    return "-".join(row[key] for key in ("model", "covariance", "ddfm", "effect", "statistic"))


def fev_fit(row: Row) -> MmrmFit:
    fixed = row["model"].removeprefix("FEV1 ~ ").replace("AVISIT", "visit")
    return fitted(
        "fev/fev_data.csv", "FEV1", "", fixed, covariance=row["covariance"], df=METHODS[row["ddfm"]]
    )


def fev_effect(fit: MmrmFit, effect: str) -> Estimate:
    if effect.startswith("LSMEAN"):
        _, visit, arm = effect.split()
        wanted = (("visit", visit), ("ARMCD", arm))
        return next(each for each in fit.adjusted_means(["visit", "ARMCD"]) if each.at == wanted)
    if effect == "ARMCD TRT-PBO":
        return fit.differences("ARMCD")[0]
    if effect.startswith("AVISIT*ARMCD"):
        _, visit, arm = effect.split()
        return fit.coefficient(f"ARMCD={arm}:visit={visit}")
    if effect.startswith("AVISIT"):
        return fit.coefficient(f"visit={effect.split()[1]}")
    return fit.coefficient(FEV_NAMES[effect])


@pytest.mark.parametrize("row", FEV, ids=fev_identity)
def test_as_sas(row: Row) -> None:
    fit, expected = fev_fit(row), float(row["value"])
    if row["effect"] == "fit":
        assert fit.minus2_log_likelihood == pytest.approx(expected, rel=1e-8)
        assert fit.minus2_log_likelihood <= expected
        return
    if row["effect"].startswith("UN("):
        # SAS orders the visits as it meets them: VIS2 VIS3 VIS4 VIS1.
        one, other = (int(digit) for digit in row["effect"][3:6].split(","))
        order = {1: 1, 2: 2, 3: 3, 4: 0}
        matrix = fit.visit_covariance.matrix
        row_of, column_of = order[one], order[other]
        size = (matrix[row_of][row_of] * matrix[column_of][column_of]) ** 0.5
        check(matrix[row_of][column_of], expected, "covariance", se=size)
        return
    effect = fev_effect(fit, row["effect"])
    found = getattr(effect, FEV_STATISTICS[row["statistic"]])
    if row["statistic"] == "DF_rounded":
        assert found == pytest.approx(expected, abs=0.5 + DF * expected)
    else:
        check(found, expected, FEV_STATISTICS[row["statistic"]], se=effect.se or 0.0)
