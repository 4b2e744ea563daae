"""Every row of the reference results that is not a mixed model, one test a row.

The values were computed by R (stats, exactRankTests, coin, survival, mice, rpact); the mixed-model rows are
tested in `tests/analyse/mmrm`. `test_no_row_is_left_out` counts that nothing falls between the two.
"""

from __future__ import annotations

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Callable
from decimal import Decimal
from functools import cache
from pathlib import Path

import pytest

from trialrun.analyse import methods

REFERENCE = Path(__file__).resolve().parents[3] / "shared" / "stats" / "r"
CLOSED_FORM = 1e-8
# R's own search for a sample size stops at a tolerance of 1.2e-4, its group-sequential bounds near 1e-8.
TOLERANCES = {"sample_size_one_mean": 1e-6, "group_sequential_pocock": 1e-7}
MIXED_MODEL = re.compile(r"mmrm|oracle_paired_t|type3_F")

Row = dict[str, str]


def _rows(name: str) -> list[Row]:
    path = REFERENCE / name
    if not path.exists():
        return []
    with path.open(encoding="utf-8") as handle:
        return list(csv.DictReader(handle))


EXPECTED = _rows("expected.csv")
OURS = [row for row in EXPECTED if not MIXED_MODEL.search(row["analysis"])]


@cache
def _pairs() -> dict[str, tuple[list[Decimal], list[Decimal]]]:
    found: dict[str, tuple[list[Decimal], list[Decimal]]] = defaultdict(lambda: ([], []))
    for row in _rows("paired.csv"):
        found[row["case"]][0].append(Decimal(row["baseline"]))
        found[row["case"]][1].append(Decimal(row["month4"]))
    return found


@cache
def _changes(case: str) -> tuple[Decimal, ...]:
    return methods.exact_differences(*_pairs()[case])


def _numbers(row: Row) -> list[float]:
    return [float(value) for value in _changes(row["case"])]


def _field(row: Row, **names: str) -> str:
    return names.get(row["statistic"], row["statistic"])


def _describe(row: Row) -> object:
    return getattr(methods.describe(_numbers(row)), _field(row, min="low", max="high"))


def _quantile(row: Row) -> object:
    kind = {"type2_SAS_default": 2, "type7": 7}[row["param"]]
    return getattr(methods.describe(_numbers(row), quantiles=kind), row["statistic"])


def _paired_t(row: Row) -> object:
    one_sided = {"two-sided, 95%": False, "less, 97.5% one-sided": True}[row["param"]]
    found = (
        methods.paired_t(_numbers(row), alternative="less", level=0.975)
        if one_sided
        else methods.paired_t(_numbers(row))
    )
    return getattr(found, _field(row, ci_low="low", ci_high="high"))


def _signed_rank(row: Row) -> object:
    zeros = "pratt" if "Pratt" in row["param"] else "wilcoxon"
    side = "less" if row["param"].endswith("less") else "two-sided"
    found = methods.signed_rank(_changes(row["case"]), zeros=zeros, alternative=side)
    return getattr(found, _field(row, V="statistic"))


def _hodges_lehmann(row: Row) -> object:
    # R reports the level it was asked for where the exact interval reaches it, as it does in these cases.
    names = {"ci_low": "low", "ci_high": "high", "achieved_conf": "level"}
    return getattr(methods.hodges_lehmann(_changes(row["case"])), _field(row, **names))


def _ancova(row: Row) -> object:
    before = [float(value) for value in _pairs()[row["case"]][0]]
    return getattr(methods.ancova(_numbers(row), before).adjusted["all"], row["statistic"])


def _critical(row: Row) -> object:
    level = re.fullmatch(r"two-sided alpha (0\.\d+): largest T with 2\*P\(T\+<=T\) <= alpha", row["param"])
    assert level
    return methods.signed_rank_critical(int(row["case"].removeprefix("srT_n")), float(level[1]))


def _psignrank(row: Row) -> object:
    total = re.fullmatch(r"P\(T\+<=(\d+)\)", row["param"])
    assert total
    return methods.signed_rank_probability(int(total[1]), int(row["case"].removeprefix("srT_n")))


def _count(row: Row) -> tuple[int, int]:
    _, count, n = row["case"].split("_")
    return int(count), int(n)


def _interval(method: Callable[..., methods.BinomialInterval]) -> Callable[[Row], object]:
    def computed(row: Row) -> object:
        return getattr(method(*_count(row), level=float(row["param"].rstrip("%")) / 100), row["statistic"])

    return computed


def _exact_binomial(row: Row) -> object:
    share = re.fullmatch(r"p0=(0\.\d+), greater", row["param"])
    assert share
    return methods.exact_binomial(*_count(row), float(share[1]), alternative="greater")


@cache
def _survival() -> tuple[list[float], list[str], dict[str, list[float]]]:
    rows = _rows("survival_decompensated.csv")
    causes = [{"0": "", "1": "transplant", "2": "death"}[row["status"]] for row in rows]
    covariates = {name: [float(row[name]) for row in rows] for name in ("age", "lbili", "albumin")}
    return [float(row["time"]) for row in rows], causes, covariates


def _kaplan_meier(row: Row) -> object:
    day = re.fullmatch(r"day (\d+), log-log CI", row["param"])
    assert day
    times, causes, _ = _survival()
    curve = methods.kaplan_meier(times, [cause == "death" for cause in causes], scale="log-log")
    return getattr(curve.at(float(day[1])), _field(row, S="survival", n_risk="at_risk"))


def _aalen_johansen(row: Row) -> object:
    times, causes, _ = _survival()
    at = methods.aalen_johansen(times, causes).at(float(row["param"].removeprefix("day ")))
    what, cause = row["statistic"].split("_")
    return {"cif": at.incidence, "se": at.se}[what][cause]


def _cox(row: Row) -> object:
    times, causes, covariates = _survival()
    fit = methods.cox(times, [cause == "death" for cause in causes], covariates)
    term = next(term for term in fit.terms if term.name == row["param"])
    return getattr(term, _field(row, coef="estimate"))


def _adjusted(method: str) -> Callable[[Row], object]:
    def computed(row: Row) -> object:
        raw = [float(value) for value in row["param"].split()]
        return methods.adjust(raw, method)[int(row["statistic"].removeprefix("p")) - 1]

    return computed


def _rate(row: Row) -> object:
    words = re.fullmatch(r"(\d+) events in ([\d.]+) person-years, 95%", row["param"])
    assert words
    return getattr(methods.poisson_rate(int(words[1]), float(words[2])), row["statistic"])


def _stuart_maxwell(row: Row) -> object:
    counts = [int(word) for word in row["param"].partition(": ")[2].split()]
    found = methods.stuart_maxwell([counts[:3], counts[3:6], counts[6:]])
    return getattr(found, _field(row, chisq="statistic"))


def _improved_or_worse(row: Row) -> object:
    words = re.fullmatch(r"(\d+) improved, (\d+) worsened", row["param"])
    assert words
    return methods.sign_test_of_counts(int(words[1]), int(words[2]))


def _rubin(row: Row) -> object:
    words = re.fullmatch(r"Q=(.*); U=(.*); n=(\d+); k=(\d+)", row["param"])
    assert words
    estimates, variances = ([float(value) for value in words[place].split()] for place in (1, 2))
    found = methods.rubin(estimates, variances, complete_df=int(words[3]) - int(words[4]))
    return getattr(found, _field(row, qbar="estimate", ubar="within", b="between", T="total"))


def _planning(row: Row) -> tuple[float, float, float]:
    words = re.match(r"delta ([\d.]+), sd ([\d.]+), two-sided alpha ([\d.]+)", row["param"])
    assert words
    return float(words[1]), float(words[2]), float(words[3])


def _power(row: Row) -> object:
    mean, sd, alpha = _planning(row)
    return methods.power_of_paired_t(int(row["case"].removeprefix("pow_n")), mean=mean, sd=sd, alpha=alpha)


def _sample_size(row: Row) -> object:
    mean, sd, alpha = _planning(row)
    power = float(row["param"].rpartition("power ")[2])
    return methods.sample_size_of_paired_t(mean=mean, sd=sd, alpha=alpha, power=power)


def _posterior(row: Row) -> object:
    words = re.fullmatch(r"prior Beta\(([\d.]+),([\d.]+)\), x=(\d+) of (\d+): P\(p>([\d.]+)\)", row["param"])
    assert words
    rule = methods.StoppingRule(limit=float(words[5]), certainty=0.9, a=float(words[1]), b=float(words[2]))
    return methods.probability_above(rule, int(words[3]), int(words[4]))


def _group_sequential(shape: str) -> Callable[[Row], object]:
    def computed(row: Row) -> object:
        words = re.match(r"kMax=(\d+), one-sided alpha ([\d.]+)", row["param"])
        assert words
        looks = int(words[1])
        shares = [(place + 1) / looks for place in range(looks)]
        plan = methods.group_sequential(shares, alpha=float(words[2]), shape=shape)
        return plan.bounds[int(row["statistic"].removeprefix("z")) - 1]

    return computed


COMPUTED: dict[str, Callable[[Row], object]] = {
    "describe": _describe,
    "quantile": _quantile,
    "paired_t": _paired_t,
    "signed_rank_exact": _signed_rank,
    "hodges_lehmann": _hodges_lehmann,
    "sign_test": lambda row: methods.sign_test(_changes(row["case"])),
    "ancova_change_on_centred_baseline": _ancova,
    "signed_rank_critical": _critical,
    "psignrank": _psignrank,
    "clopper_pearson": _interval(methods.clopper_pearson),
    "wilson": _interval(methods.wilson),
    "exact_binomial": _exact_binomial,
    "kaplan_meier_death (transplant censored)": _kaplan_meier,
    "aalen_johansen_cif": _aalen_johansen,
    "cox_efron": _cox,
    "p_adjust_bonferroni": _adjusted("bonferroni"),
    "p_adjust_holm": _adjusted("holm"),
    "p_adjust_hochberg": _adjusted("hochberg"),
    "p_adjust_hommel": _adjusted("hommel"),
    "p_adjust_BH": _adjusted("benjamini_hochberg"),
    "exact_poisson_rate_ci": _rate,
    "stuart_maxwell_asymptotic": _stuart_maxwell,
    "exact_sign_improve_vs_worsen": _improved_or_worse,
    "rubin_barnard_rubin": _rubin,
    "power_one_sample_t": _power,
    "sample_size_one_mean": _sample_size,
    "beta_binomial_posterior": _posterior,
    "group_sequential_lan_demets_obf": _group_sequential("lan_demets_obrien_fleming"),
    "group_sequential_pocock": _group_sequential("pocock"),
}


def _name(row: Row) -> str:
    return f"{row['case']}-{row['analysis']}-{row['param'][:40]}-{row['statistic']}".replace(" ", "_")


@pytest.mark.shared
@pytest.mark.skipif(not EXPECTED, reason="reference data are not beside this clone")
@pytest.mark.parametrize("row", OURS, ids=_name)
def test_as_r(row: Row) -> None:
    tolerance = TOLERANCES.get(row["analysis"], CLOSED_FORM)
    assert COMPUTED[row["analysis"]](row) == pytest.approx(
        float(row["value"]), rel=tolerance, abs=CLOSED_FORM
    )


def test_no_row_is_left_out(shared) -> None:
    """Each row is ours or a mixed model's, none is both, and the numbers are those of the file."""
    assert shared("stats/r/expected.csv") == REFERENCE / "expected.csv"
    counts = Counter(row["analysis"] for row in EXPECTED)
    mixed = {name: count for name, count in counts.items() if MIXED_MODEL.search(name)}
    assert set(counts) - set(mixed) == set(COMPUTED)
    assert mixed == {
        "mmrm_un_reml": 50,
        "oracle_paired_t": 15,
        "mmrm_un_ml": 3,
        "mmrm_cs_reml_kenward_roger": 20,
        "mmrm_cs_reml_satterthwaite": 20,
        "type3_F_kenward_roger": 4,
    }
    assert (len(EXPECTED), len(OURS), sum(mixed.values())) == (1236, 1124, 112)


def test_the_page_on_methods_counts_these_rows(root) -> None:
    """docs/reference/statistical-methods.md names every function and how many rows stand behind it."""
    page = (root / "docs" / "reference" / "statistical-methods.md").read_text(encoding="utf-8")
    named = set(re.findall(r"`(\w+)", page))
    functions = {name for name in methods.__all__ if name[0].islower()}
    beside_the_table = {"exact_differences", "holm", "mean_change"}
    assert functions - named == beside_the_table
    if EXPECTED:
        assert sum(map(int, re.findall(r": (\d+) rows", page))) == len(OURS)
